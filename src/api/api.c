/* The life of the API, and of each call: who, which route, what right, which parameters, the handler, the answer. */
#include "api/api_internal.h"
#include "api/old.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_BYTES_MAX = 32 * 1024 * 1024, REQUEST_ID_MAX = 64 };

/* --- hosts --- */

const struct api_host *api_host_take(struct api *api)
{
    const struct api_host *host;
    pthread_mutex_lock(&api->lock);
    host = api->now;
    for (size_t i = 0; host && i < API_HOSTS_MAX; i++)
        if (api->hosts[i].host == host)
            api->hosts[i].users++;
    pthread_mutex_unlock(&api->lock);
    return host;
}

static struct host_slot *slot_of(struct api *api, const struct api_host *host)
{
    for (size_t i = 0; i < API_HOSTS_MAX; i++)
        if (api->hosts[i].host == host)
            return &api->hosts[i];
    return NULL;
}

void api_host_give(struct api *api, const struct api_host *host)
{
    pthread_mutex_lock(&api->lock);
    struct host_slot *slot = slot_of(api, host);
    assert(slot && slot->users > 0);
    slot->users--;
    if (slot->users == 0 && host != api->now)
        slot->host = NULL;
    pthread_mutex_unlock(&api->lock);
}

bool api_host_set(struct api *api, const struct api_host *host)
{
    pthread_mutex_lock(&api->lock);
    struct host_slot *before = api->now ? slot_of(api, api->now) : NULL;
    struct host_slot *slot = host ? slot_of(api, NULL) : NULL;
    bool room = !host || slot || (before && before->users == 0);
    if (room && host != api->now) {
        api->now = host;
        if (before && before->users == 0)
            before->host = NULL;
        if (host)
            slot_of(api, NULL)->host = host;
    }
    pthread_mutex_unlock(&api->lock);
    return room;
}

bool api_host_free(struct api *api, const struct api_host *host)
{
    pthread_mutex_lock(&api->lock);
    bool unused = slot_of(api, host) == NULL;
    pthread_mutex_unlock(&api->lock);
    return unused;
}

/* --- a call --- */

static bool request_id_is_good(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            c != '-' && c != '_' && c != '.')
            return false;
    }
    return id.len > 0 && id.len <= REQUEST_ID_MAX;
}

static struct str request_id_of(struct api *api, const struct http_request *request)
{
    struct str given = http_header(request, STR("X-Request-Id"));
    if (request_id_is_good(given))
        return given;
    uint64_t number = __atomic_add_fetch(&api->requests, 1, __ATOMIC_RELAXED);
    return arena_printf(request->arena, "%08llx-%llx",
                        (unsigned long long)(api->begun & 0xffffffff), (unsigned long long)number);
}

static struct call_frame *frame_new(struct api *api, const struct http_request *request,
                                    struct http_reply *reply)
{
    struct call_frame *frame = arena_alloc(request->arena, sizeof(*frame));
    if (!frame)
        return NULL;
    struct call *call = &frame->call;
    call->api = api;
    call->request = request;
    call->arena = request->arena;
    call->reply = reply;
    call->now_ms = clock_now_ms();
    call->request_id = request_id_of(api, request);
    frame->began_ns = clock_monotonic_ns();
    buf_init(&call->out, ANSWER_BYTES_MAX);
    return frame;
}

/* The reply is sent, or nobody wants it any more. */
static void frame_release(void *context)
{
    struct call_frame *frame = context;
    struct call *call = &frame->call;
    json_free(frame->body);
    buf_fini(&call->out);
    if (call->host)
        api_host_give(call->api, call->host);
}

static enum err_class right_check(const struct call *call, struct err *err)
{
    enum right wanted = call->route->right;
    const struct person *person = call->person;
    if (wanted == RIGHT_NOBODY)
        return ERR_OK;
    if (!person)
        return err_set(err, ERR_FORBIDDEN, "unauthenticated",
                       "sign in (POST /api/v1/auth/sign-in) or send a bearer");
    bool has = wanted == RIGHT_REVEAL ? person->reveals : person->right >= wanted;
    return has ? ERR_OK : err_set(err, ERR_FORBIDDEN, "right", "your role does not allow that");
}

static enum err_class body_bound_check(const struct call *call, struct err *err)
{
    size_t max = call->route->body_bytes_max > 0 ? call->route->body_bytes_max : API_BODY_BYTES_MAX;
    if (call->request->body.len <= max)
        return ERR_OK;
    return err_set(err, ERR_USAGE, "body_large", "a body here has at most %zu bytes", max);
}

static enum err_class call_do(struct call_frame *frame, struct err *err)
{
    struct call *call = &frame->call;
    call->host = api_host_take(call->api);
    enum err_class class_ = route_match(frame, err);
    if (class_ == ERR_OK)
        class_ = right_check(call, err);
    if (class_ == ERR_OK && !call->host)
        class_ = err_set(err, ERR_STOPPED, "starting", "the home is being opened; try again");
    if (class_ == ERR_OK)
        class_ = body_bound_check(call, err);
    if (class_ == ERR_OK)
        class_ = params_read(frame, err);
    if (class_ == ERR_OK)
        class_ = call->route->handle(call, err);
    if (class_ == ERR_OK && call->out.failed)
        class_ = err_set(err, ERR_INTERNAL, "answer_large", "the answer does not fit its buffer");
    return class_;
}

static void allow_write(struct call_frame *frame)
{
    struct buf text;
    char memory[64];
    buf_init_lent(&text, memory, sizeof(memory));
    for (size_t i = 0; i < frame->allowed_len; i++)
        buf_printf(&text, "%s%s", i > 0 ? ", " : "", frame->allowed[i]);
    call_header(&frame->call, "Allow", buf_str(&text));
}

static void headers_write(struct call_frame *frame)
{
    struct call *call = &frame->call;
    call_header(call, "X-Request-Id", call->request_id);
    call_header(call, "X-Content-Type-Options", STR("nosniff"));
    call_header(call, "Content-Security-Policy", STR("default-src 'none'; frame-ancestors 'none'"));
    call_header(call, "Referrer-Policy", STR("no-referrer"));
    call_header(call, "Cache-Control", STR("no-store"));
}

static void access_log(const struct call_frame *frame)
{
    const struct call *call = &frame->call;
    log_event(LOG_INFO, "request", LOG_STR("request_id", call->request_id),
              LOG_STR("method", utf8_cut(call->request->method, 20)),
              LOG_STR("route", str_of(call->route ? call->route->path : "")),
              LOG_I64("status", call->reply->status),
              LOG_I64("user", call->person ? call->person->user_id : 0),
              LOG_STR("peer", call->request->peer),
              LOG_I64("us", (clock_monotonic_ns() - frame->began_ns) / 1000), LOG_END);
}

static void reply_fill(struct call_frame *frame)
{
    struct call *call = &frame->call;
    struct http_reply *reply = call->reply;
    headers_write(frame);
    if (!reply->stream.pull && reply->body.len == 0)
        reply->body = buf_str(&call->out);
    reply->release = frame_release;
    reply->release_context = frame;
}

void api_handle_as(struct api *api, const struct person *person, const struct http_request *request,
                   struct http_reply *reply)
{
    if (old_handle(api, person, request, reply))
        return;
    struct err err = {0};
    struct call_frame *frame = frame_new(api, request, reply);
    if (!frame) {
        reply->status = 503;
        return;
    }
    clock_thread_enter();
    frame->call.person = person;
    if (call_do(frame, &err) != ERR_OK) {
        if (reply->stream.pull && reply->stream.close)
            reply->stream.close(reply->stream.context);
        reply->stream.pull = NULL;
        reply->body = STR_NONE;
        problem_write(&frame->call, &err);
        if (reply->status == 405)
            allow_write(frame);
    }
    reply_fill(frame);
    access_log(frame);
    clock_thread_leave();
}

void api_handle(void *context, const struct http_request *request, struct http_reply *reply)
{
    api_handle_as(context, NULL, request, reply);
}

/* --- life --- */

enum err_class api_open(const struct api_options *options, struct api **out, struct err *err)
{
    struct api *api = calloc(1, sizeof(*api));
    if (!api)
        return err_no_memory(err);
    pthread_mutex_init(&api->lock, NULL);
    api->behind_tls = options->behind_tls;
    enum err_class class_ = crypt_random(&api->begun, sizeof(api->begun), err);
    if (class_ == ERR_OK && options->host)
        api_host_set(api, options->host);
    if (class_ == ERR_OK && options->listen.len > 0)
        class_ = http_listen(options->listen, options->threads, api_handle, api, &api->server, err);
    if (class_ == ERR_OK)
        *out = api;
    else
        api_close(api);
    return class_;
}

int api_port(const struct api *api)
{
    return api->server ? http_port(api->server) : 0;
}

void api_close(struct api *api)
{
    if (!api)
        return;
    http_close(api->server);
    pthread_mutex_destroy(&api->lock);
    free(api);
}

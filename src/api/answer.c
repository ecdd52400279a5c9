/* One request, from its arrival to a filled reply: which route, who, how often, what right, which parameters, the handler,
 * and what goes around its answer. */
#include <string.h>

#include "api/api_internal.h"
#include "api/old.h"
#include "api/origin.h"
#include "api/page.h"
#include "api/repeat.h"
#include "api/tag.h"
#include "api/who.h"

enum { ANSWER_BYTES_MAX = 32 * 1024 * 1024, REQUEST_ID_MAX = 64, BURST_SECONDS = 4 };

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
    call->peer = peer_of(api, request);
    char *block = arena_alloc(request->arena, HTTP_ADDRESS_BYTES);
    if (!block)
        return NULL;
    http_address_block(call->peer, block);
    call->address = str_of(block);
    frame->began_ns = clock_monotonic_ns();
    buf_init(&call->out, ANSWER_BYTES_MAX);
    buf_init(&frame->packed, ANSWER_BYTES_MAX);
    return frame;
}

/* The reply is sent, or nobody wants it any more. */
static void frame_release(void *context)
{
    struct call_frame *frame = context;
    struct call *call = &frame->call;
    json_free(frame->body);
    buf_fini(&call->out);
    buf_fini(&frame->packed);
    if (call->host)
        api_host_give(call->api, call->host);
}

/* --- who may --- */

static enum err_class often(struct err *err, int64_t until_ms)
{
    err_set(err, ERR_THROTTLED, "rate", "too many requests; Retry-After says when");
    err->retry_at_ms = until_ms;
    return ERR_THROTTLED;
}

static enum err_class bucket_take(struct call *call, const char *kind, struct str who,
                                  struct err *err)
{
    int64_t rate = call->api->rate;
    int64_t until_ms = throttle_take(&call->api->throttle, kind, who, rate, rate * BURST_SECONDS,
                                     call->now_ms);
    return until_ms == 0 ? ERR_OK : often(err, until_ms);
}

/* A request that nobody stands behind costs its address a token, and where there is none left nothing is looked up. */
static enum err_class person_find(struct call *call, struct err *err)
{
    struct api *api = call->api;
    int64_t until_ms = throttle_look(&api->throttle, "from", call->address, api->rate,
                                     api->rate * BURST_SECONDS, call->now_ms);
    if (until_ms > 0)
        return often(err, until_ms);
    enum err_class class_ = who_read(call, err);
    if (class_ == ERR_TOKEN_EXPIRED && call->route->right == RIGHT_NOBODY)
        class_ = ERR_OK;
    if (class_ != ERR_OK && class_ != ERR_TOKEN_EXPIRED)
        return class_;
    if (call->person)
        return bucket_take(
            call, "user", arena_printf(call->arena, "%lld", (long long)call->person->user_id), err);
    struct err rate = {0};
    if (bucket_take(call, "from", call->address, &rate) != ERR_OK) {
        *err = rate;
        return rate.class_;
    }
    return class_;
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
    if (!has && wanted == RIGHT_REVEAL)
        return err_set(err, ERR_FORBIDDEN, "right",
                       "personal data is for those whom an admin gave the right `reveal`");
    return has ? ERR_OK : err_set(err, ERR_FORBIDDEN, "right", "your role does not allow that");
}

/* A page of another site can make a browser send the cookie with a form, but not this header. What needs no sign-in does
 * not go by the cookie. */
static enum err_class browser_check(const struct call *call, struct err *err)
{
    if (!call->person || !call->person->by_cookie || call->route->right == RIGHT_NOBODY ||
        call->route->method == ROUTE_GET ||
        str_eq(http_header(call->request, STR("X-Huiliu")), STR("1")))
        return ERR_OK;
    return err_set(err, ERR_FORBIDDEN, "csrf",
                   "a change from a browser needs the header X-Huiliu: 1");
}

static enum err_class body_bound_check(const struct call *call, struct err *err)
{
    size_t max = call->route->body_bytes_max > 0 ? call->route->body_bytes_max : API_BODY_BYTES_MAX;
    if (call->request->body.len <= max)
        return ERR_OK;
    return err_set(err, ERR_USAGE, "body_large", "a body here has at most %zu bytes", max);
}

static enum err_class handle(struct call_frame *frame, struct err *err)
{
    struct call *call = &frame->call;
    bool told = false;
    enum err_class class_ = repeat_begin(frame, &told, err);
    if (class_ != ERR_OK || told)
        return class_;
    class_ = call->route->handle(call, err);
    if (class_ == ERR_OK && call->out.failed)
        class_ = err_set(err, ERR_INTERNAL, "answer_large", "the answer does not fit its buffer");
    repeat_end(frame, class_);
    return class_;
}

static enum err_class call_do(struct call_frame *frame, struct err *err)
{
    struct call *call = &frame->call;
    enum err_class class_ = route_match(frame, err);
    if (class_ != ERR_OK)
        return class_;
    call->host = api_host_take(call->api);
    if (!call->host)
        return err_set(err, ERR_STOPPED, "starting", "the home is being opened; try again");
    proxy_look(call);
    if (!frame->known)
        class_ = person_find(call, err);
    if (class_ == ERR_OK)
        class_ = right_check(call, err);
    if (class_ == ERR_OK)
        class_ = browser_check(call, err);
    if (class_ == ERR_OK)
        class_ = body_bound_check(call, err);
    if (class_ == ERR_OK)
        class_ = params_read(frame, err);
    return class_ == ERR_OK ? handle(frame, err) : class_;
}

/* --- the answer --- */

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
    if (call->reply->status == 401)
        call_header(call, "WWW-Authenticate", STR("Bearer"));
    origin_write(call);
}

/* Nothing of a query: it may hold a phone number. */
static void access_log(const struct call_frame *frame)
{
    const struct call *call = &frame->call;
    log_event(LOG_INFO, "request", LOG_STR("request_id", call->request_id),
              LOG_STR("method", utf8_cut(call->request->method, 20)),
              LOG_STR("route", str_of(call->route ? call->route->path : "")),
              LOG_I64("status", call->reply->status),
              LOG_I64("user", call->person ? call->person->user_id : 0),
              LOG_STR("peer", call->peer),
              LOG_I64("us", (clock_monotonic_ns() - frame->began_ns) / 1000), LOG_END);
}

static void refuse(struct call_frame *frame, const struct err *err)
{
    struct http_reply *reply = frame->call.reply;
    if (reply->stream.pull && reply->stream.close)
        reply->stream.close(reply->stream.context);
    reply->stream.pull = NULL;
    reply->body = STR_NONE;
    reply->headers_len = 0;
    problem_write(&frame->call, err);
    if (reply->status == 405)
        allow_write(frame);
}

/* A piece is made on a worker, which takes part in the clock only meanwhile. */
static enum http_pull frame_pull(void *context, struct buf *piece, unsigned *wait_ms)
{
    struct call_frame *frame = context;
    clock_thread_enter();
    enum http_pull pulled = frame->stream.pull(frame->stream.context, piece, wait_ms);
    clock_thread_leave();
    return pulled;
}

static void frame_close(void *context)
{
    struct call_frame *frame = context;
    clock_thread_enter();
    if (frame->stream.close)
        frame->stream.close(frame->stream.context);
    clock_thread_leave();
}

static bool packs_well(const char *type)
{
    static const char *const types[] = {"text/csv", "application/json", "application/x-ndjson"};
    for (size_t i = 0; type && i < sizeof(types) / sizeof(*types); i++)
        if (str_starts(str_of(type), str_of(types[i])))
            return true;
    return false;
}

static void stream_wrap(struct call_frame *frame)
{
    struct http_reply *reply = frame->call.reply;
    frame->stream = reply->stream;
    reply->stream = (struct http_stream){frame_pull, frame_close, frame};
    reply->gzip_stream = packs_well(reply->content_type) &&
                         accepts_coding(frame->call.request, STR("gzip"));
    if (reply->gzip_stream)
        call_header(&frame->call, "Content-Encoding", STR("gzip"));
    if (packs_well(reply->content_type))
        call_header(&frame->call, "Vary", STR("Accept-Encoding"));
}

static void answer(struct call_frame *frame)
{
    struct call *call = &frame->call;
    struct http_reply *reply = call->reply;
    struct err err = {0};
    if (!origin_asks(call) && call_do(frame, &err) != ERR_OK)
        refuse(frame, &err);
    headers_write(frame);
    if (!reply->stream.pull && reply->body.len == 0)
        reply->body = buf_str(&call->out);
    if (reply->stream.pull)
        stream_wrap(frame);
    tag_write(frame);
    reply->release = frame_release;
    reply->release_context = frame;
    access_log(frame);
}

void api_handle_as(struct api *api, const struct person *person, const struct http_request *request,
                   struct http_reply *reply)
{
    if (old_handle(api, person, request, reply))
        return;
    struct call_frame *frame = frame_new(api, request, reply);
    if (!frame) {
        reply->status = 503;
        return;
    }
    clock_thread_enter();
    frame->known = person != NULL;
    frame->call.person = person;
    answer(frame);
    clock_thread_leave();
}

void api_handle(void *context, const struct http_request *request, struct http_reply *reply)
{
    if (page_answer(&page_built, request, reply))
        return;
    api_handle_as(context, NULL, request, reply);
}

size_t api_body_bytes(void *context, struct str method, struct str path_raw)
{
    (void)context;
    return route_body_bytes(method, path_raw);
}

void api_refuse(void *context, unsigned status, const struct http_request *request,
                struct http_reply *reply)
{
    struct err err = {0};
    switch (status) {
    case 400:
        err_set(&err, ERR_USAGE, "url",
                "the address holds a broken escape or U+0000, or is not UTF-8");
        break;
    case 413:
        err_set(&err, ERR_USAGE, "body_large", "the body has more bytes than this address takes");
        break;
    case 414:
        err_set(&err, ERR_USAGE, "url_long",
                "the address, or the number of its parameters, is too large");
        break;
    case 429:
        err_set(&err, ERR_THROTTLED, "connections_many",
                "too many connections, or requests at once, of your address");
        break;
    case 431:
        err_set(&err, ERR_USAGE, "headers_many", "more than %d headers, or too long ones",
                HEADERS_MAX);
        break;
    case 503:
        err_set(&err, ERR_LATER, "busy",
                "too many requests wait, or too many connections or streams are open");
        break;
    default:
        err_set(&err, ERR_INTERNAL, "http", "the request could not be read");
    }
    struct call_frame *frame = frame_new(context, request, reply);
    *reply = (struct http_reply){.status = status, .cut_after_bytes = SIZE_MAX};
    if (!frame)
        return;
    refuse(frame, &err);
    headers_write(frame);
    reply->body = buf_str(&frame->call.out);
    reply->release = frame_release;
    reply->release_context = frame;
    access_log(frame);
}

/* Requests of the process itself, by the same routes, checks and handlers. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/api_internal.h"

enum { PROBLEM_BYTES_MAX = 64 * 1024 };

/* A problem's code and detail; its class is that of wrong use, whatever status it has: a person asked for it. */
static enum err_class problem_read(const struct http_reply *reply, struct err *err)
{
    struct json_doc *doc;
    if (json_parse(reply->body, &doc, NULL) != ERR_OK)
        return err_set(err, ERR_INTERNAL, "answer", "the API answered with status %u",
                       reply->status);
    const struct json *root = json_root(doc);
    char code[sizeof(err->code)];
    snprintf(code, sizeof(code), "%.*s", STR_ARG(json_text(json_get(root, STR("code")))));
    struct str parameter = json_text(json_get(root, STR("parameter")));
    enum err_class class_ = reply->status >= 500 ? ERR_STORE : ERR_USAGE;
    err_set_at(err, class_, code, __func__, "%.*s%s%.*s", STR_ARG(parameter),
               parameter.len > 0 ? ": " : "", STR_ARG(json_text(json_get(root, STR("detail")))));
    json_free(doc);
    return class_;
}

static enum err_class stream_drain(const struct http_stream *stream, api_sink *sink, void *context,
                                   struct err *err)
{
    struct buf piece;
    enum err_class class_ = ERR_OK;
    enum http_pull pull = HTTP_MORE;
    buf_init(&piece, HTTP_PIECE_BYTES_MAX);
    while (!class_ && (pull == HTTP_MORE || pull == HTTP_WAIT)) {
        unsigned wait_ms = 0;
        buf_reset(&piece);
        pull = stream->pull(stream->context, &piece, &wait_ms);
        if (pull == HTTP_WAIT) {
            struct timespec pause = {.tv_nsec = (long)wait_ms * 1000000};
            nanosleep(&pause, NULL);
        }
        if (piece.len > 0)
            class_ = sink(context, buf_str(&piece), err);
    }
    buf_fini(&piece);
    if (!class_ && pull == HTTP_BROKEN)
        class_ = err_set(err, ERR_STORE, "export_broken",
                         "the rows could not be read to their end; the log says why");
    return class_;
}

static enum err_class reply_take(const struct http_reply *reply, api_sink *sink, void *context,
                                 struct err *err)
{
    if (reply->status != 200)
        return problem_read(reply, err);
    if (reply->stream.pull)
        return stream_drain(&reply->stream, sink, context, err);
    return reply->body.len > 0 ? sink(context, reply->body, err) : ERR_OK;
}

enum err_class api_get_here(struct api *api, struct str path, const struct api_pair *query,
                            size_t query_len, api_sink *sink, void *context, struct err *err)
{
    static const struct person console = {
        .name = {"console", 7}, .right = RIGHT_ADMIN, .all_shops = true};
    struct arena arena;
    struct http_reply reply = {.status = 200, .cut_after_bytes = SIZE_MAX};
    if (query_len > HTTP_QUERY_MAX)
        return err_set(err, ERR_USAGE, "parameters_many", "at most %d parameters", HTTP_QUERY_MAX);
    arena_init(&arena);
    /* Handlers and streams enter the test clock by themselves: this thread only waits for them. */
    clock_thread_leave();
    struct http_request *request = arena_alloc(&arena, sizeof(*request));
    enum err_class class_ = request ? ERR_OK : err_no_memory(err);
    if (!class_) {
        *request = (struct http_request){.method = STR("GET"),
                                         .path = path,
                                         .path_raw = path,
                                         .peer = STR("console"),
                                         .arrived_ms = clock_now_ms(),
                                         .arrived_monotonic_ns = clock_monotonic_ns(),
                                         .arena = &arena,
                                         .query_len = query_len};
        for (size_t i = 0; i < query_len; i++)
            request->query[i] = (struct http_pair){query[i].name, query[i].value};
        api_handle_as(api, &console, request, &reply);
        class_ = reply_take(&reply, sink, context, err);
    }
    if (reply.stream.pull && reply.stream.close)
        reply.stream.close(reply.stream.context);
    if (reply.release)
        reply.release(reply.release_context);
    clock_thread_enter();
    arena_fini(&arena);
    return class_;
}

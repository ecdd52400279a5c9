/* From our reply to libmicrohttpd's, well behaved or not. */
#include <string.h>
#include <sys/socket.h>

#include "http/http_internal.h"

enum {
    BLOCK_BYTES = 32 * 1024,
    REPLY_SLOW_BYTES_S = 16 * 1024,
    REFUSAL_BYTES_MAX = 8 * 1024,
};

static struct str refusal(unsigned status)
{
    switch (status) {
    case MHD_HTTP_BAD_REQUEST:
        return STR("{\"error\":\"bad_url\"}\n");
    case MHD_HTTP_CONTENT_TOO_LARGE:
        return STR("{\"error\":\"body_too_large\"}\n");
    case MHD_HTTP_URI_TOO_LONG:
        return STR("{\"error\":\"url_too_long\"}\n");
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
        return STR("{\"error\":\"headers_too_many\"}\n");
    case MHD_HTTP_TOO_MANY_REQUESTS:
        return STR("{\"error\":\"connections_many\"}\n");
    case MHD_HTTP_SERVICE_UNAVAILABLE:
        return STR("{\"error\":\"busy\"}\n");
    default:
        return STR("{\"error\":\"internal\"}\n");
    }
}

void reply_refuse(struct exchange *exchange, unsigned status)
{
    const struct http_options *options = &exchange->server->options;
    exchange->reply = (struct http_reply){
        .status = status, .cut_after_bytes = SIZE_MAX, .body = refusal(status)};
    if (options->refuse)
        options->refuse(options->context, status, &exchange->request, &exchange->reply);
    const struct connection *connection = connection_of(exchange);
    if (connection && connection->refused && exchange->reply.headers_len < REPLY_HEADERS_MAX)
        exchange->reply.headers[exchange->reply.headers_len++] = (struct http_pair){
            STR("Connection"), STR("close")};
}

void reply_abandon(struct http_reply *reply)
{
    if (reply->stream.pull && reply->stream.close)
        reply->stream.close(reply->stream.context);
    if (reply->release)
        reply->release(reply->release_context);
    reply->stream.pull = NULL;
    reply->release = NULL;
}

/* libmicrohttpd answers behind the body, or closes at once, which resets who is still sending. */
bool reply_refuse_ahead(struct exchange *exchange, unsigned status)
{
    char memory[REFUSAL_BYTES_MAX];
    struct buf text;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    reply_refuse(exchange, status);
    const struct http_reply *reply = &exchange->reply;
    bool bodiless = str_eq(exchange->request.method, STR("HEAD"));
    buf_init_lent(&text, memory, sizeof memory);
    buf_printf(&text,
               "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Length: %zu\r\nContent-Type: %s\r\n",
               status, MHD_get_reason_phrase_for(status), reply->body.len,
               reply->content_type ? reply->content_type : "application/json; charset=utf-8");
    for (size_t i = 0; i < reply->headers_len; i++)
        if (!str_eq_nocase(reply->headers[i].name, STR("Connection")))
            buf_printf(&text, "%.*s: %.*s\r\n", STR_ARG(reply->headers[i].name),
                       STR_ARG(reply->headers[i].value));
    buf_add(&text, STR("\r\n"));
    if (!bodiless)
        buf_add(&text, reply->body);
    bool sent = info && !text.failed &&
                send(info->connect_fd, text.ptr, text.len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
                    (ssize_t)text.len;
    reply_abandon(&exchange->reply);
    return sent;
}

/* The body of a misbehaving reply, piece by piece. */
static ssize_t body_read(void *context, uint64_t at, char *out, size_t out_bytes)
{
    struct exchange *exchange = context;
    const struct http_reply *reply = &exchange->reply;
    size_t end = reply->cut_after_bytes < reply->body.len ? reply->cut_after_bytes
                                                          : reply->body.len;
    if (at >= end) /* before the announced length: this closes the connection */
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (reply->slow_chunk_bytes > 0) {
        if (exchange->server->stopping)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (reply->slow_pause_ms > 0 && at > exchange->paused_at) {
            exchange->paused_at = (size_t)at;
            /* After the pause libmicrohttpd asks again for the same bytes. */
            return exchange_pause(exchange, reply->slow_pause_ms)
                       ? 0
                       : MHD_CONTENT_READER_END_WITH_ERROR;
        }
        if (out_bytes > reply->slow_chunk_bytes)
            out_bytes = reply->slow_chunk_bytes;
    }
    struct str piece = str_sub(reply->body, (size_t)at, (size_t)at + out_bytes);
    piece = str_sub(piece, 0, end - (size_t)at);
    memcpy(out, piece.ptr, piece.len);
    return (ssize_t)piece.len;
}

/* Without workers: the next piece here and now. False: nothing. */
static bool piece_pull(struct exchange *exchange, ssize_t *answer)
{
    unsigned wait_ms = 0;
    if (stream_pull(exchange, &wait_ms) != HTTP_WAIT || exchange->piece.len > 0)
        return true;
    *answer = exchange_pause(exchange, wait_ms) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
    return false;
}

static ssize_t stream_read(void *context, uint64_t at, char *out, size_t out_bytes)
{
    struct exchange *exchange = context;
    ssize_t answer;
    (void)at;
    while (exchange->piece_sent == exchange->piece.len) {
        if (exchange->stream_broken || exchange->server->stopping)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (exchange->stream_over)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (exchange->server->workers_len > 0)
            return work_put(exchange, true) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
        if (!piece_pull(exchange, &answer))
            return answer;
    }
    size_t left = exchange->piece.len - exchange->piece_sent;
    size_t bytes = left < out_bytes ? left : out_bytes;
    memcpy(out, exchange->piece.ptr + exchange->piece_sent, bytes);
    exchange->piece_sent += bytes;
    return (ssize_t)bytes;
}

static struct MHD_Response *response_make(struct exchange *exchange)
{
    const struct http_reply *reply = &exchange->reply;
    if (reply->stream.pull)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, stream_read,
                                                 exchange, NULL);
    if (reply->cut_after_bytes < reply->body.len || reply->slow_chunk_bytes > 0)
        return MHD_create_response_from_callback(reply->body.len, BLOCK_BYTES, body_read, exchange,
                                                 NULL);
    /* Not copied: the arena outlives the sending. libmicrohttpd takes it without const and, told
     * that it is persistent, neither writes nor frees it. */
    return MHD_create_response_from_buffer(reply->body.len, (void *)(uintptr_t)reply->body.ptr,
                                           MHD_RESPMEM_PERSISTENT);
}

/* False when libmicrohttpd refuses one (line ends in a value) or memory is short. */
static bool headers_add(struct exchange *exchange, struct MHD_Response *response)
{
    const struct http_reply *reply = &exchange->reply;
    const char *type = reply->content_type ? reply->content_type
                                           : "application/json; charset=utf-8";
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES)
        return false;
    for (size_t i = 0; i < reply->headers_len; i++) {
        struct str name = arena_dup(&exchange->arena, reply->headers[i].name);
        struct str value = arena_dup(&exchange->arena, reply->headers[i].value);
        if (!name.ptr || !value.ptr ||
            MHD_add_response_header(response, name.ptr, value.ptr) != MHD_YES)
            return false;
    }
    return true;
}

static bool stream_count(struct exchange *exchange)
{
    struct http_server *server = exchange->server;
    exchange->stream_counted = true;
    return ++server->streams <= server->options.streams_max || server->options.streams_max == 0;
}

enum MHD_Result reply_send(struct exchange *exchange)
{
    if (exchange->reply.drop)
        return MHD_NO;
    if (exchange->reply.stream.pull && !stream_count(exchange)) {
        reply_abandon(&exchange->reply);
        reply_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    guard_allow(exchange,
                exchange->reply.stream.pull
                    ? GUARD_STREAM_S
                    : GUARD_REPLY_S + (int64_t)(exchange->reply.body.len / REPLY_SLOW_BYTES_S));
    struct MHD_Response *response = response_make(exchange);
    if (response && !headers_add(exchange, response)) {
        MHD_destroy_response(response);
        reply_abandon(&exchange->reply);
        reply_refuse(exchange, MHD_HTTP_INTERNAL_SERVER_ERROR);
        response = response_make(exchange);
    }
    if (!response)
        return MHD_NO;
    enum MHD_Result queued = MHD_queue_response(exchange->connection, exchange->reply.status,
                                                response);
    MHD_destroy_response(response);
    return queued;
}

/* From our reply to libmicrohttpd's, well behaved or not. */
#include <string.h>

#include "http/http_internal.h"

enum { BLOCK_BYTES = 32 * 1024 };

void reply_refuse(struct http_reply *reply, unsigned status)
{
    *reply = (struct http_reply){.status = status, .cut_after_bytes = SIZE_MAX};
    switch (status) {
    case MHD_HTTP_BAD_REQUEST:
        reply->body = STR("{\"error\":\"bad_url\"}\n");
        break;
    case MHD_HTTP_CONTENT_TOO_LARGE:
        reply->body = STR("{\"error\":\"body_too_large\"}\n");
        break;
    case MHD_HTTP_URI_TOO_LONG:
        reply->body = STR("{\"error\":\"url_too_long\"}\n");
        break;
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
        reply->body = STR("{\"error\":\"headers_too_many\"}\n");
        break;
    default:
        reply->body = STR("{\"error\":\"internal\"}\n");
    }
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

/* The next piece into exchange->piece, which is empty. False: nothing now. */
static bool piece_pull(struct exchange *exchange, ssize_t *answer)
{
    const struct http_stream *stream = &exchange->reply.stream;
    unsigned wait_ms = 0;
    buf_reset(&exchange->piece);
    exchange->piece_sent = 0;
    if (exchange->stream_over || exchange->server->stopping) {
        *answer = exchange->stream_over ? MHD_CONTENT_READER_END_OF_STREAM
                                        : MHD_CONTENT_READER_END_WITH_ERROR;
        return false;
    }
    enum http_pull pulled = stream->pull(stream->context, &exchange->piece, &wait_ms);
    exchange->stream_over = pulled == HTTP_END;
    if (pulled == HTTP_BROKEN || exchange->piece.failed) {
        *answer = MHD_CONTENT_READER_END_WITH_ERROR;
        return false;
    }
    if (pulled != HTTP_WAIT || exchange->piece.len > 0)
        return true;
    *answer = exchange_pause(exchange, wait_ms) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
    return false;
}

static ssize_t stream_read(void *context, uint64_t at, char *out, size_t out_bytes)
{
    struct exchange *exchange = context;
    ssize_t answer;
    (void)at;
    while (exchange->piece_sent == exchange->piece.len)
        if (!piece_pull(exchange, &answer))
            return answer;
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

enum MHD_Result reply_send(struct exchange *exchange)
{
    if (exchange->reply.drop)
        return MHD_NO;
    struct MHD_Response *response = response_make(exchange);
    if (response && !headers_add(exchange, response)) {
        MHD_destroy_response(response);
        reply_abandon(&exchange->reply);
        reply_refuse(&exchange->reply, MHD_HTTP_INTERNAL_SERVER_ERROR);
        response = response_make(exchange);
    }
    if (!response)
        return MHD_NO;
    enum MHD_Result queued = MHD_queue_response(exchange->connection, exchange->reply.status,
                                                response);
    MHD_destroy_response(response);
    return queued;
}

/* From libmicrohttpd's request to ours. */
#include "http/http_internal.h"

struct str http_query(const struct http_request *request, struct str name)
{
    for (size_t i = 0; i < request->query_len; i++) {
        if (str_eq(request->query[i].name, name))
            return request->query[i].value;
    }
    return STR_NONE;
}

bool http_query_has(const struct http_request *request, struct str name)
{
    for (size_t i = 0; i < request->query_len; i++) {
        if (str_eq(request->query[i].name, name))
            return true;
    }
    return false;
}

struct str http_header(const struct http_request *request, struct str name)
{
    for (size_t i = 0; i < request->headers_len; i++) {
        if (str_eq_nocase(request->headers[i].name, name))
            return request->headers[i].value;
    }
    return STR_NONE;
}

/* Decodes into the arena; 0 or a status. This is the border where text is checked to be UTF-8. */
static unsigned percent_take(struct arena *arena, struct str text, bool form, struct str *out)
{
    struct buf decoded;
    unsigned status = 0;
    buf_init(&decoded, text.len);
    enum err_class result = percent_read(&decoded, text, form, NULL);
    if (result == ERR_OK && utf8_valid(buf_str(&decoded), NULL)) {
        *out = arena_dup(arena, buf_str(&decoded));
        status = out->ptr ? 0 : MHD_HTTP_INTERNAL_SERVER_ERROR;
    } else {
        status = result == ERR_INTERNAL ? MHD_HTTP_INTERNAL_SERVER_ERROR : MHD_HTTP_BAD_REQUEST;
    }
    buf_fini(&decoded);
    return status;
}

static unsigned query_fill(struct http_request *request)
{
    struct str rest = request->query_raw;
    while (rest.len > 0) {
        struct str piece, name, value;
        str_cut(rest, '&', &piece, &rest);
        if (piece.len == 0)
            continue;
        if (request->query_len == HTTP_QUERY_MAX)
            return MHD_HTTP_URI_TOO_LONG;
        struct http_pair *pair = &request->query[request->query_len];
        str_cut(piece, '=', &name, &value);
        unsigned status = percent_take(request->arena, name, true, &pair->name);
        if (status == 0)
            status = percent_take(request->arena, value, true, &pair->value);
        if (status != 0)
            return status;
        request->query_len++;
    }
    return 0;
}

/* Names and values live as long as the exchange, so they are borrowed. */
static enum MHD_Result header_take(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct http_request *request = context;
    (void)kind;
    if (request->headers_len == HEADERS_MAX)
        return MHD_NO;
    request->headers[request->headers_len++] = (struct http_pair){str_of(name), str_of(value)};
    return MHD_YES;
}

uint64_t request_body_told(const struct exchange *exchange)
{
    uint64_t bytes;
    struct str told = http_header(&exchange->request, STR("Content-Length"));
    if (told.len > 0)
        return str_to_u64(str_trim(told), &bytes) ? bytes : UINT64_MAX;
    return http_header(&exchange->request, STR("Transfer-Encoding")).len > 0 ? UINT64_MAX : 0;
}

unsigned request_fill(struct exchange *exchange, const char *method)
{
    struct http_request *request = &exchange->request;
    char peer[INET6_ADDRSTRLEN];
    request->method = str_of(method);
    if (exchange->uri.len > URL_BYTES_MAX)
        return MHD_HTTP_URI_TOO_LONG;
    str_cut(exchange->uri, '?', &request->path_raw, &request->query_raw);
    if (!str_starts(request->path_raw, STR("/")))
        return MHD_HTTP_BAD_REQUEST;
    unsigned status = percent_take(request->arena, request->path_raw, false, &request->path);
    if (status == 0)
        status = query_fill(request);
    if (status != 0)
        return status;
    int headers = MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, header_take,
                                            request);
    if (headers < 0 || (size_t)headers > request->headers_len)
        return MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
    request->peer = arena_dup(request->arena, connection_peer(exchange->connection, peer));
    return request->peer.ptr ? 0 : MHD_HTTP_INTERNAL_SERVER_ERROR;
}

unsigned request_body_fill(struct exchange *exchange)
{
    if (exchange->body_bytes_seen > exchange->body_bytes_max)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    if (exchange->body.failed)
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    exchange->request.body = buf_str(&exchange->body);
    return 0;
}

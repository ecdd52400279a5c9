/* From libmicrohttpd's request to ours. */
#include <arpa/inet.h>
#include <netinet/in.h>

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

static struct str peer_text(struct arena *arena, struct MHD_Connection *connection)
{
    char text[INET6_ADDRSTRLEN] = "";
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info && info->client_addr && info->client_addr->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)info->client_addr;
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    } else if (info && info->client_addr && info->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)info->client_addr;
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    }
    return arena_dup(arena, str_of(text));
}

unsigned request_fill(struct exchange *exchange, const char *method)
{
    struct http_request *request = &exchange->request;
    struct str path;
    request->method = str_of(method);
    if (exchange->body_bytes_seen > exchange->body_bytes_max)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    if (exchange->body.failed)
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    request->body = buf_str(&exchange->body);
    if (exchange->uri.len > URL_BYTES_MAX)
        return MHD_HTTP_URI_TOO_LONG;
    str_cut(exchange->uri, '?', &path, &request->query_raw);
    if (!str_starts(path, STR("/")))
        return MHD_HTTP_BAD_REQUEST;
    unsigned status = percent_take(request->arena, path, false, &request->path);
    if (status == 0)
        status = query_fill(request);
    if (status != 0)
        return status;
    int headers = MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, header_take,
                                            request);
    if (headers < 0 || (size_t)headers > request->headers_len)
        return MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
    request->peer = peer_text(request->arena, exchange->connection);
    return request->peer.ptr ? 0 : MHD_HTTP_INTERNAL_SERVER_ERROR;
}

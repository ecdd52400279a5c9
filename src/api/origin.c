/* Addresses and origins. */
#include "api/origin.h"

static bool list_has(const char *list, struct str wanted)
{
    struct str rest = str_of(list), one;
    while (rest.len > 0) {
        str_cut(rest, ',', &one, &rest);
        one = str_trim(one);
        if (one.len > 0 && str_eq(one, wanted))
            return true;
    }
    return false;
}

/* Each proxy puts whom it heard at the end: the last one that is no proxy of ours. Whatever stands before was written by
 * somebody else. */
struct str peer_of(const struct api *api, const struct http_request *request)
{
    struct str peer = request->peer;
    struct str rest = http_header(request, STR("X-Forwarded-For"));
    while (rest.len > 0 && list_has(api->trusted_proxies, peer)) {
        size_t comma = rest.len;
        while (comma > 0 && rest.ptr[comma - 1] != ',')
            comma--;
        struct str last = str_trim(str_sub(rest, comma, rest.len));
        if (last.len == 0 || last.len > 64)
            break;
        peer = last;
        rest = comma > 0 ? str_sub(rest, 0, comma - 1) : STR_NONE;
    }
    return peer;
}

static struct str origin_of(const struct call *call)
{
    struct str origin = http_header(call->request, STR("Origin"));
    return list_has(call->api->cors_origins, origin) ? origin : STR_NONE;
}

void origin_write(struct call *call)
{
    struct str origin = origin_of(call);
    if (call->api->cors_origins[0] == '\0')
        return;
    call_header(call, "Vary", STR("Origin"));
    if (origin.len == 0)
        return;
    call_header(call, "Access-Control-Allow-Origin", origin);
    call_header(call, "Access-Control-Expose-Headers",
                STR("ETag, X-Request-Id, Retry-After, Location, Content-Disposition"));
}

bool origin_asks(struct call *call)
{
    if (!str_eq(call->request->method, STR("OPTIONS")) || origin_of(call).len == 0)
        return false;
    call_header(call, "Access-Control-Allow-Methods", STR("GET, POST, PUT, PATCH, DELETE"));
    call_header(
        call, "Access-Control-Allow-Headers",
        STR("Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Huiliu,"
            " X-Request-Id"));
    call_header(call, "Access-Control-Max-Age", STR("600"));
    call->reply->status = 204;
    return true;
}

/* Addresses and origins. */
#include "api/origin.h"

enum { PROXY_AGAIN_MS = 24 * 3600 * 1000 };

bool peer_is_proxy(const struct api *api, struct str peer)
{
    return str_list_has(str_of(api->trusted_proxies), peer);
}

/* Each proxy puts whom it heard at the end, some in a header line of their own: the last one that is no proxy of ours. Whatever
 * stands before was written by somebody else. */
struct str peer_of(const struct api *api, const struct http_request *request)
{
    struct str peer = request->peer;
    for (size_t line = request->headers_len; line > 0; line--) {
        const struct http_pair *header = &request->headers[line - 1];
        struct str rest = header->value;
        if (!str_eq_nocase(header->name, STR("X-Forwarded-For")))
            continue;
        while (rest.len > 0 && peer_is_proxy(api, peer)) {
            size_t comma = rest.len;
            while (comma > 0 && rest.ptr[comma - 1] != ',')
                comma--;
            struct str last = str_trim(str_sub(rest, comma, rest.len));
            if (last.len == 0 || last.len > 64)
                return peer;
            peer = last;
            rest = comma > 0 ? str_sub(rest, 0, comma - 1) : STR_NONE;
        }
    }
    return peer;
}

/* Whoever asks through a proxy that is not named shares its address with all others: its bounds, and what is wrong. */
void proxy_look(const struct call *call)
{
    struct api *api = call->api;
    struct str peer = call->request->peer;
    struct err err;
    if (http_header(call->request, STR("X-Forwarded-For")).len == 0 || peer_is_proxy(api, peer))
        return;
    pthread_mutex_lock(&api->lock);
    bool told = api->proxy_told_ms > 0 && call->now_ms - api->proxy_told_ms < PROXY_AGAIN_MS;
    if (!told)
        api->proxy_told_ms = call->now_ms;
    pthread_mutex_unlock(&api->lock);
    if (told)
        return;
    const struct event event = {.kind = EVENT_PROXY_UNNAMED, .args = {EVENT_TEXT("address", peer)}};
    log_event(LOG_WARN, "proxy_unnamed", LOG_STR("address", peer), LOG_END);
    if (event_tell(call->host->store, &event, call->now_ms, &err) != ERR_OK)
        log_event(LOG_WARN, "event_failed", LOG_STR("code", str_of(err.code)), LOG_END);
}

static struct str origin_of(const struct call *call)
{
    struct str origin = http_header(call->request, STR("Origin"));
    return str_list_has(str_of(call->api->cors_origins), origin) ? origin : STR_NONE;
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

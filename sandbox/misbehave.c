/* Faults as they are given: to a list's rows and total, and to a whole call. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sandbox/sandbox.h"

enum { SLOW_PIECES = 8, MEGABYTE = 1 << 20 };

void call_query_fault(struct call *call, struct list_query *query)
{
    if (call->fault == FAULT_DUPLICATE_PAGE)
        query->shift = -(int64_t)query->limit;
    else if (call->fault == FAULT_SHIFTED_PAGE)
        query->shift = call->identity & 1 ? 1 : -1;
}

static uint64_t total_changed(const struct call *call, const struct list_page *page)
{
    /* Two calls of one window must not lie alike, or their agreement would prove a lie: the
     * difference follows from the identity and is hardly ever the same twice. */
    uint64_t difference = 1 + world_mix(call->identity, 7) % 9973;
    bool less = (difference & 1) && page->total > difference + page->rows_len;
    return less ? page->total - difference : page->total + difference;
}

void call_page_fault(struct call *call, const struct list_query *query, struct list_page *page)
{
    bool backwards = query->shift < 0;
    switch ((unsigned)call->fault) {
    case FAULT_DUPLICATE_PAGE:
    case FAULT_SHIFTED_PAGE:
        if (page->total == 0 || page->start >= page->total || (backwards && page->start == 0))
            call_fault_withdraw(call);
        break;
    case FAULT_EMPTY_PAGE:
        if (page->rows_len == 0) {
            call_fault_withdraw(call);
            break;
        }
        page->rows_len = 0;
        /* Half of them also claim that the list ends here. */
        if (call->identity >> 1 & 1)
            page->last_id = 0;
        break;
    case FAULT_CHANGED_TOTAL:
        if (call->settings.totals == TOTALS_OMIT)
            call_fault_withdraw(call);
        else
            page->total = total_changed(call, page);
        break;
    default:
        break;
    }
}

static void header_add(struct call *call, struct str name, struct str value)
{
    struct http_reply *reply = call->reply;
    assert(reply->headers_len < sizeof reply->headers / sizeof *reply->headers);
    if (value.ptr)
        reply->headers[reply->headers_len++] = (struct http_pair){name, value};
}

static void call_throttle(struct call *call, bool retry_after)
{
    call->platform->ops->refuse(call, REFUSE_QUOTA, NULL);
    call->reply->status = 429;
    if (retry_after)
        header_add(call, STR("Retry-After"), call->identity & 1 ? STR("1") : STR("2"));
}

/* A body that starts like a success and goes on for very long. */
static void call_huge(struct call *call)
{
    struct sandbox *sandbox = call->sandbox;
    static const char HEAD[] = "{\"code\":0,\"data\":{\"error_code\":0,\"filler\":\"";
    size_t len = (size_t)sandbox->options.huge_mb * MEGABYTE;
    pthread_mutex_lock(&sandbox->lock);
    if (!sandbox->huge.ptr) {
        char *bytes = malloc(len);
        if (bytes) {
            memset(bytes, 'a', len);
            memcpy(bytes, HEAD, sizeof HEAD - 1);
            memcpy(bytes + len - 3, "\"}}", 3);
            sandbox->huge = (struct str){bytes, len};
        }
    }
    call->reply->body = sandbox->huge;
    pthread_mutex_unlock(&sandbox->lock);
    if (!call->reply->body.ptr)
        call_fail(call);
}

/* A change may have been made although nobody heard of it: the answer is lost, not the call. */
static bool call_times_out_late(const struct call *call)
{
    return call->route->faults & FAULT_ON_CHANGE && call->identity & 1;
}

static void call_time_out(struct call *call)
{
    call->reply->hang_ms = (unsigned)call->settings.timeout_ms;
    call->reply->drop = true;
}

/* True: the fault is the whole answer. */
bool call_fault_before(struct call *call)
{
    struct http_reply *reply = call->reply;
    switch ((unsigned)call->fault) {
    case FAULT_THROTTLE_RETRY_AFTER:
    case FAULT_THROTTLE_PLAIN:
        call_throttle(call, call->fault == FAULT_THROTTLE_RETRY_AFTER);
        return true;
    case FAULT_HTTP_500:
        reply->status = 500;
        reply->content_type = "text/plain";
        reply->body = STR("Internal Server Error\n");
        return true;
    case FAULT_HTTP_503:
        reply->status = 503;
        reply->body = STR("{\"message\":\"service unavailable\"}");
        return true;
    case FAULT_TIMEOUT:
        if (call_times_out_late(call))
            return false;
        call_time_out(call);
        return true;
    case FAULT_HTML:
        reply->content_type = "text/html; charset=utf-8";
        reply->body = STR("<!DOCTYPE html><html><head><title>系统维护</title></head>"
                          "<body><h1>系统维护中，请稍后再试</h1></body></html>");
        return true;
    case FAULT_ERROR_IN_200:
        call->platform->ops->refuse(call, REFUSE_BUSY, NULL);
        return true;
    case FAULT_EMPTY_SUCCESS:
        reply->body = call->platform->ops->empty_success((unsigned)(call->identity >> 2) % 3);
        return true;
    case FAULT_HUGE_REPLY:
        call_huge(call);
        return true;
    case FAULT_TOKEN_REVOKED:
        if (!call->platform->ops->token_revoke(call->platform, call->request))
            call_fault_withdraw(call);
        return false;
    default:
        return false;
    }
}

static void body_spoil(struct call *call)
{
    struct str body = call->reply->body;
    char *bytes = arena_alloc(call->arena, body.len + 1);
    if (!bytes) {
        call_fail(call);
        return;
    }
    memcpy(bytes, body.ptr, body.len);
    bytes[body.len / 2] = (char)0xff;
    call->reply->body = (struct str){bytes, body.len};
}

void call_fault_after(struct call *call)
{
    struct http_reply *reply = call->reply;
    switch ((unsigned)call->fault) {
    case FAULT_TIMEOUT:
        call_time_out(call);
        break;
    case FAULT_SLOW_BODY:
        reply->slow_chunk_bytes = (unsigned)(reply->body.len / SLOW_PIECES + 1);
        reply->slow_pause_ms = (unsigned)call->settings.slow_ms;
        break;
    case FAULT_CUT_JSON:
        reply->body.len /= 2;
        break;
    case FAULT_CUT_CONNECTION:
        reply->cut_after_bytes = reply->body.len / 2;
        break;
    case FAULT_NON_UTF8:
        body_spoil(call);
        break;
    case FAULT_CLOCK_OFF: {
        time_t said = call_said_s(call);
        struct tm parts;
        char text[64];
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&said, &parts));
        header_add(call, STR("Date"), arena_dup(call->arena, str_of(text)));
        break;
    }
    default:
        break;
    }
}

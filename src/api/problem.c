/* Errors as application/problem+json (RFC 9457). What is our own trouble is told to the log, not to the caller. */
#include <string.h>

#include "api/api_internal.h"
#include "api/out.h"

enum { DETAIL_BYTES_MAX = 400 };

/* Codes whose status is not that of their class. */
static const struct {
    const char *code;
    unsigned status;
} codes[] = {
    {"method_not_allowed", 405}, {"content_type", 415}, {"body_large", 413},
    {"url_long", 414},           {"headers_many", 431}, {"busy", 503},
    {"unauthenticated", 401},    {"sign_in", 401},      {"bearer", 401},
    {"precondition", 412},       {"streams_many", 503}, {"starting", 503},
    {"hashing_busy", 503},
};

static unsigned class_status(enum err_class class_)
{
    switch (class_) {
    case ERR_OK:
        return 200;
    case ERR_USAGE:
        return 400;
    case ERR_TOKEN_EXPIRED:
        return 401;
    case ERR_FORBIDDEN:
        return 403;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_CONFLICT:
        return 409;
    case ERR_CONFIG:
    case ERR_BAD_REQUEST:
    case ERR_SKIP_RECORD:
        return 422;
    case ERR_THROTTLED:
    case ERR_LATER:
        return 429;
    case ERR_STORE:
    case ERR_STOPPED:
        return 503;
    case ERR_RETRY: /* a platform that was asked on behalf of the caller */
    case ERR_BAD_REPLY:
    case ERR_NOT_READY:
    case ERR_SPLIT_WINDOW:
        return 502;
    case ERR_INTERNAL:
    case ERR_CLASSES:
        return 500;
    }
    return 500;
}

unsigned problem_status(const struct err *err)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (strcmp(err->code, codes[i].code) == 0)
            return codes[i].status;
    return class_status(err->class_);
}

static const char *status_title(unsigned status)
{
    switch (status) {
    case 400:
        return "The request is not as it should be";
    case 401:
        return "Sign in first";
    case 403:
        return "This is not yours to do";
    case 404:
        return "There is no such thing";
    case 405:
        return "This address does not take that method";
    case 409:
        return "It is otherwise by now";
    case 412:
        return "It has changed since you read it";
    case 413:
        return "The body is too large";
    case 415:
        return "A body of this type is not read here";
    case 422:
        return "This cannot be";
    case 429:
        return "Too often";
    case 502:
        return "The platform did not do it";
    case 503:
        return "Not just now";
    default:
        return "Something went wrong here";
    }
}

/* Our own trouble may name files, statements, addresses. */
static struct str detail_of(const struct err *err, unsigned status)
{
    if (status == 503 && err->class_ == ERR_STORE)
        return STR("the database cannot be asked just now; try again in a moment");
    if (status == 500)
        return STR("the log says what, under the number of this request");
    return utf8_cut(str_of(err->message), DETAIL_BYTES_MAX);
}

static void retry_write(struct call *call, const struct err *err, unsigned status)
{
    int64_t seconds = 0;
    char text[24];
    if (err->retry_at_ms > call->now_ms)
        seconds = (err->retry_at_ms - call->now_ms + 999) / 1000;
    if (seconds == 0 && (status == 429 || status == 503))
        seconds = 1;
    if (seconds == 0)
        return;
    struct buf buf;
    buf_init_lent(&buf, text, sizeof(text));
    buf_printf(&buf, "%lld", (long long)seconds);
    call_header(call, "Retry-After", buf_str(&buf));
}

void problem_write(struct call *call, const struct err *err)
{
    unsigned status = problem_status(err);
    const char *code = status == 500 ? "internal" : err->code;
    struct out out;
    buf_reset(&call->out);
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "type", arena_printf(call->arena, "/errors/%s", code));
    out_text(&out, "title", str_of(status_title(status)));
    out_int(&out, "status", status);
    out_text(&out, "detail", detail_of(err, status));
    out_text(&out, "code", str_of(code));
    out_text(&out, "request_id", call->request_id);
    if (call->parameter && status < 500)
        out_text(&out, "parameter", str_of(call->parameter));
    out_end_object(&out);
    call->reply->status = status;
    call->reply->content_type = "application/problem+json; charset=utf-8";
    retry_write(call, err, status);
    if (status >= 500)
        log_event(LOG_ERROR, "request_failed", LOG_STR("request_id", call->request_id),
                  LOG_STR("route", str_of(call->route ? call->route->name : "")),
                  LOG_STR("code", str_of(err->code)), LOG_STR("message", str_of(err->message)),
                  LOG_END);
}

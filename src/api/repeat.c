/* Requests that may come twice. */
#include "api/repeat.h"

#include "api/sql.h"

#define REPEAT_KEPT_MS (INT64_C(24) * 3600 * 1000)

static struct str key_of(const struct call *call)
{
    if (call->route->method != ROUTE_POST || !call->person)
        return STR_NONE;
    return http_header(call->request, STR("Idempotency-Key"));
}

static enum err_class key_check(struct str key, struct err *err)
{
    bool good = key.len <= REPEAT_KEY_BYTES_MAX;
    for (size_t i = 0; good && i < key.len; i++)
        good = key.ptr[i] > ' ' && key.ptr[i] < 0x7f;
    return good ? ERR_OK
                : err_set(err, ERR_USAGE, "repeat_key",
                          "an Idempotency-Key is 1 to %d visible characters", REPEAT_KEY_BYTES_MAX);
}

static enum err_class digest_of(const struct call *call, char out[TOKEN_TEXT_BYTES],
                                struct err *err)
{
    const struct http_request *request = call->request;
    struct buf text;
    buf_init(&text, request->body.len + request->query_raw.len + request->path_raw.len + 64);
    buf_add(&text, request->path_raw);
    buf_add_char(&text, '?');
    buf_add(&text, request->query_raw);
    buf_add_char(&text, '\n');
    buf_add(&text, request->body);
    enum err_class class_ = text.failed ? err_no_memory(err)
                                        : token_digest(buf_str(&text), out, err);
    buf_fini(&text);
    return class_;
}

struct repeat_work {
    struct call *call;
    struct str key;
    const char *digest;
    bool mine; /* nobody has done it */
    bool same; /* as it was asked before */
    bool kept; /* and its answer is there */
    int64_t status;
    struct str body; /* sealed */
};

static enum err_class row_take(struct reader *row, void *context, struct err *err)
{
    struct repeat_work *work = context;
    work->same = str_eq(reader_text(row, 0), str_of(work->digest));
    int64_t age_ms = work->call->now_ms - reader_int(row, 1);
    work->kept = !reader_is_null(row, 2);
    work->status = reader_int(row, 2);
    work->body = arena_dup(work->call->arena, reader_text(row, 3));
    work->mine = age_ms > REPEAT_KEPT_MS || (!work->kept && age_ms > REPEAT_RUNNING_MS);
    return work->body.ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class begin_work(struct tx *tx, void *context, struct err *err)
{
    struct repeat_work *work = context;
    int64_t now_ms = work->call->now_ms, rows;
    const struct sql_value values[] = {sql_int(work->call->person->user_id), sql_text(work->key),
                                       sql_text(str_of(work->digest)), sql_int(now_ms)};
    const struct sql_value old[] = {sql_int(now_ms - REPEAT_KEPT_MS)};
    work->mine = false;
    enum err_class class_ = tx_exec(tx, SQL_REQUESTS_PRUNE, old, 1, NULL, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_REQUEST_BEGIN, values, 4, &rows, err);
    if (class_ != ERR_OK)
        return class_;
    if (rows > 0) {
        work->mine = true;
        return ERR_OK;
    }
    class_ = tx_query(tx, SQL_REQUEST, values, 2, row_take, work, err);
    if (class_ != ERR_OK || !work->mine)
        return class_;
    class_ = tx_exec(tx, SQL_REQUEST_FORGET, values, 2, NULL, err);
    return class_ == ERR_OK ? tx_exec(tx, SQL_REQUEST_BEGIN, values, 4, &rows, err) : class_;
}

static struct str seal_context(const struct call *call, struct str key)
{
    return arena_printf(call->arena, "api_request:%lld:%.*s", (long long)call->person->user_id,
                        STR_ARG(key));
}

static enum err_class replay(struct call *call, const struct repeat_work *work, struct err *err)
{
    call->reply->status = (unsigned)work->status;
    call_header(call, "Idempotency-Replayed", STR("true"));
    return work->body.len == 0 ? ERR_OK
                               : seal_read(call->host->keyring, &call->out, work->body,
                                           seal_context(call, work->key), err);
}

enum err_class repeat_begin(struct call_frame *frame, bool *told, struct err *err)
{
    struct call *call = &frame->call;
    char digest[TOKEN_TEXT_BYTES];
    struct repeat_work work = {.call = call, .key = key_of(call), .digest = digest};
    if (work.key.len == 0)
        return ERR_OK;
    enum err_class class_ = key_check(work.key, err);
    if (class_ == ERR_OK)
        class_ = digest_of(call, digest, err);
    if (class_ == ERR_OK)
        class_ = store_write(call->host->store, begin_work, &work, err);
    if (class_ != ERR_OK)
        return class_;
    frame->repeats = work.mine;
    if (work.mine)
        return ERR_OK;
    if (!work.same)
        return err_set(err, ERR_CONFIG, "repeat_other",
                       "this Idempotency-Key was used for another request");
    if (!work.kept)
        return err_set(err, ERR_CONFLICT, "repeat_running",
                       "the request of this Idempotency-Key is still being worked on");
    *told = true;
    return replay(call, &work, err);
}

static enum err_class end_work(struct tx *tx, void *context, struct err *err)
{
    const struct repeat_work *work = context;
    const struct sql_value values[] = {sql_int(work->call->person->user_id), sql_text(work->key),
                                       sql_int(work->status),
                                       work->body.len > 0 ? sql_text(work->body) : sql_null()};
    return work->kept ? tx_exec(tx, SQL_REQUEST_END, values, 4, NULL, err)
                      : tx_exec(tx, SQL_REQUEST_FORGET, values, 2, NULL, err);
}

void repeat_end(struct call_frame *frame, enum err_class class_)
{
    struct call *call = &frame->call;
    struct buf sealed;
    struct err err = {0};
    if (!frame->repeats)
        return;
    struct repeat_work work = {.call = call, .key = key_of(call), .status = call->reply->status};
    buf_init(&sealed, REPEAT_BODY_BYTES_MAX * 2);
    work.kept = class_ == ERR_OK && !call->reply->stream.pull &&
                call->out.len <= REPEAT_BODY_BYTES_MAX;
    if (work.kept && call->out.len > 0)
        work.kept = seal_write(call->host->keyring, &sealed, buf_str(&call->out),
                               seal_context(call, work.key), &err) == ERR_OK;
    work.body = buf_str(&sealed);
    if (store_write(call->host->store, end_work, &work, &err) != ERR_OK)
        log_event(LOG_WARN, "repeat_not_kept", LOG_STR("code", str_of(err.code)),
                  LOG_STR("request_id", call->request_id), LOG_END);
    buf_fini(&sealed);
}

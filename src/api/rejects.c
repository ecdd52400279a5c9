/* Records that were refused alone. The record may hold personal data and stays sealed: what is shown is where it
 * belongs and what is wrong with it. */
#include <stdio.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/tables.h"

enum { ID, SHOP, STREAM, TABLE, KEY, ID_TEXT, FIELD, CODE, MESSAGE, TIMES, SEEN, KEPT };

static void reject_out(struct out *out, const struct call *call, const struct reader *row)
{
    char number[24];
    struct str key = reader_text(row, KEY);
    snprintf(number, sizeof(number), "%lld", (long long)reader_int(row, ID));
    out_object(out, NULL);
    out_text(out, "id", str_of(number));
    control_out_shop(out, call, "shop", reader_int(row, SHOP));
    out_text(out, "stream", reader_text(row, STREAM));
    out_text(out, "table", reader_text(row, TABLE));
    out_text(out, "key", key.len > 0 ? key : reader_text(row, ID_TEXT));
    out_text(out, "field", reader_text(row, FIELD));
    out_text(out, "code", reader_text(row, CODE));
    out_text(out, "reason", reader_text(row, MESSAGE));
    out_int(out, "times", reader_int(row, TIMES));
    out_time(out, "seen", reader_int(row, SEEN));
    out_bool(out, "replayable", reader_int(row, KEPT) != 0);
    out_end_object(out);
}

static const struct param list_params[] = {
    CONTROL_SHOP,
    {"stream", PARAM_QUERY, PARAM_TEXT, .max = 64, .help = "Of this stream"},
    {"code", PARAM_QUERY, PARAM_TEXT, .max = 64, .help = "Refused for this"},
    CONTROL_LIMIT,
    CONTROL_CURSOR,
    {0}};

static struct str given(const struct call *call, const char *name)
{
    return call_given(call, name) ? call_text(call, name) : STR("");
}

static enum err_class reject_list(struct call *call, struct err *err)
{
    struct scope_values scope;
    struct reader *row;
    struct out out;
    int64_t before, last = 0, limit = call_int(call, "limit"), len = 0;
    bool more = false;
    enum err_class class_ = control_scope(call, &scope, err);
    if (class_ == ERR_OK)
        class_ = control_cursor(call, INT64_MAX, &before, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {scope.all,
                                       scope.ids,
                                       sql_text(given(call, "stream")),
                                       sql_text(given(call, "code")),
                                       sql_int(before),
                                       sql_int(limit + 1)};
    class_ = store_read(call->host->store, SQL_REJECT_LIST, values, 6, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (; !more && reader_next(row); len++) {
        more = len == limit;
        if (more)
            break;
        last = reader_int(row, ID);
        reject_out(&out, call, row);
    }
    out_end_list(&out);
    control_next(&out, more, last);
    out_null(&out, "total");
    out_time(&out, "as_of", call->now_ms);
    out_end_object(&out);
    return reader_close(row, err);
}

static const struct param one_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The reject"}, {0}};

/* Opens the row of a reject that he may see; *row stands on it. */
static enum err_class reject_open(const struct call *call, int64_t *id, struct reader **row,
                                  struct err *err)
{
    struct scope_values scope;
    enum err_class class_ = control_id(call, "id", id, err);
    if (class_ == ERR_OK)
        class_ = control_scope_seen(call, &scope, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {scope.all, scope.ids, sql_int(*id)};
    class_ = store_read(call->host->store, SQL_REJECT_ONE, values, 3, row, err);
    if (class_ != ERR_OK || reader_next(*row))
        return class_;
    class_ = reader_close(*row, err);
    return class_ == ERR_OK ? call_absent(err, "reject", call_text(call, "id")) : class_;
}

static enum err_class reject_one(struct call *call, struct err *err)
{
    struct reader *row;
    struct out out;
    int64_t id;
    enum err_class class_ = reject_open(call, &id, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    reject_out(&out, call, row);
    return reader_close(row, err);
}

static enum err_class nothing_more(struct tx *tx, void *context, struct err *err)
{
    (void)tx;
    (void)context;
    (void)err;
    return ERR_OK;
}

/* The line comes first: a record that lands without one would have been changed by nobody. */
static enum err_class reject_replay(struct call *call, struct err *err)
{
    struct reader *row;
    struct out out;
    struct err why = {0};
    int64_t id;
    enum err_class class_ = reject_open(call, &id, &row, err);
    if (class_ != ERR_OK)
        return class_;
    int64_t shop = reader_int(row, SHOP);
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && !call->host->sync)
        class_ = err_set(err, ERR_STOPPED, "starting", "this process maps no records");
    if (class_ != ERR_OK)
        return class_;
    struct control_act act = {.line = audit_of(call, "reject.replay", call_text(call, "id")),
                              .work = nothing_more};
    act.line.shop_id = shop;
    class_ = control_write(call, &act, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = sync_reject_replay(call->host->sync, id, &why);
    if (class_ == ERR_STORE || class_ == ERR_INTERNAL) {
        *err = why;
        return class_;
    }
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_bool(&out, "landed", class_ == ERR_OK);
    out_text_or_null(&out, "code", class_ == ERR_OK ? STR_NONE : str_of(why.code));
    out_text_or_null(&out, "reason", class_ == ERR_OK ? STR_NONE : str_of(why.message));
    out_end_object(&out);
    return ERR_OK;
}

const struct route reject_routes[] = {
    {ROUTE_GET, "/api/v1/rejects", "rejectList", RIGHT_READ, list_params, reject_list,
     .summary = "Records that were refused, the newest first", .answer = "RejectList"},
    {ROUTE_GET, "/api/v1/rejects/{id}", "rejectOne", RIGHT_READ, one_params, reject_one,
     .summary = "One refused record: where it belongs and why it was refused", .answer = "Reject"},
    {ROUTE_POST, "/api/v1/rejects/{id}/replay", "rejectReplay", RIGHT_OPERATE, one_params,
     reject_replay, .summary = "Try a refused record again with the mapping of today",
     .answer = "RejectReplayed"},
    {0},
};

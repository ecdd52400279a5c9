/* Records that were refused alone. The record may hold personal data and stays sealed: what is shown is where it
 * belongs and what is wrong with it. */
#include "api/control.h"
#include "api/list.h"
#include "api/tables.h"

enum { ID, SHOP, STREAM, TABLE, KEY, ID_TEXT, FIELD, CODE, MESSAGE, TIMES, SEEN, KEPT };

static enum err_class reject_write(struct call *call, struct out *out, const struct list_row *row,
                                   struct err *err)
{
    struct str key = list_text(row, KEY);
    (void)err;
    out_id(out, "id", list_int(row, ID));
    control_out_shop(out, call, "shop", list_int(row, SHOP));
    out_text(out, "stream", list_text(row, STREAM));
    out_text(out, "table", list_text(row, TABLE));
    /* A record without a key has its digest, which says nothing to people; of a file's row the place is known. */
    bool says = key.len > 0 && key.ptr[0] != '#';
    out_text(out, "key", says || list_text(row, ID_TEXT).len == 0 ? key : list_text(row, ID_TEXT));
    out_text(out, "field", list_text(row, FIELD));
    out_text(out, "code", list_text(row, CODE));
    out_text(out, "reason", list_text(row, MESSAGE));
    out_int(out, "times", list_int(row, TIMES));
    out_time(out, "seen", list_int(row, SEEN));
    out_bool(out, "replayable", list_int(row, KEPT) != 0);
    return ERR_OK;
}

static const struct list_column columns[] = {
    [ID] = {"id", "r.id", .kind = LIST_NUMBER, .sorts = true},
    [SHOP] = {"shop", "r.shop_id", .kind = LIST_NUMBER, .sorts = true},
    [STREAM] = {"stream", "r.stream", .kind = LIST_TEXT, .sorts = true},
    [TABLE] = {"table", "r.table_name", .kind = LIST_TEXT, .unknown = true},
    [KEY] = {"key", "r.key_text", .kind = LIST_TEXT, .unknown = true},
    [ID_TEXT] = {"id_text", "r.id_text", .kind = LIST_TEXT, .unknown = true},
    [FIELD] = {"field", "r.field", .kind = LIST_TEXT, .unknown = true},
    [CODE] = {"code", "r.code", .kind = LIST_TEXT},
    [MESSAGE] = {"reason", "r.message", .kind = LIST_TEXT, .unknown = true},
    [TIMES] = {"times", "r.times", .kind = LIST_INT, .sorts = true},
    [SEEN] = {"seen", "r.seen_ms", .kind = LIST_TIME, .sorts = true},
    [KEPT] = {"replayable", "CASE WHEN r.original IS NULL THEN 0 ELSE 1 END", .kind = LIST_BOOL},
    {0},
};
static const struct list reject_list = {
    .name = "rejects",
    .from = "reject r",
    .columns = columns,
    .key = {"id"},
    .sort = "-id",
    .shop = "r.shop_id",
    .live = true,
};
static const struct param list_params[] = {
    LIST_PARAMS,
    CONTROL_SHOP,
    {"stream", PARAM_QUERY, PARAM_TEXT, .max = 64, .filter = LIST_EQUAL, .column = "stream",
     .help = "Of this stream"},
    {"code", PARAM_QUERY, PARAM_TEXT, .max = 64, .filter = LIST_EQUAL, .column = "code",
     .help = "Refused for this"},
    {0}};

static enum err_class rejects_list(struct call *call, struct err *err)
{
    return list_answer_as(call, &reject_list, reject_write, err);
}

static const struct param one_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The reject"}, {0}};

static enum err_class reject_find(struct call *call, struct list_row *row, struct err *err)
{
    int64_t id;
    enum err_class class_ = control_id(call, "id", &id, err);
    return class_ == ERR_OK ? list_find(call, &reject_list, "id", id, "reject", row, err) : class_;
}

static enum err_class reject_one(struct call *call, struct err *err)
{
    struct list_row row;
    struct out out;
    enum err_class class_ = reject_find(call, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    class_ = reject_write(call, &out, &row, err);
    out_end_object(&out);
    return class_;
}

/* The line comes first: a record that lands without one would have been changed by nobody. */
static enum err_class reject_replay(struct call *call, struct err *err)
{
    struct list_row row;
    struct out out;
    struct err why = {0};
    enum err_class class_ = reject_find(call, &row, err);
    if (class_ == ERR_OK && !call->host->sync)
        class_ = err_set(err, ERR_STOPPED, "starting", "this process maps no records");
    if (class_ != ERR_OK)
        return class_;
    struct change change = {.line = audit_of(call, "reject.replay", call_text(call, "id"))};
    change.line.shop_id = list_int(&row, SHOP);
    class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = sync_reject_replay(call->host->sync, list_int(&row, ID), &why);
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
    {ROUTE_GET, "/api/v1/rejects", "rejectList", RIGHT_READ, list_params, rejects_list,
     .summary = "Records that were refused, the newest first", .answer = "RejectList"},
    {ROUTE_GET, "/api/v1/rejects/{id}", "rejectOne", RIGHT_READ, one_params, reject_one,
     .summary = "One refused record: where it belongs and why it was refused", .answer = "Reject"},
    {ROUTE_POST, "/api/v1/rejects/{id}/replay", "rejectReplay", RIGHT_OPERATE, one_params,
     reject_replay, .summary = "Try a refused record again with the mapping of today",
     .answer = "RejectReplayed"},
    {0},
};

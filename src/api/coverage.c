/* How far each stream of a shop is complete, its windows one by one, and the evidence. */
#include <stdio.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/items.h"
#include "api/list.h"
#include "api/tables.h"

static void unproved_write(struct call *call, struct out *out, const struct reader *row)
{
    (void)call;
    out_text(out, "kind", reader_text(row, 0));
    out_time(out, "from", reader_int(row, 1));
    out_time(out, "to", reader_int(row, 2));
    out_text(out, "reason", reader_text(row, 3));
    out_time_or_null(out, "again", reader_int(row, 4), !reader_is_null(row, 4));
    out_int(out, "tries", reader_int(row, 5));
}

static enum err_class unproved_out(struct out *out, struct call *call, int64_t shop_id,
                                   struct str stream, struct err *err)
{
    const struct sql_value values[] = {sql_int(shop_id), sql_text(stream)};
    return items_list(call, out, "unproved", SQL_WINDOWS_UNPROVED, values, 2, unproved_write, err);
}

static void sentence_out(struct out *out, const struct call *call,
                         const struct api_stream_status *status)
{
    char unproved[24];
    snprintf(unproved, sizeof(unproved), "%lld", (long long)status->unproved);
    if (status->files)
        control_out_text(out, call, "text", API_TEXT_FILES, status->stream,
                         control_time(call->arena, status->frontier_ms), STR(""));
    else if (status->complete_ms == 0)
        control_out_text(out, call, "text", API_TEXT_NOTHING_YET, status->stream, STR(""), STR(""));
    else
        control_out_text(
            out, call, "text", status->unproved > 0 ? API_TEXT_COMPLETE_OPEN : API_TEXT_COMPLETE,
            status->stream, control_time(call->arena, status->complete_ms), str_of(unproved));
}

static enum err_class stream_out(struct out *out, struct call *call, int64_t shop_id,
                                 const struct api_stream_status *status, struct err *err)
{
    enum err_class class_ = ERR_OK;
    out_object(out, NULL);
    control_out_shop(out, call, "shop", shop_id);
    out_text(out, "stream", status->stream);
    out_text(out, "table", status->table);
    out_int(out, "rows", status->rows);
    out_text_or_null(out, "grade", status->grade.len > 0 ? status->grade : STR_NONE);
    out_time_or_null(out, "complete_up_to", status->complete_ms, status->complete_ms > 0);
    out_time_or_null(out, "frontier", status->frontier_ms, status->frontier_ms > 0);
    out_time_or_null(out, "since", status->since_ms, status->since_ms > 0);
    out_time_or_null(out, "last_success", status->success_ms, status->success_ms > 0);
    out_int(out, "windows_sealed", status->sealed);
    out_int(out, "windows_open", status->open);
    out_int(out, "windows_unproved", status->unproved);
    out_int(out, "rejects", status->rejects);
    out_int(out, "decrypt_waiting", status->decrypt);
    out_text_or_null(out, "last_error", status->error.len > 0 ? status->error : STR_NONE);
    if (status->unproved > 0)
        class_ = unproved_out(out, call, shop_id, status->stream, err);
    sentence_out(out, call, status);
    out_end_object(out);
    return class_;
}

static const struct param list_params[] = {CONTROL_SHOP, {0}};

static bool is_meant(const struct shop_scope *scope, int64_t id)
{
    for (size_t i = 0; i < scope->len; i++) {
        if (scope->ids[i] == id)
            return true;
    }
    return scope->all;
}

static enum err_class coverage(struct call *call, struct err *err)
{
    const struct api_home *home;
    struct shop_scope scope;
    struct out out;
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = call_shops(call, &scope, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; class_ == ERR_OK && i < call->host->shops_len; i++) {
        int64_t id = call->host->shops[i].id;
        struct api_stream_status *streams;
        size_t len;
        if (!is_meant(&scope, id))
            continue;
        class_ = home->streams(home->context, id, call->arena, &streams, &len, err);
        for (size_t k = 0; class_ == ERR_OK && k < len; k++)
            class_ = stream_out(&out, call, id, &streams[k], err);
    }
    out_end_list(&out);
    out_time(&out, "as_of", call->now_ms);
    out_end_object(&out);
    return class_;
}

/* --- windows --- */

static const char *const kinds[] = {"audit", "pull", NULL};
static const char *const states[] = {"open", "sealed", "moved", "unproved", "split", NULL};
static const struct param window_params[] = {
    LIST_PARAMS,
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The shop"},
    {"stream", PARAM_PATH, PARAM_TEXT, .required = true, .max = 64, .filter = LIST_EQUAL,
     .column = "stream", .help = "Its stream"},
    {"kind", PARAM_QUERY, PARAM_WORD, .words = kinds, .standard = "audit", .filter = LIST_EQUAL,
     .column = "kind", .help = "audit: by creation, the proof; pull: by update"},
    {"state", PARAM_QUERY, PARAM_WORD, .words = states, .filter = LIST_EQUAL, .column = "state",
     .help = "Of this state"},
    {"from", PARAM_QUERY, PARAM_TIME, .filter = LIST_LEAST, .column = "to",
     .help = "Those that reach behind this"},
    {"to", PARAM_QUERY, PARAM_TIME, .filter = LIST_MOST, .column = "from",
     .help = "Those that begin before this"},
    {0}};
enum { WINDOW_NUMBERS = 6 };
static const char *const numbers[WINDOW_NUMBERS] = {"total_first", "total_last", "distinct_ids",
                                                    "rejects",     "stored",     "pages_read"};
enum {
    KIND,
    FROM,
    TO,
    STATE,
    GRADE,
    REASON,
    NUMBERS,
    OPENED = NUMBERS + WINDOW_NUMBERS,
    CLOSED,
    AGAIN,
    TRIES,
    DIGEST,
    STREAM
};
static const struct list_column columns[] = {
    [KIND] = {"kind", "w.kind", .kind = LIST_TEXT},
    [FROM] = {"from", "w.from_ms", .kind = LIST_TIME, .sorts = true},
    [TO] = {"to", "w.to_ms", .kind = LIST_TIME, .sorts = true},
    [STATE] = {"state", "w.state", .kind = LIST_TEXT},
    [GRADE] = {"grade", "w.grade", .kind = LIST_TEXT, .unknown = true},
    [REASON] = {"reason", "w.reason", .kind = LIST_TEXT, .unknown = true},
    [NUMBERS] = {"total_first", "w.total_first", .kind = LIST_INT, .unknown = true},
    {"total_last", "w.total_last", .kind = LIST_INT, .unknown = true},
    {"distinct_ids", "w.distinct_ids", .kind = LIST_INT, .unknown = true},
    {"rejects", "w.rejects", .kind = LIST_INT, .unknown = true},
    {"stored", "w.stored", .kind = LIST_INT, .unknown = true},
    {"pages_read", "w.pages_read", .kind = LIST_INT, .unknown = true},
    [OPENED] = {"opened", "w.opened_ms", .kind = LIST_TIME, .unknown = true},
    [CLOSED] = {"closed", "w.closed_ms", .kind = LIST_TIME, .unknown = true},
    [AGAIN] = {"again", "w.again_ms", .kind = LIST_TIME, .unknown = true},
    [TRIES] = {"tries", "w.tries", .kind = LIST_INT, .unknown = true},
    [DIGEST] = {"digest", "w.digest", .kind = LIST_TEXT, .unknown = true},
    [STREAM] = {"stream", "w.stream", .kind = LIST_TEXT},
    {0},
};
/* The route says the shop, the stream and the kind: of those a start and an end are a key. */
static const struct list window_list = {
    .name = "windows",
    .from = "sync_window w",
    .columns = columns,
    .key = {"from", "to"},
    .sort = "from",
    .shop = "w.shop_id",
    .live = true,
};

static enum err_class window_write(struct call *call, struct out *out, const struct list_row *row,
                                   struct err *err)
{
    (void)call;
    (void)err;
    out_text(out, "kind", list_text(row, KIND));
    out_time(out, "from", list_int(row, FROM));
    out_time(out, "to", list_int(row, TO));
    out_text(out, "state", list_text(row, STATE));
    out_text_or_null(out, "grade", list_text(row, GRADE));
    out_text_or_null(out, "reason", list_text(row, REASON));
    for (size_t i = 0; i < WINDOW_NUMBERS; i++) {
        if (list_is_null(row, NUMBERS + i))
            out_null(out, numbers[i]);
        else
            out_int(out, numbers[i], list_int(row, NUMBERS + i));
    }
    out_time_or_null(out, "opened", list_int(row, OPENED), !list_is_null(row, OPENED));
    out_time_or_null(out, "closed", list_int(row, CLOSED), !list_is_null(row, CLOSED));
    out_time_or_null(out, "again", list_int(row, AGAIN), !list_is_null(row, AGAIN));
    out_int(out, "tries", list_int(row, TRIES));
    out_text_or_null(out, "digest", list_text(row, DIGEST));
    return ERR_OK;
}

static enum err_class windows(struct call *call, struct err *err)
{
    const struct api_shop *shop;
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    int64_t id;
    enum err_class class_ = query ? control_shop(call, "id", &id, &shop, err) : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = list_ask(call, &window_list, query, err);
    if (class_ != ERR_OK)
        return class_;
    list_shops(query, false, &id, 1);
    return list_answer_query(call, query, window_write, err);
}

/* --- evidence --- */

static const struct param prove_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The shop"},
    {"stream", PARAM_PATH, PARAM_TEXT, .required = true, .max = 64, .help = "Its stream"},
    {"from", PARAM_QUERY, PARAM_TEXT, .max = 40,
     .help = "A day or an instant; without: from the start"},
    {"to", PARAM_QUERY, PARAM_TEXT, .max = 40, .help = "Its end; without: now"},
    {0}};

static enum err_class evidence(struct call *call, struct err *err)
{
    const struct api_home *home;
    const struct api_shop *shop;
    int64_t id;
    enum err_class class_ = control_shop(call, "id", &id, &shop, err);
    if (class_ == ERR_OK)
        class_ = control_home(call, &home, err);
    if (class_ != ERR_OK)
        return class_;
    return home->prove(home->context, id, call_text(call, "stream"),
                       call_given(call, "from") ? call_text(call, "from") : STR(""),
                       call_given(call, "to") ? call_text(call, "to") : STR(""), &call->out, err);
}

const struct route coverage_routes[] = {
    {ROUTE_GET, "/api/v1/coverage", "coverage", RIGHT_READ, list_params, coverage,
     .summary = "How far each stream of each shop is complete", .answer = "Coverage"},
    {ROUTE_GET, "/api/v1/shops/{id}/streams/{stream}/windows", "windowList", RIGHT_READ,
     window_params, windows, .summary = "The windows of a stream in their order",
     .answer = "Windows"},
    {ROUTE_GET, "/api/v1/shops/{id}/streams/{stream}/evidence", "evidence", RIGHT_READ,
     prove_params, evidence, .summary = "The evidence of a range, as `huiliu prove` prints it",
     .answer = "Evidence"},
    {0},
};

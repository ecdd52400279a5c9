/* How far each stream of a shop is complete, its windows one by one, and the evidence. */
#include <stdio.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/tables.h"

static enum err_class unproved_out(struct out *out, const struct call *call, int64_t shop_id,
                                   struct str stream, struct err *err)
{
    const struct sql_value values[] = {sql_int(shop_id), sql_text(stream)};
    struct reader *row;
    enum err_class class_ = store_read(call->host->store, SQL_WINDOWS_UNPROVED, values, 2, &row,
                                       err);
    if (class_ != ERR_OK)
        return class_;
    out_list(out, "unproved");
    while (reader_next(row)) {
        out_object(out, NULL);
        out_text(out, "kind", reader_text(row, 0));
        out_time(out, "from", reader_int(row, 1));
        out_time(out, "to", reader_int(row, 2));
        out_text(out, "reason", reader_text(row, 3));
        out_time_or_null(out, "again", reader_int(row, 4), !reader_is_null(row, 4));
        out_int(out, "tries", reader_int(row, 5));
        out_end_object(out);
    }
    out_end_list(out);
    return reader_close(row, err);
}

static void sentence_out(struct out *out, const struct call *call,
                         const struct api_stream_status *status)
{
    char unproved[24];
    snprintf(unproved, sizeof(unproved), "%lld", (long long)status->unproved);
    if (status->complete_ms == 0)
        control_out_text(out, call, "text", API_TEXT_NOTHING_YET, status->stream, STR(""), STR(""));
    else
        control_out_text(
            out, call, "text", status->unproved > 0 ? API_TEXT_COMPLETE_OPEN : API_TEXT_COMPLETE,
            status->stream, control_time(call->arena, status->complete_ms), str_of(unproved));
}

static enum err_class stream_out(struct out *out, const struct call *call, int64_t shop_id,
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
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The shop"},
    {"stream", PARAM_PATH, PARAM_TEXT, .required = true, .max = 64, .help = "Its stream"},
    {"kind", PARAM_QUERY, PARAM_WORD, .words = kinds, .standard = "audit",
     .help = "audit: by creation, the proof; pull: by update"},
    {"state", PARAM_QUERY, PARAM_WORD, .words = states, .help = "Of this state"},
    {"from", PARAM_QUERY, PARAM_TIME, .help = "Those that reach behind this"},
    {"to", PARAM_QUERY, PARAM_TIME, .help = "Those that begin before this"},
    CONTROL_LIMIT,
    CONTROL_CURSOR,
    {0}};

static void window_out(struct out *out, const struct reader *row)
{
    static const char *const numbers[] = {"total_first", "total_last", "distinct_ids",
                                          "rejects",     "stored",     "pages_read"};
    out_object(out, NULL);
    out_text(out, "kind", reader_text(row, 0));
    out_time(out, "from", reader_int(row, 1));
    out_time(out, "to", reader_int(row, 2));
    out_text(out, "state", reader_text(row, 3));
    out_text_or_null(out, "grade", reader_is_null(row, 4) ? STR_NONE : reader_text(row, 4));
    out_text_or_null(out, "reason", reader_is_null(row, 5) ? STR_NONE : reader_text(row, 5));
    for (int i = 0; i < 6; i++) {
        if (reader_is_null(row, 6 + i))
            out_null(out, numbers[i]);
        else
            out_int(out, numbers[i], reader_int(row, 6 + i));
    }
    out_time_or_null(out, "opened", reader_int(row, 12), !reader_is_null(row, 12));
    out_time_or_null(out, "closed", reader_int(row, 13), !reader_is_null(row, 13));
    out_time_or_null(out, "again", reader_int(row, 14), !reader_is_null(row, 14));
    out_int(out, "tries", reader_int(row, 15));
    out_text_or_null(out, "digest", reader_is_null(row, 16) ? STR_NONE : reader_text(row, 16));
    out_end_object(out);
}

/* A page ends between two starts: windows that begin at one instant come together with the next page again, so that
 * none is left out. */
static enum err_class windows(struct call *call, struct err *err)
{
    const struct api_shop *shop;
    struct reader *row;
    struct out out;
    int64_t id, from, skip = 0, at = 0, last = 0, same = 0, limit = call_int(call, "limit");
    bool more = false;
    enum err_class class_ = control_shop(call, "id", &id, &shop, err);
    struct str first = STR("0"), rest = STR("0");
    if (class_ == ERR_OK && call_given(call, "cursor")) {
        str_cut(call_text(call, "cursor"), '.', &first, &rest);
        if (!str_to_i64(first, &last) || !str_to_i64(rest, &skip) || skip < 0 || skip > 100000)
            class_ = call_refuse(call, "cursor", "cursor_foreign", err,
                                 "this is no cursor of such a list");
    }
    if (class_ != ERR_OK)
        return class_;
    from = call_given(call, "from") ? call_int(call, "from") : 0;
    const struct sql_value values[] = {
        sql_int(id),
        sql_text(call_text(call, "stream")),
        sql_text(call_text(call, "kind")),
        sql_text(call_given(call, "state") ? call_text(call, "state") : STR("")),
        sql_int(from),
        sql_int(call_given(call, "to") ? call_int(call, "to") : INT64_MAX),
        sql_int(limit + skip + 1),
        sql_int(call_given(call, "cursor") ? last : INT64_MIN)};
    class_ = store_read(call->host->store, SQL_WINDOW_STRIP, values, 8, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (int64_t n = 0; !more && reader_next(row); n++) {
        int64_t begins = reader_int(row, 1);
        if (n < skip)
            continue;
        more = at == limit;
        if (more)
            break;
        same = begins == last ? (at == 0 ? skip : same) + 1 : 1;
        last = begins;
        at++;
        window_out(&out, row);
    }
    out_end_list(&out);
    struct str next = more
                          ? arena_printf(call->arena, "%lld.%lld", (long long)last, (long long)same)
                          : STR_NONE;
    out_text_or_null(&out, "next", next);
    out_null(&out, "total");
    out_end_object(&out);
    return reader_close(row, err);
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

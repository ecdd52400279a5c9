/* What needs a person, with the next step: the front of a page, and the start of a morning. */
#include <stdio.h>
#include <string.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/tables.h"

enum {
    EXPIRY_AHEAD_MS = 7 * 24 * 3600 * 1000,
    LATE_TIMES = 4, /* intervals of a stream without a success */
    LATE_LEAST_MS = 60 * 60 * 1000,
    LATE_DEFAULT_MS = 24 * 3600 * 1000,
    DRIFT_MS = 24 * 3600 * 1000,
    NOBODY_MS = 60 * 1000,
    MINUTE_MS = 60 * 1000,
};

struct looking {
    struct call *call;
    struct out out;
    struct scope_values scope;
    int64_t counts[2]; /* warn, error */
};

struct item {
    const char *kind;
    bool error;
    int64_t shop_id;
    struct str stream, task, what;
    int64_t at_ms, number;
    enum api_text next;
    struct str args[API_TEXT_ARGS];
};

static void item_out(struct looking *l, const struct item *item)
{
    struct out *out = &l->out;
    l->counts[item->error]++;
    out_object(out, NULL);
    out_text(out, "kind", str_of(item->kind));
    out_text(out, "level", item->error ? STR("error") : STR("warn"));
    control_out_shop(out, l->call, "shop", item->shop_id);
    out_text_or_null(out, "stream", item->stream);
    out_text_or_null(out, "task", item->task);
    out_text_or_null(out, "what", item->what);
    out_time_or_null(out, "at", item->at_ms, item->at_ms > 0);
    if (item->number > 0)
        out_int(out, "number", item->number);
    control_out_text(out, l->call, "next", item->next, item->args[0], item->args[1], item->args[2]);
    out_end_object(out);
}

static struct str shop_name(const struct looking *l, int64_t id)
{
    const struct api_shop *shop = host_shop(l->call->host, id);
    return shop ? shop->name : arena_printf(l->call->arena, "#%lld", (long long)id);
}

static struct str text_or_none(const struct reader *row, int column)
{
    return reader_is_null(row, column) || reader_text(row, column).len == 0
               ? STR_NONE
               : reader_text(row, column);
}

/* --- the sources --- */

static void shop_row(struct looking *l, const struct reader *row)
{
    int64_t id = reader_int(row, 0);
    int64_t expires_ms = reader_is_null(row, 3) ? 0 : reader_int(row, 3);
    bool dead = str_eq(reader_text(row, 4), STR("dead"));
    struct str why = text_or_none(row, 2).ptr ? text_or_none(row, 2) : text_or_none(row, 5);
    if (str_eq(reader_text(row, 1), STR("needs_person")) || dead) {
        item_out(l, &(struct item){.kind = "authorisation_dead",
                                   .error = true,
                                   .shop_id = id,
                                   .what = why,
                                   .next = API_TEXT_NEXT_AUTHORIZE,
                                   .args = {shop_name(l, id)}});
    } else if (expires_ms > 0 && expires_ms < l->call->now_ms + EXPIRY_AHEAD_MS) {
        item_out(l, &(struct item){
                        .kind = "authorisation_ends",
                        .shop_id = id,
                        .at_ms = expires_ms,
                        .next = API_TEXT_NEXT_EXPIRY,
                        .args = {shop_name(l, id), control_time(l->call->arena, expires_ms)}});
    }
}

static int64_t late_after_ms(const struct looking *l, int64_t shop_id, struct str name)
{
    const struct api_shop *shop = host_shop(l->call->host, shop_id);
    const struct stream *stream = shop && shop->connector ? connector_stream(shop->connector, name)
                                                          : NULL;
    int64_t after_ms = stream ? stream->every_ms * LATE_TIMES : LATE_DEFAULT_MS;
    return after_ms > LATE_LEAST_MS ? after_ms : LATE_LEAST_MS;
}

static void stream_row(struct looking *l, const struct reader *row)
{
    int64_t id = reader_int(row, 0), unproved = reader_int(row, 4);
    int64_t success_ms = reader_is_null(row, 2) ? 0 : reader_int(row, 2);
    struct str stream = reader_text(row, 1);
    if (unproved > 0)
        item_out(l, &(struct item){.kind = "windows_unproved",
                                   .shop_id = id,
                                   .stream = stream,
                                   .number = unproved,
                                   .next = API_TEXT_NEXT_UNPROVED,
                                   .args = {shop_name(l, id)}});
    if (success_ms > 0 && l->call->now_ms - success_ms > late_after_ms(l, id, stream))
        item_out(l, &(struct item){.kind = "stream_late",
                                   .shop_id = id,
                                   .stream = stream,
                                   .what = text_or_none(row, 3),
                                   .at_ms = success_ms,
                                   .number = (l->call->now_ms - success_ms) / MINUTE_MS,
                                   .next = API_TEXT_NEXT_LATE,
                                   .args = {shop_name(l, id), stream}});
}

static void reject_row(struct looking *l, const struct reader *row)
{
    item_out(l, &(struct item){.kind = "rejects",
                               .shop_id = reader_int(row, 0),
                               .number = reader_int(row, 1),
                               .next = API_TEXT_NEXT_REJECTS,
                               .args = {shop_name(l, reader_int(row, 0))}});
}

static void dead_row(struct looking *l, const struct reader *row)
{
    struct str number = arena_printf(l->call->arena, "%lld", (long long)reader_int(row, 0));
    item_out(l, &(struct item){.kind = "task_dead",
                               .error = true,
                               .shop_id = reader_int(row, 1),
                               .task = number,
                               .what = text_or_none(row, 3),
                               .at_ms = reader_int(row, 4),
                               .next = API_TEXT_NEXT_DEAD,
                               .args = {number}});
}

static void budget_row(struct looking *l, const struct reader *row)
{
    if (!call_sees_budget(l->call, reader_text(row, 0)))
        return;
    item_out(l, &(struct item){.kind = "budget_refused",
                               .what = reader_text(row, 0),
                               .number = reader_int(row, 1),
                               .at_ms = reader_int(row, 3),
                               .next = API_TEXT_NEXT_BUDGET,
                               .args = {reader_text(row, 0)}});
}

static void drift_row(struct looking *l, const struct reader *row)
{
    item_out(l, &(struct item){.kind = "derive_drift",
                               .error = true,
                               .shop_id = reader_int(row, 0),
                               .at_ms = reader_int(row, 1),
                               .number = reader_int(row, 2),
                               .next = API_TEXT_NEXT_DRIFT,
                               .args = {shop_name(l, reader_int(row, 0))}});
}

static enum err_class rows_look(struct looking *l, const char *sql, const struct sql_value *values,
                                size_t values_len,
                                void (*each)(struct looking *l, const struct reader *row),
                                struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(l->call->host->store, sql, values, values_len, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (reader_next(row))
        each(l, row);
    return reader_close(row, err);
}

static enum err_class workers_look(struct looking *l, struct err *err)
{
    const struct sql_value after = sql_int(l->call->now_ms - NOBODY_MS);
    int64_t living = 0;
    enum err_class class_ = store_read_int(l->call->host->store, SQL_ATTENTION_WORKERS, &after, 1,
                                           0, &living, err);
    if (class_ == ERR_OK && living == 0)
        item_out(
            l, &(struct item){.kind = "nobody_works", .error = true, .next = API_TEXT_NEXT_WORKER});
    return class_;
}

static enum err_class sources_look(struct looking *l, struct err *err)
{
    const struct sql_value values[] = {l->scope.all, l->scope.ids,
                                       sql_int(l->call->now_ms - DRIFT_MS)};
    const struct sql_value now = sql_int(l->call->now_ms);
    enum err_class class_ = workers_look(l, err);
    if (class_ == ERR_OK)
        class_ = rows_look(l, SQL_ATTENTION_SHOPS, values, 2, shop_row, err);
    if (class_ == ERR_OK)
        class_ = rows_look(l, SQL_ATTENTION_DEAD, values, 2, dead_row, err);
    if (class_ == ERR_OK)
        class_ = rows_look(l, SQL_ATTENTION_STREAMS, values, 2, stream_row, err);
    if (class_ == ERR_OK)
        class_ = rows_look(l, SQL_ATTENTION_REJECTS, values, 2, reject_row, err);
    if (class_ == ERR_OK)
        class_ = rows_look(l, SQL_ATTENTION_DRIFT, values, 3, drift_row, err);
    if (class_ == ERR_OK && l->call->person->all_shops)
        class_ = rows_look(l, SQL_ATTENTION_BUDGETS, &now, 1, budget_row, err);
    return class_;
}

static const struct param params[] = {CONTROL_SHOP, {0}};

static enum err_class attention(struct call *call, struct err *err)
{
    struct looking l = {.call = call};
    enum err_class class_ = control_scope(call, &l.scope, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&l.out, &call->out);
    out_object(&l.out, NULL);
    out_list(&l.out, "items");
    class_ = sources_look(&l, err);
    out_end_list(&l.out);
    out_int(&l.out, "errors", l.counts[1]);
    out_int(&l.out, "warnings", l.counts[0]);
    out_time(&l.out, "as_of", call->now_ms);
    out_end_object(&l.out);
    return class_;
}

const struct route attention_routes[] = {
    {ROUTE_GET, "/api/v1/attention", "attention", RIGHT_READ, params, attention,
     .summary = "What needs a person, with the next step", .answer = "Attention"},
    {0},
};

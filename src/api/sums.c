#include "api/sums.h"

#include <assert.h>
#include <string.h>

#include "api/distinct.h"
#include "api/host.h"

enum { SUMS_SQL_BYTES_MAX = 32 * 1024, SUMS_VALUES_MAX = 4096 };

/* What is read of ad_day is of one video each. */
static const struct sums_special ad_specials[] = {
    {.column = "videos", .sql = "max(CASE WHEN item_id <> '' THEN 1 ELSE 0 END)"}, {0}};
/* Days of a shop know the numbers of their videos (ad_item). */
static const struct sums_special ad_shop_specials[] = {{"videos", "sum(videos)", "video_list"},
                                                       {0}};
const char *const basis_words[] = {"created", "spent", NULL};
static const struct sums_table sums_of_ad_shops = {
    .name = "ad_shop_day",
    .family = "ad",
    .kind = "basis",
    .specials = ad_shop_specials,
    .extras = {"told", "provisional"},
};
const struct sums_table sums_of_ads = {
    .name = "ad_day",
    .family = "ad",
    .kind = "basis",
    .specials = ad_specials,
    .extras = {"told", "provisional"},
    .member = "item_id",
    .whole = &sums_of_ad_shops,
};
static const struct sums_special no_specials[] = {{0}};
const struct sums_table sums_of_sales = {
    .name = "trade_day",
    .family = "trade",
    .kind = "dimension",
    .specials = no_specials,
    .member = "member",
};

const struct metric_family *sums_family(const struct call *call, const struct sums_table *table)
{
    return metric_family(call->host->metrics, str_of(table->family));
}

static bool is_member(const struct sums_table *table, const char *column)
{
    return column && strcmp(column, table->member) == 0;
}

bool sums_of_members(const struct sums_query *query)
{
    return query->table->member && is_member(query->table, query->dims[0]);
}

/* The table that a query is read from. */
static const struct sums_table *table_of(const struct sums_query *query)
{
    bool members = !query->table->whole;
    for (size_t i = 0; i < SUMS_DIMS_MAX && !members; i++)
        members = is_member(query->table, query->dims[i]);
    for (size_t i = 0; i < SUMS_WHERE_MAX && !members; i++)
        members = is_member(query->table, query->where[i].column);
    return members ? query->table : query->table->whole;
}

/* --- the statement --- */

struct sums_statement {
    struct buf text;
    struct sql_value *values;
    size_t values_len;
    bool too_many;
};

static size_t place(struct sums_statement *statement, struct sql_value value)
{
    if (statement->values_len == SUMS_VALUES_MAX) {
        statement->too_many = true;
        return SUMS_VALUES_MAX;
    }
    statement->values[statement->values_len++] = value;
    return statement->values_len;
}

static const struct sums_special *special_of(const struct sums_table *table, struct str column)
{
    for (const struct sums_special *special = table->specials; special->column; special++)
        if (str_eq(str_of(special->column), column))
            return special;
    return NULL;
}

static bool column_is_there(const struct table *table, struct str column)
{
    return table_column(table, column) != SIZE_MAX;
}

static bool metric_is_added(const struct sums_table *sums, const struct table *table,
                            const struct metric *metric)
{
    return metric->kind == METRIC_ADD &&
           (special_of(sums, metric->column) || column_is_there(table, metric->column));
}

static void added_say(struct sums_statement *statement, struct str column)
{
    buf_printf(&statement->text, ", CAST(sum(%.*s) AS bigint)", STR_ARG(column));
}

static bool is_list(const struct sums_table *sums, const struct metric *metric)
{
    const struct sums_special *special = special_of(sums, metric->column);
    return metric->kind == METRIC_ADD && special && special->list;
}

static void list_say(struct call *call, struct sums_statement *statement,
                     const struct sums_special *special)
{
    bool postgres = strcmp(store_kind(call->host->store), "postgres") == 0;
    buf_printf(&statement->text,
               postgres ? ", CAST(%s AS bigint), string_agg(%s, ',')"
                        : ", CAST(%s AS bigint), group_concat(%s)",
               special->sql, special->list);
}

/* In the order in which metrics_read takes them. */
static void metrics_say(struct call *call, struct sums_statement *statement,
                        const struct sums_query *query, const struct table *table)
{
    const struct sums_table *sums = query->table;
    const struct metric_family *family = sums_family(call, sums);
    for (size_t i = 0; i < family->metrics_len; i++) {
        const struct metric *metric = &family->metrics[i];
        const struct sums_special *special = special_of(sums, metric->column);
        if (query->only && !query->only[i])
            continue;
        if (is_list(sums, metric))
            list_say(call, statement, special);
        else if (metric->kind == METRIC_ADD && special)
            buf_printf(&statement->text, ", CAST(%s AS bigint)", special->sql);
        else if (metric->kind == METRIC_ADD && column_is_there(table, metric->column))
            added_say(statement, metric->column);
        else if (metric->kind == METRIC_WEIGH)
            buf_printf(&statement->text,
                       ", CAST(sum(%.*s_weighed) AS bigint), CAST(sum(%.*s_%.*s) AS bigint)",
                       STR_ARG(metric->column), STR_ARG(metric->column), STR_ARG(metric->weight));
    }
}

/* One of these; at one of a few numbers of places, so that there are few different statements. */
static void one_of_say(struct sums_statement *statement, const char *column, const int64_t *numbers,
                       const struct str *texts, size_t len)
{
    size_t places = 1;
    if (!len) {
        buf_add(&statement->text, STR(" AND 1 = 0"));
        return;
    }
    while (places < len)
        places *= 2;
    buf_printf(&statement->text, " AND %s IN (", column);
    for (size_t i = 0; i < places; i++) {
        size_t at = i < len ? i : len - 1;
        buf_printf(&statement->text, i ? ", ?%zu" : "?%zu",
                   place(statement, numbers ? sql_int(numbers[at]) : sql_text(texts[at])));
    }
    buf_add(&statement->text, STR(")"));
}

static void part_say(struct sums_statement *statement, const struct period_part *part)
{
    buf_add(&statement->text, STR("1 = 1"));
    if (*part->from)
        buf_printf(&statement->text, " AND day >= ?%zu",
                   place(statement, sql_text(str_of(part->from))));
    if (*part->to)
        buf_printf(&statement->text, " AND day <= ?%zu",
                   place(statement, sql_text(str_of(part->to))));
    if (!part->all_shops)
        one_of_say(statement, "shop_id", part->shops, NULL, part->shops_len);
}

/* Shops in several days have an alternative each; of one alternative nothing stands between an index and its columns. */
static void period_say(struct sums_statement *statement, const struct sums_query *query)
{
    const struct period *period = query->period;
    buf_printf(&statement->text, " WHERE %s = ?%zu AND (", query->table->kind,
               place(statement, sql_text(str_of(query->kind))));
    for (size_t i = 0; i < period->parts_len; i++) {
        buf_add(&statement->text, i ? STR(" OR (") : STR("("));
        part_say(statement, &period->parts[i]);
        buf_add(&statement->text, STR(")"));
    }
    buf_add(&statement->text, STR(")"));
    if (query->named)
        buf_printf(&statement->text, " AND %s <> ''", query->dims[0]);
    if (query->members)
        one_of_say(statement, query->dims[0], NULL, query->members, query->members_len);
    for (size_t i = 0; i < SUMS_WHERE_MAX && query->where[i].column; i++)
        buf_printf(&statement->text, " AND %s = ?%zu", query->where[i].column,
                   place(statement, query->where[i].value));
}

static void groups_say(struct sums_statement *statement, const struct sums_query *query,
                       const char *before)
{
    buf_add(&statement->text, str_of(before));
    for (size_t i = 0; i < SUMS_DIMS_MAX && query->dims[i]; i++)
        buf_printf(&statement->text, "%s, ", query->dims[i]);
    buf_add(&statement->text, STR("currency"));
}

/* --- rows --- */

static bool dim_is_number(const char *dim)
{
    return strcmp(dim, "shop_id") == 0;
}

struct sums_reading {
    struct call *call;
    const struct sums_query *query;
    struct reader *reader;
    struct distinct distinct;
    int at; /* the next column */
};

static enum err_class list_read(struct sums_reading *reading, struct figure *out, struct err *err)
{
    int at = reading->at;
    reading->at += 2;
    out->known = true;
    return distinct_count(&reading->distinct, reader_text(reading->reader, at + 1),
                          reader_int(reading->reader, at), &out->number, err);
}

static enum err_class metrics_read(struct sums_reading *reading, struct metric_sums *out,
                                   struct err *err)
{
    const struct sums_table *sums = reading->query->table;
    const struct table *table = table_find(reading->call->host->catalog, str_of(sums->name));
    const struct metric_family *family = sums_family(reading->call, sums);
    struct reader *reader = reading->reader;
    enum err_class class_ = ERR_OK;
    out->many = true;
    for (size_t i = 0; !class_ && i < family->metrics_len; i++) {
        const struct metric *metric = &family->metrics[i];
        int at = reading->at;
        if (reading->query->only && !reading->query->only[i])
            continue;
        if (is_list(sums, metric)) {
            class_ = list_read(reading, &out->value[i], err);
        } else if (metric_is_added(sums, table, metric)) {
            out->value[i] = (struct figure){!reader_is_null(reader, at), reader_int(reader, at)};
            reading->at++;
        } else if (metric->kind == METRIC_WEIGH) {
            out->value[i].known = !reader_is_null(reader, at);
            out->weighed[i] = reader_int(reader, at);
            out->weights[i] = reader_int(reader, at + 1);
            reading->at += 2;
        }
    }
    return class_;
}

static enum err_class row_read(struct sums_reading *reading, struct sums_row *row, struct err *err)
{
    const struct sums_query *query = reading->query;
    struct reader *reader = reading->reader;
    int at = 0;
    *row = (struct sums_row){.currency = STR_NONE};
    for (size_t i = 0; i < SUMS_DIMS_MAX && query->dims[i]; i++, at++) {
        if (dim_is_number(query->dims[i]))
            row->numbers[i] = reader_int(reader, at);
        else
            row->dims[i] = reader_text(reader, at);
    }
    row->currency = reader_text(reader, at++);
    if (!query->only)
        row->any_shop = reader_int(reader, at++);
    for (size_t i = 0; i < SUMS_EXTRAS_MAX && query->table->extras[i] && !query->only; i++)
        row->sums.extras[i] = reader_int(reader, at++);
    reading->at = at;
    enum err_class class_ = metrics_read(reading, &row->sums.metrics, err);
    row->groups = query->best.limit ? reader_int(reader, reading->at) : 0;
    return class_;
}

/* A day without a sale has a cost and a profit of 0, which are known. Beside sales whose costs are not, they would make a
 * profit of 0 of one that nobody knows. */
static const char *const costed[] = {"goods_cost", "gmv_costed", "profit_before_ads"};
enum { COSTED = sizeof(costed) / sizeof(*costed) };

/* What rows are sorted by, in SQL; NULL: only the catalogue can tell. */
enum { SUM_SQL_BYTES = 400 };
static const char *sum_sql(const struct call *call, const struct sums_table *sums, size_t metric,
                           struct buf *room)
{
    const struct table *table = table_find(call->host->catalog, str_of(sums->name));
    const struct metric *of = &sums_family(call, sums)->metrics[metric];
    const struct sums_special *special = special_of(sums, of->column);
    bool is_costed = false;
    if (!metric_is_added(sums, table, of) || is_list(sums, of))
        return NULL;
    if (special)
        return special->sql;
    for (size_t i = 0; i < COSTED; i++)
        is_costed = is_costed || str_eq(str_of(costed[i]), of->name);
    if (is_costed) { /* as nothing_is_costed has it */
        buf_add(room, STR("CASE WHEN sum(cost_unknown) > 0"));
        for (size_t i = 0; i < COSTED; i++)
            buf_printf(room, " AND coalesce(sum(%s), 0) = 0", costed[i]);
        buf_printf(room, " THEN NULL ELSE sum(%.*s) END", STR_ARG(of->column));
    } else {
        buf_printf(room, "sum(%.*s)", STR_ARG(of->column));
    }
    return room->ptr;
}

static void needs_add(const struct metric_family *family, size_t metric, bool out[METRICS_MAX])
{
    const struct metric *of = &family->metrics[metric];
    out[metric] = true;
    for (size_t i = 0; i < of->parts_len; i++)
        needs_add(family, of->parts[i].metric, out);
}

void sums_needs(const struct metric_family *family, size_t metric, bool out[METRICS_MAX])
{
    bool needs_costs = false;
    memset(out, 0, METRICS_MAX * sizeof(*out));
    needs_add(family, metric, out);
    for (size_t i = 0; i < family->metrics_len; i++)
        for (size_t k = 0; k < COSTED; k++)
            needs_costs = needs_costs ||
                          (out[i] && str_eq(family->metrics[i].name, str_of(costed[k])));
    for (size_t k = 0; needs_costs && k < COSTED; k++) /* settled */
        out[metric_find(family, str_of(costed[k]))] = true;
    if (needs_costs)
        out[metric_find(family, STR("cost_unknown"))] = true;
}

bool sums_best_can(const struct call *call, const struct sums_query *query, size_t metric)
{
    char memory[SUM_SQL_BYTES];
    struct buf room;
    buf_init_lent(&room, memory, sizeof(memory));
    return sum_sql(call, table_of(query), metric, &room) != NULL;
}

static void best_say(struct call *call, struct sums_statement *statement,
                     const struct sums_query *query)
{
    char memory[SUM_SQL_BYTES];
    struct buf room;
    const char *way = query->best.down ? " DESC" : "";
    buf_init_lent(&room, memory, sizeof(memory));
    const char *sql = sum_sql(call, query->table, query->best.metric, &room);
    buf_printf(&statement->text, " ORDER BY %s IS NULL, %s%s, ", sql, sql, way);
    for (size_t i = 0; i < SUMS_DIMS_MAX && query->dims[i]; i++)
        buf_printf(&statement->text, "%s%s, ", query->dims[i], way);
    buf_printf(&statement->text, "currency%s LIMIT ?%zu", way,
               place(statement, sql_int(query->best.limit)));
    if (query->best.offset)
        buf_printf(&statement->text, " OFFSET ?%zu", place(statement, sql_int(query->best.offset)));
}

static enum err_class statement_make(struct call *call, struct sums_statement *statement,
                                     const struct sums_query *query, struct err *err)
{
    const struct table *table = table_find(call->host->catalog, str_of(query->table->name));
    statement->values = arena_array(call->arena, SUMS_VALUES_MAX, sizeof(*statement->values));
    if (!statement->values)
        return err_no_memory(err);
    groups_say(statement, query, "SELECT ");
    if (!query->only)
        buf_add(&statement->text, STR(", max(shop_id)"));
    for (size_t i = 0; i < SUMS_EXTRAS_MAX && query->table->extras[i] && !query->only; i++)
        added_say(statement, str_of(query->table->extras[i]));
    metrics_say(call, statement, query, table);
    if (query->best.limit)
        buf_add(&statement->text, STR(", count(*) OVER ()"));
    buf_printf(&statement->text, " FROM %s", query->table->name);
    period_say(statement, query);
    groups_say(statement, query, " GROUP BY ");
    if (query->best.limit)
        best_say(call, statement, query);
    else if (!query->unordered)
        groups_say(statement, query, " ORDER BY ");
    if (statement->too_many || statement->text.failed)
        return err_set(err, ERR_USAGE, "list_values", "more shops than one statement holds");
    return ERR_OK;
}

static enum err_class rows_take(struct sums_reading *reading, sums_each *each, void *context,
                                struct err *err)
{
    struct sums_row row;
    enum err_class class_ = ERR_OK;
    while (!class_ && reader_next(reading->reader)) {
        class_ = row_read(reading, &row, err);
        class_ = class_ ? class_ : each(&row, context, err);
    }
    distinct_fini(&reading->distinct);
    return class_;
}

static enum err_class asked(struct call *call, struct reader *snapshot, struct sums_query query,
                            sums_each *each, void *context, struct err *err)
{
    struct sums_statement statement = {.values = NULL};
    struct sums_reading reading = {.call = call, .query = &query, .reader = snapshot};
    query.table = table_of(&query);
    buf_init(&statement.text, SUMS_SQL_BYTES_MAX);
    enum err_class class_ = statement_make(call, &statement, &query, err);
    if (!class_ && snapshot)
        class_ = snapshot_read(snapshot, statement.text.ptr, statement.values, statement.values_len,
                               err);
    else if (!class_)
        class_ = store_read(call->host->store, statement.text.ptr, statement.values,
                            statement.values_len, &reading.reader, err);
    if (!class_)
        class_ = rows_take(&reading, each, context, err);
    if (!snapshot && reading.reader) {
        enum err_class closed = reader_close(reading.reader, class_ ? NULL : err);
        class_ = class_ ? class_ : closed;
    }
    buf_fini(&statement.text);
    return class_;
}

enum err_class sums_read_in(struct call *call, struct reader *snapshot,
                            const struct sums_query *query, sums_each *each, void *context,
                            struct err *err)
{
    return asked(call, snapshot, *query, each, context, err);
}

enum err_class sums_read(struct call *call, const struct sums_query *query, sums_each *each,
                         void *context, struct err *err)
{
    return asked(call, NULL, *query, each, context, err);
}

/* --- adding up --- */

void sums_init(struct sums *sums)
{
    *sums = (struct sums){.metrics.many = true};
}

void sums_zero(const struct call *call, const struct sums_table *table, struct sums *out)
{
    const struct metric_family *family = sums_family(call, table);
    const struct table *columns = table_find(call->host->catalog, str_of(table->name));
    sums_init(out);
    for (size_t i = 0; i < family->metrics_len; i++)
        out->metrics.value[i].known = family->metrics[i].kind == METRIC_WEIGH ||
                                      metric_is_added(table, columns, &family->metrics[i]);
}

enum err_class sums_add(const struct metric_family *family, struct sums *into,
                        const struct sums *from, struct err *err)
{
    bool fits = true;
    for (size_t i = 0; i < family->metrics_len; i++) {
        struct figure *value = &into->metrics.value[i];
        if (!from->metrics.value[i].known)
            continue;
        fits = fits && i64_add(value->number, from->metrics.value[i].number, &value->number) &&
               i64_add(into->metrics.weighed[i], from->metrics.weighed[i],
                       &into->metrics.weighed[i]) &&
               i64_add(into->metrics.weights[i], from->metrics.weights[i],
                       &into->metrics.weights[i]);
        value->known = true;
    }
    for (size_t i = 0; i < SUMS_EXTRAS_MAX; i++)
        fits = fits && i64_add(into->extras[i], from->extras[i], &into->extras[i]);
    return fits ? ERR_OK : err_set(err, ERR_INTERNAL, "metric_range", "a sum does not fit 64 bits");
}

static bool nothing_is_costed(const struct metric_family *family, const struct metric_sums *sums)
{
    size_t unknown = metric_find(family, STR("cost_unknown"));
    bool nothing = unknown != SIZE_MAX && sums->value[unknown].number > 0;
    for (size_t i = 0; i < COSTED && nothing; i++)
        nothing = sums->value[metric_find(family, str_of(costed[i]))].number == 0;
    return nothing;
}

static const struct metric_sums *settled(const struct metric_family *family,
                                         const struct metric_sums *sums, struct metric_sums *room)
{
    if (!nothing_is_costed(family, sums))
        return sums;
    *room = *sums;
    for (size_t i = 0; i < COSTED; i++)
        room->value[metric_find(family, str_of(costed[i]))].known = false;
    return room;
}

enum err_class sums_figures(const struct metric_family *family, const struct sums *sums,
                            struct str currency, struct figure out[METRICS_MAX], struct err *err)
{
    struct metric_sums room;
    int exponent = currency_exponent(currency);
    return metrics_work_out(family, settled(family, &sums->metrics, &room),
                            exponent < 0 ? 2 : exponent, out, err);
}

enum err_class sums_figure(const struct metric_family *family, const struct sums *sums,
                           struct str currency, size_t metric, struct figure *out, struct err *err)
{
    struct metric_sums room;
    int exponent = currency_exponent(currency);
    return metrics_work_out_one(family, settled(family, &sums->metrics, &room),
                                exponent < 0 ? 2 : exponent, metric, out, err);
}

void figures_write(struct out *out, const struct metric_family *family,
                   const struct figure figures[METRICS_MAX], struct str currency)
{
    char name[64];
    for (size_t i = 0; i < family->metrics_len; i++) {
        struct buf text;
        buf_init_lent(&text, name, sizeof(name));
        buf_add(&text, family->metrics[i].name);
        out_figure(out, name, &family->metrics[i], figures[i], currency);
    }
}

enum err_class total_add(const struct metric_family *family, struct sums_total *total,
                         struct str currency, const struct sums *from, struct err *err)
{
    size_t at = 0;
    while (at < total->len && !str_eq(str_of(total->currency[at]), currency))
        at++;
    if (at == SUMS_CURRENCIES_MAX || currency.len > CURRENCY_BYTES_MAX)
        return err_set(err, ERR_BAD_REQUEST, "two_currencies", "amounts of more than %d currencies",
                       SUMS_CURRENCIES_MAX);
    if (at == total->len) {
        total->len++;
        sums_init(&total->sums[at]);
        memcpy(total->currency[at], currency.ptr ? currency.ptr : "", currency.len);
        total->currency[at][currency.len] = '\0';
    }
    return sums_add(family, &total->sums[at], from, err);
}

struct total_reading {
    const struct metric_family *family;
    struct sums_total *total;
};

static enum err_class row_total(const struct sums_row *row, void *context, struct err *err)
{
    struct total_reading *reading = context;
    return total_add(reading->family, reading->total, row->currency, &row->sums, err);
}

enum err_class sums_total_read(struct call *call, const struct sums_query *query,
                               struct sums_total *out, struct err *err)
{
    struct total_reading reading = {sums_family(call, query->table), out};
    out->len = 0;
    return sums_read(call, query, row_total, &reading, err);
}

enum err_class total_one_write(struct call *call, struct out *out, const struct sums_table *table,
                               const struct sums *sums, struct str currency, struct err *err)
{
    struct figure figures[METRICS_MAX];
    const struct metric_family *family = sums_family(call, table);
    enum err_class class_ = sums_figures(family, sums, currency, figures, err);
    if (class_)
        return class_;
    out_text(out, "currency", currency);
    figures_write(out, family, figures, currency);
    for (size_t i = 0; i < SUMS_EXTRAS_MAX && table->extras[i]; i++)
        out_int(out, table->extras[i], sums->extras[i]);
    return ERR_OK;
}

enum err_class total_write(struct call *call, struct out *out, const char *key,
                           const struct sums_table *table, const struct sums_total *total,
                           struct err *err)
{
    enum err_class class_ = ERR_OK;
    out_list(out, key);
    for (size_t i = 0; !class_ && i < total->len; i++) {
        out_object(out, NULL);
        class_ = total_one_write(call, out, table, &total->sums[i], str_of(total->currency[i]),
                                 err);
        out_end_object(out);
    }
    out_end_list(out);
    return class_;
}

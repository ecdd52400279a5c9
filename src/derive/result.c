/* Rows of result tables: read as they are stored, worked out, and written where they differ. */
#include <stdlib.h>

#include "derive/engine.h"
#include "derive/sql.h"

enum { SQL_BYTES_MAX = 64 * 1024 };

static const char *const result_tables[RESULT_TABLES] = {"ad_result", "trade_result"};

/* --- statements --- */

static void columns_write(struct buf *out, const struct table *table, const char *before)
{
    for (size_t i = 0; i < table->columns_len; i++)
        buf_printf(out, "%s%s%.*s", i > 0 ? ", " : "", before, STR_ARG(table->columns[i].name));
}

static void read_write(struct buf *out, const struct result_sql *sql)
{
    struct str name = sql->table->name, key = sql->table->columns[sql->key].name;
    buf_add(out, STR("SELECT "));
    columns_write(out, sql->table, "r.");
    buf_printf(out,
               " FROM " LISTED_SQLITE("?2") " CROSS JOIN %.*s r ON r.shop_id = ?1"
                                            " AND r.%.*s = k.value" SQL_NEXT_DATABASE "SELECT ",
               STR_ARG(name), STR_ARG(key));
    columns_write(out, sql->table, "r.");
    buf_printf(out,
               " FROM " LISTED_POSTGRES("?2") " CROSS JOIN LATERAL (SELECT * FROM %.*s a"
                                              " WHERE a.shop_id = ?1 AND a.%.*s = k.value LIMIT 1)"
                                              " AS r" SQL_NEXT_DATABASE "SELECT ",
               STR_ARG(name), STR_ARG(key));
    columns_write(out, sql->table, "r.");
    buf_printf(out,
               " FROM " LISTED_MARIADB("?2") " STRAIGHT_JOIN %.*s r ON r.shop_id = ?1"
                                             " AND r.%.*s = k.value",
               STR_ARG(name), STR_ARG(key));
}

static void insert_form(struct buf *out, const struct result_sql *sql, bool lists, bool hasty)
{
    const struct table *table = sql->table;
    buf_printf(out, "INSERT INTO %.*s (", STR_ARG(table->name));
    columns_write(out, table, "");
    buf_add_char(out, ')');
    insert_values_write(out, table->columns_len, lists);
    if (hasty)
        return;
    buf_printf(out, " ON CONFLICT (shop_id, %.*s) DO UPDATE SET ",
               STR_ARG(table->columns[sql->key].name));
    const char *between = "";
    for (size_t i = 0; i < table->columns_len; i++) {
        if (table_key_has(table, i))
            continue;
        buf_printf(out, "%s%.*s = excluded.%.*s", between, STR_ARG(table->columns[i].name),
                   STR_ARG(table->columns[i].name));
        between = ", ";
    }
}

static void insert_write(struct buf *out, const struct result_sql *sql, bool hasty)
{
    insert_form(out, sql, false, hasty);
    buf_add(out, STR(SQL_NEXT_DATABASE));
    insert_form(out, sql, true, hasty);
    buf_add(out, STR(SQL_NEXT_DATABASE));
    insert_form(out, sql, false, hasty);
}

static const char *text_take(struct buf *text, struct arena *arena)
{
    const char *copy = text->failed ? NULL : arena_dup(arena, buf_str(text)).ptr;
    buf_reset(text);
    return copy;
}

enum err_class result_sql_make(struct derive *derive, struct err *err)
{
    struct buf text;
    bool made = true;
    buf_init(&text, SQL_BYTES_MAX);
    for (size_t i = 0; i < RESULT_TABLES; i++) {
        struct result_sql *sql = &derive->results[i];
        sql->table = table_find(store_catalog(derive->options.store), str_of(result_tables[i]));
        sql->key = sql->table->key[1];
        sql->kinds = arena_array(&derive->arena, sql->table->columns_len, sizeof(*sql->kinds));
        for (size_t k = 0; sql->kinds && k < sql->table->columns_len; k++)
            sql->kinds[k] = value_kind(sql->table->columns[k].type);
        read_write(&text, sql);
        sql->read = text_take(&text, &derive->arena);
        insert_write(&text, sql, true);
        sql->insert = text_take(&text, &derive->arena);
        insert_write(&text, sql, false);
        sql->write = text_take(&text, &derive->arena);
        buf_printf(&text, "DELETE FROM %.*s WHERE shop_id = ?1 AND %.*s = ?2",
                   STR_ARG(sql->table->name), STR_ARG(sql->table->columns[sql->key].name));
        sql->drop = text_take(&text, &derive->arena);
        made = made && sql->kinds && sql->read && sql->insert && sql->write && sql->drop;
    }
    buf_fini(&text);
    return made ? ERR_OK : err_no_memory(err);
}

static const struct result_sql *sql_of(const struct derive_work *work, const struct table *table)
{
    size_t at = 0;
    while (work->derive->results[at].table != table)
        at++;
    return &work->derive->results[at];
}

/* --- reading --- */

static int row_compare(const void *a, const void *b)
{
    return str_cmp(((const struct result_row *)a)->id, ((const struct result_row *)b)->id);
}

struct result_row *results_find(const struct results *results, struct str id)
{
    const struct result_row key = {.id = id};
    return results->len == 0
               ? NULL
               : bsearch(&key, results->rows, results->len, sizeof(*results->rows), row_compare);
}

struct stored_reading {
    const struct derive_work *work;
    struct results *results;
};

static enum err_class stored_take(struct reader *row, void *context, struct err *err)
{
    const struct stored_reading *reading = context;
    const struct results *results = reading->results;
    const struct table *table = results->table;
    struct result_row *of = results_find(results, reader_text(row, (int)results->key));
    if (!of)
        return ERR_OK;
    of->stored = arena_array(reading->work->arena, table->columns_len, sizeof(*of->stored));
    enum err_class class_ = of->stored ? ERR_OK : err_no_memory(err);
    for (size_t i = 0; !class_ && i < table->columns_len; i++)
        class_ = value_read(row, (int)i, table->columns[i].type, reading->work->arena,
                            &of->stored[i], err);
    return class_;
}

enum err_class results_read(const struct derive_work *work, struct str table, const struct str *ids,
                            size_t ids_len, struct results *out, struct err *err)
{
    *out = (struct results){.table = table_find(store_catalog(work->derive->options.store), table)};
    const struct result_sql *sql = sql_of(work, out->table);
    out->key = sql->key;
    out->rows = arena_array(work->arena, ids_len + 1, sizeof(*out->rows));
    if (!out->rows)
        return err_no_memory(err);
    for (size_t i = 0; i < ids_len; i++)
        out->rows[i].id = ids[i];
    qsort(out->rows, ids_len, sizeof(*out->rows), row_compare);
    for (size_t i = 0; i < ids_len; i++)
        if (out->len == 0 || !str_eq(out->rows[out->len - 1].id, out->rows[i].id))
            out->rows[out->len++].id = out->rows[i].id;
    struct str *unique = arena_array(work->arena, out->len + 1, sizeof(*unique));
    if (!unique)
        return err_no_memory(err);
    for (size_t i = 0; i < out->len; i++)
        unique[i] = out->rows[i].id;
    const struct sql_value values[] = {sql_int(work->shop_id),
                                       ids_json(unique, out->len, work->arena)};
    struct stored_reading reading = {work, out};
    return values[1].text.ptr ? work_query(work, sql->read, values, 2, stored_take, &reading, err)
                              : err_no_memory(err);
}

/* --- values --- */

void result_set(const struct results *results, struct result_row *row, const char *column,
                struct sql_value value)
{
    size_t at = table_column(results->table, str_of(column));
    size_t bytes_max = results->table->columns[at].bytes_max;
    if (value.kind == SQL_TEXT && bytes_max > 0)
        value.text = str_utf8_head(value.text, bytes_max);
    row->values[at] = value;
}

struct sql_value result_get(const struct results *results, const struct sql_value *values,
                            const char *column)
{
    return values[table_column(results->table, str_of(column))];
}

enum err_class result_make(const struct derive_work *work, const struct results *results,
                           struct result_row *row, struct err *err)
{
    const struct table *table = results->table;
    row->values = arena_array(work->arena, table->columns_len, sizeof(*row->values));
    if (!row->values)
        return err_no_memory(err);
    for (size_t i = 0; i < table->columns_len; i++)
        row->values[i] = sql_null();
    result_set(results, row, "shop_id", sql_int(work->shop_id));
    row->values[results->key] = sql_text(row->id);
    result_set(results, row, "changed_ms", sql_int(work->now_ms));
    return ERR_OK;
}

void result_metrics(const struct derive_work *work, const struct results *results,
                    struct result_row *row, struct str family_name)
{
    const struct metric_family *family = metric_family(work->derive->metrics, family_name);
    struct metric_sums sums = {.many = false};
    struct figure out[METRICS_MAX];
    struct err err;
    int exponent = currency_exponent(result_get(results, row->values, "currency").text);
    for (size_t i = 0; i < family->metrics_len; i++) {
        const struct metric *metric = &family->metrics[i];
        size_t at = table_column(results->table, metric->column);
        if (metric->column.len > 0 && at != SIZE_MAX && row->values[at].kind == SQL_INT)
            sums.value[i] = (struct figure){true, row->values[at].number};
    }
    bool fits = metrics_work_out(family, &sums, exponent < 0 ? 2 : exponent, out, &err) == ERR_OK;
    for (size_t i = 0; i < family->metrics_len; i++) {
        const struct metric *metric = &family->metrics[i];
        size_t at = table_column(results->table, metric->name);
        if (at != SIZE_MAX && (metric->kind == METRIC_SUM || metric->kind == METRIC_DIVIDE))
            row->values[at] = sql_int_or_null(out[i].number, fits && out[i].known);
    }
}

/* --- writing --- */

static bool value_is(struct sql_value a, struct sql_value b)
{
    if (a.kind != b.kind)
        return false;
    return a.kind == SQL_TEXT ? str_eq(a.text, b.text) : a.kind == SQL_NULL || a.number == b.number;
}

bool result_differs(const struct results *results, const struct result_row *row, size_t *column)
{
    const struct table *table = results->table;
    if (!row->stored || !row->values) {
        *column = results->key;
        return row->stored || row->values;
    }
    for (*column = 0; *column < table->columns_len; ++*column)
        if (!value_is(row->stored[*column], row->values[*column]) &&
            !str_eq(table->columns[*column].name, STR("changed_ms")))
            return true;
    return false;
}

/* Those that are new, or those that were there. */
static enum err_class rows_write(const struct derive_work *work, const struct results *results,
                                 bool new_ones, struct err *err)
{
    const struct result_sql *sql = sql_of(work, results->table);
    const struct sql_value **rows = arena_array(work->arena, results->len + 1, sizeof(*rows));
    size_t len = 0;
    if (!rows)
        return err_no_memory(err);
    for (size_t i = 0; i < results->len; i++) {
        const struct result_row *row = &results->rows[i];
        if (row->changed && row->values && !row->stored == new_ones)
            rows[len++] = row->values;
    }
    return tx_later_rows(work->tx, new_ones && tx_hasty(work->tx) ? sql->insert : sql->write,
                         sql->kinds, results->table->columns_len, rows, len, err);
}

enum err_class results_write(const struct derive_work *work, const struct results *results,
                             struct err *err)
{
    enum err_class class_ = ERR_OK;
    if (results->len == 0)
        return ERR_OK;
    for (size_t i = 0; !class_ && i < results->len; i++) {
        struct result_row *row = &results->rows[i];
        const struct sql_value key[] = {sql_int(work->shop_id), sql_text(row->id)};
        size_t column;
        row->changed = result_differs(results, row, &column);
        if (row->changed && !row->values)
            class_ = work_later(work, sql_of(work, results->table)->drop, key, 2, err);
    }
    if (!class_)
        class_ = rows_write(work, results, true, err);
    return class_ ? class_ : rows_write(work, results, false, err);
}

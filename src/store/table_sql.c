/* The statements of a data table, made from its definition. */
#include "store/internal.h"

enum { SQL_BYTES_MAX = 64 * 1024 };

static const char *const personal_parts[] = {"_cipher", "_mask", "_index"};

/* Calls for every column of the database in order; `at` is its number in the INSERT. */
typedef void physical_visit(struct buf *out, const struct table *table, size_t column,
                            const char *part, int at);
/* Returns the number after the last one. */
static int physical_each(struct buf *out, const struct table *table, physical_visit *visit)
{
    int at = 2; /* ?1 is shop_id */
    for (size_t i = 0; i < table->columns_len; i++) {
        if (table->columns[i].type != COLUMN_PERSONAL) {
            visit(out, table, i, "", at++);
            continue;
        }
        for (size_t part = 0; part < 3; part++)
            visit(out, table, i, personal_parts[part], at++);
    }
    return at;
}

static void visit_name(struct buf *out, const struct table *table, size_t column, const char *part,
                       int at)
{
    buf_printf(out, "%s%.*s%s", at > 2 ? ", " : "", STR_ARG(table->columns[column].name), part);
}

static void visit_set(struct buf *out, const struct table *table, size_t column, const char *part,
                      int at)
{
    if (!table_key_has(table, column))
        buf_printf(out, "%.*s%s = ?%d, ", STR_ARG(table->columns[column].name), part, at);
}

/* Where a key column stands in the INSERT. */
static int key_place(const struct table *table, size_t column)
{
    int at = 2;
    for (size_t i = 0; i < column; i++)
        at += table->columns[i].type == COLUMN_PERSONAL ? 3 : 1;
    return at;
}

/* The condition that finds the row: keys are ?1 ?2 … or, in the UPDATE, where the INSERT has them. */
static void where_write(struct buf *out, const struct table *table, bool as_in_insert)
{
    buf_add(out, STR(" WHERE shop_id = ?1"));
    for (size_t i = 0; i < table->key_len; i++) {
        int at = as_in_insert ? key_place(table, table->key[i]) : (int)i + 2;
        buf_printf(out, " AND %.*s = ?%d", STR_ARG(table->columns[table->key[i]].name), at);
    }
}

static const char *text_take(struct buf *text, struct arena *arena)
{
    const char *copy = text->failed ? NULL : arena_dup(arena, buf_str(text)).ptr;
    buf_reset(text);
    return copy;
}

void insert_values_write(struct buf *out, size_t values_len, bool lists)
{
    buf_add(out, lists ? STR(" SELECT ") : STR(" VALUES ("));
    for (size_t at = 1; at <= values_len; at++)
        buf_printf(out, lists ? "%sunnest(?%zu)" : "%s?%zu", at > 1 ? ", " : "", at);
    buf_add(out, lists ? STR("") : STR(")"));
}

static void guard_write(struct buf *out, const struct table *table)
{
    struct str updated = table->updated == SIZE_MAX ? STR("NULL")
                                                    : table->columns[table->updated].name;
    struct str status = table->status == SIZE_MAX ? STR("NULL")
                                                  : table->columns[table->status].name;
    buf_printf(out, "SELECT row_hash, received_ms, %.*s, %.*s FROM %.*s", STR_ARG(updated),
               STR_ARG(status), STR_ARG(table->name));
    where_write(out, table, false);
}

/* `lists`: each value is a list, of many rows (sql.h). `hasty`: none of them is there. */
static void insert_write(struct buf *out, const struct table *table, bool lists, bool hasty)
{
    buf_printf(out, "INSERT INTO %.*s (shop_id, ", STR_ARG(table->name));
    int last = physical_each(out, table, visit_name) + 3;
    buf_add(out, STR(", row_hash, received_ms, changed_ms, first_seen_ms)"));
    insert_values_write(out, (size_t)last, lists);
    if (hasty)
        return;
    buf_add(out, STR(" ON CONFLICT (shop_id"));
    for (size_t i = 0; i < table->key_len; i++)
        buf_printf(out, ", %.*s", STR_ARG(table->columns[table->key[i]].name));
    buf_add(out, STR(") DO NOTHING"));
}

static void update_write(struct buf *out, const struct table *table)
{
    buf_printf(out, "UPDATE %.*s SET ", STR_ARG(table->name));
    int at = physical_each(out, table, visit_set);
    buf_printf(out, "row_hash = ?%d, received_ms = ?%d, changed_ms = ?%d", at, at + 1, at + 2);
    where_write(out, table, true);
}

/* Keys as lists, ?2 ?3 …, each with its number k.n. The plan is made when the table may still be empty, and would
 * then read all rows of the shop for each key; LIMIT makes it look up key by key. */
static void keys_of_postgres(struct buf *out, const struct table *table)
{
    buf_add(out, STR(" FROM unnest("));
    for (size_t i = 0; i < table->key_len; i++)
        buf_printf(out, "%s?%zu", i ? ", " : "", i + 2);
    buf_add(out, STR(") WITH ORDINALITY AS k("));
    for (size_t i = 0; i < table->key_len; i++)
        buf_printf(out, "k%zu, ", i);
    buf_printf(out, "n) CROSS JOIN LATERAL (SELECT * FROM %.*s WHERE shop_id = ?1",
               STR_ARG(table->name));
    for (size_t i = 0; i < table->key_len; i++)
        buf_printf(out, " AND %.*s = k.k%zu", STR_ARG(table->columns[table->key[i]].name), i);
    buf_add(out, STR(" LIMIT 1) AS t"));
}

/* The lists as one document of rows. A key looks its row up, never the other way round. */
static void keys_of_mariadb(struct buf *out, const struct table *table)
{
    buf_add(out, STR(" FROM JSON_TABLE(?2, '$[*]' COLUMNS (n FOR ORDINALITY"));
    for (size_t i = 0; i < table->key_len; i++) {
        size_t bytes_max = table->columns[table->key[i]].bytes_max;
        if (bytes_max)
            buf_printf(out,
                       ", k%zu varchar(%zu) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
                       " PATH '$[%zu]'",
                       i, bytes_max, i);
        else
            buf_printf(out, ", k%zu bigint PATH '$[%zu]'", i, i);
    }
    buf_printf(out, ")) AS k STRAIGHT_JOIN %.*s t ON t.shop_id = ?1", STR_ARG(table->name));
    for (size_t i = 0; i < table->key_len; i++)
        buf_printf(out, " AND t.%.*s = k.k%zu", STR_ARG(table->columns[table->key[i]].name), i);
}

typedef void keys_write(struct buf *out, const struct table *table);

/* What `guard` reads, for all of them at once. */
static void guards_write(struct buf *out, const struct table *table, keys_write *keys)
{
    bool updated = table->updated != SIZE_MAX, status = table->status != SIZE_MAX;
    buf_printf(out, "SELECT k.n, t.row_hash, t.received_ms, %s%.*s, %s%.*s", updated ? "t." : "",
               STR_ARG(updated ? table->columns[table->updated].name : STR("NULL")),
               status ? "t." : "",
               STR_ARG(status ? table->columns[table->status].name : STR("NULL")));
    keys(out, table);
}

/* What `row` reads, with the number behind it. */
static void rows_write(struct buf *out, const struct table *table, keys_write *keys)
{
    buf_add(out, STR("SELECT "));
    physical_each(out, table, visit_name);
    buf_add(out, STR(", k.n"));
    keys(out, table);
    buf_add(out, STR(" ORDER BY k.n"));
}

/* SQLite looks up row by row. */
static void lists_write(struct buf *out, const struct table *table,
                        void (*write)(struct buf *out, const struct table *table, keys_write *keys))
{
    buf_add(out, STR(SQL_NEXT_DATABASE));
    write(out, table, keys_of_postgres);
    buf_add(out, STR(SQL_NEXT_DATABASE));
    write(out, table, keys_of_mariadb);
}

/* Many rows at once; MariaDB takes the statement of one with arrays, and gains nothing by haste. */
static const char *inserts_take(struct buf *text, const struct table *table, bool hasty,
                                struct arena *arena)
{
    buf_add(text, STR(SQL_NEXT_DATABASE));
    insert_write(text, table, true, hasty);
    buf_add(text, STR(SQL_NEXT_DATABASE));
    insert_write(text, table, false, false);
    return text_take(text, arena);
}

enum err_class table_sql_make(const struct table *table, struct arena *arena, struct table_sql *out,
                              struct err *err)
{
    struct buf text;
    buf_init(&text, SQL_BYTES_MAX);
    buf_printf(&text, "SELECT row_hash FROM %.*s", STR_ARG(table->name));
    where_write(&text, table, false);
    out->hash = text_take(&text, arena);
    guard_write(&text, table);
    out->guard = text_take(&text, arena);
    lists_write(&text, table, guards_write);
    out->guards = text_take(&text, arena);
    buf_add(&text, STR("SELECT "));
    physical_each(&text, table, visit_name);
    buf_printf(&text, " FROM %.*s", STR_ARG(table->name));
    where_write(&text, table, false);
    out->row = text_take(&text, arena);
    lists_write(&text, table, rows_write);
    out->rows = text_take(&text, arena);
    insert_write(&text, table, false, false);
    out->insert = text_take(&text, arena);
    out->inserts = inserts_take(&text, table, false, arena);
    out->inserts_hasty = inserts_take(&text, table, true, arena);
    update_write(&text, table);
    out->update = text_take(&text, arena);
    buf_fini(&text);
    bool made = out->hash && out->guard && out->guards && out->row && out->rows && out->insert &&
                out->inserts && out->inserts_hasty && out->update;
    return made ? ERR_OK : err_no_memory(err);
}

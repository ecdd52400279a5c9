/* DDL from table definitions. The text of a migration must never change once it was released (its
 * checksum is kept), so a step is made only from what that number brings: comments and later
 * columns leave it alone. */
#include "store/internal.h"

#include <stdio.h>

/* "name TYPE" or the three columns of a personal value, each between `before` and `end`. */
static void ddl_column(struct buf *out, const struct column *column, const char *before,
                       const char *end, const struct ddl_dialect *dialect)
{
    if (column->type != COLUMN_PERSONAL) {
        buf_printf(out, "%s%.*s %s%s%s", before, STR_ARG(column->name),
                   dialect->types[column->type], column->required ? " NOT NULL" : "", end);
        return;
    }
    static const char *const parts[] = {"cipher", "mask", "index"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        buf_printf(out, "%s%.*s_%s %s%s", before, STR_ARG(column->name), parts[i],
                   dialect->types[COLUMN_TEXT], end);
}

static void ddl_names(struct buf *out, const struct table *table, const size_t *columns,
                      size_t columns_len)
{
    if (table->data)
        buf_add(out, STR("shop_id"));
    for (size_t i = 0; i < columns_len; i++)
        buf_printf(out, "%s%.*s", i || table->data ? ", " : "",
                   STR_ARG(table->columns[columns[i]].name));
}

static void ddl_table(struct buf *out, const struct table *table, const struct ddl_dialect *dialect)
{
    static const char next[] = ",\n    ";
    const char *number = dialect->types[COLUMN_INT];
    const char *before = "";
    buf_printf(out, "CREATE %sTABLE %.*s (\n    ",
               table->passing && dialect->passing ? dialect->passing : "", STR_ARG(table->name));
    if (table->data) {
        buf_printf(out, "shop_id %s NOT NULL", number);
        before = next;
    }
    for (size_t i = 0; i < table->columns_len; i++) {
        const struct column *column = &table->columns[i];
        if (column->since != table->since)
            continue;
        if (table->serial && i == table->key[0])
            buf_printf(out, "%s%.*s %s", before, STR_ARG(column->name),
                       dialect->months && table->months != SIZE_MAX ? dialect->serial_apart
                                                                    : dialect->serial_key);
        else
            ddl_column(out, column, before, "", dialect);
        before = next;
    }
    if (table->data)
        buf_printf(out,
                   "%srow_hash %s NOT NULL%sreceived_ms %s NOT NULL"
                   "%sfirst_seen_ms %s NOT NULL%schanged_ms %s NOT NULL",
                   next, dialect->types[COLUMN_BYTES], next, number, next, number, next, number);
    bool apart = dialect->months && table->months != SIZE_MAX;
    if (!table->serial || apart) { /* else a serial key says so at its column */
        buf_printf(out, "%sPRIMARY KEY (", next);
        ddl_names(out, table, table->key, table->key_len);
        if (!table_key_has(table, table->months) && apart)
            buf_printf(out, ", %.*s", STR_ARG(table->columns[table->months].name));
        buf_add(out, STR(")"));
    }
    buf_add(out, STR("\n)"));
    if (apart)
        buf_printf(out, " PARTITION BY RANGE (%.*s)", STR_ARG(table->columns[table->months].name));
    buf_printf(out, "%s;\n", table->clustered ? dialect->clustered_end : dialect->table_end);
    if (apart)
        buf_printf(out, "CREATE TABLE %.*s_rest PARTITION OF %.*s DEFAULT;\n", STR_ARG(table->name),
                   STR_ARG(table->name));
}

static void ddl_added_columns(struct buf *out, const struct table *table, unsigned number,
                              const struct ddl_dialect *dialect)
{
    char before[128]; /* names have at most 48 bytes */
    snprintf(before, sizeof(before), "ALTER TABLE %.*s ADD COLUMN ", STR_ARG(table->name));
    for (size_t i = 0; i < table->columns_len; i++)
        if (table->columns[i].since == number)
            ddl_column(out, &table->columns[i], before, ";\n", dialect);
}

static void ddl_indexes(struct buf *out, const struct table *table, unsigned number)
{
    for (size_t i = 0; i < table->indexes_len; i++) {
        const struct index_def *index = &table->indexes[i];
        if (index->since != number)
            continue;
        buf_printf(out, "CREATE %sINDEX %.*s_%.*s ON %.*s (", index->unique ? "UNIQUE " : "",
                   STR_ARG(table->name), STR_ARG(index->name), STR_ARG(table->name));
        ddl_names(out, table, index->columns, index->columns_len);
        buf_add(out, STR(")"));
        if (index->where.len)
            buf_printf(out, " WHERE %.*s", STR_ARG(index->where));
        buf_add(out, STR(";\n"));
    }
    /* Exact search for a personal value; rows without one cost nothing. */
    for (size_t i = 0; i < table->columns_len; i++) {
        const struct column *column = &table->columns[i];
        if (column->type == COLUMN_PERSONAL && column->since == number)
            buf_printf(out,
                       "CREATE INDEX %.*s_%.*s_index ON %.*s (shop_id, %.*s_index)"
                       " WHERE %.*s_index IS NOT NULL;\n",
                       STR_ARG(table->name), STR_ARG(column->name), STR_ARG(table->name),
                       STR_ARG(column->name), STR_ARG(column->name));
    }
}

void ddl_write(struct buf *out, const struct table_catalog *catalog, unsigned number,
               const struct ddl_dialect *dialect)
{
    for (size_t i = 0; i < catalog->tables_len; i++) {
        const struct table *table = &catalog->tables[i];
        if (table->since == number)
            ddl_table(out, table, dialect);
        else if (table->since < number)
            ddl_added_columns(out, table, number, dialect);
        ddl_indexes(out, table, number);
    }
}

/* A column's comment where the table's columns are; a personal one has three. */
static void ddl_comment(struct buf *out, const struct table *table, struct str column,
                        const char *part, struct str comment)
{
    if (comment.len == 0)
        return;
    buf_printf(out, "COMMENT ON %s %.*s", column.len ? "COLUMN" : "TABLE", STR_ARG(table->name));
    if (column.len)
        buf_printf(out, ".%.*s%s", STR_ARG(column), part);
    buf_add(out, STR(" IS '"));
    for (size_t i = 0; i < comment.len; i++) {
        if (comment.ptr[i] == '\'')
            buf_add_char(out, '\'');
        buf_add_char(out, comment.ptr[i]);
    }
    buf_add(out, STR("';\n"));
}

void ddl_write_comments(struct buf *out, const struct table_catalog *catalog)
{
    for (size_t i = 0; i < catalog->tables_len; i++) {
        const struct table *table = &catalog->tables[i];
        ddl_comment(out, table, STR_NONE, "", table->comment);
        for (size_t c = 0; c < table->columns_len; c++) {
            const struct column *column = &table->columns[c];
            bool personal = column->type == COLUMN_PERSONAL;
            ddl_comment(out, table, column->name, personal ? "_mask" : "", column->comment);
        }
    }
}

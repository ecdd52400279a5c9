/* DDL from table definitions. The text of a migration must never change once it was released (its
 * checksum is kept), so a step is made only from what that number brings: comments and later
 * columns leave it alone. */
#include "store/internal.h"

#include <limits.h>
#include <stdio.h>

/* As it is from step `number` on. */
static void ddl_type(struct buf *out, const struct column *column, unsigned number,
                     const struct ddl_dialect *dialect)
{
    if (dialect->bounded_text && column->bytes_max && column->bounded_since <= number)
        buf_printf(out, "%s(%zu)", dialect->bounded_text, column->bytes_max);
    else
        buf_add(out, str_of(dialect->types[column->type]));
    buf_add(out, column->required ? STR(" NOT NULL") : STR_NONE);
}

static const char *const personal_parts[] = {"cipher", "mask", "index"};
enum { PERSONAL_PARTS = 3, PERSONAL_INDEX = 2, PERSONAL_INDEX_BYTES = 191 };

static void ddl_personal_type(struct buf *out, size_t part, const struct ddl_dialect *dialect)
{
    if (dialect->bounded_text && part == PERSONAL_INDEX)
        buf_printf(out, "%s(%d)", dialect->bounded_text, PERSONAL_INDEX_BYTES);
    else
        buf_add(out, str_of(dialect->types[COLUMN_TEXT]));
}

/* "name TYPE" or the three columns of a personal value, each between `before` and `end`. */
static void ddl_column(struct buf *out, const struct column *column, unsigned number,
                       const char *before, const char *end, const struct ddl_dialect *dialect)
{
    if (column->type != COLUMN_PERSONAL) {
        buf_printf(out, "%s%.*s ", before, STR_ARG(column->name));
        ddl_type(out, column, number, dialect);
        buf_add(out, str_of(end));
        return;
    }
    for (size_t i = 0; i < PERSONAL_PARTS; i++) {
        buf_printf(out, "%s%.*s_%s ", before, STR_ARG(column->name), personal_parts[i]);
        ddl_personal_type(out, i, dialect);
        buf_add(out, str_of(end));
    }
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
    buf_printf(out, "CREATE %sTABLE %s%.*s (\n    ",
               table->passing && dialect->passing ? dialect->passing : "", dialect->if_absent,
               STR_ARG(table->name));
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
            ddl_column(out, column, table->since, before, "", dialect);
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
    snprintf(before, sizeof(before), "ALTER TABLE %.*s ADD COLUMN %s", STR_ARG(table->name),
             dialect->if_absent);
    for (size_t i = 0; i < table->columns_len; i++)
        if (table->columns[i].since == number)
            ddl_column(out, &table->columns[i], number, before, ";\n", dialect);
}

/* A text that was there before it came into an index gets its bound now. */
static void ddl_bounds(struct buf *out, const struct table *table, unsigned number,
                       const struct ddl_dialect *dialect)
{
    for (size_t i = 0; dialect->bounded_text && i < table->columns_len; i++) {
        const struct column *column = &table->columns[i];
        if (column->bytes_max == 0 || column->since == number || column->bounded_since != number)
            continue;
        buf_printf(out, "ALTER TABLE %.*s MODIFY COLUMN %.*s ", STR_ARG(table->name),
                   STR_ARG(column->name));
        ddl_type(out, column, number, dialect);
        buf_add(out, STR(";\n"));
    }
}

static bool index_has(const struct table *table, const struct index_def *index, struct str column)
{
    for (size_t i = 0; i < index->columns_len; i++)
        if (str_eq(table->columns[index->columns[i]].name, column))
            return true;
    return false;
}

/* Where an index cannot have a condition. A unique one gets a column more that is NULL, and so never like
 * another, where the condition does not hold; any other the column of the condition: in front where that has
 * one value, else behind. */
static void ddl_index_whole(struct buf *out, const struct table *table,
                            const struct index_def *index, const struct ddl_dialect *dialect)
{
    struct str condition = index_condition_column(index);
    bool missing = condition.len > 0 && !index_has(table, index, condition);
    bool first = missing &&
                 str_starts(str_sub(index->where, condition.len, index->where.len), STR(" = "));
    if (index->unique && condition.len)
        buf_printf(out,
                   "ALTER TABLE %.*s ADD COLUMN %s%.*s_holds tinyint AS (CASE WHEN %.*s THEN 1 END)"
                   " PERSISTENT INVISIBLE;\n",
                   STR_ARG(table->name), dialect->if_absent, STR_ARG(index->name),
                   STR_ARG(index->where));
    buf_printf(out, "CREATE %sINDEX %s%.*s_%.*s ON %.*s (", index->unique ? "UNIQUE " : "",
               dialect->if_absent, STR_ARG(table->name), STR_ARG(index->name),
               STR_ARG(table->name));
    if (first && !index->unique)
        buf_printf(out, "%.*s, ", STR_ARG(condition));
    ddl_names(out, table, index->columns, index->columns_len);
    if (index->unique && condition.len)
        buf_printf(out, ", %.*s_holds", STR_ARG(index->name));
    else if (missing && !first)
        buf_printf(out, ", %.*s", STR_ARG(condition));
    buf_add(out, STR(");\n"));
}

static void ddl_index(struct buf *out, const struct table *table, const struct index_def *index)
{
    buf_printf(out, "CREATE %sINDEX %.*s_%.*s ON %.*s (", index->unique ? "UNIQUE " : "",
               STR_ARG(table->name), STR_ARG(index->name), STR_ARG(table->name));
    ddl_names(out, table, index->columns, index->columns_len);
    buf_add(out, STR(")"));
    if (index->where.len)
        buf_printf(out, " WHERE %.*s", STR_ARG(index->where));
    buf_add(out, STR(";\n"));
}

/* Exact search for a personal value; where conditions are known rows without one cost nothing. */
static void ddl_personal_index(struct buf *out, const struct table *table,
                               const struct column *column, const struct ddl_dialect *dialect)
{
    buf_printf(out, "CREATE INDEX %s%.*s_%.*s_index ON %.*s (shop_id, %.*s_index)",
               dialect->if_absent, STR_ARG(table->name), STR_ARG(column->name),
               STR_ARG(table->name), STR_ARG(column->name));
    if (dialect->index_conditions)
        buf_printf(out, " WHERE %.*s_index IS NOT NULL", STR_ARG(column->name));
    buf_add(out, STR(";\n"));
}

static void ddl_index_end(struct buf *out, const struct table *table, const struct index_def *index,
                          const struct ddl_dialect *dialect)
{
    buf_printf(out, "DROP INDEX %s%.*s_%.*s", dialect->if_there, STR_ARG(table->name),
               STR_ARG(index->name));
    if (dialect->index_of_table)
        buf_printf(out, " ON %.*s", STR_ARG(table->name));
    buf_add(out, STR(";\n"));
}

static void ddl_indexes(struct buf *out, const struct table *table, unsigned number,
                        const struct ddl_dialect *dialect)
{
    for (size_t i = 0; i < table->indexes_len; i++) {
        const struct index_def *index = &table->indexes[i];
        if (index->until == number)
            ddl_index_end(out, table, index, dialect);
        if (index->since != number)
            continue;
        if (dialect->index_conditions)
            ddl_index(out, table, index);
        else
            ddl_index_whole(out, table, index, dialect);
    }
    for (size_t i = 0; i < table->columns_len; i++)
        if (table->columns[i].type == COLUMN_PERSONAL && table->columns[i].since == number)
            ddl_personal_index(out, table, &table->columns[i], dialect);
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
        ddl_bounds(out, table, number, dialect);
        ddl_indexes(out, table, number, dialect);
    }
}

static void ddl_quoted(struct buf *out, struct str text)
{
    buf_add_char(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'')
            buf_add_char(out, '\'');
        buf_add_char(out, text.ptr[i]);
    }
    buf_add_char(out, '\'');
}

/* A personal column's comment stands at the part that people see. */
static const char *commented_part(const struct column *column)
{
    return column->type == COLUMN_PERSONAL ? "_mask" : "";
}

static void ddl_comments_on(struct buf *out, const struct table *table)
{
    buf_printf(out, "COMMENT ON TABLE %.*s IS ", STR_ARG(table->name));
    ddl_quoted(out, table->comment);
    buf_add(out, STR(";\n"));
    for (size_t i = 0; i < table->columns_len; i++) {
        const struct column *column = &table->columns[i];
        if (column->comment.len == 0)
            continue;
        buf_printf(out, "COMMENT ON COLUMN %.*s.%.*s%s IS ", STR_ARG(table->name),
                   STR_ARG(column->name), commented_part(column));
        ddl_quoted(out, column->comment);
        buf_add(out, STR(";\n"));
    }
}

/* A comment is part of the column's definition, which is repeated as it is by now. */
static void ddl_comments_modify(struct buf *out, const struct table *table,
                                const struct ddl_dialect *dialect)
{
    enum { PERSONAL_MASK = 1 };
    buf_printf(out, "ALTER TABLE %.*s COMMENT = ", STR_ARG(table->name));
    ddl_quoted(out, table->comment);
    for (size_t i = 0; i < table->columns_len; i++) {
        const struct column *column = &table->columns[i];
        if (column->comment.len == 0 || (table->serial && i == table->key[0]))
            continue;
        buf_printf(out, ",\n    MODIFY COLUMN %.*s%s ", STR_ARG(column->name),
                   commented_part(column));
        if (column->type == COLUMN_PERSONAL)
            ddl_personal_type(out, PERSONAL_MASK, dialect);
        else
            ddl_type(out, column, UINT_MAX, dialect);
        buf_add(out, STR(" COMMENT "));
        ddl_quoted(out, column->comment);
    }
    buf_add(out, STR(";\n"));
}

void ddl_write_comments(struct buf *out, const struct table_catalog *catalog,
                        const struct ddl_dialect *dialect)
{
    for (size_t i = 0; i < catalog->tables_len; i++) {
        if (dialect->comments == DDL_COMMENT_MODIFY)
            ddl_comments_modify(out, &catalog->tables[i], dialect);
        else
            ddl_comments_on(out, &catalog->tables[i]);
    }
}

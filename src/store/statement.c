/* Running statements on a connection, and what a caller sees of the rows. */
#include "store/internal.h"

#include <assert.h>
#include <string.h>

static const char VARIANT_END = SQL_NEXT_DATABASE[0];

struct str sql_variant(const char *sql, unsigned variant)
{
    const char *first = sql;
    const char *end = strchrnul(sql, VARIANT_END);
    for (; variant > 0 && *end; variant--) {
        sql = end + 1;
        end = strchrnul(sql, VARIANT_END);
    }
    struct str text = {sql, (size_t)(end - sql)};
    return str_eq(text, STR(SQL_AS_SQLITE)) ? sql_variant(first, 0) : text;
}

struct sql_value sql_int(int64_t number)
{
    return (struct sql_value){.kind = SQL_INT, .number = number};
}

struct sql_value sql_text(struct str text)
{
    return (struct sql_value){.kind = SQL_TEXT, .text = text};
}

struct sql_value sql_bytes(struct str bytes)
{
    return (struct sql_value){.kind = SQL_BYTES, .text = bytes};
}

struct sql_value sql_null(void)
{
    return (struct sql_value){.kind = SQL_NULL};
}

struct sql_value sql_int_or_null(int64_t number, bool present)
{
    return present ? sql_int(number) : sql_null();
}

struct sql_value sql_outcome(enum row_outcome outcome)
{
    static const enum sql_kind kinds[ROW_OUTCOMES] = {
        [ROW_NEW] = SQL_ROWS_NEW,
        [ROW_CHANGED] = SQL_ROWS_CHANGED,
        [ROW_SAME] = SQL_ROWS_SAME,
        [ROW_OLDER] = SQL_ROWS_OLDER,
    };
    return (struct sql_value){.kind = kinds[outcome]};
}

static enum err_class stmt_bind(struct stmt *stmt, const struct sql_value *values,
                                size_t values_len, struct err *err)
{
    if (FAIL_POINT("store.query"))
        return err_set(err, ERR_STORE, "store_io", "fail point store.query");
    for (size_t i = 0; i < values_len; i++) {
        enum err_class class_ = stmt->conn->ops->bind(stmt, (int)i + 1, &values[i], err);
        if (class_)
            return class_;
    }
    return ERR_OK;
}

enum err_class stmt_run(struct stmt *stmt, const struct sql_value *values, size_t values_len,
                        bool *row, struct err *err)
{
    enum err_class class_ = stmt_bind(stmt, values, values_len, err);
    return class_ ? class_ : stmt->conn->ops->step(stmt, row, err);
}

enum err_class stmt_later(struct stmt *stmt, const struct sql_value *values, size_t values_len,
                          const struct expected *expected, struct err *err)
{
    enum err_class class_ = stmt_bind(stmt, values, values_len, err);
    return class_ ? class_ : stmt->conn->ops->later(stmt, expected, err);
}

static bool has_nothing_to_do(const struct conn *conn, const char *sql)
{
    return sql_variant(sql, conn->ops->variant).len == 0;
}

enum err_class conn_exec(struct conn *conn, const char *sql, const struct sql_value *values,
                         size_t values_len, int64_t *rows_changed, struct err *err)
{
    const struct store_ops *ops = conn->ops;
    struct stmt *stmt;
    if (has_nothing_to_do(conn, sql))
        return ERR_OK;
    enum err_class class_ = ops->prepare(conn, sql, &stmt, err);
    if (class_)
        return class_;
    bool row;
    class_ = stmt_run(stmt, values, values_len, &row, err);
    while (!class_ && row)
        class_ = ops->step(stmt, &row, err);
    ops->release(stmt);
    if (!class_ && rows_changed)
        *rows_changed = ops->rows_changed(conn);
    return class_;
}

enum err_class conn_later(struct conn *conn, const char *sql, const struct sql_value *values,
                          size_t values_len, const struct expected *expected, struct err *err)
{
    struct stmt *stmt;
    if (has_nothing_to_do(conn, sql))
        return ERR_OK;
    enum err_class class_ = conn->ops->prepare(conn, sql, &stmt, err);
    if (class_)
        return class_;
    class_ = stmt_later(stmt, values, values_len, expected, err);
    conn->ops->release(stmt);
    return class_;
}

enum err_class conn_read_int(struct conn *conn, const char *sql, const struct sql_value *values,
                             size_t values_len, int64_t absent, int64_t *out, struct err *err)
{
    const struct store_ops *ops = conn->ops;
    struct stmt *stmt;
    enum err_class class_ = ops->prepare(conn, sql, &stmt, err);
    if (class_)
        return class_;
    bool row;
    class_ = stmt_run(stmt, values, values_len, &row, err);
    if (!class_)
        *out = row && !ops->column_is_null(stmt, 0) ? ops->column_int(stmt, 0) : absent;
    ops->release(stmt);
    return class_;
}

int64_t reader_int(const struct reader *reader, int column)
{
    return reader->conn->ops->column_int(reader->stmt, column);
}

struct str reader_text(const struct reader *reader, int column)
{
    return reader->conn->ops->column_text(reader->stmt, column);
}

bool reader_is_null(const struct reader *reader, int column)
{
    return reader->conn->ops->column_is_null(reader->stmt, column);
}

int reader_columns(const struct reader *reader)
{
    return reader->conn->ops->columns(reader->stmt);
}

struct str reader_column_name(const struct reader *reader, int column)
{
    return reader->conn->ops->column_name(reader->stmt, column);
}

enum err_class tx_exec(struct tx *tx, const char *sql, const struct sql_value *values,
                       size_t values_len, int64_t *rows_changed, struct err *err)
{
    return conn_exec(tx->conn, sql, values, values_len, rows_changed, err);
}

enum err_class tx_query(struct tx *tx, const char *sql, const struct sql_value *values,
                        size_t values_len, tx_row *each, void *context, struct err *err)
{
    const struct store_ops *ops = tx->conn->ops;
    struct reader reader = {.conn = tx->conn};
    enum err_class class_ = ops->prepare(tx->conn, sql, &reader.stmt, err);
    if (class_)
        return class_;
    bool row;
    class_ = stmt_run(reader.stmt, values, values_len, &row, err);
    while (!class_ && row) {
        if (each)
            class_ = each(&reader, context, err);
        if (!class_)
            class_ = ops->step(reader.stmt, &row, err);
    }
    ops->release(reader.stmt);
    return class_;
}

enum err_class tx_later(struct tx *tx, const char *sql, const struct sql_value *values,
                        size_t values_len, struct err *err)
{
    const struct expected any = {.rows = ROWS_ANY};
    return conn_later(tx->conn, sql, values, values_len, &any, err);
}

/* Column after column, as servers take them. */
static enum err_class lists_later(struct tx *tx, const char *sql, const enum sql_kind *kinds,
                                  size_t kinds_len, const struct sql_value *const *rows,
                                  size_t rows_len, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct sql_value *lists = arena_array(&arena, kinds_len, sizeof(*lists));
    struct sql_value *items = arena_array(&arena, kinds_len * rows_len, sizeof(*items));
    enum err_class class_ = lists && items ? ERR_OK : err_no_memory(err);
    for (size_t column = 0; !class_ && column < kinds_len; column++) {
        struct sql_value *list = items + column * rows_len;
        for (size_t row = 0; row < rows_len; row++)
            list[row] = rows[row][column];
        lists[column] = (struct sql_value){
            .kind = SQL_LIST, .number = kinds[column], .text = {(const void *)list, rows_len}};
    }
    if (!class_)
        class_ = tx_later(tx, sql, lists, kinds_len, err);
    arena_fini(&arena);
    return class_;
}

enum err_class tx_later_rows(struct tx *tx, const char *sql, const enum sql_kind *kinds,
                             size_t kinds_len, const struct sql_value *const *rows, size_t rows_len,
                             struct err *err)
{
    enum { LISTED_MAX = 500 };
    bool lists = tx->conn->ops->lists;
    enum err_class class_ = ERR_OK;
    for (size_t at = 0; !class_ && !lists && at < rows_len; at++)
        class_ = tx_later(tx, sql, rows[at], kinds_len, err);
    for (size_t at = 0; !class_ && lists && at < rows_len; at += LISTED_MAX) {
        size_t part = rows_len - at < LISTED_MAX ? rows_len - at : LISTED_MAX;
        class_ = lists_later(tx, sql, kinds, kinds_len, rows + at, part, err);
    }
    return class_;
}

bool tx_hasty(const struct tx *tx)
{
    return tx->hasty;
}

int64_t tx_last_id(struct tx *tx)
{
    return tx->conn->ops->last_id(tx->conn);
}

/* Between the store's values and what libmariadb binds: parameters, arrays, columns. */
#include "store/mariadb.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct maria_stmt *maria_of(struct stmt *stmt)
{
    return (struct maria_stmt *)stmt;
}

/* --- parameters --- */

static enum err_class nul_check(const struct sql_value *value, struct err *err)
{
    if (value->kind != SQL_TEXT || value->text.len == 0 ||
        !memchr(value->text.ptr, 0, value->text.len))
        return ERR_OK;
    return err_set(err, ERR_INTERNAL, "store_nul",
                   "a text with U+0000 reached the store, which cannot keep it");
}

static const struct sql_value *items_of(const struct sql_value *list)
{
    return (const void *)list->text.ptr;
}

enum err_class maria_bind(struct stmt *base, int at, const struct sql_value *value, struct err *err)
{
    struct maria_stmt *stmt = maria_of(base);
    enum err_class class_ = nul_check(value, err);
    if (at < 1 || (size_t)at > (value->kind == SQL_LIST ? stmt->values_room : stmt->sql.values_len))
        return err_set(err, ERR_INTERNAL, "store_sql", "a statement has no parameter %d", at);
    for (size_t i = 0; !class_ && value->kind == SQL_LIST && i < value->text.len; i++)
        class_ = nul_check(&items_of(value)[i], err);
    if (class_)
        return class_;
    if (value->kind >= SQL_ROWS_NEW) /* they stand for numbers only in the steps of a unit */
        return err_set(err, ERR_INTERNAL, "store_sql", "a value of kind %d cannot be bound",
                       (int)value->kind);
    stmt->values[at - 1] = *value;
    if ((size_t)at > stmt->bound_len)
        stmt->bound_len = (size_t)at;
    return ERR_OK;
}

static void place_text(MYSQL_BIND *place, struct str text, enum enum_field_types type)
{
    place->buffer_type = type;
    place->buffer = (void *)(uintptr_t)(text.ptr ? text.ptr : "");
    place->buffer_length = text.len;
    place->length_value = text.len;
    place->length = &place->length_value;
}

/* Keys of many rows as one document, a list of lists: [["7","a"],["7","b"]]. */
static enum err_class keys_write(struct maria_stmt *stmt, struct err *err)
{
    struct buf *out = &stmt->keys;
    const struct sql_value *first = NULL;
    for (size_t i = 0; !first && i < stmt->bound_len; i++)
        first = stmt->values[i].kind == SQL_LIST ? &stmt->values[i] : NULL;
    buf_reset(out);
    buf_add_char(out, '[');
    for (size_t row = 0; first && row < first->text.len; row++) {
        char before = '[';
        buf_add(out, row ? STR(",") : STR_NONE);
        for (size_t i = 0; i < stmt->bound_len; i++) {
            if (stmt->values[i].kind != SQL_LIST)
                continue;
            const struct sql_value *item = &items_of(&stmt->values[i])[row];
            buf_add_char(out, before);
            before = ',';
            if (item->kind == SQL_INT)
                buf_printf(out, "%" PRId64, item->number);
            else if (item->kind == SQL_NULL)
                buf_add(out, STR("null"));
            else
                json_write_string(out, item->text);
        }
        buf_add_char(out, ']');
    }
    buf_add_char(out, ']');
    return out->failed ? err_no_memory(err) : ERR_OK;
}

enum err_class maria_places_fill(struct maria_stmt *stmt, struct err *err)
{
    enum err_class class_ = ERR_OK;
    bool keys_written = false;
    for (size_t i = 0; !class_ && i < stmt->sql.places_len; i++) {
        MYSQL_BIND *place = &stmt->places[i];
        struct sql_value *value = &stmt->values[stmt->sql.places[i] - 1];
        *place = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_NULL};
        if (value->kind == SQL_INT) {
            place->buffer_type = MYSQL_TYPE_LONGLONG;
            place->buffer = &value->number;
        } else if (value->kind == SQL_TEXT) {
            place_text(place, value->text, MYSQL_TYPE_STRING);
        } else if (value->kind == SQL_BYTES) {
            place_text(place, value->text, MYSQL_TYPE_BLOB);
        } else if (value->kind == SQL_LIST) {
            class_ = keys_written ? ERR_OK : keys_write(stmt, err);
            keys_written = true;
            place_text(place, buf_str(&stmt->keys), MYSQL_TYPE_STRING);
        }
    }
    return class_;
}

/* --- arrays --- */

size_t maria_array_rows(const struct maria_stmt *stmt)
{
    bool arrays = stmt->sql.kind != MARIA_SQL_READS && stmt->bound_len > 0 &&
                  stmt->values[0].kind == SQL_LIST;
    return arrays ? stmt->values[0].text.len : 0;
}

static size_t row_bytes(const struct maria_stmt *stmt, size_t row)
{
    size_t bytes = 0;
    for (size_t i = 0; i < stmt->bound_len; i++) {
        const struct sql_value *item = &items_of(&stmt->values[i])[row];
        bytes += 9 + (item->kind == SQL_INT || item->kind == SQL_NULL ? 0 : item->text.len);
    }
    return bytes;
}

static enum err_class array_fill(struct maria_stmt *stmt, const struct sql_value *list, size_t from,
                                 size_t rows, MYSQL_BIND *place, struct err *err)
{
    const struct sql_value *items = items_of(list) + from;
    bool numbers = list->number == SQL_INT;
    char *nulls = arena_array(&stmt->arena, rows, sizeof(*nulls));
    void *values = arena_array(&stmt->arena, rows, sizeof(int64_t) + sizeof(char *));
    unsigned long *lengths = arena_array(&stmt->arena, rows, sizeof(*lengths));
    if (!nulls || !values || !lengths)
        return err_no_memory(err);
    int64_t *integers = values;
    const char **texts = values;
    for (size_t i = 0; i < rows; i++) {
        bool null = items[i].kind == SQL_NULL;
        nulls[i] = null ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
        lengths[i] = null || numbers ? 0 : items[i].text.len;
        if (numbers)
            integers[i] = null ? 0 : items[i].number;
        else
            texts[i] = null || !items[i].text.ptr ? "" : items[i].text.ptr;
    }
    *place = (MYSQL_BIND){
        .buffer_type = numbers                     ? MYSQL_TYPE_LONGLONG
                       : list->number == SQL_BYTES ? MYSQL_TYPE_BLOB
                                                   : MYSQL_TYPE_STRING,
        .buffer = values,
        .length = lengths,
        .u.indicator = nulls,
    };
    return ERR_OK;
}

enum err_class maria_arrays_fill(struct maria_stmt *stmt, size_t from, size_t *taken,
                                 struct err *err)
{
    size_t len = maria_array_rows(stmt), rows = 0;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < stmt->sql.values_len; i++)
        if (stmt->values[i].kind != SQL_LIST || stmt->values[i].text.len != len)
            return err_set(err, ERR_INTERNAL, "store_sql", "arrays of different lengths");
    for (size_t bytes = 0; from + rows < len; rows++) {
        bytes += row_bytes(stmt, from + rows);
        if (rows > 0 && bytes > MARIA_ARRAY_BYTES_MAX)
            break;
    }
    arena_reset(&stmt->arena);
    for (size_t i = 0; !class_ && i < stmt->sql.places_len; i++)
        class_ = array_fill(stmt, &stmt->values[stmt->sql.places[i] - 1], from, rows,
                            &stmt->places[i], err);
    *taken = rows;
    return class_;
}

/* --- the result --- */

static bool is_integer(enum enum_field_types type)
{
    return type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_LONG || type == MYSQL_TYPE_SHORT ||
           type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_INT24;
}

static enum err_class columns_make(struct maria_stmt *stmt, unsigned len, struct err *err)
{
    if (stmt->columns_len == len)
        return ERR_OK;
    maria_result_free(stmt);
    stmt->columns = calloc(len, sizeof(*stmt->columns));
    stmt->results = calloc(len, sizeof(*stmt->results));
    if (!stmt->columns || !stmt->results)
        return err_no_memory(err);
    stmt->columns_len = len;
    for (unsigned i = 0; i < len; i++)
        buf_init(&stmt->columns[i].bytes, MARIA_CELL_BYTES_MAX);
    return ERR_OK;
}

void maria_result_free(struct maria_stmt *stmt)
{
    for (unsigned i = 0; i < stmt->columns_len; i++)
        buf_fini(&stmt->columns[i].bytes);
    free(stmt->columns);
    free(stmt->results);
    stmt->columns = NULL;
    stmt->results = NULL;
    stmt->columns_len = 0;
}

/* Room for the longest value of each column, which the client has found out while it stored the result. */
enum err_class maria_result_take(struct maria_stmt *stmt, struct err *err)
{
    const MYSQL_FIELD *fields = mariadb_stmt_fetch_fields(stmt->handle);
    enum err_class class_ = columns_make(stmt, mysql_stmt_field_count(stmt->handle), err);
    for (unsigned i = 0; !class_ && i < stmt->columns_len; i++) {
        struct maria_column *column = &stmt->columns[i];
        MYSQL_BIND *result = &stmt->results[i];
        column->is_number = is_integer(fields[i].type);
        *result = (MYSQL_BIND){.is_null = &column->is_null, .length = &column->bytes_len};
        if (column->is_number) {
            result->buffer_type = MYSQL_TYPE_LONGLONG;
            result->buffer = &column->number;
            continue;
        }
        buf_reset(&column->bytes);
        result->buffer_type = MYSQL_TYPE_BLOB;
        result->buffer = buf_grow(&column->bytes, fields[i].max_length + 1);
        result->buffer_length = fields[i].max_length + 1;
        if (!result->buffer)
            class_ = err_no_memory(err);
    }
    if (!class_ && mysql_stmt_bind_result(stmt->handle, stmt->results))
        class_ = err_set(err, ERR_INTERNAL, "store_sql", "%s", mysql_stmt_error(stmt->handle));
    return class_;
}

int maria_columns(const struct stmt *stmt)
{
    return (int)((const struct maria_stmt *)stmt)->columns_len;
}

static const struct maria_column *column_of(const struct stmt *stmt, int column)
{
    return &((const struct maria_stmt *)stmt)->columns[column];
}

struct str maria_column_name(const struct stmt *stmt, int column)
{
    return str_of(
        mariadb_stmt_fetch_fields(((const struct maria_stmt *)stmt)->handle)[column].name);
}

bool maria_column_is_null(const struct stmt *stmt, int column)
{
    return column_of(stmt, column)->is_null;
}

static struct str cell(const struct maria_column *column)
{
    return (struct str){column->bytes.ptr, column->bytes_len};
}

/* A sum of integers is a DECIMAL, which travels as text; one that no int64 holds stops at its bounds. */
static int64_t decimal_read(struct str text)
{
    int64_t number = 0;
    size_t dot = str_find_char(text, '.');
    text = dot == SIZE_MAX ? text : str_sub(text, 0, dot);
    if (str_to_i64(text, &number))
        return number;
    bool digits = text.len > 0;
    for (size_t i = text.len && text.ptr[0] == '-'; i < text.len; i++)
        digits = digits && text.ptr[i] >= '0' && text.ptr[i] <= '9';
    return !digits ? 0 : text.ptr[0] == '-' ? INT64_MIN : INT64_MAX;
}

int64_t maria_column_int(const struct stmt *stmt, int at)
{
    const struct maria_column *column = column_of(stmt, at);
    if (column->is_null)
        return 0;
    return column->is_number ? column->number : decimal_read(cell(column));
}

struct str maria_column_text(const struct stmt *base, int at)
{
    const struct maria_column *column = column_of(base, at);
    /* The number's text lives in the statement, as SQLite's does. */
    struct maria_stmt *stmt = (struct maria_stmt *)(uintptr_t)base;
    if (column->is_null)
        return STR_NONE;
    if (!column->is_number)
        return cell(column);
    snprintf(stmt->number, sizeof(stmt->number), "%" PRId64, column->number);
    return str_of(stmt->number);
}

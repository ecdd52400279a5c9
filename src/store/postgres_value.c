/* Between the store's values and PostgreSQL's: placeholders, parameters, columns. Integers travel as text,
 * which the server reads as whatever number the column is; bytes and results travel in binary. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/postgres.h"

enum {
    /* A page of keys: 5,000 of 100 bytes. */
    LIST_BYTES_MAX = 64 * 1024 * 1024,
    NUMERIC_BASE = 10000,
    NUMERIC_HEAD_BYTES = 8,
    NUMERIC_NEGATIVE = 0x4000,
};

/* --- placeholders --- */

/* ?7 becomes $7; a bare ? is the one after the last. Quoted text is left alone. */
char *pg_sql_make(const char *text, int *params_len)
{
    char *sql = malloc(2 * strlen(text) + 8);
    size_t at = 0;
    int last = 0;
    *params_len = 0;
    for (char quote = 0; sql && *text; text++) {
        if (quote || *text != '?') {
            if (*text == quote)
                quote = 0;
            else if (!quote && (*text == '\'' || *text == '"'))
                quote = *text;
            sql[at++] = *text;
            continue;
        }
        int number = 0;
        while (text[1] >= '0' && text[1] <= '9' && number < UINT16_MAX)
            number = number * 10 + (*++text - '0');
        last = number ? number : last + 1;
        if (last > *params_len)
            *params_len = last;
        /* "?" may stand without a number, and "$12" has two: hence twice the length. */
        at += (size_t)sprintf(sql + at, "$%d", last);
    }
    if (sql)
        sql[at] = 0;
    return sql;
}

/* --- parameters --- */

bool pg_params_make(struct pg_params *params, int len)
{
    size_t n = (size_t)len + 1; /* none is asked for as well */
    *params = (struct pg_params){
        .len = len,
        .types = calloc(n, sizeof(*params->types)),
        .values = calloc(n, sizeof(*params->values)),
        .lengths = calloc(n, sizeof(*params->lengths)),
        .formats = calloc(n, sizeof(*params->formats)),
        .numbers = calloc(n, sizeof(*params->numbers)),
        .lists = calloc(n, sizeof(*params->lists)),
    };
    if (!params->types || !params->values || !params->lengths || !params->formats ||
        !params->numbers || !params->lists)
        return false;
    for (size_t i = 0; i < n; i++)
        buf_init(&params->lists[i], LIST_BYTES_MAX);
    return true;
}

void pg_params_free(struct pg_params *params)
{
    for (int i = 0; params->lists && i <= params->len; i++)
        buf_fini(&params->lists[i]);
    free(params->types);
    free(params->values);
    free(params->lengths);
    free(params->formats);
    free(params->numbers);
    free(params->lists);
}

/* The types stay: they are those the statement was prepared with. */
void pg_params_clear(struct pg_params *params)
{
    for (int i = 0; i < params->len; i++) {
        params->values[i] = NULL;
        buf_reset(&params->lists[i]);
    }
}

static void be32_add(struct buf *out, int64_t number)
{
    uint32_t n = (uint32_t)number;
    unsigned char bytes[] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
                             (unsigned char)(n >> 8), (unsigned char)n};
    buf_add_bytes(out, bytes, sizeof(bytes));
}

static void be64_add(struct buf *out, int64_t number)
{
    be32_add(out, (int64_t)((uint64_t)number >> 32));
    be32_add(out, number & 0xffffffff);
}

/* An array as the server's array_recv reads it: dimensions, has nulls, type; length and first index;
 * items. */
static void list_write(struct buf *out, const struct sql_value *list)
{
    const struct sql_value *items = (const void *)list->text.ptr;
    Oid type = list->number == SQL_INT ? PG_INT8 : list->number == SQL_BYTES ? PG_BYTEA : PG_TEXT;
    be32_add(out, list->text.len > 0);
    be32_add(out, 1); /* there may be nulls */
    be32_add(out, type);
    if (list->text.len > 0) {
        be32_add(out, (int64_t)list->text.len);
        be32_add(out, 1);
    }
    for (size_t i = 0; i < list->text.len; i++) {
        if (items[i].kind == SQL_NULL) {
            be32_add(out, -1);
        } else if (type == PG_INT8) {
            be32_add(out, 8);
            be64_add(out, items[i].number);
        } else {
            be32_add(out, (int64_t)items[i].text.len);
            buf_add(out, items[i].text);
        }
    }
}

static enum err_class nul_check(struct str text, struct err *err)
{
    if (text.len == 0 || !memchr(text.ptr, 0, text.len))
        return ERR_OK;
    return err_set(err, ERR_INTERNAL, "store_nul",
                   "a text with U+0000 reached the store, which cannot keep it");
}

static enum err_class list_check(const struct sql_value *list, struct err *err)
{
    const struct sql_value *items = (const void *)list->text.ptr;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && list->number == SQL_TEXT && i < list->text.len; i++)
        class_ = items[i].kind == SQL_TEXT ? nul_check(items[i].text, err) : ERR_OK;
    return class_;
}

static Oid list_type(const struct sql_value *list)
{
    return list->number == SQL_INT     ? PG_INT8_LIST
           : list->number == SQL_BYTES ? PG_BYTEA_LIST
                                       : PG_TEXT_LIST;
}

static enum err_class bytes_bind(struct pg_params *params, int i, struct str bytes, Oid type,
                                 int format, struct err *err)
{
    if (bytes.len > INT32_MAX)
        return err_set(err, ERR_INTERNAL, "store_sql", "a value has %zu bytes", bytes.len);
    /* A NULL pointer would be NULL, but an empty text is a value. */
    params->values[i] = bytes.ptr ? bytes.ptr : "";
    params->lengths[i] = (int)bytes.len;
    params->formats[i] = format;
    if (type)
        params->types[i] = type;
    return ERR_OK;
}

enum err_class pg_bind(struct stmt *base, int at, const struct sql_value *value, struct err *err)
{
    struct pg_params *params = &((struct pg_stmt *)base)->params;
    int i = at - 1;
    if (i < 0 || i >= params->len)
        return err_set(err, ERR_INTERNAL, "store_sql", "a statement has no parameter %d", at);
    struct buf *list = &params->lists[i];
    switch (value->kind) {
    case SQL_NULL:
        params->values[i] = NULL;
        return ERR_OK;
    case SQL_INT:
        snprintf(params->numbers[i], sizeof(params->numbers[i]), "%" PRId64, value->number);
        return bytes_bind(params, i, str_of(params->numbers[i]), PG_INT8, 0, err);
    case SQL_TEXT:
        if (nul_check(value->text, err))
            return ERR_INTERNAL;
        /* In binary the length counts, in text a final zero would: the server's types for which
         * both are the same bytes are the ones that texts are kept in. */
        return bytes_bind(params, i, value->text, PG_ANY, 1, err);
    case SQL_BYTES:
        return bytes_bind(params, i, value->text, PG_BYTEA, 1, err);
    case SQL_LIST:
        if (list_check(value, err))
            return ERR_INTERNAL;
        buf_reset(list);
        list_write(list, value);
        if (list->failed)
            return err_no_memory(err);
        return bytes_bind(params, i, buf_str(list), list_type(value), 1, err);
    case SQL_ROWS_NEW:
    case SQL_ROWS_CHANGED:
    case SQL_ROWS_SAME:
    case SQL_ROWS_OLDER:
        break; /* they stand for numbers only in the steps of a unit, which fills them in */
    }
    return err_set(err, ERR_INTERNAL, "store_sql", "a value of kind %d cannot be bound",
                   (int)value->kind);
}

/* --- columns of the row that stands --- */

static const struct pg_stmt *pg_of(const struct stmt *stmt)
{
    return (const struct pg_stmt *)stmt;
}

static struct str cell(const struct pg_stmt *stmt, int column)
{
    return (struct str){PQgetvalue(stmt->result, stmt->row, column),
                        (size_t)PQgetlength(stmt->result, stmt->row, column)};
}

int pg_columns(const struct stmt *stmt)
{
    return PQnfields(pg_of(stmt)->result);
}

struct str pg_column_name(const struct stmt *stmt, int column)
{
    return str_of(PQfname(pg_of(stmt)->result, column));
}

bool pg_column_is_null(const struct stmt *stmt, int column)
{
    return PQgetisnull(pg_of(stmt)->result, pg_of(stmt)->row, column);
}

static int64_t be_read(struct str bytes)
{
    /* The first byte carries the sign. */
    uint64_t n = bytes.len && (signed char)bytes.ptr[0] < 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes.len; i++)
        n = n << 8 | (unsigned char)bytes.ptr[i];
    return (int64_t)n;
}

/* What sum() of integers gives: digits of base 10,000, the first of weight `weight`. A sum that no
 * int64 holds stops at its bounds. */
static int64_t numeric_read(struct str bytes)
{
    if (bytes.len < NUMERIC_HEAD_BYTES)
        return 0;
    int64_t digits = be_read(str_sub(bytes, 0, 2)), weight = be_read(str_sub(bytes, 2, 4));
    bool negative = (be_read(str_sub(bytes, 4, 6)) & NUMERIC_NEGATIVE) != 0;
    int64_t n = 0;
    for (int64_t i = 0; i <= weight; i++) {
        size_t at = (size_t)(NUMERIC_HEAD_BYTES + 2 * i);
        int64_t digit = i < digits ? be_read(str_sub(bytes, at, at + 2)) : 0;
        if (__builtin_mul_overflow(n, NUMERIC_BASE, &n) || __builtin_add_overflow(n, digit, &n))
            return negative ? INT64_MIN : INT64_MAX;
    }
    return negative ? -n : n;
}

int64_t pg_column_int(const struct stmt *base, int column)
{
    const struct pg_stmt *stmt = pg_of(base);
    struct str bytes = cell(stmt, column);
    int64_t number = 0;
    switch (PQftype(stmt->result, column)) {
    case PG_BOOL:
    case PG_INT2:
    case PG_INT4:
    case PG_INT8:
        return be_read(bytes);
    case PG_NUMERIC:
        return numeric_read(bytes);
    default:
        return str_to_i64(bytes, &number) ? number : 0;
    }
}

struct str pg_column_text(const struct stmt *base, int column)
{
    /* The number's text lives in the statement, as SQLite's does. */
    struct pg_stmt *stmt = (struct pg_stmt *)(uintptr_t)base;
    switch (PQftype(stmt->result, column)) {
    case PG_BOOL:
    case PG_INT2:
    case PG_INT4:
    case PG_INT8:
    case PG_NUMERIC:
        if (pg_column_is_null(base, column))
            return STR_NONE;
        snprintf(stmt->number, sizeof(stmt->number), "%" PRId64, pg_column_int(base, column));
        return str_of(stmt->number);
    default:
        return pg_column_is_null(base, column) ? STR_NONE : cell(stmt, column);
    }
}

/* Rewriting by looking for words outside of quotes and parentheses: the subset is small, and its texts are
 * the program's own. */
#include "store/mariadb_sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- looking --- */

/* Behind the quoted text that begins at `at`; `at` where none does. */
static size_t quote_skip(struct str sql, size_t at)
{
    char quote = sql.ptr[at];
    if (quote != '\'' && quote != '"')
        return at;
    do
        at++;
    while (at < sql.len && sql.ptr[at] != quote);
    return at < sql.len ? at + 1 : at;
}

/* Where `word` stands outside of quotes and parentheses, from `from` on; SIZE_MAX: nowhere. */
static size_t find_outside(struct str sql, size_t from, const char *word)
{
    size_t len = strlen(word);
    int depth = 0;
    for (size_t at = from; at < sql.len;) {
        size_t behind = quote_skip(sql, at);
        if (behind > at) {
            at = behind;
            continue;
        }
        if (depth == 0 && at + len <= sql.len && memcmp(sql.ptr + at, word, len) == 0)
            return at;
        depth += (sql.ptr[at] == '(') - (sql.ptr[at] == ')');
        at++;
    }
    return SIZE_MAX;
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static struct str name_at(struct str sql, size_t at)
{
    size_t end = at;
    while (end < sql.len && is_name_char(sql.ptr[end]))
        end++;
    return str_sub(sql, at, end);
}

static enum err_class outside_subset(struct str text, struct err *err)
{
    return err_set(err, ERR_INTERNAL, "store_sql",
                   "not in the subset of SQL that MariaDB gets: %.*s", STR_ARG(text));
}

/* --- writing --- */

/* "?7", or the bare one after the last. Returns what it took. */
static size_t place_write(struct maria_sql *out, struct str sql, size_t at)
{
    size_t end = at + 1;
    size_t number = 0;
    for (; end < sql.len && isdigit((unsigned char)sql.ptr[end]) && number < UINT16_MAX; end++)
        number = number * 10 + (size_t)(sql.ptr[end] - '0');
    if (number == 0)
        number = out->places_len ? out->places[out->places_len - 1] + 1U : 1;
    if (out->places_len == MARIA_PLACES_MAX || number >= UINT16_MAX) {
        out->text.failed = true;
        return end - at;
    }
    out->places[out->places_len++] = (uint16_t)number;
    if (number > out->values_len)
        out->values_len = number;
    buf_add_char(&out->text, '?');
    return end - at;
}

/* A text in which no clause is to be found any more. */
static void text_write(struct maria_sql *out, struct str sql)
{
    static const struct str excluded = {"excluded.", 9}, bigint = {" AS bigint)", 11},
                            words = {" AS text)", 9};
    for (size_t at = 0; at < sql.len;) {
        struct str rest = str_sub(sql, at, sql.len);
        size_t behind = quote_skip(sql, at);
        if (behind > at) {
            buf_add(&out->text, str_sub(sql, at, behind));
            at = behind;
        } else if (sql.ptr[at] == '?') {
            at += place_write(out, sql, at);
        } else if (str_starts(rest, bigint)) {
            buf_add(&out->text, STR(" AS SIGNED)"));
            at += bigint.len;
        } else if (str_starts(rest, words)) {
            buf_add(&out->text, STR(" AS CHAR)"));
            at += words.len;
        } else if (str_starts(rest, excluded) && (at == 0 || !is_name_char(sql.ptr[at - 1]))) {
            struct str name = name_at(rest, excluded.len);
            buf_printf(&out->text, "VALUES(%.*s)", STR_ARG(name));
            at += excluded.len + name.len;
        } else {
            buf_add_char(&out->text, sql.ptr[at++]);
        }
    }
}

/* One "a = e". The column is named with its table, since an INSERT … SELECT has more columns of that name. */
static enum err_class assignment_write(struct maria_sql *out, struct str table, struct str text,
                                       struct str where, struct err *err)
{
    text = str_trim(text);
    struct str name = name_at(text, 0);
    struct str rest = str_sub(text, name.len, text.len);
    if (name.len == 0 || !str_starts(rest, STR(" = ")))
        return outside_subset(text, err);
    buf_printf(&out->text, "%.*s.%.*s = ", STR_ARG(table), STR_ARG(name));
    if (where.len) {
        buf_add(&out->text, STR("CASE WHEN "));
        text_write(out, where);
        buf_add(&out->text, STR(" THEN "));
    }
    text_write(out, str_sub(rest, 3, rest.len));
    if (where.len)
        buf_printf(&out->text, " ELSE %.*s.%.*s END", STR_ARG(table), STR_ARG(name));
    return ERR_OK;
}

static enum err_class assignments_write(struct maria_sql *out, struct str table, struct str text,
                                        struct err *err)
{
    size_t where_at = find_outside(text, 0, " WHERE ");
    struct str where = STR_NONE;
    if (where_at != SIZE_MAX) {
        where = str_sub(text, where_at + strlen(" WHERE "), text.len);
        text = str_sub(text, 0, where_at);
    }
    out->kind = where.len ? MARIA_SQL_UPSERTS_IF : MARIA_SQL_UPSERTS;
    enum err_class class_ = ERR_OK;
    for (size_t at = 0; !class_ && at <= text.len;) {
        size_t comma = find_outside(text, at, ",");
        size_t end = comma == SIZE_MAX ? text.len : comma;
        if (at > 0)
            buf_add(&out->text, STR(", "));
        class_ = assignment_write(out, table, str_sub(text, at, end), where, err);
        at = end + 1;
    }
    return class_;
}

/* From behind "ON CONFLICT " on: "(columns) [WHERE …] DO …". Which of the unique keys is meant MariaDB is not
 * told: a row of ours can only meet one, since serial keys are not given. */
static enum err_class conflict_write(struct maria_sql *out, struct str table, struct str clause,
                                     struct err *err)
{
    static const char update[] = " DO UPDATE SET ", nothing[] = " DO NOTHING";
    struct str column = name_at(clause, 1);
    if (table.len == 0 || column.len == 0 || clause.ptr[0] != '(')
        return outside_subset(clause, err);
    buf_add(&out->text, STR(" ON DUPLICATE KEY UPDATE "));
    size_t at = find_outside(clause, 0, update);
    if (at != SIZE_MAX)
        return assignments_write(out, table, str_sub(clause, at + strlen(update), clause.len), err);
    if (find_outside(clause, 0, nothing) == SIZE_MAX)
        return outside_subset(clause, err);
    buf_printf(&out->text, "%.*s.%.*s = %.*s.%.*s", STR_ARG(table), STR_ARG(column), STR_ARG(table),
               STR_ARG(column));
    return ERR_OK;
}

enum err_class maria_sql_make(struct maria_sql *out, struct str text, struct err *err)
{
    static const char conflict[] = " ON CONFLICT ";
    static const struct str into = {"INSERT INTO ", 12};
    *out = (struct maria_sql){.kind = MARIA_SQL_CHANGES};
    buf_init(&out->text, MARIA_SQL_BYTES_MAX);
    out->places = malloc(MARIA_PLACES_MAX * sizeof(*out->places));
    if (!out->places)
        return err_no_memory(err);
    if (str_starts(text, STR("SELECT ")) || str_starts(text, STR("WITH ")))
        out->kind = MARIA_SQL_READS;
    else if (str_starts(text, STR("UPDATE ")))
        out->kind = MARIA_SQL_UPDATES;
    struct str table = str_starts(text, into) ? name_at(text, into.len) : STR_NONE;
    size_t at = find_outside(text, 0, conflict);
    enum err_class class_ = ERR_OK;
    text_write(out, at == SIZE_MAX ? text : str_sub(text, 0, at));
    if (at != SIZE_MAX)
        class_ = conflict_write(out, table, str_sub(text, at + strlen(conflict), text.len), err);
    if (!class_ && out->text.failed)
        class_ = err_set(err, ERR_INTERNAL, "store_sql",
                         "a statement is too long, or has too many values");
    uint16_t *fitted = realloc(out->places, (out->places_len + 1) * sizeof(*out->places));
    out->places = fitted ? fitted : out->places;
    return class_;
}

void maria_sql_fini(struct maria_sql *sql)
{
    buf_fini(&sql->text);
    free(sql->places);
    *sql = (struct maria_sql){.places = NULL};
}

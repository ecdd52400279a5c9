/* Asking. list_read.c reads, list_sql.c makes the statements. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "api/list_sql.h"

/* --- the declaration --- */

static size_t column_find(const struct list *list, struct str name)
{
    for (size_t i = 0; list->columns[i].name; i++)
        if (str_eq(str_of(list->columns[i].name), name))
            return i;
    return SIZE_MAX;
}

size_t list_column(const struct list *list, const char *name)
{
    size_t column = column_find(list, str_of(name));
    assert(column != SIZE_MAX);
    return column;
}

bool list_column_is_text(const struct list_column *column)
{
    return column->kind == LIST_ID || column->kind == LIST_TEXT || column->kind == LIST_DAY;
}

/* --- asking --- */

void list_query_init(struct list_query *query, const struct list *list,
                     const struct metric_catalog *catalog, struct arena *arena)
{
    *query = (struct list_query){.list = list,
                                 .arena = arena,
                                 .all_shops = true,
                                 .limit = 100,
                                 .piece = LIST_STREAM_ROWS,
                                 .found_max = LIST_FOUND_MAX};
    if (list->family && catalog)
        query->family = metric_family(catalog, str_of(list->family));
    for (size_t i = 0; query->family && i < query->family->metrics_len; i++) {
        const struct metric *metric = &query->family->metrics[i];
        size_t column = column_find(list, metric->name);
        bool read = column != SIZE_MAX && list->columns[column].sql &&
                    (metric->kind == METRIC_ADD || metric->kind == METRIC_WEIGH);
        query->metric_columns[i] = read ? column : SIZE_MAX;
    }
    for (size_t i = 0; list->columns[i].name; i++)
        if (list->columns[i].kind == LIST_METRIC && query->family)
            query->column_metrics[i] = metric_find(query->family, str_of(list->columns[i].name));
    query->currency_column = column_find(list, STR("currency"));
    enum err_class class_ = list_sort(query, str_of(list->sort), NULL);
    assert(!class_);
    (void)class_;
}

void list_shops(struct list_query *query, bool all, const int64_t *ids, size_t len)
{
    query->all_shops = all;
    query->shops = ids;
    query->shops_len = len;
}

static bool sorts_by(const struct list_query *query, size_t column)
{
    for (size_t i = 0; i < query->sort_len; i++)
        if (query->sort[i].column == column)
            return true;
    return false;
}

static enum err_class sort_unknown(const struct list *list, struct str word, struct err *err)
{
    char names[300];
    struct buf text;
    buf_init_lent(&text, names, sizeof(names));
    for (const struct list_column *column = list->columns; column->name; column++)
        if (column->sorts)
            buf_printf(&text, text.len ? " %s" : "%s", column->name);
    return err_set(err, ERR_USAGE, "sort_unknown",
                   "cannot sort by `%.*s`: at most %d different names, with commas, of: %s",
                   STR_ARG(str_utf8_head(word, 60)), LIST_SORTS_MAX, names);
}

enum err_class list_sort(struct list_query *query, struct str text, struct err *err)
{
    struct str word, rest = text;
    query->sort_len = 0;
    if (str_ends(text, STR(",")))
        return sort_unknown(query->list, text, err);
    do {
        str_cut(rest, ',', &word, &rest);
        bool down = str_starts(word, STR("-"));
        size_t column = column_find(query->list, str_sub(word, down ? 1 : 0, word.len));
        if (column == SIZE_MAX || !query->list->columns[column].sorts || sorts_by(query, column) ||
            query->sort_len == LIST_SORTS_MAX)
            return sort_unknown(query->list, word, err);
        query->sort[query->sort_len++] = (struct list_order){column, down};
    } while (rest.len);
    bool down = query->sort[query->sort_len - 1].down;
    for (size_t i = 0; i < LIST_KEY_MAX && query->list->key[i]; i++) {
        size_t column = list_column(query->list, query->list->key[i]);
        if (!sorts_by(query, column))
            query->sort[query->sort_len++] = (struct list_order){column, down};
    }
    return ERR_OK;
}

static const struct list_column *column_of(const struct list *list, const char *sql)
{
    for (const struct list_column *column = list->columns; sql && column->name; column++)
        if (column->sql && strcmp(column->sql, sql) == 0)
            return column;
    return NULL;
}

static bool values_told(const struct sql_value *values, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (values[i].kind != SQL_TEXT || !values[i].text.len)
            return false;
    return true;
}

static enum err_class term_add(struct list_query *query, const char *sql, enum list_how how,
                               const struct sql_value *values, size_t len, struct err *err)
{
    if (query->terms_len == LIST_TERMS_MAX || len > LIST_VALUES_MAX / 2)
        return err_set(err, ERR_USAGE, "list_values", "too many filters at once");
    const struct list_column *column = column_of(query->list, sql);
    query->terms[query->terms_len++] = (struct list_term){
        .how = how,
        .sql = sql,
        .earlier = column ? column->earlier : NULL,
        .told = column && column->told && values_told(values, len),
        .common = column && column->common,
        .values = values,
        .values_len = len,
    };
    return ERR_OK;
}

enum err_class list_where(struct list_query *query, const char *column, enum list_how how,
                          const struct sql_value *values, size_t len, struct err *err)
{
    const struct list_column *found = &query->list->columns[list_column(query->list, column)];
    assert(found->sql && len > 0);
    return term_add(query, found->sql, how, values, len, err);
}

static enum err_class where_one(struct list_query *query, const char *sql, enum list_how how,
                                struct sql_value value, struct err *err)
{
    struct sql_value *values = arena_array(query->arena, 1, sizeof(*values));
    if (!values)
        return err_no_memory(err);
    *values = value;
    return term_add(query, sql, how, values, 1, err);
}

enum err_class list_where_text(struct list_query *query, const char *column, enum list_how how,
                               struct str text, struct err *err)
{
    const struct list_column *found = &query->list->columns[list_column(query->list, column)];
    assert(found->sql && list_column_is_text(found));
    return where_one(query, found->sql, how, sql_text(text), err);
}

enum err_class list_where_int(struct list_query *query, const char *column, enum list_how how,
                              int64_t number, struct err *err)
{
    const struct list_column *found = &query->list->columns[list_column(query->list, column)];
    assert(found->sql && !list_column_is_text(found));
    return where_one(query, found->sql, how, sql_int(number), err);
}

enum { PAIRS_BYTES_MAX = 4 * 1024 * 1024 };

enum err_class list_where_among(struct list_query *query, const char *number, const char *text,
                                const int64_t *numbers, const struct str *texts, size_t len,
                                struct err *err)
{
    const struct list_column *columns = query->list->columns;
    const char *pair[] = {columns[list_column(query->list, number)].sql,
                          columns[list_column(query->list, text)].sql};
    struct str sql = arena_printf(query->arena, "(%s, %s)", pair[0], pair[1]);
    struct buf json;
    assert(strncmp(pair[0], "r.", 2) == 0 && strncmp(pair[1], "r.", 2) == 0);
    buf_init(&json, PAIRS_BYTES_MAX);
    for (size_t i = 0; i < len; i++) {
        buf_printf(&json, "%s[%" PRId64 ",", i ? "," : "[", numbers[i]);
        json_write_string(&json, texts[i]);
        buf_add(&json, STR("]"));
    }
    buf_add(&json, len ? STR("]") : STR("[]"));
    struct str pairs = json.failed ? STR_NONE : arena_dup(query->arena, buf_str(&json));
    buf_fini(&json);
    if (!sql.ptr || !pairs.ptr)
        return err_no_memory(err);
    enum err_class class_ = where_one(query, sql.ptr, LIST_AMONG, sql_text(pairs), err);
    for (size_t i = 0; !class_ && i < 2; i++)
        query->terms[query->terms_len - 1].pair[i] = pair[i] + 2;
    return class_;
}

enum err_class list_where_search(struct list_query *query, struct str text, struct err *err)
{
    text = str_trim(text); /* pasted, with blanks around */
    if (!text.len)
        return ERR_OK;
    struct sql_value *values = arena_array(query->arena, 2, sizeof(*values));
    struct str small = arena_dup(query->arena, text);
    char *letters = arena_alloc(query->arena, text.len + 1);
    if (!values || !small.ptr || !letters)
        return err_no_memory(err);
    for (size_t i = 0; i < text.len; i++)
        letters[i] = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? (char)(text.ptr[i] - 'A' + 'a')
                                                              : text.ptr[i];
    values[0] = sql_text(text);
    values[1] = sql_text((struct str){letters, text.len});
    return term_add(query, NULL, LIST_SEARCH, values, 2, err);
}

enum { DAY_MS = 86400000 };

enum err_class list_where_days(struct list_query *query, struct str from, struct str until,
                               struct err *err)
{
    const struct list *list = query->list;
    for (int end = 0; end < 2; end++) {
        struct str day = end ? until : from;
        int64_t start_ms;
        if (!day.len)
            continue;
        enum err_class class_ = time_parse(STR("%Y-%m-%d"), zone_utc(), day, &start_ms, err);
        if (!class_)
            class_ = where_one(query, list->day, end ? LIST_UNTIL_DAY : LIST_FROM_DAY,
                               sql_text(day), err);
        /* The day is exact; the instant only lets an index of time be walked from near the right place. */
        if (!class_ && list->day_ms)
            class_ = where_one(query, list->day_ms, end ? LIST_MOST : LIST_LEAST,
                               sql_int(end ? start_ms + DAY_MS + ZONE_BEHIND_MAX_MS
                                           : start_ms - ZONE_AHEAD_MAX_MS),
                               err);
        if (class_)
            return class_;
    }
    return ERR_OK;
}

enum err_class list_amount(const struct list_query *query, const char *column, struct str text,
                           struct str currency, int64_t *out, struct err *err)
{
    size_t at = list_column(query->list, column);
    int decimals = currency_exponent(currency) < 0 ? 2 : currency_exponent(currency);
    bool exact = false;
    if (query->list->columns[at].kind == LIST_METRIC) {
        size_t metric = metric_find(query->family, str_of(column));
        assert(metric != SIZE_MAX);
        decimals = metric_decimals(&query->family->metrics[metric], decimals);
    }
    if (money_parse(text, decimals, out, &exact, err) || !exact)
        return err_set(err, ERR_USAGE, "amount_decimals",
                       "`%.*s` is not a number with at most %d decimals",
                       STR_ARG(str_utf8_head(text, 60)), decimals);
    return ERR_OK;
}

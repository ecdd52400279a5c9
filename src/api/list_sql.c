#include "api/list_sql.h"

#include <assert.h>
#include <string.h>

enum { LIST_SQL_BYTES_MAX = 128 * 1024 };

enum err_class list_statement_init(struct list_statement *statement, const struct store *store,
                                   struct arena *arena, struct err *err)
{
    const char *kind = store_kind(store);
    *statement = (struct list_statement){
        .values = arena_array(arena, LIST_VALUES_MAX, sizeof(struct sql_value)),
        .database = strcmp(kind, "sqlite") == 0     ? LIST_SQLITE
                    : strcmp(kind, "postgres") == 0 ? LIST_POSTGRES
                                                    : LIST_MARIADB,
    };
    buf_init(&statement->text, LIST_SQL_BYTES_MAX);
    return statement->values ? ERR_OK : err_no_memory(err);
}

void list_statement_fini(struct list_statement *statement)
{
    buf_fini(&statement->text);
}

static void statement_reset(struct list_statement *statement)
{
    buf_reset(&statement->text);
    statement->values_len = 0;
    statement->too_many = statement->ordered = false;
}

static enum err_class statement_end(const struct list_statement *statement, struct err *err)
{
    if (statement->too_many || statement->text.failed)
        return err_set(err, ERR_USAGE, "list_values",
                       "more values than one statement holds (%d): ask with fewer at once",
                       LIST_VALUES_MAX);
    return ERR_OK;
}

/* The number of the place at which the value stands. */
static size_t place(struct list_statement *statement, struct sql_value value)
{
    if (statement->values_len == LIST_VALUES_MAX) {
        statement->too_many = true;
        return LIST_VALUES_MAX;
    }
    statement->values[statement->values_len++] = value;
    return statement->values_len;
}

static void say(struct list_statement *statement, const char *text)
{
    buf_add(&statement->text, str_of(text));
}

static const struct list_column *sort_column(const struct list_query *query, size_t sort)
{
    return &query->list->columns[query->sort[sort].column];
}

/* --- conditions --- */

static void and_begin(struct list_statement *statement, bool *first)
{
    say(statement, *first ? " WHERE " : " AND ");
    *first = false;
}

/* How many places so many values have: few texts for any number of them. */
static size_t places_count(size_t len)
{
    size_t places = 1;
    while (places < len)
        places *= 2;
    return places;
}

/* The number of the first place; those that are left have the last value again. */
static size_t places(struct list_statement *statement, const struct sql_value *values, size_t len)
{
    size_t first = place(statement, values[0]);
    for (size_t i = 1; i < places_count(len); i++)
        place(statement, values[i < len ? i : len - 1]);
    return first;
}

static void any_of(struct list_statement *statement, const char *sql, size_t first, size_t len)
{
    if (len == 1) {
        buf_printf(&statement->text, "%s = ?%zu", sql, first);
        return;
    }
    buf_printf(&statement->text, "%s IN (", sql);
    for (size_t i = 0; i < places_count(len); i++)
        buf_printf(&statement->text, i ? ", ?%zu" : "?%zu", first + i);
    say(statement, ")");
}

static void shops_say(struct list_statement *statement, const struct list_query *query, bool *first)
{
    struct sql_value shops[LIST_VALUES_MAX / 2];
    if (!query->list->shop || query->all_shops)
        return;
    and_begin(statement, first);
    if (query->shops_len == 0) {
        say(statement, "1 = 0");
        return;
    }
    if (query->shops_len > LIST_VALUES_MAX / 2) {
        statement->too_many = true;
        return;
    }
    for (size_t i = 0; i < query->shops_len; i++)
        shops[i] = sql_int(query->shops[i]);
    /* SQLite knows no numbers of rows and would gather and sort all of these shops' rows; with + it walks the index of the
     * sort and passes over others. */
    if (query->list->shops_of)
        buf_printf(&statement->text, "EXISTS (%s AND ", query->list->shops_of);
    else if (statement->database == LIST_SQLITE && query->shops_len > 1 && !query->by_shop)
        say(statement, "+");
    any_of(statement, query->list->shop, places(statement, shops, query->shops_len),
           query->shops_len);
    if (query->list->shops_of)
        say(statement, ")");
}

static void search_one_say(struct list_statement *statement, const char *sql, bool is_whole,
                           size_t whole, size_t small)
{
    if (is_whole)
        buf_printf(&statement->text, "%s = ?%zu", sql, whole);
    else if (statement->database == LIST_SQLITE)
        buf_printf(&statement->text, "instr(lower(%s), ?%zu) > 0", sql, small);
    else if (statement->database == LIST_POSTGRES)
        buf_printf(&statement->text, "strpos(lower(%s COLLATE \"C\"), ?%zu) > 0", sql, small);
    else
        buf_printf(&statement->text, "instr(lower(%s), lower(?%zu)) > 0", sql, small);
}

/* The text stands at the place `whole`, and behind it the same in small letters. */
static void search_say(struct list_statement *statement, const struct list_query *query,
                       bool earlier, size_t whole)
{
    for (const struct list_search *search = query->list->search; search->sql; search++) {
        say(statement, search == query->list->search ? "(" : " OR ");
        search_one_say(statement, earlier && search->earlier ? search->earlier : search->sql,
                       search->whole, whole, whole + 1);
    }
    say(statement, ")");
}

bool list_is_torn(const struct list_statement *statement, const struct list_query *query,
                  const struct list_term *term)
{
    return statement->database == LIST_SQLITE && term->common && !query->by_shop &&
           strcmp(sort_column(query, 0)->sql, query->list->day_ms) != 0;
}

/* A shop's days, the newest rows first: PostgreSQL, which does not know how many days are asked for when it plans, takes
 * them for few, reads and sorts them all. With the day behind an expression, and the older bound of the time as a pair (so
 * that the two are no range, of which it believes the same), it goes by the time until the page is full. */
static bool day_is_passed_over(const struct list_statement *statement,
                               const struct list_query *query)
{
    return statement->database == LIST_POSTGRES && statement->ordered && query->list->day_ms &&
           !query->all_shops && strcmp(sort_column(query, 0)->sql, query->list->day_ms) == 0;
}

/* Days of all shops in the order of a figure: whether the figure's index is walked until the page is full, or the days are read
 * and sorted, hangs on how many they are. */
static bool days_decide(const struct list_statement *statement, const struct list_query *query)
{
    bool days = false;
    for (size_t i = 0; i < query->terms_len; i++)
        days |= query->terms[i].how == LIST_FROM_DAY || query->terms[i].how == LIST_UNTIL_DAY;
    return days && statement->database == LIST_POSTGRES && query->list->day_ms &&
           query->all_shops && strcmp(sort_column(query, 0)->sql, query->list->day_ms) != 0;
}

/* Rows by a list of pairs. SQLite takes an index of the first column alone and reads all rows of a shop, PostgreSQL a hash of
 * the whole table where it was planned when that was small: unless they are told where to begin. */
static void pairs_say(struct list_statement *statement, const struct list_query *query,
                      const char *const pair[2], size_t at)
{
    const char *from = query->list->from;
    if (statement->database == LIST_SQLITE)
        buf_printf(&statement->text,
                   "r.rowid IN (SELECT m.rowid FROM json_each(?%zu) AS k CROSS JOIN %.*s m"
                   " ON m.%s = json_extract(k.value, '$[0]')"
                   " AND m.%s = json_extract(k.value, '$[1]'))",
                   at, (int)strcspn(from, " "), from, pair[0], pair[1]);
    else if (statement->database == LIST_POSTGRES)
        buf_printf(
            &statement->text,
            "r.ctid = ANY (ARRAY(SELECT m.at FROM json_array_elements(CAST(?%zu AS json)) AS k"
            " CROSS JOIN LATERAL (SELECT a.ctid AS at FROM %.*s a WHERE a.%s ="
            " CAST(k.value ->> 0 AS bigint) AND a.%s = k.value ->> 1 LIMIT 100000) AS m))",
            at, (int)strcspn(from, " "), from, pair[0], pair[1]);
    else
        buf_printf(
            &statement->text,
            "(r.%s, r.%s) IN (SELECT k.number, k.value FROM JSON_TABLE(?%zu, '$[*]' COLUMNS (number"
            " bigint PATH '$[0]', value varchar(400) CHARACTER SET utf8mb4"
            " COLLATE utf8mb4_nopad_bin PATH '$[1]')) AS k)",
            pair[0], pair[1], at);
}

/* `at`: the place of its first value. */
static void term_say(struct list_statement *statement, const struct list_query *query,
                     const struct list_term *term, bool earlier, size_t at)
{
    const char *sql = earlier ? term->earlier : term->sql;
    /* Rows of the same thing are found by it: SQLite would take a shop's days for fewer. */
    if (earlier && statement->database == LIST_SQLITE && term->how != LIST_SEARCH &&
        term->how != LIST_AMONG)
        say(statement, "+");
    switch (term->how) {
    case LIST_EQUAL:
    case LIST_ANY_OF:
        if (!earlier && (statement->found.ptr ? statement->database == LIST_SQLITE
                                              : list_is_torn(statement, query, term) &&
                                                    !statement->few[term - query->terms]))
            say(statement, "+");
        any_of(statement, sql, at, term->values_len);
        if (term->told)
            buf_printf(&statement->text, " AND %s <> ''", sql);
        return;
    case LIST_FROM_DAY:
    case LIST_UNTIL_DAY:
        buf_printf(&statement->text, "%s%s %s ?%zu", sql,
                   day_is_passed_over(statement, query) ? " || ''" : "",
                   term->how == LIST_FROM_DAY ? ">=" : "<=", at);
        return;
    case LIST_LEAST:
        if (sql == query->list->day_ms && day_is_passed_over(statement, query))
            buf_printf(&statement->text, "(%s, 0) >= (?%zu, 0)", sql, at);
        else
            buf_printf(&statement->text, "%s >= ?%zu", sql, at);
        return;
    case LIST_BELOW:
        buf_printf(&statement->text, "%s < ?%zu", sql, at);
        return;
    case LIST_MOST:
        buf_printf(&statement->text, "%s <= ?%zu", sql, at);
        return;
    case LIST_SEARCH:
        search_say(statement, query, earlier, at);
        return;
    case LIST_AMONG:
        pairs_say(statement, query, term->pair, at);
        return;
    case LIST_NO_FILTER:
        break;
    }
    assert(false && "a filter that does nothing");
}

/* No earlier row of the same thing that all filters hold of. What is the same of all its rows holds of them anyway. */
static void met_say(struct list_statement *statement, const struct list_query *query,
                    const size_t *at, bool *first)
{
    and_begin(statement, first);
    buf_printf(&statement->text, "NOT EXISTS (%s", query->list->earlier);
    for (size_t i = 0; i < query->terms_len; i++) {
        const struct list_term *term = &query->terms[i];
        if (!term->earlier && term->how != LIST_SEARCH)
            continue;
        say(statement, " AND ");
        term_say(statement, query, term, true, at[i]);
    }
    say(statement, ")");
}

static void conditions_say(struct list_statement *statement, const struct list_query *query,
                           bool *first)
{
    size_t at[LIST_TERMS_MAX];
    buf_printf(&statement->text, " FROM %s", query->list->from);
    if (query->list->where) {
        and_begin(statement, first);
        say(statement, query->list->where);
    }
    shops_say(statement, query, first);
    if (statement->found.ptr) {
        and_begin(statement, first);
        pairs_say(statement, query, query->list->finds->found,
                  place(statement, sql_text(statement->found)));
    }
    if (statement->newest_ms) {
        and_begin(statement, first);
        buf_printf(&statement->text, "%s <= ?%zu", query->list->day_ms,
                   place(statement, sql_int(statement->newest_ms)));
    }
    for (size_t i = 0; i < query->terms_len; i++) {
        and_begin(statement, first);
        at[i] = places(statement, query->terms[i].values, query->terms[i].values_len);
        term_say(statement, query, &query->terms[i], false, at[i]);
    }
    if (query->list->earlier)
        met_say(statement, query, at, first);
}

/* --- from a place on --- */

static bool rows_compare(const struct list_statement *statement, const struct list_query *query,
                         size_t begin)
{
    bool same = statement->database != LIST_MARIADB;
    for (size_t i = begin; i < query->sort_len; i++)
        same = same && query->sort[i].down == query->sort[begin].down &&
               (i == 0 || !sort_column(query, i)->unknown);
    return same;
}

static void row_compare_say(struct list_statement *statement, const struct list_query *query,
                            size_t begin, const size_t *at)
{
    for (int side = 0; side < 2; side++) {
        say(statement, side == 0 ? "(" : query->sort[begin].down ? " < (" : " > (");
        for (size_t i = begin; i < query->sort_len; i++) {
            if (i > begin)
                say(statement, ", ");
            if (side == 0)
                say(statement, sort_column(query, i)->sql);
            else
                buf_printf(&statement->text, "?%zu", at[i]);
        }
        say(statement, ")");
    }
}

static void beyond_say(struct list_statement *statement, const struct list_query *query, size_t i,
                       size_t at)
{
    const struct list_column *column = sort_column(query, i);
    bool nulls_follow = column->unknown && i > 0;
    buf_printf(&statement->text, nulls_follow ? "(%s %s ?%zu" : "%s %s ?%zu", column->sql,
               query->sort[i].down ? "<" : ">", at);
    if (nulls_follow)
        buf_printf(&statement->text, " OR %s IS NULL)", column->sql);
}

/* a < ?1 OR a = ?1 AND b < ?2 OR …, and before it the bound that an index is entered by. */
static void alternatives_say(struct list_statement *statement, const struct list_query *query,
                             size_t begin, const struct sql_value *after, const size_t *at)
{
    bool any = false;
    if (begin == 0)
        buf_printf(&statement->text, "%s %s ?%zu AND ", sort_column(query, 0)->sql,
                   query->sort[0].down ? "<=" : ">=", at[0]);
    say(statement, "(");
    for (size_t last = begin; last < query->sort_len; last++) {
        if (after[last].kind == SQL_NULL)
            continue; /* nothing comes behind the unknown ones */
        say(statement, any ? " OR (" : "(");
        any = true;
        for (size_t i = begin; i < last; i++) {
            if (after[i].kind == SQL_NULL)
                buf_printf(&statement->text, "%s IS NULL AND ", sort_column(query, i)->sql);
            else
                buf_printf(&statement->text, "%s = ?%zu AND ", sort_column(query, i)->sql, at[i]);
        }
        beyond_say(statement, query, last, at[last]);
        say(statement, ")");
    }
    say(statement, ")");
}

static void after_say(struct list_statement *statement, const struct list_query *query,
                      enum list_part part, const struct sql_value *after, bool *first)
{
    size_t begin = part == LIST_UNKNOWN ? 1 : 0, at[LIST_SORTS_MAX + LIST_KEY_MAX];
    and_begin(statement, first);
    for (size_t i = begin; i < query->sort_len; i++)
        at[i] = after[i].kind == SQL_NULL ? 0 : place(statement, after[i]);
    if (rows_compare(statement, query, begin))
        row_compare_say(statement, query, begin, at);
    else
        alternatives_say(statement, query, begin, after, at);
}

/* The first column stands in the order even where all rows have it unknown: so an index begins. */
static void order_say(struct list_statement *statement, const struct list_query *query)
{
    for (size_t i = 0; i < query->sort_len; i++) {
        const struct list_column *column = sort_column(query, i);
        say(statement, i ? ", " : " ORDER BY ");
        if (i > 0 && column->unknown)
            buf_printf(&statement->text, "%s IS NULL, ", column->sql);
        say(statement, column->sql);
        if (query->sort[i].down)
            say(statement, " DESC");
    }
}

enum err_class list_select_make(struct list_statement *statement, const struct list_query *query,
                                enum list_part part, const struct sql_value *after, int64_t limit,
                                int64_t offset, struct err *err)
{
    bool first = true, comma = false;
    statement_reset(statement);
    statement->ordered = true;
    say(statement, days_decide(statement, query) ? SQL_BY_VALUES "SELECT " : "SELECT ");
    for (const struct list_column *column = query->list->columns; column->name; column++) {
        if (!column->sql || column->filters)
            continue;
        say(statement, comma ? ", " : "");
        say(statement, column->sql);
        comma = true;
    }
    conditions_say(statement, query, &first);
    if (part != LIST_WHOLE) {
        and_begin(statement, &first);
        buf_printf(&statement->text, part == LIST_KNOWN ? "%s IS NOT NULL" : "%s IS NULL",
                   sort_column(query, 0)->sql);
    }
    if (after)
        after_say(statement, query, part, after, &first);
    order_say(statement, query);
    buf_printf(&statement->text, " LIMIT ?%zu", place(statement, sql_int(limit)));
    if (offset)
        buf_printf(&statement->text, " OFFSET ?%zu", place(statement, sql_int(offset)));
    return statement_end(statement, err);
}

enum err_class list_count_make(struct list_statement *statement, const struct list_query *query,
                               struct err *err)
{
    bool first = true;
    statement_reset(statement);
    buf_printf(&statement->text, "SELECT count(*), count(%s)", sort_column(query, 0)->sql);
    conditions_say(statement, query, &first);
    return statement_end(statement, err);
}

enum err_class list_few_make(struct list_statement *statement, const struct list_query *query,
                             const struct list_term *term, struct err *err)
{
    statement_reset(statement);
    buf_printf(&statement->text, "SELECT count(*) FROM (SELECT 1 FROM %s WHERE ",
               query->list->from);
    statement->few[term - query->terms] = true;
    term_say(statement, query, term, false, places(statement, term->values, term->values_len));
    buf_printf(&statement->text, " LIMIT %d)", LIST_FEW);
    return statement_end(statement, err);
}

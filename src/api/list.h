/* list: rows that people page, filter and sort. A list is declared as data; from the declaration follow the SQL (every
 * value bound, names only from the declaration), the order, the cursors and the JSON.
 *
 *   asking    struct list_query. From a call of the API: list_ask (list_ask.c). By hand, for exports, old routes and
 *             handlers: list_query_init, list_where…, list_sort, then limit, page, cursor.
 *   reading   list_run: one page into a list_page. list_stream: all rows in the list's order, to a callback, in bounded memory.
 *   writing   list_row_write (JSON by docs/api.md), or list_int / list_text / list_figure for a form of one's own.
 *
 * A route in three lines: its params are LIST_PARAMS and rows with `.filter` and `.column`; its handler is
 * `return list_answer(call, &that_list, err);`, or list_answer_as with a writer of rows, where the form of a row is more than
 * its columns. list_find finds the one row of a number for the route beside it.
 *
 * An export (sheets.c):                                    An old route (page numbers, its own fields):
 *     list_query_init(&query, &ad_order_list, arena);          list_query_init(&query, &ad_order_list, arena);
 *     list_shops(&query, scope.all, scope.ids, scope.len);     list_where_text(&query, "item_id", LIST_EQUAL, item);
 *     list_sort(&query, STR("-cost"), err);                    list_sort(&query, STR("-created_at"), err);
 *     list_stream(store, &query, each, context, err);          query.page = 3; query.limit = 20;
 *                                                              list_run(store, &query, &page, err);
 *
 * Order: up to LIST_SORTS_MAX columns in either direction, then the key in the direction of the last, so that an order is
 * total and one walk of one index. Unknown (NULL) comes last in both directions: where the first column may be unknown, its
 * known rows are one statement and its unknown rows another, of one commit, because no index of all three databases is
 * in the order "known first". Deeper columns are ordered by the database among equal first ones.
 *
 * Cursors name the last row's values. They are tied by a keyed hash to the list, its sort and its filters: any other one is
 * refused (400 "cursor_foreign"). Whose shops are seen does not hang on them: that is a condition of every statement.
 *
 * Texts of statements: as many as there are combinations of filters and sorts in use; lists of values are filled up to the
 * next power of two with their last value, so that the prepared statements of a connection stay few.
 *
 * Life cycle: declarations are constant. A query, its page and its rows live in the arena given. Threads: one a query.
 * Errors: ERR_USAGE "sort_unknown", "cursor_foreign", "list_values" (more than the statement holds), "amount_decimals";
 * ERR_STORE as the store has them. */
#ifndef HUILIU_API_LIST_H
#define HUILIU_API_LIST_H

#include "api/out.h"
#include "api/route.h"
#include "base/base.h"
#include "derive/derive.h"
#include "store/store.h"

enum list_kind {
    LIST_ID,     /* text; where it is empty: null */
    LIST_NUMBER, /* an id of ours: an integer that is said as text */
    LIST_TEXT,
    LIST_INT,
    LIST_BOOL,
    LIST_TIME,  /* UTC milliseconds */
    LIST_DAY,   /* "YYYY-MM-DD" */
    LIST_MONEY, /* minor units of the currency in column "currency" */
    /* A metric of the list's family by that name. With `sql` of METRIC_ADD and METRIC_WEIGH it is read and the others
     * are worked out of those; `sql` of another kind is a stored copy that only sorts and filters. */
    LIST_METRIC,
};
struct list_column {
    const char *name; /* in the API */
    const char *sql;  /* NULL: worked out */
    enum list_kind kind;
    bool sorts;
    bool unknown; /* may be NULL */
    bool hidden;  /* not in the answer */
    bool filters; /* only filters: it is not read */
    bool told;    /* its index has only rows in which it is not empty */
    bool
        common; /* of some values there are many rows, so that gathering them for a sort would take long */
    const char
        *earlier; /* `sql` of an earlier row (struct list: earlier); NULL: the same as here */
};

/* How a parameter filters: `.filter` of struct param. */
enum list_how {
    LIST_NO_FILTER,
    LIST_EQUAL,
    LIST_ANY_OF,    /* one of many */
    LIST_LEAST,     /* this or more */
    LIST_MOST,      /* this or less */
    LIST_BELOW,     /* less than this */
    LIST_SEARCH,    /* the list's search columns, by one text */
    LIST_AMONG,     /* pairs of a number and a text (list_where_among) */
    LIST_FROM_DAY,  /* days of the list's `day` column, both included */
    LIST_UNTIL_DAY, /* each shop's own days: the column says the day in its shop's zone */
};
/* A column that a text is looked for in: as the whole, or anywhere (A–Z like a–z; % and _ mean themselves). */
struct list_search {
    const char *sql;
    bool whole;
    const char *earlier; /* as a column's */
};

/* Which rows a text can be in, by keys: (shop, order) of the table that `from` begins with. What they find together has
 * every row that the search columns hold of; more does not matter, because those are asked of what is found. */
struct list_finds {
    const char *found[2];    /* the pair's columns */
    const char *const *keys; /* ended by NULL; never many. ?1 the text ?2 most rows */
    /* What has names: a SKU, a video. The text is one itself, or a part of its name. */
    const char *names;  /* ids. ?1 the text ?2 in small letters ?3 most */
    const char *rows;   /* of ids. ?1 list of ids ?2 most rows */
    const char *many;   /* how many those are, without reading one. ?1 list of ids ?2 most */
    const char *newest; /* when the newest of them was placed. ?1 list of ids */
};

enum { LIST_COLUMNS_MAX = 64, LIST_KEY_MAX = 5, LIST_SORTS_MAX = 3, LIST_TERMS_MAX = 64 };
/* Of more rows a page is soon full by looking at each. */
enum { LIST_FOUND_MAX = 10000, LIST_NAMES_MAX = 100 };
enum { LIST_LIMIT_MAX = 1000, LIST_VALUES_MAX = 2048, LIST_STREAM_ROWS = 2000 };

struct list {
    const char *name;
    const char *from;                  /* what follows FROM */
    const char *where;                 /* holds for every row; NULL: nothing */
    const struct list_column *columns; /* ended by a NULL name */
    const char *key[LIST_KEY_MAX];     /* columns, never NULL, that no two rows share */
    const char *sort;                  /* where none is asked for */
    const char *shop;                  /* SQL of the shop's number; NULL: rows are of no shop */
    /* "SELECT 1 FROM … WHERE …": where a row is of several shops, those that `shop` is a number of; one of them has to be
     * in scope. NULL: of one shop. */
    const char *shops_of;
    bool
        live; /* of our own work, not of the platforms: `as_of` is when it was read, and there is no zone */
    const char *day, *day_ms; /* SQL of the day and of its instant, for an index of time; or NULL */
    /* "SELECT 1 FROM … WHERE …": where one thing has several rows, those of the same thing before this one. A thing is then
     * met once, at the first of its rows that all filters hold of; so a filter goes by an index of its own. Or NULL. */
    const char *earlier;
    const struct list_search *search; /* ended by a NULL sql; or NULL */
    const struct list_finds *finds;   /* NULL: every row is looked at */
    const char *family;               /* of LIST_METRIC */
};

/* Parameters that every list has. */
#define LIST_PARAMS                                                                                \
    {"limit",                                                                                      \
     PARAM_QUERY,                                                                                  \
     PARAM_INT,                                                                                    \
     .min = 1,                                                                                     \
     .max = LIST_LIMIT_MAX,                                                                        \
     .standard = "100",                                                                            \
     .help = "Rows of a page"},                                                                    \
        {"cursor", PARAM_QUERY, PARAM_TEXT, .max = 2000, .help = "`next` of the page before"},     \
        {"page",                                                                                   \
         PARAM_QUERY,                                                                              \
         PARAM_INT,                                                                                \
         .min = 1,                                                                                 \
         .max = 1000000,                                                                           \
         .help = "Number of the page, from 1, instead of a cursor; then the total is counted"},    \
        {"total", PARAM_QUERY, PARAM_BOOL, .help = "Count all rows"},                              \
    {                                                                                              \
        "sort", PARAM_QUERY, PARAM_TEXT,                                                           \
            .help = "Columns, the first counts most; `-` before a name: downwards"                 \
    }
/* NAME_min and NAME_max of a column. */
#define LIST_RANGE(name, type)                                                                     \
    {name "_min",    PARAM_QUERY,       type, .max = INT64_MAX, .filter = LIST_LEAST,              \
     .column = name, .help = "At least"},                                                          \
    {                                                                                              \
        name "_max", PARAM_QUERY, type, .max = INT64_MAX, .filter = LIST_MOST, .column = name,     \
                                        .help = "At most"                                          \
    }

/* --- asking --- */
struct list_term {
    enum list_how how;
    const char *sql, *earlier;
    bool told; /* not empty, so that an index of such rows is taken */
    bool common;
    const char *pair[2]; /* of LIST_AMONG: the columns, by their names in the table */
    const struct sql_value *values;
    size_t values_len;
};
struct list_order {
    size_t column;
    bool down;
};
struct list_query {
    const struct list *list;
    struct arena *arena;
    const struct metric_family *family; /* where the list has metrics */
    struct list_term terms[LIST_TERMS_MAX];
    size_t terms_len;
    struct list_order sort[LIST_SORTS_MAX + LIST_KEY_MAX]; /* the key ends it */
    size_t sort_len;
    bool all_shops;
    const int64_t *shops;
    size_t shops_len;
    bool by_shop; /* the filters and the shop together are nearly a key */
    int64_t limit;
    int64_t page;      /* 0: by cursor */
    int64_t piece;     /* rows that list_stream has in memory at once; LIST_STREAM_ROWS */
    int64_t found_max; /* rows that a search finds by keys; LIST_FOUND_MAX */
    bool total;
    struct str cursor; /* empty: from the start */
    struct str secret; /* what cursors are signed with; the same for all processes */
    size_t metric_columns[METRICS_MAX]; /* of each metric the column that is read, or SIZE_MAX */
    size_t column_metrics[LIST_COLUMNS_MAX]; /* of each LIST_METRIC column its metric */
    size_t currency_column;                  /* or SIZE_MAX */
};
/* All shops, the standard sort, limit 100. catalog: NULL where the list has no metrics. */
void list_query_init(struct list_query *query, const struct list *list,
                     const struct metric_catalog *catalog, struct arena *arena);
void list_shops(struct list_query *query, bool all, const int64_t *ids, size_t len);
/* Shops by their numbers, all of them too: what is looked for is one order, which a key with its shop finds. */
void list_by_shop(struct list_query *query, const struct shop_scope *shops,
                  const struct api_host *host);
/* "-cost,created_at" */
enum err_class list_sort(struct list_query *query, struct str text, struct err *err);
/* `column` is a name of the declaration (assert). Texts and numbers by the column's kind; values are borrowed. */
enum err_class list_where(struct list_query *query, const char *column, enum list_how how,
                          const struct sql_value *values, size_t len, struct err *err);
enum err_class list_where_text(struct list_query *query, const char *column, enum list_how how,
                               struct str text, struct err *err);
enum err_class list_where_int(struct list_query *query, const char *column, enum list_how how,
                              int64_t number, struct err *err);
/* A number column and a text column are one of these pairs: any number of them is one value of one text. Both are of the
 * table `r` with which the list's `from` begins. */
enum err_class list_where_among(struct list_query *query, const char *number, const char *text,
                                const int64_t *numbers, const struct str *texts, size_t len,
                                struct err *err);
enum err_class list_where_search(struct list_query *query, struct str text, struct err *err);
/* "YYYY-MM-DD", empty: no bound. */
enum err_class list_where_days(struct list_query *query, struct str from, struct str until,
                               struct err *err);
/* "12.34" of the column's unit and this currency. More decimals than it has: ERR_USAGE "amount_decimals". */
enum err_class list_amount(const struct list_query *query, const char *column, struct str text,
                           struct str currency, int64_t *out, struct err *err);
/* Everything that a call says: its parameters with `.filter`, those of LIST_PARAMS, its shops, and `currency`: an amount
 * that filters is one of that currency (CNY where none is said), and rows of others are left out. */
enum err_class list_ask(struct call *call, const struct list *list, struct list_query *query,
                        struct err *err);
/* What cursors are signed with: of the home, the same for all its processes. */
enum err_class list_secret(const struct call *call, struct str *out, struct err *err);

/* --- reading --- */
struct list_row {
    const struct list_query *query;
    const struct sql_value *values; /* a column each; of those with `sql` */
};
struct list_page {
    struct list_row *rows;
    size_t rows_len;
    struct str next; /* cursor of what follows; empty: nothing does */
    int64_t total;   /* -1: not counted */
};
enum err_class list_run(struct store *store, struct list_query *query, struct list_page *out,
                        struct err *err);
/* list_run for a call: a cursor that is refused is said to be the parameter at fault. */
enum err_class list_run_called(struct call *call, struct list_query *query, struct list_page *out,
                               struct err *err);
/* A row that outlives what it was read from. */
enum err_class list_row_copy(const struct list_row *row, struct arena *arena, struct list_row *out,
                             struct err *err);
/* All rows, of one commit, in order; memory for `piece` rows. What `each` returns ends it. `limit`, `page` and
 * `cursor` do not count. */
typedef enum err_class list_each(const struct list_row *row, void *context, struct err *err);
enum err_class list_stream(struct store *store, const struct list_query *query, list_each *each,
                           void *context, struct err *err);

/* --- writing --- */
size_t list_column(const struct list *list, const char *name); /* assert that it is there */
bool list_is_null(const struct list_row *row, size_t column);
int64_t list_int(const struct list_row *row, size_t column); /* NULL: 0 */
struct str list_text(const struct list_row *row, size_t column);
/* Empty is unknown: STR_NONE, which out_text_or_null writes as null. */
struct str list_text_or_none(const struct list_row *row, size_t column);
/* NULL and 0 as null. */
void list_time_write(struct out *out, const char *key, const struct list_row *row, size_t column);
/* All metrics of the row, by the catalogue: out[metric of the family]. */
enum err_class list_figures(const struct list_row *row, struct figure out[METRICS_MAX],
                            struct err *err);
/* The columns of a row, within an object that the caller opens and ends. */
enum err_class list_row_write(struct out *out, const struct list_row *row, struct err *err);
/* `next` and `total`, behind `items`. */
void list_end_write(struct out *out, const struct list_page *page);
/* list_ask, list_run and all of the answer. */
enum err_class list_answer(struct call *call, const struct list *list, struct err *err);
/* The same with rows of another form: what stands within a row's object, which is open. */
typedef enum err_class list_write(struct call *call, struct out *out, const struct list_row *row,
                                  struct err *err);
enum err_class list_answer_as(struct call *call, const struct list *list, list_write *write,
                              struct err *err);
/* Of a query that is asked already. */
enum err_class list_answer_query(struct call *call, struct list_query *query, list_write *write,
                                 struct err *err);
/* The row whose `column`, a key, is this number, among the shops that he may see. Not there: call_absent of `what`. */
enum err_class list_find(struct call *call, const struct list *list, const char *column,
                         int64_t number, const char *what, struct list_row *out, struct err *err);

/* The rows, two at most, whose `column` is a platform's number, among these shops; and that it is one: else call_absent of
 * `what`, or "order_ambiguous" where two shops have one of that number. */
enum err_class list_look(struct call *call, const struct list *list, const struct shop_scope *shops,
                         const char *column, struct str id, struct list_query *query,
                         struct list_page *page, struct err *err);
enum err_class list_alone(struct call *call, const struct list_page *page, const char *what,
                          struct str id, struct err *err);

#endif

/* Private to api: the statements of a list. Texts are built of the declaration's SQL and numbers of places; every value is
 * bound. The three databases differ in two things: how a text is looked for, and that MariaDB walks an index from a place on
 * only where that is said as alternatives, the others only where it is said as a comparison of rows. */
#ifndef HUILIU_API_LIST_SQL_H
#define HUILIU_API_LIST_SQL_H

#include "api/list.h"

enum list_part {
    LIST_WHOLE,   /* the first column of the sort is never unknown */
    LIST_KNOWN,   /* rows that have it */
    LIST_UNKNOWN, /* rows that do not */
};
enum list_database { LIST_SQLITE, LIST_POSTGRES, LIST_MARIADB };
struct list_statement {
    struct buf text;
    struct sql_value *values; /* LIST_VALUES_MAX */
    size_t values_len;
    bool too_many;
    bool ordered; /* a page, and not a count */
    enum list_database database;
    struct str found;  /* pairs of the rows that the search can hold of, as JSON; NULL: any */
    int64_t newest_ms; /* it can hold of none that was placed later; 0: not known */
    bool few
        [LIST_TERMS_MAX]; /* filters whose rows SQLite had better gather and sort (list_few_make) */
};
enum err_class list_statement_init(struct list_statement *statement, const struct store *store,
                                   struct arena *arena, struct err *err);
void list_statement_fini(struct list_statement *statement);
/* after: a value for each of query->sort, or NULL: from the start. ERR_USAGE "list_values". */
enum err_class list_select_make(struct list_statement *statement, const struct list_query *query,
                                enum list_part part, const struct sql_value *after, int64_t limit,
                                int64_t offset, struct err *err);
/* SQLite knows no numbers of rows. Where a filter on a `common` column meets a sort that is not of time, it has to be told
 * whether to gather the filter's rows or to walk the index of the sort. */
bool list_is_torn(const struct list_statement *statement, const struct list_query *query,
                  const struct list_term *term);
enum { LIST_FEW = 5000 };
/* How many rows the filter has, LIST_FEW at most. */
enum err_class list_few_make(struct list_statement *statement, const struct list_query *query,
                             const struct list_term *term, struct err *err);
/* Few of many rows are found by their keys (statement->found). Where there are more than query->found_max, a page is soon full
 * by looking at each, from the newest that it can be on (statement->newest_ms). Nothing where the list declares no `finds`. */
enum err_class list_search_find(struct list_statement *statement, struct reader *snapshot,
                                const struct list_query *query, struct arena *arena,
                                struct err *err);
/* Two numbers: rows, and rows that have the first column of the sort. */
enum err_class list_count_make(struct list_statement *statement, const struct list_query *query,
                               struct err *err);

bool list_column_is_text(const struct list_column *column);

#endif

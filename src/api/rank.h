/* rank: groups of a sum in the order of any metric, a page at a time. The database adds up and the catalogue works out. By a
 * plain sum the database also sorts, and only the page comes out of it; by what is worked out, and behind a cursor, the
 * best are kept while the groups stream by: no metric needs a formula in SQL to be sorted by, and memory is for a page. Of
 * members (SKUs, videos), of which there are many, only what the metric is made of is added up for that; the rest is then read of the
 * page's members, of the same commit.
 *
 * Order: the metric (unknown last both ways), then the dims and the currency in the same direction. Cursors as in list.h; a
 * page by its number reaches RANK_ROWS_MAX rows.
 *
 * Parameters of a route: LIST_PARAMS and PERIOD_PARAMS. Errors: as list.h and sums.h; ERR_USAGE "page_deep". */
#ifndef HUILIU_API_RANK_H
#define HUILIU_API_RANK_H

#include "api/list.h"
#include "api/sums.h"

enum { RANK_ROWS_MAX = 10000 };

struct rank_row {
    char dims[SUMS_DIMS_MAX][ID_BYTES_MAX + 1];
    int64_t numbers[SUMS_DIMS_MAX];
    char currency[CURRENCY_BYTES_MAX + 1];
    int64_t any_shop;
    struct sums sums;
    struct figure figures[METRICS_MAX];
};
struct rank_page {
    struct rank_row **rows;
    size_t rows_len;
    struct str next;
    int64_t total;
};
/* Adds to a group what stands beside it and is in no column of its table. */
typedef enum err_class rank_beside(const struct sums_row *row, struct sums *sums, void *context,
                                   struct err *err);
struct rank_query {
    const char *name; /* of the route, for cursors */
    struct sums_query sums;
    size_t metric;
    bool down;
    int64_t limit, page;
    struct str cursor, secret;
    rank_beside *
        beside; /* NULL: nothing. The database then sorts by no metric: for groups of which there are few */
    void *beside_context;
};
/* The page that a call asks for by sort, limit, page and cursor; `standard` where no sort is given ("-cost").
 * query->sums is filled before. */
enum err_class rank_of_call(struct call *call, struct rank_query *query, const char *standard,
                            struct rank_page *out, struct err *err);
/* The same of a query that was filled by hand. */
enum err_class rank_read(struct call *call, const struct rank_query *query, struct rank_page *out,
                         struct err *err);
void rank_end_write(struct out *out, const struct rank_page *page);

#endif

/* sums: what orders came to over days, from ad_day and trade_day, worked out by the catalogue. No formula is written here:
 * columns are added up by the database, the rest is metrics_work_out.
 *
 *     struct sums_query query = {.table = &sums_of_ads, .kind = "created", .dims = {"item_id"}, .period = &period};
 *     sums_read(call, &query, each, context, err);
 *
 * Rows come a group each, in the order of their dims, and always apart by currency: amounts of two currencies are never added.
 *
 * Adding up further, in C (days to weeks, all rows to one): sums_add, then sums_figures.
 *
 * Threads, ownership: as the call. Texts of a row are borrowed until the next. */
#ifndef HUILIU_API_SUMS_H
#define HUILIU_API_SUMS_H

#include "api/out.h"
#include "api/period.h"

extern const char *const basis_words[]; /* created spent */
enum { SUMS_DIMS_MAX = 3, SUMS_EXTRAS_MAX = 4, SUMS_WHERE_MAX = 2, CURRENCY_BYTES_MAX = 8 };

/* A metric whose column is not a plain sum. */
struct sums_special {
    const char *column, *sql;
    const char *
        list; /* column of numbers whose different ones are counted; `sql` says how many stand in all of them */
};
struct sums_table {
    const char *name, *family;
    const char *kind; /* column that says what a row is about: basis, dimension */
    const struct sums_special *specials;
    const char *extras[SUMS_EXTRAS_MAX]; /* columns beside the metrics, added up */
    /* The same without the member: what is asked for without it is read there, from far fewer rows. NULL: itself. */
    const char *member;
    const struct sums_table *whole;
};
extern const struct sums_table sums_of_ads;   /* extras: told, provisional */
extern const struct sums_table sums_of_sales; /* no extras */

struct sums_query {
    const struct sums_table *table;
    const char *kind; /* created spent; shop sku spu person */
    const char *dims[SUMS_DIMS_MAX];
    const struct period *period;
    struct {
        const char *column;
        struct sql_value value;
    } where[SUMS_WHERE_MAX];
    bool named; /* only groups whose first dim is not empty */
    /* Of each metric, whether it is added up (sums_needs); the others, the extras and any_shop are not read. NULL: all are. */
    const bool *only;
    bool unordered;
    const struct str *members; /* only groups whose first dim is one of these; NULL: all */
    size_t members_len;
    /* Only the best by a metric that sums_best_can, the unknown last, then by dims and currency in the same direction: all
     * others stay in the database. limit 0: all, by dims. */
    struct {
        size_t metric;
        bool down;
        int64_t limit, offset;
    } best;
};
struct sums {
    struct metric_sums metrics;
    int64_t extras[SUMS_EXTRAS_MAX];
};
struct sums_row {
    struct str dims[SUMS_DIMS_MAX]; /* of a number: empty */
    int64_t numbers[SUMS_DIMS_MAX]; /* of a text: 0 */
    struct str currency;
    int64_t any_shop; /* one of its shops */
    int64_t groups;   /* with `best`: how many there are in all */
    struct sums sums;
};
typedef enum err_class sums_each(const struct sums_row *row, void *context, struct err *err);
enum err_class sums_read(struct call *call, const struct sums_query *query, sums_each *each,
                         void *context, struct err *err);
/* The same of a snapshot (store_snapshot), in which other statements may follow; reader_close tells what went wrong while rows came. */
enum err_class sums_read_in(struct call *call, struct reader *snapshot,
                            const struct sums_query *query, sums_each *each, void *context,
                            struct err *err);
/* What has to be added up so that the metric can be worked out. */
void sums_needs(const struct metric_family *family, size_t metric, bool out[METRICS_MAX]);
/* Are the groups members of the table, of which there are many? */
bool sums_of_members(const struct sums_query *query);
/* Whether the database can sort by it: a plain sum. */
bool sums_best_can(const struct call *call, const struct sums_query *query, size_t metric);
const struct metric_family *sums_family(const struct call *call, const struct sums_table *table);

void sums_init(struct sums *sums);
/* Zeros, known, of all that rows of the table have: a day on which nothing was ordered. */
void sums_zero(const struct call *call, const struct sums_table *table, struct sums *out);
/* What is known is added. ERR_INTERNAL "metric_range" beyond 64 bits. */
enum err_class sums_add(const struct metric_family *family, struct sums *into,
                        const struct sums *from, struct err *err);
enum err_class sums_figures(const struct metric_family *family, const struct sums *sums,
                            struct str currency, struct figure out[METRICS_MAX], struct err *err);
enum err_class sums_figure(const struct metric_family *family, const struct sums *sums,
                           struct str currency, size_t metric, struct figure *out, struct err *err);
/* All metrics of the family that are known to this kind of row, as members of an open object. */
void figures_write(struct out *out, const struct metric_family *family,
                   const struct figure figures[METRICS_MAX], struct str currency);

/* Sums a currency each, for answers that are one number a currency: currencies as they come. */
enum { SUMS_CURRENCIES_MAX = 16 };
struct sums_total {
    char currency[SUMS_CURRENCIES_MAX][CURRENCY_BYTES_MAX + 1];
    struct sums sums[SUMS_CURRENCIES_MAX];
    size_t len;
};
enum err_class total_add(const struct metric_family *family, struct sums_total *total,
                         struct str currency, const struct sums *from, struct err *err);
enum err_class sums_total_read(struct call *call, const struct sums_query *query,
                               struct sums_total *out, struct err *err);
/* [{currency, metrics…, extras…}]; nothing was ordered: an empty list. */
enum err_class total_write(struct call *call, struct out *out, const char *key,
                           const struct sums_table *table, const struct sums_total *total,
                           struct err *err);
/* One of them, within an open object. */
enum err_class total_one_write(struct call *call, struct out *out, const struct sums_table *table,
                               const struct sums *sums, struct str currency, struct err *err);

#endif

/* figure_sum: figures of ads added up. A figure is a column of a stream's table that is a number and no
 * part of its key: counters and money add, a ratio is weighted by the column that the table names
 * (`weight:`), and money that is one column through another (`quotient:`) is made from the sums. What
 * was added up only once stays as the platform gave it. Integers throughout; ratios and quotients
 * are rounded half-even.
 *
 * The same figures stand in several tables (life, snapshot, day, base); they are found by their names.
 *
 * Life cycle: a layout lives as long as the tables it was made from; sums are plain values. Threads:
 * none of it is shared. */
#ifndef HUILIU_SYNC_FIGURE_SUM_H
#define HUILIU_SYNC_FIGURE_SUM_H

#include "batch/batch.h"
#include "crypt/crypt.h"
#include "store/store.h"

enum { FIGURES_MAX = 48 };

struct figure {
    struct str name;
    enum column_type type;
    size_t weight, over, under; /* places of other figures, or SIZE_MAX */
};
/* Which columns of a table are figures, and how each is added. */
struct figure_layout {
    struct figure figures[FIGURES_MAX];
    size_t len;
};
/* ERR_CONFIG "figures" when a figure cannot be added up or there are too many. */
enum err_class figure_layout_make(const struct table *table, struct figure_layout *out,
                                  struct err *err);

struct figure_sum {
    bool set[FIGURES_MAX];
    int64_t values[FIGURES_MAX];
    int64_t weighted[FIGURES_MAX]; /* ratios: the sum of value times weight */
    int64_t weights[FIGURES_MAX];  /* ratios: the sum of weights of rows that said one */
    int64_t rows;                  /* how many were added up, of whatever kind */
    int64_t ads;                   /* ads among them */
    struct str currency;           /* borrowed; empty: none was said */
};
/* Adds the row of one ad. ERR_BAD_REPLY "figure_range" when a sum leaves 64 bits, "figure_currency" when money of
 * two currencies would be added. */
enum err_class figure_sum_row(const struct figure_layout *layout, const struct batch *batch,
                              size_t row, struct figure_sum *sum, struct err *err);
/* Adds another sum, of another range of the same ads: their number is the larger of both. */
enum err_class figure_sum_add(const struct figure_layout *layout, const struct figure_sum *other,
                              struct figure_sum *sum, struct err *err);
/* An amount that adds up is lower than it was. */
bool figure_money_fell(const struct figure_layout *layout, const struct figure_sum *before,
                       const struct figure_sum *now);
/* Reads what figure_columns_write selected, from `column` on. Texts are copied into `arena`. */
enum err_class figure_sum_read(const struct figure_layout *layout, const struct reader *reader,
                               int column, struct arena *arena, struct figure_sum *out,
                               struct err *err);
/* "ads, currency, cost, plays …": the columns that figure_sum_read wants. */
void figure_columns_write(const struct figure_layout *layout, struct buf *out);

/* Sets the figures, `ads` and `currency` of a batch's row, and its guard: the hash is of all cells of the
 * row, so that equal figures are an unchanged row whenever they arrived. The row's key must be set. */
enum err_class figure_row_write(const struct figure_layout *layout, const struct figure_sum *sum,
                                const struct keyring *keyring, int64_t received_ms,
                                struct batch *batch, size_t row, struct err *err);

#endif

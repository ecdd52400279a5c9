/* Private to coord: a call's budgets together. It gets all of them or none, at the earliest moment that suits every one.
 * Arithmetic only: no name, lock or clock; whoever keeps the buckets sees to that. */
#ifndef HUILIU_COORD_TREE_H
#define HUILIU_COORD_TREE_H

#include "coord/bucket.h"

/* A bucket and what is told of it. */
struct budget {
    struct bucket bucket;
    int64_t taken, refused;
};
void budget_init(struct budget *budget, const struct budget_limit *limit, int64_t now_ms);
/* Settles it, with the limit that an ask brings. */
void budget_settle(struct budget *budget, const struct budget_limit *limit, int64_t now_ms);
/* As budget_take of coord.h; all budgets are settled at now_ms. */
enum err_class tree_take(struct budget *const *budgets, const struct budget_ask *asks,
                         size_t asks_len, struct budget_comer comer, int64_t now_ms,
                         int64_t horizon_ms, int64_t *start_ms, struct err *err);
void tree_refused(struct budget *budget, int64_t now_ms, int64_t retry_at_ms);
/* What it is like at now_ms; a copy, since looking changes nothing. The key is borrowed. */
struct budget_state budget_state_of(struct budget budget, struct str key, int64_t now_ms);

#endif

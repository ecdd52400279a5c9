/* A call's budgets together. */
#include "coord/tree.h"

void budget_init(struct budget *budget, const struct budget_limit *limit, int64_t now_ms)
{
    *budget = (struct budget){.taken = 0};
    bucket_init(&budget->bucket, limit, now_ms);
}

static bool limit_equal(const struct budget_limit *a, const struct budget_limit *b)
{
    return a->kind == b->kind && a->calls == b->calls && a->per_ms == b->per_ms &&
           a->burst == b->burst;
}

void budget_settle(struct budget *budget, const struct budget_limit *limit, int64_t now_ms)
{
    bucket_settle(&budget->bucket, now_ms);
    if (!limit_equal(&budget->bucket.limit, limit))
        bucket_limit_set(&budget->bucket, limit);
}

/* The earliest moment that suits every bucket. Each may have gaps between promised turns, so a later
 * moment for one can be too early for another again. */
static int64_t start_agree(struct budget *const *budgets, const struct budget_ask *asks, size_t len,
                           int64_t now_ms)
{
    int64_t start_ms = now_ms;
    for (size_t agreed = 0, at = 0; agreed < len; at = (at + 1) % len) {
        int64_t own_ms = bucket_earliest(&budgets[at]->bucket, start_ms, asks[at].cost_milli);
        agreed = own_ms > start_ms ? 1 : agreed + 1;
        start_ms = own_ms;
    }
    return start_ms;
}

/* Is this call another's, who stands in line for it? */
static bool call_is_awaited(const struct bucket *bucket, const struct budget_ask *ask,
                            struct budget_comer comer, int64_t now_ms)
{
    return !comer.waited && bucket_has_line(bucket, now_ms, comer.rank) &&
           bucket_earliest(bucket, now_ms, ask->cost_milli) > now_ms;
}

/* The place of one who cannot start before from_ms, in the line of the bucket where it is the latest. */
static int64_t place_take(struct budget *const *budgets, const struct budget_ask *asks, size_t len,
                          unsigned rank, int64_t now_ms, int64_t from_ms)
{
    size_t latest = len;
    int64_t place_us = from_ms * 1000;
    for (size_t i = 0; i < len; i++) {
        /* Where a call is free by then nobody stands in line. */
        if (bucket_earliest(&budgets[i]->bucket, now_ms, asks[i].cost_milli) <= from_ms)
            continue;
        int64_t own_us = bucket_place_us(&budgets[i]->bucket, now_ms, from_ms, rank,
                                         asks[i].cost_milli);
        if (latest == len || own_us > place_us) {
            latest = i;
            place_us = own_us;
        }
    }
    if (latest < len)
        bucket_place_take(&budgets[latest]->bucket, place_us, rank);
    return place_us / 1000;
}

enum err_class tree_take(struct budget *const *budgets, const struct budget_ask *asks,
                         size_t asks_len, struct budget_comer comer, int64_t now_ms,
                         int64_t horizon_ms, int64_t *start_ms, struct err *err)
{
    bool promised = true;
    int64_t at_ms = start_agree(budgets, asks, asks_len, now_ms);
    for (size_t i = 0; i < asks_len; i++)
        promised = promised && (at_ms <= now_ms || bucket_has_turn(&budgets[i]->bucket)) &&
                   !call_is_awaited(&budgets[i]->bucket, &asks[i], comer, now_ms);
    if (at_ms > now_ms + horizon_ms || !promised) {
        /* Who comes back half a horizon early can still reserve the very start, so that a slow
         * queue does not cost the slot. */
        int64_t from_ms = at_ms - horizon_ms / 2;
        from_ms = from_ms > now_ms ? from_ms : now_ms + 1;
        *start_ms = comer.outside
                        ? from_ms
                        : place_take(budgets, asks, asks_len, comer.rank, now_ms, from_ms);
        err_set(err, ERR_LATER, "budget", "%.*s: no call is free for %lld ms", STR_ARG(asks[0].key),
                (long long)(at_ms - now_ms));
        if (err)
            err->retry_at_ms = *start_ms;
        return ERR_LATER;
    }
    for (size_t i = 0; i < asks_len; i++) {
        bucket_reserve(&budgets[i]->bucket, at_ms, asks[i].cost_milli);
        budgets[i]->taken++;
    }
    *start_ms = at_ms;
    return ERR_OK;
}

void tree_refused(struct budget *budget, int64_t now_ms, int64_t retry_at_ms)
{
    bucket_settle(&budget->bucket, now_ms);
    bucket_refused(&budget->bucket, now_ms, retry_at_ms);
    budget->refused++;
}

struct budget_state budget_state_of(struct budget budget, struct str key, int64_t now_ms)
{
    bucket_settle(&budget.bucket, now_ms);
    return (struct budget_state){
        .key = key,
        .limit = budget.bucket.limit,
        .rate_milli_per_s = bucket_rate_milli_per_s(&budget.bucket),
        .tokens_milli = bucket_tokens_milli(&budget.bucket),
        .blocked_until_ms = budget.bucket.blocked_until_ms,
        .taken = budget.taken,
        .refused = budget.refused,
    };
}

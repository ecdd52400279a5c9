/* The face of the room: what is asked is checked here once, for every coordinator, and the forms that wait
 * stand on those that do not. */
#include "coord/coord.h"

#include <assert.h>

#include "coord/bucket.h"
#include "coord/ops.h"

enum {
    KEY_BYTES_MAX = 255,
    /* A waiting call reserves its turn this long ahead, as the gateway does. */
    WAIT_HORIZON_MS = 200,
    /* Who waits for a lock asks again so often: its holder may let go of it long before it expires. */
    LOCK_POLL_MS = 100,
};
static const int64_t COST_MILLI_MAX = 1000000000;

void coord_close(struct coord *coord)
{
    if (coord)
        coord->ops->close(coord);
}

void coord_workers_set(struct coord *coord, unsigned living, unsigned others_degraded)
{
    if (coord->ops->workers_set)
        coord->ops->workers_set(coord, living, others_degraded);
}

bool coord_is_degraded(struct coord *coord, int64_t now_ms)
{
    return coord->ops->is_degraded && coord->ops->is_degraded(coord, now_ms);
}

bool coord_is_shared(const struct coord *coord)
{
    return coord->ops->is_degraded != NULL;
}

/* --- budgets --- */

bool budget_limit_valid(const struct budget_limit *limit)
{
    return bucket_limit_valid(limit);
}

static enum err_class ask_check(const struct budget_ask *ask, struct err *err)
{
    if (ask->key.len > 0 && ask->key.len <= KEY_BYTES_MAX && bucket_limit_valid(&ask->limit) &&
        ask->cost_milli > 0 && ask->cost_milli <= COST_MILLI_MAX)
        return ERR_OK;
    return err_set(err, ERR_CONFIG, "budget_limit",
                   "budget %.*s: %lld calls per %lld ms, burst %lld, cost %lld/1000 is not a "
                   "budget; every number must be above 0 and within reason",
                   STR_ARG(ask->key), (long long)ask->limit.calls, (long long)ask->limit.per_ms,
                   (long long)ask->limit.burst, (long long)ask->cost_milli);
}

enum err_class budget_take(struct coord *coord, const struct budget_ask *asks, size_t asks_len,
                           struct budget_comer comer, int64_t now_ms, int64_t horizon_ms,
                           int64_t *start_ms, struct err *err)
{
    assert(asks_len <= BUDGET_KEYS_MAX && comer.rank < BUDGET_RANKS);
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < asks_len && class_ == ERR_OK; i++) {
        for (size_t k = 0; k < i; k++)
            assert(!str_eq(asks[i].key, asks[k].key));
        class_ = ask_check(&asks[i], err);
    }
    if (class_ != ERR_OK)
        return class_;
    *start_ms = now_ms;
    return asks_len == 0
               ? ERR_OK
               : coord->ops->take(coord, asks, asks_len, comer, now_ms, horizon_ms, start_ms, err);
}

void budget_refused(struct coord *coord, struct str key, int64_t now_ms, int64_t retry_at_ms)
{
    coord->ops->refused(coord, key, now_ms, retry_at_ms);
}

void budget_succeeded(struct coord *coord, struct str key)
{
    coord->ops->succeeded(coord, key);
}

void budget_reset(struct coord *coord, struct str key)
{
    coord->ops->reset(coord, key);
}

size_t budget_list(struct coord *coord, int64_t now_ms, struct arena *arena,
                   struct budget_state *out, size_t max)
{
    return coord->ops->list(coord, now_ms, arena, out, max);
}

enum err_class budget_try(struct coord *coord, const struct budget_ask *asks, size_t asks_len,
                          int64_t now_ms, struct err *err)
{
    int64_t start_ms;
    return budget_take(coord, asks, asks_len, (struct budget_comer){.outside = true}, now_ms, 0,
                       &start_ms, err);
}

static enum err_class sleep_towards(int64_t at_ms, const volatile bool *stop, struct err *err)
{
    if (clock_sleep_until(at_ms, stop))
        return ERR_OK;
    return err_set(err, ERR_STOPPED, "stopped", "asked to stop while waiting");
}

enum err_class budget_wait(struct coord *coord, const struct budget_ask *asks, size_t asks_len,
                           unsigned rank, int64_t deadline_ms, const volatile bool *stop,
                           struct err *err)
{
    struct budget_comer comer = {.rank = rank};
    for (;;) {
        int64_t now_ms = clock_now_ms(), left_ms = deadline_ms - now_ms, start_ms;
        /* A turn that comes too late is not reserved: nobody else could have it. */
        int64_t horizon_ms = left_ms < WAIT_HORIZON_MS ? left_ms : WAIT_HORIZON_MS;
        enum err_class class_ = budget_take(coord, asks, asks_len, comer, now_ms,
                                            horizon_ms > 0 ? horizon_ms : 0, &start_ms, err);
        if (class_ == ERR_OK)
            return sleep_towards(start_ms, stop, err);
        if (class_ != ERR_LATER || start_ms > deadline_ms)
            return class_;
        comer.waited = true;
        class_ = sleep_towards(start_ms, stop, err);
        if (class_ != ERR_OK)
            return class_;
    }
}

/* --- locks --- */

enum err_class lock_take(struct coord *coord, struct str name, struct str owner, int64_t now_ms,
                         int64_t ttl_ms, uint64_t *fence, struct err *err)
{
    assert(name.len > 0 && owner.len > 0 && ttl_ms > 0);
    return coord->ops->lock_take(coord, name, owner, now_ms, ttl_ms, fence, err);
}

enum err_class lock_renew(struct coord *coord, struct str name, struct str owner, int64_t now_ms,
                          int64_t ttl_ms, struct err *err)
{
    assert(name.len > 0 && owner.len > 0 && ttl_ms > 0);
    return coord->ops->lock_renew(coord, name, owner, now_ms, ttl_ms, err);
}

void lock_release(struct coord *coord, struct str name, struct str owner)
{
    coord->ops->lock_release(coord, name, owner);
}

enum err_class lock_wait(struct coord *coord, struct str name, struct str owner, int64_t ttl_ms,
                         int64_t deadline_ms, const volatile bool *stop, uint64_t *fence,
                         struct err *err)
{
    for (;;) {
        struct err why = {0};
        int64_t now_ms = clock_now_ms();
        enum err_class class_ = lock_take(coord, name, owner, now_ms, ttl_ms, fence, &why);
        int64_t next_ms = now_ms + LOCK_POLL_MS;
        if (class_ == ERR_LATER && why.retry_at_ms > now_ms && why.retry_at_ms < next_ms)
            next_ms = why.retry_at_ms;
        if (class_ != ERR_LATER || next_ms > deadline_ms) {
            if (class_ != ERR_OK && err)
                *err = why;
            return class_;
        }
        class_ = sleep_towards(next_ms, stop, err);
        if (class_ != ERR_OK)
            return class_;
    }
}

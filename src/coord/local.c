/* Budgets and locks of one process: two maps under one mutex. Everything under it is arithmetic of
 * microseconds, so nobody waits for long. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "coord/bucket.h"
#include "coord/ops.h"

enum {
    /* Buckets are platform x app x shop x method: several hundred for a hundred shops. */
    BUCKETS_MAX = 16384,
    LOCKS_MAX = 16384,
};

struct budget {
    struct bucket bucket;
    int64_t taken, refused;
    size_t key_len;
    char key[];
};

struct lock {
    int64_t expires_ms;
    uint64_t fence;
    unsigned entered;
    size_t owner_len, name_len;
    char text[]; /* owner, then name */
};

struct local {
    struct coord coord;
    pthread_mutex_t mutex;
    struct map budgets; /* key -> struct budget */
    struct map locks;   /* name -> struct lock */
    uint64_t last_fence;
};

static struct local *local_of(struct coord *coord)
{
    return (struct local *)coord;
}

static void map_free_values(struct map *map)
{
    struct map_entry *entry;
    for (size_t at = 0; (entry = map_next(map, &at));)
        free(entry->value.ptr);
    map_fini(map);
}

static void local_close(struct coord *coord)
{
    struct local *local = local_of(coord);
    map_free_values(&local->budgets);
    map_free_values(&local->locks);
    pthread_mutex_destroy(&local->mutex);
    free(local);
}

static struct budget *budget_find(struct local *local, struct str key)
{
    struct map_entry *entry = map_find(&local->budgets, key);
    return entry ? entry->value.ptr : NULL;
}

static enum err_class budget_new(struct local *local, const struct budget_ask *ask, int64_t now_ms,
                                 struct budget **out, struct err *err)
{
    struct budget *budget = malloc(sizeof(*budget) + ask->key.len);
    if (!budget)
        return err_no_memory(err);
    *budget = (struct budget){.key_len = ask->key.len};
    bucket_init(&budget->bucket, &ask->limit, now_ms);
    memcpy(budget->key, ask->key.ptr, ask->key.len);

    struct str key = {budget->key, budget->key_len};
    struct map_entry *entry = map_put(&local->budgets, key, NULL);
    if (!entry) {
        free(budget);
        return err_set(err, ERR_INTERNAL, "budgets_full", "more than %d budgets", BUCKETS_MAX);
    }
    entry->value.ptr = budget;
    *out = budget;
    return ERR_OK;
}

static bool limit_equal(const struct budget_limit *a, const struct budget_limit *b)
{
    return a->kind == b->kind && a->calls == b->calls && a->per_ms == b->per_ms &&
           a->burst == b->burst;
}

/* The bucket of an ask, settled, with the limit that the ask brings. */
static enum err_class budget_ready(struct local *local, const struct budget_ask *ask,
                                   int64_t now_ms, struct budget **out, struct err *err)
{
    struct budget *budget = budget_find(local, ask->key);
    if (!budget)
        return budget_new(local, ask, now_ms, out, err);
    bucket_settle(&budget->bucket, now_ms);
    if (!limit_equal(&budget->bucket.limit, &ask->limit))
        bucket_limit_set(&budget->bucket, &ask->limit);
    *out = budget;
    return ERR_OK;
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

static enum err_class take_locked(struct local *local, const struct budget_ask *asks,
                                  size_t asks_len, struct budget_comer comer, int64_t now_ms,
                                  int64_t horizon_ms, int64_t *start_ms, struct err *err)
{
    struct budget *budgets[BUDGET_KEYS_MAX];
    enum err_class class_ = ERR_OK;
    bool promised = true;
    for (size_t i = 0; i < asks_len && class_ == ERR_OK; i++)
        class_ = budget_ready(local, &asks[i], now_ms, &budgets[i], err);
    if (class_ != ERR_OK)
        return class_;

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
        class_ = err_set(err, ERR_LATER, "budget", "%.*s: no call is free for %lld ms",
                         STR_ARG(asks[0].key), (long long)(at_ms - now_ms));
        if (err)
            err->retry_at_ms = *start_ms;
        return class_;
    }
    for (size_t i = 0; i < asks_len; i++) {
        bucket_reserve(&budgets[i]->bucket, at_ms, asks[i].cost_milli);
        budgets[i]->taken++;
    }
    *start_ms = at_ms;
    return ERR_OK;
}

static enum err_class local_take(struct coord *coord, const struct budget_ask *asks,
                                 size_t asks_len, struct budget_comer comer, int64_t now_ms,
                                 int64_t horizon_ms, int64_t *start_ms, struct err *err)
{
    struct local *local = local_of(coord);
    pthread_mutex_lock(&local->mutex);
    enum err_class class_ = take_locked(local, asks, asks_len, comer, now_ms, horizon_ms, start_ms,
                                        err);
    pthread_mutex_unlock(&local->mutex);
    return class_;
}

static void local_refused(struct coord *coord, struct str key, int64_t now_ms, int64_t retry_at_ms)
{
    struct local *local = local_of(coord);
    pthread_mutex_lock(&local->mutex);
    struct budget *budget = budget_find(local, key);
    if (budget) {
        bucket_settle(&budget->bucket, now_ms);
        bucket_refused(&budget->bucket, now_ms, retry_at_ms);
        budget->refused++;
    }
    pthread_mutex_unlock(&local->mutex);
}

static void local_succeeded(struct coord *coord, struct str key)
{
    struct local *local = local_of(coord);
    pthread_mutex_lock(&local->mutex);
    struct budget *budget = budget_find(local, key);
    if (budget)
        bucket_succeeded(&budget->bucket);
    pthread_mutex_unlock(&local->mutex);
}

static int budget_cmp(const void *a, const void *b)
{
    const struct budget *left = *(struct budget *const *)a;
    const struct budget *right = *(struct budget *const *)b;
    return str_cmp((struct str){left->key, left->key_len},
                   (struct str){right->key, right->key_len});
}

static size_t local_list(struct coord *coord, int64_t now_ms, struct arena *arena,
                         struct budget_state *out, size_t max)
{
    struct local *local = local_of(coord);
    pthread_mutex_lock(&local->mutex);
    size_t len = local->budgets.len, listed = 0;
    struct budget **all = arena_array(arena, len, sizeof(struct budget *));
    struct map_entry *entry;
    for (size_t at = 0; all && (entry = map_next(&local->budgets, &at));)
        all[listed++] = entry->value.ptr;
    if (listed > 0)
        qsort(all, listed, sizeof(struct budget *), budget_cmp);
    for (size_t i = 0; i < listed && i < max; i++) {
        struct budget *budget = all[i];
        bucket_settle(&budget->bucket, now_ms);
        out[i] = (struct budget_state){
            .key = arena_dup(arena, (struct str){budget->key, budget->key_len}),
            .limit = budget->bucket.limit,
            .rate_milli_per_s = bucket_rate_milli_per_s(&budget->bucket),
            .tokens_milli = bucket_tokens_milli(&budget->bucket),
            .blocked_until_ms = budget->bucket.blocked_until_ms,
            .taken = budget->taken,
            .refused = budget->refused,
        };
    }
    pthread_mutex_unlock(&local->mutex);
    return listed;
}

static struct str lock_owner(const struct lock *lock)
{
    return (struct str){lock->text, lock->owner_len};
}

static struct str lock_name(const struct lock *lock)
{
    return (struct str){lock->text + lock->owner_len, lock->name_len};
}

static void lock_remove(struct local *local, struct lock *lock)
{
    map_remove(&local->locks, lock_name(lock));
    free(lock);
}

/* The lock as it stands now; one that has expired is nobody's and goes. */
static struct lock *lock_find(struct local *local, struct str name, int64_t now_ms)
{
    struct map_entry *entry = map_find(&local->locks, name);
    struct lock *lock = entry ? entry->value.ptr : NULL;
    if (!lock || lock->expires_ms > now_ms)
        return lock;
    lock_remove(local, lock);
    return NULL;
}

static enum err_class lock_new(struct local *local, struct str name, struct str owner,
                               struct lock **out, struct err *err)
{
    struct lock *lock = malloc(sizeof(*lock) + owner.len + name.len);
    if (!lock)
        return err_no_memory(err);
    *lock = (struct lock){
        .fence = ++local->last_fence, .owner_len = owner.len, .name_len = name.len};
    memcpy(lock->text, owner.ptr, owner.len);
    memcpy(lock->text + owner.len, name.ptr, name.len);
    struct map_entry *entry = map_put(&local->locks, lock_name(lock), NULL);
    if (!entry) {
        free(lock);
        return err_set(err, ERR_INTERNAL, "locks_full", "more than %d locks", LOCKS_MAX);
    }
    entry->value.ptr = lock;
    *out = lock;
    return ERR_OK;
}

static enum err_class lock_take_locked(struct local *local, struct str name, struct str owner,
                                       int64_t now_ms, int64_t ttl_ms, uint64_t *fence,
                                       struct err *err)
{
    struct lock *lock = lock_find(local, name, now_ms);
    if (lock && !str_eq(lock_owner(lock), owner)) {
        err_set(err, ERR_LATER, "lock_held", "%.*s is held by %.*s", STR_ARG(name),
                STR_ARG(lock_owner(lock)));
        if (err)
            err->retry_at_ms = lock->expires_ms;
        return ERR_LATER;
    }
    enum err_class class_ = lock ? ERR_OK : lock_new(local, name, owner, &lock, err);
    if (class_ != ERR_OK)
        return class_;
    lock->entered++;
    lock->expires_ms = now_ms + ttl_ms;
    *fence = lock->fence;
    return ERR_OK;
}

static enum err_class local_lock_take(struct coord *coord, struct str name, struct str owner,
                                      int64_t now_ms, int64_t ttl_ms, uint64_t *fence,
                                      struct err *err)
{
    struct local *local = local_of(coord);
    pthread_mutex_lock(&local->mutex);
    enum err_class class_ = lock_take_locked(local, name, owner, now_ms, ttl_ms, fence, err);
    pthread_mutex_unlock(&local->mutex);
    return class_;
}

static enum err_class local_lock_renew(struct coord *coord, struct str name, struct str owner,
                                       int64_t now_ms, int64_t ttl_ms, struct err *err)
{
    struct local *local = local_of(coord);
    enum err_class class_ = ERR_OK;
    pthread_mutex_lock(&local->mutex);
    struct lock *lock = lock_find(local, name, now_ms);
    if (lock && str_eq(lock_owner(lock), owner))
        lock->expires_ms = now_ms + ttl_ms;
    else
        class_ = err_set(err, ERR_CONFLICT, "lock_lost", "%.*s is no longer held by %.*s",
                         STR_ARG(name), STR_ARG(owner));
    pthread_mutex_unlock(&local->mutex);
    return class_;
}

static void local_lock_release(struct coord *coord, struct str name, struct str owner)
{
    struct local *local = local_of(coord);
    pthread_mutex_lock(&local->mutex);
    struct map_entry *entry = map_find(&local->locks, name);
    struct lock *lock = entry ? entry->value.ptr : NULL;
    if (lock && str_eq(lock_owner(lock), owner) && --lock->entered == 0)
        lock_remove(local, lock);
    pthread_mutex_unlock(&local->mutex);
}

static void local_reset(struct coord *coord, struct str key)
{
    struct local *local = local_of(coord);
    pthread_mutex_lock(&local->mutex);
    struct budget *budget = budget_find(local, key);
    if (budget) {
        map_remove(&local->budgets, key);
        free(budget);
    }
    pthread_mutex_unlock(&local->mutex);
}

void coord_local_empty(struct coord *coord)
{
    struct local *local = local_of(coord);
    pthread_mutex_lock(&local->mutex);
    map_free_values(&local->budgets);
    map_init(&local->budgets, BUCKETS_MAX);
    pthread_mutex_unlock(&local->mutex);
}

static const struct coord_ops local_ops = {
    .close = local_close,
    .take = local_take,
    .refused = local_refused,
    .succeeded = local_succeeded,
    .reset = local_reset,
    .list = local_list,
    .lock_take = local_lock_take,
    .lock_renew = local_lock_renew,
    .lock_release = local_lock_release,
};

enum err_class coord_open_local(struct coord **out, struct err *err)
{
    struct local *local = calloc(1, sizeof(*local));
    if (!local)
        return err_no_memory(err);
    local->coord.ops = &local_ops;
    pthread_mutex_init(&local->mutex, NULL);
    map_init(&local->budgets, BUCKETS_MAX);
    map_init(&local->locks, LOCKS_MAX);
    *out = &local->coord;
    return ERR_OK;
}

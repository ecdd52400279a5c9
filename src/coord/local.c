/* Budgets and locks of one process: two maps under one mutex. Everything under it is arithmetic of
 * microseconds, so nobody waits for long. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "coord/ops.h"
#include "coord/tree.h"

enum {
    /* Buckets are platform x app x shop x method: several hundred for a hundred shops. */
    BUCKETS_MAX = 16384,
    LOCKS_MAX = 16384,
};

struct named_budget {
    struct budget budget;
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
    struct map budgets; /* key -> struct named_budget */
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
    struct named_budget *named = entry ? entry->value.ptr : NULL;
    return named ? &named->budget : NULL;
}

static enum err_class budget_new(struct local *local, const struct budget_ask *ask, int64_t now_ms,
                                 struct budget **out, struct err *err)
{
    struct named_budget *named = malloc(sizeof(*named) + ask->key.len);
    if (!named)
        return err_no_memory(err);
    *named = (struct named_budget){.key_len = ask->key.len};
    budget_init(&named->budget, &ask->limit, now_ms);
    memcpy(named->key, ask->key.ptr, ask->key.len);

    struct str key = {named->key, named->key_len};
    struct map_entry *entry = map_put(&local->budgets, key, NULL);
    if (!entry) {
        free(named);
        return err_set(err, ERR_INTERNAL, "budgets_full", "more than %d budgets", BUCKETS_MAX);
    }
    entry->value.ptr = named;
    *out = &named->budget;
    return ERR_OK;
}

/* The budget of an ask, settled, with the limit that the ask brings. */
static enum err_class budget_ready(struct local *local, const struct budget_ask *ask,
                                   int64_t now_ms, struct budget **out, struct err *err)
{
    struct budget *budget = budget_find(local, ask->key);
    if (!budget)
        return budget_new(local, ask, now_ms, out, err);
    budget_settle(budget, &ask->limit, now_ms);
    *out = budget;
    return ERR_OK;
}

static enum err_class take_locked(struct local *local, const struct budget_ask *asks,
                                  size_t asks_len, struct budget_comer comer, int64_t now_ms,
                                  int64_t horizon_ms, int64_t *start_ms, struct err *err)
{
    struct budget *budgets[BUDGET_KEYS_MAX];
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < asks_len && class_ == ERR_OK; i++)
        class_ = budget_ready(local, &asks[i], now_ms, &budgets[i], err);
    return class_ == ERR_OK
               ? tree_take(budgets, asks, asks_len, comer, now_ms, horizon_ms, start_ms, err)
               : class_;
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
    if (budget)
        tree_refused(budget, now_ms, retry_at_ms);
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
    const struct named_budget *left = *(struct named_budget *const *)a;
    const struct named_budget *right = *(struct named_budget *const *)b;
    return str_cmp((struct str){left->key, left->key_len},
                   (struct str){right->key, right->key_len});
}

static size_t local_list(struct coord *coord, int64_t now_ms, struct arena *arena,
                         struct budget_state *out, size_t max)
{
    struct local *local = local_of(coord);
    pthread_mutex_lock(&local->mutex);
    size_t len = local->budgets.len, listed = 0;
    struct named_budget **all = arena_array(arena, len, sizeof(struct named_budget *));
    struct map_entry *entry;
    for (size_t at = 0; all && (entry = map_next(&local->budgets, &at));)
        all[listed++] = entry->value.ptr;
    if (listed > 0)
        qsort(all, listed, sizeof(struct named_budget *), budget_cmp);
    for (size_t i = 0; i < listed && i < max; i++) {
        struct str key = arena_dup(arena, (struct str){all[i]->key, all[i]->key_len});
        out[i] = budget_state_of(all[i]->budget, key, now_ms);
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
    struct map_entry *entry = map_find(&local->budgets, key);
    struct named_budget *named = entry ? entry->value.ptr : NULL;
    if (named) {
        map_remove(&local->budgets, key);
        free(named);
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

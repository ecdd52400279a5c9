/* Budgets and locks that several processes share through one Redis or Valkey server: each decision is a
 * script there (lua/), over one connection a process. What happens without the server is in redis_mode.h. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coord/bucket.h"
#include "coord/ops.h"
#include "coord/redis_link.h"
#include "coord/redis_mode.h"

enum {
    RECONNECT_FIRST_MS = 100,
    /* Another thread connects: a command took too long or the connection was cut, and nothing is lost yet. */
    RECONNECTING_MS = 50,
    /* Who must wait for the server is told times so far apart, so that not all come back at once. */
    AWAY_JITTER_MS = 250,
    LOCK_AWAY_MS = 1000,
    TAKE_TRIES = 2,
    LIST_FIELDS = 10,
};
static const int64_t DAY_MS = 86400000;
static const int64_t KEPT_MAX_MS = 366 * 86400000LL;

struct redis {
    struct coord coord;
    bool clock_is_handed_in;
    char worker[40];
    pthread_mutex_t mutex; /* of all below, and of the connection */
    struct link link;
    bool connecting; /* one thread does, outside the mutex */
    int64_t next_try_ms, backoff_ms;
    struct mode mode;
    bool restart_due; /* the server is to be told that we are new to it, before anything else */
    bool was_apart;   /* calls were made without it */
    unsigned told_living, told_degraded, seen_living;
    struct rng rng;
    struct err why; /* the last trouble with the server */
    struct coord *alone;
};

static struct redis *redis_of(struct coord *coord)
{
    return (struct redis *)coord;
}

/* --- reaching the server --- */

static void redis_lost(struct redis *redis, int64_t now_ms)
{
    /* At once: what was cut is most often whole again. */
    redis->next_try_ms = now_ms;
    redis->backoff_ms = 0;
}

static void redis_try_later(struct redis *redis, int64_t now_ms)
{
    int64_t doubled_ms = redis->backoff_ms * 2;
    redis->backoff_ms = doubled_ms < RECONNECT_FIRST_MS ? RECONNECT_FIRST_MS
                        : doubled_ms > RECONNECT_MAX_MS ? RECONNECT_MAX_MS
                                                        : doubled_ms;
    int64_t half_ms = redis->backoff_ms / 2;
    redis->next_try_ms = now_ms + half_ms + (int64_t)rng_below(&redis->rng, (uint64_t)half_ms + 1);
}

/* Whether there is a connection; makes one when it is time to. Lets go of the mutex meanwhile, so that
 * nobody waits for a server that does not answer but the one who tries. */
static bool redis_reach(struct redis *redis, int64_t now_ms)
{
    bool due = now_ms >= redis->next_try_ms || redis->next_try_ms > now_ms + RECONNECT_MAX_MS;
    if (redis->link.context || redis->connecting || !due)
        return redis->link.context != NULL;
    redisContext *context = NULL;
    char run[LINK_SHA_BYTES + 1];
    struct err why = {0};
    redis->connecting = true;
    pthread_mutex_unlock(&redis->mutex);
    enum err_class class_ = link_connect(&redis->link.place, &context, run, &why);
    pthread_mutex_lock(&redis->mutex);
    redis->connecting = false;
    if (class_ != ERR_OK) {
        redis->why = why;
        redis_try_later(redis, now_ms);
        return false;
    }
    redis->link.context = context;
    memcpy(redis->link.run, run, sizeof(run));
    redis->restart_due = true;
    return true;
}

static void now_add(struct link_args *args, const struct redis *redis, int64_t now_ms)
{
    if (redis->clock_is_handed_in)
        link_args_int(args, now_ms);
    else
        link_args_str(args, STR_NONE);
}

static redisReply *redis_run(struct redis *redis, enum script script, struct link_args *args,
                             int64_t now_ms)
{
    redisReply *reply = NULL;
    if (redis->restart_due) {
        struct link_args restart;
        link_args_init(&restart);
        link_args_key(&restart, &redis->link, "run", STR_NONE);
        link_args_key(&restart, &redis->link, "restart", STR_NONE);
        now_add(&restart, redis, now_ms);
        link_args_str(&restart, str_of(redis->link.run));
        link_args_str(&restart, redis->was_apart ? STR("1") : STR("0"));
        reply = link_run(&redis->link, SCRIPT_RESTART, &restart, &redis->why);
        if (!reply) {
            redis_lost(redis, now_ms);
            return NULL;
        }
        freeReplyObject(reply);
        redis->restart_due = redis->was_apart = false;
    }
    reply = link_run(&redis->link, script, args, &redis->why);
    if (!reply)
        redis_lost(redis, now_ms);
    return reply;
}

static void mode_changed(struct redis *redis)
{
    static const char *const names[] = {[MODE_SHARED] = "coord_shared",
                                        [MODE_HOLD] = "coord_hold",
                                        [MODE_APART] = "coord_apart",
                                        [MODE_RETURN] = "coord_return"};
    const enum mode_kind kind = redis->mode.kind;
    if (kind == MODE_APART) {
        /* It starts empty: whoever shared before may just have emptied the platform's. */
        coord_local_empty(redis->alone);
        redis->was_apart = true;
    }
    if (kind == MODE_SHARED)
        redis->restart_due = true;
    log_event(LOG_WARN, names[kind], LOG_STR("why", str_of(redis->why.message)),
              LOG_I64("living", redis->told_living ? redis->told_living : redis->seen_living),
              LOG_I64("others_degraded", redis->told_degraded), LOG_END);
}

/* The mode as of now. SHARED without a connection: somebody is just making one. */
static enum mode_kind redis_step(struct redis *redis, int64_t now_ms)
{
    bool reached = redis_reach(redis, now_ms);
    if (!reached && redis->connecting && redis->mode.kind == MODE_SHARED)
        return MODE_SHARED;
    if (mode_step(&redis->mode, reached && redis->told_degraded == 0, now_ms, &redis->rng))
        mode_changed(redis);
    return redis->mode.kind;
}

/* --- budgets --- */

static int64_t element_int(const redisReply *reply, size_t at)
{
    const redisReply *element = at < reply->elements ? reply->element[at] : NULL;
    int64_t number = 0;
    if (element && element->type == REDIS_REPLY_INTEGER)
        number = element->integer;
    else if (element && element->type == REDIS_REPLY_STRING)
        str_to_i64((struct str){element->str, element->len}, &number);
    return number;
}

static struct str element_str(const redisReply *reply, size_t at)
{
    const redisReply *element = at < reply->elements ? reply->element[at] : NULL;
    bool good = element && element->type == REDIS_REPLY_STRING;
    return good ? (struct str){element->str, element->len} : STR_NONE;
}

/* How long an unused bucket is kept: until it is full, at the declared rate, and a day. */
static int64_t kept_ms(const struct budget_limit *limit)
{
    int64_t fill_ms;
    if (!i64_mul(bucket_capacity_milli(limit), limit->per_ms, &fill_ms))
        return KEPT_MAX_MS;
    fill_ms = fill_ms / (limit->calls * 1000) * 2;
    return fill_ms < KEPT_MAX_MS - DAY_MS ? fill_ms + DAY_MS : KEPT_MAX_MS;
}

static void take_args(struct link_args *args, const struct redis *redis,
                      const struct budget_ask *asks, size_t asks_len, struct budget_comer comer,
                      int64_t now_ms, int64_t horizon_ms)
{
    link_args_init(args);
    link_args_key(args, &redis->link, "budgets", STR_NONE);
    link_args_key(args, &redis->link, "workers", STR_NONE);
    link_args_key(args, &redis->link, "restart", STR_NONE);
    for (size_t i = 0; i < asks_len; i++)
        link_args_key(args, &redis->link, "budget", asks[i].key);
    now_add(args, redis, now_ms);
    link_args_int(args, horizon_ms);
    link_args_int(args, comer.rank);
    link_args_int(args, comer.waited);
    link_args_int(args, comer.outside);
    link_args_str(args, str_of(redis->worker));
    for (size_t i = 0; i < asks_len; i++) {
        const struct budget_limit *limit = &asks[i].limit;
        link_args_str(args, asks[i].key);
        link_args_int(args, (int64_t)limit->kind);
        link_args_int(args, limit->calls);
        link_args_int(args, limit->per_ms);
        link_args_int(args, limit->burst);
        link_args_int(args, bucket_capacity_milli(limit));
        link_args_int(args, asks[i].cost_milli);
        link_args_int(args, kept_ms(limit));
    }
}

static enum err_class told_later(struct str key, int64_t away_ms, int64_t start_ms, struct err *err)
{
    err_set(err, ERR_LATER, "budget", "%.*s: no call is free for %lld ms", STR_ARG(key),
            (long long)away_ms);
    if (err)
        err->retry_at_ms = start_ms;
    return ERR_LATER;
}

/* ERR_RETRY: the connection was lost, and nobody knows whether the tokens were. */
static enum err_class take_shared(struct redis *redis, const struct budget_ask *asks,
                                  size_t asks_len, struct budget_comer comer, int64_t now_ms,
                                  int64_t horizon_ms, int64_t *start_ms, struct err *err)
{
    struct link_args args;
    const int64_t asked_ns = clock_monotonic_ns();
    take_args(&args, redis, asks, asks_len, comer, now_ms, horizon_ms);
    redisReply *reply = redis_run(redis, SCRIPT_TAKE, &args, now_ms);
    if (!reply)
        return ERR_RETRY;
    /* The server decided somewhere between the question and the answer: counted from the answer a start
     * is never too early. */
    int64_t took_ms = (clock_monotonic_ns() - asked_ns) / 1000000;
    *start_ms = now_ms + element_int(reply, 1) + (redis->clock_is_handed_in ? 0 : took_ms);
    int64_t away_ms = element_int(reply, 2);
    bool taken = element_int(reply, 0) == 1;
    redis->seen_living = (unsigned)element_int(reply, 3);
    freeReplyObject(reply);
    return taken ? ERR_OK : told_later(asks[0].key, away_ms, *start_ms, err);
}

/* Nothing is called: until the others know, or until the server is back. */
static enum err_class told_down(struct redis *redis, int64_t now_ms, int64_t until_ms,
                                int64_t *start_ms, struct err *err)
{
    if (until_ms <= now_ms)
        until_ms = now_ms + 1;
    *start_ms = until_ms + (int64_t)rng_below(&redis->rng, AWAY_JITTER_MS);
    err_set(err, ERR_LATER, "coord_down",
            "no call while the shared budgets are out of reach or just back: %s",
            redis->why.message[0] ? redis->why.message : "another worker has lost them");
    if (err)
        err->retry_at_ms = *start_ms;
    return ERR_LATER;
}

/* The share of one of those who live, from buckets of our own. */
static enum err_class take_alone(struct redis *redis, unsigned living,
                                 const struct budget_ask *asks, size_t asks_len,
                                 struct budget_comer comer, int64_t now_ms, int64_t horizon_ms,
                                 int64_t *start_ms, struct err *err)
{
    struct budget_ask shares[BUDGET_KEYS_MAX];
    for (size_t i = 0; i < asks_len; i++) {
        shares[i] = asks[i];
        if (!limit_share(&asks[i].limit, living, &shares[i].limit)) {
            *start_ms = now_ms + BUDGET_AWAY_MAX_MS;
            return told_later(asks[i].key, BUDGET_AWAY_MAX_MS, *start_ms, err);
        }
    }
    return budget_take(redis->alone, shares, asks_len, comer, now_ms, horizon_ms, start_ms, err);
}

static enum err_class redis_take(struct coord *coord, const struct budget_ask *asks,
                                 size_t asks_len, struct budget_comer comer, int64_t now_ms,
                                 int64_t horizon_ms, int64_t *start_ms, struct err *err)
{
    struct redis *redis = redis_of(coord);
    enum err_class class_ = ERR_RETRY;
    pthread_mutex_lock(&redis->mutex);
    enum mode_kind kind = redis_step(redis, now_ms);
    for (int i = 0; i < TAKE_TRIES && kind == MODE_SHARED && redis->link.context; i++) {
        class_ = take_shared(redis, asks, asks_len, comer, now_ms, horizon_ms, start_ms, err);
        if (class_ != ERR_RETRY)
            break;
        kind = redis_step(redis, now_ms);
    }
    /* Nobody was ever seen and none was told of: how many share is not known. */
    unsigned living = redis->told_living > redis->seen_living ? redis->told_living
                                                              : redis->seen_living;
    bool apart = class_ == ERR_RETRY && kind == MODE_APART && living > 0;
    if (class_ == ERR_RETRY && !apart)
        class_ = told_down(redis, now_ms,
                           kind == MODE_SHARED  ? now_ms + RECONNECTING_MS
                           : kind == MODE_APART ? now_ms + RECONNECT_MAX_MS
                                                : redis->mode.until_ms,
                           start_ms, err);
    pthread_mutex_unlock(&redis->mutex);
    return apart
               ? take_alone(redis, living, asks, asks_len, comer, now_ms, horizon_ms, start_ms, err)
               : class_;
}

/* A script about one bucket whose answer does not matter. What is lost here makes nobody too fast: a
 * refusal comes again, a success raises only. */
static void bucket_tell(struct redis *redis, enum script script, struct str key, int64_t now_ms,
                        int64_t away_ms)
{
    struct link_args args;
    link_args_init(&args);
    link_args_key(&args, &redis->link, "budget", key);
    if (script == SCRIPT_REFUSED) {
        link_args_key(&args, &redis->link, "restart", STR_NONE);
        now_add(&args, redis, now_ms);
        link_args_int(&args, away_ms);
    }
    freeReplyObject(redis_run(redis, script, &args, now_ms));
}

static void redis_refused(struct coord *coord, struct str key, int64_t now_ms, int64_t retry_at_ms)
{
    struct redis *redis = redis_of(coord);
    pthread_mutex_lock(&redis->mutex);
    /* Both: the call may have been sent in another mode than the one that is now. */
    if (redis_reach(redis, now_ms))
        bucket_tell(redis, SCRIPT_REFUSED, key, now_ms, retry_at_ms - now_ms);
    pthread_mutex_unlock(&redis->mutex);
    budget_refused(redis->alone, key, now_ms, retry_at_ms);
}

static void redis_succeeded(struct coord *coord, struct str key)
{
    struct redis *redis = redis_of(coord);
    pthread_mutex_lock(&redis->mutex);
    if (redis->link.context && redis->mode.kind == MODE_SHARED && !redis->restart_due)
        bucket_tell(redis, SCRIPT_SUCCEEDED, key, redis->next_try_ms, 0);
    pthread_mutex_unlock(&redis->mutex);
    budget_succeeded(redis->alone, key);
}

static void redis_reset(struct coord *coord, struct str key)
{
    struct redis *redis = redis_of(coord);
    pthread_mutex_lock(&redis->mutex);
    if (redis->link.context)
        bucket_tell(redis, SCRIPT_RESET, key, redis->next_try_ms, 0);
    pthread_mutex_unlock(&redis->mutex);
    budget_reset(redis->alone, key);
}

/* LIST_FIELDS elements of the answer from `at` on; `shift_ms` leads from the server's clock to ours. */
static struct budget_state state_read(const redisReply *reply, size_t at, int64_t shift_ms,
                                      struct arena *arena)
{
    int64_t blocked_ms = element_int(reply, at + 7);
    return (struct budget_state){
        .key = arena_dup(arena, element_str(reply, at)),
        .limit = {.kind = element_int(reply, at + 1) == BUDGET_WINDOW ? BUDGET_WINDOW
                                                                      : BUDGET_BUCKET,
                  .calls = element_int(reply, at + 2),
                  .per_ms = element_int(reply, at + 3),
                  .burst = element_int(reply, at + 4)},
        .rate_milli_per_s = element_int(reply, at + 5),
        .tokens_milli = element_int(reply, at + 6),
        .blocked_until_ms = blocked_ms == 0 ? 0 : blocked_ms + shift_ms,
        .taken = element_int(reply, at + 8),
        .refused = element_int(reply, at + 9),
    };
}

static size_t redis_list(struct coord *coord, int64_t now_ms, struct arena *arena,
                         struct budget_state *out, size_t max)
{
    struct redis *redis = redis_of(coord);
    struct link_args args;
    redisReply *reply = NULL;
    size_t len = 0;
    pthread_mutex_lock(&redis->mutex);
    if (redis_step(redis, now_ms) == MODE_SHARED && redis->link.context) {
        link_args_init(&args);
        link_args_key(&args, &redis->link, "budgets", STR_NONE);
        link_args_key(&args, &redis->link, "restart", STR_NONE);
        now_add(&args, redis, now_ms);
        struct str prefix = arena_printf(arena, "%s:budget:", redis->link.place.prefix);
        link_args_str(&args, prefix);
        link_args_int(&args, (int64_t)max);
        reply = prefix.ptr ? redis_run(redis, SCRIPT_LIST, &args, now_ms) : NULL;
    }
    pthread_mutex_unlock(&redis->mutex);
    if (!reply)
        return budget_list(redis->alone, now_ms, arena, out, max);
    len = (size_t)element_int(reply, 0);
    for (size_t i = 0; i < len && i < max; i++)
        out[i] = state_read(reply, 2 + i * LIST_FIELDS, now_ms - element_int(reply, 1), arena);
    freeReplyObject(reply);
    return len;
}

/* --- locks: of the server, or of nobody --- */

static enum err_class lock_down(struct redis *redis, int64_t now_ms, struct err *err)
{
    err_set(err, ERR_LATER, "coord_down", "no lock while Redis is out of reach: %s",
            redis->why.message);
    if (err)
        err->retry_at_ms = now_ms + LOCK_AWAY_MS;
    return ERR_LATER;
}

static redisReply *lock_run(struct redis *redis, enum script script, struct str name,
                            struct str owner, int64_t now_ms, int64_t ttl_ms)
{
    redisReply *reply = NULL;
    for (int i = 0; i < TAKE_TRIES && !reply && redis_reach(redis, now_ms); i++) {
        struct link_args args;
        link_args_init(&args);
        link_args_key(&args, &redis->link, "lock", name);
        if (script == SCRIPT_LOCK_TAKE)
            link_args_key(&args, &redis->link, "fence", STR_NONE);
        if (script != SCRIPT_LOCK_RELEASE)
            now_add(&args, redis, now_ms);
        link_args_str(&args, owner);
        if (script != SCRIPT_LOCK_RELEASE)
            link_args_int(&args, ttl_ms);
        reply = redis_run(redis, script, &args, now_ms);
        /* Whether it was done is not known, and once more would count twice. */
        if (script == SCRIPT_LOCK_RELEASE)
            break;
    }
    return reply;
}

static enum err_class redis_lock_take(struct coord *coord, struct str name, struct str owner,
                                      int64_t now_ms, int64_t ttl_ms, uint64_t *fence,
                                      struct err *err)
{
    struct redis *redis = redis_of(coord);
    enum err_class class_ = ERR_OK;
    pthread_mutex_lock(&redis->mutex);
    redisReply *reply = lock_run(redis, SCRIPT_LOCK_TAKE, name, owner, now_ms, ttl_ms);
    if (!reply) {
        class_ = lock_down(redis, now_ms, err);
    } else if (element_int(reply, 0) == 1) {
        *fence = (uint64_t)element_int(reply, 1);
    } else {
        class_ = err_set(err, ERR_LATER, "lock_held", "%.*s is held by %.*s", STR_ARG(name),
                         STR_ARG(element_str(reply, 2)));
        if (err)
            err->retry_at_ms = now_ms + element_int(reply, 1);
    }
    pthread_mutex_unlock(&redis->mutex);
    freeReplyObject(reply);
    return class_;
}

static enum err_class redis_lock_renew(struct coord *coord, struct str name, struct str owner,
                                       int64_t now_ms, int64_t ttl_ms, struct err *err)
{
    struct redis *redis = redis_of(coord);
    enum err_class class_ = ERR_OK;
    pthread_mutex_lock(&redis->mutex);
    redisReply *reply = lock_run(redis, SCRIPT_LOCK_RENEW, name, owner, now_ms, ttl_ms);
    if (!reply)
        class_ = lock_down(redis, now_ms, err);
    else if (reply->type != REDIS_REPLY_INTEGER || reply->integer != 1)
        class_ = err_set(err, ERR_CONFLICT, "lock_lost", "%.*s is no longer held by %.*s",
                         STR_ARG(name), STR_ARG(owner));
    pthread_mutex_unlock(&redis->mutex);
    freeReplyObject(reply);
    return class_;
}

static void redis_lock_release(struct coord *coord, struct str name, struct str owner)
{
    struct redis *redis = redis_of(coord);
    pthread_mutex_lock(&redis->mutex);
    /* Without the server it expires. */
    if (redis->link.context && !redis->restart_due)
        freeReplyObject(lock_run(redis, SCRIPT_LOCK_RELEASE, name, owner, redis->next_try_ms, 0));
    pthread_mutex_unlock(&redis->mutex);
}

/* --- life cycle --- */

static void redis_workers_set(struct coord *coord, unsigned living, unsigned others_degraded)
{
    struct redis *redis = redis_of(coord);
    pthread_mutex_lock(&redis->mutex);
    redis->told_living = living;
    redis->told_degraded = others_degraded;
    pthread_mutex_unlock(&redis->mutex);
}

static bool redis_is_degraded(struct coord *coord, int64_t now_ms)
{
    struct redis *redis = redis_of(coord);
    pthread_mutex_lock(&redis->mutex);
    redis_step(redis, now_ms);
    bool degraded = redis->link.context == NULL && !redis->connecting;
    pthread_mutex_unlock(&redis->mutex);
    return degraded;
}

static void redis_close(struct coord *coord)
{
    struct redis *redis = redis_of(coord);
    if (redis->alone)
        coord_close(redis->alone);
    link_fini(&redis->link);
    pthread_mutex_destroy(&redis->mutex);
    free(redis);
}

static const struct coord_ops redis_ops = {
    .close = redis_close,
    .take = redis_take,
    .refused = redis_refused,
    .succeeded = redis_succeeded,
    .reset = redis_reset,
    .list = redis_list,
    .lock_take = redis_lock_take,
    .lock_renew = redis_lock_renew,
    .lock_release = redis_lock_release,
    .workers_set = redis_workers_set,
    .is_degraded = redis_is_degraded,
};

enum err_class coord_open_redis(const struct coord_redis_options *options, struct coord **out,
                                struct err *err)
{
    struct link_place place;
    enum err_class class_ = link_place_parse(options->url, &place, err);
    if (class_ != ERR_OK)
        return class_;
    struct redis *redis = calloc(1, sizeof(*redis));
    if (!redis)
        return err_no_memory(err);
    assert(place.prefix[0] || options->prefix.len <= LINK_PREFIX_BYTES_MAX);
    char named[LINK_PREFIX_BYTES_MAX + 1];
    snprintf(named, sizeof(named), "%s", place.prefix);
    struct str name = named[0] ? str_of(named) : options->prefix;
    snprintf(place.prefix, sizeof(place.prefix), "huiliu:%.*s", STR_ARG(name));
    redis->coord.ops = &redis_ops;
    redis->clock_is_handed_in = options->clock_is_handed_in;
    pthread_mutex_init(&redis->mutex, NULL);
    rng_seed(&redis->rng, options->seed);
    snprintf(redis->worker, sizeof(redis->worker), "%ld-%016llx", (long)getpid(),
             (unsigned long long)rng_next(&redis->rng));
    class_ = link_init(&redis->link, &place, err);
    explicit_bzero(&place, sizeof(place));
    if (class_ == ERR_OK)
        class_ = coord_open_local(&redis->alone, err);
    redis->restart_due = true;
    if (class_ == ERR_OK) {
        class_ = link_connect(&redis->link.place, &redis->link.context, redis->link.run,
                              &redis->why);
        if (class_ != ERR_OK && err)
            *err = redis->why;
    }
    if (class_ == ERR_LATER) {
        log_event(LOG_WARN, "coord_down", LOG_STR("why", str_of(redis->why.message)), LOG_END);
        class_ = ERR_OK;
    }
    if (class_ == ERR_OK)
        *out = &redis->coord;
    else
        redis_close(&redis->coord);
    return class_;
}

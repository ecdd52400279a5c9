/* coord: what several processes share: budgets, locks. local.c is for one process; redis.c shares them
 * between processes through a Redis or Valkey server, database.c through the store they all have. docs/coord.md is the
 * guided tour.
 *
 * Budgets form a tree (platform > app > shop > method); a call names every bucket it draws from
 * and gets all of them or none. A bucket is a fractional token bucket that starts empty:
 *   - kind bucket: refills at `rate`, holds at most 9/10 of `burst` (less if calls may arrive closer
 *     together than they left, but at least one call)
 *   - kind window: the platform counts in fixed windows; we pace evenly (hold at most 1), so that no
 *     window of theirs can see more than its quota
 * The rate used is RATE_USED_PER_MILLE of the declared one: calls are counted when they arrive, and
 * arrival jitters. Asking reserves: when the start lies within the horizon the tokens are taken
 * now and the caller sends at *start_ms; otherwise nothing is taken and *start_ms is when to come
 * back.
 *
 * Who is sent away is given a place in the bucket's line: comers of one rank are told times one call
 * apart, so that a hundred shops that share an app's budget do not all come back for the same call. A
 * lower rank comes behind a higher one's line, never before it. While somebody stands in line, who has
 * not waited gets a call only when it is free at once, that is when nobody came for it: else whoever
 * asks for page after page would have every call. So a place whose holder went away costs no call, only
 * turns ahead; who knows that he will not come back takes none. Nobody is told to stay away for longer
 * than BUDGET_AWAY_MAX_MS because of others.
 *
 * A refusal by the platform (budget_refused) halves the learned rate, once for all calls that were
 * under way together, and blocks the bucket until retry_at; each success (budget_succeeded) gives
 * back 1 % of the declared rate, up to all of it.
 *
 * Several processes (redis.c): every decision is one script on the server, by the server's clock. What is
 * answered is counted from the caller's now_ms, so that clocks may differ; a start is later by what the
 * question took, never earlier. Without the server nothing fails open: who loses it calls nothing for
 * COORD_HEARTBEAT_MS, then has rate / living workers for himself, and so has everybody who was told
 * (coord_workers_set) that somebody lost it. When all have it back nobody calls for another
 * COORD_HEARTBEAT_MS and a little more, different for each, and the shared buckets start empty. Locks
 * cannot be taken or renewed meanwhile. No question takes longer than COORD_QUESTION_MAX_MS.
 *
 * Several processes (database.c): the same by rows of the store, in a transaction a decision and by the server's clock. Who
 * cannot reach the database calls nothing ("coord_down"): he could not store what he is told.
 *
 * Threads: any. Time is handed in, but to the forms that wait (budget_wait, lock_wait). */
#ifndef HUILIU_COORD_COORD_H
#define HUILIU_COORD_COORD_H

#include "base/base.h"
#include "store/store.h"

struct coord;

enum {
    RATE_USED_PER_MILLE = 970,
    BUDGET_KEYS_MAX = 8,
    BUDGET_RANKS = 3,
    BUDGET_AWAY_MAX_MS = 10 * 60 * 1000,
    COORD_HEARTBEAT_MS = 2000,
    COORD_QUESTION_MAX_MS =
        4000, /* of real time: two connections and two commands that say nothing */
};

enum budget_kind { BUDGET_BUCKET, BUDGET_WINDOW };

struct budget_limit {
    enum budget_kind kind;
    int64_t calls; /* `calls` per `per_ms` */
    int64_t per_ms;
    int64_t burst; /* BUDGET_BUCKET; >= 1 */
};
/* Within reason, and every number above 0. */
bool budget_limit_valid(const struct budget_limit *limit);

struct budget_ask {
    struct str key;            /* "douyin-life/app:3/order_query" */
    struct budget_limit limit; /* the manifest's, or what `budget set` put in its place */
    int64_t cost_milli;        /* 1000 = one call */
};
struct budget_comer {
    unsigned rank; /* below BUDGET_RANKS, 0 comes first */
    bool waited;   /* was told to come back, and has */
    bool outside;  /* takes no place: will not come back for this call, or stands in no line */
};

enum err_class coord_open_local(struct coord **out, struct err *err);

struct coord_redis_options {
    struct str url;    /* redis://[[USER]:PASSWORD@]HOST[:PORT][/DB][?prefix=NAME] */
    struct str prefix; /* whose keys they are, where the URL names none: one for all who share */
    uint64_t seed;     /* jitter */
    bool clock_is_handed_in; /* the scripts use now_ms instead of the server's clock (tests) */
};
/* ERR_CONFIG "coord_url", "coord_tls", or "coord_refused": the server is there and will not have us. One
 * that cannot be reached is no error: it may come back. */
enum err_class coord_open_redis(const struct coord_redis_options *options, struct coord **out,
                                struct err *err);
struct coord_database_options {
    struct store *store;     /* outlives the coordinator; migrated */
    uint64_t seed;           /* jitter */
    bool clock_is_handed_in; /* now_ms decides instead of the server's clock (tests) */
};
/* One more connection to the store. */
enum err_class coord_open_database(const struct coord_database_options *options, struct coord **out,
                                   struct err *err);
/* Whether such a URL could be opened; says nothing of its password. */
enum err_class coord_url_check(struct str url, struct err *err);
void coord_close(struct coord *coord);

/* How many workers live, this one among them, and how many of the others have lost what they share. To be
 * told with every heartbeat where there is a register of workers; without it, those count that were
 * seen at the server lately. */
void coord_workers_set(struct coord *coord, unsigned living, unsigned others_degraded);
/* True while this process cannot reach what it shares: its mark for the others. Tries to get it back, so that
 * a process that calls nothing notices too. */
bool coord_is_degraded(struct coord *coord, int64_t now_ms);
/* False: what budget_list tells is this process's alone. */
bool coord_is_shared(const struct coord *coord);

/* ERR_OK: reserved, send at *start_ms (>= now_ms, <= now_ms + horizon_ms).
 * ERR_LATER "budget": nothing taken. *start_ms (> now_ms) is when to ask again: the place in the line,
 * half a horizon early, so that a slow queue does not cost the slot; err->retry_at_ms is the same.
 * ERR_CONFIG "budget_limit": a limit or cost that is none. The keys of one call are distinct. */
enum err_class budget_take(struct coord *coord, const struct budget_ask *asks, size_t asks_len,
                           struct budget_comer comer, int64_t now_ms, int64_t horizon_ms,
                           int64_t *start_ms, struct err *err);
void budget_refused(struct coord *coord, struct str key, int64_t now_ms, int64_t retry_at_ms);
void budget_succeeded(struct coord *coord, struct str key);
/* Starts anew, empty: nothing learned, nothing blocked. */
void budget_reset(struct coord *coord, struct str key);

/* Only what is free at once: ERR_OK, or ERR_LATER and no place taken. */
enum err_class budget_try(struct coord *coord, const struct budget_ask *asks, size_t asks_len,
                          int64_t now_ms, struct err *err);
/* Waits for the turn, but not beyond deadline_ms: ERR_OK send now; ERR_LATER "budget" as soon as it is known
 * that it comes too late; ERR_STOPPED. Takes part in the clock (clock_thread_enter). */
enum err_class budget_wait(struct coord *coord, const struct budget_ask *asks, size_t asks_len,
                           unsigned rank, int64_t deadline_ms, const volatile bool *stop,
                           struct err *err);

struct budget_state {
    struct str key;
    struct budget_limit limit;
    int64_t rate_milli_per_s; /* learned */
    int64_t tokens_milli;
    int64_t blocked_until_ms;
    int64_t taken, refused;
};
/* Copies up to `max` states in key order into the arena's memory; returns how many there are. */
size_t budget_list(struct coord *coord, int64_t now_ms, struct arena *arena,
                   struct budget_state *out, size_t max);

/* Locks by name with an owner, a time to live and a fencing number that only grows, also after the lock
 * expired. ERR_LATER "lock_held" when held by somebody else, "coord_down" when that cannot be known; the same
 * owner enters again (counted). Whoever must not work without the lock compares fences, or stops before
 * the time to live is over unless it was renewed. */
enum err_class lock_take(struct coord *coord, struct str name, struct str owner, int64_t now_ms,
                         int64_t ttl_ms, uint64_t *fence, struct err *err);
enum err_class lock_renew(struct coord *coord, struct str name, struct str owner, int64_t now_ms,
                          int64_t ttl_ms, struct err *err);
void lock_release(struct coord *coord, struct str name, struct str owner);
/* lock_take tries once; this tries until deadline_ms. ERR_LATER, ERR_STOPPED. */
enum err_class lock_wait(struct coord *coord, struct str name, struct str owner, int64_t ttl_ms,
                         int64_t deadline_ms, const volatile bool *stop, uint64_t *fence,
                         struct err *err);

#endif

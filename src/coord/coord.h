/* coord: what several processes share: budgets, locks. local.c is for one process; redis.c and
 * database.c come with the service.
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
 * Threads: any. Time is handed in. */
#ifndef HUILIU_COORD_COORD_H
#define HUILIU_COORD_COORD_H

#include "base/base.h"

struct coord;

enum {
    RATE_USED_PER_MILLE = 970,
    BUDGET_KEYS_MAX = 8,
    BUDGET_RANKS = 3,
    BUDGET_AWAY_MAX_MS = 10 * 60 * 1000,
};

enum budget_kind { BUDGET_BUCKET, BUDGET_WINDOW };

struct budget_limit {
    enum budget_kind kind;
    int64_t calls; /* `calls` per `per_ms` */
    int64_t per_ms;
    int64_t burst; /* BUDGET_BUCKET; >= 1 */
};
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
void coord_close(struct coord *coord);

/* ERR_OK: reserved, send at *start_ms (>= now_ms, <= now_ms + horizon_ms).
 * ERR_LATER "budget": nothing taken. *start_ms (> now_ms) is when to ask again: the place in the line,
 * half a horizon early, so that a slow queue does not cost the slot; err->retry_at_ms is the same.
 * ERR_CONFIG "budget_limit": a limit or cost that is none. The keys of one call are distinct. */
enum err_class budget_take(struct coord *coord, const struct budget_ask *asks, size_t asks_len,
                           struct budget_comer comer, int64_t now_ms, int64_t horizon_ms,
                           int64_t *start_ms, struct err *err);
void budget_refused(struct coord *coord, struct str key, int64_t now_ms, int64_t retry_at_ms);
void budget_succeeded(struct coord *coord, struct str key);

struct budget_state {
    struct str key;
    int64_t rate_milli_per_s; /* learned */
    int64_t tokens_milli;
    int64_t blocked_until_ms;
    int64_t taken, refused;
};
/* Copies up to `max` states in key order into the arena's memory; returns how many there are. */
size_t budget_list(struct coord *coord, int64_t now_ms, struct arena *arena,
                   struct budget_state *out, size_t max);

/* Locks by name with an owner, a time to live and a fencing number that only grows.
 * ERR_LATER when held by somebody else; the same owner enters again (counted). */
enum err_class lock_take(struct coord *coord, struct str name, struct str owner, int64_t now_ms,
                         int64_t ttl_ms, uint64_t *fence, struct err *err);
enum err_class lock_renew(struct coord *coord, struct str name, struct str owner, int64_t now_ms,
                          int64_t ttl_ms, struct err *err);
void lock_release(struct coord *coord, struct str name, struct str owner);

#endif

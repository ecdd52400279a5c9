/* Private to coord: the arithmetic of one budget, without name, lock or clock.
 *
 * A bucket knows its level at one moment (clock_ms) and the turns that were promised for later. A
 * later turn is not taken out of the level before its time: the platform's own bucket goes on
 * filling until the call arrives, and so must ours. A newcomer gets the earliest moment at which its
 * tokens are there and no promised turn loses its own, which may lie before turns that were
 * promised earlier. So a call that waits for a slow shop's budget does not hold up the fast ones
 * that share the platform's.
 *
 * Everything is exact: a fraction of a token is a whole number of grains (bucket.c). */
#ifndef HUILIU_COORD_BUCKET_H
#define HUILIU_COORD_BUCKET_H

#include "coord/coord.h"

enum {
    /* Each turn is a thread that sleeps towards it; a process has fewer workers than this. */
    TURNS_MAX = 64,
    /* Calls are counted where they arrive, and two that left apart arrive this much closer. */
    ARRIVAL_JITTER_MS = 20,
    /* However often a platform refuses, a fiftieth of the rate is left to find out that it is over. */
    LEARNED_MIN_PER_MILLE = 20,
    LEARNED_MAX_PER_MILLE = 1000,
    LEARNED_STEP_PER_MILLE = 10,
};

/* Grains of a burst of a million calls a month need 85 bits. */
__extension__ typedef __int128 grains;

struct turn {
    int64_t at_ms, cost_milli;
};
struct bucket {
    struct budget_limit limit;
    int64_t learned_per_mille;
    int64_t blocked_until_ms; /* nothing starts and nothing fills before */
    int64_t clock_ms;
    grains level;                 /* at clock_ms */
    struct turn turns[TURNS_MAX]; /* all after clock_ms, by time */
    size_t turns_len;
    /* The end of the line of each rank: for when the last one was told to come back, in microseconds. */
    int64_t last_us[BUDGET_RANKS];
};

/* Within these no sum below overflows. */
bool bucket_limit_valid(const struct budget_limit *limit);
/* What a bucket of this limit holds when full, in 1/1000 calls. */
int64_t bucket_capacity_milli(const struct budget_limit *limit);

/* Starts empty: whoever ran before may just have emptied the platform's. */
void bucket_init(struct bucket *bucket, const struct budget_limit *limit, int64_t now_ms);
/* A changed limit keeps the tokens and forgets what was learned about the old one. */
void bucket_limit_set(struct bucket *bucket, const struct budget_limit *limit);
/* Moves the clock to now: fills, and takes the turns whose time has come. Everything else assumes
 * that this was called first with the same now. */
void bucket_settle(struct bucket *bucket, int64_t now_ms);
/* The earliest start >= from_ms of a call. */
int64_t bucket_earliest(const struct bucket *bucket, int64_t from_ms, int64_t cost_milli);
/* False when a later start cannot be promised to anybody more. */
bool bucket_has_turn(const struct bucket *bucket);
/* at_ms must come from bucket_earliest. */
void bucket_reserve(struct bucket *bucket, int64_t at_ms, int64_t cost_milli);
/* Does anybody of this rank or a higher one stand in line? */
bool bucket_has_line(const struct bucket *bucket, int64_t now_ms, unsigned rank);
/* When somebody who cannot start before from_ms may come back: a call behind the last of his rank and of
 * higher ones who was told before him. In microseconds, since many a budget gives more than a call a
 * millisecond. */
int64_t bucket_place_us(const struct bucket *bucket, int64_t now_ms, int64_t from_ms, unsigned rank,
                        int64_t cost_milli);
/* He was told so. */
void bucket_place_take(struct bucket *bucket, int64_t place_us, unsigned rank);
void bucket_refused(struct bucket *bucket, int64_t now_ms, int64_t retry_at_ms);
void bucket_succeeded(struct bucket *bucket);

/* A bucket as a text, whole, and back. False: that is none, or one that nobody wrote so. */
enum { BUCKET_TEXT_BYTES_MAX = 16 * 24 + TURNS_MAX * 32 };
void bucket_text_write(const struct bucket *bucket, struct buf *out);
bool bucket_text_read(struct str text, struct bucket *bucket);

int64_t bucket_rate_milli_per_s(const struct bucket *bucket);
int64_t bucket_tokens_milli(const struct bucket *bucket);

#endif

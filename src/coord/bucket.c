/* One token bucket in exact integers.
 *
 * With `calls` per `per_ms`, used to 970/1000 and learned down to L/1000, a millisecond fills
 *     calls * 1000 * 970/1000 * L/1000 / per_ms   milli-tokens.
 * Counted in grains of 1 / (per_ms * 1000 * 1000) milli-token that is the whole number
 *     calls * 1000 * 970 * L,
 * so nothing is ever rounded away, however often the bucket is looked at. */
#include "coord/bucket.h"

#include <assert.h>
#include <string.h>

enum {
    CALLS_MAX = 1000000,
    /* Threads hand in a `now` read just before they got the lock; more than this is a clock that
     * was set back. */
    CLOCK_BACK_MS = 1000,
};
static const int64_t PER_MS_MAX = 31LL * 86400 * 1000;

/* The level at a moment, moved along the turns. */
struct point {
    int64_t at_ms;
    grains level;
};

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static grains grains_of(const struct bucket *bucket, int64_t milli)
{
    return (grains)milli * bucket->limit.per_ms * 1000 * LEARNED_MAX_PER_MILLE;
}

static grains grains_per_ms(const struct bucket *bucket)
{
    return (grains)bucket->limit.calls * 1000 * RATE_USED_PER_MILLE * bucket->learned_per_mille;
}

/* What the bucket holds when full. Ours stays below the platform's by a tenth, and by what may
 * arrive closer together than it left. One call must fit all the same, and what fills in the
 * millisecond to which its start is rounded up: without that, even pacing would lose the fraction
 * of each call. */
int64_t bucket_capacity_milli(const struct budget_limit *limit)
{
    int64_t filled_milli = limit->calls * 1000; /* per_ms times what fills in a millisecond */
    int64_t least_milli = 1000 + (filled_milli + limit->per_ms - 1) / limit->per_ms;
    if (limit->kind == BUDGET_WINDOW)
        return least_milli;
    int64_t jitter_milli = filled_milli * ARRIVAL_JITTER_MS / limit->per_ms;
    int64_t tenth_milli = limit->burst * 100;
    return larger(least_milli, limit->burst * 1000 - larger(jitter_milli, tenth_milli));
}

/* A call that costs more than the bucket can hold goes when it is full and is paid off after. */
static grains grains_needed(const struct bucket *bucket, int64_t cost_milli)
{
    int64_t full_milli = bucket_capacity_milli(&bucket->limit);
    return grains_of(bucket, cost_milli < full_milli ? cost_milli : full_milli);
}

static void point_move(const struct bucket *bucket, struct point *point, int64_t to_ms)
{
    int64_t from_ms = larger(point->at_ms, bucket->blocked_until_ms);
    grains full = grains_of(bucket, bucket_capacity_milli(&bucket->limit));
    if (to_ms > from_ms)
        point->level += grains_per_ms(bucket) * (to_ms - from_ms);
    if (point->level > full)
        point->level = full;
    point->at_ms = larger(point->at_ms, to_ms);
}

static void point_pay(const struct bucket *bucket, struct point *point, const struct turn *turn)
{
    point_move(bucket, point, turn->at_ms);
    point->level -= grains_of(bucket, turn->cost_milli);
}

/* The first millisecond from which the tokens are there if nobody else takes any. */
static int64_t point_ready_ms(const struct bucket *bucket, const struct point *point,
                              int64_t cost_milli)
{
    int64_t from_ms = larger(point->at_ms, bucket->blocked_until_ms);
    grains missing = grains_needed(bucket, cost_milli) - point->level;
    if (missing <= 0)
        return from_ms;
    grains rate = grains_per_ms(bucket);
    return from_ms + (int64_t)((missing + rate - 1) / rate);
}

/* Whether the turns from `next` on still find their tokens. */
static bool turns_hold(const struct bucket *bucket, struct point point, size_t next)
{
    for (; next < bucket->turns_len; next++) {
        const struct turn *turn = &bucket->turns[next];
        point_move(bucket, &point, turn->at_ms);
        if (point.level < grains_needed(bucket, turn->cost_milli))
            return false;
        point.level -= grains_of(bucket, turn->cost_milli);
    }
    return true;
}

bool bucket_limit_valid(const struct budget_limit *limit)
{
    return limit->calls > 0 && limit->calls <= CALLS_MAX && limit->per_ms > 0 &&
           limit->per_ms <= PER_MS_MAX &&
           (limit->kind == BUDGET_WINDOW || (limit->burst > 0 && limit->burst <= CALLS_MAX));
}

void bucket_init(struct bucket *bucket, const struct budget_limit *limit, int64_t now_ms)
{
    *bucket = (struct bucket){
        .limit = *limit, .learned_per_mille = LEARNED_MAX_PER_MILLE, .clock_ms = now_ms};
}

void bucket_limit_set(struct bucket *bucket, const struct budget_limit *limit)
{
    int64_t tokens_milli = bucket_tokens_milli(bucket);
    bucket->limit = *limit;
    bucket->learned_per_mille = LEARNED_MAX_PER_MILLE;
    bucket->level = grains_of(bucket, tokens_milli);
}

void bucket_settle(struct bucket *bucket, int64_t now_ms)
{
    struct point point = {bucket->clock_ms, bucket->level};
    bool set_back = now_ms < bucket->clock_ms - CLOCK_BACK_MS;
    size_t due = 0;
    while (due < bucket->turns_len && (set_back || bucket->turns[due].at_ms <= now_ms))
        point_pay(bucket, &point, &bucket->turns[due++]);
    bucket->turns_len -= due;
    memmove(bucket->turns, bucket->turns + due, bucket->turns_len * sizeof(bucket->turns[0]));

    if (set_back) {
        point.at_ms = now_ms;
        memset(bucket->last_us, 0, sizeof(bucket->last_us));
    }
    point_move(bucket, &point, now_ms);
    bucket->clock_ms = point.at_ms;
    bucket->level = point.level;
}

int64_t bucket_earliest(const struct bucket *bucket, int64_t from_ms, int64_t cost_milli)
{
    struct point point = {bucket->clock_ms, bucket->level};
    for (size_t next = 0; next < bucket->turns_len; next++) {
        const struct turn *turn = &bucket->turns[next];
        int64_t at_ms = larger(from_ms, point_ready_ms(bucket, &point, cost_milli));
        if (at_ms < turn->at_ms) {
            struct point taken = point;
            point_pay(bucket, &taken, &(struct turn){at_ms, cost_milli});
            if (turns_hold(bucket, taken, next))
                return at_ms;
        }
        point_pay(bucket, &point, turn);
    }
    return larger(from_ms, point_ready_ms(bucket, &point, cost_milli));
}

bool bucket_has_turn(const struct bucket *bucket)
{
    return bucket->turns_len < TURNS_MAX;
}

void bucket_reserve(struct bucket *bucket, int64_t at_ms, int64_t cost_milli)
{
    if (at_ms <= bucket->clock_ms) {
        bucket->level -= grains_of(bucket, cost_milli);
        return;
    }
    assert(bucket_has_turn(bucket));
    size_t at = bucket->turns_len++;
    for (; at > 0 && bucket->turns[at - 1].at_ms > at_ms; at--)
        bucket->turns[at] = bucket->turns[at - 1];
    bucket->turns[at] = (struct turn){at_ms, cost_milli};
}

static int64_t line_last_us(const struct bucket *bucket, unsigned rank)
{
    int64_t last_us = 0;
    assert(rank < BUDGET_RANKS);
    for (unsigned i = 0; i <= rank; i++)
        last_us = larger(last_us, bucket->last_us[i]);
    return last_us;
}

bool bucket_has_line(const struct bucket *bucket, int64_t now_ms, unsigned rank)
{
    return line_last_us(bucket, rank) > now_ms * 1000;
}

int64_t bucket_place_us(const struct bucket *bucket, int64_t now_ms, int64_t from_ms, unsigned rank,
                        int64_t cost_milli)
{
    grains gap_us = grains_of(bucket, cost_milli) * 1000 / grains_per_ms(bucket);
    grains place_us = line_last_us(bucket, rank) + gap_us;
    int64_t latest_us = (now_ms + BUDGET_AWAY_MAX_MS) * 1000;
    return larger(from_ms * 1000, place_us < latest_us ? (int64_t)place_us : latest_us);
}

void bucket_place_take(struct bucket *bucket, int64_t place_us, unsigned rank)
{
    assert(rank < BUDGET_RANKS);
    bucket->last_us[rank] = place_us;
}

void bucket_refused(struct bucket *bucket, int64_t now_ms, int64_t retry_at_ms)
{
    /* The calls that were under way together are refused together: that is one lesson. */
    if (now_ms >= bucket->blocked_until_ms) {
        int64_t half = bucket->learned_per_mille / 2;
        bucket->learned_per_mille = larger(half, LEARNED_MIN_PER_MILLE);
    }
    bucket->blocked_until_ms = larger(bucket->blocked_until_ms, retry_at_ms);
    /* We believed in tokens that the platform does not know of. */
    if (bucket->level > 0)
        bucket->level = 0;
}

void bucket_succeeded(struct bucket *bucket)
{
    int64_t raised = bucket->learned_per_mille + LEARNED_STEP_PER_MILLE;
    bucket->learned_per_mille = raised < LEARNED_MAX_PER_MILLE ? raised : LEARNED_MAX_PER_MILLE;
}

int64_t bucket_rate_milli_per_s(const struct bucket *bucket)
{
    grains per_second = grains_per_ms(bucket) * 1000;
    return (int64_t)(per_second / grains_of(bucket, 1));
}

int64_t bucket_tokens_milli(const struct bucket *bucket)
{
    grains unit = grains_of(bucket, 1);
    /* Downwards also below zero: a debt never looks smaller than it is. */
    grains tokens = bucket->level / unit;
    return (int64_t)(bucket->level % unit < 0 ? tokens - 1 : tokens);
}

/* --- as a text: "1 kind calls per burst learned blocked clock milli rest last0 last1 last2 at:cost at:cost ..." with the
 * level as whole milli-tokens and a rest in grains. The first number is the form's. --- */

enum { TEXT_FORM = 1, TEXT_NUMBERS = 13 };
/* Further away than any time, and in milli-tokens more than any debt; sums of some stay far below 2^63. */
static const int64_t TEXT_NUMBER_MAX = INT64_C(1) << 50;

void bucket_text_write(const struct bucket *bucket, struct buf *out)
{
    const struct budget_limit *limit = &bucket->limit;
    int64_t milli = bucket_tokens_milli(bucket);
    int64_t rest = (int64_t)(bucket->level - grains_of(bucket, milli));
    const int64_t numbers[TEXT_NUMBERS] = {
        TEXT_FORM,
        (int64_t)limit->kind,
        limit->calls,
        limit->per_ms,
        limit->burst,
        bucket->learned_per_mille,
        bucket->blocked_until_ms,
        bucket->clock_ms,
        milli,
        rest,
        bucket->last_us[0],
        bucket->last_us[1],
        bucket->last_us[2],
    };
    for (size_t i = 0; i < TEXT_NUMBERS; i++)
        buf_printf(out, "%s%lld", i ? " " : "", (long long)numbers[i]);
    for (size_t i = 0; i < bucket->turns_len; i++)
        buf_printf(out, " %lld:%lld", (long long)bucket->turns[i].at_ms,
                   (long long)bucket->turns[i].cost_milli);
}

static bool number_take(struct str *rest, int64_t *out)
{
    struct str word;
    str_cut(*rest, ' ', &word, rest);
    return str_to_i64(word, out);
}

static bool number_near(int64_t number)
{
    return number >= -TEXT_NUMBER_MAX && number <= TEXT_NUMBER_MAX;
}

static bool turns_read(struct str rest, struct bucket *bucket)
{
    while (rest.len > 0) {
        struct str word, at, cost;
        struct turn turn;
        int64_t before_ms = bucket->turns_len ? bucket->turns[bucket->turns_len - 1].at_ms
                                              : bucket->clock_ms;
        str_cut(rest, ' ', &word, &rest);
        if (!bucket_has_turn(bucket) || !str_cut(word, ':', &at, &cost) ||
            !str_to_i64(at, &turn.at_ms) || !str_to_i64(cost, &turn.cost_milli) ||
            !number_near(turn.at_ms) || turn.at_ms < before_ms || turn.cost_milli <= 0 ||
            turn.cost_milli > TEXT_NUMBER_MAX)
            return false;
        bucket->turns[bucket->turns_len++] = turn;
    }
    return true;
}

bool bucket_text_read(struct str text, struct bucket *bucket)
{
    int64_t form, kind, milli, rest;
    *bucket = (struct bucket){.turns_len = 0};
    bool good = number_take(&text, &form) && form == TEXT_FORM && number_take(&text, &kind) &&
                number_take(&text, &bucket->limit.calls) &&
                number_take(&text, &bucket->limit.per_ms) &&
                number_take(&text, &bucket->limit.burst) &&
                number_take(&text, &bucket->learned_per_mille) &&
                number_take(&text, &bucket->blocked_until_ms) &&
                number_take(&text, &bucket->clock_ms) && number_take(&text, &milli) &&
                number_take(&text, &rest);
    for (size_t i = 0; i < BUDGET_RANKS; i++)
        good = good && number_take(&text, &bucket->last_us[i]) && bucket->last_us[i] >= 0 &&
               bucket->last_us[i] <= TEXT_NUMBER_MAX * 1000;
    if (!good || (kind != BUDGET_BUCKET && kind != BUDGET_WINDOW))
        return false;
    bucket->limit.kind = kind == BUDGET_WINDOW ? BUDGET_WINDOW : BUDGET_BUCKET;
    if (!bucket_limit_valid(&bucket->limit) || bucket->learned_per_mille < LEARNED_MIN_PER_MILLE ||
        bucket->learned_per_mille > LEARNED_MAX_PER_MILLE ||
        !number_near(bucket->blocked_until_ms) || !number_near(bucket->clock_ms) ||
        !number_near(milli) || rest < 0 || rest >= (int64_t)grains_of(bucket, 1))
        return false;
    bucket->level = grains_of(bucket, milli) + rest;
    return turns_read(text, bucket);
}

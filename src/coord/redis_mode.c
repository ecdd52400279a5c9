/* The modes of a process that shares, and what its share is. */
#include "coord/redis_mode.h"

#include "coord/bucket.h"

static void mode_enter(struct mode *mode, enum mode_kind kind, int64_t until_ms)
{
    *mode = (struct mode){.kind = kind, .until_ms = until_ms};
}

bool mode_step(struct mode *mode, bool together, int64_t now_ms, struct rng *rng)
{
    const int64_t held_max_ms = COORD_HEARTBEAT_MS + RETURN_JITTER_MS;
    const enum mode_kind before = mode->kind;
    /* A clock that was set back must not hold us for as long as it was set back. */
    if (mode->until_ms > now_ms + held_max_ms)
        mode->until_ms = now_ms + held_max_ms;
    const bool over = now_ms >= mode->until_ms;
    const int64_t return_ms = now_ms + COORD_HEARTBEAT_MS +
                              (int64_t)rng_below(rng, RETURN_JITTER_MS + 1);
    switch (mode->kind) {
    case MODE_SHARED:
        if (!together)
            mode_enter(mode, MODE_HOLD, now_ms + COORD_HEARTBEAT_MS);
        break;
    case MODE_HOLD:
        if (together)
            mode_enter(mode, MODE_RETURN, return_ms);
        else if (over)
            mode_enter(mode, MODE_APART, 0);
        break;
    case MODE_APART:
        if (together)
            mode_enter(mode, MODE_RETURN, return_ms);
        break;
    case MODE_RETURN:
        if (!together)
            mode_enter(mode, MODE_HOLD, now_ms + COORD_HEARTBEAT_MS);
        else if (over)
            mode_enter(mode, MODE_SHARED, 0);
        break;
    }
    return mode->kind != before;
}

bool limit_share(const struct budget_limit *whole, unsigned workers, struct budget_limit *share)
{
    *share = *whole;
    if (workers <= 1)
        return true;
    if (whole->kind == BUDGET_BUCKET) {
        share->burst = whole->burst / workers > 0 ? whole->burst / workers : 1;
    } else if (whole->calls > 2 * (int64_t)workers) {
        /* Each paces alone, so that each may have one call more than its rate in a window of theirs. */
        share->calls = whole->calls - workers;
    }
    share->per_ms = whole->per_ms * workers;
    if (bucket_limit_valid(share))
        return true;
    /* Longer than any period may be: whole calls then. */
    share->per_ms = whole->per_ms;
    share->calls = share->calls / workers;
    return share->calls > 0;
}

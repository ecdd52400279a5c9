/* Private to coord: whether a process may use the shared budgets, its share of them, or nothing. No I/O.
 *
 *          lost, or somebody has            one heartbeat
 *   SHARED ─────────────────────► HOLD ───────────────────► APART
 *      ▲                           ▲  back, and all have it    │
 *      │ a heartbeat and jitter    │ lost again                │ back, and all have it
 *      └──────────────────────── RETURN ◄──────────────────────┘
 *
 * HOLD is as long as it takes the others to hear of it: until then they use the shared budget to the full.
 * RETURN is as long as it takes them to stop using their shares. In both nothing is called. */
#ifndef HUILIU_COORD_REDIS_MODE_H
#define HUILIU_COORD_REDIS_MODE_H

#include "coord/coord.h"

enum {
    /* However long it was away, the server is asked for again this often at least: a part of the heartbeat,
     * so that in RETURN everybody has noticed. */
    RECONNECT_MAX_MS = 1000,
    RETURN_JITTER_MS = 500,
};

enum mode_kind { MODE_SHARED, MODE_HOLD, MODE_APART, MODE_RETURN };

struct mode {
    enum mode_kind kind;
    int64_t until_ms; /* of HOLD and RETURN */
};
/* `together`: we reach the server, and so does everybody else as far as we know. Returns true when the kind
 * has changed. */
bool mode_step(struct mode *mode, bool together, int64_t now_ms, struct rng *rng);

/* One worker's share of a limit among `workers`, in exact numbers; false: it is less than a call. */
bool limit_share(const struct budget_limit *whole, unsigned workers, struct budget_limit *share);

#endif

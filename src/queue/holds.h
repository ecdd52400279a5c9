/* holds: what a person says to the queue, through the store, so that it reaches every process.
 *
 *   pause    a hold stands; tasks of its lanes are not claimed, those that run end at the next page and
 *            wait. Nothing is lost: they go on where they stood.
 *   resume   the hold is gone
 *   cancel   tasks go: those that wait at once, those that run at the next page. Windows they were about
 *            stay open, and the next pass goes on with them.
 *
 * Each is also an event, in the same transaction.
 *
 *   retry    a task that died gets all its tries again
 *
 * Each stands alone, or, as …_in, is part of a transaction with what its caller writes (who asked for it).
 *
 * A worker sees it with its next claim and, where it works, its next heartbeat: within HEARTBEAT_MS.
 *
 * Threads: any. Time is handed in. */
#ifndef HUILIU_QUEUE_HOLDS_H
#define HUILIU_QUEUE_HOLDS_H

#include "base/base.h"
#include "store/store.h"

enum hold_scope { HOLD_ALL, HOLD_PLATFORM, HOLD_LANE };
struct hold_of {
    enum hold_scope scope;
    struct str platform; /* HOLD_PLATFORM */
    int64_t lane;        /* HOLD_LANE: the shop */
};
struct hold {
    struct hold_of of;
    int64_t since_ms;
};

/* *news: it was not paused before. */
enum err_class hold_put(struct store *store, struct hold_of of, int64_t now_ms, bool *news,
                        struct err *err);
/* *gone: how many holds are gone. HOLD_ALL ends every hold, also those of single shops. */
enum err_class hold_end(struct store *store, struct hold_of of, int64_t now_ms, int64_t *gone,
                        struct err *err);
/* All of them; they and their texts live in `arena`. */
enum err_class holds_read(struct store *store, struct arena *arena, struct hold **out, size_t *len,
                          struct err *err);
/* Does any hold keep this lane? */
enum err_class lane_is_held(struct store *store, int64_t lane, bool *out, struct err *err);

/* *waiting: tasks that are gone. *running: tasks that were told to end. */
enum err_class tasks_cancel(struct store *store, struct hold_of of, int64_t now_ms,
                            int64_t *waiting, int64_t *running, struct err *err);
enum err_class task_cancel(struct store *store, int64_t id, int64_t now_ms, int64_t *waiting,
                           int64_t *running, struct err *err);

enum err_class hold_put_in(struct tx *tx, struct hold_of of, int64_t now_ms, bool *news,
                           struct err *err);
enum err_class hold_end_in(struct tx *tx, struct hold_of of, int64_t now_ms, int64_t *gone,
                           struct err *err);
enum err_class task_cancel_in(struct tx *tx, int64_t id, int64_t now_ms, int64_t *waiting,
                              int64_t *running, struct err *err);
/* All tasks of a run (a sync that somebody asked for). */
enum err_class run_cancel_in(struct tx *tx, struct str run, int64_t now_ms, int64_t *waiting,
                             int64_t *running, struct err *err);

/* *retried: 1, or 0 where it is not dead (any more). */
enum err_class task_revive_in(struct tx *tx, int64_t id, int64_t now_ms, int64_t *retried,
                              struct err *err);
enum err_class task_revive(struct store *store, int64_t id, int64_t now_ms, int64_t *retried,
                           struct err *err);
/* Every dead one, at most 1024 at once. */
enum err_class tasks_revive(struct store *store, int64_t now_ms, int64_t *retried, struct err *err);

#endif

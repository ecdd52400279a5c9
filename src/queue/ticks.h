/* ticks: schedules that are kept. A row of table `schedule` is something to be done again and again: a
 * stream of a shop, or a duty of the home (lane 0). It says when it is due (`next_ms`) and which task
 * it makes.
 *
 *     schedules_set(…)              the rows are those that are wanted, no others
 *     schedules_tick(…, &next_ms)   whatever is due becomes a task; again at next_ms
 *
 * A tick is a move of a row: next_ms goes on where it still is what was read, and the task is made in the
 * same transaction. So any number of schedulers may run, in any number of processes: one of them
 * moves the row, the others find it moved; none is missed and none is doubled. Ticks that passed while
 * nobody ran are one tick. A task that still waits absorbs the next one (its key is unique).
 *
 * Shops do not run at once: each lane is later than its schedule says by a time that is always the same
 * (schedule_shift_ms), so that streams of one shop stay together.
 *
 * Threads: any. Time is handed in. Texts are borrowed. */
#ifndef HUILIU_QUEUE_TICKS_H
#define HUILIU_QUEUE_TICKS_H

#include "queue/queue.h"

struct schedule_wish {
    int64_t lane;
    struct str name; /* unique in the lane */
    struct str spec; /* as schedule_parse reads it; a line without a zone is UTC */
    enum task_class class_;
    struct str kind, payload; /* of the task; its unique key is KIND/NAME */
};

/* Rows that are new are due at once. One whose spec has changed, or which lies further ahead than it can
 * (a clock that was ahead), is due at its next time from now on. Rows that are not wanted go.
 * ERR_CONFIG "schedule" for a spec that cannot be read. One transaction. */
enum err_class schedules_set(struct store *store, const struct schedule_wish *wishes,
                             size_t wishes_len, int64_t now_ms, struct err *err);

/* Makes the tasks of all that is due. *ticks: how many rows this call has moved. *next_ms: when to come
 * again (INT64_MAX: there is no schedule). */
enum err_class schedules_tick(struct store *store, int64_t now_ms, int64_t *ticks, int64_t *next_ms,
                              struct err *err);

#endif

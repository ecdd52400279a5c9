/* queue: durable tasks, rows of the store, so that enqueueing is part of the transaction that
 * caused it. A lane is the tasks of one shop; it runs one task at a time. Among a lane's ready
 * tasks the highest class (live > repair > backfill) goes first, then the oldest.
 *
 * A claim hands out a lease: a token that every commit unit of the task must show (the fence) and
 * that a heartbeat renews. Whoever lost the lease cannot commit. A task's `unit_number` counts its
 * commit units: the fence moves it from n to n + 1 in the unit's own transaction, so that an
 * unknown commit outcome is settled by reading it.
 *
 * States: ready, running, done (row is removed), dead (kept with its error, for a person).
 *
 * When something is to be done again and again is a schedule (schedule.h), which makes tasks (ticks.h); who
 * does them are workers (worker.h); what a person says to both is in holds.h.
 *
 * Threads: any. Time is handed in. Steps borrow their values from the caller's arena. */
#ifndef HUILIU_QUEUE_QUEUE_H
#define HUILIU_QUEUE_QUEUE_H

#include "base/base.h"
#include "store/store.h"

enum task_class { TASK_LIVE, TASK_REPAIR, TASK_BACKFILL };
enum { TASK_CLASSES = 3 };

/* A worker that works renews its leases, and hears what people say, every HEARTBEAT_MS; one that died is
 * replaced when its leases end. */
enum { LEASE_MS = 10000, HEARTBEAT_MS = 2000, TASK_PAYLOAD_BYTES_MAX = 4096 };

/* What is to be done. (lane, unique_key) is unique among ready and running tasks: enqueueing the
 * same again changes nothing but may bring it forward (earlier ready_ms, higher class). */
struct task_new {
    int64_t lane; /* shop id */
    enum task_class class_;
    struct str kind; /* "window", "decrypt" … the room that runs it knows the words */
    struct str unique_key;
    struct str payload; /* compact JSON, read only by the room that runs the kind */
    struct str run;     /* the `sync` that asked, or empty */
    int64_t ready_ms;
};
struct task {
    int64_t id;
    int64_t lane;
    enum task_class class_;
    struct str kind, unique_key, payload, run;
    struct str lease;
    int64_t unit_number; /* units committed so far */
    int64_t attempt;     /* failed tries since the last progress */
    int64_t created_ms;
    int64_t ready_ms; /* since when it could be claimed; behind created_ms when it was put back */
};

/* --- steps for commit units (allocated in `arena`) --- */
enum err_class queue_step_enqueue(const struct task_new *task, int64_t now_ms, struct arena *arena,
                                  struct step *out, struct err *err);
/* The fence: first step of every unit of a task. Renews the lease, counts the unit, clears the
 * attempts. `unit_number` is the number this unit will have (task->unit_number + k). */
enum err_class queue_step_fence(const struct task *task, int64_t unit_number, int64_t now_ms,
                                struct arena *arena, struct step *out, struct err *err);
/* A task of the lane that waits, and not for its next try, is ready now; there may be none. */
enum err_class queue_step_forward(int64_t lane, struct str unique_key, int64_t now_ms,
                                  struct arena *arena, struct step *out, struct err *err);
/* Ends the task inside its last unit. */
enum err_class queue_step_finish(const struct task *task, int64_t now_ms, struct arena *arena,
                                 struct step *out, struct err *err);

/* A dead task whose work was now done goes: nothing else removes it. */
enum err_class queue_step_twins(const struct task *task, struct arena *arena, struct step *out,
                                struct err *err);

/* Tasks of a lane that another run left ready, or waiting until before_ms at the latest, become tasks of
 * this run. */
enum err_class queue_step_adopt(int64_t lane, struct str run, int64_t before_ms,
                                struct arena *arena, struct step *out, struct err *err);

/* --- on its own --- */
/* The same at once. *adopted: how many there were. */
enum err_class queue_adopt(struct store *store, int64_t lane, struct str run, int64_t before_ms,
                           int64_t *adopted, struct err *err);
enum err_class queue_enqueue(struct store *store, const struct task_new *task, int64_t now_ms,
                             struct err *err);
/* The same as part of a transaction (store_write). */
enum err_class queue_enqueue_in(struct tx *tx, const struct task_new *task, int64_t now_ms,
                                struct err *err);
/* Tasks that a worker runs, or has claimed. */
enum { QUEUE_HELD_MAX = 512 };
struct queue_held {
    int64_t ids[QUEUE_HELD_MAX];
    size_t len;
};
/* Who claims, and what. */
struct queue_claimer {
    struct str worker;
    struct str run; /* not empty: only tasks of that run */
    /* Most tasks of one platform that this worker runs at once; 0: any number. */
    int64_t platform_max;
    /* Or NULL. A worker whose heartbeat is overdue (a clock that was put forward, a store that was busy) renews
     * the leases of these first, or it would take its own tasks away from itself. */
    const struct queue_held *held;
    bool looked; /* for leases that have run out, a moment ago: not again in this claim */
    /* Tasks that are over and wrote nothing of their own: their rows go first, so that their lanes are free. */
    const struct task *const *over;
    size_t over_len;
};
/* The first ready task of each free lane, at most `max`, in one transaction; tasks and their texts live in
 * `arena`. Higher classes come first, but a task that has waited for ten minutes longer goes before one of
 * the class above. An expired lease makes its task claimable again. *next_ms: when the next task becomes
 * ready (INT64_MAX: none). */
enum err_class queue_claim(struct store *store, const struct queue_claimer *by, int64_t now_ms,
                           size_t max, struct arena *arena, struct task **tasks, size_t *tasks_len,
                           int64_t *next_ms, struct err *err);
/* Extends the leases of the tasks that a worker holds, as part of a transaction. */
enum err_class queue_heartbeat(struct tx *tx, struct str worker, const struct queue_held *held,
                               int64_t now_ms, struct err *err);
/* Ids as one value of a statement (sql.h); NULL text: no memory. */
struct sql_value queue_ids(struct arena *arena, const int64_t *ids, size_t len);
/* Ends a task that had no commit units of its own: fenced, one transaction. With an outcome the try is
 * recorded. */
struct task_outcome;
enum err_class queue_finish(struct store *store, const struct task *task,
                            const struct task_outcome *outcome, int64_t now_ms, struct err *err);
/* Ends several such tasks without a record, as part of a transaction. Whose lease is lost stays. */
enum err_class queue_over(struct tx *tx, const struct task *const *tasks, size_t tasks_len,
                          struct arena *arena, struct err *err);
/* Ends a task that a person took back while it ran: its row is removed. */
enum err_class queue_drop(struct store *store, const struct task *task, struct err *err);
/* Puts it back: ready again at ready_ms. `failed`: counts an attempt and keeps the error text. */
enum err_class queue_put_back(struct store *store, const struct task *task, int64_t ready_ms,
                              bool failed, const struct err *cause, int64_t now_ms,
                              struct err *err);
/* Recorded executions that began before an instant go, a few thousand a transaction. */
enum err_class queue_prune(struct store *store, int64_t before_ms, int64_t *gone, struct err *err);
/* The same of a task that ran for longer than it may; said in an event. */
enum err_class queue_put_back_overdue(struct store *store, const struct task *task,
                                      const struct err *cause, int64_t ran_ms, int64_t now_ms,
                                      struct err *err);
/* No more tries: kept as dead with its error, in the place of a task of the same key that died before; said in an event. */
enum err_class queue_bury(struct store *store, const struct task *task, const struct err *cause,
                          int64_t now_ms, struct err *err);
/* This process has the worker role alone (SQLite): every running task comes back at once. */
enum err_class queue_release_all(struct store *store, int64_t now_ms, int64_t *released,
                                 struct err *err);
/* A task that was put back under a clock that was ahead waits for a time that is far: it is ready now. Of one
 * lane, or of QUEUE_ALL_LANES. */
enum { QUEUE_ALL_LANES = -1 };
enum err_class queue_clock_mend(struct store *store, int64_t lane, int64_t now_ms, struct err *err);
/* When the first task of the lane of a higher class than `task`'s is or was ready, of those that run or
 * are ready before before_ms: what has to come first. INT64_MAX when there is none. */
enum err_class queue_lane_ahead(struct store *store, const struct task *task, int64_t before_ms,
                                int64_t *out, struct err *err);
/* How many units of the task are committed; -1 when the task is gone (finished). */
enum err_class queue_units_committed(struct store *store, int64_t task_id, int64_t *out,
                                     struct err *err);

struct queue_depth {
    int64_t ready, waiting, running, dead; /* waiting: ready_ms lies ahead */
    int64_t next_ms;                       /* earliest ready_ms of the waiting */
    int64_t held;                          /* of the ready: a person has paused their lane */
};
enum err_class queue_depth_read(struct store *store, struct str run, int64_t now_ms,
                                struct queue_depth *out, struct err *err);

#include "queue/feed.h"
#include "queue/holds.h"
#include "queue/schedule.h"
#include "queue/ticks.h"
#include "queue/worker.h"

#endif

/* Workers: threads that claim tasks and hand each to the handler of its kind. The handler says how
 * the task ended; the worker writes that down (put back, bury) where the handler's last commit unit
 * has not done it already. Heartbeats renew all leases apart from how long a task takes, show in table
 * `worker` that the process lives, and hear what people said (holds.h): a task that is to end sees its
 * `stopping` turn true.
 *
 * Threads that have nothing to do ask the store twice a second, and at once when somebody says that there is
 * a task (store/ear.h).
 *
 * Life cycle: workers_start / workers_stop (lets each task end its page and hand the rest back).
 * Threads: the pool's own; workers_wait_idle from the caller's. */
#ifndef HUILIU_QUEUE_WORKER_H
#define HUILIU_QUEUE_WORKER_H

#include "queue/queue.h"

enum task_end {
    TASK_DONE, /* finished inside its own last unit */
    TASK_OVER, /* done, and nothing is left to write but that: its row goes with the next claim, unrecorded */
    TASK_AGAIN, /* put it back: ready at again_ms; `failed` counts a try */
    TASK_DEAD,  /* no more tries: keep it for a person */
    TASK_LOST,  /* the lease is somebody else's now: write nothing */
};
struct task_outcome {
    const volatile bool *stopping; /* in: turns true when the task is to end; look between pages */
    int64_t again_ms;
    bool failed;
    struct err err; /* why again or dead */
    /* For the recorded execution. */
    int64_t started_ms;
    struct str stream;
    int64_t pages, calls, rejects;
    int64_t rows[ROW_OUTCOMES];
};
/* Runs on a worker thread. */
typedef enum task_end task_handle(void *context, const struct task *task,
                                  struct task_outcome *outcome);
struct task_handler {
    const char *kind;
    task_handle *handle;
    void *context;
};

/* The recorded execution of one try. A handler that ends its task adds this step to its last unit
 * (result "done"), whose rows are counted with it; the worker records the other ends. */
enum err_class queue_step_record(const struct task *task, const struct task_outcome *outcome,
                                 const char *result, int64_t now_ms, struct arena *arena,
                                 struct step *out, struct err *err);

struct workers;
struct workers_options {
    struct store *store;
    struct str name; /* in leases and in table `worker`: no two processes may have the same */
    struct str run;  /* not empty: only this run's tasks */
    unsigned threads;
    /* Most tasks that one claim takes; 0: one for each thread that has nothing to do. Fewer spread what comes at
     * once over more processes. */
    unsigned claim_max;
    /* A task that runs for longer is told to end at its next page and put back, and dies where it has got nowhere
     * several times; 0: any time. Tasks yield by themselves after seconds: this one is stuck. */
    int64_t task_ms;
    int64_t connections;  /* to the database that this process may open: shown in table `worker` */
    int64_t platform_max; /* as queue_claimer has it */
    const struct task_handler *handlers;
    size_t handlers_len;
};
enum err_class workers_start(const struct workers_options *options, struct workers **out,
                             struct err *err);
/* Returns when nothing of the run is ready, waiting or running, the deadline passed (ERR_LATER), the
 * pool met a store error it cannot go on from (that error), or *stop became true (ERR_STOPPED). */
enum err_class workers_wait_idle(struct workers *workers, int64_t deadline_ms,
                                 const volatile bool *stop, struct err *err);
/* Why the pool has ended by itself (a store error it cannot go on from), or ERR_OK. */
enum err_class workers_fault_read(struct workers *workers, struct err *err);
/* Something became ready: it is claimed at once, not with the next look. */
void workers_nudge(struct workers *workers);
/* Processes that share budgets (coord.h) tell each other through table `worker`: whether this one has lost
 * them, said with the next heartbeat, which is at once; and how many live, this one among them, and how many
 * of the others have lost them. */
void workers_mark(struct workers *workers, bool degraded);
enum err_class workers_living(struct workers *workers, unsigned *living, unsigned *degraded,
                              struct err *err);
/* Connections to the database that the other processes which live may open, and how many processes these are. */
enum err_class workers_connections(struct store *store, struct str own_name, int64_t now_ms,
                                   int64_t *connections, int64_t *processes, struct err *err);
/* Tasks that ended dead since the start. */
int64_t workers_dead(struct workers *workers);
/* Nothing new is begun, and each task ends at its next page: how many still run. For who must not wait in
 * workers_stop, which goes on from there. */
unsigned workers_ask_end(struct workers *workers);
void workers_stop(struct workers *workers);

#endif

/* Private to queue: what the parts of a pool of workers share.
 *
 *   worker.c          the pool: threads, claims, beginning and ending
 *   worker_claimed.c  lists of claimed tasks
 *   worker_end.c      how a try ends, written down
 *   worker_heart.c    leases are renewed, and what people said is heard */
#ifndef HUILIU_QUEUE_WORKER_INTERNAL_H
#define HUILIU_QUEUE_WORKER_INTERNAL_H

#include <stdlib.h>
#include <string.h>

#include "queue/worker.h"

enum {
    CLAIM_MAX = 256, /* tasks claimed in one statement */
    WORKER_THREADS_MAX = 128,
    /* A pool that has nothing to do shows that it lives less often. */
    IDLE_BEATS = 5,
};

/* A claimed task with the memory its texts live in. */
struct claimed {
    struct arena arena;
    struct task task;
    volatile bool stop; /* the task is to end at its next page */
    bool dropped;       /* and not to come back: a person took it away */
    bool overdue;       /* it is to end because it ran for too long */
    int64_t started_ms;
    int64_t claimed_ms;
    struct claimed *next;
};

struct workers {
    struct workers_options options;
    struct ear *ear; /* NULL: nobody else makes tasks for this pool */
    pthread_t threads[WORKER_THREADS_MAX];
    pthread_t heart;
    unsigned threads_len;
    bool heart_runs;

    pthread_mutex_t lock;
    struct wait changed; /* for workers: there is something to do, or another time to wait for */
    struct wait told;    /* for the others: nothing is left, or stopping was set */
    struct claimed *waiting; /* claimed, not yet taken by a thread */
    struct claimed *running;
    struct claimed *over; /* TASK_OVER: their rows go with the next claim */
    unsigned waiting_len, busy;
    bool degraded; /* shown in table `worker` */
    bool beat_due; /* with the next look of the heart, whatever there is to do */
    int64_t beaten_ms;
    int64_t looked_ms;      /* for leases that have run out */
    int64_t claimed_ms;     /* when the last claim ended */
    size_t ended;           /* tasks since then */
    unsigned claims_failed; /* one after the other */
    bool heart_stops;
    bool claiming;   /* one thread claims for all */
    bool stale;      /* something changed since the last claim: another may find more */
    bool idle;       /* the last claim found nothing now and nothing later */
    int64_t next_ms; /* when the next task becomes ready */
    volatile bool stopping;
    int64_t dead;
    struct err fault; /* a store error that the pool cannot go on from */
};

/* Tasks that are over, as one transaction ends them. */
struct over {
    struct claimed *list;
    const struct task *tasks[QUEUE_HELD_MAX];
    size_t len;
    struct arena arena;
};

/* --- worker_claimed.c: called with the lock where `workers` is given --- */
void claimed_free(struct claimed *claimed);
enum err_class claimed_copy(const struct task *task, struct claimed **out, struct err *err);
/* It is to end at its next page. */
void claimed_stop(struct claimed *claimed);
/* What this pool holds a lease of. */
void held_read(const struct workers *workers, struct queue_held *held);
void over_take(struct workers *workers, struct over *over);
/* What could not be written is tried again; where it was written all the same, the next try finds nothing. */
void over_settle(struct workers *workers, struct over *over, bool written);
/* For store_write. */
enum err_class over_work(struct tx *tx, void *context, struct err *err);

/* --- worker_end.c --- */
enum task_end task_dispatch(const struct workers *workers, const struct task *task,
                            struct task_outcome *outcome);
/* What ended because it ran for too long has failed; what never gets anywhere is for a person. */
enum task_end overdue_end(const struct task *task, struct task_outcome *outcome, int64_t task_ms);
/* Writes down an end that the handler's last unit has not written already. */
enum err_class task_settle(struct workers *workers, const struct claimed *claimed,
                           enum task_end end, const struct task_outcome *outcome, struct err *err);

/* --- worker_heart.c: the thread --- */
void *heart_main(void *workers);
/* Ends at once what is over, where nobody claims. With the lock, which is let go meanwhile. */
void over_write(struct workers *workers);

#endif

/* Worker threads: claim, dispatch by kind, write down how it ended, renew leases meanwhile. */
#include "queue/worker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/sql.h"

enum {
    CLAIM_MAX = 256,      /* tasks claimed in one statement */
    CLAIM_POLL_MS = 500,  /* other processes may enqueue without telling us */
    EXPIRY_LOOK_MS = 500, /* leases last much longer */
    /* Who was through with all he had within this time claims more than he has threads, twice as much as he
     * has just done: a claim costs a transaction, whatever it brings. */
    AHEAD_MS = 20,
    WORKER_THREADS_MAX = 128,
    /* Tries of a task that end in a store error before the pool gives up: a database that another
     * program holds for a while is free again by then, a full disk is not. */
    STORE_TRIES_MAX = 3,
    /* A refused fence while the lease is ours is mended by one more look at what is stored; what is
     * refused again and again would keep its worker and its lane for ever. */
    LOST_TRIES_MAX = 3,
    /* Overdue so often in a row, without a page between, it is never done. */
    OVERDUE_TRIES_MAX = 3,
    LOST_WAIT_MS = 1000,
    /* A pool that has nothing to do shows that it lives less often. */
    IDLE_BEATS = 5,
    /* Who has shown himself since then lives. */
    LIVING_MS = (IDLE_BEATS + 2) * HEARTBEAT_MS,
    /* A process whose heartbeat is older left without saying so. */
    GONE_MS = 24 * 60 * 60 * 1000,
    HOST_ROOM = 128,
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

static void claimed_free(struct claimed *claimed)
{
    arena_fini(&claimed->arena);
    free(claimed);
}

static enum err_class claimed_copy(const struct task *task, struct claimed **out, struct err *err)
{
    struct claimed *copy = calloc(1, sizeof *copy);
    if (!copy)
        return err_no_memory(err);
    arena_init(&copy->arena);
    copy->task = *task;
    copy->claimed_ms = clock_now_ms();
    copy->task.kind = arena_dup(&copy->arena, task->kind);
    copy->task.unique_key = arena_dup(&copy->arena, task->unique_key);
    copy->task.payload = arena_dup(&copy->arena, task->payload);
    copy->task.run = arena_dup(&copy->arena, task->run);
    copy->task.lease = arena_dup(&copy->arena, task->lease);
    if (!copy->task.kind.ptr || !copy->task.unique_key.ptr || !copy->task.payload.ptr ||
        !copy->task.run.ptr || !copy->task.lease.ptr) {
        claimed_free(copy);
        return err_no_memory(err);
    }
    *out = copy;
    return ERR_OK;
}

static bool workers_idle(const struct workers *workers)
{
    return workers->idle && !workers->stale && !workers->claiming && workers->busy == 0 &&
           workers->waiting_len == 0;
}

static void held_add(const struct claimed *list, struct queue_held *held)
{
    for (; list && held->len < QUEUE_HELD_MAX; list = list->next)
        held->ids[held->len++] = list->task.id;
}

/* What this pool holds a lease of. Under the lock. */
static void held_read(const struct workers *workers, struct queue_held *held)
{
    held->len = 0;
    held_add(workers->running, held);
    held_add(workers->waiting, held);
    held_add(workers->over, held);
}

/* Tasks that are over, as one transaction ends them. */
struct over {
    struct claimed *list;
    const struct task *tasks[QUEUE_HELD_MAX];
    size_t len;
    struct arena arena;
};

/* Under the lock. */
static void over_take(struct workers *workers, struct over *over)
{
    over->list = workers->over;
    over->len = 0;
    /* Claimed at once are at most CLAIM_MAX beside those that run. */
    static_assert((int)CLAIM_MAX + (int)WORKER_THREADS_MAX <= (int)QUEUE_HELD_MAX, "too few");
    for (const struct claimed *one = over->list; one; one = one->next)
        over->tasks[over->len++] = &one->task;
    workers->over = NULL;
}

/* Under the lock. What could not be written is tried again; where it was written all the same, the next try
 * finds nothing. */
static void over_settle(struct workers *workers, struct over *over, bool written)
{
    while (over->list) {
        struct claimed *one = over->list;
        over->list = one->next;
        if (written) {
            claimed_free(one);
        } else {
            one->next = workers->over;
            workers->over = one;
        }
    }
}

static enum err_class over_work(struct tx *tx, void *context, struct err *err)
{
    struct over *over = context;
    return queue_over(tx, over->tasks, over->len, &over->arena, err);
}

/* For every thread that has nothing to do, and ahead where tasks are short. Under the lock. */
static size_t tasks_wanted(const struct workers *workers)
{
    size_t idle = workers->threads_len - workers->busy;
    size_t wanted = idle > workers->waiting_len ? idle - workers->waiting_len : 0;
    /* Under the test clock everything would seem short. */
    if (workers->waiting_len == 0 && !clock_is_test() &&
        clock_now_ms() - workers->claimed_ms < AHEAD_MS)
        wanted += 2 * workers->ended;
    return wanted;
}

/* Behind those that wait already. Under the lock. */
static void waiting_add(struct workers *workers, struct claimed *first, size_t len)
{
    struct claimed **end = &workers->waiting;
    while (*end)
        end = &(*end)->next;
    *end = first;
    workers->waiting_len += (unsigned)len;
}

/* Called with the lock, which is let go meanwhile. */
static enum err_class workers_claim(struct workers *workers, struct err *err)
{
    size_t wanted = tasks_wanted(workers);
    size_t most = workers->options.claim_max > 0 ? workers->options.claim_max : CLAIM_MAX;
    bool more = wanted > most; /* another claim follows, unless another process was faster */
    if (more)
        wanted = most;
    workers->claiming = true;
    workers->stale = false;
    struct queue_held held;
    struct over over;
    int64_t now_ms = clock_now_ms();
    bool overdue = now_ms - workers->beaten_ms > LEASE_MS / 2;
    bool looked = now_ms - workers->looked_ms < EXPIRY_LOOK_MS && now_ms >= workers->looked_ms;
    held_read(workers, &held);
    over_take(workers, &over);
    pthread_mutex_unlock(&workers->lock);

    struct arena arena;
    arena_init(&arena);
    struct task *tasks = NULL;
    size_t tasks_len = 0;
    int64_t next_ms = INT64_MAX;
    const struct queue_claimer by = {.worker = workers->options.name,
                                     .run = workers->options.run,
                                     .platform_max = workers->options.platform_max,
                                     .held = overdue ? &held : NULL,
                                     .looked = looked,
                                     .over = over.tasks,
                                     .over_len = over.len};
    enum err_class class_ = queue_claim(workers->options.store, &by, now_ms, wanted, &arena, &tasks,
                                        &tasks_len, &next_ms, err);
    bool written = class_ == ERR_OK;
    struct claimed *first = NULL, **last = &first;
    size_t copied = 0;
    while (class_ == ERR_OK && copied < tasks_len) {
        class_ = claimed_copy(&tasks[copied], last, err);
        if (class_ == ERR_OK) {
            last = &(*last)->next;
            copied++;
        }
    }

    pthread_mutex_lock(&workers->lock);
    over_settle(workers, &over, written);
    if (written && !looked)
        workers->looked_ms = now_ms;
    waiting_add(workers, first, copied);
    workers->claiming = false;
    workers->claimed_ms = clock_now_ms();
    workers->ended = 0;
    workers->next_ms = next_ms;
    workers->idle = class_ == ERR_OK && tasks_len == 0 && next_ms == INT64_MAX;
    workers->stale |= more && copied == wanted;
    if (workers_idle(workers))
        wait_broadcast(&workers->told);
    arena_fini(&arena);
    return class_;
}

static const struct task_handler *handler_of(const struct workers *workers, struct str kind)
{
    for (size_t i = 0; i < workers->options.handlers_len; i++)
        if (str_eq(kind, str_of(workers->options.handlers[i].kind)))
            return &workers->options.handlers[i];
    return NULL;
}

static enum task_end task_dispatch(const struct workers *workers, const struct task *task,
                                   struct task_outcome *outcome)
{
    const struct task_handler *handler = handler_of(workers, task->kind);
    if (handler)
        return handler->handle(handler->context, task, outcome);
    err_set(&outcome->err, ERR_CONFIG, "task_kind",
            "no part of this program knows tasks of kind %.*s; a newer version made it",
            STR_ARG(task->kind));
    return TASK_DEAD;
}

/* Tries that ended otherwise than done are recorded here; a mere wait for a turn is none. */
static enum err_class task_record(struct store *store, const struct task *task, const char *result,
                                  const struct task_outcome *outcome, struct err *err)
{
    if (!outcome->failed && outcome->pages == 0 && outcome->err.class_ != ERR_OK &&
        strcmp(result, "again") == 0)
        return ERR_OK;
    struct arena arena;
    arena_init(&arena);
    struct step step;
    struct unit unit = {.after = &step, .after_len = 1};
    enum err_class class_ = queue_step_record(task, outcome, result, clock_now_ms(), &arena, &step,
                                              err);
    if (class_ == ERR_OK)
        class_ = store_commit(store, &unit, err);
    arena_fini(&arena);
    return class_;
}

/* A refusal while the lease is still ours (a row that moved on) must not block the lane until the lease
 * ends. Where the lease is gone this is refused too, and rightly. */
static void task_return(struct store *store, const struct task *task,
                        const struct task_outcome *outcome)
{
    int64_t now_ms = clock_now_ms();
    int64_t ready_ms = task->attempt == 0 ? now_ms : now_ms + LOST_WAIT_MS;
    if (task->attempt >= LOST_TRIES_MAX)
        queue_bury(store, task, &outcome->err, now_ms, NULL);
    else
        queue_put_back(store, task, ready_ms, true, &outcome->err, now_ms, NULL);
}

static enum err_class task_drop(struct store *store, const struct task *task,
                                const struct task_outcome *outcome, struct err *err)
{
    enum err_class class_ = queue_drop(store, task, err);
    return class_ == ERR_OK ? task_record(store, task, "cancelled", outcome, err) : class_;
}

static enum err_class task_overdue(struct store *store, const struct task *task,
                                   const struct task_outcome *outcome, struct err *err)
{
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = queue_put_back_overdue(store, task, &outcome->err,
                                                   now_ms - outcome->started_ms, now_ms, err);
    return class_ == ERR_OK ? task_record(store, task, "failed", outcome, err) : class_;
}

/* What ended because it ran for too long has failed; what never gets anywhere is for a person. */
static enum task_end overdue_end(const struct task *task, struct task_outcome *outcome,
                                 int64_t task_ms)
{
    outcome->failed = true;
    err_set(&outcome->err, ERR_RETRY, "task_overdue",
            "it ran for longer than %lld s and was stopped; task_seconds is the limit",
            (long long)(task_ms / 1000));
    return outcome->pages == 0 && task->attempt + 1 >= OVERDUE_TRIES_MAX ? TASK_DEAD : TASK_AGAIN;
}

/* Writes down an end that the handler's last unit has not written already. */
static enum err_class task_settle(struct workers *workers, const struct claimed *claimed,
                                  enum task_end end, const struct task_outcome *outcome,
                                  struct err *err)
{
    struct store *store = workers->options.store;
    const struct task *task = &claimed->task;
    enum err_class class_ = ERR_OK;
    switch (end) {
    case TASK_AGAIN:
        if (claimed->dropped)
            return task_drop(store, task, outcome, err);
        if (claimed->overdue)
            return task_overdue(store, task, outcome, err);
        class_ = queue_put_back(store, task, outcome->again_ms, outcome->failed, &outcome->err,
                                clock_now_ms(), err);
        return class_ == ERR_OK
                   ? task_record(store, task, outcome->failed ? "failed" : "again", outcome, err)
                   : class_;
    case TASK_DEAD:
        class_ = queue_bury(store, task, &outcome->err, clock_now_ms(), err);
        return class_ == ERR_OK ? task_record(store, task, "dead", outcome, err) : class_;
    case TASK_LOST:
        task_return(store, task, outcome);
        break;
    case TASK_DONE:
    case TASK_OVER:
        break;
    }
    return ERR_OK;
}

static void claimed_stop(struct claimed *claimed)
{
    __atomic_store_n(&claimed->stop, true, __ATOMIC_RELEASE);
}

/* Nothing new is begun, and each task ends at its next page. Called with the lock. */
static void workers_end(struct workers *workers)
{
    __atomic_store_n(&workers->stopping, true, __ATOMIC_RELEASE);
    for (struct claimed *one = workers->running; one; one = one->next)
        claimed_stop(one);
    wait_broadcast(&workers->changed);
    wait_broadcast(&workers->told);
}

/* A store that keeps refusing rows or cannot even take a task back (full disk, lost file) ends the
 * pool: going on would only ask the platforms for the same pages again, and every lease comes back by
 * itself. */
static void workers_fault(struct workers *workers, const struct err *err)
{
    if (workers->fault.class_ == ERR_OK)
        workers->fault = *err;
    workers_end(workers);
}

static void running_remove(struct workers *workers, const struct claimed *claimed)
{
    struct claimed **at = &workers->running;
    while (*at != claimed)
        at = &(*at)->next;
    *at = claimed->next;
}

/* Runs one claimed task. Called with the lock, which is let go meanwhile. */
static void worker_run(struct workers *workers, struct claimed *claimed)
{
    workers->busy++;
    claimed->started_ms = clock_now_ms();
    claimed->next = workers->running;
    workers->running = claimed;
    bool stopped = claimed->stop; /* before it began */
    pthread_mutex_unlock(&workers->lock);
    struct task_outcome outcome = {.stopping = &claimed->stop, .started_ms = claimed->started_ms};
    outcome.again_ms = outcome.started_ms;
    enum task_end end = stopped ? TASK_AGAIN : task_dispatch(workers, &claimed->task, &outcome);
    struct err err = {0};
    int64_t claimed_tries = claimed->task.attempt;
    pthread_mutex_lock(&workers->lock);
    running_remove(workers, claimed);
    pthread_mutex_unlock(&workers->lock);
    if (end == TASK_AGAIN && claimed->overdue && !claimed->dropped)
        end = overdue_end(&claimed->task, &outcome, workers->options.task_ms);
    enum err_class class_ = task_settle(workers, claimed, end, &outcome, &err);
    if (end == TASK_AGAIN || end == TASK_DEAD)
        log_event(end == TASK_DEAD ? LOG_ERROR : LOG_DEBUG,
                  end == TASK_DEAD ? "task_dead" : "task_again", LOG_I64("task", claimed->task.id),
                  LOG_I64("shop", claimed->task.lane), LOG_STR("code", str_of(outcome.err.code)),
                  LOG_STR("message", str_of(outcome.err.message)), LOG_END);
    if (end != TASK_OVER)
        claimed_free(claimed);
    pthread_mutex_lock(&workers->lock);
    if (end == TASK_OVER) {
        claimed->next = workers->over;
        workers->over = claimed;
    }
    workers->busy--;
    workers->ended++;
    workers->dead += end == TASK_DEAD;
    workers->idle = false;
    workers->stale = true;
    if (class_ == ERR_STORE)
        workers_fault(workers, &err);
    else if (outcome.err.class_ == ERR_STORE && claimed_tries >= STORE_TRIES_MAX)
        workers_fault(workers, &outcome.err);
    /* Nobody is woken: this thread itself looks for what comes next. */
}

static struct claimed *workers_take(struct workers *workers)
{
    struct claimed *claimed = workers->waiting;
    if (claimed) {
        workers->waiting = claimed->next;
        workers->waiting_len--;
    }
    return claimed;
}

static int64_t claim_deadline(const struct workers *workers)
{
    /* Whoever claims says so when it ends; until then next_ms is of the claim before. */
    if (workers->claiming)
        return WAIT_FOREVER;
    /* A run is this process's own: nobody else adds to it, so there is nothing to poll for. */
    int64_t poll_ms = workers->options.run.len > 0 ? WAIT_FOREVER : clock_now_ms() + CLAIM_POLL_MS;
    return workers->next_ms < poll_ms ? workers->next_ms : poll_ms;
}

/* One thing that a worker does; called with the lock. Who takes a task leaves what else there is to do to
 * another thread and wakes only that one: the next task, a claim, or waiting for the next task's time. */
static void worker_step(struct workers *workers)
{
    struct claimed *claimed = workers_take(workers);
    if (claimed) {
        if (workers->waiting_len > 0 || workers->stale || claim_deadline(workers) != WAIT_FOREVER)
            wait_signal(&workers->changed);
        worker_run(workers, claimed);
        return;
    }
    if (workers->stale && !workers->claiming) {
        struct err err = {0};
        bool claimed_well = workers_claim(workers, &err) == ERR_OK;
        workers->claims_failed = claimed_well ? 0 : workers->claims_failed + 1;
        if (workers->claims_failed >= STORE_TRIES_MAX)
            workers_fault(workers, &err);
        else if (!claimed_well)
            workers->next_ms = clock_now_ms() + CLAIM_POLL_MS; /* the store may be busy */
        return;
    }
    if (!wait_for(&workers->changed, &workers->lock, claim_deadline(workers)))
        workers->stale = true;
}

static void *worker_main(void *context)
{
    struct workers *workers = context;
    clock_thread_enter();
    clock_busy_end(); /* begun by thread_start for this thread */
    pthread_mutex_lock(&workers->lock);
    while (!workers->stopping)
        worker_step(workers);
    pthread_mutex_unlock(&workers->lock);
    clock_thread_leave();
    return NULL;
}

/* --- the heartbeat --- */

struct beat {
    const struct workers *workers;
    int64_t now_ms;
    bool degraded;
    struct queue_held held;
    struct {
        int64_t id;
        bool dropped;
    } stops[QUEUE_HELD_MAX];
    size_t stops_len;
};

static enum err_class stop_row(struct reader *row, void *context, struct err *err)
{
    struct beat *beat = context;
    (void)err;
    if (beat->stops_len == sizeof(beat->stops) / sizeof(beat->stops[0]))
        return ERR_OK; /* the next beat sees the others */
    beat->stops[beat->stops_len].id = reader_int(row, 0);
    beat->stops[beat->stops_len++].dropped = reader_int(row, 1) != 0;
    return ERR_OK;
}

static enum err_class beat_work(struct tx *tx, void *context, struct err *err)
{
    struct beat *beat = context;
    char host[HOST_ROOM] = "";
    gethostname(host, sizeof(host) - 1);
    const struct workers_options *options = &beat->workers->options;
    const struct sql_value values[] = {
        sql_text(options->name),       sql_text(str_of(host)),    sql_int(getpid()),
        sql_text(STR(HUILIU_VERSION)), sql_int(options->threads), sql_int((int64_t)beat->held.len),
        sql_int(beat->now_ms),         sql_int(beat->degraded),   sql_int(options->connections)};
    beat->stops_len = 0; /* it may be the second run */
    enum err_class class_ = tx_exec(tx, SQL_WORKER_BEAT, values, 9, NULL, err);
    if (class_ == ERR_OK)
        class_ = queue_heartbeat(tx, options->name, &beat->held, beat->now_ms, err);
    if (class_ == ERR_OK && beat->held.len > 0)
        class_ = tx_query(tx, SQL_TASKS_STOP, values, 1, stop_row, beat, err);
    return class_;
}

static void task_stop(struct claimed *list, int64_t id, bool dropped)
{
    for (struct claimed *one = list; one; one = one->next) {
        if (one->task.id == id) {
            one->dropped |= dropped;
            claimed_stop(one);
        }
    }
}

/* Renews the leases, and hears what people said. Called with the lock, which is let go meanwhile. */
static void workers_beat(struct workers *workers)
{
    struct beat beat = {
        .workers = workers, .now_ms = clock_now_ms(), .degraded = workers->degraded};
    struct err err = {0};
    workers->beat_due = false;
    held_read(workers, &beat.held);
    pthread_mutex_unlock(&workers->lock);
    enum err_class class_ = store_write(workers->options.store, beat_work, &beat, &err);
    if (class_ != ERR_OK)
        log_event(LOG_WARN, "heartbeat_failed", LOG_STR("message", str_of(err.message)), LOG_END);
    pthread_mutex_lock(&workers->lock);
    if (class_ == ERR_OK)
        workers->beaten_ms = beat.now_ms;
    for (size_t i = 0; class_ == ERR_OK && i < beat.stops_len; i++) {
        task_stop(workers->running, beat.stops[i].id, beat.stops[i].dropped);
        task_stop(workers->waiting, beat.stops[i].id, beat.stops[i].dropped);
    }
}

/* Called with the lock. */
static void overdue_stop(struct workers *workers)
{
    int64_t before_ms = clock_now_ms() - workers->options.task_ms;
    for (struct claimed *one = workers->running; one && workers->options.task_ms > 0;
         one = one->next) {
        /* What is asked to end for another reason ends for that one. */
        if (one->started_ms >= before_ms || one->stop)
            continue;
        one->overdue = true;
        claimed_stop(one);
    }
}

/* Where every thread has a long task nobody claims, with which this would go. Called with the lock, which is let
 * go meanwhile. */
static void over_write(struct workers *workers)
{
    struct over over;
    over_take(workers, &over);
    if (over.len == 0)
        return;
    pthread_mutex_unlock(&workers->lock);
    arena_init(&over.arena);
    bool written = store_write(workers->options.store, over_work, &over, NULL) == ERR_OK;
    arena_fini(&over.arena);
    pthread_mutex_lock(&workers->lock);
    over_settle(workers, &over, written);
    workers->stale = true;
    wait_signal(&workers->changed);
}

/* What was claimed ahead and found no thread since the last beat goes back to its place: tasks turned out longer
 * than those before them, and somebody else may have the time. Called with the lock, which is let go meanwhile. */
static void ahead_give_back(struct workers *workers)
{
    int64_t before_ms = clock_now_ms() - HEARTBEAT_MS;
    if (workers->busy < workers->threads_len)
        return;
    struct claimed *given = NULL;
    for (struct claimed **at = &workers->waiting; *at;) {
        struct claimed *one = *at;
        if (one->claimed_ms > before_ms) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        workers->waiting_len--;
        one->next = given;
        given = one;
    }
    if (!given)
        return;
    pthread_mutex_unlock(&workers->lock);
    while (given) {
        struct claimed *one = given;
        given = one->next;
        /* Where that fails the lease runs out. */
        queue_put_back(workers->options.store, &one->task, one->task.ready_ms, false, NULL,
                       clock_now_ms(), NULL);
        claimed_free(one);
    }
    pthread_mutex_lock(&workers->lock);
}

/* Until the next beat is due. A clock that is put back meanwhile makes it late by one beat at the most. */
static void heart_rest(struct workers *workers)
{
    int64_t from_ms = clock_now_ms();
    while (!workers->heart_stops && !workers->beat_due) {
        from_ms = min_i64(from_ms, clock_now_ms());
        if (!wait_for(&workers->told, &workers->lock, from_ms + HEARTBEAT_MS))
            break;
    }
}

/* Leases are renewed apart from how long a task takes: a long page is not a dead worker. Tasks that are asked to
 * end hold theirs until they have. */
static void *heart_main(void *context)
{
    struct workers *workers = context;
    clock_thread_enter();
    clock_busy_end();
    pthread_mutex_lock(&workers->lock);
    for (unsigned idle = 0; !workers->heart_stops;) {
        if (workers->busy + workers->waiting_len > 0 || workers->beat_due ||
            idle++ % IDLE_BEATS == 0)
            workers_beat(workers);
        overdue_stop(workers);
        over_write(workers);
        ahead_give_back(workers);
        heart_rest(workers);
    }
    pthread_mutex_unlock(&workers->lock);
    clock_thread_leave();
    return NULL;
}

/* Its row goes, and those of processes that left without a word. */
static enum err_class leave_work(struct tx *tx, void *context, struct err *err)
{
    const struct workers *workers = context;
    const struct sql_value name[] = {sql_text(workers->options.name)};
    const struct sql_value before[] = {sql_int(clock_now_ms() - GONE_MS)};
    enum err_class class_ = tx_exec(tx, SQL_WORKER_LEAVE, name, 1, NULL, err);
    return class_ == ERR_OK ? tx_exec(tx, SQL_WORKERS_GONE, before, 1, NULL, err) : class_;
}

static enum err_class thread_start(pthread_t *thread, void *(*run)(void *), struct workers *workers,
                                   struct err *err)
{
    clock_busy_begin(); /* so that time stands still until the thread has entered */
    if (pthread_create(thread, NULL, run, workers) == 0)
        return ERR_OK;
    clock_busy_end();
    return err_set(err, ERR_INTERNAL, "thread", "a worker thread cannot be started");
}

static void task_heard(void *context, unsigned topics)
{
    (void)topics;
    workers_nudge(context);
}

enum err_class workers_start(const struct workers_options *options, struct workers **out,
                             struct err *err)
{
    struct workers *workers = calloc(1, sizeof *workers);
    if (!workers)
        return err_no_memory(err);
    workers->options = *options;
    workers->next_ms = INT64_MAX;
    workers->stale = true;
    pthread_mutex_init(&workers->lock, NULL);
    wait_init(&workers->changed);
    wait_init(&workers->told);
    unsigned wanted = options->threads < WORKER_THREADS_MAX ? options->threads : WORKER_THREADS_MAX;
    /* Claims count idle threads from this; it is set before the first of them runs. */
    workers->threads_len = wanted;
    enum err_class class_ = ERR_OK;
    unsigned started = 0;
    while (class_ == ERR_OK && started < wanted) {
        class_ = thread_start(&workers->threads[started], worker_main, workers, err);
        started += class_ == ERR_OK;
    }
    if (class_ == ERR_OK) {
        class_ = thread_start(&workers->heart, heart_main, workers, err);
        workers->heart_runs = class_ == ERR_OK;
    }
    if (class_ == ERR_OK && options->run.len == 0)
        class_ = ear_open(options->store, TOPIC_TASK, task_heard, workers, &workers->ear, err);
    if (class_ != ERR_OK) {
        pthread_mutex_lock(&workers->lock);
        workers->threads_len = started;
        pthread_mutex_unlock(&workers->lock);
        workers_stop(workers);
        return class_;
    }
    *out = workers;
    return ERR_OK;
}

enum err_class workers_wait_idle(struct workers *workers, int64_t deadline_ms,
                                 const volatile bool *stop, struct err *err)
{
    enum err_class class_ = ERR_OK;
    pthread_mutex_lock(&workers->lock);
    while (class_ == ERR_OK && !workers_idle(workers)) {
        if (workers->fault.class_ != ERR_OK) {
            class_ = workers->fault.class_;
            if (err)
                *err = workers->fault;
        } else if (stop && __atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
            class_ = err_set(err, ERR_STOPPED, "stopped", "stopped; the same command goes on");
        } else if (clock_now_ms() >= deadline_ms) {
            class_ = err_set(err, ERR_LATER, "deadline", "work is left");
        } else {
            wait_for(&workers->told, &workers->lock, deadline_ms);
        }
    }
    pthread_mutex_unlock(&workers->lock);
    return class_;
}

enum err_class workers_fault_read(struct workers *workers, struct err *err)
{
    pthread_mutex_lock(&workers->lock);
    enum err_class class_ = workers->fault.class_;
    if (class_ != ERR_OK && err)
        *err = workers->fault;
    pthread_mutex_unlock(&workers->lock);
    return class_;
}

unsigned workers_ask_end(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    if (!workers->stopping)
        workers_end(workers);
    unsigned busy = workers->busy;
    pthread_mutex_unlock(&workers->lock);
    return busy;
}

void workers_nudge(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->stale = true;
    wait_signal(&workers->changed);
    pthread_mutex_unlock(&workers->lock);
}

void workers_mark(struct workers *workers, bool degraded)
{
    pthread_mutex_lock(&workers->lock);
    if (workers->degraded != degraded) {
        workers->degraded = degraded;
        workers->beat_due = true;
        wait_broadcast(&workers->told);
    }
    pthread_mutex_unlock(&workers->lock);
}

enum err_class workers_living(struct workers *workers, unsigned *living, unsigned *degraded,
                              struct err *err)
{
    const struct sql_value values[] = {sql_text(workers->options.name),
                                       sql_int(clock_now_ms() - LIVING_MS)};
    struct reader *row;
    *living = *degraded = 0;
    enum err_class class_ = store_read(workers->options.store, SQL_WORKERS_LIVING, values, 2, &row,
                                       err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row)) {
        *living = (unsigned)reader_int(row, 0);
        *degraded = (unsigned)reader_int(row, 1);
    }
    return reader_close(row, err);
}

enum err_class workers_connections(struct store *store, struct str own_name, int64_t now_ms,
                                   int64_t *connections, int64_t *processes, struct err *err)
{
    const struct sql_value values[] = {sql_text(own_name), sql_int(now_ms - LIVING_MS)};
    struct reader *row;
    *connections = *processes = 0;
    enum err_class class_ = store_read(store, SQL_CONNECTIONS_OF_OTHERS, values, 2, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row)) {
        *connections = reader_int(row, 0);
        *processes = reader_int(row, 1);
    }
    return reader_close(row, err);
}

int64_t workers_dead(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    int64_t dead = workers->dead;
    pthread_mutex_unlock(&workers->lock);
    return dead;
}

void workers_stop(struct workers *workers)
{
    ear_close(workers->ear);
    pthread_mutex_lock(&workers->lock);
    workers_end(workers);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->threads_len; i++)
        pthread_join(workers->threads[i], NULL);
    pthread_mutex_lock(&workers->lock);
    workers->heart_stops = true;
    wait_broadcast(&workers->told);
    pthread_mutex_unlock(&workers->lock);
    if (workers->heart_runs)
        pthread_join(workers->heart, NULL);
    pthread_mutex_lock(&workers->lock);
    over_write(workers); /* where that fails their leases run out */
    pthread_mutex_unlock(&workers->lock);
    for (struct claimed *claimed; (claimed = workers_take(workers)) != NULL;) {
        /* Claimed but never begun: handed back at once; where even that fails the lease runs out. */
        int64_t now_ms = clock_now_ms();
        queue_put_back(workers->options.store, &claimed->task, now_ms, false, NULL, now_ms, NULL);
        claimed_free(claimed);
    }
    if (workers->heart_runs)
        store_write(workers->options.store, leave_work, workers, NULL);
    for (struct claimed *one; (one = workers->over) != NULL;) {
        workers->over = one->next;
        claimed_free(one);
    }
    wait_fini(&workers->changed);
    wait_fini(&workers->told);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}

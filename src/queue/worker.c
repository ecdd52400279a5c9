/* Worker threads: they claim, and run what they have claimed. */
#include "queue/sql.h"
#include "queue/worker_internal.h"

enum {
    CLAIM_POLL_MS = 500,  /* other processes may enqueue without telling us */
    EXPIRY_LOOK_MS = 500, /* leases last much longer */
    /* Who was through with all he had within this time claims more than he has threads, twice as much as he
     * has just done: a claim costs a transaction, whatever it brings. */
    AHEAD_MS = 20,
    /* Tries of a task that end in a store error before the pool gives up: a database that another
     * program holds for a while is free again by then, a full disk is not. */
    STORE_TRIES_MAX = 3,
    /* Who has shown himself since then lives. */
    LIVING_MS = (IDLE_BEATS + 2) * HEARTBEAT_MS,
    /* A process whose heartbeat is older left without saying so. */
    GONE_MS = 24 * 60 * 60 * 1000,
};

static bool workers_idle(const struct workers *workers)
{
    return workers->idle && !workers->stale && !workers->claiming && workers->busy == 0 &&
           workers->waiting_len == 0;
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

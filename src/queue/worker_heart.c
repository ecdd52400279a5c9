/* The heart of a pool: it renews leases apart from the work, and hears what people said. */
#include <unistd.h>

#include "queue/sql.h"
#include "queue/worker_internal.h"

enum { HOST_ROOM = 128 };

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
void over_write(struct workers *workers)
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
void *heart_main(void *context)
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

/* The one thread that writes. It takes what waits in order of arrival, gives each unit a savepoint,
 * commits them together and answers after the COMMIT. Since all units keep the order of arrival,
 * those of one order_key do; a writer with more than one connection would have to look at it.
 *
 * While one group is being flushed to disk the next one gathers by itself. Lingering adds to that
 * only when several lanes write: the writer waits until as many units as last time are there, so
 * that a lane working alone never waits for anybody. */
#include "store/internal.h"

#include <assert.h>
#include <string.h>

bool transaction_deserves_another(const struct err *err)
{
    return err->class_ == ERR_STORE && strcmp(err->code, "store_again") == 0;
}

static size_t unit_rows(const struct unit *unit)
{
    size_t rows = 1;
    for (size_t i = 0; i < unit->batches_len; i++)
        rows += unit->batches[i]->rows_len;
    return rows;
}

/* Under the lock. Time is not let go by under the test clock: it would only move it. */
static void writer_linger(struct writer *writer)
{
    if (writer->last_group_units <= 1 || clock_is_test())
        return;
    int64_t deadline_ms = clock_now_ms() + COMMIT_LINGER_MS;
    while (!writer->stopping && writer->units_queued < writer->last_group_units &&
           writer->rows_queued < COMMIT_ROWS_MAX)
        if (!wait_for(&writer->work, &writer->lock, deadline_ms))
            return;
}

/* Under the lock: the first units of the queue, one at least, as many as fit into a group. */
static struct unit *group_take(struct writer *writer)
{
    struct unit *group = writer->head;
    struct unit **end = &writer->head;
    size_t rows = 0, units = 0;
    while (*end && (units == 0 || rows + unit_rows(*end) <= COMMIT_ROWS_MAX)) {
        rows += unit_rows(*end);
        units++;
        end = &(*end)->next;
    }
    writer->head = *end;
    *end = NULL;
    if (!writer->head)
        writer->tail = NULL;
    writer->units_queued -= units;
    writer->rows_queued -= rows;
    writer->last_group_units = units;
    wait_broadcast(&writer->room);
    return group;
}

/* What went wrong with a statement nobody waited for is this unit's, not the next one's. */
static void unit_run(struct tx *tx, struct unit *unit)
{
    unit->result = unit->work ? unit->work(tx, unit->work_context, &unit->err)
                              : unit_apply(tx, unit, &unit->err);
    if (!unit->result)
        unit->result = tx->conn->ops->settle(tx->conn, &unit->err);
}

/* A unit apart: its failure takes nothing of the others along. An error is returned only when the
 * transaction as a whole is lost. */
static enum err_class unit_run_apart(struct tx *tx, struct unit *unit, struct err *err)
{
    const struct store_ops *ops = tx->conn->ops;
    enum err_class class_ = ops->savepoint(tx->conn, err);
    if (class_)
        return class_;
    unit_run(tx, unit);
    if (!ops->in_transaction(tx->conn) || transaction_deserves_another(&unit->err)) {
        *err = unit->err;
        return unit->result;
    }
    return unit->result ? ops->savepoint_rollback(tx->conn, err)
                        : ops->savepoint_release(tx->conn, err);
}

static enum err_class group_commit(struct tx *tx, struct err *err)
{
    if (FAIL_POINT("store.commit.before"))
        return err_set(err, ERR_STORE, "store_io", "fail point store.commit.before");
    enum err_class class_ = tx->said ? tx_said_send(tx, err) : ERR_OK;
    if (!class_)
        class_ = tx->conn->ops->commit(tx->conn, err);
    if (!class_ && FAIL_POINT("store.commit.after"))
        class_ = err_set(err, ERR_STORE, "store_io", "fail point store.commit.after");
    return class_;
}

/* The units of a group one after the other. Together: the first that fails ends the run, and
 * *refused says that the others deserve another one, apart. */
static enum err_class group_apply(struct tx *tx, struct unit *group, bool apart, bool *refused,
                                  struct err *err)
{
    for (struct unit *unit = group; unit; unit = unit->next) {
        enum err_class class_ = ERR_OK;
        if (apart) {
            class_ = unit_run_apart(tx, unit, err);
        } else {
            unit_run(tx, unit);
            class_ = unit->result;
            *refused = class_ && tx->conn->ops->in_transaction(tx->conn);
            if (class_)
                *err = unit->err;
        }
        if (class_)
            return class_;
    }
    return ERR_OK;
}

static enum err_class group_write(struct tx *tx, struct unit *group, bool apart, bool *refused,
                                  struct err *err)
{
    enum err_class class_ = tx->conn->ops->begin(tx->conn, err);
    if (class_)
        return class_;
    tx->said = 0;
    tx->hasty = !apart;
    if (FAIL_POINT("store.group.begin"))
        class_ = err_set(err, ERR_STORE, "store_io", "fail point store.group.begin");
    if (!class_)
        class_ = group_apply(tx, group, apart, refused, err);
    if (!class_)
        class_ = group_commit(tx, err);
    if (class_)
        tx->conn->ops->rollback(tx->conn);
    return class_;
}

/* Nearly every group goes through as a whole, and without savepoints the database keeps no second
 * copy of each page that a unit touches: that is faster, and its memory stays small. Where a unit is
 * refused everything is undone and the group runs again with a savepoint a unit.
 * What could not be committed was not written: every unit of the group gets the same error. */
static enum err_class group_try(struct tx *tx, struct unit *group, struct err *err)
{
    bool refused = false;
    enum err_class class_ = group_write(tx, group, false, &refused, err);
    bool hasty = strcmp(err->code, "store_unique") == 0;
    if (refused && (group->next || hasty) && !transaction_deserves_another(err))
        class_ = group_write(tx, group, true, &refused, err);
    return class_;
}

static void group_run(struct tx *tx, struct unit *group, struct ears *ears)
{
    struct err err = {.class_ = ERR_OK};
    enum err_class class_ = group_try(tx, group, &err);
    for (int tries = 1;
         class_ && transaction_deserves_another(&err) && tries < TRANSACTION_TRIES_MAX; tries++)
        class_ = group_try(tx, group, &err);
    for (struct unit *unit = group; class_ && unit; unit = unit->next) {
        unit->result = class_;
        unit->err = err;
        unit->counts = (struct unit_counts){.touched = 0};
    }
    if (!class_ && tx->said)
        ears_tell(ears, tx->said);
}

static void group_answer(struct writer *writer, struct unit *group)
{
    pthread_mutex_lock(&writer->lock);
    for (struct unit *unit = group, *next; unit; unit = next) {
        next = unit->next; /* an answered unit is its owner's again */
        unit->done = true;
    }
    wait_broadcast(&writer->answered);
}

static void *writer_main(void *context)
{
    struct writer *writer = context;
    struct tx tx = {.conn = writer->conn, .store = writer->store};
    arena_init(&tx.scratch);
    clock_thread_enter();
    clock_busy_end(); /* begun by writer_open for this thread */
    pthread_mutex_lock(&writer->lock);
    for (;;) {
        while (!writer->head && !writer->stopping)
            wait_for(&writer->work, &writer->lock, WAIT_FOREVER);
        if (!writer->head)
            break;
        writer_linger(writer);
        struct unit *group = group_take(writer);
        pthread_mutex_unlock(&writer->lock);
        group_run(&tx, group, writer->ears);
        group_answer(writer, group); /* takes the lock */
    }
    pthread_mutex_unlock(&writer->lock);
    clock_thread_leave();
    arena_fini(&tx.scratch);
    return NULL;
}

enum err_class writer_open(struct writer *writer, struct store *store, struct err *err)
{
    *writer = (struct writer){.store = store, .ears = &store->ears};
    enum err_class class_ = store->ops->open(&store->target, CONN_WRITER, &writer->conn, err);
    if (class_)
        return class_;
    pthread_mutex_init(&writer->lock, NULL);
    wait_init(&writer->work);
    wait_init(&writer->room);
    wait_init(&writer->answered);
    clock_busy_begin(); /* so that time stands still until the thread has entered */
    writer->started = pthread_create(&writer->thread, NULL, writer_main, writer) == 0;
    if (writer->started)
        return ERR_OK;
    clock_busy_end();
    store->ops->close(writer->conn);
    return err_set(err, ERR_INTERNAL, "thread", "the writer's thread could not be started");
}

void writer_close(struct writer *writer)
{
    if (!writer->started)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    wait_broadcast(&writer->work);
    wait_broadcast(&writer->room);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    wait_fini(&writer->work);
    wait_fini(&writer->room);
    wait_fini(&writer->answered);
    pthread_mutex_destroy(&writer->lock);
    writer->conn->ops->close(writer->conn);
}

enum err_class store_submit(struct store *store, struct unit *unit, struct err *err)
{
    struct writer *writer = &store->writer;
    if (!writer->started)
        return err_set(err, ERR_STORE, "store_io", "%s: opened for reading only",
                       store->target.name);
    unit->done = false;
    unit->result = ERR_OK;
    unit->counts = (struct unit_counts){.touched = 0};
    unit->next = NULL;
    pthread_mutex_lock(&writer->lock);
    while (writer->units_queued >= UNITS_QUEUED_MAX && !writer->stopping)
        wait_for(&writer->room, &writer->lock, WAIT_FOREVER);
    if (writer->stopping) {
        pthread_mutex_unlock(&writer->lock);
        return err_set(err, ERR_STOPPED, "stopped", "%s: closing", store->target.name);
    }
    if (writer->tail)
        writer->tail->next = unit;
    else
        writer->head = unit;
    writer->tail = unit;
    writer->units_queued++;
    writer->rows_queued += unit_rows(unit);
    wait_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
    return ERR_OK;
}

enum err_class store_wait(struct store *store, struct unit *unit, struct err *err)
{
    struct writer *writer = &store->writer;
    pthread_mutex_lock(&writer->lock);
    while (!unit->done)
        wait_for(&writer->answered, &writer->lock, WAIT_FOREVER);
    pthread_mutex_unlock(&writer->lock);
    if (unit->result && err)
        *err = unit->err;
    return unit->result;
}

enum err_class store_commit(struct store *store, struct unit *unit, struct err *err)
{
    enum err_class class_ = store_submit(store, unit, err);
    return class_ ? class_ : store_wait(store, unit, err);
}

enum err_class store_write(struct store *store, store_work *work, void *context, struct err *err)
{
    struct unit unit = {.work = work, .work_context = context};
    return store_commit(store, &unit, err);
}

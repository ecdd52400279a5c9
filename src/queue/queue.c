/* Tasks as rows: each function is one statement, most of them fenced by the lease. */
#include "queue/queue.h"

#include <stdio.h>
#include <string.h>

#include "queue/sql.h"

enum {
    STEP_VALUES = 8,
};

/* --- steps --- */

static enum err_class step_make(struct step *out, const char *sql, const struct sql_value *values,
                                size_t values_len, int64_t rows_expected, struct arena *arena,
                                struct err *err)
{
    struct sql_value *copy = arena_array(arena, values_len, sizeof(*copy));
    if (!copy)
        return err_no_memory(err);
    memcpy(copy, values, values_len * sizeof(*copy));
    *out = (struct step){
        .sql = sql, .values = copy, .values_len = values_len, .rows_expected = rows_expected};
    return ERR_OK;
}

static enum err_class task_check(const struct task_new *task, struct err *err)
{
    if (task->payload.len > TASK_PAYLOAD_BYTES_MAX)
        return err_set(err, ERR_INTERNAL, "task_payload",
                       "the payload of task %.*s has %zu bytes, more than %d",
                       STR_ARG(task->unique_key), task->payload.len, TASK_PAYLOAD_BYTES_MAX);
    return ERR_OK;
}

static void enqueue_values(const struct task_new *task, int64_t now_ms,
                           struct sql_value values[STEP_VALUES])
{
    const struct sql_value all[STEP_VALUES] = {
        sql_int(task->lane),        sql_int(task->class_),   sql_text(task->kind),
        sql_text(task->unique_key), sql_text(task->payload), sql_text(task->run),
        sql_int(task->ready_ms),    sql_int(now_ms),
    };
    memcpy(values, all, sizeof(all));
}

enum err_class queue_step_enqueue(const struct task_new *task, int64_t now_ms, struct arena *arena,
                                  struct step *out, struct err *err)
{
    struct sql_value values[STEP_VALUES];
    enum err_class class_ = task_check(task, err);
    if (class_)
        return class_;
    enqueue_values(task, now_ms, values);
    return step_make(out, SQL_TASK_ENQUEUE, values, STEP_VALUES, 1, arena, err);
}

enum err_class queue_step_fence(const struct task *task, int64_t unit_number, int64_t now_ms,
                                struct arena *arena, struct step *out, struct err *err)
{
    const struct sql_value values[] = {sql_int(task->id), sql_text(task->lease),
                                       sql_int(unit_number), sql_int(now_ms),
                                       sql_int(now_ms + LEASE_MS)};
    return step_make(out, SQL_TASK_FENCE, values, 5, 1, arena, err);
}

enum err_class queue_step_forward(int64_t lane, struct str unique_key, int64_t now_ms,
                                  struct arena *arena, struct step *out, struct err *err)
{
    const struct sql_value values[] = {sql_int(lane), sql_text(unique_key), sql_int(now_ms)};
    return step_make(out, SQL_TASK_FORWARD, values, 3, -1, arena, err);
}

enum err_class queue_step_finish(const struct task *task, int64_t now_ms, struct arena *arena,
                                 struct step *out, struct err *err)
{
    (void)now_ms; /* a finished task leaves no row that could say when */
    const struct sql_value values[] = {sql_int(task->id), sql_text(task->lease)};
    return step_make(out, SQL_TASK_FINISH, values, 2, 1, arena, err);
}

enum err_class queue_step_twins(const struct task *task, struct arena *arena, struct step *out,
                                struct err *err)
{
    const struct sql_value values[] = {sql_int(task->lane), sql_text(task->unique_key)};
    return step_make(out, SQL_TASK_TWINS_DEAD, values, 2, -1, arena, err);
}

enum err_class queue_step_adopt(int64_t lane, struct str run, int64_t before_ms,
                                struct arena *arena, struct step *out, struct err *err)
{
    const struct sql_value values[] = {sql_int(lane), sql_text(run), sql_int(before_ms)};
    return step_make(out, SQL_TASK_ADOPT, values, 3, -1, arena, err);
}

/* --- on its own --- */

struct adopting {
    struct sql_value values[3];
    int64_t adopted;
};

static enum err_class adopt_work(struct tx *tx, void *context, struct err *err)
{
    struct adopting *adopting = context;
    return tx_exec(tx, SQL_TASK_ADOPT, adopting->values, 3, &adopting->adopted, err);
}

enum err_class queue_adopt(struct store *store, int64_t lane, struct str run, int64_t before_ms,
                           int64_t *adopted, struct err *err)
{
    struct adopting adopting = {.values = {sql_int(lane), sql_text(run), sql_int(before_ms)}};
    enum err_class class_ = store_write(store, adopt_work, &adopting, err);
    *adopted = class_ == ERR_OK ? adopting.adopted : 0;
    return class_;
}

/* One statement as a unit of its own; the values outlive the call. */
static enum err_class statement_commit(struct store *store, const char *sql,
                                       const struct sql_value *values, size_t values_len,
                                       int64_t rows_expected, struct err *err)
{
    struct step step = {
        .sql = sql, .values = values, .values_len = values_len, .rows_expected = rows_expected};
    struct unit unit = {.before = &step, .before_len = 1};
    return store_commit(store, &unit, err);
}

enum err_class queue_enqueue(struct store *store, const struct task_new *task, int64_t now_ms,
                             struct err *err)
{
    struct sql_value values[STEP_VALUES];
    enum err_class class_ = task_check(task, err);
    if (class_)
        return class_;
    enqueue_values(task, now_ms, values);
    struct step step = {.sql = SQL_TASK_ENQUEUE,
                        .values = values,
                        .values_len = STEP_VALUES,
                        .rows_expected = 1,
                        .topics = TOPIC_TASK};
    struct unit unit = {.before = &step, .before_len = 1};
    return store_commit(store, &unit, err);
}

enum err_class queue_enqueue_in(struct tx *tx, const struct task_new *task, int64_t now_ms,
                                struct err *err)
{
    struct sql_value values[STEP_VALUES];
    enum err_class class_ = task_check(task, err);
    if (class_)
        return class_;
    enqueue_values(task, now_ms, values);
    return tx_exec(tx, SQL_TASK_ENQUEUE, values, STEP_VALUES, NULL, err);
}

struct sql_value queue_ids(struct arena *arena, const int64_t *ids, size_t len)
{
    enum { NUMBER_BYTES = 21 }; /* with its comma */
    char *text = arena_alloc(arena, len * NUMBER_BYTES + sizeof("[]"));
    if (!text)
        return sql_null();
    size_t at = 0;
    text[at++] = '[';
    for (size_t i = 0; i < len; i++)
        at += (size_t)snprintf(text + at, NUMBER_BYTES + 1, i ? ",%lld" : "%lld",
                               (long long)ids[i]);
    text[at++] = ']';
    return sql_text((struct str){text, at});
}

enum err_class queue_heartbeat(struct tx *tx, struct str worker, const struct queue_held *held,
                               int64_t now_ms, struct err *err)
{
    if (held->len == 0)
        return ERR_OK;
    struct arena arena;
    arena_init(&arena);
    const struct sql_value values[] = {queue_ids(&arena, held->ids, held->len), sql_text(worker),
                                       sql_int(now_ms + LEASE_MS), sql_int(now_ms)};
    enum err_class class_ = values[0].text.ptr
                                ? tx_exec(tx, SQL_TASKS_HEARTBEAT, values, 4, NULL, err)
                                : err_no_memory(err);
    arena_fini(&arena);
    return class_;
}

/* Tasks of one claim have one lease: nearly always they are all of one, so this is one statement. */
enum err_class queue_over(struct tx *tx, const struct task *const *tasks, size_t tasks_len,
                          struct arena *arena, struct err *err)
{
    enum err_class class_ = ERR_OK;
    int64_t *ids = arena_array(arena, tasks_len, sizeof(*ids));
    bool *done = arena_array(arena, tasks_len, sizeof(*done));
    if (!ids || !done)
        return err_no_memory(err);
    memset(done, 0, tasks_len * sizeof(*done));
    for (size_t first = 0; class_ == ERR_OK && first < tasks_len; first++) {
        size_t len = 0;
        for (size_t i = first; i < tasks_len; i++) {
            if (done[i] || !str_eq(tasks[i]->lease, tasks[first]->lease))
                continue;
            ids[len++] = tasks[i]->id;
            done[i] = true;
        }
        if (len == 0)
            continue;
        const struct sql_value values[] = {queue_ids(arena, ids, len),
                                           sql_text(tasks[first]->lease)};
        class_ = values[0].text.ptr ? tx_exec(tx, SQL_TASKS_OVER, values, 2, NULL, err)
                                    : err_no_memory(err);
    }
    return class_;
}

/* "code: message" of a cause, or NULL in the database. */
static struct sql_value cause_value(const struct err *cause, char *text, size_t text_bytes)
{
    if (!cause)
        return sql_null();
    snprintf(text, text_bytes, "%s: %s", cause->code, cause->message);
    return sql_text(str_of(text));
}

enum { CAUSE_BYTES = sizeof(((struct err *)0)->code) + sizeof(((struct err *)0)->message) + 2 };

/* What the task's units before have counted, and the one that the step is of. */
static struct sql_value rows_value(const struct task_outcome *outcome, enum row_outcome row)
{
    struct sql_value value = sql_outcome(row);
    value.number = outcome->rows[row];
    return value;
}

enum err_class queue_step_record(const struct task *task, const struct task_outcome *outcome,
                                 const char *result, int64_t now_ms, struct arena *arena,
                                 struct step *out, struct err *err)
{
    const struct sql_value values[] = {
        sql_int(task->id),
        sql_int(task->lane),
        sql_text(task->kind),
        outcome->stream.len ? sql_text(outcome->stream) : sql_null(),
        sql_int(outcome->started_ms),
        sql_int(now_ms),
        sql_text(str_of(result)),
        sql_int(outcome->pages),
        sql_int(outcome->calls),
        sql_int(outcome->rejects),
        rows_value(outcome, ROW_NEW),
        rows_value(outcome, ROW_CHANGED),
        rows_value(outcome, ROW_SAME),
        rows_value(outcome, ROW_OLDER),
        outcome->err.class_ ? sql_text(arena_dup(arena, str_of(outcome->err.message))) : sql_null(),
        task->run.len ? sql_text(task->run) : sql_null(),
    };
    return step_make(out, SQL_EXECUTION_ADD, values, 16, 1, arena, err);
}

enum err_class queue_put_back(struct store *store, const struct task *task, int64_t ready_ms,
                              bool failed, const struct err *cause, int64_t now_ms, struct err *err)
{
    char text[CAUSE_BYTES];
    const struct sql_value values[] = {sql_int(task->id),
                                       sql_text(task->lease),
                                       sql_int(ready_ms),
                                       sql_int(failed ? 1 : 0),
                                       cause_value(failed ? cause : NULL, text, sizeof(text)),
                                       sql_int(now_ms)};
    return statement_commit(store, SQL_TASK_PUT_BACK, values, 6, 1, err);
}

/* Steps, and what is said of them, as one unit. */
static enum err_class steps_commit_told(struct store *store, struct step *steps, size_t steps_len,
                                        const struct event *event, int64_t now_ms, struct err *err)
{
    struct unit unit = {.before = steps, .before_len = steps_len + 1};
    struct arena arena;
    arena_init(&arena);
    enum err_class class_ = event_step(store, event, now_ms, &arena, &steps[steps_len], err);
    if (!class_)
        class_ = store_commit(store, &unit, err);
    arena_fini(&arena);
    return class_;
}

enum err_class queue_put_back_overdue(struct store *store, const struct task *task,
                                      const struct err *cause, int64_t ran_ms, int64_t now_ms,
                                      struct err *err)
{
    char text[CAUSE_BYTES];
    const struct sql_value values[] = {sql_int(task->id),
                                       sql_text(task->lease),
                                       sql_int(now_ms),
                                       sql_int(1),
                                       cause_value(cause, text, sizeof(text)),
                                       sql_int(now_ms)};
    struct step steps[2] = {
        {.sql = SQL_TASK_PUT_BACK, .values = values, .values_len = 6, .rows_expected = 1}};
    const struct event event = {
        .kind = EVENT_TASK_OVERDUE,
        .shop_id = task->lane,
        .task_id = task->id,
        .args = {EVENT_TEXT("kind", task->kind), EVENT_NUMBER("seconds", ran_ms / 1000)}};
    return steps_commit_told(store, steps, 1, &event, now_ms, err);
}

enum err_class queue_prune(struct store *store, int64_t before_ms, int64_t *gone, struct err *err)
{
    return store_prune(store, STR("execution"), before_ms, gone, err);
}

enum err_class queue_bury(struct store *store, const struct task *task, const struct err *cause,
                          int64_t now_ms, struct err *err)
{
    char text[CAUSE_BYTES];
    const struct sql_value twins[] = {sql_int(task->lane), sql_text(task->unique_key)};
    const struct sql_value values[] = {sql_int(task->id), sql_text(task->lease),
                                       cause_value(cause, text, sizeof(text)), sql_int(now_ms)};
    struct step steps[3] = {
        {.sql = SQL_TASK_TWINS_DEAD, .values = twins, .values_len = 2, .rows_expected = -1},
        {.sql = SQL_TASK_BURY, .values = values, .values_len = 4, .rows_expected = 1},
    };
    const struct event event = {
        .kind = EVENT_TASK_DEAD,
        .shop_id = task->lane,
        .task_id = task->id,
        .args = {EVENT_TEXT("kind", task->kind),
                 EVENT_TEXT("code", str_of(cause ? cause->code : "")),
                 EVENT_TEXT("reason", str_of(cause ? cause->message : ""))}};
    return steps_commit_told(store, steps, 2, &event, now_ms, err);
}

enum err_class queue_finish(struct store *store, const struct task *task,
                            const struct task_outcome *outcome, int64_t now_ms, struct err *err)
{
    struct arena arena;
    struct step steps[4];
    struct unit unit = {
        .order_key = (uint64_t)task->id, .before = steps, .before_len = outcome ? 4 : 3};
    arena_init(&arena);
    enum err_class class_ = queue_step_fence(task, task->unit_number + 1, now_ms, &arena, &steps[0],
                                             err);
    if (class_ == ERR_OK)
        class_ = queue_step_finish(task, now_ms, &arena, &steps[1], err);
    if (class_ == ERR_OK)
        class_ = queue_step_twins(task, &arena, &steps[2], err);
    if (class_ == ERR_OK && outcome)
        class_ = queue_step_record(task, outcome, "done", now_ms, &arena, &steps[3], err);
    if (class_ == ERR_OK)
        class_ = store_commit(store, &unit, err);
    arena_fini(&arena);
    return class_;
}

enum err_class queue_drop(struct store *store, const struct task *task, struct err *err)
{
    const struct sql_value values[] = {sql_int(task->id), sql_text(task->lease)};
    return statement_commit(store, SQL_TASK_FINISH, values, 2, 1, err);
}

struct release {
    int64_t now_ms, released;
};

static enum err_class release_work(struct tx *tx, void *context, struct err *err)
{
    struct release *release = context;
    struct sql_value now = sql_int(release->now_ms);
    enum err_class class_ = tx_exec(tx, SQL_TASK_RELEASE_ALL, &now, 1, &release->released, err);
    const struct event event = {.kind = EVENT_TASKS_TAKEN_BACK,
                                .args = {EVENT_NUMBER("tasks", release->released)}};
    return !class_ && release->released > 0 ? event_add(tx, &event, release->now_ms, err) : class_;
}

enum err_class queue_release_all(struct store *store, int64_t now_ms, int64_t *released,
                                 struct err *err)
{
    struct release release = {.now_ms = now_ms};
    enum err_class class_ = store_write(store, release_work, &release, err);
    if (!class_)
        *released = release.released;
    return class_;
}

enum err_class queue_clock_mend(struct store *store, int64_t lane, int64_t now_ms, struct err *err)
{
    enum { SLACK_MS = 1000 };
    const struct sql_value values[] = {sql_int(lane), sql_int(now_ms + SLACK_MS)};
    int64_t ahead = 0;
    enum err_class class_ = store_read_int(store, SQL_TASK_CLOCK_AHEAD, values, 2, 0, &ahead, err);
    if (class_ != ERR_OK || ahead == 0)
        return class_;
    return statement_commit(store, SQL_TASK_CLOCK_BACK, values, 2, -1, err);
}

enum err_class queue_lane_ahead(struct store *store, const struct task *task, int64_t before_ms,
                                int64_t *out, struct err *err)
{
    const struct sql_value values[] = {sql_int(task->lane), sql_int(task->class_),
                                       sql_int(before_ms)};
    return store_read_int(store, SQL_TASK_LANE_AHEAD, values, 3, INT64_MAX, out, err);
}

enum err_class queue_units_committed(struct store *store, int64_t task_id, int64_t *out,
                                     struct err *err)
{
    struct sql_value id = sql_int(task_id);
    return store_read_int(store, SQL_TASK_UNITS, &id, 1, -1, out, err);
}

enum err_class queue_depth_read(struct store *store, struct str run, int64_t now_ms,
                                struct queue_depth *out, struct err *err)
{
    const struct sql_value values[] = {sql_int(now_ms), sql_text(run)};
    struct reader *reader;
    const char *sql = run.len ? SQL_TASK_DEPTH_OF_RUN : SQL_TASK_DEPTH;
    enum err_class class_ = store_read(store, sql, values, run.len ? 2 : 1, &reader, err);
    if (class_)
        return class_;
    struct queue_depth depth = {.next_ms = INT64_MAX};
    /* Sums over no rows are NULL, which reads as 0. */
    if (reader_next(reader)) {
        depth.ready = reader_int(reader, 0);
        depth.waiting = reader_int(reader, 1);
        depth.running = reader_int(reader, 2);
        depth.dead = reader_int(reader, 3);
        if (!reader_is_null(reader, 4))
            depth.next_ms = reader_int(reader, 4);
        depth.held = reader_int(reader, 5);
    }
    class_ = reader_close(reader, err);
    if (!class_)
        *out = depth;
    return class_;
}

/* Which tasks a worker gets: the candidates of each class, in their order, one a lane, no platform beyond its
 * share. All in one transaction, and one claimer after the other (SQL_TASK_CLAIM_LOCK). */
#include <inttypes.h>
#include <sys/random.h>

#include "queue/queue.h"
#include "queue/sql.h"

enum {
    /* One claim hands out at most this many tasks: more than any process has workers. */
    CLAIM_MAX = 256,
    PLATFORMS_MAX = 1000,
    /* What is taken from workers that died, in one claim; the next takes more. */
    LEFT_MAX = 256,
    /* What a class is worth in waiting. */
    CLASS_AHEAD_MS = 10 * 60 * 1000,
};

/* Runs at a worker that renews its lease no more. */
struct left {
    int64_t id, lane;
    struct str kind, worker;
};

/* What could be claimed. */
struct candidate {
    struct task task;
    struct str platform;
};

struct claim {
    struct queue_claimer by;
    int64_t now_ms;
    size_t max;
    struct str lease; /* one for all that it takes */
    struct arena *arena;
    struct candidate
        *candidates; /* in the order of claims, at most one of each class of `max` lanes */
    size_t candidates_len;
    struct map running; /* of the claimer, by platform */
    struct left *left;  /* LEFT_MAX, made when there is one */
    size_t left_len;
    struct task *tasks;
    int64_t *ids; /* beside tasks */
    size_t tasks_len;
    int64_t next_ms;
};

static enum err_class candidate_row(struct reader *row, void *context, struct err *err)
{
    struct claim *claim = context;
    struct arena *arena = claim->arena;
    struct candidate one = {
        .task =
            {
                .id = reader_int(row, 0),
                .lane = reader_int(row, 1),
                .class_ = (enum task_class)reader_int(row, 2),
                .kind = arena_dup(arena, reader_text(row, 3)),
                .unique_key = arena_dup(arena, reader_text(row, 4)),
                .payload = arena_dup(arena, reader_text(row, 5)),
                .run = arena_dup(arena, reader_text(row, 6)),
                .lease = claim->lease,
                .unit_number = reader_int(row, 7),
                .attempt = reader_int(row, 8),
                .created_ms = reader_int(row, 9),
                .ready_ms = reader_int(row, 10),
            },
        .platform = arena_dup(arena, reader_text(row, 11)),
    };
    const struct task *task = &one.task;
    if (!task->kind.ptr || !task->unique_key.ptr || !task->payload.ptr || !task->run.ptr ||
        !one.platform.ptr)
        return err_no_memory(err);
    claim->candidates[claim->candidates_len++] = one;
    return ERR_OK;
}

static enum err_class running_row(struct reader *row, void *context, struct err *err)
{
    struct claim *claim = context;
    struct str platform = arena_dup(claim->arena, reader_text(row, 0));
    struct map_entry *entry = platform.ptr ? map_put(&claim->running, platform, NULL) : NULL;
    if (!entry)
        return err_no_memory(err);
    entry->value.number = (uint64_t)reader_int(row, 1);
    return ERR_OK;
}

static enum err_class next_row(struct reader *row, void *context, struct err *err)
{
    struct claim *claim = context;
    (void)err;
    claim->next_ms = reader_is_null(row, 0) ? INT64_MAX : reader_int(row, 0);
    return ERR_OK;
}

/* *more: there may be others behind them. */
static enum err_class candidates_read(struct tx *tx, struct claim *claim, bool *more,
                                      struct err *err)
{
    size_t most = claim->max * TASK_CLASSES;
    const struct sql_value values[] = {sql_int(claim->now_ms),          sql_text(claim->by.worker),
                                       sql_int(claim->by.platform_max), sql_int((int64_t)most),
                                       sql_text(claim->by.run),         sql_int(CLASS_AHEAD_MS)};
    claim->candidates_len = 0;
    enum err_class class_ = tx_query(tx, SQL_TASK_CANDIDATES, values, 6, candidate_row, claim, err);
    *more = claim->candidates_len == most;
    return class_;
}

static bool lane_is_taken(const struct claim *claim, int64_t lane)
{
    for (size_t i = 0; i < claim->tasks_len; i++)
        if (claim->tasks[i].lane == lane)
            return true;
    return false;
}

/* One more task of this platform; false: it has its share of the workers. */
static bool platform_take(struct claim *claim, struct str platform, enum err_class *class_,
                          struct err *err)
{
    if (claim->by.platform_max == 0 || platform.len == 0)
        return true;
    struct map_entry *entry = map_put(&claim->running, platform, NULL);
    if (!entry) {
        *class_ = err_no_memory(err);
        return false;
    }
    return entry->value.number < (uint64_t)claim->by.platform_max && ++entry->value.number > 0;
}

/* Takes what it may of the candidates, all in one statement. */
static enum err_class candidates_take(struct tx *tx, struct claim *claim, struct err *err)
{
    size_t first = claim->tasks_len;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < claim->candidates_len && claim->tasks_len < claim->max; i++) {
        const struct candidate *one = &claim->candidates[i];
        if (!lane_is_taken(claim, one->task.lane) &&
            platform_take(claim, one->platform, &class_, err)) {
            claim->ids[claim->tasks_len] = one->task.id;
            claim->tasks[claim->tasks_len++] = one->task;
        }
    }
    if (class_ || claim->tasks_len == first)
        return class_;
    const struct sql_value values[] = {
        queue_ids(claim->arena, claim->ids + first, claim->tasks_len - first),
        sql_text(claim->by.worker), sql_text(claim->lease), sql_int(claim->now_ms + LEASE_MS),
        sql_int(claim->now_ms)};
    return values[0].text.ptr ? tx_exec(tx, SQL_TASKS_CLAIM, values, 5, NULL, err)
                              : err_no_memory(err);
}

static enum err_class running_read(struct tx *tx, struct claim *claim, struct err *err)
{
    const struct sql_value worker[] = {sql_text(claim->by.worker)};
    return claim->by.platform_max > 0
               ? tx_query(tx, SQL_TASKS_OF_PLATFORMS, worker, 1, running_row, claim, err)
               : ERR_OK;
}

static enum err_class left_row(struct reader *row, void *context, struct err *err)
{
    struct claim *claim = context;
    if (!claim->left)
        claim->left = arena_array(claim->arena, LEFT_MAX, sizeof(*claim->left));
    if (!claim->left)
        return err_no_memory(err);
    struct left *left = &claim->left[claim->left_len++];
    *left = (struct left){.id = reader_int(row, 0),
                          .lane = reader_int(row, 1),
                          .kind = arena_dup(claim->arena, reader_text(row, 2)),
                          .worker = arena_dup(claim->arena, reader_text(row, 3))};
    return left->kind.ptr && left->worker.ptr ? ERR_OK : err_no_memory(err);
}

/* Tasks of workers that died are ready again. That is rare, and a look costs less than a change of nothing. */
static enum err_class left_take(struct tx *tx, struct claim *claim, struct err *err)
{
    const struct sql_value values[] = {sql_int(claim->now_ms), sql_int(LEFT_MAX)};
    enum err_class class_ = tx_query(tx, SQL_TASKS_LEFT, values, 2, left_row, claim, err);
    for (size_t i = 0; !class_ && i < claim->left_len; i++) {
        const struct left *left = &claim->left[i];
        const struct sql_value one[] = {sql_int(claim->now_ms), sql_int(left->id)};
        const struct event event = {
            .kind = EVENT_TASK_LEFT,
            .shop_id = left->lane,
            .task_id = left->id,
            .args = {EVENT_TEXT("kind", left->kind), EVENT_TEXT("worker", left->worker)}};
        int64_t taken = 0;
        class_ = tx_exec(tx, SQL_TASK_EXPIRE_ONE, one, 2, &taken, err);
        if (!class_ && taken > 0)
            class_ = event_add(tx, &event, claim->now_ms, err);
    }
    return class_;
}

static enum err_class claim_work(struct tx *tx, void *context, struct err *err)
{
    struct claim *claim = context;
    claim->tasks_len = claim->left_len = 0; /* it may be the second run */
    map_fini(&claim->running);
    map_init(&claim->running, PLATFORMS_MAX);
    struct sql_value now = sql_int(claim->now_ms);
    enum err_class class_ = ERR_OK;
    if (claim->by.over_len > 0)
        class_ = queue_over(tx, claim->by.over, claim->by.over_len, claim->arena, err);
    if (!class_)
        class_ = tx_exec(tx, SQL_TASK_CLAIM_LOCK, NULL, 0, NULL, err);
    if (!class_ && claim->by.held)
        class_ = queue_heartbeat(tx, claim->by.worker, claim->by.held, claim->now_ms, err);
    if (!class_ && !claim->by.looked)
        class_ = left_take(tx, claim, err);
    if (!class_)
        class_ = running_read(tx, claim, err);
    /* Platforms that have their share now are left out the next time, and what stood behind them is seen. */
    bool more = true;
    for (size_t taken = SIZE_MAX;
         !class_ && more && claim->tasks_len < claim->max && claim->tasks_len != taken;) {
        taken = claim->tasks_len;
        class_ = candidates_read(tx, claim, &more, err);
        if (!class_)
            class_ = candidates_take(tx, claim, err);
    }
    if (class_)
        return class_;
    const struct sql_value next_values[] = {now, sql_text(claim->by.run)};
    return tx_query(tx, SQL_TASK_NEXT, next_values, 2, next_row, claim, err);
}

/* Leases of one worker name differ: between claims, and between processes with one name. */
static enum err_class claim_lease(struct claim *claim, struct err *err)
{
    uint64_t number;
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return err_set(err, ERR_INTERNAL, "random", "the system gives no random numbers");
    claim->lease = arena_printf(claim->arena, "%.*s:%016" PRIx64, STR_ARG(claim->by.worker),
                                number);
    return claim->lease.ptr ? ERR_OK : err_no_memory(err);
}

enum err_class queue_claim(struct store *store, const struct queue_claimer *by, int64_t now_ms,
                           size_t max, struct arena *arena, struct task **tasks, size_t *tasks_len,
                           int64_t *next_ms, struct err *err)
{
    struct claim claim = {
        .by = *by, .now_ms = now_ms, .max = max < CLAIM_MAX ? max : CLAIM_MAX, .arena = arena};
    claim.tasks = arena_array(arena, claim.max, sizeof(*claim.tasks));
    claim.candidates = arena_array(arena, claim.max * TASK_CLASSES, sizeof(*claim.candidates));
    claim.ids = arena_array(arena, claim.max, sizeof(*claim.ids));
    if (!claim.tasks || !claim.candidates || !claim.ids)
        return err_no_memory(err);
    map_init(&claim.running, PLATFORMS_MAX);
    enum err_class class_ = claim_lease(&claim, err);
    if (!class_)
        class_ = store_write(store, claim_work, &claim, err);
    map_fini(&claim.running);
    if (!class_ && claim.tasks_len > 0 && FAIL_POINT("queue.claim.after"))
        class_ = err_set(err, ERR_STORE, "store_io", "fail point queue.claim.after");
    if (class_)
        return class_;
    *tasks = claim.tasks;
    *tasks_len = claim.tasks_len;
    *next_ms = claim.next_ms;
    return ERR_OK;
}

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

/* What could be claimed, in the order of claims. */
struct candidate {
    struct task task;
    struct str platform;
};

struct claim {
    struct queue_claimer by;
    int64_t now_ms;
    size_t max;
    struct str nonce;
    struct arena *arena;
    struct candidate *candidates; /* `max` of each class at the most */
    size_t candidates_len;
    struct map running; /* of the claimer, by platform */
    struct left *left;  /* LEFT_MAX, made when there is one */
    size_t left_len;
    struct task *tasks;
    size_t tasks_len;
    int64_t next_ms;
};

/* A lower class counts as ready so much later: one that has waited for longer comes first. */
static int64_t turn_ms(const struct task *task)
{
    return task->ready_ms + (int64_t)task->class_ * CLASS_AHEAD_MS;
}

static bool task_before(const struct task *a, const struct task *b)
{
    if (turn_ms(a) != turn_ms(b))
        return turn_ms(a) < turn_ms(b);
    return a->class_ != b->class_ ? a->class_ < b->class_ : a->id < b->id;
}

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
                .lease = arena_printf(arena, "%.*s:%lld:%.*s", STR_ARG(claim->by.worker),
                                      (long long)reader_int(row, 0), STR_ARG(claim->nonce)),
                .unit_number = reader_int(row, 7),
                .attempt = reader_int(row, 8),
                .created_ms = reader_int(row, 9),
                .ready_ms = reader_int(row, 10),
            },
        .platform = arena_dup(arena, reader_text(row, 11)),
    };
    const struct task *task = &one.task;
    if (!task->kind.ptr || !task->unique_key.ptr || !task->payload.ptr || !task->run.ptr ||
        !task->lease.ptr || !one.platform.ptr)
        return err_no_memory(err);
    size_t at = claim->candidates_len++;
    for (; at > 0 && task_before(task, &claim->candidates[at - 1].task); at--)
        claim->candidates[at] = claim->candidates[at - 1];
    claim->candidates[at] = one;
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

static enum err_class candidates_read(struct tx *tx, struct claim *claim, struct err *err)
{
    int64_t platform_max = claim->by.platform_max > 0 ? claim->by.platform_max : INT64_MAX;
    const struct sql_value running[] = {sql_text(claim->by.worker)};
    enum err_class class_ = ERR_OK;
    if (claim->by.platform_max > 0)
        class_ = tx_query(tx, SQL_TASKS_OF_PLATFORMS, running, 1, running_row, claim, err);
    for (int task_class = TASK_LIVE; !class_ && task_class <= TASK_BACKFILL; task_class++) {
        const struct sql_value values[] = {sql_int(claim->now_ms),  sql_text(claim->by.worker),
                                           sql_int(platform_max),   sql_int((int64_t)claim->max),
                                           sql_text(claim->by.run), sql_int(task_class)};
        class_ = tx_query(tx, SQL_TASK_CANDIDATES, values, 6, candidate_row, claim, err);
    }
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

static enum err_class candidate_take(struct tx *tx, struct claim *claim, const struct task *task,
                                     struct err *err)
{
    const struct sql_value values[] = {sql_int(task->id), sql_text(claim->by.worker),
                                       sql_text(task->lease), sql_int(claim->now_ms + LEASE_MS),
                                       sql_int(claim->now_ms)};
    claim->tasks[claim->tasks_len++] = *task;
    return tx_exec(tx, SQL_TASK_CLAIM, values, 5, NULL, err);
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
    claim->tasks_len = claim->candidates_len = claim->left_len = 0; /* it may be the second run */
    struct sql_value now = sql_int(claim->now_ms);
    enum err_class class_ = tx_exec(tx, SQL_TASK_CLAIM_LOCK, NULL, 0, NULL, err);
    if (!class_ && claim->by.held)
        class_ = queue_heartbeat(tx, claim->by.worker, claim->by.held, claim->now_ms, err);
    if (!class_)
        class_ = left_take(tx, claim, err);
    if (!class_)
        class_ = candidates_read(tx, claim, err);
    for (size_t i = 0; !class_ && i < claim->candidates_len && claim->tasks_len < claim->max; i++) {
        const struct candidate *one = &claim->candidates[i];
        if (!lane_is_taken(claim, one->task.lane) &&
            platform_take(claim, one->platform, &class_, err))
            class_ = candidate_take(tx, claim, &one->task, err);
    }
    if (class_)
        return class_;
    const struct sql_value next_values[] = {now, sql_text(claim->by.run)};
    return tx_query(tx, SQL_TASK_NEXT, next_values, 2, next_row, claim, err);
}

/* Makes leases of one worker name differ: between claims, and between processes with one name. */
static enum err_class claim_nonce(struct claim *claim, struct err *err)
{
    uint64_t number;
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return err_set(err, ERR_INTERNAL, "random", "the system gives no random numbers");
    claim->nonce = arena_printf(claim->arena, "%016" PRIx64, number);
    return claim->nonce.ptr ? ERR_OK : err_no_memory(err);
}

enum err_class queue_claim(struct store *store, const struct queue_claimer *by, int64_t now_ms,
                           size_t max, struct arena *arena, struct task **tasks, size_t *tasks_len,
                           int64_t *next_ms, struct err *err)
{
    struct claim claim = {
        .by = *by, .now_ms = now_ms, .max = max < CLAIM_MAX ? max : CLAIM_MAX, .arena = arena};
    claim.tasks = arena_array(arena, claim.max, sizeof(*claim.tasks));
    claim.candidates = arena_array(arena, claim.max * TASK_CLASSES, sizeof(*claim.candidates));
    if (!claim.tasks || !claim.candidates)
        return err_no_memory(err);
    map_init(&claim.running, PLATFORMS_MAX);
    enum err_class class_ = claim_nonce(&claim, err);
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

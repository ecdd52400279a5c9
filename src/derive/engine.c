/* The engine: a lane's task, which derives what is touched in units (unit.c) until nothing is. */
#include "derive/engine.h"

#include <stdlib.h>

#include "derive/sql.h"

enum {
    SUMS_WAIT_MS = 10 * 1000,
    SUMS_WAIT_TIMES = 2,
    YIELD_MS = 30 * 1000,
    NEWS_MS = 3 * 1000,
    RETRY_MS = 1000,
    TRIES_MAX = 8,
};

const struct maker *const makers[MAKERS + 1] = {&ad_maker, &trade_maker, NULL};
const char *const derive_task_kinds[] = {"derive", NULL};

enum err_class derive_open(const struct derive_options *options, struct derive **out,
                           struct err *err)
{
    struct derive *derive = calloc(1, sizeof(*derive));
    if (!derive)
        return err_no_memory(err);
    derive->options = *options;
    derive->sums_wait_ms = SUMS_WAIT_MS;
    arena_init(&derive->arena);
    enum err_class class_ = metrics_own(&derive->arena, &derive->metrics, err);
    if (!class_)
        class_ = result_sql_make(derive, err);
    if (class_)
        derive_close(derive);
    else
        *out = derive;
    return class_;
}

void derive_close(struct derive *derive)
{
    arena_fini(&derive->arena);
    free(derive);
}

const struct metric_catalog *derive_metrics(const struct derive *derive)
{
    return derive->metrics;
}

enum err_class derive_ask(struct tx *tx, int64_t shop_id, enum task_class class_, struct str run,
                          int64_t now_ms, struct err *err)
{
    const struct task_new task = {
        .lane = shop_id,
        .class_ = class_,
        .kind = DERIVE_KIND,
        .unique_key = DERIVE_KIND,
        .payload = STR("{}"),
        .run = run,
        .ready_ms = now_ms,
    };
    return queue_enqueue_in(tx, &task, now_ms, err);
}

/* --- the task --- */

static bool stopping(const struct derivation *d)
{
    return __atomic_load_n(d->outcome->stopping, __ATOMIC_ACQUIRE);
}

static enum task_end again_later(struct task_outcome *outcome, int64_t at_ms, bool failed)
{
    outcome->again_ms = at_ms;
    outcome->failed = failed;
    return TASK_AGAIN;
}

static enum task_end derive_failed(const struct derivation *d, enum err_class class_)
{
    int64_t now_ms = clock_now_ms();
    if (class_ == ERR_STOPPED)
        return again_later(d->outcome, now_ms, false);
    if (class_ == ERR_CONFLICT)
        return TASK_LOST;
    if (class_ == ERR_LATER)
        return again_later(d->outcome, now_ms + NEWS_MS, false);
    /* The database is away: as long as it takes. */
    if (class_ == ERR_STORE) {
        int64_t units = 0;
        queue_units_committed(d->derive->options.store, d->task->id, &units, NULL);
        /* It was committed all the same, and nobody could say so. */
        return units < 0 ? TASK_DONE : again_later(d->outcome, now_ms + RETRY_MS, true);
    }
    bool progressed = d->unit_number > d->task->unit_number;
    if (!progressed && d->task->attempt + 1 >= TRIES_MAX)
        return TASK_DEAD;
    return again_later(d->outcome, now_ms + RETRY_MS, true);
}

/* The shop was added or enabled since this process has read the shops, which it will again within seconds; or it is
 * gone, and its results with it. */
static enum task_end shop_unknown(const struct derive *derive, const struct task *task,
                                  struct task_outcome *outcome)
{
    const struct sql_value id = sql_int(task->lane);
    int64_t there = 1;
    store_read_int(derive->options.store, SQL_SHOP_THERE, &id, 1, 0, &there, NULL);
    if (there > 0) {
        err_set(&outcome->err, ERR_LATER, "shop_news", "this process does not know the shop yet");
        return again_later(outcome, clock_now_ms() + NEWS_MS, false);
    }
    err_set(&outcome->err, ERR_CONFIG, "shop_missing", "the task's shop is gone");
    return TASK_DEAD;
}

/* Behind each unit. */
static void sums_turn(struct derivation *d)
{
    int64_t now_ms = clock_now_ms();
    if (d->summing && !d->sums_left) {
        int64_t wait_ms = SUMS_WAIT_TIMES * (now_ms - d->summing_ms);
        d->summing = false;
        d->sums_due_ms = now_ms +
                         (wait_ms > d->derive->sums_wait_ms ? wait_ms : d->derive->sums_wait_ms);
    } else if (!d->summing && now_ms >= d->sums_due_ms) {
        d->summing = true;
        d->summing_ms = now_ms;
    }
}

enum task_end derive_handle(void *context, const struct task *task, struct task_outcome *outcome)
{
    struct derive *derive = context;
    struct derivation d = {.derive = derive,
                           .task = task,
                           .outcome = outcome,
                           .shop = derive->options.shop_of(derive->options.context, task->lane),
                           .unit_number = task->unit_number,
                           .more = true,
                           .sums_due_ms = clock_now_ms() + derive->sums_wait_ms};
    int64_t yield_ms = clock_now_ms() + YIELD_MS;
    if (!d.shop)
        return shop_unknown(derive, task, outcome);
    arena_init(&d.arena);
    enum err_class class_ = ERR_OK;
    while (!class_ && d.more) {
        if (stopping(&d) || clock_now_ms() > yield_ms)
            class_ = err_set(&outcome->err, ERR_STOPPED, "yield", "the worker is needed elsewhere");
        else
            class_ = derive_unit_read(&d, &outcome->err);
        if (!class_)
            class_ = store_write(derive->options.store, derive_unit_write, &d, &outcome->err);
        if (!class_) {
            d.unit_number++;
            d.derived += d.taken;
            sums_turn(&d);
        }
        if (!class_ && FAIL_POINT("derive.committed"))
            class_ = err_set(&outcome->err, ERR_INTERNAL, "fail_point",
                             "fail point derive.committed");
    }
    arena_fini(&d.arena);
    return class_ ? derive_failed(&d, class_) : TASK_DONE;
}

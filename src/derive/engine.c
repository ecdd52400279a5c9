/* The engine: takes lists of touched keys of a shop away and lets the makers derive what follows from them, a few hundred
 * orders a commit unit.
 *
 * A unit reads what is stored in the transaction in which it writes results, and the touched lists before it
 * (touched.c): what was stored with a list that it takes is there, and what comes meanwhile has its own list. Its fence
 * comes first of all. Whoever touches also asks for the task that derives (derive_ask), which is the same row: he has
 * committed before the unit reads the lists, or waits until it is over and then finds the task gone. So nothing is read
 * too early, no list stays behind without a task, and killing it anywhere changes nothing. */
#include "derive/engine.h"

#include <stdlib.h>

#include "derive/sql.h"

enum {
    /* Keys of one table in a unit, or one list more: a few hundredths of a second for who waits behind it. */
    TOUCHED_MAX = 500,
    /* Days and videos that are read anew in a unit; of so many keys that lists may have named several times. */
    SUMS_MAX = 50,
    SUMS_TAKEN_MAX = 4000,
    SUMS_WAIT_MS = 10 * 1000,
    SUMS_WAIT_TIMES = 2,
    YIELD_MS = 30 * 1000,
    NEWS_MS = 3 * 1000,
    RETRY_MS = 1000,
    TRIES_MAX = 8,
};

const struct maker *const makers[] = {&ad_maker, &trade_maker, NULL};
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

/* --- a unit --- */

struct derivation {
    struct derive *derive;
    const struct task *task;
    struct task_outcome *outcome;
    const struct derive_shop *shop;
    int64_t unit_number; /* units of this try that are committed */
    int64_t derived;     /* touched rows of them */
    /* Of the unit that runs; set anew by each run of it. */
    struct arena arena;
    int64_t taken;
    bool more;
    bool sums_left; /* sums or ranges were taken, so that there may be others */
    /* While more orders wait: sums and ranges are done now, since summing_ms; the next time they are due. */
    bool summing;
    int64_t summing_ms, sums_due_ms;
};

static size_t tables_count(const struct maker *maker)
{
    size_t len = 0;
    while (maker->tables[len])
        len++;
    return len;
}

static enum err_class step_run(struct tx *tx, const struct step *step, struct err *err)
{
    int64_t rows = 0;
    enum err_class class_ = tx_exec(tx, step->sql, step->values, step->values_len, &rows, err);
    if (!class_ && step->rows_expected >= 0 && rows != step->rows_expected)
        class_ = err_set(err, ERR_CONFLICT, "fence", "somebody else holds the lease");
    return class_;
}

/* The task is over with this unit. Its try is recorded where it came to something. */
static enum err_class task_end_here(struct derivation *d, struct tx *tx, int64_t now_ms,
                                    struct err *err)
{
    struct step steps[3];
    size_t len = 0;
    enum err_class class_ = queue_step_twins(d->task, &d->arena, &steps[len++], err);
    if (!class_)
        class_ = queue_step_finish(d->task, now_ms, &d->arena, &steps[len++], err);
    if (!class_ && d->derived + d->taken > 0)
        class_ = queue_step_record(d->task, d->outcome, "done", now_ms, &d->arena, &steps[len++],
                                   err);
    for (size_t i = 0; !class_ && i < len; i++) {
        struct step step = steps[i];
        struct sql_value *values = arena_array(&d->arena, step.values_len + 1, sizeof(*values));
        if (!values)
            return err_no_memory(err);
        for (size_t k = 0; k < step.values_len; k++) {
            bool counts = step.values[k].kind >= SQL_ROWS_NEW;
            values[k] = counts ? sql_int(step.values[k].number) : step.values[k];
        }
        step.values = values;
        class_ = step_run(tx, &step, err);
    }
    return class_;
}

/* What a unit does of a maker. Orders come first. As long as more of them wait than it takes, their sums are touched and
 * not read; when no more wait, and every now and then in between (sums_due), the sums are, and then the ranges. */
static enum err_class maker_run(struct derivation *d, const struct derive_work *work,
                                const struct maker *maker, struct err *err)
{
    struct touched_part orders = {.maker = maker, .to = maker->ranges_from};
    struct touched_part ranges = {
        .maker = maker, .from = maker->ranges_from, .to = maker->sums_from};
    struct touched_part sums = {
        .maker = maker, .from = maker->sums_from, .to = tables_count(maker)};
    struct touched_list list = {.len = 0};
    enum err_class class_ = touched_find(work, &orders, TOUCHED_MAX, err);
    bool takes_orders = !orders.more || !d->summing;
    bool takes_sums = !orders.more || d->summing;
    struct derive_work of = *work;
    if (!class_ && takes_orders)
        class_ = touched_take(work, &orders, &list, err);
    size_t orders_len = list.len;
    if (!class_ && takes_sums)
        class_ = touched_find(work, &sums, SUMS_TAKEN_MAX, err);
    if (!class_ && takes_sums)
        class_ = touched_take(work, &sums, &list, err);
    if (!class_ && takes_sums)
        class_ = touched_leave(work, &sums, &list, orders_len, SUMS_MAX, err);
    bool summed = list.len > orders_len;
    if (!class_ && takes_sums && !summed)
        class_ = touched_find(work, &ranges, TOUCHED_MAX, err);
    if (!class_ && takes_sums && !summed)
        class_ = touched_take(work, &ranges, &list, err);
    of.sums_later = !takes_sums || sums.more;
    if (!class_ && list.len > 0)
        class_ = maker->make(&of, list.rows, list.len, err);
    d->taken += (int64_t)list.len;
    /* Behind sums there may be ranges, which another unit takes. */
    d->more = d->more || orders.more || sums.more || ranges.more || summed;
    d->sums_left = d->sums_left || (takes_sums && list.len > orders_len);
    return class_;
}

static enum err_class zone_row(struct reader *row, void *context, struct err *err)
{
    const struct zone **own = context;
    (void)err;
    if (reader_is_null(row, 0) || reader_text(row, 0).len == 0)
        *own = NULL;
    else
        zone_find(reader_text(row, 0), own, NULL);
    return ERR_OK;
}

/* Days of a zone that was the shop's until a moment ago would stay wrong: who changed it has touched all orders only once. */
static enum err_class zone_check(const struct derivation *d, struct tx *tx, struct err *err)
{
    const struct sql_value id = sql_int(d->task->lane);
    const struct zone *own = d->shop->own_zone;
    enum err_class class_ = tx_query(tx, SQL_SHOP_ZONE, &id, 1, zone_row, &own, err);
    if (class_ == ERR_OK && own != d->shop->own_zone)
        return err_set(err, ERR_LATER, "shop_news",
                       "this process does not know the shop's zone yet");
    return class_;
}

static enum err_class unit_work(struct tx *tx, void *context, struct err *err)
{
    struct derivation *d = context;
    struct step fence;
    arena_reset(&d->arena);
    d->taken = 0;
    d->more = d->sums_left = false;
    const struct derive_work work = {
        .derive = d->derive,
        .tx = tx,
        .arena = &d->arena,
        .shop_id = d->task->lane,
        .shop = d->shop,
        .now_ms = clock_now_ms(),
        .more = &d->more,
    };
    enum err_class class_ = queue_step_fence(d->task, d->unit_number + 1, work.now_ms, &d->arena,
                                             &fence, err);
    if (!class_)
        class_ = step_run(tx, &fence, err);
    if (!class_)
        class_ = zone_check(d, tx, err);
    for (size_t i = 0; !class_ && makers[i]; i++)
        class_ = maker_run(d, &work, makers[i], err);
    if (!class_ && FAIL_POINT("derive.sums"))
        class_ = err_set(err, ERR_STORE, "store_io", "fail point derive.sums");
    if (!class_ && !d->more)
        class_ = task_end_here(d, tx, work.now_ms, err);
    return class_;
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
            class_ = store_write(derive->options.store, unit_work, &d, &outcome->err);
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

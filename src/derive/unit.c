/* A unit of deriving: a few hundred orders, or some sums.
 *
 * It is worked out in a snapshot, beside the writer: which lists it takes, and what results are now of the rows that they
 * speak of, which were committed with them. What it writes is a transaction, which begins with its fence: results, the
 * sums read anew from them, and the lists that were read go. What is committed between the two has a list of its own,
 * which stays until it was read: so nothing is read too early, and killing it anywhere changes nothing. Whoever touches
 * also asks for the task that derives (derive_ask), which is the row that the fence has locked: he has committed before
 * the fence, and then the unit sees his list and does not end the task (unit_ends); or he waits until the unit is over,
 * and finds the task gone. So no list stays behind without a task. */
#include "derive/engine.h"
#include "derive/sql.h"

enum {
    /* Keys of one table in a unit, or one list more: a few hundredths of a second for who waits behind it. */
    TOUCHED_MAX = 500,
    /* Days and videos that are read anew in a unit; of so many keys that lists may have named several times. */
    SUMS_MAX = 50,
    SUMS_TAKEN_MAX = 4000,
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

/* Results of the orders among its rows, which are of its first table. */
static enum err_class results_make(const struct derive_work *work, struct maker_part *part,
                                   struct err *err)
{
    const struct touched_list *list = &part->list;
    struct str *ids = arena_array(work->arena, list->len + 1, sizeof(*ids));
    size_t len = 0;
    if (!ids)
        return err_no_memory(err);
    for (size_t i = 0; i < list->len; i++)
        if (list->rows[i].table == 0)
            ids[len++] = list->rows[i].id;
    return len > 0 ? part->maker->results(work, ids, len, &part->results, err) : ERR_OK;
}

/* What a unit takes of a maker. Orders come first. As long as more of them wait than it takes, their sums are touched and
 * not read; when no more wait, and every now and then in between (sums_due), the sums are, and then the ranges. */
static enum err_class maker_read(struct derivation *d, const struct derive_work *work,
                                 struct maker_part *part, struct err *err)
{
    const struct maker *maker = part->maker;
    struct touched_part orders = {.maker = maker, .to = maker->ranges_from};
    struct touched_part ranges = {
        .maker = maker, .from = maker->ranges_from, .to = maker->sums_from};
    struct touched_part sums = {
        .maker = maker, .from = maker->sums_from, .to = tables_count(maker)};
    struct touched_list *list = &part->list;
    enum err_class class_ = touched_find(work, &orders, TOUCHED_MAX, err);
    bool takes_orders = !orders.more || !d->summing;
    bool takes_sums = !orders.more || d->summing;
    if (!class_ && takes_orders)
        class_ = touched_read(work, &orders, list, err);
    size_t orders_len = list->len;
    if (!class_ && takes_sums)
        class_ = touched_find(work, &sums, SUMS_TAKEN_MAX, err);
    if (!class_ && takes_sums)
        class_ = touched_read(work, &sums, list, err);
    if (!class_ && takes_sums)
        class_ = touched_leave(work, &sums, list, orders_len, SUMS_MAX, err);
    bool summed = list->len > orders_len;
    if (!class_ && takes_sums && !summed)
        class_ = touched_find(work, &ranges, TOUCHED_MAX, err);
    if (!class_ && takes_sums && !summed)
        class_ = touched_read(work, &ranges, list, err);
    part->sums_later = !takes_sums || sums.more;
    if (!class_)
        class_ = results_make(work, part, err);
    d->taken += (int64_t)list->len;
    /* Behind sums there may be ranges, which another unit takes. */
    d->more_found = d->more_found || orders.more || sums.more || ranges.more || summed;
    d->sums_left = d->sums_left || (takes_sums && list->len > orders_len);
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
static enum err_class zone_check(const struct derivation *d, const struct derive_work *work,
                                 struct err *err)
{
    const struct sql_value id = sql_int(work->shop_id);
    const struct zone *own = d->shop->own_zone;
    enum err_class class_ = work_query(work, SQL_SHOP_ZONE, &id, 1, zone_row, &own, err);
    if (class_ == ERR_OK && own != d->shop->own_zone)
        return err_set(err, ERR_LATER, "shop_news",
                       "this process does not know the shop's zone yet");
    return class_;
}

static struct derive_work work_of(struct derivation *d)
{
    return (struct derive_work){
        .derive = d->derive,
        .arena = &d->arena,
        .shop_id = d->task->lane,
        .shop = d->shop,
        .now_ms = clock_now_ms(),
    };
}

enum err_class derive_unit_read(struct derivation *d, struct err *err)
{
    arena_reset(&d->arena);
    d->taken = 0;
    d->more_found = d->sums_left = false;
    struct derive_work work = work_of(d);
    enum err_class class_ = store_snapshot(d->derive->options.store, &work.snapshot, err);
    if (class_)
        return class_;
    class_ = zone_check(d, &work, err);
    for (size_t i = 0; !class_ && makers[i]; i++) {
        d->parts[i] = (struct maker_part){.maker = makers[i]};
        class_ = maker_read(d, &work, &d->parts[i], err);
    }
    enum err_class closed = reader_close(work.snapshot, class_ ? NULL : err);
    return class_ ? class_ : closed;
}

static enum err_class maker_write(const struct derive_work *work, const struct maker_part *part,
                                  struct err *err)
{
    const struct touched_list *list = &part->list;
    struct derive_work of = *work;
    of.sums_later = part->sums_later;
    if (list->lists_len == 0)
        return ERR_OK;
    enum err_class class_ = touched_take(work, part->maker, list, err);
    return class_ ? class_ : part->maker->make(&of, list->rows, list->len, &part->results, err);
}

/* A list that no maker of this version knows is nobody's here: a task that waited for it would never end. */
static enum err_class any_take(struct reader *row, void *context, struct err *err)
{
    bool *any = context;
    (void)err;
    for (size_t i = 0; makers[i]; i++)
        for (size_t k = 0; makers[i]->tables[k]; k++)
            *any = *any || str_eq(reader_text(row, 0), str_of(makers[i]->tables[k]));
    return ERR_OK;
}

/* Somebody may have touched since the snapshot: then the task goes on. */
static enum err_class unit_ends(struct derivation *d, struct tx *tx, int64_t now_ms,
                                struct err *err)
{
    const struct sql_value id = sql_int(d->task->lane);
    enum err_class class_ = tx_query(tx, SQL_TOUCHED_OF, &id, 1, any_take, &d->more, err);
    return class_ || d->more ? class_ : task_end_here(d, tx, now_ms, err);
}

enum err_class derive_unit_write(struct tx *tx, void *context, struct err *err)
{
    struct derivation *d = context;
    struct step fence;
    struct derive_work work = work_of(d);
    d->more = d->more_found;
    work.tx = tx;
    work.more = &d->more;
    enum err_class class_ = queue_step_fence(d->task, d->unit_number + 1, work.now_ms, &d->arena,
                                             &fence, err);
    if (!class_)
        class_ = step_run(tx, &fence, err);
    for (size_t i = 0; !class_ && makers[i]; i++)
        class_ = maker_write(&work, &d->parts[i], err);
    if (!class_ && FAIL_POINT("derive.sums"))
        class_ = err_set(err, ERR_STORE, "store_io", "fail point derive.sums");
    return class_ || d->more ? class_ : unit_ends(d, tx, work.now_ms, err);
}

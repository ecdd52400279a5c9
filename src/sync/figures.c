/* Figures of ads. The platform adds them up itself: it is asked what a list of orders comes to over a
 * range of days, and the answer replaces what was stored; nothing is ever summed over time except
 * ranges that are closed.
 *
 * A pass takes the orders that are due, a batch at a time, oldest first, and asks
 *   base   a closed part of its life, once the open part grows too long for one call (…_base)
 *   life   from its creation, or from behind its base, to today (ad_figure, …_snapshot)
 *   days   what each got on each of its days that may still change (ad_figure_day; figure_days.c)
 * All pages of one question and what follows from them are one commit unit, and what was asked moves on in
 * ask_plan with it, so that a pass that was cut short asks at most one question again.
 *
 * An order that an answer leaves out keeps what it has and is counted as missing; one for whose sake the
 * platform refuses whole questions is found in halves (refusal.c) and set aside. docs/figures-of-ads.md has
 * the rules. */
#include "sync/figure_pass.h"
#include "sync/sql.h"

#include <stdlib.h>

enum {
    SNAPSHOT_MS = 5 * 60 * 1000,
    LANE_WAIT_MS = 1000,
    LANE_AHEAD_MS = 2 * 60 * 1000,
};

/* --- rows --- */

enum err_class row_begin(const struct table *table, struct batch *batch,
                         const struct figure_order *order, size_t *row, struct err *err)
{
    enum err_class class_ = batch_append(batch, row, err);
    if (class_ == ERR_OK)
        batch_set_text(batch, *row, table->key[0], order->id);
    return class_;
}

enum err_class row_end(struct figure_pass *p, const struct figure_sum *sum, int64_t received_ms,
                       struct batch *batch, size_t row, struct err *err)
{
    return figure_row_write(&p->layout, sum, p->run->sync->options.keyring, received_ms, batch, row,
                            err);
}

/* Where orders that were set aside are shown: the life and its bases are one thing. */
static const struct table *list_table(const struct figure_pass *p)
{
    return p->list->of_days ? p->stream->figures.day : p->stream->table;
}

/* The figures are complete up to the instant of a pass that came to its end, or as far as the orders had
 * been read by then, where that is not this pass's doing. A pass over a range of orders says nothing of
 * the others. */
static enum err_class steps_complete(struct figure_pass *p, struct steps *steps, struct err *err)
{
    const struct stream *of = p->stream->figures.of;
    const struct sql_value key[] = {sql_int(p->run->shop->id), sql_text(of->name)};
    int64_t read_ms = 0;
    if (p->pass.since_ms > 0 && p->pass.from_ms != SYNC_FROM_START)
        return ERR_OK;
    enum err_class class_ = store_read_int(p->run->sync->options.store, SQL_READ_UP_TO, key, 2, 0,
                                           &read_ms, err);
    if (class_ != ERR_OK || read_ms == 0)
        return class_;
    bool fresh = read_ms + 2 * p->stream->every_ms >= p->due_ms;
    int64_t complete_ms = fresh ? p->due_ms : read_ms;
    const struct sql_value advance[] = {key[0], sql_text(p->stream->name), sql_int(complete_ms),
                                        sql_int(complete_ms), sql_int(clock_now_ms())};
    return steps_add(steps, SQL_STATE_ADVANCE, advance, 5, -1, &p->arena, err);
}

/* Is nothing left to ask once this answer is committed? The days are asked last. Rejects are counted in the
 * task's record by a unit of their own. */
static bool answer_is_last(const struct figure_pass *p, const struct question *q)
{
    return p->last && p->list->of_days && p->whole && !p->due_again && !p->orders[0].aside &&
           p->pass.parts.list.len == 0 && q->rejects_len == 0;
}

enum err_class unit_commit(struct figure_pass *p, const struct question *q, size_t rows,
                           struct batch **batches, size_t batches_len, struct steps *steps,
                           struct err *err)
{
    struct prepared prepared = {.mapped = {.batches = batches,
                                           .batches_len = batches_len,
                                           .rejects = q->rejects,
                                           .rejects_len = q->rejects_len},
                                .rejects = (int64_t)q->rejects_len};
    struct pass after = p->pass;
    bool last = answer_is_last(p, q);
    enum err_class class_ = last ? steps_complete(p, steps, err) : ERR_OK;
    if (class_ == ERR_OK && last)
        class_ = steps_task_done(p->run, &p->arena, steps, err);
    if (class_ != ERR_OK)
        return class_;
    if (p->orders[0].aside)
        class_ = steps_aside_over(p->run, list_table(p), p->orders[0].id, &p->arena, steps, err);
    else
        parts_done(&after.parts, p->list->name, rows, q->len > 0);
    if (class_ == ERR_OK && p->pass.parts.list.len > 0)
        class_ = steps_pass(p->run, &after, &p->arena, steps, err);
    if (class_ == ERR_OK)
        class_ = rows_commit(p->run, &prepared, steps, &p->arena, err);
    if (class_ != ERR_OK)
        return class_;
    p->pass = after;
    p->asked = NULL;
    p->ended = last;
    return ERR_OK;
}

/* --- base --- */

/* The last day of the closed range that is due, or NO_DAY: the open range would soon be too long for one
 * call, and the closed one is mature. */
static int64_t base_last_day(const struct figure_pass *p)
{
    int64_t first = p->orders[0].open_day, close = p->stream->figures.close_days;
    if (p->today - first < close)
        return NO_DAY;
    int64_t last = min_i64(first + close - 1, p->today - p->stream->figures.mature_days - 1);
    return last >= first ? last : NO_DAY;
}

/* The range is closed when it was answered, or left out by as many answers about it as are believed; then
 * the order is due at once again, from behind it. One that was refused has something there. */
static struct ask_mark base_mark(struct figure_pass *p, const struct question *q,
                                 const struct figure_order *order)
{
    int64_t base_missing = order->answered || order->refused ? 0 : order->base_missing + 1;
    bool closed = order->answered || base_missing >= MISSING_BELIEVED;
    int64_t again_ms = closed ? p->due_ms : pass_next_ms(p->stream, p->now_ms);
    struct ask_mark mark = {
        .key = order->id,
        .next_ms = again_ms,
        .missing = closed ? order->missing : order->missing + 1,
        .base_missing = closed ? 0 : base_missing,
        .base_to = closed ? day_text(q->to_day, &p->arena) : STR(""),
    };
    days_begin(p, order, &mark);
    return mark;
}

static enum err_class base_row(struct figure_pass *p, const struct question *q,
                               const struct figure_order *order, struct batch *batch,
                               struct err *err)
{
    const struct table *table = p->stream->figures.base;
    size_t row;
    enum err_class class_ = row_begin(table, batch, order, &row, err);
    if (class_ != ERR_OK)
        return class_;
    batch_set_text(batch, row, table_column(table, STR("from_day")),
                   day_text(q->from_day, &p->arena));
    batch_set_text(batch, row, table_column(table, STR("to_day")), day_text(q->to_day, &p->arena));
    return row_end(p, &order->sum, q->received_ms, batch, row, err);
}

static enum err_class base_commit(struct figure_pass *p, const struct question *q, struct err *err)
{
    const struct table *table = p->stream->figures.base;
    struct batch *batch;
    struct steps steps = {.len = 0};
    struct ask_mark *marks = arena_array(&p->arena, q->len, sizeof *marks);
    if (!marks)
        return err_no_memory(err);
    enum err_class class_ = batch_new(table, &p->arena, q->len, &batch, err);
    for (size_t i = 0; class_ == ERR_OK && i < q->len; i++) {
        marks[i] = base_mark(p, q, q->orders[i]);
        if (q->orders[i]->answered)
            class_ = base_row(p, q, q->orders[i], batch, err);
    }
    if (class_ == ERR_OK)
        class_ = steps_asked(p->run, marks, q->len, &p->arena, &steps, err);
    return class_ == ERR_OK ? unit_commit(p, q, q->len, &batch, 1, &steps, err) : class_;
}

static enum err_class base_ask(struct figure_pass *p, int64_t last_day, struct err *err)
{
    struct question *q = arena_alloc(&p->arena, sizeof *q);
    if (!q)
        return err_no_memory(err);
    q->from_day = p->orders[0].open_day;
    q->to_day = last_day;
    p->due_again = true; /* from behind it, and those that it is not about */
    for (size_t i = 0; i < p->len; i++)
        if (p->orders[i].open_day <= last_day)
            question_add(q, &p->orders[i]);
    enum err_class class_ = question_ask(p, q, err);
    return class_ == ERR_OK ? base_commit(p, q, err) : class_;
}

/* --- life --- */

/* The figures of one order in a table. */
static enum err_class sums_query(struct figure_pass *p, const struct table *table, struct str *out,
                                 struct err *err)
{
    struct buf text;
    buf_init(&text, QUERY_BYTES_MAX);
    buf_add(&text, STR("SELECT "));
    figure_columns_write(&p->layout, &text);
    buf_printf(&text, " FROM %.*s WHERE shop_id = ?1 AND %.*s = ?2", STR_ARG(table->name),
               STR_ARG(table->columns[table->key[0]].name));
    *out = text.failed ? STR_NONE : arena_dup(&p->texts, buf_str(&text));
    buf_fini(&text);
    return out->ptr ? ERR_OK : err_no_memory(err);
}

/* What the order's closed ranges come to is added to what the open one gave. */
static enum err_class base_add(struct figure_pass *p, struct reader *bases,
                               struct figure_order *order, struct err *err)
{
    const struct sql_value values[] = {sql_int(p->run->shop->id), sql_text(order->id)};
    enum err_class class_ = reader_ask(bases, values, 2, err);
    while (class_ == ERR_OK && reader_next(bases)) {
        struct figure_sum closed;
        class_ = figure_sum_read(&p->layout, bases, 0, &p->arena, &closed, err);
        if (class_ == ERR_OK)
            class_ = figure_sum_add(&p->layout, &closed, &order->sum, err);
    }
    return class_;
}

static enum err_class bases_add(struct figure_pass *p, const struct question *q, struct err *err)
{
    struct reader *bases = NULL;
    enum err_class class_ = store_read_snapshot(p->run->sync->options.store, p->base_sql.ptr,
                                                &bases, err);
    for (size_t i = 0; class_ == ERR_OK && i < q->len; i++)
        if (q->orders[i]->based && q->orders[i]->answered)
            class_ = base_add(p, bases, q->orders[i], err);
    enum err_class closed = bases ? reader_close(bases, class_ == ERR_OK ? err : NULL) : ERR_OK;
    return class_ == ERR_OK ? closed : class_;
}

static enum err_class life_rows(struct figure_pass *p, const struct question *q, struct batch **out,
                                struct err *err)
{
    const struct table *table = p->stream->table;
    size_t ad = table_column(table, STR("ad_id"));
    enum err_class class_ = batch_new(table, &p->arena, q->len, out, err);
    for (size_t i = 0; class_ == ERR_OK && i < q->len; i++) {
        const struct figure_order *order = q->orders[i];
        size_t row;
        if (!order->answered)
            continue;
        class_ = row_begin(table, *out, order, &row, err);
        if (class_ != ERR_OK)
            return class_;
        if (ad != SIZE_MAX && order->sum.ads == 1 && order->ad_id.len > 0)
            batch_set_text(*out, row, ad, order->ad_id);
        else if (ad != SIZE_MAX)
            batch_set_state(*out, row, ad, CELL_GONE);
        class_ = row_end(p, &order->sum, q->received_ms, *out, row, err);
    }
    return class_;
}

/* An order whose figures change has not ended yet, whatever its status says. */
static void life_compare(struct figure_order *order, unsigned char known, int64_t received_ms)
{
    order->changed = known != KNOWN_SAME;
    if (order->final && order->changed && known != KNOWN_ABSENT)
        order->end_ms = max_i64(order->end_ms, received_ms);
}

/* What of it is news. */
static enum err_class life_known(struct figure_pass *p, const struct question *q,
                                 struct batch *life, struct err *err)
{
    unsigned char *known = arena_array(&p->arena, life->rows_len + 1, sizeof *known);
    if (!known)
        return err_no_memory(err);
    enum err_class class_ = store_known(p->run->sync->options.store, life, p->run->shop->id, known,
                                        err);
    life->known = known;
    for (size_t i = 0, row = 0; class_ == ERR_OK && i < q->len; i++)
        if (q->orders[i]->answered)
            life_compare(q->orders[i], known[row++], q->received_ms);
    return class_;
}

/* A snapshot only of what has changed since the last one. */
static enum err_class snapshot_rows(struct figure_pass *p, const struct question *q,
                                    struct batch **out, struct err *err)
{
    const struct table *table = p->stream->figures.snapshot;
    size_t at = table_column(table, STR("at"));
    enum err_class class_ = batch_new(table, &p->arena, q->len, out, err);
    for (size_t i = 0; class_ == ERR_OK && i < q->len; i++) {
        const struct figure_order *order = q->orders[i];
        size_t to;
        if (!order->changed)
            continue;
        class_ = row_begin(table, *out, order, &to, err);
        if (class_ != ERR_OK)
            return class_;
        batch_set_number(*out, to, at, q->received_ms - q->received_ms % SNAPSHOT_MS);
        class_ = row_end(p, &order->sum, q->received_ms, *out, to, err);
    }
    return class_;
}

/* When the order's life figures are due again. */
static int64_t order_next_ms(const struct figure_pass *p, const struct figure_order *order)
{
    const struct stream *stream = p->stream;
    int64_t repeat_ms = stream->figures.repeat_days * DAY_MS;
    int64_t hour_ms = next_multiple_i64(p->now_ms, HOUR_MS);
    int64_t day_ms = next_multiple_i64(p->now_ms, DAY_MS);
    if (p->now_ms < order->end_ms)
        return pass_next_ms(stream, p->now_ms);
    int64_t past_ms = p->now_ms - order->end_ms;
    if (past_ms <= stream->figures.mature_days * DAY_MS)
        return hour_ms;
    if (!order->final)
        return p->now_ms - order->changed_ms <= stream->figures.of->revisit.stale_ms ? hour_ms
                                                                                     : day_ms;
    bool asked_out = order->answered || p->now_ms - order->first_ms > repeat_ms;
    return past_ms <= repeat_ms || !asked_out ? day_ms : ASK_NEVER;
}

static struct ask_mark order_mark(struct figure_pass *p, const struct figure_order *order)
{
    struct ask_mark mark = {
        .key = order->id,
        .next_ms = order_next_ms(p, order),
        .missing = order->answered ? 0 : order->missing + 1,
        .base_missing = order->base_missing,
    };
    days_begin(p, order, &mark);
    return mark;
}

static enum err_class life_commit(struct figure_pass *p, const struct question *q, struct err *err)
{
    struct batch *batches[2];
    struct steps steps = {.len = 0};
    struct ask_mark *marks = arena_array(&p->arena, q->len, sizeof *marks);
    if (!marks)
        return err_no_memory(err);
    enum err_class class_ = bases_add(p, q, err);
    if (class_ == ERR_OK)
        class_ = life_rows(p, q, &batches[0], err);
    if (class_ == ERR_OK)
        class_ = life_known(p, q, batches[0], err);
    if (class_ == ERR_OK)
        class_ = snapshot_rows(p, q, &batches[1], err);
    for (size_t i = 0; class_ == ERR_OK && i < q->len; i++)
        marks[i] = order_mark(p, q->orders[i]);
    if (class_ == ERR_OK)
        class_ = steps_asked(p->run, marks, q->len, &p->arena, &steps, err);
    if (class_ == ERR_OK)
        class_ = steps_days_again(p, q, &steps, err);
    return class_ == ERR_OK ? unit_commit(p, q, q->len, batches, 2, &steps, err) : class_;
}

static enum err_class life_ask(struct figure_pass *p, struct err *err)
{
    struct question *q = arena_alloc(&p->arena, sizeof *q);
    if (!q)
        return err_no_memory(err);
    q->from_day = min_i64(p->orders[0].open_day, p->today);
    q->to_day = p->today;
    for (size_t i = 0; i < p->len; i++)
        question_add(q, &p->orders[i]);
    enum err_class class_ = question_ask(p, q, err);
    if (class_ == ERR_OK)
        class_ = life_commit(p, q, err);
    if (class_ == ERR_OK && FAIL_POINT("sync.figures.committed"))
        class_ = err_set(err, ERR_INTERNAL, "fail_point", "fail point sync.figures.committed");
    return class_;
}

/* --- an order that is refused --- */

/* Later, and no longer than it would be asked for in any case. */
static int64_t aside_next_ms(const struct figure_pass *p, const struct figure_order *order)
{
    int64_t next_ms = order_next_ms(p, order);
    return next_ms == ASK_NEVER ? ASK_NEVER
                                : max_i64(next_ms, aside_until_ms(p->now_ms, order->aside));
}

static enum err_class steps_day_aside(struct figure_pass *p, const struct figure_order *order,
                                      struct steps *steps, struct err *err)
{
    int64_t next_ms = aside_next_ms(p, order);
    const struct ask_mark mark = {
        .key = order->id,
        .days_to = day_text(order->days_to, &p->arena),
        .day_next = next_ms == ASK_NEVER ? STR("") : day_text(order->day_next, &p->arena),
        .days_next_ms = next_ms,
        .days_past_ms = ASK_NEVER,
        .days_closing = order->closing,
    };
    return steps_day_asked(p->run, &mark, 1, &p->arena, steps, err);
}

/* Its days wait, too: they would be refused as well. */
static enum err_class steps_order_aside(struct figure_pass *p, const struct figure_order *order,
                                        struct steps *steps, struct err *err)
{
    const struct ask_mark mark = {
        .key = order->id,
        .next_ms = aside_next_ms(p, order),
        .missing = order->missing + 1,
        .base_missing = order->base_missing,
        .days_next_ms = ASK_NEVER,
    };
    const struct sql_value days[] = {sql_int(p->run->shop->id), sql_text(p->stream->name),
                                     sql_text(order->id), sql_int(mark.next_ms)};
    enum err_class class_ = steps_asked(p->run, &mark, 1, &p->arena, steps, err);
    return class_ == ERR_OK ? steps_add(steps, SQL_DAYS_LATER, days, 4, -1, &p->arena, err)
                            : class_;
}

static enum err_class order_set_aside(struct figure_pass *p, const struct err *why, struct err *err)
{
    const struct figure_order *order = p->asked->orders[0];
    struct steps steps = {.len = 0};
    enum err_class class_ = p->list->of_days ? steps_day_aside(p, order, &steps, err)
                                             : steps_order_aside(p, order, &steps, err);
    if (class_ == ERR_OK)
        class_ = steps_pass(p->run, &p->pass, &p->arena, &steps, err);
    return class_ == ERR_OK
               ? aside_commit(p->run, list_table(p), order->id, why, &steps, &p->arena, err)
               : class_;
}

/* What becomes of a batch whose question failed. */
static enum err_class batch_refused(struct figure_pass *p, enum err_class class_, struct err *err)
{
    struct err why = *err;
    if (!p->asked)
        return class_;
    switch (refusal_judge(p->run, &p->pass.parts, p->list->name, p->len, p->asked->len,
                          p->orders[0].aside, class_)) {
    case REFUSAL_FAILS:
        break;
    case REFUSAL_PARTS:
        return pass_keep(p->run, &p->pass, &p->arena, err);
    case REFUSAL_ASIDE:
        return order_set_aside(p, &why, err);
    }
    return class_;
}

/* --- a pass --- */

static enum err_class batch_ask(struct figure_pass *p, struct err *err)
{
    int64_t last_day = base_last_day(p);
    /* With its base an order begins elsewhere: the batch is put together anew. */
    if (last_day != NO_DAY)
        return base_ask(p, last_day, err);
    return life_ask(p, err);
}

/* A `sync` does the tasks of its run only. What another process left there when it was killed, or brought after the run
 * had begun (a cost that a person set), would be waited for and never done: it is the run's now. */
static enum err_class lane_adopt(const struct figure_pass *p, struct err *err)
{
    const struct task *task = p->run->task;
    int64_t adopted;
    if (task->run.len == 0)
        return ERR_OK;
    return queue_adopt(p->run->sync->options.store, task->lane, task->run,
                       p->now_ms + LANE_AHEAD_MS, &adopted, err);
}

/* Orders that are still being read in this lane would be asked for in the next pass only. They may
 * themselves wait for a call to be free. */
static enum err_class lane_await(const struct figure_pass *p, struct err *err)
{
    int64_t ahead_ms = INT64_MAX;
    enum err_class class_ = queue_lane_ahead(p->run->sync->options.store, p->run->task,
                                             p->now_ms + LANE_AHEAD_MS, &ahead_ms, err);
    if (class_ != ERR_OK || ahead_ms == INT64_MAX)
        return class_;
    class_ = lane_adopt(p, err);
    if (class_ != ERR_OK)
        return class_;
    err_set(err, ERR_LATER, "orders_first", "the orders of the shop are read first");
    if (err)
        err->retry_at_ms = max_i64(ahead_ms, p->now_ms) + LANE_WAIT_MS;
    return ERR_LATER;
}

static enum err_class batch_read(struct figure_pass *p, struct err *err)
{
    size_t offset, rows = FIGURE_BATCH_MAX;
    bool part = parts_next(p->run, &p->pass.parts, p->list->name, &offset, &rows);
    enum err_class class_ = p->list->read(p, offset, rows, err);
    if (class_ != ERR_OK || p->len > 0 || !part)
        return class_;
    parts_drop(&p->pass.parts);
    return p->list->read(p, 0, FIGURE_BATCH_MAX, err);
}

/* Asks one batch after the other, each a unit of its own, so that a pass that has to wait for the budget
 * or is cut short goes on behind what it has asked. */
static enum err_class batches_ask(struct figure_pass *p, const struct figure_list *list,
                                  struct err *err)
{
    enum err_class class_ = ERR_OK;
    bool more = true;
    p->list = list;
    while (class_ == ERR_OK && more) {
        p->now_ms = clock_now_ms();
        p->today = day_of(p->stream, p->now_ms);
        p->asked = NULL;
        p->due_again = false;
        arena_reset(&p->arena);
        if (task_should_yield(p->run))
            return err_set(err, ERR_STOPPED, "yield", "the worker is needed elsewhere");
        class_ = batch_read(p, err);
        more = class_ == ERR_OK && p->len > 0;
        if (more)
            class_ = list->ask(p, err);
        /* Whether another question is due is known without a look where this one was about all. */
        if (class_ != ERR_OK)
            class_ = batch_refused(p, class_, err);
        else
            more = more && !(p->whole && !p->due_again);
    }
    return class_;
}

/* Everything that is due at p->due_ms. */
static enum err_class pass_run(struct figure_pass *p, struct err *err)
{
    static const struct figure_list orders = {{"orders", 6}, orders_read, batch_ask, false};
    static const struct figure_list days = {{"days", 4}, day_orders_read, day_ask, true};
    enum err_class class_ = batches_ask(p, &orders, err);
    return class_ == ERR_OK ? batches_ask(p, &days, err) : class_;
}

static enum err_class pass_end(struct figure_pass *p, bool last, struct err *err)
{
    struct prepared none = {0};
    struct steps steps = {.len = 0};
    enum err_class class_ = steps_complete(p, &steps, err);
    if (class_ == ERR_OK && last)
        class_ = steps_task_done(p->run, &p->arena, &steps, err);
    return class_ == ERR_OK ? rows_commit(p->run, &none, &steps, &p->arena, err) : class_;
}

/* A pass is about what was due when its task was made, however often it was put back: else the oldest
 * orders would be due again before the newest were asked. What has become due since then follows. */
static enum err_class passes_run(struct figure_pass *p, struct err *err)
{
    bool late = p->started_ms - p->run->task->created_ms >= p->stream->every_ms;
    p->due_ms = min_i64(p->run->task->created_ms, p->started_ms);
    p->last = !late;
    enum err_class class_ = pass_run(p, err);
    if (class_ == ERR_OK && !p->ended)
        class_ = pass_end(p, !late, err);
    if (class_ != ERR_OK || !late)
        return class_;
    p->due_ms = p->started_ms;
    p->last = true;
    class_ = pass_run(p, err);
    return class_ == ERR_OK && !p->ended ? pass_end(p, true, err) : class_;
}

enum task_end figures_task(struct task_run *run)
{
    struct err err = {0};
    struct figure_pass *p = calloc(1, sizeof *p);
    if (!p)
        return task_failed(run, err_no_memory(&err), &err);
    p->run = run;
    p->stream = run->stream;
    p->started_ms = p->now_ms = clock_now_ms();
    arena_init(&p->texts);
    arena_init(&p->arena);
    enum err_class class_ = pass_read(run->task->payload, &p->texts, &p->pass, &err);
    if (class_ == ERR_OK)
        class_ = figure_layout_make(p->stream->table, &p->layout, &err);
    if (class_ == ERR_OK)
        class_ = orders_queries(p, &err);
    if (class_ == ERR_OK)
        class_ = sums_query(p, p->stream->table, &p->life_sql, &err);
    if (class_ == ERR_OK)
        class_ = sums_query(p, p->stream->figures.base, &p->base_sql, &err);
    if (class_ == ERR_OK)
        class_ = lane_await(p, &err);
    if (class_ == ERR_OK)
        class_ = passes_run(p, &err);
    arena_fini(&p->arena);
    arena_fini(&p->texts);
    free(p);
    return class_ == ERR_OK ? TASK_DONE : task_failed(run, class_, &err);
}

/* What an order got on each of its days. A day is asked until it is final; days that are final are asked
 * once more after the last of them is, and when the order's life says that they were corrected. */
#include <string.h>

#include "sync/figure_pass.h"
#include "sync/sql.h"

/* The last day of an order that is asked: today, or its end and a while more, since conversions are
 * booked late. */
static int64_t order_last_day(const struct figure_pass *p, const struct figure_order *order)
{
    if (!order->final)
        return p->today;
    return min_i64(p->today, day_of(p->stream, order->end_ms) + p->stream->figures.mature_days);
}

static enum err_class day_rows(struct figure_pass *p, const struct question *q, struct batch **out,
                               struct err *err)
{
    const struct table *table = p->stream->figures.day;
    struct str day = day_text(q->from_day, &p->arena);
    size_t column = table_column(table, STR("day"));
    enum err_class class_ = batch_new(table, &p->arena, q->len + 1, out, err);
    for (size_t i = 0; class_ == ERR_OK && i < q->len; i++) {
        size_t row;
        if (!q->orders[i]->answered)
            continue;
        class_ = row_begin(table, *out, q->orders[i], &row, err);
        if (class_ == ERR_OK) {
            batch_set_text(*out, row, column, day);
            class_ = row_end(p, &q->orders[i]->sum, q->received_ms, *out, row, err);
        }
    }
    return class_;
}

/* A day that was left out is believed to have nothing where nothing is stored of it, or once the order would
 * not be asked for any more. */
static bool absence_is_believed(const struct figure_pass *p, const struct figure_order *order)
{
    bool stored = order->day_first != NO_DAY && order->day_next >= order->day_first &&
                  order->day_next <= order->day_last;
    return !stored || p->now_ms - order->end_ms > p->stream->figures.repeat_days * DAY_MS;
}

/* A day is final once it was asked after it had matured; one that was left out is asked for another day
 * before it is believed to have nothing, and one that was refused has something. */
static int64_t days_to_after(const struct figure_pass *p, const struct figure_order *order)
{
    int64_t wait = p->stream->figures.mature_days + !order->answered;
    bool final = order->day_next == order->days_to + 1 && !order->refused &&
                 (order->answered || absence_is_believed(p, order)) &&
                 p->today > order->day_next + wait;
    return final ? order->day_next : order->days_to;
}

static void day_mark_next(struct figure_pass *p, int64_t day, int64_t at_ms, struct ask_mark *mark)
{
    mark->day_next = day_text(day, &p->arena);
    mark->days_next_ms = at_ms;
    p->due_again |= at_ms <= p->due_ms;
}

/* A round asks an order's days one after the other, up to today. While the order runs the next round is of
 * today only, with the next pass, and by the hour of all days that are not final; then by the hour and, once
 * they ought to have matured, by the day. When the last day is final one more round asks all of them: the
 * platform may have corrected the first long after they were final. */
static struct ask_mark day_mark(struct figure_pass *p, const struct figure_order *order)
{
    int64_t last_day = order_last_day(p, order), days_to = days_to_after(p, order);
    int64_t mature_days = p->stream->figures.mature_days;
    bool ripe = order->final && p->today > last_day + mature_days;
    bool from_first = order->day_first == NO_DAY || order->day_next == order->day_first;
    struct ask_mark mark = {
        .key = order->id,
        .days_to = day_text(days_to, &p->arena),
        .days_next_ms = ASK_NEVER,
        .days_past_ms = ASK_NEVER,
        .days_closing = ripe && (order->closing || from_first),
    };
    if (order->day_next < last_day) {
        day_mark_next(p, order->day_next + 1, p->due_ms, &mark);
    } else if (ripe && days_to >= last_day && !mark.days_closing) {
        mark.days_to = day_text(order->day_first - 1, &p->arena);
        day_mark_next(p, order->day_first, p->due_ms, &mark);
    } else if (p->now_ms < order->end_ms) {
        int64_t at_ms = pass_next_ms(p->stream, p->now_ms);
        day_mark_next(p, day_of(p->stream, at_ms), at_ms, &mark);
        mark.days_past_ms = next_multiple_i64(p->now_ms, HOUR_MS);
    } else if (!ripe || days_to < last_day) {
        bool matures = !order->final || p->now_ms - order->end_ms <= mature_days * DAY_MS;
        day_mark_next(p, days_to + 1, next_multiple_i64(p->now_ms, matures ? HOUR_MS : DAY_MS),
                      &mark);
    }
    return mark;
}

/* Days that are touched together, each once: a unit has room for few steps. */
struct day_keys {
    struct str *items;
    size_t len, room;
};

static bool day_keys_have(const struct day_keys *keys, struct str day)
{
    for (size_t i = 0; i < keys->len; i++)
        if (str_eq(keys->items[i], day))
            return true;
    return false;
}

static enum err_class day_keys_add(struct figure_pass *p, int64_t first, int64_t last,
                                   struct day_keys *keys, struct err *err)
{
    if (first == NO_DAY || last < first)
        return ERR_OK;
    size_t room = keys->len + (size_t)(last - first) + 1;
    if (room > keys->room) {
        struct str *items = arena_array(&p->arena, 2 * room, sizeof *items);
        if (!items)
            return err_no_memory(err);
        if (keys->len > 0)
            memcpy(items, keys->items, keys->len * sizeof *items);
        keys->items = items;
        keys->room = 2 * room;
    }
    for (int64_t day = first; day <= last; day++) {
        struct str text = day_text(day, &p->arena);
        if (!text.ptr)
            return err_no_memory(err);
        if (!day_keys_have(keys, text))
            keys->items[keys->len++] = text;
    }
    return ERR_OK;
}

/* Days that are final with this answer; all of an order's when they begin, or cease, to be asked once more only. */
static enum err_class steps_final_days(struct figure_pass *p, const struct ask_mark *marks,
                                       struct steps *steps, struct err *err)
{
    struct day_keys keys = {.len = 0};
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < p->len; i++) {
        const struct figure_order *order = &p->orders[i];
        bool turns = marks[i].days_closing != order->closing;
        if (turns)
            class_ = day_keys_add(p, order->day_first, order->day_last, &keys, err);
        if (class_ == ERR_OK && (turns || days_to_after(p, order) > order->days_to))
            class_ = day_keys_add(p, order->day_next, order->day_next, &keys, err);
    }
    return class_ == ERR_OK
               ? steps_days_touched(p->run, keys.items, keys.len, &p->arena, steps, err)
               : class_;
}

static enum err_class day_commit(struct figure_pass *p, const struct question *q, struct err *err)
{
    struct batch *batch;
    struct steps steps = {.len = 0};
    struct ask_mark *marks = arena_array(&p->arena, p->len, sizeof *marks);
    if (!marks)
        return err_no_memory(err);
    for (size_t i = 0; i < p->len; i++)
        marks[i] = day_mark(p, &p->orders[i]);
    enum err_class class_ = day_rows(p, q, &batch, err);
    if (class_ == ERR_OK)
        class_ = steps_final_days(p, marks, &steps, err);
    if (class_ == ERR_OK)
        class_ = steps_day_asked(p->run, marks, p->len, &p->arena, &steps, err);
    return class_ == ERR_OK ? unit_commit(p, q, p->len, &batch, 1, &steps, err) : class_;
}

enum err_class day_ask(struct figure_pass *p, struct err *err)
{
    struct question *q = arena_alloc(&p->arena, sizeof *q);
    if (!q)
        return err_no_memory(err);
    q->from_day = q->to_day = p->orders[0].day_next;
    for (size_t i = 0; i < p->len; i++)
        if (p->orders[i].day_next <= order_last_day(p, &p->orders[i]))
            question_add(q, &p->orders[i]);
    enum err_class class_ = q->len > 0 ? question_ask(p, q, err) : ERR_OK;
    return class_ == ERR_OK ? day_commit(p, q, err) : class_;
}

void days_begin(struct figure_pass *p, const struct figure_order *order, struct ask_mark *mark)
{
    mark->days_to = day_text(order->days_to, &p->arena);
    mark->days_next_ms = ASK_NEVER;
    if (order->day_next > order_last_day(p, order))
        return;
    mark->day_next = day_text(order->day_next, &p->arena);
    mark->days_next_ms = p->due_ms;
}

/* --- corrections --- */

/* The order's money is less than what is stored. Other figures fall in the ordinary course of things: people
 * take likes back. */
static enum err_class money_fell(struct figure_pass *p, struct reader **lives,
                                 const struct figure_order *order, bool *out, struct err *err)
{
    const struct sql_value values[] = {sql_int(p->run->shop->id), sql_text(order->id)};
    struct figure_sum stored;
    enum err_class class_ = ERR_OK;
    if (!*lives)
        class_ = store_read_snapshot(p->run->sync->options.store, p->life_sql.ptr, lives, err);
    if (class_ == ERR_OK)
        class_ = reader_ask(*lives, values, 2, err);
    if (class_ != ERR_OK || !reader_next(*lives))
        return class_;
    class_ = figure_sum_read(&p->layout, *lives, 0, &p->arena, &stored, err);
    *out = class_ == ERR_OK && figure_money_fell(&p->layout, &stored, &order->sum);
    return class_;
}

static enum err_class steps_reopen(struct figure_pass *p, const struct figure_order *order,
                                   struct day_keys *keys, struct steps *steps, struct err *err)
{
    struct str before = day_text(order->day_first - 1, &p->arena);
    const struct sql_value values[] = {
        sql_int(p->run->shop->id),
        sql_text(p->stream->name),
        sql_text(order->id),
        sql_text(before),
        order->days_done ? sql_text(day_text(order->day_first, &p->arena)) : sql_null(),
    };
    enum err_class class_ = steps_add(steps, SQL_DAYS_REOPEN, values, 5, 1, &p->arena, err);
    /* None of them is final any more. */
    return class_ == ERR_OK ? day_keys_add(p, order->day_first, order->days_to, keys, err) : class_;
}

enum err_class steps_days_again(struct figure_pass *p, const struct question *q,
                                struct steps *steps, struct err *err)
{
    struct reader *lives = NULL; /* opened for the first order that needs it */
    struct day_keys keys = {.len = 0};
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < q->len; i++) {
        const struct figure_order *order = q->orders[i];
        bool again = order->days_done;
        if (!order->changed || order->day_first == NO_DAY || order->day_first > order->days_to)
            continue;
        if (!again)
            class_ = money_fell(p, &lives, order, &again, err);
        if (class_ == ERR_OK && again)
            class_ = steps_reopen(p, order, &keys, steps, err);
    }
    enum err_class closed = lives ? reader_close(lives, class_ == ERR_OK ? err : NULL) : ERR_OK;
    class_ = class_ == ERR_OK ? closed : class_;
    return class_ == ERR_OK
               ? steps_days_touched(p->run, keys.items, keys.len, &p->arena, steps, err)
               : class_;
}

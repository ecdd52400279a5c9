/* What changed for all orders of a SKU over a range of days: one UPDATE for each stretch of days that has one cost. */
#include <string.h>

#include "derive/trade.h"
#include "derive/trade_sql.h"

/* The days on which a SKU was sold, of one range: as many as one transaction should hold. */
struct sku_day {
    struct str day, currency;
    struct trade_value cost;
};
struct sku_days {
    const struct derive_work *work;
    struct sku_day *items;
    size_t len, room;
    int64_t orders;
    struct str next; /* the first day that is left for later; NULL text: none */
};

enum err_class trade_touch(const struct derive_work *work, const char *table, struct str key,
                           struct err *err)
{
    return work_touch(work, table, &key, 1, err);
}

static enum err_class sku_day_row(struct reader *row, void *context, struct err *err)
{
    struct sku_days *days = context;
    struct str day = reader_text(row, 0);
    bool other = days->len > 0 && !str_eq(days->items[days->len - 1].day, day);
    /* A day is never cut: its currencies stay together. */
    if (days->next.ptr)
        return ERR_OK;
    if (other && (days->orders >= TRADE_RANGE_ORDERS || days->len >= TRADE_RANGE_DAYS)) {
        days->next = arena_dup(days->work->arena, day);
        return days->next.ptr ? ERR_OK : err_no_memory(err);
    }
    void *items = arena_grow(days->work->arena, days->items, days->len, &days->room,
                             sizeof *days->items);
    if (!items)
        return err_no_memory(err);
    days->items = items;
    struct sku_day *item = &days->items[days->len++];
    *item = (struct sku_day){.day = arena_dup(days->work->arena, day),
                             .currency = arena_dup(days->work->arena, reader_text(row, 1))};
    days->orders += reader_int(row, 2);
    return item->day.ptr && item->currency.ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class sku_days_read(struct sku_days *days, struct str sku_id, struct str from_day,
                                    struct str before_day, struct err *err)
{
    const struct sql_value values[] = {sql_int(days->work->shop_id), sql_text(sku_id),
                                       sql_text(from_day), sql_text(before_day),
                                       sql_int(TRADE_RANGE_DAYS * 2)};
    return work_query(days->work, SQL_TRADE_SKU_DAYS, values, 5, sku_day_row, days, err);
}

enum { DAY_MS = 86400000 };

/* ?1 … ?6 of what changes rows of a SKU. */
static enum err_class range_values(const struct derive_work *work, struct str sku_id,
                                   struct str first, struct str last, struct sql_value *values,
                                   struct err *err)
{
    int64_t from_ms = 0, until_ms = 0;
    enum err_class class_ = time_parse(STR("%Y-%m-%d"), zone_utc(), first, &from_ms, err);
    if (class_ == ERR_OK)
        class_ = time_parse(STR("%Y-%m-%d"), zone_utc(), last, &until_ms, err);
    values[0] = sql_int(work->shop_id);
    values[1] = sql_text(sku_id);
    values[2] = sql_text(first);
    values[3] = sql_text(last);
    values[4] = sql_int(from_ms - ZONE_AHEAD_MAX_MS);
    values[5] = sql_int(until_ms + DAY_MS + ZONE_BEHIND_MAX_MS);
    return class_;
}

/* What is left of the range, in a unit of its own. */
static enum err_class touch_rest(const struct sku_days *days, const char *table, struct str sku_id,
                                 struct err *err)
{
    if (!days->next.ptr)
        return ERR_OK;
    struct str key = arena_printf(days->work->arena, "%.*s\x1f%.*s", STR_ARG(sku_id),
                                  STR_ARG(days->next));
    return key.ptr ? trade_touch(days->work, table, key, err) : err_no_memory(err);
}

static enum err_class days_add(const struct sku_days *range, size_t first, size_t last,
                               struct cells *days, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = first; class_ == ERR_OK && i <= last; i++)
        class_ = cells_add(days, range->items[i].day, STR(""), err);
    return class_;
}

/* The first text of the answer, kept; `otherwise` where it is NULL or there is none. */
struct text_reading {
    struct arena *arena;
    struct str text;
};
static enum err_class text_row(struct reader *row, void *context, struct err *err)
{
    struct text_reading *r = context;
    if (reader_is_null(row, 0))
        return ERR_OK;
    r->text = arena_dup(r->arena, reader_text(row, 0));
    return r->text.ptr ? ERR_OK : err_no_memory(err);
}
static enum err_class read_text(const struct derive_work *work, const char *sql,
                                const struct sql_value *values, size_t values_len,
                                struct str otherwise, struct str *out, struct err *err)
{
    struct text_reading reading = {work->arena, otherwise};
    enum err_class class_ = work_query(work, sql, values, values_len, text_row, &reading, err);
    *out = reading.text;
    return class_;
}

/* --- cost --- */

static bool same_cost(const struct sku_day *a, const struct sku_day *b)
{
    return str_eq(a->currency, b->currency) && a->cost.known == b->cost.known &&
           (!a->cost.known || a->cost.number == b->cost.number);
}

/* Days first … last of the range have one cost; days between them on which nothing was sold have no rows. */
static enum err_class stretch_update(const struct sku_days *range, size_t first, size_t last,
                                     struct str sku_id, struct trade_days *days, struct err *err)
{
    const struct sku_day *a = &range->items[first], *b = &range->items[last];
    const struct derive_work *work = range->work;
    struct sql_value values[9];
    int64_t changed = 0;
    enum err_class class_ = range_values(work, sku_id, a->day, b->day, values, err);
    values[6] = sql_text(a->currency);
    values[7] = sql_int(work->now_ms);
    values[8] = sql_int(a->cost.number);
    if (class_ == ERR_OK)
        class_ = tx_exec(work->tx, a->cost.known ? SQL_TRADE_COST_SET : SQL_TRADE_COST_UNSET,
                         values, a->cost.known ? 9 : 8, &changed, err);
    if (class_ != ERR_OK || changed == 0)
        return class_;
    class_ = work_later(work, SQL_TRADE_CELLS_COST, values, 6, err);
    return class_ == ERR_OK ? days_add(range, first, last, &days->costs, err) : class_;
}

enum err_class trade_cost_range(const struct derive_work *work, struct str sku_id,
                                struct str from_day, struct trade_days *days, struct err *err)
{
    struct sku_days range = {.work = work};
    struct cost_book book;
    struct str before_day;
    const struct sql_value values[] = {sql_int(work->shop_id), sql_text(sku_id),
                                       sql_text(from_day)};
    enum err_class class_ = read_text(work, SQL_TRADE_COST_NEXT, values, 3, STR(TRADE_DAYS_END),
                                      &before_day, err);
    if (class_ == ERR_OK)
        class_ = sku_days_read(&range, sku_id, from_day, before_day, err);
    if (class_ == ERR_OK)
        class_ = cost_book_read(&book, work, &sku_id, 1, err);
    days->orders += range.orders;
    for (size_t i = 0; class_ == ERR_OK && i < range.len; i++)
        class_ = cost_at(&book, sku_id, range.items[i].day, range.items[i].currency,
                         &range.items[i].cost, err);
    for (size_t first = 0, last; class_ == ERR_OK && first < range.len; first = last + 1) {
        for (last = first; last + 1 < range.len; last++)
            if (!same_cost(&range.items[first], &range.items[last + 1]))
                break;
        class_ = stretch_update(&range, first, last, sku_id, days, err);
    }
    return class_ == ERR_OK ? touch_rest(&range, "sku_cost", sku_id, err) : class_;
}

/* --- person --- */

enum err_class trade_person_range(const struct derive_work *work, struct str shop_person,
                                  struct str sku_id, struct str from_day, struct trade_days *days,
                                  struct err *err)
{
    struct sku_days range = {.work = work};
    struct str person;
    int64_t changed = 0;
    const struct sql_value sku[] = {sql_int(work->shop_id), sql_text(sku_id)};
    enum err_class class_ = read_text(work, SQL_TRADE_PRODUCT_PERSON, sku, 2, shop_person, &person,
                                      err);
    if (class_ == ERR_OK)
        class_ = read_text(work, SQL_TRADE_PERSON, sku, 2, person, &person, err);
    if (class_ == ERR_OK)
        class_ = sku_days_read(&range, sku_id, from_day, STR(TRADE_DAYS_END), err);
    days->orders += range.orders;
    if (class_ != ERR_OK || range.len == 0)
        return class_;
    struct sql_value values[8];
    class_ = range_values(work, sku_id, range.items[0].day, range.items[range.len - 1].day, values,
                          err);
    values[6] = sql_text(person);
    values[7] = sql_int(work->now_ms);
    if (class_ == ERR_OK)
        class_ = tx_exec(work->tx, SQL_TRADE_PERSON_SET, values, 8, &changed, err);
    if (class_ == ERR_OK && changed > 0)
        class_ = days_add(&range, 0, range.len - 1, &days->whole, err);
    return class_ == ERR_OK ? touch_rest(&range, "sku_person", sku_id, err) : class_;
}

/* --- rate --- */

struct rate_costs {
    struct arena *arena;
    struct str *keys;
    size_t len, room;
};
static enum err_class rate_cost(struct reader *row, void *context, struct err *err)
{
    struct rate_costs *costs = context;
    void *keys = arena_grow(costs->arena, costs->keys, costs->len, &costs->room,
                            sizeof *costs->keys);
    if (!keys)
        return err_no_memory(err);
    costs->keys = keys;
    struct str key = arena_printf(costs->arena, "%.*s\x1f%.*s", STR_ARG(reader_text(row, 0)),
                                  STR_ARG(reader_text(row, 1)));
    costs->keys[costs->len++] = key;
    return key.ptr ? ERR_OK : err_no_memory(err);
}

enum err_class trade_rate_range(const struct derive_work *work, struct str base, struct str quote,
                                struct str day, struct err *err)
{
    struct str before_day;
    const struct sql_value rate[] = {sql_text(base), sql_text(quote), sql_text(day)};
    struct rate_costs costs = {.arena = work->arena};
    enum err_class class_ = read_text(work, SQL_TRADE_RATE_NEXT, rate, 3, STR(TRADE_DAYS_END),
                                      &before_day, err);
    const struct sql_value values[] = {sql_int(work->shop_id), sql_text(base), sql_text(day),
                                       sql_text(before_day)};
    if (class_ == ERR_OK)
        class_ = work_query(work, SQL_TRADE_RATE_COSTS, values, 4, rate_cost, &costs, err);
    return class_ == ERR_OK ? work_touch(work, "sku_cost", costs.keys, costs.len, err) : class_;
}

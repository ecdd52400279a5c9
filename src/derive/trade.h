/* What trade orders come to. Private to derive. docs/derive.md ("Sales, cost, profit") says what each figure means; this
 * is its one definition, and trade_sql.h has the two sums that follow from it.
 *
 *   trade.c         the maker: touched orders, and what people changed
 *   trade_order.c   stored orders read and worked out
 *   trade_cost.c    what a piece cost on a day, in the order's currency
 *   trade_range.c   a cost, rate or person that changed: all orders of a SKU over a range of days, as a whole
 *   trade_day.c     days read anew from their results */
#ifndef HUILIU_DERIVE_TRADE_H
#define HUILIU_DERIVE_TRADE_H

#include "derive/maker.h"
enum {
    /* A larger number of pieces is no order but a mistake: it is taken as not told, so that pieces × cost fits 64 bits
     * and databases and C agree about every product. */
    TRADE_PIECES_MAX = 1000000,
    /* Orders (distinct parents) whose cost or person is changed in one transaction: about a second of a small machine. */
    TRADE_RANGE_ORDERS = 20000,
    TRADE_RANGE_DAYS = 2000,
};
/* An amount beyond it is taken as not told: ten million millions, in minor units. Sums of a million such fit. */
#define TRADE_AMOUNT_MAX INT64_C(1000000000000000)
/* The end of a range of days that has none: behind every day in byte order. */
#define TRADE_DAYS_END "~"

struct trade_value {
    bool known;
    int64_t number;
};

/* --- cost --- */
struct cost_entry {
    struct str from_day;
    struct trade_value cost; /* not known: from this day on nobody knows */
    struct str currency;
};
struct cost_line { /* of a SKU, by from_day */
    struct str sku_id;
    struct cost_entry *entries;
    size_t len, room;
};
struct rate_entry {
    struct str day;
    int64_t billionths;
};
struct rate_line { /* of a pair of currencies, by day */
    struct str base, quote;
    struct rate_entry *entries;
    size_t len, room;
};
struct cost_book {
    const struct derive_work *work;
    struct cost_line *lines; /* by sku_id */
    size_t lines_len, lines_room;
    struct rate_line *rates;
    size_t rates_len, rates_room;
};
/* Reads the costs of these SKUs. */
enum err_class cost_book_read(struct cost_book *book, const struct derive_work *work,
                              const struct str *skus, size_t skus_len, struct err *err);
/* What a piece cost on a day, in minor units of `currency`: half to even where it is converted by the rate that held
 * on that day. Not known: no cost, no such rate, or a currency that nobody knows. */
enum err_class cost_at(struct cost_book *book, struct str sku_id, struct str day,
                       struct str currency, struct trade_value *out, struct err *err);
/* Pure: minor units of `from_exponent` decimals at a rate in billionths, in those of `to_exponent`; false: it does not fit. */
bool cost_convert(int64_t minor, int from_exponent, int64_t rate_billionths, int to_exponent,
                  int64_t *out);

/* --- days --- */
/* Days whose sums are to be read anew: of orders that changed (perhaps later: work->sums_later), from all of their
 * results, or only from cells that are new already because nothing but costs changed (trade_sql.h says what a cell is). */
struct trade_days {
    struct cells changed, whole, costs;
    int64_t orders; /* of ranges of this unit so far */
};

/* --- an order --- */
/* As it is stored; times are UTC ms. */
struct trade_order {
    struct str order_id, parent_id, sku_id, spu_id, stage, currency, person, day;
    int64_t created_ms;
    struct trade_value pieces, pay, unit_price, refund, vouchers, receipt, freight, commission;
    struct trade_value ship_by_ms, shipped_ms, delivered_ms;
};
struct trade_figures {
    bool counts;
    struct trade_value gmv, refunds, received, goods_cost, profit_before_ads, late;
};
/* Pure. */
void trade_work_out(const struct trade_order *order, struct trade_value unit_cost,
                    struct trade_figures *out);
/* The results of orders as they are stored and as they are now; nothing is written. */
enum err_class trade_results_make(const struct derive_work *work, const struct str *ids,
                                  size_t ids_len, struct results *results, struct err *err);
/* Into `days` those that results which were written are and were of. */
enum err_class trade_results_days(const struct results *results, struct trade_days *days,
                                  struct err *err);
/* Who is in charge of what nobody else is. */
enum err_class trade_shop_person(const struct derive_work *work, struct str *out, struct err *err);
/* trade_audit.c */
enum err_class trade_audit(const struct derive_work *work, struct audit *audit, struct err *err);

/* --- ranges --- */
/* The cost of a SKU from a day on changed: its orders up to the next entry. What is more than one transaction should
 * hold is touched again from the day where it stopped. */
enum err_class trade_cost_range(const struct derive_work *work, struct str sku_id,
                                struct str from_day, struct trade_days *days, struct err *err);
/* Who is in charge of a SKU changed: its orders from a day on ("": all). */
enum err_class trade_person_range(const struct derive_work *work, struct str shop_person,
                                  struct str sku_id, struct str from_day, struct trade_days *days,
                                  struct err *err);
/* A rate from a day on changed: the ranges of all costs in its base currency are touched. */
enum err_class trade_rate_range(const struct derive_work *work, struct str base, struct str quote,
                                struct str day, struct err *err);

/* Reads the days anew. */
enum err_class trade_days_write(const struct derive_work *work, struct trade_days *days,
                                struct err *err);

/* The row is touched again, for another unit. */
enum err_class trade_touch(const struct derive_work *work, const char *table, struct str key,
                           struct err *err);

#endif

/* Trade orders as they are stored, and what each comes to. */
#include "derive/trade.h"
#include "derive/trade_sql.h"

/* --- one order, worked out: no I/O --- */

static struct trade_value known(int64_t number)
{
    return (struct trade_value){true, number};
}

/* What is out of all proportion is not told (trade.h). */
static struct trade_value amount(struct trade_value value)
{
    value.known = value.known && value.number >= -TRADE_AMOUNT_MAX &&
                  value.number <= TRADE_AMOUNT_MAX;
    return value;
}

static struct trade_value times(struct trade_value a, struct trade_value b)
{
    struct trade_value product = {.known = false};
    if (a.known && b.known && i64_mul(a.number, b.number, &product.number))
        product.known = true;
    return product;
}

static int64_t or_nothing(struct trade_value value)
{
    return value.known ? value.number : 0;
}

/* Neither what was never paid nor what was called off or paid back whole is a sale. A stage that no manifest tells
 * counts: an order that we cannot read must not vanish from the sums. */
static bool stage_counts(struct str stage)
{
    return !str_eq(stage, STR("placed")) && !str_eq(stage, STR("cancelled")) &&
           !str_eq(stage, STR("refunded"));
}

void trade_work_out(const struct trade_order *order, struct trade_value unit_cost,
                    struct trade_figures *out)
{
    *out = (struct trade_figures){.counts = stage_counts(order->stage)};
    out->gmv = amount(order->pay);
    if (!out->gmv.known)
        out->gmv = amount(times(order->unit_price, order->pieces));
    /* Never both: the order's own refund is the platform's word about the whole of it. */
    out->refunds = amount(order->refund);
    if (!out->refunds.known)
        out->refunds = amount(order->vouchers);
    if (!out->refunds.known)
        out->refunds = known(0); /* one of which nobody tells did not happen */
    out->received = amount(order->receipt);
    if (!out->received.known)
        out->received = out->gmv;
    out->goods_cost = amount(times(order->pieces, unit_cost));
    if (out->received.known && out->goods_cost.known)
        out->profit_before_ads = known(out->received.number - out->refunds.number -
                                       out->goods_cost.number - or_nothing(amount(order->freight)) -
                                       or_nothing(amount(order->commission)));
    if (order->ship_by_ms.known && order->shipped_ms.known)
        out->late = known(order->shipped_ms.number > order->ship_by_ms.number);
}

/* --- reading --- */

enum order_column {
    ORDER_ID,
    ORDER_PARENT,
    ORDER_SKU,
    ORDER_SPU,
    ORDER_STAGE,
    ORDER_CURRENCY,
    ORDER_PERSON,
    ORDER_CREATED,
    ORDER_PAID,
    ORDER_SEEN,
    ORDER_PIECES,
    ORDER_PAY,
    ORDER_UNIT_PRICE,
    ORDER_REFUND,
    ORDER_RECEIPT,
    ORDER_FREIGHT,
    ORDER_COMMISSION,
    ORDER_SHIP_BY,
    ORDER_SHIPPED,
    ORDER_DELIVERED,
    ORDER_VOUCHERS,
    ORDER_SKU_CODE,
    ORDER_SKU_NAME,
};

struct order_reading {
    const struct derive_work *work;
    struct str shop_person;
    struct trade_order *orders;
    size_t len, room;
    struct names names;
    bool failed;
};

static struct str text_at(struct order_reading *r, const struct reader *row, int column)
{
    struct str text = arena_dup(r->work->arena, reader_text(row, column));
    r->failed |= !text.ptr;
    return text;
}

static struct trade_value value_at(const struct reader *row, int column)
{
    return reader_is_null(row, column) ? (struct trade_value){.known = false}
                                       : known(reader_int(row, column));
}

/* An order whose time of placing nobody tells is of the day on which it was paid, else first seen. */
static int64_t placed_ms(const struct reader *row)
{
    if (!reader_is_null(row, ORDER_CREATED))
        return reader_int(row, ORDER_CREATED);
    return reader_int(row, reader_is_null(row, ORDER_PAID) ? ORDER_SEEN : ORDER_PAID);
}

static enum err_class order_row(struct reader *row, void *context, struct err *err)
{
    struct order_reading *r = context;
    void *items = arena_grow(r->work->arena, r->orders, r->len, &r->room, sizeof *r->orders);
    if (!items)
        return err_no_memory(err);
    r->orders = items;
    struct trade_order *order = &r->orders[r->len++];
    *order = (struct trade_order){
        .order_id = text_at(r, row, ORDER_ID),
        .parent_id = text_at(r, row, ORDER_PARENT),
        .sku_id = text_at(r, row, ORDER_SKU),
        .spu_id = text_at(r, row, ORDER_SPU),
        .stage = text_at(r, row, ORDER_STAGE),
        .currency = text_at(r, row, ORDER_CURRENCY),
        .person = reader_is_null(row, ORDER_PERSON) ? r->shop_person
                                                    : text_at(r, row, ORDER_PERSON),
        .created_ms = placed_ms(row),
        .pieces = value_at(row, ORDER_PIECES),
        .pay = value_at(row, ORDER_PAY),
        .unit_price = value_at(row, ORDER_UNIT_PRICE),
        .refund = value_at(row, ORDER_REFUND),
        .vouchers = value_at(row, ORDER_VOUCHERS),
        .receipt = value_at(row, ORDER_RECEIPT),
        .freight = amount(value_at(row, ORDER_FREIGHT)),
        .commission = amount(value_at(row, ORDER_COMMISSION)),
        .ship_by_ms = value_at(row, ORDER_SHIP_BY),
        .shipped_ms = value_at(row, ORDER_SHIPPED),
        .delivered_ms = value_at(row, ORDER_DELIVERED),
    };
    if (order->parent_id.len == 0)
        order->parent_id = order->order_id;
    order->pieces.known = order->pieces.known && order->pieces.number >= -TRADE_PIECES_MAX &&
                          order->pieces.number <= TRADE_PIECES_MAX;
    order->day = work_day(r->work, order->created_ms);
    const struct order_name name = {.kind = "sku",
                                    .id = order->sku_id,
                                    .code = text_at(r, row, ORDER_SKU_CODE),
                                    .name = text_at(r, row, ORDER_SKU_NAME),
                                    .order_id = order->order_id};
    return r->failed || !order->day.ptr ? err_no_memory(err) : names_add(&r->names, name, err);
}

/* --- writing --- */

static struct sql_value sql_of(struct trade_value value)
{
    return sql_int_or_null(value.number, value.known);
}

static enum err_class order_result(const struct derive_work *work, struct cost_book *book,
                                   const struct results *results, const struct trade_order *order,
                                   struct err *err)
{
    struct result_row *row = results_find(results, order->order_id);
    struct trade_value unit_cost;
    struct trade_figures figures;
    enum err_class class_ = result_make(work, results, row, err);
    if (class_ == ERR_OK)
        class_ = cost_at(book, order->sku_id, order->day, order->currency, &unit_cost, err);
    if (class_ != ERR_OK)
        return class_;
    trade_work_out(order, unit_cost, &figures);
    const struct {
        const char *column;
        struct sql_value value;
    } cells[] = {
        {"parent_id", sql_text(order->parent_id)},
        {"sku_id", sql_text(order->sku_id)},
        {"spu_id", sql_text(order->spu_id)},
        {"person", sql_text(order->person)},
        {"stage", sql_text(order->stage)},
        {"counts", sql_int(figures.counts)},
        {"created_ms", sql_int(order->created_ms)},
        {"day", sql_text(order->day)},
        {"currency", sql_text(order->currency)},
        {"pieces", sql_of(order->pieces)},
        {"gmv", sql_of(figures.gmv)},
        {"refunds", sql_of(figures.refunds)},
        {"received", sql_of(figures.received)},
        {"unit_cost", sql_of(unit_cost)},
        {"goods_cost", sql_of(figures.goods_cost)},
        {"freight", sql_of(order->freight)},
        {"commission", sql_of(order->commission)},
        {"profit_before_ads", sql_of(figures.profit_before_ads)},
        {"late", sql_of(figures.late)},
        {"delivered_ms", sql_of(order->delivered_ms)},
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        result_set(results, row, cells[i].column, cells[i].value);
    return ERR_OK;
}

/* Each of the ids once: `results` has them so. */
static enum err_class orders_read(struct order_reading *r, const struct results *results,
                                  struct err *err)
{
    struct str *ids = arena_array(r->work->arena, results->len + 1, sizeof *ids);
    if (!ids)
        return err_no_memory(err);
    for (size_t i = 0; i < results->len; i++)
        ids[i] = results->rows[i].id;
    const struct sql_value values[] = {sql_int(r->work->shop_id),
                                       ids_json(ids, results->len, r->work->arena)};
    return values[1].text.ptr ? work_query(r->work, SQL_TRADE_ORDERS, values, 2, order_row, r, err)
                              : err_no_memory(err);
}

static enum err_class costs_read(struct order_reading *r, struct cost_book *book, struct err *err)
{
    struct cells skus;
    enum err_class class_ = ERR_OK;
    cells_init(&skus);
    for (size_t i = 0; class_ == ERR_OK && i < r->len; i++)
        class_ = cells_add(&skus, r->orders[i].sku_id, STR(""), err);
    struct str *ids = arena_array(r->work->arena, skus.len + 1, sizeof *ids);
    if (class_ == ERR_OK && !ids)
        class_ = err_no_memory(err);
    for (size_t i = 0; class_ == ERR_OK && i < skus.len; i++) {
        struct str rest;
        cell_cut(skus.items[i], &ids[i], &rest);
    }
    if (class_ == ERR_OK)
        class_ = cost_book_read(book, r->work, ids, skus.len, err);
    cells_fini(&skus);
    return class_;
}

enum err_class trade_results_make(const struct derive_work *work, const struct str *ids,
                                  size_t ids_len, struct results *results, struct err *err)
{
    struct cost_book book;
    struct order_reading reading = {.work = work};
    names_init(&reading.names, work);
    enum err_class class_ = results_read(work, STR("trade_result"), ids, ids_len, results, err);
    if (class_ == ERR_OK)
        class_ = trade_shop_person(work, &reading.shop_person, err);
    if (class_ == ERR_OK)
        class_ = orders_read(&reading, results, err);
    if (class_ == ERR_OK)
        class_ = costs_read(&reading, &book, err);
    for (size_t i = 0; class_ == ERR_OK && i < reading.len; i++)
        class_ = order_result(work, &book, results, &reading.orders[i], err);
    return names_end(&reading.names, class_, results, err);
}

enum err_class trade_results_days(const struct results *results, struct trade_days *days,
                                  struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < results->len; i++) {
        const struct result_row *row = &results->rows[i];
        if (!row->changed)
            continue;
        if (row->stored)
            class_ = cells_add(&days->changed, result_get(results, row->stored, "day").text,
                               STR(""), err);
        if (class_ == ERR_OK && row->values)
            class_ = cells_add(&days->changed, result_get(results, row->values, "day").text,
                               STR(""), err);
    }
    return class_;
}

/* The maker of trade results: orders that were touched, and costs, rates and persons that people changed. */
#include "derive/trade.h"
#include "derive/trade_sql.h"

enum { OF_ORDER, OF_COST, OF_PERSON, OF_PRODUCT, OF_RATE, OF_DAY };
static const char *const tables[] = {
    [OF_ORDER] = "trade_order", [OF_COST] = "sku_cost",      [OF_PERSON] = "sku_person",
    [OF_PRODUCT] = "product",   [OF_RATE] = "exchange_rate", [OF_DAY] = "trade_day",
    [OF_DAY + 1] = NULL};

struct shop_reading {
    const struct derive_work *work;
    struct str person;
};
static enum err_class shop_row(struct reader *row, void *context, struct err *err)
{
    struct shop_reading *r = context;
    r->person = arena_dup(r->work->arena, reader_text(row, 0));
    return r->person.ptr ? ERR_OK : err_no_memory(err);
}

enum err_class trade_shop_person(const struct derive_work *work, struct str *out, struct err *err)
{
    struct shop_reading shop = {work, STR("")};
    const struct sql_value id = sql_int(work->shop_id);
    enum err_class class_ = work_query(work, SQL_TRADE_SHOP, &id, 1, shop_row, &shop, err);
    *out = shop.person;
    return class_;
}

static enum err_class range_of(const struct derive_work *work, const struct touched_row *row,
                               struct str person, struct trade_days *days, struct err *err)
{
    struct str quote, day;
    /* What a unit holds is bounded: the others wait for the next. */
    if (days->orders >= TRADE_RANGE_ORDERS && row->table >= OF_COST && row->table <= OF_RATE)
        return trade_touch(work, tables[row->table], row->key, err);
    switch (row->table) {
    case OF_COST:
        return trade_cost_range(work, row->id, row->rest, days, err);
    case OF_PERSON:
        return trade_person_range(work, person, row->id, row->rest, days, err);
    case OF_PRODUCT:
        return trade_person_range(work, person, row->id, STR(""), days, err);
    case OF_RATE:
        str_cut(row->rest, '\x1f', &quote, &day);
        return trade_rate_range(work, row->id, quote, day, err);
    case OF_DAY:
        return cells_add(&days->whole, row->id, STR(""), err);
    default:
        return ERR_OK;
    }
}

/* Orders before everything else: they took the newest cost and person by themselves. */
static enum err_class trade_make(const struct derive_work *work, const struct touched_row *rows,
                                 size_t rows_len, const struct results *results, struct err *err)
{
    struct trade_days days = {.orders = 0};
    struct str person;
    cells_init(&days.changed);
    cells_init(&days.whole);
    cells_init(&days.costs);
    enum err_class class_ = results_write(work, results, err);
    if (class_ == ERR_OK)
        class_ = names_write(work, results, err);
    if (class_ == ERR_OK)
        class_ = trade_results_days(results, &days, err);
    if (class_ == ERR_OK)
        class_ = trade_shop_person(work, &person, err);
    for (size_t i = 0; class_ == ERR_OK && i < rows_len; i++)
        class_ = range_of(work, &rows[i], person, &days, err);
    if (class_ == ERR_OK && FAIL_POINT("derive.trade"))
        class_ = err_set(err, ERR_STORE, "store_io", "fail point derive.trade");
    if (class_ == ERR_OK)
        class_ = trade_days_write(work, &days, err);
    cells_fini(&days.changed);
    cells_fini(&days.whole);
    cells_fini(&days.costs);
    return class_;
}

/* Results and days that nothing stands behind any more are looked at as well: they go. */
static const struct rebuild_walk walks[] = {
    {"trade_order", SQL_TRADE_WALK_ORDERS, WALK_MS, ""},
    {"trade_order", SQL_TRADE_WALK_RESULTS, WALK_DAYS, ""},
    {"trade_day", SQL_TRADE_WALK_DAYS, WALK_DAYS, ""},
};

const struct maker trade_maker = {.name = "trade",
                                  .tables = tables,
                                  .ranges_from = OF_COST,
                                  .sums_from = OF_DAY,
                                  .results = trade_results_make,
                                  .make = trade_make,
                                  .walks = walks,
                                  .walks_len = sizeof walks / sizeof *walks,
                                  .audit = trade_audit};

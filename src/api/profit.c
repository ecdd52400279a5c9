/* Profit: of days and shops after ads, of SKUs, SPUs, persons and orders before ads; rows whose cost is unknown are counted
 * beside (docs/derive.md, "Sales, cost, profit"). */
#include <stdlib.h>
#include <string.h>

#include "api/change.h"
#include "api/host.h"
#include "api/lists.h"
#include "api/sales.h"
#include "api/spend.h"
#include "api/sql.h"
#include "api/tables.h"

enum { DAYS_MAX = 3660 };
enum profit_by { PROFIT_DAY, PROFIT_SHOP, PROFIT_SKU, PROFIT_SPU, PROFIT_PERSON };
static const char *const profit_words[] = {"day", "shop", "sku", "spu", "person", NULL};

static const struct param profit_params[] = {
    LIST_PARAMS,
    PERIOD_PARAMS,
    SHOP_PARAM,
    {"by", PARAM_QUERY, PARAM_WORD, .words = profit_words, .standard = "day",
     .help = "day and shop: after ads; sku, spu, person: before ads. Orders: /profit/orders"},
    {0},
};

/* --- rows by day or shop: sales, and ads beside them --- */

struct profit_row {
    char key[24]; /* a day, or the number of a shop */
    struct sums_total total;
    bool sales[SUMS_CURRENCIES_MAX]; /* of the currency there are sales, not only ads */
};
struct profit_rows {
    struct call *call;
    const struct ad_accounts *ads;
    bool by_shop;
    size_t ad_spend; /* metric */
    struct profit_row **items;
    size_t len, room;
    struct sums_total totals;
};

static enum err_class row_of(struct profit_rows *rows, const struct sums_row *sums, int64_t shop,
                             struct profit_row **out, struct err *err)
{
    char key[24];
    struct buf text;
    buf_init_lent(&text, key, sizeof key);
    if (rows->by_shop)
        buf_printf(&text, "%lld", (long long)shop);
    else
        buf_add(&text, sums->dims[0]);
    struct str name = buf_str(&text);
    for (size_t i = 0; i < rows->len; i++)
        if (str_eq(str_of(rows->items[i]->key), name)) {
            *out = rows->items[i];
            return ERR_OK;
        }
    struct profit_row **items = arena_grow(rows->call->arena, rows->items, rows->len, &rows->room,
                                           sizeof *items);
    struct profit_row *row = arena_alloc(rows->call->arena, sizeof *row);
    if (!items || !row)
        return err_no_memory(err);
    rows->items = items;
    memcpy(row->key, name.ptr, name.len);
    rows->items[rows->len++] = row;
    *out = row;
    return ERR_OK;
}

static enum err_class sales_take(const struct sums_row *sums, void *context, struct err *err)
{
    struct profit_rows *rows = context;
    const struct metric_family *family = sums_family(rows->call, &sums_of_sales);
    struct profit_row *row;
    struct sums with_ads = sums->sums;
    /* Without ads their spend is nothing, and known. */
    with_ads.metrics.value[rows->ad_spend] = (struct figure){true, 0};
    enum err_class class_ = row_of(rows, sums, sums->numbers[0], &row, err);
    if (class_ == ERR_OK)
        class_ = total_add(family, &row->total, sums->currency, &with_ads, err);
    return class_ == ERR_OK ? total_add(family, &rows->totals, sums->currency, &with_ads, err)
                            : class_;
}

/* What an account spent is a part of its store's row; of accounts without a store only the days and totals know. */
static enum err_class ads_take(const struct sums_row *sums, void *context, struct err *err)
{
    struct profit_rows *rows = context;
    struct profit_row *row;
    int64_t store = rows->by_shop ? ad_accounts_store(rows->ads, sums->numbers[0]) : 0;
    struct sums spend;
    if (!spend_of(rows->call, &sums->sums, &spend))
        return ERR_OK;
    enum err_class class_ = spend_add(rows->call, &rows->totals, sums->currency, &sums->sums, err);
    if (class_ != ERR_OK || (rows->by_shop && store == 0))
        return class_;
    class_ = row_of(rows, sums, store, &row, err);
    return class_ == ERR_OK ? spend_add(rows->call, &row->total, sums->currency, &sums->sums, err)
                            : class_;
}

static int key_compare(const void *a, const void *b)
{
    const struct profit_row *const *x = a, *const *y = b;
    size_t m = strlen((*x)->key), n = strlen((*y)->key);
    return m == n ? strcmp((*x)->key, (*y)->key) : m < n ? -1 : 1;
}

static enum err_class rows_read(struct call *call, const struct shop_scope *shops,
                                const struct ad_accounts *ads, struct profit_rows *rows,
                                struct err *err)
{
    struct period period;
    struct sums_query sales = {.table = &sums_of_sales,
                               .kind = "shop",
                               .dims = {rows->by_shop ? "shop_id" : "day"},
                               .period = &period};
    enum err_class class_ = period_ask(call, shops, &period, err);
    if (class_ == ERR_OK)
        class_ = sums_read(call, &sales, sales_take, rows, err);
    if (class_ == ERR_OK)
        class_ = spend_read(call, shops, ads, sales.dims[0], ads_take, rows, err);
    if (class_ == ERR_OK && rows->len > 0)
        qsort(rows->items, rows->len, sizeof *rows->items, key_compare);
    return class_;
}

static enum err_class row_write(struct call *call, struct out *out, const struct profit_row *row,
                                bool by_shop, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < row->total.len; i++) {
        int64_t shop_id;
        out_object(out, NULL);
        if (by_shop && str_to_i64(str_of(row->key), &shop_id))
            shop_write(call, out, shop_id);
        else
            out_text(out, "day", str_of(row->key));
        class_ = total_one_write(call, out, &sums_of_sales, &row->total.sums[i],
                                 str_of(row->total.currency[i]), err);
        out_end_object(out);
    }
    return class_;
}

/* Days and shops are as many as there are: they come whole, in their order. */
static enum err_class after_ads(struct call *call, const struct shop_scope *shops,
                                enum profit_by by, struct err *err)
{
    struct ad_accounts *ads = arena_alloc(call->arena, sizeof *ads);
    struct profit_rows *rows = arena_alloc(call->arena, sizeof *rows);
    struct period period;
    struct out out;
    if (!ads || !rows)
        return err_no_memory(err);
    *rows = (struct profit_rows){
        .call = call,
        .ads = ads,
        .by_shop = by == PROFIT_SHOP,
        .ad_spend = metric_find(sums_family(call, &sums_of_sales), STR("ad_spend"))};
    enum err_class class_ = whole_check(call, err);
    if (class_ == ERR_OK)
        class_ = ad_accounts_read(call, ads, err);
    if (class_ == ERR_OK)
        class_ = rows_read(call, shops, ads, rows, err);
    if (class_ == ERR_OK)
        class_ = period_ask(call, shops, &period, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "by", str_of(profit_words[by]));
    period_write(&out, &period);
    out_list(&out, "items");
    for (size_t i = 0; class_ == ERR_OK && i < rows->len; i++)
        class_ = row_write(call, &out, rows->items[i], rows->by_shop, err);
    out_end_list(&out);
    if (class_ == ERR_OK)
        class_ = total_write(call, &out, "totals", &sums_of_sales, &rows->totals, err);
    if (class_ == ERR_OK)
        class_ = scope_end_write(call, &out, shops, err);
    out_end_object(&out);
    return class_;
}

/* --- SKUs, SPUs, persons: before ads --- */

static enum err_class before_ads(struct call *call, const struct shop_scope *shops,
                                 enum profit_by by, struct err *err)
{
    struct period period;
    struct rank_page page;
    struct out out;
    struct rank_query query = {
        .name = "profit",
        .sums = {.table = &sums_of_sales, .kind = profit_words[by], .dims = {"member"}}};
    query.sums.period = &period;
    enum err_class class_ = period_ask(call, shops, &period, err);
    if (class_ == ERR_OK)
        class_ = rank_of_call(call, &query, "-profit_before_ads", &page, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "by", str_of(profit_words[by]));
    period_write(&out, &period);
    class_ = ranked_write(call, &out, "items", &query, &page, err);
    rank_end_write(&out, &page);
    if (class_ == ERR_OK)
        class_ = scope_end_write(call, &out, shops, err);
    out_end_object(&out);
    return class_;
}

static enum err_class profit(struct call *call, struct err *err)
{
    struct shop_scope shops;
    enum profit_by by = (enum profit_by)call_int(call, "by");
    enum err_class class_ = call_shops(call, &shops, err);
    if (class_ != ERR_OK)
        return class_;
    if (by == PROFIT_DAY || by == PROFIT_SHOP)
        return after_ads(call, &shops, by, err);
    return before_ads(call, &shops, by, err);
}

/* --- orders --- */

static const struct list_column order_columns[] = {
    {"shop", "r.shop_id", .kind = LIST_NUMBER},
    {"order_id", "r.order_id", .kind = LIST_ID},
    {"parent_id", "r.parent_id", .kind = LIST_ID},
    {"sku_id", "r.sku_id", .kind = LIST_ID},
    {"person", "r.person", .kind = LIST_TEXT},
    {"day", "r.day", .kind = LIST_DAY},
    {"created_at", "r.created_ms", .kind = LIST_TIME, .sorts = true},
    {"counts", "r.counts", .kind = LIST_BOOL, .hidden = true},
    {"currency", "r.currency", .kind = LIST_TEXT},
    {"pieces", "r.pieces", .kind = LIST_INT, .unknown = true},
    {"gmv", "r.gmv", .kind = LIST_MONEY, .sorts = true, .unknown = true},
    {"received", "r.received", .kind = LIST_MONEY, .unknown = true},
    {"refunds", "r.refunds", .kind = LIST_MONEY, .unknown = true},
    {"unit_cost", "r.unit_cost", .kind = LIST_MONEY, .unknown = true},
    {"goods_cost", "r.goods_cost", .kind = LIST_MONEY, .unknown = true},
    {"freight", "r.freight", .kind = LIST_MONEY, .unknown = true},
    {"commission", "r.commission", .kind = LIST_MONEY, .unknown = true},
    {"profit_before_ads", "r.profit_before_ads", .kind = LIST_MONEY, .sorts = true,
     .unknown = true},
    {0},
};
const struct list profit_order_list = {
    .name = "profit_orders",
    .from = "trade_result r",
    .where = "r.counts = 1",
    .columns = order_columns,
    .key = {"shop", "order_id"},
    .sort = "-created_at",
    .shop = "r.shop_id",
    .day = "r.day",
    .day_ms = "r.created_ms",
};
#define ORDER_FILTERS                                                                              \
    SHOP_PARAM,                                                                                    \
        {"sku_id",           PARAM_QUERY,   PARAM_CODE, .many = true, .filter = LIST_ANY_OF,       \
         .column = "sku_id", .help = "SKUs"},                                                      \
        {"person",           PARAM_QUERY,        PARAM_TEXT, .many = true, .filter = LIST_ANY_OF,  \
         .column = "person", .help = "In charge"},                                                 \
        {"from",          PARAM_QUERY,                                                             \
         PARAM_DAY,       .filter = LIST_FROM_DAY,                                                 \
         .column = "day", .help = "Placed on this day or later, in the shop's zone"},              \
    {                                                                                              \
        "to", PARAM_QUERY, PARAM_DAY, .filter = LIST_UNTIL_DAY, .column = "day",                   \
                                      .help = "Placed on this day or earlier, the day included"    \
    }

static const struct param order_params[] = {LIST_PARAMS, ORDER_FILTERS, {0}};

static enum err_class profit_orders(struct call *call, struct err *err)
{
    return list_answer(call, &profit_order_list, err);
}

/* --- which store an account's ads are for --- */

static const struct param ads_of_params[] = {
    {"shop", PARAM_PATH, PARAM_TEXT, .required = true, .help = "Number or name of the ad account"},
    {"store", PARAM_BODY, PARAM_TEXT, .help = "Number or name of the store; empty: none"},
    {0},
};
struct ads_of_work {
    int64_t account, store;
};
static enum err_class ads_of_write(struct tx *tx, void *context, struct err *err)
{
    const struct ads_of_work *w = context;
    const struct sql_value values[] = {sql_int(w->account),
                                       sql_int_or_null(w->store, w->store > 0)};
    return tx_exec(tx, SQL_ADS_OF_SET, values, 2, NULL, err);
}

static enum err_class ads_of_put(struct call *call, struct err *err)
{
    struct shop_scope account;
    struct out out;
    struct str store = call_text(call, "store");
    struct ads_of_work work = {.store = 0};
    enum err_class class_ = call_shops(call, &account, err);
    const struct api_shop *shop = NULL;
    if (class_ == ERR_OK && store.len > 0)
        class_ = call_store_of(call, "store", store, &shop, err);
    if (class_ == ERR_OK && shop && shop->id == account.ids[0])
        return call_refuse(call, "store", "not_a_store", err, "an ad account is not its own store");
    if (class_ != ERR_OK)
        return class_;
    work.store = shop ? shop->id : 0;
    struct change change = {.line = audit_of(call, "shop.ads_of", call_text(call, "shop")),
                            .work = ads_of_write,
                            .context = &work};
    change.line.shop_id = work.account = account.ids[0];
    change.line.after = arena_printf(call->arena, "{\"store\":%lld}", (long long)work.store);
    class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_bool(&out, "set", true);
    out_end_object(&out);
    return ERR_OK;
}

const struct route profit_routes[] = {
    {ROUTE_GET, "/api/v1/profit", "profit", RIGHT_READ, profit_params, profit,
     .summary = "Profit by day, shop, SKU, SPU or person; rows without a known cost are counted",
     .answer = "Profit"},
    {ROUTE_GET, "/api/v1/profit/orders", "profitOrders", RIGHT_READ, order_params, profit_orders,
     .summary = "Profit before ads of each sale", .answer = "ProfitOrders"},
    {ROUTE_PUT, "/api/v1/shops/{shop}/ads-of", "shopAdsOf", RIGHT_ADMIN, ads_of_params, ads_of_put,
     .summary = "Says for which store an ad account's ads are", .answer = "Set"},
    {0},
};

/* Sales: by day, week, month, shop, SKU, SPU, person in charge; who sold most in a month. All of it is sums of trade_day,
 * where only sales count. */
#include <string.h>

#include "api/host.h"
#include "api/sales.h"
#include "api/spend.h"
#include "api/sql.h"
#include "api/tables.h"

const char *const by_words[] = {"day", "week", "month", "shop", "sku", "spu", "person", NULL};

static const struct param sales_params[] = {
    LIST_PARAMS,
    PERIOD_PARAMS,
    SHOP_PARAM,
    {"by", PARAM_QUERY, PARAM_WORD, .words = by_words, .standard = "day",
     .help =
         "A row for each; days, ISO weeks and months come in their order, the others by `sort`"},
    {0},
};

/* --- one row of a ranking --- */

static enum err_class name_write(struct call *call, struct out *out, const char *sql,
                                 int64_t shop_id, const char *id, struct err *err)
{
    struct reader *reader;
    const struct sql_value values[] = {sql_int(shop_id), sql_text(str_of(id))};
    enum err_class class_ = store_read(call->host->store, sql, values, 2, &reader, err);
    if (class_)
        return class_;
    bool found = reader_next(reader) && !reader_is_null(reader, 0);
    out_text_or_null(out, "name", found ? reader_text(reader, 0) : STR_NONE);
    return reader_close(reader, err);
}

enum err_class sku_name_write(struct call *call, struct out *out, int64_t shop_id,
                              const char *sku_id, struct err *err)
{
    return name_write(call, out, SQL_SKU_NAME, shop_id, sku_id, err);
}

void shop_write(struct call *call, struct out *out, int64_t shop_id)
{
    const struct api_shop *shop = host_shop(call->host, shop_id);
    out_id(out, "shop", shop_id);
    out_text_or_null(out, "shop_name", shop ? shop->name : STR_NONE);
}

/* `kind`: the dimension, which names the member. */
static enum err_class member_write(struct call *call, struct out *out, const char *kind,
                                   const struct rank_row *row, struct err *err)
{
    struct str member = str_of(row->dims[0]);
    if (strcmp(kind, "shop") == 0) {
        shop_write(call, out, row->numbers[0]);
        return ERR_OK;
    }
    out_text_or_null(out,
                     strcmp(kind, "person") == 0 ? "person"
                     : strcmp(kind, "sku") == 0  ? "sku_id"
                                                 : "spu_id",
                     member.len ? member : STR_NONE);
    if (strcmp(kind, "person") == 0)
        return ERR_OK;
    return name_write(call, out, strcmp(kind, "sku") == 0 ? SQL_SKU_NAME : SQL_SPU_NAME,
                      row->any_shop, row->dims[0], err);
}

enum err_class ranked_write(struct call *call, struct out *out, const char *key,
                            const struct rank_query *query, const struct rank_page *page,
                            struct err *err)
{
    enum err_class class_ = ERR_OK;
    out_list(out, key);
    for (size_t i = 0; !class_ && i < page->rows_len; i++) {
        const struct rank_row *row = page->rows[i];
        out_object(out, NULL);
        class_ = member_write(call, out, query->sums.kind, row, err);
        if (query->sums.dims[1] && strcmp(query->sums.dims[1], "shop_id") == 0)
            shop_write(call, out, row->numbers[1]);
        if (!class_)
            class_ = total_one_write(call, out, &sums_of_sales, &row->sums, str_of(row->currency),
                                     err);
        out_end_object(out);
    }
    out_end_list(out);
    return class_;
}

enum err_class whole_check(struct call *call, struct err *err)
{
    static const char *const names[] = {"sort", "limit", "page", "cursor"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (call_given(call, names[i]))
            return call_refuse(call, names[i], "parameter_unknown", err,
                               "by=%.*s comes whole and in its order: there is no %s",
                               STR_ARG(call_text(call, "by")), names[i]);
    return ERR_OK;
}

/* --- what was spent for each shop --- */

struct shop_spend {
    int64_t store;
    char currency[CURRENCY_BYTES_MAX + 1];
    struct sums of_ads;
};
struct shop_spends {
    struct call *call;
    const struct ad_accounts *ads;
    struct shop_spend *items;
    size_t len, room;
    size_t ad_spend; /* metric */
};

static enum err_class shop_spend_take(const struct sums_row *row, void *context, struct err *err)
{
    struct shop_spends *spends = context;
    struct shop_spend spend = {.store = ad_accounts_store(spends->ads, row->numbers[0])};
    if (spend.store == 0 || !spend_of(spends->call, &row->sums, &spend.of_ads))
        return ERR_OK;
    struct shop_spend *items = arena_grow(spends->call->arena, spends->items, spends->len,
                                          &spends->room, sizeof *items);
    if (!items)
        return err_no_memory(err);
    size_t len = row->currency.len < CURRENCY_BYTES_MAX ? row->currency.len : CURRENCY_BYTES_MAX;
    if (len)
        memcpy(spend.currency, row->currency.ptr, len);
    spends->items = items;
    spends->items[spends->len++] = spend;
    return ERR_OK;
}

/* rank_beside of by=shop. */
static enum err_class shop_spend_add(const struct sums_row *row, struct sums *sums, void *context,
                                     struct err *err)
{
    const struct shop_spends *spends = context;
    const struct metric_family *family = sums_family(spends->call, &sums_of_sales);
    enum err_class class_ = ERR_OK;
    sums->metrics.value[spends->ad_spend] = (struct figure){true, 0};
    for (size_t i = 0; !class_ && i < spends->len; i++)
        if (spends->items[i].store == row->numbers[0] &&
            str_eq(str_of(spends->items[i].currency), row->currency))
            class_ = sums_add(family, sums, &spends->items[i].of_ads, err);
    return class_;
}

/* A shop's row tells what was spent for it; SKUs, SPUs and persons have no ads of their own (docs/derive.md). */
static enum err_class sales_rank(struct call *call, const struct shop_scope *shops, enum by by,
                                 struct rank_query *query, struct rank_page *page, struct err *err)
{
    struct ad_accounts ads;
    struct shop_spends spends = {
        .call = call,
        .ads = &ads,
        .ad_spend = metric_find(sums_family(call, &sums_of_sales), STR("ad_spend"))};
    enum err_class class_ = ERR_OK;
    if (by == BY_SHOP) {
        query->beside = shop_spend_add;
        query->beside_context = &spends;
        class_ = ad_accounts_read(call, &ads, err);
        if (!class_)
            class_ = spend_read(call, shops, &ads, "shop_id", shop_spend_take, &spends, err);
    }
    return class_ ? class_ : rank_of_call(call, query, "-gmv", page, err);
}

/* --- GET /sales --- */

static enum err_class totals_write(struct call *call, struct out *out,
                                   const struct shop_scope *shops, const struct period *period,
                                   struct err *err)
{
    struct sums_total *total = arena_alloc(call->arena, sizeof(*total));
    if (!total)
        return err_no_memory(err);
    enum err_class class_ = sales_total_read(call, shops, period, total, err);
    return class_ ? class_ : total_write(call, out, "totals", &sums_of_sales, total, err);
}

static enum err_class sales(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period;
    struct rank_page page = {.rows = NULL};
    struct out out;
    enum by by = (enum by)call_int(call, "by");
    bool ranked = by >= BY_SHOP;
    struct rank_query query = {.name = "sales",
                               .sums = {.table = &sums_of_sales,
                                        .kind = ranked ? by_words[by] : "shop",
                                        .dims = {by == BY_SHOP ? "shop_id" : "member"}}};
    query.sums.period = &period;
    enum err_class class_ = period_of_call(call, &shops, &period, err);
    if (!class_)
        class_ = ranked ? sales_rank(call, &shops, by, &query, &page, err) : whole_check(call, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    period_write(&out, &period);
    out_text(&out, "by", str_of(by_words[by]));
    class_ = ranked ? ranked_write(call, &out, "items", &query, &page, err)
                    : series_write(call, &out, by, &shops, &period, err);
    if (ranked)
        rank_end_write(&out, &page);
    if (!class_)
        class_ = totals_write(call, &out, &shops, &period, err);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

/* --- who sold most in a month --- */

static const char *const hot_of_words[] = {"person", "sku", "spu", "shop", NULL};
static const char *const hot_by_words[] = {"pieces", "orders", "gmv", NULL};
static const struct param hot_params[] = {
    {"month", PARAM_QUERY, PARAM_TEXT, .min = 7, .max = 7, .help = "YYYY-MM; without: this month"},
    SHOP_PARAM,
    {"of", PARAM_QUERY, PARAM_WORD, .words = hot_of_words, .standard = "person",
     .help = "Who or what is ranked"},
    {"by", PARAM_QUERY, PARAM_WORD, .words = hot_by_words, .standard = "pieces",
     .help = "What counts"},
    {"limit", PARAM_QUERY, PARAM_INT, .min = 1, .max = LIST_LIMIT_MAX, .standard = "20",
     .help = "Places"},
    {"cursor", PARAM_QUERY, PARAM_TEXT, .max = 2000, .help = "`next` of the places before"},
    {0},
};

/* The first and last day of the month that is asked for, or of the one that it is where the first shop is. */
static enum err_class month_ask(struct call *call, const struct shop_scope *shops,
                                struct period *out, struct err *err)
{
    char day[DAY_TEXT_MAX], from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
    int64_t ms, first, last;
    struct str month = call_text(call, "month");
    struct period today;
    enum err_class class_ = period_last(call, shops, 1, true, &today, err);
    if (class_)
        return class_;
    memcpy(day, today.parts[0].to, sizeof(day));
    if (call_given(call, "month")) {
        struct buf text;
        buf_init_lent(&text, day, sizeof(day));
        buf_printf(&text, "%.*s-01", STR_ARG(month));
        if (time_parse(STR("%Y-%m-%d"), zone_utc(), buf_str(&text), &ms, NULL))
            return call_refuse(call, "month", "parameter_day", err, "month is one as 2026-01");
    }
    month_bounds(day_number(day), &first, &last);
    day_of_number(first, from);
    day_of_number(last, to);
    struct str from_text = arena_dup(call->arena, str_of(from));
    struct str to_text = arena_dup(call->arena, str_of(to));
    return period_of_days(call, shops, from_text, to_text, out, err);
}

static enum err_class hot(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period;
    struct rank_page page;
    struct out out;
    const char *of = hot_of_words[call_int(call, "of")], *by = hot_by_words[call_int(call, "by")];
    struct rank_query query = {
        .name = "sales_hot",
        .sums = {.table = &sums_of_sales,
                 .kind = of,
                 .dims = {strcmp(of, "shop") == 0 ? "shop_id" : "member"},
                 .period = &period},
        .metric = metric_find(sums_family(call, &sums_of_sales), str_of(by)),
        .down = true,
        .limit = call_int(call, "limit"),
        .cursor = call_text(call, "cursor"),
    };
    enum err_class class_ = list_secret(call, &query.secret, err);
    if (!class_)
        class_ = call_shops(call, &shops, err);
    if (!class_)
        class_ = month_ask(call, &shops, &period, err);
    if (!class_)
        class_ = rank_read(call, &query, &page, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    period_write(&out, &period);
    out_text(&out, "of", str_of(of));
    out_text(&out, "by", str_of(by));
    class_ = ranked_write(call, &out, "items", &query, &page, err);
    rank_end_write(&out, &page);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

const struct route sales_routes[] = {
    {ROUTE_GET, "/api/v1/sales", "sales", RIGHT_READ, sales_params, sales,
     .summary = "Sales by day, ISO week, month, shop, SKU, SPU or person in charge",
     .answer = "Sales"},
    {ROUTE_GET, "/api/v1/sales/hot", "salesHot", RIGHT_READ, hot_params, hot,
     .summary = "Who or what sold most in a month", .answer = "SalesHot"},
    {0},
};

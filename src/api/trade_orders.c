/* Trade orders: what buyers placed, each with its parts; and the parts as a list of their own. Personal data is masked. */
#include <stdlib.h>
#include <string.h>

#include "api/host.h"
#include "api/items.h"
#include "api/lists.h"
#include "api/period.h"
#include "api/sql.h"
#include "api/sums.h"

#define TRADE_FILTERS                                                                              \
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true, .help = "Numbers or names of shops"},          \
        {"status",                                                                                 \
         PARAM_QUERY,                                                                              \
         PARAM_TEXT,                                                                               \
         .many = true,                                                                             \
         .filter = LIST_ANY_OF,                                                                    \
         .column = "status",                                                                       \
         .help = "The platform's words"},                                                          \
        {"stage",                                                                                  \
         PARAM_QUERY,                                                                              \
         PARAM_TEXT,                                                                               \
         .many = true,                                                                             \
         .filter = LIST_ANY_OF,                                                                    \
         .column = "stage",                                                                        \
         .help = "placed paid processing shipped delivered done cancelled refunded"},              \
        {"sku_id",           PARAM_QUERY,   PARAM_CODE, .many = true, .filter = LIST_ANY_OF,       \
         .column = "sku_id", .help = "SKUs"},                                                      \
        {"spu_id",           PARAM_QUERY,       PARAM_CODE, .many = true, .filter = LIST_ANY_OF,   \
         .column = "spu_id", .help = "Products"},                                                  \
        {"person",           PARAM_QUERY,        PARAM_TEXT, .many = true, .filter = LIST_ANY_OF,  \
         .column = "person", .help = "In charge"},                                                 \
        {"counts",           PARAM_QUERY,                                                          \
         PARAM_BOOL,         .filter = LIST_EQUAL,                                                 \
         .column = "counts", .help = "Whether it is a sale"},                                      \
        {"late",           PARAM_QUERY,                                                            \
         PARAM_BOOL,       .filter = LIST_EQUAL,                                                   \
         .column = "late", .help = "Shipped after the latest time"},                               \
        {"q", PARAM_QUERY, PARAM_TEXT, .filter = LIST_SEARCH,                                      \
         .help = "The number of an order, SKU or parcel, or a part of a name"},                    \
        {"from",          PARAM_QUERY,                                                             \
         PARAM_DAY,       .filter = LIST_FROM_DAY,                                                 \
         .column = "day", .help = "Placed on this day or later, in the shop's zone"},              \
        {"to",                                                                                     \
         PARAM_QUERY,                                                                              \
         PARAM_DAY,                                                                                \
         .filter = LIST_UNTIL_DAY,                                                                 \
         .column = "day",                                                                          \
         .help = "Placed on this day or earlier, the day included"},                               \
    {                                                                                              \
        "currency", PARAM_QUERY, PARAM_TEXT, .max = 8, .filter = LIST_EQUAL, .column = "currency", \
                                             .help = "Also of the amounts that filter"             \
    }

static const struct param orders_params[] = {LIST_PARAMS, TRADE_FILTERS, {0}};

static const struct param parts_params[] = {LIST_PARAMS,
                                            TRADE_FILTERS,
                                            LIST_RANGE("gmv", PARAM_MONEY),
                                            LIST_RANGE("profit_before_ads", PARAM_MONEY),
                                            {0}};
static const struct param one_params[] = {
    {"order_id", PARAM_PATH, PARAM_CODE, .required = true,
     .help = "The number of the order that the buyer placed, or of one of its parts"},
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true,
     .help = "Its shop, where two shops have an order of this number"},
    {0},
};

/* --- the parts of a page's orders --- */

struct parts {
    struct arena *arena;
    struct list_row *rows;
    size_t len, room, columns_len;
    size_t shop, parent, order; /* columns */
};

static enum err_class part_take(const struct list_row *row, void *context, struct err *err)
{
    struct parts *parts = context;
    struct list_row *rows = arena_grow(parts->arena, parts->rows, parts->len, &parts->room,
                                       sizeof(*rows));
    if (!rows)
        return err_no_memory(err);
    parts->rows = rows;
    enum err_class class_ = list_row_copy(row, parts->arena, &parts->rows[parts->len], err);
    parts->len += class_ == ERR_OK;
    return class_;
}

static int ids_compare(const struct list_row *a, const struct list_row *b, size_t column)
{
    return str_cmp(list_text(a, column), list_text(b, column));
}

static int parts_compare(const void *left, const void *right)
{
    const struct list_row *a = left, *b = right;
    size_t shop = list_column(&trade_part_list, "shop");
    int64_t x = list_int(a, shop), y = list_int(b, shop);
    int order = (x > y) - (x < y);
    order = order ? order : ids_compare(a, b, list_column(&trade_part_list, "parent_id"));
    return order ? order : ids_compare(a, b, list_column(&trade_part_list, "order_id"));
}

/* All orders of the page in one statement. */
static enum err_class parts_read(struct call *call, const struct list_page *page,
                                 struct parts *parts, struct err *err)
{
    size_t shop = list_column(&trade_order_list, "shop");
    size_t parent = list_column(&trade_order_list, "order_id");
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    int64_t *shops = arena_array(call->arena, page->rows_len + 1, sizeof(*shops));
    struct str *parents = arena_array(call->arena, page->rows_len + 1, sizeof(*parents));
    if (!query || !shops || !parents)
        return err_no_memory(err);
    for (size_t i = 0; i < page->rows_len; i++) {
        shops[i] = list_int(&page->rows[i], shop);
        parents[i] = list_text(&page->rows[i], parent);
    }
    list_query_init(query, &trade_part_list, call->host->metrics, call->arena);
    enum err_class class_ = list_where_among(query, "shop", "parent_id", shops, parents,
                                             page->rows_len, err);
    if (!class_ && page->rows_len)
        class_ = list_stream(call->host->store, query, part_take, parts, err);
    if (!class_ && parts->len)
        qsort(parts->rows, parts->len, sizeof(*parts->rows), parts_compare);
    return class_;
}

/* The first part of an order; parts->len: there is none. */
static size_t parts_find(const struct parts *parts, int64_t shop_id, struct str parent_id)
{
    size_t shop = list_column(&trade_part_list, "shop");
    size_t parent = list_column(&trade_part_list, "parent_id"), from = 0, to = parts->len;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const struct list_row *row = &parts->rows[middle];
        bool before = list_int(row, shop) < shop_id ||
                      (list_int(row, shop) == shop_id &&
                       str_cmp(list_text(row, parent), parent_id) < 0);
        if (before)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* --- writing --- */

/* What the parts that are sales come to together; one order, where one is. */
static enum err_class together_write(struct call *call, struct out *out,
                                     const struct list_row *parts, size_t len, struct err *err)
{
    const struct list *list = &trade_part_list;
    const struct metric_family *family = sums_family(call, &sums_of_sales);
    struct figure figures[METRICS_MAX];
    struct str currency = list_text(&parts[0], list_column(list, "currency"));
    struct sums all;
    enum err_class class_ = ERR_OK;
    sums_init(&all);
    for (size_t i = 0; !class_ && i < len; i++) {
        struct sums one;
        sums_init(&one);
        if (!list_int(&parts[i], list_column(list, "counts")))
            continue;
        if (!str_eq(list_text(&parts[i], list_column(list, "currency")), currency)) {
            out_null(out, "together"); /* amounts of two currencies are not added */
            return ERR_OK;
        }
        for (size_t m = 0; m < family->metrics_len; m++) {
            size_t column = parts[i].query->metric_columns[m];
            if (column != SIZE_MAX && !list_is_null(&parts[i], column))
                one.metrics.value[m] = (struct figure){true, list_int(&parts[i], column)};
        }
        class_ = sums_add(family, &all, &one, err);
    }
    if (!class_)
        class_ = sums_figures(family, &all, currency, figures, err);
    if (class_)
        return class_;
    static const char *const shown[] = {"pieces", "gmv", "refunds", "net", "received", NULL};
    out_object(out, "together");
    for (size_t i = 0; shown[i]; i++) {
        size_t metric = metric_find(family, str_of(shown[i]));
        out_figure(out, shown[i], &family->metrics[metric], figures[metric], currency);
    }
    out_end_object(out);
    return ERR_OK;
}

static enum err_class order_write(struct call *call, struct out *out, const struct list_row *order,
                                  const struct parts *parts, struct err *err)
{
    size_t parent = list_column(&trade_part_list, "parent_id");
    size_t shop = list_column(&trade_part_list, "shop");
    int64_t shop_id = list_int(order, list_column(&trade_order_list, "shop"));
    struct str id = list_text(order, list_column(&trade_order_list, "order_id"));
    size_t first = parts_find(parts, shop_id, id), last = first;
    enum err_class class_ = list_row_write(out, order, err);
    out_list(out, "parts");
    for (; !class_ && last < parts->len && list_int(&parts->rows[last], shop) == shop_id &&
           str_eq(list_text(&parts->rows[last], parent), id);
         last++) {
        out_object(out, NULL);
        class_ = list_row_write(out, &parts->rows[last], err);
        out_end_object(out);
    }
    out_end_list(out);
    if (class_ || last == first)
        return class_;
    return together_write(call, out, &parts->rows[first], last - first, err);
}

static enum err_class orders_list(struct call *call, struct err *err)
{
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    struct parts parts = {.arena = call->arena};
    struct list_page page;
    struct out out;
    if (!query)
        return err_no_memory(err);
    enum err_class class_ = list_ask(call, &trade_order_list, query, err);
    if (!class_)
        class_ = list_run_called(call, query, &page, err);
    if (!class_)
        class_ = parts_read(call, &page, &parts, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; !class_ && i < page.rows_len; i++) {
        out_object(&out, NULL);
        class_ = order_write(call, &out, &page.rows[i], &parts, err);
        out_end_object(&out);
    }
    out_end_list(&out);
    list_end_write(&out, &page);
    const struct shop_scope shops = {query->all_shops, query->shops, query->shops_len};
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

static enum err_class parts_list(struct call *call, struct err *err)
{
    return list_answer(call, &trade_part_list, err);
}

/* --- one order --- */

/* The order of that number, or the one that a part of that number belongs to. */
static enum err_class order_find(struct call *call, struct list_query *query,
                                 struct list_page *page, struct err *err)
{
    const struct list *list = &trade_order_list;
    struct shop_scope shops;
    struct str id = call_text(call, "order_id");
    enum err_class class_ = call_shops(call, &shops, err);
    if (!class_)
        class_ = list_look(call, list, &shops, "order_id", id, query, page, err);
    bool by_part = !class_ && page->rows_len == 0;
    if (by_part)
        class_ = list_look(call, list, &shops, "part", id, query, page, err);
    if (!class_)
        class_ = list_alone(call, page, "trade order", id, err);
    if (class_ || !by_part)
        return class_;
    int64_t shop_id = list_int(&page->rows[0], list_column(list, "shop"));
    const struct shop_scope one = {.ids = &shop_id, .len = 1};
    id = list_text(&page->rows[0], list_column(list, "order_id"));
    return list_look(call, list, &one, "order_id", id, query, page, err);
}

static void voucher_write(struct call *call, struct out *out, const struct reader *row)
{
    (void)call;
    out_text(out, "order_item_id", reader_text(row, 0));
    out_text_or_null(out, "certificate_id",
                     reader_is_null(row, 1) ? STR_NONE : reader_text(row, 1));
    out_text_or_null(out, "status", reader_is_null(row, 2) ? STR_NONE : reader_text(row, 2));
    if (reader_is_null(row, 3))
        out_null(out, "refund_amount");
    else
        out_money(out, "refund_amount", reader_int(row, 3), reader_text(row, 4));
    out_time_or_null(out, "refunded_at", reader_int(row, 5), !reader_is_null(row, 5));
}

static enum err_class part_details_write(struct call *call, struct out *out,
                                         const struct list_row *part, struct err *err)
{
    struct str id = list_text(part, list_column(&trade_part_list, "order_id"));
    int64_t shop_id = list_int(part, list_column(&trade_part_list, "shop"));
    const struct sql_value values[] = {sql_int(shop_id), sql_text(id)};
    out_object(out, NULL);
    out_text(out, "order_id", id);
    enum err_class class_ = items_history(call, out, shop_id, "trade_order", id, err);
    if (!class_)
        class_ = items_list(call, out, "vouchers", SQL_CERTIFICATES_OF_ORDER, values, 2,
                            voucher_write, err);
    out_end_object(out);
    return class_;
}

static enum err_class order_one(struct call *call, struct err *err)
{
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    struct parts parts = {.arena = call->arena};
    struct list_page page;
    struct out out;
    if (!query)
        return err_no_memory(err);
    enum err_class class_ = order_find(call, query, &page, err);
    if (!class_)
        class_ = parts_read(call, &page, &parts, err);
    if (class_)
        return class_;
    int64_t shop_id = list_int(&page.rows[0], list_column(&trade_order_list, "shop"));
    const struct shop_scope shop = {.ids = &shop_id, .len = 1};
    out_init(&out, &call->out);
    out_object(&out, NULL);
    class_ = order_write(call, &out, &page.rows[0], &parts, err);
    out_list(&out, "details");
    for (size_t i = 0; !class_ && i < parts.len; i++)
        class_ = part_details_write(call, &out, &parts.rows[i], err);
    out_end_list(&out);
    if (!class_)
        class_ = scope_end_write(call, &out, &shop, err);
    out_end_object(&out);
    return class_;
}

const struct route trade_order_routes[] = {
    {ROUTE_GET, "/api/v1/trade-orders", "tradeOrders", RIGHT_READ, orders_params, orders_list,
     .summary =
         "Orders as buyers placed them, each with all of its parts; filters are met by one of them",
     .answer = "TradeOrders"},
    {ROUTE_GET, "/api/v1/trade-orders/{order_id}", "tradeOrder", RIGHT_READ, one_params, order_one,
     .summary = "One order with its parts, their status history and vouchers",
     .answer = "TradeOrder"},
    {ROUTE_GET, "/api/v1/trade-parts", "tradeParts", RIGHT_READ, parts_params, parts_list,
     .summary = "The parts of orders, a row for each order row of the platform",
     .answer = "TradeParts"},
    {0},
};

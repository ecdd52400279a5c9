/* Ad orders: the list, and one with its history. An order shows its own figures, never those of its video. */
#include <string.h>

#include "api/host.h"
#include "api/items.h"
#include "api/lists.h"
#include "api/period.h"
#include "api/sql.h"

/* What filters orders: of the list, and of its export. */
#define AD_ORDER_FILTERS                                                                           \
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true, .help = "Numbers or names of shops"},          \
        {"status",                                                                                 \
         PARAM_QUERY,                                                                              \
         PARAM_TEXT,                                                                               \
         .many = true,                                                                             \
         .filter = LIST_ANY_OF,                                                                    \
         .column = "status",                                                                       \
         .help = "The platform's words"},                                                          \
        {"item_id",           PARAM_QUERY,     PARAM_ID, .many = true, .filter = LIST_ANY_OF,      \
         .column = "item_id", .help = "Videos"},                                                   \
        {"author_id",           PARAM_QUERY,           PARAM_ID,         .many = true,             \
         .filter = LIST_ANY_OF, .column = "author_id", .help = "Authors"},                         \
        {"scene",                                                                                  \
         PARAM_QUERY,                                                                              \
         PARAM_TEXT,                                                                               \
         .many = true,                                                                             \
         .filter = LIST_ANY_OF,                                                                    \
         .column = "scene",                                                                        \
         .help = "What is promoted"},                                                              \
        {"q", PARAM_QUERY, PARAM_TEXT, .filter = LIST_SEARCH,                                      \
         .help = "The number of a video, an order or a task, or a part of a title"},               \
        {"from",          PARAM_QUERY,                                                             \
         PARAM_DAY,       .filter = LIST_FROM_DAY,                                                 \
         .column = "day", .help = "Placed on this day or later, in the shop's zone"},              \
        {"to",                                                                                     \
         PARAM_QUERY,                                                                              \
         PARAM_DAY,                                                                                \
         .filter = LIST_UNTIL_DAY,                                                                 \
         .column = "day",                                                                          \
         .help = "Placed on this day or earlier, the day included"},                               \
        {"told",           PARAM_QUERY,                                                            \
         PARAM_BOOL,       .filter = LIST_EQUAL,                                                   \
         .column = "told", .help = "Whether the platform has told figures"},                       \
        {"final",           PARAM_QUERY,                                                           \
         PARAM_BOOL,        .filter = LIST_EQUAL,                                                  \
         .column = "final", .help = "Whether its figures stay as they are"},                       \
        {"currency",                                                                               \
         PARAM_QUERY,                                                                              \
         PARAM_TEXT,                                                                               \
         .max = 8,                                                                                 \
         .filter = LIST_EQUAL,                                                                     \
         .column = "currency",                                                                     \
         .help = "Also of the amounts that filter; CNY where those are given without it"},         \
        LIST_RANGE("budget", PARAM_MONEY), LIST_RANGE("cost", PARAM_MONEY),                        \
        LIST_RANGE("plays", PARAM_INT), LIST_RANGE("likes", PARAM_INT),                            \
        LIST_RANGE("comments", PARAM_INT), LIST_RANGE("shares", PARAM_INT),                        \
        LIST_RANGE("follows", PARAM_INT), LIST_RANGE("conversions", PARAM_INT),                    \
        LIST_RANGE("conversion_cost", PARAM_MONEY), LIST_RANGE("plays_per_100", PARAM_MONEY),      \
        LIST_RANGE("share_rate", PARAM_MONEY), LIST_RANGE("completion_5s", PARAM_MONEY)

static const struct param list_params[] = {LIST_PARAMS, AD_ORDER_FILTERS, {0}};

static enum err_class orders_list(struct call *call, struct err *err)
{
    return list_answer(call, &ad_order_list, err);
}

/* --- one order --- */

static const struct param one_params[] = {
    {"order_id", PARAM_PATH, PARAM_ID, .required = true, .help = "The platform's order number"},
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true,
     .help = "Its shop, where two shops have an order of this number"},
    {0},
};
static const struct param snapshot_params[] = {
    LIST_PARAMS,
    {"order_id", PARAM_PATH, PARAM_ID, .required = true, .filter = LIST_EQUAL, .column = "order_id",
     .help = "The platform's order number"},
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true,
     .help = "Its shop, where two shops have an order of this number"},
    {0},
};

/* The one row, of a shop that the caller sees. */
static enum err_class order_find(struct call *call, struct list_query *query, struct list_row *out,
                                 struct err *err)
{
    struct list_page page;
    struct shop_scope shops;
    struct str id = call_text(call, "order_id");
    enum err_class class_ = call_shops(call, &shops, err);
    if (!class_)
        class_ = list_look(call, &ad_order_list, &shops, "order_id", id, query, &page, err);
    if (!class_)
        class_ = list_alone(call, &page, "ad order", id, err);
    if (!class_)
        *out = page.rows[0];
    return class_;
}

/* Rows of another table about that order, as a list in the answer. */
static enum err_class series_write(struct call *call, struct out *out, const char *key,
                                   const struct list *list, int64_t shop_id, struct err *err)
{
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    int64_t *shop = arena_array(call->arena, 1, sizeof(*shop));
    struct list_page page;
    if (!query || !shop)
        return err_no_memory(err);
    *shop = shop_id;
    list_query_init(query, list, call->host->metrics, call->arena);
    list_shops(query, false, shop, 1);
    query->limit = LIST_LIMIT_MAX;
    enum err_class class_ = list_where_text(query, "order_id", LIST_EQUAL,
                                            call_text(call, "order_id"), err);
    if (!class_)
        class_ = list_run(call->host->store, query, &page, err);
    if (class_)
        return class_;
    out_list(out, key);
    for (size_t i = 0; !class_ && i < page.rows_len; i++) {
        out_object(out, NULL);
        class_ = list_row_write(out, &page.rows[i], err);
        out_end_object(out);
    }
    out_end_list(out);
    return class_;
}

static enum err_class order_one(struct call *call, struct err *err)
{
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    struct list_row row;
    struct out out;
    if (!query)
        return err_no_memory(err);
    enum err_class class_ = order_find(call, query, &row, err);
    if (class_)
        return class_;
    int64_t shop_id = list_int(&row, list_column(&ad_order_list, "shop"));
    struct shop_scope shop = {.ids = &shop_id, .len = 1};
    out_init(&out, &call->out);
    out_object(&out, NULL);
    class_ = list_row_write(&out, &row, err);
    if (!class_)
        class_ = items_history(call, &out, shop_id, "ad_order", call_text(call, "order_id"), err);
    if (!class_)
        class_ = series_write(call, &out, "days", &ad_order_day_list, shop_id, err);
    if (!class_)
        class_ = series_write(call, &out, "snapshots", &ad_order_snapshot_list, shop_id, err);
    if (!class_)
        class_ = scope_end_write(call, &out, &shop, err);
    out_end_object(&out);
    return class_;
}

static enum err_class order_snapshots(struct call *call, struct err *err)
{
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    struct list_row row;
    if (!query)
        return err_no_memory(err);
    enum err_class class_ = order_find(call, query, &row, err);
    return class_ ? class_ : list_answer(call, &ad_order_snapshot_list, err);
}

const struct route ad_order_routes[] = {
    {ROUTE_GET, "/api/v1/ad-orders", "adOrders", RIGHT_READ, list_params, orders_list,
     .summary = "Ad orders with their latest figures", .answer = "AdOrders"},
    {ROUTE_GET, "/api/v1/ad-orders/{order_id}", "adOrder", RIGHT_READ, one_params, order_one,
     .summary = "One ad order: its figures, its status history, its days, and its newest snapshots",
     .answer = "AdOrder"},
    {ROUTE_GET, "/api/v1/ad-orders/{order_id}/snapshots", "adOrderSnapshots", RIGHT_READ,
     snapshot_params, order_snapshots,
     .summary = "Its figures as they stood, newest first: totals, never to be added up",
     .answer = "AdOrderSnapshots"},
    {0},
};

#include "api/lists.h"

#include <stddef.h>

#include "api/sql.h"

static const struct list_column ad_order_columns[] = {
    {"shop", "r.shop_id", .kind = LIST_NUMBER},
    {"order_id", "r.order_id", .kind = LIST_ID},
    {"task_id", "r.task_id", .kind = LIST_ID, .unknown = true},
    {"item_id", "r.item_id", .kind = LIST_ID},
    {"status", "r.status", .kind = LIST_TEXT, .common = true, .unknown = true},
    {"title", "r.title", .kind = LIST_TEXT, .unknown = true},
    {"author_name", "r.author_name", .kind = LIST_TEXT, .unknown = true},
    {"author_id", "r.author_id", .kind = LIST_ID, .common = true, .unknown = true},
    {"scene", "r.scene", .kind = LIST_TEXT, .unknown = true},
    {"renew_count", "r.renew_count", .kind = LIST_INT, .unknown = true},
    {"delivery_hours", "r.delivery_hours", .kind = LIST_TEXT, .unknown = true},
    {"created_at", "r.created_ms", .kind = LIST_TIME, .sorts = true},
    {"day", "r.day", .kind = LIST_DAY},
    {"ended_at", "r.ended_ms", .kind = LIST_TIME, .unknown = true},
    {"currency", "r.currency", .kind = LIST_TEXT},
    {"told", "r.told", .kind = LIST_BOOL},
    {"final", "r.final", .kind = LIST_BOOL},
    {"figures_at", "r.figures_ms", .kind = LIST_TIME, .unknown = true},
    {"budget", "r.budget", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"cost", "r.cost", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"plays", "r.plays", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"likes", "r.likes", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"comments", "r.comments", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"shares", "r.shares", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"follows", "r.follows", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"home_visits", "r.home_visits", .kind = LIST_METRIC, .unknown = true},
    {"conversions", "r.conversions", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"shown", "r.shown", .kind = LIST_METRIC, .unknown = true},
    {"live_clicks", "r.live_clicks", .kind = LIST_METRIC, .unknown = true},
    {"gift_users", "r.gift_users", .kind = LIST_METRIC, .unknown = true},
    {"gift_amount", "r.gift_amount", .kind = LIST_METRIC, .unknown = true},
    {"live_comments", "r.live_comments", .kind = LIST_METRIC, .unknown = true},
    {"live_follows", "r.live_follows", .kind = LIST_METRIC, .unknown = true},
    {"gifts", "r.gifts", .kind = LIST_METRIC, .unknown = true},
    {"completion_5s", "r.rate_5s", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"conversion_cost", "r.conversion_cost", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"plays_per_100", "r.plays_per_100", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"like_rate", "r.like_rate", .kind = LIST_METRIC, .unknown = true},
    {"comment_rate", NULL, .kind = LIST_METRIC},
    {"share_rate", "r.share_rate", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"follow_rate", NULL, .kind = LIST_METRIC},
    {"shares_per_100", NULL, .kind = LIST_METRIC},
    {"budget_used", NULL, .kind = LIST_METRIC},
    {0},
};
/* What the platform tells of an order: for a day, and as it stood in a window of five minutes. */
#define FIGURE_COLUMNS                                                                             \
    {"cost", "f.cost", .kind = LIST_METRIC, .unknown = true},                                      \
        {"plays", "f.plays", .kind = LIST_METRIC, .unknown = true},                                \
        {"likes", "f.likes", .kind = LIST_METRIC, .unknown = true},                                \
        {"comments", "f.comments", .kind = LIST_METRIC, .unknown = true},                          \
        {"shares", "f.shares", .kind = LIST_METRIC, .unknown = true},                              \
        {"follows", "f.follows", .kind = LIST_METRIC, .unknown = true},                            \
        {"home_visits", "f.home_visits", .kind = LIST_METRIC, .unknown = true},                    \
        {"conversions", "f.conversions", .kind = LIST_METRIC, .unknown = true},                    \
        {"shown", "f.shown", .kind = LIST_METRIC, .unknown = true},                                \
        {"completion_5s", "f.rate_5s", .kind = LIST_METRIC, .unknown = true},                      \
        {"conversion_cost", NULL, .kind = LIST_METRIC},                                            \
        {"plays_per_100", NULL, .kind = LIST_METRIC}, {"like_rate", NULL, .kind = LIST_METRIC},    \
        {"comment_rate", NULL, .kind = LIST_METRIC}, {"share_rate", NULL, .kind = LIST_METRIC},    \
        {"follow_rate", NULL, .kind = LIST_METRIC},                                                \
    {                                                                                              \
        "shares_per_100", NULL, .kind = LIST_METRIC                                                \
    }
static const struct list_column ad_order_day_columns[] = {
    {"shop", "f.shop_id", .kind = LIST_NUMBER, .hidden = true},
    {"order_id", "f.order_id", .kind = LIST_ID, .hidden = true},
    {"day", "f.day", .kind = LIST_DAY, .sorts = true},
    {"currency", "coalesce(f.currency, '')", .kind = LIST_TEXT, .hidden = true},
    FIGURE_COLUMNS,
    {0},
};
const struct list ad_order_day_list = {
    .name = "ad_order_days",
    .from = "ad_figure_day f",
    .columns = ad_order_day_columns,
    .key = {"day"},
    .sort = "day",
    .shop = "f.shop_id",
    .family = "ad",
};
static const struct list_column ad_order_snapshot_columns[] = {
    {"shop", "f.shop_id", .kind = LIST_NUMBER, .hidden = true},
    {"order_id", "f.order_id", .kind = LIST_ID, .hidden = true},
    {"at", "f.at", .kind = LIST_TIME, .sorts = true},
    {"currency", "coalesce(f.currency, '')", .kind = LIST_TEXT, .hidden = true},
    FIGURE_COLUMNS,
    {0},
};
const struct list ad_order_snapshot_list = {
    .name = "ad_order_snapshots",
    .from = "ad_figure_snapshot f",
    .columns = ad_order_snapshot_columns,
    .key = {"at"},
    .sort = "-at",
    .shop = "f.shop_id",
    .family = "ad",
};

static const struct list_search ad_order_search[] = {
    {"r.item_id", .whole = true},
    {"r.order_id", .whole = true},
    {"r.task_id", .whole = true},
    {"r.title", .whole = false},
    {0},
};
static const char *const ad_order_keys[] = {SQL_FIND_AD_ORDER, SQL_FIND_AD_TASK, NULL};
static const struct list_finds ad_order_finds = {
    .found = {"shop_id", "order_id"},
    .keys = ad_order_keys,
    .names = SQL_FIND_VIDEO_NAMES,
    .rows = SQL_FIND_VIDEO_ROWS,
    .many = SQL_FIND_VIDEO_MANY,
    .newest = SQL_FIND_VIDEO_NEWEST,
};
const struct list ad_order_list = {
    .name = "ad_orders",
    .from = "ad_result r",
    .columns = ad_order_columns,
    .key = {"shop", "order_id"},
    .sort = "-created_at",
    .shop = "r.shop_id",
    .day = "r.day",
    .day_ms = "r.created_ms",
    .search = ad_order_search,
    .finds = &ad_order_finds,
    .family = "ad",
};

/* LEFT: PostgreSQL multiplies the chances of both columns and expects hardly a row of an inner join; so it sorts them all. */
#define TRADE_PARTS(result, order)                                                                 \
    "trade_result " result " LEFT JOIN trade_order " order " ON " order ".shop_id = " result       \
    ".shop_id AND " order ".order_id = " result ".order_id"

/* An order that a buyer placed is met at its first part that all filters hold of, so that a page never cuts one. Its own day
 * is that part's: parts of an order were placed together. */
static const struct list_column trade_order_columns[] = {
    {"shop", "r.shop_id", .kind = LIST_NUMBER},
    {"order_id", "r.parent_id", .kind = LIST_ID},
    {"created_at", "r.created_ms", .kind = LIST_TIME, .sorts = true, .earlier = "x.created_ms"},
    {"day", "r.day", .kind = LIST_DAY, .earlier = "x.day"},
    {"currency", "r.currency", .kind = LIST_TEXT, .earlier = "x.currency"},
    {"part", "r.order_id", .kind = LIST_ID, .hidden = true, .earlier = "x.order_id"},
    {"status", "o.status", .kind = LIST_TEXT, .filters = true, .hidden = true,
     .earlier = "y.status"},
    {"stage", "r.stage", .kind = LIST_ID, .filters = true, .hidden = true, .earlier = "x.stage"},
    {"sku_id", "r.sku_id", .kind = LIST_ID, .filters = true, .hidden = true, .earlier = "x.sku_id"},
    {"spu_id", "r.spu_id", .kind = LIST_ID, .told = true, .filters = true, .hidden = true,
     .earlier = "x.spu_id"},
    {"person", "r.person", .kind = LIST_TEXT, .common = true, .told = true, .filters = true,
     .hidden = true, .earlier = "x.person"},
    {"counts", "r.counts", .kind = LIST_BOOL, .filters = true, .hidden = true,
     .earlier = "x.counts"},
    {"late", "r.late", .kind = LIST_BOOL, .common = true, .filters = true, .hidden = true,
     .earlier = "x.late"},
    {0},
};
/* A SKU's own code stands among its names. */
static const char *const trade_keys[] = {SQL_FIND_TRADE_ORDER, SQL_FIND_TRADE_PARENT,
                                         SQL_FIND_TRADE_PACKAGE, NULL};
static const struct list_finds trade_finds = {
    .found = {"shop_id", "order_id"},
    .keys = trade_keys,
    .names = SQL_FIND_SKU_NAMES,
    .rows = SQL_FIND_SKU_ROWS,
    .many = SQL_FIND_SKU_MANY,
    .newest = SQL_FIND_SKU_NEWEST,
};
static const struct list_search trade_order_search[] = {
    {"r.parent_id", .whole = true, .earlier = "x.parent_id"},
    {"r.order_id", .whole = true, .earlier = "x.order_id"},
    {"r.sku_id", .whole = true, .earlier = "x.sku_id"},
    {"o.sku_code", .whole = true, .earlier = "y.sku_code"},
    {"o.package_id", .whole = true, .earlier = "y.package_id"},
    {"o.sku_name", .earlier = "y.sku_name"},
    {0},
};
const struct list trade_order_list = {
    .name = "trade_orders",
    .from = TRADE_PARTS("r", "o"),
    .columns = trade_order_columns,
    .key = {"shop", "part"},
    .sort = "-created_at",
    .shop = "r.shop_id",
    .day = "r.day",
    .day_ms = "r.created_ms",
    .earlier = "SELECT 1 FROM " TRADE_PARTS(
        "x", "y") " WHERE x.shop_id = r.shop_id AND"
                  " x.parent_id = r.parent_id AND x.order_id < r.order_id",
    .search = trade_order_search,
    .finds = &trade_finds,
};

static const struct list_column trade_part_columns[] = {
    {"shop", "r.shop_id", .kind = LIST_NUMBER},
    {"order_id", "r.order_id", .kind = LIST_ID},
    {"parent_id", "r.parent_id", .kind = LIST_ID},
    {"status", "o.status", .kind = LIST_TEXT, .unknown = true},
    {"stage", "r.stage", .kind = LIST_ID},
    {"counts", "r.counts", .kind = LIST_BOOL},
    {"created_at", "r.created_ms", .kind = LIST_TIME, .sorts = true},
    {"day", "r.day", .kind = LIST_DAY},
    {"paid_at", "o.paid_at", .kind = LIST_TIME, .unknown = true},
    {"updated_at", "o.updated_at", .kind = LIST_TIME, .unknown = true},
    {"ship_by_at", "o.ship_by_at", .kind = LIST_TIME, .unknown = true},
    {"shipped_at", "o.shipped_at", .kind = LIST_TIME, .unknown = true},
    {"late", "r.late", .kind = LIST_BOOL, .common = true, .unknown = true},
    {"deliver_by_at", "o.deliver_by_at", .kind = LIST_TIME, .unknown = true},
    {"delivered_at", "r.delivered_ms", .kind = LIST_TIME, .unknown = true},
    {"sku_id", "r.sku_id", .kind = LIST_ID},
    {"spu_id", "r.spu_id", .kind = LIST_ID, .told = true},
    {"sku_code", "o.sku_code", .kind = LIST_TEXT, .unknown = true},
    {"sku_name", "o.sku_name", .kind = LIST_TEXT, .unknown = true},
    {"person", "r.person", .kind = LIST_ID, .common = true, .told = true},
    {"package_id", "o.package_id", .kind = LIST_ID, .unknown = true},
    {"poi_id", "o.poi_id", .kind = LIST_ID, .unknown = true},
    {"poi_name", "o.poi_name", .kind = LIST_TEXT, .unknown = true},
    {"country", "o.country", .kind = LIST_TEXT, .unknown = true},
    {"region", "o.region", .kind = LIST_TEXT, .unknown = true},
    {"city", "o.city", .kind = LIST_TEXT, .unknown = true},
    {"phone", "o.phone_mask", .kind = LIST_TEXT, .unknown = true},
    {"contact_name", "o.contact_name_mask", .kind = LIST_TEXT, .unknown = true},
    {"currency", "r.currency", .kind = LIST_TEXT},
    {"unit_price", "o.unit_price", .kind = LIST_MONEY, .unknown = true},
    {"pay_amount", "o.pay_amount", .kind = LIST_MONEY, .unknown = true},
    {"unit_cost", "r.unit_cost", .kind = LIST_MONEY, .unknown = true},
    {"pieces", "r.pieces", .kind = LIST_METRIC, .unknown = true},
    {"gmv", "r.gmv", .kind = LIST_METRIC, .sorts = true, .unknown = true},
    {"refunds", "r.refunds", .kind = LIST_METRIC, .unknown = true},
    {"net", NULL, .kind = LIST_METRIC},
    {"received", "r.received", .kind = LIST_METRIC, .unknown = true},
    {"goods_cost", "r.goods_cost", .kind = LIST_METRIC, .unknown = true},
    {"freight", "r.freight", .kind = LIST_METRIC, .unknown = true},
    {"commission", "r.commission", .kind = LIST_METRIC, .unknown = true},
    {"profit_before_ads", "r.profit_before_ads", .kind = LIST_METRIC, .sorts = true,
     .unknown = true},
    {0},
};
static const struct list_search trade_part_search[] = {
    {"r.order_id", .whole = true},
    {"r.parent_id", .whole = true},
    {"r.sku_id", .whole = true},
    {"o.sku_code", .whole = true},
    {"o.package_id", .whole = true},
    {"o.sku_name", .whole = false},
    {0},
};
const struct list trade_part_list = {
    .name = "trade_parts",
    .from = TRADE_PARTS("r", "o"),
    .columns = trade_part_columns,
    .key = {"shop", "order_id"},
    .sort = "-created_at",
    .shop = "r.shop_id",
    .day = "r.day",
    .day_ms = "r.created_ms",
    .search = trade_part_search,
    .finds = &trade_finds,
    .family = "trade",
};

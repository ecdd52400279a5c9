#include "api/lists.h"

#include <stddef.h>

static const struct list_column ad_order_columns[] = {
    {"shop", "r.shop_id", .kind = LIST_NUMBER},
    {"order_id", "r.order_id", .kind = LIST_ID},
    {"task_id", "r.task_id", .kind = LIST_ID, .unknown = true},
    {"item_id", "r.item_id", .kind = LIST_ID},
    {"status", "r.status", .kind = LIST_TEXT, .unknown = true},
    {"title", "r.title", .kind = LIST_TEXT, .unknown = true},
    {"author_name", "r.author_name", .kind = LIST_TEXT, .unknown = true},
    {"author_id", "r.author_id", .kind = LIST_ID, .unknown = true},
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
    .family = "ad",
};

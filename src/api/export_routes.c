/* Which lists have files: each route that answers with rows has one, `PATH/export`, with the parameters that choose rows and
 * without those that page. The routes are made of the lists' own rows before main begins; nothing else names a parameter twice. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/export.h"
#include "api/lists.h"
#include "api/tables.h"

/* clang-format off */
static const struct export_list lists[] = {
    {.name = "ad-orders", .path = "/api/v1/ad-orders", .zh = "投放订单", .en = "Ad orders", .list = &ad_order_list},
    {.name = "ad-order-snapshots", .path = "/api/v1/ad-orders/{order_id}/snapshots", .zh = "一个投放订单的历次数据",
     .en = "Figures of one ad order as they stood", .family = "ad"},
    {.name = "videos", .path = "/api/v1/videos", .zh = "视频", .en = "Videos", .family = "ad"},
    {.name = "shop-statistics", .path = "/api/v1/shops/statistics", .zh = "各店铺的投放", .en = "Ads of each shop", .family = "ad"},
    {.name = "trends", .path = "/api/v1/trends", .zh = "逐日走势", .en = "A period day by day", .family = "ad", .both = true, .each = "days"},
    {.name = "trade-orders", .path = "/api/v1/trade-orders", .zh = "订单", .en = "Orders", .family = "trade", .joins = "parts"},
    {.name = "trade-parts", .path = "/api/v1/trade-parts", .zh = "子订单", .en = "Parts of orders", .list = &trade_part_list},
    {.name = "sales", .path = "/api/v1/sales", .zh = "销售", .en = "Sales", .family = "trade"},
    {.name = "hot-sellers", .path = "/api/v1/sales/hot", .zh = "爆单榜", .en = "What sold most in a month", .family = "trade"},
    {.name = "stock-plan", .path = "/api/v1/stock-plan", .zh = "备货计划", .en = "Stock plan"},
    {.name = "delay-rate", .path = "/api/v1/delay-rate", .zh = "延迟发货率", .en = "Orders shipped late", .family = "trade"},
    {.name = "expected-payments", .path = "/api/v1/expected-payments", .zh = "预估回款", .en = "Expected payments"},
    {.name = "reports", .path = "/api/v1/reports/{kind}", .zh = "日报、周报、月报", .en = "A daily, weekly or monthly report",
     .family = "trade", .both = true, .parts = {"sales", "sales_before", "ads", "skus", "persons"}},
    {.name = "costs", .path = "/api/v1/costs", .zh = "成本", .en = "Costs", .family = "trade", .each = "costs"},
    {.name = "rates", .path = "/api/v1/exchange-rates", .zh = "汇率", .en = "Exchange rates", .list = &rate_list},
    {.name = "persons", .path = "/api/v1/persons", .zh = "负责人", .en = "Who is in charge", .list = &person_list},
    {.name = "profit", .path = "/api/v1/profit", .zh = "利润", .en = "Profit", .family = "trade"},
    {.name = "profit-orders", .path = "/api/v1/profit/orders", .zh = "每单利润", .en = "Profit of each sale", .list = &profit_order_list},
    {.name = "bill-lines", .path = "/api/v1/bills/lines", .zh = "账单明细", .en = "Lines of bills", .list = &bill_line_list},
    {.name = "bill-profit", .path = "/api/v1/bills/profit", .zh = "账单利润", .en = "Bill profit"},
    {.name = "products", .path = "/api/v1/products", .zh = "商品", .en = "Products", .list = &product_list},
    {.name = "imports", .path = "/api/v1/imports", .zh = "导入的文件", .en = "Files that came in", .list = &import_list},
    {.name = "syncs", .path = "/api/v1/syncs", .zh = "同步记录", .en = "Syncs"},
    {.name = "tasks", .path = "/api/v1/tasks", .zh = "任务", .en = "Tasks"},
    {.name = "executions", .path = "/api/v1/executions", .zh = "执行记录", .en = "Executions"},
    {.name = "rejects", .path = "/api/v1/rejects", .zh = "被拒收的记录", .en = "Refused records"},
    {.name = "coverage", .path = "/api/v1/coverage", .zh = "数据完整到何时", .en = "How far rows are complete"},
    {.name = "windows", .path = "/api/v1/shops/{id}/streams/{stream}/windows", .zh = "一条数据流的时间窗口", .en = "Windows of a stream"},
    {.name = "attention", .path = "/api/v1/attention", .zh = "需要处理的事", .en = "What needs a person"},
    {.name = "holds", .path = "/api/v1/holds", .zh = "已暂停的", .en = "What is paused"},
    {.name = "schedules", .path = "/api/v1/schedules", .zh = "定时", .en = "Schedules"},
    {.name = "budgets", .path = "/api/v1/budgets", .zh = "调用额度", .en = "Allowed calls"},
    {.name = "settings", .path = "/api/v1/settings", .zh = "设置", .en = "Settings"},
    {.name = "shops", .path = "/api/v1/shops", .zh = "店铺", .en = "Shops"},
    {.name = "apps", .path = "/api/v1/apps", .zh = "应用", .en = "Apps"},
    {.name = "users", .path = "/api/v1/users", .zh = "用户", .en = "Users"},
    {.name = "tokens", .path = "/api/v1/tokens", .zh = "程序的令牌", .en = "Tokens of programs"},
    {.name = "audit", .path = "/api/v1/audit", .zh = "操作记录", .en = "What people changed"},
    {0},
};
/* clang-format on */
enum {
    LISTS = sizeof lists / sizeof *lists - 1,
    POOL_MAX = 2000,
    NAME_BYTES = 64,
    PATH_BYTES = 96
};

static const struct param list_head[] = {EXPORT_PARAMS, {0}};
static const struct param items_head[] = {EXPORT_ITEMS_PARAMS, {0}};

struct route export_routes[LISTS + 1];
static const struct route *bases[LISTS];
static struct param pool[POOL_MAX];
static char names[LISTS][NAME_BYTES], paths[LISTS][PATH_BYTES], summaries[LISTS][PATH_BYTES];

static const struct route *base_find(const char *path)
{
    for (const struct route *const *table = route_tables; *table; table++)
        for (const struct route *route = *table; route->path; route++)
            if (route->method == ROUTE_GET && strcmp(route->path, path) == 0)
                return route;
    assert(false && "a list has a route");
    return NULL;
}

static bool has_param(const struct route *route, const char *name)
{
    for (const struct param *param = route->params; param && param->name; param++)
        if (strcmp(param->name, name) == 0)
            return true;
    return false;
}

/* Of an answer, not of its rows. */
static bool pages(const char *name)
{
    static const char *const words[] = {"limit", "cursor", "page", "total", "totals", "sort", NULL};
    for (size_t i = 0; words[i]; i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return false;
}

static struct param *param_add(struct param *at, const struct param *param)
{
    assert(at < pool + POOL_MAX - 1);
    *at = *param;
    return at + 1;
}

static struct param *params_make(struct param *at, const struct export_list *list,
                                 const struct route *base)
{
    for (const struct param *param = list->list ? list_head : items_head; param->name; param++)
        if (strcmp(param->name, "sort") != 0 || has_param(base, "sort"))
            at = param_add(at, param);
    for (const struct param *param = base->params; param && param->name; param++)
        if (!pages(param->name))
            at = param_add(at, param);
    return at + 1;
}

static enum err_class export_any(struct call *call, struct err *err)
{
    size_t at = (size_t)(call->route - export_routes);
    return lists[at].list ? export_answer(call, lists[at].list, err)
                          : export_items(call, bases[at], &lists[at], err);
}

__attribute__((constructor)) static void routes_make(void)
{
    struct param *at = pool;
    for (size_t i = 0; i < LISTS; i++) {
        const struct route *base = bases[i] = base_find(lists[i].path);
        snprintf(names[i], NAME_BYTES, "%sExport", base->name);
        snprintf(paths[i], PATH_BYTES, "%s/export", base->path);
        snprintf(summaries[i], PATH_BYTES, "%s, as a file", lists[i].en);
        export_routes[i] = (struct route){
            .method = ROUTE_GET,
            .path = paths[i],
            .name = names[i],
            .right = base->right > RIGHT_OPERATE ? base->right : RIGHT_OPERATE,
            .params = at,
            .handle = export_any,
            .summary = summaries[i],
            .streams = true,
        };
        at = params_make(at, &lists[i], base);
    }
}

bool api_list_at(size_t index, struct api_list *out)
{
    if (index >= LISTS)
        return false;
    *out = (struct api_list){lists[index].name, paths[index], lists[index].zh, lists[index].en};
    return true;
}

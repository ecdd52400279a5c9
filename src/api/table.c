/* Every table of routes. Each noun's file ends with its own and is listed here, one a line. */
#include "api/api_internal.h"
#include "api/tables.h"

/* clang-format off */
const struct route *const route_tables[] = {
    health_routes,
    openapi_routes,
    auth_routes,
    user_routes,
    audit_routes,
    ad_order_routes,
    import_routes,
    video_routes,
    shop_statistics_routes,
    dashboard_routes,
    trend_routes,
    metric_routes,
    trade_order_routes,
    sales_routes,
    report_routes,
    view_routes,
    sync_routes,
    task_routes,
    reject_routes,
    hold_routes,
    coverage_routes,
    shop_routes,
    oauth_routes,
    event_routes,
    attention_routes,
    reveal_routes,
    hook_routes,
    cost_routes,
    profit_routes,
    bill_routes,
    payment_routes,
    product_routes,
    export_routes,
    NULL,
};
/* clang-format on */

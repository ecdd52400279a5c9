/* The tables of routes, one a file of a noun. Not part of the face. */
#ifndef HUILIU_API_TABLES_H
#define HUILIU_API_TABLES_H

#include "api/route.h"

extern const struct route health_routes[];
extern const struct route ad_order_routes[];
extern const struct route import_routes[];
extern const struct route video_routes[];
extern const struct route shop_statistics_routes[];
extern const struct route dashboard_routes[];
extern const struct route trend_routes[];
extern const struct route metric_routes[];
extern const struct route trade_order_routes[];
extern const struct route sales_routes[];
extern const struct route report_routes[];
extern const struct route view_routes[];

extern const struct route *const route_tables[]; /* ended by NULL */
extern struct route export_routes[]; /* made of the lists, before main (export_routes.c) */
extern const struct route openapi_routes[];
extern const struct route cost_routes[];
extern const struct route profit_routes[];
extern const struct route bill_routes[];
extern const struct route payment_routes[];
extern const struct route product_routes[];
extern const struct route auth_routes[];
extern const struct route user_routes[];
extern const struct route audit_routes[];
extern const struct route sync_routes[];
extern const struct route task_routes[];
extern const struct route execution_routes[];
extern const struct route session_routes[];
extern const struct route setting_routes[];
extern const struct route original_routes[];
extern const struct route reject_routes[];
extern const struct route hold_routes[];
extern const struct route budget_routes[];
extern const struct route coverage_routes[];
extern const struct route shop_routes[];
extern const struct route app_routes[];
extern const struct route platform_routes[];
extern const struct route oauth_routes[];
extern const struct route event_routes[];
extern const struct route attention_routes[];
extern const struct route reveal_routes[];
extern const struct route hook_routes[];

#endif

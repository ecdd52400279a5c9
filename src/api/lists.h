/* The lists that people page through, as list.h declares them: for routes, exports and the old routes alike. */
#ifndef HUILIU_API_LISTS_H
#define HUILIU_API_LISTS_H

#include "api/list.h"

extern const struct list ad_order_list; /* a row of ad_result each */
/* Of one order: the caller filters by shop and order_id, which are their key with `day` and `at`. */
extern const struct list ad_order_day_list, ad_order_snapshot_list;
/* A row each that the buyer placed: the parents, by their first part; and the parts, which are rows of trade_result. */
extern const struct list trade_order_list, trade_part_list;
/* Sales with their profit; lines of bills; what is sold; what people said; files that came in. */
extern const struct list profit_order_list, bill_line_list, product_list, rate_list, person_list,
    import_list;

#endif

/* The lists that people page through, as list.h declares them: for routes, exports and the old routes alike. */
#ifndef HUILIU_API_LISTS_H
#define HUILIU_API_LISTS_H

#include "api/list.h"

extern const struct list ad_order_list; /* a row of ad_result each */
/* Of one order: the caller filters by shop and order_id, which are their key with `day` and `at`. */
extern const struct list ad_order_day_list, ad_order_snapshot_list;

#endif

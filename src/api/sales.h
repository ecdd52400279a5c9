/* Private to api: what answers about sales share (sales.c, sales_series.c; reports.c has stock, delays and reports). */
#ifndef HUILIU_API_SALES_H
#define HUILIU_API_SALES_H

#include "api/rank.h"

enum by { BY_DAY, BY_WEEK, BY_MONTH, BY_SHOP, BY_SKU, BY_SPU, BY_PERSON };
extern const char *const by_words[];
#define SHOP_PARAM                                                                                 \
    {                                                                                              \
        "shop", PARAM_QUERY, PARAM_TEXT, .many = true, .help = "Numbers or names of shops"         \
    }

/* "shop" and "shop_name" */
void shop_write(struct call *call, struct out *out, int64_t shop_id);
/* "name", as an order of that shop called the SKU last */
enum err_class sku_name_write(struct call *call, struct out *out, int64_t shop_id,
                              const char *sku_id, struct err *err);
enum err_class ranked_write(struct call *call, struct out *out, const char *key,
                            const struct rank_query *query, const struct rank_page *page,
                            struct err *err);

/* For answers that come whole and in their order: a sort, limit, page or cursor that is given is refused, not passed over. */
enum err_class whole_check(struct call *call, struct err *err);

/* A day, an ISO week (of the year that has its Thursday) or a calendar month. */
struct bucket {
    char name[DAY_TEXT_MAX], first[DAY_TEXT_MAX], last[DAY_TEXT_MAX];
    struct sums_total total;
};
/* The one that holds the day. */
void bucket_name(enum by by, const char *day, struct bucket *out);
void month_bounds(int64_t day, int64_t *first, int64_t *last);
/* Days, weeks or months as the members items, next and total. */
enum err_class series_write(struct call *call, struct out *out, enum by by,
                            const struct shop_scope *shops, const struct period *period,
                            struct err *err);

#endif

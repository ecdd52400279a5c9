/* Private to api: what was spent on ads, beside sales (docs/derive.md, "Sales, cost, profit"). An account's spend is that of the
 * store that it is set to; of accounts of no store it is taken off only where all shops are asked for. */
#ifndef HUILIU_API_SPEND_H
#define HUILIU_API_SPEND_H

#include "api/sums.h"

struct ad_account {
    int64_t shop_id, store_id; /* the account is a shop too; store 0: of none */
};
struct ad_accounts {
    struct ad_account *items;
    size_t len, room;
};
/* Those that the asker sees. */
enum err_class ad_accounts_read(struct call *call, struct ad_accounts *ads, struct err *err);
int64_t ad_accounts_store(const struct ad_accounts *ads, int64_t account);
/* What was spent for these shops in the call's period, by `dim` (day, shop_id) and currency: rows of sums_of_ads. */
enum err_class spend_read(struct call *call, const struct shop_scope *shops,
                          const struct ad_accounts *ads, const char *dim, sums_each *each,
                          void *context, struct err *err);
/* As sums of sales of which nothing but their ad_spend is known: what the row of ads came to. False: nothing, or not known. */
bool spend_of(struct call *call, const struct sums *of_ads, struct sums *out);
/* Adds that to a total. What sales do not tell stays unknown; where nothing was sold in the currency all else is 0. */
enum err_class spend_add(struct call *call, struct sums_total *total, struct str currency,
                         const struct sums *of_ads, struct err *err);
/* Sales of these shops by the `shop` rows, with what was spent for them on those days. */
enum err_class sales_total_read(struct call *call, const struct shop_scope *shops,
                                const struct period *period, struct sums_total *out,
                                struct err *err);

#endif

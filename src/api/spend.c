#include "api/spend.h"

#include <string.h>

#include "api/host.h"
#include "api/sql.h"

/* All of them: an account that is left out would be spend that is taken off nowhere. */
static enum err_class ads_add(struct call *call, struct ad_accounts *ads, int64_t account,
                              int64_t store, struct err *err)
{
    struct ad_account *items = arena_grow(call->arena, ads->items, ads->len, &ads->room,
                                          sizeof *items);
    if (!items)
        return err_no_memory(err);
    ads->items = items;
    ads->items[ads->len++] = (struct ad_account){account, store};
    return ERR_OK;
}

enum err_class ad_accounts_read(struct call *call, struct ad_accounts *ads, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(call->host->store, SQL_ADS_OF, NULL, 0, &row, err);
    *ads = (struct ad_accounts){.len = 0};
    if (class_ != ERR_OK)
        return class_;
    while (class_ == ERR_OK && reader_next(row))
        if (call_sees_shop(call, reader_int(row, 0)))
            class_ = ads_add(call, ads, reader_int(row, 0),
                             reader_is_null(row, 1) ? 0 : reader_int(row, 1), err);
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

int64_t ad_accounts_store(const struct ad_accounts *ads, int64_t account)
{
    for (size_t i = 0; i < ads->len; i++)
        if (ads->items[i].shop_id == account)
            return ads->items[i].store_id;
    return 0;
}

/* The accounts whose spend is taken off: all of them where all shops are asked for, else those of the stores. */
static enum err_class accounts_of(struct call *call, const struct ad_accounts *ads,
                                  const struct shop_scope *shops, struct shop_scope *out,
                                  struct err *err)
{
    int64_t *ids = arena_array(call->arena, ads->len + 1, sizeof *ids);
    *out = (struct shop_scope){.all = shops->all, .ids = ids};
    if (!ids)
        return err_no_memory(err);
    for (size_t i = 0; i < ads->len; i++)
        if (ads->items[i].store_id != 0 && scope_sees(shops, ads->items[i].store_id))
            ids[out->len++] = ads->items[i].shop_id;
    return ERR_OK;
}

enum err_class spend_read(struct call *call, const struct shop_scope *shops,
                          const struct ad_accounts *ads, const char *dim, sums_each *each,
                          void *context, struct err *err)
{
    struct shop_scope accounts;
    struct period period;
    bool only_cost[METRICS_MAX];
    const struct sums_query spent = {.table = &sums_of_ads,
                                     .kind = "spent",
                                     .dims = {dim},
                                     .period = &period,
                                     .only = only_cost};
    sums_needs(sums_family(call, &sums_of_ads),
               metric_find(sums_family(call, &sums_of_ads), STR("cost")), only_cost);
    enum err_class class_ = accounts_of(call, ads, shops, &accounts, err);
    if (class_ == ERR_OK)
        class_ = period_ask(call, &accounts, &period, err);
    if (class_ == ERR_OK && (accounts.all || accounts.len > 0))
        class_ = sums_read(call, &spent, each, context, err);
    return class_;
}

bool spend_of(struct call *call, const struct sums *of_ads, struct sums *out)
{
    size_t cost = metric_find(sums_family(call, &sums_of_ads), STR("cost"));
    size_t spend = metric_find(sums_family(call, &sums_of_sales), STR("ad_spend"));
    struct figure spent = of_ads->metrics.value[cost];
    sums_init(out);
    out->metrics.value[spend] = (struct figure){true, spent.number};
    return spent.known && spent.number != 0;
}

enum err_class spend_add(struct call *call, struct sums_total *total, struct str currency,
                         const struct sums *of_ads, struct err *err)
{
    const struct metric_family *family = sums_family(call, &sums_of_sales);
    struct sums spend, zero;
    bool sold = false;
    if (!spend_of(call, of_ads, &spend))
        return ERR_OK;
    for (size_t i = 0; !sold && i < total->len; i++)
        sold = str_eq(str_of(total->currency[i]), currency);
    sums_zero(call, &sums_of_sales, &zero);
    enum err_class class_ = sold ? ERR_OK : total_add(family, total, currency, &zero, err);
    return class_ == ERR_OK ? total_add(family, total, currency, &spend, err) : class_;
}

/* By currency, of the accounts of these shops. */
static enum err_class spend_total(struct call *call, const struct shop_scope *shops,
                                  const struct period *period, struct sums_total *out,
                                  struct err *err)
{
    struct ad_accounts ads;
    struct shop_scope accounts;
    struct period of_accounts;
    bool only_cost[METRICS_MAX];
    const struct sums_query query = {
        .table = &sums_of_ads, .kind = "spent", .period = &of_accounts, .only = only_cost};
    sums_needs(sums_family(call, &sums_of_ads),
               metric_find(sums_family(call, &sums_of_ads), STR("cost")), only_cost);
    out->len = 0;
    enum err_class class_ = ad_accounts_read(call, &ads, err);
    if (class_ == ERR_OK)
        class_ = accounts_of(call, &ads, shops, &accounts, err);
    if (class_ != ERR_OK || (!accounts.all && accounts.len == 0))
        return class_;
    class_ = period_for(call, period, &accounts, &of_accounts, err);
    return class_ == ERR_OK ? sums_total_read(call, &query, out, err) : class_;
}

enum err_class sales_total_read(struct call *call, const struct shop_scope *shops,
                                const struct period *period, struct sums_total *out,
                                struct err *err)
{
    size_t spend = metric_find(sums_family(call, &sums_of_sales), STR("ad_spend"));
    const struct sums_query query = {.table = &sums_of_sales, .kind = "shop", .period = period};
    struct sums_total *ads = arena_alloc(call->arena, sizeof *ads);
    if (!ads)
        return err_no_memory(err);
    enum err_class class_ = sums_total_read(call, &query, out, err);
    if (class_ == ERR_OK)
        class_ = spend_total(call, shops, period, ads, err);
    for (size_t i = 0; class_ == ERR_OK && i < ads->len; i++)
        class_ = spend_add(call, out, str_of(ads->currency[i]), &ads->sums[i], err);
    for (size_t i = 0; class_ == ERR_OK && i < out->len;
         i++) /* nothing was spent: 0, which is known */
        out->sums[i].metrics.value[spend].known = true;
    return class_;
}

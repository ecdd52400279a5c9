/* The dashboard: what a period came to, beside as many days before it. Ads and sales apart, an entry a currency each. */
#include <string.h>

#include "api/host.h"
#include "api/spend.h"

static const struct param params[] = {
    {"period", PARAM_QUERY, PARAM_WORD, .words = period_words, .standard = NULL,
     .help = "Whole days in the shop's zone; 7d: today and the six before. Without: today"},
    {"from", PARAM_QUERY, PARAM_DAY, .help = "First day, included"},
    {"to", PARAM_QUERY, PARAM_DAY, .help = "Last day, included"},
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true, .help = "Numbers or names of shops"},
    {"basis", PARAM_QUERY, PARAM_WORD, .words = basis_words, .standard = "created",
     .help = "Of the ads. created: latest figures of orders placed in the period; spent: what was "
             "counted in it"},
    {0},
};

static enum err_class both_read(struct call *call, const struct shop_scope *shops,
                                const struct sums_table *table, const char *kind,
                                const struct period *period, struct sums_total *out,
                                struct err *err)
{
    struct sums_query query = {.table = table, .kind = kind, .period = period};
    return table == &sums_of_sales ? sales_total_read(call, shops, period, out, err)
                                   : sums_total_read(call, &query, out, err);
}

static const struct sums *total_find(const struct sums_total *total, const char *currency)
{
    for (size_t i = 0; i < total->len; i++)
        if (strcmp(total->currency[i], currency) == 0)
            return &total->sums[i];
    return NULL;
}

static enum err_class now_and_before_write(struct call *call, struct out *out,
                                           const struct sums_table *table,
                                           const struct sums_total *now,
                                           const struct sums_total *before, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < now->len; i++) {
        const struct sums *then = before ? total_find(before, now->currency[i]) : NULL;
        out_object(out, NULL);
        class_ = total_one_write(call, out, table, &now->sums[i], str_of(now->currency[i]), err);
        if (then && !class_) {
            out_object(out, "before");
            class_ = total_one_write(call, out, table, then, str_of(now->currency[i]), err);
            out_end_object(out);
        } else {
            out_null(out, "before");
        }
        out_end_object(out);
    }
    return class_;
}

/* Currencies of the days before that the period does not have: it has zeros of them. */
static enum err_class currencies_join(struct call *call, const struct sums_table *table,
                                      struct sums_total *now, const struct sums_total *before,
                                      struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < before->len; i++) {
        struct sums zero;
        sums_zero(call, table, &zero);
        if (table == &sums_of_sales)
            zero.metrics.value[metric_find(sums_family(call, table), STR("ad_spend"))].known = true;
        if (!total_find(now, before->currency[i]))
            class_ = total_add(sums_family(call, table), now, str_of(before->currency[i]), &zero,
                               err);
    }
    return class_;
}

static enum err_class cards_write(struct call *call, struct out *out, const char *key,
                                  const struct shop_scope *shops, const struct sums_table *table,
                                  const char *kind, const struct period *period,
                                  const struct period *earlier, struct err *err)
{
    struct sums_total *now = arena_alloc(call->arena, sizeof(*now));
    struct sums_total *before = arena_alloc(call->arena, sizeof(*before));
    if (!now || !before)
        return err_no_memory(err);
    enum err_class class_ = both_read(call, shops, table, kind, period, now, err);
    if (!class_ && earlier)
        class_ = both_read(call, shops, table, kind, earlier, before, err);
    if (!class_ && earlier)
        class_ = currencies_join(call, table, now, before, err);
    if (class_)
        return class_;
    out_list(out, key);
    class_ = now_and_before_write(call, out, table, now, earlier ? before : NULL, err);
    out_end_list(out);
    return class_;
}

static enum err_class dashboard(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period, before;
    struct out out;
    const char *basis = basis_words[call_int(call, "basis")];
    bool said = call_given(call, "period") || call_given(call, "from") || call_given(call, "to");
    enum err_class class_ = call_shops(call, &shops, err);
    if (!class_)
        class_ = said ? period_ask(call, &shops, &period, err)
                      : period_last(call, &shops, 1, true, &period, err);
    if (class_)
        return class_;
    bool compares = period_before(call, &period, &before);
    out_init(&out, &call->out);
    out_object(&out, NULL);
    period_write(&out, &period);
    out_text(&out, "basis", str_of(basis));
    class_ = cards_write(call, &out, "ads", &shops, &sums_of_ads, basis, &period,
                         compares ? &before : NULL, err);
    if (!class_)
        class_ = cards_write(call, &out, "sales", &shops, &sums_of_sales, "shop", &period,
                             compares ? &before : NULL, err);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

const struct route dashboard_routes[] = {
    {ROUTE_GET, "/api/v1/dashboard", "dashboard", RIGHT_READ, params, dashboard,
     .summary = "What ads and sales of a period came to, beside as many days before",
     .answer = "Dashboard"},
    {0},
};

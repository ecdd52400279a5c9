/* What shops came to: all that a person sees, and one. */
#include <string.h>

#include "api/host.h"
#include "api/sales.h"
#include "api/tables.h"

static const struct param all_params[] = {
    LIST_PARAMS,
    PERIOD_PARAMS,
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true, .help = "Numbers or names of shops"},
    {"basis", PARAM_QUERY, PARAM_WORD, .words = basis_words, .standard = "created",
     .help =
         "created: latest figures of orders placed in the period; spent: what was counted in it"},
    {0},
};
static const struct param one_params[] = {
    {"shop", PARAM_PATH, PARAM_TEXT, .required = true, .help = "Number or name of the shop"},
    PERIOD_PARAMS,
    {"basis", PARAM_QUERY, PARAM_WORD, .words = basis_words, .standard = "created",
     .help =
         "created: latest figures of orders placed in the period; spent: what was counted in it"},
    {0},
};

static enum err_class total_all_write(struct call *call, struct out *out,
                                      const struct sums_query *of_shops, struct err *err)
{
    struct sums_total *total = arena_alloc(call->arena, sizeof(*total));
    struct sums_query query = *of_shops;
    if (!total)
        return err_no_memory(err);
    query.dims[0] = NULL; /* a video of two shops is one video */
    enum err_class class_ = sums_total_read(call, &query, total, err);
    return class_ ? class_ : total_write(call, out, "totals", query.table, total, err);
}

static enum err_class rows_write(struct call *call, struct out *out, const struct rank_page *page,
                                 struct err *err)
{
    enum err_class class_ = ERR_OK;
    out_list(out, "items");
    for (size_t i = 0; !class_ && i < page->rows_len; i++) {
        const struct rank_row *row = page->rows[i];
        out_object(out, NULL);
        shop_write(call, out, row->numbers[0]);
        class_ = total_one_write(call, out, &sums_of_ads, &row->sums, str_of(row->currency), err);
        out_end_object(out);
    }
    out_end_list(out);
    return class_;
}

static enum err_class statistics_all(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period;
    struct rank_page page;
    struct out out;
    struct rank_query query = {.name = "shop_statistics",
                               .sums = {.table = &sums_of_ads,
                                        .kind = basis_words[call_int(call, "basis")],
                                        .dims = {"shop_id"},
                                        .period = &period}};
    enum err_class class_ = period_of_call(call, &shops, &period, err);
    if (!class_)
        class_ = rank_of_call(call, &query, "-cost", &page, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "basis", str_of(query.sums.kind));
    period_write(&out, &period);
    class_ = rows_write(call, &out, &page, err);
    rank_end_write(&out, &page);
    if (!class_)
        class_ = total_all_write(call, &out, &query.sums, err);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

static enum err_class statistics_one(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period;
    struct out out;
    struct sums_query query = {
        .table = &sums_of_ads, .kind = basis_words[call_int(call, "basis")], .period = &period};
    enum err_class class_ = period_of_call(call, &shops, &period, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    shop_write(call, &out, shops.ids[0]);
    out_text(&out, "basis", str_of(query.kind));
    period_write(&out, &period);
    class_ = total_all_write(call, &out, &query, err);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

const struct route shop_statistics_routes[] = {
    {ROUTE_GET, "/api/v1/shops/statistics", "shopStatistics", RIGHT_READ, all_params,
     statistics_all, .summary = "What the ads of each shop came to, and all together",
     .answer = "ShopStatistics"},
    {ROUTE_GET, "/api/v1/shops/{shop}/statistics", "shopStatisticsOne", RIGHT_READ, one_params,
     statistics_one, .summary = "What the ads of one shop came to", .answer = "ShopStatisticsOne"},
    {0},
};

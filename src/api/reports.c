/* What to stock, how much was shipped late, and the reports of a day, a week or a month. Only sales count. */
#include <string.h>

#include "api/host.h"
#include "api/sales.h"
#include "api/spend.h"

/* --- what to stock --- */

static const struct param stock_params[] = {
    LIST_PARAMS,
    SHOP_PARAM,
    {"past", PARAM_QUERY, PARAM_INT, .min = 1, .max = STOCK_PAST_DAYS_MAX, .standard = "7",
     .help = "Whole days up to yesterday, of which the daily average is made"},
    {"days", PARAM_QUERY, PARAM_INT, .min = 1, .max = STOCK_AHEAD_DAYS_MAX, .standard = "7",
     .help = "Days to stock for"},
    {0},
};
static const struct metric daily_metric = {
    .kind = METRIC_DIVIDE, .unit = METRIC_NUMBER, .decimals = DAILY_DECIMALS};

static enum err_class stock_write(struct call *call, struct out *out, const struct rank_row *row,
                                  int64_t past, int64_t days, struct err *err)
{
    const struct metric_family *family = sums_family(call, &sums_of_sales);
    size_t pieces = metric_find(family, STR("pieces"));
    struct figure sold = row->figures[pieces];
    struct stock_need need = stock_need(sold, past, days);
    out_object(out, NULL);
    out_text_or_null(out, "sku_id", *row->dims[0] ? str_of(row->dims[0]) : STR_NONE);
    enum err_class class_ = sku_name_write(call, out, row->any_shop, row->dims[0], err);
    out_figure(out, "sold", &family->metrics[pieces], sold, STR_NONE);
    out_figure(out, "daily_average", &daily_metric, stock_daily(sold, past), STR_NONE);
    out_figure(out, "pieces", &family->metrics[pieces], need.pieces, STR_NONE);
    out_text(out, "priority", str_of(need.priority));
    out_end_object(out);
    return class_;
}

static enum err_class stock_plan(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period;
    struct rank_page page;
    struct out out;
    int64_t past = call_int(call, "past"), days = call_int(call, "days");
    struct rank_query query = {
        .name = "stock_plan",
        .sums = {.table = &sums_of_sales, .kind = "sku", .dims = {"member"}, .period = &period}};
    enum err_class class_ = call_shops(call, &shops, err);
    if (!class_)
        class_ = period_last(call, &shops, past, false, &period, err);
    if (!class_)
        class_ = rank_of_call(call, &query, "-pieces", &page, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    period_write(&out, &period);
    out_int(&out, "days", days);
    out_list(&out, "items");
    for (size_t i = 0; !class_ && i < page.rows_len; i++)
        class_ = stock_write(call, &out, page.rows[i], past, days, err);
    out_end_list(&out);
    rank_end_write(&out, &page);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

/* --- how much was late --- */

static const struct param delay_params[] = {LIST_PARAMS, PERIOD_PARAMS, SHOP_PARAM, {0}};

static void delay_write(struct call *call, struct out *out, const struct figure *figures)
{
    static const char *const shown[] = {"shipped", "late", "delay_rate", NULL};
    const struct metric_family *family = sums_family(call, &sums_of_sales);
    for (size_t i = 0; shown[i]; i++) {
        size_t metric = metric_find(family, str_of(shown[i]));
        out_figure(out, shown[i], &family->metrics[metric], figures[metric], STR_NONE);
    }
}

/* Parents are counted, not amounts: currencies come together. */
static enum err_class delay_total_write(struct call *call, struct out *out,
                                        const struct period *period, struct err *err)
{
    const struct metric_family *family = sums_family(call, &sums_of_sales);
    struct sums_total *total = arena_alloc(call->arena, sizeof(*total));
    struct sums_query query = {.table = &sums_of_sales, .kind = "shop", .period = period};
    struct figure figures[METRICS_MAX];
    struct sums all;
    sums_init(&all);
    enum err_class class_ = total ? sums_total_read(call, &query, total, err) : err_no_memory(err);
    for (size_t i = 0; !class_ && i < total->len; i++)
        class_ = sums_add(family, &all, &total->sums[i], err);
    if (!class_)
        class_ = sums_figures(family, &all, STR("CNY"), figures, err);
    if (class_)
        return class_;
    out_object(out, "all");
    delay_write(call, out, figures);
    out_end_object(out);
    return ERR_OK;
}

static enum err_class delay_rate(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period;
    struct rank_page page;
    struct out out;
    struct rank_query query = {
        .name = "delay_rate",
        .sums = {.table = &sums_of_sales, .kind = "shop", .dims = {"shop_id"}, .period = &period}};
    enum err_class class_ = period_of_call(call, &shops, &period, err);
    if (!class_)
        class_ = rank_of_call(call, &query, "-delay_rate", &page, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    period_write(&out, &period);
    out_list(&out, "items");
    for (size_t i = 0; i < page.rows_len; i++) {
        out_object(&out, NULL);
        shop_write(call, &out, page.rows[i]->numbers[0]);
        delay_write(call, &out, page.rows[i]->figures);
        out_end_object(&out);
    }
    out_end_list(&out);
    rank_end_write(&out, &page);
    class_ = delay_total_write(call, &out, &period, err);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

/* --- reports --- */

static const char *const report_words[] = {"daily", "weekly", "monthly", NULL};
static const struct param report_params[] = {
    {"kind", PARAM_PATH, PARAM_WORD, .required = true, .words = report_words,
     .help = "daily, weekly (ISO weeks, from Monday) or monthly (calendar months)"},
    {"date", PARAM_QUERY, PARAM_DAY, .help = "A day of it; without: yesterday"},
    SHOP_PARAM,
    {0},
};
enum { REPORT_TOP_DAILY = 10, REPORT_TOP = 20 };

static enum err_class report_period(struct call *call, const struct shop_scope *shops, enum by by,
                                    int64_t day, struct period *out, struct err *err)
{
    struct bucket bucket = {.name = ""};
    char text[DAY_TEXT_MAX];
    day_of_number(day, text);
    bucket_name(by, text, &bucket);
    return period_of_days(call, shops, arena_dup(call->arena, str_of(bucket.first)),
                          arena_dup(call->arena, str_of(bucket.last)), out, err);
}

static enum err_class top_write(struct call *call, struct out *out, const char *key,
                                const char *kind, const struct period *period, int64_t limit,
                                struct err *err)
{
    struct rank_page page;
    struct rank_query query = {
        .name = "report",
        .sums = {.table = &sums_of_sales, .kind = kind, .dims = {"member"}, .period = period},
        .metric = metric_find(sums_family(call, &sums_of_sales), STR("pieces")),
        .down = true,
        .limit = limit};
    enum err_class class_ = rank_read(call, &query, &page, err);
    return class_ ? class_ : ranked_write(call, out, key, &query, &page, err);
}

static enum err_class report_sales_write(struct call *call, struct out *out, const char *key,
                                         const struct shop_scope *shops,
                                         const struct period *period, struct err *err)
{
    struct sums_total *total = arena_alloc(call->arena, sizeof(*total));
    if (!total)
        return err_no_memory(err);
    enum err_class class_ = sales_total_read(call, shops, period, total, err);
    return class_ ? class_ : total_write(call, out, key, &sums_of_sales, total, err);
}

static enum err_class report_ads_write(struct call *call, struct out *out,
                                       const struct period *period, struct err *err)
{
    struct sums_total *total = arena_alloc(call->arena, sizeof(*total));
    struct sums_query query = {.table = &sums_of_ads, .kind = "created", .period = period};
    if (!total)
        return err_no_memory(err);
    enum err_class class_ = sums_total_read(call, &query, total, err);
    return class_ ? class_ : total_write(call, out, "ads", &sums_of_ads, total, err);
}

static enum err_class report(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period yesterday, period, before;
    struct out out;
    enum by by = (enum by)call_int(call, "kind"); /* day, week, month */
    enum err_class class_ = call_shops(call, &shops, err);
    if (!class_)
        class_ = period_last(call, &shops, 1, false, &yesterday, err);
    if (class_)
        return class_;
    int64_t day = day_number(call_given(call, "date")
                                 ? arena_dup(call->arena, call_text(call, "date")).ptr
                                 : yesterday.parts[0].to);
    class_ = report_period(call, &shops, by, day, &period, err);
    if (!class_)
        class_ = report_period(call, &shops, by, day_number(period.parts[0].from) - 1, &before,
                               err);
    if (class_)
        return class_;
    int64_t top = by == BY_DAY ? REPORT_TOP_DAILY : REPORT_TOP;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "kind", call_text(call, "kind"));
    period_write(&out, &period);
    class_ = report_sales_write(call, &out, "sales", &shops, &period, err);
    if (!class_)
        class_ = report_sales_write(call, &out, "sales_before", &shops, &before, err);
    if (!class_)
        class_ = report_ads_write(call, &out, &period, err);
    if (!class_)
        class_ = top_write(call, &out, "skus", "sku", &period, top, err);
    if (!class_)
        class_ = top_write(call, &out, "persons", "person", &period, top, err);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

const struct route report_routes[] = {
    {ROUTE_GET, "/api/v1/stock-plan", "stockPlan", RIGHT_READ, stock_params, stock_plan,
     .summary = "How many pieces of each SKU the next days need", .answer = "StockPlan"},
    {ROUTE_GET, "/api/v1/delay-rate", "delayRate", RIGHT_READ, delay_params, delay_rate,
     .summary = "Orders shipped after the latest time, by shop", .answer = "DelayRate"},
    {ROUTE_GET, "/api/v1/reports/{kind}", "report", RIGHT_READ, report_params, report,
     .summary = "A day, a week or a month: totals beside those before, and what sold most",
     .answer = "Report"},
    {0},
};

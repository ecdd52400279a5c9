/* Trends: a period day by day. Days without orders are there, with zeros. */
#include <string.h>

#include "api/host.h"
#include "api/spend.h"
#include "derive/derive.h"

enum { TREND_SERIES_DAYS_MAX = 3660 };

static const char *const of_words[] = {"ads", "sales", NULL};
static const struct param params[] = {
    PERIOD_PARAMS,
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true, .help = "Numbers or names of shops"},
    {"of", PARAM_QUERY, PARAM_WORD, .words = of_words, .standard = "ads", .help = "Ads or sales"},
    {"basis", PARAM_QUERY, PARAM_WORD, .words = basis_words, .standard = "created",
     .help =
         "Of ads. created: latest figures of orders placed on a day; spent: what was counted on it"},
    {"metric", PARAM_QUERY, PARAM_TEXT, .max = 40,
     .help = "Of which average_7d and growth are told: a metric of the family; cost or gmv"},
    {0},
};

struct series {
    char currency[CURRENCY_BYTES_MAX + 1];
    struct sums *days;
    bool *ordered; /* the day has rows: it is what they come to, known or not */
};
struct trend {
    struct call *call;
    const struct sums_table *table;
    const struct metric_family *family;
    struct series series[SUMS_CURRENCIES_MAX];
    size_t series_len, metric;
    size_t ad_spend;      /* of sales: what stands beside them; SIZE_MAX: of ads */
    int64_t first, last;  /* numbers of days */
    struct day_row *rows; /* as they were read */
    size_t rows_len, rows_room;
};
struct day_row {
    int64_t day;
    char currency[CURRENCY_BYTES_MAX + 1];
    struct sums sums;
    bool of_ads; /* of sales: what was spent beside them */
};

static enum err_class too_many_currencies(struct err *err)
{
    return err_set(err, ERR_BAD_REQUEST, "two_currencies", "amounts of more than %d currencies",
                   SUMS_CURRENCIES_MAX);
}

/* Kept until the bounds are known, which an open period has of its rows: they are read once. */
static enum err_class row_keep(const struct sums_row *row, void *context, struct err *err)
{
    struct trend *trend = context;
    char day[DAY_TEXT_MAX] = "";
    if (row->dims[0].len >= DAY_TEXT_MAX)
        return ERR_OK;
    if (row->currency.len > CURRENCY_BYTES_MAX)
        return too_many_currencies(err);
    struct day_row *rows = arena_grow(trend->call->arena, trend->rows, trend->rows_len,
                                      &trend->rows_room, sizeof(*rows));
    if (!rows)
        return err_no_memory(err);
    trend->rows = rows;
    struct day_row *kept = &trend->rows[trend->rows_len++];
    memcpy(day, row->dims[0].ptr, row->dims[0].len);
    *kept = (struct day_row){.day = day_number(day), .sums = row->sums};
    if (trend->ad_spend != SIZE_MAX) /* without ads their spend is nothing, and known */
        kept->sums.metrics.value[trend->ad_spend].known = true;
    if (row->currency.len)
        memcpy(kept->currency, row->currency.ptr, row->currency.len);
    return ERR_OK;
}

/* What was spent on a day stands beside its sales, of which there may be none. */
static enum err_class spend_keep(const struct sums_row *row, void *context, struct err *err)
{
    struct trend *trend = context;
    struct sums_row spend = *row;
    if (!spend_of(trend->call, &row->sums, &spend.sums))
        return ERR_OK;
    enum err_class class_ = row_keep(&spend, context, err);
    if (class_ == ERR_OK)
        trend->rows[trend->rows_len - 1].of_ads = true;
    return class_;
}

/* Days without rows have zeros, which are known. */
static struct series *series_find(struct trend *trend, const char *currency, struct err *err)
{
    size_t days = (size_t)(trend->last - trend->first + 1), at = 0;
    while (at < trend->series_len && strcmp(trend->series[at].currency, currency) != 0)
        at++;
    if (at < trend->series_len)
        return &trend->series[at];
    if (at == SUMS_CURRENCIES_MAX) {
        too_many_currencies(err);
        return NULL;
    }
    struct series *series = &trend->series[at];
    series->days = arena_array(trend->call->arena, days, sizeof(*series->days));
    series->ordered = arena_array(trend->call->arena, days, sizeof(*series->ordered));
    if (!series->days || !series->ordered) {
        err_no_memory(err);
        return NULL;
    }
    memcpy(series->currency, currency, sizeof(series->currency));
    for (size_t i = 0; i < days; i++) {
        sums_zero(trend->call, trend->table, &series->days[i]);
        if (trend->ad_spend != SIZE_MAX)
            series->days[i].metrics.value[trend->ad_spend].known = true;
    }
    trend->series_len++;
    return series;
}

static enum err_class day_take(struct trend *trend, const struct day_row *row, struct err *err)
{
    struct series *series = series_find(trend, row->currency, err);
    if (!series)
        return err ? err->class_ : ERR_INTERNAL;
    size_t at = (size_t)(row->day - trend->first);
    if (!series->ordered[at] && !row->of_ads)
        sums_init(&series->days[at]);
    series->ordered[at] |= !row->of_ads;
    return sums_add(trend->family, &series->days[at], &row->sums, err);
}

static enum err_class average_write(struct trend *trend, struct out *out,
                                    const struct series *series, size_t day, struct err *err)
{
    struct sums week;
    struct figure figure = {.known = false};
    size_t first = day + 1 < TREND_DAYS ? 0 : day + 1 - TREND_DAYS;
    enum err_class class_ = ERR_OK;
    sums_init(&week);
    for (size_t i = first; !class_ && i <= day; i++)
        class_ = sums_add(trend->family, &week, &series->days[i], err);
    if (!class_)
        class_ = sums_figure(trend->family, &week, str_of(series->currency), trend->metric, &figure,
                             err);
    if (class_)
        return class_;
    const struct metric *metric = &trend->family->metrics[trend->metric];
    struct figure average = trend_average(metric, figure, (int64_t)(day - first + 1));
    out_figure(out, "average_7d", metric, average, str_of(series->currency));
    return ERR_OK;
}

static const struct metric growth_metric = {
    .kind = METRIC_DIVIDE, .unit = METRIC_SHARE, .decimals = GROWTH_DECIMALS};

static enum err_class series_write(struct trend *trend, struct out *out,
                                   const struct series *series, struct err *err)
{
    size_t days = (size_t)(trend->last - trend->first + 1);
    struct figure *values = arena_array(trend->call->arena, days, sizeof(*values));
    enum err_class class_ = values ? ERR_OK : err_no_memory(err);
    out_object(out, NULL);
    out_text(out, "currency", str_of(series->currency));
    out_list(out, "days");
    for (size_t i = 0; !class_ && i < days; i++) {
        char day[DAY_TEXT_MAX];
        day_of_number(trend->first + (int64_t)i, day);
        class_ = sums_figure(trend->family, &series->days[i], str_of(series->currency),
                             trend->metric, &values[i], err);
        if (class_)
            break;
        out_object(out, NULL);
        out_text(out, "day", str_of(day));
        class_ = total_one_write(trend->call, out, trend->table, &series->days[i],
                                 str_of(series->currency), err);
        if (!class_)
            class_ = average_write(trend, out, series, i, err);
        out_end_object(out);
    }
    out_end_list(out);
    if (!class_)
        out_figure(out, "growth", &growth_metric, trend_growth(values, days), STR_NONE);
    out_end_object(out);
    return class_;
}

/* The bounds that the period says; where it says none, the first and the last day that have rows. */
static enum err_class bounds_set(struct trend *trend, const struct period *period, struct err *err)
{
    bool open = !*period->parts[0].from || !*period->parts[0].to;
    trend->last = -1;
    if (open && trend->rows_len == 0) /* nothing at all */
        return ERR_OK;
    for (size_t i = 0; open && i < trend->rows_len; i++) {
        int64_t day = trend->rows[i].day;
        trend->first = i ? min_i64(trend->first, day) : day;
        trend->last = i ? max_i64(trend->last, day) : day;
    }
    for (size_t i = 0; i < period->parts_len; i++) {
        const struct period_part *part = &period->parts[i];
        if (*part->from && (i == 0 || day_number(part->from) < trend->first))
            trend->first = day_number(part->from);
        if (*part->to && (i == 0 || day_number(part->to) > trend->last))
            trend->last = day_number(part->to);
    }
    /* The accounts of ads may have a today of their own. */
    for (size_t i = 0; i < trend->rows_len; i++) {
        trend->first = min_i64(trend->first, trend->rows[i].day);
        trend->last = max_i64(trend->last, trend->rows[i].day);
    }
    if (trend->last - trend->first >= TREND_SERIES_DAYS_MAX)
        return call_refuse(trend->call, "from", "period_long", err, "at most %d days, one by one",
                           TREND_SERIES_DAYS_MAX);
    return ERR_OK;
}

static enum err_class trends(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period;
    struct ad_accounts accounts;
    struct out out;
    bool ads = call_int(call, "of") == 0;
    struct trend *trend = arena_alloc(call->arena, sizeof(*trend));
    struct sums_query query = {.table = ads ? &sums_of_ads : &sums_of_sales,
                               .kind = ads ? basis_words[call_int(call, "basis")] : "shop",
                               .dims = {"day"},
                               .period = &period};
    if (!trend)
        return err_no_memory(err);
    *trend = (struct trend){.call = call,
                            .table = query.table,
                            .family = sums_family(call, query.table),
                            .ad_spend = SIZE_MAX};
    if (!ads)
        trend->ad_spend = metric_find(trend->family, STR("ad_spend"));
    struct str metric = call_given(call, "metric") ? call_text(call, "metric")
                                                   : str_of(ads ? "cost" : "gmv");
    trend->metric = metric_find(trend->family, metric);
    if (trend->metric == SIZE_MAX)
        return call_refuse(call, "metric", "metric_unknown", err,
                           "a metric is one of /api/v1/metrics, of the family that is asked for");
    enum err_class class_ = period_of_call(call, &shops, &period, err);
    if (!class_)
        class_ = sums_read(call, &query, row_keep, trend, err);
    if (!class_ && !ads)
        class_ = ad_accounts_read(call, &accounts, err);
    if (!class_ && !ads)
        class_ = spend_read(call, &shops, &accounts, "day", spend_keep, trend, err);
    if (!class_)
        class_ = bounds_set(trend, &period, err);
    for (size_t i = 0; !class_ && i < trend->rows_len; i++)
        class_ = day_take(trend, &trend->rows[i], err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    period_write(&out, &period);
    out_text(&out, "basis", str_of(query.kind));
    out_text(&out, "metric", metric);
    out_list(&out, "items");
    for (size_t i = 0; !class_ && i < trend->series_len; i++)
        class_ = series_write(trend, &out, &trend->series[i], err);
    out_end_list(&out);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

const struct route trend_routes[] = {
    {ROUTE_GET, "/api/v1/trends", "trends", RIGHT_READ, params, trends,
     .summary = "A period day by day, with the average of seven days and the growth",
     .answer = "Trends"},
    {0},
};

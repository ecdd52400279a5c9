/* Sales by day, ISO week or month, with what was spent on ads beside them: whole, and in their order. */
#include <string.h>

#include "api/host.h"
#include "api/sales.h"
#include "api/spend.h"

enum { SERIES_DAYS_MAX = 3660 };

struct buckets {
    struct call *call;
    enum by by;
    struct bucket *list[SERIES_DAYS_MAX];
    size_t len;
    size_t ad_spend; /* metric */
};

/* The Monday of the ISO week; 1970-01-01 was a Thursday. */
static int64_t monday_of(int64_t day)
{
    int64_t weekday = (day + 3) % 7;
    return day - (weekday < 0 ? weekday + 7 : weekday);
}

/* A week is of the year that has its Thursday. */
static void week_name(int64_t monday, char out[DAY_TEXT_MAX])
{
    struct civil civil;
    struct buf text;
    civil_from_utc_ms((monday + 3) * 86400000, &civil);
    int64_t first = monday_of(civil_days(civil.year, 1, 4));
    buf_init_lent(&text, out, DAY_TEXT_MAX);
    buf_printf(&text, "%04d-W%02lld", (int)civil.year, (long long)((monday - first) / 7 + 1));
}

void month_bounds(int64_t day, int64_t *first, int64_t *last)
{
    struct civil civil;
    civil_from_utc_ms(day * 86400000, &civil);
    *first = civil_days(civil.year, civil.month, 1);
    *last = *first + civil_month_days(civil.year, civil.month) - 1;
}

void bucket_name(enum by by, const char *day, struct bucket *out)
{
    int64_t number = day_number(day), first = number, last = number;
    if (by == BY_WEEK) {
        first = monday_of(number);
        last = first + 6;
    } else if (by == BY_MONTH) {
        month_bounds(number, &first, &last);
    }
    day_of_number(first, out->first);
    day_of_number(last, out->last);
    memcpy(out->name, out->first, sizeof(out->name));
    if (by == BY_MONTH)
        out->name[7] = '\0';
    if (by == BY_WEEK)
        week_name(first, out->name);
}

/* Where the bucket that begins on this day stands, or belongs. */
static size_t bucket_place(const struct buckets *buckets, const char *first)
{
    size_t from = 0, to = buckets->len;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (strcmp(buckets->list[middle]->first, first) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static enum err_class bucket_of(struct buckets *buckets, struct str day, struct bucket **out,
                                struct err *err)
{
    char text[DAY_TEXT_MAX];
    struct bucket named = {.name = ""};
    memcpy(text, day.ptr, day.len);
    text[day.len] = '\0';
    bucket_name(buckets->by, text, &named);
    size_t at = bucket_place(buckets, named.first);
    if (at < buckets->len && strcmp(buckets->list[at]->first, named.first) == 0) {
        *out = buckets->list[at];
        return ERR_OK;
    }
    if (buckets->len == SERIES_DAYS_MAX)
        return call_refuse(buckets->call, "from", "period_long", err, "at most %d days, one by one",
                           SERIES_DAYS_MAX);
    struct bucket *bucket = arena_alloc(buckets->call->arena, sizeof(*bucket));
    if (!bucket)
        return err_no_memory(err);
    *bucket = named;
    memmove(&buckets->list[at + 1], &buckets->list[at],
            (buckets->len - at) * sizeof(struct bucket *));
    buckets->list[at] = *out = bucket;
    buckets->len++;
    return ERR_OK;
}

static enum err_class sales_take(const struct sums_row *row, void *context, struct err *err)
{
    struct buckets *buckets = context;
    struct bucket *bucket;
    struct sums with_ads = row->sums;
    if (row->dims[0].len >= DAY_TEXT_MAX)
        return ERR_OK;
    /* Without ads their spend is nothing, and known. */
    with_ads.metrics.value[buckets->ad_spend] = (struct figure){true, 0};
    enum err_class class_ = bucket_of(buckets, row->dims[0], &bucket, err);
    return class_ ? class_
                  : total_add(sums_family(buckets->call, &sums_of_sales), &bucket->total,
                              row->currency, &with_ads, err);
}

/* Also of a day on which nothing was sold. */
static enum err_class ads_take(const struct sums_row *row, void *context, struct err *err)
{
    struct buckets *buckets = context;
    struct bucket *bucket;
    struct sums spend;
    if (row->dims[0].len >= DAY_TEXT_MAX || !spend_of(buckets->call, &row->sums, &spend))
        return ERR_OK;
    enum err_class class_ = bucket_of(buckets, row->dims[0], &bucket, err);
    return class_ ? class_
                  : spend_add(buckets->call, &bucket->total, row->currency, &row->sums, err);
}

static enum err_class buckets_read(struct buckets *buckets, const struct shop_scope *shops,
                                   const struct period *period, struct err *err)
{
    struct call *call = buckets->call;
    struct ad_accounts ads;
    struct sums_query query = {
        .table = &sums_of_sales, .kind = "shop", .dims = {"day"}, .period = period};
    enum err_class class_ = sums_read(call, &query, sales_take, buckets, err);
    if (!class_)
        class_ = ad_accounts_read(call, &ads, err);
    return class_ ? class_ : spend_read(call, shops, &ads, "day", ads_take, buckets, err);
}

enum err_class series_write(struct call *call, struct out *out, enum by by,
                            const struct shop_scope *shops, const struct period *period,
                            struct err *err)
{
    struct buckets *buckets = arena_alloc(call->arena, sizeof(*buckets));
    if (!buckets)
        return err_no_memory(err);
    *buckets = (struct buckets){
        .call = call,
        .by = by,
        .ad_spend = metric_find(sums_family(call, &sums_of_sales), STR("ad_spend"))};
    enum err_class class_ = buckets_read(buckets, shops, period, err);
    out_list(out, "items");
    for (size_t i = 0; !class_ && i < buckets->len; i++) {
        const struct bucket *bucket = buckets->list[i];
        for (size_t j = 0; !class_ && j < bucket->total.len; j++) {
            out_object(out, NULL);
            out_text(out, by_words[by], str_of(bucket->name));
            if (by != BY_DAY) {
                out_text(out, "from", str_of(bucket->first));
                out_text(out, "to", str_of(bucket->last));
            }
            class_ = total_one_write(call, out, &sums_of_sales, &bucket->total.sums[j],
                                     str_of(bucket->total.currency[j]), err);
            out_end_object(out);
        }
    }
    out_end_list(out);
    out_null(out, "next");
    out_null(out, "total");
    return class_;
}

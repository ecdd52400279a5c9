#include "derive/trend.h"

#include <assert.h>

__extension__ typedef __int128 wide; /* products of two 64-bit numbers */
enum { STOCK_RESERVE_TENTHS = 13, STOCK_HIGH = 100, STOCK_MEDIUM = 50 };

/* Half away from zero. `b` is positive. */
static wide divide_half_up(wide a, wide b)
{
    return a < 0 ? -((-a * 2 + b) / (b * 2)) : (a * 2 + b) / (b * 2);
}

static struct figure figure_of(wide number)
{
    bool fits = number >= INT64_MIN && number <= INT64_MAX;
    return (struct figure){fits, fits ? (int64_t)number : 0};
}

struct figure trend_average(const struct metric *metric, struct figure sum, int64_t days)
{
    bool added = metric->kind == METRIC_ADD || metric->kind == METRIC_SUM;
    assert(days > 0);
    return sum.known && added ? figure_of(divide_half_up(sum.number, days)) : sum;
}

static bool sum_of(const struct figure *values, size_t len, wide *out)
{
    bool known = true;
    *out = 0;
    for (size_t i = 0; i < len; i++) {
        known = known && values[i].known;
        *out += values[i].number;
    }
    return known;
}

struct figure trend_growth(const struct figure *values, size_t len)
{
    wide first, last;
    size_t days = len < TREND_DAYS ? len : TREND_DAYS;
    struct figure unknown = {false, 0};
    if (len < 2 || !sum_of(values, days, &first) || !sum_of(values + len - days, days, &last) ||
        first == 0)
        return unknown;
    /* Both are means of the same number of days, which cancels out. */
    wide grown = (last - first) * 10000;
    return figure_of(first < 0 ? divide_half_up(-grown, -first) : divide_half_up(grown, first));
}

struct figure stock_daily(struct figure sold, int64_t past_days)
{
    assert(past_days > 0);
    return sold.known ? figure_of(divide_half_up((wide)sold.number * 100, past_days)) : sold;
}

struct stock_need stock_need(struct figure sold, int64_t past_days, int64_t ahead_days)
{
    struct stock_need need = {.pieces = {false, 0}, .priority = "low"};
    assert(past_days > 0 && ahead_days > 0);
    if (!sold.known)
        return need;
    wide wanted = (wide)sold.number * ahead_days * STOCK_RESERVE_TENTHS;
    wide parts = (wide)past_days * 10;
    need.pieces = figure_of(wanted > 0 ? (wanted + parts - 1) / parts : 0);
    if (need.pieces.number > STOCK_HIGH)
        need.priority = "high";
    else if (need.pieces.number > STOCK_MEDIUM)
        need.priority = "medium";
    return need;
}

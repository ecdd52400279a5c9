/* trend: how a series of days goes. One definition each, for the API, exports and the page (docs/derive.md).
 *
 *   average   of a day: that of it and the six days before it, as far as the series has them. What is added up is
 *             divided by the days, half up; a quotient is that of the days' sums, never an average of quotients.
 *   growth    (mean of the last seven days − mean of the first seven) ÷ mean of the first seven, four decimals, half
 *             away from zero. A series shorter than seven days has as many as it has. Unknown with fewer than two days, where a mean
 *             is unknown, or where the first is 0.
 *
 * Stock: pieces that are needed for some days, from what was sold in the last ones: sold ÷ days of the past × days ahead ×
 * 1.3, rounded up. More than 100 is `high`, more than 50 `medium`.
 *
 * Pure. */
#ifndef HUILIU_DERIVE_TREND_H
#define HUILIU_DERIVE_TREND_H

#include "derive/metric.h"

enum {
    TREND_DAYS = 7,
    GROWTH_DECIMALS = 4,
    DAILY_DECIMALS = 2,
    STOCK_PAST_DAYS_MAX = 30,
    STOCK_AHEAD_DAYS_MAX = 365
};

/* `sum` of `days` days as the value of one. */
struct figure trend_average(const struct metric *metric, struct figure sum, int64_t days);
/* values: a day each, in order. Scaled by GROWTH_DECIMALS. */
struct figure trend_growth(const struct figure *values, size_t len);

/* Sold a day; scaled by DAILY_DECIMALS, half up. */
struct figure stock_daily(struct figure sold, int64_t past_days);
struct stock_need {
    struct figure pieces;
    const char *priority; /* high medium low */
};
struct stock_need stock_need(struct figure sold, int64_t past_days, int64_t ahead_days);

#endif

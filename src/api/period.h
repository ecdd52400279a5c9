/* period: which days and which shops a sum is made of. A period is whole calendar days in the shop's zone, both ends
 * included: a word (`today`, `7d`: today and the six before, `30d`, `all`) or `from` and `to`. Shops whose zones are in
 * different days just now have parts of their own; with `from` and `to` each shop's own days of those names count.
 *
 * Parameters of a route: PERIOD_PARAMS. Errors: ERR_USAGE "period_twice" (a word and days), "period_order". */
#ifndef HUILIU_API_PERIOD_H
#define HUILIU_API_PERIOD_H

#include "api/out.h"
#include "api/route.h"

enum { PERIOD_PARTS_MAX = 64, DAY_TEXT_MAX = 12 };
extern const char *const period_words[]; /* today 7d 30d all */

#define PERIOD_PARAMS                                                                              \
    {"period", PARAM_QUERY, PARAM_WORD, .words = period_words,                                     \
     .help = "Whole days in the shop's zone; 7d: today and the six before. Without: 30d"},         \
        {"from", PARAM_QUERY, PARAM_DAY, .help = "First day, included"},                           \
    {                                                                                              \
        "to", PARAM_QUERY, PARAM_DAY, .help = "Last day, included"                                 \
    }

struct period_part {
    const struct zone *zone;
    char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX]; /* empty: no bound */
    bool all_shops;
    const int64_t *shops;
    size_t shops_len;
};
/* How it was said, for the same period of other shops (period_for). */
struct period_wish {
    int64_t last; /* so many days up to today, or yesterday; 0: from … to */
    bool with_today;
    char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
    int64_t earlier; /* so many times as many days before */
};
struct period {
    struct period_part *parts;
    size_t parts_len;
    int64_t days; /* 0: without bounds */
    struct period_wish wish;
};
enum err_class period_ask(struct call *call, const struct shop_scope *shops, struct period *out,
                          struct err *err);
/* The shops that are asked for, and the period of them. */
enum err_class period_of_call(struct call *call, struct shop_scope *shops, struct period *out,
                              struct err *err);
/* Days that are said by the program. */
enum err_class period_of_days(struct call *call, const struct shop_scope *shops, struct str from,
                              struct str to, struct period *out, struct err *err);
/* The last `days` whole days: with today, or up to yesterday. */
enum err_class period_last(struct call *call, const struct shop_scope *shops, int64_t days,
                           bool with_today, struct period *out, struct err *err);
/* The same days of other shops, each by its own zone. */
enum err_class period_for(struct call *call, const struct period *like,
                          const struct shop_scope *shops, struct period *out, struct err *err);
/* As many days just before; false: the period has no beginning. */
bool period_before(const struct call *call, const struct period *period, struct period *out);
/* "2026-01-28" and a number of days after it (or before). */
void day_shift(const char day[DAY_TEXT_MAX], int64_t days, char out[DAY_TEXT_MAX]);
int64_t day_number(const char *day); /* days since 1970-01-01 */
void day_of_number(int64_t number, char out[DAY_TEXT_MAX]);
/* "period": {from, to, zone}, the days of the first part; "zones" where there are several. */
void period_write(struct out *out, const struct period *period);

/* "as_of": up to when the platforms' rows of these shops are complete, the least of their streams; and "zone", where all
 * shops share one, else null. */
enum err_class scope_end_write(struct call *call, struct out *out, const struct shop_scope *shops,
                               struct err *err);

#endif

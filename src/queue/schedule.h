/* schedule: when something is due again and again. Pure: no clock, no store.
 *
 *     every 5m                       multiples of five minutes since 1970, UTC
 *     30 7 * * mon Asia/Shanghai     cron: minute hour day-of-month month day-of-week [zone]
 *
 * Cron fields are as in POSIX crontab: `*`, numbers, ranges, lists, steps (`*` or a range with /n), months and
 * days also by their first three English letters, 7 for Sunday. When both day fields are restricted a
 * day matches that either names. @hourly @daily @weekly @monthly stand for the usual lines. What no
 * calendar has (30 February) is refused.
 *
 * Local time and changes of the clock. A schedule that names its hours runs once for each local time that it
 * names: in an hour that is skipped, at the instant of the jump; in an hour that comes twice, the first
 * time. A schedule of every hour (`*`) goes by the time that passes: nothing is run for an hour that
 * was skipped, and in one that comes twice it runs twice.
 *
 * Jitter: `schedule_next_ms` is the same for everybody. Who must not run at one instant with all others
 * shifts it by schedule_shift_ms, which is always the same for the same key.
 *
 * Life cycle: plain values; a zone lives as long as the process. Threads: any. */
#ifndef HUILIU_QUEUE_SCHEDULE_H
#define HUILIU_QUEUE_SCHEDULE_H

#include "base/base.h"
#include "format/format.h"

struct schedule {
    int64_t every_ms; /* 0: cron */
    const struct zone *zone;
    /* One bit a value. */
    uint64_t minutes;
    uint32_t hours, days, months, weekdays; /* days from bit 1, weekdays from Sunday */
    bool any_hour, any_day, any_weekday;    /* the field begins with `*` */
};

enum {
    SCHEDULE_TEXT_BYTES_MAX = 256,
    SCHEDULE_EVERY_MIN_MS = 1000,
};
/* In milliseconds; the longest `every`. */
#define SCHEDULE_EVERY_MAX_MS (INT64_C(366) * 24 * 60 * 60 * 1000)

/* `zone` holds where the text names none. ERR_CONFIG "schedule" says which field and why. */
enum err_class schedule_parse(struct str text, const struct zone *zone, struct schedule *out,
                              struct err *err);
/* The first run after an instant, UTC; after_ms is a time from 2 January 1970 to the year 9000. */
int64_t schedule_next_ms(const struct schedule *schedule, int64_t after_ms);
/* Between 0 and span_ms, exclusive; spread evenly over keys. span_ms of 0 gives 0. */
int64_t schedule_shift_ms(uint64_t key, int64_t span_ms);

#endif

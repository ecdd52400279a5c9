/* Time zones and calendar text. TZif files are read by us because tzset is not thread-safe.
 * A zone is looked up in $HUILIU_ZONEINFO, then /usr/share/zoneinfo; "UTC", "+08:00" and
 * "Asia/Shanghai" (fixed +08:00 since 1991, with its earlier transitions built in as a constant
 * fallback) work without any file.
 *
 * Life cycle: zones are loaded once and live as long as the process (cached by name, at most 64).
 * Threads: any; the cache has a lock. */
#ifndef HUILIU_FORMAT_ZONE_H
#define HUILIU_FORMAT_ZONE_H

#include "base/base.h"

struct zone;
/* The widest that zones of the world are ahead and behind. */
enum { ZONE_AHEAD_MAX_MS = 14 * 3600 * 1000, ZONE_BEHIND_MAX_MS = 12 * 3600 * 1000 };

/* ERR_CONFIG "zone_unknown" names it and the nearest. */
enum err_class zone_find(struct str name, const struct zone **out, struct err *err);
const struct zone *zone_utc(void);
struct str zone_name(const struct zone *zone);
/* Offset from UTC in seconds that holds at an instant. */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_ms);

struct civil { /* proleptic Gregorian */
    int32_t year;
    unsigned month, day, hour, minute, second, millisecond;
};
/* Days from 1970-01-01. */
int64_t civil_days(int64_t year, unsigned month, unsigned day);
unsigned civil_month_days(int64_t year, unsigned month);
/* Of such a day: 0 is Sunday. */
unsigned civil_weekday(int64_t days);
int64_t civil_to_utc_ms(const struct civil *civil); /* as if UTC */
void civil_from_utc_ms(int64_t utc_ms, struct civil *out);
/* A local time to UTC. A skipped hour gives the instant of the jump, a doubled one the earlier. */
int64_t zone_to_utc_ms(const struct zone *zone, const struct civil *local);
void zone_from_utc_ms(const struct zone *zone, int64_t utc_ms, struct civil *out);
/* The instant in (from_ms, to_ms] at which the offset of from_ms ends. At to_ms another one holds, and no
 * other change lies in between. */
int64_t zone_jump_ms(const struct zone *zone, int64_t from_ms, int64_t to_ms);
/* Start of the local calendar day that holds the instant. */
int64_t zone_day_start_ms(const struct zone *zone, int64_t utc_ms);

/* strftime-like: %Y %m %d %H %M %S %L (ms, 3 digits) %z (+0800) %: z as %Z (+08:00), %% . */
enum err_class time_format(struct str format, const struct zone *zone, int64_t utc_ms,
                           struct buf *out, struct err *err);
/* The reverse; %z and %Z override the zone and accept "Z". Nothing may be left over.
 * ERR_SKIP_RECORD "time_text". */
enum err_class time_parse(struct str format, const struct zone *zone, struct str text,
                          int64_t *utc_ms, struct err *err);
/* What people and platforms write: "2026-01-28", "2026-01-28 07:00[:05[.123]]", with T, with Z or
 * offset; "/" for "-". *date_only tells that no time stood there. */
enum err_class time_parse_any(struct str text, const struct zone *zone, int64_t *utc_ms,
                              bool *date_only, struct err *err);

#endif

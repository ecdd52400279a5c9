/* Instants as people type them. */
#include "app/date.h"

#include "app/message.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS };
static const int64_t day_ms = 24 * (int64_t)HOUR_MS;
/* The last second of the year 9999: what four digits of a year can say. */
static const int64_t unix_max_s = 253402300799;

static enum err_class refuse(struct str text, struct err *err)
{
    return err_say(err, ERR_USAGE, "date", MSG_DATE, M_STR(text), M_END);
}

/* "7d": a whole number and a unit. */
static bool ago_parse(struct str text, int64_t now_ms, int64_t *utc_ms)
{
    int64_t count, span_ms;
    if (text.len < 2 || !str_to_i64(str_sub(text, 0, text.len - 1), &count) || count < 0)
        return false;
    char unit = text.ptr[text.len - 1];
    int64_t unit_ms = unit == 'd' ? day_ms : unit == 'h' ? HOUR_MS : unit == 'm' ? MINUTE_MS : 0;
    if (unit_ms == 0 || !i64_mul(count, unit_ms, &span_ms) || span_ms > now_ms)
        return false;
    *utc_ms = now_ms - span_ms;
    return true;
}

/* Midnight after the local day: the day may have 23 or 25 hours. */
static int64_t day_after_ms(const struct zone *zone, int64_t utc_ms)
{
    struct civil day;
    zone_from_utc_ms(zone, utc_ms, &day);
    struct civil noon = {.year = day.year, .month = day.month, .day = day.day, .hour = 12};
    struct civil next;
    civil_from_utc_ms(civil_to_utc_ms(&noon) + day_ms, &next);
    next.hour = 0;
    return zone_to_utc_ms(zone, &next);
}

enum err_class date_parse(struct str text, const struct zone *zone, enum date_end end,
                          int64_t now_ms, int64_t *utc_ms, struct err *err)
{
    int64_t unix_s;
    bool date_only;
    text = str_trim(text);
    if (ago_parse(text, now_ms, utc_ms))
        return ERR_OK;
    if (str_to_i64(text, &unix_s)) {
        /* Eight digits are a day without its dashes, and 1970 is nobody's wish. */
        if (unix_s < 100000000 || unix_s > unix_max_s)
            return refuse(text, err);
        *utc_ms = (unix_s + (end == DATE_AFTER)) * SECOND_MS;
        return ERR_OK;
    }
    if (time_parse_any(text, zone, utc_ms, &date_only, NULL) != ERR_OK)
        return refuse(text, err);
    if (end == DATE_START)
        return ERR_OK;
    if (date_only)
        *utc_ms = day_after_ms(zone, *utc_ms);
    else
        *utc_ms += str_find_char(text, '.') == SIZE_MAX ? SECOND_MS : 1;
    return ERR_OK;
}

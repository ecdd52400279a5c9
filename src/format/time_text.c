/* Times as text, both ways. */
#include <stdio.h>

#include "format/codec.h"
#include "format/zone_internal.h"

static bool digit_is(char c)
{
    return c >= '0' && c <= '9';
}

/* A number of `min` to `max` digits from the front. */
static bool digits_take(struct str *text, size_t min, size_t max, unsigned *out)
{
    unsigned number = 0;
    size_t len = 0;
    for (; len < text->len && len < max && digit_is(text->ptr[len]); len++)
        number = number * 10 + (unsigned)(text->ptr[len] - '0');
    if (len < min)
        return false;
    *text = str_sub(*text, len, text->len);
    *out = number;
    return true;
}

static bool char_take(struct str *text, char c)
{
    if (text->len == 0 || text->ptr[0] != c)
        return false;
    *text = str_sub(*text, 1, text->len);
    return true;
}

bool zone_offset_take(struct str *text, int32_t *offset_s)
{
    struct str rest = *text;
    unsigned hours, minutes = 0;
    if (char_take(&rest, 'Z')) {
        *offset_s = 0;
        *text = rest;
        return true;
    }
    bool west = char_take(&rest, '-');
    if ((!west && !char_take(&rest, '+')) || !digits_take(&rest, 2, 2, &hours))
        return false;
    bool colon = char_take(&rest, ':');
    if (!digits_take(&rest, 2, 2, &minutes) && colon)
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    int32_t total = (int32_t)(hours * 3600 + minutes * 60);
    *offset_s = west ? -total : total;
    *text = rest;
    return true;
}

static enum err_class format_check(struct str format, struct err *err)
{
    for (size_t at = 0; at < format.len; at++) {
        if (format.ptr[at] != '%')
            continue;
        at++;
        if (at == format.len || str_find_char(STR("YmdHMSLzZ%"), format.ptr[at]) == SIZE_MAX)
            return err_set(
                err, ERR_CONFIG, "time_format",
                "\"%.*s\" is no time format: after %% stands one of Y m d H M S L z Z %%",
                STR_ARG(utf8_cut(format, 100)));
    }
    return ERR_OK;
}

/* Offsets before the age of standard time have seconds, which no text form has: they are cut. */
static void offset_write(struct buf *out, int32_t offset_s, bool colon)
{
    int minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    buf_printf(out, "%c%02d%s%02d", offset_s < 0 ? '-' : '+', minutes / 60, colon ? ":" : "",
               minutes % 60);
}

static void directive_write(struct buf *out, char directive, const struct civil *local,
                            int32_t offset_s)
{
    switch (directive) {
    case 'Y':
        buf_printf(out, "%04d", local->year);
        break;
    case 'm':
        buf_printf(out, "%02u", local->month);
        break;
    case 'd':
        buf_printf(out, "%02u", local->day);
        break;
    case 'H':
        buf_printf(out, "%02u", local->hour);
        break;
    case 'M':
        buf_printf(out, "%02u", local->minute);
        break;
    case 'S':
        buf_printf(out, "%02u", local->second);
        break;
    case 'L':
        buf_printf(out, "%03u", local->millisecond);
        break;
    case 'z':
    case 'Z':
        offset_write(out, offset_s, directive == 'Z');
        break;
    default:
        buf_add_char(out, directive);
    }
}

enum err_class time_format(struct str format, const struct zone *zone, int64_t utc_ms,
                           struct buf *out, struct err *err)
{
    enum err_class result = format_check(format, err);
    if (result != ERR_OK)
        return result;
    struct civil local;
    int32_t offset_s = zone_offset_s(zone, utc_ms);
    zone_from_utc_ms(zone, utc_ms, &local);
    for (size_t at = 0; at < format.len; at++) {
        if (format.ptr[at] == '%')
            directive_write(out, format.ptr[++at], &local, offset_s);
        else
            buf_add_char(out, format.ptr[at]);
    }
    return out->failed ? err_no_memory(err) : ERR_OK;
}

/* What has been read of a time. */
struct reading {
    struct civil local;
    bool has_offset;
    int32_t offset_s;
};

static bool reading_in_range(const struct reading *reading)
{
    const struct civil *local = &reading->local;
    return local->month >= 1 && local->month <= 12 && local->day >= 1 &&
           local->day <= civil_month_days(local->year, local->month) && local->hour <= 23 &&
           local->minute <= 59 && local->second <= 59;
}

static int64_t reading_to_utc_ms(const struct reading *reading, const struct zone *zone)
{
    if (reading->has_offset)
        return civil_to_utc_ms(&reading->local) - reading->offset_s * INT64_C(1000);
    return zone_to_utc_ms(zone, &reading->local);
}

static enum err_class time_refused(struct str text, const char *wanted, struct err *err)
{
    return err_set(err, ERR_SKIP_RECORD, "time_text", "\"%.*s\" is not a time %s",
                   STR_ARG(utf8_cut(text, 60)), wanted);
}

/* One directive; false when the text does not have it. */
static bool directive_read(char directive, struct str *text, struct reading *out)
{
    unsigned year;
    switch (directive) {
    case 'Y':
        if (!digits_take(text, 4, 4, &year))
            return false;
        out->local.year = (int32_t)year;
        return true;
    case 'm':
        return digits_take(text, 2, 2, &out->local.month);
    case 'd':
        return digits_take(text, 2, 2, &out->local.day);
    case 'H':
        return digits_take(text, 2, 2, &out->local.hour);
    case 'M':
        return digits_take(text, 2, 2, &out->local.minute);
    case 'S':
        return digits_take(text, 2, 2, &out->local.second);
    case 'L':
        return digits_take(text, 3, 3, &out->local.millisecond);
    case 'z':
    case 'Z':
        out->has_offset = true;
        return zone_offset_take(text, &out->offset_s);
    default:
        return char_take(text, directive);
    }
}

enum err_class time_parse(struct str format, const struct zone *zone, struct str text,
                          int64_t *utc_ms, struct err *err)
{
    enum err_class result = format_check(format, err);
    if (result != ERR_OK)
        return result;
    struct reading reading = {.local = {.year = 1970, .month = 1, .day = 1}};
    struct str rest = text;
    bool ok = true;
    for (size_t at = 0; at < format.len && ok; at++) {
        if (format.ptr[at] == '%')
            ok = directive_read(format.ptr[++at], &rest, &reading);
        else
            ok = char_take(&rest, format.ptr[at]);
    }
    if (!ok || rest.len > 0 || !reading_in_range(&reading)) {
        char wanted[128];
        snprintf(wanted, sizeof wanted, "of the form \"%.*s\"", STR_ARG(utf8_cut(format, 100)));
        return time_refused(text, wanted, err);
    }
    *utc_ms = reading_to_utc_ms(&reading, zone);
    return ERR_OK;
}

/* ".123": up to nanoseconds, cut to milliseconds. */
static bool fraction_take(struct str *text, unsigned *millisecond)
{
    size_t len = 0;
    *millisecond = 0;
    for (; len < text->len && digit_is(text->ptr[len]); len++) {
        if (len < 3)
            *millisecond = *millisecond * 10 + (unsigned)(text->ptr[len] - '0');
    }
    for (size_t i = len; i < 3; i++)
        *millisecond *= 10;
    *text = str_sub(*text, len, text->len);
    return len >= 1 && len <= 9;
}

static bool date_take(struct str *text, struct civil *out)
{
    unsigned year;
    if (!digits_take(text, 4, 4, &year) || text->len == 0)
        return false;
    char separator = text->ptr[0];
    out->year = (int32_t)year;
    return (separator == '-' || separator == '/') && char_take(text, separator) &&
           digits_take(text, 1, 2, &out->month) && char_take(text, separator) &&
           digits_take(text, 1, 2, &out->day);
}

/* "7:05[:09[.123]][Z|+08:00]", an offset after a blank if one likes. */
static bool clock_take(struct str *text, struct reading *out)
{
    if (!digits_take(text, 1, 2, &out->local.hour) || !char_take(text, ':') ||
        !digits_take(text, 2, 2, &out->local.minute))
        return false;
    if (char_take(text, ':')) {
        if (!digits_take(text, 2, 2, &out->local.second))
            return false;
        if (char_take(text, '.') && !fraction_take(text, &out->local.millisecond))
            return false;
    }
    if (text->len == 0)
        return true;
    char_take(text, ' ');
    out->has_offset = true;
    return zone_offset_take(text, &out->offset_s);
}

enum err_class time_parse_any(struct str text, const struct zone *zone, int64_t *utc_ms,
                              bool *date_only, struct err *err)
{
    struct reading reading = {0};
    struct str rest = text;
    bool ok = date_take(&rest, &reading.local);
    bool has_clock = ok && (char_take(&rest, ' ') || char_take(&rest, 'T'));
    if (has_clock)
        ok = clock_take(&rest, &reading);
    if (!ok || rest.len > 0 || !reading_in_range(&reading))
        return time_refused(text, "like 2026-01-28 or 2026-01-28 07:00:05", err);
    *utc_ms = reading_to_utc_ms(&reading, zone);
    if (date_only)
        *date_only = !has_clock;
    return ERR_OK;
}

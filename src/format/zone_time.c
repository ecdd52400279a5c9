/* The arithmetic of calendars and zones. */
#include <assert.h>

#include "format/zone_internal.h"

enum {
    DAYS_PER_ERA = 146097, /* 400 Gregorian years */
    /* Days from 0000-03-01 to 1970-01-01. Counting from March puts the leap day last. */
    DAYS_TO_1970 = 719468,
    /* Milliseconds of a year beyond this do not fit into int64. */
    YEAR_MAX = 292000000,
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
int64_t civil_days(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

unsigned civil_month_days(int64_t year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    assert(month >= 1 && month <= 12);
    return month == 2 && leap ? 29 : days[month - 1];
}

unsigned civil_weekday(int64_t days)
{
    days += 4; /* 1970-01-01 was a Thursday */
    return (unsigned)(days - 7 * floor_div(days, 7));
}

/* Seconds as if UTC. */
static int64_t civil_to_s(const struct civil *civil)
{
    assert(civil->year >= -YEAR_MAX && civil->year <= YEAR_MAX);
    int64_t days = civil_days(civil->year, civil->month, civil->day);
    return days * DAY_S + civil->hour * 3600 + civil->minute * 60 + civil->second;
}

static void civil_from_s(int64_t seconds, struct civil *out)
{
    int64_t days = floor_div(seconds, DAY_S);
    unsigned second_of_day = (unsigned)(seconds - days * DAY_S);
    days += DAYS_TO_1970;
    int64_t era = floor_div(days, DAYS_PER_ERA);
    unsigned day_of_era = (unsigned)(days - era * DAYS_PER_ERA);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_of_year + 2) / 153;
    unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *out = (struct civil){
        .year = (int32_t)(year_of_era + era * 400 + (month <= 2)),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
        .hour = second_of_day / 3600,
        .minute = second_of_day / 60 % 60,
        .second = second_of_day % 60,
    };
}

int64_t civil_to_utc_ms(const struct civil *civil)
{
    return civil_to_s(civil) * 1000 + civil->millisecond;
}

/* Through seconds, so that an offset added to the ends of int64 cannot overflow. */
static void civil_from_ms(int64_t utc_ms, int32_t offset_s, struct civil *out)
{
    civil_from_s(floor_div(utc_ms, 1000) + offset_s, out);
    out->millisecond = (unsigned)((utc_ms % 1000 + 1000) % 1000);
}

void civil_from_utc_ms(int64_t utc_ms, struct civil *out)
{
    civil_from_ms(utc_ms, 0, out);
}

/* Local seconds at which a rule's day takes effect in a year. */
static int64_t zone_day_s(const struct zone_day *rule, int64_t year)
{
    int64_t first = civil_days(year, rule->month, 1);
    int64_t day = (rule->weekday + 7 - civil_weekday(first)) % 7 + 7 * ((int64_t)rule->week - 1);
    if (day >= civil_month_days(year, rule->month))
        day -= 7; /* week 5 is the last one, be it the fourth */
    return (first + day) * DAY_S + rule->time_s;
}

int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t utc_s)
{
    if (!rule->summer)
        return rule->std_offset_s;
    struct civil local;
    civil_from_s(utc_s + rule->std_offset_s, &local);
    int64_t start_s = zone_day_s(&rule->start, local.year) - rule->std_offset_s;
    int64_t end_s = zone_day_s(&rule->end, local.year) - rule->summer_offset_s;
    /* On the southern half of the earth summer goes over the new year. */
    bool summer = start_s < end_s ? utc_s >= start_s && utc_s < end_s
                                  : utc_s >= start_s || utc_s < end_s;
    return summer ? rule->summer_offset_s : rule->std_offset_s;
}

static int32_t offset_at_s(const struct zone *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->changes_len; /* the first change after the instant is in here */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at_s <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->changes_len && zone->has_rule)
        return zone_rule_offset_s(&zone->rule, utc_s);
    return low == 0 ? zone->first_offset_s : zone->changes[low - 1].offset_s;
}

int32_t zone_offset_s(const struct zone *zone, int64_t utc_ms)
{
    return offset_at_s(zone, floor_div(utc_ms, 1000));
}

/* The instant in (from_s, to_s] at which the offset of from_s ends. */
static int64_t jump_find(const struct zone *zone, int64_t from_s, int64_t to_s)
{
    int32_t offset_s = offset_at_s(zone, from_s);
    while (to_s - from_s > 1) {
        int64_t middle = from_s + (to_s - from_s) / 2;
        if (offset_at_s(zone, middle) == offset_s)
            from_s = middle;
        else
            to_s = middle;
    }
    return to_s;
}

int64_t zone_jump_ms(const struct zone *zone, int64_t from_ms, int64_t to_ms)
{
    return jump_find(zone, floor_div(from_ms, 1000), floor_div(to_ms, 1000)) * 1000;
}

/* Tries the offsets that hold a day before and a day after: with the change between them, if
 * there is one, they are all that the local time can mean. */
int64_t zone_to_utc_ms(const struct zone *zone, const struct civil *local)
{
    int64_t local_s = civil_to_s(local);
    int64_t before_s = local_s - offset_at_s(zone, local_s - DAY_S);
    int64_t after_s = local_s - offset_at_s(zone, local_s + DAY_S);
    bool before = before_s + offset_at_s(zone, before_s) == local_s;
    bool after = after_s + offset_at_s(zone, after_s) == local_s;
    if (!before && !after)
        return jump_find(zone, local_s - DAY_S, local_s + DAY_S) * 1000;
    if (before && after)
        local_s = before_s < after_s ? before_s : after_s;
    else
        local_s = before ? before_s : after_s;
    return local_s * 1000 + local->millisecond;
}

void zone_from_utc_ms(const struct zone *zone, int64_t utc_ms, struct civil *out)
{
    civil_from_ms(utc_ms, zone_offset_s(zone, utc_ms), out);
}

int64_t zone_day_start_ms(const struct zone *zone, int64_t utc_ms)
{
    struct civil local;
    zone_from_utc_ms(zone, utc_ms, &local);
    return zone_to_utc_ms(
        zone, &(struct civil){.year = local.year, .month = local.month, .day = local.day});
}

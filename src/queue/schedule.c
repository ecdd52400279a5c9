/* When a schedule runs next. The calendar is walked in local time: a month, a day, an hour, a minute
 * that is not named is passed as a whole. */
#include "queue/schedule.h"

#include <assert.h>

#include "format/format.h"

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    FIELDS = 5,
    /* The first of a month may be no Monday for twelve years, 29 February not come for eight. */
    YEARS_MAX = 40,
    ZONE_FIELD = FIELDS,
};

/* --- reading --- */

struct field {
    const char *name;
    unsigned min, max;
    const char *const *words; /* of min, min + 1, …; NULL: numbers only */
};

static const char *const MONTH_WORDS[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                          "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const WEEKDAY_WORDS[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};
static const struct field FIELD[FIELDS] = {
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day of month", 1, 31, NULL},
    {"month", 1, 12, MONTH_WORDS},
    {"day of week", 0, 7, WEEKDAY_WORDS},
};

static enum err_class field_error(const struct field *field, struct str text, struct err *err)
{
    return err_set(
        err, ERR_CONFIG, "schedule",
        "\"%.*s\" is no %s: it may hold *, numbers from %u to %u, a-b, lists with commas "
        "and steps (*/5)",
        STR_ARG(text), field->name, field->min, field->max);
}

static bool value_read(const struct field *field, struct str text, unsigned *out)
{
    int64_t number;
    for (unsigned i = 0; field->words && field->words[i]; i++) {
        if (str_eq_nocase(text, str_of(field->words[i]))) {
            *out = field->min + i;
            return true;
        }
    }
    if (text.len == 0 || text.len > 2 || !str_to_i64(text, &number) || number < field->min ||
        number > field->max)
        return false;
    *out = (unsigned)number;
    return true;
}

/* "*", "5", "1-5", each with "/2" where it is a range. */
static bool item_read(const struct field *field, struct str text, uint64_t *bits)
{
    unsigned first = field->min, last = field->max;
    int64_t step = 1;
    size_t slash = str_find_char(text, '/');
    struct str range = slash == SIZE_MAX ? text : str_sub(text, 0, slash);
    size_t dash = str_find_char(range, '-');
    bool star = str_eq(range, STR("*"));
    if (slash != SIZE_MAX && (!str_to_i64(str_sub(text, slash + 1, text.len), &step) || step < 1 ||
                              step > field->max || (!star && dash == SIZE_MAX)))
        return false;
    if (!star && dash == SIZE_MAX) {
        if (!value_read(field, range, &first))
            return false;
        last = first;
    } else if (!star &&
               (!value_read(field, str_sub(range, 0, dash), &first) ||
                !value_read(field, str_sub(range, dash + 1, range.len), &last) || first > last)) {
        return false;
    }
    for (unsigned value = first; value <= last; value += (unsigned)step)
        *bits |= UINT64_C(1) << value;
    return true;
}

static enum err_class field_read(const struct field *field, struct str text, uint64_t *bits,
                                 struct err *err)
{
    size_t from = 0;
    *bits = 0;
    for (size_t at = 0; at <= text.len; at++) {
        if (at < text.len && text.ptr[at] != ',')
            continue;
        if (!item_read(field, str_sub(text, from, at), bits))
            return field_error(field, text, err);
        from = at + 1;
    }
    return ERR_OK;
}

/* Some month that is named has some day that is named. */
static bool days_exist(const struct schedule *schedule)
{
    enum { LEAP_YEAR = 2000 };
    if (!schedule->any_weekday)
        return true;
    for (unsigned month = 1; month <= 12; month++) {
        uint64_t days = (UINT64_C(2) << civil_month_days(LEAP_YEAR, month)) - 1;
        if (schedule->months & (1U << month) && schedule->days & days)
            return true;
    }
    return false;
}

static enum err_class cron_read(const struct str words[], struct schedule *out, struct err *err)
{
    uint64_t bits[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) {
        enum err_class class_ = field_read(&FIELD[i], words[i], &bits[i], err);
        if (class_ != ERR_OK)
            return class_;
    }
    out->minutes = bits[0];
    out->hours = (uint32_t)bits[1];
    out->days = (uint32_t)bits[2];
    out->months = (uint32_t)bits[3];
    /* Sunday has two numbers. */
    out->weekdays = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7F);
    out->any_hour = out->hours == (1U << 24) - 1;
    out->any_day = words[2].ptr[0] == '*';
    out->any_weekday = words[4].ptr[0] == '*';
    if (!days_exist(out))
        return err_set(err, ERR_CONFIG, "schedule", "no year has the day \"%.*s %.*s\"",
                       STR_ARG(words[2]), STR_ARG(words[3]));
    return ERR_OK;
}

static enum err_class every_read(struct str text, struct schedule *out, struct err *err)
{
    if (duration_parse(text, &out->every_ms) && out->every_ms >= SCHEDULE_EVERY_MIN_MS &&
        out->every_ms <= SCHEDULE_EVERY_MAX_MS)
        return ERR_OK;
    return err_set(err, ERR_CONFIG, "schedule",
                   "\"every %.*s\" is no interval: write 30s, 5m, 1h30m … from 1s to 366d",
                   STR_ARG(text));
}

/* How many there are; FIELDS + 2: too many. */
static size_t words_split(struct str text, struct str words[FIELDS + 1])
{
    size_t len = 0, at = 0;
    while (at < text.len) {
        size_t from = at;
        while (at < text.len && text.ptr[at] != ' ' && text.ptr[at] != '\t')
            at++;
        if (at > from && len > FIELDS)
            return FIELDS + 2;
        if (at > from)
            words[len++] = str_sub(text, from, at);
        at++;
    }
    return len;
}

/* The five fields that a nickname stands for; empty: it is none. */
static struct str nickname_line(struct str word)
{
    static const struct {
        const char *name, *line;
    } NAMES[] = {
        {"@hourly", "0 * * * *"},
        {"@daily", "0 0 * * *"},
        {"@weekly", "0 0 * * 0"},
        {"@monthly", "0 0 1 * *"},
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (str_eq(word, str_of(NAMES[i].name)))
            return str_of(NAMES[i].line);
    return STR_NONE;
}

enum err_class schedule_parse(struct str text, const struct zone *zone, struct schedule *out,
                              struct err *err)
{
    struct str words[FIELDS + 1] = {{0}}, line;
    size_t len = text.len <= SCHEDULE_TEXT_BYTES_MAX ? words_split(text, words) : 0;
    *out = (struct schedule){.zone = zone};
    if (len == 2 && str_eq(words[0], STR("every")))
        return every_read(words[1], out, err);
    if ((len == 1 || len == 2) && (line = nickname_line(words[0])).len > 0) {
        words[ZONE_FIELD] = words[1];
        bool named = len == 2;
        words_split(line, words);
        len = FIELDS + named;
    }
    if (len < FIELDS || len > FIELDS + 1)
        return err_set(
            err, ERR_CONFIG, "schedule",
            "\"%.*s\" is no schedule: write \"every 5m\" or minute hour day month weekday "
            "[zone], like \"30 7 * * mon Asia/Shanghai\"",
            STR_ARG(text));
    enum err_class class_ = len > FIELDS ? zone_find(words[ZONE_FIELD], &out->zone, err) : ERR_OK;
    return class_ == ERR_OK ? cron_read(words, out, err) : class_;
}

/* --- the next run --- */

static bool day_is_named(const struct schedule *schedule, const struct civil *local)
{
    int64_t date = civil_days(local->year, local->month, local->day);
    bool day = schedule->days & (1U << local->day);
    bool weekday = schedule->weekdays & (1U << civil_weekday(date));
    if (!(schedule->months & (1U << local->month)))
        return false;
    return schedule->any_day || schedule->any_weekday ? day && weekday : day || weekday;
}

/* Local time is calculated with as if it were UTC. */
static int64_t local_ms(const struct schedule *schedule, int64_t utc_ms)
{
    struct civil local;
    zone_from_utc_ms(schedule->zone, utc_ms, &local);
    return civil_to_utc_ms(&local);
}

/* The first local minute from at_ms on that the schedule names. */
static int64_t local_named_from(const struct schedule *schedule, int64_t at_ms)
{
    int64_t end_ms = at_ms + YEARS_MAX * INT64_C(366) * DAY_MS;
    at_ms = next_multiple_i64(at_ms - 1, MINUTE_MS);
    while (at_ms < end_ms) {
        struct civil local;
        civil_from_utc_ms(at_ms, &local);
        if (!day_is_named(schedule, &local))
            at_ms = next_multiple_i64(at_ms, DAY_MS);
        else if (!(schedule->hours & (1U << local.hour)))
            at_ms = next_multiple_i64(at_ms, HOUR_MS);
        else if (!(schedule->minutes & (UINT64_C(1) << local.minute)))
            at_ms += MINUTE_MS;
        else
            return at_ms;
    }
    assert(false); /* schedule_parse refuses what never comes */
    return INT64_MAX;
}

/* Local times grow with the instants that they name first, so the first named one whose instant lies
 * behind is the next. */
static int64_t named_hours_next_ms(const struct schedule *schedule, int64_t after_ms)
{
    int64_t at_ms = local_ms(schedule, after_ms);
    for (;;) {
        struct civil local;
        at_ms = local_named_from(schedule, at_ms);
        civil_from_utc_ms(at_ms, &local);
        int64_t utc_ms = zone_to_utc_ms(schedule->zone, &local);
        if (utc_ms > after_ms)
            return utc_ms;
        at_ms += MINUTE_MS;
    }
}

/* Time is walked a day at most at once, and no further than to a change of the clock: without one in between
 * the local time lies as far ahead as it seems. What lies further is gone to a day before. */
static int64_t any_hour_next_ms(const struct schedule *schedule, int64_t after_ms)
{
    int64_t utc_ms = after_ms + 1;
    for (;;) {
        int64_t here_ms = local_ms(schedule, utc_ms);
        int64_t named_ms = local_named_from(schedule, here_ms), ahead_ms = named_ms - here_ms;
        if (ahead_ms == 0)
            return utc_ms;
        if (ahead_ms > 2 * DAY_MS) {
            struct civil near;
            civil_from_utc_ms(named_ms - DAY_MS, &near);
            utc_ms = zone_to_utc_ms(schedule->zone, &near);
            continue;
        }
        ahead_ms = min_i64(ahead_ms, DAY_MS);
        bool jumps = zone_offset_s(schedule->zone, utc_ms) !=
                     zone_offset_s(schedule->zone, utc_ms + ahead_ms);
        utc_ms = jumps ? zone_jump_ms(schedule->zone, utc_ms, utc_ms + ahead_ms)
                       : utc_ms + ahead_ms;
    }
}

int64_t schedule_next_ms(const struct schedule *schedule, int64_t after_ms)
{
    assert(schedule->every_ms > 0 || after_ms >= DAY_MS); /* so that local times are positive */
    if (schedule->every_ms > 0)
        return next_multiple_i64(after_ms, schedule->every_ms);
    return schedule->any_hour ? any_hour_next_ms(schedule, after_ms)
                              : named_hours_next_ms(schedule, after_ms);
}

int64_t schedule_shift_ms(uint64_t key, int64_t span_ms)
{
    struct rng rng;
    rng_seed(&rng, key);
    return span_ms > 0 ? (int64_t)rng_below(&rng, (uint64_t)span_ms) : 0;
}

/* Zones against python's zoneinfo (a table made by it) and, over a century and a half, against the
 * C library's own reading of the same files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "format/zone_internal.h"

/* Made by this program:
 *
 *   from datetime import *; from zoneinfo import ZoneInfo
 *   def row(zone, utc):
 *       local = utc.astimezone(ZoneInfo(zone))
 *       print(zone, int(utc.timestamp()), int(local.utcoffset().total_seconds()), local)
 *
 * for each change of offset in the years named below (found by bisection): the second before it
 * and the second of it. */
static const struct {
    const char *zone;
    int64_t utc_s;
    int32_t offset_s;
    struct civil local;
} table[] = {
    {"Asia/Shanghai", 515527199, 28800, {1986, 5, 4, 1, 59, 59, 0}},
    {"Asia/Shanghai", 515527200, 32400, {1986, 5, 4, 3, 0, 0, 0}},
    {"Asia/Shanghai", 527014799, 32400, {1986, 9, 14, 1, 59, 59, 0}},
    {"Asia/Shanghai", 527014800, 28800, {1986, 9, 14, 1, 0, 0, 0}},
    {"Asia/Shanghai", 545162399, 28800, {1987, 4, 12, 1, 59, 59, 0}},
    {"Asia/Shanghai", 545162400, 32400, {1987, 4, 12, 3, 0, 0, 0}},
    {"Asia/Shanghai", 558464399, 32400, {1987, 9, 13, 1, 59, 59, 0}},
    {"Asia/Shanghai", 558464400, 28800, {1987, 9, 13, 1, 0, 0, 0}},
    {"Asia/Shanghai", 577216799, 28800, {1988, 4, 17, 1, 59, 59, 0}},
    {"Asia/Shanghai", 577216800, 32400, {1988, 4, 17, 3, 0, 0, 0}},
    {"Asia/Shanghai", 589913999, 32400, {1988, 9, 11, 1, 59, 59, 0}},
    {"Asia/Shanghai", 589914000, 28800, {1988, 9, 11, 1, 0, 0, 0}},
    {"Asia/Shanghai", 608666399, 28800, {1989, 4, 16, 1, 59, 59, 0}},
    {"Asia/Shanghai", 608666400, 32400, {1989, 4, 16, 3, 0, 0, 0}},
    {"Asia/Shanghai", 621968399, 32400, {1989, 9, 17, 1, 59, 59, 0}},
    {"Asia/Shanghai", 621968400, 28800, {1989, 9, 17, 1, 0, 0, 0}},
    {"Asia/Shanghai", 640115999, 28800, {1990, 4, 15, 1, 59, 59, 0}},
    {"Asia/Shanghai", 640116000, 32400, {1990, 4, 15, 3, 0, 0, 0}},
    {"Asia/Shanghai", 653417999, 32400, {1990, 9, 16, 1, 59, 59, 0}},
    {"Asia/Shanghai", 653418000, 28800, {1990, 9, 16, 1, 0, 0, 0}},
    {"Asia/Shanghai", 671565599, 28800, {1991, 4, 14, 1, 59, 59, 0}},
    {"Asia/Shanghai", 671565600, 32400, {1991, 4, 14, 3, 0, 0, 0}},
    {"Asia/Shanghai", 684867599, 32400, {1991, 9, 15, 1, 59, 59, 0}},
    {"Asia/Shanghai", 684867600, 28800, {1991, 9, 15, 1, 0, 0, 0}},
    {"America/Los_Angeles", 1772963999, -28800, {2026, 3, 8, 1, 59, 59, 0}},
    {"America/Los_Angeles", 1772964000, -25200, {2026, 3, 8, 3, 0, 0, 0}},
    {"America/Los_Angeles", 1793523599, -25200, {2026, 11, 1, 1, 59, 59, 0}},
    {"America/Los_Angeles", 1793523600, -28800, {2026, 11, 1, 1, 0, 0, 0}},
    {"America/Los_Angeles", 3698042399, -28800, {2087, 3, 9, 1, 59, 59, 0}},
    {"America/Los_Angeles", 3698042400, -25200, {2087, 3, 9, 3, 0, 0, 0}},
    {"America/Los_Angeles", 3718601999, -25200, {2087, 11, 2, 1, 59, 59, 0}},
    {"America/Los_Angeles", 3718602000, -28800, {2087, 11, 2, 1, 0, 0, 0}},
    {"Europe/London", 1774745999, 0, {2026, 3, 29, 0, 59, 59, 0}},
    {"Europe/London", 1774746000, 3600, {2026, 3, 29, 2, 0, 0, 0}},
    {"Europe/London", 1792889999, 3600, {2026, 10, 25, 1, 59, 59, 0}},
    {"Europe/London", 1792890000, 0, {2026, 10, 25, 1, 0, 0, 0}},
    {"Europe/London", 3699824399, 0, {2087, 3, 30, 0, 59, 59, 0}},
    {"Europe/London", 3699824400, 3600, {2087, 3, 30, 2, 0, 0, 0}},
    {"Europe/London", 3717968399, 3600, {2087, 10, 26, 1, 59, 59, 0}},
    {"Europe/London", 3717968400, 0, {2087, 10, 26, 1, 0, 0, 0}},
    {"Australia/Lord_Howe", 1775314799, 39600, {2026, 4, 5, 1, 59, 59, 0}},
    {"Australia/Lord_Howe", 1775314800, 37800, {2026, 4, 5, 1, 30, 0, 0}},
    {"Australia/Lord_Howe", 1791041399, 37800, {2026, 10, 4, 1, 59, 59, 0}},
    {"Australia/Lord_Howe", 1791041400, 39600, {2026, 10, 4, 2, 30, 0, 0}},
    {"Australia/Lord_Howe", 3700393199, 39600, {2087, 4, 6, 1, 59, 59, 0}},
    {"Australia/Lord_Howe", 3700393200, 37800, {2087, 4, 6, 1, 30, 0, 0}},
    {"Australia/Lord_Howe", 3716119799, 37800, {2087, 10, 5, 1, 59, 59, 0}},
    {"Australia/Lord_Howe", 3716119800, 39600, {2087, 10, 5, 2, 30, 0, 0}},
};

/* NULL: no zone files on this machine. */
static const struct zone *zone_of(const char *name)
{
    const struct zone *zone = NULL;
    struct err err;
    enum err_class result = zone_find(str_of(name), &zone, &err);
    if (result == ERR_OK)
        return zone;
    assert_int_equal(result, ERR_CONFIG);
    assert_string_equal(err.code, "zone_unknown");
    return NULL;
}

static bool zone_files_there(void)
{
    return access("/usr/share/zoneinfo/Asia/Shanghai", R_OK) == 0;
}

static void assert_civil_equal(const struct civil *a, const struct civil *b)
{
    assert_int_equal(a->year, b->year);
    assert_int_equal(a->month, b->month);
    assert_int_equal(a->day, b->day);
    assert_int_equal(a->hour, b->hour);
    assert_int_equal(a->minute, b->minute);
    assert_int_equal(a->second, b->second);
    assert_int_equal(a->millisecond, b->millisecond);
}

static void civil_days_follow_each_other_through_all_leap_years(void **state)
{
    (void)state;
    /* A naive calendar, day by day, from 1600 to 2500. */
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t utc_ms = INT64_C(-11676096000000); /* 1600-01-01, python */
    for (int32_t year = 1600; year < 2500; year++) {
        bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        for (unsigned month = 1; month <= 12; month++) {
            unsigned len = days[month - 1] + (month == 2 && leap);
            assert_int_equal(civil_month_days(year, month), len);
            for (unsigned day = 1; day <= len; day++, utc_ms += 86400000) {
                struct civil wanted = {year, month, day, 0, 0, 0, 0}, got;
                assert_int_equal(civil_to_utc_ms(&wanted), utc_ms);
                civil_from_utc_ms(utc_ms, &got);
                assert_civil_equal(&got, &wanted);
                civil_from_utc_ms(utc_ms + 86399999, &got);
                wanted = (struct civil){year, month, day, 23, 59, 59, 999};
                assert_civil_equal(&got, &wanted);
            }
        }
    }
}

static void the_ends_of_time_have_a_date(void **state)
{
    (void)state;
    struct civil civil;
    const struct zone *east = zone_of("+14:00");
    zone_from_utc_ms(east, INT64_MAX, &civil);
    assert_civil_equal(&civil, &(struct civil){292278994, 8, 17, 21, 12, 55, 807});
    civil_from_utc_ms(INT64_MIN, &civil);
    assert_civil_equal(&civil, &(struct civil){-292275055, 5, 16, 16, 47, 4, 192});
}

static void offsets_equal_the_table_of_python(void **state)
{
    (void)state;
    if (!zone_files_there())
        skip();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct civil local;
        const struct zone *zone = zone_of(table[i].zone);
        assert_non_null(zone);
        assert_int_equal(zone_offset_s(zone, table[i].utc_s * 1000), table[i].offset_s);
        zone_from_utc_ms(zone, table[i].utc_s * 1000, &local);
        assert_civil_equal(&local, &table[i].local);
    }
}

static const char *const zones_compared[] = {
    "Asia/Shanghai",       "America/Los_Angeles", "Europe/London",     "Europe/Dublin",
    "Australia/Lord_Howe", "America/Sao_Paulo",   "Africa/Casablanca", "Asia/Gaza",
    "America/St_Johns",    "Pacific/Apia",        "Pacific/Chatham",   "Asia/Kathmandu",
    "America/Nuuk",        "Africa/Cairo",        "Antarctica/Troll",  "America/Santiago",
};

static void offsets_equal_those_of_the_c_library(void **state)
{
    (void)state;
    if (!zone_files_there())
        skip();
    for (size_t z = 0; z < sizeof zones_compared / sizeof *zones_compared; z++) {
        const struct zone *zone = zone_of(zones_compared[z]);
        assert_non_null(zone);
        setenv("TZ", zones_compared[z], 1);
        tzset();
        /* 1890 to 2110 in steps of 7 h 13 min 11 s, so that all hours and days come up. */
        for (time_t s = INT64_C(-2524608000); s < INT64_C(4417977600); s += 25991) {
            struct tm local;
            assert_non_null(localtime_r(&s, &local));
            if (zone_offset_s(zone, s * 1000) != local.tm_gmtoff)
                fail_msg("%s at %lld: %d is not %ld", zones_compared[z], (long long)s,
                         zone_offset_s(zone, s * 1000), local.tm_gmtoff);
        }
    }
    unsetenv("TZ");
    tzset();
}

static void local_times_lead_back_to_the_earliest_instant_that_has_them(void **state)
{
    (void)state;
    if (!zone_files_there())
        skip();
    for (size_t z = 0; z < sizeof zones_compared / sizeof *zones_compared; z++) {
        const struct zone *zone = zone_of(zones_compared[z]);
        assert_non_null(zone);
        for (int64_t s = -631152000; s < INT64_C(4102444800); s += 25991) {
            struct civil local, again;
            zone_from_utc_ms(zone, s * 1000 + 7, &local);
            int64_t back_ms = zone_to_utc_ms(zone, &local);
            assert_true(back_ms <= s * 1000 + 7);
            zone_from_utc_ms(zone, back_ms, &again);
            assert_civil_equal(&again, &local);
        }
    }
}

/* The same in files and from the constant. */
static void china_had_summer_time_from_1986_to_1991(void **state)
{
    (void)state;
    const struct zone *zone = zone_of("Asia/Shanghai");
    assert_non_null(zone);
    static const struct civil jumps[] = {{1986, 5, 4, 2, 0, 0, 0},  {1987, 4, 12, 2, 0, 0, 0},
                                         {1988, 4, 17, 2, 0, 0, 0}, {1989, 4, 16, 2, 0, 0, 0},
                                         {1990, 4, 15, 2, 0, 0, 0}, {1991, 4, 14, 2, 0, 0, 0}};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        int64_t jump_ms = zone_to_utc_ms(zone, &jumps[i]);
        assert_int_equal(zone_offset_s(zone, jump_ms - 1), 28800);
        assert_int_equal(zone_offset_s(zone, jump_ms), 32400);
        /* Times of the skipped hour all mean the jump. */
        struct civil skipped = jumps[i];
        skipped.minute = 59;
        skipped.millisecond = 500;
        assert_int_equal(zone_to_utc_ms(zone, &skipped), jump_ms);
    }
    assert_int_equal(zone_offset_s(zone, INT64_C(1790000000000)), 28800);
}

static void a_doubled_hour_means_the_earlier_one(void **state)
{
    (void)state;
    const struct zone *zone = zone_of("America/Los_Angeles");
    if (!zone)
        skip();
    /* 2026-11-01 01:30 is 08:30Z and 09:30Z. */
    struct civil twice = {2026, 11, 1, 1, 30, 0, 0};
    assert_int_equal(zone_to_utc_ms(zone, &twice), INT64_C(1793521800000));
    /* 2026-03-08 02:30 is not there; the jump is at 10:00Z. */
    struct civil never = {2026, 3, 8, 2, 30, 0, 0};
    assert_int_equal(zone_to_utc_ms(zone, &never), INT64_C(1772964000000));
}

static void a_skipped_day_means_the_jump_over_it(void **state)
{
    (void)state;
    const struct zone *zone = zone_of("Pacific/Apia");
    if (!zone)
        skip();
    struct civil never = {2011, 12, 30, 12, 0, 0, 0};
    assert_int_equal(zone_to_utc_ms(zone, &never), INT64_C(1325239200000));
}

static void a_day_starts_at_local_midnight_or_at_the_jump_over_it(void **state)
{
    (void)state;
    const struct zone *shanghai = zone_of("Asia/Shanghai");
    /* 2026-11-20T00:00+08:00 */
    assert_int_equal(zone_day_start_ms(shanghai, INT64_C(1795104000000)), INT64_C(1795104000000));
    assert_int_equal(zone_day_start_ms(shanghai, INT64_C(1795190399999)), INT64_C(1795104000000));
    assert_int_equal(zone_day_start_ms(shanghai, INT64_C(1795103999999)), INT64_C(1795017600000));
    const struct zone *cairo = zone_of("Africa/Cairo");
    if (!cairo)
        skip();
    /* Egypt's clocks went from 2026-04-24 00:00 to 01:00, at 22:00Z. */
    assert_int_equal(zone_day_start_ms(cairo, INT64_C(1777024800000)), INT64_C(1776981600000));
}

static void utc_fixed_offsets_and_shanghai_need_no_file(void **state)
{
    (void)state;
    const struct zone *zone;
    assert_int_equal(zone_find(STR("UTC"), &zone, NULL), ERR_OK);
    assert_ptr_equal(zone, zone_utc());
    assert_int_equal(zone_offset_s(zone, 0), 0);
    assert_int_equal(zone_find(STR("-03:30"), &zone, NULL), ERR_OK);
    assert_int_equal(zone_offset_s(zone, 0), -12600);
    assert_true(str_eq(zone_name(zone), STR("-03:30")));
    assert_int_equal(zone_find(STR("+08:00"), &zone, NULL), ERR_OK);
    struct civil noon = {2026, 1, 28, 12, 0, 0, 0};
    assert_int_equal(zone_to_utc_ms(zone, &noon), INT64_C(1769572800000));
}

static void the_built_in_shanghai_equals_the_file(void **state)
{
    (void)state;
    struct zone file = {0};
    if (!zone_files_there())
        skip();
    const struct zone *constant = zone_shanghai_constant();
    assert_int_equal(zone_file_read("/usr/share/zoneinfo/Asia/Shanghai", &file, NULL), ERR_OK);
    for (size_t i = 0; i < file.changes_len; i++) {
        for (int64_t before_s = 0; before_s < 2; before_s++) {
            int64_t ms = (file.changes[i].at_s - before_s) * 1000;
            assert_int_equal(zone_offset_s(constant, ms), zone_offset_s(&file, ms));
        }
    }
    assert_int_equal(constant->changes_len, file.changes_len);
    assert_int_equal(zone_offset_s(constant, INT64_C(4102444800000)),
                     zone_offset_s(&file, INT64_C(4102444800000)));
    union {
        const struct zone_change *borrowed;
        void *owned;
    } changes = {file.changes};
    free(changes.owned);
}

static void a_zone_is_loaded_once(void **state)
{
    (void)state;
    const struct zone *first = zone_of("Asia/Shanghai");
    assert_non_null(first);
    assert_ptr_equal(first, zone_of("Asia/Shanghai"));
    assert_true(str_eq(zone_name(first), STR("Asia/Shanghai")));
}

static void unknown_names_are_refused_with_the_nearest(void **state)
{
    (void)state;
    const struct zone *zone;
    struct err err;
    assert_int_equal(zone_find(STR("Asia/Shanghia"), &zone, &err), ERR_CONFIG);
    assert_string_equal(err.code, "zone_unknown");
    assert_non_null(strstr(err.message, "\"Asia/Shanghai\""));
    static const char *const wrong[] = {"",       "Asia",   "../passwd", "/etc/passwd", "+8:00",
                                        "+24:00", "+08:60", "zone.tab",  "a\nb",        "+08:00x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(zone_find(str_of(wrong[i]), &zone, &err), ERR_CONFIG);
        assert_string_equal(err.code, "zone_unknown");
    }
}

/* A TZif file of version 2 with the changes and types given as bytes. */
static struct str tzif_make(struct buf *out, const char *counts, struct str block,
                            const char *footer)
{
    static const char empty_v1[] =
        "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        "\0\0\0\0\1\0\0\0\1"
        "\0\0\0\0\0\0"
        "\0";
    buf_reset(out);
    buf_add_bytes(out, empty_v1, sizeof empty_v1 - 1);
    buf_add_bytes(out, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    for (size_t i = 0; i < 6; i++) {
        char count[4] = {0, 0, 0, counts[i]};
        buf_add_bytes(out, count, 4);
    }
    buf_add(out, block);
    buf_add(out, str_of(footer));
    return buf_str(out);
}

/* isut isstd leap time type char; one change at 256 s to +1 h */
#define ONE_CHANGE "\0\0\0\1\2\1"
#define ONE_BLOCK                                                                                  \
    STR("\0\0\0\0\0\0\1\0"                                                                         \
        "\1"                                                                                       \
        "\0\0\0\0\0\0"                                                                             \
        "\0\0\x0e\x10\0\0"                                                                         \
        "\0")

static void assert_tzif_refused(struct str bytes)
{
    struct zone zone = {0};
    const char *why = NULL;
    assert_int_equal(zone_bytes_read(bytes, &zone, &why), ERR_CONFIG);
    assert_non_null(why);
}

static void broken_zone_files_are_refused(void **state)
{
    (void)state;
    struct zone zone = {0};
    const char *why = NULL;
    struct buf file;
    buf_init(&file, 4096);
    struct str good = tzif_make(&file, ONE_CHANGE, ONE_BLOCK, "\nXXX-1\n");
    assert_int_equal(zone_bytes_read(good, &zone, &why), ERR_OK);
    assert_int_equal(zone_offset_s(&zone, 255999), 0);
    assert_int_equal(zone_offset_s(&zone, 256000), 3600);
    union {
        const struct zone_change *borrowed;
        void *owned;
    } changes = {zone.changes};
    free(changes.owned);
    for (size_t len = 0; len < good.len; len++) {
        char *cut = malloc(len + 1); /* so that a read beyond it is seen */
        memcpy(cut, good.ptr, len);
        assert_tzif_refused((struct str){cut, len});
        free(cut);
    }
    static const char *const footers[] = {"",
                                          "\nXXX-1",
                                          "\nXX-1\n",
                                          "\nXXX\n",
                                          "\nXXX-25\n",
                                          "\nXXX-1YYY\n",
                                          "\nXXX-1YYY,M3.5.0\n",
                                          "\nXXX-1YYY,M13.5.0,M10.5.0\n",
                                          "\nXXX-1YYY,M3.6.0,M10.5.0\n",
                                          "\nXXX-1YYY,M3.5.7,M10.5.0\n",
                                          "\nXXX-1YYY,J60,J300\n",
                                          "\nXXX-1YYY,M3.5.0/168,M10.5.0\n",
                                          "\nXXX-1YYY,M3.5.0,M10.5.0,\n",
                                          "\n<+01-1\n",
                                          "\nXXX-1 \n",
                                          "\nXXX-1:60\n"};
    for (size_t i = 0; i < sizeof footers / sizeof *footers; i++)
        assert_tzif_refused(tzif_make(&file, ONE_CHANGE, ONE_BLOCK, footers[i]));
    /* A type that is not there, an offset of a day, changes out of order, leap seconds. */
    assert_tzif_refused(tzif_make(&file, "\0\0\0\1\1\1",
                                  STR("\0\0\0\0\0\0\1\0"
                                      "\1"
                                      "\0\0\0\0\0\0"
                                      "\0"),
                                  "\nXXX0\n"));
    assert_tzif_refused(tzif_make(&file, "\0\0\0\0\1\1",
                                  STR("\0\1\x51\x80\0\0"
                                      "\0"),
                                  "\nXXX0\n"));
    assert_tzif_refused(tzif_make(&file, "\0\0\0\2\1\1",
                                  STR("\0\0\0\0\0\0\1\0"
                                      "\0\0\0\0\0\0\1\0"
                                      "\0\0"
                                      "\0\0\0\0\0\0"
                                      "\0"),
                                  "\nXXX0\n"));
    assert_tzif_refused(tzif_make(&file, "\0\0\1\0\1\1",
                                  STR("\0\0\0\0\0\0"
                                      "\0"
                                      "\0\0\0\0\0\0\1\0\0\0\0\1"),
                                  "\nXXX0\n"));
    assert_tzif_refused(STR("TZif\0 version 1 has no 64-bit block and no footer"));
    buf_fini(&file);
}

static void the_folder_of_the_environment_goes_first(void **state)
{
    (void)state;
    char folder[] = "/tmp/huiliu-zone-XXXXXX", path[64];
    struct buf bytes;
    const struct zone *zone;
    struct err err;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/Mars", folder);
    buf_init(&bytes, 4096);
    tzif_make(&bytes, ONE_CHANGE, ONE_BLOCK, "\nXXX-1\n");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    fclose(file);
    setenv("HUILIU_ZONEINFO", folder, 1);
    assert_int_equal(zone_find(STR("Mars"), &zone, NULL), ERR_OK);
    assert_int_equal(zone_offset_s(zone, 256000), 3600);
    assert_int_equal(truncate(path, 50), 0);
    char broken[64];
    snprintf(broken, sizeof broken, "%s/Venus", folder);
    assert_int_equal(rename(path, broken), 0);
    assert_int_equal(zone_find(STR("Venus"), &zone, &err), ERR_CONFIG);
    assert_string_equal(err.code, "zone_file");
    unsetenv("HUILIU_ZONEINFO");
    unlink(broken);
    rmdir(folder);
    buf_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(civil_days_follow_each_other_through_all_leap_years),
        cmocka_unit_test(the_ends_of_time_have_a_date),
        cmocka_unit_test(offsets_equal_the_table_of_python),
        cmocka_unit_test(offsets_equal_those_of_the_c_library),
        cmocka_unit_test(local_times_lead_back_to_the_earliest_instant_that_has_them),
        cmocka_unit_test(china_had_summer_time_from_1986_to_1991),
        cmocka_unit_test(a_doubled_hour_means_the_earlier_one),
        cmocka_unit_test(a_skipped_day_means_the_jump_over_it),
        cmocka_unit_test(a_day_starts_at_local_midnight_or_at_the_jump_over_it),
        cmocka_unit_test(utc_fixed_offsets_and_shanghai_need_no_file),
        cmocka_unit_test(the_built_in_shanghai_equals_the_file),
        cmocka_unit_test(a_zone_is_loaded_once),
        cmocka_unit_test(unknown_names_are_refused_with_the_nearest),
        cmocka_unit_test(broken_zone_files_are_refused),
        cmocka_unit_test(the_folder_of_the_environment_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Schedules against tests/vectors/schedules.txt, which Python worked out minute by minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "queue/schedule.h"

enum { LINE_BYTES_MAX = 1024, VECTORS_MIN = 300, HOUR_MS = 3600000 };

static const char *vectors_path;

static struct schedule parsed(const char *text, const struct zone *zone)
{
    struct schedule schedule;
    struct err err;
    if (schedule_parse(str_of(text), zone, &schedule, &err) != ERR_OK)
        fail_msg("%s: %s", text, err.message);
    return schedule;
}

/* zone|schedule|after|next next … */
static void vector_check(char *line)
{
    const struct zone *zone;
    char *rest, *zone_word = strtok_r(line, "|", &rest), *text = strtok_r(NULL, "|", &rest);
    int64_t after_ms = strtoll(strtok_r(NULL, "|", &rest), &rest, 10);
    assert_int_equal(zone_find(str_of(zone_word), &zone, NULL), ERR_OK);
    struct schedule schedule = parsed(text, zone);
    rest++;
    while (*rest && *rest != '\n') {
        int64_t wanted_ms = strtoll(rest, &rest, 10);
        int64_t next_ms = schedule_next_ms(&schedule, after_ms);
        if (next_ms != wanted_ms)
            fail_msg("%s %s after %lld: %lld, not %lld", zone_word, text, (long long)after_ms,
                     (long long)next_ms, (long long)wanted_ms);
        after_ms = next_ms;
    }
}

static void runs_are_those_that_a_look_at_every_minute_finds(void **state)
{
    (void)state;
    char line[LINE_BYTES_MAX];
    int checked = 0;
    FILE *file = fopen(vectors_path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '#')
            continue;
        vector_check(line);
        checked++;
    }
    fclose(file);
    assert_true(checked >= VECTORS_MIN);
}

static void an_interval_runs_at_its_multiples(void **state)
{
    (void)state;
    struct schedule schedule = parsed("every 5m", zone_utc());
    assert_int_equal(schedule_next_ms(&schedule, 0), 300000);
    assert_int_equal(schedule_next_ms(&schedule, 299999), 300000);
    assert_int_equal(schedule_next_ms(&schedule, 300000), 600000);
    schedule = parsed("  every  1h30m ", zone_utc());
    assert_int_equal(schedule_next_ms(&schedule, 1), 5400000);
}

static void the_zone_of_the_line_holds_before_that_of_its_place(void **state)
{
    (void)state;
    const struct zone *berlin;
    assert_int_equal(zone_find(STR("Europe/Berlin"), &berlin, NULL), ERR_OK);
    /* 2026-11-20 00:00 UTC is a Friday. */
    int64_t friday_ms = INT64_C(1795132800000);
    struct schedule here = parsed("30 7 * * mon", berlin);
    struct schedule there = parsed("30 7 * * mon Asia/Shanghai", berlin);
    struct schedule daily = parsed("@daily Asia/Shanghai", berlin);
    assert_int_equal(schedule_next_ms(&here, friday_ms) - friday_ms, (72 + 6) * HOUR_MS + 1800000);
    assert_int_equal(schedule_next_ms(&there, friday_ms) - friday_ms, (72 - 1) * HOUR_MS + 1800000);
    assert_int_equal(schedule_next_ms(&daily, friday_ms) - friday_ms, 16 * HOUR_MS);
}

static void a_rare_day_is_found(void **state)
{
    (void)state;
    /* From 2096-03-01 on: 2100 has no such day. */
    struct schedule leap = parsed("0 0 29 2 *", zone_utc());
    assert_int_equal(schedule_next_ms(&leap, INT64_C(3981398400000)), INT64_C(4233686400000));
    /* The first of February is a Monday in 2027, then in 2038. */
    struct schedule monday = parsed("0 * */31 2 mon", zone_utc());
    assert_int_equal(schedule_next_ms(&monday, INT64_C(1801526400000)), INT64_C(2148595200000));
}

static void what_is_no_schedule_is_refused_with_its_field(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"", "no schedule"},
        {"every", "no schedule"},
        {"every 0s", "interval"},
        {"every 500ms", "interval"},
        {"every 367d", "interval"},
        {"every five", "interval"},
        {"* * * *", "no schedule"},
        {"* * * * * UTC more", "no schedule"},
        {"60 * * * *", "minute"},
        {"-1 * * * *", "minute"},
        {"1,,2 * * * *", "minute"},
        {"1, * * * *", "minute"},
        {"5/2 * * * *", "minute"},
        {"*/0 * * * *", "minute"},
        {"*/60 * * * *", "minute"},
        {"* 24 * * *", "hour"},
        {"* 5-3 * * *", "hour"},
        {"* +1 * * *", "hour"},
        {"* * 0 * *", "day of month"},
        {"* * 32 * *", "day of month"},
        {"* * * 13 *", "month"},
        {"* * * janu *", "month"},
        {"* * * * 8", "day of week"},
        {"* * * * mo", "day of week"},
        {"0 0 30 2 *", "no year has"},
        {"0 0 31 4,6,9,11 *", "no year has"},
        {"0 0 * * * Asia/Shangai", "Asia/Shanghai"},
        {"@yearly", "no schedule"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct schedule schedule;
        struct err err;
        assert_int_equal(schedule_parse(str_of(wrong[i][0]), zone_utc(), &schedule, &err),
                         ERR_CONFIG);
        if (!strstr(err.message, wrong[i][1]))
            fail_msg("%s: %s", wrong[i][0], err.message);
    }
}

static void shifts_stay_and_spread(void **state)
{
    (void)state;
    enum { SHOPS = 3000, PARTS = 10 };
    int in_part[PARTS] = {0};
    for (uint64_t shop = 0; shop < SHOPS; shop++) {
        int64_t shift_ms = schedule_shift_ms(shop, 300000);
        assert_in_range(shift_ms, 0, 299999);
        assert_int_equal(shift_ms, schedule_shift_ms(shop, 300000));
        in_part[shift_ms / (300000 / PARTS)]++;
    }
    for (int part = 0; part < PARTS; part++)
        assert_in_range(in_part[part], SHOPS / PARTS * 3 / 4, SHOPS / PARTS * 5 / 4);
    assert_int_equal(schedule_shift_ms(7, 0), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_those_that_a_look_at_every_minute_finds),
        cmocka_unit_test(an_interval_runs_at_its_multiples),
        cmocka_unit_test(the_zone_of_the_line_holds_before_that_of_its_place),
        cmocka_unit_test(a_rare_day_is_found),
        cmocka_unit_test(what_is_no_schedule_is_refused_with_its_field),
        cmocka_unit_test(shifts_stay_and_spread),
    };
    if (argc != 2)
        return 2;
    vectors_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Dates as people type them. Expected instants were taken from `date -u -d … +%s`. */
#include "app/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const int64_t now_ms = INT64_C(1763640000000); /* 2025-11-20 12:00:00 UTC */

static void expect(const char *text, const char *zone_text, enum date_end end, int64_t wanted_ms)
{
    const struct zone *zone;
    int64_t got_ms;
    assert_int_equal(zone_find(str_of(zone_text), &zone, NULL), ERR_OK);
    assert_int_equal(date_parse(str_of(text), zone, end, now_ms, &got_ms, NULL), ERR_OK);
    assert_int_equal(got_ms, wanted_ms);
}

static void a_day_begins_at_the_shops_midnight_and_ends_before_the_next(void **state)
{
    (void)state;
    expect("2026-01-28", "Asia/Shanghai", DATE_START, INT64_C(1769529600000));
    expect("2026-01-28", "Asia/Shanghai", DATE_AFTER, INT64_C(1769616000000));
    expect("2026/01/28", "UTC", DATE_START, INT64_C(1769558400000));
    expect(" 2026-12-31 ", "UTC", DATE_AFTER, INT64_C(1798761600000));
}

static void a_day_may_have_23_hours(void **state)
{
    (void)state;
    /* Clocks in Berlin went forward on 2026-03-29. */
    expect("2026-03-29", "Europe/Berlin", DATE_START, INT64_C(1774738800000));
    expect("2026-03-29", "Europe/Berlin", DATE_AFTER, INT64_C(1774738800000) + 23 * 3600000);
}

static void a_second_includes_all_of_itself(void **state)
{
    (void)state;
    expect("2026-01-28 07:00:05", "+08:00", DATE_START, INT64_C(1769554805000));
    expect("2026-01-28 07:00:05", "+08:00", DATE_AFTER, INT64_C(1769554806000));
    expect("2026-01-28T07:00:05.123Z", "+08:00", DATE_START, INT64_C(1769583605123));
    expect("2026-01-28T07:00:05.123Z", "+08:00", DATE_AFTER, INT64_C(1769583605124));
    expect("1769554805", "UTC", DATE_START, INT64_C(1769554805000));
    expect("1769554805", "UTC", DATE_AFTER, INT64_C(1769554806000));
}

static void spans_count_back_from_now(void **state)
{
    (void)state;
    expect("7d", "Asia/Shanghai", DATE_START, now_ms - INT64_C(604800000));
    expect("12h", "UTC", DATE_START, now_ms - 43200000);
    expect("90m", "UTC", DATE_AFTER, now_ms - 5400000);
    expect("0d", "UTC", DATE_START, now_ms);
}

static void nothing_else_is_a_date(void **state)
{
    (void)state;
    const char *const wrong[] = {"",
                                 "yesterday",
                                 "2026-02-30",
                                 "2026-13-01",
                                 "28.01.2026",
                                 "-1d",
                                 "7w",
                                 "d",
                                 "20260128",
                                 "7",
                                 "1e9",
                                 "2026-01-28 25:00",
                                 "99999999999999999999",
                                 "9999999d9",
                                 "999999999999d"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        int64_t got_ms;
        struct err err;
        if (date_parse(str_of(wrong[i]), zone_utc(), DATE_START, now_ms, &got_ms, &err) !=
            ERR_USAGE)
            fail_msg("\"%s\" was taken for a date", wrong[i]);
        assert_string_equal(err.code, "date");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_begins_at_the_shops_midnight_and_ends_before_the_next),
        cmocka_unit_test(a_day_may_have_23_hours),
        cmocka_unit_test(a_second_includes_all_of_itself),
        cmocka_unit_test(spans_count_back_from_now),
        cmocka_unit_test(nothing_else_is_a_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

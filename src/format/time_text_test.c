/* Times as text against times that python's datetime reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "format/zone.h"

static const struct zone *shanghai(void)
{
    const struct zone *zone = NULL;
    assert_int_equal(zone_find(STR("Asia/Shanghai"), &zone, NULL), ERR_OK);
    return zone;
}

static void assert_format(const char *format, const struct zone *zone, int64_t utc_ms,
                          const char *wanted)
{
    struct buf out;
    buf_init(&out, 256);
    assert_int_equal(time_format(str_of(format), zone, utc_ms, &out, NULL), ERR_OK);
    assert_string_equal(buf_str(&out).ptr, wanted);
    buf_fini(&out);
}

static void assert_parse(const char *format, const char *text, int64_t wanted_ms)
{
    int64_t utc_ms = 0;
    assert_int_equal(time_parse(str_of(format), shanghai(), str_of(text), &utc_ms, NULL), ERR_OK);
    assert_int_equal(utc_ms, wanted_ms);
}

static void assert_parse_refused(const char *format, const char *text)
{
    int64_t utc_ms = 0;
    struct err err;
    assert_int_equal(time_parse(str_of(format), shanghai(), str_of(text), &utc_ms, &err),
                     ERR_SKIP_RECORD);
    assert_string_equal(err.code, "time_text");
}

static void every_directive_is_written(void **state)
{
    (void)state;
    const struct zone *west;
    assert_format("%Y-%m-%d %H:%M:%S.%L %z %Z %%", shanghai(), INT64_C(1769554805007),
                  "2026-01-28 07:00:05.007 +0800 +08:00 %");
    assert_int_equal(zone_find(STR("-03:30"), &west, NULL), ERR_OK);
    assert_format("%Y%m%d%H%M%S%L%z", west, INT64_C(1769554805007), "20260127193005007-0330");
    assert_format("%Y-%m-%dT%H:%M:%S%Z", zone_utc(), -1, "1969-12-31T23:59:59+00:00");
    assert_format("plain", zone_utc(), 0, "plain");
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const char *const formats[] = {"%Y%m%d%H%M%S%L%z", "%Y-%m-%dT%H:%M:%S.%L%Z",
                                          "%d/%m/%Y %H:%M:%S,%L"};
    struct rng rng;
    rng_seed(&rng, 1688);
    for (int i = 0; i < 3000; i++) {
        /* 1992 to 2100, when Shanghai has no doubled hour */
        int64_t utc_ms = INT64_C(694224000000) + (int64_t)rng_below(&rng, 3408220800000);
        int64_t back_ms = 0;
        struct buf out;
        struct str format = str_of(formats[i % 3]);
        buf_init(&out, 64);
        assert_int_equal(time_format(format, shanghai(), utc_ms, &out, NULL), ERR_OK);
        assert_int_equal(time_parse(format, shanghai(), buf_str(&out), &back_ms, NULL), ERR_OK);
        assert_int_equal(back_ms, utc_ms);
        buf_fini(&out);
    }
}

static void the_time_of_1688_is_read(void **state)
{
    (void)state;
    assert_parse("%Y%m%d%H%M%S%L%z", "20180721172608000+0800", INT64_C(1532165168000));
    assert_parse("%Y%m%d%H%M%S%L%z", "20180721172608123-0700", INT64_C(1532219168123));
}

static void offsets_in_the_text_go_before_the_zone(void **state)
{
    (void)state;
    assert_parse("%Y-%m-%d %H:%M:%S", "2026-01-28 07:00:05", INT64_C(1769554805000));
    assert_parse("%Y-%m-%dT%H:%M:%S%Z", "2026-01-28T07:00:05Z", INT64_C(1769583605000));
    assert_parse("%Y-%m-%dT%H:%M:%S%z", "2026-01-28T07:00:05-05:30", INT64_C(1769603405000));
    assert_parse("%Y-%m-%dT%H:%M:%S%Z", "2026-01-28T07:00:05+0900", INT64_C(1769551205000));
    assert_parse("%Y", "1970", -INT64_C(28800000));
}

static void what_does_not_fit_the_form_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",           "2026-01-2",  "2026-01-28 ", "2026-1-28",
                                        "2026-13-01", "2026-00-10", "2026-02-29",  "2026-04-31",
                                        "2026-01-00", "26-01-28",   "2026/01/28",  "2026-01-281",
                                        "+026-01-28", "2026- 1-28", "2026-01-28Z"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_parse_refused("%Y-%m-%d", texts[i]);
    assert_parse_refused("%H:%M:%S", "24:00:00");
    assert_parse_refused("%H:%M:%S", "23:60:00");
    assert_parse_refused("%H:%M:%S", "23:59:60");
    assert_parse_refused("%H%z", "10+2400");
    assert_parse_refused("%H%z", "10+08:");
    assert_parse_refused("%H%%", "10");
}

static void a_wrong_format_is_a_wrong_configuration(void **state)
{
    (void)state;
    static const char *const formats[] = {"%", "%Y%", "%y", "%-d", "%s"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct err err;
        struct buf out;
        int64_t utc_ms;
        buf_init(&out, 64);
        assert_int_equal(time_format(str_of(formats[i]), zone_utc(), 0, &out, &err), ERR_CONFIG);
        assert_string_equal(err.code, "time_format");
        assert_int_equal(out.len, 0);
        assert_int_equal(time_parse(str_of(formats[i]), zone_utc(), STR("1"), &utc_ms, &err),
                         ERR_CONFIG);
        assert_string_equal(err.code, "time_format");
        buf_fini(&out);
    }
}

static void what_people_write_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t utc_ms;
        bool date_only;
    } cases[] = {
        {"2026-01-28", INT64_C(1769529600000), true},
        {"2026/1/8", INT64_C(1767801600000), true},
        {"2024-02-29", INT64_C(1709136000000), true},
        {"2026-01-28 07:00", INT64_C(1769554800000), false},
        {"2026-01-28 7:00", INT64_C(1769554800000), false},
        {"2026/01/28 07:00:05", INT64_C(1769554805000), false},
        {"2026-01-28T07:00:05", INT64_C(1769554805000), false},
        {"2026-01-28T07:00:05.123", INT64_C(1769554805123), false},
        {"2026-01-28 07:00:05.1", INT64_C(1769554805100), false},
        {"2026-01-28 07:00:05.123999999", INT64_C(1769554805123), false},
        {"2026-01-28T07:00:05Z", INT64_C(1769583605000), false},
        {"2026-01-28T07:00:05.5+09:00", INT64_C(1769551205500), false},
        {"2026-01-28 07:00:05 -0800", INT64_C(1769612405000), false},
        {"2026-01-28T07:00Z", INT64_C(1769583600000), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t utc_ms = 0;
        bool date_only = !cases[i].date_only;
        assert_int_equal(
            time_parse_any(str_of(cases[i].text), shanghai(), &utc_ms, &date_only, NULL), ERR_OK);
        assert_int_equal(utc_ms, cases[i].utc_ms);
        assert_int_equal(date_only, cases[i].date_only);
    }
}

static void what_nobody_can_mean_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "yesterday",
        "1769554805",
        "2026-01",
        "2026-01/28",
        "2026-01-28 ",
        "2026-01-28T",
        "2026-01-28 07",
        "2026-01-28 07:0",
        "2026-01-28 07:00:",
        "2026-01-28 07:00:05.",
        "2026-01-28 07:00:05.1234567890",
        "2026-01-28 07:00 ",
        "2026-01-28 07:00 PM",
        "2026-01-28 25:00",
        "2026-02-30",
        "2026-01-28Z",
        "28.01.2026",
        "2026-01-28  07:00",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t utc_ms;
        struct err err;
        if (time_parse_any(str_of(texts[i]), shanghai(), &utc_ms, NULL, &err) == ERR_OK)
            fail_msg("\"%s\" was read", texts[i]);
        assert_int_equal(err.class_, ERR_SKIP_RECORD);
        assert_string_equal(err.code, "time_text");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_directive_is_written),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_time_of_1688_is_read),
        cmocka_unit_test(offsets_in_the_text_go_before_the_zone),
        cmocka_unit_test(what_does_not_fit_the_form_is_refused),
        cmocka_unit_test(a_wrong_format_is_a_wrong_configuration),
        cmocka_unit_test(what_people_write_is_read),
        cmocka_unit_test(what_nobody_can_mean_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

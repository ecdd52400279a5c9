/* Tables and JSON of the same rows. */
#include "app/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const struct report_column columns[] = {
    {"name", REPORT_TEXT, MSG_COL_NAME},
    {"rows", REPORT_NUMBER, MSG_COL_ROWS},
    {"seen", REPORT_TIME, MSG_COL_SEEN},
    {"good", REPORT_TRUTH, MSG_COL_GOOD},
};

static void fill(struct report *report, struct arena *arena)
{
    const struct zone *zone;
    assert_int_equal(zone_find(STR("Asia/Shanghai"), &zone, NULL), ERR_OK);
    language_set(STR("en"));
    report_init(report, columns, 4, zone, arena);
    report_row(report);
    report_text(report, STR("一店\n"));
    report_number(report, 7);
    report_time(report, INT64_C(1769554805123));
    report_truth(report, true);
    report_row(report);
    report_text(report, STR("b\"c"));
    report_number(report, -12345);
    report_absent(report);
    report_truth(report, false);
}

static void tables_line_up_with_wide_characters(void **state)
{
    (void)state;
    struct arena arena;
    struct report report;
    struct buf out;
    arena_init(&arena);
    buf_init(&out, 4096);
    fill(&report, &arena);
    report_write_table(&report, &out);
    assert_string_equal(out.ptr, "name     rows  last seen            good\n"
                                 "一店        7  2026-01-28 07:00:05  yes\n"
                                 "b\"c    -12345  -                    no\n");
    buf_fini(&out);
    arena_fini(&arena);
}

static void json_has_every_cell_by_its_key(void **state)
{
    (void)state;
    struct arena arena;
    struct report report;
    struct buf out;
    arena_init(&arena);
    buf_init(&out, 4096);
    fill(&report, &arena);
    struct emit emit = emit_to(&out);
    emit_open(&emit, NULL, '{');
    report_write_json(&report, &emit, "all");
    emit_close(&emit, '}');
    assert_string_equal(out.ptr,
                        "{\"all\":["
                        "{\"name\":\"一店\\n\",\"rows\":7,\"seen\":\"2026-01-27T23:00:05.123Z\","
                        "\"good\":true},"
                        "{\"name\":\"b\\\"c\",\"rows\":-12345,\"seen\":null,\"good\":false}]}");
    buf_fini(&out);
    arena_fini(&arena);
}

static void width_counts_places_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(text_width(STR("abc")), 3);
    assert_int_equal(text_width(STR("汇流")), 4);
    assert_int_equal(text_width(STR("é")), 1);
    assert_int_equal(text_width(STR("a\xff")), 2);
    assert_int_equal(text_width(STR("：")), 2);
    assert_int_equal(text_width(STR("…")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_line_up_with_wide_characters),
        cmocka_unit_test(json_has_every_cell_by_its_key),
        cmocka_unit_test(width_counts_places_of_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

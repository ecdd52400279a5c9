#include "base/str.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_str(actual, expected)                                                               \
    do {                                                                                           \
        struct str actual_ = (actual);                                                             \
        assert_int_equal(actual_.len, strlen(expected));                                           \
        assert_memory_equal(actual_.ptr ? actual_.ptr : "", (expected), actual_.len);              \
    } while (0)

static void equality_minds_length_and_bytes(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), str_of("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq(STR_NONE, STR("")));
    assert_true(str_eq(str_of(NULL), STR_NONE));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_true(str_eq_nocase(STR("Retry-After"), STR("retry-aFTER")));
    /* '@' and '`' differ by the same bit as letters do. */
    assert_false(str_eq_nocase(STR("@"), STR("`")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
}

static void order_is_by_bytes_then_length(void **state)
{
    (void)state;
    const struct str sorted[] = {STR_NONE, STR("a"), STR("a\0"), STR("ab"), STR("b"), STR("\xff")};
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            int order = str_cmp(sorted[i], sorted[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void finding_gives_the_first_offset(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("abcabc"), STR("ca")), 2);
    assert_int_equal(str_find(STR("abcabc"), STR("abc")), 0);
    assert_int_equal(str_find(STR("abc"), STR("abcd")), SIZE_MAX);
    assert_int_equal(str_find(STR_NONE, STR("a")), SIZE_MAX);
    assert_int_equal(str_find(STR("abc"), STR("")), 0);
    assert_int_equal(str_find_char(STR("a=b=c"), '='), 1);
    assert_int_equal(str_find_char(STR_NONE, '='), SIZE_MAX);
    static const char *const unseen[] = {"a\nb", "\t", "x\x7f", "\xc2\x85", "a\xe2\x80\xa8"};
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        assert_true(str_has_control(str_of(unseen[i])));
    assert_false(str_has_control(STR("张三 a%/\xc2\xa0\xe2\x80\xa6")));
    assert_false(str_has_control(STR_NONE));
    assert_true(str_starts(STR("https://x"), STR("https://")));
    assert_false(str_starts(STR("http"), STR("https")));
    assert_true(str_starts(STR_NONE, STR_NONE));
    assert_true(str_ends(STR("a.yaml"), STR(".yaml")));
    assert_false(str_ends(STR("yaml"), STR(".yaml")));
}

static void parts_are_clamped_to_the_string(void **state)
{
    (void)state;
    assert_str(str_sub(STR("abcdef"), 2, 4), "cd");
    assert_str(str_sub(STR("abc"), 1, 99), "bc");
    assert_str(str_sub(STR("abc"), 3, 1), "");
    assert_str(str_sub(STR("abc"), 99, 100), "");
    assert_str(str_sub(STR_NONE, 0, 1), "");
    assert_str(str_trim(STR(" \t a b\r\n")), "a b");
    assert_str(str_trim(STR(" \n")), "");
}

static void cut_splits_at_the_first_separator(void **state)
{
    (void)state;
    struct str head, tail;
    assert_true(str_cut(STR("a=b=c"), '=', &head, &tail));
    assert_str(head, "a");
    assert_str(tail, "b=c");
    assert_true(str_cut(STR("a="), '=', &head, &tail));
    assert_str(head, "a");
    assert_str(tail, "");
    assert_false(str_cut(STR("abc"), '=', &head, &tail));
    assert_str(head, "abc");
    assert_str(tail, "");
}

static void numbers_are_whole_and_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t number;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"007", 7},
        {"9007199254740993", 9007199254740993},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036854775807", -INT64_MAX},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t number = 1;
        assert_true(str_to_i64(str_of(good[i].text), &number));
        assert_true(number == good[i].number);
    }
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "--1",
                                      "12a",
                                      "٣",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "18446744073709551616"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t number = 42;
        assert_false(str_to_i64(str_of(bad[i]), &number));
        assert_int_equal(number, 42);
    }
    uint64_t number;
    assert_true(str_to_u64(STR("18446744073709551615"), &number));
    assert_true(number == UINT64_MAX);
    assert_false(str_to_u64(STR("18446744073709551616"), &number));
    assert_false(str_to_u64(STR("18446744073709551620"), &number));
    assert_false(str_to_u64(STR("-1"), &number));
}

static void arithmetic_refuses_overflow(void **state)
{
    (void)state;
    int64_t out = 5;
    assert_false(i64_add(INT64_MAX, 1, &out));
    assert_false(i64_mul(INT64_MIN, -1, &out));
    assert_int_equal(out, 5);
    assert_true(i64_add(INT64_MAX, INT64_MIN, &out));
    assert_int_equal(out, -1);
    assert_true(i64_mul(-3, 4, &out));
    assert_int_equal(out, -12);
}

static void utf8_is_told_from_what_only_looks_like_it(void **state)
{
    (void)state;
    assert_int_equal(str_utf8_at(STR("a"), 0), 1);
    assert_int_equal(str_utf8_at(STR("é"), 0), 2);
    assert_int_equal(str_utf8_at(STR("汇流"), 3), 3);
    assert_int_equal(str_utf8_at(STR("😀"), 0), 4);
    assert_int_equal(str_utf8_at(STR("\xf4\x8f\xbf\xbf"), 0), 4);
    static const char *const bad[] = {
        "\x80",             /* no lead */
        "\xc0\xaf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xe6\xb1", /* cut */
        "\xe6\xb1z",
        "\xff",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(str_utf8_at(str_of(bad[i]), 0), 0);
    assert_int_equal(str_utf8_at(STR("a"), 1), 0);
}

static void a_head_never_cuts_a_character(void **state)
{
    (void)state;
    assert_str(str_utf8_head(STR("汇流"), 6), "汇流");
    assert_str(str_utf8_head(STR("汇流"), 5), "汇");
    assert_str(str_utf8_head(STR("汇流"), 4), "汇");
    assert_str(str_utf8_head(STR("汇流"), 3), "汇");
    assert_str(str_utf8_head(STR("汇流"), 2), "");
    assert_str(str_utf8_head(STR("a😀b"), 4), "a");
    assert_str(str_utf8_head(STR("abc"), 2), "ab");
    assert_str(str_utf8_head(STR("\x80\x80\x80\x80\x80"), 4), "\x80\x80\x80\x80");
}

static void distance_counts_edits_up_to_the_limit(void **state)
{
    (void)state;
    /* The textbook pairs. */
    assert_int_equal(str_distance(STR("kitten"), STR("sitting"), 9), 3);
    assert_int_equal(str_distance(STR("saturday"), STR("sunday"), 9), 3);
    assert_int_equal(str_distance(STR("abc"), STR("abc"), 0), 0);
    assert_int_equal(str_distance(STR(""), STR("abc"), 3), 3);
    assert_int_equal(str_distance(STR("kitten"), STR("sitting"), 2), 3);
    assert_int_equal(str_distance(STR("a"), STR("abcdefgh"), 4), 5);
}

static void neighbours_that_changed_places_are_one_edit(void **state)
{
    (void)state;
    assert_int_equal(str_distance(STR("snyc"), STR("sync"), 9), 1);
    assert_int_equal(str_distance(STR("ab"), STR("ba"), 9), 1);
    assert_int_equal(str_distance(STR("abcd"), STR("badc"), 9), 2);
    /* The textbook pair of the alignment: no piece is edited twice. */
    assert_int_equal(str_distance(STR("ca"), STR("abc"), 9), 3);
    const struct str names[] = {STR("status"), STR("sync"), STR("shop")};
    assert_int_equal(str_nearest(STR("snyc"), names, 3), 1);
}

static void nearest_name_is_found_or_none(void **state)
{
    (void)state;
    const struct str names[] = {STR("orders"), STR("order_items"), STR("shops"), STR("tasks")};
    assert_int_equal(str_nearest(STR("ordrs"), names, 4), 0);
    assert_int_equal(str_nearest(STR("ordres"), names, 4), 0);
    assert_int_equal(str_nearest(STR("shop"), names, 4), 2);
    assert_int_equal(str_nearest(STR("order_itmes"), names, 4), 1);
    assert_int_equal(str_nearest(STR("windows"), names, 4), SIZE_MAX);
    assert_int_equal(str_nearest(STR("x"), names, 4), SIZE_MAX);
    assert_int_equal(str_nearest(STR("x"), names, 0), SIZE_MAX);
}

static void a_list_has_what_stands_between_its_commas(void **state)
{
    (void)state;
    assert_true(str_list_has(STR("a, b ,c"), STR("b")));
    assert_true(str_list_has(STR("c"), STR("c")));
    assert_false(str_list_has(STR("ab,c"), STR("b")));
    assert_false(str_list_has(STR("a,,c"), STR("")));
    assert_false(str_list_has(STR(""), STR("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_has_what_stands_between_its_commas),
        cmocka_unit_test(equality_minds_length_and_bytes),
        cmocka_unit_test(order_is_by_bytes_then_length),
        cmocka_unit_test(finding_gives_the_first_offset),
        cmocka_unit_test(parts_are_clamped_to_the_string),
        cmocka_unit_test(cut_splits_at_the_first_separator),
        cmocka_unit_test(numbers_are_whole_and_checked),
        cmocka_unit_test(arithmetic_refuses_overflow),
        cmocka_unit_test(utf8_is_told_from_what_only_looks_like_it),
        cmocka_unit_test(a_head_never_cuts_a_character),
        cmocka_unit_test(distance_counts_edits_up_to_the_limit),
        cmocka_unit_test(neighbours_that_changed_places_are_one_edit),
        cmocka_unit_test(nearest_name_is_found_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "format/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int sign_of(int order)
{
    return (order > 0) - (order < 0);
}

static int cmp(const char *a, const char *b)
{
    struct decimal left, right;
    assert_true(decimal_read(str_of(a), &left));
    assert_true(decimal_read(str_of(b), &right));
    assert_int_equal(sign_of(decimal_cmp(&left, &right)), -sign_of(decimal_cmp(&right, &left)));
    return sign_of(decimal_cmp(&left, &right));
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",      "-",    ".5",    "5.", "1.2.3",       "1e",
                                        "1e+",   "1e-",  "+1",    " 1", "1 ",          "0x1",
                                        "1e1.5", "--1",  "1e+-5", "e5", "nan",         "inf",
                                        "1,5",   "1e5x", "-.5",   "１", "1e1234567890"};
    struct decimal decimal;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (decimal_read(str_of(wrong[i]), &decimal))
            fail_msg("%s was read", wrong[i]);
}

static void equal_numbers_may_be_written_differently(void **state)
{
    (void)state;
    static const char *const equal[][2] = {
        {"1", "1.0"},        {"007", "7"},       {"100", "1e2"},
        {"0", "-0.00e5"},    {"1.50e1", "15"},   {"0.05", "5E-2"},
        {"10.010", "10.01"}, {"-3.0", "-30e-1"}, {"1e9", "1000000000"},
    };
    for (size_t i = 0; i < sizeof equal / sizeof equal[0]; i++)
        assert_int_equal(cmp(equal[i][0], equal[i][1]), 0);
}

static void digits_beyond_any_machine_number_count(void **state)
{
    (void)state;
    assert_int_equal(cmp("92233720368547758080001", "92233720368547758080002"), -1);
    assert_int_equal(cmp("0.30000000000000000004", "0.3"), 1);
    assert_int_equal(cmp("-1e999999999", "-1e999999998"), -1);
    assert_int_equal(cmp("1e-999999999", "0"), 1);
}

/* Against integers of a common scale. */
static void order_agrees_with_scaled_integers(void **state)
{
    (void)state;
    static const int64_t scales[] = {10000, 1000, 100, 10, 1};
    uint64_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        int64_t scaled[2];
        char text[2][40];
        for (int side = 0; side < 2; side++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            int64_t mantissa = (int64_t)(seed >> 33) % 1200;
            int digits = (int)(seed >> 20) & 3;
            bool negative = (seed >> 50) & 1;
            scaled[side] = mantissa * scales[digits] * (negative ? -1 : 1);
            if (round % 2 == 0 || digits == 0)
                snprintf(text[side], sizeof text[side], "%s%lldE%d", negative ? "-" : "",
                         (long long)mantissa, -digits);
            else
                snprintf(text[side], sizeof text[side], "%s%lld.%0*lld", negative ? "-" : "",
                         (long long)(mantissa * scales[digits] / 10000), digits,
                         (long long)(mantissa * scales[digits] % 10000 / scales[digits]));
        }
        int expected = (scaled[0] > scaled[1]) - (scaled[0] < scaled[1]);
        if (cmp(text[0], text[1]) != expected)
            fail_msg("%s against %s", text[0], text[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(equal_numbers_may_be_written_differently),
        cmocka_unit_test(digits_beyond_any_machine_number_count),
        cmocka_unit_test(order_agrees_with_scaled_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/money.h"

#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Computed by Python: Decimal(text).scaleb(exponent).quantize(1, ROUND_HALF_EVEN). */
static const struct {
    const char *text;
    int exponent;
    int64_t minor;
    bool exact;
} rounded[] = {
    {"92.84999999999999", 2, 9285, false},
    {"0.005", 2, 0, false},
    {"0.015", 2, 2, false},
    {"-0.025", 2, -2, false},
    {"1e2", 2, 10000, true},
    {"1.5e-1", 2, 15, true},
    {"0.025", 2, 2, false},
    {"-0.005", 2, 0, false},
    {"-0.015", 2, -2, false},
    {"0", 2, 0, true},
    {"-0", 2, 0, true},
    {"0.00", 2, 0, true},
    {"0e5", 2, 0, true},
    {"1", 0, 1, true},
    {"1", 3, 1000, true},
    {"1.5", 0, 2, false},
    {"2.5", 0, 2, false},
    {"-1.5", 0, -2, false},
    {"-2.5", 0, -2, false},
    {"0.5", 0, 0, false},
    {"0.50000000000000000000000000000001", 0, 1, false},
    {"12.34", 2, 1234, true},
    {"12.3", 2, 1230, true},
    {"+7.1", 2, 710, true},
    {"007.10", 2, 710, true},
    {"19.990000000000002", 2, 1999, false},
    {"0.1", 2, 10, true},
    {"0.30000000000000004", 2, 30, false},
    {"4.35", 2, 435, true},
    {"4.349999999999999", 2, 435, false},
    {"1.005", 2, 100, false},
    {"2.675", 2, 268, false},
    {"1.115", 2, 112, false},
    {"99.995", 2, 10000, false},
    {"99.985", 2, 9998, false},
    {"9.995", 2, 1000, false},
    {"999999.995", 2, 100000000, false},
    {"1E+2", 2, 10000, true},
    {"1.5E2", 2, 15000, true},
    {"12345e-2", 2, 12345, true},
    {"12345e-4", 2, 123, false},
    {"12355e-4", 2, 124, false},
    {"5e-3", 2, 0, false},
    {"50e-4", 2, 0, false},
    {"51e-4", 2, 1, false},
    {"5e-1000000", 2, 0, false},
    {"0.000000000000000000000000000000000000000001e42", 2, 100, true},
    {"100000000000000000000000000000000000e-33", 2, 10000, true},
    {"0e999999999", 2, 0, true},
    {"1234.5678", 3, 1234568, false},
    {"1234.5685", 3, 1234568, false},
    {"1234.5675", 3, 1234568, false},
    {"1100", 0, 1100, true},
    {"0.0049999999999999", 2, 0, false},
    {"-92.84999999999999", 2, -9285, false},
    {"9223372036854775807", 0, 9223372036854775807, true},
    {"-9223372036854775808", 0, INT64_MIN, true},
    {"92233720368547758.07", 2, 9223372036854775807, true},
    {"-92233720368547758.08", 2, INT64_MIN, true},
    {"9223372036854775806.5", 0, 9223372036854775806, false},
    {"-9223372036854775808.5", 0, INT64_MIN, false},
    {"92233720368547758.0749999999", 2, 9223372036854775807, false},
    {"-92233720368547758.085", 2, INT64_MIN, false},
    {"9223372036854775807.4", 0, 9223372036854775807, false},
    {"9223372036854775.807", 3, 9223372036854775807, true},
    {"9.223372036854775807e18", 0, 9223372036854775807, true},
};

static void decimal_text_is_rounded_half_even(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rounded) / sizeof(rounded[0]); i++) {
        struct err err = {.class_ = ERR_OK};
        int64_t minor = 42;
        bool exact = !rounded[i].exact;
        enum err_class class_ = money_parse(str_of(rounded[i].text), rounded[i].exponent, &minor,
                                            &exact, &err);
        if (class_ != ERR_OK || minor != rounded[i].minor || exact != rounded[i].exact)
            fail_msg("\"%s\" with %d digits gave class %d, %lld, exact %d", rounded[i].text,
                     rounded[i].exponent, class_, (long long)minor, exact);
    }
}

static void refused(const char *text, int exponent, const char *code)
{
    struct err err;
    int64_t minor = 42;
    if (money_parse(str_of(text), exponent, &minor, NULL, &err) != ERR_SKIP_RECORD)
        fail_msg("\"%s\" was not refused", text);
    assert_string_equal(err.code, code);
    assert_int_equal(minor, 42);
}

static void what_is_not_a_number_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",      " ",     "-",    "+",     ".",   ".5",  "5.",
                                        "1,5",   "1 000", "12a",  " 1",    "1 ",  "1e",  "1e+",
                                        "1e1.5", "e5",    "--1",  "+-1",   "NaN", "inf", "0x10",
                                        "1.2.3", "¥5",    "１２", "1e5e5", "13-"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refused(texts[i], 2, "money_text");
}

static void the_message_does_not_quote_what_may_be_personal(void **state)
{
    (void)state;
    struct err err;
    int64_t minor;
    assert_int_equal(money_parse(STR("13812345678x"), 2, &minor, NULL, &err), ERR_SKIP_RECORD);
    assert_null(strstr(err.message, "138"));
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    refused("9223372036854775808", 0, "money_range");
    refused("-9223372036854775809", 0, "money_range");
    refused("9223372036854775807.5", 0, "money_range");
    refused("92233720368547758.075", 2, "money_range");
    refused("18446744073709551615.5", 0, "money_range");
    refused("1e19", 0, "money_range");
    refused("1e999999999999999999999", 2, "money_range");
    refused("123456789012345678901234567890", 2, "money_range");
}

static void exactness_need_not_be_asked_for(void **state)
{
    (void)state;
    int64_t minor;
    assert_int_equal(money_parse(STR("1.005"), 2, &minor, NULL, NULL), ERR_OK);
    assert_int_equal(minor, 100);
}

static void formatting_shows_every_digit_of_the_exponent(void **state)
{
    (void)state;
    static const struct {
        int64_t minor;
        int exponent;
        const char *text;
    } rows[] = {
        {1234, 2, "12.34"},
        {5, 2, "0.05"},
        {-5, 2, "-0.05"},
        {0, 2, "0.00"},
        {1234, 0, "1234"},
        {-1234, 3, "-1.234"},
        {INT64_MAX, 2, "92233720368547758.07"},
        {INT64_MIN, 2, "-92233720368547758.08"},
        {INT64_MIN, 18, "-9.223372036854775808"},
    };
    char text[MONEY_TEXT_MAX];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str shown = money_format(rows[i].minor, rows[i].exponent, text);
        assert_int_equal(shown.len, strlen(rows[i].text));
        assert_string_equal(shown.ptr, rows[i].text);
        int64_t back;
        bool exact;
        assert_int_equal(money_parse(shown, rows[i].exponent, &back, &exact, NULL), ERR_OK);
        assert_true(exact && back == rows[i].minor);
    }
}

static void currencies_have_their_iso_exponents(void **state)
{
    (void)state;
    assert_int_equal(currency_exponent(STR("CNY")), 2);
    assert_int_equal(currency_exponent(STR("RMB")), 2);
    assert_int_equal(currency_exponent(STR("AED")), 2);
    assert_int_equal(currency_exponent(STR("ZWL")), 2);
    assert_int_equal(currency_exponent(STR("JPY")), 0);
    assert_int_equal(currency_exponent(STR("KRW")), 0);
    assert_int_equal(currency_exponent(STR("VND")), 0);
    assert_int_equal(currency_exponent(STR("KWD")), 3);
    assert_int_equal(currency_exponent(STR("CLF")), 4);
    static const char *const unknown[] = {"", "XXX", "XAU", "cny", "CN", "CNYY", "NY ", "CNY "};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        assert_int_equal(currency_exponent(str_of(unknown[i])), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_text_is_rounded_half_even),
        cmocka_unit_test(what_is_not_a_number_is_refused),
        cmocka_unit_test(the_message_does_not_quote_what_may_be_personal),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(exactness_need_not_be_asked_for),
        cmocka_unit_test(formatting_shows_every_digit_of_the_exponent),
        cmocka_unit_test(currencies_have_their_iso_exponents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

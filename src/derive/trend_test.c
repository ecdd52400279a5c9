#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "derive/trend.h"

static struct figure known(int64_t number)
{
    return (struct figure){true, number};
}

static void an_average_is_of_the_days_there_are(void **state)
{
    struct metric added = {.kind = METRIC_ADD}, quotient = {.kind = METRIC_DIVIDE};
    (void)state;
    assert_int_equal(trend_average(&added, known(10), 4).number, 3); /* 2.5 */
    assert_int_equal(trend_average(&added, known(-10), 4).number, -3);
    assert_int_equal(trend_average(&added, known(9), 4).number, 2);
    assert_int_equal(trend_average(&quotient, known(512), 7).number, 512);
    assert_false(trend_average(&added, (struct figure){false, 0}, 7).known);
}

static void growth_compares_the_last_week_with_the_first(void **state)
{
    struct figure values[10];
    (void)state;
    for (int i = 0; i < 10; i++)
        values[i] = known(i + 1);
    /* first seven: 28, last seven: 49 */
    assert_int_equal(trend_growth(values, 10).number, 7500);
    assert_int_equal(trend_growth(values, 2).number, 0);
    assert_false(trend_growth(values, 1).known);
    values[9].known = false;
    assert_false(trend_growth(values, 10).known);
    for (int i = 0; i < 7; i++)
        values[i] = known(0);
    assert_false(trend_growth(values, 9).known);
}

static void stock_is_rounded_up_with_a_reserve(void **state)
{
    (void)state;
    assert_int_equal(stock_need(known(7), 7, 7).pieces.number, 10); /* 9.1 */
    assert_string_equal(stock_need(known(7), 7, 7).priority, "low");
    assert_int_equal(stock_need(known(40), 7, 7).pieces.number, 52);
    assert_string_equal(stock_need(known(40), 7, 7).priority, "medium");
    assert_string_equal(stock_need(known(80), 7, 7).priority, "high"); /* 104 */
    assert_false(stock_need((struct figure){false, 0}, 7, 7).pieces.known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_average_is_of_the_days_there_are),
        cmocka_unit_test(growth_compares_the_last_week_with_the_first),
        cmocka_unit_test(stock_is_rounded_up_with_a_reserve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The authors' test sequence for the state 1, 2, 3, 4, as rand_xoshiro and others publish it. */
static void the_generator_is_xoshiro256starstar(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        11520,
        0,
        1509978240,
        1215971899390074240,
        1216172134540287360,
        607988272756665600,
        16172922978634559625u,
        8476171486693032832,
        10595114339597558777u,
        2904607092377533576,
    };
    struct rng rng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_true(rng_next(&rng) == expected[i]);
}

/* splitmix64's published first values for 0; the second row was computed by a Python script. */
static void the_seed_goes_through_splitmix64(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 0);
    assert_true(rng.state[0] == 0xe220a8397b1dcdaf && rng.state[1] == 0x6e789e6aa1b965f4);
    assert_true(rng.state[2] == 0x06c45d188009454f && rng.state[3] == 0xf88bb8a8724c81ec);
    rng_seed(&rng, 20261120);
    assert_true(rng_next(&rng) == 0x565d87f425756830);
    assert_true(rng_next(&rng) == 0x617131f77011356f);
    assert_true(rng_next(&rng) == 0x57728fa592042432);
    assert_true(rng_next(&rng) == 0x0d7624a69ae09d70);
}

static void below_stays_below_and_reaches_everything(void **state)
{
    (void)state;
    enum { DRAWS = 60000 };
    struct rng rng;
    unsigned counts[6] = {0};
    rng_seed(&rng, 7);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t drawn = rng_below(&rng, 6);
        assert_true(drawn < 6);
        counts[drawn]++;
    }
    /* 10,000 each with a standard deviation of 91: five of them either way. */
    for (int i = 0; i < 6; i++)
        assert_in_range(counts[i], 9544, 10456);
    assert_true(rng_below(&rng, 1) == 0);
}

/* With a bound of 3/4 of the range, a plain remainder would give the lower third twice as often
 * as the rest, that is half of all draws. */
static void below_has_no_modulo_bias(void **state)
{
    (void)state;
    const uint64_t bound = 0xc000000000000000;
    struct rng rng;
    unsigned low = 0;
    rng_seed(&rng, 8);
    for (int i = 0; i < 30000; i++)
        low += rng_below(&rng, bound) < bound / 3;
    assert_in_range(low, 9600, 10400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_is_xoshiro256starstar),
        cmocka_unit_test(the_seed_goes_through_splitmix64),
        cmocka_unit_test(below_stays_below_and_reaches_everything),
        cmocka_unit_test(below_has_no_modulo_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

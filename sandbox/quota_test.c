/* Quotas against naive counting: a bucket filled millisecond by millisecond, a window as a list. */
#include "sandbox/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/world.h"

enum { START_MS = 1000000, CALLS = 3000 };

static struct quota_rule rule_of(const char *text)
{
    struct quota_rule rule;
    assert_int_equal(quota_rule_parse(str_of(text), &rule, NULL), ERR_OK);
    return rule;
}

/* Calls of a random, bursty client, each judged twice. */
static void bucket_case(const char *text, uint64_t seed,
                        bool naive_allows(struct quota_rule, int64_t))
{
    struct quota quota;
    struct quota_rule rule = rule_of(text);
    struct quota_call call = {.platform = "p"};
    int64_t now_ms = START_MS;
    size_t allowed = 0;
    assert_int_equal(quota_init(&quota, 1, NULL), ERR_OK);
    assert_int_equal(quota_set(&quota, &rule, 1, now_ms, NULL), ERR_OK);
    for (uint64_t i = 0; i < CALLS; i++) {
        uint64_t random = world_mix(seed, i);
        now_ms += (int64_t)(random / 10 % (random % 10 == 0 ? 900 : 4));
        bool expected = naive_allows(rule, now_ms);
        bool got = quota_take(&quota, &call, now_ms);
        if (got != expected)
            fail_msg("%s SEED=%llu call %llu", text, (unsigned long long)seed,
                     (unsigned long long)i);
        allowed += got;
    }
    assert_in_range(allowed, CALLS / 50, CALLS - CALLS / 50);
    quota_fini(&quota);
}

/* Tokens in units of 1 / per_ms, one step a millisecond; state is kept between calls. */
static int64_t naive_level, naive_at_ms;
static bool naive_bucket(struct quota_rule rule, int64_t now_ms)
{
    for (; naive_at_ms < now_ms; naive_at_ms++)
        if ((naive_level += rule.calls) > rule.burst * rule.per_ms)
            naive_level = rule.burst * rule.per_ms;
    if (naive_level < rule.per_ms)
        return false;
    naive_level -= rule.per_ms;
    return true;
}

static int64_t naive_taken_ms[CALLS];
static size_t naive_taken;
static bool naive_window(struct quota_rule rule, int64_t now_ms)
{
    int64_t inside = 0;
    for (size_t i = 0; i < naive_taken; i++)
        inside += naive_taken_ms[i] / rule.per_ms == now_ms / rule.per_ms;
    if (inside >= rule.calls)
        return false;
    naive_taken_ms[naive_taken++] = now_ms;
    return true;
}

static void bucket_equals_filling_it_by_the_millisecond(void **state)
{
    (void)state;
    static const char *const RULES[] = {"shop=20/1", "shop=20/1,burst=5", "shop=7/3,burst=40",
                                        "shop=1/1"};
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
            struct quota_rule rule = rule_of(RULES[i]);
            naive_level = rule.burst * rule.per_ms;
            naive_at_ms = START_MS;
            bucket_case(RULES[i], seed, naive_bucket);
        }
}

static void window_equals_counting_the_period(void **state)
{
    (void)state;
    static const char *const RULES[] = {"shop=5/1,kind=window", "shop=100/60,kind=window"};
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
            naive_taken = 0;
            bucket_case(RULES[i], seed, naive_window);
        }
}

static void every_rule_must_agree_and_a_refusal_costs_nothing(void **state)
{
    (void)state;
    struct quota quota;
    const struct quota_rule rules[] = {rule_of("shop=100/3600"), rule_of("app=3/3600"),
                                       rule_of("other:shop=1/3600")};
    assert_int_equal(quota_init(&quota, 4, NULL), ERR_OK);
    assert_int_equal(quota_set(&quota, rules, 3, START_MS, NULL), ERR_OK);
    struct quota_call first = {"p", 0, 2, 1}, second = {"p", 1, 2, 1}, method = {"p", 1, 2, 0};
    assert_true(quota_take(&quota, &first, START_MS));
    assert_true(quota_take(&quota, &second, START_MS));
    assert_true(quota_take(&quota, &second, START_MS));
    assert_false(quota_take(&quota, &first, START_MS)); /* the app's three are used up */
    assert_true(quota_take(&quota, &method, START_MS)); /* another method has its own count */
    assert_int_equal(quota.counts[0][0 * QUOTA_METHODS_MAX + 1].level, 99 * rules[0].per_ms);
    struct quota_call other = {"other", 3, 3, 0};
    assert_true(quota_take(&quota, &other, START_MS));
    assert_false(quota_take(&quota, &other, START_MS));
    quota_fini(&quota);
}

static void idle_for_years_does_not_overflow(void **state)
{
    (void)state;
    struct quota quota;
    struct quota_rule rule = rule_of("shop=1000000/1,burst=1000000");
    struct quota_call call = {.platform = "p"};
    assert_int_equal(quota_init(&quota, 1, NULL), ERR_OK);
    assert_int_equal(quota_set(&quota, &rule, 1, 0, NULL), ERR_OK);
    assert_true(quota_take(&quota, &call, INT64_C(1) << 60));
    assert_int_equal(quota.counts[0][0].level, 999999 * rule.per_ms);
    quota_fini(&quota);
}

static void wrong_rules_are_named(void **state)
{
    (void)state;
    static const char *const WRONG[] = {"",
                                        "shop",
                                        "shop=5",
                                        "shop=0/1",
                                        "me=5/1",
                                        "shop=5/0",
                                        "shop=5/1,x=2",
                                        "shop=5/1,burst=0",
                                        "shop=a/1",
                                        "shop=5/1,kind=leaky",
                                        "shop=9999999/1"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        struct quota_rule rule;
        struct err err;
        assert_int_equal(quota_rule_parse(str_of(WRONG[i]), &rule, &err), ERR_USAGE);
        assert_non_null(strstr(err.message, WRONG[i]));
    }
    struct quota_rule rule = rule_of("douplus:app=7/2,burst=9,kind=window");
    assert_string_equal(rule.platform, "douplus");
    assert_true(rule.window && rule.scope == QUOTA_APP);
    assert_int_equal(rule.calls, 7);
    assert_int_equal(rule.per_ms, 2000);
    assert_int_equal(rule.burst, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket_equals_filling_it_by_the_millisecond),
        cmocka_unit_test(window_equals_counting_the_period),
        cmocka_unit_test(every_rule_must_agree_and_a_refusal_costs_nothing),
        cmocka_unit_test(idle_for_years_does_not_overflow),
        cmocka_unit_test(wrong_rules_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

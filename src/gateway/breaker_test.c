#include "gateway/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gateway/gateway.h"

#include <cmocka.h>

enum { T0 = 1000000 };

static const struct breaker_place shop_7 = {{"p", 1}, 3, 7};
static const struct breaker_place shop_8 = {{"p", 1}, 3, 8};
static const struct breaker_place other_app = {{"p", 1}, 4, 9};
static const struct breaker_place other_platform = {{"q", 1}, 3, 7};

static int setup(void **state)
{
    struct breakers *breakers;
    if (breakers_new(&breakers, NULL) != ERR_OK)
        return -1;
    *state = breakers;
    return 0;
}

static int teardown(void **state)
{
    breakers_free(*state);
    return 0;
}

static bool is_shut(struct breakers *breakers, const struct breaker_place *place, int64_t now_ms)
{
    struct breaker_pass pass;
    struct err err;
    enum err_class class_ = breaker_ask(breakers, place, now_ms, &pass, &err);
    if (class_ == ERR_OK) /* only looking: gives a probe back */
        breaker_report(breakers, place, &pass, ERR_LATER, ERR_SCOPE_REQUEST, now_ms);
    else
        assert_true(class_ == ERR_LATER || class_ == ERR_FORBIDDEN);
    return class_ != ERR_OK;
}

static struct breaker_change call(struct breakers *breakers, const struct breaker_place *place,
                                  enum err_class class_, enum err_scope scope, int64_t now_ms)
{
    struct breaker_pass pass;
    assert_int_equal(breaker_ask(breakers, place, now_ms, &pass, NULL), ERR_OK);
    return breaker_report(breakers, place, &pass, class_, scope, now_ms);
}

static void fail_times(struct breakers *breakers, const struct breaker_place *place, int times,
                       enum err_scope scope)
{
    for (int i = 0; i < times; i++)
        call(breakers, place, ERR_RETRY, scope, T0);
}

/* Of opening and closing each is told once, whatever fails between. */
static void that_it_opens_and_closes_is_told_once(void **state)
{
    struct breaker_change change;
    fail_times(*state, &shop_7, BREAKER_FAILURES - 1, ERR_SCOPE_SHOP);
    change = call(*state, &shop_7, ERR_RETRY, ERR_SCOPE_SHOP, T0);
    assert_true(change.opened[LEVEL_SHOP]);
    assert_false(change.opened[LEVEL_APP] || change.opened[LEVEL_PLATFORM]);
    change = call(*state, &shop_7, ERR_RETRY, ERR_SCOPE_SHOP, T0 + 30000); /* the probe fails */
    assert_false(change.opened[LEVEL_SHOP] || change.closed[LEVEL_SHOP]);
    change = call(*state, &shop_7, ERR_OK, ERR_SCOPE_REQUEST, T0 + 90000);
    assert_true(change.closed[LEVEL_SHOP]);
    change = call(*state, &shop_7, ERR_OK, ERR_SCOPE_REQUEST, T0 + 90001);
    assert_false(change.opened[LEVEL_SHOP] || change.closed[LEVEL_SHOP]);
}

static void ten_failures_in_a_row_open_it_for_30_s(void **state)
{
    struct breaker_pass pass;
    struct err err;
    fail_times(*state, &shop_7, BREAKER_FAILURES - 1, ERR_SCOPE_PLATFORM);
    assert_false(is_shut(*state, &shop_7, T0));
    fail_times(*state, &shop_7, 1, ERR_SCOPE_PLATFORM);
    assert_int_equal(breaker_ask(*state, &shop_8, T0 + 1, &pass, &err), ERR_LATER);
    assert_string_equal(err.code, "breaker_open");
    assert_int_equal(err.retry_at_ms, T0 + 30000);
    assert_int_equal(err.scope, ERR_SCOPE_PLATFORM);
    assert_true(is_shut(*state, &other_app, T0 + 29999));
    assert_false(is_shut(*state, &shop_7, T0 + 30000));
}

static void it_opens_at_the_scope_of_the_failures_only(void **state)
{
    fail_times(*state, &shop_7, BREAKER_FAILURES, ERR_SCOPE_SHOP);
    assert_true(is_shut(*state, &shop_7, T0));
    assert_false(is_shut(*state, &shop_8, T0));
    fail_times(*state, &shop_8, BREAKER_FAILURES, ERR_SCOPE_APP);
    assert_true(is_shut(*state, &shop_8, T0));
    assert_false(is_shut(*state, &other_app, T0));
    fail_times(*state, &other_app, BREAKER_FAILURES, ERR_SCOPE_PLATFORM);
    assert_true(is_shut(*state, &other_app, T0));
    assert_false(is_shut(*state, &other_platform, T0));
}

static void failures_of_requests_count_at_the_shop(void **state)
{
    fail_times(*state, &shop_7, BREAKER_FAILURES, ERR_SCOPE_REQUEST);
    assert_true(is_shut(*state, &shop_7, T0));
    assert_false(is_shut(*state, &shop_8, T0));
}

static void a_success_starts_the_count_anew(void **state)
{
    fail_times(*state, &shop_7, BREAKER_FAILURES - 1, ERR_SCOPE_PLATFORM);
    call(*state, &shop_8, ERR_OK, ERR_SCOPE_REQUEST, T0);
    fail_times(*state, &shop_7, BREAKER_FAILURES - 1, ERR_SCOPE_PLATFORM);
    assert_false(is_shut(*state, &shop_7, T0));
}

static void what_fails_in_a_shop_has_passed_its_platform(void **state)
{
    fail_times(*state, &shop_7, BREAKER_FAILURES - 1, ERR_SCOPE_PLATFORM);
    call(*state, &shop_8, ERR_BAD_REPLY, ERR_SCOPE_SHOP, T0);
    fail_times(*state, &shop_7, BREAKER_FAILURES - 1, ERR_SCOPE_PLATFORM);
    assert_false(is_shut(*state, &shop_7, T0));
}

static void a_throttled_call_proves_nothing(void **state)
{
    fail_times(*state, &shop_7, BREAKER_FAILURES - 1, ERR_SCOPE_PLATFORM);
    call(*state, &shop_7, ERR_THROTTLED, ERR_SCOPE_APP, T0);
    assert_false(is_shut(*state, &shop_7, T0));
    fail_times(*state, &shop_7, 1, ERR_SCOPE_PLATFORM);
    assert_true(is_shut(*state, &shop_7, T0));
}

static void one_call_probes_and_the_others_wait(void **state)
{
    struct breaker_pass probe;
    fail_times(*state, &shop_7, BREAKER_FAILURES, ERR_SCOPE_PLATFORM);
    assert_int_equal(breaker_ask(*state, &shop_7, T0 + 30000, &probe, NULL), ERR_OK);
    assert_true(is_shut(*state, &shop_8, T0 + 30001));
    breaker_report(*state, &shop_7, &probe, ERR_OK, ERR_SCOPE_REQUEST, T0 + 30100);
    assert_false(is_shut(*state, &shop_8, T0 + 30100));
}

static void a_failed_probe_doubles_the_pause_up_to_ten_minutes(void **state)
{
    int64_t now_ms = T0, pause_ms = 30000;
    fail_times(*state, &shop_7, BREAKER_FAILURES, ERR_SCOPE_PLATFORM);
    for (int i = 0; i < 8; i++) {
        assert_true(is_shut(*state, &shop_7, now_ms + pause_ms - 1));
        now_ms += pause_ms;
        call(*state, &shop_7, ERR_RETRY, ERR_SCOPE_PLATFORM, now_ms);
        pause_ms = pause_ms * 2 < 600000 ? pause_ms * 2 : 600000;
    }
    assert_int_equal(pause_ms, 600000);
    call(*state, &shop_7, ERR_OK, ERR_SCOPE_REQUEST, now_ms + pause_ms);
    /* All is forgotten: the next pause is short again. */
    for (int i = 0; i < BREAKER_FAILURES; i++)
        call(*state, &shop_7, ERR_RETRY, ERR_SCOPE_PLATFORM, now_ms + pause_ms);
    assert_false(is_shut(*state, &shop_7, now_ms + pause_ms + 30000));
}

static void a_probe_that_was_not_sent_is_given_back(void **state)
{
    struct breaker_pass probe;
    fail_times(*state, &shop_7, BREAKER_FAILURES, ERR_SCOPE_PLATFORM);
    assert_int_equal(breaker_ask(*state, &shop_7, T0 + 30000, &probe, NULL), ERR_OK);
    breaker_report(*state, &shop_7, &probe, ERR_LATER, ERR_SCOPE_REQUEST, T0 + 30010);
    assert_false(is_shut(*state, &shop_7, T0 + 30010));
}

static void calls_that_left_before_it_opened_do_not_prolong_it(void **state)
{
    struct breaker_pass early;
    assert_int_equal(breaker_ask(*state, &shop_7, T0, &early, NULL), ERR_OK);
    fail_times(*state, &shop_7, BREAKER_FAILURES, ERR_SCOPE_PLATFORM);
    breaker_report(*state, &shop_7, &early, ERR_RETRY, ERR_SCOPE_PLATFORM, T0 + 20000);
    assert_false(is_shut(*state, &shop_7, T0 + 30000));
}

static void a_held_place_waits_for_a_person(void **state)
{
    struct breaker_pass pass;
    struct err err;
    breaker_hold(*state, &shop_7, LEVEL_SHOP, "shop A: bind it in the console");
    assert_int_equal(breaker_ask(*state, &shop_7, T0 + 86400000, &pass, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "needs_person");
    assert_string_equal(err.message, "shop A: bind it in the console");
    assert_int_equal(err.scope, ERR_SCOPE_SHOP);
    assert_false(is_shut(*state, &shop_8, T0));
    breaker_release(*state, &shop_7);
    assert_false(is_shut(*state, &shop_7, T0));
}

static void a_call_without_shop_or_app_has_the_platforms_breaker_only(void **state)
{
    const struct breaker_place bare = {STR("p"), 0, 0};
    fail_times(*state, &bare, 2 * BREAKER_FAILURES, ERR_SCOPE_SHOP);
    assert_false(is_shut(*state, &bare, T0));
    fail_times(*state, &bare, BREAKER_FAILURES, ERR_SCOPE_PLATFORM);
    assert_true(is_shut(*state, &bare, T0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(that_it_opens_and_closes_is_told_once),
        TEST(ten_failures_in_a_row_open_it_for_30_s),
        TEST(it_opens_at_the_scope_of_the_failures_only),
        TEST(failures_of_requests_count_at_the_shop),
        TEST(a_success_starts_the_count_anew),
        TEST(what_fails_in_a_shop_has_passed_its_platform),
        TEST(a_throttled_call_proves_nothing),
        TEST(one_call_probes_and_the_others_wait),
        TEST(a_failed_probe_doubles_the_pause_up_to_ten_minutes),
        TEST(a_probe_that_was_not_sent_is_given_back),
        TEST(calls_that_left_before_it_opened_do_not_prolong_it),
        TEST(a_held_place_waits_for_a_person),
        TEST(a_call_without_shop_or_app_has_the_platforms_breaker_only),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}

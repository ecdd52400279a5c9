#include "gateway/gateway_fixture.h"

#define MANIFEST_PLAIN MANIFEST_HEAD MANIFEST_BUDGET MANIFEST_STREAM

static void answer_lists(void *context, const struct fake_request *request,
                         struct fake_reply *reply)
{
    fixture_count(context, request);
    *reply = (struct fake_reply){.body = PAGE_OK};
}

static int setup(void **state)
{
    static struct fixture f;
    fixture_clock_choose();
    fixture_open(&f, MANIFEST_PLAIN, answer_lists);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

static void limit_set(struct fixture *f, const char *name, int calls)
{
    char sql[256];
    snprintf(sql, sizeof(sql),
             "INSERT INTO budget (name, calls, per_ms, burst) VALUES ('%s', %d, 1000, %d) "
             "ON CONFLICT (name) DO UPDATE SET calls = excluded.calls, per_ms = excluded.per_ms, "
             "burst = excluded.burst",
             name, calls, calls > 0 ? calls : 1);
    fixture_exec(f, sql);
}

static void pause_ms(int64_t ms)
{
    clock_sleep_until(clock_now_ms() + ms, NULL);
}

/* Calls until the time is over, as often as the budget lets us. */
static int calls_within(struct fixture *f, int64_t ms)
{
    const int64_t until_ms = clock_now_ms() + ms;
    int before = f->lists;
    while (clock_now_ms() < until_ms) {
        struct err err = {0};
        enum err_class class_ = fixture_call(f, &err);
        if (class_ != ERR_OK) {
            assert_int_equal(class_, ERR_LATER);
            assert_true(err.retry_at_ms > clock_now_ms());
            clock_sleep_until(err.retry_at_ms < until_ms ? err.retry_at_ms : until_ms, NULL);
        }
    }
    return f->lists - before;
}

static void a_limit_that_is_set_holds_within_two_seconds(void **state)
{
    struct fixture *f = *state;
    struct err err;
    /* Not as many as the manifest allows: that would be thousands of real calls. */
    assert_good(fixture_call(f, &err), &err);
    fixture_exec(f,
                 "INSERT INTO budget (name, calls, per_ms, burst) VALUES ('fake/api', 2, 1000, 2)");
    pause_ms(2000);
    calls_within(f, 2000);
    assert_in_range(calls_within(f, 20000), 36, 39); /* 97 % of 40 */
    /* What is said of one shop goes before what is said of all. */
    limit_set(f, "fake/shop:7/api", 5);
    pause_ms(2000);
    calls_within(f, 2000);
    assert_in_range(calls_within(f, 20000), 94, 98);
}

static void nothing_is_called_at_0_and_nobody_spins(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    fixture_exec(f,
                 "INSERT INTO budget (name, calls, per_ms, burst) VALUES ('fake/api', 0, 1000, 1)");
    pause_ms(2000);
    int64_t now_ms = clock_now_ms();
    assert_int_equal(fixture_call(f, &err), ERR_LATER);
    assert_string_equal(err.code, "budget_closed");
    assert_in_range(err.retry_at_ms, now_ms + 500, now_ms + 2000);
    assert_int_equal(calls_within(f, 10000), 0);
    fixture_exec(f, "UPDATE budget SET calls = NULL");
    pause_ms(2000);
    assert_good(fixture_call(f, &err), &err);
}

static void a_reset_forgets_what_was_learned(void **state)
{
    struct fixture *f = *state;
    struct budget_state budget;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    budget_refused(f->coord, STR("fake/shop:7/api"), clock_now_ms(), clock_now_ms() + 3600000);
    pause_ms(2000);
    assert_int_equal(fixture_call(f, &err), ERR_LATER);
    fixture_exec(f, "INSERT INTO budget (name, reset_number) VALUES ('fake/api', 1)");
    pause_ms(2000);
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(budget_list(f->coord, clock_now_ms(), &f->arena, &budget, 1), 1);
    assert_int_equal(budget.refused, 0);
    /* Once, not with every reading. */
    pause_ms(5000);
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(budget_list(f->coord, clock_now_ms(), &f->arena, &budget, 1), 1);
    assert_int_equal(budget.taken, 2);
}

static void what_one_process_uses_can_be_read_by_others(void **state)
{
    struct fixture *f = *state;
    struct err err;
    for (int i = 0; i < 3; i++) {
        assert_good(fixture_call(f, &err), &err);
        pause_ms(100);
    }
    fixture_restart(f);
    assert_string_equal(fixture_text(f, "SELECT taken FROM budget WHERE name = 'fake/shop:7/api'"),
                        "3");
    assert_string_equal(fixture_text(f, "SELECT count(*) FROM budget WHERE calls IS NOT NULL"),
                        "0");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_limit_that_is_set_holds_within_two_seconds),
        TEST(nothing_is_called_at_0_and_nobody_spins),
        TEST(a_reset_forgets_what_was_learned),
        TEST(what_one_process_uses_can_be_read_by_others),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}

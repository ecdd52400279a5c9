#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "coord/bucket.h"
#include "coord/redis_mode.h"

#include <cmocka.h>

enum { T0 = 1000000 };

static struct rng rng;

static int rng_setup(void **state)
{
    (void)state;
    rng_seed(&rng, 7);
    return 0;
}

static void nobody_calls_until_all_have_heard_of_the_loss(void **state)
{
    (void)state;
    struct mode mode = {.kind = MODE_SHARED};
    assert_false(mode_step(&mode, true, T0, &rng));
    assert_true(mode_step(&mode, false, T0, &rng));
    assert_int_equal(mode.kind, MODE_HOLD);
    assert_false(mode_step(&mode, false, T0 + COORD_HEARTBEAT_MS - 1, &rng));
    assert_true(mode_step(&mode, false, T0 + COORD_HEARTBEAT_MS, &rng));
    assert_int_equal(mode.kind, MODE_APART);
}

/* However far apart two workers notice, none shares while the other still uses its share. */
static void nobody_shares_while_another_is_apart(void **state)
{
    (void)state;
    for (int64_t later_ms = 0; later_ms <= RECONNECT_MAX_MS; later_ms += 50) {
        struct mode first = {.kind = MODE_APART}, second = {.kind = MODE_APART};
        bool together = false;
        for (int64_t now_ms = T0; first.kind != MODE_SHARED || second.kind != MODE_SHARED;
             now_ms += 10) {
            together = now_ms >= T0 + later_ms;
            mode_step(&first, true, now_ms, &rng);
            mode_step(&second, together, now_ms, &rng);
            assert_false(first.kind == MODE_SHARED && second.kind == MODE_APART);
            assert_true(now_ms < T0 + 5000); /* and soon both share again */
        }
    }
}

static void what_is_lost_again_on_the_way_back_is_lost(void **state)
{
    (void)state;
    struct mode mode = {.kind = MODE_APART};
    mode_step(&mode, true, T0, &rng);
    assert_int_equal(mode.kind, MODE_RETURN);
    mode_step(&mode, false, T0 + 100, &rng);
    assert_int_equal(mode.kind, MODE_HOLD);
    mode_step(&mode, true, T0 + 200, &rng);
    assert_int_equal(mode.kind, MODE_RETURN);
    mode_step(&mode, true, T0 + 200 + COORD_HEARTBEAT_MS - 1, &rng);
    assert_int_equal(mode.kind, MODE_RETURN);
    mode_step(&mode, true, T0 + 200 + COORD_HEARTBEAT_MS + RETURN_JITTER_MS, &rng);
    assert_int_equal(mode.kind, MODE_SHARED);
}

static void not_all_come_back_in_one_moment(void **state)
{
    (void)state;
    int64_t least_ms = INT64_MAX, most_ms = 0;
    for (int i = 0; i < 50; i++) {
        struct mode mode = {.kind = MODE_APART};
        mode_step(&mode, true, T0, &rng);
        least_ms = mode.until_ms < least_ms ? mode.until_ms : least_ms;
        most_ms = mode.until_ms > most_ms ? mode.until_ms : most_ms;
    }
    assert_true(least_ms >= T0 + COORD_HEARTBEAT_MS);
    assert_true(most_ms - least_ms > RETURN_JITTER_MS / 2);
}

static void a_clock_set_back_does_not_hold_anybody(void **state)
{
    (void)state;
    struct mode mode = {.kind = MODE_SHARED};
    mode_step(&mode, false, T0 + INT64_C(900000), &rng);
    mode_step(&mode, false, T0, &rng);
    mode_step(&mode, false, T0 + COORD_HEARTBEAT_MS + RETURN_JITTER_MS, &rng);
    assert_int_equal(mode.kind, MODE_APART);
}

static void shares_are_exact_and_together_no_more_than_the_whole(void **state)
{
    (void)state;
    struct budget_limit share, bucket = {BUDGET_BUCKET, 10, 1000, 10};
    assert_true(limit_share(&bucket, 0, &share));
    assert_int_equal(share.per_ms, 1000);
    assert_true(limit_share(&bucket, 3, &share));
    assert_int_equal(share.calls, 10);
    assert_int_equal(share.per_ms, 3000);
    assert_int_equal(share.burst, 3);
    assert_true(limit_share(&bucket, 16, &share));
    assert_int_equal(share.burst, 1);

    struct budget_limit window = {BUDGET_WINDOW, 20, 1000, 0};
    assert_true(limit_share(&window, 4, &share));
    /* 4 x (16 in 4,000 ms and the one that may lie at an edge) = 20 in 1,000 ms */
    assert_int_equal(share.calls, 16);
    assert_int_equal(share.per_ms, 4000);

    struct budget_limit monthly = {BUDGET_WINDOW, 100, 31LL * 86400 * 1000, 0};
    assert_true(limit_share(&monthly, 4, &share));
    assert_int_equal(share.calls, 24);
    assert_true(bucket_limit_valid(&share));
    monthly.calls = 3;
    assert_false(limit_share(&monthly, 4, &share));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_calls_until_all_have_heard_of_the_loss),
        cmocka_unit_test(nobody_shares_while_another_is_apart),
        cmocka_unit_test(what_is_lost_again_on_the_way_back_is_lost),
        cmocka_unit_test(not_all_come_back_in_one_moment),
        cmocka_unit_test(a_clock_set_back_does_not_hold_anybody),
        cmocka_unit_test(shares_are_exact_and_together_no_more_than_the_whole),
    };
    return cmocka_run_group_tests_name("redis_mode", tests, rng_setup, NULL);
}

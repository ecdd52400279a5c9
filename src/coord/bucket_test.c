#include "coord/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { T0 = 1000000 };

static struct bucket bucket_of(enum budget_kind kind, int64_t calls, int64_t per_ms, int64_t burst)
{
    struct bucket bucket;
    struct budget_limit limit = {kind, calls, per_ms, burst};
    assert_true(bucket_limit_valid(&limit));
    bucket_init(&bucket, &limit, T0);
    return bucket;
}

/* Takes one call at the earliest moment; returns when that is, after T0. */
static int64_t take_after(struct bucket *bucket, int64_t now_ms)
{
    bucket_settle(bucket, now_ms);
    int64_t at_ms = bucket_earliest(bucket, now_ms, 1000);
    bucket_reserve(bucket, at_ms, 1000);
    return at_ms - T0;
}

static void starts_empty_and_fills_at_97_percent(void **state)
{
    (void)state;
    struct bucket bucket = bucket_of(BUDGET_BUCKET, 20, 1000, 20);
    /* A token takes 1000 / (20 * 0.97) = 51.55 ms. */
    assert_int_equal(take_after(&bucket, T0), 52);
    assert_int_equal(take_after(&bucket, T0), 104);
    bucket_settle(&bucket, T0 + 604);
    assert_int_equal(bucket_tokens_milli(&bucket), 604 * 97 / 5 - 2000);
}

static void fractions_are_never_lost(void **state)
{
    (void)state;
    /* 7 calls in 11 s, looked at each millisecond: 0.000617... tokens each. */
    struct bucket often = bucket_of(BUDGET_BUCKET, 7, 11000, 100);
    struct bucket once = often;
    for (int64_t ms = 1; ms <= 100000; ms++)
        bucket_settle(&often, T0 + ms);
    bucket_settle(&once, T0 + 100000);
    assert_true(often.level == once.level);
    assert_int_equal(bucket_tokens_milli(&once), 7 * 970LL * 100000 / 11000);
}

static void a_bucket_holds_nine_tenths_of_the_burst(void **state)
{
    (void)state;
    struct bucket bucket = bucket_of(BUDGET_BUCKET, 20, 1000, 20);
    bucket_settle(&bucket, T0 + 3600000);
    assert_int_equal(bucket_tokens_milli(&bucket), 18000);
}

static void a_small_burst_leaves_room_for_jitter(void **state)
{
    (void)state;
    /* 100 calls/s: two calls may arrive 20 ms closer than they left. A tenth of 10 is 1 call. */
    struct bucket bucket = bucket_of(BUDGET_BUCKET, 100, 1000, 10);
    bucket_settle(&bucket, T0 + 3600000);
    assert_int_equal(bucket_tokens_milli(&bucket), 8000);
}

static void a_window_never_holds_more_than_one_call(void **state)
{
    (void)state;
    struct bucket bucket = bucket_of(BUDGET_WINDOW, 20, 1000, 0);
    assert_int_equal(take_after(&bucket, T0 + 3600000), 3600000);
    assert_int_equal(take_after(&bucket, T0 + 3600000), 3600051);
}

static void a_later_promise_does_not_hold_up_a_newcomer(void **state)
{
    (void)state;
    struct bucket bucket = bucket_of(BUDGET_WINDOW, 20, 1000, 0);
    bucket_settle(&bucket, T0 + 1000);
    bucket_reserve(&bucket, bucket_earliest(&bucket, T0 + 1200, 1000), 1000);
    /* 1000, 1051 and 1103 fit before the promised 1200; 1154 would take its token away. */
    assert_int_equal(take_after(&bucket, T0 + 1000), 1000);
    assert_int_equal(take_after(&bucket, T0 + 1000), 1051);
    assert_int_equal(take_after(&bucket, T0 + 1000), 1103);
    assert_int_equal(take_after(&bucket, T0 + 1000), 1251);
}

static void a_later_promise_does_not_make_room_before_its_time(void **state)
{
    (void)state;
    /* 18 promised for T0+100200: until then the platform's bucket is full and gains nothing. */
    struct bucket bucket = bucket_of(BUDGET_BUCKET, 20, 1000, 20);
    bucket_settle(&bucket, T0 + 100000);
    for (int i = 0; i < 18; i++)
        bucket_reserve(&bucket, bucket_earliest(&bucket, T0 + 100200, 1000), 1000);
    assert_int_equal(bucket.turns[17].at_ms, T0 + 100200);
    assert_int_equal(take_after(&bucket, T0 + 100200), 100252);
}

static void a_dear_call_waits_for_a_full_bucket_and_is_paid_off(void **state)
{
    (void)state;
    struct bucket bucket = bucket_of(BUDGET_WINDOW, 97, 9409, 0); /* a token in 100 ms */
    bucket_settle(&bucket, T0 + 1000);
    assert_int_equal(bucket_earliest(&bucket, T0 + 1000, 5000), T0 + 1000);
    bucket_reserve(&bucket, T0 + 1000, 5000);
    assert_int_equal(take_after(&bucket, T0 + 1000), 1499);
}

static void refusals_under_way_together_are_one_lesson(void **state)
{
    (void)state;
    struct bucket bucket = bucket_of(BUDGET_BUCKET, 20, 1000, 20);
    int64_t full = bucket_rate_milli_per_s(&bucket);
    assert_int_equal(full, 19400);
    bucket_settle(&bucket, T0 + 5000);
    for (int i = 0; i < 8; i++)
        bucket_refused(&bucket, T0 + 5000, T0 + 6000);
    assert_int_equal(bucket_rate_milli_per_s(&bucket), full / 2);
    /* Blocked until 6000, and then empty: a token takes 103.1 ms. */
    assert_int_equal(take_after(&bucket, T0 + 5000), 6104);
    bucket_refused(&bucket, T0 + 6104, T0 + 6200);
    assert_int_equal(bucket_rate_milli_per_s(&bucket), full / 4);
}

static void success_raises_the_learned_rate_up_to_the_declared(void **state)
{
    (void)state;
    struct bucket bucket = bucket_of(BUDGET_BUCKET, 20, 1000, 20);
    bucket_refused(&bucket, T0, T0 + 1);
    bucket_succeeded(&bucket);
    assert_int_equal(bucket_rate_milli_per_s(&bucket), 19400 * 51 / 100);
    for (int i = 0; i < 100; i++)
        bucket_succeeded(&bucket);
    assert_int_equal(bucket_rate_milli_per_s(&bucket), 19400);
}

static void many_refusals_leave_a_rate_to_go_on_with(void **state)
{
    (void)state;
    struct bucket bucket = bucket_of(BUDGET_BUCKET, 20, 1000, 20);
    for (int64_t ms = 0; ms < 1000; ms++)
        bucket_refused(&bucket, T0 + ms, T0 + ms);
    assert_int_equal(bucket_rate_milli_per_s(&bucket), 19400 * 2 / 100);
}

static void a_clock_set_back_does_not_stop_the_bucket(void **state)
{
    (void)state;
    struct bucket bucket = bucket_of(BUDGET_BUCKET, 20, 1000, 20);
    bucket_settle(&bucket, T0 + 7200000);
    bucket_reserve(&bucket, T0 + 7200100, 1000);
    bucket_settle(&bucket, T0);
    assert_int_equal(bucket.turns_len, 0);
    for (int i = 0; i < 17; i++)
        assert_int_equal(take_after(&bucket, T0), 0);
    assert_int_equal(take_after(&bucket, T0), 52);
}

static void a_changed_limit_keeps_the_tokens(void **state)
{
    (void)state;
    struct bucket bucket = bucket_of(BUDGET_BUCKET, 20, 1000, 20);
    bucket_settle(&bucket, T0 + 500);
    assert_int_equal(bucket_tokens_milli(&bucket), 9700);
    bucket_limit_set(&bucket, &(struct budget_limit){BUDGET_BUCKET, 40, 3000, 40});
    assert_int_equal(bucket_tokens_milli(&bucket), 9700);
    assert_int_equal(bucket_rate_milli_per_s(&bucket), 12933);
}

static void limits_out_of_reason_are_refused(void **state)
{
    (void)state;
    const struct budget_limit bad[] = {
        {BUDGET_BUCKET, 0, 1000, 1},       {BUDGET_BUCKET, 20, 0, 1},
        {BUDGET_BUCKET, 20, 1000, 0},      {BUDGET_BUCKET, -1, 1000, 1},
        {BUDGET_BUCKET, 1 << 30, 1000, 1}, {BUDGET_WINDOW, 20, INT64_MAX, 0},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(bucket_limit_valid(&bad[i]));
}

static void the_largest_limit_does_not_overflow(void **state)
{
    (void)state;
    int64_t month_ms = 31LL * 86400 * 1000;
    struct bucket bucket = bucket_of(BUDGET_BUCKET, 1000000, month_ms, 1000000);
    bucket_settle(&bucket, T0 + 100 * month_ms);
    assert_int_equal(bucket_tokens_milli(&bucket), 900000000);
    bucket_reserve(&bucket, T0, 900000000);
    bucket_refused(&bucket, T0 + 100 * month_ms, 0);
    bucket.learned_per_mille = LEARNED_MIN_PER_MILLE;
    int64_t wait_ms = bucket_earliest(&bucket, T0, 900000000) - (T0 + 100 * month_ms);
    /* 0.9 of the burst at 0.97 / 50 of the rate. */
    assert_int_equal(wait_ms, (month_ms * 9 * 50 * 100 + 969) / 970);
}

static struct bucket bucket_random(struct rng *rng)
{
    static const int64_t pers_ms[] = {7, 1000, 31LL * 86400 * 1000};
    struct bucket bucket = bucket_of(
        rng_below(rng, 2) ? BUDGET_WINDOW : BUDGET_BUCKET, 1 + (int64_t)rng_below(rng, 1000000),
        pers_ms[rng_below(rng, 3)], 1 + (int64_t)rng_below(rng, 1000000));
    int64_t now_ms = T0;
    for (int i = 0; i < 40; i++) {
        int64_t cost_milli = 1 + (int64_t)rng_below(rng, 3000);
        now_ms += (int64_t)rng_below(rng, 50);
        bucket_settle(&bucket, now_ms);
        int64_t at_ms = bucket_earliest(&bucket, now_ms + (int64_t)rng_below(rng, 200), cost_milli);
        bucket_reserve(&bucket, at_ms, cost_milli);
        if (rng_below(rng, 10) == 0)
            bucket_refused(&bucket, now_ms, now_ms + 100);
        bucket_place_take(&bucket, now_ms * 1000, (unsigned)rng_below(rng, BUDGET_RANKS));
    }
    return bucket;
}

static void a_bucket_written_as_text_is_the_same_bucket(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 7);
    for (int i = 0; i < 200; i++) {
        char memory[BUCKET_TEXT_BYTES_MAX];
        struct buf text;
        struct bucket bucket = bucket_random(&rng), read;
        buf_init_lent(&text, memory, sizeof(memory));
        bucket_text_write(&bucket, &text);
        assert_false(text.failed);
        assert_true(bucket_text_read(buf_str(&text), &read));
        assert_true(read.level == bucket.level);
        assert_int_equal(read.limit.kind, bucket.limit.kind);
        assert_int_equal(read.limit.calls, bucket.limit.calls);
        assert_int_equal(read.limit.per_ms, bucket.limit.per_ms);
        assert_int_equal(read.limit.burst, bucket.limit.burst);
        assert_int_equal(read.learned_per_mille, bucket.learned_per_mille);
        assert_int_equal(read.blocked_until_ms, bucket.blocked_until_ms);
        assert_int_equal(read.clock_ms, bucket.clock_ms);
        assert_int_equal(read.turns_len, bucket.turns_len);
        assert_memory_equal(read.turns, bucket.turns, bucket.turns_len * sizeof(read.turns[0]));
        assert_memory_equal(read.last_us, bucket.last_us, sizeof(read.last_us));
    }
}

static void a_text_that_is_no_bucket_is_refused(void **state)
{
    (void)state;
    static const char good[] = "1 0 10 1000 10 1000 0 1000000 -5 7 0 0 0 1000200:1000 1000300:500";
    static const char *const bad[] = {
        "",
        "1",
        "2 0 10 1000 10 1000 0 1000000 -5 7 0 0 0",
        "1 2 10 1000 10 1000 0 1000000 -5 7 0 0 0",
        "1 0 0 1000 10 1000 0 1000000 -5 7 0 0 0",
        "1 0 10 1000 10 1001 0 1000000 -5 7 0 0 0",
        "1 0 10 1000 10 19 0 1000000 -5 7 0 0 0",
        "1 0 10 1000 10 1000 0 1000000 -5 1000000000 0 0 0",
        "1 0 10 1000 10 1000 0 1000000 -5 -1 0 0 0",
        "1 0 10 1000 10 1000 0 9000000000000000 -5 7 0 0 0",
        "1 0 10 1000 10 1000 0 1000000 -5 7 0 0 -1",
        "1 0 10 1000 10 1000 0 1000000 -5 7 0 0 0 1000300:1 1000200:1",
        "1 0 10 1000 10 1000 0 1000000 -5 7 0 0 0 1000300:0",
        "1 0 10 1000 10 1000 0 1000000 -5 7 0 0 0 x",
    };
    struct bucket bucket;
    assert_true(bucket_text_read(str_of(good), &bucket));
    assert_int_equal(bucket.turns_len, 2);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (bucket_text_read(str_of(bad[i]), &bucket))
            fail_msg("\"%s\" is taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty_and_fills_at_97_percent),
        cmocka_unit_test(fractions_are_never_lost),
        cmocka_unit_test(a_bucket_holds_nine_tenths_of_the_burst),
        cmocka_unit_test(a_small_burst_leaves_room_for_jitter),
        cmocka_unit_test(a_window_never_holds_more_than_one_call),
        cmocka_unit_test(a_later_promise_does_not_hold_up_a_newcomer),
        cmocka_unit_test(a_later_promise_does_not_make_room_before_its_time),
        cmocka_unit_test(a_dear_call_waits_for_a_full_bucket_and_is_paid_off),
        cmocka_unit_test(refusals_under_way_together_are_one_lesson),
        cmocka_unit_test(success_raises_the_learned_rate_up_to_the_declared),
        cmocka_unit_test(many_refusals_leave_a_rate_to_go_on_with),
        cmocka_unit_test(a_clock_set_back_does_not_stop_the_bucket),
        cmocka_unit_test(a_changed_limit_keeps_the_tokens),
        cmocka_unit_test(limits_out_of_reason_are_refused),
        cmocka_unit_test(the_largest_limit_does_not_overflow),
        cmocka_unit_test(a_bucket_written_as_text_is_the_same_bucket),
        cmocka_unit_test(a_text_that_is_no_bucket_is_refused),
    };
    return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}

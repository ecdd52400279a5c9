/* Which window is due next: grid, spans, overlap, maturity, halves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/plan.h"

enum { SECOND = 1000, HOUR = 3600 * SECOND, DAY = 24 * HOUR };

static const struct stream STREAM = {
    .window = {.pull_by_updated = true,
               .has_created = true,
               .span_ms = DAY,
               .audit_span_ms = DAY,
               .overlap_ms = 10 * 60 * SECOND,
               .lag_ms = 10 * 60 * SECOND,
               .history_ms = (int64_t)90 * DAY,
               .step_ms = SECOND},
};
static const int64_t NOW = (int64_t)20000 * DAY + 5 * HOUR + 123;

static void since_is_the_shops_but_never_before_the_platforms_history(void **state)
{
    (void)state;
    struct sync_shop shop = {.since_ms = NOW - 3 * DAY};
    assert_int_equal(plan_since_ms(&shop, &STREAM, NOW), NOW - 123 - 3 * DAY);
    shop.since_ms = NOW - (int64_t)100 * DAY;
    assert_int_equal(plan_since_ms(&shop, &STREAM, NOW), NOW - 123 - (int64_t)90 * DAY);
    shop.since_ms = 0;
    assert_int_equal(plan_since_ms(&shop, &STREAM, NOW), NOW - 123 - (int64_t)90 * DAY);
}

/* Walks pull windows from `since` to now and checks that no second of the grid is left out. */
static void pull_windows_reach_now_without_a_hole(void **state)
{
    (void)state;
    struct stream_state at = {.since_ms = NOW - 123 - 3 * DAY};
    at.frontier_ms = at.since_ms - SECOND;
    struct window_id window;
    int windows = 0;
    while (plan_pull(&STREAM, &at, NOW, &window)) {
        assert_true(window.from_ms <= at.frontier_ms + SECOND);
        assert_true(window.from_ms >= at.since_ms);
        assert_true(window.to_ms > at.frontier_ms);
        assert_int_equal(window.to_ms % SECOND, 0);
        at.frontier_ms = window.to_ms;
        assert_true(window.to_ms - window.from_ms < STREAM.window.span_ms);
        assert_true(++windows < 10);
    }
    assert_int_equal(at.frontier_ms, NOW - 123 - SECOND);
}

static void pull_windows_start_an_overlap_before_the_frontier(void **state)
{
    (void)state;
    struct stream_state at = {.since_ms = NOW - 123 - 3 * DAY, .frontier_ms = NOW - 123 - HOUR};
    struct window_id window;
    assert_true(plan_pull(&STREAM, &at, NOW, &window));
    assert_int_equal(window.from_ms, at.frontier_ms + SECOND - STREAM.window.overlap_ms);
}

static void audits_wait_for_maturity_and_for_the_pulls(void **state)
{
    (void)state;
    struct stream_state at = {.since_ms = NOW - 123 - DAY, .frontier_ms = NOW - 123 - SECOND};
    at.audited_ms = at.since_ms - SECOND;
    struct window_id window;
    assert_true(plan_audit(&STREAM, &at, NOW, &window));
    assert_int_equal(window.from_ms, at.since_ms);
    assert_true(window.to_ms <= NOW - STREAM.window.lag_ms - SECOND);
    at.audited_ms = NOW - 123 - STREAM.window.lag_ms - SECOND;
    assert_false(plan_audit(&STREAM, &at, NOW, &window));
    at.audited_ms = at.since_ms - SECOND;
    at.frontier_ms = at.since_ms + HOUR;
    assert_true(plan_audit(&STREAM, &at, NOW, &window));
    assert_int_equal(window.to_ms, at.frontier_ms);
}

static void a_range_is_cut_without_hole_or_overlap(void **state)
{
    (void)state;
    struct window_id windows[8];
    size_t count = plan_cut(0, 2 * DAY + 5 * HOUR, DAY, SECOND, windows, 8);
    assert_int_equal(count, 3);
    assert_int_equal(windows[0].from_ms, 0);
    assert_int_equal(windows[0].to_ms, DAY - SECOND);
    assert_int_equal(windows[1].from_ms, DAY);
    assert_int_equal(windows[2].to_ms, 2 * DAY + 5 * HOUR);
    assert_int_equal(plan_cut(5000, 5000, DAY, SECOND, windows, 8), 1);
    assert_int_equal(plan_cut(0, (int64_t)100 * DAY, DAY, SECOND, windows, 8), 101);
}

static void everything_again_begins_on_the_streams_own_grid(void **state)
{
    (void)state;
    int64_t since_ms = NOW - 123 - (int64_t)30 * DAY;
    assert_int_equal(plan_grid_start_ms(&STREAM, since_ms, NOW), since_ms);
    since_ms = NOW - 123 - (int64_t)100 * DAY;
    int64_t start_ms = plan_grid_start_ms(&STREAM, since_ms, NOW);
    assert_int_equal((start_ms - since_ms) % STREAM.window.audit_span_ms, 0);
    assert_true(start_ms >= NOW - STREAM.window.history_ms);
    assert_true(start_ms - DAY < NOW - STREAM.window.history_ms);
}

static void halves_share_nothing_and_leave_nothing_out(void **state)
{
    (void)state;
    struct window_id window = {.from_ms = 1000, .to_ms = 1000 + 4 * SECOND}, halves[2];
    assert_true(plan_halves(&window, SECOND, halves));
    assert_int_equal(halves[0].from_ms, window.from_ms);
    assert_int_equal(halves[0].to_ms + SECOND, halves[1].from_ms);
    assert_int_equal(halves[1].to_ms, window.to_ms);
    window.to_ms = window.from_ms;
    assert_false(plan_halves(&window, SECOND, halves));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(since_is_the_shops_but_never_before_the_platforms_history),
        cmocka_unit_test(pull_windows_reach_now_without_a_hole),
        cmocka_unit_test(pull_windows_start_an_overlap_before_the_frontier),
        cmocka_unit_test(audits_wait_for_maturity_and_for_the_pulls),
        cmocka_unit_test(a_range_is_cut_without_hole_or_overlap),
        cmocka_unit_test(everything_again_begins_on_the_streams_own_grid),
        cmocka_unit_test(halves_share_nothing_and_leave_nothing_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

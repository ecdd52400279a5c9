/* Ticks: each is one task, none is missed or doubled, whoever and however many look. */
#include <pthread.h>
#include <stdatomic.h>

#include "scratch_store.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)
static const int64_t START_MS = INT64_C(1780000000000);

static struct schedule_wish wish(int64_t lane, const char *name, const char *spec)
{
    return (struct schedule_wish){.lane = lane,
                                  .name = str_of(name),
                                  .spec = str_of(spec),
                                  .class_ = TASK_LIVE,
                                  .kind = STR("pass"),
                                  .payload = STR("{\"stream\":\"orders\"}")};
}

static void set(struct fixture *f, const struct schedule_wish *wishes, size_t len, int64_t now_ms)
{
    struct err err;
    assert_good(schedules_set(f->store, wishes, len, now_ms, &err), &err);
}

static int64_t tick(struct fixture *f, int64_t now_ms, int64_t *next_ms)
{
    struct err err;
    int64_t ticks;
    assert_good(schedules_tick(f->store, now_ms, &ticks, next_ms, &err), &err);
    return ticks;
}

static int64_t number(struct fixture *f, const char *sql)
{
    struct err err;
    int64_t out;
    assert_good(store_read_int(f->store, sql, NULL, 0, -1, &out, &err), &err);
    return out;
}

static void a_new_schedule_is_due_at_once_and_then_by_its_grid(void **state)
{
    struct fixture *f = *state;
    int64_t next_ms;
    const struct schedule_wish one = wish(0, "orders", "every 5m");
    set(f, &one, 1, START_MS);
    assert_int_equal(tick(f, START_MS, &next_ms), 1);
    int64_t shift_ms = schedule_shift_ms(0, 5 * MINUTE_MS);
    assert_int_equal((next_ms - shift_ms) % (5 * MINUTE_MS), 0);
    assert_true(next_ms > START_MS && next_ms <= START_MS + 5 * MINUTE_MS);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE kind = 'pass' AND lane = 0 AND "
                               "unique_key = 'pass/orders'"),
                     1);
    int64_t again_ms;
    assert_int_equal(tick(f, next_ms - 1, &again_ms), 0);
    assert_int_equal(again_ms, next_ms);
    assert_int_equal(tick(f, next_ms, &again_ms), 1);
    assert_int_equal(again_ms, next_ms + 5 * MINUTE_MS);
    /* The task of the first still waits: there is one. */
    assert_int_equal(number(f, "SELECT count(*) FROM task"), 1);
}

static void what_passed_while_nobody_looked_is_one_tick(void **state)
{
    struct fixture *f = *state;
    int64_t next_ms;
    const struct schedule_wish one = wish(7, "orders", "every 5m");
    set(f, &one, 1, START_MS);
    tick(f, START_MS, &next_ms);
    assert_int_equal(tick(f, START_MS + 3 * DAY_MS, &next_ms), 1);
    assert_true(next_ms > START_MS + 3 * DAY_MS);
    assert_int_equal(number(f, "SELECT ticks FROM schedule"), 2);
}

static void rows_are_those_that_are_wanted(void **state)
{
    struct fixture *f = *state;
    int64_t next_ms;
    const struct schedule_wish two[] = {wish(1, "orders", "every 5m"),
                                        wish(2, "orders", "every 1h")};
    set(f, two, 2, START_MS);
    tick(f, START_MS, &next_ms);
    set(f, &two[1], 1, START_MS + 1);
    assert_int_equal(number(f, "SELECT count(*) FROM schedule"), 1);
    assert_int_equal(number(f, "SELECT lane FROM schedule"), 2);
    /* The same again changes nothing; another spec holds from now on. */
    int64_t due_ms = number(f, "SELECT next_ms FROM schedule");
    set(f, &two[1], 1, START_MS + 2);
    assert_int_equal(number(f, "SELECT next_ms FROM schedule"), due_ms);
    const struct schedule_wish daily = wish(2, "orders", "30 7 * * * Asia/Shanghai");
    set(f, &daily, 1, START_MS + 3);
    int64_t minute_ms = number(f, "SELECT next_ms - shift_ms FROM schedule");
    assert_int_equal(minute_ms % DAY_MS, (23 * 60 + 30) * MINUTE_MS);
    set(f, NULL, 0, START_MS + 4);
    assert_int_equal(tick(f, START_MS + DAY_MS, &next_ms), 0);
    assert_true(next_ms == INT64_MAX);
}

static void a_clock_that_was_ahead_leaves_no_row_that_waits_for_it(void **state)
{
    struct fixture *f = *state;
    int64_t next_ms;
    const struct schedule_wish one = wish(3, "orders", "every 5m");
    set(f, &one, 1, START_MS + DAY_MS);
    tick(f, START_MS + DAY_MS, &next_ms);
    set(f, &one, 1, START_MS);
    assert_true(number(f, "SELECT next_ms FROM schedule") <= START_MS + 5 * MINUTE_MS);
}

static void a_spec_that_cannot_be_read_is_refused_and_one_in_the_store_stops_no_other(void **state)
{
    struct fixture *f = *state;
    struct err err;
    int64_t next_ms;
    const struct schedule_wish two[] = {wish(1, "orders", "every 5m"), wish(2, "orders", "never")};
    assert_int_equal(schedules_set(f->store, two, 2, START_MS, &err), ERR_CONFIG);
    assert_string_equal(err.code, "schedule");
    assert_int_equal(number(f, "SELECT count(*) FROM schedule"), 0);
    set(f, two, 1, START_MS);
    const struct step newer = {
        .sql = "INSERT INTO schedule (lane, name, spec, shift_ms, class, kind, payload, next_ms, "
               "ticks) VALUES (9, 'x', 'at full moon', 0, 0, 'pass', '{}', 1, 0)",
        .rows_expected = 1};
    struct unit unit = {.before = &newer, .before_len = 1};
    log_setup(LOG_OFF, STDERR_FILENO, false);
    assert_good(store_commit(f->store, &unit, &err), &err);
    assert_int_equal(tick(f, START_MS, &next_ms), 1);
    log_setup(LOG_WARN, STDERR_FILENO, false);
    assert_true(number(f, "SELECT next_ms FROM schedule WHERE lane = 9") > START_MS);
    assert_int_equal(number(f, "SELECT ticks FROM schedule WHERE lane = 9"), 0);
}

/* --- several schedulers --- */

enum { SHOPS = 300, SCHEDULERS = 2, DAY_MINUTES = 24 * 60, GRID_MINUTES = 5 };

struct day {
    struct fixture *f;
    int minutes;
    pthread_barrier_t barrier;
    atomic_llong ticks;
};

static void *scheduler(void *context)
{
    struct day *day = context;
    for (int minute = 0; minute < day->minutes; minute++) {
        int64_t ticks = 0, next_ms;
        pthread_barrier_wait(&day->barrier);
        if (schedules_tick(day->f->store, START_MS + minute * MINUTE_MS, &ticks, &next_ms, NULL))
            ticks = INT32_MAX; /* the sum cannot be right then */
        atomic_fetch_add(&day->ticks, ticks);
    }
    return NULL;
}

/* Two schedulers look at the same minutes at the same time. Every row moves once for each of its runs: the
 * sum of what each scheduler says it moved, what the rows count, and the number of intervals agree. */
static void a_day_of_two_schedulers_and_300_shops_misses_and_doubles_nothing(void **state)
{
    struct fixture *f = *state;
    static struct schedule_wish wishes[SHOPS];
    for (int i = 0; i < SHOPS; i++)
        wishes[i] = wish(i + 1, "orders", "every 5m");
    set(f, wishes, SHOPS, START_MS);
    /* A question to a server takes longer; a quarter of a day has every kind of meeting there is. */
    struct day day = {.f = f, .minutes = server_is_given() ? DAY_MINUTES / 4 : DAY_MINUTES};
    pthread_t threads[SCHEDULERS];
    pthread_barrier_init(&day.barrier, NULL, SCHEDULERS);
    for (int i = 0; i < SCHEDULERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, scheduler, &day), 0);
    for (int i = 0; i < SCHEDULERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&day.barrier);
    /* The first is at once; of the grid instants that follow the last may lie behind the last look. */
    const int64_t grid = day.minutes / GRID_MINUTES;
    int64_t least = number(f, "SELECT min(ticks) FROM schedule");
    int64_t most = number(f, "SELECT max(ticks) FROM schedule");
    assert_true(least >= grid && most <= grid + 1);
    assert_int_equal(number(f, "SELECT sum(ticks) FROM schedule"), day.ticks);
    assert_int_equal(number(f, "SELECT count(*) FROM task"), SHOPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_ready, scratch_end)
        TEST(a_new_schedule_is_due_at_once_and_then_by_its_grid),
        TEST(what_passed_while_nobody_looked_is_one_tick),
        TEST(rows_are_those_that_are_wanted),
        TEST(a_clock_that_was_ahead_leaves_no_row_that_waits_for_it),
        TEST(a_spec_that_cannot_be_read_is_refused_and_one_in_the_store_stops_no_other),
        TEST(a_day_of_two_schedulers_and_300_shops_misses_and_doubles_nothing),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

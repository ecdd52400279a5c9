/* Holds and cancelling: what a person says reaches claims and running tasks, and nothing else. */
#include <stdatomic.h>

#include "scratch_store.h"

static void sql(struct fixture *f, const char *text)
{
    struct err err;
    const struct step step = {.sql = text, .rows_expected = -1};
    struct unit unit = {.before = &step, .before_len = 1};
    assert_good(store_commit(f->store, &unit, &err), &err);
}

static int64_t number(struct fixture *f, const char *text)
{
    struct err err;
    int64_t out;
    assert_good(store_read_int(f->store, text, NULL, 0, -1, &out, &err), &err);
    return out;
}

/* Shops 1 and 2 of platform p, 3 of q; a task each. */
static void shops_make(struct fixture *f)
{
    for (int64_t lane = 1; lane <= 3; lane++) {
        struct err err;
        char text[256];
        snprintf(
            text, sizeof text,
            "INSERT INTO shop (id, platform, name, external_id, state, created_ms) VALUES (%d, "
            "'%s', 's%d', 'x%d', 'enabled', 0)",
            (int)lane, lane < 3 ? "p" : "q", (int)lane, (int)lane);
        sql(f, text);
        struct task_new task = {.lane = lane,
                                .kind = STR("long"),
                                .unique_key = STR("k"),
                                .payload = STR("{}"),
                                .ready_ms = 1};
        assert_good(queue_enqueue(f->store, &task, 1, &err), &err);
    }
}

static struct hold_of all(void)
{
    return (struct hold_of){.scope = HOLD_ALL};
}

static struct hold_of platform(const char *name)
{
    return (struct hold_of){.scope = HOLD_PLATFORM, .platform = str_of(name)};
}

static struct hold_of shop(int64_t lane)
{
    return (struct hold_of){.scope = HOLD_LANE, .lane = lane};
}

static bool put(struct fixture *f, struct hold_of of)
{
    struct err err;
    bool news;
    assert_good(hold_put(f->store, of, 5, &news, &err), &err);
    return news;
}

static int64_t end(struct fixture *f, struct hold_of of)
{
    struct err err;
    int64_t gone;
    assert_good(hold_end(f->store, of, 1, &gone, &err), &err);
    return gone;
}

/* Lanes that a claim gives, as a decimal number: 123. They are put back. */
static int64_t claimed(struct fixture *f)
{
    struct err err;
    struct task *tasks;
    size_t len;
    int64_t next_ms, lanes = 0, released;
    assert_good(queue_claim(f->store, &(struct queue_claimer){.worker = STR("w")}, 10, 9, &f->arena,
                            &tasks, &len, &next_ms, &err),
                &err);
    for (size_t i = 0; i < len; i++)
        lanes = lanes * 10 + tasks[i].lane;
    assert_good(queue_release_all(f->store, 10 + LEASE_MS, &released, &err), &err);
    return lanes;
}

static void what_is_held_is_not_claimed(void **state)
{
    struct fixture *f = *state;
    shops_make(f);
    assert_int_equal(claimed(f), 123);
    assert_true(put(f, shop(2)));
    assert_false(put(f, shop(2)));
    assert_int_equal(claimed(f), 13);
    assert_true(put(f, platform("p")));
    assert_int_equal(claimed(f), 3);
    assert_int_equal(end(f, shop(2)), 1);
    assert_int_equal(claimed(f), 3); /* its platform is paused still */
    assert_int_equal(end(f, platform("p")), 1);
    assert_int_equal(end(f, platform("p")), 0);
    assert_int_equal(claimed(f), 123);
    put(f, all());
    put(f, shop(1));
    assert_int_equal(claimed(f), 0);
    assert_int_equal(end(f, all()), 2); /* everything goes on, also what was paused alone */
    assert_int_equal(claimed(f), 123);
    /* Only what changed something is said. */
    assert_int_equal(number(f, "SELECT count(*) FROM event WHERE kind = 'paused'"), 4);
    assert_int_equal(number(f, "SELECT count(*) FROM event WHERE kind = 'resumed'"), 3);
    assert_int_equal(number(f, "SELECT shop_id FROM event WHERE kind = 'paused' ORDER BY id"), 2);
}

static void holds_are_listed(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct hold *holds;
    size_t len;
    shops_make(f);
    put(f, platform("q"));
    put(f, shop(1));
    assert_good(holds_read(f->store, &f->arena, &holds, &len, &err), &err);
    assert_int_equal(len, 2);
    assert_int_equal(holds[0].of.scope, HOLD_LANE);
    assert_int_equal(holds[0].of.lane, 1);
    assert_int_equal(holds[1].of.scope, HOLD_PLATFORM);
    assert_true(str_eq(holds[1].of.platform, STR("q")));
    assert_int_equal(holds[1].since_ms, 5);
    for (int64_t lane = 1; lane <= 3; lane++) {
        bool held;
        assert_good(lane_is_held(f->store, lane, &held, &err), &err);
        assert_int_equal(held, lane != 2);
    }
}

/* --- running tasks --- */

struct seen {
    atomic_int began, ended;
};

/* Works until it is told to end. */
static enum task_end work(void *context, const struct task *task, struct task_outcome *outcome)
{
    struct seen *seen = context;
    (void)task;
    atomic_fetch_add(&seen->began, 1);
    clock_sleep_until(WAIT_FOREVER, outcome->stopping);
    atomic_fetch_add(&seen->ended, 1);
    outcome->again_ms = clock_now_ms();
    err_set(&outcome->err, ERR_STOPPED, "yield", "told to end");
    return TASK_AGAIN;
}

static struct workers *start(struct fixture *f, struct seen *seen)
{
    static struct task_handler handler;
    struct err err;
    struct workers *workers;
    handler = (struct task_handler){"long", work, seen};
    const struct workers_options options = {
        .store = f->store, .name = STR("w"), .threads = 4, .handlers = &handler, .handlers_len = 1};
    assert_good(workers_start(&options, &workers, &err), &err);
    return workers;
}

static void wait_until(atomic_int *number, int wanted)
{
    for (int i = 0; i < 3000 && atomic_load(number) < wanted; i++)
        usleep(10000);
    assert_int_equal(atomic_load(number), wanted);
}

/* The first heartbeat may come behind the first task. */
static void worker_await(struct fixture *f)
{
    for (int i = 0; i < 3000 && number(f, "SELECT count(*) FROM worker") == 0; i++)
        usleep(10000);
}

static void a_running_task_of_a_paused_lane_ends_and_waits(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.began = 0};
    shops_make(f);
    struct workers *workers = start(f, &seen);
    wait_until(&seen.began, 3);
    put(f, platform("p"));
    wait_until(&seen.ended, 2);
    for (int i = 0; i < 200 && number(f, "SELECT count(*) FROM task WHERE state = 'ready'") < 2;
         i++)
        usleep(10000);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE state = 'ready' AND lane < 3"), 2);
    assert_int_equal(number(f, "SELECT lane FROM task WHERE state = 'running'"), 3);
    end(f, platform("p"));
    workers_nudge(workers);
    wait_until(&seen.began, 5);
    workers_stop(workers);
    assert_int_equal(number(f, "SELECT count(*) FROM task WHERE state = 'ready'"), 3);
    assert_int_equal(number(f, "SELECT count(*) FROM worker"), 0);
}

static void cancelled_tasks_go_running_or_not(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.began = 0};
    struct err err;
    int64_t waiting, running;
    shops_make(f);
    put(f, shop(1));
    struct workers *workers = start(f, &seen);
    wait_until(&seen.began, 2);
    worker_await(f);
    assert_int_equal(number(f, "SELECT threads FROM worker WHERE name = 'w'"), 4);
    assert_good(tasks_cancel(f->store, platform("p"), 20, &waiting, &running, &err), &err);
    assert_int_equal(waiting, 1);
    assert_int_equal(running, 1);
    for (int i = 0; i < 3000 && number(f, "SELECT count(*) FROM task") > 1; i++)
        usleep(10000);
    assert_int_equal(number(f, "SELECT lane FROM task"), 3);
    wait_until(&seen.ended, 1);
    assert_good(
        task_cancel(f->store, number(f, "SELECT id FROM task"), 30, &waiting, &running, &err),
        &err);
    assert_int_equal(running, 1);
    wait_until(&seen.ended, 2);
    workers_stop(workers);
    assert_int_equal(number(f, "SELECT count(*) FROM task"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM execution WHERE result = 'cancelled'"), 3);
    /* Of each alone its try tells. */
    assert_int_equal(number(f, "SELECT count(*) FROM event WHERE kind LIKE '%cancelled'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM event WHERE kind = 'tasks_cancelled'"
                               " AND args LIKE '%\"waiting\":1,\"running\":1}'"),
                     1);
}

/* A mark is in the store at once, and the heart rests again: a beat is a transaction. */
static void what_a_worker_has_lost_is_shown_to_the_others(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.began = 0};
    struct err err;
    unsigned living, degraded;
    struct workers *workers = start(f, &seen);
    worker_await(f);
    workers_mark(workers, true);
    for (int i = 0; i < 500 && number(f, "SELECT degraded FROM worker") == 0; i++)
        usleep(10000);
    assert_int_equal(number(f, "SELECT degraded FROM worker"), 1);
    int64_t beat_ms = number(f, "SELECT beat_ms FROM worker");
    workers_mark(workers, true); /* nothing new */
    usleep(300000);
    int64_t later_ms = number(f, "SELECT beat_ms FROM worker");
    if (clock_now_ms() - beat_ms <
        HEARTBEAT_MS) /* else this machine stood still, and one was due */
        assert_int_equal(later_ms, beat_ms);
    sql(f, "INSERT INTO worker (name, host, pid, version, threads, busy, degraded, started_ms, "
           "beat_ms) SELECT 'other', 'h', 1, '', 1, 0, 1, beat_ms, beat_ms FROM worker");
    assert_good(workers_living(workers, &living, &degraded, &err), &err);
    assert_int_equal(living, 2);
    assert_int_equal(degraded, 1); /* of the others */
    workers_mark(workers, false);
    for (int i = 0; i < 500 && number(f, "SELECT degraded FROM worker WHERE name = 'w'") == 1; i++)
        usleep(10000);
    assert_int_equal(number(f, "SELECT degraded FROM worker WHERE name = 'w'"), 0);
    workers_stop(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_ready, scratch_end)
        TEST(what_is_held_is_not_claimed),
        TEST(holds_are_listed),
        TEST(a_running_task_of_a_paused_lane_ends_and_waits),
        TEST(cancelled_tasks_go_running_or_not),
        TEST(what_a_worker_has_lost_is_shown_to_the_others),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

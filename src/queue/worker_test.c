/* Workers: every task runs once, ends as its handler says, and a stop hands back what is left. */
#include <pthread.h>
#include <stdatomic.h>

#include "queue/fixture.h"

enum { LANES = 5, TASKS_A_LANE = 8 };

static void put(struct fixture *f, int64_t lane, const char *kind, int number)
{
    char key[32];
    snprintf(key, sizeof key, "%s-%d", kind, number);
    struct task_new task = {.lane = lane,
                            .class_ = TASK_LIVE,
                            .kind = str_of(kind),
                            .unique_key = str_of(key),
                            .payload = STR("{}"),
                            .run = STR("run")};
    struct err err;
    assert_good(queue_enqueue(f->store, &task, clock_now_ms(), &err), &err);
}

struct seen {
    struct store *store;
    atomic_int runs, at_once[LANES], crowded;
    atomic_int fail_first;
    int again_ms;
};

static enum task_end end_task(struct seen *seen, const struct task *task)
{
    struct arena arena;
    arena_init(&arena);
    struct step steps[2];
    struct unit unit = {.order_key = (uint64_t)task->id, .before_len = 1, .after_len = 1};
    queue_step_fence(task, task->unit_number + 1, clock_now_ms(), &arena, &steps[0], NULL);
    queue_step_finish(task, clock_now_ms(), &arena, &steps[1], NULL);
    unit.before = &steps[0];
    unit.after = &steps[1];
    enum err_class class_ = store_commit(seen->store, &unit, NULL);
    arena_fini(&arena);
    return class_ == ERR_OK ? TASK_DONE : TASK_LOST;
}

static enum task_end work(void *context, const struct task *task, struct task_outcome *outcome)
{
    struct seen *seen = context;
    atomic_fetch_add(&seen->runs, 1);
    if (atomic_fetch_add(&seen->at_once[task->lane], 1) > 0)
        atomic_fetch_add(&seen->crowded, 1);
    enum task_end end = TASK_DONE;
    if (atomic_fetch_sub(&seen->fail_first, 1) > 0) {
        err_set(&outcome->err, ERR_RETRY, "busy", "again");
        outcome->failed = true;
        outcome->again_ms = clock_now_ms();
        end = TASK_AGAIN;
    }
    atomic_fetch_sub(&seen->at_once[task->lane], 1);
    return end == TASK_AGAIN ? end : end_task(seen, task);
}

static enum task_end refuse(void *context, const struct task *task, struct task_outcome *outcome)
{
    (void)context;
    (void)task;
    err_set(&outcome->err, ERR_BAD_REQUEST, "never", "this cannot work");
    return TASK_DEAD;
}

/* Says that its lease is lost, which it is not. */
static enum task_end lose(void *context, const struct task *task, struct task_outcome *outcome)
{
    struct seen *seen = context;
    (void)task;
    atomic_fetch_add(&seen->runs, 1);
    err_set(&outcome->err, ERR_CONFLICT, "fence", "a step changed no row");
    return TASK_LOST;
}

static struct workers *start(struct fixture *f, struct seen *seen, unsigned threads)
{
    static struct task_handler handlers[3];
    handlers[0] = (struct task_handler){"work", work, seen};
    handlers[1] = (struct task_handler){"refuse", refuse, seen};
    handlers[2] = (struct task_handler){"lose", lose, seen};
    struct workers_options options = {.store = f->store,
                                      .name = STR("test"),
                                      .run = STR("run"),
                                      .threads = threads,
                                      .handlers = handlers,
                                      .handlers_len = 3};
    struct workers *workers;
    struct err err;
    seen->store = f->store;
    assert_good(workers_start(&options, &workers, &err), &err);
    return workers;
}

static void every_task_runs_once_and_a_lane_never_twice_at_once(void **state)
{
    struct fixture *f = *state;
    for (int lane = 0; lane < LANES; lane++)
        for (int i = 0; i < TASKS_A_LANE; i++)
            put(f, lane, "work", i);
    struct seen seen = {.fail_first = 0};
    struct workers *workers = start(f, &seen, 8);
    struct err err;
    assert_good(workers_wait_idle(workers, WAIT_FOREVER, NULL, &err), &err);
    workers_stop(workers);
    assert_int_equal(seen.runs, LANES * TASKS_A_LANE);
    assert_int_equal(seen.crowded, 0);
    struct queue_depth depth;
    assert_good(queue_depth_read(f->store, STR("run"), clock_now_ms(), &depth, &err), &err);
    assert_int_equal(depth.ready + depth.waiting + depth.running + depth.dead, 0);
}

static void a_task_that_failed_runs_again(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "work", 0);
    struct seen seen = {.fail_first = 3};
    struct workers *workers = start(f, &seen, 2);
    struct err err;
    assert_good(workers_wait_idle(workers, WAIT_FOREVER, NULL, &err), &err);
    workers_stop(workers);
    assert_int_equal(seen.runs, 4);
}

static void a_refused_task_and_an_unknown_kind_stay_dead_for_a_person(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "refuse", 0);
    put(f, 2, "tomorrow", 0);
    struct seen seen = {.fail_first = 0};
    struct workers *workers = start(f, &seen, 2);
    struct err err;
    assert_good(workers_wait_idle(workers, WAIT_FOREVER, NULL, &err), &err);
    assert_int_equal(workers_dead(workers), 2);
    workers_stop(workers);
    struct queue_depth depth;
    assert_good(queue_depth_read(f->store, STR("run"), clock_now_ms(), &depth, &err), &err);
    assert_int_equal(depth.dead, 2);
}

/* With the lease in hand a refusal that comes again is no other worker's doing. */
static void a_task_that_is_refused_at_every_try_ends(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "lose", 0);
    struct seen seen = {.fail_first = 0};
    int64_t begun_ms = clock_now_ms();
    struct workers *workers = start(f, &seen, 2);
    struct err err;
    assert_good(workers_wait_idle(workers, WAIT_FOREVER, NULL, &err), &err);
    workers_stop(workers);
    assert_in_range(seen.runs, 2, 20);
    assert_true(clock_now_ms() - begun_ms >= (seen.runs - 2) * 1000);
    struct queue_depth depth;
    assert_good(queue_depth_read(f->store, STR("run"), clock_now_ms(), &depth, &err), &err);
    assert_int_equal(depth.dead, 1);
}

static void a_stop_ends_the_wait_and_leaves_nothing_running(void **state)
{
    struct fixture *f = *state;
    for (int lane = 0; lane < LANES; lane++)
        for (int i = 0; i < TASKS_A_LANE; i++)
            put(f, lane, "work", i);
    struct seen seen = {.fail_first = 0};
    struct workers *workers = start(f, &seen, 2);
    bool stop = true;
    struct err err;
    enum err_class class_ = workers_wait_idle(workers, WAIT_FOREVER, &stop, &err);
    assert_true(class_ == ERR_STOPPED || class_ == ERR_OK);
    workers_stop(workers);
    struct queue_depth depth;
    assert_good(queue_depth_read(f->store, STR("run"), clock_now_ms(), &depth, &err), &err);
    assert_int_equal(depth.running, 0);
    assert_int_equal(depth.ready + seen.runs, LANES * TASKS_A_LANE);
}

#define READY(test) cmocka_unit_test_setup_teardown(test, queue_ready, queue_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        READY(every_task_runs_once_and_a_lane_never_twice_at_once),
        READY(a_task_that_failed_runs_again),
        READY(a_refused_task_and_an_unknown_kind_stay_dead_for_a_person),
        READY(a_task_that_is_refused_at_every_try_ends),
        READY(a_stop_ends_the_wait_and_leaves_nothing_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

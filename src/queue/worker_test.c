/* Workers: every task runs once, ends as its handler says, and a stop hands back what is left. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "scratch_store.h"

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
    atomic_int runs, at_once[LANES], next[LANES], crowded;
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

/* Gets on, or not, and never ends by itself; the second time it is done where it has got on. */
static enum task_end stick(struct seen *seen, const struct task *task, struct task_outcome *outcome,
                           bool gets_on)
{
    if (atomic_fetch_add(&seen->runs, 1) > 0 && gets_on)
        return end_task(seen, task);
    while (!__atomic_load_n(outcome->stopping, __ATOMIC_ACQUIRE))
        poll(NULL, 0, 5);
    outcome->pages = gets_on;
    outcome->again_ms = clock_now_ms() + 60 * 60 * 1000; /* as if it had to wait for long */
    return TASK_AGAIN;
}

static enum task_end slow(void *context, const struct task *task, struct task_outcome *outcome)
{
    return stick(context, task, outcome, true);
}

static enum task_end stuck(void *context, const struct task *task, struct task_outcome *outcome)
{
    return stick(context, task, outcome, false);
}

/* Is done when four run at once. */
static enum task_end meet(void *context, const struct task *task, struct task_outcome *outcome)
{
    struct seen *seen = context;
    (void)outcome;
    atomic_fetch_add(&seen->runs, 1);
    for (int i = 0; i < 2000 && atomic_load(&seen->runs) < 4; i++)
        poll(NULL, 0, 5);
    return end_task(seen, task);
}

/* Tasks of a lane come in the order in which they were made. */
static enum task_end count(void *context, const struct task *task, struct task_outcome *outcome)
{
    struct seen *seen = context;
    (void)outcome;
    if (atomic_fetch_add(&seen->at_once[task->lane], 1) > 0)
        atomic_fetch_add(&seen->crowded, 1);
    char key[32];
    snprintf(key, sizeof key, "count-%d", atomic_fetch_add(&seen->next[task->lane], 1));
    if (!str_eq(task->unique_key, str_of(key)))
        atomic_fetch_add(&seen->crowded, 1);
    atomic_fetch_add(&seen->runs, 1);
    atomic_fetch_sub(&seen->at_once[task->lane], 1);
    return TASK_OVER;
}

/* Until it is told to end. */
static enum task_end hold(void *context, const struct task *task, struct task_outcome *outcome)
{
    struct seen *seen = context;
    atomic_fetch_add(&seen->runs, 1);
    while (!__atomic_load_n(outcome->stopping, __ATOMIC_ACQUIRE))
        sched_yield();
    outcome->again_ms = task->ready_ms;
    return TASK_AGAIN;
}

static struct workers *start_with(struct seen *seen, struct workers_options options)
{
    static struct task_handler handlers[8];
    handlers[0] = (struct task_handler){"work", work, seen};
    handlers[1] = (struct task_handler){"refuse", refuse, seen};
    handlers[2] = (struct task_handler){"lose", lose, seen};
    handlers[3] = (struct task_handler){"slow", slow, seen};
    handlers[4] = (struct task_handler){"stuck", stuck, seen};
    handlers[5] = (struct task_handler){"meet", meet, seen};
    handlers[6] = (struct task_handler){"count", count, seen};
    handlers[7] = (struct task_handler){"hold", hold, seen};
    options.name = STR("test");
    options.handlers = handlers;
    options.handlers_len = 8;
    struct workers *workers;
    struct err err;
    seen->store = options.store;
    assert_good(workers_start(&options, &workers, &err), &err);
    return workers;
}

static struct workers *start(struct fixture *f, struct seen *seen, unsigned threads)
{
    return start_with(
        seen, (struct workers_options){.store = f->store, .run = STR("run"), .threads = threads});
}

static const char *text(struct fixture *f, const char *sql)
{
    struct err err;
    struct reader *row;
    struct str out = STR("(none)");
    assert_good(store_read(f->store, sql, NULL, 0, &row, &err), &err);
    if (reader_next(row))
        out = arena_dup(&f->arena, reader_text(row, 0));
    assert_good(reader_close(row, &err), &err);
    return out.ptr;
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

static void tasks_that_are_over_ran_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 40 }; /* so that more are claimed than there are threads */
    for (int lane = 0; lane < LANES; lane++)
        for (int i = 0; i < MANY; i++)
            put(f, lane, "count", i);
    struct seen seen = {.fail_first = 0};
    struct workers *workers = start(f, &seen, 2);
    struct err err;
    assert_good(workers_wait_idle(workers, WAIT_FOREVER, NULL, &err), &err);
    workers_stop(workers);
    assert_int_equal(seen.runs, LANES * MANY);
    assert_int_equal(seen.crowded, 0);
    struct queue_depth depth;
    assert_good(queue_depth_read(f->store, STR("run"), clock_now_ms(), &depth, &err), &err);
    assert_int_equal(depth.ready + depth.waiting + depth.running + depth.dead, 0);
}

/* Ended, or handed back: nothing that is over stays behind, nothing comes back that ran. */
static void a_stop_writes_down_what_is_over(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < TASKS_A_LANE; i++)
        for (int lane = 0; lane < LANES; lane++)
            put(f, lane, "count", i);
    struct seen seen = {.fail_first = 0};
    struct workers *workers = start(f, &seen, 2);
    while (atomic_load(&seen.runs) == 0)
        sched_yield();
    workers_stop(workers);
    struct queue_depth depth;
    struct err err;
    assert_good(queue_depth_read(f->store, STR("run"), clock_now_ms(), &depth, &err), &err);
    assert_int_equal(depth.running, 0);
    assert_int_equal(depth.ready + seen.runs, LANES * TASKS_A_LANE);
}

/* Short tasks, so that more are claimed than there are threads, then long ones: those that find no thread go
 * back to their place, where another pool may take them. */
static void what_was_claimed_ahead_goes_back_when_tasks_are_long(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < TASKS_A_LANE; i++)
        for (int lane = 0; lane < LANES; lane++)
            put(f, lane, "count", i);
    for (int lane = 0; lane < LANES; lane++)
        put(f, lane, "hold", 0);
    struct seen seen = {.fail_first = 0};
    struct workers *workers = start(f, &seen, 1);
    struct queue_depth depth;
    struct err err;
    int64_t begun_ms = clock_now_ms(), ahead = 0;
    do {
        assert_good(queue_depth_read(f->store, STR("run"), clock_now_ms(), &depth, &err), &err);
        ahead = depth.running > ahead ? depth.running : ahead;
    } while ((atomic_load(&seen.runs) <= LANES * TASKS_A_LANE || depth.running > 1) &&
             clock_now_ms() - begun_ms < 3 * HEARTBEAT_MS);
    assert_int_equal(depth.running, 1);
    assert_int_equal(depth.ready, LANES - 1);
    assert_true(ahead > 1);
    workers_stop(workers);
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

/* The limit is below one heartbeat: what runs at the first one is overdue. */
static void a_task_that_runs_for_too_long_is_put_back_and_that_is_said(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "slow", 0);
    struct seen seen = {.fail_first = 0};
    struct workers *workers = start_with(
        &seen, (struct workers_options){
                   .store = f->store, .run = STR("run"), .threads = 1, .task_ms = 1000});
    struct err err;
    assert_good(workers_wait_idle(workers, clock_now_ms() + 20000, NULL, &err), &err);
    workers_stop(workers);
    assert_int_equal(seen.runs, 2);
    assert_string_equal(text(f, "SELECT kind FROM event"), "task_overdue");
    assert_string_equal(text(f, "SELECT error FROM execution WHERE result = 'failed'"),
                        "it ran for longer than 1 s and was stopped; task_seconds is the limit");
}

static void a_task_that_is_stuck_again_and_again_dies(void **state)
{
    struct fixture *f = *state;
    struct err err;
    put(f, 1, "stuck", 0);
    struct step tried = {.sql = "UPDATE task SET attempt = 1", .rows_expected = 1};
    struct unit unit = {.before = &tried, .before_len = 1};
    assert_good(store_commit(f->store, &unit, &err), &err);
    struct seen seen = {.fail_first = 0};
    struct workers *workers = start_with(
        &seen, (struct workers_options){
                   .store = f->store, .run = STR("run"), .threads = 1, .task_ms = 1000});
    assert_good(workers_wait_idle(workers, clock_now_ms() + 30000, NULL, &err), &err);
    workers_stop(workers);
    assert_int_equal(seen.runs, 2);
    assert_string_equal(text(f, "SELECT state FROM task"), "dead");
    assert_string_equal(text(f, "SELECT kind FROM event ORDER BY id"), "task_overdue");
    assert_string_equal(text(f, "SELECT kind FROM event ORDER BY id DESC"), "task_dead");
}

static void claims_of_one_task_each_keep_all_threads_at_work(void **state)
{
    struct fixture *f = *state;
    for (int lane = 0; lane < 4; lane++)
        put(f, lane, "meet", 0);
    struct seen seen = {.fail_first = 0};
    struct workers *workers = start_with(
        &seen, (struct workers_options){
                   .store = f->store, .run = STR("run"), .threads = 4, .claim_max = 1});
    struct err err;
    assert_good(workers_wait_idle(workers, clock_now_ms() + 8000, NULL, &err), &err);
    workers_stop(workers);
    assert_int_equal(seen.runs, 4);
}

/* Another process makes the task: on a server it is heard, elsewhere found by asking. */
static void what_another_process_makes_is_picked_up_soon(void **state)
{
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    struct fixture other = *f;
    struct err err;
    struct seen seen = {.fail_first = 0};
    assert_good(store_open(&options, &other.store, &err), &err);
    struct workers *workers = start_with(
        &seen, (struct workers_options){.store = f->store, .threads = 2, .connections = 11});
    poll(NULL, 0, 300); /* it has begun to listen, and found nothing */
    int64_t worst_ms = 0;
    for (int i = 0; i < 5; i++) {
        poll(NULL, 0, 70); /* anywhere between two looks */
        int64_t from_ns = clock_monotonic_ns();
        put(&other, 1, "work", i);
        while (atomic_load(&seen.runs) <= i && clock_monotonic_ns() - from_ns < 3000000000)
            poll(NULL, 0, 1);
        worst_ms = max_i64(worst_ms, (clock_monotonic_ns() - from_ns) / 1000000);
    }
    print_message("picked up after %lld ms at most\n", (long long)worst_ms);
    assert_true(worst_ms < 1500); /* a busy machine; 500 by asking */
    assert_int_equal(seen.runs, 5);
    int64_t connections, processes;
    assert_good(
        workers_connections(f->store, STR("me"), clock_now_ms(), &connections, &processes, &err),
        &err);
    assert_int_equal(connections, 11);
    assert_int_equal(processes, 1);
    assert_good(
        workers_connections(f->store, STR("test"), clock_now_ms(), &connections, &processes, &err),
        &err);
    assert_int_equal(connections + processes, 0);
    workers_stop(workers);
    store_close(other.store);
}

#define READY(test) cmocka_unit_test_setup_teardown(test, scratch_ready, scratch_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        READY(every_task_runs_once_and_a_lane_never_twice_at_once),
        READY(tasks_that_are_over_ran_once_and_in_order),
        READY(a_stop_writes_down_what_is_over),
        READY(what_was_claimed_ahead_goes_back_when_tasks_are_long),
        READY(a_task_that_failed_runs_again),
        READY(a_refused_task_and_an_unknown_kind_stay_dead_for_a_person),
        READY(a_task_that_is_refused_at_every_try_ends),
        READY(a_task_that_runs_for_too_long_is_put_back_and_that_is_said),
        READY(a_task_that_is_stuck_again_and_again_dies),
        READY(claims_of_one_task_each_keep_all_threads_at_work),
        READY(what_another_process_makes_is_picked_up_soon),
        READY(a_stop_ends_the_wait_and_leaves_nothing_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Claims of several processes on one database. An index that Huiliu does not have is the witness: it refuses
 * a second running task of a lane, whatever the claims believe. */
#include <sys/wait.h>

#include "scratch_store.h"

enum { PROCESSES = 3, LANES = 6, TASKS_EACH = 40, CLAIMED_MAX = 3, TRIES_MAX = 20000 };

static enum err_class witness_make(struct tx *tx, void *context, struct err *err)
{
    (void)context;
    static const char sql[] = SQL_PER_DATABASE(
        "CREATE UNIQUE INDEX one_running ON task (lane) WHERE state = 'running'",
        "CREATE UNIQUE INDEX one_running ON task (lane) WHERE state = 'running'",
        "ALTER TABLE task ADD COLUMN running_lane bigint AS (CASE WHEN state = 'running' THEN lane END)"
        " PERSISTENT INVISIBLE UNIQUE");
    return tx_exec(tx, sql, NULL, 0, NULL, err);
}

static void tasks_put(struct fixture *f)
{
    struct err err;
    for (int64_t n = 0; n < LANES * TASKS_EACH; n++) {
        char key[32];
        snprintf(key, sizeof(key), "task %d", (int)n);
        struct task_new task = {.lane = n % LANES + 1,
                                .class_ = (enum task_class)(n / LANES % 3),
                                .kind = STR("k"),
                                .unique_key = str_of(key),
                                .payload = STR("{}"),
                                /* Who asks for a run sees another first task of the lane. */
                                .run = n / LANES % 2 ? STR("a") : STR(""),
                                .ready_ms = 1};
        assert_good(queue_enqueue(f->store, &task, 1, &err), &err);
    }
}

static enum err_class task_end_commit(struct store *store, const struct task *task, struct err *err)
{
    struct arena arena;
    struct step fence, finish;
    arena_init(&arena);
    enum err_class class_ = queue_step_fence(task, task->unit_number + 1, 1, &arena, &fence, err);
    if (!class_)
        class_ = queue_step_finish(task, 1, &arena, &finish, err);
    struct unit unit = {.before = &fence, .before_len = 1, .after = &finish, .after_len = 1};
    if (!class_)
        class_ = store_commit(store, &unit, err);
    arena_fini(&arena);
    return class_;
}

/* Takes and ends tasks until there is none. */
static enum err_class tasks_do(struct store *store, int number, struct err *err)
{
    struct str run = number % 2 ? STR("a") : STR("");
    enum err_class class_ = ERR_OK;
    int64_t left = 1;
    for (int tries = 0; !class_ && left > 0 && tries < TRIES_MAX; tries++) {
        struct arena arena;
        struct task *tasks = NULL;
        size_t tasks_len = 0;
        int64_t next_ms;
        struct queue_depth depth = {0};
        arena_init(&arena);
        class_ = queue_claim(store, &(struct queue_claimer){.worker = STR("same name"), .run = run},
                             1, CLAIMED_MAX, &arena, &tasks, &tasks_len, &next_ms, err);
        for (size_t i = 0; !class_ && i < tasks_len; i++)
            class_ = task_end_commit(store, &tasks[i], err);
        if (!class_)
            class_ = queue_depth_read(store, run, 1, &depth, err);
        left = depth.ready + depth.running;
        arena_fini(&arena);
    }
    return class_ || left == 0 ? class_ : err_set(err, ERR_INTERNAL, "left", "tasks are left");
}

static void process_main(const struct fixture *f, int number)
{
    struct err err;
    struct store *store;
    struct store_options options = fixture_options(f);
    enum err_class class_ = store_open(&options, &store, &err);
    if (!class_) {
        class_ = tasks_do(store, number, &err);
        store_close(store);
    }
    if (class_)
        fprintf(stderr, "process %d: %s %s\n", number, err.code, err.message);
    _exit(class_ ? 1 : 0);
}

static void no_lane_is_claimed_twice_by_several_processes(void **state)
{
#ifdef __SANITIZE_THREAD__
    skip(); /* it knows no threads behind a fork */
#endif
    struct fixture *f = *state;
    struct err err;
    pid_t children[PROCESSES];
    assert_good(store_write(f->store, witness_make, NULL, &err), &err);
    tasks_put(f);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            process_main(f, i);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct queue_depth depth;
    assert_good(queue_depth_read(f->store, STR(""), 1, &depth, &err), &err);
    assert_int_equal(depth.ready + depth.waiting + depth.running + depth.dead, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_lane_is_claimed_twice_by_several_processes,
                                        scratch_ready, scratch_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

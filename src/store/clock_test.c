/* The writer under the test clock: it takes part, and no commit waits for time to go by. */
#include "store/fixture.h"

enum { THREADS = 6, UNITS_EACH = 20 };

static char clock_path[64];

static void *lane_main(void *context)
{
    struct fixture *f = context;
    intptr_t failed = 0;
    clock_thread_enter();
    for (int i = 0; i < UNITS_EACH; i++) {
        struct step step = {.sql = "INSERT INTO setting (name, value)"
                                   " SELECT 'row ' || count(*), '' FROM setting",
                            .rows_expected = 1};
        struct unit unit = {.before = &step, .before_len = 1};
        failed += store_commit(f->store, &unit, NULL) != ERR_OK;
    }
    clock_thread_leave();
    return (void *)failed;
}

static void time_stands_still_while_lanes_commit(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    int64_t start_ms = clock_now_ms();
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, lane_main, f), 0);
    /* Nobody is busy now but the lanes and the writer: a wait with a deadline would move time. */
    clock_thread_leave();
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    clock_thread_enter();
    assert_int_equal(clock_now_ms(), start_ms);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting"), THREADS * UNITS_EACH);
}

static int clock_join(void **state)
{
    snprintf(clock_path, sizeof(clock_path), "/tmp/huiliu-store-clock-%d", (int)getpid());
    setenv("HUILIU_CLOCK", clock_path, 1);
    if (clock_setup("store-test", NULL))
        return -1;
    clock_thread_enter();
    return fixture_ready(state);
}

static int clock_part(void **state)
{
    int result = fixture_end(state);
    clock_thread_leave();
    clock_teardown();
    unlink(clock_path);
    return result;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(time_stands_still_while_lanes_commit, clock_join,
                                        clock_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coord/database_fixture.h"
#include "coord/sharing_fixture.h"

#include <cmocka.h>

enum { T0 = 1000000, HORIZON_MS = 200 };
static const struct budget_comer FIRST = {.rank = 0};
static struct database_home home;

static struct budget_ask ask_of(struct str key, int64_t calls, int64_t per_ms, int64_t burst)
{
    return (struct budget_ask){key, {BUDGET_BUCKET, calls, per_ms, burst}, 1000};
}

static struct coord *database_open(bool anew)
{
    return anew ? database_coord_anew(&home) : database_coord(&home, true);
}

static void rows_forget(void)
{
    database_do(&home, "DELETE FROM budget_bucket");
    database_do(&home, "DELETE FROM coord_lock");
}

static void fail_order(const char *order)
{
    if (order)
        setenv("HUILIU_FAIL", order, 1);
    else
        unsetenv("HUILIU_FAIL");
    assert_int_equal(fail_setup(NULL), ERR_OK);
}

static void decisions_equal_those_of_one_process(void **state)
{
    (void)state;
    sharing_decides_as_one_process(database_open, 10);
}

static void two_processes_share_one_bucket(void **state)
{
    (void)state;
    sharing_has_one_bucket(database_open);
}

static void a_lock_is_one_process_s(void **state)
{
    (void)state;
    sharing_has_one_lock(database_open, rows_forget);
}

/* --- at one moment --- */

enum { PROCESSES = 3, THREADS = 4, TAKES = 100 };

static void *taker_run(void *context)
{
    /* Each has a bucket of his own beside the one of all, and names them in another order. */
    struct coord *coord = context;
    char own[32];
    struct budget_ask asks[2];
    int64_t start_ms;
    snprintf(own, sizeof(own), "own/%lx", (unsigned long)pthread_self());
    for (int i = 0; i < TAKES; i++) {
        asks[i % 2] = ask_of(STR("m/all"), 1000000, 1000, 1000000);
        asks[1 - i % 2] = ask_of(str_of(own), 1000000, 1000, 1000000);
        struct err err;
        if (budget_take(coord, asks, 2, FIRST, T0 + 2000, HORIZON_MS, &start_ms, &err) != ERR_OK)
            return strdup(err.message);
        budget_refused(coord, str_of(own), T0, T0);
        budget_succeeded(coord, STR("m/all"));
    }
    return NULL;
}

static struct budget_state state_of(struct coord *coord, struct str key, int64_t now_ms)
{
    struct budget_state states[32], found = {0};
    struct arena arena;
    arena_init(&arena);
    size_t len = budget_list(coord, now_ms, &arena, states, 32);
    for (size_t i = 0; i < len && i < 32; i++)
        if (str_eq(states[i].key, key))
            found = states[i];
    arena_fini(&arena);
    return found;
}

static void no_call_of_many_threads_and_processes_is_lost(void **state)
{
    (void)state;
    struct coord *coords[PROCESSES];
    pthread_t threads[PROCESSES * THREADS];
    const struct budget_ask all = ask_of(STR("m/all"), 1000000, 1000, 1000000);
    int64_t start_ms;
    rows_forget();
    for (int i = 0; i < PROCESSES; i++)
        coords[i] = database_coord(&home, true);
    budget_take(coords[0], &all, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL);
    for (int i = 0; i < PROCESSES * THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, taker_run, coords[i % PROCESSES]), 0);
    for (int i = 0; i < PROCESSES * THREADS; i++) {
        void *trouble;
        pthread_join(threads[i], &trouble);
        if (trouble)
            fail_msg("%s", (char *)trouble);
    }
    assert_int_equal(state_of(coords[0], STR("m/all"), T0 + 9000).taken,
                     1 + PROCESSES * THREADS * TAKES);
    for (int i = 0; i < PROCESSES; i++)
        coord_close(coords[i]);
}

/* --- rows --- */

static void a_row_that_is_gone_or_spoilt_starts_empty(void **state)
{
    (void)state;
    struct coord *coord = database_coord_anew(&home);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    static const char *const acts[] = {
        "DELETE FROM budget_bucket", "UPDATE budget_bucket SET state = 'by hand'",
        "UPDATE budget_bucket SET state = ''",
        "UPDATE budget_bucket SET state = '1 0 10 1000 10 9999 0 1000000 0 0 0 0 0'"};
    int64_t start_ms, now_ms = T0;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        assert_int_equal(budget_take(coord, &ask, 1, FIRST, now_ms, HORIZON_MS, &start_ms, NULL),
                         ERR_OK);
        database_do(&home, acts[i]);
        now_ms += 100000; /* full by now, had nothing been forgotten */
        assert_int_equal(budget_take(coord, &ask, 1, FIRST, now_ms, HORIZON_MS, &start_ms, NULL),
                         ERR_OK);
        assert_int_equal(start_ms, now_ms + 104);
        now_ms += 100000;
    }
    coord_close(coord);
}

/* Nobody is asked while a budget has all of its rate, and everybody is heard as soon as it has not. */
static void a_success_costs_nothing_where_nothing_is_to_be_learned(void **state)
{
    (void)state;
    struct coord *one = database_coord_anew(&home), *other = database_coord(&home, true);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    int64_t start_ms;
    budget_take(one, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL);
    database_do(&home, "UPDATE budget_bucket SET taken = 77");
    fail_order("store.side.held=error@1+");
    budget_succeeded(one, ask.key); /* would fail */
    fail_order(NULL);
    budget_refused(other, ask.key, T0 + 10, T0 + 20);
    assert_int_equal(state_of(one, ask.key, T0 + 30).rate_milli_per_s, 4850);
    budget_take(one, &ask, 1, FIRST, T0 + 300, HORIZON_MS, &start_ms, NULL);
    budget_succeeded(one, ask.key);
    assert_int_equal(state_of(other, ask.key, T0 + 300).rate_milli_per_s, 9700 * 51 / 100);
    assert_int_equal(state_of(other, ask.key, T0 + 300).taken, 78);
    coord_close(one);
    coord_close(other);
}

static void what_nobody_asked_for_in_a_year_is_forgotten(void **state)
{
    (void)state;
    struct coord *coord = database_coord_anew(&home);
    const struct budget_ask old = ask_of(STR("old"), 10, 1000, 10),
                            new = ask_of(STR("new"), 10, 1000, 10);
    int64_t start_ms;
    uint64_t fence;
    budget_take(coord, &old, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL);
    budget_take(coord, &new, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL);
    lock_take(coord, STR("old"), STR("a"), T0, 1000, &fence, NULL);
    coord_close(coord);
    coord = database_coord(&home, false);
    lock_take(coord, STR("new"), STR("a"), T0, 1000, &fence, NULL);
    coord_close(coord);
    database_do(&home,
                "UPDATE budget_bucket SET used_ms = used_ms - 31708800000 WHERE name = 'old'");
    coord_close(database_coord(&home, false));
    assert_int_equal(database_read_int(&home, "SELECT count(*) FROM budget_bucket"), 1);
    assert_int_equal(database_read_int(&home, "SELECT count(*) FROM coord_lock"), 1);
}

/* --- time --- */

static void by_the_server_s_clock_starts_are_ours(void **state)
{
    (void)state;
    rows_forget();
    struct coord *coord = database_coord(&home, false);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    struct budget_state seen;
    struct err err;
    uint64_t fence;
    int64_t start_ms, now_ms = 5000; /* a clock that is off by fifty years */
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, now_ms, HORIZON_MS, &start_ms, NULL),
                     ERR_OK);
    assert_in_range(start_ms, now_ms + 104, now_ms + 104 + COORD_QUESTION_MAX_MS);
    assert_int_equal(lock_take(coord, STR("n"), STR("a"), now_ms, 60000, &fence, NULL), ERR_OK);
    assert_int_equal(lock_take(coord, STR("n"), STR("b"), now_ms, 1000, &fence, &err), ERR_LATER);
    assert_in_range(err.retry_at_ms, now_ms + 50000, now_ms + 60000);
    budget_refused(coord, STR("p"), now_ms, now_ms + 70000);
    seen = state_of(coord, STR("p"), now_ms);
    assert_in_range(seen.blocked_until_ms, now_ms + 60000, now_ms + 70000);
    coord_close(coord);
}

/* --- bad days --- */

/* The answer to a COMMIT is lost: what was done is not known, and asked for again. */
static void an_unknown_commit_is_not_done_twice(void **state)
{
    (void)state;
    struct coord *coord = database_coord_anew(&home);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    uint64_t fence, again;
    int64_t start_ms;
    fail_order("store.side.committed=error");
    assert_int_equal(lock_take(coord, STR("n"), STR("a"), T0, 1000, &fence, NULL), ERR_OK);
    fail_order("store.side.committed=error");
    assert_int_equal(lock_take(coord, STR("n"), STR("a"), T0, 1000, &again, NULL), ERR_OK);
    assert_int_equal(fence, again);
    assert_int_equal(database_read_int(&home, "SELECT entered FROM coord_lock"), 2);
    fail_order("store.side.committed=error");
    lock_release(coord, STR("n"), STR("a"));
    fail_order(NULL);
    assert_int_equal(database_read_int(&home, "SELECT entered FROM coord_lock"), 1);
    /* Of calls rather one is lost than one given that was not. */
    fail_order("store.side.committed=error");
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL),
                     ERR_LATER);
    fail_order(NULL);
    assert_int_equal(state_of(coord, ask.key, T0).taken, 1);
    coord_close(coord);
}

static void without_the_database_nobody_calls(void **state)
{
    (void)state;
    struct coord *coord = database_coord_anew(&home);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    struct err err;
    uint64_t fence;
    int64_t start_ms;
    fail_order("store.query=error@1+");
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, &err),
                     ERR_LATER);
    assert_string_equal(err.code, "coord_down");
    assert_in_range(start_ms, T0 + 500, T0 + 2000);
    assert_int_equal(err.retry_at_ms, start_ms);
    assert_int_equal(lock_take(coord, STR("n"), STR("a"), T0, 1000, &fence, &err), ERR_LATER);
    assert_string_equal(err.code, "coord_down");
    assert_true(coord_is_degraded(coord, T0));
    fail_order(NULL);
    assert_false(coord_is_degraded(coord, T0));
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0 + 2000, HORIZON_MS, &start_ms, &err),
                     ERR_OK);
    coord_close(coord);
}

/* --- on a server: connections that are cut, processes that stop --- */

#define SERVER_ONLY()                                                                              \
    do {                                                                                           \
        if (!database_is_server())                                                                 \
            skip();                                                                                \
    } while (0)

static void a_cut_connection_costs_nothing(void **state)
{
    (void)state;
    SERVER_ONLY();
    struct coord *coord = database_coord_anew(&home);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    static const char cut[] = SQL_PER_DATABASE(
        "",
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> "
        "pg_backend_pid() AND backend_type = 'client backend'",
        "BEGIN NOT ATOMIC FOR other IN (SELECT id FROM information_schema.processlist WHERE id <>"
        " connection_id() AND user = 'huiliu') DO KILL CONNECTION other.id; END FOR; END");
    uint64_t fence;
    int64_t start_ms;
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL), ERR_OK);
    database_do(&home, cut);
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0 + 5000, HORIZON_MS, &start_ms, NULL),
                     ERR_OK);
    assert_int_equal(start_ms, T0 + 5000);
    database_do(&home, cut);
    assert_int_equal(lock_take(coord, STR("n"), STR("a"), T0, 1000, &fence, NULL), ERR_OK);
    coord_close(coord);
}

struct holder {
    atomic_bool holds, go;
    enum err_class result;
};

static enum err_class row_hold(struct tx *tx, void *context, struct err *err)
{
    struct holder *holder = context;
    enum err_class class_ = tx_query(tx, "SELECT 1 FROM budget_bucket WHERE name = 'p' FOR UPDATE",
                                     NULL, 0, NULL, NULL, err);
    holder->holds = true;
    while (class_ == ERR_OK && !holder->go)
        usleep(1000);
    return class_;
}

static void *holder_run(void *context)
{
    struct holder *holder = context;
    struct store_side *side;
    struct err err = {0};
    if (store_side_open(home.store, &side, &err) == ERR_OK) {
        holder->result = store_side_write(side, row_hold, holder, &err);
        store_side_close(side);
    }
    return NULL;
}

/* As SIGSTOP in the middle of a transaction: the server lets go of its rows. */
static void who_stops_with_a_row_keeps_it_for_seconds_only(void **state)
{
    (void)state;
    SERVER_ONLY();
    struct coord *coord = database_coord_anew(&home);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10),
                            other = ask_of(STR("q"), 10, 1000, 10);
    struct holder holder = {.holds = false};
    struct err err = {0};
    pthread_t thread;
    int64_t start_ms;
    budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL);
    assert_int_equal(pthread_create(&thread, NULL, holder_run, &holder), 0);
    while (!holder.holds)
        usleep(1000);
    int64_t began_ns = clock_monotonic_ns();
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0 + 1000, HORIZON_MS, &start_ms, &err),
                     ERR_LATER);
    assert_string_equal(err.code, "coord_down");
    assert_int_equal(budget_take(coord, &other, 1, FIRST, T0 + 1000, HORIZON_MS, &start_ms, &err),
                     ERR_OK);
    enum err_class class_ = ERR_LATER;
    while (class_ == ERR_LATER && clock_monotonic_ns() - began_ns < INT64_C(10000000000))
        class_ = budget_take(coord, &ask, 1, FIRST, T0 + 3000, HORIZON_MS, &start_ms, &err);
    int64_t took_ms = (clock_monotonic_ns() - began_ns) / 1000000;
    holder.go = true;
    pthread_join(thread, NULL);
    assert_int_equal(class_, ERR_OK);
    assert_in_range(took_ms, 700, 4000);
    coord_close(coord);
}

static void buckets_are_not_logged_and_locks_are(void **state)
{
    (void)state;
    SERVER_ONLY();
    if (strncmp(home.url, "postgres", 8) != 0)
        skip(); /* only PostgreSQL has such tables */
    assert_int_equal(database_read_int(&home, "SELECT count(*) FROM pg_class WHERE relname = "
                                              "'budget_bucket' AND relpersistence = 'u' AND "
                                              "relnamespace = current_schema::regnamespace"),
                     1);
    assert_int_equal(database_read_int(&home, "SELECT count(*) FROM pg_class WHERE relname = "
                                              "'coord_lock' AND relpersistence = 'p' AND "
                                              "relnamespace = current_schema::regnamespace"),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_equal_those_of_one_process),
        cmocka_unit_test(two_processes_share_one_bucket),
        cmocka_unit_test(a_lock_is_one_process_s),
        cmocka_unit_test(no_call_of_many_threads_and_processes_is_lost),
        cmocka_unit_test(a_row_that_is_gone_or_spoilt_starts_empty),
        cmocka_unit_test(a_success_costs_nothing_where_nothing_is_to_be_learned),
        cmocka_unit_test(what_nobody_asked_for_in_a_year_is_forgotten),
        cmocka_unit_test(by_the_server_s_clock_starts_are_ours),
        cmocka_unit_test(an_unknown_commit_is_not_done_twice),
        cmocka_unit_test(without_the_database_nobody_calls),
        cmocka_unit_test(a_cut_connection_costs_nothing),
        cmocka_unit_test(who_stops_with_a_row_keeps_it_for_seconds_only),
        cmocka_unit_test(buckets_are_not_logged_and_locks_are),
    };
    database_start(&home);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    database_stop(&home);
    return failed;
}

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coord/coord.h"
#include "coord/redis_fixture.h"
#include "coord/redis_mode.h"
#include "coord/sharing_fixture.h"

#include <cmocka.h>

enum { T0 = 1000000, HORIZON_MS = 200 };
static const struct budget_comer FIRST = {.rank = 0};
static struct redis_server server;

static struct coord *redis_open(bool handed_in)
{
    struct coord *coord = NULL;
    const struct coord_redis_options options = {.url = str_of(server.url),
                                                .prefix = STR("test"),
                                                .seed = (uint64_t)clock_monotonic_ns(),
                                                .clock_is_handed_in = handed_in};
    struct err err = {0};
    if (coord_open_redis(&options, &coord, &err) != ERR_OK)
        fail_msg("%s: %s", err.code, err.message);
    return coord;
}

static void server_flush(void)
{
    char answer[16];
    redis_server_ask(&server, "FLUSHALL", answer, sizeof(answer));
}

static int server_ready(void **state)
{
    (void)state;
    if (server.pid == 0 && !redis_server_start(&server))
        return -1;
    server_flush();
    return 0;
}

static struct budget_ask ask_of(struct str key, int64_t calls, int64_t per_ms, int64_t burst)
{
    return (struct budget_ask){key, {BUDGET_BUCKET, calls, per_ms, burst}, 1000};
}

/* --- what holds for all that share --- */

static struct coord *redis_open_anew(bool anew)
{
    if (anew)
        server_flush();
    return redis_open(true);
}

static void decisions_equal_those_of_one_process(void **state)
{
    (void)state;
    sharing_decides_as_one_process(redis_open_anew, 30);
}

static void two_processes_share_one_bucket(void **state)
{
    (void)state;
    sharing_has_one_bucket(redis_open_anew);
}

static void a_lock_is_one_process_s(void **state)
{
    (void)state;
    sharing_has_one_lock(redis_open_anew, server_flush);
}

/* --- the server's clock --- */

static void by_the_server_s_clock_starts_are_ours(void **state)
{
    (void)state;
    struct coord *coord = redis_open(false);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    int64_t start_ms, now_ms = 5000; /* a clock that is off by fifty years */
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, now_ms, HORIZON_MS, &start_ms, NULL),
                     ERR_OK);
    assert_in_range(start_ms, now_ms + 104, now_ms + 104 + COORD_QUESTION_MAX_MS);
    budget_refused(coord, STR("p"), now_ms, now_ms + 70000);
    struct budget_state seen;
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(budget_list(coord, now_ms, &arena, &seen, 1), 1);
    assert_in_range(seen.blocked_until_ms, now_ms + 60000, now_ms + 70000);
    arena_fini(&arena);
    coord_close(coord);
}

/* --- bad days --- */

static void a_flushed_server_starts_empty(void **state)
{
    (void)state;
    struct coord *coord = redis_open(true);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    int64_t start_ms;
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL), ERR_OK);
    char answer[64];
    redis_server_ask(&server, "SCRIPT FLUSH", answer, sizeof(answer));
    server_flush();
    /* Full by now, had nothing been forgotten. */
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0 + 100000, HORIZON_MS, &start_ms, NULL),
                     ERR_OK);
    assert_int_equal(start_ms, T0 + 100000 + 104);
    assert_false(coord_is_degraded(coord, T0 + 100000));
    coord_close(coord);
}

/* A cut connection is made again in passing; a server that was restarted has old buckets, if any. */
static void a_cut_connection_costs_nothing(void **state)
{
    (void)state;
    struct coord *coord = redis_open(true);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    int64_t start_ms;
    char answer[64];
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL), ERR_OK);
    redis_server_ask(&server, "CLIENT KILL TYPE normal SKIPME yes", answer, sizeof(answer));
    assert_string_equal(answer, "1");
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0 + 5000, HORIZON_MS, &start_ms, NULL),
                     ERR_OK);
    assert_int_equal(start_ms, T0 + 5000);
    redis_server_ask(&server, "CLIENT KILL TYPE normal SKIPME yes", answer, sizeof(answer));
    uint64_t fence;
    assert_int_equal(lock_take(coord, STR("n"), STR("a"), T0, 1000, &fence, NULL), ERR_OK);
    coord_close(coord);
}

static int64_t calls_between(struct coord *coord, const struct budget_ask *ask, int64_t from_ms,
                             int64_t to_ms)
{
    struct budget_comer comer = {.rank = 0};
    int64_t calls = 0, start_ms;
    for (int64_t now_ms = from_ms; now_ms < to_ms;) {
        enum err_class class_ = budget_take(coord, ask, 1, comer, now_ms, HORIZON_MS, &start_ms,
                                            NULL);
        comer.waited = class_ == ERR_LATER;
        calls += class_ == ERR_OK && start_ms < to_ms;
        assert_true(class_ == ERR_OK || start_ms > now_ms);
        now_ms = start_ms + (class_ == ERR_OK);
    }
    return calls;
}

static void without_the_server_a_worker_has_its_share(void **state)
{
    (void)state;
    struct coord *coord = redis_open(true);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    struct err err = {0};
    int64_t start_ms;
    assert_in_range(calls_between(coord, &ask, T0, T0 + 10000), 95, 98);
    coord_workers_set(coord, 4, 0);
    redis_server_kill(&server);
    int64_t lost_ms = T0 + 20000;
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, lost_ms, HORIZON_MS, &start_ms, &err),
                     ERR_LATER);
    assert_string_equal(err.code, "coord_down");
    assert_true(coord_is_degraded(coord, lost_ms));
    assert_int_equal(calls_between(coord, &ask, lost_ms, lost_ms + COORD_HEARTBEAT_MS - 1), 0);
    uint64_t fence;
    assert_int_equal(lock_take(coord, STR("n"), STR("a"), lost_ms, 1000, &fence, &err), ERR_LATER);
    assert_string_equal(err.code, "coord_down");
    /* 9.7 / 4 a second, from an empty bucket. */
    int64_t apart_ms = lost_ms + COORD_HEARTBEAT_MS;
    assert_in_range(calls_between(coord, &ask, apart_ms, apart_ms + 40000), 95, 98);

    assert_true(redis_server_start(&server));
    int64_t back_ms = apart_ms + 50000;
    assert_false(coord_is_degraded(coord, back_ms));
    assert_int_equal(calls_between(coord, &ask, back_ms, back_ms + COORD_HEARTBEAT_MS), 0);
    int64_t shared_ms = back_ms + COORD_HEARTBEAT_MS + RETURN_JITTER_MS + 1;
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, shared_ms, HORIZON_MS, &start_ms, &err),
                     ERR_OK);
    assert_int_equal(start_ms, shared_ms + 104); /* empty */
    coord_close(coord);
}

static void who_hears_that_another_lost_it_does_the_same(void **state)
{
    (void)state;
    struct coord *coord = redis_open(true);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    calls_between(coord, &ask, T0, T0 + 5000);
    coord_workers_set(coord, 2, 1);
    assert_int_equal(calls_between(coord, &ask, T0 + 5000, T0 + 5000 + COORD_HEARTBEAT_MS), 0);
    assert_false(coord_is_degraded(coord, T0 + 8000)); /* that is the other's mark */
    assert_in_range(calls_between(coord, &ask, T0 + 8000, T0 + 28000), 94, 98);
    coord_workers_set(coord, 2, 0);
    assert_int_equal(calls_between(coord, &ask, T0 + 30000, T0 + 30000 + COORD_HEARTBEAT_MS), 0);
    assert_in_range(calls_between(coord, &ask, T0 + 33000, T0 + 43000), 90, 98);
    coord_close(coord);
}

/* The buckets that a server kept while we called without it count for nothing. */
static void tokens_saved_up_meanwhile_are_not_used(void **state)
{
    (void)state;
    struct coord *coord = redis_open(true);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    int64_t start_ms;
    calls_between(coord, &ask, T0, T0 + 1000);
    coord_workers_set(coord, 2, 1);
    calls_between(coord, &ask, T0 + 1000, T0 + 9000);
    coord_workers_set(coord, 2, 0);
    int64_t now_ms = T0 + 9000;
    while (budget_take(coord, &ask, 1, FIRST, now_ms, HORIZON_MS, &start_ms, NULL) == ERR_LATER)
        now_ms = start_ms;
    assert_in_range(start_ms, now_ms + 100, now_ms + 104);
    coord_close(coord);
}

static void a_server_that_hangs_holds_nobody(void **state)
{
    (void)state;
    struct coord *coord = redis_open(true);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    int64_t start_ms;
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL), ERR_OK);
    kill(server.pid, SIGSTOP);
    int64_t asked_ns = clock_monotonic_ns();
    enum err_class class_ = budget_take(coord, &ask, 1, FIRST, T0 + 1000, HORIZON_MS, &start_ms,
                                        NULL);
    int64_t took_ms = (clock_monotonic_ns() - asked_ns) / 1000000;
    kill(server.pid, SIGCONT);
    assert_int_equal(class_, ERR_LATER);
    assert_true(took_ms < COORD_QUESTION_MAX_MS);
    coord_close(coord);
}

static void a_server_that_was_never_there_lets_nobody_call(void **state)
{
    (void)state;
    redis_server_kill(&server);
    struct coord *coord = redis_open(true);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    assert_true(coord_is_degraded(coord, T0));
    assert_int_equal(calls_between(coord, &ask, T0, T0 + 30000), 0);
    /* Until it is told how many share. */
    coord_workers_set(coord, 1, 0);
    assert_in_range(calls_between(coord, &ask, T0 + 30000, T0 + 40000), 90, 98);
    coord_close(coord);
}

static void what_the_server_refuses_is_said(void **state)
{
    (void)state;
    struct coord *coord = NULL;
    struct err err = {0};
    char url[128];
    snprintf(url, sizeof(url), "redis://:wrong@127.0.0.1:%d", server.port);
    struct coord_redis_options options = {.url = str_of(url), .prefix = STR("test")};
    assert_int_equal(coord_open_redis(&options, &coord, &err), ERR_CONFIG);
    assert_string_equal(err.code, "coord_refused");
    assert_null(strstr(err.message, "wrong@"));
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    assert_int_equal(coord_open_redis(&options, &coord, &err), ERR_CONFIG);
    assert_non_null(strstr(err.message, "NOAUTH"));
}

static void urls_are_checked(void **state)
{
    (void)state;
    static const char *const good[] = {"redis://h", "redis://h:1/15", "redis://:p%40@h/0",
                                       "redis://u:p@[::1]:7000/2?prefix=a.b-c_1"};
    static const char *const bad[] = {
        "redis:h",           "redis://",       "redis://h:x",
        "redis://h/x",       "redis://p@h",    "redis://:%zz@h",
        "redis://h?prefix=", "redis://h?db=1", "redis://h?prefix=a:b"};
    struct err err;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (coord_url_check(str_of(good[i]), &err) != ERR_OK)
            fail_msg("%s: %s", good[i], err.message);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (coord_url_check(str_of(bad[i]), &err) != ERR_CONFIG)
            fail_msg("%s is taken", bad[i]);
        assert_string_equal(err.code, "coord_url");
    }
    assert_int_equal(coord_url_check(STR("rediss://h"), &err), ERR_CONFIG);
    assert_string_equal(err.code, "coord_tls");
}

static void keys_expire(void **state)
{
    (void)state;
    struct coord *coord = redis_open(true);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    int64_t start_ms;
    uint64_t fence;
    budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL);
    lock_take(coord, STR("n"), STR("a"), T0, 1000, &fence, NULL);
    static const char *const keys[] = {"budget:p", "budgets", "workers", "restart",
                                       "run",      "lock:n",  "fence"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char command[64], answer[32];
        snprintf(command, sizeof(command), "TTL huiliu:test:%s", keys[i]);
        redis_server_ask(&server, command, answer, sizeof(answer));
        if (atoi(answer) <= 0)
            fail_msg("%s: %s", command, answer);
    }
    coord_close(coord);
}

int main(void)
{
    if (!redis_server_start(&server)) {
        printf("skip redis: there is no redis-server here\n");
        return 0;
    }
#define TEST(name) cmocka_unit_test_setup(name, server_ready)
    const struct CMUnitTest tests[] = {
        TEST(decisions_equal_those_of_one_process),
        TEST(two_processes_share_one_bucket),
        TEST(a_lock_is_one_process_s),
        TEST(by_the_server_s_clock_starts_are_ours),
        TEST(a_flushed_server_starts_empty),
        TEST(a_cut_connection_costs_nothing),
        TEST(without_the_server_a_worker_has_its_share),
        TEST(who_hears_that_another_lost_it_does_the_same),
        TEST(tokens_saved_up_meanwhile_are_not_used),
        TEST(a_server_that_hangs_holds_nobody),
        TEST(a_server_that_was_never_there_lets_nobody_call),
        TEST(what_the_server_refuses_is_said),
        TEST(urls_are_checked),
        TEST(keys_expire),
    };
    int failed = cmocka_run_group_tests_name("redis", tests, NULL, NULL);
    redis_server_stop(&server);
    return failed;
}

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

#include <cmocka.h>

enum { T0 = 1000000, HORIZON_MS = 200, KEYS = 4 };
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

/* --- the same decisions as local.c --- */

static uint64_t seed_of_run(void)
{
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)clock_monotonic_ns();
    printf("SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static struct budget_limit limit_random(struct rng *rng)
{
    static const int64_t pers_ms[] = {7, 1000, 60000, 86400000, 31LL * 86400 * 1000};
    static const int64_t calls[] = {1, 3, 97, 5000, 1000000};
    return (struct budget_limit){rng_below(rng, 2) ? BUDGET_WINDOW : BUDGET_BUCKET,
                                 calls[rng_below(rng, 5)], pers_ms[rng_below(rng, 5)],
                                 1 + (int64_t)rng_below(rng, rng_below(rng, 2) ? 20 : 100000)};
}

static void list_equal(struct coord *a, struct coord *b, int64_t now_ms)
{
    struct budget_state of_a[KEYS], of_b[KEYS];
    struct arena arena;
    arena_init(&arena);
    size_t len = budget_list(a, now_ms, &arena, of_a, KEYS);
    assert_int_equal(budget_list(b, now_ms, &arena, of_b, KEYS), len);
    for (size_t i = 0; i < len; i++) {
        assert_true(str_eq(of_a[i].key, of_b[i].key));
        assert_int_equal(of_a[i].tokens_milli, of_b[i].tokens_milli);
        assert_int_equal(of_a[i].rate_milli_per_s, of_b[i].rate_milli_per_s);
        assert_int_equal(of_a[i].blocked_until_ms, of_b[i].blocked_until_ms);
        assert_int_equal(of_a[i].taken, of_b[i].taken);
        assert_int_equal(of_a[i].refused, of_b[i].refused);
        assert_int_equal(of_a[i].limit.per_ms, of_b[i].limit.per_ms);
    }
    arena_fini(&arena);
}

static void takes_equal(struct coord *a, struct coord *b, const struct budget_ask *asks,
                        struct rng *rng, int64_t now_ms, const char *what)
{
    struct budget_ask chosen[KEYS];
    size_t len = 0;
    for (size_t i = 0; i < KEYS; i++) {
        chosen[len] = asks[i];
        chosen[len].cost_milli = rng_below(rng, 8) ? 1000 : 1 + (int64_t)rng_below(rng, 9000);
        len += rng_below(rng, 2);
    }
    chosen[len > 0 ? len - 1 : 0].key = len > 0 ? chosen[len - 1].key : asks[0].key;
    len = len > 0 ? len : 1;
    struct budget_comer comer = {.rank = (unsigned)rng_below(rng, BUDGET_RANKS),
                                 .waited = rng_below(rng, 2),
                                 .outside = rng_below(rng, 4) == 0};
    int64_t horizon_ms = rng_below(rng, 4) ? HORIZON_MS : (int64_t)rng_below(rng, 100000);
    int64_t at_a = -1, at_b = -2;
    struct err err_a = {0}, err_b = {0};
    enum err_class a_class = budget_take(a, chosen, len, comer, now_ms, horizon_ms, &at_a, &err_a);
    enum err_class b_class = budget_take(b, chosen, len, comer, now_ms, horizon_ms, &at_b, &err_b);
    if (a_class != b_class || at_a != at_b || strcmp(err_a.message, err_b.message) != 0 ||
        err_a.retry_at_ms != err_b.retry_at_ms)
        fail_msg("%s: local %s at %lld (%s), redis %s at %lld (%s)", what, err_class_name(a_class),
                 (long long)at_a, err_a.message, err_class_name(b_class), (long long)at_b,
                 err_b.message);
}

static void decisions_equal_those_of_one_process(void **state)
{
    (void)state;
    static const struct str keys[KEYS] = {{"p", 1}, {"p/app:1/a", 9}, {"p/shop:2/b", 10}, {"q", 1}};
    struct rng rng;
    rng_seed(&rng, seed_of_run());
    int64_t steps = 0;
    for (int round = 0; round < 30; round++) {
        struct coord *local, *redis;
        struct budget_ask asks[KEYS];
        int64_t now_ms = INT64_C(1764000000000) + (int64_t)rng_below(&rng, 1000000);
        server_flush();
        redis = redis_open(true);
        assert_int_equal(coord_open_local(&local, NULL), ERR_OK);
        for (size_t i = 0; i < KEYS; i++)
            asks[i] = (struct budget_ask){keys[i], limit_random(&rng), 1000};
        for (int i = 0; i < 400; i++, steps++) {
            char what[64];
            now_ms += i == 50 ? 1000000 : 0; /* room to go back in */
            snprintf(what, sizeof(what), "round %d, step %d", round, i);
            size_t key = rng_below(&rng, KEYS);
            switch (rng_below(&rng, 20)) {
            case 0: {
                int64_t retry_at_ms = now_ms + (int64_t)rng_below(&rng, 5000);
                budget_refused(local, keys[key], now_ms, retry_at_ms);
                budget_refused(redis, keys[key], now_ms, retry_at_ms);
                break;
            }
            case 1:
            case 2:
                budget_succeeded(local, keys[key]);
                budget_succeeded(redis, keys[key]);
                break;
            case 3:
                list_equal(local, redis, now_ms);
                break;
            case 4:
                if (rng_below(&rng, 10) == 0)
                    asks[key].limit = limit_random(&rng);
                break;
            case 5: /* clocks jump, too: but not to before we began, which only restarts know of */
                now_ms += rng_below(&rng, 2) ? (int64_t)rng_below(&rng, 100000000)
                                             : -(int64_t)rng_below(&rng, i > 50 ? 3000 : 1);
                break;
            default:
                takes_equal(local, redis, asks, &rng, now_ms, what);
                now_ms += rng_below(&rng, 3) ? (int64_t)rng_below(&rng, 40) : 0;
            }
        }
        list_equal(local, redis, now_ms);
        coord_close(redis);
        coord_close(local);
    }
    printf("# %lld steps\n", (long long)steps);
}

/* --- several processes --- */

static void two_processes_share_one_bucket(void **state)
{
    (void)state;
    struct coord *one = redis_open(true), *other = redis_open(true);
    const struct budget_ask ask = ask_of(STR("p"), 10, 1000, 10);
    int64_t start_ms, calls = 0, last_ms = 0;
    struct budget_comer comers[2] = {{.rank = 0}, {.rank = 0}};
    int64_t next_ms[2] = {T0, T0};
    for (;;) {
        int who = next_ms[1] < next_ms[0];
        if (next_ms[who] >= T0 + 60000)
            break;
        enum err_class class_ = budget_take(who ? other : one, &ask, 1, comers[who], next_ms[who],
                                            HORIZON_MS, &start_ms, NULL);
        comers[who].waited = class_ == ERR_LATER;
        calls += class_ == ERR_OK;
        if (class_ == ERR_OK)
            assert_true(start_ms >= last_ms);
        next_ms[who] = start_ms + (class_ == ERR_OK);
    }
    assert_in_range(calls, 575, 586); /* 97 % of 600 and a turn or two that is reserved */
    coord_close(one);
    coord_close(other);
}

static void a_lock_is_one_process_s(void **state)
{
    (void)state;
    struct coord *one = redis_open(true), *other = redis_open(true);
    uint64_t fence, later;
    struct err err;
    assert_int_equal(lock_take(one, STR("n"), STR("a"), T0, 1000, &fence, &err), ERR_OK);
    assert_int_equal(lock_take(other, STR("n"), STR("b"), T0, 1000, &later, &err), ERR_LATER);
    assert_string_equal(err.code, "lock_held");
    lock_release(other, STR("n"), STR("b"));
    assert_int_equal(lock_renew(one, STR("n"), STR("a"), T0 + 10, 1000, &err), ERR_OK);
    server_flush();
    assert_int_equal(lock_renew(one, STR("n"), STR("a"), T0 + 20, 1000, &err), ERR_CONFLICT);
    assert_int_equal(lock_take(other, STR("n"), STR("b"), T0 + 20, 1000, &later, &err), ERR_OK);
    assert_true(later > fence); /* also when the server forgot the one before */
    coord_close(one);
    coord_close(other);
}

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

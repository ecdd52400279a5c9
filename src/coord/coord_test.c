#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coord/coord.h"
#include "coord/database_fixture.h"
#include "coord/redis_fixture.h"

#include <cmocka.h>

enum { T0 = 1000000, HORIZON_MS = 200 };
static const struct budget_comer FIRST = {.rank = 0};

/* --- the contract of coord.h holds for every coordinator --- */

static struct redis_server server;
static struct database_home home;

static struct coord *open_local(void)
{
    struct coord *coord = NULL;
    return coord_open_local(&coord, NULL) == ERR_OK ? coord : NULL;
}

static struct coord *open_redis(void)
{
    struct coord *coord = NULL;
    const struct coord_redis_options options = {
        .url = str_of(server.url), .prefix = STR("test"), .seed = 1, .clock_is_handed_in = true};
    char answer[16];
    redis_server_ask(&server, "FLUSHALL", answer, sizeof(answer));
    return coord_open_redis(&options, &coord, NULL) == ERR_OK ? coord : NULL;
}

static struct coord *open_database(void)
{
    return database_coord_anew(&home);
}

struct opener {
    const char *name;
    struct coord *(*open)(void);
    int rounds_in; /* one round in so many is played: a question to a server takes longer */
};
static const struct opener openers[] = {
    {"local", open_local, 1}, {"redis", open_redis, 10}, {"database", open_database, 20}};
static const struct opener *opener;

static int coord_setup(void **state)
{
    *state = opener->open();
    return *state ? 0 : -1;
}

static int coord_teardown(void **state)
{
    coord_close(*state);
    return 0;
}

static struct budget_ask ask_of(struct str key, enum budget_kind kind, int64_t calls,
                                int64_t per_ms, int64_t burst)
{
    return (struct budget_ask){key, {kind, calls, per_ms, burst}, 1000};
}

static struct budget_state state_of(struct coord *coord, struct str key, int64_t now_ms)
{
    struct budget_state states[16], found = {0};
    struct arena arena;
    arena_init(&arena);
    size_t len = budget_list(coord, now_ms, &arena, states, 16);
    for (size_t i = 0; i < len && i < 16; i++) {
        if (str_eq(states[i].key, key))
            found = states[i];
    }
    arena_fini(&arena);
    return found;
}

/* --- the platforms' side, computed another way: whole tokens scaled by per_ms, nothing shared --- */

struct platform {
    struct budget_limit limit;
    int64_t window_start_ms; /* alignment of its fixed windows */
    int64_t window, counted;
    int64_t last_ms, scaled; /* tokens * per_ms */
    int64_t refused;
};

static void platform_arrive(struct platform *platform, int64_t at_ms)
{
    const struct budget_limit *limit = &platform->limit;
    if (limit->kind == BUDGET_WINDOW) {
        int64_t window = (at_ms - platform->window_start_ms) / limit->per_ms;
        if (window != platform->window)
            platform->counted = 0;
        platform->window = window;
        platform->refused += ++platform->counted > limit->calls;
        return;
    }
    platform->scaled += (at_ms - platform->last_ms) * limit->calls;
    if (platform->scaled > limit->burst * limit->per_ms)
        platform->scaled = limit->burst * limit->per_ms;
    platform->last_ms = at_ms;
    if (platform->scaled < limit->per_ms)
        platform->refused++;
    else
        platform->scaled -= limit->per_ms;
}

static int i64_cmp(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static int64_t platform_refusals(const struct budget_limit *limit, int64_t *starts, size_t len,
                                 struct rng *rng)
{
    struct platform platform = {
        .limit = *limit,
        .window_start_ms = T0 - (int64_t)rng_below(rng, (uint64_t)limit->per_ms),
        .window = -1,
        .last_ms = T0,
        .scaled = limit->burst * limit->per_ms,
    };
    for (size_t i = 0; i < len; i++)
        starts[i] += (int64_t)rng_below(rng, 21);
    qsort(starts, len, sizeof(starts[0]), i64_cmp);
    for (size_t i = 0; i < len; i++)
        platform_arrive(&platform, starts[i]);
    return platform.refused;
}

static uint64_t seed_of_run(void)
{
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)clock_monotonic_ns();
    printf("SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

enum { LANES_MAX = 12, RUN_MS = 60000, STARTS_MAX = 16384 };

/* Lanes that always have work ask for 60 s of simulated time; a lane asks for its own bucket too when
 * `own` says so. Starts are appended; returns how many. */
static size_t lanes_run(struct coord *coord, const struct budget_ask *shared,
                        const struct budget_ask *own, size_t lanes, struct rng *rng,
                        int64_t starts[STARTS_MAX], unsigned char lane_of[STARTS_MAX])
{
    int64_t next_ms[LANES_MAX];
    struct budget_comer comers[LANES_MAX] = {0};
    size_t len = 0;
    for (size_t i = 0; i < lanes; i++)
        next_ms[i] = T0 + (int64_t)rng_below(rng, 10);
    for (;;) {
        size_t lane = 0;
        for (size_t i = 1; i < lanes; i++)
            lane = next_ms[i] < next_ms[lane] ? i : lane;
        if (next_ms[lane] >= T0 + RUN_MS)
            return len;

        struct budget_ask asks[2] = {*shared};
        if (own)
            asks[1] = own[lane];
        int64_t start_ms;
        enum err_class class_ = budget_take(coord, asks, own ? 2 : 1, comers[lane], next_ms[lane],
                                            HORIZON_MS, &start_ms, NULL);
        comers[lane].waited = class_ == ERR_LATER;
        if (class_ == ERR_LATER) {
            assert_true(start_ms > next_ms[lane]);
            next_ms[lane] = start_ms + (int64_t)rng_below(rng, 10);
            continue;
        }
        assert_int_equal(class_, ERR_OK);
        assert_true(start_ms >= next_ms[lane] && start_ms <= next_ms[lane] + HORIZON_MS);
        assert_true(len < STARTS_MAX);
        lane_of[len] = (unsigned char)lane;
        starts[len++] = start_ms;
        next_ms[lane] = start_ms + 5 + (int64_t)rng_below(rng, 60);
    }
}

static struct budget_limit limit_random(struct rng *rng)
{
    /* 5 to 100 calls a second, told per second to per minute. */
    int64_t seconds = 1 + (int64_t)rng_below(rng, 60);
    int64_t calls = seconds * (5 + (int64_t)rng_below(rng, 96));
    int64_t burst = 4 + (int64_t)rng_below(rng, 60);
    enum budget_kind kind = rng_below(rng, 2) ? BUDGET_WINDOW : BUDGET_BUCKET;
    return (struct budget_limit){kind, calls, seconds * 1000, burst};
}

static void quota_is_used_and_never_exceeded(void **state)
{
    (void)state;
    static int64_t starts[STARTS_MAX];
    static unsigned char lane_of[STARTS_MAX];
    struct rng rng;
    rng_seed(&rng, seed_of_run());
    for (int round = 0; round < 60 / opener->rounds_in; round++) {
        struct coord *coord = opener->open();
        assert_non_null(coord);
        struct budget_ask ask = {STR("p/q"), limit_random(&rng), 1000};
        if (round < 2) /* what the issue names */
            ask.limit = (struct budget_limit){round ? BUDGET_WINDOW : BUDGET_BUCKET, 20, 1000, 20};
        size_t len = lanes_run(coord, &ask, NULL, round < 2 ? 8 : LANES_MAX, &rng, starts, lane_of);
        int64_t allowed = RUN_MS * ask.limit.calls / ask.limit.per_ms;
        int64_t refused = platform_refusals(&ask.limit, starts, len, &rng);
        if (refused > 0 || (int64_t)len * 100 < allowed * 95)
            fail_msg("kind %d, %lld per %lld ms, burst %lld: %zu of %lld sent, %lld refused",
                     (int)ask.limit.kind, (long long)ask.limit.calls, (long long)ask.limit.per_ms,
                     (long long)ask.limit.burst, len, (long long)allowed, (long long)refused);
        coord_close(coord);
    }
}

static void slow_shops_under_one_platform_use_all_of_it(void **state)
{
    (void)state;
    static int64_t starts[STARTS_MAX], of_lane[STARTS_MAX];
    static unsigned char lane_of[STARTS_MAX];
    static const struct str keys[] = {{"p/s0", 4}, {"p/s1", 4}, {"p/s2", 4}, {"p/s3", 4},
                                      {"p/s4", 4}, {"p/s5", 4}, {"p/s6", 4}, {"p/s7", 4}};
    struct rng rng;
    rng_seed(&rng, seed_of_run());
    for (int round = 0; round < 20 / opener->rounds_in; round++) {
        struct coord *coord = opener->open();
        assert_non_null(coord);
        /* 8 shops of 3/s each could send 24/s; the platform takes 20/s. */
        struct budget_ask own[8];
        struct budget_ask shared = ask_of(STR("p"), round % 2 ? BUDGET_WINDOW : BUDGET_BUCKET, 20,
                                          1000, 20);
        for (int i = 0; i < 8; i++)
            own[i] = ask_of(keys[i], BUDGET_WINDOW, 3, 1000, 0);
        size_t len = lanes_run(coord, &shared, own, 8, &rng, starts, lane_of);
        for (unsigned lane = 0; lane < 8; lane++) {
            size_t count = 0;
            for (size_t i = 0; i < len; i++) {
                if (lane_of[i] == lane)
                    of_lane[count++] = starts[i];
            }
            assert_int_equal(platform_refusals(&own[lane].limit, of_lane, count, &rng), 0);
        }
        assert_int_equal(platform_refusals(&shared.limit, starts, len, &rng), 0);
        if (len * 100 < 1200 * 95)
            fail_msg("round %d: only %zu of 1200 sent", round, len);
        coord_close(coord);
    }
}

/* --- a crowd that shares one budget --- */

enum { CROWD_MAX = 2000 };
struct comer {
    unsigned rank;
    bool waited;
    int64_t next_ms, asked_ms; /* asked_ms: since when it waits for this call */
    int64_t calls, waited_max_ms;
};
struct crowd {
    struct comer comers[CROWD_MAX];
    size_t len;
    int64_t rate; /* calls in 10 s, for all of them */
    int64_t asked, calls, away_max_ms;
};

static struct crowd *crowd_of(size_t first_rank, size_t last_rank)
{
    static struct crowd crowd;
    crowd = (struct crowd){.len = first_rank + last_rank, .rate = 100};
    for (size_t i = 0; i < crowd.len; i++)
        crowd.comers[i] = (struct comer){
            .rank = i < first_rank ? 0 : BUDGET_RANKS - 1, .next_ms = T0, .asked_ms = T0};
    return &crowd;
}

/* All have always work. Of those who come at one time rank 0 asks first,
 * as the queue has it. */
static void crowd_run(struct coord *coord, struct crowd *crowd, int64_t until_ms)
{
    const struct budget_ask ask = ask_of(STR("app"), BUDGET_BUCKET, crowd->rate, 10000, 10);
    for (;;) {
        struct comer *comer = &crowd->comers[0];
        for (size_t i = 1; i < crowd->len; i++)
            if (crowd->comers[i].next_ms < comer->next_ms)
                comer = &crowd->comers[i];
        if (comer->next_ms >= until_ms)
            return;
        int64_t now_ms = comer->next_ms, start_ms;
        crowd->asked++;
        enum err_class class_ = budget_take(
            coord, &ask, 1, (struct budget_comer){.rank = comer->rank, .waited = comer->waited},
            now_ms, HORIZON_MS, &start_ms, NULL);
        comer->waited = class_ == ERR_LATER;
        if (class_ == ERR_OK) {
            crowd->calls++;
            comer->calls++;
            if (start_ms - comer->asked_ms > comer->waited_max_ms)
                comer->waited_max_ms = start_ms - comer->asked_ms;
            comer->next_ms = comer->asked_ms = start_ms + 50;
        } else {
            assert_true(start_ms > now_ms);
            if (start_ms - now_ms > crowd->away_max_ms)
                crowd->away_max_ms = start_ms - now_ms;
            comer->next_ms = start_ms;
        }
    }
}

static void a_crowd_does_not_come_back_for_one_call(void **state)
{
    struct crowd *crowd = crowd_of(0, 200);
    crowd_run(*state, crowd, T0 + 300000);
    /* 9.7 calls a second; each is asked for a few times and not by everybody. */
    assert_in_range(crowd->calls, 2850, 2920);
    assert_true(crowd->asked <= 3 * crowd->calls);
}

static void everybody_in_a_crowd_has_his_turn(void **state)
{
    struct crowd *crowd = crowd_of(0, 200);
    crowd_run(*state, crowd, T0 + 300000);
    for (size_t i = 0; i < crowd->len; i++) {
        assert_in_range(crowd->comers[i].calls, 13, 16); /* of 2,910 for 200 */
        assert_true(crowd->comers[i].waited_max_ms < 2 * 20600);
    }
}

static void the_first_rank_does_not_stand_behind_the_last(void **state)
{
    struct crowd *crowd = crowd_of(3, 200);
    crowd_run(*state, crowd, T0 + 60000);
    for (size_t i = 0; i < 3; i++)
        assert_true(crowd->comers[i].waited_max_ms < 2000);
    assert_true(crowd->calls >= 570);
}

static void one_alone_does_not_wait_for_himself(void **state)
{
    const struct budget_ask ask = ask_of(STR("app"), BUDGET_BUCKET, 4, 1000, 1);
    int64_t start_ms, now_ms = T0;
    int64_t away = 0;
    for (int calls = 0; calls < 100;) {
        enum err_class class_ = budget_take(*state, &ask, 1, (struct budget_comer){.waited = false},
                                            now_ms, HORIZON_MS, &start_ms, NULL);
        calls += class_ == ERR_OK;
        away += class_ == ERR_LATER;
        now_ms = class_ == ERR_OK ? start_ms + 100 : start_ms;
    }
    assert_true(away <= 1); /* the bucket starts empty */
}

static void places_of_those_who_went_away_cost_nothing(void **state)
{
    struct crowd *crowd = crowd_of(0, 200);
    crowd_run(*state, crowd, T0 + 10000);
    crowd->len = 1;
    crowd->calls = 0;
    crowd_run(*state, crowd, T0 + 10000 + 60000);
    /* Alone it is back after its place at the latest, 20 s, and then has every call. */
    assert_true(crowd->calls >= 350);
}

static void nobody_is_sent_away_for_long_because_of_others(void **state)
{
    struct crowd *crowd = crowd_of(0, CROWD_MAX);
    crowd->rate = 10;
    crowd_run(*state, crowd, T0 + 1200000);
    assert_in_range(crowd->away_max_ms, BUDGET_AWAY_MAX_MS - 1000, BUDGET_AWAY_MAX_MS);
    assert_true(crowd->calls >= 1150);
}

static void a_few_on_a_slow_budget_use_all_of_it(void **state)
{
    struct crowd *crowd = crowd_of(0, 12);
    crowd->rate = 1;
    crowd_run(*state, crowd, T0 + 3000000);
    assert_true(crowd->calls >= 285); /* 97 % of 300, less the first, which fills */
    for (size_t i = 0; i < crowd->len; i++)
        assert_true(crowd->comers[i].calls >= 20);
}

static void who_will_not_come_back_leaves_no_gap(void **state)
{
    const struct budget_ask ask = ask_of(STR("app"), BUDGET_BUCKET, 10, 1000, 10);
    struct budget_comer comer = {.rank = 0};
    int64_t start_ms, now_ms = T0;
    for (int calls = 0; calls < 300;) {
        int64_t page_ms;
        /* Pages ask in passing and go on; one task comes for what they left. */
        for (int i = 0; i < 5; i++)
            budget_take(*state, &ask, 1, (struct budget_comer){.rank = 0, .outside = true}, now_ms,
                        2, &page_ms, NULL);
        enum err_class class_ = budget_take(*state, &ask, 1, comer, now_ms, HORIZON_MS, &start_ms,
                                            NULL);
        comer.waited = class_ == ERR_LATER;
        calls += class_ == ERR_OK;
        now_ms = class_ == ERR_OK ? start_ms + 20 : start_ms;
    }
    assert_true(now_ms < T0 + 40000); /* 31 s at 9.7 a second, and what the pages got of it */
}

static void a_clock_set_back_does_not_keep_the_line_away(void **state)
{
    struct coord *coord = *state;
    const struct budget_ask ask = ask_of(STR("app"), BUDGET_BUCKET, 10, 1000, 10);
    const int64_t later_ms = T0 + INT64_C(3600000);
    int64_t start_ms;
    for (int i = 0; i < 50; i++)
        budget_take(coord, &ask, 1, FIRST, later_ms, HORIZON_MS, &start_ms, NULL);
    assert_true(start_ms > later_ms + 3000);
    budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL);
    assert_true(start_ms < T0 + 1000);
}

static void a_call_gets_all_of_its_budgets_or_none(void **state)
{
    struct coord *coord = *state;
    struct budget_ask asks[] = {ask_of(STR("fast"), BUDGET_BUCKET, 100, 1000, 100),
                                ask_of(STR("slow"), BUDGET_BUCKET, 1, 100000, 1)};
    struct err err;
    int64_t start_ms;
    assert_int_equal(budget_take(coord, asks, 2, FIRST, T0, HORIZON_MS, &start_ms, &err),
                     ERR_LATER);
    assert_string_equal(err.code, "budget");
    /* A token of slow takes 103,092.8 ms; asking again pays half a horizon earlier. */
    assert_int_equal(start_ms, T0 + 103093 - HORIZON_MS / 2);
    assert_int_equal(err.retry_at_ms, start_ms);
    assert_int_equal(state_of(coord, STR("fast"), T0).taken, 0);
    assert_int_equal(budget_take(coord, asks, 1, FIRST, T0, HORIZON_MS, &start_ms, &err), ERR_OK);
    assert_int_equal(start_ms, T0 + 11);
    assert_int_equal(budget_take(coord, asks, 2, (struct budget_comer){.waited = true},
                                 T0 + 103093 - HORIZON_MS / 2, HORIZON_MS, &start_ms, &err),
                     ERR_OK);
    assert_int_equal(start_ms, T0 + 103093);
    assert_int_equal(state_of(coord, STR("fast"), start_ms).taken, 2);
    assert_int_equal(state_of(coord, STR("slow"), start_ms).taken, 1);
}

static void what_cannot_be_promised_is_told_later(void **state)
{
    struct coord *coord = *state;
    struct budget_ask ask = ask_of(STR("p"), BUDGET_BUCKET, 1000, 1000, 1000);
    struct err err;
    int64_t start_ms;
    enum err_class class_ = ERR_OK;
    int taken = 0;
    for (; class_ == ERR_OK && taken < 1000; taken++)
        class_ = budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, &err);
    assert_int_equal(class_, ERR_LATER);
    assert_true(taken > 60 && taken < 70);
    assert_true(start_ms > T0);
}

static void a_refused_budget_blocks_until_its_retry(void **state)
{
    struct coord *coord = *state;
    struct budget_ask ask = ask_of(STR("p"), BUDGET_BUCKET, 20, 1000, 20);
    struct err err;
    int64_t start_ms;
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, &err), ERR_OK);
    budget_refused(coord, STR("p"), T0 + 60, T0 + 5060);
    struct budget_state blocked = state_of(coord, STR("p"), T0 + 60);
    assert_int_equal(blocked.refused, 1);
    assert_int_equal(blocked.blocked_until_ms, T0 + 5060);
    assert_int_equal(blocked.rate_milli_per_s, 9700);
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0 + 60, HORIZON_MS, &start_ms, &err),
                     ERR_LATER);
    assert_int_equal(start_ms, T0 + 5060 + 104 - HORIZON_MS / 2);
    budget_succeeded(coord, STR("p"));
    assert_int_equal(state_of(coord, STR("p"), T0 + 60).rate_milli_per_s, 19400 * 51 / 100);
}

static void nonsense_is_refused_by_name(void **state)
{
    struct coord *coord = *state;
    struct budget_ask ask = ask_of(STR("p/orders"), BUDGET_BUCKET, 0, 1000, 1);
    struct err err;
    int64_t start_ms;
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, &err),
                     ERR_CONFIG);
    assert_string_equal(err.code, "budget_limit");
    assert_non_null(strstr(err.message, "p/orders"));
}

static void budgets_are_listed_in_key_order(void **state)
{
    struct coord *coord = *state;
    const struct str keys[] = {STR("b"), STR("a/2"), STR("c"), STR("a/1")};
    struct budget_state states[3];
    struct arena arena;
    int64_t start_ms;
    arena_init(&arena);
    for (size_t i = 0; i < 4; i++) {
        struct budget_ask ask = ask_of(keys[i], BUDGET_BUCKET, 20, 1000, 20);
        assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL),
                         ERR_OK);
    }
    assert_int_equal(budget_list(coord, T0, &arena, states, 3), 4);
    assert_true(str_eq(states[0].key, STR("a/1")));
    assert_true(str_eq(states[1].key, STR("a/2")));
    assert_true(str_eq(states[2].key, STR("b")));
    arena_fini(&arena);
}

enum { THREADS = 4, TAKES = 2000 };

static void *taker_run(void *context)
{
    struct budget_ask ask = ask_of(STR("p"), BUDGET_BUCKET, 1000000, 1000, 1000000);
    for (int i = 0; i < TAKES; i++) {
        int64_t start_ms;
        if (budget_take(context, &ask, 1, FIRST, T0 + 2000, HORIZON_MS, &start_ms, NULL) != ERR_OK)
            return "refused";
        budget_succeeded(context, ask.key);
    }
    return NULL;
}

static void threads_share_one_bucket(void **state)
{
    struct coord *coord = *state;
    struct budget_ask ask = ask_of(STR("p"), BUDGET_BUCKET, 1000000, 1000, 1000000);
    pthread_t threads[THREADS];
    int64_t start_ms;
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL), ERR_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, taker_run, coord), 0);
    for (int i = 0; i < THREADS; i++) {
        void *trouble;
        pthread_join(threads[i], &trouble);
        assert_null(trouble);
    }
    assert_int_equal(state_of(coord, STR("p"), T0 + 9000).taken, 1 + THREADS * TAKES);
}

static void a_lock_is_one_owner_s_until_it_is_released(void **state)
{
    struct coord *coord = *state;
    uint64_t fence, again, other;
    struct err err;
    assert_int_equal(lock_take(coord, STR("n"), STR("a"), T0, 1000, &fence, &err), ERR_OK);
    assert_int_equal(lock_take(coord, STR("n"), STR("a"), T0, 1000, &again, &err), ERR_OK);
    assert_int_equal(fence, again);
    assert_int_equal(lock_take(coord, STR("n"), STR("b"), T0, 1000, &other, &err), ERR_LATER);
    assert_int_equal(err.retry_at_ms, T0 + 1000);
    lock_release(coord, STR("n"), STR("b")); /* not b's: nothing happens */
    lock_release(coord, STR("n"), STR("a")); /* entered twice: still a's */
    assert_int_equal(lock_take(coord, STR("n"), STR("b"), T0, 1000, &other, &err), ERR_LATER);
    lock_release(coord, STR("n"), STR("a"));
    assert_int_equal(lock_take(coord, STR("n"), STR("b"), T0, 1000, &other, &err), ERR_OK);
    assert_true(other > fence);
}

static void an_expired_lock_is_lost(void **state)
{
    struct coord *coord = *state;
    uint64_t fence, other;
    struct err err;
    assert_int_equal(lock_take(coord, STR("n"), STR("a"), T0, 1000, &fence, &err), ERR_OK);
    assert_int_equal(lock_renew(coord, STR("n"), STR("a"), T0 + 900, 1000, &err), ERR_OK);
    assert_int_equal(lock_take(coord, STR("n"), STR("b"), T0 + 1899, 1000, &other, &err),
                     ERR_LATER);
    assert_int_equal(lock_take(coord, STR("n"), STR("b"), T0 + 1900, 1000, &other, &err), ERR_OK);
    assert_true(other > fence);
    assert_int_equal(lock_renew(coord, STR("n"), STR("a"), T0 + 1900, 1000, &err), ERR_CONFLICT);
    assert_string_equal(err.code, "lock_lost");
}

static void a_reset_budget_starts_anew(void **state)
{
    struct coord *coord = *state;
    struct budget_ask ask = ask_of(STR("p"), BUDGET_BUCKET, 20, 1000, 20);
    int64_t start_ms;
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, NULL), ERR_OK);
    budget_refused(coord, STR("p"), T0 + 60, T0 + 500000);
    budget_reset(coord, STR("p"));
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0 + 70, HORIZON_MS, &start_ms, NULL),
                     ERR_OK);
    assert_int_equal(start_ms, T0 + 70 + 52); /* empty, and the whole rate */
    assert_int_equal(state_of(coord, STR("p"), T0 + 70).refused, 0);
}

static void who_only_tries_takes_no_place(void **state)
{
    struct coord *coord = *state;
    struct budget_ask ask = ask_of(STR("p"), BUDGET_BUCKET, 10, 1000, 10);
    struct err err;
    int64_t start_ms;
    for (int i = 0; i < 20; i++)
        assert_int_equal(budget_try(coord, &ask, 1, T0, &err), ERR_LATER);
    assert_int_equal(budget_take(coord, &ask, 1, FIRST, T0, HORIZON_MS, &start_ms, &err), ERR_OK);
    assert_int_equal(start_ms, T0 + 104);
    assert_int_equal(budget_try(coord, &ask, 1, T0 + 208, &err), ERR_OK);
    assert_int_equal(budget_try(coord, &ask, 1, T0 + 208, &err), ERR_LATER);
}

/* --- the forms that wait, under the test clock: time moves to what we wait for --- */

static void waiting_ends_with_the_turn(void **state)
{
    const struct budget_ask ask = ask_of(STR("p"), BUDGET_BUCKET, 10, 1000, 10);
    const volatile bool stop = false;
    int64_t began_ms = clock_now_ms();
    for (int i = 0; i < 20; i++)
        assert_int_equal(budget_wait(*state, &ask, 1, 0, began_ms + 60000, &stop, NULL), ERR_OK);
    assert_in_range(clock_now_ms() - began_ms, 2061, 2063); /* 20 calls at 9.7 a second */
}

static void a_turn_that_comes_too_late_is_not_waited_for(void **state)
{
    const struct budget_ask ask = ask_of(STR("p"), BUDGET_BUCKET, 10, 1000, 10);
    const volatile bool stop = true;
    struct err err;
    int64_t began_ms = clock_now_ms();
    assert_int_equal(budget_wait(*state, &ask, 1, 0, began_ms + 50, NULL, &err), ERR_LATER);
    assert_string_equal(err.code, "budget");
    assert_true(clock_now_ms() <= began_ms + 50);
    assert_int_equal(state_of(*state, STR("p"), clock_now_ms()).taken, 0);
    assert_int_equal(budget_wait(*state, &ask, 1, 0, began_ms + 60000, &stop, &err), ERR_STOPPED);
}

static void who_waits_for_a_lock_has_it_when_it_is_free(void **state)
{
    uint64_t fence, later;
    struct err err;
    int64_t began_ms = clock_now_ms();
    assert_int_equal(lock_take(*state, STR("n"), STR("a"), began_ms, 1000, &fence, &err), ERR_OK);
    assert_int_equal(lock_wait(*state, STR("n"), STR("b"), 1000, began_ms + 50, NULL, &later, &err),
                     ERR_LATER);
    assert_string_equal(err.code, "lock_held");
    assert_int_equal(clock_now_ms(), began_ms);
    assert_int_equal(
        lock_wait(*state, STR("n"), STR("b"), 1000, began_ms + 5000, NULL, &later, &err), ERR_OK);
    assert_int_equal(clock_now_ms(), began_ms + 1000);
    assert_true(later > fence);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, coord_setup, coord_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quota_is_used_and_never_exceeded),
        cmocka_unit_test(slow_shops_under_one_platform_use_all_of_it),
        TEST(a_crowd_does_not_come_back_for_one_call),
        TEST(everybody_in_a_crowd_has_his_turn),
        TEST(the_first_rank_does_not_stand_behind_the_last),
        TEST(one_alone_does_not_wait_for_himself),
        TEST(places_of_those_who_went_away_cost_nothing),
        TEST(nobody_is_sent_away_for_long_because_of_others),
        TEST(a_few_on_a_slow_budget_use_all_of_it),
        TEST(who_will_not_come_back_leaves_no_gap),
        TEST(a_clock_set_back_does_not_keep_the_line_away),
        TEST(a_call_gets_all_of_its_budgets_or_none),
        TEST(what_cannot_be_promised_is_told_later),
        TEST(a_refused_budget_blocks_until_its_retry),
        TEST(nonsense_is_refused_by_name),
        TEST(budgets_are_listed_in_key_order),
        TEST(threads_share_one_bucket),
        TEST(a_lock_is_one_owner_s_until_it_is_released),
        TEST(an_expired_lock_is_lost),
        TEST(a_reset_budget_starts_anew),
        TEST(who_only_tries_takes_no_place),
        TEST(waiting_ends_with_the_turn),
        TEST(a_turn_that_comes_too_late_is_not_waited_for),
        TEST(who_waits_for_a_lock_has_it_when_it_is_free),
    };
    int failed = 0;
    char folder[] = "/tmp/huiliu-coord-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/clock", folder);
    setenv("HUILIU_CLOCK", path, 1);
    assert_int_equal(clock_setup("test", NULL), ERR_OK);
    clock_thread_enter();
    database_start(&home);
    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        opener = &openers[i];
        /* With the address of a server the others have been seen to already. */
        if (database_is_server() && opener->open != open_database)
            continue;
        if (opener->open == open_redis && !redis_server_start(&server)) {
            printf("skip redis: there is no redis-server here\n");
            continue;
        }
        failed += cmocka_run_group_tests_name(opener->name, tests, NULL, NULL);
    }
    redis_server_stop(&server);
    database_stop(&home);
    clock_thread_leave();
    clock_teardown();
    unlink(path);
    rmdir(folder);
    return failed;
}

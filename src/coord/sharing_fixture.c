/* Tests that several coordinators have in common. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coord/sharing_fixture.h"

#include <cmocka.h>

enum { T0 = 1000000, HORIZON_MS = 200, KEYS = 4 };

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
        fail_msg("%s: local %s at %lld (%s), shared %s at %lld (%s)", what, err_class_name(a_class),
                 (long long)at_a, err_a.message, err_class_name(b_class), (long long)at_b,
                 err_b.message);
}

void sharing_decides_as_one_process(sharing_open *open, int rounds)
{
    static const struct str keys[KEYS] = {{"p", 1}, {"p/app:1/a", 9}, {"p/shop:2/b", 10}, {"q", 1}};
    struct rng rng;
    rng_seed(&rng, seed_of_run());
    int64_t steps = 0;
    for (int round = 0; round < rounds; round++) {
        struct coord *local, *shared;
        struct budget_ask asks[KEYS];
        int64_t now_ms = INT64_C(1764000000000) + (int64_t)rng_below(&rng, 1000000);
        shared = open(true);
        assert_non_null(shared);
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
                budget_refused(shared, keys[key], now_ms, retry_at_ms);
                break;
            }
            case 1:
            case 2:
                budget_succeeded(local, keys[key]);
                budget_succeeded(shared, keys[key]);
                break;
            case 3:
                list_equal(local, shared, now_ms);
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
                takes_equal(local, shared, asks, &rng, now_ms, what);
                now_ms += rng_below(&rng, 3) ? (int64_t)rng_below(&rng, 40) : 0;
            }
        }
        list_equal(local, shared, now_ms);
        coord_close(shared);
        coord_close(local);
    }
    printf("# %lld steps\n", (long long)steps);
}

/* --- several processes --- */

void sharing_has_one_bucket(sharing_open *open)
{
    struct coord *one = open(true), *other = open(false);
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

void sharing_has_one_lock(sharing_open *open, void (*forget)(void))
{
    struct coord *one = open(true), *other = open(false);
    uint64_t fence, later;
    struct err err;
    assert_int_equal(lock_take(one, STR("n"), STR("a"), T0, 1000, &fence, &err), ERR_OK);
    assert_int_equal(lock_take(other, STR("n"), STR("b"), T0, 1000, &later, &err), ERR_LATER);
    assert_string_equal(err.code, "lock_held");
    lock_release(other, STR("n"), STR("b"));
    assert_int_equal(lock_renew(one, STR("n"), STR("a"), T0 + 10, 1000, &err), ERR_OK);
    forget();
    assert_int_equal(lock_renew(one, STR("n"), STR("a"), T0 + 20, 1000, &err), ERR_CONFLICT);
    assert_int_equal(lock_take(other, STR("n"), STR("b"), T0 + 20, 1000, &later, &err), ERR_OK);
    assert_true(later > fence); /* also when the server forgot the one before */
    coord_close(one);
    coord_close(other);
}

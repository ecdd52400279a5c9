/* What DOU+ orders bring, over every order of a world: the laws that a client may rely on. */
#include "sandbox/douplus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { FROM_S = 1767196800, DAY_S = 86400, HOUR_S = 3600, DAYS = 40, ORDERS = 600 };
#define FROM "2026-01-01"
#define TO "2026-01-20"

struct world {
    struct sandbox sandbox;
    struct platform *platform;
    struct shop *shop;
    struct arena arena;
    struct list_page orders;
};

/* A living world whose future is seen whole: every order stands at its end. */
static void world_make(struct world *world, const char *corrections)
{
    const char *argv[] = {
        "sandbox", "--live", "--life-shops",  "0",         "--from",           FROM,
        "--to",    TO,       "--corrections", corrections, "--douplus-orders", "600"};
    struct options options;
    bool help;
    struct list_query query = {.sort = LIST_BY_CREATED, .to_s = UINT32_MAX, .limit = ORDERS};
    assert_int_equal(
        options_parse(sizeof argv / sizeof *argv, (char **)(uintptr_t)argv, &options, &help, NULL),
        ERR_OK);
    assert_int_equal(sandbox_open(&world->sandbox, &options, NULL), ERR_OK);
    world->platform = sandbox_platform(&world->sandbox, STR(PLATFORM_DOUPLUS));
    world->shop = &world->platform->shops[0];
    arena_init(&world->arena);
    assert_int_equal(
        shop_list(world->shop, &query, FROM_S + 300 * DAY_S, &world->arena, &world->orders, NULL),
        ERR_OK);
    assert_int_equal(world->orders.rows_len, ORDERS);
}

static void world_free(struct world *world)
{
    arena_fini(&world->arena);
    sandbox_close(&world->sandbox);
}

/* Of all ads. */
static void figures_of(struct world *world, const struct order_view *view, uint32_t from_s,
                       uint32_t to_s, uint32_t now_s, struct douplus_figures *sum)
{
    struct douplus_facts facts;
    struct douplus_figures figures;
    *sum = (struct douplus_figures){0};
    douplus_facts_of(world->platform, world->shop, view, &facts);
    for (unsigned ad = 0; ad < facts.ads; ad++) {
        douplus_figures_of(world->platform, world->shop, view, ad, from_s, to_s, now_s, &figures);
        for (int f = 0; f < DOUPLUS_FIGURES; f++)
            sum->of[f] += figures.of[f];
        assert_true(figures.of[FIGURE_PLAY_5S] <= figures.of[FIGURE_PLAY]);
        assert_in_range(figures.rate_ppm, 0, 1000000);
    }
}

static void figures_never_fall_and_stay_below_the_budget(void **state)
{
    (void)state;
    struct world world;
    uint64_t spent = 0, grown = 0;
    world_make(&world, "0");
    for (size_t i = 0; i < ORDERS; i++) {
        const struct order_view *view = &world.orders.rows[i];
        struct douplus_facts facts;
        struct douplus_figures before = {0}, now;
        douplus_facts_of(world.platform, world.shop, view, &facts);
        for (uint32_t at_s = FROM_S; at_s < FROM_S + DAYS * DAY_S; at_s += 7 * HOUR_S + 11) {
            figures_of(&world, view, 0, UINT32_MAX, at_s, &now);
            for (int f = 0; f < DOUPLUS_FIGURES; f++)
                assert_true(now.of[f] >= before.of[f]);
            grown += now.of[FIGURE_COST] > before.of[FIGURE_COST];
            before = now;
        }
        assert_true(now.of[FIGURE_COST] <= facts.budget_fen);
        assert_true(facts.live || now.of[FIGURE_LIVE_CLICK] == 0);
        spent += now.of[FIGURE_COST] > 0;
    }
    assert_true(spent > ORDERS / 2 && spent < ORDERS);
    assert_true(grown > 2 * spent);
    world_free(&world);
}

static void days_add_up_to_the_whole(void **state)
{
    (void)state;
    for (int corrected = 0; corrected < 2; corrected++) {
        struct world world;
        uint32_t now_s = FROM_S + DAYS * DAY_S - 5000;
        uint64_t days_used = 0;
        world_make(&world, corrected ? "50" : "0");
        for (size_t i = 0; i < ORDERS; i++) {
            const struct order_view *view = &world.orders.rows[i];
            struct douplus_figures life, day, sum = {0};
            figures_of(&world, view, FROM_S, UINT32_MAX, now_s, &life);
            for (uint32_t from_s = FROM_S; from_s < now_s; from_s += DAY_S) {
                figures_of(&world, view, from_s, from_s + DAY_S, now_s, &day);
                for (int f = 0; f < DOUPLUS_FIGURES; f++)
                    sum.of[f] += day.of[f];
                days_used += day.of[FIGURE_COST] > 0;
            }
            assert_memory_equal(sum.of, life.of, sizeof sum.of);
        }
        assert_true(days_used > ORDERS);
        world_free(&world);
    }
}

static void money_is_spent_only_while_an_order_delivers(void **state)
{
    (void)state;
    struct world world;
    world_make(&world, "0");
    for (size_t i = 0; i < ORDERS; i++) {
        struct order_view view = world.orders.rows[i];
        uint8_t steps = view.step;
        for (uint8_t s = 0; s < steps; s++) {
            struct douplus_facts facts;
            struct douplus_figures figures;
            uint32_t from_s = s == 0 ? view.order.created_s : view.order.step_s[s - 1];
            view.step = s;
            douplus_facts_of(world.platform, world.shop, &view, &facts);
            figures_of(&world, &view, from_s, view.order.step_s[s], UINT32_MAX, &figures);
            bool delivers = strcmp(facts.status, "DELIVERING") == 0;
            assert_true(delivers || figures.of[FIGURE_COST] == 0);
            /* What was not renewed yet cannot be spent yet. */
            figures_of(&world, &view, 0, view.order.step_s[s], UINT32_MAX, &figures);
            assert_true(figures.of[FIGURE_COST] <= facts.budget_fen);
        }
    }
    world_free(&world);
}

static void a_correction_comes_once_and_lowers_cost_and_plays(void **state)
{
    (void)state;
    struct world plain, corrected;
    unsigned fallen = 0;
    world_make(&plain, "0");
    world_make(&corrected, "100");
    for (size_t i = 0; i < ORDERS; i++) {
        const struct order_view *view = &plain.orders.rows[i];
        struct douplus_figures right, now, before = {0};
        unsigned falls = 0;
        for (uint32_t at_s = FROM_S; at_s < FROM_S + DAYS * DAY_S; at_s += HOUR_S) {
            figures_of(&corrected, view, 0, UINT32_MAX, at_s, &now);
            falls += now.of[FIGURE_COST] < before.of[FIGURE_COST];
            assert_true(now.of[FIGURE_LIKE] >= before.of[FIGURE_LIKE]);
            before = now;
        }
        figures_of(&plain, view, 0, UINT32_MAX, FROM_S + DAYS * DAY_S - HOUR_S, &right);
        assert_true(falls <= 1);
        assert_int_equal(falls, now.of[FIGURE_COST] < right.of[FIGURE_COST]);
        assert_int_equal(falls, now.of[FIGURE_PLAY] < right.of[FIGURE_PLAY]);
        fallen += falls;
    }
    assert_true(fallen > ORDERS / 2);
    world_free(&plain);
    world_free(&corrected);
}

static void some_orders_spend_beyond_the_longest_range(void **state)
{
    (void)state;
    struct world world;
    unsigned found = 0;
    world_make(&world, "0");
    for (size_t i = 0; i < ORDERS; i++) {
        const struct order_view *view = &world.orders.rows[i];
        struct douplus_figures early, late;
        uint32_t created_s = view->order.created_s;
        figures_of(&world, view, created_s, created_s + 150 * DAY_S, UINT32_MAX, &early);
        figures_of(&world, view, created_s + 150 * DAY_S, UINT32_MAX, UINT32_MAX, &late);
        found += early.of[FIGURE_COST] > 0 && late.of[FIGURE_COST] > 0;
    }
    assert_in_range(found, 1, ORDERS / 20);
    world_free(&world);
}

static void every_status_and_renewals_occur(void **state)
{
    (void)state;
    struct world world;
    bool seen[DOUPLUS_STATUSES] = {false}, renewed = false, empty = false;
    world_make(&world, "0");
    for (size_t i = 0; i < ORDERS; i++) {
        struct order_view view = world.orders.rows[i];
        struct douplus_facts facts;
        for (uint8_t steps = view.step, s = 0; s <= steps; s++) {
            view.step = s;
            douplus_facts_of(world.platform, world.shop, &view, &facts);
            for (int k = 0; k < DOUPLUS_STATUSES; k++)
                seen[k] |= strcmp(facts.status, douplus_statuses[k]) == 0;
        }
        renewed |= facts.renewals > 1;
        empty |= facts.item == 0;
    }
    for (int k = 0; k < DOUPLUS_STATUSES; k++)
        assert_true(seen[k]);
    assert_true(renewed && empty);
    world_free(&world);
}

static void rates_and_costs_round_half_even(void **state)
{
    (void)state;
    static const struct {
        int64_t ppm;
        const char *text;
    } RATES[] = {
        {0, "0"},      {1, "0.000001"}, {500000, "0.5"}, {123456, "0.123456"}, {123450, "0.12345"},
        {1000000, "1"}};
    static const int64_t COSTS[][3] = {{0, 0, 0}, {7, 0, 0}, {5, 2, 2}, {7, 2, 4}, {8, 3, 3}};
    char text[DOUPLUS_RATE_MAX];
    for (size_t i = 0; i < sizeof RATES / sizeof *RATES; i++) {
        douplus_rate_text(RATES[i].ppm, text);
        assert_string_equal(text, RATES[i].text);
    }
    for (size_t i = 0; i < sizeof COSTS / sizeof *COSTS; i++) {
        struct douplus_figures figures = {
            .of = {[FIGURE_COST] = COSTS[i][0], [FIGURE_CONVERT] = COSTS[i][1]}};
        assert_int_equal(douplus_convert_cost(&figures), COSTS[i][2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_never_fall_and_stay_below_the_budget),
        cmocka_unit_test(days_add_up_to_the_whole),
        cmocka_unit_test(money_is_spent_only_while_an_order_delivers),
        cmocka_unit_test(a_correction_comes_once_and_lowers_cost_and_plays),
        cmocka_unit_test(some_orders_spend_beyond_the_longest_range),
        cmocka_unit_test(every_status_and_renewals_occur),
        cmocka_unit_test(rates_and_costs_round_half_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

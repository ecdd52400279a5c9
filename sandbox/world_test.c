/* The world against second thoughts about it: other ways to the same moment, naive sorting. */
#include "sandbox/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FROM_S = 1767196800, DAY_S = 86400, TO_S = FROM_S + 20 * DAY_S, ORDERS = 700 };

static const struct lifecycle COURSES[] = {
    {3, 3, {{5, 300}, {1, 60}, {3600, 9 * DAY_S}}},
    {1, 1, {{600, 1800}}},
    {1, 0, {{0, 0}}},
};
static const struct world_kind KIND = {COURSES, 3, 7000000000000000000, 59};

static struct world_plan plan_of(uint64_t seed, uint32_t churn)
{
    return (struct world_plan){.seed = seed,
                               .from_s = FROM_S,
                               .to_s = TO_S,
                               .rest_s = UINT32_MAX,
                               .churn_per_minute = churn,
                               .churn_from_s = FROM_S + 5 * DAY_S};
}

static void shop_make(struct shop *shop, uint64_t seed, uint32_t churn, uint32_t index)
{
    struct world_plan plan = plan_of(seed, churn);
    assert_int_equal(shop_init(shop, &KIND, &plan, index, ORDERS, NULL), ERR_OK);
}

/* Every order of the shop as it stands, by creation. */
static struct list_page all_at(struct shop *shop, uint32_t now_s, enum list_sort sort,
                               struct arena *arena)
{
    struct list_query query = {.sort = sort, .to_s = UINT32_MAX, .limit = 100000};
    struct list_page page;
    assert_int_equal(shop_list(shop, &query, now_s, arena, &page, NULL), ERR_OK);
    return page;
}

static bool views_equal(const struct order_view *a, const struct order_view *b)
{
    return a->id == b->id && a->hash == b->hash && a->updated_s == b->updated_s &&
           a->step == b->step && a->churned == b->churned && a->order.churns == b->order.churns;
}

static void state_is_a_function_of_seed_and_now(void **state)
{
    (void)state;
    struct shop direct, stepwise, other;
    struct arena arena;
    uint32_t now_s = FROM_S + 12 * DAY_S;
    arena_init(&arena);
    shop_make(&direct, 42, 3, 0);
    shop_make(&stepwise, 42, 3, 0);
    shop_make(&other, 43, 3, 0);
    for (uint32_t at_s = FROM_S + DAY_S; at_s < now_s; at_s += 7001)
        all_at(&stepwise, at_s, LIST_BY_UPDATED, &arena);
    struct list_page a = all_at(&direct, now_s, LIST_BY_UPDATED, &arena);
    struct list_page b = all_at(&stepwise, now_s, LIST_BY_UPDATED, &arena);
    struct list_page c = all_at(&other, now_s, LIST_BY_UPDATED, &arena);
    assert_int_equal(a.rows_len, b.rows_len);
    assert_true(a.rows_len > ORDERS / 3 && a.rows_len < ORDERS);
    for (size_t i = 0; i < a.rows_len; i++)
        assert_true(views_equal(&a.rows[i], &b.rows[i]));
    assert_false(a.rows_len == c.rows_len && a.rows[0].id == c.rows[0].id);
    shop_fini(&direct);
    shop_fini(&stepwise);
    shop_fini(&other);
    arena_fini(&arena);
}

static int naive_compare(const void *left, const void *right)
{
    const struct order_view *a = left, *b = right;
    if (a->updated_s != b->updated_s)
        return a->updated_s < b->updated_s ? -1 : 1;
    return a->id < b->id ? -1 : 1;
}

static void update_index_equals_sorting_everything(void **state)
{
    (void)state;
    struct shop shop;
    struct arena arena;
    arena_init(&arena);
    shop_make(&shop, 9, 10, 3);
    for (uint32_t now_s = FROM_S - 10; now_s < TO_S + 40 * DAY_S; now_s += 50021) {
        struct list_page rows = all_at(&shop, now_s, LIST_BY_CREATED, &arena);
        struct list_page sorted = all_at(&shop, now_s, LIST_BY_UPDATED, &arena);
        assert_int_equal(rows.rows_len, sorted.rows_len);
        qsort(rows.rows, rows.rows_len, sizeof *rows.rows, naive_compare);
        for (size_t i = 0; i < rows.rows_len; i++)
            assert_true(views_equal(&rows.rows[i], &sorted.rows[i]));
        arena_reset(&arena);
    }
    assert_int_equal(shop.visible, ORDERS);
    shop_fini(&shop);
    arena_fini(&arena);
}

static void windows_and_totals_equal_counting(void **state)
{
    (void)state;
    struct shop shop;
    struct arena arena;
    uint32_t now_s = FROM_S + 15 * DAY_S;
    arena_init(&arena);
    shop_make(&shop, 5, 0, 0);
    struct list_page rows = all_at(&shop, now_s, LIST_BY_CREATED, &arena);
    for (uint64_t i = 0; i < 200; i++) {
        uint32_t from_s = rows.rows[world_mix(i, 1) % rows.rows_len].updated_s;
        uint32_t to_s = rows.rows[world_mix(i, 2) % rows.rows_len].updated_s;
        struct list_query query = {.sort = LIST_BY_UPDATED,
                                   .from_s = from_s,
                                   .to_s = to_s,
                                   .offset = i % 13,
                                   .limit = 10,
                                   .descending = i % 2 == 0};
        struct list_page page;
        size_t inside = 0;
        for (size_t k = 0; k < rows.rows_len; k++)
            inside += rows.rows[k].updated_s >= from_s && rows.rows[k].updated_s <= to_s;
        assert_int_equal(shop_list(&shop, &query, now_s, &arena, &page, NULL), ERR_OK);
        assert_int_equal(page.total, inside);
        size_t left = inside > query.offset ? inside - query.offset : 0;
        assert_int_equal(page.rows_len, left < 10 ? left : 10);
        assert_int_equal(page.more, left > 10);
        for (size_t k = 1; k < page.rows_len; k++)
            assert_true((naive_compare(&page.rows[k - 1], &page.rows[k]) < 0) != query.descending);
    }
    shop_fini(&shop);
    arena_fini(&arena);
}

static void cursor_loses_no_order_while_rows_move(void **state)
{
    (void)state;
    struct shop shop;
    struct arena arena;
    uint32_t now_s = TO_S + 2 * DAY_S;
    arena_init(&arena);
    shop_make(&shop, 77, 600, 0);
    struct list_page before = all_at(&shop, now_s, LIST_BY_CREATED, &arena);
    uint8_t *seen = arena_alloc(&arena, ORDERS);
    struct list_query query = {.sort = LIST_BY_UPDATED, .to_s = UINT32_MAX, .limit = 20};
    size_t moved = 0, pages = 0;
    for (bool more = true; more; now_s++, pages++) {
        struct list_page page;
        assert_int_equal(shop_list(&shop, &query, now_s, &arena, &page, NULL), ERR_OK);
        for (size_t i = 0; i < page.rows_len; i++) {
            uint32_t number = page.rows[i].order.number;
            moved += seen[number];
            seen[number] = 1;
        }
        more = page.more;
        query.after = true;
        query.after_s = page.last_s;
        query.after_id = page.last_id;
        assert_true(pages < 1000);
    }
    assert_int_equal(before.rows_len, ORDERS);
    for (size_t i = 0; i < ORDERS; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved > 20);
    shop_fini(&shop);
    arena_fini(&arena);
}

static void ids_are_unique_and_lead_back_to_their_order(void **state)
{
    (void)state;
    struct shop shops[2];
    struct arena arena;
    struct order_view found;
    uint32_t now_s = TO_S;
    arena_init(&arena);
    shop_make(&shops[0], 11, 0, 0);
    shop_make(&shops[1], 11, 0, 1);
    struct list_page page = all_at(&shops[0], now_s, LIST_BY_ID, &arena);
    assert_int_equal(page.rows_len, ORDERS);
    for (size_t i = 0; i < page.rows_len; i++) {
        assert_true(page.rows[i].id >= KIND.id_base);
        assert_true(i == 0 || page.rows[i - 1].id < page.rows[i].id);
        assert_true(shop_find(&shops[0], page.rows[i].id, now_s, &found));
        assert_true(views_equal(&page.rows[i], &found));
        assert_false(shop_find(&shops[1], page.rows[i].id, now_s, &found));
    }
    assert_false(shop_find(&shops[0], 5, now_s, &found));
    shop_fini(&shops[0]);
    shop_fini(&shops[1]);
    arena_fini(&arena);
}

static void order_is_not_there_before_its_creation(void **state)
{
    (void)state;
    struct shop shop, later;
    struct arena arena;
    struct order_view found;
    arena_init(&arena);
    shop_make(&shop, 12, 0, 0);
    shop_make(&later, 12, 0, 0);
    struct order_view last = all_at(&later, TO_S, LIST_BY_CREATED, &arena).rows[ORDERS - 1];
    assert_false(shop_find(&shop, last.id, last.order.created_s - 1, &found));
    assert_true(shop_find(&shop, last.id, last.order.created_s, &found));
    assert_int_equal(found.step, 0);
    shop_fini(&shop);
    shop_fini(&later);
    arena_fini(&arena);
}

static void nothing_happens_after_the_rest(void **state)
{
    (void)state;
    struct shop shop;
    struct arena arena;
    struct world_plan plan = plan_of(3, 0);
    plan.rest_s = TO_S + DAY_S;
    arena_init(&arena);
    assert_int_equal(shop_init(&shop, &KIND, &plan, 0, ORDERS, NULL), ERR_OK);
    struct list_page then = all_at(&shop, plan.rest_s, LIST_BY_UPDATED, &arena);
    uint64_t changes = then.changes;
    struct list_page later = all_at(&shop, plan.rest_s + 400U * DAY_S, LIST_BY_UPDATED, &arena);
    assert_int_equal(then.rows_len, ORDERS);
    assert_int_equal(later.changes, changes);
    assert_true(later.rows[ORDERS - 1].updated_s <= plan.rest_s);
    for (size_t i = 0; i < ORDERS; i++)
        assert_true(views_equal(&then.rows[i], &later.rows[i]));
    shop_fini(&shop);
    arena_fini(&arena);
}

static void big_day_holds_its_orders(void **state)
{
    (void)state;
    struct shop shop;
    struct arena arena;
    struct world_plan plan = plan_of(3, 0);
    plan.big_day_s = FROM_S + 4 * DAY_S;
    plan.big_day_orders = 500;
    arena_init(&arena);
    assert_int_equal(shop_init(&shop, &KIND, &plan, 0, ORDERS, NULL), ERR_OK);
    struct list_query query = {.from_s = plan.big_day_s, .to_s = plan.big_day_s + DAY_S - 1};
    struct list_page page;
    assert_int_equal(shop_list(&shop, &query, TO_S, &arena, &page, NULL), ERR_OK);
    assert_in_range(page.total, 500, 530);
    shop_fini(&shop);
    arena_fini(&arena);
}

static void shifted_page_moves_rows_but_not_the_cursor(void **state)
{
    (void)state;
    struct shop shop;
    struct arena arena;
    arena_init(&arena);
    shop_make(&shop, 21, 0, 0);
    struct list_page all = all_at(&shop, TO_S, LIST_BY_CREATED, &arena);
    for (int64_t shift = -10; shift <= 1; shift += 11) {
        struct list_query query = {.to_s = UINT32_MAX, .offset = 30, .limit = 10, .shift = shift};
        struct list_page page;
        assert_int_equal(shop_list(&shop, &query, TO_S, &arena, &page, NULL), ERR_OK);
        assert_int_equal(page.start, 30);
        assert_int_equal(page.rows_len, 10);
        assert_int_equal(page.rows[0].id, all.rows[30 + shift].id);
        assert_int_equal(page.last_id, all.rows[39].id);
    }
    shop_fini(&shop);
    arena_fini(&arena);
}

static void churn_rate_can_change_while_the_world_runs(void **state)
{
    (void)state;
    struct shop shop;
    struct arena arena;
    uint32_t now_s = TO_S + DAY_S;
    arena_init(&arena);
    shop_make(&shop, 31, 0, 0);
    uint64_t changes = all_at(&shop, now_s, LIST_BY_UPDATED, &arena).changes;
    shop_set_churn(&shop, 120, now_s);
    struct list_page page = all_at(&shop, now_s + 60, LIST_BY_UPDATED, &arena);
    uint64_t churns = 0;
    for (size_t i = 0; i < page.rows_len; i++)
        churns += page.rows[i].order.churns;
    assert_int_equal(churns, 120);
    assert_true(page.changes > changes);
    assert_true(page.rows[page.rows_len - 1].churned);
    assert_int_equal(page.rows[page.rows_len - 1].updated_s, now_s + 60);
    shop_set_churn(&shop, 0, now_s + 60);
    assert_int_equal(
        all_at(&shop, now_s + 600, LIST_BY_UPDATED, &arena).rows[page.rows_len - 1].updated_s,
        now_s + 60);
    shop_fini(&shop);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_is_a_function_of_seed_and_now),
        cmocka_unit_test(update_index_equals_sorting_everything),
        cmocka_unit_test(windows_and_totals_equal_counting),
        cmocka_unit_test(cursor_loses_no_order_while_rows_move),
        cmocka_unit_test(ids_are_unique_and_lead_back_to_their_order),
        cmocka_unit_test(order_is_not_there_before_its_creation),
        cmocka_unit_test(nothing_happens_after_the_rest),
        cmocka_unit_test(big_day_holds_its_orders),
        cmocka_unit_test(shifted_page_moves_rows_but_not_the_cursor),
        cmocka_unit_test(churn_rate_can_change_while_the_world_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

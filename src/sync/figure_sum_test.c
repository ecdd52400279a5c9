/* Figures of ads added up. The expected numbers are worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sync/figure_sum.h"

static const char TABLES[] = "tables:\n"
                             "  figure:\n"
                             "    data: true\n"
                             "    since: 1\n"
                             "    comment: test\n"
                             "    key: [order_id]\n"
                             "    columns:\n"
                             "      order_id: {type: id, required: true}\n"
                             "      ads: {type: int}\n"
                             "      currency: {type: text}\n"
                             "      rate: {type: ratio, weight: plays}\n"
                             "      cost: {type: money}\n"
                             "      plays: {type: int}\n"
                             "      each: {type: money, quotient: [cost, sold]}\n"
                             "      sold: {type: int}\n";

struct fixture {
    struct arena arena;
    struct table_catalog *catalog;
    struct figure_layout layout;
    struct batch *batch;
    struct keyring *ring;
    char home[32];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    arena_init(&f->arena);
    *state = f;
    snprintf(f->home, sizeof f->home, "/tmp/figure-sum-XXXXXX");
    if (!mkdtemp(f->home) || keyring_create(str_of(f->home), NULL) ||
        keyring_open(str_of(f->home), &f->ring, NULL))
        return -1;
    return table_catalog_parse(STR("t"), str_of(TABLES), &f->arena, &f->catalog, NULL) ||
           figure_layout_make(&f->catalog->tables[0], &f->layout, NULL) ||
           batch_new(&f->catalog->tables[0], &f->arena, 10, &f->batch, NULL);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char key[48];
    snprintf(key, sizeof key, "%s/key", f->home);
    keyring_close(f->ring);
    unlink(key);
    int gone = rmdir(f->home);
    arena_fini(&f->arena);
    free(f);
    return gone;
}

enum { ABSENT = -1 };

static size_t row_add(struct fixture *f, int64_t cost, int64_t plays, int64_t rate, int64_t each,
                      int64_t sold)
{
    static const char *const names[] = {"cost", "plays", "rate", "each", "sold"};
    const int64_t values[] = {cost, plays, rate, each, sold};
    size_t row;
    assert_int_equal(batch_append(f->batch, &row, NULL), ERR_OK);
    batch_set_text(f->batch, row, 0, STR("o"));
    batch_set_text(f->batch, row, table_column(f->batch->table, STR("currency")), STR("CNY"));
    for (size_t i = 0; i < 5; i++)
        if (values[i] != ABSENT)
            batch_set_number(f->batch, row, table_column(f->batch->table, str_of(names[i])),
                             values[i]);
    return row;
}

static void sum_add(struct fixture *f, struct figure_sum *sum, int64_t cost, int64_t plays,
                    int64_t rate, int64_t each, int64_t sold)
{
    size_t row = row_add(f, cost, plays, rate, each, sold);
    assert_int_equal(figure_sum_row(&f->layout, f->batch, row, sum, NULL), ERR_OK);
}

/* Writes the sum into a new row and compares; ABSENT: nothing may stand there. */
static void sum_is(struct fixture *f, const struct figure_sum *sum, int64_t cost, int64_t plays,
                   int64_t rate, int64_t each, int64_t sold)
{
    static const char *const names[] = {"cost", "plays", "rate", "each", "sold"};
    const int64_t wanted[] = {cost, plays, rate, each, sold};
    struct batch *out;
    size_t row;
    assert_int_equal(batch_new(f->batch->table, &f->arena, 1, &out, NULL), ERR_OK);
    assert_int_equal(batch_append(out, &row, NULL), ERR_OK);
    batch_set_text(out, row, 0, STR("o"));
    assert_int_equal(figure_row_write(&f->layout, sum, f->ring, 7, out, row, NULL), ERR_OK);
    for (size_t i = 0; i < 5; i++) {
        size_t column = table_column(out->table, str_of(names[i]));
        bool set = batch_state(out, row, column) == CELL_SET;
        assert_int_equal(set ? out->columns[column].numbers[row] : ABSENT, wanted[i]);
    }
    assert_int_equal(out->guards[row].received_ms, 7);
}

static void one_ad_stays_as_the_platform_gave_it(void **state)
{
    struct fixture *f = *state;
    struct figure_sum sum = {.rows = 0};
    /* 100 / 3 is 33: what the platform rounds otherwise is its own business. */
    sum_add(f, &sum, 100, 10, 333333, 34, 3);
    sum_is(f, &sum, 100, 10, 333333, 34, 3);
    assert_int_equal(sum.ads, 1);
}

static void ads_are_added_and_what_follows_is_made_anew(void **state)
{
    struct fixture *f = *state;
    struct figure_sum sum = {.rows = 0};
    sum_add(f, &sum, 100, 10, 100000, 50, 2);
    sum_add(f, &sum, 105, 30, 300000, 105, 1);
    /* (10 · 0.1 + 30 · 0.3) / 40 = 0.25; 205 / 3 = 68.33 */
    sum_is(f, &sum, 205, 40, 250000, 68, 3);
    assert_int_equal(sum.ads, 2);
}

static void an_ad_that_says_no_rate_does_not_thin_that_of_the_others(void **state)
{
    struct fixture *f = *state;
    struct figure_sum sum = {.rows = 0};
    sum_add(f, &sum, 0, 10, 500000, 0, 0);
    sum_add(f, &sum, 0, 10, ABSENT, 0, 0);
    sum_is(f, &sum, 0, 20, 500000, 0, 0);
}

static void halves_go_to_the_even_neighbour(void **state)
{
    struct fixture *f = *state;
    struct figure_sum odd = {.rows = 0}, even = {.rows = 0};
    sum_add(f, &odd, 2, 1, 1, 0, 1);
    sum_add(f, &odd, 1, 1, 2, 0, 1);
    sum_is(f, &odd, 3, 2, 2, 2, 2); /* 3 / 2 → 2, (1 + 2) / 2 → 2 */
    sum_add(f, &even, 2, 1, 2, 0, 1);
    sum_add(f, &even, 3, 1, 3, 0, 1);
    sum_is(f, &even, 5, 2, 2, 2, 2); /* 5 / 2 → 2 */
}

static void without_plays_and_sales_nothing_is_divided(void **state)
{
    struct fixture *f = *state;
    struct figure_sum sum = {.rows = 0};
    sum_add(f, &sum, 0, 0, 0, 0, 0);
    sum_add(f, &sum, 0, 0, 0, 0, 0);
    sum_is(f, &sum, 0, 0, 0, 0, 0);
}

static void what_nobody_says_stays_unsaid_and_zero_is_said(void **state)
{
    struct fixture *f = *state;
    struct figure_sum sum = {.rows = 0};
    sum_add(f, &sum, 0, ABSENT, ABSENT, ABSENT, ABSENT);
    sum_add(f, &sum, 5, ABSENT, ABSENT, ABSENT, ABSENT);
    sum_is(f, &sum, 5, ABSENT, ABSENT, ABSENT, ABSENT);
}

static void ranges_of_the_same_ads_add_no_ads(void **state)
{
    struct fixture *f = *state;
    struct figure_sum closed = {.rows = 0}, open = {.rows = 0};
    sum_add(f, &closed, 100, 10, 100000, 50, 2);
    sum_add(f, &open, 105, 30, 300000, 105, 1);
    assert_int_equal(figure_sum_add(&f->layout, &closed, &open, NULL), ERR_OK);
    sum_is(f, &open, 205, 40, 250000, 68, 3);
    assert_int_equal(open.ads, 1);
}

static void a_correction_may_lower_them(void **state)
{
    struct fixture *f = *state;
    struct figure_sum sum = {.rows = 0};
    sum_add(f, &sum, -3, 4, 0, 0, 2);
    sum_add(f, &sum, 0, 0, 0, 0, 0);
    sum_is(f, &sum, -3, 4, 0, -2, 2); /* −3 / 2 → −2, the even one */
}

static bool fell(struct fixture *f, int64_t cost, int64_t plays, int64_t rate, int64_t each,
                 int64_t sold)
{
    struct figure_sum before = {.rows = 0}, now = {.rows = 0};
    sum_add(f, &before, 100, 10, 500000, 50, 2);
    sum_add(f, &now, cost, plays, rate, each, sold);
    return figure_money_fell(&f->layout, &before, &now);
}

static void money_that_falls_is_seen(void **state)
{
    struct fixture *f = *state;
    assert_false(fell(f, 100, 10, 500000, 50, 2));
    assert_false(fell(f, 101, 9, 400000, 40, 1));
    assert_false(fell(f, ABSENT, 10, 500000, 50, 2));
    assert_true(fell(f, 99, 11, 500000, 50, 3));
}

static void currencies_are_not_mixed_and_sums_do_not_overflow(void **state)
{
    struct fixture *f = *state;
    struct figure_sum sum = {.rows = 0};
    struct err err;
    sum_add(f, &sum, 1, 0, 0, 0, 0);
    size_t row = row_add(f, 1, 0, 0, 0, 0);
    batch_set_text(f->batch, row, table_column(f->batch->table, STR("currency")), STR("USD"));
    assert_int_equal(figure_sum_row(&f->layout, f->batch, row, &sum, &err), ERR_BAD_REPLY);
    assert_string_equal(err.code, "figure_currency");
    struct figure_sum large = {.rows = 0};
    sum_add(f, &large, INT64_MAX, 0, 0, 0, 0);
    row = row_add(f, 1, 0, 0, 0, 0);
    assert_int_equal(figure_sum_row(&f->layout, f->batch, row, &large, &err), ERR_BAD_REPLY);
    assert_string_equal(err.code, "figure_range");
}

static void equal_figures_have_equal_hashes(void **state)
{
    struct fixture *f = *state;
    unsigned char hashes[3][16];
    for (int i = 0; i < 3; i++) {
        struct figure_sum sum = {.rows = 0};
        struct batch *out;
        size_t row;
        sum_add(f, &sum, i == 2 ? 6 : 5, 1, 1, 1, 1);
        assert_int_equal(batch_new(f->batch->table, &f->arena, 1, &out, NULL), ERR_OK);
        assert_int_equal(batch_append(out, &row, NULL), ERR_OK);
        batch_set_text(out, row, 0, STR("o"));
        assert_int_equal(figure_row_write(&f->layout, &sum, f->ring, 1000 + i, out, row, NULL),
                         ERR_OK);
        memcpy(hashes[i], out->guards[row].hash, sizeof hashes[i]);
    }
    assert_memory_equal(hashes[0], hashes[1], sizeof hashes[0]);
    assert_memory_not_equal(hashes[0], hashes[2], sizeof hashes[0]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_ad_stays_as_the_platform_gave_it),
        CASE(ads_are_added_and_what_follows_is_made_anew),
        CASE(an_ad_that_says_no_rate_does_not_thin_that_of_the_others),
        CASE(halves_go_to_the_even_neighbour),
        CASE(without_plays_and_sales_nothing_is_divided),
        CASE(what_nobody_says_stays_unsaid_and_zero_is_said),
        CASE(ranges_of_the_same_ads_add_no_ads),
        CASE(a_correction_may_lower_them),
        CASE(money_that_falls_is_seen),
        CASE(currencies_are_not_mixed_and_sums_do_not_overflow),
        CASE(equal_figures_have_equal_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

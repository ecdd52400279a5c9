#include "base/metric.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void one_name_is_one_counter(void **state)
{
    (void)state;
    struct counter *calls = counter_of("test.calls");
    counter_add(calls, 2);
    counter_add(counter_of("test.calls"), 3);
    assert_int_equal(counter_value(calls), 5);
    assert_ptr_not_equal(calls, counter_of("test.other"));
}

enum { THREADS = 4, ADDS = 20000 };

static void *count(void *unused)
{
    (void)unused;
    for (int i = 0; i < ADDS; i++) {
        counter_add(counter_of("test.threads"), 1);
        histogram_record(histogram_of("test.threads"), i);
    }
    return NULL;
}

static void threads_lose_no_count(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(counter_value(counter_of("test.threads")), THREADS * ADDS);
    assert_int_equal(histogram_count(histogram_of("test.threads")), THREADS * ADDS);
    assert_int_equal(histogram_quantile(histogram_of("test.threads"), 1000), ADDS - 1);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The truth is a sorted array: the smallest value that per_mille of all do not exceed. */
static void quantiles_are_within_an_eighth_of_a_sort(void **state)
{
    (void)state;
    enum { VALUES = 5000 };
    static int64_t values[VALUES];
    struct histogram *histogram = histogram_of("test.quantiles");
    struct rng rng;
    rng_seed(&rng, 3);
    for (int i = 0; i < VALUES; i++) {
        /* All magnitudes from 1 to INT64_MAX alike. */
        values[i] = (int64_t)(rng_next(&rng) >> (1 + rng_below(&rng, 63)));
        histogram_record(histogram, values[i]);
    }
    qsort(values, VALUES, sizeof(values[0]), compare);
    for (unsigned per_mille = 1; per_mille <= 1000; per_mille++) {
        int64_t exact = values[(VALUES * per_mille + 999) / 1000 - 1];
        int64_t shown = histogram_quantile(histogram, per_mille);
        assert_true(shown >= exact);
        assert_true(shown - exact <= exact / 8);
    }
    assert_true(histogram_quantile(histogram, 1000) == values[VALUES - 1]);
}

static void the_ends_of_the_range_are_counted(void **state)
{
    (void)state;
    struct histogram *histogram = histogram_of("test.ends");
    assert_int_equal(histogram_quantile(histogram, 500), 0);
    histogram_record(histogram, -5);
    histogram_record(histogram, 0);
    assert_int_equal(histogram_quantile(histogram, 1000), 0);
    histogram_record(histogram, INT64_MAX);
    assert_true(histogram_quantile(histogram, 1000) == INT64_MAX);
    assert_int_equal(histogram_quantile(histogram, 0), 0);
    assert_int_equal(histogram_count(histogram), 3);
}

static void the_dump_has_a_line_for_each(void **state)
{
    (void)state;
    struct buf out;
    counter_add(counter_of("test.dumped"), 12);
    for (int i = 1; i <= 100; i++)
        histogram_record(histogram_of("test.dumped_ms"), i % 4);
    buf_init(&out, 100000);
    metric_dump(&out);
    assert_false(out.failed);
    assert_non_null(strstr(out.ptr, "test.dumped 12\n"));
    assert_non_null(strstr(out.ptr, "test.dumped_ms.count 100\ntest.dumped_ms.p50 1\n"
                                    "test.dumped_ms.p95 3\ntest.dumped_ms.p99 3\n"
                                    "test.dumped_ms.max 3\n"));
    buf_fini(&out);
}

/* Last: it fills the table. */
static void beyond_the_table_all_share_one_counter(void **state)
{
    (void)state;
    static char names[300][16];
    for (int i = 0; i < 300; i++) {
        snprintf(names[i], sizeof(names[i]), "fill.%d", i);
        counter_add(counter_of(names[i]), 1);
    }
    assert_int_equal(counter_value(counter_of("fill.0")), 1);
    assert_ptr_equal(counter_of("fill.298"), counter_of("fill.299"));
    assert_int_equal(counter_value(counter_of("fill.0")), 1);
    assert_ptr_equal(counter_of("test.calls"), counter_of("test.calls"));
    struct buf out;
    buf_init(&out, 100000);
    metric_dump(&out);
    assert_non_null(strstr(out.ptr, "metric.overflow "));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_name_is_one_counter),
        cmocka_unit_test(threads_lose_no_count),
        cmocka_unit_test(quantiles_are_within_an_eighth_of_a_sort),
        cmocka_unit_test(the_ends_of_the_range_are_counted),
        cmocka_unit_test(the_dump_has_a_line_for_each),
        cmocka_unit_test(beyond_the_table_all_share_one_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

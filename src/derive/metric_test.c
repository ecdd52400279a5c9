#include "derive/metric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *vectors_path;

static struct metric_catalog *own(struct arena *arena)
{
    struct metric_catalog *catalog;
    struct err err;
    if (metrics_own(arena, &catalog, &err))
        fail_msg("%s", err.message);
    return catalog;
}

/* "name=17", "name=?" or, weighed, "name=17/4". */
static size_t item_read(const struct metric_family *family, const char *item, struct figure *value,
                        int64_t *weights)
{
    const char *equals = strchr(item, '=');
    assert_non_null(equals);
    size_t at = metric_find(family, (struct str){item, (size_t)(equals - item)});
    assert_true(at != SIZE_MAX);
    char *end = NULL;
    value->known = equals[1] != '?';
    value->number = value->known ? strtoll(equals + 1, &end, 10) : 0;
    *weights = end && *end == '/' ? strtoll(end + 1, NULL, 10) : 0;
    return at;
}

static void line_check(const struct metric_catalog *catalog, char *line, unsigned number)
{
    struct metric_sums sums = {.many = false};
    struct figure out[METRICS_MAX], wanted;
    struct err err;
    const struct metric_family *family = metric_family(catalog, str_of(strtok(line, " ")));
    assert_non_null(family);
    int exponent = atoi(strtok(NULL, " "));
    sums.many = strcmp(strtok(NULL, " "), "many") == 0;
    int64_t weights;
    char *item;
    while ((item = strtok(NULL, " \n")) && strcmp(item, "=") != 0) {
        struct figure value;
        size_t at = item_read(family, item, &value, &weights);
        sums.value[at] = value;
        sums.weighed[at] = value.number;
        sums.weights[at] = weights;
    }
    assert_int_equal(metrics_work_out(family, &sums, exponent, out, &err), ERR_OK);
    while ((item = strtok(NULL, " \n"))) {
        size_t at = item_read(family, item, &wanted, &weights);
        if (out[at].known != wanted.known || (wanted.known && out[at].number != wanted.number))
            fail_msg("line %u: wants %s, not %s%lld", number, item, out[at].known ? "" : "unknown ",
                     (long long)out[at].number);
    }
}

static void values_are_those_of_fractions(void **state)
{
    (void)state;
    char line[4096];
    unsigned number = 0;
    struct arena arena;
    arena_init(&arena);
    const struct metric_catalog *catalog = own(&arena);
    FILE *file = fopen(vectors_path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        line_check(catalog, line, ++number);
    fclose(file);
    assert_true(number > 200);
    arena_fini(&arena);
}

static void a_value_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct arena arena;
    struct err err;
    struct figure out[METRICS_MAX];
    struct metric_sums sums = {.many = false};
    arena_init(&arena);
    const struct metric_family *family = metric_family(own(&arena), STR("ad"));
    sums.value[metric_find(family, STR("plays"))] = (struct figure){true, INT64_MAX};
    sums.value[metric_find(family, STR("cost"))] = (struct figure){true, 1};
    assert_int_equal(metrics_work_out(family, &sums, 2, out, &err), ERR_INTERNAL);
    assert_string_equal(err.code, "metric_range");
    arena_fini(&arena);
}

#define METRIC(name, rest) "    " name ": {zh: 一, en: One, " rest "}\n"
#define ADDED(name) METRIC(name, "unit: count, add: c")

static void refuses(const char *metrics, const char *place, const char *message)
{
    struct arena arena;
    struct err err;
    struct metric_catalog *catalog;
    arena_init(&arena);
    struct str text = arena_printf(&arena, "metrics:\n  ad:\n%s", metrics);
    assert_int_equal(metrics_parse(STR("m.yaml"), text, &arena, &catalog, &err), ERR_CONFIG);
    if (!strstr(err.message, message) || !strstr(err.message, place))
        fail_msg("says: %s", err.message);
    arena_fini(&arena);
}

static void what_cannot_work_is_refused_where_it_stands(void **state)
{
    (void)state;
    refuses(METRIC("a", "unit: count"), "m.yaml:3:", "has one of");
    refuses(METRIC("a", "unit: count, add: c, sum: [b, c]"), "m.yaml:3:", "has one of");
    refuses(METRIC("a", "unit: kilo, add: c"), "m.yaml:3:", "kilo");
    refuses(ADDED("b") METRIC("a", "unit: count, sum: [b, -x]"),
            "m.yaml:4:", "there is no metric \"-x\"");
    refuses(ADDED("b") METRIC("a", "unit: money, sum: [b, b]"), "m.yaml:4:", "another unit");
    refuses(ADDED("b") METRIC("a", "unit: share, divide: [b, b], zero: 0"),
            "m.yaml:4:", "its \"decimals\"");
    refuses(ADDED("b") METRIC("a", "unit: share, divide: [b, b], decimals: 4"),
            "m.yaml:4:", "has \"zero\"");
    refuses(METRIC("a", "unit: share, weigh: c"), "m.yaml:3:", "has \"by\"");
    refuses(ADDED("a") METRIC("b", "unit: count, sum: [a, c]")
                METRIC("c", "unit: count, sum: [a, b]"),
            "m.yaml:4:", "is made of itself");
}

static void every_metric_has_its_words(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    const struct metric_catalog *catalog = own(&arena);
    assert_int_equal(catalog->families_len, 2);
    for (size_t i = 0; i < catalog->families_len; i++)
        for (size_t k = 0; k < catalog->families[i].metrics_len; k++)
            assert_true(catalog->families[i].metrics[k].zh.len > 0 &&
                        catalog->families[i].metrics[k].en.len > 0);
    const struct metric_family *ad = metric_family(catalog, STR("ad"));
    assert_null(metric_family(catalog, STR("none")));
    assert_int_equal(metric_decimals(&ad->metrics[metric_find(ad, STR("cost"))], 3), 3);
    assert_int_equal(metric_decimals(&ad->metrics[metric_find(ad, STR("completion_5s"))], 3), 6);
    arena_fini(&arena);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_fractions),
        cmocka_unit_test(a_value_that_does_not_fit_is_an_error),
        cmocka_unit_test(what_cannot_work_is_refused_where_it_stands),
        cmocka_unit_test(every_metric_has_its_words),
    };
    vectors_path = argc > 1 ? argv[1] : "tests/vectors/metrics.txt";
    return cmocka_run_group_tests(tests, NULL, NULL);
}

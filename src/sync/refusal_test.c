#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "sync/sync_internal.h"

#include <cmocka.h>

/* A list of rows and a platform that refuses every question with a bad one in it. */
enum { ROWS_MAX = 200, CALLS_MAX = 1000 };
struct list {
    bool bad[ROWS_MAX];
    size_t left[ROWS_MAX]; /* numbers of the rows that are due, in their order */
    size_t len;
    bool aside[ROWS_MAX], answered[ROWS_MAX];
    size_t calls;
};

static void list_of(struct list *list, size_t len)
{
    *list = (struct list){.len = len};
    for (size_t i = 0; i < len; i++)
        list->left[i] = i;
}

static bool question_refused(struct list *list, size_t offset, size_t rows)
{
    bool refused = false;
    assert_true(offset + rows <= list->len && rows > 0);
    assert_true(++list->calls < CALLS_MAX);
    for (size_t i = offset; i < offset + rows; i++)
        refused |= list->bad[list->left[i]];
    return refused;
}

static void rows_leave(struct list *list, bool *gone, size_t offset, size_t rows)
{
    for (size_t i = offset; i < offset + rows; i++)
        gone[list->left[i]] = true;
    memmove(list->left + offset, list->left + offset + rows,
            (list->len - offset - rows) * sizeof *list->left);
    list->len -= rows;
}

/* As figures.c and revisit.c go on in the try that begins the parts. False: the task fails. */
static bool list_run_as(struct list *list, int64_t task_id)
{
    const struct task task = {.id = task_id};
    struct task_run run = {.task = &task, .tried = true};
    struct parts parts = {.len = 0};
    assert_int_equal(
        refusal_judge(&run, &parts, STR("l"), list->len, list->len, false, ERR_BAD_REPLY),
        REFUSAL_PARTS);
    run.tried = false;
    while (list->len > 0) {
        size_t offset, rows = list->len;
        parts_next(&run, &parts, STR("l"), &offset, &rows);
        if (!question_refused(list, offset, rows)) {
            rows_leave(list, list->answered, offset, rows);
            parts_done(&parts, STR("l"), rows, true);
            continue;
        }
        switch (refusal_judge(&run, &parts, STR("l"), rows, rows, false, ERR_BAD_REPLY)) {
        case REFUSAL_FAILS:
            assert_true(run.tried); /* no further try of this task */
            return false;
        case REFUSAL_PARTS:
            break;
        case REFUSAL_ASIDE:
            rows_leave(list, list->aside, offset, rows);
            break;
        }
    }
    return true;
}

static bool list_run(struct list *list)
{
    return list_run_as(list, 0);
}

static void one_bad_row_of_any_number_is_found_wherever_it_is(void **state)
{
    (void)state;
    for (size_t len = 2; len <= ROWS_MAX; len += len < 20 ? 1 : 37)
        for (size_t at = 0; at < len; at++) {
            struct list list;
            size_t log2 = 0;
            while ((size_t)1 << log2 < len)
                log2++;
            list_of(&list, len);
            list.bad[at] = true;
            assert_true(list_run(&list));
            for (size_t i = 0; i < len; i++) {
                assert_int_equal(list.aside[i], i == at);
                assert_int_equal(list.answered[i], i != at);
            }
            assert_in_range(list.calls, 2, 2 * log2 + 2);
        }
}

static void bad_rows_here_and_there_are_all_found(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 20261120);
    for (int round = 0; round < 500; round++) {
        struct list list;
        size_t bad = 1 + (size_t)rng_below(&rng, 5);
        list_of(&list, 100);
        for (size_t i = 0; i < bad; i++)
            list.bad[rng_below(&rng, 100)] = true;
        if (!list_run(&list)) /* all three probes were bad: one in a few thousand */
            continue;
        for (size_t i = 0; i < 100; i++) {
            assert_int_equal(list.aside[i], list.bad[i]);
            assert_int_equal(list.answered[i], !list.bad[i]);
        }
    }
}

static void a_platform_that_refuses_everything_is_asked_three_times(void **state)
{
    (void)state;
    struct list list;
    list_of(&list, 100);
    memset(list.bad, true, sizeof list.bad);
    assert_false(list_run(&list));
    assert_int_equal(list.calls, 3);
    assert_int_equal(list.len, 100);
}

static void the_next_task_asks_other_rows_alone(void **state)
{
    (void)state;
    struct list list;
    int64_t failed = 0;
    for (int64_t task = 1; task <= 200; task++) {
        list_of(&list, 10);
        list.bad[1] = list.bad[5] = list.bad[8] = true; /* a sixth, a half, five sixths */
        failed += !list_run_as(&list, task);
    }
    assert_in_range(failed, 1, 60);
}

static void a_platform_that_begins_to_refuse_sets_few_aside(void **state)
{
    (void)state;
    struct list list;
    size_t aside = 0;
    list_of(&list, 100);
    memset(list.bad, true, sizeof list.bad);
    list.bad[16] = false; /* what is asked first of all, a sixth from the start */
    assert_false(list_run(&list));
    for (size_t i = 0; i < 100; i++)
        aside += list.aside[i];
    assert_in_range(aside, 1, REFUSED_ROWS_MAX - 1);
    assert_true(list.calls < 40);
}

static void what_is_about_the_platform_is_never_asked_in_parts(void **state)
{
    (void)state;
    static const enum err_class classes[] = {ERR_RETRY,         ERR_THROTTLED, ERR_LATER,
                                             ERR_TOKEN_EXPIRED, ERR_FORBIDDEN, ERR_STORE,
                                             ERR_STOPPED,       ERR_CONFLICT,  ERR_NOT_READY};
    struct task_run run = {0};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        struct parts parts = {.list = STR("l"), .rows = {50}, .len = 1, .answered = true};
        assert_int_equal(refusal_judge(&run, &parts, STR("l"), 50, 50, false, classes[i]),
                         REFUSAL_FAILS);
        assert_int_equal(parts.rows[0], 50);
    }
}

static void parts_are_of_one_list(void **state)
{
    (void)state;
    const struct task task = {.id = 1};
    const struct task_run run = {.task = &task};
    struct parts parts = {.list = STR("life"), .rows = {8, 4}, .len = 2, .answered = true};
    size_t offset = 7, rows = 100;
    assert_false(parts_next(&run, &parts, STR("days"), &offset, &rows));
    assert_int_equal(rows, 100);
    parts_done(&parts, STR("days"), 8, true);
    assert_int_equal(parts.len, 2);
    assert_true(parts_next(&run, &parts, STR("life"), &offset, &rows));
    assert_int_equal(offset, 0);
    assert_int_equal(rows, 8);
    parts_done(&parts, STR("life"), 8, true);
    assert_int_equal(parts.rows[0], 4);
    parts_done(&parts, STR("life"), 4, true);
    assert_false(parts_next(&run, &parts, STR("life"), &offset, &rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_bad_row_of_any_number_is_found_wherever_it_is),
        cmocka_unit_test(bad_rows_here_and_there_are_all_found),
        cmocka_unit_test(a_platform_that_refuses_everything_is_asked_three_times),
        cmocka_unit_test(the_next_task_asks_other_rows_alone),
        cmocka_unit_test(a_platform_that_begins_to_refuse_sets_few_aside),
        cmocka_unit_test(what_is_about_the_platform_is_never_asked_in_parts),
        cmocka_unit_test(parts_are_of_one_list),
    };
    return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}

#include "batch/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ID, PART, NOTE, PHONE, COLUMNS };

static const struct column columns[COLUMNS] = {
    [ID] = {.name = {"id", 2}, .type = COLUMN_ID, .required = true, .since = 1},
    [PART] = {.name = {"part", 4}, .type = COLUMN_INT, .required = true, .since = 1},
    [NOTE] = {.name = {"note", 4}, .type = COLUMN_TEXT, .since = 1},
    [PHONE] = {.name = {"phone", 5},
               .type = COLUMN_PERSONAL,
               .personal = PERSONAL_PHONE,
               .since = 1},
};
static const size_t key[] = {ID, PART};
static const struct table table = {.name = {"thing", 5},
                                   .data = true,
                                   .since = 1,
                                   .columns = columns,
                                   .columns_len = COLUMNS,
                                   .key = key,
                                   .key_len = 2,
                                   .updated = SIZE_MAX,
                                   .created = SIZE_MAX,
                                   .status = SIZE_MAX};

static struct arena arena;

static int make_arena(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int free_arena(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static struct batch *batch_of(size_t rows_max)
{
    struct batch *batch;
    assert_int_equal(batch_new(&table, &arena, rows_max, &batch, NULL), ERR_OK);
    return batch;
}

static size_t append(struct batch *batch)
{
    size_t row;
    assert_int_equal(batch_append(batch, &row, NULL), ERR_OK);
    return row;
}

static void cells_start_absent_and_say_how_they_were_set(void **state)
{
    (void)state;
    struct batch *batch = batch_of(2);
    size_t row = append(batch);
    for (size_t i = 0; i < COLUMNS; i++)
        assert_int_equal(batch_state(batch, row, i), CELL_ABSENT);
    batch_set_number(batch, row, PART, -5);
    batch_set_text(batch, row, NOTE, STR("words"));
    batch_set_state(batch, row, PHONE, CELL_GONE);
    batch_set_state(batch, row, ID, CELL_NULL);
    assert_int_equal(batch_state(batch, row, PART), CELL_SET);
    assert_int_equal(batch->columns[PART].numbers[row], -5);
    assert_int_equal(batch_state(batch, row, NOTE), CELL_SET);
    assert_true(str_eq(batch->columns[NOTE].texts[row], STR("words")));
    assert_int_equal(batch_state(batch, row, PHONE), CELL_GONE);
    assert_int_equal(batch_state(batch, row, ID), CELL_NULL);
    assert_int_equal(batch_state(batch, append(batch), NOTE), CELL_ABSENT);
}

static void a_row_too_many_is_a_bad_reply(void **state)
{
    (void)state;
    struct batch *batch = batch_of(1);
    struct err err;
    size_t row = 77;
    append(batch);
    assert_int_equal(batch_append(batch, &row, &err), ERR_BAD_REPLY);
    assert_string_equal(err.code, "page_records");
    assert_int_equal(batch->rows_len, 1);
    assert_int_equal(row, 77);
}

static void a_dropped_row_leaves_nothing_to_the_next(void **state)
{
    (void)state;
    struct batch *batch = batch_of(1);
    size_t row = append(batch);
    for (size_t i = 0; i < COLUMNS; i++)
        batch_set_state(batch, row, i, CELL_GONE);
    batch->guards[row].received_ms = 9;
    batch->originals[row] = STR("x");
    batch->sealed[PHONE][row].cipher = STR("x");
    batch_drop_last(batch);
    assert_int_equal(batch->rows_len, 0);
    assert_int_equal(append(batch), row);
    for (size_t i = 0; i < COLUMNS; i++)
        assert_int_equal(batch_state(batch, row, i), CELL_ABSENT);
    assert_int_equal(batch->guards[row].received_ms, 0);
    assert_int_equal(batch->originals[row].len, 0);
    assert_null(batch->sealed[PHONE][row].cipher.ptr);
}

static void a_key_is_its_parts_joined(void **state)
{
    (void)state;
    struct batch *batch = batch_of(1);
    struct str text;
    struct err err;
    size_t row = append(batch);
    batch_set_text(batch, row, ID, STR("1835"));
    assert_int_equal(batch_key(batch, row, &arena, &text, &err), ERR_SKIP_RECORD);
    assert_string_equal(err.code, "key_missing");
    assert_non_null(strstr(err.message, "part"));
    batch_set_number(batch, row, PART, -12);
    assert_int_equal(batch_key(batch, row, &arena, &text, &err), ERR_OK);
    assert_true(str_eq(text, STR("1835\x1f"
                                 "-12")));
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    enum err_class class_ = ERR_INTERNAL;
    int failures = 0;
    for (int n = 1; class_; n++) {
        struct batch *batch;
        char order[40];
        snprintf(order, sizeof(order), "base.alloc=error@%d", n);
        setenv("HUILIU_FAIL", order, 1);
        assert_int_equal(fail_setup(NULL), ERR_OK);
        class_ = batch_new(&table, &arena, 4, &batch, NULL);
        assert_true(class_ == ERR_OK || class_ == ERR_INTERNAL);
        failures += class_ != ERR_OK;
    }
    unsetenv("HUILIU_FAIL");
    assert_int_equal(fail_setup(NULL), ERR_OK);
    assert_true(failures > 0); /* one a block, or one an object in sanitizer builds */
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, make_arena, free_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(cells_start_absent_and_say_how_they_were_set),
        WITH_ARENA(a_row_too_many_is_a_bad_reply),
        WITH_ARENA(a_dropped_row_leaves_nothing_to_the_next),
        WITH_ARENA(a_key_is_its_parts_joined),
        WITH_ARENA(every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

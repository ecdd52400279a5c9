#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void text_is_built_piece_by_piece_and_terminated(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    assert_int_equal(buf_str(&buf).len, 0);
    assert_non_null(buf_str(&buf).ptr);
    buf_add(&buf, STR("page="));
    buf_printf(&buf, "%d", 12);
    buf_add_char(&buf, '&');
    buf_add_bytes(&buf, "a\0b", 3);
    buf_add(&buf, STR_NONE);
    assert_false(buf.failed);
    assert_int_equal(buf.len, 11);
    assert_memory_equal(buf.ptr, "page=12&a\0b", 12);
    buf_fini(&buf);
}

static void the_maximum_fails_and_the_failure_sticks(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    buf_add(&buf, STR("0123456789"));
    assert_false(buf.failed);
    buf_add(&buf, STR_NONE);
    assert_false(buf.failed);
    buf_add_char(&buf, 'x');
    assert_true(buf.failed);
    assert_string_equal(buf.ptr, "0123456789");
    buf_reset(&buf);
    assert_false(buf.failed);
    assert_string_equal(buf.ptr, "");
    buf_printf(&buf, "%s", "01234567890");
    assert_true(buf.failed);
    buf_add_char(&buf, 'x');
    assert_int_equal(buf.len, 0);
    buf_fini(&buf);
}

static void lent_memory_is_filled_and_never_left(void **state)
{
    (void)state;
    char memory[8] = "garbage";
    struct buf buf;
    buf_init_lent(&buf, memory, sizeof memory);
    assert_true(str_eq(buf_str(&buf), STR("")));
    buf_add(&buf, STR("abc"));
    buf_printf(&buf, "%d", 4567);
    assert_true(str_eq(buf_str(&buf), STR("abc4567")));
    assert_ptr_equal(buf_str(&buf).ptr, memory);
    assert_int_equal(memory[7], 0);
    assert_false(buf.failed);
    buf_add_char(&buf, '8');
    assert_true(buf.failed);
    assert_true(str_eq(buf_str(&buf), STR("abc4567")));
    buf_reset(&buf);
    buf_add(&buf, STR("again"));
    assert_ptr_equal(buf_str(&buf).ptr, memory);
    buf_fini(&buf);
}

static void growing_keeps_what_was_there(void **state)
{
    (void)state;
    enum { PIECES = 20000 };
    struct buf buf;
    buf_init(&buf, 6 * PIECES);
    for (int i = 0; i < PIECES; i++)
        buf_printf(&buf, "%05d,", i);
    assert_false(buf.failed);
    assert_int_equal(buf.len, 6 * PIECES);
    /* Doubling stops at the maximum. */
    assert_int_equal(buf.room_bytes, 6 * PIECES + 1);
    for (int i = 0; i < PIECES; i++)
        assert_int_equal(strtol(buf.ptr + 6 * i, NULL, 10), i);
    buf_fini(&buf);
}

static void failed_memory_sets_failed_and_keeps_the_text(void **state)
{
    (void)state;
    struct buf buf;
    char long_text[1000];
    memset(long_text, 'x', sizeof(long_text));
    buf_init(&buf, 10000);
    buf_add(&buf, STR("kept"));
    setenv("HUILIU_FAIL", "base.alloc=error", 1);
    assert_int_equal(fail_setup(NULL), ERR_OK);
    buf_add_bytes(&buf, long_text, sizeof(long_text));
    assert_true(buf.failed);
    assert_string_equal(buf.ptr, "kept");
    unsetenv("HUILIU_FAIL");
    assert_int_equal(fail_setup(NULL), ERR_OK);
    buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_built_piece_by_piece_and_terminated),
        cmocka_unit_test(the_maximum_fails_and_the_failure_sticks),
        cmocka_unit_test(lent_memory_is_filled_and_never_left),
        cmocka_unit_test(growing_keeps_what_was_there),
        cmocka_unit_test(failed_memory_sets_failed_and_keeps_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

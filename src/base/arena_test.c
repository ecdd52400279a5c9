#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void objects_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    enum { OBJECTS = 3000 };
    static unsigned char *objects[OBJECTS];
    static size_t sizes[OBJECTS];
    struct arena arena;
    struct rng rng;
    arena_init(&arena);
    rng_seed(&rng, 1);
    /* A second round after a reset meets memory that was used. */
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < OBJECTS; i++) {
            sizes[i] = (size_t)rng_below(&rng, i % 100 == 0 ? 100000 : 300);
            objects[i] = arena_alloc(&arena, sizes[i]);
            assert_non_null(objects[i]);
            assert_int_equal((uintptr_t)objects[i] % alignof(max_align_t), 0);
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(objects[i][j], 0);
            if (sizes[i] > 0)
                memset(objects[i], (int)(i % 255) + 1, sizes[i]);
        }
        for (size_t i = 0; i < OBJECTS; i++) {
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(objects[i][j], i % 255 + 1);
        }
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

static void empty_objects_have_addresses_of_their_own(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    void *a = arena_alloc(&arena, 0), *b = arena_alloc(&arena, 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    arena_fini(&arena);
}

static void the_maximum_is_a_maximum_and_a_reset_gives_it_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init_max(&arena, 1000);
    assert_non_null(arena_alloc(&arena, 600));
    assert_null(arena_alloc(&arena, 401));
    assert_non_null(arena_alloc(&arena, 400));
    assert_null(arena_alloc(&arena, 1));
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 1000));
    arena_fini(&arena);
}

static void array_size_is_checked_for_overflow(void **state)
{
    (void)state;
    struct arena arena;
    arena_init_max(&arena, SIZE_MAX);
    assert_null(arena_array(&arena, SIZE_MAX / 8 + 2, 8));
    assert_non_null(arena_array(&arena, 10, 8));
    assert_int_equal(arena.used_bytes, 80);
    arena_fini(&arena);
}

static void a_list_grows_by_doubling_and_keeps_its_members(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    int *list = NULL;
    size_t room = 0, copies = 0;
    for (size_t len = 0; len < 1000; len++) {
        int *grown = arena_grow(&arena, list, len, &room, sizeof *grown);
        assert_non_null(grown);
        copies += grown != list;
        list = grown;
        list[len] = (int)len;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(list[i], i);
    assert_int_equal(room, 1024);
    assert_int_equal(copies, 7); /* 16, 32, … 1024 */
    arena_fini(&arena);
}

static void a_list_that_cannot_grow_is_as_it_was(void **state)
{
    (void)state;
    struct arena arena;
    arena_init_max(&arena, 100);
    size_t room = 0;
    int *list = arena_grow(&arena, NULL, 0, &room, sizeof *list);
    assert_non_null(list);
    assert_null(arena_grow(&arena, list, 16, &room, sizeof *list));
    assert_int_equal(room, 16);
    assert_ptr_equal(arena_grow(&arena, list, 15, &room, sizeof *list), list);
    room = SIZE_MAX / 2 + 1;
    assert_null(arena_grow(&arena, list, room, &room, sizeof *list));
    arena_fini(&arena);
}

static void copies_are_terminated_and_independent(void **state)
{
    (void)state;
    struct arena arena;
    char text[] = "page=3";
    arena_init(&arena);
    struct str copy = arena_dup(&arena, str_of(text));
    text[0] = 'X';
    assert_int_equal(copy.len, 6);
    assert_string_equal(copy.ptr, "page=3");
    struct str empty = arena_dup(&arena, STR_NONE);
    assert_non_null(empty.ptr);
    assert_string_equal(empty.ptr, "");
    struct str printed = arena_printf(&arena, "%s-%d", "w", 12);
    assert_int_equal(printed.len, 4);
    assert_string_equal(printed.ptr, "w-12");
    arena_fini(&arena);
}

static void failed_memory_is_reported_not_ignored(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    setenv("HUILIU_FAIL", "base.alloc=error@1+", 1);
    assert_int_equal(fail_setup(NULL), ERR_OK);
    assert_null(arena_alloc(&arena, 8));
    assert_null(arena_dup(&arena, STR("a")).ptr);
    assert_null(arena_printf(&arena, "%d", 1).ptr);
    unsetenv("HUILIU_FAIL");
    assert_int_equal(fail_setup(NULL), ERR_OK);
    assert_non_null(arena_alloc(&arena, 8));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_zeroed_aligned_and_apart),
        cmocka_unit_test(empty_objects_have_addresses_of_their_own),
        cmocka_unit_test(the_maximum_is_a_maximum_and_a_reset_gives_it_back),
        cmocka_unit_test(array_size_is_checked_for_overflow),
        cmocka_unit_test(a_list_grows_by_doubling_and_keeps_its_members),
        cmocka_unit_test(a_list_that_cannot_grow_is_as_it_was),
        cmocka_unit_test(copies_are_terminated_and_independent),
        cmocka_unit_test(failed_memory_is_reported_not_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

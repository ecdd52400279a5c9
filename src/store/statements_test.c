/* The places of prepared statements, without a database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "store/statements.h"

static struct statements all;
static struct statement made[STATEMENTS_MAX + 2];
static size_t made_len;

static struct statement *make(const char *text)
{
    struct statement *fresh = &made[made_len++];
    assert_true(statement_init(fresh, NULL, text));
    return fresh;
}

static int begin(void **state)
{
    (void)state;
    all = (struct statements){.uses = 0};
    made_len = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    while (made_len > 0)
        statement_fini(&made[--made_len]);
    return 0;
}

/* Fills every place with statements "0" … that were given back. */
static void fill(void)
{
    char text[16];
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        snprintf(text, sizeof(text), "%zu", i);
        struct statement *fresh = make(text);
        assert_null(statements_add(&all, fresh));
        assert_false(statement_give_back(fresh));
    }
}

static void a_text_is_found_again_and_lent_to_one(void **state)
{
    (void)state;
    char text[] = "SELECT 1";
    assert_null(statements_borrow(&all, text));
    struct statement *first = make(text);
    assert_null(statements_add(&all, first));
    assert_null(statements_borrow(&all, "SELECT 1")); /* it is lent */
    text[7] = '2';
    assert_false(statement_give_back(first));
    assert_null(statements_borrow(&all, text));
    assert_ptr_equal(statements_borrow(&all, "SELECT 1"), first);
    assert_null(statements_borrow(&all, "SELECT 1"));
}

static void who_was_unused_for_longest_makes_room(void **state)
{
    (void)state;
    fill();
    struct statement *zero = statements_borrow(&all, "0");
    assert_false(statement_give_back(zero)); /* now "1" was unused for longest */
    struct statement *lost = statements_add(&all, make("new"));
    assert_string_equal(lost->text, "1");
    assert_null(statements_borrow(&all, "1"));
    assert_ptr_equal(statements_borrow(&all, "0"), zero);
}

static void where_all_are_lent_a_new_one_has_no_place(void **state)
{
    (void)state;
    char text[16];
    fill();
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        snprintf(text, sizeof(text), "%zu", i);
        assert_non_null(statements_borrow(&all, text));
    }
    struct statement *guest = make("guest");
    assert_null(statements_add(&all, guest));
    assert_true(statement_give_back(guest));
    assert_null(statements_borrow(&all, "guest"));
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_text_is_found_again_and_lent_to_one),
        EACH(who_was_unused_for_longest_makes_room),
        EACH(where_all_are_lent_a_new_one_has_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

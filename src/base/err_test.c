#include "base/err.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum err_class window_fail(struct err *err)
{
    return err_set(err, ERR_BAD_REPLY, "no_list", "the list of page %d is missing", 3);
}

static void the_lowest_function_fills_all_details(void **state)
{
    (void)state;
    struct err err = {.retry_at_ms = 99};
    assert_int_equal(window_fail(&err), ERR_BAD_REPLY);
    assert_int_equal(err.class_, ERR_BAD_REPLY);
    assert_int_equal(err.scope, ERR_SCOPE_REQUEST);
    assert_string_equal(err.code, "no_list");
    assert_string_equal(err.message, "the list of page 3 is missing");
    assert_string_equal(err.origin, "window_fail");
    assert_int_equal(err.retry_at_ms, 0);
    err_clear(&err);
    assert_int_equal(err.class_, ERR_OK);
    assert_string_equal(err.message, "");
}

static void details_may_be_left_out(void **state)
{
    (void)state;
    assert_int_equal(window_fail(NULL), ERR_BAD_REPLY);
    assert_int_equal(err_no_memory(NULL), ERR_INTERNAL);
    err_prefix(NULL, "x");
    err_clear(NULL);
}

static void a_prefix_names_the_place(void **state)
{
    (void)state;
    struct err err;
    window_fail(&err);
    err_prefix(&err, "shop %s", "7");
    assert_string_equal(err.message, "shop 7: the list of page 3 is missing");
    assert_string_equal(err.code, "no_list");
}

static void a_message_may_quote_the_message_it_replaces(void **state)
{
    (void)state;
    struct err err;
    window_fail(&err);
    err_set(&err, ERR_RETRY, "again", "tried twice: %s", err.message);
    assert_string_equal(err.message, "tried twice: the list of page 3 is missing");
}

static void long_messages_are_cut_between_characters(void **state)
{
    (void)state;
    struct err err;
    char text[1000];
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "流", 4);
    /* 399 bytes fit: 133 characters, and one less behind a byte that shifts them. */
    err_set(&err, ERR_STORE, "x", "%s", text);
    assert_int_equal(strlen(err.message), 399);
    err_set(&err, ERR_STORE, "x", "a%s", text);
    assert_int_equal(strlen(err.message), 397);
    err_prefix(&err, "b%s", text);
    assert_int_equal(strlen(err.message), 397);
    assert_memory_equal(err.message, "b流", 4);
}

static void names_go_both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_CLASSES; i++) {
        enum err_class class_;
        assert_true(err_class_parse(str_of(err_class_name((enum err_class)i)), &class_));
        assert_int_equal(class_, i);
    }
    for (int i = 0; i < ERR_SCOPES; i++) {
        enum err_scope scope;
        assert_true(err_scope_parse(str_of(err_scope_name((enum err_scope)i)), &scope));
        assert_int_equal(scope, i);
    }
    enum err_class class_;
    enum err_scope scope;
    assert_string_equal(err_class_name(ERR_TOKEN_EXPIRED), "token_expired");
    assert_false(err_class_parse(STR("Retry"), &class_));
    assert_false(err_scope_parse(STR(""), &scope));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_function_fills_all_details),
        cmocka_unit_test(details_may_be_left_out),
        cmocka_unit_test(a_prefix_names_the_place),
        cmocka_unit_test(a_message_may_quote_the_message_it_replaces),
        cmocka_unit_test(long_messages_are_cut_between_characters),
        cmocka_unit_test(names_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

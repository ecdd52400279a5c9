/* `.env` lines as old programs and people write them. */
#include "app/dotenv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "app/message.h"

static void expect(const char *text, const char *name, const char *value)
{
    struct arena arena;
    struct dotenv dotenv;
    struct str got_name, got_value;
    arena_init(&arena);
    dotenv_init(&dotenv, STR("f"), str_of(text), &arena);
    assert_int_equal(dotenv_next(&dotenv, &got_name, &got_value, NULL), ERR_OK);
    assert_true(str_eq(got_name, str_of(name)));
    assert_true(str_eq(got_value, str_of(value)));
    arena_fini(&arena);
}

static void plain_values_end_at_a_comment(void **state)
{
    (void)state;
    expect("A=b", "A", "b");
    expect("  A =  b c  # why\n", "A", "b c");
    expect("A=b#c", "A", "b#c");
    expect("A=", "A", "");
    expect("A=# nothing", "A", "");
    expect("A=x=y\r\n", "A", "x=y");
    expect("\xef\xbb\xbf"
           "A=1",
           "A", "1");
}

static void quotes_keep_what_stands_in_them(void **state)
{
    (void)state;
    expect("A='b # c'", "A", "b # c");
    expect("A='b\\n'", "A", "b\\n");
    expect("A=\"b # \\\"c\\\"\\n\\\\\" # why", "A", "b # \"c\"\n\\");
    expect("export A=\"\"", "A", "");
}

static void comments_and_blank_lines_are_passed_over(void **state)
{
    (void)state;
    expect("\n# A=1\n   \n\t#\nB=2", "B", "2");
    expect("# only", "", "");
}

static void refuse(const char *text, const char *place)
{
    struct arena arena;
    struct dotenv dotenv;
    struct str name, value;
    struct err err;
    enum err_class class_;
    arena_init(&arena);
    dotenv_init(&dotenv, STR("f"), str_of(text), &arena);
    while ((class_ = dotenv_next(&dotenv, &name, &value, &err)) == ERR_OK && name.len > 0)
        continue;
    assert_int_equal(class_, ERR_CONFIG);
    assert_non_null(strstr(err.message, place));
    arena_fini(&arena);
}

static void what_is_no_assignment_is_refused_with_its_line(void **state)
{
    (void)state;
    refuse("A=1\n\nnonsense\n", "f:3");
    refuse("1A=2", "f:1");
    refuse("A B=2", "f:1");
    refuse("=2", "f:1");
    refuse("A=\"open", "f:1");
    refuse("A='open\nB='", "f:1");
    refuse("A=\xff", "f:1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_values_end_at_a_comment),
        cmocka_unit_test(quotes_keep_what_stands_in_them),
        cmocka_unit_test(comments_and_blank_lines_are_passed_over),
        cmocka_unit_test(what_is_no_assignment_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

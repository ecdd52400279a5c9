/* Parsing the command line, against the program's own table. */
#include "app/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { WORDS_MAX = 16 };

static struct cli cli;
static struct err err;

/* Splits at blanks: no word of these tests has one. */
static enum err_class parse(const char *line)
{
    static char text[512], program[] = "huiliu";
    char *argv[WORDS_MAX + 1] = {program};
    int argc = 1;
    strncpy(text, line, sizeof(text) - 1);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    language_set(STR("en"));
    err_clear(&err);
    return cli_parse(&cli, argc, argv, &err);
}

static void commands_of_one_and_two_words(void **state)
{
    (void)state;
    assert_int_equal(parse("status"), ERR_OK);
    assert_string_equal(cli.command->path, "status");
    assert_int_equal(parse("shop show a"), ERR_OK);
    assert_string_equal(cli.command->path, "shop show");
    assert_true(str_eq(cli_arg(&cli, 0), STR("a")));
    assert_int_equal(cli_arg(&cli, 1).len, 0);
}

static void flags_stand_anywhere(void **state)
{
    (void)state;
    assert_int_equal(parse("--home /h shop --json show a"), ERR_OK);
    assert_true(str_eq(cli.home, STR("/h")) && cli.json);
    assert_int_equal(parse("sync --from=7d --shop a --full --shop b"), ERR_OK);
    assert_true(str_eq(cli_text(&cli, "from"), STR("7d")) && cli_has(&cli, "full"));
    struct str shop;
    size_t at = 0;
    assert_true(cli_next(&cli, "shop", &at, &shop) && str_eq(shop, STR("a")));
    assert_true(cli_next(&cli, "shop", &at, &shop) && str_eq(shop, STR("b")));
    assert_false(cli_next(&cli, "shop", &at, &shop));
}

static void two_dashes_end_the_flags(void **state)
{
    (void)state;
    assert_int_equal(parse("shop show -- --odd"), ERR_OK);
    assert_true(str_eq(cli_arg(&cli, 0), STR("--odd")));
}

static void numbers_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(parse("sync --workers 64"), ERR_OK);
    assert_int_equal(cli_int(&cli, "workers", 8), 64);
    assert_int_equal(parse("sync"), ERR_OK);
    assert_int_equal(cli_int(&cli, "workers", 8), 8);
    assert_int_equal(parse("sync --workers 65"), ERR_USAGE);
    assert_int_equal(parse("sync --workers 1x"), ERR_USAGE);
}

static void help_needs_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(parse("--help"), ERR_OK);
    assert_true(cli.help && !cli.command);
    assert_int_equal(parse("shop -h"), ERR_OK);
    assert_true(str_eq(cli.group, STR("shop")));
    assert_int_equal(parse("shop show --help"), ERR_OK);
    assert_string_equal(cli.command->path, "shop show");
}

static void wrong_lines_are_wrong_use(void **state)
{
    (void)state;
    const struct {
        const char *line, *code;
    } wrong[] = {
        {"", "command_missing"},
        {"shop", "command_missing"},
        {"stauts", "command_unknown"},
        {"shop lst", "command_unknown"},
        {"status --jsno", "flag_unknown"},
        {"scheduler --json", "flag_unknown"},
        {"status -j", "flag_unknown"},
        {"sync --from", "flag_value"},
        {"sync --full=1", "flag_value"},
        {"sync --by now", "flag_value"},
        {"sync --from 1 --from 2", "flag_twice"},
        {"shop show", "arg_missing"},
        {"shop show a b", "arg_many"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(parse(wrong[i].line), ERR_USAGE);
        assert_string_equal(err.code, wrong[i].code);
    }
}

static void exclusion_names_both_flags(void **state)
{
    (void)state;
    assert_int_equal(parse("sync --full --from 7d"), ERR_OK);
    assert_int_equal(cli_exclude(&cli, "full", "from", &err), ERR_USAGE);
    assert_non_null(strstr(err.message, "--full"));
    assert_non_null(strstr(err.message, "--from"));
    assert_int_equal(cli_exclude(&cli, "full", "order", &err), ERR_OK);
}

/* What a row of the table must have so that help and parsing can be made from it. */
static void flag_is_whole(const struct cli_flag *flag)
{
    assert_true(*flag->help.en && *flag->help.zh);
    assert_true(flag->type == FLAG_SWITCH || flag->type == FLAG_WORD || flag->value);
    assert_true(flag->type != FLAG_WORD || flag->words);
    assert_true(flag->type != FLAG_INT || flag->min <= flag->max);
    for (const struct cli_flag *common = cli_common_flags(); common->name; common++)
        assert_string_not_equal(common->name, flag->name);
}

static void every_row_of_the_table_is_whole(void **state)
{
    (void)state;
    for (const struct command *command = command_first(); command;
         command = command_after(command)) {
        assert_true(*command->help.en && *command->help.zh && command->run);
        for (const struct cli_flag *flag = command->flags; flag && flag->name; flag++)
            flag_is_whole(flag);
        bool optional = false;
        for (const struct cli_arg *arg = command->args; arg && arg->name; arg++) {
            assert_true(*arg->help.en && *arg->help.zh);
            /* Behind an optional argument a required one could not be told apart. */
            assert_true(arg->optional || !optional);
            optional |= arg->optional;
        }
        for (const struct command *other = command_after(command); other;
             other = command_after(other))
            assert_string_not_equal(command->path, other->path);
    }
}

/* What goes on until it is ended has its log for programs; everything else answers them. That they do is
 * tests/scenario/json_answers.py. */
static void every_command_that_ends_takes_json(void **state)
{
    (void)state;
    static const char *const endless[] = {"run", "worker", "scheduler", "serve",
                                          "service supervise"};
    for (const struct command *command = command_first(); command;
         command = command_after(command)) {
        bool ends = true;
        for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++)
            ends &= strcmp(command->path, endless[i]) != 0;
        if (command->json != ends)
            fail_msg("%s: json is %d", command->path, command->json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_of_one_and_two_words),
        cmocka_unit_test(flags_stand_anywhere),
        cmocka_unit_test(two_dashes_end_the_flags),
        cmocka_unit_test(numbers_are_bounded),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(wrong_lines_are_wrong_use),
        cmocka_unit_test(exclusion_names_both_flags),
        cmocka_unit_test(every_row_of_the_table_is_whole),
        cmocka_unit_test(every_command_that_ends_takes_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Options: where values come from, what is refused and how that is said. */
#include "app/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;
static struct options options;
static struct err err;

static int begin(void **state)
{
    (void)state;
    language_set(STR("en"));
    err_clear(&err);
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static enum err_class read_yaml(const char *yaml)
{
    const char *const none[] = {NULL};
    const struct option_sources sources = {
        .yaml_name = STR("h.yaml"), .yaml = str_of(yaml), .environment = none};
    return options_read(&options, &sources, &arena, &err);
}

static enum err_class read_env(const char *variable, const char *dotenv)
{
    const char *const environment[] = {variable, NULL};
    const struct option_sources sources = {
        .dotenv_name = STR(".env"), .dotenv = str_of(dotenv), .environment = environment};
    return options_read(&options, &sources, &arena, &err);
}

static bool says(const char *words)
{
    return strstr(err.message, words) != NULL;
}

static void defaults_hold_without_any_source(void **state)
{
    (void)state;
    assert_int_equal(read_yaml(""), ERR_OK);
    assert_int_equal(option_int(&options, OPTION_WORKERS), 8);
    assert_true(str_eq(option_text(&options, OPTION_STORE), STR("sqlite:huiliu.db")));
    assert_int_equal(option_of_platform(&options, OPTION_PLATFORM_PROXY, STR("a")).len, 0);
}

static void a_file_of_comments_is_an_empty_one(void **state)
{
    (void)state;
    assert_int_equal(read_yaml("# workers: 3\n\n   # more\n"), ERR_OK);
    assert_int_equal(options.values_len, 0);
}

static void the_environment_wins_over_dotenv_over_the_file(void **state)
{
    (void)state;
    const char *const environment[] = {"HUILIU_WORKERS=7", "PATH=/bin", NULL};
    const struct option_sources sources = {
        .yaml_name = STR("h.yaml"),
        .yaml = STR("workers: 3\nlog_level: info\nlanguage: zh\n"),
        .dotenv_name = STR(".env"),
        .dotenv = STR("HUILIU_WORKERS=5\nHUILIU_LOG_LEVEL=\"debug\"\nMINE=1\n"),
        .environment = environment,
    };
    assert_int_equal(options_read(&options, &sources, &arena, &err), ERR_OK);
    assert_int_equal(option_int(&options, OPTION_WORKERS), 7);
    assert_true(str_eq(option_text(&options, OPTION_LOG_LEVEL), STR("debug")));
    assert_true(str_eq(option_text(&options, OPTION_LANGUAGE), STR("zh")));
}

static void a_platforms_variable_finds_its_platform(void **state)
{
    (void)state;
    assert_int_equal(read_env("HUILIU_PLATFORMS_SHOP_ONE_BASE_URL=http://127.0.0.1:1", ""), ERR_OK);
    assert_true(str_eq(option_of_platform(&options, OPTION_PLATFORM_BASE_URL, STR("shop-one")),
                       STR("http://127.0.0.1:1")));
    assert_int_equal(option_of_platform(&options, OPTION_PLATFORM_BASE_URL, STR("shop")).len, 0);
}

static void a_wrong_key_names_place_and_nearest(void **state)
{
    (void)state;
    assert_int_equal(read_yaml("store: sqlite:x\nwokers: 3\n"), ERR_CONFIG);
    assert_true(says("h.yaml:2:1") && says("workers"));
}

static void a_wrong_value_names_place_and_bounds(void **state)
{
    (void)state;
    assert_int_equal(read_yaml("workers: 65\n"), ERR_CONFIG);
    assert_true(says("h.yaml:1:10") && says("workers") && says("64"));
    assert_int_equal(read_env("HUILIU_LOG_LEVEL=loud", ""), ERR_CONFIG);
    assert_true(says("HUILIU_LOG_LEVEL") && says("debug, info"));
}

static void a_slip_in_a_variable_is_an_error_a_foreign_one_is_not(void **state)
{
    (void)state;
    assert_int_equal(read_env("HUILIU_WORKRES=3", ""), ERR_CONFIG);
    assert_true(says("HUILIU_WORKERS"));
    assert_int_equal(read_env("HUILIU_BUILD=/tmp/x", ""), ERR_OK);
    assert_int_equal(read_env("HUILIU_HOME=/tmp/x", ""), ERR_OK);
}

static void dotenv_takes_options_only(void **state)
{
    (void)state;
    assert_int_equal(read_env("A=1", "\nHUILIU_BUILD=x\n"), ERR_CONFIG);
    assert_true(says(".env:2") && says("HUILIU_BUILD"));
    assert_int_equal(read_env("A=1", "HUILIU_CLOCK=x\n"), ERR_CONFIG);
    assert_string_equal(err.code, "option_place");
}

static void databases_are_known_by_their_schemes(void **state)
{
    (void)state;
    assert_int_equal(read_yaml("store: postgresql://u:hunter2@h/d\n"), ERR_OK);
    assert_int_equal(read_yaml("store: mysql://u:hunter2@h/d\n"), ERR_OK);
    assert_int_equal(read_yaml("store: mariadb://u:hunter2@h/d\n"), ERR_OK);
    assert_int_equal(read_yaml("store: oracle://u:hunter2@h/d\n"), ERR_CONFIG);
    assert_string_equal(err.code, "store_unknown");
    assert_true(!says("hunter2"));
    assert_int_equal(read_yaml("store: \"postgresql:d\"\n"), ERR_CONFIG);
    assert_string_equal(err.code, "store_unknown");
    assert_int_equal(read_yaml("store: \"sqlite:\"\n"), ERR_CONFIG);
    assert_string_equal(err.code, "store_unknown");
}

static void a_coordinator_is_checked_and_its_password_never_shown(void **state)
{
    (void)state;
    assert_int_equal(read_yaml("coord: redis://:hunter2@h:6380/2\n"), ERR_OK);
    assert_true(str_eq(option_shown(&options.values[0], &arena), STR("redis://:***@h:6380/2")));
    assert_int_equal(read_yaml("coord: database\n"), ERR_OK);
    assert_int_equal(read_yaml("coord: databases\n"), ERR_CONFIG);
    assert_string_equal(err.code, "coord_unknown");
    assert_int_equal(read_yaml("coord: redis://h\n"), ERR_OK);
    assert_true(str_eq(option_shown(&options.values[0], &arena), STR("redis://h")));
    assert_int_equal(read_yaml("coord: redis://:hunter2@h/x\n"), ERR_CONFIG);
    assert_string_equal(err.code, "coord_url");
    assert_true(says("h.yaml:1") && says("database") && !says("hunter2"));
    assert_int_equal(read_yaml("coord: rediss://h\n"), ERR_CONFIG);
    assert_string_equal(err.code, "coord_tls");
}

static void of_an_address_only_what_may_be_a_password_is_hidden(void **state)
{
    (void)state;
    static const char *const shown[][2] = {
        {"postgresql://u:hunter2@db.example:5432/d", "postgresql://u:***@db.example:5432/d"},
        {"postgresql://u@h1:1,h2:2/d?target_session_attrs=read-write",
         "postgresql://u@h1:1,h2:2/d?target_session_attrs=read-write"},
        {"postgresql:///d?host=/run/pg&user=u&password=hunter2&sslmode=disable",
         "postgresql:///d?host=/run/pg&user=u&password=***&sslmode=disable"},
        {"mysql://u:hunt%40er2@[::1]/d?sslkey=/k&sslpassword=hunter2",
         "mysql://u:***@[::1]/d?sslkey=/k&sslpassword=***"},
        {"postgresql://h/d?hunter2", "postgresql://h/d?=***"},
        {"postgresql://u:hunter2@x@h/d", "postgresql://***"},
        {"postgresql://u:1/hunter2@h/d", "postgresql://***"},
        {"postgresql://u:1?hunter2@h/d", "postgresql://***"},
        {"postgresql://u:p@h/d?password=hunter2@x", "postgresql://***"},
        {"sqlite:a://b", "sqlite:a://b"},
    };
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        const struct option_value value = {.id = OPTION_STORE, .text = str_of(shown[i][0])};
        struct str got = option_shown(&value, &arena);
        if (!str_eq(got, str_of(shown[i][1])))
            fail_msg("%s is shown as %.*s", shown[i][0], STR_ARG(got));
    }
}

static void a_proxy_may_carry_a_password_that_is_never_shown(void **state)
{
    (void)state;
    assert_int_equal(read_yaml("platforms:\n  p:\n    proxy: http://u:hunter2@10.0.0.1:3128\n"),
                     ERR_OK);
    assert_true(str_eq(option_shown(&options.values[0], &arena), STR("***")));
    assert_int_equal(read_yaml("platforms:\n  p:\n    proxy: http://u:p@10.0.0.1:99999\n"),
                     ERR_CONFIG);
}

static void what_init_writes_reads_back_the_same(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1024 * 1024);
    assert_int_equal(read_yaml("workers: 3\nlog_file: \"a \\\"b\\\".log\"\nplatforms:\n"
                               "  p:\n    base_url: http://127.0.0.1:1\n    proxy: http://h:1\n"
                               "  q:\n    proxy: http://h:2\n"),
                     ERR_OK);
    struct options before = options;
    options_file_write(&text, &before);
    assert_int_equal(read_yaml(text.ptr), ERR_OK);
    assert_int_equal(options.values_len, before.values_len);
    for (size_t i = 0; i < before.values_len; i++) {
        assert_int_equal(options.values[i].id, before.values[i].id);
        assert_true(str_eq(options.values[i].text, before.values[i].text));
        assert_true(str_eq(options.values[i].platform, before.values[i].platform));
    }
    buf_fini(&text);
}

static void every_option_has_a_row_with_help_and_a_good_default(void **state)
{
    (void)state;
    for (enum option_id id = 0; id < OPTIONS; id++) {
        const struct option *option = &option_table()[id];
        assert_non_null(option->key);
        assert_true(*option->help.en && *option->help.zh);
        char line[256];
        snprintf(line, sizeof(line), "%s: \"%s\"\n", option->key, option->standard);
        if (!strchr(option->key, '*'))
            assert_int_equal(read_yaml(line), ERR_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_hold_without_any_source, begin, end),
        cmocka_unit_test_setup_teardown(a_file_of_comments_is_an_empty_one, begin, end),
        cmocka_unit_test_setup_teardown(the_environment_wins_over_dotenv_over_the_file, begin, end),
        cmocka_unit_test_setup_teardown(a_platforms_variable_finds_its_platform, begin, end),
        cmocka_unit_test_setup_teardown(a_wrong_key_names_place_and_nearest, begin, end),
        cmocka_unit_test_setup_teardown(a_wrong_value_names_place_and_bounds, begin, end),
        cmocka_unit_test_setup_teardown(a_slip_in_a_variable_is_an_error_a_foreign_one_is_not,
                                        begin, end),
        cmocka_unit_test_setup_teardown(dotenv_takes_options_only, begin, end),
        cmocka_unit_test_setup_teardown(databases_are_known_by_their_schemes, begin, end),
        cmocka_unit_test_setup_teardown(a_coordinator_is_checked_and_its_password_never_shown,
                                        begin, end),
        cmocka_unit_test_setup_teardown(of_an_address_only_what_may_be_a_password_is_hidden, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_proxy_may_carry_a_password_that_is_never_shown, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_init_writes_reads_back_the_same, begin, end),
        cmocka_unit_test_setup_teardown(every_option_has_a_row_with_help_and_a_good_default, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

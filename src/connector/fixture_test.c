/* Every recorded reply of every built-in manifest, and that the comparison itself can fail. */
#include "connector/testing.h"

#include <dirent.h>

static size_t run_folder(struct arena *arena, const char *platform)
{
    struct connector *connector = test_builtin(arena, platform);
    struct str folder = arena_printf(arena, "%s/connectors/fixtures/%s", HUILIU_SOURCE_ROOT,
                                     platform);
    DIR *dir = opendir(folder.ptr);
    size_t ran = 0;
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct str name = str_of(entry->d_name);
        struct err err = {0};
        if (!str_ends(name, STR(".expected.json")))
            continue;
        name.len -= STR(".expected.json").len;
        struct str base = arena_printf(arena, "connectors/fixtures/%s/%.*s", platform,
                                       STR_ARG(name));
        struct str body = test_file(arena, arena_printf(arena, "%s.json", base.ptr).ptr);
        struct str expected = test_file(arena,
                                        arena_printf(arena, "%s.expected.json", base.ptr).ptr);
        if (connector_fixture(connector, body, expected, &err) != ERR_OK)
            fail_msg("%s: %s", base.ptr, err.message);
        ran++;
    }
    closedir(dir);
    connector_free(connector);
    return ran;
}

static void every_recorded_reply_gives_its_expected_rows(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    assert_true(run_folder(&arena, "douyin-life") >= 9);
    assert_true(run_folder(&arena, "douplus") >= 10);
    arena_fini(&arena);
}

static void a_difference_is_named_with_table_row_and_column(void **state)
{
    (void)state;
    struct arena arena;
    struct err err = {0};
    arena_init(&arena);
    struct connector *connector = test_builtin(&arena, "douplus");
    struct str body = STR("{\"code\":0,\"data\":{\"order_list\":[{\"order\":{\"order_id\":1,"
                          "\"budget\":5,\"order_create_time\":\"2026-01-01 00:00:00\"}}]}}");
    struct str wrong = STR("{\"stream\":\"ad_orders\",\"rows\":{\"ad_order\":[{\"order_id\":\"1\","
                           "\"budget\":6,\"currency\":\"CNY\",\"created_at\":1767196800000}]}}");
    assert_int_equal(connector_fixture(connector, body, wrong, &err), ERR_BAD_REPLY);
    assert_string_equal(err.message, "ad_order[0].budget: expected \"6\", found \"5\"");
    struct str more = STR("{\"stream\":\"ad_orders\",\"rows\":{\"ad_order\":[{\"order_id\":\"1\","
                          "\"budget\":5,\"title\":null,\"currency\":\"CNY\","
                          "\"created_at\":1767196800000}]}}");
    assert_int_equal(connector_fixture(connector, body, more, &err), ERR_BAD_REPLY);
    assert_string_equal(err.message, "ad_order[0].title: expected null, found absent");
    assert_int_equal(connector_fixture(connector, body, STR("{\"stream\":\"x\"}"), &err),
                     ERR_CONFIG);
    connector_free(connector);
    arena_fini(&arena);
}

static void a_difference_of_accounts_is_named(void **state)
{
    (void)state;
    struct arena arena;
    struct err err = {0};
    arena_init(&arena);
    struct connector *connector = test_builtin(&arena, "douplus");
    struct str body = STR("{\"code\":0,\"data\":{\"list\":[{\"account_role\":"
                          "\"PLATFORM_ROLE_AWEME\",\"account_string_id\":\"a\"}]}}");
    assert_good(
        connector_fixture(connector, body, STR("{\"accounts\":[{\"external_id\":\"a\"}]}"), &err),
        &err);
    assert_int_equal(connector_fixture(connector, body, STR("{\"accounts\":[]}"), &err),
                     ERR_BAD_REPLY);
    assert_string_equal(err.message, "expected 0 accounts, found 1");
    assert_int_equal(
        connector_fixture(connector, body, STR("{\"accounts\":[{\"external_id\":\"b\"}]}"), &err),
        ERR_BAD_REPLY);
    assert_string_equal(err.message, "account.external_id: expected \"b\", found \"a\"");
    assert_int_equal(
        connector_fixture(connector, body,
                          STR("{\"accounts\":[{\"external_id\":\"a\",\"name\":\"A\"}]}"), &err),
        ERR_BAD_REPLY);
    assert_string_equal(err.message, "account.name: expected \"A\", found \"\"");
    connector_free(connector);
    /* Where no consent covers several accounts there is nothing to list. */
    connector = test_builtin(&arena, "douyin-life");
    assert_int_equal(connector_fixture(connector, body, STR("{\"accounts\":[]}"), &err),
                     ERR_CONFIG);
    connector_free(connector);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_reply_gives_its_expected_rows),
        cmocka_unit_test(a_difference_is_named_with_table_row_and_column),
        cmocka_unit_test(a_difference_of_accounts_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

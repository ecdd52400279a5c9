/* The core: matching, parameters, problems, who sees which shop. */
#include "api/api_fixture.h"

static void it_is_alive(void **state)
{
    struct answer a = api_ask(*state, "GET", "/api/v1/health", "", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_text(&a, "status"), "alive");
    assert_true(answer_header(&a, "X-Request-Id").len > 8);
    a = api_ask(*state, "GET", "/api/v1/ready", "", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_text(&a, "migration"), answer_text(&a, "migration_newest"));
}

static void what_is_not_there_is_404_and_the_wrong_method_405(void **state)
{
    struct answer a = api_ask(*state, "GET", "/api/v1/nothing", "", NULL);
    answer_refuses(&a, 404, "route");
    a = api_ask(*state, "GET", "/api/v1/health/", "", NULL);
    answer_refuses(&a, 404, "route");
    a = api_ask(*state, "DELETE", "/api/v1/health", "", NULL);
    answer_refuses(&a, 405, "method_not_allowed");
    assert_true(str_eq(answer_header(&a, "Allow"), STR("GET")));
    a = api_ask(*state, "HEAD", "/api/v1/health", "", NULL);
    assert_int_equal(a.status, 200);
}

static void an_unknown_parameter_is_refused(void **state)
{
    struct answer a = api_ask(*state, "GET", "/api/v1/health", "page=1", NULL);
    answer_refuses(&a, 400, "parameter_unknown");
    assert_string_equal(answer_text(&a, "parameter"), "page");
}

static void a_requests_own_id_is_kept_when_it_is_harmless(void **state)
{
    struct api_fixture *f = *state;
    api_header(f, "X-Request-Id", "abc-1.2_3");
    struct answer a = api_ask(f, "GET", "/api/v1/health", "", NULL);
    assert_true(str_eq(answer_header(&a, "X-Request-Id"), STR("abc-1.2_3")));
    api_header(f, "X-Request-Id", "a b\"");
    a = api_ask(f, "GET", "/api/v1/health", "", NULL);
    assert_false(str_eq(answer_header(&a, "X-Request-Id"), STR("a b\"")));
}

static void without_a_home_it_says_so(void **state)
{
    struct api_fixture *f = *state;
    assert_true(api_host_set(f->api, NULL));
    struct answer a = api_ask(f, "GET", "/api/v1/ready", "", NULL);
    answer_refuses(&a, 503, "starting");
    assert_true(answer_header(&a, "Retry-After").len > 0);
    assert_true(api_host_free(f->api, &f->host));
}

#define API_TEST(f) cmocka_unit_test_setup_teardown(f, api_ready, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(it_is_alive),
        API_TEST(what_is_not_there_is_404_and_the_wrong_method_405),
        API_TEST(an_unknown_parameter_is_refused),
        API_TEST(a_requests_own_id_is_kept_when_it_is_harmless),
        API_TEST(without_a_home_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

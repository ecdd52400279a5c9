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

/* Each rule of parameters, with the code that docs/errors.md has for it and the parameter that is at fault. */
static void each_rule_of_parameters_has_its_code(void **state)
{
    struct api_fixture *f = *state;
    char long_text[240] = "asked_by=";
    memset(long_text + strlen(long_text), 'x', 201);
    const struct {
        const char *method, *path, *query, *body, *code, *parameter;
    } cases[] = {
        {"GET", "/api/v1/tasks", "limt=1", NULL, "parameter_unknown", "limt"},
        {"GET", "/api/v1/tasks", "limit[]=1", NULL, "parameter_unknown", "limit[]"},
        {"GET", "/api/v1/tasks", "limit=1&limit=1", NULL, "parameter_twice", "limit"},
        {"GET", "/api/v1/tasks", "limit=1x", NULL, "parameter_integer", "limit"},
        {"GET", "/api/v1/tasks", "limit=", NULL, "parameter_integer", "limit"},
        {"GET", "/api/v1/tasks", "limit=9223372036854775808", NULL, "parameter_integer", "limit"},
        {"GET", "/api/v1/tasks", "limit=0", NULL, "parameter_range", "limit"},
        {"GET", "/api/v1/tasks", "limit=1001", NULL, "parameter_range", "limit"},
        {"GET", "/api/v1/tasks", "total=yes", NULL, "parameter_boolean", "total"},
        {"GET", "/api/v1/tasks", "state=Ready", NULL, "parameter_word", "state"},
        {"GET", "/api/v1/tasks", "run=a%20b", NULL, "parameter_id", "run"},
        {"GET", "/api/v1/tasks", "run=", NULL, "parameter_id", "run"},
        {"GET", "/api/v1/tasks", "kind=a%00b", NULL, "parameter_nul", "kind"},
        {"GET", "/api/v1/syncs", long_text, NULL, "parameter_long", "asked_by"},
        {"GET", "/api/v1/audit", "action=", NULL, "parameter_short", "action"},
        {"GET", "/api/v1/syncs", "from=2026-01-28", NULL, "parameter_time", "from"},
        {"GET", "/api/v1/syncs", "from=2026-02-30T00:00:00Z", NULL, "parameter_time", "from"},
        {"GET", "/api/v1/syncs", "from=2026-01-28T00:00:00", NULL, "parameter_time", "from"},
        {"GET", "/api/v1/trade-orders", "from=2026-02-30", NULL, "parameter_day", "from"},
        {"GET", "/api/v1/trade-orders", "from=2026-1-3", NULL, "parameter_day", "from"},
        {"GET", "/api/v1/trade-parts", "gmv_min=1e3", NULL, "parameter_money", "gmv_min"},
        {"GET", "/api/v1/trade-parts", "gmv_min=1.", NULL, "parameter_money", "gmv_min"},
        {"POST", "/api/v1/users", "", "{\"role\":\"viewer\"}", "parameter_missing", "name"},
        {"POST", "/api/v1/users", "", "{\"name\":null,\"role\":\"viewer\"}", "parameter_missing",
         "name"},
        {"POST", "/api/v1/users", "", "{\"name\":1,\"role\":\"viewer\"}", "parameter_type", "name"},
        {"POST", "/api/v1/users", "", "{\"name\":\"a\",\"role\":\"viewer\",\"shops\":\"1\"}",
         "parameter_type", "shops"},
        {"POST", "/api/v1/users", "", "{\"name\":\"a\",\"role\":\"viewer\",\"shops\":[1]}",
         "parameter_type", "shops"},
        {"POST", "/api/v1/users", "", "{\"name\":\"a\",\"nam\":\"b\"}", "parameter_unknown", "nam"},
        {"POST", "/api/v1/users", "", "{\"name\":\"a\\u0000\",\"role\":\"viewer\"}",
         "parameter_nul", "name"},
        {"POST", "/api/v1/users", "", "{\"name\":\"\",\"role\":\"viewer\"}", "parameter_short",
         "name"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct answer a = api_ask(f, cases[i].method, cases[i].path, cases[i].query, cases[i].body);
        if (a.status != 400 || strcmp(answer_text(&a, "code"), cases[i].code) != 0 ||
            strcmp(answer_text(&a, "parameter"), cases[i].parameter) != 0)
            fail_msg("%s?%s %s: %u %.*s, not 400 %s of %s", cases[i].path, cases[i].query,
                     cases[i].body ? cases[i].body : "", a.status, STR_ARG(a.body), cases[i].code,
                     cases[i].parameter);
    }
}

static void a_list_of_values_has_a_bound(void **state)
{
    struct api_fixture *f = *state;
    struct buf body;
    buf_init(&body, 65536);
    buf_add(&body, STR("{\"shops\":["));
    for (int i = 0; i <= PARAM_VALUES_MAX; i++)
        buf_printf(&body, "%s\"1\"", i ? "," : "");
    buf_add(&body, STR("]}"));
    buf_add_char(&body, '\0');
    struct answer a = api_ask(f, "POST", "/api/v1/syncs", "", body.ptr);
    answer_refuses(&a, 400, "parameter_many");
    assert_string_equal(answer_text(&a, "parameter"), "shops");
    buf_fini(&body);
}

/* What reads well: the edges within. */
static void values_at_their_bounds_are_taken(void **state)
{
    static const char *const good[] = {
        "limit=1",       "limit=1000&total=0",   "limit=%2B1000",
        "run=a-b_c.d:e", "shop=alpha&shop=beta", "shop[]=alpha&shop[]=beta",
        "total=true"};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        struct answer a = api_ask(*state, "GET", "/api/v1/tasks", good[i], NULL);
        if (a.status != (i == 2 ? 400 : 200))
            fail_msg("%s: %u %.*s", good[i], a.status, STR_ARG(a.body));
    }
}

/* --- the OpenAPI document --- */

static void form_is_declared(const struct json *document, struct str path, struct str method,
                             const struct json *operation)
{
    static const char prefix[] = "#/components/schemas/";
    const struct json *content = json_get(
        json_get(json_get(operation, STR("responses")), STR("2XX")), STR("content"));
    const struct json *form = json_get(json_get(content, STR("application/json")), STR("schema"));
    struct str name = json_text(json_get(form, STR("$ref")));
    bool streams = json_get(content, STR("*/*")) != NULL;
    if (!form && (streams || !str_eq(method, STR("get"))))
        return;
    const struct json *schema = NULL;
    if (str_starts(name, str_of(prefix)))
        schema = json_get(json_get(json_get(document, STR("components")), STR("schemas")),
                          str_sub(name, sizeof(prefix) - 1, name.len));
    if (json_len(schema) == 0 || (json_len(schema) == 1 && json_get(schema, STR("type"))))
        fail_msg("%.*s %.*s: its answer has no declared form (%.*s)", STR_ARG(method),
                 STR_ARG(path), STR_ARG(name));
}

static void every_answer_has_a_form(void **state)
{
    struct answer a = api_ask(*state, "GET", "/api/v1/openapi.json", "", NULL);
    struct json_iter paths, methods;
    struct str path, method;
    size_t seen = 0;
    const struct json *document = a.json;
    json_iter_init(&paths, json_get(document, STR("paths")));
    for (const struct json *item; (item = json_iter_next(&paths, &path));) {
        json_iter_init(&methods, item);
        for (const struct json *operation; (operation = json_iter_next(&methods, &method)); seen++)
            form_is_declared(document, path, method, operation);
    }
    assert_true(seen > 90);
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
        API_TEST(each_rule_of_parameters_has_its_code),
        API_TEST(a_list_of_values_has_a_bound),
        API_TEST(values_at_their_bounds_are_taken),
        API_TEST(every_answer_has_a_form),
        API_TEST(without_a_home_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Requests of the two built-in platforms, byte for byte. */
#include "connector/testing.h"

struct world {
    struct arena arena;
    struct connector *connector;
    const struct stream *stream;
    struct facts facts;
    struct request request;
    struct err err;
};

static void world_open(struct world *w, const char *platform, const char *stream)
{
    memset(w, 0, sizeof *w);
    arena_init(&w->arena);
    w->connector = test_builtin(&w->arena, platform);
    w->stream = connector_stream(w->connector, str_of(stream));
    assert_non_null(w->stream);
    w->facts = (struct facts){
        .shop = {.id = 7, .external_id = STR("ACC/1")},
        .app = {.key = STR("ck"), .secret = STR("a secret of the app")},
        .access_token = STR("clt.token"),
        /* 2026-01-28 00:00:00 to 2026-01-28 23:59:59 in Beijing */
        .window = {.from_ms = 1769529600000, .to_ms = 1769615999000, .by = STR("updated")},
        .page = {.number = 1, .size = 50},
        .now_ms = 1769616000000,
    };
}

static void world_close(struct world *w)
{
    connector_free(w->connector);
    arena_fini(&w->arena);
}

static void ask(struct world *w, const struct endpoint *endpoint, bool shown)
{
    assert_good(connector_request(w->connector, endpoint, &w->facts, shown, &w->arena, &w->request,
                                  &w->err),
                &w->err);
}

static struct str header(const struct world *w, const char *name, bool *secret)
{
    for (size_t i = 0; i < w->request.headers_len; i++) {
        if (!str_eq(w->request.headers[i].name, str_of(name)))
            continue;
        *secret = w->request.headers[i].secret;
        return w->request.headers[i].value;
    }
    return STR("(no such header)");
}

static void life_asks_by_update_time_with_the_token_in_a_header(void **state)
{
    (void)state;
    struct world w;
    bool secret;
    world_open(&w, "douyin-life", "orders");
    ask(&w, w.stream->request, false);
    assert_str(w.request.method, "GET");
    assert_str(w.request.url,
               "https://open.douyin.com/goodlife/v1/trade/order/query/?account_id=ACC%2F1"
               "&update_order_start_time=1769529600&update_order_end_time=1769615999"
               "&cursor=0&page_size=50");
    assert_str(header(&w, "access-token", &secret), "clt.token");
    assert_true(secret);
    assert_str(header(&w, "Rpc-Transit-Life-Account", &secret), "ACC/1");
    assert_false(secret);
    assert_str(w.request.body, "");
    assert_true(w.stream->request->needs_token);
    assert_int_equal(w.stream->request->budgets_len, 1);
    assert_int_equal(w.stream->request->budgets[0].cost_milli, 1000);
    world_close(&w);
}

static void life_asks_by_creation_time_only_when_told_to(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douyin-life", "orders");
    w.facts.window.by = STR("created");
    w.facts.page.position = STR("[\"1\",\"2\"]");
    ask(&w, w.stream->request, false);
    assert_str(w.request.url,
               "https://open.douyin.com/goodlife/v1/trade/order/query/?account_id=ACC%2F1"
               "&create_order_start_time=1769529600&create_order_end_time=1769615999"
               "&cursor=%5B%221%22%2C%222%22%5D&page_size=50");
    world_close(&w);
}

static void a_total_is_asked_with_one_record_from_the_first_page(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douyin-life", "orders");
    w.facts.page.position = STR("somewhere");
    w.facts.page.total_only = true;
    ask(&w, w.stream->request, false);
    assert_true(str_ends(w.request.url, STR("&cursor=0&page_size=1")));
    world_close(&w);
    world_open(&w, "douplus", "ad_orders");
    w.facts.page.number = 9;
    w.facts.page.total_only = true;
    ask(&w, w.stream->request, false);
    assert_true(str_ends(w.request.url, STR("&page=1&page_size=1")));
    world_close(&w);
}

static void the_page_size_stays_within_the_platforms_limit(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douyin-life", "orders");
    w.facts.page.size = 1000;
    ask(&w, w.stream->request, false);
    assert_true(str_ends(w.request.url, STR("&page_size=100")));
    w.facts.page.size = 0;
    ask(&w, w.stream->request, false);
    assert_true(str_ends(w.request.url, STR("&page_size=100")));
    world_close(&w);
}

static void options_are_sent_when_they_are_set_and_left_out_when_empty(void **state)
{
    (void)state;
    struct world w;
    const struct setting options[] = {
        {STR("order_status"), STR("200")},
        {STR("get_secret_number"), STR("true")},
        {STR("cursor_form"), STR("")},
    };
    world_open(&w, "douyin-life", "orders");
    w.facts.options = options;
    w.facts.options_len = 3;
    ask(&w, w.stream->request, false);
    assert_int_not_equal(str_find(w.request.url, STR("&order_status=200&get_secret_number=true&")),
                         SIZE_MAX);
    w.facts.options_len = 0;
    ask(&w, w.stream->request, false);
    assert_int_equal(str_find(w.request.url, STR("order_status")), SIZE_MAX);
    world_close(&w);
}

static void a_single_order_is_looked_up_without_a_window(void **state)
{
    (void)state;
    struct world w;
    const struct str ids[] = {STR("7000277894522046508")};
    world_open(&w, "douyin-life", "orders");
    w.facts.ids = ids;
    w.facts.ids_len = 1;
    assert_int_equal(w.stream->by_id_max, 1);
    ask(&w, w.stream->by_id, false);
    assert_str(w.request.url,
               "https://open.douyin.com/goodlife/v1/trade/order/query/?account_id=ACC%2F1"
               "&order_id=7000277894522046508&cursor=0&page_size=10");
    world_close(&w);
}

static void the_token_request_is_json_and_carries_no_token(void **state)
{
    (void)state;
    struct world w;
    bool secret;
    world_open(&w, "douyin-life", "orders");
    const struct auth *auth = connector_auth(w.connector);
    assert_int_equal(auth->grant, GRANT_CLIENT_CREDENTIAL);
    assert_true(auth->of_app);
    assert_int_equal(auth->ahead_ms, 300000);
    assert_false(auth->obtain->needs_token);
    ask(&w, auth->obtain, true);
    assert_str(w.request.method, "POST");
    assert_str(w.request.url, "https://open.douyin.com/oauth/client_token/");
    assert_str(w.request.body, "{\"client_key\":\"ck\",\"client_secret\":\"a secret of the app\","
                               "\"grant_type\":\"client_credential\"}");
    assert_str(w.request.body_shown, "{\"client_key\":\"ck\",\"client_secret\":\"***\","
                                     "\"grant_type\":\"client_credential\"}");
    assert_str(header(&w, "content-type", &secret), "application/json");
    assert_str(header(&w, "access-token", &secret), "(no such header)");
    world_close(&w);
}

static void cipher_texts_are_asked_as_a_list(void **state)
{
    (void)state;
    struct world w;
    const struct str ids[] = {STR("Enc.a"), STR("Enc.\"b\"")};
    world_open(&w, "douyin-life", "orders");
    w.facts.ids = ids;
    w.facts.ids_len = 2;
    assert_int_equal(w.stream->decrypt_batch_max, 50);
    ask(&w, w.stream->decrypt, false);
    assert_str(w.request.body,
               "{\"account_id\":\"ACC/1\",\"cipher_texts\":[\"Enc.a\",\"Enc.\\\"b\\\"\"]}");
    world_close(&w);
}

static void douplus_puts_its_filter_as_json_text_into_the_query(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douplus", "ad_orders");
    w.facts.window.by = STR("created");
    w.facts.page.number = 3;
    w.facts.page.size = 100;
    ask(&w, w.stream->request, false);
    assert_str(
        w.request.url,
        "https://api.oceanengine.com/open_api/v3.0/douplus/order/list/"
        "?aweme_sec_uid=ACC%2F1&filter=%7B%22order_create_time%22%3A%7B%22start_time%22%3A%22"
        "2026-01-28%2000%3A00%3A00%22%2C%22end_time%22%3A%222026-01-28%2023%3A59%3A59%22%7D%7D"
        "&order_by_field=CREATE_TIME&order_by_type=ASC&page=3&page_size=100");
    world_close(&w);
}

static void douplus_looks_orders_up_by_ids_as_json_numbers(void **state)
{
    (void)state;
    struct world w;
    const struct str ids[] = {STR("1835535794685987"), STR("1835535798058120")};
    world_open(&w, "douplus", "ad_orders");
    w.facts.ids = ids;
    w.facts.ids_len = 2;
    ask(&w, w.stream->by_id, false);
    assert_int_not_equal(
        str_find(w.request.url,
                 STR("filter=%7B%22order_id%22%3A%5B1835535794685987%2C1835535798058120%5D%7D"
                     "&page=1&page_size=100")),
        SIZE_MAX);
    assert_int_equal(w.stream->by_id_max, 100);
    world_close(&w);
}

static void douplus_asks_figures_by_days_and_ids(void **state)
{
    (void)state;
    struct world w;
    const struct str ids[] = {STR("1835535794685987"), STR("18355357980581209999")};
    world_open(&w, "douplus", "ad_figures");
    /* Days are of no kind of window: what a caller left there says nothing. */
    w.facts.window.by = STR_NONE;
    w.facts.page.size = 100;
    w.facts.ids = ids;
    w.facts.ids_len = 2;
    ask(&w, w.stream->request, false);
    assert_str(w.request.method, "GET");
    assert_str(
        w.request.url,
        "https://api.oceanengine.com/open_api/v3.0/douplus/order/report/?aweme_sec_uid=ACC%2F1"
        "&stat_time=%7B%22begin_time%22%3A%222026-01-28%22%2C%22end_time%22%3A%222026-01-28%22%7D"
        "&group_by=%5B%22GROUP_BY_AD_ID%22%5D"
        "&filter=%7B%22order_ids%22%3A%5B1835535794685987%2C%2218355357980581209999%22%5D%7D"
        "&page=1&page_size=100");
    world_close(&w);
}

static void douplus_exchanges_a_code_and_refreshes_with_a_number_as_app_id(void **state)
{
    (void)state;
    struct world w;
    bool secret;
    world_open(&w, "douplus", "ad_orders");
    const struct auth *auth = connector_auth(w.connector);
    w.facts.app.key = STR("1800000000000000123");
    w.facts.auth_code = STR("code1");
    w.facts.refresh_token = STR("ref1");
    ask(&w, auth->obtain, true);
    assert_str(w.request.method, "POST");
    assert_str(w.request.url, "https://api.oceanengine.com/open_api/oauth2/access_token/");
    assert_str(w.request.body, "{\"app_id\":1800000000000000123,\"secret\":\"a secret of the app\","
                               "\"grant_type\":\"auth_code\",\"auth_code\":\"code1\"}");
    assert_str(w.request.body_shown,
               "{\"app_id\":1800000000000000123,\"secret\":\"***\",\"grant_type\":\"auth_code\","
               "\"auth_code\":\"***\"}");
    assert_str(header(&w, "Access-Token", &secret), "(no such header)");
    ask(&w, auth->refresh, false);
    assert_str(w.request.url, "https://api.oceanengine.com/open_api/oauth2/refresh_token/");
    assert_str(w.request.body, "{\"app_id\":1800000000000000123,\"secret\":\"a secret of the app\","
                               "\"grant_type\":\"refresh_token\",\"refresh_token\":\"ref1\"}");
    assert_str(header(&w, "Access-Token", &secret), "(no such header)");
    ask(&w, auth->accounts, false);
    assert_str(w.request.method, "GET");
    assert_str(w.request.url, "https://api.oceanengine.com/open_api/oauth2/advertiser/get/");
    assert_str(header(&w, "Access-Token", &secret), "clt.token");
    assert_true(secret);
    world_close(&w);
}

static void douplus_leads_to_its_consent_page(void **state)
{
    (void)state;
    struct world w;
    struct str url;
    const struct setting settings[] = {{STR("redirect_uri"), STR("https://me.example/back")}};
    world_open(&w, "douplus", "ad_orders");
    w.facts.app.key = STR("123");
    w.facts.nonce = STR("n1");
    assert_good(connector_consent_url(w.connector, &w.facts, &w.arena, &url, &w.err), &w.err);
    assert_str(url, "https://ad.oceanengine.com/openapi/audit/oauth.html?app_id=123&state=n1"
                    "&material_auth=1");
    w.facts.app.settings = settings;
    w.facts.app.settings_len = 1;
    assert_good(connector_consent_url(w.connector, &w.facts, &w.arena, &url, &w.err), &w.err);
    assert_true(str_ends(url, STR("&redirect_uri=https%3A%2F%2Fme.example%2Fback")));
    world_close(&w);
}

static void a_base_url_replaces_scheme_host_and_port_and_keeps_the_path(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douplus", "ad_orders");
    w.facts.base_url = STR("http://127.0.0.1:18080/");
    ask(&w, w.stream->request, false);
    assert_true(str_starts(w.request.url,
                           STR("http://127.0.0.1:18080/open_api/v3.0/douplus/order/list/?aweme")));
    world_close(&w);
}

static const char HOSTS[] =
    "platform: p\nname: {zh: p, en: p}\nversion: 1\nzone: UTC\ncurrency: CNY\nmoney: minor\n"
    "hosts: {api: \"https://%s\"}\n"
    "shop: {needs: [{name: domain, zh: d, en: d}]}\n"
    "reply: {success: body.ok == true}\n"
    "streams:\n  s:\n    table: trade_order\n    every: 5m\n    request: {get: \"%s\"}\n"
    "    window: {by: created, span: 1d}\n    pages: {kind: none}\n    records: list\n"
    "    fields: {order_id: id}\n";

static enum err_class ask_host(struct world *w, const char *host, const char *path,
                               const char *domain)
{
    const struct setting setting = {STR("domain"), str_of(domain)};
    memset(w, 0, sizeof *w);
    arena_init(&w->arena);
    w->connector = test_load(&w->arena, STR("p.yaml"), arena_printf(&w->arena, HOSTS, host, path));
    w->facts.shop.settings = &setting;
    w->facts.shop.settings_len = 1;
    w->facts.window.by = STR("created");
    return connector_request(w->connector, connector_stream_at(w->connector, 0)->request, &w->facts,
                             false, &w->arena, &w->request, &w->err);
}

static void a_host_made_from_a_setting_stays_a_host(void **state)
{
    (void)state;
    struct world w;
    static const char *const good[] = {"a-shop.example", "10.0.0.1:8443", "SHOP.Example.com"};
    static const char *const bad[] = {
        "evil.example/x?", "evil.example#",   "evil.example?", "a@evil",
        "user:1@evil",     "evil.example/",   "a b",           "a:",
        "a:http",          "a:123456",        "a\\b",          "店.example",
        "a%2fb",           "evil.example:1:2"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(ask_host(&w, "{shop.domain}", "/x", good[i]), ERR_OK);
        char expected[64];
        snprintf(expected, sizeof expected, "https://%s/x", good[i]);
        assert_str(w.request.url, expected);
        world_close(&w);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (ask_host(&w, "{shop.domain | lower}", "/x", bad[i]) != ERR_CONFIG ||
            strcmp(w.err.code, "host_setting") != 0)
            fail_msg("%s: %s %s", bad[i], w.err.code, w.err.message);
        assert_string_equal(w.err.message, "shop.domain is no host name: it may have letters, "
                                           "digits, \".\" and \"-\", and a port behind \":\"");
        world_close(&w);
    }
    /* A path may hold what a host may not. */
    assert_int_equal(ask_host(&w, "p.example", "/x/{shop.domain}", "a/b@c"), ERR_OK);
    assert_str(w.request.url, "https://p.example/x/a/b@c");
    world_close(&w);
}

static void host_and_path_are_joined_by_one_slash_and_an_empty_path_adds_nothing(void **state)
{
    (void)state;
    struct world w;
    static const struct {
        const char *host, *path, *url;
    } cases[] = {
        {"p.example", "/x", "https://p.example/x"},
        {"p.example", "x", "https://p.example/x"},
        {"p.example/api", "/x/", "https://p.example/api/x/"},
        {"p.example/api/", "/x", "https://p.example/api/x"},
        {"p.example/api/", "x", "https://p.example/api/x"},
        {"p.example/sync", "", "https://p.example/sync"},
        {"p.example/sync/", "", "https://p.example/sync/"},
        {"p.example", "", "https://p.example"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_good(ask_host(&w, cases[i].host, cases[i].path, "d"), &w.err);
        assert_str(w.request.url, cases[i].url);
        world_close(&w);
    }
}

static void what_is_shown_hides_the_token(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct str text = test_file(&arena, "tests/manifests/pinduoduo.yaml");
    struct str with = arena_printf(
        &arena,
        "%.*s\nauth: {grant: by_hand, of: shop, put: form.access_token}\nstreams:\n  s:\n"
        "    table: trade_order\n    every: 5m\n"
        "    request: {post: /api/router, form: {type: x}}\n"
        "    window: {by: created, span: 1d}\n    pages: {kind: none}\n"
        "    records: list\n    fields: {order_id: sn}\n",
        STR_ARG(text));
    struct connector *connector = test_load(&arena, STR("m.yaml"), with);
    struct facts facts = {.app = {.key = STR("k"), .secret = STR("the-secret")},
                          .access_token = STR("the-token"),
                          .window = {.by = STR("created")}};
    struct request request;
    struct err err = {0};
    const struct stream *stream = connector_stream_at(connector, 0);
    assert_good(connector_request(connector, stream->request, &facts, true, &arena, &request, &err),
                &err);
    assert_int_not_equal(str_find(request.body, STR("access_token=the-token")), SIZE_MAX);
    assert_int_not_equal(str_find(request.body_shown, STR("access_token=%2A%2A%2A")), SIZE_MAX);
    const struct str shown[] = {request.url_shown, request.body_shown, request.signed_text_shown};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(str_find(shown[i], STR("the-token")), SIZE_MAX);
        assert_int_equal(str_find(shown[i], STR("the-secret")), SIZE_MAX);
    }
    assert_str(request.signed_text_shown,
               "***access_token***client_idkdata_typeJSONtimestamp0typex***");
    connector_free(connector);
    arena_fini(&arena);
}

static void a_header_that_would_break_the_request_is_refused(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douyin-life", "orders");
    w.facts.shop.external_id = STR("1\r\nX: y");
    assert_int_equal(connector_request(w.connector, w.stream->request, &w.facts, false, &w.arena,
                                       &w.request, &w.err),
                     ERR_CONFIG);
    assert_string_equal(w.err.code, "request_header");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(life_asks_by_update_time_with_the_token_in_a_header),
        cmocka_unit_test(life_asks_by_creation_time_only_when_told_to),
        cmocka_unit_test(a_total_is_asked_with_one_record_from_the_first_page),
        cmocka_unit_test(the_page_size_stays_within_the_platforms_limit),
        cmocka_unit_test(options_are_sent_when_they_are_set_and_left_out_when_empty),
        cmocka_unit_test(a_single_order_is_looked_up_without_a_window),
        cmocka_unit_test(the_token_request_is_json_and_carries_no_token),
        cmocka_unit_test(cipher_texts_are_asked_as_a_list),
        cmocka_unit_test(douplus_puts_its_filter_as_json_text_into_the_query),
        cmocka_unit_test(douplus_looks_orders_up_by_ids_as_json_numbers),
        cmocka_unit_test(douplus_asks_figures_by_days_and_ids),
        cmocka_unit_test(douplus_exchanges_a_code_and_refreshes_with_a_number_as_app_id),
        cmocka_unit_test(douplus_leads_to_its_consent_page),
        cmocka_unit_test(a_base_url_replaces_scheme_host_and_port_and_keeps_the_path),
        cmocka_unit_test(a_host_made_from_a_setting_stays_a_host),
        cmocka_unit_test(host_and_path_are_joined_by_one_slash_and_an_empty_path_adds_nothing),
        cmocka_unit_test(what_is_shown_hides_the_token),
        cmocka_unit_test(a_header_that_would_break_the_request_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

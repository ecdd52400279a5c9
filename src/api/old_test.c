#include "api/api_fixture.h"
#include "api/old.h"

static const char file_head[] =
    "errors:\n"
    "  - {code: 1001, says: who, status: 401}\n"
    "  - {code: 9002, says: wrong}\n"
    "shapes:\n"
    "  one: {id: a, n: {from: b, as: number}}\n"
    "  many: {id: order_id, 'on': {from: state, words: {enabled: 1, disabled: 'no'}}, budget: {from: budget, as: yuan},\n"
    "    plays: {from: plays, absent: true}, none: {none: 0}, at: {from: at, as: local}, x: {from: name, given: yes}, y: {from: name, given: no}, name: {from: name, as: text},\n"
    "    took: {from: at, until: end, as: span}, ones: {from: ones, as: rows, of: one, none: nothing}}\n"
    "sorts:\n"
    "  tasks: {by: sortField, order: sortOrder, standard: created_at, words: {cost: cost, time: created_at}}\n"
    "routes:\n"
    "  GET /api/douplus/task/page:\n"
    "    runs: GET /api/v1/ad-orders\n"
    "    params: {status: {to: status, words: {ALL: '', DONE: DELIVERIED}}, keyword: q,\n"
    "             accountId: shop, kind: {to: kind, standard: x}}\n"
    "    with: {platform: douplus}\n"
    "    sort: tasks\n"
    "    page: {number: pageNum, size: pageSize, standard: 10}\n"
    "    answer: {kind: page, at: items, key: records, of: many}\n"
    "  POST /api/account/{id}/sync:\n"
    "    runs: POST /api/v1/shops/{id}/syncs\n"
    "    with: {whole: true, why: 'true', kinds: [a, b]}\n"
    "    params: {mode: mode, id: {to: shops, form: list}, depth: {to: depth, form: digits}}\n"
    "    answer: {kind: object, of: one}\n";

static struct old_table *parsed(struct api_fixture *f)
{
    struct old_table *table;
    struct err err;
    api_good(old_parse(STR("t.yaml"), str_of(file_head), &f->arena, &table, &err), &err);
    return table;
}

static const char *asked(struct api_fixture *f, struct http_request *from, enum err_class *class_)
{
    static char text[1000];
    struct old_call old;
    struct old_pages pages;
    struct http_request *made;
    struct json_doc *body = NULL;
    struct err err = {0};
    struct buf out;
    assert_true(old_route_find(parsed(f), from->method, from->path, &old));
    assert_false(old.other_method);
    if (from->body.len > 0)
        api_good(json_parse(from->body, &body, &err), &err);
    *class_ = old_pages_read(&old, from, json_root(body), &pages, &err);
    if (*class_ == ERR_OK)
        *class_ = old_request_make(&old, from, json_root(body), &pages, STR_NONE, &made, &err);
    json_free(body);
    if (*class_ != ERR_OK) {
        snprintf(text, sizeof(text), "%s", err.code);
        return text;
    }
    buf_init_lent(&out, text, sizeof(text));
    buf_printf(&out, "%.*s %.*s", STR_ARG(made->method), STR_ARG(made->path));
    for (size_t i = 0; i < made->query_len; i++)
        buf_printf(&out, "%c%.*s=%.*s", i > 0 ? '&' : '?', STR_ARG(made->query[i].name),
                   STR_ARG(made->query[i].value));
    buf_printf(&out, "%.*s", STR_ARG(made->body));
    return text;
}

static void asks(struct api_fixture *f, const char *query, const char *wanted)
{
    enum err_class class_;
    assert_string_equal(
        asked(f, api_request(f, "GET", "/api/douplus/task/page", query, NULL), &class_), wanted);
}

static void test_parameters_are_renamed_and_ours_only_remain(void **state)
{
    asks(*state, "",
         "GET /api/v1/ad-orders?kind=x&platform=douplus&sort=-created_at&limit=10&page=1");
    asks(
        *state,
        "status=DONE&keyword=a%26b&accountId=7&_t=9&kind=&sortField=cost&sortOrder=asc&pageNum=3&pageSize=50",
        "GET /api/v1/ad-orders?status=DELIVERIED&q=a&b&shop=7&kind=x&platform=douplus&sort=cost&limit=50&page=3");
    asks(*state, "status=ALL",
         "GET /api/v1/ad-orders?kind=x&platform=douplus&sort=-created_at&limit=10&page=1");
    asks(*state, "status=nonsense", "parameter_word");
    asks(*state, "sortField=nonsense", "parameter_word");
    asks(*state, "sortOrder=sideways", "parameter_word");
}

static void test_pages_of_any_size_are_pages_of_ours(void **state)
{
    asks(*state, "pageSize=-1",
         "GET /api/v1/ad-orders?kind=x&platform=douplus&sort=-created_at&limit=1000&page=1");
    asks(*state, "pageSize=1500&pageNum=2",
         "GET /api/v1/ad-orders?kind=x&platform=douplus&sort=-created_at&limit=750&page=3");
    asks(*state, "pageSize=0&pageNum=-3",
         "GET /api/v1/ad-orders?kind=x&platform=douplus&sort=-created_at&limit=1000&page=1");
    asks(*state, "pageSize=1009", "parameter_range"); /* a prime */
    asks(*state, "pageSize=10001", "parameter_range");
    asks(*state, "pageSize=ten", "parameter_integer");
    asks(*state, "pageNum=99999999999999999999", "parameter_integer");
}

static void test_a_body_becomes_a_body(void **state)
{
    struct api_fixture *f = *state;
    enum err_class class_;
    struct http_request *from = api_request(f, "POST", "/api/account/7/sync", "mode=full",
                                            "{\"depth\": 12, \"mode\": \"\\\"q\", \"other\": [1]}");
    assert_string_equal(
        asked(f, from, &class_),
        "POST /api/v1/shops/7/syncs{\"mode\":\"\\\"q\",\"shops\":[\"7\"],\"depth\":12,\"whole\":true,\"why\":\"true\",\"kinds\":[\"a\",\"b\"]}");
    from = api_request(f, "POST", "/api/account/7/sync", "depth=1,\"x\":2", NULL);
    assert_string_equal(asked(f, from, &class_), "parameter_integer");
}

static void test_values_are_written_in_the_old_units(void **state)
{
    struct api_fixture *f = *state;
    struct json_doc *doc;
    struct buf out;
    struct err err;
    const struct old_table *table = parsed(f);
    struct str ours = STR(
        "{\"order_id\":\"1835535794685987\",\"state\":\"disabled\",\"budget\":{\"minor\":21000,\"currency\":"
        "\"CNY\",\"text\":\"210.00\"},\"plays\":null,\"at\":\"2026-01-27T16:00:01.500Z\",\"name\":12,\"yes\":true,"
        "\"end\":\"2026-01-27T17:01:02Z\",\"ones\":[{\"a\":\"1\",\"b\":\"22\"},{\"b\":\"x\"},{\"b\":\"0.5\"},{\"b\":\"007\"}]}");
    api_good(json_parse(ours, &doc, &err), &err);
    buf_init(&out, 4000);
    old_shape_write(&out, table->routes[0].shape, json_root(doc), NULL);
    assert_string_equal(
        out.ptr,
        "{\"id\":\"1835535794685987\",\"on\":\"no\",\"budget\":210.00,\"none\":0,\"at\":\"2026-01-28 00:00:01\",\"x\":12,"
        "\"name\":\"12\",\"took\":\"1小时1分0秒\",\"ones\":[{\"id\":\"1\",\"n\":22},{\"id\":null,\"n\":\"x\"},"
        "{\"id\":null,\"n\":0.5},{\"id\":null,\"n\":\"007\"}]}");
    buf_fini(&out);
    json_free(doc);
}

static void test_a_file_that_cannot_work_is_refused(void **state)
{
    static const char *const wrongs[][2] = {
        {"kind: page, at: items", "kind: pages, at: items"},
        {"of: many}", "of: nany}"},
        {"sort: tasks", "sort: taks"},
        {"runs: GET /api/v1/ad-orders", "runs: GET /ad-orders"},
        {"until: end, ", ""},
        {"key: records, ", ""},
        {"- {code: 9002, says: wrong}", "- {code: 9002, says: wrong, status: 400}"},
        {"from: at, as: local", "from: 'a[', as: local"},
        {"none: {none: 0}", "none: {as: yuan}"},
    };
    struct api_fixture *f = *state;
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
        struct old_table *table;
        struct err err = {0};
        struct str text = str_of(file_head), from = str_of(wrongs[i][0]);
        size_t at = str_find(text, from);
        assert_true(at != SIZE_MAX);
        struct str wrong = arena_printf(&f->arena, "%.*s%s%.*s", (int)at, text.ptr, wrongs[i][1],
                                        STR_ARG(str_sub(text, at + from.len, text.len)));
        if (old_parse(STR("t.yaml"), wrong, &f->arena, &table, &err) != ERR_CONFIG)
            fail_msg("not refused: %s", wrongs[i][1]);
        assert_non_null(strstr(err.message, "t.yaml:"));
    }
}

static void test_the_programs_own_file_can_be_read(void **state)
{
    (void)state;
    assert_non_null(old_own());
}

/* {…} is {…}, whatever stands in it. */
static bool same_path(struct str a, struct str b)
{
    while (a.len > 0 && b.len > 0) {
        struct str x, y;
        str_cut(str_sub(a, 1, a.len), '/', &x, &(struct str){0});
        str_cut(str_sub(b, 1, b.len), '/', &y, &(struct str){0});
        if (!str_eq(x, y) && !(str_starts(x, STR("{")) && str_starts(y, STR("{"))))
            return false;
        a = str_sub(a, 1 + x.len, a.len);
        b = str_sub(b, 1 + y.len, b.len);
    }
    return a.len == 0 && b.len == 0;
}

static const struct route *route_of(const struct old_route *old)
{
    for (const struct route *const *table = route_tables; *table; table++)
        for (const struct route *route = *table; route->path; route++)
            if (str_eq(old->our_method, str_of(route_method_name(route->method))) &&
                same_path(old->our_path, str_of(route->path)))
                return route;
    return NULL;
}

static void takes(const struct old_route *old, const struct route *route, struct str name)
{
    for (const struct param *param = route->params; param && param->name; param++)
        if (str_eq(name, str_of(param->name)))
            return;
    fail_msg("%.*s: %s has no parameter %.*s", STR_ARG(old->path), route->path, STR_ARG(name));
}

static void test_every_old_route_runs_one_of_ours_with_parameters_that_it_has(void **state)
{
    const struct old_table *table = old_own();
    (void)state;
    for (size_t i = 0; i < table->routes_len; i++) {
        const struct old_route *old = &table->routes[i];
        if (!old->our_path.ptr)
            continue;
        const struct route *route = route_of(old);
        if (!route)
            fail_msg("%.*s runs %.*s, which is not there", STR_ARG(old->path),
                     STR_ARG(old->our_path));
        for (size_t k = 0; k < old->params_len; k++)
            takes(old, route, old->params[k].to);
        for (size_t k = 0; k < old->with_len; k++)
            takes(old, route, old->with[k].to);
        if (old->sort.by.ptr)
            takes(old, route, STR("sort"));
        static const char *const paging[] = {"limit", "cursor", "page"};
        for (int k = 0; old->paging.size.ptr && k < 3; k++)
            takes(old, route, str_of(paging[k]));
        if (!old->beside.route)
            continue;
        route = route_of(old->beside.route);
        assert_non_null(route);
        for (size_t k = 0; k < old->beside.route->with_len; k++)
            takes(old, route, old->beside.route->with[k].to);
    }
}

static void answers(struct api_fixture *f, const char *method, const char *path, unsigned status,
                    const char *code, const char *success)
{
    struct answer a = api_ask(f, method, path, "", NULL);
    assert_int_equal(a.status, status);
    assert_string_equal(answer_text(&a, "code"), code);
    assert_string_equal(answer_text(&a, "success"), success);
    assert_true(json_len(a.json) == 4);
}

static void test_answers_and_refusals_stand_in_the_old_envelope(void **state)
{
    struct api_fixture *f = *state;
    answers(f, "GET", "/api/health", 200, "200", "true");
    answers(f, "GET", "/api/health/", 200, "200", "true");
    answers(f, "POST", "/api/douplus/callback", 200, "200", "true");
    answers(f, "PUT", "/api/douplus/task/page", 405, "9002", "false");
    answers(f, "DELETE", "/api/health", 405, "9002", "false");
    struct answer a = api_ask(f, "POST", "/api/douplus/callback", "", "no=json");
    assert_int_equal(a.status, 200);
    a = api_ask(f, "GET", "/api/health", "", "{");
    assert_int_equal(a.status, 400);
    assert_string_equal(answer_text(&a, "code"), "9002");
    a = api_ask(f, "GET", "/api/nothing", "", NULL);
    answer_refuses(&a, 404, "route");
}

/* --- over our own routes --- */

enum { MANY = 2500, FEW = 3 };
struct filling {
    int64_t shop, rows;
};

static enum err_class fill(struct tx *tx, void *context, struct err *err)
{
    const struct filling *filling = context;
    enum err_class class_ = ERR_OK;
    for (int64_t i = 0; class_ == ERR_OK && i < filling->rows; i++) {
        char id[32];
        snprintf(id, sizeof(id), "18355%lld%08lld", (long long)filling->shop, (long long)i);
        const struct sql_value values[] = {sql_int(filling->shop), sql_text(str_of(id)),
                                           sql_int(1769529600000 - i % 7 * 1000), sql_int(i % 2)};
        class_ = tx_exec(
            tx,
            "INSERT INTO ad_result (shop_id, order_id, item_id, status, title, created_ms, day, currency, told,"
            " final, budget, cost, plays, likes, comments, shares, follows, conversions, rate_5s,"
            " delivery_hours, changed_ms) VALUES (?1, ?2, '7518299855211597096', 'DELIVERIED', '标题 \"一\"', ?3,"
            " '2026-01-27', 'CNY', ?4, 0, 21000, CASE WHEN ?4 = 1 THEN 1234 END, CASE WHEN ?4 = 1 THEN 100 END,"
            " 5, 1, 2, 3, 0, 250000, '24.0', 1)",
            values, 4, NULL, err);
    }
    return class_;
}

static void filled(struct api_fixture *f)
{
    struct filling alpha = {FIXTURE_ALPHA, MANY}, beta = {FIXTURE_BETA, FEW};
    struct err err;
    api_good(metrics_own(&f->arena, (struct metric_catalog **)(uintptr_t)&f->host.metrics, &err),
             &err);
    api_good(store_write(f->store, fill, &alpha, &err), &err);
    api_good(store_write(f->store, fill, &beta, &err), &err);
}

static size_t distinct_orders(const struct json *records)
{
    struct map seen;
    struct json_iter iter;
    const struct json *record;
    size_t len = 0;
    map_init(&seen, 10 * MANY);
    json_iter_init(&iter, records);
    while ((record = json_iter_next(&iter, NULL))) {
        bool added;
        assert_non_null(map_put(&seen, json_text(json_get(record, STR("orderId"))), &added));
        len += added;
    }
    map_fini(&seen);
    return len;
}

static void test_a_large_page_is_many_of_ours_and_no_row_comes_twice(void **state)
{
    struct api_fixture *f = *state;
    filled(f);
    struct answer a = api_ask(f, "GET", "/api/douplus/task/page", "pageSize=-1&sortField=budget",
                              NULL);
    assert_int_equal(a.status, 200);
    assert_int_equal(json_len(answer_at(&a, "data.records")), MANY + FEW);
    assert_int_equal(distinct_orders(answer_at(&a, "data.records")), MANY + FEW);
    assert_string_equal(answer_text(&a, "data.total"), "2503");
    assert_string_equal(answer_text(&a, "data.pages"), "1");
    a = api_ask(f, "GET", "/api/douplus/task/page", "pageSize=1200&pageNum=3&sortField=budget",
                NULL);
    assert_int_equal(json_len(answer_at(&a, "data.records")), MANY + FEW - 2400);
    assert_string_equal(answer_text(&a, "data.pageNum"), "3");
    assert_string_equal(answer_text(&a, "data.pages"), "3");
    a = api_ask(f, "GET", "/api/douplus/task/page", "pageNum=900", NULL);
    assert_int_equal(json_len(answer_at(&a, "data.records")), 0);
}

static void test_an_order_is_written_as_the_old_list_had_it(void **state)
{
    struct api_fixture *f = *state;
    filled(f);
    struct answer a = api_ask(f, "GET", "/api/douplus/task/18355200000001", "", NULL);
    assert_string_equal(
        arena_dup(&f->arena, a.body).ptr,
        "{\"code\":200,\"message\":\"success\",\"data\":{\"id\":\"18355200000001\",\"userId\":1,\"accountId\":2,\"itemId\":"
        "\"7518299855211597096\",\"orderId\":\"18355200000001\",\"taskId\":null,\"status\":\"DELIVERIED\",\"budget\":210.00,"
        "\"duration\":24,\"targetType\":null,\"videoTitle\":\"标题 \\\"一\\\"\",\"videoCoverUrl\":null,\"accountNickname\":null,"
        "\"accountAvatar\":null,\"orderCreateTime\":\"2026-01-27 23:59:59\",\"orderStartTime\":null,\"orderEndTime\":null,"
        "\"createTime\":null,\"updateTime\":null,\"actualCost\":12.34,\"playCount\":100,\"likeCount\":5,\"commentCount\":1,"
        "\"shareCount\":2,\"followCount\":3,\"dpTargetConvertCnt\":0,\"customConvertCost\":0,\"avg5sRate\":0.250000,"
        "\"playPer100Cost\":810.37,\"shareRate\":2.0000},\"success\":true}");
    a = api_ask(f, "GET", "/api/douplus/task/18355200000000", "", NULL);
    assert_int_equal(json_len(answer_at(&a, "data")), 19); /* the platform has told nothing of it */
}

static void test_who_sees_one_shop_sees_no_other_through_old_routes(void **state)
{
    struct api_fixture *f = *state;
    static const int64_t beta[] = {FIXTURE_BETA};
    filled(f);
    f->person = (struct person){
        .user_id = 2, .name = STR("eye"), .right = RIGHT_READ, .shops = beta, .shops_len = 1};
    struct answer a = api_ask(f, "GET", "/api/douplus/task/page", "pageSize=-1", NULL);
    assert_int_equal(json_len(answer_at(&a, "data.records")), FEW);
    assert_string_equal(answer_text(&a, "data.total"), "3");
    answers(f, "GET", "/api/douplus/task/18355100000001", 404, "2001", "false");
    answers(f, "GET", "/api/douplus/task/stats/1", 404, "2001", "false");
    answers(f, "GET", "/api/douplus/task/stats/2", 200, "200", "true");
    answers(f, "GET", "/api/douplus/video/stats/1", 404, "2001", "false");
    a = api_ask(f, "GET", "/api/douplus/task/page", "accountId=alpha", NULL);
    assert_int_equal(a.status, 404);
    assert_string_equal(answer_text(&a, "code"), "2001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parameters_are_renamed_and_ours_only_remain, api_ready,
                                        api_end),
        cmocka_unit_test_setup_teardown(test_pages_of_any_size_are_pages_of_ours, api_ready,
                                        api_end),
        cmocka_unit_test_setup_teardown(test_a_body_becomes_a_body, api_ready, api_end),
        cmocka_unit_test_setup_teardown(test_values_are_written_in_the_old_units, api_ready,
                                        api_end),
        cmocka_unit_test_setup_teardown(test_a_file_that_cannot_work_is_refused, api_ready,
                                        api_end),
        cmocka_unit_test_setup_teardown(test_the_programs_own_file_can_be_read, api_ready, api_end),
        cmocka_unit_test(test_every_old_route_runs_one_of_ours_with_parameters_that_it_has),
        cmocka_unit_test_setup_teardown(test_answers_and_refusals_stand_in_the_old_envelope,
                                        api_ready, api_end),
        cmocka_unit_test_setup_teardown(test_a_large_page_is_many_of_ours_and_no_row_comes_twice,
                                        api_ready, api_end),
        cmocka_unit_test_setup_teardown(test_an_order_is_written_as_the_old_list_had_it, api_ready,
                                        api_end),
        cmocka_unit_test_setup_teardown(test_who_sees_one_shop_sees_no_other_through_old_routes,
                                        api_ready, api_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Replies: what they mean, how many there are, what comes next. */
#include "connector/testing.h"

static const char HEAD[] =
    "platform: p\nname: {zh: p, en: p}\nversion: 1\nzone: Asia/Shanghai\ncurrency: CNY\n"
    "money: minor\nhosts: {api: \"https://p.example\"}\n";
static const char STREAM[] = "streams:\n  s:\n    table: trade_order\n    every: 5m\n"
                             "    request: {get: /x}\n    window: {by: created, span: 1d}\n"
                             "    records: list[]\n    fields: {order_id: id}\n";

struct world {
    struct arena arena;
    struct connector *connector;
    const struct stream *stream;
    struct facts facts;
    struct reply reply;
    struct page page;
    struct err err;
};

static void world_open(struct world *w, const char *platform)
{
    memset(w, 0, sizeof *w);
    arena_init(&w->arena);
    w->connector = test_builtin(&w->arena, platform);
    w->stream = connector_stream_at(w->connector, 0);
    w->reply = (struct reply){.status = 200, .received_ms = 1000000};
    w->facts.page.number = 1;
}

/* A manifest of a head, `rest`, and a stream with `pages`. */
static void world_make(struct world *w, const char *rest, const char *pages)
{
    memset(w, 0, sizeof *w);
    arena_init(&w->arena);
    struct str text = arena_printf(&w->arena, "%s%s%s    pages: %s\n", HEAD, rest, STREAM, pages);
    w->connector = test_load(&w->arena, STR("p.yaml"), text);
    w->stream = connector_stream_at(w->connector, 0);
    w->reply = (struct reply){.status = 200, .received_ms = 1000000};
    w->facts.page.number = 1;
}

static void world_close(struct world *w)
{
    page_fini(&w->page);
    connector_free(w->connector);
    arena_fini(&w->arena);
}

static enum err_class give(struct world *w, int status, const char *body)
{
    page_fini(&w->page);
    memset(&w->err, 0, sizeof w->err);
    w->reply.status = status;
    w->reply.body = str_of(body);
    return connector_read(w->connector, w->stream->request, w->stream, &w->facts, &w->reply,
                          &w->arena, &w->page, &w->err);
}

static void every_refusal_has_its_class_scope_and_code(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum err_class class_;
        enum err_scope scope;
        const char *code;
    } cases[] = {
        {200, "{\"error_code\":2190002}", ERR_TOKEN_EXPIRED, ERR_SCOPE_APP, "2190002"},
        {200, "{\"code\":\"2190008\"}", ERR_TOKEN_EXPIRED, ERR_SCOPE_APP, "2190008"},
        {200, "{\"data\":{\"error_code\":10013}}", ERR_FORBIDDEN, ERR_SCOPE_APP, "10013"},
        {200, "{\"data\":{\"error_code\":2190003}}", ERR_FORBIDDEN, ERR_SCOPE_SHOP, "2190003"},
        {200, "{\"data\":{\"error_code\":2119003}}", ERR_THROTTLED, ERR_SCOPE_SHOP, "2119003"},
        {200, "{\"data\":{\"error_code\":2119004}}", ERR_THROTTLED, ERR_SCOPE_REQUEST, "2119004"},
        {200, "{\"err_no\":5000001}", ERR_RETRY, ERR_SCOPE_PLATFORM, "5000001"},
        {200, "{\"extra\":{\"error_code\":2100004}}", ERR_RETRY, ERR_SCOPE_PLATFORM, "2100004"},
        /* A place that says success does not hide one that does not. */
        {200,
         "{\"error_code\":0,\"data\":{\"error_code\":0,\"orders\":[]},"
         "\"extra\":{\"error_code\":0,\"sub_error_code\":2100004}}",
         ERR_RETRY, ERR_SCOPE_PLATFORM, "2100004"},
        {200, "{\"data\":{\"error_code\":123}}", ERR_BAD_REQUEST, ERR_SCOPE_REQUEST, "123"},
        {200, "{}", ERR_BAD_REPLY, ERR_SCOPE_REQUEST, "code_missing"},
        {200, "[]", ERR_BAD_REPLY, ERR_SCOPE_REQUEST, "code_missing"},
        {200, "{\"data\":{\"error_code\":0}}", ERR_BAD_REPLY, ERR_SCOPE_REQUEST, "list_missing"},
        {200, "{\"data\":null,\"extra\":{\"error_code\":0}}", ERR_BAD_REPLY, ERR_SCOPE_REQUEST,
         "list_missing"},
        {200, "{\"data\":{\"error_code\":0,\"orders\":{}}}", ERR_BAD_REPLY, ERR_SCOPE_REQUEST,
         "list_missing"},
        {200, "", ERR_BAD_REPLY, ERR_SCOPE_REQUEST, "body_empty"},
        {200, "<html>busy</html>", ERR_BAD_REPLY, ERR_SCOPE_REQUEST, "not_json"},
        {200, "{\"data\":{\"error_code\":0,\"orders\":[{\"or", ERR_BAD_REPLY, ERR_SCOPE_REQUEST,
         "json_syntax"},
        {200, "{\"data\":{\"error_code\":0,\"description\":\"\xb3\xc9\xb9\xa6\"}}", ERR_BAD_REPLY,
         ERR_SCOPE_REQUEST, "json_utf8"},
        {200, "{\"data\":{\"error_code\":\"0\\u0000\",\"orders\":[]}}", ERR_BAD_REPLY,
         ERR_SCOPE_REQUEST, "json_nul"},
        {500, "{\"data\":{\"error_code\":\"\\u0000\"}}", ERR_RETRY, ERR_SCOPE_PLATFORM, "http_500"},
        {200, "{\"data\":{\"error_code\":0,\"orders\":[],\"page\":{\"total\":\"1\\u00002\"}}}",
         ERR_BAD_REPLY, ERR_SCOPE_REQUEST, "total_text"},
        {429, "<html>", ERR_THROTTLED, ERR_SCOPE_APP, "http_429"},
        {500, "", ERR_RETRY, ERR_SCOPE_PLATFORM, "http_500"},
        {503, "upstream", ERR_RETRY, ERR_SCOPE_PLATFORM, "http_503"},
        {408, "", ERR_RETRY, ERR_SCOPE_PLATFORM, "http_408"},
        {401, "", ERR_TOKEN_EXPIRED, ERR_SCOPE_SHOP, "http_401"},
        {403, "", ERR_FORBIDDEN, ERR_SCOPE_SHOP, "http_403"},
        {404, "", ERR_BAD_REPLY, ERR_SCOPE_REQUEST, "http_404"},
        {302, "", ERR_BAD_REPLY, ERR_SCOPE_REQUEST, "http_302"},
        /* The platform's own words come before HTTP's. */
        {500, "{\"error_code\":2190008}", ERR_TOKEN_EXPIRED, ERR_SCOPE_APP, "2190008"},
        {400, "{\"error_code\":9}", ERR_BAD_REQUEST, ERR_SCOPE_REQUEST, "9"},
        {502, "{\"error_code\":9}", ERR_RETRY, ERR_SCOPE_PLATFORM, "9"},
        /* A success in the body does not outweigh an HTTP error. */
        {500, "{\"data\":{\"error_code\":0,\"orders\":[]}}", ERR_RETRY, ERR_SCOPE_PLATFORM, "0"},
    };
    struct world w;
    world_open(&w, "douyin-life");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum err_class class_ = give(&w, cases[i].status, cases[i].body);
        if (class_ != cases[i].class_ || w.err.scope != cases[i].scope ||
            strcmp(w.err.code, cases[i].code) != 0)
            fail_msg("%d %s: %s %s %s", cases[i].status, cases[i].body, err_class_name(class_),
                     err_scope_name(w.err.scope), w.err.code);
        assert_null(w.page.doc);
    }
    world_close(&w);
}

static void a_rule_that_matches_without_a_code_names_the_http_status(void **state)
{
    (void)state;
    struct world w;
    world_make(&w,
               "reply: {success: body.ok == true}\n"
               "errors: [{when: http == 430 or body.slow == true, class: throttled}]\n",
               "{kind: none}");
    assert_int_equal(give(&w, 430, "{}"), ERR_THROTTLED);
    assert_string_equal(w.err.code, "http_430");
    assert_string_equal(w.err.message, "p answered HTTP 430, code http_430");
    assert_int_equal(give(&w, 200, "{\"slow\":true}"), ERR_THROTTLED);
    assert_string_equal(w.err.code, "refused");
    world_close(&w);
}

static void a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douyin-life");
    char body[600] = "{\"error_code\":1,\"description\":\"x";
    for (size_t i = 0; i < 100; i++)
        strcat(body, "流");
    strcat(body, "\"}");
    give(&w, 200, body);
    const char *text = strstr(w.err.message, ": ") + 2;
    assert_int_equal(strlen(text), 199); /* of 301: the next character would end beyond 200 */
    assert_true(utf8_valid(str_of(text), NULL));
    world_close(&w);
}

static void retry_after_is_seconds_or_a_date(void **state)
{
    (void)state;
    struct world w;
    struct request_header header = {.name = STR("Retry-After"), .value = STR(" 7 ")};
    world_open(&w, "douyin-life");
    w.reply.headers = &header;
    w.reply.headers_len = 1;
    assert_int_equal(give(&w, 429, ""), ERR_THROTTLED);
    assert_int_equal(w.err.retry_at_ms, 1007000);
    header.value = STR("Wed, 21 Oct 2015 07:28:00 GMT");
    w.reply.received_ms = 1445412000000;
    assert_int_equal(give(&w, 503, ""), ERR_RETRY);
    assert_int_equal(w.err.retry_at_ms, 1445412480000);
    header.value = STR("Wed, 99 Oct 2015 07:28:00 GMT");
    assert_int_equal(give(&w, 503, ""), ERR_RETRY);
    assert_int_equal(w.err.retry_at_ms, 0);
    w.reply.received_ms = 1000000;
    header.value = STR("soon");
    assert_int_equal(give(&w, 429, ""), ERR_THROTTLED);
    assert_int_equal(w.err.retry_at_ms, 0);
    header.value = STR("99999999999");
    assert_int_equal(give(&w, 429, ""), ERR_THROTTLED);
    assert_int_equal(w.err.retry_at_ms, 1000000 + 86400000);
    header.value = STR("7");
    assert_int_equal(give(&w, 403, ""), ERR_FORBIDDEN);
    assert_int_equal(w.err.retry_at_ms, 0);
    /* A rule of the manifest. */
    w.reply.headers_len = 0;
    assert_int_equal(give(&w, 200, "{\"data\":{\"error_code\":2119004}}"), ERR_THROTTLED);
    assert_int_equal(w.err.retry_at_ms, 1000000 + 3600000);
    world_close(&w);
}

static void messages_hide_tokens_secrets_and_phones(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douyin-life");
    w.facts.access_token = STR("clt.secret");
    w.facts.app.secret = STR("app-secret");
    give(&w, 200,
         "{\"error_code\":1,\"description\":\"token clt.secret app-secret 13800138000 "
         "order 7000277894522046508\"}");
    assert_string_equal(w.err.message, "douyin-life answered HTTP 200, code 1 (not known to the "
                                       "manifest): token *** *** 138****8000 "
                                       "order 7000277894522046508");
    world_close(&w);
}

static void messages_hide_phones_however_they_are_written(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"+8613800138000", "+86138****8000"},
        {"8613800138000", "86138****8000"},
        {"008613800138000", "0086138****8000"},
        {"0086 13900139000", "0086 139****9000"},
        {"+86-138-0013-8000", "+86-138-****-8000"},
        {"138-0013-8000", "138-****-8000"},
        {"138 0013 8000", "138 **** 8000"},
        {"138.0013.8000", "138.****.8000"},
        {"1380 013 8000", "138* *** 8000"},
        {"买家13800138000，13900139000。", "买家138****8000，139****9000。"},
        {"13800138000 13900139000 138 0013 8000", "138****8000 139****9000 138 **** 8000"},
        {"8613800138000 13900139000", "86138****8000 139****9000"},
        {"2026 13800138000", "2026 138****8000"},
        {"0086 13800131380 0138000", "0086 138****1380 0138000"},
        /* What is longer, shorter or begins otherwise is no mobile number. */
        {"138001380001", "138001380001"},
        {"86138001380001", "86138001380001"},
        {"7000277894522046508", "7000277894522046508"},
        {"1380013800", "1380013800"},
        {"138--0013-8000", "138--0013-8000"},
        {"2026-01-28 00:00:00", "2026-01-28 00:00:00"},
        {"12800138000", "12800138000"},
        {"86", "86"},
        {"0086 ", "0086 "},
    };
    struct world w;
    world_open(&w, "douyin-life");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        give(&w, 200,
             arena_printf(&w.arena, "{\"error_code\":1,\"description\":\"%s\"}", cases[i][0]).ptr);
        const char *said = strstr(w.err.message, "manifest): ");
        assert_non_null(said);
        assert_string_equal(said + strlen("manifest): "), cases[i][1]);
    }
    world_close(&w);
}

static void the_total_is_read_from_either_place(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douyin-life");
    assert_int_equal(give(&w, 200,
                          "{\"data\":{\"error_code\":0,\"orders\":[],"
                          "\"page\":{\"total\":12}}}"),
                     ERR_OK);
    assert_int_equal(w.page.total, 12);
    assert_int_equal(give(&w, 200,
                          "{\"data\":{\"error_code\":0,\"orders\":[],"
                          "\"total_count\":\"13\"}}"),
                     ERR_OK);
    assert_int_equal(w.page.total, 13);
    assert_int_equal(give(&w, 200, "{\"data\":{\"error_code\":0,\"orders\":[]}}"), ERR_OK);
    assert_int_equal(w.page.total, -1);
    assert_int_equal(w.page.records, 0);
    assert_int_equal(w.page.next, PAGE_LAST);
    assert_int_equal(give(&w, 200,
                          "{\"data\":{\"error_code\":0,\"orders\":[],"
                          "\"total_count\":-1}}"),
                     ERR_BAD_REPLY);
    assert_string_equal(w.err.code, "total_text");
    world_close(&w);
}

static const char CURSOR_REPLY[] =
    "{\"data\":{\"error_code\":0,\"orders\":[{\"order_id\":\"1\"}],"
    "\"search_after\":{\"CursorValue\":[\"1769500000\",7000278755910502444]}},"
    "\"extra\":{\"logid\":\"L1\"}}";

static void a_cursor_is_written_as_the_shop_chose(void **state)
{
    (void)state;
    struct world w;
    struct setting option = {STR("cursor_form"), STR("comma")};
    world_open(&w, "douyin-life");
    assert_int_equal(give(&w, 200, CURSOR_REPLY), ERR_OK);
    assert_int_equal(w.page.next, PAGE_MORE);
    assert_str(w.page.position, "[\"1769500000\",7000278755910502444]");
    assert_str(w.page.request_id, "L1");
    assert_int_equal(w.page.records, 1);
    w.facts.options = &option;
    w.facts.options_len = 1;
    assert_int_equal(give(&w, 200, CURSOR_REPLY), ERR_OK);
    assert_str(w.page.position, "1769500000,7000278755910502444");
    /* A choice that the manifest does not offer is as if not made. */
    option.value = STR("guess");
    assert_int_equal(give(&w, 200, CURSOR_REPLY), ERR_OK);
    assert_str(w.page.position, "[\"1769500000\",7000278755910502444]");
    world_close(&w);
}

static void an_empty_cursor_ends_the_list_and_a_short_page_does_not(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douyin-life");
    w.facts.page.size = 100;
    assert_int_equal(give(&w, 200, CURSOR_REPLY), ERR_OK);
    assert_int_equal(w.page.next, PAGE_MORE);
    assert_false(w.page.repeated);
    assert_int_equal(give(&w, 200,
                          "{\"data\":{\"error_code\":0,\"orders\":[],"
                          "\"search_after\":{\"CursorValue\":[\"1\"]}}}"),
                     ERR_OK);
    assert_int_equal(w.page.next, PAGE_MORE);
    assert_int_equal(give(&w, 200,
                          "{\"data\":{\"error_code\":0,\"orders\":[{\"order_id\":\"1\"}],"
                          "\"search_after\":{\"CursorValue\":[]}}}"),
                     ERR_OK);
    assert_int_equal(w.page.next, PAGE_LAST);
    world_close(&w);
}

static void a_repeated_cursor_is_told(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douyin-life");
    w.facts.page.position = STR("[\"1769500000\",7000278755910502444]");
    assert_int_equal(give(&w, 200, CURSOR_REPLY), ERR_OK);
    assert_true(w.page.repeated);
    w.facts.page.position = STR_NONE;
    assert_int_equal(give(&w, 200,
                          "{\"data\":{\"error_code\":0,\"orders\":[],"
                          "\"search_after\":{\"CursorValue\":\"0\"}}}"),
                     ERR_OK);
    assert_true(w.page.repeated); /* the first page is asked with "0" */
    world_close(&w);
}

static void number_pages_end_where_the_total_says(void **state)
{
    (void)state;
    struct world w;
    static const char body[] = "{\"code\":0,\"data\":{\"order_list\":[{}],\"page_info\":"
                               "{\"total_num\":250,\"total_page\":3}}}";
    world_open(&w, "douplus");
    w.facts.page.size = 100;
    w.facts.page.number = 2;
    assert_int_equal(give(&w, 200, body), ERR_OK);
    assert_int_equal(w.page.next, PAGE_MORE);
    assert_int_equal(w.page.last_number, 3);
    w.facts.page.number = 3;
    assert_int_equal(give(&w, 200, body), ERR_OK);
    assert_int_equal(w.page.next, PAGE_LAST);
    /* No total: the last page's number; neither: the first empty page. */
    w.facts.page.number = 1;
    assert_int_equal(give(&w, 200,
                          "{\"code\":0,\"data\":{\"order_list\":[{}],\"page_info\":"
                          "{\"total_page\":2}}}"),
                     ERR_OK);
    assert_int_equal(w.page.next, PAGE_MORE);
    assert_int_equal(w.page.last_number, 2);
    assert_int_equal(give(&w, 200, "{\"code\":0,\"data\":{\"order_list\":[{}]}}"), ERR_OK);
    assert_int_equal(w.page.next, PAGE_MORE);
    assert_int_equal(w.page.last_number, -1);
    assert_int_equal(give(&w, 200, "{\"code\":0,\"data\":{\"order_list\":null}}"), ERR_OK);
    assert_int_equal(w.page.next, PAGE_LAST);
    world_close(&w);
}

static void a_look_up_by_ids_has_one_page(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "douyin-life");
    w.reply.body = STR("");
    w.reply.body = str_of(CURSOR_REPLY);
    assert_int_equal(connector_read(w.connector, w.stream->by_id, w.stream, &w.facts, &w.reply,
                                    &w.arena, &w.page, &w.err),
                     ERR_OK);
    assert_int_equal(w.page.next, PAGE_LAST);
    assert_int_equal(w.page.records, 1);
    world_close(&w);
}

static void first_key_envelopes_are_looked_through(void **state)
{
    (void)state;
    struct world w;
    world_make(&w,
               "reply:\n  envelope: \"*!error_response\"\n  code: error_response.error_code\n"
               "  success: code == null\n  message: error_response.error_msg\n"
               "errors:\n  - {when: code == 10019, class: token_expired}\n",
               "{kind: number, page: query.page, size: {in: query.n, max: 10}, total: total_count, "
               "more: body.order_list_get_response.has_next}");
    assert_int_equal(give(&w, 200,
                          "{\"order_list_get_response\":{\"list\":[{\"id\":\"1\"}],"
                          "\"total_count\":1,\"has_next\":true}}"),
                     ERR_OK);
    assert_int_equal(w.page.records, 1);
    assert_int_equal(w.page.total, 1);
    assert_int_equal(w.page.next, PAGE_MORE); /* `more` is the platform's own word */
    struct mapped mapped;
    assert_int_equal(
        connector_map(w.connector, w.stream, &w.facts, &w.page, &w.arena, &mapped, &w.err), ERR_OK);
    assert_int_equal(mapped.batches[0]->rows_len, 1);
    assert_int_equal(give(&w, 200,
                          "{\"error_response\":{\"error_code\":10019,"
                          "\"error_msg\":\"expired\"}}"),
                     ERR_TOKEN_EXPIRED);
    assert_string_equal(w.err.message, "p answered HTTP 200, code 10019: expired");
    assert_int_equal(give(&w, 200, "{}"), ERR_BAD_REPLY);
    assert_string_equal(w.err.code, "list_missing");
    world_close(&w);
}

static void success_may_be_a_flag_beside_the_code(void **state)
{
    (void)state;
    struct world w;
    world_make(&w,
               "reply: {code: errorCode, success: body.success == true, message: errorMsg}\n"
               "errors:\n"
               "  - {when: \"http == 200 and header.x-busy == '1'\", class: retry}\n"
               "  - {when: \"message contains 'frequent'\", class: throttled, scope: shop,"
               " retry_after: \"{body.wait}\"}\n",
               "{kind: none}");
    assert_int_equal(give(&w, 200, "{\"success\":true,\"errorCode\":1000000,\"list\":[]}"), ERR_OK);
    assert_int_equal(give(&w, 200,
                          "{\"success\":false,\"errorCode\":7,\"errorMsg\":\"frequent\","
                          "\"wait\":9}"),
                     ERR_THROTTLED);
    assert_int_equal(w.err.retry_at_ms, 1009000);
    assert_int_equal(w.err.scope, ERR_SCOPE_SHOP);
    struct request_header header = {.name = STR("X-Busy"), .value = STR("1")};
    w.reply.headers = &header;
    w.reply.headers_len = 1;
    assert_int_equal(give(&w, 200, "{\"success\":false,\"errorCode\":8}"), ERR_RETRY);
    assert_int_equal(w.err.scope, ERR_SCOPE_PLATFORM);
    world_close(&w);
}

static void more_without_a_cursor_is_a_bad_reply(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "reply: {code: code, success: code == 0}\n",
               "{kind: cursor, cursor: {in: query.c, from: next}, more: body.has_more}");
    assert_int_equal(give(&w, 200, "{\"code\":0,\"list\":[],\"next\":\"x\",\"has_more\":true}"),
                     ERR_OK);
    assert_int_equal(w.page.next, PAGE_MORE);
    assert_int_equal(give(&w, 200, "{\"code\":0,\"list\":[],\"next\":\"x\",\"has_more\":false}"),
                     ERR_OK);
    assert_int_equal(w.page.next, PAGE_LAST);
    assert_int_equal(give(&w, 200, "{\"code\":0,\"list\":[],\"has_more\":true}"), ERR_BAD_REPLY);
    assert_string_equal(w.err.code, "cursor_missing");
    assert_int_equal(give(&w, 200, "{\"code\":0,\"list\":[],\"next\":[1],\"has_more\":true}"),
                     ERR_BAD_REPLY);
    assert_string_equal(w.err.code, "cursor_kind");
    world_close(&w);
}

static void nul_in_what_is_asked_with_is_a_bad_reply(void **state)
{
    (void)state;
    struct world w;
    struct token_reply token;
    world_open(&w, "douyin-life");
    assert_int_equal(give(&w, 200,
                          "{\"data\":{\"error_code\":0,\"orders\":[],"
                          "\"search_after\":{\"CursorValue\":[\"1\\u00002\"]}}}"),
                     ERR_BAD_REPLY);
    assert_string_equal(w.err.code, "json_nul");
    /* A request id is only shown. */
    assert_int_equal(give(&w, 200,
                          "{\"data\":{\"error_code\":0,\"orders\":[]},"
                          "\"extra\":{\"logid\":\"L\\u00001\"}}"),
                     ERR_OK);
    assert_str(w.page.request_id, "");
    page_fini(&w.page);
    w.reply.body = STR("{\"data\":{\"access_token\":\"clt\\u0000.1\",\"error_code\":0}}");
    assert_int_equal(connector_read(w.connector, connector_auth(w.connector)->obtain, NULL,
                                    &w.facts, &w.reply, &w.arena, &w.page, &w.err),
                     ERR_OK);
    assert_int_equal(connector_read_token(w.connector, &w.page, &w.facts, &w.arena, &token, &w.err),
                     ERR_BAD_REPLY);
    assert_string_equal(w.err.code, "json_nul");
    world_close(&w);
}

static void a_token_reply_is_read(void **state)
{
    (void)state;
    struct world w;
    struct token_reply token;
    world_open(&w, "douyin-life");
    const struct endpoint *obtain = connector_auth(w.connector)->obtain;
    w.facts.received_ms = 5000;
    w.reply.body = STR("{\"data\":{\"access_token\":\"clt.1\",\"expires_in\":7200,"
                       "\"error_code\":0},\"message\":\"success\"}");
    assert_int_equal(
        connector_read(w.connector, obtain, NULL, &w.facts, &w.reply, &w.arena, &w.page, &w.err),
        ERR_OK);
    assert_int_equal(connector_read_token(w.connector, &w.page, &w.facts, &w.arena, &token, &w.err),
                     ERR_OK);
    assert_str(token.access, "clt.1");
    assert_str(token.refresh, "");
    assert_int_equal(token.expires_ms, 7205000);
    assert_int_equal(token.refresh_expires_ms, 0);
    page_fini(&w.page);
    w.reply.body = STR("{\"data\":{\"error_code\":0}}");
    assert_int_equal(
        connector_read(w.connector, obtain, NULL, &w.facts, &w.reply, &w.arena, &w.page, &w.err),
        ERR_OK);
    assert_int_equal(connector_read_token(w.connector, &w.page, &w.facts, &w.arena, &token, &w.err),
                     ERR_BAD_REPLY);
    assert_string_equal(w.err.code, "token_missing");
    world_close(&w);
}

static void a_rotating_pair_is_read_whole(void **state)
{
    (void)state;
    struct world w;
    struct token_reply token;
    world_open(&w, "douplus");
    w.facts.received_ms = 5000;
    w.reply.body = STR("{\"code\":0,\"message\":\"OK\",\"data\":{\"access_token\":\"A\","
                       "\"expires_in\":86400,\"refresh_token\":\"R\","
                       "\"refresh_token_expires_in\":2592000,\"advertiser_ids\":[1]}}");
    assert_int_equal(connector_read(w.connector, connector_auth(w.connector)->refresh, NULL,
                                    &w.facts, &w.reply, &w.arena, &w.page, &w.err),
                     ERR_OK);
    assert_int_equal(connector_read_token(w.connector, &w.page, &w.facts, &w.arena, &token, &w.err),
                     ERR_OK);
    assert_str(token.access, "A");
    assert_str(token.refresh, "R");
    assert_int_equal(token.expires_ms, 86405000);
    assert_int_equal(token.refresh_expires_ms, 2592005000);
    world_close(&w);
}

/* The accounts of a reply below the envelope "box", by a manifest that says `when` of them. */
static enum err_class give_accounts(struct world *w, const char *when, const char *body,
                                    struct account **out, size_t *len)
{
    char rest[600];
    snprintf(rest, sizeof rest,
             "reply: {envelope: box, code: code, success: code == 0}\n"
             "auth: {grant: auth_code, of: shop, put: header.t, obtain: {post: /t},\n"
             "  read: {access: a},\n"
             "  accounts: {get: /a, records: list, id: who.id, name: [label, name]%s}}\n",
             when);
    world_make(w, rest, "{kind: none}");
    w->reply.body = str_of(body);
    assert_good(connector_read(w->connector, connector_auth(w->connector)->accounts, NULL,
                               &w->facts, &w->reply, &w->arena, &w->page, &w->err),
                &w->err);
    return connector_read_accounts(w->connector, &w->page, &w->arena, out, len, &w->err);
}

static void the_accounts_of_a_consent_are_chosen_and_read(void **state)
{
    (void)state;
    struct world w;
    struct account *accounts;
    size_t len;
    static const char body[] =
        "{\"code\":0,\"box\":{\"list\":[{\"who\":{\"id\":18000000000000001234},\"role\":\"x\"},"
        "{\"who\":{\"id\":\"b\"},\"name\":\"B\",\"role\":\"y\"},{\"role\":\"y\"}]}}";
    assert_int_equal(give_accounts(&w, ", when: record.role == 'x'", body, &accounts, &len),
                     ERR_OK);
    assert_int_equal(len, 1);
    assert_str(accounts[0].external_id, "18000000000000001234");
    assert_str(accounts[0].name, "");
    world_close(&w);
    assert_int_equal(give_accounts(&w, ", when: record.who.id != null", body, &accounts, &len),
                     ERR_OK);
    assert_int_equal(len, 2);
    assert_str(accounts[1].external_id, "b");
    assert_str(accounts[1].name, "B");
    world_close(&w);
    /* Without `when` the last one is to be a shop too. */
    assert_int_equal(give_accounts(&w, "", body, &accounts, &len), ERR_BAD_REPLY);
    assert_string_equal(w.err.code, "account_id");
    world_close(&w);
}

static void a_consent_without_a_list_of_accounts_is_a_bad_reply(void **state)
{
    (void)state;
    static const struct {
        const char *list, *code;
    } cases[] = {
        {"{}", "list_missing"},
        {"{\"list\":{}}", "list_missing"},
        {"{\"list\":[{\"who\":{\"id\":\"\"}}]}", "account_id"},
        {"{\"list\":[{\"who\":{\"id\":1.5}}]}", "account_id"},
        {"{\"list\":[{\"who\":{\"id\":true}}]}", "account_id"},
        {"{\"list\":[{\"who\":{\"id\":[\"a\"]}}]}", "account_id"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        struct account *accounts;
        size_t len;
        char body[100];
        snprintf(body, sizeof body, "{\"code\":0,\"box\":%s}", cases[i].list);
        assert_int_equal(give_accounts(&w, "", body, &accounts, &len), ERR_BAD_REPLY);
        assert_string_equal(w.err.code, cases[i].code);
        world_close(&w);
    }
    struct world w;
    struct account *accounts;
    size_t len;
    assert_int_equal(give_accounts(&w, "", "{\"code\":0,\"box\":{\"list\":[]}}", &accounts, &len),
                     ERR_OK);
    assert_int_equal(len, 0);
    world_close(&w);
}

static void a_token_may_say_its_end_as_an_instant(void **state)
{
    (void)state;
    struct world w;
    struct token_reply token;
    world_make(&w,
               "reply: {code: code, success: code == null}\n"
               "auth: {grant: auth_code, of: shop, put: header.t,\n"
               "  obtain: {post: /t, sign: false, form: {code: \"{auth.code}\"}},\n"
               "  refresh: {post: /t, form: {r: \"{token.refresh}\"}}, rotates: true,\n"
               "  consent: {get: \"https://c.example/ask\", query: {state: \"{nonce}\"}},\n"
               "  read: {access: a, refresh: r, expires_at: {from: e, form: unix_ms},\n"
               "    refresh_expires_at: {from: re, form: any}}}\n",
               "{kind: none}");
    w.reply.body = STR("{\"a\":\"A\",\"r\":\"R\",\"e\":1700000000123,"
                       "\"re\":\"2026-01-28T00:00:00+08:00\"}");
    assert_int_equal(connector_read(w.connector, connector_auth(w.connector)->obtain, NULL,
                                    &w.facts, &w.reply, &w.arena, &w.page, &w.err),
                     ERR_OK);
    assert_int_equal(connector_read_token(w.connector, &w.page, &w.facts, &w.arena, &token, &w.err),
                     ERR_OK);
    assert_int_equal(token.expires_ms, 1700000000123);
    assert_int_equal(token.refresh_expires_ms, 1769529600000);
    assert_str(token.refresh, "R");
    struct str url;
    w.facts.nonce = STR("n1");
    assert_int_equal(connector_consent_url(w.connector, &w.facts, &w.arena, &url, &w.err), ERR_OK);
    assert_str(url, "https://c.example/ask?state=n1");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_has_its_class_scope_and_code),
        cmocka_unit_test(a_rule_that_matches_without_a_code_names_the_http_status),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(messages_hide_tokens_secrets_and_phones),
        cmocka_unit_test(messages_hide_phones_however_they_are_written),
        cmocka_unit_test(the_total_is_read_from_either_place),
        cmocka_unit_test(a_cursor_is_written_as_the_shop_chose),
        cmocka_unit_test(an_empty_cursor_ends_the_list_and_a_short_page_does_not),
        cmocka_unit_test(a_repeated_cursor_is_told),
        cmocka_unit_test(number_pages_end_where_the_total_says),
        cmocka_unit_test(a_look_up_by_ids_has_one_page),
        cmocka_unit_test(first_key_envelopes_are_looked_through),
        cmocka_unit_test(success_may_be_a_flag_beside_the_code),
        cmocka_unit_test(more_without_a_cursor_is_a_bad_reply),
        cmocka_unit_test(nul_in_what_is_asked_with_is_a_bad_reply),
        cmocka_unit_test(a_token_reply_is_read),
        cmocka_unit_test(a_rotating_pair_is_read_whole),
        cmocka_unit_test(the_accounts_of_a_consent_are_chosen_and_read),
        cmocka_unit_test(a_consent_without_a_list_of_accounts_is_a_bad_reply),
        cmocka_unit_test(a_token_may_say_its_end_as_an_instant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

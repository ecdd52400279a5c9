/* Files of the page: names, codings, tags, headers, and what is not the page's. */
#include "api/page.h"

#include "api/api_fixture.h"

/* plain, gzip and br of one script lie one behind the other; the document is not packed. */
static const unsigned char bytes[] = "script!zip!br<html>";
static const struct page_file files[] = {
    {"/assets/main-1f.js", "text/javascript; charset=utf-8", "aa", true, {{0, 7}, {7, 4}, {11, 2}}},
    {"/index.html", "text/html; charset=utf-8", "bb", false, {{13, 6}, {0, 0}, {0, 0}}},
    {0},
};
static const struct page_site page = {files, bytes};
static const struct page_site none = {&files[2], bytes};

static bool ask(struct api_fixture *f, const struct page_site *of, const char *method,
                const char *path, struct answer *out)
{
    struct http_reply reply = {.status = 200, .cut_after_bytes = SIZE_MAX};
    bool its = page_answer(of, api_request(f, method, path, "", NULL), &reply);
    *out = (struct answer){.status = reply.status,
                           .body = reply.body,
                           .content_type = reply.content_type,
                           .headers_len = reply.headers_len};
    memcpy(out->headers, reply.headers, sizeof(out->headers));
    return its;
}

static void body_is(const struct answer *answer, const char *text)
{
    assert_true(str_eq(answer->body, str_of(text)));
}

static void header_is(const struct answer *answer, const char *name, const char *value)
{
    assert_true(str_eq(answer_header(answer, name), str_of(value)));
}

static void a_file_comes_in_the_best_coding_that_is_taken(void **state)
{
    struct api_fixture *f = *state;
    const struct {
        const char *accepts, *body, *coding, *tag;
    } cases[] = {
        {"", "script!", "", "\"aa\""},
        {"gzip", "zip!", "gzip", "\"aa-gzip\""},
        {"gzip, deflate, br", "br", "br", "\"aa-br\""},
        {"br;q=0, gzip;q=0.5", "zip!", "gzip", "\"aa-gzip\""},
        {"identity", "script!", "", "\"aa\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct answer a;
        api_header(f, "Accept-Encoding", cases[i].accepts);
        assert_true(ask(f, &page, "GET", "/assets/main-1f.js", &a));
        assert_int_equal(a.status, 200);
        body_is(&a, cases[i].body);
        header_is(&a, "Content-Encoding", cases[i].coding);
        header_is(&a, "ETag", cases[i].tag);
        header_is(&a, "Vary", "Accept-Encoding");
    }
}

static void what_the_browser_has_is_not_sent_again(void **state)
{
    struct api_fixture *f = *state;
    static const char *const tags[] = {"\"aa\"", "\"aa-gzip\"", "W/\"aa-br\"", "\"x\", \"aa\"",
                                       "*"};
    struct answer a;
    for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
        api_header(f, "If-None-Match", tags[i]);
        assert_true(ask(f, &page, "GET", "/assets/main-1f.js", &a));
        assert_int_equal(a.status, 304);
        assert_int_equal(a.body.len, 0);
        assert_true(answer_header(&a, "ETag").len > 0);
    }
    api_header(f, "If-None-Match", "\"bb\"");
    assert_true(ask(f, &page, "GET", "/assets/main-1f.js", &a));
    assert_int_equal(a.status, 200);
}

static void hashed_names_are_kept_and_the_document_is_asked_for_again(void **state)
{
    struct api_fixture *f = *state;
    struct answer a;
    assert_true(ask(f, &page, "HEAD", "/assets/main-1f.js", &a));
    header_is(&a, "Cache-Control", "public, max-age=31536000, immutable");
    assert_true(ask(f, &page, "GET", "/", &a));
    header_is(&a, "Cache-Control", "no-cache");
    body_is(&a, "<html>");
    assert_string_equal(a.content_type, "text/html; charset=utf-8");
}

static void addresses_of_the_page_are_the_document_and_missing_files_are_not(void **state)
{
    struct api_fixture *f = *state;
    static const char *const documents[] = {"/", "/index.html", "/ad-orders", "/shops/12",
                                            "/apiary"};
    static const char *const missing[] = {"/assets/main-0e.js", "/favicon.ico", "/a/b.map"};
    struct answer a;
    for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
        assert_true(ask(f, &page, "GET", documents[i], &a));
        assert_int_equal(a.status, 200);
        body_is(&a, "<html>");
    }
    for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++) {
        assert_true(ask(f, &page, "GET", missing[i], &a));
        assert_int_equal(a.status, 404);
    }
    assert_true(ask(f, &page, "POST", "/", &a));
    assert_int_equal(a.status, 405);
    header_is(&a, "Allow", "GET, HEAD");
}

static void what_is_below_api_is_the_apis(void **state)
{
    struct api_fixture *f = *state;
    struct answer a;
    assert_false(ask(f, &page, "GET", "/api", &a));
    assert_false(ask(f, &page, "GET", "/api/v1/health", &a));
    assert_false(ask(f, &page, "GET", "/api/v1/nothing.js", &a));
    f->as_request = true;
    a = api_ask(f, "GET", "/api/v1/nothing", "", NULL);
    answer_refuses(&a, 404, "route");
}

static void nothing_may_run_that_is_not_ours(void **state)
{
    struct api_fixture *f = *state;
    static const char *const paths[] = {"/", "/assets/main-1f.js", "/none.js"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        struct answer a;
        assert_true(ask(f, &page, "GET", paths[i], &a));
        struct str policy = answer_header(&a, "Content-Security-Policy");
        assert_true(str_find(policy, STR("script-src 'self';")) != SIZE_MAX);
        assert_true(str_find(policy, STR("default-src 'none'")) != SIZE_MAX);
        assert_true(str_find(policy, STR("unsafe")) == SIZE_MAX);
        assert_true(str_find(policy, STR("frame-ancestors 'none'")) != SIZE_MAX);
        header_is(&a, "X-Content-Type-Options", "nosniff");
    }
}

static void a_program_without_the_page_says_so(void **state)
{
    struct api_fixture *f = *state;
    struct answer a;
    assert_true(ask(f, &none, "GET", "/", &a));
    assert_int_equal(a.status, 200);
    assert_true(str_find(a.body, STR("tools/setup")) != SIZE_MAX);
    assert_true(ask(f, &none, "GET", "/assets/main-1f.js", &a));
    assert_int_equal(a.status, 404);
}

static void a_browser_that_comes_back_from_a_consent_gets_the_page(void **state)
{
    static const char *const CALLBACK = "/api/v1/oauth/callback";
    struct api_fixture *f = *state;
    struct answer a;
    api_header(f, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    assert_true(ask(f, &page, "GET", CALLBACK, &a));
    body_is(&a, "<html>");
    assert_true(answer_header(&a, "Content-Security-Policy").len > 0);
    assert_false(ask(f, &page, "GET", "/api/v1/shops", &a));
    assert_false(ask(f, &page, "POST", CALLBACK, &a));
    assert_false(ask(f, &none, "GET", CALLBACK, &a)); /* without the page the API answers */
    api_header(f, "Accept", "application/json");
    assert_false(ask(f, &page, "GET", CALLBACK, &a));
}

#define API_TEST(f) cmocka_unit_test_setup_teardown(f, api_ready, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(a_file_comes_in_the_best_coding_that_is_taken),
        API_TEST(what_the_browser_has_is_not_sent_again),
        API_TEST(hashed_names_are_kept_and_the_document_is_asked_for_again),
        API_TEST(addresses_of_the_page_are_the_document_and_missing_files_are_not),
        API_TEST(what_is_below_api_is_the_apis),
        API_TEST(nothing_may_run_that_is_not_ours),
        API_TEST(a_browser_that_comes_back_from_a_consent_gets_the_page),
        API_TEST(a_program_without_the_page_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

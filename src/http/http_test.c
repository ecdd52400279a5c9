/* The server as libcurl sees it, over loopback. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* cmocka needs the headers above. */
#include <curl/curl.h>
#include <cmocka.h>

#include "http/http.h"

enum { ANSWER_BYTES_MAX = 4 * 1024 * 1024, BIG_BYTES = 1000000 };

static char big[BIG_BYTES];

/* Tells back what arrived, one thing a line. */
static struct str request_text(const struct http_request *request)
{
    struct buf text;
    buf_init(&text, 65536);
    buf_printf(&text, "%.*s %.*s\nraw %.*s\npeer %.*s\nbody %zu\n", STR_ARG(request->method),
               STR_ARG(request->path), STR_ARG(request->query_raw), STR_ARG(request->peer),
               request->body.len);
    for (size_t i = 0; i < request->query_len; i++)
        buf_printf(&text, "query %.*s=%.*s\n", STR_ARG(request->query[i].name),
                   STR_ARG(request->query[i].value));
    buf_printf(&text, "x-test %.*s\n", STR_ARG(http_header(request, STR("x-TEST"))));
    struct str copy = arena_dup(request->arena, buf_str(&text));
    buf_fini(&text);
    return copy;
}

static int64_t number_of(const struct http_request *request, struct str name, int64_t otherwise)
{
    int64_t number = otherwise;
    if (http_query_has(request, name) && !str_to_i64(http_query(request, name), &number))
        number = -1;
    return number;
}

struct seen {
    atomic_int calls;
    int64_t arrived_ms, arrived_monotonic_ns;
};

static void answer(void *context, const struct http_request *request, struct http_reply *reply)
{
    struct seen *seen = context;
    seen->calls++;
    if (str_eq(request->path, STR("/echo"))) {
        reply->body = request->body;
        reply->content_type = "application/octet-stream";
    } else if (str_eq(request->path, STR("/big"))) {
        reply->body = (struct str){big, sizeof big};
        if (http_query_has(request, STR("cut")))
            reply->cut_after_bytes = (size_t)number_of(request, STR("cut"), 0);
        reply->slow_chunk_bytes = (unsigned)number_of(request, STR("chunk"), 0);
        reply->slow_pause_ms = (unsigned)number_of(request, STR("pause"), 0);
    } else if (str_eq(request->path, STR("/drop"))) {
        reply->hang_ms = (unsigned)number_of(request, STR("hang"), 0);
        reply->drop = true;
    } else if (str_eq(request->path, STR("/teapot"))) {
        reply->status = 418;
        reply->hang_ms = (unsigned)number_of(request, STR("hang"), 0);
        reply->headers[reply->headers_len++] = (struct http_pair){STR("X-Pot"), STR("tea")};
    } else if (str_eq(request->path, STR("/split"))) {
        reply->headers[reply->headers_len++] = (struct http_pair){STR("X-Pot"), STR("a\r\nb: c")};
    } else {
        seen->arrived_ms = request->arrived_ms;
        seen->arrived_monotonic_ns = request->arrived_monotonic_ns;
        reply->body = request_text(request);
    }
}

static struct http_server *server;
static struct seen seen;

static int server_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)('a' + i % 26);
    return http_listen(STR("127.0.0.1:0"), 4, answer, &seen, &server, NULL) == ERR_OK ? 0 : -1;
}

static int server_stop(void **state)
{
    (void)state;
    http_close(server);
    server = NULL;
    return 0;
}

struct call {
    CURL *curl;
    struct buf body;
};

static size_t body_take(char *bytes, size_t one, size_t count, void *context)
{
    struct buf *body = context;
    buf_add_bytes(body, bytes, one * count);
    return body->failed ? 0 : count;
}

static void call_init(struct call *call, const char *target)
{
    char url[64 * 1024];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", http_port(server), target);
    buf_init(&call->body, ANSWER_BYTES_MAX * 3);
    call->curl = curl_easy_init();
    assert_non_null(call->curl);
    curl_easy_setopt(call->curl, CURLOPT_URL, url);
    curl_easy_setopt(call->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(call->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(call->curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(call->curl, CURLOPT_TIMEOUT, 60L); /* only so that a hang ends */
    curl_easy_setopt(call->curl, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(call->curl, CURLOPT_WRITEDATA, &call->body);
}

static long call_status(const struct call *call)
{
    long status = 0;
    curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static void call_fini(struct call *call)
{
    curl_easy_cleanup(call->curl);
    buf_fini(&call->body);
}

static void assert_get(const char *target, long status, const char *body)
{
    struct call call;
    call_init(&call, target);
    assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
    assert_int_equal(call_status(&call), status);
    assert_string_equal(buf_str(&call.body).ptr, body);
    call_fini(&call);
}

static void a_request_arrives_taken_apart_and_decoded(void **state)
{
    (void)state;
    struct call call;
    call_init(&call, "/a%2Fb/%E6%B5%81?x=1&y=a+b%2B%26&z&&x=2&%E6%B5%81=");
    struct curl_slist *headers = curl_slist_append(NULL, "X-Test: some value");
    curl_easy_setopt(call.curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(call.curl, CURLOPT_POSTFIELDS, "twelve bytes");
    assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
    assert_int_equal(call_status(&call), 200);
    assert_string_equal(call.body.ptr,
                        "POST /a/b/流\nraw x=1&y=a+b%2B%26&z&&x=2&%E6%B5%81=\npeer 127.0.0.1\n"
                        "body 12\nquery x=1\nquery y=a b+&\nquery z=\nquery x=2\nquery 流=\n"
                        "x-test some value\n");
    char *type = NULL;
    curl_easy_getinfo(call.curl, CURLINFO_CONTENT_TYPE, &type);
    assert_string_equal(type, "application/json; charset=utf-8");
    curl_slist_free_all(headers);
    call_fini(&call);
}

static void a_query_is_looked_up_by_name(void **state)
{
    (void)state;
    struct http_request request = {.query = {{STR("a"), STR("1")}, {STR("a"), STR("2")}},
                                   .query_len = 2,
                                   .headers = {{STR("Host"), STR("h")}},
                                   .headers_len = 1};
    assert_true(str_eq(http_query(&request, STR("a")), STR("1")));
    assert_true(http_query_has(&request, STR("a")));
    assert_false(http_query_has(&request, STR("A")));
    assert_int_equal(http_query(&request, STR("b")).len, 0);
    assert_true(str_eq(http_header(&request, STR("hOST")), STR("h")));
    assert_int_equal(http_header(&request, STR("Hos")).len, 0);
}

static void arrival_is_taken_between_sending_and_answer(void **state)
{
    (void)state;
    struct call call;
    call_init(&call, "/");
    int64_t before_ms = clock_now_ms(), before_ns = clock_monotonic_ns();
    assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
    assert_in_range(seen.arrived_ms, before_ms, clock_now_ms());
    assert_in_range(seen.arrived_monotonic_ns, before_ns, clock_monotonic_ns());
    call_fini(&call);
}

static void status_headers_and_empty_bodies_are_sent(void **state)
{
    (void)state;
    struct call call;
    struct curl_header *header;
    call_init(&call, "/teapot");
    assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
    assert_int_equal(call_status(&call), 418);
    assert_int_equal(call.body.len, 0);
    assert_int_equal(curl_easy_header(call.curl, "x-pot", 0, CURLH_HEADER, -1, &header), CURLHE_OK);
    assert_string_equal(header->value, "tea");
    call_fini(&call);
}

static void a_header_with_a_line_end_is_not_sent(void **state)
{
    (void)state;
    assert_get("/split", 500, "{\"error\":\"internal\"}\n");
}

static void a_connection_is_kept_for_the_next_request(void **state)
{
    (void)state;
    struct call call;
    call_init(&call, "/teapot");
    for (int i = 0; i < 5; i++) {
        long connects = -1;
        assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
        curl_easy_getinfo(call.curl, CURLINFO_NUM_CONNECTS, &connects);
        assert_int_equal(connects, i == 0);
    }
    call_fini(&call);
}

static void twenty_parallel_requests_get_their_own_answers(void **state)
{
    (void)state;
    enum { CALLS = 20 };
    struct call calls[CALLS];
    static char bodies[CALLS][30000];
    CURLM *multi = curl_multi_init();
    for (int i = 0; i < CALLS; i++) {
        memset(bodies[i], 'A' + i, sizeof bodies[i]);
        call_init(&calls[i], "/echo");
        curl_easy_setopt(calls[i].curl, CURLOPT_POSTFIELDS, bodies[i]);
        curl_easy_setopt(calls[i].curl, CURLOPT_POSTFIELDSIZE, (long)sizeof bodies[i] - i);
        curl_multi_add_handle(multi, calls[i].curl);
    }
    int running = CALLS;
    while (running > 0) {
        assert_int_equal(curl_multi_perform(multi, &running), CURLM_OK);
        if (running > 0)
            assert_int_equal(curl_multi_poll(multi, NULL, 0, 1000, NULL), CURLM_OK);
    }
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(call_status(&calls[i]), 200);
        assert_int_equal(calls[i].body.len, sizeof bodies[i] - (size_t)i);
        assert_memory_equal(calls[i].body.ptr, bodies[i], calls[i].body.len);
        curl_multi_remove_handle(multi, calls[i].curl);
        call_fini(&calls[i]);
    }
    curl_multi_cleanup(multi);
}

static void a_body_at_the_limit_passes_and_one_beyond_is_refused(void **state)
{
    (void)state;
    char *body = malloc(HTTP_BODY_BYTES_MAX + 1);
    assert_non_null(body);
    for (size_t i = 0; i <= HTTP_BODY_BYTES_MAX; i++)
        body[i] = (char)(i >> 8);
    for (long over = 0; over < 2; over++) {
        struct call call;
        call_init(&call, "/echo");
        curl_easy_setopt(call.curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(call.curl, CURLOPT_POSTFIELDSIZE, HTTP_BODY_BYTES_MAX + over);
        assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
        assert_int_equal(call_status(&call), over ? 413 : 200);
        if (over) {
            assert_string_equal(call.body.ptr, "{\"error\":\"body_too_large\"}\n");
        } else {
            assert_int_equal(call.body.len, HTTP_BODY_BYTES_MAX);
            assert_memory_equal(call.body.ptr, body, HTTP_BODY_BYTES_MAX);
        }
        call_fini(&call);
    }
    free(body);
}

static size_t zeros_give(char *out, size_t one, size_t count, void *context)
{
    (void)context;
    memset(out, 0, one * count);
    return count;
}

static void an_endless_body_ends_with_the_connection(void **state)
{
    (void)state;
    struct call call;
    call_init(&call, "/echo");
    curl_easy_setopt(call.curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(call.curl, CURLOPT_READFUNCTION, zeros_give);
    assert_int_not_equal(curl_easy_perform(call.curl), CURLE_OK);
    curl_off_t sent = 0;
    curl_easy_getinfo(call.curl, CURLINFO_SIZE_UPLOAD_T, &sent);
    assert_true(sent > HTTP_BODY_BYTES_MAX);
    call_fini(&call);
}

static void urls_that_cannot_be_decoded_are_refused(void **state)
{
    (void)state;
    static const char *const targets[] = {"/%zz", "/%4",      "/x?a=%", "/x?%f=1",
                                          "/%ff", "/x?a=%00", "/%00"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        assert_get(targets[i], 400, "{\"error\":\"bad_url\"}\n");
}

/* "/x?" and `count` times "a=1&" */
static void assert_query_answer(size_t count, long status)
{
    struct buf target;
    struct call call;
    buf_init(&target, 60000);
    buf_add(&target, STR("/x?"));
    for (size_t i = 0; i < count; i++)
        buf_add(&target, STR("a=1&"));
    call_init(&call, target.ptr);
    assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
    assert_int_equal(call_status(&call), status);
    call_fini(&call);
    buf_fini(&target);
}

static void more_than_the_limits_of_a_url_are_refused(void **state)
{
    (void)state;
    assert_query_answer(HTTP_QUERY_MAX, 200);
    assert_query_answer(HTTP_QUERY_MAX + 1, 414);
    static char target[URL_BYTES_MAX + 2];
    memset(target, 'p', sizeof target - 1);
    target[0] = '/';
    assert_get(target, 414, "{\"error\":\"url_too_long\"}\n");
    struct call call;
    target[URL_BYTES_MAX] = '\0';
    call_init(&call, target);
    assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
    assert_int_equal(call_status(&call), 200);
    call_fini(&call);
}

static void too_many_headers_are_refused(void **state)
{
    (void)state;
    struct call call;
    struct curl_slist *headers = NULL;
    call_init(&call, "/x");
    for (int i = 0; i < HEADERS_MAX; i++) { /* curl adds Host */
        char header[32];
        snprintf(header, sizeof header, "X-%d: y", i);
        headers = curl_slist_append(headers, header);
    }
    curl_easy_setopt(call.curl, CURLOPT_HTTPHEADER, headers);
    assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
    assert_int_equal(call_status(&call), 431);
    curl_slist_free_all(headers);
    call_fini(&call);
}

static void a_cut_body_is_seen_as_partial(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        size_t bytes;
    } cases[] = {{"/big?cut=100", 100},
                 {"/big?cut=999999", 999999},
                 {"/big?cut=0", 0},
                 {"/big?cut=5000&chunk=1000", 5000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct call call;
        call_init(&call, cases[i].target);
        assert_int_equal(curl_easy_perform(call.curl), CURLE_PARTIAL_FILE);
        assert_int_equal(call_status(&call), 200);
        assert_int_equal(call.body.len, cases[i].bytes);
        assert_memory_equal(buf_str(&call.body).ptr, big, cases[i].bytes);
        curl_off_t announced = 0;
        curl_easy_getinfo(call.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
        assert_int_equal(announced, BIG_BYTES);
        call_fini(&call);
    }
}

static void a_slow_body_comes_whole(void **state)
{
    (void)state;
    struct call call;
    call_init(&call, "/big?chunk=200000&pause=1");
    assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
    assert_int_equal(call.body.len, BIG_BYTES);
    assert_memory_equal(call.body.ptr, big, BIG_BYTES);
    call_fini(&call);
}

static void a_dropped_request_gets_nothing(void **state)
{
    (void)state;
    struct call call;
    call_init(&call, "/drop");
    assert_int_equal(curl_easy_perform(call.curl), CURLE_GOT_NOTHING);
    call_fini(&call);
}

static void a_reply_may_hang_before_it_comes_or_does_not(void **state)
{
    (void)state;
    struct call call;
    int64_t before_ns = clock_monotonic_ns();
    call_init(&call, "/teapot?hang=30");
    assert_int_equal(curl_easy_perform(call.curl), CURLE_OK);
    assert_int_equal(call_status(&call), 418);
    assert_true(clock_monotonic_ns() - before_ns >= 30 * INT64_C(1000000));
    call_fini(&call);
    before_ns = clock_monotonic_ns();
    call_init(&call, "/drop?hang=30");
    assert_int_equal(curl_easy_perform(call.curl), CURLE_GOT_NOTHING);
    assert_true(clock_monotonic_ns() - before_ns >= 30 * INT64_C(1000000));
    call_fini(&call);
}

/* A call that waits for an answer while the test goes on. */
struct waiting {
    CURLM *multi;
    struct call call;
};

static bool waiting_step(struct waiting *w)
{
    int running = 0;
    assert_int_equal(curl_multi_perform(w->multi, &running), CURLM_OK);
    return running > 0;
}

static void waiting_init(struct waiting *w, const char *target)
{
    w->multi = curl_multi_init();
    call_init(&w->call, target);
    curl_multi_add_handle(w->multi, w->call.curl);
}

/* Until the server has called the handler `calls` times and `bytes` of the body are here. */
static void waiting_reach(struct waiting *w, int calls, size_t bytes)
{
    while (waiting_step(w) && (seen.calls < calls || w->call.body.len < bytes))
        curl_multi_poll(w->multi, NULL, 0, 10, NULL);
    assert_true(waiting_step(w));
}

static CURLcode waiting_finish(struct waiting *w)
{
    int left;
    while (waiting_step(w))
        curl_multi_poll(w->multi, NULL, 0, 1000, NULL);
    CURLMsg *message = curl_multi_info_read(w->multi, &left);
    assert_non_null(message);
    CURLcode result = message->data.result;
    curl_multi_remove_handle(w->multi, w->call.curl);
    curl_multi_cleanup(w->multi);
    return result;
}

static void closing_ends_a_slow_body(void **state)
{
    (void)state;
    struct waiting w;
    seen.calls = 0;
    waiting_init(&w, "/big?chunk=10&pause=3600000");
    waiting_reach(&w, 1, 10);
    server_stop(NULL);
    assert_int_equal(waiting_finish(&w), CURLE_PARTIAL_FILE);
    assert_int_equal(w.call.body.len, 10);
    call_fini(&w.call);
}

static void one_thread_answers_while_others_wait_for_an_hour(void **state)
{
    (void)state;
    struct waiting hanging, slow;
    assert_int_equal(http_listen(STR("127.0.0.1:0"), 1, answer, &seen, &server, NULL), ERR_OK);
    seen.calls = 0;
    waiting_init(&hanging, "/teapot?hang=3600000");
    waiting_reach(&hanging, 1, 0);
    waiting_init(&slow, "/big?chunk=10&pause=3600000");
    waiting_reach(&slow, 2, 10);
    assert_get("/split", 500, "{\"error\":\"internal\"}\n");
    /* The order in which they end is that of their times, not of their coming. */
    struct call call;
    call_init(&call, "/drop?hang=10");
    assert_int_equal(curl_easy_perform(call.curl), CURLE_GOT_NOTHING);
    call_fini(&call);
    assert_true(waiting_step(&hanging) && waiting_step(&slow));
    server_stop(NULL);
    assert_int_equal(waiting_finish(&hanging), CURLE_GOT_NOTHING);
    assert_int_equal(waiting_finish(&slow), CURLE_PARTIAL_FILE);
    call_fini(&hanging.call);
    call_fini(&slow.call);
}

static void an_address_in_use_is_named(void **state)
{
    (void)state;
    struct http_server *second = NULL;
    struct err err;
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%d", http_port(server));
    assert_int_equal(http_listen(str_of(address), 2, answer, &seen, &second, &err), ERR_CONFIG);
    assert_string_equal(err.code, "listen");
    assert_non_null(strstr(err.message, address));
    assert_non_null(strstr(err.message, "in use"));
    assert_null(second);
}

static void addresses_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "",          "8080",           ":8080",           "localhost:1",
        "127.0.0.1", "127.0.0.1:",     "127.0.0.1:65536", "127.0.0.1:-1",
        "::1:80",    "[127.0.0.1]:80", "[::1:80",         "1.2.3:80"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct http_server *none = NULL;
        struct err err;
        assert_int_equal(http_listen(str_of(addresses[i]), 1, answer, &seen, &none, &err),
                         ERR_CONFIG);
        assert_string_equal(err.code, "listen");
        assert_null(none);
    }
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, server_start, server_stop)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(a_request_arrives_taken_apart_and_decoded),
        cmocka_unit_test(a_query_is_looked_up_by_name),
        WITH_SERVER(arrival_is_taken_between_sending_and_answer),
        WITH_SERVER(status_headers_and_empty_bodies_are_sent),
        WITH_SERVER(a_header_with_a_line_end_is_not_sent),
        WITH_SERVER(a_connection_is_kept_for_the_next_request),
        WITH_SERVER(twenty_parallel_requests_get_their_own_answers),
        WITH_SERVER(a_body_at_the_limit_passes_and_one_beyond_is_refused),
        WITH_SERVER(an_endless_body_ends_with_the_connection),
        WITH_SERVER(urls_that_cannot_be_decoded_are_refused),
        WITH_SERVER(more_than_the_limits_of_a_url_are_refused),
        WITH_SERVER(too_many_headers_are_refused),
        WITH_SERVER(a_cut_body_is_seen_as_partial),
        WITH_SERVER(a_slow_body_comes_whole),
        WITH_SERVER(a_dropped_request_gets_nothing),
        WITH_SERVER(a_reply_may_hang_before_it_comes_or_does_not),
        WITH_SERVER(closing_ends_a_slow_body),
        cmocka_unit_test(one_thread_answers_while_others_wait_for_an_hour),
        WITH_SERVER(an_address_in_use_is_named),
        cmocka_unit_test(addresses_that_are_none_are_refused),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}

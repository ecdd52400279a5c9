#include "gateway/client.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/format.h"
#include "gateway/fake_platform.h"
#include "gateway/gateway.h"

#include <cmocka.h>

enum { BODY_MAX = 1024 * 1024, SOON_MS = 100, LONG_MS = 20000 };

struct fixture {
    struct client *client;
    struct fake_platform *fake;
    struct arena arena;
    /* What the fake answers with, and what it saw last. */
    pthread_mutex_t lock;
    struct fake_reply reply;
    struct fake_request seen;
    char target[128];
    struct buf packed; /* a reply's body, until the fake is closed */
};

static void answer(void *context, const struct fake_request *request, struct fake_reply *reply)
{
    struct fixture *f = context;
    pthread_mutex_lock(&f->lock);
    f->seen = *request;
    snprintf(f->target, sizeof(f->target), "%.*s", (int)strcspn(request->target, " "),
             request->target);
    f->seen.body = f->seen.text + (request->body - request->text);
    *reply = f->reply;
    pthread_mutex_unlock(&f->lock);
}

static void reply_set(struct fixture *f, struct fake_reply reply)
{
    pthread_mutex_lock(&f->lock);
    f->reply = reply;
    pthread_mutex_unlock(&f->lock);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f || client_open(&f->client, NULL) != ERR_OK)
        return -1;
    pthread_mutex_init(&f->lock, NULL);
    f->fake = fake_open(answer, f);
    arena_init(&f->arena);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    client_close(f->client);
    fake_close(f->fake);
    buf_fini(&f->packed);
    pthread_mutex_destroy(&f->lock);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

static struct request request_to(struct fixture *f, const char *path)
{
    return (struct request){
        .method = STR("GET"),
        .url = arena_printf(&f->arena, "%s%s", fake_url(f->fake), path),
    };
}

static struct exchange *start(struct fixture *f, const struct request *request, int64_t timeout_ms)
{
    struct exchange_ask ask = {
        .request = request, .timeout_ms = timeout_ms, .body_bytes_max = BODY_MAX};
    struct exchange *exchange;
    struct err err;
    if (exchange_start(f->client, &ask, &exchange, &err) != ERR_OK)
        fail_msg("%s: %s", err.code, err.message);
    return exchange;
}

/* One GET that must fail in this way. */
static void assert_fails(struct fixture *f, int64_t timeout_ms, enum err_class class_,
                         const char *code)
{
    struct request request = request_to(f, "/list?token=secret");
    struct exchange *exchange = start(f, &request, timeout_ms);
    struct reply reply;
    struct err err;
    assert_int_equal(exchange_wait(exchange, &reply, &err), class_);
    assert_string_equal(err.code, code);
    assert_null(strstr(err.message, "secret"));
    exchange_free(exchange);
}

static void get_body(struct fixture *f, const char *path, char *out, size_t out_len)
{
    struct request request = request_to(f, path);
    struct exchange *exchange = start(f, &request, LONG_MS);
    struct reply reply;
    struct err err;
    if (exchange_wait(exchange, &reply, &err) != ERR_OK)
        fail_msg("%s: %s", err.code, err.message);
    snprintf(out, out_len, "%.*s", STR_ARG(reply.body));
    exchange_free(exchange);
}

static void a_reply_comes_with_status_headers_and_body(void **state)
{
    struct fixture *f = *state;
    struct request request = request_to(f, "/list?page=1");
    struct reply reply;
    struct err err;
    reply_set(f, (struct fake_reply){.status = 429,
                                     .headers = "Retry-After: 7\r\nX-Two:  b \r\n",
                                     .body = "{\"code\":9}"});
    int64_t before_ms = clock_now_ms();
    struct exchange *exchange = start(f, &request, LONG_MS);
    assert_int_equal(exchange_wait(exchange, &reply, &err), ERR_OK);
    assert_int_equal(reply.status, 429);
    assert_true(str_eq(reply.body, STR("{\"code\":9}")));
    assert_true(str_eq(reply.headers[0].name, STR("Retry-After")));
    assert_true(str_eq(reply.headers[0].value, STR("7")));
    assert_true(str_eq(reply.headers[1].value, STR("b")));
    assert_true(reply.received_ms >= before_ms && reply.received_ms <= clock_now_ms());
    assert_int_equal(exchange_bytes(exchange), 10);
    exchange_free(exchange);
}

static void what_is_sent_is_what_was_asked(void **state)
{
    struct fixture *f = *state;
    struct request request = request_to(f, "/a/../b%2Fc/?x=%7B%22a%22%7D&y=a+b");
    struct reply reply;
    request.method = STR("POST");
    request.body = (struct str){"{\"a\":1,\"b\":\"\0\"}", 15};
    request.headers[0] = (struct request_header){STR("access-token"), STR("t"), true};
    request.headers[1] = (struct request_header){STR("X-Empty"), STR(""), false};
    request.headers_len = 2;
    struct exchange *exchange = start(f, &request, LONG_MS);
    assert_int_equal(exchange_wait(exchange, &reply, NULL), ERR_OK);
    assert_memory_equal(f->seen.text, "POST ", 5);
    assert_string_equal(f->target, "/a/../b%2Fc/?x=%7B%22a%22%7D&y=a+b");
    assert_non_null(strstr(f->seen.text, "\r\naccess-token: t\r\n"));
    assert_non_null(strstr(f->seen.text, "\r\nX-Empty:\r\n"));
    assert_null(strcasestr(f->seen.text, "\r\ncontent-type:"));
    assert_null(strcasestr(f->seen.text, "\r\nexpect:"));
    assert_memory_equal(f->seen.body, "{\"a\":1,\"b\":\"\0\"}", 15);
    exchange_free(exchange);
}

static void a_connection_is_used_again(void **state)
{
    struct fixture *f = *state;
    char body[32];
    reply_set(f, (struct fake_reply){.body = "{}"});
    for (int i = 0; i < 20; i++)
        get_body(f, "/list", body, sizeof(body));
    assert_int_equal(fake_requests(f->fake), 20);
    assert_int_equal(fake_connections(f->fake), 1);
}

static void answer_then_leave(void *context, const struct fake_request *request,
                              struct fake_reply *reply)
{
    (void)context;
    *reply = (struct fake_reply){.body = "{}"};
    /* The first connection serves two requests and is gone at the third, as after an idle time. */
    if (request->connection == 1 && request->number == 3)
        reply->end = FAKE_DROP;
}

/* curl would send it again by itself; the platform counts both, and only one has a turn. */
static void a_request_is_never_sent_twice_for_one_call(void **state)
{
    struct fixture *f = *state;
    char body[32];
    fake_close(f->fake);
    f->fake = fake_open(answer_then_leave, f);
    get_body(f, "/list", body, sizeof(body));
    get_body(f, "/list", body, sizeof(body));
    assert_fails(f, LONG_MS, ERR_RETRY, "reply_cut");
    assert_int_equal(fake_requests(f->fake), 3);
    get_body(f, "/list", body, sizeof(body));
    assert_int_equal(fake_requests(f->fake), 4);
}

static void a_silent_platform_ends_in_a_timeout(void **state)
{
    struct fixture *f = *state;
    reply_set(f, (struct fake_reply){.body = "{", .end = FAKE_HANG});
    assert_fails(f, SOON_MS, ERR_RETRY, "timeout");
}

static void a_cut_body_is_no_reply(void **state)
{
    struct fixture *f = *state;
    reply_set(f, (struct fake_reply){.body = "{\"code\":0}", .end = FAKE_CUT});
    assert_fails(f, LONG_MS, ERR_RETRY, "reply_cut");
}

static void a_closed_connection_is_no_reply(void **state)
{
    struct fixture *f = *state;
    reply_set(f, (struct fake_reply){.end = FAKE_DROP});
    assert_fails(f, LONG_MS, ERR_RETRY, "reply_cut");
}

static void nobody_listening_is_a_passing_fault_of_the_platform(void **state)
{
    struct fixture *f = *state;
    struct request request = request_to(f, "/");
    struct reply reply;
    struct err err;
    fake_close(f->fake);
    struct exchange *exchange = start(f, &request, LONG_MS);
    assert_int_equal(exchange_wait(exchange, &reply, &err), ERR_RETRY);
    assert_string_equal(err.code, "connect");
    assert_int_equal(err.scope, ERR_SCOPE_PLATFORM);
    exchange_free(exchange);
    f->fake = fake_open(answer, f);
}

static void an_endless_reply_is_refused_early(void **state)
{
    struct fixture *f = *state;
    static char chunk[64 * 1024];
    memset(chunk, ' ', sizeof(chunk));
    reply_set(f, (struct fake_reply){.body = chunk, .body_len = sizeof(chunk), .end = FAKE_STREAM});
    assert_fails(f, LONG_MS, ERR_BAD_REPLY, "too_large");
    /* What the kernel buffers on both ends comes on top of the bound; 256 MB it is not. */
    assert_true(fake_bytes_sent(f->fake) < 32 * BODY_MAX);
}

static void a_reply_of_200_mb_is_refused_by_its_announcement(void **state)
{
    struct fixture *f = *state;
    /* The true length, which the fake adds, disappears in a header of no meaning. */
    reply_set(f, (struct fake_reply){.headers = "Content-Length: 209715200\r\nX-Ignore: ",
                                     .body = "{}",
                                     .end = FAKE_HANG});
    assert_fails(f, LONG_MS, ERR_BAD_REPLY, "too_large");
}

static void too_many_headers_are_refused(void **state)
{
    struct fixture *f = *state;
    static char headers[1024];
    headers[0] = '\0';
    for (int i = 0; i < HEADERS_MAX + 1; i++)
        strcat(headers, "a: b\r\n");
    reply_set(f, (struct fake_reply){.headers = headers, .body = "{}"});
    assert_fails(f, LONG_MS, ERR_BAD_REPLY, "headers_too_large");
}

/* The fake answers with that many zeros, packed. */
static void reply_packed(struct fixture *f, size_t len)
{
    char *zeros = calloc(1, len);
    assert_non_null(zeros);
    buf_init(&f->packed, 16 * 1024 * 1024);
    assert_int_equal(gzip_write(&f->packed, (struct str){zeros, len}, NULL), ERR_OK);
    free(zeros);
    reply_set(f, (struct fake_reply){.headers = "Content-Encoding: gzip\r\n",
                                     .body = f->packed.ptr,
                                     .body_len = f->packed.len});
}

static void a_gzip_bomb_ends_at_the_bound(void **state)
{
    struct fixture *f = *state;
    reply_packed(f, 64 * 1024 * 1024);
    assert_true(f->packed.len < 128 * 1024);
    assert_fails(f, LONG_MS, ERR_BAD_REPLY, "too_large");
}

static void a_packed_reply_is_unpacked(void **state)
{
    struct fixture *f = *state;
    struct request request = request_to(f, "/");
    struct reply reply;
    reply_packed(f, 100000);
    struct exchange *exchange = start(f, &request, LONG_MS);
    assert_int_equal(exchange_wait(exchange, &reply, NULL), ERR_OK);
    assert_int_equal(reply.body.len, 100000);
    assert_non_null(strcasestr(f->seen.text, "\r\naccept-encoding: gzip\r\n"));
    exchange_free(exchange);
}

static void a_packed_reply_that_is_none_is_refused(void **state)
{
    struct fixture *f = *state;
    reply_set(f, (struct fake_reply){.headers = "Content-Encoding: gzip\r\n", .body = "{\"a\":1}"});
    assert_fails(f, LONG_MS, ERR_BAD_REPLY, "encoding");
}

static void a_redirect_is_not_followed(void **state)
{
    struct fixture *f = *state;
    reply_set(f, (struct fake_reply){.status = 302, .headers = "Location: /elsewhere\r\n"});
    assert_fails(f, LONG_MS, ERR_BAD_REPLY, "redirect");
    assert_int_equal(fake_requests(f->fake), 1);
}

static void a_proxy_gets_the_whole_address(void **state)
{
    struct fixture *f = *state;
    struct request request = {.method = STR("GET"), .url = STR("http://platform.invalid/list")};
    struct exchange_ask ask = {.request = &request,
                               .proxy = arena_printf(&f->arena, "%s", fake_url(f->fake)),
                               .timeout_ms = LONG_MS,
                               .body_bytes_max = BODY_MAX};
    struct exchange *exchange;
    struct reply reply;
    reply_set(f, (struct fake_reply){.body = "{}"});
    assert_int_equal(exchange_start(f->client, &ask, &exchange, NULL), ERR_OK);
    assert_int_equal(exchange_wait(exchange, &reply, NULL), ERR_OK);
    assert_string_equal(f->target, "http://platform.invalid/list");
    exchange_free(exchange);
}

static void a_proxy_of_the_environment_is_not_used(void **state)
{
    struct fixture *f = *state;
    char body[32];
    reply_set(f, (struct fake_reply){.body = "{}"});
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    get_body(f, "/list", body, sizeof(body));
    unsetenv("http_proxy");
    assert_string_equal(f->target, "/list");
}

static void a_proxy_of_another_kind_is_refused(void **state)
{
    struct fixture *f = *state;
    struct request request = request_to(f, "/");
    struct exchange_ask ask = {.request = &request,
                               .proxy = STR("ftp://user:word@proxy"),
                               .timeout_ms = LONG_MS,
                               .body_bytes_max = BODY_MAX};
    struct exchange *exchange;
    struct err err;
    assert_int_equal(exchange_start(f->client, &ask, &exchange, &err), ERR_CONFIG);
    assert_string_equal(err.code, "proxy");
    assert_null(strstr(err.message, "word"));
}

/* Replies only once `wanted` requests are there at the same time. */
struct barrier {
    pthread_barrier_t all;
};

static void answer_together(void *context, const struct fake_request *request,
                            struct fake_reply *reply)
{
    struct barrier *barrier = context;
    (void)request;
    pthread_barrier_wait(&barrier->all);
    *reply = (struct fake_reply){.body = "{}"};
}

static void many_exchanges_are_in_flight_at_once(void **state)
{
    enum { TOGETHER = 8 };
    struct fixture *f = *state;
    struct exchange *exchanges[TOGETHER];
    struct barrier barrier;
    struct reply reply;
    fake_close(f->fake);
    pthread_barrier_init(&barrier.all, NULL, TOGETHER);
    f->fake = fake_open(answer_together, &barrier);
    struct request request = request_to(f, "/");
    for (int i = 0; i < TOGETHER; i++)
        exchanges[i] = start(f, &request, LONG_MS);
    for (int i = 0; i < TOGETHER; i++) {
        assert_int_equal(exchange_wait(exchanges[i], &reply, NULL), ERR_OK);
        exchange_free(exchanges[i]);
    }
    pthread_barrier_destroy(&barrier.all);
}

static void stopping_ends_what_is_in_flight(void **state)
{
    struct fixture *f = *state;
    struct request request = request_to(f, "/");
    struct exchange_ask ask = {
        .request = &request, .timeout_ms = LONG_MS, .body_bytes_max = BODY_MAX};
    struct exchange *exchange;
    struct reply reply;
    struct err err;
    reply_set(f, (struct fake_reply){.body = "{", .end = FAKE_HANG});
    exchange = start(f, &request, LONG_MS);
    client_stop(f->client);
    assert_int_equal(exchange_wait(exchange, &reply, &err), ERR_STOPPED);
    exchange_free(exchange);
    assert_int_equal(exchange_start(f->client, &ask, &exchange, &err), ERR_STOPPED);
}

static void an_exchange_that_nobody_waits_for_is_cut_off(void **state)
{
    struct fixture *f = *state;
    struct request request = request_to(f, "/");
    char body[32];
    reply_set(f, (struct fake_reply){.body = "{", .end = FAKE_HANG});
    exchange_free(start(f, &request, LONG_MS));
    reply_set(f, (struct fake_reply){.body = "{}"});
    get_body(f, "/list", body, sizeof(body));
    assert_string_equal(body, "{}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_reply_comes_with_status_headers_and_body),
        TEST(what_is_sent_is_what_was_asked),
        TEST(a_connection_is_used_again),
        TEST(a_request_is_never_sent_twice_for_one_call),
        TEST(a_silent_platform_ends_in_a_timeout),
        TEST(a_cut_body_is_no_reply),
        TEST(a_closed_connection_is_no_reply),
        TEST(nobody_listening_is_a_passing_fault_of_the_platform),
        TEST(an_endless_reply_is_refused_early),
        TEST(a_reply_of_200_mb_is_refused_by_its_announcement),
        TEST(too_many_headers_are_refused),
        TEST(a_gzip_bomb_ends_at_the_bound),
        TEST(a_packed_reply_is_unpacked),
        TEST(a_packed_reply_that_is_none_is_refused),
        TEST(a_redirect_is_not_followed),
        TEST(a_proxy_gets_the_whole_address),
        TEST(a_proxy_of_the_environment_is_not_used),
        TEST(a_proxy_of_another_kind_is_refused),
        TEST(many_exchanges_are_in_flight_at_once),
        TEST(stopping_ends_what_is_in_flight),
        TEST(an_exchange_that_nobody_waits_for_is_cut_off),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}

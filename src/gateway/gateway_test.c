#include <fcntl.h>

#include "gateway/gateway_fixture.h"

#define MANIFEST_PLAIN MANIFEST_HEAD MANIFEST_BUDGET MANIFEST_STREAM

/* What the fake platform of a test says to every list; set before the call. */
static struct fake_reply list_reply;

static void answer_lists(void *context, const struct fake_request *request,
                         struct fake_reply *reply)
{
    fixture_count(context, request);
    *reply = list_reply;
}

static int setup(void **state)
{
    static struct fixture f;
    list_reply = (struct fake_reply){.body = PAGE_OK};
    fixture_open(&f, MANIFEST_PLAIN, answer_lists);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    log_setup(LOG_WARN, STDERR_FILENO, true);
    fixture_close(*state);
    return 0;
}

static int setup_clock(void **state)
{
    fixture_clock_choose();
    return setup(state);
}

static void a_page_comes_back_read(void **state)
{
    struct fixture *f = *state;
    struct gateway_counts counts;
    struct page page;
    struct err err;
    int64_t received_ms, before_ms = clock_now_ms();
    assert_good(gateway_call(f->gateway, &f->ask, &f->arena, &page, &received_ms, &err), &err);
    assert_int_equal(page.records, 1);
    assert_int_equal(page.total, 1);
    assert_true(str_eq(page.request_id, STR("r1")));
    assert_true(received_ms >= before_ms && received_ms <= clock_now_ms());
    page_fini(&page);
    gateway_counts_read(f->gateway, &counts);
    assert_int_equal(counts.calls, 1);
    assert_int_equal(counts.ok, 1);
    assert_int_equal(counts.bytes_in, strlen(PAGE_OK));
}

static void several_calls_of_a_worker_are_in_flight(void **state)
{
    struct fixture *f = *state;
    struct call *calls[PAGES_IN_FLIGHT_MAX];
    struct page page;
    struct err err;
    int64_t received_ms;
    for (int i = 0; i < PAGES_IN_FLIGHT_MAX; i++)
        assert_good(gateway_send(f->gateway, &f->ask, &calls[i], &err), &err);
    for (int i = 0; i < PAGES_IN_FLIGHT_MAX; i++) {
        assert_good(call_wait(calls[i], &f->arena, &page, &received_ms, &err), &err);
        page_fini(&page);
        call_free(calls[i]);
    }
    assert_int_equal(f->lists, PAGES_IN_FLIGHT_MAX);
}

static void one_line_a_call_is_logged_and_nothing_secret_in_it(void **state)
{
    struct fixture *f = *state;
    char path[128], line[4096] = "";
    struct err err;
    snprintf(path, sizeof(path), "%s/log", f->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    log_setup(LOG_INFO, fd, true);
    f->ask.attempt = 2;
    assert_good(fixture_call(f, &err), &err);
    assert_true(pread(fd, line, sizeof(line) - 1, 0) > 0);
    close(fd);
    static const char *const parts[] = {"\"event\":\"call\"",
                                        "\"trace\":\"",
                                        "\"task\":41",
                                        "\"shop\":\"A\"",
                                        "\"platform\":\"fake\"",
                                        "\"stream\":\"orders\"",
                                        "\"method\":\"GET\"",
                                        "\"host\":\"127.0.0.1\"",
                                        "\"path\":\"/list/\"",
                                        "\"status\":200",
                                        "\"code\":\"ok\"",
                                        "\"class\":\"ok\"",
                                        "\"ms\":",
                                        "\"bytes\":",
                                        "\"attempt\":2",
                                        "\"request_id\":\"r1\""};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!strstr(line, parts[i]))
            fail_msg("%s is not in %s", parts[i], line);
    }
    assert_null(strstr(line, "from="));
    assert_null(strstr(line, "app-secret"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_web_page_is_a_bad_reply_to_be_tried_again(void **state)
{
    struct fixture *f = *state;
    struct err err;
    list_reply.body = "<html>maintenance</html>";
    int64_t before_ms = clock_now_ms();
    assert_int_equal(fixture_call(f, &err), ERR_BAD_REPLY);
    assert_string_equal(err.code, "not_json");
    assert_true(err.retry_at_ms >= before_ms && err.retry_at_ms <= clock_now_ms() + 1000);
}

static void the_pause_before_a_retry_doubles_up_to_its_cap(void **state)
{
    struct fixture *f = *state;
    static const int64_t most_ms[] = {1000, 2000, 4000, 5000, 5000};
    struct err err;
    for (int64_t attempt = 0; attempt < 5; attempt++) {
        int64_t longest_ms = 0;
        f->ask.attempt = attempt;
        list_reply.body = "{\"code\":500}";
        for (int i = 0; i < BREAKER_FAILURES - 1; i++) {
            int64_t before_ms = clock_now_ms();
            assert_int_equal(fixture_call(f, &err), ERR_RETRY);
            assert_true(err.retry_at_ms >= before_ms);
            int64_t pause_ms = err.retry_at_ms - clock_now_ms();
            assert_true(pause_ms <= most_ms[attempt]);
            longest_ms = pause_ms > longest_ms ? pause_ms : longest_ms;
        }
        /* Nine draws of a fixed seed: none in the upper half would be a range half as long. */
        assert_true(longest_ms > most_ms[attempt] / 2);
        list_reply.body = PAGE_OK;
        assert_good(fixture_call(f, &err), &err);
    }
}

static void retry_after_blocks_the_budget_that_was_refused(void **state)
{
    struct fixture *f = *state;
    struct budget_state budget;
    struct err err;
    list_reply = (struct fake_reply){.headers = "Retry-After: 7\r\n", .body = "{\"code\":100}"};
    int64_t before_ms = clock_now_ms();
    assert_int_equal(fixture_call(f, &err), ERR_THROTTLED);
    assert_true(err.retry_at_ms >= before_ms + 7000 && err.retry_at_ms <= clock_now_ms() + 7000);
    assert_int_equal(budget_list(f->coord, clock_now_ms(), &f->arena, &budget, 1), 1);
    assert_true(str_eq(budget.key, STR("fake/shop:7/api")));
    assert_int_equal(budget.blocked_until_ms, err.retry_at_ms);
    assert_int_equal(budget.refused, 1);
    assert_int_equal(fixture_call(f, &err), ERR_LATER);
    assert_string_equal(err.code, "budget");
    assert_true(err.retry_at_ms > before_ms + 6000);
    assert_int_equal(f->lists, 1);
}

static void ten_failures_in_a_row_open_the_breaker(void **state)
{
    struct fixture *f = *state;
    struct err err;
    list_reply.body = "{\"code\":500}";
    for (int i = 0; i < BREAKER_FAILURES; i++)
        assert_int_equal(fixture_call(f, &err), ERR_RETRY);
    assert_int_equal(fixture_call(f, &err), ERR_LATER);
    assert_string_equal(err.code, "breaker_open");
    assert_string_equal(
        fixture_text(f, "SELECT kind || ' ' || shop_id || ' ' || count(*) FROM event"),
        "breaker_opened 0 1");
    assert_true(err.retry_at_ms > clock_now_ms());
    assert_int_equal(f->lists, BREAKER_FAILURES);
}

static void what_is_forbidden_marks_the_shop_until_a_person_acts(void **state)
{
    struct fixture *f = *state;
    struct err err;
    list_reply.body = "{\"code\":2,\"message\":\"bind the app first\"}";
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_string_equal(fixture_text(f, "SELECT state FROM shop WHERE id = 7"), "needs_person");
    assert_non_null(strstr(fixture_text(f, "SELECT state_reason FROM shop WHERE id = 7"),
                           "bind the app first"));
    list_reply.body = PAGE_OK;
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "needs_person");
    assert_int_equal(f->lists, 1);
    assert_string_equal(
        fixture_text(f, "SELECT kind || ' ' || shop_id || ' ' || count(*) FROM event"),
        "shop_needs_person 7 1");
    assert_non_null(strstr(fixture_text(f, "SELECT args FROM event"), "bind the app first"));
    fixture_exec(f, "UPDATE shop SET state = 'enabled' WHERE id = 7");
    assert_good(fixture_call(f, &err), &err);
}

static void what_is_forbidden_to_an_app_marks_its_shops(void **state)
{
    struct fixture *f = *state;
    struct err err;
    fixture_exec(f, "INSERT INTO shop (id, platform, app_id, name, external_id, state, created_ms)"
                    " VALUES (8, 'fake', 3, 'B', 'y', 'enabled', 0),"
                    " (9, 'fake', 4, 'C', 'z', 'enabled', 0)");
    list_reply.body = "{\"code\":3}";
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_string_equal(fixture_text(f, "SELECT state FROM shop WHERE id = 8"), "needs_person");
    assert_string_equal(fixture_text(f, "SELECT state FROM shop WHERE id = 9"), "enabled");
    assert_string_equal(fixture_text(f, "SELECT group_concat(kind || shop_id) FROM event"),
                        "shop_needs_person7,shop_needs_person8");
}

static void a_turn_too_far_away_is_for_later(void **state)
{
    struct fixture *f = *state;
    struct err err;
    connector_free(f->connector);
    fixture_load(
        f, MANIFEST_HEAD
        "budgets: {api: {scope: app, rate: 1/60s, burst: 1, confidence: L}}\n" MANIFEST_STREAM);
    int64_t before_ms = clock_now_ms();
    assert_int_equal(fixture_call(f, &err), ERR_LATER);
    assert_string_equal(err.code, "budget");
    assert_true(err.retry_at_ms > before_ms + 60000);
    assert_int_equal(f->lists, 0);
}

static struct str proxy_of_fake(void *context, struct str platform, int64_t shop_id)
{
    struct fixture *f = context;
    assert_true(str_eq(platform, STR("fake")));
    assert_int_equal(shop_id, SHOP_ID);
    return str_of(fake_url(f->fake));
}

static void calls_go_through_the_proxy_of_their_platform(void **state)
{
    struct fixture *f = *state;
    struct gateway_options options = {.store = f->store,
                                      .coord = f->coord,
                                      .keyring = f->keyring,
                                      .proxy_of = proxy_of_fake,
                                      .context = f};
    struct err err;
    gateway_close(f->gateway);
    assert_good(gateway_open(&options, &f->gateway, &err), &err);
    f->ask.facts.base_url = STR("http://platform.invalid");
    assert_good(fixture_call(f, &err), &err);
    assert_memory_equal(f->seen, "GET http://platform.invalid/list/", 33);
}

static void a_shops_own_proxy_goes_before(void **state)
{
    struct fixture *f = *state;
    struct err err;
    f->ask.proxy = STR("gopher://proxy");
    assert_int_equal(fixture_call(f, &err), ERR_CONFIG);
    assert_string_equal(err.code, "proxy");
}

static void stopping_ends_calls_in_flight_and_refuses_more(void **state)
{
    struct fixture *f = *state;
    struct call *call;
    struct page page;
    struct err err;
    int64_t received_ms;
    list_reply = (struct fake_reply){.body = "{", .end = FAKE_HANG};
    assert_good(gateway_send(f->gateway, &f->ask, &call, &err), &err);
    gateway_stop(f->gateway);
    assert_int_equal(call_wait(call, &f->arena, &page, &received_ms, &err), ERR_STOPPED);
    call_free(call);
    assert_int_equal(gateway_send(f->gateway, &f->ask, &call, &err), ERR_STOPPED);
}

static void every_call_has_its_own_nonce_and_time(void **state)
{
    struct fixture *f = *state;
    char first[16 * 1024];
    struct err err;
    connector_free(f->connector);
    fixture_load(f, MANIFEST_HEAD MANIFEST_BUDGET
                 "streams:\n"
                 "  orders:\n"
                 "    table: trade_order\n"
                 "    every: 5m\n"
                 "    request: {get: /list/, query: {n: \"{nonce}\", t: \"{now | unix}\"},"
                 " budget: api}\n"
                 "    window: {by: created, span: 7d}\n"
                 "    pages: {kind: none}\n"
                 "    records: list\n"
                 "    fields: {order_id: {from: id, as: id, key: true}}\n");
    int64_t before_s = clock_now_ms() / 1000;
    assert_good(fixture_call(f, &err), &err);
    strcpy(first, f->seen);
    assert_good(fixture_call(f, &err), &err);
    int64_t sent_s = strtoll(strstr(first, "&t=") + 3, NULL, 10);
    assert_true(sent_s >= before_s && sent_s <= clock_now_ms() / 1000);
    assert_int_equal(strspn(strstr(first, "?n=") + 3, "0123456789abcdef"), 32);
    assert_memory_not_equal(strstr(first, "?n="), strstr(f->seen, "?n="), 35);
}

static void the_test_clock_calls_this_machine_only_and_stands_still(void **state)
{
    struct fixture *f = *state;
    struct err err;
    /* A bucket starts empty, so that a first look comes before the call. */
    int64_t before_ms = clock_now_ms();
    assert_good(fixture_call(f, &err), &err);
    assert_true(clock_now_ms() <= before_ms + 1);
    f->ask.facts.base_url = STR("http://192.0.2.1");
    assert_int_equal(fixture_call(f, &err), ERR_CONFIG);
    assert_string_equal(err.code, "test_clock");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_page_comes_back_read),
        TEST(several_calls_of_a_worker_are_in_flight),
        TEST(one_line_a_call_is_logged_and_nothing_secret_in_it),
        TEST(a_web_page_is_a_bad_reply_to_be_tried_again),
        TEST(the_pause_before_a_retry_doubles_up_to_its_cap),
        TEST(retry_after_blocks_the_budget_that_was_refused),
        TEST(ten_failures_in_a_row_open_the_breaker),
        TEST(what_is_forbidden_marks_the_shop_until_a_person_acts),
        TEST(what_is_forbidden_to_an_app_marks_its_shops),
        TEST(a_turn_too_far_away_is_for_later),
        TEST(calls_go_through_the_proxy_of_their_platform),
        TEST(a_shops_own_proxy_goes_before),
        TEST(stopping_ends_calls_in_flight_and_refuses_more),
        TEST(every_call_has_its_own_nonce_and_time),
        cmocka_unit_test_setup_teardown(the_test_clock_calls_this_machine_only_and_stands_still,
                                        setup_clock, teardown),
    };
    return cmocka_run_group_tests_name("gateway", tests, NULL, NULL);
}

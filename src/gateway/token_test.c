#include <fcntl.h>

#include "gateway/gateway_fixture.h"

/* A platform that checks tokens: /list/ wants `valid`, /grant/ and /refresh/ give the next one. */
struct rules {
    bool never;             /* /list/ calls every token expired */
    char valid[32];         /* what /list/ accepts */
    char valid_refresh[32]; /* what /refresh/ accepts */
    int issued;
    long expires_s;
    int grant_code;                        /* 0: the grant is given */
    char during[64], during_previous[512]; /* the row while /refresh/ runs */
};
static struct rules rules;
static char reply_text[8][256]; /* by connection: replies are borrowed until they are sent */

static bool carries(const struct fake_request *request, const char *token)
{
    char line[64];
    snprintf(line, sizeof(line), "access-token: %s\r\n", token);
    return strcasestr(request->text, line);
}

static void issue(struct fake_reply *reply, char *text)
{
    snprintf(text, 256, "{\"code\":%d,\"message\":\"no\"}", rules.grant_code);
    reply->body = text;
    if (rules.grant_code != 0)
        return;
    rules.issued++;
    snprintf(rules.valid, sizeof(rules.valid), "access-%d", rules.issued);
    snprintf(rules.valid_refresh, sizeof(rules.valid_refresh), "refresh-%d", rules.issued);
    snprintf(text, 256, "{\"code\":0,\"access\":\"%s\",\"refresh\":\"%s\",\"expires_in\":%ld}",
             rules.valid, rules.valid_refresh, rules.expires_s);
}

static void answer_tokens(void *context, const struct fake_request *request,
                          struct fake_reply *reply)
{
    struct fixture *f = context;
    char *text = reply_text[request->connection % 8];
    fixture_count(f, request);
    pthread_mutex_lock(&f->lock);
    if (strncmp(request->target, "/list/", 6) == 0)
        reply->body = !rules.never && carries(request, rules.valid) ? PAGE_OK : "{\"code\":105}";
    else if (strncmp(request->target, "/grant/", 7) == 0)
        issue(reply, text);
    else if (rules.grant_code == 0 && !strstr(request->body, rules.valid_refresh))
        reply->body = "{\"code\":2,\"message\":\"refresh token is dead\"}";
    else {
        snprintf(rules.during, sizeof(rules.during), "%s",
                 fixture_text(f, "SELECT state FROM token"));
        snprintf(rules.during_previous, sizeof(rules.during_previous), "%s",
                 fixture_text(f, "SELECT previous_refresh_cipher FROM token"));
        issue(reply, text);
    }
    pthread_mutex_unlock(&f->lock);
}

static int open_with(void **state, const char *manifest)
{
    static struct fixture f;
    rules = (struct rules){.expires_s = 7200};
    fixture_open(&f, manifest, answer_tokens);
    *state = &f;
    return 0;
}

static int setup_client(void **state)
{
    return open_with(state, MANIFEST_HEAD AUTH_CLIENT MANIFEST_BUDGET MANIFEST_STREAM);
}

static int setup_by_hand(void **state)
{
    return open_with(state, MANIFEST_HEAD AUTH_BY_HAND MANIFEST_BUDGET MANIFEST_STREAM);
}

/* The shop holds access-0 and refresh-0; the platform knows both. */
static int setup_code(void **state)
{
    return open_with(state, MANIFEST_HEAD AUTH_CODE MANIFEST_BUDGET MANIFEST_STREAM);
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

static void put_pair(struct fixture *f, int number, int64_t expires_in_ms)
{
    struct err err;
    int64_t now_ms = clock_now_ms();
    snprintf(rules.valid, sizeof(rules.valid), "access-%d", number);
    snprintf(rules.valid_refresh, sizeof(rules.valid_refresh), "refresh-%d", number);
    assert_good(token_put(f->store, f->keyring, STR("shop:7"), str_of(rules.valid),
                          str_of(rules.valid_refresh), now_ms + expires_in_ms, 0, now_ms - 3600000,
                          &err),
                &err);
}

/* --- one token of an app, got with its credentials --- */

static void the_first_call_gets_the_token(void **state)
{
    struct fixture *f = *state;
    struct gateway_counts counts;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->grants, 1);
    assert_int_equal(f->lists, 2);
    assert_string_equal(fixture_text(f, "SELECT state FROM token WHERE owner = 'app:3'"), "fresh");
    gateway_counts_read(f->gateway, &counts);
    assert_int_equal(counts.token_refreshes, 1);
}

static void a_stored_token_is_used_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    fixture_restart(f);
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->grants, 1);
}

static void tokens_are_sealed_at_rest(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    const char *cipher = fixture_text(f, "SELECT access_cipher FROM token");
    assert_memory_equal(cipher, "h1:", 3);
    assert_null(strstr(cipher, "access-1"));
}

static void tokens_and_secrets_are_never_logged(void **state)
{
    struct fixture *f = *state;
    char path[128], lines[16 * 1024] = "";
    struct err err;
    snprintf(path, sizeof(path), "%s/log", f->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    log_setup(LOG_DEBUG, fd, true);
    assert_good(fixture_call(f, &err), &err);
    strcpy(rules.valid, "revoked");
    assert_good(fixture_call(f, &err), &err);
    log_setup(LOG_WARN, STDERR_FILENO, true);
    assert_true(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
    close(fd);
    assert_non_null(strstr(lines, "/grant/"));
    assert_null(strstr(lines, "access-1"));
    assert_null(strstr(lines, "access-2"));
    assert_null(strstr(lines, "app-secret"));
}

static void a_token_near_its_end_is_replaced_ahead(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    fixture_restart(f);
    /* Two hours long, four minutes left; the manifest says five ahead. */
    char sql[128];
    snprintf(sql, sizeof(sql), "UPDATE token SET expires_ms = %lld, changed_ms = %lld",
             (long long)clock_now_ms() + 240000, (long long)clock_now_ms() - 7000000);
    fixture_exec(f, sql);
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->grants, 2);
}

enum { THREADS = 16 };

static void *call_run(void *context)
{
    struct err err;
    return fixture_call(context, &err) == ERR_OK ? NULL : "failed";
}

static void call_from_threads(struct fixture *f)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_run, f), 0);
    for (int i = 0; i < THREADS; i++) {
        void *trouble;
        pthread_join(threads[i], &trouble);
        assert_null(trouble);
    }
}

static void sixteen_threads_make_one_flight(void **state)
{
    struct fixture *f = *state;
    call_from_threads(f);
    assert_int_equal(f->grants, 1);
    assert_int_equal(f->lists, THREADS);
}

static void an_expired_token_is_renewed_and_the_call_sent_once_more(void **state)
{
    struct fixture *f = *state;
    struct gateway_counts counts;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    strcpy(rules.valid, "revoked");
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->grants, 2);
    assert_int_equal(f->lists, 3);
    gateway_counts_read(f->gateway, &counts);
    assert_int_equal(counts.retried, 1);
}

static void sixteen_threads_with_an_expired_token_make_one_flight(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    strcpy(rules.valid, "revoked");
    call_from_threads(f);
    assert_int_equal(f->grants, 2);
}

static void a_token_replaced_by_somebody_else_is_simply_used(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    strcpy(rules.valid, "other");
    assert_good(token_put(f->store, f->keyring, STR("app:3"), STR("other"), STR_NONE, 0, 0,
                          clock_now_ms(), &err),
                &err);
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->grants, 1);
}

static void what_is_always_called_expired_ends(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    /* As for a route that does not exist: every token is called invalid, brand-new ones too. */
    rules.never = true;
    f->lists = f->grants = 0;
    for (int i = 0; i < 5; i++)
        assert_int_equal(fixture_call(f, &err), ERR_TOKEN_EXPIRED);
    assert_string_equal(err.code, "token_refused");
    assert_true(err.retry_at_ms > clock_now_ms());
    assert_int_equal(f->grants, 1);
    assert_int_equal(f->lists, 6);
}

static void a_failed_grant_is_everybodys_error(void **state)
{
    struct fixture *f = *state;
    struct err err;
    rules.grant_code = 3;
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_int_equal(err.scope, ERR_SCOPE_APP);
    assert_int_equal(f->lists, 0);
    assert_string_equal(fixture_text(f, "SELECT state FROM shop WHERE id = 7"), "needs_person");
}

static void a_crash_before_the_grant_obtains_again(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_good(fixture_call(f, &err), &err);
    fixture_restart(f);
    fixture_exec(f, "UPDATE token SET state = 'refreshing', refreshing_ms = 1");
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->grants, 2);
    assert_string_equal(fixture_text(f, "SELECT state FROM token"), "fresh");
}

/* --- a token given by hand --- */

static void a_shop_without_a_token_needs_a_person(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "token_missing");
    assert_int_equal(err.scope, ERR_SCOPE_SHOP);
    assert_non_null(strstr(err.message, "huiliu shop authorize A"));
    assert_string_equal(fixture_text(f, "SELECT state FROM shop"), "needs_person");
}

static void a_token_put_in_by_hand_is_used_and_frees_the_shop(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    put_pair(f, 0, 3600000);
    assert_string_equal(fixture_text(f, "SELECT state FROM shop"), "enabled");
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->lists, 1);
}

static void an_expired_token_of_hand_asks_for_a_new_one(void **state)
{
    struct fixture *f = *state;
    struct err err;
    put_pair(f, 0, 3600000);
    strcpy(rules.valid, "another");
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "token_dead");
    assert_int_equal(f->lists, 1);
}

static void an_empty_token_is_not_stored(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_int_equal(
        token_put(f->store, f->keyring, STR("shop:7"), STR(""), STR_NONE, 0, 0, 1, &err),
        ERR_CONFIG);
    assert_string_equal(err.code, "token_text");
}

/* --- a consent with a rotating pair --- */

static void refreshing_is_on_disk_before_the_call_and_the_pair_before_its_use(void **state)
{
    struct fixture *f = *state;
    struct err err;
    put_pair(f, 0, 60000);
    const char *old = fixture_text(f, "SELECT refresh_cipher FROM token");
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->refreshes, 1);
    assert_string_equal(rules.during, "refreshing");
    assert_string_equal(rules.during_previous, old);
    assert_string_equal(fixture_text(f, "SELECT state FROM token"), "fresh");
    /* The new refresh token was kept: the next refresh is accepted. */
    strcpy(rules.valid, "revoked");
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->refreshes, 2);
}

static void a_crash_before_the_refresh_is_made_good_with_the_old_pair(void **state)
{
    struct fixture *f = *state;
    struct err err;
    put_pair(f, 0, 3600000);
    fixture_exec(f, "UPDATE token SET state = 'refreshing', refreshing_ms = 1");
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->refreshes, 1);
    assert_non_null(strstr(f->seen, "access-1"));
    assert_string_equal(fixture_text(f, "SELECT state FROM token"), "fresh");
}

static void a_crash_after_the_platform_rotated_asks_for_a_person(void **state)
{
    struct fixture *f = *state;
    struct err err;
    put_pair(f, 0, 3600000);
    strcpy(rules.valid_refresh, "the one that was lost");
    fixture_exec(f, "UPDATE token SET state = 'refreshing', refreshing_ms = 1");
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "token_dead");
    assert_non_null(strstr(err.message, "huiliu shop authorize A"));
    assert_string_equal(fixture_text(f, "SELECT state FROM token"), "dead");
    assert_string_equal(fixture_text(f, "SELECT state FROM shop"), "needs_person");
    assert_non_null(
        strstr(fixture_text(f, "SELECT state_reason FROM shop"), "huiliu shop authorize A"));
    /* It stays so without further calls, until a person brings a new pair. */
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_int_equal(f->refreshes, 1);
    put_pair(f, 5, 3600000);
    assert_good(fixture_call(f, &err), &err);
}

static void a_refresh_that_fails_ahead_of_time_does_not_stop_the_calls(void **state)
{
    struct fixture *f = *state;
    struct err err;
    put_pair(f, 0, 60000);
    rules.grant_code = 500;
    assert_good(fixture_call(f, &err), &err);
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->refreshes, 1);
    assert_int_equal(f->lists, 2);
}

static void points_fail(const char *point)
{
    if (point)
        setenv("HUILIU_FAIL", point, 1);
    else
        unsetenv("HUILIU_FAIL");
    assert_int_equal(fail_setup(NULL), ERR_OK);
}

static void a_token_that_was_not_saved_is_not_used(void **state)
{
    struct fixture *f = *state;
    struct err err;
    put_pair(f, 0, -1);
    points_fail("token.reply.received=error");
    assert_int_equal(fixture_call(f, &err), ERR_RETRY);
    points_fail(NULL);
    assert_int_equal(f->lists, 0);
    assert_string_equal(fixture_text(f, "SELECT state FROM token"), "refreshing");
}

int main(void)
{
#define CLIENT(name) cmocka_unit_test_setup_teardown(name, setup_client, teardown)
#define BY_HAND(name) cmocka_unit_test_setup_teardown(name, setup_by_hand, teardown)
#define CODE(name) cmocka_unit_test_setup_teardown(name, setup_code, teardown)
    const struct CMUnitTest tests[] = {
        CLIENT(the_first_call_gets_the_token),
        CLIENT(a_stored_token_is_used_after_a_restart),
        CLIENT(tokens_are_sealed_at_rest),
        CLIENT(tokens_and_secrets_are_never_logged),
        CLIENT(a_token_near_its_end_is_replaced_ahead),
        CLIENT(sixteen_threads_make_one_flight),
        CLIENT(an_expired_token_is_renewed_and_the_call_sent_once_more),
        CLIENT(sixteen_threads_with_an_expired_token_make_one_flight),
        CLIENT(a_token_replaced_by_somebody_else_is_simply_used),
        CLIENT(what_is_always_called_expired_ends),
        CLIENT(a_failed_grant_is_everybodys_error),
        CLIENT(a_crash_before_the_grant_obtains_again),
        BY_HAND(a_shop_without_a_token_needs_a_person),
        BY_HAND(a_token_put_in_by_hand_is_used_and_frees_the_shop),
        BY_HAND(an_expired_token_of_hand_asks_for_a_new_one),
        BY_HAND(an_empty_token_is_not_stored),
        CODE(refreshing_is_on_disk_before_the_call_and_the_pair_before_its_use),
        CODE(a_crash_before_the_refresh_is_made_good_with_the_old_pair),
        CODE(a_crash_after_the_platform_rotated_asks_for_a_person),
        CODE(a_refresh_that_fails_ahead_of_time_does_not_stop_the_calls),
        CODE(a_token_that_was_not_saved_is_not_used),
    };
    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}

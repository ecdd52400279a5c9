#include "gateway/gateway_fixture.h"

#define MANIFEST_ACCOUNTS                                                                          \
    "  consent: {get: \"https://fake.invalid/ask\", query: {state: \"{nonce}\"}}\n"                \
    "  accounts: {get: /accounts/, records: list, id: id, name: name}\n"

/* A platform with one consent at a time: /grant/ gives the pair of the code that is valid,
 * /accounts/ and /list/ want its access token, /refresh/ its refresh token, which then dies. */
struct rules {
    char code[32];     /* what /grant/ accepts, once */
    char accounts[64]; /* external ids of the consent, a letter each */
    bool forbidden;    /* /list/ refuses the account for good */
    bool accounts_ill, app_ill;
    int busy; /* so many answers of /accounts/ are passing faults */
    long life_s;
    bool drop_refresh; /* the pair rotates and the answer is lost */
    int issued, asked;
    char access[32], refresh[32];
    char during[64]; /* the rows of `token` while /accounts/ is asked */
};
static struct rules rules;
static char reply_text[8][512]; /* by connection: replies are borrowed until they are sent */

static void issue(char *text)
{
    rules.issued++;
    snprintf(rules.access, sizeof(rules.access), "access-%d", rules.issued);
    snprintf(rules.refresh, sizeof(rules.refresh), "refresh-%d", rules.issued);
    snprintf(text, 512, "{\"code\":0,\"access\":\"%s\",\"refresh\":\"%s\",\"expires_in\":%ld}",
             rules.access, rules.refresh, rules.life_s);
}

static bool carries(const struct fake_request *request)
{
    char line[64];
    snprintf(line, sizeof(line), "access-token: %s\r\n", rules.access);
    return strcasestr(request->text, line);
}

static void answer_grant(const struct fake_request *request, char *text)
{
    bool good = rules.code[0] && strstr(request->body, rules.code);
    if (rules.app_ill) {
        snprintf(text, 512, "{\"code\":3,\"message\":\"app is suspended\"}");
        return;
    }
    if (!good) {
        snprintf(text, 512, "{\"code\":2,\"message\":\"auth_code is used\"}");
        return;
    }
    rules.code[0] = '\0';
    issue(text);
}

static void answer_accounts(struct fixture *f, const struct fake_request *request, char *text)
{
    size_t at = 0;
    rules.asked++;
    snprintf(
        rules.during, sizeof(rules.during), "%s",
        fixture_text(f, "SELECT group_concat(owner) FROM (SELECT owner FROM token ORDER BY 1)"));
    if (rules.busy > 0) {
        rules.busy--;
        snprintf(text, 512, "{\"code\":500,\"message\":\"busy\"}");
        return;
    }
    if (rules.accounts_ill || !carries(request)) {
        snprintf(text, 512, "{\"code\":105,\"message\":\"token\"}");
        return;
    }
    at += (size_t)snprintf(text, 512, "{\"code\":0,\"list\":[");
    for (const char *id = rules.accounts; *id; id++)
        at += (size_t)snprintf(text + at, 512 - at, "%s{\"id\":\"%c\",\"name\":\"name of %c\"}",
                               id == rules.accounts ? "" : ",", *id, *id);
    snprintf(text + at, 512 - at, "]}");
}

static void answer_refresh(const struct fake_request *request, struct fake_reply *reply, char *text)
{
    if (!strstr(request->body, rules.refresh)) {
        snprintf(text, 512, "{\"code\":2,\"message\":\"refresh token is dead\"}");
        return;
    }
    issue(text);
    if (rules.drop_refresh)
        reply->end = FAKE_DROP;
    rules.drop_refresh = false;
}

static void answer(void *context, const struct fake_request *request, struct fake_reply *reply)
{
    struct fixture *f = context;
    char *text = reply_text[request->connection % 8];
    fixture_count(f, request);
    pthread_mutex_lock(&f->lock);
    reply->body = text;
    if (strncmp(request->target, "/grant/", 7) == 0)
        answer_grant(request, text);
    else if (strncmp(request->target, "/accounts/", 10) == 0)
        answer_accounts(f, request, text);
    else if (strncmp(request->target, "/refresh/", 9) == 0)
        answer_refresh(request, reply, text);
    else
        reply->body = !carries(request) ? "{\"code\":105}"
                      : rules.forbidden ? "{\"code\":2,\"message\":\"no permission\"}"
                                        : PAGE_OK;
    pthread_mutex_unlock(&f->lock);
}

static int open_with(void **state, const char *manifest)
{
    static struct fixture f;
    rules = (struct rules){.code = "pasted", .accounts = "xy", .life_s = 7200};
    fixture_open(&f, manifest, answer);
    fixture_exec(&f, "INSERT INTO shop (id, platform, app_id, name, external_id, state, created_ms)"
                     " VALUES (8, 'fake', 3, 'B', 'y', 'needs_person', 0),"
                     " (9, 'fake', 3, 'C', 'z', 'enabled', 0),"
                     " (10, 'fake', 4, 'D', 'w', 'enabled', 0)");
    f.ask.facts.auth_code = STR("pasted");
    *state = &f;
    return 0;
}

static int setup(void **state)
{
    return open_with(state,
                     MANIFEST_HEAD AUTH_CODE MANIFEST_ACCOUNTS MANIFEST_BUDGET MANIFEST_STREAM);
}

/* The platform does not tell what a consent covers. */
static int setup_silent(void **state)
{
    return open_with(state, MANIFEST_HEAD AUTH_CODE MANIFEST_BUDGET MANIFEST_STREAM);
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

static int setup_clock(void **state)
{
    fixture_clock_choose();
    return setup(state);
}

/* From now on the fixture speaks for this shop. */
static void become(struct fixture *f, int64_t id, const char *name, const char *external_id)
{
    f->ask.facts.shop.id = id;
    f->ask.facts.shop.name = str_of(name);
    f->ask.facts.shop.external_id = str_of(external_id);
}

static enum err_class take(struct fixture *f, const char *state, struct consent *out,
                           struct err *err)
{
    return consent_take(f->gateway, f->connector, &f->ask.facts, str_of(state), &f->arena, out,
                        err);
}

static void consent_to(struct fixture *f, const char *accounts, struct consent *out)
{
    struct err err;
    snprintf(rules.accounts, sizeof(rules.accounts), "%s", accounts);
    snprintf(rules.code, sizeof(rules.code), "pasted");
    assert_good(take(f, "", out, &err), &err);
}

static void owners_are(struct fixture *f, const char *wanted)
{
    assert_string_equal(
        fixture_text(f, "SELECT group_concat(owner) FROM (SELECT owner FROM token ORDER BY owner)"),
        wanted);
}

/* "7:- 8:7 …": each shop of app 3 and whose token it uses. */
static void uses_are(struct fixture *f, const char *wanted)
{
    assert_string_equal(
        fixture_text(f, "SELECT group_concat(id || ':' || coalesce(token_of, '-'), ' ') FROM"
                        " (SELECT id, token_of FROM shop WHERE app_id = 3 ORDER BY id)"),
        wanted);
}

static void state_is(struct fixture *f, int id, const char *wanted)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "SELECT state FROM shop WHERE id = %d", id);
    assert_string_equal(fixture_text(f, sql), wanted);
}

/* --- what a consent becomes --- */

static void a_code_is_exchanged_and_stored(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    assert_good(take(f, "", &consent, &err), &err);
    assert_null(consent.accounts);
    assert_non_null(strstr(f->seen, "{\"code\":\"pasted\"}"));
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->refreshes, 0);
    owners_are(f, "shop:7");
}

static void a_consent_is_one_token_of_all_its_shops(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    assert_good(
        token_put(f->store, f->keyring, STR("shop:8"), STR("own"), STR("own"), 0, 0, 1, &err),
        &err);
    fixture_exec(f, "UPDATE shop SET state = 'needs_person', state_reason = 'r' WHERE id = 8");
    consent_to(f, "qxyw", &consent);
    owners_are(f, "shop:7");
    uses_are(f, "7:- 8:7 9:-");
    state_is(f, 8, "enabled");
    assert_string_equal(fixture_text(f, "SELECT group_concat(kind || shop_id) FROM event"),
                        "shop_well8,shop_well8"); /* first by the token of its own */
    assert_string_equal(fixture_text(f, "SELECT coalesce(state_reason, '') FROM shop WHERE id = 8"),
                        "");
    assert_string_equal(fixture_text(f, "SELECT coalesce(token_of, '-') FROM shop WHERE id = 10"),
                        "-");
    assert_int_equal(consent.accounts_len, 4);
    assert_true(str_eq(consent.accounts[0].title, STR("name of q")));
    assert_true(str_eq(consent.accounts[0].shop, STR("")));
    assert_true(str_eq(consent.accounts[2].shop, STR("B")));
    assert_true(str_eq(consent.accounts[3].shop, STR(""))); /* of another app */
    become(f, 8, "B", "y");
    assert_good(fixture_call(f, &err), &err);
    assert_int_equal(f->grants, 1);
}

static void a_disabled_shop_stays_so(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    fixture_exec(f, "UPDATE shop SET state = 'disabled' WHERE id = 8");
    consent_to(f, "xy", &consent);
    uses_are(f, "7:- 8:7 9:-");
    state_is(f, 8, "disabled");
}

static void the_pair_is_on_disk_before_it_is_used(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    consent_to(f, "xy", &consent);
    assert_string_equal(rules.during, "given:7");
}

static void the_shop_that_was_authorised_owns(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    consent_to(f, "xyz", &consent);
    uses_are(f, "7:- 8:7 9:7");
    become(f, 8, "B", "y");
    consent_to(f, "xyz", &consent);
    owners_are(f, "shop:8");
    uses_are(f, "7:8 8:- 9:8");
    assert_int_equal(consent.left_len, 0);
}

static void who_is_left_without_a_token_waits_for_a_person(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    consent_to(f, "xyz", &consent);
    become(f, 8, "B", "y");
    consent_to(f, "xy", &consent);
    uses_are(f, "7:8 8:- 9:-");
    assert_int_equal(consent.left_len, 1);
    assert_true(str_eq(consent.left[0], STR("C")));
    state_is(f, 9, "needs_person");
    assert_non_null(strstr(fixture_text(f, "SELECT state_reason FROM shop WHERE id = 9"),
                           "huiliu shop authorize C"));
    become(f, 9, "C", "z");
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "token_missing");
}

static void a_narrower_consent_of_the_owner_leaves_the_others(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    consent_to(f, "xyz", &consent);
    consent_to(f, "x", &consent);
    uses_are(f, "7:- 8:- 9:-");
    assert_int_equal(consent.left_len, 2);
    state_is(f, 8, "needs_person");
    state_is(f, 9, "needs_person");
    owners_are(f, "shop:7");
}

static void a_token_by_hand_takes_its_shop_out(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    consent_to(f, "xyz", &consent);
    assert_good(token_put(f->store, f->keyring, STR("shop:8"), STR("own"), STR_NONE, 0, 0, 1, &err),
                &err);
    owners_are(f, "shop:7,shop:8");
    uses_are(f, "7:- 8:- 9:7");
}

static void a_shop_added_later_shares_and_is_never_a_chain(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    consent_to(f, "xy", &consent);
    assert_good(token_share(f->store, 9, 8, &err), &err);
    uses_are(f, "7:- 8:7 9:7");
    become(f, 9, "C", "z");
    assert_good(fixture_call(f, &err), &err);
}

static enum err_class drop_run(struct tx *tx, void *context, struct err *err)
{
    return token_drop(tx, 7, context, err);
}

static void who_removes_a_token_hears_how_many_use_it(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    int64_t users = 0;
    consent_to(f, "xyz", &consent);
    assert_good(store_write(f->store, drop_run, &users, &err), &err);
    assert_int_equal(users, 2);
    owners_are(f, "");
}

/* --- what is refused --- */

static void a_consent_for_another_account_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    consent_to(f, "xy", &consent);
    const char *cipher = fixture_text(f, "SELECT access_cipher FROM token");
    become(f, 9, "C", "z");
    snprintf(rules.code, sizeof(rules.code), "pasted");
    assert_int_equal(take(f, "", &consent, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "consent_other");
    assert_non_null(strstr(err.message, "its account z"));
    assert_non_null(strstr(err.message, "It covers x, y"));
    owners_are(f, "shop:7");
    uses_are(f, "7:- 8:7 9:-");
    state_is(f, 9, "enabled");
    assert_string_equal(fixture_text(f, "SELECT access_cipher FROM token"), cipher);
}

static void a_used_code_leaves_a_working_shop_alone(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    consent_to(f, "xy", &consent);
    assert_int_equal(take(f, "", &consent, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "code_dead");
    assert_non_null(strstr(err.message, "auth_code is used"));
    assert_non_null(strstr(err.message, "huiliu shop authorize A"));
    state_is(f, 7, "enabled");
    assert_good(fixture_call(f, &err), &err);
}

static void an_app_that_is_refused_is_told_and_marks_nobody(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    rules.app_ill = true;
    assert_int_equal(take(f, "", &consent, &err), ERR_FORBIDDEN);
    assert_non_null(strstr(err.message, "app is suspended"));
    state_is(f, 7, "enabled");
    state_is(f, 9, "enabled");
}

static void a_pair_whose_accounts_could_not_be_asked_is_not_lost(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    rules.accounts_ill = true;
    assert_int_equal(take(f, "", &consent, &err), ERR_TOKEN_EXPIRED);
    assert_non_null(strstr(err.message, "run the same command again"));
    state_is(f, 7, "enabled");
    owners_are(f, "given:7");
    /* The same command, in another process: the code is used, the pair is there. */
    fixture_restart(f);
    rules.accounts_ill = false;
    assert_good(take(f, "", &consent, &err), &err);
    assert_int_equal(rules.issued, 1);
    owners_are(f, "shop:7");
    assert_good(fixture_call(f, &err), &err);
}

static void passing_faults_are_sat_out(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    int64_t before_ms = clock_now_ms();
    rules.busy = 3;
    assert_good(take(f, "", &consent, &err), &err);
    assert_int_equal(rules.asked, 4);
    assert_true(clock_now_ms() > before_ms);
    rules.busy = 4;
    snprintf(rules.code, sizeof(rules.code), "pasted");
    assert_int_equal(take(f, "", &consent, &err), ERR_RETRY);
    assert_int_equal(rules.asked, 8);
}

static void an_old_pair_is_not_taken_for_a_new_code(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    rules.accounts_ill = true;
    assert_int_equal(take(f, "", &consent, &err), ERR_TOKEN_EXPIRED);
    rules.accounts_ill = false;
    fixture_exec(f, "UPDATE token SET changed_ms = changed_ms - 600001");
    assert_int_equal(take(f, "", &consent, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "code_dead");
}

/* --- the state of the address --- */

static const char *state_given_out(struct fixture *f)
{
    struct str address;
    struct err err;
    assert_good(consent_address(f->gateway, f->connector, &f->ask.facts, &f->arena, &address, &err),
                &err);
    const char *state = strstr(address.ptr, "state=");
    assert_non_null(state);
    assert_int_equal(strlen(state + 6), 32);
    return state + 6;
}

static void another_state_is_refused_before_the_code_is_used(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    const char *first = state_given_out(f), *second = state_given_out(f);
    assert_string_not_equal(first, second);
    fixture_restart(f);
    assert_int_equal(take(f, first, &consent, &err), ERR_USAGE);
    assert_string_equal(err.code, "consent_state");
    assert_int_equal(f->grants, 0);
    assert_good(take(f, second, &consent, &err), &err);
    owners_are(f, "shop:7");
}

static void a_bare_code_or_a_state_of_long_ago_is_not_compared(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    state_given_out(f);
    consent_to(f, "xy", &consent);
    state_given_out(f);
    fixture_exec(f, "UPDATE token SET changed_ms = changed_ms - 600001 WHERE owner = 'asked:7'");
    snprintf(rules.code, sizeof(rules.code), "pasted");
    assert_good(take(f, "of somebody", &consent, &err), &err);
}

static void the_state_is_sealed(void **state)
{
    struct fixture *f = *state;
    const char *given = state_given_out(f);
    const char *cipher = fixture_text(f, "SELECT access_cipher FROM token WHERE owner = 'asked:7'");
    assert_memory_equal(cipher, "h1:", 3);
    assert_null(strstr(cipher, given));
}

/* --- one token of several shops --- */

enum { THREADS = 16 };
struct caller {
    struct gateway *gateway;
    struct call_ask ask;
};

static void *call_as(void *context)
{
    const struct caller *caller = context;
    struct arena arena;
    struct page page;
    struct err err;
    int64_t received_ms;
    arena_init(&arena);
    enum err_class class_ = gateway_call(caller->gateway, &caller->ask, &arena, &page, &received_ms,
                                         &err);
    if (class_ == ERR_OK)
        page_fini(&page);
    arena_fini(&arena);
    return class_ == ERR_OK ? NULL : "failed";
}

static void shops_that_share_make_one_flight(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct caller callers[THREADS];
    pthread_t threads[THREADS];
    consent_to(f, "xyz", &consent);
    fixture_exec(f, "UPDATE token SET expires_ms = 1");
    for (int i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){f->gateway, f->ask};
        callers[i].ask.facts.shop.id = 7 + i % 3;
        assert_int_equal(pthread_create(&threads[i], NULL, call_as, &callers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *trouble;
        pthread_join(threads[i], &trouble);
        assert_null(trouble);
    }
    assert_int_equal(f->refreshes, 1);
    assert_int_equal(f->lists, THREADS);
}

static void a_dead_token_marks_every_shop_that_uses_it(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    consent_to(f, "xyz", &consent);
    fixture_exec(f, "UPDATE shop SET state = 'disabled' WHERE id = 9");
    strcpy(rules.access, "revoked");
    strcpy(rules.refresh, "revoked");
    become(f, 8, "B", "y");
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "token_dead");
    assert_non_null(strstr(err.message, "huiliu shop authorize A"));
    state_is(f, 7, "needs_person");
    state_is(f, 8, "needs_person");
    state_is(f, 9, "disabled");
    /* Nobody asks the platform again, and one consent of any of them heals all. */
    become(f, 7, "A", "x");
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_int_equal(f->refreshes, 1);
    consent_to(f, "xyz", &consent);
    state_is(f, 8, "enabled");
    become(f, 8, "B", "y");
    assert_good(fixture_call(f, &err), &err);
}

static void an_answer_lost_after_the_rotation_asks_for_a_person(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    consent_to(f, "xy", &consent);
    fixture_exec(f, "UPDATE token SET expires_ms = 1");
    rules.drop_refresh = true;
    become(f, 8, "B", "y");
    assert_int_equal(fixture_call(f, &err), ERR_RETRY);
    assert_string_equal(fixture_text(f, "SELECT state FROM token"), "refreshing");
    state_is(f, 8, "enabled");
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "token_dead");
    state_is(f, 7, "needs_person");
    state_is(f, 8, "needs_person");
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_int_equal(f->refreshes, 2);
}

static void a_shop_that_is_refused_does_not_trouble_the_others(void **state)
{
    struct fixture *f = *state;
    struct consent consent;
    struct err err;
    rules.life_s = 0; /* refreshed before every call */
    consent_to(f, "xy", &consent);
    become(f, 8, "B", "y");
    rules.forbidden = true;
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    state_is(f, 7, "enabled");
    state_is(f, 8, "needs_person");
    /* Its breaker is held, which says nothing about the token. */
    assert_int_equal(fixture_call(f, &err), ERR_FORBIDDEN);
    assert_string_equal(err.code, "needs_person");
    assert_int_equal(f->refreshes, 2);
    assert_string_equal(fixture_text(f, "SELECT state FROM token"), "fresh");
    rules.forbidden = false;
    become(f, 7, "A", "x");
    assert_good(fixture_call(f, &err), &err);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_code_is_exchanged_and_stored, setup_silent, teardown),
        TEST(a_consent_is_one_token_of_all_its_shops),
        TEST(a_disabled_shop_stays_so),
        TEST(the_pair_is_on_disk_before_it_is_used),
        TEST(the_shop_that_was_authorised_owns),
        TEST(who_is_left_without_a_token_waits_for_a_person),
        TEST(a_narrower_consent_of_the_owner_leaves_the_others),
        TEST(a_token_by_hand_takes_its_shop_out),
        TEST(a_shop_added_later_shares_and_is_never_a_chain),
        TEST(who_removes_a_token_hears_how_many_use_it),
        TEST(a_consent_for_another_account_changes_nothing),
        TEST(a_used_code_leaves_a_working_shop_alone),
        TEST(an_app_that_is_refused_is_told_and_marks_nobody),
        TEST(a_pair_whose_accounts_could_not_be_asked_is_not_lost),
        cmocka_unit_test_setup_teardown(passing_faults_are_sat_out, setup_clock, teardown),
        TEST(an_old_pair_is_not_taken_for_a_new_code),
        TEST(another_state_is_refused_before_the_code_is_used),
        TEST(a_bare_code_or_a_state_of_long_ago_is_not_compared),
        TEST(the_state_is_sealed),
        TEST(shops_that_share_make_one_flight),
        TEST(a_dead_token_marks_every_shop_that_uses_it),
        TEST(an_answer_lost_after_the_rotation_asks_for_a_person),
        TEST(a_shop_that_is_refused_does_not_trouble_the_others),
    };
    return cmocka_run_group_tests_name("consent", tests, NULL, NULL);
}

/* Who asks: passwords, sessions, bearers, tokens, rights, and what is throttled. */
#include "api/api_fixture.h"
#include "api/bearer.h"
#include "api/user.h"

#define PASSWORD "correct horse 1"

static int64_t user_put(struct api_fixture *f, const char *name, const char *role, bool all)
{
    static const int64_t alpha[] = {FIXTURE_ALPHA};
    struct err err;
    int64_t id = 0;
    const struct user user = {.name = str_of(name),
                              .role = str_of(role),
                              .all_shops = all,
                              .shops = alpha,
                              .shops_len = all ? 0 : 1};
    const struct audit audit = audit_of_console("user.add", user.name);
    api_good(user_add(f->store, &user, STR(PASSWORD), &audit, &id, &err), &err);
    return id;
}

static int auth_ready(void **state)
{
    if (api_ready(state))
        return -1;
    struct api_fixture *f = *state;
    f->as_request = true;
    user_put(f, "root", "admin", true);
    user_put(f, "anna", "viewer", false);
    return 0;
}

static struct answer sign_in(struct api_fixture *f, const char *name, const char *password)
{
    struct str body = arena_printf(&f->arena, "{\"name\":\"%s\",\"password\":\"%s\"}", name,
                                   password);
    return api_ask(f, "POST", "/api/v1/auth/sign-in", "", body.ptr);
}

/* Takes the cookie of an answer into the next requests. */
static struct str cookie_take(struct api_fixture *f, const struct answer *a)
{
    struct str cookie, rest;
    str_cut(answer_header(a, "Set-Cookie"), ';', &cookie, &rest);
    struct str text = arena_dup(&f->arena, cookie);
    api_header(f, "Cookie", text.ptr);
    return text;
}

static struct str token_of(struct api_fixture *f, const char *name)
{
    struct str body = arena_printf(&f->arena, "{\"name\":\"%s\",\"password\":\"" PASSWORD "\"}",
                                   name);
    struct answer a = api_ask(f, "POST", "/api/v1/auth/token", "", body.ptr);
    assert_int_equal(a.status, 200);
    return arena_dup(&f->arena, str_of(answer_text(&a, "token")));
}

static void bearer_use(struct api_fixture *f, struct str token)
{
    api_header(f, "Authorization", arena_printf(&f->arena, "Bearer %.*s", STR_ARG(token)).ptr);
}

static void nobody_sees_nothing(void **state)
{
    struct answer a = api_ask(*state, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "unauthenticated");
    assert_true(str_eq(answer_header(&a, "WWW-Authenticate"), STR("Bearer")));
}

static void a_session_is_made_used_and_ended(void **state)
{
    struct api_fixture *f = *state;
    struct answer a = sign_in(f, "anna", PASSWORD);
    assert_int_equal(a.status, 200);
    struct str set = answer_header(&a, "Set-Cookie");
    assert_true(str_find(set, STR("HttpOnly")) != SIZE_MAX);
    assert_true(str_find(set, STR("SameSite=Strict")) != SIZE_MAX);
    assert_true(str_find(set, STR("Secure")) == SIZE_MAX);
    cookie_take(f, &a);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    assert_string_equal(answer_text(&a, "name"), "anna");
    assert_string_equal(answer_text(&a, "role"), "viewer");
    assert_int_equal(json_len(answer_at(&a, "shops")), 1);
    assert_string_equal(answer_text(&a, "shops.0.name"), "alpha");
    a = api_ask(f, "POST", "/api/v1/auth/sign-out", "", NULL);
    answer_refuses(&a, 403, "csrf");
    api_header(f, "X-Huiliu", "1");
    a = api_ask(f, "POST", "/api/v1/auth/sign-out", "", NULL);
    assert_int_equal(a.status, 204);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "unauthenticated");
}

static void a_page_learns_at_once_who_asks(void **state)
{
    struct api_fixture *f = *state;
    struct answer a = api_ask(f, "GET", "/api/v1/auth/begin", "", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_text(&a, "users"), "true");
    assert_int_equal(json_kind_of(answer_at(&a, "me")), JSON_NULL);
    a = sign_in(f, "anna", PASSWORD);
    cookie_take(f, &a);
    a = api_ask(f, "GET", "/api/v1/auth/begin", "", NULL);
    assert_string_equal(answer_text(&a, "me.name"), "anna");
}

/* Whoever planted a cookie before has nothing of it afterwards. */
static void signing_in_makes_a_new_session(void **state)
{
    struct api_fixture *f = *state;
    struct answer a = sign_in(f, "anna", PASSWORD);
    struct str first = cookie_take(f, &a);
    a = sign_in(f, "anna", PASSWORD);
    assert_false(str_starts(answer_header(&a, "Set-Cookie"), first));
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "unauthenticated");
    api_header(f, "Cookie",
               "huiliu_session=0000000000000000000000000000000000000000000000000000000000000000");
    a = sign_in(f, "anna", PASSWORD);
    assert_true(str_find(answer_header(&a, "Set-Cookie"), STR("=00000000")) == SIZE_MAX);
}

static void one_ends_ones_other_sessions_and_nobody_elses(void **state)
{
    struct api_fixture *f = *state;
    struct answer a = sign_in(f, "anna", PASSWORD);
    struct str there = cookie_take(f, &a);
    api_header(f, "Cookie", "");
    a = sign_in(f, "root", PASSWORD);
    struct str roots = cookie_take(f, &a);
    struct answer of_root = api_ask(f, "GET", "/api/v1/auth/sessions", "", NULL);
    assert_string_equal(answer_text(&of_root, "items.0.this"), "true");
    assert_string_equal(answer_text(&of_root, "items.1"), "(absent)");
    api_header(f, "Cookie", "");
    a = sign_in(f, "anna", PASSWORD);
    cookie_take(f, &a);
    api_header(f, "X-Huiliu", "1");
    a = api_ask(f, "GET", "/api/v1/auth/sessions", "", NULL);
    size_t other = strcmp(answer_text(&a, "items.0.this"), "true") == 0 ? 1 : 0;
    assert_string_equal(answer_text(&a, other ? "items.1.this" : "items.0.this"), "false");
    struct str path = arena_printf(&f->arena, "/api/v1/auth/sessions/%s",
                                   answer_text(&a, other ? "items.1.id" : "items.0.id"));
    struct answer gone = api_ask(f, "DELETE", path.ptr, "", NULL);
    assert_int_equal(gone.status, 204);
    gone = api_ask(f, "DELETE", path.ptr, "", NULL);
    answer_refuses(&gone, 404, "absent");
    path = arena_printf(&f->arena, "/api/v1/auth/sessions/%s", answer_text(&of_root, "items.0.id"));
    gone = api_ask(f, "DELETE", path.ptr, "", NULL);
    answer_refuses(&gone, 404, "absent");
    api_header(f, "Cookie", there.ptr);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "unauthenticated");
    api_header(f, "Cookie", roots.ptr);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    assert_int_equal(a.status, 200);
}

static void a_session_ends_by_idleness(void **state)
{
    struct api_fixture *f = *state;
    struct answer a = sign_in(f, "anna", PASSWORD);
    cookie_take(f, &a);
    api_exec(f, "UPDATE api_session SET seen_ms = seen_ms - 43200001", NULL, 0);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "unauthenticated");
}

static void what_is_stored_does_not_let_anybody_in(void **state)
{
    struct api_fixture *f = *state;
    struct reader *row;
    struct answer a = sign_in(f, "anna", PASSWORD);
    assert_int_equal(store_read(f->store, "SELECT id FROM api_session", NULL, 0, &row, NULL),
                     ERR_OK);
    assert_true(reader_next(row));
    struct str stored = arena_dup(&f->arena, reader_text(row, 0));
    reader_close(row, NULL);
    assert_true(str_find(answer_header(&a, "Set-Cookie"), stored) == SIZE_MAX);
    api_header(f, "Cookie", arena_printf(&f->arena, "huiliu_session=%.*s", STR_ARG(stored)).ptr);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "unauthenticated");
}

static void wrong_names_and_passwords_look_alike_and_wait(void **state)
{
    struct api_fixture *f = *state;
    struct answer wrong = sign_in(f, "anna", "wrong password"),
                  unknown = sign_in(f, "zoe", "wrong password");
    answer_refuses(&wrong, 401, "sign_in");
    answer_refuses(&unknown, 401, "sign_in");
    assert_string_equal(answer_text(&wrong, "detail"), answer_text(&unknown, "detail"));
    struct answer a = wrong;
    for (int i = 0; i < 8 && a.status == 401; i++)
        a = sign_in(f, "anna", "wrong password");
    answer_refuses(&a, 429, "sign_in_wait");
    assert_true(answer_header(&a, "Retry-After").len > 0);
    a = sign_in(f, "anna", PASSWORD);
    answer_refuses(&a, 429, "sign_in_wait");
}

/* A proxy that is named says who asks. */
static void from_address(struct api_fixture *f, const char *address)
{
    snprintf(f->api->trusted_proxies, sizeof(f->api->trusted_proxies), "127.0.0.1");
    api_header(f, "X-Forwarded-For", address);
}

static void wrong_until_he_waits(struct api_fixture *f, const char *name)
{
    struct answer a = {.status = 401};
    for (int i = 0; i < 8 && a.status == 401; i++)
        a = sign_in(f, name, "wrong password");
    answer_refuses(&a, 429, "sign_in_wait");
}

/* However long it takes until the next request. */
static void waits_lengthen(struct api_fixture *f)
{
    for (size_t i = 0; i < THROTTLE_SLOTS; i++) {
        struct throttle_slot *slot = &f->api->throttle.slots[i];
        if (slot->wait_ms > slot->used_ms)
            slot->wait_ms += 3600 * 1000;
    }
}

static void who_mistypes_locks_out_nobody_else(void **state)
{
    struct api_fixture *f = *state;
    from_address(f, "192.0.2.1");
    wrong_until_he_waits(f, "anna");
    waits_lengthen(f);
    assert_int_equal(sign_in(f, "root", PASSWORD).status, 200);
    from_address(f, "192.0.2.2");
    assert_int_equal(sign_in(f, "anna", PASSWORD).status, 200);
    from_address(f, "192.0.2.1");
    struct answer a = sign_in(f, "anna", PASSWORD);
    answer_refuses(&a, 429, "sign_in_wait");
}

/* Whatever the names, and from whichever address of its network. */
static void an_address_that_guesses_waits(void **state)
{
    struct api_fixture *f = *state;
    struct answer a = {.status = 401};
    char name[16], address[40];
    int asked = 0;
    for (; asked < 40 && a.status == 401; asked++) {
        snprintf(name, sizeof(name), "zoe%d", asked);
        snprintf(address, sizeof(address), "2001:db8:1:2::%x", asked);
        from_address(f, address);
        a = sign_in(f, name, "wrong password");
    }
    answer_refuses(&a, 429, "sign_in_wait");
    assert_in_range(asked, 20, 39);
    waits_lengthen(f);
    from_address(f, "2001:db8:1:3::1");
    assert_int_equal(sign_in(f, "root", PASSWORD).status, 200);
}

/* A proxy that adds a line of its own leaves what the client wrote before it. */
static void an_address_that_a_client_writes_is_not_his(void **state)
{
    struct api_fixture *f = *state;
    struct answer a = {.status = 401};
    char name[16], address[40];
    size_t at = f->headers_len;
    from_address(f, "192.0.2.1");
    f->headers[f->headers_len++] = (struct http_pair){STR("X-Forwarded-For"), STR("198.51.100.7")};
    for (int asked = 0; asked < 40 && a.status == 401; asked++) {
        snprintf(name, sizeof(name), "zoe%d", asked);
        snprintf(address, sizeof(address), "192.0.2.%d", asked);
        from_address(f, address);
        a = sign_in(f, name, "wrong password");
    }
    answer_refuses(&a, 429, "sign_in_wait");
    waits_lengthen(f);
    f->headers[at + 1].value = STR("198.51.100.8");
    assert_int_equal(sign_in(f, "root", PASSWORD).status, 200);
}

/* But not where it was right before. */
static void a_name_that_is_guessed_from_everywhere_waits(void **state)
{
    struct api_fixture *f = *state;
    struct answer a = {.status = 401};
    char address[40];
    from_address(f, "198.51.100.1");
    assert_int_equal(sign_in(f, "anna", PASSWORD).status, 200);
    for (int i = 1; i < 40 && a.status == 401; i++) {
        snprintf(address, sizeof(address), "192.0.2.%d", i);
        from_address(f, address);
        a = sign_in(f, "anna", "wrong password");
    }
    answer_refuses(&a, 429, "sign_in_wait");
    waits_lengthen(f);
    from_address(f, "198.51.100.1");
    assert_int_equal(sign_in(f, "anna", PASSWORD).status, 200);
    from_address(f, "198.51.100.2");
    a = sign_in(f, "anna", PASSWORD);
    answer_refuses(&a, 429, "sign_in_wait");
}

static void a_proxy_that_nobody_named_is_told_of_once(void **state)
{
    struct api_fixture *f = *state;
    struct err err;
    int64_t events = 0;
    from_address(f, "192.0.2.1");
    api_ask(f, "GET", "/api/v1/health", "", NULL);
    f->api->trusted_proxies[0] = '\0';
    api_header(f, "X-Forwarded-For", NULL);
    api_ask(f, "GET", "/api/v1/health", "", NULL);
    api_good(store_read_int(f->store, "SELECT count(*) FROM event", NULL, 0, 0, &events, &err),
             &err);
    assert_int_equal(events, 0);
    api_header(f, "X-Forwarded-For", "192.0.2.1");
    api_ask(f, "GET", "/api/v1/health", "", NULL);
    api_ask(f, "GET", "/api/v1/health", "", NULL);
    api_good(store_read_int(f->store,
                            "SELECT count(*) FROM event WHERE kind = 'proxy_unnamed'"
                            " AND args = '{\"address\":\"127.0.0.1\"}'",
                            NULL, 0, 0, &events, &err),
             &err);
    assert_int_equal(events, 1);
}

static void a_bearer_holds_until_it_is_over_or_taken_back(void **state)
{
    struct api_fixture *f = *state;
    struct err err;
    struct user anna;
    bearer_use(f, token_of(f, "anna"));
    struct answer a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    assert_string_equal(answer_text(&a, "name"), "anna");
    a = api_ask(f, "POST", "/api/v1/auth/token", "", "{}");
    answer_refuses(&a, 403, "bearer_renew");
    a = api_ask(f, "PUT", "/api/v1/auth/password", "",
                "{\"old\":\"" PASSWORD "\",\"new\":\"another horse 2\"}");
    assert_int_equal(a.status, 204);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "bearer");
    api_good(user_find(f->store, STR("anna"), &f->arena, &anna, &err), &err);
    struct buf text;
    buf_init(&text, BEARER_BYTES_MAX);
    const struct bearer over = {anna.id, anna.generation, 1000, 1000 + BEARER_LASTS_MS};
    api_good(bearer_write(f->keyring, &over, &text, &err), &err);
    bearer_use(f, buf_str(&text));
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "bearer");
    buf_fini(&text);
}

/* As a page of the old systems has it, which knows no cookies: it needs no X-Huiliu, and signing out ends it. */
static void a_session_may_be_carried_as_a_bearer(void **state)
{
    struct api_fixture *f = *state;
    struct answer a = api_ask(f, "POST", "/api/v1/auth/token", "",
                              "{\"name\":\"anna\",\"password\":\"" PASSWORD "\",\"session\":true}");
    struct str token = arena_dup(&f->arena, str_of(answer_text(&a, "token")));
    assert_true(str_starts(token, STR("hls_")));
    assert_int_equal(answer_header(&a, "Set-Cookie").len, 0);
    bearer_use(f, token);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    assert_string_equal(answer_text(&a, "name"), "anna");
    api_exec(f, "UPDATE api_session SET seen_ms = seen_ms - 43000000", NULL, 0);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    assert_int_equal(a.status, 200);
    bearer_use(f, arena_printf(&f->arena, "%.*s%c", STR_ARG(str_sub(token, 0, token.len - 1)),
                               str_ends(token, STR("0")) ? '1' : '0'));
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "bearer");
    api_header(f, "Authorization", NULL);
    api_header(f, "Cookie", arena_printf(&f->arena, "huiliu_session=%.*s", STR_ARG(token)).ptr);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "unauthenticated");
    api_header(f, "Cookie", NULL);
    bearer_use(f, token);
    a = api_ask(f, "POST", "/api/v1/auth/sign-out", "", NULL);
    assert_int_equal(a.status, 204);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "bearer");
    a = api_ask(f, "POST", "/api/v1/auth/token", "",
                "{\"name\":\"anna\",\"password\":\"wrong\",\"session\":true}");
    assert_int_equal(a.status, 401);
}

static void forged_bearers_are_refused(void **state)
{
    struct api_fixture *f = *state;
    struct str good = token_of(f, "root");
    struct str head, rest, claims, signature;
    str_cut(good, '.', &head, &rest);
    str_cut(rest, '.', &claims, &signature);
    const char *forged[] = {
        /* {"alg":"none","typ":"JWT"} */
        arena_printf(&f->arena, "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.%.*s.", STR_ARG(claims)).ptr,
        arena_printf(&f->arena, "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.%.*s.%.*s", STR_ARG(claims),
                     STR_ARG(signature))
            .ptr,
        arena_printf(&f->arena, "%.*s.%.*s.", STR_ARG(head), STR_ARG(claims)).ptr,
        arena_printf(&f->arena, "%.*s.%.*sA.%.*s", STR_ARG(head), STR_ARG(claims),
                     STR_ARG(signature))
            .ptr,
        arena_printf(&f->arena, "%.*s.%.*s.%.*s=", STR_ARG(head), STR_ARG(claims),
                     STR_ARG(signature))
            .ptr,
        arena_printf(&f->arena, "%.*s.%.*s.%c%.*s", STR_ARG(head), STR_ARG(claims),
                     signature.ptr[0] == 'A' ? 'B' : 'A',
                     STR_ARG(str_sub(signature, 1, signature.len)))
            .ptr,
        "a.b.c",
        "..",
        "hlt_0000000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
        bearer_use(f, str_of(forged[i]));
        struct answer a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
        answer_refuses(&a, 401, "bearer");
    }
    bearer_use(f, good);
    struct answer a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    assert_int_equal(a.status, 200);
}

static void who_is_disabled_is_out_at_once(void **state)
{
    struct api_fixture *f = *state;
    struct str anna = token_of(f, "anna"), root = token_of(f, "root");
    bearer_use(f, anna);
    struct answer a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    assert_int_equal(a.status, 200);
    bearer_use(f, root);
    a = api_ask(f, "PATCH", "/api/v1/users/2", "", "{\"disabled\":true}");
    assert_int_equal(a.status, 200);
    bearer_use(f, anna);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "bearer");
    api_header(f, "Authorization", NULL);
    a = sign_in(f, "anna", PASSWORD);
    answer_refuses(&a, 401, "sign_in");
}

static void only_admins_see_users(void **state)
{
    struct api_fixture *f = *state;
    bearer_use(f, token_of(f, "anna"));
    struct answer a = api_ask(f, "GET", "/api/v1/users", "", NULL);
    answer_refuses(&a, 403, "right");
    a = api_ask(f, "POST", "/api/v1/users", "", "{\"name\":\"x\",\"role\":\"admin\"}");
    answer_refuses(&a, 403, "right");
}

static void the_last_admin_stays(void **state)
{
    struct api_fixture *f = *state;
    bearer_use(f, token_of(f, "root"));
    struct answer a = api_ask(f, "PATCH", "/api/v1/users/1", "", "{\"role\":\"viewer\"}");
    answer_refuses(&a, 409, "last_admin");
    a = api_ask(f, "PATCH", "/api/v1/users/1", "", "{\"disabled\":true}");
    answer_refuses(&a, 409, "last_admin");
    a = api_ask(f, "DELETE", "/api/v1/users/1", "", NULL);
    answer_refuses(&a, 409, "last_admin");
    a = api_ask(f, "POST", "/api/v1/users", "",
                "{\"name\":\"second\",\"role\":\"admin\",\"password\":\"" PASSWORD "\"}");
    assert_int_equal(a.status, 201);
    a = api_ask(f, "DELETE", "/api/v1/users/1", "", NULL);
    assert_int_equal(a.status, 204);
    a = api_ask(f, "GET", "/api/v1/users", "", NULL);
    answer_refuses(&a, 401, "bearer");
}

static struct answer user_three_change(struct api_fixture *f, struct str if_match, const char *body)
{
    size_t kept = f->headers_len;
    if (if_match.len)
        api_header(f, "If-Match", arena_printf(&f->arena, "%.*s", STR_ARG(if_match)).ptr);
    struct answer a = api_ask(f, "PATCH", "/api/v1/users/3", "", body);
    f->headers_len = kept;
    return a;
}

/* Of two people who read the same, the second is told. */
static void who_read_something_old_changes_nothing(void **state)
{
    struct api_fixture *f = *state;
    bearer_use(f, token_of(f, "root"));
    struct answer a = api_ask(f, "POST", "/api/v1/users", "",
                              "{\"name\":\"max\",\"role\":\"viewer\"}");
    assert_int_equal(a.status, 201);
    a = api_ask(f, "GET", "/api/v1/users/3", "", NULL);
    struct str tag = arena_dup(&f->arena, answer_header(&a, "ETag"));
    a = user_three_change(f, tag, "{\"role\":\"operator\"}");
    assert_int_equal(a.status, 200);
    a = user_three_change(f, tag, "{\"reveals\":true}");
    answer_refuses(&a, 412, "precondition");
    a = api_ask(f, "GET", "/api/v1/users/3", "", NULL);
    assert_string_equal(answer_text(&a, "role"), "operator");
    assert_string_equal(answer_text(&a, "reveals"), "false");
    a = user_three_change(f, STR("*"), "{\"reveals\":true}");
    assert_int_equal(a.status, 200);
}

/* What he may and his password are one change: where the one is refused the other is not made. */
static void a_password_changes_with_the_rest_or_not_at_all(void **state)
{
    struct api_fixture *f = *state;
    bearer_use(f, token_of(f, "root"));
    struct answer a = api_ask(f, "POST", "/api/v1/users", "",
                              "{\"name\":\"maximilian\",\"role\":\"viewer\"}");
    assert_int_equal(a.status, 201);
    a = user_three_change(f, STR_NONE, "{\"reveals\":true,\"password\":\"maximilian\"}");
    answer_refuses(&a, 400, "password_name");
    a = user_three_change(f, STR_NONE,
                          "{\"role\":\"admin\",\"shops\":[],\"password\":\"" PASSWORD "\"}");
    answer_refuses(&a, 400, "admin_scope");
    a = api_ask(f, "GET", "/api/v1/users/3", "", NULL);
    assert_string_equal(answer_text(&a, "reveals"), "false");
    assert_string_equal(answer_text(&a, "has_password"), "false");
    a = user_three_change(f, STR_NONE, "{\"reveals\":true,\"password\":\"" PASSWORD "\"}");
    assert_string_equal(answer_text(&a, "reveals"), "true");
    assert_string_equal(answer_text(&a, "has_password"), "true");
    a = api_ask(f, "GET", "/api/v1/audit", "subject=maximilian&sort=id", NULL);
    assert_string_equal(answer_text(&a, "items.0.action"), "user.add");
    assert_string_equal(answer_text(&a, "items.1.action"), "user.password");
    assert_string_equal(answer_text(&a, "items.2.action"), "user.change");
    assert_string_equal(answer_text(&a, "items.3.action"), "(absent)");
}

static void users_are_added_changed_and_audited(void **state)
{
    struct api_fixture *f = *state;
    bearer_use(f, token_of(f, "root"));
    struct answer a = api_ask(
        f, "POST", "/api/v1/users", "",
        "{\"name\":\"max\",\"role\":\"operator\",\"password\":\"short\",\"shops\":[\"beta\"]}");
    answer_refuses(&a, 400, "password_short");
    a = api_ask(f, "POST", "/api/v1/users", "",
                "{\"name\":\"max\",\"role\":\"operator\",\"password\":\"" PASSWORD
                "\",\"shops\":[\"beta\",\"1\"]}");
    assert_int_equal(a.status, 201);
    assert_string_equal(answer_text(&a, "shops.0"), "1");
    assert_string_equal(answer_text(&a, "shops.1"), "2");
    a = api_ask(f, "POST", "/api/v1/users", "", "{\"name\":\"max\",\"role\":\"viewer\"}");
    answer_refuses(&a, 409, "user_exists");
    a = api_ask(f, "POST", "/api/v1/users", "",
                "{\"name\":\"m2\",\"role\":\"viewer\",\"shops\":[\"gamma\"]}");
    answer_refuses(&a, 404, "absent");
    a = api_ask(f, "POST", "/api/v1/users", "", "{\"name\":\"m2\",\"role\":\"boss\"}");
    answer_refuses(&a, 400, "parameter_word");
    a = api_ask(f, "PATCH", "/api/v1/users/3", "", "{\"role\":\"admin\"}");
    answer_refuses(&a, 400, "admin_scope");
    a = api_ask(f, "PATCH", "/api/v1/users/3", "", "{\"shops\":[],\"reveals\":true}");
    assert_int_equal(a.status, 200);
    assert_int_equal(json_len(answer_at(&a, "shops")), 0);
    a = api_ask(f, "GET", "/api/v1/audit", "action=user.change", NULL);
    assert_int_equal(a.status, 200);
    assert_int_equal(json_len(answer_at(&a, "items")), 1);
    assert_string_equal(answer_text(&a, "items.0.user"), "root");
    assert_string_equal(answer_text(&a, "items.0.subject"), "max");
    assert_string_equal(answer_text(&a, "items.0.before.reveals"), "false");
    assert_string_equal(answer_text(&a, "items.0.after.reveals"), "true");
    assert_true(str_find(a.body, STR("argon2")) == SIZE_MAX);
    a = api_ask(f, "GET", "/api/v1/audit", "limit=1", NULL);
    assert_int_equal(json_len(answer_at(&a, "items")), 1);
    struct str query = arena_printf(&f->arena, "limit=100&cursor=%s", answer_text(&a, "next"));
    a = api_ask(f, "GET", "/api/v1/audit", query.ptr, NULL);
    assert_int_equal(json_len(answer_at(&a, "items")), 3);
    assert_string_equal(answer_text(&a, "next"), "(null)");
}

static void a_programs_token_acts_as_its_user_until_taken_back(void **state)
{
    struct api_fixture *f = *state;
    struct str root = token_of(f, "root");
    bearer_use(f, root);
    struct answer a = api_ask(f, "POST", "/api/v1/tokens", "",
                              "{\"name\":\"nightly\",\"user_id\":2,\"days\":30}");
    assert_int_equal(a.status, 201);
    struct str token = arena_dup(&f->arena, str_of(answer_text(&a, "token")));
    a = api_ask(f, "GET", "/api/v1/tokens", "", NULL);
    assert_true(str_find(a.body, token) == SIZE_MAX);
    bearer_use(f, token);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    assert_string_equal(answer_text(&a, "name"), "anna");
    a = api_ask(f, "POST", "/api/v1/auth/token", "", "{}");
    assert_int_equal(a.status, 200);
    bearer_use(f, root);
    a = api_ask(f, "DELETE", "/api/v1/tokens/1", "", NULL);
    assert_int_equal(a.status, 204);
    bearer_use(f, token);
    a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 401, "bearer");
}

static void a_post_with_a_key_is_done_once(void **state)
{
    struct api_fixture *f = *state;
    bearer_use(f, token_of(f, "root"));
    api_header(f, "Idempotency-Key", "k-1");
    struct answer one = api_ask(f, "POST", "/api/v1/tokens", "", "{\"name\":\"n\",\"user_id\":2}");
    struct answer two = api_ask(f, "POST", "/api/v1/tokens", "", "{\"name\":\"n\",\"user_id\":2}");
    assert_int_equal(one.status, 201);
    assert_int_equal(two.status, 201);
    assert_true(str_eq(one.body, two.body));
    assert_true(str_eq(answer_header(&two, "Idempotency-Replayed"), STR("true")));
    struct answer other = api_ask(f, "POST", "/api/v1/tokens", "",
                                  "{\"name\":\"m\",\"user_id\":2}");
    answer_refuses(&other, 422, "repeat_other");
    api_header(f, "Idempotency-Key", "k-2");
    other = api_ask(f, "POST", "/api/v1/tokens", "", "{\"name\":\"m\",\"user_id\":99}");
    answer_refuses(&other, 404, "user_unknown");
    user_put(f, "late", "viewer", true);
    api_header(f, "Idempotency-Key", "k-3");
    api_exec(
        f,
        "INSERT INTO api_request (user_id, request_key, digest, at_ms) SELECT 1, 'k-3', digest,"
        " at_ms FROM api_request WHERE request_key = 'k-1'",
        NULL, 0);
    other = api_ask(f, "POST", "/api/v1/tokens", "", "{\"name\":\"n\",\"user_id\":2}");
    answer_refuses(&other, 409, "repeat_running");
    struct reader *row;
    store_read(f->store, "SELECT body FROM api_request WHERE request_key = 'k-1'", NULL, 0, &row,
               NULL);
    assert_true(reader_next(row));
    assert_true(str_find(reader_text(row, 0), str_of(answer_text(&one, "token"))) == SIZE_MAX);
    reader_close(row, NULL);
    api_header(f, "Idempotency-Key", NULL);
    struct answer list = api_ask(f, "GET", "/api/v1/tokens", "", NULL);
    assert_int_equal(json_len(answer_at(&list, "items")), 1);
}

static void what_has_not_changed_is_not_sent_again(void **state)
{
    struct api_fixture *f = *state;
    bearer_use(f, token_of(f, "root"));
    struct answer a = api_ask(f, "GET", "/api/v1/users", "", NULL);
    struct str tag = answer_header(&a, "ETag");
    assert_int_equal(tag.len, 34);
    api_header(f, "If-None-Match", arena_printf(&f->arena, "\"x\", W/%.*s", STR_ARG(tag)).ptr);
    a = api_ask(f, "GET", "/api/v1/users", "", NULL);
    assert_int_equal(a.status, 304);
    assert_int_equal(a.body.len, 0);
    user_put(f, "new", "viewer", true);
    a = api_ask(f, "GET", "/api/v1/users", "", NULL);
    assert_int_equal(a.status, 200);
}

static void long_answers_are_packed_for_who_takes_that(void **state)
{
    struct api_fixture *f = *state;
    struct buf plain;
    bearer_use(f, token_of(f, "root"));
    for (int i = 0; i < 8; i++)
        user_put(f, arena_printf(&f->arena, "user-%d", i).ptr, "viewer", true);
    struct answer a = api_ask(f, "GET", "/api/v1/users", "", NULL);
    assert_int_equal(answer_header(&a, "Content-Encoding").len, 0);
    api_header(f, "Accept-Encoding", "br, gzip;q=0.5");
    struct answer packed = api_ask(f, "GET", "/api/v1/users", "", NULL);
    assert_true(str_eq(answer_header(&packed, "Content-Encoding"), STR("gzip")));
    assert_true(packed.body.len < a.body.len);
    buf_init(&plain, 100000);
    assert_int_equal(gzip_read(&plain, packed.body, NULL), ERR_OK);
    assert_true(str_eq(buf_str(&plain), a.body));
    buf_fini(&plain);
    api_header(f, "Accept-Encoding", "gzip;q=0");
    a = api_ask(f, "GET", "/api/v1/users", "", NULL);
    assert_int_equal(answer_header(&a, "Content-Encoding").len, 0);
}

static void who_asks_too_often_waits(void **state)
{
    struct api_fixture *f = *state;
    f->api->rate = 5;
    struct answer a = {.status = 200};
    int asked = 0;
    struct str root = token_of(f, "root");
    bearer_use(f, root);
    for (; asked < 100 && a.status != 429; asked++)
        a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 429, "rate");
    assert_in_range(asked, 20, 30);
    bearer_use(f, STR("a.b.c"));
    for (asked = 0; asked < 100 && a.status != 401; asked++)
        a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    assert_int_equal(a.status, 401);
    for (asked = 0; asked < 100 && a.status != 429; asked++)
        a = api_ask(f, "GET", "/api/v1/auth/me", "", NULL);
    answer_refuses(&a, 429, "rate");
}

static void other_sites_are_named_or_closed_out(void **state)
{
    struct api_fixture *f = *state;
    api_header(f, "Origin", "https://evil.example");
    struct answer a = api_ask(f, "OPTIONS", "/api/v1/users", "", NULL);
    answer_refuses(&a, 405, "method_not_allowed");
    a = api_ask(f, "GET", "/api/v1/health", "", NULL);
    assert_int_equal(answer_header(&a, "Access-Control-Allow-Origin").len, 0);
    strcpy(f->api->cors_origins, "https://a.example, https://b.example");
    a = api_ask(f, "GET", "/api/v1/health", "", NULL);
    assert_int_equal(answer_header(&a, "Access-Control-Allow-Origin").len, 0);
    api_header(f, "Origin", "https://b.example");
    a = api_ask(f, "OPTIONS", "/api/v1/users", "", NULL);
    assert_int_equal(a.status, 204);
    assert_true(str_eq(answer_header(&a, "Access-Control-Allow-Origin"), STR("https://b.example")));
}

#define AUTH_TEST(f) cmocka_unit_test_setup_teardown(f, auth_ready, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AUTH_TEST(nobody_sees_nothing),
        AUTH_TEST(a_page_learns_at_once_who_asks),
        AUTH_TEST(a_session_is_made_used_and_ended),
        AUTH_TEST(signing_in_makes_a_new_session),
        AUTH_TEST(one_ends_ones_other_sessions_and_nobody_elses),
        AUTH_TEST(a_session_ends_by_idleness),
        AUTH_TEST(what_is_stored_does_not_let_anybody_in),
        AUTH_TEST(wrong_names_and_passwords_look_alike_and_wait),
        AUTH_TEST(who_mistypes_locks_out_nobody_else),
        AUTH_TEST(an_address_that_guesses_waits),
        AUTH_TEST(an_address_that_a_client_writes_is_not_his),
        AUTH_TEST(a_name_that_is_guessed_from_everywhere_waits),
        AUTH_TEST(a_proxy_that_nobody_named_is_told_of_once),
        AUTH_TEST(a_bearer_holds_until_it_is_over_or_taken_back),
        AUTH_TEST(a_session_may_be_carried_as_a_bearer),
        AUTH_TEST(forged_bearers_are_refused),
        AUTH_TEST(who_is_disabled_is_out_at_once),
        AUTH_TEST(only_admins_see_users),
        AUTH_TEST(the_last_admin_stays),
        AUTH_TEST(who_read_something_old_changes_nothing),
        AUTH_TEST(a_password_changes_with_the_rest_or_not_at_all),
        AUTH_TEST(users_are_added_changed_and_audited),
        AUTH_TEST(a_programs_token_acts_as_its_user_until_taken_back),
        AUTH_TEST(a_post_with_a_key_is_done_once),
        AUTH_TEST(what_has_not_changed_is_not_sent_again),
        AUTH_TEST(long_answers_are_packed_for_who_takes_that),
        AUTH_TEST(who_asks_too_often_waits),
        AUTH_TEST(other_sites_are_named_or_closed_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

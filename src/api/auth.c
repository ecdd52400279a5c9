/* Signing in and out, bearers, one's own password. */
#include <string.h>

#include "api/bearer.h"
#include "api/out.h"
#include "api/sql.h"
#include "api/tables.h"
#include "api/throttle.h"
#include "api/who.h"

/* Who mistypes his own password waits alone: others of his office ask from the same address. An address that tries many
 * names waits too, later; and so does a name that is tried from many addresses, but never long, and not from where it was
 * right before: somebody else's wrong passwords must not lock anybody out. */
static const struct wrong_rule wrong_of_both = {
    "name_from", .free = 4, .wait_max_ms = 15 * 60 * 1000, .forget_ms = 15 * 60 * 1000};
static const struct wrong_rule wrong_of_address = {
    "from_wrong", .free = 20, .wait_max_ms = 15 * 60 * 1000, .forget_ms = 5 * 60 * 1000};
static const struct wrong_rule wrong_of_name = {"name", .free = 20, .wait_max_ms = 60 * 1000,
                                                .forget_ms = 60 * 1000};
static const char right_before[] = "name_from_right";

static void person_write(struct out *out, const struct call *call, const struct person *person)
{
    static const char *const roles[] = {
        [RIGHT_READ] = "viewer", [RIGHT_OPERATE] = "operator", [RIGHT_ADMIN] = "admin"};
    out_id(out, "id", person->user_id);
    out_text(out, "name", person->name);
    out_text(out, "role", str_of(roles[person->right]));
    out_bool(out, "reveals", person->reveals);
    out_bool(out, "all_shops", person->all_shops);
    out_list(out, "shops");
    for (size_t i = 0; i < call->host->shops_len; i++) {
        const struct api_shop *shop = &call->host->shops[i];
        bool sees = person->all_shops;
        for (size_t k = 0; !sees && k < person->shops_len; k++)
            sees = person->shops[k] == shop->id;
        if (!sees)
            continue;
        out_object(out, NULL);
        out_id(out, "id", shop->id);
        out_text(out, "name", shop->name);
        out_text(out, "platform", shop->platform);
        out_text(out, "zone", zone_name(shop->zone));
        out_text(out, "state", shop->state);
        out_end_object(out);
    }
    out_end_list(out);
}

/* --- name and password --- */

static struct str both_of(const struct call *call, struct str name)
{
    return arena_printf(call->arena, "%.*s\n%.*s", STR_ARG(call->address), STR_ARG(name));
}

static enum err_class wait_check(struct call *call, struct str name, struct err *err)
{
    struct throttle *throttle = &call->api->throttle;
    struct str both = both_of(call, name);
    int64_t until = wrong_wait(throttle, &wrong_of_both, both, call->now_ms);
    int64_t of_address = wrong_wait(throttle, &wrong_of_address, call->address, call->now_ms);
    int64_t of_name = throttle_marked(throttle, right_before, both)
                          ? 0
                          : wrong_wait(throttle, &wrong_of_name, name, call->now_ms);
    if (of_address > until)
        until = of_address;
    if (of_name > until)
        until = of_name;
    if (until == 0)
        return ERR_OK;
    err_set(err, ERR_THROTTLED, "sign_in_wait", "too many wrong passwords; wait %lld s",
            (long long)((until - call->now_ms + 999) / 1000));
    if (err)
        err->retry_at_ms = until;
    return ERR_THROTTLED;
}

static void wrong_note(struct call *call, struct str name)
{
    struct throttle *throttle = &call->api->throttle;
    wrong_add(throttle, &wrong_of_both, both_of(call, name), call->now_ms);
    wrong_add(throttle, &wrong_of_address, call->address, call->now_ms);
    wrong_add(throttle, &wrong_of_name, name, call->now_ms);
}

/* What was wrong from the address, or with the name elsewhere, is not forgotten: who has a name of his own would guess
 * others' between. */
static void right_note(struct call *call, struct str name)
{
    struct throttle *throttle = &call->api->throttle;
    wrong_forget(throttle, &wrong_of_both, both_of(call, name));
    throttle_mark(throttle, right_before, both_of(call, name), call->now_ms);
}

/* That the name is unknown, disabled or without a password looks, and takes as long, as a wrong password. */
static enum err_class password_ask(struct call *call, struct user *user, struct err *err)
{
    struct str name = call_text(call, "name"), password = call_text(call, "password");
    bool good = false;
    enum err_class class_ = wait_check(call, name, err);
    if (class_ == ERR_OK)
        class_ = user_find(call->host->store, name, call->arena, user, err);
    if (class_ == ERR_NOT_FOUND) {
        *user = (struct user){.disabled = true};
        class_ = ERR_OK;
    }
    if (class_ == ERR_OK)
        class_ = password_check(user->disabled ? STR_NONE : user->password, password, &good, err);
    if (class_ != ERR_OK)
        return class_;
    if (good) {
        right_note(call, name);
        return ERR_OK;
    }
    wrong_note(call, name);
    log_event(LOG_WARN, "sign_in_refused", LOG_STR("peer", call->peer),
              LOG_STR("request_id", call->request_id), LOG_END);
    return err_set(err, ERR_FORBIDDEN, "sign_in", "the name or the password is wrong");
}

/* --- sessions --- */

struct session_work {
    const struct call *call;
    const struct user *user;
    const char *digest;
    const char *before; /* digest of the cookie that came with it, or empty */
};

static enum err_class session_work(struct tx *tx, void *context, struct err *err)
{
    const struct session_work *work = context;
    int64_t now_ms = work->call->now_ms;
    const struct sql_value session[] = {sql_text(str_of(work->digest)), sql_int(work->user->id),
                                        sql_int(now_ms), sql_text(work->call->peer)};
    const struct sql_value before[] = {sql_text(str_of(work->before))};
    const struct sql_value over[] = {sql_int(now_ms - SESSION_IDLE_MS),
                                     sql_int(now_ms - SESSION_LASTS_MS)};
    const struct sql_value seen[] = {sql_int(work->user->id), sql_int(now_ms)};
    enum err_class class_ = tx_exec(tx, SQL_SESSION_REMOVE, before, 1, NULL, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_SESSIONS_PRUNE, over, 2, NULL, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_SESSION_ADD, session, 4, NULL, err);
    return class_ == ERR_OK ? tx_exec(tx, SQL_USER_SIGNED_IN, seen, 2, NULL, err) : class_;
}

static void cookie_write(struct call *call, const char *token, int64_t lasts_s)
{
    call_header(call, "Set-Cookie",
                arena_printf(call->arena,
                             SESSION_COOKIE
                             "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
                             token, (long long)lasts_s, call->api->behind_tls ? "; Secure" : ""));
}

/* A new one, whose secret is in *token; that of the cookie that came with the request ends: who planted it gets nothing. */
static enum err_class session_begin(struct call *call, const struct user *user,
                                    char token[TOKEN_TEXT_BYTES], struct err *err)
{
    char digest[TOKEN_TEXT_BYTES], before[TOKEN_TEXT_BYTES] = "";
    struct str cookie = session_cookie(call->request);
    struct session_work work = {call, user, digest, before};
    enum err_class class_ = token_make(token, err);
    if (class_ == ERR_OK)
        class_ = token_digest(str_of(token), digest, err);
    if (class_ == ERR_OK && cookie.len > 0)
        class_ = token_digest(cookie, before, err);
    if (class_ == ERR_OK)
        class_ = store_write(call->host->store, session_work, &work, err);
    if (class_ == ERR_OK)
        who_forget(call->api);
    return class_;
}

static enum err_class sign_in(struct call *call, struct err *err)
{
    char token[TOKEN_TEXT_BYTES];
    struct user user;
    enum err_class class_ = password_ask(call, &user, err);
    if (class_ == ERR_OK)
        class_ = session_begin(call, &user, token, err);
    if (class_ != ERR_OK)
        return class_;
    const struct person *person = person_of(&user, call->arena);
    if (!person)
        return err_no_memory(err);
    struct out out;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    person_write(&out, call, person);
    out_end_object(&out);
    cookie_write(call, token, SESSION_LASTS_MS / 1000);
    return ERR_OK;
}

static enum err_class sign_out_work(struct tx *tx, void *context, struct err *err)
{
    const struct sql_value key[] = {sql_text(*(const struct str *)context)};
    return tx_exec(tx, SQL_SESSION_REMOVE, key, 1, NULL, err);
}

static enum err_class sign_out(struct call *call, struct err *err)
{
    struct str digest = call->person->session_digest;
    enum err_class class_ = digest.len > 0
                                ? store_write(call->host->store, sign_out_work, &digest, err)
                                : ERR_OK;
    if (class_ != ERR_OK)
        return class_;
    who_forget(call->api);
    cookie_write(call, "", 0);
    call->reply->status = 204;
    return ERR_OK;
}

/* A page that asks for a name and a password where nobody has either would be a dead end. */
static enum err_class begin(struct call *call, struct err *err)
{
    int64_t users = 0;
    struct out out;
    enum err_class class_ = store_read_int(call->host->store, SQL_USERS_COUNT, NULL, 0, 0, &users,
                                           err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_bool(&out, "users", users > 0);
    if (call->person) {
        out_object(&out, "me");
        person_write(&out, call, call->person);
        out_end_object(&out);
    } else {
        out_null(&out, "me");
    }
    out_end_object(&out);
    return ERR_OK;
}

static enum err_class me(struct call *call, struct err *err)
{
    struct out out;
    (void)err;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    person_write(&out, call, call->person);
    out_end_object(&out);
    return ERR_OK;
}

/* --- bearers --- */

static void bearer_answer(struct call *call, struct str token, int64_t expires_ms)
{
    struct out out;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "token", token);
    out_text(&out, "type", STR("Bearer"));
    out_time(&out, "expires_at", expires_ms / 1000 * 1000);
    out_end_object(&out);
}

/* The secret of a session in the place of a bearer, for a page of the old systems, which knows neither cookies nor how to
 * renew a bearer: signing out ends it. */
static enum err_class session_bearer(struct call *call, const struct user *user, struct err *err)
{
    char token[TOKEN_TEXT_BYTES];
    enum err_class class_ = session_begin(call, user, token, err);
    if (class_ == ERR_OK)
        bearer_answer(call, arena_printf(call->arena, SESSION_BEARER "%s", token),
                      call->now_ms + SESSION_IDLE_MS);
    return class_;
}

/* From a session or a token, or from a name and a password; not from a bearer, or one that was stolen would last. */
static enum err_class bearer_make(struct call *call, struct err *err)
{
    struct bearer bearer = {.issued_ms = call->now_ms,
                            .expires_ms = call->now_ms + BEARER_LASTS_MS};
    struct buf text;
    struct user user;
    enum err_class class_ = ERR_OK;
    if (call_given(call, "name") || call_given(call, "password")) {
        class_ = password_ask(call, &user, err);
        if (class_ != ERR_OK || call_int(call, "session"))
            return class_ != ERR_OK ? class_ : session_bearer(call, &user, err);
        bearer.user_id = user.id;
        bearer.generation = user.generation;
    } else if (call->person && str_eq(call->person->session, STR("bearer"))) {
        return err_set(err, ERR_FORBIDDEN, "bearer_renew",
                       "a bearer does not make another one: sign in, or use a token");
    } else if (call->person && !call_int(call, "session")) {
        bearer.user_id = call->person->user_id;
        bearer.generation = call->person->generation;
    } else {
        return err_set(err, ERR_FORBIDDEN, "unauthenticated", "send name and password, or sign in");
    }
    buf_init(&text, BEARER_BYTES_MAX);
    class_ = bearer_write(call->host->keyring, &bearer, &text, err);
    if (class_ == ERR_OK)
        bearer_answer(call, buf_str(&text), bearer.expires_ms);
    buf_fini(&text);
    return class_;
}

/* --- one's own password --- */

static enum err_class password_put(struct call *call, struct err *err)
{
    struct user user;
    bool good = false;
    enum err_class class_ = wait_check(call, call->person->name, err);
    if (class_ == ERR_OK)
        class_ = user_read(call->host->store, call->person->user_id, call->arena, &user, err);
    if (class_ == ERR_OK)
        class_ = password_check(user.password, call_text(call, "old"), &good, err);
    if (class_ != ERR_OK)
        return class_;
    if (!good) {
        wrong_note(call, user.name);
        call->parameter = "old";
        return err_set(err, ERR_CONFIG, "password_old", "the old password is wrong");
    }
    const struct audit audit = audit_of(call, "user.password", user.name);
    class_ = user_password_set(call->host->store, &user, call_text(call, "new"), &audit, err);
    if (class_ != ERR_OK)
        return class_;
    who_forget(call->api);
    cookie_write(call, "", 0);
    call->reply->status = 204;
    return ERR_OK;
}

static const struct param sign_in_params[] = {
    {"name", PARAM_BODY, PARAM_TEXT, .required = true, .min = 1, .max = 200,
     .help = "Name of the user"},
    {"password", PARAM_BODY, PARAM_TEXT, .required = true, .max = 1000, .help = "His password"},
    {0},
};
static const struct param token_params[] = {
    {"name", PARAM_BODY, PARAM_TEXT, .min = 1, .max = 200,
     .help = "Name of the user, where nobody is signed in"},
    {"password", PARAM_BODY, PARAM_TEXT, .max = 1000, .help = "His password"},
    {"session", PARAM_BODY, PARAM_BOOL,
     .help =
         "With name and password: a session's token instead, good for 12 hours after its last use"},
    {0},
};
static const struct param password_params[] = {
    {"old", PARAM_BODY, PARAM_TEXT, .required = true, .max = 1000, .help = "The password of now"},
    {"new", PARAM_BODY, PARAM_TEXT, .required = true, .max = 1000,
     .help = "The one from now on; every session ends"},
    {0},
};
const struct route auth_routes[] = {
    {ROUTE_POST, "/api/v1/auth/sign-in", "signIn", RIGHT_NOBODY, sign_in_params, sign_in,
     .summary = "Sign in: sets the cookie of a session", .answer = "Me"},
    {ROUTE_POST, "/api/v1/auth/sign-out", "signOut", RIGHT_READ, NULL, sign_out,
     .summary = "End the session"},
    {ROUTE_GET, "/api/v1/auth/begin", "begin", RIGHT_NOBODY, NULL, begin,
     .summary = "Whether there are users at all, and who asks", .answer = "Begin"},
    {ROUTE_GET, "/api/v1/auth/me", "me", RIGHT_READ, NULL, me, .summary = "Who asks",
     .answer = "Me"},
    {ROUTE_POST, "/api/v1/auth/token", "bearer", RIGHT_NOBODY, token_params, bearer_make,
     .summary = "A bearer of 15 minutes, from a session or from name and password",
     .answer = "Bearer"},
    {ROUTE_PUT, "/api/v1/auth/password", "ownPassword", RIGHT_READ, password_params, password_put,
     .summary = "Change one's own password"},
    {0},
};

/* Authorising shops in a browser: the consent page's address, and what comes back from there.
 *
 * A state is random, lives ten minutes, is used once, and is known here by its hash only. It is bound to who asked
 * twice over: his session must still be good when the answer comes, and the browser that brings it must show a cookie
 * that was set with the question (SameSite=Lax, because the answer comes from another site, which sees no
 * SameSite=Strict session). So nobody can make somebody else's browser finish his own consent. */
#include <stdio.h>
#include <string.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/tables.h"
#include "api/who.h"

enum { STATE_BYTES = 24, STATE_LIFE_MS = 10 * 60 * 1000, DAY_MS = 24 * 3600 * 1000 };
#define CONSENT_COOKIE "huiliu_consent"
#define CALLBACK_PATH "/api/v1/oauth/callback"

static enum err_class random_text(struct arena *arena, struct str *out, struct err *err)
{
    unsigned char bytes[STATE_BYTES];
    struct buf text;
    enum err_class class_ = crypt_random(bytes, sizeof(bytes), err);
    if (class_ != ERR_OK)
        return class_;
    buf_init(&text, 4 * STATE_BYTES);
    hex_write(&text, (struct str){(const char *)bytes, sizeof(bytes)}, false);
    *out = arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return out->ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class hash_text(struct str plain, struct arena *arena, struct str *out,
                                struct err *err)
{
    struct buf digest, text;
    buf_init(&digest, DIGEST_BYTES_MAX);
    buf_init(&text, 2 * DIGEST_BYTES_MAX);
    enum err_class class_ = digest_write(&digest, DIGEST_SHA256, plain, err);
    if (class_ == ERR_OK) {
        hex_write(&text, buf_str(&digest), false);
        *out = arena_dup(arena, buf_str(&text));
        class_ = out->ptr ? ERR_OK : err_no_memory(err);
    }
    buf_fini(&digest);
    buf_fini(&text);
    return class_;
}

/* --- the question --- */

static const struct param ask_params[] = {
    {"platform", PARAM_BODY, PARAM_TEXT, .max = 64,
     .help = "Which platform, where no shop is named"},
    {"app", PARAM_BODY, PARAM_TEXT, .max = 191,
     .help = "With these credentials; without: the only ones"},
    {"shop", PARAM_BODY, PARAM_TEXT,
     .help = "A shop that is there; without: all that the consent covers"},
    {0}};

struct asking {
    struct sql_value values[8];
    int64_t now_ms;
};

static enum err_class ask_work(struct tx *tx, void *context, struct err *err)
{
    const struct asking *asking = context;
    const struct sql_value before = sql_int(asking->now_ms - DAY_MS);
    enum err_class class_ = tx_exec(tx, SQL_STATES_PRUNE, &before, 1, NULL, err);
    return class_ == ERR_OK ? tx_exec(tx, SQL_STATE_ADD, asking->values, 8, NULL, err) : class_;
}

static enum err_class shop_of_call(struct call *call, int64_t *shop_id, struct str *platform,
                                   struct err *err)
{
    struct shop_scope scope;
    *shop_id = 0;
    *platform = call_given(call, "platform") ? call_text(call, "platform") : STR("");
    if (!call_given(call, "shop")) {
        if (platform->len == 0)
            return call_refuse(call, "platform", "parameter_missing", err, "which platform?");
        return call->person->all_shops
                   ? ERR_OK
                   : err_set(err, ERR_FORBIDDEN, "right", "only who sees all shops may add one");
    }
    enum err_class class_ = call_shops(call, &scope, err);
    if (class_ != ERR_OK)
        return class_;
    *shop_id = scope.ids[0];
    *platform = host_shop(call->host, *shop_id)->platform;
    return ERR_OK;
}

static enum err_class cookie_set(struct call *call, struct str cookie, int64_t seconds,
                                 struct err *err)
{
    struct str text = arena_printf(
        call->arena,
        CONSENT_COOKIE "=%.*s; Path=" CALLBACK_PATH "; HttpOnly; SameSite=Lax; Max-Age=%lld%s",
        STR_ARG(cookie), (long long)seconds, call->api->behind_tls ? "; Secure" : "");
    return text.ptr && call_header(call, "Set-Cookie", text) ? ERR_OK : err_no_memory(err);
}

static enum err_class consent_ask(struct call *call, struct err *err)
{
    const struct api_home *home;
    struct str platform, state, cookie, hash, browser, url;
    int64_t shop_id, app_id = 0;
    struct out out;
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = shop_of_call(call, &shop_id, &platform, err);
    if (class_ == ERR_OK)
        class_ = random_text(call->arena, &state, err);
    if (class_ == ERR_OK)
        class_ = random_text(call->arena, &cookie, err);
    if (class_ == ERR_OK)
        class_ = home->consent_address(home->context, platform,
                                       call_given(call, "app") ? call_text(call, "app") : STR(""),
                                       shop_id, state, call->arena, &url, &app_id, err);
    if (class_ == ERR_OK)
        class_ = hash_text(state, call->arena, &hash, err);
    if (class_ == ERR_OK)
        class_ = hash_text(cookie, call->arena, &browser, err);
    if (class_ != ERR_OK)
        return class_;
    struct asking asking = {
        .values = {sql_text(hash), sql_text(browser), sql_text(call->person->session_digest),
                   sql_int(call->person->user_id), sql_text(platform), sql_int(app_id),
                   sql_int_or_null(shop_id, shop_id != 0), sql_int(call->now_ms + STATE_LIFE_MS)},
        .now_ms = call->now_ms};
    struct change change = {.line = audit_of(call, "shop.authorize.ask", platform),
                            .work = ask_work,
                            .context = &asking};
    change.line.shop_id = shop_id;
    class_ = change_make(call->host->store, &change, err);
    if (class_ == ERR_OK)
        class_ = cookie_set(call, cookie, STATE_LIFE_MS / 1000, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "url", url);
    out_time(&out, "expires", call->now_ms + STATE_LIFE_MS);
    out_end_object(&out);
    return ERR_OK;
}

/* --- the answer --- */

static const struct param back_params[] = {
    {"state", PARAM_QUERY, PARAM_TEXT, .max = 200, .help = "As it was given out"},
    {"code", PARAM_QUERY, PARAM_TEXT, .max = 2000, .help = "The platform's code"},
    {"auth_code", PARAM_QUERY, PARAM_TEXT, .max = 2000, .help = "The same by another name"},
    {"error", PARAM_QUERY, PARAM_TEXT, .max = 400, .help = "Why there is no code"},
    {"error_description", PARAM_QUERY, PARAM_TEXT, .max = 2000, .help = "The same in words"},
    {0}};

struct state_row {
    struct str browser, session, platform, user_name;
    int64_t user_id, app_id, shop_id, expires_ms;
    bool used;
};

static enum err_class state_refuse(struct err *err)
{
    return err_set(err, ERR_FORBIDDEN, "consent_unknown",
                   "this is no answer to a question that is open here: ask for the consent again");
}

static enum err_class state_read(const struct call *call, struct str hash, struct state_row *out,
                                 struct err *err)
{
    const struct sql_value value = sql_text(hash);
    struct reader *row;
    *out = (struct state_row){.used = true};
    enum err_class class_ = store_read(call->host->store, SQL_STATE_READ, &value, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    bool there = reader_next(row);
    if (there)
        *out = (struct state_row){.browser = arena_dup(call->arena, reader_text(row, 0)),
                                  .session = arena_dup(call->arena, reader_text(row, 1)),
                                  .user_id = reader_int(row, 2),
                                  .platform = arena_dup(call->arena, reader_text(row, 3)),
                                  .app_id = reader_int(row, 4),
                                  .shop_id = reader_is_null(row, 5) ? 0 : reader_int(row, 5),
                                  .expires_ms = reader_int(row, 6),
                                  .used = !reader_is_null(row, 7)};
    class_ = reader_close(row, err);
    return class_ == ERR_OK && !there ? state_refuse(err) : class_;
}

static struct str cookie_of(const struct call *call)
{
    struct str rest = http_header(call->request, STR("Cookie"));
    while (rest.len > 0) {
        struct str pair, name, value;
        str_cut(rest, ';', &pair, &rest);
        str_cut(str_trim(pair), '=', &name, &value);
        if (str_eq(name, STR(CONSENT_COOKIE)))
            return value;
    }
    return STR("");
}

/* From the browser that asked, in time, not before, by somebody who may still do it. */
static enum err_class state_check(const struct call *call, struct state_row *state,
                                  struct person **person, struct err *err)
{
    struct str browser;
    struct user user;
    *person = NULL;
    enum err_class class_ = hash_text(cookie_of(call), call->arena, &browser, err);
    if (class_ != ERR_OK)
        return class_;
    if (!crypt_equal(browser, state->browser))
        return err_set(err, ERR_FORBIDDEN, "consent_session",
                       "this browser has not asked for that consent");
    if (state->used)
        return err_set(err, ERR_CONFLICT, "consent_used",
                       "this answer was taken already: ask for the consent again");
    if (call->now_ms >= state->expires_ms)
        return err_set(err, ERR_FORBIDDEN, "consent_expired",
                       "it took longer than ten minutes: ask for the consent again");
    class_ = user_read(call->host->store, state->user_id, call->arena, &user, err);
    if (class_ == ERR_NOT_FOUND || (class_ == ERR_OK && user.disabled))
        return state_refuse(err);
    if (class_ != ERR_OK)
        return class_;
    *person = person_of(&user, call->arena);
    if (!*person)
        return err_no_memory(err);
    (*person)->session = STR("consent");
    (*person)->session_digest = state->session;
    (*person)->generation = user.generation;
    if (!person_is_still(call->host, *person, call->now_ms) || (*person)->right < RIGHT_ADMIN)
        return err_set(err, ERR_FORBIDDEN, "consent_session",
                       "whoever asked for that consent is signed out, or may not do it any more");
    return ERR_OK;
}

struct using
{
    struct str hash;
    int64_t now_ms;
};

static enum err_class use_work(struct tx *tx, void *context, struct err *err)
{
    const struct using *using = context;
    const struct sql_value values[] = {sql_text(using->hash), sql_int(using->now_ms)};
    int64_t rows = 0;
    enum err_class class_ = tx_exec(tx, SQL_STATE_USE, values, 2, &rows, err);
    if (class_ == ERR_OK && rows != 1)
        return err_set(err, ERR_CONFLICT, "consent_used",
                       "this answer was taken already: ask for the consent again");
    return class_;
}

static void shops_out(struct out *out, const struct api_consent *done)
{
    const struct consent *consent = &done->consent;
    out_text(out, "platform", done->platform);
    out_list(out, "accounts");
    for (size_t i = 0; i < consent->accounts_len; i++) {
        const struct consent_account *account = &consent->accounts[i];
        out_object(out, NULL);
        out_text(out, "external_id", account->external_id);
        out_text(out, "title", account->title);
        out_text_or_null(out, "shop", account->shop.len > 0 ? account->shop : STR_NONE);
        out_end_object(out);
    }
    out_end_list(out);
    out_list(out, "left_without");
    for (size_t i = 0; i < consent->left_len; i++)
        out_text(out, NULL, consent->left[i]);
    out_end_list(out);
}

/* A refusal of the platform, in its own words. */
static enum err_class platform_says(struct call *call, struct err *err)
{
    struct str error = call_given(call, "error") ? call_text(call, "error") : STR("");
    struct str words = call_given(call, "error_description") ? call_text(call, "error_description")
                                                             : STR("");
    return err_set(err, ERR_FORBIDDEN, "consent_refused",
                   "the platform gave no consent: %.*s%s%.*s", STR_ARG(error),
                   words.len > 0 ? ": " : "", STR_ARG(words));
}

static enum err_class consent_back(struct call *call, struct err *err)
{
    const struct api_home *home;
    struct state_row state = {.used = true};
    struct person *person = NULL;
    struct api_consent done;
    struct out out;
    struct str hash;
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = hash_text(call_given(call, "state") ? call_text(call, "state") : STR(""),
                           call->arena, &hash, err);
    if (class_ == ERR_OK)
        class_ = state_read(call, hash, &state, err);
    if (class_ == ERR_OK)
        class_ = state_check(call, &state, &person, err);
    if (class_ != ERR_OK)
        return class_;
    struct str code = call_given(call, "auth_code") ? call_text(call, "auth_code")
                      : call_given(call, "code")    ? call_text(call, "code")
                                                    : STR("");
    struct using using = {hash, call->now_ms};
    call->person = person;
    struct change change = {.line = audit_of(call, "shop.authorize", state.platform),
                            .work = use_work,
                            .context = &using};
    change.line.shop_id = state.shop_id;
    class_ = change_make(call->host->store, &change, err);
    if (class_ == ERR_OK)
        class_ = cookie_set(call, STR(""), 0, err);
    if (class_ == ERR_OK && code.len == 0)
        class_ = platform_says(call, err);
    if (class_ == ERR_OK)
        class_ = home->consent_take(home->context, state.platform, state.app_id, state.shop_id,
                                    code, call->arena, &done, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_bool(&out, "authorised", true);
    shops_out(&out, &done);
    out_end_object(&out);
    call_header(call, "Referrer-Policy", STR("no-referrer"));
    return ERR_OK;
}

const struct route oauth_routes[] = {
    {ROUTE_POST, "/api/v1/shops/authorize", "shopAuthorize", RIGHT_ADMIN, ask_params, consent_ask,
     .summary = "The consent page's address; the answer comes to " CALLBACK_PATH,
     .answer = "ConsentAddress"},
    {ROUTE_GET, CALLBACK_PATH, "oauthCallback", RIGHT_NOBODY, back_params, consent_back,
     .summary = "Where the platform sends a browser after the consent", .answer = "Consent",
     .any_query = true},
    {0},
};

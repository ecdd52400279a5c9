/* Tokens of DOU+: those of the start line, which a person pastes, and those of a consent, which rotate. */
#include "sandbox/douplus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADVERTISER_OTHER = 900000 };

void douplus_tokens_init(struct platform *platform)
{
    struct douplus *douplus = platform->state;
    uint64_t seed = platform->sandbox->options.plan.seed;
    snprintf(douplus->app_key, sizeof douplus->app_key, "%" PRIu64,
             UINT64_C(1800000000000000) + world_mix(seed, 6000) % 1000000);
    snprintf(douplus->app_secret, sizeof douplus->app_secret, "%016" PRIx64 "%016" PRIx64,
             world_mix(seed, 6001), world_mix(seed, 6002));
}

void douplus_tokens_fini(struct douplus *douplus)
{
    for (size_t i = 0; i < douplus->consents_len; i++)
        free(douplus->consents[i].shops);
    free(douplus->consents);
}

/* Tokens given by hand, one a shop; the next generation replaces a revoked one. */
void douplus_token_given(struct platform *platform, const struct shop *shop, char out[])
{
    struct douplus *douplus = platform->state;
    uint64_t seed = platform->sandbox->options.plan.seed;
    pthread_mutex_lock(&douplus->lock);
    uint64_t generation = douplus_account_of(platform, shop)->token_generation;
    pthread_mutex_unlock(&douplus->lock);
    snprintf(out, DOUPLUS_TOKEN_MAX, "dpt%020" PRIx64 "%016" PRIx64,
             world_mix(seed, 5000 + shop->index), world_mix(shop->seed, generation));
}

static bool token_is_given(struct platform *platform, const struct shop *shop, struct str token)
{
    char text[DOUPLUS_TOKEN_MAX];
    douplus_token_given(platform, shop, text);
    return str_eq(token, str_of(text));
}

static struct shop *shop_by_token(struct platform *platform, struct str token)
{
    for (size_t i = 0; token.len > 0 && i < platform->shops_len; i++)
        if (token_is_given(platform, &platform->shops[i], token))
            return &platform->shops[i];
    return NULL;
}

static struct str request_token(const struct http_request *request)
{
    struct str token = http_header(request, STR("Access-Token"));
    return token.len > 0 ? token : http_query(request, STR("access_token"));
}

/* The consent whose living pair has this access token. Under the lock, as the two below. */
static struct douplus_consent *consent_by_access(struct douplus *douplus, struct str token)
{
    for (size_t i = 0; token.len > 0 && i < douplus->consents_len; i++)
        if (str_eq(token, str_of(douplus->consents[i].access)))
            return &douplus->consents[i];
    return NULL;
}

static struct douplus_consent *consent_by_refresh(struct douplus *douplus, struct str token)
{
    for (size_t i = 0; token.len > 0 && i < douplus->consents_len; i++)
        if (str_eq(token, str_of(douplus->consents[i].refresh)))
            return &douplus->consents[i];
    return NULL;
}

static struct douplus_consent *consent_by_code(struct douplus *douplus, struct str code)
{
    for (size_t i = 0; code.len > 0 && i < douplus->consents_len; i++)
        if (str_eq(code, str_of(douplus->consents[i].code)))
            return &douplus->consents[i];
    return NULL;
}

bool douplus_consent_covers(const struct douplus_consent *consent, const struct shop *shop)
{
    for (size_t i = 0; i < consent->shops_len; i++)
        if (consent->shops[i] == shop->index)
            return true;
    return false;
}

static void token_kill(struct platform *platform, const struct shop *shop)
{
    struct douplus *douplus = platform->state;
    pthread_mutex_lock(&douplus->lock);
    douplus_account_of(platform, shop)->token_generation++;
    pthread_mutex_unlock(&douplus->lock);
}

bool douplus_token_revoke(struct platform *platform, const struct http_request *request)
{
    struct douplus *douplus = platform->state;
    struct str token = request_token(request);
    const struct shop *shop = shop_by_token(platform, token);
    if (shop) {
        token_kill(platform, shop);
        return true;
    }
    pthread_mutex_lock(&douplus->lock);
    struct douplus_consent *consent = consent_by_access(douplus, token);
    bool alive = consent && !consent->access_revoked;
    if (alive)
        consent->access_revoked = true;
    pthread_mutex_unlock(&douplus->lock);
    return alive;
}

void douplus_tokens_revoke_all(struct platform *platform)
{
    struct douplus *douplus = platform->state;
    for (size_t i = 0; i < platform->shops_len; i++)
        token_kill(platform, &platform->shops[i]);
    pthread_mutex_lock(&douplus->lock);
    for (size_t i = 0; i < douplus->consents_len; i++)
        douplus->consents[i].access_revoked = true;
    pthread_mutex_unlock(&douplus->lock);
}

enum token_state { TOKEN_UNKNOWN, TOKEN_EXPIRED, TOKEN_FOREIGN, TOKEN_GOOD };

/* `shop` NULL: any account will do. */
static enum token_state consent_token_state(struct platform *platform, const struct shop *shop,
                                            struct str token, int64_t now_ms)
{
    struct douplus *douplus = platform->state;
    enum token_state state = TOKEN_GOOD;
    pthread_mutex_lock(&douplus->lock);
    const struct douplus_consent *consent = consent_by_access(douplus, token);
    if (!consent || consent->access_revoked)
        state = TOKEN_UNKNOWN;
    else if (consent->access_dies_ms <= now_ms)
        state = TOKEN_EXPIRED;
    else if (shop && !douplus_consent_covers(consent, shop))
        state = TOKEN_FOREIGN;
    pthread_mutex_unlock(&douplus->lock);
    return state;
}

static enum token_state token_state(const struct call *call, struct str token)
{
    /* Nearly every call carries its own shop's token: the others are looked at last. */
    if (call->shop && token_is_given(call->platform, call->shop, token))
        return TOKEN_GOOD;
    enum token_state state = consent_token_state(call->platform, call->shop, token, call->now_ms);
    if (state != TOKEN_UNKNOWN || !shop_by_token(call->platform, token))
        return state;
    return call->shop ? TOKEN_FOREIGN : TOKEN_GOOD;
}

/* Refuses a call whose token is none or dead. */
static bool token_lives(struct call *call, enum token_state *state)
{
    struct str token = request_token(call->request);
    *state = token_state(call, token);
    if (token.len == 0)
        call_refuse(call, REFUSE_TOKEN_MISSING, NULL);
    else if (*state == TOKEN_UNKNOWN)
        call_refuse(call, REFUSE_TOKEN_UNKNOWN, NULL);
    else if (*state == TOKEN_EXPIRED)
        call_refuse(call, REFUSE_TOKEN_EXPIRED, NULL);
    else
        return true;
    return false;
}

bool douplus_call_allowed(struct call *call)
{
    enum token_state state;
    if (!token_lives(call, &state))
        return false;
    if (!call->shop)
        call_refuse(call, REFUSE_PARAMETER, "aweme_sec_uid: the account cannot be parsed");
    else if (state == TOKEN_FOREIGN)
        call_refuse(call, REFUSE_ACCOUNT, NULL);
    else
        return true;
    return false;
}

/* A new pair; the one before is dead from here on. */
static void pair_make(const struct sandbox *sandbox, struct douplus_consent *consent,
                      int64_t now_ms)
{
    uint64_t seed = world_mix(sandbox->options.plan.seed, 8000 + consent->number);
    uint64_t pair = consent->pairs++;
    snprintf(consent->access, sizeof consent->access, "dpa%016" PRIx64 "%016" PRIx64,
             world_mix(seed, 4 * pair), world_mix(seed, 4 * pair + 1));
    snprintf(consent->refresh, sizeof consent->refresh, "dpr%016" PRIx64 "%016" PRIx64,
             world_mix(seed, 4 * pair + 2), world_mix(seed, 4 * pair + 3));
    consent->access_dies_ms = now_ms + sandbox->options.douplus_token_s * 1000;
    consent->refresh_dies_ms = now_ms + sandbox->options.douplus_refresh_s * 1000;
    consent->access_revoked = false;
}

static void write_pair(const struct call *call, const struct douplus_consent *consent,
                       struct buf *out)
{
    buf_printf(out,
               "{\"data\":{\"access_token\":\"%s\",\"expires_in\":%" PRId64
               ",\"refresh_token\":\"%s\",\"refresh_token_expires_in\":%" PRId64
               ",\"advertiser_ids\":[",
               consent->access, (consent->access_dies_ms - call->now_ms) / 1000, consent->refresh,
               (consent->refresh_dies_ms - call->now_ms) / 1000);
    for (size_t i = 0; i < consent->shops_len; i++)
        buf_printf(out, "%s%" PRIu64, i > 0 ? "," : "",
                   douplus_advertiser_id(&call->platform->shops[consent->shops[i]]));
    buf_add(out, STR("]},"));
    douplus_write_tail(call, 0, STR("OK"), out);
}

static void token_refuse(struct call *call, enum douplus_code code, struct str message)
{
    call->outcome = CALL_TOKEN;
    douplus_error(call, code, message);
}

/* The parts of both token calls. NULL: good, else what is wrong; the app is looked at last. */
static const char *token_body_read(const struct json *root, struct str grant)
{
    struct str type = json_text(json_get(root, STR("grant_type")));
    uint64_t app_id;
    if (json_kind_of(root) != JSON_OBJECT)
        return "the body is not a JSON object";
    if (!str_to_u64(json_text(json_get(root, STR("app_id"))), &app_id))
        return "app_id must be a number";
    if (type.len > 0 && !str_eq(type, grant))
        return "grant_type is wrong";
    return NULL;
}

static bool app_right(const struct douplus *douplus, const struct json *root)
{
    return str_eq(json_text(json_get(root, STR("app_id"))), str_of(douplus->app_key)) &&
           str_eq(json_text(json_get(root, STR("secret"))), str_of(douplus->app_secret));
}

/* The code's consent with its first pair, into `out`; false when the code is worth nothing. */
static bool code_exchange(struct call *call, struct str code, struct buf *out)
{
    struct douplus *douplus = call->platform->state;
    pthread_mutex_lock(&douplus->lock);
    struct douplus_consent *consent = consent_by_code(douplus, code);
    bool good = consent && !consent->code_used && consent->code_dies_ms > call->now_ms;
    if (good) {
        consent->code_used = true;
        pair_make(call->sandbox, consent, call->now_ms);
        write_pair(call, consent, out);
    }
    pthread_mutex_unlock(&douplus->lock);
    return good;
}

static bool pair_rotate(struct call *call, struct str refresh, struct buf *out)
{
    struct douplus *douplus = call->platform->state;
    pthread_mutex_lock(&douplus->lock);
    struct douplus_consent *consent = consent_by_refresh(douplus, refresh);
    bool good = consent && consent->refresh_dies_ms > call->now_ms;
    if (good) {
        consent->refreshes++;
        pair_make(call->sandbox, consent, call->now_ms);
        write_pair(call, consent, out);
    }
    pthread_mutex_unlock(&douplus->lock);
    return good;
}

static void grant_serve(struct call *call, struct str grant, struct str member,
                        bool (*give)(struct call *call, struct str value, struct buf *out),
                        enum douplus_code code, struct str message)
{
    struct json_doc *doc;
    struct buf out;
    if (json_parse(call->request->body, &doc, NULL) != ERR_OK) {
        call_refuse(call, REFUSE_PARAMETER, "the body is not JSON");
        return;
    }
    const struct json *root = json_root(doc);
    const char *wrong = token_body_read(root, grant);
    buf_init(&out, DOUPLUS_REPLY_BYTES_MAX);
    if (wrong)
        call_refuse(call, REFUSE_PARAMETER, wrong);
    else if (!app_right(call->platform->state, root))
        token_refuse(call, DOUPLUS_SECRET, STR("app_id or secret is wrong."));
    else if (!give(call, json_text(json_get(root, member)), &out))
        token_refuse(call, code, message);
    else
        call_reply(call, &out);
    buf_fini(&out);
    json_free(doc);
}

void douplus_token_serve(struct call *call)
{
    grant_serve(call, STR("auth_code"), STR("auth_code"), code_exchange, DOUPLUS_CODE_USED,
                STR("auth_code is used or expired."));
}

void douplus_refresh_serve(struct call *call)
{
    grant_serve(call, STR("refresh_token"), STR("refresh_token"), pair_rotate,
                DOUPLUS_REFRESH_EXPIRED, STR("Refresh token is expired."));
}

static void write_advertiser(struct platform *platform, uint32_t index, struct buf *out)
{
    const struct shop *shop = &platform->shops[index];
    const struct douplus_account *account = douplus_account_of(platform, shop);
    buf_printf(out,
               ",{\"advertiser_id\":%" PRIu64 ",\"advertiser_name\":", douplus_advertiser_id(shop));
    json_write_string(out, str_of(account->name));
    buf_add(out, STR(",\"account_role\":\"PLATFORM_ROLE_AWEME\",\"account_string_id\":"));
    json_write_string(out, str_of(account->sec_uid));
    buf_add(out, STR(",\"is_valid\":true}"));
}

void douplus_advertisers_serve(struct call *call)
{
    struct platform *platform = call->platform;
    struct douplus *douplus = platform->state;
    struct str token = request_token(call->request);
    enum token_state state;
    struct buf out;
    if (!token_lives(call, &state))
        return;
    buf_init(&out, DOUPLUS_REPLY_BYTES_MAX);
    /* The account of another kind stands first: who takes the first row takes the wrong one. */
    buf_printf(&out,
               "{\"data\":{\"list\":[{\"advertiser_id\":%" PRIu64
               ",\"advertiser_name\":\"agency\",\"account_role\":\"PLATFORM_ROLE_STAR\","
               "\"account_string_id\":\"%" PRIu64 "\",\"is_valid\":true}",
               UINT64_C(1700000000000000) + ADVERTISER_OTHER,
               UINT64_C(1700000000000000) + ADVERTISER_OTHER);
    const struct shop *given = shop_by_token(platform, token);
    pthread_mutex_lock(&douplus->lock);
    const struct douplus_consent *consent = consent_by_access(douplus, token);
    bool known = consent || given;
    for (size_t i = 0; consent && i < consent->shops_len; i++)
        write_advertiser(platform, consent->shops[i], &out);
    pthread_mutex_unlock(&douplus->lock);
    if (given)
        write_advertiser(platform, given->index, &out);
    buf_add(&out, STR("]},"));
    douplus_write_tail(call, 0, STR("OK"), &out);
    /* A refresh on another thread may have killed the token since it was looked at. */
    if (known)
        call_reply(call, &out);
    else
        call_refuse(call, REFUSE_TOKEN_UNKNOWN, NULL);
    buf_fini(&out);
}

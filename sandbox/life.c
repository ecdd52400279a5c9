/* Douyin Life (抖音来客): client tokens, decryption, and how it refuses. */
#include "sandbox/life.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/crypt.h"
#include "format/format.h"

enum {
    TOKEN_LIFE_MS = 7200 * 1000,
    /* A further grant leaves the token before it a little time, for calls on their way. */
    TOKEN_OVERLAP_MS = 300 * 1000,
    CIPHERS_MAX = 50,
    BEIJING_MS = 8 * 3600 * 1000,
    DAY_MS = 86400 * 1000,
};

/* The codes that platform notes confirm, and (last four) those they leave open. */
enum {
    CODE_TOKEN_EXPIRED = 2190008,
    CODE_TOKEN_UNKNOWN = 2190002,
    CODE_NO_PERMISSION = 2190003,
    CODE_TOO_FREQUENT = 2119003,
    CODE_BUSY = 2100004,
    CODE_PARAMETER = 2100005,
    CODE_DECRYPT_QUOTA = 2119004,
    CODE_CIPHER = 2100006,
    CODE_CLIENT_KEY = 10003,
    CODE_CLIENT_SECRET = 10013,
};

static void app_make(struct life_app *app, uint64_t seed, uint32_t index)
{
    uint64_t a = world_mix(seed, 1000 + index), b = world_mix(seed, 2000000 + index);
    snprintf(app->key, sizeof app->key, "awlife%04u%08" PRIx32, index + 1, (uint32_t)a);
    snprintf(app->secret, sizeof app->secret, "%016" PRIx64 "%016" PRIx64, a, b);
    life_key_of(str_of(app->secret), app->cipher_key);
}

static enum err_class life_open(struct platform *platform, const struct options *options,
                                struct err *err)
{
    struct life *life = calloc(1, sizeof *life);
    size_t shops = (size_t)options->life_shops, apps = (size_t)options->life_apps;
    platform->state = life;
    if (!life)
        return err_no_memory(err);
    pthread_mutex_init(&life->lock, NULL);
    life->enc_share = options->enc_share;
    life->order_bytes = options->life_order_bytes;
    life->apps = calloc(apps + 1, sizeof *life->apps);
    platform->shops = calloc(shops + 1, sizeof *platform->shops);
    if (!life->apps || !platform->shops)
        return err_no_memory(err);
    platform->apps_len = apps;
    for (uint32_t i = 0; i < apps; i++)
        app_make(&life->apps[i], options->plan.seed, i);
    for (size_t i = 0; i < LIFE_KEY_BYTES; i++)
        life->enc_key[i] = (unsigned char)world_mix(options->plan.seed, 3000 + i);
    for (uint32_t i = 0; i < shops; i++) {
        struct world_plan plan = options->plan;
        size_t orders = (size_t)options->life_orders;
        plan.big_day_orders = i == 0 ? plan.big_day_orders : 0;
        orders = orders < plan.big_day_orders ? plan.big_day_orders : orders;
        enum err_class class_ = shop_init(&platform->shops[i], &life_kind, &plan, i, orders, err);
        if (class_ != ERR_OK)
            return class_;
        platform->shops[i].app = i % (uint32_t)apps;
        platform->shops_len++;
    }
    return ERR_OK;
}

static void life_close(struct platform *platform)
{
    struct life *life = platform->state;
    for (size_t i = 0; i < platform->shops_len; i++)
        shop_fini(&platform->shops[i]);
    free(platform->shops);
    if (life) {
        pthread_mutex_destroy(&life->lock);
        free(life->apps);
        free(life);
    }
}

static struct shop *shop_by_account(struct platform *platform, struct str account)
{
    uint64_t id, first = UINT64_C(6900000000000000001);
    if (!str_to_u64(account, &id) || id < first || id - first >= platform->shops_len)
        return NULL;
    return &platform->shops[id - first];
}

static struct shop *life_shop_of(struct platform *platform, const struct http_request *request)
{
    if (http_query_has(request, STR("account_id")))
        return shop_by_account(platform, http_query(request, STR("account_id")));
    struct json_doc *doc;
    if (request->body.len == 0 || json_parse(request->body, &doc, NULL) != ERR_OK)
        return NULL;
    struct shop *shop = shop_by_account(platform,
                                        json_text(json_get(json_root(doc), STR("account_id"))));
    json_free(doc);
    return shop;
}

void life_write_extra(const struct call *call, int code, struct str what, struct buf *out)
{
    buf_printf(out, "\"extra\":{\"error_code\":%d,\"description\":", code);
    json_write_string(out, what);
    buf_printf(out,
               ",\"sub_error_code\":0,\"sub_description\":\"\",\"logid\":\"%016" PRIX64
               "\",\"now\":%u}}",
               call->identity, call_said_s(call));
}

static void life_error(struct call *call, int code, struct str what)
{
    enum error_place place = call->settings.error_place;
    struct buf out;
    buf_init(&out, LIFE_REPLY_BYTES_MAX);
    if (place == ERROR_MIXED)
        place = (enum error_place)(call->identity % ERROR_MIXED);
    buf_add_char(&out, '{');
    if (place == ERROR_IN_ROOT) {
        buf_printf(&out, "\"error_code\":%d,\"description\":", code);
        json_write_string(&out, what);
        buf_add_char(&out, ',');
    } else if (place == ERROR_IN_DATA) {
        buf_printf(&out, "\"data\":{\"error_code\":%d,\"description\":", code);
        json_write_string(&out, what);
        buf_add(&out, STR("},"));
    }
    life_write_extra(call, place == ERROR_IN_ROOT ? 0 : code, what, &out);
    call_reply(call, &out);
    buf_fini(&out);
}

static void life_refuse(struct call *call, enum refusal refusal, const char *detail)
{
    static const struct {
        int code;
        const char *what;
    } ANSWERS[] = {
        [REFUSE_QUOTA] = {CODE_TOO_FREQUENT, "请求太过频繁，请稍后再试"},
        [REFUSE_BUSY] = {CODE_BUSY, "系统繁忙，此时请开发者稍候再试"},
        [REFUSE_TOKEN_MISSING] = {CODE_TOKEN_UNKNOWN, "access_token无效"},
        [REFUSE_TOKEN_UNKNOWN] = {CODE_TOKEN_UNKNOWN, "access_token无效"},
        [REFUSE_TOKEN_EXPIRED] = {CODE_TOKEN_EXPIRED, "access_token过期,请刷新或重新授权"},
        [REFUSE_ACCOUNT] = {CODE_NO_PERMISSION, "应用未获得该商户授权"},
        [REFUSE_PARAMETER] = {CODE_PARAMETER, "参数不合法"},
        [REFUSE_ROUTE] = {0, ""},
        [REFUSE_DECRYPT_QUOTA] = {CODE_DECRYPT_QUOTA, "今日解密额度已用完"},
    };
    if (refusal == REFUSE_ROUTE) {
        call->reply->status = 404;
        call->reply->body = STR("{\"error_code\":404,\"description\":\"path not found\"}");
        return;
    }
    life_error(call, ANSWERS[refusal].code, str_of(detail ? detail : ANSWERS[refusal].what));
}

static struct str life_empty_success(unsigned form)
{
    static const struct str FORMS[] = {
        {"{}", 2},
        {"{\"data\":{\"error_code\":0,\"description\":\"\"},\"extra\":{\"error_code\":0}}", 67},
        {"{\"data\":null,\"extra\":{\"error_code\":0,\"description\":\"\"}}", 56},
    };
    return FORMS[form];
}

static struct str request_token(const struct http_request *request)
{
    struct str token = http_header(request, STR("access-token"));
    return token.len > 0 ? token : http_query(request, STR("access_token"));
}

/* The token as it was given, with its app; NULL: never given, or too long ago to remember. */
static struct life_token *token_find(struct platform *platform, struct str text, uint32_t *app)
{
    struct life *life = platform->state;
    for (uint32_t a = 0; a < platform->apps_len; a++)
        for (size_t t = 0; text.len > 0 && t < LIFE_TOKENS_KEPT; t++)
            if (str_eq(text, str_of(life->apps[a].tokens[t].text))) {
                *app = a;
                return &life->apps[a].tokens[t];
            }
    return NULL;
}

static bool life_token_revoke(struct platform *platform, const struct http_request *request)
{
    struct life *life = platform->state;
    uint32_t app;
    pthread_mutex_lock(&life->lock);
    struct life_token *token = token_find(platform, request_token(request), &app);
    bool alive = token && token->dies_ms > clock_now_ms();
    if (alive)
        token->dies_ms = 0;
    pthread_mutex_unlock(&life->lock);
    return alive;
}

static void life_tokens_revoke_all(struct platform *platform)
{
    struct life *life = platform->state;
    pthread_mutex_lock(&life->lock);
    for (size_t a = 0; a < platform->apps_len; a++)
        for (size_t t = 0; t < LIFE_TOKENS_KEPT; t++)
            life->apps[a].tokens[t].dies_ms = 0;
    pthread_mutex_unlock(&life->lock);
}

static void token_give(const struct call *call, struct life_app *app, char text[])
{
    uint64_t serial = app->tokens_given++;
    uint64_t seed = call->sandbox->options.plan.seed;
    for (size_t t = 0; t < LIFE_TOKENS_KEPT; t++)
        if (app->tokens[t].dies_ms > call->now_ms + TOKEN_OVERLAP_MS)
            app->tokens[t].dies_ms = call->now_ms + TOKEN_OVERLAP_MS;
    struct life_token *token = &app->tokens[serial % LIFE_TOKENS_KEPT];
    token->dies_ms = call->now_ms + TOKEN_LIFE_MS;
    snprintf(token->text, sizeof token->text, "clt.%016" PRIx64 "%016" PRIx64,
             world_mix(seed ^ app->cipher_key[0], serial), world_mix(app->cipher_key[1], serial));
    memcpy(text, token->text, sizeof token->text);
}

static struct life_app *app_by_key(struct platform *platform, struct str key)
{
    struct life *life = platform->state;
    for (size_t i = 0; i < platform->apps_len; i++)
        if (str_eq(key, str_of(life->apps[i].key)))
            return &life->apps[i];
    return NULL;
}

static void token_serve(struct call *call)
{
    struct life *life = call->platform->state;
    char text[LIFE_TOKEN_TEXT_MAX];
    struct json_doc *doc;
    struct buf out;
    if (json_parse(call->request->body, &doc, NULL) != ERR_OK) {
        call_refuse(call, REFUSE_PARAMETER, "the body is not JSON");
        return;
    }
    const struct json *root = json_root(doc);
    struct life_app *app = app_by_key(call->platform, json_text(json_get(root, STR("client_key"))));
    bool grant = str_eq(json_text(json_get(root, STR("grant_type"))), STR("client_credential"));
    bool secret = app &&
                  str_eq(json_text(json_get(root, STR("client_secret"))), str_of(app->secret));
    json_free(doc);
    if (!grant) {
        call_refuse(call, REFUSE_PARAMETER, "grant_type must be client_credential");
        return;
    }
    buf_init(&out, LIFE_REPLY_BYTES_MAX);
    if (!secret) {
        call->outcome = CALL_FORBIDDEN;
        buf_printf(&out,
                   "{\"data\":{\"description\":\"%s\",\"error_code\":%d},\"message\":\"error\"}",
                   app ? "client_secret错误" : "client_key错误",
                   app ? CODE_CLIENT_SECRET : CODE_CLIENT_KEY);
    } else {
        pthread_mutex_lock(&life->lock);
        token_give(call, app, text);
        pthread_mutex_unlock(&life->lock);
        buf_printf(&out,
                   "{\"data\":{\"access_token\":\"%s\",\"description\":\"\",\"error_code\":0,"
                   "\"expires_in\":%d},\"message\":\"success\"}",
                   text, TOKEN_LIFE_MS / 1000);
    }
    call_reply(call, &out);
    buf_fini(&out);
}

bool life_call_allowed(struct call *call)
{
    struct life *life = call->platform->state;
    struct str text = request_token(call->request);
    uint32_t app = 0;
    pthread_mutex_lock(&life->lock);
    const struct life_token *token = token_find(call->platform, text, &app);
    int64_t dies_ms = token ? token->dies_ms : 0;
    pthread_mutex_unlock(&life->lock);
    if (text.len == 0 || !token)
        call_refuse(call, text.len == 0 ? REFUSE_TOKEN_MISSING : REFUSE_TOKEN_UNKNOWN, NULL);
    else if (dies_ms <= call->now_ms)
        call_refuse(call, REFUSE_TOKEN_EXPIRED, NULL);
    else if (!call->shop || call->shop->app != app)
        call_refuse(call, REFUSE_ACCOUNT, NULL);
    else
        return true;
    return false;
}

static bool decrypt_quota_take(struct call *call, size_t units)
{
    struct life *life = call->platform->state;
    struct life_app *app = &life->apps[call->shop->app];
    int64_t day = (call->now_ms + BEIJING_MS) / DAY_MS;
    pthread_mutex_lock(&life->lock);
    if (app->decrypt_day != day) {
        app->decrypt_day = day;
        app->decrypted = 0;
    }
    bool enough = app->decrypted + (int64_t)units <= call->settings.decrypt_quota;
    app->decrypted += enough ? (int64_t)units : 0;
    pthread_mutex_unlock(&life->lock);
    return enough;
}

static void write_opened(struct call *call, struct str cipher, bool masked, struct buf *out)
{
    struct buf plain, shown;
    buf_init(&plain, 64);
    buf_init(&shown, 64);
    bool good = life_enc_open(call->platform->state, call->shop, cipher, &plain, NULL) == ERR_OK;
    if (masked)
        mask_write(&shown, MASK_PHONE, buf_str(&plain));
    buf_add(out, STR("{\"cipher_text\":"));
    json_write_string(out, cipher);
    buf_add(out, STR(",\"plain_text\":"));
    json_write_string(out, good ? buf_str(masked ? &shown : &plain) : STR(""));
    buf_printf(out, ",\"is_success\":%s,\"error_code\":%d,\"error_msg\":\"%s\"}",
               good ? "true" : "false", good ? 0 : CODE_CIPHER, good ? "" : "密文不合法");
    buf_fini(&plain);
    buf_fini(&shown);
}

static void ciphers_serve(struct call *call, bool masked)
{
    struct json_doc *doc = NULL;
    struct buf out;
    if (!life_call_allowed(call))
        return;
    const struct json *list = NULL;
    if (json_parse(call->request->body, &doc, NULL) == ERR_OK)
        list = json_get(json_root(doc), STR("cipher_texts"));
    size_t len = json_len(list);
    if (json_kind_of(list) != JSON_ARRAY || len == 0 || len > CIPHERS_MAX) {
        call_refuse(call, REFUSE_PARAMETER, "cipher_texts must hold 1 to 50 texts");
    } else if (!masked && !decrypt_quota_take(call, len)) {
        call_refuse(call, REFUSE_DECRYPT_QUOTA, NULL);
    } else {
        buf_init(&out, LIFE_REPLY_BYTES_MAX);
        buf_add(&out, STR("{\"data\":{\"error_code\":0,\"description\":\"\",\"results\":["));
        for (size_t i = 0; i < len; i++) {
            if (i > 0)
                buf_add_char(&out, ',');
            write_opened(call, json_text(json_at(list, i)), masked, &out);
        }
        buf_add(&out, STR("]},"));
        life_write_extra(call, 0, STR(""), &out);
        call_reply(call, &out);
        buf_fini(&out);
    }
    json_free(doc);
}

static void decrypt_serve(struct call *call)
{
    ciphers_serve(call, false);
}

static void decrypt_mask_serve(struct call *call)
{
    ciphers_serve(call, true);
}

static void life_write_shop(struct platform *platform, struct shop *shop, struct buf *out)
{
    struct life *life = platform->state;
    char account[24];
    life_account_id(shop, account);
    buf_printf(out,
               "{\"platform\":\"" PLATFORM_LIFE "\",\"name\":\"life-%u\",\"external_id\":\"%s\","
               "\"app_key\":\"%s\",\"orders\":%zu}",
               shop->index + 1, account, life->apps[shop->app].key, shop->orders_len);
}

static void life_write_app(struct platform *platform, uint32_t app, struct buf *out)
{
    struct life *life = platform->state;
    buf_printf(out,
               "{\"platform\":\"" PLATFORM_LIFE "\",\"name\":\"life-app-%u\",\"app_key\":\"%s\","
               "\"app_secret\":\"%s\"}",
               app + 1, life->apps[app].key, life->apps[app].secret);
}

static struct str life_shop_name(struct platform *platform, struct shop *shop, struct arena *arena)
{
    char account[24];
    (void)platform;
    life_account_id(shop, account);
    return arena_dup(arena, str_of(account));
}

static const struct route ROUTES[] = {
    {"life.token", "POST", "/oauth/client_token", FAULT_ON_ANY, false, token_serve},
    {"life.orders", "GET", "/goodlife/v1/trade/order/query",
     FAULT_ON_ANY | FAULT_ON_LIST | FAULT_ON_DATA | FAULT_ON_RENEW, true, life_orders_serve},
    {"life.decrypt", "POST", "/goodlife/v1/open/common_biz/crypto/decrypt/batch",
     FAULT_ON_ANY | FAULT_ON_DATA | FAULT_ON_RENEW, true, decrypt_serve},
    {"life.decrypt_mask", "POST", "/goodlife/v1/open/common_biz/crypto/decrypt_mask/batch",
     FAULT_ON_ANY | FAULT_ON_DATA | FAULT_ON_RENEW, true, decrypt_mask_serve},
};

const struct platform_ops life_platform = {
    .name = PLATFORM_LIFE,
    .routes = ROUTES,
    .routes_len = sizeof ROUTES / sizeof *ROUTES,
    .open = life_open,
    .close = life_close,
    .shop_of = life_shop_of,
    .refuse = life_refuse,
    .empty_success = life_empty_success,
    .token_revoke = life_token_revoke,
    .tokens_revoke_all = life_tokens_revoke_all,
    .write_truth = life_write_truth,
    .write_shop = life_write_shop,
    .write_app = life_write_app,
    .shop_name = life_shop_name,
};

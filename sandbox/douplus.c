/* DOU+ (Ocean Engine): its accounts and apps, its routes, and how it refuses. */
#include "sandbox/douplus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err_class douplus_open(struct platform *platform, const struct options *options,
                                   struct err *err)
{
    struct douplus *douplus = calloc(1, sizeof *douplus);
    size_t generated = (size_t)options->douplus_shops;
    platform->state = douplus;
    if (!douplus)
        return err_no_memory(err);
    pthread_mutex_init(&douplus->lock, NULL);
    arena_init(&douplus->texts);
    map_init(&douplus->asked, DOUPLUS_ASKED_MAX);
    arena_init(&douplus->asked_keys);
    douplus->accounts = calloc(generated + DOUPLUS_ACCOUNTS_MAX, sizeof *douplus->accounts);
    platform->shops = calloc(generated + DOUPLUS_ACCOUNTS_MAX, sizeof *platform->shops);
    platform->apps_len = 1;
    douplus_tokens_init(platform);
    if (!douplus->accounts || !platform->shops)
        return err_no_memory(err);
    enum err_class class_ = ERR_OK;
    if (options->douplus_file.len > 0)
        class_ = douplus_file_load(platform, options, err);
    for (size_t i = 0; class_ == ERR_OK && i < generated; i++) {
        uint32_t index = (uint32_t)platform->shops_len;
        struct douplus_account *account = &douplus->accounts[index];
        struct world_plan plan = options->plan;
        plan.big_day_orders = 0;
        snprintf(account->name, sizeof account->name, "shop-%04zu", i + 1);
        snprintf(account->sec_uid, sizeof account->sec_uid, "sec-%.40s", account->name);
        class_ = shop_init(&platform->shops[index], &douplus_kind, &plan, index,
                           (size_t)options->douplus_orders, err);
        platform->shops_len += class_ == ERR_OK;
    }
    return class_;
}

static void douplus_close(struct platform *platform)
{
    struct douplus *douplus = platform->state;
    for (size_t i = 0; i < platform->shops_len; i++)
        shop_fini(&platform->shops[i]);
    free(platform->shops);
    if (!douplus)
        return;
    for (size_t i = 0; i < douplus->file_accounts_len; i++) {
        free(douplus->accounts[i].recorded);
        free(douplus->accounts[i].ids);
    }
    free(douplus->accounts);
    douplus_tokens_fini(douplus);
    map_fini(&douplus->asked);
    arena_fini(&douplus->asked_keys);
    arena_fini(&douplus->texts);
    pthread_mutex_destroy(&douplus->lock);
    free(douplus);
}

struct shop *douplus_shop_named(struct platform *platform, struct str sec_uid)
{
    for (size_t i = 0; sec_uid.len > 0 && i < platform->shops_len; i++)
        if (str_eq(sec_uid, str_of(douplus_account_of(platform, &platform->shops[i])->sec_uid)))
            return &platform->shops[i];
    return NULL;
}

static struct shop *douplus_shop_of(struct platform *platform, const struct http_request *request)
{
    return douplus_shop_named(platform, http_query(request, STR("aweme_sec_uid")));
}

uint64_t douplus_advertiser_id(const struct shop *shop)
{
    return UINT64_C(1700000000000000) + shop->index;
}

void douplus_write_tail(const struct call *call, int code, struct str message, struct buf *out)
{
    buf_printf(out, "\"code\":%d,\"message\":", code);
    json_write_string(out, message);
    buf_printf(out, ",\"request_id\":\"%u%016" PRIX64 "\"}", call_said_s(call), call->identity);
}

void douplus_write_page_info(const struct call *call, const struct list_page *page, struct buf *out)
{
    uint64_t total;
    buf_printf(out, "\"page_info\":{\"page\":%u,\"page_size\":%u", call->page, call->rows);
    if (call_total(call, page->total, &total))
        buf_printf(out, ",\"total_num\":%" PRIu64 ",\"total_page\":%" PRIu64, total,
                   (total + call->rows - 1) / call->rows);
    buf_add(out, STR("}},"));
    douplus_write_tail(call, 0, STR("OK"), out);
}

void douplus_error(struct call *call, enum douplus_code code, struct str message)
{
    struct buf out;
    buf_init(&out, DOUPLUS_REPLY_BYTES_MAX);
    buf_add(&out, STR("{\"data\":{},"));
    douplus_write_tail(call, (int)code, message, &out);
    call_reply(call, &out);
    buf_fini(&out);
}

static void douplus_refuse(struct call *call, enum refusal refusal, const char *detail)
{
    static const struct {
        enum douplus_code code;
        const char *what;
    } ANSWERS[] = {
        [REFUSE_QUOTA] = {DOUPLUS_RATE, "Too many requests. Please retry in some time."},
        [REFUSE_BUSY] = {DOUPLUS_BUSY, "Internal service timed out. Please retry."},
        [REFUSE_TOKEN_MISSING] = {DOUPLUS_TOKEN_EMPTY, "Access token is empty."},
        [REFUSE_TOKEN_UNKNOWN] = {DOUPLUS_TOKEN_INVALID, "Access token is invalid."},
        [REFUSE_TOKEN_EXPIRED] = {DOUPLUS_TOKEN_EXPIRED, "Access token is expired."},
        [REFUSE_ACCOUNT] = {DOUPLUS_NO_PERMISSION, "No permission to operate account."},
        [REFUSE_PARAMETER] = {DOUPLUS_PARAMETER, "Parameter error."},
        [REFUSE_ROUTE] = {DOUPLUS_TOKEN_INVALID, "Access token is invalid."},
        [REFUSE_DECRYPT_QUOTA] = {DOUPLUS_PARAMETER, "Parameter error."},
    };
    douplus_error(call, ANSWERS[refusal].code, str_of(detail ? detail : ANSWERS[refusal].what));
}

static struct str douplus_empty_success(unsigned form)
{
    static const struct str FORMS[] = {
        {"{\"code\":0,\"message\":\"OK\"}", 25},
        {"{\"code\":0,\"message\":\"OK\",\"data\":{}}", 35},
        {"{\"code\":0,\"message\":\"OK\",\"data\":null}", 37},
    };
    return FORMS[form];
}

static void douplus_write_shop(struct platform *platform, struct shop *shop, struct buf *out)
{
    const struct douplus_account *account = douplus_account_of(platform, shop);
    char token[DOUPLUS_TOKEN_MAX];
    douplus_token_given(platform, shop, token);
    buf_printf(out,
               "{\"platform\":\"" PLATFORM_DOUPLUS "\",\"name\":\"%s\",\"external_id\":\"%s\","
               "\"token\":\"%s\",\"orders\":%zu}",
               account->name, account->sec_uid, token, shop->orders_len);
}

static void douplus_write_app(struct platform *platform, uint32_t app, struct buf *out)
{
    const struct douplus *douplus = platform->state;
    buf_printf(out,
               "{\"platform\":\"" PLATFORM_DOUPLUS "\",\"name\":\"douplus-app-%u\","
               "\"app_key\":\"%s\",\"app_secret\":\"%s\"}",
               app + 1, douplus->app_key, douplus->app_secret);
}

static struct str douplus_shop_name(struct platform *platform, struct shop *shop,
                                    struct arena *arena)
{
    return arena_dup(arena, str_of(douplus_account_of(platform, shop)->sec_uid));
}

static bool douplus_claims(struct str path)
{
    return str_starts(path, STR("/open_api/"));
}

static const struct route ROUTES[] = {
    {"douplus.orders", "GET", "/open_api/v3.0/douplus/order/list",
     FAULT_ON_ANY | FAULT_ON_LIST | FAULT_ON_DATA, true, douplus_orders_serve},
    {"douplus.report", "GET", "/open_api/v3.0/douplus/order/report",
     FAULT_ON_ANY | FAULT_ON_LIST | FAULT_ON_DATA, true, douplus_report_serve},
    {"douplus.token", "POST", "/open_api/oauth2/access_token", FAULT_ON_ANY | FAULT_ON_CHANGE,
     false, douplus_token_serve},
    {"douplus.refresh", "POST", "/open_api/oauth2/refresh_token", FAULT_ON_ANY | FAULT_ON_CHANGE,
     false, douplus_refresh_serve},
    {"douplus.advertisers", "GET", "/open_api/oauth2/advertiser/get", FAULT_ON_ANY | FAULT_ON_DATA,
     false, douplus_advertisers_serve},
};

static const struct admin_route ADMIN_ROUTES[] = {
    {"GET", "/_sandbox/figures", douplus_figures_serve},
    {"GET", "/_sandbox/asked", douplus_asked_serve},
    {"POST", "/_sandbox/consent", douplus_consent_serve},
    {"POST", "/_sandbox/withdraw", douplus_withdraw_serve},
};

const struct platform_ops douplus_platform = {
    .name = PLATFORM_DOUPLUS,
    .routes = ROUTES,
    .routes_len = sizeof ROUTES / sizeof *ROUTES,
    .claims = douplus_claims,
    .open = douplus_open,
    .close = douplus_close,
    .shop_of = douplus_shop_of,
    .refuse = douplus_refuse,
    .empty_success = douplus_empty_success,
    .token_revoke = douplus_token_revoke,
    .tokens_revoke_all = douplus_tokens_revoke_all,
    .write_truth = douplus_write_truth,
    .write_shop = douplus_write_shop,
    .write_app = douplus_write_app,
    .shop_name = douplus_shop_name,
    .admin_routes = ADMIN_ROUTES,
    .admin_routes_len = sizeof ADMIN_ROUTES / sizeof *ADMIN_ROUTES,
    .write_counts = douplus_write_counts,
};

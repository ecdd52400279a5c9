/* DOU+ (Ocean Engine): tokens given by hand, and the order list. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/format.h"
#include "sandbox/douplus.h"

enum {
    DAY_S = 86400,
    PAGE_SIZE_MAX = 100,
    PAGE_SIZE_DEFAULT = 10,
    REPLY_BYTES_MAX = 8 * 1024 * 1024,
    FILTER_IDS_MAX = 1000,
    TOKEN_TEXT_MAX = 48,
};

enum {
    CODE_PARAMETER = 40000,
    CODE_NO_PERMISSION = 40002,
    CODE_RATE = 40100,
    CODE_TOKEN_EXPIRED = 40102,
    CODE_TOKEN_EMPTY = 40104,
    CODE_TOKEN_INVALID = 40105, /* also the answer of an unknown route */
    CODE_BUSY = 50000,
};

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
    douplus->accounts = calloc(generated + DOUPLUS_ACCOUNTS_MAX, sizeof *douplus->accounts);
    platform->shops = calloc(generated + DOUPLUS_ACCOUNTS_MAX, sizeof *platform->shops);
    platform->apps_len = 1;
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
    arena_fini(&douplus->texts);
    pthread_mutex_destroy(&douplus->lock);
    free(douplus);
}

static struct shop *douplus_shop_of(struct platform *platform, const struct http_request *request)
{
    struct str uid = http_query(request, STR("aweme_sec_uid"));
    for (size_t i = 0; uid.len > 0 && i < platform->shops_len; i++)
        if (str_eq(uid, str_of(douplus_account_of(platform, &platform->shops[i])->sec_uid)))
            return &platform->shops[i];
    return NULL;
}

/* Tokens are given by hand, one a shop; the next generation replaces a revoked one. */
static void token_text(struct platform *platform, const struct shop *shop, char out[])
{
    struct douplus *douplus = platform->state;
    uint64_t seed = platform->sandbox->options.plan.seed;
    pthread_mutex_lock(&douplus->lock);
    uint64_t generation = douplus_account_of(platform, shop)->token_generation;
    pthread_mutex_unlock(&douplus->lock);
    snprintf(out, TOKEN_TEXT_MAX, "dpt%020" PRIx64 "%016" PRIx64,
             world_mix(seed, 5000 + shop->index), world_mix(shop->seed, generation));
}

static struct shop *shop_by_token(struct platform *platform, struct str token)
{
    char text[TOKEN_TEXT_MAX];
    for (size_t i = 0; token.len > 0 && i < platform->shops_len; i++) {
        token_text(platform, &platform->shops[i], text);
        if (str_eq(token, str_of(text)))
            return &platform->shops[i];
    }
    return NULL;
}

static void token_kill(struct platform *platform, const struct shop *shop)
{
    struct douplus *douplus = platform->state;
    pthread_mutex_lock(&douplus->lock);
    douplus_account_of(platform, shop)->token_generation++;
    pthread_mutex_unlock(&douplus->lock);
}

static bool douplus_token_revoke(struct platform *platform, const struct http_request *request)
{
    struct shop *shop = shop_by_token(platform, http_header(request, STR("Access-Token")));
    if (shop)
        token_kill(platform, shop);
    return shop != NULL;
}

static void douplus_tokens_revoke_all(struct platform *platform)
{
    for (size_t i = 0; i < platform->shops_len; i++)
        token_kill(platform, &platform->shops[i]);
}

static void write_tail(const struct call *call, int code, struct str message, struct buf *out)
{
    buf_printf(out, "\"code\":%d,\"message\":", code);
    json_write_string(out, message);
    buf_printf(out, ",\"request_id\":\"%u%016" PRIX64 "\"}", call_said_s(call), call->identity);
}

static void douplus_refuse(struct call *call, enum refusal refusal, const char *detail)
{
    static const struct {
        int code;
        const char *what;
    } ANSWERS[] = {
        [REFUSE_QUOTA] = {CODE_RATE, "Too many requests. Please retry in some time."},
        [REFUSE_BUSY] = {CODE_BUSY, "Internal service timed out. Please retry."},
        [REFUSE_TOKEN_MISSING] = {CODE_TOKEN_EMPTY, "Access token is empty."},
        [REFUSE_TOKEN_UNKNOWN] = {CODE_TOKEN_INVALID, "Access token is invalid."},
        [REFUSE_TOKEN_EXPIRED] = {CODE_TOKEN_EXPIRED, "Access token is expired."},
        [REFUSE_ACCOUNT] = {CODE_NO_PERMISSION, "No permission to operate account."},
        [REFUSE_PARAMETER] = {CODE_PARAMETER, "Parameter error."},
        [REFUSE_ROUTE] = {CODE_TOKEN_INVALID, "Access token is invalid."},
        [REFUSE_DECRYPT_QUOTA] = {CODE_PARAMETER, "Parameter error."},
    };
    struct buf out;
    buf_init(&out, REPLY_BYTES_MAX);
    buf_add(&out, STR("{\"data\":{},"));
    write_tail(call, ANSWERS[refusal].code, str_of(detail ? detail : ANSWERS[refusal].what), &out);
    call_reply(call, &out);
    buf_fini(&out);
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

struct order_filter {
    struct platform *platform;
    const struct shop *shop;
    uint64_t orders[FILTER_IDS_MAX], tasks[FILTER_IDS_MAX];
    size_t orders_len, tasks_len;
    bool by_order, by_task;
    bool by_status, statuses[DOUPLUS_STATUSES];
    struct str scene;
};

static bool id_listed(const uint64_t *ids, size_t len, uint64_t id)
{
    for (size_t i = 0; i < len; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static bool filter_accept(void *context, const struct order_view *view)
{
    const struct order_filter *filter = context;
    struct douplus_facts facts;
    if (filter->by_order && !id_listed(filter->orders, filter->orders_len, view->id))
        return false;
    douplus_facts_of(filter->platform, filter->shop, view, &facts);
    if (filter->by_task && !id_listed(filter->tasks, filter->tasks_len, facts.task))
        return false;
    if (filter->scene.len > 0 && str_eq(filter->scene, STR("LIVE")) != facts.live)
        return false;
    for (int s = 0; filter->by_status && s < DOUPLUS_STATUSES; s++)
        if (strcmp(douplus_statuses[s], facts.status) == 0)
            return filter->statuses[s];
    return true;
}

/* A list of JSON numbers; absent is fine, *given tells. */
static bool ids_read(const struct json *list, uint64_t ids[FILTER_IDS_MAX], size_t *len,
                     bool *given)
{
    enum json_kind kind = json_kind_of(list);
    *given = kind == JSON_ARRAY && json_len(list) > 0;
    if (kind != JSON_ABSENT && kind != JSON_ARRAY)
        return false;
    if (json_len(list) > FILTER_IDS_MAX)
        return false;
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *item = json_at(list, i);
        if (json_kind_of(item) != JSON_NUMBER || !str_to_u64(json_text(item), &ids[(*len)++]))
            return false;
    }
    return true;
}

static bool statuses_read(const struct json *list, struct order_filter *filter)
{
    enum json_kind kind = json_kind_of(list);
    if (kind != JSON_ABSENT && kind != JSON_ARRAY)
        return false;
    for (size_t i = 0; i < json_len(list); i++) {
        struct str text = json_text(json_at(list, i));
        int s = 0;
        while (s < DOUPLUS_STATUSES && !str_eq(text, str_of(douplus_statuses[s])))
            s++;
        if (s == DOUPLUS_STATUSES)
            return false;
        filter->by_status = filter->statuses[s] = true;
    }
    return true;
}

/* Both ends, inclusive; a date alone as the end means its last second. */
static bool window_read(const struct json *window, struct list_query *query)
{
    const struct zone *beijing;
    int64_t from_ms, to_ms;
    bool from_date, to_date;
    if (json_kind_of(window) == JSON_ABSENT)
        return true;
    struct str from = json_text(json_get(window, STR("start_time")));
    struct str to = json_text(json_get(window, STR("end_time")));
    if (zone_find(STR("+08:00"), &beijing, NULL) != ERR_OK ||
        time_parse_any(from, beijing, &from_ms, &from_date, NULL) != ERR_OK ||
        time_parse_any(to, beijing, &to_ms, &to_date, NULL) != ERR_OK)
        return false;
    to_ms += to_date ? (DAY_S - 1) * 1000 : 0;
    query->from_s = (uint32_t)(from_ms / 1000);
    query->to_s = (uint32_t)(to_ms / 1000);
    return from_ms >= 0 && to_ms / 1000 <= UINT32_MAX && from_ms <= to_ms;
}

static const char *filter_read(const struct call *call, struct list_query *query,
                               struct order_filter *filter)
{
    struct json_doc *doc;
    struct str text = http_query(call->request, STR("filter"));
    const char *wrong = NULL;
    if (text.len == 0)
        return NULL;
    if (json_parse(text, &doc, NULL) != ERR_OK)
        return "filter is not JSON";
    const struct json *root = json_root(doc);
    struct str scene = json_text(json_get(root, STR("scene_type")));
    filter->scene = str_eq(scene, STR("LIVE")) ? STR("LIVE")
                    : scene.len > 0            ? STR("VIDEO")
                                               : STR("");
    if (json_kind_of(root) != JSON_OBJECT)
        wrong = "filter is not an object";
    else if (!window_read(json_get(root, STR("order_create_time")), query))
        wrong = "filter.order_create_time must have start_time and end_time in order";
    else if (!ids_read(json_get(root, STR("order_id")), filter->orders, &filter->orders_len,
                       &filter->by_order))
        wrong = "filter.order_id must be a list of numbers";
    else if (!ids_read(json_get(root, STR("task_id")), filter->tasks, &filter->tasks_len,
                       &filter->by_task))
        wrong = "filter.task_id must be a list of numbers";
    else if (!statuses_read(json_get(root, STR("status")), filter))
        wrong = "filter.status must be a list of known statuses";
    else if (scene.len > 0 && !str_eq(scene, filter->scene))
        wrong = "filter.scene_type must be LIVE or VIDEO";
    json_free(doc);
    if (filter->by_order || filter->by_task || filter->by_status || filter->scene.len > 0) {
        query->accept = filter_accept;
        query->context = filter;
    }
    return wrong;
}

static const char *query_read(struct call *call, struct list_query *query,
                              struct order_filter *filter)
{
    int64_t number = 1, size = PAGE_SIZE_DEFAULT;
    struct str page = http_query(call->request, STR("page"));
    struct str page_size = http_query(call->request, STR("page_size"));
    struct str field = http_query(call->request, STR("order_by_field"));
    struct str type = http_query(call->request, STR("order_by_type"));
    if (page.len > 0 && (!str_to_i64(page, &number) || number < 0 || number > INT32_MAX))
        return "page is wrong";
    if (page_size.len > 0 && (!str_to_i64(page_size, &size) || size < 1 || size > PAGE_SIZE_MAX))
        return "page_size must lie between 1 and 100";
    if (field.len > 0 && !str_eq(field, STR("CREATE_TIME")) && !str_eq(field, STR("ORDER_ID")))
        return "order_by_field must be CREATE_TIME or ORDER_ID";
    if (type.len > 0 && !str_eq(type, STR("ASC")) && !str_eq(type, STR("DESC")))
        return "order_by_type must be ASC or DESC";
    call->page = number == 0 ? 1 : (uint32_t)number;
    call->rows = (uint16_t)size;
    *query = (struct list_query){
        .sort = str_eq(field, STR("ORDER_ID")) ? LIST_BY_ID : LIST_BY_CREATED,
        .descending = !str_eq(type, STR("ASC")),
        .to_s = UINT32_MAX,
        .offset = (size_t)(call->page - 1) * (size_t)size,
        .limit = (size_t)size,
    };
    return filter_read(call, query, filter);
}

static void write_page(struct call *call, const struct list_query *query,
                       const struct list_page *page, struct buf *out)
{
    uint64_t total;
    buf_add(out, STR("{\"data\":{"));
    if (call->fault != FAULT_LIST_MISSING) {
        buf_add(out, STR("\"order_list\":["));
        for (size_t i = 0; i < page->rows_len; i++) {
            if (i > 0)
                buf_add_char(out, ',');
            douplus_write_order(call->platform, call->shop, &page->rows[i], out);
        }
        buf_add(out, STR("],"));
    }
    buf_printf(out, "\"page_info\":{\"page\":%u,\"page_size\":%zu", call->page, query->limit);
    if (call_total(call, page->total, &total))
        buf_printf(out, ",\"total_num\":%" PRIu64 ",\"total_page\":%" PRIu64, total,
                   (total + query->limit - 1) / query->limit);
    buf_add(out, STR("}},"));
    write_tail(call, 0, STR("OK"), out);
}

/* True: the call may look at its shop. False: it has been refused. */
static bool call_allowed(struct call *call)
{
    struct str token = http_header(call->request, STR("Access-Token"));
    token = token.len > 0 ? token : http_query(call->request, STR("access_token"));
    const struct shop *owner = shop_by_token(call->platform, token);
    if (!owner)
        call_refuse(call, token.len == 0 ? REFUSE_TOKEN_MISSING : REFUSE_TOKEN_UNKNOWN, NULL);
    else if (!call->shop)
        call_refuse(call, REFUSE_PARAMETER, "aweme_sec_uid: the account cannot be parsed");
    else if (owner != call->shop)
        call_refuse(call, REFUSE_ACCOUNT, NULL);
    else
        return true;
    return false;
}

static void orders_serve(struct call *call)
{
    struct list_query query;
    struct list_page page;
    struct buf out;
    if (!call_allowed(call))
        return;
    struct order_filter *filter = arena_alloc(call->arena, sizeof *filter);
    buf_init(&out, REPLY_BYTES_MAX);
    out.failed = !filter;
    const char *wrong = NULL;
    if (filter) {
        *filter = (struct order_filter){.platform = call->platform, .shop = call->shop};
        wrong = query_read(call, &query, filter);
    }
    if (wrong) {
        call_refuse(call, REFUSE_PARAMETER, wrong);
        return;
    }
    if (filter) {
        call_query_fault(call, &query);
        out.failed = shop_list(call->shop, &query, call_now_s(call), call->arena, &page, NULL) !=
                     ERR_OK;
    }
    if (!out.failed) {
        call_page_fault(call, &query, &page);
        if (call_prebuilt(call, &page))
            return;
        write_page(call, &query, &page, &out);
        call_prebuilt_keep(call, &page, &out);
    }
    call_reply(call, &out);
    buf_fini(&out);
}

static void douplus_write_shop(struct platform *platform, struct shop *shop, struct buf *out)
{
    const struct douplus_account *account = douplus_account_of(platform, shop);
    char token[TOKEN_TEXT_MAX];
    token_text(platform, shop, token);
    buf_printf(out,
               "{\"platform\":\"" PLATFORM_DOUPLUS "\",\"name\":\"%s\",\"external_id\":\"%s\","
               "\"token\":\"%s\",\"orders\":%zu}",
               account->name, account->sec_uid, token, shop->orders_len);
}

static void douplus_write_app(struct platform *platform, uint32_t app, struct buf *out)
{
    uint64_t seed = platform->sandbox->options.plan.seed;
    buf_printf(out,
               "{\"platform\":\"" PLATFORM_DOUPLUS "\",\"name\":\"douplus-app-%u\","
               "\"app_key\":\"%" PRIu64 "\",\"app_secret\":\"%016" PRIx64 "%016" PRIx64 "\"}",
               app + 1, 1800000000000000 + world_mix(seed, 6000) % 1000000, world_mix(seed, 6001),
               world_mix(seed, 6002));
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
     FAULT_ON_ANY | FAULT_ON_LIST | FAULT_ON_DATA, true, orders_serve},
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
};

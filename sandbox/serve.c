/* A call from its arrival to the log, in the order in which a platform's gateway would look at it. */
#include <assert.h>
#include <stdlib.h>

#include "sandbox/sandbox.h"

/* The last one answers paths that nobody claims. */
static const struct platform_ops *const PLATFORMS[] = {&douplus_platform, &life_platform};

enum {
    CLOCK_OFF_MS = 7 * 3600 * 1000, /* as a server that takes local time for UTC, and an hour */
    MEGABYTE = 1 << 20,
};

static enum err_class platforms_open(struct sandbox *sandbox, struct err *err)
{
    uint32_t shops = 0, apps = 0;
    unsigned routes = 0;
    for (size_t i = 0; i < sizeof PLATFORMS / sizeof *PLATFORMS; i++) {
        struct platform *platform = &sandbox->platforms[i];
        *platform = (struct platform){.ops = PLATFORMS[i],
                                      .sandbox = sandbox,
                                      .shops_before = shops,
                                      .apps_before = apps,
                                      .routes_before = routes};
        enum err_class class_ = platform->ops->open(platform, &sandbox->options, err);
        sandbox->platforms_len++;
        if (class_ != ERR_OK)
            return class_;
        shops += (uint32_t)platform->shops_len;
        apps += (uint32_t)platform->apps_len;
        routes += (unsigned)platform->ops->routes_len;
        assert(platform->ops->routes_len <= QUOTA_METHODS_MAX && routes < CALL_ROUTES_MAX);
    }
    return ERR_OK;
}

enum err_class sandbox_open(struct sandbox *sandbox, const struct options *options, struct err *err)
{
    *sandbox = (struct sandbox){.options = *options, .settings = options->settings};
    pthread_mutex_init(&sandbox->lock, NULL);
    faults_init(&sandbox->faults, options->plan.seed, &options->faults);
    calllog_init(&sandbox->log);
    prebuilt_init(&sandbox->prebuilt, (size_t)options->prebuilt_mb * MEGABYTE);
    enum err_class class_ = platforms_open(sandbox, err);
    size_t holders = 1;
    for (size_t i = 0; i < sandbox->platforms_len; i++)
        holders += sandbox->platforms[i].shops_len + sandbox->platforms[i].apps_len;
    if (class_ == ERR_OK)
        class_ = quota_init(&sandbox->quota, holders, err);
    if (class_ == ERR_OK)
        class_ = quota_set(&sandbox->quota, options->quota, options->quota_len, clock_now_ms(),
                           err);
    if (class_ != ERR_OK)
        sandbox_close(sandbox);
    return class_;
}

void sandbox_close(struct sandbox *sandbox)
{
    for (size_t i = 0; i < sandbox->platforms_len; i++)
        sandbox->platforms[i].ops->close(&sandbox->platforms[i]);
    quota_fini(&sandbox->quota);
    prebuilt_fini(&sandbox->prebuilt);
    calllog_fini(&sandbox->log);
    faults_fini(&sandbox->faults);
    free((void *)(uintptr_t)sandbox->huge.ptr);
    pthread_mutex_destroy(&sandbox->lock);
    *sandbox = (struct sandbox){0};
}

struct platform *sandbox_platform(struct sandbox *sandbox, struct str name)
{
    for (size_t i = 0; i < sandbox->platforms_len; i++)
        if (str_eq(str_of(sandbox->platforms[i].ops->name), name))
            return &sandbox->platforms[i];
    return NULL;
}

static void call_route(struct call *call)
{
    struct sandbox *sandbox = call->sandbox;
    struct str path = call->request->path;
    if (str_ends(path, STR("/")))
        path.len--;
    for (size_t p = 0; p < sandbox->platforms_len; p++) {
        struct platform *platform = &sandbox->platforms[p];
        call->platform = platform;
        for (size_t r = 0; r < platform->ops->routes_len; r++) {
            const struct route *route = &platform->ops->routes[r];
            if (str_eq(path, str_of(route->path)) &&
                str_eq(call->request->method, str_of(route->method))) {
                call->route = route;
                return;
            }
        }
        if (platform->ops->claims && platform->ops->claims(path))
            return;
    }
}

static uint64_t hash_add(uint64_t hash, struct str s)
{
    /* FNV-1a: the same in every run, unlike the seeded hash of tables. */
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.ptr[i]) * 0x100000001b3;
    return (hash ^ 0xff) * 0x100000001b3;
}

static int pair_compare(const void *left, const void *right)
{
    const struct http_pair *a = *(const struct http_pair *const *)left;
    const struct http_pair *b = *(const struct http_pair *const *)right;
    int order = str_cmp(a->name, b->name);
    return order != 0 ? order : str_cmp(a->value, b->value);
}

/* Two requests that ask for the same thing have the same identity, whatever their token and time. */
static uint64_t call_identity(const struct http_request *request)
{
    static const struct str PASSING[] = {
        {"access_token", 12}, {"timestamp", 9}, {"sign", 4}, {"nonce", 5}};
    const struct http_pair *pairs[HTTP_QUERY_MAX];
    uint64_t hash = hash_add(hash_add(0xcbf29ce484222325, request->method), request->path);
    size_t len = 0;
    for (size_t i = 0; i < request->query_len; i++) {
        bool passing = false;
        for (size_t k = 0; k < sizeof PASSING / sizeof *PASSING; k++)
            passing |= str_eq(request->query[i].name, PASSING[k]);
        if (!passing)
            pairs[len++] = &request->query[i];
    }
    qsort(pairs, len, sizeof *pairs, pair_compare);
    for (size_t i = 0; i < len; i++)
        hash = hash_add(hash_add(hash, pairs[i]->name), pairs[i]->value);
    return hash_add(hash, request->body);
}

uint32_t call_now_s(const struct call *call)
{
    return (uint32_t)(call->now_ms / 1000);
}

static int64_t clock_off_ms(const struct call *call)
{
    if (call->fault != FAULT_CLOCK_OFF)
        return 0;
    return call->identity & 1 ? CLOCK_OFF_MS : -CLOCK_OFF_MS;
}

uint32_t call_said_s(const struct call *call)
{
    return (uint32_t)((call->now_ms + clock_off_ms(call)) / 1000);
}

void call_fail(struct call *call)
{
    call->outcome = CALL_FAILED;
    call->reply->status = 500;
    call->reply->body = STR("{\"sandbox_error\":\"out of memory\"}");
}

void call_reply(struct call *call, const struct buf *body)
{
    struct str copy = body->failed ? STR_NONE : arena_dup(call->arena, buf_str(body));
    if (!copy.ptr)
        call_fail(call);
    else
        call->reply->body = copy;
}

void call_fault_withdraw(struct call *call)
{
    fault_withdraw(&call->sandbox->faults, call->identity, call->fault);
    call->fault = FAULT_NONE;
}

void call_refuse(struct call *call, enum refusal refusal, const char *detail)
{
    static const enum call_outcome OUTCOMES[] = {
        [REFUSE_QUOTA] = CALL_REFUSED,
        [REFUSE_BUSY] = CALL_OK,
        [REFUSE_TOKEN_MISSING] = CALL_TOKEN,
        [REFUSE_TOKEN_UNKNOWN] = CALL_TOKEN,
        [REFUSE_TOKEN_EXPIRED] = CALL_TOKEN,
        [REFUSE_ACCOUNT] = CALL_FORBIDDEN,
        [REFUSE_PARAMETER] = CALL_BAD_REQUEST,
        [REFUSE_ROUTE] = CALL_NO_ROUTE,
        [REFUSE_DECRYPT_QUOTA] = CALL_QUOTA_GONE,
    };
    if (fault_info(call->fault)->where & FAULT_ON_LIST)
        call_fault_withdraw(call);
    call->outcome = OUTCOMES[refusal];
    call->platform->ops->refuse(call, refusal, detail);
}

bool call_total(const struct call *call, uint64_t total, uint64_t *said)
{
    *said = total;
    if (call->settings.totals == TOTALS_CAP && total > TOTALS_CAP_ROWS)
        *said = TOTALS_CAP_ROWS;
    return call->settings.totals != TOTALS_OMIT;
}

static uint64_t prebuilt_state(const struct call *call, const struct list_page *page)
{
    return world_mix(page->changes, call->settings.generation);
}

/* A fault that shows in the body makes it another body. */
static bool prebuilt_fits(const struct call *call)
{
    return !(fault_info(call->fault)->where & FAULT_ON_LIST) && call->fault != FAULT_CLOCK_OFF;
}

bool call_prebuilt(struct call *call, const struct list_page *page)
{
    return prebuilt_fits(call) && prebuilt_find(&call->sandbox->prebuilt, call->identity,
                                                prebuilt_state(call, page), &call->reply->body);
}

void call_prebuilt_keep(struct call *call, const struct list_page *page, const struct buf *body)
{
    if (prebuilt_fits(call) && !body->failed)
        prebuilt_keep(&call->sandbox->prebuilt, call->identity, prebuilt_state(call, page),
                      buf_str(body));
}

static bool call_over_quota(struct call *call)
{
    if (!call->route->metered || !call->shop)
        return false;
    const struct quota_call asked = {
        .platform = call->platform->ops->name,
        .shop = call->platform->shops_before + call->shop->index,
        .app = call->platform->apps_before + call->shop->app,
        .method = (unsigned)(call->route - call->platform->ops->routes),
    };
    return !quota_take(&call->sandbox->quota, &asked, call->request->arrived_ms);
}

static void call_serve(struct call *call)
{
    call_route(call);
    if (!call->route) {
        call_refuse(call, REFUSE_ROUTE, NULL);
        return;
    }
    call->shop = call->platform->ops->shop_of(call->platform, call->request);
    if (call_over_quota(call)) {
        call_refuse(call, REFUSE_QUOTA, NULL);
        return;
    }
    call->fault = fault_pick(&call->sandbox->faults, call->identity, call->route->faults);
    if (call_fault_before(call))
        return;
    call->route->serve(call);
    call_fault_after(call);
}

/* A platform takes its time, so that two calls at once are seen to be. */
static void call_hold(const struct call *call)
{
    int64_t ms = call->settings.delay_ms;
    if (ms > 0)
        nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void call_log(const struct call *call)
{
    const struct platform *platform = call->platform;
    bool whole = call->fault == FAULT_NONE || call->fault == FAULT_SLOW_BODY ||
                 call->fault == FAULT_CLOCK_OFF;
    const struct call_record record = {
        .arrived_ms = call->request->arrived_ms,
        .arrived_monotonic_ns = call->request->arrived_monotonic_ns,
        .left_monotonic_ns = clock_monotonic_ns(),
        .identity = call->identity,
        .shop = call->shop ? platform->shops_before + call->shop->index : UINT32_MAX,
        .page = call->page,
        .rows = call->rows,
        .route = (uint8_t)(call->route ? platform->routes_before +
                                             (unsigned)(call->route - platform->ops->routes)
                                       : CALL_ROUTES_MAX - 1),
        .outcome = (uint8_t)call->outcome,
        .fault = (uint8_t)call->fault,
        .asked = call->asked,
    };
    calllog_add(&call->sandbox->log, &record,
                whole && call->outcome == CALL_OK && call->route &&
                    (call->route->faults & FAULT_ON_LIST));
}

void sandbox_serve(void *context, const struct http_request *request, struct http_reply *reply)
{
    struct sandbox *sandbox = context;
    if (str_starts(request->path, STR("/_sandbox/"))) {
        admin_serve(sandbox, request, reply);
        return;
    }
    struct call call = {
        .sandbox = sandbox,
        .request = request,
        .reply = reply,
        .arena = request->arena,
        .now_ms = clock_now_ms(),
        .identity = call_identity(request),
    };
    pthread_mutex_lock(&sandbox->lock);
    call.settings = sandbox->settings;
    pthread_mutex_unlock(&sandbox->lock);
    call_serve(&call);
    call_hold(&call);
    call_log(&call);
}

/* /_sandbox/: what a test asks the sandbox itself: the truth, the counts, the log; and what it sets. */
#include <inttypes.h>

#include "format/format.h"
#include "sandbox/sandbox.h"

enum {
    ROWS_DEFAULT = 5000,
    ROWS_MAX = 50000, /* about 40 MB of truth */
};
static const int64_t DAY_MS = 86400 * 1000;

void admin_send(const struct http_request *request, struct http_reply *reply,
                const struct buf *body)
{
    reply->body = body->failed ? STR_NONE : arena_dup(request->arena, buf_str(body));
    if (!reply->body.ptr) {
        reply->status = 500;
        reply->body = STR("{\"error\":\"out of memory\"}\n");
    }
}

void admin_refuse(const struct http_request *request, struct http_reply *reply, unsigned status,
                  struct str what)
{
    struct buf out;
    buf_init(&out, ADMIN_REPLY_BYTES_MAX);
    buf_add(&out, STR("{\"error\":"));
    json_write_string(&out, what);
    buf_add(&out, STR("}\n"));
    admin_send(request, reply, &out);
    reply->status = status;
    buf_fini(&out);
}

uint64_t admin_number(const struct http_request *request, struct str name, uint64_t otherwise)
{
    uint64_t number = otherwise;
    str_to_u64(http_query(request, name), &number);
    return number;
}

void admin_header(const struct http_request *request, struct http_reply *reply, struct str name,
                  uint64_t number)
{
    struct str value = arena_printf(request->arena, "%" PRIu64, number);
    if (value.ptr)
        reply->headers[reply->headers_len++] = (struct http_pair){name, value};
}

size_t admin_limit(const struct http_request *request)
{
    uint64_t limit = admin_number(request, STR("limit"), ROWS_DEFAULT);
    return limit < ROWS_MAX ? limit : ROWS_MAX;
}

void admin_write_shops(struct sandbox *sandbox, struct str host, int port, struct buf *out)
{
    buf_printf(out,
               "{\"port\":%d,\"base_url\":\"http://%.*s:%d\",\"now_ms\":%" PRId64 ",\"apps\":[",
               port, STR_ARG(host), port, clock_now_ms());
    bool first = true;
    for (size_t p = 0; p < sandbox->platforms_len; p++) {
        struct platform *platform = &sandbox->platforms[p];
        for (uint32_t a = 0; platform->shops_len > 0 && a < platform->apps_len; a++) {
            buf_add(out, first ? STR("") : STR(","));
            first = false;
            platform->ops->write_app(platform, a, out);
        }
    }
    buf_add(out, STR("],\"shops\":["));
    first = true;
    for (size_t p = 0; p < sandbox->platforms_len; p++) {
        struct platform *platform = &sandbox->platforms[p];
        for (size_t s = 0; s < platform->shops_len; s++) {
            buf_add(out, first ? STR("") : STR(","));
            first = false;
            platform->ops->write_shop(platform, &platform->shops[s], out);
        }
    }
    buf_add(out, STR("]}\n"));
}

static void shops_serve(struct sandbox *sandbox, const struct http_request *request,
                        struct http_reply *reply)
{
    struct buf out;
    buf_init(&out, ADMIN_REPLY_BYTES_MAX);
    admin_write_shops(sandbox, STR("127.0.0.1"), sandbox->port, &out);
    admin_send(request, reply, &out);
    buf_fini(&out);
}

static struct shop *shop_named(struct platform *platform, struct str name, struct arena *arena)
{
    for (size_t s = 0; platform && s < platform->shops_len; s++)
        if (str_eq(name, platform->ops->shop_name(platform, &platform->shops[s], arena)))
            return &platform->shops[s];
    return NULL;
}

struct shop *admin_shop(struct sandbox *sandbox, const struct http_request *request,
                        struct http_reply *reply, struct platform **platform)
{
    *platform = sandbox_platform(sandbox, http_query(request, STR("platform")));
    struct shop *shop = shop_named(*platform, http_query(request, STR("shop")), request->arena);
    if (!shop)
        admin_refuse(request, reply, 404,
                     STR("platform= and shop= (its external_id) name no shop"));
    return shop;
}

static void truth_serve(struct sandbox *sandbox, const struct http_request *request,
                        struct http_reply *reply)
{
    struct platform *platform;
    struct shop *shop = admin_shop(sandbox, request, reply, &platform);
    struct list_query query = {
        .sort = LIST_BY_CREATED,
        .to_s = UINT32_MAX,
        .offset = admin_number(request, STR("offset"), 0),
        .limit = admin_limit(request),
    };
    struct list_page page;
    struct buf out;
    if (!shop)
        return;
    buf_init(&out, ADMIN_REPLY_BYTES_MAX);
    uint32_t now_s = (uint32_t)(clock_now_ms() / 1000);
    out.failed = shop_list(shop, &query, now_s, request->arena, &page, NULL) != ERR_OK;
    for (size_t i = 0; !out.failed && i < page.rows_len; i++) {
        platform->ops->write_truth(platform, shop, &page.rows[i], &out);
        buf_add_char(&out, '\n');
    }
    if (!out.failed && page.more)
        admin_header(request, reply, STR("X-Next"), query.offset + page.rows_len);
    reply->content_type = "application/x-ndjson";
    admin_send(request, reply, &out);
    buf_fini(&out);
}

static const char *route_name(const struct sandbox *sandbox, unsigned route)
{
    for (size_t p = 0; p < sandbox->platforms_len; p++) {
        const struct platform *platform = &sandbox->platforms[p];
        if (route >= platform->routes_before &&
            route < platform->routes_before + platform->ops->routes_len)
            return platform->ops->routes[route - platform->routes_before].name;
    }
    return route == CALL_ROUTES_MAX - 1 ? "unknown" : NULL;
}

static void counts_serve(struct sandbox *sandbox, const struct http_request *request,
                         struct http_reply *reply)
{
    struct call_counts counts;
    uint64_t given[FAULT_KINDS];
    struct buf out;
    calllog_counts(&sandbox->log, &counts);
    faults_counts(&sandbox->faults, given);
    buf_init(&out, ADMIN_REPLY_BYTES_MAX);
    buf_printf(&out,
               "{\"calls\":%" PRIu64 ",\"logged\":%" PRIu64 ",\"pages_served\":%" PRIu64
               ",\"totals_served\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"routes\":{",
               counts.calls, counts.kept, counts.pages_served, counts.totals_served,
               counts.by_outcome[CALL_REFUSED]);
    for (unsigned r = 0; r < CALL_ROUTES_MAX; r++)
        if (route_name(sandbox, r))
            buf_printf(&out, "%s\"%s\":%" PRIu64, r == 0 ? "" : ",", route_name(sandbox, r),
                       counts.by_route[r]);
    buf_add(&out, STR("},\"outcomes\":{"));
    for (int o = 0; o < CALL_OUTCOMES; o++)
        buf_printf(&out, "%s\"%s\":%" PRIu64, o == 0 ? "" : ",",
                   call_outcome_name((enum call_outcome)o), counts.by_outcome[o]);
    buf_add(&out, STR("},\"faults\":{"));
    for (int k = FAULT_NONE + 1; k < FAULT_KINDS; k++)
        buf_printf(&out, "%s\"%s\":%" PRIu64, k == FAULT_NONE + 1 ? "" : ",",
                   fault_info((enum fault_kind)k)->name, given[k]);
    buf_add_char(&out, '}');
    for (size_t p = 0; p < sandbox->platforms_len; p++)
        if (sandbox->platforms[p].ops->write_counts)
            sandbox->platforms[p].ops->write_counts(&sandbox->platforms[p], &out);
    buf_add(&out, STR("}\n"));
    admin_send(request, reply, &out);
    buf_fini(&out);
}

static struct str shop_external(struct sandbox *sandbox, uint32_t shop, struct arena *arena)
{
    for (size_t p = 0; p < sandbox->platforms_len; p++) {
        struct platform *platform = &sandbox->platforms[p];
        if (shop >= platform->shops_before && shop - platform->shops_before < platform->shops_len)
            return platform->ops->shop_name(platform,
                                            &platform->shops[shop - platform->shops_before], arena);
    }
    return STR("");
}

/* The days and the number of ids that a report was asked about. */
static void write_asked(const struct asked_range *asked, struct buf *out)
{
    struct civil from, to;
    if (asked->to_day == 0)
        return;
    civil_from_utc_ms(asked->from_day * DAY_MS, &from);
    civil_from_utc_ms(asked->to_day * DAY_MS, &to);
    buf_printf(out, ",\"from\":\"%04d-%02u-%02u\",\"to\":\"%04d-%02u-%02u\",\"ids\":%u", from.year,
               from.month, from.day, to.year, to.month, to.day, asked->ids);
}

static void log_serve(struct sandbox *sandbox, const struct http_request *request,
                      struct http_reply *reply)
{
    uint64_t from = admin_number(request, STR("from"), 0);
    size_t limit = admin_limit(request);
    struct call_record *records = arena_array(request->arena, limit + 1, sizeof *records);
    size_t len = records ? calllog_read(&sandbox->log, from, records, limit) : 0;
    struct buf out;
    buf_init(&out, ADMIN_REPLY_BYTES_MAX);
    out.failed = !records;
    for (size_t i = 0; i < len; i++) {
        const struct call_record *r = &records[i];
        struct str shop = shop_external(sandbox, r->shop, request->arena);
        buf_printf(&out,
                   "{\"index\":%" PRIu64 ",\"arrived_ms\":%" PRId64 ",\"arrived_ns\":%" PRId64
                   ",\"left_ns\":%" PRId64
                   ",\"route\":\"%s\",\"shop\":\"%.*s\",\"page\":%u,\"size\":%u,"
                   "\"request\":\"%016" PRIx64 "\",\"outcome\":\"%s\",\"fault\":\"%s\"",
                   from + i, r->arrived_ms, r->arrived_monotonic_ns, r->left_monotonic_ns,
                   route_name(sandbox, r->route), STR_ARG(shop), r->page, r->rows, r->identity,
                   call_outcome_name((enum call_outcome)r->outcome),
                   fault_info((enum fault_kind)r->fault)->name);
        write_asked(&r->asked, &out);
        buf_add(&out, STR("}\n"));
    }
    if (len == limit && len > 0)
        admin_header(request, reply, STR("X-Next"), from + len);
    reply->content_type = "application/x-ndjson";
    admin_send(request, reply, &out);
    buf_fini(&out);
}

/* What one POST asks for, read whole before anything is changed. */
struct change {
    struct settings settings;
    struct fault_plan faults;
    struct quota_rule quota[QUOTA_RULES_MAX];
    size_t quota_len;
    int64_t churn;
    bool set_faults, set_quota, set_churn, revoke;
};

static bool number_read(const struct json *value, int64_t *out)
{
    return json_kind_of(value) == JSON_NUMBER && str_to_i64(json_text(value), out) && *out >= 0;
}

static enum err_class quota_read(const struct json *list, struct change *change, struct err *err)
{
    change->set_quota = true;
    if (json_kind_of(list) != JSON_ARRAY || json_len(list) > QUOTA_RULES_MAX)
        return err_set(err, ERR_USAGE, "config", "quota must be a list of at most %d rules",
                       QUOTA_RULES_MAX);
    for (size_t i = 0; i < json_len(list); i++) {
        enum err_class class_ = quota_rule_parse(json_text(json_at(list, i)),
                                                 &change->quota[change->quota_len++], err);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

static enum err_class change_read_key(struct str key, const struct json *value,
                                      struct change *change, struct err *err)
{
    struct settings *settings = &change->settings;
    struct str text = json_text(value);
    bool good = true;
    if (str_eq(key, STR("faults"))) {
        change->set_faults = true;
        return fault_plan_parse(text, &change->faults, err);
    }
    if (str_eq(key, STR("quota")))
        return quota_read(value, change, err);
    if (str_eq(key, STR("totals")))
        good = totals_parse(text, &settings->totals);
    else if (str_eq(key, STR("error_place")))
        good = error_place_parse(text, &settings->error_place);
    else if (str_eq(key, STR("end")))
        good = (settings->end_same = str_eq(text, STR("same"))) || str_eq(text, STR("extra"));
    else if (str_eq(key, STR("decrypt_quota")))
        good = number_read(value, &settings->decrypt_quota);
    else if (str_eq(key, STR("timeout_ms")))
        good = number_read(value, &settings->timeout_ms);
    else if (str_eq(key, STR("slow_ms")))
        good = number_read(value, &settings->slow_ms) && settings->slow_ms > 0;
    else if (str_eq(key, STR("delay_ms")))
        good = number_read(value, &settings->delay_ms);
    else if (str_eq(key, STR("report_omit")))
        good = number_read(value, &settings->report_omit) && settings->report_omit <= OMIT_MAX;
    else if (str_eq(key, STR("churn")))
        good = change->set_churn = number_read(value, &change->churn) &&
                                   change->churn <= QUOTA_CALLS_MAX;
    else if (str_eq(key, STR("revoke_tokens")))
        change->revoke = json_true(value);
    else
        return err_set(err, ERR_USAGE, "config",
                       "%.*s is unknown: faults quota totals error_place end decrypt_quota "
                       "timeout_ms slow_ms delay_ms report_omit churn revoke_tokens",
                       STR_ARG(key));
    return good ? ERR_OK
                : err_set(err, ERR_USAGE, "config", "%.*s: the value is wrong", STR_ARG(key));
}

static enum err_class change_apply(struct sandbox *sandbox, const struct change *change,
                                   struct err *err)
{
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = ERR_OK;
    pthread_mutex_lock(&sandbox->lock);
    uint64_t generation = sandbox->settings.generation + 1;
    sandbox->settings = change->settings;
    sandbox->settings.generation = generation;
    pthread_mutex_unlock(&sandbox->lock);
    if (change->set_faults)
        faults_set(&sandbox->faults, &change->faults);
    if (change->set_quota)
        class_ = quota_set(&sandbox->quota, change->quota, change->quota_len, now_ms, err);
    for (size_t p = 0; p < sandbox->platforms_len; p++) {
        struct platform *platform = &sandbox->platforms[p];
        for (size_t s = 0; change->set_churn && s < platform->shops_len; s++)
            if (!platform->shops[s].given_ids)
                shop_set_churn(&platform->shops[s], (uint32_t)change->churn,
                               (uint32_t)(now_ms / 1000));
        if (change->revoke)
            platform->ops->tokens_revoke_all(platform);
    }
    return class_;
}

static void config_serve(struct sandbox *sandbox, const struct http_request *request,
                         struct http_reply *reply)
{
    struct change change = {0};
    struct json_doc *doc = NULL;
    struct json_iter iter;
    struct str key;
    struct err err = {0};
    pthread_mutex_lock(&sandbox->lock);
    change.settings = sandbox->settings;
    pthread_mutex_unlock(&sandbox->lock);
    enum err_class class_ = json_parse(request->body, &doc, &err);
    if (class_ == ERR_OK && json_kind_of(json_root(doc)) != JSON_OBJECT)
        class_ = err_set(&err, ERR_USAGE, "config", "the body must be a JSON object");
    if (class_ == ERR_OK)
        json_iter_init(&iter, json_root(doc));
    for (const struct json *value; class_ == ERR_OK && (value = json_iter_next(&iter, &key));)
        class_ = change_read_key(key, value, &change, &err);
    if (class_ == ERR_OK)
        class_ = change_apply(sandbox, &change, &err);
    if (class_ == ERR_OK)
        reply->body = STR("{}\n");
    else
        admin_refuse(request, reply, 400, str_of(err.message));
    json_free(doc);
}

static bool route_serve(const struct admin_route *routes, size_t routes_len,
                        struct sandbox *sandbox, const struct http_request *request,
                        struct http_reply *reply)
{
    for (size_t i = 0; i < routes_len; i++)
        if (str_eq(request->path, str_of(routes[i].path)) &&
            str_eq(request->method, str_of(routes[i].method))) {
            routes[i].serve(sandbox, request, reply);
            return true;
        }
    return false;
}

void admin_serve(struct sandbox *sandbox, const struct http_request *request,
                 struct http_reply *reply)
{
    static const struct admin_route ROUTES[] = {
        {"GET", "/_sandbox/shops", shops_serve},    {"GET", "/_sandbox/truth", truth_serve},
        {"GET", "/_sandbox/counts", counts_serve},  {"GET", "/_sandbox/log", log_serve},
        {"POST", "/_sandbox/config", config_serve},
    };
    bool served = route_serve(ROUTES, sizeof ROUTES / sizeof *ROUTES, sandbox, request, reply);
    for (size_t p = 0; !served && p < sandbox->platforms_len; p++) {
        const struct platform_ops *ops = sandbox->platforms[p].ops;
        served = route_serve(ops->admin_routes, ops->admin_routes_len, sandbox, request, reply);
    }
    if (!served)
        admin_refuse(request, reply, 404,
                     STR("GET shops, truth, counts, log, figures, asked or POST config, consent, "
                         "withdraw under /_sandbox/"));
}

/* Platforms: which there are, what they need of apps and shops, and how they have answered of late. */
#include <string.h>

#include "api/account_settings.h"
#include "api/control.h"
#include "api/control_sql.h"
#include "api/tables.h"

static void rules_out(struct out *out, const struct connector *connector)
{
    static const char *const owners[] = {
        [BUDGET_PLATFORM] = "platform", [BUDGET_APP] = "app", [BUDGET_SHOP] = "shop"};
    size_t len;
    const struct budget_rule *rules = connector_budgets(connector, &len);
    out_list(out, "budgets");
    for (size_t i = 0; i < len; i++) {
        out_object(out, NULL);
        out_text(out, "name", rules[i].name);
        out_text(out, "each", str_of(owners[rules[i].scope]));
        out_int(out, "calls", rules[i].calls);
        out_int(out, "per_ms", rules[i].per_ms);
        out_int(out, "burst", rules[i].window ? 1 : rules[i].burst);
        out_end_object(out);
    }
    out_end_list(out);
}

static enum err_class platform_list(struct call *call, struct err *err)
{
    static const char *const grants[] = {[GRANT_NONE] = "none",
                                         [GRANT_CLIENT_CREDENTIAL] = "client_credential",
                                         [GRANT_AUTH_CODE] = "auth_code",
                                         [GRANT_BY_HAND] = "by_hand"};
    const struct api_home *home;
    struct api_platform *platforms;
    struct out out;
    size_t len;
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = home->platforms(home->context, call->arena, &platforms, &len, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; i < len; i++) {
        const struct api_platform *platform = &platforms[i];
        const struct connector *connector = platform->connector;
        out_object(&out, NULL);
        out_text(&out, "platform", platform->name);
        out_text_or_null(&out, "error", platform->error.len > 0 ? platform->error : STR_NONE);
        if (connector) {
            out_text(&out, "zone", zone_name(connector_zone(connector)));
            out_text(&out, "grant", str_of(grants[connector_auth(connector)->grant]));
            out_bool(&out, "consent_without_shop", connector_auth(connector)->accounts != NULL);
            out_list(&out, "streams");
            for (size_t s = 0; s < connector_streams(connector); s++)
                out_text(&out, NULL, connector_stream_at(connector, s)->name);
            out_end_list(&out);
            rules_out(&out, connector);
        }
        out_end_object(&out);
    }
    out_end_list(&out);
    out_end_object(&out);
    return ERR_OK;
}

static const struct param need_params[] = {
    {"platform", PARAM_PATH, PARAM_ID, .required = true, .help = "The platform"}, {0}};

static enum err_class platform_needs(struct call *call, struct err *err)
{
    const struct api_home *home;
    struct api_setting *list;
    struct out out;
    size_t len;
    enum err_class class_ = control_home(call, &home, err);
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "platform", call_text(call, "platform"));
    for (int of_app = 1; class_ == ERR_OK && of_app >= 0; of_app--) {
        class_ = home->needs(home->context, call_text(call, "platform"), of_app != 0, call->arena,
                             &list, &len, err);
        if (class_ == ERR_OK)
            account_settings_write(&out, of_app ? "app" : "shop", list, len, false);
    }
    out_end_object(&out);
    return class_;
}

/* --- how they answer --- */

enum {
    WORK_HOUR_MS = 3600 * 1000,
    WORK_DAY_MS = 24 * WORK_HOUR_MS,
    WORK_PLATFORMS_MAX = 256,
    WORK_BREAKERS_MAX =
        1000, /* events that are looked through; SQL_PLATFORM_BREAKERS says so too */
};

struct tried {
    int64_t tries, failed, calls, pages, rejects;
};
struct work {
    struct str platform;
    int64_t shops[3]; /* enabled, disabled, needs_person */
    int64_t paused_ms;
    struct tried hour, day;
};
struct breaker {
    struct str name, reason;
    int64_t shop_id, since_ms;
    bool open;
};
struct working {
    struct call *call;
    struct scope_values scope;
    struct work *items;
    struct breaker *breakers;
    size_t len, breakers_len;
    int64_t all_paused_ms;
};

static struct work *work_of(struct working *w, struct str platform)
{
    for (size_t i = 0; i < w->len; i++)
        if (str_eq(w->items[i].platform, platform))
            return &w->items[i];
    if (w->len == WORK_PLATFORMS_MAX)
        return NULL;
    struct str name = arena_dup(w->call->arena, platform);
    if (!name.ptr)
        return NULL;
    w->items[w->len] = (struct work){.platform = name};
    return &w->items[w->len++];
}

static enum err_class shops_count(struct working *w, struct err *err)
{
    static const char *const states[] = {"enabled", "disabled", "needs_person"};
    const struct sql_value values[] = {w->scope.all, w->scope.ids};
    struct reader *row;
    enum err_class class_ = store_read(w->call->host->store, SQL_PLATFORM_SHOPS, values, 2, &row,
                                       err);
    if (class_ != ERR_OK)
        return class_;
    while (reader_next(row)) {
        struct work *work = work_of(w, reader_text(row, 0));
        for (size_t i = 0; work && i < 3; i++)
            if (str_eq(reader_text(row, 1), str_of(states[i])))
                work->shops[i] = reader_int(row, 2);
    }
    return reader_close(row, err);
}

static enum err_class tries_count(struct working *w, int64_t span_ms, struct err *err)
{
    const struct sql_value values[] = {w->scope.all, w->scope.ids,
                                       sql_int(w->call->now_ms - span_ms)};
    struct reader *row;
    enum err_class class_ = store_read(w->call->host->store, SQL_PLATFORM_TRIES, values, 3, &row,
                                       err);
    if (class_ != ERR_OK)
        return class_;
    while (reader_next(row)) {
        struct work *work = work_of(w, reader_text(row, 0));
        if (!work)
            continue;
        *(span_ms == WORK_HOUR_MS ? &work->hour : &work->day) = (struct tried){
            reader_int(row, 1), reader_int(row, 2), reader_int(row, 3), reader_int(row, 4),
            reader_int(row, 5)};
    }
    return reader_close(row, err);
}

static enum err_class holds_note(struct working *w, struct err *err)
{
    struct hold *holds;
    size_t len;
    enum err_class class_ = holds_read(w->call->host->store, w->call->arena, &holds, &len, err);
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        if (holds[i].of.scope == HOLD_ALL)
            w->all_paused_ms = holds[i].since_ms;
        for (size_t k = 0; holds[i].of.scope == HOLD_PLATFORM && k < w->len; k++)
            if (str_eq(w->items[k].platform, holds[i].of.platform))
                w->items[k].paused_ms = holds[i].since_ms;
    }
    return class_;
}

static struct str member_dup(struct arena *arena, const struct json_doc *doc, const char *key)
{
    const struct json *value = json_get(json_root(doc), str_of(key));
    struct str text = value ? arena_dup(arena, json_text(value)) : STR("");
    return text.ptr ? text : STR("");
}

/* The newest word of each breaker comes first; what was said before it does not count. */
static void breaker_note(struct working *w, const struct reader *row)
{
    struct json_doc *doc;
    int64_t shop_id = reader_int(row, 2);
    if ((shop_id != 0 && !call_sees_shop(w->call, shop_id)) ||
        json_parse(reader_text(row, 3), &doc, NULL) != ERR_OK)
        return;
    struct breaker told = {.name = member_dup(w->call->arena, doc, "name"),
                           .reason = member_dup(w->call->arena, doc, "reason"),
                           .shop_id = shop_id,
                           .since_ms = reader_int(row, 0),
                           .open = str_eq(reader_text(row, 1), STR("breaker_opened"))};
    json_free(doc);
    for (size_t i = 0; i < w->breakers_len; i++)
        if (str_eq(w->breakers[i].name, told.name))
            return;
    w->breakers[w->breakers_len++] = told;
}

static enum err_class breakers_read(struct working *w, struct err *err)
{
    const struct sql_value after = sql_int(w->call->now_ms - WORK_DAY_MS);
    struct reader *row;
    enum err_class class_ = store_read(w->call->host->store, SQL_PLATFORM_BREAKERS, &after, 1, &row,
                                       err);
    if (class_ != ERR_OK)
        return class_;
    while (w->breakers_len < WORK_BREAKERS_MAX && reader_next(row))
        breaker_note(w, row);
    return reader_close(row, err);
}

static void tried_out(struct out *out, const char *key, const struct tried *tried)
{
    out_object(out, key);
    out_int(out, "tries", tried->tries);
    out_int(out, "failed", tried->failed);
    out_share(out, "failed_share", tried->failed, tried->tries);
    out_int(out, "calls", tried->calls);
    out_int(out, "pages", tried->pages);
    out_int(out, "rejects", tried->rejects);
    out_end_object(out);
}

static bool is_of(struct str name, struct str platform)
{
    return str_eq(name, platform) || (str_starts(name, platform) && name.ptr[platform.len] == '/');
}

static void work_out(struct out *out, const struct working *w, const struct work *work)
{
    int64_t paused_ms = w->all_paused_ms ? w->all_paused_ms : work->paused_ms;
    out_object(out, NULL);
    out_text(out, "platform", work->platform);
    out_int(out, "shops_enabled", work->shops[0]);
    out_int(out, "shops_disabled", work->shops[1]);
    out_int(out, "shops_need_person", work->shops[2]);
    out_time_or_null(out, "paused_since", paused_ms, paused_ms > 0);
    out_bool(out, "everything_paused", w->all_paused_ms > 0);
    tried_out(out, "hour", &work->hour);
    tried_out(out, "day", &work->day);
    out_list(out, "breakers");
    for (size_t i = 0; i < w->breakers_len; i++) {
        const struct breaker *breaker = &w->breakers[i];
        if (!breaker->open || !is_of(breaker->name, work->platform))
            continue;
        out_object(out, NULL);
        out_text(out, "name", breaker->name);
        control_out_shop(out, w->call, "shop", breaker->shop_id);
        out_time(out, "since", breaker->since_ms);
        out_text(out, "reason", breaker->reason);
        out_end_object(out);
    }
    out_end_list(out);
    out_end_object(out);
}

static enum err_class platform_work(struct call *call, struct err *err)
{
    struct working w = {.call = call};
    struct out out;
    w.items = arena_array(call->arena, WORK_PLATFORMS_MAX, sizeof(*w.items));
    w.breakers = arena_array(call->arena, WORK_BREAKERS_MAX, sizeof(*w.breakers));
    if (!w.items || !w.breakers)
        return err_no_memory(err);
    enum err_class class_ = control_scope_seen(call, &w.scope, err);
    if (class_ == ERR_OK)
        class_ = shops_count(&w, err);
    if (class_ == ERR_OK)
        class_ = tries_count(&w, WORK_HOUR_MS, err);
    if (class_ == ERR_OK)
        class_ = tries_count(&w, WORK_DAY_MS, err);
    if (class_ == ERR_OK)
        class_ = holds_note(&w, err);
    if (class_ == ERR_OK)
        class_ = breakers_read(&w, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; i < w.len; i++)
        work_out(&out, &w, &w.items[i]);
    out_end_list(&out);
    out_time(&out, "as_of", call->now_ms);
    out_end_object(&out);
    return ERR_OK;
}

const struct route platform_routes[] = {
    {ROUTE_GET, "/api/v1/platforms", "platformList", RIGHT_READ, NULL, platform_list,
     .summary = "Platforms that there are manifests of", .answer = "PlatformList"},
    {ROUTE_GET, "/api/v1/platforms/{platform}/needs", "platformNeeds", RIGHT_READ, need_params,
     platform_needs, .summary = "What a platform needs of an app and of a shop",
     .answer = "PlatformNeeds"},
    {ROUTE_GET, "/api/v1/platforms/work", "platformWork", RIGHT_READ, NULL, platform_work,
     .summary =
         "How each platform with shops has answered: the last hour and day, pauses, breakers",
     .answer = "PlatformWork"},
    {0},
};

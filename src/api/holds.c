/* What people say to the queue (holds), and when it does what by itself (schedules). */
#include <stdio.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/items.h"
#include "api/tables.h"

/* --- holds --- */

static void hold_out(struct out *out, const struct call *call, const struct hold *hold)
{
    static const char *const words[] = {
        [HOLD_ALL] = "all", [HOLD_PLATFORM] = "platform", [HOLD_LANE] = "shop"};
    out_object(out, NULL);
    out_text(out, "scope", str_of(words[hold->of.scope]));
    out_text_or_null(out, "platform",
                     hold->of.scope == HOLD_PLATFORM ? hold->of.platform : STR_NONE);
    control_out_shop(out, call, "shop", hold->of.scope == HOLD_LANE ? hold->of.lane : 0);
    out_time(out, "since", hold->since_ms);
    out_end_object(out);
}

static enum err_class hold_list(struct call *call, struct err *err)
{
    struct hold *holds;
    struct out out;
    size_t len;
    enum err_class class_ = holds_read(call->host->store, call->arena, &holds, &len, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; i < len; i++) {
        if (holds[i].of.scope != HOLD_LANE || call_sees_shop(call, holds[i].of.lane))
            hold_out(&out, call, &holds[i]);
    }
    out_end_list(&out);
    out_end_object(&out);
    return ERR_OK;
}

static const struct param hold_params[] = {
    {"shop", PARAM_BODY, PARAM_TEXT, .help = "Number or name of a shop"},
    {"platform", PARAM_BODY, PARAM_TEXT, .max = 64, .help = "All shops of a platform"},
    {"everything", PARAM_BODY, PARAM_BOOL, .help = "All shops"},
    {0}};

/* A pause of a platform that is not there would hold nothing, and say otherwise. Its end is always good: its manifest may be gone. */
static enum err_class platform_check(struct call *call, struct err *err)
{
    const struct api_home *home;
    struct api_platform *platforms;
    size_t len = 0;
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = home->platforms(home->context, call->arena, &platforms, &len, err);
    for (size_t i = 0; class_ == ERR_OK && i < len; i++)
        if (str_eq(platforms[i].name, call_text(call, "platform")))
            return ERR_OK;
    call->parameter = "platform";
    return class_ == ERR_OK ? call_absent(err, "platform", call_text(call, "platform")) : class_;
}

/* What is paused beyond his shops is not his to pause. */
static enum err_class hold_of_args(struct call *call, bool ends, struct hold_of *of,
                                   struct err *err)
{
    bool shop = call_given(call, "shop"), platform = call_given(call, "platform");
    bool all = call_given(call, "everything") && call_int(call, "everything") != 0;
    if (shop + platform + all != 1)
        return call_refuse(call, "shop", "hold_which", err,
                           "one of: shop, platform, everything: true");
    if (shop) {
        struct shop_scope scope;
        enum err_class class_ = call_shops(call, &scope, err);
        if (class_ == ERR_OK)
            *of = (struct hold_of){.scope = HOLD_LANE, .lane = scope.ids[0]};
        return class_;
    }
    if (!call->person->all_shops)
        return err_set(err, ERR_FORBIDDEN, "right",
                       "that holds shops too that are not yours: name your shops");
    *of = (struct hold_of){.scope = all ? HOLD_ALL : HOLD_PLATFORM,
                           .platform = platform ? call_text(call, "platform") : STR("")};
    return platform && !ends ? platform_check(call, err) : ERR_OK;
}

struct holding {
    struct hold_of of;
    int64_t now_ms, gone;
    bool ends, news;
};

static enum err_class hold_work(struct tx *tx, void *context, struct err *err)
{
    struct holding *h = context;
    return h->ends ? hold_end_in(tx, h->of, h->now_ms, &h->gone, err)
                   : hold_put_in(tx, h->of, h->now_ms, &h->news, err);
}

static enum err_class hold_do(struct call *call, const struct hold_of *of, bool ends,
                              struct err *err)
{
    struct holding h = {.of = *of, .now_ms = call->now_ms, .ends = ends};
    char number[24];
    struct out out;
    snprintf(number, sizeof(number), "%lld", (long long)of->lane);
    struct str subject = of->scope == HOLD_ALL        ? STR("everything")
                         : of->scope == HOLD_PLATFORM ? of->platform
                                                      : str_of(number);
    struct change change = {.line = audit_of(call, ends ? "resume" : "pause", subject),
                            .work = hold_work,
                            .context = &h};
    change.line.shop_id = of->scope == HOLD_LANE ? of->lane : 0;
    enum err_class class_ = change_make(call->host->store, &change, err);
    bool held = false;
    if (class_ == ERR_OK && of->scope == HOLD_LANE)
        class_ = lane_is_held(call->host->store, of->lane, &held, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_bool(&out, "changed", ends ? h.gone > 0 : h.news);
    /* A hold of its platform, or of everything, may stand. */
    if (of->scope == HOLD_LANE)
        out_bool(&out, "paused", held);
    out_end_object(&out);
    return ERR_OK;
}

static enum err_class hold_change(struct call *call, struct err *err)
{
    struct hold_of of;
    bool ends = call->route->path[sizeof("/api/v1/") - 1] == 'r';
    enum err_class class_ = hold_of_args(call, ends, &of, err);
    return class_ == ERR_OK ? hold_do(call, &of, ends, err) : class_;
}

static const struct param shop_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The shop"}, {0}};

static enum err_class shop_hold(struct call *call, bool ends, struct err *err)
{
    struct hold_of of = {.scope = HOLD_LANE};
    const struct api_shop *shop;
    enum err_class class_ = control_shop(call, "id", &of.lane, &shop, err);
    return class_ == ERR_OK ? hold_do(call, &of, ends, err) : class_;
}

static enum err_class shop_pause(struct call *call, struct err *err)
{
    return shop_hold(call, false, err);
}

static enum err_class shop_resume(struct call *call, struct err *err)
{
    return shop_hold(call, true, err);
}

/* --- schedules --- */

static const struct param schedule_params[] = {CONTROL_SHOP, {0}};

static void schedule_write(struct call *call, struct out *out, const struct reader *row)
{
    control_out_shop(out, call, "shop", reader_int(row, 0));
    out_text(out, "name", reader_text(row, 1));
    out_text(out, "spec", reader_text(row, 2));
    out_text(out, "kind", reader_text(row, 3));
    out_time(out, "next", reader_int(row, 4));
    out_time_or_null(out, "last", reader_int(row, 5), !reader_is_null(row, 5));
    out_int(out, "ticks", reader_int(row, 6));
}

static enum err_class schedule_list(struct call *call, struct err *err)
{
    struct scope_values scope;
    enum err_class class_ = control_scope(call, &scope, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {scope.all, scope.ids};
    return items_answer(call, SQL_SCHEDULE_LIST, values, 2, schedule_write, err);
}

const struct route hold_routes[] = {
    {ROUTE_GET, "/api/v1/holds", "holdList", RIGHT_READ, NULL, hold_list,
     .summary = "What a person has paused", .answer = "HoldList"},
    {ROUTE_POST, "/api/v1/pause", "pause", RIGHT_OPERATE, hold_params, hold_change,
     .summary = "Pause a shop, a platform or everything", .answer = "Held"},
    {ROUTE_POST, "/api/v1/resume", "resume", RIGHT_OPERATE, hold_params, hold_change,
     .summary = "Go on with a shop, a platform or everything", .answer = "Held"},
    {ROUTE_POST, "/api/v1/shops/{id}/pause", "shopPause", RIGHT_OPERATE, shop_params, shop_pause,
     .summary = "Pause a shop: what runs of it ends at its next page", .answer = "Held"},
    {ROUTE_POST, "/api/v1/shops/{id}/resume", "shopResume", RIGHT_OPERATE, shop_params, shop_resume,
     .summary = "Go on with a shop", .answer = "Held"},
    {ROUTE_GET, "/api/v1/schedules", "scheduleList", RIGHT_READ, schedule_params, schedule_list,
     .summary = "What is done by itself, and when next", .answer = "ScheduleList"},
    {0},
};

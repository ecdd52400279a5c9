/* What a DOU+ order is at each point of its course, and how it is written. */
#include <inttypes.h>

#include "format/format.h"
#include "sandbox/douplus.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, BEIJING_MS = 8 * 3600 * 1000 };

/* The two spellings with IERIED are the platform's. */
const char *const douplus_statuses[DOUPLUS_STATUSES] = {
    "UNPAID",     "AUDITING",     "AUDIT_REJECTED", "OFFLINE_AUDIT", "TIME_NO_REACH",
    "DELIVERING", "UNDELIVERIED", "DELIVERIED",     "AUDIT_PAUSE",   "WAIT_TO_START",
};
/* Every status occurs, some of them as a course's end. DELIVERING after DELIVERING is a renewal. */
static const struct lifecycle COURSES[] = {
    {25, 3, {{5, 5 * MINUTE}, {MINUTE, 20 * MINUTE}, {6 * HOUR, DAY}}},
    {22, 3, {{5, 5 * MINUTE}, {MINUTE, 20 * MINUTE}, {HOUR, 12 * HOUR}}},
    {5, 1, {{MINUTE, 30 * MINUTE}}},
    {4, 2, {{MINUTE, 20 * MINUTE}, {HOUR, 20 * HOUR}}},
    {8, 1, {{MINUTE, 20 * MINUTE}}},
    {5, 0, {{0, 0}}},
    {5, 3, {{MINUTE, 10 * MINUTE}, {HOUR, 12 * HOUR}, {6 * HOUR, DAY}}},
    {5, 4, {{5, 5 * MINUTE}, {MINUTE, 10 * MINUTE}, {5, 30 * MINUTE}, {6 * HOUR, DAY}}},
    {5, 4, {{MINUTE, 20 * MINUTE}, {HOUR, 12 * HOUR}, {HOUR, 10 * HOUR}, {6 * HOUR, DAY}}},
    {2, 2, {{MINUTE, 20 * MINUTE}, {HOUR, 12 * HOUR}}},
    {2, 1, {{MINUTE, 10 * MINUTE}}},
    {2, 1, {{MINUTE, 10 * MINUTE}}},
    {6, 4, {{5, 5 * MINUTE}, {MINUTE, 20 * MINUTE}, {HOUR, DAY}, {6 * HOUR, 2 * DAY}}},
    {3, 4, {{MINUTE, 20 * MINUTE}, {HOUR, 12 * HOUR}, {HOUR, DAY}, {HOUR, DAY}}},
    {1, 4, {{MINUTE, 20 * MINUTE}, {80 * DAY, 95 * DAY}, {80 * DAY, 95 * DAY}, {DAY, 2 * DAY}}},
};
static const enum douplus_status STATES[][ORDER_STEPS_MAX + 1] = {
    {UNPAID, AUDITING, DELIVERING, DELIVERIED},
    {UNPAID, AUDITING, DELIVERING, UNDELIVERIED},
    {AUDITING, AUDIT_REJECTED},
    {AUDITING, DELIVERING, OFFLINE_AUDIT},
    {AUDITING, DELIVERING},
    {UNPAID},
    {AUDITING, TIME_NO_REACH, DELIVERING, DELIVERIED},
    {UNPAID, AUDITING, WAIT_TO_START, DELIVERING, DELIVERIED},
    {AUDITING, DELIVERING, AUDIT_PAUSE, DELIVERING, DELIVERIED},
    {AUDITING, DELIVERING, AUDIT_PAUSE},
    {AUDITING, TIME_NO_REACH},
    {AUDITING, WAIT_TO_START},
    {UNPAID, AUDITING, DELIVERING, DELIVERING, DELIVERIED},
    {AUDITING, DELIVERING, DELIVERING, DELIVERING, UNDELIVERIED},
    {AUDITING, DELIVERING, DELIVERING, DELIVERING, DELIVERIED},
};
/* Runs for half a year, so that figures older than the longest range of a report still move. */
enum { COURSE_LONG = 14 };
_Static_assert(sizeof COURSES / sizeof *COURSES == sizeof STATES / sizeof *STATES,
               "a course has its states");
static const enum douplus_status CHURNED[] = {DELIVERING, AUDIT_PAUSE, DELIVERIED};
static const char *const TITLES[] = {
    "淘宝闪购搜【1234】快冲！！！ ",
    "27 HU0000 1:/abcd #餐补 #\"隐藏\"口令",
    "周末好去处，收藏起来\\转给朋友",
    "￥cX0000￥/ 限时活动 🎉",
};

const struct world_kind douplus_kind = {
    .lifecycles = COURSES,
    .lifecycles_len = sizeof COURSES / sizeof *COURSES,
    .id_base = 1800000000000000, /* 16 digits, as the real ones */
    .id_bits = 46,
};

struct douplus_account *douplus_account_of(struct platform *platform, const struct shop *shop)
{
    struct douplus *douplus = platform->state;
    return &douplus->accounts[shop->index];
}

static bool step_renews(const struct order *order, unsigned step)
{
    const enum douplus_status *states = STATES[order->lifecycle];
    return step > 0 && states[step] == DELIVERING && states[step - 1] == DELIVERING;
}

/* Whether the order delivers again after a pause. */
static bool order_resumes(const struct order *order)
{
    const enum douplus_status *states = STATES[order->lifecycle];
    for (unsigned s = 0; s < COURSES[order->lifecycle].steps; s++)
        if (states[s] == AUDIT_PAUSE && states[s + 1] == DELIVERING)
            return true;
    return false;
}

static int64_t budget_first_fen(uint64_t hash)
{
    return (int64_t)(1 + world_mix(hash, 200) % 100) * 10000;
}

static int64_t budget_renewed_fen(uint64_t hash, unsigned step)
{
    return (int64_t)(1 + world_mix(hash, 400 + step) % 20) * 10000;
}

static unsigned hours_first(const struct order *order, uint64_t hash)
{
    static const unsigned HOURS[] = {2, 6, 12, 24};
    if (order->lifecycle == COURSE_LONG)
        return 100 * 24;
    /* What delivers again must have time left after its first part. */
    return order_resumes(order) ? 24 : HOURS[world_mix(hash, 200) / 3 % 4];
}

static unsigned hours_renewed(const struct order *order, uint64_t hash, unsigned step)
{
    if (order->lifecycle == COURSE_LONG)
        return 100 * 24;
    return 12 * (1 + (unsigned)(world_mix(hash, 410 + step) % 4));
}

size_t douplus_stretches_of(const struct order_view *view, struct douplus_stretch out[])
{
    const struct order *order = &view->order;
    const enum douplus_status *states = STATES[order->lifecycle];
    uint64_t hash = view->hash;
    uint32_t left_s = hours_first(order, hash) * HOUR;
    size_t len = 0;
    for (unsigned s = 1; s <= order->steps; s++) {
        if (states[s] != DELIVERING)
            continue;
        bool renewed = step_renews(order, s);
        uint32_t from_s = order->step_s[s - 1];
        uint32_t next_s = s < order->steps ? order->step_s[s] : UINT32_MAX;
        uint32_t allowed_s = renewed ? hours_renewed(order, hash, s) * HOUR : left_s;
        int64_t fen = renewed ? budget_renewed_fen(hash, s) : budget_first_fen(hash);
        /* Two parts around a pause share one budget; nobody spends all of it. */
        fen = !renewed && order_resumes(order) ? fen / 2 : fen;
        uint32_t lasts_s = next_s - from_s < allowed_s ? next_s - from_s : allowed_s;
        left_s -= renewed ? 0 : lasts_s;
        out[len++] = (struct douplus_stretch){
            from_s, from_s + lasts_s,
            fen * (int64_t)(400000 + world_mix(hash, 420 + s) % 600000) / 1000000};
    }
    return len;
}

void douplus_facts_of(struct platform *platform, const struct shop *shop,
                      const struct order_view *view, struct douplus_facts *out)
{
    static const unsigned GAPS[] = {16, 976, 6220064};
    const struct douplus_account *account = douplus_account_of(platform, shop);
    uint64_t random = world_mix(view->hash, 200);
    *out = (struct douplus_facts){
        /* Near the order's id and never equal to it, as pairs seen in production. */
        .task = view->id - GAPS[random % 3],
        .hours = hours_first(&view->order, view->hash),
        .ads = 1,
    };
    if (account->recorded) {
        const struct douplus_recorded *recorded = &account->recorded[view->order.number];
        out->item = recorded->item;
        out->title = recorded->title;
        out->status = recorded->status;
        out->budget_fen = recorded->budget_fen;
        return;
    }
    out->live = random % 20 == 0;
    /* A live room that is promoted directly has no video. */
    if (!out->live || random / 20 % 2 == 0) {
        uint64_t video = world_mix(shop->seed, 300 + random % 40);
        out->item = UINT64_C(7500000000000000000) + video % 99999999999999999;
        out->title = str_of(TITLES[video % (sizeof TITLES / sizeof *TITLES)]);
    }
    out->ads = world_mix(view->hash, 201) % 5 == 0 ? DOUPLUS_ADS_MAX : 1;
    out->renewals = view->order.churns;
    out->budget_fen = budget_first_fen(view->hash) + (int64_t)out->renewals * 1000;
    for (unsigned s = 1; s <= view->step; s++)
        if (step_renews(&view->order, s)) {
            out->renewals++;
            out->budget_fen += budget_renewed_fen(view->hash, s);
            out->hours += hours_renewed(&view->order, view->hash, s);
        }
    out->status = douplus_statuses[STATES[view->order.lifecycle][view->step]];
    if (view->churned)
        out->status = douplus_statuses[CHURNED[view->order.churns % 3]];
}

uint64_t douplus_ad_id(const struct order_view *view, unsigned ad)
{
    return view->id + 5 + ad;
}

static void write_beijing(uint32_t at_s, struct buf *out)
{
    struct civil local;
    civil_from_utc_ms((int64_t)at_s * 1000 + BEIJING_MS, &local);
    buf_printf(out, "\"%04d-%02u-%02u %02u:%02u:%02u\"", local.year, local.month, local.day,
               local.hour, local.minute, local.second);
}

static void write_ad(const struct order_view *view, const struct douplus_facts *facts, unsigned ad,
                     struct buf *out)
{
    buf_printf(out,
               "{\"ad_id\":%" PRIu64 ",\"ad_status\":\"%s\",\"budget\":%" PRId64
               ",\"cpa_bid\":0,\"bid_mode\":\"自动出价\",\"delivery_time\":%u.0,\"is_fans\":%u,"
               "\"external_action\":137,\"external_action_text\":\"点赞评论量\",\"audience\":{}}",
               douplus_ad_id(view, ad), facts->status, facts->budget_fen, facts->hours, ad);
}

static void write_item(const struct douplus_account *account, const struct douplus_facts *facts,
                       struct buf *out)
{
    buf_printf(out, "{\"aweme_item_id\":%" PRIu64 ",\"aweme_item_title\":", facts->item);
    json_write_string(out, facts->title);
    buf_printf(out,
               ",\"aweme_item_cover\":[\"https://p3-sign.example/%" PRIu64 ".jpeg\"],"
               "\"aweme_author_name\":",
               facts->item);
    json_write_string(out, str_of(account->name));
    buf_add(out, STR(",\"aweme_author_unique_id\":"));
    json_write_string(out, str_of(account->name));
    buf_add(out, STR(",\"aweme_author_avatar\":[]}"));
}

void douplus_write_order(struct platform *platform, const struct shop *shop,
                         const struct order_view *view, struct buf *out)
{
    struct douplus_facts facts;
    douplus_facts_of(platform, shop, view, &facts);
    buf_printf(
        out, "{\"order\":{\"order_id\":%" PRIu64 ",\"task_id\":%" PRIu64 ",\"order_create_time\":",
        view->id, facts.task);
    write_beijing(view->order.created_s, out);
    buf_printf(out,
               ",\"budget\":%" PRId64 ",\"task_status\":\"%s\",\"scene_type\":\"%s\","
               "\"live_scene\":\"%s\",\"renew_count\":%u,\"rta_id\":0},\"ad_list\":[",
               facts.budget_fen, facts.status, facts.live ? "LIVE" : "VIDEO",
               !facts.live       ? ""
               : facts.item == 0 ? "直推直播间"
                                 : "视频导流直播间",
               facts.renewals);
    for (unsigned ad = 0; ad < facts.ads; ad++) {
        buf_add(out, ad > 0 ? STR(",") : STR(""));
        write_ad(view, &facts, ad, out);
    }
    buf_add(out, STR("],\"item_info_list\":["));
    if (facts.item != 0)
        write_item(douplus_account_of(platform, shop), &facts, out);
    buf_add(out, STR("],\"live_room_info\":{}}"));
}

void douplus_write_item_id(uint64_t item, struct buf *out)
{
    if (item == 0)
        buf_add(out, STR("\"item_id\":null"));
    else
        buf_printf(out, "\"item_id\":\"%" PRIu64 "\"", item);
}

void douplus_write_truth(struct platform *platform, struct shop *shop,
                         const struct order_view *view, struct buf *out)
{
    struct douplus_facts facts;
    douplus_facts_of(platform, shop, view, &facts);
    const struct douplus_account *account = douplus_account_of(platform, shop);
    buf_printf(out,
               "{\"order_id\":\"%" PRIu64 "\",\"task_id\":\"%" PRIu64 "\",\"account_id\":\"%s\","
               "\"status\":\"%s\",\"budget\":%" PRId64 ",\"created_at\":%u,\"scene\":\"%s\","
               "\"renew_count\":%u,\"delivery_hours\":%u,\"ads\":%u,",
               view->id, facts.task, account->sec_uid, facts.status, facts.budget_fen,
               view->order.created_s, facts.live ? "LIVE" : "VIDEO", facts.renewals, facts.hours,
               facts.ads);
    douplus_write_item_id(facts.item, out);
    buf_add(out, STR(",\"title\":"));
    json_write_string(out, facts.title);
    buf_add_char(out, '}');
}

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
static const struct lifecycle COURSES[] = {
    {40, 3, {{5, 5 * MINUTE}, {MINUTE, 20 * MINUTE}, {6 * HOUR, DAY}}},
    {35, 3, {{5, 5 * MINUTE}, {MINUTE, 20 * MINUTE}, {HOUR, 12 * HOUR}}},
    {5, 1, {{MINUTE, 30 * MINUTE}}},
    {5, 2, {{MINUTE, 20 * MINUTE}, {HOUR, 20 * HOUR}}},
    {10, 1, {{MINUTE, 20 * MINUTE}}},
    {5, 0, {{0, 0}}},
};
static const enum douplus_status STATES[][ORDER_STEPS_MAX + 1] = {
    {UNPAID, AUDITING, DELIVERING, DELIVERIED},
    {UNPAID, AUDITING, DELIVERING, UNDELIVERIED},
    {AUDITING, AUDIT_REJECTED},
    {AUDITING, DELIVERING, OFFLINE_AUDIT},
    {AUDITING, DELIVERING},
    {UNPAID},
};
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

void douplus_facts_of(struct platform *platform, const struct shop *shop,
                      const struct order_view *view, struct douplus_facts *out)
{
    static const unsigned HOURS[] = {2, 6, 12, 24};
    static const unsigned GAPS[] = {16, 976, 6220064};
    const struct douplus_account *account = douplus_account_of(platform, shop);
    uint64_t random = world_mix(view->hash, 200);
    *out = (struct douplus_facts){
        /* Near the order's id and never equal to it, as pairs seen in production. */
        .task = view->id - GAPS[random % 3],
        .hours = HOURS[random / 3 % 4],
    };
    if (account->recorded) {
        const struct douplus_recorded *recorded = &account->recorded[view->order.number];
        out->item = recorded->item;
        out->title = recorded->title;
        out->status = recorded->status;
        out->budget_fen = recorded->budget_fen;
        return;
    }
    uint64_t video = world_mix(shop->seed, 300 + random % 40);
    out->item = UINT64_C(7500000000000000000) + video % 99999999999999999;
    out->title = str_of(TITLES[video % (sizeof TITLES / sizeof *TITLES)]);
    out->renewals = view->order.churns;
    out->budget_fen = (int64_t)(1 + random % 100) * 10000 + (int64_t)out->renewals * 1000;
    out->live = random % 20 == 0;
    out->status = douplus_statuses[STATES[view->order.lifecycle][view->step]];
    if (view->churned)
        out->status = douplus_statuses[CHURNED[view->order.churns % 3]];
}

static void write_beijing(uint32_t at_s, struct buf *out)
{
    struct civil local;
    civil_from_utc_ms((int64_t)at_s * 1000 + BEIJING_MS, &local);
    buf_printf(out, "\"%04d-%02u-%02u %02u:%02u:%02u\"", local.year, local.month, local.day,
               local.hour, local.minute, local.second);
}

void douplus_write_order(struct platform *platform, const struct shop *shop,
                         const struct order_view *view, struct buf *out)
{
    struct douplus_facts facts;
    douplus_facts_of(platform, shop, view, &facts);
    const struct douplus_account *account = douplus_account_of(platform, shop);
    buf_printf(
        out, "{\"order\":{\"order_id\":%" PRIu64 ",\"task_id\":%" PRIu64 ",\"order_create_time\":",
        view->id, facts.task);
    write_beijing(view->order.created_s, out);
    buf_printf(out,
               ",\"budget\":%" PRId64 ",\"task_status\":\"%s\",\"scene_type\":\"%s\","
               "\"live_scene\":\"%s\",\"renew_count\":%u,\"rta_id\":0},"
               "\"ad_list\":[{\"ad_id\":%" PRIu64 ",\"ad_status\":\"%s\",\"budget\":%" PRId64
               ",\"cpa_bid\":0,\"bid_mode\":\"自动出价\",\"delivery_time\":%u.0,\"is_fans\":0,"
               "\"external_action\":%u,\"external_action_text\":\"点赞评论量\",\"audience\":{}}],",
               facts.budget_fen, facts.status, facts.live ? "LIVE" : "VIDEO",
               facts.live ? "视频导流直播间" : "", facts.renewals, view->id + 5, facts.status,
               facts.budget_fen, facts.hours, 137);
    buf_printf(out, "\"item_info_list\":[{\"aweme_item_id\":%" PRIu64 ",\"aweme_item_title\":",
               facts.item);
    json_write_string(out, facts.title);
    buf_printf(out,
               ",\"aweme_item_cover\":[\"https://p3-sign.example/%" PRIu64 ".jpeg\"],"
               "\"aweme_author_name\":",
               facts.item);
    json_write_string(out, str_of(account->name));
    buf_add(out, STR(",\"aweme_author_unique_id\":"));
    json_write_string(out, str_of(account->name));
    buf_add(out, STR(",\"aweme_author_avatar\":[]}],\"live_room_info\":{}}"));
}

void douplus_write_truth(struct platform *platform, struct shop *shop,
                         const struct order_view *view, struct buf *out)
{
    struct douplus_facts facts;
    douplus_facts_of(platform, shop, view, &facts);
    const struct douplus_account *account = douplus_account_of(platform, shop);
    buf_printf(out,
               "{\"order_id\":\"%" PRIu64 "\",\"task_id\":\"%" PRIu64 "\",\"account_id\":\"%s\","
               "\"status\":\"%s\",\"budget\":%" PRId64 ",\"created_at\":%u,\"item_id\":\"%" PRIu64
               "\",\"scene\":\"%s\",\"renew_count\":%u,\"delivery_hours\":%u,\"title\":",
               view->id, facts.task, account->sec_uid, facts.status, facts.budget_fen,
               view->order.created_s, facts.item, facts.live ? "LIVE" : "VIDEO", facts.renewals,
               facts.hours);
    json_write_string(out, facts.title);
    buf_add_char(out, '}');
}

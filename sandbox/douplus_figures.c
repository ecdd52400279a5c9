/* What an order brought: money and counters as cumulative functions of time that never fall, so that
 * a range is a difference and days add up to the whole. */
#include <inttypes.h>
#include <stdio.h>

#include "sandbox/douplus.h"

enum { HOUR = 3600, PIECES = 8, MILLION = 1000000 };

const char *const douplus_figure_names[DOUPLUS_FIGURES] = {
    [FIGURE_COST] = "stat_cost",
    [FIGURE_PLAY] = "total_play",
    [FIGURE_LIKE] = "custom_like",
    [FIGURE_COMMENT] = "dy_comment",
    [FIGURE_SHARE] = "dy_share",
    [FIGURE_FOLLOW] = "dy_follow",
    [FIGURE_HOME_VISITED] = "dy_home_visited",
    [FIGURE_CONVERT] = "dp_target_convert_cnt",
    [FIGURE_SHOW] = "show_cnt",
    [FIGURE_LIVE_CLICK] = "live_click_source_cnt",
    [FIGURE_LIVE_GIFT_USERS] = "live_gift_uv",
    [FIGURE_LIVE_GIFT_AMOUNT] = "live_gift_amount",
    [FIGURE_LIVE_COMMENT] = "live_comment_cnt",
    [FIGURE_LIVE_FOLLOW] = "douplus_live_follow_count",
    [FIGURE_LIVE_GIFT] = "live_gift_cnt",
    [FIGURE_PLAY_5S] = "play_5s_num",
};

/* A counter in millionths of the plays: each ad has its own share between the two. */
static const struct counter {
    enum douplus_figure figure;
    bool live_only;
    unsigned min_ppm, max_ppm;
} COUNTERS[] = {
    {FIGURE_LIKE, false, 2000, 40000},       {FIGURE_COMMENT, false, 0, 5000},
    {FIGURE_SHARE, false, 0, 8000},          {FIGURE_FOLLOW, false, 0, 3000},
    {FIGURE_HOME_VISITED, false, 500, 9000}, {FIGURE_CONVERT, false, 0, 12000},
    {FIGURE_SHOW, false, 1010000, 1500000},  {FIGURE_LIVE_CLICK, true, 1000, 60000},
    {FIGURE_LIVE_GIFT_USERS, true, 0, 900},  {FIGURE_LIVE_GIFT_AMOUNT, true, 0, 20000},
    {FIGURE_LIVE_COMMENT, true, 0, 9000},    {FIGURE_LIVE_FOLLOW, true, 0, 4000},
    {FIGURE_LIVE_GIFT, true, 0, 2000},
};
enum { RATE_5S_MIN_PPM = 50000, RATE_5S_MAX_PPM = 700000 };

static int64_t half_even(int64_t number, int64_t by)
{
    int64_t whole = number / by, rest = number % by;
    bool up = rest > by - rest || (rest == by - rest && whole % 2 == 1);
    return whole + up;
}

int64_t douplus_convert_cost(const struct douplus_figures *figures)
{
    int64_t conversions = figures->of[FIGURE_CONVERT];
    return conversions == 0 ? 0 : half_even(figures->of[FIGURE_COST], conversions);
}

void douplus_rate_text(int64_t rate_ppm, char out[DOUPLUS_RATE_MAX])
{
    int len = snprintf(out, DOUPLUS_RATE_MAX, "%" PRId64 ".%06" PRId64, rate_ppm / MILLION,
                       rate_ppm % MILLION);
    while (out[len - 1] == '0')
        out[--len] = '\0';
    if (out[len - 1] == '.')
        out[len - 1] = '\0';
}

static int64_t between(uint64_t random, int64_t min, int64_t max)
{
    return min + (int64_t)(random % (uint64_t)(max - min + 1));
}

/* How much of `amount` has come after at_s of span_s seconds: a broken line of PIECES pieces, some
 * steep and some nearly flat. Amounts below 2^32 keep every product below 2^63. */
static int64_t unevenly(uint64_t hash, uint32_t at_s, uint32_t span_s, int64_t amount)
{
    int64_t weights = 0, before = 0;
    uint64_t place = (uint64_t)at_s * PIECES;
    if (at_s >= span_s)
        return amount;
    for (uint64_t k = 0; k < PIECES; k++) {
        int64_t weight = between(world_mix(hash, k), 1, 9);
        weights += weight;
        if (k < place / span_s)
            before += weight;
    }
    uint64_t piece = place / span_s;
    int64_t weight = between(world_mix(hash, piece), 1, 9);
    /* Millionths of a piece are enough: the line is still a line. */
    int64_t within = (int64_t)(place % span_s * MILLION / span_s);
    return amount * before / weights + amount * weight / weights * within / MILLION;
}

/* One ad's part of the order's money: all of it, or two parts. */
static int64_t ad_part(const struct order_view *view, unsigned ads, unsigned ad, int64_t fen)
{
    int64_t first = ads == 1 ? fen : fen * between(world_mix(view->hash, 500), 30, 70) / 100;
    return ad == 0 ? first : fen - first;
}

/* The platform corrects some orders once, hours after the last money was spent: from then on cost and
 * plays of every time are some percent lower. Percent that stay. */
static int64_t percent_kept(const struct platform *platform, const struct order_view *view,
                            uint32_t end_s, uint32_t now_s)
{
    uint64_t random = world_mix(view->hash, 510);
    uint64_t share = (uint64_t)platform->sandbox->options.corrections;
    uint64_t at_s = (uint64_t)end_s + 2 * HOUR + random % (30 * HOUR);
    if (world_mix(view->hash, 511) % 100 >= share || at_s > now_s)
        return 100;
    return between(world_mix(view->hash, 512), 80, 99);
}

struct ad {
    struct douplus_stretch stretches[ORDER_STEPS_MAX];
    size_t stretches_len;
    uint64_t hash;
    unsigned ads, ad;
    int64_t percent;
    bool live;
};

/* Everything until until_s, exclusive. */
static void figures_until(const struct order_view *view, const struct ad *ad, uint32_t until_s,
                          struct douplus_figures *out)
{
    int64_t plays = 0, *of = out->of;
    *out = (struct douplus_figures){0};
    for (size_t i = 0; i < ad->stretches_len; i++) {
        const struct douplus_stretch *stretch = &ad->stretches[i];
        if (until_s <= stretch->from_s)
            continue;
        uint64_t hash = world_mix(ad->hash, 520 + i);
        uint32_t at_s = until_s - stretch->from_s, span_s = stretch->to_s - stretch->from_s;
        int64_t fen = ad_part(view, ad->ads, ad->ad, stretch->fen);
        of[FIGURE_COST] += unevenly(hash, at_s, span_s, fen);
        int64_t plays_all = fen * between(world_mix(ad->hash, 501), 40, 240) / 100;
        plays += unevenly(world_mix(hash, 1), at_s, span_s, plays_all);
    }
    for (size_t c = 0; c < sizeof COUNTERS / sizeof *COUNTERS; c++) {
        const struct counter *counter = &COUNTERS[c];
        int64_t ppm = between(world_mix(ad->hash, 540 + c), counter->min_ppm, counter->max_ppm);
        if (!counter->live_only || ad->live)
            of[counter->figure] = plays * ppm / MILLION;
    }
    of[FIGURE_COST] = of[FIGURE_COST] * ad->percent / 100;
    of[FIGURE_PLAY] = plays * ad->percent / 100;
    /* Of the plays as they are said: no range may have more long plays than plays. */
    of[FIGURE_PLAY_5S] = of[FIGURE_PLAY] *
                         between(world_mix(ad->hash, 502), RATE_5S_MIN_PPM, RATE_5S_MAX_PPM) /
                         MILLION;
}

/* At rest nothing happens after a moment: neither money nor a correction. */
static uint32_t world_now_s(const struct shop *shop, uint32_t now_s)
{
    return now_s < shop->plan.rest_s ? now_s : shop->plan.rest_s;
}

static const struct douplus_recorded *recorded_of(struct platform *platform,
                                                  const struct shop *shop,
                                                  const struct order_view *view)
{
    const struct douplus_account *account = douplus_account_of(platform, shop);
    return account->recorded ? &account->recorded[view->order.number] : NULL;
}

bool douplus_delivered(struct platform *platform, const struct shop *shop,
                       const struct order_view *view, uint32_t now_s)
{
    const struct douplus_recorded *recorded = recorded_of(platform, shop, view);
    struct douplus_stretch stretches[ORDER_STEPS_MAX];
    if (!recorded)
        return douplus_stretches_of(view, stretches) > 0 &&
               stretches[0].from_s <= world_now_s(shop, now_s);
    /* The file has no times of delivery: what has a figure delivered. */
    for (int f = 0; f < DOUPLUS_FIGURES; f++)
        if (recorded->figures.of[f] != 0)
            return true;
    return recorded->figures.rate_ppm != 0;
}

void douplus_figures_of(struct platform *platform, const struct shop *shop,
                        const struct order_view *view, unsigned ad, uint32_t from_s, uint32_t to_s,
                        uint32_t now_s, struct douplus_figures *out)
{
    const struct douplus_recorded *recorded = recorded_of(platform, shop, view);
    struct douplus_facts facts;
    struct douplus_figures before;
    *out = (struct douplus_figures){0};
    if (recorded) {
        /* Booked on the day of creation. */
        if (view->order.created_s >= from_s && view->order.created_s < to_s)
            *out = recorded->figures;
        return;
    }
    douplus_facts_of(platform, shop, view, &facts);
    struct ad one = {
        .hash = world_mix(view->hash, 530 + ad), .ads = facts.ads, .ad = ad, .live = facts.live};
    one.stretches_len = douplus_stretches_of(view, one.stretches);
    now_s = world_now_s(shop, now_s);
    to_s = to_s < now_s ? to_s : now_s;
    if (one.stretches_len == 0 || from_s >= to_s)
        return;
    one.percent = percent_kept(platform, view, one.stretches[one.stretches_len - 1].to_s, now_s);
    figures_until(view, &one, from_s, &before);
    figures_until(view, &one, to_s, out);
    for (int f = 0; f < DOUPLUS_FIGURES; f++)
        out->of[f] -= before.of[f];
    if (out->of[FIGURE_PLAY] > 0)
        out->rate_ppm = half_even(out->of[FIGURE_PLAY_5S] * MILLION, out->of[FIGURE_PLAY]);
}

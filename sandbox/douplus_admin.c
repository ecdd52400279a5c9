/* What tests ask DOU+ itself: the right figures, what reports were asked, and a person's consent. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sandbox/douplus.h"

enum { DAY_S = 86400, CODE_LIFE_MS = 600 * 1000 };

/* Free of padding: the map compares bytes. */
struct asked_key {
    uint64_t order;
    uint32_t shop, from_day, to_day, unused;
};
_Static_assert(sizeof(struct asked_key) == 24, "a key has no padding");

void douplus_asked_count(struct call *call, const uint64_t *orders, size_t orders_len)
{
    struct douplus *douplus = call->platform->state;
    /* Further pages belong to the same question. */
    if (call->page != 1)
        return;
    pthread_mutex_lock(&douplus->lock);
    for (size_t i = 0; i < orders_len; i++) {
        const struct asked_key key = {.order = orders[i],
                                      .shop = call->shop->index,
                                      .from_day = call->asked.from_day,
                                      .to_day = call->asked.to_day};
        struct str bytes = {(const char *)&key, sizeof key};
        struct map_entry *entry = map_find(&douplus->asked, bytes);
        if (!entry && douplus->asked.len < DOUPLUS_ASKED_MAX) {
            bytes = arena_dup(&douplus->asked_keys, bytes);
            entry = bytes.ptr ? map_put(&douplus->asked, bytes, NULL) : NULL;
        }
        if (entry)
            entry->value.number++;
        else
            douplus->asked_left_out++;
    }
    pthread_mutex_unlock(&douplus->lock);
}

static void write_day(uint32_t day, struct buf *out)
{
    struct civil date;
    civil_from_utc_ms((int64_t)day * DAY_S * 1000, &date);
    buf_printf(out, "\"%04d-%02u-%02u\"", date.year, date.month, date.day);
}

void douplus_asked_serve(struct sandbox *sandbox, const struct http_request *request,
                         struct http_reply *reply)
{
    struct platform *platform = sandbox_platform(sandbox, STR(PLATFORM_DOUPLUS));
    struct douplus *douplus = platform->state;
    const struct shop *shop = douplus_shop_named(platform, http_query(request, STR("shop")));
    struct buf out;
    size_t at = 0;
    if (!shop) {
        admin_refuse(request, reply, 404, STR("shop= (its external_id) names no DOU+ shop"));
        return;
    }
    buf_init(&out, ADMIN_REPLY_BYTES_MAX);
    pthread_mutex_lock(&douplus->lock);
    for (const struct map_entry *entry; (entry = map_next(&douplus->asked, &at));) {
        const struct asked_key *key = (const void *)entry->key.ptr;
        if (key->shop != shop->index)
            continue;
        buf_printf(&out, "{\"order_id\":\"%" PRIu64 "\",\"from\":", key->order);
        write_day(key->from_day, &out);
        buf_add(&out, STR(",\"to\":"));
        write_day(key->to_day, &out);
        buf_printf(&out, ",\"times\":%" PRIu64 "}\n", entry->value.number);
    }
    admin_header(request, reply, STR("X-Left-Out"), douplus->asked_left_out);
    pthread_mutex_unlock(&douplus->lock);
    reply->content_type = "application/x-ndjson";
    admin_send(request, reply, &out);
    buf_fini(&out);
}

/* [from_s, to_s) as it is counted at now_s. */
struct range {
    uint32_t from_s, to_s, now_s;
};

/* One order with the sums over its ads; each ad's rate as it is served. */
static void write_figures(struct platform *platform, const struct shop *shop,
                          const struct order_view *view, const struct range *range, struct buf *out)
{
    struct douplus_facts facts;
    struct douplus_figures sum = {0}, ads[DOUPLUS_ADS_MAX];
    char rate[DOUPLUS_RATE_MAX];
    douplus_facts_of(platform, shop, view, &facts);
    for (unsigned ad = 0; ad < facts.ads; ad++) {
        douplus_figures_of(platform, shop, view, ad, range->from_s, range->to_s, range->now_s,
                           &ads[ad]);
        for (int f = 0; f < DOUPLUS_FIGURES; f++)
            sum.of[f] += ads[ad].of[f];
    }
    buf_printf(out, "{\"order_id\":\"%" PRIu64 "\",", view->id);
    douplus_write_item_id(facts.item, out);
    buf_printf(out, ",\"ads\":%u", facts.ads);
    for (int f = 0; f < DOUPLUS_FIGURES; f++)
        buf_printf(out, ",\"%s\":%" PRId64, douplus_figure_names[f], sum.of[f]);
    buf_printf(out, ",\"custom_convert_cost\":%" PRId64 ",\"rates\":[", douplus_convert_cost(&sum));
    for (unsigned ad = 0; ad < facts.ads; ad++) {
        douplus_rate_text(ads[ad].rate_ppm, rate);
        buf_printf(out, "%s[%" PRId64 ",\"%s\"]", ad > 0 ? "," : "", ads[ad].of[FIGURE_PLAY], rate);
    }
    buf_add(out, STR("]}\n"));
}

void douplus_figures_serve(struct sandbox *sandbox, const struct http_request *request,
                           struct http_reply *reply)
{
    struct platform *platform;
    struct shop *shop = admin_shop(sandbox, request, reply, &platform);
    uint32_t from_day, to_day, clock_s = (uint32_t)(clock_now_ms() / 1000);
    struct list_page page;
    struct buf out;
    if (!shop)
        return;
    if (platform->ops != &douplus_platform ||
        !douplus_day_read(http_query(request, STR("from")), &from_day) ||
        !douplus_day_read(http_query(request, STR("to")), &to_day)) {
        admin_refuse(request, reply, 400, STR("figures need platform=douplus and dates from= to="));
        return;
    }
    /* Figures follow from the time alone, so they can be asked about the past as well. */
    uint64_t at_ms = admin_number(request, STR("at_ms"), (uint64_t)clock_s * 1000);
    const struct range range = {.from_s = douplus_day_start_s(from_day),
                                .to_s = douplus_day_start_s(to_day + 1),
                                .now_s = (uint32_t)(at_ms / 1000)};
    const struct list_query query = {.sort = LIST_BY_CREATED,
                                     .to_s = UINT32_MAX,
                                     .offset = admin_number(request, STR("offset"), 0),
                                     .limit = admin_limit(request)};
    buf_init(&out, ADMIN_REPLY_BYTES_MAX);
    out.failed = shop_list(shop, &query, clock_s, request->arena, &page, NULL) != ERR_OK;
    for (size_t i = 0; !out.failed && i < page.rows_len; i++)
        if (douplus_delivered(platform, shop, &page.rows[i], range.now_s))
            write_figures(platform, shop, &page.rows[i], &range, &out);
    if (!out.failed && page.more)
        admin_header(request, reply, STR("X-Next"), query.offset + page.rows_len);
    reply->content_type = "application/x-ndjson";
    admin_send(request, reply, &out);
    buf_fini(&out);
}

/* The shops that a body names; the list is the caller's to free. NULL: an answer has been given. */
static uint32_t *shops_read(struct platform *platform, const struct http_request *request,
                            struct http_reply *reply, size_t *len)
{
    struct json_doc *doc;
    uint32_t *shops = NULL;
    *len = 0;
    if (json_parse(request->body, &doc, NULL) != ERR_OK)
        doc = NULL;
    const struct json *list = doc ? json_get(json_root(doc), STR("shops")) : NULL;
    size_t names = json_kind_of(list) == JSON_ARRAY ? json_len(list) : 0;
    if (names > 0)
        shops = calloc(names, sizeof *shops);
    for (size_t i = 0; shops && i < names; i++) {
        const struct shop *shop = douplus_shop_named(platform, json_text(json_at(list, i)));
        if (!shop) {
            free(shops);
            shops = NULL;
        } else {
            shops[(*len)++] = shop->index;
        }
    }
    if (!shops)
        admin_refuse(request, reply, 400,
                     STR("the body must be {\"shops\":[external ids of DOU+ shops]}"));
    json_free(doc);
    return shops;
}

/* Under the lock; NULL: no room. */
static struct douplus_consent *consent_add(struct douplus *douplus)
{
    if (douplus->consents_len == DOUPLUS_CONSENTS_MAX)
        return NULL;
    if (douplus->consents_len == douplus->consents_room) {
        size_t room = douplus->consents_room ? 2 * douplus->consents_room : 64;
        void *grown = realloc(douplus->consents, room * sizeof *douplus->consents);
        if (!grown)
            return NULL;
        douplus->consents = grown;
        douplus->consents_room = room;
    }
    struct douplus_consent *consent = &douplus->consents[douplus->consents_len++];
    *consent = (struct douplus_consent){0};
    return consent;
}

void douplus_consent_serve(struct sandbox *sandbox, const struct http_request *request,
                           struct http_reply *reply)
{
    struct platform *platform = sandbox_platform(sandbox, STR(PLATFORM_DOUPLUS));
    struct douplus *douplus = platform->state;
    size_t shops_len;
    uint32_t *shops = shops_read(platform, request, reply, &shops_len);
    struct buf out;
    if (!shops)
        return;
    buf_init(&out, DOUPLUS_REPLY_BYTES_MAX);
    pthread_mutex_lock(&douplus->lock);
    struct douplus_consent *consent = consent_add(douplus);
    if (consent) {
        consent->number = (uint32_t)douplus->consents_len;
        consent->shops = shops;
        consent->shops_len = shops_len;
        consent->code_dies_ms = clock_now_ms() + CODE_LIFE_MS;
        uint64_t seed = sandbox->options.plan.seed;
        snprintf(consent->code, sizeof consent->code, "dpc%016" PRIx64 "%016" PRIx64,
                 world_mix(seed ^ 7000, consent->number), world_mix(seed ^ 7001, consent->number));
        buf_printf(&out, "{\"auth_code\":\"%s\"}\n", consent->code);
    }
    pthread_mutex_unlock(&douplus->lock);
    if (consent)
        admin_send(request, reply, &out);
    else
        admin_refuse(request, reply, 500, STR("no room for another consent"));
    if (!consent)
        free(shops);
    buf_fini(&out);
}

void douplus_withdraw_serve(struct sandbox *sandbox, const struct http_request *request,
                            struct http_reply *reply)
{
    struct platform *platform = sandbox_platform(sandbox, STR(PLATFORM_DOUPLUS));
    struct douplus *douplus = platform->state;
    size_t shops_len;
    uint32_t *shops = shops_read(platform, request, reply, &shops_len);
    if (!shops)
        return;
    pthread_mutex_lock(&douplus->lock);
    for (size_t c = 0; c < douplus->consents_len; c++)
        for (size_t i = 0; i < shops_len; i++) {
            struct douplus_consent *consent = &douplus->consents[c];
            if (!douplus_consent_covers(consent, &platform->shops[shops[i]]))
                continue;
            consent->access_revoked = consent->code_used = true;
            consent->refresh_dies_ms = 0;
        }
    pthread_mutex_unlock(&douplus->lock);
    free(shops);
    reply->body = STR("{}\n");
}

void douplus_write_counts(struct platform *platform, struct buf *out)
{
    struct douplus *douplus = platform->state;
    buf_add(out, STR(",\"consents\":["));
    pthread_mutex_lock(&douplus->lock);
    for (size_t c = 0; c < douplus->consents_len; c++) {
        const struct douplus_consent *consent = &douplus->consents[c];
        buf_add(out, c > 0 ? STR(",{\"shops\":[") : STR("{\"shops\":["));
        for (size_t i = 0; i < consent->shops_len; i++) {
            buf_add(out, i > 0 ? STR(",") : STR(""));
            json_write_string(
                out,
                str_of(douplus_account_of(platform, &platform->shops[consent->shops[i]])->sec_uid));
        }
        buf_printf(out, "],\"refreshes\":%" PRIu64 "}", consent->refreshes);
    }
    pthread_mutex_unlock(&douplus->lock);
    buf_add_char(out, ']');
}

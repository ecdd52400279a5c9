#include "api/period.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/host.h"
#include "api/sql.h"

enum { DAY_MS = 86400000 };
const char *const period_words[] = {"today", "7d", "30d", "all", NULL};
static const int64_t period_days[] = {1, 7, 30, 0};
enum { PERIOD_STANDARD = 2 };

/* --- days --- */

void day_of_number(int64_t number, char out[DAY_TEXT_MAX])
{
    struct civil civil;
    struct buf text;
    civil_from_utc_ms(number * DAY_MS, &civil);
    buf_init_lent(&text, out, DAY_TEXT_MAX);
    buf_printf(&text, "%04d-%02u-%02u", (int)civil.year, civil.month, civil.day);
}

int64_t day_number(const char *day)
{
    int64_t ms = 0;
    enum err_class class_ = time_parse(STR("%Y-%m-%d"), zone_utc(), str_of(day), &ms, NULL);
    assert(!class_);
    (void)class_;
    return ms / DAY_MS - (ms % DAY_MS < 0);
}

void day_shift(const char day[DAY_TEXT_MAX], int64_t days, char out[DAY_TEXT_MAX])
{
    day_of_number(day_number(day) + days, out);
}

static int64_t today_number(const struct zone *zone, int64_t now_ms)
{
    struct civil civil;
    zone_from_utc_ms(zone, now_ms, &civil);
    return civil_days(civil.year, civil.month, civil.day);
}

static void day_copy(char out[DAY_TEXT_MAX], struct str day)
{
    assert(day.len < DAY_TEXT_MAX);
    if (day.len)
        memcpy(out, day.ptr, day.len);
    out[day.len] = '\0';
}

/* --- parts --- */

/* Shops of the host in the scope by the number of their today; at most a few days differ in the world. */
static enum err_class parts_by_today(struct call *call, const struct shop_scope *shops,
                                     struct period *out, struct err *err)
{
    const struct api_host *host = call->host;
    for (size_t i = 0; i < host->shops_len; i++) {
        const struct api_shop *shop = &host->shops[i];
        struct period_part *part = out->parts;
        if (!scope_sees(shops, shop->id))
            continue;
        int64_t today = today_number(shop->zone, call->now_ms);
        while (part < out->parts + out->parts_len &&
               today_number(part->zone, call->now_ms) != today)
            part++;
        if (part == out->parts + out->parts_len) {
            int64_t *ids = arena_array(call->arena, host->shops_len, sizeof(*ids));
            assert(out->parts_len < PERIOD_PARTS_MAX);
            if (!ids)
                return err_no_memory(err);
            *part = (struct period_part){.zone = shop->zone, .shops = ids};
            out->parts_len++;
        }
        int64_t *ids = (int64_t *)(uintptr_t)part->shops;
        ids[part->shops_len++] = shop->id;
    }
    if (out->parts_len == 1) { /* one today: what the scope says, which may be "all" */
        out->parts[0].all_shops = shops->all;
        out->parts[0].shops = shops->ids;
        out->parts[0].shops_len = shops->len;
    }
    return ERR_OK;
}

static enum err_class parts_one(struct call *call, const struct shop_scope *shops,
                                struct period *out)
{
    const struct zone *zone = zone_utc();
    for (size_t i = 0; i < call->host->shops_len; i++)
        if (scope_sees(shops, call->host->shops[i].id)) {
            zone = call->host->shops[i].zone;
            break;
        }
    out->parts[0] = (struct period_part){
        .zone = zone, .all_shops = shops->all, .shops = shops->ids, .shops_len = shops->len};
    out->parts_len = 1;
    return ERR_OK;
}

static enum err_class period_init(struct call *call, struct period *out, struct err *err)
{
    *out = (struct period){
        .parts = arena_array(call->arena, PERIOD_PARTS_MAX, sizeof(struct period_part))};
    return out->parts ? ERR_OK : err_no_memory(err);
}

enum err_class period_of_days(struct call *call, const struct shop_scope *shops, struct str from,
                              struct str to, struct period *out, struct err *err)
{
    enum err_class class_ = period_init(call, out, err);
    if (!class_)
        class_ = parts_one(call, shops, out);
    if (class_)
        return class_;
    day_copy(out->wish.from, from);
    day_copy(out->wish.to, to);
    day_copy(out->parts[0].from, from);
    day_copy(out->parts[0].to, to);
    if (from.len && to.len)
        out->days = day_number(out->parts[0].to) - day_number(out->parts[0].from) + 1;
    if (from.len && to.len && out->days < 1)
        return call_refuse(call, "to", "period_order", err, "`to` is before `from`");
    return ERR_OK;
}

enum err_class period_last(struct call *call, const struct shop_scope *shops, int64_t days,
                           bool with_today, struct period *out, struct err *err)
{
    enum err_class class_ = period_init(call, out, err);
    if (!class_)
        class_ = parts_by_today(call, shops, out, err);
    if (!class_ && out->parts_len == 0)
        class_ = parts_one(call, shops, out);
    out->days = days;
    out->wish = (struct period_wish){.last = days, .with_today = with_today};
    for (size_t i = 0; !class_ && i < out->parts_len; i++) {
        struct period_part *part = &out->parts[i];
        int64_t last = today_number(part->zone, call->now_ms) - !with_today;
        day_of_number(last - days + 1, part->from);
        day_of_number(last, part->to);
    }
    return class_;
}

enum err_class period_ask(struct call *call, const struct shop_scope *shops, struct period *out,
                          struct err *err)
{
    const struct arg *word = call_arg(call, "period"), *from = call_arg(call, "from");
    const struct arg *to = call_arg(call, "to");
    bool days = from->given || to->given;
    if (word->given && days)
        return call_refuse(call, "period", "period_twice", err,
                           "either `period` or `from` and `to`, not both");
    if (days)
        return period_of_days(call, shops, from->text, to->text, out, err);
    int64_t len = period_days[word->given ? word->number : PERIOD_STANDARD];
    return len ? period_last(call, shops, len, true, out, err)
               : period_of_days(call, shops, STR_NONE, STR_NONE, out, err);
}

enum err_class period_of_call(struct call *call, struct shop_scope *shops, struct period *out,
                              struct err *err)
{
    enum err_class class_ = call_shops(call, shops, err);
    return class_ ? class_ : period_ask(call, shops, out, err);
}

bool period_before(const struct call *call, const struct period *period, struct period *out)
{
    *out = *period;
    if (!period->days)
        return false;
    out->parts = arena_array(call->arena, period->parts_len, sizeof(*out->parts));
    if (!out->parts)
        return false;
    memcpy(out->parts, period->parts, period->parts_len * sizeof(*out->parts));
    for (size_t i = 0; i < out->parts_len; i++) {
        day_shift(period->parts[i].from, -period->days, out->parts[i].from);
        day_shift(period->parts[i].to, -period->days, out->parts[i].to);
    }
    out->wish.earlier++;
    return true;
}

enum err_class period_for(struct call *call, const struct period *like,
                          const struct shop_scope *shops, struct period *out, struct err *err)
{
    const struct period_wish *wish = &like->wish;
    struct period now;
    enum err_class class_ = wish->last
                                ? period_last(call, shops, wish->last, wish->with_today, out, err)
                                : period_of_days(call, shops, str_of(wish->from), str_of(wish->to),
                                                 out, err);
    for (int64_t i = 0; !class_ && i < wish->earlier; i++) {
        now = *out;
        if (!period_before(call, &now, out))
            class_ = err_no_memory(err);
    }
    return class_;
}

static void day_write(struct out *out, const char *key, const char *day)
{
    out_text_or_null(out, key, *day ? str_of(day) : STR_NONE);
}

void period_write(struct out *out, const struct period *period)
{
    out_object(out, "period");
    day_write(out, "from", period->parts[0].from);
    day_write(out, "to", period->parts[0].to);
    out_end_object(out);
    if (period->parts_len < 2)
        return;
    out_list(out, "periods_of_zones"); /* their shops are in different days just now */
    for (size_t i = 0; i < period->parts_len; i++) {
        out_object(out, NULL);
        out_text(out, "zone", zone_name(period->parts[i].zone));
        day_write(out, "from", period->parts[i].from);
        day_write(out, "to", period->parts[i].to);
        out_end_object(out);
    }
    out_end_list(out);
}

/* --- up to when --- */

/* Nothing is pulled from its platform: its rows are as new as its newest file. */
static bool shop_is_by_files(const struct api_host *host, int64_t shop_id)
{
    const struct api_shop *shop = host_shop(host, shop_id);
    return shop && shop->connector && connector_streams(shop->connector) == 0;
}

enum err_class scope_end_write(struct call *call, struct out *out, const struct shop_scope *shops,
                               struct err *err)
{
    struct reader *reader;
    int64_t as_of = INT64_MAX;
    const struct zone *zone = NULL;
    bool one = true, known = true;
    for (size_t i = 0; i < call->host->shops_len; i++) {
        const struct api_shop *shop = &call->host->shops[i];
        if (!scope_sees(shops, shop->id))
            continue;
        one = one && (!zone || zone == shop->zone);
        zone = shop->zone;
    }
    enum err_class class_ = store_read(call->host->store, SQL_COMPLETE_TIMES, NULL, 0, &reader,
                                       err);
    if (class_)
        return class_;
    while (reader_next(reader)) {
        if (!scope_sees(shops, reader_int(reader, 0)))
            continue;
        int up_to = shop_is_by_files(call->host, reader_int(reader, 0)) ? 2 : 1;
        known = known && !reader_is_null(reader, up_to);
        as_of = min_i64(as_of, reader_int(reader, up_to));
    }
    class_ = reader_close(reader, err);
    out_time_or_null(out, "as_of", as_of, known && as_of != INT64_MAX);
    out_text_or_null(out, "zone", zone && one ? zone_name(zone) : STR_NONE);
    return class_;
}

/* Expected payments: what delivered orders will bring, on the day of delivery plus the shop's settlement days (docs/derive.md). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/host.h"
#include "api/period.h"
#include "api/sales.h"
#include "api/sql.h"
#include "api/tables.h"

enum { SETTLEMENT_DAYS = 8, SHOPS_MAX = 4096 };

static const struct param payment_params[] = {
    SHOP_PARAM,
    {"from", PARAM_QUERY, PARAM_DAY, .help = "Due on this day or later, in the shop's zone"},
    {"to", PARAM_QUERY, PARAM_DAY, .help = "Due on this day or earlier, the day included"},
    {0},
};

struct payment {
    int64_t shop_id;
    char day[DAY_TEXT_MAX], currency[CURRENCY_BYTES_MAX + 1];
    int64_t amount, parts, unknown;
    bool collected;
};
struct payments {
    struct call *call;
    struct payment *items;
    size_t len, room;
};

static bool payment_is(const struct payment *p, int64_t shop_id, const char *day,
                       struct str currency)
{
    return p->shop_id == shop_id && strcmp(p->day, day) == 0 &&
           str_eq(str_of(p->currency), currency);
}

/* Quarters of an hour come in their order: a day's are neighbours, but for its currencies. */
static enum err_class payment_of(struct payments *all, int64_t shop_id, const char *day,
                                 struct str currency, struct payment **out, struct err *err)
{
    for (size_t back = 1; back <= SUMS_CURRENCIES_MAX && back <= all->len; back++) {
        *out = &all->items[all->len - back];
        if (payment_is(*out, shop_id, day, currency))
            return ERR_OK;
    }
    struct payment *items = arena_grow(all->call->arena, all->items, all->len, &all->room,
                                       sizeof *items);
    if (!items)
        return err_no_memory(err);
    all->items = items;
    *out = &all->items[all->len++];
    **out = (struct payment){.shop_id = shop_id};
    memcpy((*out)->day, day, DAY_TEXT_MAX);
    size_t len = currency.len < CURRENCY_BYTES_MAX ? currency.len : CURRENCY_BYTES_MAX;
    if (len > 0)
        memcpy((*out)->currency, currency.ptr, len);
    return ERR_OK;
}

static int64_t local_day(const struct zone *zone, int64_t at_ms)
{
    struct civil civil;
    zone_from_utc_ms(zone, at_ms, &civil);
    return civil_days(civil.year, civil.month, civil.day);
}

struct settlement {
    int64_t ids[SHOPS_MAX], days[SHOPS_MAX];
    size_t len;
};

static enum err_class settlement_read(struct call *call, struct settlement *out, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(call->host->store, SQL_SETTLEMENT_DAYS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (reader_next(row) && out->len < SHOPS_MAX) {
        out->ids[out->len] = reader_int(row, 0);
        out->days[out->len++] = reader_is_null(row, 1) ? SETTLEMENT_DAYS : reader_int(row, 1);
    }
    return reader_close(row, err);
}

static int64_t settlement_of(const struct settlement *settlement, int64_t shop_id)
{
    for (size_t i = 0; i < settlement->len; i++)
        if (settlement->ids[i] == shop_id)
            return settlement->days[i];
    return SETTLEMENT_DAYS;
}

static bool in_scope(const struct call *call, const struct shop_scope *shops, int64_t id)
{
    return scope_sees(shops, id) && call_sees_shop(call, id);
}

/* A row of SQL_DELIVERED. */
static enum err_class delivered_take(struct payments *all, const struct api_shop *shop,
                                     int64_t settlement_days, const struct reader *row,
                                     struct err *err)
{
    struct call *call = all->call;
    struct str from = call_text(call, "from"), to = call_text(call, "to");
    const struct zone *zone = shop->zone ? shop->zone : zone_utc();
    struct payment *payment = NULL;
    char day[DAY_TEXT_MAX] = "";
    int64_t due = local_day(zone, reader_int(row, 1)) + settlement_days;
    day_of_number(due, day);
    if ((from.len > 0 && str_cmp(str_of(day), from) < 0) ||
        (to.len > 0 && str_cmp(str_of(day), to) > 0))
        return ERR_OK;
    enum err_class class_ = payment_of(all, shop->id, day, reader_text(row, 2), &payment, err);
    if (class_ != ERR_OK)
        return class_;
    payment->collected = due <= local_day(zone, call->now_ms);
    payment->parts += reader_int(row, 3);
    payment->unknown += reader_int(row, 5);
    return i64_add(payment->amount, reader_int(row, 4), &payment->amount)
               ? ERR_OK
               : err_set(err, ERR_INTERNAL, "metric_range", "a sum does not fit 64 bits");
}

/* The shops that are asked for, as a JSON list. */
static struct str shops_json(struct call *call, const struct shop_scope *shops)
{
    struct buf json;
    size_t len = 0;
    buf_init(&json, 64 * 1024);
    for (size_t i = 0; i < call->host->shops_len; i++)
        if (in_scope(call, shops, call->host->shops[i].id))
            buf_printf(&json, "%s%" PRId64, len++ ? "," : "[", call->host->shops[i].id);
    buf_add(&json, len ? STR("]") : STR("[]"));
    struct str text = json.failed ? STR_NONE : arena_dup(call->arena, buf_str(&json));
    buf_fini(&json);
    return text;
}

static enum err_class delivered_read(struct payments *all, const struct shop_scope *shops,
                                     const struct settlement *settlement, struct err *err)
{
    const struct api_host *host = all->call->host;
    const struct sql_value ids = sql_text(shops_json(all->call, shops));
    struct reader *row;
    if (!ids.text.ptr)
        return err_no_memory(err);
    enum err_class class_ = store_read(host->store, SQL_DELIVERED, &ids, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (class_ == ERR_OK && reader_next(row)) {
        int64_t shop_id = reader_int(row, 0);
        size_t at = 0;
        while (at < host->shops_len && host->shops[at].id != shop_id)
            at++;
        if (at < host->shops_len)
            class_ = delivered_take(all, &host->shops[at], settlement_of(settlement, shop_id), row,
                                    err);
    }
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

static int payment_compare(const void *a, const void *b)
{
    const struct payment *x = a, *y = b;
    int order = strcmp(x->day, y->day);
    if (order == 0)
        order = x->shop_id < y->shop_id ? -1 : x->shop_id > y->shop_id;
    return order != 0 ? order : strcmp(x->currency, y->currency);
}

/* By currency: all, what is due by now, what is not. */
static enum err_class sums_write(struct out *out, const struct payments *all, struct err *err)
{
    struct payment sums[SUMS_CURRENCIES_MAX] = {{.shop_id = 0}};
    int64_t collected[SUMS_CURRENCIES_MAX] = {0};
    size_t len = 0;
    bool fits = true;
    for (size_t i = 0; i < all->len; i++) {
        const struct payment *payment = &all->items[i];
        size_t at = 0;
        while (at < len && strcmp(sums[at].currency, payment->currency) != 0)
            at++;
        if (at == SUMS_CURRENCIES_MAX)
            return err_set(err, ERR_BAD_REQUEST, "two_currencies",
                           "amounts of more than %d currencies", SUMS_CURRENCIES_MAX);
        if (at == len)
            memcpy(sums[len++].currency, payment->currency, sizeof payment->currency);
        fits = fits && i64_add(sums[at].amount, payment->amount, &sums[at].amount);
        if (payment->collected)
            fits = fits && i64_add(collected[at], payment->amount, &collected[at]);
        sums[at].parts += payment->parts;
        sums[at].unknown += payment->unknown;
    }
    if (!fits)
        return err_set(err, ERR_INTERNAL, "metric_range", "a sum does not fit 64 bits");
    out_list(out, "totals");
    for (size_t i = 0; i < len; i++) {
        struct str currency = str_of(sums[i].currency);
        out_object(out, NULL);
        out_text(out, "currency", currency);
        out_int(out, "parts", sums[i].parts);
        out_int(out, "unknown", sums[i].unknown);
        out_money(out, "amount", sums[i].amount, currency);
        out_money(out, "collected", collected[i], currency);
        out_money(out, "pending", sums[i].amount - collected[i], currency);
        out_end_object(out);
    }
    out_end_list(out);
    return ERR_OK;
}

static enum err_class payments(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct out out;
    struct payments all = {.call = call};
    struct settlement *settlement = arena_alloc(call->arena, sizeof *settlement);
    if (!settlement)
        return err_no_memory(err);
    enum err_class class_ = call_shops(call, &shops, err);
    if (class_ == ERR_OK)
        class_ = settlement_read(call, settlement, err);
    if (class_ == ERR_OK)
        class_ = delivered_read(&all, &shops, settlement, err);
    if (class_ != ERR_OK)
        return class_;
    if (all.len > 0)
        qsort(all.items, all.len, sizeof *all.items, payment_compare);
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; i < all.len; i++) {
        const struct payment *payment = &all.items[i];
        out_object(&out, NULL);
        out_text(&out, "day", str_of(payment->day));
        shop_write(call, &out, payment->shop_id);
        out_text(&out, "currency", str_of(payment->currency));
        out_int(&out, "parts", payment->parts);
        out_int(&out, "unknown", payment->unknown);
        out_money(&out, "amount", payment->amount, str_of(payment->currency));
        out_bool(&out, "collected", payment->collected);
        out_end_object(&out);
    }
    out_end_list(&out);
    class_ = sums_write(&out, &all, err);
    if (class_ == ERR_OK)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

const struct route payment_routes[] = {
    {ROUTE_GET, "/api/v1/expected-payments", "expectedPayments", RIGHT_READ, payment_params,
     payments,
     .summary = "What delivered orders will bring, by the day on which it is due and by shop",
     .answer = "ExpectedPayments"},
    {0},
};

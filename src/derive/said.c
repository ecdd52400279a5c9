/* Costs, rates and persons as people say them; what they change is touched in the same transaction. */
#include "derive/said.h"

#include <stdio.h>

#include "derive/engine.h"
#include "derive/said_sql.h"
#include "derive/sql.h"

enum { KEY_BYTES_MAX = 400, SKU_BYTES_MAX = 191, NOTE_BYTES_MAX = 500, WHO_BYTES_MAX = 64 };

/* --- checks --- */
static bool day_good(struct str day)
{
    int64_t ms;
    bool date_only;
    return day.len == 10 && day.ptr[4] == '-' && day.ptr[7] == '-' &&
           time_parse_any(day, zone_utc(), &ms, &date_only, NULL) == ERR_OK && date_only;
}

static enum err_class day_check(struct str day, struct err *err)
{
    if (day_good(day))
        return ERR_OK;
    return err_set(err, ERR_USAGE, "day", "\"%.*s\" is no day: write YYYY-MM-DD", STR_ARG(day));
}

static enum err_class currency_check(struct str currency, struct err *err)
{
    /* Platforms write RMB where they mean CNY; as another currency it would need a rate to itself. */
    if (currency_exponent(currency) >= 0 && !str_eq(currency, STR("RMB")))
        return ERR_OK;
    return err_set(err, ERR_USAGE, "currency_unknown", "\"%.*s\" is no currency of ISO 4217",
                   STR_ARG(currency));
}

static enum err_class text_check(const char *what, struct str text, size_t bytes_max,
                                 struct err *err)
{
    if (text.len <= bytes_max)
        return ERR_OK;
    return err_set(err, ERR_USAGE, "text_long", "%s has %zu bytes, at most %zu fit", what, text.len,
                   bytes_max);
}

static enum err_class sku_check(struct str sku_id, struct err *err)
{
    if (sku_id.len == 0 || sku_id.len > SKU_BYTES_MAX || str_has_control(sku_id))
        return err_set(err, ERR_USAGE, "cost_sku",
                       "a SKU has 1 to %d bytes, and neither line breaks nor other signs that "
                       "nobody sees",
                       SKU_BYTES_MAX);
    return ERR_OK;
}

/* A name stands in one cell of a table, and in one line of a file. */
static enum err_class person_check(struct str person, struct err *err)
{
    if (str_has_control(person))
        return err_set(err, ERR_USAGE, "text_line",
                       "the person is of one line: it holds a line break, a tab or another sign "
                       "that nobody sees");
    return text_check("the person", person, WHO_BYTES_MAX, err);
}

static enum err_class cost_check(const struct cost_said *said, struct err *err)
{
    enum err_class class_ = sku_check(said->sku_id, err);
    if (class_ == ERR_OK)
        class_ = day_check(said->from_day, err);
    if (class_ == ERR_OK && said->known && (said->cost < 0 || said->cost > COST_MAX))
        class_ = err_set(err, ERR_USAGE, "cost_range",
                         "a piece costs between 0 and %lld minor units", (long long)COST_MAX);
    if (class_ == ERR_OK && said->known)
        class_ = currency_check(said->currency, err);
    if (class_ == ERR_OK)
        class_ = text_check("the note", said->note, NOTE_BYTES_MAX, err);
    return class_ == ERR_OK ? text_check("the name", said->who, WHO_BYTES_MAX, err) : class_;
}

/* --- touching --- */
static enum err_class touch(struct tx *tx, int64_t shop_id, const char *table, struct str a,
                            struct str b, int64_t now_ms, struct err *err)
{
    char key[KEY_BYTES_MAX + 1];
    int len = snprintf(key, sizeof key, "%.*s%s%.*s", STR_ARG(a), b.len ? "\x1f" : "", STR_ARG(b));
    const struct str keys = {key, (size_t)len};
    enum err_class class_ = tx_touch(tx, shop_id, str_of(table), &keys, 1, err);
    return class_ == ERR_OK ? derive_ask(tx, shop_id, TASK_LIVE, STR(""), now_ms, err) : class_;
}

/* --- what stands in a table that files fill too --- */
static const char hash_by_hand[16];

static enum err_class original_end(struct tx *tx, int64_t shop_id, const char *table, struct str a,
                                   struct str b, struct err *err)
{
    char key[KEY_BYTES_MAX + 1];
    int len = snprintf(key, sizeof key, "%.*s%s%.*s", STR_ARG(a), b.len ? "\x1f" : "", STR_ARG(b));
    const struct sql_value values[] = {sql_int(shop_id), sql_text(str_of(table)),
                                       sql_text((struct str){key, (size_t)len})};
    return tx_exec(tx, SQL_SAID_ORIGINAL, values, 3, NULL, err);
}

/* --- costs --- */
enum err_class cost_known(struct store *store, int64_t shop_id, struct str sku_id, int64_t *orders,
                          int64_t *known, struct err *err)
{
    const struct sql_value values[] = {sql_int(shop_id), sql_text(sku_id)};
    enum err_class class_ = store_read_int(store, SQL_COST_ORDERS, values, 2, 0, orders, err);
    return class_ == ERR_OK ? sku_known(store, shop_id, sku_id, known, err) : class_;
}

enum err_class sku_known(struct store *store, int64_t shop_id, struct str sku_id, int64_t *known,
                         struct err *err)
{
    const struct sql_value values[] = {sql_int(shop_id), sql_text(sku_id)};
    return store_read_int(store, SQL_COST_KNOWN, values, 2, 0, known, err);
}

enum err_class cost_say(struct tx *tx, const struct cost_said *said, int64_t now_ms,
                        struct err *err)
{
    enum err_class class_ = cost_check(said, err);
    const struct sql_value values[] = {sql_int(said->shop_id),
                                       sql_text(said->sku_id),
                                       sql_text(said->from_day),
                                       sql_int_or_null(said->cost, said->known),
                                       sql_text(said->known ? said->currency : STR("")),
                                       said->note.len ? sql_text(said->note) : sql_null(),
                                       sql_text(said->who),
                                       sql_int(now_ms),
                                       sql_bytes((struct str){hash_by_hand, sizeof hash_by_hand})};
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_COST_SAY, values, 9, NULL, err);
    if (class_ == ERR_OK)
        class_ = original_end(tx, said->shop_id, "sku_cost", said->sku_id, said->from_day, err);
    return class_ == ERR_OK
               ? touch(tx, said->shop_id, "sku_cost", said->sku_id, said->from_day, now_ms, err)
               : class_;
}

enum err_class cost_unsay(struct tx *tx, int64_t shop_id, struct str sku_id, struct str from_day,
                          int64_t now_ms, bool *found, struct err *err)
{
    int64_t rows = 0;
    const struct sql_value values[] = {sql_int(shop_id), sql_text(sku_id), sql_text(from_day)};
    enum err_class class_ = tx_exec(tx, SQL_COST_UNSAY, values, 3, &rows, err);
    *found = rows > 0;
    if (class_ == ERR_OK && *found)
        class_ = original_end(tx, shop_id, "sku_cost", sku_id, from_day, err);
    return class_ == ERR_OK && *found
               ? touch(tx, shop_id, "sku_cost", sku_id, from_day, now_ms, err)
               : class_;
}

/* --- rates --- */
enum err_class exchange_rate_parse(struct str text, int64_t *billionths, struct err *err)
{
    bool exact = false;
    /* "1e3" is how programs write a thousand; a person who writes it has mistaken the field. */
    bool plain = str_find_char(text, 'e') == SIZE_MAX && str_find_char(text, 'E') == SIZE_MAX;
    if (!plain || money_parse(text, 9, billionths, &exact, NULL) != ERR_OK || !exact ||
        *billionths <= 0)
        return err_set(err, ERR_USAGE, "rate",
                       "\"%.*s\" is no rate: a decimal number above 0 with at most nine decimals",
                       STR_ARG(text));
    return ERR_OK;
}

static enum err_class rate_check(const struct rate_said *said, struct err *err)
{
    enum err_class class_ = currency_check(said->base, err);
    if (class_ == ERR_OK)
        class_ = currency_check(said->quote, err);
    if (class_ == ERR_OK && (said->billionths <= 0 || str_eq(said->base, said->quote)))
        class_ = err_set(err, ERR_USAGE, "rate", "a rate is above 0, and of two currencies");
    if (class_ == ERR_OK)
        class_ = day_check(said->day, err);
    if (class_ == ERR_OK)
        class_ = text_check("the source", said->source, NOTE_BYTES_MAX, err);
    return class_ == ERR_OK ? text_check("the name", said->who, WHO_BYTES_MAX, err) : class_;
}

struct shop_ids {
    int64_t ids[512];
    size_t len;
    int64_t behind;
};
static enum err_class shop_id_row(struct reader *row, void *context, struct err *err)
{
    struct shop_ids *shops = context;
    (void)err;
    if (shops->len < sizeof shops->ids / sizeof *shops->ids)
        shops->ids[shops->len++] = reader_int(row, 0);
    return ERR_OK;
}

/* Every shop that has a cost in the base currency. */
static enum err_class rate_touch(struct tx *tx, struct str base, struct str quote, struct str day,
                                 int64_t now_ms, struct err *err)
{
    char rest[64];
    struct shop_ids shops = {.behind = -1};
    int len = snprintf(rest, sizeof rest, "%.*s\x1f%.*s", STR_ARG(quote), STR_ARG(day));
    enum err_class class_ = ERR_OK;
    do {
        const struct sql_value values[] = {sql_text(base), sql_int(shops.behind)};
        shops.len = 0;
        class_ = tx_query(tx, SQL_RATE_SHOPS, values, 2, shop_id_row, &shops, err);
        for (size_t i = 0; class_ == ERR_OK && i < shops.len; i++) {
            shops.behind = shops.ids[i];
            class_ = touch(tx, shops.ids[i], "exchange_rate", base, (struct str){rest, (size_t)len},
                           now_ms, err);
        }
    } while (class_ == ERR_OK && shops.len > 0);
    return class_;
}

enum err_class rate_say(struct tx *tx, const struct rate_said *said, int64_t now_ms,
                        struct err *err)
{
    enum err_class class_ = rate_check(said, err);
    const struct sql_value values[] = {sql_text(said->base),
                                       sql_text(said->quote),
                                       sql_text(said->day),
                                       sql_int(said->billionths),
                                       said->source.len ? sql_text(said->source) : sql_null(),
                                       sql_text(said->who),
                                       sql_int(now_ms)};
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_RATE_SAY, values, 7, NULL, err);
    return class_ == ERR_OK ? rate_touch(tx, said->base, said->quote, said->day, now_ms, err)
                            : class_;
}

enum err_class rate_unsay(struct tx *tx, struct str base, struct str quote, struct str day,
                          int64_t now_ms, bool *found, struct err *err)
{
    int64_t rows = 0;
    const struct sql_value values[] = {sql_text(base), sql_text(quote), sql_text(day)};
    enum err_class class_ = tx_exec(tx, SQL_RATE_UNSAY, values, 3, &rows, err);
    *found = rows > 0;
    return class_ == ERR_OK && *found ? rate_touch(tx, base, quote, day, now_ms, err) : class_;
}

/* --- persons --- */
enum err_class person_say(struct tx *tx, int64_t shop_id, struct str sku_id, struct str person,
                          struct str who, int64_t now_ms, struct err *err)
{
    enum err_class class_ = sku_check(sku_id, err);
    if (class_ == ERR_OK)
        class_ = person_check(person, err);
    if (class_ == ERR_OK)
        class_ = text_check("the name", who, WHO_BYTES_MAX, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {
        sql_int(shop_id), sql_text(sku_id),
        sql_text(person), sql_text(who),
        sql_int(now_ms),  sql_bytes((struct str){hash_by_hand, sizeof hash_by_hand})};
    class_ = person.len > 0 ? tx_exec(tx, SQL_PERSON_SAY, values, 6, NULL, err)
                            : tx_exec(tx, SQL_PERSON_UNSAY, values, 2, NULL, err);
    if (class_ == ERR_OK)
        class_ = original_end(tx, shop_id, "sku_person", sku_id, STR(""), err);
    return class_ == ERR_OK ? touch(tx, shop_id, "sku_person", sku_id, STR(""), now_ms, err)
                            : class_;
}

enum err_class person_default_said(struct tx *tx, int64_t shop_id, int64_t now_ms, struct err *err)
{
    enum err_class class_ = touched_walk(tx, shop_id, "sku_person", SQL_PERSON_DEFAULT, err);
    return class_ == ERR_OK ? derive_ask(tx, shop_id, TASK_LIVE, STR(""), now_ms, err) : class_;
}

/* --- zones --- */
enum err_class zone_said(struct tx *tx, int64_t shop_id, int64_t now_ms, struct err *err)
{
    enum err_class class_ = touched_walk(tx, shop_id, "ad_order", SQL_ZONE_AD_ORDERS, err);
    if (class_ == ERR_OK)
        class_ = touched_walk(tx, shop_id, "trade_order", SQL_ZONE_TRADE_ORDERS, err);
    return class_ == ERR_OK ? derive_ask(tx, shop_id, TASK_LIVE, STR(""), now_ms, err) : class_;
}

/* What people say about trade: what a piece of a SKU cost from a day on, what a currency was worth, who is in charge. An
 * entry holds from its day until the next one; what follows from it (trade results, days, profit) is made anew by the
 * shop's lane, of exactly the orders that it covers. docs/derive.md, "Sales, cost, profit".
 *
 * Everything here is part of the caller's transaction, which adds its audit line. Errors: ERR_USAGE with the codes that
 * are named below; nothing is changed then. Threads: any. */
#ifndef HUILIU_DERIVE_SAID_H
#define HUILIU_DERIVE_SAID_H

#include "base/base.h"
#include "store/store.h"

/* Minor units: what a piece may cost at most. With at most a million pieces an order it fits (trade.h). */
#define COST_MAX INT64_C(100000000000)

struct cost_said {
    int64_t shop_id;
    struct str sku_id, from_day;
    bool known; /* false: from this day on nobody knows */
    int64_t cost;
    struct str currency, note, who;
};
/* "cost_sku", "cost_range", "day", "currency_unknown", "text_long" */
enum err_class cost_say(struct tx *tx, const struct cost_said *said, int64_t now_ms,
                        struct err *err);
/* How many sales of the shop are of that SKU, and whether any order or product of the shop has it. */
enum err_class cost_known(struct store *store, int64_t shop_id, struct str sku_id, int64_t *orders,
                          int64_t *known, struct err *err);
/* The second alone: 1 where the shop has sold or offers such a SKU. */
enum err_class sku_known(struct store *store, int64_t shop_id, struct str sku_id, int64_t *known,
                         struct err *err);
/* Takes an entry away: the one before it holds on. *found: there was one. */
enum err_class cost_unsay(struct tx *tx, int64_t shop_id, struct str sku_id, struct str from_day,
                          int64_t now_ms, bool *found, struct err *err);

enum { RATE_BILLION = 1000000000 };
struct rate_said {
    struct str base, quote, day;
    int64_t billionths; /* major units of quote for one of base */
    struct str source, who;
};
/* Exact: "7.123456789"; at most nine decimals and above 0. ERR_USAGE "rate" */
enum err_class exchange_rate_parse(struct str text, int64_t *billionths, struct err *err);
/* "rate", "day", "currency_unknown", "text_long" */
enum err_class rate_say(struct tx *tx, const struct rate_said *said, int64_t now_ms,
                        struct err *err);
enum err_class rate_unsay(struct tx *tx, struct str base, struct str quote, struct str day,
                          int64_t now_ms, bool *found, struct err *err);

/* Person "": nobody is named any more; the product's, else the shop's own holds. "cost_sku", "text_long" */
enum err_class person_say(struct tx *tx, int64_t shop_id, struct str sku_id, struct str person,
                          struct str who, int64_t now_ms, struct err *err);

/* The shop's own person was changed by the caller: orders of SKUs that nobody else is in charge of follow. */
enum err_class person_default_said(struct tx *tx, int64_t shop_id, int64_t now_ms, struct err *err);

/* The shop's zone was changed by the caller: every order of it may be of another day now, so that all are touched. They are
 * derived by who knows the new zone: a unit of any other process waits (engine.c). */
enum err_class zone_said(struct tx *tx, int64_t shop_id, int64_t now_ms, struct err *err);

#endif

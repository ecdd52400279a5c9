/* Statements of what people say about trade. */
#ifndef HUILIU_DERIVE_SAID_SQL_H
#define HUILIU_DERIVE_SAID_SQL_H

/* A row that is said by hand is guarded as those of files are (docs/sheets.md): as new as the moment in which it was said, and
 * with a hash that no record has. The original of what a file had said goes: it does not say what holds any more.
 * ?1 shop ?2 table ?3 key */
#define SQL_SAID_ORIGINAL                                                                          \
    "DELETE FROM original WHERE shop_id = ?1 AND table_name = ?2 AND key_text = ?3"

/* ?1 shop ?2 SKU ?3 from day ?4 cost ?5 currency ?6 note ?7 who ?8 now ?9 hash */
#define SQL_COST_SAY                                                                               \
    "INSERT INTO sku_cost (shop_id, sku_id, from_day, cost, currency, note, who, row_hash,"        \
    " received_ms, first_seen_ms, changed_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9, ?8, ?8, ?8)" \
    " ON CONFLICT (shop_id, sku_id, from_day) DO UPDATE SET cost = excluded.cost,"                 \
    " currency = excluded.currency, note = excluded.note, who = excluded.who,"                     \
    " row_hash = excluded.row_hash, received_ms = excluded.received_ms,"                           \
    " changed_ms = excluded.changed_ms"
#define SQL_COST_UNSAY "DELETE FROM sku_cost WHERE shop_id = ?1 AND sku_id = ?2 AND from_day = ?3"

/* ?1 base ?2 quote ?3 day ?4 rate ?5 source ?6 who ?7 now */
#define SQL_RATE_SAY                                                                               \
    "INSERT INTO exchange_rate (base, quote, day, rate, source, who, changed_ms)"                  \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"                                                         \
    " ON CONFLICT (base, quote, day) DO UPDATE SET rate = excluded.rate,"                          \
    " source = excluded.source, who = excluded.who, changed_ms = excluded.changed_ms"
#define SQL_RATE_UNSAY "DELETE FROM exchange_rate WHERE base = ?1 AND quote = ?2 AND day = ?3"
/* ?1 currency ?2 behind this shop */
#define SQL_RATE_SHOPS                                                                             \
    "SELECT DISTINCT shop_id FROM sku_cost WHERE currency = ?1 AND shop_id > ?2"                   \
    " ORDER BY shop_id LIMIT 512"

/* ?1 shop ?2 SKU ?3 person ?4 who ?5 now ?6 hash */
#define SQL_PERSON_SAY                                                                             \
    "INSERT INTO sku_person (shop_id, sku_id, person, who, row_hash, received_ms, first_seen_ms,"  \
    " changed_ms) VALUES (?1, ?2, ?3, ?4, ?6, ?5, ?5, ?5)"                                         \
    " ON CONFLICT (shop_id, sku_id) DO UPDATE SET person = excluded.person, who = excluded.who,"   \
    " row_hash = excluded.row_hash, received_ms = excluded.received_ms,"                           \
    " changed_ms = excluded.changed_ms"
#define SQL_PERSON_UNSAY "DELETE FROM sku_person WHERE shop_id = ?1 AND sku_id = ?2"
/* ?1 shop ?2 behind this one ?3 most. By its results: days may still wait for orders that took the person from before. */
#define SQL_PERSON_DEFAULT                                                                         \
    "SELECT DISTINCT r.sku_id FROM trade_result r WHERE r.shop_id = ?1"                            \
    " AND (?2 = '' OR r.sku_id > ?2) ORDER BY 1 LIMIT ?3"

/* ?1 shop ?2 behind this one ?3 most. Days of their figures are the platform's own; those of their placing are the
 * shop's. */
#define SQL_ZONE_ALL(table)                                                                        \
    "SELECT o.order_id FROM " table " o WHERE o.shop_id = ?1 AND o.order_id > ?2"                  \
    " ORDER BY o.order_id LIMIT ?3"
#define SQL_ZONE_AD_ORDERS SQL_ZONE_ALL("ad_order")
#define SQL_ZONE_TRADE_ORDERS SQL_ZONE_ALL("trade_order")

/* ?1 shop ?2 SKU */
#define SQL_COST_ORDERS                                                                            \
    "SELECT count(*) FROM trade_result WHERE shop_id = ?1 AND sku_id = ?2 AND counts = 1"
#define SQL_COST_KNOWN                                                                             \
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM trade_result WHERE shop_id = ?1 AND sku_id = ?2)"      \
    " OR EXISTS (SELECT 1 FROM product WHERE shop_id = ?1 AND sku_id = ?2) THEN 1 ELSE 0 END"

#endif

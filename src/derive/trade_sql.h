/* Statements of the maker of trade results. */
#ifndef HUILIU_DERIVE_TRADE_SQL_H
#define HUILIU_DERIVE_TRADE_SQL_H

#include "derive/sql.h"

/* `select` FROM the texts of the list at ?2, each with the rows `r` of `table` that `on` finds (sql.h says why LATERAL). A
 * day may have any number of rows, so that there the LIMIT only keeps PostgreSQL from planning otherwise. */
#define TRADE_LISTED(select, table, on, most, joined, rest)                                        \
    SQL_PER_DATABASE(select " FROM " LISTED_SQLITE("?2") " CROSS JOIN " table                      \
                                                         " r ON " on joined(TRADE_LEFT) rest,      \
                     select                                                                        \
                     " FROM " LISTED_POSTGRES("?2") " CROSS JOIN LATERAL (SELECT * FROM " table    \
                                                    " r WHERE " on " LIMIT " most                  \
                                                    ") AS r" joined(TRADE_LEFT_POSTGRES) rest,     \
                     select " FROM " LISTED_MARIADB("?2") " STRAIGHT_JOIN " table                  \
                                                          " r ON " on joined(TRADE_LEFT) rest)
#define TRADE_LEFT(table, alias, on) " LEFT JOIN " table " " alias " ON " on
#define TRADE_LEFT_POSTGRES(table, alias, on)                                                      \
    " LEFT JOIN LATERAL (SELECT * FROM " table " " alias " WHERE " on " LIMIT 1) AS " alias        \
    " ON true"
#define TRADE_ALONE(LEFT) ""
#define TRADE_PERSONS(LEFT)                                                                        \
    LEFT("sku_person", "p", "p.shop_id = ?1 AND p.sku_id = r.sku_id")                              \
    LEFT("product", "g", "g.shop_id = ?1 AND g.sku_id = r.sku_id")

/* ?1 shop. Who is in charge of what nobody else is. */
#define SQL_TRADE_SHOP "SELECT person FROM shop WHERE id = ?1 AND person IS NOT NULL"

/* ?1 shop ?2 list of order numbers. */
static const char SQL_TRADE_ORDERS[] = TRADE_LISTED(
    "SELECT r.order_id, r.parent_id, r.sku_id, r.spu_id, r.stage, r.currency,"
    " coalesce(p.person, g.person), r.created_at, r.paid_at, r.first_seen_ms, r.quantity,"
    " r.pay_amount, r.unit_price, r.refund_amount, r.receipt_amount, r.freight_amount,"
    " r.commission_amount, r.ship_by_at, r.shipped_at, r.delivered_at,"
    " (SELECT CAST(sum(c.refund_amount) AS bigint) FROM trade_certificate c"
    " WHERE c.shop_id = ?1 AND c.order_id = r.order_id"
    " AND (c.currency = r.currency OR c.currency IS NULL)), r.sku_code, r.sku_name",
    "trade_order", "r.shop_id = ?1 AND r.order_id = k.value", "1", TRADE_PERSONS, "");

/* ?1 shop ?2 list of SKUs */
static const char SQL_TRADE_COSTS[] = TRADE_LISTED(
    "SELECT r.sku_id, r.from_day, r.cost, r.currency", "sku_cost",
    "r.shop_id = ?1 AND r.sku_id = k.value", "100000", TRADE_ALONE,
    " ORDER BY r.sku_id, r.from_day");

/* ?1 base ?2 quote */
#define SQL_TRADE_RATES                                                                            \
    "SELECT day, rate FROM exchange_rate WHERE base = ?1 AND quote = ?2 ORDER BY day"

/* ?1 shop ?2 SKU ?3 day. The next entry's day, which is the first that the one of ?3 does not hold on. */
#define SQL_TRADE_COST_NEXT                                                                        \
    "SELECT min(from_day) FROM sku_cost WHERE shop_id = ?1 AND sku_id = ?2 AND from_day > ?3"

/* ?1 shop ?2 SKU ?3 from this day ?4 before this one ?5 most. The days on which it was sold or called off. */
#define SQL_TRADE_SKU_DAYS                                                                         \
    "SELECT day, currency, orders + cancelled FROM trade_day"                                      \
    " WHERE dimension = 'sku' AND member = ?2 AND shop_id = ?1 AND day >= ?3 AND day < ?4"         \
    " ORDER BY day, currency LIMIT ?5"

/* Rows of a SKU are found by its index, which is of time: what the days of a range cannot be before and behind stands beside
 * them (trade_range.c).
 * ?1 shop ?2 SKU ?3 first ?4 last day ?5 not before ?6 not behind ?7 currency ?8 now ?9 cost of a piece. Rows that have it already stay as they
 * are, so that a range that is done again costs nothing. */
#define TRADE_SKU_RANGE(before, of)                                                                \
    before of "sku_id = ?2 AND " of "created_ms >= ?5 AND " of "created_ms <= ?6 AND " of          \
              "shop_id = ?1 AND " of "day >= ?3 AND " of "day <= ?4"
#define TRADE_COST_ROWS TRADE_SKU_RANGE(" WHERE ", "") " AND currency = ?7"
/* As trade_work_out: what is out of all proportion is unknown (TRADE_AMOUNT_MAX). The product fits: trade.h. */
#define TRADE_GOODS_COST                                                                           \
    "CASE WHEN pieces * ?9 BETWEEN -1000000000000000 AND 1000000000000000 THEN pieces * ?9 END"
#define SQL_TRADE_COST_SET                                                                         \
    "UPDATE trade_result SET unit_cost = ?9, goods_cost = " TRADE_GOODS_COST ","                   \
    " profit_before_ads = received - refunds - " TRADE_GOODS_COST " - coalesce(freight, 0)"        \
    " - coalesce(commission, 0), changed_ms = ?8" TRADE_COST_ROWS                                  \
    " AND (unit_cost IS NULL OR unit_cost <> ?9)"
/* The same without a cost. */
#define SQL_TRADE_COST_UNSET                                                                       \
    "UPDATE trade_result SET unit_cost = NULL, goods_cost = NULL, profit_before_ads = NULL,"       \
    " changed_ms = ?8" TRADE_COST_ROWS " AND unit_cost IS NOT NULL"

/* ?1 shop ?2 SKU */
#define SQL_TRADE_PERSON "SELECT person FROM sku_person WHERE shop_id = ?1 AND sku_id = ?2"
#define SQL_TRADE_PRODUCT_PERSON                                                                   \
    "SELECT person FROM product WHERE shop_id = ?1 AND sku_id = ?2 AND person IS NOT NULL"
/* ?1 shop ?2 SKU ?3 first ?4 last day ?5 not before ?6 not behind ?7 person ?8 now */
#define SQL_TRADE_PERSON_SET                                                                       \
    "UPDATE trade_result SET person = ?7, changed_ms = ?8" TRADE_SKU_RANGE(" WHERE ",              \
                                                                           "") " AND person <> ?7"

/* ?1 base ?2 quote ?3 day */
#define SQL_TRADE_RATE_NEXT                                                                        \
    "SELECT min(day) FROM exchange_rate WHERE base = ?1 AND quote = ?2 AND day > ?3"
/* ?1 shop ?2 base ?3 from this day ?4 before this one. Costs in that currency that hold on one of the days: each from
 * its own day on, or from the first of the range. */
#define SQL_TRADE_RATE_COSTS                                                                       \
    "SELECT DISTINCT c.sku_id, CASE WHEN c.from_day > ?3 THEN c.from_day ELSE CAST(?3 AS text)"    \
    " END FROM sku_cost c WHERE c.shop_id = ?1 AND c.currency = ?2 AND c.from_day < ?4"
/* --- the audit --- */
/* ?1 shop */
#define SQL_TRADE_RESULT_BOUNDS                                                                    \
    "SELECT min(created_ms), max(created_ms) FROM trade_result WHERE shop_id = ?1"
/* ?1 shop ?2 from then on ?3 so many rows further */
#define SQL_TRADE_RESULT_ONE                                                                       \
    "SELECT r.order_id FROM trade_result r WHERE r.shop_id = ?1 AND r.created_ms >= ?2"            \
    " ORDER BY r.created_ms, r.order_id LIMIT 1 OFFSET ?3"
#define SQL_TRADE_DAY_ONE                                                                          \
    "SELECT r.day FROM trade_result r WHERE r.shop_id = ?1 AND r.created_ms >= ?2"                 \
    " ORDER BY r.created_ms, r.order_id LIMIT 1 OFFSET ?3"
/* ?1 shop */
#define SQL_TRADE_TOUCHED                                                                          \
    "SELECT 1 FROM touched WHERE shop_id = ?1 AND table_name IN ('trade_order',"                   \
    " 'sku_cost', 'sku_person', 'product', 'exchange_rate', 'trade_day')"                          \
    " LIMIT 1"
/* ?1 shop ?2 day: the shop's rows of a day, and the same straight from its results, without cells. */
#define SQL_TRADE_DAY_STORED                                                                       \
    "SELECT d.currency, d.orders, d.cancelled, d.pieces, d.gmv, d.refunds, d.goods_cost,"          \
    " d.profit_before_ads, d.cost_unknown FROM trade_day d WHERE d.shop_id = ?1"                   \
    " AND d.dimension = 'shop' AND d.day = ?2 ORDER BY d.currency"
#define TRADE_STRAIGHT(column)                                                                     \
    ", CAST(CASE WHEN max(r.counts) = 0 THEN 0 ELSE sum(CASE WHEN r.counts = 1 THEN r." column     \
    " END) END AS bigint)"
#define SQL_TRADE_DAY_STRAIGHT                                                                                              \
    "SELECT r.currency, count(DISTINCT CASE WHEN r.counts = 1 THEN r.parent_id END),"                                       \
    " count(DISTINCT r.parent_id) - count(DISTINCT CASE WHEN r.counts = 1 THEN r.parent_id END)" TRADE_STRAIGHT(            \
        "pieces") TRADE_STRAIGHT("gmv") TRADE_STRAIGHT("refunds") TRADE_STRAIGHT("goods_cost")                              \
        TRADE_STRAIGHT(                                                                                                     \
            "profit_before_ads") ", CAST(sum(CASE WHEN r.counts = 1 AND r.goods_cost IS NULL THEN 1 ELSE 0 END) AS bigint)" \
                                 " FROM trade_result r WHERE r.shop_id = ?1 AND r.day = ?2"                                 \
                                 " GROUP BY r.currency ORDER BY r.currency"

/* --- rebuilding (maker.h: rebuild_walk) --- */
#define SQL_TRADE_WALK_ORDERS WALK("trade_order", "order_id", AD_PLACED)
#define SQL_TRADE_WALK_RESULTS WALK("trade_result", "order_id", AD_PLACED_DAY)
#define SQL_TRADE_WALK_DAYS WALK("trade_day", "day", AD_BETWEEN)

/* --- days ---
 * A cell is what the sales of a day came to of one SKU, SPU, person and currency: what adds up. The four dimensions are
 * sums of cells, so that a cost that changes reads its own orders once and everything else from few rows; parents, which
 * do not add up, are counted from the results. Statements are of one day: all databases read the same text, and go by
 * the day's own part of an index. */
#define TRADE_SUMMED(C)                                                                            \
    C("pieces")                                                                                    \
    C("gmv")                                                                                       \
    C("refunds")                                                                                   \
    C("received")                                                                                  \
    C("goods_cost") C("freight") C("commission") C("gmv_costed") C("profit_before_ads")
#define TRADE_NAME(column) ", " column
#define TRADE_SUM(column) ", sum(c." column ")"
#define TRADE_EXCLUDED(column) ", " column " = excluded." column

#define TRADE_CELLS                                                                                 \
    "INSERT INTO trade_cell (shop_id, day, sku_id, spu_id, person, currency, cost_unknown, pieces," \
    " gmv, refunds, received, goods_cost, freight, commission, gmv_costed, profit_before_ads)"      \
    " SELECT c.shop_id, c.day, c.sku_id, c.spu_id, c.person, c.currency,"                           \
    " sum(CASE WHEN c.goods_cost IS NULL THEN 1 ELSE 0 END), sum(c.pieces), sum(c.gmv),"            \
    " sum(c.refunds), sum(c.received), sum(c.goods_cost), sum(c.freight), sum(c.commission),"       \
    " sum(CASE WHEN c.profit_before_ads IS NOT NULL THEN c.gmv END), sum(c.profit_before_ads)"      \
    " FROM trade_result c WHERE c.counts = 1 AND c.shop_id = ?1"
#define TRADE_CELLS_GROUPED " GROUP BY c.shop_id, c.day, c.sku_id, c.spu_id, c.person, c.currency"
/* ?1 shop ?2 day */
#define SQL_TRADE_CELLS_CLEAR "DELETE FROM trade_cell WHERE shop_id = ?1 AND day = ?2"
#define SQL_TRADE_CELLS_DAY TRADE_CELLS " AND c.day = ?2" TRADE_CELLS_GROUPED
/* ?1 shop ?2 SKU ?3 first ?4 last day ?5 not before ?6 not behind: their costs changed, and nothing else. */
#define SQL_TRADE_CELLS_COST                                                                       \
    TRADE_CELLS TRADE_SKU_RANGE(" AND ", "c.") TRADE_CELLS_GROUPED                                 \
        " ON CONFLICT (shop_id, day, sku_id, spu_id, person, currency) DO UPDATE SET"              \
        " cost_unknown = excluded.cost_unknown, goods_cost = excluded.goods_cost,"                 \
        " gmv_costed = excluded.gmv_costed,"                                                       \
        " profit_before_ads = excluded.profit_before_ads"

/* ?1 shop ?2 day. A statement a dimension: of a list of them PostgreSQL goes through all days of the shop. */
#define TRADE_DAY_CLEAR(dimension)                                                                 \
    "DELETE FROM trade_day WHERE shop_id = ?1 AND dimension = '" dimension "' AND day = ?2"
#define SQL_TRADE_DAY_CLEAR_SHOP TRADE_DAY_CLEAR("shop")
#define SQL_TRADE_DAY_CLEAR_SKU TRADE_DAY_CLEAR("sku")
#define SQL_TRADE_DAY_CLEAR_SPU TRADE_DAY_CLEAR("spu")
#define SQL_TRADE_DAY_CLEAR_PERSON TRADE_DAY_CLEAR("person")
/* The four dimensions of a day, and a row's member in each: none in `shop`. */
#define TRADE_DIMENSIONS                                                                           \
    "(SELECT 'shop' AS dimension UNION ALL SELECT 'sku' UNION ALL SELECT 'spu'"                    \
    " UNION ALL SELECT 'person') AS d"
#define TRADE_MEMBER(of)                                                                           \
    "CASE d.dimension WHEN 'sku' THEN " of ".sku_id WHEN 'spu' THEN " of                           \
    ".spu_id WHEN 'person' THEN " of ".person ELSE '' END"
#define TRADE_DAY_INSERT                                                                            \
    "INSERT INTO trade_day (shop_id, dimension, day, member, currency, orders, cancelled, shipped," \
    " late, cost_unknown" TRADE_SUMMED(TRADE_NAME) ")"
/* ?1 shop ?2 day. A parent counts once however many parts it has, and is called off where no part of it counts. Most have
 * one part, and those (s) add up: only the parts of the others (t) are put together in each dimension. What is counted of
 * them says how many there are, with a sort; to look each parent up among the others would be a plan by chance. What else
 * adds up comes from cells. Sums of members of which nothing counts are 0. */
#define TRADE_UNKNOWN(column) ", CAST(NULL AS bigint) AS " column
#define TRADE_NO(column) ", NULL"
#define TRADE_CELL(column) ", c." column
#define TRADE_OF_COUNTED(column) ", CASE WHEN sum(u.orders) = 0 THEN 0 ELSE sum(u." column ") END"
/* clang-format off */
#define SQL_TRADE_DAY_SET                                                                          \
    TRADE_DAY_INSERT                                                                               \
    " WITH r AS (SELECT a.shop_id, a.day, a.sku_id, a.spu_id, a.person, a.currency, a.parent_id,"  \
    " a.counts, CASE WHEN a.counts = 1 THEN a.late END AS late,"                                   \
    " count(*) OVER (PARTITION BY a.parent_id) AS parts"                                           \
    " FROM trade_result a WHERE a.shop_id = ?1 AND a.day = ?2)"                                    \
    " SELECT u.shop_id, u.dimension, u.day, u.member, u.currency, sum(u.orders), sum(u.cancelled)," \
    " sum(u.shipped), sum(u.late), sum(u.cost_unknown)" TRADE_SUMMED(TRADE_OF_COUNTED)             \
    " FROM (SELECT s.shop_id, d.dimension, s.day, " TRADE_MEMBER("s") " AS member, s.currency,"    \
    " s.orders, s.cancelled, s.shipped, s.late, 0 AS cost_unknown" TRADE_SUMMED(TRADE_UNKNOWN)     \
    " FROM " TRADE_DIMENSIONS " CROSS JOIN (SELECT r.shop_id, r.day, r.sku_id, r.spu_id, r.person," \
    " r.currency, sum(r.counts) AS orders, count(*) - sum(r.counts) AS cancelled,"                 \
    " count(r.late) AS shipped, coalesce(sum(r.late), 0) AS late FROM r WHERE r.parts = 1"         \
    " GROUP BY r.shop_id, r.day, r.sku_id, r.spu_id, r.person, r.currency) AS s"                   \
    " UNION ALL SELECT t.shop_id, t.dimension, t.day, t.member, t.currency, t.one, 1 - t.one,"     \
    " CASE WHEN t.late IS NULL THEN 0 ELSE 1 END, coalesce(t.late, 0), 0" TRADE_SUMMED(TRADE_NO)   \
    " FROM (SELECT r.shop_id, d.dimension, r.day, " TRADE_MEMBER("r") " AS member, r.currency,"    \
    " r.parent_id, max(r.counts) AS one, max(r.late) AS late FROM " TRADE_DIMENSIONS               \
    " CROSS JOIN r WHERE r.parts > 1 GROUP BY r.shop_id, d.dimension, r.day, " TRADE_MEMBER("r")   \
    ", r.currency, r.parent_id) AS t"                                                              \
    " UNION ALL SELECT c.shop_id, d.dimension, c.day, " TRADE_MEMBER("c") ", c.currency,"          \
    " 0, 0, 0, 0, c.cost_unknown" TRADE_SUMMED(TRADE_CELL) " FROM " TRADE_DIMENSIONS               \
    " CROSS JOIN trade_cell c WHERE c.shop_id = ?1 AND c.day = ?2) AS u"                           \
    " GROUP BY u.shop_id, u.dimension, u.day, u.member, u.currency"
/* ?1 shop ?2 day: costs changed, and with them cells. */
#define SQL_TRADE_DAY_SUMS                                                                         \
    TRADE_DAY_INSERT                                                                               \
    " SELECT c.shop_id, d.dimension, c.day, " TRADE_MEMBER("c") ", c.currency, 0, 0, 0, 0,"        \
    " sum(c.cost_unknown)" TRADE_SUMMED(TRADE_SUM) " FROM " TRADE_DIMENSIONS                       \
    " CROSS JOIN trade_cell c WHERE c.shop_id = ?1 AND c.day = ?2"                                 \
    " GROUP BY c.shop_id, d.dimension, c.day, " TRADE_MEMBER("c") ", c.currency"                   \
    " ON CONFLICT (shop_id, dimension, day, member, currency)"                                     \
    " DO UPDATE SET cost_unknown = excluded.cost_unknown" TRADE_SUMMED(TRADE_EXCLUDED)
/* clang-format on */

#endif

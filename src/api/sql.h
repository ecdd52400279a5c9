/* Private to api: its statements. store/sql.h says what each keeps to; those of lists and sums are made of their declarations
 * (list_sql.c, sums.c). */
#ifndef HUILIU_API_SQL_H
#define HUILIU_API_SQL_H

#define SQL_WORKERS_BEAT "SELECT max(beat_ms) FROM worker"
/* ?1 due before */
#define SQL_TASKS_OVERDUE                                                                          \
    "SELECT count(*) FROM (SELECT id FROM task WHERE state = 'ready' AND ready_ms < ?1 LIMIT 1) AS t"

/* --- numbers: lists, sums --- */

/* Each shop that is not unbound: up to when its rows are complete, the least of its streams that prove it; NULL: none does, or
 * one that has not come to its first window (complete up to before its beginning). */
#define SQL_COMPLETE_TIMES                                                                         \
    "SELECT p.id, CASE WHEN sum(CASE WHEN s.complete_up_to_ms < s.since_ms THEN 1 ELSE 0 END) = 0" \
    " THEN min(s.complete_up_to_ms) END, (SELECT max(f.received_ms) FROM import_file f"            \
    " WHERE f.shop_id = p.id AND f.state = 'done') FROM shop p LEFT JOIN stream_state s ON"        \
    " s.shop_id = p.id AND s.complete_up_to_ms IS NOT NULL WHERE p.state <> 'disabled'"            \
    " GROUP BY p.id"

/* ?1 shop ?2 table ?3 key */
#define SQL_STATUSES_OF_ROW                                                                        \
    "SELECT at_ms, status, seen_ms FROM status_history WHERE shop_id = ?1 AND table_name = ?2"     \
    " AND key_text = ?3 ORDER BY at_ms, seen_ms, status"

/* ?1 list of videos. Of each the newest order of all shops first. */
#define VIDEO_TITLES(these)                                                                        \
    "SELECT v.item_id, v.shop_id, v.title, v.author_name, v.cover, v.newest_ms FROM ad_video v"    \
    " WHERE v.item_id" these " ORDER BY v.item_id, v.newest_ms DESC, v.shop_id"
static const char SQL_VIDEO_TITLES[] = SQL_PER_DATABASE(
    VIDEO_TITLES(" IN (SELECT value FROM json_each(?1))"),
    VIDEO_TITLES(" = ANY (ARRAY(SELECT json_array_elements_text(CAST(?1 AS json))))"),
    VIDEO_TITLES(" IN (SELECT j.value FROM JSON_TABLE(?1, '$[*]' COLUMNS (value varchar(400)"
                 " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$')) AS j)"));

/* --- searches: the keys of rows that a text can be in (list.h: list_find) ---
 * ?1 the text ?2 most rows. By the shop, with which keys begin; PostgreSQL has to be told so (LATERAL, LIMIT). */
#define FIND_OF_SHOPS(table, on)                                                                   \
    SQL_PER_DATABASE("SELECT a.shop_id, a.order_id FROM shop s CROSS JOIN " table                  \
                     " a ON a.shop_id = s.id AND a." on " = ?1 LIMIT ?2",                          \
                     "SELECT f.shop_id, f.order_id FROM shop s CROSS JOIN LATERAL (SELECT"         \
                     " a.shop_id, a.order_id FROM " table " a WHERE a.shop_id = s.id AND a." on    \
                     " = ?1 LIMIT 100000) AS f LIMIT ?2",                                          \
                     "SELECT a.shop_id, a.order_id FROM shop s STRAIGHT_JOIN " table               \
                     " a ON a.shop_id = s.id AND a." on " = ?1 LIMIT ?2")
/* ?1 the text ?2 in small letters ?3 most: what is called so. MariaDB knows more small letters than we. */
#define FIND_CALLED(kind, like)                                                                    \
    "SELECT DISTINCT n.id FROM order_name n WHERE n.kind = '" kind "' AND (n.code = ?1 OR " like   \
    ") LIMIT ?3"
#define FIND_NAMES(kind)                                                                           \
    SQL_PER_DATABASE(FIND_CALLED(kind, "instr(lower(n.name), ?2) > 0"),                            \
                     FIND_CALLED(kind, "strpos(lower(n.name COLLATE \"C\"), ?2) > 0"),             \
                     FIND_CALLED(kind, "instr(lower(n.name), lower(?2)) > 0"))
/* ?1 list of ids ?2 most rows */
#define FIND_LISTED(select, table, column, rest)                                                   \
    SQL_PER_DATABASE(select " FROM json_each(?1) AS k CROSS JOIN " table " a ON a." column         \
                            " = k.value" rest,                                                     \
                     select " FROM json_array_elements_text(CAST(?1 AS json)) AS k (value)"        \
                            " CROSS JOIN LATERAL (SELECT b.shop_id, b.order_id FROM " table        \
                            " b WHERE b." column " = k.value LIMIT 100000) AS a" rest,             \
                     select " FROM JSON_TABLE(?1, '$[*]' COLUMNS (value varchar(400)"              \
                            " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$')) AS k"     \
                            " STRAIGHT_JOIN " table " a ON a." column " = k.value" rest)
#define FIND_ROWS(table, column)                                                                   \
    FIND_LISTED("SELECT a.shop_id, a.order_id", table, column, " LIMIT ?2")
#define FIND_MANY(table, column)                                                                   \
    FIND_LISTED("SELECT count(*) FROM (SELECT 1", table, column, " LIMIT ?2) AS f")
#define FIND_NEWEST(table, column, listed)                                                         \
    "SELECT max((SELECT max(a.created_ms) FROM " table " a WHERE a." column                        \
    " = k.value)) FROM " listed
#define FIND_NEWEST_OF(table, column)                                                              \
    SQL_PER_DATABASE(                                                                              \
        FIND_NEWEST(table, column, "json_each(?1) AS k"),                                          \
        FIND_NEWEST(table, column, "json_array_elements_text(CAST(?1 AS json)) AS k (value)"),     \
        FIND_NEWEST(table, column,                                                                 \
                    "JSON_TABLE(?1, '$[*]' COLUMNS (value varchar(400)"                            \
                    " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$')) AS k"))
static const char SQL_FIND_TRADE_ORDER[] = FIND_OF_SHOPS("trade_result", "order_id");
static const char SQL_FIND_TRADE_PARENT[] = FIND_OF_SHOPS("trade_result", "parent_id");
static const char SQL_FIND_TRADE_PACKAGE[] = FIND_OF_SHOPS("trade_order", "package_id");
static const char SQL_FIND_SKU_NAMES[] = FIND_NAMES("sku");
static const char SQL_FIND_SKU_ROWS[] = FIND_ROWS("trade_result", "sku_id");
static const char SQL_FIND_SKU_MANY[] = FIND_MANY("trade_result", "sku_id");
static const char SQL_FIND_SKU_NEWEST[] = FIND_NEWEST_OF("trade_result", "sku_id");
static const char SQL_FIND_AD_ORDER[] = FIND_OF_SHOPS("ad_result", "order_id");
static const char SQL_FIND_AD_TASK[] = FIND_OF_SHOPS("ad_order", "task_id");
static const char SQL_FIND_VIDEO_NAMES[] = FIND_NAMES("item");
static const char SQL_FIND_VIDEO_ROWS[] = FIND_ROWS("ad_result", "item_id");
static const char SQL_FIND_VIDEO_MANY[] = FIND_MANY("ad_result", "item_id");
static const char SQL_FIND_VIDEO_NEWEST[] = FIND_NEWEST_OF("ad_result", "item_id");

/* --- users --- */

#define SQL_USER_COLUMNS                                                                           \
    "id, name, role, reveals, all_shops, disabled, generation, created_ms, signed_in_ms, password"
/* ?1 id */
#define SQL_USER "SELECT " SQL_USER_COLUMNS " FROM api_user WHERE id = ?1"
/* ?1 name */
#define SQL_USER_NAMED "SELECT " SQL_USER_COLUMNS " FROM api_user WHERE name = ?1"
#define SQL_USERS "SELECT " SQL_USER_COLUMNS " FROM api_user ORDER BY name"
#define SQL_USER_SHOPS_ALL "SELECT user_id, shop_id FROM api_user_shop ORDER BY user_id, shop_id"
/* ?1 user */
#define SQL_USER_SHOPS "SELECT shop_id FROM api_user_shop WHERE user_id = ?1 ORDER BY shop_id"
#define SQL_USER_SHOPS_CLEAR "DELETE FROM api_user_shop WHERE user_id = ?1"
/* ?1 user ?2 shop */
#define SQL_USER_SHOP_ADD "INSERT INTO api_user_shop (user_id, shop_id) VALUES (?1, ?2)"
/* ?1 name ?2 password ?3 role ?4 reveals ?5 all shops ?6 now */
#define SQL_USER_ADD                                                                               \
    "INSERT INTO api_user (name, password, role, reveals, all_shops, disabled, generation,"        \
    " created_ms) VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, ?6)"
/* ?1 id ?2 role ?3 reveals ?4 all shops ?5 disabled ?6: 1 ends its bearers */
#define SQL_USER_SET                                                                               \
    "UPDATE api_user SET role = ?2, reveals = ?3, all_shops = ?4, disabled = ?5,"                  \
    " generation = generation + 1 WHERE id = ?1 AND generation = ?6"
#define SQL_USERS_COUNT "SELECT count(*) FROM api_user"
#define SQL_USER_THERE "SELECT count(*) FROM api_user WHERE id = ?1"
/* ?1 id ?2 password */
#define SQL_USER_PASSWORD                                                                          \
    "UPDATE api_user SET password = ?2, generation = generation + 1 WHERE id = ?1"
#define SQL_USER_SIGNED_IN "UPDATE api_user SET signed_in_ms = ?2 WHERE id = ?1"
#define SQL_USER_REMOVE "DELETE FROM api_user WHERE id = ?1"
/* Who takes an admin away first locks all of them, so that two at once see each other. */
#define SQL_ADMINS_LOCK "UPDATE api_user SET generation = generation WHERE role = 'admin'"
#define SQL_ADMINS_COUNT "SELECT count(*) FROM api_user WHERE role = 'admin' AND disabled = 0"

/* --- sessions and tokens --- */

/* ?1 digest ?2 user ?3 now ?4 peer */
#define SQL_SESSION_ADD                                                                            \
    "INSERT INTO api_session (id, user_id, created_ms, seen_ms, peer)"                             \
    " VALUES (?1, ?2, ?3, ?3, ?4)"
/* ?1 digest */
#define SQL_SESSION "SELECT user_id, created_ms, seen_ms FROM api_session WHERE id = ?1"
#define SQL_SESSION_SEEN "UPDATE api_session SET seen_ms = ?2 WHERE id = ?1"
#define SQL_SESSION_REMOVE "DELETE FROM api_session WHERE id = ?1"
/* ?1 user */
#define SQL_SESSIONS_REMOVE "DELETE FROM api_session WHERE user_id = ?1"
/* ?1 user ?2 seen before ?3 made before: those are over */
#define SQL_SESSIONS_OF                                                                            \
    "SELECT id, created_ms, seen_ms, peer FROM api_session WHERE user_id = ?1 AND seen_ms >= ?2"   \
    " AND created_ms >= ?3 ORDER BY seen_ms DESC, id LIMIT 200"
/* ?1 user ?2 the first half of its digest */
#define SQL_SESSION_END "DELETE FROM api_session WHERE user_id = ?1 AND substr(id, 1, 32) = ?2"
/* ?1 seen before ?2 made before */
#define SQL_SESSIONS_PRUNE "DELETE FROM api_session WHERE seen_ms < ?1 OR created_ms < ?2"
/* ?1 digest */
#define SQL_TOKEN "SELECT id, user_id, expires_ms, used_ms FROM api_token WHERE digest = ?1"
#define SQL_TOKEN_USED "UPDATE api_token SET used_ms = ?2 WHERE id = ?1"
#define SQL_TOKENS                                                                                   \
    "SELECT t.id, t.name, t.user_id, u.name, t.created_ms, t.expires_ms, t.used_ms FROM api_token t" \
    " JOIN api_user u ON u.id = t.user_id ORDER BY t.id"
/* ?1 name ?2 user ?3 digest ?4 now ?5 expires */
#define SQL_TOKEN_ADD                                                                              \
    "INSERT INTO api_token (name, user_id, digest, created_ms, expires_ms)"                        \
    " VALUES (?1, ?2, ?3, ?4, ?5)"
#define SQL_TOKEN_NAME "SELECT name FROM api_token WHERE id = ?1"
#define SQL_TOKEN_REMOVE "DELETE FROM api_token WHERE id = ?1"
#define SQL_TOKENS_REMOVE "DELETE FROM api_token WHERE user_id = ?1"

/* --- the audit log --- */

/* ?1 at ?2 user ?3 name ?4 session ?5 peer ?6 action ?7 subject ?8 shop ?9 before ?10 after ?11 request ?12 reason */
#define SQL_AUDIT_ADD                                                                              \
    "INSERT INTO audit (at_ms, user_id, user_name, session, peer, action, subject, shop_id,"       \
    " before_json, after_json, request_id, reason)"                                                \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
/* ?1 below this id ?2 user or NULL ?3 action or NULL ?4 from ?5 to ?6 subject or NULL ?7 shop or NULL ?8 most */
/* --- repeated requests --- */

/* ?1 user ?2 key ?3 digest ?4 now */
#define SQL_REQUEST_BEGIN                                                                          \
    "INSERT INTO api_request (user_id, request_key, digest, at_ms) VALUES (?1, ?2, ?3, ?4)"        \
    " ON CONFLICT (user_id, request_key) DO NOTHING"
/* ?1 user ?2 key */
#define SQL_REQUEST                                                                                \
    "SELECT digest, at_ms, status, body FROM api_request WHERE user_id = ?1 AND request_key = ?2"
/* ?1 user ?2 key ?3 status ?4 body */
#define SQL_REQUEST_END                                                                            \
    "UPDATE api_request SET status = ?3, body = ?4 WHERE user_id = ?1 AND request_key = ?2"
#define SQL_REQUEST_FORGET "DELETE FROM api_request WHERE user_id = ?1 AND request_key = ?2"
/* ?1 made before */
#define SQL_REQUESTS_PRUNE "DELETE FROM api_request WHERE at_ms < ?1"

/* ?1 shop ?2 order */
#define SQL_CERTIFICATES_OF_ORDER                                                                  \
    "SELECT order_item_id, certificate_id, item_status, refund_amount, coalesce(currency, ''),"    \
    " refunded_at FROM trade_certificate WHERE shop_id = ?1 AND order_id = ?2"                     \
    " ORDER BY order_item_id"

/* ?1 shop ?2 SKU: what it was called last */
#define SQL_SKU_NAME                                                                               \
    "SELECT o.sku_name FROM trade_result r JOIN trade_order o ON o.shop_id = r.shop_id AND"        \
    " o.order_id = r.order_id WHERE r.shop_id = ?1 AND r.sku_id = ?2"                              \
    " ORDER BY r.created_ms DESC, r.order_id DESC LIMIT 1"

/* ?1 shop ?2 SPU. What its product is called; its SKUs may have names of their own. */
#define SQL_SPU_NAME                                                                               \
    "SELECT name FROM product WHERE shop_id = ?1 AND spu_id = ?2 AND name IS NOT NULL"             \
    " ORDER BY sku_id LIMIT 1"

/* --- saved views --- */

#define SQL_VIEW_COLUMNS "id, user_id, list, name, body, is_default, is_public, changed_ms"
/* ?1 user */
#define SQL_VIEWS_SEEN                                                                             \
    "SELECT " SQL_VIEW_COLUMNS " FROM saved_view WHERE user_id = ?1 OR is_public = 1"              \
    " ORDER BY list, name, id"
/* ?1 user ?2 view */
#define SQL_VIEW_SEEN                                                                              \
    "SELECT " SQL_VIEW_COLUMNS " FROM saved_view WHERE id = ?2 AND (user_id = ?1 OR is_public = 1)"
/* ?1 user */
#define SQL_VIEWS_COUNT "SELECT count(*) FROM saved_view WHERE user_id = ?1"
/* ?1 user ?2 list ?3 name ?4 body ?5 default ?6 public ?7 now */
#define SQL_VIEW_ADD                                                                               \
    "INSERT INTO saved_view (user_id, list, name, body, is_default, is_public, created_ms,"        \
    " changed_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)"
/* ?1 user ?2 view ?3 list ?4 name ?5 body ?6 default ?7 public ?8 now */
/* ?9 when it was changed last, or -1. It is a version too: of two changes within a millisecond the later one is told a later
 * time. */
#define VIEW_CHANGED(now) "CASE WHEN changed_ms >= " now " THEN changed_ms + 1 ELSE " now " END"
#define SQL_VIEW_SET                                                                               \
    "UPDATE saved_view SET list = ?3, name = ?4, body = ?5, is_default = ?6, is_public = ?7,"      \
    " changed_ms = " VIEW_CHANGED("?8") " WHERE user_id = ?1 AND id = ?2"                          \
                                        " AND (?9 < 0 OR changed_ms = ?9)"
/* ?1 user ?2 view */
#define SQL_VIEW_IS_OWN "SELECT count(*) FROM saved_view WHERE user_id = ?1 AND id = ?2"
#define SQL_VIEW_VERSION "SELECT changed_ms FROM saved_view WHERE id = ?1"
/* ?1 user ?2 list ?3 view that is ?4 now */
#define SQL_VIEWS_NOT_DEFAULT                                                                      \
    "UPDATE saved_view SET is_default = 0, changed_ms = " VIEW_CHANGED(                            \
        "?4") " WHERE user_id = ?1 AND list = ?2 AND id <> ?3 AND is_default = 1"
/* ?1 user ?2 view ?3 when it was changed last, or -1 */
#define SQL_VIEW_REMOVE                                                                            \
    "DELETE FROM saved_view WHERE user_id = ?1 AND id = ?2 AND (?3 < 0 OR changed_ms = ?3)"

/* --- costs, profit, bills --- */

/* ?1 shop ?2 SKU */
#define SQL_COSTS_OF_SKU                                                                           \
    "SELECT from_day, cost, currency, note, who, changed_ms FROM sku_cost"                         \
    " WHERE shop_id = ?1 AND sku_id = ?2 ORDER BY from_day"

/* Ad accounts and the store that their ads are for, or NULL. */
#define SQL_ADS_OF "SELECT id, ads_of FROM shop ORDER BY id"
/* ?1 ad account ?2 store, or NULL */
#define SQL_ADS_OF_SET "UPDATE shop SET ads_of = ?2 WHERE id = ?1"
#define SQL_SETTLEMENT_DAYS "SELECT id, settlement_days FROM shop"
/* ?1 shops. Sales that were delivered, by quarter of an hour: every zone's days begin with one. */
#define DELIVERED(shops)                                                                           \
    "SELECT r.shop_id, r.delivered_ms - r.delivered_ms % 900000, r.currency, count(*),"            \
    " CAST(sum(r.received - r.refunds) AS bigint), count(*) - count(r.received)"                   \
    " FROM trade_result r WHERE r.delivered_ms IS NOT NULL AND r.counts = 1 AND r.shop_id" shops   \
    " GROUP BY r.shop_id, r.delivered_ms - r.delivered_ms % 900000, r.currency ORDER BY 1, 2, 3"
static const char SQL_DELIVERED[] = SQL_PER_DATABASE(
    DELIVERED(" IN (SELECT value FROM json_each(?1))"),
    DELIVERED(" = ANY(translate(?1, '[]', '{}')::bigint[])"),
    DELIVERED(
        " IN (SELECT j.value FROM JSON_TABLE(?1, '$[*]' COLUMNS (value bigint PATH '$')) AS j)"));

/* --- bills: docs/derive.md, "Bill profit" --- */
/* Lines with the PO that each is of, and what each adds to its revenue and cost. */
#define BILL_SALES "coalesce(b.sales_discounted, b.sales, 0)"
#define BILL_SHIPPING "coalesce(b.shipping_discounted, b.shipping, 0)"
#define BILL_LINES                                                                                 \
    "SELECT b.shop_id, coalesce(b.po_id, r.parent_id, b.order_id, '') AS po,"                      \
    " coalesce(b.currency, '') AS currency, b.package_id,"                                         \
    " " BILL_SALES " + coalesce(b.reversal, 0) + " BILL_SHIPPING " AS revenue,"                    \
    " coalesce(b.first_mile, 0) AS first_mile, coalesce(b.last_mile, 0) AS last_mile,"             \
    " coalesce(b.deduction, 0) AS deduction"                                                       \
    " FROM bill_line b LEFT JOIN trade_result r"                                                   \
    " ON r.shop_id = b.shop_id AND r.order_id = b.order_id"
/* A row for each PO and currency, with the sales of that PO: how many orders, their cost, how many have none. What does not add
 * up with lines comes as lines of its own, so that all databases read one text. */
#define BILL_SUM(column) " CAST(sum(x." column ") AS bigint) AS " column
#define BILL_POS                                                                                                                                                                                     \
    "(SELECT x.shop_id, x.po, x.currency," BILL_SUM("revenue") "," BILL_SUM("first_mile") "," BILL_SUM("last_mile") "," BILL_SUM("deduction") ", count(DISTINCT x.package_id) AS parcels," BILL_SUM( \
        "orders") "," BILL_SUM("cost_unknown") ","                                                                                                                                                   \
                                               " CASE WHEN sum(x.revenue) = 0 THEN 0 ELSE CAST(sum(x.goods) AS bigint) END AS goods_cost"                                                            \
                                               " FROM (SELECT l.shop_id, l.po, l.currency, l.package_id, l.revenue, l.first_mile,"                                                                   \
                                               " l.last_mile, l.deduction, 0 AS orders, 0 AS cost_unknown, 0 AS goods"                                                                               \
                                               " FROM (" BILL_LINES ") AS l"                                                                                                                         \
                                               " UNION ALL SELECT d.shop_id, d.po, d.currency, CAST(NULL AS text), 0, 0, 0, 0, 1,"                                                                   \
                                               " CASE WHEN g.goods_cost IS NULL OR g.currency <> d.currency THEN 1 ELSE 0 END,"                                                                      \
                                               " coalesce(g.goods_cost, 0)"                                                                                                                          \
                                               " FROM (SELECT DISTINCT m.shop_id, m.po, m.currency FROM (" BILL_LINES                                                                                \
                                               ") AS m) AS d"                                                                                                                                        \
                                               " JOIN trade_result g ON g.shop_id = d.shop_id AND g.parent_id = d.po AND g.counts = 1)"                                                              \
                                               " AS x GROUP BY x.shop_id, x.po, x.currency) AS p"

/* ?1 import */
static const char SQL_IMPORT_FAULTS[] = "SELECT sheet, line, column_name, code, message"
                                        " FROM import_error WHERE import_id = ?1 ORDER BY number";

#endif

/* Private to derive: its statements, in the subset that store/sql.h describes. */
#ifndef HUILIU_DERIVE_SQL_H
#define HUILIU_DERIVE_SQL_H

#include "store/store.h"

/* --- lists: a JSON list of texts as rows k, each with its `value` --- */
#define LISTED_SQLITE(at) "json_each(" at ") AS k"
#define LISTED_POSTGRES(at) "json_array_elements_text(CAST(" at " AS json)) AS k (value)"
#define LISTED_MARIADB(at)                                                                         \
    "JSON_TABLE(" at ", '$[*]' COLUMNS (value varchar(400) CHARACTER SET utf8mb4"                  \
    " COLLATE utf8mb4_nopad_bin PATH '$')) AS k"
/* `select` FROM the list at parameter `at`, each with the rows of `table` AS `alias` that `on` finds. A key looks its
 * rows up: PostgreSQL, which may have planned when the table was empty, needs LIMIT to believe that they are few. */
#define FROM_LISTED(select, at, table, alias, on, rest)                                            \
    SQL_PER_DATABASE(                                                                              \
        select " FROM " LISTED_SQLITE(at) " CROSS JOIN " table " " alias " ON " on " " rest,       \
        select " FROM " LISTED_POSTGRES(at) " CROSS JOIN LATERAL (SELECT * FROM " table " " alias  \
                                            " WHERE " on " LIMIT 100000) AS " alias " " rest,      \
        select " FROM " LISTED_MARIADB(at) " STRAIGHT_JOIN " table " " alias " ON " on " " rest)

/* --- touched lists --- */
/* ?1 shop ?2 what they are of ?3 most */
#define SQL_TOUCHED_NEXT                                                                           \
    "SELECT id, key_count FROM touched WHERE shop_id = ?1 AND table_name = ?2 ORDER BY id LIMIT ?3"
/* ?1 shop ?2 what they are of ?3 up to this one */
#define SQL_TOUCHED_READ                                                                           \
    "SELECT id, key_list FROM touched WHERE shop_id = ?1 AND table_name = ?2 AND id <= ?3"         \
    " ORDER BY id"
/* ?1 list of ids: these and no others, which may have come meanwhile. */
static const char SQL_TOUCHED_DROP[] = SQL_PER_DATABASE(
    "DELETE FROM touched WHERE id IN (SELECT value FROM json_each(?1))",
    "DELETE FROM touched WHERE id = ANY(translate(?1, '[]', '{}')::bigint[])",
    "DELETE FROM touched WHERE id IN (SELECT j.value FROM JSON_TABLE(?1, '$[*]' COLUMNS"
    " (value bigint PATH '$')) AS j)");
/* ?1 shop. */
#define SQL_TOUCHED_ANY "SELECT 1 FROM touched WHERE shop_id = ?1 LIMIT 1"
/* ?1 shop: what there are lists of. */
#define SQL_TOUCHED_OF "SELECT DISTINCT table_name FROM touched WHERE shop_id = ?1"
#define SQL_SHOP_THERE "SELECT count(*) FROM shop WHERE id = ?1"
#define SQL_SHOP_ZONE "SELECT zone FROM shop WHERE id = ?1"
/* --- names --- */
/* ?1 shop ?2 list of digests: those that are there. */
static const char SQL_NAMES_KEPT[] = FROM_LISTED("SELECT n.digest", "?2", "order_name", "n",
                                                 "n.shop_id = ?1 AND n.digest = k.value", "");
/* ?1 shop ?2 digest ?3 kind ?4 id ?5 code ?6 name. The unit before this one may have kept it meanwhile. */
#define SQL_NAME_ADD                                                                               \
    "INSERT INTO order_name (shop_id, digest, kind, id, code, name) VALUES (?1, ?2, ?3, ?4, ?5,"   \
    " ?6) ON CONFLICT (shop_id, digest) DO NOTHING"

/* --- ad orders --- */
/* Columns of an ad order's result that are read as they are: name, from where, type. */
#define AD_READ(C)                                                                                 \
    C("task_id", "o.task_id", COLUMN_ID)                                                           \
    C("item_id", "coalesce(o.item_id, '')", COLUMN_ID)                                             \
    C("status", "o.status", COLUMN_TEXT)                                                           \
    C("title", "o.title", COLUMN_TEXT)                                                             \
    C("author_name", "o.author_name", COLUMN_TEXT)                                                 \
    C("author_id", "o.author_id", COLUMN_ID)                                                       \
    C("scene", "o.scene", COLUMN_TEXT)                                                             \
    C("renew_count", "o.renew_count", COLUMN_INT)                                                  \
    C("delivery_hours", "o.delivery_hours", COLUMN_TEXT)                                           \
    C("budget", "o.budget", COLUMN_INT)                                                            \
    C("figures_ms", "f.changed_ms", COLUMN_INT)                                                    \
    C("cost", "f.cost", COLUMN_INT)                                                                \
    C("plays", "f.plays", COLUMN_INT)                                                              \
    C("likes", "f.likes", COLUMN_INT)                                                              \
    C("comments", "f.comments", COLUMN_INT)                                                        \
    C("shares", "f.shares", COLUMN_INT)                                                            \
    C("follows", "f.follows", COLUMN_INT)                                                          \
    C("home_visits", "f.home_visits", COLUMN_INT)                                                  \
    C("conversions", "f.conversions", COLUMN_INT)                                                  \
    C("shown", "f.shown", COLUMN_INT)                                                              \
    C("live_clicks", "f.live_clicks", COLUMN_INT)                                                  \
    C("gift_users", "f.gift_users", COLUMN_INT)                                                    \
    C("gift_amount", "f.gift_amount", COLUMN_INT)                                                  \
    C("live_comments", "f.live_comments", COLUMN_INT)                                              \
    C("live_follows", "f.live_follows", COLUMN_INT)                                                \
    C("gifts", "f.gifts", COLUMN_INT)                                                              \
    C("rate_5s", "f.rate_5s", COLUMN_INT)
#define AD_READ_SQL(column, from, type) ", " from
/* Behind them. */
#define AD_READ_MORE                                                                               \
    ", o.created_at, o.first_seen_ms, o.currency, f.currency, f.order_id, p.key_text, p.next_ms,"  \
    " p.days_next_ms"
#define AD_LEFT(table, alias, on) " LEFT JOIN " table " " alias " ON " on
#define AD_LEFT_POSTGRES(table, alias, on)                                                         \
    " LEFT JOIN LATERAL (SELECT * FROM " table " " alias " WHERE " on " LIMIT 1) AS " alias        \
    " ON true"
#define AD_JOINED(LEFT)                                                                            \
    LEFT("ad_figure", "f", "f.shop_id = ?1 AND f.order_id = o.order_id")                           \
    LEFT("ask_plan", "p", "p.shop_id = ?1 AND p.stream = ?3 AND p.key_text = o.order_id")
/* ?1 shop ?2 ids ?3 the stream of the figures. */
/* clang-format off */
static const char SQL_AD_ORDERS[] = SQL_PER_DATABASE(
    "SELECT o.order_id" AD_READ(AD_READ_SQL) AD_READ_MORE " FROM " LISTED_SQLITE("?2")
    " CROSS JOIN ad_order o ON o.shop_id = ?1 AND o.order_id = k.value" AD_JOINED(AD_LEFT),
    "SELECT o.order_id" AD_READ(AD_READ_SQL) AD_READ_MORE " FROM " LISTED_POSTGRES("?2")
    " CROSS JOIN LATERAL (SELECT * FROM ad_order a WHERE a.shop_id = ?1 AND a.order_id = k.value"
    " LIMIT 1) AS o" AD_JOINED(AD_LEFT_POSTGRES),
    "SELECT o.order_id" AD_READ(AD_READ_SQL) AD_READ_MORE " FROM " LISTED_MARIADB("?2")
    " STRAIGHT_JOIN ad_order o ON o.shop_id = ?1 AND o.order_id = k.value" AD_JOINED(AD_LEFT));
/* clang-format on */
/* ?1 shop ?2 ids: what their statuses were, in order. */
static const char SQL_AD_STATUSES[] = FROM_LISTED(
    "SELECT h.key_text, h.at_ms, h.status", "?2", "status_history", "h",
    "h.shop_id = ?1 AND h.table_name = 'ad_order' AND h.key_text = k.value", "ORDER BY 1, 2");
/* ?1 shop ?2 ids: the days of which their figures are told. */
static const char SQL_AD_ORDER_DAYS[] = FROM_LISTED("SELECT DISTINCT d.day", "?2", "ad_figure_day",
                                                    "d", "d.shop_id = ?1 AND d.order_id = k.value",
                                                    "");

/* What a day or video adds up, in the order of ad_day's columns from `plays` on. */
#define AD_SUM(of, column) ", CAST(sum(" of "." column ") AS bigint)"
/* clang-format off */
#define AD_SUMS(of)                                                                                \
    AD_SUM(of, "cost") AD_SUM(of, "plays") AD_SUM(of, "likes") AD_SUM(of, "comments")              \
    AD_SUM(of, "shares") AD_SUM(of, "follows") AD_SUM(of, "home_visits")                           \
    AD_SUM(of, "conversions") AD_SUM(of, "shown") AD_SUM(of, "live_clicks")                        \
    AD_SUM(of, "gift_users") AD_SUM(of, "gift_amount") AD_SUM(of, "live_comments")                 \
    AD_SUM(of, "live_follows") AD_SUM(of, "gifts")                                                 \
    ", CAST(sum(" of ".rate_5s * " of ".plays) AS bigint), CAST(sum(CASE WHEN " of                 \
    ".rate_5s IS NOT NULL THEN " of ".plays END) AS bigint)"
/* clang-format on */
#define AD_DAY_INSERT                                                                              \
    "INSERT INTO ad_day (shop_id, basis, day, item_id, currency, orders, told, provisional,"       \
    " budget, cost, plays, likes, comments, shares, follows, home_visits, conversions, shown,"     \
    " live_clicks, gift_users, gift_amount, live_comments, live_follows, gifts,"                   \
    " rate_5s_weighed, rate_5s_plays, first_ms) "
/* ?1 shop ?2 day (?3 item): the latest figures of the orders that were placed then. */
#define AD_CREATED(also)                                                                           \
    "SELECT r.shop_id, 'created', r.day, r.item_id, r.currency, count(*),"                         \
    " CAST(sum(r.told) AS bigint), CAST(sum(1 - r.final) AS bigint),"                              \
    " CAST(sum(r.budget) AS bigint)" AD_SUMS(                                                      \
        "r") ", min(r.created_ms)"                                                                 \
             " FROM ad_result r WHERE r.shop_id = ?1 AND r.day = ?2" also                          \
             " GROUP BY r.shop_id, r.day, r.item_id, r.currency"
#define SQL_AD_CREATED_CELL AD_CREATED(" AND r.item_id = ?3")
#define SQL_AD_CREATED_CELL_ADD AD_DAY_INSERT SQL_AD_CREATED_CELL
#define SQL_AD_CREATED_CELL_DROP                                                                   \
    "DELETE FROM ad_day WHERE shop_id = ?1 AND basis = 'created' AND day = ?2 AND item_id = ?3"
#define SQL_AD_CREATED_DAY AD_CREATED("")
#define SQL_AD_CREATED_DAY_ADD AD_DAY_INSERT SQL_AD_CREATED_DAY
#define SQL_AD_CREATED_DAY_DROP                                                                    \
    "DELETE FROM ad_day WHERE shop_id = ?1 AND basis = 'created' AND day = ?2"
/* ?1 shop ?2 day ?3 the stream of the figures: what was counted on that day. A day is final once it was asked after
 * it had matured, or when its order is asked for no more; days that are asked once more to be sure stay so. */
#define SQL_AD_SPENT_DAY                                                                                    \
    "SELECT d.shop_id, 'spent', d.day, coalesce(r.item_id, ''),"                                            \
    " coalesce(d.currency, r.currency, ''), count(*), count(*),"                                            \
    " count(*) - count(CASE WHEN p.days_to >= d.day OR p.days_closing = 1"                                  \
    " OR (p.next_ms IS NULL AND p.days_next_ms IS NULL AND p.key_text IS NOT NULL) THEN 1 END),"            \
    " CAST(NULL AS bigint)" AD_SUMS(                                                                        \
        "d") ", min(r.created_ms)"                                                                          \
             " FROM ad_figure_day d"                                                                        \
             " LEFT JOIN ad_result r ON r.shop_id = d.shop_id AND r.order_id = d.order_id"                  \
             " LEFT JOIN ask_plan p ON p.shop_id = d.shop_id AND p.stream = ?3 AND p.key_text = d.order_id" \
             " WHERE d.shop_id = ?1 AND d.day = ?2"                                                         \
             " GROUP BY d.shop_id, d.day, coalesce(r.item_id, ''), coalesce(d.currency, r.currency, '')"
#define SQL_AD_SPENT_DAY_ADD AD_DAY_INSERT SQL_AD_SPENT_DAY
#define SQL_AD_SPENT_DAY_DROP                                                                      \
    "DELETE FROM ad_day WHERE shop_id = ?1 AND basis = 'spent' AND day = ?2"

/* A shop's day: the sums of its rows of ad_day. Of videos, which do not add up, the numbers stand in a list. ?1 shop ?2 basis
 * ?3 day. Each list in one order, so that the audit may compare it; SQLite's has that of the rows. */
#define AD_SHOP_DAY_INSERT                                                                         \
    "INSERT INTO ad_shop_day (shop_id, basis, day, currency, orders, told, provisional, budget,"   \
    " cost, plays, likes, comments, shares, follows, home_visits, conversions, shown,"             \
    " live_clicks, gift_users, gift_amount, live_comments, live_follows, gifts,"                   \
    " rate_5s_weighed, rate_5s_plays, videos, video_list) "
#define AD_NUMBER "CAST((SELECT v.id FROM ad_item v WHERE v.item_id = d.item_id) AS text)"
/* clang-format off */
#define AD_SHOP_DAY(list, from)                                                                    \
    "SELECT d.shop_id, d.basis, d.day, d.currency" AD_SUM("d", "orders") AD_SUM("d", "told")       \
    AD_SUM("d", "provisional") AD_SUM("d", "budget") AD_SUM("d", "cost") AD_SUM("d", "plays")      \
    AD_SUM("d", "likes") AD_SUM("d", "comments") AD_SUM("d", "shares") AD_SUM("d", "follows")      \
    AD_SUM("d", "home_visits") AD_SUM("d", "conversions") AD_SUM("d", "shown")                     \
    AD_SUM("d", "live_clicks") AD_SUM("d", "gift_users") AD_SUM("d", "gift_amount")                \
    AD_SUM("d", "live_comments") AD_SUM("d", "live_follows") AD_SUM("d", "gifts")                  \
    AD_SUM("d", "rate_5s_weighed") AD_SUM("d", "rate_5s_plays")                                    \
    ", count(CASE WHEN d.item_id <> '' THEN 1 END), " list " FROM " from                           \
    " GROUP BY d.shop_id, d.basis, d.day, d.currency"
/* clang-format on */
#define AD_OF_SHOP_DAY " WHERE d.shop_id = ?1 AND d.basis = ?2 AND d.day = ?3"
#define AD_SHOP_DAY_SQLITE                                                                         \
    AD_SHOP_DAY("group_concat(" AD_NUMBER ")",                                                     \
                "(SELECT d.* FROM ad_day d" AD_OF_SHOP_DAY " ORDER BY d.item_id) AS d")
#define AD_SHOP_DAY_POSTGRES                                                                       \
    AD_SHOP_DAY("string_agg(" AD_NUMBER ", ',' ORDER BY d.item_id)", "ad_day d" AD_OF_SHOP_DAY)
#define AD_SHOP_DAY_MARIADB                                                                        \
    AD_SHOP_DAY("group_concat(" AD_NUMBER " ORDER BY d.item_id SEPARATOR ',')",                    \
                "ad_day d" AD_OF_SHOP_DAY)
static const char SQL_AD_SHOP_DAY_ADD[] = SQL_PER_DATABASE(AD_SHOP_DAY_INSERT AD_SHOP_DAY_SQLITE,
                                                           AD_SHOP_DAY_INSERT AD_SHOP_DAY_POSTGRES,
                                                           AD_SHOP_DAY_INSERT AD_SHOP_DAY_MARIADB);
static const char SQL_AD_SHOP_DAY_SORTED[] = SQL_PER_DATABASE(AD_SHOP_DAY_SQLITE " ORDER BY 4",
                                                              AD_SHOP_DAY_POSTGRES " ORDER BY 4",
                                                              AD_SHOP_DAY_MARIADB " ORDER BY 4");
#define SQL_AD_SHOP_DAY_DROP                                                                       \
    "DELETE FROM ad_shop_day WHERE shop_id = ?1 AND basis = ?2 AND day = ?3"
/* Videos that have no number yet. Another process may give them theirs at the same time. */
#define SQL_AD_ITEMS_ADD                                                                           \
    "INSERT INTO ad_item (item_id) SELECT d.item_id FROM ad_day d" AD_OF_SHOP_DAY                  \
    " AND d.item_id <> '' AND NOT EXISTS (SELECT 1 FROM ad_item v WHERE v.item_id = d.item_id)"    \
    " GROUP BY d.item_id ORDER BY d.item_id ON CONFLICT (item_id) DO NOTHING"

/* The first cover of an order's first video, where it is a text, or a list that begins with one. */
#define AD_COVER_SQLITE                                                                            \
    "CASE WHEN json_type(o.items, '$[0].aweme_item_cover') = 'text'"                               \
    " THEN json_extract(o.items, '$[0].aweme_item_cover')"                                         \
    " WHEN json_type(o.items, '$[0].aweme_item_cover[0]') = 'text'"                                \
    " THEN json_extract(o.items, '$[0].aweme_item_cover[0]') END"
#define AD_COVER_POSTGRES                                                                          \
    "CASE WHEN json_typeof(CAST(o.items AS json) #> '{0,aweme_item_cover}') = 'string'"            \
    " THEN CAST(o.items AS json) #>> '{0,aweme_item_cover}'"                                       \
    " WHEN json_typeof(CAST(o.items AS json) #> '{0,aweme_item_cover,0}') = 'string'"              \
    " THEN CAST(o.items AS json) #>> '{0,aweme_item_cover,0}' END"
#define AD_COVER_MARIADB                                                                           \
    "CASE WHEN JSON_TYPE(JSON_EXTRACT(o.items, '$[0].aweme_item_cover')) = 'STRING'"               \
    " THEN JSON_VALUE(o.items, '$[0].aweme_item_cover')"                                           \
    " WHEN JSON_TYPE(JSON_EXTRACT(o.items, '$[0].aweme_item_cover[0]')) = 'STRING'"                \
    " THEN JSON_VALUE(o.items, '$[0].aweme_item_cover[0]') END"
/* ?1 shop ?2 item: as its newest order shows it. */
#define AD_VIDEO(cover)                                                                            \
    "SELECT r.shop_id, r.item_id, r.title, r.author_name, " cover ", r.created_ms,"                \
    " (SELECT count(*) FROM ad_result c WHERE c.shop_id = ?1 AND c.item_id = ?2)"                  \
    " FROM (SELECT * FROM ad_result n WHERE n.shop_id = ?1 AND n.item_id = ?2"                     \
    " ORDER BY n.created_ms DESC, n.order_id DESC LIMIT 1) AS r"                                   \
    " LEFT JOIN ad_order o ON o.shop_id = r.shop_id AND o.order_id = r.order_id"
#define AD_VIDEO_INSERT                                                                            \
    "INSERT INTO ad_video (shop_id, item_id, title, author_name, cover, newest_ms, orders) "
static const char SQL_AD_VIDEO[] = SQL_PER_DATABASE(
    AD_VIDEO(AD_COVER_SQLITE), AD_VIDEO(AD_COVER_POSTGRES), AD_VIDEO(AD_COVER_MARIADB));
static const char SQL_AD_VIDEO_ADD[] = SQL_PER_DATABASE(AD_VIDEO_INSERT AD_VIDEO(AD_COVER_SQLITE),
                                                        AD_VIDEO_INSERT AD_VIDEO(AD_COVER_POSTGRES),
                                                        AD_VIDEO_INSERT AD_VIDEO(AD_COVER_MARIADB));
/* --- the audit --- */
#define SQL_AUDIT_SHOPS "SELECT id FROM shop ORDER BY id"
/* ?1 at ?2 seed ?3 looked at ?4 differing. */
#define SQL_AUDIT_KEEP                                                                             \
    "INSERT INTO derive_audit (name, at_ms, seed, looked, differing)"                              \
    " VALUES ('last', ?1, ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE SET at_ms = excluded.at_ms,"    \
    " seed = excluded.seed, looked = excluded.looked, differing = excluded.differing"
#define SQL_AUDIT_LAST "SELECT at_ms, seed, looked, differing FROM derive_audit WHERE name = 'last'"
/* ?1 shop ?2 most */
#define SQL_AD_TOUCHED                                                                             \
    "SELECT key_list FROM touched WHERE shop_id = ?1 AND table_name = 'ad_order' LIMIT ?2"
#define SQL_AD_RESULT_BOUNDS                                                                       \
    "SELECT min(created_ms), max(created_ms) FROM ad_result WHERE shop_id = ?1"
/* ?1 shop ?2 from then on ?3 so many rows further. */
#define SQL_AD_RESULT_ONE                                                                          \
    "SELECT order_id FROM ad_result WHERE shop_id = ?1 AND created_ms >= ?2"                       \
    " ORDER BY created_ms, order_id LIMIT 1 OFFSET ?3"
#define SQL_AD_DAY_ONE                                                                             \
    "SELECT day FROM ad_result WHERE shop_id = ?1 AND created_ms >= ?2"                            \
    " ORDER BY created_ms, order_id LIMIT 1 OFFSET ?3"
#define SQL_AD_ORDER_BOUNDS                                                                        \
    "SELECT min(created_at), max(created_at) FROM ad_order WHERE shop_id = ?1"
#define SQL_AD_ORDER_ONE                                                                           \
    "SELECT order_id FROM ad_order WHERE shop_id = ?1 AND created_at >= ?2"                        \
    " ORDER BY created_at LIMIT 1 OFFSET ?3"
/* ?1 shop ?2 basis ?3 day. */
#define SQL_AD_DAY_STORED                                                                          \
    "SELECT shop_id, basis, day, item_id, currency, orders, told, provisional, budget, cost,"      \
    " plays, likes, comments, shares, follows, home_visits, conversions, shown, live_clicks,"      \
    " gift_users, gift_amount, live_comments, live_follows, gifts, rate_5s_weighed,"               \
    " rate_5s_plays, first_ms FROM ad_day WHERE shop_id = ?1 AND basis = ?2 AND day = ?3"          \
    " ORDER BY item_id, currency"
#define SQL_AD_SHOP_DAY_STORED                                                                     \
    "SELECT shop_id, basis, day, currency, orders, told, provisional, budget, cost, plays, likes," \
    " comments, shares, follows, home_visits, conversions, shown, live_clicks, gift_users,"        \
    " gift_amount, live_comments, live_follows, gifts, rate_5s_weighed, rate_5s_plays, videos,"    \
    " video_list FROM ad_shop_day WHERE shop_id = ?1 AND basis = ?2 AND day = ?3 ORDER BY currency"
#define SQL_AD_CREATED_SORTED SQL_AD_CREATED_DAY " ORDER BY 4, 5"
#define SQL_AD_SPENT_SORTED SQL_AD_SPENT_DAY " ORDER BY 4, 5"
#define SQL_AD_VIDEO_STORED                                                                        \
    "SELECT shop_id, item_id, title, author_name, cover, newest_ms, orders FROM ad_video"          \
    " WHERE shop_id = ?1 AND item_id = ?2"

/* --- rebuilding (maker.h: rebuild_walk) --- */
#define WALK(table, key, also)                                                                     \
    "SELECT DISTINCT w." key " FROM " table " w WHERE w.shop_id = ?1 AND w." key " > ?2" also      \
    " ORDER BY 1 LIMIT ?3"
/* Also without that time. Parts go by the key: an index of times or days would give all of the shop's orders, to be sorted
 * for each part (PostgreSQL guesses that a range is few rows). */
#define AD_PLACED " AND coalesce(w.created_at, ?4) BETWEEN ?4 AND ?5"
#define AD_PLACED_DAY " AND coalesce(w.day, '') BETWEEN ?4 AND ?5"
#define AD_BETWEEN " AND w.day BETWEEN ?4 AND ?5"
#define AD_OF(basis) " AND w.basis = '" basis "' AND w.day BETWEEN ?4 AND ?5"
#define SQL_AD_WALK_ORDERS WALK("ad_order", "order_id", AD_PLACED)
#define SQL_AD_WALK_RESULTS WALK("ad_result", "order_id", AD_PLACED_DAY)
#define SQL_AD_WALK_TOLD WALK("ad_figure_day", "day", AD_BETWEEN)
#define SQL_AD_WALK_SPENT WALK("ad_day", "day", AD_OF("spent"))
#define SQL_AD_WALK_CREATED WALK("ad_day", "day", AD_OF("created"))
#define SQL_AD_WALK_SHOP_SPENT WALK("ad_shop_day", "day", AD_OF("spent"))
#define SQL_AD_WALK_SHOP_CREATED WALK("ad_shop_day", "day", AD_OF("created"))
#define SQL_AD_WALK_VIDEOS WALK("ad_video", "item_id", "")

#define SQL_AD_VIDEO_DROP "DELETE FROM ad_video WHERE shop_id = ?1 AND item_id = ?2"

#endif

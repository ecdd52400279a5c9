/* Statements of the routes about shops, syncs and tasks (store/sql.h says what all databases understand). */
#ifndef HUILIU_API_CONTROL_SQL_H
#define HUILIU_API_CONTROL_SQL_H

#include "store/store.h"

/* `all` is 1, or `column` is one of the numbers in the JSON list `ids`. */
#define SQL_SCOPED(before, column, all, ids, after)                                                \
    SQL_PER_DATABASE(before "(" all " = 1 OR " column " IN (SELECT value FROM json_each(" ids      \
                            ")))" after,                                                           \
                     before "(" all " = 1 OR " column " = ANY(translate(" ids                      \
                            ", '[]', '{}')::bigint[]))" after,                                     \
                     before "(" all " = 1 OR " column " IN (SELECT j.value FROM JSON_TABLE(" ids   \
                            ", '$[*]' COLUMNS (value bigint PATH '$')) AS j))" after)

/* --- tasks --- ?1 task */
static const char SQL_TASK_TRIES[] =
    "SELECT started_ms, ended_ms, result, pages, calls, rejects, rows_new, rows_changed, rows_same,"
    " rows_older, error FROM execution WHERE task_id = ?1 ORDER BY id DESC LIMIT 20";
/* ?1 all ?2 ids ?3 now: per class */
#define SQL_TASK_DEPTH_SEEN                                                                        \
    SQL_SCOPED("SELECT class, sum(CASE WHEN state = 'ready' AND ready_ms <= ?3 THEN 1 ELSE 0 END)" \
               ", sum(CASE WHEN state = 'ready' AND ready_ms > ?3 THEN 1 ELSE 0 END),"             \
               " sum(CASE WHEN state = 'running' THEN 1 ELSE 0 END),"                              \
               " sum(CASE WHEN state = 'dead' THEN 1 ELSE 0 END),"                                 \
               " min(CASE WHEN state = 'ready' AND ready_ms <= ?3 THEN ready_ms END)"              \
               " FROM task WHERE ",                                                                \
               "lane", "?1", "?2", " GROUP BY class ORDER BY class")

/* --- holds, schedules, budgets --- */
/* ?1 all ?2 ids */
#define SQL_SCHEDULE_LIST                                                                          \
    SQL_SCOPED("SELECT lane, name, spec, kind, next_ms, last_ms, ticks FROM schedule WHERE ",      \
               "lane", "?1", "?2", " ORDER BY lane, name")
static const char SQL_SHOP_VERSION[] = "SELECT coalesce(version, 0) FROM shop WHERE id = ?1";
static const char SQL_BUDGET_LIST[] =
    "SELECT name, calls, per_ms, burst, rate_milli, tokens_milli, blocked_ms, taken, refused,"
    " told_ms FROM budget ORDER BY name";

/* --- platforms --- ?1 all ?2 ids */
#define SQL_PLATFORM_SHOPS                                                                         \
    SQL_SCOPED("SELECT s.platform, s.state, count(*) FROM shop s WHERE ", "s.id", "?1", "?2",      \
               " GROUP BY s.platform, s.state ORDER BY s.platform, s.state")
/* ?3 begun at or after. A try has failed when it ended with an error; who waits for quota or is taken back has not. */
#define SQL_PLATFORM_TRIES                                                                         \
    SQL_SCOPED(                                                                                    \
        "SELECT s.platform, count(*), sum(CASE WHEN e.result IN ('failed', 'dead') THEN 1"         \
        " ELSE 0 END), coalesce(sum(e.calls), 0), coalesce(sum(e.pages), 0),"                      \
        " coalesce(sum(e.rejects), 0) FROM execution e JOIN shop s ON s.id = e.lane WHERE ",       \
        "e.lane", "?1", "?2",                                                                      \
        " AND e.started_ms >= ?3 AND e.ended_ms IS NOT NULL GROUP BY s.platform"                   \
        " ORDER BY s.platform")
/* ?1 after */
static const char SQL_PLATFORM_BREAKERS[] =
    "SELECT at_ms, kind, shop_id, args FROM event WHERE kind IN ('breaker_opened',"
    " 'breaker_closed') AND at_ms >= ?1 ORDER BY id DESC LIMIT 1000";

/* --- coverage --- ?1 shop ?2 stream */
static const char SQL_WINDOWS_UNPROVED[] =
    "SELECT kind, from_ms, to_ms, reason, again_ms, tries FROM sync_window WHERE shop_id = ?1"
    " AND stream = ?2 AND state = 'unproved' ORDER BY from_ms LIMIT 20";

/* --- shops --- ?1 id */
static const char SQL_SHOP_THERE[] = "SELECT count(*) FROM shop WHERE id = ?1";
#define SQL_APP                                                                                    \
    "SELECT a.id, a.platform, a.name, a.key_text, a.created_ms,"                                   \
    " (SELECT count(*) FROM shop s WHERE s.app_id = a.id), t.state, t.expires_ms, t.error"         \
    " FROM app a LEFT JOIN token t ON t.owner = 'app:' || CAST(a.id AS text)"
static const char SQL_APP_LIST[] = SQL_APP " ORDER BY a.platform, a.name LIMIT 1000";
/* ?1 id */
static const char SQL_APP_ONE[] = SQL_APP " WHERE a.id = ?1";

/* --- consents --- */
/* ?1 hash ?2 browser ?3 session ?4 user ?5 platform ?6 app ?7 shop or NULL ?8 expires */
static const char SQL_STATE_ADD[] =
    "INSERT INTO oauth_state (hash, browser, session, user_id, platform, app_id, shop_id,"
    " expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
/* ?1 before */
static const char SQL_STATES_PRUNE[] = "DELETE FROM oauth_state WHERE expires_ms < ?1";
/* ?1 hash */
static const char SQL_STATE_READ[] =
    "SELECT browser, session, user_id, platform, app_id, shop_id, expires_ms, used_ms FROM oauth_state"
    " WHERE hash = ?1";
/* ?1 hash ?2 now: once */
static const char SQL_STATE_USE[] =
    "UPDATE oauth_state SET used_ms = ?2 WHERE hash = ?1 AND used_ms IS NULL";

/* --- what needs a person --- ?1 all ?2 ids */
#define SQL_ATTENTION_SHOPS                                                                        \
    SQL_SCOPED("SELECT s.id, s.state, s.state_reason, CASE WHEN t.refresh_expires_ms IS NOT NULL"  \
               " THEN t.refresh_expires_ms WHEN t.refresh_cipher IS NULL THEN t.expires_ms END,"   \
               " t.state, t.error FROM shop s LEFT JOIN token t ON"                                \
               " t.owner = 'shop:' || CAST(coalesce(s.token_of, s.id) AS text) WHERE ",            \
               "s.id", "?1", "?2", " AND s.state <> 'disabled' ORDER BY s.id LIMIT 10000")
#define SQL_ATTENTION_STREAMS                                                                      \
    SQL_SCOPED("SELECT c.shop_id, c.stream, c.last_success_ms, c.last_error, c.open_unproved,"     \
               " c.since_ms FROM stream_state c JOIN shop s ON s.id = c.shop_id"                   \
               " AND s.state = 'enabled' WHERE ",                                                  \
               "c.shop_id", "?1", "?2", " ORDER BY c.shop_id, c.stream LIMIT 10000")
#define SQL_ATTENTION_REJECTS                                                                      \
    SQL_SCOPED("SELECT shop_id, count(*) FROM reject WHERE ", "shop_id", "?1", "?2",               \
               " GROUP BY shop_id ORDER BY shop_id")
#define SQL_ATTENTION_DEAD                                                                         \
    SQL_SCOPED("SELECT id, lane, kind, error, changed_ms FROM task WHERE state = 'dead' AND ",     \
               "lane", "?1", "?2", " ORDER BY changed_ms DESC, id LIMIT 100")
/* ?3 told after: refusals of the last hours, of those who see all. */
static const char SQL_ATTENTION_BUDGETS[] =
    "SELECT name, refused, taken, told_ms FROM budget WHERE refused > 0 AND blocked_ms > ?1"
    " ORDER BY name LIMIT 100";
/* ?3 after */
#define SQL_ATTENTION_DRIFT                                                                        \
    SQL_SCOPED("SELECT shop_id, max(at_ms), count(*) FROM event WHERE kind = 'derive_drift' AND ", \
               "shop_id", "?1", "?2", " AND at_ms >= ?3 GROUP BY shop_id ORDER BY shop_id")
/* ?1 after */
static const char SQL_ATTENTION_WORKERS[] =
    "SELECT count(*), max(beat_ms) FROM worker WHERE beat_ms > ?1";

/* --- personal data --- ?1 0 ?2 shops ?3 order */
#define SQL_PERSONAL                                                                               \
    SQL_SCOPED("SELECT shop_id, phone_cipher, contact_name_cipher FROM trade_order WHERE ",        \
               "shop_id", "?1", "?2", " AND order_id = ?3 LIMIT 2")
/* ?1 0 ?2 shops ?3 index ?4 most */
#define SQL_FIND(column)                                                                           \
    SQL_SCOPED("SELECT shop_id, order_id, status, created_at, phone_mask, contact_name_mask"       \
               " FROM trade_order WHERE ",                                                         \
               "shop_id", "?1", "?2",                                                              \
               " AND " column " = ?3 ORDER BY created_at DESC, shop_id, order_id LIMIT ?4")
#define SQL_FIND_PHONE SQL_FIND("phone_index")
#define SQL_FIND_NAME SQL_FIND("contact_name_index")
/* ?1 user ?2 after */
static const char SQL_REVEALS_OF[] =
    "SELECT count(*) FROM audit WHERE user_id = ?1 AND at_ms > ?2"
    " AND action IN ('personal.reveal', 'personal.search', 'original.reveal')";
/* ?1 0 ?2 shops ?3 key ?4 table */
#define SQL_ORIGINAL                                                                               \
    SQL_SCOPED("SELECT shop_id, body, received_ms FROM original WHERE ", "shop_id", "?1", "?2",    \
               " AND table_name = ?4 AND key_text = ?3 LIMIT 2")
/* ?1 lane ?2 instant: a lane runs one task at a time. What works on rows that are there begins in the same millisecond, and brings none. */
static const char SQL_EXECUTION_AT[] =
    "SELECT id, task_id, kind, stream, started_ms, ended_ms, result, run FROM execution"
    " WHERE lane = ?1 AND started_ms <= ?2 AND (ended_ms IS NULL OR ended_ms >= ?2)"
    " AND kind NOT IN ('derive', 'decrypt', 'figures', 'pass', 'ask') ORDER BY started_ms DESC LIMIT 1";
/* --- webhooks --- ?1 platform ?2 shop ?3 digest ?4 received ?5 body ?6 ids. The same again is nothing. */
static const char SQL_HOOK_ADD[] =
    "INSERT INTO webhook_event (platform, shop_id, digest, received_ms, body, ids)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (platform, digest) DO NOTHING";
/* ?1 digest of a session */
static const char SQL_SESSION_TIMES[] = "SELECT created_ms, seen_ms FROM api_session WHERE id = ?1";

#endif

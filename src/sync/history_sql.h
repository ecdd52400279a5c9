/* Statements of history.c: texts that all databases understand (store/sql.h). */
#ifndef HUILIU_SYNC_HISTORY_SQL_H
#define HUILIU_SYNC_HISTORY_SQL_H

/* ?1 id ?2 mode ?3 asked ?4 by ?5 wish ?6 hash ?7 planned or NULL */
static const char SQL_SYNC_RUN_ADD[] =
    "INSERT INTO sync_run (id, mode, asked_ms, asked_by, wish, wish_hash, planned_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
/* ?1 id ?2 now */
static const char SQL_SYNC_PLANNED[] = "UPDATE sync_run SET planned_ms = ?2 WHERE id = ?1";
/* ?1 run ?2 shop ?3 streams ?4 code or NULL ?5 reason or NULL */
static const char SQL_SYNC_SHOP_ADD[] =
    "INSERT INTO sync_run_shop (run, shop_id, streams, code, reason) VALUES (?1, ?2, ?3, ?4, ?5)";
/* ?1 run ?2 shop. What another sync has left in the lane goes on as this one's. */
static const char SQL_SYNC_FOLLOW[] =
    "UPDATE sync_run_shop SET followed_by = ?1 WHERE shop_id = ?2 AND followed_by IS NULL"
    " AND run <> ?1 AND run IN (SELECT t.run FROM task t WHERE t.lane = ?2 AND t.run <> ''"
    " AND t.state IN ('ready', 'running'))";

/* ?1 hash */
static const char SQL_SYNC_SAME[] =
    "SELECT r.id FROM sync_run r WHERE r.wish_hash = ?1 AND r.cancelled_ms IS NULL"
    " AND EXISTS (SELECT 1 FROM task t WHERE t.run = r.id AND t.run <> ''"
    " AND t.state IN ('ready', 'running')) ORDER BY r.asked_ms DESC, r.id DESC LIMIT 1";

/* ?1 id ?2 now ?3 by */
static const char SQL_SYNC_CANCEL[] =
    "UPDATE sync_run SET cancelled_ms = coalesce(cancelled_ms, ?2),"
    " cancelled_by = coalesce(cancelled_by, ?3) WHERE id = ?1";

/* ?1 before ?2 most */
static const char SQL_SYNC_SHOPS_PRUNE[] =
    "DELETE FROM sync_run_shop WHERE run IN (SELECT id FROM (SELECT id FROM sync_run"
    " WHERE asked_ms < ?1 ORDER BY asked_ms, id LIMIT ?2) AS old)";
static const char SQL_SYNCS_PRUNE[] =
    "DELETE FROM sync_run WHERE id IN (SELECT id FROM (SELECT id FROM sync_run"
    " WHERE asked_ms < ?1 ORDER BY asked_ms, id LIMIT ?2) AS old)";

/* --- how it goes; ?1 is the run everywhere --- */
static const char SQL_SYNC_RUN[] =
    "SELECT id, mode, asked_ms, asked_by, wish, cancelled_ms, cancelled_by,"
    " planned_ms FROM sync_run WHERE id = ?1";
static const char SQL_SYNC_SHOPS[] = "SELECT shop_id, streams, code, reason, followed_by"
                                     " FROM sync_run_shop WHERE run = ?1 ORDER BY shop_id";
/* ?2 now. Who has let his lease run out does not run. */
static const char SQL_SYNC_TASKS[] =
    "SELECT lane, sum(CASE WHEN (state = 'ready' AND ready_ms <= ?2)"
    " OR (state = 'running' AND lease_ms <= ?2) THEN 1 ELSE 0 END),"
    " sum(CASE WHEN state = 'ready' AND ready_ms > ?2 THEN 1 ELSE 0 END),"
    " sum(CASE WHEN state = 'running' AND lease_ms > ?2 THEN 1 ELSE 0 END),"
    " sum(CASE WHEN state = 'dead' THEN 1 ELSE 0 END),"
    " min(CASE WHEN state = 'ready' AND ready_ms > ?2 THEN ready_ms END),"
    " sum(CASE WHEN kind = 'ask' AND state <> 'dead' THEN 1 ELSE 0 END)"
    " FROM task WHERE run = ?1 AND run <> '' GROUP BY lane";
static const char SQL_SYNC_TRIES[] =
    "SELECT lane, count(*), sum(CASE WHEN result = 'cancelled' THEN 1 ELSE 0 END), sum(pages),"
    " sum(calls), sum(rejects), sum(rows_new), sum(rows_changed), sum(rows_same), sum(rows_older),"
    " min(started_ms), max(ended_ms) FROM execution WHERE run = ?1 GROUP BY lane";
/* ?2 asked ?3 1: it is all over, so that only what was closed before its last try is its. Streams are names without
 * quotes in a JSON list. */
#define SQL_SYNC_STREAM "s.streams LIKE '%\"' || w.stream || '\"%'"
static const char SQL_SYNC_WINDOWS[] =
    "SELECT w.shop_id, sum(CASE WHEN w.state = 'sealed' OR w.state = 'moved' THEN 1 ELSE 0 END),"
    " sum(CASE WHEN w.state = 'unproved' THEN 1 ELSE 0 END)"
    " FROM sync_run_shop s JOIN sync_window w ON w.shop_id = s.shop_id AND " SQL_SYNC_STREAM
    " WHERE s.run = ?1 AND w.closed_ms >= ?2 AND w.state <> 'split' AND w.closed_ms <="
    " coalesce((SELECT max(e.ended_ms) FROM execution e WHERE e.run = ?1 AND e.lane = s.shop_id), 0)"
    " GROUP BY w.shop_id";
/* ?2 asked: windows that are open since, and those of them that are closed by now. */
static const char SQL_SYNC_OPEN[] =
    "SELECT w.shop_id, sum(CASE WHEN w.state = 'open' THEN 1 ELSE 0 END)"
    " FROM sync_run_shop s JOIN sync_window w ON w.shop_id = s.shop_id AND " SQL_SYNC_STREAM
    " WHERE s.run = ?1 AND w.state = 'open' GROUP BY w.shop_id";
static const char SQL_SYNC_DEAD[] =
    "SELECT lane, id, kind, error FROM task WHERE run = ?1 AND run <> '' AND state = 'dead'"
    " ORDER BY id LIMIT 500";
/* ?2 asked */
static const char SQL_SYNC_UNPROVED[] =
    "SELECT w.shop_id, w.stream, w.kind, w.reason, w.from_ms, w.to_ms"
    " FROM sync_run_shop s JOIN sync_window w ON w.shop_id = s.shop_id AND " SQL_SYNC_STREAM
    " WHERE s.run = ?1 AND w.state = 'unproved' AND w.closed_ms >= ?2 AND w.closed_ms <="
    " coalesce((SELECT max(e.ended_ms) FROM execution e WHERE e.run = ?1 AND e.lane = s.shop_id), 0)"
    " ORDER BY w.shop_id, w.stream, w.from_ms LIMIT 500";
static const char SQL_SYNC_HELD[] =
    "SELECT s.shop_id FROM sync_run_shop s LEFT JOIN shop p ON p.id = s.shop_id WHERE s.run = ?1"
    " AND EXISTS (SELECT 1 FROM hold h WHERE h.scope = 'all'"
    " OR (h.scope = 'lane' AND h.lane = s.shop_id)"
    " OR (h.scope = 'platform' AND h.name = p.platform))";
/* ?1 beat after */
static const char SQL_SOMEBODY_WORKS[] = "SELECT count(*) FROM worker WHERE beat_ms > ?1";

#endif

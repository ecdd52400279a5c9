/* Every SQL text of the command line, bound by position. Other rooms own the tables; here they are
 * read for people, and apps and shops are edited. */
#ifndef HUILIU_APP_SQL_H
#define HUILIU_APP_SQL_H

#include "store/store.h"

/* --- apps and shops --- */
static const char SQL_APPS[] =
    "SELECT a.id, a.platform, a.name, a.key_text, a.secret_cipher, a.created_ms, "
    "(SELECT count(*) FROM shop s WHERE s.app_id = a.id) FROM app a ORDER BY a.platform, a.name";
static const char SQL_APP_FIND[] =
    "SELECT id, platform, name FROM app WHERE name = ?1 AND (?2 = '' OR platform = ?2)";
static const char SQL_APP_BY_ID[] =
    "SELECT platform, name, key_text, secret_cipher, settings FROM app WHERE id = ?1";
static const char SQL_APP_INSERT[] =
    "INSERT INTO app (platform, name, key_text, settings, created_ms) VALUES (?1, ?2, ?3, '{}', ?4)";
static const char SQL_APP_SECRETS[] =
    "UPDATE app SET secret_cipher = ?2, settings = ?3 WHERE id = ?1";
static const char SQL_APP_ROTATE[] =
    "UPDATE app SET secret_cipher = coalesce(?2, secret_cipher), key_text = coalesce(?3, key_text) "
    "WHERE id = ?1";

static const char SQL_SHOPS[] =
    "SELECT s.id, s.platform, s.name, s.external_id, s.state, s.state_reason, s.since_ms, s.zone, "
    "s.proxy, s.settings, a.id, a.name, a.key_text, a.secret_cipher, a.settings "
    "FROM shop s LEFT JOIN app a ON a.id = s.app_id ORDER BY s.platform, s.name";
static const char SQL_SHOP_INSERT[] =
    "INSERT INTO shop (platform, app_id, name, external_id, state, since_ms, zone, proxy, settings, "
    "created_ms) VALUES (?1, ?2, ?3, ?4, 'enabled', ?5, ?6, ?7, '{}', ?8)";
static const char SQL_SHOP_SETTINGS[] = "UPDATE shop SET settings = ?2 WHERE id = ?1";
/* ?1 id ?2 name ?3 zone ?4 since ?5 proxy ?6 settings or NULL: they stay ?7 person ?8 settlement days */
static const char SQL_SHOP_EDIT[] =
    "UPDATE shop SET name = ?2, zone = ?3, since_ms = ?4, proxy = ?5, "
    "settings = coalesce(?6, settings), person = ?7, settlement_days = ?8 WHERE id = ?1";
static const char SQL_SHOP_PERSON[] = "SELECT person, settlement_days FROM shop WHERE id = ?1";
/* ?1 platform ?2 external id ?3 person ?4 settlement days */
static const char SQL_SHOP_PERSON_PUT[] = "UPDATE shop SET person = ?3, settlement_days = ?4 "
                                          "WHERE platform = ?1 AND external_id = ?2";
static const char SQL_SHOP_STATE[] =
    "UPDATE shop SET state = ?2, state_reason = NULL WHERE id = ?1";
/* ?1 id ?2 its version, or -1: whatever */
static const char SQL_SHOP_CLAIM[] =
    "UPDATE shop SET version = coalesce(version, 0) + 1 WHERE id = ?1 "
    "AND (?2 < 0 OR coalesce(version, 0) = ?2)";
static const char SQL_SHOP_DELETE[] = "DELETE FROM shop WHERE id = ?1";
static const char SQL_SHOP_TASKS_DELETE[] = "DELETE FROM task WHERE lane = ?1";
static const char SQL_SHOP_HOLD_DELETE[] = "DELETE FROM hold WHERE scope = 'lane' AND lane = ?1";
static const char SQL_SHOP_SCHEDULES_DELETE[] = "DELETE FROM schedule WHERE lane = ?1";
static const char SQL_SHOP_TASKS_RUNNING[] =
    "SELECT count(*) FROM task WHERE lane = ?1 AND state = 'running'";
static const char SQL_SHOP_EXECUTIONS_DELETE[] = "DELETE FROM execution WHERE lane = ?1";
static const char SQL_TOKEN_DELETE[] = "DELETE FROM token WHERE owner = ?1";
/* New credentials of an app answer what its shops waited for. */
static const char SQL_APP_SHOPS_WAKE[] = "UPDATE shop SET state = 'enabled', state_reason = NULL "
                                         "WHERE app_id = ?1 AND state = 'needs_person'";
static const char SQL_TOKEN[] =
    "SELECT state, expires_ms, refresh_expires_ms, error FROM token WHERE owner = ?1";

/* --- status --- */
/* Where nothing has been read, or proved, both still stand before the start. */
static const char SQL_STATUS[] =
    "SELECT CASE WHEN frontier_ms >= since_ms THEN frontier_ms END, "
    "CASE WHEN complete_up_to_ms >= since_ms THEN complete_up_to_ms END, last_success_ms, "
    "last_error, since_ms FROM stream_state WHERE shop_id = ?1 AND stream = ?2";
/* The worst grade of what is proved; 'C' is worst, so max() of the letter is right. */
static const char SQL_STATUS_WINDOWS[] =
    "SELECT max(CASE WHEN state = 'sealed' THEN grade END), "
    "coalesce(sum(CASE WHEN state = 'unproved' THEN 1 ELSE 0 END), 0), count(*), "
    "coalesce(sum(CASE WHEN state = 'open' THEN 1 ELSE 0 END), 0), "
    "coalesce(sum(CASE WHEN state = 'sealed' THEN 1 ELSE 0 END), 0) "
    "FROM sync_window WHERE shop_id = ?1 AND stream = ?2";
static const char SQL_STATUS_REJECTS[] =
    "SELECT count(*) FROM reject WHERE shop_id = ?1 AND stream = ?2";
static const char SQL_STATUS_UNKNOWN[] =
    "SELECT platform, stream, field, value, times FROM unknown_value ORDER BY times DESC LIMIT 20";
static const char SQL_PROXY_UNNAMED[] =
    "SELECT args FROM event WHERE at_ms >= ?1 AND kind = 'proxy_unnamed' "
    "ORDER BY at_ms DESC, id DESC LIMIT 1";
static const char SQL_STATUS_DECRYPT[] =
    "SELECT count(*) FROM task WHERE lane = ?1 AND kind = 'decrypt' AND state <> 'dead'";

/* Of a shop that is filled by files: what its files brought. ?1 shop */
static const char SQL_STATUS_FILES[] =
    "SELECT kind, sum(rows_new), max(received_ms), max(finished_ms), sum(errors) FROM import_file"
    " WHERE shop_id = ?1 AND state = 'done' GROUP BY kind ORDER BY kind";

/* --- one run of `sync` --- */
static const char SQL_RUN_EXECUTIONS[] =
    "SELECT coalesce(sum(rows_new), 0), coalesce(sum(rows_changed), 0), "
    "coalesce(sum(rows_same), 0), coalesce(sum(rows_older), 0), coalesce(sum(rejects), 0), "
    "coalesce(sum(pages), 0), coalesce(sum(calls), 0) "
    "FROM execution WHERE lane = ?1 AND stream = ?2 AND id > ?3 AND started_ms >= ?4";
/* Windows that were closed later than now or reach beyond it. */
static const char SQL_WINDOWS_AHEAD[] = "SELECT count(*), max(" SQL_GREATER(
    "to_ms", "coalesce(closed_ms, 0)") ") FROM sync_window "
                                       "WHERE closed_ms > ?1 OR to_ms > ?1";
static const char SQL_EXECUTION_LAST[] = "SELECT max(id) FROM execution";
static const char SQL_RUN_WINDOWS[] =
    "SELECT coalesce(sum(CASE WHEN state = 'sealed' THEN 1 ELSE 0 END), 0), "
    "coalesce(sum(CASE WHEN state = 'unproved' THEN 1 ELSE 0 END), 0), "
    "max(CASE WHEN state = 'sealed' THEN grade END), count(*) "
    "FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND closed_ms >= ?3 AND state <> 'split'";
static const char SQL_RUN_UNPROVED[] =
    "SELECT kind, from_ms, to_ms, reason FROM sync_window WHERE shop_id = ?1 AND stream = ?2 "
    "AND state = 'unproved' AND closed_ms >= ?3 ORDER BY from_ms LIMIT 5";
static const char SQL_RUN_DEAD[] =
    "SELECT t.id, t.kind, t.lane, t.error, s.state FROM task t LEFT JOIN shop s ON s.id = t.lane "
    "WHERE t.state = 'dead' AND t.changed_ms >= ?1 AND t.run = ?2 ORDER BY t.id LIMIT 20";

/* ?1 lane ?2 soon */
static const char SQL_LANE_LEFT[] = "SELECT count(*) FROM task WHERE lane = ?1 AND "
                                    "(state = 'running' OR (state = 'ready' AND ready_ms <= ?2))";
/* ?1 lane ?2 the last try before */
static const char SQL_RUN_CANCELLED[] =
    "SELECT count(*) FROM execution WHERE lane = ?1 AND id > ?2 AND result = 'cancelled'";
static const char SQL_RUN_WAITING[] =
    "SELECT lane, min(ready_ms), max(error) FROM task WHERE state = 'ready' AND run = ?1 "
    "GROUP BY lane ORDER BY min(ready_ms), lane LIMIT 20";

/* --- rejects --- */
#define REJECT_COLUMNS                                                                             \
    "id, shop_id, stream, table_name, key_text, id_text, field, code, message, times, seen_ms"
static const char SQL_REJECTS[] = "SELECT " REJECT_COLUMNS
                                  " FROM reject WHERE (?1 = 0 OR shop_id = ?1) "
                                  "AND (?2 = '' OR stream = ?2) ORDER BY id LIMIT ?3";
/* What can be replayed: the platform gave a record. */
static const char SQL_REJECTS_KEPT[] =
    "SELECT id FROM reject WHERE (?1 = 0 OR shop_id = ?1) AND (?2 = '' OR stream = ?2) "
    "AND original IS NOT NULL ORDER BY id LIMIT ?3";
static const char SQL_REJECT[] = "SELECT " REJECT_COLUMNS " FROM reject WHERE id = ?1";

/* --- tasks --- */
static const char SQL_TASKS[] =
    "SELECT id, lane, kind, state, class, ready_ms, attempt, error FROM task "
    "WHERE (?1 = '' OR state = ?1) AND (?2 = 0 OR lane = ?2) ORDER BY id LIMIT ?3";
static const char SQL_TASK[] =
    "SELECT lane, kind, state, class, unique_key, payload, run, ready_ms, worker, unit_number, "
    "attempt, error, created_ms, changed_ms FROM task WHERE id = ?1";
/* Texts that wait for the platform are opened by these. */
static const char SQL_TASKS_DECRYPT[] =
    "SELECT count(*) FROM task WHERE kind = 'decrypt' AND state = 'ready'";

static const char SQL_TASK_DEPTHS[] =
    "SELECT class, sum(CASE WHEN state = 'ready' AND ready_ms <= ?1 THEN 1 ELSE 0 END), "
    "sum(CASE WHEN state = 'ready' AND ready_ms > ?1 THEN 1 ELSE 0 END), "
    "sum(CASE WHEN state = 'running' THEN 1 ELSE 0 END), "
    "sum(CASE WHEN state = 'dead' THEN 1 ELSE 0 END), "
    "min(CASE WHEN state = 'ready' AND ready_ms <= ?1 THEN ready_ms END) "
    "FROM task GROUP BY class ORDER BY class";
static const char SQL_WORKERS[] =
    "SELECT name, host, pid, version, threads, busy, started_ms, beat_ms FROM worker ORDER BY name";
static const char SQL_WORKERS_SINCE[] = "SELECT count(*) FROM worker WHERE beat_ms > ?1";

/* --- budgets --- */
/* Those for all apps or shops first ("P/rule" is shorter than "P/app:1/rule" by a slash). */
static const char SQL_BUDGETS[] =
    "SELECT name, calls, per_ms, burst, rate_milli, tokens_milli, blocked_ms, taken, refused, "
    "told_ms FROM budget ORDER BY length(name) - length(replace(name, '/', '')), name";
static const char SQL_BUDGET_SET[] =
    "INSERT INTO budget (name, calls, per_ms, burst) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) "
    "DO UPDATE SET calls = excluded.calls, per_ms = excluded.per_ms, burst = excluded.burst";
static const char SQL_BUDGET_RESET[] =
    "INSERT INTO budget (name, reset_number) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET "
    "calls = NULL, per_ms = NULL, burst = NULL, "
    "reset_number = coalesce(budget.reset_number, 0) + 1";

/* --- which key --- */
/* Keys by their names before the first key, which has none. */
static const char SQL_KEY_CHECKS[] =
    "SELECT name, value FROM setting WHERE name LIKE 'key_check%' ORDER BY name DESC";
static const char SQL_KEY_CHECKS_COUNT[] =
    "SELECT count(*) FROM setting WHERE name LIKE 'key_check%'";
/* Something that was sealed, where there is anything: what else is sealed belongs to a shop that has
 * one of these. */
static const char SQL_SEALED_ANY[] =
    "SELECT value FROM (SELECT secret_cipher AS value FROM app WHERE secret_cipher IS NOT NULL "
    "UNION ALL SELECT access_cipher FROM token WHERE access_cipher IS NOT NULL) AS sealed LIMIT 1";

static const char SQL_HOOKS_PRUNE[] = "DELETE FROM webhook_event WHERE received_ms < ?1";

/* --- settings and views --- */
static const char SQL_SETTING[] = "SELECT value FROM setting WHERE name = ?1";
static const char SQL_SETTING_MAKE[] =
    "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
static const char SQL_SETTING_PUT[] = "INSERT INTO setting (name, value) VALUES (?1, ?2) "
                                      "ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/* --- views --- */
/* ?1 schema: a row when it is there. */
static const char SQL_SCHEMA_THERE[] = SQL_PER_DATABASE(
    "SELECT 1 WHERE ?1 = ''", "SELECT 1 FROM pg_namespace WHERE nspname = ?1",
    "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?1");
/* ?1 schema. What stands in it: its name, whether it is a view, and the schema whose tables it reads where that
 * is neither ours nor its own. A view that reads nothing is as good as a table: not Huiliu's. MariaDB tells by the
 * view's text (all but valid_orders read `shop`), and shows none to who may not: somebody else's then. */
static const char SQL_RELATIONS[] = SQL_PER_DATABASE(
    "SELECT name, type, '' FROM sqlite_master WHERE type IN ('table', 'view') AND ?1 = ''",
    "SELECT c.relname::text, "
    "CASE WHEN c.relkind = 'v' AND count(b.oid) > 0 THEN 'view' ELSE 'table' END, "
    "coalesce(min(CASE WHEN t.nspname NOT IN (current_schema, n.nspname) THEN t.nspname::text "
    "END), '') "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "LEFT JOIN pg_rewrite r ON r.ev_class = c.oid "
    "LEFT JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid "
    "AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid "
    "LEFT JOIN pg_class b ON b.oid = d.refobjid "
    "LEFT JOIN pg_namespace t ON t.oid = b.relnamespace "
    "WHERE n.nspname = ?1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "GROUP BY c.oid, c.relname, c.relkind, n.nspname",
    "SELECT t.table_name, "
    "CASE WHEN v.view_definition = '' OR v.view_definition LIKE concat('%`', t.table_schema, '`.%') "
    "OR v.view_definition LIKE '%`.`shop`%' THEN 'view' ELSE 'table' END, "
    "CASE WHEN v.view_definition = '' THEN '?' ELSE coalesce(nullif("
    "regexp_substr(v.view_definition, '(?<=`)[^`]+(?=`[.]`shop`)'), database()), '') END "
    "FROM information_schema.tables t LEFT JOIN information_schema.views v "
    "ON v.table_schema = t.table_schema AND v.table_name = t.table_name "
    "WHERE t.table_schema = ?1");

/* --- costs --- */
/* ?1 shop, 0: all */
static const char SQL_COSTS_LIST[] =
    "SELECT s.name, c.sku_id, c.from_day, c.cost, c.currency, coalesce(c.note, ''), c.who,"
    " c.changed_ms FROM sku_cost c JOIN shop s ON s.id = c.shop_id"
    " WHERE ?1 = 0 OR c.shop_id = ?1 ORDER BY s.name, c.sku_id, c.from_day";

/* --- rates, persons, ads --- */
static const char SQL_RATES_LIST[] =
    "SELECT base, quote, day, rate, coalesce(source, ''), who, changed_ms FROM exchange_rate"
    " ORDER BY base, quote, day";
/* ?1 shop, 0: all */
static const char SQL_PERSONS_LIST[] =
    "SELECT s.name, p.sku_id, p.person, p.who, p.changed_ms FROM sku_person p"
    " JOIN shop s ON s.id = p.shop_id WHERE ?1 = 0 OR p.shop_id = ?1 ORDER BY s.name, p.sku_id";
/* ?1 ad account ?2 store, or NULL */
static const char SQL_SHOP_ADS_OF[] = "UPDATE shop SET ads_of = ?2 WHERE id = ?1";

/* --- files that people hand in --- */
/* ?1 id */
static const char SQL_IMPORT_STATE[] =
    "SELECT state, rows_new, rows_changed, rows_same, rows_older FROM import_file WHERE id = ?1";
/* ?1 shop, 0: all ?2 most */
static const char SQL_IMPORTS[] =
    "SELECT id, shop_id, kind, name, state, created_ms, rows_read, errors, rows_new, rows_changed,"
    " rows_same, rows_older FROM import_file WHERE ?1 = 0 OR shop_id = ?1 ORDER BY id DESC LIMIT ?2";
/* ?1 id */
static const char SQL_IMPORT_FAULTS[] = "SELECT sheet, line, column_name, code, message"
                                        " FROM import_error WHERE import_id = ?1 ORDER BY number";

#endif

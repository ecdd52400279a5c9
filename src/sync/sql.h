/* Every SQL text of this room, bound by position. Data tables' names come from the table catalogue,
 * so the few texts that read them are built in table_sql.c. */
#ifndef HUILIU_SYNC_SQL_H
#define HUILIU_SYNC_SQL_H

#include "store/store.h"
#include "sync/evidence.h"

/* The code of a reject that stands for a row about which every question is refused. */
#define REFUSED_ALONE "refused_alone"

#define WINDOW_COLUMNS                                                                             \
    "shop_id, stream, kind, from_ms, to_ms, state, grade, reason, total_first, total_last, "       \
    "distinct_ids, rejects, stored, digest, position, page_number, pages_read, ended, pass, "      \
    "first_digest, tries, again_ms, closed_ms"
#define WINDOW_KEY_IS "shop_id = ?1 AND stream = ?2 AND kind = ?3 AND from_ms = ?4 AND to_ms = ?5"

static const char SQL_WINDOW_LOAD[] = "SELECT " WINDOW_COLUMNS
                                      " FROM sync_window WHERE " WINDOW_KEY_IS;

/* A window that is under way keeps its position: asking for it again changes nothing. */
static const char SQL_WINDOW_OPEN[] =
    "INSERT INTO sync_window (shop_id, stream, kind, from_ms, to_ms, state, pass, opened_ms, "
    "position, page_number, pages_read, ended, rejects, tries) "
    "VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6, ?7, '', 0, 0, 0, 0, 0) "
    "ON CONFLICT (shop_id, stream, kind, from_ms, to_ms) DO UPDATE SET "
    "state = 'open', pass = ?6, opened_ms = ?7, position = '', page_number = 0, ended = 0, "
    "rejects = 0, total_first = NULL, total_last = NULL, again_ms = NULL, "
    "first_digest = CASE WHEN sync_window.first_digest = '" TOTAL_DISAGREED
    "' THEN sync_window.first_digest END "
    "WHERE sync_window.state <> 'open'";

static const char SQL_WINDOW_PAGE_DONE[] =
    "UPDATE sync_window SET position = ?6, page_number = ?7, ended = ?8, total_first = ?9, "
    "pages_read = pages_read + 1, rejects = rejects + ?10 WHERE " WINDOW_KEY_IS
    " AND state = 'open' AND page_number = ?7 - 1";

static const char SQL_WINDOW_READ_AGAIN[] =
    "UPDATE sync_window SET pass = ?6, position = '', page_number = 0, ended = 0, rejects = 0, "
    "total_first = NULL, total_last = NULL, first_digest = ?7, reason = ?8 WHERE " WINDOW_KEY_IS
    " AND state = 'open'";

static const char SQL_WINDOW_CLOSE[] =
    "UPDATE sync_window SET state = ?6, grade = ?7, reason = ?8, total_first = ?9, "
    "total_last = ?10, distinct_ids = ?11, stored = ?12, digest = ?13, closed_ms = ?14, "
    "again_ms = ?15, tries = tries + 1 WHERE " WINDOW_KEY_IS " AND state = 'open'";

/* ?1 shop */
static const char SQL_SHOP_IS_ENABLED[] =
    "SELECT count(*) FROM shop WHERE id = ?1 AND state = 'enabled'";
/* ?1 task ?2 payload. */
static const char SQL_TASK_PAYLOAD[] = "UPDATE task SET payload = ?2 WHERE id = ?1";
static const char SQL_UNPROVED_DELETE[] =
    "DELETE FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND kind = ?3 AND from_ms >= ?4 "
    "AND to_ms <= ?5 AND state = 'unproved'";

static const char SQL_PAGE_INSERT[] =
    "INSERT INTO window_page (shop_id, stream, kind, from_ms, to_ms, pass, page_number, ids) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
static const char SQL_PAGES_DELETE[] = "DELETE FROM window_page WHERE " WINDOW_KEY_IS;
static const char SQL_PAGES_READ[] = "SELECT ids FROM window_page WHERE " WINDOW_KEY_IS
                                     " AND pass = ?6";

static const char SQL_STATE_INSERT[] =
    "INSERT INTO stream_state (shop_id, stream, since_ms, frontier_ms, complete_up_to_ms, until_ms, "
    "asked_ms) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6) ON CONFLICT (shop_id, stream) DO UPDATE SET "
    "until_ms = " SQL_GREATER("coalesce(stream_state.until_ms, 0)",
                              "excluded.until_ms") ", "
                                                   "asked_ms = excluded.asked_ms";
static const char SQL_STATE_LOAD[] =
    "SELECT since_ms, frontier_ms, complete_up_to_ms, until_ms FROM stream_state "
    "WHERE shop_id = ?1 AND stream = ?2";
/* How far the stream has been read, by pulls or by audits. */
static const char SQL_READ_UP_TO[] = "SELECT " SQL_GREATER(
    "frontier_ms",
    "coalesce(complete_up_to_ms, 0)") " FROM stream_state "
                                      "WHERE shop_id = ?1 AND stream = ?2 AND frontier_ms >= since_ms";
/* ?3 now. When its rows were last compared with the plan, and whether it was asked for later than now; of
 * what an older program has left nobody knows. */
static const char SQL_STATE_CLOCK[] =
    "SELECT since_ms, coalesce(planned_ms, 0), "
    "CASE WHEN asked_ms IS NULL OR asked_ms > ?3 OR coalesce(last_success_ms, 0) > ?3 "
    "THEN 1 ELSE 0 END FROM stream_state "
    "WHERE shop_id = ?1 AND stream = ?2";
/* The values were worked out from the windows while the lane was ours. */
static const char SQL_STATE_ADVANCE[] =
    "UPDATE stream_state SET frontier_ms = ?3, complete_up_to_ms = ?4, last_success_ms = ?5, "
    "last_error = NULL WHERE shop_id = ?1 AND stream = ?2";
static const char SQL_STATE_ERROR[] =
    "UPDATE stream_state SET last_error = ?3, last_error_ms = ?4 WHERE shop_id = ?1 AND stream = ?2";

/* The farthest end of a chain of closed windows that reaches past ?4 without a hole: one link. A stream has
 * windows without number behind ?4 and few ahead of it: + and || '' keep SQLite from walking the former by the key. */
static const char SQL_COVER_SEALED[] =
    "SELECT max(to_ms) FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND kind || '' = ?3 "
    "AND state = 'sealed' AND +from_ms <= ?4 + ?5 AND to_ms > ?4";
static const char SQL_COVER_CLOSED[] =
    "SELECT max(to_ms) FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND kind || '' = ?3 "
    "AND state IN ('sealed', 'moved', 'unproved') AND +from_ms <= ?4 + ?5 AND to_ms > ?4";

/* Without those inside ?3-?4, a window that is about to be sealed. */
static const char SQL_UNPROVED_FIRST[] =
    "SELECT min(from_ms) FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND kind = 'audit' "
    "AND state = 'unproved' AND NOT (from_ms >= ?3 AND to_ms <= ?4)";
/* Is any window of the stream without proof, but this one and what a seal of it takes along? */
static const char SQL_UNPROVED_OTHER[] =
    "SELECT 1 FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND state = 'unproved' "
    "AND NOT (kind = ?3 AND from_ms >= ?4 AND to_ms <= ?5) LIMIT 1";
/* The last end of an unproved audit window that holds the instant ?3; the first that reaches it. */
static const char SQL_UNPROVED_AT[] =
    "SELECT max(to_ms) FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND kind = 'audit' "
    "AND state = 'unproved' AND from_ms <= ?3 AND to_ms >= ?3";
static const char SQL_UNPROVED_AFTER[] =
    "SELECT min(from_ms) FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND kind = 'audit' "
    "AND state = 'unproved' AND to_ms >= ?3";

/* ?3 now. A window that was closed later than now, or reaches beyond it, was made under a clock that was
 * ahead: whether it was mature, nobody knows. */
#define WINDOW_AHEAD "shop_id = ?1 AND stream = ?2 AND (closed_ms > ?3 OR to_ms > ?3)"
/* Each condition has its index; an OR of them would walk all windows of the stream. */
static const char SQL_AHEAD_FIRST[] =
    "SELECT count(*), min(CASE WHEN kind = 'pull' THEN from_ms END), "
    "min(CASE WHEN kind = 'audit' THEN from_ms END) FROM ("
    "SELECT kind, from_ms, to_ms FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND closed_ms > ?3 "
    "UNION SELECT kind, from_ms, to_ms FROM sync_window WHERE shop_id = ?1 AND stream = ?2 "
    "AND to_ms > ?3) w";
static const char SQL_AHEAD_PAGES_DELETE[] =
    "DELETE FROM window_page WHERE shop_id = ?1 AND stream = ?2 AND EXISTS (SELECT 1 FROM sync_window w "
    "WHERE w.shop_id = ?1 AND w.stream = ?2 AND w.kind = window_page.kind "
    "AND w.from_ms = window_page.from_ms AND w.to_ms = window_page.to_ms "
    "AND (w.closed_ms > ?3 OR w.to_ms > ?3))";
/* A window without proof stays one: that nothing is missing there was doubted, whatever the clock said. */
static const char SQL_AHEAD_UNPROVED[] =
    "UPDATE sync_window SET closed_ms = ?3, again_ms = ?3 WHERE shop_id = ?1 AND stream = ?2 "
    "AND state = 'unproved' AND closed_ms > ?3 AND to_ms <= ?3";
static const char SQL_AHEAD_DELETE[] = "DELETE FROM sync_window WHERE " WINDOW_AHEAD;
/* ?3 now ?4 the latest frontier and ?5 "complete up to" that still hold. */
static const char SQL_STATE_BACK[] = "UPDATE stream_state SET frontier_ms = " SQL_LESSER(
    "frontier_ms",
    "?4") ", "
          "complete_up_to_ms = " SQL_LESSER(
              "complete_up_to_ms",
              "?5") ", "
                    "until_ms = " SQL_LESSER("until_ms", "?3") " "
                                                               "WHERE shop_id = ?1 AND stream = ?2";
/* ?3 the first instant wanted, by the clock as it is now ?4 the instant before it. */
static const char SQL_SINCE_BACK[] =
    "UPDATE stream_state SET since_ms = ?3, frontier_ms = " SQL_LESSER(
        "frontier_ms", "?4") ", "
                             "complete_up_to_ms = " SQL_LESSER(
                                 "complete_up_to_ms",
                                 "?4") " "
                                       "WHERE shop_id = ?1 AND stream = ?2 AND since_ms > ?3";
/* ?3 now. What was asked later than now is due. */
static const char SQL_ASKED_AHEAD[] =
    "SELECT count(*) FROM ask_plan WHERE shop_id = ?1 AND stream = ?2 AND asked_ms > ?3";
static const char SQL_ASKED_BACK[] =
    "UPDATE ask_plan SET asked_ms = ?3, next_ms = ?3, days_next_ms = NULL, day_next = NULL, "
    "days_to = NULL "
    "WHERE shop_id = ?1 AND stream = ?2 AND asked_ms > ?3";
/* What was stored later than now and not asked for yet. */
static const char SQL_PLAN_BACK[] =
    "UPDATE ask_plan SET next_ms = ?3 WHERE shop_id = ?1 AND stream = ?2 AND asked_ms = 0 "
    "AND next_ms > ?3";

/* The parts of which due.c makes its texts: a row enters the plan, or is due earlier, or no more. */
#define SQL_PLAN_INTO                                                                              \
    "INSERT INTO ask_plan (shop_id, stream, key_text, asked_ms, next_ms, missing, base_missing) "  \
    "SELECT ?1, ?2, o.%.*s, 0, "
#define SQL_PLAN_CHANGED                                                                           \
    "(p.key_text IS NULL OR (o.changed_ms > p.asked_ms AND "                                       \
    "(p.next_ms IS NULL OR p.next_ms > o.changed_ms)))"
#define SQL_PLAN_OPEN                                                                              \
    "((p.next_ms IS NULL AND (%.*s IS NULL OR NOT %.*s)) OR (p.next_ms IS NOT NULL AND %.*s))"
#define SQL_PLAN_DUE                                                                               \
    " ON CONFLICT (shop_id, stream, key_text) DO UPDATE SET next_ms = excluded.next_ms"
static const char SQL_PLAN_COMPARED[] =
    "UPDATE stream_state SET planned_ms = ?3 WHERE shop_id = ?1 AND stream = ?2";

/* Of the widest window around ?4-?5 that was halved for the reason ?6, or of that range itself: pieces
 * not closed or without proof, pieces closed well since, and whether it is wider than the range. */
static const char SQL_PIECES[] =
    "WITH whole (from_ms, to_ms) AS (SELECT min(from_ms), max(to_ms) FROM sync_window "
    "WHERE shop_id = ?1 AND stream = ?2 AND kind = ?3 AND from_ms <= ?4 AND to_ms >= ?5 "
    "AND ((state = 'split' AND reason = ?6) OR (from_ms = ?4 AND to_ms = ?5))) "
    "SELECT coalesce(sum(CASE WHEN w.state IN ('open', 'unproved') THEN 1 ELSE 0 END), 0), "
    "coalesce(sum(CASE WHEN w.state IN ('sealed', 'moved') THEN 1 ELSE 0 END), 0), "
    "max(whole.to_ms - whole.from_ms) > ?5 - ?4 FROM whole, sync_window w WHERE w.shop_id = ?1 "
    "AND w.stream = ?2 AND w.kind = ?3 AND w.from_ms >= whole.from_ms AND w.to_ms <= whole.to_ms";

/* Naming the kinds leads to the partial indexes of open and unproved windows, which are few. */
static const char SQL_WINDOW_OPEN_FIRST[] =
    "SELECT kind, from_ms, to_ms FROM sync_window WHERE shop_id = ?1 AND stream = ?2 "
    "AND kind IN ('pull', 'audit') AND state = 'open' ORDER BY from_ms, to_ms LIMIT 2";
static const char SQL_WINDOW_DUE_FIRST[] =
    "SELECT kind, from_ms, to_ms FROM sync_window WHERE shop_id = ?1 AND stream = ?2 "
    "AND kind IN ('pull', 'audit') AND state = 'unproved' AND again_ms <= ?3 "
    "ORDER BY again_ms, from_ms LIMIT 2";
static const char SQL_WINDOWS_DOUBTFUL[] =
    "SELECT EXISTS (SELECT 1 FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND kind = 'pull' "
    "AND state = 'moved') OR EXISTS (SELECT 1 FROM sync_window WHERE shop_id = ?1 AND stream = ?2 "
    "AND kind = 'pull' AND state = 'unproved')";

static const char SQL_UNKNOWN_COUNT[] =
    "INSERT INTO unknown_value (platform, stream, field, value, times, first_seen_ms) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
    "ON CONFLICT (platform, stream, field, value) DO UPDATE SET times = unknown_value.times + ?5";

static const char SQL_PROVE_WINDOWS[] =
    "SELECT " WINDOW_COLUMNS " FROM sync_window WHERE shop_id = ?1 AND stream = ?2 "
    "AND to_ms >= ?3 AND from_ms <= ?4 AND state <> 'split' ORDER BY kind, from_ms, to_ms";

static const char SQL_SEALED_AFTER[] =
    "SELECT min(from_ms) FROM sync_window WHERE shop_id = ?1 AND stream = ?2 AND kind = 'audit' "
    "AND state = 'sealed' AND from_ms > ?3";

static const char SQL_ORIGINAL_LOAD[] = "SELECT body, received_ms FROM original "
                                        "WHERE shop_id = ?1 AND table_name = ?2 AND key_text = ?3";
/* Pages through all originals of a table by key, so that a long replay holds no statement open. */
static const char SQL_ORIGINALS_AFTER[] =
    "SELECT key_text, body, received_ms FROM original "
    "WHERE shop_id = ?1 AND table_name = ?2 AND key_text > ?3 ORDER BY key_text LIMIT ?4";

/* Records of table ?6 that are refused since the window was opened, each once. */
static const char SQL_WINDOW_REFUSED[] =
    "SELECT count(DISTINCT r.key_text) FROM reject r, sync_window w WHERE w.shop_id = ?1 "
    "AND w.stream = ?2 AND w.kind = ?3 AND w.from_ms = ?4 AND w.to_ms = ?5 AND r.shop_id = ?1 "
    "AND r.stream = ?2 AND r.table_name = ?6 AND r.from_ms = ?4 AND r.to_ms = ?5 "
    "AND r.seen_ms >= w.opened_ms";

static const char SQL_REJECT_LOAD[] =
    "SELECT shop_id, stream, original, seen_ms FROM reject WHERE id = ?1";
static const char SQL_REJECT_DELETE[] = "DELETE FROM reject WHERE id = ?1";

/* Marks as JSON: [[key, next, missing, base_missing, base_to, days_to, day_next, days_next, days_past,
 * days_closing], …]; column `at` of a mark as the type that PostgreSQL has to be told. The formatter would lay the
 * pieces out as a staircase. */
#define MARK_SQLITE(at, type) "json_extract(value, '$[" at "]')"
#define MARK_POSTGRES(at, type) "(value ->> " at ")::" type
#define MARK_MARIADB(at, type) "marks.m" at
/* As many of the marks of parameter `at` as have a name. */
#define MARKS_MARIADB(at)                                                                          \
    "JSON_TABLE(" at ", '$[*]' COLUMNS (m0 varchar(400) PATH '$[0]', m1 bigint PATH '$[1]', "      \
    "m2 bigint PATH '$[2]', m3 bigint PATH '$[3]', m4 longtext PATH '$[4]', "                      \
    "m5 longtext PATH '$[5]', m6 longtext PATH '$[6]', m7 bigint PATH '$[7]', "                    \
    "m8 bigint PATH '$[8]', m9 bigint PATH '$[9]')) AS marks"
/* clang-format off */
/* ?1 shop ?2 stream ?3 asked ?4 marks. */
#define ASKED(MARK, from)                                                                          \
    "INSERT INTO ask_plan (shop_id, stream, key_text, asked_ms, next_ms, missing, base_missing, "  \
    "base_to, days_to, day_next, days_next_ms) SELECT ?1, ?2, "                                    \
    MARK("0", "text") ", ?3, " MARK("1", "bigint") ", " MARK("2", "bigint") ", "                   \
    MARK("3", "bigint") ", " MARK("4", "text") ", " MARK("5", "text") ", " MARK("6", "text") ", "  \
    MARK("7", "bigint") " FROM " from " WHERE true "                                               \
    "ON CONFLICT (shop_id, stream, key_text) DO UPDATE SET asked_ms = excluded.asked_ms, "         \
    "next_ms = excluded.next_ms, missing = excluded.missing, "                                     \
    "base_missing = excluded.base_missing, "                                                       \
    "base_to = coalesce(excluded.base_to, ask_plan.base_to), "                                     \
    "days_to = coalesce(ask_plan.days_to, excluded.days_to), "                                     \
    "day_next = coalesce(ask_plan.day_next, excluded.day_next), "                                  \
    "days_next_ms = coalesce(ask_plan.days_next_ms, excluded.days_next_ms)"
/* The same without the instant, ?3 marks. The rows are there: written like this the marks are looked up by
 * key, while an UPDATE … FROM walked all rows of the shop for each. */
#define DAY_ASKED(MARK, from)                                                                      \
    "INSERT INTO ask_plan (shop_id, stream, key_text, asked_ms, missing, base_missing, days_to, "  \
    "day_next, days_next_ms, days_past_ms, days_closing) SELECT ?1, ?2, "                          \
    MARK("0", "text") ", 0, 0, 0, " MARK("5", "text") ", " MARK("6", "text") ", "                  \
    MARK("7", "bigint") ", " MARK("8", "bigint") ", " MARK("9", "bigint") " FROM " from            \
    " WHERE true ON CONFLICT (shop_id, stream, key_text) DO UPDATE SET "                           \
    "days_to = excluded.days_to, day_next = excluded.day_next, "                                   \
    "days_next_ms = excluded.days_next_ms, days_past_ms = excluded.days_past_ms, "                 \
    "days_closing = excluded.days_closing"
/* clang-format on */
static const char SQL_ASKED[] = SQL_PER_DATABASE(
    ASKED(MARK_SQLITE, "json_each(?4)"),
    ASKED(MARK_POSTGRES, "json_array_elements(CAST(?4 AS json)) AS marks (value)"),
    ASKED(MARK_MARIADB, MARKS_MARIADB("?4")));
static const char SQL_DAY_ASKED[] = SQL_PER_DATABASE(
    DAY_ASKED(MARK_SQLITE, "json_each(?3)"),
    DAY_ASKED(MARK_POSTGRES, "json_array_elements(CAST(?3 AS json)) AS marks (value)"),
    DAY_ASKED(MARK_MARIADB, MARKS_MARIADB("?3")));
/* ?1 shop ?2 stream ?3 key ?4 its days up to this one are final ?5 the day that is asked next, or NULL: as it
 * was. */
static const char SQL_DAYS_REOPEN[] =
    "UPDATE ask_plan SET days_to = ?4, day_next = coalesce(?5, day_next) "
    "WHERE shop_id = ?1 AND stream = ?2 AND key_text = ?3";
/* ?1 shop ?2 stream ?3 key ?4 not before. Where no day is due it stays so. */
static const char SQL_DAYS_LATER[] = "UPDATE ask_plan SET days_next_ms = " SQL_GREATER(
    "days_next_ms", "?4") " "
                          "WHERE shop_id = ?1 AND stream = ?2 AND key_text = ?3";
/* ?1 shop ?2 table ?3 key. */
static const char SQL_ASIDE_OVER[] =
    "DELETE FROM reject WHERE shop_id = ?1 AND table_name = ?2 AND key_text = ?3 "
    "AND key_text <> '' AND code = '" REFUSED_ALONE "'";

/* --- files that people hand in --- */
/* ?1 shop ?2 kind ?3 digest: one that is being stored, or is. */
static const char SQL_IMPORT_BEFORE[] =
    "SELECT id, created_ms FROM import_file WHERE shop_id = ?1 AND kind = ?2 AND digest = ?3"
    " AND state <> 'loading' ORDER BY id DESC LIMIT 1";
/* ?1 shop ?2 kind ?3 digest ?4 name ?5 bytes ?6 who ?7 now ?8 received */
static const char SQL_IMPORT_BEGIN[] =
    "INSERT INTO import_file (shop_id, kind, digest, name, bytes, charset, who, state, created_ms,"
    " received_ms, rows_read, errors, pages, pages_done, rows_new, rows_changed, rows_same, rows_older)"
    " VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, 'loading', ?7, ?8, 0, 0, 0, 0, 0, 0, 0, 0)";
/* ?1 id ?2 state ?3 rows ?4 errors ?5 pages ?6 finished ?7 charset */
static const char SQL_IMPORT_SETTLE[] =
    "UPDATE import_file SET state = ?2, rows_read = ?3, errors = ?4, pages = ?5, finished_ms = ?6,"
    " charset = ?7 WHERE id = ?1";
static const char SQL_IMPORT_PAGE[] =
    "INSERT INTO import_page (import_id, page, body) VALUES (?1, ?2, ?3)";
static const char SQL_IMPORT_ERROR[] =
    "INSERT INTO import_error (import_id, number, sheet, line, column_name, code, message)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
static const char SQL_IMPORT_LOAD[] =
    "SELECT kind, received_ms, pages, pages_done, rows_read, errors FROM import_file"
    " WHERE id = ?1 AND state = 'waiting'";
static const char SQL_IMPORT_PAGE_LOAD[] =
    "SELECT body FROM import_page WHERE import_id = ?1 AND page = ?2";
static const char SQL_IMPORT_PAGE_DELETE[] =
    "DELETE FROM import_page WHERE import_id = ?1 AND page = ?2";
/* ?1 id ?2 pages that are done ?3 new ?4 changed ?5 same ?6 older ?7 state ?8 finished */
static const char SQL_IMPORT_COUNT[] =
    "UPDATE import_file SET pages_done = ?2, rows_new = rows_new + ?3,"
    " rows_changed = rows_changed + ?4, rows_same = rows_same + ?5, rows_older = rows_older + ?6,"
    " state = ?7, finished_ms = ?8 WHERE id = ?1 AND state = 'waiting'";
/* ?1 id */
static const char SQL_IMPORT_FORGET_PAGES[] = "DELETE FROM import_page WHERE import_id = ?1";
static const char SQL_IMPORT_FORGET_ERRORS[] = "DELETE FROM import_error WHERE import_id = ?1";
static const char SQL_IMPORT_FORGET_FILE[] =
    "DELETE FROM import_file WHERE id = ?1 AND state = 'loading'";
/* ?1 shop ?2 begun before */
#define IMPORT_IS_STALE "shop_id = ?1 AND state = 'loading' AND created_ms < ?2"
static const char SQL_IMPORT_STALE_PAGES[] = "DELETE FROM import_page WHERE import_id IN"
                                             " (SELECT id FROM import_file WHERE " IMPORT_IS_STALE
                                             ")";
static const char SQL_IMPORT_STALE_ERRORS[] = "DELETE FROM import_error WHERE import_id IN"
                                              " (SELECT id FROM import_file WHERE " IMPORT_IS_STALE
                                              ")";
static const char SQL_IMPORT_STALE_FILES[] = "DELETE FROM import_file WHERE " IMPORT_IS_STALE;

#endif

/* Private to queue: its statements, in the subset that store/sql.h describes. State words stand in
 * them as literals because the partial indexes of `task` do too. */
#ifndef HUILIU_QUEUE_SQL_H
#define HUILIU_QUEUE_SQL_H

#include "store/store.h"

/* ?1 lane ?2 class ?3 kind ?4 unique_key ?5 payload ?6 run ?7 ready ?8 now. The same again only
 * brings it forward, but never out of a back-off; the latest `sync` that asked follows it. */
#define SQL_TASK_ENQUEUE                                                                           \
    "INSERT INTO task (lane, class, kind, unique_key, payload, run, state, ready_ms, worker,"      \
    " lease, lease_ms, unit_number, attempt, created_ms, changed_ms)"                              \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'ready', ?7, '', '', 0, 0, 0, ?8, ?8)"                       \
    " ON CONFLICT (lane, unique_key) WHERE state IN ('ready', 'running') DO UPDATE SET"            \
    " ready_ms = CASE WHEN task.attempt = 0 AND excluded.ready_ms < task.ready_ms"                 \
    " THEN excluded.ready_ms"                                                                      \
    " ELSE task.ready_ms END,"                                                                     \
    " class = CASE WHEN excluded.class < task.class THEN excluded.class ELSE task.class END,"      \
    " run = CASE WHEN excluded.run <> '' THEN excluded.run ELSE task.run END"

/* ?1 lane ?2 run ?3 ready before */
#define SQL_TASK_ADOPT                                                                             \
    "UPDATE task SET run = ?2 WHERE lane = ?1 AND state = 'ready' AND ready_ms <= ?3 AND run <> ?2"

/* ?1 lane ?2 key ?3 now. One that waits for its next try goes on waiting. */
#define SQL_TASK_FORWARD                                                                           \
    "UPDATE task SET ready_ms = ?3 WHERE lane = ?1 AND unique_key = ?2 AND state = 'ready'"        \
    " AND attempt = 0 AND ready_ms > ?3"

/* ?1 id ?2 lease ?3 number of this unit ?4 now ?5 end of the renewed lease. A lease that has run
 * out and was given to nobody is still good: nobody else can have written. */
#define SQL_TASK_FENCE                                                                             \
    "UPDATE task SET unit_number = ?3, attempt = 0, error = NULL, lease_ms = ?5, changed_ms = ?4"  \
    " WHERE id = ?1 AND state = 'running' AND lease = ?2 AND unit_number = ?3 - 1"

/* ?1 id ?2 lease */
#define SQL_TASK_FINISH "DELETE FROM task WHERE id = ?1 AND state = 'running' AND lease = ?2"

/* ?1 id ?2 lease ?3 ready ?4 one if it failed ?5 error or NULL ?6 now */
#define SQL_TASK_PUT_BACK                                                                          \
    "UPDATE task SET state = 'ready', ready_ms = ?3, worker = '', lease = '', lease_ms = 0,"       \
    " attempt = attempt + ?4, error = coalesce(?5, error), changed_ms = ?6"                        \
    " WHERE id = ?1 AND state = 'running' AND lease = ?2"

/* ?1 id ?2 lease ?3 error ?4 now */
#define SQL_TASK_BURY                                                                              \
    "UPDATE task SET state = 'dead', worker = '', lease = '', lease_ms = 0,"                       \
    " attempt = attempt + 1, error = ?3, changed_ms = ?4"                                          \
    " WHERE id = ?1 AND state = 'running' AND lease = ?2"

/* ?1 lane ?2 unique key. The same work was done since, or died again: the newest error stands for all of them,
 * or a shop that a service asks for every five minutes would leave thousands. */
#define SQL_TASK_TWINS_DEAD                                                                        \
    "DELETE FROM task WHERE lane = ?1 AND unique_key = ?2 AND state = 'dead'"

/* ?1 now ?2 most */
#define SQL_TASKS_LEFT                                                                             \
    "SELECT id, lane, kind, worker FROM task WHERE state = 'running' AND lease_ms <= ?1 LIMIT ?2"
/* ?1 now. Takes the lease away, so that its late holder cannot commit once the lane goes on. */
#define SQL_TASK_EXPIRE                                                                            \
    "UPDATE task SET state = 'ready', worker = '', lease = '', lease_ms = 0, changed_ms = ?1"      \
    " WHERE state = 'running' AND lease_ms <= ?1"
/* ?2 id: of one alone, where nobody has renewed it meanwhile. */
#define SQL_TASK_EXPIRE_ONE SQL_TASK_EXPIRE " AND id = ?2"

/* Claims of several processes come one after the other: what a claim sees of a lane must still hold when it
 * takes it. Held until its COMMIT; SQLite has one writer anyway. MariaDB's named locks are of the connection and not
 * of the transaction, so there it is a row that is always there and that nobody writes. */
#define SQL_TASK_CLAIM_LOCK                                                                        \
    SQL_PER_DATABASE("", "SELECT pg_advisory_xact_lock(hashtext(current_schema), 2)",              \
                     "SELECT number FROM migration WHERE number = 1 FOR UPDATE")

/* A lane that a person paused: itself, its platform, or everything. A lane is a shop. */
#define SQL_LANE_HELD(lane)                                                                        \
    "EXISTS (SELECT 1 FROM hold h WHERE h.scope = 'all' OR (h.scope = 'lane' AND h.lane = " lane   \
    ") OR (h.scope = 'platform' AND h.name = (SELECT s.platform FROM shop s WHERE s.id = " lane    \
    ")))"

/* ?1 worker: how many tasks of each platform it runs. */
#define SQL_TASKS_OF_PLATFORMS                                                                     \
    "SELECT s.platform, count(*) FROM task r JOIN shop s ON s.id = r.lane"                         \
    " WHERE r.state = 'running' AND r.worker = ?1 GROUP BY s.platform"

/* Only rows of these ids, which are one value: a JSON list of numbers. `before` asks for no state: only who runs
 * has a worker and a lease, and PostgreSQL would look for the ids in the whole index of that state. */
#define SQL_PER_IDS(before, ids)                                                                   \
    SQL_PER_DATABASE(before " AND id IN (SELECT value FROM json_each(" ids "))",                   \
                     before " AND id = ANY(translate(" ids ", '[]', '{}')::bigint[])",             \
                     before " AND id IN (SELECT j.value FROM JSON_TABLE(" ids                      \
                            ", '$[*]' COLUMNS (value bigint PATH '$')) AS j)")

/* ?1 now ?2 worker ?3 most tasks of a platform it may run, or 0 ?4 most ?5 run or '' ?6 what a class is worth
 * in ms of waiting. The first ready task of each class of each free lane, but of platforms that have their share,
 * in the order of claims. It goes from lane to lane by the index task_next, so that what waits behind a lane that
 * is at work is never walked past, however much it is.
 *
 * PostgreSQL steps from lane and class to lane and class, and what it lands on is the task; only a run's may be
 * another. It would rather read the whole table than find a task by an id that it has to look for, hence LATERAL. */
#define SQL_LANE_FREE                                                                              \
    "(SELECT b.id FROM task b WHERE b.state = 'running' AND b.lane = r.lane LIMIT 1) IS NULL"      \
    " AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.scope = 'all')"                                 \
    " AND r.lane NOT IN (SELECT h.lane FROM hold h WHERE h.scope = 'lane')"                        \
    " AND r.lane NOT IN (SELECT f.id FROM hold h JOIN shop f ON f.platform = h.name"               \
    " WHERE h.scope = 'platform') AND (?3 = 0 OR r.lane NOT IN"                                    \
    " (SELECT f.id FROM shop f WHERE f.platform IN"                                                \
    " (SELECT p.platform FROM task b JOIN shop p ON p.id = b.lane WHERE b.state = 'running'"       \
    " AND b.worker = ?2 GROUP BY p.platform HAVING count(*) >= ?3)))"
#define SQL_LANE_FIRST                                                                             \
    "(SELECT e.id FROM task e WHERE e.state = 'ready' AND e.lane = r.lane AND e.class = r.class"   \
    " AND e.ready_ms <= ?1 AND (?5 = '' OR e.run = ?5) ORDER BY e.ready_ms, e.id LIMIT 1)"
#define SQL_TASK_CANDIDATES_BY(ready, first)                                                       \
    "WITH RECURSIVE " ready " SELECT t.id, t.lane, t.class, t.kind, t.unique_key, t.payload,"      \
    " t.run, t.unit_number, t.attempt, t.created_ms, t.ready_ms,"                                  \
    " CASE WHEN ?3 = 0 THEN '' ELSE (SELECT s.platform FROM shop s WHERE s.id = t.lane) END"       \
    " FROM ready r " first " WHERE t.ready_ms <= ?1 AND " SQL_LANE_FREE                            \
    " ORDER BY t.ready_ms + t.class * ?6, t.class, t.id LIMIT ?4"
#define SQL_TASK_CANDIDATES_OF_LANES                                                               \
    SQL_TASK_CANDIDATES_BY(                                                                        \
        "lanes (lane) AS (SELECT * FROM"                                                           \
        " (SELECT lane FROM task WHERE state = 'ready' ORDER BY lane LIMIT 1) AS f"                \
        " UNION ALL SELECT (SELECT n.lane FROM task n WHERE n.state = 'ready'"                     \
        " AND n.lane > l.lane ORDER BY n.lane LIMIT 1) FROM lanes l WHERE l.lane IS NOT NULL)"     \
        ", ready (lane, class) AS (SELECT l.lane, c.class FROM lanes l CROSS JOIN"                 \
        " (SELECT 0 AS class UNION ALL SELECT 1 UNION ALL SELECT 2) AS c"                          \
        " WHERE l.lane IS NOT NULL)",                                                              \
        "JOIN task t ON t.id = " SQL_LANE_FIRST)
#define SQL_TASK_CANDIDATES_LATERAL                                                                \
    SQL_TASK_CANDIDATES_BY(                                                                        \
        "ready AS (SELECT * FROM (SELECT id, lane, class FROM task WHERE state = 'ready'"          \
        " ORDER BY lane, class, ready_ms, id LIMIT 1) AS f UNION ALL SELECT n.* FROM ready r"      \
        " CROSS JOIN LATERAL (SELECT e.id, e.lane, e.class FROM task e"                            \
        " WHERE e.state = 'ready' AND (e.lane, e.class) > (r.lane, r.class)"                       \
        " ORDER BY e.lane, e.class, e.ready_ms, e.id LIMIT 1) AS n)",                              \
        "CROSS JOIN LATERAL (SELECT e.* FROM task e WHERE e.id = CASE WHEN ?5 = ''"                \
        " THEN r.id ELSE " SQL_LANE_FIRST " END) AS t")
#define SQL_TASK_CANDIDATES                                                                        \
    SQL_PER_DATABASE(SQL_TASK_CANDIDATES_OF_LANES, SQL_TASK_CANDIDATES_LATERAL, SQL_AS_SQLITE)
/* ?1 ids ?2 worker ?3 lease ?4 its end ?5 now */
#define SQL_TASKS_CLAIM                                                                            \
    SQL_PER_IDS("UPDATE task SET state = 'running', worker = ?2, lease = ?3, lease_ms = ?4,"       \
                " changed_ms = ?5 WHERE lease = ''",                                               \
                "?1")
/* ?1 ids ?2 lease. Tasks that are over and wrote nothing of their own; who has lost the lease ends nothing. */
#define SQL_TASKS_OVER SQL_PER_IDS("DELETE FROM task WHERE lease = ?2", "?1")

/* ?1 lane or -1 ?2 now */
#define SQL_TASK_CLOCK_AHEAD                                                                       \
    "SELECT count(*) FROM task"                                                                    \
    " WHERE (?1 = -1 OR lane = ?1) AND state = 'ready' AND changed_ms > ?2"
#define SQL_TASK_CLOCK_BACK                                                                        \
    "UPDATE task SET ready_ms = ?2, changed_ms = ?2"                                               \
    " WHERE (?1 = -1 OR lane = ?1) AND state = 'ready' AND changed_ms > ?2"

/* ?1 lane ?2 class ?3 ready before */
#define SQL_TASK_LANE_AHEAD                                                                        \
    "SELECT min(ready_ms) FROM task WHERE lane = ?1 AND class < ?2 AND"                            \
    " (state = 'running' OR (state = 'ready' AND ready_ms <= ?3))"

/* ?1 now ?2 run or '': the next waiting task. */
#define SQL_TASK_NEXT                                                                              \
    "SELECT min(ready_ms) FROM task"                                                               \
    " WHERE state = 'ready' AND ready_ms > ?1 AND (?2 = '' OR run = ?2)"

/* ?1 ids ?2 worker ?3 end of the lease ?4 now. Only what the worker still holds: a row that it has lost sight of
 * comes back when its lease ends. */
#define SQL_TASKS_HEARTBEAT                                                                        \
    SQL_PER_IDS("UPDATE task SET lease_ms = ?3, changed_ms = ?4"                                   \
                " WHERE worker = ?2",                                                              \
                "?1")

/* ?1 now. Where other processes may be at work, only what they have let run out: SQL_TASK_EXPIRE. */
#define SQL_TASK_RELEASE_ALL                                                                       \
    SQL_PER_DATABASE(                                                                              \
        "UPDATE task SET state = 'ready', worker = '', lease = '', lease_ms = 0, changed_ms = ?1"  \
        " WHERE state = 'running'",                                                                \
        SQL_TASK_EXPIRE, SQL_TASK_EXPIRE)

/* ?1 id */
#define SQL_TASK_UNITS "SELECT unit_number FROM task WHERE id = ?1"

/* ?1 now; of a run: ?2 run, which the partial index task_run finds by the second condition. */
#define SQL_TASK_DEPTH                                                                             \
    "SELECT sum(CASE WHEN state = 'ready' AND ready_ms <= ?1 THEN 1 ELSE 0 END),"                  \
    " sum(CASE WHEN state = 'ready' AND ready_ms > ?1 THEN 1 ELSE 0 END),"                         \
    " sum(CASE WHEN state = 'running' THEN 1 ELSE 0 END),"                                         \
    " sum(CASE WHEN state = 'dead' THEN 1 ELSE 0 END),"                                            \
    " min(CASE WHEN state = 'ready' AND ready_ms > ?1 THEN ready_ms END),"                         \
    " sum(CASE WHEN state = 'ready' AND ready_ms <= ?1 AND " SQL_LANE_HELD(                        \
        "t.lane") " THEN 1 ELSE 0 END) FROM task t"
#define SQL_TASK_DEPTH_OF_RUN SQL_TASK_DEPTH " WHERE run = ?2 AND run <> ''"

/* ?1 task ?2 lane ?3 kind ?4 stream ?5 started ?6 ended ?7 result ?8 pages ?9 calls ?10 rejects
 * ?11-?14 rows new, changed, same, older ?15 error or NULL ?16 run or NULL */
#define SQL_EXECUTION_ADD                                                                          \
    "INSERT INTO execution (task_id, lane, kind, stream, started_ms, ended_ms, result, pages,"     \
    " calls, rejects, rows_new, rows_changed, rows_same, rows_older, error, run)"                  \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
/* --- processes that run tasks --- */

/* ?1 name ?2 host ?3 pid ?4 version ?5 threads ?6 busy ?7 now ?8 degraded ?9 connections */
#define SQL_WORKER_BEAT                                                                            \
    "INSERT INTO worker (name, host, pid, version, threads, busy, degraded, started_ms, beat_ms,"  \
    " connections) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?8, ?7, ?7, ?9)"                                \
    " ON CONFLICT (name) DO UPDATE SET busy = excluded.busy, threads = excluded.threads,"          \
    " degraded = excluded.degraded, beat_ms = excluded.beat_ms"
/* ?1 own name ?2 beat after: how many live, and how many of the others are degraded. */
#define SQL_WORKERS_LIVING                                                                         \
    "SELECT count(*), sum(CASE WHEN degraded <> 0 AND name <> ?1 THEN 1 ELSE 0 END)"               \
    " FROM worker WHERE beat_ms > ?2"
/* ?1 name */
#define SQL_WORKER_LEAVE "DELETE FROM worker WHERE name = ?1"
/* ?1 before */
#define SQL_WORKERS_GONE "DELETE FROM worker WHERE beat_ms < ?1"
/* ?1 worker: running tasks of it that are to end, and whether they are to go. */
#define SQL_TASKS_STOP                                                                             \
    "SELECT t.id, CASE WHEN t.stop_ms IS NULL THEN 0 ELSE 1 END FROM task t"                       \
    " WHERE t.state = 'running' AND t.worker = ?1"                                                 \
    " AND (t.stop_ms IS NOT NULL OR " SQL_LANE_HELD("t.lane") ")"

/* --- what a person says --- */

/* ?1 scope ?2 name ?3 lane ?4 now */
#define SQL_HOLD_PUT                                                                               \
    "INSERT INTO hold (scope, name, lane, since_ms) VALUES (?1, ?2, ?3, ?4)"                       \
    " ON CONFLICT (scope, name) DO NOTHING"
/* ?1 scope ?2 name */
#define SQL_HOLD_REMOVE "DELETE FROM hold WHERE scope = ?1 AND name = ?2"
#define SQL_HOLDS_REMOVE "DELETE FROM hold"
#define SQL_HOLDS "SELECT scope, name, lane, since_ms FROM hold ORDER BY scope, name"
/* ?1 lane */
#define SQL_LANE_IS_HELD "SELECT CASE WHEN " SQL_LANE_HELD("?1") " THEN 1 ELSE 0 END"
/* ?1 scope ?2 name ?3 lane: the tasks of a scope, as SQL_LANE_HELD has it. */
#define SQL_OF_SCOPE                                                                               \
    "(?1 = 'all' OR (?1 = 'lane' AND lane = ?3)"                                                   \
    " OR (?1 = 'platform' AND lane IN (SELECT id FROM shop WHERE platform = ?2)))"
#define SQL_TASKS_DROP "DELETE FROM task WHERE state IN ('ready', 'dead') AND " SQL_OF_SCOPE
/* Tasks that wait and are to go leave an execution behind: who waits for them must see that they were not
 * done. */
#define SQL_CANCELLED_ADD(now)                                                                     \
    "INSERT INTO execution (task_id, lane, kind, stream, started_ms, ended_ms, result, pages,"     \
    " calls, rejects, rows_new, rows_changed, rows_same, rows_older, run)"                         \
    " SELECT id, lane, kind, '', " now ", " now ", 'cancelled', 0, 0, 0, 0, 0, 0, 0,"              \
    " CASE WHEN run <> '' THEN run END FROM task"                                                  \
    " WHERE state = 'ready' AND "
/* ?4 now */
#define SQL_TASKS_CANCELLED SQL_CANCELLED_ADD("?4") SQL_OF_SCOPE
/* ?4 now */
#define SQL_TASKS_END                                                                              \
    "UPDATE task SET stop_ms = ?4 WHERE state = 'running' AND stop_ms IS NULL AND " SQL_OF_SCOPE
/* ?1 id ?2 now */
#define SQL_TASK_END "UPDATE task SET stop_ms = ?2 WHERE id = ?1 AND state = 'running'"
#define SQL_TASK_CANCELLED SQL_CANCELLED_ADD("?2") "id = ?1"
#define SQL_TASK_DROP "DELETE FROM task WHERE id = ?1 AND state IN ('ready', 'dead')"
/* The same of a run's. ?1 run ?2 now */
#define SQL_OF_RUN "run = ?1 AND run <> ''"
#define SQL_RUN_CANCELLED_ADD SQL_CANCELLED_ADD("?2") SQL_OF_RUN
#define SQL_RUN_DROP "DELETE FROM task WHERE state IN ('ready', 'dead') AND " SQL_OF_RUN
#define SQL_RUN_END                                                                                \
    "UPDATE task SET stop_ms = ?2 WHERE state = 'running' AND stop_ms IS NULL AND " SQL_OF_RUN

/* A dead task gets all its tries again; ?1 id. A twin may have been enqueued meanwhile: then it has nothing left
 * to do. */
#define SQL_TASK_TWIN_DELETE                                                                       \
    "DELETE FROM task WHERE id = ?1 AND state = 'dead' AND EXISTS (SELECT 1 FROM task t"           \
    " WHERE t.lane = task.lane AND t.unique_key = task.unique_key"                                 \
    " AND t.state IN ('ready', 'running'))"
/* ?2 now */
#define SQL_TASK_RETRY                                                                             \
    "UPDATE task SET state = 'ready', ready_ms = ?2, attempt = 0, changed_ms = ?2, error = NULL,"  \
    " stop_ms = NULL WHERE id = ?1 AND state = 'dead'"
#define SQL_TASKS_DEAD "SELECT id FROM task WHERE state = 'dead' ORDER BY id LIMIT 1024"

/* --- what happened (feed.h) --- */

/* ?1 after this id ?2 shop or 0 ?3 task or 0 ?4 least level ?5 not before; `which`: the condition that an index
 * serves, `order`: what stands behind. */
#define SQL_EVENTS(which, order)                                                                   \
    "SELECT id, at_ms, process, shop_id, task_id, stream, kind, level, args FROM event"            \
    " WHERE id > ?1 AND level >= ?4 AND at_ms >= ?5 AND (?2 = 0 OR shop_id = ?2)"                  \
    " AND (?3 = 0 OR task_id = ?3)" which " ORDER BY id" order
#define SQL_TRIES(which, order)                                                                    \
    "SELECT id, ended_ms, lane, task_id, stream, kind, result, started_ms, pages, rows_new,"       \
    " rows_changed, rows_same, rejects, calls, error FROM execution"                               \
    " WHERE id > ?1 AND result IN ('done', 'again', 'failed', 'cancelled') AND ended_ms >= ?5"     \
    " AND (?4 <= 1 OR (?4 = 2 AND result = 'failed')) AND (?2 = 0 OR lane = ?2)"                   \
    " AND (?3 = 0 OR task_id = ?3)" which " ORDER BY id" order
#define SQL_EVENT_LAST "SELECT max(id) FROM event"
#define SQL_TRY_LAST "SELECT max(id) FROM execution"
/* ?1 after this id */
#define SQL_EVENT_IDS "SELECT id FROM event WHERE id > ?1 ORDER BY id"
#define SQL_TRY_IDS "SELECT id FROM execution WHERE id > ?1 ORDER BY id"

/* ?1 own name ?2 beat after: the connections that the others may open, and how many they are. */
#define SQL_CONNECTIONS_OF_OTHERS                                                                  \
    "SELECT sum(connections), count(*) FROM worker WHERE name <> ?1 AND beat_ms > ?2"

/* --- schedules --- */

/* ?1 lane ?2 name ?3 spec ?4 shift ?5 class ?6 kind ?7 payload ?8 now ?9 next run from now on */
#define SQL_SCHEDULE_PUT                                                                           \
    "INSERT INTO schedule (lane, name, spec, shift_ms, class, kind, payload, next_ms, ticks)"      \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)"                                                  \
    " ON CONFLICT (lane, name) DO UPDATE SET spec = excluded.spec, shift_ms = excluded.shift_ms,"  \
    " class = excluded.class, kind = excluded.kind, payload = excluded.payload,"                   \
    " next_ms = CASE WHEN schedule.spec <> excluded.spec OR schedule.next_ms > ?9 THEN ?9"         \
    " ELSE schedule.next_ms END"
#define SQL_SCHEDULES "SELECT lane, name FROM schedule"
#define SQL_SCHEDULE_DELETE "DELETE FROM schedule WHERE lane = ?1 AND name = ?2"
/* ?1 now ?2 most */
#define SQL_SCHEDULES_DUE                                                                          \
    "SELECT lane, name, spec, shift_ms, class, kind, payload, next_ms FROM schedule"               \
    " WHERE next_ms <= ?1 ORDER BY next_ms, lane, name LIMIT ?2"
/* ?1 lane ?2 name ?3 due, as it was read ?4 next ?5 now ?6 ticks to count */
#define SQL_SCHEDULE_MOVE                                                                          \
    "UPDATE schedule SET next_ms = ?4, last_ms = ?5, ticks = ticks + ?6"                           \
    " WHERE lane = ?1 AND name = ?2 AND next_ms = ?3"
#define SQL_SCHEDULE_NEXT "SELECT min(next_ms) FROM schedule"

#endif

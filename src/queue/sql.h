/* Private to queue: its statements, in the subset that store/sql.h describes. State words stand in
 * them as literals because the partial indexes of `task` do too. */
#ifndef HUILIU_QUEUE_SQL_H
#define HUILIU_QUEUE_SQL_H

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

/* ?1 now. Takes the lease away, so that its late holder cannot commit once the lane goes on. */
#define SQL_TASK_EXPIRE                                                                            \
    "UPDATE task SET state = 'ready', worker = '', lease = '', lease_ms = 0, changed_ms = ?1"      \
    " WHERE state = 'running' AND lease_ms <= ?1"

/* ?1 now ?2 worker ?3 end of the lease ?4 random ?5 most ?6 run or '' ?7 class. The oldest ready tasks of
 * one class, of free lanes, one of each. Classes are claimed one after the other: by then the lanes of
 * the higher ones are taken. Walks the index task_order and stops when it has enough; what it walks past is
 * the backlog of lanes that are at work. */
#define SQL_TASK_CLAIM                                                                             \
    "UPDATE task SET state = 'running', worker = ?2, lease_ms = ?3,"                               \
    " lease = ?2 || ':' || id || ':' || ?4, changed_ms = ?1 WHERE id IN ("                         \
    " SELECT t.id FROM task t WHERE t.state = 'ready' AND t.class = ?7 AND t.ready_ms <= ?1"       \
    " AND (?6 = '' OR t.run = ?6)"                                                                 \
    " AND NOT EXISTS (SELECT 1 FROM task r WHERE r.state = 'running' AND r.lane = t.lane)"         \
    " AND NOT EXISTS (SELECT 1 FROM task e WHERE e.state = 'ready' AND e.lane = t.lane"            \
    " AND e.class = ?7 AND (?6 = '' OR e.run = ?6) AND e.ready_ms <= t.ready_ms"                   \
    " AND (e.ready_ms < t.ready_ms OR e.id < t.id))"                                               \
    " ORDER BY t.ready_ms, t.id LIMIT ?5)"                                                         \
    " RETURNING id, lane, class, kind, unique_key, payload, run, lease, unit_number, attempt,"     \
    " created_ms, ready_ms"

/* ?1 lane ?2 now */
#define SQL_TASK_CLOCK_AHEAD                                                                       \
    "SELECT count(*) FROM task WHERE lane = ?1 AND state = 'ready' AND changed_ms > ?2"
#define SQL_TASK_CLOCK_BACK                                                                        \
    "UPDATE task SET ready_ms = ?2, changed_ms = ?2"                                               \
    " WHERE lane = ?1 AND state = 'ready' AND changed_ms > ?2"

/* ?1 lane ?2 class ?3 ready before */
#define SQL_TASK_LANE_AHEAD                                                                        \
    "SELECT min(ready_ms) FROM task WHERE lane = ?1 AND class < ?2 AND"                            \
    " (state = 'running' OR (state = 'ready' AND ready_ms <= ?3))"

/* ?1 now ?2 run or '': the next waiting task. */
#define SQL_TASK_NEXT                                                                              \
    "SELECT min(ready_ms) FROM task"                                                               \
    " WHERE state = 'ready' AND ready_ms > ?1 AND (?2 = '' OR run = ?2)"

/* ?1 worker ?2 end of the lease ?3 now */
#define SQL_TASK_HEARTBEAT                                                                         \
    "UPDATE task SET lease_ms = ?2, changed_ms = ?3 WHERE state = 'running' AND worker = ?1"

/* ?1 now */
#define SQL_TASK_RELEASE_ALL                                                                       \
    "UPDATE task SET state = 'ready', worker = '', lease = '', lease_ms = 0, changed_ms = ?1"      \
    " WHERE state = 'running'"

/* ?1 id */
#define SQL_TASK_UNITS "SELECT unit_number FROM task WHERE id = ?1"

/* ?1 now; of a run: ?2 run, which the partial index task_run finds by the second condition. */
#define SQL_TASK_DEPTH                                                                             \
    "SELECT sum(CASE WHEN state = 'ready' AND ready_ms <= ?1 THEN 1 ELSE 0 END),"                  \
    " sum(CASE WHEN state = 'ready' AND ready_ms > ?1 THEN 1 ELSE 0 END),"                         \
    " sum(CASE WHEN state = 'running' THEN 1 ELSE 0 END),"                                         \
    " sum(CASE WHEN state = 'dead' THEN 1 ELSE 0 END),"                                            \
    " min(CASE WHEN state = 'ready' AND ready_ms > ?1 THEN ready_ms END)"                          \
    " FROM task"
#define SQL_TASK_DEPTH_OF_RUN SQL_TASK_DEPTH " WHERE run = ?2 AND run <> ''"

/* ?1 task ?2 lane ?3 kind ?4 stream ?5 started ?6 ended ?7 result ?8 pages ?9 calls ?10 rejects
 * ?11-?14 rows new, changed, same, older ?15 error or NULL */
#define SQL_EXECUTION_ADD                                                                          \
    "INSERT INTO execution (task_id, lane, kind, stream, started_ms, ended_ms, result, pages,"     \
    " calls, rejects, rows_new, rows_changed, rows_same, rows_older, error)"                       \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"

#endif

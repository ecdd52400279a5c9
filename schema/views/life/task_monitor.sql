-- The sync of Douyin Life as the old program's task: one row for all shops together. sync_cursor has each shop.
--
-- It tells and takes no orders: `huiliu pause` and `huiliu resume` are what target_command was.
-- A worker beats every two seconds; one that has not done so for a minute is gone.
SELECT 'douyin_order_sync' AS task_id,                          -- The old program's name of it
       CASE WHEN m.willing = 0 OR m.beat_ms < @now() - 60000 THEN 'STOPPED'
            WHEN m.failing > 0 THEN 'ERROR'
            ELSE 'RUNNING' END AS status,                       -- STOPPED: nothing works on it; ERROR: a shop fails
       @local(m.read_ms) AS last_sync_time,                     -- Every shop at work is read up to here, Beijing time
       @local(nullif(m.beat_ms, 0)) AS last_heartbeat,          -- Of whichever worker, Beijing time
       CASE m.willing WHEN 0 THEN 'STOP' ELSE 'START' END AS target_command, -- STOP: no shop is at work, or all are paused
       m.errors AS error_message,                               -- What fails now, with the shop's name; NULL nothing
       @local(m.created_ms) AS created_at,                      -- The first shop was added, Beijing time
       @local(@later(m.beat_ms, m.changed_ms)) AS updated_at    -- The last news of any kind, Beijing time
  FROM (SELECT count(*) AS shops,
               sum(p.willing) AS willing,
               min(CASE WHEN p.state = 'enabled' THEN p.frontier_ms END) AS read_ms,
               sum(CASE WHEN p.error IS NULL THEN 0 ELSE 1 END) AS failing,
               @list(@join(p.name, @join(': ', p.error))) AS errors,
               min(p.created_ms) AS created_ms,
               max(@later(p.created_ms, @later(p.success_ms, p.error_ms))) AS changed_ms,
               coalesce((SELECT max(w.beat_ms) FROM worker w), 0) AS beat_ms
          FROM (SELECT s.name, s.state, s.created_ms, t.frontier_ms,
                       coalesce(t.last_success_ms, 0) AS success_ms,
                       coalesce(t.last_error_ms, 0) AS error_ms,
                       CASE s.state WHEN 'needs_person' THEN coalesce(s.state_reason, s.state)
                                    WHEN 'enabled' THEN t.last_error END AS error,
                       CASE WHEN s.state = 'enabled'
                                 AND NOT EXISTS (SELECT 1 FROM hold h
                                                  WHERE h.scope = 'all' OR (h.scope = 'lane' AND h.lane = s.id)
                                                     OR (h.scope = 'platform' AND h.name = s.platform))
                            THEN 1 ELSE 0 END AS willing
                  FROM shop s
                  LEFT JOIN stream_state t ON t.shop_id = s.id AND t.stream = 'orders'
                 WHERE s.platform = '@platform()') p) m
 WHERE m.shops > 0

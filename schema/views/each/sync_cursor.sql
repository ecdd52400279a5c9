-- How far each stream of each shop has been read.
SELECT t.stream AS entity,                         -- What is read: the stream
       t.shop_id AS shop_id,                       -- The shop's number
       @local(coalesce(t.frontier_ms, t.complete_up_to_ms)) AS last_synced_at, -- Read without a gap up to here, Beijing time
       (SELECT coalesce(nullif(w.position, ''), @join('', nullif(w.page_number, 0)))
          FROM sync_window w
         WHERE w.shop_id = t.shop_id AND w.stream = t.stream AND w.kind = 'pull' AND w.state = 'open'
         ORDER BY w.from_ms
         LIMIT 1) AS page_token                    -- In a list that is being read: where it goes on, or pages read; else NULL
  FROM stream_state t
  JOIN shop s ON s.id = t.shop_id
 WHERE s.platform = '@platform()'

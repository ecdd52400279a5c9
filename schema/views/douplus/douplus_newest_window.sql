-- The newest complete five minutes of DOU+ figures, in UTC milliseconds. The other views read it.
--
-- The pass over the figures that began in them, or a later one, has come to its end in every shop that is at work. A
-- shop whose first pass still runs, is disabled or waits for a person keeps nobody back. Where no shop is left it is
-- the newest window that anything is kept for.
SELECT @div(coalesce((SELECT min(t.complete_up_to_ms)
                        FROM stream_state t
                        JOIN shop s ON s.id = t.shop_id
                       WHERE s.platform = '@platform()' AND s.state = 'enabled' AND t.stream = 'ad_figures'),
                     -- MariaDB would walk a whole index for max(f.at).
                     (SELECT max((SELECT f.at FROM ad_figure_snapshot f WHERE f.shop_id = s.id ORDER BY f.at DESC LIMIT 1))
                        FROM shop s
                       WHERE s.platform = '@platform()')), 300000) * 300000 AS at -- UTC milliseconds

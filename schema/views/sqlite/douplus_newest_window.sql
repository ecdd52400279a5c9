-- The newest complete five minutes of DOU+ figures, in UTC milliseconds: the pass over the figures that began in them,
-- or a later one, has come to its end in every shop that is at work. A shop whose first pass still runs, is disabled
-- or waits for a person keeps nobody back. Where no shop is left it is the newest window that anything is kept for.
CREATE VIEW douplus_newest_window AS
SELECT coalesce((SELECT min(t.complete_up_to_ms)
                   FROM stream_state t
                   JOIN shop s ON s.id = t.shop_id
                  WHERE s.platform = 'douplus' AND s.state = 'enabled' AND t.stream = 'ad_figures'),
                (SELECT max((SELECT max(f.at) FROM ad_figure_snapshot f WHERE f.shop_id = s.id))
                   FROM shop s
                  WHERE s.platform = 'douplus')) / 300000 * 300000 AS at

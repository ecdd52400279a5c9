-- The table `douplus_video_stats_agg` of the old DOU+ program, as its users' SQL expects it: a row for each video of a
-- shop, the sums of the latest figures of each of its orders. One video in two shops is two rows. Only the newest
-- complete window is there: older sums can be made from snapshots, but nobody kept them. docs/views.md says more.
--
-- Rounding as in douplus_order_agg. Averages are those of the sums, which an average over orders is not: avg_5s_rank is
-- weighted by plays, in whole millionths, half to even as everywhere, avg_convert_cost is total_cost ÷ total_convert.
-- share_rate is a fraction here, unlike the one of an order: it always was.
CREATE VIEW douplus_video_stats_agg AS
SELECT v.item_id AS item_id,
       v.shop_id AS account_id,
       NULL AS user_id,
       strftime('%Y-%m-%d %H:%M:%S', (SELECT at FROM douplus_newest_window) / 1000 + 28800, 'unixepoch')
           AS stat_time,
       v.orders AS order_count,
       v.budget / 100.0 AS total_budget,
       v.cost / 100.0 AS total_cost,
       v.plays AS total_play,
       v.likes AS total_like,
       v.comments AS total_comment,
       v.shares AS total_share,
       v.follows AS total_follow,
       v.conversions AS total_convert,
       v.home_visits AS total_home_visited,
       CASE v.rated WHEN 0 THEN 0.0
                    ELSE ((2 * v.rates + v.rated) / (2 * v.rated)
                          - ((2 * v.rates + v.rated) % (2 * v.rated) = 0
                             AND (2 * v.rates + v.rated) / (2 * v.rated) % 2 = 1)) / 1000000.0 END
           AS avg_5s_rank,
       (2 * v.cost + v.conversions) / nullif(2 * v.conversions, 0) / 100.0 AS avg_convert_cost,
       CASE v.cost WHEN 0 THEN 0.0 ELSE (2000000 * v.plays + v.cost) / (2 * v.cost) / 100.0 END
           AS play_per_100_cost,
       CASE v.plays WHEN 0 THEN 0.0 ELSE (20000 * v.likes + v.plays) / (2 * v.plays) / 10000.0 END
           AS like_rate,
       CASE v.plays WHEN 0 THEN 0.0 ELSE (20000 * v.shares + v.plays) / (2 * v.plays) / 10000.0 END
           AS share_rate,
       CASE v.plays WHEN 0 THEN 0.0 ELSE (20000 * v.shares + v.plays) / (2 * v.plays) / 100.0 END
           AS share_per_100_play,
       strftime('%Y-%m-%d %H:%M:%S', v.created_at / 1000 + 28800, 'unixepoch') AS min_order_create_time,
       strftime('%Y-%m-%d %H:%M:%S', v.changed_ms / 1000 + 28800, 'unixepoch') AS agg_time,
       NULL AS data_version
  FROM (SELECT o.shop_id, o.item_id, count(*) AS orders, sum(o.budget) AS budget, sum(f.cost) AS cost,
               sum(f.plays) AS plays, sum(f.likes) AS likes, sum(f.comments) AS comments,
               sum(f.shares) AS shares, sum(f.follows) AS follows, sum(f.conversions) AS conversions,
               sum(f.home_visits) AS home_visits, sum(f.rate_5s * f.plays) AS rates,
               sum(f.plays) FILTER (WHERE f.rate_5s IS NOT NULL) AS rated,
               min(o.created_at) AS created_at, max(f.changed_ms) AS changed_ms
          FROM ad_figure f
          JOIN ad_order o ON o.shop_id = f.shop_id AND o.order_id = f.order_id
          JOIN shop s ON s.id = o.shop_id
         WHERE s.platform = 'douplus' AND o.item_id IS NOT NULL
         GROUP BY o.shop_id, o.item_id) v

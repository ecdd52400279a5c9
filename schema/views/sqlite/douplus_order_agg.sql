-- The table `douplus_order_agg` of the old DOU+ program, as its users' SQL expects it: a row for each order that has
-- figures, its latest ones. docs/views.md says what each column means.
--
-- A division by zero gives 0, that by no conversions NULL; what the platform never told is NULL. Quotients are
-- worked out over integers and rounded half up, as the old columns (decimal) were: (2n + d) / 2d.
-- follow_rate is shares ÷ plays, as it always was: users have saved that name and that number.
CREATE VIEW douplus_order_agg AS
SELECT f.order_id AS order_id,
       o.item_id AS item_id,
       f.shop_id AS account_id,
       f.cost / 100.0 AS total_cost,
       f.plays AS total_play,
       f.likes AS total_like,
       f.comments AS total_comment,
       f.shares AS total_share,
       f.follows AS total_follow,
       f.conversions AS total_convert,
       f.rate_5s / 1000000.0 AS play_duration_5s,
       -- Plays for 100 元 and cost is in 分: two times a hundred, and a hundred more for the decimals.
       CASE f.cost WHEN 0 THEN 0.0 ELSE (2000000 * f.plays + f.cost) / (2 * f.cost) / 100.0 END
           AS play_per_100_cost,
       (2 * f.cost + f.conversions) / nullif(2 * f.conversions, 0) / 100.0 AS avg_convert_cost,
       CASE f.plays WHEN 0 THEN 0.0 ELSE (2000000 * f.shares + f.plays) / (2 * f.plays) / 10000.0 END
           AS share_rate,
       CASE f.plays WHEN 0 THEN 0.0 ELSE (20000 * f.likes + f.plays) / (2 * f.plays) / 10000.0 END
           AS like_rate,
       CASE f.plays WHEN 0 THEN 0.0 ELSE (20000 * f.shares + f.plays) / (2 * f.plays) / 10000.0 END
           AS follow_rate,
       strftime('%Y-%m-%d %H:%M:%S', (SELECT at FROM douplus_newest_window) / 1000 + 28800, 'unixepoch')
           AS stat_time,
       strftime('%Y-%m-%d %H:%M:%S', f.first_seen_ms / 1000 + 28800, 'unixepoch') AS create_time,
       strftime('%Y-%m-%d %H:%M:%S', f.changed_ms / 1000 + 28800, 'unixepoch') AS update_time
  FROM ad_figure f
  JOIN shop s ON s.id = f.shop_id
  LEFT JOIN ad_order o ON o.shop_id = f.shop_id AND o.order_id = f.order_id
 WHERE s.platform = 'douplus'

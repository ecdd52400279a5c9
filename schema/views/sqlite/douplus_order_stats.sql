-- The table `douplus_order_stats` of the old DOU+ program, as its users' SQL expects it. docs/views.md says what each
-- column means and why some are NULL.
--
-- Users' SQL takes the newest stat_time of the whole table and wants every order to be there, while a snapshot is
-- kept only where the figures changed. So each order's latest figures stand at the newest complete window, beside the
-- snapshots of the windows before it. What a pass that is still running has kept already is not history yet.
--
-- All figures are totals since the order began: rows of one order must never be added up. Amounts are 元, the nearest
-- binary fraction; the exact ones are in ad_figure and ad_figure_snapshot, integer 分. Times are Beijing time (fixed
-- +08:00) without a zone.
-- Nothing is joined: SQLite would do it for each of millions of rows even where only stat_time is asked for.
CREATE VIEW douplus_order_stats AS
SELECT NULL AS id,
       f.order_id AS order_id,
       (SELECT o.item_id FROM ad_order o WHERE o.shop_id = f.shop_id AND o.order_id = f.order_id) AS item_id,
       strftime('%Y-%m-%d %H:%M:%S', f.at / 1000 + 28800, 'unixepoch') AS stat_time,
       f.cost / 100.0 AS stat_cost,
       f.plays AS total_play,
       f.likes AS custom_like,
       f.comments AS dy_comment,
       f.shares AS dy_share,
       f.follows AS dy_follow,
       f.rate_5s / 1000000.0 AS play_duration_5s_rank,
       f.home_visits AS dy_home_visited,
       f.conversions AS dp_target_convert_cnt,
       f.conversion_cost / 100.0 AS custom_convert_cost,
       f.shown AS show_cnt,
       f.live_clicks AS live_click_source_cnt,
       f.gift_users AS live_gift_uv,
       f.live_comments AS live_comment_cnt,
       f.live_follows AS live_follow_count,
       f.gifts AS live_gift_cnt,
       f.gift_amount / 100.0 AS live_gift_amount,
       strftime('%Y-%m-%d %H:%M:%S', f.received_ms / 1000 + 28800, 'unixepoch') AS sync_time,
       strftime('%Y-%m-%d %H:%M:%S', f.first_seen_ms / 1000 + 28800, 'unixepoch') AS create_time,
       strftime('%Y-%m-%d %H:%M:%S', f.changed_ms / 1000 + 28800, 'unixepoch') AS update_time
  FROM (SELECT shop_id, order_id, at,
               cost, plays, likes, comments, shares, follows, rate_5s, home_visits, conversions, conversion_cost,
               shown, live_clicks, gift_users, live_comments, live_follows, gifts, gift_amount,
               received_ms, first_seen_ms, changed_ms
          FROM ad_figure_snapshot
         WHERE at < (SELECT at FROM douplus_newest_window)
         UNION ALL
        SELECT shop_id, order_id, (SELECT at FROM douplus_newest_window),
               cost, plays, likes, comments, shares, follows, rate_5s, home_visits, conversions, conversion_cost,
               shown, live_clicks, gift_users, live_comments, live_follows, gifts, gift_amount,
               received_ms, first_seen_ms, changed_ms
          FROM ad_figure) f
 WHERE f.shop_id IN (SELECT s.id FROM shop s WHERE s.platform = 'douplus')

-- Figures of DOU+ orders over time, as the old program kept them in `douplus_order_stats`. They are totals since the
-- order began: never add up rows of one order.
--
-- docs/views.md says what each column means. Users' SQL takes the newest stat_time of the whole table and wants every
-- order to be there, while a snapshot is kept only where the figures changed. So each order's latest figures stand at
-- the newest complete window, beside the snapshots of the windows before it. What a pass that is still running has
-- kept already is not history yet.
-- Nothing is joined: SQLite would do it for each of millions of rows even where only stat_time is asked for.
SELECT @no_integer() AS id,                        -- Always NULL: the row's key is order_id, stat_time
       f.order_id AS order_id,                     -- The platform's order number
       (SELECT o.item_id FROM ad_order o WHERE o.shop_id = f.shop_id AND o.order_id = f.order_id)
           AS item_id,                             -- The promoted video
       @local(f.at) AS stat_time,                  -- The five minutes they stood in, Beijing time
       @hundredths(f.cost) AS stat_cost,           -- Spent since the order began, 元
       f.plays AS total_play,                      -- Plays since the order began
       f.likes AS custom_like,                     -- Likes
       f.comments AS dy_comment,                   -- Comments
       f.shares AS dy_share,                       -- Shares
       f.follows AS dy_follow,                     -- New followers
       @millionths(f.rate_5s) AS play_duration_5s_rank, -- Share of plays of five seconds and more
       f.home_visits AS dy_home_visited,           -- Visits of the home page
       f.conversions AS dp_target_convert_cnt,     -- Conversions
       @hundredths(f.conversion_cost) AS custom_convert_cost, -- 元 for a conversion, as the platform says it
       f.shown AS show_cnt,                        -- Times shown
       f.live_clicks AS live_click_source_cnt,     -- Entries into the live room
       f.gift_users AS live_gift_uv,               -- Viewers who gave
       f.live_comments AS live_comment_cnt,        -- Comments in the live room
       f.live_follows AS live_follow_count,        -- New followers from the live room
       f.gifts AS live_gift_cnt,                   -- Gifts
       @hundredths(f.gift_amount) AS live_gift_amount, -- Worth of the gifts, 元
       @local(f.received_ms) AS sync_time,         -- The stored copy arrived, Beijing time
       @local(f.first_seen_ms) AS create_time,     -- First stored here, Beijing time
       @local(f.changed_ms) AS update_time         -- Last changed here, Beijing time
  FROM (SELECT shop_id, order_id, at,
               cost, plays, likes, comments, shares, follows, rate_5s, home_visits, conversions, conversion_cost,
               shown, live_clicks, gift_users, live_comments, live_follows, gifts, gift_amount,
               received_ms, first_seen_ms, changed_ms
          FROM ad_figure_snapshot
         WHERE at < (SELECT at FROM @view(douplus_newest_window))
         UNION ALL
        SELECT shop_id, order_id, (SELECT at FROM @view(douplus_newest_window)),
               cost, plays, likes, comments, shares, follows, rate_5s, home_visits, conversions, conversion_cost,
               shown, live_clicks, gift_users, live_comments, live_follows, gifts, gift_amount,
               received_ms, first_seen_ms, changed_ms
          FROM ad_figure) f
 WHERE f.shop_id IN (SELECT s.id FROM shop s WHERE s.platform = '@platform()')

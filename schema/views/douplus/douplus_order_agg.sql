-- The latest figures of each DOU+ order that has some, with their ratios, as the old program kept them in
-- `douplus_order_agg`.
--
-- docs/views.md says what each column means. A division by zero gives 0, that by no conversions NULL; what the platform
-- never told is NULL. follow_rate is shares ÷ plays, as it always was: users have saved that name and that number.
SELECT f.order_id AS order_id,                     -- The platform's order number
       o.item_id AS item_id,                       -- The promoted video
       f.shop_id AS account_id,                    -- douyin_account.id
       @hundredths(f.cost) AS total_cost,          -- Spent since the order began, 元
       f.plays AS total_play,                      -- Plays since the order began
       f.likes AS total_like,                      -- Likes
       f.comments AS total_comment,                -- Comments
       f.shares AS total_share,                    -- Shares
       f.follows AS total_follow,                  -- New followers
       f.conversions AS total_convert,             -- Conversions
       @millionths(f.rate_5s) AS play_duration_5s, -- Share of plays of five seconds and more, as the platform says it
       -- Plays for 100 元 and cost is in 分: two times a hundred, and a hundred more for the decimals.
       @hundredths(@quotient(1000000 * f.plays, f.cost)) AS play_per_100_cost, -- Plays for 100 元
       @hundredths(@quotient(f.cost, nullif(f.conversions, 0))) AS avg_convert_cost, -- 元 for a conversion
       @ten_thousandths(@quotient(1000000 * f.shares, f.plays)) AS share_rate, -- Shares for 100 plays
       @ten_thousandths(@quotient(10000 * f.likes, f.plays)) AS like_rate, -- Likes ÷ plays
       @ten_thousandths(@quotient(10000 * f.shares, f.plays)) AS follow_rate, -- Shares ÷ plays, whatever the name says
       @local(w.at) AS stat_time,                  -- The newest complete window, Beijing time
       @local(f.first_seen_ms) AS create_time,     -- First stored here, Beijing time
       @local(f.changed_ms) AS update_time         -- Last changed here, Beijing time
  FROM ad_figure f
  JOIN shop s ON s.id = f.shop_id
  LEFT JOIN ad_order o ON o.shop_id = f.shop_id AND o.order_id = f.order_id
 CROSS JOIN @view(douplus_newest_window) w
 WHERE s.platform = '@platform()'

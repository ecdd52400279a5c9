-- The sums of the latest figures of a video's DOU+ orders in one shop, as the old program kept them in
-- `douplus_video_stats_agg`.
--
-- One video in two shops is two rows. Only the newest complete window is there: older sums can be made from snapshots,
-- but nobody kept them. docs/views.md says what each column means.
-- Averages are those of the sums, which an average over orders is not: avg_5s_rank is weighted by plays, in whole
-- millionths, half to even as everywhere, avg_convert_cost is total_cost ÷ total_convert. share_rate is a fraction
-- here, unlike the one of an order: it always was.
SELECT v.item_id AS item_id,                       -- The promoted video
       v.shop_id AS account_id,                    -- douyin_account.id
       @no_integer() AS user_id,                   -- Always NULL: shops have no owner here
       @local(w.at) AS stat_time,                  -- The newest complete window, Beijing time
       v.orders AS order_count,                    -- Orders that have figures
       @hundredths(v.budget) AS total_budget,      -- What may be spent, 元
       @hundredths(v.cost) AS total_cost,          -- Spent, 元
       v.plays AS total_play,                      -- Plays
       v.likes AS total_like,                      -- Likes
       v.comments AS total_comment,                -- Comments
       v.shares AS total_share,                    -- Shares
       v.follows AS total_follow,                  -- New followers
       v.conversions AS total_convert,             -- Conversions
       v.home_visits AS total_home_visited,        -- Visits of the home page
       @millionths(CASE v.rated WHEN 0 THEN 0
                   ELSE @quotient(v.rates, v.rated)
                        - CASE WHEN (2 * v.rates + v.rated) % (2 * v.rated) = 0
                                    AND @quotient(v.rates, v.rated) % 2 = 1 THEN 1 ELSE 0 END END)
           AS avg_5s_rank,                         -- Share of plays of five seconds and more, weighted by plays
       @hundredths(@quotient(v.cost, nullif(v.conversions, 0))) AS avg_convert_cost, -- 元 for a conversion
       @hundredths(@quotient(1000000 * v.plays, v.cost)) AS play_per_100_cost, -- Plays for 100 元
       @ten_thousandths(@quotient(10000 * v.likes, v.plays)) AS like_rate, -- Likes ÷ plays
       @ten_thousandths(@quotient(10000 * v.shares, v.plays)) AS share_rate, -- Shares ÷ plays
       @hundredths(@quotient(10000 * v.shares, v.plays)) AS share_per_100_play, -- Shares for 100 plays
       @local(v.created_at) AS min_order_create_time, -- The first of the orders was placed, Beijing time
       @local(v.changed_ms) AS agg_time,           -- One of them last changed here, Beijing time
       @no_integer() AS data_version               -- Always NULL: a counter of the old job
  FROM (SELECT o.shop_id, o.item_id, count(*) AS orders, @sum(o.budget) AS budget, @sum(f.cost) AS cost,
               @sum(f.plays) AS plays, @sum(f.likes) AS likes, @sum(f.comments) AS comments,
               @sum(f.shares) AS shares, @sum(f.follows) AS follows, @sum(f.conversions) AS conversions,
               @sum(f.home_visits) AS home_visits, @sum(f.rate_5s * f.plays) AS rates,
               @sum(CASE WHEN f.rate_5s IS NOT NULL THEN f.plays END) AS rated,
               min(o.created_at) AS created_at, max(f.changed_ms) AS changed_ms
          FROM ad_figure f
          JOIN ad_order o ON o.shop_id = f.shop_id AND o.order_id = f.order_id
          JOIN shop s ON s.id = o.shop_id
         WHERE s.platform = '@platform()' AND o.item_id IS NOT NULL
         GROUP BY o.shop_id, o.item_id) v
 CROSS JOIN @view(douplus_newest_window) w

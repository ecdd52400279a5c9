-- DOU+ orders, as the old program kept them in `douplus_order`. Times are Beijing time, budget is 元.
--
-- docs/views.md says what each column means and why some are NULL.
-- An order has ended when it was first seen in a final status, behind the last time it was seen in another. One
-- that runs, or had ended before we first saw it, ends when its hours are over: the old program took 24 for each.
-- last_sync_time is when the platform last said this of the order. Final ones are not asked for again; they stand as
-- they are whenever the shop is read.
SELECT @no_integer() AS id,                        -- Always NULL: the row's key is order_id
       o.order_id AS order_id,                     -- The platform's order number
       o.task_id AS task_id,                       -- The number that people see in the console
       o.item_id AS item_id,                       -- The promoted video; NULL without one
       o.shop_id AS account_id,                    -- douyin_account.id
       @no_integer() AS user_id,                   -- Always NULL: shops have no owner here
       o.status AS status,                         -- The platform's word
       @hundredths(o.budget) AS budget,            -- What may be spent, 元
       @whole(o.hours) AS duration,                -- Hours, rounded
       @no_text() AS target_type,                  -- Always NULL: the list has nothing like it
       o.title AS aweme_title,                     -- The video's title
       @first(o.items, aweme_item_cover) AS aweme_cover, -- A signed address that dies
       o.author_name AS aweme_nick,                -- The video's author
       @first(o.items, aweme_author_avatar) AS aweme_avatar, -- A signed address that dies
       @local(o.created_at) AS order_create_time,  -- Placed, Beijing time
       @no_time() AS order_start_time,             -- Always NULL: the platform does not say when delivery began
       @local(CASE WHEN o.is_final = 1 AND o.final_ms > o.first_seen_ms THEN o.final_ms
                   -- A live order of 0 hours runs as long as the show.
                   ELSE o.created_at + @whole(nullif(o.hours * 3600, 0)) * 1000 END)
           AS order_end_time,                      -- Ended, or will when its hours are over, Beijing time
       @no_integer() AS sync_version,              -- Always NULL: status_history has what changed
       @local(@later(o.received_ms, coalesce(CASE WHEN o.is_final = 1 THEN t.last_success_ms
                                                  WHEN p.missing = 0 THEN p.asked_ms END, 0)))
           AS last_sync_time,                      -- When the platform last said this of the order, Beijing time
       'API' AS sync_source,                       -- Always API
       @local(o.first_seen_ms) AS create_time,     -- First stored here, Beijing time
       @local(o.changed_ms) AS update_time,        -- Last changed here, Beijing time
       0 AS deleted                                -- Always 0
  FROM (SELECT a.*,
               CASE WHEN length(a.delivery_hours) <= 7 THEN @number(a.delivery_hours) END AS hours,
               CASE WHEN @final(a.status) THEN 1 ELSE 0 END AS is_final,
               (SELECT min(h.at_ms)
                  FROM status_history h
                 WHERE h.shop_id = a.shop_id AND h.table_name = 'ad_order' AND h.key_text = a.order_id
                   AND @final(h.status)
                   AND h.at_ms > coalesce((SELECT max(n.at_ms)
                                             FROM status_history n
                                            WHERE n.shop_id = a.shop_id AND n.table_name = 'ad_order'
                                              AND n.key_text = a.order_id AND NOT @final(n.status)), 0)) AS final_ms
          FROM ad_order a) o
  JOIN shop s ON s.id = o.shop_id
  LEFT JOIN stream_state t ON t.shop_id = o.shop_id AND t.stream = 'ad_orders'
  LEFT JOIN ask_plan p ON p.shop_id = o.shop_id AND p.stream = 'ad_orders' AND p.key_text = o.order_id
 WHERE s.platform = '@platform()'

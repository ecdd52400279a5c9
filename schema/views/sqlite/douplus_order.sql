-- The table `douplus_order` of the old DOU+ program, as its users' SQL expects it. docs/views.md says what each
-- column means and why some are NULL.
--
-- budget is 元, the nearest binary fraction of it; the exact amount is ad_order.budget, integer 分. Times are
-- Beijing time (fixed +08:00) without a zone.
-- An order has ended when it was first seen in a final status, behind the last time it was seen in another. One
-- that runs, or had ended before we first saw it, ends when its hours are over: the old program took 24 for each.
-- last_sync_time is when the platform last said this of the order. Final ones are not asked for again; they stand as
-- they are whenever the shop is read.
CREATE VIEW douplus_order AS
WITH final (status) AS (VALUES ('DELIVERIED'), ('UNDELIVERIED'), ('OFFLINE_AUDIT'))
SELECT NULL AS id,
       o.order_id AS order_id,
       o.task_id AS task_id,
       o.item_id AS item_id,
       o.shop_id AS account_id,
       NULL AS user_id,
       o.status AS status,
       o.budget / 100.0 AS budget,
       CAST(round(o.delivery_hours) AS INTEGER) AS duration,
       NULL AS target_type,
       o.title AS aweme_title,
       json_extract(o.items, '$[0].aweme_item_cover[0]') AS aweme_cover,
       o.author_name AS aweme_nick,
       json_extract(o.items, '$[0].aweme_author_avatar[0]') AS aweme_avatar,
       strftime('%Y-%m-%d %H:%M:%S', o.created_at / 1000 + 28800, 'unixepoch') AS order_create_time,
       NULL AS order_start_time,
       strftime('%Y-%m-%d %H:%M:%S',
                CASE WHEN o.status IN final AND o.final_ms > o.first_seen_ms THEN o.final_ms / 1000
                     -- A live order of 0 hours runs as long as the show.
                     ELSE o.created_at / 1000 + CAST(round(nullif(o.delivery_hours * 3600, 0)) AS INTEGER) END
                + 28800, 'unixepoch') AS order_end_time,
       NULL AS sync_version,
       strftime('%Y-%m-%d %H:%M:%S',
                max(o.received_ms, coalesce(CASE WHEN o.status IN final THEN t.last_success_ms
                                                 WHEN p.missing = 0 THEN p.asked_ms END, 0)) / 1000
                + 28800, 'unixepoch') AS last_sync_time,
       'API' AS sync_source,
       strftime('%Y-%m-%d %H:%M:%S', o.first_seen_ms / 1000 + 28800, 'unixepoch') AS create_time,
       strftime('%Y-%m-%d %H:%M:%S', o.changed_ms / 1000 + 28800, 'unixepoch') AS update_time,
       0 AS deleted
  FROM (SELECT a.*,
               (SELECT min(h.at_ms)
                  FROM status_history h
                 WHERE h.shop_id = a.shop_id AND h.table_name = 'ad_order' AND h.key_text = a.order_id
                   AND h.status IN final
                   AND h.at_ms > coalesce((SELECT max(n.at_ms)
                                             FROM status_history n
                                            WHERE n.shop_id = a.shop_id AND n.table_name = 'ad_order'
                                              AND n.key_text = a.order_id AND n.status NOT IN final), 0)) AS final_ms
          FROM ad_order a) o
  JOIN shop s ON s.id = o.shop_id
  LEFT JOIN stream_state t ON t.shop_id = o.shop_id AND t.stream = 'ad_orders'
  LEFT JOIN ask_plan p ON p.shop_id = o.shop_id AND p.stream = 'ad_orders' AND p.key_text = o.order_id
 WHERE s.platform = 'douplus'

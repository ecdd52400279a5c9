-- The table `orders` of the old Douyin Life program, as its users' SQL expects it.
--
-- pay_amount is 元. SQLite has no decimal type: the column is the nearest binary fraction, as it was in the
-- old program's database (double precision), so that SUM and comparisons work. The exact amount is
-- trade_order.pay_amount, integer 分; sum that where the last cent counts.
-- Times are Beijing time (fixed +08:00) without a zone. phone is masked; an exact search goes over
-- trade_order.phone_index. raw_data is NULL: the record as received is kept sealed in `original`.
CREATE VIEW life_orders AS
SELECT o.order_id AS order_id,
       o.status AS order_status,
       o.sku_id AS sku_id,
       o.sku_name AS sku_name,
       o.pay_amount / 100.0 AS pay_amount,
       o.quantity AS "count",
       strftime('%Y-%m-%d %H:%M:%S', o.paid_at / 1000 + 28800, 'unixepoch') AS pay_time,
       strftime('%Y-%m-%d %H:%M:%S', o.created_at / 1000 + 28800, 'unixepoch') AS create_time,
       strftime('%Y-%m-%d %H:%M:%S', o.updated_at / 1000 + 28800, 'unixepoch') AS update_time,
       o.source_order_id AS source_order_id,
       o.phone_mask AS phone,
       NULL AS raw_data,
       strftime('%Y-%m-%d %H:%M:%S', o.changed_ms / 1000 + 28800, 'unixepoch') AS sync_time
  FROM trade_order o
  JOIN shop s ON s.id = o.shop_id
 WHERE s.platform = 'douyin-life'

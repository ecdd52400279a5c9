-- Orders of Douyin Life, as the old program kept them in `orders`. Times are Beijing time, amounts 元.
--
-- phone is masked; an exact search goes over trade_order.phone_index. raw_data is NULL: the record as received is kept
-- sealed with the home's key in `original`, and no database can open it.
SELECT o.order_id AS order_id,                     -- The platform's order number
       o.status AS order_status,                   -- The platform's number: 2 done, 3 refunding, 4 refunded …
       o.sku_id AS sku_id,                         -- What was sold
       o.sku_name AS sku_name,                     -- Its name when it was sold
       @hundredths(o.pay_amount) AS pay_amount,    -- What the buyer paid, 元
       o.quantity AS count,                        -- Pieces
       @local(o.paid_at) AS pay_time,              -- Paid, Beijing time
       @local(o.created_at) AS create_time,        -- Placed, Beijing time
       @local(o.updated_at) AS update_time,        -- Last changed by the platform, Beijing time
       o.source_order_id AS source_order_id,       -- The order this one came from
       o.phone_mask AS phone,                      -- Masked
       @no_json() AS raw_data,                     -- Always NULL: the record as received is kept sealed
       @local(o.changed_ms) AS sync_time           -- Last changed here, Beijing time
  FROM trade_order o
  JOIN shop s ON s.id = o.shop_id
 WHERE s.platform = '@platform()'

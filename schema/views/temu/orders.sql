-- Parts of orders of Temu, as the old program kept them in `orders`: a row for each SKU of a parent order. Times are Beijing time,
-- amounts have two decimals and are of `currency`.
--
-- total_price is what the export says of the row; cost and profit are those of /profit/orders (docs/derive.md), NULL where no cost is known.
SELECT o.shop_id AS shop_id,                        -- The shop's number
       o.order_id AS order_sn,                      -- The part's number
       o.order_id AS temu_order_id,                 -- The part's number
       o.parent_id AS parent_order_sn,              -- The order that the buyer placed
       o.package_id AS package_sn,                  -- Its parcel
       o.sku_id AS product_id,                      -- The SKU, as products.product_id has it
       o.sku_name AS product_name,                  -- Its name when it was sold
       o.sku_code AS product_sku,                   -- The merchant's own code
       o.spu_id AS spu_id,                          -- The product that the SKU is of
       o.quantity AS quantity,                      -- Pieces
       @hundredths(o.unit_price) AS unit_price,     -- Price of a piece
       @hundredths(o.pay_amount) AS total_price,    -- Amount of the row
       o.currency AS currency,                      -- ISO 4217
       @hundredths(r.unit_cost) AS unit_cost,       -- Cost of a piece on the day of the order
       @hundredths(r.goods_cost) AS total_cost,     -- Cost of the goods
       @hundredths(r.profit_before_ads) AS profit,  -- Profit before ads
       CASE o.stage WHEN 'placed' THEN 'PENDING' WHEN 'paid' THEN 'PAID' WHEN 'processing' THEN 'PROCESSING'
                    WHEN 'shipped' THEN 'SHIPPED' WHEN 'delivered' THEN 'DELIVERED' WHEN 'done' THEN 'COMPLETED'
                    WHEN 'cancelled' THEN 'CANCELLED' WHEN 'refunded' THEN 'REFUNDED' END AS status, -- The old program's word; NULL: a status that no manifest tells
       @local(o.created_at) AS order_time,          -- Placed, Beijing time
       @local(o.paid_at) AS payment_time,           -- Paid, Beijing time
       @local(o.shipped_at) AS shipping_time,       -- Shipped, Beijing time
       @local(o.ship_by_at) AS expect_ship_latest_time, -- To be shipped by then, Beijing time
       @local(o.delivered_at) AS delivery_time,     -- Signed for, Beijing time
       o.customer_id AS customer_id,                -- The platform's number of the buyer
       o.country AS shipping_country,               -- Where it goes
       o.city AS shipping_city,                     -- Where it goes
       o.region AS shipping_province,               -- State or province
       @no_text() AS shipping_postal_code,          -- Always NULL: not kept
       @no_text() AS shipping_address,              -- Always NULL: not kept
       @no_text() AS notes,                         -- Always NULL: not kept
       @no_text() AS raw_data,                      -- Always NULL: the row as it came is kept sealed
       @no_integer() AS raw_data_id,                -- Always NULL
       @local(o.first_seen_ms) AS created_at,       -- First stored here, Beijing time
       @local(o.changed_ms) AS updated_at           -- Last changed here, Beijing time
  FROM trade_order o
  JOIN shop s ON s.id = o.shop_id
  LEFT JOIN trade_result r ON r.shop_id = o.shop_id AND r.order_id = o.order_id
 WHERE s.platform = '@platform()'

-- Paid orders of Douyin Life that do not come from another one, a row each, newest payment first.
--
-- The old view joined the imported 售卖明细 and 旅行社预约明细 and multiplied amounts where an order had several bookings.
-- Their columns are here by name and type, and NULL: Huiliu has no table of them yet.
SELECT o.order_id AS order_id,                     -- The platform's order number
       o.count AS count,                           -- Pieces
       o.pay_time AS pay_time,                     -- Paid, Beijing time
       o.order_status AS order_status,             -- The platform's number: 2 done, 3 refunding, 4 refunded …
       o.sku_id AS sku_id,                         -- What was sold
       o.sku_name AS sku_name,                     -- Its name when it was sold
       @no_amount() AS actual_receipt,             -- 订单实收: NULL until bills are imported
       @no_amount() AS sale_amount,                -- 售卖金额: NULL until bills are imported
       @no_amount() AS merchant_subsidy,           -- 商家货款出资补贴: NULL until bills are imported
       @no_amount() AS product_payment,            -- 商品实付: NULL until bills are imported
       @no_amount() AS platform_subsidy,           -- 平台补贴: NULL until bills are imported
       @no_amount() AS software_fee,               -- 软件服务费: NULL until bills are imported
       @no_amount() AS talent_commission,          -- 达人佣金: NULL until bills are imported
       @no_amount() AS increment_commission,       -- 增量宝佣金: NULL until bills are imported
       @no_amount() AS preset_price,               -- 预售价: NULL until bills are imported
       @no_amount() AS booking_surcharge,          -- 预约加价: NULL until bills are imported
       @no_text() AS platform_discount_detail,     -- 平台补贴优惠明细: NULL until bills are imported
       @no_text() AS software_fee_rate,            -- 软件服务费率: NULL until bills are imported
       @no_text() AS sales_role,                   -- 带货角色: NULL until bills are imported
       @no_text() AS deal_channel,                 -- 成交渠道: NULL until bills are imported
       @no_text() AS owner_nickname,               -- 订单归属人昵称: NULL until bills are imported
       @no_text() AS owner_uid,                    -- 订单归属人uid: NULL until bills are imported
       @no_date() AS travel_date                   -- 出行日期: NULL until bookings are imported
  FROM @view(orders) o
 WHERE coalesce(o.source_order_id, '') = '' AND o.pay_time IS NOT NULL
 ORDER BY o.pay_time DESC, o.order_id

-- Paid orders of Douyin Life that do not come from another one, a row each, newest payment first.
--
-- Amounts are the sums of the order's vouchers in 售卖明细 (life_sale), texts the different ones among them. Vouchers and
-- bookings are each put together by order before they are joined: the old view multiplied an order's amounts by its
-- bookings of a day, and repeated them for each day.
SELECT o.order_id AS order_id,                                     -- The platform's order number
       o.quantity AS count,                                        -- Pieces
       @local(o.paid_at) AS pay_time,                              -- Paid, Beijing time
       o.status AS order_status,                                   -- The platform's number: 2 done, 3 refunding, 4 refunded …
       o.sku_id AS sku_id,                                         -- What was sold
       o.sku_name AS sku_name,                                     -- Its name when it was sold
       @hundredths(v.actual_receipt) AS actual_receipt,            -- 订单实收, of all vouchers of the order, 元
       @hundredths(v.sale_amount) AS sale_amount,                  -- 售卖金额, of all vouchers, 元
       @hundredths(v.merchant_subsidy) AS merchant_subsidy,        -- 商家货款出资补贴, of all vouchers, 元
       @hundredths(v.product_payment) AS product_payment,          -- 商品实付, of all vouchers, 元
       @hundredths(v.platform_subsidy) AS platform_subsidy,        -- 平台补贴, of all vouchers, 元
       @hundredths(v.software_fee) AS software_fee,                -- 软件服务费, of all vouchers, 元
       @hundredths(v.talent_commission) AS talent_commission,      -- 达人佣金, of all vouchers, 元
       @hundredths(v.increment_commission) AS increment_commission, -- 增量宝佣金, of all vouchers, 元
       @hundredths(v.preset_price) AS preset_price,                -- 预售价, of all vouchers, 元
       @hundredths(v.booking_surcharge) AS booking_surcharge,      -- 预约加价, of all vouchers, 元
       v.platform_discounts AS platform_discount_detail,           -- 平台补贴优惠明细: those of the vouchers, by commas
       v.software_fee_rates AS software_fee_rate,                  -- 软件服务费率: those of the vouchers, by commas
       v.sales_roles AS sales_role,                                -- 带货角色: those of the vouchers, by commas
       v.deal_channels AS deal_channel,                            -- 成交渠道: those of the vouchers, by commas
       v.owner_names AS owner_nickname,                            -- 订单归属人昵称: those of the vouchers, by commas
       v.owner_ids AS owner_uid,                                   -- 订单归属人uid: those of the vouchers, by commas
       @day(b.travel_at) AS travel_date                            -- 出行日期: the first day of its bookings that were not refused
  FROM trade_order o
  JOIN shop s ON s.id = o.shop_id
  LEFT JOIN (SELECT l.shop_id, l.order_id,
                    @sum(l.actual_receipt) AS actual_receipt,
                    @sum(l.sale_amount) AS sale_amount,
                    @sum(l.merchant_subsidy) AS merchant_subsidy,
                    @sum(l.product_payment) AS product_payment,
                    @sum(l.platform_subsidy) AS platform_subsidy,
                    @sum(l.software_fee) AS software_fee,
                    @sum(l.talent_commission) AS talent_commission,
                    @sum(l.increment_commission) AS increment_commission,
                    @sum(l.preset_price) AS preset_price,
                    @sum(l.booking_surcharge) AS booking_surcharge,
                    @words(l.platform_discounts) AS platform_discounts,
                    @words(l.software_fee_rate) AS software_fee_rates,
                    @words(l.sales_role) AS sales_roles,
                    @words(l.deal_channel) AS deal_channels,
                    @words(l.owner_name) AS owner_names,
                    @words(l.owner_id) AS owner_ids
               FROM life_sale l
              GROUP BY l.shop_id, l.order_id) v ON v.shop_id = o.shop_id AND v.order_id = o.order_id
  LEFT JOIN (SELECT k.shop_id, k.order_id, min(k.travel_at) AS travel_at
               FROM life_booking k
              WHERE coalesce(k.status, '') <> '已拒单'
              GROUP BY k.shop_id, k.order_id) b ON b.shop_id = o.shop_id AND b.order_id = o.order_id
 WHERE s.platform = '@platform()' AND coalesce(o.source_order_id, '') = '' AND o.paid_at IS NOT NULL
 ORDER BY o.paid_at DESC, o.order_id

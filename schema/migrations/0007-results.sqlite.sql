-- What was stored before there were results is derived as if it had just come: lists of 500.
INSERT INTO touched (shop_id, table_name, key_count, key_list)
SELECT n.shop_id, 'ad_order', count(*), json_group_array(n.order_id) FROM (SELECT shop_id, order_id,
 (row_number() OVER (PARTITION BY shop_id ORDER BY order_id) - 1) / 500 AS part FROM ad_order) AS n GROUP BY n.shop_id, n.part ORDER BY n.shop_id, n.part;
INSERT INTO touched (shop_id, table_name, key_count, key_list)
SELECT n.shop_id, 'trade_order', count(*), json_group_array(n.order_id) FROM (SELECT shop_id, order_id,
 (row_number() OVER (PARTITION BY shop_id ORDER BY order_id) - 1) / 500 AS part FROM trade_order) AS n GROUP BY n.shop_id, n.part ORDER BY n.shop_id, n.part;
INSERT INTO task (lane, class, kind, unique_key, payload, run, state, ready_ms, worker, lease, lease_ms, unit_number, attempt, created_ms, changed_ms)
SELECT t.shop_id, 2, 'derive', 'derive', '{}', '', 'ready', 0, '', '', 0, 0, 0, 0, 0 FROM touched t GROUP BY t.shop_id;

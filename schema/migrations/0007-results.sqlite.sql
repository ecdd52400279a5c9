-- What was stored before there were results is derived as if it had just come.
INSERT INTO touched (shop_id, table_name, key_text) SELECT shop_id, 'ad_order', order_id FROM ad_order;
INSERT INTO touched (shop_id, table_name, key_text) SELECT shop_id, 'trade_order', order_id FROM trade_order;
INSERT INTO task (lane, class, kind, unique_key, payload, run, state, ready_ms, worker, lease, lease_ms, unit_number, attempt, created_ms, changed_ms)
SELECT t.shop_id, 2, 'derive', 'derive', '{}', '', 'ready', 0, '', '', 0, 0, 0, 0, 0 FROM touched t GROUP BY t.shop_id;

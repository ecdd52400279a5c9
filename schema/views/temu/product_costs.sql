-- What a piece of a SKU cost, as the old program kept it in `product_costs`: from a day on, until the next entry of the SKU.
SELECT c.shop_id AS shop_id,                        -- The shop's number
       c.sku_id AS product_id,                      -- The SKU
       @hundredths(c.cost) AS cost_price,           -- Of a piece
       c.currency AS currency,                      -- ISO 4217
       c.from_day AS effective_from,                -- The first day on which it holds
       (SELECT min(n.from_day) FROM sku_cost n
         WHERE n.shop_id = c.shop_id AND n.sku_id = c.sku_id AND n.from_day > c.from_day) AS effective_to, -- The first day on which it does not any more; NULL: it holds
       c.note AS notes,                             -- For people
       @local(c.changed_ms) AS created_at,          -- Said, Beijing time
       @local(c.changed_ms) AS updated_at           -- Said, Beijing time
  FROM sku_cost c
  JOIN shop s ON s.id = c.shop_id
 WHERE s.platform = '@platform()' AND c.cost IS NOT NULL

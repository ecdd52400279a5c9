-- Products of Temu, a row for each SKU, as the old program kept them in `products`.
SELECT g.shop_id AS shop_id,                        -- The shop's number
       g.sku_id AS product_id,                      -- The SKU
       g.name AS product_name,                      -- What it is called
       g.sku_code AS sku,                           -- The merchant's own code
       @hundredths(g.price) AS current_price,       -- Price of a piece
       g.currency AS currency,                      -- ISO 4217
       g.stock AS stock_quantity,                   -- Pieces in stock
       (SELECT @sum(r.pieces) FROM trade_result r
         WHERE r.shop_id = g.shop_id AND r.sku_id = g.sku_id AND r.counts = 1) AS total_sales, -- Pieces sold; NULL: none
       @local(g.listed_at) AS listed_at,            -- Put on sale, Beijing time
       g.active AS is_active,                       -- On sale; NULL: not told
       @no_text() AS description,                   -- Always NULL: not kept
       g.image AS image_url,                        -- Address of its picture
       g.category AS category,                      -- As the platform calls it
       coalesce(p.person, g.person, s.person) AS manager, -- In charge
       g.skc_id AS skc_id,                          -- Its colour
       g.spu_id AS spu_id,                          -- The product that it is of
       @no_text() AS price_status,                  -- Always NULL: not kept
       @local(g.first_seen_ms) AS created_at,       -- First stored here, Beijing time
       @local(g.changed_ms) AS updated_at           -- Last changed here, Beijing time
  FROM product g
  JOIN shop s ON s.id = g.shop_id
  LEFT JOIN sku_person p ON p.shop_id = g.shop_id AND p.sku_id = g.sku_id
 WHERE s.platform = '@platform()'

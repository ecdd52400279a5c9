-- The old name itself: saved SQL says `orders`, and SQLite has no schemas to keep it apart.
CREATE VIEW orders AS SELECT * FROM life_orders

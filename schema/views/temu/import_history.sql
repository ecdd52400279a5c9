-- Files that were handed in for shops of Temu, as the old program kept them in `import_history`.
SELECT f.id AS id,                                  -- The file's number
       f.shop_id AS shop_id,                        -- The shop's number
       f.kind AS import_type,                       -- Its kind: temu-orders, temu-products, temu-bill-…
       f.name AS file_name,                         -- What the client called it
       f.bytes AS file_size,                        -- Bytes
       f.rows_read AS total_rows,                   -- Rows that it has
       f.rows_new + f.rows_changed AS success_rows, -- Rows that were stored
       f.errors AS failed_rows,                     -- Rows that were refused
       f.rows_same + f.rows_older AS skipped_rows,  -- Rows that were there already
       CASE WHEN f.state = 'refused' THEN 'failed' WHEN f.state <> 'done' THEN 'processing'
            WHEN f.errors > 0 THEN 'partial' ELSE 'success' END AS status, -- The old program's word
       @no_text() AS error_log,                     -- Always NULL: huiliu import show tells each row
       @no_text() AS success_log,                   -- Always NULL
       @local(f.created_ms) AS created_at,          -- Handed in, Beijing time
       @local(f.finished_ms) AS updated_at          -- Stored, Beijing time
  FROM import_file f
  JOIN shop s ON s.id = f.shop_id
 WHERE s.platform = '@platform()'

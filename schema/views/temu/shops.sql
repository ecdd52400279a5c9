-- Shops of Temu, as the old program kept them in `shops`.
--
-- Secrets are never shown, and no call of the platform is made: its columns of apps and tokens are NULL.
SELECT s.id AS id,                                  -- The shop's number, which other views have as shop_id
       s.external_id AS shop_id,                    -- The platform's number of the shop
       s.name AS shop_name,                         -- What it is called here
       @no_text() AS region,                        -- Always NULL: not kept
       @no_text() AS entity,                        -- Always NULL: not kept
       s.person AS default_manager,                 -- In charge where nobody is of a SKU
       'production' AS environment,                 -- There are no others
       @no_text() AS app_key,                       -- Always NULL
       @no_text() AS app_secret,                    -- Always NULL
       @no_text() AS access_token,                  -- Always NULL
       @no_text() AS refresh_token,                 -- Always NULL
       @no_time() AS token_expires_at,              -- Always NULL
       @no_text() AS api_base_url,                  -- Always NULL
       @no_text() AS cn_access_token,               -- Always NULL
       @no_text() AS cn_app_key,                    -- Always NULL
       @no_text() AS cn_app_secret,                 -- Always NULL
       @no_text() AS cn_api_base_url,               -- Always NULL
       CASE s.state WHEN 'enabled' THEN 1 ELSE 0 END AS is_active, -- 1: enabled
       @local((SELECT max(f.finished_ms) FROM import_file f WHERE f.shop_id = s.id AND f.state = 'done')) AS last_sync_at, -- Its newest file was stored, Beijing time
       @no_text() AS description,                   -- Always NULL: not kept
       @local(s.created_ms) AS created_at,          -- Added here, Beijing time
       @no_time() AS updated_at                     -- Always NULL: not kept
  FROM shop s
 WHERE s.platform = '@platform()'

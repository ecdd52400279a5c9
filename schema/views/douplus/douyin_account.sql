-- DOU+ accounts, as the old program kept them in `douyin_account`: a row for each shop. Times are Beijing time.
--
-- docs/views.md says why columns are NULL. Tokens are sealed and never shown. daily_limit was the old program's own
-- limit of 10,000 元 a day; nothing enforces one here, so none is shown.
SELECT s.id AS id,                                 -- The shop's number; account_id of the other views
       @no_integer() AS user_id,                   -- Always NULL: shops have no owner here
       @no_text() AS open_id,                      -- Always NULL: nothing that is read says it
       @no_text() AS advertiser_id,                -- Always NULL: nothing that is read says it
       s.external_id AS aweme_sec_uid,             -- The platform's number of the account
       @no_text() AS advertiser_name,              -- Always NULL: nothing that is read says it
       @no_text() AS union_id,                     -- Always NULL: nothing that is read says it
       s.name AS nickname,                         -- The shop's name in Huiliu
       @no_text() AS avatar,                       -- Always NULL: nothing that is read says it
       @no_integer() AS fans,                      -- Always NULL: nothing that is read says it
       @no_integer() AS following,                 -- Always NULL: nothing that is read says it
       @no_integer() AS total_favorited,           -- Always NULL: nothing that is read says it
       @no_text() AS access_token,                 -- Always NULL: sealed, never shown
       @no_text() AS refresh_token,                -- Always NULL: sealed, never shown
       @local(t.expires_ms) AS token_expires_at,   -- Of the token that the shop uses, Beijing time
       CASE s.state WHEN 'enabled' THEN 1 ELSE 0 END AS status, -- 1 enabled, 0 disabled or waiting for a person
       @no_amount() AS daily_limit,                -- Always NULL: nothing enforces one
       @no_amount() AS balance,                    -- Always NULL: nothing that is read says it
       @no_text() AS remark,                       -- Always NULL: not kept
       @local(s.created_ms) AS create_time,        -- Added to Huiliu, Beijing time
       @no_time() AS update_time,                  -- Always NULL: not kept
       0 AS deleted                                -- Always 0: a shop that was removed has no row
  FROM shop s
  LEFT JOIN token t ON t.owner = @join('shop:', coalesce(s.token_of, s.id))
 WHERE s.platform = '@platform()'

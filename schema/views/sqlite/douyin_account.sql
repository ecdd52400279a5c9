-- The table `douyin_account` of the old DOU+ program: a row for each DOU+ shop. docs/views.md says what each
-- column means and why some are NULL.
--
-- Tokens are sealed and never shown. daily_limit was the old program's own limit of 10,000 元 a day; nothing
-- enforces one here, so none is shown. A shop that was removed has no row, so deleted is always 0.
CREATE VIEW douyin_account AS
SELECT s.id AS id,
       NULL AS user_id,
       NULL AS open_id,
       NULL AS advertiser_id,
       s.external_id AS aweme_sec_uid,
       NULL AS advertiser_name,
       NULL AS union_id,
       s.name AS nickname,
       NULL AS avatar,
       NULL AS fans,
       NULL AS "following",
       NULL AS total_favorited,
       NULL AS access_token,
       NULL AS refresh_token,
       strftime('%Y-%m-%d %H:%M:%S', t.expires_ms / 1000 + 28800, 'unixepoch') AS token_expires_at,
       s.state = 'enabled' AS status,
       NULL AS daily_limit,
       NULL AS balance,
       NULL AS remark,
       strftime('%Y-%m-%d %H:%M:%S', s.created_ms / 1000 + 28800, 'unixepoch') AS create_time,
       NULL AS update_time,
       0 AS deleted
  FROM shop s
  LEFT JOIN token t ON t.owner = 'shop:' || coalesce(s.token_of, s.id)
 WHERE s.platform = 'douplus'

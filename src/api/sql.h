/* Private to api: its statements. store/sql.h says what each keeps to; those of lists and sums are made of their declarations
 * (list_sql.c, sums.c). */
#ifndef HUILIU_API_SQL_H
#define HUILIU_API_SQL_H

#define SQL_WORKERS_BEAT "SELECT max(beat_ms) FROM worker"

/* --- numbers: lists, sums --- */

/* Each shop that is not unbound: up to when its rows are complete, the least of its streams that prove it; NULL: none does. */
#define SQL_COMPLETE_TIMES                                                                         \
    "SELECT p.id, min(s.complete_up_to_ms) FROM shop p LEFT JOIN stream_state s ON"                \
    " s.shop_id = p.id AND s.complete_up_to_ms IS NOT NULL WHERE p.state <> 'disabled'"            \
    " GROUP BY p.id"

/* ?1 shop ?2 table ?3 key */
#define SQL_STATUSES_OF_ROW                                                                        \
    "SELECT at_ms, status, seen_ms FROM status_history WHERE shop_id = ?1 AND table_name = ?2"     \
    " AND key_text = ?3 ORDER BY at_ms, seen_ms, status"

/* ?1 item. The newest order of all shops first. */
#define SQL_VIDEO_TITLES                                                                           \
    "SELECT shop_id, title, author_name, cover, newest_ms FROM ad_video WHERE item_id = ?1"        \
    " ORDER BY newest_ms DESC, shop_id"

#endif

/* Private to store: its statements, and what every statement of the program keeps to so that one text serves
 * all databases:
 *
 *   - parameters are numbered (?1), at most as often as needed; types that are cast to are `bigint` and `text`;
 *   - ON CONFLICT names its columns, and what it sets names columns of the row that is there with their table,
 *     those that were to be inserted with `excluded` (mariadb_sql.h makes MariaDB's form of it);
 *   - a table that is changed is not joined in the same statement, and LIMIT stands in a subquery only inside
 *     of FROM;
 *   - texts are put together with ||, and there is no \ with a meaning;
 *   - an UPDATE's assignments all see the row as it was.
 *
 * The upsert of data rows is made from the table's definition in table_sql.c. */
#ifndef HUILIU_STORE_SQL_H
#define HUILIU_STORE_SQL_H

/* ?1 shop ?2 table ?3 key ?4 body ?5 received */
#define SQL_ORIGINAL_PUT                                                                           \
    "INSERT INTO original (shop_id, table_name, key_text, body, received_ms)"                      \
    " VALUES (?1, ?2, ?3, ?4, ?5)"                                                                 \
    " ON CONFLICT (shop_id, table_name, key_text)"                                                 \
    " DO UPDATE SET body = excluded.body, received_ms = excluded.received_ms"

/* ?1 shop ?2 table ?3 key ?4 at ?5 status ?6 seen */
#define SQL_STATUS_ADD                                                                             \
    "INSERT INTO status_history (shop_id, table_name, key_text, at_ms, status, seen_ms)"           \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"                                                             \
    " ON CONFLICT (shop_id, table_name, key_text, at_ms, status) DO NOTHING"

/* The same of many rows, each value a list (databases that have them). Each list is taken apart by itself: rows of one
 * unnest of many lists are put aside twice before they are inserted, which costs as much again as an insert without indexes. */
#define SQL_ORIGINALS_PUT                                                                          \
    SQL_PER_DATABASE("",                                                                           \
                     "INSERT INTO original (shop_id, table_name, key_text, body, received_ms)"     \
                     " SELECT unnest(?1), unnest(?2), unnest(?3), unnest(?4), unnest(?5)"          \
                     " ON CONFLICT (shop_id, table_name, key_text)"                                \
                     " DO UPDATE SET body = excluded.body, received_ms = excluded.received_ms",    \
                     SQL_ORIGINAL_PUT)
#define SQL_STATUSES_LISTED                                                                        \
    "INSERT INTO status_history (shop_id, table_name, key_text, at_ms, status, seen_ms)"           \
    " SELECT unnest(?1), unnest(?2), unnest(?3), unnest(?4), unnest(?5), unnest(?6)"
#define SQL_STATUSES_ADD                                                                           \
    SQL_PER_DATABASE("",                                                                           \
                     SQL_STATUSES_LISTED                                                           \
                     " ON CONFLICT (shop_id, table_name, key_text, at_ms, status) DO NOTHING",     \
                     SQL_STATUS_ADD)
/* None of them is there (struct tx: hasty). */
#define SQL_STATUSES_ADD_HASTY SQL_PER_DATABASE("", SQL_STATUSES_LISTED, SQL_STATUS_ADD)

/* ?1 shop ?2 what they are of ?3 how many ?4 list of keys */
#define SQL_TOUCH                                                                                  \
    "INSERT INTO touched (shop_id, table_name, key_count, key_list) VALUES (?1, ?2, ?3, ?4)"

/* ?1 shop ?2 table ?3 key ?4 id ?5 field ?6 code ?7 message ?8 original ?9 stream ?10 from ?11 to
 * ?12 seen. A record whose key is known is one reject however often it comes. */
#define SQL_REJECT_PUT                                                                             \
    "INSERT INTO reject (shop_id, table_name, key_text, id_text, field, code, message, original,"  \
    " stream, from_ms, to_ms, seen_ms, times)"                                                     \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1)"                               \
    " ON CONFLICT (shop_id, table_name, key_text, code, field) WHERE key_text <> ''"               \
    " DO UPDATE SET id_text = excluded.id_text, message = excluded.message,"                       \
    " original = excluded.original, stream = excluded.stream, from_ms = excluded.from_ms,"         \
    " to_ms = excluded.to_ms, seen_ms = excluded.seen_ms, times = reject.times + 1"

/* ?1 shop ?2 table ?3 key. The condition on the key lets the partial index serve it. */
#define SQL_REJECT_CLEAR                                                                           \
    "DELETE FROM reject WHERE shop_id = ?1 AND table_name = ?2 AND key_text = ?3 AND key_text <> ''"

/* ?1 shop ?2 table. A row when the table has such a reject. */
#define SQL_REJECT_ANY                                                                             \
    "SELECT 1 FROM reject WHERE shop_id = ?1 AND table_name = ?2 AND key_text <> '' LIMIT 1"

/* ?1 at ?2 process ?3 shop ?4 stream ?5 task ?6 kind ?7 level ?8 arguments */
#define SQL_EVENT_ADD                                                                              \
    "INSERT INTO event (at_ms, process, shop_id, stream, task_id, kind, level, args)"              \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
#define SQL_EVENT_NEWEST "SELECT max(id) FROM event"
/* ?1 before ?2 up to this id ?3 most. MariaDB knows no LIMIT in a subquery of IN: through a table of its own. */
#define SQL_EVENTS_PRUNE                                                                           \
    "DELETE FROM event WHERE id IN (SELECT id FROM (SELECT id FROM event"                          \
    " WHERE at_ms < ?1 OR id <= ?2 ORDER BY id LIMIT ?3) AS old)"
/* What is said with a commit; SQLite has nobody to tell, and MariaDB no way: there everybody looks by himself. */
#define SQL_SAY_EVENT SQL_PER_DATABASE("", "NOTIFY huiliu_event", "")
#define SQL_SAY_TASK SQL_PER_DATABASE("", "NOTIFY huiliu_task", "")
/* A definition waits for who reads what it replaces, and new readers wait behind it: not for long. */
#define SQL_DEFINE_PATIENCE                                                                        \
    SQL_PER_DATABASE("", "SET LOCAL lock_timeout = '5s'", "SET SESSION lock_wait_timeout = 5")

#define SQL_MIGRATION_NEWEST "SELECT max(number) FROM migration"
#define SQL_MIGRATION_CHECKSUM "SELECT checksum FROM migration WHERE number = ?1"
#define SQL_MIGRATION_ADD                                                                          \
    "INSERT INTO migration (number, name, checksum, applied_ms) VALUES (?1, ?2, ?3, ?4)"

#endif

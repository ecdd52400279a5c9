/* Private to store: a statement of the common subset (store/sql.h) as MariaDB reads it. Pure.
 *
 *     ?7                                   ?, and which value stands there
 *     ON CONFLICT (…) DO NOTHING           ON DUPLICATE KEY UPDATE of a column by itself
 *     ON CONFLICT (…) DO UPDATE SET a = e  ON DUPLICATE KEY UPDATE a = e, where excluded.x is VALUES(x)
 *       … WHERE c                          each e only where c holds, else the column by itself
 *     CAST(e AS bigint), CAST(e AS text)   CAST(e AS SIGNED), CAST(e AS CHAR)
 *
 * Everything else is left as it is; quoted text always. The session's SIMULTANEOUS_ASSIGNMENT makes every e see
 * the row as it was, as in the other databases. */
#ifndef HUILIU_STORE_MARIADB_SQL_H
#define HUILIU_STORE_MARIADB_SQL_H

#include "base/base.h"

enum {
    MARIA_SQL_BYTES_MAX = 256 * 1024,
    /* MariaDB's limit of placeholders is 65,535; ours of values a statement is far below. */
    MARIA_PLACES_MAX = 4096,
};

/* What the server's number of affected rows means. */
enum maria_sql_kind {
    MARIA_SQL_READS,
    MARIA_SQL_UPDATES,   /* rows that it found are counted, whether or not they change */
    MARIA_SQL_CHANGES,   /* the number as it is: INSERT, DO NOTHING, DELETE */
    MARIA_SQL_UPSERTS,   /* DO UPDATE: a row that was there is two when it changed, none when not */
    MARIA_SQL_UPSERTS_IF /* the same with WHERE: none when the condition did not hold */
};

struct maria_sql {
    struct buf text;
    enum maria_sql_kind kind;
    uint16_t *places; /* the number of the value at each placeholder, from 1 */
    size_t places_len;
    size_t values_len; /* the highest number */
};

/* ERR_INTERNAL "store_sql" for a text outside of the subset. Also to be ended after an error. */
enum err_class maria_sql_make(struct maria_sql *out, struct str text, struct err *err);
void maria_sql_fini(struct maria_sql *sql);

#endif

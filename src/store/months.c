/* Months of a table as partitions. Each is made ahead, so that what arrives finds it; rows of a month that
 * nobody made (a clock that jumps, a service that stood still) lie in the partition TABLE_rest until the next
 * upkeep moves them. A month is attached, not created in place: that would stop every reader. */
#include "store/internal.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    MONTHS_AHEAD = 2,
    /* A year of months a table more than anybody keeps at once. */
    MONTHS_MAX = 1200,
    SQL_ROOM = 1024,
};

/* Whoever makes months does so alone. */
static const char SQL_MONTHS_LOCK[] = "SELECT pg_advisory_xact_lock(hashtext(current_schema), 3)";
/* A reader that takes long must not hold up everybody behind us. */
static const char SQL_MONTHS_PATIENCE[] = "SET LOCAL lock_timeout = '5s'";
/* ?1 table: its partitions, and where in time each ends. */
static const char SQL_MONTHS[] =
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = to_regclass(?1) ORDER BY c.relname";

struct month {
    int32_t year;
    unsigned month;
};

static struct month month_of(int64_t at_ms)
{
    struct civil civil;
    civil_from_utc_ms(at_ms, &civil);
    return (struct month){civil.year, civil.month};
}

static struct month month_after(struct month m)
{
    return m.month == 12 ? (struct month){m.year + 1, 1} : (struct month){m.year, m.month + 1};
}

static int64_t month_begin_ms(struct month m)
{
    return civil_to_utc_ms(&(struct civil){.year = m.year, .month = m.month, .day = 1});
}

/* "ad_figure_snapshot_2026_11". */
static void month_name(const struct table *table, struct month m, char *out, size_t room)
{
    snprintf(out, room, "%.*s_%04d_%02u", STR_ARG(table->name), m.year, m.month);
}

static bool month_parse(const struct table *table, struct str name, struct month *out)
{
    int64_t year, month;
    size_t at = table->name.len + 1;
    if (name.len != at + 7 || name.ptr[at + 4] != '_')
        return false;
    if (!str_to_i64(str_sub(name, at, at + 4), &year) ||
        !str_to_i64(str_sub(name, at + 5, at + 7), &month) || month < 1 || month > 12)
        return false;
    *out = (struct month){(int32_t)year, (unsigned)month};
    return true;
}

static enum err_class month_make(struct conn *conn, const struct table *table, struct month m,
                                 struct err *err)
{
    char name[128], sql[SQL_ROOM];
    struct str column = table->columns[table->months].name;
    month_name(table, m, name, sizeof(name));
    int64_t from_ms = month_begin_ms(m), to_ms = month_begin_ms(month_after(m));
    snprintf(sql, sizeof(sql),
             "CREATE TABLE %s (LIKE %.*s INCLUDING DEFAULTS INCLUDING CONSTRAINTS"
             " INCLUDING COMMENTS);"
             "WITH moved AS (DELETE FROM %.*s_rest WHERE %.*s >= %" PRId64 " AND %.*s < %" PRId64
             " RETURNING *) INSERT INTO %s SELECT * FROM moved;"
             "ALTER TABLE %.*s ATTACH PARTITION %s FOR VALUES FROM (%" PRId64 ") TO (%" PRId64 ")",
             name, STR_ARG(table->name), STR_ARG(table->name), STR_ARG(column), from_ms,
             STR_ARG(column), to_ms, name, STR_ARG(table->name), name, from_ms, to_ms);
    return conn->ops->script(conn, sql, err);
}

static enum err_class month_need(struct conn *conn, const struct table *table, struct month m,
                                 struct err *err)
{
    char name[128];
    int64_t there = 0;
    month_name(table, m, name, sizeof(name));
    struct sql_value value = sql_text(str_of(name));
    enum err_class class_ = conn_read_int(
        conn, "SELECT CASE WHEN to_regclass(?1) IS NULL THEN 0 ELSE 1 END", &value, 1, 0, &there,
        err);
    return class_ || there ? class_ : month_make(conn, table, m, err);
}

/* Months of rows that found none, the first of them. */
static enum err_class rest_first(struct conn *conn, const struct table *table, int64_t *out,
                                 struct err *err)
{
    char sql[SQL_ROOM];
    snprintf(sql, sizeof(sql), "SELECT min(%.*s) FROM %.*s_rest",
             STR_ARG(table->columns[table->months].name), STR_ARG(table->name));
    return conn_read_int(conn, sql, NULL, 0, INT64_MAX, out, err);
}

static enum err_class table_months(struct conn *conn, const struct table *table, int64_t now_ms,
                                   struct err *err)
{
    struct month m = month_of(now_ms);
    enum err_class class_ = ERR_OK;
    for (int i = 0; !class_ && i <= MONTHS_AHEAD; i++, m = month_after(m))
        class_ = month_need(conn, table, m, err);
    for (int i = 0; !class_ && i < MONTHS_MAX; i++) {
        int64_t first_ms;
        class_ = rest_first(conn, table, &first_ms, err);
        if (class_ || first_ms == INT64_MAX)
            break;
        class_ = month_need(conn, table, month_of(first_ms), err);
    }
    return class_;
}

/* A transaction of its own, under the lock of whoever makes or drops months. */
static enum err_class months_begin(struct conn *conn, struct err *err)
{
    enum err_class class_ = conn->ops->begin(conn, err);
    if (!class_)
        class_ = conn->ops->script(conn, SQL_MONTHS_LOCK, err);
    if (!class_)
        class_ = conn->ops->script(conn, SQL_MONTHS_PATIENCE, err);
    return class_;
}

static enum err_class months_end(struct conn *conn, enum err_class class_, struct err *err)
{
    if (!class_)
        class_ = conn->ops->commit(conn, err);
    if (class_)
        conn->ops->rollback(conn);
    return class_;
}

enum err_class months_keep(struct conn *conn, const struct table_catalog *catalog, int64_t now_ms,
                           struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < catalog->tables_len; i++) {
        const struct table *table = &catalog->tables[i];
        if (table->months == SIZE_MAX)
            continue;
        class_ = months_begin(conn, err);
        if (!class_)
            class_ = table_months(conn, table, now_ms, err);
        class_ = months_end(conn, class_, err);
    }
    return class_;
}

/* The first month that may go; *found false: none. */
static enum err_class month_old(struct conn *conn, const struct table *table, int64_t before_ms,
                                struct month *out, bool *found, struct err *err)
{
    struct stmt *stmt;
    *found = false;
    enum err_class class_ = conn->ops->prepare(conn, SQL_MONTHS, &stmt, err);
    if (class_)
        return class_;
    struct sql_value name = sql_text(table->name);
    bool row = false;
    class_ = stmt_run(stmt, &name, 1, &row, err);
    while (!class_ && row && !*found) {
        *found = month_parse(table, conn->ops->column_text(stmt, 0), out) &&
                 month_begin_ms(month_after(*out)) <= before_ms;
        if (!*found)
            class_ = conn->ops->step(stmt, &row, err);
    }
    conn->ops->release(stmt);
    return class_;
}

static enum err_class month_drop(struct conn *conn, const struct table *table, struct month m,
                                 int64_t *gone, struct err *err)
{
    char name[128], sql[SQL_ROOM];
    int64_t rows = 0;
    month_name(table, m, name, sizeof(name));
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", name);
    enum err_class class_ = conn_read_int(conn, sql, NULL, 0, 0, &rows, err);
    snprintf(sql, sizeof(sql), "DROP TABLE %s", name);
    if (!class_)
        class_ = conn->ops->script(conn, sql, err);
    *gone += class_ ? 0 : rows;
    return class_;
}

enum err_class months_drop(struct conn *conn, const struct table *table, int64_t before_ms,
                           int64_t *gone, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (bool found = true; !class_ && found;) {
        struct month m;
        int64_t rows = 0;
        class_ = months_begin(conn, err);
        if (!class_)
            class_ = month_old(conn, table, before_ms, &m, &found, err);
        if (!class_ && found)
            class_ = month_drop(conn, table, m, &rows, err);
        class_ = months_end(conn, class_, err);
        *gone += class_ ? 0 : rows;
    }
    return class_;
}

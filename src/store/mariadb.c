/* MariaDB 10.6 and newer behind store_ops. Why it is so: docs/decisions/2026-11-30-mariadb.md. */
#include "store/mariadb.h"
#include "store/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    /* After a cut the server may still hold the old transaction: until it notices, or its minute idle is over.
     * Each try waits for its lock. */
    OUTCOME_MS = 150 * 1000,
    OUTCOME_WAIT_MS = 50,
    /* Marks of processes that were killed. */
    MARKS_KEPT_MS = 7 * 24 * 60 * 60 * 1000,
};

static struct maria_conn *maria_of(struct conn *conn)
{
    return (struct maria_conn *)conn;
}

/* --- statements --- */

static void statement_close(struct maria_stmt *stmt)
{
    if (stmt->handle)
        mysql_stmt_close(stmt->handle);
    stmt->handle = NULL;
    stmt->prepared_on = 0;
    stmt->stands = false;
}

static void statement_free(struct maria_stmt *stmt)
{
    if (!stmt)
        return;
    statement_close(stmt);
    maria_result_free(stmt);
    maria_sql_fini(&stmt->sql);
    buf_fini(&stmt->keys);
    arena_fini(&stmt->arena);
    statement_fini(&stmt->kept);
    free(stmt->values);
    free(stmt->places);
    free(stmt);
}

static enum err_class statement_new(struct maria_conn *conn, const char *text,
                                    struct maria_stmt **out, struct err *err)
{
    struct maria_stmt *stmt = calloc(1, sizeof(*stmt));
    if (!stmt)
        return err_no_memory(err);
    bool good = statement_init(&stmt->kept, &conn->base, text);
    buf_init(&stmt->keys, MARIA_KEYS_BYTES_MAX);
    arena_init(&stmt->arena);
    enum err_class class_ = maria_sql_make(&stmt->sql, sql_variant(text, mariadb_ops.variant), err);
    stmt->values_room = stmt->sql.values_len + MARIA_KEYS_MAX;
    stmt->values = calloc(stmt->values_room, sizeof(*stmt->values));
    stmt->places = calloc(stmt->sql.places_len + 1, sizeof(*stmt->places));
    if (!class_ && (!good || !stmt->values || !stmt->places))
        class_ = err_no_memory(err);
    if (class_)
        statement_free(stmt);
    else
        *out = stmt;
    return class_;
}

static enum err_class maria_prepare(struct conn *base, const char *sql, struct stmt **out,
                                    struct err *err)
{
    struct maria_conn *conn = maria_of(base);
    struct statement *found = statements_borrow(&conn->statements, sql);
    if (!found) {
        struct maria_stmt *fresh = NULL;
        enum err_class class_ = statement_new(conn, sql, &fresh, err);
        if (class_)
            return class_;
        found = &fresh->kept;
        statement_free((struct maria_stmt *)statements_add(&conn->statements, found));
    }
    *out = &found->base;
    return ERR_OK;
}

static void maria_reset(struct stmt *base)
{
    struct maria_stmt *stmt = (struct maria_stmt *)base;
    if (stmt->stands && stmt->handle)
        mysql_stmt_free_result(stmt->handle);
    stmt->stands = false;
}

static void maria_release(struct stmt *base)
{
    struct maria_stmt *stmt = (struct maria_stmt *)base;
    maria_reset(base);
    memset(stmt->values, 0, stmt->bound_len * sizeof(*stmt->values));
    stmt->bound_len = 0;
    if (statement_give_back(&stmt->kept))
        statement_free(stmt);
}

static enum err_class statement_error(struct maria_conn *conn, struct maria_stmt *stmt,
                                      struct err *err)
{
    return maria_error(conn, mysql_stmt_errno(stmt->handle), mysql_stmt_error(stmt->handle), err);
}

static enum err_class statement_need(struct maria_conn *conn, struct maria_stmt *stmt,
                                     struct err *err)
{
    if (stmt->prepared_on == conn->number)
        return ERR_OK;
    my_bool longest = 1;
    statement_close(stmt);
    stmt->handle = mysql_stmt_init(conn->link);
    if (!stmt->handle)
        return err_no_memory(err);
    mysql_stmt_attr_set(stmt->handle, STMT_ATTR_UPDATE_MAX_LENGTH, &longest);
    if (mysql_stmt_prepare(stmt->handle, stmt->sql.text.ptr, stmt->sql.text.len))
        return statement_error(conn, stmt, err);
    stmt->prepared_on = conn->number;
    return ERR_OK;
}

/* "Rows matched: 3  Changed: 2  Warnings: 0": an UPDATE counts what it found, as everywhere else. */
static int64_t rows_matched(const char *info)
{
    const char *digits = info ? info + strcspn(info, "0123456789") : "";
    return strtoll(digits, NULL, 10);
}

static int64_t rows_counted(const struct maria_conn *conn, const struct maria_stmt *stmt)
{
    int64_t rows = (int64_t)mysql_stmt_affected_rows(stmt->handle);
    switch (stmt->sql.kind) {
    case MARIA_SQL_READS:
        return 0;
    case MARIA_SQL_UPDATES:
        return rows_matched(mysql_info(conn->link));
    case MARIA_SQL_UPSERTS:
        return 1;
    case MARIA_SQL_UPSERTS_IF:
        return rows > 0;
    case MARIA_SQL_CHANGES:
        break;
    }
    return rows;
}

/* `array`: how many rows stmt->places holds of each value; 0: one value each. */
static enum err_class statement_execute(struct maria_conn *conn, struct maria_stmt *stmt,
                                        size_t array, struct err *err)
{
    unsigned rows = (unsigned)array;
    mysql_stmt_attr_set(stmt->handle, STMT_ATTR_ARRAY_SIZE, &rows);
    if (stmt->sql.places_len > 0 && mysql_stmt_bind_param(stmt->handle, stmt->places))
        return statement_error(conn, stmt, err);
    if (mysql_stmt_execute(stmt->handle))
        return statement_error(conn, stmt, err);
    conn->wrote = conn->wrote || stmt->sql.kind != MARIA_SQL_READS;
    if (mysql_stmt_insert_id(stmt->handle))
        conn->last_id = (int64_t)mysql_stmt_insert_id(stmt->handle);
    if (mysql_stmt_field_count(stmt->handle) == 0)
        return ERR_OK;
    if (mysql_stmt_store_result(stmt->handle))
        return statement_error(conn, stmt, err);
    stmt->stands = true;
    return maria_result_take(stmt, err);
}

static enum err_class arrays_execute(struct maria_conn *conn, struct maria_stmt *stmt, size_t rows,
                                     struct err *err)
{
    enum err_class class_ = ERR_OK;
    int64_t changed = 0;
    for (size_t from = 0, taken; !class_ && from < rows; from += taken) {
        class_ = maria_arrays_fill(stmt, from, &taken, err);
        if (!class_)
            class_ = statement_execute(conn, stmt, taken, err);
        if (!class_)
            changed += (int64_t)mysql_stmt_affected_rows(stmt->handle);
    }
    conn->rows_changed = changed;
    return class_;
}

static enum err_class statement_run(struct maria_conn *conn, struct maria_stmt *stmt,
                                    struct err *err)
{
    size_t rows = maria_array_rows(stmt);
    enum err_class class_ = statement_need(conn, stmt, err);
    if (class_)
        return class_;
    if (rows > 0)
        return arrays_execute(conn, stmt, rows, err);
    class_ = maria_places_fill(stmt, err);
    if (!class_)
        class_ = statement_execute(conn, stmt, 0, err);
    if (!class_)
        conn->rows_changed = rows_counted(conn, stmt);
    return class_;
}

/* Outside a transaction nothing is lost with the connection but the question. */
static enum err_class link_need(struct maria_conn *conn, struct err *err)
{
    if (conn->link)
        return ERR_OK;
    return conn->in_transaction ? maria_lost_error(conn, err) : maria_reconnect(conn, err);
}

/* A statement of a transaction that is gone must not run outside of one. */
static enum err_class statement_start(struct maria_conn *conn, struct maria_stmt *stmt,
                                      struct err *err)
{
    bool again = !conn->in_transaction;
    enum err_class class_ = link_need(conn, err);
    if (!class_)
        class_ = statement_run(conn, stmt, err);
    if (class_ && again && !conn->link && !link_need(conn, err))
        class_ = statement_run(conn, stmt, err);
    return class_;
}

static enum err_class maria_step(struct stmt *base, bool *row, struct err *err)
{
    struct maria_conn *conn = maria_of(base->conn);
    struct maria_stmt *stmt = (struct maria_stmt *)base;
    *row = false;
    if (stmt->sql.text.len == 0)
        return ERR_OK;
    if (!stmt->stands) {
        enum err_class class_ = statement_start(conn, stmt, err);
        if (class_ || !stmt->stands)
            return class_;
    }
    int end = mysql_stmt_fetch(stmt->handle);
    *row = end == 0;
    if (end == 0 || end == MYSQL_NO_DATA)
        return ERR_OK;
    if (end == MYSQL_DATA_TRUNCATED)
        return err_set(err, ERR_INTERNAL, "store_sql", "%s: a value was cut", conn->target->name);
    return statement_error(conn, stmt, err);
}

/* There is no pipeline: the question is asked when its answer is wanted. */
static enum err_class maria_ask(struct stmt *stmt, struct err *err)
{
    (void)stmt;
    (void)err;
    return ERR_OK;
}

static enum err_class maria_later(struct stmt *base, const struct expected *expected,
                                  struct err *err)
{
    struct maria_conn *conn = maria_of(base->conn);
    bool row;
    enum err_class class_ = maria_step(base, &row, err);
    if (!class_ && expected && expected->rows != ROWS_ANY && conn->rows_changed != expected->rows)
        class_ = expected->unmet(expected->context, conn->rows_changed, err);
    maria_reset(base);
    return class_;
}

static enum err_class maria_settle(struct conn *conn, struct err *err)
{
    (void)conn;
    (void)err;
    return ERR_OK;
}

/* --- transactions --- */

static enum err_class begin_with(struct maria_conn *conn, const char *sql, struct err *err)
{
    enum err_class class_ = link_need(conn, err);
    if (!class_)
        class_ = maria_script(conn, sql, err);
    conn->in_transaction = class_ == ERR_OK;
    conn->wrote = false;
    return class_;
}

/* Two programs that migrate at once would make the same tables. A lock of the connection, since every CREATE
 * ends a transaction. */
static enum err_class migration_lock(struct maria_conn *conn, struct err *err)
{
    static const char ask[] = "SELECT get_lock(concat('huiliu ', md5(database())), 600)";
    struct stmt *stmt;
    bool row = false;
    enum err_class class_ = maria_prepare(&conn->base, ask, &stmt, err);
    if (class_)
        return class_;
    class_ = maria_step(stmt, &row, err);
    if (!class_ && (!row || maria_column_int(stmt, 0) != 1))
        class_ = err_set(err, ERR_STORE, "store_busy", "%s: another program is migrating",
                         conn->target->name);
    maria_release(stmt);
    return class_;
}

static enum err_class maria_begin(struct conn *base, struct err *err)
{
    struct maria_conn *conn = maria_of(base);
    enum err_class class_ = begin_with(conn, "START TRANSACTION", err);
    if (class_ && !conn->link) /* it was cut while it stood idle */
        class_ = begin_with(conn, "START TRANSACTION", err);
    if (!class_ && conn->role == CONN_MIGRATION)
        class_ = migration_lock(conn, err);
    return class_;
}

static enum err_class maria_snapshot(struct conn *base, struct err *err)
{
    static const char begin[] = "START TRANSACTION WITH CONSISTENT SNAPSHOT";
    struct maria_conn *conn = maria_of(base);
    enum err_class class_ = begin_with(conn, begin, err);
    return class_ && !conn->link ? begin_with(conn, begin, err) : class_;
}

static bool maria_in_transaction(const struct conn *conn)
{
    return ((const struct maria_conn *)conn)->in_transaction;
}

static void migration_unlock(struct maria_conn *conn)
{
    if (conn->role == CONN_MIGRATION && conn->link)
        maria_script(conn, "DO release_all_locks()", NULL);
}

static void maria_rollback(struct conn *base)
{
    struct maria_conn *conn = maria_of(base);
    if (conn->in_transaction && conn->link)
        maria_script(conn, "ROLLBACK", NULL);
    conn->in_transaction = false;
    migration_unlock(conn);
}

/* --- what became of a COMMIT --- */

static const char MARK_PUT[] =
    "INSERT INTO commit_mark (name, number, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET"
    " number = excluded.number, at_ms = excluded.at_ms";
static const char MARK_READ[] = "SELECT number FROM commit_mark WHERE name = ?1 FOR UPDATE";
static const char MARK_DELETE[] = "DELETE FROM commit_mark WHERE name = ?1 OR at_ms < ?2";

static enum err_class mark_run(struct maria_conn *conn, const char *sql, int64_t number,
                               int64_t *read, struct err *err)
{
    const struct sql_value values[] = {sql_text(str_of(conn->name)), sql_int(number),
                                       sql_int(clock_now_ms())};
    struct stmt *stmt;
    bool row = false;
    enum err_class class_ = maria_prepare(&conn->base, sql, &stmt, err);
    if (class_)
        return class_;
    for (size_t i = 0; !class_ && i < ((struct maria_stmt *)stmt)->sql.values_len; i++)
        class_ = maria_bind(stmt, (int)i + 1, &values[i], err);
    if (!class_)
        class_ = maria_step(stmt, &row, err);
    if (!class_ && read)
        *read = row ? maria_column_int(stmt, 0) : 0;
    maria_release(stmt);
    return class_;
}

/* The connection was cut while the COMMIT was under way. Reading its mark FOR UPDATE waits for the old
 * transaction, which holds the row until it has ended, this way or that. */
static enum err_class commit_outcome(struct maria_conn *conn, struct err *err)
{
    int64_t until_ms = real_now_ms() + OUTCOME_MS, number = 0;
    while (real_now_ms() < until_ms) {
        enum err_class class_ = mark_run(conn, MARK_READ, 0, &number, err);
        if (!class_)
            return number == conn->transactions ? ERR_OK : maria_lost_error(conn, err);
        if (class_ != ERR_STORE)
            return class_;
        real_sleep_ms(OUTCOME_WAIT_MS);
    }
    return err_set(err, ERR_STORE, "store_outcome",
                   "%s: the connection was cut at a COMMIT and the server does not say what became "
                   "of it; what was stored is seen when the task runs again",
                   conn->target->name);
}

static enum err_class maria_commit(struct conn *base, struct err *err)
{
    struct maria_conn *conn = maria_of(base);
    /* What is done at the side is done again when it is not known. */
    bool marked = conn->role == CONN_WRITER && conn->wrote;
    if (!conn->link)
        return maria_lost_error(conn, err);
    if (marked) {
        enum err_class class_ = mark_run(conn, MARK_PUT, conn->transactions + 1, NULL, err);
        if (class_)
            return class_;
        conn->transactions++;
    }
    enum err_class class_ = maria_script(conn, "COMMIT", err);
    conn->in_transaction = class_ != ERR_OK && conn->link;
    if (class_ && !conn->link && marked)
        class_ = commit_outcome(conn, err);
    if (!class_)
        migration_unlock(conn);
    return class_;
}

static enum err_class maria_savepoint(struct conn *conn, struct err *err)
{
    return maria_script(maria_of(conn), "SAVEPOINT unit", err);
}

static enum err_class maria_savepoint_release(struct conn *conn, struct err *err)
{
    return maria_script(maria_of(conn), "RELEASE SAVEPOINT unit", err);
}

static enum err_class maria_savepoint_rollback(struct conn *base, struct err *err)
{
    struct maria_conn *conn = maria_of(base);
    if (!conn->link)
        return maria_lost_error(conn, err);
    return maria_script(conn, "ROLLBACK TO SAVEPOINT unit; RELEASE SAVEPOINT unit", err);
}

static enum err_class maria_script_run(struct conn *base, const char *sql, struct err *err)
{
    struct maria_conn *conn = maria_of(base);
    enum err_class class_ = link_need(conn, err);
    if (!class_ && sql[strspn(sql, " \n;")])
        class_ = maria_script(conn, sql, err);
    conn->wrote = true;
    return class_;
}

static int64_t maria_rows_changed(const struct conn *conn)
{
    return ((const struct maria_conn *)conn)->rows_changed;
}

static int64_t maria_last_id(struct conn *conn)
{
    return maria_of(conn)->last_id;
}

/* Connections of the user at once; 0 says as many as the server takes. */
static enum err_class maria_allowed(struct conn *conn, int64_t *out, struct err *err)
{
    return conn_read_int(conn,
                         "SELECT CASE WHEN @@max_user_connections BETWEEN 1 AND @@max_connections"
                         " THEN @@max_user_connections ELSE @@max_connections END",
                         NULL, 0, 0, out, err);
}

static enum err_class table_check(struct maria_conn *conn, struct str table, struct err *err)
{
    enum { OF_ROW = 4 }; /* Table, Op, Msg_type, Msg_text */
    char sql[256];
    snprintf(sql, sizeof(sql), "CHECK TABLE %.*s QUICK", STR_ARG(table));
    if (mysql_query(conn->link, sql))
        return maria_error(conn, mysql_errno(conn->link), mysql_error(conn->link), err);
    MYSQL_RES *result = mysql_store_result(conn->link);
    enum err_class class_ = ERR_OK;
    bool whole = result && mysql_num_fields(result) == OF_ROW;
    for (MYSQL_ROW row; !class_ && whole && (row = mysql_fetch_row(result)) != NULL;)
        if (strcmp(row[2], "error") == 0 ||
            (strcmp(row[2], "status") == 0 && strcmp(row[3], "OK") != 0))
            class_ = err_set(err, ERR_STORE, "store_corrupt",
                             "%s: table %.*s: %s; restore a backup", conn->target->name,
                             STR_ARG(table), row[3]);
    mysql_free_result(result);
    return class_;
}

static enum err_class maria_check(struct conn *base, struct err *err)
{
    static const char names[] =
        "SELECT table_name FROM information_schema.tables WHERE table_schema ="
        " database() AND table_type = 'BASE TABLE' ORDER BY table_name";
    struct stmt *stmt;
    bool row = false;
    enum err_class class_ = maria_prepare(base, names, &stmt, err);
    if (class_)
        return class_;
    class_ = maria_step(stmt, &row, err);
    while (!class_ && row) {
        class_ = table_check(maria_of(base), maria_column_text(stmt, 0), err);
        if (!class_)
            class_ = maria_step(stmt, &row, err);
    }
    maria_release(stmt);
    return class_;
}

/* --- opening --- */

static void maria_close(struct conn *base)
{
    struct maria_conn *conn = maria_of(base);
    maria_rollback(base);
    if (conn->link && conn->transactions > 0)
        mark_run(conn, MARK_DELETE, clock_now_ms() - MARKS_KEPT_MS, NULL, NULL);
    for (size_t i = 0; i < STATEMENTS_MAX; i++)
        statement_free((struct maria_stmt *)conn->statements.places[i]);
    maria_lost(conn);
    free(conn);
}

static enum err_class maria_open(const struct store_target *target, enum conn_role role,
                                 struct conn **out, struct err *err)
{
    struct maria_conn *conn = calloc(1, sizeof(*conn));
    uint64_t nonce[2];
    if (!conn)
        return err_no_memory(err);
    conn->base.ops = &mariadb_ops;
    conn->target = target;
    conn->role = role;
    enum err_class class_ = ERR_OK;
    if (getrandom(nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
        class_ = err_set(err, ERR_INTERNAL, "random", "the system gives no random numbers");
    snprintf(conn->name, sizeof(conn->name), "%016" PRIx64 "%016" PRIx64, nonce[0], nonce[1]);
    if (!class_)
        class_ = maria_connect(conn, err);
    if (class_)
        maria_close(&conn->base);
    else
        *out = &conn->base;
    return class_;
}

static const struct ddl_dialect maria_dialect = {
    .types =
        {
            [COLUMN_ID] = "varchar(191)",
            [COLUMN_TEXT] = "longtext",
            [COLUMN_INT] = "bigint",
            [COLUMN_MONEY] = "bigint",
            [COLUMN_RATIO] = "bigint",
            [COLUMN_TIME] = "bigint",
            [COLUMN_BOOL] = "bigint",
            [COLUMN_JSON] = "longtext",
            [COLUMN_BYTES] = "longblob",
        },
    .serial_apart = "",
    .serial_key = "bigint AUTO_INCREMENT PRIMARY KEY",
    .table_end = " ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4"
                 " COLLATE utf8mb4_nopad_bin",
    .clustered_end = " ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4"
                     " COLLATE utf8mb4_nopad_bin",
    .comments = DDL_COMMENT_MODIFY,
    .bounded_text = "varchar",
    .if_absent = "IF NOT EXISTS ",
    .if_there = "IF EXISTS ",
    .index_of_table = true,
    .has_table = "SELECT 1 FROM information_schema.tables WHERE table_schema = database()"
                 " AND table_name = ?1 AND table_type = 'BASE TABLE'",
};

const struct store_ops mariadb_ops = {
    .name = "mariadb",
    .dialect = &maria_dialect,
    .variant = 2,
    .readers_max = 8,
    .reader_age_ms = 30 * 60 * 1000,
    .lists = true,
    .open = maria_open,
    .close = maria_close,
    .begin = maria_begin,
    .commit = maria_commit,
    .rollback = maria_rollback,
    .in_transaction = maria_in_transaction,
    .snapshot = maria_snapshot,
    .savepoint = maria_savepoint,
    .savepoint_release = maria_savepoint_release,
    .savepoint_rollback = maria_savepoint_rollback,
    .script = maria_script_run,
    .prepare = maria_prepare,
    .release = maria_release,
    .bind = maria_bind,
    .step = maria_step,
    .ask = maria_ask,
    .later = maria_later,
    .settle = maria_settle,
    .reset = maria_reset,
    .columns = maria_columns,
    .column_name = maria_column_name,
    .column_is_null = maria_column_is_null,
    .column_int = maria_column_int,
    .column_text = maria_column_text,
    .rows_changed = maria_rows_changed,
    .last_id = maria_last_id,
    .allowed = maria_allowed,
    .check = maria_check,
};

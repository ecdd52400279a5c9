/* SQLite behind store_ops. WAL with synchronous=FULL: what was committed survives a power cut.
 * Why these settings: docs/decisions/2026-11-20-sqlite-layout.md. */
#include "store/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sqlite_stmt {
    struct statement kept;
    sqlite3_stmt *handle;
};

struct sqlite_conn {
    struct conn base;
    sqlite3 *db;
    const char *name;
    struct statements statements;
};

static struct sqlite_conn *sqlite_of(struct conn *conn)
{
    return (struct sqlite_conn *)conn;
}

static sqlite3 *db_of(const struct conn *conn)
{
    return ((const struct sqlite_conn *)conn)->db;
}

static sqlite3_stmt *handle_of(const struct stmt *stmt)
{
    return ((const struct sqlite_stmt *)stmt)->handle;
}

/* --- statements --- */

static enum err_class stmt_error(const struct stmt *stmt, int code, struct err *err)
{
    const struct sqlite_conn *conn = sqlite_of(stmt->conn);
    return sqlite_error(conn->name, conn->db, code, err);
}

static void statement_free(struct sqlite_stmt *stmt)
{
    if (!stmt)
        return;
    sqlite3_finalize(stmt->handle);
    statement_fini(&stmt->kept);
    free(stmt);
}

static enum err_class statement_new(struct sqlite_conn *conn, const char *text,
                                    struct sqlite_stmt **out, struct err *err)
{
    struct sqlite_stmt *stmt = calloc(1, sizeof(*stmt));
    if (!stmt || !statement_init(&stmt->kept, &conn->base, text)) {
        free(stmt);
        return err_no_memory(err);
    }
    struct str sql = sql_variant(text, sqlite_ops.variant);
    int code = sqlite3_prepare_v3(conn->db, sql.ptr, (int)sql.len, SQLITE_PREPARE_PERSISTENT,
                                  &stmt->handle, NULL);
    if (code != SQLITE_OK) {
        statement_free(stmt);
        return sqlite_error(conn->name, conn->db, code, err);
    }
    *out = stmt;
    return ERR_OK;
}

static enum err_class sqlite_prepare(struct conn *base, const char *sql, struct stmt **out,
                                     struct err *err)
{
    struct sqlite_conn *conn = sqlite_of(base);
    struct statement *found = statements_borrow(&conn->statements, sql);
    if (!found) {
        struct sqlite_stmt *fresh = NULL;
        enum err_class class_ = statement_new(conn, sql, &fresh, err);
        if (class_)
            return class_;
        found = &fresh->kept;
        statement_free((struct sqlite_stmt *)statements_add(&conn->statements, found));
    }
    *out = &found->base;
    return ERR_OK;
}

static void sqlite_release(struct stmt *base)
{
    struct sqlite_stmt *stmt = (struct sqlite_stmt *)base;
    sqlite3_reset(stmt->handle);
    /* The values were borrowed; nothing may look at them again. */
    sqlite3_clear_bindings(stmt->handle);
    if (statement_give_back(&stmt->kept))
        statement_free(stmt);
}

static enum err_class sqlite_bind(struct stmt *stmt, int at, const struct sql_value *value,
                                  struct err *err)
{
    sqlite3_stmt *handle = handle_of(stmt);
    /* A NULL pointer would bind NULL, but an empty text is a value. */
    const char *bytes = value->text.ptr ? value->text.ptr : "";
    int code = SQLITE_MISUSE;
    switch (value->kind) {
    case SQL_NULL:
        code = sqlite3_bind_null(handle, at);
        break;
    case SQL_INT:
        code = sqlite3_bind_int64(handle, at, value->number);
        break;
    case SQL_TEXT:
        code = sqlite3_bind_text64(handle, at, bytes, value->text.len, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case SQL_BYTES:
        code = sqlite3_bind_blob64(handle, at, bytes, value->text.len, SQLITE_STATIC);
        break;
    case SQL_LIST: /* .lists is not set */
    case SQL_ROWS_NEW:
    case SQL_ROWS_CHANGED:
    case SQL_ROWS_SAME:
    case SQL_ROWS_OLDER:
        break; /* they stand for numbers only in the steps of a unit, which fills them in */
    }
    return code == SQLITE_OK ? ERR_OK : stmt_error(stmt, code, err);
}

static enum err_class sqlite_step(struct stmt *stmt, bool *row, struct err *err)
{
    int code = sqlite3_step(handle_of(stmt));
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return ERR_OK;
    return stmt_error(stmt, code, err);
}

static enum err_class sqlite_ask(struct stmt *stmt, struct err *err)
{
    (void)stmt;
    (void)err;
    return ERR_OK; /* nobody is far away: the first step asks */
}

/* A statement costs a call here: it is over at once. */
static enum err_class sqlite_later(struct stmt *stmt, const struct expected *expected,
                                   struct err *err)
{
    bool row = true;
    enum err_class class_ = ERR_OK;
    while (!class_ && row)
        class_ = sqlite_step(stmt, &row, err);
    if (class_ || expected->rows == ROWS_ANY)
        return class_;
    int64_t rows = sqlite3_changes64(db_of(stmt->conn));
    return rows == expected->rows ? ERR_OK : expected->unmet(expected->context, rows, err);
}

static enum err_class sqlite_settle(struct conn *conn, struct err *err)
{
    (void)conn;
    (void)err;
    return ERR_OK; /* nothing is ever outstanding */
}

static void sqlite_reset(struct stmt *stmt)
{
    sqlite3_reset(handle_of(stmt));
}

static int sqlite_columns(const struct stmt *stmt)
{
    return sqlite3_column_count(handle_of(stmt));
}

static struct str sqlite_column_name(const struct stmt *stmt, int column)
{
    return str_of(sqlite3_column_name(handle_of(stmt), column));
}

static bool sqlite_column_is_null(const struct stmt *stmt, int column)
{
    return sqlite3_column_type(handle_of(stmt), column) == SQLITE_NULL;
}

static int64_t sqlite_column_int(const struct stmt *stmt, int column)
{
    return sqlite3_column_int64(handle_of(stmt), column);
}

static struct str sqlite_column_text(const struct stmt *stmt, int column)
{
    sqlite3_stmt *handle = handle_of(stmt);
    /* Pointer first, then length: the call that makes the text may change it. */
    const void *bytes = sqlite3_column_type(handle, column) == SQLITE_BLOB
                            ? sqlite3_column_blob(handle, column)
                            : sqlite3_column_text(handle, column);
    return (struct str){bytes, (size_t)sqlite3_column_bytes(handle, column)};
}

/* --- transactions --- */

static enum err_class sqlite_do(struct conn *conn, const char *sql, struct err *err)
{
    struct stmt *stmt;
    enum err_class class_ = sqlite_prepare(conn, sql, &stmt, err);
    if (class_)
        return class_;
    bool row;
    class_ = sqlite_step(stmt, &row, err);
    sqlite_release(stmt);
    return class_;
}

static enum err_class sqlite_begin(struct conn *conn, struct err *err)
{
    return sqlite_do(conn, "BEGIN IMMEDIATE", err);
}

static enum err_class sqlite_commit(struct conn *conn, struct err *err)
{
    return sqlite_do(conn, "COMMIT", err);
}

static enum err_class sqlite_snapshot(struct conn *conn, struct err *err)
{
    return sqlite_do(conn, "BEGIN", err);
}

static bool sqlite_in_transaction(const struct conn *conn)
{
    return !sqlite3_get_autocommit(db_of(conn));
}

static void sqlite_rollback(struct conn *conn)
{
    /* Its only error is that there is no transaction any more, which is what is wanted. */
    if (sqlite_in_transaction(conn))
        sqlite3_exec(db_of(conn), "ROLLBACK", NULL, NULL, NULL);
}

static enum err_class sqlite_savepoint(struct conn *conn, struct err *err)
{
    return sqlite_do(conn, "SAVEPOINT unit", err);
}

static enum err_class sqlite_savepoint_release(struct conn *conn, struct err *err)
{
    return sqlite_do(conn, "RELEASE unit", err);
}

static enum err_class sqlite_savepoint_rollback(struct conn *conn, struct err *err)
{
    enum err_class class_ = sqlite_do(conn, "ROLLBACK TO unit", err);
    return class_ ? class_ : sqlite_savepoint_release(conn, err);
}

static enum err_class sqlite_script(struct conn *base, const char *sql, struct err *err)
{
    struct sqlite_conn *conn = sqlite_of(base);
    int code = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? ERR_OK : sqlite_error(conn->name, conn->db, code, err);
}

static int64_t sqlite_rows_changed(const struct conn *conn)
{
    return sqlite3_changes64(db_of(conn));
}

static int64_t sqlite_last_id(struct conn *conn)
{
    return sqlite3_last_insert_rowid(db_of(conn));
}

static enum err_class sqlite_check(struct conn *conn, struct err *err)
{
    struct stmt *stmt;
    enum err_class class_ = sqlite_prepare(conn, "PRAGMA quick_check(1)", &stmt, err);
    if (class_)
        return class_;
    bool row;
    class_ = sqlite_step(stmt, &row, err);
    if (!class_ && row && !str_eq(sqlite_column_text(stmt, 0), STR("ok")))
        class_ = err_set(err, ERR_STORE, "store_corrupt",
                         "%s: %.*s; put the file aside and restore a backup", sqlite_of(conn)->name,
                         STR_ARG(sqlite_column_text(stmt, 0)));
    sqlite_release(stmt);
    return class_;
}

/* --- opening --- */

static void sqlite_close(struct conn *base)
{
    struct sqlite_conn *conn = sqlite_of(base);
    for (size_t i = 0; i < STATEMENTS_MAX; i++)
        statement_free((struct sqlite_stmt *)conn->statements.places[i]);
    int code = sqlite3_close(conn->db);
    assert(code == SQLITE_OK); /* a statement is still borrowed */
    (void)code;
    free(conn);
}

/* SQLite would make the file readable for everybody; its -wal and -shm follow the file's mode. */
static enum err_class file_make(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    else if (errno != EEXIST)
        return err_set(err, ERR_STORE, "store_io", "%s: %s", path, strerror(errno));
    return ERR_OK;
}

static enum err_class file_need(const struct store_target *target, struct err *err)
{
    if (target->create && !target->read_only)
        return file_make(target->name, err);
    if (access(target->name, F_OK) == 0)
        return ERR_OK;
    return err_set(err, ERR_STORE, "store_absent", "%s: %s; `huiliu init` makes a new one",
                   target->name, strerror(errno));
}

static enum err_class conn_configure(struct sqlite_conn *conn, const struct store_target *target,
                                     enum conn_role role, struct err *err)
{
    sqlite3_busy_timeout(conn->db, SQLITE_BUSY_MS);
    sqlite3_extended_result_codes(conn->db, 1);
    /* A file that was made by somebody else may not make us run its code. */
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Text in "double quotes" is a mistake, not a string. */
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    static const char *const by_role[] = {
        [CONN_WRITER] = "PRAGMA cache_size = -6000; PRAGMA temp_store = MEMORY;",
        [CONN_READER] = "PRAGMA cache_size = -500; PRAGMA query_only = ON;",
        [CONN_MIGRATION] = "PRAGMA cache_size = -8000;",
        [CONN_SIDE] = "PRAGMA cache_size = -500;",
    };
    char sql[512];
    snprintf(sql, sizeof(sql),
             "%s%s PRAGMA synchronous = FULL; PRAGMA mmap_size = 0;"
             " PRAGMA wal_autocheckpoint = 16000; PRAGMA journal_size_limit = 67108864;",
             role == CONN_READER ? "" : "PRAGMA journal_mode = WAL; ", by_role[role]);
    enum err_class class_ = sqlite_script(&conn->base, sql, err);
    if (!class_ && target->pages_max) {
        snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld", (long long)target->pages_max);
        class_ = sqlite_script(&conn->base, sql, err);
    }
    /* Nothing above reads a page of a reader's file: find out now whether it is a database. */
    if (!class_)
        class_ = sqlite_script(&conn->base, "SELECT count(*) FROM sqlite_schema", err);
    return class_;
}

/* Counting memory takes a lock of the whole process at each allocation, and nobody asks for the sum. */
static void memory_uncounted(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum err_class sqlite_open(const struct store_target *target, enum conn_role role,
                                  struct conn **out, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, memory_uncounted);
    enum err_class class_ = file_need(target, err);
    if (class_)
        return class_;
    struct sqlite_conn *conn = calloc(1, sizeof(*conn));
    if (!conn)
        return err_no_memory(err);
    conn->base.ops = &sqlite_ops;
    conn->name = target->name;
    /* NOMUTEX: a connection belongs to one thread at a time, our locks see to that. */
    int flags = SQLITE_OPEN_NOMUTEX |
                (target->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int code = sqlite3_open_v2(target->name, &conn->db, flags, NULL);
    class_ = code == SQLITE_OK ? conn_configure(conn, target, role, err)
                               : sqlite_error(conn->name, conn->db, code, err);
    if (class_)
        sqlite_close(&conn->base);
    else
        *out = &conn->base;
    return class_;
}

static const struct ddl_dialect sqlite_dialect = {
    .types =
        {
            [COLUMN_ID] = "TEXT",
            [COLUMN_TEXT] = "TEXT",
            [COLUMN_INT] = "INTEGER",
            [COLUMN_MONEY] = "INTEGER",
            [COLUMN_RATIO] = "INTEGER",
            [COLUMN_TIME] = "INTEGER",
            [COLUMN_BOOL] = "INTEGER",
            [COLUMN_JSON] = "TEXT",
            [COLUMN_BYTES] = "BLOB",
        },
    /* AUTOINCREMENT: the id of a finished task must not be given to another one. */
    .serial_key = "INTEGER PRIMARY KEY AUTOINCREMENT",
    .table_end = " STRICT",
    .if_absent = "",
    .if_there = "",
    .index_conditions = true,
    .clustered_end = " STRICT, WITHOUT ROWID",
    .has_table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
};

const struct store_ops sqlite_ops = {
    .name = "sqlite",
    .dialect = &sqlite_dialect,
    .readers_max = 4, /* each costs up to 2 MB */
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .in_transaction = sqlite_in_transaction,
    .snapshot = sqlite_snapshot,
    .savepoint = sqlite_savepoint,
    .savepoint_release = sqlite_savepoint_release,
    .savepoint_rollback = sqlite_savepoint_rollback,
    .script = sqlite_script,
    .prepare = sqlite_prepare,
    .release = sqlite_release,
    .bind = sqlite_bind,
    .step = sqlite_step,
    .ask = sqlite_ask,
    .later = sqlite_later,
    .settle = sqlite_settle,
    .reset = sqlite_reset,
    .columns = sqlite_columns,
    .column_name = sqlite_column_name,
    .column_is_null = sqlite_column_is_null,
    .column_int = sqlite_column_int,
    .column_text = sqlite_column_text,
    .rows_changed = sqlite_rows_changed,
    .last_id = sqlite_last_id,
    .check = sqlite_check,
};

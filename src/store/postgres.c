/* PostgreSQL 15 and newer behind store_ops. How statements travel: postgres_wire.c; why it is so:
 * docs/decisions/2026-11-30-postgresql.md. */
#include "store/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* After a cut the server may still be at work on the COMMIT that nobody waits for any more. */
    OUTCOME_TRIES_MAX = 100,
    OUTCOME_WAIT_MS = 50,
};

static struct pg_conn *pg_of(struct conn *conn)
{
    return (struct pg_conn *)conn;
}

/* --- statements --- */

static void statement_reset(struct pg_stmt *stmt)
{
    PQclear(stmt->result);
    stmt->result = NULL;
    stmt->asked = false;
}

static void statement_free(struct pg_stmt *stmt)
{
    if (!stmt)
        return;
    statement_reset(stmt);
    pg_params_free(&stmt->params);
    statement_fini(&stmt->kept);
    free(stmt->sql);
    free(stmt);
}

static struct pg_stmt *statement_new(struct pg_conn *conn, const char *text)
{
    struct pg_stmt *stmt = calloc(1, sizeof(*stmt));
    int params_len = 0;
    if (!stmt)
        return NULL;
    struct str own = sql_variant(text, postgres_ops.variant);
    bool good = statement_init(&stmt->kept, &conn->base, text);
    char *variant = strndup(own.ptr, own.len);
    stmt->sql = variant ? pg_sql_make(variant, &params_len) : NULL;
    stmt->by_values = str_starts(own, STR(SQL_BY_VALUES));
    free(variant);
    snprintf(stmt->name, sizeof(stmt->name), "h%" PRIu64, ++conn->names);
    if (!pg_params_make(&stmt->params, params_len) || !good || !stmt->sql) {
        statement_free(stmt);
        return NULL;
    }
    return stmt;
}

/* The server forgets a statement that loses its place too. Its answers are read first. */
static enum err_class statement_forget(struct pg_conn *conn, struct pg_stmt *stmt, struct err *err)
{
    char sql[64];
    enum err_class class_ = pg_settle(conn, err);
    if (!class_ && stmt->prepared_on == conn->number) {
        snprintf(sql, sizeof(sql), "DEALLOCATE %s", stmt->name);
        class_ = pg_command(conn, sql, err);
    }
    statement_free(stmt);
    return class_;
}

static enum err_class pg_prepare(struct conn *base, const char *sql, struct stmt **out,
                                 struct err *err)
{
    struct pg_conn *conn = pg_of(base);
    struct statement *found = statements_borrow(&conn->statements, sql);
    enum err_class class_ = ERR_OK;
    *out = NULL;
    if (!found) {
        struct pg_stmt *fresh = statement_new(conn, sql);
        if (!fresh)
            return err_no_memory(err);
        found = &fresh->kept;
        struct statement *before = statements_add(&conn->statements, found);
        if (before)
            class_ = statement_forget(conn, (struct pg_stmt *)before, err);
    }
    found->busy = class_ == ERR_OK;
    *out = &found->base;
    return class_;
}

static void pg_reset(struct stmt *base)
{
    statement_reset((struct pg_stmt *)base);
}

static void pg_release(struct stmt *base)
{
    struct pg_stmt *stmt = (struct pg_stmt *)base;
    if (stmt->asked) /* nobody may find its answer in another question's place */
        pg_settle(pg_of(base->conn), NULL);
    statement_reset(stmt);
    pg_params_clear(&stmt->params);
    if (statement_give_back(&stmt->kept))
        statement_forget(pg_of(base->conn), stmt, NULL);
}

/* Outside a transaction nothing is lost with the connection but the question. */
static enum err_class link_need(struct pg_conn *conn, struct err *err)
{
    if (conn->link)
        return ERR_OK;
    return conn->in_transaction ? pg_lost_error(conn, err) : pg_reconnect(conn, err);
}

static enum err_class statement_ask(struct pg_conn *conn, struct pg_stmt *stmt, struct err *err)
{
    enum err_class class_ = link_need(conn, err);
    if (!class_)
        class_ = pg_send(conn, stmt, NULL, true, err);
    return class_ ? class_ : pg_settle(conn, err);
}

static enum err_class pg_step(struct stmt *base, bool *row, struct err *err)
{
    struct pg_conn *conn = pg_of(base->conn);
    struct pg_stmt *stmt = (struct pg_stmt *)base;
    *row = false;
    if (!*stmt->sql)
        return ERR_OK;
    if (stmt->asked && !stmt->result) {
        enum err_class class_ = pg_settle(conn, err);
        if (class_)
            return class_;
    }
    if (stmt->asked && stmt->result) {
        stmt->asked = false;
        stmt->row = -1;
    } else if (!stmt->result) {
        bool again = !conn->in_transaction;
        enum err_class class_ = statement_ask(conn, stmt, err);
        if (class_ && again && !conn->link) {
            statement_reset(stmt);
            class_ = statement_ask(conn, stmt, err);
        }
        if (class_)
            return class_;
        stmt->row = -1;
    }
    *row = ++stmt->row < PQntuples(stmt->result);
    return ERR_OK;
}

/* Only inside a transaction: what is lost there is asked anew with it. */
static enum err_class pg_ask(struct stmt *base, struct err *err)
{
    struct pg_conn *conn = pg_of(base->conn);
    struct pg_stmt *stmt = (struct pg_stmt *)base;
    enum err_class class_ = link_need(conn, err);
    if (!class_)
        class_ = pg_send(conn, stmt, NULL, true, err);
    stmt->asked = class_ == ERR_OK;
    return class_;
}

static enum err_class pg_later(struct stmt *base, const struct expected *expected, struct err *err)
{
    struct pg_conn *conn = pg_of(base->conn);
    struct pg_stmt *stmt = (struct pg_stmt *)base;
    if (!*stmt->sql)
        return ERR_OK;
    enum err_class class_ = link_need(conn, err);
    return class_ ? class_ : pg_send(conn, stmt, expected, false, err);
}

static enum err_class pg_settle_all(struct conn *conn, struct err *err)
{
    return pg_settle(pg_of(conn), err);
}

/* --- transactions --- */

static enum err_class pg_do(struct pg_conn *conn, const char *sql, struct err *err)
{
    enum err_class class_ = pg_command(conn, sql, err);
    return class_ ? class_ : pg_settle(conn, err);
}

static enum err_class begin_with(struct pg_conn *conn, const char *sql, struct err *err)
{
    enum err_class class_ = link_need(conn, err);
    if (!class_)
        class_ = pg_do(conn, sql, err);
    conn->in_transaction = class_ == ERR_OK;
    return class_;
}

/* Travels with the first statement; who is alone on few rows saves a trip. */
static enum err_class begin_later(struct pg_conn *conn, struct err *err)
{
    enum err_class class_ = link_need(conn, err);
    if (!class_)
        class_ = pg_command(conn, "BEGIN", err);
    conn->in_transaction = class_ == ERR_OK;
    return class_;
}

/* Two programs that migrate at once would make the same tables. */
static enum err_class pg_begin(struct conn *base, struct err *err)
{
    struct pg_conn *conn = pg_of(base);
    if (conn->role == CONN_SIDE)
        return begin_later(conn, err);
    enum err_class class_ = begin_with(conn, "BEGIN", err);
    if (class_ && !conn->link) /* it was cut while it stood idle */
        class_ = begin_with(conn, "BEGIN", err);
    if (!class_ && conn->role == CONN_MIGRATION)
        class_ = pg_do(conn, "SELECT pg_advisory_xact_lock(hashtext(current_schema), 1)", err);
    return class_;
}

static enum err_class pg_snapshot(struct conn *base, struct err *err)
{
    static const char begin[] = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    struct pg_conn *conn = pg_of(base);
    enum err_class class_ = begin_with(conn, begin, err);
    return class_ && !conn->link ? begin_with(conn, begin, err) : class_;
}

static bool pg_in_transaction(const struct conn *conn)
{
    return ((const struct pg_conn *)conn)->in_transaction;
}

static void pg_rollback(struct conn *base)
{
    struct pg_conn *conn = pg_of(base);
    pg_settle(conn, NULL);
    if (conn->in_transaction && conn->link)
        pg_do(conn, "ROLLBACK", NULL);
    conn->in_transaction = false;
}

/* One text of one row, asked outside the cache; empty where there is none. */
static enum err_class text_ask(struct pg_conn *conn, const char *sql, char *out, size_t out_bytes,
                               struct err *err)
{
    struct stmt *stmt;
    bool row = false;
    enum err_class class_ = pg_prepare(&conn->base, sql, &stmt, err);
    *out = 0;
    if (class_)
        return class_;
    class_ = pg_step(stmt, &row, err);
    if (!class_ && row && !pg_column_is_null(stmt, 0))
        snprintf(out, out_bytes, "%.*s", STR_ARG(pg_column_text(stmt, 0)));
    pg_release(stmt);
    return class_;
}

/* The connection was cut while the COMMIT was under way. The server knows what became of a
 * transaction by its number; one that is still at work there is waited for. */
static enum err_class commit_outcome(struct pg_conn *conn, const char *number, struct err *err)
{
    char sql[96], status[32];
    snprintf(sql, sizeof(sql), "SELECT pg_xact_status('%s'::xid8)", number);
    for (int tries = 0; tries < OUTCOME_TRIES_MAX; tries++) {
        enum err_class class_ = text_ask(conn, sql, status, sizeof(status), err);
        if (class_)
            return class_;
        if (strcmp(status, "committed") == 0)
            return ERR_OK;
        if (strcmp(status, "aborted") == 0)
            return pg_lost_error(conn, err);
        real_sleep_ms(OUTCOME_WAIT_MS);
    }
    return err_set(err, ERR_STORE, "store_outcome",
                   "%s: the connection was cut at a COMMIT and the server does not say what became "
                   "of it; what was stored is seen when the task runs again",
                   conn->target->name);
}

static enum err_class pg_commit(struct conn *base, struct err *err)
{
    struct pg_conn *conn = pg_of(base);
    char number[32] = "";
    enum err_class class_ = ERR_OK;
    /* What is done at the side is done again when it is not known. */
    if (conn->role != CONN_SIDE)
        class_ = text_ask(conn, "SELECT pg_current_xact_id_if_assigned()::text", number,
                          sizeof(number), err);
    if (class_)
        return class_;
    class_ = pg_do(conn, "COMMIT", err);
    conn->in_transaction = class_ != ERR_OK && conn->link;
    /* What has no number has written nothing: every answer was read, and no answer can make it more. */
    if (class_ && !conn->link)
        class_ = *number ? commit_outcome(conn, number, err) : ERR_OK;
    return class_;
}

static enum err_class pg_savepoint(struct conn *conn, struct err *err)
{
    return pg_command(pg_of(conn), "SAVEPOINT unit", err);
}

static enum err_class pg_savepoint_release(struct conn *conn, struct err *err)
{
    return pg_do(pg_of(conn), "RELEASE SAVEPOINT unit", err);
}

static enum err_class pg_savepoint_rollback(struct conn *base, struct err *err)
{
    struct pg_conn *conn = pg_of(base);
    pg_settle(conn, NULL);
    if (!conn->link)
        return pg_lost_error(conn, err);
    enum err_class class_ = pg_command(conn, "ROLLBACK TO SAVEPOINT unit", err);
    return class_ ? class_ : pg_savepoint_release(base, err);
}

/* Several statements at once are not for the pipeline. */
static enum err_class pg_script(struct conn *base, const char *sql, struct err *err)
{
    struct pg_conn *conn = pg_of(base);
    enum err_class class_ = link_need(conn, err);
    if (!class_)
        class_ = pg_settle(conn, err);
    if (class_)
        return class_;
    if (!PQexitPipelineMode(conn->link))
        return err_set(err, ERR_INTERNAL, "store_sql", "%s: answers are outstanding",
                       conn->target->name);
    PGresult *result = PQexec(conn->link, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        class_ = pg_result_error(conn, result, err);
    PQclear(result);
    if (PQstatus(conn->link) == CONNECTION_BAD || !PQenterPipelineMode(conn->link))
        pg_lost(conn);
    return class_;
}

static int64_t pg_rows_changed(const struct conn *conn)
{
    return ((const struct pg_conn *)conn)->rows_changed;
}

static int64_t pg_last_id(struct conn *conn)
{
    char number[24];
    int64_t id = 0;
    if (text_ask(pg_of(conn), "SELECT lastval()", number, sizeof(number), NULL))
        return 0;
    return str_to_i64(str_of(number), &id) ? id : 0;
}

/* Damage inside of tables is the server's to find (pg_amcheck, checksums); here: an index that a failed
 * CREATE left behind serves nobody. */
static enum err_class pg_check(struct conn *base, struct err *err)
{
    char name[128];
    enum err_class class_ = text_ask(
        pg_of(base),
        "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema"
        " AND NOT i.indisvalid LIMIT 1",
        name, sizeof(name), err);
    if (!class_ && *name)
        class_ = err_set(err, ERR_STORE, "store_corrupt", "%s: index %s is not valid; REINDEX it",
                         pg_of(base)->target->name, name);
    return class_;
}

/* --- opening --- */

static void pg_close(struct conn *base)
{
    struct pg_conn *conn = pg_of(base);
    for (size_t i = 0; i < STATEMENTS_MAX; i++)
        statement_free((struct pg_stmt *)conn->statements.places[i]);
    PQfinish(conn->link);
    free(conn);
}

static enum err_class pg_open(const struct store_target *target, enum conn_role role,
                              struct conn **out, struct err *err)
{
    struct pg_conn *conn = calloc(1, sizeof(*conn));
    if (!conn)
        return err_no_memory(err);
    conn->base.ops = &postgres_ops;
    conn->target = target;
    conn->role = role;
    enum err_class class_ = pg_connect(conn, err);
    if (class_)
        pg_close(&conn->base);
    else
        *out = &conn->base;
    return class_;
}

/* Texts compare byte by byte, as SQLite's do, whatever the database's language is. */
#define PG_TEXT_COLUMN "text COLLATE \"C\""

static const struct ddl_dialect pg_dialect = {
    .types =
        {
            [COLUMN_ID] = PG_TEXT_COLUMN,
            [COLUMN_TEXT] = PG_TEXT_COLUMN,
            [COLUMN_INT] = "bigint",
            [COLUMN_MONEY] = "bigint",
            [COLUMN_RATIO] = "bigint",
            [COLUMN_TIME] = "bigint",
            [COLUMN_BOOL] = "bigint",
            [COLUMN_JSON] = PG_TEXT_COLUMN,
            [COLUMN_BYTES] = "bytea",
        },
    .serial_key = "bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    .serial_apart = "bigint GENERATED BY DEFAULT AS IDENTITY",
    .table_end = "",
    .passing = "UNLOGGED ",
    .clustered_end = "",
    .if_absent = "",
    .if_there = "",
    .index_conditions = true,
    .comments = DDL_COMMENT_ON,
    .months = true,
    .has_table = "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                 " WHERE n.nspname = current_schema AND c.relname = ?1 AND c.relkind = 'r'",
};

const struct store_ops postgres_ops = {
    .name = "postgres",
    .dialect = &pg_dialect,
    .variant = 1,
    .readers_max = 8,
    .reader_age_ms = 30 * 60 * 1000,
    .lists = true,
    .hears = true,
    .open = pg_open,
    .close = pg_close,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .in_transaction = pg_in_transaction,
    .snapshot = pg_snapshot,
    .savepoint = pg_savepoint,
    .savepoint_release = pg_savepoint_release,
    .savepoint_rollback = pg_savepoint_rollback,
    .script = pg_script,
    .prepare = pg_prepare,
    .release = pg_release,
    .bind = pg_bind,
    .step = pg_step,
    .ask = pg_ask,
    .later = pg_later,
    .settle = pg_settle_all,
    .reset = pg_reset,
    .columns = pg_columns,
    .column_name = pg_column_name,
    .column_is_null = pg_column_is_null,
    .column_int = pg_column_int,
    .column_text = pg_column_text,
    .rows_changed = pg_rows_changed,
    .last_id = pg_last_id,
    .allowed = pg_allowed,
    .listen = pg_listen,
    .hear = pg_hear,
    .check = pg_check,
};

/* The pipeline of a connection: what was sent and is not answered yet. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/postgres.h"

static void pending_add(struct pg_conn *conn, struct pg_pending pending)
{
    assert(conn->pending_len < PG_PENDING_MAX);
    conn->pending[conn->pending_len++] = pending;
}

static enum err_class send_failed(struct pg_conn *conn, struct err *err)
{
    pg_lost(conn);
    return pg_lost_error(conn, err);
}

/* Three places: the end of an old plan, a preparation and its statement belong together. */
static enum err_class pending_room(struct pg_conn *conn, struct err *err)
{
    return conn->pending_len + 3 > PG_PENDING_MAX ? pg_settle(conn, err) : ERR_OK;
}

enum err_class pg_command(struct pg_conn *conn, const char *sql, struct err *err)
{
    enum err_class class_ = pending_room(conn, err);
    if (class_)
        return class_;
    if (!PQsendQueryParams(conn->link, sql, 0, NULL, NULL, NULL, NULL, 1))
        return send_failed(conn, err);
    pending_add(conn, (struct pg_pending){.expected.rows = ROWS_ANY});
    return ERR_OK;
}

/* A plan is as good as the table was when it was made: that of an empty one takes any index, and until the
 * server looks at the table by itself (a minute) it would read all rows of a shop for each key. So plans are
 * made anew after 8, 64, 512, 4,096 and 32,768 runs. */
static bool plan_is_old(struct pg_stmt *stmt)
{
    uint64_t runs = ++stmt->runs;
    return runs >= 8 && runs <= 32768 && (runs & (runs - 1)) == 0 && __builtin_ctzll(runs) % 3 == 0;
}

/* Its name is new too: an answer to the old one may be under way. */
static enum err_class plan_end(struct pg_conn *conn, struct pg_stmt *stmt, struct err *err)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "DEALLOCATE %s", stmt->name);
    snprintf(stmt->name, sizeof(stmt->name), "h%" PRIu64, ++conn->names);
    stmt->prepared_on = 0;
    return pg_command(conn, sql, err);
}

enum err_class pg_send(struct pg_conn *conn, struct pg_stmt *stmt, const struct expected *expected,
                       bool wanted, struct err *err)
{
    const struct pg_params *params = &stmt->params;
    enum err_class class_ = pending_room(conn, err);
    if (!class_ && !stmt->by_values && plan_is_old(stmt) && stmt->prepared_on == conn->number)
        class_ = plan_end(conn, stmt, err);
    if (class_)
        return class_;
    if (!stmt->by_values && stmt->prepared_on != conn->number) {
        if (!PQsendPrepare(conn->link, stmt->name, stmt->sql, params->len, params->types))
            return send_failed(conn, err);
        pending_add(conn,
                    (struct pg_pending){.stmt = stmt, .prepare = true, .expected.rows = ROWS_ANY});
        stmt->prepared_on = conn->number;
    }
    int sent = stmt->by_values
                   ? PQsendQueryParams(conn->link, stmt->sql, params->len, params->types,
                                       params->values, params->lengths, params->formats, 1)
                   : PQsendQueryPrepared(conn->link, stmt->name, params->len, params->values,
                                         params->lengths, params->formats, 1);
    if (!sent)
        return send_failed(conn, err);
    pending_add(conn, (struct pg_pending){
                          .stmt = stmt,
                          .wanted = wanted,
                          .expected = expected ? *expected : (struct expected){.rows = ROWS_ANY}});
    return ERR_OK;
}

/* One answer. The first that is not what it should be decides; those behind it are read away. */
static enum err_class answer_take(struct pg_conn *conn, const struct pg_pending *pending,
                                  PGresult *result, struct err *err)
{
    ExecStatusType status = PQresultStatus(result);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!good) {
        /* Not prepared after all: sent anew the next time. */
        if (pending->prepare)
            pending->stmt->prepared_on = 0;
        return status == PGRES_PIPELINE_ABORTED ? ERR_OK : pg_result_error(conn, result, err);
    }
    if (pending->prepare || !pending->stmt)
        return ERR_OK;
    int64_t rows = 0;
    str_to_i64(str_of(PQcmdTuples(result)), &rows);
    conn->rows_changed = rows;
    if (pending->expected.rows != ROWS_ANY && rows != pending->expected.rows)
        return pending->expected.unmet(pending->expected.context, rows, err);
    return ERR_OK;
}

/* Reads all results of one statement: there is one, and the end. */
static enum err_class answer_read(struct pg_conn *conn, const struct pg_pending *pending,
                                  bool failed, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (PGresult *result; (result = PQgetResult(conn->link)) != NULL;) {
        enum err_class of_this = answer_take(conn, pending, result, failed || class_ ? NULL : err);
        class_ = class_ ? class_ : of_this;
        if (pending->wanted && !pending->stmt->result)
            pending->stmt->result = result;
        else
            PQclear(result);
        if (PQstatus(conn->link) == CONNECTION_BAD)
            break;
    }
    return class_;
}

enum err_class pg_settle(struct pg_conn *conn, struct err *err)
{
    enum err_class class_ = ERR_OK;
    if (conn->pending_len == 0)
        return ERR_OK;
    if (!PQpipelineSync(conn->link))
        return send_failed(conn, err);
    for (size_t i = 0; i < conn->pending_len && PQstatus(conn->link) == CONNECTION_OK; i++) {
        enum err_class of_this = answer_read(conn, &conn->pending[i], class_ != ERR_OK, err);
        class_ = class_ ? class_ : of_this;
    }
    if (PQstatus(conn->link) == CONNECTION_OK) {
        PGresult *end = PQgetResult(conn->link);
        bool synced = PQresultStatus(end) == PGRES_PIPELINE_SYNC;
        PQclear(end);
        conn->pending_len = 0;
        if (synced)
            return class_;
    }
    /* What the server said before it cut the connection (it is being stopped) means no more than
     * that. */
    return send_failed(conn, err);
}

/* Private to store: what the files of the PostgreSQL backend share.
 *
 * A connection is always in libpq's pipeline mode. Statements that only write are sent and not waited
 * for (pg_later); their answers are read by the next statement that is waited for, or by pg_settle, in
 * the order in which they were sent. So a unit costs a round trip for each of its reads and one at its
 * end, whatever the number of its rows.
 *
 * A connection that was lost is opened again by the next statement outside a transaction, with back-off,
 * for at most PG_RECONNECT_MS. Statements are prepared where they are first run: the types of the
 * parameters are those of the values. */
#ifndef HUILIU_STORE_POSTGRES_H
#define HUILIU_STORE_POSTGRES_H

#include <libpq-fe.h>

#include "store/reconnect.h"
#include "store/statements.h"

enum {
    PG_VERSION_MIN = 150000,
    /* Answers that may be outstanding; then they are read. */
    PG_PENDING_MAX = 1024,
    PG_CONNINFO_MAX = 64,
};

/* Types by number (catalog/pg_type.dat); 0 lets the server find out. */
enum {
    PG_ANY = 0,
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_NUMERIC = 1700,
    PG_INT8_LIST = 1016,
    PG_TEXT_LIST = 1009,
    PG_BYTEA_LIST = 1001,
};

struct pg_params {
    int len;
    Oid *types;
    const char **values;
    int *lengths, *formats;
    char (*numbers)[24]; /* integers as text */
    struct buf *lists;   /* arrays as the server reads them */
};

struct pg_stmt {
    struct statement kept;
    char *sql;      /* as the server reads it */
    bool by_values; /* SQL_BY_VALUES: never prepared */
    char name[24];
    /* The connection's number when it was prepared; 0: not prepared. */
    uint64_t prepared_on;
    uint64_t runs;
    struct pg_params params;
    bool asked; /* sent, and the result not read yet */
    PGresult *result;
    int row;
    char number[24]; /* an integer that was asked for as text */
};

struct pg_pending {
    struct pg_stmt *stmt; /* NULL: a command */
    bool prepare;         /* the answer to its preparation */
    bool wanted;          /* the statement keeps the result */
    struct expected expected;
};

struct pg_conn {
    struct conn base;
    const struct store_target *target;
    enum conn_role role;
    PGconn *link;
    uint64_t number; /* counts reconnections, so that statements know theirs is gone */
    bool in_transaction;
    struct statements statements;
    uint64_t names; /* given so far */
    struct pg_pending pending[PG_PENDING_MAX];
    size_t pending_len;
    int64_t rows_changed;
};

/* --- postgres_link.c: opening, and opening again --- */
/* Reads the address into store->target; what is shown of it has no password. */
enum err_class pg_target(struct arena *arena, struct str url, struct store_target *target,
                         struct err *err);
enum err_class pg_connect(struct pg_conn *conn, struct err *err);
/* Back-off until the server is there again. */
enum err_class pg_reconnect(struct pg_conn *conn, struct err *err);
/* Nothing that was sent will be answered. */
void pg_lost(struct pg_conn *conn);

/* --- postgres_wire.c: sending and reading answers --- */
enum err_class pg_command(struct pg_conn *conn, const char *sql, struct err *err);
enum err_class pg_send(struct pg_conn *conn, struct pg_stmt *stmt, const struct expected *expected,
                       bool wanted, struct err *err);
enum err_class pg_settle(struct pg_conn *conn, struct err *err);

/* --- postgres_value.c: texts, parameters, columns --- */
char *pg_sql_make(const char *text, int *params_len);
bool pg_params_make(struct pg_params *params, int len);
void pg_params_free(struct pg_params *params);
void pg_params_clear(struct pg_params *params);
enum err_class pg_bind(struct stmt *stmt, int at, const struct sql_value *value, struct err *err);
int pg_columns(const struct stmt *stmt);
struct str pg_column_name(const struct stmt *stmt, int column);
bool pg_column_is_null(const struct stmt *stmt, int column);
int64_t pg_column_int(const struct stmt *stmt, int column);
struct str pg_column_text(const struct stmt *stmt, int column);

/* --- postgres_ear.c: hearing what others say, and how many may be here --- */
enum err_class pg_listen(struct conn *conn, struct err *err);
enum err_class pg_hear(struct conn *conn, int stop, unsigned *topics, struct err *err);
enum err_class pg_allowed(struct conn *conn, int64_t *out, struct err *err);

/* --- postgres_error.c --- */
/* Of a statement. The messages name tables, columns and constraints, never values. */
enum err_class pg_result_error(const struct pg_conn *conn, const PGresult *result, struct err *err);
/* Of opening a connection. */
enum err_class pg_connect_error(const struct pg_conn *conn, const PGconn *link, struct err *err);
enum err_class pg_lost_error(const struct pg_conn *conn, struct err *err);

#endif

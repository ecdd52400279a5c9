/* Private to store: what the files of the MariaDB backend share.
 *
 * Every statement is prepared on the server and each run of it is a round trip; rows of a page that are
 * written together travel as arrays in one (COM_STMT_BULK_EXECUTE), keys of a page as one JSON document.
 * Nothing is outstanding, so that `later` knows at once and `settle` has nothing to do.
 *
 * A connection that was lost is opened again by the next statement outside a transaction, with back-off,
 * for at most MARIA_RECONNECT_MS.
 *
 * The writer's transactions leave a mark before their COMMIT (table commit_mark: name of the connection,
 * number of the transaction), because MariaDB does not tell what became of a transaction: after a cut the
 * row is locked and read, which waits for the old transaction to end. */
#ifndef HUILIU_STORE_MARIADB_H
#define HUILIU_STORE_MARIADB_H

#include <mysql.h>

#include "store/mariadb_sql.h"
#include "store/reconnect.h"
#include "store/statements.h"

enum {
    MARIA_VERSION_MIN = 100600,
    /* One run of arrays; more rows are another run. The server's default takes packets of 16 MB. */
    MARIA_ARRAY_BYTES_MAX = 4 * 1024 * 1024,
    /* A page of keys: 5,000 of two ids. */
    MARIA_KEYS_BYTES_MAX = 16 * 1024 * 1024,
    /* The largest record, and room. */
    MARIA_CELL_BYTES_MAX = 1024 * 1024 * 1024,
    /* Lists of a statement that reads are one document: only the first of them has a place in its text. */
    MARIA_KEYS_MAX = 16,
    MARIA_NAME_BYTES = 40,
};

enum maria_tls {
    MARIA_TLS_PREFER,
    MARIA_TLS_DISABLE,
    MARIA_TLS_REQUIRE,
    MARIA_TLS_CA,
    MARIA_TLS_FULL
};

struct maria_address {
    /* NULL: not said. Terminated, decoded. */
    const char *user, *password, *host, *database, *socket, *ca, *cert, *key;
    unsigned port;
    enum maria_tls tls;
};

/* A column of the row that stands. */
struct maria_column {
    bool is_number;
    my_bool is_null;
    int64_t number;
    unsigned long bytes_len;
    struct buf bytes;
};

struct maria_stmt {
    struct statement kept;
    struct maria_sql sql;
    MYSQL_STMT *handle;
    uint64_t prepared_on;     /* the connection's number then; 0: not prepared */
    struct sql_value *values; /* bound, by number; borrowed */
    size_t bound_len, values_room;
    MYSQL_BIND *places; /* as the server gets them */
    struct buf keys;    /* lists of a statement that reads */
    struct arena arena; /* of the run: arrays */
    bool stands;        /* it was run, and has rows to look at */
    struct maria_column *columns;
    MYSQL_BIND *results;
    unsigned columns_len;
    char number[24]; /* an integer that was asked for as text */
};

struct maria_conn {
    struct conn base;
    const struct store_target *target;
    enum conn_role role;
    MYSQL *link;
    uint64_t number; /* counts reconnections, so that statements know theirs is gone */
    bool in_transaction, wrote;
    struct statements statements;
    int64_t rows_changed, last_id;
    char name[MARIA_NAME_BYTES]; /* of its row in commit_mark */
    int64_t transactions;
};

/* --- mariadb_address.c --- */
/* mysql://USER:PASSWORD@HOST:PORT/DATABASE?socket=…&sslmode=…&sslrootcert=…, or mariadb://… */
enum err_class maria_address_read(struct str url, struct arena *arena, struct maria_address *out,
                                  struct err *err);
/* Reads the address into store->target; what is shown of it has no password. */
enum err_class maria_target(struct arena *arena, struct str url, struct store_target *target,
                            struct err *err);

/* --- mariadb_link.c: opening, and opening again --- */
enum err_class maria_connect(struct maria_conn *conn, struct err *err);
/* Back-off until the server is there again. */
enum err_class maria_reconnect(struct maria_conn *conn, struct err *err);
void maria_lost(struct maria_conn *conn);
/* Several statements; their results are dropped. */
enum err_class maria_script(struct maria_conn *conn, const char *sql, struct err *err);

/* --- mariadb_value.c: parameters and columns --- */
enum err_class maria_bind(struct stmt *stmt, int at, const struct sql_value *value,
                          struct err *err);
/* Everything but arrays into stmt->places. */
enum err_class maria_places_fill(struct maria_stmt *stmt, struct err *err);
/* How many rows the bound arrays have; 0: there are none. */
size_t maria_array_rows(const struct maria_stmt *stmt);
/* Rows from `from` on into stmt->places, as many as fit into a run; *taken says how many. */
enum err_class maria_arrays_fill(struct maria_stmt *stmt, size_t from, size_t *taken,
                                 struct err *err);
/* Takes the whole result from the server. */
enum err_class maria_result_take(struct maria_stmt *stmt, struct err *err);
void maria_result_free(struct maria_stmt *stmt);
int maria_columns(const struct stmt *stmt);
struct str maria_column_name(const struct stmt *stmt, int column);
bool maria_column_is_null(const struct stmt *stmt, int column);
int64_t maria_column_int(const struct stmt *stmt, int column);
struct str maria_column_text(const struct stmt *stmt, int column);

/* --- mariadb_error.c --- */
/* Of a statement; closes the connection when it was cut, and notes when the transaction is gone. The messages
 * name tables, columns and keys, never values. */
enum err_class maria_error(struct maria_conn *conn, unsigned number, const char *words,
                           struct err *err);
/* Of opening a connection. */
enum err_class maria_connect_error(const struct maria_conn *conn, MYSQL *link, struct err *err);
enum err_class maria_lost_error(const struct maria_conn *conn, struct err *err);

#endif

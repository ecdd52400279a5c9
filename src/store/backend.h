/* Private to store: what a database must be able to do. Policy (grouping, classification of rows,
 * migrations, error texts that every database shares) stands once above this table.
 *
 * A connection and its statements belong to one thread at a time; whoever hands them over holds a
 * lock while doing so. No slot may be NULL that does not say so. Values that are bound are borrowed until the statement
 * is reset or released. */
#ifndef HUILIU_STORE_BACKEND_H
#define HUILIU_STORE_BACKEND_H

#include "store/store.h"

struct store_ops;
/* First member of a backend's own connection and statement. */
struct conn {
    const struct store_ops *ops;
};
struct stmt {
    struct conn *conn;
};

struct store_target {
    const char *name;    /* file or server: what messages say */
    const char *address; /* what opening needs; may hold a password */
    bool read_only;
    bool create;
    int64_t pages_max; /* 0: the disk is the bound */
};

enum conn_role {
    CONN_WRITER,    /* the writer thread's: large cache */
    CONN_READER,    /* refuses writes */
    CONN_MIGRATION, /* sorts of any size: may use temporary files */
    CONN_SIDE,      /* short transactions, which never wait for long (store_side_open) */
};

/* How a database spells a table. */
struct ddl_dialect {
    const char *types[COLUMN_PERSONAL]; /* by column type; personal columns are three texts */
    const char *serial_key;             /* the whole definition after the column's name */
    const char *serial_apart;           /* the same without the key, for a table with partitions */
    const char *table_end, *clustered_end;
    const char *passing; /* before TABLE, where a table need not outlive a crash; may be NULL */
    const char
        *bounded_text;     /* of keys and indexes, in front of (most bytes); NULL: as other texts */
    const char *if_absent; /* where a step is no transaction, what it made must not be in its way */
    const char *if_there;  /* the same of what it took away */
    bool index_conditions; /* CREATE INDEX … WHERE is known */
    bool months;           /* partitions by range are known: months.c */
    bool index_of_table;   /* DROP INDEX wants the table's name too */
    enum ddl_comments { DDL_COMMENT_NONE, DDL_COMMENT_ON, DDL_COMMENT_MODIFY } comments;
    const char *has_table; /* SQL: one row when table ?1 is there */
};

/* What a statement that is not waited for must have done. */
enum { ROWS_ANY = -1 };
typedef enum err_class expected_unmet(const void *context, int64_t rows, struct err *err);
struct expected {
    int64_t rows;          /* ROWS_ANY: whatever it does is right */
    expected_unmet *unmet; /* makes the error of another number */
    const void *context;   /* lives until the unit has ended */
};

struct store_ops {
    const char *name;
    const struct ddl_dialect *dialect;
    unsigned variant; /* of SQL_PER_DATABASE */
    unsigned
        readers_max; /* read connections, unless somebody says otherwise; at most READERS_MAX */
    int64_t
        reader_age_ms; /* a read connection is opened anew after this; 0: there is no server, never */
    bool lists;        /* values of kind SQL_LIST: a page of keys is read at once */
    bool hears;        /* what one connection says (store/ear.h) reaches the others */

    /* May block for the busy time. "store_absent" when it is not there and not to be made. */
    enum err_class (*open)(const struct store_target *target, enum conn_role role,
                           struct conn **out, struct err *err);
    void (*close)(struct conn *conn);

    /* Takes the write lock; waits for other processes, then "store_busy". */
    enum err_class (*begin)(struct conn *conn, struct err *err);
    enum err_class (*commit)(struct conn *conn, struct err *err);
    /* Also right when the database has rolled back by itself. */
    void (*rollback)(struct conn *conn);
    /* False after an error that took the whole transaction with it (full disk). */
    bool (*in_transaction)(const struct conn *conn);
    /* A reader's: statements until rollback see one commit. */
    enum err_class (*snapshot)(struct conn *conn, struct err *err);
    enum err_class (*savepoint)(struct conn *conn, struct err *err);
    enum err_class (*savepoint_release)(struct conn *conn, struct err *err);
    enum err_class (*savepoint_rollback)(struct conn *conn, struct err *err);

    /* Several statements without results. */
    enum err_class (*script)(struct conn *conn, const char *sql, struct err *err);
    /* From the connection's cache where it is there. Borrowed until release; a second one of the
     * same text meanwhile is another statement. */
    enum err_class (*prepare)(struct conn *conn, const char *sql, struct stmt **out,
                              struct err *err);
    void (*release)(struct stmt *stmt);
    enum err_class (*bind)(struct stmt *stmt, int at, const struct sql_value *value,
                           struct err *err);
    /* *row: there is one to look at. */
    enum err_class (*step)(struct stmt *stmt, bool *row, struct err *err);
    /* Sends a question ahead whose answer `step` will wait for, together with others. */
    enum err_class (*ask)(struct stmt *stmt, struct err *err);
    /* Runs a statement that only writes; what became of it may be found out later, at the latest by
     * settle, which reports the first that went wrong. */
    enum err_class (*later)(struct stmt *stmt, const struct expected *expected, struct err *err);
    enum err_class (*settle)(struct conn *conn, struct err *err);
    /* Ready to be bound and run again; ends its view of the database. */
    void (*reset)(struct stmt *stmt);

    int (*columns)(const struct stmt *stmt);
    struct str (*column_name)(const struct stmt *stmt, int column);
    bool (*column_is_null)(const struct stmt *stmt, int column);
    int64_t (*column_int)(const struct stmt *stmt, int column);
    struct str (*column_text)(const struct stmt *stmt, int column);

    /* Rows that the last INSERT, UPDATE or DELETE changed itself: not what triggers did, which a user
     * may have added. */
    int64_t (*rows_changed)(const struct conn *conn);
    int64_t (*last_id)(struct conn *conn);
    /* Connections that the server allows this one's user; NULL where there is no server. */
    enum err_class (*allowed)(struct conn *conn, int64_t *out, struct err *err);
    /* Where `hears`; NULL elsewhere. From `listen` on the connection is for nothing but `hear`, which blocks
     * until others have said something or `stop` can be read (then *topics is 0). */
    enum err_class (*listen)(struct conn *conn, struct err *err);
    enum err_class (*hear)(struct conn *conn, int stop, unsigned *topics, struct err *err);
    /* Looks through the whole database. */
    enum err_class (*check)(struct conn *conn, struct err *err);
};

extern const struct store_ops sqlite_ops, postgres_ops, mariadb_ops;

/* The part of a text of SQL_PER_DATABASE that is a database's own; a text without parts is everybody's. */
struct str sql_variant(const char *sql, unsigned variant);

#endif

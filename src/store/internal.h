/* Private to store: what its parts share. */
#ifndef HUILIU_STORE_INTERNAL_H
#define HUILIU_STORE_INTERNAL_H

#include "store/backend.h"

enum {
    /* Readers beside the writer: API, status and workers' look-ups. Each database says how many are usual. */
    READERS_MAX = STORE_READERS_MAX,
    READER_WAIT_MS = 5000,
    READER_IDLE_MS = 60 * 1000,
    /* Beside the readers: the writer's, one that listens, one for short transactions, one that checks or migrates. */
    CONNECTIONS_BESIDE = 4,
    /* Every worker may have PAGES_IN_FLIGHT_MAX units under way; beyond that submitters wait. */
    UNITS_QUEUED_MAX = 256,
    STEP_VALUES_MAX = 64,
    /* Two transactions that were in each other's way: the database lets one of them through each
     * time. A connection that is cut waits for the server by itself. */
    TRANSACTION_TRIES_MAX = 8,
    /* Each column may be personal (three), and six of the store's own. */
    ROW_VALUES_MAX = TABLE_COLUMNS_MAX * 3 + 6,
};

/* --- statement.c: running statements --- */
struct reader {
    struct conn *conn; /* NULL until first used */
    struct stmt *stmt;
    struct pool *pool; /* NULL: a row inside tx_query */
    bool busy;
    int64_t opened_ms, used_ms;
    enum err_class result;
    struct err err;
};
struct tx {
    struct conn *conn;
    const struct store *store;
    struct arena scratch; /* for one row at a time */
    unsigned said;        /* topics, since the group began */
    /* What seems new is inserted as such: on PostgreSQL that costs half of an insert that looks for a conflict
     * first. Where there is one all the same (a status whose row somebody deleted) the unit runs again without
     * haste. */
    bool hasty;
};
/* Binds and takes the first step. */
enum err_class stmt_run(struct stmt *stmt, const struct sql_value *values, size_t values_len,
                        bool *row, struct err *err);
enum err_class conn_exec(struct conn *conn, const char *sql, const struct sql_value *values,
                         size_t values_len, int64_t *rows_changed, struct err *err);
/* Where a statement only writes: what became of it may be known later (conn_settle). */
enum err_class stmt_later(struct stmt *stmt, const struct sql_value *values, size_t values_len,
                          const struct expected *expected, struct err *err);
enum err_class conn_later(struct conn *conn, const char *sql, const struct sql_value *values,
                          size_t values_len, const struct expected *expected, struct err *err);
/* One integer of one row, or `absent`. */
enum err_class conn_read_int(struct conn *conn, const char *sql, const struct sql_value *values,
                             size_t values_len, int64_t absent, int64_t *out, struct err *err);

/* --- pool.c: read connections --- */
struct pool {
    const struct store_ops *ops;
    const struct store_target *target;
    pthread_mutex_t lock;
    struct wait freed;
    unsigned readers_max;
    int64_t wait_ms, age_ms, idle_ms; /* age and idle: INT64_MAX where it does not matter */
    struct reader readers[READERS_MAX];
};
void pool_init(struct pool *pool, const struct store_ops *ops, const struct store_target *target,
               const struct store_options *options);
void pool_fini(struct pool *pool);

/* --- writer.c: the one thread that writes --- */
struct writer {
    const struct store *store;
    struct ears *ears;
    struct conn *conn;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    struct wait work, room, answered;
    struct unit *head, *tail;
    size_t units_queued, rows_queued;
    size_t last_group_units;
    bool stopping;
};
enum err_class writer_open(struct writer *writer, struct store *store, struct err *err);
void writer_close(struct writer *writer);
/* Another transaction was in the way, or the connection was cut and nothing was committed. */
bool transaction_deserves_another(const struct err *err);

/* --- table_sql.c: statements of data tables --- */
struct table_sql {
    /* NULL for tables that hold no platform data. */
    const char *hash, *guard, *guards, *row, *rows, *insert, *inserts, *update;
    const char *inserts_hasty;
};
enum err_class table_sql_make(const struct table *table, struct arena *arena, struct table_sql *out,
                              struct err *err);

/* --- touch.c: what a unit touches, each key once --- */
enum { TOUCHES_OF_MAX = 8 };
struct touches_of {
    struct str name;
    struct map map;
    struct str *keys;
    size_t len, room;
};
struct touches {
    struct arena arena;
    struct touches_of of[TOUCHES_OF_MAX];
    size_t of_len;
};
void touches_init(struct touches *touches);
void touches_fini(struct touches *touches);
/* `name` must outlive it, `key` is copied. */
enum err_class touches_add(struct touches *touches, struct str name, struct str key,
                           struct err *err);
enum err_class touches_write(const struct touches *touches, struct tx *tx, int64_t shop_id,
                             struct err *err);

/* --- upsert.c: rows of data tables --- */
/* Writes a batch row by row and fills its outcomes; what follows from them is added to `touches`. */
enum err_class batch_write(struct tx *tx, const struct unit *unit, struct batch *batch,
                           struct touches *touches, struct unit_counts *counts, struct err *err);
/* Is a refused record of this shop and table waiting for a good copy? Nearly never: asked once a batch,
 * so that no row has to look. */
enum err_class rejects_wait(struct tx *tx, int64_t shop_id, const struct table *table, bool *out,
                            struct err *err);

/* --- unit.c --- */
enum err_class unit_apply(struct tx *tx, struct unit *unit, struct err *err);

/* --- ddl.c --- */
/* The statements of one migration number; nothing is appended when it brings none. */
void ddl_write_comments(struct buf *out, const struct table_catalog *catalog,
                        const struct ddl_dialect *dialect);
void ddl_write(struct buf *out, const struct table_catalog *catalog, unsigned number,
               const struct ddl_dialect *dialect);

/* --- migrate.c --- */
/* Steps written by hand: names end in "NNNN-words.BACKEND.sql". */
extern const struct embedded_file migration_files[];
unsigned migrations_newest(const struct store_ops *ops, const struct table_catalog *catalog,
                           const struct embedded_file *files);
enum err_class migrations_applied(struct conn *conn, unsigned *out, struct err *err);
/* "store_newer" for a database of a newer program. */
enum err_class migrations_guard(struct conn *conn, const struct store_target *target,
                                unsigned newest, struct err *err);
/* The steps that were taken have the texts that this program would take: else "store_checksum". */
enum err_class migrations_compare(struct conn *conn, const struct store_target *target,
                                  const struct table_catalog *catalog,
                                  const struct embedded_file *files, struct err *err);
enum err_class migrations_run(struct conn *conn, const struct store_target *target,
                              const struct table_catalog *catalog,
                              const struct embedded_file *files, unsigned *applied_now,
                              struct err *err);

/* --- months.c: tables whose months are partitions, where a database has them --- */
/* Makes what is missing of this month and the next two; rows that came before their month move into it. */
enum err_class months_keep(struct conn *conn, const struct table_catalog *catalog, int64_t now_ms,
                           struct err *err);
/* Months that lie wholly before `before_ms` go; *gone: rows in them. */
enum err_class months_drop(struct conn *conn, const struct table *table, int64_t before_ms,
                           int64_t *gone, struct err *err);

/* --- prune.c: rows that are too old --- */
enum err_class rows_prune(struct store *store, const struct table *table, int64_t before_ms,
                          int64_t *gone, struct err *err);

/* --- ear.c --- */
struct ears {
    pthread_mutex_t lock;
    struct ear *first;
    pthread_t thread; /* runs where stop[0] is open */
    int stop[2];
    bool hears;
};
void ears_init(struct ears *ears);
void ears_fini(struct ears *ears);
void ears_tell(struct ears *ears, unsigned topics);
/* Before the COMMIT: what the transaction has to say, where the database passes it on. */
enum err_class tx_said_send(struct tx *tx, struct err *err);

/* --- store.c --- */
struct store {
    const struct store_ops *ops;
    struct arena arena;
    struct store_target target;
    const struct table_catalog *catalog;
    struct table_sql *tables; /* beside catalog->tables */
    struct str process;
    struct pool pool;
    struct writer writer;
    struct ears ears;
};

#endif

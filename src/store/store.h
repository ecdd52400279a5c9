/* store: the database. Connections, migrations, reads, and the one way rows get in: commit units.
 *
 * A commit unit is a value: steps before (the fence), rows of tables, rejects, steps after
 * (position, follow-up tasks). Its parts become visible together or not at all. The store knows
 * neither tasks nor windows: queue and sync hand it steps (SQL, values, expected row count).
 *
 * SQLite (sqlite.c): WAL, synchronous=FULL. One writer thread takes units in order of arrival,
 * groups what waits (COMMIT_ROWS_MAX rows or COMMIT_LINGER_MS) into one transaction and answers after
 * its COMMIT. A unit that fails (fence, constraint) is rolled back alone: the group is undone and run
 * again with a savepoint a unit; a failed COMMIT fails every unit of its group. Units of one
 * `order_key` commit in the order in which they were submitted.
 * Readers use connections of their own (a pool of 4) and never block the writer.
 *
 * Guarded upsert, per row inside the transaction: read row_hash and update time by key; absent: new,
 * insert; same hash: same, no write; older update time (then arrival): older, no write, counted;
 * else the whole row is read and merged (absent and null keep what is stored, gone erases) and
 * updated: changed. A status change is kept in status_history. New and changed rows replace their
 * original. What results follow from (`derived:` in schema/tables.yaml) is touched by its unit, each key once, as lists of
 * `touched`, for who derives them (derive/derive.h).
 *
 * Life cycle: store_open / store_close (waits for the writer). Ownership: a unit and everything in
 * it belongs to the submitter and must live until store_wait returned. Threads: any; a
 * `struct reader` is for one thread at a time.
 * Errors: ERR_STORE with codes "store_full", "store_busy", "store_corrupt", "store_newer",
 * "store_checksum", "store_absent", "store_io"; ERR_CONFIG "store_url"; ERR_CONFLICT "fence" when a
 * step hit another number of rows, "store_unique" when a row is there already; ERR_STOPPED after
 * store_close has begun. ERR_INTERNAL "store_sql" is a mistake in a statement. */
#ifndef HUILIU_STORE_STORE_H
#define HUILIU_STORE_STORE_H

#include "base/base.h"
#include "batch/batch.h"
#include "format/format.h"

struct store;

enum sql_kind {
    SQL_NULL,
    SQL_INT,
    SQL_TEXT,
    SQL_BYTES,
    SQL_LIST, /* the store's own: many integers or texts as one value */
    /* Filled by the store from the outcome of the unit's rows, summed over its batches; `number` is added. */
    SQL_ROWS_NEW,
    SQL_ROWS_CHANGED,
    SQL_ROWS_SAME,
    SQL_ROWS_OLDER,
};
struct sql_value {
    enum sql_kind kind;
    int64_t number;
    struct str text; /* borrowed */
};
struct sql_value sql_int(int64_t number);
struct sql_value sql_text(struct str text);
struct sql_value sql_bytes(struct str bytes);
struct sql_value sql_null(void);
struct sql_value sql_int_or_null(int64_t number, bool present);
struct sql_value sql_outcome(enum row_outcome outcome);

/* One text a statement, in what all databases understand (store/sql.h says what that is). Where they
 * must differ both texts stand side by side in one constant, and each database takes its own. An empty
 * one does nothing. */
#define SQL_PER_DATABASE(sqlite, postgres, mariadb)                                                \
    sqlite SQL_NEXT_DATABASE postgres SQL_NEXT_DATABASE mariadb
#define SQL_NEXT_DATABASE "\x1f"
/* In the place of a later text: the first one. */
#define SQL_AS_SQLITE "\x1e"
/* Before a statement whose best way hangs on its values: PostgreSQL, which plans the others once, plans it each time it runs,
 * which costs as much as a short statement does. */
#define SQL_BY_VALUES "/* by its values */ "
/* The smaller and the larger of two values; NULL where one is NULL. SQLite calls them min and max,
 * others LEAST and GREATEST, with other ideas about NULL. */
#define SQL_LESSER(a, b) "CASE WHEN " a " <= " b " THEN " a " WHEN " a " > " b " THEN " b " END"
#define SQL_GREATER(a, b) "CASE WHEN " a " >= " b " THEN " a " WHEN " a " < " b " THEN " b " END"

/* --- opening --- */
struct store_options {
    /* "sqlite:PATH", "sqlite:PATH?max_pages=N" bounds the file's size;
     * "postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=FILE", or whatever
     * else libpq takes as an address; "mysql://…" or "mariadb://…" of the same form. */
    struct str url;
    struct str home; /* relative paths are below it */
    const struct table_catalog *catalog;
    bool read_only;
    bool create;        /* make the database file when absent */
    struct str process; /* what this process is called in events: "COMMAND:HOST:PID" */
    /* The pool of read connections; 0 everywhere: what is usual for the database. */
    unsigned readers;       /* at most so many are open; at most STORE_READERS_MAX */
    int64_t reader_wait_ms; /* how long a reader waits for a free one, then "store_busy" */
    int64_t reader_age_ms;  /* opened anew after so long (servers only); INT64_MAX: never */
    int64_t
        reader_idle_ms; /* one that stood idle for so long is asked whether it lives (servers only) */
};
enum { STORE_READERS_MAX = 64 };
/* The tables this program was built with (schema/tables.yaml); they live in `arena`. */
enum err_class store_schema(struct arena *arena, struct table_catalog **out, struct err *err);
/* Opens without migrating; refuses a database of a newer version or a corrupt one. */
enum err_class store_open(const struct store_options *options, struct store **out, struct err *err);
void store_close(struct store *store);
const struct table_catalog *store_catalog(const struct store *store);
/* "sqlite" or "postgres". */
const char *store_kind(const struct store *store);
/* Connections that this store may have open at once, all of them counted. */
unsigned store_connections(const struct store *store);
/* Those that are no readers. */
unsigned store_connections_beside(void);
/* How many the server lets this user have, everybody's together; INT64_MAX where nobody counts. */
enum err_class store_connections_allowed(struct store *store, int64_t *out, struct err *err);

/* Migrations are numbered; number N brings the tables and columns declared `since: N` and the
 * statements of schema/migrations/NNNN-*.sql-like steps. Each is checksummed when applied; a step
 * whose text has changed since is refused ("store_checksum"). Forward only. */
struct migration_state {
    unsigned applied, newest;
};
enum err_class store_migration_state(struct store *store, struct migration_state *out,
                                     struct err *err);
enum err_class store_migrate(struct store *store, unsigned *applied_now, struct err *err);
/* Changes nothing: "store_checksum" when a step that was taken has another text in this program. */
enum err_class store_migration_check(struct store *store, struct err *err);
/* Once a day, and after migrating. Where the database keeps months of a table apart (`months:` in
 * schema/tables.yaml) it makes those of now and the next two. */
enum err_class store_upkeep(struct store *store, int64_t now_ms, struct err *err);
/* Rows of a table that has months, and are older than before_ms, go: whole months at once where they are
 * kept apart, the rest a few thousand rows a transaction. *gone: how many rows. */
enum err_class store_prune(struct store *store, struct str table, int64_t before_ms, int64_t *gone,
                           struct err *err);
/* Statements that define something (views), in one transaction where the database can; not beside a
 * migration or another definition. "store_busy" when readers of what it replaces go on for 5 s. */
enum err_class store_define(struct store *store, const char *script, struct err *err);
/* PRAGMA quick_check and foreign sizes: what doctor prints. ERR_STORE "store_corrupt". */
enum err_class store_check(struct store *store, struct err *err);

/* --- reading ---
 * A read sees the last commit before it began. When all connections are in use for `reader_wait_ms`
 * the read fails with "store_busy": close a reader before the next is opened. Values are borrowed
 * until reader_close. */
struct reader; /* a connection borrowed from the pool with one statement open */
enum err_class store_read(struct store *store, const char *sql, const struct sql_value *values,
                          size_t values_len, struct reader **out, struct err *err);
/* A statement to be asked many times (reader_ask), each time of the same commit. */
enum err_class store_read_snapshot(struct store *store, const char *sql, struct reader **out,
                                   struct err *err);
enum err_class reader_ask(struct reader *reader, const struct sql_value *values, size_t values_len,
                          struct err *err);
/* Advances; false at the end or on error (reader_close tells). Columns are valid until the next. */
bool reader_next(struct reader *reader);
int64_t reader_int(const struct reader *reader, int column);
struct str reader_text(const struct reader *reader, int column); /* text or bytes */
bool reader_is_null(const struct reader *reader, int column);
int reader_columns(const struct reader *reader);
struct str reader_column_name(const struct reader *reader, int column);
enum err_class reader_close(struct reader *reader, struct err *err);
/* Several statements of one commit, one after the other: store_snapshot, snapshot_read …, reader_close. What
 * is read so costs neither locks of its own nor, after every commit of the writer, a cold cache. */
enum err_class store_snapshot(struct store *store, struct reader **out, struct err *err);
enum err_class snapshot_read(struct reader *snapshot, const char *sql,
                             const struct sql_value *values, size_t values_len, struct err *err);
enum err_class snapshot_read_int(struct reader *snapshot, const char *sql,
                                 const struct sql_value *values, size_t values_len, int64_t absent,
                                 int64_t *out, struct err *err);
/* What is stored of a batch's rows: fills known[row] with enum row_known. */
enum err_class store_known(struct store *store, const struct batch *batch, int64_t shop_id,
                           unsigned char *known, struct err *err);
/* What storing them would come to: fills outcomes[row] with enum row_outcome; nothing is written. */
enum err_class store_judge(struct store *store, const struct batch *batch, int64_t shop_id,
                           int64_t now_ms, unsigned char *outcomes, struct err *err);
/* One integer of one row; `absent` when there is no row or it is NULL. */
enum err_class store_read_int(struct store *store, const char *sql, const struct sql_value *values,
                              size_t values_len, int64_t absent, int64_t *out, struct err *err);

/* --- writing --- */
/* Any number of rows, and they are rows of `touched`. */
enum { STEP_TOUCHES = -2 };
struct step {
    const char *sql; /* a named constant of the room that supplies it */
    const struct sql_value *values;
    size_t values_len;
    int64_t
        rows_expected; /* -1: any number, STEP_TOUCHES; otherwise another number is ERR_CONFLICT "fence" */
    unsigned topics; /* said with the commit to who listens (ear.h) */
};

struct tx;
typedef enum err_class store_work(struct tx *tx, void *context, struct err *err);

struct unit_counts {
    int64_t rows[ROW_OUTCOMES];
    int64_t touched; /* rows that are to be derived again */
};

struct unit {
    uint64_t order_key; /* units with the same key (a task's id) commit in order */
    int64_t shop_id;
    const struct step *before;
    size_t before_len;
    struct batch *const *batches;
    size_t batches_len;
    const struct reject *rejects;
    size_t rejects_len;
    const struct step *after;
    size_t after_len;
    /* Behind them, and only where the unit touched rows. */
    const struct step *touched;
    size_t touched_len;
    int64_t now_ms;
    /* Filled when done. */
    struct unit_counts counts;
    enum err_class result;
    struct err err;
    /* The store's own. */
    store_work *work; /* store_write runs as a unit too */
    void *work_context;
    struct unit *next;
    bool done;
};

/* Never blocks longer than the queue is full (UNITS_QUEUED_MAX). After ERR_STOPPED nothing of it
 * was written. */
enum err_class store_submit(struct store *store, struct unit *unit, struct err *err);
/* Waits until the group's COMMIT; returns unit->result. After ERR_STORE a COMMIT may have happened
 * all the same (the disk failed while answering): who must know reads what the unit would have
 * written (queue_units_committed). */
enum err_class store_wait(struct store *store, struct unit *unit, struct err *err);
/* Both at once, for short writes. */
enum err_class store_commit(struct store *store, struct unit *unit, struct err *err);

/* Work that must read and write in one transaction (claiming, command-line edits): `work` runs on
 * the writer, in a group with units, as one of them. It must not block, and it may run twice: what
 * the first run did in the database is then undone, so it begins by setting its context anew. */
enum err_class store_write(struct store *store, store_work *work, void *context, struct err *err);
enum err_class tx_exec(struct tx *tx, const char *sql, const struct sql_value *values,
                       size_t values_len, int64_t *rows_changed, struct err *err);
/* Rows are handed to `each` (may be NULL to ignore); columns through reader_*. */
typedef enum err_class tx_row(struct reader *row, void *context, struct err *err);
enum err_class tx_query(struct tx *tx, const char *sql, const struct sql_value *values,
                        size_t values_len, tx_row *each, void *context, struct err *err);
/* Runs it at the latest with the COMMIT: what goes wrong is found out there, and how many rows it changed is not
 * told. Several of these cost one trip to a server. */
enum err_class tx_later(struct tx *tx, const char *sql, const struct sql_value *values,
                        size_t values_len, struct err *err);
/* The same of many rows, whose columns are of these kinds (or NULL). Servers get one statement of lists, for which `sql` has a
 * text of its own where the database needs one (PostgreSQL: insert_values_write); there no key may stand in two rows. */
enum err_class tx_later_rows(struct tx *tx, const char *sql, const enum sql_kind *kinds,
                             size_t kinds_len, const struct sql_value *const *rows, size_t rows_len,
                             struct err *err);
/* Of a statement that inserts, what stands behind its columns: values ?1 … as a row, or lists of them as PostgreSQL takes
 * them apart. */
void insert_values_write(struct buf *out, size_t values_len, bool lists);
int64_t tx_last_id(struct tx *tx);
/* May what is new as far as is known be inserted as such, without ON CONFLICT, for which PostgreSQL takes twice as long?
 * Where a row is there all the same the work runs again, and then it may not. */
bool tx_hasty(const struct tx *tx);
/* These keys are to be derived again (derive/derive.h), under this name: lists of at most so many each. */
enum { TOUCHED_LIST_KEYS = 500 };
enum err_class tx_touch(struct tx *tx, int64_t shop_id, struct str name, const struct str *keys,
                        size_t len, struct err *err);
/* One such list as a step of a unit (STEP_TOUCHES); what it holds is in the arena. */
enum err_class touch_step(int64_t shop_id, struct str name, const struct str *keys, size_t len,
                          struct arena *arena, struct step *out, struct err *err);

/* --- apart from the writer ---
 * Short transactions on a few rows that many processes want, and that may not stand behind a long group of units: a
 * connection of its own. Nothing here waits for long: a row that another transaction holds for a second is
 * "store_busy", and a server that is not there is tried for once and is an error. `work` may run again, also after it
 * was committed (the connection was cut at the COMMIT): what must not be done twice looks first. On SQLite there is one
 * writer at a time all the same. Threads: one at a time. */
struct store_side;
enum err_class store_side_open(struct store *store, struct store_side **out, struct err *err);
/* Before store_close. */
void store_side_close(struct store_side *side);
enum err_class store_side_write(struct store_side *side, store_work *work, void *context,
                                struct err *err);

#include "store/ear.h"
#include "store/event.h"

#endif

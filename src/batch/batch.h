/* batch: what tables look like and a page's rows on their way into them.
 *
 * Tables are declared once, in schema/tables.yaml; table_catalog_parse turns the text into table
 * definitions that every other room uses: the store generates DDL and its guarded upsert from
 * them, the connector maps into them, check and docs read them.
 *
 * A batch holds rows of one table as typed columns. A cell is absent (the reply did not say), null
 * (the reply said "nothing here"), gone (the platform says the value was taken back) or set.
 * Absent and null never erase a value that was stored before; gone does.
 *
 * Life cycle: catalog and batches live in an arena of the caller. Threads: a catalog is read-only
 * once parsed; a batch belongs to one thread until it is handed to the store with its unit.
 *
 *     struct batch *orders;
 *     batch_new(table, arena, 100, &orders, err);
 *     size_t row;
 *     batch_append(orders, &row, err);
 *     batch_set_text(orders, row, column, STR("1835535794685987"));
 *     batch_set_number(orders, row, budget_column, 21000); */
#ifndef HUILIU_BATCH_BATCH_H
#define HUILIU_BATCH_BATCH_H

#include "base/base.h"
#include "format/format.h"

enum column_type {
    COLUMN_ID, /* text, byte-wise collation, at most ID_BYTES_MAX */
    COLUMN_TEXT,
    COLUMN_INT,
    COLUMN_MONEY, /* minor units; the table has one `currency` column or the column names one */
    COLUMN_RATIO, /* integer millionths */
    COLUMN_TIME,  /* UTC milliseconds */
    COLUMN_BOOL,
    COLUMN_JSON, /* compact text */
    COLUMN_BYTES,
    COLUMN_PERSONAL, /* three columns in the database: NAME_cipher, NAME_mask, NAME_index */
};

/* What a personal value is: decides its mask. */
enum personal_class { PERSONAL_NONE, PERSONAL_PHONE, PERSONAL_NAME, PERSONAL_TEXT };

struct column {
    struct str name;
    enum column_type type;
    enum personal_class personal;
    bool required;  /* NOT NULL in the database; a record without it is rejected */
    unsigned since; /* migration number that brought it */
    /* The longest value of an id, and of a text that is in a key or index or says `bytes`: what an index of
     * MariaDB can hold. 0: no such bound. */
    size_t bytes_max;
    unsigned bounded_since; /* the migration from which it is so */
    size_t weight; /* ratio: the column it is weighted by when rows are added up, or SIZE_MAX */
    size_t quotient[2];      /* money: made from these two when rows are added up, or SIZE_MAX */
    const struct str *words; /* text: the only values that a manifest may give it; none: any */
    size_t words_len;
    struct str comment; /* one line, shown in docs and as column comment where there are such */
};

struct index_def {
    struct str name;
    const size_t *columns;
    size_t columns_len;
    bool unique;
    struct str where; /* partial index condition, or empty */
    unsigned until;   /* the migration that takes it away; 0: none */
    unsigned since;   /* migration number that brings it */
};

enum { DERIVED_BY_MAX = 3 };

/* Data tables hold platform records: their key begins with shop_id, they have the guard columns
 * (row_hash, received_ms, first_seen_ms, changed_ms) and originals. System tables are plain. */
struct table {
    struct str name;
    struct str comment;
    bool data;
    bool serial;    /* the database hands out the key (one INT) and never uses one again */
    bool clustered; /* small rows that are mostly key: kept in key order where a database can */
    bool
        passing; /* rows that a crash of the server may take: written without its log where that can be */
    unsigned since;
    const struct column *columns; /* data tables: without shop_id and the guard columns */
    size_t columns_len;
    const size_t *key; /* data tables: the natural key after shop_id */
    size_t key_len;
    size_t updated; /* column of the platform's update time, or SIZE_MAX */
    size_t created; /* column of the platform's creation time, or SIZE_MAX */
    size_t status;  /* column whose changes are kept in status_history, or SIZE_MAX */
    /* Results follow from its rows: what is new or changed touches, under this name, its values of columns of the
     * key, joined by U+001F. Empty: none do. */
    struct str derived_of;
    size_t derived_by[DERIVED_BY_MAX];
    size_t derived_by_len;
    size_t
        months; /* column of time by whose month a database that can keeps rows apart, or SIZE_MAX */
    const struct index_def *indexes;
    size_t indexes_len;
};

enum { TABLE_COLUMNS_MAX = 128 };

struct table_catalog {
    const struct table *tables;
    size_t tables_len;
    unsigned newest; /* highest migration number */
};

/* ERR_CONFIG with file, line, column. The schema of the file is in docs/tables.md. */
enum err_class table_catalog_parse(struct str file, struct str text, struct arena *arena,
                                   struct table_catalog **out, struct err *err);
const struct table *table_find(const struct table_catalog *catalog, struct str name);
/* Index of a column or SIZE_MAX. */
size_t table_column(const struct table *table, struct str name);
/* Is the column part of the key? */
bool table_key_has(const struct table *table, size_t column);
/* The column with which an index's condition begins; empty: it has none. */
struct str index_condition_column(const struct index_def *index);
const char *column_type_name(enum column_type type);

enum cell_state { CELL_ABSENT, CELL_NULL, CELL_GONE, CELL_SET };

struct batch_column {
    unsigned char *states; /* enum cell_state a row */
    int64_t *numbers;      /* INT MONEY RATIO TIME BOOL */
    struct str *texts;     /* ID TEXT JSON BYTES PERSONAL (plain until sealed) */
};

/* A personal value after sealing. */
struct sealed_value {
    struct str cipher, mask, index;
};

/* One row's guard: what decides new / changed / same / older. */
struct row_guard {
    unsigned char hash[16];
    int64_t updated_ms;  /* platform update time, or the arrival of the reply */
    int64_t received_ms; /* arrival of the reply */
};

enum row_outcome { ROW_NEW, ROW_CHANGED, ROW_SAME, ROW_OLDER, ROW_OUTCOMES };

/* What was found of a row before it reached the store. */
enum row_known {
    KNOWN_NOTHING, /* the store looks */
    KNOWN_SAME,    /* stored just so, and nothing can have changed it since: not looked at again */
    KNOWN_ABSENT,  /* was not stored: inserted without a look, which is taken if it is there now */
};

struct batch {
    const struct table *table;
    struct arena *arena;
    size_t rows_len, rows_max;
    bool rewrite; /* write rows whose hash is stored already too: a changed mapping is applied */
    struct batch_column *columns;
    struct row_guard *guards;
    const struct json **records;  /* the record each row came from (borrowed from its page) */
    struct str *originals;        /* compressed, sealed original; empty: none is kept */
    struct sealed_value **sealed; /* [column][row] for personal columns, else NULL */
    /* enum row_known: what whoever made the batch has found stored. NULL: nothing is known. */
    const unsigned char *known;
    unsigned char *outcomes; /* enum row_outcome, filled by the store */
};

enum err_class batch_new(const struct table *table, struct arena *arena, size_t rows_max,
                         struct batch **out, struct err *err);
/* ERR_BAD_REPLY "page_records" beyond rows_max. All cells start absent. */
enum err_class batch_append(struct batch *batch, size_t *row, struct err *err);
void batch_set_number(struct batch *batch, size_t row, size_t column, int64_t number);
void batch_set_text(struct batch *batch, size_t row, size_t column, struct str text);
void batch_set_state(struct batch *batch, size_t row, size_t column, enum cell_state state);
enum cell_state batch_state(const struct batch *batch, size_t row, size_t column);
/* Takes the last appended row back (a record that turned out to be a reject). */
void batch_drop_last(struct batch *batch);
/* The row's natural key joined with U+001F, as originals, rejects and history name it. */
enum err_class batch_key(const struct batch *batch, size_t row, struct arena *arena,
                         struct str *out, struct err *err);

/* A record that was refused alone. */
struct reject {
    struct str table;
    struct str key;   /* natural key where it could be read, else empty */
    struct str id;    /* the id that counts as seen, else empty */
    struct str field; /* which field, or empty */
    char code[48];    /* "money_text", "field_missing", … */
    struct str message;
    const struct json *record; /* borrowed from the page until sealed */
    struct str original;       /* compressed and sealed whole by sync */
    struct str stream;         /* where it was met; filled by sync */
    int64_t from_ms, to_ms;    /* the window; both 0: none */
};

#endif

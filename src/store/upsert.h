/* Private to store: what the files of the upsert share. */
#ifndef HUILIU_STORE_UPSERT_H
#define HUILIU_STORE_UPSERT_H

#include "store/internal.h"

/* A batch on its way in: the table's statements are looked up once, not for each row. */
struct row_writer {
    struct tx *tx;
    const struct unit *unit;
    struct batch *batch;
    struct touches *touches;
    struct stmt *guard, *row, *insert, *update, *original, *status, *reject;
    /* Of lists, where the database has them. */
    struct stmt *guards, *rows, *inserts, *originals, *statuses;
    struct stmt *stored;        /* stands on the row that is merged: `row` or `rows` */
    struct gathers *gathers;    /* NULL: each row is written when it is its turn */
    struct guards_ahead *ahead; /* NULL: each row's guard is read when it is its turn */
    bool rejects;               /* something of this shop and table waits for a good copy */
    struct sql_value key[1 + TABLE_COLUMNS_MAX];
    struct sql_value values[ROW_VALUES_MAX];
};

/* What is stored of a row, as far as it decides. */
struct stored_guard {
    bool found;
    unsigned char hash[16];
    int64_t updated_ms, received_ms;
    struct str status; /* in the scratch arena; empty: none */
};

/* The guard: what a copy of a row is to the one that is stored. */
enum row_outcome row_classify(const struct row_guard *row, const struct stored_guard *stored,
                              bool rewrite, int64_t now_ms);

/* Runs a statement that only writes. `rows`: how many it must write, or ROWS_ANY. */
enum err_class write_run(struct row_writer *w, struct stmt *stmt, const struct sql_value *values,
                         size_t values_len, int64_t rows, struct err *err);
struct sql_value cell_value(const struct batch *batch, size_t row, size_t column);

/* --- ahead.c: guards of a page, read at once where the database takes lists --- */
/* Asks for the guards of the batch's rows; what else is asked before the next call is answered with
 * them. In `arena`; NULL in *out where the database has no lists or there is nothing to look for. */
enum err_class guards_ask(struct row_writer *w, struct arena *arena, struct guards_ahead **out,
                          struct err *err);
enum err_class guards_take(struct row_writer *w, struct guards_ahead *ahead, struct arena *arena,
                           struct err *err);
/* False: the row must be looked at anew, since one before it in the page has the same key. */
bool guard_take_ahead(const struct guards_ahead *ahead, size_t row, struct stored_guard *out);
/* Lets w->rows stand on this row; false where it has to be read alone. Rows come in order. */
enum err_class row_take_ahead(struct row_writer *w, size_t row, bool *taken, struct err *err);

/* --- gather.c: rows written together --- */
enum gather_kind { GATHER_ROWS, GATHER_ORIGINALS, GATHER_STATUSES, GATHERS };
enum err_class gathers_new(struct row_writer *w, struct arena *arena, struct gathers **out,
                           struct err *err);
/* Values are borrowed until they are written: they belong to the batch or were made by gather_key. */
enum err_class gather_add(struct row_writer *w, enum gather_kind kind,
                          const struct sql_value *values, struct err *err);
enum err_class gather_key(struct row_writer *w, struct str *key, struct err *err);
/* Before anything is asked of the tables, and at the end. */
enum err_class gathered_write(struct row_writer *w, struct err *err);

#endif

/* Private to store: what the files of the upsert share. */
#ifndef HUILIU_STORE_UPSERT_H
#define HUILIU_STORE_UPSERT_H

#include "store/internal.h"

/* A batch on its way in: the table's statements are looked up once, not for each row. */
struct row_writer {
    struct tx *tx;
    const struct unit *unit;
    struct batch *batch;
    struct stmt *guard, *row, *insert, *update, *original, *status, *reject;
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

struct sql_value cell_value(const struct batch *batch, size_t row, size_t column);

/* --- ahead.c: guards of a page, read at once where the database takes lists --- */
/* In `arena`; NULL in *out where the database has no lists or there is nothing to look for. */
enum err_class guards_read_ahead(struct row_writer *w, struct arena *arena,
                                 struct guards_ahead **out, struct err *err);
/* False: the row must be looked at anew, since one before it in the page has the same key. */
bool guard_take_ahead(const struct guards_ahead *ahead, size_t row, struct stored_guard *out);

#endif

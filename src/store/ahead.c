/* What is stored of a page's rows, asked in one statement: where each question is a round trip, a page
 * costs one. On SQLite a question costs no more than a call and is asked row by row. */
#include <assert.h>
#include <string.h>

#include "store/upsert.h"

enum {
    /* As many changed rows of a page are read together; fewer cost less one by one. */
    CHANGED_TOGETHER_MIN = 4,
};

struct guards_ahead {
    struct sql_value keys[1 + TABLE_COLUMNS_MAX];
    struct stored_guard *guards; /* one for each row of the batch */
    bool *again;                 /* a row before it has this key */
    size_t changed;              /* rows that are stored with another hash */
    bool rows_read;              /* w->rows has been run */
    size_t row_at;               /* where it stands; SIZE_MAX: behind its last row */
};

struct sql_value cell_value(const struct batch *batch, size_t row, size_t column)
{
    const struct batch_column *cells = &batch->columns[column];
    if (cells->states[row] != CELL_SET)
        return sql_null();
    if (cells->numbers)
        return sql_int(cells->numbers[row]);
    return batch->table->columns[column].type == COLUMN_BYTES ? sql_bytes(cells->texts[row])
                                                              : sql_text(cells->texts[row]);
}

/* One list for each key column, of the rows `rows`. */
static enum err_class key_lists(const struct batch *batch, struct arena *arena,
                                struct sql_value *values, struct err *err)
{
    const struct table *table = batch->table;
    for (size_t i = 0; i < table->key_len; i++) {
        struct sql_value *items = arena_array(arena, batch->rows_len, sizeof(*items));
        if (!items)
            return err_no_memory(err);
        for (size_t row = 0; row < batch->rows_len; row++)
            items[row] = cell_value(batch, row, table->key[i]);
        bool number = batch->columns[table->key[i]].numbers != NULL;
        values[i] = (struct sql_value){.kind = SQL_LIST,
                                       .number = number ? SQL_INT : SQL_TEXT,
                                       .text = {(const void *)items, batch->rows_len}};
    }
    return ERR_OK;
}

static uint64_t key_hash(const struct batch *batch, size_t row)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < batch->table->key_len; i++) {
        struct sql_value value = cell_value(batch, row, batch->table->key[i]);
        uint64_t parts[2] = {hash, value.kind == SQL_INT
                                       ? (uint64_t)value.number
                                       : hash_bytes(value.text.ptr, value.text.len)};
        hash = hash_bytes(parts, sizeof(parts));
    }
    return hash ? hash : 1;
}

/* Marks rows whose key, by its hash, a row before them has. Keys that only share the hash are looked at
 * once more: no harm. */
static enum err_class repeats_mark(const struct batch *batch, struct arena *arena, bool *again,
                                   struct err *err)
{
    size_t places = 16;
    while (places < batch->rows_len * 2)
        places *= 2;
    uint64_t *seen = arena_array(arena, places, sizeof(*seen));
    if (!seen)
        return err_no_memory(err);
    memset(seen, 0, places * sizeof(*seen));
    for (size_t row = 0; row < batch->rows_len; row++) {
        uint64_t hash = key_hash(batch, row);
        size_t at = hash & (places - 1);
        while (seen[at] && seen[at] != hash)
            at = (at + 1) & (places - 1);
        again[row] = seen[at] == hash;
        seen[at] = hash;
    }
    return ERR_OK;
}

static enum err_class guard_copy(const struct store_ops *ops, struct stmt *stmt,
                                 struct stored_guard *out, struct arena *arena, struct err *err)
{
    struct str hash = ops->column_text(stmt, 1);
    *out = (struct stored_guard){.found = true, .received_ms = ops->column_int(stmt, 2)};
    memcpy(out->hash, hash.ptr, hash.len < sizeof(out->hash) ? hash.len : sizeof(out->hash));
    out->updated_ms = ops->column_is_null(stmt, 3) ? out->received_ms : ops->column_int(stmt, 3);
    out->status = arena_dup(arena, ops->column_text(stmt, 4));
    return out->status.ptr ? ERR_OK : err_no_memory(err);
}

static bool all_known_same(const struct batch *batch)
{
    size_t row = 0;
    while (batch->known && row < batch->rows_len && batch->known[row] == KNOWN_SAME)
        row++;
    return row == batch->rows_len;
}

static enum err_class lists_ask(struct row_writer *w, struct stmt *stmt,
                                const struct guards_ahead *ahead, struct err *err)
{
    const struct store_ops *ops = w->tx->conn->ops;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i <= w->batch->table->key_len; i++)
        class_ = ops->bind(stmt, (int)i + 1, &ahead->keys[i], err);
    return class_ ? class_ : ops->ask(stmt, err);
}

enum err_class guards_ask(struct row_writer *w, struct arena *arena, struct guards_ahead **out,
                          struct err *err)
{
    const struct batch *batch = w->batch;
    *out = NULL;
    if (!w->tx->conn->ops->lists || all_known_same(batch))
        return ERR_OK;
    struct guards_ahead *ahead = arena_array(arena, 1, sizeof(*ahead));
    if (!ahead)
        return err_no_memory(err);
    *ahead = (struct guards_ahead){
        .keys = {sql_int(w->unit->shop_id)},
        .guards = arena_array(arena, batch->rows_len, sizeof(*ahead->guards)),
        .again = arena_array(arena, batch->rows_len, sizeof(*ahead->again)),
    };
    if (!ahead->guards || !ahead->again)
        return err_no_memory(err);
    memset(ahead->guards, 0, batch->rows_len * sizeof(*ahead->guards));
    enum err_class class_ = repeats_mark(batch, arena, ahead->again, err);
    if (!class_)
        class_ = key_lists(batch, arena, ahead->keys + 1, err);
    if (!class_)
        class_ = lists_ask(w, w->guards, ahead, err);
    *out = ahead;
    return class_;
}

enum err_class guards_take(struct row_writer *w, struct guards_ahead *ahead, struct arena *arena,
                           struct err *err)
{
    const struct store_ops *ops = w->tx->conn->ops;
    bool row;
    enum err_class class_ = ops->step(w->guards, &row, err);
    while (!class_ && row) {
        size_t at = (size_t)ops->column_int(w->guards, 0) - 1;
        assert(at < w->batch->rows_len);
        class_ = guard_copy(ops, w->guards, &ahead->guards[at], arena, err);
        ahead->changed += w->batch->rewrite ||
                          memcmp(ahead->guards[at].hash, w->batch->guards[at].hash,
                                 sizeof(ahead->guards[at].hash)) != 0;
        if (!class_)
            class_ = ops->step(w->guards, &row, err);
    }
    ops->reset(w->guards);
    return class_;
}

enum err_class row_take_ahead(struct row_writer *w, size_t row, bool *taken, struct err *err)
{
    const struct store_ops *ops = w->tx->conn->ops;
    struct guards_ahead *ahead = w->ahead;
    enum err_class class_ = ERR_OK;
    *taken = false;
    if (!ahead || ahead->again[row] || ahead->changed < CHANGED_TOGETHER_MIN)
        return ERR_OK;
    if (!ahead->rows_read)
        class_ = lists_ask(w, w->rows, ahead, err);
    bool more = !ahead->rows_read || ahead->row_at < row;
    ahead->rows_read = true;
    while (!class_ && more) {
        class_ = ops->step(w->rows, &more, err);
        if (!class_ && more)
            ahead->row_at = (size_t)ops->column_int(w->rows, ops->columns(w->rows) - 1) - 1;
        if (more && ahead->row_at >= row)
            break;
    }
    *taken = !class_ && more && ahead->row_at == row;
    return class_;
}

bool guard_take_ahead(const struct guards_ahead *ahead, size_t row, struct stored_guard *out)
{
    if (ahead->again[row])
        return false;
    *out = ahead->guards[row];
    return true;
}

/* --- for whoever wants to know before a unit is made --- */

/* What is asked of a batch: enum row_known, or enum row_outcome at a moment. */
struct look {
    const struct batch *batch;
    int64_t shop_id, now_ms;
    unsigned char *known, *outcomes; /* one of them */
};

static void look_absent(const struct look *look, size_t row)
{
    if (look->known)
        look->known[row] = KNOWN_ABSENT;
    else
        look->outcomes[row] = ROW_NEW;
}

/* `first`: the column of the hash; behind it stands, where outcomes are asked, the rest of the guard. */
static void look_stored(const struct look *look, size_t row, const struct reader *reader, int first)
{
    const struct row_guard *own = &look->batch->guards[row];
    struct str hash = reader_text(reader, first);
    if (look->known) {
        bool same = hash.len == sizeof(own->hash) && memcmp(hash.ptr, own->hash, hash.len) == 0;
        look->known[row] = same ? KNOWN_SAME : KNOWN_NOTHING;
        return;
    }
    struct stored_guard stored = {.found = true, .received_ms = reader_int(reader, first + 1)};
    stored.updated_ms = reader_is_null(reader, first + 2) ? stored.received_ms
                                                          : reader_int(reader, first + 2);
    memcpy(stored.hash, hash.ptr, hash.len < sizeof(stored.hash) ? hash.len : sizeof(stored.hash));
    look->outcomes[row] = (unsigned char)row_classify(own, &stored, look->batch->rewrite,
                                                      look->now_ms);
}

/* Row by row, all of one commit. */
static enum err_class look_each(struct store *store, const struct table_sql *sql,
                                const struct look *look, struct err *err)
{
    const struct batch *batch = look->batch;
    const struct table *table = batch->table;
    struct reader *reader;
    enum err_class class_ = store_read_snapshot(store, look->known ? sql->hash : sql->guard,
                                                &reader, err);
    if (class_)
        return class_;
    for (size_t row = 0; !class_ && row < batch->rows_len; row++) {
        struct sql_value values[1 + TABLE_COLUMNS_MAX];
        values[0] = sql_int(look->shop_id);
        for (size_t i = 0; i < table->key_len; i++)
            values[i + 1] = cell_value(batch, row, table->key[i]);
        class_ = reader_ask(reader, values, table->key_len + 1, err);
        if (!class_ && !reader_next(reader))
            look_absent(look, row);
        else if (!class_)
            look_stored(look, row, reader, 0);
    }
    enum err_class closed = reader_close(reader, class_ ? NULL : err);
    return class_ ? class_ : closed;
}

static enum err_class look_list(struct store *store, const struct table_sql *sql,
                                const struct look *look, struct err *err)
{
    const struct batch *batch = look->batch;
    struct arena arena;
    struct reader *reader;
    struct sql_value values[1 + TABLE_COLUMNS_MAX] = {sql_int(look->shop_id)};
    arena_init(&arena);
    enum err_class class_ = key_lists(batch, &arena, values + 1, err);
    if (!class_)
        class_ = store_read(store, sql->guards, values, batch->table->key_len + 1, &reader, err);
    if (!class_) {
        for (size_t row = 0; row < batch->rows_len; row++)
            look_absent(look, row);
        while (reader_next(reader)) {
            size_t at = (size_t)reader_int(reader, 0) - 1;
            assert(at < batch->rows_len);
            look_stored(look, at, reader, 1);
        }
        class_ = reader_close(reader, err);
    }
    arena_fini(&arena);
    return class_;
}

static enum err_class look(struct store *store, const struct look *look, struct err *err)
{
    size_t table = (size_t)(look->batch->table - store->catalog->tables);
    assert(table < store->catalog->tables_len && look->batch->table->data);
    if (look->batch->rows_len == 0)
        return ERR_OK;
    return (store->ops->lists ? look_list : look_each)(store, &store->tables[table], look, err);
}

enum err_class store_known(struct store *store, const struct batch *batch, int64_t shop_id,
                           unsigned char *known, struct err *err)
{
    const struct look asked = {.batch = batch, .shop_id = shop_id, .known = known};
    return look(store, &asked, err);
}

enum err_class store_judge(struct store *store, const struct batch *batch, int64_t shop_id,
                           int64_t now_ms, unsigned char *outcomes, struct err *err)
{
    const struct look asked = {
        .batch = batch, .shop_id = shop_id, .now_ms = now_ms, .outcomes = outcomes};
    return look(store, &asked, err);
}

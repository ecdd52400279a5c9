/* The guarded upsert: rows of data tables, one at a time, as part of their unit. A page may hold a
 * record twice, so that every row is compared with what the rows before it have written. */
#include "store/upsert.h"
#include "store/sql.h"

#include <assert.h>
#include <string.h>

/* Clocks of platforms differ and zones are mistaken for one another: never by more than a day. */
static const int64_t ARRIVED_AHEAD_MAX_MS = INT64_C(60) * 1000;
static const int64_t UPDATED_AHEAD_MAX_MS = INT64_C(24) * 3600 * 1000;

static struct sql_value text_or_null(struct str text)
{
    return text.ptr ? sql_text(text) : sql_null();
}

/* The columns as the batch has them; returns how many values there are now. */
static size_t values_from_batch(struct row_writer *w, size_t row)
{
    const struct batch *batch = w->batch;
    size_t at = 0;
    w->values[at++] = sql_int(w->unit->shop_id);
    for (size_t i = 0; i < batch->table->columns_len; i++) {
        if (batch->table->columns[i].type != COLUMN_PERSONAL) {
            w->values[at++] = cell_value(batch, row, i);
            continue;
        }
        struct sealed_value none = {STR_NONE, STR_NONE, STR_NONE};
        bool set = batch->columns[i].states[row] == CELL_SET;
        struct sealed_value sealed = set ? batch->sealed[i][row] : none;
        w->values[at++] = text_or_null(sealed.cipher);
        w->values[at++] = text_or_null(sealed.mask);
        w->values[at++] = text_or_null(sealed.index);
    }
    const struct row_guard *guard = &batch->guards[row];
    w->values[at++] = sql_bytes((struct str){(const char *)guard->hash, sizeof(guard->hash)});
    w->values[at++] = sql_int(guard->received_ms);
    w->values[at++] = sql_int(w->unit->now_ms);
    return at;
}

/* A value that was set and never sealed would stand in the database in plain. */
static enum err_class personal_check(const struct batch *batch, size_t row, struct err *err)
{
    for (size_t i = 0; i < batch->table->columns_len; i++)
        if (batch->table->columns[i].type == COLUMN_PERSONAL &&
            batch->columns[i].states[row] == CELL_SET && !batch->sealed[i][row].cipher.ptr)
            return err_set(err, ERR_INTERNAL, "personal_unsealed",
                           "%.*s.%.*s reached the store unsealed", STR_ARG(batch->table->name),
                           STR_ARG(batch->table->columns[i].name));
    return ERR_OK;
}

static void key_fill(struct row_writer *w, size_t row)
{
    const struct table *table = w->batch->table;
    w->key[0] = sql_int(w->unit->shop_id);
    for (size_t i = 0; i < table->key_len; i++)
        w->key[i + 1] = cell_value(w->batch, row, table->key[i]);
}

/* Runs a statement that finds the row by the filled key. */
static enum err_class key_run(struct row_writer *w, struct stmt *stmt, bool *found, struct err *err)
{
    return stmt_run(stmt, w->key, w->batch->table->key_len + 1, found, err);
}

static enum err_class guard_read(struct row_writer *w, size_t row, struct stored_guard *out,
                                 struct err *err)
{
    const struct store_ops *ops = w->tx->conn->ops;
    if (w->ahead && guard_take_ahead(w->ahead, row, out))
        return ERR_OK;
    *out = (struct stored_guard){.found = false};
    enum err_class class_ = gathered_write(w, err);
    if (!class_)
        class_ = key_run(w, w->guard, &out->found, err);
    if (!class_ && out->found) {
        struct str hash = ops->column_text(w->guard, 0);
        memcpy(out->hash, hash.ptr, hash.len < sizeof(out->hash) ? hash.len : sizeof(out->hash));
        out->received_ms = ops->column_int(w->guard, 1);
        /* A row that never had an update time is as old as its arrival. */
        out->updated_ms = ops->column_is_null(w->guard, 2) ? out->received_ms
                                                           : ops->column_int(w->guard, 2);
        struct str status = ops->column_text(w->guard, 3);
        out->status = arena_dup(&w->tx->scratch, status);
        if (!out->status.ptr)
            class_ = err_no_memory(err);
    }
    ops->reset(w->guard);
    return class_;
}

/* An update time that lies far ahead of the copy it came with (a year 9999, seconds taken for
 * milliseconds) says nothing, and would keep every later copy out for ever. */
static bool updated_says(int64_t updated_ms, int64_t received_ms)
{
    return updated_ms <= received_ms || updated_ms - received_ms <= UPDATED_AHEAD_MAX_MS;
}

/* A row that arrived later than now was stored under a clock that was ahead: what it took from that
 * clock says nothing. */
static bool arrival_says(const struct stored_guard *stored, int64_t now_ms)
{
    return stored->received_ms - now_ms <= ARRIVED_AHEAD_MAX_MS;
}

enum row_outcome row_classify(const struct row_guard *row, const struct stored_guard *stored,
                              bool rewrite, int64_t now_ms)
{
    if (!stored->found)
        return ROW_NEW;
    if (memcmp(row->hash, stored->hash, sizeof(row->hash)) == 0)
        return rewrite ? ROW_CHANGED : ROW_SAME;
    if (!arrival_says(stored, now_ms) &&
        (stored->updated_ms >= stored->received_ms || row->updated_ms >= stored->updated_ms))
        return ROW_CHANGED;
    bool both_say = updated_says(row->updated_ms, row->received_ms) &&
                    updated_says(stored->updated_ms, stored->received_ms);
    if (both_say && row->updated_ms != stored->updated_ms)
        return row->updated_ms < stored->updated_ms ? ROW_OLDER : ROW_CHANGED;
    return row->received_ms < stored->received_ms ? ROW_OLDER : ROW_CHANGED;
}

/* Copies one stored column: the statement is reset before the value is used. */
static enum err_class value_keep(struct row_writer *w, int column, enum column_type type,
                                 struct sql_value *out, struct err *err)
{
    const struct store_ops *ops = w->tx->conn->ops;
    bool number = type == COLUMN_INT || type == COLUMN_MONEY || type == COLUMN_RATIO ||
                  type == COLUMN_TIME || type == COLUMN_BOOL;
    if (ops->column_is_null(w->stored, column)) {
        *out = sql_null();
    } else if (number) {
        *out = sql_int(ops->column_int(w->stored, column));
    } else {
        struct str text = arena_dup(&w->tx->scratch, ops->column_text(w->stored, column));
        if (!text.ptr)
            return err_no_memory(err);
        *out = type == COLUMN_BYTES ? sql_bytes(text) : sql_text(text);
    }
    return ERR_OK;
}

/* A cipher text that nobody could open yet never replaces a value that was open. `first` is where
 * the column's three parts begin. */
static bool personal_keeps(const struct row_writer *w, size_t column, size_t row, size_t first)
{
    const struct batch *batch = w->batch;
    if (batch->table->columns[column].type != COLUMN_PERSONAL ||
        batch_state(batch, row, column) != CELL_SET)
        return false;
    enum { INDEX_PART = 2 };
    return batch->sealed[column][row].index.len == 0 &&
           !w->tx->conn->ops->column_is_null(w->stored, (int)(first + INDEX_PART) - 1);
}

/* The null rule: absent and null keep what is stored; gone erases it. */
static enum err_class values_merge(struct row_writer *w, size_t row, struct err *err)
{
    const struct batch *batch = w->batch;
    bool found;
    enum err_class class_ = row_take_ahead(w, row, &found, err);
    w->stored = found ? w->rows : w->row;
    if (!class_ && !found)
        class_ = key_run(w, w->row, &found, err);
    if (!class_ && !found)
        class_ = err_set(err, ERR_INTERNAL, "store_sql", "a row was there and is not");
    size_t at = 1;
    for (size_t i = 0; !class_ && i < batch->table->columns_len; i++) {
        enum column_type type = batch->table->columns[i].type;
        enum cell_state state = batch_state(batch, row, i);
        size_t parts = type == COLUMN_PERSONAL ? 3 : 1;
        for (size_t part = 0; !class_ && part < parts; part++, at++)
            if (state == CELL_ABSENT || state == CELL_NULL || personal_keeps(w, i, row, at - part))
                class_ = value_keep(w, (int)at - 1, type, &w->values[at], err);
    }
    w->tx->conn->ops->reset(w->row);
    return class_;
}

/* A statement that the database carried out without writing: only a trigger does that, since one
 * transaction at a time writes the rows of a shop, and looked whether they are there. */
static enum err_class row_ignored(const void *table, int64_t rows, struct err *err)
{
    (void)rows;
    return err_set(
        err, ERR_CONFIG, "store_trigger",
        "table %.*s took a row without storing it: a trigger that is not Huiliu's ignores "
        "rows; drop it, then run the same command again",
        STR_ARG(((const struct table *)table)->name));
}

enum err_class write_run(struct row_writer *w, struct stmt *stmt, const struct sql_value *values,
                         size_t values_len, int64_t rows, struct err *err)
{
    const struct expected expected = {rows, row_ignored, w->batch->table};
    enum err_class class_ = stmt_later(stmt, values, values_len, &expected, err);
    w->tx->conn->ops->reset(stmt);
    return class_;
}

/* `maybe`: the row may be there already, then *stored is false. Else it must be stored. */
static enum err_class row_insert(struct row_writer *w, size_t row, bool maybe, bool *stored,
                                 struct err *err)
{
    const struct store_ops *ops = w->tx->conn->ops;
    enum err_class class_ = personal_check(w->batch, row, err);
    if (class_)
        return class_;
    size_t values_len = values_from_batch(w, row);
    w->values[values_len++] = sql_int(w->unit->now_ms); /* first_seen_ms */
    *stored = true;
    if (w->gathers)
        return gather_add(w, GATHER_ROWS, w->values, err);
    if (!maybe)
        return write_run(w, w->insert, w->values, values_len, 1, err);
    bool ignored;
    class_ = stmt_run(w->insert, w->values, values_len, &ignored, err);
    ops->reset(w->insert);
    *stored = ops->rows_changed(w->tx->conn) == 1;
    return class_;
}

static enum err_class row_update(struct row_writer *w, size_t row, struct err *err)
{
    enum err_class class_ = personal_check(w->batch, row, err);
    if (class_)
        return class_;
    size_t values_len = values_from_batch(w, row);
    class_ = values_merge(w, row, err);
    return class_ ? class_ : write_run(w, w->update, w->values, values_len, 1, err);
}

/* A good copy has landed: what was refused of this record is no longer waiting for anybody. */
static enum err_class reject_clear(struct row_writer *w, struct str key, struct err *err)
{
    const struct sql_value values[] = {sql_int(w->unit->shop_id), sql_text(w->batch->table->name),
                                       sql_text(key)};
    return w->rejects ? write_run(w, w->reject, values, 3, ROWS_ANY, err) : ERR_OK;
}

/* The copy that is stored has come again: the same holds, with nothing to write. */
static enum err_class row_same(struct row_writer *w, size_t row, struct err *err)
{
    struct str key;
    if (!w->rejects)
        return ERR_OK;
    enum err_class class_ = batch_key(w->batch, row, &w->tx->scratch, &key, err);
    return class_ ? class_ : reject_clear(w, key, err);
}

/* Results follow from it: they are derived again. */
static enum err_class row_touch(struct row_writer *w, size_t row, struct err *err)
{
    const struct table *table = w->batch->table;
    if (table->derived_of.len == 0)
        return ERR_OK;
    struct str key = cell_value(w->batch, row, table->derived_by[0]).text;
    for (size_t i = 1; i < table->derived_by_len; i++) {
        struct str part = cell_value(w->batch, row, table->derived_by[i]).text;
        key = arena_printf(&w->tx->scratch, "%.*s\x1f%.*s", STR_ARG(key), STR_ARG(part));
        if (!key.ptr)
            return err_no_memory(err);
    }
    return touches_add(w->touches, table->derived_of, key, err);
}

/* What goes with a row that was written: its original, and its status where that is another; and that it was. */
static enum err_class row_follow(struct row_writer *w, size_t row,
                                 const struct stored_guard *stored, struct err *err)
{
    const struct batch *batch = w->batch;
    const struct table *table = batch->table;
    const struct row_guard *guard = &batch->guards[row];
    struct str key;
    enum err_class class_ = batch_key(batch, row, &w->tx->scratch, &key, err);
    if (!class_ && w->gathers)
        class_ = gather_key(w, &key, err);
    if (!class_ && batch->originals[row].len) {
        const struct sql_value values[] = {sql_int(w->unit->shop_id), sql_text(table->name),
                                           sql_text(key), sql_bytes(batch->originals[row]),
                                           sql_int(guard->received_ms)};
        class_ = w->gathers ? gather_add(w, GATHER_ORIGINALS, values, err)
                            : write_run(w, w->original, values, 5, ROWS_ANY, err);
    }
    if (!class_)
        class_ = reject_clear(w, key, err);
    if (!class_)
        class_ = row_touch(w, row, err);
    if (class_ || table->status == SIZE_MAX || batch_state(batch, row, table->status) != CELL_SET)
        return class_;
    struct str status = batch->columns[table->status].texts[row];
    if (stored->found && str_eq(status, stored->status))
        return ERR_OK;
    const struct sql_value values[] = {
        sql_int(w->unit->shop_id),  sql_text(table->name), sql_text(key),
        sql_int(guard->updated_ms), sql_text(status),      sql_int(w->unit->now_ms)};
    return w->gathers ? gather_add(w, GATHER_STATUSES, values, err)
                      : write_run(w, w->status, values, 6, ROWS_ANY, err);
}

/* Compares with what is stored and writes what must be. */
static enum err_class row_merge(struct row_writer *w, size_t row, struct stored_guard *stored,
                                enum row_outcome *outcome, struct err *err)
{
    key_fill(w, row);
    enum err_class class_ = guard_read(w, row, stored, err);
    if (class_)
        return class_;
    *outcome = row_classify(&w->batch->guards[row], stored, w->batch->rewrite, w->unit->now_ms);
    if (*outcome == ROW_CHANGED)
        return row_update(w, row, err);
    bool inserted;
    return *outcome == ROW_NEW ? row_insert(w, row, false, &inserted, err) : ERR_OK;
}

static enum err_class row_write(struct row_writer *w, size_t row, struct err *err)
{
    struct batch *batch = w->batch;
    enum row_known known = batch->known ? batch->known[row] : KNOWN_NOTHING;
    struct stored_guard stored = {.found = false};
    enum row_outcome outcome = ROW_SAME;
    bool inserted = false;
    enum err_class class_ = ERR_OK;
    arena_reset(&w->tx->scratch);
    if (known == KNOWN_SAME) {
        batch->outcomes[row] = ROW_SAME;
        return row_same(w, row, err);
    }
    if (known == KNOWN_ABSENT && !w->ahead)
        class_ = row_insert(w, row, true, &inserted, err);
    if (inserted)
        outcome = ROW_NEW;
    else if (!class_)
        class_ = row_merge(w, row, &stored, &outcome, err);
    batch->outcomes[row] = (unsigned char)outcome;
    if (class_ || outcome == ROW_OLDER)
        return class_;
    if (outcome == ROW_SAME)
        return row_same(w, row, err);
    return row_follow(w, row, &stored, err);
}

enum err_class rejects_wait(struct tx *tx, int64_t shop_id, const struct table *table, bool *out,
                            struct err *err)
{
    const struct sql_value values[] = {sql_int(shop_id), sql_text(table->name)};
    struct stmt *stmt;
    enum err_class class_ = tx->conn->ops->prepare(tx->conn, SQL_REJECT_ANY, &stmt, err);
    if (class_)
        return class_;
    class_ = stmt_run(stmt, values, 2, out, err);
    tx->conn->ops->release(stmt);
    return class_;
}

enum err_class batch_write(struct tx *tx, const struct unit *unit, struct batch *batch,
                           struct touches *touches, struct unit_counts *counts, struct err *err)
{
    const struct store_ops *ops = tx->conn->ops;
    const struct table_catalog *catalog = tx->store->catalog;
    size_t table = (size_t)(batch->table - catalog->tables);
    assert(table < catalog->tables_len && batch->table->data);
    const struct table_sql *sql = &tx->store->tables[table];
    struct row_writer w = {.tx = tx, .unit = unit, .batch = batch, .touches = touches};
    enum { OF_LISTS = 5 };
    struct {
        const char *sql;
        struct stmt **stmt;
    } const statements[] = {
        {sql->guard, &w.guard},
        {sql->row, &w.row},
        {sql->insert, &w.insert},
        {sql->update, &w.update},
        {SQL_ORIGINAL_PUT, &w.original},
        {SQL_STATUS_ADD, &w.status},
        {SQL_REJECT_CLEAR, &w.reject},
        {tx->hasty ? sql->inserts_hasty : sql->inserts, &w.inserts},
        {sql->guards, &w.guards},
        {sql->rows, &w.rows},
        {SQL_ORIGINALS_PUT, &w.originals},
        {tx->hasty ? SQL_STATUSES_ADD_HASTY : SQL_STATUSES_ADD, &w.statuses},
    };
    enum err_class class_ = ERR_OK;
    size_t statements_len = sizeof(statements) / sizeof(statements[0]);
    if (!ops->lists)
        statements_len -= OF_LISTS; /* the last ones */
    for (size_t i = 0; !class_ && i < statements_len; i++)
        class_ = ops->prepare(tx->conn, statements[i].sql, statements[i].stmt, err);
    struct arena ahead;
    arena_init(&ahead);
    if (!class_)
        class_ = guards_ask(&w, &ahead, &w.ahead, err);
    if (!class_)
        class_ = rejects_wait(tx, unit->shop_id, batch->table, &w.rejects, err);
    if (!class_ && w.ahead)
        class_ = guards_take(&w, w.ahead, &ahead, err);
    if (!class_ && w.ahead)
        class_ = gathers_new(&w, &ahead, &w.gathers, err);
    for (size_t row = 0; !class_ && row < batch->rows_len; row++) {
        class_ = row_write(&w, row, err);
        if (class_)
            break;
        unsigned char outcome = batch->outcomes[row];
        counts->rows[outcome]++;
        counts->touched += batch->table->derived_of.len > 0 &&
                           (outcome == ROW_NEW || outcome == ROW_CHANGED);
    }
    if (!class_)
        class_ = gathered_write(&w, err);
    for (size_t i = 0; i < statements_len; i++)
        if (*statements[i].stmt)
            ops->release(*statements[i].stmt);
    arena_fini(&ahead);
    return class_;
}

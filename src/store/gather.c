/* Rows that are written together: where each statement is sent to a server, the new rows of a page are one
 * INSERT of arrays. Rows of different tables do not look at each other, so their order among tables is free;
 * what is asked of a table is asked after gathered_write. */
#include <string.h>

#include "store/upsert.h"

enum { GATHER_ROWS_MAX = 500 };

struct gather {
    struct stmt *stmt;
    enum sql_kind kinds[ROW_VALUES_MAX];
    struct sql_value *items; /* column after column */
    size_t columns, rows_len, rows_max;
    bool counted; /* each row must be stored */
};

struct gathers {
    struct gather each[GATHERS];
    struct arena *arena;
};

/* The order of row_values: shop, columns, guards. */
static size_t row_kinds(const struct batch *batch, enum sql_kind kinds[ROW_VALUES_MAX])
{
    size_t at = 0;
    kinds[at++] = SQL_INT;
    for (size_t i = 0; i < batch->table->columns_len; i++) {
        enum column_type type = batch->table->columns[i].type;
        for (int part = 0; part < (type == COLUMN_PERSONAL ? 3 : 1); part++)
            kinds[at++] = batch->columns[i].numbers ? SQL_INT
                          : type == COLUMN_BYTES    ? SQL_BYTES
                                                    : SQL_TEXT;
    }
    kinds[at++] = SQL_BYTES;
    for (int guard = 0; guard < 3; guard++)
        kinds[at++] = SQL_INT;
    return at;
}

static const enum sql_kind original_kinds[] = {SQL_INT, SQL_TEXT, SQL_TEXT, SQL_BYTES, SQL_INT};
static const enum sql_kind status_kinds[] = {SQL_INT, SQL_TEXT, SQL_TEXT,
                                             SQL_INT, SQL_TEXT, SQL_INT};

enum err_class gathers_new(struct row_writer *w, struct arena *arena, struct gathers **out,
                           struct err *err)
{
    struct gathers *gathers = arena_array(arena, 1, sizeof(*gathers));
    if (!gathers)
        return err_no_memory(err);
    memset(gathers, 0, sizeof(*gathers));
    gathers->arena = arena;
    struct gather *each = gathers->each;
    each[GATHER_ROWS].stmt = w->inserts;
    each[GATHER_ROWS].columns = row_kinds(w->batch, each[GATHER_ROWS].kinds);
    each[GATHER_ROWS].counted = true;
    each[GATHER_ORIGINALS].stmt = w->originals;
    each[GATHER_ORIGINALS].columns = sizeof(original_kinds) / sizeof(original_kinds[0]);
    memcpy(each[GATHER_ORIGINALS].kinds, original_kinds, sizeof(original_kinds));
    each[GATHER_STATUSES].stmt = w->statuses;
    each[GATHER_STATUSES].columns = sizeof(status_kinds) / sizeof(status_kinds[0]);
    memcpy(each[GATHER_STATUSES].kinds, status_kinds, sizeof(status_kinds));
    for (size_t i = 0; i < GATHERS; i++) {
        size_t rows = w->batch->rows_len;
        each[i].rows_max = rows < GATHER_ROWS_MAX ? rows : GATHER_ROWS_MAX;
    }
    *out = gathers;
    return ERR_OK;
}

static enum err_class gather_write(struct row_writer *w, struct gather *gather, struct err *err)
{
    struct sql_value lists[ROW_VALUES_MAX];
    int64_t rows = (int64_t)gather->rows_len;
    if (rows == 0)
        return ERR_OK;
    for (size_t i = 0; i < gather->columns; i++)
        lists[i] = (struct sql_value){
            .kind = SQL_LIST,
            .number = gather->kinds[i],
            .text = {(const void *)&gather->items[i * gather->rows_max], gather->rows_len}};
    gather->rows_len = 0;
    return write_run(w, gather->stmt, lists, gather->columns, gather->counted ? rows : ROWS_ANY,
                     err);
}

enum err_class gathered_write(struct row_writer *w, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && w->gathers && i < GATHERS; i++)
        class_ = gather_write(w, &w->gathers->each[i], err);
    return class_;
}

enum err_class gather_add(struct row_writer *w, enum gather_kind kind,
                          const struct sql_value *values, struct err *err)
{
    struct gather *gather = &w->gathers->each[kind];
    struct arena *arena = w->gathers->arena;
    enum err_class class_ = gather->rows_len == gather->rows_max ? gather_write(w, gather, err)
                                                                 : ERR_OK;
    if (!class_ && !gather->items) {
        gather->items = arena_array(arena, gather->columns * gather->rows_max,
                                    sizeof(*gather->items));
        class_ = gather->items ? ERR_OK : err_no_memory(err);
    }
    for (size_t i = 0; !class_ && i < gather->columns; i++)
        gather->items[i * gather->rows_max + gather->rows_len] = values[i];
    gather->rows_len += class_ == ERR_OK;
    return class_;
}

enum err_class gather_key(struct row_writer *w, struct str *key, struct err *err)
{
    *key = arena_dup(w->gathers->arena, *key);
    return key->ptr ? ERR_OK : err_no_memory(err);
}

/* A page's rows as typed columns. */
#include "batch/batch.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* Between the parts of a natural key; U+001F is a control character that no id holds. */
static const char KEY_SEPARATOR = '\x1f';

static bool type_is_number(enum column_type type)
{
    return type == COLUMN_INT || type == COLUMN_MONEY || type == COLUMN_RATIO ||
           type == COLUMN_TIME || type == COLUMN_BOOL;
}

static bool column_alloc(struct batch *batch, size_t i)
{
    struct batch_column *column = &batch->columns[i];
    enum column_type type = batch->table->columns[i].type;
    column->states = arena_array(batch->arena, batch->rows_max, sizeof(*column->states));
    if (type_is_number(type))
        column->numbers = arena_array(batch->arena, batch->rows_max, sizeof(*column->numbers));
    else
        column->texts = arena_array(batch->arena, batch->rows_max, sizeof(*column->texts));
    if (type == COLUMN_PERSONAL) {
        batch->sealed[i] = arena_array(batch->arena, batch->rows_max, sizeof(**batch->sealed));
        if (!batch->sealed[i])
            return false;
    }
    return column->states && (column->numbers || column->texts);
}

enum err_class batch_new(const struct table *table, struct arena *arena, size_t rows_max,
                         struct batch **out, struct err *err)
{
    assert(rows_max > 0 && rows_max <= PAGE_RECORDS_MAX);
    struct batch *batch = arena_alloc(arena, sizeof(*batch));
    if (!batch)
        return err_no_memory(err);
    *batch = (struct batch){.table = table, .arena = arena, .rows_max = rows_max};
    batch->columns = arena_array(arena, table->columns_len, sizeof(*batch->columns));
    batch->guards = arena_array(arena, rows_max, sizeof(*batch->guards));
    batch->records = arena_array(arena, rows_max, sizeof(*batch->records));
    batch->originals = arena_array(arena, rows_max, sizeof(*batch->originals));
    batch->sealed = arena_array(arena, table->columns_len, sizeof(*batch->sealed));
    batch->outcomes = arena_array(arena, rows_max, sizeof(*batch->outcomes));
    bool good = batch->columns && batch->guards && batch->records && batch->originals &&
                batch->sealed && batch->outcomes;
    for (size_t i = 0; good && i < table->columns_len; i++)
        good = column_alloc(batch, i);
    if (!good)
        return err_no_memory(err);
    *out = batch;
    return ERR_OK;
}

enum err_class batch_append(struct batch *batch, size_t *row, struct err *err)
{
    if (batch->rows_len == batch->rows_max)
        return err_set(err, ERR_BAD_REPLY, "page_records",
                       "the page has more than %zu records for table %.*s", batch->rows_max,
                       STR_ARG(batch->table->name));
    /* The place may have held a row that was dropped. */
    size_t at = batch->rows_len++;
    for (size_t i = 0; i < batch->table->columns_len; i++) {
        batch->columns[i].states[at] = CELL_ABSENT;
        if (batch->sealed[i])
            batch->sealed[i][at] = (struct sealed_value){STR_NONE, STR_NONE, STR_NONE};
    }
    batch->guards[at] = (struct row_guard){.updated_ms = 0};
    batch->records[at] = NULL;
    batch->originals[at] = STR_NONE;
    batch->outcomes[at] = ROW_NEW;
    *row = at;
    return ERR_OK;
}

void batch_set_number(struct batch *batch, size_t row, size_t column, int64_t number)
{
    assert(row < batch->rows_len && column < batch->table->columns_len);
    assert(batch->columns[column].numbers);
    batch->columns[column].numbers[row] = number;
    batch->columns[column].states[row] = CELL_SET;
}

void batch_set_text(struct batch *batch, size_t row, size_t column, struct str text)
{
    assert(row < batch->rows_len && column < batch->table->columns_len);
    assert(batch->columns[column].texts);
    batch->columns[column].texts[row] = text;
    batch->columns[column].states[row] = CELL_SET;
}

void batch_set_state(struct batch *batch, size_t row, size_t column, enum cell_state state)
{
    assert(row < batch->rows_len && column < batch->table->columns_len);
    assert(state != CELL_SET);
    batch->columns[column].states[row] = (unsigned char)state;
}

enum cell_state batch_state(const struct batch *batch, size_t row, size_t column)
{
    assert(row < batch->rows_len && column < batch->table->columns_len);
    return (enum cell_state)batch->columns[column].states[row];
}

void batch_drop_last(struct batch *batch)
{
    assert(batch->rows_len > 0);
    batch->rows_len--;
}

enum err_class batch_key(const struct batch *batch, size_t row, struct arena *arena,
                         struct str *out, struct err *err)
{
    const struct table *table = batch->table;
    assert(row < batch->rows_len);
    struct str key = STR_NONE;
    for (size_t i = 0; i < table->key_len; i++) {
        const struct batch_column *column = &batch->columns[table->key[i]];
        if (column->states[row] != CELL_SET)
            return err_set(err, ERR_SKIP_RECORD, "key_missing", "the record has no %.*s",
                           STR_ARG(table->columns[table->key[i]].name));
        struct str part = column->texts ? column->texts[row]
                                        : arena_printf(arena, "%" PRId64, column->numbers[row]);
        if (!column->texts && !part.ptr)
            return err_no_memory(err);
        /* Most keys have one part: no copy for them. */
        if (i == 0) {
            key = part;
            continue;
        }
        key = arena_printf(arena, "%.*s%c%.*s", STR_ARG(key), KEY_SEPARATOR, STR_ARG(part));
        if (!key.ptr)
            return err_no_memory(err);
    }
    *out = key;
    return ERR_OK;
}

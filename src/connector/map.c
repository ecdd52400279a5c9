/* A page's records as typed rows. The hot path: paths and columns were found at load, texts stay
 * where the page has them, and what is allocated comes from the arena of the page. */
#include <string.h>

#include "connector/mapper.h"
#include "crypt/crypt.h"

/* Rows of one further table that one record may bring; an order of a hundred items is a large one. A
 * record with more is refused alone, so that it cannot crowd its page out of the arena. */
enum {
    LIST_ROWS_MAX = 1000,
    CONTENT_BYTES_MAX = 16 * 1024 * 1024, /* more than a row of a sheet can have */
    CONTENT_DIGITS = 32,
};

/* --- rows --- */
/* What is hashed and kept of a record. Of a file's row that is more than its cells: the sheet says something too, and
 * whoever maps it again needs to know by which manifest. */
static const struct json *record_whole(const struct mapper *m, const struct path_record *record)
{
    return record->chain[record->chain_len - (m->connector->file ? 2 : 1)];
}

static enum err_class reject_add(struct mapper *m, const struct row *row, struct str field,
                                 const struct err *why, struct reject **out)
{
    struct mapped *mapped = m->out;
    void *items = arena_grow(m->arena, mapped->rejects, mapped->rejects_len, &m->rejects_room,
                             sizeof *mapped->rejects);
    if (!items)
        return err_no_memory(m->err);
    mapped->rejects = items;
    *out = &mapped->rejects[mapped->rejects_len++];
    **out = (struct reject){.table = row->plan->table->name,
                            .field = field,
                            .record = row->whole,
                            .message = arena_dup(m->arena, str_of(why->message))};
    memcpy((*out)->code, why->code, sizeof(*out)->code);
    return (*out)->message.ptr ? ERR_OK : err_no_memory(m->err);
}

/* A row of a file that has no key to be named by, as a line of a bill: where it stands, and the first number in it that people
 * know it by. */
static struct str reject_place(struct mapper *m, const struct row *row)
{
    const struct table_plan *plan = row->plan;
    struct str sheet = json_text(json_get(row->whole, STR("sheet"))), id = STR("");
    for (size_t i = 0; i < plan->fields_len && id.len == 0; i++) {
        const struct field_plan *field = &plan->fields[i];
        if (field->type == COLUMN_ID && !field->of_place && !field->of_content &&
            batch_state(row->batch, row->at, field->column) == CELL_SET)
            id = row->batch->columns[field->column].texts[row->at];
    }
    struct str place = arena_printf(
        m->arena, "%.*s%srow %.*s%s%.*s", STR_ARG(sheet), sheet.len > 0 ? " " : "",
        STR_ARG(json_text(json_get(row->whole, STR("line")))), id.len > 0 ? ": " : "", STR_ARG(id));
    return str_utf8_head(place, ID_BYTES_MAX);
}

static enum err_class row_reject(struct mapper *m, const struct row *row, bool main,
                                 struct str field, const struct err *why)
{
    struct reject *reject;
    enum err_class class_ = reject_add(m, row, field, why, &reject);
    if (class_ != ERR_OK)
        return class_;
    class_ = batch_key(row->batch, row->at, m->arena, &reject->key, NULL);
    if (class_ == ERR_INTERNAL)
        return err_no_memory(m->err);
    /* Only the main record's id is what a window counts. */
    if (class_ == ERR_OK && main)
        reject->id = reject->key;
    if (class_ == ERR_OK || !m->connector->file)
        return ERR_OK;
    reject->id = reject_place(m, row);
    return reject->id.ptr ? ERR_OK : err_no_memory(m->err);
}

static bool row_names_currency(const struct row *row)
{
    size_t column = row->plan->currency;
    return column != SIZE_MAX && batch_state(row->batch, row->at, column) == CELL_SET;
}

/* The currency decides how amounts are read, so it is settled as soon as its field is. */
static void row_exponent(const struct mapper *m, struct row *row)
{
    struct str currency = m->currency;
    if (row_names_currency(row))
        currency = row->batch->columns[row->plan->currency].texts[row->at];
    row->exponent = currency_exponent(currency);
}

/* A row that names no currency says so only where it sets an amount: in a row that sets none, the
 * default could replace the currency of amounts that are stored already. */
static void row_currency(const struct mapper *m, const struct row *row)
{
    const struct table_plan *plan = row->plan;
    bool amount = false;
    for (size_t i = 0; i < plan->fields_len && !amount; i++)
        amount = plan->fields[i].type == COLUMN_MONEY &&
                 batch_state(row->batch, row->at, plan->fields[i].column) == CELL_SET;
    if (amount && plan->currency != SIZE_MAX && !row_names_currency(row))
        batch_set_text(row->batch, row->at, plan->currency, m->currency);
}

static bool column_is_place(const struct table_plan *plan, size_t column)
{
    for (size_t i = 0; i < plan->fields_len; i++)
        if (plan->fields[i].column == column)
            return plan->fields[i].of_place;
    return false;
}

/* What a row of a file says, as a key: its kind and what its fields became, however the cells were written and wherever
 * they stood. */
static enum err_class row_content(struct mapper *m, const struct row *row)
{
    const struct table *table = row->plan->table;
    size_t content = m->connector->file->content;
    struct buf said, raw, hex;
    buf_init(&said, CONTENT_BYTES_MAX);
    buf_init(&raw, DIGEST_BYTES_MAX);
    buf_init(&hex, 2 * DIGEST_BYTES_MAX + 1);
    buf_add(&said, m->connector->file->kind);
    for (size_t i = 0; i < table->columns_len; i++) {
        const struct batch_column *column = &row->batch->columns[i];
        if (batch_state(row->batch, row->at, i) != CELL_SET || column_is_place(row->plan, i))
            continue;
        buf_printf(&said, "\x1e%.*s\x1f", STR_ARG(table->columns[i].name));
        if (column->texts)
            buf_add(&said, column->texts[row->at]);
        else
            buf_printf(&said, "%lld", (long long)column->numbers[row->at]);
    }
    enum err_class class_ = said.failed ? err_no_memory(m->err)
                                        : digest_write(&raw, DIGEST_SHA256, buf_str(&said), m->err);
    if (class_ == ERR_OK) {
        hex_write(&hex, buf_str(&raw), false);
        struct str key = arena_dup(m->arena, str_sub(buf_str(&hex), 0, CONTENT_DIGITS));
        class_ = key.ptr ? ERR_OK : err_no_memory(m->err);
        batch_set_text(row->batch, row->at, content, key);
    }
    buf_fini(&hex);
    buf_fini(&raw);
    buf_fini(&said);
    return class_;
}

/* ERR_SKIP_RECORD: the record was refused alone, *field says where. The row is in the batch still. */
static enum err_class row_fill(struct mapper *m, struct row *row, struct str *field,
                               struct err *why)
{
    const struct table_plan *plan = row->plan;
    row_exponent(m, row);
    for (size_t i = 0; i < plan->fields_len; i++) {
        *field = plan->fields[i].name;
        if (plan->fields[i].of_content)
            continue;
        enum err_class class_ = field_map(m, row, &plan->fields[i], why);
        if (class_ != ERR_OK)
            return class_;
        if (plan->fields[i].column == plan->currency)
            row_exponent(m, row);
    }
    row_currency(m, row);
    *field = STR("");
    return m->connector->file && m->connector->file->content != SIZE_MAX ? row_content(m, row)
                                                                         : ERR_OK;
}

/* How many rows the record has for a further table; counting ends where there are too many. */
static size_t list_count(const struct table_plan *table, const struct json *whole)
{
    struct path_iter iter;
    struct path_record record;
    size_t len = 0;
    path_iter_init(&iter, table->records, whole);
    while (len <= LIST_ROWS_MAX && path_iter_next(&iter, &record))
        len++;
    return len;
}

static enum err_class lists_check(const struct mapper *m, const struct row *row, struct err *why)
{
    for (size_t table = 1; table < m->plan->tables_len; table++)
        if (list_count(&m->plan->tables[table], row->whole) > LIST_ROWS_MAX)
            return err_set(why, ERR_SKIP_RECORD, "list_long",
                           "the record has more than %d rows for table %.*s", LIST_ROWS_MAX,
                           STR_ARG(m->plan->tables[table].table->name));
    return ERR_OK;
}

/* *accepted: the row is in the batch. */
static enum err_class row_map(struct mapper *m, struct row *row, bool main, bool *accepted)
{
    struct str field;
    struct err why = {0};
    size_t ciphers_before = m->out->ciphers_len;
    enum err_class class_ = batch_append(row->batch, &row->at, m->err);
    if (class_ != ERR_OK)
        return class_;
    row->batch->records[row->at] = record_whole(m, row->record);
    class_ = row_fill(m, row, &field, &why);
    if (class_ == ERR_OK && main)
        class_ = lists_check(m, row, &why);
    *accepted = class_ == ERR_OK;
    if (class_ != ERR_SKIP_RECORD)
        return class_;
    m->out->ciphers_len = ciphers_before; /* its cells go with it */
    return row_reject(m, row, main, field, &why);
}

/* The id of a main record counts as seen whether it was accepted or refused. */
static enum err_class note_id(struct mapper *m, const struct row *row)
{
    struct str key;
    enum err_class class_ = batch_key(row->batch, row->at, m->arena, &key, NULL);
    if (class_ == ERR_OK)
        m->out->id_hashes[m->out->id_hashes_len++] = id_hash(key);
    else
        m->out->records_without_id++;
    return class_ == ERR_INTERNAL ? err_no_memory(m->err) : ERR_OK;
}

/* `^` of a further table's field leads from its element to the record and on outwards. */
static void chain_join(const struct path_record *outer, const struct path_record *inner,
                       struct path_record *out)
{
    size_t len = outer->chain_len + inner->chain_len;
    size_t drop = len > PATH_DEPTH_MAX ? len - PATH_DEPTH_MAX : 0;
    out->chain_len = 0;
    for (size_t i = drop; i < len; i++)
        out->chain[out->chain_len++] = i < outer->chain_len ? outer->chain[i]
                                                            : inner->chain[i - outer->chain_len];
}

/* A refused row of a further table that has no readable key of its own goes by the main record's. */
static enum err_class reject_key(struct mapper *m, const struct row *main)
{
    struct reject *reject = &m->out->rejects[m->out->rejects_len - 1];
    if (reject->key.len > 0)
        return ERR_OK;
    enum err_class class_ = batch_key(main->batch, main->at, m->arena, &reject->key, NULL);
    return class_ == ERR_OK ? ERR_OK : err_no_memory(m->err); /* it was accepted: it has a key */
}

/* A list that is missing or null holds nothing; what is no list may hold rows that we cannot read. */
static enum err_class list_reject(struct mapper *m, const struct row *row, const struct row *main)
{
    struct reject *reject;
    struct err why;
    err_set(&why, ERR_SKIP_RECORD, "list_kind", "the rows of table %.*s are not in a list",
            STR_ARG(row->plan->table->name));
    enum err_class class_ = reject_add(m, row, STR(""), &why, &reject);
    return class_ == ERR_OK ? reject_key(m, main) : class_;
}

/* The batch that a further table's next row goes into. A batch holds a page of rows at most; a table
 * with more has further batches behind, which only rows that were accepted fill: what they take is
 * bounded by the body, in which each such row stands with its key, and at last by the arena. */
static enum err_class batch_with_room(struct mapper *m, const struct table *table,
                                      struct batch **out)
{
    struct mapped *mapped = m->out;
    size_t at = mapped->batches_len - 1;
    while (mapped->batches[at]->table != table)
        at--;
    *out = mapped->batches[at];
    if ((*out)->rows_len < (*out)->rows_max)
        return ERR_OK;
    enum err_class class_ = batch_new(table, m->arena, PAGE_RECORDS_MAX, out, m->err);
    if (class_ == ERR_OK)
        mapped->batches[mapped->batches_len++] = *out;
    return class_;
}

static enum err_class map_further(struct mapper *m, const struct row *main, size_t table)
{
    struct path_iter iter;
    struct path_record inner, joined;
    struct row row = {
        .table = table, .plan = &m->plan->tables[table], .record = &joined, .whole = main->whole};
    path_iter_init(&iter, row.plan->records, row.whole);
    while (path_iter_next(&iter, &inner)) {
        bool accepted = true;
        chain_join(main->record, &inner, &joined);
        enum err_class class_ = batch_with_room(m, row.plan->table, &row.batch);
        if (class_ == ERR_OK)
            class_ = row_map(m, &row, false, &accepted);
        if (class_ == ERR_OK && !accepted) {
            batch_drop_last(row.batch);
            class_ = reject_key(m, main);
        }
        if (class_ != ERR_OK)
            return class_;
    }
    return path_iter_list_kind(&iter) ? list_reject(m, &row, main) : ERR_OK;
}

static enum err_class map_record(struct mapper *m, const struct path_record *record)
{
    const struct json *whole = record_whole(m, record);
    bool accepted;
    struct row row = {
        .plan = &m->plan->tables[0], .batch = m->out->batches[0], .record = record, .whole = whole};
    enum err_class class_ = row_map(m, &row, true, &accepted);
    if (class_ == ERR_OK)
        class_ = note_id(m, &row);
    if (class_ != ERR_OK)
        return class_;
    if (!accepted) {
        batch_drop_last(row.batch);
        return ERR_OK;
    }
    for (size_t table = 1; table < m->plan->tables_len && class_ == ERR_OK; table++)
        class_ = map_further(m, &row, table);
    return class_;
}

/* --- pages --- */
static void count_record(const struct mapper *m, const struct path_record *record, size_t *rows)
{
    rows[0]++;
    for (size_t table = 1; table < m->plan->tables_len; table++)
        rows[table] += list_count(&m->plan->tables[table], record->chain[record->chain_len - 1]);
}

/* One batch a table, as large as its rows need, and places for those behind (batch_with_room). */
static enum err_class batches_make(struct mapper *m, const size_t *rows)
{
    struct mapped *out = m->out;
    size_t places = 0;
    for (size_t table = 0; table < m->plan->tables_len; table++)
        places += 1 + rows[table] / PAGE_RECORDS_MAX;
    out->batches = arena_array(m->arena, places, sizeof *out->batches);
    out->id_hashes = arena_array(m->arena, rows[0] + 1, sizeof *out->id_hashes);
    if (!out->batches || !out->id_hashes)
        return err_no_memory(m->err);
    for (; out->batches_len < m->plan->tables_len; out->batches_len++) {
        size_t len = rows[out->batches_len];
        len = len < 1 ? 1 : len < PAGE_RECORDS_MAX ? len : PAGE_RECORDS_MAX;
        enum err_class class_ = batch_new(m->plan->tables[out->batches_len].table, m->arena, len,
                                          &out->batches[out->batches_len], m->err);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

static void mapper_init(struct mapper *m, const struct connector *connector,
                        const struct stream *stream, const struct facts *facts, struct arena *arena,
                        struct mapped *out, struct err *err)
{
    *m = (struct mapper){.connector = connector,
                         .plan = stream->plan,
                         .facts = facts,
                         .zone = scope_zone(connector, stream, facts),
                         .arena = arena,
                         .currency = facts->currency.len > 0 ? facts->currency
                                                             : connector->currency,
                         .out = out,
                         .err = err};
    *out = (struct mapped){.batches = NULL};
}

static void mapper_fini(struct mapper *m)
{
    explicit_bzero(m->keys, sizeof m->keys);
}

enum err_class connector_map(const struct connector *connector, const struct stream *stream,
                             const struct facts *facts, const struct page *page,
                             struct arena *arena, struct mapped *out, struct err *err)
{
    struct mapper m;
    struct path_iter iter;
    struct path_record record;
    const struct json *inside = reply_inside(connector, json_root(page->doc));
    mapper_init(&m, connector, stream, facts, arena, out, err);
    size_t *rows = arena_array(arena, m.plan->tables_len, sizeof *rows);
    enum err_class class_ = rows ? ERR_OK : err_no_memory(err);
    if (class_ == ERR_OK) {
        path_iter_init(&iter, m.plan->records, inside);
        while (path_iter_next(&iter, &record))
            count_record(&m, &record, rows);
        class_ = batches_make(&m, rows);
    }
    path_iter_init(&iter, m.plan->records, inside);
    while (class_ == ERR_OK && path_iter_next(&iter, &record))
        class_ = map_record(&m, &record);
    mapper_fini(&m);
    return class_;
}

enum err_class connector_map_record(const struct connector *connector, const struct stream *stream,
                                    const struct facts *facts, struct str record_json,
                                    struct arena *arena, struct mapped *out, struct json_doc **doc,
                                    struct err *err)
{
    struct mapper m;
    struct path_record record = {.chain_len = 1};
    *doc = NULL;
    mapper_init(&m, connector, stream, facts, arena, out, err);
    size_t *rows = arena_array(arena, m.plan->tables_len, sizeof *rows);
    enum err_class class_ = rows ? json_parse(record_json, doc, err) : err_no_memory(err);
    if (class_ == ERR_OK) {
        record.chain[0] = json_root(*doc);
        if (connector->file)
            record.chain[record.chain_len++] = json_get(json_root(*doc), STR("cells"));
        count_record(&m, &record, rows);
        class_ = batches_make(&m, rows);
    }
    if (class_ == ERR_OK)
        class_ = map_record(&m, &record);
    if (class_ != ERR_OK) {
        json_free(*doc);
        *doc = NULL;
    }
    mapper_fini(&m);
    return class_;
}

/* A page's records as typed rows. The hot path: paths and columns were found at load, texts stay
 * where the page has them, and what is allocated comes from the arena of the page. */
#include <string.h>

#include "connector/plan.h"

struct mapper {
    const struct connector *connector;
    const struct stream_plan *plan;
    const struct facts *facts;
    const struct zone *zone;
    struct arena *arena;
    struct str currency; /* where a record names none */
    struct cipher_key keys[CIPHERS_MAX];
    bool keys_made[CIPHERS_MAX];
    size_t ciphers_room, rejects_room, unknown_room;
    struct mapped *out;
    struct err *err;
};

/* One row on its way into a batch. */
struct row {
    size_t table; /* index in the stream's tables */
    const struct table_plan *plan;
    struct batch *batch;
    const struct path_record *record;
    const struct json *whole; /* the main record, which a reject keeps */
    size_t at;
    int exponent;
};

/* Room for one more in an array of the arena: doubles, and leaves the old one to the arena. */
static bool grow(struct arena *arena, void **items, size_t len, size_t *room, size_t bytes_each)
{
    if (len < *room)
        return true;
    size_t wanted = *room ? *room * 2 : 16;
    void *bigger = arena_array(arena, wanted, bytes_each);
    if (!bigger)
        return false;
    if (len > 0)
        memcpy(bigger, *items, len * bytes_each);
    *items = bigger;
    *room = wanted;
    return true;
}

static bool text_is_zero(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '0' && text.ptr[i] != '.')
            return false;
    return text.len > 0;
}

/* --- ciphers --- */

/* The cell keeps the cipher text; the caller learns where it stands and who could open it. */
static enum err_class note_cipher(struct mapper *m, const struct row *row, size_t column,
                                  struct str cipher, bool online)
{
    struct mapped *out = m->out;
    void *items = out->ciphers;
    if (!grow(m->arena, &items, out->ciphers_len, &m->ciphers_room, sizeof *out->ciphers))
        return err_no_memory(m->err);
    out->ciphers = items;
    out->ciphers[out->ciphers_len++] = (struct cipher_cell){row->table, row->at, column, cipher,
                                                            online};
    return ERR_OK;
}

static enum err_class cipher_key_of(struct mapper *m, const struct cipher_plan *plan,
                                    const struct cipher_key **out)
{
    size_t at = (size_t)(plan - m->connector->ciphers);
    *out = &m->keys[at];
    if (m->keys_made[at])
        return ERR_OK;
    m->keys_made[at] = true;
    return cipher_key_make(plan, m->connector, m->facts, m->arena, &m->keys[at], m->err);
}

/* Plain text where it can be had; the cipher text stays where it cannot. */
static enum err_class open_field(struct mapper *m, const struct row *row, size_t column,
                                 const struct cipher_plan *plan, struct str *text)
{
    const struct cipher_key *key;
    if (plan->online && str_starts(*text, plan->online_prefix)) {
        const struct map *known = m->facts->decrypted;
        const struct map_entry *entry = known ? map_find(known, *text) : NULL;
        if (!entry)
            return note_cipher(m, row, column, *text, true);
        *text = *(const struct str *)entry->value.ptr;
        return ERR_OK;
    }
    enum err_class class_ = cipher_key_of(m, plan, &key);
    if (class_ != ERR_OK)
        return class_;
    struct err why = {0};
    class_ = cipher_open(key, *text, m->arena, text, &why);
    if (class_ == ERR_SKIP_RECORD)
        return note_cipher(m, row, column, *text, false);
    return class_ == ERR_OK ? ERR_OK : err_no_memory(m->err);
}

/* --- fields --- */

/* The first source that holds something. *seen: one was there, though with nothing in it. */
static const struct json *field_find(const struct field_plan *field,
                                     const struct path_record *record,
                                     const struct source_plan **source, bool *seen)
{
    *seen = false;
    for (size_t i = 0; i < field->sources_len; i++) {
        const struct json *value = path_get_record(field->sources[i].path, record);
        enum json_kind kind = json_kind_of(value);
        if (kind == JSON_ABSENT)
            continue;
        *seen = true;
        struct str text = json_text(value);
        if (kind == JSON_NULL || (kind == JSON_STRING && text.len == 0) ||
            (field->zero_absent && text_is_zero(text)))
            continue;
        *source = &field->sources[i];
        return value;
    }
    return NULL;
}

static enum err_class note_unknown(struct mapper *m, const struct field_plan *field,
                                   struct str value)
{
    struct mapped *out = m->out;
    for (size_t i = 0; i < field->known.len; i++)
        if (str_eq(field->known.items[i], value))
            return ERR_OK;
    void *items = out->unknown;
    if (!grow(m->arena, &items, out->unknown_len, &m->unknown_room, sizeof *out->unknown))
        return err_no_memory(m->err);
    out->unknown = items;
    out->unknown[out->unknown_len++] = (struct unknown_value){field->name, value};
    return ERR_OK;
}

/* No value in any source: null and missing are kept apart, and neither erases unless told to. */
static enum err_class set_nothing(const struct row *row, const struct field_plan *field, bool seen,
                                  struct err *why)
{
    enum nothing nothing = seen ? field->empty : field->absent;
    if (nothing == NOTHING_REJECT)
        return err_set(why, ERR_SKIP_RECORD, "field_missing", "the record has no value for it");
    enum cell_state state = seen ? CELL_NULL : CELL_ABSENT;
    batch_set_state(row->batch, row->at, field->column,
                    nothing == NOTHING_GONE ? CELL_GONE : state);
    return ERR_OK;
}

static enum err_class set_field(struct mapper *m, const struct row *row,
                                const struct field_plan *field, struct err *why)
{
    struct convert convert = {field, m->zone, row->exponent, m->arena};
    const struct source_plan *source = NULL;
    struct cell cell;
    bool seen;
    enum err_class class_;
    const struct json *value = field_find(field, row->record, &source, &seen);
    if (field->has_constant) {
        class_ = convert_text(&convert, field->constant, &cell, why);
    } else if (!value && field->has_fallback) {
        class_ = convert_text(&convert, field->fallback, &cell, why);
    } else if (!value) {
        return set_nothing(row, field, seen, why);
    } else if (source->cipher && json_kind_of(value) == JSON_STRING) {
        struct str text = json_text(value);
        class_ = open_field(m, row, field->column, source->cipher, &text);
        if (class_ != ERR_OK)
            return class_;
        class_ = convert_text(&convert, text, &cell, why);
    } else {
        class_ = convert_json(&convert, value, &cell, why);
    }
    if (class_ != ERR_OK)
        return class_ == ERR_SKIP_RECORD ? class_ : err_no_memory(m->err);
    if (!cell.is_text) {
        batch_set_number(row->batch, row->at, field->column, cell.number);
        return ERR_OK;
    }
    batch_set_text(row->batch, row->at, field->column, cell.text);
    return field->known.len > 0 ? note_unknown(m, field, cell.text) : ERR_OK;
}

/* --- rows --- */
static enum err_class reject_add(struct mapper *m, const struct row *row, struct str field,
                                 const struct err *why, struct reject **out)
{
    struct mapped *mapped = m->out;
    void *items = mapped->rejects;
    if (!grow(m->arena, &items, mapped->rejects_len, &m->rejects_room, sizeof *mapped->rejects))
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

static enum err_class row_reject(struct mapper *m, const struct row *row, bool main,
                                 const struct field_plan *field, const struct err *why)
{
    struct reject *reject;
    enum err_class class_ = reject_add(m, row, field->name, why, &reject);
    if (class_ != ERR_OK)
        return class_;
    class_ = batch_key(row->batch, row->at, m->arena, &reject->key, NULL);
    if (class_ == ERR_INTERNAL)
        return err_no_memory(m->err);
    /* Only the main record's id is what a window counts. */
    if (class_ == ERR_OK && main)
        reject->id = reject->key;
    return ERR_OK;
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

/* ERR_SKIP_RECORD: the record was refused alone, *field says where. The row is in the batch still. */
static enum err_class row_fill(struct mapper *m, struct row *row, const struct field_plan **field,
                               struct err *why)
{
    const struct table_plan *plan = row->plan;
    row_exponent(m, row);
    for (size_t i = 0; i < plan->fields_len; i++) {
        *field = &plan->fields[i];
        enum err_class class_ = set_field(m, row, *field, why);
        if (class_ != ERR_OK)
            return class_;
        if ((*field)->column == plan->currency)
            row_exponent(m, row);
    }
    row_currency(m, row);
    return ERR_OK;
}

/* *accepted: the row is in the batch. */
static enum err_class row_map(struct mapper *m, struct row *row, bool main, bool *accepted)
{
    const struct field_plan *field = NULL;
    struct err why = {0};
    size_t ciphers_before = m->out->ciphers_len;
    enum err_class class_ = batch_append(row->batch, &row->at, m->err);
    if (class_ != ERR_OK)
        return class_;
    row->batch->records[row->at] = row->record->chain[row->record->chain_len - 1];
    class_ = row_fill(m, row, &field, &why);
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

/* A list that is missing or null holds nothing; what is no list may hold rows that we cannot read. */
static enum err_class list_reject(struct mapper *m, const struct row *row)
{
    struct reject *reject;
    struct err why;
    err_set(&why, ERR_SKIP_RECORD, "list_kind", "the rows of table %.*s are not in a list",
            STR_ARG(row->plan->table->name));
    return reject_add(m, row, STR(""), &why, &reject);
}

static enum err_class map_further(struct mapper *m, const struct path_record *record,
                                  const struct json *whole, size_t table)
{
    struct path_iter iter;
    struct path_record inner, joined;
    struct row row = {.table = table,
                      .plan = &m->plan->tables[table],
                      .batch = m->out->batches[table],
                      .record = &joined,
                      .whole = whole};
    path_iter_init(&iter, row.plan->records, whole);
    while (path_iter_next(&iter, &inner)) {
        bool accepted;
        chain_join(record, &inner, &joined);
        enum err_class class_ = row_map(m, &row, false, &accepted);
        if (class_ != ERR_OK)
            return class_;
        if (!accepted)
            batch_drop_last(row.batch);
    }
    return path_iter_list_kind(&iter) ? list_reject(m, &row) : ERR_OK;
}

static enum err_class map_record(struct mapper *m, const struct path_record *record)
{
    const struct json *whole = record->chain[record->chain_len - 1];
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
        class_ = map_further(m, record, whole, table);
    return class_;
}

/* --- pages --- */
static size_t count_further(const struct table_plan *table, const struct json *whole)
{
    struct path_iter iter;
    struct path_record record;
    size_t len = 0;
    path_iter_init(&iter, table->records, whole);
    while (path_iter_next(&iter, &record))
        len++;
    return len;
}

static void count_record(const struct mapper *m, const struct path_record *record, size_t *rows)
{
    rows[0]++;
    for (size_t table = 1; table < m->plan->tables_len; table++)
        rows[table] += count_further(&m->plan->tables[table], record->chain[record->chain_len - 1]);
}

static enum err_class batches_make(struct mapper *m, const size_t *rows)
{
    struct mapped *out = m->out;
    out->batches = arena_array(m->arena, m->plan->tables_len, sizeof *out->batches);
    out->id_hashes = arena_array(m->arena, rows[0] + 1, sizeof *out->id_hashes);
    if (!out->batches || !out->id_hashes)
        return err_no_memory(m->err);
    for (; out->batches_len < m->plan->tables_len; out->batches_len++) {
        size_t len = rows[out->batches_len];
        if (len > PAGE_RECORDS_MAX)
            return err_set(m->err, ERR_BAD_REPLY, "page_records",
                           "the page has %zu rows for table %.*s, more than %d", len,
                           STR_ARG(m->plan->tables[out->batches_len].table->name),
                           PAGE_RECORDS_MAX);
        enum err_class class_ = batch_new(m->plan->tables[out->batches_len].table, m->arena,
                                          len > 0 ? len : 1, &out->batches[out->batches_len],
                                          m->err);
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

/* One field of a record: found, opened where it arrives encrypted, converted, put into its cell. */
#include <string.h>

#include "connector/mapper.h"

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
    size_t batch = row->table; /* or one behind, where the table has several */
    while (out->batches[batch] != row->batch)
        batch++;
    void *items = arena_grow(m->arena, out->ciphers, out->ciphers_len, &m->ciphers_room,
                             sizeof *out->ciphers);
    if (!items)
        return err_no_memory(m->err);
    out->ciphers = items;
    out->ciphers[out->ciphers_len++] = (struct cipher_cell){batch, row->at, column, cipher, online};
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

static bool listed(const struct str_list *list, struct str value)
{
    for (size_t i = 0; i < list->len; i++)
        if (str_eq(list->items[i], value))
            return true;
    return false;
}

static enum err_class note_unknown(struct mapper *m, const struct field_plan *field,
                                   struct str value)
{
    struct mapped *out = m->out;
    void *items = arena_grow(m->arena, out->unknown, out->unknown_len, &m->unknown_room,
                             sizeof *out->unknown);
    if (!items)
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

/* No database of ours keeps U+0000, not as a byte in a text and PostgreSQL not as an escape in JSON. */
static bool cell_has_nul(const struct field_plan *field, const struct json *value,
                         const struct cell *cell)
{
    if (field->type == COLUMN_JSON && json_has_nul(value))
        return true;
    return cell->text.len > 0 && memchr(cell->text.ptr, '\0', cell->text.len) != NULL;
}

/* A value that the manifest has no word for. The word of the value before it no longer holds, so it goes:
 * kept, it would say of a new status what an old one meant. */
static enum err_class set_untold(struct mapper *m, const struct row *row,
                                 const struct field_plan *field, const struct json *value)
{
    batch_set_state(row->batch, row->at, field->column, CELL_GONE);
    return note_unknown(m, field, json_text(value));
}

static bool has_word(const struct field_plan *field, const struct json *value)
{
    enum json_kind kind = json_kind_of(value);
    return kind != JSON_OBJECT && kind != JSON_ARRAY &&
           listed(&field->values_from, json_text(value));
}

enum err_class field_map(struct mapper *m, const struct row *row, const struct field_plan *field,
                         struct err *why)
{
    struct convert convert = {field, m->zone, row->exponent, m->arena, m->facts->received_ms};
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
    } else if (field->translates && !has_word(field, value)) {
        return set_untold(m, row, field, value);
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
    if (cell_has_nul(field, value, &cell))
        return err_set(why, ERR_SKIP_RECORD, "text_nul", "the value holds U+0000");
    batch_set_text(row->batch, row->at, field->column, cell.text);
    if (field->known.len == 0 || listed(&field->known, cell.text))
        return ERR_OK;
    return note_unknown(m, field, cell.text);
}

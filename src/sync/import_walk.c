/* Sheets of a file, their headings, and rows as JSON. */
#include "sync/import_walk.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEAD_ROWS_MAX = 10, /* titles and remarks may stand above the headings */
    RECORD_BYTES_MAX = 2 * XLSX_ROW_BYTES_MAX,
    SAME_MAX = XLSX_ROWS_MAX,
};

void walk_init(struct import_walk *walk, const struct file_form *form, struct str digest,
               struct str who)
{
    *walk = (struct import_walk){.form = form, .digest = digest, .who = who};
    arena_init(&walk->kept);
    arena_init(&walk->arena);
    map_init(&walk->same, SAME_MAX);
    buf_init(&walk->text, RECORD_BYTES_MAX);
}

enum err_class walk_open(struct import_walk *walk, struct str bytes, struct err *err)
{
    enum err_class class_ = grid_open(bytes, &walk->grid, err);
    if (class_ == ERR_OK && !walk->form->every_sheet)
        while (walk->sheet + 1 < grid_sheets(walk->grid) &&
               !grid_sheet_visible(walk->grid, walk->sheet))
            walk->sheet++;
    return class_;
}

void walk_fini(struct import_walk *walk)
{
    grid_close(walk->grid);
    buf_fini(&walk->text);
    map_fini(&walk->same);
    arena_fini(&walk->arena);
    arena_fini(&walk->kept);
}

/* --- sheets --- */

static bool sheet_is_read(const struct import_walk *walk, size_t sheet)
{
    const struct file_form *form = walk->form;
    struct str name = grid_sheet_name(walk->grid, sheet);
    if (!form->every_sheet)
        return true;
    for (size_t i = 0; i < form->skip_len; i++)
        if (str_find(name, form->skip[i]) != SIZE_MAX)
            return false;
    return grid_sheet_visible(walk->grid, sheet);
}

/* Exports cut long lists into 已预约-1, 已预约-2 … */
static struct str sheet_word(struct str name)
{
    size_t len = name.len;
    while (len > 0 && name.ptr[len - 1] >= '0' && name.ptr[len - 1] <= '9')
        len--;
    return len > 0 && len < name.len && name.ptr[len - 1] == '-' ? str_sub(name, 0, len - 1) : name;
}

static enum err_class headings_keep(struct import_walk *walk, const struct xlsx_row *row,
                                    struct err *err)
{
    walk->columns_len = row->cells_len;
    for (size_t i = 0; i < row->cells_len; i++) {
        walk->headings[i] = arena_dup(&walk->kept, str_trim(row->cells[i].text));
        if (!walk->headings[i].ptr)
            return err_no_memory(err);
    }
    return ERR_OK;
}

static enum err_class headings_try(struct import_walk *walk, const struct xlsx_row *row,
                                   struct err *err)
{
    struct str headings[XLSX_COLUMNS_MAX];
    for (size_t i = 0; i < row->cells_len; i++)
        headings[i] = row->cells[i].text;
    return connector_file_headers(walk->form, headings, row->cells_len, walk->columns, err);
}

/* The first row that has all headings. *empty: the sheet has no row at all. */
static enum err_class headings_find(struct import_walk *walk, bool *empty, struct err *err)
{
    struct xlsx_row row;
    struct err first = {0};
    *empty = true;
    for (int i = 0; i < HEAD_ROWS_MAX; i++) {
        struct err why = {0};
        enum err_class class_ = grid_next(walk->grid, &row, &why);
        if (class_ == ERR_SKIP_RECORD)
            continue;
        if (class_ == ERR_OK && row.number == 0)
            break;
        *empty = false;
        if (class_ == ERR_OK)
            class_ = headings_try(walk, &row, &why);
        if (class_ == ERR_OK)
            return headings_keep(walk, &row, err);
        /* What the likeliest row lacks is worth saying: the one with most cells comes first mostly. */
        if (first.class_ == ERR_OK || strcmp(why.code, "header_missing") != 0)
            first = why;
        if (strcmp(why.code, "header_missing") != 0)
            break;
    }
    if (*empty)
        return ERR_OK;
    if (walk->sheet_name.len > 0)
        err_prefix(&first, "sheet %.*s", STR_ARG(walk->sheet_name));
    if (err)
        *err = first;
    return first.class_;
}

/* *more: a sheet is open. */
static enum err_class sheet_next(struct import_walk *walk, bool *more, struct err *err)
{
    enum err_class class_ = ERR_OK;
    *more = false;
    while (class_ == ERR_OK && !*more && walk->sheet < grid_sheets(walk->grid)) {
        size_t sheet = walk->sheet;
        bool empty;
        walk->sheet = walk->form->every_sheet ? sheet + 1 : SIZE_MAX;
        if (!sheet_is_read(walk, sheet))
            continue;
        walk->sheet_name = grid_sheet_name(walk->grid, sheet);
        walk->sheet_shown = sheet_word(walk->sheet_name);
        class_ = grid_select(walk->grid, sheet, err);
        if (class_ == ERR_OK)
            class_ = headings_find(walk, &empty, err);
        *more = class_ == ERR_OK && !empty;
    }
    walk->open = *more;
    return class_;
}

/* --- a row as JSON --- */

/* "-" and "--" are how exports say that there is nothing. */
static bool cell_is_nothing(const struct xlsx_cell *cell)
{
    struct str text = str_trim(cell->text);
    return cell->kind == XLSX_EMPTY || text.len == 0 || str_eq(text, STR("-")) ||
           str_eq(text, STR("--"));
}

/* -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)? */
static bool is_json_number(struct str text)
{
    size_t at = text.len > 0 && text.ptr[0] == '-', from = at;
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    if (at == from || (text.ptr[from] == '0' && at > from + 1))
        return false;
    if (at < text.len && text.ptr[at] == '.') {
        from = ++at;
        while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
            at++;
        if (at == from)
            return false;
    }
    if (at < text.len && (text.ptr[at] | 0x20) == 'e') {
        at++;
        at += at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-');
        from = at;
        while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
            at++;
        if (at == from)
            return false;
    }
    return at == text.len;
}

static void cell_write(struct buf *out, const struct xlsx_cell *cell)
{
    if (cell_is_nothing(cell))
        buf_add(out, STR("null"));
    else if (cell->kind == XLSX_NUMBER && is_json_number(cell->text))
        buf_add(out, cell->text);
    else
        json_write_string(out, str_trim(cell->text));
}

/* Columns that the manifest knows by its names, the others by their headings; two headings that are alike: the first. */
static void cells_write(struct import_walk *walk, const struct xlsx_row *row)
{
    struct buf *out = &walk->text;
    bool comma = false;
    for (size_t i = 0; i < walk->columns_len; i++) {
        static const struct xlsx_cell none = {.kind = XLSX_EMPTY};
        size_t column = walk->columns[i];
        if (column == SIZE_MAX && walk->headings[i].len == 0)
            continue;
        if (comma)
            buf_add_char(out, ',');
        comma = true;
        json_write_string(out, column == SIZE_MAX ? walk->headings[i]
                                                  : walk->form->columns[column].name);
        buf_add_char(out, ':');
        cell_write(out, i < row->cells_len ? &row->cells[i] : &none);
    }
}

/* The texts of some columns, joined. */
static void columns_join(const struct import_walk *walk, const struct xlsx_row *row,
                         const size_t *columns, size_t len, struct buf *out)
{
    for (size_t at = 0; at < len; at++) {
        if (at > 0)
            buf_add_char(out, '/');
        for (size_t i = 0; i < walk->columns_len && i < row->cells_len; i++)
            if (walk->columns[i] == columns[at] && !cell_is_nothing(&row->cells[i]))
                buf_add(out, str_trim(row->cells[i].text));
    }
}

static enum err_class same_count(struct import_walk *walk, const struct xlsx_row *row,
                                 uint64_t *count, struct err *err)
{
    struct buf key;
    bool added;
    buf_init(&key, RECORD_BYTES_MAX);
    columns_join(walk, row, walk->form->same, walk->form->same_len, &key);
    struct map_entry *entry = key.failed ? NULL : map_find(&walk->same, buf_str(&key));
    if (!entry && !key.failed) {
        struct str kept = arena_dup(&walk->kept, buf_str(&key));
        entry = kept.ptr ? map_put(&walk->same, kept, &added) : NULL;
    }
    buf_fini(&key);
    if (!entry)
        return err_no_memory(err);
    *count = ++entry->value.number;
    return ERR_OK;
}

/* The number of which an id was to be made and whose last digits are lost: it stands there as what it is, and is refused. */
static const struct xlsx_cell *rounded_part(const struct import_walk *walk,
                                            const struct xlsx_row *row)
{
    for (size_t at = 0; at < walk->form->id_len; at++)
        for (size_t i = 0; i < walk->columns_len && i < row->cells_len; i++)
            if (walk->columns[i] == walk->form->id[at] && row->cells[i].rounded)
                return &row->cells[i];
    return NULL;
}

/* Rows without one of the parts would all be one record, each in the place of the one before. */
static bool id_is_whole(const struct import_walk *walk, const struct xlsx_row *row)
{
    for (size_t at = 0; at < walk->form->id_len; at++) {
        bool there = false;
        for (size_t i = 0; i < walk->columns_len && i < row->cells_len; i++)
            there |= walk->columns[i] == walk->form->id[at] && !cell_is_nothing(&row->cells[i]) &&
                     str_trim(row->cells[i].text).len > 0;
        if (!there)
            return false;
    }
    return true;
}

static void id_write(struct import_walk *walk, const struct xlsx_row *row)
{
    struct buf id, *out = &walk->text;
    const struct xlsx_cell *rounded = rounded_part(walk, row);
    if (walk->form->id_len == 0)
        return;
    buf_add(out, STR(",\"id\":"));
    buf_init(&id, RECORD_BYTES_MAX);
    columns_join(walk, row, walk->form->id, walk->form->id_len, &id);
    if (rounded)
        cell_write(out, rounded);
    else if (!id_is_whole(walk, row))
        buf_add(out, STR("null"));
    else
        json_write_string(out, buf_str(&id));
    out->failed |= id.failed;
    buf_fini(&id);
}

static enum err_class record_write(struct import_walk *walk, const struct xlsx_row *row,
                                   struct err *err)
{
    struct buf *out = &walk->text;
    uint64_t same = 0;
    enum err_class class_ = walk->form->same_len > 0 ? same_count(walk, row, &same, err) : ERR_OK;
    if (class_ != ERR_OK)
        return class_;
    buf_reset(out);
    buf_printf(out, "{\"kind\":\"%.*s\",\"line\":%lld,\"file\":\"%.*s\",\"sheet\":",
               STR_ARG(walk->form->kind), (long long)row->number, STR_ARG(walk->digest));
    json_write_string(out, walk->sheet_shown);
    buf_add(out, STR(",\"who\":"));
    json_write_string(out, walk->who);
    if (same > 0)
        buf_printf(out, ",\"same\":%llu", (unsigned long long)same);
    id_write(walk, row);
    buf_add(out, STR(",\"cells\":{"));
    cells_write(walk, row);
    buf_add(out, STR("}}"));
    struct import_record *record = &walk->records[walk->records_len];
    *record = (struct import_record){.sheet = walk->sheet_name,
                                     .line = row->number,
                                     .nth = walk->form->content != SIZE_MAX ? 1 : 0,
                                     .text = arena_dup(&walk->arena, buf_str(out))};
    if (out->failed || !record->text.ptr)
        return err_no_memory(err);
    walk->records_len++;
    return ERR_OK;
}

/* --- pages --- */

enum err_class walk_page(struct import_walk *walk, walk_fault *fault, void *context,
                         struct err *err)
{
    struct xlsx_row row;
    bool more = true;
    enum err_class class_ = ERR_OK;
    arena_reset(&walk->arena);
    walk->records_len = 0;
    while (class_ == ERR_OK && walk->records_len < IMPORT_PAGE_ROWS &&
           walk->arena.used_bytes < IMPORT_PAGE_BYTES) {
        if (!walk->open) {
            class_ = sheet_next(walk, &more, err);
            if (class_ != ERR_OK || !more)
                break;
        }
        struct err why = {0};
        class_ = grid_next(walk->grid, &row, &why);
        if (class_ == ERR_SKIP_RECORD) {
            const struct import_fault seen = {walk->sheet_name, row.number, STR(""),
                                              str_of(why.code), str_of(why.message)};
            class_ = fault(context, &seen, err);
        } else if (class_ != ERR_OK) {
            if (err)
                *err = why;
        } else if (row.number == 0) {
            walk->open = false;
        } else {
            class_ = record_write(walk, &row, err);
        }
    }
    return class_;
}

/* What a row's number is, is known when it was mapped: it stands before the rest. */
static void record_add(struct buf *out, const struct import_record *record)
{
    if (record->nth > 0) {
        buf_printf(out, "{\"nth\":%lld,", (long long)record->nth);
        buf_add(out, str_sub(record->text, 1, record->text.len));
    } else {
        buf_add(out, record->text);
    }
}

enum err_class walk_page_text(const struct import_walk *walk, const bool *dropped, struct buf *out,
                              struct err *err)
{
    bool comma = false;
    buf_reset(out);
    buf_add(out, STR("{\"rows\":["));
    for (size_t i = 0; i < walk->records_len; i++) {
        if (dropped && dropped[i])
            continue;
        if (comma)
            buf_add_char(out, ',');
        record_add(out, &walk->records[i]);
        comma = true;
    }
    buf_add(out, STR("]}"));
    return out->failed ? err_no_memory(err) : ERR_OK;
}

/* CSV as RFC 4180. A field is lent straight from the text; only fields with doubled quotes are
 * written anew into the scratch buf. A quote inside a bare field is refused instead of guessed
 * at: `a, "b,c"` would otherwise silently become three fields. */
#include "format/codec.h"

#include <string.h>

void csv_init(struct csv *csv, struct str text)
{
    *csv = (struct csv){.text = text, .line_next = 1};
    buf_init(&csv->scratch, text.len);
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        csv->at = 3;
}

void csv_fini(struct csv *csv)
{
    buf_fini(&csv->scratch);
}

/* One row being read. */
struct row {
    struct str *fields;
    size_t fields_len;
    size_t lines; /* ended so far */
    bool in_scratch[CSV_FIELDS_MAX];
    bool ended;
    const char *why; /* what is wrong with it */
};

/* After a field: a comma, a line end or the end of the text. */
static void separator_read(struct csv *csv, struct row *row)
{
    struct str rest = str_sub(csv->text, csv->at, csv->text.len);
    if (rest.len == 0) {
        row->ended = true;
    } else if (rest.ptr[0] == ',') {
        csv->at++;
    } else if (rest.ptr[0] == '\n' || str_starts(rest, STR("\r\n"))) {
        csv->at += rest.ptr[0] == '\n' ? 1 : 2;
        row->lines++;
        row->ended = true;
    } else {
        row->why = "text follows a closing quote";
    }
}

static struct str bare_read(struct csv *csv, struct row *row)
{
    size_t from = csv->at;
    for (; csv->at < csv->text.len; csv->at++) {
        char c = csv->text.ptr[csv->at];
        if (c == ',' || c == '\n' ||
            (c == '\r' && str_starts(str_sub(csv->text, csv->at, csv->at + 2), STR("\r\n"))))
            break;
        if (c == '"') {
            row->why = "a quote stands inside a field that is not quoted";
            break;
        }
    }
    return str_sub(csv->text, from, csv->at);
}

/* The text between the quotes; the doubled ones are still in it. */
static struct str quoted_read(struct csv *csv, struct row *row, bool *doubled)
{
    size_t from = ++csv->at;
    for (; csv->at < csv->text.len; csv->at++) {
        char c = csv->text.ptr[csv->at];
        if (c == '\n')
            row->lines++;
        if (c != '"')
            continue;
        if (csv->at + 1 < csv->text.len && csv->text.ptr[csv->at + 1] == '"') {
            *doubled = true;
            csv->at++;
            continue;
        }
        return str_sub(csv->text, from, csv->at++);
    }
    row->why = "a quoted field has no closing quote";
    return STR_NONE;
}

/* Length of what was added to the scratch. */
static size_t scratch_unquote(struct buf *scratch, struct str field)
{
    size_t len_before = scratch->len;
    struct str head;
    while (str_cut(field, '"', &head, &field)) {
        buf_add(scratch, head);
        buf_add_char(scratch, '"');
        field = str_sub(field, 1, field.len);
    }
    buf_add(scratch, head);
    return scratch->len - len_before;
}

static void field_read(struct csv *csv, struct row *row)
{
    if (row->fields_len == CSV_FIELDS_MAX) {
        row->why = "it has too many fields";
        return;
    }
    bool doubled = false;
    struct str field;
    if (csv->at < csv->text.len && csv->text.ptr[csv->at] == '"')
        field = quoted_read(csv, row, &doubled);
    else
        field = bare_read(csv, row);
    if (row->why)
        return;
    if (doubled)
        field = (struct str){NULL, scratch_unquote(&csv->scratch, field)};
    row->in_scratch[row->fields_len] = doubled;
    row->fields[row->fields_len++] = field;
    separator_read(csv, row);
}

/* The scratch moves while it grows, so its fields get their place when the row is complete. */
static void scratch_lend(const struct csv *csv, struct row *row)
{
    size_t at = 0;
    for (size_t i = 0; i < row->fields_len; i++) {
        if (!row->in_scratch[i])
            continue;
        row->fields[i].ptr = csv->scratch.ptr + at;
        at += row->fields[i].len;
    }
}

/* A blank line is no row (most files end in one). */
static void blank_lines_skip(struct csv *csv)
{
    for (;;) {
        struct str rest = str_sub(csv->text, csv->at, csv->text.len);
        if (str_starts(rest, STR("\n")))
            csv->at++;
        else if (str_starts(rest, STR("\r\n")))
            csv->at += 2;
        else
            return;
        csv->line_next++;
    }
}

enum err_class csv_next(struct csv *csv, struct str fields[CSV_FIELDS_MAX], size_t *fields_len,
                        struct err *err)
{
    struct row row = {.fields = fields};
    *fields_len = 0;
    buf_reset(&csv->scratch);
    blank_lines_skip(csv);
    csv->line = csv->line_next;
    if (csv->at == csv->text.len)
        return ERR_OK;
    size_t from = csv->at;
    while (!row.ended && !row.why)
        field_read(csv, &row);
    if (csv->scratch.failed)
        return err_no_memory(err);
    if (row.why) {
        /* Go on behind the row's first line: a quote that is never closed costs one row and not
         * the rest of the file. */
        size_t line_len = str_find_char(str_sub(csv->text, from, csv->text.len), '\n');
        csv->at = line_len == SIZE_MAX ? csv->text.len : from + line_len + 1;
        csv->line_next++;
        return err_set(err, ERR_SKIP_RECORD, "csv_syntax", "line %zu cannot be read: %s", csv->line,
                       row.why);
    }
    csv->line_next += row.lines;
    scratch_lend(csv, &row);
    *fields_len = row.fields_len;
    return ERR_OK;
}

void csv_write_field(struct buf *out, struct str field, bool first)
{
    if (!first)
        buf_add_char(out, ',');
    /* A row of one empty field would be a blank line, which is no row: so it is quoted. */
    bool quoted = first && field.len == 0;
    for (size_t i = 0; i < field.len && !quoted; i++)
        quoted = strchr(",\"\r\n", field.ptr[i]) != NULL && field.ptr[i] != '\0';
    if (!quoted) {
        buf_add(out, field);
        return;
    }
    buf_add_char(out, '"');
    struct str head;
    while (str_cut(field, '"', &head, &field)) {
        buf_add(out, head);
        buf_add(out, STR("\"\""));
    }
    buf_add(out, head);
    buf_add_char(out, '"');
}

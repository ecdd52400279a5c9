/* Rows of a sheet. expat is paused at the end of each row that has a cell, so that the caller pulls. */
#include <stdlib.h>
#include <string.h>

#include "format/xlsx_internal.h"

enum { TIME_TEXT_BYTES = 32 };

/* A cell on its way: where its text lies in the row's bytes, which move while they grow. */
struct place {
    enum xlsx_kind kind;
    bool rounded, shared;
    size_t from, len; /* shared: `from` is the string's number */
};

struct rows {
    struct part part;
    struct buf text; /* of the row's cells, one after the other */
    struct place places[XLSX_COLUMNS_MAX];
    struct xlsx_cell cells[XLSX_COLUMNS_MAX];
    size_t len;
    int64_t number;
    /* The cell that is being read. */
    size_t column;
    char type; /* s, i (inline), n, b, e, d, t (text that a formula gave) */
    bool date;
    size_t from;
    bool in_data, in_cell, in_value;
    unsigned phonetic;
};

/* --- a cell --- */

static void too_large(struct rows *rows, const char *what)
{
    part_fail(&rows->part, ERR_BAD_REQUEST, "xlsx_large", "row %lld: %s", (long long)rows->number,
              what);
}

/* "AB12" -> 27; SIZE_MAX where no letters stand. */
static size_t column_of(struct str reference)
{
    size_t column = 0, at = 0;
    for (; at < reference.len && reference.ptr[at] >= 'A' && reference.ptr[at] <= 'Z'; at++) {
        if (column > 100000)
            return SIZE_MAX - 1;
        column = column * 26 + (size_t)(reference.ptr[at] - 'A') + 1;
    }
    return at > 0 ? column - 1 : SIZE_MAX;
}

static char type_of(struct str type)
{
    static const struct {
        const char *name;
        char type;
    } types[] = {{"s", 's'}, {"inlineStr", 'i'}, {"str", 't'}, {"b", 'b'}, {"e", 'e'}, {"d", 'd'}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_eq(type, str_of(types[i].name)))
            return types[i].type;
    return 'n';
}

static void cell_open(struct rows *rows, const char **attributes)
{
    const struct xlsx *book = rows->part.book;
    size_t column = column_of(attribute(attributes, "r"));
    int64_t style;
    rows->column = column == SIZE_MAX ? rows->column + 1 : column;
    rows->in_cell = true;
    rows->in_value = false;
    rows->phonetic = 0;
    rows->type = type_of(attribute(attributes, "t"));
    rows->from = rows->text.len;
    rows->date = str_to_i64(attribute(attributes, "s"), &style) && style >= 0 &&
                 (uint64_t)style < book->dates_len && book->dates[style];
}

/* Numbers of days become calendar text in the place of their digits. */
static void number_settle(struct rows *rows, struct place *place, struct str text)
{
    char time[TIME_TEXT_BYTES];
    size_t len;
    place->kind = XLSX_NUMBER;
    if (rows->date && serial_to_text(text, rows->part.book->from_1904, time, &len)) {
        rows->text.len = rows->from;
        buf_add(&rows->text, (struct str){time, len});
        place->kind = XLSX_TIME;
        place->len = len;
    }
    place->rounded = place->kind == XLSX_NUMBER && number_is_rounded(text);
}

/* ISO 8601 as "d" cells have it: the date, T, the time. */
static void iso_settle(struct rows *rows, struct place *place)
{
    place->kind = XLSX_TIME;
    for (size_t i = rows->from; i < rows->text.len; i++)
        if (rows->text.ptr[i] == 'T')
            rows->text.ptr[i] = ' ';
}

static void string_settle(struct rows *rows, struct place *place, struct str text)
{
    int64_t number;
    if (!str_to_i64(text, &number) || number < 0 ||
        (uint64_t)number >= rows->part.book->strings_len) {
        part_fail(&rows->part, ERR_BAD_REQUEST, "xlsx_corrupt",
                  "row %lld names a text that the file does not have", (long long)rows->number);
        return;
    }
    place->kind = XLSX_TEXT;
    place->shared = true;
    place->from = (size_t)number;
    rows->text.len = rows->from;
}

static void cell_settle(struct rows *rows, struct place *place)
{
    char *text = rows->text.ptr ? rows->text.ptr + rows->from : NULL;
    struct str value = {text, place->len};
    place->kind = rows->type == 'e' ? XLSX_ERROR : rows->type == 'b' ? XLSX_BOOL : XLSX_TEXT;
    if (rows->type == 's')
        string_settle(rows, place, str_trim(value));
    else if (rows->type == 'n')
        number_settle(rows, place, value);
    else if (rows->type == 'd')
        iso_settle(rows, place);
    else if (place->kind == XLSX_TEXT)
        place->len = text_unescape(text, place->len);
}

static void cell_close(struct rows *rows)
{
    rows->in_cell = false;
    size_t len = rows->text.len - rows->from;
    if (rows->text.failed || len > XLSX_CELL_BYTES_MAX) {
        too_large(rows, "its texts are too long");
        return;
    }
    if (len == 0) /* only a format: wide files have many */
        return;
    if (rows->column >= XLSX_COLUMNS_MAX) {
        too_large(rows, "it has more columns than 256");
        return;
    }
    if (rows->column < rows->len && rows->places[rows->column].kind != XLSX_EMPTY) {
        part_fail(&rows->part, ERR_BAD_REQUEST, "xlsx_corrupt", "row %lld has a cell twice",
                  (long long)rows->number);
        return;
    }
    while (rows->len <= rows->column)
        rows->places[rows->len++] = (struct place){.kind = XLSX_EMPTY};
    struct place *place = &rows->places[rows->column];
    *place = (struct place){.from = rows->from, .len = len};
    cell_settle(rows, place);
}

/* --- tags --- */

static void row_open(struct rows *rows, const char **attributes)
{
    int64_t number;
    if (!str_to_i64(attribute(attributes, "r"), &number))
        number = rows->number + 1;
    if (number <= rows->number || number > XLSX_ROWS_MAX) {
        part_fail(&rows->part, ERR_BAD_REQUEST, "xlsx_corrupt",
                  "behind row %lld stands one that is not between it and %d",
                  (long long)rows->number, XLSX_ROWS_MAX);
        return;
    }
    rows->number = number;
    rows->len = 0;
    rows->column = SIZE_MAX;
    buf_reset(&rows->text);
}

static void sheet_tag_open(void *context, const char *name, const char **attributes)
{
    struct rows *rows = context;
    if (strcmp(name, "sheetData") == 0)
        rows->in_data = true;
    else if (!rows->in_data)
        return;
    else if (strcmp(name, "row") == 0)
        row_open(rows, attributes);
    else if (strcmp(name, "c") == 0)
        cell_open(rows, attributes);
    else if (strcmp(name, "rPh") == 0)
        rows->phonetic++;
    else if (rows->in_cell)
        rows->in_value = strcmp(name, rows->type == 'i' ? "t" : "v") == 0 && rows->phonetic == 0;
}

static void sheet_tag_close(void *context, const char *name)
{
    struct rows *rows = context;
    if (strcmp(name, "sheetData") == 0)
        rows->in_data = false;
    else if (strcmp(name, "rPh") == 0 && rows->phonetic > 0)
        rows->phonetic--;
    else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0)
        rows->in_value = false;
    else if (rows->in_cell && strcmp(name, "c") == 0)
        cell_close(rows);
    else if (rows->in_data && strcmp(name, "row") == 0 && rows->len > 0)
        part_pause(&rows->part);
}

static void sheet_text(void *context, struct str text)
{
    struct rows *rows = context;
    if (rows->in_cell && rows->in_value)
        buf_add(&rows->text, text);
}

static const struct part_tags sheet_tags = {sheet_tag_open, sheet_tag_close, sheet_text};

/* --- life cycle --- */

enum err_class rows_open(struct xlsx *book, size_t sheet, struct err *err)
{
    if (sheet >= book->sheets_len || book->sheets[sheet].path.len == 0)
        return err_set(err, ERR_BAD_REQUEST, "xlsx_sheet", "the file has no such sheet of cells");
    struct rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return err_no_memory(err);
    buf_init(&rows->text, XLSX_ROW_BYTES_MAX);
    enum err_class class_ = part_open(&rows->part, book, book->sheets[sheet].path, &sheet_tags,
                                      rows, err);
    if (class_ == ERR_OK)
        book->rows = rows;
    else
        rows_close(rows);
    if (class_ == ERR_NOT_FOUND)
        class_ = err_set(err, ERR_BAD_REQUEST, "xlsx_corrupt", "sheet \"%.*s\" is not in the file",
                         STR_ARG(book->sheets[sheet].name));
    return class_;
}

void rows_close(struct rows *rows)
{
    if (!rows)
        return;
    part_close(&rows->part);
    buf_fini(&rows->text);
    free(rows);
}

enum err_class rows_next(struct rows *rows, struct xlsx_row *row, struct err *err)
{
    *row = (struct xlsx_row){.number = 0};
    enum err_class class_ = part_run(&rows->part, err);
    if (class_ != ERR_OK || !rows->part.paused)
        return class_;
    const struct xlsx *book = rows->part.book;
    for (size_t i = 0; i < rows->len; i++) {
        const struct place *place = &rows->places[i];
        struct str text = place->shared ? book->strings[place->from]
                                        : str_sub(buf_str(&rows->text), place->from,
                                                  place->from + place->len);
        rows->cells[i] = (struct xlsx_cell){place->kind == XLSX_TEXT && text.len == 0 ? XLSX_EMPTY
                                                                                      : place->kind,
                                            text, place->rounded};
    }
    *row = (struct xlsx_row){rows->number, rows->cells, rows->len};
    return ERR_OK;
}

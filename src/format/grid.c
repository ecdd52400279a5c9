/* xlsx and CSV behind one face; and the coding of texts that do not say theirs. */
#include "format/grid.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "format/codec.h"

enum {
    PIECE_BYTES = 16 * 1024,
    /* Half of the characters of GB18030 that a Chinese file holds take three bytes instead of two. */
    TEXT_BYTES_MAX = 2 * XLSX_FILE_BYTES_MAX,
};

struct grid {
    struct xlsx *book; /* NULL: CSV */
    const char *charset;
    struct buf text;
    struct csv csv;
    struct xlsx_cell cells[CSV_FIELDS_MAX];
};

_Static_assert((int)CSV_FIELDS_MAX == (int)XLSX_COLUMNS_MAX, "a row is as wide in both");

/* --- codings --- */

static enum err_class not_text(struct err *err)
{
    return err_set(err, ERR_BAD_REQUEST, "charset",
                   "the file is neither xlsx nor text in UTF-8 or GB18030: save it as .xlsx");
}

static enum err_class convert(iconv_t iconv_, struct str bytes, struct buf *out, struct err *err)
{
    char piece[PIECE_BYTES];
    /* iconv's own type is not const; it does not write there. */
    char *in = (char *)(uintptr_t)bytes.ptr;
    size_t left = bytes.len;
    while (left > 0) {
        char *to = piece;
        size_t room = sizeof piece;
        size_t result = iconv(iconv_, &in, &left, &to, &room);
        buf_add_bytes(out, piece, (size_t)(to - piece));
        if (out->failed)
            return err_set(err, ERR_BAD_REQUEST, "xlsx_large", "the text is longer than %d MB",
                           TEXT_BYTES_MAX >> 20);
        if (result == (size_t)-1 && errno != E2BIG)
            return not_text(err);
    }
    return ERR_OK;
}

static enum err_class convert_from(const char *charset, struct str bytes, struct buf *out,
                                   struct err *err)
{
    iconv_t iconv_ = iconv_open("UTF-8", charset);
    if (iconv_ == (iconv_t)-1)
        return err_set(err, ERR_CONFIG, "charset", "this system cannot read %s", charset);
    enum err_class class_ = convert(iconv_, bytes, out, err);
    iconv_close(iconv_);
    if (class_ == ERR_OK && !utf8_valid(buf_str(out), NULL))
        class_ = not_text(err);
    return class_;
}

enum err_class charset_read(struct str bytes, struct buf *out, const char **name, struct err *err)
{
    if (str_starts(bytes, STR("\xFF\xFE")) || str_starts(bytes, STR("\xFE\xFF"))) {
        *name = "utf-16";
        return convert_from("UTF-16", bytes, out, err);
    }
    if (!utf8_valid(bytes, NULL)) {
        *name = "gb18030";
        return convert_from("GB18030", bytes, out, err);
    }
    *name = "utf-8";
    buf_add(out, bytes);
    return out->failed ? err_no_memory(err) : ERR_OK;
}

/* --- life cycle --- */

enum err_class grid_open(struct str bytes, struct grid **out, struct err *err)
{
    struct grid *grid = calloc(1, sizeof *grid);
    enum err_class class_ = ERR_OK;
    *out = NULL;
    if (!grid)
        return err_no_memory(err);
    buf_init(&grid->text, TEXT_BYTES_MAX);
    grid->charset = "xlsx";
    if (xlsx_is_zip(bytes) || xlsx_is_old(bytes))
        class_ = xlsx_open(bytes, &grid->book, err);
    else if (bytes.len > XLSX_FILE_BYTES_MAX)
        class_ = err_set(err, ERR_BAD_REQUEST, "xlsx_large", "the file has more than %d MB",
                         XLSX_FILE_BYTES_MAX >> 20);
    else
        class_ = charset_read(bytes, &grid->text, &grid->charset, err);
    csv_init(&grid->csv, buf_str(&grid->text));
    if (class_ == ERR_OK)
        *out = grid;
    else
        grid_close(grid);
    return class_;
}

void grid_close(struct grid *grid)
{
    if (!grid)
        return;
    xlsx_close(grid->book);
    csv_fini(&grid->csv);
    buf_fini(&grid->text);
    free(grid);
}

/* --- sheets --- */

const char *grid_charset(const struct grid *grid)
{
    return grid->charset;
}

size_t grid_sheets(const struct grid *grid)
{
    return grid->book ? xlsx_sheets(grid->book) : 1;
}

struct str grid_sheet_name(const struct grid *grid, size_t sheet)
{
    return grid->book ? xlsx_sheet_name(grid->book, sheet) : STR("");
}

bool grid_sheet_visible(const struct grid *grid, size_t sheet)
{
    return !grid->book || xlsx_sheet_visible(grid->book, sheet);
}

enum err_class grid_select(struct grid *grid, size_t sheet, struct err *err)
{
    if (grid->book)
        return xlsx_select(grid->book, sheet, err);
    csv_fini(&grid->csv);
    csv_init(&grid->csv, buf_str(&grid->text));
    return ERR_OK;
}

/* --- rows --- */

static bool row_is_empty(const struct xlsx_row *row)
{
    for (size_t i = 0; i < row->cells_len; i++)
        if (row->cells[i].kind != XLSX_EMPTY)
            return false;
    return true;
}

static enum err_class csv_row(struct grid *grid, struct xlsx_row *row, struct err *err)
{
    struct str fields[CSV_FIELDS_MAX];
    size_t fields_len;
    enum err_class class_ = csv_next(&grid->csv, fields, &fields_len, err);
    *row = (struct xlsx_row){.number = 0};
    if (class_ != ERR_OK || fields_len > 0)
        row->number = (int64_t)grid->csv.line;
    row->cells = grid->cells;
    row->cells_len = fields_len;
    for (size_t i = 0; i < fields_len; i++)
        grid->cells[i] = (struct xlsx_cell){.kind = fields[i].len > 0 ? XLSX_TEXT : XLSX_EMPTY,
                                            .text = fields[i]};
    return class_;
}

enum err_class grid_next(struct grid *grid, struct xlsx_row *row, struct err *err)
{
    enum err_class class_;
    do /* a line of commas is what spreadsheets leave of an empty row */
        class_ = grid->book ? xlsx_next(grid->book, row, err) : csv_row(grid, row, err);
    while (class_ == ERR_OK && row->number > 0 && row_is_empty(row));
    return class_;
}

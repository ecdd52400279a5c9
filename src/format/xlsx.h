/* Reading xlsx (ECMA-376) over libzip and expat: row after row, so that memory is the shared strings and one row.
 *
 *     xlsx_open(bytes, &book, err);
 *     xlsx_select(book, xlsx_first_visible(book), err);
 *     while (xlsx_next(book, &row, err) == ERR_OK && row.number > 0) …
 *     xlsx_close(book);
 *
 * A cell is what the file says: a number keeps the text that stands in the XML (92.849999999999994 is not rounded, and
 * 1.83553579468599E+18 is `rounded`: a number of more than 15 digits, of which spreadsheets forget the last ones), a
 * date is calendar text, a text is its runs put together. Formulas are not worked out: the value that was kept counts.
 *
 * Files come from anywhere. Nothing is ever written where an entry's name says; XML with a DTD is refused; and
 * everything is bounded: bytes packed and unfolded, their ratio, entries, strings, columns, rows, depth, cells.
 *
 * Ownership: `bytes` live until xlsx_close; a row until the next one. Threads: one. Errors are ERR_BAD_REQUEST with
 * "xlsx_corrupt", "xlsx_encrypted", "xls_old", "xlsx_large" (a bound; it says which), "xlsx_path", "xlsx_dtd",
 * "xlsx_sheet"; nothing else follows from what stands in the file. After an error only xlsx_close. */
#ifndef HUILIU_FORMAT_XLSX_H
#define HUILIU_FORMAT_XLSX_H

#include "base/base.h"

enum {
    XLSX_FILE_BYTES_MAX = 64 * 1024 * 1024,
    XLSX_ENTRIES_MAX = 2000,
    XLSX_SHEETS_MAX = 200,
    XLSX_COLUMNS_MAX = 256, /* of them that hold something; as CSV */
    XLSX_ROWS_MAX = 1048576,
    XLSX_STRINGS_MAX = 2000000,
    XLSX_STRINGS_BYTES_MAX = 64 * 1024 * 1024,
    XLSX_CELL_BYTES_MAX = 4 * 32767,
    XLSX_ROW_BYTES_MAX = 2 * 1024 * 1024,
    XLSX_DEPTH_MAX = 64,
    /* XML of rows unfolds to the tenfold, of rows that are all alike to the hundredfold; deflate can do a thousand.
     * Small parts are not judged. */
    XLSX_RATIO_MAX = 200,
    XLSX_RATIO_FREE_BYTES = 8 * 1024 * 1024,
};
/* All parts of a file together, unfolded: a full sheet of wide rows. */
#define XLSX_XML_BYTES_MAX (UINT64_C(2) << 30)

enum xlsx_kind { XLSX_EMPTY, XLSX_TEXT, XLSX_NUMBER, XLSX_TIME, XLSX_BOOL, XLSX_ERROR };
struct xlsx_cell {
    enum xlsx_kind kind;
    /* TEXT; NUMBER as written; TIME "2026-01-28 07:05:09" without what is nothing ("2026-01-28", "07:05:09");
     * BOOL "1" or "0"; ERROR "#N/A". */
    struct str text;
    bool rounded; /* NUMBER: of more than 15 digits */
};
struct xlsx_row {
    int64_t number; /* as the spreadsheet shows it, from 1; 0: there are no more */
    const struct xlsx_cell *cells;
    size_t cells_len; /* up to the last that is not empty */
};

struct xlsx;
enum err_class xlsx_open(struct str bytes, struct xlsx **out, struct err *err);
void xlsx_close(struct xlsx *book);
size_t xlsx_sheets(const struct xlsx *book);
struct str xlsx_sheet_name(const struct xlsx *book, size_t sheet);
bool xlsx_sheet_visible(const struct xlsx *book, size_t sheet);
size_t xlsx_first_visible(const struct xlsx *book);
/* From its first row on; may be called again, for another sheet or the same. */
enum err_class xlsx_select(struct xlsx *book, size_t sheet, struct err *err);
/* Rows without a cell are left out, as they are in the file. */
enum err_class xlsx_next(struct xlsx *book, struct xlsx_row *row, struct err *err);

/* Do the bytes begin as xlsx (ZIP), or as what older and encrypted workbooks are kept in? */
bool xlsx_is_zip(struct str bytes);
bool xlsx_is_old(struct str bytes);
/* Has the number, as text, more than 15 digits before the point? */
bool number_is_rounded(struct str text);
/* Calendar text of a number of days, as spreadsheets count them; false: it is none. */
bool serial_to_text(struct str serial, bool from_1904, char text[32], size_t *len);

#endif

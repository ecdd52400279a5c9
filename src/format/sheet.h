/* Sheets written row by row, of any length with bounded memory: xlsx, CSV or lines of JSON, the same columns
 * and values for all three. What is written goes to a sink piece by piece (a file, a reply on its way), so that a
 * million rows take no more memory than one, and no temporary file.
 *
 *     struct sheet_column columns[] = {
 *         {"order_id", STR("订单ID"), SHEET_ID}, {"cost", STR("实际消耗(元)"), SHEET_MONEY}, …};
 *     sheet_open(&(struct sheet_options){.form = SHEET_XLSX, .columns = columns, …}, &sheet, err);
 *     while (…) sheet_row(sheet, cells, err);
 *     sheet_close(sheet, &counts, err);   // or sheet_abandon(sheet)
 *
 * xlsx: ids and texts are text cells, never formulas; numbers are written digit by digit as decimals (nothing passes
 * through double); times are date cells in the zone. A sheet that is full (1,048,576 rows, or 3 GB of XML) goes on in the
 * next one, with its heading. The file has no compatibility tricks: shared strings are not used, texts stand inline.
 * CSV: UTF-8 with its mark, CRLF, and a text that a spreadsheet would take for a formula begins with an apostrophe.
 * NDJSON: an object a row, money as {minor, currency, text}, unknown as null.
 *
 * Ownership: columns and their texts live until the sheet is closed; cells until sheet_row returns. Threads: one.
 * Errors: those of the sink, passed on; ERR_BAD_REQUEST "zip_large". After an error only sheet_abandon. */
#ifndef HUILIU_FORMAT_SHEET_H
#define HUILIU_FORMAT_SHEET_H

#include "format/zone.h"

enum sheet_form { SHEET_XLSX, SHEET_CSV, SHEET_NDJSON };
enum { SHEET_FORMS = 3, SHEET_COLUMNS_MAX = 256, SHEET_ROWS_MAX = 1048576 };
bool sheet_form_parse(struct str word, enum sheet_form *out); /* "xlsx" "csv" "ndjson" */
const char *sheet_form_name(enum sheet_form form);
const char *sheet_content_type(enum sheet_form form);

enum sheet_kind {
    SHEET_TEXT,
    SHEET_ID,      /* text whatever it looks like */
    SHEET_INTEGER, /* number */
    SHEET_MONEY,   /* number: minor units; text: the currency */
    SHEET_NUMBER,  /* number, scaled by the column's decimals */
    SHEET_SHARE,   /* the same, 1 = all; people see per cent */
    SHEET_BOOL,    /* number 0 or 1 */
    SHEET_TIME,    /* number: UTC milliseconds; shown in the zone */
    SHEET_DAY,     /* text "YYYY-MM-DD" */
};
struct sheet_column {
    const char *name;   /* in NDJSON */
    struct str heading; /* in xlsx and CSV */
    enum sheet_kind kind;
    int decimals; /* SHEET_NUMBER, SHEET_SHARE */
};
struct sheet_cell {
    bool known; /* false: empty, null */
    int64_t number;
    struct str text;
};

typedef enum err_class sheet_sink(void *context, struct str bytes, struct err *err);
struct sheet_options {
    enum sheet_form form;
    struct str title; /* of the first sheet; at most 31 characters are taken */
    const struct sheet_column *columns;
    size_t columns_len;
    const struct zone *zone; /* NULL: UTC */
    sheet_sink *sink;
    void *context;
};
struct sheet_counts {
    int64_t rows, sheets, bytes;
    int64_t cut; /* texts that were longer than a cell of xlsx can be (32,767), and end with … */
};

struct sheet;
enum err_class sheet_open(const struct sheet_options *options, struct sheet **out, struct err *err);
/* As many cells as columns. */
enum err_class sheet_row(struct sheet *sheet, const struct sheet_cell *cells, struct err *err);
/* Frees the sheet whether it succeeds or not. `counts` may be NULL. */
enum err_class sheet_close(struct sheet *sheet, struct sheet_counts *counts, struct err *err);
void sheet_abandon(struct sheet *sheet);

/* Sinks: a file descriptor (ERR_STORE "file_write"), context: an int *. */
enum err_class sheet_sink_fd(void *context, struct str bytes, struct err *err);

/* Would a spreadsheet take the text for a formula? = + - @, their full-width forms, tab, CR, LF. */
bool sheet_text_is_formula(struct str text);

#endif

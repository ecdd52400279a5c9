/* A table of results that is printed aligned for people or as an array of objects for programs. The
 * columns are declared once; a cell is added once, whichever way it is shown.
 *
 * Columns of Chinese text line up: wide characters count two places.
 * Memory: cells live in the caller's arena. At most REPORT_COLUMNS_MAX columns; rows grow. */
#ifndef HUILIU_APP_REPORT_H
#define HUILIU_APP_REPORT_H

#include "app/emit.h"
#include "app/message.h"
#include "format/format.h"

enum { REPORT_COLUMNS_MAX = 16, REPORT_ROWS_MAX = 100000 };

enum report_kind { REPORT_TEXT, REPORT_NUMBER, REPORT_TIME, REPORT_TRUTH };
struct report_column {
    const char *key; /* in JSON */
    enum report_kind kind;
    enum message_id title;
};

struct report_cell {
    bool absent;
    struct str text;
    int64_t number;
};
struct report {
    const struct report_column *columns;
    size_t columns_len;
    struct arena *arena;
    const struct zone *zone; /* of times that people read; a row may set its own before its cells */
    struct report_row *first, *last;
    size_t rows_len;
    size_t at; /* next cell of the last row */
    bool failed;
};

void report_init(struct report *report, const struct report_column *columns, size_t columns_len,
                 const struct zone *zone, struct arena *arena);
/* Begins a row; cells follow in the order of the columns. */
void report_row(struct report *report);
void report_text(struct report *report, struct str text);
void report_number(struct report *report, int64_t number);
void report_time(struct report *report, int64_t utc_ms);
void report_truth(struct report *report, bool truth);
void report_absent(struct report *report);

void report_write_table(const struct report *report, struct buf *out);
/* The rows of a small text table in one line: "a 1, b 2". */
void report_write_line(const struct report *report, struct buf *out);
/* An array of objects under `key`. */
void report_write_json(const struct report *report, struct emit *emit, const char *key);

/* Places that a text takes on a terminal. */
size_t text_width(struct str text);
/* "2026-01-28 00:00:00" in a zone. */
void time_write(struct buf *out, const struct zone *zone, int64_t utc_ms);

#endif

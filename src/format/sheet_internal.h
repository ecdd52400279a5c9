/* What the files of sheets share: the common part, and a table of what differs. Private to the room. */
#ifndef HUILIU_FORMAT_SHEET_INTERNAL_H
#define HUILIU_FORMAT_SHEET_INTERNAL_H

#include "format/sheet.h"
#include "format/zip_write.h"

struct sheet {
    struct sheet_options options;
    struct str title; /* copied */
    char title_bytes[128];
    const struct sheet_ops *ops;
    struct buf out; /* what waits to be handed on */
    struct sheet_counts counts;
    int64_t rows_here; /* xlsx: in the open sheet, its heading counted */
    struct zip_writer *zip;
    bool open; /* xlsx: an entry of rows is open */
};
struct sheet_ops {
    /* What comes first: mark, heading, the package's fixed parts. */
    enum err_class (*begin)(struct sheet *sheet, struct err *err);
    /* One row into sheet->out. */
    enum err_class (*row)(struct sheet *sheet, const struct sheet_cell *cells, struct err *err);
    /* sheet->out is to be handed on and emptied. */
    enum err_class (*flush)(struct sheet *sheet, struct err *err);
    enum err_class (*end)(struct sheet *sheet, struct err *err);
};
extern const struct sheet_ops sheet_xlsx_ops;

/* "12.34" of a scaled number. */
void sheet_decimal_write(struct buf *out, int64_t number, int decimals);
/* Digits behind the point of a cell: of its currency, or of its column. A currency that nobody knows: 2. */
int sheet_decimals(const struct sheet_column *column, const struct sheet_cell *cell);
enum err_class sheet_hand_on(struct sheet *sheet, struct str bytes, struct err *err);

#endif

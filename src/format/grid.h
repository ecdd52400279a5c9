/* A file of rows that somebody hands in: xlsx or CSV, told apart by its bytes and never by its name. CSV is UTF-8 (with or
 * without its mark), UTF-16 with its mark, or GB18030 (which GBK and GB2312 are parts of): whichever it is valid as, in
 * this order; grid_charset says which, so that a person sees it before anything is taken.
 *
 * Ownership: the bytes live until grid_close; a row until the next one. Threads: one. Errors: those of xlsx.h;
 * ERR_BAD_REQUEST "charset"; ERR_SKIP_RECORD "csv_syntax" for a single row (row->number is its line), after which
 * reading goes on. */
#ifndef HUILIU_FORMAT_GRID_H
#define HUILIU_FORMAT_GRID_H

#include "format/xlsx.h"

struct grid;
enum err_class grid_open(struct str bytes, struct grid **out, struct err *err);
void grid_close(struct grid *grid);
const char *grid_charset(const struct grid *grid); /* "xlsx" "utf-8" "utf-16" "gb18030" */
/* CSV has one sheet without a name. */
size_t grid_sheets(const struct grid *grid);
struct str grid_sheet_name(const struct grid *grid, size_t sheet);
bool grid_sheet_visible(const struct grid *grid, size_t sheet);
enum err_class grid_select(struct grid *grid, size_t sheet, struct err *err);
enum err_class grid_next(struct grid *grid, struct xlsx_row *row, struct err *err);

/* Text of unknown coding as UTF-8, appended. *name as above. */
enum err_class charset_read(struct str bytes, struct buf *out, const char **name, struct err *err);

#endif

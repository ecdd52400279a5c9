/* A file's rows as records, a few hundred at a time. Private to the room. */
#ifndef HUILIU_SYNC_IMPORT_WALK_H
#define HUILIU_SYNC_IMPORT_WALK_H

#include "sync/import.h"

enum {
    IMPORT_PAGE_ROWS = 500,
    IMPORT_PAGE_BYTES = 2 * 1024 * 1024,
};
/* One row: its place and its JSON (docs of struct file_form). */
struct import_record {
    struct str sheet;
    int64_t line;
    int64_t nth; /* among the rows of the file that say the same; 0: not counted */
    struct str text;
};
struct import_walk {
    const struct file_form *form;
    struct grid *grid;
    struct str digest; /* of the file, 32 digits: ^.file */
    struct str who;    /* handed it in: ^.who */
    size_t sheet;      /* the next to be opened */
    bool open;
    struct str sheet_name, sheet_shown; /* shown: ^.sheet, without its number */
    size_t columns[XLSX_COLUMNS_MAX];
    struct str headings[XLSX_COLUMNS_MAX];
    size_t columns_len;
    struct arena kept; /* headings, and what `same` was counted of */
    struct map same;
    /* The page: reset by each walk_page. */
    struct arena arena;
    struct import_record records[IMPORT_PAGE_ROWS];
    size_t records_len;
    struct buf text;
};
void walk_init(struct import_walk *walk, const struct file_form *form, struct str digest,
               struct str who);
enum err_class walk_open(struct import_walk *walk, struct str bytes, struct err *err);
void walk_fini(struct import_walk *walk);
/* The next records; none: the end. A line that cannot be read is told to `fault` and passed over. */
typedef enum err_class walk_fault(void *context, const struct import_fault *fault, struct err *err);
enum err_class walk_page(struct import_walk *walk, walk_fault *fault, void *context,
                         struct err *err);
/* {"rows":[…]} of those records that are not marked. */
enum err_class walk_page_text(const struct import_walk *walk, const bool *dropped, struct buf *out,
                              struct err *err);

#endif

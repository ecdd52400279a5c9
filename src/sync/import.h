/* Files that people hand in. A file is a page without a platform: its manifest (connectors/files/) says which columns it has
 * and what becomes of them; its rows go the way of any record: mapped, hashed, sealed, stored or refused alone, with their
 * originals. docs/sheets.md has the rules.
 *
 *     sync_import(sync, &ask, each, context, &counts, &id, err)
 *       reads and judges every row; the good ones and those that are refused alone are kept as pages (compressed and sealed),
 *       and a task of the shop's lane, kind "import", is made with the last of them. Until then nothing is visible.
 *     the task
 *       stores page after page as commit units under its lease: killed anywhere, it goes on where it was.
 *
 * The same file again is the same: by its digest, "import_known". Another file with the same rows: they are the same by
 * their keys and hashes. A row whose key another row of the file has is refused ("key_twice"): one of them would be lost.
 *
 * Threads: any. Errors: those of format/grid.h; ERR_BAD_REQUEST "header_missing", "header_twice", "file_empty",
 * "import_kind", "import_platform"; ERR_CONFLICT "import_known". */
#ifndef HUILIU_SYNC_IMPORT_H
#define HUILIU_SYNC_IMPORT_H

#include "sync/sync.h"

/* The kinds of files that this program knows; loaded once, they live as long as the sync. */
enum { FORMS_MAX = 64 };
enum err_class sync_forms(struct sync *sync, const struct connector *const **out, size_t *len,
                          struct err *err);
/* ERR_BAD_REQUEST "import_kind" names the nearest. */
enum err_class sync_form(struct sync *sync, struct str kind, const struct connector **out,
                         struct err *err);

/* One row of a preview that is stored already and says something else: it would change that, or is older than it. */
struct import_change {
    struct str sheet;
    int64_t line;
    struct str key; /* of its table, parts joined by a space */
    enum row_outcome outcome;
};
typedef void import_change_seen(void *context, const struct import_change *change);

struct import_ask {
    const struct sync_shop *shop;
    struct str platform; /* of the shop: some files are one platform's */
    const struct connector *form;
    struct str bytes; /* borrowed */
    struct str name;  /* what the client calls it: kept to be shown, never used */
    struct str who;
    struct str run;      /* its task carries it; may be empty */
    int64_t received_ms; /* how new its rows are: what is stored and newer stays; 0: now */
    bool again;          /* also a file that was imported before */
    /* Of files with a column that names a row's shop (`shop:` of the manifest): which one a word means, 0: none. NULL: the
     * column says nothing. A row of another shop is refused ("shop_other"), unless the file is taken in parts, for each of
     * its shops in turn: then it is not counted, and what no shop has ("shop_unknown") is told with the first part only. */
    int64_t (*shop_named)(void *context, struct str word);
    void *shops_context;
    bool part, part_behind; /* in parts; not the first of them */
    store_work *also;       /* of the transaction that takes it: who asked; NULL: nothing */
    void *also_context;
    import_change_seen *change; /* previews: rows that would change what is stored; may be NULL */
};
/* One row that was refused, as the spreadsheet shows it. */
struct import_fault {
    struct str sheet;
    int64_t line;
    struct str column; /* its heading; empty: the row as a whole */
    struct str code, message;
};
typedef void import_fault_seen(void *context, const struct import_fault *fault);
struct import_counts {
    int64_t rows, errors;
    int64_t
        outcomes[ROW_OUTCOMES]; /* of a preview: what storing it would come to (enum row_outcome) */
    const char *charset;
    char digest[65];
    int64_t before_id, before_ms; /* the same file was imported so; 0: it was not */
};
/* What the sync knows of a shop; NULL: there is none. Borrowed as sync_options has it. */
const struct sync_shop *sync_shop_known(struct sync *sync, int64_t shop_id);
/* Whose rows a file has, by the words of its column `shop:`; each once, in their order. ERR_BAD_REQUEST "file_empty" as below. */
typedef enum err_class import_shop_seen(void *context, struct str word, struct err *err);
enum err_class sync_import_shops(struct sync *sync, const struct connector *form, struct str bytes,
                                 import_shop_seen *seen, void *context, struct err *err);
/* Reads and judges everything and writes nothing. `each` may be NULL. */
enum err_class sync_import_preview(struct sync *sync, const struct import_ask *ask,
                                   import_fault_seen *each, void *context,
                                   struct import_counts *counts, struct err *err);
enum err_class sync_import(struct sync *sync, const struct import_ask *ask, import_fault_seen *each,
                           void *context, struct import_counts *counts, int64_t *id,
                           struct err *err);

#endif

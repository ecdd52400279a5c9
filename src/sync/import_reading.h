/* One reading of a file, page by page: what import.c keeps and import_judge.c judges. A page is the records of the walk; texts are
 * the walk's arena's or, where a function takes one, the page's. One thread. */
#ifndef HUILIU_SYNC_IMPORT_READING_H
#define HUILIU_SYNC_IMPORT_READING_H

#include "sync/import.h"
#include "sync/import_walk.h"
#include "sync/sync_internal.h"

struct reading {
    struct sync *sync;
    const struct import_ask *ask;
    struct sync_shop
        shop; /* the asked one, with the file's manifest in the place of its platform's */
    const struct file_form *form;
    struct import_walk walk;
    struct map
        seen; /* of rows that were accepted, at most a sheet's: hashes of their keys, or what they say */
    import_fault_seen *each;
    void *context;
    struct import_counts *counts;
    int64_t received_ms;
    /* Keeping, not only looking. */
    bool keeps;
    int64_t id, pages;
    /* A page. */
    struct import_fault faults[2 * IMPORT_PAGE_ROWS];
    size_t faults_len;
    bool dropped[IMPORT_PAGE_ROWS];
};

/* Tells whoever asked, counts it and keeps it for the page. */
enum err_class reading_fault(struct reading *r, const struct import_fault *fault);
/* Takes the rows of the page that are not this shop's out of it; *all: there were none. */
enum err_class reading_ours(struct reading *r, const struct page *page, bool *all, struct err *err);
/* Refuses rows that do not map and those whose key another row has; numbers those that are known by what they say. */
enum err_class reading_judge(struct reading *r, const struct page *page, struct arena *arena,
                             struct err *err);
/* What storing the page's document would come to: counts, and changes where they are asked for. */
enum err_class reading_look(struct reading *r, struct str text, struct arena *arena,
                            struct err *err);

#endif

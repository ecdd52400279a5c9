/* Pages of orders for the benches of the store. */
#ifndef HUILIU_BENCH_PAGES_H
#define HUILIU_BENCH_PAGES_H

#include "store/store.h"

enum {
    LANES = 50,
    PAGE_ROWS = 100,
    ROWS_DEFAULT = 100000,
    ROWS_MAX = 400000, /* pages are held in memory: 2.3 KB a row */
    ORIGINAL_BYTES = 1300,
    SINGLE_PAGES = 100,
};

struct page {
    int64_t shop;
    struct batch *batch;
};
struct pages {
    struct arena *arenas; /* one a page: an arena has a maximum */
    struct page *items;
    size_t len;
};

/* Ends the program. */
void must(enum err_class class_, const struct err *err);
void report(const char *name, double value, double limit);
struct pages pages_make(const struct table *table, size_t rows, int64_t first_number);
/* The same orders as the platform gives them later. */
void pages_change(const struct pages *pages);
void pages_free(struct pages *pages);
/* Rows a second through commit units of one page each, from so many lanes. */
double store_write_pages(struct store *store, const struct pages *pages, size_t lanes,
                         enum row_outcome expected);

#endif

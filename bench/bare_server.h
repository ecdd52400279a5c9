/* What the bench of a server shares with the two kinds: rows as a careful hand would load them. */
#ifndef HUILIU_BENCH_BARE_SERVER_H
#define HUILIU_BENCH_BARE_SERVER_H

#include "bench/bare.h"
#include "bench/pages.h"

/* How a row is written for one way of loading it. */
struct row_form {
    const char *begin, *between, *end;
    void (*text)(struct buf *out, struct str text);
    void (*bytes)(struct buf *out, struct str bytes);
};

struct bare_server {
    const char *name;
    void (*connect)(const char *address);
    /* An empty schema (PostgreSQL) or database of this name; `url` gets its address. */
    void (*empty)(const char *schema, char *url, size_t url_bytes);
    void (*drop)(const char *schema);
    /* Rows a second into the tables of a schema, 5,000 a transaction, the best way there is. */
    double (*load)(const char *schema, const struct pages *pages);
    void (*disconnect)(void);
};
extern const struct bare_server bare_postgres, bare_mariadb;

enum { LOADED_TABLES = 3 };
extern const char *const loaded_tables[LOADED_TABLES];
/* Calls `write` with the rows of each table, transaction by transaction, made while the clock stands. */
double server_load(const struct pages *pages, const struct row_form *form, void (*begin)(void),
                   void (*write)(const char *table, struct str rows), void (*commit)(void));

#endif

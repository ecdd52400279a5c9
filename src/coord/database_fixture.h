/* For tests: a store with the program's tables, on SQLite in a folder of its own, or on the server that HUILIU_TEST_STORE
 * names (tests/scenario/postgres_rooms.py starts one).
 *
 * Threads: one. */
#ifndef HUILIU_COORD_DATABASE_FIXTURE_H
#define HUILIU_COORD_DATABASE_FIXTURE_H

#include "coord/coord.h"

struct database_home {
    char folder[64];
    const char *url;
    struct arena arena;
    struct store *store;
};
/* True when it is a server's. */
bool database_is_server(void);
void database_start(struct database_home *database);
void database_stop(struct database_home *database);
/* Runs a statement as the writer does. */
void database_do(struct database_home *database, const char *sql);
int64_t database_read_int(struct database_home *database, const char *sql);
/* Another coordinator on it, as of another process. */
struct coord *database_coord(struct database_home *database, bool clock_is_handed_in);
/* The same with nothing used or locked. */
struct coord *database_coord_anew(struct database_home *database);

#endif

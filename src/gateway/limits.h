/* Private to gateway: the limits that a person has set (`huiliu budget set`), in the place of the manifest's.
 *
 * They are rows of the table `budget`, so that they hold in every process on the database whatever its
 * coordinator; a process reads them again when it calls and LIMITS_AGE_MS have passed. Where the coordinator
 * is this process's alone it writes there what its budgets are like, for `huiliu budget list`.
 *
 * Errors: a table that cannot be read leaves the limits as they were and is logged. Threads: any; one at a
 * time reads, the others go on with what they have. */
#ifndef HUILIU_GATEWAY_LIMITS_H
#define HUILIU_GATEWAY_LIMITS_H

#include "coord/coord.h"
#include "store/store.h"

enum {
    LIMITS_AGE_MS = 1000,
    LIMITS_TOLD_MS = 10000, /* how often this process's budgets are written down */
    LIMITS_MAX = 10000,
};

struct limits;
enum err_class limits_new(struct store *store, struct coord *coord, struct limits **out,
                          struct err *err);
/* Writes the budgets down a last time. */
void limits_free(struct limits *limits);
/* Puts what was set into the asks. ERR_LATER "budget_closed": one of them is set to 0. */
enum err_class limits_apply(struct limits *limits, struct budget_ask *asks, size_t asks_len,
                            int64_t now_ms, struct err *err);

#endif

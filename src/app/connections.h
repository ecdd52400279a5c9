/* connections: do all processes of the home together have room at the database's server?
 *
 * Each process may open as many as `store_readers` and a few more say (store_connections); workers show theirs in
 * table `worker`. Commands and schedulers do not: a few are kept for them. */
#ifndef HUILIU_APP_CONNECTIONS_H
#define HUILIU_APP_CONNECTIONS_H

#include "app/app.h"

/* What one-thread processes use: a scheduler or a command has two or three open. */
enum { CONNECTIONS_SPARE = 8 };

struct connections {
    int64_t allowed;     /* by the server; INT64_MAX: nobody counts */
    int64_t processes;   /* that live, this one counted where it works */
    int64_t wanted;      /* by them together, and the spare ones */
    int64_t readers_fit; /* store_readers with which there is room, 1 at the least */
};
/* `own_name`: of a worker that counts itself; empty: this process is no worker. */
enum err_class connections_count(const struct app *app, struct str own_name,
                                 struct connections *out, struct err *err);
bool connections_are_short(const struct connections *connections);
/* What is wrong and what to change. */
void connections_write(const struct connections *connections, struct buf *out);

#endif

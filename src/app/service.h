/* service: the process that does by itself, for months, what `huiliu sync` does once.
 *
 *   scheduler   schedules of every enabled shop and stream → tasks        (queue/ticks.h)
 *   worker      tasks → pages, rows, seals                                (queue/worker.h, sync/sync.h)
 *
 *   api         the HTTP API                                              (api/api.h)
 *
 * `huiliu run` is all in one process; `scheduler`, `worker` and `serve` are each alone, for several processes on one
 * store. On SQLite one process of a home works (role.h); who comes second waits for it to end.
 *
 * What holds for a while is a *generation*: options, key ring, manifests, apps and shops, opened together. SIGHUP,
 * or a shop or app that was added or changed, opens the next one beside it; if that succeeds, tasks end at
 * their next page, the old one is closed and the new one works on. If it fails (a slip in huiliu.yaml), that is
 * logged and the old one goes on.
 *
 * A store that cannot be written to (full disk, lost file) ends a generation; the next begins after a pause that
 * grows. SIGTERM or SIGINT: no new claims, calls in flight end, every task ends or hands back its page, leases
 * are given up; a second signal ends at once, and nothing is lost either.
 *
 * Threads: the main thread keeps the schedules and listens; work has threads of its own. */
#ifndef HUILIU_APP_SERVICE_H
#define HUILIU_APP_SERVICE_H

#include "app/app.h"

struct service_roles {
    const char *command; /* "run", "worker", "scheduler", "serve" */
    bool schedules, works, serves;
};
/* Returns when a signal asked it to end (ERR_OK), or when it cannot even begin. */
enum err_class service_run(struct app *home, const struct cli *cli, struct service_roles roles,
                           struct err *err);

#endif

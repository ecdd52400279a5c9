/* The worker role of a home on SQLite: one process at a time runs its tasks. It is a lock on HOME/worker.lock
 * that the system takes back when the process ends, however it ends. On a server several processes work, each
 * under its own leases: there the role is everybody's. */
#ifndef HUILIU_APP_ROLE_H
#define HUILIU_APP_ROLE_H

#include "app/app.h"

struct role {
    int fd;           /* -1: not held, or everybody's */
    char holder[128]; /* who has it, where it could not be taken */
    bool serves;      /* that is a service, which does what anybody enqueues */
};
/* `command`: "sync", "run" or "worker", which others read in the file. ERR_CONFLICT "worker_busy" names the
 * process that has it. */
enum err_class role_take(struct role *role, const struct app *app, const char *command,
                         struct err *err);
/* Whether a process of this home has to take it. */
bool role_is_single(const struct app *app);
/* "COMMAND:HOST:PROCESS:RANDOM", in the arena: how a worker is called in leases and in table `worker`. Each pool of
 * threads has its own, so that none renews the leases of one before it, whose process may have had the same number (in a
 * container it always is 1). */
enum err_class worker_name(struct arena *arena, const char *command, struct str *out,
                           struct err *err);
void role_leave(struct role *role);

#endif

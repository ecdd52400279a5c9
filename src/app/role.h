/* The worker role of a home: one process at a time runs its tasks. It is a lock on HOME/worker.lock
 * that the system takes back when the process ends, however it ends. */
#ifndef HUILIU_APP_ROLE_H
#define HUILIU_APP_ROLE_H

#include "app/app.h"

struct role {
    int fd;           /* -1: not held */
    char holder[128]; /* who has it, where it could not be taken */
    bool serves;      /* that is a service, which does what anybody enqueues */
};
/* `command`: "sync", "run" or "worker", which others read in the file. ERR_CONFLICT "worker_busy" names the
 * process that has it. */
enum err_class role_take(struct role *role, const struct app *app, const char *command,
                         struct err *err);
void role_leave(struct role *role);

#endif

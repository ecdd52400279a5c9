/* HOME/service.pid: which process supervises the service of this home.
 *
 * What counts is a lock that the system takes back when the process ends, however it ends; it also says who holds it.
 * So a number that stayed behind, or that another program has by now, is never taken for ours, and never gets
 * a signal. Threads: one; the holder opens the file once, because closing it anywhere would give the lock up. */
#ifndef HUILIU_APP_PIDFILE_H
#define HUILIU_APP_PIDFILE_H

#include <sys/types.h>

#include "app/app.h"

struct pidfile {
    int fd; /* -1: not held */
    struct str path;
};
/* ERR_CONFLICT "service_runs" when it is held. */
enum err_class pidfile_take(struct pidfile *file, struct app *home, struct err *err);
/* Is the file still where others look for it? Not when the home was removed. */
bool pidfile_stands(const struct pidfile *file);
/* Leaves an empty file: removing it would let two processes lock two files of one name. */
void pidfile_leave(struct pidfile *file);

struct pidfile_look {
    bool held;
    pid_t
        holder; /* who may be sent signals; 0: somebody who cannot be named (another container or machine) */
    /* Held without a number: its holder has just begun, or is about to let go. One look later it is clear. */
    bool passing;
    pid_t stale; /* not held: the process that did not end orderly; 0: none */
    bool reused; /* another program has that number now */
};
enum err_class pidfile_look(struct app *home, struct pidfile_look *look, struct err *err);
/* Looks until it is clear, some seconds at the most. */
enum err_class pidfile_look_settled(struct app *home, struct pidfile_look *look, struct err *err);

#endif

/* supervisor: where there is no systemd, the process that keeps `huiliu run` of a home running.
 *
 *   huiliu service start ──► supervisor ──► huiliu run
 *                              │   ▲           │ READY=1, WATCHDOG=1 (notify.h), its output
 *                              ▼   └───────────┘
 *              HOME/service.pid, service.state, logs/service.log
 *
 * It starts the child and starts it again whenever it ends by itself: after 1 s, then twice as long each time up to a
 * minute, and 1 s again once a child has lasted ten minutes. A mistake that a person must mend is treated
 * alike, because the person may mend it; log and state say what happened. A child that was ready and then says nothing
 * for half a minute hangs and is killed. SIGTERM and SIGINT are handed on, and the supervisor ends with the
 * child (killed after 20 s); SIGHUP is handed on. A supervisor that is killed takes the child with it.
 *
 * It says READY=1 and X_ENDED=how to its own NOTIFY_SOCKET: that is how `service start` knows. All of it is one thread,
 * and memory does not grow. */
#ifndef HUILIU_APP_SUPERVISOR_H
#define HUILIU_APP_SUPERVISOR_H

#include "app/app.h"

/* What HOME/service.state says. */
struct supervisor_state {
    char state[16];     /* starting, running, waiting, ending */
    int64_t child;      /* 0: none */
    int64_t since_ms;   /* of `state` */
    int64_t restarts;   /* since the supervisor began */
    char last_exit[64]; /* of the child before; empty: there was none */
    int64_t again_ms;   /* waiting: when the next start is due */
};
/* Empty when there is no such file. */
enum err_class supervisor_state_read(struct app *home, struct supervisor_state *state,
                                     struct err *err);
/* HOME/logs/service.log; the folder is made. */
enum err_class supervisor_log_path(struct app *home, struct str *path, struct err *err);
/* The path of this program, which is started again under the same name: after an upgrade it is the new one. */
enum { PROGRAM_BYTES_MAX = 4096 };
enum err_class supervisor_program(char program[PROGRAM_BYTES_MAX], struct err *err);

/* Returns when it was asked to end (ERR_OK), when it cannot begin, or when the home is gone. */
enum err_class supervisor_run(struct app *home, struct err *err);

#endif

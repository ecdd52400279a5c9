/* Starting and ending a home's supervisor from the command line. Threads: one. */
#ifndef HUILIU_APP_LAUNCH_H
#define HUILIU_APP_LAUNCH_H

#include "app/app.h"

/* Detaches a supervisor and returns ERR_OK only when its service has said that it runs. ERR_CONFLICT "service_runs" when
 * there is one; ERR_CONFIG "service_not_ready" when it ended before, or is not ready after a minute: the
 * supervisor then goes on trying. */
enum err_class launch_start(struct app *home, struct err *err);
/* Asks it to end and waits until it is gone. *was: there was one. */
enum err_class launch_stop(struct app *home, bool *was, struct err *err);

#endif

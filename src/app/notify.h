/* What systemd is told (sd_notify's protocol: datagrams to the socket that NOTIFY_SOCKET names). Started by
 * anything else, nothing is sent. Threads: any. */
#ifndef HUILIU_APP_NOTIFY_H
#define HUILIU_APP_NOTIFY_H

#include "base/base.h"

/* "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…", several with newlines between. */
void notify(const char *state);
/* A reload begins or is over. While it lasts systemd's watchdog waits ten minutes: tasks end at their next page, and
 * a slow call is no hanging. */
void notify_reload(bool begins);

#endif

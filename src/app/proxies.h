/* proxies: what `huiliu status` and `huiliu doctor` say of proxies that nobody named. The API tells of one as an event
 * (`proxy_unnamed`), once a day. Threads: one. */
#ifndef HUILIU_APP_PROXIES_H
#define HUILIU_APP_PROXIES_H

#include "app/app.h"

/* The address that lately asked for others, and is none of `trusted_proxies` now; empty: there is none. In app->arena. */
enum err_class proxy_unnamed_read(struct app *app, struct str *address, struct err *err);

#endif

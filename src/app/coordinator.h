/* Which coordinator a home has: option `coord`. */
#ifndef HUILIU_APP_COORDINATOR_H
#define HUILIU_APP_COORDINATOR_H

#include "app/app.h"

/* Opens app->coord; the store is open. */
enum err_class coordinator_open(struct app *app, uint64_t seed, struct err *err);

#endif

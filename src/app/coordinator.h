/* Which coordinator a home has: option `coord`. */
#ifndef HUILIU_APP_COORDINATOR_H
#define HUILIU_APP_COORDINATOR_H

#include "app/app.h"

enum coordinator { COORDINATOR_LOCAL, COORDINATOR_DATABASE, COORDINATOR_REDIS };
/* Where nothing is said the processes of a server's database share by it, and that of a file is alone. */
enum coordinator coordinator_of(const struct app *app);
/* Opens app->coord; the store is open. */
enum err_class coordinator_open(struct app *app, uint64_t seed, struct err *err);

#endif

/* homing: what the API does to the home (api/home.h), by the code of the command line. */
#ifndef HUILIU_APP_HOMING_H
#define HUILIU_APP_HOMING_H

#include "api/api.h"
#include "app/app.h"

/* Of an opened app, in its arena. */
const struct api_home *homing_make(struct app *app);

#endif

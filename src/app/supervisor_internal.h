/* Private to supervisor.c and supervisor_state.c. */
#ifndef HUILIU_APP_SUPERVISOR_INTERNAL_H
#define HUILIU_APP_SUPERVISOR_INTERNAL_H

#include "app/supervisor.h"

void supervisor_state_write(const struct app *home, const struct supervisor_state *state);

#endif

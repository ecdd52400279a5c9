/* Why a task ended or waits, as a person reads it. What is stored is `CODE: MESSAGE` in English, since every
 * process writes it and programs compare it. Shown in another language, what a well-known code means stands in
 * front in that language; the code stays, for docs/errors.md and for those who help, and the detail behind it,
 * which names the thing or repeats the platform, stays as it was stored. A code that is not well known, the
 * platform's own ones above all, leaves the text as it is; so does --json. */
#ifndef HUILIU_APP_REASON_H
#define HUILIU_APP_REASON_H

#include "app/app.h"

/* In `arena` where it differs. */
struct str reason_shown(const struct app *app, struct str reason, struct arena *arena);

#endif

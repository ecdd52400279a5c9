/* Connectors and shops of a home, as the engine wants them: manifests compiled, settings and
 * secrets opened. Called by app_open only. */
#ifndef HUILIU_APP_REGISTRY_H
#define HUILIU_APP_REGISTRY_H

#include "app/app.h"

/* Manifests in the program, then HOME/connectors/NAME.yaml, which replace those of the same name. A
 * broken one is kept with its error. ERR_CONFIG: an option names a platform that nobody knows. */
enum err_class registry_load_connectors(struct app *app, struct err *err);
/* One shop that cannot be opened carries its error and leaves the others alone. */
enum err_class registry_load_shops(struct app *app, struct err *err);

#endif

/* hosting: what the HTTP API has of a generation of the service (api/host.h), and the API's options. */
#ifndef HUILIU_APP_HOSTING_H
#define HUILIU_APP_HOSTING_H

#include "api/api.h"
#include "app/app.h"

/* Of an opened app, in its arena: it lives as long as the app. */
enum err_class hosting_make(struct app *app, struct api_host **out, struct err *err);
/* Listens as the options say; *out is NULL where they say nothing. A port that another process has is only a warning
 * where nobody chose it and `must` is false. */
enum err_class hosting_listen(const struct app *app, const struct api_host *host, bool must,
                              struct api **out, struct err *err);

#endif

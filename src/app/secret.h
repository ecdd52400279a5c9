/* Secrets that a command holds in the clear: from the key ring, a file or the terminal. They lie in
 * memory of their own, which is wiped when the command ends. */
#ifndef HUILIU_APP_SECRET_H
#define HUILIU_APP_SECRET_H

#include "app/app.h"

/* A copy that app_close wipes. */
enum err_class secret_keep(struct app *app, struct str plain, struct str *out, struct err *err);
void secrets_wipe(struct app *app);

/* Names what is sealed, so that a value moved elsewhere does not open: "app:3:secret". */
enum err_class secret_open(struct app *app, struct str sealed, const char *owner, int64_t id,
                           struct str name, struct str *out, struct err *err);
/* The sealed text, in `arena`. */
enum err_class secret_seal(const struct app *app, struct str plain, const char *owner, int64_t id,
                           struct str name, struct arena *arena, struct str *out, struct err *err);
/* What --FLAG gives, or the first line of the file that --FLAG-file names (- is standard input);
 * empty when neither is given. */
enum err_class secret_of_flags(struct app *app, const struct cli *cli, const char *flag,
                               const char *file_flag, struct str *out, struct err *err);

#endif

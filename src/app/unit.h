/* The systemd unit of a home: its text, writing it, and asking systemd about it.
 *
 * As root it is /etc/systemd/system/huiliu.service, otherwise huiliu.service of the user's own systemd. Its first line
 * names the home it was written for: a file without that line is a person's, and one of another home is that home's;
 * neither is overwritten or started by mistake.
 *
 * HUILIU_SYSTEMD=no: as if there were no systemd (containers). HUILIU_SYSTEMD=FOLDER: the folder stands for / (an
 * image that is being built, tests); systemctl and journalctl are looked for in PATH as ever. Threads: one. */
#ifndef HUILIU_APP_UNIT_H
#define HUILIU_APP_UNIT_H

#include "app/app.h"

/* Does systemd run this machine? */
bool systemd_is_there(void);

/* The unit's text. `user`: whom the service runs as; empty: a unit of the user's own systemd. */
enum err_class unit_write(struct app *home, struct str user, struct buf *out, struct err *err);
/* The name of the home's owner. */
enum err_class unit_owner(struct app *home, struct str *user, struct err *err);

struct unit_file {
    bool system; /* false: of the user's own systemd */
    struct str path;
};
/* Where it is written by who runs this. */
enum err_class unit_place(struct app *home, struct unit_file *unit, struct err *err);
/* Writes it; ERR_CONFLICT "unit_foreign" when a file that was not written for this home is there, unless `force`. */
enum err_class unit_install(struct app *home, const struct unit_file *unit, struct str text,
                            bool force, struct err *err);
/* The unit that was written for this home, the system's first; ERR_CONFIG "unit_missing" or "unit_other_home". */
enum err_class unit_find(struct app *home, struct unit_file *unit, struct err *err);

/* Runs systemctl or journalctl on the unit with `words` (ends with NULL; at most UNIT_WORDS_MAX) and waits. What it
 * prints is seen by the person. *code: its exit code. */
enum { UNIT_WORDS_MAX = 8 };
enum err_class unit_run(const struct unit_file *unit, const char *program, const char *const *words,
                        int *code, struct err *err);

#endif

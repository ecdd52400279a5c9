/* Lines NAME=VALUE as `.env` files have them: `export ` in front, # comments, values plain, in single
 * quotes (as they stand) or in double quotes (with \n \t \" \\). A plain value ends at " #".
 *
 * The iterator borrows its text; values with escapes are put into the arena. */
#ifndef HUILIU_APP_DOTENV_H
#define HUILIU_APP_DOTENV_H

#include "base/base.h"

struct dotenv {
    struct str file; /* its name in messages */
    struct str rest;
    unsigned line; /* 1-based, of the line last read */
    struct arena *arena;
};
void dotenv_init(struct dotenv *dotenv, struct str file, struct str text, struct arena *arena);
/* ERR_OK with an empty name at the end; ERR_CONFIG "dotenv_syntax" names file and line. */
enum err_class dotenv_next(struct dotenv *dotenv, struct str *name, struct str *value,
                           struct err *err);

#endif

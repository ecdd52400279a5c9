/* Whether this home's key ring is the one that the database was sealed with. What tells it are rows of
 * `setting`, written when a key is first used: `key_check`, an index under the ring's first key (blind
 * indices and record hashes hang on it), and `key_check.ID`, a text sealed with the key ID. A database
 * that is older than these rows is asked by something that was sealed in it. */
#ifndef HUILIU_APP_KEY_CHECK_H
#define HUILIU_APP_KEY_CHECK_H

#include "app/app.h"

/* ERR_CONFIG "key_other": the ring lacks a key that was used, has another one under its id, or begins
 * with another. *noted: nothing is missing in `setting`. Writes nothing. */
enum err_class key_check_read(struct app *app, bool *noted, struct err *err);
/* The same, and what is missing is noted; who may only read goes without. */
enum err_class key_check(struct app *app, struct err *err);
/* True when a database that may be shared was sealed with some key: a new home must not make another. */
enum err_class key_is_elsewhere(struct app *app, bool *out, struct err *err);

#endif

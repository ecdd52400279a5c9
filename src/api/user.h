/* user: who may ask the API. Rows of api_user, for the routes and for `huiliu user`.
 *
 * A user has a role (viewer, operator, admin), sees all shops or those of a list, and may have the right to reveal.
 * An admin sees all shops. The last admin who may sign in can neither be removed, disabled nor made less:
 * ERR_CONFLICT "last_admin". Every change that takes something away ends what was given out before it: bearers (the
 * generation grows), and with a password or a disabling the sessions as well.
 *
 * Errors: ERR_USAGE "user_name" "password_short" "password_long" "password_name" "role" "admin_scope",
 * ERR_CONFLICT "user_exists". Threads: any. */
#ifndef HUILIU_API_USER_H
#define HUILIU_API_USER_H

#include "api/audit.h"
#include "base/base.h"
#include "crypt/crypt.h"
#include "store/store.h"

enum { USER_NAME_BYTES_MAX = 100, USERS_MAX = 10000, USER_SHOPS_MAX = 10000 };

struct user {
    int64_t id;
    struct str name, role, password; /* the hash; empty: none */
    bool reveals, all_shops, disabled;
    int64_t generation, created_ms, signed_in_ms;
    const int64_t *shops; /* sorted; where not all */
    size_t shops_len;
};

/* ERR_NOT_FOUND "user_unknown". Texts and shops in the arena. */
enum err_class user_read(struct store *store, int64_t id, struct arena *arena, struct user *out,
                         struct err *err);
enum err_class user_find(struct store *store, struct str name, struct arena *arena,
                         struct user *out, struct err *err);
/* All of them, by name. */
enum err_class users_read(struct store *store, struct arena *arena, struct user **out, size_t *len,
                          struct err *err);
/* `password` in plain, empty: none. *id may be NULL. */
enum err_class user_add(struct store *store, const struct user *user, struct str password,
                        const struct audit *audit, int64_t *id, struct err *err);
/* role, reveals, all_shops, disabled and shops as they are in `user`, which has to be of the generation that is there:
 * else somebody has changed it meanwhile, ERR_CONFLICT "precondition". A new password goes with it, in the same
 * transaction and with a line of its own, where `password_audit` is not NULL. */
enum err_class user_set(struct store *store, const struct user *user, const struct audit *audit,
                        const struct audit *password_audit, struct str password, struct err *err);
enum err_class user_password_set(struct store *store, const struct user *user, struct str password,
                                 const struct audit *audit, struct err *err);
enum err_class user_remove(struct store *store, int64_t id, const struct audit *audit,
                           struct err *err);
/* ERR_USAGE: too short, too long, or his own name. */
enum err_class password_is_fit(struct str name, struct str password, struct err *err);

#endif

/* Users: their rows, and the rules that no change may break. */
#include "api/user.h"

#include <stdlib.h>

#include "api/change.h"
#include "api/sql.h"

/* --- reading --- */

/* SQL_USER_COLUMNS */
static bool user_take(const struct reader *row, struct arena *arena, struct user *out)
{
    *out = (struct user){
        .id = reader_int(row, 0),
        .name = arena_dup(arena, reader_text(row, 1)),
        .role = arena_dup(arena, reader_text(row, 2)),
        .reveals = reader_int(row, 3) != 0,
        .all_shops = reader_int(row, 4) != 0,
        .disabled = reader_int(row, 5) != 0,
        .generation = reader_int(row, 6),
        .created_ms = reader_int(row, 7),
        .signed_in_ms = reader_int(row, 8),
        .password = arena_dup(arena, reader_text(row, 9)),
    };
    return out->name.ptr && out->role.ptr && out->password.ptr;
}

static enum err_class shops_read(struct store *store, struct user *user, struct arena *arena,
                                 struct err *err)
{
    const struct sql_value values[] = {sql_int(user->id)};
    struct reader *row;
    int64_t *ids = NULL;
    size_t room = 0;
    bool memory = true;
    if (user->all_shops)
        return ERR_OK;
    enum err_class class_ = store_read(store, SQL_USER_SHOPS, values, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (memory && user->shops_len < USER_SHOPS_MAX && reader_next(row)) {
        ids = arena_grow(arena, ids, user->shops_len, &room, sizeof *ids);
        memory = ids != NULL;
        if (memory)
            ids[user->shops_len++] = reader_int(row, 0);
        user->shops = ids;
    }
    class_ = reader_close(row, err);
    return class_ == ERR_OK && !memory ? err_no_memory(err) : class_;
}

static enum err_class one_read(struct store *store, const char *sql, struct sql_value key,
                               struct arena *arena, struct user *out, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(store, sql, &key, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    bool found = reader_next(row), taken = found && user_take(row, arena, out);
    class_ = reader_close(row, err);
    if (class_ != ERR_OK)
        return class_;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "user_unknown", "there is no such user");
    return taken ? shops_read(store, out, arena, err) : err_no_memory(err);
}

enum err_class user_read(struct store *store, int64_t id, struct arena *arena, struct user *out,
                         struct err *err)
{
    return one_read(store, SQL_USER, sql_int(id), arena, out, err);
}

enum err_class user_find(struct store *store, struct str name, struct arena *arena,
                         struct user *out, struct err *err)
{
    return one_read(store, SQL_USER_NAMED, sql_text(name), arena, out, err);
}

enum err_class users_read(struct store *store, struct arena *arena, struct user **out, size_t *len,
                          struct err *err)
{
    struct reader *row;
    size_t room = 0;
    bool memory = true;
    *out = NULL;
    *len = 0;
    enum err_class class_ = store_read(store, SQL_USERS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (memory && *len < USERS_MAX && reader_next(row)) {
        struct user *users = arena_grow(arena, *out, *len, &room, sizeof *users);
        *out = users ? users : *out;
        memory = users && user_take(row, arena, &users[*len]);
        *len += memory;
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && !memory)
        class_ = err_no_memory(err);
    for (size_t i = 0; class_ == ERR_OK && i < *len; i++)
        class_ = shops_read(store, &(*out)[i], arena, err);
    return class_;
}

/* --- what may be --- */

static enum err_class name_check(struct str name, struct err *err)
{
    bool good = name.len > 0 && name.len <= USER_NAME_BYTES_MAX && utf8_valid(name, NULL);
    for (size_t i = 0; good && i < name.len; i++)
        good = (unsigned char)name.ptr[i] > ' ' && name.ptr[i] != 0x7f;
    return good
               ? ERR_OK
               : err_set(err, ERR_USAGE, "user_name",
                         "the name of a user is 1 to %d bytes without blanks", USER_NAME_BYTES_MAX);
}

enum err_class password_is_fit(struct str name, struct str password, struct err *err)
{
    if (password.len < PASSWORD_BYTES_MIN)
        return err_set(err, ERR_USAGE, "password_short", "a password has at least %d characters",
                       PASSWORD_BYTES_MIN);
    if (password.len > PASSWORD_BYTES_MAX)
        return err_set(err, ERR_USAGE, "password_long", "a password has at most %d bytes",
                       PASSWORD_BYTES_MAX);
    if (str_find(password, name) != SIZE_MAX)
        return err_set(err, ERR_USAGE, "password_name", "the password holds the user's name");
    return ERR_OK;
}

static enum err_class user_check(const struct user *user, struct err *err)
{
    static const char *const roles[] = {"viewer", "operator", "admin"};
    bool known = false;
    for (size_t i = 0; i < 3; i++)
        known = known || str_eq(user->role, str_of(roles[i]));
    if (!known)
        return err_set(err, ERR_USAGE, "role", "a role is viewer, operator or admin");
    if (str_eq(user->role, STR("admin")) && !user->all_shops)
        return err_set(err, ERR_USAGE, "admin_scope", "an admin sees all shops");
    return ERR_OK;
}

/* --- writing --- */

struct user_work {
    const struct user *user;
    int64_t now_ms;
    const char *hash; /* NULL: none, or it stays */
    const struct audit *password_audit;
    bool is_admin; /* and may sign in, when it is done */
    int64_t id;
};

static enum err_class shops_write(struct tx *tx, const struct user *user, int64_t id,
                                  struct err *err)
{
    const struct sql_value key[] = {sql_int(id)};
    enum err_class class_ = tx_exec(tx, SQL_USER_SHOPS_CLEAR, key, 1, NULL, err);
    for (size_t i = 0; class_ == ERR_OK && !user->all_shops && i < user->shops_len; i++) {
        const struct sql_value values[] = {sql_int(id), sql_int(user->shops[i])};
        class_ = tx_exec(tx, SQL_USER_SHOP_ADD, values, 2, NULL, err);
    }
    return class_;
}

static enum err_class add_work(struct tx *tx, void *context, struct err *err)
{
    struct user_work *work = context;
    const struct user *user = work->user;
    const struct sql_value values[] = {
        sql_text(user->name),     work->hash ? sql_text(str_of(work->hash)) : sql_null(),
        sql_text(user->role),     sql_int(user->reveals),
        sql_int(user->all_shops), sql_int(work->now_ms)};
    enum err_class class_ = tx_exec(tx, SQL_USER_ADD, values, 6, NULL, err);
    if (class_ != ERR_OK)
        return class_;
    work->id = tx_last_id(tx);
    return shops_write(tx, user, work->id, err);
}

enum err_class user_add(struct store *store, const struct user *user, struct str password,
                        const struct audit *audit, int64_t *id, struct err *err)
{
    char hash[PASSWORD_HASH_BYTES];
    struct user_work work = {
        .user = user, .now_ms = audit->at_ms, .hash = password.len > 0 ? hash : NULL};
    struct change change = {.line = *audit, .work = add_work, .context = &work};
    enum err_class class_ = name_check(user->name, err);
    if (class_ == ERR_OK)
        class_ = user_check(user, err);
    if (class_ == ERR_OK && password.len > 0)
        class_ = password_is_fit(user->name, password, err);
    if (class_ == ERR_OK && password.len > 0)
        class_ = password_hash(password, hash, err);
    if (class_ == ERR_OK)
        class_ = change_make(store, &change, err);
    if (class_ == ERR_CONFLICT)
        return err_set(err, ERR_CONFLICT, "user_exists", "there is a user of that name already");
    if (class_ == ERR_OK && id)
        *id = work.id;
    return class_;
}

static enum err_class count_take(struct reader *row, void *context, struct err *err)
{
    (void)err;
    *(int64_t *)context = reader_int(row, 0);
    return ERR_OK;
}

static enum err_class admins_lock(struct tx *tx, int64_t *admins, struct err *err)
{
    enum err_class class_ = tx_exec(tx, SQL_ADMINS_LOCK, NULL, 0, NULL, err);
    *admins = 0;
    return class_ == ERR_OK ? tx_query(tx, SQL_ADMINS_COUNT, NULL, 0, count_take, admins, err)
                            : class_;
}

/* After the change there must be somebody who can undo it. */
static enum err_class admins_check(struct tx *tx, int64_t before, struct err *err)
{
    int64_t admins = 0;
    enum err_class class_ = tx_query(tx, SQL_ADMINS_COUNT, NULL, 0, count_take, &admins, err);
    if (class_ == ERR_OK && admins == 0 && before > 0)
        return err_set(err, ERR_CONFLICT, "last_admin",
                       "that is the last admin; make another one first");
    return class_;
}

static enum err_class given_out_end(struct tx *tx, int64_t id, struct err *err)
{
    const struct sql_value key[] = {sql_int(id)};
    return tx_exec(tx, SQL_SESSIONS_REMOVE, key, 1, NULL, err);
}

static enum err_class password_write(struct tx *tx, int64_t id, const char *hash, struct err *err)
{
    const struct sql_value values[] = {sql_int(id), sql_text(str_of(hash))};
    int64_t rows;
    enum err_class class_ = tx_exec(tx, SQL_USER_PASSWORD, values, 2, &rows, err);
    if (class_ == ERR_OK && rows == 0)
        class_ = err_set(err, ERR_NOT_FOUND, "user_unknown", "there is no such user");
    return class_ == ERR_OK ? given_out_end(tx, id, err) : class_;
}

static enum err_class changed_or_gone(struct tx *tx, int64_t id, struct err *err)
{
    const struct sql_value key[] = {sql_int(id)};
    int64_t there = 0;
    enum err_class class_ = tx_query(tx, SQL_USER_THERE, key, 1, count_take, &there, err);
    if (class_ != ERR_OK)
        return class_;
    return there > 0 ? err_set(err, ERR_CONFLICT, "precondition",
                               "somebody has changed it since you read it: read it again")
                     : err_set(err, ERR_NOT_FOUND, "user_unknown", "there is no such user");
}

static enum err_class set_work(struct tx *tx, void *context, struct err *err)
{
    struct user_work *work = context;
    const struct user *user = work->user;
    const struct sql_value values[] = {sql_int(user->id),       sql_text(user->role),
                                       sql_int(user->reveals),  sql_int(user->all_shops),
                                       sql_int(user->disabled), sql_int(user->generation)};
    int64_t rows, admins;
    enum err_class class_ = admins_lock(tx, &admins, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_USER_SET, values, 6, &rows, err);
    if (class_ == ERR_OK && rows == 0)
        class_ = changed_or_gone(tx, user->id, err);
    if (class_ == ERR_OK && work->hash)
        class_ = password_write(tx, user->id, work->hash, err);
    if (class_ == ERR_OK && !work->is_admin)
        class_ = admins_check(tx, admins, err);
    if (class_ == ERR_OK)
        class_ = shops_write(tx, user, user->id, err);
    if (class_ == ERR_OK && user->disabled)
        class_ = given_out_end(tx, user->id, err);
    return class_ == ERR_OK && work->hash ? audit_add(tx, work->password_audit, err) : class_;
}

enum err_class user_set(struct store *store, const struct user *user, const struct audit *audit,
                        const struct audit *password_audit, struct str password, struct err *err)
{
    char hash[PASSWORD_HASH_BYTES];
    struct user_work work = {.user = user,
                             .hash = password_audit ? hash : NULL,
                             .password_audit = password_audit,
                             .is_admin = str_eq(user->role, STR("admin")) && !user->disabled};
    struct change change = {.line = *audit, .work = set_work, .context = &work};
    enum err_class class_ = user_check(user, err);
    if (class_ == ERR_OK && password_audit)
        class_ = password_is_fit(user->name, password, err);
    if (class_ == ERR_OK && password_audit)
        class_ = password_hash(password, hash, err);
    return class_ == ERR_OK ? change_make(store, &change, err) : class_;
}

struct password_work {
    int64_t id;
    const char *hash;
};

static enum err_class password_work(struct tx *tx, void *context, struct err *err)
{
    const struct password_work *work = context;
    return password_write(tx, work->id, work->hash, err);
}

enum err_class user_password_set(struct store *store, const struct user *user, struct str password,
                                 const struct audit *audit, struct err *err)
{
    char hash[PASSWORD_HASH_BYTES];
    struct password_work work = {user->id, hash};
    struct change change = {.line = *audit, .work = password_work, .context = &work};
    enum err_class class_ = password_is_fit(user->name, password, err);
    if (class_ == ERR_OK)
        class_ = password_hash(password, hash, err);
    return class_ == ERR_OK ? change_make(store, &change, err) : class_;
}

static enum err_class remove_work(struct tx *tx, void *context, struct err *err)
{
    const int64_t *id = context;
    const struct sql_value key[] = {sql_int(*id)};
    static const char *const sql[] = {SQL_USER_SHOPS_CLEAR, SQL_SESSIONS_REMOVE, SQL_TOKENS_REMOVE};
    int64_t rows, admins;
    enum err_class class_ = admins_lock(tx, &admins, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_USER_REMOVE, key, 1, &rows, err);
    if (class_ == ERR_OK && rows == 0)
        class_ = err_set(err, ERR_NOT_FOUND, "user_unknown", "there is no such user");
    for (size_t i = 0; class_ == ERR_OK && i < 3; i++)
        class_ = tx_exec(tx, sql[i], key, 1, NULL, err);
    if (class_ == ERR_OK)
        class_ = admins_check(tx, admins, err);
    return class_;
}

enum err_class user_remove(struct store *store, int64_t id, const struct audit *audit,
                           struct err *err)
{
    struct change change = {.line = *audit, .work = remove_work, .context = &id};
    return change_make(store, &change, err);
}

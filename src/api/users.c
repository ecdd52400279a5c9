/* What admins do: users and the tokens of programs. */
#include <stdlib.h>
#include <string.h>

#include "api/change.h"
#include "api/items.h"
#include "api/out.h"
#include "api/sql.h"
#include "api/tables.h"
#include "api/who.h"

static const char *const role_words[] = {"viewer", "operator", "admin", NULL};

/* --- users --- */

static void user_write(struct out *out, const char *key, const struct user *user)
{
    out_object(out, key);
    out_id(out, "id", user->id);
    out_text(out, "name", user->name);
    out_text(out, "role", user->role);
    out_bool(out, "reveals", user->reveals);
    out_bool(out, "all_shops", user->all_shops);
    out_list(out, "shops");
    for (size_t i = 0; i < user->shops_len; i++)
        out_id(out, NULL, user->shops[i]);
    out_end_list(out);
    out_bool(out, "disabled", user->disabled);
    out_bool(out, "has_password", user->password.len > 0);
    out_time(out, "created_at", user->created_ms);
    out_time_or_null(out, "signed_in_at", user->signed_in_ms, user->signed_in_ms > 0);
    out_end_object(out);
}

/* For the audit: what he may, nothing secret. */
static struct str user_json(struct call *call, const struct user *user)
{
    struct buf buf;
    struct out out;
    buf_init(&buf, 1024 * 1024);
    out_init(&out, &buf);
    out_object(&out, NULL);
    out_text(&out, "role", user->role);
    out_bool(&out, "reveals", user->reveals);
    out_bool(&out, "all_shops", user->all_shops);
    out_list(&out, "shops");
    for (size_t i = 0; i < user->shops_len; i++)
        out_id(&out, NULL, user->shops[i]);
    out_end_list(&out);
    out_bool(&out, "disabled", user->disabled);
    out_end_object(&out);
    struct str copy = arena_dup(call->arena, buf_str(&buf));
    buf_fini(&buf);
    return copy;
}

static enum err_class users_list(struct call *call, struct err *err)
{
    struct user *users;
    struct out out;
    size_t len;
    enum err_class class_ = users_read(call->host->store, call->arena, &users, &len, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; i < len; i++)
        user_write(&out, NULL, &users[i]);
    out_end_list(&out);
    out_end_object(&out);
    return ERR_OK;
}

static enum err_class user_answer(struct call *call, int64_t id, struct err *err)
{
    struct user user;
    struct out out;
    enum err_class class_ = user_read(call->host->store, id, call->arena, &user, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    user_write(&out, NULL, &user);
    return ERR_OK;
}

static enum err_class user_get(struct call *call, struct err *err)
{
    return user_answer(call, call_int(call, "id"), err);
}

/* What the body says of role, rights and shops, over what `user` has. */
static enum err_class user_take(struct call *call, struct user *user, struct err *err)
{
    if (call_given(call, "role"))
        user->role = call_text(call, "role");
    if (call_given(call, "reveals"))
        user->reveals = call_int(call, "reveals") != 0;
    if (call_given(call, "shops")) {
        struct shop_scope scope;
        enum err_class class_ = call_shops_of(call, "shops", &scope, err);
        if (class_ != ERR_OK)
            return class_;
        user->shops = scope.ids;
        user->shops_len = scope.len;
        user->all_shops = false;
    }
    if (call_given(call, "all_shops"))
        user->all_shops = call_int(call, "all_shops") != 0;
    if (user->all_shops && call_given(call, "shops"))
        return call_refuse(call, "shops", "shops_and_all", err,
                           "either all_shops or a list of shops");
    if (user->all_shops)
        user->shops_len = 0;
    return ERR_OK;
}

static enum err_class user_post(struct call *call, struct err *err)
{
    struct user user = {.name = call_text(call, "name"),
                        .all_shops = str_eq(call_text(call, "role"), STR("admin"))};
    int64_t id = 0;
    enum err_class class_ = user_take(call, &user, err);
    if (class_ != ERR_OK)
        return class_;
    struct audit audit = audit_of(call, "user.add", user.name);
    audit.after = user_json(call, &user);
    class_ = user_add(call->host->store, &user, call_text(call, "password"), &audit, &id, err);
    if (class_ != ERR_OK)
        return class_;
    call->reply->status = 201;
    call_header(call, "Location", arena_printf(call->arena, "/api/v1/users/%lld", (long long)id));
    return user_answer(call, id, err);
}

static enum err_class user_patch(struct call *call, struct err *err)
{
    struct user user;
    struct str password = call_text(call, "password");
    enum err_class class_ = user_read(call->host->store, call_int(call, "id"), call->arena, &user,
                                      err);
    if (class_ != ERR_OK)
        return class_;
    struct audit audit = audit_of(call, "user.change", user.name);
    audit.before = user_json(call, &user);
    class_ = call_if_match(call, user_answer, user.id, NULL, NULL, err);
    if (class_ == ERR_OK)
        class_ = user_take(call, &user, err);
    if (class_ == ERR_OK && call_given(call, "disabled"))
        user.disabled = call_int(call, "disabled") != 0;
    if (class_ != ERR_OK)
        return class_;
    const struct audit said = audit_of(call, "user.password", user.name);
    audit.after = user_json(call, &user);
    class_ = user_set(call->host->store, &user, &audit, call_given(call, "password") ? &said : NULL,
                      password, err);
    who_forget(call->api);
    return class_ == ERR_OK ? user_answer(call, user.id, err) : class_;
}

static enum err_class user_delete(struct call *call, struct err *err)
{
    struct user user;
    enum err_class class_ = user_read(call->host->store, call_int(call, "id"), call->arena, &user,
                                      err);
    if (class_ != ERR_OK)
        return class_;
    struct audit audit = audit_of(call, "user.remove", user.name);
    audit.before = user_json(call, &user);
    class_ = call_if_match(call, user_answer, user.id, NULL, NULL, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = user_remove(call->host->store, user.id, &audit, err);
    who_forget(call->api);
    call->reply->status = 204;
    return class_;
}

/* --- tokens --- */

static void token_write(struct call *call, struct out *out, const struct reader *row)
{
    (void)call;
    out_id(out, "id", reader_int(row, 0));
    out_text(out, "name", reader_text(row, 1));
    out_id(out, "user_id", reader_int(row, 2));
    out_text(out, "user", reader_text(row, 3));
    out_time(out, "created_at", reader_int(row, 4));
    out_time_or_null(out, "expires_at", reader_int(row, 5), !reader_is_null(row, 5));
    out_time_or_null(out, "used_at", reader_int(row, 6), !reader_is_null(row, 6));
}

static enum err_class tokens_list(struct call *call, struct err *err)
{
    return items_answer(call, SQL_TOKENS, NULL, 0, token_write, err);
}

struct token_work {
    struct str name;
    const char *digest;
    int64_t user_id, now_ms, expires_ms, id;
};

static enum err_class token_work(struct tx *tx, void *context, struct err *err)
{
    struct token_work *work = context;
    const struct sql_value values[] = {sql_text(work->name), sql_int(work->user_id),
                                       sql_text(str_of(work->digest)), sql_int(work->now_ms),
                                       sql_int_or_null(work->expires_ms, work->expires_ms > 0)};
    enum err_class class_ = tx_exec(tx, SQL_TOKEN_ADD, values, 5, NULL, err);
    if (class_ == ERR_OK)
        work->id = tx_last_id(tx);
    return class_;
}

/* It is shown once, and the database knows its digest only. */
static enum err_class token_post(struct call *call, struct err *err)
{
    char token[TOKEN_TEXT_BYTES], digest[TOKEN_TEXT_BYTES];
    struct user user;
    struct out out;
    int64_t days = call_given(call, "days") ? call_int(call, "days") : 0;
    enum err_class class_ = user_read(call->host->store, call_int(call, "user_id"), call->arena,
                                      &user, err);
    if (class_ == ERR_OK)
        class_ = token_make(token, err);
    if (class_ != ERR_OK)
        return class_;
    struct str text = arena_printf(call->arena, "hlt_%s", token);
    class_ = token_digest(text, digest, err);
    struct token_work work = {.name = call_text(call, "name"),
                              .digest = digest,
                              .user_id = user.id,
                              .now_ms = call->now_ms,
                              .expires_ms = days > 0 ? call->now_ms + days * INT64_C(86400000) : 0};
    struct change change = {
        .line = audit_of(call, "token.add", work.name), .work = token_work, .context = &work};
    change.line.after = arena_printf(call->arena, "{\"user_id\":%lld,\"days\":%lld}",
                                     (long long)user.id, (long long)days);
    if (class_ == ERR_OK)
        class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    call->reply->status = 201;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_id(&out, "id", work.id);
    out_text(&out, "name", work.name);
    out_id(&out, "user_id", user.id);
    out_text(&out, "token", text);
    out_time_or_null(&out, "expires_at", work.expires_ms, work.expires_ms > 0);
    out_end_object(&out);
    return ERR_OK;
}

static enum err_class gone_work(struct tx *tx, void *context, struct err *err)
{
    const int64_t *id = context;
    const struct sql_value key[] = {sql_int(*id)};
    int64_t rows;
    enum err_class class_ = tx_exec(tx, SQL_TOKEN_REMOVE, key, 1, &rows, err);
    if (class_ == ERR_OK && rows == 0)
        class_ = err_set(err, ERR_NOT_FOUND, "token_unknown", "there is no such token");
    return class_;
}

static enum err_class token_delete(struct call *call, struct err *err)
{
    int64_t id = call_int(call, "id");
    struct change change = {
        .line = audit_of(call, "token.remove", arena_printf(call->arena, "%lld", (long long)id)),
        .work = gone_work,
        .context = &id};
    enum err_class class_ = change_make(call->host->store, &change, err);
    who_forget(call->api);
    call->reply->status = 204;
    return class_;
}

#define ID_PARAM                                                                                   \
    {                                                                                              \
        "id", PARAM_PATH, PARAM_KEY, .required = true, .help = "Its number"                        \
    }
#define RIGHTS_PARAMS                                                                              \
    {"reveals", PARAM_BODY, PARAM_BOOL, .help = "May see personal data, with a reason"},           \
        {"all_shops", PARAM_BODY, PARAM_BOOL,                                                      \
         .help = "Sees every shop, also those that come later"},                                   \
    {                                                                                              \
        "shops", PARAM_BODY, PARAM_TEXT, .many = true,                                             \
                                         .help = "The shops he sees: numbers or names"             \
    }
static const struct param one_params[] = {ID_PARAM, {0}};
static const struct param add_params[] = {
    {"name", PARAM_BODY, PARAM_TEXT, .required = true, .min = 1, .max = USER_NAME_BYTES_MAX,
     .help = "Name to sign in with"},
    {"password", PARAM_BODY, PARAM_TEXT, .max = PASSWORD_BYTES_MAX,
     .help = "At least 10 characters; none: signs in with tokens only"},
    {"role", PARAM_BODY, PARAM_WORD, .required = true, .words = role_words,
     .help = "What he may do"},
    RIGHTS_PARAMS,
    {0},
};
static const struct param change_params[] = {
    ID_PARAM,
    {"password", PARAM_BODY, PARAM_TEXT, .min = PASSWORD_BYTES_MIN, .max = PASSWORD_BYTES_MAX,
     .help = "A new one; every session and bearer ends"},
    {"role", PARAM_BODY, PARAM_WORD, .words = role_words, .help = "What he may do"},
    RIGHTS_PARAMS,
    {"disabled", PARAM_BODY, PARAM_BOOL, .help = "May not sign in, and what he had ends"},
    {0},
};
static const struct param token_params[] = {
    {"name", PARAM_BODY, PARAM_TEXT, .required = true, .min = 1, .max = USER_NAME_BYTES_MAX,
     .help = "What it is for"},
    {"user_id", PARAM_BODY, PARAM_KEY, .required = true, .help = "As whom it acts"},
    {"days", PARAM_BODY, PARAM_INT, .min = 1, .max = 3650,
     .help = "How long it holds; not given: until it is taken back"},
    {0},
};
const struct route user_routes[] = {
    {ROUTE_GET, "/api/v1/users", "users", RIGHT_ADMIN, NULL, users_list, .summary = "All users",
     .answer = "UserPage"},
    {ROUTE_POST, "/api/v1/users", "userAdd", RIGHT_ADMIN, add_params, user_post,
     .summary = "Add a user", .answer = "User"},
    {ROUTE_GET, "/api/v1/users/{id}", "user", RIGHT_ADMIN, one_params, user_get,
     .summary = "One user", .answer = "User"},
    {ROUTE_PATCH, "/api/v1/users/{id}", "userChange", RIGHT_ADMIN, change_params, user_patch,
     .summary = "Change what a user may; not the last admin", .answer = "User"},
    {ROUTE_DELETE, "/api/v1/users/{id}", "userRemove", RIGHT_ADMIN, one_params, user_delete,
     .summary = "Remove a user; not the last admin"},
    {ROUTE_GET, "/api/v1/tokens", "tokens", RIGHT_ADMIN, NULL, tokens_list,
     .summary = "Tokens of programs, without their text", .answer = "TokenPage"},
    {ROUTE_POST, "/api/v1/tokens", "tokenAdd", RIGHT_ADMIN, token_params, token_post,
     .summary = "Make a token; its text is shown this once", .answer = "TokenMade"},
    {ROUTE_DELETE, "/api/v1/tokens/{id}", "tokenRemove", RIGHT_ADMIN, one_params, token_delete,
     .summary = "Take a token back"},
    {0},
};

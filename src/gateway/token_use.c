/* Whose token a shop uses. Every change is one transaction that leaves the rule of gateway.h
 * true. */
#include "gateway/token_use.h"

#include <stdio.h>

static const char USE_SELECT[] = "SELECT o.id, o.name FROM shop s"
                                 " JOIN shop o ON o.id = coalesce(s.token_of, s.id) WHERE s.id = ?";
static const char USERS_SELECT[] = "SELECT id, name FROM shop WHERE token_of = ? ORDER BY id";
static const char ACCOUNT_SELECT[] = "SELECT id, name FROM shop WHERE platform = ?"
                                     " AND external_id = ? AND coalesce(app_id, 0) = ?";
/* Giving a token is the act of a person that a marked shop waits for. What a person has disabled
 * stays so. */
static const char SHOP_USE[] =
    "UPDATE shop SET token_of = ?, state_reason = NULL,"
    " state = CASE state WHEN 'needs_person' THEN 'enabled' ELSE state END WHERE id = ?";
static const char SHOP_LEAVE[] =
    "UPDATE shop SET token_of = NULL, state_reason = ?,"
    " state = CASE state WHEN 'disabled' THEN state ELSE 'needs_person' END WHERE id = ?";
static const char USERS_ENABLE[] = "UPDATE shop SET state = 'enabled', state_reason = NULL"
                                   " WHERE token_of = ? AND state = 'needs_person'";
static const char SHOPS_OF_APP_ENABLE[] = "UPDATE shop SET state = 'enabled', state_reason = NULL"
                                          " WHERE app_id = ? AND state = 'needs_person'";

static void owner_write(char owner[TOKEN_OWNER_BYTES_MAX], const char *kind, int64_t id)
{
    snprintf(owner, TOKEN_OWNER_BYTES_MAX, "%s:%lld", kind, (long long)id);
}

void token_owner(const struct auth *auth, const struct facts *facts,
                 char owner[TOKEN_OWNER_BYTES_MAX])
{
    owner_write(owner, auth->of_app ? "app" : "shop",
                auth->of_app ? facts->app.id : facts->shop.id);
}

void token_asked_owner(int64_t shop_id, char owner[TOKEN_OWNER_BYTES_MAX])
{
    owner_write(owner, "asked", shop_id);
}

void token_given_owner(int64_t shop_id, char owner[TOKEN_OWNER_BYTES_MAX])
{
    owner_write(owner, "given", shop_id);
}

/* --- reading --- */

/* *id and *name stay what they are where there is no such shop. */
static enum err_class use_read(struct store *store, int64_t shop_id, struct arena *arena,
                               int64_t *id, struct str *name, struct err *err)
{
    const struct sql_value key[] = {sql_int(shop_id)};
    struct reader *row;
    enum err_class class_ = store_read(store, USE_SELECT, key, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row)) {
        *id = reader_int(row, 0);
        if (name)
            *name = arena_dup(arena, reader_text(row, 1));
    }
    class_ = reader_close(row, err);
    return class_ == ERR_OK && name && !name->ptr ? err_no_memory(err) : class_;
}

enum err_class token_use_find(struct store *store, const struct auth *auth,
                              const struct facts *facts, struct arena *arena, struct token_use *out,
                              struct err *err)
{
    *out = (struct token_use){.shop_id = auth->of_app ? 0 : facts->shop.id,
                              .shop_name = facts->shop.name};
    enum err_class class_ = auth->of_app ? ERR_OK
                                         : use_read(store, facts->shop.id, arena, &out->shop_id,
                                                    &out->shop_name, err);
    token_owner(auth, facts, out->owner);
    if (!auth->of_app)
        owner_write(out->owner, "shop", out->shop_id);
    return class_;
}

enum err_class token_shop_of(struct store *store, int64_t shop_id, int64_t *out, struct err *err)
{
    *out = shop_id;
    return use_read(store, shop_id, NULL, out, NULL, err);
}

/* --- a token given by hand, or whose shops the platform does not tell --- */

struct put_work {
    struct str owner;
    bool of_app;
    int64_t id;
    struct sql_value values[TOKEN_COLUMNS];
};

static enum err_class put_run(struct tx *tx, void *context, struct err *err)
{
    const struct put_work *work = context;
    const struct sql_value id[] = {sql_int(work->id)};
    const struct sql_value own[] = {sql_null(), sql_int(work->id)};
    enum err_class class_ = token_row_delete(tx, work->owner, err);
    if (class_ == ERR_OK)
        class_ = token_row_insert(tx, work->values, err);
    if (class_ == ERR_OK && work->of_app)
        return tx_exec(tx, SHOPS_OF_APP_ENABLE, id, 1, NULL, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SHOP_USE, own, 2, NULL, err);
    return class_ == ERR_OK ? tx_exec(tx, USERS_ENABLE, id, 1, NULL, err) : class_;
}

enum err_class token_put(struct store *store, const struct keyring *keyring, struct str owner,
                         struct str access, struct str refresh, int64_t expires_ms,
                         int64_t refresh_expires_ms, int64_t now_ms, struct err *err)
{
    struct token_row row = {.state = TOKEN_FRESH,
                            .access = access,
                            .refresh = refresh,
                            .expires_ms = expires_ms,
                            .refresh_expires_ms = refresh_expires_ms,
                            .changed_ms = now_ms};
    struct put_work work = {.owner = owner};
    struct str kind, number;
    if (!str_cut(owner, ':', &kind, &number) || !str_to_i64(number, &work.id))
        return err_set(err, ERR_INTERNAL, "token_owner", "\"%.*s\" owns no tokens", STR_ARG(owner));
    if (access.len == 0 || access.len > TOKEN_BYTES_MAX || refresh.len > TOKEN_BYTES_MAX)
        return err_set(err, ERR_CONFIG, "token_text",
                       "a token has between 1 and %d bytes, this one has %zu", TOKEN_BYTES_MAX,
                       access.len);
    work.of_app = str_eq(kind, STR("app"));
    struct arena arena;
    arena_init(&arena);
    enum err_class class_ = token_row_values(keyring, owner, &arena, &row, work.values, err);
    if (class_ == ERR_OK)
        class_ = shops_write(store, put_run, &work, err);
    arena_fini(&arena);
    return class_;
}

/* --- the token of another shop --- */

struct share_work {
    int64_t shop_id, with_shop_id;
};

static enum err_class share_run(struct tx *tx, void *context, struct err *err)
{
    const struct share_work *work = context;
    const struct sql_value use[] = {sql_int(work->with_shop_id), sql_int(work->shop_id)};
    char owner[TOKEN_OWNER_BYTES_MAX];
    owner_write(owner, "shop", work->shop_id);
    enum err_class class_ = token_row_delete(tx, str_of(owner), err);
    return class_ == ERR_OK ? tx_exec(tx, SHOP_USE, use, 2, NULL, err) : class_;
}

enum err_class token_share(struct store *store, int64_t shop_id, int64_t with_shop_id,
                           struct err *err)
{
    struct share_work work = {.shop_id = shop_id};
    enum err_class class_ = token_shop_of(store, with_shop_id, &work.with_shop_id, err);
    return class_ == ERR_OK ? shops_write(store, share_run, &work, err) : class_;
}

/* --- none any more --- */

static enum err_class user_counted(struct reader *row, void *context, struct err *err)
{
    int64_t *users = context;
    (void)row;
    (void)err;
    ++*users;
    return ERR_OK;
}

enum err_class token_drop(struct tx *tx, int64_t shop_id, int64_t *users, struct err *err)
{
    static const char *const kinds[] = {"shop", "asked", "given"};
    const struct sql_value id[] = {sql_int(shop_id)};
    char owner[TOKEN_OWNER_BYTES_MAX];
    *users = 0;
    enum err_class class_ = tx_query(tx, USERS_SELECT, id, 1, user_counted, users, err);
    for (size_t i = 0; class_ == ERR_OK && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        owner_write(owner, kinds[i], shop_id);
        class_ = token_row_delete(tx, str_of(owner), err);
    }
    return class_;
}

/* --- a consent --- */

struct left {
    struct left *next;
    int64_t shop_id;
    struct str name;
};
struct adopt_work {
    int64_t shop_id, app_id;
    struct str shop_name, platform;
    struct sql_value values[TOKEN_COLUMNS];
    struct consent *consent;
    int64_t *shop_ids; /* of each account, 0: no shop; then the authorised shop itself */
    struct left *left;
    size_t left_len;
    size_t at; /* the account that is looked for */
    struct arena *arena;
};

static bool is_covered(const struct adopt_work *work, int64_t shop_id)
{
    for (size_t i = 0; i <= work->consent->accounts_len; i++) {
        if (work->shop_ids[i] == shop_id)
            return true;
    }
    return false;
}

static bool is_left(const struct adopt_work *work, int64_t shop_id)
{
    const struct left *left = work->left;
    while (left && left->shop_id != shop_id)
        left = left->next;
    return left != NULL;
}

static enum err_class account_found(struct reader *row, void *context, struct err *err)
{
    struct adopt_work *work = context;
    struct str *name = &work->consent->accounts[work->at].shop;
    work->shop_ids[work->at] = reader_int(row, 0);
    *name = arena_dup(work->arena, reader_text(row, 1));
    return name->ptr ? ERR_OK : err_no_memory(err);
}

/* Finds the shops that the accounts are. */
static enum err_class accounts_find(struct tx *tx, struct adopt_work *work, struct err *err)
{
    enum err_class class_ = ERR_OK;
    work->shop_ids[work->consent->accounts_len] = work->shop_id;
    for (work->at = 0; class_ == ERR_OK && work->at < work->consent->accounts_len; work->at++) {
        struct consent_account *account = &work->consent->accounts[work->at];
        const struct sql_value key[] = {sql_text(work->platform), sql_text(account->external_id),
                                        sql_int(work->app_id)};
        account->shop = STR("");
        work->shop_ids[work->at] = 0;
        class_ = tx_query(tx, ACCOUNT_SELECT, key, 3, account_found, work, err);
    }
    return class_;
}

static enum err_class user_found(struct reader *row, void *context, struct err *err)
{
    struct adopt_work *work = context;
    if (is_covered(work, reader_int(row, 0)) || is_left(work, reader_int(row, 0)))
        return ERR_OK;
    struct left *left = arena_alloc(work->arena, sizeof(*left));
    if (!left)
        return err_no_memory(err);
    *left = (struct left){.next = work->left,
                          .shop_id = reader_int(row, 0),
                          .name = arena_dup(work->arena, reader_text(row, 1))};
    work->left = left;
    work->left_len++;
    return left->name.ptr ? ERR_OK : err_no_memory(err);
}

/* Those whose token is about to go without the new one being for them. */
static enum err_class users_leave(struct tx *tx, struct adopt_work *work, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i <= work->consent->accounts_len; i++) {
        const struct sql_value id[] = {sql_int(work->shop_ids[i])};
        if (work->shop_ids[i] != 0)
            class_ = tx_query(tx, USERS_SELECT, id, 1, user_found, work, err);
    }
    for (const struct left *left = work->left; class_ == ERR_OK && left; left = left->next) {
        struct str reason = arena_printf(
            work->arena,
            "shop %.*s: a new consent replaced the token of shop %.*s "
            "and does not cover it; run \"huiliu shop authorize %.*s\"",
            STR_ARG(left->name), STR_ARG(work->shop_name), STR_ARG(left->name));
        const struct sql_value values[] = {sql_text(reason), sql_int(left->shop_id)};
        class_ = reason.ptr ? tx_exec(tx, SHOP_LEAVE, values, 2, NULL, err) : err_no_memory(err);
    }
    return class_;
}

/* Every covered shop loses its row and points at the authorised one, which points at nobody. */
static enum err_class accounts_join(struct tx *tx, const struct adopt_work *work, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i <= work->consent->accounts_len; i++) {
        char owner[TOKEN_OWNER_BYTES_MAX];
        int64_t shop_id = work->shop_ids[i];
        const struct sql_value use[] = {sql_int_or_null(work->shop_id, shop_id != work->shop_id),
                                        sql_int(shop_id)};
        if (shop_id == 0)
            continue;
        owner_write(owner, "shop", shop_id);
        class_ = token_row_delete(tx, str_of(owner), err);
        if (class_ == ERR_OK)
            class_ = tx_exec(tx, SHOP_USE, use, 2, NULL, err);
    }
    return class_;
}

static enum err_class adopt_run(struct tx *tx, void *context, struct err *err)
{
    struct adopt_work *work = context;
    char asked[TOKEN_OWNER_BYTES_MAX], given[TOKEN_OWNER_BYTES_MAX];
    work->left = NULL;
    work->left_len = 0;
    token_asked_owner(work->shop_id, asked);
    token_given_owner(work->shop_id, given);
    enum err_class class_ = accounts_find(tx, work, err);
    if (class_ == ERR_OK)
        class_ = users_leave(tx, work, err);
    if (class_ == ERR_OK)
        class_ = accounts_join(tx, work, err);
    if (class_ == ERR_OK)
        class_ = token_row_delete(tx, str_of(asked), err);
    if (class_ == ERR_OK)
        class_ = token_row_delete(tx, str_of(given), err);
    return class_ == ERR_OK ? token_row_insert(tx, work->values, err) : class_;
}

/* The transaction is over: its findings are handed to the caller. */
static enum err_class left_list(const struct adopt_work *work, struct consent *consent,
                                struct err *err)
{
    consent->left_len = work->left_len;
    consent->left = arena_array(work->arena, work->left_len + 1, sizeof(*consent->left));
    if (!consent->left)
        return err_no_memory(err);
    const struct left *left = work->left;
    for (size_t i = work->left_len; i > 0; i--, left = left->next)
        consent->left[i - 1] = left->name;
    return ERR_OK;
}

enum err_class token_adopt(struct store *store, const struct keyring *keyring,
                           const struct connector *connector, const struct facts *facts,
                           const struct token_reply *pair, struct arena *arena,
                           struct consent *consent, struct err *err)
{
    struct token_row row = {.state = TOKEN_FRESH,
                            .access = pair->access,
                            .refresh = pair->refresh,
                            .expires_ms = pair->expires_ms,
                            .refresh_expires_ms = pair->refresh_expires_ms,
                            .changed_ms = clock_now_ms()};
    struct adopt_work work = {
        .shop_id = facts->shop.id,
        .app_id = facts->app.id,
        .shop_name = facts->shop.name,
        .platform = connector_platform(connector),
        .consent = consent,
        .shop_ids = arena_array(arena, consent->accounts_len + 1, sizeof(*work.shop_ids)),
        .arena = arena,
    };
    char owner[TOKEN_OWNER_BYTES_MAX];
    if (!work.shop_ids)
        return err_no_memory(err);
    owner_write(owner, "shop", facts->shop.id);
    enum err_class class_ = token_row_values(keyring, str_of(owner), arena, &row, work.values, err);
    if (class_ == ERR_OK)
        class_ = shops_write(store, adopt_run, &work, err);
    return class_ == ERR_OK ? left_list(&work, consent, err) : class_;
}

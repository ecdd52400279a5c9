/* Apps and shops as rows: adding them with their secrets sealed. */
#include <stdio.h>

#include "app/cmd.h"
#include "app/secret.h"
#include "app/sql.h"

/* What the work on the writer needs; it runs there while the command waits. */
struct account_work {
    struct app *app;
    const struct account_app *account;
    const struct account_shop *shop;
    struct arena arena;
    int64_t now_ms, id;
};

static struct sql_value text_or_null(struct str text)
{
    return text.len > 0 ? sql_text(text) : sql_null();
}

/* The id binds the secret to its row, so the row comes first. */
static enum err_class app_insert(struct tx *tx, void *context, struct err *err)
{
    struct account_work *work = context;
    const struct account_app *account = work->account;
    const struct sql_value row[] = {
        sql_text(connector_platform(account->connector)),
        sql_text(account->name),
        text_or_null(account->key),
        sql_int(work->now_ms),
    };
    enum err_class class_ = tx_exec(tx, SQL_APP_INSERT, row, 4, NULL, err);
    if (class_ != ERR_OK)
        return class_;
    work->id = tx_last_id(tx);
    struct str secret = STR_NONE, settings;
    if (account->secret.len > 0)
        class_ = secret_seal(work->app, account->secret, "app", work->id, STR("secret"),
                             &work->arena, &secret, err);
    if (class_ == ERR_OK)
        class_ = settings_seal(work->app, account->connector, "app", work->id, account->settings,
                               &work->arena, &settings, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value sealed[] = {sql_int(work->id), text_or_null(secret), sql_text(settings)};
    class_ = tx_exec(tx, SQL_APP_SECRETS, sealed, 3, NULL, err);
    return class_ == ERR_OK && account->also && account->also->work
               ? account->also->work(tx, account->also->context, err)
               : class_;
}

static enum err_class run_work(struct app *app, store_work *run, struct account_work *work,
                               int64_t *id, struct err *err)
{
    arena_init(&work->arena);
    enum err_class class_ = store_write(app->store, run, work, err);
    *id = work->id;
    arena_fini(&work->arena);
    return class_;
}

enum err_class account_app_find(struct app *app, struct str platform, struct str name, int64_t *id,
                                struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(app->store, SQL_APPS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    size_t found = 0, of_platform = 0;
    while (reader_next(row)) {
        if (!str_eq(reader_text(row, 1), platform))
            continue;
        of_platform++;
        if (name.len > 0 && !str_eq(reader_text(row, 2), name))
            continue;
        *id = reader_int(row, 0);
        found++;
    }
    class_ = reader_close(row, err);
    if (class_ != ERR_OK || found == 1)
        return class_;
    if (name.len > 0)
        return err_say(err, ERR_NOT_FOUND, "app_unknown", MSG_APP_UNKNOWN, M_STR(name),
                       M_STR(platform), M_END);
    return err_say(err, ERR_CONFIG, "app_choice", of_platform == 0 ? MSG_APP_NONE : MSG_APP_SEVERAL,
                   M_STR(platform), M_END);
}

/* Whoever needs no app has neither a grant that asks for one nor required needs. */
static bool app_is_needed(const struct connector *connector)
{
    const struct need *needs;
    size_t needs_len = connector_needs(connector, true, &needs);
    for (size_t i = 0; i < needs_len; i++) {
        if (needs[i].required)
            return true;
    }
    return false;
}

/* Where an app may be left out the only one is taken all the same: a later consent needs it. */
enum err_class account_app_choose(struct app *app, const struct connector *connector,
                                  struct str name, int64_t *id, struct err *err)
{
    struct str platform = connector_platform(connector);
    if (name.len > 0 || app_is_needed(connector))
        return account_app_find(app, platform, name, id, err);
    if (account_app_find(app, platform, STR(""), id, NULL) != ERR_OK)
        *id = 0;
    return ERR_OK;
}

static enum err_class need_missing(const struct connector *connector, bool of_app, struct str name,
                                   struct err *err)
{
    const struct need *needs;
    size_t needs_len = connector_needs(connector, of_app, &needs);
    for (size_t i = 0; i < needs_len; i++) {
        if (str_eq(needs[i].name, name) && needs[i].required)
            return err_say(err, ERR_CONFIG, "setting_missing", MSG_SETTING_MISSING, M_STR(name),
                           M_STR(language_now() == LANGUAGE_ZH ? needs[i].zh : needs[i].en), M_END);
    }
    return ERR_OK;
}

enum err_class account_name_check(struct str name, struct err *err)
{
    if (name.len > 0 && name.len <= ID_BYTES_MAX && utf8_valid(name, NULL) &&
        !str_has_control(name) && !str_starts(name, STR("#")) &&
        str_find_char(name, '/') == SIZE_MAX)
        return ERR_OK;
    return err_say(err, ERR_USAGE, "name", MSG_NAME, M_STR(name), M_END);
}

enum err_class account_app_add(struct app *app, const struct account_app *account, int64_t *id,
                               struct err *err)
{
    struct account_work work = {.app = app, .account = account, .now_ms = clock_now_ms()};
    enum err_class class_ = account_name_check(account->name, err);
    if (class_ == ERR_OK && account->key.len == 0)
        class_ = need_missing(account->connector, true, STR("key"), err);
    if (class_ == ERR_OK && account->secret.len == 0)
        class_ = need_missing(account->connector, true, STR("secret"), err);
    if (class_ == ERR_OK)
        class_ = settings_complete(account->settings, account->connector, "app", err);
    if (class_ != ERR_OK)
        return class_;
    int64_t twin;
    if (account_app_find(app, connector_platform(account->connector), account->name, &twin, NULL) ==
        ERR_OK)
        return err_say(err, ERR_CONFLICT, "app_exists", MSG_APP_EXISTS, M_STR(account->name),
                       M_END);
    return run_work(app, app_insert, &work, id, err);
}

struct rotate_work {
    int64_t id;
    struct str key, secret_cipher, token_owner;
    const struct api_also *also;
};

static enum err_class app_rotate(struct tx *tx, void *context, struct err *err)
{
    const struct rotate_work *work = context;
    const struct sql_value row[] = {
        sql_int(work->id),
        text_or_null(work->secret_cipher),
        text_or_null(work->key),
    };
    const struct sql_value owner[] = {sql_text(work->token_owner)};
    int64_t rows = 0;
    enum err_class class_ = tx_exec(tx, SQL_APP_ROTATE, row, 3, &rows, err);
    if (class_ == ERR_OK && rows == 0)
        return err_set(err, ERR_NOT_FOUND, "absent", "there is no app %lld", (long long)work->id);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_TOKEN_DELETE, owner, 1, NULL, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_APP_SHOPS_WAKE, row, 1, NULL, err);
    return class_ == ERR_OK && work->also && work->also->work
               ? work->also->work(tx, work->also->context, err)
               : class_;
}

enum err_class account_app_rotate(struct app *app, int64_t id, struct str key, struct str secret,
                                  const struct api_also *also, struct err *err)
{
    struct rotate_work work = {.id = id, .key = key, .also = also};
    enum err_class class_ = ERR_OK;
    if (secret.len == 0 && key.len == 0)
        return err_say(err, ERR_USAGE, "app_rotate", MSG_APP_ROTATE_WHAT, M_END);
    if (secret.len > 0)
        class_ = secret_seal(app, secret, "app", id, STR("secret"), &app->arena,
                             &work.secret_cipher, err);
    work.token_owner = arena_printf(&app->arena, "app:%lld", (long long)id);
    if (class_ == ERR_OK && !work.token_owner.ptr)
        class_ = err_no_memory(err);
    return class_ == ERR_OK ? shops_write(app->store, app_rotate, &work, err) : class_;
}

static enum err_class shop_insert(struct tx *tx, void *context, struct err *err)
{
    struct account_work *work = context;
    const struct account_shop *shop = work->shop;
    const struct sql_value row[] = {
        sql_text(connector_platform(shop->connector)),
        sql_int_or_null(shop->app_id, shop->app_id != 0),
        sql_text(shop->name),
        sql_text(shop->external_id),
        sql_int_or_null(shop->since_ms, shop->since_ms != 0),
        text_or_null(shop->zone),
        text_or_null(shop->proxy),
        sql_int(work->now_ms),
    };
    enum err_class class_ = tx_exec(tx, SQL_SHOP_INSERT, row, 8, NULL, err);
    if (class_ != ERR_OK)
        return class_;
    work->id = tx_last_id(tx);
    struct str settings;
    class_ = settings_seal(work->app, shop->connector, "shop", work->id, shop->settings,
                           &work->arena, &settings, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value sealed[] = {sql_int(work->id), sql_text(settings)};
    class_ = tx_exec(tx, SQL_SHOP_SETTINGS, sealed, 2, NULL, err);
    return class_ == ERR_OK && shop->also ? shop->also(tx, shop->also_context, err) : class_;
}

static enum err_class shop_twin_check(const struct app *app, const struct account_shop *account,
                                      struct err *err)
{
    for (size_t i = 0; i < app->shops_len; i++) {
        const struct app_shop *other = &app->shops[i];
        if (!str_eq(other->platform, connector_platform(account->connector)))
            continue;
        if (str_eq(other->sync.facts.shop.name, account->name))
            return err_say(err, ERR_CONFLICT, "shop_exists", MSG_SHOP_EXISTS, M_STR(account->name),
                           M_END);
        if (str_eq(other->sync.facts.shop.external_id, account->external_id))
            return err_say(err, ERR_CONFLICT, "shop_exists", MSG_SHOP_TWIN,
                           M_STR(account->external_id), M_STR(other->sync.facts.shop.name), M_END);
    }
    return ERR_OK;
}

enum err_class account_shop_add(struct app *app, const struct account_shop *account, int64_t *id,
                                struct err *err)
{
    struct account_work work = {.app = app, .shop = account, .now_ms = clock_now_ms()};
    enum err_class class_ = account_name_check(account->name, err);
    if (class_ == ERR_OK && account->external_id.len == 0)
        class_ = need_missing(account->connector, false, STR("external_id"), err);
    if (class_ == ERR_OK)
        class_ = settings_complete(account->settings, account->connector, "shop", err);
    if (class_ == ERR_OK)
        class_ = shop_twin_check(app, account, err);
    if (class_ == ERR_OK)
        class_ = run_work(app, shop_insert, &work, id, err);
    if (class_ != ERR_OK || account->access_token.len == 0)
        return class_;
    char owner[64];
    int owner_len = snprintf(owner, sizeof(owner), "shop:%lld", (long long)*id);
    return token_put(app->store, app->keyring, (struct str){owner, (size_t)owner_len},
                     account->access_token, STR_NONE, 0, 0, work.now_ms, err);
}

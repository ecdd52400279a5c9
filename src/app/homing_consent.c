/* Consents for the API: the address, the shops that a consent covers, the code. */
#include <string.h>

#include "app/cmd.h"
#include "app/homing_internal.h"
#include "app/registry.h"
#include "app/secret.h"
#include "app/sql.h"

/* An app as a request sees it, without a shop. */
static enum err_class app_facts(struct app *view, int64_t app_id,
                                const struct connector **connector, struct facts *facts,
                                struct err *err)
{
    const struct sql_value value = sql_int(app_id);
    struct settings settings;
    struct reader *row;
    struct str platform = STR_NONE, secret = STR_NONE, stored = STR_NONE;
    *facts = (struct facts){.app.id = app_id, .shop.id = -app_id, .shop.name = STR("-")};
    enum err_class class_ = store_read(view->store, SQL_APP_BY_ID, &value, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    bool there = reader_next(row);
    if (there) {
        platform = arena_dup(&view->arena, reader_text(row, 0));
        facts->app.key = arena_dup(&view->arena, reader_text(row, 2));
        secret = arena_dup(&view->arena, reader_text(row, 3));
        stored = arena_dup(&view->arena, reader_text(row, 4));
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && !there)
        return err_set(err, ERR_NOT_FOUND, "absent", "there is no app %lld", (long long)app_id);
    if (class_ == ERR_OK)
        class_ = app_connector_of(view, platform, connector, err);
    if (class_ == ERR_OK && secret.len > 0)
        class_ = secret_open(view, secret, "app", app_id, STR("secret"), &facts->app.secret, err);
    if (class_ == ERR_OK)
        class_ = settings_open(view, *connector, "app", app_id, stored, &settings, err);
    if (class_ != ERR_OK)
        return class_;
    struct setting *list = arena_array(&view->arena, settings.settings_len + 1, sizeof(*list));
    if (!list)
        return err_no_memory(err);
    memcpy(list, settings.settings, settings.settings_len * sizeof(*list));
    facts->app.settings = list;
    facts->app.settings_len = settings.settings_len;
    facts->base_url = option_of_platform(&view->options, OPTION_PLATFORM_BASE_URL, platform);
    return ERR_OK;
}

/* Of a shop, or of an app alone. */
enum err_class consent_facts(struct app *view, int64_t app_id, int64_t shop_id,
                             const struct connector **connector, struct facts *facts,
                             struct err *err)
{
    struct app_shop *shop;
    if (shop_id == 0)
        return app_facts(view, app_id, connector, facts, err);
    enum err_class class_ = view_shop_ready(view, shop_id, &shop, err);
    if (class_ != ERR_OK)
        return class_;
    *facts = shop->sync.facts;
    *connector = shop->sync.connector;
    if (facts->app.id == 0)
        return err_say(err, ERR_CONFIG, "app_missing", MSG_AUTHORIZE_APP, M_STR(facts->shop.name),
                       M_STR(shop->platform), M_END);
    return ERR_OK;
}

static enum err_class address_make(struct app *view, struct str platform, struct str app_name,
                                   int64_t shop_id, struct str state, struct str *url,
                                   int64_t *app_id, struct err *err)
{
    const struct connector *connector;
    struct facts facts;
    enum err_class class_ = ERR_OK;
    if (shop_id == 0) {
        class_ = app_connector_of(view, platform, &connector, err);
        if (class_ == ERR_OK)
            class_ = account_app_find(view, platform, app_name, app_id, err);
    }
    if (class_ == ERR_OK)
        class_ = consent_facts(view, *app_id, shop_id, &connector, &facts, err);
    if (class_ != ERR_OK)
        return class_;
    *app_id = facts.app.id;
    const struct auth *auth = connector_auth(connector);
    if (auth->grant != GRANT_AUTH_CODE)
        return err_set(err, ERR_USAGE, "token_by_hand",
                       "%.*s has no consent page: its token is put in by hand, or got by itself",
                       STR_ARG(connector_platform(connector)));
    if (shop_id == 0 && !auth->accounts)
        return err_set(err, ERR_USAGE, "shop_needed",
                       "%.*s does not tell which accounts a consent covers: name the shop that it "
                       "is for",
                       STR_ARG(platform));
    facts.nonce = state;
    facts.now_ms = clock_now_ms();
    return connector_consent_url(connector, &facts, &view->arena, url, err);
}

static enum err_class home_consent_address(void *context, struct str platform, struct str app,
                                           int64_t shop_id, struct str state, struct arena *arena,
                                           struct str *url, int64_t *app_id, struct err *err)
{
    struct app view;
    *app_id = 0;
    enum err_class class_ = view_open(context, arena, &view, err);
    if (class_ == ERR_OK)
        class_ = address_make(&view, platform, app, shop_id, state, url, app_id, err);
    view_close(&view, arena);
    return class_;
}

struct choosing {
    struct app *view;
    const struct connector *connector;
    int64_t app_id, shop_id;
};

static const struct app_shop *shop_of_account(const struct choosing *choosing, struct str account)
{
    const struct app *view = choosing->view;
    for (size_t i = 0; i < view->shops_len; i++) {
        const struct app_shop *shop = &view->shops[i];
        if (str_eq(shop->platform, connector_platform(choosing->connector)) &&
            str_eq(shop->sync.facts.shop.external_id, account))
            return shop;
    }
    return NULL;
}

/* Names are unique a platform: a second one of a name is told apart by its number. */
static struct str name_of_account(struct choosing *choosing, const struct consent_account *account)
{
    struct app *view = choosing->view;
    struct str name = account_name_check(account->title, NULL) == ERR_OK ? account->title
                                                                         : account->external_id;
    for (size_t i = 0; i < view->shops_len; i++) {
        if (str_eq(view->shops[i].platform, connector_platform(choosing->connector)) &&
            str_eq(view->shops[i].sync.facts.shop.name, name))
            return arena_printf(&view->arena, "%.*s %.*s", STR_ARG(str_utf8_head(name, 60)),
                                STR_ARG(str_utf8_head(account->external_id, 100)));
    }
    return name;
}

/* Every account of the consent becomes a shop; the first of its app owns the token. */
static enum err_class consent_shops(void *context, const struct consent_account *accounts,
                                    size_t accounts_len, struct facts *facts, struct err *err)
{
    struct choosing *choosing = context;
    struct app *view = choosing->view;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < accounts_len; i++) {
        const struct app_shop *shop = shop_of_account(choosing, accounts[i].external_id);
        int64_t id = shop && shop->app_id == choosing->app_id ? shop->sync.id : 0;
        if (!shop) {
            struct settings settings = {0};
            const struct account_shop account = {.connector = choosing->connector,
                                                 .name = name_of_account(choosing, &accounts[i]),
                                                 .external_id = accounts[i].external_id,
                                                 .app_id = choosing->app_id,
                                                 .settings = &settings};
            class_ = account_shop_add(view, &account, &id, err);
            view->shops_len = 0;
            if (class_ == ERR_OK)
                class_ = registry_load_shops(view, err);
        }
        if (choosing->shop_id == 0)
            choosing->shop_id = id;
    }
    if (class_ == ERR_OK && choosing->shop_id == 0)
        return err_set(err, ERR_CONFLICT, "consent_app",
                       "every account of this consent is a shop of another app already; "
                       "authorise it with that app");
    struct app_shop *owner;
    if (class_ == ERR_OK)
        class_ = view_shop_ready(view, choosing->shop_id, &owner, err);
    if (class_ == ERR_OK)
        *facts = owner->sync.facts;
    return class_;
}

static enum err_class consent_finish(struct app *view, int64_t app_id, int64_t shop_id,
                                     struct str code, struct api_consent *out, struct err *err)
{
    struct choosing choosing = {.view = view, .app_id = app_id, .shop_id = shop_id};
    struct facts facts;
    enum err_class class_ = consent_facts(view, app_id, shop_id, &choosing.connector, &facts, err);
    if (class_ != ERR_OK)
        return class_;
    facts.auth_code = code;
    class_ = shop_id ? consent_take(view->gateway, choosing.connector, &facts, STR(""),
                                    &view->arena, &out->consent, err)
                     : consent_take_any(view->gateway, choosing.connector, &facts, consent_shops,
                                        &choosing, &view->arena, &out->consent, err);
    out->shop_id = choosing.shop_id;
    out->platform = connector_platform(choosing.connector);
    if (class_ != ERR_OK)
        return class_;
    struct app_shop *owner;
    view->shops_len = 0;
    class_ = registry_load_shops(view, err);
    if (class_ == ERR_OK)
        class_ = view_shop(view, choosing.shop_id, &owner, err);
    /* One that waited for a person has seen one. */
    return class_ == ERR_OK && str_eq(owner->state, STR("needs_person"))
               ? shop_state_change(view, choosing.shop_id, STR("enabled"), NULL, err)
               : class_;
}

static enum err_class home_consent_take(void *context, struct str platform, int64_t app_id,
                                        int64_t shop_id, struct str code, struct arena *arena,
                                        struct api_consent *out, struct err *err)
{
    struct app view;
    (void)platform;
    *out = (struct api_consent){.shop_id = 0};
    enum err_class class_ = view_open(context, arena, &view, err);
    if (class_ == ERR_OK && !view.gateway)
        class_ = err_set(err, ERR_STOPPED, "starting", "this process does not call out");
    if (class_ == ERR_OK)
        class_ = consent_finish(&view, app_id, shop_id, code, out, err);
    view_close(&view, arena);
    return class_;
}

void homing_consents(struct api_home *home)
{
    home->consent_address = home_consent_address;
    home->consent_take = home_consent_take;
}

/* What the HTTP API has of a generation. */
#include "app/hosting.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/homing.h"

static int shops_compare(const void *a, const void *b)
{
    int64_t left = ((const struct api_shop *)a)->id, right = ((const struct api_shop *)b)->id;
    return left < right ? -1 : left > right;
}

static enum err_class shops_make(struct app *app, struct api_host *host, struct err *err)
{
    struct api_shop *shops = arena_array(&app->arena, app->shops_len + 1, sizeof(*shops));
    if (!shops)
        return err_no_memory(err);
    for (size_t i = 0; i < app->shops_len; i++) {
        const struct app_shop *shop = &app->shops[i];
        shops[i] = (struct api_shop){
            .id = shop->sync.id,
            .name = shop->sync.facts.shop.name,
            .platform = shop->platform,
            .external_id = shop->sync.facts.shop.external_id,
            .state = shop->state,
            .zone = app_shop_zone(app, shop),
            .connector = shop->sync.connector,
        };
    }
    qsort(shops, app->shops_len, sizeof(*shops), shops_compare);
    host->shops = shops;
    host->shops_len = app->shops_len;
    return ERR_OK;
}

enum err_class hosting_make(struct app *app, struct api_host **out, struct err *err)
{
    struct api_host *host = arena_alloc(&app->arena, sizeof(*host));
    if (!host)
        return err_no_memory(err);
    *host = (struct api_host){
        .store = app->store,
        .catalog = app->catalog,
        .keyring = app->keyring,
        .coord = app->coord,
        .gateway = app->gateway,
        .sync = app->sync,
        .home = homing_make(app),
    };
    if (!host->home)
        return err_no_memory(err);
    struct metric_catalog *metrics;
    enum err_class class_ = metrics_own(&app->arena, &metrics, err);
    host->metrics = metrics;
    *out = host;
    return class_ ? class_ : shops_make(app, host, err);
}

static bool listen_was_chosen(const struct app *app)
{
    for (size_t i = 0; i < app->options.values_len; i++)
        if (app->options.values[i].id == OPTION_LISTEN)
            return true;
    return false;
}

enum err_class hosting_listen(const struct app *app, const struct api_host *host, bool must,
                              struct api **out, struct err *err)
{
    const struct options *options = &app->options;
    const struct api_options api = {
        .listen = option_text(options, OPTION_LISTEN),
        .threads = (unsigned)option_int(options, OPTION_API_THREADS),
        .cors_origins = option_text(options, OPTION_CORS_ORIGINS),
        .behind_tls = str_eq(option_text(options, OPTION_BEHIND_TLS), STR("yes")),
        .trusted_proxies = option_text(options, OPTION_TRUSTED_PROXIES),
        .rate = option_int(options, OPTION_API_RATE),
        .address_connections = option_int(options, OPTION_API_CONNECTIONS),
        .host = host,
    };
    *out = NULL;
    if (api.listen.len == 0 && must)
        return err_say(err, ERR_CONFIG, "listen_empty", MSG_LISTEN_EMPTY, M_END);
    if (api.listen.len == 0)
        return ERR_OK;
    struct err why = {0};
    if (api_open(&api, out, &why) == ERR_OK) {
        app_say(app, MSG_LISTENS, M_STR(api.listen), M_I64(api_port(*out)), M_END);
        fflush(stdout);
        return ERR_OK;
    }
    if (must || listen_was_chosen(app))
        return err_say(err, ERR_CONFIG, "listen", MSG_LISTEN_FAILED, M_STR(str_of(why.message)),
                       M_END);
    log_event(LOG_WARN, "listen_failed", LOG_STR("message", str_of(why.message)), LOG_END);
    app_say(app, MSG_LISTEN_SKIPPED, M_STR(str_of(why.message)), M_END);
    return ERR_OK;
}

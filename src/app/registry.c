/* Manifests and shops, opened. */
#include "app/registry.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/file.h"
#include "app/secret.h"
#include "app/settings.h"
#include "app/sql.h"

/* --- connectors --- */

/* "shop-one" of "connectors/shop-one.yaml". */
static struct str platform_of(struct str file)
{
    for (size_t i = file.len; i > 0; i--) {
        if (file.ptr[i - 1] == '/') {
            file = str_sub(file, i, file.len);
            break;
        }
    }
    return str_sub(file, 0, file.len - STR(".yaml").len);
}

static struct app_connector *connector_slot(struct app *app, struct str platform)
{
    for (size_t i = 0; i < app->connectors_len; i++) {
        if (str_eq(app->connectors[i].platform, platform))
            return &app->connectors[i];
    }
    return app->connectors_len < CONNECTORS_MAX ? &app->connectors[app->connectors_len++] : NULL;
}

static enum err_class connector_add(struct app *app, struct str file, struct str text,
                                    const struct err *unreadable, struct err *err)
{
    struct str name = arena_dup(&app->arena, file);
    if (!name.ptr)
        return err_no_memory(err);
    struct app_connector *slot = connector_slot(app, platform_of(name));
    if (!slot)
        return err_say(err, ERR_CONFIG, "connectors_many", MSG_CONNECTORS_MANY,
                       M_I64(CONNECTORS_MAX), M_END);
    if (slot->connector)
        connector_free(slot->connector);
    *slot = (struct app_connector){.platform = platform_of(name), .file = name};
    if (unreadable)
        slot->err = *unreadable;
    else if (connector_load(name, text, app->catalog, &slot->connector, &slot->err) == ERR_OK &&
             !str_eq(connector_platform(slot->connector), slot->platform)) {
        err_say(&slot->err, ERR_CONFIG, "manifest_name", MSG_MANIFEST_NAME, M_STR(name),
                M_STR(connector_platform(slot->connector)), M_END);
        connector_free(slot->connector);
        slot->connector = NULL;
    }
    return ERR_OK;
}

static int name_is_manifest(const struct dirent *entry)
{
    struct str name = str_of(entry->d_name);
    return str_ends(name, STR(".yaml")) && name.ptr[0] != '.';
}

static enum err_class home_connectors_load(struct app *app, struct err *err)
{
    struct str folder;
    enum err_class class_ = path_join(app->home, STR("connectors"), &app->arena, &folder, err);
    if (class_ != ERR_OK || !file_is_there(folder))
        return class_;
    struct dirent **entries;
    int entries_len = scandir(folder.ptr, &entries, name_is_manifest, alphasort);
    if (entries_len < 0)
        return err_say(err, ERR_CONFIG, "file", MSG_FILE, M_STR(folder),
                       M_STR(str_of(strerror(errno))), M_END);
    for (int i = 0; i < entries_len; i++) {
        struct str path, text;
        struct err read_err;
        if (class_ == ERR_OK)
            class_ = path_join(folder, str_of(entries[i]->d_name), &app->arena, &path, err);
        if (class_ == ERR_OK) {
            bool good = file_read(path, &app->arena, &text, &read_err) == ERR_OK;
            class_ = connector_add(app, path, text, good ? NULL : &read_err, err);
        }
        free(entries[i]);
    }
    free(entries);
    return class_;
}

static size_t platform_names(const struct app *app, struct str names[CONNECTORS_MAX])
{
    for (size_t i = 0; i < app->connectors_len; i++)
        names[i] = app->connectors[i].platform;
    return app->connectors_len;
}

static enum err_class platform_unknown(const struct app *app, struct str platform, struct err *err)
{
    struct str names[CONNECTORS_MAX];
    size_t names_len = platform_names(app, names);
    size_t near = str_nearest(platform, names, names_len);
    if (near != SIZE_MAX)
        return err_say(err, ERR_CONFIG, "platform_unknown", MSG_PLATFORM_NEAR, M_STR(platform),
                       M_STR(names[near]), M_END);
    struct buf list;
    buf_init(&list, 8192);
    for (size_t i = 0; i < names_len; i++)
        buf_printf(&list, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(names[i]));
    err_say(err, ERR_CONFIG, "platform_unknown", MSG_PLATFORM_UNKNOWN, M_STR(platform),
            M_STR(buf_str(&list)), M_END);
    buf_fini(&list);
    return ERR_CONFIG;
}

static const struct app_connector *slot_find(const struct app *app, struct str platform)
{
    for (size_t i = 0; i < app->connectors_len; i++) {
        if (str_eq(app->connectors[i].platform, platform))
            return &app->connectors[i];
    }
    return NULL;
}

/* A slip in `platforms:` would leave the real platform without its proxy. */
static enum err_class option_platforms_check(const struct app *app, struct err *err)
{
    for (size_t i = 0; i < app->options.values_len; i++) {
        const struct option_value *value = &app->options.values[i];
        if (value->platform.len == 0 || slot_find(app, value->platform))
            continue;
        platform_unknown(app, value->platform, err);
        err_prefix(err, "%s", option_table()[value->id].key);
        return ERR_CONFIG;
    }
    return ERR_OK;
}

enum err_class registry_load_connectors(struct app *app, struct err *err)
{
    enum err_class class_ = ERR_OK;
    const struct embedded_file *file = connector_builtin_files();
    for (; class_ == ERR_OK && file->name; file++)
        class_ = connector_add(app, str_of(file->name),
                               (struct str){(const char *)file->bytes, file->bytes_len}, NULL, err);
    if (class_ == ERR_OK)
        class_ = home_connectors_load(app, err);
    return class_ == ERR_OK ? option_platforms_check(app, err) : class_;
}

enum err_class app_connector_of(const struct app *app, struct str platform,
                                const struct connector **out, struct err *err)
{
    const struct app_connector *slot = slot_find(app, platform);
    if (!slot)
        return platform_unknown(app, platform, err);
    if (!slot->connector) {
        if (err)
            *err = slot->err;
        return slot->err.class_;
    }
    *out = slot->connector;
    return ERR_OK;
}

enum err_class app_stream_of(const struct connector *connector, struct str name,
                             const struct stream **out, struct err *err)
{
    struct str names[64];
    size_t names_len = connector_streams(connector);
    *out = connector_stream(connector, name);
    if (*out)
        return ERR_OK;
    if (names_len == 0)
        return err_say(err, ERR_USAGE, "stream_unknown", MSG_NO_STREAMS,
                       M_STR(connector_platform(connector)), M_STR(name), M_END);
    names_len = names_len < 64 ? names_len : 64;
    for (size_t i = 0; i < names_len; i++)
        names[i] = connector_stream_at(connector, i)->name;
    size_t near = str_nearest(name, names, names_len);
    return err_say(err, ERR_USAGE, "stream_unknown", MSG_STREAM_UNKNOWN,
                   M_STR(connector_platform(connector)), M_STR(name),
                   M_STR(near == SIZE_MAX ? names[0] : names[near]), M_END);
}

/* --- shops --- */

/* Columns of SQL_SHOPS. */
enum {
    SHOP_ID,
    SHOP_PLATFORM,
    SHOP_NAME,
    SHOP_EXTERNAL,
    SHOP_STATE,
    SHOP_REASON,
    SHOP_SINCE,
    SHOP_ZONE,
    SHOP_PROXY,
    SHOP_SETTINGS,
    APP_ID,
    APP_NAME,
    APP_KEY,
    APP_SECRET,
    APP_SETTINGS,
};

static struct str column_dup(struct app *app, const struct reader *row, int column, bool *failed)
{
    struct str copy = arena_dup(&app->arena, reader_text(row, column));
    *failed |= !copy.ptr;
    return copy;
}

/* The lists must outlive the call; an empty one needs no memory. */
static const struct setting *list_dup(struct app *app, const struct setting *list, size_t len,
                                      bool *failed)
{
    if (len == 0)
        return NULL;
    struct setting *copy = arena_array(&app->arena, len, sizeof(*copy));
    if (copy)
        memcpy(copy, list, len * sizeof(*copy));
    *failed |= !copy;
    return copy;
}

/* What the choices say about how the engine reads goes where the engine looks for it. */
static void engine_options_take(struct facts *facts)
{
    int64_t size;
    for (size_t i = 0; i < facts->options_len; i++) {
        if (str_eq(facts->options[i].name, STR("page_size")) &&
            str_to_i64(facts->options[i].value, &size))
            facts->page.size = size;
    }
}

static enum err_class shop_settings_open(struct app *app, struct app_shop *shop,
                                         struct str shop_text, struct str app_text, struct err *err)
{
    struct settings settings;
    bool failed = false;
    struct facts *facts = &shop->sync.facts;
    enum err_class class_ = settings_open(app, shop->sync.connector, "shop", shop->sync.id,
                                          shop_text, &settings, err);
    if (class_ != ERR_OK)
        return class_;
    facts->shop.settings = list_dup(app, settings.settings, settings.settings_len, &failed);
    facts->shop.settings_len = settings.settings_len;
    facts->options = list_dup(app, settings.options, settings.options_len, &failed);
    facts->options_len = settings.options_len;
    engine_options_take(facts);
    class_ = settings_open(app, shop->sync.connector, "app", shop->app_id, app_text, &settings,
                           err);
    if (class_ != ERR_OK)
        return class_;
    facts->app.settings = list_dup(app, settings.settings, settings.settings_len, &failed);
    facts->app.settings_len = settings.settings_len;
    return failed ? err_no_memory(err) : ERR_OK;
}

/* What may go wrong with one shop alone. */
static enum err_class shop_open(struct app *app, struct app_shop *shop, const struct reader *row,
                                struct err *err)
{
    struct facts *facts = &shop->sync.facts;
    enum err_class class_ = app_connector_of(app, shop->platform, &shop->sync.connector, err);
    if (class_ == ERR_OK && reader_text(row, SHOP_ZONE).len > 0)
        class_ = zone_find(reader_text(row, SHOP_ZONE), &facts->zone, err);
    if (class_ == ERR_OK && reader_text(row, APP_SECRET).len > 0)
        class_ = secret_open(app, reader_text(row, APP_SECRET), "app", shop->app_id, STR("secret"),
                             &facts->app.secret, err);
    if (class_ == ERR_OK)
        class_ = shop_settings_open(app, shop, reader_text(row, SHOP_SETTINGS),
                                    reader_text(row, APP_SETTINGS), err);
    return class_;
}

/* Whatever else is wrong with the shop: results need no secret. */
static void shop_derive_fill(struct app_shop *shop)
{
    const struct connector *connector = shop->sync.connector;
    if (!connector)
        return;
    const struct zone *own = shop->sync.facts.zone;
    shop->derive.zone = own ? own : connector_zone(connector);
    shop->derive.own_zone = own;
    for (size_t i = 0; i < connector_streams(connector); i++) {
        const struct stream *stream = connector_stream_at(connector, i);
        if (!stream->figures.of)
            continue;
        shop->derive.figures_stream = stream->name;
        shop->derive.final_statuses = stream->figures.of->final_statuses;
        shop->derive.final_statuses_len = stream->figures.of->final_statuses_len;
    }
}

static enum err_class shop_read(struct app *app, struct app_shop *shop, const struct reader *row,
                                struct err *err)
{
    bool failed = false;
    shop->platform = column_dup(app, row, SHOP_PLATFORM, &failed);
    shop->state = column_dup(app, row, SHOP_STATE, &failed);
    shop->app_id = reader_int(row, APP_ID);
    shop->app_name = column_dup(app, row, APP_NAME, &failed);
    shop->sync = (struct sync_shop){
        .id = reader_int(row, SHOP_ID),
        .since_ms = reader_int(row, SHOP_SINCE),
        .enabled = str_eq(shop->state, STR("enabled")),
        .state_reason = column_dup(app, row, SHOP_REASON, &failed),
        .proxy = column_dup(app, row, SHOP_PROXY, &failed),
    };
    struct facts *facts = &shop->sync.facts;
    facts->shop.id = shop->sync.id;
    facts->shop.name = column_dup(app, row, SHOP_NAME, &failed);
    facts->shop.external_id = column_dup(app, row, SHOP_EXTERNAL, &failed);
    facts->app.id = shop->app_id;
    facts->app.key = column_dup(app, row, APP_KEY, &failed);
    facts->app.stored = app_stored_hash(reader_text(row, APP_KEY), reader_text(row, APP_SECRET));
    facts->base_url = option_of_platform(&app->options, OPTION_PLATFORM_BASE_URL, shop->platform);
    if (failed)
        return err_no_memory(err);
    shop_open(app, shop, row, &shop->err);
    shop_derive_fill(shop);
    return ERR_OK;
}

enum err_class registry_load_shops(struct app *app, struct err *err)
{
    int64_t count;
    struct reader *row;
    enum err_class class_ = store_read_int(app->store, "SELECT count(*) FROM shop", NULL, 0, 0,
                                           &count, err);
    if (class_ != ERR_OK)
        return class_;
    if (count > SHOPS_MAX)
        return err_say(err, ERR_CONFIG, "shops_many", MSG_SHOPS_MANY, M_I64(SHOPS_MAX), M_END);
    app->shops = arena_array(&app->arena, (size_t)count + 1, sizeof(*app->shops));
    if (!app->shops)
        return err_no_memory(err);
    class_ = store_read(app->store, SQL_SHOPS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    /* One more may have been added since they were counted. */
    while (class_ == ERR_OK && app->shops_len < (size_t)count && reader_next(row))
        class_ = shop_read(app, &app->shops[app->shops_len++], row, err);
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

/* --- finding a shop --- */

static bool shop_is(const struct app_shop *shop, struct str word)
{
    struct str platform, name;
    int64_t id;
    if (str_starts(word, STR("#")) && str_to_i64(str_sub(word, 1, word.len), &id))
        return shop->sync.id == id;
    return str_eq(shop->sync.facts.shop.name, word) ||
           (str_cut(word, '/', &platform, &name) && str_eq(shop->platform, platform) &&
            str_eq(shop->sync.facts.shop.name, name));
}

static enum err_class shop_unknown(const struct app *app, struct str word, struct err *err)
{
    if (app->shops_len == 0)
        return err_say(err, ERR_USAGE, "shop_unknown", MSG_SHOP_NONE, M_END);
    struct str *names = malloc(app->shops_len * sizeof(*names));
    size_t near = SIZE_MAX;
    for (size_t i = 0; names && i < app->shops_len; i++)
        names[i] = app->shops[i].sync.facts.shop.name;
    if (names)
        near = str_nearest(word, names, app->shops_len);
    enum err_class class_ = near == SIZE_MAX
                                ? err_say(err, ERR_USAGE, "shop_unknown", MSG_SHOP_UNKNOWN,
                                          M_STR(word), M_END)
                                : err_say(err, ERR_USAGE, "shop_unknown", MSG_SHOP_NEAR,
                                          M_STR(word), M_STR(names[near]), M_END);
    free(names);
    return class_;
}

enum err_class app_shop_of(const struct app *app, struct str word, struct app_shop **out,
                           struct err *err)
{
    *out = NULL;
    for (size_t i = 0; i < app->shops_len; i++) {
        if (!shop_is(&app->shops[i], word))
            continue;
        if (*out)
            return err_say(err, ERR_CONFIG, "shop_ambiguous", MSG_SHOP_AMBIGUOUS, M_STR(word),
                           M_STR((*out)->platform), M_STR(app->shops[i].platform), M_END);
        *out = &app->shops[i];
    }
    return *out ? ERR_OK : shop_unknown(app, word, err);
}

enum err_class app_shop_ready(const struct app *app, struct str word, struct app_shop **out,
                              struct err *err)
{
    enum err_class class_ = app_shop_of(app, word, out, err);
    if (class_ == ERR_OK && (*out)->err.class_ != ERR_OK) {
        class_ = (*out)->err.class_;
        if (err)
            *err = (*out)->err;
        err_prefix(err, "%.*s", STR_ARG(word));
    }
    return class_;
}

const struct app_shop *app_shop_by_id(const struct app *app, int64_t id)
{
    for (size_t i = 0; i < app->shops_len; i++) {
        if (app->shops[i].sync.id == id)
            return &app->shops[i];
    }
    return NULL;
}

struct str app_shop_name(const struct app *app, int64_t id)
{
    const struct app_shop *shop = app_shop_by_id(app, id);
    return shop ? shop->sync.facts.shop.name : STR("");
}

const struct zone *app_shop_zone(const struct app *app, const struct app_shop *shop)
{
    if (app->zone)
        return app->zone;
    if (shop->sync.facts.zone)
        return shop->sync.facts.zone;
    return shop->sync.connector ? connector_zone(shop->sync.connector) : zone_utc();
}

/* --- have they changed? --- */

enum err_class app_shops_stamp(const struct app *app, uint64_t *out, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(app->store, SQL_SHOPS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    *out = 0;
    while (reader_next(row)) {
        for (int i = 0; i < reader_columns(row); i++) {
            struct str text = reader_text(row, i);
            /* Order and place count: each value's hash is carried on into the next. */
            uint64_t part[2] = {*out, hash_bytes(text.ptr ? text.ptr : "", text.len)};
            *out = hash_bytes(part, sizeof(part));
        }
    }
    return reader_close(row, err);
}

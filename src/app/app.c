/* Opening what a command needs, in order, and closing it in reverse. */
#include "app/app.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/coordinator.h"
#include "app/file.h"
#include "app/key_check.h"
#include "app/registry.h"
#include "app/secret.h"
#include "app/view.h"

extern const struct embedded_file schema_files[];

enum { HOST_ROOM = 128 };

void app_init(struct app *app)
{
    *app = (struct app){0};
    arena_init(&app->arena);
}

/* --- the home --- */

enum err_class app_log_file_open(const struct app *app, struct str path, struct logfile **out,
                                 struct err *err)
{
    const struct logfile_options options = {
        .path = path.ptr,
        .bytes_max = option_int(&app->options, OPTION_LOG_MAX_MB) * 1024 * 1024,
        .keep_days = option_int(&app->options, OPTION_LOG_KEEP_DAYS),
        .files = (unsigned)option_int(&app->options, OPTION_LOG_KEEP_FILES),
    };
    return logfile_open(&options, out, err);
}

static enum err_class log_open(struct app *app, struct err *err)
{
    enum log_level level = LOG_WARN;
    log_level_parse(option_text(&app->options, OPTION_LOG_LEVEL), &level);
    struct str name = option_text(&app->options, OPTION_LOG_FILE), path;
    if (name.len > 0) {
        enum err_class class_ = path_join(app->home, name, &app->arena, &path, err);
        if (class_ == ERR_OK)
            class_ = app_log_file_open(app, path, &app->log_file, err);
        if (class_ != ERR_OK)
            return class_;
    }
    app->log_level = level;
    app_log(app);
    return ERR_OK;
}

void app_log(const struct app *app)
{
    if (app->log_file)
        log_setup_file(app->log_level, app->log_file);
    else
        log_setup(app->log_level, STDERR_FILENO, false);
}

enum err_class app_open_home(struct app *app, struct err *err)
{
    enum err_class class_ = options_load(&app->options, app->home, &app->arena, err);
    if (class_ != ERR_OK)
        return class_;
    language_set(option_text(&app->options, OPTION_LANGUAGE));
    struct str zone = option_text(&app->options, OPTION_ZONE);
    if (zone.len > 0)
        class_ = zone_find(zone, &app->zone, err);
    return class_ == ERR_OK ? log_open(app, err) : class_;
}

/* A container that has only variables gets its home made; a person is told how to make one, and so is
 * who names a home that is not there. */
static enum err_class home_ensure(struct app *app, bool named, bool *made, struct err *err)
{
    *made = false;
    if (home_is_there(app->home))
        return app_open_home(app, err);
    if (named || !options_in_environment((const char *const *)environ))
        return err_say(err, ERR_CONFIG, "home_missing", MSG_HOME_MISSING, M_STR(app->home), M_END);
    const struct options none = {0};
    enum err_class class_ = app_open_home(app, err);
    if (class_ == ERR_OK)
        class_ = home_make(app, &none, made, err);
    if (class_ == ERR_OK)
        app_say(app, MSG_HOME_MADE, M_STR(app->home), M_END);
    return class_;
}

/* --- the database --- */

static enum err_class catalog_open(struct app *app, struct err *err)
{
    const struct embedded_file *file = schema_files;
    struct str text = {(const char *)file->bytes, file->bytes_len};
    return table_catalog_parse(str_of(file->name), text, &app->arena, &app->catalog, err);
}

static enum err_class migrate(struct app *app, bool migrates, struct err *err)
{
    struct migration_state state;
    enum err_class class_ = store_migration_state(app->store, &state, err);
    if (class_ != ERR_OK)
        return class_;
    if (!migrates)
        return state.applied == state.newest
                   ? ERR_OK
                   : err_say(err, ERR_CONFIG, "store_older", MSG_STORE_OLDER, M_I64(state.applied),
                             M_I64(state.newest), M_END);
    unsigned applied_now = 0;
    class_ = store_migrate(app->store, &applied_now, err);
    if (class_ == ERR_OK && applied_now > 0)
        app_say(app, state.applied == 0 ? MSG_STORE_MADE : MSG_STORE_MIGRATED, M_I64(state.applied),
                M_I64(state.newest), M_END);
    return class_ == ERR_OK ? views_install(app, err) : class_;
}

/* `unit_ms` times what an option says; 0 there: never. */
static int64_t time_of(const struct app *app, enum option_id id, int64_t unit_ms)
{
    int64_t number = option_int(&app->options, id);
    return number > 0 ? number * unit_ms : INT64_MAX;
}

/* What the option says, or what is usual (store.h) and what this process needs beside it. */
static unsigned readers_of(const struct app *app)
{
    enum { READERS_SQLITE = 4, READERS_SERVER = 8 };
    unsigned wanted = (unsigned)option_int(&app->options, OPTION_STORE_READERS);
    if (wanted > 0 || app->readers_more == 0)
        return wanted;
    bool sqlite = str_starts(option_text(&app->options, OPTION_STORE), STR("sqlite:"));
    wanted = (sqlite ? READERS_SQLITE : READERS_SERVER) + app->readers_more;
    return wanted < STORE_READERS_MAX ? wanted : STORE_READERS_MAX;
}

struct store_options app_store_options(const struct app *app, bool create)
{
    return (struct store_options){
        .url = option_text(&app->options, OPTION_STORE),
        .home = app->home,
        .catalog = app->catalog,
        .create = create,
        .process = app->process,
        .readers = readers_of(app),
        .reader_wait_ms = time_of(app, OPTION_STORE_WAIT_SECONDS, 1000),
        .reader_age_ms = time_of(app, OPTION_STORE_RECYCLE_MINUTES, 60 * 1000),
        .reader_idle_ms = time_of(app, OPTION_STORE_PING_SECONDS, 1000),
    };
}

enum err_class app_open_store(struct app *app, bool migrates, struct err *err)
{
    const struct store_options options = app_store_options(app, migrates);
    enum err_class class_ = store_open(&options, &app->store, err);
    if (class_ == ERR_OK)
        class_ = migrate(app, migrates, err);
    return class_ == ERR_OK ? key_check(app, err) : class_;
}

enum err_class app_store_is_sealed(struct app *app, bool *out, struct err *err)
{
    enum err_class class_ = app->catalog ? ERR_OK : catalog_open(app, err);
    if (class_ != ERR_OK)
        return class_;
    const struct store_options options = app_store_options(app, false);
    class_ = store_open(&options, &app->store, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = key_is_elsewhere(app, out, err);
    store_close(app->store);
    app->store = NULL;
    return class_;
}

/* --- calling out --- */

static struct str proxy_of(void *context, struct str platform, int64_t shop_id)
{
    const struct app *app = context;
    const struct app_shop *shop = app_shop_by_id(app, shop_id);
    if (shop && shop->sync.proxy.len > 0)
        return shop->sync.proxy;
    return option_of_platform(&app->options, OPTION_PLATFORM_PROXY, platform);
}

static const struct sync_shop *shop_of(void *context, int64_t shop_id)
{
    const struct app_shop *shop = app_shop_by_id(context, shop_id);
    return shop && shop->err.class_ == ERR_OK ? &shop->sync : NULL;
}

static const struct derive_shop *derive_shop_of(void *context, int64_t shop_id)
{
    const struct app_shop *shop = app_shop_by_id(context, shop_id);
    return shop && shop->derive.zone ? &shop->derive : NULL;
}

static enum err_class results_open(struct app *app, struct err *err)
{
    const struct derive_options derive = {
        .store = app->store, .shop_of = derive_shop_of, .context = app};
    return derive_open(&derive, &app->derive, err);
}

/* A clock that a file drives is for the sandbox: a real platform would get requests of another day. */
static enum err_class clock_check(const struct app *app, struct err *err)
{
    for (size_t i = 0; clock_is_test() && i < app->shops_len; i++) {
        struct str platform = app->shops[i].platform;
        if (!app->shops[i].sync.connector)
            continue; /* nothing of it can be called */
        struct str text = option_of_platform(&app->options, OPTION_PLATFORM_BASE_URL, platform);
        struct url url;
        if (text.len == 0 || url_parse(text, &url, NULL) != ERR_OK || !url_is_loopback(&url))
            return err_say(err, ERR_CONFIG, "clock_real", MSG_CLOCK_REAL, M_STR(platform), M_END);
    }
    return ERR_OK;
}

static enum err_class calls_open(struct app *app, struct err *err)
{
    uint64_t seed;
    enum err_class class_ = clock_check(app, err);
    if (class_ == ERR_OK)
        class_ = crypt_random(&seed, sizeof(seed), err);
    if (class_ == ERR_OK)
        class_ = coordinator_open(app, seed, err);
    if (class_ != ERR_OK)
        return class_;
    const struct gateway_options gateway = {
        .store = app->store,
        .coord = app->coord,
        .keyring = app->keyring,
        .seed = seed,
        .proxy_of = proxy_of,
        .context = app,
    };
    class_ = gateway_open(&gateway, &app->gateway, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sync_options sync = {
        .store = app->store,
        .gateway = app->gateway,
        .keyring = app->keyring,
        .shop_of = shop_of,
        .context = app,
    };
    return sync_open(&sync, &app->sync, err);
}

/* --- the levels --- */

enum err_class app_open_shops(struct app *app, struct err *err)
{
    return registry_load_shops(app, err);
}

enum err_class app_open_connectors(struct app *app, struct err *err)
{
    enum err_class class_ = app->catalog ? ERR_OK : catalog_open(app, err);
    return class_ == ERR_OK ? registry_load_connectors(app, err) : class_;
}

static enum err_class process_name(struct app *app, const struct cli *cli, struct err *err)
{
    char host[HOST_ROOM] = "";
    gethostname(host, sizeof(host) - 1);
    app->process = arena_printf(&app->arena, "%s:%s:%ld", cli->command ? cli->command->path : "",
                                host, (long)getpid());
    return app->process.ptr ? ERR_OK : err_no_memory(err);
}

enum err_class app_open(struct app *app, const struct cli *cli, enum app_level level, bool migrates,
                        struct err *err)
{
    if (level == APP_NOTHING)
        return ERR_OK;
    bool made;
    enum err_class class_ = home_find(cli->home, &app->arena, &app->home, err);
    if (class_ == ERR_OK)
        class_ = process_name(app, cli, err);
    if (class_ == ERR_OK)
        class_ = home_ensure(app, cli->home.len > 0, &made, err);
    if (class_ != ERR_OK || level == APP_HOME)
        return class_;
    class_ = keyring_open(app->home, &app->keyring, err);
    if (class_ == ERR_OK)
        class_ = app_open_connectors(app, err);
    if (class_ == ERR_OK)
        class_ = app_open_store(app, migrates || made, err);
    if (class_ == ERR_OK)
        class_ = app_open_shops(app, err);
    if (class_ == ERR_OK)
        class_ = results_open(app, err);
    if (class_ != ERR_OK || level == APP_STORE)
        return class_;
    return calls_open(app, err);
}

void app_close(struct app *app)
{
    if (app->derive)
        derive_close(app->derive);
    if (app->sync)
        sync_close(app->sync);
    if (app->gateway)
        gateway_close(app->gateway);
    if (app->coord)
        coord_close(app->coord);
    if (app->store)
        store_close(app->store);
    for (size_t i = 0; i < app->connectors_len; i++) {
        if (app->connectors[i].connector)
            connector_free(app->connectors[i].connector);
    }
    secrets_wipe(app);
    if (app->keyring)
        keyring_close(app->keyring);
    if (app->log_file) {
        log_setup(LOG_WARN, STDERR_FILENO, false);
        logfile_close(app->log_file);
    }
    arena_fini(&app->arena);
}

/* --- speaking --- */

void app_say_args(const struct app *app, enum message_id id, const struct message_arg *args)
{
    struct buf line;
    buf_init(&line, 64 * 1024);
    message_write_args(&line, id, args);
    buf_add_char(&line, '\n');
    fwrite(line.ptr ? line.ptr : "", 1, line.len, app->json ? stderr : stdout);
    buf_fini(&line);
}

void app_print(struct str text)
{
    fwrite(text.ptr ? text.ptr : "", 1, text.len, stdout);
}

enum err_class app_print_report(const struct app *app, const struct report *report, const char *key,
                                struct err *err)
{
    struct buf out;
    buf_init(&out, 256 * 1024 * 1024);
    if (app->json) {
        struct emit emit = emit_to(&out);
        emit_open(&emit, NULL, '{');
        report_write_json(report, &emit, key);
        emit_close(&emit, '}');
        buf_add_char(&out, '\n');
    } else if (report->rows_len == 0) {
        message_write(&out, MSG_NOTHING, M_END);
        buf_add_char(&out, '\n');
    } else {
        report_write_table(report, &out);
    }
    enum err_class class_ = out.failed ? err_no_memory(err) : ERR_OK;
    if (class_ == ERR_OK)
        app_print(buf_str(&out));
    buf_fini(&out);
    return class_;
}

void app_error(const struct err *err)
{
    fflush(stdout);
    bool colour = isatty(STDERR_FILENO);
    fprintf(stderr, "%shuiliu:%s %s (%s)\n", colour ? "\033[31m" : "", colour ? "\033[0m" : "",
            err->message, err->code);
}

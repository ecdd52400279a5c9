/* huiliu doctor: looks at everything a sync stands on, goes on after each finding, and says for each
 * what to do. It changes nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "app/cmd.h"
#include "app/connections.h"
#include "app/coordinator.h"
#include "app/file.h"
#include "app/key_check.h"
#include "app/proxies.h"
#include "app/role.h"
#include "app/sql.h"
#include "app/view.h"

/* Less than this and a larger commit group or the log of changes may not fit. */
static const uint64_t disk_bytes_min = UINT64_C(512) * 1024 * 1024;
/* 2026-01-01: this program is younger, so a clock before it is wrong. */
static const int64_t clock_least_ms = INT64_C(1767225600000);

/* A worker that beat this lately lives. */
enum { WORKER_LIVING_MS = 7 * HEARTBEAT_MS };

struct doctor {
    struct app *app;
    struct report report;
    bool wrong;
};

static const struct report_column columns[] = {
    {"check", REPORT_TEXT, MSG_COL_CHECK},
    {"good", REPORT_TRUTH, MSG_COL_GOOD},
    {"finding", REPORT_TEXT, MSG_COL_FINDING},
    {"next", REPORT_TEXT, MSG_COL_NEXT},
};

static void good(struct doctor *doctor, const char *check, struct str finding)
{
    report_row(&doctor->report);
    report_text(&doctor->report, str_of(check));
    report_truth(&doctor->report, true);
    report_text(&doctor->report, finding);
    report_absent(&doctor->report);
}

static void wrong(struct doctor *doctor, const char *check, struct str finding,
                  enum message_id next, struct str word)
{
    struct buf text;
    buf_init(&text, 4096);
    message_write(&text, next, M_STR(word), M_END);
    report_row(&doctor->report);
    report_text(&doctor->report, str_of(check));
    report_truth(&doctor->report, false);
    report_text(&doctor->report, finding);
    report_text(&doctor->report, buf_str(&text));
    buf_fini(&text);
    doctor->wrong = true;
}

/* --- the machine --- */

static void check_clock(struct doctor *doctor)
{
    struct buf now;
    buf_init(&now, 64);
    time_write(&now, zone_utc(), clock_now_ms());
    buf_add(&now, STR(" UTC"));
    if (clock_now_ms() < clock_least_ms)
        wrong(doctor, "clock", buf_str(&now), MSG_NEXT_CLOCK, STR_NONE);
    else
        good(doctor, "clock", buf_str(&now));
    buf_fini(&now);
}

static void check_zones(struct doctor *doctor)
{
    const struct zone *zone;
    struct err err;
    /* A zone that is not built in: without the system's files every other one is missing too. */
    if (zone_find(STR("Europe/Berlin"), &zone, &err) == ERR_OK)
        good(doctor, "zoneinfo", STR("/usr/share/zoneinfo"));
    else
        wrong(doctor, "zoneinfo", str_of(err.message), MSG_NEXT_ZONES, STR_NONE);
}

static void check_disk(struct doctor *doctor)
{
    struct statvfs disk;
    char text[64];
    if (statvfs(doctor->app->home.ptr, &disk) != 0) {
        wrong(doctor, "disk", str_of(strerror(errno)), MSG_NEXT_DISK, doctor->app->home);
        return;
    }
    uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    snprintf(text, sizeof(text), "%llu MB", (unsigned long long)(free_bytes / (1024 * 1024)));
    if (free_bytes < disk_bytes_min)
        wrong(doctor, "disk", str_of(text), MSG_NEXT_DISK, doctor->app->home);
    else
        good(doctor, "disk", str_of(text));
}

/* --- the home --- */

static void check_home(struct doctor *doctor)
{
    struct stat info;
    char text[64];
    if (stat(doctor->app->home.ptr, &info) != 0) {
        wrong(doctor, "home", str_of(strerror(errno)), MSG_NEXT_HOME, doctor->app->home);
        return;
    }
    snprintf(text, sizeof(text), "%.*s %03o", STR_ARG(doctor->app->home),
             (unsigned)(info.st_mode & 0777));
    if ((info.st_mode & 077) != 0)
        wrong(doctor, "home", str_of(text), MSG_NEXT_HOME_MODE, doctor->app->home);
    else
        good(doctor, "home", doctor->app->home);
}

/* Connects and asks for nothing: no key is made. */
static void check_coordinator(struct doctor *doctor)
{
    struct coord *coord;
    struct err err;
    const struct coord_redis_options options = {
        .url = option_text(&doctor->app->options, OPTION_COORD), .prefix = STR("doctor")};
    const enum coordinator kind = coordinator_of(doctor->app);
    if (kind != COORDINATOR_REDIS) {
        good(doctor, "coord", kind == COORDINATOR_LOCAL ? STR("local") : STR("database"));
        return;
    }
    enum err_class class_ = coord_open_redis(&options, &coord, &err);
    if (class_ == ERR_OK && !coord_is_degraded(coord, clock_now_ms()))
        good(doctor, "coord", STR("redis"));
    else if (class_ == ERR_OK)
        wrong(doctor, "coord", STR("the Redis server cannot be reached"), MSG_NEXT_COORD, STR_NONE);
    else
        wrong(doctor, "coord", str_of(err.message), MSG_NEXT_COORD, STR_NONE);
    if (class_ == ERR_OK)
        coord_close(coord);
}

static bool check_key(struct doctor *doctor)
{
    struct err err;
    if (keyring_open(doctor->app->home, &doctor->app->keyring, &err) == ERR_OK) {
        good(doctor, "key", STR(""));
        return true;
    }
    wrong(doctor, "key", str_of(err.message), MSG_NEXT_KEY, STR_NONE);
    return false;
}

static bool check_connectors(struct doctor *doctor)
{
    struct err err;
    struct app *app = doctor->app;
    if (app_open_connectors(app, &err) != ERR_OK) {
        wrong(doctor, "connectors", str_of(err.message), MSG_NEXT_CONNECTOR, STR_NONE);
        return false;
    }
    for (size_t i = 0; i < app->connectors_len; i++) {
        const struct app_connector *slot = &app->connectors[i];
        if (slot->connector)
            good(doctor, "connector", slot->file);
        else
            wrong(doctor, "connector", str_of(slot->err.message), MSG_NEXT_CONNECTOR, slot->file);
    }
    return true;
}

/* --- the database --- */

/* Only a damaged database is for a backup. */
static enum message_id next_of_database(const struct err *err)
{
    static const char *const of_server[] = {"store_unreachable", "store_login", "store_rights",
                                            "store_absent",      "store_again", "store_busy"};
    for (size_t i = 0; i < sizeof(of_server) / sizeof(of_server[0]); i++)
        if (strcmp(err->code, of_server[i]) == 0)
            return MSG_NEXT_SERVER;
    return MSG_NEXT_DATABASE;
}

static bool check_database(struct doctor *doctor)
{
    struct err err;
    struct migration_state state;
    struct app *app = doctor->app;
    char text[64];
    const struct store_options options = app_store_options(app, false);
    enum err_class class_ = store_open(&options, &app->store, &err);
    if (class_ == ERR_OK)
        class_ = store_check(app->store, &err);
    if (class_ == ERR_OK)
        class_ = store_migration_state(app->store, &state, &err);
    if (class_ != ERR_OK) {
        wrong(doctor, "database", str_of(err.message), next_of_database(&err), STR_NONE);
        return false;
    }
    snprintf(text, sizeof(text), "%u / %u", state.applied, state.newest);
    good(doctor, "database", option_text_shown(&app->options, OPTION_STORE, &app->arena));
    if (state.applied != state.newest) {
        wrong(doctor, "migrations", str_of(text), MSG_NEXT_MIGRATE, STR_NONE);
        return false;
    }
    class_ = store_migration_check(app->store, &err);
    if (class_ == ERR_OK)
        good(doctor, "migrations", str_of(text));
    else
        wrong(doctor, "migrations", str_of(err.message), MSG_NEXT_CHECKSUM, STR_NONE);
    return class_ == ERR_OK;
}

/* What the ring was asked before: whether it can be read. Here: whether it is this database's. */
static void check_sealed(struct doctor *doctor)
{
    struct err err;
    bool noted;
    if (key_check_read(doctor->app, &noted, &err) == ERR_OK)
        good(doctor, "sealed", STR_NONE);
    else
        wrong(doctor, "sealed", str_of(err.message),
              strcmp(err.code, "key_other") == 0 ? MSG_NEXT_KEY_COPY : MSG_NEXT_DATABASE, STR_NONE);
}

/* Nothing of Huiliu needs them, but people do. */
static void check_views(struct doctor *doctor)
{
    struct buf missing;
    struct err err;
    buf_init(&missing, 4096);
    if (views_missing(doctor->app, &missing, &err) != ERR_OK)
        wrong(doctor, "views", str_of(err.message), MSG_NEXT_DATABASE, STR_NONE);
    else if (missing.len > 0)
        wrong(doctor, "views", buf_str(&missing), MSG_NEXT_VIEWS, STR_NONE);
    else
        good(doctor, "views", STR_NONE);
    buf_fini(&missing);
}

/* A clock that is behind now, or was ahead before: what was closed then proves nothing yet. */
static void check_clock_went_back(struct doctor *doctor)
{
    const struct sql_value values[] = {sql_int(clock_now_ms())};
    struct reader *row;
    struct err err;
    if (store_read(doctor->app->store, SQL_WINDOWS_AHEAD, values, 1, &row, &err) != ERR_OK) {
        wrong(doctor, "clock", str_of(err.message), MSG_NEXT_DATABASE, STR_NONE);
        return;
    }
    int64_t windows = reader_next(row) ? reader_int(row, 0) : 0;
    struct buf text;
    buf_init(&text, 128);
    if (windows > 0) {
        buf_printf(&text, "%lld windows up to ", (long long)windows);
        time_write(&text, zone_utc(), reader_int(row, 1));
        buf_add(&text, STR(" UTC: later than now"));
    }
    if (reader_close(row, &err) != ERR_OK)
        wrong(doctor, "clock", str_of(err.message), MSG_NEXT_DATABASE, STR_NONE);
    else if (windows > 0)
        wrong(doctor, "clock", buf_str(&text), MSG_NEXT_CLOCK_AHEAD, STR_NONE);
    buf_fini(&text);
}

/* Each of several processes that ask nobody uses the whole of every quota. */
static void check_alone(struct doctor *doctor)
{
    const struct sql_value since = sql_int(clock_now_ms() - WORKER_LIVING_MS);
    int64_t living;
    char text[96];
    struct err err;
    if (coordinator_of(doctor->app) != COORDINATOR_LOCAL || role_is_single(doctor->app))
        return;
    if (store_read_int(doctor->app->store, SQL_WORKERS_SINCE, &since, 1, 0, &living, &err) !=
        ERR_OK) {
        wrong(doctor, "coord", str_of(err.message), MSG_NEXT_DATABASE, STR_NONE);
        return;
    }
    snprintf(text, sizeof(text), "%lld workers, and with `local` each uses the whole quota",
             (long long)living);
    if (living > 1)
        wrong(doctor, "coord", str_of(text), MSG_NEXT_COORD_ALONE, STR_NONE);
}

/* Every process that lives, together. Where there is no server nobody counts. */
static void check_connections(struct doctor *doctor)
{
    struct connections connections;
    struct buf text;
    struct err err;
    if (connections_count(doctor->app, STR_NONE, &connections, &err) != ERR_OK) {
        wrong(doctor, "connections", str_of(err.message), MSG_NEXT_DATABASE, STR_NONE);
        return;
    }
    buf_init(&text, 4096);
    if (connections.allowed < INT64_MAX)
        buf_printf(&text, "%lld / %lld", (long long)connections.wanted,
                   (long long)connections.allowed);
    if (connections_are_short(&connections)) {
        buf_reset(&text);
        connections_write(&connections, &text);
        wrong(doctor, "connections", buf_str(&text), MSG_NEXT_CONNECTIONS, STR_NONE);
    } else if (text.len > 0) {
        good(doctor, "connections", buf_str(&text));
    }
    buf_fini(&text);
}

static void check_proxies(struct doctor *doctor)
{
    struct str address;
    struct err err;
    if (proxy_unnamed_read(doctor->app, &address, &err) != ERR_OK)
        wrong(doctor, "proxies", str_of(err.message), MSG_NEXT_DATABASE, STR_NONE);
    else if (address.len > 0)
        wrong(doctor, "proxies", address, MSG_NEXT_PROXY, address);
}

/* --- the shops --- */

static void check_token(struct doctor *doctor, const struct app_shop *shop)
{
    const struct auth *auth = connector_auth(shop->sync.connector);
    struct str name = shop->sync.facts.shop.name;
    if (auth->grant == GRANT_NONE) {
        good(doctor, "shop",
             arena_printf(&doctor->app->arena, "%.*s: filled by files, needs no token",
                          STR_ARG(name)));
        return;
    }
    char owner[64];
    snprintf(owner, sizeof(owner), "%s:%lld", auth->of_app ? "app" : "shop",
             (long long)(auth->of_app ? shop->app_id : shop->sync.id));
    const struct sql_value values[] = {sql_text(str_of(owner))};
    struct reader *row;
    struct err err;
    if (store_read(doctor->app->store, SQL_TOKEN, values, 1, &row, &err) != ERR_OK) {
        wrong(doctor, "shop", str_of(err.message), MSG_NEXT_DATABASE, STR_NONE);
        return;
    }
    bool there = reader_next(row);
    bool dead = there && str_eq(reader_text(row, 0), STR("dead"));
    /* A token that the keeper gets by itself need not be there yet. */
    bool missing = !there && auth->grant != GRANT_CLIENT_CREDENTIAL && auth->grant != GRANT_NONE;
    struct str text = arena_printf(&doctor->app->arena, "%.*s: %.*s", STR_ARG(name),
                                   STR_ARG(there ? reader_text(row, 0) : STR("no token yet")));
    if (reader_close(row, &err) != ERR_OK)
        wrong(doctor, "shop", str_of(err.message), MSG_NEXT_DATABASE, STR_NONE);
    else if (dead || missing)
        wrong(doctor, "shop", text, MSG_NEXT_AUTHORIZE, name);
    else
        good(doctor, "shop", text);
}

static void check_shops(struct doctor *doctor)
{
    struct err err;
    struct app *app = doctor->app;
    if (app_open_shops(app, &err) != ERR_OK) {
        wrong(doctor, "shops", str_of(err.message), MSG_NEXT_DATABASE, STR_NONE);
        return;
    }
    for (size_t i = 0; i < app->shops_len; i++) {
        const struct app_shop *shop = &app->shops[i];
        struct str name = shop->sync.facts.shop.name;
        if (shop->err.class_ != ERR_OK)
            wrong(doctor, "shop", str_of(shop->err.message), MSG_NEXT_SHOP, name);
        else if (str_eq(shop->state, STR("needs_person")))
            wrong(doctor, "shop", shop->sync.state_reason, MSG_NEXT_AUTHORIZE, name);
        else
            check_token(doctor, shop);
    }
}

static void versions(struct doctor *doctor)
{
    struct report report;
    struct buf text;
    library_versions(&report, &doctor->app->arena);
    buf_init(&text, 4096);
    report_write_line(&report, &text);
    good(doctor, "versions", buf_str(&text));
    buf_fini(&text);
}

enum exit_code cmd_doctor(struct app *app, const struct cli *cli, struct err *err)
{
    struct doctor doctor = {.app = app};
    enum err_class class_ = home_find(cli->home, &app->arena, &app->home, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    report_init(&doctor.report, columns, 4, NULL, &app->arena);
    versions(&doctor);
    check_clock(&doctor);
    check_zones(&doctor);
    check_home(&doctor);
    struct err why;
    if (app_open_home(app, &why) != ERR_OK) {
        wrong(&doctor, "settings", str_of(why.message), MSG_NEXT_SETTINGS, STR_NONE);
    } else {
        check_disk(&doctor);
        check_coordinator(&doctor);
        bool opened = check_key(&doctor);
        opened &= check_connectors(&doctor);
        if (opened && check_database(&doctor)) {
            check_sealed(&doctor);
            check_views(&doctor);
            check_clock_went_back(&doctor);
            check_alone(&doctor);
            check_connections(&doctor);
            check_proxies(&doctor);
            check_shops(&doctor);
        }
    }
    class_ = app_print_report(app, &doctor.report, "checks", err);
    return class_ == ERR_OK && doctor.wrong ? EXIT_FAILED : exit_of(class_);
}

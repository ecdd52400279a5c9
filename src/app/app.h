/* app: the only room that knows every room. Finds the home, reads the options, opens what a command
 * needs in order and closes it in reverse, and runs the command.
 *
 * Life cycle: app_init, app_open up to the command's level, app_close. Errors of opening name the
 * thing and the next step. Threads: opened and closed by the main thread; shops are read by
 * workers, and do not change while workers run. */
#ifndef HUILIU_APP_APP_H
#define HUILIU_APP_APP_H

#include "app/cli.h"
#include "app/option.h"
#include "app/report.h"
#include "base/base.h"
#include "connector/connector.h"
#include "coord/coord.h"
#include "crypt/crypt.h"
#include "derive/derive.h"
#include "format/format.h"
#include "gateway/gateway.h"
#include "queue/queue.h"
#include "store/store.h"
#include "sync/sync.h"

/* Manifests in the program and in HOME/connectors together; shops of one home. */
enum { CONNECTORS_MAX = 64, SHOPS_MAX = 10000 };

/* A manifest that was read, or why it was not. One that is broken stops its own platform only. */
struct app_connector {
    struct str platform;
    struct str file;
    struct connector *connector; /* NULL: `err` says why */
    struct err err;
};

struct app_shop {
    struct sync_shop sync; /* what the engine sees; sync.connector may be NULL, see `err` */
    struct str platform, app_name, state;
    int64_t app_id;
    struct derive_shop derive; /* zone NULL: nothing can be derived, there is no manifest */
    struct err err; /* why it cannot be called: no manifest, a secret that does not open */
};

struct app {
    struct arena arena; /* as long as the command */
    bool json;
    struct str home;
    struct str process;    /* "COMMAND:HOST:PID", in events */
    unsigned readers_more; /* read connections beside what is usual: of who answers many at once */
    struct options options;
    const struct zone *zone;  /* of the option; NULL: each shop's own */
    struct logfile *log_file; /* NULL: standard error */
    enum log_level log_level;
    struct table_catalog *catalog;
    struct keyring *keyring;
    struct app_connector connectors[CONNECTORS_MAX];
    size_t connectors_len;
    struct store *store;
    struct app_shop *shops;
    size_t shops_len;
    struct secret *secrets; /* unsealed texts, wiped by app_close */
    struct coord *coord;
    struct gateway *gateway;
    struct sync *sync;
    struct derive *derive;
};

void app_init(struct app *app);
/* `migrates`: an older or new database is brought forward, and that is said. */
enum err_class app_open(struct app *app, const struct cli *cli, enum app_level level, bool migrates,
                        struct err *err);
void app_close(struct app *app);

/* Events go where this app's options say; app_open has done so. For who has two of them open. */
void app_log(const struct app *app);
/* A file of lines that turns as log_max_mb, log_keep_days and log_keep_files say. `path` ends with NUL. */
enum err_class app_log_file_open(const struct app *app, struct str path, struct logfile **out,
                                 struct err *err);

/* How the options want the database opened. `create`: make it where it is absent. */
struct store_options app_store_options(const struct app *app, bool create);
/* The steps of app_open, for those who want to go on after one fails (doctor) or make a home. */
enum err_class app_open_home(struct app *app, struct err *err);
enum err_class app_open_connectors(struct app *app, struct err *err);
enum err_class app_open_store(struct app *app, bool migrates, struct err *err);
enum err_class app_open_shops(struct app *app, struct err *err);

/* A line for people: standard output, or standard error when the result is JSON. */
#define app_say(app, id, ...) app_say_args((app), (id), (const struct message_arg[]){__VA_ARGS__})
void app_say_args(const struct app *app, enum message_id id, const struct message_arg *args);
/* The result. ERR_STORE-like failures of the terminal or file behind standard output show at exit. */
void app_print(struct str text);
/* Prints a report as table or as {"key": [...]}. */
enum err_class app_print_report(const struct app *app, const struct report *report, const char *key,
                                struct err *err);
/* "huiliu: message (code)" on standard error. */
void app_error(const struct err *err);

/* --- finding things by what people type; errors name the nearest --- */
enum err_class app_connector_of(const struct app *app, struct str platform,
                                const struct connector **out, struct err *err);
/* By name, by PLATFORM/NAME, or by #ID. */
enum err_class app_shop_of(const struct app *app, struct str word, struct app_shop **out,
                           struct err *err);
/* The same, and it must be possible to map and call: has its manifest and secrets. */
enum err_class app_shop_ready(const struct app *app, struct str word, struct app_shop **out,
                              struct err *err);
enum err_class app_stream_of(const struct connector *connector, struct str name,
                             const struct stream **out, struct err *err);
/* NULL when there is no such shop (any more). */
const struct app_shop *app_shop_by_id(const struct app *app, int64_t id);
/* Changes with everything that is stored about apps and shops. */
enum err_class app_shops_stamp(const struct app *app, uint64_t *out, struct err *err);
struct str app_shop_name(const struct app *app, int64_t id);
const struct zone *app_shop_zone(const struct app *app, const struct app_shop *shop);

/* Opens the store of a home that has no key yet, and closes it again: *out when somebody's key has sealed
 * something in it. */
enum err_class app_store_is_sealed(struct app *app, bool *out, struct err *err);

/* --- home.c --- */
/* Where the home is; ends with no slash. */
enum err_class home_find(struct str wanted, struct arena *arena, struct str *out, struct err *err);
bool home_is_there(struct str home);
/* Folder, key and huiliu.yaml; what is there stays. *made: something was missing. */
enum err_class home_make(struct app *app, const struct options *values, bool *made,
                         struct err *err);

#endif

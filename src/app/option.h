/* The options of a home. One row of the table in option.c per option drives everything: reading
 * huiliu.yaml, `.env` and the environment, checking, the file that `init` writes, the reference page
 * and the dump of `huiliu settings`.
 *
 * A value comes from, the later winning: the row's default, HOME/huiliu.yaml, HOME/.env, the
 * environment. The variable of an option is HUILIU_ and its key in capitals: `log_level` is
 * HUILIU_LOG_LEVEL, `platforms.shop-x.base_url` is HUILIU_PLATFORMS_SHOP_X_BASE_URL.
 *
 * Memory: values live in the caller's arena. Threads: read-only once loaded.
 * Errors: ERR_CONFIG that names file, line and column, or the variable, and the nearest word. */
#ifndef HUILIU_APP_OPTION_H
#define HUILIU_APP_OPTION_H

#include "app/message.h"
#include "format/format.h"

enum option_id {
    OPTION_STORE,
    OPTION_COORD,
    OPTION_WORKERS,
    OPTION_TASKS_PER_CLAIM,
    OPTION_TASK_SECONDS,
    OPTION_STORE_READERS,
    OPTION_STORE_WAIT_SECONDS,
    OPTION_STORE_RECYCLE_MINUTES,
    OPTION_STORE_PING_SECONDS,
    OPTION_LISTEN,
    OPTION_API_THREADS,
    OPTION_CORS_ORIGINS,
    OPTION_BEHIND_TLS,
    OPTION_TRUSTED_PROXIES,
    OPTION_API_RATE,
    OPTION_API_CONNECTIONS,
    OPTION_KEEP_EXECUTIONS,
    OPTION_KEEP_SNAPSHOTS,
    OPTION_KEEP_EVENTS,
    OPTION_LANGUAGE,
    OPTION_ZONE,
    OPTION_LOG_LEVEL,
    OPTION_LOG_FILE,
    OPTION_LOG_MAX_MB,
    OPTION_LOG_KEEP_DAYS,
    OPTION_LOG_KEEP_FILES,
    OPTION_PLATFORM_BASE_URL,
    OPTION_PLATFORM_PROXY,
    OPTIONS,
};

enum option_type {
    OPTION_TEXT,
    OPTION_INT,
    OPTION_WORD,
    OPTION_URL, /* http(s)://host[:port] */
    OPTION_TZ,  /* a zone name, or empty */
    OPTION_DATABASE,
    OPTION_COORDINATOR,
};

struct option {
    const char *key; /* "platforms.*.proxy": one value a platform */
    enum option_type type;
    const char *standard;     /* default; empty: not set */
    int64_t min, max;         /* OPTION_INT */
    const char *const *words; /* OPTION_WORD, NULL-terminated */
    bool secret;              /* the dump shows *** */
    bool restart;             /* holds from the next start on; the others from the next SIGHUP on */
    struct said help;
};
const struct option *option_table(void); /* OPTIONS rows in the order of enum option_id */

enum option_origin { OPTION_STANDARD, OPTION_FILE, OPTION_DOTENV, OPTION_ENVIRONMENT };

struct option_value {
    enum option_id id;
    struct str platform; /* "platforms.*.…"; else empty */
    struct str text;
    enum option_origin origin;
};
enum { OPTION_VALUES_MAX = 256 };
struct options {
    struct option_value values[OPTION_VALUES_MAX];
    size_t values_len;
};

/* Reads all sources of a home. A missing huiliu.yaml or .env is an empty one. */
enum err_class options_load(struct options *options, struct str home, struct arena *arena,
                            struct err *err);
/* The same from texts, for tests and for `init`. environ: NULL-terminated NAME=VALUE list. */
struct option_sources {
    struct str yaml_name, yaml;
    struct str dotenv_name, dotenv;
    const char *const *environment;
};
enum err_class options_read(struct options *options, const struct option_sources *sources,
                            struct arena *arena, struct err *err);

/* The value that holds, or the default. */
struct str option_text(const struct options *options, enum option_id id);
int64_t option_int(const struct options *options, enum option_id id);
/* Of one platform; empty when not set. */
struct str option_of_platform(const struct options *options, enum option_id id,
                              struct str platform);
/* True when the environment alone configures something: how a container without a home starts. */
bool options_in_environment(const char *const *environment);

/* Name of the variable of an option, `platform` put in place of the star. */
void option_variable_write(struct buf *out, enum option_id id, struct str platform);
const char *option_origin_name(enum option_origin origin);
/* Value as the dump may show it: secrets as ***, of a server's address its password and whatever
 * parameter may be one. In `arena` where it differs. */
struct str option_shown(const struct option_value *value, struct arena *arena);
struct str option_text_shown(const struct options *options, enum option_id id, struct arena *arena);

/* Every option that there is, with the value that holds as it may be shown and where it comes from; of one a platform those
 * that are set, by their full names. */
typedef void option_each(void *context, struct str key, const struct option *option,
                         struct str value, enum option_origin origin);
void options_each(const struct options *options, struct arena *arena, option_each *each,
                  void *context);

/* A commented huiliu.yaml with every option; `values` are written as set. */
void options_file_write(struct buf *out, const struct options *values);
/* docs/settings.md. */
void options_reference_write(struct buf *out);

#endif

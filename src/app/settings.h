/* What a person chose for an app or a shop, and its stored form:
 *
 *     {"settings": {"NAME": "TEXT"}, "options": {"NAME": "TEXT"}}
 *
 * Settings are what the manifest needs (`needs:`), options are choices for its streams (`options:`)
 * and the engine's own `page_size`. Secret settings are sealed one by one.
 *
 * Memory: the caller's arena; opened secrets are kept apart (app/secret.h). */
#ifndef HUILIU_APP_SETTINGS_H
#define HUILIU_APP_SETTINGS_H

#include "app/app.h"

enum { SETTINGS_MAX = 64 };
struct settings {
    struct setting settings[SETTINGS_MAX], options[SETTINGS_MAX];
    size_t settings_len, options_len;
};

/* `owner` is "app" or "shop", the name that seals secrets. */
enum err_class settings_open(struct app *app, const struct connector *connector, const char *owner,
                             int64_t id, struct str stored, struct settings *out, struct err *err);
/* The stored text, in `arena`. */
enum err_class settings_seal(const struct app *app, const struct connector *connector,
                             const char *owner, int64_t id, const struct settings *settings,
                             struct arena *arena, struct str *out, struct err *err);
/* One NAME=VALUE of a person. ERR_CONFIG with the nearest name when the manifest knows neither a
 * need nor an option of that name. An empty value takes the choice back. */
enum err_class settings_put(struct settings *settings, const struct connector *connector,
                            const char *owner, struct str name, struct str value, struct err *err);
/* All --set flags. */
enum err_class settings_put_flags(struct settings *settings, const struct connector *connector,
                                  const char *owner, const struct cli *cli, struct err *err);
/* ERR_CONFIG that names the first required need without a value; `have` are the engine's own names
 * that were given otherwise (key, secret, external_id). */
enum err_class settings_complete(const struct settings *settings, const struct connector *connector,
                                 const char *owner, struct err *err);

#endif

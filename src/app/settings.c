/* Choices of a person for an app or a shop. */
#include "app/settings.h"

#include <string.h>

#include "app/secret.h"

/* These have columns or fields of their own. */
static bool name_is_engines(struct str name)
{
    return str_eq(name, STR("key")) || str_eq(name, STR("secret")) ||
           str_eq(name, STR("external_id"));
}

static const struct need *need_find(const struct connector *connector, const char *owner,
                                    struct str name)
{
    const struct need *needs;
    size_t needs_len = connector_needs(connector, strcmp(owner, "app") == 0, &needs);
    for (size_t i = 0; i < needs_len; i++) {
        if (str_eq(needs[i].name, name) && !name_is_engines(name))
            return &needs[i];
    }
    return NULL;
}

static enum err_class list_put(struct setting *list, size_t *len, struct str name, struct str value,
                               struct err *err)
{
    size_t at = 0;
    while (at < *len && !str_eq(list[at].name, name))
        at++;
    if (at == SETTINGS_MAX)
        return err_say(err, ERR_CONFIG, "setting_many", MSG_SETTING_MANY, M_I64(SETTINGS_MAX),
                       M_END);
    list[at] = (struct setting){name, value};
    *len += at == *len;
    return ERR_OK;
}

/* --- stored form --- */

static enum err_class setting_open(struct app *app, const struct connector *connector,
                                   const char *owner, int64_t id, struct setting *setting,
                                   struct err *err)
{
    const struct need *need = connector ? need_find(connector, owner, setting->name) : NULL;
    if (!need || !need->secret)
        return ERR_OK;
    return secret_open(app, setting->value, owner, id, setting->name, &setting->value, err);
}

static enum err_class part_open(struct app *app, const struct json *part, struct setting *list,
                                size_t *len, struct err *err)
{
    struct json_iter iter;
    struct str name;
    json_iter_init(&iter, part);
    const struct json *value;
    while ((value = json_iter_next(&iter, &name)) != NULL) {
        struct str name_copy = arena_dup(&app->arena, name);
        struct str value_copy = arena_dup(&app->arena, json_text(value));
        if (!name_copy.ptr || !value_copy.ptr)
            return err_no_memory(err);
        enum err_class class_ = list_put(list, len, name_copy, value_copy, err);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

enum err_class settings_open(struct app *app, const struct connector *connector, const char *owner,
                             int64_t id, struct str stored, struct settings *out, struct err *err)
{
    struct json_doc *doc = NULL;
    *out = (struct settings){0};
    if (stored.len == 0)
        return ERR_OK;
    enum err_class class_ = json_parse(stored, &doc, err);
    if (class_ != ERR_OK)
        return class_;
    const struct json *root = json_root(doc);
    class_ = part_open(app, json_get(root, STR("settings")), out->settings, &out->settings_len,
                       err);
    if (class_ == ERR_OK)
        class_ = part_open(app, json_get(root, STR("options")), out->options, &out->options_len,
                           err);
    for (size_t i = 0; class_ == ERR_OK && i < out->settings_len; i++)
        class_ = setting_open(app, connector, owner, id, &out->settings[i], err);
    json_free(doc);
    return class_;
}

/* Names come from people and manifests: they are written as JSON strings, not as literals. */
static void member_write(struct buf *out, bool first, struct str name, struct str value)
{
    if (!first)
        buf_add_char(out, ',');
    json_write_string(out, name);
    buf_add_char(out, ':');
    json_write_string(out, value);
}

enum err_class settings_seal(const struct app *app, const struct connector *connector,
                             const char *owner, int64_t id, const struct settings *settings,
                             struct arena *arena, struct str *out, struct err *err)
{
    struct buf text;
    enum err_class class_ = ERR_OK;
    buf_init(&text, 1024 * 1024);
    buf_add(&text, STR("{\"settings\":{"));
    for (size_t i = 0; class_ == ERR_OK && i < settings->settings_len; i++) {
        struct setting setting = settings->settings[i];
        const struct need *need = need_find(connector, owner, setting.name);
        if (need && need->secret)
            class_ = secret_seal(app, setting.value, owner, id, setting.name, arena, &setting.value,
                                 err);
        member_write(&text, i == 0, setting.name, setting.value);
    }
    buf_add(&text, STR("},\"options\":{"));
    for (size_t i = 0; i < settings->options_len; i++)
        member_write(&text, i == 0, settings->options[i].name, settings->options[i].value);
    buf_add(&text, STR("}}"));
    if (class_ == ERR_OK) {
        *out = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
        class_ = out->ptr ? ERR_OK : err_no_memory(err);
    }
    buf_fini(&text);
    return class_;
}

/* --- choosing --- */

static bool owner_has_options(const char *owner)
{
    return strcmp(owner, "shop") == 0;
}

static const struct stream_option *option_find(const struct connector *connector, struct str name)
{
    for (size_t s = 0; s < connector_streams(connector); s++) {
        const struct stream *stream = connector_stream_at(connector, s);
        for (size_t i = 0; i < stream->options_len; i++) {
            if (str_eq(stream->options[i].name, name))
                return &stream->options[i];
        }
    }
    return NULL;
}

static enum err_class name_unknown(const struct connector *connector, const char *owner,
                                   struct str name, struct err *err)
{
    struct str names[4 * SETTINGS_MAX];
    size_t names_len = 0;
    const struct need *needs;
    size_t needs_len = connector_needs(connector, strcmp(owner, "app") == 0, &needs);
    for (size_t i = 0; i < needs_len && names_len < SETTINGS_MAX; i++)
        names[names_len++] = needs[i].name;
    for (size_t s = 0; owner_has_options(owner) && s < connector_streams(connector); s++) {
        const struct stream *stream = connector_stream_at(connector, s);
        for (size_t i = 0; i < stream->options_len && names_len < 3 * SETTINGS_MAX; i++)
            names[names_len++] = stream->options[i].name;
    }
    if (owner_has_options(owner))
        names[names_len++] = STR("page_size");
    size_t near = str_nearest(name, names, names_len);
    if (near != SIZE_MAX)
        return err_say(err, ERR_CONFIG, "setting_unknown", MSG_SETTING_NEAR, M_STR(name),
                       M_STR(names[near]), M_END);
    struct buf list;
    buf_init(&list, 8192);
    for (size_t i = 0; i < names_len; i++)
        buf_printf(&list, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(names[i]));
    err_say(err, ERR_CONFIG, "setting_unknown", MSG_SETTING_UNKNOWN, M_STR(name),
            M_STR(buf_str(&list)), M_END);
    buf_fini(&list);
    return ERR_CONFIG;
}

/* How many records a page is asked for: the engine's own, every stream has it. */
static enum err_class page_size_check(const struct connector *connector, struct str value,
                                      struct err *err)
{
    int64_t size, most = 0;
    for (size_t s = 0; s < connector_streams(connector); s++) {
        int64_t stream_most = connector_stream_at(connector, s)->pages.size;
        most = stream_most > most ? stream_most : most;
    }
    if (value.len == 0 || (str_to_i64(value, &size) && size >= 1 && size <= most))
        return ERR_OK;
    return err_say(err, ERR_CONFIG, "page_size", MSG_PAGE_SIZE, M_STR(value), M_I64(most), M_END);
}

static enum err_class option_check(const struct stream_option *option, struct str value,
                                   struct err *err)
{
    if (value.len == 0 || option->values_len == 0)
        return ERR_OK;
    struct buf list;
    buf_init(&list, 8192);
    for (size_t i = 0; i < option->values_len; i++) {
        if (str_eq(option->values[i], value)) {
            buf_fini(&list);
            return ERR_OK;
        }
        buf_printf(&list, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(option->values[i]));
    }
    err_say(err, ERR_CONFIG, "option_value", MSG_OPTION_VALUE, M_STR(option->name), M_STR(value),
            M_STR(buf_str(&list)), M_END);
    buf_fini(&list);
    return ERR_CONFIG;
}

enum err_class settings_put(struct settings *settings, const struct connector *connector,
                            const char *owner, struct str name, struct str value, struct err *err)
{
    if (need_find(connector, owner, name))
        return list_put(settings->settings, &settings->settings_len, name, value, err);
    if (!owner_has_options(owner))
        return name_unknown(connector, owner, name, err);
    const struct stream_option *option = option_find(connector, name);
    enum err_class class_ = ERR_OK;
    if (option)
        class_ = option_check(option, value, err);
    else if (str_eq(name, STR("page_size")))
        class_ = page_size_check(connector, value, err);
    else
        return name_unknown(connector, owner, name, err);
    return class_ == ERR_OK ? list_put(settings->options, &settings->options_len, name, value, err)
                            : class_;
}

enum err_class settings_put_flags(struct settings *settings, const struct connector *connector,
                                  const char *owner, const struct cli *cli, struct err *err)
{
    struct str pair, name, value;
    size_t at = 0;
    while (cli_next(cli, "set", &at, &pair)) {
        if (!str_cut(pair, '=', &name, &value))
            return err_say(err, ERR_USAGE, "setting_form", MSG_SETTING_FORM, M_STR(pair), M_END);
        enum err_class class_ = settings_put(settings, connector, owner, str_trim(name),
                                             str_trim(value), err);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

enum err_class settings_complete(const struct settings *settings, const struct connector *connector,
                                 const char *owner, struct err *err)
{
    const struct need *needs;
    size_t needs_len = connector_needs(connector, strcmp(owner, "app") == 0, &needs);
    for (size_t i = 0; i < needs_len; i++) {
        bool have = !needs[i].required || name_is_engines(needs[i].name);
        for (size_t k = 0; !have && k < settings->settings_len; k++)
            have = str_eq(settings->settings[k].name, needs[i].name) &&
                   settings->settings[k].value.len > 0;
        if (!have)
            return err_say(err, ERR_CONFIG, "setting_missing", MSG_SETTING_MISSING,
                           M_STR(needs[i].name),
                           M_STR(language_now() == LANGUAGE_ZH ? needs[i].zh : needs[i].en), M_END);
    }
    return ERR_OK;
}

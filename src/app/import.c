/* huiliu init --from-env: an old program's `.env` becomes a home. What each of its variables means
 * is data (compat/NAME.yaml); nothing here knows a platform. */
#include <string.h>

#include "app/cmd.h"
#include "app/date.h"
#include "app/dotenv.h"
#include "app/file.h"
#include "app/secret.h"

extern const struct embedded_file compat_files[];

/* An old program has some dozen variables; a shared .env may hold others' besides. */
enum { VARIABLES_MAX = 256 };

struct variable {
    struct str name, text;
    const struct yaml *rule; /* NULL: the old program does not know it either */
    bool taken;
};
struct import {
    struct str file; /* of the compat table */
    struct yaml *compat;
    const struct connector *connector;
    struct variable variables[VARIABLES_MAX];
    size_t variables_len;
};

/* --- the compat table --- */

static const struct yaml_schema text_schema = {.type = YAML_T_TEXT, .name = "text"};
static const struct yaml_schema truth_schema = {.type = YAML_T_BOOL, .name = "truth"};
static const struct yaml_key said_keys[] = {
    {"en", &text_schema, true, "English"}, {"zh", &text_schema, true, "Chinese"}, {0}};
static const struct yaml_schema said_schema = {
    .type = YAML_T_MAP, .name = "texts", .keys = said_keys};
static const struct yaml_key rule_keys[] = {
    {"to", &text_schema, false, "the place it goes to"},
    {"unless", &text_schema, false, "a value that means the default"},
    {"unit", &text_schema, false, "put behind the value"},
    {"lower", &truth_schema, false, "taken in lower case"},
    {"secret", &truth_schema, false, "never shown"},
    {"none", &said_schema, false, "why it has no counterpart"},
    {0},
};
static const struct yaml_schema rule_schema = {
    .type = YAML_T_MAP, .name = "variable", .keys = rule_keys};
static const struct yaml_schema rules_schema = {
    .type = YAML_T_NAMED, .name = "variables", .each = &rule_schema};
static const struct yaml_key compat_keys[] = {
    {"platform", &text_schema, true, "whose manifest"},
    {"name", &said_schema, true, "of the old program"},
    {"variables", &rules_schema, true, "what each becomes"},
    {0},
};
static const struct yaml_schema compat_schema = {
    .type = YAML_T_MAP, .name = "compat", .keys = compat_keys};

static struct str rule_text(const struct yaml *rule, struct str key)
{
    const struct yaml *node = rule ? yaml_get(rule, key) : NULL;
    return node ? node->text : STR_NONE;
}

static enum err_class compat_read(struct import *import, const struct embedded_file *file,
                                  struct arena *arena, struct err *err)
{
    import->file = str_of(file->name);
    struct str text = {(const char *)file->bytes, file->bytes_len};
    enum err_class class_ = yaml_parse(import->file, text, arena, &import->compat, err);
    return class_ == ERR_OK ? yaml_check(import->file, import->compat, &compat_schema, err)
                            : class_;
}

/* How many of the file's variables this table knows. */
static size_t rules_find(struct import *import)
{
    const struct yaml *rules = yaml_get(import->compat, STR("variables"));
    size_t known = 0;
    for (size_t i = 0; i < import->variables_len; i++) {
        struct variable *variable = &import->variables[i];
        variable->rule = yaml_get(rules, variable->name);
        known += variable->rule != NULL;
    }
    return known;
}

/* The old program is the one whose names fit best. */
static enum err_class compat_choose(struct import *import, struct str env_file, struct arena *arena,
                                    struct err *err)
{
    const struct embedded_file *best = NULL;
    size_t best_known = 0;
    for (const struct embedded_file *file = compat_files; file->name; file++) {
        enum err_class class_ = compat_read(import, file, arena, err);
        if (class_ != ERR_OK)
            return class_;
        size_t known = rules_find(import);
        if (known > best_known) {
            best_known = known;
            best = file;
        }
    }
    if (!best)
        return err_say(err, ERR_CONFIG, "env_unknown", MSG_ENV_UNKNOWN, M_STR(env_file), M_END);
    enum err_class class_ = compat_read(import, best, arena, err);
    if (class_ == ERR_OK)
        rules_find(import);
    return class_;
}

static enum err_class variables_read(struct import *import, struct str file, struct arena *arena,
                                     struct err *err)
{
    struct dotenv dotenv;
    struct str text, name, value;
    enum err_class class_ = file_read(file, arena, &text, err);
    if (class_ != ERR_OK)
        return class_;
    dotenv_init(&dotenv, file, text, arena);
    while ((class_ = dotenv_next(&dotenv, &name, &value, err)) == ERR_OK && name.len > 0) {
        if (import->variables_len == VARIABLES_MAX)
            return err_say(err, ERR_CONFIG, "env_many", MSG_ENV_MANY, M_I64(VARIABLES_MAX), M_END);
        import->variables[import->variables_len++] = (struct variable){.name = name, .text = value};
    }
    return class_;
}

static enum err_class import_open(struct import *import, struct str file, struct arena *arena,
                                  struct err *err)
{
    *import = (struct import){0};
    enum err_class class_ = variables_read(import, file, arena, err);
    return class_ == ERR_OK ? compat_choose(import, file, arena, err) : class_;
}

/* --- taking values --- */

/* The table's order decides between several variables of one place, not the file's. */
static struct variable *variable_for(struct import *import, struct str place)
{
    const struct yaml *rules = yaml_get(import->compat, STR("variables"));
    for (size_t r = 0; r < rules->len; r++) {
        if (!str_eq(rule_text(&rules->pairs[r].value, STR("to")), place))
            continue;
        for (size_t i = 0; i < import->variables_len; i++) {
            struct variable *variable = &import->variables[i];
            if (variable->rule == &rules->pairs[r].value && variable->text.len > 0)
                return variable;
        }
    }
    return NULL;
}

static struct str place_take(struct import *import, const char *place)
{
    struct variable *variable = variable_for(import, str_of(place));
    if (!variable)
        return STR_NONE;
    variable->taken = true;
    return variable->text;
}

/* Without these there is no app and no shop: said before anything is made. */
static enum err_class places_check(struct import *import, struct str file, struct err *err)
{
    static const char *const places[] = {"app.key", "app.secret", "shop.external_id"};
    const struct yaml *rules = yaml_get(import->compat, STR("variables"));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct str wanted = STR_NONE;
        for (size_t r = 0; r < rules->len && wanted.len == 0; r++)
            if (str_eq(rule_text(&rules->pairs[r].value, STR("to")), str_of(places[i])))
                wanted = rules->pairs[r].key;
        if (wanted.len > 0 && !variable_for(import, str_of(places[i])))
            return err_say(err, ERR_CONFIG, "env_missing", MSG_ENV_MISSING, M_STR(file),
                           M_STR(wanted), M_END);
    }
    return ERR_OK;
}

enum err_class import_options(struct app *app, struct str file, struct options *out,
                              struct err *err)
{
    struct import import;
    enum err_class class_ = import_open(&import, file, &app->arena, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = places_check(&import, file, err);
    if (class_ != ERR_OK)
        return class_;
    struct variable *base_url = variable_for(&import, STR("option.base_url"));
    if (!base_url || str_eq(base_url->text, rule_text(base_url->rule, STR("unless"))))
        return ERR_OK;
    struct buf name;
    buf_init(&name, 1024);
    option_variable_write(&name, OPTION_PLATFORM_BASE_URL,
                          rule_text(import.compat, STR("platform")));
    buf_add_char(&name, '=');
    buf_add(&name, base_url->text);
    /* Checked like any other value, by the one reader of options. */
    const char *const environment[] = {name.failed ? NULL : name.ptr, NULL};
    const struct option_sources sources = {.environment = environment};
    class_ = name.failed ? err_no_memory(err) : options_read(out, &sources, &app->arena, err);
    buf_fini(&name);
    return class_;
}

static enum err_class app_take(struct app *app, struct import *import, int64_t *id, bool *there,
                               struct err *err)
{
    struct settings settings = {0};
    struct account_app account = {
        .connector = import->connector,
        .name = connector_platform(import->connector),
        .key = place_take(import, "app.key"),
        .settings = &settings,
    };
    enum err_class class_ = secret_keep(app, place_take(import, "app.secret"), &account.secret,
                                        err);
    if (class_ != ERR_OK)
        return class_;
    *there = account_app_find(app, account.name, account.name, id, NULL) == ERR_OK;
    return *there ? ERR_OK : account_app_add(app, &account, id, err);
}

/* A day count means that many days before now. */
static enum err_class since_take(struct app *app, struct import *import, int64_t *since_ms,
                                 struct err *err)
{
    struct variable *variable = variable_for(import, STR("shop.since"));
    if (!variable)
        return ERR_OK;
    variable->taken = true;
    struct str unit = rule_text(variable->rule, STR("unit"));
    struct str text = arena_printf(&app->arena, "%.*s%.*s", STR_ARG(variable->text), STR_ARG(unit));
    if (!text.ptr)
        return err_no_memory(err);
    enum err_class class_ = date_parse(text, connector_zone(import->connector), DATE_START,
                                       clock_now_ms(), since_ms, err);
    if (class_ != ERR_OK)
        err_prefix(err, "%.*s", STR_ARG(variable->name));
    return class_;
}

/* The old program read True and TRUE alike. */
static enum err_class text_lower(struct str *text, struct arena *arena, struct err *err)
{
    char *lower = arena_alloc(arena, text->len + 1);
    if (!lower)
        return err_no_memory(err);
    for (size_t i = 0; i < text->len; i++) {
        char c = text->ptr[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    text->ptr = lower;
    return ERR_OK;
}

static enum err_class choices_take(struct app *app, struct import *import,
                                   struct settings *settings, struct err *err)
{
    const struct yaml *rules = yaml_get(import->compat, STR("variables"));
    for (size_t r = 0; r < rules->len; r++) {
        struct str place = rule_text(&rules->pairs[r].value, STR("to"));
        struct variable *variable = str_starts(place, STR("set.")) ? variable_for(import, place)
                                                                   : NULL;
        if (!variable)
            continue;
        struct str text = variable->text;
        enum err_class class_ = yaml_get(variable->rule, STR("lower"))
                                    ? text_lower(&text, &app->arena, err)
                                    : ERR_OK;
        if (class_ == ERR_OK)
            class_ = settings_put(settings, import->connector, "shop", str_sub(place, 4, place.len),
                                  text, err);
        if (class_ != ERR_OK) {
            err_prefix(err, "%.*s", STR_ARG(variable->name));
            return class_;
        }
        variable->taken = true;
    }
    return ERR_OK;
}

static enum err_class shop_take(struct app *app, struct import *import, int64_t app_id, bool *there,
                                struct err *err)
{
    struct settings settings = {0};
    int64_t id;
    struct account_shop account = {
        .connector = import->connector,
        .name = connector_platform(import->connector),
        .external_id = place_take(import, "shop.external_id"),
        .app_id = app_id,
        .settings = &settings,
    };
    enum err_class class_ = since_take(app, import, &account.since_ms, err);
    if (class_ == ERR_OK)
        class_ = choices_take(app, import, &settings, err);
    if (class_ != ERR_OK)
        return class_;
    for (size_t i = 0; i < app->shops_len; i++)
        *there |= str_eq(app->shops[i].platform, account.name) &&
                  str_eq(app->shops[i].sync.facts.shop.external_id, account.external_id);
    return *there ? ERR_OK : account_shop_add(app, &account, &id, err);
}

/* --- telling --- */

static const struct report_column columns[] = {
    {"variable", REPORT_TEXT, MSG_COL_VARIABLE},
    {"value", REPORT_TEXT, MSG_COL_VALUE},
    {"became", REPORT_TEXT, MSG_COL_BECAME},
    {"note", REPORT_TEXT, MSG_COL_NOTE},
};

static struct str variable_note(const struct variable *variable, bool options_taken)
{
    const struct yaml *none = variable->rule ? yaml_get(variable->rule, STR("none")) : NULL;
    struct str place = rule_text(variable->rule, STR("to"));
    enum message_id note = MSG_ENV_TAKEN;
    if (!variable->rule)
        note = MSG_ENV_NAME_UNKNOWN;
    else if (none)
        return rule_text(none, language_now() == LANGUAGE_ZH ? STR("zh") : STR("en"));
    else if (variable->text.len == 0)
        note = MSG_ENV_EMPTY;
    else if (variable->taken)
        note = MSG_ENV_TAKEN;
    else if (str_eq(variable->text, rule_text(variable->rule, STR("unless"))))
        note = MSG_ENV_DEFAULT;
    else if (str_starts(place, STR("option.")))
        note = options_taken ? MSG_ENV_TAKEN : MSG_ENV_OPTION_LATER;
    else
        note = MSG_ENV_OTHER_WINS;
    return message_text(note, language_now());
}

static enum err_class tell(struct app *app, const struct import *import, bool options_taken,
                           struct err *err)
{
    struct report report;
    report_init(&report, columns, 4, NULL, &app->arena);
    for (size_t i = 0; i < import->variables_len; i++) {
        const struct variable *variable = &import->variables[i];
        const struct yaml *secret = variable->rule ? yaml_get(variable->rule, STR("secret")) : NULL;
        struct str place = rule_text(variable->rule, STR("to"));
        bool option = options_taken && str_starts(place, STR("option.")) &&
                      !str_eq(variable->text, rule_text(variable->rule, STR("unless")));
        /* An unknown variable may hold anybody's password. */
        bool hidden = (secret || !variable->rule) && variable->text.len > 0;
        report_row(&report);
        report_text(&report, variable->name);
        report_text(&report, hidden ? STR("***") : variable->text);
        if (variable->taken || option)
            report_text(&report, place);
        else
            report_absent(&report);
        report_text(&report, variable_note(variable, options_taken));
    }
    return app_print_report(app, &report, "variables", err);
}

enum err_class import_env(struct app *app, struct str file, bool options_taken, struct err *err)
{
    struct import import;
    int64_t app_id;
    bool app_there = false, shop_there = false;
    enum err_class class_ = import_open(&import, file, &app->arena, err);
    if (class_ == ERR_OK)
        class_ = app_connector_of(app, rule_text(import.compat, STR("platform")), &import.connector,
                                  err);
    if (class_ == ERR_OK)
        class_ = app_take(app, &import, &app_id, &app_there, err);
    bool has_shop = class_ == ERR_OK && variable_for(&import, STR("shop.external_id")) != NULL;
    if (has_shop)
        class_ = shop_take(app, &import, app_id, &shop_there, err);
    if (class_ != ERR_OK)
        return class_;
    const struct yaml *name = yaml_get(import.compat, STR("name"));
    app_say(app, MSG_ENV_READ, M_STR(file),
            M_STR(rule_text(name, language_now() == LANGUAGE_ZH ? STR("zh") : STR("en"))), M_END);
    class_ = tell(app, &import, options_taken, err);
    if (class_ != ERR_OK)
        return class_;
    if (app_there || shop_there)
        app_say(app, MSG_ENV_THERE, M_END);
    app_say(app, has_shop ? MSG_ENV_NEXT_SYNC : MSG_ENV_NEXT_SHOP,
            M_STR(connector_platform(import.connector)), M_END);
    return ERR_OK;
}

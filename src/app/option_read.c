/* Where the values of options come from: huiliu.yaml, `.env`, the environment. */
#include <string.h>
#include <unistd.h>

#include "app/dotenv.h"
#include "app/file.h"
#include "app/option_internal.h"

/* --- huiliu.yaml --- */

static const struct yaml_schema scalar_schema = {.type = YAML_T_TEXT, .name = "value"};

/* The schema of the file follows from the table, so that a new row needs no second place. */
struct file_schema {
    struct yaml_key platform_keys[OPTIONS + 1], keys[OPTIONS + 2];
    struct yaml_schema platform, platforms, root;
};

static void file_schema_init(struct file_schema *schema)
{
    *schema = (struct file_schema){0};
    size_t keys_len = 0, platform_keys_len = 0;
    for (enum option_id id = 0; id < OPTIONS; id++) {
        struct yaml_key key = {.key = option_key_tail(id).ptr, .schema = &scalar_schema};
        if (option_is_of_platform(id))
            schema->platform_keys[platform_keys_len++] = key;
        else
            schema->keys[keys_len++] = key;
    }
    schema->platform = (struct yaml_schema){
        .type = YAML_T_MAP, .name = "platform", .keys = schema->platform_keys};
    schema->platforms = (struct yaml_schema){
        .type = YAML_T_NAMED, .name = "platforms", .each = &schema->platform};
    schema->keys[keys_len] = (struct yaml_key){.key = "platforms", .schema = &schema->platforms};
    schema->root = (struct yaml_schema){
        .type = YAML_T_MAP, .name = "huiliu.yaml", .keys = schema->keys};
}

static enum err_class map_take(struct options *options, struct str file, const struct yaml *map,
                               struct str platform, struct arena *arena, struct err *err)
{
    for (enum option_id id = 0; map && id < OPTIONS; id++) {
        const struct yaml *node = yaml_get(map, option_key_tail(id));
        if (option_is_of_platform(id) != (platform.len > 0) || !node || yaml_is_null(node))
            continue;
        struct option_value value = {id, platform, node->text, OPTION_FILE};
        enum err_class class_ = option_value_put(options, value, arena, err);
        if (class_ != ERR_OK) {
            err_prefix(err, "%.*s:%u:%u: %s", STR_ARG(file), node->line, node->column,
                       option_table()[id].key);
            return class_;
        }
    }
    return ERR_OK;
}

/* The file that `init` writes has nothing but comments, which is no YAML document. */
static bool text_is_blank(struct str text)
{
    struct str line;
    while (text.len > 0) {
        str_cut(text, '\n', &line, &text);
        line = str_trim(line);
        if (line.len > 0 && line.ptr[0] != '#')
            return false;
    }
    return true;
}

static enum err_class yaml_take(struct options *options, struct str file, struct str text,
                                struct arena *arena, struct err *err)
{
    struct file_schema schema;
    struct yaml *root;
    if (text_is_blank(text))
        return ERR_OK;
    enum err_class class_ = yaml_parse(file, text, arena, &root, err);
    if (class_ != ERR_OK)
        return class_;
    file_schema_init(&schema);
    class_ = yaml_check(file, root, &schema.root, err);
    if (class_ == ERR_OK)
        class_ = map_take(options, file, root, STR_NONE, arena, err);
    const struct yaml *platforms = yaml_get(root, STR("platforms"));
    for (size_t i = 0; class_ == ERR_OK && platforms && i < platforms->len; i++)
        class_ = map_take(options, file, &platforms->pairs[i].value, platforms->pairs[i].key, arena,
                          err);
    return class_;
}

/* --- variables --- */

/* Variables of the process that are no options: read before a home is known. */
const char *const option_process_variables[OPTION_PROCESS_VARIABLES] = {
    "HUILIU_HOME", "HUILIU_KEY_FILE",    "HUILIU_CLOCK",    "HUILIU_CLOCK_START",
    "HUILIU_FAIL", "HUILIU_FAIL_REPORT", "HUILIU_ZONEINFO", "HUILIU_SYSTEMD",
};

/* Does NAME belong to this option? A platform's part is given back as its id is written. */
static bool variable_matches(enum option_id id, struct str name, struct arena *arena,
                             struct str *platform)
{
    struct buf pattern;
    buf_init(&pattern, 1024);
    option_variable_write(&pattern, id, STR("*"));
    struct str head, tail, whole = buf_str(&pattern);
    bool star = str_cut(whole, '*', &head, &tail), match;
    if (!star) {
        match = str_eq(name, whole);
    } else {
        match = name.len > head.len + tail.len && str_starts(name, head) && str_ends(name, tail);
        char *id_text = match ? arena_alloc(arena, name.len) : NULL;
        size_t len = name.len - head.len - tail.len;
        for (size_t i = 0; id_text && i < len; i++) {
            char c = name.ptr[head.len + i];
            id_text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? '-' : c;
        }
        match = id_text != NULL;
        *platform = match ? (struct str){id_text, len} : STR_NONE;
    }
    buf_fini(&pattern);
    return match;
}

static enum err_class variable_unknown(struct str name, bool must_be_known, struct arena *arena,
                                       struct err *err)
{
    struct str names[OPTIONS + OPTION_PROCESS_VARIABLES];
    size_t names_len = 0;
    for (enum option_id id = 0; id < OPTIONS; id++) {
        struct buf variable;
        buf_init(&variable, 1024);
        option_variable_write(&variable, id, STR("PLATFORM"));
        names[names_len] = arena_dup(arena, buf_str(&variable));
        buf_fini(&variable);
        if (!names[names_len++].ptr)
            return err_no_memory(err);
    }
    for (size_t i = 0; i < OPTION_PROCESS_VARIABLES; i++) {
        names[names_len++] = str_of(option_process_variables[i]);
        if (str_eq(name, str_of(option_process_variables[i])))
            return must_be_known ? err_say(err, ERR_CONFIG, "option_place", MSG_VARIABLE_PLACE,
                                           M_STR(name), M_END)
                                 : ERR_OK;
    }
    /* The common head would make every short name look near. */
    struct str tails[OPTIONS + OPTION_PROCESS_VARIABLES];
    for (size_t i = 0; i < names_len; i++)
        tails[i] = str_sub(names[i], option_variable_prefix.len, names[i].len);
    size_t near = str_nearest(str_sub(name, option_variable_prefix.len, name.len), tails,
                              names_len);
    if (near != SIZE_MAX)
        return err_say(err, ERR_CONFIG, "option_unknown", MSG_VARIABLE_NEAR, M_STR(name),
                       M_STR(names[near]), M_END);
    return must_be_known ? err_say(err, ERR_CONFIG, "option_unknown", MSG_VARIABLE_UNKNOWN,
                                   M_STR(name), M_END)
                         : ERR_OK;
}

/* In the environment a foreign HUILIU_ name is an error only when it looks like a slip: other
 * programs may have names of their own there. */
static enum err_class variable_take(struct options *options, struct str name, struct str text,
                                    enum option_origin origin, struct arena *arena, struct err *err)
{
    if (!str_starts(name, option_variable_prefix))
        return ERR_OK;
    for (enum option_id id = 0; id < OPTIONS; id++) {
        struct str platform = STR_NONE;
        if (!variable_matches(id, name, arena, &platform))
            continue;
        struct option_value value = {id, platform, text, origin};
        enum err_class class_ = option_value_put(options, value, arena, err);
        if (class_ != ERR_OK)
            err_prefix(err, "%.*s", STR_ARG(name));
        return class_;
    }
    return variable_unknown(name, origin == OPTION_DOTENV, arena, err);
}

static enum err_class dotenv_take(struct options *options, struct str file, struct str text,
                                  struct arena *arena, struct err *err)
{
    struct dotenv dotenv;
    struct str name, value;
    dotenv_init(&dotenv, file, text, arena);
    enum err_class class_;
    while ((class_ = dotenv_next(&dotenv, &name, &value, err)) == ERR_OK && name.len > 0) {
        class_ = variable_take(options, name, value, OPTION_DOTENV, arena, err);
        if (class_ != ERR_OK) {
            err_prefix(err, "%.*s:%u", STR_ARG(file), dotenv.line);
            return class_;
        }
    }
    return class_;
}

bool options_in_environment(const char *const *environment)
{
    struct str name, text;
    for (; *environment; environment++) {
        if (str_cut(str_of(*environment), '=', &name, &text) &&
            str_starts(name, option_variable_prefix))
            return true;
    }
    return false;
}

enum err_class options_read(struct options *options, const struct option_sources *sources,
                            struct arena *arena, struct err *err)
{
    *options = (struct options){0};
    enum err_class class_ = yaml_take(options, sources->yaml_name, sources->yaml, arena, err);
    if (class_ == ERR_OK)
        class_ = dotenv_take(options, sources->dotenv_name, sources->dotenv, arena, err);
    for (const char *const *at = sources->environment; class_ == ERR_OK && *at; at++) {
        struct str name, text;
        if (str_cut(str_of(*at), '=', &name, &text))
            class_ = variable_take(options, name, text, OPTION_ENVIRONMENT, arena, err);
    }
    return class_;
}

enum err_class options_load(struct options *options, struct str home, struct arena *arena,
                            struct err *err)
{
    struct option_sources sources = {.environment = (const char *const *)environ};
    enum err_class class_ = path_join(home, STR("huiliu.yaml"), arena, &sources.yaml_name, err);
    if (class_ == ERR_OK)
        class_ = path_join(home, STR(".env"), arena, &sources.dotenv_name, err);
    if (class_ == ERR_OK)
        class_ = file_read_if_there(sources.yaml_name, arena, &sources.yaml, err);
    if (class_ == ERR_OK)
        class_ = file_read_if_there(sources.dotenv_name, arena, &sources.dotenv, err);
    if (class_ == ERR_OK)
        class_ = options_read(options, &sources, arena, err);
    return class_;
}

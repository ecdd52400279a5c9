/* Small readers over the checked YAML tree: texts, numbers, paths, templates, places, and the names
 * that templates may use. */
#include <assert.h>

#include "connector/loader.h"

struct str load_text(const struct yaml *map, const char *key)
{
    const struct yaml *node = yaml_get(map, str_of(key));
    return node ? node->text : STR_NONE;
}

bool load_flag(const struct yaml *map, const char *key, bool otherwise)
{
    const struct yaml *node = yaml_get(map, str_of(key));
    bool flag = otherwise;
    if (node)
        yaml_bool(node, &flag);
    return flag;
}

int64_t load_int(const struct yaml *map, const char *key, int64_t otherwise)
{
    const struct yaml *node = yaml_get(map, str_of(key));
    int64_t number = otherwise;
    if (node)
        yaml_i64(node, &number);
    return number;
}

int64_t load_ms(const struct yaml *map, const char *key, int64_t otherwise_ms)
{
    const struct yaml *node = yaml_get(map, str_of(key));
    int64_t ms = otherwise_ms;
    if (node)
        yaml_duration_ms(node, &ms);
    return ms;
}

size_t load_word(const struct yaml *map, const char *key, const char *const *words,
                 size_t otherwise)
{
    struct str word = load_text(map, key);
    for (size_t i = 0; word.len > 0 && words[i]; i++)
        if (str_eq(word, str_of(words[i])))
            return i;
    return otherwise;
}

struct str load_dup(struct loader *loader, struct str text)
{
    return arena_dup(loader->arena, text);
}

/* What a compiler of the format room said, with the place in the file before it. */
static enum err_class refuse(struct loader *loader, const struct yaml *node, const struct err *why)
{
    if (why->class_ == ERR_INTERNAL)
        return err_no_memory(loader->err);
    return yaml_error(loader->file, node, loader->err, "%s", why->message);
}

enum err_class load_path(struct loader *loader, const struct yaml *node, const struct path **out)
{
    struct err why = {0};
    struct path *path;
    if (path_compile(node->text, loader->arena, &path, &why) != ERR_OK)
        return refuse(loader, node, &why);
    *out = path;
    return ERR_OK;
}

enum err_class load_path_key(struct loader *loader, const struct yaml *map, const char *key,
                             const struct path **out)
{
    const struct yaml *node = yaml_get(map, str_of(key));
    *out = NULL;
    return node ? load_path(loader, node, out) : ERR_OK;
}

enum err_class load_paths(struct loader *loader, const struct yaml *node, struct path_list *out)
{
    *out = (struct path_list){NULL, 0};
    if (!node)
        return ERR_OK;
    size_t len = node->kind == YAML_LIST ? node->len : 1;
    out->items = arena_array(loader->arena, len, sizeof(struct path *));
    if (!out->items)
        return err_no_memory(loader->err);
    for (; out->len < len; out->len++) {
        const struct yaml *one = node->kind == YAML_LIST ? &node->items[out->len] : node;
        enum err_class class_ = load_path(loader, one, &out->items[out->len]);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

enum err_class load_texts(struct loader *loader, const struct yaml *node, struct str_list *out)
{
    *out = (struct str_list){NULL, 0};
    if (!node)
        return ERR_OK;
    out->items = arena_array(loader->arena, node->len, sizeof(struct str));
    if (!out->items)
        return err_no_memory(loader->err);
    for (; out->len < node->len; out->len++) {
        out->items[out->len] = load_dup(loader, node->items[out->len].text);
        if (!out->items[out->len].ptr)
            return err_no_memory(loader->err);
    }
    return ERR_OK;
}

enum err_class load_expr(struct loader *loader, const struct yaml *node, const struct expr **out)
{
    struct err why = {0};
    struct expr *expr;
    if (expr_compile(node->text, loader->names, loader->arena, &expr, &why) != ERR_OK)
        return refuse(loader, node, &why);
    *out = expr;
    return ERR_OK;
}

enum err_class load_template_text(struct loader *loader, const struct yaml *node, struct str text,
                                  const struct template **out)
{
    struct err why = {0};
    struct template *template;
    if (template_compile(text, loader->names, loader->arena, &template, &why) != ERR_OK)
        return refuse(loader, node, &why);
    *out = template;
    return ERR_OK;
}

enum err_class load_template(struct loader *loader, const struct yaml *node,
                             const struct template **out)
{
    return load_template_text(loader, node, node->text, out);
}

enum err_class load_unknown(struct loader *loader, const struct yaml *node, const char *what,
                            struct str word, const struct str *known, size_t known_len)
{
    size_t nearest = str_nearest(word, known, known_len);
    if (nearest == SIZE_MAX)
        return yaml_error(loader->file, node, loader->err, "%s \"%.*s\"", what, STR_ARG(word));
    return yaml_error(loader->file, node, loader->err, "%s \"%.*s\"; did you mean \"%.*s\"?", what,
                      STR_ARG(word), STR_ARG(known[nearest]));
}

enum err_class load_find(struct loader *loader, const struct yaml *node, const char *what,
                         struct str word, const void *items, size_t len, size_t item_bytes,
                         size_t *out)
{
    struct str known[NAMES_MAX];
    size_t known_len = 0;
    for (size_t i = 0; i < len; i++) {
        const struct str *name = (const void *)((const char *)items + i * item_bytes);
        *out = i;
        if (str_eq(*name, word))
            return ERR_OK;
        if (known_len < NAMES_MAX)
            known[known_len++] = *name;
    }
    return load_unknown(loader, node, what, word, known, known_len);
}

enum err_class load_place(struct loader *loader, const struct yaml *node, enum place *place,
                          struct str *name)
{
    static const struct str words[] = {
        [PLACE_QUERY] = {"query", 5},
        [PLACE_FORM] = {"form", 4},
        [PLACE_JSON] = {"json", 4},
        [PLACE_HEADER] = {"header", 6},
    };
    struct str word;
    if (!str_cut(node->text, '.', &word, name) || name->len == 0)
        return yaml_error(loader->file, node, loader->err,
                          "\"%.*s\" is no place: write query.NAME, form.NAME, json.NAME or "
                          "header.NAME",
                          STR_ARG(node->text));
    for (size_t i = 0; i < PLACES; i++) {
        if (!str_eq(word, words[i]))
            continue;
        *place = (enum place)i;
        *name = load_dup(loader, *name);
        return name->ptr ? ERR_OK : err_no_memory(loader->err);
    }
    return load_unknown(loader, node, "unknown place", word, words, PLACES);
}

static void name_add(struct loader *loader, const char *name)
{
    assert(loader->names_len < NAMES_MAX - 1);
    loader->names[loader->names_len++] = name;
    loader->names[loader->names_len] = NULL;
}

/* "prefix.NAME" for every entry; too many are an error of the file, not of ours. */
static enum err_class name_add_under(struct loader *loader, const struct yaml *at,
                                     const char *prefix, struct str name)
{
    if (loader->names_len >= NAMES_MAX / 2)
        return yaml_error(loader->file, at, loader->err, "more than %d settings and options",
                          NAMES_MAX / 2);
    struct str full = arena_printf(loader->arena, "%s.%.*s", prefix, STR_ARG(name));
    if (!full.ptr)
        return err_no_memory(loader->err);
    name_add(loader, full.ptr);
    return ERR_OK;
}

static enum err_class names_account(struct loader *loader)
{
    static const char *const owners[] = {"shop", "app"};
    for (size_t owner = 0; owner < 2; owner++) {
        for (size_t i = 0; i < loader->connector->needs_len[owner]; i++) {
            enum err_class class_ = name_add_under(loader, loader->root, owners[owner],
                                                   loader->connector->needs[owner][i].name);
            if (class_ != ERR_OK)
                return class_;
        }
    }
    return ERR_OK;
}

enum err_class loader_names(struct loader *loader, unsigned which, const struct yaml *options)
{
    static const struct {
        unsigned which;
        const char *name;
    } fixed[] = {
        {NAMES_ACCOUNT, "shop.id"},
        {NAMES_ACCOUNT, "shop.name"},
        {NAMES_ACCOUNT, "now"},
        {NAMES_ACCOUNT, "nonce"},
        {NAMES_TOKEN, "token.access"},
        {NAMES_TOKEN, "token.refresh"},
        {NAMES_AUTH_CODE, "auth.code"},
        {NAMES_PAGE, "page.number"},
        {NAMES_PAGE, "page.size"},
        {NAMES_PAGE, "page.position"},
        {NAMES_UPDATED, "updated.from"},
        {NAMES_UPDATED, "updated.to"},
        {NAMES_CREATED, "created.from"},
        {NAMES_CREATED, "created.to"},
        {NAMES_UPDATED | NAMES_CREATED | NAMES_RANGE, "window.from"},
        {NAMES_UPDATED | NAMES_CREATED | NAMES_RANGE, "window.to"},
        {NAMES_IDS, "ids"},
        {NAMES_IDS, "ids.int"},
        {NAMES_SIGN, "path"},
        {NAMES_SIGN, "pairs"},
        {NAMES_BODY, "body"},
        {NAMES_SENT, "sent"},
        {NAMES_EACH, "key"},
        {NAMES_EACH, "value"},
        {NAMES_REPLY, "code"},
        {NAMES_REPLY, "message"},
        {NAMES_REPLY, "http"},
        {NAMES_REPLY, "body.*"},
        {NAMES_REPLY, "header.*"},
        {NAMES_RECORD, "record.*"},
    };
    loader->names_len = 0;
    loader->names[0] = NULL;
    enum err_class class_ = which & NAMES_ACCOUNT ? names_account(loader) : ERR_OK;
    for (size_t i = 0; options && class_ == ERR_OK && i < options->len; i++)
        class_ = name_add_under(loader, options, "option", options->pairs[i].key);
    if (class_ != ERR_OK)
        return class_;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (which & fixed[i].which)
            name_add(loader, fixed[i].name);
    return ERR_OK;
}

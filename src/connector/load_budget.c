/* Budgets of a manifest, and the one that a platform has whose manifest declares none. */
#include "connector/loader.h"

extern const struct embedded_file budget_files[]; /* compat/budgets.yaml */

static const struct str STANDARD_NAME = {"default", 7};

static enum err_class load_rate(struct loader *loader, const struct yaml *node,
                                struct budget_rule *out)
{
    struct str calls, per;
    struct yaml duration = *node;
    bool good = str_cut(node->text, '/', &calls, &per) && str_to_i64(str_trim(calls), &out->calls);
    duration.text = str_trim(per);
    if (!good || out->calls <= 0 || !yaml_duration_ms(&duration, &out->per_ms) || out->per_ms <= 0)
        return yaml_error(loader->file, node, loader->err,
                          "\"%.*s\" is no rate: write calls per duration, as in 20/1s",
                          STR_ARG(node->text));
    return ERR_OK;
}

static enum err_class rule_load(struct loader *loader, struct str name, const struct yaml *one,
                                struct budget_rule *rule)
{
    static const char *const scopes[] = {"platform", "app", "shop", NULL};
    rule->name = load_dup(loader, name);
    rule->scope = (enum budget_scope)load_word(one, "scope", scopes, BUDGET_SHOP);
    rule->window = str_eq(load_text(one, "kind"), STR("window"));
    if (!rule->name.ptr)
        return err_no_memory(loader->err);
    enum err_class class_ = load_rate(loader, yaml_get(one, STR("rate")), rule);
    rule->burst = load_int(one, "burst", rule->calls);
    return class_;
}

/* --- the defaults --- */

static const struct yaml_schema text = {.type = YAML_T_TEXT, .name = "text"};
static const struct yaml_schema number = {.type = YAML_T_INT, .name = "number"};
static const struct yaml_schema texts = {.type = YAML_T_LIST, .name = "platforms", .each = &text};
static const struct yaml_key standard_keys[] = {
    {"rate", &text, true, "calls per duration: 20/1s"},
    {"burst", &number, true, "calls at once"},
    {"platforms", &texts, false, "manifests that it is for"},
    {0},
};
static const struct yaml_schema standard = {
    .type = YAML_T_MAP, .name = "budget", .keys = standard_keys};
static const struct yaml_schema standards = {
    .type = YAML_T_NAMED, .name = "budgets", .each = &standard};
static const struct yaml_key file_keys[] = {
    {"budgets", &standards, true, "by the old names of platforms"}, {0}};
static const struct yaml_schema file_schema = {
    .type = YAML_T_MAP, .name = "budgets", .keys = file_keys};

static bool standard_is_of(const struct yaml_pair *pair, struct str platform)
{
    const struct yaml *names = yaml_get(&pair->value, STR("platforms"));
    for (size_t i = 0; names && i < names->len; i++)
        if (str_eq(names->items[i].text, platform))
            return true;
    return !names && str_eq(pair->key, platform);
}

static enum err_class standard_load(struct loader *loader)
{
    struct connector *connector = loader->connector;
    const struct embedded_file *file = budget_files;
    struct loader own = *loader;
    struct arena arena;
    struct yaml *root = NULL;
    arena_init(&arena);
    own.file = str_of(file->name);
    enum err_class class_ = yaml_parse(own.file,
                                       (struct str){(const char *)file->bytes, file->bytes_len},
                                       &arena, &root, loader->err);
    if (class_ == ERR_OK)
        class_ = yaml_check(own.file, root, &file_schema, loader->err);
    const struct yaml *all = class_ == ERR_OK ? yaml_get(root, STR("budgets")) : NULL;
    const struct yaml *one = all ? yaml_get(all, STANDARD_NAME) : NULL;
    for (size_t i = 0; all && i < all->len; i++)
        if (standard_is_of(&all->pairs[i], connector->platform))
            one = &all->pairs[i].value;
    if (class_ == ERR_OK && one) {
        class_ = rule_load(&own, STANDARD_NAME, one, connector->budgets);
        connector->budgets->scope = BUDGET_PLATFORM;
        connector->budgets_len = 1;
    }
    arena_fini(&arena);
    return class_;
}

enum err_class load_budgets(struct loader *loader)
{
    struct connector *connector = loader->connector;
    const struct yaml *node = yaml_get(loader->root, STR("budgets"));
    size_t len = node ? node->len : 1;
    connector->budgets = arena_array(loader->arena, len > 0 ? len : 1, sizeof *connector->budgets);
    if (!connector->budgets)
        return err_no_memory(loader->err);
    if (!node)
        return standard_load(loader);
    for (size_t i = 0; i < node->len; i++) {
        enum err_class class_ = rule_load(loader, node->pairs[i].key, &node->pairs[i].value,
                                          &connector->budgets[i]);
        if (class_ != ERR_OK)
            return class_;
        connector->budgets_len++;
    }
    return ERR_OK;
}

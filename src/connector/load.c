/* A manifest's text to a connector: parsed, checked against the schema, compiled part by part in the
 * order in which parts lean on each other, and held to its signature example. */
#include <stdlib.h>

#include "connector/loader.h"

enum {
    RETRY_TRIES_DEFAULT = 3,
    RETRY_BASE_DEFAULT_MS = 1000,
    RETRY_CAP_DEFAULT_MS = 60 * 1000,
};

/* --- reserved keys --- */
static const struct yaml_schema *schema_for(const struct yaml_schema *schema, enum yaml_kind kind)
{
    if (schema->type != YAML_T_EITHER)
        return schema;
    for (const struct yaml_schema *const *one = schema->either; *one; one++) {
        bool map = (*one)->type == YAML_T_MAP || (*one)->type == YAML_T_NAMED;
        bool list = (*one)->type == YAML_T_LIST;
        if (map == (kind == YAML_MAP) && list == (kind == YAML_LIST))
            return *one;
    }
    return schema;
}

static enum err_class refuse_reserved(struct loader *loader, const struct yaml *node,
                                      const struct yaml_schema *schema);

static enum err_class refuse_reserved_pair(struct loader *loader, const struct yaml_pair *pair,
                                           const struct yaml_schema *schema)
{
    const struct yaml_key *key = schema->keys;
    struct yaml at = {.line = pair->line, .column = pair->column};
    if (schema->type == YAML_T_NAMED)
        return refuse_reserved(loader, &pair->value, schema->each);
    while (!str_eq(pair->key, str_of(key->key)))
        key++; /* yaml_check has seen that it is there */
    if (key->schema == &schema_reserved)
        return yaml_error(loader->file, &at, loader->err, "\"%s\" is reserved; not built yet",
                          key->key);
    return refuse_reserved(loader, &pair->value, key->schema);
}

static enum err_class refuse_reserved(struct loader *loader, const struct yaml *node,
                                      const struct yaml_schema *schema)
{
    schema = schema_for(schema, node->kind);
    enum err_class class_ = ERR_OK;
    if (schema->type == YAML_T_LIST)
        for (size_t i = 0; i < node->len && class_ == ERR_OK; i++)
            class_ = refuse_reserved(loader, &node->items[i], schema->each);
    if (schema->type == YAML_T_MAP || schema->type == YAML_T_NAMED)
        for (size_t i = 0; i < node->len && class_ == ERR_OK; i++)
            class_ = refuse_reserved_pair(loader, &node->pairs[i], schema);
    return class_;
}

/* --- head --- */
static enum err_class load_platform(struct loader *loader)
{
    const struct yaml *node = yaml_get(loader->root, STR("platform"));
    for (size_t i = 0; i < node->text.len; i++) {
        char c = node->text.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return yaml_error(loader->file, node, loader->err,
                              "a platform's name has a-z, 0-9 and \"-\" only");
    }
    loader->connector->platform = load_dup(loader, node->text);
    return loader->connector->platform.ptr ? ERR_OK : err_no_memory(loader->err);
}

static enum err_class load_head(struct loader *loader)
{
    struct connector *connector = loader->connector;
    const struct yaml *root = loader->root;
    const struct yaml *zone = yaml_get(root, STR("zone"));
    const struct yaml *currency = yaml_get(root, STR("currency"));
    const struct yaml *name = yaml_get(root, STR("name"));
    struct err why = {0};
    connector->name_zh = load_dup(loader, load_text(name, "zh"));
    connector->name_en = load_dup(loader, load_text(name, "en"));
    connector->currency = load_dup(loader, currency->text);
    if (!connector->name_zh.ptr || !connector->name_en.ptr || !connector->currency.ptr)
        return err_no_memory(loader->err);
    connector->money_major = str_eq(load_text(root, "money"), STR("major"));
    connector->zone_of_shop = str_eq(load_text(root, "zone_of"), STR("shop"));
    if (currency_exponent(currency->text) < 0)
        return yaml_error(loader->file, currency, loader->err,
                          "\"%.*s\" is no currency of ISO 4217", STR_ARG(currency->text));
    if (zone_find(zone->text, &connector->zone, &why) != ERR_OK)
        return yaml_error(loader->file, zone, loader->err, "%s", why.message);
    return load_platform(loader);
}

static enum err_class load_needs(struct loader *loader, bool of_app)
{
    struct connector *connector = loader->connector;
    const struct yaml *owner = yaml_get(loader->root, of_app ? STR("app") : STR("shop"));
    const struct yaml *node = owner ? yaml_get(owner, STR("needs")) : NULL;
    if (!node)
        return ERR_OK;
    struct need *needs = arena_array(loader->arena, node->len, sizeof *needs);
    if (!needs)
        return err_no_memory(loader->err);
    for (size_t i = 0; i < node->len; i++) {
        const struct yaml *one = &node->items[i];
        struct str name = load_text(one, "name");
        needs[i] = (struct need){
            .name = load_dup(loader, name),
            .zh = load_dup(loader, load_text(one, "zh")),
            .en = load_dup(loader, load_text(one, "en")),
            .secret = load_flag(one, "secret", of_app && str_eq(name, STR("secret"))),
            .required = load_flag(one, "required", true),
        };
        if (!needs[i].name.ptr || !needs[i].zh.ptr || !needs[i].en.ptr)
            return err_no_memory(loader->err);
    }
    connector->needs[of_app] = needs;
    connector->needs_len[of_app] = node->len;
    return ERR_OK;
}

static enum err_class load_hosts(struct loader *loader)
{
    struct connector *connector = loader->connector;
    const struct yaml *node = yaml_get(loader->root, STR("hosts"));
    if (node->len == 0)
        return yaml_error(loader->file, node, loader->err, "at least one host");
    connector->hosts = arena_array(loader->arena, node->len, sizeof *connector->hosts);
    if (!connector->hosts)
        return err_no_memory(loader->err);
    enum err_class class_ = loader_names(loader, NAMES_ACCOUNT, NULL);
    for (size_t i = 0; i < node->len && class_ == ERR_OK; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        struct err why = {0};
        struct url url;
        connector->hosts[i].name = load_dup(loader, pair->key);
        if (!connector->hosts[i].name.ptr)
            return err_no_memory(loader->err);
        class_ = load_template(loader, &pair->value, &connector->hosts[i].url);
        if (class_ == ERR_OK && template_is_constant(connector->hosts[i].url) &&
            url_parse(pair->value.text, &url, &why) != ERR_OK)
            return yaml_error(loader->file, &pair->value, loader->err, "%s", why.message);
        connector->hosts_len++;
    }
    return class_;
}

/* --- retry --- */
enum err_class load_retry(struct loader *loader)
{
    static const enum err_class repeated[] = {ERR_RETRY, ERR_THROTTLED, ERR_TOKEN_EXPIRED,
                                              ERR_BAD_REPLY, ERR_NOT_READY};
    const struct yaml *node = yaml_get(loader->root, STR("retry"));
    struct connector *connector = loader->connector;
    for (size_t i = 0; i < ERR_CLASSES; i++)
        connector->retry[i] = (struct retry_rule){0, RETRY_BASE_DEFAULT_MS, RETRY_CAP_DEFAULT_MS};
    for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
        struct retry_rule *rule = &connector->retry[repeated[i]];
        const struct yaml *one = node ? yaml_get(node, str_of(err_class_name(repeated[i]))) : NULL;
        rule->tries_max = RETRY_TRIES_DEFAULT;
        if (!one)
            continue;
        rule->tries_max = load_int(one, "tries", RETRY_TRIES_DEFAULT);
        rule->base_ms = load_ms(one, "base", RETRY_BASE_DEFAULT_MS);
        rule->cap_ms = load_ms(one, "cap", RETRY_CAP_DEFAULT_MS);
        if (rule->base_ms <= 0 || rule->cap_ms < rule->base_ms)
            return yaml_error(loader->file, one, loader->err,
                              "\"base\" is more than 0 and at most \"cap\"");
    }
    return ERR_OK;
}

/* A platform that nobody calls is filled by files: it has neither addresses nor answers, and nothing that would need them. */
static enum err_class check_calls(struct loader *loader)
{
    static const char *const callers[] = {"streams", "auth",    "sign",    "errors", "budgets",
                                          "retry",   "ciphers", "webhook", NULL};
    static const char *const needs[] = {"hosts", "reply", NULL};
    bool calls = yaml_get(loader->root, STR("hosts")) || yaml_get(loader->root, STR("reply"));
    for (const char *const *key = callers; *key; key++)
        calls |= yaml_get(loader->root, str_of(*key)) != NULL;
    for (const char *const *key = needs; calls && *key; key++)
        if (!yaml_get(loader->root, str_of(*key)))
            return yaml_error(loader->file, loader->root, loader->err, "manifest needs \"%s\"",
                              *key);
    loader->connector->calls = calls;
    return ERR_OK;
}

static enum err_class load_all(struct loader *loader)
{
    enum err_class class_ = load_head(loader);
    if (class_ == ERR_OK)
        class_ = load_needs(loader, true);
    if (class_ == ERR_OK)
        class_ = load_needs(loader, false);
    if (class_ == ERR_OK)
        class_ = check_calls(loader);
    if (class_ != ERR_OK || !loader->connector->calls)
        return class_;
    if (class_ == ERR_OK)
        class_ = load_hosts(loader);
    if (class_ == ERR_OK)
        class_ = load_budgets(loader);
    if (class_ == ERR_OK)
        class_ = load_retry(loader);
    if (class_ == ERR_OK)
        class_ = load_reply(loader);
    if (class_ == ERR_OK)
        class_ = load_errors(loader);
    if (class_ == ERR_OK)
        class_ = load_sign(loader, yaml_get(loader->root, STR("sign")));
    if (class_ == ERR_OK)
        class_ = load_auth(loader);
    if (class_ == ERR_OK)
        class_ = load_ciphers(loader, yaml_get(loader->root, STR("ciphers")));
    if (class_ == ERR_OK)
        class_ = load_streams(loader, yaml_get(loader->root, STR("streams")));
    return class_ == ERR_OK ? load_webhook(loader, yaml_get(loader->root, STR("webhook"))) : class_;
}

enum err_class connector_load(struct str file, struct str text, const struct table_catalog *catalog,
                              struct connector **out, struct err *err)
{
    struct arena tree;
    struct yaml *root;
    *out = NULL;
    struct connector *connector = calloc(1, sizeof *connector);
    if (!connector)
        return err_no_memory(err);
    arena_init(&connector->arena);
    arena_init(&tree);
    enum err_class class_ = yaml_parse(file, text, &tree, &root, err);
    if (class_ == ERR_OK)
        class_ = yaml_check(file, root, connector_manifest_schema(), err);
    struct loader loader = {.file = file,
                            .arena = &connector->arena,
                            .connector = connector,
                            .catalog = catalog,
                            .err = err};
    if (class_ == ERR_OK) {
        loader.root = root;
        class_ = refuse_reserved(&loader, root, connector_manifest_schema());
    }
    if (class_ == ERR_OK)
        class_ = load_all(&loader);
    arena_fini(&tree);
    if (class_ == ERR_OK)
        *out = connector;
    else
        connector_free(connector);
    return class_;
}

void connector_free(struct connector *connector)
{
    if (!connector)
        return;
    arena_fini(&connector->arena);
    free(connector);
}

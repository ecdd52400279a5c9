/* Signing rules, and the published example that they must reproduce before anything is sent. */
#include "connector/loader.h"

static void load_of(const struct yaml *node, struct sign_plan *out)
{
    static const char *const words[] = {"query", "form", "json"};
    out->of[PLACE_QUERY] = out->of[PLACE_FORM] = !node;
    for (size_t i = 0; node && i < node->len; i++)
        for (size_t place = 0; place < sizeof words / sizeof *words; place++)
            out->of[place] |= str_eq(node->items[i].text, str_of(words[place]));
}

enum err_class load_digest(struct loader *loader, const struct yaml *node, struct sign_plan *out)
{
    static const char *const encodings[] = {"HEX", "hex", "base64", NULL};
    const struct yaml *key = yaml_get(node, STR("key"));
    struct str name = load_text(node, "digest");
    bool hmac = str_starts(name, STR("hmac-"));
    out->encoding = (enum encoding)load_word(node, "encode", encodings, ENCODE_HEX);
    digest_parse(str_sub(name, hmac ? 5 : 0, name.len), &out->digest);
    if (hmac != (key != NULL))
        return yaml_error(loader->file, node, loader->err,
                          hmac ? "an HMAC needs \"key\"" : "only an HMAC has \"key\"");
    return key ? load_template(loader, key, &out->key) : ERR_OK;
}

static enum err_class load_each(struct loader *loader, const struct yaml *node,
                                struct sign_plan *out)
{
    const struct yaml *each = yaml_get(node, STR("each"));
    enum err_class class_ = loader_names(loader, NAMES_ACCOUNT | NAMES_EACH, NULL);
    if (class_ != ERR_OK)
        return class_;
    return load_template_text(loader, each ? each : node, each ? each->text : STR("{key}{value}"),
                              &out->each);
}

static enum err_class load_add(struct loader *loader, const struct yaml *node)
{
    struct params *out = &loader->connector->sign_add;
    enum err_class class_ = loader_names(loader, NAMES_ACCOUNT | NAMES_TOKEN, NULL);
    for (size_t i = 0; node && class_ == ERR_OK && i < node->len; i++) {
        const struct template *template;
        struct str name = load_dup(loader, node->pairs[i].key);
        if (!name.ptr)
            return err_no_memory(loader->err);
        class_ = load_template(loader, &node->pairs[i].value, &template);
        if (class_ == ERR_OK)
            class_ = load_param_add(loader, out, name, template);
    }
    return class_;
}

static enum err_class example_params(struct loader *loader, const struct yaml *node,
                                     struct sign_input *out)
{
    size_t len = node ? node->len : 0;
    struct param *params = arena_array(loader->arena, len + 1, sizeof *params);
    if (!params)
        return err_no_memory(loader->err);
    for (size_t i = 0; i < len; i++)
        params[i] = (struct param){.name = node->pairs[i].key, .text = node->pairs[i].value.text};
    out->params = params;
    out->params_len = len;
    return ERR_OK;
}

enum err_class load_sign_example(struct loader *loader, const struct yaml *node,
                                 const struct sign_plan *plan)
{
    const struct yaml *app = yaml_get(node, STR("app"));
    const struct yaml *expected = yaml_get(node, STR("sign"));
    struct facts facts = {.app = {.key = load_text(app, "key"), .secret = load_text(app, "secret")},
                          .now_ms = load_int(node, "now", 0)};
    struct scope scope = {.connector = loader->connector,
                          .facts = &facts,
                          .arena = loader->arena,
                          .sent = load_text(node, "sent")};
    struct expr_env env = scope_env(&scope, NULL);
    struct sign_input input = {.path = load_text(node, "path"), .body = load_text(node, "body")};
    struct str text, signature;
    struct err why = {0};
    enum err_class class_ = example_params(loader, yaml_get(node, STR("params")), &input);
    if (class_ != ERR_OK)
        return class_;
    class_ = sign_make(plan, &scope, &env, &input, &text, &signature, &why);
    if (class_ == ERR_INTERNAL)
        return err_no_memory(loader->err);
    if (class_ != ERR_OK)
        return yaml_error(loader->file, node, loader->err, "%s", why.message);
    /* The example's secret is public, so its text may be shown to whoever writes the manifest. */
    if (!crypt_equal(signature, expected->text))
        return yaml_error(loader->file, expected, loader->err,
                          "the example does not reproduce: it gives %.*s, signing \"%.*s\"",
                          STR_ARG(signature), STR_ARG(str_utf8_head(text, 200)));
    return ERR_OK;
}

enum err_class load_sign(struct loader *loader, const struct yaml *node)
{
    static const char *const sorts[] = {"key", "pair", "none", NULL};
    struct sign_plan *plan = node ? arena_alloc(loader->arena, sizeof *plan) : NULL;
    if (!node)
        return ERR_OK;
    if (!plan)
        return err_no_memory(loader->err);
    plan->drop_empty = load_flag(node, "drop_empty", false);
    plan->sort = (enum sort)load_word(node, "sort", sorts, SORT_KEY);
    plan->join = load_dup(loader, load_text(node, "join"));
    if (!plan->join.ptr)
        return err_no_memory(loader->err);
    load_of(yaml_get(node, STR("of")), plan);
    enum err_class class_ = load_texts(loader, yaml_get(node, STR("only")), &plan->only);
    if (class_ == ERR_OK)
        class_ = load_texts(loader, yaml_get(node, STR("except")), &plan->except);
    if (class_ == ERR_OK)
        class_ = load_place(loader, yaml_get(node, STR("put")), &plan->put, &plan->put_name);
    if (class_ == ERR_OK)
        class_ = load_each(loader, node, plan);
    if (class_ == ERR_OK)
        class_ = load_add(loader, yaml_get(node, STR("add")));
    /* A signature inside the body cannot be over the body. */
    bool in_body = class_ == ERR_OK && (plan->put == PLACE_JSON || plan->put == PLACE_FORM);
    if (class_ == ERR_OK)
        class_ = loader_names(
            loader, NAMES_ACCOUNT | NAMES_TOKEN | NAMES_SIGN | (in_body ? 0u : NAMES_BODY), NULL);
    if (class_ == ERR_OK)
        class_ = load_template(loader, yaml_get(node, STR("text")), &plan->text);
    if (class_ == ERR_OK)
        class_ = load_digest(loader, node, plan);
    if (class_ != ERR_OK)
        return class_;
    loader->connector->sign = plan;
    return load_sign_example(loader, yaml_get(node, STR("example")), plan);
}

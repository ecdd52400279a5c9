/* Requests: which parameters go where, made from templates. */
#include <string.h>

#include "connector/loader.h"

static enum err_class load_shape(struct loader *loader, const struct yaml *node, size_t depth,
                                 struct shape *out);

enum { SHAPE_DEPTH_MAX = 8, TIMEOUT_DEFAULT_MS = 30000 };

/* A plain 1, 1.5, true, false or null of the file is that JSON value in a body. */
static bool scalar_is_json(const struct yaml *node)
{
    struct json_doc *doc = NULL;
    if (node->quoted || json_parse(node->text, &doc, NULL) != ERR_OK)
        return false;
    enum json_kind kind = json_kind_of(json_root(doc));
    json_free(doc);
    return kind == JSON_NUMBER || kind == JSON_BOOL || kind == JSON_NULL;
}

static enum err_class load_scalar(struct loader *loader, const struct yaml *node, struct shape *out)
{
    *out = (struct shape){.kind = SHAPE_SCALAR};
    if (scalar_is_json(node)) {
        out->raw = load_dup(loader, node->text);
        if (!out->raw.ptr)
            return err_no_memory(loader->err);
    }
    return load_template(loader, node, &out->template);
}

static enum err_class load_members(struct loader *loader, const struct yaml *node, size_t depth,
                                   struct shape *out)
{
    *out = (struct shape){.kind = node->kind == YAML_LIST ? SHAPE_LIST : SHAPE_MAP};
    if (depth == SHAPE_DEPTH_MAX)
        return yaml_error(loader->file, node, loader->err, "nested more than %d deep",
                          SHAPE_DEPTH_MAX);
    out->members = arena_array(loader->arena, node->len, sizeof *out->members);
    if (!out->members && node->len > 0)
        return err_no_memory(loader->err);
    for (; out->len < node->len; out->len++) {
        struct member *member = &out->members[out->len];
        const struct yaml *value = node->kind == YAML_LIST ? &node->items[out->len]
                                                           : &node->pairs[out->len].value;
        if (node->kind == YAML_MAP) {
            member->name = load_dup(loader, node->pairs[out->len].key);
            if (!member->name.ptr)
                return err_no_memory(loader->err);
        }
        enum err_class class_ = load_shape(loader, value, depth + 1, &member->shape);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

static enum err_class load_shape(struct loader *loader, const struct yaml *node, size_t depth,
                                 struct shape *out)
{
    return node->kind == YAML_SCALAR ? load_scalar(loader, node, out)
                                     : load_members(loader, node, depth, out);
}

static enum err_class params_add(struct loader *loader, struct params *params,
                                 const struct member *member)
{
    struct member *items = arena_grow(loader->arena, params->items, params->len, &params->room,
                                      sizeof *items);
    if (!items)
        return err_no_memory(loader->err);
    params->items = items;
    params->items[params->len++] = *member;
    return ERR_OK;
}

enum err_class load_param_add(struct loader *loader, struct params *params, struct str name,
                              const struct template *template)
{
    struct member member = {.name = name, .shape = {.kind = SHAPE_SCALAR, .template = template}};
    return params_add(loader, params, &member);
}

static enum err_class load_params(struct loader *loader, const struct yaml *node,
                                  struct params *out)
{
    struct shape shape;
    if (!node)
        return ERR_OK;
    enum err_class class_ = load_members(loader, node, 0, &shape);
    for (size_t i = 0; class_ == ERR_OK && i < shape.len; i++)
        class_ = params_add(loader, out, &shape.members[i]);
    return class_;
}

static enum err_class load_host(struct loader *loader, const struct yaml *node,
                                struct endpoint_plan *plan)
{
    const struct connector *connector = loader->connector;
    const struct yaml *host = yaml_get(node, STR("host"));
    if (!host) {
        plan->host = connector->hosts[0].url;
        return ERR_OK;
    }
    size_t at;
    enum err_class class_ = load_find(loader, host, "unknown host", host->text, connector->hosts,
                                      connector->hosts_len, sizeof *connector->hosts, &at);
    if (class_ == ERR_OK)
        plan->host = connector->hosts[at].url;
    return class_;
}

/* What stands between scheme and path. */
static struct str host_of(struct str url)
{
    struct str rest = str_sub(url, str_find(url, STR("://")) + 3, url.len);
    return str_sub(rest, 0, str_find_char(rest, '/'));
}

static enum err_class load_address(struct loader *loader, const struct yaml *node,
                                   struct endpoint_plan *plan)
{
    const struct yaml *get = yaml_get(node, STR("get"));
    const struct yaml *post = yaml_get(node, STR("post"));
    if (!get == !post)
        return yaml_error(loader->file, node, loader->err,
                          "a request needs either \"get\" or \"post\"");
    const struct yaml *path = get ? get : post;
    plan->post = post != NULL;
    if (yaml_get(node, STR("form")) && yaml_get(node, STR("json")))
        return yaml_error(loader->file, node, loader->err, "a body is either \"form\" or \"json\"");
    if (!plan->post && (yaml_get(node, STR("form")) || yaml_get(node, STR("json"))))
        return yaml_error(loader->file, node, loader->err, "\"get\" has no body: use \"post\"");
    enum err_class class_ = ERR_OK;
    if (!str_starts(path->text, STR("https://")) && !str_starts(path->text, STR("http://")))
        class_ = load_host(loader, node, plan);
    else if (str_find_char(host_of(path->text), '{') != SIZE_MAX)
        return yaml_error(loader->file, path, loader->err,
                          "a host with holes belongs to \"hosts\", where they are checked");
    return class_ == ERR_OK ? load_template(loader, path, &plan->path) : class_;
}

static enum err_class load_budget_use(struct loader *loader, const struct yaml *node,
                                      struct endpoint *out)
{
    const struct connector *connector = loader->connector;
    bool standard = !yaml_get(loader->root, STR("budgets")) && connector->budgets_len > 0;
    if (!node && !standard)
        return ERR_OK;
    if (!node) {
        struct budget_use *use = arena_alloc(loader->arena, sizeof *use);
        if (!use)
            return err_no_memory(loader->err);
        *use = (struct budget_use){.rule = connector->budgets, .cost_milli = 1000};
        out->budgets = use;
        out->budgets_len = 1;
        return ERR_OK;
    }
    size_t len = node->kind == YAML_MAP ? node->len : 1;
    struct budget_use *uses = arena_array(loader->arena, len, sizeof *uses);
    if (!uses)
        return err_no_memory(loader->err);
    for (size_t i = 0; i < len; i++) {
        const struct yaml *cost = node->kind == YAML_MAP ? &node->pairs[i].value : NULL;
        struct str name = cost ? node->pairs[i].key : node->text;
        size_t at;
        enum err_class class_ = load_find(loader, cost ? cost : node, "unknown budget", name,
                                          connector->budgets, connector->budgets_len,
                                          sizeof *connector->budgets, &at);
        if (class_ != ERR_OK)
            return class_;
        uses[i] = (struct budget_use){.rule = &connector->budgets[at], .cost_milli = 1000};
        if (cost && (money_parse(cost->text, 3, &uses[i].cost_milli, NULL, NULL) != ERR_OK ||
                     uses[i].cost_milli <= 0))
            return yaml_error(loader->file, cost, loader->err, "a cost is more than 0");
    }
    out->budgets = uses;
    out->budgets_len = len;
    return ERR_OK;
}

/* What the file's request does not write itself: pages, the token, what is signed beside the
 * signature. */
static enum err_class load_common(struct loader *loader, const struct yaml *node,
                                  const struct endpoint *endpoint, struct endpoint_plan *plan)
{
    const struct connector *connector = loader->connector;
    enum err_class class_ = ERR_OK;
    for (size_t place = 0; place < PLACES; place++) {
        struct params *extra = &loader->extra[place];
        for (size_t i = 0; class_ == ERR_OK && i < extra->len; i++)
            class_ = params_add(loader, &plan->params[place], &extra->items[i]);
        *extra = (struct params){NULL, 0, 0};
    }
    if (class_ == ERR_OK && endpoint->needs_token)
        class_ = load_param_add(loader, &plan->params[connector->auth_put],
                                connector->auth_put_name, connector->auth_put_as);
    for (size_t i = 0; plan->sign && class_ == ERR_OK && i < connector->sign_add.len; i++)
        class_ = params_add(loader, &plan->params[connector->sign->put],
                            &connector->sign_add.items[i]);
    if (class_ == ERR_OK && !plan->post &&
        (plan->params[PLACE_FORM].len > 0 || plan->params[PLACE_JSON].len > 0))
        return yaml_error(loader->file, node, loader->err,
                          "\"get\" has no body for what pages, auth or sign put there");
    if (class_ == ERR_OK && plan->params[PLACE_FORM].len > 0 && plan->params[PLACE_JSON].len > 0)
        return yaml_error(loader->file, node, loader->err,
                          "a body is either a form or JSON: pages, auth or sign put the other");
    return class_;
}

enum err_class load_endpoint(struct loader *loader, const struct yaml *node, struct str name,
                             const struct stream *stream, const struct endpoint **out)
{
    struct endpoint *endpoint = arena_alloc(loader->arena, sizeof *endpoint);
    struct endpoint_plan *plan = arena_alloc(loader->arena, sizeof *plan);
    if (!endpoint || !plan)
        return err_no_memory(loader->err);
    *endpoint = (struct endpoint){
        .name = load_dup(loader, name),
        .needs_token = loader->connector->auth_put_as && load_flag(node, "token", true),
        .timeout_ms = load_ms(node, "timeout", TIMEOUT_DEFAULT_MS),
        .body_bytes_max = load_int(node, "body_max", BODY_BYTES_MAX),
        .plan = plan,
    };
    if (!endpoint->name.ptr)
        return err_no_memory(loader->err);
    if (endpoint->body_bytes_max > BODY_BYTES_MAX)
        return yaml_error(loader->file, yaml_get(node, STR("body_max")), loader->err,
                          "at most %d bytes of a reply are read", BODY_BYTES_MAX);
    plan->stream = stream;
    plan->sign = loader->connector->sign && load_flag(node, "sign", true);
    enum err_class class_ = load_address(loader, node, plan);
    static const char *const keys[PLACES] = {"query", "form", "json", "headers"};
    for (size_t i = 0; class_ == ERR_OK && i < PLACES; i++)
        class_ = load_params(loader, yaml_get(node, str_of(keys[i])), &plan->params[i]);
    if (class_ == ERR_OK)
        class_ = load_budget_use(loader, yaml_get(node, STR("budget")), endpoint);
    if (class_ == ERR_OK)
        class_ = load_common(loader, node, endpoint, plan);
    *out = endpoint;
    return class_;
}

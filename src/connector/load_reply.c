/* Replies: where code and message stand, what is success, and what errors mean. */
#include "connector/loader.h"

enum err_class load_reply(struct loader *loader)
{
    struct reply_plan *out = &loader->connector->reply;
    const struct yaml *node = yaml_get(loader->root, STR("reply"));
    struct str format = load_text(node, "format");
    if (format.len > 0 && !str_eq(format, STR("json")))
        return yaml_error(loader->file, yaml_get(node, STR("format")), loader->err,
                          "format %.*s is reserved; not built yet", STR_ARG(format));
    enum err_class class_ = loader_names(loader, NAMES_REPLY, NULL);
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, node, "envelope", &out->envelope);
    if (class_ == ERR_OK)
        class_ = load_paths(loader, yaml_get(node, STR("code")), &out->code);
    if (class_ == ERR_OK)
        class_ = load_paths(loader, yaml_get(node, STR("message")), &out->message);
    if (class_ == ERR_OK)
        class_ = load_paths(loader, yaml_get(node, STR("request_id")), &out->request_id);
    return class_ == ERR_OK ? load_expr(loader, yaml_get(node, STR("success")), &out->success)
                            : class_;
}

static enum err_scope scope_default(enum err_class class_)
{
    if (class_ == ERR_THROTTLED)
        return ERR_SCOPE_APP;
    if (class_ == ERR_TOKEN_EXPIRED || class_ == ERR_FORBIDDEN)
        return ERR_SCOPE_SHOP;
    return class_ == ERR_RETRY ? ERR_SCOPE_PLATFORM : ERR_SCOPE_REQUEST;
}

static enum err_class load_error(struct loader *loader, const struct yaml *node,
                                 struct error_rule *out)
{
    const struct yaml *after = yaml_get(node, STR("retry_after"));
    const struct yaml *scope = yaml_get(node, STR("scope"));
    err_class_parse(load_text(node, "class"), &out->class_);
    out->scope = scope_default(out->class_);
    if (scope)
        err_scope_parse(scope->text, &out->scope);
    enum err_class class_ = load_expr(loader, yaml_get(node, STR("when")), &out->when);
    if (class_ != ERR_OK || !after || yaml_duration_ms(after, &out->retry_after_ms))
        return class_;
    if (str_find_char(after->text, '{') == SIZE_MAX)
        return yaml_error(loader->file, after, loader->err,
                          "\"retry_after\" is a duration or a template that gives seconds");
    return load_template(loader, after, &out->retry_after_text);
}

enum err_class load_errors(struct loader *loader)
{
    struct connector *connector = loader->connector;
    const struct yaml *node = yaml_get(loader->root, STR("errors"));
    if (!node)
        return ERR_OK;
    connector->errors = arena_array(loader->arena, node->len, sizeof *connector->errors);
    if (!connector->errors)
        return err_no_memory(loader->err);
    enum err_class class_ = loader_names(loader, NAMES_REPLY, NULL);
    for (; class_ == ERR_OK && connector->errors_len < node->len; connector->errors_len++)
        class_ = load_error(loader, &node->items[connector->errors_len],
                            &connector->errors[connector->errors_len]);
    return class_;
}

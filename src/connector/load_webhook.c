/* Webhooks: who has signed, and which records are named. */
#include "connector/loader.h"

enum { TOLERANCE_DEFAULT_MS = 5 * 60 * 1000 };

static enum err_class load_header(struct loader *loader, const struct yaml *node, struct str *out)
{
    enum place place = PLACE_HEADER;
    if (!node)
        return ERR_OK;
    enum err_class class_ = load_place(loader, node, &place, out);
    if (class_ == ERR_OK && place != PLACE_HEADER)
        return yaml_error(loader->file, node, loader->err, "a header, as in header.X-Signature");
    return class_;
}

static enum err_class load_face(struct loader *loader, const struct yaml *node, struct webhook *out)
{
    const struct yaml *name = yaml_get(node, STR("stream"));
    const struct connector *connector = loader->connector;
    size_t at = 0;
    enum err_class class_ = load_find(loader, name, "stream", name->text, connector->streams,
                                      connector->streams_len, sizeof *connector->streams, &at);
    if (class_ != ERR_OK)
        return class_;
    out->stream = &connector->streams[at];
    out->time_ms = str_eq(load_text(node, "form"), STR("unix_ms"));
    out->tolerance_ms = load_ms(node, "tolerance", TOLERANCE_DEFAULT_MS);
    out->answer = load_dup(loader, load_text(node, "answer"));
    if (!out->answer.ptr)
        return err_no_memory(loader->err);
    class_ = load_header(loader, yaml_get(node, STR("put")), &out->signature);
    return class_ == ERR_OK ? load_header(loader, yaml_get(node, STR("time")), &out->time) : class_;
}

enum err_class load_webhook(struct loader *loader, const struct yaml *node)
{
    struct webhook_plan *plan = node ? arena_alloc(loader->arena, sizeof *plan) : NULL;
    if (!node)
        return ERR_OK;
    if (!plan)
        return err_no_memory(loader->err);
    plan->sign.sort = SORT_NONE;
    enum err_class class_ = load_face(loader, node, &plan->face);
    if (class_ == ERR_OK)
        class_ = loader_names(loader, NAMES_ACCOUNT | NAMES_BODY | NAMES_SENT, NULL);
    if (class_ == ERR_OK)
        class_ = load_template(loader, yaml_get(node, STR("text")), &plan->sign.text);
    if (class_ == ERR_OK)
        class_ = load_digest(loader, node, &plan->sign);
    if (class_ == ERR_OK && yaml_get(node, STR("records")))
        class_ = load_records(loader, yaml_get(node, STR("records")), &plan->records);
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, node, "shop", &plan->shop);
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, node, "ids", &plan->ids);
    if (class_ != ERR_OK)
        return class_;
    loader->connector->webhook = plan;
    return load_sign_example(loader, yaml_get(node, STR("example")), &plan->sign);
}

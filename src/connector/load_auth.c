/* Tokens: how one is got, kept fresh and carried. */
#include "connector/loader.h"

enum { AHEAD_DEFAULT_MS = 5 * 60 * 1000 };

static enum err_class load_token_time(struct loader *loader, const struct yaml *read,
                                      const char *in, const char *at, struct token_time *out)
{
    static const char *const forms[] = {"any", "unix", "unix_ms", NULL};
    const struct yaml *life = yaml_get(read, str_of(in));
    const struct yaml *instant = yaml_get(read, str_of(at));
    if (life && instant)
        return yaml_error(loader->file, instant, loader->err, "either \"%s\" or \"%s\"", in, at);
    out->form = TIME_UNIX;
    if (life)
        return load_path(loader, life, &out->path);
    if (!instant)
        return ERR_OK;
    out->instant = true;
    if (instant->kind == YAML_SCALAR)
        return load_path(loader, instant, &out->path);
    out->form = (enum time_form)load_word(instant, "form", forms, TIME_UNIX);
    return load_path(loader, yaml_get(instant, STR("from")), &out->path);
}

static enum err_class load_token_read(struct loader *loader, const struct yaml *read)
{
    struct auth_plan *plan = &loader->connector->auth_plan;
    if (!read)
        return ERR_OK;
    enum err_class class_ = load_path_key(loader, read, "access", &plan->access);
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, read, "refresh", &plan->refresh);
    if (class_ == ERR_OK)
        class_ = load_token_time(loader, read, "expires_in", "expires_at", &plan->expires);
    if (class_ == ERR_OK)
        class_ = load_token_time(loader, read, "refresh_expires_in", "refresh_expires_at",
                                 &plan->refresh_expires);
    return class_;
}

static enum err_class load_auth_request(struct loader *loader, const struct yaml *auth,
                                        const char *key, const char *name,
                                        const struct endpoint **out)
{
    const struct yaml *node = yaml_get(auth, str_of(key));
    return node ? load_endpoint(loader, node, str_of(name), NULL, out) : ERR_OK;
}

/* Asked with the token that the consent has just given. */
static enum err_class load_accounts(struct loader *loader, const struct yaml *node)
{
    struct accounts_plan *plan = &loader->connector->auth_plan.accounts;
    if (!node)
        return ERR_OK;
    const struct yaml *when = yaml_get(node, STR("when"));
    enum err_class class_ = loader_names(loader, NAMES_ACCOUNT | NAMES_TOKEN, NULL);
    if (class_ == ERR_OK)
        class_ = load_endpoint(loader, node, STR("auth.accounts"), NULL,
                               &loader->connector->auth.accounts);
    if (class_ == ERR_OK)
        class_ = load_records(loader, yaml_get(node, STR("records")), &plan->records);
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, node, "id", &plan->id);
    if (class_ == ERR_OK)
        class_ = load_paths(loader, yaml_get(node, STR("name")), &plan->name);
    if (class_ == ERR_OK && when)
        class_ = loader_names(loader, NAMES_RECORD, NULL);
    return class_ == ERR_OK && when ? load_expr(loader, when, &plan->when) : class_;
}

static enum err_class check_auth(struct loader *loader, const struct yaml *node)
{
    const struct connector *connector = loader->connector;
    const struct auth *auth = &connector->auth;
    bool by_hand = auth->grant == GRANT_BY_HAND;
    if (by_hand == (auth->obtain != NULL))
        return yaml_error(loader->file, node, loader->err,
                          by_hand ? "a token given by hand has no \"obtain\""
                                  : "this grant needs \"obtain\"");
    if ((auth->obtain || auth->refresh) && !connector->auth_plan.access)
        return yaml_error(loader->file, node, loader->err,
                          "\"read\" must say where the token stands");
    const struct yaml *accounts = yaml_get(node, STR("accounts"));
    if (accounts && (auth->grant != GRANT_AUTH_CODE || auth->of_app))
        return yaml_error(loader->file, accounts, loader->err,
                          "\"accounts\" belongs to a shop's consent: grant auth_code, of shop");
    return ERR_OK;
}

/* The token's place comes last: the requests of auth themselves carry none. */
enum err_class load_auth(struct loader *loader)
{
    static const char *const grants[] = {"", "client_credential", "auth_code", "by_hand", NULL};
    struct connector *connector = loader->connector;
    const struct yaml *node = yaml_get(loader->root, STR("auth"));
    if (!node)
        return ERR_OK;
    const struct yaml *put_as = yaml_get(node, STR("put_as"));
    const struct yaml *put = yaml_get(node, STR("put"));
    connector->auth = (struct auth){
        .grant = (enum grant_kind)load_word(node, "grant", grants, GRANT_NONE),
        .of_app = str_eq(load_text(node, "of"), STR("app")),
        .ahead_ms = load_ms(node, "ahead", AHEAD_DEFAULT_MS),
        .rotates = load_flag(node, "rotates", false),
    };
    enum err_class class_ = loader_names(loader, NAMES_ACCOUNT | NAMES_TOKEN | NAMES_AUTH_CODE,
                                         NULL);
    if (class_ == ERR_OK)
        class_ = load_auth_request(loader, node, "obtain", "auth.obtain", &connector->auth.obtain);
    if (class_ == ERR_OK)
        class_ = load_auth_request(loader, node, "refresh", "auth.refresh",
                                   &connector->auth.refresh);
    if (class_ == ERR_OK)
        class_ = load_auth_request(loader, node, "consent", "auth.consent",
                                   &connector->auth_plan.consent);
    if (class_ == ERR_OK)
        class_ = load_token_read(loader, yaml_get(node, STR("read")));
    if (class_ == ERR_OK)
        class_ = check_auth(loader, node);
    if (class_ == ERR_OK)
        class_ = load_place(loader, put, &connector->auth_put, &connector->auth_put_name);
    if (class_ == ERR_OK)
        class_ = load_template_text(loader, put_as ? put_as : put,
                                    put_as ? put_as->text : STR("{token.access}"),
                                    &connector->auth_put_as);
    return class_ == ERR_OK ? load_accounts(loader, yaml_get(node, STR("accounts"))) : class_;
}

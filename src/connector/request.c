/* A request: every template evaluated once, signed, serialised once. The bytes that are signed are
 * the bytes that are sent. */
#include <string.h>

#include "connector/builder.h"

static const char HIDDEN[] = "***";

/* --- address --- */

/* A hole of the path may not reach into query or fragment: what stands there is not signed. */
static enum err_class path_check(struct builder *b, struct str path)
{
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.ptr[i];
        if (c <= ' ' || c == '?' || c == '#' || c == '\\' || c >= 0x7f)
            return err_set(b->err, ERR_CONFIG, "request_path",
                           "the path \"%.*s\" has a character that no path has", STR_ARG(path));
    }
    return ERR_OK;
}

static enum err_class host_make(struct builder *b, struct str *host)
{
    b->scope.of_host = true;
    enum err_class class_ = template_text(b->plan->host, &b->env, host, b->err);
    b->scope.of_host = false;
    if (class_ == ERR_OK && b->scope.bad_host.len > 0)
        return err_set(b->err, ERR_CONFIG, "host_setting",
                       "%.*s is no host name: it may have letters, digits, \".\" and \"-\", and a "
                       "port behind \":\"",
                       STR_ARG(b->scope.bad_host));
    return class_;
}

/* One "/" between the two; a request without a path is the host's address as it stands. */
static enum err_class address_join(struct builder *b, struct str host, struct str *out)
{
    bool ends = str_ends(host, STR("/")), starts = str_starts(b->path, STR("/"));
    const char *between = b->path.len > 0 && !ends && !starts ? "/" : "";
    struct str path = str_sub(b->path, ends && starts, b->path.len);
    *out = arena_printf(b->arena, "%.*s%s%.*s", STR_ARG(host), between, STR_ARG(path));
    return out->ptr ? ERR_OK : err_no_memory(b->err);
}

static enum err_class address_make(struct builder *b)
{
    struct str whole, base = b->scope.facts->base_url;
    struct url url;
    enum err_class class_ = template_text(b->plan->path, &b->env, &b->path, b->err);
    if (class_ == ERR_OK)
        class_ = path_check(b, b->path);
    whole = b->path;
    if (class_ == ERR_OK && b->plan->host) {
        struct str host;
        class_ = host_make(b, &host);
        if (class_ == ERR_OK)
            class_ = address_join(b, host, &whole);
    }
    if (class_ == ERR_OK)
        class_ = url_parse(whole, &url, b->err);
    if (class_ != ERR_OK)
        return class_;
    if (!b->plan->host)
        b->path = url.path;
    b->address = whole;
    if (base.len > 0) {
        while (str_ends(base, STR("/")))
            base.len--;
        b->address = arena_printf(b->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(url.path));
    }
    return b->address.ptr ? ERR_OK : err_no_memory(b->err);
}

/* name=value&… of a query or form. */
static void pairs_write(struct buf *out, const struct param_set *set)
{
    for (size_t i = 0; i < set->len; i++) {
        buf_add(out, i > 0 ? STR("&") : STR(""));
        percent_write(out, set->items[i].name);
        buf_add_char(out, '=');
        percent_write(out, set->items[i].text);
    }
}

static enum err_class url_make(struct builder *b, struct str *out)
{
    struct buf url;
    buf_init(&url, BODY_BYTES_MAX);
    buf_add(&url, b->address);
    if (b->sets[PLACE_QUERY].len > 0)
        buf_add_char(&url, '?');
    pairs_write(&url, &b->sets[PLACE_QUERY]);
    enum err_class class_ = builder_take(b, &url, out);
    if (class_ == ERR_OK && out->len > URL_BYTES_MAX)
        return err_set(b->err, ERR_BAD_REQUEST, "url_long",
                       "the address has %zu bytes, servers take %d", out->len, URL_BYTES_MAX);
    return class_;
}

/* --- body and headers --- */
static enum err_class body_make(struct builder *b, struct str *out)
{
    struct buf body;
    const struct param_set *json = &b->sets[PLACE_JSON];
    buf_init(&body, BODY_BYTES_MAX);
    if (b->plan->params[PLACE_JSON].len > 0) {
        buf_add_char(&body, '{');
        for (size_t i = 0; i < json->len; i++) {
            buf_add(&body, i > 0 ? STR(",") : STR(""));
            json_write_string(&body, json->items[i].name);
            buf_add_char(&body, ':');
            buf_add(&body, json->items[i].json);
        }
        buf_add_char(&body, '}');
    }
    pairs_write(&body, &b->sets[PLACE_FORM]);
    return builder_take(b, &body, out);
}

static enum err_class header_add(struct builder *b, struct request *out, struct str name,
                                 struct str value, bool secret)
{
    if (out->headers_len == sizeof out->headers / sizeof *out->headers)
        return err_set(b->err, ERR_CONFIG, "request_headers", "more than %zu request headers",
                       out->headers_len);
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] < ' ' || value.ptr[i] == 0x7f)
            return err_set(b->err, ERR_CONFIG, "request_header",
                           "the value of header %.*s has a control character", STR_ARG(name));
    out->headers[out->headers_len++] = (struct request_header){name, value, secret};
    return ERR_OK;
}

static enum err_class headers_make(struct builder *b, struct request *out)
{
    const struct param_set *set = &b->sets[PLACE_HEADER];
    bool typed = false;
    for (size_t i = 0; i < set->len; i++) {
        const struct param *param = &set->items[i];
        enum err_class class_ = header_add(b, out, param->name, param->text, param->secret);
        if (class_ != ERR_OK)
            return class_;
        typed |= str_eq_nocase(param->name, STR("content-type"));
    }
    if (typed || out->body.len == 0)
        return ERR_OK;
    bool json = b->plan->params[PLACE_JSON].len > 0;
    return header_add(b, out, STR("content-type"),
                      json ? STR("application/json")
                           : STR("application/x-www-form-urlencoded; charset=UTF-8"),
                      false);
}

/* --- signature --- */
static enum err_class signature_put(struct builder *b, struct str signature)
{
    const struct sign_plan *plan = b->connector->sign;
    struct param_set *set = &b->sets[plan->put];
    struct buf json;
    struct param param = {.name = plan->put_name, .text = signature};
    buf_init(&json, BODY_BYTES_MAX);
    json_write_string(&json, signature);
    set->items[set->len++] = param;
    return builder_take(b, &json, &set->items[set->len - 1].json);
}

static enum err_class sign(struct builder *b, struct str body, struct request *out)
{
    const struct sign_plan *plan = b->connector->sign;
    struct sign_input input = {.path = b->path, .body = body};
    size_t len = 0;
    for (size_t place = 0; place < PLACES; place++)
        len += plan->of[place] ? b->sets[place].len : 0;
    struct param *params = arena_array(b->arena, len + 1, sizeof *params);
    if (!params)
        return err_no_memory(b->err);
    for (size_t place = 0; place < PLACES; place++) {
        const struct param_set *set = &b->sets[place];
        if (!plan->of[place] || set->len == 0)
            continue;
        memcpy(params + input.params_len, set->items, set->len * sizeof *params);
        input.params_len += set->len;
    }
    input.params = params;
    bool again = b->signature.len > 0;
    enum err_class class_ = sign_make(plan, &b->scope, &b->env, &input, &out->signed_text_shown,
                                      again ? NULL : &b->signature, b->err);
    if (class_ != ERR_OK)
        return class_;
    out->signature_shown = b->signature;
    return signature_put(b, b->signature);
}

static enum err_class build(struct builder *b, struct request *out)
{
    const struct sign_plan *sign_plan = b->plan->sign ? b->connector->sign : NULL;
    bool in_body = sign_plan && (sign_plan->put == PLACE_JSON || sign_plan->put == PLACE_FORM);
    enum err_class class_ = address_make(b);
    if (class_ == ERR_OK)
        class_ = builder_params(b);
    /* A signature inside the body comes before the body is written, any other one after it. */
    if (class_ == ERR_OK && in_body)
        class_ = sign(b, STR(""), out);
    if (class_ == ERR_OK)
        class_ = body_make(b, &out->body);
    if (class_ == ERR_OK && sign_plan && !in_body)
        class_ = sign(b, out->body, out);
    if (class_ == ERR_OK)
        class_ = url_make(b, &out->url);
    if (class_ == ERR_OK)
        class_ = headers_make(b, out);
    out->method = b->plan->post ? STR("POST") : STR("GET");
    return class_;
}

static void builder_init(struct builder *b, const struct connector *connector,
                         const struct endpoint *endpoint, const struct facts *facts,
                         const char *hide, struct arena *arena, struct err *err)
{
    *b = (struct builder){
        .connector = connector, .plan = endpoint->plan, .arena = arena, .err = err};
    b->scope = (struct scope){
        .connector = connector, .facts = facts, .stream = endpoint->plan->stream, .arena = arena};
    b->env = scope_env(&b->scope, hide);
}

enum err_class connector_request(const struct connector *connector, const struct endpoint *endpoint,
                                 const struct facts *facts, bool shown, struct arena *arena,
                                 struct request *out, struct err *err)
{
    struct builder b;
    *out = (struct request){.headers_len = 0};
    builder_init(&b, connector, endpoint, facts, NULL, arena, err);
    enum err_class class_ = build(&b, out);
    /* The text that was signed holds the secret: only the hidden one leaves this function. */
    out->signed_text_shown = STR_NONE;
    if (class_ != ERR_OK || !shown)
        return class_;

    struct request hidden = {.headers_len = 0};
    struct str signature = b.signature;
    builder_init(&b, connector, endpoint, facts, HIDDEN, arena, err);
    b.signature = signature;
    class_ = build(&b, &hidden);
    out->url_shown = hidden.url;
    out->body_shown = hidden.body;
    out->signed_text_shown = hidden.signed_text_shown;
    return class_;
}

enum err_class connector_consent_url(const struct connector *connector, const struct facts *facts,
                                     struct arena *arena, struct str *out, struct err *err)
{
    struct request request;
    if (!connector->auth_plan.consent)
        return err_set(err, ERR_USAGE, "no_consent",
                       "%.*s has no consent page: its token comes another way",
                       STR_ARG(connector->platform));
    enum err_class class_ = connector_request(connector, connector->auth_plan.consent, facts, false,
                                              arena, &request, err);
    *out = request.url;
    return class_;
}

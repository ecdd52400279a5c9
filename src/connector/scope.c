/* What the names of templates and predicates mean: facts of a call, parts of a reply. */
#include "connector/plan.h"

static struct value text_or_absent(struct str text, bool secret)
{
    struct value value = value_text(text);
    value.secret = secret;
    if (text.len == 0)
        value.kind = VALUE_ABSENT;
    return value;
}

static struct str setting_find(const struct setting *settings, size_t len, struct str name)
{
    for (size_t i = 0; i < len; i++)
        if (str_eq(settings[i].name, name))
            return settings[i].value;
    return STR_NONE;
}

struct str scope_option(const struct stream *stream, const struct facts *facts, struct str name)
{
    struct str chosen = setting_find(facts->options, facts->options_len, name);
    for (size_t i = 0; chosen.len > 0 && i < stream->options_len; i++) {
        const struct stream_option *option = &stream->options[i];
        bool allowed = option->values_len == 0 || !str_eq(option->name, name);
        for (size_t j = 0; !allowed && j < option->values_len; j++)
            allowed = str_eq(option->values[j], chosen);
        /* app checks choices when they are made; one from an older manifest is as if not made. */
        if (!allowed)
            return STR_NONE;
    }
    return chosen;
}

static bool need_is_secret(const struct connector *connector, bool of_app, struct str name)
{
    for (size_t i = 0; i < connector->needs_len[of_app]; i++)
        if (str_eq(connector->needs[of_app][i].name, name))
            return connector->needs[of_app][i].secret;
    return false;
}

static struct value lookup_app(const struct scope *scope, struct str name)
{
    const struct facts *facts = scope->facts;
    if (str_eq(name, STR("key")))
        return text_or_absent(facts->app.key, need_is_secret(scope->connector, true, name));
    if (str_eq(name, STR("secret")))
        return text_or_absent(facts->app.secret, true);
    return text_or_absent(setting_find(facts->app.settings, facts->app.settings_len, name),
                          need_is_secret(scope->connector, true, name));
}

static struct value lookup_shop(const struct scope *scope, struct str name)
{
    const struct facts *facts = scope->facts;
    if (str_eq(name, STR("id")))
        return value_int(facts->shop.id);
    if (str_eq(name, STR("name")))
        return text_or_absent(facts->shop.name, false);
    if (str_eq(name, STR("external_id")))
        return text_or_absent(facts->shop.external_id, false);
    return text_or_absent(setting_find(facts->shop.settings, facts->shop.settings_len, name),
                          need_is_secret(scope->connector, false, name));
}

/* `kind` is "updated", "created" or "window", which is either, or the days of figures. */
static struct value lookup_window(const struct scope *scope, struct str kind, struct str name)
{
    const struct facts *facts = scope->facts;
    bool days = scope->stream && scope->stream->figures.of;
    if (!days && (facts->window.by.len == 0 ||
                  (!str_eq(kind, STR("window")) && !str_eq(kind, facts->window.by))))
        return (struct value){.kind = VALUE_ABSENT};
    return value_time(str_eq(name, STR("from")) ? facts->window.from_ms : facts->window.to_ms);
}

int64_t scope_page_size(const struct stream *stream, const struct facts *facts)
{
    int64_t max = stream->plan->size_max;
    if (facts->page.total_only)
        return 1;
    if (facts->page.size <= 0)
        return stream->pages.size;
    return facts->page.size < max ? facts->page.size : max;
}

static struct value lookup_page(const struct scope *scope, struct str name)
{
    const struct facts *facts = scope->facts;
    if (str_eq(name, STR("size")))
        return value_int(scope_page_size(scope->stream, facts));
    if (str_eq(name, STR("number")))
        return value_int(facts->page.total_only ? scope->stream->pages.first : facts->page.number);
    bool first = facts->page.total_only || facts->page.position.len == 0;
    return text_or_absent(first ? scope->stream->plan->cursor_first : facts->page.position, false);
}

/* An id that is no integer stays text: the platform then says which one it does not like. */
static struct value lookup_ids(const struct scope *scope, bool integers)
{
    const struct facts *facts = scope->facts;
    struct value *items = arena_array(scope->arena, facts->ids_len, sizeof *items);
    struct value list = {.kind = VALUE_ABSENT};
    if (!items || facts->ids_len == 0)
        return list;
    for (size_t i = 0; i < facts->ids_len; i++) {
        int64_t number;
        bool whole = integers && str_to_i64(facts->ids[i], &number);
        items[i] = whole ? value_int(number) : value_text(facts->ids[i]);
    }
    return (struct value){.kind = VALUE_LIST, .items = items, .items_len = facts->ids_len};
}

/* body.PATH, record.PATH: rare (rules of errors, accounts), so the path is compiled where it is
 * asked. */
static struct value lookup_member(const struct scope *scope, const struct json *root,
                                  struct str path_text)
{
    struct path *path;
    if (!root || path_compile(path_text, scope->arena, &path, NULL) != ERR_OK)
        return (struct value){.kind = VALUE_ABSENT};
    return value_of_json(path_get(path, root));
}

static struct value lookup_header(const struct scope *scope, struct str name)
{
    const struct reply *reply = scope->reply;
    for (size_t i = 0; reply && i < reply->headers_len; i++)
        if (str_eq_nocase(reply->headers[i].name, name))
            return value_text(reply->headers[i].value);
    return (struct value){.kind = VALUE_ABSENT};
}

static struct value lookup_plain(const struct scope *scope, struct str name)
{
    if (str_eq(name, STR("now")))
        return value_time(scope->facts->now_ms);
    if (str_eq(name, STR("nonce")))
        return text_or_absent(scope->facts->nonce, false);
    if (str_eq(name, STR("ids")))
        return lookup_ids(scope, false);
    if (str_eq(name, STR("path")))
        return value_text(scope->path);
    if (str_eq(name, STR("pairs")))
        return value_text(scope->pairs);
    if (str_eq(name, STR("body")))
        return value_text(scope->body);
    if (str_eq(name, STR("sent")))
        return value_text(scope->sent);
    if (str_eq(name, STR("key")))
        return value_text(scope->key);
    if (str_eq(name, STR("value")))
        return value_text(scope->value);
    if (str_eq(name, STR("code")))
        return value_of_json(scope->code);
    if (str_eq(name, STR("message")))
        return text_or_absent(scope->message, false);
    if (str_eq(name, STR("http")) && scope->reply)
        return value_int(scope->reply->status);
    return (struct value){.kind = VALUE_ABSENT};
}

static struct value lookup_under(const struct scope *scope, struct str owner, struct str name)
{
    if (str_eq(owner, STR("app")))
        return lookup_app(scope, name);
    if (str_eq(owner, STR("shop")))
        return lookup_shop(scope, name);
    if (str_eq(owner, STR("token")))
        return text_or_absent(str_eq(name, STR("access")) ? scope->facts->access_token
                                                          : scope->facts->refresh_token,
                              true);
    if (str_eq(owner, STR("auth")))
        return text_or_absent(scope->facts->auth_code, true);
    if (str_eq(owner, STR("page")) && scope->stream)
        return lookup_page(scope, name);
    if (str_eq(owner, STR("ids")))
        return lookup_ids(scope, true);
    if (str_eq(owner, STR("option")) && scope->stream)
        return text_or_absent(scope_option(scope->stream, scope->facts, name), false);
    if (str_eq(owner, STR("body")))
        return lookup_member(scope, scope->root, name);
    if (str_eq(owner, STR("record")))
        return lookup_member(scope, scope->record, name);
    if (str_eq(owner, STR("header")))
        return lookup_header(scope, name);
    return lookup_window(scope, owner, name);
}

/* "shop.example", "eu", "10.0.0.1:8443". Anything else could lead a call and its token elsewhere. */
static bool fits_host(struct str text)
{
    struct str host, port;
    uint64_t number;
    if (str_cut(text, ':', &host, &port) && (port.len > 5 || !str_to_u64(port, &number)))
        return false;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '.' && c != '-')
            return false;
    }
    return true;
}

static bool lookup(void *context, struct str name, struct value *out)
{
    struct scope *scope = context;
    struct str owner, member;
    *out = str_cut(name, '.', &owner, &member) ? lookup_under(scope, owner, member)
                                               : lookup_plain(scope, name);
    if (scope->of_host && out->kind == VALUE_TEXT && !fits_host(out->text))
        scope->bad_host = name;
    return out->kind != VALUE_ABSENT;
}

const struct zone *scope_zone(const struct connector *connector, const struct stream *stream,
                              const struct facts *facts)
{
    if (connector->zone_of_shop && facts->zone)
        return facts->zone;
    return stream ? stream->zone : connector->zone;
}

struct expr_env scope_env(struct scope *scope, const char *hide)
{
    return (struct expr_env){
        .lookup = lookup,
        .context = scope,
        .zone = scope_zone(scope->connector, scope->stream, scope->facts),
        .arena = scope->arena,
        .hide = hide,
    };
}

/* Values of options as people may see them. */
#include "app/option_internal.h"

/* Parameters of an address that hold no secret, whatever their value. The others are shown as ***: a
 * name that nobody knows may be another way of saying a password. */
static const char *const open_parameters[] = {
    "application_name",
    "connect_timeout",
    "dbname",
    "gssencmode",
    "host",
    "hostaddr",
    "keepalives",
    "prefix",
    "port",
    "service",
    "socket",
    "sslca",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "user",
};

static bool parameter_is_open(struct str name)
{
    for (size_t i = 0; i < sizeof(open_parameters) / sizeof(open_parameters[0]); i++)
        if (str_eq(name, str_of(open_parameters[i])))
            return true;
    return false;
}

static void parameters_write(struct buf *out, struct str query)
{
    struct str pair, name, value;
    for (bool first = true; query.len > 0; first = false) {
        str_cut(query, '&', &pair, &query);
        bool whole = str_cut(pair, '=', &name, &value);
        if (!first)
            buf_add_char(out, '&');
        if (whole && parameter_is_open(name))
            buf_add(out, pair);
        else
            buf_printf(out, "%.*s=***", STR_ARG(whole ? name : STR("")));
    }
}

/* USER:PASSWORD@ without the password. */
static void user_write(struct buf *out, struct str user)
{
    struct str name, password;
    bool has_password = str_cut(user, ':', &name, &password);
    buf_printf(out, "%.*s%s@", STR_ARG(name), has_password ? ":***" : "");
}

/* SCHEME://[USER[:PASSWORD]@]HOST…[/DATABASE][?PARAMETERS]. An @, / or ? in a password, which ought to have been
 * written as %XX, makes it unclear where it ends: then everything is hidden. */
static struct str address_shown(struct str text, struct arena *arena)
{
    struct str scheme, rest, user = STR_NONE, place, query;
    struct buf out;
    size_t mark = str_find(text, STR("://"));
    if (mark == SIZE_MAX)
        return STR("***");
    scheme = str_sub(text, 0, mark);
    rest = str_sub(text, mark + 3, text.len);
    size_t at = str_find_char(rest, '@');
    size_t slash = str_find_char(rest, '/'), question = str_find_char(rest, '?');
    bool clear = at == SIZE_MAX ||
                 (at < slash && at < question &&
                  str_find_char(str_sub(rest, at + 1, rest.len), '@') == SIZE_MAX);
    buf_init(&out, URL_BYTES_MAX);
    buf_printf(&out, "%.*s://", STR_ARG(scheme));
    if (!clear) {
        buf_add(&out, STR("***"));
    } else {
        if (at != SIZE_MAX) {
            user = str_sub(rest, 0, at);
            rest = str_sub(rest, at + 1, rest.len);
            user_write(&out, user);
        }
        bool has_query = str_cut(rest, '?', &place, &query);
        buf_add(&out, place);
        if (has_query) {
            buf_add_char(&out, '?');
            parameters_write(&out, query);
        }
    }
    struct str shown = out.failed ? STR_NONE : arena_dup(arena, buf_str(&out));
    buf_fini(&out);
    return shown.ptr ? shown : STR("***");
}

struct str option_shown(const struct option_value *value, struct arena *arena)
{
    const struct option *option = &option_table()[value->id];
    bool address = option->type == OPTION_DATABASE || option->type == OPTION_COORDINATOR;
    if (address && str_find(value->text, STR("://")) != SIZE_MAX &&
        !str_starts(value->text, STR("sqlite:")))
        return address_shown(value->text, arena);
    return option->secret && value->text.len > 0 ? STR("***") : value->text;
}

struct str option_text_shown(const struct options *options, enum option_id id, struct arena *arena)
{
    const struct option_value *value = option_value_find(options, id, STR_NONE);
    return value ? option_shown(value, arena) : option_text(options, id);
}

static const struct option_value *value_of(const struct options *options, enum option_id id)
{
    for (size_t i = 0; i < options->values_len; i++) {
        if (options->values[i].id == id && options->values[i].platform.len == 0)
            return &options->values[i];
    }
    return NULL;
}

void options_each(const struct options *options, struct arena *arena, option_each *each,
                  void *context)
{
    for (enum option_id id = 0; id < OPTIONS; id++) {
        const struct option *option = &option_table()[id];
        const struct option_value *value = value_of(options, id);
        if (value)
            each(context, str_of(option->key), option, option_shown(value, arena), value->origin);
        else if (str_find_char(str_of(option->key), '*') == SIZE_MAX)
            each(context, str_of(option->key), option, str_of(option->standard), OPTION_STANDARD);
    }
    for (size_t i = 0; i < options->values_len; i++) {
        const struct option_value *value = &options->values[i];
        const struct option *option = &option_table()[value->id];
        struct str head, tail;
        if (value->platform.len == 0 || !str_cut(str_of(option->key), '*', &head, &tail))
            continue;
        struct str key = arena_printf(arena, "%.*s%.*s%.*s", STR_ARG(head),
                                      STR_ARG(value->platform), STR_ARG(tail));
        each(context, key, option, option_shown(value, arena), value->origin);
    }
}

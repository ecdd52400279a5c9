/* The request of ours that an old one means. */
#include <string.h>

#include "api/old.h"

/* Of the path, a JSON body or the query; empty: it is not given. Old pages send parameters that they leave empty. */
static struct str old_value(const struct old_call *old, const struct http_request *request,
                            const struct json *body, struct str name)
{
    struct str rest = old->route->path, before, after;
    for (size_t i = 0; str_cut(rest, '{', &before, &after); i++) {
        struct str own;
        str_cut(after, '}', &own, &rest);
        if (str_eq(own, name))
            return old->values[i];
    }
    const struct json *member = json_get(body, name);
    if (json_kind_of(member) == JSON_STRING || json_kind_of(member) == JSON_NUMBER)
        return json_text(member);
    return str_trim(http_query(request, name));
}

static struct str word_of(const struct old_words *words, struct str old)
{
    for (size_t i = 0; i < words->len; i++)
        if (str_eq(words->words[i].old, old))
            return words->words[i].ours;
    return STR_NONE;
}

static enum err_class word_refuse(const struct old_words *words, struct str name, struct str value,
                                  struct err *err)
{
    char memory[300];
    struct buf names;
    buf_init_lent(&names, memory, sizeof(memory));
    for (size_t i = 0; i < words->len; i++)
        buf_printf(&names, i > 0 ? ", %.*s" : "%.*s", STR_ARG(words->words[i].old));
    return err_set(err, ERR_USAGE, "parameter_word", "%.*s is one of %.*s, not %.*s", STR_ARG(name),
                   STR_ARG(buf_str(&names)), STR_ARG(utf8_cut(value, 40)));
}

/* --- pages --- */

static enum err_class page_number(struct str name, struct str text, int64_t standard, int64_t *out,
                                  struct err *err)
{
    *out = standard;
    if (text.len == 0 || str_to_i64(text, out))
        return ERR_OK;
    return err_set(err, ERR_USAGE, "parameter_integer", "%.*s is a whole number", STR_ARG(name));
}

/* A page larger than one of ours is several of them, as long as it can be cut into equal ones. */
static bool pages_cut(struct old_pages *pages)
{
    for (int64_t parts = 1; parts <= 4 * OLD_ROWS_MAX / OLD_PAGE_ROWS_MAX; parts++) {
        pages->limit = pages->size / parts;
        pages->first = (pages->number - 1) * parts + 1;
        if (pages->size % parts == 0 && pages->limit <= OLD_PAGE_ROWS_MAX)
            return true;
    }
    return false;
}

enum err_class old_pages_read(const struct old_call *old, const struct http_request *request,
                              const struct json *body, struct old_pages *out, struct err *err)
{
    const struct old_paging *paging = &old->route->paging;
    *out = (struct old_pages){.number = 1};
    if (!paging->size.ptr)
        return ERR_OK;
    enum err_class class_ = page_number(
        paging->number, old_value(old, request, body, paging->number), 1, &out->number, err);
    if (class_ == ERR_OK)
        class_ = page_number(paging->size, old_value(old, request, body, paging->size),
                             paging->standard, &out->size, err);
    if (class_ != ERR_OK)
        return class_;
    if (out->size <= 0) /* the old page's word for "all": as many as one answer holds */
        out->size = OLD_ROWS_MAX;
    if (out->number < 1)
        out->number = 1;
    out->rows = out->size;
    if (out->size <= OLD_ROWS_MAX && out->number <= 1000000 && pages_cut(out))
        return ERR_OK;
    return err_set(err, ERR_USAGE, "parameter_range",
                   "%.*s is 1 to 1000, or up to %d where it can be cut into equal pages",
                   STR_ARG(paging->size), OLD_ROWS_MAX);
}

/* --- the request --- */

/* {name} in our path is the old path's value of that name. */
static struct str path_make(const struct old_call *old, const struct http_request *request,
                            struct arena *arena)
{
    struct str rest = old->route->our_path, before, after, name;
    struct buf made;
    buf_init(&made, URL_BYTES_MAX * 3);
    while (str_cut(rest, '{', &before, &after)) {
        str_cut(after, '}', &name, &rest);
        buf_add(&made, before);
        percent_write(&made, old_value(old, request, NULL, name));
    }
    buf_add(&made, rest);
    struct str path = made.failed ? STR_NONE : arena_dup(arena, buf_str(&made));
    buf_fini(&made);
    return path;
}

/* Parameters of ours, in the query or as members of a JSON body. */
struct writer {
    struct http_request *to;
    struct buf body;
    bool in_body, any;
};

static void list_write(struct buf *out, struct str texts)
{
    buf_add_char(out, '[');
    for (struct str text, rest = texts; rest.len > 0;) {
        str_cut(rest, ',', &text, &rest);
        json_write_string(out, str_trim(text));
        if (rest.len > 0)
            buf_add_char(out, ',');
    }
    buf_add_char(out, ']');
}

/* In a query what is too much for one is left out: our route then lacks it, and says so. */
static void param_put(struct writer *writer, struct str name, struct str value, enum old_form form)
{
    struct http_request *to = writer->to;
    if (!writer->in_body) {
        if (to->query_len < HTTP_QUERY_MAX)
            to->query[to->query_len++] = (struct http_pair){name, value};
        return;
    }
    buf_add_char(&writer->body, writer->any ? ',' : '{');
    writer->any = true;
    json_write_string(&writer->body, name);
    buf_add_char(&writer->body, ':');
    if (form == OLD_LIST)
        list_write(&writer->body, value);
    else if (form == OLD_DIGITS)
        buf_add(&writer->body, value);
    else
        json_write_string(&writer->body, value);
}

static enum err_class params_put(struct writer *writer, const struct old_call *old,
                                 const struct http_request *request, const struct json *body,
                                 struct err *err)
{
    for (size_t i = 0; i < old->route->params_len; i++) {
        const struct old_param *param = &old->route->params[i];
        struct str value = old_value(old, request, body, param->name);
        int64_t number;
        if (value.len == 0)
            value = param->standard;
        if (value.len == 0)
            continue;
        struct str ours = param->words.len > 0 ? word_of(&param->words, value) : value;
        if (!ours.ptr)
            return word_refuse(&param->words, param->name, value, err);
        if (param->form == OLD_DIGITS && !str_to_i64(ours, &number))
            return err_set(err, ERR_USAGE, "parameter_integer", "%.*s is a whole number",
                           STR_ARG(param->name));
        if (ours.len > 0)
            param_put(writer, param->to, ours, param->form);
    }
    for (size_t i = 0; i < old->route->with_len; i++)
        param_put(writer, old->route->with[i].to, old->route->with[i].standard,
                  old->route->with[i].form);
    return ERR_OK;
}

static enum err_class sort_put(struct writer *writer, const struct old_call *old,
                               const struct http_request *request, const struct json *body,
                               struct err *err)
{
    const struct old_sort *sort = &old->route->sort;
    if (!sort->by.ptr)
        return ERR_OK;
    struct str by = old_value(old, request, body, sort->by);
    struct str order = old_value(old, request, body, sort->order);
    bool up = str_eq_nocase(order, STR("asc")) || str_eq_nocase(order, STR("ascending"));
    if (!up && order.len > 0 && !str_eq_nocase(order, STR("desc")) &&
        !str_eq_nocase(order, STR("descending")))
        return err_set(err, ERR_USAGE, "parameter_word", "%.*s is asc or desc",
                       STR_ARG(sort->order));
    struct str column = by.len > 0 ? word_of(&sort->words, by) : sort->standard;
    if (!column.ptr)
        return word_refuse(&sort->words, sort->by, by, err);
    param_put(writer, STR("sort"),
              up ? column : arena_printf(writer->to->arena, "-%.*s", STR_ARG(column)), OLD_TEXT);
    return ERR_OK;
}

static void pages_put(struct writer *writer, const struct old_call *old,
                      const struct old_pages *pages, struct str cursor)
{
    struct arena *arena = writer->to->arena;
    if (!old->route->paging.size.ptr)
        return;
    param_put(writer, STR("limit"), arena_printf(arena, "%lld", (long long)pages->limit), OLD_TEXT);
    if (cursor.len > 0)
        param_put(writer, STR("cursor"), cursor, OLD_TEXT);
    else
        param_put(writer, STR("page"), arena_printf(arena, "%lld", (long long)pages->first),
                  OLD_TEXT);
}

/* What a caller says about the form of the answer speaks of the old one. */
static bool header_passes(struct str name)
{
    static const char *const kept_back[] = {"If-None-Match",   "If-Match",       "Accept-Encoding",
                                            "Content-Type",    "Content-Length", "Accept",
                                            "Content-Encoding"};
    for (size_t i = 0; i < sizeof(kept_back) / sizeof(*kept_back); i++)
        if (str_eq_nocase(name, str_of(kept_back[i])))
            return false;
    return true;
}

static void headers_put(struct http_request *to, const struct http_request *from)
{
    for (size_t i = 0; i < from->headers_len; i++)
        if (header_passes(from->headers[i].name))
            to->headers[to->headers_len++] = from->headers[i];
    if (to->headers_len < HEADERS_MAX)
        to->headers[to->headers_len++] = (struct http_pair){STR("Content-Type"),
                                                            STR("application/json")};
}

enum err_class old_request_make(const struct old_call *old, const struct http_request *request,
                                const struct json *body, const struct old_pages *pages,
                                struct str cursor, struct http_request **out, struct err *err)
{
    struct http_request *to = arena_alloc(request->arena, sizeof(*to));
    if (!to)
        return err_no_memory(err);
    struct writer writer = {.to = to, .in_body = !str_eq(old->route->our_method, STR("GET"))};
    to->method = old->route->our_method;
    to->path = to->path_raw = path_make(old, request, request->arena);
    to->peer = request->peer;
    to->arrived_ms = request->arrived_ms;
    to->arrived_monotonic_ns = request->arrived_monotonic_ns;
    to->arena = request->arena;
    headers_put(to, request);
    buf_init(&writer.body, HTTP_BODY_BYTES_MAX);
    enum err_class class_ = params_put(&writer, old, request, body, err);
    if (class_ == ERR_OK)
        class_ = sort_put(&writer, old, request, body, err);
    if (class_ == ERR_OK)
        pages_put(&writer, old, pages, cursor);
    if (writer.any)
        buf_add_char(&writer.body, '}');
    to->body = arena_dup(request->arena, buf_str(&writer.body));
    if (class_ == ERR_OK && (writer.body.failed || !to->path.ptr || !to->body.ptr))
        class_ = err_no_memory(err);
    buf_fini(&writer.body);
    *out = to;
    return class_;
}

/* multipart/form-data (RFC 7578): what the form of a page sends, taken apart where it lies. libmicrohttpd's own processor wants
 * the connection and gives copies piece by piece; here the body is whole already, and a handler may be tested without a socket. */
#include <string.h>

#include "http/http.h"

enum { BOUNDARY_BYTES_MAX = 70, HEADER_LINES_MAX = 16, HEADER_BYTES_MAX = 4096 };

static enum err_class broken(struct err *err, const char *why)
{
    return err_set(err, ERR_BAD_REQUEST, "form_broken", "the form is no multipart/form-data: %s",
                   why);
}

/* The value of a parameter behind `;` of a header's value, quoted or not. A quotation mark in it is sent as %22 by browsers and
 * as \" by others. */
static bool parameter_take(struct str header, struct str name, struct arena *arena, struct str *out)
{
    struct str rest = header;
    size_t semicolon;
    while ((semicolon = str_find_char(rest, ';')) != SIZE_MAX) {
        rest = str_trim(str_sub(rest, semicolon + 1, rest.len));
        size_t equals = str_find_char(rest, '=');
        bool ours = equals != SIZE_MAX && str_eq_nocase(str_trim(str_sub(rest, 0, equals)), name);
        if (equals == SIZE_MAX || equals > str_find_char(rest, ';'))
            continue;
        rest = str_sub(rest, equals + 1, rest.len);
        if (!str_starts(rest, STR("\""))) {
            if (ours)
                *out = str_trim(str_sub(rest, 0, str_find_char(rest, ';')));
            if (ours)
                return true;
            continue;
        }
        size_t at = 1, len = 0;
        char *text = arena_alloc(arena, rest.len + 1);
        if (!text)
            return false;
        for (; at < rest.len && rest.ptr[at] != '"'; at++) {
            bool escape = rest.ptr[at] == '\\' && at + 1 < rest.len &&
                          (rest.ptr[at + 1] == '"' || rest.ptr[at + 1] == '\\');
            at += escape;
            if (str_starts(str_sub(rest, at, rest.len), STR("%22"))) {
                text[len++] = '"';
                at += 2;
            } else {
                text[len++] = rest.ptr[at];
            }
        }
        if (ours)
            *out = (struct str){text, len};
        if (ours)
            return at < rest.len;
        rest = str_sub(rest, at, rest.len);
    }
    return false;
}

bool http_is_form(struct str content_type)
{
    struct str kind = str_trim(str_sub(content_type, 0, str_find_char(content_type, ';')));
    return str_eq_nocase(kind, STR("multipart/form-data"));
}

static bool text_good(struct str text)
{
    for (size_t at = 0, bytes; at < text.len; at += bytes)
        if ((bytes = str_utf8_at(text, at)) == 0)
            return false;
    return text.len == 0 || memchr(text.ptr, '\0', text.len) == NULL;
}

/* The lines above a part's value, which are taken off the rest. */
static enum err_class headers_take(struct str *rest, struct arena *arena, struct http_part *part,
                                   struct err *err)
{
    struct str line, value, name;
    bool named = false;
    const size_t whole = rest->len;
    for (int i = 0; i < HEADER_LINES_MAX; i++) {
        size_t end = str_find(*rest, STR("\r\n"));
        if (end == SIZE_MAX || whole - rest->len + end > HEADER_BYTES_MAX)
            return broken(err, "the lines above a value do not end");
        line = str_sub(*rest, 0, end);
        *rest = str_sub(*rest, end + 2, rest->len);
        if (line.len == 0)
            return named ? ERR_OK : broken(err, "a part has no name");
        if (!str_cut(line, ':', &name, &value) ||
            !str_eq_nocase(str_trim(name), STR("Content-Disposition")))
            continue;
        named = parameter_take(value, STR("name"), arena, &part->name);
        part->is_file = parameter_take(value, STR("filename"), arena, &part->file_name);
        if (!text_good(part->name) || !text_good(part->file_name))
            return broken(err, "a name is not UTF-8");
    }
    return broken(err, "a part has too many lines above its value");
}

enum err_class http_form_read(struct str content_type, struct str body, struct arena *arena,
                              struct http_part parts[HTTP_PARTS_MAX], size_t *len, struct err *err)
{
    struct str boundary = STR_NONE, rest = body;
    *len = 0;
    if (!parameter_take(content_type, STR("boundary"), arena, &boundary) || boundary.len == 0 ||
        boundary.len > BOUNDARY_BYTES_MAX)
        return broken(err, "its header names no boundary of 1 to 70 bytes");
    struct str mark = arena_printf(arena, "\r\n--%.*s", STR_ARG(boundary));
    if (!mark.ptr)
        return err_no_memory(err);
    /* The first one has no line before it, unless something stands there that is nobody's. */
    struct str first = str_sub(mark, 2, mark.len);
    size_t at = str_starts(body, first) ? 0 : str_find(body, mark);
    if (at == SIZE_MAX)
        return broken(err, "its boundary does not stand in it");
    rest = str_sub(body, at + (at == 0 && str_starts(body, first) ? first.len : mark.len),
                   body.len);
    while (!str_starts(rest, STR("--"))) {
        struct http_part part = {.name = STR("")};
        if (!str_starts(rest, STR("\r\n")))
            return broken(err, "behind a boundary stands something else than a line's end");
        if (*len == HTTP_PARTS_MAX)
            return err_set(err, ERR_BAD_REQUEST, "form_many", "a form has at most %d parts",
                           HTTP_PARTS_MAX);
        rest = str_sub(rest, 2, rest.len);
        enum err_class class_ = headers_take(&rest, arena, &part, err);
        if (class_ != ERR_OK)
            return class_;
        /* An empty value: its end is the line's end that was taken with the headers. */
        size_t end = str_starts(rest, first) ? 0 : str_find(rest, mark);
        if (end == SIZE_MAX)
            return broken(err, "it is cut off: the last boundary is not there");
        part.value = str_sub(rest, 0, end);
        parts[(*len)++] = part;
        rest = str_sub(rest, end == 0 && str_starts(rest, first) ? first.len : end + mark.len,
                       rest.len);
    }
    return ERR_OK;
}

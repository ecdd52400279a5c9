/* Reading `.env` files. */
#include "app/dotenv.h"

#include "app/message.h"
#include "format/format.h"

void dotenv_init(struct dotenv *dotenv, struct str file, struct str text, struct arena *arena)
{
    /* Editors on Windows put a mark in front. */
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_sub(text, 3, text.len);
    *dotenv = (struct dotenv){.file = file, .rest = text, .arena = arena};
}

static enum err_class refuse(const struct dotenv *dotenv, enum message_id why, struct err *err)
{
    err_say(err, ERR_CONFIG, "dotenv_syntax", why, M_END);
    err_prefix(err, "%.*s:%u", STR_ARG(dotenv->file), dotenv->line);
    return ERR_CONFIG;
}

static bool name_is_good(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.len > 0;
}

static char escape_of(char c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

/* What stands between double quotes; `text` begins behind the first. */
static enum err_class double_quoted(struct dotenv *dotenv, struct str text, struct str *value,
                                    struct err *err)
{
    char *out = arena_alloc(dotenv->arena, text.len + 1);
    if (!out)
        return err_no_memory(err);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"') {
            *value = (struct str){out, len};
            return ERR_OK;
        }
        bool escape = text.ptr[i] == '\\' && i + 1 < text.len;
        out[len++] = escape ? escape_of(text.ptr[++i]) : text.ptr[i];
    }
    return refuse(dotenv, MSG_DOTENV_QUOTE, err);
}

static enum err_class value_read(struct dotenv *dotenv, struct str text, struct str *value,
                                 struct err *err)
{
    struct str tail;
    text = str_trim(text);
    if (str_starts(text, STR("\"")))
        return double_quoted(dotenv, str_sub(text, 1, text.len), value, err);
    if (str_starts(text, STR("'"))) {
        if (!str_cut(str_sub(text, 1, text.len), '\'', value, &tail))
            return refuse(dotenv, MSG_DOTENV_QUOTE, err);
        return ERR_OK;
    }
    size_t comment = str_starts(text, STR("#")) ? 0 : str_find(text, STR(" #"));
    *value = str_trim(str_sub(text, 0, comment));
    return ERR_OK;
}

enum err_class dotenv_next(struct dotenv *dotenv, struct str *name, struct str *value,
                           struct err *err)
{
    *name = *value = STR_NONE;
    while (dotenv->rest.len > 0) {
        struct str line, text;
        str_cut(dotenv->rest, '\n', &line, &dotenv->rest);
        dotenv->line++;
        line = str_trim(line);
        if (line.len == 0 || str_starts(line, STR("#")))
            continue;
        if (str_starts(line, STR("export ")))
            line = str_trim(str_sub(line, 7, line.len));
        if (!utf8_valid(line, NULL))
            return refuse(dotenv, MSG_DOTENV_UTF8, err);
        if (!str_cut(line, '=', name, &text))
            return refuse(dotenv, MSG_DOTENV_LINE, err);
        *name = str_trim(*name);
        if (!name_is_good(*name))
            return refuse(dotenv, MSG_DOTENV_LINE, err);
        return value_read(dotenv, text, value, err);
    }
    return ERR_OK;
}

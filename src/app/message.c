/* The catalogue of texts, and filling in their arguments. */
#include "app/message.h"

#include <assert.h>
#include <stdlib.h>

static const struct said catalogue[MESSAGES] = {
#define MESSAGE(id, en, zh) [id] = {en, zh},
#include "app/messages.def"
#undef MESSAGE
};

static enum language language;

static bool locale_is_chinese(void)
{
    /* libc's order: the first variable that is set and not empty decides alone. */
    const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct str value = str_of(getenv(names[i]));
        if (value.len > 0)
            return str_starts(value, STR("zh"));
    }
    return false;
}

void language_set(struct str wanted)
{
    bool chinese = str_eq(wanted, STR("zh")) || (!str_eq(wanted, STR("en")) && locale_is_chinese());
    language = chinese ? LANGUAGE_ZH : LANGUAGE_EN;
}

static _Thread_local bool borrows;
static _Thread_local enum language borrowed;

void language_borrow(enum language wanted)
{
    borrows = true;
    borrowed = wanted;
}

void language_own(void)
{
    borrows = false;
}

enum language language_now(void)
{
    return borrows ? borrowed : language;
}

struct str said_now(struct said said)
{
    return str_of(language_now() == LANGUAGE_ZH ? said.zh : said.en);
}

struct str message_text(enum message_id id, enum language which)
{
    assert(id < MESSAGES);
    return str_of(which == LANGUAGE_ZH ? catalogue[id].zh : catalogue[id].en);
}

static void arg_write(struct buf *out, const struct message_arg *arg)
{
    if (arg->kind == MESSAGE_ARG_STR)
        buf_add(out, arg->text);
    else
        buf_printf(out, "%lld", (long long)arg->number);
}

void message_write_args(struct buf *out, enum message_id id, const struct message_arg *args)
{
    size_t args_len = 0;
    while (args[args_len].kind != MESSAGE_ARG_END)
        args_len++;
    assert(args_len <= MESSAGE_ARGS_MAX);

    struct str text = message_text(id, language_now());
    for (size_t i = 0; i < text.len; i++) {
        bool hole = text.ptr[i] == '{' && i + 2 < text.len && text.ptr[i + 2] == '}' &&
                    text.ptr[i + 1] >= '1' && text.ptr[i + 1] <= '9';
        if (!hole) {
            buf_add_char(out, text.ptr[i]);
            continue;
        }
        size_t at = (size_t)(text.ptr[i + 1] - '1');
        assert(at < args_len);
        arg_write(out, &args[at]);
        i += 2;
    }
}

enum err_class err_say_at(struct err *err, enum err_class class_, const char *code,
                          const char *origin, enum message_id id, const struct message_arg *args)
{
    struct buf text;
    buf_init(&text, 64 * 1024);
    message_write_args(&text, id, args);
    err_set_at(err, class_, code, origin, "%.*s", STR_ARG(buf_str(&text)));
    buf_fini(&text);
    return class_;
}

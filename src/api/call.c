/* What handlers ask of a call: arguments, refusals, shops. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_internal.h"

const struct arg *call_arg(const struct call *call, const char *name)
{
    const struct param *params = call->route->params;
    for (size_t i = 0; params && params[i].name; i++)
        if (strcmp(params[i].name, name) == 0)
            return &call->args[i];
    assert(false && "the route has this parameter");
    return NULL;
}

bool call_given(const struct call *call, const char *name)
{
    return call_arg(call, name)->given;
}

struct str call_text(const struct call *call, const char *name)
{
    return call_arg(call, name)->text;
}

int64_t call_int(const struct call *call, const char *name)
{
    return call_arg(call, name)->number;
}

enum err_class call_refuse(struct call *call, const char *parameter, const char *code,
                           struct err *err, const char *format, ...)
{
    struct buf text;
    char memory[300];
    va_list args;
    buf_init_lent(&text, memory, sizeof(memory));
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    call->parameter = parameter;
    return err_set_at(err, ERR_USAGE, code, __func__, "%.*s", STR_ARG(buf_str(&text)));
}

enum err_class call_absent(struct err *err, const char *what, struct str id)
{
    return err_set(err, ERR_NOT_FOUND, "absent", "there is no %s %.*s", what,
                   STR_ARG(utf8_cut(id, 60)));
}

bool call_header(struct call *call, const char *name, struct str value)
{
    struct http_reply *reply = call->reply;
    struct str copy = arena_dup(call->arena, value);
    if (!copy.ptr || reply->headers_len == sizeof(reply->headers) / sizeof(*reply->headers))
        return false;
    reply->headers[reply->headers_len++] = (struct http_pair){str_of(name), copy};
    return true;
}

/* --- shops --- */

const struct api_shop *host_shop(const struct api_host *host, int64_t shop_id)
{
    size_t from = 0, to = host->shops_len;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (host->shops[middle].id == shop_id)
            return &host->shops[middle];
        if (host->shops[middle].id < shop_id)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

bool call_sees_shop(const struct call *call, int64_t shop_id)
{
    const struct person *person = call->person;
    if (!person)
        return false;
    if (person->all_shops)
        return true;
    for (size_t i = 0; i < person->shops_len; i++)
        if (person->shops[i] == shop_id)
            return true;
    return false;
}

bool scope_sees(const struct shop_scope *shops, int64_t shop_id)
{
    for (size_t i = 0; !shops->all && i < shops->len; i++)
        if (shops->ids[i] == shop_id)
            return true;
    return shops->all;
}

/* By number, by name, or by PLATFORM/NAME; only of those he sees, so that nothing else is told apart. */
static const struct api_shop *shop_of_word(const struct call *call, struct str word, bool *many)
{
    const struct api_host *host = call->host;
    const struct api_shop *found = NULL;
    int64_t id;
    *many = false;
    if (str_to_i64(word, &id)) {
        found = host_shop(host, id);
        if (found)
            return call_sees_shop(call, id) ? found : NULL;
    }
    for (size_t i = 0; i < host->shops_len; i++) {
        const struct api_shop *shop = &host->shops[i];
        struct str name = word;
        if (str_starts(word, shop->platform) && word.len > shop->platform.len &&
            word.ptr[shop->platform.len] == '/')
            name = str_sub(word, shop->platform.len + 1, word.len);
        if ((!str_eq(shop->name, name) && !str_eq(shop->name, word)) ||
            !call_sees_shop(call, shop->id))
            continue;
        *many = found != NULL;
        found = shop;
        if (*many)
            return found;
    }
    return found;
}

static int ids_compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static const struct arg *shop_arg(const struct call *call)
{
    const struct param *params = call->route->params;
    for (size_t i = 0; params && params[i].name; i++)
        if (strcmp(params[i].name, "shop") == 0)
            return &call->args[i];
    return NULL;
}

enum err_class call_shop_of(struct call *call, const char *parameter, struct str word,
                            const struct api_shop **out, struct err *err)
{
    bool many;
    *out = shop_of_word(call, word, &many);
    if (many)
        return call_refuse(
            call, parameter, "shop_ambiguous", err,
            "several platforms have a shop of this name: write its number, or PLATFORM/NAME");
    if (!*out) {
        call->parameter = parameter;
        return call_absent(err, "shop", word);
    }
    return ERR_OK;
}

enum err_class call_store_of(struct call *call, const char *parameter, struct str word,
                             const struct api_shop **out, struct err *err)
{
    enum err_class class_ = call_shop_of(call, parameter, word, out, err);
    if (class_ == ERR_OK && (*out)->connector && connector_is_of_ads((*out)->connector))
        return call_refuse(call, parameter, "not_a_store", err,
                           "%.*s is an ad account: nothing is sold there", STR_ARG((*out)->name));
    return class_;
}

enum err_class call_shops_of(struct call *call, const char *parameter, struct shop_scope *out,
                             struct err *err)
{
    const struct arg *arg = call_arg(call, parameter);
    const struct str *words = arg->texts ? arg->texts : &arg->text;
    size_t words_len = arg->texts ? arg->texts_len : arg->text.ptr ? 1 : 0;
    int64_t *ids = arena_array(call->arena, words_len + 1, sizeof(*ids));
    size_t len = 0;
    if (!ids)
        return err_no_memory(err);
    for (size_t i = 0; i < words_len; i++) {
        const struct api_shop *shop;
        enum err_class class_ = call_shop_of(call, parameter, words[i], &shop, err);
        if (class_)
            return class_;
        ids[len++] = shop->id;
    }
    qsort(ids, len, sizeof(*ids), ids_compare);
    size_t distinct = 0;
    for (size_t i = 0; i < len; i++)
        if (distinct == 0 || ids[distinct - 1] != ids[i])
            ids[distinct++] = ids[i];
    *out = (struct shop_scope){.ids = ids, .len = distinct};
    return ERR_OK;
}

enum err_class call_shops(struct call *call, struct shop_scope *out, struct err *err)
{
    const struct arg *arg = shop_arg(call);
    assert(call->person);
    if (arg && arg->given)
        return call_shops_of(call, "shop", out, err);
    *out = (struct shop_scope){.all = call->person->all_shops,
                               .ids = call->person->shops,
                               .len = call->person->all_shops ? 0 : call->person->shops_len};
    return ERR_OK;
}

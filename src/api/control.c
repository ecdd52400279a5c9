/* What the routes about shops, syncs and tasks share. */
#include "api/control.h"

#include <stdio.h>
#include <string.h>

#include "api/control_sql.h"
#include "api/user.h"
#include "api/who.h"

static enum err_class scope_make(const struct call *call, const struct shop_scope *scope,
                                 struct scope_values *out, struct err *err)
{
    out->all = sql_int(scope->all);
    out->ids = queue_ids(call->arena, scope->ids, scope->all ? 0 : scope->len);
    return out->ids.text.ptr ? ERR_OK : err_no_memory(err);
}

enum err_class control_scope(struct call *call, struct scope_values *out, struct err *err)
{
    struct shop_scope scope;
    enum err_class class_ = call_shops(call, &scope, err);
    return class_ == ERR_OK ? scope_make(call, &scope, out, err) : class_;
}

enum err_class control_scope_seen(const struct call *call, struct scope_values *out,
                                  struct err *err)
{
    const struct person *person = call->person;
    const struct shop_scope scope = {
        .all = person->all_shops, .ids = person->shops, .len = person->shops_len};
    return scope_make(call, &scope, out, err);
}

enum err_class control_id(const struct call *call, const char *name, int64_t *out, struct err *err)
{
    struct str text = call_text(call, name);
    return str_to_i64(text, out) && *out >= 0 ? ERR_OK : call_absent(err, name, text);
}

enum err_class control_shop(const struct call *call, const char *name, int64_t *id,
                            const struct api_shop **shop, struct err *err)
{
    enum err_class class_ = control_id(call, name, id, err);
    *shop = NULL;
    if (class_ != ERR_OK)
        return class_;
    *shop = host_shop(call->host, *id);
    if (!call_sees_shop(call, *id))
        return call_absent(err, "shop", call_text(call, name));
    if (*shop)
        return ERR_OK;
    const struct sql_value value = sql_int(*id);
    int64_t there;
    class_ = store_read_int(call->host->store, SQL_SHOP_THERE, &value, 1, 0, &there, err);
    return class_ != ERR_OK || there > 0 ? class_ : call_absent(err, "shop", call_text(call, name));
}

/* As every other route takes it (call.c), and by number also a shop that this generation does not know yet. */
static enum err_class shop_word(struct call *call, const char *parameter, struct str word,
                                struct str *out, struct err *err)
{
    const struct api_host *host = call->host;
    int64_t id = 0, number;
    if (str_to_i64(word, &number) && number > 0 && call_sees_shop(call, number)) {
        const struct sql_value value = sql_int(number);
        int64_t there;
        enum err_class class_ = store_read_int(host->store, SQL_SHOP_THERE, &value, 1, 0, &there,
                                               err);
        if (class_ != ERR_OK)
            return class_;
        id = there > 0 ? number : 0;
    }
    if (id == 0) {
        const struct api_shop *shop;
        enum err_class class_ = call_shop_of(call, parameter, word, &shop, err);
        if (class_ != ERR_OK)
            return class_;
        id = shop->id;
    }
    *out = arena_printf(call->arena, "#%lld", (long long)id);
    return out->ptr ? ERR_OK : err_no_memory(err);
}

enum err_class control_shop_words(struct call *call, const char *name, struct api_words *out,
                                  struct err *err)
{
    const struct arg *arg = call_arg(call, name);
    size_t room = arg->given ? arg->texts_len : call->host->shops_len;
    struct str *words = arena_array(call->arena, room + 1, sizeof(*words));
    enum err_class class_ = words ? ERR_OK : err_no_memory(err);
    *out = (struct api_words){.at = words};
    for (size_t i = 0; class_ == ERR_OK && arg->given && i < arg->texts_len; i++) {
        class_ = shop_word(call, name, arg->texts[i], &words[out->len++], err);
    }
    if (class_ != ERR_OK || arg->given || call->person->all_shops)
        return class_;
    /* All shops are all of his. */
    for (size_t i = 0; i < call->host->shops_len; i++) {
        const struct api_shop *shop = &call->host->shops[i];
        if (!call_sees_shop(call, shop->id) || str_eq(shop->state, STR("disabled")))
            continue;
        words[out->len] = arena_printf(call->arena, "#%lld", (long long)shop->id);
        if (!words[out->len++].ptr)
            return err_no_memory(err);
    }
    return out->len > 0 ? ERR_OK
                        : err_set(err, ERR_CONFLICT, "shop_none",
                                  "there is no shop that is yours and could be asked");
}

void control_out_shop(struct out *out, const struct call *call, const char *key, int64_t id)
{
    if (id == 0) {
        out_null(out, key);
        return;
    }
    const struct api_shop *shop = host_shop(call->host, id);
    out_object(out, key);
    out_id(out, "id", id);
    out_text_or_null(out, "name", shop ? shop->name : STR_NONE);
    out_text_or_null(out, "platform", shop ? shop->platform : STR_NONE);
    out_end_object(out);
}

void control_out_text(struct out *out, const struct call *call, const char *key, enum api_text id,
                      struct str one, struct str two, struct str three)
{
    const struct api_home *home = call->host->home;
    const struct str args[API_TEXT_ARGS] = {one, two, three};
    out_object(out, key);
    for (int zh = 0; zh < 2; zh++) {
        struct buf text;
        buf_init(&text, 16 * 1024);
        if (home)
            home->text(home->context, id, zh, args, &text);
        out_text(out, zh ? "zh" : "en", buf_str(&text));
        buf_fini(&text);
    }
    out_end_object(out);
}

struct str control_time(struct arena *arena, int64_t ms)
{
    struct civil civil;
    civil_from_utc_ms(ms, &civil);
    struct str out = arena_printf(arena, "%04d-%02u-%02u %02u:%02u UTC", (int)civil.year,
                                  civil.month, civil.day, civil.hour, civil.minute);
    return out.ptr ? out : STR("");
}

enum err_class control_home(const struct call *call, const struct api_home **out, struct err *err)
{
    *out = call->host->home;
    return *out ? ERR_OK : err_set(err, ERR_STOPPED, "starting", "there is no home");
}

static bool session_is_good(const struct api_host *host, struct str digest, int64_t now_ms)
{
    const struct sql_value value = sql_text(digest);
    struct reader *row;
    bool good = false;
    if (store_read(host->store, SQL_SESSION_TIMES, &value, 1, &row, NULL) != ERR_OK)
        return true;
    if (reader_next(row))
        good = now_ms < reader_int(row, 0) + SESSION_LASTS_MS &&
               now_ms < reader_int(row, 1) + SESSION_IDLE_MS;
    return reader_close(row, NULL) != ERR_OK || good;
}

bool person_is_still(const struct api_host *host, const struct person *person, int64_t now_ms)
{
    struct arena arena;
    struct user user = {0};
    arena_init(&arena);
    enum err_class class_ = user_read(host->store, person->user_id, &arena, &user, NULL);
    bool good = class_ != ERR_NOT_FOUND &&
                (class_ != ERR_OK || (!user.disabled && user.generation == person->generation));
    arena_fini(&arena);
    return good && (person->session_digest.len == 0 ||
                    session_is_good(host, person->session_digest, now_ms));
}

enum err_class control_all_shops(const struct call *call, struct err *err)
{
    return call->person->all_shops
               ? ERR_OK
               : err_set(err, ERR_FORBIDDEN, "right", "this is for who sees all shops");
}

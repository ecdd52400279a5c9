/* Shops for the API: adding, editing, their settings, what a platform needs. */
#include <string.h>

#include "app/cmd.h"
#include "app/date.h"
#include "app/homing_internal.h"
#include "app/secret.h"
#include "app/sql.h"

enum err_class settings_take(struct settings *settings, const struct connector *connector,
                             const char *of, const struct api_pair *pairs, size_t len,
                             struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < len; i++)
        class_ = settings_put(settings, connector, of, pairs[i].name, pairs[i].value, err);
    return class_;
}

static enum err_class since_parse(struct str text, const struct zone *zone, int64_t *out,
                                  struct err *err)
{
    int64_t now_ms = clock_now_ms();
    *out = 0;
    if (text.len == 0)
        return ERR_OK;
    enum err_class class_ = date_parse(text, zone, DATE_START, now_ms, out, err);
    if (class_ == ERR_OK && *out > now_ms)
        class_ = err_say(err, ERR_USAGE, "date_future", MSG_DATE_FUTURE, M_STR(STR("since")),
                         M_STR(text), M_END);
    return class_;
}

static enum err_class zone_of_wish(struct str name, const struct connector *connector,
                                   const struct zone **out, struct err *err)
{
    *out = connector_zone(connector);
    return name.len > 0 ? zone_find(name, out, err) : ERR_OK;
}

/* Person and settlement days stand beside what the command line knows. */
struct add_work {
    const struct api_shop_wish *wish;
    const struct api_also *also;
};

static enum err_class add_also(struct tx *tx, void *context, struct err *err)
{
    const struct add_work *work = context;
    const struct api_shop_wish *wish = work->wish;
    const struct sql_value values[] = {
        sql_text(wish->platform), sql_text(wish->external_id),
        wish->person.len > 0 ? sql_text(wish->person) : sql_null(),
        sql_int_or_null(wish->settlement_days, wish->settlement_days >= 0)};
    enum err_class class_ = tx_exec(tx, SQL_SHOP_PERSON_PUT, values, 4, NULL, err);
    return class_ == ERR_OK && work->also->work ? work->also->work(tx, work->also->context, err)
                                                : class_;
}

struct shop_adding {
    struct add_work work;
    int64_t *id;
};

static enum err_class shop_add(struct app *view, void *args, struct err *err)
{
    struct shop_adding *adding = args;
    const struct api_shop_wish *wish = adding->work.wish;
    struct settings settings = {0};
    struct account_shop account = {.name = wish->name,
                                   .external_id = wish->external_id,
                                   .zone = wish->zone,
                                   .proxy = wish->proxy,
                                   .settings = &settings,
                                   .also = add_also,
                                   .also_context = &adding->work};
    const struct zone *zone;
    enum err_class class_ = app_connector_of(view, wish->platform, &account.connector, err);
    if (class_ == ERR_OK)
        class_ = account_app_choose(view, account.connector, wish->app, &account.app_id, err);
    if (class_ == ERR_OK)
        class_ = zone_of_wish(wish->zone, account.connector, &zone, err);
    if (class_ == ERR_OK)
        class_ = since_parse(wish->since, zone, &account.since_ms, err);
    if (class_ == ERR_OK && wish->token.len > 0)
        class_ = secret_keep(view, wish->token, &account.access_token, err);
    if (class_ == ERR_OK)
        class_ = settings_take(&settings, account.connector, "shop", wish->settings,
                               wish->settings_len, err);
    return class_ == ERR_OK ? account_shop_add(view, &account, adding->id, err) : class_;
}

static enum err_class home_shop_add(void *context, const struct api_shop_wish *wish,
                                    const struct api_also *also, int64_t *id, struct err *err)
{
    struct shop_adding adding = {{wish, also}, id};
    return view_with(context, shop_add, &adding, err);
}

static enum err_class person_read(struct app *view, int64_t id, struct shop_form *form,
                                  struct err *err)
{
    const struct sql_value value = sql_int(id);
    struct reader *row;
    enum err_class class_ = store_read(view->store, SQL_SHOP_PERSON, &value, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    form->settlement_days = -1;
    if (reader_next(row)) {
        form->person = arena_dup(&view->arena, reader_text(row, 0));
        form->settlement_days = reader_is_null(row, 1) ? -1 : reader_int(row, 1);
    }
    return reader_close(row, err);
}

/* What is not given stays; a secret stays sealed as long as nobody gives another. */
static enum err_class form_fill(struct app *view, const struct app_shop *shop,
                                const struct api_shop_wish *wish, struct settings *settings,
                                struct shop_form *form, struct err *err)
{
    const struct facts *facts = &shop->sync.facts;
    const struct zone *zone;
    *form = (struct shop_form){
        .name = wish->name.len > 0 ? wish->name : facts->shop.name,
        .zone = wish->has_zone ? wish->zone
                : facts->zone  ? zone_name(facts->zone)
                               : STR(""),
        .proxy = wish->has_proxy ? wish->proxy : shop->sync.proxy,
        .since_ms = shop->sync.since_ms,
    };
    enum err_class class_ = person_read(view, shop->sync.id, form, err);
    if (wish->has_person)
        form->person = wish->person;
    if (wish->has_days)
        form->settlement_days = wish->settlement_days;
    if (class_ == ERR_OK)
        class_ = zone_of_wish(form->zone, shop->sync.connector, &zone, err);
    if (class_ == ERR_OK && wish->has_since)
        class_ = since_parse(wish->since, zone, &form->since_ms, err);
    if (class_ != ERR_OK || wish->settings_len == 0)
        return class_;
    for (size_t i = 0; i < facts->shop.settings_len; i++)
        settings->settings[settings->settings_len++] = facts->shop.settings[i];
    for (size_t i = 0; i < facts->options_len; i++)
        settings->options[settings->options_len++] = facts->options[i];
    form->settings = settings;
    return settings_take(settings, shop->sync.connector, "shop", wish->settings, wish->settings_len,
                         err);
}

struct shop_editing {
    int64_t id;
    const struct api_shop_wish *wish;
    const struct api_also *also;
};

static enum err_class shop_change(struct app *view, void *args, struct err *err)
{
    const struct shop_editing *editing = args;
    struct app_shop *shop;
    struct settings settings = {0};
    struct shop_form form;
    enum err_class class_ = view_shop_ready(view, editing->id, &shop, err);
    if (class_ == ERR_OK)
        class_ = form_fill(view, shop, editing->wish, &settings, &form, err);
    return class_ == ERR_OK ? shop_edit(view, shop, &form, editing->also, err) : class_;
}

static enum err_class home_shop_edit(void *context, int64_t id, const struct api_shop_wish *wish,
                                     const struct api_also *also, struct err *err)
{
    struct shop_editing editing = {id, wish, also};
    return view_with(context, shop_change, &editing, err);
}

static enum err_class home_shop_state(void *context, int64_t id, struct str state,
                                      const struct api_also *also, struct err *err)
{
    return shop_state_change(context, id, state, also, err);
}

static enum err_class home_shop_remove(void *context, int64_t id, bool with_rows,
                                       const struct api_also *also, struct err *err)
{
    return shop_remove(context, id, with_rows, also, err);
}

static struct str value_of(const struct setting *list, size_t len, struct str name)
{
    for (size_t i = 0; i < len; i++) {
        if (str_eq(list[i].name, name))
            return list[i].value;
    }
    return STR("");
}

enum { API_SETTINGS_MAX = 2 * SETTINGS_MAX };

/* Needs of the manifest and, of a shop, the choices of its streams; `facts` NULL: without values. */
static enum err_class settings_list(const struct connector *connector, bool of_app,
                                    const struct facts *facts, struct arena *arena,
                                    struct api_setting **out, size_t *len, struct err *err)
{
    const struct need *needs;
    size_t needs_len = connector_needs(connector, of_app, &needs);
    *out = arena_array(arena, API_SETTINGS_MAX, sizeof(**out));
    *len = 0;
    if (!*out)
        return err_no_memory(err);
    for (size_t i = 0; i < needs_len && *len < API_SETTINGS_MAX; i++) {
        struct str value = facts ? value_of(facts->shop.settings, facts->shop.settings_len,
                                            needs[i].name)
                                 : STR("");
        (*out)[(*len)++] = (struct api_setting){.name = needs[i].name,
                                                .value = needs[i].secret ? STR("") : value,
                                                .en = needs[i].en,
                                                .zh = needs[i].zh,
                                                .secret = needs[i].secret,
                                                .required = needs[i].required,
                                                .given = value.len > 0};
    }
    for (size_t s = 0; !of_app && s < connector_streams(connector); s++) {
        const struct stream *stream = connector_stream_at(connector, s);
        for (size_t i = 0; i < stream->options_len && *len < API_SETTINGS_MAX; i++) {
            const struct stream_option *option = &stream->options[i];
            struct str value = facts ? value_of(facts->options, facts->options_len, option->name)
                                     : STR("");
            (*out)[(*len)++] = (struct api_setting){.name = option->name,
                                                    .value = value,
                                                    .en = option->en,
                                                    .zh = option->zh,
                                                    .option = true,
                                                    .given = value.len > 0,
                                                    .words = {option->values, option->values_len}};
        }
    }
    return ERR_OK;
}

static enum err_class settings_copy(struct arena *arena, struct api_setting *list, size_t len,
                                    struct err *err)
{
    for (size_t i = 0; i < len; i++) {
        list[i].value = arena_dup(arena, list[i].value);
        if (!list[i].value.ptr)
            return err_no_memory(err);
    }
    return ERR_OK;
}

static enum err_class home_shop_settings(void *context, int64_t id, struct arena *arena,
                                         struct api_setting **out, size_t *len, struct str *error,
                                         struct err *err)
{
    struct app view;
    struct app_shop *shop;
    *len = 0;
    *error = STR("");
    enum err_class class_ = view_open(context, arena, &view, err);
    if (class_ == ERR_OK)
        class_ = view_shop(&view, id, &shop, err);
    if (class_ == ERR_OK && shop->err.class_ != ERR_OK)
        *error = arena_dup(&view.arena, str_of(shop->err.message));
    if (class_ == ERR_OK && shop->sync.connector)
        class_ = settings_list(shop->sync.connector, false, &shop->sync.facts, &view.arena, out,
                               len, err);
    /* The view's texts are wiped with it. */
    if (class_ == ERR_OK)
        class_ = settings_copy(&view.arena, *out, *len, err);
    view_close(&view, arena);
    return class_;
}

static enum err_class home_needs(void *context, struct str platform, bool of_app,
                                 struct arena *arena, struct api_setting **out, size_t *len,
                                 struct err *err)
{
    const struct connector *connector;
    enum err_class class_ = app_connector_of(context, platform, &connector, err);
    return class_ == ERR_OK ? settings_list(connector, of_app, NULL, arena, out, len, err) : class_;
}

void homing_shops(struct api_home *home)
{
    home->shop_add = home_shop_add;
    home->shop_edit = home_shop_edit;
    home->shop_state = home_shop_state;
    home->shop_remove = home_shop_remove;
    home->shop_settings = home_shop_settings;
    home->needs = home_needs;
}

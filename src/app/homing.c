/* Every function works on a copy of the generation's app with an arena of its own and the shops as they are stored now:
 * handlers run on several threads, and a shop that was added a moment ago is no stranger. */
#include "app/homing.h"

#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "app/date.h"
#include "app/happening.h"
#include "app/registry.h"
#include "app/run.h"
#include "app/secret.h"
#include "app/sql.h"
#include "app/stream_status.h"

/* --- the copy --- */

/* What it makes lands in the caller's arena. */
static enum err_class view_open(void *context, struct arena *arena, struct app *view,
                                struct err *err)
{
    *view = *(const struct app *)context;
    view->arena = *arena;
    view->secrets = NULL;
    view->shops = NULL;
    view->shops_len = 0;
    view->json = true; /* what is said to people goes to standard error */
    enum err_class class_ = registry_load_shops(view, err);
    *arena = view->arena;
    return class_;
}

static void view_close(struct app *view, struct arena *arena)
{
    secrets_wipe(view);
    *arena = view->arena;
}

static enum err_class shop_by_id(const struct app *view, int64_t id, struct app_shop **out,
                                 struct err *err)
{
    *out = NULL;
    for (size_t i = 0; i < view->shops_len && !*out; i++) {
        if (view->shops[i].sync.id == id)
            *out = &view->shops[i];
    }
    return *out ? ERR_OK
                : err_set(err, ERR_NOT_FOUND, "absent", "there is no shop %lld", (long long)id);
}

static enum err_class shop_ready(const struct app *view, int64_t id, struct app_shop **out,
                                 struct err *err)
{
    enum err_class class_ = shop_by_id(view, id, out, err);
    if (class_ != ERR_OK || (*out)->err.class_ == ERR_OK)
        return class_;
    if (err)
        *err = (*out)->err;
    return (*out)->err.class_;
}

/* --- texts --- */

static const enum message_id texts[API_TEXTS] = {
    [API_TEXT_COMPLETE] = MSG_API_COMPLETE,
    [API_TEXT_COMPLETE_OPEN] = MSG_API_COMPLETE_OPEN,
    [API_TEXT_NOTHING_YET] = MSG_API_NOTHING_YET,
    [API_TEXT_WAIT_NOBODY] = MSG_API_WAIT_NOBODY,
    [API_TEXT_WAIT_TURN] = MSG_API_WAIT_TURN,
    [API_TEXT_WAIT_TIME] = MSG_API_WAIT_TIME,
    [API_TEXT_WAIT_PAUSED] = MSG_API_WAIT_PAUSED,
    [API_TEXT_NEXT_UNPROVED] = MSG_NEXT_UNPROVED,
    [API_TEXT_NEXT_DEAD] = MSG_NEXT_DEAD,
    [API_TEXT_NEXT_SHOP] = MSG_NEXT_SHOP,
    [API_TEXT_NEXT_AUTHORIZE] = MSG_API_NEXT_AUTHORIZE,
    [API_TEXT_NEXT_EXPIRY] = MSG_API_NEXT_EXPIRY,
    [API_TEXT_NEXT_LATE] = MSG_API_NEXT_LATE,
    [API_TEXT_NEXT_REJECTS] = MSG_API_NEXT_REJECTS,
    [API_TEXT_NEXT_WORKER] = MSG_API_NEXT_WORKER,
    [API_TEXT_NEXT_BUDGET] = MSG_API_NEXT_BUDGET,
    [API_TEXT_NEXT_DRIFT] = MSG_API_NEXT_DRIFT,
};

static void home_text(void *context, enum api_text id, bool zh, const struct str *args,
                      struct buf *out)
{
    struct message_arg list[API_TEXT_ARGS + 1];
    (void)context;
    for (size_t i = 0; i < API_TEXT_ARGS; i++)
        list[i] = M_STR(args[i].ptr ? args[i] : STR(""));
    list[API_TEXT_ARGS] = M_END;
    language_borrow(zh ? LANGUAGE_ZH : LANGUAGE_EN);
    message_write_args(out, texts[id], list);
    language_own();
}

static void home_event_text(void *context, const struct feed_line *line, bool zh, struct buf *out)
{
    struct app view = *(const struct app *)context;
    if (!view.zone)
        view.zone = line->shop_id && app_shop_by_id(&view, line->shop_id)
                        ? app_shop_zone(&view, app_shop_by_id(&view, line->shop_id))
                        : zone_utc();
    language_borrow(zh ? LANGUAGE_ZH : LANGUAGE_EN);
    happening_text(&view, line, out);
    language_own();
}

/* --- syncs --- */

static enum err_class plan_make(struct app *view, const struct api_sync_wish *asked,
                                struct api_sync_plan *out, struct err *err)
{
    struct run run = {0};
    struct run_wish wish = {.shops = {asked->shops.at, asked->shops.len},
                            .streams = {asked->streams.at, asked->streams.len},
                            .ids = {asked->ids.at, asked->ids.len},
                            .from = asked->from,
                            .to = asked->to,
                            .by = asked->by,
                            .full = asked->full};
    char id[SYNC_RUN_ID_ROOM];
    enum err_class class_ = sync_run_id(clock_now_ms(), id, err);
    if (class_ != ERR_OK)
        return class_;
    run.id = arena_dup(&view->arena, str_of(id));
    run.started_ms = clock_now_ms();
    class_ = run.id.ptr ? run_wish_check(&wish, err) : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = run_choose(view, &wish, &run, err);
    if (class_ == ERR_OK)
        class_ = run_tasks(view, &run, &wish, &out->tasks, &out->tasks_len, err);
    return class_ == ERR_OK ? run_rows(&run, &wish, asked->asked_by, &view->arena, &out->rows, err)
                            : class_;
}

static enum err_class home_sync_plan(void *context, const struct api_sync_wish *wish,
                                     struct arena *arena, struct api_sync_plan *out,
                                     struct err *err)
{
    struct app view;
    *out = (struct api_sync_plan){.tasks = NULL};
    enum err_class class_ = view_open(context, arena, &view, err);
    if (class_ == ERR_OK)
        class_ = plan_make(&view, wish, out, err);
    view_close(&view, arena);
    return class_;
}

/* --- shops --- */

static enum err_class settings_take(struct settings *settings, const struct connector *connector,
                                    const struct api_shop_wish *wish, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < wish->settings_len; i++)
        class_ = settings_put(settings, connector, "shop", wish->settings[i].name,
                              wish->settings[i].value, err);
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

static enum err_class shop_add(struct app *view, const struct api_shop_wish *wish,
                               const struct api_also *also, int64_t *id, struct err *err)
{
    struct settings settings = {0};
    struct add_work work = {wish, also};
    struct account_shop account = {.name = wish->name,
                                   .external_id = wish->external_id,
                                   .zone = wish->zone,
                                   .proxy = wish->proxy,
                                   .settings = &settings,
                                   .also = add_also,
                                   .also_context = &work};
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
        class_ = settings_take(&settings, account.connector, wish, err);
    return class_ == ERR_OK ? account_shop_add(view, &account, id, err) : class_;
}

static enum err_class home_shop_add(void *context, const struct api_shop_wish *wish,
                                    const struct api_also *also, int64_t *id, struct err *err)
{
    struct app view;
    struct arena arena;
    arena_init(&arena);
    enum err_class class_ = view_open(context, &arena, &view, err);
    if (class_ == ERR_OK)
        class_ = shop_add(&view, wish, also, id, err);
    view_close(&view, &arena);
    arena_fini(&arena);
    return class_;
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
    return settings_take(settings, shop->sync.connector, wish, err);
}

static enum err_class home_shop_edit(void *context, int64_t id, const struct api_shop_wish *wish,
                                     const struct api_also *also, struct err *err)
{
    struct app view;
    struct arena arena;
    struct app_shop *shop;
    struct settings settings = {0};
    struct shop_form form;
    arena_init(&arena);
    enum err_class class_ = view_open(context, &arena, &view, err);
    if (class_ == ERR_OK)
        class_ = shop_ready(&view, id, &shop, err);
    if (class_ == ERR_OK)
        class_ = form_fill(&view, shop, wish, &settings, &form, err);
    if (class_ == ERR_OK)
        class_ = shop_edit(&view, shop, &form, also->work, also->context, err);
    view_close(&view, &arena);
    arena_fini(&arena);
    return class_;
}

static enum err_class home_shop_state(void *context, int64_t id, struct str state,
                                      const struct api_also *also, struct err *err)
{
    return shop_state_change(context, id, state, also->work, also->context, err);
}

static enum err_class home_shop_remove(void *context, int64_t id, bool with_rows,
                                       const struct api_also *also, struct err *err)
{
    return shop_remove(context, id, with_rows, also->work, also->context, err);
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
        class_ = shop_by_id(&view, id, &shop, err);
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

static enum err_class home_platforms(void *context, struct arena *arena, struct api_platform **out,
                                     size_t *len, struct err *err)
{
    const struct app *app = context;
    *out = arena_array(arena, app->connectors_len + 1, sizeof(**out));
    *len = 0;
    if (!*out)
        return err_no_memory(err);
    for (; *len < app->connectors_len; ++*len) {
        const struct app_connector *slot = &app->connectors[*len];
        (*out)[*len] = (struct api_platform){.name = slot->platform,
                                             .error = slot->connector ? STR("")
                                                                      : str_of(slot->err.message),
                                             .connector = slot->connector};
    }
    return ERR_OK;
}

static enum err_class streams_read(struct app *view, const struct app_shop *shop,
                                   struct api_stream_status **out, size_t *len, struct err *err)
{
    size_t streams = connector_streams(shop->sync.connector);
    enum err_class class_ = ERR_OK;
    *out = arena_array(&view->arena, streams + 1, sizeof(**out));
    if (!*out)
        return err_no_memory(err);
    for (; class_ == ERR_OK && *len < streams; ++*len) {
        const struct stream *stream = connector_stream_at(shop->sync.connector, *len);
        struct stream_status status;
        class_ = stream_status_read(view, shop, stream, &status, err);
        (*out)[*len] = (struct api_stream_status){
            .stream = stream->name,
            .table = stream->table->name,
            .grade = status.grade,
            .error = status.error,
            .rows = status.rows,
            .open = status.open,
            .sealed = status.sealed,
            .unproved = status.unproved,
            .rejects = status.rejects,
            .decrypt = status.decrypt,
            .since_ms = status.since_ms,
            .frontier_ms = status.frontier_ms,
            .complete_ms = status.complete_ms,
            .success_ms = status.success_ms,
            .every_ms = stream->every_ms,
            .figures = stream->figures.of != NULL,
        };
    }
    return class_;
}

/* The generation's own shops will do, and cost nothing to open. */
static enum err_class home_streams(void *context, int64_t shop_id, struct arena *arena,
                                   struct api_stream_status **out, size_t *len, struct err *err)
{
    struct app view = *(const struct app *)context;
    const struct app_shop *shop = app_shop_by_id(&view, shop_id);
    *len = 0;
    *out = NULL;
    if (!shop || !shop->sync.connector)
        return ERR_OK;
    view.arena = *arena;
    enum err_class class_ = streams_read(&view, shop, out, len, err);
    *arena = view.arena;
    return class_;
}

static enum err_class home_prove(void *context, int64_t shop_id, struct str stream_name,
                                 struct str from, struct str to, struct buf *out, struct err *err)
{
    const struct app *app = context;
    const struct app_shop *shop = app_shop_by_id(app, shop_id);
    const struct stream *stream;
    int64_t now_ms = clock_now_ms(), from_ms, to_ms = now_ms;
    if (!shop || !shop->sync.connector)
        return err_set(err, ERR_NOT_FOUND, "absent", "there is no shop %lld", (long long)shop_id);
    enum err_class class_ = app_stream_of(shop->sync.connector, stream_name, &stream, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value key[] = {sql_int(shop_id), sql_text(stream->name)};
    class_ = store_read_int(app->store, SQL_STREAM_SINCE, key, 2, 0, &from_ms, err);
    if (class_ == ERR_OK)
        class_ = range_of_texts(from, to, app_shop_zone(app, shop), stream->window.step_ms, now_ms,
                                &from_ms, &to_ms, err);
    return class_ == ERR_OK ? sync_prove(app->sync, &shop->sync, stream, from_ms, to_ms, out, err)
                            : class_;
}

/* --- consents --- */

/* An app as a request sees it, without a shop. */
static enum err_class app_facts(struct app *view, int64_t app_id,
                                const struct connector **connector, struct facts *facts,
                                struct err *err)
{
    const struct sql_value value = sql_int(app_id);
    struct settings settings;
    struct reader *row;
    struct str platform = STR_NONE, secret = STR_NONE, stored = STR_NONE;
    *facts = (struct facts){.app.id = app_id, .shop.id = -app_id, .shop.name = STR("-")};
    enum err_class class_ = store_read(view->store, SQL_APP_BY_ID, &value, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    bool there = reader_next(row);
    if (there) {
        platform = arena_dup(&view->arena, reader_text(row, 0));
        facts->app.key = arena_dup(&view->arena, reader_text(row, 2));
        secret = arena_dup(&view->arena, reader_text(row, 3));
        stored = arena_dup(&view->arena, reader_text(row, 4));
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && !there)
        return err_set(err, ERR_NOT_FOUND, "absent", "there is no app %lld", (long long)app_id);
    if (class_ == ERR_OK)
        class_ = app_connector_of(view, platform, connector, err);
    if (class_ == ERR_OK && secret.len > 0)
        class_ = secret_open(view, secret, "app", app_id, STR("secret"), &facts->app.secret, err);
    if (class_ == ERR_OK)
        class_ = settings_open(view, *connector, "app", app_id, stored, &settings, err);
    if (class_ != ERR_OK)
        return class_;
    struct setting *list = arena_array(&view->arena, settings.settings_len + 1, sizeof(*list));
    if (!list)
        return err_no_memory(err);
    memcpy(list, settings.settings, settings.settings_len * sizeof(*list));
    facts->app.settings = list;
    facts->app.settings_len = settings.settings_len;
    facts->base_url = option_of_platform(&view->options, OPTION_PLATFORM_BASE_URL, platform);
    return ERR_OK;
}

/* Of a shop, or of an app alone. */
static enum err_class consent_facts(struct app *view, int64_t app_id, int64_t shop_id,
                                    const struct connector **connector, struct facts *facts,
                                    struct err *err)
{
    struct app_shop *shop;
    if (shop_id == 0)
        return app_facts(view, app_id, connector, facts, err);
    enum err_class class_ = shop_ready(view, shop_id, &shop, err);
    if (class_ != ERR_OK)
        return class_;
    *facts = shop->sync.facts;
    *connector = shop->sync.connector;
    if (facts->app.id == 0)
        return err_say(err, ERR_CONFIG, "app_missing", MSG_AUTHORIZE_APP, M_STR(facts->shop.name),
                       M_STR(shop->platform), M_END);
    return ERR_OK;
}

static enum err_class address_make(struct app *view, struct str platform, struct str app_name,
                                   int64_t shop_id, struct str state, struct str *url,
                                   int64_t *app_id, struct err *err)
{
    const struct connector *connector;
    struct facts facts;
    enum err_class class_ = ERR_OK;
    if (shop_id == 0) {
        class_ = app_connector_of(view, platform, &connector, err);
        if (class_ == ERR_OK)
            class_ = account_app_find(view, platform, app_name, app_id, err);
    }
    if (class_ == ERR_OK)
        class_ = consent_facts(view, *app_id, shop_id, &connector, &facts, err);
    if (class_ != ERR_OK)
        return class_;
    *app_id = facts.app.id;
    const struct auth *auth = connector_auth(connector);
    if (auth->grant != GRANT_AUTH_CODE)
        return err_set(err, ERR_USAGE, "token_by_hand",
                       "%.*s has no consent page: its token is put in by hand, or got by itself",
                       STR_ARG(connector_platform(connector)));
    if (shop_id == 0 && !auth->accounts)
        return err_set(err, ERR_USAGE, "shop_needed",
                       "%.*s does not tell which accounts a consent covers: name the shop that it "
                       "is for",
                       STR_ARG(platform));
    facts.nonce = state;
    facts.now_ms = clock_now_ms();
    return connector_consent_url(connector, &facts, &view->arena, url, err);
}

static enum err_class home_consent_address(void *context, struct str platform, struct str app,
                                           int64_t shop_id, struct str state, struct arena *arena,
                                           struct str *url, int64_t *app_id, struct err *err)
{
    struct app view;
    *app_id = 0;
    enum err_class class_ = view_open(context, arena, &view, err);
    if (class_ == ERR_OK)
        class_ = address_make(&view, platform, app, shop_id, state, url, app_id, err);
    view_close(&view, arena);
    return class_;
}

struct choosing {
    struct app *view;
    const struct connector *connector;
    int64_t app_id, shop_id;
};

static const struct app_shop *shop_of_account(const struct choosing *choosing, struct str account)
{
    const struct app *view = choosing->view;
    for (size_t i = 0; i < view->shops_len; i++) {
        const struct app_shop *shop = &view->shops[i];
        if (str_eq(shop->platform, connector_platform(choosing->connector)) &&
            str_eq(shop->sync.facts.shop.external_id, account))
            return shop;
    }
    return NULL;
}

/* Names are unique a platform: a second one of a name is told apart by its number. */
static struct str name_of_account(struct choosing *choosing, const struct consent_account *account)
{
    struct app *view = choosing->view;
    struct str name = account_name_check(account->title, NULL) == ERR_OK ? account->title
                                                                         : account->external_id;
    for (size_t i = 0; i < view->shops_len; i++) {
        if (str_eq(view->shops[i].platform, connector_platform(choosing->connector)) &&
            str_eq(view->shops[i].sync.facts.shop.name, name))
            return arena_printf(&view->arena, "%.*s %.*s", STR_ARG(str_utf8_head(name, 60)),
                                STR_ARG(str_utf8_head(account->external_id, 100)));
    }
    return name;
}

/* Every account of the consent becomes a shop; the first of its app owns the token. */
static enum err_class consent_shops(void *context, const struct consent_account *accounts,
                                    size_t accounts_len, struct facts *facts, struct err *err)
{
    struct choosing *choosing = context;
    struct app *view = choosing->view;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < accounts_len; i++) {
        const struct app_shop *shop = shop_of_account(choosing, accounts[i].external_id);
        int64_t id = shop && shop->app_id == choosing->app_id ? shop->sync.id : 0;
        if (!shop) {
            struct settings settings = {0};
            const struct account_shop account = {.connector = choosing->connector,
                                                 .name = name_of_account(choosing, &accounts[i]),
                                                 .external_id = accounts[i].external_id,
                                                 .app_id = choosing->app_id,
                                                 .settings = &settings};
            class_ = account_shop_add(view, &account, &id, err);
            view->shops_len = 0;
            if (class_ == ERR_OK)
                class_ = registry_load_shops(view, err);
        }
        if (choosing->shop_id == 0)
            choosing->shop_id = id;
    }
    if (class_ == ERR_OK && choosing->shop_id == 0)
        return err_set(err, ERR_CONFLICT, "consent_app",
                       "every account of this consent is a shop of another app already; "
                       "authorise it with that app");
    struct app_shop *owner;
    if (class_ == ERR_OK)
        class_ = shop_ready(view, choosing->shop_id, &owner, err);
    if (class_ == ERR_OK)
        *facts = owner->sync.facts;
    return class_;
}

static enum err_class consent_finish(struct app *view, int64_t app_id, int64_t shop_id,
                                     struct str code, struct api_consent *out, struct err *err)
{
    struct choosing choosing = {.view = view, .app_id = app_id, .shop_id = shop_id};
    struct facts facts;
    enum err_class class_ = consent_facts(view, app_id, shop_id, &choosing.connector, &facts, err);
    if (class_ != ERR_OK)
        return class_;
    facts.auth_code = code;
    class_ = shop_id ? consent_take(view->gateway, choosing.connector, &facts, STR(""),
                                    &view->arena, &out->consent, err)
                     : consent_take_any(view->gateway, choosing.connector, &facts, consent_shops,
                                        &choosing, &view->arena, &out->consent, err);
    out->shop_id = choosing.shop_id;
    out->platform = connector_platform(choosing.connector);
    if (class_ != ERR_OK)
        return class_;
    struct app_shop *owner;
    view->shops_len = 0;
    class_ = registry_load_shops(view, err);
    if (class_ == ERR_OK)
        class_ = shop_by_id(view, choosing.shop_id, &owner, err);
    /* One that waited for a person has seen one. */
    return class_ == ERR_OK && str_eq(owner->state, STR("needs_person"))
               ? shop_state_change(view, choosing.shop_id, STR("enabled"), NULL, NULL, err)
               : class_;
}

static enum err_class home_consent_take(void *context, struct str platform, int64_t app_id,
                                        int64_t shop_id, struct str code, struct arena *arena,
                                        struct api_consent *out, struct err *err)
{
    struct app view;
    (void)platform;
    *out = (struct api_consent){.shop_id = 0};
    enum err_class class_ = view_open(context, arena, &view, err);
    if (class_ == ERR_OK && !view.gateway)
        class_ = err_set(err, ERR_STOPPED, "starting", "this process does not call out");
    if (class_ == ERR_OK)
        class_ = consent_finish(&view, app_id, shop_id, code, out, err);
    view_close(&view, arena);
    return class_;
}

/* --- webhooks --- */

/* "app-3", "shop-12". */
static enum err_class hook_owner(struct app *view, struct str platform, struct str owner,
                                 const struct connector **connector, struct facts *facts,
                                 struct err *err)
{
    struct str kind, number;
    int64_t id = 0;
    str_cut(owner, '-', &kind, &number);
    bool of_app = str_eq(kind, STR("app"));
    bool good = (of_app || str_eq(kind, STR("shop"))) && str_to_i64(number, &id) && id > 0;
    enum err_class class_ = good ? consent_facts(view, of_app ? id : 0, of_app ? 0 : id, connector,
                                                 facts, err)
                                 : ERR_NOT_FOUND;
    good = class_ == ERR_OK && str_eq(connector_platform(*connector), platform) &&
           connector_webhook(*connector);
    if (class_ == ERR_STORE || class_ == ERR_INTERNAL || good)
        return class_;
    return err_set(err, ERR_NOT_FOUND, "webhook_none",
                   "no webhook of this platform and owner is known here");
}

/* Which message it is: its body as it was signed. */
static enum err_class hook_digest(const struct webhook_message *message, struct arena *arena,
                                  struct str *out, struct err *err)
{
    struct buf plain, digest, hex;
    buf_init(&plain, message->body.len + message->signature.len + 1);
    buf_init(&digest, DIGEST_BYTES_MAX);
    buf_init(&hex, 2 * DIGEST_BYTES_MAX);
    buf_add(&plain, message->signature);
    buf_add_char(&plain, '\n');
    buf_add(&plain, message->body);
    enum err_class class_ = plain.failed
                                ? err_no_memory(err)
                                : digest_write(&digest, DIGEST_SHA256, buf_str(&plain), err);
    if (class_ == ERR_OK) {
        hex_write(&hex, buf_str(&digest), false);
        *out = arena_dup(arena, buf_str(&hex));
        class_ = out->ptr ? ERR_OK : err_no_memory(err);
    }
    buf_fini(&plain);
    buf_fini(&digest);
    buf_fini(&hex);
    return class_;
}

/* The platform is asked for what the message names; where it cannot be asked so, for what is new. */
static enum err_class hook_task(struct app *view, const struct app_shop *shop,
                                const struct webhook *webhook, struct api_hook *out,
                                struct err *err)
{
    struct str run = arena_printf(&view->arena, "hook-%.*s", 24, out->digest.ptr);
    struct sync_request request = {.shop = &shop->sync,
                                   .stream = webhook->stream,
                                   .mode = webhook->stream->by_id ? SYNC_IDS : SYNC_FORWARD,
                                   .ids = out->ids,
                                   .ids_len = out->ids_len,
                                   .class_ = TASK_LIVE,
                                   .run = run};
    if (!run.ptr)
        return err_no_memory(err);
    enum err_class class_ = sync_ask_task(&request, &view->arena, &out->task, NULL);
    if (class_ == ERR_USAGE) {
        request.mode = SYNC_FORWARD;
        class_ = sync_ask_task(&request, &view->arena, &out->task, err);
    }
    return class_ == ERR_OK ? ERR_OK : err_no_memory(err);
}

static enum err_class hook_take(struct app *view, struct str platform, struct str owner,
                                struct str (*header)(void *request, struct str name), void *request,
                                struct str body, struct api_hook *out, struct err *err)
{
    const struct connector *connector = NULL;
    struct facts facts = {0};
    struct webhook_read read;
    enum err_class class_ = hook_owner(view, platform, owner, &connector, &facts, err);
    if (class_ != ERR_OK || !connector)
        return class_;
    const struct webhook *webhook = connector_webhook(connector);
    const struct webhook_message message = {
        .signature = header(request, webhook->signature),
        .sent = webhook->time.len > 0 ? header(request, webhook->time) : STR(""),
        .body = body};
    class_ = connector_webhook_read(connector, &facts, &message, clock_now_ms(), &view->arena,
                                    &read, err);
    if (class_ == ERR_OK)
        class_ = hook_digest(&message, &view->arena, &out->digest, err);
    if (class_ != ERR_OK)
        return class_;
    out->answer = webhook->answer;
    out->ids = read.ids;
    out->ids_len = read.ids_len;
    for (size_t i = 0; i < view->shops_len; i++) {
        const struct app_shop *shop = &view->shops[i];
        bool named = read.shop.len > 0 && facts.shop.id < 0
                         ? shop->app_id == facts.app.id &&
                               str_eq(shop->sync.facts.shop.external_id, read.shop)
                         : shop->sync.id == facts.shop.id;
        if (!named || !str_eq(shop->platform, platform) || shop->err.class_ != ERR_OK)
            continue;
        out->shop_id = shop->sync.id;
        return hook_task(view, shop, webhook, out, err);
    }
    return ERR_OK;
}

static enum err_class home_hook_read(void *context, struct str platform, struct str owner,
                                     struct str (*header)(void *request, struct str name),
                                     void *request, struct str body, struct arena *arena,
                                     struct api_hook *out, struct err *err)
{
    struct app view;
    *out = (struct api_hook){.shop_id = 0};
    enum err_class class_ = view_open(context, arena, &view, err);
    if (class_ == ERR_OK)
        class_ = hook_take(&view, platform, owner, header, request, body, out, err);
    view_close(&view, arena);
    return class_;
}

const struct api_home *homing_make(struct app *app)
{
    struct api_home *home = arena_alloc(&app->arena, sizeof(*home));
    if (home)
        *home = (struct api_home){
            .context = app,
            .text = home_text,
            .event_text = home_event_text,
            .sync_plan = home_sync_plan,
            .shop_add = home_shop_add,
            .shop_edit = home_shop_edit,
            .shop_state = home_shop_state,
            .shop_remove = home_shop_remove,
            .shop_settings = home_shop_settings,
            .needs = home_needs,
            .platforms = home_platforms,
            .streams = home_streams,
            .prove = home_prove,
            .hook_read = home_hook_read,
            .consent_address = home_consent_address,
            .consent_take = home_consent_take,
        };
    return home;
}

/* Every function works on a copy of the generation's app with an arena of its own and the shops as they are stored now:
 * handlers run on several threads, and a shop that was added a moment ago is no stranger. Shops, consents and webhooks
 * have files of their own. */
#include "app/homing_internal.h"

#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "app/happening.h"
#include "app/registry.h"
#include "app/run.h"
#include "app/secret.h"
#include "app/sql.h"
#include "app/stream_status.h"

/* --- the copy --- */

/* What it makes lands in the caller's arena. */
enum err_class view_open(void *context, struct arena *arena, struct app *view, struct err *err)
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

void view_close(struct app *view, struct arena *arena)
{
    secrets_wipe(view);
    *arena = view->arena;
}

enum err_class view_with(void *context, view_work *work, void *args, struct err *err)
{
    struct app view;
    struct arena arena;
    arena_init(&arena);
    enum err_class class_ = view_open(context, &arena, &view, err);
    if (class_ == ERR_OK)
        class_ = work(&view, args, err);
    view_close(&view, &arena);
    arena_fini(&arena);
    return class_;
}

enum err_class view_shop(const struct app *view, int64_t id, struct app_shop **out, struct err *err)
{
    *out = NULL;
    for (size_t i = 0; i < view->shops_len && !*out; i++) {
        if (view->shops[i].sync.id == id)
            *out = &view->shops[i];
    }
    return *out ? ERR_OK
                : err_set(err, ERR_NOT_FOUND, "absent", "there is no shop %lld", (long long)id);
}

enum err_class view_shop_ready(const struct app *view, int64_t id, struct app_shop **out,
                               struct err *err)
{
    enum err_class class_ = view_shop(view, id, out, err);
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
    [API_TEXT_FILES] = MSG_API_FILES,
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

/* --- streams --- */

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

static enum err_class files_read(struct app *view, const struct app_shop *shop,
                                 struct api_stream_status **out, size_t *len, struct err *err)
{
    struct file_status files[FILE_KINDS_MAX];
    size_t kinds;
    enum err_class class_ = file_status_read(view, shop, files, &kinds, err);
    for (; class_ == ERR_OK && *len < kinds; ++*len) {
        const struct file_status *file = &files[*len];
        const struct connector *form;
        (*out)[*len] = (struct api_stream_status){
            .stream = file->kind,
            .table = STR(""),
            .rows = file->rows,
            .rejects = file->refused,
            .frontier_ms = file->as_of_ms,
            .success_ms = file->finished_ms,
            .files = true,
        };
        /* A kind may have left the program since. */
        if (sync_form(view->sync, file->kind, &form, NULL) == ERR_OK)
            (*out)[*len].table = connector_file(form)->stream->table->name;
    }
    return class_;
}

static enum err_class streams_read(struct app *view, const struct app_shop *shop,
                                   struct api_stream_status **out, size_t *len, struct err *err)
{
    size_t streams = connector_streams(shop->sync.connector);
    enum err_class class_ = ERR_OK;
    *out = arena_array(&view->arena, streams + FILE_KINDS_MAX, sizeof(**out));
    if (!*out)
        return err_no_memory(err);
    if (shop_is_by_files(shop))
        return files_read(view, shop, out, len, err);
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
    class_ = sync_stream_since(app->sync, &shop->sync, stream, now_ms, &from_ms, err);
    if (class_ == ERR_OK)
        class_ = range_of_texts(from, to, app_shop_zone(app, shop), stream->window.step_ms, now_ms,
                                &from_ms, &to_ms, err);
    return class_ == ERR_OK ? sync_prove(app->sync, &shop->sync, stream, from_ms, to_ms, out, err)
                            : class_;
}

enum { OPTIONS_SHOWN_MAX = OPTIONS + OPTION_VALUES_MAX };

struct options_shown {
    struct api_option *items;
    size_t len;
};

static void option_add(void *context, struct str key, const struct option *option, struct str value,
                       enum option_origin origin)
{
    struct options_shown *shown = context;
    shown->items[shown->len++] = (struct api_option){
        .key = key,
        .value = value,
        .origin = str_of(option_origin_name(origin)),
        .en = str_of(option->help.en),
        .zh = str_of(option->help.zh),
        .restart = option->restart || origin == OPTION_ENVIRONMENT,
    };
}

static enum err_class home_options(void *context, struct arena *arena, struct api_option **out,
                                   size_t *len, struct err *err)
{
    const struct app *app = context;
    struct options_shown shown = {arena_array(arena, OPTIONS_SHOWN_MAX, sizeof(*shown.items)), 0};
    if (!shown.items)
        return err_no_memory(err);
    options_each(&app->options, arena, option_add, &shown);
    *out = shown.items;
    *len = shown.len;
    return ERR_OK;
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
            .options = home_options,
            .platforms = home_platforms,
            .streams = home_streams,
            .prove = home_prove,
        };
    if (home) {
        homing_apps(home);
        homing_shops(home);
        homing_consents(home);
        homing_hooks(home);
    }
    return home;
}

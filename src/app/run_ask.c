/* What one `huiliu sync` is asked: the wish, the shops and streams it names, and the tasks it becomes. */
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "app/date.h"
#include "app/run.h"
#include "app/sql.h"

/* --- which shops and streams --- */

static bool word_is_given(const struct cli *cli, const char *flag, struct str word)
{
    struct str text;
    size_t at = 0;
    if (!cli_has(cli, flag))
        return true;
    while (cli_next(cli, flag, &at, &text)) {
        if (str_eq(text, word))
            return true;
    }
    return false;
}

static void refuse_shop(struct run *run, const struct app_shop *shop, const struct err *why)
{
    run->refusals[run->refusals_len++] = (struct run_refusal){shop, *why};
}

/* A shop's streams that were asked for. One that is named and does not exist anywhere is a slip. */
static void parts_of_shop(struct run *run, const struct cli *cli, struct app_shop *shop)
{
    for (size_t i = 0; i < connector_streams(shop->sync.connector); i++) {
        const struct stream *stream = connector_stream_at(shop->sync.connector, i);
        bool looks_up = stream->by_id || !cli_has(cli, "order") || cli_has(cli, "stream");
        if (looks_up && word_is_given(cli, "stream", stream->name))
            run->parts[run->parts_len++] = (struct run_part){.shop = shop, .stream = stream};
    }
}

static size_t parts_max(const struct app *app)
{
    size_t max = 1;
    for (size_t i = 0; i < app->shops_len; i++)
        max += app->shops[i].sync.connector ? connector_streams(app->shops[i].sync.connector) : 0;
    return max;
}

static bool shop_is_held(const struct run *run, const struct app_shop *shop)
{
    for (size_t i = 0; i < run->holds_len; i++) {
        const struct hold_of *of = &run->holds[i].of;
        if (of->scope == HOLD_ALL || (of->scope == HOLD_LANE && of->lane == shop->sync.id) ||
            (of->scope == HOLD_PLATFORM && str_eq(of->platform, shop->platform)))
            return true;
    }
    return false;
}

static void shop_take(struct run *run, const struct cli *cli, struct app_shop *shop, bool named)
{
    struct err why;
    if (shop->sync.enabled && shop_is_held(run, shop)) {
        err_say(&why, ERR_FORBIDDEN, "shop_paused", MSG_SHOP_IS_PAUSED,
                M_STR(shop->sync.facts.shop.name), M_END);
        refuse_shop(run, shop, &why);
    } else if (shop->err.class_ != ERR_OK) {
        refuse_shop(run, shop, &shop->err);
    } else if (shop->sync.enabled) {
        parts_of_shop(run, cli, shop);
    } else if (named || str_eq(shop->state, STR("needs_person"))) {
        bool waits = str_eq(shop->state, STR("needs_person"));
        err_say(&why, ERR_FORBIDDEN, waits ? "shop_needs_person" : "shop_disabled",
                waits ? MSG_SHOP_NEEDS_PERSON : MSG_SHOP_IS_DISABLED,
                M_STR(shop->sync.facts.shop.name), M_STR(shop->sync.state_reason), M_END);
        refuse_shop(run, shop, &why);
    }
}

/* An order belongs to one shop; the others could only answer that they do not know it. */
static enum err_class order_shop_check(const struct cli *cli, const struct run *run,
                                       struct err *err)
{
    if (!cli_has(cli, "order") || cli_has(cli, "shop"))
        return ERR_OK;
    for (size_t i = 1; i < run->parts_len; i++) {
        if (run->parts[i].shop != run->parts[0].shop)
            return err_say(err, ERR_USAGE, "order_shop", MSG_ORDER_SHOP, M_END);
    }
    return ERR_OK;
}

static enum err_class streams_check(const struct app *app, const struct cli *cli,
                                    const struct run *run, struct err *err)
{
    struct str name;
    const struct stream *stream;
    size_t at = 0;
    while (cli_next(cli, "stream", &at, &name)) {
        bool known = run->parts_len == 0 && run->refusals_len > 0;
        for (size_t i = 0; i < run->parts_len; i++)
            known |= str_eq(run->parts[i].stream->name, name);
        if (known)
            continue;
        for (size_t i = 0; i < app->shops_len; i++) {
            if (app->shops[i].sync.connector)
                return app_stream_of(app->shops[i].sync.connector, name, &stream, err);
        }
    }
    return ERR_OK;
}

enum err_class run_choose(struct app *app, const struct cli *cli, struct run *run, struct err *err)
{
    struct str word;
    size_t at = 0;
    enum err_class class_ = ERR_OK;
    run->parts = arena_array(&app->arena, parts_max(app), sizeof(*run->parts));
    run->refusals = arena_array(&app->arena, app->shops_len + CLI_FLAGS_MAX,
                                sizeof(*run->refusals));
    if (!run->parts || !run->refusals)
        return err_no_memory(err);
    class_ = holds_read(app->store, &app->arena, &run->holds, &run->holds_len, err);
    while (class_ == ERR_OK && cli_next(cli, "shop", &at, &word)) {
        struct app_shop *shop;
        class_ = app_shop_of(app, word, &shop, err);
        if (class_ == ERR_OK)
            shop_take(run, cli, shop, true);
    }
    const struct connector *connector;
    if (class_ == ERR_OK && cli_has(cli, "platform"))
        class_ = app_connector_of(app, cli_text(cli, "platform"), &connector, err);
    for (size_t i = 0; class_ == ERR_OK && !cli_has(cli, "shop") && i < app->shops_len; i++) {
        if (word_is_given(cli, "platform", app->shops[i].platform))
            shop_take(run, cli, &app->shops[i], false);
    }
    if (class_ == ERR_OK && app->shops_len == 0)
        class_ = err_say(err, ERR_CONFIG, "shop_none", MSG_SHOP_NONE, M_END);
    if (class_ == ERR_OK)
        class_ = streams_check(app, cli, run, err);
    return class_ == ERR_OK ? order_shop_check(cli, run, err) : class_;
}

enum err_class run_options_override(struct app *app, const struct cli *cli, struct run *run,
                                    struct err *err)
{
    for (size_t i = 0; cli_has(cli, "set") && i < run->parts_len; i++) {
        struct app_shop *shop = run->parts[i].shop;
        if (i > 0 && run->parts[i - 1].shop == shop)
            continue;
        struct settings settings = {0};
        struct facts *facts = &shop->sync.facts;
        for (size_t k = 0; k < facts->options_len; k++)
            settings.options[settings.options_len++] = facts->options[k];
        enum err_class class_ = settings_put_flags(&settings, shop->sync.connector, "shop", cli,
                                                   err);
        if (class_ != ERR_OK)
            return class_;
        if (settings.settings_len > 0)
            return err_say(err, ERR_USAGE, "setting_not_option", MSG_SETTING_NOT_OPTION,
                           M_STR(settings.settings[0].name), M_END);
        struct setting *list = arena_array(&app->arena, settings.options_len + 1, sizeof(*list));
        if (!list)
            return err_no_memory(err);
        memcpy(list, settings.options, settings.options_len * sizeof(*list));
        facts->options = list;
        facts->options_len = settings.options_len;
    }
    return ERR_OK;
}

/* --- what is asked --- */

enum err_class run_wish_read(struct run_wish *wish, const struct cli *cli, struct err *err)
{
    static const char *const excluded[][2] = {
        {"full", "from"}, {"full", "to"}, {"full", "order"}, {"from", "order"}, {"to", "order"},
    };
    *wish = (struct run_wish){.cli = cli, .mode = SYNC_FORWARD};
    for (size_t i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++) {
        enum err_class class_ = cli_exclude(cli, excluded[i][0], excluded[i][1], err);
        if (class_ != ERR_OK)
            return class_;
    }
    if (cli_has(cli, "to") && !cli_has(cli, "from"))
        return err_say(err, ERR_USAGE, "flag_needs", MSG_FLAG_NEEDS, M_STR(STR("to")),
                       M_STR(STR("from")), M_END);
    size_t at = 0;
    while (cli_next(cli, "order", &at, &wish->ids[wish->ids_len]))
        wish->ids_len++;
    if (wish->ids_len > 0)
        wish->mode = SYNC_IDS;
    else if (cli_has(cli, "from") || cli_has(cli, "full"))
        wish->mode = SYNC_RANGE;
    if (cli_has(cli, "by") && wish->mode != SYNC_RANGE)
        return err_say(err, ERR_USAGE, "flag_needs", MSG_FLAG_NEEDS, M_STR(STR("by")),
                       M_STR(STR("from")), M_END);
    return ERR_OK;
}

/* What lies further back the platform does not give, and an empty answer would look like proof. */
static enum err_class history_check(const struct stream *stream, const struct zone *zone,
                                    int64_t from_ms, int64_t now_ms, struct err *err)
{
    int64_t first_ms = now_ms - stream->window.history_ms;
    if (stream->window.history_ms == 0 || from_ms >= first_ms)
        return ERR_OK;
    struct buf first;
    buf_init(&first, 64);
    time_write(&first, zone, first_ms);
    err_say(err, ERR_USAGE, "before_history", MSG_BEFORE_HISTORY, M_STR(stream->name),
            M_STR(buf_str(&first)), M_END);
    buf_fini(&first);
    return ERR_USAGE;
}

static enum err_class range_fill(struct app *app, const struct run_wish *wish,
                                 struct sync_request *request, struct err *err)
{
    const struct stream *stream = request->stream;
    int64_t now_ms = clock_now_ms(), step_ms = stream->window.step_ms;
    if (cli_has(wish->cli, "full")) {
        request->from_ms = SYNC_FROM_START;
        request->to_ms = now_ms - now_ms % step_ms;
    } else {
        const struct zone *zone = app->zone                   ? app->zone
                                  : request->shop->facts.zone ? request->shop->facts.zone
                                                              : stream->zone;
        enum err_class class_ = range_of_flags(wish->cli, zone, step_ms, now_ms, &request->from_ms,
                                               &request->to_ms, err);
        if (class_ == ERR_OK)
            class_ = history_check(stream, zone, request->from_ms, now_ms, err);
        if (class_ != ERR_OK)
            return class_;
    }
    struct str by = cli_text(wish->cli, "by");
    /* Figures have no windows: a range is that of the orders' creation. */
    if (stream->figures.of && by.len == 0)
        return ERR_OK;
    request->by_updated = by.len > 0 ? str_eq(by, STR("updated")) : !stream->window.has_created;
    bool has = request->by_updated ? stream->window.pull_by_updated : stream->window.has_created;
    if (has)
        return ERR_OK;
    return err_say(err, ERR_USAGE, "by_unknown", MSG_BY_UNKNOWN, M_STR(stream->name), M_STR(by),
                   M_END);
}

static enum err_class part_ask(struct app *app, const struct run *run, const struct run_wish *wish,
                               const struct run_part *part, struct sync_asking *asking,
                               struct err *err)
{
    struct sync_request request = {
        .shop = &part->shop->sync,
        .stream = part->stream,
        .mode = wish->mode,
        .ids = wish->ids,
        .ids_len = wish->ids_len,
        .class_ = wish->mode == SYNC_FORWARD ? TASK_LIVE : TASK_REPAIR,
        .run = run->id,
    };
    if (wish->mode == SYNC_IDS && !part->stream->by_id)
        return err_say(err, ERR_USAGE, "no_lookup", MSG_NO_LOOKUP, M_STR(part->stream->name),
                       M_END);
    enum err_class class_ = wish->mode == SYNC_RANGE ? range_fill(app, wish, &request, err)
                                                     : ERR_OK;
    int64_t tasks = 0;
    return class_ == ERR_OK ? sync_asking_add(asking, &request, &tasks, err) : class_;
}

static enum err_class parts_ask(struct app *app, struct run *run, const struct run_wish *wish,
                                struct sync_asking *asking, struct err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < run->parts_len; i++) {
        struct err why;
        err_clear(&why);
        enum err_class class_ = part_ask(app, run, wish, &run->parts[i], asking, &why);
        if (class_ == ERR_USAGE || class_ == ERR_STORE || class_ == ERR_INTERNAL) {
            if (err)
                *err = why;
            return class_;
        }
        if (class_ != ERR_OK)
            refuse_shop(run, run->parts[i].shop, &why);
        else
            run->parts[kept++] = run->parts[i];
    }
    run->parts_len = kept;
    return ERR_OK;
}

enum err_class run_enqueue(struct app *app, struct run *run, const struct run_wish *wish,
                           struct err *err)
{
    struct sync_asking *asking;
    enum err_class class_ = sync_asking_new(app->sync, &asking, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = parts_ask(app, run, wish, asking, err);
    if (class_ == ERR_OK)
        class_ = sync_asking_commit(asking, err);
    sync_asking_free(asking);
    return class_;
}

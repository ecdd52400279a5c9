/* What one `huiliu sync` is asked: the wish, the shops and streams it names, and the tasks it becomes. */
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "app/date.h"
#include "app/run.h"
#include "app/sql.h"
#include "app/stream_status.h"

/* --- which shops and streams --- */

/* No words mean all. */
static bool word_is_given(const struct run_words *words, struct str word)
{
    for (size_t i = 0; i < words->len; i++) {
        if (str_eq(words->at[i], word))
            return true;
    }
    return words->len == 0;
}

static void refuse_shop(struct run *run, const struct app_shop *shop, const struct err *why)
{
    run->refusals[run->refusals_len++] = (struct run_refusal){shop, *why};
}

/* A shop's streams that were asked for. One that is named and does not exist anywhere is a slip. */
static void parts_of_shop(struct run *run, const struct run_wish *wish, struct app_shop *shop)
{
    for (size_t i = 0; i < connector_streams(shop->sync.connector); i++) {
        const struct stream *stream = connector_stream_at(shop->sync.connector, i);
        bool looks_up = stream->by_id || wish->ids.len == 0 || wish->streams.len > 0;
        if (looks_up && word_is_given(&wish->streams, stream->name))
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

static void shop_take(struct run *run, const struct run_wish *wish, struct app_shop *shop,
                      bool named)
{
    struct err why;
    if (shop->sync.enabled && shop_is_held(run, shop)) {
        err_say(&why, ERR_FORBIDDEN, "shop_paused", MSG_SHOP_IS_PAUSED,
                M_STR(shop->sync.facts.shop.name), M_END);
        refuse_shop(run, shop, &why);
    } else if (shop->err.class_ != ERR_OK) {
        refuse_shop(run, shop, &shop->err);
    } else if (shop->sync.enabled && shop_is_by_files(shop)) {
        err_say(&why, ERR_USAGE, "shop_by_files", MSG_SHOP_BY_FILES,
                M_STR(shop->sync.facts.shop.name), M_STR(shop->platform), M_END);
        if (named)
            refuse_shop(run, shop, &why);
    } else if (shop->sync.enabled) {
        parts_of_shop(run, wish, shop);
    } else if (named || str_eq(shop->state, STR("needs_person"))) {
        bool waits = str_eq(shop->state, STR("needs_person"));
        err_say(&why, ERR_FORBIDDEN, waits ? "shop_needs_person" : "shop_disabled",
                waits ? MSG_SHOP_NEEDS_PERSON : MSG_SHOP_IS_DISABLED,
                M_STR(shop->sync.facts.shop.name), M_STR(shop->sync.state_reason), M_END);
        refuse_shop(run, shop, &why);
    }
}

/* One that is named twice is asked once. */
static bool shop_is_taken(const struct run *run, const struct app_shop *shop)
{
    for (size_t i = 0; i < run->parts_len; i++) {
        if (run->parts[i].shop == shop)
            return true;
    }
    for (size_t i = 0; i < run->refusals_len; i++) {
        if (run->refusals[i].shop == shop)
            return true;
    }
    return false;
}

/* An order belongs to one shop; the others could only answer that they do not know it. */
static enum err_class order_shop_check(const struct run_wish *wish, const struct run *run,
                                       struct err *err)
{
    if (wish->ids.len == 0 || wish->shops.len > 0)
        return ERR_OK;
    for (size_t i = 1; i < run->parts_len; i++) {
        if (run->parts[i].shop != run->parts[0].shop)
            return err_say(err, ERR_USAGE, "order_shop", MSG_ORDER_SHOP, M_END);
    }
    return ERR_OK;
}

static enum err_class streams_check(const struct app *app, const struct run_wish *wish,
                                    const struct run *run, struct err *err)
{
    const struct stream *stream;
    for (size_t at = 0; at < wish->streams.len; at++) {
        struct str name = wish->streams.at[at];
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

enum err_class run_choose(struct app *app, const struct run_wish *wish, struct run *run,
                          struct err *err)
{
    enum err_class class_ = ERR_OK;
    run->parts = arena_array(&app->arena, parts_max(app), sizeof(*run->parts));
    run->refusals = arena_array(&app->arena, app->shops_len + wish->shops.len + 1,
                                sizeof(*run->refusals));
    if (!run->parts || !run->refusals)
        return err_no_memory(err);
    class_ = holds_read(app->store, &app->arena, &run->holds, &run->holds_len, err);
    for (size_t i = 0; class_ == ERR_OK && i < wish->shops.len; i++) {
        struct app_shop *shop;
        class_ = app_shop_of(app, wish->shops.at[i], &shop, err);
        if (class_ == ERR_OK && !shop_is_taken(run, shop))
            shop_take(run, wish, shop, true);
    }
    const struct connector *connector;
    for (size_t i = 0; class_ == ERR_OK && i < wish->platforms.len; i++)
        class_ = app_connector_of(app, wish->platforms.at[i], &connector, err);
    for (size_t i = 0; class_ == ERR_OK && wish->shops.len == 0 && i < app->shops_len; i++) {
        if (word_is_given(&wish->platforms, app->shops[i].platform))
            shop_take(run, wish, &app->shops[i], false);
    }
    if (class_ == ERR_OK && app->shops_len == 0)
        class_ = err_say(err, ERR_CONFIG, "shop_none", MSG_SHOP_NONE, M_END);
    /* Where there is more to do they are passed over; where there is nothing else they are the answer. */
    for (size_t i = 0; class_ == ERR_OK && run->parts_len + run->refusals_len == 0 &&
                       wish->streams.len == 0 && i < app->shops_len;
         i++) {
        bool passes = wish->files_pass && shop_is_by_files(&app->shops[i]);
        if (!passes && word_is_given(&wish->platforms, app->shops[i].platform))
            shop_take(run, wish, &app->shops[i], true);
    }
    if (class_ == ERR_OK)
        class_ = streams_check(app, wish, run, err);
    return class_ == ERR_OK ? order_shop_check(wish, run, err) : class_;
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

static enum err_class flag_needs(const char *one, const char *other, struct err *err)
{
    return err_say(err, ERR_USAGE, "flag_needs", MSG_FLAG_NEEDS, M_STR(str_of(one)),
                   M_STR(str_of(other)), M_END);
}

enum err_class run_wish_check(struct run_wish *wish, struct err *err)
{
    bool from = wish->from.len > 0, to = wish->to.len > 0, ids = wish->ids.len > 0;
    const struct {
        const char *one, *other;
        bool both;
    } excluded[] = {
        {"full", "from", wish->full && from}, {"full", "to", wish->full && to},
        {"full", "order", wish->full && ids}, {"from", "order", from && ids},
        {"to", "order", to && ids},
    };
    for (size_t i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++) {
        if (excluded[i].both)
            return err_say(err, ERR_USAGE, "flag_exclude", MSG_FLAG_EXCLUDE,
                           M_STR(str_of(excluded[i].one)), M_STR(str_of(excluded[i].other)), M_END);
    }
    if (to && !from)
        return flag_needs("to", "from", err);
    wish->mode = ids ? SYNC_IDS : from || wish->full ? SYNC_RANGE : SYNC_FORWARD;
    if (wish->by.len > 0 && wish->mode != SYNC_RANGE)
        return flag_needs("by", "from", err);
    return ERR_OK;
}

static enum err_class words_of_flag(struct app *app, const struct cli *cli, const char *flag,
                                    struct run_words *out, struct err *err)
{
    struct str *words = arena_array(&app->arena, CLI_FLAGS_MAX, sizeof(*words));
    size_t at = 0, len = 0;
    if (!words)
        return err_no_memory(err);
    while (len < CLI_FLAGS_MAX && cli_next(cli, flag, &at, &words[len]))
        len++;
    *out = (struct run_words){words, len};
    return ERR_OK;
}

enum err_class run_wish_read(struct app *app, struct run_wish *wish, const struct cli *cli,
                             struct err *err)
{
    *wish = (struct run_wish){.from = cli_text(cli, "from"),
                              .to = cli_text(cli, "to"),
                              .by = cli_text(cli, "by"),
                              .full = cli_has(cli, "full"),
                              .files_pass = true};
    enum err_class class_ = words_of_flag(app, cli, "shop", &wish->shops, err);
    if (class_ == ERR_OK)
        class_ = words_of_flag(app, cli, "platform", &wish->platforms, err);
    if (class_ == ERR_OK)
        class_ = words_of_flag(app, cli, "stream", &wish->streams, err);
    if (class_ == ERR_OK)
        class_ = words_of_flag(app, cli, "order", &wish->ids, err);
    return class_ == ERR_OK ? run_wish_check(wish, err) : class_;
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
    if (wish->full) {
        request->from_ms = SYNC_FROM_START;
        request->to_ms = now_ms - now_ms % step_ms;
    } else {
        const struct zone *zone = app->zone                   ? app->zone
                                  : request->shop->facts.zone ? request->shop->facts.zone
                                                              : stream->zone;
        enum err_class class_ = range_of_texts(wish->from, wish->to, zone, step_ms, now_ms,
                                               &request->from_ms, &request->to_ms, err);
        if (class_ == ERR_OK)
            class_ = history_check(stream, zone, request->from_ms, now_ms, err);
        if (class_ != ERR_OK)
            return class_;
    }
    struct str by = wish->by;
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

static enum err_class part_request(struct app *app, const struct run *run,
                                   const struct run_wish *wish, const struct run_part *part,
                                   struct sync_request *out, struct err *err)
{
    *out = (struct sync_request){
        .shop = &part->shop->sync,
        .stream = part->stream,
        .mode = wish->mode,
        .ids = wish->ids.at,
        .ids_len = wish->ids.len,
        .class_ = wish->mode == SYNC_FORWARD ? TASK_LIVE : TASK_REPAIR,
        .run = run->id,
    };
    if (wish->mode == SYNC_IDS && !part->stream->by_id)
        return err_say(err, ERR_USAGE, "no_lookup", MSG_NO_LOOKUP, M_STR(part->stream->name),
                       M_END);
    return wish->mode == SYNC_RANGE ? range_fill(app, wish, out, err) : ERR_OK;
}

/* Where the requests of a run go: to be done at once, or into tasks; with neither they are only checked. */
struct asking {
    struct sync_asking *now;
    struct arena *arena;
    struct task_new *tasks;
    size_t tasks_len;
};

static enum err_class part_ask(struct app *app, const struct run *run, const struct run_wish *wish,
                               const struct run_part *part, struct asking *asking, struct err *err)
{
    struct sync_request request;
    int64_t tasks = 0;
    enum err_class class_ = part_request(app, run, wish, part, &request, err);
    if (class_ != ERR_OK)
        return class_;
    if (asking->now)
        return sync_asking_add(asking->now, &request, &tasks, err);
    if (!asking->tasks)
        return ERR_OK;
    class_ = sync_ask_task(&request, asking->arena, &asking->tasks[asking->tasks_len], err);
    asking->tasks_len += class_ == ERR_OK;
    return class_;
}

static enum err_class parts_ask(struct app *app, struct run *run, const struct run_wish *wish,
                                struct asking *asking, struct err *err)
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

enum err_class run_tasks(struct app *app, struct run *run, const struct run_wish *wish,
                         struct task_new **tasks, size_t *tasks_len, struct err *err)
{
    struct asking asking = {.arena = &app->arena};
    asking.tasks = arena_array(&app->arena, run->parts_len + 1, sizeof(*asking.tasks));
    if (!asking.tasks)
        return err_no_memory(err);
    enum err_class class_ = parts_ask(app, run, wish, &asking, err);
    *tasks = asking.tasks;
    *tasks_len = asking.tasks_len;
    return class_;
}

/* --- its rows --- */

static void words_write(struct buf *out, const char *key, const struct run_words *words)
{
    if (words->len == 0)
        return;
    buf_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
    json_write_strings(out, words->at, words->len);
}

static void word_write(struct buf *out, const char *key, struct str word)
{
    if (word.len == 0)
        return;
    buf_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
    json_write_string(out, word);
}

static enum err_class buf_take(struct buf *text, struct arena *arena, struct str *out,
                               struct err *err)
{
    *out = text->failed ? STR_NONE : arena_dup(arena, buf_str(text));
    buf_fini(text);
    return out->ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class wish_write(const struct run_wish *wish, struct arena *arena, struct str *out,
                                 struct err *err)
{
    struct buf text;
    buf_init(&text, 1024 * 1024);
    buf_add_char(&text, '{');
    words_write(&text, "streams", &wish->streams);
    word_write(&text, "from", wish->from);
    word_write(&text, "to", wish->to);
    word_write(&text, "by", wish->by);
    words_write(&text, "ids", &wish->ids);
    buf_add_char(&text, '}');
    return buf_take(&text, arena, out, err);
}

/* The streams of the part and of those behind it that are of the same shop; *at moves behind them. */
static enum err_class streams_write(const struct run *run, size_t *at, struct arena *arena,
                                    struct str *out, struct err *err)
{
    const struct app_shop *shop = run->parts[*at].shop;
    struct buf text;
    buf_init(&text, 64 * 1024);
    buf_add_char(&text, '[');
    for (; *at < run->parts_len && run->parts[*at].shop == shop; ++*at) {
        buf_add(&text, text.len > 1 ? STR(",") : STR(""));
        json_write_string(&text, run->parts[*at].stream->name);
    }
    buf_add_char(&text, ']');
    return buf_take(&text, arena, out, err);
}

enum err_class run_rows(const struct run *run, const struct run_wish *wish, struct str asked_by,
                        struct arena *arena, struct sync_run *out, struct err *err)
{
    struct sync_run_shop *shops = arena_array(arena, run->parts_len + run->refusals_len + 1,
                                              sizeof(*shops));
    if (!shops)
        return err_no_memory(err);
    *out = (struct sync_run){
        .id = run->id,
        .mode = wish->mode == SYNC_IDS       ? STR("order")
                : wish->mode == SYNC_FORWARD ? STR("incremental")
                : wish->full                 ? STR("full")
                                             : STR("range"),
        .asked_by = asked_by,
        .shops = shops,
    };
    enum err_class class_ = wish_write(wish, arena, &out->wish, err);
    for (size_t at = 0; class_ == ERR_OK && at < run->parts_len;) {
        struct sync_run_shop *shop = &shops[out->shops_len++];
        *shop = (struct sync_run_shop){.shop_id = run->parts[at].shop->sync.id};
        class_ = streams_write(run, &at, arena, &shop->streams, err);
    }
    for (size_t i = 0; class_ == ERR_OK && i < run->refusals_len; i++) {
        const struct run_refusal *refusal = &run->refusals[i];
        bool there = false;
        for (size_t k = 0; k < out->shops_len; k++)
            there |= shops[k].shop_id == refusal->shop->sync.id;
        if (!there)
            shops[out->shops_len++] = (struct sync_run_shop){
                .shop_id = refusal->shop->sync.id,
                .streams = STR("[]"),
                .code = str_of(refusal->err.code),
                .reason = str_of(refusal->err.message)};
    }
    return class_;
}

struct recording {
    const struct sync_run *rows;
    const struct task_new *tasks;
    size_t tasks_len;
    bool plans_later;
};

static enum err_class record_work(struct tx *tx, void *context, struct err *err)
{
    const struct recording *recording = context;
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = sync_run_add(tx, recording->rows, now_ms, err);
    for (size_t i = 0; class_ == ERR_OK && i < recording->tasks_len; i++)
        class_ = queue_enqueue_in(tx, &recording->tasks[i], now_ms, err);
    if (recording->tasks_len > 0)
        tx_say(tx, TOPIC_TASK);
    return class_;
}

static enum err_class run_record(struct app *app, const struct run *run,
                                 const struct run_wish *wish, struct recording *recording,
                                 struct err *err)
{
    struct sync_run rows;
    enum err_class class_ = run_rows(run, wish, app->process, &app->arena, &rows, err);
    rows.plans_later = recording->plans_later;
    recording->rows = &rows;
    return class_ == ERR_OK ? store_write(app->store, record_work, recording, err) : class_;
}

enum err_class run_enqueue(struct app *app, struct run *run, const struct run_wish *wish,
                           struct err *err)
{
    struct asking asking = {.arena = &app->arena};
    struct recording recording = {0};
    struct task_new *tasks;
    /* What a service does is asked in the lane, so that all that follows from it is this run's. */
    if (run->follows) {
        enum err_class class_ = run_tasks(app, run, wish, &tasks, &recording.tasks_len, err);
        recording.tasks = tasks;
        return class_ == ERR_OK ? run_record(app, run, wish, &recording, err) : class_;
    }
    enum err_class class_ = parts_ask(app, run, wish, &asking, err);
    if (class_ == ERR_OK)
        class_ = sync_asking_new(app->sync, &asking.now, err);
    if (class_ != ERR_OK)
        return class_;
    recording.plans_later = true;
    class_ = run_record(app, run, wish, &recording, err);
    if (class_ == ERR_OK)
        class_ = parts_ask(app, run, wish, &asking, err);
    if (class_ == ERR_OK)
        class_ = sync_asking_commit(asking.now, err);
    if (class_ == ERR_OK)
        class_ = sync_run_planned(app->store, run->id, clock_now_ms(), err);
    sync_asking_free(asking.now);
    return class_;
}

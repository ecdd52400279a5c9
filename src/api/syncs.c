/* Syncs: asking for one, how it goes, what there was, taking one back. What a sync is stands in sync/history.h. */
#include <stdio.h>
#include <string.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/list.h"
#include "api/tables.h"

static bool sees(void *context, int64_t shop_id)
{
    return call_sees_shop(context, shop_id);
}

/* --- how it goes --- */

static void trouble_out(struct out *out, const struct call *call,
                        const struct sync_trouble *trouble, struct str shop)
{
    char number[24];
    snprintf(number, sizeof(number), "%lld", (long long)trouble->task_id);
    out_object(out, NULL);
    out_text(out, "kind", trouble->task_id ? STR("task_dead") : STR("window_unproved"));
    if (trouble->task_id) {
        out_text(out, "task", str_of(number));
        out_text(out, "task_kind", trouble->kind);
        out_text(out, "error", trouble->error);
        control_out_text(out, call, "next", API_TEXT_NEXT_DEAD, str_of(number), STR(""), STR(""));
    } else {
        out_text(out, "stream", trouble->stream);
        out_text(out, "window", trouble->kind);
        out_time(out, "from", trouble->from_ms);
        out_time(out, "to", trouble->to_ms);
        out_text(out, "error", trouble->error);
        control_out_text(out, call, "next", API_TEXT_NEXT_UNPROVED, shop, STR(""), STR(""));
    }
    out_end_object(out);
}

static void wait_out(struct out *out, const struct call *call, enum sync_wait wait, int64_t next_ms)
{
    static const enum api_text texts[] = {[SYNC_WAIT_NOBODY] = API_TEXT_WAIT_NOBODY,
                                          [SYNC_WAIT_TURN] = API_TEXT_WAIT_TURN,
                                          [SYNC_WAIT_TIME] = API_TEXT_WAIT_TIME,
                                          [SYNC_WAIT_PAUSED] = API_TEXT_WAIT_PAUSED};
    if (wait == SYNC_WAIT_NONE) {
        out_null(out, "waits_for");
        return;
    }
    out_object(out, "waits_for");
    out_text(out, "what", sync_wait_word(wait));
    out_time_or_null(out, "until", next_ms, wait == SYNC_WAIT_TIME && next_ms > 0);
    control_out_text(out, call, "text", texts[wait],
                     next_ms > 0 ? control_time(call->arena, next_ms) : STR(""), STR(""), STR(""));
    out_end_object(out);
}

static void counts_out(struct out *out, const struct sync_shop_progress *shop)
{
    out_object(out, "counts");
    out_int(out, "tries", shop->tries);
    out_int(out, "pages", shop->pages);
    out_int(out, "calls", shop->calls);
    out_int(out, "rows_new", shop->rows[ROW_NEW]);
    out_int(out, "rows_changed", shop->rows[ROW_CHANGED]);
    out_int(out, "rows_same", shop->rows[ROW_SAME]);
    out_int(out, "rows_older", shop->rows[ROW_OLDER]);
    out_int(out, "rejects", shop->rejects);
    out_int(out, "windows_sealed", shop->sealed);
    out_int(out, "windows_unproved", shop->unproved);
    out_int(out, "windows_open", shop->open);
    out_int(out, "tasks_left", shop->ready + shop->waiting + shop->running);
    out_int(out, "tasks_dead", shop->dead);
    out_end_object(out);
}

static void percent_out(struct out *out, int percent)
{
    if (percent < 0)
        out_null(out, "percent");
    else
        out_int(out, "percent", percent);
}

static void shop_out(struct out *out, const struct call *call,
                     const struct sync_shop_progress *shop)
{
    const struct api_shop *known = host_shop(call->host, shop->shop_id);
    struct str name = known ? known->name : STR("");
    out_object(out, NULL);
    control_out_shop(out, call, "shop", shop->shop_id);
    out_raw(out, "streams", shop->streams);
    out_text(out, "state", sync_state_word(shop->state));
    wait_out(out, call, shop->wait, shop->next_ms);
    percent_out(out, shop->percent);
    counts_out(out, shop);
    out_time_or_null(out, "began", shop->first_ms, shop->first_ms > 0);
    out_time_or_null(out, "last", shop->last_ms, shop->last_ms > 0);
    out_text_or_null(out, "continued_by", shop->followed_by.len > 0 ? shop->followed_by : STR_NONE);
    out_list(out, "troubles");
    if (shop->code.len > 0) {
        out_object(out, NULL);
        out_text(out, "kind", STR("refused"));
        out_text(out, "code", shop->code);
        out_text(out, "error", shop->reason);
        control_out_text(out, call, "next", API_TEXT_NEXT_SHOP, name, STR(""), STR(""));
        out_end_object(out);
    }
    for (size_t i = 0; i < shop->troubles_len; i++)
        trouble_out(out, call, &shop->troubles[i], name);
    out_end_list(out);
    out_end_object(out);
}

static void totals_add(const struct sync_progress *run, struct sync_shop_progress *sum)
{
    *sum = (struct sync_shop_progress){0};
    for (size_t i = 0; i < run->shops_len; i++) {
        const struct sync_shop_progress *shop = &run->shops[i];
        sum->tries += shop->tries;
        sum->pages += shop->pages;
        sum->calls += shop->calls;
        sum->rejects += shop->rejects;
        for (size_t k = 0; k < ROW_OUTCOMES; k++)
            sum->rows[k] += shop->rows[k];
        sum->sealed += shop->sealed;
        sum->unproved += shop->unproved;
        sum->open += shop->open;
        sum->ready += shop->ready;
        sum->waiting += shop->waiting;
        sum->running += shop->running;
        sum->dead += shop->dead;
        if (shop->last_ms > sum->last_ms)
            sum->last_ms = shop->last_ms;
        if (shop->next_ms > 0 && (sum->next_ms == 0 || shop->next_ms < sum->next_ms))
            sum->next_ms = shop->next_ms;
    }
}

/* The numbers of the records that were asked for may be of another shop: only who sees all, or asked himself, is told them. */
static struct str wish_shown(const struct call *call, const struct sync_progress *run)
{
    bool told = call->person->all_shops || str_eq(run->asked_by, call->person->name) ||
                !str_eq(run->mode, STR("order"));
    return told ? run->wish : STR("{}");
}

static void run_out(struct out *out, const struct call *call, const char *key,
                    const struct sync_progress *run, bool shops)
{
    struct sync_shop_progress sum;
    totals_add(run, &sum);
    bool over = run->state != SYNC_WAITING && run->state != SYNC_RUNNING;
    out_object(out, key);
    out_text(out, "id", run->id);
    out_text(out, "mode", run->mode);
    out_text(out, "state", sync_state_word(run->state));
    wait_out(out, call, run->wait, sum.next_ms);
    percent_out(out, run->percent);
    out_time(out, "asked", run->asked_ms);
    out_text(out, "asked_by", run->asked_by);
    out_raw(out, "wish", wish_shown(call, run));
    out_time_or_null(out, "ended", sum.last_ms, over && sum.last_ms > 0);
    out_time_or_null(out, "cancelled", run->cancelled_ms, run->cancelled_ms > 0);
    out_text_or_null(out, "cancelled_by", run->cancelled_ms > 0 ? run->cancelled_by : STR_NONE);
    counts_out(out, &sum);
    if (shops) {
        out_list(out, "shops");
        for (size_t i = 0; i < run->shops_len; i++)
            shop_out(out, call, &run->shops[i]);
        out_end_list(out);
    } else {
        out_int(out, "shops_len", (int64_t)run->shops_len);
    }
    out_end_object(out);
}

static enum err_class progress_read(const struct call *call, struct str id,
                                    struct sync_progress *out, struct err *err)
{
    struct call *asker = (struct call *)(uintptr_t)call;
    return sync_run_progress(call->host->store, id, call->now_ms, sees, asker, call->arena, out,
                             err);
}

static const struct param one_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The sync"}, {0}};

static enum err_class sync_answer(struct call *call, struct str id, bool joined, struct err *err)
{
    struct sync_progress run;
    struct out out;
    enum err_class class_ = progress_read(call, id, &run, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    if (call->route->method != ROUTE_POST) {
        run_out(&out, call, NULL, &run, true);
        return ERR_OK;
    }
    out_object(&out, NULL);
    out_text(&out, "id", id);
    out_bool(&out, "joined", joined);
    run_out(&out, call, "sync", &run, true);
    out_end_object(&out);
    return ERR_OK;
}

static enum err_class sync_one(struct call *call, struct err *err)
{
    return sync_answer(call, call_text(call, "id"), false, err);
}

/* --- what there was --- */

static const char *const modes[] = {"incremental", "range", "full", "order", NULL};
static const struct list_column columns[] = {
    {"id", "r.id", .kind = LIST_ID, .sorts = true},
    {"asked", "r.asked_ms", .kind = LIST_TIME, .sorts = true},
    {"mode", "r.mode", .kind = LIST_TEXT},
    {"asked_by", "r.asked_by", .kind = LIST_TEXT},
    {0},
};
static const struct list sync_runs = {
    .name = "syncs",
    .from = "sync_run r",
    .columns = columns,
    .key = {"id"},
    .sort = "-asked",
    .shop = "s.shop_id",
    .shops_of = "SELECT 1 FROM sync_run_shop s WHERE s.run = r.id",
    .live = true,
};
static const struct param list_params[] = {
    LIST_PARAMS,
    CONTROL_SHOP,
    {"mode", PARAM_QUERY, PARAM_WORD, .words = modes, .filter = LIST_EQUAL, .column = "mode",
     .help = "How it was asked"},
    {"from", PARAM_QUERY, PARAM_TIME, .filter = LIST_LEAST, .column = "asked",
     .help = "Asked at or after"},
    {"to", PARAM_QUERY, PARAM_TIME, .filter = LIST_BELOW, .column = "asked",
     .help = "Asked before"},
    {"asked_by", PARAM_QUERY, PARAM_TEXT, .filter = LIST_EQUAL, .column = "asked_by",
     .help = "Who asked"},
    {0}};

static enum err_class sync_list(struct call *call, struct err *err)
{
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    struct list_page page;
    struct out out;
    enum err_class class_ = query ? list_ask(call, &sync_runs, query, err) : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = list_run_called(call, query, &page, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; class_ == ERR_OK && i < page.rows_len; i++) {
        struct sync_progress run;
        class_ = progress_read(call, list_text(&page.rows[i], list_column(&sync_runs, "id")), &run,
                               err);
        if (class_ == ERR_OK)
            run_out(&out, call, NULL, &run, false);
        else if (class_ == ERR_NOT_FOUND) /* pruned just now */
            class_ = ERR_OK;
    }
    out_end_list(&out);
    list_end_write(&out, &page);
    out_time(&out, "as_of", call->now_ms);
    out_end_object(&out);
    return class_;
}

static enum err_class sync_latest(struct call *call, struct err *err)
{
    const struct person *person = call->person;
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    struct list_page page;
    if (!query)
        return err_no_memory(err);
    list_query_init(query, &sync_runs, call->host->metrics, call->arena);
    list_shops(query, person->all_shops, person->shops, person->shops_len);
    query->limit = 1;
    enum err_class class_ = list_secret(call, &query->secret, err);
    if (class_ == ERR_OK)
        class_ = list_run(call->host->store, query, &page, err);
    if (class_ == ERR_OK && page.rows_len == 0)
        return err_set(err, ERR_NOT_FOUND, "sync_unknown", "nobody has asked for a sync yet");
    return class_ == ERR_OK
               ? sync_answer(call, list_text(&page.rows[0], list_column(&sync_runs, "id")), false,
                             err)
               : class_;
}

/* --- asking --- */

static const char *const by_words[] = {"created", "updated", NULL};
static const struct param ask_params[] = {
    {"mode", PARAM_BODY, PARAM_WORD, .words = modes, .standard = "incremental",
     .help = "incremental: what is due; range: from … to again; full: all that can be had again; "
             "order: single records"},
    {"shops", PARAM_BODY, PARAM_TEXT, .many = true,
     .help = "Numbers or names; without: all of yours"},
    {"streams", PARAM_BODY, PARAM_TEXT, .many = true, .help = "Names; without: all"},
    {"from", PARAM_BODY, PARAM_TEXT, .max = 40,
     .help = "range: a day, an instant, or 7d before now, in the shop's zone"},
    {"to", PARAM_BODY, PARAM_TEXT, .max = 40,
     .help = "range: its end, a day belongs to it; without: now"},
    {"by", PARAM_BODY, PARAM_WORD, .words = by_words, .help = "range: which time is meant"},
    {"ids", PARAM_BODY, PARAM_ID, .many = true, .help = "order: the platform's numbers"},
    {0}};

static struct api_words words_of(const struct call *call, const char *name)
{
    const struct arg *arg = call_arg(call, name);
    return arg->given ? (struct api_words){arg->texts, arg->texts_len} : (struct api_words){0};
}

static enum err_class mode_check(struct call *call, struct err *err)
{
    struct str mode = call_text(call, "mode");
    bool range = str_eq(mode, STR("range")), order = str_eq(mode, STR("order"));
    if (range && !call_given(call, "from"))
        return call_refuse(call, "from", "parameter_missing", err, "a range needs its start");
    if (order && words_of(call, "ids").len == 0)
        return call_refuse(call, "ids", "parameter_missing", err, "which records?");
    static const char *const of_range[] = {"from", "to", "by"};
    for (size_t i = 0; i < 3; i++) {
        if (call_given(call, of_range[i]) && !range && !(i == 2 && str_eq(mode, STR("full"))))
            return call_refuse(call, of_range[i], "parameter_mode", err,
                               "this goes with mode range only");
    }
    if (call_given(call, "ids") && !order)
        return call_refuse(call, "ids", "parameter_mode", err, "this goes with mode order only");
    return ERR_OK;
}

struct asking {
    const struct api_sync_plan *plan;
    int64_t now_ms;
};

static enum err_class ask_work(struct tx *tx, void *context, struct err *err)
{
    const struct asking *asking = context;
    const struct api_sync_plan *plan = asking->plan;
    enum err_class class_ = sync_run_add(tx, &plan->rows, asking->now_ms, err);
    for (size_t i = 0; class_ == ERR_OK && i < plan->tasks_len; i++)
        class_ = queue_enqueue_in(tx, &plan->tasks[i], asking->now_ms, err);
    tx_say(tx, TOPIC_TASK);
    return class_;
}

/* Where no shop can be asked, the first one's reason is the answer. */
static enum err_class plan_check(const struct api_sync_plan *plan, struct err *err)
{
    if (plan->tasks_len > 0)
        return ERR_OK;
    if (plan->rows.shops_len == 0)
        return err_set(err, ERR_CONFLICT, "shop_none", "there is no shop that could be asked");
    const struct sync_run_shop *shop = &plan->rows.shops[0];
    if (shop->code.len == 0)
        return err_set(err, ERR_CONFLICT, "stream_none", "none of the shops has such a stream");
    *err = (struct err){.class_ = ERR_CONFLICT, .origin = __func__};
    snprintf(err->code, sizeof(err->code), "%.*s", STR_ARG(shop->code));
    snprintf(err->message, sizeof(err->message), "%.*s", STR_ARG(shop->reason));
    return ERR_CONFLICT;
}

static enum err_class wish_fill(struct call *call, struct api_sync_wish *wish, struct err *err)
{
    *wish = (struct api_sync_wish){.streams = words_of(call, "streams"),
                                   .ids = words_of(call, "ids"),
                                   .from = call_given(call, "from") ? call_text(call, "from")
                                                                    : STR(""),
                                   .to = call_given(call, "to") ? call_text(call, "to") : STR(""),
                                   .by = call_given(call, "by") ? call_text(call, "by") : STR(""),
                                   .full = str_eq(call_text(call, "mode"), STR("full")),
                                   .asked_by = call->person->name};
    enum err_class class_ = mode_check(call, err);
    return class_ == ERR_OK ? control_shop_words(call, "shops", &wish->shops, err) : class_;
}

/* The same question while it is being answered is that one. */
static enum err_class same_find(struct call *call, const struct api_sync_plan *plan, struct str *id,
                                struct err *err)
{
    struct str hash;
    enum err_class class_ = sync_run_hash(&plan->rows, call->arena, &hash, err);
    return class_ == ERR_OK ? sync_run_same(call->host->store, hash, call->arena, id, err) : class_;
}

static enum err_class sync_ask(struct call *call, struct err *err)
{
    const struct api_home *home;
    struct api_sync_wish wish;
    struct api_sync_plan plan;
    struct str same = STR("");
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = wish_fill(call, &wish, err);
    if (class_ == ERR_OK)
        class_ = home->sync_plan(home->context, &wish, call->arena, &plan, err);
    if (class_ == ERR_OK)
        class_ = plan_check(&plan, err);
    if (class_ == ERR_OK)
        class_ = same_find(call, &plan, &same, err);
    if (class_ == ERR_OK && same.len == 0) {
        struct asking asking = {&plan, call->now_ms};
        struct change change = {
            .line = audit_of(call, "sync.ask", plan.rows.id), .work = ask_work, .context = &asking};
        change.line.after = plan.rows.wish;
        class_ = change_make(call->host->store, &change, err);
    }
    if (class_ != ERR_OK)
        return class_;
    call->reply->status = 202;
    return sync_answer(call, same.len > 0 ? same : plan.rows.id, same.len > 0, err);
}

/* --- taking back --- */

struct cancelling {
    struct str id, by;
    int64_t now_ms, waiting, running;
};

static enum err_class cancel_work(struct tx *tx, void *context, struct err *err)
{
    struct cancelling *c = context;
    return sync_run_cancel(tx, c->id, c->by, c->now_ms, &c->waiting, &c->running, err);
}

/* Whoever takes it back takes it from all its shops, so all have to be his. */
static enum err_class cancel_check(struct call *call, const struct sync_progress *run,
                                   struct err *err)
{
    struct sync_progress whole;
    if (run->state != SYNC_WAITING && run->state != SYNC_RUNNING)
        return err_set(err, ERR_CONFLICT, "sync_over", "the sync is over: %.*s",
                       STR_ARG(sync_state_word(run->state)));
    enum err_class class_ = sync_run_progress(call->host->store, run->id, call->now_ms, NULL, NULL,
                                              call->arena, &whole, err);
    if (class_ == ERR_OK && whole.shops_len != run->shops_len)
        return err_set(err, ERR_FORBIDDEN, "sync_of_others",
                       "the sync is of shops too that are not yours: cancel single tasks");
    return class_;
}

static enum err_class sync_cancel(struct call *call, struct err *err)
{
    struct sync_progress run;
    struct cancelling c = {
        .id = call_text(call, "id"), .by = call->person->name, .now_ms = call->now_ms};
    enum err_class class_ = progress_read(call, c.id, &run, err);
    if (class_ == ERR_OK)
        class_ = cancel_check(call, &run, err);
    if (class_ != ERR_OK)
        return class_;
    struct change change = {
        .line = audit_of(call, "sync.cancel", c.id), .work = cancel_work, .context = &c};
    class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    call->now_ms = clock_now_ms();
    return sync_answer(call, c.id, false, err);
}

const struct route sync_routes[] = {
    {ROUTE_POST, "/api/v1/syncs", "syncAsk", RIGHT_OPERATE, ask_params, sync_ask,
     .summary = "Ask for a sync; the same one while it runs is joined", .answer = "SyncAsked"},
    {ROUTE_GET, "/api/v1/syncs", "syncList", RIGHT_READ, list_params, sync_list,
     .summary = "Syncs that were asked for, the newest first", .answer = "SyncList"},
    {ROUTE_GET, "/api/v1/syncs/latest", "syncLatest", RIGHT_READ, NULL, sync_latest,
     .summary = "The newest sync", .answer = "Sync"},
    {ROUTE_GET, "/api/v1/syncs/{id}", "syncOne", RIGHT_READ, one_params, sync_one,
     .summary = "How a sync goes, shop by shop", .answer = "Sync"},
    {ROUTE_DELETE, "/api/v1/syncs/{id}", "syncCancel", RIGHT_OPERATE, one_params, sync_cancel,
     .summary = "Take a sync back: what waits goes, what runs ends at its next page",
     .answer = "Sync"},
    {0},
};

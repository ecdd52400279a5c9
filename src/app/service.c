/* The loop of the service: generations, ticks, signals. */
#include "app/service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/connections.h"
#include "app/hosting.h"
#include "app/notify.h"
#include "app/role.h"
#include "app/sql.h"

enum {
    /* How late a person's word, a changed shop or a fault may be noticed. */
    LOOK_MS = 2000,
    /* Reloading interrupts tasks: shops that change one after the other, and signals, are taken together. */
    RELOAD_APART_MS = 10 * 1000,
    /* Pauses after a generation that ended by itself. */
    PAUSE_FIRST_MS = 5 * 1000,
    PAUSE_MAX_MS = 5 * 60 * 1000,
    /* A generation that lasted so long had no trouble beginning. */
    LASTED_MS = 10 * 60 * 1000,
    HANDLERS_MAX = 16,
    CLOCK_STEERED_MS = 1000,
    /* How long a reload waits for calls in flight. */
    END_PATIENCE_MS = 10 * 1000,
    END_LOOK_MS = 100,
    /* 100 MB at the most, whatever the days are. */
    EVENTS_MAX = 500 * 1000,
};
#define DAY_MS INT64_C(86400000)

struct generation {
    struct app app;
    struct workers *workers; /* NULL: it does not work, or not yet */
    struct api_host *host;   /* NULL: nothing is served */
    uint64_t stamp;          /* of apps and shops as they were read */
    int64_t began_ms;
};

struct service {
    const struct cli *cli;
    struct service_roles roles;
    const struct app *home;
    struct generation *now;
    struct api *api; /* NULL: nothing is served */
    /* Closed when the last call that began with them has ended. */
    struct generation *leaving[API_HOSTS_MAX];
    size_t leaving_len;
    int64_t tick_ms;   /* when a schedule is due next */
    int64_t seen_ms;   /* the clock when it was last looked at */
    int64_t reload_ms; /* not before */
    int64_t pause_ms;
    bool coord_lost;
    struct err
        fault; /* why the generation before ended: said by the next, whose store can be written to */
};

static volatile bool stop_asked, reload_asked;

static void on_stop(int number)
{
    (void)number;
    __atomic_store_n(&stop_asked, true, __ATOMIC_RELEASE);
}

static void on_reload(int number)
{
    (void)number;
    __atomic_store_n(&reload_asked, true, __ATOMIC_RELEASE);
}

static void signals_take(void)
{
    struct sigaction stop = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};
    struct sigaction reload = {.sa_handler = on_reload, .sa_flags = SA_RESTART};
    sigemptyset(&stop.sa_mask);
    sigemptyset(&reload.sa_mask);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &reload, NULL);
}

static bool stopping(void)
{
    return __atomic_load_n(&stop_asked, __ATOMIC_ACQUIRE);
}

static void warn(const char *event, const struct err *why)
{
    log_event(LOG_ERROR, event, LOG_STR("code", str_of(why->code)),
              LOG_STR("message", str_of(why->message)), LOG_END);
}

/* For who reads `huiliu logs`; that it cannot be written stops nothing. */
static void tell(const struct generation *g, const struct event *event)
{
    struct err err;
    if (event_tell(g->app.store, event, clock_now_ms(), &err) != ERR_OK)
        warn("event_not_told", &err);
}

static void tell_why(const struct generation *g, enum event_kind kind, const struct err *why)
{
    const struct event event = {.kind = kind,
                                .args = {EVENT_TEXT("code", str_of(why->code)),
                                         EVENT_TEXT("reason", str_of(why->message))}};
    tell(g, &event);
}

/* --- a duty of the home --- */

/* What platforms told by themselves is evidence for as long as events are. */
static enum err_class hooks_prune(struct store *store, int64_t before_ms, struct err *err)
{
    const struct sql_value value = sql_int(before_ms);
    const struct step step = {SQL_HOOKS_PRUNE, &value, 1, -1, 0};
    struct unit unit = {.before = &step, .before_len = 1};
    return store_commit(store, &unit, err);
}

/* Whatever is kept for some days only, and room for the months to come. */
static enum err_class home_prune(const struct app *app, int64_t now_ms, struct err *err)
{
    int64_t gone;
    int64_t executions_ms = option_int(&app->options, OPTION_KEEP_EXECUTIONS) * DAY_MS;
    int64_t snapshots_ms = option_int(&app->options, OPTION_KEEP_SNAPSHOTS) * DAY_MS;
    int64_t events_ms = option_int(&app->options, OPTION_KEEP_EVENTS) * DAY_MS;
    enum err_class class_ = store_upkeep(app->store, now_ms, err);
    if (class_ == ERR_OK)
        class_ = queue_prune(app->store, now_ms - executions_ms, &gone, err);
    if (class_ == ERR_OK)
        class_ = sync_runs_prune(app->store, now_ms - executions_ms, &gone, err);
    if (class_ == ERR_OK && snapshots_ms > 0)
        class_ = store_prune(app->store, STR("ad_figure_snapshot"), now_ms - snapshots_ms, &gone,
                             err);
    if (class_ == ERR_OK)
        class_ = hooks_prune(app->store, now_ms - events_ms, err);
    if (class_ == ERR_OK)
        class_ = events_prune(app->store, now_ms - events_ms, EVENTS_MAX, &gone, err);
    return class_;
}

static enum task_end prune_task(void *context, const struct task *task,
                                struct task_outcome *outcome)
{
    const struct app *app = context;
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = home_prune(app, now_ms, &outcome->err);
    if (class_ == ERR_OK)
        class_ = queue_finish(app->store, task, outcome, now_ms, &outcome->err);
    if (class_ == ERR_OK)
        return TASK_DONE;
    outcome->failed = true;
    outcome->again_ms = now_ms + PAUSE_FIRST_MS;
    return class_ == ERR_CONFLICT ? TASK_LOST : TASK_AGAIN;
}

static const struct schedule_wish prune_wish = {
    .name = {"prune", 5},
    .spec = {"17 4 * * *", 10},
    .class_ = TASK_BACKFILL,
    .kind = {"prune", 5},
    .payload = {"{}", 2},
};

static enum task_end audit_task(void *context, const struct task *task,
                                struct task_outcome *outcome)
{
    const struct app *app = context;
    uint64_t seed;
    struct derive_audit audit;
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = crypt_random(&seed, sizeof(seed), &outcome->err);
    if (class_ == ERR_OK)
        class_ = derive_audit_run(app->derive, seed, &audit, &outcome->err);
    if (class_ == ERR_OK)
        class_ = queue_finish(app->store, task, outcome, now_ms, &outcome->err);
    if (class_ == ERR_OK)
        return TASK_DONE;
    outcome->failed = true;
    outcome->again_ms = now_ms + PAUSE_FIRST_MS;
    return class_ == ERR_CONFLICT ? TASK_LOST : TASK_AGAIN;
}

static const struct schedule_wish audit_wish = {
    .name = {"derive_audit", 12},
    .spec = {"23 * * * *", 10},
    .class_ = TASK_BACKFILL,
    .kind = {"derive_audit", 12},
    .payload = {"{}", 2},
};

/* --- a generation --- */

static size_t wishes_max(const struct app *app)
{
    size_t max = 2;
    for (size_t i = 0; i < app->shops_len; i++)
        if (app->shops[i].sync.connector)
            max += connector_streams(app->shops[i].sync.connector);
    return max;
}

static enum err_class wishes_make(const struct app *app, struct arena *arena,
                                  struct schedule_wish **out, size_t *len, struct err *err)
{
    struct schedule_wish *wishes = arena_array(arena, wishes_max(app), sizeof(*wishes));
    enum err_class class_ = wishes ? ERR_OK : err_no_memory(err);
    *len = 0;
    for (size_t i = 0; class_ == ERR_OK && i < app->shops_len; i++) {
        const struct app_shop *shop = &app->shops[i];
        bool works = shop->err.class_ == ERR_OK && shop->sync.enabled;
        for (size_t k = 0; works && k < connector_streams(shop->sync.connector); k++) {
            const struct stream *stream = connector_stream_at(shop->sync.connector, k);
            if (class_ == ERR_OK && stream->every_ms > 0)
                class_ = sync_schedule(&shop->sync, stream, arena, &wishes[(*len)++], err);
        }
    }
    if (class_ == ERR_OK)
        wishes[(*len)++] = prune_wish;
    if (class_ == ERR_OK)
        wishes[(*len)++] = audit_wish;
    *out = wishes;
    return class_;
}

static enum err_class schedules_begin(const struct generation *g, struct err *err)
{
    struct schedule_wish *wishes;
    struct arena arena;
    size_t len;
    arena_init(&arena);
    enum err_class class_ = wishes_make(&g->app, &arena, &wishes, &len, err);
    if (class_ == ERR_OK)
        class_ = schedules_set(g->app.store, wishes, len, clock_now_ms(), err);
    arena_fini(&arena);
    return class_;
}

/* One platform that answers slowly must not hold all workers; where there is no other it may. */
static int64_t platform_max_of(const struct app *app, unsigned threads)
{
    struct str first = STR_NONE;
    for (size_t i = 0; i < app->shops_len; i++) {
        const struct app_shop *shop = &app->shops[i];
        if (shop->err.class_ != ERR_OK || !shop->sync.enabled)
            continue;
        if (first.len > 0 && !str_eq(shop->platform, first))
            return (threads + 1) / 2;
        first = shop->platform;
    }
    return 0;
}

/* Too few make reads wait and fail later, in some process: said before, and by name. */
static enum err_class connections_look(struct generation *g, struct str name, struct err *err)
{
    struct connections connections;
    struct buf text;
    enum err_class class_ = connections_count(&g->app, name, &connections, err);
    if (class_ != ERR_OK || !connections_are_short(&connections))
        return class_;
    const struct event event = {
        .kind = EVENT_CONNECTIONS_SHORT,
        .args = {EVENT_NUMBER("processes", connections.processes),
                 EVENT_NUMBER("wanted", connections.wanted),
                 EVENT_NUMBER("spare", CONNECTIONS_SPARE),
                 EVENT_NUMBER("allowed", connections.allowed),
                 EVENT_NUMBER("readers", connections.readers_fit),
                 EVENT_NUMBER("missing", connections.wanted - connections.allowed)}};
    tell(g, &event);
    buf_init(&text, 4096);
    connections_write(&connections, &text);
    log_event(LOG_WARN, "connections_short", LOG_STR("message", buf_str(&text)), LOG_END);
    app_print(buf_str(&text));
    app_print(STR("\n"));
    buf_fini(&text);
    return ERR_OK;
}

static enum err_class work_begin(const struct service *service, struct generation *g,
                                 struct err *err)
{
    struct task_handler handlers[HANDLERS_MAX] = {{"prune", prune_task, &g->app},
                                                  {"derive_audit", audit_task, &g->app}};
    size_t len = 2;
    for (const char *const *kind = sync_task_kinds; *kind && len < HANDLERS_MAX; kind++)
        handlers[len++] = (struct task_handler){*kind, sync_handle, g->app.sync};
    for (const char *const *kind = derive_task_kinds; *kind && len < HANDLERS_MAX; kind++)
        handlers[len++] = (struct task_handler){*kind, derive_handle, g->app.derive};
    struct task_handler *kept = arena_array(&g->app.arena, len, sizeof(*kept));
    if (!kept)
        return err_no_memory(err);
    memcpy(kept, handlers, len * sizeof(*kept));
    struct str name;
    enum err_class class_ = worker_name(&g->app.arena, service->roles.command, &name, err);
    if (class_ != ERR_OK)
        return class_;
    unsigned threads = (unsigned)cli_int(service->cli, "workers",
                                         option_int(&g->app.options, OPTION_WORKERS));
    const struct workers_options options = {
        .store = g->app.store,
        .name = name,
        .threads = threads,
        .claim_max = (unsigned)option_int(&g->app.options, OPTION_TASKS_PER_CLAIM),
        .task_ms = option_int(&g->app.options, OPTION_TASK_SECONDS) * 1000,
        .connections = store_connections(g->app.store),
        .platform_max = platform_max_of(&g->app, threads),
        .handlers = kept,
        .handlers_len = len,
    };
    class_ = connections_look(g, name, err);
    return class_ == ERR_OK ? workers_start(&options, &g->workers, err) : class_;
}

/* Opened and not yet at work: the one before may still be. */
static enum err_class generation_open(const struct service *service, struct generation **out,
                                      struct err *err)
{
    struct generation *g = calloc(1, sizeof(*g));
    if (!g)
        return err_no_memory(err);
    app_init(&g->app);
    g->began_ms = clock_now_ms();
    bool calls = service->roles.works || service->roles.serves;
    if (service->roles.serves)
        g->app.readers_more = (unsigned)option_int(&service->home->options, OPTION_API_THREADS);
    enum err_class class_ = app_open(&g->app, service->cli, calls ? APP_CALLS : APP_STORE, true,
                                     err);
    if (class_ == ERR_OK && service->roles.serves)
        class_ = hosting_make(&g->app, &g->host, err);
    if (class_ == ERR_OK && g->host)
        g->host->works = service->roles.works;
    if (class_ == ERR_OK)
        class_ = app_shops_stamp(&g->app, &g->stamp, err);
    if (class_ == ERR_OK) {
        *out = g;
        return ERR_OK;
    }
    app_close(&g->app);
    free(g);
    return class_;
}

/* Tasks end at their next page; who waits for a slow platform for too long, or when the service itself is to end,
 * gives his call up. */
static void work_end(struct generation *g, bool hurried)
{
    int64_t until_ns = clock_monotonic_ns() + (int64_t)END_PATIENCE_MS * 1000000;
    while (!hurried && workers_ask_end(g->workers) > 0) {
        clock_sleep_until(clock_now_ms() + END_LOOK_MS, &stop_asked);
        hurried = stopping() || clock_monotonic_ns() > until_ns;
        notify("WATCHDOG=1");
    }
    if (hurried)
        gateway_stop(g->app.gateway);
    workers_stop(g->workers);
}

static void generation_close(struct service *service, struct generation *g)
{
    app_close(&g->app);
    app_log(service->now ? &service->now->app : service->home);
    free(g);
}

/* Those that no call uses any more; with the API closed that is all of them. */
static void leaving_close(struct service *service)
{
    size_t kept = 0;
    for (size_t i = 0; i < service->leaving_len; i++) {
        struct generation *g = service->leaving[i];
        if (service->api && !api_host_free(service->api, g->host))
            service->leaving[kept++] = g;
        else
            generation_close(service, g);
    }
    service->leaving_len = kept;
}

/* `hurried`: calls in flight are given up at once. `next`: who answers the API from now on, or NULL. There is room among
 * the leaving: service_look sees to it. */
static void generation_end(struct service *service, bool hurried, const struct generation *next)
{
    struct generation *g = service->now;
    if (!g)
        return;
    if (service->api)
        api_host_set(service->api, next ? next->host : NULL);
    service->now = NULL;
    if (g->workers)
        work_end(g, hurried);
    g->workers = NULL;
    service->leaving[service->leaving_len++] = g;
    leaving_close(service);
}

/* Takes the place of the one before. */
static enum err_class generation_begin(struct service *service, struct generation *g,
                                       struct err *err)
{
    int64_t released;
    enum err_class class_ = ERR_OK;
    generation_end(service, false, g);
    service->now = g;
    service->reload_ms = clock_now_ms() + RELOAD_APART_MS;
    app_log(&g->app);
    /* The role is ours alone, so what still runs by the store is of a process, or of a pool, that is gone. */
    if (service->roles.works && role_is_single(&g->app))
        class_ = queue_release_all(g->app.store, clock_now_ms(), &released, err);
    if (class_ == ERR_OK && service->roles.schedules)
        class_ = schedules_begin(g, err);
    service->tick_ms = service->seen_ms = clock_now_ms();
    if (class_ == ERR_OK && service->roles.works)
        class_ = work_begin(service, g, err);
    if (class_ == ERR_OK && service->api)
        api_host_set(service->api, g->host);
    return class_;
}

static void service_reload(struct service *service)
{
    struct generation *next;
    struct err why = {0};
    __atomic_store_n(&reload_asked, false, __ATOMIC_RELEASE);
    notify_reload(true);
    service->reload_ms = clock_now_ms() + RELOAD_APART_MS;
    if (generation_open(service, &next, &why) != ERR_OK) {
        warn("reload_failed", &why);
        tell_why(service->now, EVENT_RELOAD_FAILED, &why);
        app_log(&service->now->app);
    } else if (generation_begin(service, next, &why) != ERR_OK) {
        warn("service_fault", &why);
        generation_end(service, false, NULL);
    } else {
        const struct event event = {.kind = EVENT_SERVICE_RELOADED,
                                    .args = {EVENT_NUMBER("shops", (int64_t)next->app.shops_len)}};
        tell(next, &event);
        log_event(LOG_INFO, "reloaded", LOG_I64("shops", (int64_t)next->app.shops_len), LOG_END);
    }
    notify_reload(false);
}

/* --- the loop --- */

/* A clock that was put back (not one that is merely steered): rows would wait for the time it had shown. */
static enum err_class clock_look(struct service *service, int64_t now_ms, struct err *err)
{
    bool back = now_ms < service->seen_ms - CLOCK_STEERED_MS;
    service->seen_ms = now_ms;
    if (back)
        service->reload_ms = now_ms;
    if (!back || !service->roles.schedules)
        return ERR_OK;
    service->tick_ms = now_ms;
    enum err_class class_ = queue_clock_mend(service->now->app.store, QUEUE_ALL_LANES, now_ms, err);
    return class_ == ERR_OK ? schedules_begin(service->now, err) : class_;
}

static enum err_class service_tick(struct service *service, int64_t now_ms, struct err *err)
{
    int64_t ticks = 0;
    if (!service->roles.schedules || now_ms < service->tick_ms)
        return ERR_OK;
    enum err_class class_ = schedules_tick(service->now->app.store, now_ms, &ticks,
                                           &service->tick_ms, err);
    if (ticks > 0 && service->now->workers)
        workers_nudge(service->now->workers);
    return class_;
}

/* Who cannot reach the shared budgets says so, and everybody goes by how many live. */
static enum err_class workers_look(struct service *service, int64_t now_ms, struct err *err)
{
    struct generation *g = service->now;
    unsigned living, degraded;
    if (!g->workers || !coord_is_shared(g->app.coord))
        return ERR_OK;
    bool lost = coord_is_degraded(g->app.coord, now_ms);
    if (lost != service->coord_lost)
        tell(g, &(struct event){.kind = lost ? EVENT_COORD_LOST : EVENT_COORD_BACK});
    service->coord_lost = lost;
    workers_mark(g->workers, lost);
    enum err_class class_ = workers_living(g->workers, &living, &degraded, err);
    if (class_ == ERR_OK)
        coord_workers_set(g->app.coord, living, degraded);
    return class_;
}

/* Has anything been said, or gone wrong, since the last look? */
static enum err_class service_look(struct service *service, int64_t now_ms, bool *reload,
                                   struct err *err)
{
    struct generation *g = service->now;
    uint64_t stamp;
    enum err_class class_ = g->workers ? workers_fault_read(g->workers, err) : ERR_OK;
    if (class_ == ERR_OK)
        class_ = workers_look(service, now_ms, err);
    if (class_ == ERR_OK)
        class_ = app_shops_stamp(&g->app, &stamp, err);
    bool wanted = __atomic_load_n(&reload_asked, __ATOMIC_ACQUIRE) ||
                  (class_ == ERR_OK && stamp != g->stamp);
    leaving_close(service);
    *reload = wanted && now_ms >= service->reload_ms && service->leaving_len + 1 < API_HOSTS_MAX;
    return class_;
}

/* One turn; an error ends the generation. */
static enum err_class service_turn(struct service *service, struct err *err)
{
    int64_t now_ms = clock_now_ms();
    bool reload = false;
    enum err_class class_ = clock_look(service, now_ms, err);
    if (class_ == ERR_OK)
        class_ = service_tick(service, now_ms, err);
    if (class_ == ERR_OK)
        class_ = service_look(service, now_ms, &reload, err);
    if (class_ != ERR_OK)
        return class_;
    notify("WATCHDOG=1");
    if (reload) {
        service_reload(service);
        return ERR_OK;
    }
    int64_t until_ms = now_ms + LOOK_MS;
    if (service->roles.schedules && service->tick_ms < until_ms)
        until_ms = service->tick_ms;
    clock_sleep_until(until_ms, &stop_asked);
    return ERR_OK;
}

/* Waits before the next generation, longer each time in a row. */
static void service_pause(struct service *service, const struct err *why, bool lasted)
{
    service->fault = *why;
    service->pause_ms = lasted || service->pause_ms == 0 ? PAUSE_FIRST_MS : service->pause_ms * 2;
    if (service->pause_ms > PAUSE_MAX_MS)
        service->pause_ms = PAUSE_MAX_MS;
    warn("service_fault", why);
    log_event(LOG_WARN, "service_pause", LOG_I64("ms", service->pause_ms), LOG_END);
    int64_t until_ms = clock_now_ms() + service->pause_ms;
    while (!stopping() && clock_now_ms() < until_ms) {
        notify("WATCHDOG=1");
        int64_t next_ms = clock_now_ms() + LOOK_MS;
        clock_sleep_until(next_ms < until_ms ? next_ms : until_ms, &stop_asked);
    }
}

/* Opens one where there is none. */
static enum err_class generation_need(struct service *service, struct err *err)
{
    struct generation *g;
    if (service->now)
        return ERR_OK;
    enum err_class class_ = generation_open(service, &g, err);
    if (class_ == ERR_OK)
        class_ = generation_begin(service, g, err);
    if (class_ == ERR_OK && service->fault.class_ != ERR_OK)
        tell_why(g, EVENT_SERVICE_FAULT, &service->fault);
    if (class_ == ERR_OK)
        service->fault = (struct err){.class_ = ERR_OK};
    return class_;
}

static void tell_life(const struct service *service, enum event_kind kind)
{
    const struct event event = {.kind = kind,
                                .args = {EVENT_TEXT("command", str_of(service->roles.command)),
                                         EVENT_TEXT("version", STR(HUILIU_VERSION))}};
    if (service->now)
        tell(service->now, &event);
}

/* Only what goes wrong at the very first is an error: a person is watching who can mend it. */
static enum err_class service_loop(struct service *service, const struct app *home, struct err *err)
{
    enum err_class class_ = generation_need(service, err);
    if (class_ == ERR_OK && service->roles.serves)
        class_ = hosting_listen(home, service->now->host, !service->roles.works, &service->api,
                                err);
    if (class_ != ERR_OK)
        return class_;
    tell_life(service, EVENT_SERVICE_BEGAN);
    app_say(home, MSG_SERVICE_RUNS, M_STR(home->home), M_I64((int64_t)service->now->app.shops_len),
            M_I64((int64_t)getpid()), M_END);
    fflush(stdout);
    notify("READY=1");
    while (!stopping()) {
        struct err why = {0};
        class_ = generation_need(service, &why);
        if (class_ == ERR_OK)
            class_ = service_turn(service, &why);
        if (class_ == ERR_OK)
            continue;
        bool lasted = service->now && clock_now_ms() - service->now->began_ms > LASTED_MS;
        generation_end(service, true, NULL);
        service_pause(service, &why, lasted);
    }
    return ERR_OK;
}

/* --- beginning and ending --- */

/* Waits for a `sync` that is at work, or for a service that is ending. */
static enum err_class role_await(struct role *role, const struct app *home,
                                 struct service_roles roles, struct err *err)
{
    bool said = false;
    enum err_class class_;
    while ((class_ = role_take(role, home, roles.command, err)) == ERR_CONFLICT) {
        if (!said) {
            char status[sizeof(err->message) + 16];
            snprintf(status, sizeof(status), "STATUS=waiting: %s", err->message);
            notify(status);
            app_say(home, MSG_SERVICE_WAITS, M_STR(str_of(err->message)), M_END);
        }
        fflush(stdout);
        said = true;
        if (!clock_sleep_until(clock_now_ms() + LOOK_MS, &stop_asked))
            return err_set(err, ERR_STOPPED, "stopped", "stopped before it began");
    }
    return class_;
}

enum err_class service_run(struct app *home, const struct cli *cli, struct service_roles roles,
                           struct err *err)
{
    struct service service = {.cli = cli, .roles = roles, .home = home};
    struct role role = {.fd = -1};
    signals_take();
    enum err_class class_ = roles.works ? role_await(&role, home, roles, err) : ERR_OK;
    if (class_ == ERR_OK)
        class_ = service_loop(&service, home, err);
    notify("STOPPING=1");
    tell_life(&service, EVENT_SERVICE_ENDED);
    api_close(service.api);
    service.api = NULL;
    generation_end(&service, true, NULL);
    role_leave(&role);
    app_log(home);
    if (class_ != ERR_OK && class_ != ERR_STOPPED)
        return class_;
    app_say(home, MSG_SERVICE_ENDED, M_END);
    return ERR_OK;
}

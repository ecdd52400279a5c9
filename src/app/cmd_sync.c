/* huiliu sync: takes the worker role, asks for the work, follows it to its end and tells what came
 * of it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/role.h"
#include "app/run.h"
#include "app/sql.h"
#include "app/stream_status.h"

enum {
    /* How late a signal or a new progress line may be noticed. */
    FOLLOW_MS = 500,
    /* Elsewhere than on a terminal a line now and then shows that it lives. */
    PLAIN_LINE_MS = 30000,
    HANDLERS_MAX = 16,
};

static volatile bool stop_asked;

static void on_signal(int number)
{
    (void)number;
    __atomic_store_n(&stop_asked, true, __ATOMIC_RELEASE);
}

/* The second signal ends the process at once, which loses nothing either. */
static void signals_take(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* --- the run --- */

static enum err_class run_begin(struct app *app, struct run *run, struct err *err)
{
    char id[SYNC_RUN_ID_ROOM];
    int64_t released;
    enum err_class class_ = sync_run_id(clock_now_ms(), id, err);
    if (class_ != ERR_OK)
        return class_;
    run->started_ms = clock_now_ms();
    run->started_ns = clock_monotonic_ns();
    /* A service's tasks are its own. */
    if (!run->follows)
        class_ = queue_release_all(app->store, run->started_ms, &released, err);
    if (class_ != ERR_OK)
        return class_;
    run->id = arena_dup(&app->arena, str_of(id));
    if (!run->id.ptr)
        return err_no_memory(err);
    return store_read_int(app->store, SQL_EXECUTION_LAST, NULL, 0, 0, &run->execution_before, err);
}

static void progress_show(struct app *app, const struct run *run, bool terminal,
                          int64_t *line_due_ms)
{
    int64_t now_ms = clock_now_ms();
    if (!terminal && now_ms < *line_due_ms)
        return;
    *line_due_ms = now_ms + PLAIN_LINE_MS;
    struct buf line;
    buf_init(&line, 4096);
    run_progress_write(app, run, &line);
    /* \033[K takes away what is left of a longer line before. */
    fprintf(stderr, terminal ? "\r%.*s\033[K" : "%.*s\n", STR_ARG(buf_str(&line)));
    buf_fini(&line);
}

/* Where others may be at work: what they left ready is the run's now; what they run is waited for, and comes back
 * when its lease has ended, for which somebody has to look. */
static enum err_class others_look(struct app *app, struct run *run, struct workers *workers,
                                  size_t *left, struct err *err)
{
    int64_t adopted = 0;
    enum err_class class_ = run_adopt(app, run, &adopted, err);
    if (class_ == ERR_OK)
        class_ = run_lanes_look(app, run, clock_now_ms(), left, err);
    if (*left > 0)
        workers_nudge(workers);
    return class_;
}

/* Nothing of this process is left to do; until others, where there are any, are done with the run's tasks, too. */
static enum err_class idle_look(struct app *app, struct run *run, struct workers *workers,
                                bool *over, struct err *err)
{
    struct queue_depth depth;
    size_t left = 0;
    enum err_class class_ = run_waits_look(app, run, err);
    if (class_ == ERR_OK && !run->waits && !role_is_single(app))
        class_ = others_look(app, run, workers, &left, err);
    if (class_ == ERR_OK)
        class_ = queue_depth_read(app->store, run->id, clock_now_ms(), &depth, err);
    if (class_ != ERR_OK)
        return class_;
    *over = run->waits || (left == 0 && depth.ready + depth.waiting + depth.running == 0);
    if (!*over && !clock_sleep_until(clock_now_ms() + FOLLOW_MS, &stop_asked))
        return err_set(err, ERR_STOPPED, "stopped", "somebody asked to stop");
    return ERR_OK;
}

static enum err_class run_follow(struct app *app, struct run *run, struct workers *workers,
                                 struct err *err)
{
    bool terminal = isatty(STDERR_FILENO) && !app->json;
    int64_t line_due_ms = clock_now_ms() + PLAIN_LINE_MS;
    struct err why;
    enum err_class class_;
    bool over = false;
    do {
        class_ = workers_wait_idle(workers, clock_now_ms() + FOLLOW_MS, &stop_asked, &why);
        if (class_ == ERR_OK) {
            class_ = idle_look(app, run, workers, &over, &why);
        } else if (class_ == ERR_LATER) {
            class_ = run_waits_look(app, run, &why);
            over = run->waits;
            progress_show(app, run, terminal, &line_due_ms);
        }
    } while (class_ == ERR_OK && !over);
    if (terminal)
        fprintf(stderr, "\r\033[K");
    if (class_ == ERR_STOPPED) {
        run->stopped = true;
        app_say(app, MSG_STOPPING, M_END);
        fflush(stdout);
        return ERR_OK;
    }
    if (class_ != ERR_OK && err)
        *err = why;
    return class_;
}

static enum err_class run_work(struct app *app, const struct cli *cli, struct run *run,
                               struct err *err)
{
    struct task_handler handlers[HANDLERS_MAX];
    size_t handlers_len = 0;
    for (const char *const *kind = sync_task_kinds; *kind && handlers_len < HANDLERS_MAX; kind++)
        handlers[handlers_len++] = (struct task_handler){*kind, sync_handle, app->sync};
    for (const char *const *kind = derive_task_kinds; *kind && handlers_len < HANDLERS_MAX; kind++)
        handlers[handlers_len++] = (struct task_handler){*kind, derive_handle, app->derive};
    struct workers *workers;
    struct str name;
    enum err_class class_ = worker_name(&app->arena, "sync", &name, err);
    if (class_ != ERR_OK)
        return class_;
    const struct workers_options options = {
        .store = app->store,
        .name = name,
        .run = run->id,
        .threads = (unsigned)cli_int(cli, "workers", option_int(&app->options, OPTION_WORKERS)),
        .task_ms = option_int(&app->options, OPTION_TASK_SECONDS) * 1000,
        .connections = store_connections(app->store),
        .handlers = handlers,
        .handlers_len = handlers_len,
    };
    class_ = workers_start(&options, &workers, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = run_follow(app, run, workers, err);
    /* Calls in flight end first, or stopping would wait for slow platforms and turns far ahead. */
    if (run->stopped || class_ != ERR_OK)
        gateway_stop(app->gateway);
    workers_stop(workers);
    return class_;
}

/* --- beside a service --- */

static enum err_class set_check(const struct cli *cli, const struct run *run, struct err *err)
{
    if (run->follows && cli_has(cli, "set"))
        return err_say(err, ERR_USAGE, "set_follows", MSG_SET_FOLLOWS, M_END);
    return ERR_OK;
}

/* The service runs the tasks of everybody. One that ends leaves them to this command. */
static enum err_class service_follow(struct app *app, const struct cli *cli, struct run *run,
                                     struct role *role, struct err *err)
{
    int64_t line_due_ms = clock_now_ms() + PLAIN_LINE_MS;
    enum err_class class_;
    for (;;) {
        struct queue_depth depth;
        size_t left = 0;
        class_ = queue_depth_read(app->store, run->id, clock_now_ms(), &depth, err);
        if (class_ == ERR_OK)
            class_ = run_waits_look(app, run, err);
        if (class_ == ERR_OK && !run->waits)
            class_ = run_lanes_look(app, run, clock_now_ms() + RUN_WAIT_MAX_MS, &left, err);
        if (class_ != ERR_OK || left == 0)
            return class_;
        if (role_take(role, app, "sync", NULL) == ERR_OK) {
            int64_t released;
            class_ = queue_release_all(app->store, clock_now_ms(), &released, err);
            return class_ == ERR_OK ? run_work(app, cli, run, err) : class_;
        }
        if (clock_now_ms() >= line_due_ms && !app->json) {
            app_say(app, MSG_FOLLOW_LINE, M_I64(depth.ready), M_I64(depth.running),
                    M_I64(depth.waiting), M_END);
            line_due_ms += PLAIN_LINE_MS;
        }
        run->stopped = !clock_sleep_until(clock_now_ms() + FOLLOW_MS, &stop_asked);
        if (run->stopped)
            return ERR_OK;
    }
}

static enum err_class role_or_follow(struct app *app, struct run *run, struct role *role,
                                     struct err *err)
{
    enum err_class class_ = role_take(role, app, "sync", err);
    if (class_ != ERR_CONFLICT || !role->serves)
        return class_;
    err_clear(err);
    run->follows = true;
    app_say(app, MSG_FOLLOWS, M_STR(str_of(role->holder)), M_END);
    fflush(stdout);
    return ERR_OK;
}

/* Shops that a sync of all passes over: nothing is pulled for them, but what was said of them (a cost, a person) is
 * derived with the run. */
static enum err_class by_files_take(struct app *app, const struct run *run, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < app->shops_len; i++) {
        const struct app_shop *shop = &app->shops[i];
        int64_t adopted;
        if (!shop->sync.enabled || !shop_is_by_files(shop))
            continue;
        app_say(app, MSG_SHOP_BY_FILES, M_STR(shop->sync.facts.shop.name), M_STR(shop->platform),
                M_END);
        class_ = queue_adopt(app->store, shop->sync.id, run->id, clock_now_ms(), &adopted, err);
    }
    return class_;
}

enum exit_code cmd_sync(struct app *app, const struct cli *cli, struct err *err)
{
    struct run_wish wish;
    struct run run = {0};
    struct role role = {.fd = -1};
    enum err_class class_ = run_wish_read(app, &wish, cli, err);
    if (class_ == ERR_OK)
        class_ = run_choose(app, &wish, &run, err);
    if (class_ == ERR_OK)
        class_ = run_options_override(app, cli, &run, err);
    if (class_ == ERR_OK)
        class_ = role_or_follow(app, &run, &role, err);
    if (class_ == ERR_OK)
        class_ = set_check(cli, &run, err);
    if (class_ != ERR_OK)
        return exit_of(class_);

    bool unproved = false;
    signals_take();
    class_ = run_begin(app, &run, err);
    if (class_ == ERR_OK && wish.shops.len == 0)
        class_ = by_files_take(app, &run, err);
    if (class_ == ERR_OK)
        class_ = run_enqueue(app, &run, &wish, err);
    if (class_ == ERR_OK)
        class_ = run.follows ? service_follow(app, cli, &run, &role, err)
                             : run_work(app, cli, &run, err);
    if (class_ == ERR_OK)
        class_ = run_cancelled_look(app, &run, err);
    if (class_ == ERR_OK)
        class_ = run_report(app, &run, &unproved, err);
    role_leave(&role);
    if (class_ != ERR_OK)
        return exit_of(class_);
    return run.stopped ? EXIT_FAILED : unproved ? EXIT_UNPROVED : EXIT_DONE;
}

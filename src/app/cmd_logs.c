/* huiliu logs: what happened, of all processes of the home together; with --follow also what comes. What one
 * process prints is a file or the journal: `huiliu service logs`. */
#include <signal.h>
#include <stdio.h>

#include "app/cmd.h"
#include "app/date.h"
#include "app/happening.h"
#include "app/sql.h"

enum { LINES_STANDARD = 50 };

static volatile bool stop_asked;

static void on_stop(int number)
{
    (void)number;
    __atomic_store_n(&stop_asked, true, __ATOMIC_RELEASE);
}

/* The row of the task that is followed, as it was last seen. */
struct followed {
    int64_t id;
    bool there;
    bool over; /* no row any more, or dead */
    struct str kind, state, worker;
    int64_t lane, ready_ms, changed_ms;
};

struct logs {
    struct app *app;
    struct feed *feed;
    struct feed_filter filter;
    struct followed task;
    bool follow;
    int64_t printed;
};

static enum err_class level_read(const struct cli *cli, struct feed_filter *filter)
{
    struct str word = cli_has(cli, "level") ? cli_text(cli, "level") : STR("info");
    filter->level = EVENT_DEBUG;
    while (filter->level < EVENT_ERROR && !str_eq(word, level_word(filter->level)))
        filter->level++;
    return ERR_OK;
}

static enum err_class filter_read(const struct app *app, const struct cli *cli,
                                  struct feed_filter *filter, struct err *err)
{
    struct app_shop *shop = NULL;
    bool all = cli_has(cli, "task") || cli_has(cli, "since");
    const struct zone *zone = app->zone ? app->zone : zone_utc();
    enum err_class class_ = level_read(cli, filter);
    filter->task_id = cli_int(cli, "task", 0);
    filter->most = (size_t)cli_int(cli, "lines", all ? FEED_LINES_MAX : LINES_STANDARD);
    if (cli_has(cli, "shop"))
        class_ = app_shop_of(app, cli_text(cli, "shop"), &shop, err);
    if (class_ == ERR_OK && shop)
        filter->shop_id = shop->sync.id;
    if (class_ == ERR_OK && cli_has(cli, "since"))
        class_ = date_parse(cli_text(cli, "since"), zone, DATE_START, clock_now_ms(),
                            &filter->since_ms, err);
    return class_;
}

/* --- the task itself --- */

/* Its row changes where no event says so: claimed by a worker, put back until later. */
static enum err_class task_look(struct logs *logs, struct arena *arena, bool *news, struct err *err)
{
    struct followed *seen = &logs->task, now = {.id = seen->id};
    const struct sql_value id = sql_int(seen->id);
    struct reader *row;
    enum err_class class_ = store_read(logs->app->store, SQL_TASK, &id, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    now.there = reader_next(row);
    if (now.there) {
        now.lane = reader_int(row, 0);
        now.kind = arena_dup(arena, reader_text(row, 1));
        now.state = arena_dup(arena, reader_text(row, 2));
        now.ready_ms = reader_int(row, 7);
        now.worker = arena_dup(arena, reader_text(row, 8));
        now.changed_ms = reader_int(row, 13);
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && now.there && (!now.kind.ptr || !now.state.ptr || !now.worker.ptr))
        return err_no_memory(err);
    now.over = !now.there || str_eq(now.state, STR("dead"));
    *news = now.there && !now.over &&
            (!seen->there || !str_eq(now.state, seen->state) || !str_eq(now.worker, seen->worker));
    *seen = now;
    return class_;
}

static bool task_line(const struct followed *task, struct arena *arena, struct feed_line *out)
{
    bool runs = str_eq(task->state, STR("running"));
    const struct event_arg args[EVENT_ARGS_MAX] = {
        EVENT_TEXT("kind", task->kind),
        runs ? EVENT_TEXT("worker", task->worker) : EVENT_NUMBER("ready_ms", task->ready_ms),
    };
    *out = (struct feed_line){.at_ms = task->changed_ms,
                              .shop_id = task->lane,
                              .task_id = task->id,
                              .level = EVENT_INFO,
                              .kind = event_word(runs ? EVENT_TASK_RUNS : EVENT_TASK_WAITS),
                              .process = STR(""),
                              .stream = STR(""),
                              .args = event_args_write(args, arena)};
    return out->args.ptr;
}

/* --- printing --- */

static enum err_class lines_print(struct logs *logs, const struct feed_line *lines, size_t len,
                                  struct err *err)
{
    struct buf out;
    buf_init(&out, 64 * 1024 * 1024);
    for (size_t i = 0; i < len; i++)
        happening_write(logs->app, &lines[i], &out);
    enum err_class class_ = out.failed ? err_no_memory(err) : ERR_OK;
    if (class_ == ERR_OK)
        app_print(buf_str(&out));
    buf_fini(&out);
    logs->printed += (int64_t)len;
    /* Who reads is gone (`logs -f | head`). */
    if (fflush(stdout) != 0)
        __atomic_store_n(&stop_asked, true, __ATOMIC_RELEASE);
    return class_;
}

/* The row is looked at first: what was said with the task's end is then there to be read. */
static enum err_class logs_turn(struct logs *logs, struct arena *arena, struct err *err)
{
    struct feed_line *lines, task;
    size_t len;
    bool news = false;
    enum err_class class_ = ERR_OK;
    if (logs->filter.task_id)
        class_ = task_look(logs, arena, &news, err);
    if (class_ == ERR_OK)
        class_ = feed_read(logs->feed, arena, &lines, &len, err);
    if (class_ == ERR_OK)
        class_ = lines_print(logs, lines, len, err);
    if (class_ != ERR_OK || !news)
        return class_;
    return task_line(&logs->task, arena, &task) ? lines_print(logs, &task, 1, err)
                                                : err_no_memory(err);
}

static enum err_class logs_follow(struct logs *logs, struct arena arenas[2], struct err *err)
{
    enum err_class class_ = ERR_OK;
    struct sigaction stop = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    /* The task as it was seen lives until the next look. */
    for (int turn = 1; class_ == ERR_OK && !(logs->filter.task_id && logs->task.over) &&
                       feed_wait(logs->feed, &stop_asked);
         turn = !turn) {
        arena_reset(&arenas[turn]);
        class_ = logs_turn(logs, &arenas[turn], err);
    }
    return class_;
}

static enum err_class logs_print(struct logs *logs, struct err *err)
{
    struct arena arenas[2];
    arena_init(&arenas[0]);
    arena_init(&arenas[1]);
    enum err_class class_ = logs_turn(logs, &arenas[0], err);
    if (class_ == ERR_OK && logs->filter.task_id && logs->printed == 0)
        class_ = err_say(err, ERR_NOT_FOUND, "task_unknown", MSG_LOGS_TASK_UNKNOWN,
                         M_I64(logs->filter.task_id), M_END);
    if (class_ == ERR_OK && logs->printed == 0 && !logs->follow && !logs->app->json)
        app_say(logs->app, MSG_NOTHING, M_END);
    if (class_ == ERR_OK && logs->follow)
        class_ = logs_follow(logs, arenas, err);
    arena_fini(&arenas[0]);
    arena_fini(&arenas[1]);
    return class_;
}

enum exit_code cmd_logs(struct app *app, const struct cli *cli, struct err *err)
{
    struct logs logs = {.app = app, .follow = cli_has(cli, "follow")};
    enum err_class class_ = filter_read(app, cli, &logs.filter, err);
    logs.task.id = logs.filter.task_id;
    if (class_ == ERR_OK)
        class_ = feed_open(app->store, &logs.filter, &logs.feed, err);
    if (class_ == ERR_OK)
        class_ = logs_print(&logs, err);
    feed_close(logs.feed);
    return exit_of(class_);
}

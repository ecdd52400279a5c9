/* huiliu task: what is waiting, and what needs a person. */
#include "app/cmd.h"
#include "app/reason.h"
#include "app/sql.h"

enum { LIST_MAX = 1000 };

static struct str class_name(int64_t class_)
{
    static const char *const names[] = {"live", "repair", "backfill"};
    return class_ >= 0 && class_ < 3 ? str_of(names[class_]) : STR("");
}

/* --state WORD, or a switch for one of them. */
static struct str state_wanted(const struct cli *cli)
{
    return cli_has(cli, "active")  ? STR("running")
           : cli_has(cli, "ready") ? STR("ready")
           : cli_has(cli, "dead")  ? STR("dead")
                                   : cli_text(cli, "state");
}

enum exit_code cmd_task_list(struct app *app, const struct cli *cli, struct err *err)
{
    static const struct report_column columns[] = {
        {"id", REPORT_NUMBER, MSG_COL_ID},         {"shop", REPORT_TEXT, MSG_COL_SHOP},
        {"kind", REPORT_TEXT, MSG_COL_KIND},       {"state", REPORT_TEXT, MSG_COL_STATE},
        {"class", REPORT_TEXT, MSG_COL_CLASS},     {"ready", REPORT_TIME, MSG_COL_READY},
        {"attempt", REPORT_NUMBER, MSG_COL_TRIES}, {"error", REPORT_TEXT, MSG_COL_REASON},
    };
    struct report report;
    struct reader *row;
    struct app_shop *shop = NULL;
    enum err_class class_ = cli_has(cli, "shop")
                                ? app_shop_of(app, cli_text(cli, "shop"), &shop, err)
                                : ERR_OK;
    if (class_ != ERR_OK)
        return exit_of(class_);
    const struct sql_value values[] = {sql_text(state_wanted(cli)),
                                       sql_int(shop ? shop->sync.id : 0),
                                       sql_int(cli_int(cli, "limit", LIST_MAX))};
    report_init(&report, columns, 8, app->zone, &app->arena);
    class_ = store_read(app->store, SQL_TASKS, values, 3, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    while (reader_next(row)) {
        report_row(&report);
        report_number(&report, reader_int(row, 0));
        report_text(&report, app_shop_name(app, reader_int(row, 1)));
        report_text(&report, reader_text(row, 2));
        report_text(&report, reader_text(row, 3));
        report_text(&report, class_name(reader_int(row, 4)));
        report_time(&report, reader_int(row, 5));
        report_number(&report, reader_int(row, 6));
        report_text(&report, reason_shown(app, reader_text(row, 7), &app->arena));
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "tasks", err);
    return exit_of(class_);
}

enum exit_code cmd_task_depth(struct app *app, const struct cli *cli, struct err *err)
{
    static const struct report_column columns[] = {
        {"class", REPORT_TEXT, MSG_COL_CLASS},       {"ready", REPORT_NUMBER, MSG_COL_READY_COUNT},
        {"waiting", REPORT_NUMBER, MSG_COL_WAITING}, {"running", REPORT_NUMBER, MSG_COL_RUNNING},
        {"dead", REPORT_NUMBER, MSG_COL_DEAD},       {"oldest", REPORT_TIME, MSG_COL_OLDEST},
    };
    struct report report;
    struct reader *row;
    const struct sql_value now = sql_int(clock_now_ms());
    (void)cli;
    report_init(&report, columns, 6, app->zone, &app->arena);
    enum err_class class_ = store_read(app->store, SQL_TASK_DEPTHS, &now, 1, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    while (reader_next(row)) {
        report_row(&report);
        report_text(&report, class_name(reader_int(row, 0)));
        for (int i = 1; i <= 4; i++)
            report_number(&report, reader_int(row, i));
        if (reader_is_null(row, 5))
            report_absent(&report);
        else
            report_time(&report, reader_int(row, 5));
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "classes", err);
    return exit_of(class_);
}

static void task_write(struct app *app, const struct reader *row, struct buf *out)
{
    /* In the order of SQL_TASK. */
    static const char *const names[] = {"shop",    "kind",  "state",   "class",  "unique_key",
                                        "payload", "run",   "ready",   "worker", "unit_number",
                                        "attempt", "error", "created", "changed"};
    struct emit emit = emit_to(out);
    if (app->json)
        emit_open(&emit, NULL, '{');
    for (int i = 0; i < 14; i++) {
        bool time = i == 7 || i >= 12, number = i == 9 || i == 10;
        struct str text = i == 0    ? app_shop_name(app, reader_int(row, 0))
                          : i == 3  ? class_name(reader_int(row, 3))
                          : i == 11 ? reason_shown(app, reader_text(row, i), &app->arena)
                                    : reader_text(row, i);
        if (!app->json)
            buf_printf(out, "%-14s ", names[i]);
        if (app->json && time)
            emit_time(&emit, names[i], reader_int(row, i));
        else if (app->json && number)
            emit_i64(&emit, names[i], reader_int(row, i));
        else if (app->json)
            emit_str(&emit, names[i], text);
        else if (time)
            time_write(out, app->zone, reader_int(row, i));
        else if (number)
            buf_printf(out, "%lld", (long long)reader_int(row, i));
        else
            buf_add(out, text);
        if (!app->json)
            buf_add_char(out, '\n');
    }
    if (app->json) {
        emit_close(&emit, '}');
        buf_add_char(out, '\n');
    }
}

enum exit_code cmd_task_show(struct app *app, const struct cli *cli, struct err *err)
{
    int64_t id;
    struct reader *row;
    struct buf out;
    enum err_class class_ = row_number(cli_arg(cli, 0), &id, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    const struct sql_value values[] = {sql_int(id)};
    class_ = store_read(app->store, SQL_TASK, values, 1, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    buf_init(&out, 1024 * 1024);
    bool there = reader_next(row);
    if (there)
        task_write(app, row, &out);
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && !there)
        class_ = err_say(err, ERR_NOT_FOUND, "task_unknown", MSG_TASK_UNKNOWN, M_I64(id), M_END);
    if (class_ == ERR_OK)
        return exit_of(print_buf(&out, err));
    buf_fini(&out);
    return exit_of(class_);
}

/* --- retrying --- */

enum exit_code cmd_task_retry(struct app *app, const struct cli *cli, struct err *err)
{
    bool all = cli_has(cli, "dead");
    int64_t id = 0, retried = 0;
    enum err_class class_ = ERR_OK;
    if (all == (cli->args_len > 0))
        return exit_of(err_say(err, ERR_USAGE, "task_which", MSG_TASK_WHICH, M_END));
    if (!all)
        class_ = row_number(cli_arg(cli, 0), &id, err);
    if (class_ == ERR_OK)
        class_ = all ? tasks_revive(app->store, clock_now_ms(), &retried, err)
                     : task_revive(app->store, id, clock_now_ms(), &retried, err);
    if (class_ == ERR_OK && retried == 0 && !all)
        class_ = err_say(err, ERR_NOT_FOUND, "task_unknown", MSG_TASK_NOT_DEAD, M_I64(id), M_END);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_TASK_RETRIED, M_I64(retried), M_END);
    struct answer answer;
    answer_begin(&answer, app);
    emit_i64(&answer.emit, "retried", retried);
    return exit_of(answer_end(&answer, err));
}

/* --- cancelling --- */

static enum err_class cancel_one(struct app *app, struct str word, int64_t *waiting,
                                 int64_t *running, struct err *err)
{
    int64_t id;
    enum err_class class_ = row_number(word, &id, err);
    if (class_ == ERR_OK)
        class_ = task_cancel(app->store, id, clock_now_ms(), waiting, running, err);
    if (class_ == ERR_OK && *waiting + *running == 0)
        class_ = err_say(err, ERR_NOT_FOUND, "task_unknown", MSG_TASK_UNKNOWN, M_I64(id), M_END);
    return class_;
}

enum exit_code cmd_task_cancel(struct app *app, const struct cli *cli, struct err *err)
{
    struct hold_of of;
    struct str name;
    int64_t waiting = 0, running = 0;
    int said = cli_has(cli, "shop") + cli_has(cli, "platform") + cli_has(cli, "all") +
               (cli->args_len > 0);
    if (said != 1)
        return exit_of(err_say(err, ERR_USAGE, "task_which", MSG_CANCEL_WHICH, M_END));
    enum err_class class_ = ERR_OK;
    if (cli->args_len > 0) {
        class_ = cancel_one(app, cli_arg(cli, 0), &waiting, &running, err);
    } else {
        class_ = scope_of_flags(app, cli, &of, &name, err);
        if (class_ == ERR_OK)
            class_ = tasks_cancel(app->store, of, clock_now_ms(), &waiting, &running, err);
    }
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_CANCELLED_OF, M_I64(waiting), M_I64(running), M_END);
    struct answer answer;
    answer_begin(&answer, app);
    emit_i64(&answer.emit, "waiting", waiting);
    emit_i64(&answer.emit, "running", running);
    return exit_of(answer_end(&answer, err));
}

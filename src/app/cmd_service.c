/* huiliu run, worker, scheduler, serve: the service, whole or in parts; worker list: who works. */
#include "app/cmd.h"
#include "app/service.h"
#include "app/sql.h"

/* A heartbeat and a half: it was killed, or its machine sleeps. */
enum { WORKER_SILENT_MS = HEARTBEAT_MS * 3 / 2 };

enum exit_code cmd_run(struct app *app, const struct cli *cli, struct err *err)
{
    return exit_of(service_run(app, cli, (struct service_roles){"run", true, true, true}, err));
}

enum exit_code cmd_worker(struct app *app, const struct cli *cli, struct err *err)
{
    return exit_of(
        service_run(app, cli, (struct service_roles){"worker", false, true, false}, err));
}

enum exit_code cmd_scheduler(struct app *app, const struct cli *cli, struct err *err)
{
    return exit_of(
        service_run(app, cli, (struct service_roles){"scheduler", true, false, false}, err));
}

enum exit_code cmd_serve(struct app *app, const struct cli *cli, struct err *err)
{
    return exit_of(service_run(app, cli, (struct service_roles){"serve", false, false, true}, err));
}

enum exit_code cmd_worker_list(struct app *app, const struct cli *cli, struct err *err)
{
    static const struct report_column columns[] = {
        {"worker", REPORT_TEXT, MSG_COL_WORKER},
        {"host", REPORT_TEXT, MSG_COL_HOST},
        {"pid", REPORT_NUMBER, MSG_COL_PID},
        {"version", REPORT_TEXT, MSG_COL_VERSION},
        {"threads", REPORT_NUMBER, MSG_COL_THREADS},
        {"busy", REPORT_NUMBER, MSG_COL_BUSY},
        {"started", REPORT_TIME, MSG_COL_STARTED},
        {"heartbeat", REPORT_TIME, MSG_COL_BEAT},
        {"state", REPORT_TEXT, MSG_COL_STATE},
        {"beat_seconds", REPORT_NUMBER, MSG_COL_BEAT_AGE},
    };
    int64_t now_ms = clock_now_ms();
    struct report report;
    struct reader *row;
    (void)cli;
    report_init(&report, columns, 10, app->zone, &app->arena);
    enum err_class class_ = store_read(app->store, SQL_WORKERS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    while (reader_next(row)) {
        report_row(&report);
        report_text(&report, reader_text(row, 0));
        report_text(&report, reader_text(row, 1));
        report_number(&report, reader_int(row, 2));
        report_text(&report, reader_text(row, 3));
        report_number(&report, reader_int(row, 4));
        int64_t busy = reader_int(row, 5), beat_ms = reader_int(row, 7);
        int64_t age_ms = now_ms > beat_ms ? now_ms - beat_ms : 0; /* its clock may be ahead */
        bool silent = age_ms > WORKER_SILENT_MS;
        /* What it did when it last spoke says nothing of now. */
        if (silent)
            report_absent(&report);
        else
            report_number(&report, busy);
        report_time(&report, reader_int(row, 6));
        report_time(&report, beat_ms);
        report_text(&report, silent ? STR("silent") : busy > 0 ? STR("busy") : STR("idle"));
        report_number(&report, age_ms / 1000);
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "workers", err);
    return exit_of(class_);
}

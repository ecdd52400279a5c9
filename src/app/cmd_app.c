/* huiliu app: developer credentials. */
#include "app/cmd.h"
#include "app/secret.h"
#include "app/sql.h"

static enum err_class app_answer(const struct app *app, int64_t id, struct str name,
                                 struct err *err)
{
    struct answer answer;
    answer_begin(&answer, app);
    emit_i64(&answer.emit, "id", id);
    emit_str(&answer.emit, "name", name);
    return answer_end(&answer, err);
}

enum exit_code cmd_app_add(struct app *app, const struct cli *cli, struct err *err)
{
    struct settings settings = {0};
    struct account_app account = {
        .name = cli_arg(cli, 0), .key = cli_text(cli, "key"), .settings = &settings};
    enum err_class class_ = app_connector_of(app, cli_text(cli, "platform"), &account.connector,
                                             err);
    if (class_ == ERR_OK)
        class_ = secret_of_flags(app, cli, "secret", "secret-file", &account.secret, err);
    if (class_ == ERR_OK)
        class_ = settings_put_flags(&settings, account.connector, "app", cli, err);
    int64_t id;
    if (class_ == ERR_OK)
        class_ = account_app_add(app, &account, &id, err);
    if (class_ == ERR_OK)
        app_say(app, MSG_APP_ADDED, M_STR(account.name),
                M_STR(connector_platform(account.connector)), M_END);
    return exit_of(class_ == ERR_OK ? app_answer(app, id, account.name, err) : class_);
}

enum exit_code cmd_app_list(struct app *app, const struct cli *cli, struct err *err)
{
    (void)cli;
    static const struct report_column columns[] = {
        {"platform", REPORT_TEXT, MSG_COL_PLATFORM}, {"name", REPORT_TEXT, MSG_COL_NAME},
        {"key", REPORT_TEXT, MSG_COL_KEY},           {"secret", REPORT_TRUTH, MSG_COL_SECRET},
        {"shops", REPORT_NUMBER, MSG_COL_SHOPS},     {"created", REPORT_TIME, MSG_COL_CREATED},
    };
    struct report report;
    struct reader *row;
    report_init(&report, columns, 6, app->zone, &app->arena);
    enum err_class class_ = store_read(app->store, SQL_APPS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    while (reader_next(row)) {
        report_row(&report);
        report_text(&report, reader_text(row, 1));
        report_text(&report, reader_text(row, 2));
        report_text(&report, reader_text(row, 3));
        report_truth(&report, !reader_is_null(row, 4));
        report_number(&report, reader_int(row, 6));
        report_time(&report, reader_int(row, 5));
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "apps", err);
    return exit_of(class_);
}

static enum err_class app_find(struct app *app, const struct cli *cli, int64_t *id, struct err *err)
{
    const struct sql_value values[] = {sql_text(cli_arg(cli, 0)),
                                       sql_text(cli_text(cli, "platform"))};
    struct reader *row;
    size_t found = 0;
    enum err_class class_ = store_read(app->store, SQL_APP_FIND, values, 2, &row, err);
    if (class_ != ERR_OK)
        return class_;
    for (; reader_next(row); found++)
        *id = reader_int(row, 0);
    class_ = reader_close(row, err);
    if (class_ != ERR_OK || found == 1)
        return class_;
    return found == 0 ? err_say(err, ERR_NOT_FOUND, "app_unknown", MSG_APP_UNKNOWN,
                                M_STR(cli_arg(cli, 0)), M_STR(cli_text(cli, "platform")), M_END)
                      : err_say(err, ERR_CONFIG, "app_choice", MSG_APP_AMBIGUOUS,
                                M_STR(cli_arg(cli, 0)), M_END);
}

enum exit_code cmd_app_rotate(struct app *app, const struct cli *cli, struct err *err)
{
    int64_t id = 0;
    struct str secret;
    enum err_class class_ = app_find(app, cli, &id, err);
    if (class_ == ERR_OK)
        class_ = secret_of_flags(app, cli, "secret", "secret-file", &secret, err);
    if (class_ == ERR_OK)
        class_ = account_app_rotate(app, id, cli_text(cli, "key"), secret, NULL, err);
    if (class_ == ERR_OK)
        app_say(app, MSG_APP_ROTATED, M_STR(cli_arg(cli, 0)), M_END);
    return exit_of(class_ == ERR_OK ? app_answer(app, id, cli_arg(cli, 0), err) : class_);
}

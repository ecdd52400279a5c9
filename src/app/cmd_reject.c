/* huiliu reject: records that were refused alone. The record itself may hold personal data: it stays
 * sealed, and what is shown is where it belongs and what is wrong with it. */
#include "app/cmd.h"
#include "app/sql.h"

enum { LIST_MAX = 1000 };

static enum err_class shop_filter(struct app *app, const struct cli *cli, int64_t *id,
                                  struct err *err)
{
    struct app_shop *shop;
    *id = 0;
    if (!cli_has(cli, "shop"))
        return ERR_OK;
    enum err_class class_ = app_shop_of(app, cli_text(cli, "shop"), &shop, err);
    if (class_ == ERR_OK)
        *id = shop->sync.id;
    return class_;
}

static const struct report_column list_columns[] = {
    {"id", REPORT_NUMBER, MSG_COL_ID},       {"shop", REPORT_TEXT, MSG_COL_SHOP},
    {"stream", REPORT_TEXT, MSG_COL_STREAM}, {"table", REPORT_TEXT, MSG_COL_TABLE},
    {"key", REPORT_TEXT, MSG_COL_KEY},       {"field", REPORT_TEXT, MSG_COL_FIELD},
    {"code", REPORT_TEXT, MSG_COL_CODE},     {"times", REPORT_NUMBER, MSG_COL_TIMES},
    {"seen", REPORT_TIME, MSG_COL_SEEN},     {"message", REPORT_TEXT, MSG_COL_REASON},
};

/* Columns of SQL_REJECTS. */
enum { ID, SHOP_ID, STREAM, TABLE, KEY, ID_TEXT, FIELD, CODE, MESSAGE, TIMES, SEEN };

static void reject_row(const struct app *app, struct report *report, const struct reader *row)
{
    struct str key = reader_text(row, KEY);
    report_row(report);
    report_number(report, reader_int(row, ID));
    report_text(report, app_shop_name(app, reader_int(row, SHOP_ID)));
    report_text(report, reader_text(row, STREAM));
    report_text(report, reader_text(row, TABLE));
    /* A record without a key has its digest, which says nothing to people; of a file's row the place is known. */
    bool says = key.len > 0 && key.ptr[0] != '#';
    report_text(report,
                says || reader_text(row, ID_TEXT).len == 0 ? key : reader_text(row, ID_TEXT));
    report_text(report, reader_text(row, FIELD));
    report_text(report, reader_text(row, CODE));
    report_number(report, reader_int(row, TIMES));
    report_time(report, reader_int(row, SEEN));
    report_text(report, reader_text(row, MESSAGE));
}

enum exit_code cmd_reject_list(struct app *app, const struct cli *cli, struct err *err)
{
    int64_t shop_id;
    struct reader *row;
    struct report report;
    enum err_class class_ = shop_filter(app, cli, &shop_id, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    const struct sql_value values[] = {sql_int(shop_id), sql_text(cli_text(cli, "stream")),
                                       sql_int(cli_int(cli, "limit", LIST_MAX))};
    report_init(&report, list_columns, 10, app->zone, &app->arena);
    class_ = store_read(app->store, SQL_REJECTS, values, 3, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    while (reader_next(row))
        reject_row(app, &report, row);
    class_ = reader_close(row, err);
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "rejects", err);
    return exit_of(class_);
}

enum exit_code cmd_reject_show(struct app *app, const struct cli *cli, struct err *err)
{
    int64_t id;
    struct reader *row;
    struct report report;
    enum err_class class_ = row_number(cli_arg(cli, 0), &id, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    const struct sql_value values[] = {sql_int(id)};
    report_init(&report, list_columns, 10, app->zone, &app->arena);
    class_ = store_read(app->store, SQL_REJECT, values, 1, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    if (reader_next(row))
        reject_row(app, &report, row);
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && report.rows_len == 0)
        class_ = err_say(err, ERR_NOT_FOUND, "reject_unknown", MSG_REJECT_UNKNOWN, M_I64(id),
                         M_END);
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "rejects", err);
    return exit_of(class_);
}

static enum err_class ids_of_all(struct app *app, const struct cli *cli, int64_t **ids,
                                 size_t *ids_len, struct err *err)
{
    int64_t shop_id;
    struct reader *row;
    enum err_class class_ = shop_filter(app, cli, &shop_id, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {sql_int(shop_id), sql_text(cli_text(cli, "stream")),
                                       sql_int(REPORT_ROWS_MAX)};
    *ids = arena_array(&app->arena, REPORT_ROWS_MAX, sizeof(**ids));
    class_ = *ids ? store_read(app->store, SQL_REJECTS_KEPT, values, 3, &row, err)
                  : err_no_memory(err);
    if (class_ != ERR_OK)
        return class_;
    while (*ids_len < REPORT_ROWS_MAX && reader_next(row))
        (*ids)[(*ids_len)++] = reader_int(row, ID);
    return reader_close(row, err);
}

static enum err_class ids_of_args(struct app *app, const struct cli *cli, int64_t **ids,
                                  size_t *ids_len, struct err *err)
{
    enum err_class class_ = ERR_OK;
    *ids = arena_array(&app->arena, CLI_ARGS_MAX, sizeof(**ids));
    if (!*ids)
        return err_no_memory(err);
    for (; class_ == ERR_OK && *ids_len < cli->args_len; (*ids_len)++)
        class_ = row_number(cli_arg(cli, *ids_len), &(*ids)[*ids_len], err);
    return class_;
}

enum exit_code cmd_reject_replay(struct app *app, const struct cli *cli, struct err *err)
{
    int64_t *ids, landed = 0, stayed = 0;
    size_t ids_len = 0;
    bool all = cli_has(cli, "all");
    if (all == (cli->args_len > 0))
        return exit_of(err_say(err, ERR_USAGE, "reject_which", MSG_REJECT_WHICH, M_END));
    enum err_class class_ = all ? ids_of_all(app, cli, &ids, &ids_len, err)
                                : ids_of_args(app, cli, &ids, &ids_len, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    struct answer answer;
    answer_begin(&answer, app);
    emit_open(&answer.emit, "stayed", '[');
    for (size_t i = 0; i < ids_len; i++) {
        struct err why;
        err_clear(&why);
        if (sync_reject_replay(app->sync, ids[i], &why) == ERR_OK) {
            landed++;
            continue;
        }
        stayed++;
        emit_open(&answer.emit, NULL, '{');
        emit_i64(&answer.emit, "id", ids[i]);
        emit_str(&answer.emit, "code", str_of(why.code));
        emit_str(&answer.emit, "message", str_of(why.message));
        emit_close(&answer.emit, '}');
        app_say(app, MSG_REJECT_STAYS, M_I64(ids[i]), M_STR(str_of(why.message)),
                M_STR(str_of(why.code)), M_END);
    }
    app_say(app, MSG_REJECT_REPLAYED, M_I64(landed), M_I64(stayed), M_END);
    emit_close(&answer.emit, ']');
    emit_i64(&answer.emit, "landed", landed);
    class_ = answer_end(&answer, err);
    return class_ == ERR_OK && stayed > 0 ? EXIT_FAILED : exit_of(class_);
}

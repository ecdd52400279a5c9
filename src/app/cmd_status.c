/* huiliu status and prove: how far each stream has come, and the evidence for it. */
#include <stdio.h>

#include "app/cmd.h"
#include "app/date.h"
#include "app/proxies.h"
#include "app/reason.h"
#include "app/sql.h"
#include "app/stream_status.h"

static const struct report_column columns[] = {
    {"platform", REPORT_TEXT, MSG_COL_PLATFORM},
    {"shop", REPORT_TEXT, MSG_COL_SHOP},
    {"zone", REPORT_TEXT, MSG_COL_ZONE},
    {"stream", REPORT_TEXT, MSG_COL_STREAM},
    {"rows", REPORT_NUMBER, MSG_COL_ROWS},
    {"grade", REPORT_TEXT, MSG_COL_GRADE},
    {"complete_up_to", REPORT_TIME, MSG_COL_COMPLETE},
    {"frontier", REPORT_TIME, MSG_COL_FRONTIER},
    {"last_success", REPORT_TIME, MSG_COL_LAST_SUCCESS},
    {"windows_unproved", REPORT_NUMBER, MSG_COL_UNPROVED},
    {"rejects", REPORT_NUMBER, MSG_COL_REJECTS},
    {"decrypt_waiting", REPORT_NUMBER, MSG_COL_DECRYPT},
    {"last_error", REPORT_TEXT, MSG_COL_LAST_ERROR},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static void time_or_absent(struct report *report, int64_t utc_ms)
{
    if (utc_ms != 0)
        report_time(report, utc_ms);
    else
        report_absent(report);
}

static void text_or_absent(struct report *report, struct str text)
{
    if (text.len > 0)
        report_text(report, text);
    else
        report_absent(report);
}

static void status_row(struct report *report, const struct app_shop *shop, struct str stream,
                       const struct stream_status *status)
{
    report_row(report);
    report_text(report, shop->platform);
    report_text(report, shop->sync.facts.shop.name);
    report_text(report, zone_name(report->zone));
    report_text(report, stream);
    report_number(report, status->rows);
    text_or_absent(report, status->grade);
    time_or_absent(report, status->complete_ms);
    time_or_absent(report, status->frontier_ms);
    time_or_absent(report, status->success_ms);
    report_number(report, status->unproved);
    report_number(report, status->rejects);
    report_number(report, status->decrypt);
    text_or_absent(report, status->error);
}

/* Files are no stream: no window of theirs is proved, and what they lack nobody knows. */
static enum err_class file_rows(struct app *app, const struct app_shop *shop, struct report *report,
                                struct err *err)
{
    struct file_status files[FILE_KINDS_MAX];
    size_t len;
    enum err_class class_ = file_status_read(app, shop, files, &len, err);
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        const struct stream_status status = {
            .rows = files[i].rows, .success_ms = files[i].finished_ms, .rejects = files[i].refused};
        status_row(report, shop, files[i].kind, &status);
    }
    if (class_ == ERR_OK && len == 0) {
        const struct stream_status none = {.error = message_text(MSG_NO_FILE_YET, language_now())};
        status_row(report, shop, STR("-"), &none);
    }
    return class_;
}

static enum err_class shop_rows(struct app *app, const struct app_shop *shop, struct report *report,
                                struct err *err)
{
    struct stream_status status;
    report->zone = app_shop_zone(app, shop);
    if (shop->err.class_ != ERR_OK) {
        status = (struct stream_status){.error = str_of(shop->err.message)};
        status_row(report, shop, STR("-"), &status);
        return ERR_OK;
    }
    if (shop_is_by_files(shop))
        return file_rows(app, shop, report, err);
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < connector_streams(shop->sync.connector); i++) {
        const struct stream *stream = connector_stream_at(shop->sync.connector, i);
        class_ = stream_status_read(app, shop, stream, &status, err);
        status.error = reason_shown(app, status.error, &app->arena);
        if (class_ == ERR_OK)
            status_row(report, shop, stream->name, &status);
    }
    return class_;
}

/* Values that nobody described: kept raw in their rows, and a person may teach them to the manifest. */
static enum err_class unknown_say(const struct app *app, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(app->store, SQL_STATUS_UNKNOWN, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (reader_next(row))
        app_say(app, MSG_UNKNOWN_VALUE, M_STR(reader_text(row, 0)), M_STR(reader_text(row, 1)),
                M_STR(reader_text(row, 2)), M_STR(str_utf8_head(reader_text(row, 3), 60)),
                M_I64(reader_int(row, 4)), M_END);
    return reader_close(row, err);
}

/* In the zone in which the rows of the shop stand; what is of no shop: in the home's, or UTC. */
static enum err_class holds_say(struct app *app, struct err *err)
{
    struct hold *holds;
    size_t len;
    enum err_class class_ = holds_read(app->store, &app->arena, &holds, &len, err);
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        struct str name = holds[i].of.scope == HOLD_ALL
                              ? message_text(MSG_EVERYTHING, language_now())
                          : holds[i].of.scope == HOLD_PLATFORM
                              ? holds[i].of.platform
                              : app_shop_name(app, holds[i].of.lane);
        struct buf since;
        const struct app_shop *shop = holds[i].of.scope == HOLD_LANE
                                          ? app_shop_by_id(app, holds[i].of.lane)
                                          : NULL;
        const struct zone *zone = shop        ? app_shop_zone(app, shop)
                                  : app->zone ? app->zone
                                              : zone_utc();
        buf_init(&since, 256);
        time_write(&since, zone, holds[i].since_ms);
        buf_printf(&since, " %.*s", STR_ARG(zone_name(zone)));
        app_say(app, MSG_HOLD_LINE, M_STR(name), M_STR(buf_str(&since)), M_END);
        buf_fini(&since);
    }
    return class_;
}

static enum err_class proxy_say(struct app *app, struct err *err)
{
    struct str address;
    enum err_class class_ = proxy_unnamed_read(app, &address, err);
    if (class_ == ERR_OK && address.len > 0)
        app_say(app, MSG_EVENT_PROXY_UNNAMED, M_STR(address), M_END);
    return class_;
}

/* Drift is shown until an audit finds none. */
static enum err_class audit_say(const struct app *app, struct err *err)
{
    struct derive_audit audit;
    struct buf at;
    const struct zone *zone = app->zone ? app->zone : zone_utc();
    enum err_class class_ = derive_audit_last(app->derive, &audit, err);
    if (class_ != ERR_OK || audit.at_ms == 0)
        return class_;
    buf_init(&at, 256);
    time_write(&at, zone, audit.at_ms);
    buf_printf(&at, " %.*s", STR_ARG(zone_name(zone)));
    app_say(app, MSG_DERIVE_AUDIT_LAST, M_STR(buf_str(&at)), M_I64(audit.looked),
            M_I64(audit.differing), M_END);
    buf_fini(&at);
    return ERR_OK;
}

enum exit_code cmd_status(struct app *app, const struct cli *cli, struct err *err)
{
    struct report report;
    struct str word;
    size_t at = 0;
    enum err_class class_ = ERR_OK;
    report_init(&report, columns, COLUMNS, app->zone, &app->arena);
    while (class_ == ERR_OK && cli_next(cli, "shop", &at, &word)) {
        struct app_shop *shop;
        class_ = app_shop_of(app, word, &shop, err);
        if (class_ == ERR_OK)
            class_ = shop_rows(app, shop, &report, err);
    }
    for (size_t i = 0; class_ == ERR_OK && !cli_has(cli, "shop") && i < app->shops_len; i++)
        class_ = shop_rows(app, &app->shops[i], &report, err);
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "status", err);
    if (class_ == ERR_OK)
        class_ = unknown_say(app, err);
    if (class_ == ERR_OK)
        class_ = holds_say(app, err);
    if (class_ == ERR_OK)
        class_ = audit_say(app, err);
    if (class_ == ERR_OK)
        class_ = proxy_say(app, err);
    return exit_of(class_);
}

enum exit_code cmd_prove(struct app *app, const struct cli *cli, struct err *err)
{
    struct app_shop *shop;
    const struct stream *stream;
    int64_t now_ms = clock_now_ms(), from_ms, to_ms = now_ms;
    enum err_class class_ = app_shop_ready(app, cli_arg(cli, 0), &shop, err);
    if (class_ == ERR_OK)
        class_ = app_stream_of(shop->sync.connector, cli_arg(cli, 1), &stream, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    class_ = sync_stream_since(app->sync, &shop->sync, stream, now_ms, &from_ms, err);
    if (class_ == ERR_OK)
        class_ = range_of_flags(cli, app_shop_zone(app, shop), stream->window.step_ms, now_ms,
                                &from_ms, &to_ms, err);
    struct buf out;
    buf_init(&out, 256 * 1024 * 1024);
    if (class_ == ERR_OK)
        class_ = sync_prove(app->sync, &shop->sync, stream, from_ms, to_ms, &out, err);
    buf_add_char(&out, '\n');
    if (class_ == ERR_OK)
        class_ = print_buf(&out, err);
    else
        buf_fini(&out);
    return exit_of(class_);
}

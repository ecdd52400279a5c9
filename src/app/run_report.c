/* What a run came to: a line per shop and stream, what is not proved and why, what is left to do. */
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "app/reason.h"
#include "app/run.h"
#include "app/sql.h"

/* Largest resident size of this process so far, as the kernel counts it; 0 where it does not say. */
static int64_t peak_rss_kb(void)
{
    char line[256];
    long long kb = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "VmHWM: %lld kB", &kb) == 1)
            break;
    }
    if (file)
        fclose(file);
    return kb;
}

void run_progress_write(struct app *app, const struct run *run, struct buf *out)
{
    struct sync_counts counts;
    struct gateway_counts calls;
    sync_counts_read(app->sync, &counts);
    gateway_counts_read(app->gateway, &calls);
    int64_t rows = 0;
    for (size_t i = 0; i < ROW_OUTCOMES; i++)
        rows += counts.rows[i];
    int64_t spent_ms = (clock_monotonic_ns() - run->started_ns) / 1000000;
    message_write(out, MSG_PROGRESS, M_I64(counts.windows_sealed), M_I64(counts.pages), M_I64(rows),
                  M_I64(spent_ms > 0 ? rows * 1000 / spent_ms : 0), M_I64(calls.calls),
                  M_I64(counts.rejects), M_END);
}

static const struct report_column columns[] = {
    {"platform", REPORT_TEXT, MSG_COL_PLATFORM},
    {"shop", REPORT_TEXT, MSG_COL_SHOP},
    {"stream", REPORT_TEXT, MSG_COL_STREAM},
    {"rows_new", REPORT_NUMBER, MSG_COL_NEW},
    {"rows_changed", REPORT_NUMBER, MSG_COL_CHANGED},
    {"rows_same", REPORT_NUMBER, MSG_COL_SAME},
    {"rows_older", REPORT_NUMBER, MSG_COL_OLDER},
    {"rejects", REPORT_NUMBER, MSG_COL_REJECTS},
    {"windows_sealed", REPORT_NUMBER, MSG_COL_SEALED},
    {"windows_unproved", REPORT_NUMBER, MSG_COL_UNPROVED},
    {"grade", REPORT_TEXT, MSG_COL_GRADE},
    {"complete_up_to", REPORT_TIME, MSG_COL_COMPLETE},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* Opens a query that gives at most one row; *there says whether it did. */
static enum err_class row_open(struct app *app, const char *sql, const struct sql_value *values,
                               size_t values_len, struct reader **row, bool *there, struct err *err)
{
    enum err_class class_ = store_read(app->store, sql, values, values_len, row, err);
    *there = class_ == ERR_OK && reader_next(*row);
    return class_;
}

/* The tries of this run are looked for among the lane's latest; a clock that was set back meanwhile
 * shall not hide them. */
enum { STARTED_SLACK_MS = 60 * 60 * 1000 };

static enum err_class part_rows(struct app *app, const struct run *run, const struct run_part *part,
                                struct report *report, struct err *err)
{
    const struct sql_value values[] = {sql_int(part->shop->sync.id), sql_text(part->stream->name),
                                       sql_int(run->execution_before),
                                       sql_int(run->started_ms - STARTED_SLACK_MS)};
    struct reader *row;
    bool there;
    enum err_class class_ = row_open(app, SQL_RUN_EXECUTIONS, values, 4, &row, &there, err);
    if (class_ != ERR_OK)
        return class_;
    for (int column = 0; column < 5; column++)
        report_number(report, there ? reader_int(row, column) : 0);
    return reader_close(row, err);
}

static enum err_class part_windows(struct app *app, const struct run *run,
                                   const struct run_part *part, struct report *report,
                                   bool *unproved, struct err *err)
{
    const struct sql_value values[] = {sql_int(part->shop->sync.id), sql_text(part->stream->name),
                                       sql_int(run->started_ms)};
    struct reader *row;
    bool there;
    enum err_class class_ = row_open(app, SQL_RUN_WINDOWS, values, 3, &row, &there, err);
    if (class_ != ERR_OK)
        return class_;
    report_number(report, there ? reader_int(row, 0) : 0);
    report_number(report, there ? reader_int(row, 1) : 0);
    *unproved |= there && reader_int(row, 1) > 0;
    if (there && !reader_is_null(row, 2))
        report_text(report, reader_text(row, 2));
    else
        report_absent(report);
    return reader_close(row, err);
}

static enum err_class part_complete(struct app *app, const struct run_part *part,
                                    struct report *report, struct err *err)
{
    const struct sql_value values[] = {sql_int(part->shop->sync.id), sql_text(part->stream->name)};
    struct reader *row;
    bool there;
    enum err_class class_ = row_open(app, SQL_STATUS, values, 2, &row, &there, err);
    if (class_ != ERR_OK)
        return class_;
    if (there && !reader_is_null(row, 1))
        report_time(report, reader_int(row, 1));
    else
        report_absent(report);
    return reader_close(row, err);
}

static enum err_class parts_read(struct app *app, const struct run *run, struct report *report,
                                 bool *unproved, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < run->parts_len; i++) {
        const struct run_part *part = &run->parts[i];
        report->zone = app_shop_zone(app, part->shop);
        report_row(report);
        report_text(report, part->shop->platform);
        report_text(report, part->shop->sync.facts.shop.name);
        report_text(report, part->stream->name);
        class_ = part_rows(app, run, part, report, err);
        if (class_ == ERR_OK)
            class_ = part_windows(app, run, part, report, unproved, err);
        if (class_ == ERR_OK)
            class_ = part_complete(app, part, report, err);
    }
    return class_;
}

/* --- what is not well: windows, tasks, shops --- */

static const struct report_column trouble_columns[] = {
    {"kind", REPORT_TEXT, MSG_COL_TROUBLE}, {"shop", REPORT_TEXT, MSG_COL_SHOP},
    {"what", REPORT_TEXT, MSG_COL_WHAT},    {"why", REPORT_TEXT, MSG_COL_REASON},
    {"next", REPORT_TEXT, MSG_COL_NEXT},
};

static void trouble_add(struct report *report, const char *kind, const struct app_shop *shop,
                        struct str what, struct str why, enum message_id next, struct str word)
{
    struct buf text;
    buf_init(&text, 4096);
    message_write(&text, next, M_STR(word), M_STR(shop ? shop->app_name : STR("")), M_END);
    report_row(report);
    report_text(report, str_of(kind));
    report_text(report, shop ? shop->sync.facts.shop.name : STR(""));
    report_text(report, what);
    report_text(report, why);
    report_text(report, buf_str(&text));
    buf_fini(&text);
}

static enum err_class windows_unproved(struct app *app, const struct run *run,
                                       const struct run_part *part, struct report *report,
                                       struct err *err)
{
    const struct sql_value values[] = {sql_int(part->shop->sync.id), sql_text(part->stream->name),
                                       sql_int(run->started_ms)};
    struct reader *row;
    struct buf what;
    enum err_class class_ = store_read(app->store, SQL_RUN_UNPROVED, values, 3, &row, err);
    if (class_ != ERR_OK)
        return class_;
    const struct zone *zone = app_shop_zone(app, part->shop);
    buf_init(&what, 1024);
    while (reader_next(row)) {
        buf_reset(&what);
        buf_printf(&what, "%.*s ", STR_ARG(part->stream->name));
        time_write(&what, zone, reader_int(row, 1));
        buf_add(&what, STR(" … "));
        time_write(&what, zone, reader_int(row, 2));
        trouble_add(report, "unproved", part->shop, buf_str(&what), reader_text(row, 3),
                    MSG_NEXT_UNPROVED, part->shop->sync.facts.shop.name);
    }
    buf_fini(&what);
    return reader_close(row, err);
}

/* What a person can do for a shop that waits for one. */
static enum message_id next_of_person(const struct app_shop *shop)
{
    bool of_app = shop->sync.connector && connector_auth(shop->sync.connector)->of_app;
    return of_app ? MSG_NEXT_ROTATE : MSG_NEXT_AUTHORIZE;
}

static enum err_class tasks_dead(struct app *app, const struct run *run, struct report *report,
                                 struct err *err)
{
    const struct sql_value values[] = {sql_int(run->started_ms), sql_text(run->id)};
    struct reader *row;
    char number[32];
    enum err_class class_ = store_read(app->store, SQL_RUN_DEAD, values, 2, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (reader_next(row)) {
        const struct app_shop *shop = app_shop_by_id(app, reader_int(row, 2));
        bool waits = shop && str_eq(reader_text(row, 4), STR("needs_person"));
        snprintf(number, sizeof(number), "%lld", (long long)reader_int(row, 0));
        trouble_add(report, "task", shop, str_of(number),
                    reason_shown(app, reader_text(row, 3), &app->arena),
                    waits ? next_of_person(shop) : MSG_NEXT_DEAD,
                    waits ? shop->sync.facts.shop.name : str_of(number));
    }
    return reader_close(row, err);
}

/* Which shops wait and until when; why, as far as the last failed try has left word. */
static enum err_class shops_waiting(struct app *app, const struct run *run, struct report *report,
                                    struct err *err)
{
    const struct sql_value value = sql_text(run->id);
    struct reader *row;
    struct buf until, why;
    enum err_class class_ = store_read(app->store, SQL_RUN_WAITING, &value, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    buf_init(&until, 256);
    buf_init(&why, 4096);
    while (reader_next(row)) {
        const struct app_shop *shop = app_shop_by_id(app, reader_int(row, 0));
        buf_reset(&until);
        buf_reset(&why);
        buf_add(&until, STR("… "));
        time_write(&until, shop ? app_shop_zone(app, shop) : zone_utc(), reader_int(row, 1));
        if (reader_is_null(row, 2))
            message_write(&why, MSG_WAITS, M_END);
        else
            buf_add(&why, reason_shown(app, reader_text(row, 2), &app->arena));
        trouble_add(report, "waits", shop, buf_str(&until), buf_str(&why), MSG_NEXT_WAITS, STR(""));
    }
    buf_fini(&until);
    buf_fini(&why);
    return reader_close(row, err);
}

static enum err_class troubles_read(struct app *app, const struct run *run, struct report *report,
                                    struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < run->refusals_len; i++) {
        const struct run_refusal *refusal = &run->refusals[i];
        bool waits = refusal->err.class_ == ERR_FORBIDDEN &&
                     str_eq(refusal->shop->state, STR("needs_person"));
        trouble_add(report, "shop", refusal->shop, str_of(refusal->err.code),
                    str_of(refusal->err.message),
                    waits ? next_of_person(refusal->shop) : MSG_NEXT_SHOP,
                    refusal->shop->sync.facts.shop.name);
    }
    for (size_t i = 0; class_ == ERR_OK && i < run->parts_len; i++)
        class_ = windows_unproved(app, run, &run->parts[i], report, err);
    if (class_ == ERR_OK && run->waits)
        class_ = shops_waiting(app, run, report, err);
    return class_ == ERR_OK ? tasks_dead(app, run, report, err) : class_;
}

/* --- telling --- */

static void counts_emit(struct app *app, const struct run *run, struct emit *emit)
{
    struct sync_counts counts;
    struct gateway_counts calls;
    sync_counts_read(app->sync, &counts);
    gateway_counts_read(app->gateway, &calls);
    emit_open(emit, "counts", '{');
    emit_i64(emit, "pages", counts.pages);
    emit_i64(emit, "calls", calls.calls);
    emit_i64(emit, "calls_failed", calls.failed);
    emit_i64(emit, "calls_throttled", calls.throttled);
    emit_i64(emit, "token_refreshes", calls.token_refreshes);
    emit_i64(emit, "bytes_in", calls.bytes_in);
    emit_i64(emit, "rows_new", counts.rows[ROW_NEW]);
    emit_i64(emit, "rows_changed", counts.rows[ROW_CHANGED]);
    emit_i64(emit, "rows_same", counts.rows[ROW_SAME]);
    emit_i64(emit, "rows_older", counts.rows[ROW_OLDER]);
    emit_i64(emit, "rejects", counts.rejects);
    emit_i64(emit, "windows_sealed", counts.windows_sealed);
    emit_i64(emit, "windows_moved", counts.windows_moved);
    emit_i64(emit, "windows_unproved", counts.windows_unproved);
    emit_i64(emit, "windows_split", counts.windows_split);
    emit_i64(emit, "decrypt_failures", counts.decrypt_failures);
    emit_i64(emit, "decrypt_waiting", counts.decrypt_waiting);
    emit_close(emit, '}');
    emit_i64(emit, "elapsed_ms", (clock_monotonic_ns() - run->started_ns) / 1000000);
    emit_i64(emit, "peak_rss_kb", peak_rss_kb());
}

static void run_json_write(struct app *app, const struct run *run, const struct report *report,
                           const struct report *troubles, const char *result, struct buf *out)
{
    struct emit emit = emit_to(out);
    emit_open(&emit, NULL, '{');
    emit_str(&emit, "run", run->id);
    emit_str(&emit, "result", str_of(result));
    report_write_json(report, &emit, "streams");
    report_write_json(troubles, &emit, "troubles");
    if (!run->follows)
        counts_emit(app, run, &emit);
    emit_close(&emit, '}');
    buf_add_char(out, '\n');
}

/* Texts that waited for a turn of our own and were opened in this run wait no more. */
static bool decrypt_waits(struct app *app)
{
    int64_t tasks = 0;
    return store_read_int(app->store, SQL_TASKS_DECRYPT, NULL, 0, 0, &tasks, NULL) == ERR_OK &&
           tasks > 0;
}

static void text_write(struct app *app, const struct run *run, const struct report *report,
                       const struct report *troubles, struct buf *out)
{
    struct sync_counts counts;
    sync_counts_read(app->sync, &counts);
    if (report->rows_len > 0) {
        report_write_table(report, out);
        message_write(out, MSG_ROWS_NOTE, M_END);
        buf_add_char(out, '\n');
    }
    if (!run->follows) {
        run_progress_write(app, run, out);
        buf_add_char(out, '\n');
    }
    if (counts.decrypt_failures > 0) {
        message_write(out, MSG_DECRYPT_FAILURES, M_I64(counts.decrypt_failures), M_END);
        buf_add_char(out, '\n');
    }
    if (counts.decrypt_waiting > 0 && decrypt_waits(app)) {
        message_write(out, MSG_DECRYPT_WAITING, M_I64(counts.decrypt_waiting), M_END);
        buf_add_char(out, '\n');
    }
    if (troubles->rows_len > 0) {
        buf_add_char(out, '\n');
        report_write_table(troubles, out);
    }
    if (run->stopped) {
        message_write(out, run->follows ? MSG_FOLLOW_STOPPED : MSG_STOPPED, M_END);
        buf_add_char(out, '\n');
    }
}

enum err_class run_report(struct app *app, const struct run *run, bool *unproved, struct err *err)
{
    struct report report, troubles;
    struct buf out;
    report_init(&report, columns, COLUMNS, app->zone, &app->arena);
    report_init(&troubles, trouble_columns, 5, app->zone, &app->arena);
    *unproved = false;
    enum err_class class_ = parts_read(app, run, &report, unproved, err);
    if (class_ == ERR_OK)
        class_ = troubles_read(app, run, &troubles, err);
    if (class_ != ERR_OK)
        return class_;
    *unproved |= troubles.rows_len > 0;
    buf_init(&out, 64 * 1024 * 1024);
    if (app->json)
        run_json_write(app, run, &report, &troubles,
                       run->stopped ? "stopped"
                       : run->waits ? "waiting"
                       : *unproved  ? "unproved"
                                    : "done",
                       &out);
    else
        text_write(app, run, &report, &troubles, &out);
    return print_buf(&out, err);
}

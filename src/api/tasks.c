/* Tasks, those that died among them: list, one with its tries, retry, cancel. */
#include <stdio.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/tables.h"

enum {
    ID,
    LANE,
    KIND,
    STATE,
    CLASS,
    READY,
    ATTEMPT,
    ERROR,
    RUN,
    CREATED,
    CHANGED,
    STOP,
    PAYLOAD,
    UNIQUE_KEY,
    WORKER,
    UNITS
};

static struct str class_word(int64_t class_)
{
    static const char *const words[TASK_CLASSES] = {"live", "repair", "backfill"};
    return class_ >= 0 && class_ < TASK_CLASSES ? str_of(words[class_]) : STR("");
}

static struct str text_or_none(const struct reader *row, int column)
{
    return reader_is_null(row, column) || reader_text(row, column).len == 0
               ? STR_NONE
               : reader_text(row, column);
}

static void members_out(struct out *out, const struct call *call, const struct reader *row)
{
    char number[24];
    snprintf(number, sizeof(number), "%lld", (long long)reader_int(row, ID));
    bool dead = str_eq(reader_text(row, STATE), STR("dead"));
    out_text(out, "id", str_of(number));
    control_out_shop(out, call, "shop", reader_int(row, LANE));
    out_text(out, "kind", reader_text(row, KIND));
    out_text(out, "state", reader_text(row, STATE));
    out_text(out, "class", class_word(reader_int(row, CLASS)));
    out_time(out, "ready", reader_int(row, READY));
    out_int(out, "attempt", reader_int(row, ATTEMPT));
    out_text_or_null(out, "error", text_or_none(row, ERROR));
    out_text_or_null(out, "run", text_or_none(row, RUN));
    out_time(out, "created", reader_int(row, CREATED));
    out_time(out, "changed", reader_int(row, CHANGED));
    out_bool(out, "stopping", !reader_is_null(row, STOP));
    out_raw(out, "payload", reader_text(row, PAYLOAD));
    if (dead)
        control_out_text(out, call, "next", API_TEXT_NEXT_DEAD, str_of(number), STR(""), STR(""));
}

static const char *const states[] = {"ready", "running", "dead", NULL};
static const struct param list_params[] = {
    CONTROL_SHOP,
    {"state", PARAM_QUERY, PARAM_WORD, .words = states, .help = "Of this state"},
    {"kind", PARAM_QUERY, PARAM_TEXT, .max = 40, .help = "Of this kind"},
    {"run", PARAM_QUERY, PARAM_ID, .help = "Of this sync"},
    CONTROL_LIMIT,
    CONTROL_CURSOR,
    {0}};

static struct str given(const struct call *call, const char *name)
{
    return call_given(call, name) ? call_text(call, name) : STR("");
}

static enum err_class task_list(struct call *call, struct err *err)
{
    struct scope_values scope;
    struct reader *row;
    struct out out;
    int64_t before, last = 0, limit = call_int(call, "limit"), len = 0;
    bool more = false;
    enum err_class class_ = control_scope(call, &scope, err);
    if (class_ == ERR_OK)
        class_ = control_cursor(call, INT64_MAX, &before, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {scope.all,
                                       scope.ids,
                                       sql_text(given(call, "state")),
                                       sql_text(given(call, "kind")),
                                       sql_int(before),
                                       sql_text(given(call, "run")),
                                       sql_int(limit + 1)};
    class_ = store_read(call->host->store, SQL_TASK_LIST, values, 7, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (; !more && reader_next(row); len++) {
        more = len == limit;
        if (more)
            break;
        last = reader_int(row, ID);
        out_object(&out, NULL);
        members_out(&out, call, row);
        out_end_object(&out);
    }
    out_end_list(&out);
    control_next(&out, more, last);
    out_null(&out, "total");
    out_time(&out, "as_of", call->now_ms);
    out_end_object(&out);
    return reader_close(row, err);
}

static const struct param depth_params[] = {CONTROL_SHOP, {0}};

static enum err_class task_depth(struct call *call, struct err *err)
{
    static const char *const names[] = {"ready", "waiting", "running", "dead"};
    struct scope_values scope;
    struct reader *row;
    struct out out;
    enum err_class class_ = control_scope(call, &scope, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {scope.all, scope.ids, sql_int(call->now_ms)};
    class_ = store_read(call->host->store, SQL_TASK_DEPTH_SEEN, values, 3, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "classes");
    while (reader_next(row)) {
        out_object(&out, NULL);
        out_text(&out, "class", class_word(reader_int(row, 0)));
        for (int i = 0; i < 4; i++)
            out_int(&out, names[i], reader_int(row, i + 1));
        out_time_or_null(&out, "oldest", reader_int(row, 5), !reader_is_null(row, 5));
        out_end_object(&out);
    }
    out_end_list(&out);
    out_time(&out, "as_of", call->now_ms);
    out_end_object(&out);
    return reader_close(row, err);
}

/* --- one --- */

static const struct param one_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The task"}, {0}};

static enum err_class tries_out(struct out *out, const struct call *call, int64_t id,
                                struct err *err)
{
    static const char *const counts[] = {"pages",        "calls",     "rejects",   "rows_new",
                                         "rows_changed", "rows_same", "rows_older"};
    const struct sql_value value = sql_int(id);
    struct reader *row;
    enum err_class class_ = store_read(call->host->store, SQL_TASK_TRIES, &value, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_list(out, "tries");
    while (reader_next(row)) {
        out_object(out, NULL);
        out_time(out, "started", reader_int(row, 0));
        out_time_or_null(out, "ended", reader_int(row, 1), !reader_is_null(row, 1));
        out_text_or_null(out, "result", text_or_none(row, 2));
        for (int i = 0; i < 7; i++)
            out_int(out, counts[i], reader_int(row, 3 + i));
        out_text_or_null(out, "error", text_or_none(row, 10));
        out_end_object(out);
    }
    out_end_list(out);
    return reader_close(row, err);
}

/* Opens the row of a task that he may see; *row stands on it. */
static enum err_class task_open(const struct call *call, int64_t *id, struct reader **row,
                                struct err *err)
{
    struct scope_values scope;
    enum err_class class_ = control_id(call, "id", id, err);
    if (class_ == ERR_OK)
        class_ = control_scope_seen(call, &scope, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {scope.all, scope.ids, sql_int(*id)};
    class_ = store_read(call->host->store, SQL_TASK_ONE, values, 3, row, err);
    if (class_ != ERR_OK || reader_next(*row))
        return class_;
    class_ = reader_close(*row, err);
    return class_ == ERR_OK ? call_absent(err, "task", call_text(call, "id")) : class_;
}

static enum err_class task_one(struct call *call, struct err *err)
{
    struct reader *row;
    struct out out;
    int64_t id;
    enum err_class class_ = task_open(call, &id, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    members_out(&out, call, row);
    out_text(&out, "unique_key", reader_text(row, UNIQUE_KEY));
    out_text_or_null(&out, "worker", text_or_none(row, WORKER));
    out_int(&out, "units", reader_int(row, UNITS));
    class_ = reader_close(row, err);
    if (class_ == ERR_OK)
        class_ = tries_out(&out, call, id, err);
    out_end_object(&out);
    return class_;
}

/* --- retry, cancel --- */

struct edit {
    int64_t id, now_ms, retried, waiting, running;
};

static enum err_class retry_work(struct tx *tx, void *context, struct err *err)
{
    struct edit *edit = context;
    enum err_class class_ = task_revive_in(tx, edit->id, edit->now_ms, &edit->retried, err);
    if (class_ == ERR_OK && edit->retried == 0)
        return err_set(err, ERR_CONFLICT, "task_not_dead", "task %lld is not dead",
                       (long long)edit->id);
    return class_;
}

static enum err_class cancel_work(struct tx *tx, void *context, struct err *err)
{
    struct edit *edit = context;
    enum err_class class_ = task_cancel_in(tx, edit->id, edit->now_ms, &edit->waiting,
                                           &edit->running, err);
    if (class_ == ERR_OK && edit->waiting + edit->running == 0)
        return err_set(err, ERR_CONFLICT, "task_over", "task %lld is over", (long long)edit->id);
    return class_;
}

static enum err_class task_edit(struct call *call, const char *action, store_work *work,
                                struct edit *edit, struct err *err)
{
    struct reader *row;
    enum err_class class_ = task_open(call, &edit->id, &row, err);
    if (class_ != ERR_OK)
        return class_;
    int64_t lane = reader_int(row, LANE);
    class_ = reader_close(row, err);
    if (class_ != ERR_OK)
        return class_;
    edit->now_ms = call->now_ms;
    struct control_act act = {
        .line = audit_of(call, action, call_text(call, "id")), .work = work, .context = edit};
    act.line.shop_id = lane;
    return control_write(call, &act, err);
}

static enum err_class task_retry_ask(struct call *call, struct err *err)
{
    struct edit edit = {0};
    struct out out;
    enum err_class class_ = task_edit(call, "task.retry", retry_work, &edit, err);
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_bool(&out, "retried", true);
    out_end_object(&out);
    return class_;
}

static enum err_class task_cancel_ask(struct call *call, struct err *err)
{
    struct edit edit = {0};
    struct out out;
    enum err_class class_ = task_edit(call, "task.cancel", cancel_work, &edit, err);
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_bool(&out, "gone", edit.waiting > 0);
    out_bool(&out, "stopping", edit.running > 0);
    out_end_object(&out);
    return class_;
}

const struct route task_routes[] = {
    {ROUTE_GET, "/api/v1/tasks", "taskList", RIGHT_READ, list_params, task_list,
     .summary = "Tasks that are not over, the newest first; state=dead: dead letters",
     .answer = "TaskList"},
    {ROUTE_GET, "/api/v1/tasks/depth", "taskDepth", RIGHT_READ, depth_params, task_depth,
     .summary = "How much is ready, waits, runs, is dead", .answer = "TaskDepth"},
    {ROUTE_GET, "/api/v1/tasks/{id}", "taskOne", RIGHT_READ, one_params, task_one,
     .summary = "One task with its newest tries", .answer = "Task"},
    {ROUTE_POST, "/api/v1/tasks/{id}/retry", "taskRetry", RIGHT_OPERATE, one_params, task_retry_ask,
     .summary = "A dead task gets all its tries again", .answer = "TaskRetried"},
    {ROUTE_DELETE, "/api/v1/tasks/{id}", "taskCancel", RIGHT_OPERATE, one_params, task_cancel_ask,
     .summary = "Take a task back", .answer = "TaskCancelled"},
    {0},
};

/* Tasks, those that died among them: list, one with its tries, retry, cancel. */
#include <stdio.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/list.h"
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

static void members_out(struct out *out, const struct call *call, const struct list_row *row)
{
    char number[24];
    snprintf(number, sizeof(number), "%lld", (long long)list_int(row, ID));
    bool dead = str_eq(list_text(row, STATE), STR("dead"));
    out_text(out, "id", str_of(number));
    control_out_shop(out, call, "shop", list_int(row, LANE));
    out_text(out, "kind", list_text(row, KIND));
    out_text(out, "state", list_text(row, STATE));
    out_text(out, "class", class_word(list_int(row, CLASS)));
    out_time(out, "ready", list_int(row, READY));
    out_int(out, "attempt", list_int(row, ATTEMPT));
    out_text_or_null(out, "error", list_text_or_none(row, ERROR));
    out_text_or_null(out, "run", list_text_or_none(row, RUN));
    out_time(out, "created", list_int(row, CREATED));
    out_time(out, "changed", list_int(row, CHANGED));
    out_bool(out, "stopping", !list_is_null(row, STOP));
    out_raw(out, "payload", list_text(row, PAYLOAD));
    if (dead)
        control_out_text(out, call, "next", API_TEXT_NEXT_DEAD, str_of(number), STR(""), STR(""));
}

/* Lane 0 is the home itself: only of those who see all. */
static const struct list_column columns[] = {
    [ID] = {"id", "t.id", .kind = LIST_NUMBER, .sorts = true},
    [LANE] = {"shop", "t.lane", .kind = LIST_NUMBER, .sorts = true},
    [KIND] = {"kind", "t.kind", .kind = LIST_TEXT, .sorts = true},
    [STATE] = {"state", "t.state", .kind = LIST_TEXT},
    [CLASS] = {"class", "t.class", .kind = LIST_INT},
    [READY] = {"ready", "t.ready_ms", .kind = LIST_TIME, .sorts = true},
    [ATTEMPT] = {"attempt", "t.attempt", .kind = LIST_INT, .sorts = true},
    [ERROR] = {"error", "t.error", .kind = LIST_TEXT, .unknown = true},
    [RUN] = {"run", "t.run", .kind = LIST_ID, .unknown = true},
    [CREATED] = {"created", "t.created_ms", .kind = LIST_TIME, .sorts = true},
    [CHANGED] = {"changed", "t.changed_ms", .kind = LIST_TIME, .sorts = true},
    [STOP] = {"stopping", "t.stop_ms", .kind = LIST_TIME, .unknown = true},
    [PAYLOAD] = {"payload", "t.payload", .kind = LIST_TEXT},
    [UNIQUE_KEY] = {"unique_key", "t.unique_key", .kind = LIST_TEXT, .unknown = true},
    [WORKER] = {"worker", "t.worker", .kind = LIST_TEXT, .unknown = true},
    [UNITS] = {"units", "t.unit_number", .kind = LIST_INT},
    {0},
};
static const struct list task_list = {
    .name = "tasks",
    .from = "task t",
    .columns = columns,
    .key = {"id"},
    .sort = "-id",
    .shop = "t.lane",
    .live = true,
};
static const char *const states[] = {"ready", "running", "dead", NULL};
static const struct param list_params[] = {
    LIST_PARAMS,
    CONTROL_SHOP,
    {"state", PARAM_QUERY, PARAM_WORD, .words = states, .filter = LIST_EQUAL, .column = "state",
     .help = "Of this state"},
    {"kind", PARAM_QUERY, PARAM_TEXT, .max = 40, .filter = LIST_EQUAL, .column = "kind",
     .help = "Of this kind"},
    {"run", PARAM_QUERY, PARAM_ID, .filter = LIST_EQUAL, .column = "run", .help = "Of this sync"},
    {0}};

static enum err_class task_write(struct call *call, struct out *out, const struct list_row *row,
                                 struct err *err)
{
    (void)err;
    members_out(out, call, row);
    return ERR_OK;
}

static enum err_class tasks_list(struct call *call, struct err *err)
{
    return list_answer_as(call, &task_list, task_write, err);
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

static struct str text_or_none(const struct reader *row, int column)
{
    struct str text = reader_is_null(row, column) ? STR_NONE : reader_text(row, column);
    return text.len > 0 ? text : STR_NONE;
}

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

static enum err_class task_find(struct call *call, struct list_row *row, struct err *err)
{
    int64_t id;
    enum err_class class_ = control_id(call, "id", &id, err);
    return class_ == ERR_OK ? list_find(call, &task_list, "id", id, "task", row, err) : class_;
}

static enum err_class task_one(struct call *call, struct err *err)
{
    struct list_row row;
    struct out out;
    enum err_class class_ = task_find(call, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    members_out(&out, call, &row);
    out_text(&out, "unique_key", list_text(&row, UNIQUE_KEY));
    out_text_or_null(&out, "worker", list_text_or_none(&row, WORKER));
    out_int(&out, "units", list_int(&row, UNITS));
    class_ = tries_out(&out, call, list_int(&row, ID), err);
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
    struct list_row row;
    enum err_class class_ = task_find(call, &row, err);
    if (class_ != ERR_OK)
        return class_;
    edit->id = list_int(&row, ID);
    edit->now_ms = call->now_ms;
    struct change change = {
        .line = audit_of(call, action, call_text(call, "id")), .work = work, .context = edit};
    change.line.shop_id = list_int(&row, LANE);
    return change_make(call->host->store, &change, err);
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
    {ROUTE_GET, "/api/v1/tasks", "taskList", RIGHT_READ, list_params, tasks_list,
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

/* Executions: recorded tries of tasks, those that are over among them. What a task of now has tried stands with it (tasks.c). */
#include "api/control.h"
#include "api/list.h"
#include "api/tables.h"

enum {
    ID,
    TASK,
    LANE,
    KIND,
    STREAM,
    STARTED,
    ENDED,
    RESULT,
    PAGES,
    CALLS,
    REJECTS,
    NEW,
    CHANGED,
    SAME,
    OLDER,
    ERROR,
    RUN
};

/* Lane 0 is the home itself: only of those who see all. */
static const struct list_column columns[] = {
    [ID] = {"id", "e.id", .kind = LIST_NUMBER, .sorts = true},
    [TASK] = {"task", "e.task_id", .kind = LIST_NUMBER},
    [LANE] = {"shop", "e.lane", .kind = LIST_NUMBER},
    [KIND] = {"kind", "e.kind", .kind = LIST_TEXT},
    [STREAM] = {"stream", "e.stream", .kind = LIST_TEXT, .unknown = true},
    [STARTED] = {"started", "e.started_ms", .kind = LIST_TIME, .sorts = true},
    [ENDED] = {"ended", "e.ended_ms", .kind = LIST_TIME, .unknown = true},
    [RESULT] = {"result", "e.result", .kind = LIST_TEXT, .unknown = true},
    [PAGES] = {"pages", "coalesce(e.pages, 0)", .kind = LIST_INT},
    [CALLS] = {"calls", "coalesce(e.calls, 0)", .kind = LIST_INT},
    [REJECTS] = {"rejects", "coalesce(e.rejects, 0)", .kind = LIST_INT},
    [NEW] = {"rows_new", "coalesce(e.rows_new, 0)", .kind = LIST_INT},
    [CHANGED] = {"rows_changed", "coalesce(e.rows_changed, 0)", .kind = LIST_INT},
    [SAME] = {"rows_same", "coalesce(e.rows_same, 0)", .kind = LIST_INT},
    [OLDER] = {"rows_older", "coalesce(e.rows_older, 0)", .kind = LIST_INT},
    [ERROR] = {"error", "e.error", .kind = LIST_TEXT, .unknown = true},
    [RUN] = {"run", "e.run", .kind = LIST_ID, .unknown = true},
    {0},
};
static const struct list execution_list = {
    .name = "executions",
    .from = "execution e",
    .columns = columns,
    .key = {"id"},
    .sort = "-started",
    .shop = "e.lane",
    .live = true,
};
static const struct param list_params[] = {
    LIST_PARAMS,
    CONTROL_SHOP,
    {"task", PARAM_QUERY, PARAM_KEY, .filter = LIST_EQUAL, .column = "task",
     .help = "Of this task"},
    {"run", PARAM_QUERY, PARAM_ID, .filter = LIST_EQUAL, .column = "run", .help = "Of this sync"},
    {"kind", PARAM_QUERY, PARAM_TEXT, .max = 40, .filter = LIST_EQUAL, .column = "kind",
     .help = "Of this kind"},
    {"stream", PARAM_QUERY, PARAM_TEXT, .max = 64, .filter = LIST_EQUAL, .column = "stream",
     .help = "Of this stream"},
    {"result", PARAM_QUERY, PARAM_TEXT, .max = 40, .filter = LIST_EQUAL, .column = "result",
     .help = "That ended so: done, retry, dead, cancelled …"},
    {"started_min", PARAM_QUERY, PARAM_TIME, .filter = LIST_LEAST, .column = "started",
     .help = "Begun at this time or later"},
    {"started_max", PARAM_QUERY, PARAM_TIME, .filter = LIST_MOST, .column = "started",
     .help = "Begun at this time or before"},
    {0}};

static enum err_class execution_write(struct call *call, struct out *out,
                                      const struct list_row *row, struct err *err)
{
    (void)err;
    out_id(out, "id", list_int(row, ID));
    out_id(out, "task", list_int(row, TASK));
    control_out_shop(out, call, "shop", list_int(row, LANE));
    out_text(out, "kind", list_text(row, KIND));
    out_text_or_null(out, "stream", list_text_or_none(row, STREAM));
    out_time(out, "started", list_int(row, STARTED));
    out_time_or_null(out, "ended", list_int(row, ENDED), !list_is_null(row, ENDED));
    out_text_or_null(out, "result", list_text_or_none(row, RESULT));
    for (size_t i = PAGES; i <= OLDER; i++)
        out_int(out, columns[i].name, list_int(row, i));
    out_text_or_null(out, "error", list_text_or_none(row, ERROR));
    out_text_or_null(out, "run", list_text_or_none(row, RUN));
    return ERR_OK;
}

static enum err_class executions(struct call *call, struct err *err)
{
    return list_answer_as(call, &execution_list, execution_write, err);
}

const struct route execution_routes[] = {
    {ROUTE_GET, "/api/v1/executions", "executionList", RIGHT_READ, list_params, executions,
     .summary = "Tries of tasks, the newest first, also of tasks that are over",
     .answer = "ExecutionList"},
    {0},
};

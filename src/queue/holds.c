/* Holds and cancelling: a few statements each. */
#include "queue/holds.h"

#include <stdio.h>
#include <string.h>

#include "queue/sql.h"

enum { HOLDS_MAX = 10000, LANE_TEXT_ROOM = 24 };

static const char *const scope_names[] = {
    [HOLD_ALL] = "all", [HOLD_PLATFORM] = "platform", [HOLD_LANE] = "lane"};

/* scope, name, lane: how table `hold` names a scope. */
static void scope_values(struct hold_of of, char text[LANE_TEXT_ROOM], struct sql_value out[3])
{
    snprintf(text, LANE_TEXT_ROOM, "%lld", (long long)of.lane);
    out[0] = sql_text(str_of(scope_names[of.scope]));
    out[1] = sql_text(of.scope == HOLD_ALL        ? STR("")
                      : of.scope == HOLD_PLATFORM ? of.platform
                                                  : str_of(text));
    out[2] = sql_int(of.scope == HOLD_LANE ? of.lane : 0);
}

enum { EDITS_MAX = 3 };

/* A few statements in a transaction, and how many rows each changed. Where there was one, it is said, but
 * EVENT_TASK_CANCELLED, which the feed makes from a recorded try. */
struct edit {
    const char *sql[EDITS_MAX];
    const struct sql_value *values;
    size_t values_len[EDITS_MAX];
    int64_t rows[EDITS_MAX];
    int64_t now_ms;
    struct event
        event; /* its third and fourth arguments, where there are, become the last two rows */
    unsigned topics;
};

static struct event scope_event(enum event_kind kind, struct hold_of of)
{
    return (struct event){
        .kind = kind,
        .shop_id = of.scope == HOLD_LANE ? of.lane : 0,
        .args = {EVENT_TEXT("scope", str_of(scope_names[of.scope])),
                 EVENT_TEXT("name", of.scope == HOLD_PLATFORM ? of.platform : STR(""))}};
}

static enum err_class edit_do(struct tx *tx, struct edit *edit, struct err *err)
{
    enum err_class class_ = ERR_OK;
    memset(edit->rows, 0, sizeof(edit->rows)); /* it may be the second run */
    for (size_t i = 0; class_ == ERR_OK && i < EDITS_MAX && edit->sql[i]; i++)
        class_ = tx_exec(tx, edit->sql[i], edit->values, edit->values_len[i], &edit->rows[i], err);
    if (class_ != ERR_OK || edit->rows[0] + edit->rows[1] + edit->rows[2] == 0)
        return class_;
    for (size_t i = 1; i < EDITS_MAX; i++)
        if (edit->event.args[1 + i].kind == EVENT_ARG_NUMBER)
            edit->event.args[1 + i].number = edit->rows[i];
    tx_say(tx, edit->topics);
    if (edit->event.kind == EVENT_TASK_CANCELLED)
        return ERR_OK;
    return event_add(tx, &edit->event, edit->now_ms, err);
}

static enum err_class edit_work(struct tx *tx, void *context, struct err *err)
{
    return edit_do(tx, context, err);
}

/* On its own, or as part of a transaction. */
static enum err_class edit_run(struct store *store, struct tx *tx, struct edit *edit,
                               struct err *err)
{
    return tx ? edit_do(tx, edit, err) : store_write(store, edit_work, edit, err);
}

static enum err_class hold_make(struct store *store, struct tx *tx, struct hold_of of,
                                int64_t now_ms, bool *news, struct err *err)
{
    char text[LANE_TEXT_ROOM];
    struct sql_value values[4];
    scope_values(of, text, values);
    values[3] = sql_int(now_ms);
    struct edit edit = {.sql = {SQL_HOLD_PUT},
                        .values = values,
                        .values_len = {4},
                        .now_ms = now_ms,
                        .event = scope_event(EVENT_PAUSED, of)};
    enum err_class class_ = edit_run(store, tx, &edit, err);
    *news = edit.rows[0] > 0;
    return class_;
}

enum err_class hold_put(struct store *store, struct hold_of of, int64_t now_ms, bool *news,
                        struct err *err)
{
    return hold_make(store, NULL, of, now_ms, news, err);
}

enum err_class hold_put_in(struct tx *tx, struct hold_of of, int64_t now_ms, bool *news,
                           struct err *err)
{
    return hold_make(NULL, tx, of, now_ms, news, err);
}

static enum err_class hold_remove(struct store *store, struct tx *tx, struct hold_of of,
                                  int64_t now_ms, int64_t *gone, struct err *err)
{
    char text[LANE_TEXT_ROOM];
    struct sql_value values[3];
    scope_values(of, text, values);
    bool all = of.scope == HOLD_ALL;
    struct edit edit = {.sql = {all ? SQL_HOLDS_REMOVE : SQL_HOLD_REMOVE},
                        .values = values,
                        .values_len = {all ? 0 : 2},
                        .now_ms = now_ms,
                        .event = scope_event(EVENT_RESUMED, of),
                        .topics = TOPIC_TASK};
    enum err_class class_ = edit_run(store, tx, &edit, err);
    *gone = edit.rows[0];
    return class_;
}

enum err_class hold_end(struct store *store, struct hold_of of, int64_t now_ms, int64_t *gone,
                        struct err *err)
{
    return hold_remove(store, NULL, of, now_ms, gone, err);
}

enum err_class hold_end_in(struct tx *tx, struct hold_of of, int64_t now_ms, int64_t *gone,
                           struct err *err)
{
    return hold_remove(NULL, tx, of, now_ms, gone, err);
}

static enum hold_scope scope_of(struct str name)
{
    for (size_t i = 0; i < sizeof(scope_names) / sizeof(scope_names[0]); i++)
        if (str_eq(name, str_of(scope_names[i])))
            return (enum hold_scope)i;
    return HOLD_ALL;
}

enum err_class holds_read(struct store *store, struct arena *arena, struct hold **out, size_t *len,
                          struct err *err)
{
    struct reader *row;
    *len = 0;
    *out = arena_array(arena, HOLDS_MAX, sizeof **out);
    if (!*out)
        return err_no_memory(err);
    enum err_class class_ = store_read(store, SQL_HOLDS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (*len < HOLDS_MAX && reader_next(row)) {
        struct hold *hold = &(*out)[(*len)++];
        *hold = (struct hold){
            .of = {.scope = scope_of(reader_text(row, 0)), .lane = reader_int(row, 2)},
            .since_ms = reader_int(row, 3)};
        if (hold->of.scope == HOLD_PLATFORM)
            hold->of.platform = arena_dup(arena, reader_text(row, 1));
    }
    return reader_close(row, err);
}

enum err_class lane_is_held(struct store *store, int64_t lane, bool *out, struct err *err)
{
    const struct sql_value values[] = {sql_int(lane)};
    int64_t held = 0;
    enum err_class class_ = store_read_int(store, SQL_LANE_IS_HELD, values, 1, 0, &held, err);
    *out = held != 0;
    return class_;
}

enum err_class tasks_cancel(struct store *store, struct hold_of of, int64_t now_ms,
                            int64_t *waiting, int64_t *running, struct err *err)
{
    char text[LANE_TEXT_ROOM];
    struct sql_value values[4];
    scope_values(of, text, values);
    values[3] = sql_int(now_ms);
    struct edit edit = {.sql = {SQL_TASKS_CANCELLED, SQL_TASKS_DROP, SQL_TASKS_END},
                        .values = values,
                        .values_len = {4, 3, 4},
                        .now_ms = now_ms,
                        .event = scope_event(EVENT_TASKS_CANCELLED, of)};
    edit.event.args[2] = EVENT_NUMBER("waiting", 0);
    edit.event.args[3] = EVENT_NUMBER("running", 0);
    enum err_class class_ = store_write(store, edit_work, &edit, err);
    *waiting = edit.rows[1];
    *running = edit.rows[2];
    return class_;
}

static enum err_class task_take_back(struct store *store, struct tx *tx, int64_t id, int64_t now_ms,
                                     int64_t *waiting, int64_t *running, struct err *err)
{
    const struct sql_value values[] = {sql_int(id), sql_int(now_ms)};
    /* The try that is recorded of it says so. */
    struct edit edit = {.sql = {SQL_TASK_CANCELLED, SQL_TASK_DROP, SQL_TASK_END},
                        .values = values,
                        .values_len = {2, 1, 2},
                        .event.kind = EVENT_TASK_CANCELLED};
    enum err_class class_ = edit_run(store, tx, &edit, err);
    *waiting = edit.rows[1];
    *running = edit.rows[2];
    return class_;
}

enum err_class task_cancel(struct store *store, int64_t id, int64_t now_ms, int64_t *waiting,
                           int64_t *running, struct err *err)
{
    return task_take_back(store, NULL, id, now_ms, waiting, running, err);
}

enum err_class task_cancel_in(struct tx *tx, int64_t id, int64_t now_ms, int64_t *waiting,
                              int64_t *running, struct err *err)
{
    return task_take_back(NULL, tx, id, now_ms, waiting, running, err);
}

enum err_class run_cancel_in(struct tx *tx, struct str run, int64_t now_ms, int64_t *waiting,
                             int64_t *running, struct err *err)
{
    const struct sql_value values[] = {sql_text(run), sql_int(now_ms)};
    struct edit edit = {.sql = {SQL_RUN_CANCELLED_ADD, SQL_RUN_DROP, SQL_RUN_END},
                        .values = values,
                        .values_len = {2, 1, 2},
                        .event.kind = EVENT_TASK_CANCELLED};
    enum err_class class_ = edit_do(tx, &edit, err);
    *waiting = edit.rows[1];
    *running = edit.rows[2];
    return class_;
}

/* --- trying again --- */

enum err_class task_revive_in(struct tx *tx, int64_t id, int64_t now_ms, int64_t *retried,
                              struct err *err)
{
    const struct sql_value values[] = {sql_int(id), sql_int(now_ms)};
    const struct event event = {.kind = EVENT_TASK_RETRIED, .task_id = id};
    int64_t twins = 0, rows = 0;
    *retried = 0;
    enum err_class class_ = tx_exec(tx, SQL_TASK_TWIN_DELETE, values, 1, &twins, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_TASK_RETRY, values, 2, &rows, err);
    if (class_ == ERR_OK && rows > 0)
        class_ = event_add(tx, &event, now_ms, err);
    tx_say(tx, TOPIC_TASK);
    *retried = twins + rows;
    return class_;
}

enum { DEAD_MAX = 1024 };
struct retry {
    int64_t ids[DEAD_MAX];
    size_t len;
    int64_t now_ms, retried;
};

static enum err_class dead_add(struct reader *row, void *context, struct err *err)
{
    struct retry *retry = context;
    (void)err;
    if (retry->len < DEAD_MAX)
        retry->ids[retry->len++] = reader_int(row, 0);
    return ERR_OK;
}

static enum err_class retry_each(struct tx *tx, struct retry *retry, struct err *err)
{
    enum err_class class_ = ERR_OK;
    retry->retried = 0;
    for (size_t i = 0; class_ == ERR_OK && i < retry->len; i++) {
        int64_t one;
        class_ = task_revive_in(tx, retry->ids[i], retry->now_ms, &one, err);
        retry->retried += one;
    }
    return class_;
}

static enum err_class retry_one(struct tx *tx, void *context, struct err *err)
{
    return retry_each(tx, context, err);
}

static enum err_class retry_dead(struct tx *tx, void *context, struct err *err)
{
    struct retry *retry = context;
    retry->len = 0; /* it may be the second run */
    enum err_class class_ = tx_query(tx, SQL_TASKS_DEAD, NULL, 0, dead_add, retry, err);
    return class_ == ERR_OK ? retry_each(tx, retry, err) : class_;
}

enum err_class task_revive(struct store *store, int64_t id, int64_t now_ms, int64_t *retried,
                           struct err *err)
{
    struct retry retry = {.ids = {id}, .len = 1, .now_ms = now_ms};
    enum err_class class_ = store_write(store, retry_one, &retry, err);
    *retried = class_ == ERR_OK ? retry.retried : 0;
    return class_;
}

enum err_class tasks_revive(struct store *store, int64_t now_ms, int64_t *retried, struct err *err)
{
    struct retry retry = {.now_ms = now_ms};
    enum err_class class_ = store_write(store, retry_dead, &retry, err);
    *retried = class_ == ERR_OK ? retry.retried : 0;
    return class_;
}

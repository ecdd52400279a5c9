/* The audit log: its lines, and the route that lists them. */
#include "api/audit.h"

#include "api/change.h"
#include "api/host.h"
#include "api/list.h"
#include "api/out.h"
#include "api/route.h"
#include "api/sql.h"
#include "api/tables.h"

struct audit audit_of(const struct call *call, const char *action, struct str subject)
{
    const struct person *person = call->person;
    return (struct audit){
        .at_ms = call->now_ms,
        .user_id = person ? person->user_id : 0,
        .user_name = person ? person->name : STR(""),
        .session = person ? person->session : STR_NONE,
        .peer = call->peer,
        .request_id = call->request_id,
        .action = str_of(action),
        .subject = subject,
    };
}

struct audit audit_of_console(const char *action, struct str subject)
{
    return (struct audit){.at_ms = clock_now_ms(),
                          .user_name = STR("console"),
                          .action = str_of(action),
                          .subject = subject};
}

static struct sql_value text_or_null(struct str text)
{
    return text.len > 0 ? sql_text(text) : sql_null();
}

enum err_class audit_add(struct tx *tx, const struct audit *audit, struct err *err)
{
    const struct sql_value values[] = {
        sql_int(audit->at_ms),
        sql_int(audit->user_id),
        sql_text(audit->user_name),
        text_or_null(audit->session),
        text_or_null(audit->peer),
        sql_text(audit->action),
        sql_text(utf8_cut(audit->subject, ID_BYTES_MAX)),
        sql_int(audit->shop_id),
        text_or_null(audit->before),
        text_or_null(audit->after),
        text_or_null(audit->request_id),
        text_or_null(audit->reason),
    };
    return tx_exec(tx, SQL_AUDIT_ADD, values, sizeof(values) / sizeof(*values), NULL, err);
}

static enum err_class change_run(struct tx *tx, void *context, struct err *err)
{
    struct change *change = context;
    enum err_class class_ = change->work ? change->work(tx, change->context, err) : ERR_OK;
    return class_ == ERR_OK ? audit_add(tx, &change->line, err) : class_;
}

enum err_class change_make(struct store *store, struct change *change, struct err *err)
{
    return store_write(store, change_run, change, err);
}

enum err_class change_also(struct tx *tx, void *context, struct err *err)
{
    return audit_add(tx, context, err);
}

/* --- the route --- */

enum {
    ID,
    AT,
    USER_ID,
    USER,
    SESSION,
    PEER,
    ACTION,
    SUBJECT,
    SHOP,
    BEFORE,
    AFTER,
    REQUEST,
    REASON
};
static const struct list_column columns[] = {
    [ID] = {"id", "l.id", .kind = LIST_NUMBER, .sorts = true},
    [AT] = {"at", "l.at_ms", .kind = LIST_TIME, .sorts = true},
    [USER_ID] = {"user_id", "l.user_id", .kind = LIST_NUMBER},
    [USER] = {"user", "l.user_name", .kind = LIST_TEXT},
    [SESSION] = {"session", "l.session", .kind = LIST_TEXT, .unknown = true},
    [PEER] = {"peer", "l.peer", .kind = LIST_TEXT, .unknown = true},
    [ACTION] = {"action", "l.action", .kind = LIST_TEXT},
    [SUBJECT] = {"subject", "l.subject", .kind = LIST_TEXT},
    [SHOP] = {"shop", "l.shop_id", .kind = LIST_NUMBER},
    [BEFORE] = {"before", "l.before_json", .kind = LIST_TEXT, .unknown = true},
    [AFTER] = {"after", "l.after_json", .kind = LIST_TEXT, .unknown = true},
    [REQUEST] = {"request_id", "l.request_id", .kind = LIST_TEXT, .unknown = true},
    [REASON] = {"reason", "l.reason", .kind = LIST_TEXT, .unknown = true},
    {0},
};
/* Of all shops, and of none: for admins. */
static const struct list audit_lines = {
    .name = "audit",
    .from = "audit l",
    .columns = columns,
    .key = {"id"},
    .sort = "-id",
    .live = true,
};

static void number_write(struct out *out, const char *key, const struct list_row *row,
                         size_t column)
{
    if (list_int(row, column) > 0)
        out_id(out, key, list_int(row, column));
    else
        out_null(out, key);
}

static enum err_class line_write(struct call *call, struct out *out, const struct list_row *row,
                                 struct err *err)
{
    (void)call;
    (void)err;
    out_id(out, "id", list_int(row, ID));
    out_time(out, "at", list_int(row, AT));
    number_write(out, "user_id", row, USER_ID);
    out_text(out, "user", list_text(row, USER));
    out_text_or_null(out, "session", list_text_or_none(row, SESSION));
    out_text_or_null(out, "peer", list_text_or_none(row, PEER));
    out_text(out, "action", list_text(row, ACTION));
    out_text(out, "subject", list_text(row, SUBJECT));
    number_write(out, "shop", row, SHOP);
    out_raw(out, "before", list_text(row, BEFORE));
    out_raw(out, "after", list_text(row, AFTER));
    out_text_or_null(out, "request_id", list_text_or_none(row, REQUEST));
    out_text_or_null(out, "reason", list_text_or_none(row, REASON));
    return ERR_OK;
}

static enum err_class audit_list(struct call *call, struct err *err)
{
    return list_answer_as(call, &audit_lines, line_write, err);
}

static const struct param list_params[] = {
    LIST_PARAMS,
    {"user_id", PARAM_QUERY, PARAM_KEY, .filter = LIST_EQUAL, .column = "user_id",
     .help = "Only what this user did; 0: the command line"},
    {"action", PARAM_QUERY, PARAM_TEXT, .min = 1, .max = 48, .filter = LIST_EQUAL,
     .column = "action", .help = "Only this action, as user.add"},
    {"subject", PARAM_QUERY, PARAM_TEXT, .min = 1, .max = ID_BYTES_MAX, .filter = LIST_EQUAL,
     .column = "subject", .help = "Only of this thing"},
    {"shop_id", PARAM_QUERY, PARAM_KEY, .filter = LIST_EQUAL, .column = "shop",
     .help = "Only of this shop"},
    {"from", PARAM_QUERY, PARAM_TIME, .filter = LIST_LEAST, .column = "at", .help = "Not before"},
    {"to", PARAM_QUERY, PARAM_TIME, .filter = LIST_BELOW, .column = "at", .help = "Before"},
    {0},
};
const struct route audit_routes[] = {
    {ROUTE_GET, "/api/v1/audit", "audit", RIGHT_ADMIN, list_params, audit_list,
     .summary = "What people changed, the newest first", .answer = "AuditPage"},
    {0},
};

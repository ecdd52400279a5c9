/* The audit log: its lines, and the route that lists them. */
#include "api/audit.h"

#include "api/host.h"
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

static void line_write(struct out *out, const struct reader *row)
{
    out_object(out, NULL);
    out_text(out, "id", reader_text(row, 0));
    out_time(out, "at", reader_int(row, 1));
    if (reader_int(row, 2) > 0)
        out_id(out, "user_id", reader_int(row, 2));
    else
        out_null(out, "user_id");
    out_text(out, "user", reader_text(row, 3));
    out_text_or_null(out, "session", reader_text(row, 4));
    out_text_or_null(out, "peer", reader_text(row, 5));
    out_text(out, "action", reader_text(row, 6));
    out_text(out, "subject", reader_text(row, 7));
    if (reader_int(row, 8) > 0)
        out_id(out, "shop", reader_int(row, 8));
    else
        out_null(out, "shop");
    out_raw(out, "before", reader_text(row, 9));
    out_raw(out, "after", reader_text(row, 10));
    out_text_or_null(out, "request_id", reader_text(row, 11));
    out_text_or_null(out, "reason", reader_text(row, 12));
    out_end_object(out);
}

static struct sql_value arg_text(const struct call *call, const char *name)
{
    return call_given(call, name) ? sql_text(call_text(call, name)) : sql_null();
}

static enum err_class audit_list(struct call *call, struct err *err)
{
    int64_t limit = call_int(call, "limit");
    bool by_user = call_given(call, "user_id"), by_shop = call_given(call, "shop_id");
    const struct sql_value values[] = {
        sql_int(call_given(call, "cursor") ? call_int(call, "cursor") : INT64_MAX),
        sql_int_or_null(by_user ? call_int(call, "user_id") : 0, by_user),
        arg_text(call, "action"),
        sql_int(call_given(call, "from") ? call_int(call, "from") : 0),
        sql_int(call_given(call, "to") ? call_int(call, "to") : INT64_MAX),
        arg_text(call, "subject"),
        sql_int_or_null(by_shop ? call_int(call, "shop_id") : 0, by_shop),
        sql_int(limit + 1),
    };
    struct reader *row;
    struct out out;
    int64_t lines = 0, last = 0;
    enum err_class class_ = store_read(call->host->store, SQL_AUDIT, values,
                                       sizeof(values) / sizeof(*values), &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    while (lines <= limit && reader_next(row)) {
        if (lines++ == limit)
            break;
        last = reader_int(row, 0);
        line_write(&out, row);
    }
    out_end_list(&out);
    if (lines > limit)
        out_text(&out, "next", arena_printf(call->arena, "%lld", (long long)last));
    else
        out_null(&out, "next");
    out_end_object(&out);
    return reader_close(row, err);
}

static const struct param list_params[] = {
    {"user_id", PARAM_QUERY, PARAM_INT, .max = INT64_MAX,
     .help = "Only what this user did; 0: the command line"},
    {"action", PARAM_QUERY, PARAM_TEXT, .min = 1, .max = 48,
     .help = "Only this action, as user.add"},
    {"subject", PARAM_QUERY, PARAM_TEXT, .min = 1, .max = ID_BYTES_MAX,
     .help = "Only of this thing"},
    {"shop_id", PARAM_QUERY, PARAM_INT, .max = INT64_MAX, .help = "Only of this shop"},
    {"from", PARAM_QUERY, PARAM_TIME, .help = "Not before"},
    {"to", PARAM_QUERY, PARAM_TIME, .help = "Before"},
    {"limit", PARAM_QUERY, PARAM_INT, .min = 1, .max = 1000, .standard = "100",
     .help = "At most so many"},
    {"cursor", PARAM_QUERY, PARAM_INT, .min = 1, .max = INT64_MAX,
     .help = "`next` of the page before"},
    {0},
};
const struct route audit_routes[] = {
    {ROUTE_GET, "/api/v1/audit", "audit", RIGHT_ADMIN, list_params, audit_list,
     .summary = "What people changed, the newest first", .answer = "AuditPage"},
    {0},
};

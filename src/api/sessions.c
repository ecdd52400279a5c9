/* One's own sessions: where one is signed in with a browser, and ending one of them. A session is known here by the first half
 * of its digest, which opens nothing. */
#include "api/audit.h"
#include "api/change.h"
#include "api/items.h"
#include "api/sql.h"
#include "api/tables.h"
#include "api/who.h"

enum { SESSION_ID_BYTES = 32 };

static void session_write(struct call *call, struct out *out, const struct reader *row)
{
    struct str digest = reader_text(row, 0);
    out_text(out, "id", str_sub(digest, 0, SESSION_ID_BYTES));
    out_time(out, "created", reader_int(row, 1));
    out_time(out, "seen", reader_int(row, 2));
    out_text_or_null(out, "peer", reader_is_null(row, 3) ? STR_NONE : reader_text(row, 3));
    out_bool(out, "this", str_eq(digest, call->person->session_digest));
}

static enum err_class sessions(struct call *call, struct err *err)
{
    const struct sql_value values[] = {sql_int(call->person->user_id),
                                       sql_int(call->now_ms - SESSION_IDLE_MS),
                                       sql_int(call->now_ms - SESSION_LASTS_MS)};
    return items_answer(call, SQL_SESSIONS_OF, values, 3, session_write, err);
}

struct ending {
    int64_t user_id;
    struct str id;
};

static enum err_class ending_work(struct tx *tx, void *context, struct err *err)
{
    const struct ending *ending = context;
    const struct sql_value values[] = {sql_int(ending->user_id), sql_text(ending->id)};
    int64_t ended = 0;
    enum err_class class_ = tx_exec(tx, SQL_SESSION_END, values, 2, &ended, err);
    return class_ == ERR_OK && ended == 0 ? call_absent(err, "session", ending->id) : class_;
}

static enum err_class session_end(struct call *call, struct err *err)
{
    struct ending ending = {call->person->user_id, call_text(call, "id")};
    if (ending.id.len != SESSION_ID_BYTES)
        return call_absent(err, "session", ending.id);
    struct change change = {.line = audit_of(call, "session.end", call->person->name),
                            .work = ending_work,
                            .context = &ending};
    enum err_class class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    who_forget(call->api);
    call->reply->status = 204;
    return ERR_OK;
}

static const struct param one_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The session"}, {0}};

const struct route session_routes[] = {
    {ROUTE_GET, "/api/v1/auth/sessions", "sessionList", RIGHT_READ, NULL, sessions,
     .summary = "Where one is signed in with a browser", .answer = "SessionList"},
    {ROUTE_DELETE, "/api/v1/auth/sessions/{id}", "sessionEnd", RIGHT_READ, one_params, session_end,
     .summary = "End one of one's own sessions"},
    {0},
};

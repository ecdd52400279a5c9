/* Whether it lives, and whether it can work: for who watches over processes. */
#include "api/host.h"
#include "api/out.h"
#include "api/sql.h"
#include "api/tables.h"

static enum err_class health(struct call *call, struct err *err)
{
    struct out out;
    (void)err;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "status", STR("alive"));
    out_text(&out, "version", STR(HUILIU_VERSION));
    out_time(&out, "now", call->now_ms);
    out_end_object(&out);
    return ERR_OK;
}

/* A worker beats every few seconds; one that has not for this long is no worker. */
enum { NOBODY_MS = 90 * 1000 };

/* Work has been due since then, and no worker has beaten since: where this process is meant to work, it does not. A process
 * that only serves is as ready without one: whoever watches over it could do nothing by ending it. */
static enum err_class nobody_works(struct call *call, int64_t heartbeat_ms, bool *out,
                                   struct err *err)
{
    const struct sql_value since = sql_int(call->now_ms - NOBODY_MS);
    int64_t due = 0;
    *out = false;
    if (!call->host->works || heartbeat_ms > call->now_ms - NOBODY_MS)
        return ERR_OK;
    enum err_class class_ = store_read_int(call->host->store, SQL_TASKS_OVERDUE, &since, 1, 0, &due,
                                           err);
    *out = due > 0;
    return class_;
}

/* ready: the database answers, is of this program's form, and where this process works somebody does. */
static enum err_class ready(struct call *call, struct err *err)
{
    struct migration_state state;
    struct out out;
    int64_t heartbeat_ms;
    enum err_class class_ = store_migration_state(call->host->store, &state, err);
    if (class_ == ERR_OK)
        class_ = store_read_int(call->host->store, SQL_WORKERS_BEAT, NULL, 0, 0, &heartbeat_ms,
                                err);
    if (class_ != ERR_OK)
        return class_;
    bool newest = state.applied == state.newest, nobody = false;
    class_ = nobody_works(call, heartbeat_ms, &nobody, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "status",
             !newest  ? STR("migrating")
             : nobody ? STR("nobody_works")
                      : STR("ready"));
    out_int(&out, "migration", state.applied);
    out_int(&out, "migration_newest", state.newest);
    out_time_or_null(&out, "worker_heartbeat", heartbeat_ms, heartbeat_ms > 0);
    out_end_object(&out);
    call->reply->status = newest && !nobody ? 200 : 503;
    return ERR_OK;
}

const struct route health_routes[] = {
    {ROUTE_GET, "/api/v1/health", "health", RIGHT_NOBODY, NULL, health,
     .summary = "Whether the process lives", .answer = "Health"},
    {ROUTE_GET, "/api/v1/ready", "ready", RIGHT_NOBODY, NULL, ready,
     .summary = "Whether it can work: the database answers and is of this version's form, and "
                "where this process works, work that is due is done",
     .answer = "Ready"},
    {0},
};

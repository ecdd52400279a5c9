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

/* ready: the database answers, is of this program's form, and where it works somebody does. */
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
    bool newest = state.applied == state.newest;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "status", newest ? STR("ready") : STR("migrating"));
    out_int(&out, "migration", state.applied);
    out_int(&out, "migration_newest", state.newest);
    out_time_or_null(&out, "worker_heartbeat", heartbeat_ms, heartbeat_ms > 0);
    out_end_object(&out);
    call->reply->status = newest ? 200 : 503;
    return ERR_OK;
}

const struct route health_routes[] = {
    {ROUTE_GET, "/api/v1/health", "health", RIGHT_NOBODY, NULL, health,
     .summary = "Whether the process lives", .answer = "Health"},
    {ROUTE_GET, "/api/v1/ready", "ready", RIGHT_NOBODY, NULL, ready,
     .summary = "Whether it can work: the database answers and is of this version's form",
     .answer = "Ready"},
    {0},
};

/* Sums over the rows of table `worker`. */
#include "app/connections.h"

enum err_class connections_count(const struct app *app, struct str own_name,
                                 struct connections *out, struct err *err)
{
    int64_t others, own = own_name.len > 0 ? store_connections(app->store) : 0;
    *out = (struct connections){.allowed = INT64_MAX};
    enum err_class class_ = store_connections_allowed(app->store, &out->allowed, err);
    if (class_ == ERR_OK)
        class_ = workers_connections(app->store, own_name, clock_now_ms(), &others, &out->processes,
                                     err);
    if (class_ != ERR_OK)
        return class_;
    out->processes += own > 0;
    out->wanted = others + own + CONNECTIONS_SPARE;
    int64_t each = (out->allowed - CONNECTIONS_SPARE) / (out->processes > 0 ? out->processes : 1);
    int64_t beside = store_connections_beside();
    out->readers_fit = each > beside ? each - beside : 1;
    return ERR_OK;
}

bool connections_are_short(const struct connections *connections)
{
    return connections->wanted > connections->allowed;
}

void connections_write(const struct connections *connections, struct buf *out)
{
    message_write(out, MSG_EVENT_CONNECTIONS_SHORT, M_I64(connections->processes),
                  M_I64(connections->wanted), M_I64(CONNECTIONS_SPARE), M_I64(connections->allowed),
                  M_I64(connections->readers_fit),
                  M_I64(connections->wanted - connections->allowed), M_END);
}

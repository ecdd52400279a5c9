/* A connection that only listens (LISTEN, NOTIFY). It is read outside of the clock: what is heard comes when it comes. */
#include <poll.h>
#include <string.h>

#include "store/internal.h"
#include "store/postgres.h"

enum err_class pg_listen(struct conn *base, struct err *err)
{
    return postgres_ops.script(base, "LISTEN huiliu_event; LISTEN huiliu_task", err);
}

static unsigned topic_of(const char *channel)
{
    return strcmp(channel, "huiliu_event") == 0  ? TOPIC_EVENT
           : strcmp(channel, "huiliu_task") == 0 ? TOPIC_TASK
                                                 : 0;
}

enum err_class pg_hear(struct conn *base, int stop, unsigned *topics, struct err *err)
{
    struct pg_conn *conn = (struct pg_conn *)base;
    *topics = 0;
    if (!conn->link)
        return pg_lost_error(conn, err);
    struct pollfd fds[] = {{.fd = PQsocket(conn->link), .events = POLLIN},
                           {.fd = stop, .events = POLLIN}};
    while (!*topics) {
        poll(fds, 2, -1);
        if (fds[1].revents)
            return ERR_OK;
        if (!PQconsumeInput(conn->link) || PQstatus(conn->link) == CONNECTION_BAD) {
            pg_lost(conn);
            return pg_lost_error(conn, err);
        }
        for (PGnotify *said; (said = PQnotifies(conn->link)) != NULL; PQfreemem(said))
            *topics |= topic_of(said->relname);
    }
    return ERR_OK;
}

/* The least of what the server, the database and the user are allowed. What is kept for the superuser, and since
 * PostgreSQL 16 for users of pg_use_reserved_connections, is not ours. */
enum err_class pg_allowed(struct conn *conn, int64_t *out, struct err *err)
{
    static const char sql[] =
        "SELECT min(allowed)::bigint FROM ("
        "SELECT current_setting('max_connections')::bigint"
        " - current_setting('superuser_reserved_connections')::bigint"
        " - coalesce(current_setting('reserved_connections', true), '0')::bigint AS allowed"
        " UNION ALL SELECT datconnlimit FROM pg_database WHERE datname = current_database()"
        " UNION ALL SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS of_all"
        " WHERE allowed >= 0";
    return conn_read_int(conn, sql, NULL, 0, INT64_MAX, out, err);
}

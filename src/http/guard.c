/* Deadlines: libmicrohttpd ends a connection that is silent, not one that sends a byte every minute. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/http_internal.h"

enum { LOOK_MS = 1000 };

static struct connection *connection_of(const struct exchange *exchange)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        exchange->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static int64_t deadline_after(int64_t seconds)
{
    return seconds == 0 ? INT64_MAX : clock_monotonic_ns() + seconds * INT64_C(1000000000);
}

void guard_allow(struct exchange *exchange, int64_t seconds)
{
    struct http_server *server = exchange->server;
    struct connection *connection = server->guarded ? connection_of(exchange) : NULL;
    if (!connection)
        return;
    pthread_mutex_lock(&server->guard_lock);
    connection->deadline_ns = deadline_after(seconds);
    pthread_mutex_unlock(&server->guard_lock);
}

static void connection_begin(struct http_server *server, struct MHD_Connection *mhd, void **slot)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *connection = info ? calloc(1, sizeof(*connection)) : NULL;
    *slot = connection;
    if (!connection)
        return;
    connection->fd = info->connect_fd;
    connection->deadline_ns = deadline_after(GUARD_REQUEST_S);
    pthread_mutex_lock(&server->guard_lock);
    connection->next = server->connections;
    if (connection->next)
        connection->next->before = connection;
    server->connections = connection;
    pthread_mutex_unlock(&server->guard_lock);
}

/* Called before the socket is closed, so that its number is nobody else's while we know it. */
static void connection_end(struct http_server *server, struct connection *connection)
{
    pthread_mutex_lock(&server->guard_lock);
    if (connection->before)
        connection->before->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->before = connection->before;
    pthread_mutex_unlock(&server->guard_lock);
    free(connection);
}

void guard_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                  enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (!server->guarded)
        return;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_begin(server, connection, socket_context);
    } else if (*socket_context) {
        connection_end(server, *socket_context);
        *socket_context = NULL;
    }
}

/* The socket is shut, and libmicrohttpd finds the connection ended. */
static void late_shut(struct http_server *server)
{
    int64_t now_ns = clock_monotonic_ns();
    for (struct connection *one = server->connections; one; one = one->next) {
        if (one->deadline_ns > now_ns)
            continue;
        one->deadline_ns = INT64_MAX;
        shutdown(one->fd, SHUT_RDWR);
    }
}

static void *guard_watch(void *context)
{
    struct http_server *server = context;
    pthread_mutex_lock(&server->guard_lock);
    while (!server->guard_over) {
        int64_t until_ns = clock_monotonic_ns() + LOOK_MS * INT64_C(1000000);
        struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
        pthread_cond_timedwait(&server->guard_changed, &server->guard_lock, &until);
        late_shut(server);
    }
    pthread_mutex_unlock(&server->guard_lock);
    return NULL;
}

enum err_class guard_start(struct http_server *server, struct err *err)
{
    int error = pthread_create(&server->guard, NULL, guard_watch, server);
    return error == 0
               ? ERR_OK
               : err_set(err, ERR_INTERNAL, "thread", "the server's guard: %s", strerror(error));
}

void guard_end(struct http_server *server)
{
    pthread_mutex_lock(&server->guard_lock);
    server->guard_over = true;
    pthread_cond_signal(&server->guard_changed);
    pthread_mutex_unlock(&server->guard_lock);
    pthread_join(server->guard, NULL);
}

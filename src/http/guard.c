/* Deadlines: libmicrohttpd ends a connection that is silent, not one that sends a byte every minute. */
#include <string.h>

#include "http/http_internal.h"

enum { LOOK_MS = 1000 };

int64_t deadline_after(int64_t seconds)
{
    return seconds == 0 ? INT64_MAX : clock_monotonic_ns() + seconds * INT64_C(1000000000);
}

void guard_allow(struct exchange *exchange, int64_t seconds)
{
    struct http_server *server = exchange->server;
    struct connection *connection = connection_of(exchange);
    if (!connection)
        return;
    pthread_mutex_lock(&server->guard_lock);
    if (!connection->shut && !connection->refused)
        connection->deadline_ns = deadline_after(seconds);
    pthread_mutex_unlock(&server->guard_lock);
}

static void late_shut(struct http_server *server)
{
    int64_t now_ns = clock_monotonic_ns();
    for (struct connection *one = server->connections; one; one = one->next)
        if (one->deadline_ns <= now_ns)
            connection_shut(one);
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

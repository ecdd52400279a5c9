/* Exchanges that wait without holding a thread: their connections are suspended, and one thread
 * resumes each when its time has come. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "http/http_internal.h"

static bool pause_add(struct exchange *exchange, unsigned ms, bool suspends)
{
    struct http_server *server = exchange->server;
    pthread_mutex_lock(&server->lock);
    bool pauses = !server->stopping;
    if (pauses) {
        exchange->wake_ns = clock_monotonic_ns() + (int64_t)ms * 1000000;
        if (suspends)
            MHD_suspend_connection(exchange->connection);
        struct exchange **at = &server->paused;
        while (*at && (*at)->wake_ns <= exchange->wake_ns)
            at = &(*at)->paused_next;
        exchange->paused_next = *at;
        *at = exchange;
        pthread_cond_signal(&server->paused_changed);
    }
    pthread_mutex_unlock(&server->lock);
    return pauses;
}

bool exchange_pause(struct exchange *exchange, unsigned ms)
{
    return pause_add(exchange, ms, true);
}

bool exchange_pause_on(struct exchange *exchange, unsigned ms)
{
    return pause_add(exchange, ms, false);
}

static void wait_until(struct http_server *server, int64_t wake_ns)
{
    struct timespec until = {.tv_sec = wake_ns / 1000000000, .tv_nsec = wake_ns % 1000000000};
    int rc = pthread_cond_timedwait(&server->paused_changed, &server->lock, &until);
    assert(rc == 0 || rc == ETIMEDOUT);
}

static void *paused_wake(void *context)
{
    struct http_server *server = context;
    pthread_mutex_lock(&server->lock);
    while (server->paused || !server->stopping) {
        struct exchange *first = server->paused;
        if (!first) {
            pthread_cond_wait(&server->paused_changed, &server->lock);
        } else if (!server->stopping && first->wake_ns > clock_monotonic_ns()) {
            wait_until(server, first->wake_ns);
        } else {
            server->paused = first->paused_next;
            MHD_resume_connection(first->connection); /* from here it may end and be freed */
        }
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

enum err_class pauses_start(struct http_server *server, struct err *err)
{
    int error = pthread_create(&server->waker, NULL, paused_wake, server);
    if (error == 0)
        return ERR_OK;
    return err_set(err, ERR_INTERNAL, "thread", "the server's timer thread: %s", strerror(error));
}

void pauses_end(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    pthread_cond_signal(&server->paused_changed);
    pthread_mutex_unlock(&server->lock);
    pthread_join(server->waker, NULL);
}

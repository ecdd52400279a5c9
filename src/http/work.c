/* Workers: threads that run handlers and streams while the connection is suspended. A worker that has done an exchange
 * resumes its connection; from then on the exchange belongs to libmicrohttpd's thread again and may be gone. */
#include <stdlib.h>
#include <string.h>

#include "http/http_internal.h"

static void done(struct exchange *exchange)
{
    MHD_resume_connection(exchange->connection);
}

static void pull(struct exchange *exchange)
{
    unsigned wait_ms = 0;
    enum http_pull pulled = stream_pull(exchange, &wait_ms);
    bool waits = pulled == HTTP_WAIT && exchange->piece.len == 0 && !exchange->stream_broken;
    if (!waits || !exchange_pause_on(exchange, wait_ms))
        done(exchange);
}

static struct exchange *work_take(struct http_server *server)
{
    struct exchange *first = server->work_first;
    server->work_first = first->work_next;
    if (!server->work_first)
        server->work_last = &server->work_first;
    server->waiting -= !first->wants_pull;
    return first;
}

/* After the end has begun what still waits is handed back undone; libmicrohttpd then closes it. */
static void *work_do(void *context)
{
    struct http_server *server = context;
    pthread_mutex_lock(&server->work_lock);
    while (!server->work_over || server->work_first) {
        if (!server->work_first) {
            pthread_cond_wait(&server->work_changed, &server->work_lock);
            continue;
        }
        struct exchange *exchange = work_take(server);
        bool over = server->work_over;
        pthread_mutex_unlock(&server->work_lock);
        if (over) {
            done(exchange);
        } else if (exchange->wants_pull) {
            pull(exchange);
        } else {
            exchange_handle(exchange);
            done(exchange);
        }
        pthread_mutex_lock(&server->work_lock);
    }
    pthread_mutex_unlock(&server->work_lock);
    return NULL;
}

bool work_put(struct exchange *exchange, bool pulls)
{
    struct http_server *server = exchange->server;
    pthread_mutex_lock(&server->work_lock);
    bool room = !server->work_over && (pulls || server->waiting < server->options.waiting_max);
    if (room) {
        MHD_suspend_connection(exchange->connection);
        exchange->wants_pull = pulls;
        exchange->work_next = NULL;
        *server->work_last = exchange;
        server->work_last = &exchange->work_next;
        server->waiting += !pulls;
        pthread_cond_signal(&server->work_changed);
    }
    pthread_mutex_unlock(&server->work_lock);
    return room;
}

enum err_class work_start(struct http_server *server, struct err *err)
{
    unsigned wanted = server->options.workers;
    server->workers = calloc(wanted, sizeof(*server->workers));
    if (!server->workers)
        return err_no_memory(err);
    for (; server->workers_len < wanted; server->workers_len++) {
        int error = pthread_create(&server->workers[server->workers_len], NULL, work_do, server);
        if (error == 0)
            continue;
        work_end(server);
        return err_set(err, ERR_INTERNAL, "thread", "the server's worker threads: %s",
                       strerror(error));
    }
    return ERR_OK;
}

void work_end(struct http_server *server)
{
    pthread_mutex_lock(&server->work_lock);
    server->work_over = true;
    /* A handler that runs ends by itself; what it made is not sent any more. */
    server->stopping = true;
    pthread_cond_broadcast(&server->work_changed);
    pthread_mutex_unlock(&server->work_lock);
    for (unsigned i = 0; i < server->workers_len; i++)
        pthread_join(server->workers[i], NULL);
    free(server->workers);
    server->workers = NULL;
}

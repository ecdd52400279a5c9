/* What the files of this room share: one exchange is a request and its reply. Not part of the
 * face. */
#ifndef HUILIU_HTTP_HTTP_INTERNAL_H
#define HUILIU_HTTP_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http/http.h"

struct http_server {
    struct MHD_Daemon *daemon;
    http_handler *handler;
    void *context;
    int port;
    pthread_mutex_t lock; /* the three below */
    pthread_cond_t paused_changed;
    struct exchange *paused; /* the first to go on first */
    atomic_bool stopping;    /* set under the lock; pauses end and none begins */
    pthread_t waker;
};

struct exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct http_request request;
    struct http_reply reply;
    struct arena arena;
    struct buf body;
    struct str uri; /* as sent */
    size_t body_bytes_seen;
    bool headers_complete;
    bool handled;     /* the handler has been called */
    struct buf piece; /* of a stream */
    size_t piece_sent;
    bool stream_over;
    size_t paused_at; /* byte of a slow body before which the last pause was */
    int64_t wake_ns;  /* while it pauses: its end, monotonic */
    struct exchange *paused_next;
};

/* Fills the request from what libmicrohttpd has; 0 or the status to refuse it with. */
unsigned request_fill(struct exchange *exchange, const char *method);
/* Makes the reply an error with a body that says so. */
void reply_refuse(struct http_reply *reply, unsigned status);
/* Nothing of it is needed any more. */
void reply_abandon(struct http_reply *reply);
/* The thread that wakes exchanges. Its end wakes all of them and must come before libmicrohttpd is
 * stopped, which cannot end a suspended connection. */
enum err_class pauses_start(struct http_server *server, struct err *err);
void pauses_end(struct http_server *server);
/* Only from a callback of libmicrohttpd, which calls it again when the time is over. False: the server
 * stops, nothing pauses any more. */
bool exchange_pause(struct exchange *exchange, unsigned ms);
/* Hands the reply to libmicrohttpd; MHD_NO closes the connection. */
enum MHD_Result reply_send(struct exchange *exchange);

#endif

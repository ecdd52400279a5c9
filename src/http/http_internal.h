/* What the files of this room share: one exchange is a request and its reply. Not part of the
 * face. */
#ifndef HUILIU_HTTP_HTTP_INTERNAL_H
#define HUILIU_HTTP_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <zlib.h>

#include "http/http.h"

/* A connection of a guarded server. */
struct connection {
    int fd;
    int64_t deadline_ns; /* monotonic; then it is shut */
    struct connection *next, *before;
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_options options;
    int port;
    pthread_mutex_t lock; /* the three below */
    pthread_cond_t paused_changed;
    struct exchange *paused; /* the first to go on first */
    atomic_bool stopping;    /* set under the lock; pauses end and none begins */
    pthread_t waker;
    /* work.c: exchanges whose handler or stream is to run; `waiting` counts the handlers. */
    pthread_mutex_t work_lock;
    pthread_cond_t work_changed;
    struct exchange *work_first, **work_last;
    unsigned waiting;
    bool work_over;
    pthread_t *workers;
    unsigned workers_len;
    atomic_uint streams;
    /* guard.c */
    pthread_mutex_t guard_lock;
    pthread_cond_t guard_changed;
    struct connection *connections;
    bool guard_over, guarded;
    pthread_t guard;
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
    bool stream_broken, stream_counted;
    bool wants_pull; /* what the worker is to do; else the handler */
    struct exchange *work_next;
    size_t body_bytes_max;
    z_stream packer; /* of gzip_stream */
    struct buf raw;  /* a piece before it is packed */
    bool packs;
    size_t paused_at; /* byte of a slow body before which the last pause was */
    int64_t wake_ns;  /* while it pauses: its end, monotonic */
    struct exchange *paused_next;
};

/* Fills the request from what libmicrohttpd has; 0 or the status to refuse it with. */
unsigned request_fill(struct exchange *exchange, const char *method);
/* Makes the reply an error with a body that says so. */
void reply_refuse(struct exchange *exchange, unsigned status);
/* Calls the handler. */
void exchange_handle(struct exchange *exchange);
/* Nothing of it is needed any more. */
void reply_abandon(struct http_reply *reply);
/* The thread that wakes exchanges. Its end wakes all of them and must come before libmicrohttpd is
 * stopped, which cannot end a suspended connection. */
enum err_class pauses_start(struct http_server *server, struct err *err);
void pauses_end(struct http_server *server);
/* Only from a callback of libmicrohttpd, which calls it again when the time is over. False: the server
 * stops, nothing pauses any more. */
bool exchange_pause(struct exchange *exchange, unsigned ms);
/* The same for one whose connection is suspended already: a worker has it. */
bool exchange_pause_on(struct exchange *exchange, unsigned ms);
/* The next piece of a stream, packed where it is to be. HTTP_WAIT with an empty piece: *wait_ms. */
enum http_pull stream_pull(struct exchange *exchange, unsigned *wait_ms);

/* work.c: threads that run handlers and streams. */
enum err_class work_start(struct http_server *server, struct err *err);
/* Waits for what runs; what waits is handed back undone. */
void work_end(struct http_server *server);
/* Suspends the connection until a worker has done it; false: there is no room, or the end has begun. */
bool work_put(struct exchange *exchange, bool pull);

/* guard.c: deadlines of connections. */
enum err_class guard_start(struct http_server *server, struct err *err);
void guard_end(struct http_server *server);
void guard_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                  enum MHD_ConnectionNotificationCode code);
enum { GUARD_REQUEST_S = 30, GUARD_IDLE_S = 90, GUARD_REPLY_S = 120, GUARD_STREAM_S = 3600 };
/* From now on it has so long; 0: as long as it likes. */
void guard_allow(struct exchange *exchange, int64_t seconds);

/* Hands the reply to libmicrohttpd; MHD_NO closes the connection. */
enum MHD_Result reply_send(struct exchange *exchange);

#endif

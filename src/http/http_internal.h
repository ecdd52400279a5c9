/* What the files of this room share: one exchange is a request and its reply. Not part of the
 * face. */
#ifndef HUILIU_HTTP_HTTP_INTERNAL_H
#define HUILIU_HTTP_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <zlib.h>

#include "http/http.h"

/* A connection of a guarded server. */
struct connection {
    int fd;
    int64_t deadline_ns; /* monotonic; then it is shut */
    int64_t idle_ns;     /* while it is not busy: since when */
    char address[HTTP_ADDRESS_BYTES];
    char behind[HTTP_ADDRESS_BYTES]; /* proxied: whose request is at work, or empty */
    bool proxied;                    /* a named proxy's */
    bool busy;                       /* a request is at work */
    bool shut;
    unsigned refused; /* 0, or the status that its request gets */
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
    /* connections.c, guard.c */
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
    unsigned refused; /* the status that stands since the headers were read; 0: none */
    bool handled;     /* the handler has been called */
    bool
        told; /* its refusal is with the client; its body is thrown away, then the connection closes */
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

/* Fills the request, but for its body, from what libmicrohttpd has; 0 or the status to refuse it with. */
unsigned request_fill(struct exchange *exchange, const char *method);
/* The body is whole: the same. */
unsigned request_body_fill(struct exchange *exchange);
/* How many bytes the headers say that the body has; UINT64_MAX: they do not say. */
uint64_t request_body_told(const struct exchange *exchange);
/* Makes the reply an error with a body that says so. */
void reply_refuse(struct exchange *exchange, unsigned status);
/* The same, sent at once and behind our library's back, which reads the body on: false where the socket does not take it. */
bool reply_refuse_ahead(struct exchange *exchange, unsigned status);
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

/* connections.c: the connections of a guarded server, and how many there may be. Under guard_lock, but for what takes an
 * exchange. */
enum {
    /* Refused ones are told so at their first request; so many may stand until then. */
    CONNECTIONS_REFUSED_MAX = 64
};
void connections_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode code);
void connection_shut(struct connection *connection);
/* NULL: the server is not guarded. */
struct connection *connection_of(const struct exchange *exchange);
struct str connection_peer(struct MHD_Connection *connection, char out[INET6_ADDRSTRLEN]);
/* Its request has begun: 0, or the status to refuse it with. Its request is over. */
unsigned connection_take(struct exchange *exchange);
void connection_give(struct exchange *exchange);

/* guard.c: deadlines of connections. */
enum err_class guard_start(struct http_server *server, struct err *err);
void guard_end(struct http_server *server);
enum {
    GUARD_REQUEST_S = 30,
    GUARD_IDLE_S = 90,
    GUARD_REPLY_S = 120,
    GUARD_STREAM_S = 3600,
    GUARD_REFUSED_S = 5
};
int64_t deadline_after(int64_t seconds);
/* From now on it has so long; 0: as long as it likes. */
void guard_allow(struct exchange *exchange, int64_t seconds);

/* Hands the reply to libmicrohttpd; MHD_NO closes the connection. */
enum MHD_Result reply_send(struct exchange *exchange);

#endif

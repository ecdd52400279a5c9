/* What the files of this room share: one exchange is a request and its reply. Not part of the
 * face. */
#ifndef HUILIU_HTTP_HTTP_INTERNAL_H
#define HUILIU_HTTP_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "http/http.h"

struct http_server {
    struct MHD_Daemon *daemon;
    http_handler *handler;
    void *context;
    int port;
    atomic_bool stopping; /* slow bodies end early */
};

struct exchange {
    struct http_server *server;
    struct http_request request;
    struct http_reply reply;
    struct arena arena;
    struct buf body;
    struct str uri; /* as sent */
    size_t body_bytes_seen;
    bool headers_complete;
};

/* Fills the request from what libmicrohttpd has; 0 or the status to refuse it with. */
unsigned request_fill(struct exchange *exchange, struct MHD_Connection *connection,
                      const char *method);
/* Makes the reply an error with a body that says so. */
void reply_refuse(struct http_reply *reply, unsigned status);
/* Hands the reply to libmicrohttpd; MHD_NO closes the connection. */
enum MHD_Result reply_send(struct exchange *exchange, struct MHD_Connection *connection);

#endif

/* Private to client.c and exchange.c: what an exchange and the client are made of.
 *
 * client.c owns the I/O thread: it takes exchanges in, lets curl move them and hands them back.
 * exchange.c owns one exchange: its options, what arrives, and what the outcome means. */
#ifndef HUILIU_GATEWAY_CLIENT_INTERNAL_H
#define HUILIU_GATEWAY_CLIENT_INTERNAL_H

#include <curl/curl.h>
#include <pthread.h>

#include "gateway/client.h"
#include "gateway/gateway.h"

enum {
    /* Easy handles that wait for the next exchange; beyond, they are closed. */
    EASY_IDLE_MAX = 16,
};

struct exchange {
    struct client *client;
    struct exchange *prev, *next; /* in the inbox or in flight */
    CURL *easy;
    struct curl_slist *request_headers;
    struct arena arena;
    struct str host; /* for messages */
    struct buf body;
    struct request_header headers[HEADERS_MAX];
    size_t headers_len, header_bytes;
    bool headers_too_large;
    CURLcode result;
    bool sent;    /* the request has gone out once */
    bool stopped; /* not curl's doing: we ended it */
    long status;
    int64_t received_ms;
    struct wait wait; /* with the client's lock, as are the next two */
    bool done, cancelled;
};

struct exchange_list {
    struct exchange *first, *last;
};

struct client {
    CURLM *multi;
    int epoll_fd, wake_fd;
    int64_t timer_at_ns;         /* when curl wants to be called; the I/O thread's */
    struct exchange_list flying; /* added to multi; the I/O thread's */
    pthread_t thread;
    pthread_mutex_t lock; /* everything below */
    struct exchange_list inbox;
    CURL *idle[EASY_IDLE_MAX];
    size_t idle_len, in_flight;
    bool cancelling, stopping, started;
};

/* A handle with no options set. NULL: no memory. */
CURL *client_easy_take(struct client *client);
void client_easy_give(struct client *client, CURL *easy);
/* Hands the exchange to the I/O thread; from then on client_await must come before it is freed. */
enum err_class client_submit(struct exchange *exchange, struct err *err);
void client_await(struct exchange *exchange);
/* Ends the exchange if it is in flight, and waits for that. */
void client_cancel(struct exchange *exchange);

#endif

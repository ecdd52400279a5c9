/* Private to gateway: the HTTP client. One I/O thread drives libcurl's multi handle with epoll;
 * any thread starts an exchange and waits for it.
 *
 * HTTP/1.1 with keep-alive and a shared connection cache, TLS verified, redirects never followed
 * (the signature and the token are for one host), no environment variable is read. The body is
 * unpacked by libcurl and bounded after unpacking, so a bomb ends at the bound.
 *
 * Ownership: what the ask points at is borrowed until exchange_free. The reply is borrowed from the
 * exchange. Threads: an exchange belongs to one thread; the client to all.
 * Under the test clock an exchange is busy from exchange_start until its waiter runs.
 * Errors: ERR_RETRY scope platform ("resolve", "connect", "timeout", "tls", "reply_cut", "transfer"),
 * ERR_BAD_REPLY ("too_large", "headers_too_large", "encoding", "redirect"), ERR_CONFIG ("proxy"),
 * ERR_LATER ("calls_in_flight"), ERR_STOPPED. Messages name the host, never more of the URL. */
#ifndef HUILIU_GATEWAY_CLIENT_H
#define HUILIU_GATEWAY_CLIENT_H

#include "base/base.h"
#include "connector/connector.h"

struct client;
struct exchange;

enum err_class client_open(struct client **out, struct err *err);
/* Ends what is in flight with ERR_STOPPED and refuses what comes. */
void client_stop(struct client *client);
/* After every exchange was freed. */
void client_close(struct client *client);

struct exchange_ask {
    const struct request *request;
    struct str proxy; /* http://, https://, socks5:// or empty */
    int64_t timeout_ms;
    int64_t body_bytes_max;
};
enum err_class exchange_start(struct client *client, const struct exchange_ask *ask,
                              struct exchange **out, struct err *err);
/* Blocks until the reply is in or has failed. */
enum err_class exchange_wait(struct exchange *exchange, struct reply *reply, struct err *err);
/* Milliseconds from start to end and unpacked bytes, also of one that failed. */
int64_t exchange_ms(const struct exchange *exchange);
int64_t exchange_bytes(const struct exchange *exchange);
/* An exchange that nobody waited for is cut off. */
void exchange_free(struct exchange *exchange);

#endif

/* The server: listening, and the life of an exchange.
 *
 * libmicrohttpd calls: uri_take when the request line is there, request_step once when the headers
 * are complete, then for each piece of the body, then for the answer (and once more after a pause
 * before it), and exchange_finish when the reply is sent or the connection lost. All calls of one connection come
 * from one pool thread. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http_internal.h"

enum {
    CONNECTIONS_MAX = 1024, /* where the options say nothing */
    /* libmicrohttpd's own bound lets new ones wait unheard: it must not be met. Those that are refused or shut come on top. */
    CONNECTIONS_OVER = 4 * CONNECTIONS_REFUSED_MAX,
    IDLE_S = 60,
    /* Request line and headers of one connection, with libmicrohttpd's own bookkeeping. */
    CONNECTION_BYTES_MAX = 64 * 1024,
    /* A body that is too long is read to its end and thrown away, so that the client finds the
     * answer instead of a reset; up to here, then the connection is closed. */
    BODY_BYTES_DISCARDED_MAX = 4 * HTTP_BODY_BYTES_MAX,
    /* Who sends a long body slower than this loses his connection (a guarded server). */
    BODY_SLOW_BYTES_S = 32 * 1024,
};

static void *uri_take(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    exchange->server = context;
    exchange->connection = connection;
    arena_init(&exchange->arena);
    buf_init(&exchange->body, HTTP_BODY_BYTES_MAX);
    buf_init(&exchange->piece, HTTP_PIECE_BYTES_MAX);
    buf_init(&exchange->raw, HTTP_PIECE_BYTES_MAX);
    exchange->body_bytes_max = HTTP_BODY_BYTES_MAX;
    exchange->request.arena = &exchange->arena;
    /* libmicrohttpd decodes its own copy of the line in place and would let broken escapes pass. */
    exchange->uri = arena_dup(&exchange->arena, str_of(uri));
    return exchange;
}

static void exchange_finish(void *context, struct MHD_Connection *connection, void **slot,
                            enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct exchange *exchange = *slot;
    if (!exchange)
        return;
    reply_abandon(&exchange->reply);
    guard_allow(exchange, GUARD_IDLE_S);
    connection_give(exchange);
    if (exchange->stream_counted)
        exchange->server->streams--;
    if (exchange->packs)
        deflateEnd(&exchange->packer);
    buf_fini(&exchange->raw);
    buf_fini(&exchange->piece);
    buf_fini(&exchange->body);
    arena_fini(&exchange->arena);
    free(exchange);
    *slot = NULL;
}

void exchange_handle(struct exchange *exchange)
{
    const struct http_options *options = &exchange->server->options;
    exchange->reply = (struct http_reply){.status = MHD_HTTP_OK, .cut_after_bytes = SIZE_MAX};
    options->handler(options->context, &exchange->request, &exchange->reply);
}

static enum MHD_Result body_take(struct exchange *exchange, const char *bytes, size_t bytes_len)
{
    exchange->body_bytes_seen += bytes_len;
    if (exchange->body_bytes_seen > BODY_BYTES_DISCARDED_MAX &&
        exchange->body_bytes_seen > exchange->body_bytes_max)
        return MHD_NO;
    if (exchange->refused == 0)
        buf_add_bytes(&exchange->body, bytes, bytes_len); /* does nothing beyond its maximum */
    return MHD_YES;
}

/* What is refused is known from the headers on: the body that is told may be longer than the address takes. */
static unsigned headers_judge(struct exchange *exchange, const char *method)
{
    const struct http_options *options = &exchange->server->options;
    unsigned status = request_fill(exchange, method);
    if (status == 0)
        status = connection_take(exchange);
    if (status != 0)
        return status;
    if (options->body_bytes_of) {
        exchange->body_bytes_max = options->body_bytes_of(
            options->context, exchange->request.method, exchange->request.path_raw);
        buf_init(&exchange->body, exchange->body_bytes_max);
    }
    uint64_t told = request_body_told(exchange);
    return told != UINT64_MAX && told > exchange->body_bytes_max ? MHD_HTTP_CONTENT_TOO_LARGE : 0;
}

/* Whoever sends a body of bearable length finds the answer behind it; any other would wait for one that does not come. */
static bool refuses_at_once(const struct exchange *exchange)
{
    uint64_t told = request_body_told(exchange);
    return (told != UINT64_MAX && told > BODY_BYTES_DISCARDED_MAX) ||
           http_header(&exchange->request, STR("Expect")).len > 0;
}

/* Its client may be sending for long: it is told before. */
static bool body_is_long(const struct exchange *exchange)
{
    uint64_t told = request_body_told(exchange);
    return exchange->refused == MHD_HTTP_CONTENT_TOO_LARGE && told != UINT64_MAX &&
           told > exchange->body_bytes_max;
}

static enum MHD_Result headers_take(struct exchange *exchange, const char *method)
{
    exchange->headers_complete = true;
    exchange->request.arrived_ms = clock_now_ms();
    exchange->request.arrived_monotonic_ns = clock_monotonic_ns();
    exchange->refused = headers_judge(exchange, method);
    guard_allow(exchange,
                GUARD_REQUEST_S + (int64_t)(exchange->body_bytes_max / BODY_SLOW_BYTES_S));
    if (exchange->refused == 0)
        return MHD_YES;
    if (!refuses_at_once(exchange)) {
        exchange->told = body_is_long(exchange) && reply_refuse_ahead(exchange, exchange->refused);
        if (exchange->told)
            guard_allow(exchange, GUARD_REQUEST_S);
        return MHD_YES;
    }
    exchange->handled = true;
    reply_refuse(exchange, exchange->refused);
    return reply_send(exchange);
}

/* The request is whole. */
static enum MHD_Result request_handle(struct exchange *exchange)
{
    struct http_server *server = exchange->server;
    if (exchange->told)
        return MHD_NO; /* closes: nothing more is said */
    unsigned status = exchange->refused ? exchange->refused : request_body_fill(exchange);
    guard_allow(exchange, 0);
    exchange->handled = true;
    if (status == 0 && server->workers_len > 0) {
        if (work_put(exchange, false))
            return MHD_YES;
        status = MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    if (status == 0)
        exchange_handle(exchange);
    else
        reply_refuse(exchange, status);
    if (exchange->reply.hang_ms > 0)
        return exchange_pause(exchange, exchange->reply.hang_ms) ? MHD_YES : MHD_NO;
    return reply_send(exchange);
}

static enum MHD_Result request_step(void *context, struct MHD_Connection *connection,
                                    const char *url, const char *method, const char *version,
                                    const char *body, size_t *body_bytes, void **slot)
{
    (void)context;
    (void)connection;
    (void)url;
    (void)version;
    struct exchange *exchange = *slot;
    if (!exchange || !exchange->uri.ptr)
        return MHD_NO;
    if (!exchange->headers_complete)
        return headers_take(exchange, method);
    if (*body_bytes > 0) {
        enum MHD_Result taken = body_take(exchange, body, *body_bytes);
        *body_bytes = 0;
        return taken;
    }
    if (exchange->handled) /* the pause before the answer is over, or the worker has done it */
        return exchange->server->stopping ? MHD_NO : reply_send(exchange);
    return request_handle(exchange);
}

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* "127.0.0.1:8080", "[::1]:8080"; names are not looked up. */
static bool address_parse(struct str text, union address *out, socklen_t *out_len)
{
    char host_text[INET6_ADDRSTRLEN];
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    uint64_t port;
    if (colon == 0 || !str_to_u64(str_sub(text, colon, text.len), &port) || port > 65535)
        return false;
    struct str host = str_sub(text, 0, colon - 1);
    bool v6 = str_starts(host, STR("[")) && str_ends(host, STR("]"));
    if (v6)
        host = str_sub(host, 1, host.len - 1);
    if (host.len >= sizeof host_text)
        return false;
    *out = (union address){0};
    if (host.len > 0)
        memcpy(host_text, host.ptr, host.len);
    host_text[host.len] = '\0';
    if (v6) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons((uint16_t)port);
        *out_len = sizeof out->v6;
        return inet_pton(AF_INET6, host_text, &out->v6.sin6_addr) == 1;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)port);
    *out_len = sizeof out->v4;
    return inet_pton(AF_INET, host_text, &out->v4.sin_addr) == 1;
}

/* We open the socket ourselves, because libmicrohttpd does not say why it could not. -1: errno. */
static int socket_listen(const union address *address, socklen_t address_len, int *port)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    union address bound = {0};
    socklen_t bound_len = sizeof bound;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) != 0 ||
        bind(fd, &address->any, address_len) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, &bound.any, &bound_len) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    *port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
    return fd;
}

static struct MHD_Daemon *daemon_start(struct http_server *server, int fd, unsigned threads)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    /* A Date of the machine beside a test clock's other times would be a contradiction. */
    if (clock_is_test())
        flags |= MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT,
         (server->options.connections_max ? server->options.connections_max : CONNECTIONS_MAX) +
             CONNECTIONS_OVER,
         NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES_MAX, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connections_notify, server},
        /* libmicrohttpd makes a pool of two or more; one thread is what it has without. */
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(flags, 0, NULL, NULL, request_step, server, MHD_OPTION_URI_LOG_CALLBACK,
                            uri_take, server, MHD_OPTION_NOTIFY_COMPLETED, exchange_finish, NULL,
                            MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static struct http_server *server_new(const struct http_options *options)
{
    struct http_server *server = calloc(1, sizeof *server);
    pthread_condattr_t monotonic;
    if (!server)
        return NULL;
    server->options = *options;
    server->guarded = options->workers > 0;
    server->work_last = &server->work_first;
    pthread_mutex_init(&server->lock, NULL);
    pthread_mutex_init(&server->work_lock, NULL);
    pthread_cond_init(&server->work_changed, NULL);
    pthread_mutex_init(&server->guard_lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->paused_changed, &monotonic);
    pthread_cond_init(&server->guard_changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return server;
}

static void server_free(struct http_server *server)
{
    pthread_cond_destroy(&server->paused_changed);
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->work_changed);
    pthread_mutex_destroy(&server->work_lock);
    pthread_cond_destroy(&server->guard_changed);
    pthread_mutex_destroy(&server->guard_lock);
    free(server);
}

/* Threads first, so that a request finds them; each that runs must end again. */
static enum err_class threads_start(struct http_server *server, struct err *err)
{
    enum err_class class_ = pauses_start(server, err);
    if (class_ != ERR_OK || !server->guarded)
        return class_;
    class_ = guard_start(server, err);
    if (class_ == ERR_OK) {
        class_ = work_start(server, err);
        if (class_ != ERR_OK)
            guard_end(server);
    }
    if (class_ != ERR_OK)
        pauses_end(server);
    return class_;
}

static void threads_end(struct http_server *server)
{
    if (server->guarded)
        work_end(server);
    pauses_end(server);
}

static enum err_class server_start(struct http_server *server, const union address *address,
                                   socklen_t address_len, struct err *err)
{
    struct str shown = server->options.address;
    enum err_class class_ = threads_start(server, err);
    if (class_ != ERR_OK)
        return class_;
    int fd = socket_listen(address, address_len, &server->port);
    const char *why = fd < 0 ? strerror(errno) : "its threads cannot be started";
    if (fd >= 0)
        server->daemon = daemon_start(server, fd,
                                      server->options.threads); /* closes fd, also when it fails */
    if (server->daemon)
        return ERR_OK;
    threads_end(server);
    if (server->guarded)
        guard_end(server);
    return err_set(err, ERR_CONFIG, "listen", "cannot listen on %.*s: %s", STR_ARG(shown), why);
}

enum err_class http_open(const struct http_options *options, struct http_server **out,
                         struct err *err)
{
    union address parsed;
    socklen_t parsed_len;
    if (!address_parse(options->address, &parsed, &parsed_len))
        return err_set(err, ERR_CONFIG, "listen",
                       "\"%.*s\" is no address to listen on; write 127.0.0.1:8080 or [::1]:8080",
                       STR_ARG(utf8_cut(options->address, 100)));
    struct http_server *server = server_new(options);
    if (!server)
        return err_no_memory(err);
    enum err_class class_ = server_start(server, &parsed, parsed_len, err);
    if (class_ == ERR_OK)
        *out = server;
    else
        server_free(server);
    return class_;
}

enum err_class http_listen(struct str address, unsigned threads, http_handler *handler,
                           void *context, struct http_server **out, struct err *err)
{
    const struct http_options options = {
        .address = address, .threads = threads, .handler = handler, .context = context};
    return http_open(&options, out, err);
}

int http_port(const struct http_server *server)
{
    return server->port;
}

/* Whatever holds a suspended connection ends before libmicrohttpd, which cannot end those. */
void http_close(struct http_server *server)
{
    if (!server)
        return;
    threads_end(server);
    MHD_stop_daemon(server->daemon);
    if (server->guarded)
        guard_end(server);
    server_free(server);
}

#include "gateway/fake_platform.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, STREAM_BYTES_MAX = 256 * 1024 * 1024 };

struct connection {
    struct fake_platform *fake;
    int fd, number;
    pthread_t thread;
};
struct fake_platform {
    fake_handler *handler;
    void *context;
    int fd;
    char url[40];
    pthread_t thread;
    struct connection connections[CONNECTIONS_MAX];
    atomic_int connections_len, requests;
    atomic_size_t bytes_sent;
};

static bool send_all(struct fake_platform *fake, int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        atomic_fetch_add(&fake->bytes_sent, (size_t)sent);
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* Reads one request; false when the caller has left. */
static bool request_read(int fd, struct fake_request *out)
{
    size_t len = 0, body_len = 0;
    char *end = NULL;
    while (!end || len < (size_t)(end + 4 - out->text) + body_len) {
        assert(len < sizeof(out->text) - 1);
        ssize_t got = recv(fd, out->text + len, sizeof(out->text) - 1 - len, 0);
        if (got <= 0)
            return false;
        len += (size_t)got;
        out->text[len] = '\0';
        end = strstr(out->text, "\r\n\r\n");
        const char *length = end ? strcasestr(out->text, "\r\ncontent-length:") : NULL;
        body_len = length ? strtoul(length + 17, NULL, 10) : 0;
    }
    out->body = end + 4;
    out->target = strchr(out->text, ' ') + 1;
    return true;
}

/* Sends one reply; false when the connection is to be closed. */
static bool reply_send(struct fake_platform *fake, int fd, const struct fake_reply *reply)
{
    char head[1024], drain[256];
    const char *body = reply->body ? reply->body : "";
    size_t len = reply->body_len ? reply->body_len : strlen(body);
    size_t announced = reply->end == FAKE_WHOLE ? len : len + 1000;
    if (reply->end == FAKE_DROP)
        return false;
    int head_len = snprintf(head, sizeof(head), "HTTP/1.1 %d Word\r\n%s",
                            reply->status ? reply->status : 200,
                            reply->headers ? reply->headers : "");
    if (reply->end == FAKE_STREAM)
        head_len += snprintf(head + head_len, sizeof(head) - (size_t)head_len,
                             "Connection: close\r\n\r\n");
    else
        head_len += snprintf(head + head_len, sizeof(head) - (size_t)head_len,
                             "Content-Length: %zu\r\n\r\n", announced);
    assert(head_len < (int)sizeof(head));
    bool open = send_all(fake, fd, head, (size_t)head_len) && send_all(fake, fd, body, len);
    for (size_t sent = 0; open && reply->end == FAKE_STREAM && sent < STREAM_BYTES_MAX; sent += len)
        open = send_all(fake, fd, body, len);
    while (open && reply->end == FAKE_HANG)
        open = recv(fd, drain, sizeof(drain), 0) > 0;
    return open && reply->end == FAKE_WHOLE;
}

static void *connection_run(void *context)
{
    struct connection *connection = context;
    struct fake_platform *fake = connection->fake;
    struct fake_request *request = malloc(sizeof(*request));
    assert(request);
    bool open = true;
    while (open && request_read(connection->fd, request)) {
        struct fake_reply reply = {0};
        request->number = atomic_fetch_add(&fake->requests, 1) + 1;
        request->connection = connection->number;
        fake->handler(fake->context, request, &reply);
        open = reply_send(fake, connection->fd, &reply);
    }
    free(request);
    shutdown(connection->fd, SHUT_RDWR);
    return NULL;
}

static void *accept_run(void *context)
{
    struct fake_platform *fake = context;
    for (int fd; (fd = accept(fake->fd, NULL, NULL)) >= 0;) {
        int len = atomic_load(&fake->connections_len);
        assert(len < CONNECTIONS_MAX);
        struct connection *connection = &fake->connections[len];
        int now = 1; /* head and body go out apart: the second must not wait for an answer */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof(now));
        *connection = (struct connection){.fake = fake, .fd = fd, .number = len + 1};
        /* Counted before it can answer: who has the answer may ask for the count. */
        atomic_store(&fake->connections_len, len + 1);
        int rc = pthread_create(&connection->thread, NULL, connection_run, connection);
        assert(rc == 0);
    }
    return NULL;
}

struct fake_platform *fake_open(fake_handler *handler, void *context)
{
    struct fake_platform *fake = calloc(1, sizeof(*fake));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_len = sizeof(address);
    assert(fake);
    fake->handler = handler;
    fake->context = context;
    fake->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = bind(fake->fd, (struct sockaddr *)&address, sizeof(address));
    rc = rc ? rc : listen(fake->fd, CONNECTIONS_MAX);
    rc = rc ? rc : getsockname(fake->fd, (struct sockaddr *)&address, &address_len);
    assert(rc == 0);
    snprintf(fake->url, sizeof(fake->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
    rc = pthread_create(&fake->thread, NULL, accept_run, fake);
    assert(rc == 0);
    return fake;
}

void fake_close(struct fake_platform *fake)
{
    shutdown(fake->fd, SHUT_RDWR);
    pthread_join(fake->thread, NULL);
    for (int i = 0; i < atomic_load(&fake->connections_len); i++) {
        shutdown(fake->connections[i].fd, SHUT_RDWR);
        pthread_join(fake->connections[i].thread, NULL);
        close(fake->connections[i].fd);
    }
    close(fake->fd);
    free(fake);
}

const char *fake_url(const struct fake_platform *fake)
{
    return fake->url;
}

int fake_requests(struct fake_platform *fake)
{
    return atomic_load(&fake->requests);
}

int fake_connections(struct fake_platform *fake)
{
    return atomic_load(&fake->connections_len);
}

size_t fake_bytes_sent(struct fake_platform *fake)
{
    return atomic_load(&fake->bytes_sent);
}

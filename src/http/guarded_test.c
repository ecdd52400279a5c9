/* A guarded server: workers and what waits for them, streams and their bound, deadlines. Over sockets of its own, because
 * what is tested is when bytes come and when a connection ends. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "http/http_internal.h"

enum {
    WORKERS = 2,
    WAITING = 1,
    STREAMS = 1,
    PIECES = 40,
    REPLY_BYTES = 1 << 20,
    CONNECTIONS = 12,
    OF_ADDRESS = 8
};

/* Handlers of /gate stand until it opens. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int gate_inside;

static void gate_pass(void)
{
    pthread_mutex_lock(&gate_lock);
    gate_inside++;
    pthread_cond_broadcast(&gate_changed);
    while (!gate_open)
        pthread_cond_wait(&gate_changed, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

static void gate_await(int inside)
{
    pthread_mutex_lock(&gate_lock);
    while (gate_inside < inside)
        pthread_cond_wait(&gate_changed, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

static void gate_release(void)
{
    pthread_mutex_lock(&gate_lock);
    gate_open = true;
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate_lock);
}

static atomic_int pieces, closes, releases, releases_late;

/* Every second time it has nothing yet. */
static enum http_pull pull(void *context, struct buf *piece, unsigned *wait_ms)
{
    bool endless = context != NULL;
    int at = pieces++;
    if (at % 2) {
        *wait_ms = 1;
        return HTTP_WAIT;
    }
    buf_printf(piece, "piece %d\n", at / 2);
    return !endless && at / 2 == PIECES - 1 ? HTTP_END : HTTP_MORE;
}

static enum http_pull pull_broken(void *context, struct buf *piece, unsigned *wait_ms)
{
    (void)context;
    (void)wait_ms;
    buf_add(piece, STR("half"));
    return pieces++ ? HTTP_BROKEN : HTTP_MORE;
}

static void closed(void *context)
{
    (void)context;
    closes++;
}

static void released(void *context)
{
    (void)context;
    releases_late += closes <= releases; /* the stream first */
    releases++;
}

static void handle(void *context, const struct http_request *request, struct http_reply *reply)
{
    static int endless;
    (void)context;
    reply->content_type = "text/plain";
    reply->body = STR("ok");
    if (str_eq(request->path, STR("/gate")))
        gate_pass();
    if (!str_starts(request->path, STR("/stream")))
        return;
    reply->stream = (struct http_stream){pull, closed, NULL};
    reply->release = released;
    reply->gzip_stream = str_eq(request->path, STR("/stream-packed"));
    if (str_eq(request->path, STR("/stream-endless")))
        reply->stream.context = &endless;
    if (str_eq(request->path, STR("/stream-broken")))
        reply->stream.pull = pull_broken;
}

static size_t body_bytes_of(void *context, struct str method, struct str path)
{
    (void)context;
    (void)method;
    return str_eq(path, STR("/small")) ? 4 : 100;
}

static bool is_proxy(void *context, struct str address)
{
    (void)context;
    return str_eq(address, STR("127.0.0.9"));
}

static struct str address_of(void *context, const struct http_request *request)
{
    (void)context;
    return http_header(request, STR("X-Forwarded-For"));
}

static struct http_server *server;

static int begin(void **state)
{
    const struct http_options options = {.address = STR("127.0.0.1:0"),
                                         .threads = 1,
                                         .workers = WORKERS,
                                         .waiting_max = WAITING,
                                         .streams_max = STREAMS,
                                         .connections_max = CONNECTIONS,
                                         .address_connections_max = OF_ADDRESS,
                                         .is_proxy = is_proxy,
                                         .address_of = address_of,
                                         .body_bytes_of = body_bytes_of,
                                         .handler = handle};
    (void)state;
    gate_open = false;
    gate_inside = 0;
    pieces = closes = releases = releases_late = 0;
    return http_open(&options, &server, NULL) == ERR_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    gate_release();
    http_close(server);
    return releases_late == 0 && closes == releases ? 0 : -1;
}

/* From one of the addresses of loopback. */
static int dial_from(const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_port(server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in from = {.sin_family = AF_INET};
    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, address, &from.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static int dial(void)
{
    return dial_from("127.0.0.1");
}

static void tell(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static int ask_from(const char *address, const char *path)
{
    char text[200];
    int fd = dial_from(address);
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    tell(fd, text);
    return fd;
}

static int ask(const char *path)
{
    return ask_from("127.0.0.1", path);
}

/* Everything up to the end of the connection, which is closed. */
static char *hear(int fd, size_t *len)
{
    char *text = malloc(REPLY_BYTES + 1);
    ssize_t got;
    *len = 0;
    assert_non_null(text);
    while ((got = recv(fd, text + *len, REPLY_BYTES - *len, 0)) > 0)
        *len += (size_t)got;
    text[*len] = '\0';
    close(fd);
    return text;
}

static void answers(int fd, const char *status, const char *part)
{
    size_t len;
    char *text = hear(fd, &len);
    if (strncmp(text, "HTTP/1.1 ", 9) != 0 || strncmp(text + 9, status, 3) != 0 ||
        !strstr(text, part))
        fail_msg("not %s with %s: %s", status, part, text);
    free(text);
}

/* Two are worked on and one waits: there is no room for a fourth. What is refused is so at once. */
static void what_finds_no_worker_is_refused(void **state)
{
    (void)state;
    int first = ask("/gate");
    gate_await(1);
    int second = ask("/gate");
    gate_await(2);
    int third = ask("/gate");
    for (bool waits = false; !waits;) {
        pthread_mutex_lock(&server->work_lock);
        waits = server->waiting == 1;
        pthread_mutex_unlock(&server->work_lock);
    }
    answers(ask("/"), "503", "");
    gate_release();
    answers(first, "200", "ok");
    answers(second, "200", "ok");
    answers(third, "200", "ok");
    answers(ask("/"), "200", "ok");
}

/* One thread has all sockets; handlers that take long do not hold it up. */
static void a_long_handler_holds_up_nobody(void **state)
{
    int slow = ask("/gate");
    (void)state;
    gate_await(1);
    answers(ask("/"), "200", "ok");
    gate_release();
    answers(slow, "200", "ok");
}

static void a_stream_comes_whole_and_is_closed_once(void **state)
{
    (void)state;
    answers(ask("/stream"), "200", "piece 39\n");
    while (releases == 0)
        sched_yield();
    assert_int_equal(closes, 1);
    assert_int_equal(releases, 1);
}

static void a_packed_stream_unpacks_to_the_same(void **state)
{
    size_t len;
    char *text = hear(ask("/stream-packed"), &len), *body = strstr(text, "\r\n\r\n"), plain[4096];
    (void)state;
    assert_non_null(body);
    /* The chunks of the transfer, put together. */
    unsigned char packed[8192];
    size_t packed_len = 0;
    for (char *at = body + 4; at < text + len;) {
        char *after;
        size_t chunk = strtoul(at, &after, 16);
        assert_true(packed_len + chunk <= sizeof(packed));
        memcpy(packed + packed_len, after + 2, chunk);
        packed_len += chunk;
        at = chunk ? after + 2 + chunk + 2 : text + len;
    }
    z_stream unpacker = {.next_in = packed,
                         .avail_in = (uInt)packed_len,
                         .next_out = (Bytef *)plain,
                         .avail_out = sizeof(plain) - 1};
    assert_int_equal(inflateInit2(&unpacker, 15 + 16), Z_OK);
    assert_int_equal(inflate(&unpacker, Z_FINISH), Z_STREAM_END);
    plain[unpacker.total_out] = '\0';
    inflateEnd(&unpacker);
    assert_int_equal(strncmp(plain, "piece 0\npiece 1\n", 16), 0);
    assert_non_null(strstr(plain, "piece 39\n"));
    free(text);
}

/* An end that is none: the reader sees that there is more than it got. */
static void a_broken_stream_has_no_good_end(void **state)
{
    size_t len;
    char *text = hear(ask("/stream-broken"), &len);
    (void)state;
    assert_non_null(strstr(text, "half"));
    assert_null(strstr(text, "\r\n0\r\n"));
    free(text);
}

/* It is counted until its reader has gone. */
static void streams_have_a_bound(void **state)
{
    char first[16];
    int fd = ask("/stream-endless");
    (void)state;
    assert_true(recv(fd, first, sizeof(first), 0) > 0);
    answers(ask("/stream-endless"), "503", "");
    answers(ask("/"), "200", "ok");
    close(fd);
    while (server->streams > 0)
        sched_yield();
    pieces = 0;
    answers(ask("/stream"), "200", "piece 39\n");
}

static void a_body_has_the_bound_of_its_address(void **state)
{
    int fd = dial();
    (void)state;
    tell(fd,
         "POST /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n12345");
    answers(fd, "413", "");
    fd = dial();
    tell(fd,
         "POST /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n12345");
    answers(fd, "200", "ok");
}

/* Time is not waited for: the deadline of the connection is put into the past. */
static void a_request_that_is_never_whole_loses_its_connection(void **state)
{
    char byte;
    int fd = dial();
    (void)state;
    tell(fd, "GET / HTTP/1.1\r\nHo");
    int64_t deadline_ns = 0;
    while (deadline_ns == 0) {
        pthread_mutex_lock(&server->guard_lock);
        if (server->connections) {
            deadline_ns = server->connections->deadline_ns;
            server->connections->deadline_ns = 1;
            pthread_cond_signal(&server->guard_changed);
        }
        pthread_mutex_unlock(&server->guard_lock);
    }
    int64_t left_ns = deadline_ns - clock_monotonic_ns();
    assert_true(left_ns > 0 && left_ns <= GUARD_REQUEST_S * INT64_C(1000000000));
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

/* Longer than what would be thrown away, or not sent before it is asked for: there is nothing to wait for. */
static void a_body_that_is_told_too_long_is_refused_before_it_comes(void **state)
{
    int fd = dial();
    (void)state;
    tell(fd, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000000\r\n\r\n");
    answers(fd, "413", "");
    fd = dial();
    tell(fd,
         "POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    answers(fd, "413", "");
}

/* Between the bound and what would be thrown away: told when the headers are read, and the body that comes all the same is
 * read behind the answer, so that its sender meets no reset. */
static void a_body_that_is_longer_than_its_bound_is_refused_before_it_comes(void **state)
{
    char text[4096] = "", body[4096];
    size_t len = 0;
    ssize_t got;
    (void)state;
    memset(body, 'x', sizeof body);
    for (size_t sends = 0; sends < 2; sends++) {
        int fd = dial();
        tell(fd, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
        for (len = 0; len == 0 || !memmem(text, len, "\r\n\r\n", 4); len += (size_t)got) {
            got = recv(fd, text + len, sizeof text - len, 0);
            assert_true(got > 0); /* without a byte of the body */
        }
        assert_memory_equal(text, "HTTP/1.1 413 ", 13);
        assert_non_null(memmem(text, len, "Connection: close", 17));
        for (size_t left = sends * 1000000; left > 0; left -= (size_t)got) {
            got = send(fd, body, left < sizeof body ? left : sizeof body, MSG_NOSIGNAL);
            assert_true(got > 0);
        }
        if (sends == 0)
            shutdown(fd, SHUT_WR);
        while ((got = recv(fd, text, sizeof text, 0)) > 0)
            assert_null(memmem(text, (size_t)got, "HTTP/1.1", 8)); /* it is said once */
        assert_int_equal(got, 0);
        close(fd);
    }
}

/* --- connections --- */

/* As many as are counted and at work. */
static unsigned at_work(void)
{
    unsigned found = 0;
    pthread_mutex_lock(&server->guard_lock);
    for (const struct connection *one = server->connections; one; one = one->next)
        found += one->busy && !one->refused;
    pthread_mutex_unlock(&server->guard_lock);
    return found;
}

static void busy_open(int *fds, unsigned len, const char *address, const char *headers)
{
    char text[300];
    unsigned before = at_work();
    snprintf(
        text, sizeof(text),
        "POST /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%sContent-Length: 5\r\n\r\n12",
        headers);
    for (unsigned i = 0; i < len; i++) {
        fds[i] = dial_from(address);
        tell(fds[i], text);
    }
    while (at_work() < before + len)
        sched_yield();
}

static void busy_end(const int *fds, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        tell(fds[i], "345");
        answers(fds[i], "200", "ok");
    }
}

/* A thousand of them would do the same: nobody else notices, nor does he who has them. */
static void who_opens_too_many_loses_the_idle_ones(void **state)
{
    char byte;
    int idle[CONNECTIONS * 3];
    (void)state;
    for (size_t i = 0; i < CONNECTIONS * 3; i++)
        idle[i] = dial();
    answers(ask("/"), "200", "ok");
    answers(ask_from("127.0.0.2", "/"), "200", "ok");
    assert_int_equal(recv(idle[0], &byte, 1, 0), 0);
    pthread_mutex_lock(&server->guard_lock);
    unsigned left = 0;
    for (const struct connection *one = server->connections; one; one = one->next)
        left += !one->shut && strcmp(one->address, "127.0.0.1") == 0;
    pthread_mutex_unlock(&server->guard_lock);
    assert_true(left <= OF_ADDRESS);
    for (size_t i = 0; i < CONNECTIONS * 3; i++)
        close(idle[i]);
}

static void where_all_of_an_address_are_at_work_its_next_is_told_so(void **state)
{
    int busy[OF_ADDRESS];
    (void)state;
    busy_open(busy, OF_ADDRESS, "127.0.0.1", "");
    answers(ask("/"), "429", "connections_many");
    answers(ask("/"), "429", "Connection: close");
    answers(ask_from("127.0.0.2", "/"), "200", "ok");
    busy_end(busy, 1);
    answers(ask("/"), "200", "ok");
    busy_end(busy + 1, OF_ADDRESS - 1);
}

static void where_all_are_at_work_nobody_hangs(void **state)
{
    int first[OF_ADDRESS], second[CONNECTIONS - OF_ADDRESS];
    (void)state;
    busy_open(first, OF_ADDRESS, "127.0.0.1", "");
    busy_open(second, CONNECTIONS - OF_ADDRESS, "127.0.0.2", "");
    answers(ask_from("127.0.0.3", "/"), "503", "busy");
    busy_end(first, OF_ADDRESS);
    answers(ask_from("127.0.0.3", "/"), "200", "ok");
    busy_end(second, CONNECTIONS - OF_ADDRESS);
}

static int ask_for(const char *address)
{
    char text[200];
    int fd = dial_from("127.0.0.9");
    snprintf(text, sizeof(text),
             "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: %s\r\n\r\n",
             address);
    tell(fd, text);
    return fd;
}

/* A named proxy has more connections than one address may; whom it asks for has as many requests. */
static void behind_a_proxy_the_bound_is_of_whom_it_asks_for(void **state)
{
    int one[OF_ADDRESS], two[2];
    (void)state;
    busy_open(one, OF_ADDRESS, "127.0.0.9", "X-Forwarded-For: 2001:db8:1:2::1\r\n");
    busy_open(two, 2, "127.0.0.9", "X-Forwarded-For: 192.0.2.2\r\n");
    answers(ask_for("2001:db8:1:2::ffff"), "429", "connections_many");
    answers(ask_for("2001:db8:1:3::1"), "200", "ok");
    busy_end(one, 1);
    answers(ask_for("2001:db8:1:2::1"), "200", "ok");
    busy_end(one + 1, OF_ADDRESS - 1);
    busy_end(two, 2);
}

/* While a stream goes on, which nobody reads, the server ends: nothing hangs, and what the stream holds is given back. */
static void the_end_waits_for_no_reader(void **state)
{
    char byte;
    (void)state;
    int first = ask("/gate");
    gate_await(1);
    int stream = ask("/stream-endless");
    assert_int_equal(recv(stream, &byte, 1, 0), 1);
    gate_release();
    http_close(server);
    assert_int_equal(closes, 1);
    close(first);
    close(stream);
    assert_int_equal(begin(NULL), 0);
}

int main(void)
{
#define GUARDED(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        GUARDED(what_finds_no_worker_is_refused),
        GUARDED(a_long_handler_holds_up_nobody),
        GUARDED(a_stream_comes_whole_and_is_closed_once),
        GUARDED(a_packed_stream_unpacks_to_the_same),
        GUARDED(a_broken_stream_has_no_good_end),
        GUARDED(streams_have_a_bound),
        GUARDED(a_body_has_the_bound_of_its_address),
        GUARDED(a_body_that_is_told_too_long_is_refused_before_it_comes),
        GUARDED(a_body_that_is_longer_than_its_bound_is_refused_before_it_comes),
        GUARDED(who_opens_too_many_loses_the_idle_ones),
        GUARDED(where_all_of_an_address_are_at_work_its_next_is_told_so),
        GUARDED(where_all_are_at_work_nobody_hangs),
        GUARDED(behind_a_proxy_the_bound_is_of_whom_it_asks_for),
        GUARDED(a_request_that_is_never_whole_loses_its_connection),
        GUARDED(the_end_waits_for_no_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

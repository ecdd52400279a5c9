/* Many clients at once, each asking the next question as soon as the last is answered, and how long the answers took.
 *
 *     load http HOST:PORT CLIENTS SECONDS HEADER < paths
 *     load postgres CONNINFO CLIENTS SECONDS < statements
 *     load sqlite FILE CLIENTS SECONDS < statements
 *
 * Lines are asked in turn, each client beginning at another one. Over HTTP an answer is read to its end and anything but 200
 * is an error. A line of SQL may hold several statements with `;` between them, which are one answer; their rows are fetched
 * and made into text (PostgreSQL sends them so, SQLite is asked for each value). Prints {"answers", "errors", "bytes", "p50_us", "p95_us", "p99_us", "max_us", "answers_per_s", "took_s", "first_error"}:
 * took_s until the last answer, which may end long after SECONDS. */
#include <arpa/inet.h>
#include <errno.h>
#include <libpq-fe.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 512,
    LINES_MAX = 10000,
    LINE_BYTES_MAX = 16 * 1024,
    HEADER_BYTES_MAX = 4096,
    ANSWERS_MAX = 4 * 1000 * 1000, /* of all clients */
    ERROR_BYTES_MAX = 300,
    HEAD_BYTES_MAX = 64 * 1024,
};

struct line_list {
    char *items[LINES_MAX];
    size_t len;
};
struct load;
struct client {
    struct load *load;
    size_t number;
    uint32_t *took_us;
    size_t answers, answers_max, errors;
    uint64_t bytes;
    char first_error[ERROR_BYTES_MAX];
    union {
        int socket;
        PGconn *postgres;
        sqlite3 *sqlite;
    } to;
    char head[HEAD_BYTES_MAX];
};
/* How a kind of server is reached. `ask` fills first_error and returns false when there is no good answer. */
struct way {
    const char *name;
    bool (*connect)(struct client *client);
    bool (*ask)(struct client *client, const char *line);
    void (*leave)(struct client *client);
};
struct load {
    const struct way *way;
    const char *address, *header;
    struct line_list lines;
    double seconds;
    pthread_barrier_t connected; /* the clock runs from when all are */
    int64_t began_ns, until_ns;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool fault(struct client *client, const char *what, const char *detail)
{
    if (client->first_error[0] == '\0')
        snprintf(client->first_error, sizeof client->first_error, "%.150s: %.140s", what, detail);
    return false;
}

/* --- HTTP/1.1, kept alive --- */

static bool http_connect(struct client *client)
{
    char host[64];
    unsigned port;
    if (sscanf(client->load->address, "%63[^:]:%u", host, &port) != 2)
        return fault(client, "address", client->load->address);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    client->to.socket = socket(AF_INET, SOCK_STREAM, 0);
    if (client->to.socket < 0 || inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
        connect(client->to.socket, (struct sockaddr *)&to, sizeof to) != 0)
        return fault(client, "connect", strerror(errno));
    setsockopt(client->to.socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return true;
}

static bool http_send(struct client *client, const char *path)
{
    char text[LINE_BYTES_MAX + HEADER_BYTES_MAX];
    int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: load\r\n%s\r\n\r\n", path,
                       client->load->header);
    if (len < 0 || (size_t)len >= sizeof text)
        return fault(client, path, "too long");
    for (int at = 0; at < len;) {
        ssize_t sent = send(client->to.socket, text + at, (size_t)(len - at), MSG_NOSIGNAL);
        if (sent <= 0)
            return fault(client, "send", strerror(errno));
        at += (int)sent;
    }
    return true;
}

/* The body's length is told, or it comes in chunks whose end is the last of them. */
static bool http_ask(struct client *client, const char *path)
{
    if (!http_send(client, path))
        return false;
    char *head = client->head, *body = NULL;
    size_t have = 0;
    while (!body) {
        ssize_t got = recv(client->to.socket, head + have, HEAD_BYTES_MAX - 1 - have, 0);
        if (got <= 0)
            return fault(client, "recv", got ? strerror(errno) : "closed");
        have += (size_t)got;
        head[have] = '\0';
        body = strstr(head, "\r\n\r\n");
    }
    body += 4;
    const char *length = strcasestr(head, "\r\ncontent-length:");
    bool chunked = !length;
    size_t left = length ? strtoul(length + 17, NULL, 10) : SIZE_MAX;
    size_t in = have - (size_t)(body - head);
    char tail[8] = "";
    size_t tail_len = in < 5 ? in : 5;
    memcpy(tail, head + have - tail_len, tail_len);
    client->bytes += in;
    bool good = strncmp(head, "HTTP/1.1 200", 12) == 0;
    if (!good) {
        char *end = strstr(head, "\r\n");
        fault(client, path, end ? (*end = '\0', head) : head);
    }
    char block[32 * 1024];
    while (chunked ? strncmp(tail, "0\r\n\r\n", 5) != 0 : in < left) {
        ssize_t got = recv(client->to.socket, block, sizeof block, 0);
        if (got <= 0)
            return fault(client, "recv", got ? strerror(errno) : "closed");
        in += (size_t)got;
        client->bytes += (size_t)got;
        for (size_t i = (size_t)got < 5 ? 0 : (size_t)got - 5; i < (size_t)got; i++) {
            if (tail_len == 5)
                memmove(tail, tail + 1, 4);
            tail[tail_len == 5 ? 4 : tail_len++] = block[i];
        }
    }
    return good;
}

static void http_leave(struct client *client)
{
    close(client->to.socket);
}

/* --- PostgreSQL --- */

static bool postgres_connect(struct client *client)
{
    client->to.postgres = PQconnectdb(client->load->address);
    return PQstatus(client->to.postgres) == CONNECTION_OK ||
           fault(client, "connect", PQerrorMessage(client->to.postgres));
}

static bool postgres_ask(struct client *client, const char *sql)
{
    PGconn *conn = client->to.postgres;
    PGresult *result;
    bool good = PQsendQuery(conn, sql) == 1 || fault(client, sql, PQerrorMessage(conn));
    while ((result = PQgetResult(conn))) {
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            good = fault(client, sql, PQerrorMessage(conn));
        for (int row = 0; row < PQntuples(result); row++)
            for (int column = 0; column < PQnfields(result); column++)
                client->bytes += (uint64_t)PQgetlength(result, row, column);
        PQclear(result);
    }
    return good;
}

static void postgres_leave(struct client *client)
{
    PQfinish(client->to.postgres);
}

/* --- SQLite --- */

enum { BUSY_MS = 60 * 1000 };

static bool sqlite_connect(struct client *client)
{
    if (sqlite3_open_v2(client->load->address, &client->to.sqlite,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return fault(client, "open", client->load->address);
    sqlite3_busy_timeout(client->to.sqlite,
                         BUSY_MS); /* the first of them makes the index of the WAL */
    return true;
}

static bool sqlite_ask(struct client *client, const char *sql)
{
    sqlite3_stmt *stmt;
    int got = SQLITE_DONE;
    for (const char *rest = sql; got == SQLITE_DONE && *rest;) {
        got = sqlite3_prepare_v2(client->to.sqlite, rest, -1, &stmt, &rest);
        if (got != SQLITE_OK)
            return fault(client, sql, sqlite3_errmsg(client->to.sqlite));
        while ((got = sqlite3_step(stmt)) == SQLITE_ROW)
            for (int column = 0; column < sqlite3_column_count(stmt); column++) {
                sqlite3_column_text(stmt, column);
                client->bytes += (uint64_t)sqlite3_column_bytes(stmt, column);
            }
        sqlite3_finalize(stmt);
    }
    return got == SQLITE_DONE || fault(client, sql, sqlite3_errmsg(client->to.sqlite));
}

static void sqlite_leave(struct client *client)
{
    sqlite3_close(client->to.sqlite);
}

static const struct way ways[] = {
    {"http", http_connect, http_ask, http_leave},
    {"postgres", postgres_connect, postgres_ask, postgres_leave},
    {"sqlite", sqlite_connect, sqlite_ask, sqlite_leave},
};

/* --- clients --- */

static void *client_run(void *context)
{
    struct client *client = context;
    struct load *load = client->load;
    size_t at = client->number * load->lines.len / CLIENTS_MAX + client->number;
    bool connected = load->way->connect(client);
    if (pthread_barrier_wait(&load->connected) == PTHREAD_BARRIER_SERIAL_THREAD) {
        load->began_ns = now_ns();
        load->until_ns = load->began_ns + (int64_t)(load->seconds * 1e9);
    }
    pthread_barrier_wait(&load->connected);
    if (!connected) {
        client->errors++;
        return NULL;
    }
    /* Each asks at least once, and waits from the same moment on: who comes late to a core has waited. */
    for (int64_t began_ns = load->began_ns;
         client->answers < client->answers_max && (began_ns < load->until_ns || !client->answers);
         began_ns = now_ns()) {
        if (!load->way->ask(client, load->lines.items[at++ % load->lines.len]))
            client->errors++;
        client->took_us[client->answers++] = (uint32_t)((now_ns() - began_ns) / 1000);
        /* A connection that broke answers nothing more. */
        if (client->errors > 100)
            break;
    }
    load->way->leave(client);
    return NULL;
}

static bool lines_read(struct line_list *lines)
{
    static char line[LINE_BYTES_MAX];
    while (lines->len < LINES_MAX && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && !(lines->items[lines->len++] = strdup(line)))
            return false;
    }
    return lines->len > 0;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void json_text_print(const char *text)
{
    putchar('"');
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else
            putchar((unsigned char)*text < ' ' ? ' ' : *text);
    putchar('"');
}

static void result_print(const struct client *clients, size_t clients_len, double seconds,
                         double took_s)
{
    size_t answers = 0, errors = 0, at = 0;
    uint64_t bytes = 0;
    const char *first_error = "";
    for (size_t i = 0; i < clients_len; i++) {
        answers += clients[i].answers;
        errors += clients[i].errors;
        bytes += clients[i].bytes;
        if (first_error[0] == '\0')
            first_error = clients[i].first_error;
    }
    uint32_t *all = malloc((answers + 1) * sizeof(*all));
    if (!all)
        abort();
    all[0] = 0;
    for (size_t i = 0; i < clients_len; i++) {
        memcpy(all + at, clients[i].took_us, clients[i].answers * sizeof(*all));
        at += clients[i].answers;
    }
    qsort(all, answers, sizeof(*all), by_size);
    size_t last = answers ? answers - 1 : 0;
    printf("{\"answers\": %zu, \"errors\": %zu, \"bytes\": %llu, \"p50_us\": %u, \"p95_us\": %u, "
           "\"p99_us\": %u, \"max_us\": %u, \"answers_per_s\": %.1f, \"took_s\": %.3f, "
           "\"first_error\": ",
           answers, errors, (unsigned long long)bytes, all[last * 50 / 100], all[last * 95 / 100],
           all[last * 99 / 100], all[last], (double)answers / seconds, took_s);
    json_text_print(first_error);
    puts("}");
    free(all);
}

int main(int argc, char **argv)
{
    static struct load load;
    size_t clients_len = argc >= 5 ? strtoul(argv[3], NULL, 10) : 0;
    double seconds = argc >= 5 ? strtod(argv[4], NULL) : 0;
    for (size_t i = 0; argc >= 5 && i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(argv[1], ways[i].name) == 0)
            load.way = &ways[i];
    if (!load.way || clients_len == 0 || clients_len > CLIENTS_MAX || !lines_read(&load.lines)) {
        fputs("load http|postgres|sqlite ADDRESS CLIENTS SECONDS [HEADER] < lines\n", stderr);
        return 2;
    }
    load.address = argv[2];
    load.header = argc > 5 ? argv[5] : "Accept: */*";
    load.seconds = seconds;
    pthread_barrier_init(&load.connected, NULL, (unsigned)clients_len);
    struct client *clients = calloc(clients_len, sizeof(*clients));
    pthread_t threads[CLIENTS_MAX];
    for (size_t i = 0; clients && i < clients_len; i++) {
        clients[i].load = &load;
        clients[i].number = i;
        clients[i].answers_max = ANSWERS_MAX / clients_len;
        clients[i].took_us = malloc(clients[i].answers_max * sizeof(*clients[i].took_us));
        if (!clients[i].took_us || pthread_create(&threads[i], NULL, client_run, &clients[i]) != 0)
            abort();
    }
    for (size_t i = 0; clients && i < clients_len; i++)
        pthread_join(threads[i], NULL);
    if (clients)
        result_print(clients, clients_len, seconds, (double)(now_ns() - load.began_ns) / 1e9);
    return clients ? 0 : 1;
}

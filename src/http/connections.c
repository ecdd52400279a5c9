/* How many connections there may be, in all and of one address. Who has too many loses the one that has been idle
 * longest; where none is idle the new one is told so and closed. So an address that opens a thousand and says nothing takes
 * room from nobody but itself. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/http_internal.h"

/* 64 bits are what one customer of a network has: within them he takes any address he likes. */
void http_address_block(struct str address, char out[HTTP_ADDRESS_BYTES])
{
    struct in6_addr v6;
    char text[INET6_ADDRSTRLEN] = "";
    if (address.len > 0 && address.len < sizeof(text))
        memcpy(text, address.ptr, address.len);
    if (inet_pton(AF_INET6, text, &v6) != 1) {
        address = str_sub(address, 0, HTTP_ADDRESS_BYTES - 1);
        if (address.len > 0) /* of a request that is refused before it was read nobody knows it */
            memcpy(out, address.ptr, address.len);
        out[address.len] = '\0';
    } else if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        inet_ntop(AF_INET, &v6.s6_addr[12], out, HTTP_ADDRESS_BYTES);
    } else {
        memset(&v6.s6_addr[8], 0, 8);
        inet_ntop(AF_INET6, &v6, out, HTTP_ADDRESS_BYTES);
    }
}

struct str connection_peer(struct MHD_Connection *connection, char out[INET6_ADDRSTRLEN])
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    out[0] = '\0';
    if (info && info->client_addr && info->client_addr->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)info->client_addr;
        inet_ntop(AF_INET, &v4->sin_addr, out, INET6_ADDRSTRLEN);
    } else if (info && info->client_addr && info->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)info->client_addr;
        inet_ntop(AF_INET6, &v6->sin6_addr, out, INET6_ADDRSTRLEN);
    }
    return str_of(out);
}

/* libmicrohttpd finds it ended, and takes it from the list; until then it is counted no more. */
void connection_shut(struct connection *connection)
{
    connection->shut = true;
    connection->deadline_ns = INT64_MAX;
    shutdown(connection->fd, SHUT_RDWR);
}

/* --- room for a new one --- */

/* Those that count: of this address where one is given, else all. *idle: the one that has been idle longest. */
static unsigned count(const struct http_server *server, const char *address,
                      struct connection **idle)
{
    unsigned found = 0;
    *idle = NULL;
    for (struct connection *one = server->connections; one; one = one->next) {
        if (one->shut || one->refused || (address && strcmp(one->address, address) != 0))
            continue;
        found++;
        if (!one->busy && (!*idle || one->idle_ns < (*idle)->idle_ns))
            *idle = one;
    }
    return found;
}

static bool room_among(const struct http_server *server, const char *address, unsigned most)
{
    struct connection *idle;
    if (most == 0 || count(server, address, &idle) < most)
        return true;
    if (idle)
        connection_shut(idle);
    return idle != NULL;
}

/* 0, or the status to refuse it with. A named proxy speaks for many: its connections have no bound of their own, the
 * requests of each of those have it. */
static unsigned room_make(const struct http_server *server, const struct connection *connection)
{
    const struct http_options *options = &server->options;
    if (!connection->proxied &&
        !room_among(server, connection->address, options->address_connections_max))
        return MHD_HTTP_TOO_MANY_REQUESTS;
    return room_among(server, NULL, options->connections_max) ? 0 : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned refused_count(const struct http_server *server)
{
    unsigned found = 0;
    for (const struct connection *one = server->connections; one; one = one->next)
        found += one->refused != 0 && !one->shut;
    return found;
}

/* --- their life --- */

static void connection_begin(struct http_server *server, struct MHD_Connection *mhd, void **slot)
{
    char peer[INET6_ADDRSTRLEN];
    const struct http_options *options = &server->options;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *connection = info ? calloc(1, sizeof(*connection)) : NULL;
    *slot = connection;
    if (!connection)
        return;
    struct str address = connection_peer(mhd, peer);
    http_address_block(address, connection->address);
    connection->proxied = options->is_proxy && options->is_proxy(options->context, address);
    connection->fd = info->connect_fd;
    connection->idle_ns = clock_monotonic_ns();
    pthread_mutex_lock(&server->guard_lock);
    connection->refused = room_make(server, connection);
    connection->deadline_ns = deadline_after(connection->refused ? GUARD_REFUSED_S
                                                                 : GUARD_REQUEST_S);
    connection->next = server->connections;
    if (connection->next)
        connection->next->before = connection;
    server->connections = connection;
    if (connection->refused && refused_count(server) > CONNECTIONS_REFUSED_MAX)
        connection_shut(connection);
    pthread_mutex_unlock(&server->guard_lock);
}

/* Called before the socket is closed, so that its number is nobody else's while we know it. */
static void connection_end(struct http_server *server, struct connection *connection)
{
    pthread_mutex_lock(&server->guard_lock);
    if (connection->before)
        connection->before->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->before = connection->before;
    pthread_mutex_unlock(&server->guard_lock);
    free(connection);
}

void connections_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (!server->guarded)
        return;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_begin(server, connection, socket_context);
    } else if (*socket_context) {
        connection_end(server, *socket_context);
        *socket_context = NULL;
    }
}

/* --- their requests --- */

struct connection *connection_of(const struct exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        exchange->server->guarded
            ? MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
            : NULL;
    return info ? info->socket_context : NULL;
}

static unsigned requests_of(const struct http_server *server, const char *address)
{
    unsigned found = 0;
    for (const struct connection *one = server->connections; one; one = one->next)
        found += one->proxied && strcmp(one->behind, address) == 0;
    return found;
}

unsigned connection_take(struct exchange *exchange)
{
    struct http_server *server = exchange->server;
    const struct http_options *options = &server->options;
    struct connection *connection = connection_of(exchange);
    char behind[HTTP_ADDRESS_BYTES] = "";
    if (!connection)
        return 0;
    if (connection->proxied)
        http_address_block(options->address_of(options->context, &exchange->request), behind);
    pthread_mutex_lock(&server->guard_lock);
    unsigned refused = connection->refused;
    connection->busy = true;
    if (connection->proxied && options->address_connections_max > 0 &&
        requests_of(server, behind) >= options->address_connections_max)
        refused = MHD_HTTP_TOO_MANY_REQUESTS;
    else
        memcpy(connection->behind, behind, sizeof(behind));
    pthread_mutex_unlock(&server->guard_lock);
    return refused;
}

void connection_give(struct exchange *exchange)
{
    struct http_server *server = exchange->server;
    struct connection *connection = connection_of(exchange);
    if (!connection)
        return;
    pthread_mutex_lock(&server->guard_lock);
    connection->busy = false;
    connection->behind[0] = '\0';
    connection->idle_ns = clock_monotonic_ns();
    pthread_mutex_unlock(&server->guard_lock);
}

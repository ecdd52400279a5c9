/* A redis-server for tests. */
#include "coord/redis_fixture.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_TRIES = 1000, START_TRY_US = 10000 };
static const char PASSWORD[] = "p:w@d/";

static int port_free(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool good = fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 &&
                getsockname(fd, (struct sockaddr *)&address, &len) == 0;
    assert(good);
    close(fd);
    return ntohs(address.sin_port);
}

static redisContext *server_connect(const struct redis_server *server)
{
    redisContext *context = redisConnect("127.0.0.1", server->port);
    redisReply *reply = NULL;
    if (context && !context->err)
        reply = redisCommand(context, "AUTH %s", PASSWORD);
    if (!reply && context) {
        redisFree(context);
        context = NULL;
    }
    freeReplyObject(reply);
    return context;
}

static _Noreturn void server_run(const struct redis_server *server)
{
    char port[16];
    int nowhere = open("/dev/null", O_RDWR);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(port, sizeof(port), "%d", server->port);
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
           "--appendonly", "no", "--daemonize", "no", "--dir", server->folder, "--requirepass",
           PASSWORD, (char *)NULL);
    _exit(127);
}

bool redis_server_start(struct redis_server *server)
{
    if (server->port == 0) {
        server->port = port_free();
        snprintf(server->folder, sizeof(server->folder), "/tmp/huiliu-redis-XXXXXX");
        char *made = mkdtemp(server->folder);
        assert(made);
        (void)made;
        snprintf(server->url, sizeof(server->url), "redis://:p%%3Aw%%40d%%2F@127.0.0.1:%d/3",
                 server->port);
    }
    server->pid = fork();
    assert(server->pid >= 0);
    if (server->pid == 0)
        server_run(server);
    for (int i = 0; i < START_TRIES; i++) {
        int status;
        if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
            server->pid = 0;
            return false;
        }
        redisContext *context = server_connect(server);
        if (context) {
            redisFree(context);
            return true;
        }
        usleep(START_TRY_US);
    }
    assert(false && "redis-server was started and never answered");
    return false;
}

void redis_server_kill(struct redis_server *server)
{
    if (server->pid == 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void redis_server_stop(struct redis_server *server)
{
    redis_server_kill(server);
    if (server->port != 0)
        rmdir(server->folder);
    server->port = 0;
}

void redis_server_ask(const struct redis_server *server, const char *command, char *out,
                      size_t out_bytes)
{
    redisContext *context = server_connect(server);
    assert(context);
    freeReplyObject(redisCommand(context, "SELECT 3"));
    redisReply *reply = redisCommand(context, command);
    if (reply && reply->type == REDIS_REPLY_INTEGER)
        snprintf(out, out_bytes, "%lld", reply->integer);
    else
        snprintf(out, out_bytes, "%s", reply && reply->str ? reply->str : "");
    freeReplyObject(reply);
    redisFree(context);
}

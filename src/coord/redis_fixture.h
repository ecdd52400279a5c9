/* For tests: a redis-server of our own, on a port and in a folder that nobody else uses, without a file.
 *
 * Threads: one. It ends with the process that started it, also when that is killed. */
#ifndef HUILIU_COORD_REDIS_FIXTURE_H
#define HUILIU_COORD_REDIS_FIXTURE_H

#include <sys/types.h>

#include "coord/coord.h"

struct redis_server {
    pid_t pid; /* 0: not running */
    int port;  /* stays the same when it is started again */
    char url[128], folder[64];
};
/* False: there is no redis-server here. Any other trouble ends the test. */
bool redis_server_start(struct redis_server *server);
void redis_server_kill(struct redis_server *server);
/* Ends it and removes its folder. */
void redis_server_stop(struct redis_server *server);
/* One command of words; the number or the first bytes of the answer as text. */
void redis_server_ask(const struct redis_server *server, const char *command, char *out,
                      size_t out_bytes);

#endif

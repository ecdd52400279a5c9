/* Private to coord: one connection to a Redis or Valkey server, and the scripts that run there.
 *
 * Every command has a time-out of real time; after any error the connection is closed, since an answer that
 * comes late would be taken for the next one's. Whether the command was done is then unknown. Threads: one
 * at a time; link_connect may run beside the rest. */
#ifndef HUILIU_COORD_REDIS_LINK_H
#define HUILIU_COORD_REDIS_LINK_H

#include <hiredis/hiredis.h>

#include "coord/coord.h"

enum {
    LINK_CONNECT_MS = 1000,
    LINK_COMMAND_MS = 1000,
    LINK_ARGS_MAX = 3 + 3 + BUDGET_KEYS_MAX + 6 + 8 * BUDGET_KEYS_MAX,
    LINK_TEXT_BYTES_MAX = 16 * 1024,
    LINK_WORD_BYTES_MAX = 255,
    LINK_PREFIX_BYTES_MAX = 64,
    LINK_SHA_BYTES = 40,
};

/* What the URL says. The texts are terminated. */
struct link_place {
    char host[LINK_WORD_BYTES_MAX + 1], user[LINK_WORD_BYTES_MAX + 1];
    char password[LINK_WORD_BYTES_MAX + 1], prefix[LINK_PREFIX_BYTES_MAX + 1];
    int port;
    int64_t database;
};
enum err_class link_place_parse(struct str url, struct link_place *out, struct err *err);

enum script {
    SCRIPT_TAKE,
    SCRIPT_REFUSED,
    SCRIPT_SUCCEEDED,
    SCRIPT_RESET,
    SCRIPT_LIST,
    SCRIPT_LOCK_TAKE,
    SCRIPT_LOCK_RENEW,
    SCRIPT_LOCK_RELEASE,
    SCRIPT_RESTART,
    SCRIPTS
};

struct link {
    struct link_place place;
    redisContext *context;        /* NULL: not connected */
    char run[LINK_SHA_BYTES + 1]; /* names the server's life: another one after a restart */
    char sha[SCRIPTS][LINK_SHA_BYTES + 1]; /* as the server told it; empty: not asked yet */
    struct buf text[SCRIPTS];
};
enum err_class link_init(struct link *link, const struct link_place *place, struct err *err);
void link_fini(struct link *link);
/* A connection that is ready for commands. ERR_CONFIG "coord_refused", ERR_LATER "coord_down". */
enum err_class link_connect(const struct link_place *place, redisContext **out,
                            char run[LINK_SHA_BYTES + 1], struct err *err);
void link_close(struct link *link);

/* The words of a script's call. Keys come before the other arguments. */
struct link_args {
    const char *argv[LINK_ARGS_MAX];
    size_t lens[LINK_ARGS_MAX];
    size_t len, keys;
    struct buf text;
    char memory[LINK_TEXT_BYTES_MAX];
};
void link_args_init(struct link_args *args);
/* PREFIX:kind:name, or PREFIX:kind where the name is empty. */
void link_args_key(struct link_args *args, const struct link *link, const char *kind,
                   struct str name);
void link_args_str(struct link_args *args, struct str text);
void link_args_int(struct link_args *args, int64_t number);
/* The answer, to be freed with freeReplyObject; NULL: the connection is closed and *err says why. */
redisReply *link_run(struct link *link, enum script script, struct link_args *args,
                     struct err *err);

#endif

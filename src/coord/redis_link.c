/* A connection to a Redis server over hiredis, and the scripts of lua/ by their digests. */
#include "coord/redis_link.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/format.h"

extern const struct embedded_file coord_scripts[];

enum {
    PORT_STANDARD = 6379,
    DATABASE_MAX = 65535,
    SCRIPT_BYTES_MAX = 64 * 1024,
    /* Scripts that read the time and then write, and the commands they use. Valkey counts itself as 7.2. */
    VERSION_MIN = 7,
};

static const char *const script_names[SCRIPTS] = {
    [SCRIPT_TAKE] = "/take.lua",
    [SCRIPT_REFUSED] = "/refused.lua",
    [SCRIPT_SUCCEEDED] = "/succeeded.lua",
    [SCRIPT_RESET] = "/reset.lua",
    [SCRIPT_LIST] = "/list.lua",
    [SCRIPT_LOCK_TAKE] = "/lock_take.lua",
    [SCRIPT_LOCK_RENEW] = "/lock_renew.lua",
    [SCRIPT_LOCK_RELEASE] = "/lock_release.lua",
    [SCRIPT_RESTART] = "/restart.lua",
};

/* --- where it is --- */

static enum err_class place_refuse(struct err *err, const char *why)
{
    /* The URL may hold a password: it is not repeated. */
    return err_set(err, ERR_CONFIG, "coord_url",
                   "this is no redis://[[USER]:PASSWORD@]HOST[:PORT][/DB][?prefix=NAME]: %s", why);
}

static bool word_read(struct str text, char out[LINK_WORD_BYTES_MAX + 1])
{
    struct buf word;
    buf_init_lent(&word, out, LINK_WORD_BYTES_MAX + 1);
    bool good = percent_read(&word, text, false, NULL) == ERR_OK && !word.failed;
    out[good ? word.len : 0] = '\0';
    return good;
}

static bool prefix_read(struct str query, struct link_place *out)
{
    if (query.len == 0)
        return true;
    if (!str_starts(query, STR("prefix=")))
        return false;
    struct str name = str_sub(query, 7, query.len);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.'))
            return false;
    }
    if (name.len == 0 || name.len > LINK_PREFIX_BYTES_MAX)
        return false;
    memcpy(out->prefix, name.ptr, name.len);
    return true;
}

/* The rest is read as an http address, which has the same form. */
static const char *address_read(struct str address, struct link_place *out)
{
    char text[2 * LINK_WORD_BYTES_MAX];
    struct url url;
    bool has_port = str_find_char(str_sub(address, str_find_char(address, ']') + 1, address.len),
                                  ':') != SIZE_MAX;
    if (snprintf(text, sizeof(text), "http://%.*s", STR_ARG(address)) >= (int)sizeof(text))
        return "it is too long";
    if (url_parse(str_of(text), &url, NULL) != ERR_OK || url.host.len > LINK_WORD_BYTES_MAX)
        return "its host or port cannot be read";
    memcpy(out->host, url.host.ptr, url.host.len);
    out->port = has_port ? url.port : PORT_STANDARD;
    struct str database = str_sub(url.path, 1, url.path.len);
    if (database.len > 0 && (!str_to_i64(database, &out->database) || out->database < 0 ||
                             out->database > DATABASE_MAX))
        return "its database is not a number";
    return prefix_read(url.query, out)
               ? NULL
               : "behind \"?\" stands only prefix=NAME, of letters, digits, "
                 "\"-\", \"_\" and \".\"";
}

enum err_class link_place_parse(struct str url, struct link_place *out, struct err *err)
{
    *out = (struct link_place){0};
    if (str_starts(url, STR("rediss:")))
        return err_set(err, ERR_CONFIG, "coord_tls",
                       "rediss: cannot be used: the Redis library (hiredis 0.14) has no TLS; use "
                       "redis: through a tunnel or a private network");
    if (!str_starts(url, STR("redis://")))
        return place_refuse(err, "it does not begin with redis://");
    struct str rest = str_sub(url, 8, url.len);
    size_t at = SIZE_MAX;
    for (size_t i = 0; i < rest.len && rest.ptr[i] != '/' && rest.ptr[i] != '?'; i++)
        at = rest.ptr[i] == '@' ? i : at;
    if (at != SIZE_MAX) {
        struct str user, password;
        if (!str_cut(str_sub(rest, 0, at), ':', &user, &password) || password.len == 0 ||
            !word_read(user, out->user) || !word_read(password, out->password))
            return place_refuse(err, "before \"@\" stands :PASSWORD or USER:PASSWORD, with %XX for "
                                     "other characters than letters and digits");
        rest = str_sub(rest, at + 1, rest.len);
    }
    const char *why = address_read(rest, out);
    return why ? place_refuse(err, why) : ERR_OK;
}

enum err_class coord_url_check(struct str url, struct err *err)
{
    struct link_place place;
    enum err_class class_ = link_place_parse(url, &place, err);
    explicit_bzero(&place, sizeof(place));
    return class_;
}

/* --- life cycle --- */

static const struct embedded_file *script_file(const char *name)
{
    const struct embedded_file *file = coord_scripts;
    while (file->name && !str_ends(str_of(file->name), str_of(name)))
        file++;
    assert(file->name && "listed in meson.build");
    return file;
}

static void script_build(struct buf *out, const char *name)
{
    const struct embedded_file *prelude = script_file("/bucket.lua"), *own = script_file(name);
    buf_init(out, SCRIPT_BYTES_MAX);
    buf_add_bytes(out, prelude->bytes, prelude->bytes_len);
    buf_add_bytes(out, own->bytes, own->bytes_len);
}

enum err_class link_init(struct link *link, const struct link_place *place, struct err *err)
{
    bool failed = false;
    *link = (struct link){.place = *place};
    for (int i = 0; i < SCRIPTS; i++) {
        script_build(&link->text[i], script_names[i]);
        failed |= link->text[i].failed;
    }
    return failed ? err_no_memory(err) : ERR_OK;
}

void link_fini(struct link *link)
{
    link_close(link);
    for (int i = 0; i < SCRIPTS; i++)
        buf_fini(&link->text[i]);
    explicit_bzero(&link->place, sizeof(link->place));
}

void link_close(struct link *link)
{
    if (link->context)
        redisFree(link->context);
    link->context = NULL;
}

/* --- commands --- */

/* hiredis writes without MSG_NOSIGNAL: to a server that went away that is a SIGPIPE, which would end the
 * program. It is held back around the command and taken away where it came. */
static redisReply *command_run(redisContext *context, size_t len, const char **argv,
                               const size_t *lens)
{
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    redisReply *reply = redisCommandArgv(context, (int)len, argv, lens);
    if (!reply && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) &&
        !sigismember(&before, SIGPIPE))
        sigtimedwait(&pipe, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return reply;
}

static enum err_class down(const struct link_place *place, const char *why, struct err *err)
{
    return err_set(err, ERR_LATER, "coord_down", "Redis at %s:%d cannot be used: %s", place->host,
                   place->port, why);
}

static enum err_class refused(const struct link_place *place, const char *why, struct err *err)
{
    return err_set(err, ERR_CONFIG, "coord_refused", "Redis at %s:%d refuses us: %s", place->host,
                   place->port, why);
}

/* A word that the server answers with OK. */
static enum err_class command_expect(redisContext *context, const struct link_place *place,
                                     size_t len, const char **argv, struct err *err)
{
    size_t lens[3];
    for (size_t i = 0; i < len; i++)
        lens[i] = strlen(argv[i]);
    redisReply *reply = command_run(context, len, argv, lens);
    enum err_class class_ = ERR_OK;
    if (!reply)
        class_ = down(place, context->errstr, err);
    else if (reply->type == REDIS_REPLY_ERROR && str_starts(str_of(reply->str), STR("LOADING")))
        class_ = down(place, reply->str, err);
    else if (reply->type == REDIS_REPLY_ERROR)
        class_ = refused(place, reply->str, err);
    freeReplyObject(reply);
    return class_;
}

/* A line "name:value" of INFO. */
static struct str info_find(struct str text, struct str name)
{
    size_t at = str_find(text, name);
    struct str value, rest;
    if (at == SIZE_MAX)
        return STR_NONE;
    str_cut(str_sub(text, at + name.len, text.len), '\r', &value, &rest);
    return value;
}

/* Its version and the name of its life. */
static enum err_class server_look(redisContext *context, const struct link_place *place,
                                  char run[LINK_SHA_BYTES + 1], struct err *err)
{
    static const char *words[] = {"INFO", "server"};
    redisReply *reply = command_run(context, 2, words, (const size_t[]){4, 6});
    enum err_class class_ = ERR_OK;
    int64_t major;
    struct str version, rest;
    if (!reply) {
        class_ = down(place, context->errstr, err);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        class_ = str_starts(str_of(reply->str), STR("LOADING")) ? down(place, reply->str, err)
                                                                : refused(place, reply->str, err);
    } else {
        struct str text = {reply->str, reply->len};
        struct str life = info_find(text, STR("run_id:"));
        str_cut(info_find(text, STR("redis_version:")), '.', &version, &rest);
        if (!str_to_i64(version, &major) || major < VERSION_MIN)
            class_ = refused(place, "it is older than Redis 7 (or Valkey)", err);
        snprintf(run, LINK_SHA_BYTES + 1, "%.*s", STR_ARG(life));
    }
    freeReplyObject(reply);
    return class_;
}

static enum err_class context_greet(redisContext *context, const struct link_place *place,
                                    char run[LINK_SHA_BYTES + 1], struct err *err)
{
    enum err_class class_ = ERR_OK;
    char database[24];
    snprintf(database, sizeof(database), "%lld", (long long)place->database);
    if (place->user[0])
        class_ = command_expect(context, place, 3,
                                (const char *[]){"AUTH", place->user, place->password}, err);
    else if (place->password[0])
        class_ = command_expect(context, place, 2, (const char *[]){"AUTH", place->password}, err);
    if (class_ == ERR_OK)
        class_ = command_expect(context, place, 2, (const char *[]){"SELECT", database}, err);
    return class_ == ERR_OK ? server_look(context, place, run, err) : class_;
}

enum err_class link_connect(const struct link_place *place, redisContext **out,
                            char run[LINK_SHA_BYTES + 1], struct err *err)
{
    const struct timeval connect = {.tv_sec = LINK_CONNECT_MS / 1000,
                                    .tv_usec = LINK_CONNECT_MS % 1000 * 1000};
    const struct timeval command = {.tv_sec = LINK_COMMAND_MS / 1000,
                                    .tv_usec = LINK_COMMAND_MS % 1000 * 1000};
    redisContext *context = redisConnectWithTimeout(place->host, place->port, connect);
    if (!context)
        return err_no_memory(err);
    enum err_class class_ = ERR_OK;
    if (context->err)
        class_ = down(place, context->errstr, err);
    else if (redisSetTimeout(context, command) != REDIS_OK)
        class_ = down(place, context->errstr, err);
    if (class_ == ERR_OK) {
        fcntl(context->fd, F_SETFD, FD_CLOEXEC);
        class_ = context_greet(context, place, run, err);
    }
    if (class_ == ERR_OK)
        *out = context;
    else
        redisFree(context);
    return class_;
}

/* --- scripts --- */

void link_args_init(struct link_args *args)
{
    /* The command, the script and the number of keys come first. */
    args->len = 3;
    args->keys = 0;
    buf_init_lent(&args->text, args->memory, sizeof(args->memory));
}

/* From `at` to the end of the text is the next word. */
static void args_add(struct link_args *args, size_t at)
{
    assert(args->len < LINK_ARGS_MAX && !args->text.failed);
    args->argv[args->len] = args->memory + at;
    args->lens[args->len++] = args->text.len - at;
}

void link_args_key(struct link_args *args, const struct link *link, const char *kind,
                   struct str name)
{
    size_t at = args->text.len;
    assert(args->len == 3 + args->keys);
    buf_printf(&args->text, "%s:%s", link->place.prefix, kind);
    if (name.len > 0)
        buf_add_char(&args->text, ':');
    buf_add(&args->text, name);
    args_add(args, at);
    args->keys++;
}

void link_args_str(struct link_args *args, struct str text)
{
    size_t at = args->text.len;
    buf_add(&args->text, text);
    args_add(args, at);
}

void link_args_int(struct link_args *args, int64_t number)
{
    size_t at = args->text.len;
    buf_printf(&args->text, "%lld", (long long)number);
    args_add(args, at);
}

static enum err_class script_learn(struct link *link, enum script script, struct err *err)
{
    struct str text = buf_str(&link->text[script]);
    redisReply *reply = command_run(link->context, 3, (const char *[]){"SCRIPT", "LOAD", text.ptr},
                                    (const size_t[]){6, 4, text.len});
    enum err_class class_ = ERR_OK;
    if (reply && reply->type == REDIS_REPLY_STRING && reply->len == LINK_SHA_BYTES)
        memcpy(link->sha[script], reply->str, LINK_SHA_BYTES);
    else
        class_ = down(&link->place, reply && reply->str ? reply->str : link->context->errstr, err);
    freeReplyObject(reply);
    return class_;
}

static redisReply *script_send(struct link *link, struct link_args *args, const char *command,
                               struct str script)
{
    char keys[24];
    int keys_len = snprintf(keys, sizeof(keys), "%zu", args->keys);
    args->argv[0] = command;
    args->lens[0] = strlen(command);
    args->argv[1] = script.ptr;
    args->lens[1] = script.len;
    args->argv[2] = keys;
    args->lens[2] = (size_t)keys_len;
    return command_run(link->context, args->len, args->argv, args->lens);
}

redisReply *link_run(struct link *link, enum script script, struct link_args *args, struct err *err)
{
    redisReply *reply = NULL;
    if (link->sha[script][0] == '\0' && script_learn(link, script, err) != ERR_OK) {
        link_close(link);
        return NULL;
    }
    reply = script_send(link, args, "EVALSHA", str_of(link->sha[script]));
    /* Flushed, or another server behind the same address: the text brings it there again. */
    if (reply && reply->type == REDIS_REPLY_ERROR &&
        str_starts(str_of(reply->str), STR("NOSCRIPT"))) {
        freeReplyObject(reply);
        reply = script_send(link, args, "EVAL", buf_str(&link->text[script]));
    }
    if (reply && reply->type != REDIS_REPLY_ERROR)
        return reply;
    down(&link->place, reply ? reply->str : link->context->errstr, err);
    freeReplyObject(reply);
    link_close(link);
    return NULL;
}

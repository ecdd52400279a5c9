/* The token keeper: what is known of each owner's token, who flies for a new one and who waits. */
#include "gateway/token.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/flight.h"

enum { TOKENS_MAX = 16384, KEEPER_NAME_BYTES = 16 };

/* What is known about one owner's token. */
struct holder {
    char owner[TOKEN_OWNER_BYTES_MAX];
    char *access; /* NULL: none that may be used */
    size_t access_len;
    int64_t usable_until_ms;
    bool accepted; /* or old enough not to doubt it */
    bool flying;   /* somebody is getting a new one */
    uint64_t flight;
    enum err_class result; /* of the last flight */
    struct err err;
    struct wait landed;
};

struct token_keeper {
    struct gateway *gateway;
    char name[2 * KEEPER_NAME_BYTES + 1]; /* owner of the locks between processes */
    pthread_mutex_t lock;
    struct map holders; /* owner -> struct holder */
};

enum err_class token_keeper_new(struct gateway *gateway, struct token_keeper **out, struct err *err)
{
    unsigned char name[KEEPER_NAME_BYTES];
    struct token_keeper *keeper = calloc(1, sizeof(*keeper));
    if (!keeper)
        return err_no_memory(err);
    enum err_class class_ = crypt_random(name, sizeof(name), err);
    if (class_ != ERR_OK) {
        free(keeper);
        return class_;
    }
    for (size_t i = 0; i < sizeof(name); i++)
        snprintf(keeper->name + 2 * i, 3, "%02x", name[i]);
    keeper->gateway = gateway;
    pthread_mutex_init(&keeper->lock, NULL);
    map_init(&keeper->holders, TOKENS_MAX);
    *out = keeper;
    return ERR_OK;
}

static void holder_clear(struct holder *holder)
{
    if (holder->access)
        explicit_bzero(holder->access, holder->access_len);
    free(holder->access);
    holder->access = NULL;
    holder->access_len = 0;
}

void token_keeper_free(struct token_keeper *keeper)
{
    struct map_entry *entry;
    if (!keeper)
        return;
    for (size_t at = 0; (entry = map_next(&keeper->holders, &at));) {
        struct holder *holder = entry->value.ptr;
        holder_clear(holder);
        wait_fini(&holder->landed);
        free(holder);
    }
    map_fini(&keeper->holders);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

static struct holder *holder_find(struct token_keeper *keeper, struct str owner)
{
    struct map_entry *entry = map_find(&keeper->holders, owner);
    return entry ? entry->value.ptr : NULL;
}

static struct holder *holder_make(struct token_keeper *keeper, struct str owner)
{
    struct holder *holder = holder_find(keeper, owner);
    if (holder)
        return holder;
    holder = calloc(1, sizeof(*holder));
    if (!holder)
        return NULL;
    snprintf(holder->owner, sizeof(holder->owner), "%.*s", STR_ARG(owner));
    holder->accepted = true;
    wait_init(&holder->landed);
    struct map_entry *entry = map_put(&keeper->holders, str_of(holder->owner), NULL);
    if (!entry) {
        wait_fini(&holder->landed);
        free(holder);
        return NULL;
    }
    entry->value.ptr = holder;
    return holder;
}

static struct str holder_access(const struct holder *holder)
{
    return (struct str){holder->access, holder->access_len};
}

/* Puts what the flight brought where everybody finds it, and wakes who waits for it. */
static enum err_class holder_land(struct holder *holder, const struct flight *flight,
                                  enum err_class class_, struct err *err)
{
    holder_clear(holder);
    if (class_ == ERR_OK) {
        holder->access = malloc(flight->row.access.len);
        if (!holder->access)
            class_ = err_no_memory(err);
    }
    if (class_ == ERR_OK) {
        memcpy(holder->access, flight->row.access.ptr, flight->row.access.len);
        holder->access_len = flight->row.access.len;
        holder->usable_until_ms = flight->usable_until_ms;
        if (flight->obtained)
            holder->accepted = false;
    }
    holder->flying = false;
    holder->flight++;
    holder->result = class_;
    holder->err = *err;
    wait_broadcast(&holder->landed);
    return class_;
}

/* The lock is held on entry and on return, and let go in between. */
static enum err_class holder_fly(struct holder *holder, struct token_keeper *keeper,
                                 const struct call_ask *ask, const struct token_use *use,
                                 struct str refused, struct err *err)
{
    struct arena arena;
    struct flight flight = {.gateway = keeper->gateway,
                            .locker = str_of(keeper->name),
                            .ask = ask,
                            .auth = connector_auth(ask->connector),
                            .use = use,
                            .refused = refused,
                            .refused_is_young = !holder->accepted,
                            .arena = &arena};
    holder->flying = true;
    pthread_mutex_unlock(&keeper->lock);
    arena_init(&arena);
    enum err_class class_ = flight_run(&flight, err);
    pthread_mutex_lock(&keeper->lock);
    class_ = holder_land(holder, &flight, class_, err);
    arena_fini(&arena);
    return class_;
}

static enum err_class holder_wait(struct holder *holder, pthread_mutex_t *lock, struct err *err)
{
    uint64_t flight = holder->flight;
    /* No deadline: the flight's calls have theirs. */
    while (holder->flight == flight)
        wait_for(&holder->landed, lock, WAIT_FOREVER);
    *err = holder->err;
    return holder->result;
}

static enum err_class take_locked(struct token_keeper *keeper, const struct call_ask *ask,
                                  const struct token_use *use, struct str refused,
                                  struct arena *arena, struct str *out, struct err *err)
{
    struct holder *holder = holder_make(keeper, str_of(use->owner));
    enum err_class class_ = ERR_OK;
    bool landed = false, flown = false;
    if (!holder)
        return err_no_memory(err);
    while (class_ == ERR_OK && !flown) {
        /* What a flight has just brought is good enough, however short its life, unless it is the
         * very token that was refused. */
        bool good = holder->access && !str_eq(holder_access(holder), refused) &&
                    (landed || holder->usable_until_ms > clock_now_ms());
        if (good)
            break;
        landed = true;
        flown = !holder->flying;
        class_ = flown ? holder_fly(holder, keeper, ask, use, refused, err)
                       : holder_wait(holder, &keeper->lock, err);
    }
    if (class_ != ERR_OK)
        return class_;
    *out = arena_dup(arena, holder_access(holder));
    return out->ptr ? ERR_OK : err_no_memory(err);
}

enum err_class token_take(struct token_keeper *keeper, const struct call_ask *ask,
                          const struct token_use *use, struct str refused, struct arena *arena,
                          struct str *out, struct err *err)
{
    struct err why = {0};
    if (connector_auth(ask->connector)->grant == GRANT_NONE)
        return err_set(err, ERR_CONFIG, "token_grant",
                       "%.*s: a call needs a token, but the manifest grants none",
                       STR_ARG(connector_platform(ask->connector)));
    pthread_mutex_lock(&keeper->lock);
    enum err_class class_ = take_locked(keeper, ask, use, refused, arena, out, &why);
    pthread_mutex_unlock(&keeper->lock);
    if (class_ != ERR_OK && err)
        *err = why;
    return class_;
}

void token_accepted(struct token_keeper *keeper, const struct token_use *use, struct str access)
{
    pthread_mutex_lock(&keeper->lock);
    struct holder *holder = holder_find(keeper, str_of(use->owner));
    if (holder && str_eq(holder_access(holder), access))
        holder->accepted = true;
    pthread_mutex_unlock(&keeper->lock);
}

void token_forget(struct token_keeper *keeper, struct str owner)
{
    pthread_mutex_lock(&keeper->lock);
    struct holder *holder = holder_find(keeper, owner);
    if (holder) {
        holder->usable_until_ms = 0;
        holder->accepted = true;
    }
    pthread_mutex_unlock(&keeper->lock);
}

/* Breakers: counts and times under one mutex. */
#include "gateway/breaker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway.h"

enum {
    BREAKERS_MAX = 16384,
    /* A probe that never reports (its thread died with an error of ours) is given up after this. */
    PROBE_MS = 60000,
};

struct breaker {
    unsigned failures; /* in a row */
    bool open, held;
    int64_t pause_ms;
    int64_t again_ms; /* open: when the next probe may go */
    char reason[sizeof(((struct err *)NULL)->message)];
    char name[BREAKER_NAME_BYTES];
};

struct breakers {
    pthread_mutex_t lock;
    struct map map; /* name -> struct breaker */
};

static const enum err_scope level_scopes[BREAKER_LEVELS] = {[LEVEL_PLATFORM] = ERR_SCOPE_PLATFORM,
                                                            [LEVEL_APP] = ERR_SCOPE_APP,
                                                            [LEVEL_SHOP] = ERR_SCOPE_SHOP};

enum err_class breakers_new(struct breakers **out, struct err *err)
{
    struct breakers *breakers = calloc(1, sizeof(*breakers));
    if (!breakers)
        return err_no_memory(err);
    pthread_mutex_init(&breakers->lock, NULL);
    map_init(&breakers->map, BREAKERS_MAX);
    *out = breakers;
    return ERR_OK;
}

void breakers_free(struct breakers *breakers)
{
    struct map_entry *entry;
    if (!breakers)
        return;
    for (size_t at = 0; (entry = map_next(&breakers->map, &at));)
        free(entry->value.ptr);
    map_fini(&breakers->map);
    pthread_mutex_destroy(&breakers->lock);
    free(breakers);
}

/* False where there is nothing to break. */
bool breaker_name(const struct breaker_place *place, enum breaker_level level,
                  char name[BREAKER_NAME_BYTES])
{
    int64_t id = level == LEVEL_APP ? place->app_id : place->shop_id;
    if (level == LEVEL_PLATFORM)
        snprintf(name, BREAKER_NAME_BYTES, "%.*s", STR_ARG(place->platform));
    else
        snprintf(name, BREAKER_NAME_BYTES, "%.*s/%s:%lld", STR_ARG(place->platform),
                 level == LEVEL_APP ? "app" : "shop", (long long)id);
    return level == LEVEL_PLATFORM || id != 0;
}

/* The breaker of a level or NULL; `make`: a new one where there is none. A breaker that finds no
 * memory is not there: calls go on without it. */
static struct breaker *breaker_at(struct breakers *breakers, const struct breaker_place *place,
                                  enum breaker_level level, bool make)
{
    char name[BREAKER_NAME_BYTES];
    if (!breaker_name(place, level, name))
        return NULL;
    struct map_entry *entry = map_find(&breakers->map, str_of(name));
    if (entry || !make)
        return entry ? entry->value.ptr : NULL;
    struct breaker *breaker = calloc(1, sizeof(*breaker));
    if (!breaker)
        return NULL;
    breaker->pause_ms = BREAKER_PAUSE_MS;
    memcpy(breaker->name, name, sizeof(name));
    entry = map_put(&breakers->map, str_of(breaker->name), NULL);
    if (!entry) {
        free(breaker);
        return NULL;
    }
    entry->value.ptr = breaker;
    return breaker;
}

static enum err_class breaker_refuse(const struct breaker *breaker, enum breaker_level level,
                                     int64_t now_ms, struct err *err)
{
    enum err_class class_;
    if (breaker->held)
        class_ = err_set(err, ERR_FORBIDDEN, "needs_person", "%s", breaker->reason);
    else
        class_ = err_set(err, ERR_LATER, "breaker_open",
                         "%s only failed lately and is left alone for %lld s", breaker->name,
                         (long long)((breaker->again_ms - now_ms + 999) / 1000));
    if (err) {
        err->scope = level_scopes[level];
        err->retry_at_ms = breaker->held ? 0 : breaker->again_ms;
    }
    return class_;
}

enum err_class breaker_ask(struct breakers *breakers, const struct breaker_place *place,
                           int64_t now_ms, struct breaker_pass *pass, struct err *err)
{
    enum err_class class_ = ERR_OK;
    *pass = (struct breaker_pass){{false}};
    pthread_mutex_lock(&breakers->lock);
    for (enum breaker_level level = 0; level < BREAKER_LEVELS && class_ == ERR_OK; level++) {
        const struct breaker *breaker = breaker_at(breakers, place, level, false);
        if (breaker && (breaker->held || (breaker->open && breaker->again_ms > now_ms)))
            class_ = breaker_refuse(breaker, level, now_ms, err);
    }
    /* Nobody refuses: only now does this call become the probe of what is open. */
    for (enum breaker_level level = 0; level < BREAKER_LEVELS && class_ == ERR_OK; level++) {
        struct breaker *breaker = breaker_at(breakers, place, level, false);
        if (!breaker || !breaker->open)
            continue;
        breaker->again_ms = now_ms + PROBE_MS;
        pass->probes[level] = true;
    }
    pthread_mutex_unlock(&breakers->lock);
    return class_;
}

static void breaker_failed(struct breaker *breaker, bool probe, int64_t now_ms)
{
    if (probe) {
        int64_t doubled_ms = breaker->pause_ms * 2;
        breaker->pause_ms = doubled_ms < BREAKER_PAUSE_MAX_MS ? doubled_ms : BREAKER_PAUSE_MAX_MS;
    } else if (breaker->open || ++breaker->failures < BREAKER_FAILURES) {
        /* Failures of calls that left before it opened teach nothing new. */
        return;
    }
    breaker->open = true;
    breaker->again_ms = now_ms + breaker->pause_ms;
}

static void breaker_succeeded(struct breaker *breaker)
{
    breaker->open = false;
    breaker->failures = 0;
    breaker->pause_ms = BREAKER_PAUSE_MS;
}

static enum breaker_level level_of(enum err_scope scope)
{
    if (scope == ERR_SCOPE_PLATFORM)
        return LEVEL_PLATFORM;
    return scope == ERR_SCOPE_APP ? LEVEL_APP : LEVEL_SHOP;
}

struct breaker_change breaker_report(struct breakers *breakers, const struct breaker_place *place,
                                     const struct breaker_pass *pass, enum err_class class_,
                                     enum err_scope scope, int64_t now_ms)
{
    struct breaker_change change = {{false}, {false}};
    bool failed = class_ == ERR_RETRY || class_ == ERR_BAD_REPLY;
    /* A refusal that the platform put into words is a sign of life. */
    bool answered = class_ == ERR_OK || class_ == ERR_TOKEN_EXPIRED || class_ == ERR_FORBIDDEN ||
                    class_ == ERR_BAD_REQUEST || class_ == ERR_NOT_READY ||
                    class_ == ERR_SPLIT_WINDOW;
    enum breaker_level at = level_of(scope);
    pthread_mutex_lock(&breakers->lock);
    for (enum breaker_level level = 0; level < BREAKER_LEVELS; level++) {
        bool here = failed && level == at;
        struct breaker *breaker = breaker_at(breakers, place, level, here);
        if (!breaker)
            continue;
        bool was_open = breaker->open;
        /* What fails in a shop has passed through its app and platform. */
        if (here)
            breaker_failed(breaker, pass->probes[level], now_ms);
        else if (answered || (failed && level < at))
            breaker_succeeded(breaker);
        else if (pass->probes[level])
            breaker->again_ms = now_ms;
        change.opened[level] = breaker->open && !was_open;
        change.closed[level] = was_open && !breaker->open;
    }
    pthread_mutex_unlock(&breakers->lock);
    return change;
}

void breaker_hold(struct breakers *breakers, const struct breaker_place *place,
                  enum breaker_level level, const char *reason)
{
    pthread_mutex_lock(&breakers->lock);
    struct breaker *breaker = breaker_at(breakers, place, level, true);
    if (breaker) {
        breaker->held = true;
        snprintf(breaker->reason, sizeof(breaker->reason), "%s", reason);
    }
    pthread_mutex_unlock(&breakers->lock);
}

void breaker_release(struct breakers *breakers, const struct breaker_place *place)
{
    pthread_mutex_lock(&breakers->lock);
    for (enum breaker_level level = 0; level < BREAKER_LEVELS; level++) {
        struct breaker *breaker = breaker_at(breakers, place, level, false);
        if (breaker)
            breaker->held = false;
    }
    pthread_mutex_unlock(&breakers->lock);
}

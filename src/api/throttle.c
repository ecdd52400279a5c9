/* Buckets and waits, in a table of sets: a text belongs to one set of THROTTLE_WAYS slots. */
#include "api/throttle.h"

#include <string.h>

void throttle_init(struct throttle *throttle)
{
    memset(throttle, 0, sizeof(*throttle));
    pthread_mutex_init(&throttle->lock, NULL);
}

void throttle_fini(struct throttle *throttle)
{
    pthread_mutex_destroy(&throttle->lock);
}

static uint64_t slot_hash(const char *kind, struct str who)
{
    uint64_t hash = hash_bytes(kind, strlen(kind)) * 1099511628211u ^ hash_bytes(who.ptr, who.len);
    return hash == 0 ? 1 : hash;
}

/* The slot of a text; `make`: that of the one that was used longest ago gives way. NULL: it has none. */
static struct throttle_slot *slot_of(struct throttle *throttle, const char *kind, struct str who,
                                     bool make)
{
    uint64_t hash = slot_hash(kind, who);
    struct throttle_slot *set =
        &throttle->slots[hash % (THROTTLE_SLOTS / THROTTLE_WAYS) * THROTTLE_WAYS];
    struct throttle_slot *oldest = set;
    for (size_t i = 0; i < THROTTLE_WAYS; i++) {
        if (set[i].hash == hash)
            return &set[i];
        /* One that makes somebody wait is worth more than one that does not. */
        bool less = set[i].fails < oldest->fails ||
                    (set[i].fails == oldest->fails && set[i].used_ms < oldest->used_ms);
        if (set[i].hash == 0 || (oldest->hash != 0 && less))
            oldest = &set[i];
    }
    if (!make)
        return NULL;
    *oldest = (struct throttle_slot){.hash = hash, .milli = -1};
    return oldest;
}

static int64_t bucket_ask(struct throttle *throttle, const char *kind, struct str who, int64_t rate,
                          int64_t burst, int64_t now_ms, int64_t takes_milli)
{
    int64_t wait = 0;
    if (rate <= 0)
        return 0;
    pthread_mutex_lock(&throttle->lock);
    struct throttle_slot *slot = slot_of(throttle, kind, who, true);
    int64_t passed_ms = now_ms - slot->used_ms;
    if (slot->milli < 0 || passed_ms > burst * 1000 / rate)
        slot->milli = burst * 1000;
    else if (passed_ms > 0)
        slot->milli += passed_ms * rate;
    if (slot->milli > burst * 1000)
        slot->milli = burst * 1000;
    slot->used_ms = now_ms;
    if (slot->milli >= 1000)
        slot->milli -= takes_milli;
    else
        wait = now_ms + (1000 - slot->milli + rate - 1) / rate;
    pthread_mutex_unlock(&throttle->lock);
    return wait;
}

int64_t throttle_take(struct throttle *throttle, const char *kind, struct str who, int64_t rate,
                      int64_t burst, int64_t now_ms)
{
    return bucket_ask(throttle, kind, who, rate, burst, now_ms, 1000);
}

int64_t throttle_look(struct throttle *throttle, const char *kind, struct str who, int64_t rate,
                      int64_t burst, int64_t now_ms)
{
    return bucket_ask(throttle, kind, who, rate, burst, now_ms, 0);
}

int64_t wrong_wait(struct throttle *throttle, const struct wrong_rule *rule, struct str who,
                   int64_t now_ms)
{
    pthread_mutex_lock(&throttle->lock);
    const struct throttle_slot *slot = slot_of(throttle, rule->kind, who, false);
    int64_t wait = slot && slot->wait_ms > now_ms ? slot->wait_ms : 0;
    pthread_mutex_unlock(&throttle->lock);
    return wait;
}

void wrong_add(struct throttle *throttle, const struct wrong_rule *rule, struct str who,
               int64_t now_ms)
{
    pthread_mutex_lock(&throttle->lock);
    struct throttle_slot *slot = slot_of(throttle, rule->kind, who, true);
    int64_t forgotten = now_ms > slot->used_ms ? (now_ms - slot->used_ms) / rule->forget_ms : 0;
    slot->fails = (slot->fails > forgotten ? slot->fails - forgotten : 0) + 1;
    slot->used_ms = now_ms;
    int64_t over = slot->fails - rule->free;
    int64_t wait = over <= 0 ? 0 : over > 20 ? rule->wait_max_ms : INT64_C(500) << over;
    slot->wait_ms = now_ms + (wait < rule->wait_max_ms ? wait : rule->wait_max_ms);
    pthread_mutex_unlock(&throttle->lock);
}

void wrong_forget(struct throttle *throttle, const struct wrong_rule *rule, struct str who)
{
    pthread_mutex_lock(&throttle->lock);
    struct throttle_slot *slot = slot_of(throttle, rule->kind, who, false);
    if (slot)
        *slot = (struct throttle_slot){0};
    pthread_mutex_unlock(&throttle->lock);
}

void throttle_mark(struct throttle *throttle, const char *kind, struct str who, int64_t now_ms)
{
    pthread_mutex_lock(&throttle->lock);
    slot_of(throttle, kind, who, true)->used_ms = now_ms;
    pthread_mutex_unlock(&throttle->lock);
}

bool throttle_marked(struct throttle *throttle, const char *kind, struct str who)
{
    pthread_mutex_lock(&throttle->lock);
    bool marked = slot_of(throttle, kind, who, false) != NULL;
    pthread_mutex_unlock(&throttle->lock);
    return marked;
}

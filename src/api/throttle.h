/* throttle: who asks too often waits. Token buckets for requests, and growing waits for passwords that were wrong; both by
 * a text (a person, an address, a name and an address), in memory of a fixed size. What was not asked about for longest makes room, so
 * that a flood of names takes no memory. A restart forgets everything.
 *
 * Private to the room. Threads: any. Time: milliseconds of clock_now_ms. */
#ifndef HUILIU_API_THROTTLE_H
#define HUILIU_API_THROTTLE_H

#include <pthread.h>

#include "base/base.h"

enum { THROTTLE_SLOTS = 4096, THROTTLE_WAYS = 8 };
struct throttle_slot {
    uint64_t hash; /* 0: free */
    int64_t used_ms;
    int64_t milli;   /* tokens of a bucket, 1/1000 */
    int64_t fails;   /* wrong passwords in a row */
    int64_t wait_ms; /* not before */
};
struct throttle {
    pthread_mutex_t lock;
    struct throttle_slot slots[THROTTLE_SLOTS];
};
void throttle_init(struct throttle *throttle);
void throttle_fini(struct throttle *throttle);

/* One token of a bucket that gains `rate` a second up to `burst`. 0: taken; else the earliest next time. rate 0: no bound. */
int64_t throttle_take(struct throttle *throttle, const char *kind, struct str who, int64_t rate,
                      int64_t burst, int64_t now_ms);
/* The same without taking. */
int64_t throttle_look(struct throttle *throttle, const char *kind, struct str who, int64_t rate,
                      int64_t burst, int64_t now_ms);

/* What was wrong, by a text: `free` times it costs nothing, each next one waits twice as long, at most wait_max_ms; each
 * forget_ms one of them is forgotten. */
struct wrong_rule {
    const char *kind;
    int64_t free, wait_max_ms, forget_ms;
};
/* 0: he may try; else when. */
int64_t wrong_wait(struct throttle *throttle, const struct wrong_rule *rule, struct str who,
                   int64_t now_ms);
void wrong_add(struct throttle *throttle, const struct wrong_rule *rule, struct str who,
               int64_t now_ms);
void wrong_forget(struct throttle *throttle, const struct wrong_rule *rule, struct str who);

/* Marks a text, for as long as there is room for it. */
void throttle_mark(struct throttle *throttle, const char *kind, struct str who, int64_t now_ms);
bool throttle_marked(struct throttle *throttle, const char *kind, struct str who);

#endif

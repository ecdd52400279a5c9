/* quota: how many calls a platform allows, per scope and method, as the platform counts them.
 *
 * A rule is "[PLATFORM:]shop|app=CALLS/SECONDS[,burst=B][,kind=bucket|window]". A bucket starts full
 * and refills evenly; a window allows CALLS in each period counted from the epoch. Every method
 * of every shop (or app) has its own count. A refused call costs nothing.
 *
 * Integers only, by the clock that the caller hands in. Threads: any; there is one lock. */
#ifndef HUILIU_SANDBOX_QUOTA_H
#define HUILIU_SANDBOX_QUOTA_H

#include <pthread.h>

#include "base/base.h"

enum { QUOTA_RULES_MAX = 8, QUOTA_METHODS_MAX = 8, QUOTA_CALLS_MAX = 1000000 };

enum quota_scope { QUOTA_SHOP, QUOTA_APP };

struct quota_rule {
    char platform[32]; /* empty: every platform */
    enum quota_scope scope;
    bool window;
    int64_t calls, per_ms, burst;
};

struct quota_count {
    int64_t level; /* bucket: call-milliseconds left (a call costs per_ms); window: calls taken */
    int64_t at_ms;
};

struct quota {
    struct quota_rule rules[QUOTA_RULES_MAX];
    size_t rules_len;
    size_t holders_max; /* more than any index of a shop or an app */
    struct quota_count *counts[QUOTA_RULES_MAX];
    pthread_mutex_t lock;
};

/* ERR_USAGE names what is wrong. */
enum err_class quota_rule_parse(struct str text, struct quota_rule *out, struct err *err);

enum err_class quota_init(struct quota *quota, size_t holders_max, struct err *err);
void quota_fini(struct quota *quota);
/* Replaces all rules; every count starts anew. */
enum err_class quota_set(struct quota *quota, const struct quota_rule *rules, size_t rules_len,
                         int64_t now_ms, struct err *err);

struct quota_call {
    const char *platform;
    uint32_t shop, app;
    unsigned method; /* below QUOTA_METHODS_MAX */
};
/* True: allowed, and counted in every rule that fits. False: one of them refuses. */
bool quota_take(struct quota *quota, const struct quota_call *call, int64_t now_ms);

#endif

/* Private to gateway: breakers. A place that only fails is left alone for a while, so that one bad
 * shop, app or platform pauses alone and a sick platform is not hammered.
 *
 * A breaker stands at each platform, app and shop. BREAKER_FAILURES failures in a row (ERR_RETRY,
 * ERR_BAD_REPLY) whose scope is that place open it for 30 s, then one call may probe; a failed
 * probe doubles the pause up to 10 min. Failures of scope request or record count at the shop. A
 * breaker that is held waits for a person instead (ERR_FORBIDDEN).
 *
 * A place is shut when any of its three breakers is. Time is handed in. Threads: any. */
#ifndef HUILIU_GATEWAY_BREAKER_H
#define HUILIU_GATEWAY_BREAKER_H

#include "base/base.h"

enum { BREAKER_PAUSE_MS = 30000, BREAKER_PAUSE_MAX_MS = 600000 };

struct breakers;

enum err_class breakers_new(struct breakers **out, struct err *err);
void breakers_free(struct breakers *breakers);

struct breaker_place {
    struct str platform;
    int64_t app_id, shop_id; /* 0: none, has no breaker */
};
enum breaker_level { LEVEL_PLATFORM, LEVEL_APP, LEVEL_SHOP, BREAKER_LEVELS };

/* What breaker_ask gave out; breaker_report must bring it back whatever became of the call. */
struct breaker_pass {
    bool probes[BREAKER_LEVELS];
};
/* ERR_LATER "breaker_open" with retry_at_ms; ERR_FORBIDDEN "needs_person" with scope and the reason. */
enum err_class breaker_ask(struct breakers *breakers, const struct breaker_place *place,
                           int64_t now_ms, struct breaker_pass *pass, struct err *err);
/* How the call ended. A class that says nothing about the place's health (ERR_LATER, ERR_STOPPED …)
 * only gives a probe back. */
struct breaker_change { /* what a person may want to know */
    bool opened[BREAKER_LEVELS], closed[BREAKER_LEVELS];
};
struct breaker_change breaker_report(struct breakers *breakers, const struct breaker_place *place,
                                     const struct breaker_pass *pass, enum err_class class_,
                                     enum err_scope scope, int64_t now_ms);
/* "platform", "platform/app:3", "platform/shop:7". */
enum { BREAKER_NAME_BYTES = 96 };
bool breaker_name(const struct breaker_place *place, enum breaker_level level,
                  char name[BREAKER_NAME_BYTES]);
/* Shut until breaker_release. */
void breaker_hold(struct breakers *breakers, const struct breaker_place *place,
                  enum breaker_level level, const char *reason);
/* A person has acted: every hold of the place ends. */
void breaker_release(struct breakers *breakers, const struct breaker_place *place);

#endif

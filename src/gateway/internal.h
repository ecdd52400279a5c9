/* Private to gateway: what call.c, token.c and gateway.c share. */
#ifndef HUILIU_GATEWAY_INTERNAL_H
#define HUILIU_GATEWAY_INTERNAL_H

#include <stdatomic.h>

#include "gateway/breaker.h"
#include "gateway/client.h"
#include "gateway/gateway.h"
#include "gateway/limits.h"
#include "gateway/token.h"

struct gateway {
    struct gateway_options options;
    struct client *client;
    struct breakers *breakers;
    struct limits *limits;
    struct token_keeper *tokens;
    pthread_mutex_t rng_lock;
    struct rng rng; /* jitter */
    volatile bool stopping;
    _Atomic int64_t calls, ok, failed, throttled, retried, token_refreshes, bytes_in;
};

/* Full jitter: uniform in [0, min(cap, base * 2^attempt)]. */
int64_t gateway_backoff_ms(struct gateway *gateway, const struct retry_rule *rule, int64_t attempt);
/* Marks what needs a person and holds its breaker; for ERR_FORBIDDEN of scope shop or app.
 * `use`: it is a token that is missing or dead, which is the trouble of every shop that uses it;
 * NULL: the platform's word about the place. */
void gateway_on_forbidden(struct gateway *gateway, const struct breaker_place *place,
                          const struct token_use *use, const struct err *cause);
/* Has a person given the app other credentials since these facts were read? */
bool gateway_app_is_otherwise(struct gateway *gateway, const struct facts *facts);
/* Whether the shop may be called again: a person has set it so since it was marked. */
bool gateway_shop_is_enabled(struct gateway *gateway, int64_t shop_id);

#endif

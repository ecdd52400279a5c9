/* Private to gateway: one flight, that is, getting a token that can be used: reading the row, and
 * where that does not do, refreshing or obtaining. Only one flight per owner goes at a time (token.c
 * within the process, the coord lock between processes). */
#ifndef HUILIU_GATEWAY_FLIGHT_H
#define HUILIU_GATEWAY_FLIGHT_H

#include "gateway/internal.h"
#include "gateway/token_use.h"

struct flight {
    struct gateway *gateway;
    const struct call_ask *ask; /* the call that needs the token */
    const struct auth *auth;
    const struct token_use *use; /* whose token */
    struct str locker;           /* who takes the lock between processes */
    struct str refused;          /* what the platform has just called expired, or empty */
    bool refused_is_young;       /* and had never accepted */
    struct arena *arena;
    /* What comes of it. */
    struct token_row row; /* row.access is the token */
    int64_t usable_until_ms;
    bool obtained;              /* new, not merely read */
    enum token_state loaded_as; /* the row in the store */
};

enum err_class flight_run(struct flight *flight, struct err *err);

#endif

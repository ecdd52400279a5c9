/* Private to coord: what a coordinator is behind its face. coord.c checks what it is asked before any of
 * these sees it: distinct keys, limits and costs that are some, names that are not empty.
 *
 * All but close may come from any thread at any time and may block as long as coord.h says. */
#ifndef HUILIU_COORD_OPS_H
#define HUILIU_COORD_OPS_H

#include "coord/coord.h"

struct coord_ops {
    void (*close)(struct coord *coord);
    enum err_class (*take)(struct coord *coord, const struct budget_ask *asks, size_t asks_len,
                           struct budget_comer comer, int64_t now_ms, int64_t horizon_ms,
                           int64_t *start_ms, struct err *err);
    /* A key that nobody asked for yet teaches nothing. */
    void (*refused)(struct coord *coord, struct str key, int64_t now_ms, int64_t retry_at_ms);
    void (*succeeded)(struct coord *coord, struct str key);
    void (*reset)(struct coord *coord, struct str key);
    size_t (*list)(struct coord *coord, int64_t now_ms, struct arena *arena,
                   struct budget_state *out, size_t max);
    enum err_class (*lock_take)(struct coord *coord, struct str name, struct str owner,
                                int64_t now_ms, int64_t ttl_ms, uint64_t *fence, struct err *err);
    enum err_class (*lock_renew)(struct coord *coord, struct str name, struct str owner,
                                 int64_t now_ms, int64_t ttl_ms, struct err *err);
    void (*lock_release)(struct coord *coord, struct str name, struct str owner);
    /* Both NULL where nothing is shared. */
    void (*workers_set)(struct coord *coord, unsigned living, unsigned others_degraded);
    bool (*is_degraded)(struct coord *coord, int64_t now_ms);
};

/* The first member of every coordinator. */
struct coord {
    const struct coord_ops *ops;
};

/* Forgets every budget of a coordinator of local.c; its locks stay. */
void coord_local_empty(struct coord *coord);

#endif

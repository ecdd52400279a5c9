/* world: the shops and orders that the sandbox plays, the same for every platform.
 *
 * A world is a pure function of (seed, now): an order's creation, its up to four changes and the
 * times of both follow from the seed and the order's number, and *churn* (orders that change at a
 * steady rate as time goes on) from the seed and the tick's number. What an order's state means,
 * its amounts, names and status words, is the platform's file's business.
 *
 * An order takes 36 bytes; nothing is rendered here. Ids are a permutation of the order's number,
 * so that an order is found by its id without a table.
 *
 * Ownership: a shop owns its orders; views are copies. Threads: any; a shop has a lock. A shop's
 * time never runs backwards: an earlier `now_s` reads the latest state that was asked for. */
#ifndef HUILIU_SANDBOX_WORLD_H
#define HUILIU_SANDBOX_WORLD_H

#include <pthread.h>

#include "base/base.h"

enum {
    ORDER_STEPS_MAX = 4,
    /* 26 bits of number and 20 of shop make the ids; the rest of a 46-bit id would be empty. */
    SHOP_ORDERS_MAX = 1 << 26,
    SHOPS_MAX = 1 << 20,
};

/* One course that an order may take. `share` weighs it against the other courses. */
struct lifecycle {
    unsigned share;
    uint8_t steps;
    struct {
        uint32_t min_s, max_s; /* after the change before it */
    } delay[ORDER_STEPS_MAX];
};

struct world_kind {
    const struct lifecycle *lifecycles;
    size_t lifecycles_len;
    uint64_t id_base; /* ids are id_base + [0, 2^id_bits) */
    unsigned id_bits; /* 46..62 */
};

struct world_plan {
    uint64_t seed;
    uint32_t from_s, to_s; /* creation times, [from, to) */
    uint32_t rest_s;       /* nothing happens after this; UINT32_MAX: things happen for ever */
    uint32_t big_day_s;    /* start of the day that takes the big day's orders */
    uint32_t big_day_orders;
    uint32_t churn_per_minute;
    uint32_t churn_from_s;
};

struct order {
    uint32_t created_s;
    uint32_t step_s[ORDER_STEPS_MAX];
    uint32_t churned_s; /* last churn */
    uint32_t number;
    uint16_t churns;
    uint8_t lifecycle;
    uint8_t steps; /* that will ever happen */
};

/* An order as it stands at a moment. */
struct order_view {
    struct order order;
    uint64_t id;
    uint64_t hash; /* the order's own random bits, the same in every state */
    uint32_t updated_s;
    uint8_t step; /* steps that have happened */
    bool churned; /* the last change was a churn, not a step */
};

struct order_event {
    uint32_t at_s, position;
};

struct shop {
    uint32_t index; /* within its platform */
    uint32_t app;   /* index of its app within the platform */
    const struct world_kind *kind;
    struct world_plan plan;
    uint64_t seed;
    struct order *orders; /* by (created_s, id) */
    size_t orders_len;
    const uint64_t *given_ids; /* by number, for recorded orders; NULL: computed */
    uint32_t stands_s;         /* its time is never before this: the day of a record */
    pthread_mutex_t lock;
    /* Guarded by the lock: the state the shop stands at. */
    uint32_t at_s;
    uint32_t visible;     /* orders[0, visible) exist */
    uint32_t *by_updated; /* positions by (updated_s, id); NULL until first asked */
    struct order_event *events;
    size_t events_len, events_at;
    uint64_t churn_ticks;
    uint64_t changes; /* moves whenever the state does */
};

/* orders_len orders made from the seed; the big day's come first among them. ERR_INTERNAL. */
enum err_class shop_init(struct shop *shop, const struct world_kind *kind,
                         const struct world_plan *plan, uint32_t index, size_t orders_len,
                         struct err *err);
/* Recorded orders: number, created_s and ids are given and never change. Takes `orders` (malloc). */
enum err_class shop_init_given(struct shop *shop, const struct world_kind *kind,
                               const struct world_plan *plan, uint32_t index, struct order *orders,
                               size_t orders_len, const uint64_t *ids, struct err *err);
void shop_fini(struct shop *shop);
/* Changes the rate from now on. */
void shop_set_churn(struct shop *shop, uint32_t per_minute, uint32_t now_s);

enum list_sort { LIST_BY_CREATED, LIST_BY_UPDATED, LIST_BY_ID };
typedef bool list_accept(void *context, const struct order_view *view);

struct list_query {
    enum list_sort sort;
    bool descending;       /* not together with `after` */
    uint32_t from_s, to_s; /* of the sorted time (by id: of creation), both inclusive */
    bool after;            /* only rows behind this place: stable while rows move */
    uint32_t after_s;
    uint64_t after_id;
    size_t offset, limit;
    int64_t shift;       /* fault: the rows come from this many places further on */
    list_accept *accept; /* NULL: all */
    void *context;
};

struct list_page {
    struct order_view *rows;
    size_t rows_len;
    uint64_t total; /* of the whole query, the place ignored */
    size_t start;   /* rank of the first row of the page */
    bool more;      /* rows behind this page exist */
    uint32_t last_s;
    uint64_t last_id; /* place of the page's last row, as if nothing had been shifted */
    uint64_t changes; /* the shop's, for caches */
};

enum err_class shop_list(struct shop *shop, const struct list_query *query, uint32_t now_s,
                         struct arena *arena, struct list_page *out, struct err *err);
/* One order by its id; false when it does not exist (yet). */
bool shop_find(struct shop *shop, uint64_t id, uint32_t now_s, struct order_view *out);

/* Random bits that depend on both numbers; the sandbox's only source of chance. */
uint64_t world_mix(uint64_t a, uint64_t b);

#endif

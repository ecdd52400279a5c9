/* Orders made from a seed: their ids, their times, and a shop's life cycle. */
#include "sandbox/world_internal.h"

#include <assert.h>
#include <stdlib.h>

enum { DAY_S = 86400, NUMBER_BITS = 26 };

uint64_t world_mix(uint64_t a, uint64_t b)
{
    /* splitmix64's finisher over both, twice, so that neighbours share no bits. */
    uint64_t z = a * 0x9e3779b97f4a7c15 + b;
    for (int i = 0; i < 2; i++) {
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        z = (z ^ z >> 31) + 0x9e3779b97f4a7c15;
    }
    return z;
}

/* Ids are a permutation of the number within id_bits: multiply, then fold the high bits down. */
static const uint64_t ID_FACTOR = 0x9e3779b97f4a7c15; /* odd, so it has an inverse mod 2^bits */

static uint64_t id_mask(const struct world_kind *kind)
{
    return (UINT64_C(1) << kind->id_bits) - 1;
}

uint64_t shop_id_of(const struct shop *shop, uint32_t number)
{
    if (shop->given_ids)
        return shop->given_ids[number];
    uint64_t mask = id_mask(shop->kind);
    uint64_t x = (uint64_t)shop->index << NUMBER_BITS | number;
    x = ((x ^ shop->plan.seed) * ID_FACTOR) & mask;
    x ^= x >> (shop->kind->id_bits / 2 + 1);
    return shop->kind->id_base + x;
}

bool shop_number_of(const struct shop *shop, uint64_t id, uint32_t *number)
{
    uint64_t mask = id_mask(shop->kind);
    if (id < shop->kind->id_base || id - shop->kind->id_base > mask)
        return false;
    uint64_t inverse = ID_FACTOR; /* Newton: each round doubles the good bits, starting with 3 */
    for (int i = 0; i < 5; i++)
        inverse *= 2 - ID_FACTOR * inverse;
    uint64_t x = id - shop->kind->id_base;
    x ^= x >> (shop->kind->id_bits / 2 + 1); /* a fold of more than half undoes itself */
    x = ((x * inverse) ^ shop->plan.seed) & mask;
    if (x >> NUMBER_BITS != shop->index || (x & (SHOP_ORDERS_MAX - 1)) >= shop->orders_len)
        return false;
    *number = (uint32_t)(x & (SHOP_ORDERS_MAX - 1));
    return true;
}

uint64_t order_hash(const struct shop *shop, uint32_t number)
{
    return world_mix(shop->seed, number);
}

static uint8_t lifecycle_pick(const struct world_kind *kind, uint64_t random)
{
    unsigned shares = 0, i = 0;
    for (size_t k = 0; k < kind->lifecycles_len; k++)
        shares += kind->lifecycles[k].share;
    for (uint64_t at = random % shares; at >= kind->lifecycles[i].share; i++)
        at -= kind->lifecycles[i].share;
    return (uint8_t)i;
}

void order_make(const struct shop *shop, uint32_t number, struct order *out)
{
    const struct world_plan *plan = &shop->plan;
    uint64_t hash = order_hash(shop, number);
    uint64_t when = world_mix(hash, 1);
    bool big_day = number < plan->big_day_orders;
    uint32_t from_s = big_day ? plan->big_day_s : plan->from_s;
    uint32_t span_s = big_day ? DAY_S : plan->to_s - plan->from_s;
    *out = (struct order){
        .number = number,
        .created_s = from_s + (uint32_t)(when % span_s),
        .lifecycle = lifecycle_pick(shop->kind, world_mix(hash, 2)),
    };
    const struct lifecycle *course = &shop->kind->lifecycles[out->lifecycle];
    uint64_t at_s = out->created_s;
    for (uint8_t i = 0; i < course->steps; i++) {
        uint64_t width_s = (uint64_t)course->delay[i].max_s - course->delay[i].min_s + 1;
        at_s += course->delay[i].min_s + world_mix(hash, 3U + i) % width_s;
        if (at_s > plan->rest_s)
            break;
        out->step_s[out->steps++] = (uint32_t)at_s;
    }
}

int key_compare(const void *left, const void *right)
{
    const struct sort_key *a = left, *b = right;
    if (a->at_s != b->at_s)
        return a->at_s < b->at_s ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* Puts the orders into their creation order; ties by id, so that lists are total orders. */
static enum err_class orders_sort(struct shop *shop, struct err *err)
{
    size_t len = shop->orders_len;
    struct sort_key *keys = malloc((len + 1) * sizeof *keys);
    struct order *sorted = malloc((len + 1) * sizeof *sorted);
    enum err_class class_ = keys && sorted ? ERR_OK : err_no_memory(err);
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        const struct order *order = &shop->orders[i];
        keys[i] = (struct sort_key){order->created_s, (uint32_t)i, shop_id_of(shop, order->number)};
    }
    if (class_ == ERR_OK) {
        qsort(keys, len, sizeof *keys, key_compare);
        for (size_t i = 0; i < len; i++)
            sorted[i] = shop->orders[keys[i].position];
        struct order *unsorted = shop->orders;
        shop->orders = sorted;
        sorted = unsorted;
    }
    free(keys);
    free(sorted);
    return class_;
}

enum err_class shop_init_given(struct shop *shop, const struct world_kind *kind,
                               const struct world_plan *plan, uint32_t index, struct order *orders,
                               size_t orders_len, const uint64_t *ids, struct err *err)
{
    assert(orders_len <= SHOP_ORDERS_MAX && index < SHOPS_MAX);
    assert(kind->id_bits >= 46 && kind->id_bits <= 62);
    *shop = (struct shop){
        .index = index,
        .kind = kind,
        .plan = *plan,
        .seed = world_mix(plan->seed, kind->id_base + index),
        .orders = orders,
        .orders_len = orders_len,
        .given_ids = ids,
    };
    pthread_mutex_init(&shop->lock, NULL);
    return orders_sort(shop, err);
}

enum err_class shop_init(struct shop *shop, const struct world_kind *kind,
                         const struct world_plan *plan, uint32_t index, size_t orders_len,
                         struct err *err)
{
    assert(plan->from_s < plan->to_s);
    struct order *orders = malloc((orders_len + 1) * sizeof *orders);
    struct shop maker = {.index = index,
                         .kind = kind,
                         .plan = *plan,
                         .seed = world_mix(plan->seed, kind->id_base + index)};
    for (size_t i = 0; orders && i < orders_len; i++)
        order_make(&maker, (uint32_t)i, &orders[i]);
    if (!orders) {
        *shop = (struct shop){0};
        return err_no_memory(err);
    }
    return shop_init_given(shop, kind, plan, index, orders, orders_len, NULL, err);
}

void shop_fini(struct shop *shop)
{
    if (!shop->kind)
        return;
    free(shop->orders);
    free(shop->by_updated);
    free(shop->events);
    pthread_mutex_destroy(&shop->lock);
    *shop = (struct shop){0};
}

/* Private to the world: what making orders and listing them share. */
#ifndef HUILIU_SANDBOX_WORLD_INTERNAL_H
#define HUILIU_SANDBOX_WORLD_INTERNAL_H

#include "sandbox/world.h"

/* Where an order stands in a list: by time, then id, so that every list is a total order. */
struct sort_key {
    uint32_t at_s, position;
    uint64_t id;
};
int key_compare(const void *left, const void *right);

uint64_t shop_id_of(const struct shop *shop, uint32_t number);
/* The number behind an id of this shop; false for a foreign one. */
bool shop_number_of(const struct shop *shop, uint64_t id, uint32_t *number);
uint64_t order_hash(const struct shop *shop, uint32_t number);
void order_make(const struct shop *shop, uint32_t number, struct order *out);

#endif

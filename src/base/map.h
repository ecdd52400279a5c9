/* A hash map from bytes to a pointer-sized value; keys are borrowed and must outlive the map (put
 * them in the same arena as the thing). Open addressing, seeded hash, at most `entries_max`.
 *
 * Life cycle: map_init / map_fini. Threads: one at a time. */
#ifndef HUILIU_BASE_MAP_H
#define HUILIU_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct map_entry {
    struct str key;
    uint64_t hash;
    union {
        void *ptr;
        uint64_t number;
    } value;
    bool used;
};

struct map {
    struct map_entry *entries;
    size_t len;
    size_t room; /* power of two */
    size_t entries_max;
};

void map_init(struct map *map, size_t entries_max);
void map_fini(struct map *map);
/* The entry of a key or NULL; valid until the next map_put. */
struct map_entry *map_find(const struct map *map, struct str key);
/* Finds or adds (value zeroed); *added (may be NULL) tells which. NULL: no memory or full. */
struct map_entry *map_put(struct map *map, struct str key, bool *added);
/* Removes; true if it was there. */
bool map_remove(struct map *map, struct str key);
/* Iterates in table order: start with *at = 0; NULL at the end. Do not change the map meanwhile. */
struct map_entry *map_next(const struct map *map, size_t *at);

/* A fast, seeded, non-cryptographic 64-bit hash for tables in memory; never stored. */
uint64_t hash_bytes(const void *bytes, size_t bytes_len);

#endif

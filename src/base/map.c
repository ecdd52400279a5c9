/* Open addressing with linear probing; removal shifts back, so that there are no tombstones. */
#include "base/map.h"

#include <stdlib.h>

#include "base/fail.h"

enum { MAP_FIRST_ROOM = 16 };

void map_init(struct map *map, size_t entries_max)
{
    *map = (struct map){.entries_max = entries_max};
}

void map_fini(struct map *map)
{
    free(map->entries);
    *map = (struct map){.entries_max = map->entries_max};
}

/* The entry of the key, or the free one where it belongs. The table is never full. */
static struct map_entry *map_probe(const struct map *map, struct str key, uint64_t hash)
{
    size_t mask = map->room - 1;
    size_t at = (size_t)hash & mask;
    while (map->entries[at].used) {
        if (map->entries[at].hash == hash && str_eq(map->entries[at].key, key))
            break;
        at = (at + 1) & mask;
    }
    return &map->entries[at];
}

struct map_entry *map_find(const struct map *map, struct str key)
{
    if (map->len == 0)
        return NULL;
    struct map_entry *entry = map_probe(map, key, hash_bytes(key.ptr, key.len));
    return entry->used ? entry : NULL;
}

static bool map_grow(struct map *map)
{
    struct map bigger = *map;
    bigger.room = map->room == 0 ? MAP_FIRST_ROOM : map->room * 2;
    bigger.entries = FAIL_POINT("base.alloc") ? NULL : calloc(bigger.room, sizeof(*bigger.entries));
    if (!bigger.entries)
        return false;
    for (size_t i = 0; i < map->room; i++) {
        if (map->entries[i].used)
            *map_probe(&bigger, map->entries[i].key, map->entries[i].hash) = map->entries[i];
    }
    free(map->entries);
    *map = bigger;
    return true;
}

struct map_entry *map_put(struct map *map, struct str key, bool *added)
{
    bool unused;
    if (!added)
        added = &unused;
    *added = false;

    uint64_t hash = hash_bytes(key.ptr, key.len);
    struct map_entry *entry = map->room == 0 ? NULL : map_probe(map, key, hash);
    if (entry && entry->used)
        return entry;
    if (map->len >= map->entries_max)
        return NULL;
    /* At most three quarters full: probes stay short, and map_probe always meets a free entry. */
    if (map->len + 1 > map->room / 4 * 3) {
        if (!map_grow(map))
            return NULL;
        entry = map_probe(map, key, hash);
    }
    *entry = (struct map_entry){.key = key, .hash = hash, .used = true};
    map->len++;
    *added = true;
    return entry;
}

bool map_remove(struct map *map, struct str key)
{
    struct map_entry *entry = map_find(map, key);
    if (!entry)
        return false;
    size_t mask = map->room - 1;
    size_t hole = (size_t)(entry - map->entries);
    for (size_t at = (hole + 1) & mask; map->entries[at].used; at = (at + 1) & mask) {
        /* An entry may move into the hole unless its own place lies after the hole. */
        size_t home = (size_t)map->entries[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->entries[hole] = map->entries[at];
            hole = at;
        }
    }
    map->entries[hole] = (struct map_entry){.used = false};
    map->len--;
    return true;
}

struct map_entry *map_next(const struct map *map, size_t *at)
{
    while (*at < map->room) {
        struct map_entry *entry = &map->entries[(*at)++];
        if (entry->used)
            return entry;
    }
    return NULL;
}

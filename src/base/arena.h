/* An arena hands out memory that is freed in one call: one per page, task or request.
 *
 * Life cycle: arena_init / arena_fini with caller's storage; arena_reset keeps one block (at
 * most 1 MB) for the next round. Memory is zeroed. In sanitizer builds (HUILIU_DEBUG_ARENA) every
 * allocation is a plain malloc so that overruns and use after reset are seen.
 * Ownership: what comes out belongs to the arena. Threads: one thread at a time.
 * Errors: NULL when memory or the arena's maximum (ARENA_BYTES_MAX) is used up; the caller turns
 * that into err_no_memory(). */
#ifndef HUILIU_BASE_ARENA_H
#define HUILIU_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *head;
    size_t used_bytes;
    size_t bytes_max;
};

void arena_init(struct arena *arena);
/* As arena_init with a bound of its own. */
void arena_init_max(struct arena *arena, size_t bytes_max);
void arena_fini(struct arena *arena);
/* Everything handed out becomes invalid. */
void arena_reset(struct arena *arena);

/* Zeroed and aligned for any type. count * size is checked for overflow. */
void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_array(struct arena *arena, size_t count, size_t bytes_each);
/* Room for one member more of a list of `len`: the list where there is room, else a copy with twice as much (the old one stays
 * the arena's). NULL: no memory, and the list is as it was. An empty list is NULL with *room 0. */
void *arena_grow(struct arena *arena, void *items, size_t len, size_t *room, size_t bytes_each);
/* Copies; the copy is terminated too, so that .ptr can be handed to C interfaces.
 * On failure .ptr is NULL (an empty string has a non-NULL .ptr). */
struct str arena_dup(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#endif

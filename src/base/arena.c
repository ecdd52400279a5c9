/* Memory that is freed in one call: a list of blocks, the newest first. */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/limits.h"

/* Blocks double from the first size, which a request fits into, to the largest, which keeps the
 * number of blocks of a full page small without holding much more than was asked for. */
enum { BLOCK_FIRST_BYTES = 16 * 1024, BLOCK_LARGEST_BYTES = 256 * 1024, GROW_FIRST_ROOM = 16 };

struct arena_block {
    struct arena_block *next;
    size_t room_bytes;
    size_t used_bytes;
    alignas(max_align_t) unsigned char bytes[];
};

#ifdef HUILIU_DEBUG_ARENA
static const bool arena_plain = true;
#else
static const bool arena_plain = false;
#endif

void arena_init(struct arena *arena)
{
    arena_init_max(arena, ARENA_BYTES_MAX);
}

void arena_init_max(struct arena *arena, size_t bytes_max)
{
    *arena = (struct arena){.bytes_max = bytes_max};
}

/* Frees all blocks except `kept` (which may be NULL). */
static void arena_free_blocks(struct arena *arena, struct arena_block *kept)
{
    for (struct arena_block *block = arena->head, *next; block; block = next) {
        next = block->next;
        if (block != kept)
            free(block);
    }
    arena->head = kept;
    arena->used_bytes = 0;
}

void arena_fini(struct arena *arena)
{
    arena_free_blocks(arena, NULL);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = arena->head;
    /* A block that was made for one large object is not worth holding on to. */
    if (arena_plain || (kept && kept->room_bytes > BLOCK_LARGEST_BYTES))
        kept = NULL;
    arena_free_blocks(arena, kept);
    if (kept) {
        kept->next = NULL;
        kept->used_bytes = 0;
    }
}

/* A block with room for `bytes`, in the list. */
static struct arena_block *block_add(struct arena *arena, size_t bytes)
{
    struct arena_block *head = arena->head;
    size_t room = head ? head->room_bytes * 2 : BLOCK_FIRST_BYTES;
    if (room > BLOCK_LARGEST_BYTES)
        room = BLOCK_LARGEST_BYTES;
    /* An object that would fill most of a block gets one of its own. */
    bool own = arena_plain || bytes > room / 2;
    if (own)
        room = bytes;

    if (FAIL_POINT("base.alloc"))
        return NULL;
    struct arena_block *block = malloc(sizeof(*block) + room);
    if (!block)
        return NULL;
    block->room_bytes = room;
    block->used_bytes = 0;
    if (own && head) {
        /* Behind the head, so that the room that is left in the head stays in use. */
        block->next = head->next;
        head->next = block;
    } else {
        block->next = head;
        arena->head = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    const size_t align = alignof(max_align_t);
    if (bytes > arena->bytes_max - arena->used_bytes)
        return NULL;
    /* Every object has an address of its own. Plain blocks stay exact: overruns must be seen. */
    size_t size = bytes == 0 ? 1 : bytes;
    if (!arena_plain)
        size = (size + align - 1) / align * align;

    struct arena_block *block = arena->head;
    if (arena_plain || !block || block->room_bytes - block->used_bytes < size)
        block = block_add(arena, size);
    if (!block)
        return NULL;
    unsigned char *object = block->bytes + block->used_bytes;
    block->used_bytes += size;
    arena->used_bytes += bytes;
    return memset(object, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t bytes_each)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, bytes_each, &bytes))
        return NULL;
    return arena_alloc(arena, bytes);
}

void *arena_grow(struct arena *arena, void *items, size_t len, size_t *room, size_t bytes_each)
{
    if (len < *room)
        return items;
    if (*room > SIZE_MAX / 2)
        return NULL;
    size_t wanted = *room > 0 ? *room * 2 : GROW_FIRST_ROOM;
    void *bigger = arena_array(arena, wanted, bytes_each);
    if (!bigger)
        return NULL;
    if (len > 0)
        memcpy(bigger, items, len * bytes_each);
    *room = wanted;
    return bigger;
}

struct str arena_dup(struct arena *arena, struct str s)
{
    char *copy = s.len == SIZE_MAX ? NULL : arena_alloc(arena, s.len + 1);
    if (!copy)
        return STR_NONE;
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    return (struct str){copy, s.len};
}

struct str arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text ? (struct str){text, (size_t)len} : STR_NONE;
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

/* A growable run of bytes with a maximum; the first failure sticks. */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

enum { BUF_FIRST_BYTES = 256 };

void buf_init(struct buf *buf, size_t bytes_max)
{
    *buf = (struct buf){.bytes_max = bytes_max};
}

void buf_init_lent(struct buf *buf, char *memory, size_t memory_bytes)
{
    *buf = (struct buf){
        .ptr = memory, .room_bytes = memory_bytes, .bytes_max = memory_bytes - 1, .lent = true};
    memory[0] = '\0';
}

void buf_fini(struct buf *buf)
{
    if (!buf->lent)
        free(buf->ptr);
    *buf = (struct buf){.bytes_max = buf->bytes_max};
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

/* Room for `more` bytes and the terminator; false sets `failed`. */
static bool buf_reserve(struct buf *buf, size_t more)
{
    if (buf->failed)
        return false;
    /* There is room nearly always: the rest is for the few times when there is none. */
    if (more < buf->room_bytes - buf->len && buf->room_bytes > 0)
        return true;
    buf->failed = true;
    /* SIZE_MAX as a maximum would leave no room for the terminator. */
    if (more > buf->bytes_max - buf->len || buf->len + more == SIZE_MAX)
        return false;
    size_t needed = buf->len + more + 1; /* lent memory always has room for the maximum */
    if (needed > buf->room_bytes) {
        size_t room = buf->room_bytes < BUF_FIRST_BYTES ? BUF_FIRST_BYTES : buf->room_bytes;
        while (room < needed)
            room = room > SIZE_MAX / 2 ? needed : room * 2;
        /* Doubling must not take more than the maximum allows. */
        if (room - 1 > buf->bytes_max)
            room = buf->bytes_max + 1;
        char *ptr = FAIL_POINT("base.alloc") ? NULL : realloc(buf->ptr, room);
        if (!ptr)
            return false;
        buf->ptr = ptr;
        buf->room_bytes = room;
    }
    buf->failed = false;
    return true;
}

void buf_add_bytes(struct buf *buf, const void *bytes, size_t bytes_len)
{
    if (!buf_reserve(buf, bytes_len))
        return;
    if (bytes_len > 0)
        memcpy(buf->ptr + buf->len, bytes, bytes_len);
    buf->len += bytes_len;
    buf->ptr[buf->len] = '\0';
}

char *buf_grow(struct buf *buf, size_t bytes_len)
{
    if (!buf_reserve(buf, bytes_len))
        return NULL;
    char *at = buf->ptr + buf->len;
    buf->len += bytes_len;
    buf->ptr[buf->len] = '\0';
    return at;
}

void buf_add(struct buf *buf, struct str s)
{
    buf_add_bytes(buf, s.ptr, s.len);
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add_bytes(buf, &c, 1);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len < 0)
        buf->failed = true;
    else if (buf_reserve(buf, (size_t)len)) {
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(buf, format, args);
    va_end(args);
}

struct str buf_str(const struct buf *buf)
{
    return buf->ptr ? (struct str){buf->ptr, buf->len} : STR("");
}

/* A growable run of bytes with a maximum. Appending never fails loudly: the first failure
 * (memory, or the maximum) sets `failed`, later appends do nothing, and the caller asks once at
 * the end. That keeps code that builds text readable.
 *
 * Life cycle: buf_init / buf_fini with caller's storage. The bytes are owned by the buf. Threads:
 * one at a time.
 *
 *     struct buf out;
 *     buf_init(&out, BODY_BYTES_MAX);
 *     buf_add(&out, STR("page="));
 *     buf_printf(&out, "%d", page);
 *     if (out.failed) ... */
#ifndef HUILIU_BASE_BUF_H
#define HUILIU_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buf {
    char *ptr; /* always terminated when not NULL */
    size_t len;
    size_t room_bytes;
    size_t bytes_max;
    bool failed, lent;
};

void buf_init(struct buf *buf, size_t bytes_max);
/* In the caller's memory, which must outlive it: at most memory_bytes - 1 bytes, and no allocation. */
void buf_init_lent(struct buf *buf, char *memory, size_t memory_bytes);
void buf_fini(struct buf *buf);
/* Empties it and clears `failed`; keeps the memory. */
void buf_reset(struct buf *buf);
void buf_add(struct buf *buf, struct str s);
void buf_add_char(struct buf *buf, char c);
void buf_add_bytes(struct buf *buf, const void *bytes, size_t bytes_len);
/* `bytes_len` bytes at the end for the caller to fill; NULL sets `failed`. */
char *buf_grow(struct buf *buf, size_t bytes_len);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Borrow what is there now; valid until the next change. */
struct str buf_str(const struct buf *buf);

#endif

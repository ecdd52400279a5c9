/* Writing JSON by hand: commas and quotes are kept right here, the structure is the caller's.
 *
 *     emit_open(&out, "shop", '{');
 *     emit_str(&out, "name", name);
 *     emit_close(&out, '}');
 *
 * `key` is NULL inside an array and for the outermost value. Threads: one at a time. */
#ifndef HUILIU_APP_EMIT_H
#define HUILIU_APP_EMIT_H

#include "base/base.h"

struct emit {
    struct buf *out;
    bool comma; /* something stands before in the same container */
};
struct emit emit_to(struct buf *out);
void emit_open(struct emit *emit, const char *key, char bracket);
void emit_close(struct emit *emit, char bracket);
void emit_str(struct emit *emit, const char *key, struct str text);
void emit_i64(struct emit *emit, const char *key, int64_t number);
void emit_bool(struct emit *emit, const char *key, bool truth);
void emit_null(struct emit *emit, const char *key);
/* An instant as "2026-01-28T00:00:00.000Z". */
void emit_time(struct emit *emit, const char *key, int64_t utc_ms);
/* Text that is JSON already. */
void emit_raw(struct emit *emit, const char *key, struct str json);

#endif

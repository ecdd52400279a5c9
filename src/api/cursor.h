/* cursor: where a page of a list ended, as one opaque word. It holds the values of the last row by which the list is sorted,
 * and is tied by a keyed hash (HMAC-SHA-256, 12 bytes) to what it belongs to: `tie` is everything that makes the list what it
 * is (its name, sort, filters). A word that was made up, cut, or belongs to something else does not read.
 *
 * Threads: none of its own. Errors: ERR_USAGE "cursor_foreign". */
#ifndef HUILIU_API_CURSOR_H
#define HUILIU_API_CURSOR_H

#include "base/base.h"
#include "store/store.h"

enum { CURSOR_VALUES_MAX = 8, CURSOR_BYTES_MAX = 2000 };
enum err_class cursor_write(struct str secret, struct str tie, const struct sql_value *values,
                            size_t len, struct arena *arena, struct str *out, struct err *err);
/* values: `len` of them, their texts in the arena. */
enum err_class cursor_read(struct str secret, struct str tie, struct str cursor,
                           struct sql_value *values, size_t len, struct arena *arena,
                           struct err *err);

#endif

/* path: addresses against patterns. A path is split at the slashes that were sent, and only then decoded: an id with a slash
 * in it is sent as %2F and stays one segment. Private to the room. Threads: any. */
#ifndef HUILIU_API_PATH_H
#define HUILIU_API_PATH_H

#include "base/base.h"

/* "/a/{b}" fits "/a/x": how many values stand in it, which are put into `values` as they were sent; SIZE_MAX: another path,
 * or more values than there is room for. */
size_t path_fits(struct str pattern, struct str path_raw, struct str *values, size_t values_max);
/* A value of it; the escapes were checked when the request came. Broken: no memory. */
struct str path_value(struct str raw, struct arena *arena);

#endif

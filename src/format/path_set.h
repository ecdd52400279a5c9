/* Several paths followed at once while a value is walked: a bit a path, set as long as the walk
 * stands where the path leads. Private to the room: json_write.c walks, path.c knows the steps. */
#ifndef HUILIU_FORMAT_PATH_SET_H
#define HUILIU_FORMAT_PATH_SET_H

#include "format/path.h"

/* A member or element about to be entered. */
struct path_child {
    const struct json *container;
    const struct json *value;
    struct str key; /* of a member */
    size_t index;   /* of an element */
};

/* The paths that start at the record itself. At most PATH_SET_MAX. */
uint64_t path_set_start(const struct path *const *paths, size_t paths_len);
/* Those of `alive` whose step number `depth` leads into the child. */
uint64_t path_set_enter(const struct path *const *paths, uint64_t alive, size_t depth,
                        const struct path_child *child);
/* The first of `alive` that ends after `depth` steps, or SIZE_MAX. */
size_t path_set_match(const struct path *const *paths, uint64_t alive, size_t depth);

#endif

/* Where something is in a JSON value. Compiled once from manifest text:
 *
 *     data.order_list            members
 *     ["a.b"].c                  a member whose name has a dot
 *     items[0], items[-1]        an element, from the end when negative
 *     data.orders[]              explode: each element
 *     result.pageItems[].orderList[]   two levels; `^` leads back to the enclosing element
 *     ^.parentOrderMap.sn        (in a field) member of the enclosing element; ^^ two levels up
 *     *                          first member            (Pinduoduo's reply)
 *     *!error_response           first member not so named
 *     @                          the record itself
 *
 * Total: a path that leads nowhere gives NULL (absent). Memory: the caller's arena. */
#ifndef HUILIU_FORMAT_PATH_H
#define HUILIU_FORMAT_PATH_H

#include "format/json.h"

enum { PATH_STEPS_MAX = 16, PATH_DEPTH_MAX = 4 };

struct path;

/* ERR_CONFIG "path_syntax" names the column. A plain name ends at . [ ] " or white space and does
 * not start with * ^ @; in ["…"] stand \" and \\ . The text need not outlive the call. */
enum err_class path_compile(struct str text, struct arena *arena, struct path **out,
                            struct err *err);
/* Number of [] in it (0 for a plain path). */
size_t path_explodes(const struct path *path);
/* The value of a plain path below `root`; NULL when absent. A path with [] or ^ has no single value
 * there: NULL. */
const struct json *path_get(const struct path *path, const struct json *root);

/* The chain of elements from the outermost to the record itself. Members behind the last [] lead
 * from the element to the record: both are in the chain. */
struct path_record {
    const struct json *chain[PATH_DEPTH_MAX];
    size_t chain_len; /* chain[chain_len - 1] is the record */
};
/* A field's path below a record: `^` steps outwards along the chain. */
const struct json *path_get_record(const struct path *path, const struct path_record *record);

/* Walks all records of an exploding path (or the one value of a plain path). list_missing tells
 * that a list on the way was not there: a missing list is a bad reply, an empty one is not. null in
 * place of a list is an empty one (how Go servers write it); any other kind, or a record that is
 * absent or null behind a member, is missing. The root outlives the iterator. */
struct path_iter {
    const struct path *path;
    const struct json *root;
    struct json_iter levels[PATH_DEPTH_MAX];
    struct path_record record;
    size_t depth;
    bool started;
    bool list_missing;
    bool list_kind; /* and something that is no list stands in its place */
};
void path_iter_init(struct path_iter *iter, const struct path *path, const struct json *root);
bool path_iter_next(struct path_iter *iter, struct path_record *record);
/* Valid after path_iter_next returned false. */
bool path_iter_list_missing(const struct path_iter *iter);
/* Likewise: a list was missing because a value of another kind stands in its place. */
bool path_iter_list_kind(const struct path_iter *iter);

/* Writing a record while paths decide about parts of it. Each value that a path leads to counts,
 * with every element of a `[]` and every one of duplicate keys; where several paths match, the
 * outermost value and then the first path wins. Paths with `^` leave the record and match nothing.
 * The value is walked once, whatever the number of paths. */
enum { PATH_SET_MAX = 64 };

/* Canonical text (as json_write_canonical) that leaves out what the paths match: the form whose
 * hash does not move with nonces and signed links. A record matched as a whole (`@`) is null. */
void json_write_canonical_without(struct buf *out, const struct json *value,
                                  const struct path *const *skip, size_t skip_len);

/* Compact text in which the callback writes what stands for each matched value: exactly one JSON
 * value. `which` is the index of the path. The first class that is not ERR_OK ends the walk and is
 * returned; the text is then useless. ERR_INTERNAL "no_memory" when `out` failed. */
typedef enum err_class json_replace(void *context, size_t which, const struct json *value,
                                    struct buf *out, struct err *err);
enum err_class json_write_replaced(struct buf *out, const struct json *value,
                                   const struct path *const *paths, size_t paths_len,
                                   json_replace *replace, void *context, struct err *err);

#endif

/* A set of texts of two parts, each once, in the order in which they came. */
#include <string.h>

#include "derive/maker.h"

enum { CELLS_MAX = 4 * 1024 * 1024 };
#define BETWEEN '\x1f'

void cells_init(struct cells *cells)
{
    *cells = (struct cells){.len = 0};
    arena_init(&cells->arena);
    map_init(&cells->map, CELLS_MAX);
}

void cells_fini(struct cells *cells)
{
    map_fini(&cells->map);
    arena_fini(&cells->arena);
}

enum err_class cells_add(struct cells *cells, struct str a, struct str b, struct err *err)
{
    bool added;
    struct str key = arena_printf(&cells->arena, "%.*s%c%.*s", STR_ARG(a), BETWEEN, STR_ARG(b));
    if (!key.ptr || !map_put(&cells->map, key, &added))
        return err_no_memory(err);
    if (!added)
        return ERR_OK;
    if (cells->len == cells->room) {
        size_t room = cells->room ? 2 * cells->room : 64;
        struct str *items = arena_array(&cells->arena, room, sizeof(*items));
        if (!items)
            return err_no_memory(err);
        if (cells->len > 0)
            memcpy(items, cells->items, cells->len * sizeof(*items));
        cells->items = items;
        cells->room = room;
    }
    cells->items[cells->len++] = key;
    return ERR_OK;
}

void cell_cut(struct str cell, struct str *a, struct str *b)
{
    str_cut(cell, BETWEEN, a, b);
}

/* A path is compared segment by segment, each decoded by itself. */
#include "api/path.h"

#include "format/format.h"

enum { LITERAL_BYTES_MAX = 256 };

static bool literal_is(struct str literal, struct str raw)
{
    char memory[LITERAL_BYTES_MAX];
    struct buf decoded;
    if (str_find_char(raw, '%') == SIZE_MAX)
        return str_eq(literal, raw);
    buf_init_lent(&decoded, memory, sizeof(memory));
    return percent_read(&decoded, raw, false, NULL) == ERR_OK && str_eq(literal, buf_str(&decoded));
}

size_t path_fits(struct str pattern, struct str path_raw, struct str *values, size_t values_max)
{
    size_t len = 0;
    while (pattern.len > 0 && path_raw.len > 0) {
        struct str want, have;
        str_cut(str_sub(pattern, 1, pattern.len), '/', &want, &(struct str){0});
        str_cut(str_sub(path_raw, 1, path_raw.len), '/', &have, &(struct str){0});
        if (path_raw.ptr[0] != '/' || have.len == 0)
            return SIZE_MAX;
        if (str_starts(want, STR("{")) && len < values_max)
            values[len++] = have;
        else if (!literal_is(want, have))
            return SIZE_MAX;
        pattern = str_sub(pattern, 1 + want.len, pattern.len);
        path_raw = str_sub(path_raw, 1 + have.len, path_raw.len);
    }
    return pattern.len == 0 && path_raw.len == 0 ? len : SIZE_MAX;
}

struct str path_value(struct str raw, struct arena *arena)
{
    struct buf decoded;
    if (str_find_char(raw, '%') == SIZE_MAX)
        return raw;
    buf_init(&decoded, raw.len);
    percent_read(&decoded, raw, false, NULL);
    struct str value = arena_dup(arena, buf_str(&decoded));
    buf_fini(&decoded);
    return value;
}

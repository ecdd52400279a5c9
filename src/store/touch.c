/* What was stored and is still to be derived: lists of keys, rows of `touched` (docs/derive.md). A list is a row of its
 * own, so that who stores never waits for who derives, nor the other way round: a list is taken by who sees it, and
 * whatever it speaks of was committed with it. */
#include "store/internal.h"
#include "store/sql.h"

#include <assert.h>
#include <string.h>

enum { KEYS_BYTES_MAX = 8 * 1024 * 1024, KEYS_MAX = 4 * 1024 * 1024 };

enum err_class touch_step(int64_t shop_id, struct str name, const struct str *keys, size_t len,
                          struct arena *arena, struct step *out, struct err *err)
{
    enum { VALUES = 4 };
    struct buf list;
    assert(len <= TOUCHED_LIST_KEYS);
    buf_init(&list, KEYS_BYTES_MAX);
    json_write_strings(&list, keys, len);
    struct str json = list.failed ? STR_NONE : arena_dup(arena, buf_str(&list));
    struct sql_value *values = arena_array(arena, VALUES, sizeof(*values));
    buf_fini(&list);
    if (!json.ptr || !values)
        return err_no_memory(err);
    values[0] = sql_int(shop_id);
    values[1] = sql_text(name);
    values[2] = sql_int((int64_t)len);
    values[3] = sql_text(json);
    *out = (struct step){
        .sql = SQL_TOUCH, .values = values, .values_len = VALUES, .rows_expected = STEP_TOUCHES};
    return ERR_OK;
}

static enum err_class list_touch(struct tx *tx, int64_t shop_id, struct str name,
                                 const struct str *keys, size_t len, struct err *err)
{
    struct arena arena;
    struct step step;
    arena_init(&arena);
    enum err_class class_ = touch_step(shop_id, name, keys, len, &arena, &step, err);
    if (!class_)
        class_ = tx_later(tx, step.sql, step.values, step.values_len, err);
    arena_fini(&arena);
    return class_;
}

enum err_class tx_touch(struct tx *tx, int64_t shop_id, struct str name, const struct str *keys,
                        size_t len, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t at = 0; !class_ && at < len; at += TOUCHED_LIST_KEYS) {
        size_t part = len - at < TOUCHED_LIST_KEYS ? len - at : TOUCHED_LIST_KEYS;
        class_ = list_touch(tx, shop_id, name, keys + at, part, err);
    }
    return class_;
}

/* --- those of a unit, each once --- */

void touches_init(struct touches *touches)
{
    *touches = (struct touches){.of_len = 0};
    arena_init(&touches->arena);
}

void touches_fini(struct touches *touches)
{
    for (size_t i = 0; i < touches->of_len; i++)
        map_fini(&touches->of[i].map);
    arena_fini(&touches->arena);
}

static struct touches_of *touches_of(struct touches *touches, struct str name)
{
    for (size_t i = 0; i < touches->of_len; i++)
        if (str_eq(touches->of[i].name, name))
            return &touches->of[i];
    if (touches->of_len == TOUCHES_OF_MAX)
        return NULL;
    struct touches_of *of = &touches->of[touches->of_len++];
    *of = (struct touches_of){.name = name};
    map_init(&of->map, KEYS_MAX);
    return of;
}

enum err_class touches_add(struct touches *touches, struct str name, struct str key,
                           struct err *err)
{
    struct touches_of *of = touches_of(touches, name);
    bool added = false;
    if (!of)
        return err_set(err, ERR_INTERNAL, "store_sql", "a unit touches more than %d kinds",
                       TOUCHES_OF_MAX);
    if (map_find(&of->map, key))
        return ERR_OK;
    struct str own = arena_dup(&touches->arena, key);
    if (!own.ptr || !map_put(&of->map, own, &added))
        return err_no_memory(err);
    if (of->len == of->room) {
        size_t room = of->room ? 2 * of->room : TOUCHED_LIST_KEYS;
        struct str *keys = arena_array(&touches->arena, room, sizeof(*keys));
        if (!keys)
            return err_no_memory(err);
        if (of->len > 0)
            memcpy(keys, of->keys, of->len * sizeof(*keys));
        of->keys = keys;
        of->room = room;
    }
    of->keys[of->len++] = own;
    return ERR_OK;
}

enum err_class touches_write(const struct touches *touches, struct tx *tx, int64_t shop_id,
                             struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < touches->of_len; i++)
        class_ = tx_touch(tx, shop_id, touches->of[i].name, touches->of[i].keys, touches->of[i].len,
                          err);
    return class_;
}

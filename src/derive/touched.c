/* Touched lists, read in a snapshot and taken away by the unit that writes what follows. A list that is seen was committed
 * with what it speaks of, which is read in the same snapshot; exactly the lists that were read go. Whatever is committed
 * meanwhile has a list of its own, for the next unit: nobody waits for anybody, and nothing is read too early. */
#include "derive/engine.h"

#include <stdlib.h>
#include <string.h>

#include "derive/sql.h"

#define KEY_BETWEEN '\x1f'
enum { KEY_BYTES_MAX = 4096 };

enum err_class work_touch(const struct derive_work *work, const char *table, const struct str *keys,
                          size_t keys_len, struct err *err)
{
    if (keys_len > 0)
        *work->more = true;
    return tx_touch(work->tx, work->shop_id, str_of(table), keys, keys_len, err);
}

enum { WALK_KEYS = 5000 };
struct walk {
    struct arena arena;
    struct str keys[WALK_KEYS];
    size_t len;
};

static enum err_class walk_key(struct reader *row, void *context, struct err *err)
{
    struct walk *walk = context;
    if (walk->len == WALK_KEYS)
        return ERR_OK;
    struct str key = arena_dup(&walk->arena, reader_text(row, 0));
    walk->keys[walk->len++] = key;
    return key.ptr ? ERR_OK : err_no_memory(err);
}

enum err_class touched_walk(struct tx *tx, int64_t shop_id, const char *name, const char *sql,
                            struct err *err)
{
    struct walk *walk = calloc(1, sizeof(*walk));
    if (!walk)
        return err_no_memory(err);
    enum err_class class_;
    struct buf behind;
    arena_init(&walk->arena);
    buf_init(&behind, KEY_BYTES_MAX);
    do {
        const struct sql_value values[] = {sql_int(shop_id), sql_text(buf_str(&behind)),
                                           sql_int(WALK_KEYS)};
        arena_reset(&walk->arena);
        walk->len = 0;
        class_ = tx_query(tx, sql, values, 3, walk_key, walk, err);
        if (!class_)
            class_ = tx_touch(tx, shop_id, str_of(name), walk->keys, walk->len, err);
        buf_reset(&behind);
        if (walk->len > 0)
            buf_add(&behind, walk->keys[walk->len - 1]);
    } while (!class_ && walk->len == WALK_KEYS);
    buf_fini(&behind);
    arena_fini(&walk->arena);
    free(walk);
    return class_;
}

/* --- finding --- */

struct finding {
    size_t keys, keys_max;
    int64_t up_to;
    bool more;
};

static enum err_class list_found(struct reader *row, void *context, struct err *err)
{
    struct finding *f = context;
    (void)err;
    if (f->keys >= f->keys_max) {
        f->more = true;
        return ERR_OK;
    }
    f->up_to = reader_int(row, 0);
    f->keys += (size_t)reader_int(row, 1);
    return ERR_OK;
}

enum err_class touched_find(const struct derive_work *work, struct touched_part *part,
                            size_t keys_max, struct err *err)
{
    enum err_class class_ = ERR_OK;
    part->more = false;
    for (size_t i = part->from; !class_ && i < part->to; i++) {
        struct finding f = {.keys_max = keys_max};
        /* A list has a key at least. */
        const struct sql_value values[] = {sql_int(work->shop_id),
                                           sql_text(str_of(part->maker->tables[i])),
                                           sql_int((int64_t)keys_max + 1)};
        class_ = work_query(work, SQL_TOUCHED_NEXT, values, 3, list_found, &f, err);
        part->up_to[i - part->from] = f.up_to;
        part->more = part->more || f.more;
    }
    return class_;
}

/* --- reading --- */

struct reading {
    const struct derive_work *work;
    struct touched_list *list;
    size_t table;
};

static enum err_class row_add(const struct reading *r, struct str key, struct err *err)
{
    struct touched_list *list = r->list;
    struct arena *arena = r->work->arena;
    void *rows = arena_grow(arena, list->rows, list->len, &list->room, sizeof(*list->rows));
    if (!rows)
        return err_no_memory(err);
    list->rows = rows;
    struct touched_row *to = &list->rows[list->len];
    *to = (struct touched_row){.table = r->table, .key = arena_dup(arena, key)};
    if (!to->key.ptr)
        return err_no_memory(err);
    str_cut(to->key, KEY_BETWEEN, &to->id, &to->rest);
    list->len++;
    return ERR_OK;
}

static enum err_class list_read(struct reader *row, void *context, struct err *err)
{
    const struct reading *r = context;
    struct touched_list *list = r->list;
    struct json_doc *doc;
    struct json_iter each;
    const struct json *key;
    void *lists = arena_grow(r->work->arena, list->lists, list->lists_len, &list->lists_room,
                             sizeof(*list->lists));
    if (!lists)
        return err_no_memory(err);
    list->lists = lists;
    list->lists[list->lists_len++] = reader_int(row, 0);
    enum err_class class_ = json_parse(reader_text(row, 1), &doc, err);
    if (class_)
        return class_;
    json_iter_init(&each, json_root(doc));
    while (!class_ && (key = json_iter_next(&each, NULL)) != NULL)
        class_ = row_add(r, json_text(key), err);
    json_free(doc);
    return class_;
}

static int row_compare(const void *a, const void *b)
{
    return str_cmp(((const struct touched_row *)a)->key, ((const struct touched_row *)b)->key);
}

/* Each key of a table once, in their order. */
static void rows_unite(struct touched_list *list, size_t from)
{
    size_t to = from;
    if (list->len > from)
        qsort(list->rows + from, list->len - from, sizeof(*list->rows), row_compare);
    for (size_t i = from; i < list->len; i++)
        if (i == from || !str_eq(list->rows[to - 1].key, list->rows[i].key))
            list->rows[to++] = list->rows[i];
    list->len = to;
}

enum err_class touched_read(const struct derive_work *work, const struct touched_part *part,
                            struct touched_list *list, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = part->from; !class_ && i < part->to; i++) {
        struct reading r = {work, list, i};
        int64_t up_to = part->up_to[i - part->from];
        size_t before = list->len;
        const struct sql_value values[] = {
            sql_int(work->shop_id), sql_text(str_of(part->maker->tables[i])), sql_int(up_to)};
        if (up_to == 0)
            continue;
        class_ = work_query(work, SQL_TOUCHED_READ, values, 3, list_read, &r, err);
        rows_unite(list, before);
    }
    return class_;
}

enum err_class touched_leave(const struct derive_work *work, struct touched_part *part,
                             struct touched_list *list, size_t from, size_t most, struct err *err)
{
    size_t kept = from;
    for (size_t at = from, end; at < list->len; at = end) {
        size_t table = list->rows[at].table, rest;
        for (end = at; end < list->len && list->rows[end].table == table; end++)
            ;
        rest = end - at > most ? at + most : end;
        struct str *keys = arena_array(work->arena, end - rest + 1, sizeof(*keys));
        if (!keys)
            return err_no_memory(err);
        for (size_t i = rest; i < end; i++)
            keys[i - rest] = list->rows[i].key;
        list->left[table].keys = keys;
        list->left[table].len = end - rest;
        part->more = part->more || end > rest;
        memmove(&list->rows[kept], &list->rows[at], (rest - at) * sizeof(*list->rows));
        kept += rest - at;
    }
    list->len = kept;
    return ERR_OK;
}

/* --- taking --- */

static enum err_class lists_drop(const struct derive_work *work, const struct touched_list *list,
                                 struct err *err)
{
    enum { IDS_BYTES_MAX = 1024 * 1024 };
    struct buf ids;
    if (list->lists_len == 0)
        return ERR_OK;
    buf_init(&ids, IDS_BYTES_MAX);
    for (size_t i = 0; i < list->lists_len; i++)
        buf_printf(&ids, "%s%lld", i == 0 ? "[" : ",", (long long)list->lists[i]);
    buf_add_char(&ids, ']');
    const struct sql_value value = sql_text(buf_str(&ids));
    enum err_class class_ = ids.failed ? err_no_memory(err)
                                       : work_later(work, SQL_TOUCHED_DROP, &value, 1, err);
    buf_fini(&ids);
    return class_;
}

enum err_class touched_take(const struct derive_work *work, const struct maker *maker,
                            const struct touched_list *list, struct err *err)
{
    enum err_class class_ = lists_drop(work, list, err);
    for (size_t i = 0; !class_ && maker->tables[i]; i++)
        class_ = work_touch(work, maker->tables[i], list->left[i].keys, list->left[i].len, err);
    return class_;
}

/* What SKUs and videos are called in orders: a search by words begins with these few rows and not with the orders. Which of
 * them are not kept yet is found out beside the writer, so that a unit whose names are known writes nothing. */
#include "derive/maker.h"
#include "derive/sql.h"

enum { NAMES_MAX = 1024 * 1024 };

void names_init(struct names *names, const struct derive_work *work)
{
    *names = (struct names){.work = work};
    map_init(&names->seen, NAMES_MAX);
}

/* FNV-1a: what is stored has to come out the same in every process, which hash_bytes does not. */
static uint64_t hash_add(uint64_t hash, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(0x100000001b3);
    return (hash ^ 0x1f) * UINT64_C(0x100000001b3); /* a|bc is not ab|c */
}

static struct str name_digest(const struct order_name *name, struct arena *arena)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    hash = hash_add(hash, str_of(name->kind));
    hash = hash_add(hash, name->id);
    hash = hash_add(hash, name->code);
    hash = hash_add(hash, name->name);
    return arena_printf(arena, "%016llx", (unsigned long long)hash);
}

enum err_class names_add(struct names *names, struct order_name name, struct err *err)
{
    bool added;
    if (name.code.len == 0 && name.name.len == 0)
        return ERR_OK;
    name.digest = name_digest(&name, names->work->arena);
    if (!name.digest.ptr || !map_put(&names->seen, name.digest, &added))
        return err_no_memory(err);
    if (!added)
        return ERR_OK;
    void *list = arena_grow(names->work->arena, names->list, names->len, &names->room,
                            sizeof(*names->list));
    if (!list)
        return err_no_memory(err);
    names->list = list;
    names->list[names->len++] = name;
    return ERR_OK;
}

static enum err_class kept_take(struct reader *row, void *context, struct err *err)
{
    const struct names *names = context;
    struct map_entry *entry = map_find(&names->seen, reader_text(row, 0));
    (void)err;
    if (entry)
        entry->value.number = 1;
    return ERR_OK;
}

static enum err_class kept_find(struct names *names, struct err *err)
{
    struct arena *arena = names->work->arena;
    struct str *digests = arena_array(arena, names->len + 1, sizeof(*digests));
    if (!digests)
        return err_no_memory(err);
    for (size_t i = 0; i < names->len; i++)
        digests[i] = names->list[i].digest;
    const struct sql_value values[] = {sql_int(names->work->shop_id),
                                       ids_json(digests, names->len, arena)};
    return values[1].text.ptr
               ? work_query(names->work, SQL_NAMES_KEPT, values, 2, kept_take, names, err)
               : err_no_memory(err);
}

enum err_class names_end(struct names *names, enum err_class class_, struct results *results,
                         struct err *err)
{
    size_t len = 0;
    if (!class_ && names->len > 0)
        class_ = kept_find(names, err);
    for (size_t i = 0; !class_ && i < names->len; i++)
        if (map_find(&names->seen, names->list[i].digest)->value.number == 0)
            names->list[len++] = names->list[i];
    results->names = names->list;
    results->names_len = len;
    map_fini(&names->seen);
    return class_;
}

enum err_class names_write(const struct derive_work *work, const struct results *results,
                           struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < results->names_len; i++) {
        const struct order_name *name = &results->names[i];
        const struct sql_value values[] = {sql_int(work->shop_id),
                                           sql_text(name->digest),
                                           sql_text(str_of(name->kind)),
                                           sql_text(name->id),
                                           sql_text(name->code.ptr ? name->code : STR("")),
                                           sql_text(name->name.ptr ? name->name : STR(""))};
        class_ = work_later(work, SQL_NAME_ADD, values, 6, err);
    }
    return class_;
}

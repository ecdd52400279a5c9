/* Whose rows a file has: the words of its column that names shops, read before the file is taken for each of them. */
#include <stdlib.h>

#include "sync/import.h"
#include "sync/import_walk.h"

enum { SHOPS_NAMED_MAX = 10000 };

static enum err_class fault_passed(void *context, const struct import_fault *fault, struct err *err)
{
    (void)context;
    (void)fault;
    (void)err;
    return ERR_OK;
}

static enum err_class words_see(const struct import_walk *walk, struct map *known,
                                struct arena *arena, import_shop_seen *seen, void *context,
                                struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < walk->records_len; i++) {
        struct json_doc *doc = NULL;
        bool added = false;
        class_ = json_parse(walk->records[i].text, &doc, err);
        if (class_ != ERR_OK)
            break;
        struct str word = json_text(json_get(json_get(json_root(doc), STR("cells")),
                                             walk->form->columns[walk->form->shop].name));
        if (!map_find(known, word)) {
            word = arena_dup(arena, word);
            if (!word.ptr || !map_put(known, word, &added))
                class_ = err_no_memory(err);
        }
        if (class_ == ERR_OK && added)
            class_ = seen(context, word, err);
        json_free(doc);
    }
    return class_;
}

enum err_class sync_import_shops(struct sync *sync, const struct connector *form, struct str bytes,
                                 import_shop_seen *seen, void *context, struct err *err)
{
    (void)sync;
    struct map known;
    struct arena arena;
    struct import_walk *walk = calloc(1, sizeof *walk);
    if (!walk)
        return err_no_memory(err);
    arena_init(&arena);
    map_init(&known, SHOPS_NAMED_MAX);
    walk_init(walk, connector_file(form), STR(""), STR(""));
    enum err_class class_ = walk_open(walk, bytes, err);
    bool any = false;
    while (class_ == ERR_OK) {
        class_ = walk_page(walk, fault_passed, NULL, err);
        if (class_ != ERR_OK || walk->records_len == 0)
            break;
        any = true;
        class_ = words_see(walk, &known, &arena, seen, context, err);
    }
    if (class_ == ERR_OK && !any)
        class_ = err_set(err, ERR_BAD_REQUEST, "file_empty", "the file has headings and no row");
    walk_fini(walk);
    map_fini(&known);
    arena_fini(&arena);
    free(walk);
    return class_;
}

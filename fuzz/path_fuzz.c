/* Paths: the input is a path, a line end, and JSON. A path that has one value finds the same by
 * every way, and what is written with it left out or replaced is JSON again. */
#include <assert.h>

#include "format/format.h"
#include "fuzz.h"

static enum err_class replace(void *context, size_t which, const struct json *value,
                              struct buf *out, struct err *err)
{
    size_t *count = context;
    (void)err;
    assert(which == 0 && value != NULL);
    ++*count;
    buf_add(out, STR("\"sealed\""));
    return ERR_OK;
}

static void check_records(const struct path *path, const struct json *root)
{
    struct path_iter iter;
    struct path_record record;
    size_t count = 0;
    path_iter_init(&iter, path, root);
    while (path_iter_next(&iter, &record)) {
        assert(record.chain_len > 0 && record.chain_len <= PATH_DEPTH_MAX);
        (void)path_get_record(path, &record);
        if (path_explodes(path) == 0)
            assert(record.chain[0] == path_get(path, root));
        count++;
    }
    assert(path_explodes(path) > 0 || count <= 1);
    if (count == 0 && path_explodes(path) == 0)
        assert(json_kind_of(path_get(path, root)) <= JSON_NULL);
}

static struct json_doc *parse_again(const struct buf *text)
{
    struct json_doc *doc;
    enum err_class class_ = json_parse(buf_str(text), &doc, NULL);
    assert(class_ == ERR_OK);
    return doc;
}

static void check_writing(const struct path *path, const struct json *root)
{
    size_t replaced = 0;
    struct err err;
    struct buf text;
    buf_init(&text, BODY_BYTES_MAX);
    json_write_canonical_without(&text, root, &path, 1);
    json_free(parse_again(&text));
    buf_reset(&text);
    enum err_class class_ = json_write_replaced(&text, root, &path, 1, replace, &replaced, &err);
    assert(class_ == ERR_OK);
    struct json_doc *sealed = parse_again(&text);
    /* What a path finds first is among what it replaces. */
    if (path_get(path, root) != NULL)
        assert(replaced > 0 && str_eq(json_text(path_get(path, json_root(sealed))), STR("sealed")));
    json_free(sealed);
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_len)
{
    struct arena arena;
    struct str path_text, json;
    struct path *path;
    struct json_doc *doc = NULL;
    struct err err;
    arena_init(&arena);
    str_cut((struct str){(const char *)bytes, bytes_len}, '\n', &path_text, &json);
    if (path_compile(path_text, &arena, &path, &err) != ERR_OK) {
        assert(path == NULL && err.class_ == ERR_CONFIG);
    } else if (json_parse(json, &doc, &err) == ERR_OK) {
        check_records(path, json_root(doc));
        check_writing(path, json_root(doc));
    }
    json_free(doc);
    arena_fini(&arena);
    return 0;
}

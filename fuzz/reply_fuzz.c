/* A platform's reply under the built-in manifests: whatever the bytes, it is read and mapped or
 * refused with a code, and the counts of a mapped page agree with each other. */
#include <assert.h>
#include <stdio.h>

#include "connector/connector.h"
#include "fuzz.h"

enum { CONNECTORS_MAX = 8, TABLES_BYTES_MAX = 256 * 1024 };

static struct connector *connectors[CONNECTORS_MAX];
static size_t connectors_len;

/* The product's own tables: manifests map into them. */
static struct str tables_text(void)
{
    static char text[TABLES_BYTES_MAX];
    FILE *file = fopen(HUILIU_SOURCE_ROOT "/schema/tables.yaml", "rb");
    assert(file);
    size_t len = fread(text, 1, sizeof text, file);
    assert(len > 0 && len < sizeof text);
    fclose(file);
    return (struct str){text, len};
}

/* Once: the manifests do not change from input to input. */
static void load_all(void)
{
    static struct arena arena;
    struct table_catalog *catalog;
    struct err err = {0};
    arena_init(&arena);
    enum err_class class_ = table_catalog_parse(STR("tables.yaml"), tables_text(), &arena, &catalog,
                                                &err);
    assert(class_ == ERR_OK);
    for (const struct embedded_file *file = connector_builtin_files();
         file->name && connectors_len < CONNECTORS_MAX; file++) {
        struct str text = {(const char *)file->bytes, file->bytes_len};
        class_ = connector_load(str_of(file->name), text, catalog, &connectors[connectors_len],
                                &err);
        assert(class_ == ERR_OK);
        if (connector_streams(connectors[connectors_len]) > 0)
            connectors_len++;
        else
            connector_free(connectors[connectors_len]); /* filled by files: it reads no reply */
    }
}

static void read_and_map(const struct connector *connector, const struct stream *stream,
                         const struct reply *reply, struct arena *arena)
{
    struct facts facts = {.app = {.secret = STR("0123456789abcdef0123456789abcdef")},
                          .page = {.number = 1}};
    struct page page;
    struct mapped mapped;
    struct err err = {0};
    enum err_class class_ = connector_read(connector, stream->request, stream, &facts, reply, arena,
                                           &page, &err);
    assert((class_ == ERR_OK) == (page.doc != NULL));
    if (class_ == ERR_OK)
        class_ = connector_map(connector, stream, &facts, &page, arena, &mapped, &err);
    if (class_ == ERR_OK) {
        assert(mapped.id_hashes_len + mapped.records_without_id == (size_t)page.records);
        assert(mapped.batches[0]->rows_len <= (size_t)page.records);
    }
    assert(class_ == ERR_OK || (err.code[0] != '\0' && err.message[0] != '\0'));
    page_fini(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_len)
{
    struct arena arena;
    struct reply reply = {.status = 200, .body = {(const char *)bytes, bytes_len}};
    if (connectors_len == 0)
        load_all();
    arena_init(&arena);
    for (size_t i = 0; i < connectors_len; i++)
        read_and_map(connectors[i], connector_stream_at(connectors[i], 0), &reply, &arena);
    reply.status = 400;
    read_and_map(connectors[0], connector_stream_at(connectors[0], 0), &reply, &arena);
    arena_fini(&arena);
    return 0;
}

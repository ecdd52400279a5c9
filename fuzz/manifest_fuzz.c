/* A manifest: loads or is refused with a message; one that loads can be asked for its requests and
 * reads any reply without breaking. The tables are a small catalogue of the target's own. */
#include <assert.h>

#include "connector/connector.h"
#include "fuzz.h"

static const char TABLES[] = "tables:\n"
                             "  trade_order:\n    data: true\n    since: 1\n    comment: t\n"
                             "    key: [order_id]\n    status: status\n    columns:\n"
                             "      order_id: {type: id, required: true}\n"
                             "      status: {type: text}\n      pay_amount: {type: money}\n"
                             "      currency: {type: text}\n      created_at: {type: time}\n"
                             "      quantity: {type: int}\n"
                             "      phone: {type: personal, class: phone}\n"
                             "  trade_certificate:\n    data: true\n    since: 1\n    comment: t\n"
                             "    key: [order_id, order_item_id]\n    columns:\n"
                             "      order_id: {type: id, required: true}\n"
                             "      order_item_id: {type: id, required: true}\n";

static const char REPLY[] = "{\"code\":0,\"data\":{\"error_code\":0,\"total\":2,\"next\":[\"a\",1],"
                            "\"orders\":[{\"order_id\":\"1\",\"pay_amount\":1.5,\"status\":2,"
                            "\"certificate\":[{\"order_item_id\":9}]},{\"order_id\":2}]},"
                            "\"list\":[{\"id\":1,\"v\":\"2\"}],\"error_response\":{\"code\":7}}";

static void use_stream(const struct connector *connector, const struct stream *stream,
                       struct arena *arena)
{
    struct facts facts = {.app = {.key = STR("k"), .secret = STR("secret")},
                          .shop = {.external_id = STR("1")},
                          .access_token = STR("t"),
                          .window = {.by = STR("created"), .to_ms = 1000},
                          .page = {.number = 1},
                          .nonce = STR("n")};
    struct reply reply = {.status = 200, .body = str_of(REPLY)};
    struct request request;
    struct page page;
    struct mapped mapped;
    struct err err = {0};
    enum err_class class_ = connector_request(connector, stream->request, &facts, true, arena,
                                              &request, &err);
    assert(class_ == ERR_OK || err.message[0] != '\0');
    class_ = connector_read(connector, stream->request, stream, &facts, &reply, arena, &page, &err);
    if (class_ == ERR_OK)
        class_ = connector_map(connector, stream, &facts, &page, arena, &mapped, &err);
    assert(class_ == ERR_OK || err.message[0] != '\0');
    page_fini(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_len)
{
    struct arena arena;
    struct table_catalog *catalog;
    struct connector *connector;
    struct err err = {0};
    arena_init(&arena);
    enum err_class class_ = table_catalog_parse(STR("tables.yaml"), str_of(TABLES), &arena,
                                                &catalog, &err);
    assert(class_ == ERR_OK);
    class_ = connector_load(STR("fuzz.yaml"), (struct str){(const char *)bytes, bytes_len}, catalog,
                            &connector, &err);
    assert(class_ == ERR_OK || (class_ == ERR_CONFIG && err.message[0] != '\0'));
    assert((class_ == ERR_OK) == (connector != NULL));
    for (size_t i = 0; connector && i < connector_streams(connector); i++)
        use_stream(connector, connector_stream_at(connector, i), &arena);
    connector_free(connector);
    arena_fini(&arena);
    return 0;
}

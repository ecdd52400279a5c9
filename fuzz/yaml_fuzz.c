/* YAML: every node of a tree has a place and terminated text, and a check against a schema that
 * has every type ends with ERR_OK or ERR_CONFIG. */
#include <assert.h>

#include "format/format.h"
#include "fuzz.h"

static const char *const kinds[] = {"number", "cursor", NULL};
static const struct yaml_schema text = {.type = YAML_T_TEXT};
static const struct yaml_schema size = {.type = YAML_T_INT, .min = 1, .max = 1000};
static const struct yaml_schema truth = {.type = YAML_T_BOOL};
static const struct yaml_schema span = {.type = YAML_T_DURATION};
static const struct yaml_schema rate = {.type = YAML_T_DECIMAL};
static const struct yaml_schema kind = {.type = YAML_T_WORD, .words = kinds};
static const struct yaml_schema any = {.type = YAML_T_ANY};
static const struct yaml_schema sizes = {.type = YAML_T_LIST, .each = &size};
static const struct yaml_schema *const alternatives[] = {&rate, &sizes, NULL};
static const struct yaml_schema either = {.type = YAML_T_EITHER, .either = alternatives};
static const struct yaml_key field_keys[] = {{"from", &text, true, ""}, {NULL, NULL, false, NULL}};
static const struct yaml_schema field = {.type = YAML_T_MAP, .name = "field", .keys = field_keys};
static const struct yaml_schema fields = {.type = YAML_T_NAMED, .each = &field};
static const struct yaml_key stream_keys[] = {
    {"records", &text, true, ""},   {"size", &size, false, ""},     {"truth", &truth, false, ""},
    {"span", &span, false, ""},     {"kind", &kind, false, ""},     {"any", &any, false, ""},
    {"either", &either, false, ""}, {"fields", &fields, false, ""}, {NULL, NULL, false, NULL},
};
static const struct yaml_schema stream = {
    .type = YAML_T_MAP, .name = "stream", .keys = stream_keys};

static void check_node(const struct yaml *node)
{
    assert(node->line > 0 && node->column > 0);
    if (node->kind == YAML_SCALAR)
        assert(node->text.ptr[node->text.len] == '\0');
    if (node->kind == YAML_LIST)
        for (size_t i = 0; i < node->len; i++)
            check_node(&node->items[i]);
    if (node->kind != YAML_MAP)
        return;
    for (size_t i = 0; i < node->len; i++) {
        /* No key stands twice, so a look-up finds this very pair. */
        assert(yaml_get(node, node->pairs[i].key) == &node->pairs[i].value);
        check_node(&node->pairs[i].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_len)
{
    struct arena arena;
    struct yaml *root;
    struct err err;
    arena_init(&arena);
    enum err_class class_ = yaml_parse(
        STR("fuzz.yaml"), (struct str){(const char *)bytes, bytes_len}, &arena, &root, &err);
    if (class_ == ERR_OK) {
        check_node(root);
        class_ = yaml_check(STR("fuzz.yaml"), root, &stream, &err);
    }
    assert(class_ == ERR_OK || (class_ == ERR_CONFIG && err.message[0] != '\0'));
    arena_fini(&arena);
    return 0;
}

#include "format/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct arena arena;
    arena_init(&arena);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    arena_fini(*state);
    return 0;
}

static struct yaml *parse(void **state, const char *text)
{
    struct yaml *root;
    struct err err;
    if (yaml_parse(STR("x.yaml"), str_of(text), *state, &root, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return root;
}

static void assert_refused_text(void **state, struct str text, const char *message)
{
    struct yaml *root;
    struct err err = {0};
    assert_int_equal(yaml_parse(STR("x.yaml"), text, *state, &root, &err), ERR_CONFIG);
    assert_null(root);
    assert_string_equal(err.code, "yaml_syntax");
    if (strstr(err.message, message) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", err.message, message);
}

static void assert_refused(void **state, const char *text, const char *message)
{
    assert_refused_text(state, str_of(text), message);
}

static void the_tree_keeps_order_and_places(void **state)
{
    const struct yaml *root = parse(state, "# head\n"
                                           "b: 1\n"
                                           "a:\n"
                                           "  - x\n"
                                           "  - {k: 'v', l: [1, 2]}\n"
                                           "中文: \"q\"\n");
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->len, 3);
    assert_int_equal(root->line, 2);
    assert_int_equal(root->column, 1);
    assert_true(str_eq(root->pairs[0].key, STR("b")));
    assert_true(str_eq(root->pairs[0].value.text, STR("1")));
    assert_int_equal(root->pairs[0].value.column, 4);
    const struct yaml *list = yaml_get(root, STR("a"));
    assert_int_equal(list->kind, YAML_LIST);
    assert_int_equal(list->len, 2);
    assert_int_equal(list->items[1].line, 5);
    assert_int_equal(list->items[1].column, 5);
    const struct yaml_pair *pair = &list->items[1].pairs[1];
    assert_true(str_eq(pair->key, STR("l")));
    assert_int_equal(pair->line, 5);
    assert_int_equal(pair->column, 14);
    assert_int_equal(pair->value.len, 2);
    assert_true(yaml_get(root, STR("中文"))->quoted);
    assert_false(list->items[0].quoted);
    assert_null(yaml_get(root, STR("c")));
    assert_null(yaml_get(list, STR("a")));
    assert_null(yaml_get(NULL, STR("a")));
}

static void long_lists_and_maps_are_whole(void **state)
{
    struct buf text;
    buf_init(&text, YAML_BYTES_MAX);
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "k%d: [%d, %d, x, y, z]\n", i, i, 2 * i);
    const struct yaml *root = parse(state, text.ptr);
    assert_int_equal(root->len, 1000);
    for (int i = 0; i < 1000; i++) {
        int64_t number;
        assert_int_equal(root->pairs[i].value.len, 5);
        assert_true(yaml_i64(&root->pairs[i].value.items[1], &number));
        assert_int_equal(number, 2 * i);
    }
    buf_fini(&text);
}

static void what_is_not_plain_data_is_refused(void **state)
{
    assert_refused(state, "a: &x 1\n", "x.yaml:1:4: anchors");
    assert_refused(state, "a: &x [1]\n", "x.yaml:1:4: anchors");
    assert_refused(state, "a: &x {b: 1}\n", "x.yaml:1:4: anchors");
    assert_refused(state, "a: 1\nb: *x\n", "x.yaml:2:4: aliases");
    assert_refused(state, "a: !!str 1\n", "x.yaml:1:4: tags");
    assert_refused(state, "a: !x [1]\n", "x.yaml:1:4: tags");
    assert_refused(state, "a: 1\n---\nb: 1\n", "x.yaml:2:1: a second document");
    assert_refused(state, "[a]: 1\n", "x.yaml:1:1: a key must be");
    assert_refused(state, "a: \"x\\0y\"\n", "x.yaml:1:4: a text holds U+0000");
    assert_refused(state, "", "the file is empty");
    assert_refused(state, "# only words\n", "the file is empty");
}

static void duplicate_keys_are_refused_with_both_places(void **state)
{
    assert_refused(state, "a: 1\nb: 2\n\"a\": 3\n",
                   "x.yaml:3:1: \"a\" stands twice in this map; it is already in line 1");
    parse(state, "a: {a: {a: 1}}\n");
}

static void broken_files_are_refused_with_the_place(void **state)
{
    assert_refused(state, "a: [1\nb: 2\n", "x.yaml:2:2: did not find expected");
    assert_refused(state, "a: 1\n b: 2\n", "x.yaml:2:3: mapping values are not allowed");
    assert_refused(state, "a: 'x\n", "x.yaml:2:1: found unexpected end");
    assert_refused_text(state, STR("a: \xFF\n"), "x.yaml:1:");
}

static void size_and_nesting_are_bounded(void **state)
{
    struct buf text;
    buf_init(&text, 2 * YAML_BYTES_MAX);
    for (int i = 0; i < NESTING_MAX + 1; i++)
        buf_add_char(&text, '[');
    assert_refused(state, text.ptr, "nested too deeply");
    buf_reset(&text);
    buf_add_char(&text, '[');
    for (int i = 0; i < YAML_NODES_MAX; i++)
        buf_add(&text, STR("1,"));
    buf_add_char(&text, ']');
    assert_refused(state, text.ptr, "too many parts");
    while (text.len <= YAML_BYTES_MAX)
        buf_add(&text, STR("# padding\n"));
    assert_refused(state, text.ptr, "x.yaml: longer than");
    buf_fini(&text);
}

static void memory_that_runs_out_is_an_error_at_every_step(void **state)
{
    (void)state;
    enum err_class class_ = ERR_INTERNAL;
    for (size_t bytes_max = 0; class_ != ERR_OK; bytes_max += 8) {
        struct arena arena;
        struct yaml *root;
        struct err err = {0};
        arena_init_max(&arena, bytes_max);
        class_ = yaml_parse(STR("x.yaml"), STR("a: [1, {b: c}, x]\nd: e\n"), &arena, &root, &err);
        arena_fini(&arena);
        if (class_ != ERR_OK)
            assert_string_equal(err.code, "no_memory");
        assert_true(bytes_max < 65536);
    }
}

static const struct yaml *value_of(void **state, const char *text)
{
    struct buf whole;
    buf_init(&whole, 4096);
    buf_printf(&whole, "a: %s", text);
    const struct yaml *value = yaml_get(parse(state, whole.ptr), STR("a"));
    buf_fini(&whole);
    return value;
}

static void plain_scalars_are_read_as_what_they_mean(void **state)
{
    int64_t number;
    bool truth;
    assert_true(yaml_is_null(value_of(state, "")));
    assert_true(yaml_is_null(value_of(state, "~")));
    assert_true(yaml_is_null(value_of(state, "null")));
    assert_false(yaml_is_null(value_of(state, "''")));
    assert_true(yaml_bool(value_of(state, "on"), &truth) && truth);
    assert_true(yaml_bool(value_of(state, "no"), &truth) && !truth);
    assert_false(yaml_bool(value_of(state, "'true'"), &truth));
    assert_false(yaml_bool(value_of(state, "1"), &truth));
    assert_true(yaml_i64(value_of(state, "-42"), &number) && number == -42);
    assert_false(yaml_i64(value_of(state, "'42'"), &number));
    assert_false(yaml_i64(value_of(state, "4.2"), &number));
    assert_false(yaml_i64(value_of(state, "[4]"), &number));
    assert_false(yaml_i64(NULL, &number));
}

static void durations_are_milliseconds(void **state)
{
    int64_t ms;
    assert_true(yaml_duration_ms(value_of(state, "90d"), &ms) && ms == 90LL * 24 * 3600 * 1000);
    assert_true(yaml_duration_ms(value_of(state, "1h30m"), &ms) && ms == 5400000);
    assert_true(yaml_duration_ms(value_of(state, "500ms"), &ms) && ms == 500);
    assert_true(yaml_duration_ms(value_of(state, "1d2h3m4s5ms"), &ms) && ms == 93784005);
    assert_true(yaml_duration_ms(value_of(state, "0s"), &ms) && ms == 0);
    static const char *const wrong[] = {"",
                                        "5",
                                        "s",
                                        "5 s",
                                        "1.5h",
                                        "-1s",
                                        "1m1h",
                                        "1s1s",
                                        "1s2",
                                        "5sec",
                                        "5S",
                                        "99999999999999d",
                                        "9223372036854775807ms1ms"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (duration_parse(str_of(wrong[i]), &ms))
            fail_msg("\"%s\" was read", wrong[i]);
}

static const char *const kinds[] = {"number", "cursor", NULL};
static const struct yaml_schema text = {.type = YAML_T_TEXT};
static const struct yaml_schema size = {.type = YAML_T_INT, .min = 1, .max = 1000};
static const struct yaml_schema at_least = {.type = YAML_T_INT, .min = 2, .max = INT64_MAX};
static const struct yaml_schema number = {.type = YAML_T_INT};
static const struct yaml_schema truth = {.type = YAML_T_BOOL};
static const struct yaml_schema span = {.type = YAML_T_DURATION};
static const struct yaml_schema rate = {.type = YAML_T_DECIMAL};
static const struct yaml_schema kind = {.type = YAML_T_WORD, .words = kinds};
static const struct yaml_schema any = {.type = YAML_T_ANY};
static const struct yaml_schema sizes = {.type = YAML_T_LIST, .each = &size};
static const struct yaml_key field_keys[] = {{"from", &text, true, ""}, {NULL, NULL, false, NULL}};
static const struct yaml_schema field = {.type = YAML_T_MAP, .name = "field", .keys = field_keys};
static const struct yaml_schema fields = {.type = YAML_T_NAMED, .each = &field};
static const struct yaml_schema *const text_or_field[] = {&text, &field, NULL};
static const struct yaml_schema *const kind_or_sizes[] = {&kind, &sizes, NULL};
static const struct yaml_schema mixed = {.type = YAML_T_EITHER, .either = kind_or_sizes};
static const struct yaml_schema either = {.type = YAML_T_EITHER, .either = text_or_field};
static const struct yaml_key stream_keys[] = {
    {"records", &text, true, ""},   {"size", &size, false, ""},     {"more", &at_least, false, ""},
    {"number", &number, false, ""}, {"truth", &truth, false, ""},   {"span", &span, false, ""},
    {"rate", &rate, false, ""},     {"kind", &kind, false, ""},     {"any", &any, false, ""},
    {"sizes", &sizes, false, ""},   {"fields", &fields, false, ""}, {"either", &either, false, ""},
    {"mixed", &mixed, false, ""},   {NULL, NULL, false, NULL},
};
static const struct yaml_schema stream = {
    .type = YAML_T_MAP, .name = "stream", .keys = stream_keys};

static void a_right_file_passes_the_schema(void **state)
{
    struct err err;
    const struct yaml *root = parse(state, "records: a.b\nsize: 1000\nmore: 99999\nnumber: -5\n"
                                           "truth: no\nspan: 5m\nrate: -0.25\nkind: cursor\n"
                                           "any: [{x: 1}, ~]\nsizes: [1, 2]\n"
                                           "fields: {x: {from: y}, z: {from: '1'}}\n"
                                           "either: {from: x}\n");
    assert_int_equal(yaml_check(STR("x.yaml"), root, &stream, &err), ERR_OK);
    root = parse(state, "records: 1\neither: x\nany:\n");
    assert_int_equal(yaml_check(STR("x.yaml"), root, &stream, &err), ERR_OK);
}

static void a_wrong_file_is_told_what_would_be_right(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"recrods: a\n",
         "x.yaml:1:1: unknown key \"recrods\" in stream; did you mean \"records\"?"},
        {"records: a\nzzzzzz: a\n", "x.yaml:2:1: unknown key \"zzzzzz\" in stream"},
        {"size: 5\n", "x.yaml:1:1: stream needs \"records\""},
        {"size: many\n",
         "x.yaml:1:7: \"size\" must be a whole number from 1 to 1000, not \"many\""},
        {"size: 1001\n",
         "x.yaml:1:7: \"size\" must be a whole number from 1 to 1000, not \"1001\""},
        {"size: '5'\n",
         "x.yaml:1:7: \"size\" must be a whole number from 1 to 1000, not the text \"5\""},
        {"more: 1\n", "x.yaml:1:7: \"more\" must be a whole number of at least 2, not \"1\""},
        {"number: [1]\n", "x.yaml:1:9: \"number\" must be a whole number, not a list"},
        {"truth: maybe\n", "x.yaml:1:8: \"truth\" must be true or false, not \"maybe\""},
        {"span: 5\n", "x.yaml:1:7: \"span\" must be a duration such as 90d or 1h30m, not \"5\""},
        {"rate: x\n", "x.yaml:1:7: \"rate\" must be a decimal number, not \"x\""},
        {"kind: curser\n", "x.yaml:1:7: \"kind\" must be one of number, cursor, not \"curser\"; "
                           "did you mean \"cursor\"?"},
        {"records:\n", "x.yaml:1:9: \"records\" must be text, not nothing"},
        {"records: {}\n", "x.yaml:1:10: \"records\" must be text, not a map"},
        {"sizes: [1, x]\n",
         "x.yaml:1:12: item 2 of \"sizes\" must be a whole number from 1 to 1000, not \"x\""},
        {"sizes: 1\n", "x.yaml:1:8: \"sizes\" must be a list, not \"1\""},
        {"fields:\n  x: {fron: y}\n",
         "x.yaml:2:7: unknown key \"fron\" in field; did you mean \"from\"?"},
        {"fields:\n  x: {}\n", "x.yaml:2:6: field needs \"from\""},
        {"fields:\n  x: y\n", "x.yaml:2:6: \"x\" must be a map, not \"y\""},
        {"either: [x]\n", "x.yaml:1:9: \"either\" must be text or a map, not a list"},
        {"mixed: curser\n", "x.yaml:1:8: \"mixed\" must be one of number, cursor or a list, not "
                            "\"curser\"; did you mean \"cursor\"?"},
        {"either: {}\n", "x.yaml:1:9: field needs \"from\""},
        {"- x\n", "x.yaml:1:1: stream must be a map, not a list"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        const struct yaml *root = parse(state, cases[i].text);
        assert_int_equal(yaml_check(STR("x.yaml"), root, &stream, &err), ERR_CONFIG);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(err.code, "yaml_value");
    }
}

static void an_error_at_a_node_names_its_place(void **state)
{
    struct err err = {0};
    const struct yaml *value = value_of(state, "x");
    assert_int_equal(yaml_error(STR("y.yaml"), value, &err, "no %s", "luck"), ERR_CONFIG);
    assert_string_equal(err.message, "y.yaml:1:4: no luck");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_tree_keeps_order_and_places),
        TEST(long_lists_and_maps_are_whole),
        TEST(what_is_not_plain_data_is_refused),
        TEST(duplicate_keys_are_refused_with_both_places),
        TEST(broken_files_are_refused_with_the_place),
        TEST(size_and_nesting_are_bounded),
        TEST(memory_that_runs_out_is_an_error_at_every_step),
        TEST(plain_scalars_are_read_as_what_they_mean),
        TEST(durations_are_milliseconds),
        TEST(a_right_file_passes_the_schema),
        TEST(a_wrong_file_is_told_what_would_be_right),
        TEST(an_error_at_a_node_names_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

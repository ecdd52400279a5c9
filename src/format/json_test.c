#include "format/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct json_doc *parse(const char *text)
{
    struct json_doc *doc;
    struct err err;
    if (json_parse(str_of(text), &doc, &err) != ERR_OK)
        fail_msg("%s: %s", text, err.message);
    return doc;
}

static void assert_refused(struct str text, const char *code)
{
    struct json_doc *doc;
    struct err err = {0};
    assert_int_equal(json_parse(text, &doc, &err), ERR_BAD_REPLY);
    assert_string_equal(err.code, code);
    assert_null(doc);
}

static void assert_text(const struct json *value, const char *expected)
{
    struct str text = json_text(value);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void assert_written(void (*write)(struct buf *, const struct json *), const char *text,
                           const char *expected)
{
    struct json_doc *doc = parse(text);
    struct buf out;
    buf_init(&out, 4096);
    write(&out, json_root(doc));
    assert_false(out.failed);
    assert_string_equal(out.ptr, expected);
    buf_fini(&out);
    json_free(doc);
}

static void numbers_keep_every_digit(void **state)
{
    (void)state;
    struct json_doc *doc = parse("[9223372036854775808, 92.84999999999999, -0, 1.50e+2]");
    const struct json *root = json_root(doc);
    assert_int_equal(json_kind_of(json_at(root, 0)), JSON_NUMBER);
    assert_text(json_at(root, 0), "9223372036854775808");
    assert_text(json_at(root, 1), "92.84999999999999");
    assert_text(json_at(root, 2), "-0");
    assert_text(json_at(root, 3), "1.50e+2");
    json_free(doc);
}

static void null_and_absent_differ(void **state)
{
    (void)state;
    struct json_doc *doc = parse("{\"a\":null}");
    const struct json *root = json_root(doc);
    assert_int_equal(json_kind_of(json_get(root, STR("a"))), JSON_NULL);
    assert_int_equal(json_kind_of(json_get(root, STR("b"))), JSON_ABSENT);
    assert_int_equal(json_kind_of(json_get(NULL, STR("b"))), JSON_ABSENT);
    assert_int_equal(json_kind_of(json_at(root, 0)), JSON_ABSENT);
    assert_int_equal(json_len(NULL), 0);
    assert_text(NULL, "");
    json_free(doc);
}

static void scalars_have_text(void **state)
{
    (void)state;
    struct json_doc *doc = parse("[true, false, \"\\u4e2d\\n\", {\"\": 1}]");
    const struct json *root = json_root(doc);
    assert_true(json_true(json_at(root, 0)));
    assert_false(json_true(json_at(root, 1)));
    assert_text(json_at(root, 0), "true");
    assert_text(json_at(root, 1), "false");
    assert_text(json_at(root, 2), "中\n");
    assert_text(json_at(root, 3), "");
    assert_text(json_get(json_at(root, 3), STR_NONE), "1");
    json_free(doc);
}

static void iteration_follows_the_text(void **state)
{
    (void)state;
    struct json_doc *doc = parse("{\"z\":[1,[2,3],{}],\"a\":\"x\",\"m\":{}}");
    const char *keys[] = {"z", "a", "m"};
    struct json_iter iter;
    struct str key;
    json_iter_init(&iter, json_root(doc));
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(json_iter_next(&iter, &key));
        assert_true(str_eq(key, str_of(keys[i])));
    }
    assert_null(json_iter_next(&iter, &key));

    const struct json *list = json_get(json_root(doc), STR("z"));
    json_iter_init(&iter, list);
    for (size_t i = 0; i < json_len(list); i++)
        assert_ptr_equal(json_iter_next(&iter, NULL), json_at(list, i));
    assert_null(json_iter_next(&iter, NULL));

    json_iter_init(&iter, json_get(json_root(doc), STR("a")));
    assert_null(json_iter_next(&iter, NULL));
    json_iter_init(&iter, NULL);
    assert_null(json_iter_next(&iter, NULL));
    json_free(doc);
}

static void first_of_duplicate_keys_counts(void **state)
{
    (void)state;
    struct json_doc *doc = parse("{\"a\":1,\"a\":2}");
    assert_text(json_get(json_root(doc), STR("a")), "1");
    json_free(doc);
}

static void utf8_mark_is_skipped(void **state)
{
    (void)state;
    struct json_doc *doc = parse("\xEF\xBB\xBF{\"a\":1}");
    assert_text(json_get(json_root(doc), STR("a")), "1");
    json_free(doc);
}

static void wrong_text_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", " ", "{", "[1,]", "{\"a\":1,}", "01", "1 2", "nan", "<html>", "\"\t\"",
    };
    struct json_doc *doc;
    struct err err;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_refused(str_of(wrong[i]), "json_syntax");
    assert_refused(STR_NONE, "json_syntax");
    assert_int_equal(json_parse(STR("\xEF\xBB\xBF[1,x]"), &doc, &err), ERR_BAD_REPLY);
    assert_non_null(strstr(err.message, "byte 6"));
}

static void foreign_encoding_is_refused_with_its_place(void **state)
{
    (void)state;
    struct json_doc *doc;
    struct err err;
    assert_refused(STR("[\"\xD6\xD0\"]"), "json_utf8"); /* GBK */
    assert_int_equal(json_parse(STR("[\"ab\xFF\"]"), &doc, &err), ERR_BAD_REPLY);
    assert_non_null(strstr(err.message, "byte 4"));
}

static void half_a_surrogate_pair_is_read_as_the_replacement_character(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"\"\\ud83d\"", "\uFFFD"},
        {"\"a\\uDE00b\"", "a\uFFFDb"},
        {"\"\\ud83d\\u0041\"", "\uFFFDA"},
        {"\"\\ud83dab\"", "\uFFFDab"},
        {"\"\\ud83d\\n\"", "\uFFFD\n"},
        {"\"\\ud83d\\ud83d\\ude00\"", "\uFFFD😀"},
        {"\"\\ude00\\ud83d\"", "\uFFFD\uFFFD"},
        /* Pairs stay, and what only looks like an escape. */
        {"\"\\ud83d\\ude00\\ud83d\"", "😀\uFFFD"},
        {"\"\\\\ud83d\\ud83d\"", "\\ud83d\uFFFD"},
        {"\"\\\\\\ud83d\"", "\\\uFFFD"},
        {"\"ud83d\\u4e2d\\ud83d\"", "ud83d中\uFFFD"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_doc *doc = parse(cases[i][0]);
        assert_text(json_root(doc), cases[i][1]);
        json_free(doc);
    }
    struct json_doc *doc = parse("{\"\\ud83d\":[1,{\"a\":\"\\udfff\"}],\"b\":2}");
    assert_text(json_at(json_get(json_root(doc), STR("\uFFFD")), 0), "1");
    assert_text(json_get(json_root(doc), STR("b")), "2");
    json_free(doc);
}

static void beside_half_a_surrogate_pair_nothing_is_forgiven(void **state)
{
    (void)state;
    struct json_doc *doc;
    struct err err;
    static const char *const wrong[] = {
        "\"\\ud83d",  "[\"\\ud83d\",]", "\"\\ud83d\\x\"", "\"\\ud83d\\u12\"",
        "\"\\ud83\"", "\\ud83d",        "\"\\",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_refused(str_of(wrong[i]), "json_syntax");
    assert_refused(STR("[\"\\ud83d\",\"\xD6\xD0\"]"), "json_utf8");
    assert_int_equal(json_parse(STR("\xEF\xBB\xBF[\"\\ud83d\",x]"), &doc, &err), ERR_BAD_REPLY);
    assert_non_null(strstr(err.message, "byte 13"));
}

static void nul_stays_in_the_string_that_holds_it(void **state)
{
    (void)state;
    struct json_doc *doc = parse(
        "{\"a\\u0000\":[],\"b\":[[1],{\"c\":\"x\\u0000y\"}],\"d\":[\"e\"]}");
    const struct json *root = json_root(doc), *b = json_get(root, STR("b"));
    assert_int_equal(json_text(json_get(json_at(b, 1), STR("c"))).len, 3);
    assert_true(str_eq(json_text(json_get(json_at(b, 1), STR("c"))), STR("x\0y")));
    assert_true(json_has_nul(root)); /* its first key does */
    assert_true(json_has_nul(b));
    assert_true(json_has_nul(json_get(json_at(b, 1), STR("c"))));
    assert_false(json_has_nul(json_at(b, 0)));
    assert_false(json_has_nul(json_get(root, STR("a\0"))));
    assert_false(json_has_nul(json_get(root, STR("d"))));
    assert_false(json_has_nul(NULL));
    json_free(doc);
    assert_written(json_write, "[\"a\\u0000b\"]", "[\"a\\u0000b\"]");
    assert_written(json_write_canonical, "{\"\\u0000\":1}", "{\"\\u0000\":1}");
    assert_refused(STR("[\"a\0b\"]"), "json_syntax");
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    char text[2 * JSON_DEPTH_MAX + 3];
    struct json_doc *doc;
    struct err err;
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_refused((struct str){text, 2 * JSON_DEPTH_MAX + 2}, "json_depth");
    assert_int_equal(json_parse((struct str){text + 1, 2 * JSON_DEPTH_MAX}, &doc, &err), ERR_OK);
    json_free(doc);
}

static void the_deepest_document_is_written_too(void **state)
{
    (void)state;
    static void (*const writes[])(struct buf *, const struct json *) = {json_write,
                                                                        json_write_canonical};
    struct buf text, out;
    buf_init(&text, 65536);
    buf_init(&out, 65536);
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buf_add(&text, STR("{\"a\":"));
    buf_add_char(&text, '1');
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buf_add_char(&text, '}');
    struct json_doc *doc = parse(text.ptr);
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        buf_reset(&out);
        writes[i](&out, json_root(doc));
        assert_string_equal(out.ptr, text.ptr);
    }
    json_free(doc);
    buf_fini(&text);
    buf_fini(&out);
}

static void siblings_do_not_count_as_nesting(void **state)
{
    (void)state;
    struct buf text;
    struct json_doc *doc;
    buf_init(&text, 65536);
    buf_add(&text, STR("[{}"));
    for (int i = 0; i < 4 * JSON_DEPTH_MAX; i++)
        buf_add(&text, STR(",[[]],{\"a\":[]}"));
    buf_add_char(&text, ']');
    assert_int_equal(json_parse(buf_str(&text), &doc, NULL), ERR_OK);
    assert_int_equal(json_len(json_root(doc)), 8 * JSON_DEPTH_MAX + 1);
    json_free(doc);
    buf_fini(&text);
}

static void writing_keeps_order_and_numbers(void **state)
{
    (void)state;
    assert_written(json_write, " { \"b\" : [ 1.0 , 1e2, true , null ] , \"a\" : { } , \"c\":[] } ",
                   "{\"b\":[1.0,1e2,true,null],\"a\":{},\"c\":[]}");
    assert_written(json_write, "\"\\u4e2d\\/\\u0001\\u001f\\b\\f\\n\\r\\t\\\"\\\\\\u007f\"",
                   "\"中/\\u0001\\u001f\\b\\f\\n\\r\\t\\\"\\\\\x7F\"");
    assert_written(json_write, "12", "12");
}

static void canonical_text_sorts_keys_at_every_level(void **state)
{
    (void)state;
    assert_written(json_write_canonical,
                   "{\"b\":{\"z\":1,\"y\":[{\"d\":1,\"c\":2}]},\"a\":0,\"\":3}",
                   "{\"\":3,\"a\":0,\"b\":{\"y\":[{\"c\":2,\"d\":1}],\"z\":1}}");
    assert_written(json_write_canonical, "{\"ab\":1,\"a\":2,\"B\":3,\"中\":4}",
                   "{\"B\":3,\"a\":2,\"ab\":1,\"中\":4}");
    assert_written(json_write_canonical, "{\"a\":2,\"b\":0,\"a\":1}", "{\"a\":2,\"a\":1,\"b\":0}");
}

static void canonical_text_of_wide_objects_is_sorted(void **state)
{
    (void)state;
    struct buf text, expected;
    buf_init(&text, 65536);
    buf_init(&expected, 65536);
    for (int i = 0; i < 300; i++) {
        buf_printf(&text, "%c\"%03d\":{\"b\":1,\"a\":2}", i == 0 ? '{' : ',', i * 7 % 300);
        buf_printf(&expected, "%c\"%03d\":{\"a\":2,\"b\":1}", i == 0 ? '{' : ',', i);
    }
    buf_add_char(&text, '}');
    buf_add_char(&expected, '}');
    struct json_doc *doc = parse(text.ptr);
    buf_reset(&text);
    json_write_canonical(&text, json_root(doc));
    assert_string_equal(text.ptr, expected.ptr);
    json_free(doc);
    buf_fini(&text);
    buf_fini(&expected);
}

static void an_absent_value_is_written_as_null(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 64);
    json_write(&out, NULL);
    assert_string_equal(out.ptr, "null");
    buf_fini(&out);
}

static void a_full_buffer_fails_the_writing(void **state)
{
    (void)state;
    struct json_doc *doc = parse("{\"b\":[1,2,3],\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxx\"}");
    struct buf out;
    buf_init(&out, 16);
    json_write(&out, json_root(doc));
    assert_true(out.failed);
    buf_reset(&out);
    json_write_canonical(&out, json_root(doc));
    assert_true(out.failed);
    buf_fini(&out);
    json_free(doc);
}

static void strings_by_hand_are_always_utf8(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 256);
    json_write_string(&out, STR("a\"\xFF\xE4\xB8\0\xE4\xB8\xAD\xC0"));
    assert_string_equal(out.ptr, "\"a\\\"\uFFFD\uFFFD\uFFFD\uFFFD中\uFFFD\"");
    buf_reset(&out);
    json_write_string(&out, STR_NONE);
    assert_string_equal(out.ptr, "\"\"");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_keep_every_digit),
        cmocka_unit_test(null_and_absent_differ),
        cmocka_unit_test(scalars_have_text),
        cmocka_unit_test(iteration_follows_the_text),
        cmocka_unit_test(first_of_duplicate_keys_counts),
        cmocka_unit_test(utf8_mark_is_skipped),
        cmocka_unit_test(wrong_text_is_refused_with_its_place),
        cmocka_unit_test(foreign_encoding_is_refused_with_its_place),
        cmocka_unit_test(half_a_surrogate_pair_is_read_as_the_replacement_character),
        cmocka_unit_test(beside_half_a_surrogate_pair_nothing_is_forgiven),
        cmocka_unit_test(nul_stays_in_the_string_that_holds_it),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(the_deepest_document_is_written_too),
        cmocka_unit_test(siblings_do_not_count_as_nesting),
        cmocka_unit_test(writing_keeps_order_and_numbers),
        cmocka_unit_test(canonical_text_sorts_keys_at_every_level),
        cmocka_unit_test(canonical_text_of_wide_objects_is_sorted),
        cmocka_unit_test(an_absent_value_is_written_as_null),
        cmocka_unit_test(a_full_buffer_fails_the_writing),
        cmocka_unit_test(strings_by_hand_are_always_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

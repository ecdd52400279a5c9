#include "format/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct json_doc *doc;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture.doc = NULL;
    arena_init(&fixture.arena);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    json_free(fixture->doc);
    arena_fini(&fixture->arena);
    return 0;
}

static const struct json *load(struct fixture *fixture, const char *text)
{
    struct err err;
    json_free(fixture->doc);
    if (json_parse(str_of(text), &fixture->doc, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return json_root(fixture->doc);
}

static struct path *compile(struct fixture *fixture, const char *text)
{
    struct path *path;
    struct err err;
    if (path_compile(str_of(text), &fixture->arena, &path, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return path;
}

static void assert_leads_to(struct fixture *fixture, const char *text, const char *expected)
{
    const struct json *found = path_get(compile(fixture, text), json_root(fixture->doc));
    if (expected == NULL) {
        assert_null(found);
        return;
    }
    struct buf out;
    buf_init(&out, 4096);
    assert_non_null(found);
    json_write(&out, found);
    assert_string_equal(out.ptr, expected);
    buf_fini(&out);
}

static void plain_paths_lead_to_their_value(void **state)
{
    load(*state, "{\"data\":{\"list\":[1,2,3],\"a.b\":{\"c\":4},\"\\\"\\\\\":5},\"中\":6}");
    assert_leads_to(*state, "data.list", "[1,2,3]");
    assert_leads_to(*state, "data.list[0]", "1");
    assert_leads_to(*state, "data.list[-1]", "3");
    assert_leads_to(*state, "data.list[-3]", "1");
    assert_leads_to(*state, "data[\"a.b\"].c", "4");
    assert_leads_to(*state, "[\"data\"].list", "[1,2,3]");
    assert_leads_to(*state, "data[\"\\\"\\\\\"]", "5");
    assert_leads_to(*state, "中", "6");
}

static void paths_that_lead_nowhere_are_absent(void **state)
{
    load(*state, "{\"data\":{\"list\":[1,2,3]},\"s\":\"text\"}");
    assert_leads_to(*state, "data.list[3]", NULL);
    assert_leads_to(*state, "data.list[-4]", NULL);
    assert_leads_to(*state, "data.list[-9223372036854775808]", NULL);
    assert_leads_to(*state, "data.list.x", NULL);
    assert_leads_to(*state, "data[0]", NULL);
    assert_leads_to(*state, "s.x", NULL);
    assert_leads_to(*state, "s.*", NULL);
    assert_leads_to(*state, "none.x[1].y", NULL);
    assert_leads_to(*state, "data.list[]", NULL);
    assert_leads_to(*state, "^.data", NULL);
    assert_null(path_get(compile(*state, "@"), NULL));
}

static void first_member_forms(void **state)
{
    load(*state, "{\"error_response\":{\"code\":1},\"order_list_get_response\":{\"code\":2}}");
    assert_leads_to(*state, "*.code", "1");
    assert_leads_to(*state, "*!error_response.code", "2");
    assert_leads_to(*state, "*!other.code", "1");
    assert_leads_to(*state, "error_response.*", "1");
    load(*state, "{\"error_response\":{\"code\":1}}");
    assert_leads_to(*state, "*!error_response", NULL);
    load(*state, "{}");
    assert_leads_to(*state, "*", NULL);
    load(*state, "[1]");
    assert_leads_to(*state, "*", NULL);
}

static void the_record_itself(void **state)
{
    load(*state, "{\"a\":1}");
    assert_leads_to(*state, "@", "{\"a\":1}");
}

static void wrong_paths_are_refused_with_the_column(void **state)
{
    static const struct {
        const char *text;
        const char *where;
    } wrong[] = {
        {"", "column 1"},       {".a", "column 1"},
        {"a.", "column 3"},     {"a..b", "column 3"},
        {"a b", "column 2"},    {"a[", "column 3"},
        {"a[x]", "column 3"},   {"a[1", "column 4"},
        {"a[\"b", "column 5"},  {"a[\"b\\", "column 6"},
        {"a]", "column 2"},     {"a.^", "column 3"},
        {"@.a", "column 1"},    {"^a", "column 2"},
        {"*!", "column 3"},     {"a.[0]", "column 3"},
        {"a[1-]", "column 5"},  {"[][][][]", "column 9"},
        {"^^^^.a", "column 5"}, {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q", "column 33"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct path *path;
        struct err err = {0};
        assert_int_equal(path_compile(str_of(wrong[i].text), &fixture->arena, &path, &err),
                         ERR_CONFIG);
        assert_string_equal(err.code, "path_syntax");
        if (strstr(err.message, wrong[i].where) == NULL)
            fail_msg("%s lacks %s", err.message, wrong[i].where);
    }
}

static void memory_that_runs_out_is_an_error_at_every_step(void **state)
{
    (void)state;
    enum err_class class_ = ERR_INTERNAL;
    for (size_t bytes_max = 0; class_ != ERR_OK; bytes_max++) {
        struct arena arena;
        struct path *path;
        struct err err = {0};
        arena_init_max(&arena, bytes_max);
        class_ = path_compile(STR("a[\"b.c\"].*!d"), &arena, &path, &err);
        arena_fini(&arena);
        if (class_ != ERR_OK)
            assert_string_equal(err.code, "no_memory");
        assert_true(bytes_max < 4096);
    }
}

/* All records of a path as "chain length:text" joined by blanks. */
static void assert_records(struct fixture *fixture, const char *text, const char *expected,
                           bool list_missing)
{
    struct path_iter iter;
    struct path_record record;
    struct buf out;
    buf_init(&out, 4096);
    buf_add(&out, STR(""));
    path_iter_init(&iter, compile(fixture, text), json_root(fixture->doc));
    while (path_iter_next(&iter, &record)) {
        buf_printf(&out, "%zu:", record.chain_len);
        json_write(&out, record.chain[record.chain_len - 1]);
        buf_add_char(&out, ' ');
    }
    assert_true(str_eq(buf_str(&out), str_of(expected)));
    assert_int_equal(path_iter_list_missing(&iter), list_missing);
    assert_false(path_iter_next(&iter, &record));
    buf_fini(&out);
}

static void records_of_one_list(void **state)
{
    assert_int_equal(path_explodes(compile(*state, "data.orders[]")), 1);
    load(*state, "{\"data\":{\"orders\":[{\"a\":1},{\"a\":2},null]}}");
    assert_records(*state, "data.orders[]", "1:{\"a\":1} 1:{\"a\":2} 1:null ", false);
    load(*state, "{\"data\":{\"orders\":[]}}");
    assert_records(*state, "data.orders[]", "", false);
    load(*state, "{\"data\":{\"orders\":null}}");
    assert_records(*state, "data.orders[]", "", false);
    load(*state, "[1,2]");
    assert_records(*state, "[]", "1:1 1:2 ", false);
}

static void a_missing_list_is_told(void **state)
{
    load(*state, "{\"data\":{\"order\":[1]}}");
    assert_records(*state, "data.orders[]", "", true);
    assert_records(*state, "data[]", "", true);
    assert_records(*state, "data.order[].x", "", true);
    assert_records(*state, "data.x", "", true);
    assert_records(*state, "data.order[][]", "", true);
}

static void a_value_of_another_kind_in_place_of_a_list_is_told_apart(void **state)
{
    static const struct {
        const char *path;
        bool kind;
    } cases[] = {{"data.order[]", true},        {"data.text[]", true},
                 {"data.none[]", false},        {"data.absent[]", false},
                 {"data.list[]", false},        {"data.list[].inner[]", true},
                 {"data.list[].other[]", false}};
    load(*state, "{\"data\":{\"order\":{\"a\":1},\"text\":\"\",\"none\":null,"
                 "\"list\":[{\"inner\":[1]},{\"inner\":0}]}}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture *fixture = *state;
        struct path_iter iter;
        struct path_record record;
        path_iter_init(&iter, compile(fixture, cases[i].path), json_root(fixture->doc));
        while (path_iter_next(&iter, &record))
            ;
        if (path_iter_list_kind(&iter) != cases[i].kind)
            fail_msg("%s", cases[i].path);
    }
}

static void a_plain_path_has_one_record(void **state)
{
    load(*state, "{\"data\":{\"x\":{\"a\":1},\"n\":null}}");
    assert_records(*state, "data.x", "1:{\"a\":1} ", false);
    assert_records(*state, "@", "1:{\"data\":{\"x\":{\"a\":1},\"n\":null}} ", false);
    assert_records(*state, "data.n", "", true);
    assert_records(*state, "^.data", "", false);
}

static void records_of_two_levels_know_their_elements(void **state)
{
    static const char text[] =
        "{\"items\":[{\"sn\":\"A\",\"list\":[{\"id\":1},{\"id\":2}]},{\"sn\":\"B\",\"list\":[]},"
        "{\"sn\":\"C\",\"list\":[{\"id\":3}]}]}";
    const struct json *root = load(*state, text);
    struct path *up = compile(*state, "^.sn"), *id = compile(*state, "id");
    struct path *far = compile(*state, "^^.sn");
    const char *expected[] = {"A1", "A2", "C3"};
    struct path_iter iter;
    struct path_record record;
    size_t count = 0;
    path_iter_init(&iter, compile(*state, "items[].list[]"), root);
    while (path_iter_next(&iter, &record)) {
        char pair[3] = {json_text(path_get_record(up, &record)).ptr[0],
                        json_text(path_get_record(id, &record)).ptr[0], '\0'};
        assert_true(count < 3);
        assert_string_equal(pair, expected[count++]);
        assert_int_equal(record.chain_len, 2);
        assert_null(path_get_record(far, &record));
    }
    assert_int_equal(count, 3);
    assert_false(path_iter_list_missing(&iter));
}

static void one_missing_inner_list_does_not_stop_the_walk(void **state)
{
    load(*state, "{\"items\":[{\"list\":[1]},{},{\"list\":[2]}]}");
    assert_records(*state, "items[].list[]", "2:1 2:2 ", true);
}

static void members_behind_the_list_lead_to_the_record(void **state)
{
    load(*state,
         "{\"edges\":[{\"cursor\":1,\"node\":{\"a\":1}},{\"cursor\":2,\"node\":{\"a\":2}}]}");
    assert_records(*state, "edges[].node", "2:{\"a\":1} 2:{\"a\":2} ", false);
}

static void three_levels_and_lists_of_lists(void **state)
{
    load(*state, "[[[1,2],[]],[],[[3]]]");
    assert_records(*state, "[][][]", "3:1 3:2 3:3 ", false);
    assert_records(*state, "[][][].x", "", true);
}

static void assert_without(struct fixture *fixture, const char *const *texts, const char *expected)
{
    const struct path *skip[PATH_SET_MAX];
    size_t skip_len = 0;
    struct buf out;
    while (texts[skip_len] != NULL) {
        skip[skip_len] = compile(fixture, texts[skip_len]);
        skip_len++;
    }
    buf_init(&out, 4096);
    json_write_canonical_without(&out, json_root(fixture->doc), skip, skip_len);
    assert_string_equal(out.ptr, expected);
    buf_fini(&out);
}

#define PATHS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void volatile_parts_are_left_out(void **state)
{
    load(*state,
         "{\"url\":\"u\",\"id\":1,\"skus\":[{\"pic\":\"p\",\"n\":1},{\"n\":2,\"pic\":\"q\"}],"
         "\"ext\":{\"nonce\":1}}");
    assert_without(*state, PATHS("url", "skus[].pic", "ext.nonce", "none.x"),
                   "{\"ext\":{},\"id\":1,\"skus\":[{\"n\":1},{\"n\":2}]}");
    assert_without(*state, PATHS("skus[0]", "*", "ext"),
                   "{\"id\":1,\"skus\":[{\"n\":2,\"pic\":\"q\"}]}");
    assert_without(*state, PATHS("skus[-1].n", "url", "ext"),
                   "{\"id\":1,\"skus\":[{\"n\":1,\"pic\":\"p\"},{\"pic\":\"q\"}]}");
    assert_without(*state, PATHS("skus[]", "*!url", "ext"), "{\"skus\":[],\"url\":\"u\"}");
}

static void leaving_out_means_every_match(void **state)
{
    load(*state, "{\"a\":1,\"b\":2,\"a\":3}");
    assert_without(*state, PATHS("a"), "{\"b\":2}");
    assert_without(*state, PATHS("@"), "null");
    assert_without(*state, PATHS("^.a"), "{\"a\":1,\"a\":3,\"b\":2}");
}

static enum err_class seal(void *context, size_t which, const struct json *value, struct buf *out,
                           struct err *err)
{
    size_t *calls_left = context;
    if ((*calls_left)-- == 0)
        return err_set(err, ERR_STORE, "seal_failed", "no");
    buf_printf(out, "{\"sealed\":%zu,\"len\":%zu}", which, json_text(value).len);
    return ERR_OK;
}

static void personal_parts_are_replaced_where_they_stand(void **state)
{
    const struct json *root = load(
        *state, "{\"z\":1,\"phone\":\"138\",\"to\":[{\"name\":\"Li\",\"x\":[0]},{\"name\":null}],"
                "\"phone\":\"13900\"}");
    const struct path *paths[] = {compile(*state, "to[].name"), compile(*state, "phone"),
                                  compile(*state, "to[].name")};
    size_t calls = 9;
    struct err err;
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(json_write_replaced(&out, root, paths, 3, seal, &calls, &err), ERR_OK);
    assert_string_equal(out.ptr,
                        "{\"z\":1,\"phone\":{\"sealed\":1,\"len\":3},"
                        "\"to\":[{\"name\":{\"sealed\":0,\"len\":2},\"x\":[0]},"
                        "{\"name\":{\"sealed\":0,\"len\":0}}],\"phone\":{\"sealed\":1,\"len\":5}}");
    assert_int_equal(calls, 5);
    buf_fini(&out);
}

static void the_outermost_match_wins(void **state)
{
    const struct json *root = load(*state, "{\"a\":{\"b\":\"x\"},\"c\":\"yz\"}");
    const struct path *paths[] = {compile(*state, "a.b"), compile(*state, "a"),
                                  compile(*state, "@")};
    size_t calls = 9;
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(json_write_replaced(&out, root, paths, 2, seal, &calls, NULL), ERR_OK);
    assert_string_equal(out.ptr, "{\"a\":{\"sealed\":1,\"len\":0},\"c\":\"yz\"}");
    buf_reset(&out);
    assert_int_equal(json_write_replaced(&out, root, paths, 3, seal, &calls, NULL), ERR_OK);
    assert_string_equal(out.ptr, "{\"sealed\":2,\"len\":0}");
    buf_fini(&out);
}

static void a_failed_replacement_ends_the_walk(void **state)
{
    const struct json *root = load(*state, "[\"a\",\"b\",\"c\"]");
    const struct path *paths[] = {compile(*state, "[]")};
    size_t calls = 1;
    struct err err = {0};
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(json_write_replaced(&out, root, paths, 1, seal, &calls, &err), ERR_STORE);
    assert_string_equal(err.code, "seal_failed");
    assert_int_equal(calls, SIZE_MAX); /* not asked a third time */
    buf_fini(&out);
}

static void a_full_buffer_is_an_error_of_replacing(void **state)
{
    const struct json *root = load(*state, "[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]");
    struct err err = {0};
    struct buf out;
    buf_init(&out, 8);
    assert_int_equal(json_write_replaced(&out, root, NULL, 0, seal, NULL, &err), ERR_INTERNAL);
    assert_string_equal(err.code, "no_memory");
    buf_fini(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(plain_paths_lead_to_their_value),
        TEST(paths_that_lead_nowhere_are_absent),
        TEST(first_member_forms),
        TEST(the_record_itself),
        TEST(wrong_paths_are_refused_with_the_column),
        TEST(memory_that_runs_out_is_an_error_at_every_step),
        TEST(records_of_one_list),
        TEST(a_missing_list_is_told),
        TEST(a_value_of_another_kind_in_place_of_a_list_is_told_apart),
        TEST(a_plain_path_has_one_record),
        TEST(records_of_two_levels_know_their_elements),
        TEST(one_missing_inner_list_does_not_stop_the_walk),
        TEST(members_behind_the_list_lead_to_the_record),
        TEST(three_levels_and_lists_of_lists),
        TEST(volatile_parts_are_left_out),
        TEST(leaving_out_means_every_match),
        TEST(personal_parts_are_replaced_where_they_stand),
        TEST(the_outermost_match_wins),
        TEST(a_failed_replacement_ends_the_walk),
        TEST(a_full_buffer_is_an_error_of_replacing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

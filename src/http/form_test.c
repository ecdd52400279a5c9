/* Forms of pages: as browsers send them, and as nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/http.h"

#define TYPE "multipart/form-data; boundary=----X1"

struct form {
    struct arena arena;
    struct http_part parts[HTTP_PARTS_MAX];
    size_t len;
    struct err err;
};

static int ready(void **state)
{
    static struct form form;
    form = (struct form){.len = 0};
    arena_init(&form.arena);
    *state = &form;
    return 0;
}

static int end(void **state)
{
    struct form *form = *state;
    arena_fini(&form->arena);
    return 0;
}

static enum err_class read_text(struct form *form, const char *type, const char *text, size_t len)
{
    return http_form_read(str_of(type), (struct str){text, len}, &form->arena, form->parts,
                          &form->len, &form->err);
}

static void is(struct str got, const char *wanted)
{
    if (!str_eq(got, str_of(wanted)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), wanted);
}

static void a_browsers_form_is_taken_apart(void **state)
{
    struct form *f = *state;
    static const char body[] =
        "------X1\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\ncosts\r\n"
        "------X1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"成本 %22a;b%22.csv\"\r\n"
        "Content-Type: text/csv\r\n\r\na,b\r\n\0--\r\n------X\r\n\r\n"
        "------X1\r\ncontent-disposition: form-data; filename=\"\"; name=empty\r\n\r\n\r\n"
        "------X1--\r\nbehind it";
    assert_true(http_is_form(str_of(TYPE)));
    assert_false(http_is_form(STR("application/json")));
    assert_int_equal(read_text(f, TYPE, body, sizeof body - 1), ERR_OK);
    assert_int_equal(f->len, 3);
    is(f->parts[0].name, "kind");
    is(f->parts[0].value, "costs");
    assert_false(f->parts[0].is_file);
    is(f->parts[1].name, "file");
    is(f->parts[1].file_name, "成本 \"a;b\".csv");
    assert_true(f->parts[1].is_file);
    /* Bytes are bytes; what only begins like the boundary is none. */
    assert_int_equal(f->parts[1].value.len, 3 + 2 + 1 + 2 + 2 + 7 + 2);
    assert_memory_equal(f->parts[1].value.ptr, "a,b\r\n\0--\r\n------X\r\n", 19);
    is(f->parts[2].name, "empty");
    assert_true(f->parts[2].is_file);
    is(f->parts[2].value, "");
    /* Something before the first boundary, a quoted boundary, quoted signs, a part without a value's line. */
    static const char other[] =
        "before\r\n--a b\r\nContent-Disposition: form-data; name=\"x\\\"y\"\r\n\r\n"
        "--a b--";
    assert_int_equal(
        read_text(f, "Multipart/Form-Data; charset=x; boundary=\"a b\"", other, sizeof other - 1),
        ERR_OK);
    assert_int_equal(f->len, 1);
    is(f->parts[0].name, "x\"y");
    is(f->parts[0].value, "");
}

static void what_is_no_form_is_refused(void **state)
{
    struct form *f = *state;
    static const char *const bad[] = {
        "",
        "------X1",
        "------X1\r\n",
        "------X1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue",
        "------X1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n------X1",
        "------X1\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n------X1--",
        "------X1\r\nContent-Disposition: form-data; name=\"a\r\n\r\nvalue\r\n------X1--",
        "------X1\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\nvalue\r\n------X1--",
        "------X1garbage\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n------X1--",
        "------X1\r\nvalue\r\n------X1--",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (read_text(f, TYPE, bad[i], strlen(bad[i])) != ERR_BAD_REQUEST)
            fail_msg("case %zu is taken", i);
        assert_string_equal(f->err.code, "form_broken");
    }
    static const char *const types[] = {"multipart/form-data", "multipart/form-data; boundary=",
                                        "multipart/form-data; boundary=\"a"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_int_equal(read_text(f, types[i], "--a--", 5), ERR_BAD_REQUEST);
}

static void a_form_has_a_bound(void **state)
{
    struct form *f = *state;
    struct buf body;
    buf_init(&body, 65536);
    for (int i = 0; i <= HTTP_PARTS_MAX; i++)
        buf_printf(&body, "------X1\r\nContent-Disposition: form-data; name=\"a%d\"\r\n\r\nv\r\n",
                   i);
    buf_add(&body, STR("------X1--"));
    assert_int_equal(read_text(f, TYPE, buf_str(&body).ptr, body.len), ERR_BAD_REQUEST);
    assert_string_equal(f->err.code, "form_many");
    buf_reset(&body);
    buf_add(&body, STR("------X1\r\n"));
    for (int i = 0; i < 17; i++)
        buf_printf(&body, "X-%d: y\r\n", i);
    buf_add(&body, STR("Content-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n------X1--"));
    assert_int_equal(read_text(f, TYPE, buf_str(&body).ptr, body.len), ERR_BAD_REQUEST);
    buf_fini(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_browsers_form_is_taken_apart, ready, end),
        cmocka_unit_test_setup_teardown(what_is_no_form_is_refused, ready, end),
        cmocka_unit_test_setup_teardown(a_form_has_a_bound, ready, end),
    };
    return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "api/path.h"

static void paths_are_split_before_they_are_decoded(void **state)
{
    static const struct {
        const char *pattern, *path;
        size_t values;
        const char *first, *second;
    } cases[] = {
        {"/a/{b}", "/a/x", 1, "x", NULL},
        {"/a/{b}", "/a/x%2Fy", 1, "x/y", NULL},
        {"/a/{b}", "/a/x%2fy%2F", 1, "x/y/", NULL},
        {"/a/{b}/{c}", "/a/x%2Fy/%E4%BA%91", 2, "x/y", "\xe4\xba\x91"},
        {"/a/{b}", "/%61/x", 1, "x", NULL},
        {"/a/{b}", "/a/x/y", SIZE_MAX, NULL, NULL},
        {"/a/{b}", "/a%2Fx", SIZE_MAX, NULL, NULL},
        {"/a/b", "/a%2Fb", SIZE_MAX, NULL, NULL},
        {"/a/{b}", "/a/", SIZE_MAX, NULL, NULL},
        {"/a/{b}", "/a", SIZE_MAX, NULL, NULL},
        {"/a/{b}", "//x", SIZE_MAX, NULL, NULL},
        {"/a/b", "/a/b", 0, NULL, NULL},
        {"/{a}/{b}/{c}", "/1/2/3", SIZE_MAX, NULL, NULL},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct str values[2];
        size_t len = path_fits(str_of(cases[i].pattern), str_of(cases[i].path), values, 2);
        if (len != cases[i].values)
            fail_msg("%s against %s: %zu", cases[i].path, cases[i].pattern, len);
        if (cases[i].first)
            assert_true(str_eq(path_value(values[0], &arena), str_of(cases[i].first)));
        if (cases[i].second)
            assert_true(str_eq(path_value(values[1], &arena), str_of(cases[i].second)));
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths_are_split_before_they_are_decoded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

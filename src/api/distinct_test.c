#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "api/distinct.h"

static void each_number_counts_once(void **state)
{
    static const struct {
        const char *list;
        int64_t listed, different;
    } cases[] = {
        {"", 0, 0},      {"7", 1, 1},         {"7,7,7", 3, 1},     {"1,63,64,65,64,1", 6, 4},
        {"0,0,1", 3, 2}, {"4095,4096", 2, 2}, {"1000000,3", 2, 2}, {"3", 1, 1}};
    struct distinct distinct = {.words = 0};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t out = -1;
        assert_int_equal(
            distinct_count(&distinct, str_of(cases[i].list), cases[i].listed, &out, NULL), ERR_OK);
        assert_int_equal(out, cases[i].different);
    }
    distinct_fini(&distinct);
}

static void what_is_no_list_or_was_cut_is_refused(void **state)
{
    static const char *const lists[] = {
        "1,,2", "a", "1 2", "-1,2", "1,2,3", "1", "1,9999999999999", "1,18446744073709551617"};
    struct distinct distinct = {.words = 0};
    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        int64_t out;
        assert_int_equal(distinct_count(&distinct, str_of(lists[i]), 2, &out, NULL), ERR_INTERNAL);
    }
    distinct_fini(&distinct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_counts_once),
        cmocka_unit_test(what_is_no_list_or_was_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "crypt/crypt.h"

static void assert_mask(enum mask mask, struct str plain, const char *wanted)
{
    struct buf out;
    buf_init(&out, 256);
    mask_write(&out, mask, plain);
    assert_string_equal(buf_str(&out).ptr, wanted);
    buf_fini(&out);
}

static void phones_keep_network_and_tail(void **state)
{
    (void)state;
    assert_mask(MASK_PHONE, STR("13800138000"), "138****8000");
    assert_mask(MASK_PHONE, STR("+8613800138000"), "+86*******8000");
    assert_mask(MASK_PHONE, STR("1234567890"), "12****7890");
}

static void short_phones_never_show_more_than_they_hide(void **state)
{
    (void)state;
    assert_mask(MASK_PHONE, STR("12345678"), "****5678");
    assert_mask(MASK_PHONE, STR("1234567"), "****567");
    assert_mask(MASK_PHONE, STR("123456"), "*****6");
    assert_mask(MASK_PHONE, STR("12"), "*2");
    assert_mask(MASK_PHONE, STR("1"), "*");
    assert_mask(MASK_PHONE, STR(""), "");
}

static void names_keep_their_first_character(void **state)
{
    (void)state;
    assert_mask(MASK_NAME, STR("张三"), "张*");
    assert_mask(MASK_NAME, STR("欧阳娜娜"), "欧***");
    assert_mask(MASK_NAME, STR("Ann"), "A**");
    assert_mask(MASK_NAME, STR("李"), "*");
    assert_mask(MASK_NAME, STR(""), "");
}

static void texts_keep_a_head_and_hide_their_length(void **state)
{
    (void)state;
    assert_mask(MASK_TEXT, STR("浙江省杭州市西湖区1号"), "浙江省****");
    assert_mask(MASK_TEXT, STR("1234567"), "123****");
    assert_mask(MASK_TEXT, STR("西湖区1号"), "****号");
}

static void bytes_that_are_no_text_are_not_shown(void **state)
{
    (void)state;
    assert_mask(MASK_NAME, STR("\xe5\xbc"), "****");
    assert_mask(MASK_PHONE, STR("1380013\xff"), "****");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phones_keep_network_and_tail),
        cmocka_unit_test(short_phones_never_show_more_than_they_hide),
        cmocka_unit_test(names_keep_their_first_character),
        cmocka_unit_test(texts_keep_a_head_and_hide_their_length),
        cmocka_unit_test(bytes_that_are_no_text_are_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The catalogue: every text in both languages, with the same placeholders. */
#include "app/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Bit n: {n} stands in the text. */
static unsigned holes(struct str text)
{
    unsigned found = 0;
    for (size_t i = 0; i + 2 < text.len; i++) {
        if (text.ptr[i] == '{' && text.ptr[i + 2] == '}' && text.ptr[i + 1] >= '1' &&
            text.ptr[i + 1] <= '9')
            found |= 1u << (text.ptr[i + 1] - '0');
    }
    return found;
}

static bool has_chinese(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] >= 0xe3)
            return true;
    }
    return false;
}

static void every_message_is_there_in_both_languages(void **state)
{
    (void)state;
    for (enum message_id id = 0; id < MESSAGES; id++) {
        struct str en = message_text(id, LANGUAGE_EN), zh = message_text(id, LANGUAGE_ZH);
        assert_true(en.len > 0 && zh.len > 0);
        if (holes(en) != holes(zh))
            fail_msg("message %d: other placeholders in Chinese: %s", (int)id, zh.ptr);
        if (has_chinese(en))
            fail_msg("message %d is not English: %s", (int)id, en.ptr);
        /* A command alone reads the same everywhere; everything else is said in Chinese. */
        if (!has_chinese(zh) && en.ptr[0] != '`' && holes(en) == 0)
            fail_msg("message %d is not Chinese: %s", (int)id, zh.ptr);
    }
}

static void arguments_stand_where_the_language_wants_them(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    language_set(STR("en"));
    message_write(&out, MSG_DATE_ORDER, M_STR(STR("A")), M_STR(STR("B")), M_END);
    assert_string_equal(out.ptr, "the end B lies before the start A");
    buf_reset(&out);
    message_write(&out, MSG_PAGE_SIZE, M_STR(STR("x{2}")), M_I64(-7), M_END);
    assert_string_equal(out.ptr, "page_size: `x{2}` is not a whole number from 1 to -7");
    buf_fini(&out);
}

static void locale_of(const char *all, const char *messages, const char *lang)
{
    setenv("LC_ALL", all, 1);
    setenv("LC_MESSAGES", messages, 1);
    setenv("LANG", lang, 1);
    language_set(STR("auto"));
}

static void the_first_locale_variable_that_is_set_decides(void **state)
{
    (void)state;
    locale_of("", "", "zh_CN.UTF-8");
    assert_int_equal(language_now(), LANGUAGE_ZH);
    locale_of("C.UTF-8", "zh_CN.UTF-8", "zh_CN.UTF-8");
    assert_int_equal(language_now(), LANGUAGE_EN);
    locale_of("", "zh_TW.UTF-8", "en_US.UTF-8");
    assert_int_equal(language_now(), LANGUAGE_ZH);
    locale_of("", "", "");
    assert_int_equal(language_now(), LANGUAGE_EN);
}

static void the_option_wins_over_the_locale(void **state)
{
    (void)state;
    locale_of("zh_CN.UTF-8", "", "");
    language_set(STR("en"));
    assert_int_equal(language_now(), LANGUAGE_EN);
    language_set(STR("zh"));
    assert_int_equal(language_now(), LANGUAGE_ZH);
}

static void errors_speak_the_language(void **state)
{
    (void)state;
    struct err err;
    language_set(STR("zh"));
    assert_int_equal(err_say(&err, ERR_USAGE, "id", MSG_ID, M_STR(STR("x")), M_END), ERR_USAGE);
    assert_string_equal(err.message, "`x` 不是行号");
    assert_string_equal(err.code, "id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_there_in_both_languages),
        cmocka_unit_test(arguments_stand_where_the_language_wants_them),
        cmocka_unit_test(the_first_locale_variable_that_is_set_decides),
        cmocka_unit_test(the_option_wins_over_the_locale),
        cmocka_unit_test(errors_speak_the_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

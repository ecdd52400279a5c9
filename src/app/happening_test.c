/* Every kind of event has its text in both languages, and whatever stands in a row can be shown. */
#include "app/happening.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct app app;

static const char *shown(const char *kind, const char *args, bool json)
{
    static char text[8192];
    struct buf out;
    const struct feed_line line = {.at_ms = INT64_C(1769554805123),
                                   .task_id = 12,
                                   .level = EVENT_WARN,
                                   .kind = str_of(kind),
                                   .process = STR("run:host:1"),
                                   .stream = STR(""),
                                   .args = str_of(args)};
    buf_init(&out, sizeof(text) - 1);
    app.json = json;
    happening_write(&app, &line, &out);
    assert_false(out.failed);
    memcpy(text, out.ptr, out.len);
    text[out.len] = '\0';
    buf_fini(&out);
    return text;
}

static void a_line_says_when_what_and_who(void **state)
{
    (void)state;
    language_set(STR("en"));
    assert_string_equal(
        shown("task_dead", "{\"kind\":\"window\",\"code\":\"x\",\"reason\":\"a\\nb\"}", false),
        "2026-01-27 23:00:05 WARN  window is dead and waits for a person: a b (x)"
        " (#12, run:host:1)\n");
    assert_string_equal(shown("paused", "{\"scope\":\"all\",\"name\":\"\"}", false),
                        "2026-01-27 23:00:05 WARN  paused by a person: everything"
                        " (#12, run:host:1)\n");
    assert_non_null(
        strstr(shown("window_unproved", "{\"from_ms\":0,\"to_ms\":1000,\"reason\":\"r\"}", false),
               "not proved from 1970-01-01 00:00:00 to 1970-01-01 00:00:01: r"));
}

static void json_keeps_the_arguments_as_they_are(void **state)
{
    (void)state;
    language_set(STR("en"));
    assert_string_equal(shown("task_overdue", "{\"kind\":\"window\",\"seconds\":7}", true),
                        "{\"at\":\"2026-01-27T23:00:05.123Z\",\"level\":\"warn\","
                        "\"kind\":\"task_overdue\",\"task\":12,\"process\":\"run:host:1\","
                        "\"args\":{\"kind\":\"window\",\"seconds\":7},"
                        "\"text\":\"window ran for 7 s, longer than it may (task_seconds): "
                        "it was stopped and put back\"}\n");
}

/* A newer program has written it, or somebody by hand. */
static void what_is_not_known_is_shown_all_the_same(void **state)
{
    (void)state;
    assert_non_null(strstr(shown("of_tomorrow", "{\"a\":1}", false), "of_tomorrow {\"a\":1}"));
    for (enum event_kind kind = 0; kind < EVENT_KINDS_LEN; kind++) {
        const char *word = event_word(kind).ptr;
        shown(word, "{}", false);
        shown(word, "no json", false);
        shown(word,
              "{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":9,"
              "\"10\":10}",
              false);
    }
}

static void it_is_read_in_chinese_too(void **state)
{
    (void)state;
    language_set(STR("zh"));
    assert_non_null(
        strstr(shown("task_cancelled", "{\"kind\":\"window\"}", false), "window 已取消"));
    language_set(STR("en"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_when_what_and_who),
        cmocka_unit_test(json_keeps_the_arguments_as_they_are),
        cmocka_unit_test(what_is_not_known_is_shown_all_the_same),
        cmocka_unit_test(it_is_read_in_chinese_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Lines go through a pipe and carry the test clock's time, so that they can be compared whole. */
static int pipe_ends[2];
static char clock_path[64];

static void clock_start(const char *start_ms)
{
    snprintf(clock_path, sizeof(clock_path), "/tmp/huiliu-log-test-%d", (int)getpid());
    unlink(clock_path);
    setenv("HUILIU_CLOCK", clock_path, 1);
    setenv("HUILIU_CLOCK_START", start_ms, 1);
    assert_int_equal(clock_setup("log_test", NULL), ERR_OK);
}

static void clock_stop(void)
{
    clock_teardown();
    unlink(clock_path);
}

static int set_up(void **state)
{
    (void)state;
    clock_start("1795170483007");
    return pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK);
}

static int tear_down(void **state)
{
    (void)state;
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    clock_stop();
    return 0;
}

/* What was written since the last call. */
static const char *written(int fd)
{
    static char text[16384];
    ssize_t len = read(fd, text, sizeof(text) - 1);
    text[len < 0 ? 0 : len] = '\0';
    return text;
}

static void an_event_is_one_json_object_a_line(void **state)
{
    (void)state;
    log_setup(LOG_INFO, pipe_ends[1], false);
    log_event(LOG_INFO, "window_sealed", LOG_STR("shop", STR("旗舰店 7")), LOG_I64("rows", -12),
              LOG_END);
    assert_string_equal(written(pipe_ends[0]),
                        "{\"time\":\"2026-11-20T10:28:03.007Z\",\"level\":\"info\","
                        "\"event\":\"window_sealed\",\"shop\":\"旗舰店 7\",\"rows\":-12}\n");
    log_event(LOG_ERROR, "bare", LOG_END);
    assert_string_equal(written(pipe_ends[0]), "{\"time\":\"2026-11-20T10:28:03.007Z\","
                                               "\"level\":\"error\",\"event\":\"bare\"}\n");
}

static void events_below_the_level_are_left_out(void **state)
{
    (void)state;
    log_setup(LOG_WARN, pipe_ends[1], true);
    log_event(LOG_INFO, "quiet", LOG_END);
    assert_string_equal(written(pipe_ends[0]), "");
    log_event(LOG_WARN, "loud", LOG_END);
    assert_string_not_equal(written(pipe_ends[0]), "");
    log_setup(LOG_OFF, pipe_ends[1], true);
    assert_int_equal(log_level_now(), LOG_OFF);
    log_event(LOG_ERROR, "off", LOG_END);
    log_event(LOG_OFF, "off", LOG_END);
    assert_string_equal(written(pipe_ends[0]), "");
}

/* The value of the field "v" as it stands in the JSON line. */
static void assert_escaped(struct str value, const char *expected)
{
    char line[512];
    log_setup(LOG_INFO, pipe_ends[1], true);
    log_event(LOG_INFO, "e", LOG_STR("v", value), LOG_END);
    snprintf(line, sizeof(line),
             "{\"time\":\"2026-11-20T10:28:03.007Z\",\"level\":\"info\",\"event\":\"e\","
             "\"v\":\"%s\"}\n",
             expected);
    assert_string_equal(written(pipe_ends[0]), line);
}

static void values_are_escaped(void **state)
{
    (void)state;
    assert_escaped(STR("say \"hi\" \\ there"), "say \\\"hi\\\" \\\\ there");
    assert_escaped(STR("a\nb\tc\x01\x7f"), "a\\nb\\u0009c\\u0001\\u007f");
    assert_escaped(STR("a\0b"), "a\\u0000b");
    assert_escaped(STR("汇流 😀 é"), "汇流 😀 é");
    /* What is not UTF-8 would make the whole line no JSON. */
    assert_escaped(STR("\xff汇\xe6\xb1"), "\\ufffd汇\\ufffd\\ufffd");
    /* Terminals obey U+009B as they obey ESC [. */
    assert_escaped(STR("\xc2\x9b"), "\\u009b");
    assert_escaped(STR("\xc2\xa0"), "\xc2\xa0");
    assert_escaped(STR_NONE, "");
}

static void a_terminal_gets_readable_lines(void **state)
{
    (void)state;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0)
        skip(); /* a bare chroot has no pseudo-terminals */
    assert_true(grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    struct termios raw;
    assert_int_equal(tcgetattr(slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);

    log_setup(LOG_INFO, slave, false);
    log_event(LOG_WARN, "paused", LOG_STR("shop", STR("旗舰店")), LOG_STR("why", STR("a b\033[2J")),
              LOG_STR("none", STR_NONE), LOG_I64("n", 3), LOG_END);
    assert_string_equal(written(master), "2026-11-20T10:28:03.007Z warn paused shop=旗舰店 "
                                         "why=\"a b\\u001b[2J\" none=\"\" n=3\n");
    log_setup(LOG_INFO, slave, true);
    log_event(LOG_WARN, "paused", LOG_END);
    assert_int_equal(written(master)[0], '{');
    close(slave);
    close(master);
}

static void long_values_are_cut_between_characters(void **state)
{
    (void)state;
    static char text[3001];
    for (size_t i = 0; i < 3000; i += 3)
        memcpy(text + i, "流", 3);
    log_setup(LOG_INFO, pipe_ends[1], true);
    log_event(LOG_INFO, "e", LOG_STR("v", str_of(text)), LOG_I64("n", 1), LOG_END);
    const char *line = written(pipe_ends[0]);
    const char *value = strstr(line, "\"v\":\"") + 5;
    /* 1,024 bytes hold 341 whole characters. */
    assert_memory_equal(value, text, 1023);
    assert_string_equal(value + 1023, "…\",\"n\":1}\n");
}

static void fields_that_do_not_fit_are_left_out_whole(void **state)
{
    (void)state;
    static char text[1000];
    memset(text, 'x', sizeof(text));
    struct str value = {text, sizeof(text)};
    log_setup(LOG_INFO, pipe_ends[1], true);
    log_event(LOG_INFO, "e", LOG_STR("a", value), LOG_STR("b", value), LOG_STR("c", value),
              LOG_STR("d", value), LOG_I64("n", 1), LOG_END);
    const char *line = written(pipe_ends[0]);
    assert_true(strlen(line) <= 4096);
    assert_non_null(strstr(line, "\"c\":"));
    assert_null(strstr(line, "\"d\":"));
    assert_string_equal(strstr(line, "\"n\":"), "\"n\":1,\"cut\":true}\n");
}

static void a_log_that_cannot_be_written_stops_nothing(void **state)
{
    (void)state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    log_setup(LOG_INFO, fd, true);
    log_event(LOG_INFO, "e", LOG_END);
    close(fd);
}

/* Computed by Python's datetime. */
static void time_is_rfc3339_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t time_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {86399999, "1970-01-01T23:59:59.999Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {1709164800123, "2024-02-29T00:00:00.123Z"},
        {1735689599999, "2024-12-31T23:59:59.999Z"},
        {1767225600000, "2026-01-01T00:00:00.000Z"},
        {1795170483007, "2026-11-20T10:28:03.007Z"},
        {4107542399999, "2100-02-28T23:59:59.999Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
    };
    log_setup(LOG_INFO, pipe_ends[1], true);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char start[32];
        clock_stop();
        snprintf(start, sizeof(start), "%lld", (long long)rows[i].time_ms);
        clock_start(start);
        log_event(LOG_INFO, "e", LOG_END);
        const char *line = written(pipe_ends[0]);
        assert_memory_equal(line + strlen("{\"time\":\""), rows[i].text, strlen(rows[i].text));
    }
}

static void levels_have_names(void **state)
{
    (void)state;
    enum log_level level;
    assert_true(log_level_parse(STR("debug"), &level) && level == LOG_DEBUG);
    assert_true(log_level_parse(STR("off"), &level) && level == LOG_OFF);
    assert_false(log_level_parse(STR("verbose"), &level));
}

#define log_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        log_test(an_event_is_one_json_object_a_line),
        log_test(events_below_the_level_are_left_out),
        log_test(values_are_escaped),
        log_test(a_terminal_gets_readable_lines),
        log_test(long_values_are_cut_between_characters),
        log_test(fields_that_do_not_fit_are_left_out_whole),
        log_test(a_log_that_cannot_be_written_stops_nothing),
        log_test(time_is_rfc3339_in_utc),
        log_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/fail.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char report_path[64];

static int make_report_path(void **state)
{
    (void)state;
    snprintf(report_path, sizeof(report_path), "/tmp/huiliu-fail-test-%d", (int)getpid());
    unlink(report_path);
    return 0;
}

static int forget_all(void **state)
{
    (void)state;
    unsetenv("HUILIU_FAIL");
    unsetenv("HUILIU_FAIL_REPORT");
    unlink(report_path);
    return fail_setup(NULL) == ERR_OK ? 0 : -1;
}

static enum err_class set_up(const char *fail, struct err *err)
{
    setenv("HUILIU_FAIL", fail, 1);
    return fail_setup(err);
}

/* The report as text; empty when there is none. */
static const char *report_read(void)
{
    static char text[8192];
    int fd = open(report_path, O_RDONLY);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[len < 0 ? 0 : len] = '\0';
    return text;
}

static void points_are_off_unless_asked_for(void **state)
{
    (void)state;
    assert_int_equal(fail_setup(NULL), ERR_OK);
    assert_false(fail_points_on);
    assert_false(FAIL_POINT("store.query"));
}

static void the_nth_hit_fails_once(void **state)
{
    (void)state;
    assert_int_equal(set_up("store.query=error@3", NULL), ERR_OK);
    for (int hit = 1; hit <= 6; hit++)
        assert_int_equal(FAIL_POINT("store.query"), hit == 3);
    assert_false(FAIL_POINT("store.commit.before"));
}

static void plus_means_from_then_on(void **state)
{
    (void)state;
    assert_int_equal(set_up("store.query=error@3+", NULL), ERR_OK);
    for (int hit = 1; hit <= 6; hit++)
        assert_int_equal(FAIL_POINT("store.query"), hit >= 3);
}

static void several_entries_each_count_their_own_point(void **state)
{
    (void)state;
    assert_int_equal(set_up("store.query=error, format.write=error@2,store.query=error@4", NULL),
                     ERR_OK);
    for (int hit = 1; hit <= 5; hit++) {
        assert_int_equal(FAIL_POINT("store.query"), hit == 1 || hit == 4);
        assert_int_equal(FAIL_POINT("format.write"), hit == 2);
    }
}

static void an_unknown_point_is_answered_with_the_nearest(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(set_up("store.comit.before=kill", &err), ERR_CONFIG);
    assert_string_equal(err.code, "fail_point");
    assert_non_null(strstr(err.message, "store.comit.before"));
    assert_non_null(strstr(err.message, "did you mean \"store.commit.before\"?"));
    assert_int_equal(set_up("zzz=kill", &err), ERR_CONFIG);
    assert_null(strstr(err.message, "did you mean"));
}

static void malformed_entries_are_refused(void **state)
{
    (void)state;
    static const char *const entries[] = {
        "store.query",          "store.query=",         "store.query=die",
        "store.query=error@",   "store.query=error@0",  "store.query=error@+",
        "store.query=error@-1", "store.query=error@1x", "store.query=error,,format.write=error",
    };
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        struct err err;
        if (set_up(entries[i], &err) != ERR_CONFIG)
            fail_msg("\"%s\" was accepted", entries[i]);
    }
}

static void the_report_counts_every_point(void **state)
{
    (void)state;
    setenv("HUILIU_FAIL_REPORT", report_path, 1);
    assert_int_equal(fail_setup(NULL), ERR_OK);
    for (int i = 0; i < 3; i++)
        assert_false(FAIL_POINT("store.query"));
    fail_teardown();
    const char *report = report_read();
    for (const struct fail_point_info *info = fail_point_table(); info->name; info++) {
        char line[100];
        snprintf(line, sizeof(line), "%s %d\n", info->name,
                 strcmp(info->name, "store.query") == 0 ? 3 : 0);
        assert_non_null(strstr(report, line));
    }
}

/* Runs `hits` hits in a child and returns how it ended. */
static int child_status(const char *fail, int hits)
{
    pid_t child = fork();
    if (child == 0) {
        setenv("HUILIU_FAIL_REPORT", report_path, 1);
        if (set_up(fail, NULL) != ERR_OK)
            _exit(99);
        for (int i = 0; i < hits; i++) {
            if (FAIL_POINT("store.commit.before"))
                _exit(98);
        }
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

static void kill_ends_the_process_and_says_so_before(void **state)
{
    (void)state;
    int status = child_status("store.commit.before=kill@2", 1);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(report_read(), "");
    status = child_status("store.commit.before=kill@2", 2);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_string_equal(report_read(), "store.commit.before kill\n");
}

static void exit_ends_the_process_with_a_report(void **state)
{
    (void)state;
    int status = child_status("store.commit.before=exit@2", 5);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_non_null(strstr(report_read(), "store.commit.before 2\n"));
}

static void names_are_unique_and_explained(void **state)
{
    (void)state;
    const struct fail_point_info *table = fail_point_table();
    for (size_t i = 0; table[i].name; i++) {
        assert_true(table[i].what[0] != '\0');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(table[i].name, table[j].name);
    }
}

#define fail_point_test(name) cmocka_unit_test_setup_teardown(name, make_report_path, forget_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fail_point_test(points_are_off_unless_asked_for),
        fail_point_test(the_nth_hit_fails_once),
        fail_point_test(plus_means_from_then_on),
        fail_point_test(several_entries_each_count_their_own_point),
        fail_point_test(an_unknown_point_is_answered_with_the_nearest),
        fail_point_test(malformed_entries_are_refused),
        fail_point_test(the_report_counts_every_point),
        fail_point_test(kill_ends_the_process_and_says_so_before),
        fail_point_test(exit_ends_the_process_with_a_report),
        fail_point_test(names_are_unique_and_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

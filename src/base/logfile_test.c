/* Files that turn by size and by day, alone and with several who write. */
#include "base/logfile.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TEXT_BYTES = 64 * 1024, DAY_S = 86400 };

static char folder[64], path[128];
static int64_t today_s;

/* Files are dated by the machine: what is written now is of this day, also when the test sees midnight. */
static int64_t now_s(void)
{
    return today_s;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/huiliu-logfile-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/a.log", folder);
    struct stat is;
    assert_int_equal(stat(folder, &is), 0);
    today_s = (int64_t)is.st_mtime;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char name[256];
    for (int i = 0; i <= 30; i++) {
        snprintf(name, sizeof(name), i == 0 ? "%s" : "%s.%d", path, i);
        unlink(name);
    }
    return rmdir(folder);
}

static struct logfile *file_open(int64_t bytes_max, unsigned files)
{
    struct logfile *file = NULL;
    const struct logfile_options options = {
        .path = path, .bytes_max = bytes_max, .keep_days = 14, .files = files, .now_s = now_s};
    assert_int_equal(logfile_open(&options, &file, NULL), ERR_OK);
    return file;
}

static const char *old_path(int number)
{
    static char name[256];
    snprintf(name, sizeof(name), number == 0 ? "%s" : "%s.%d", path, number);
    return name;
}

/* What stands in an old file, or today's (0); NULL: there is none. */
static const char *text_of(int number)
{
    static char text[TEXT_BYTES];
    int fd = open(old_path(number), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[len < 0 ? 0 : len] = '\0';
    return text;
}

static void say(struct logfile *file, const char *line)
{
    assert_true(logfile_write(file, line, strlen(line)));
}

static void date_back(int number, int64_t days)
{
    const struct timespec times[2] = {{.tv_sec = today_s - days * DAY_S},
                                      {.tv_sec = today_s - days * DAY_S}};
    assert_int_equal(utimensat(AT_FDCWD, old_path(number), times, 0), 0);
}

static void a_full_file_gives_way_to_a_new_one(void **state)
{
    (void)state;
    struct logfile *file = file_open(10, 2);
    say(file, "one--\n");
    say(file, "1--\n");
    assert_string_equal(text_of(0), "one--\n1--\n");
    say(file, "two--\n");
    assert_string_equal(text_of(0), "two--\n");
    assert_string_equal(text_of(1), "one--\n1--\n");
    say(file, "three\n");
    say(file, "four-\n");
    assert_string_equal(text_of(0), "four-\n");
    assert_string_equal(text_of(1), "three\n");
    assert_string_equal(text_of(2), "two--\n");
    assert_null(text_of(3));
    logfile_close(file);
}

static void a_line_longer_than_the_bound_is_kept_whole(void **state)
{
    (void)state;
    struct logfile *file = file_open(4, 1);
    say(file, "longer than four\n");
    say(file, "x\n");
    assert_string_equal(text_of(1), "longer than four\n");
    assert_string_equal(text_of(0), "x\n");
    logfile_close(file);
}

static void another_day_begins_a_new_file(void **state)
{
    (void)state;
    struct logfile *file = file_open(1000, 3);
    say(file, "yesterday\n");
    say(file, "still\n");
    assert_null(text_of(1));
    date_back(0, 1);
    say(file, "today\n");
    assert_string_equal(text_of(1), "yesterday\nstill\n");
    assert_string_equal(text_of(0), "today\n");
    logfile_close(file);
}

static void old_files_go_by_age_and_by_number(void **state)
{
    (void)state;
    struct logfile *file = file_open(4, 6);
    for (const char *const *line = (const char *const[]){"a1\n", "b2\n", "c3\n", "d4\n", NULL};
         *line; line++)
        say(file, *line);
    date_back(3, 15);
    date_back(2, 13);
    say(file, "e5\n");
    assert_null(text_of(4));
    assert_string_equal(text_of(3), "b2\n");
    logfile_close(file);
    /* A lower number than before takes effect with the next start. */
    logfile_close(file_open(4, 1));
    assert_non_null(text_of(1));
    assert_null(text_of(2));
}

static void none_kept_means_none(void **state)
{
    (void)state;
    struct logfile *file = file_open(4, 0);
    say(file, "a1\n");
    say(file, "b2\n");
    assert_string_equal(text_of(0), "b2\n");
    assert_null(text_of(1));
    logfile_close(file);
}

/* Two handles are what two processes have: each its own descriptor. */
static void who_has_a_file_open_that_was_turned_follows(void **state)
{
    (void)state;
    struct logfile *one = file_open(10, 3), *other = file_open(10, 3);
    say(one, "from one\n");
    say(other, "from two\n");
    say(one, "again\n");
    assert_string_equal(text_of(0), "again\n");
    assert_string_equal(text_of(1), "from two\n");
    assert_string_equal(text_of(2), "from one\n");
    assert_null(text_of(3));
    logfile_close(one);
    logfile_close(other);
}

static void a_file_that_a_person_moved_is_made_again(void **state)
{
    (void)state;
    struct logfile *file = file_open(1000, 3);
    say(file, "before\n");
    assert_int_equal(rename(path, old_path(7)), 0);
    say(file, "after\n");
    assert_string_equal(text_of(0), "after\n");
    assert_string_equal(text_of(7), "before\n");
    logfile_close(file);
}

static void a_device_is_never_turned(void **state)
{
    (void)state;
    struct logfile *file = NULL;
    const struct logfile_options options = {.path = "/dev/full", .bytes_max = 1, .files = 1};
    assert_int_equal(logfile_open(&options, &file, NULL), ERR_OK);
    assert_false(logfile_write(file, "lost\n", 5));
    logfile_close(file);
}

static void a_folder_that_is_missing_is_named(void **state)
{
    (void)state;
    struct logfile *file = NULL;
    struct err err;
    const struct logfile_options options = {.path = "/nowhere/a.log", .bytes_max = 1, .files = 1};
    assert_int_equal(logfile_open(&options, &file, &err), ERR_CONFIG);
    assert_non_null(strstr(err.message, "/nowhere/a.log"));
}

/* --- many writers --- */

enum { WRITERS = 4, LINES = 200 };

static void *events_write(void *name)
{
    for (int i = 0; i < LINES; i++)
        log_event(LOG_INFO, "e", LOG_STR("w", str_of(name)), LOG_I64("n", i), LOG_END);
    return NULL;
}

static void *handle_write(void *name)
{
    char line[64];
    struct logfile *file = file_open(4000, 30);
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof(line), "{\"w\":\"%s\",\"n\":%d}\n", (const char *)name, i);
        say(file, line);
    }
    logfile_close(file);
    return NULL;
}

/* Every line of every writer stands in one of the files, whole and once. */
static void assert_lines(const char *const *names)
{
    bool seen[WRITERS][LINES] = {{false}};
    for (int number = 0; number <= 30; number++) {
        const char *text = text_of(number);
        for (; text && *text; text = strchr(text, '\n') + 1) {
            const char *name = strstr(text, "\"w\":\""), *n = strstr(text, "\"n\":");
            assert_true(text[0] == '{' && name && n && strchr(text, '\n'));
            int writer = 0, line = atoi(n + 4);
            while (strncmp(name + 5, names[writer], 1) != 0)
                writer++;
            assert_false(seen[writer][line]);
            seen[writer][line] = true;
        }
    }
    for (int writer = 0; writer < WRITERS; writer++)
        for (int line = 0; line < LINES; line++)
            assert_true(seen[writer][line]);
}

/* Two threads share the log, two have the file open for themselves as other processes would. */
static void no_line_is_lost_or_split_by_turning(void **state)
{
    (void)state;
    static char names[WRITERS][2] = {"a", "b", "c", "d"};
    pthread_t threads[WRITERS];
    struct logfile *file = file_open(4000, 30);
    log_setup_file(LOG_INFO, file);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < 2 ? events_write : handle_write, names[i]), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    log_setup(LOG_WARN, STDERR_FILENO, true);
    logfile_close(file);
    assert_lines((const char *const[]){"a", "b", "c", "d"});
    assert_non_null(text_of(1));
}

#define logfile_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        logfile_test(a_full_file_gives_way_to_a_new_one),
        logfile_test(a_line_longer_than_the_bound_is_kept_whole),
        logfile_test(another_day_begins_a_new_file),
        logfile_test(old_files_go_by_age_and_by_number),
        logfile_test(none_kept_means_none),
        logfile_test(who_has_a_file_open_that_was_turned_follows),
        logfile_test(a_file_that_a_person_moved_is_made_again),
        logfile_test(a_device_is_never_turned),
        logfile_test(a_folder_that_is_missing_is_named),
        logfile_test(no_line_is_lost_or_split_by_turning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

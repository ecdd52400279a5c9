/* Walking a platform's folder of recorded replies. */
#include "app/fixture.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/file.h"

static const struct str expected_end = {".expected.json", 14};

static int name_is_expectation(const struct dirent *entry)
{
    return str_ends(str_of(entry->d_name), expected_end);
}

static enum err_class fixture_run(const struct connector *connector, struct str expected_path,
                                  struct arena *arena, struct err *err)
{
    struct str expected, body, path;
    path = arena_printf(arena, "%.*s.json",
                        STR_ARG(str_sub(expected_path, 0, expected_path.len - expected_end.len)));
    enum err_class class_ = path.ptr ? file_read(expected_path, arena, &expected, err)
                                     : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = file_read(path, arena, &body, err);
    return class_ == ERR_OK ? connector_fixture(connector, body, expected, err) : class_;
}

enum err_class fixtures_run(const struct connector *connector, struct str folder,
                            struct arena *arena, struct report *report,
                            struct fixture_counts *counts, struct err *err)
{
    struct str own, path;
    struct dirent **entries;
    enum err_class class_ = path_join(folder, connector_platform(connector), arena, &own, err);
    if (class_ != ERR_OK)
        return class_;
    int entries_len = scandir(own.ptr, &entries, name_is_expectation, alphasort);
    /* A platform without recorded replies is no fault; that nothing ran at all is told above. */
    if (entries_len < 0)
        return errno == ENOENT ? ERR_OK
                               : err_say(err, ERR_CONFIG, "file", MSG_FILE, M_STR(own),
                                         M_STR(str_of(strerror(errno))), M_END);
    for (int i = 0; i < entries_len; i++) {
        struct err why;
        err_clear(&why);
        if (class_ == ERR_OK)
            class_ = path_join(own, str_of(entries[i]->d_name), arena, &path, err);
        if (class_ == ERR_OK) {
            bool good = fixture_run(connector, path, arena, &why) == ERR_OK;
            counts->run++;
            counts->failed += !good;
            report_row(report);
            report_text(report, path);
            report_truth(report, good);
            report_text(report, str_of(why.message));
        }
        free(entries[i]);
    }
    free(entries);
    return class_;
}

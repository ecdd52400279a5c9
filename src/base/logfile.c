/* A log file that turns by size and by day. */
#include "base/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAY_S INT64_C(86400)
/* What Linux takes as a path, and a number behind it. */
enum { PATH_BYTES_MAX = 4096, NAME_BYTES_MAX = PATH_BYTES_MAX + 16 };

struct logfile {
    struct logfile_options options;
    int fd;
    char path[PATH_BYTES_MAX];
};

/* Not the engine's clock: what is compared with it are the times of files, which the machine gives. */
static int64_t machine_now_s(void)
{
    return (int64_t)time(NULL);
}

static int path_open(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
}

static bool old_name(const struct logfile *file, unsigned number, char name[NAME_BYTES_MAX])
{
    int len = snprintf(name, NAME_BYTES_MAX, "%s.%u", file->path, number);
    return len > 0 && len < NAME_BYTES_MAX;
}

/* What is too old, or beyond what is kept since a setting was lowered. Numbers have no gaps that a person did not
 * make, but a gap must not hide what lies behind it. */
static void old_files_drop(const struct logfile *file)
{
    char name[NAME_BYTES_MAX];
    struct stat is;
    int64_t oldest_s = file->options.now_s() - file->options.keep_days * DAY_S;
    for (unsigned i = 1; i <= LOGFILE_FILES_MAX && old_name(file, i, name); i++) {
        if (stat(name, &is) == 0 && (i > file->options.files || (int64_t)is.st_mtime < oldest_s))
            unlink(name);
    }
}

enum err_class logfile_open(const struct logfile_options *options, struct logfile **out,
                            struct err *err)
{
    size_t len = strlen(options->path);
    struct logfile *file = calloc(1, sizeof(*file));
    if (!file)
        return err_no_memory(err);
    file->options = *options;
    if (file->options.files > LOGFILE_FILES_MAX)
        file->options.files = LOGFILE_FILES_MAX;
    if (!file->options.now_s)
        file->options.now_s = machine_now_s;
    errno = ENAMETOOLONG;
    file->fd = -1;
    if (len < sizeof(file->path)) {
        memcpy(file->path, options->path, len + 1);
        file->options.path = file->path;
        file->fd = path_open(file->path);
    }
    if (file->fd < 0) {
        free(file);
        return err_set(err, ERR_CONFIG, "log_file", "%s: %s", options->path, strerror(errno));
    }
    old_files_drop(file);
    *out = file;
    return ERR_OK;
}

void logfile_close(struct logfile *file)
{
    close(file->fd);
    free(file);
}

const char *logfile_path(const struct logfile *file)
{
    return file->path;
}

/* --- turning --- */

/* From the oldest down, so that ending in the middle leaves a gap and loses nothing. */
static bool old_files_shift(const struct logfile *file)
{
    char name[NAME_BYTES_MAX], next[NAME_BYTES_MAX];
    if (file->options.files == 0)
        return unlink(file->path) == 0;
    for (unsigned i = file->options.files; i > 1; i--) {
        if (!old_name(file, i - 1, name) || !old_name(file, i, next))
            return false;
        if (rename(name, next) != 0 && errno != ENOENT)
            return false;
    }
    return old_name(file, 1, next) && rename(file->path, next) == 0;
}

/* Is NAME what is open here? */
static bool is_current(const struct logfile *file, struct stat *open_is)
{
    struct stat named_is;
    return fstat(file->fd, open_is) == 0 && stat(file->path, &named_is) == 0 &&
           open_is->st_ino == named_is.st_ino && open_is->st_dev == named_is.st_dev;
}

/* The old descriptor is kept when there is no new one: a line in a file that was moved is better than none. */
static void reopen(struct logfile *file)
{
    int fd = path_open(file->path);
    if (fd < 0)
        return;
    close(file->fd);
    file->fd = fd;
}

static void turn(struct logfile *file)
{
    struct stat is;
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0)
        return; /* another process is at it: the next line finds the new file */
    /* It may have been turned between the look and the lock. */
    bool turned = !is_current(file, &is);
    if (!turned) {
        turned = old_files_shift(file);
        old_files_drop(file);
    }
    if (turned)
        reopen(file); /* closing the old one gives up the lock */
    else
        flock(file->fd, LOCK_UN);
}

/* Only files: a device or pipe has neither size nor day. */
static bool is_over(const struct logfile *file, const struct stat *is, size_t len)
{
    if (!S_ISREG(is->st_mode) || is->st_size == 0)
        return false;
    return (int64_t)is->st_size + (int64_t)len > file->options.bytes_max ||
           (int64_t)is->st_mtime / DAY_S < file->options.now_s() / DAY_S;
}

bool logfile_write(struct logfile *file, const char *bytes, size_t len)
{
    struct stat is;
    if (!is_current(file, &is))
        reopen(file);
    if (is_current(file, &is) && is_over(file, &is, len))
        turn(file);
    while (len > 0) {
        ssize_t n = write(file->fd, bytes, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return true;
}

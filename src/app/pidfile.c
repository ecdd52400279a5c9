/* A lock with a number in it. */
#include "app/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/file.h"

enum { SETTLE_MS = 2000, LOOK_MS = 10 };

static enum err_class refuse(struct str path, struct err *err)
{
    return err_say(err, ERR_CONFIG, "file", MSG_FILE, M_STR(path), M_STR(str_of(strerror(errno))),
                   M_END);
}

static enum err_class path_of(struct app *home, struct str *path, struct err *err)
{
    return path_join(home->home, STR("service.pid"), &home->arena, path, err);
}

enum err_class pidfile_take(struct pidfile *file, struct app *home, struct err *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    file->fd = -1;
    enum err_class class_ = path_of(home, &file->path, err);
    if (class_ != ERR_OK)
        return class_;
    file->fd = open(file->path.ptr, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (file->fd < 0)
        return refuse(file->path, err);
    if (fcntl(file->fd, F_SETLK, &lock) != 0) {
        class_ = errno == EAGAIN || errno == EACCES
                     ? err_say(err, ERR_CONFLICT, "service_runs", MSG_SERVICE_RUNS_ALREADY,
                               M_STR(home->home), M_END)
                     : refuse(file->path, err);
    } else if (ftruncate(file->fd, 0) != 0 || dprintf(file->fd, "%ld\n", (long)getpid()) < 0) {
        class_ = refuse(file->path, err);
    }
    if (class_ != ERR_OK) {
        close(file->fd);
        file->fd = -1;
    }
    return class_;
}

bool pidfile_stands(const struct pidfile *file)
{
    struct stat held, named;
    return fstat(file->fd, &held) == 0 && stat(file->path.ptr, &named) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

void pidfile_leave(struct pidfile *file)
{
    if (file->fd < 0)
        return;
    int emptied = ftruncate(file->fd, 0);
    (void)emptied; /* a number that stays is told from a living one by the lock */
    close(file->fd);
    file->fd = -1;
}

static pid_t number_read(int fd)
{
    char text[32];
    int64_t number;
    ssize_t len = pread(fd, text, sizeof(text), 0);
    if (len <= 0 || !str_to_i64(str_trim((struct str){text, (size_t)len}), &number) ||
        number <= 0 || number > INT32_MAX)
        return 0;
    return (pid_t)number;
}

enum err_class pidfile_look(struct app *home, struct pidfile_look *look, struct err *err)
{
    struct str path;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *look = (struct pidfile_look){0};
    enum err_class class_ = path_of(home, &path, err);
    if (class_ != ERR_OK)
        return class_;
    int fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_OK : refuse(path, err);
    pid_t number = number_read(fd);
    if (fcntl(fd, F_GETLK, &lock) != 0)
        class_ = refuse(path, err);
    bool changed = number_read(fd) != number; /* somebody began or ended meanwhile */
    close(fd);
    look->held = class_ == ERR_OK && lock.l_type != F_UNLCK;
    if (look->held) {
        /* Both must agree: then it is the supervisor, and it is one of this machine's processes that we see. */
        look->holder = lock.l_pid > 0 && lock.l_pid == number ? number : 0;
        look->passing = number == 0 || changed;
    } else if (!changed) {
        look->stale = number;
        look->reused = number > 0 && (kill(number, 0) == 0 || errno == EPERM);
    }
    return class_;
}

enum err_class pidfile_look_settled(struct app *home, struct pidfile_look *look, struct err *err)
{
    const int64_t until_ns = clock_monotonic_ns() + SETTLE_MS * INT64_C(1000000);
    enum err_class class_ = pidfile_look(home, look, err);
    while (class_ == ERR_OK && look->passing && clock_monotonic_ns() < until_ns) {
        poll(NULL, 0, LOOK_MS);
        class_ = pidfile_look(home, look, err);
    }
    return class_;
}

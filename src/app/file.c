/* Whole files. */
#include "app/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/message.h"

static enum err_class refuse(struct str path, struct err *err)
{
    return err_say(err, ERR_CONFIG, "file", MSG_FILE, M_STR(path), M_STR(str_of(strerror(errno))),
                   M_END);
}

/* A terminated copy for the system's calls. */
static bool path_text(struct str path, char text[PATH_MAX])
{
    if (path.len == 0 || path.len >= PATH_MAX || memchr(path.ptr, '\0', path.len)) {
        errno = path.len == 0 ? ENOENT : ENAMETOOLONG;
        return false;
    }
    memcpy(text, path.ptr, path.len);
    text[path.len] = '\0';
    return true;
}

enum err_class path_join(struct str folder, struct str name, struct arena *arena, struct str *out,
                         struct err *err)
{
    if (str_starts(name, STR("/")) || folder.len == 0)
        *out = arena_dup(arena, name);
    else
        *out = arena_printf(arena, "%.*s%s%.*s", STR_ARG(folder),
                            str_ends(folder, STR("/")) ? "" : "/", STR_ARG(name));
    return out->ptr ? ERR_OK : err_no_memory(err);
}

bool file_is_there(struct str path)
{
    char text[PATH_MAX];
    return path_text(path, text) && access(text, F_OK) == 0;
}

static enum err_class read_all(int fd, struct str path, struct arena *arena, struct str *out,
                               struct err *err)
{
    struct buf bytes;
    buf_init(&bytes, FILE_BYTES_MAX);
    enum err_class class_ = ERR_OK;
    char chunk[16 * 1024];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof(chunk))) != 0 && !bytes.failed) {
        if (n > 0)
            buf_add_bytes(&bytes, chunk, (size_t)n);
        else if (errno != EINTR)
            break;
    }
    if (n < 0) {
        class_ = refuse(path, err);
    } else if (bytes.failed) {
        errno = EFBIG;
        class_ = refuse(path, err);
    } else {
        *out = arena_dup(arena, buf_str(&bytes));
        if (!out->ptr)
            class_ = err_no_memory(err);
    }
    /* It may have been a secret. */
    if (bytes.ptr)
        explicit_bzero(bytes.ptr, bytes.len);
    buf_fini(&bytes);
    return class_;
}

enum err_class file_read(struct str path, struct arena *arena, struct str *out, struct err *err)
{
    char text[PATH_MAX];
    if (str_eq(path, STR("-")))
        return read_all(STDIN_FILENO, path, arena, out, err);
    int fd = path_text(path, text) ? open(text, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return refuse(path, err);
    enum err_class class_ = read_all(fd, path, arena, out, err);
    close(fd);
    return class_;
}

enum err_class file_read_if_there(struct str path, struct arena *arena, struct str *out,
                                  struct err *err)
{
    *out = STR("");
    return file_is_there(path) ? file_read(path, arena, out, err) : ERR_OK;
}

static bool write_all(int fd, struct str text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.ptr, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text = str_sub(text, (size_t)n, text.len);
    }
    return true;
}

enum err_class file_create(struct str path, struct str text, unsigned mode, struct err *err)
{
    char name[PATH_MAX];
    if (!path_text(path, name))
        return refuse(path, err);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0 && errno == EEXIST)
        return err_say(err, ERR_CONFLICT, "file_exists", MSG_FILE_EXISTS, M_STR(path), M_END);
    if (fd < 0)
        return refuse(path, err);
    bool good = write_all(fd, text) && fsync(fd) == 0;
    int saved = errno;
    good = close(fd) == 0 && good;
    if (good)
        return ERR_OK;
    /* Half a file would be taken for a whole one the next time. */
    unlink(name);
    errno = saved;
    return refuse(path, err);
}

enum err_class folder_create(struct str path, unsigned mode, struct err *err)
{
    char name[PATH_MAX];
    if (!path_text(path, name))
        return refuse(path, err);
    for (size_t i = 1; i < path.len; i++) {
        if (name[i] != '/')
            continue;
        name[i] = '\0';
        if (mkdir(name, 0755) != 0 && errno != EEXIST)
            return refuse(path, err);
        name[i] = '/';
    }
    if (mkdir(name, (mode_t)mode) == 0)
        return ERR_OK;
    if (errno != EEXIST)
        return refuse(path, err);
    struct stat info;
    if (stat(name, &info) == 0 && S_ISDIR(info.st_mode))
        return ERR_OK;
    errno = ENOTDIR;
    return refuse(path, err);
}

/* Backwards to the line ends, forwards to the end. */
#include "app/tail.h"

#include "app/emit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_BYTES = 16 * 1024, LOOK_MS = 200, LINE_BYTES_MAX = 64 * 1024 };

/* Where the last `lines` lines begin. A line that has no end yet counts. */
static off_t start_find(int fd, off_t end, int64_t lines)
{
    char block[BLOCK_BYTES];
    int64_t ends = 0;
    for (off_t at = end; at > 0;) {
        size_t len = at < BLOCK_BYTES ? (size_t)at : BLOCK_BYTES;
        at -= (off_t)len;
        if (pread(fd, block, len, at) != (ssize_t)len)
            return end;
        for (size_t i = len; i > 0; i--) {
            bool last = at + (off_t)i == end;
            if (block[i - 1] == '\n' && !last && ++ends == lines)
                return at + (off_t)i;
        }
    }
    return 0;
}

/* What lies behind the file's place; false when the reader of `out` is gone. */
static bool rest_print(int fd, FILE *out)
{
    char block[BLOCK_BYTES];
    ssize_t n;
    while ((n = read(fd, block, sizeof(block))) > 0)
        fwrite(block, 1, (size_t)n, out);
    return fflush(out) == 0;
}

static int end_open(struct str path, int64_t lines)
{
    int fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    off_t end = lseek(fd, 0, SEEK_END);
    lseek(fd, lines == 0 ? end : start_find(fd, end, lines), SEEK_SET);
    return fd;
}

bool tail_print(struct str path, int64_t lines, FILE *out)
{
    int fd = end_open(path, lines);
    if (fd < 0)
        return false;
    rest_print(fd, out);
    close(fd);
    return true;
}

static bool is_replaced(int fd, struct str path)
{
    struct stat open_is, named_is;
    return fstat(fd, &open_is) == 0 && stat(path.ptr, &named_is) == 0 &&
           open_is.st_ino != named_is.st_ino;
}

void tail_follow(struct str path, int64_t lines, FILE *out, const volatile bool *stop)
{
    bool good = true;
    int fd = end_open(path, lines);
    while (good && !__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
        /* Looked at before the old one is read to its end: nothing is added to it afterwards. */
        bool replaced = fd >= 0 && is_replaced(fd, path);
        if (fd >= 0)
            good = rest_print(fd, out);
        if (replaced) {
            close(fd);
            fd = -1;
        }
        if (fd < 0)
            fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
        if (!replaced)
            poll(NULL, 0, LOOK_MS);
    }
    if (fd >= 0)
        close(fd);
}

/* --- lines as objects --- */

struct objects {
    FILE *out;
    struct buf line;
};

/* False when the reader is gone. A line that is longer than the buffer's limit goes as it began. */
static bool object_write(struct objects *objects)
{
    struct buf text;
    buf_init(&text, 8 * LINE_BYTES_MAX);
    struct emit emit = emit_to(&text);
    emit_open(&emit, NULL, '{');
    emit_str(&emit, "line", buf_str(&objects->line));
    emit_close(&emit, '}');
    buf_add_char(&text, '\n');
    bool good = !text.failed && fwrite(text.ptr, 1, text.len, objects->out) == text.len;
    buf_fini(&text);
    buf_reset(&objects->line);
    return good && fflush(objects->out) == 0;
}

static ssize_t objects_take(void *cookie, const char *bytes, size_t len)
{
    struct objects *objects = cookie;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            if (!object_write(objects))
                return 0;
        } else if (objects->line.len < LINE_BYTES_MAX) {
            buf_add_char(&objects->line, bytes[i]);
        }
    }
    return (ssize_t)len;
}

static int objects_end(void *cookie)
{
    struct objects *objects = cookie;
    bool good = objects->line.len == 0 || object_write(objects);
    buf_fini(&objects->line);
    free(objects);
    return good ? 0 : EOF;
}

FILE *tail_objects(FILE *out)
{
    struct objects *objects = calloc(1, sizeof(*objects));
    if (!objects)
        return NULL;
    objects->out = out;
    buf_init(&objects->line, LINE_BYTES_MAX + 1);
    FILE *file = fopencookie(objects, "w",
                             (cookie_io_functions_t){.write = objects_take, .close = objects_end});
    if (!file)
        objects_end(objects);
    return file;
}

/* One worker a home. */
#include "app/role.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/file.h"

enum { HOST_ROOM = 128 };

static enum err_class busy(struct role *role, const struct app *app, struct err *err)
{
    ssize_t len = pread(role->fd, role->holder, sizeof(role->holder) - 1, 0);
    struct str holder = str_trim((struct str){role->holder, len > 0 ? (size_t)len : 0});
    role->holder[holder.len] = '\0';
    role->serves = str_starts(holder, STR("huiliu run,")) ||
                   str_starts(holder, STR("huiliu worker,"));
    return err_say(err, ERR_CONFLICT, "worker_busy", MSG_WORKER_BUSY, M_STR(app->home),
                   M_STR(holder), M_END);
}

bool role_is_single(const struct app *app)
{
    return str_starts(option_text(&app->options, OPTION_STORE), STR("sqlite:"));
}

enum err_class worker_name(struct arena *arena, const char *command, struct str *out,
                           struct err *err)
{
    char host[HOST_ROOM] = "";
    unsigned char random[3];
    gethostname(host, sizeof(host) - 1);
    enum err_class class_ = crypt_random(random, sizeof(random), err);
    if (class_ != ERR_OK)
        return class_;
    *out = arena_printf(arena, "%s:%s:%ld:%02x%02x%02x", command, host, (long)getpid(), random[0],
                        random[1], random[2]);
    return out->ptr ? ERR_OK : err_no_memory(err);
}

enum err_class role_take(struct role *role, const struct app *app, const char *command,
                         struct err *err)
{
    struct arena arena;
    struct str path;
    arena_init(&arena);
    *role = (struct role){.fd = -1};
    if (!role_is_single(app))
        return ERR_OK;
    enum err_class class_ = path_join(app->home, STR("worker.lock"), &arena, &path, err);
    if (class_ == ERR_OK) {
        role->fd = open(path.ptr, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (role->fd < 0)
            class_ = err_say(err, ERR_CONFIG, "file", MSG_FILE, M_STR(path),
                             M_STR(str_of(strerror(errno))), M_END);
    }
    arena_fini(&arena);
    if (class_ != ERR_OK)
        return class_;
    if (flock(role->fd, LOCK_EX | LOCK_NB) != 0) {
        class_ = busy(role, app, err);
        role_leave(role);
        return class_;
    }
    /* Only for the message above: a lock without a name still locks. */
    if (ftruncate(role->fd, 0) == 0)
        dprintf(role->fd, "huiliu %s, process %ld\n", command, (long)getpid());
    return ERR_OK;
}

void role_leave(struct role *role)
{
    if (role->fd >= 0)
        close(role->fd);
    role->fd = -1;
}

/* The unit file and systemd's own commands. */
#include "app/unit.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/file.h"
#include "app/supervisor.h"

enum { TEXT_BYTES_MAX = 64 * 1024, USER_BYTES_MAX = 16 * 1024, FOLDERS_MAX = 3 };

/* --- where --- */

static struct str root_of(void)
{
    struct str said = str_of(getenv("HUILIU_SYSTEMD"));
    return str_starts(said, STR("/")) ? said : STR("");
}

bool systemd_is_there(void)
{
    char path[4096];
    struct stat is;
    if (str_eq(str_of(getenv("HUILIU_SYSTEMD")), STR("no")))
        return false;
    snprintf(path, sizeof(path), "%.*s/run/systemd/system", STR_ARG(root_of()));
    return stat(path, &is) == 0 && S_ISDIR(is.st_mode);
}

static enum err_class place_of(struct app *home, bool system, struct unit_file *unit,
                               struct err *err)
{
    unit->system = system;
    struct str config = str_of(getenv("XDG_CONFIG_HOME")), user = str_of(getenv("HOME"));
    if (system)
        unit->path = arena_printf(&home->arena, "%.*s/etc/systemd/system/huiliu.service",
                                  STR_ARG(root_of()));
    else if (str_starts(config, STR("/")))
        unit->path = arena_printf(&home->arena, "%.*s/systemd/user/huiliu.service",
                                  STR_ARG(config));
    else if (str_starts(user, STR("/")))
        unit->path = arena_printf(&home->arena, "%.*s/.config/systemd/user/huiliu.service",
                                  STR_ARG(user));
    else
        return err_say(err, ERR_CONFIG, "home_unknown", MSG_UNIT_NO_PLACE, M_END);
    return unit->path.ptr ? ERR_OK : err_no_memory(err);
}

enum err_class unit_place(struct app *home, struct unit_file *unit, struct err *err)
{
    return place_of(home, geteuid() == 0, unit, err);
}

enum err_class unit_owner(struct app *home, struct str *user, struct err *err)
{
    struct stat is;
    struct passwd entry, *found = NULL;
    char *room = arena_alloc(&home->arena, USER_BYTES_MAX);
    if (!room)
        return err_no_memory(err);
    if (stat(home->home.ptr, &is) != 0)
        return err_say(err, ERR_CONFIG, "file", MSG_FILE, M_STR(home->home),
                       M_STR(str_of(strerror(errno))), M_END);
    if (getpwuid_r(is.st_uid, &entry, room, USER_BYTES_MAX, &found) != 0 || !found)
        return err_say(err, ERR_CONFIG, "user_unknown", MSG_UNIT_OWNER, M_STR(home->home),
                       M_I64(is.st_uid), M_END);
    *user = str_of(found->pw_name);
    return ERR_OK;
}

/* --- the text --- */

static struct str marker_of(struct app *home)
{
    return arena_printf(&home->arena, "# Written by `huiliu service install` for the home %.*s\n",
                        STR_ARG(home->home));
}

/* systemd's quotes: specifiers begin with %, and in a command line variables with $. */
static void quoted_write(struct buf *out, struct str text, bool command)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\')
            buf_add_char(out, '\\');
        else if (c == '%' || (command && c == '$'))
            buf_add_char(out, c);
        buf_add_char(out, c);
    }
    buf_add_char(out, '"');
}

static bool is_below(struct str path, struct str folder)
{
    return str_starts(path, folder) && (path.len == folder.len || path.ptr[folder.len] == '/');
}

static struct str folder_of(struct str path)
{
    while (path.len > 1 && path.ptr[path.len - 1] != '/')
        path.len--;
    return path.len > 1 ? str_sub(path, 0, path.len - 1) : path;
}

/* The home, and what the settings put elsewhere: everything else is read-only to the service. */
static size_t folders_of(const struct app *home, struct str folders[FOLDERS_MAX])
{
    size_t len = 0;
    folders[len++] = home->home;
    struct str scheme, database, log = option_text(&home->options, OPTION_LOG_FILE);
    str_cut(option_text(&home->options, OPTION_STORE), ':', &scheme, &database);
    if (str_eq(scheme, STR("sqlite")) && str_starts(database, STR("/")) &&
        !is_below(database, home->home))
        folders[len++] = folder_of(database);
    if (str_starts(log, STR("/")) && !is_below(log, home->home))
        folders[len++] = folder_of(log);
    return len;
}

static void hardening_write(struct buf *out, const struct str *folders, size_t len)
{
    bool in_tmp = false;
    buf_add(out, STR("NoNewPrivileges=yes\nProtectSystem=strict\nReadWritePaths="));
    for (size_t i = 0; i < len; i++) {
        if (i > 0)
            buf_add_char(out, ' ');
        quoted_write(out, folders[i], false);
        in_tmp |= is_below(folders[i], STR("/tmp")) || is_below(folders[i], STR("/var/tmp"));
    }
    /* A /tmp of its own would hide a home that lies there. */
    buf_add(out, in_tmp ? STR("\n") : STR("\nPrivateTmp=yes\n"));
    buf_add(out, STR("PrivateDevices=yes\n"
                     "ProtectControlGroups=yes\n"
                     "ProtectKernelModules=yes\n"
                     "ProtectKernelTunables=yes\n"
                     "RestrictSUIDSGID=yes\n"
                     "RestrictRealtime=yes\n"
                     "LockPersonality=yes\n"
                     "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
                     "SystemCallArchitectures=native\n"
                     "CapabilityBoundingSet=\n"));
}

static void service_write(struct buf *out, const struct app *home, struct str program,
                          struct str user)
{
    struct str folders[FOLDERS_MAX];
    size_t len = folders_of(home, folders);
    buf_add(out, STR("\n[Service]\nType=notify\nNotifyAccess=main\nExecStart="));
    quoted_write(out, program, true);
    buf_add(out, STR(" --home "));
    quoted_write(out, home->home, true);
    buf_add(out, STR(" run\nExecReload=/bin/kill -HUP $MAINPID\n"));
    if (user.len > 0)
        buf_printf(out, "User=%.*s\n", STR_ARG(user));
    /* Bringing a large database forward, or waiting for a `sync` at work, may take long. */
    buf_add(out, STR("Restart=always\nRestartSec=5\nWatchdogSec=30\nTimeoutStartSec=infinity\n"
                     "TimeoutStopSec=20\nUMask=0077\nLimitNOFILE=65536\n"));
    /* A user's systemd may not make most of these walls, and would not start the service. */
    if (user.len > 0)
        hardening_write(out, folders, len);
    else
        buf_add(out, STR("NoNewPrivileges=yes\n"));
}

enum err_class unit_write(struct app *home, struct str user, struct buf *out, struct err *err)
{
    char program[PROGRAM_BYTES_MAX];
    enum err_class class_ = supervisor_program(program, err);
    if (class_ != ERR_OK)
        return class_;
    for (size_t i = 0; i < home->home.len; i++) {
        if ((unsigned char)home->home.ptr[i] < ' ')
            return err_say(err, ERR_CONFIG, "unit_path", MSG_UNIT_PATH, M_END);
    }
    buf_init(out, TEXT_BYTES_MAX);
    buf_add(out, marker_of(home));
    buf_add(out, STR("[Unit]\nDescription=Huiliu: shops of commerce platforms into a database\n"
                     "Wants=network-online.target\nAfter=network-online.target\n"
                     /* The address of a database may need minutes after a power cut. */
                     "StartLimitIntervalSec=0\n"));
    service_write(out, home, str_of(program), user);
    buf_printf(out, "\n[Install]\nWantedBy=%s\n",
               user.len > 0 ? "multi-user.target" : "default.target");
    if (!out->failed)
        return ERR_OK;
    buf_fini(out);
    return err_no_memory(err);
}

/* --- installing and finding --- */

static enum err_class is_ours(struct app *home, const struct unit_file *unit, bool *there,
                              bool *ours, struct err *err)
{
    struct str text, marker = marker_of(home);
    *there = file_is_there(unit->path);
    *ours = false;
    if (!*there)
        return ERR_OK;
    enum err_class class_ = file_read(unit->path, &home->arena, &text, err);
    if (class_ == ERR_OK)
        *ours = marker.ptr && str_starts(text, marker);
    return class_;
}

enum err_class unit_install(struct app *home, const struct unit_file *unit, struct str text,
                            bool force, struct err *err)
{
    bool there, ours;
    struct str draft;
    enum err_class class_ = is_ours(home, unit, &there, &ours, err);
    if (class_ != ERR_OK)
        return class_;
    if (there && !ours && !force)
        return err_say(err, ERR_CONFLICT, "unit_foreign", MSG_UNIT_FOREIGN, M_STR(unit->path),
                       M_END);
    class_ = folder_create(folder_of(unit->path), 0755, err);
    draft = arena_printf(&home->arena, "%.*s.new", STR_ARG(unit->path));
    if (!draft.ptr)
        return err_no_memory(err);
    unlink(draft.ptr); /* of a try that was interrupted */
    if (class_ == ERR_OK)
        class_ = file_create(draft, text, 0644, err);
    if (class_ == ERR_OK && rename(draft.ptr, unit->path.ptr) != 0)
        class_ = err_say(err, ERR_CONFIG, "file", MSG_FILE, M_STR(unit->path),
                         M_STR(str_of(strerror(errno))), M_END);
    return class_;
}

enum err_class unit_find(struct app *home, struct unit_file *unit, struct err *err)
{
    struct str other = STR_NONE;
    for (int system = 1; system >= 0; system--) {
        bool there, ours;
        enum err_class class_ = place_of(home, system == 1, unit, err);
        if (class_ == ERR_OK)
            class_ = is_ours(home, unit, &there, &ours, err);
        if (class_ != ERR_OK)
            return class_;
        if (ours)
            return ERR_OK;
        if (there && other.len == 0)
            other = unit->path;
    }
    if (other.len > 0)
        return err_say(err, ERR_CONFIG, "unit_other_home", MSG_UNIT_OTHER_HOME, M_STR(other),
                       M_STR(home->home), M_END);
    return err_say(err, ERR_CONFIG, "unit_missing", MSG_UNIT_MISSING, M_STR(home->home), M_END);
}

/* --- systemd's commands --- */

static _Noreturn void program_become(const struct unit_file *unit, const char *program,
                                     const char *const *words)
{
    const char *line[UNIT_WORDS_MAX + 3];
    size_t len = 0;
    line[len++] = program;
    if (!unit->system)
        line[len++] = "--user";
    for (size_t i = 0; words[i] && i < UNIT_WORDS_MAX; i++)
        line[len++] = words[i];
    line[len] = NULL;
    execvp(program, (char *const *)(uintptr_t)line);
    _exit(127);
}

enum err_class unit_run(const struct unit_file *unit, const char *program, const char *const *words,
                        int *code, struct err *err)
{
    fflush(stdout);
    /* Ctrl-C is for the program that the person looks at; this one ends with it. */
    void (*before)(int) = signal(SIGINT, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, before);
        program_become(unit, program, words);
    }
    int status = 0;
    pid_t got;
    while ((got = waitpid(child, &status, 0)) < 0 && errno == EINTR)
        continue;
    signal(SIGINT, before);
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (child > 0 && got == child && *code != 127)
        return ERR_OK;
    return err_say(err, ERR_CONFIG, "systemd_program", MSG_SYSTEMD_PROGRAM, M_STR(str_of(program)),
                   M_END);
}

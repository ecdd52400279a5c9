/* Fork, detach, wait for a word; and the way back. */
#include "app/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/notice.h"
#include "app/pidfile.h"
#include "app/supervisor.h"
#include "app/tail.h"

enum {
    READY_MS = 60 * 1000,
    LOOK_MS = 50,
    /* The service promises 10 s and is killed after 20. */
    SLOW_MS = 15 * 1000,
    STUCK_MS = 40 * 1000,
    /* What is shown of the log when it did not start. */
    LAST_LINES = 5,
};

struct launch {
    struct app *home;
    char program[PROGRAM_BYTES_MAX];
    char name[NOTICE_NAME_BYTES];
    int notices;
    int words[2]; /* what the supervisor prints before it has a log; it closes it then */
    bool ready;
    char ended[64]; /* how the service ended instead */
};

static int64_t monotonic_ms(void)
{
    return clock_monotonic_ns() / 1000000;
}

/* In the grandchild, which has no terminal any more and whose parent is init. */
static _Noreturn void supervisor_become(const struct launch *launch)
{
    const char *const line[] = {launch->program, "--home",    launch->home->home.ptr,
                                "service",       "supervise", NULL};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool good = null >= 0 && chdir("/") == 0 && setenv("NOTIFY_SOCKET", launch->name, 1) == 0 &&
                dup2(null, STDIN_FILENO) >= 0 && dup2(launch->words[1], STDOUT_FILENO) >= 0 &&
                dup2(launch->words[1], STDERR_FILENO) >= 0;
    if (good)
        execv(launch->program, (char *const *)(uintptr_t)line);
    dprintf(launch->words[1], "huiliu: %s: %s\n", launch->program, strerror(errno));
    _exit(127);
}

static enum err_class detach(struct launch *launch, struct err *err)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (setsid() < 0)
            _exit(1);
        pid_t grandchild = fork();
        if (grandchild == 0)
            supervisor_become(launch);
        _exit(grandchild < 0);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return ERR_OK;
    return err_say(err, ERR_INTERNAL, "supervisor", MSG_FILE, M_STR(STR("fork")),
                   M_STR(str_of(strerror(errno))), M_END);
}

static void notices_take(struct launch *launch)
{
    struct notice notice;
    struct str value;
    while (notice_next(launch->notices, &notice)) {
        if (notice.uid != geteuid())
            continue; /* another user may write to the name, and is not believed */
        if (notice_get(&notice, "STATUS=", &value))
            app_say(launch->home, MSG_SERVICE_SAYS, M_STR(value), M_END);
        if (notice_get(&notice, "X_ENDED=", &value))
            snprintf(launch->ended, sizeof(launch->ended), "%.*s", STR_ARG(value));
        launch->ready |= notice_get(&notice, "READY=1", &value);
    }
    fflush(stdout);
}

/* False: the other end is closed. */
static bool words_pass(struct launch *launch)
{
    char text[1024];
    ssize_t n = read(launch->words[0], text, sizeof(text));
    if (n > 0)
        fwrite(text, 1, (size_t)n, stderr);
    return n > 0 || (n < 0 && errno == EINTR);
}

static enum err_class not_ready(struct launch *launch, struct err *err)
{
    struct str log;
    enum err_class class_ = supervisor_log_path(launch->home, &log, err);
    if (class_ != ERR_OK)
        return class_;
    tail_print(log, LAST_LINES, stderr);
    if (launch->ended[0] != '\0')
        return err_say(err, ERR_CONFIG, "service_not_ready", MSG_SERVICE_ENDED_EARLY,
                       M_STR(str_of(launch->ended)), M_STR(log), M_END);
    return err_say(err, ERR_CONFIG, "service_not_ready", MSG_SERVICE_NOT_READY,
                   M_I64(READY_MS / 1000), M_STR(log), M_END);
}

static enum err_class ready_await(struct launch *launch, struct err *err)
{
    struct pollfd fds[] = {{.fd = launch->words[0], .events = POLLIN},
                           {.fd = launch->notices, .events = POLLIN}};
    int64_t until_ms = monotonic_ms() + READY_MS;
    while (!launch->ready && launch->ended[0] == '\0' && monotonic_ms() < until_ms) {
        struct pidfile_look look;
        poll(fds, 2, LOOK_MS);
        notices_take(launch);
        if (fds[0].fd >= 0 && fds[0].revents != 0 && !words_pass(launch))
            fds[0].fd = -1; /* it has its log, or is gone */
        if (fds[0].fd >= 0 || launch->ready)
            continue;
        enum err_class class_ = pidfile_look(launch->home, &look, err);
        if (class_ != ERR_OK)
            return class_;
        if (!look.held)
            return err_say(err, ERR_CONFIG, "service_not_ready", MSG_SUPERVISOR_ENDED, M_END);
    }
    return launch->ready ? ERR_OK : not_ready(launch, err);
}

static enum err_class start(struct launch *launch, struct err *err)
{
    enum err_class class_ = supervisor_program(launch->program, err);
    if (class_ == ERR_OK)
        class_ = notice_open(&launch->notices, launch->name, err);
    if (class_ != ERR_OK)
        return class_;
    if (pipe2(launch->words, O_CLOEXEC) != 0)
        return err_say(err, ERR_INTERNAL, "supervisor", MSG_FILE, M_STR(STR("pipe")),
                       M_STR(str_of(strerror(errno))), M_END);
    class_ = detach(launch, err);
    close(launch->words[1]);
    launch->words[1] = -1;
    return class_ == ERR_OK ? ready_await(launch, err) : class_;
}

enum err_class launch_start(struct app *home, struct err *err)
{
    struct launch launch = {.home = home, .notices = -1, .words = {-1, -1}};
    struct pidfile_look look;
    enum err_class class_ = pidfile_look_settled(home, &look, err);
    if (class_ != ERR_OK)
        return class_;
    if (look.held)
        return err_say(err, ERR_CONFLICT, "service_runs", MSG_SERVICE_RUNS_ALREADY,
                       M_STR(home->home), M_END);
    class_ = start(&launch, err);
    for (const int *fd = (const int[]){launch.notices, launch.words[0], -2}; *fd != -2; fd++) {
        if (*fd >= 0)
            close(*fd);
    }
    return class_;
}

enum err_class launch_stop(struct app *home, bool *was, struct err *err)
{
    struct pidfile_look look;
    enum err_class class_ = pidfile_look_settled(home, &look, err);
    *was = class_ == ERR_OK && look.held;
    if (!*was)
        return class_;
    pid_t supervisor = look.holder;
    if (supervisor == 0)
        return err_say(err, ERR_CONFLICT, "service_elsewhere", MSG_SERVICE_ELSEWHERE,
                       M_STR(home->home), M_END);
    if (kill(supervisor, SIGTERM) != 0 && errno != ESRCH)
        return err_say(err, ERR_CONFIG, "service_rights", MSG_SERVICE_RIGHTS, M_I64(supervisor),
                       M_STR(str_of(strerror(errno))), M_END);
    int64_t began_ms = monotonic_ms();
    bool said = false;
    /* It empties the file before it lets go of the lock; `restart` begins the next when that is done. */
    while (class_ == ERR_OK && (look.holder == supervisor || look.passing)) {
        int64_t passed_ms = monotonic_ms() - began_ms;
        if (passed_ms > STUCK_MS)
            return err_say(err, ERR_CONFLICT, "service_stuck", MSG_SERVICE_STUCK, M_I64(supervisor),
                           M_I64(STUCK_MS / 1000), M_END);
        if (passed_ms > SLOW_MS && !said) {
            app_say(home, MSG_SERVICE_ENDS_SLOWLY, M_I64(supervisor), M_END);
            fflush(stdout);
            said = true;
        }
        poll(NULL, 0, LOOK_MS);
        class_ = pidfile_look(home, &look, err);
    }
    return class_;
}

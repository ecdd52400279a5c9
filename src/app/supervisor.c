/* One loop: signals, what the child says, what it prints, and what is due. */
#include "app/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/notice.h"
#include "app/notify.h"
#include "app/pidfile.h"
#include "app/supervisor_internal.h"

enum {
    PAUSE_FIRST_MS = 1000,
    PAUSE_MAX_MS = 60 * 1000,
    LASTED_MS = 10 * 60 * 1000, /* such a child had no trouble beginning */
    /* The service promises to end within 10 s; systemd's unit gives it as long as this. */
    END_MS = 20 * 1000,
    /* It says WATCHDOG=1 at least every two seconds. */
    HANGS_MS = 30 * 1000,
    /* Between SIGABRT, which may leave a core to look at, and SIGKILL. */
    ABORT_MS = 5 * 1000,
    /* A line of the child that is longer is cut; its events have at most 4 KB. */
    LINE_BYTES_MAX = 64 * 1024,
};
#define NEVER_MS INT64_MAX

struct supervisor {
    struct app *home;
    char program[PROGRAM_BYTES_MAX];
    struct pidfile lock;
    struct logfile *log;
    int signals, notices;
    int output[2]; /* what the child prints: read end, and the end that is handed to it */
    char notify_name[NOTICE_NAME_BYTES];
    char line[LINE_BYTES_MAX]; /* what it printed since its last line end */
    size_t line_len;
    pid_t child;                 /* 0: none */
    bool ready, watched, ending; /* watched: it hangs when it is silent */
    int64_t began_ms, heard_ms;  /* these and the following are monotonic */
    int64_t again_ms, kill_ms;   /* NEVER_MS: nothing is due */
    int64_t pause_ms;
    struct supervisor_state state;
};

static int64_t monotonic_ms(void)
{
    return clock_monotonic_ns() / 1000000;
}

static void state_set(struct supervisor *s, const char *state)
{
    snprintf(s->state.state, sizeof(s->state.state), "%s", state);
    s->state.since_ms = clock_now_ms();
    s->state.child = s->child;
    supervisor_state_write(s->home, &s->state);
}

/* --- the child --- */

/* In the child. It dies with the supervisor: nobody else would end it, and it would keep the home's worker role. */
static _Noreturn void child_become(const struct supervisor *s, pid_t supervisor)
{
    const char *const line[] = {s->program, "--home", s->home->home.ptr, "run", NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    bool good = getppid() == supervisor && setenv("NOTIFY_SOCKET", s->notify_name, 1) == 0 &&
                dup2(s->output[1], STDOUT_FILENO) >= 0 && dup2(s->output[1], STDERR_FILENO) >= 0;
    if (good) {
        execv(s->program, (char *const *)(uintptr_t)line);
        dprintf(STDERR_FILENO, "huiliu: %s: %s\n", s->program, strerror(errno));
    }
    _exit(127);
}

static void pause_begin(struct supervisor *s, bool lasted)
{
    s->pause_ms = lasted || s->pause_ms == 0 ? PAUSE_FIRST_MS : s->pause_ms * 2;
    if (s->pause_ms > PAUSE_MAX_MS)
        s->pause_ms = PAUSE_MAX_MS;
    s->again_ms = monotonic_ms() + s->pause_ms;
    s->state.again_ms = clock_now_ms() + s->pause_ms;
    state_set(s, "waiting");
}

static void child_start(struct supervisor *s)
{
    pid_t self = getpid();
    s->again_ms = s->kill_ms = NEVER_MS;
    s->ready = s->watched = false;
    s->began_ms = s->heard_ms = monotonic_ms();
    s->child = fork();
    if (s->child == 0)
        child_become(s, self);
    if (s->child < 0) {
        s->child = 0;
        log_event(LOG_ERROR, "child_not_started", LOG_STR("message", str_of(strerror(errno))),
                  LOG_END);
        pause_begin(s, false);
        return;
    }
    s->state.again_ms = 0;
    state_set(s, "starting");
    log_event(LOG_INFO, "child_started", LOG_I64("pid", s->child), LOG_END);
}

static void exit_write(char text[64], int status)
{
    if (WIFSIGNALED(status))
        snprintf(text, 64, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(text, 64, "exit code %d", WEXITSTATUS(status));
}

/* What a command line or a setting makes end is told from an accident: a person is wanted. */
static bool person_is_wanted(const struct supervisor *s, int status)
{
    return !s->ready && WIFEXITED(status) && WEXITSTATUS(status) != 0;
}

static void child_ended(struct supervisor *s, int status)
{
    bool lasted = monotonic_ms() - s->began_ms >= LASTED_MS;
    bool wanted = person_is_wanted(s, status);
    char said[128];
    exit_write(s->state.last_exit, status);
    s->child = 0;
    s->kill_ms = NEVER_MS;
    s->watched = false;
    if (s->ending)
        return;
    pause_begin(s, lasted);
    s->state.restarts++;
    supervisor_state_write(s->home, &s->state);
    log_event(LOG_WARN, wanted ? "child_needs_person" : "child_ended",
              LOG_STR("how", str_of(s->state.last_exit)), LOG_I64("again_in_ms", s->pause_ms),
              LOG_END);
    snprintf(said, sizeof(said), "X_ENDED=%s", s->state.last_exit);
    notify(said);
}

static void child_reap(struct supervisor *s)
{
    int status;
    if (s->child > 0 && waitpid(s->child, &status, WNOHANG) == s->child)
        child_ended(s, status);
}

/* --- what it prints --- */

/* Whole lines are written, so that a file never turns in the middle of one. */
static void output_take(struct supervisor *s)
{
    ssize_t n;
    while ((n = read(s->output[0], s->line + s->line_len, sizeof(s->line) - s->line_len)) > 0) {
        s->line_len += (size_t)n;
        const char *end = memrchr(s->line, '\n', s->line_len);
        size_t whole = end ? (size_t)(end + 1 - s->line) : 0;
        if (whole == 0 && s->line_len == sizeof(s->line))
            whole = s->line_len;
        if (whole > 0)
            logfile_write(s->log, s->line, whole);
        s->line_len -= whole;
        memmove(s->line, s->line + whole, s->line_len);
    }
}

/* --- what it says --- */

static void notice_take(struct supervisor *s, const struct notice *notice)
{
    struct str value;
    if (s->child == 0 || notice->pid != s->child)
        return; /* anybody may write to the name; only the child is believed */
    s->heard_ms = monotonic_ms();
    /* Reloading waits for pages in flight; that is no hanging. */
    if (notice_get(notice, "RELOADING=1", &value) || notice_get(notice, "STOPPING=1", &value))
        s->watched = false;
    if (notice_get(notice, "STATUS=", &value)) {
        char text[NOTICE_BYTES_MAX + 16];
        snprintf(text, sizeof(text), "STATUS=%.*s", STR_ARG(value));
        notify(text);
    }
    if (!notice_get(notice, "READY=1", &value))
        return;
    s->watched = true;
    if (s->ready)
        return;
    s->ready = true;
    state_set(s, "running");
    log_event(LOG_INFO, "child_ready", LOG_I64("pid", s->child), LOG_END);
    notify("READY=1");
}

static void notices_take(struct supervisor *s)
{
    struct notice notice;
    while (notice_next(s->notices, &notice))
        notice_take(s, &notice);
}

/* --- signals --- */

static void end_ask(struct supervisor *s, int number)
{
    s->ending = true;
    s->again_ms = NEVER_MS;
    if (s->child == 0)
        return;
    kill(s->child, number);
    s->watched = false;
    if (s->kill_ms == NEVER_MS)
        s->kill_ms = monotonic_ms() + END_MS;
    state_set(s, "ending");
    notify("STOPPING=1");
}

static void signals_take(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            end_ask(s, SIGTERM);
        else if (info.ssi_signo == SIGHUP && s->child > 0)
            kill(s->child, SIGHUP);
    }
}

/* --- the loop --- */

static void due_do(struct supervisor *s)
{
    int64_t now_ms = monotonic_ms();
    if (s->child == 0 && now_ms >= s->again_ms) {
        child_start(s);
    } else if (s->child > 0 && now_ms >= s->kill_ms) {
        log_event(LOG_WARN, "child_killed", LOG_I64("pid", s->child), LOG_END);
        kill(s->child, SIGKILL);
        s->kill_ms = NEVER_MS;
    } else if (s->watched && now_ms - s->heard_ms >= HANGS_MS) {
        log_event(LOG_ERROR, "child_hangs", LOG_I64("pid", s->child),
                  LOG_I64("silent_ms", now_ms - s->heard_ms), LOG_END);
        kill(s->child, SIGABRT);
        s->watched = false;
        s->kill_ms = now_ms + ABORT_MS;
    }
}

static int wait_ms(const struct supervisor *s)
{
    int64_t due_ms = s->again_ms < s->kill_ms ? s->again_ms : s->kill_ms;
    if (s->watched && s->heard_ms + HANGS_MS < due_ms)
        due_ms = s->heard_ms + HANGS_MS;
    int64_t left_ms = due_ms - monotonic_ms();
    return due_ms == NEVER_MS ? -1 : left_ms < 0 ? 0 : left_ms > 60000 ? 60000 : (int)left_ms;
}

static enum err_class supervisor_loop(struct supervisor *s, struct err *err)
{
    struct pollfd fds[] = {
        {.fd = s->signals, .events = POLLIN},
        {.fd = s->notices, .events = POLLIN},
        {.fd = s->output[0], .events = POLLIN},
    };
    while (!s->ending || s->child > 0) {
        /* Where nobody finds the lock, a second supervisor may begin, and nobody can end this one. */
        if (s->child == 0 && !pidfile_stands(&s->lock)) {
            log_event(LOG_ERROR, "home_gone", LOG_STR("home", s->home->home), LOG_END);
            return err_say(err, ERR_CONFIG, "home_missing", MSG_HOME_MISSING, M_STR(s->home->home),
                           M_END);
        }
        due_do(s);
        if (poll(fds, 3, wait_ms(s)) < 0 && errno != EINTR)
            return err_say(err, ERR_INTERNAL, "supervisor", MSG_FILE, M_STR(STR("poll")),
                           M_STR(str_of(strerror(errno))), M_END);
        output_take(s);
        /* Before anything is due: what was said while this process itself did not run counts. */
        notices_take(s);
        signals_take(s);
        child_reap(s);
    }
    output_take(s);
    return ERR_OK;
}

/* --- beginning and ending --- */

static enum err_class signals_open(struct supervisor *s, struct err *err)
{
    sigset_t set;
    sigemptyset(&set);
    for (const int *number = (const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0}; *number; number++)
        sigaddset(&set, *number);
    sigprocmask(SIG_BLOCK, &set, NULL);
    /* Inherited: a child whose supervisor was killed still ends orderly when it prints something. */
    signal(SIGPIPE, SIG_IGN);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    /* The write end stays blocking: a child that prints faster than the disk takes it waits. */
    if (s->signals >= 0 && pipe2(s->output, O_CLOEXEC) == 0 &&
        fcntl(s->output[0], F_SETFL, O_NONBLOCK) == 0)
        return ERR_OK;
    return err_say(err, ERR_INTERNAL, "supervisor", MSG_FILE, M_STR(STR("signalfd, pipe")),
                   M_STR(str_of(strerror(errno))), M_END);
}

static enum err_class log_begin(struct supervisor *s, struct err *err)
{
    struct str path;
    enum err_class class_ = supervisor_log_path(s->home, &path, err);
    if (class_ == ERR_OK)
        class_ = app_log_file_open(s->home, path, &s->log, err);
    if (class_ != ERR_OK)
        return class_;
    /* That a child ended is wanted there whatever level the service has. */
    log_setup_file(s->home->log_level < LOG_INFO ? s->home->log_level : LOG_INFO, s->log);
    /* From here on nobody watches the terminal; whoever started this is told so by its end. What the runtime itself
     * prints when it gives up goes into the log. */
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int last_words = open(path.ptr, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDIN_FILENO), dup2(null, STDOUT_FILENO), close(null);
    if (last_words >= 0)
        dup2(last_words, STDERR_FILENO), close(last_words);
    return ERR_OK;
}

static enum err_class supervisor_begin(struct supervisor *s, struct err *err)
{
    enum err_class class_ = supervisor_program(s->program, err);
    if (class_ == ERR_OK)
        class_ = pidfile_take(&s->lock, s->home, err);
    if (class_ == ERR_OK)
        class_ = signals_open(s, err);
    if (class_ == ERR_OK)
        class_ = notice_open(&s->notices, s->notify_name, err);
    if (class_ == ERR_OK)
        class_ = log_begin(s, err);
    return class_;
}

static void supervisor_end(struct supervisor *s)
{
    for (const int *fd = (const int[]){s->signals, s->notices, s->output[0], s->output[1], -2};
         *fd != -2; fd++) {
        if (*fd >= 0)
            close(*fd);
    }
    app_log(s->home);
    if (s->log)
        logfile_close(s->log);
    pidfile_leave(&s->lock); /* last: who waits for the end looks at it */
}

enum err_class supervisor_run(struct app *home, struct err *err)
{
    struct supervisor *s = calloc(1, sizeof(*s));
    if (!s)
        return err_no_memory(err);
    *s = (struct supervisor){.home = home,
                             .lock = {.fd = -1},
                             .signals = -1,
                             .notices = -1,
                             .output = {-1, -1},
                             .kill_ms = NEVER_MS};
    enum err_class class_ = supervisor_begin(s, err);
    if (class_ == ERR_OK) {
        log_event(LOG_INFO, "supervisor_began", LOG_I64("pid", getpid()), LOG_END);
        class_ = supervisor_loop(s, err);
        if (class_ == ERR_OK) {
            state_set(s, "ended");
            log_event(LOG_INFO, "supervisor_ended", LOG_STR("how", str_of(s->state.last_exit)),
                      LOG_END);
        }
    }
    supervisor_end(s);
    free(s);
    return class_;
}

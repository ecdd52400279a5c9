/* huiliu service …: the service in the background, by systemd or by a supervisor of our own. */
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/launch.h"
#include "app/pidfile.h"
#include "app/supervisor.h"
#include "app/tail.h"
#include "app/unit.h"

enum { LINES_STANDARD = 50 };

/* A slip in the settings must not keep anybody from ending the service or from seeing what it does. */
static enum err_class home_open(struct app *app, const struct cli *cli, struct err *err)
{
    enum err_class class_ = home_find(cli->home, &app->arena, &app->home, err);
    if (class_ == ERR_OK && !home_is_there(app->home))
        class_ = err_say(err, ERR_CONFIG, "home_missing", MSG_HOME_MISSING, M_STR(app->home),
                         M_END);
    if (class_ == ERR_OK && app_open_home(app, NULL) != ERR_OK)
        app->options = (struct options){0};
    return class_;
}

/* --- install --- */

static enum err_class user_choose(struct app *app, const struct cli *cli, struct str *user,
                                  struct err *err)
{
    char name[256];
    struct str wanted = cli_text(cli, "user");
    *user = STR_NONE;
    if (wanted.len == 0)
        return geteuid() == 0 || cli_has(cli, "print") ? unit_owner(app, user, err) : ERR_OK;
    if (geteuid() != 0 && !cli_has(cli, "print"))
        return err_say(err, ERR_USAGE, "user_root", MSG_UNIT_USER_ROOT, M_END);
    snprintf(name, sizeof(name), "%.*s", STR_ARG(wanted));
    if (wanted.len >= sizeof(name) || (!cli_has(cli, "print") && !getpwnam(name)))
        return err_say(err, ERR_CONFIG, "user_unknown", MSG_UNIT_USER_UNKNOWN, M_STR(wanted),
                       M_END);
    *user = wanted;
    return ERR_OK;
}

/* A service that may not write to its home would only fail later. */
static void owner_warn(struct app *app, struct str user)
{
    struct str owner;
    if (user.len > 0 && unit_owner(app, &owner, NULL) == ERR_OK && !str_eq(owner, user))
        app_say(app, MSG_UNIT_OWNER_DIFFERS, M_STR(owner), M_STR(user), M_STR(app->home), M_END);
}

enum exit_code cmd_service_install(struct app *app, const struct cli *cli, struct err *err)
{
    struct str user;
    struct buf text;
    struct unit_file unit;
    enum err_class class_ = user_choose(app, cli, &user, err);
    if (class_ == ERR_OK && !cli_has(cli, "print") && !systemd_is_there())
        class_ = err_say(err, ERR_CONFIG, "no_systemd", MSG_NO_SYSTEMD, M_STR(app->home), M_END);
    if (class_ == ERR_OK)
        class_ = unit_write(app, user, &text, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    if (cli_has(cli, "print"))
        return exit_of(print_page(app, &text, err));
    class_ = unit_place(app, &unit, err);
    if (class_ == ERR_OK)
        class_ = unit_install(app, &unit, buf_str(&text), cli_has(cli, "force"), err);
    buf_fini(&text);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_UNIT_WRITTEN, M_STR(unit.path), M_STR(unit.system ? STR("") : STR("--user ")),
            M_END);
    owner_warn(app, user);
    if (!unit.system)
        app_say(app, MSG_UNIT_LINGER, M_END);
    struct answer answer;
    answer_begin(&answer, app);
    emit_str(&answer.emit, "path", unit.path);
    emit_bool(&answer.emit, "system", unit.system);
    return exit_of(answer_end(&answer, err));
}

/* --- by systemd --- */

static bool words_ask_for_state(const char *verb)
{
    return strcmp(verb, "status") == 0 || strcmp(verb, "is-active") == 0;
}

/* Our promise is 0 to 3: what systemd calls not running is 3, everything else that is not good 1. */
static enum exit_code systemd_do(struct app *app, const char *program, const char *const *words,
                                 struct err *err)
{
    struct unit_file unit;
    int code = 0;
    enum err_class class_ = unit_find(app, &unit, err);
    if (class_ == ERR_OK)
        class_ = unit_run(&unit, program, words, &code, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    if (code == 0)
        return EXIT_DONE;
    return code == 3 && words_ask_for_state(words[0]) ? EXIT_UNPROVED : EXIT_FAILED;
}

static enum err_class state_answer(const struct app *app, const char *state, int64_t pid,
                                   struct err *err)
{
    struct answer answer;
    answer_begin(&answer, app);
    emit_str(&answer.emit, "state", str_of(state));
    if (pid > 0)
        emit_i64(&answer.emit, "pid", pid);
    return answer_end(&answer, err);
}

/* What `systemctl status` prints is for people; what it found stands in its exit code. */
static enum exit_code systemd_ask(struct app *app, const char *verb, struct err *err)
{
    bool status = strcmp(verb, "status") == 0;
    const char *const words[] = {verb, "--no-pager", "huiliu.service", NULL};
    const char *const quiet[] = {"is-active", "--quiet", "huiliu.service", NULL};
    enum exit_code code = systemd_do(app, "systemctl", status && app->json ? quiet : words, err);
    if (err->class_ != ERR_OK || (code != EXIT_DONE && !status))
        return code;
    bool runs = code == EXIT_DONE && strcmp(verb, "stop") != 0;
    enum err_class class_ = state_answer(app, runs ? "running" : "stopped", 0, err);
    return class_ == ERR_OK ? code : exit_of(class_);
}

/* --- by ourselves --- */

/* Nobody waits for an instant of the test clock here: what is waited for are other processes. */
static enum err_class own_start(struct app *app, struct err *err)
{
    struct supervisor_state state;
    clock_thread_leave();
    enum err_class class_ = launch_start(app, err);
    clock_thread_enter();
    if (class_ == ERR_OK)
        class_ = supervisor_state_read(app, &state, err);
    if (class_ != ERR_OK)
        return class_;
    app_say(app, MSG_SERVICE_STARTED, M_STR(app->home), M_I64(state.child), M_END);
    return state_answer(app, "running", state.child, err);
}

static enum err_class own_stop(struct app *app, struct err *err)
{
    bool was;
    clock_thread_leave();
    enum err_class class_ = launch_stop(app, &was, err);
    clock_thread_enter();
    if (class_ == ERR_OK)
        app_say(app, was ? MSG_SERVICE_STOPPED : MSG_SERVICE_NOT_RUNNING, M_STR(app->home), M_END);
    return class_;
}

enum exit_code cmd_service_start(struct app *app, const struct cli *cli, struct err *err)
{
    (void)cli;
    return systemd_is_there() ? systemd_ask(app, "start", err) : exit_of(own_start(app, err));
}

enum exit_code cmd_service_stop(struct app *app, const struct cli *cli, struct err *err)
{
    enum err_class class_ = home_open(app, cli, err);
    if (class_ == ERR_OK && systemd_is_there())
        return systemd_ask(app, "stop", err);
    if (class_ == ERR_OK)
        class_ = own_stop(app, err);
    return exit_of(class_ == ERR_OK ? state_answer(app, "stopped", 0, err) : class_);
}

enum exit_code cmd_service_restart(struct app *app, const struct cli *cli, struct err *err)
{
    (void)cli;
    if (systemd_is_there())
        return systemd_ask(app, "restart", err);
    enum err_class class_ = own_stop(app, err);
    return exit_of(class_ == ERR_OK ? own_start(app, err) : class_);
}

enum exit_code cmd_service_supervise(struct app *app, const struct cli *cli, struct err *err)
{
    (void)cli;
    clock_thread_leave();
    enum err_class class_ = supervisor_run(app, err);
    clock_thread_enter();
    return exit_of(class_);
}

/* --- status --- */

static const struct report_column columns[] = {
    {"state", REPORT_TEXT, MSG_COL_STATE},
    {"pid", REPORT_NUMBER, MSG_COL_PID},
    {"since", REPORT_TIME, MSG_COL_STARTED},
    {"restarts", REPORT_NUMBER, MSG_COL_RESTARTS},
    {"last_exit", REPORT_TEXT, MSG_COL_LAST_EXIT},
    {"again", REPORT_TIME, MSG_COL_AGAIN},
    {"supervisor", REPORT_NUMBER, MSG_COL_SUPERVISOR},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static void number_or_absent(struct report *report, int64_t number)
{
    if (number > 0)
        report_number(report, number);
    else
        report_absent(report);
}

static void time_or_absent(struct report *report, int64_t at_ms)
{
    if (at_ms > 0)
        report_time(report, at_ms);
    else
        report_absent(report);
}

/* The lock decides; the file only tells more of what the lock says. */
static void state_report(struct report *report, const struct pidfile_look *look,
                         const struct supervisor_state *state)
{
    bool known = look->held && state->state[0] != '\0';
    report_row(report);
    report_text(report, !look->held ? STR("stopped")
                        : known     ? str_of(state->state)
                                    : STR("starting"));
    number_or_absent(report, known ? state->child : 0);
    time_or_absent(report, known ? state->since_ms : 0);
    if (known)
        report_number(report, state->restarts);
    else
        report_absent(report);
    if (state->last_exit[0] != '\0')
        report_text(report, str_of(state->last_exit));
    else
        report_absent(report);
    time_or_absent(report, known ? state->again_ms : 0);
    number_or_absent(report, look->holder);
}

static enum exit_code own_status(struct app *app, struct err *err)
{
    struct pidfile_look look;
    struct supervisor_state state;
    struct report report;
    report_init(&report, columns, COLUMNS, app->zone, &app->arena);
    enum err_class class_ = pidfile_look(app, &look, err);
    if (class_ == ERR_OK)
        class_ = supervisor_state_read(app, &state, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    state_report(&report, &look, &state);
    class_ = app_print_report(app, &report, "service", err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    if (look.stale > 0)
        app_say(app, look.reused ? MSG_PID_REUSED : MSG_PID_STALE, M_I64(look.stale), M_END);
    if (look.held && look.holder == 0)
        app_say(app, MSG_SERVICE_ELSEWHERE, M_STR(app->home), M_END);
    return look.held && strcmp(state.state, "running") == 0 ? EXIT_DONE : EXIT_UNPROVED;
}

enum exit_code cmd_service_status(struct app *app, const struct cli *cli, struct err *err)
{
    enum err_class class_ = home_open(app, cli, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    return systemd_is_there() ? systemd_ask(app, "status", err) : own_status(app, err);
}

/* --- logs --- */

static volatile bool stop_asked;

static void on_stop(int number)
{
    (void)number;
    __atomic_store_n(&stop_asked, true, __ATOMIC_RELEASE);
}

static enum exit_code systemd_logs(struct app *app, const char *lines, bool follow, struct err *err)
{
    const char *words[] = {"--no-pager", "-n", lines, "-u", "huiliu.service",
                           NULL,         NULL, NULL,  NULL};
    size_t len = 5;
    if (follow)
        words[len++] = "-f";
    /* The journal's own objects: MESSAGE is what the service said. */
    if (app->json) {
        words[len++] = "-o";
        words[len++] = "json";
    }
    return systemd_do(app, "journalctl", words, err);
}

static enum exit_code own_logs(struct app *app, int64_t lines, bool follow, struct err *err)
{
    struct str path, log_file = option_text(&app->options, OPTION_LOG_FILE);
    enum err_class class_ = supervisor_log_path(app, &path, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    if (log_file.len > 0) {
        /* Standard output is the log's. */
        struct buf hint;
        buf_init(&hint, 8192);
        message_write(&hint, MSG_LOGS_ELSEWHERE, M_STR(log_file), M_END);
        fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&hint)));
        buf_fini(&hint);
    }
    FILE *out = app->json ? tail_objects(stdout) : stdout;
    if (!out)
        return exit_of(err_no_memory(err));
    if (follow) {
        struct sigaction stop = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};
        sigaction(SIGINT, &stop, NULL);
        sigaction(SIGTERM, &stop, NULL);
        clock_thread_leave();
        tail_follow(path, lines, out, &stop_asked);
        clock_thread_enter();
    } else if (!tail_print(path, lines, out)) {
        class_ = err_say(err, ERR_CONFIG, "service_log", MSG_SERVICE_NO_LOG, M_STR(path), M_END);
    }
    if (out != stdout)
        fclose(out);
    return exit_of(class_);
}

enum exit_code cmd_service_logs(struct app *app, const struct cli *cli, struct err *err)
{
    char text[32];
    int64_t lines = cli_int(cli, "lines", LINES_STANDARD);
    enum err_class class_ = home_open(app, cli, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    snprintf(text, sizeof(text), "%lld", (long long)lines);
    return systemd_is_there() ? systemd_logs(app, text, cli_has(cli, "follow"), err)
                              : own_logs(app, lines, cli_has(cli, "follow"), err);
}

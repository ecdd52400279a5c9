/* huiliu user: who may ask the API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "api/api.h"
#include "app/cmd.h"
#include "app/file.h"
#include "app/secret.h"

/* One line from the terminal, which shows nothing of it meanwhile. */
static enum err_class line_ask(struct app *app, enum message_id question, struct str *out,
                               struct err *err)
{
    char line[PASSWORD_BYTES_MAX + 8];
    struct termios before, silent;
    app_say(app, question, M_END);
    fflush(stdout);
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return err_say(err, ERR_USAGE, "password_where", MSG_PASSWORD_WHERE, M_END);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    char *got = fgets(line, sizeof(line), stdin);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    if (!got)
        return err_say(err, ERR_USAGE, "password_where", MSG_PASSWORD_WHERE, M_END);
    line[strcspn(line, "\r\n")] = '\0';
    enum err_class class_ = secret_keep(app, str_of(line), out, err);
    explicit_bzero(line, sizeof(line));
    return class_;
}

/* From a file, or asked for twice; never an argument, which the process list shows. */
static enum err_class password_take(struct app *app, const struct cli *cli, struct str *out,
                                    struct err *err)
{
    struct str again, text, rest;
    if (cli_has(cli, "password-file")) {
        enum err_class class_ = file_read(cli_text(cli, "password-file"), &app->arena, &text, err);
        if (class_ != ERR_OK)
            return class_;
        str_cut(text, '\n', &text, &rest);
        if (str_ends(text, STR("\r")))
            text = str_sub(text, 0, text.len - 1);
        return secret_keep(app, text, out, err);
    }
    if (!isatty(STDIN_FILENO))
        return err_say(err, ERR_USAGE, "password_where", MSG_PASSWORD_WHERE, M_END);
    enum err_class class_ = line_ask(app, MSG_PASSWORD_ASK, out, err);
    if (class_ == ERR_OK)
        class_ = line_ask(app, MSG_PASSWORD_ASK_AGAIN, &again, err);
    if (class_ == ERR_OK && !str_eq(*out, again))
        class_ = err_say(err, ERR_USAGE, "password_differs", MSG_PASSWORD_DIFFERS, M_END);
    return class_;
}

static int ids_compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static enum err_class shops_take(struct app *app, const struct cli *cli, struct user *user,
                                 struct err *err)
{
    int64_t *ids = arena_array(&app->arena, SHOPS_MAX, sizeof(*ids));
    struct str word;
    size_t at = 0, len = 0;
    if (!ids)
        return err_no_memory(err);
    while (len < SHOPS_MAX && cli_next(cli, "shop", &at, &word)) {
        struct app_shop *shop;
        enum err_class class_ = app_shop_of(app, word, &shop, err);
        if (class_ != ERR_OK)
            return class_;
        ids[len++] = shop->sync.id;
    }
    qsort(ids, len, sizeof(*ids), ids_compare);
    for (size_t i = 0; i < len; i++)
        if (user->shops_len == 0 || ids[user->shops_len - 1] != ids[i])
            ids[user->shops_len++] = ids[i];
    user->shops = ids;
    user->all_shops = len == 0;
    return ERR_OK;
}

static enum err_class user_answer(const struct app *app, const struct user *user, struct err *err)
{
    struct answer answer;
    answer_begin(&answer, app);
    emit_str(&answer.emit, "name", user->name);
    emit_str(&answer.emit, "role", user->role);
    emit_bool(&answer.emit, "disabled", user->disabled);
    return answer_end(&answer, err);
}

enum exit_code cmd_user_add(struct app *app, const struct cli *cli, struct err *err)
{
    struct user user = {.name = cli_arg(cli, 0),
                        .role = cli_has(cli, "role") ? cli_text(cli, "role") : STR("viewer"),
                        .reveals = cli_has(cli, "reveals")};
    struct str password = STR_NONE;
    const struct audit audit = audit_of_console("user.add", user.name);
    enum err_class class_ = shops_take(app, cli, &user, err);
    if (class_ == ERR_OK && !cli_has(cli, "no-password"))
        class_ = password_take(app, cli, &password, err);
    if (class_ == ERR_OK && !cli_has(cli, "no-password") && password.len == 0)
        class_ = password_is_fit(user.name, password, err);
    if (class_ == ERR_OK)
        class_ = user_add(app->store, &user, password, &audit, NULL, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_USER_ADDED, M_STR(user.name), M_STR(user.role), M_END);
    return exit_of(user_answer(app, &user, err));
}

static struct str shops_text(struct app *app, const struct user *user)
{
    struct buf text;
    if (user->all_shops)
        return STR("*");
    buf_init(&text, 64 * 1024);
    for (size_t i = 0; i < user->shops_len; i++) {
        if (i > 0)
            buf_add(&text, STR(", "));
        buf_add(&text, app_shop_name(app, user->shops[i]));
    }
    struct str out = arena_dup(&app->arena, buf_str(&text));
    buf_fini(&text);
    return out;
}

enum exit_code cmd_user_list(struct app *app, const struct cli *cli, struct err *err)
{
    static const struct report_column columns[] = {
        {"name", REPORT_TEXT, MSG_COL_NAME},           {"role", REPORT_TEXT, MSG_COL_ROLE},
        {"shops", REPORT_TEXT, MSG_COL_SHOPS},         {"reveals", REPORT_TRUTH, MSG_COL_REVEALS},
        {"disabled", REPORT_TRUTH, MSG_COL_DISABLED},  {"created", REPORT_TIME, MSG_COL_CREATED},
        {"signed_in", REPORT_TIME, MSG_COL_SIGNED_IN},
    };
    struct report report;
    struct user *users;
    size_t len;
    (void)cli;
    report_init(&report, columns, 7, app->zone, &app->arena);
    enum err_class class_ = users_read(app->store, &app->arena, &users, &len, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    for (size_t i = 0; i < len; i++) {
        report_row(&report);
        report_text(&report, users[i].name);
        report_text(&report, users[i].role);
        report_text(&report, shops_text(app, &users[i]));
        report_truth(&report, users[i].reveals);
        report_truth(&report, users[i].disabled);
        report_time(&report, users[i].created_ms);
        if (users[i].signed_in_ms > 0)
            report_time(&report, users[i].signed_in_ms);
        else
            report_absent(&report);
    }
    return exit_of(app_print_report(app, &report, "users", err));
}

enum exit_code cmd_user_passwd(struct app *app, const struct cli *cli, struct err *err)
{
    struct user user;
    struct str password;
    const struct audit audit = audit_of_console("user.password", cli_arg(cli, 0));
    enum err_class class_ = user_find(app->store, cli_arg(cli, 0), &app->arena, &user, err);
    if (class_ == ERR_OK)
        class_ = password_take(app, cli, &password, err);
    if (class_ == ERR_OK)
        class_ = user_password_set(app->store, &user, password, &audit, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_USER_PASSWORD, M_STR(user.name), M_END);
    return exit_of(user_answer(app, &user, err));
}

static enum exit_code able_set(struct app *app, const struct cli *cli, bool disabled,
                               struct err *err)
{
    struct user user;
    const struct audit audit = audit_of_console(disabled ? "user.disable" : "user.enable",
                                                cli_arg(cli, 0));
    enum err_class class_ = user_find(app->store, cli_arg(cli, 0), &app->arena, &user, err);
    user.disabled = disabled;
    if (class_ == ERR_OK)
        class_ = user_set(app->store, &user, &audit, NULL, STR_NONE, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, disabled ? MSG_USER_DISABLED : MSG_USER_ENABLED, M_STR(user.name), M_END);
    return exit_of(user_answer(app, &user, err));
}

enum exit_code cmd_user_disable(struct app *app, const struct cli *cli, struct err *err)
{
    return able_set(app, cli, true, err);
}

enum exit_code cmd_user_enable(struct app *app, const struct cli *cli, struct err *err)
{
    return able_set(app, cli, false, err);
}

/* huiliu init, migrate, settings, version, help: the program and its home. */
#include <curl/curl.h>
#include <hiredis/hiredis.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>
#include <zstd.h>

#include "api/api.h"
#include "app/cmd.h"

/* --- init --- */

/* Everything from the home up, for a home that was just made or was there. */
static enum err_class home_fill(struct app *app, struct err *err)
{
    enum err_class class_ = keyring_open(app->home, &app->keyring, err);
    if (class_ == ERR_OK)
        class_ = app_open_connectors(app, err);
    if (class_ == ERR_OK)
        class_ = app_open_store(app, true, err);
    return class_ == ERR_OK ? app_open_shops(app, err) : class_;
}

enum exit_code cmd_init(struct app *app, const struct cli *cli, struct err *err)
{
    bool made = false;
    struct options written = {0};
    struct str env_file = cli_text(cli, "from-env");
    enum err_class class_ = home_find(cli->home, &app->arena, &app->home, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    bool there = home_is_there(app->home);
    if (env_file.len > 0 && !there)
        class_ = import_options(app, env_file, &written, err);
    if (class_ == ERR_OK)
        class_ = app_open_home(app, err);
    if (class_ == ERR_OK)
        class_ = home_make(app, &written, &made, err);
    if (class_ == ERR_OK && made)
        class_ = app_open_home(app, err);
    if (class_ == ERR_OK)
        class_ = home_fill(app, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, there ? MSG_HOME_THERE : MSG_HOME_MADE, M_STR(app->home), M_END);
    if (env_file.len > 0)
        class_ = import_env(app, env_file, !there, err);
    else if (!there)
        app_say(app, MSG_HOME_NEXT, M_END);
    /* What became of each variable is an answer of its own. */
    if (class_ != ERR_OK || env_file.len > 0)
        return exit_of(class_);
    struct answer answer;
    answer_begin(&answer, app);
    emit_str(&answer.emit, "home", app->home);
    emit_bool(&answer.emit, "made", !there);
    return exit_of(answer_end(&answer, err));
}

enum exit_code cmd_migrate(struct app *app, const struct cli *cli, struct err *err)
{
    (void)cli;
    struct migration_state state;
    enum err_class class_ = store_migration_state(app->store, &state, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_MIGRATED, M_I64(state.applied), M_END);
    struct answer answer;
    answer_begin(&answer, app);
    emit_i64(&answer.emit, "applied", state.applied);
    emit_i64(&answer.emit, "newest", state.newest);
    return exit_of(answer_end(&answer, err));
}

/* --- settings --- */

static void setting_row(void *context, struct str key, const struct option *option,
                        struct str value, enum option_origin origin)
{
    struct report *report = context;
    (void)option;
    report_row(report);
    report_text(report, key);
    report_text(report, value);
    report_text(report, str_of(option_origin_name(origin)));
}

enum exit_code cmd_settings(struct app *app, const struct cli *cli, struct err *err)
{
    static const struct report_column columns[] = {
        {"key", REPORT_TEXT, MSG_COL_KEY},
        {"value", REPORT_TEXT, MSG_COL_VALUE},
        {"origin", REPORT_TEXT, MSG_COL_ORIGIN},
    };
    struct report report;
    if (cli_has(cli, "reference")) {
        struct buf out;
        buf_init(&out, 1024 * 1024);
        options_reference_write(&out);
        return exit_of(print_page(app, &out, err));
    }
    enum err_class class_ = app_open(app, cli, APP_HOME, false, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    report_init(&report, columns, 3, NULL, &app->arena);
    setting_row(&report, STR("home"), NULL, app->home, OPTION_STANDARD);
    options_each(&app->options, &app->arena, setting_row, &report);
    return exit_of(app_print_report(app, &report, "settings", err));
}

/* --- version --- */

static void version_add(struct report *report, const char *name, const char *version)
{
    report_row(report);
    report_text(report, str_of(name));
    report_text(report, str_of(version));
}

static const struct report_column version_columns[] = {
    {"name", REPORT_TEXT, MSG_COL_NAME},
    {"version", REPORT_TEXT, MSG_COL_VERSION},
};

/* The library tells its version to the compiler only. */
#define TEXT_OF(number) #number
#define VERSION_OF(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)
static const char hiredis_version[] = VERSION_OF(HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);

void library_versions(struct report *report, struct arena *arena)
{
    report_init(report, version_columns, 2, NULL, arena);
    version_add(report, "huiliu", HUILIU_VERSION);
    version_add(report, "sqlite", sqlite3_libversion());
    version_add(report, "libcurl", curl_version_info(CURLVERSION_NOW)->version);
    version_add(report, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
    version_add(report, "libsodium", sodium_version_string());
    version_add(report, "hiredis", hiredis_version);
    version_add(report, "zstd", ZSTD_versionString());
    version_add(report, "libyaml", yaml_get_version_string());
    version_add(report, "page", api_page_files() > 0 ? HUILIU_VERSION : "-");
}

enum exit_code cmd_version(struct app *app, const struct cli *cli, struct err *err)
{
    static const struct report_column point_columns[] = {
        {"name", REPORT_TEXT, MSG_COL_NAME},
        {"what", REPORT_TEXT, MSG_COL_WHAT},
    };
    struct report report;
    if (!cli_has(cli, "fail-points")) {
        library_versions(&report, &app->arena);
        return exit_of(app_print_report(app, &report, "versions", err));
    }
    report_init(&report, point_columns, 2, NULL, &app->arena);
    for (const struct fail_point_info *point = fail_point_table(); point->name; point++)
        version_add(&report, point->name, point->what);
    return exit_of(app_print_report(app, &report, "fail_points", err));
}

/* --- help --- */

/* `huiliu help shop add` is `huiliu shop add --help`. */
static enum err_class topic_write(struct buf *out, const struct cli *cli, struct err *err)
{
    char program[] = "huiliu", help[] = "--help";
    char first[64], second[64];
    char *argv[] = {program, first, help, NULL, NULL};
    struct cli topic;
    if (cli->args_len == 0) {
        help_overview_write(out);
        return ERR_OK;
    }
    snprintf(first, sizeof(first), "%.*s", STR_ARG(cli_arg(cli, 0)));
    if (cli->args_len > 1) {
        snprintf(second, sizeof(second), "%.*s", STR_ARG(cli_arg(cli, 1)));
        argv[2] = second;
        argv[3] = help;
    }
    enum err_class class_ = cli_parse(&topic, cli->args_len > 1 ? 4 : 3, argv, err);
    if (class_ == ERR_OK)
        help_write(out, &topic);
    return class_;
}

enum exit_code cmd_help(struct app *app, const struct cli *cli, struct err *err)
{
    struct buf out;
    enum err_class class_ = ERR_OK;
    buf_init(&out, OPENAPI_BYTES_MAX);
    if (cli_has(cli, "man"))
        help_man_write(&out);
    else if (cli_has(cli, "routes"))
        routes_reference_write(&out);
    else if (cli_has(cli, "openapi"))
        class_ = openapi_write(&out, err);
    else if (cli_has(cli, "completion"))
        help_bash_write(&out);
    else
        class_ = topic_write(&out, cli, err);
    if (class_ == ERR_OK)
        class_ = print_page(app, &out, err);
    else
        buf_fini(&out);
    return exit_of(class_);
}

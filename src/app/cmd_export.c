/* huiliu export: a list as a file, by the same route that the API has for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "app/cmd.h"
#include "app/hosting.h"

enum { PAIRS_MAX = 60 };

enum { LISTS_MAX = 100, PATH_BYTES_MAX = 512 };

static enum err_class path_of(struct str list, struct str *out, struct err *err)
{
    struct str names[LISTS_MAX];
    struct api_list known;
    size_t len = 0;
    for (; len < LISTS_MAX && api_list_at(len, &known); len++) {
        names[len] = str_of(known.name);
        *out = str_of(known.path);
        if (str_eq(names[len], list))
            return ERR_OK;
    }
    size_t nearest = str_nearest(list, names, len);
    return err_say(err, ERR_USAGE, "export_list", MSG_EXPORT_LIST, M_STR(list),
                   M_STR(names[nearest == SIZE_MAX ? 0 : nearest]), M_END);
}

struct pairs {
    struct api_pair items[PAIRS_MAX];
    size_t len;
};

static void pair_add(struct pairs *pairs, const char *name, struct str value)
{
    if (value.len > 0 && pairs->len < PAIRS_MAX)
        pairs->items[pairs->len++] = (struct api_pair){str_of(name), value};
}

/* --columns a,b and --where NAME=VALUE, as often as wanted. */
static enum err_class pairs_read(const struct cli *cli, struct pairs *pairs, struct err *err)
{
    struct str rest = cli_text(cli, "columns"), one, name, value;
    size_t at = 0;
    pair_add(pairs, "format", cli_text(cli, "format"));
    pair_add(pairs, "sheet", cli_text(cli, "sheet"));
    pair_add(pairs, "sort", cli_text(cli, "sort"));
    pair_add(pairs, "from", cli_text(cli, "from"));
    pair_add(pairs, "to", cli_text(cli, "to"));
    pair_add(pairs, "lang", language_now() == LANGUAGE_ZH ? STR("zh") : STR("en"));
    while (cli_next(cli, "shop", &at, &one))
        pair_add(pairs, "shop", one);
    while (rest.len > 0) {
        str_cut(rest, ',', &one, &rest);
        pair_add(pairs, "columns", str_trim(one));
    }
    for (at = 0; cli_next(cli, "where", &at, &one);) {
        if (!str_cut(one, '=', &name, &value) || name.len == 0)
            return err_say(err, ERR_USAGE, "export_where", MSG_EXPORT_WHERE, M_STR(one), M_END);
        if (pairs->len < PAIRS_MAX)
            pairs->items[pairs->len++] = (struct api_pair){name, value};
    }
    return ERR_OK;
}

/* What the address holds is taken out of the pairs: --where kind=daily for /reports/{kind}/export. */
static enum err_class path_fill(struct str path, struct pairs *pairs, struct buf *out,
                                struct err *err)
{
    struct str head, name;
    while (str_cut(path, '{', &head, &path)) {
        size_t at = 0;
        str_cut(path, '}', &name, &path);
        buf_add(out, head);
        while (at < pairs->len && !str_eq(pairs->items[at].name, name))
            at++;
        if (at == pairs->len)
            return err_say(err, ERR_USAGE, "export_needs", MSG_EXPORT_NEEDS, M_STR(name), M_END);
        buf_add(out, pairs->items[at].value);
        pairs->items[at] = pairs->items[--pairs->len];
    }
    buf_add(out, head);
    return ERR_OK;
}

/* --lists */
static enum err_class lists_tell(struct app *app, struct err *err)
{
    static const struct report_column columns[] = {{"list", REPORT_TEXT, MSG_COL_LIST},
                                                   {"name", REPORT_TEXT, MSG_COL_TITLE},
                                                   {"route", REPORT_TEXT, MSG_COL_ROUTE}};
    struct report report;
    struct api_list list;
    report_init(&report, columns, 3, app->zone, &app->arena);
    for (size_t i = 0; api_list_at(i, &list); i++) {
        report_row(&report);
        report_text(&report, str_of(list.name));
        report_text(&report, str_of(language_now() == LANGUAGE_ZH ? list.zh : list.en));
        report_text(&report, str_of(list.path));
    }
    return app_print_report(app, &report, "lists", err);
}

struct sending {
    int fd;
    int64_t bytes;
};

static enum err_class send_on(void *context, struct str bytes, struct err *err)
{
    struct sending *sending = context;
    sending->bytes += (int64_t)bytes.len;
    return sheet_sink_fd(&sending->fd, bytes, err);
}

/* Where standard output is for this, and not for the file. */
static enum err_class file_tell(const struct app *app, const struct cli *cli, int64_t bytes,
                                struct err *err)
{
    struct buf out;
    struct emit emit = emit_to(&out);
    if (!app->json)
        return ERR_OK;
    buf_init(&out, 64 * 1024);
    emit_open(&emit, NULL, '{');
    emit_str(&emit, "list", cli_arg(cli, 0));
    emit_str(&emit, "file", cli_text(cli, "out"));
    emit_i64(&emit, "bytes", bytes);
    emit_close(&emit, '}');
    buf_add_char(&out, '\n');
    return print_buf(&out, err);
}

/* A file that was there is replaced only when the new one is whole. */
struct target {
    struct str path, part;
    int fd;
};

static enum err_class target_open(struct app *app, struct str path, struct target *out,
                                  struct err *err)
{
    *out = (struct target){.path = path, .fd = STDOUT_FILENO};
    if (path.len == 0 || str_eq(path, STR("-")))
        return ERR_OK;
    out->path = arena_dup(&app->arena, path);
    out->part = arena_printf(&app->arena, "%.*s.part", STR_ARG(path));
    if (!out->path.ptr || !out->part.ptr)
        return err_no_memory(err);
    out->fd = open(out->part.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return out->fd >= 0
               ? ERR_OK
               : err_set(err, ERR_STORE, "file_write", "%s: %s", out->part.ptr, strerror(errno));
}

static enum err_class target_close(struct target *target, enum err_class class_, struct err *err)
{
    if (target->part.len == 0)
        return class_;
    if (close(target->fd) != 0 && class_ == ERR_OK)
        class_ = err_set(err, ERR_STORE, "file_write", "%s: %s", target->part.ptr, strerror(errno));
    if (class_ == ERR_OK && rename(target->part.ptr, target->path.ptr) != 0)
        class_ = err_set(err, ERR_STORE, "file_write", "%s: %s", target->path.ptr, strerror(errno));
    if (class_ != ERR_OK)
        unlink(target->part.ptr);
    return class_;
}

enum exit_code cmd_export(struct app *app, const struct cli *cli, struct err *err)
{
    struct str path;
    struct pairs pairs = {.len = 0};
    struct target target;
    struct api_host *host;
    struct api *api;
    char filled[PATH_BYTES_MAX];
    struct buf whole;
    struct str out = cli_text(cli, "out");
    if (cli_has(cli, "lists"))
        return exit_of(lists_tell(app, err));
    if (cli_arg(cli, 0).len == 0)
        return exit_of(
            err_say(err, ERR_USAGE, "export_needs", MSG_EXPORT_NEEDS, M_STR(STR("LIST")), M_END));
    buf_init_lent(&whole, filled, sizeof filled);
    if (app->json && (out.len == 0 || str_eq(out, STR("-"))))
        return exit_of(err_say(err, ERR_USAGE, "export_json", MSG_EXPORT_JSON, M_END));
    enum err_class class_ = path_of(cli_arg(cli, 0), &path, err);
    if (class_ == ERR_OK)
        class_ = pairs_read(cli, &pairs, err);
    if (class_ == ERR_OK)
        class_ = path_fill(path, &pairs, &whole, err);
    if (class_ == ERR_OK)
        class_ = hosting_make(app, &host, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    const struct api_options options = {.host = host};
    class_ = api_open(&options, &api, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    class_ = target_open(app, out, &target, err);
    struct sending sending = {.fd = target.fd};
    if (class_ == ERR_OK) {
        class_ = api_get_here(api, buf_str(&whole), pairs.items, pairs.len, send_on, &sending, err);
        class_ = target_close(&target, class_, err);
    }
    if (class_ == ERR_OK)
        class_ = file_tell(app, cli, sending.bytes, err);
    api_close(api);
    return exit_of(class_);
}

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

static const struct {
    const char *list, *path;
} routes[] = {
    {"ad-orders", "/api/v1/ad-orders/export"},
    {"trade-orders", "/api/v1/trade-orders/export"},
    {"trade-parts", "/api/v1/trade-parts/export"},
    {"videos", "/api/v1/videos/export"},
    {"shop-statistics", "/api/v1/shops/statistics/export"},
    {"sales", "/api/v1/sales/export"},
    {"profit", "/api/v1/profit/export"},
    {"profit-orders", "/api/v1/profit/orders/export"},
    {"bill-lines", "/api/v1/bills/lines/export"},
    {"bill-profit", "/api/v1/bills/profit/export"},
};
enum { ROUTES = sizeof(routes) / sizeof(*routes) };

static enum err_class path_of(struct str list, struct str *out, struct err *err)
{
    struct str names[ROUTES];
    for (size_t i = 0; i < ROUTES; i++) {
        names[i] = str_of(routes[i].list);
        *out = str_of(routes[i].path);
        if (str_eq(names[i], list))
            return ERR_OK;
    }
    size_t nearest = str_nearest(list, names, ROUTES);
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
    struct str out = cli_text(cli, "out");
    if (app->json && (out.len == 0 || str_eq(out, STR("-"))))
        return exit_of(err_say(err, ERR_USAGE, "export_json", MSG_EXPORT_JSON, M_END));
    enum err_class class_ = path_of(cli_arg(cli, 0), &path, err);
    if (class_ == ERR_OK)
        class_ = pairs_read(cli, &pairs, err);
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
        class_ = api_get_here(api, path, pairs.items, pairs.len, send_on, &sending, err);
        class_ = target_close(&target, class_, err);
    }
    if (class_ == ERR_OK)
        class_ = file_tell(app, cli, sending.bytes, err);
    api_close(api);
    return exit_of(class_);
}

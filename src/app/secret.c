/* Secrets in the clear, and sealing them. */
#include "app/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/file.h"

struct secret {
    struct secret *next;
    size_t len;
    char bytes[];
};

/* A platform's secret is some dozen bytes; Amazon's tokens, the longest, reach 2 KB. */
enum { SECRET_BYTES_MAX = 16 * 1024 };

enum err_class secret_keep(struct app *app, struct str plain, struct str *out, struct err *err)
{
    struct secret *secret = malloc(sizeof(*secret) + plain.len + 1);
    if (!secret)
        return err_no_memory(err);
    secret->len = plain.len;
    if (plain.len > 0)
        memcpy(secret->bytes, plain.ptr, plain.len);
    secret->bytes[plain.len] = '\0';
    secret->next = app->secrets;
    app->secrets = secret;
    *out = (struct str){secret->bytes, plain.len};
    return ERR_OK;
}

void secrets_wipe(struct app *app)
{
    while (app->secrets) {
        struct secret *secret = app->secrets;
        app->secrets = secret->next;
        explicit_bzero(secret->bytes, secret->len);
        free(secret);
    }
}

static struct str context_of(char *text, size_t room, const char *owner, int64_t id,
                             struct str name)
{
    int len = snprintf(text, room, "%s:%lld:%.*s", owner, (long long)id, STR_ARG(name));
    return (struct str){text, len < 0 ? 0 : (size_t)len < room ? (size_t)len : room - 1};
}

enum err_class secret_open(struct app *app, struct str sealed, const char *owner, int64_t id,
                           struct str name, struct str *out, struct err *err)
{
    char context[256];
    struct buf plain;
    buf_init(&plain, SECRET_BYTES_MAX);
    enum err_class class_ = seal_read(app->keyring, &plain, sealed,
                                      context_of(context, sizeof(context), owner, id, name), err);
    if (class_ == ERR_OK)
        class_ = secret_keep(app, buf_str(&plain), out, err);
    if (plain.ptr)
        explicit_bzero(plain.ptr, plain.len);
    buf_fini(&plain);
    return class_;
}

enum err_class secret_seal(const struct app *app, struct str plain, const char *owner, int64_t id,
                           struct str name, struct arena *arena, struct str *out, struct err *err)
{
    char context[256];
    struct buf sealed;
    buf_init(&sealed, 2 * SECRET_BYTES_MAX);
    enum err_class class_ = seal_write(app->keyring, &sealed, plain,
                                       context_of(context, sizeof(context), owner, id, name), err);
    if (class_ == ERR_OK) {
        *out = arena_dup(arena, buf_str(&sealed));
        class_ = out->ptr ? ERR_OK : err_no_memory(err);
    }
    buf_fini(&sealed);
    return class_;
}

enum err_class secret_of_flags(struct app *app, const struct cli *cli, const char *flag,
                               const char *file_flag, struct str *out, struct err *err)
{
    *out = STR_NONE;
    enum err_class class_ = cli_exclude(cli, flag, file_flag, err);
    if (class_ != ERR_OK)
        return class_;
    if (cli_has(cli, flag))
        return secret_keep(app, cli_text(cli, flag), out, err);
    if (!cli_has(cli, file_flag))
        return ERR_OK;
    struct str text, rest;
    class_ = file_read(cli_text(cli, file_flag), &app->arena, &text, err);
    if (class_ != ERR_OK)
        return class_;
    str_cut(text, '\n', &text, &rest);
    text = str_trim(text);
    if (text.len == 0 || text.len > SECRET_BYTES_MAX)
        return err_say(err, ERR_CONFIG, "secret_empty", MSG_SECRET_EMPTY,
                       M_STR(cli_text(cli, file_flag)), M_END);
    return secret_keep(app, text, out, err);
}

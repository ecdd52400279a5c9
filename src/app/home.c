/* The home: the folder with configuration, key and SQLite file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/file.h"

static enum err_class absolute(struct str path, struct arena *arena, struct str *out,
                               struct err *err)
{
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    if (str_starts(path, STR("/"))) {
        *out = arena_dup(arena, path);
        return out->ptr ? ERR_OK : err_no_memory(err);
    }
    /* Messages and later commands must mean the same folder wherever they are read. */
    char *here = getcwd(NULL, 0);
    if (!here)
        return err_say(err, ERR_CONFIG, "home", MSG_FILE, M_STR(STR(".")),
                       M_STR(str_of(strerror(errno))), M_END);
    enum err_class class_ = ERR_OK;
    if (str_eq(path, STR("."))) {
        *out = arena_dup(arena, str_of(here));
        class_ = out->ptr ? ERR_OK : err_no_memory(err);
    } else {
        class_ = path_join(str_of(here), path, arena, out, err);
    }
    free(here);
    return class_;
}

enum err_class home_find(struct str wanted, struct arena *arena, struct str *out, struct err *err)
{
    if (wanted.len > 0)
        return absolute(wanted, arena, out, err);
    if (file_is_there(STR("huiliu.yaml")))
        return absolute(STR("."), arena, out, err);
    struct str named = str_of(getenv("HUILIU_HOME"));
    if (named.len > 0)
        return absolute(named, arena, out, err);
    struct str user = str_of(getenv("HOME"));
    if (user.len == 0)
        return err_say(err, ERR_CONFIG, "home_unknown", MSG_HOME_UNKNOWN, M_END);
    struct str path;
    enum err_class class_ = path_join(user, STR(".huiliu"), arena, &path, err);
    return class_ == ERR_OK ? absolute(path, arena, out, err) : class_;
}

static bool home_has(struct str home, struct str name)
{
    struct arena arena;
    struct str path;
    arena_init(&arena);
    bool there = path_join(home, name, &arena, &path, NULL) == ERR_OK && file_is_there(path);
    arena_fini(&arena);
    return there;
}

bool home_is_there(struct str home)
{
    return home_has(home, STR("huiliu.yaml"));
}

/* The key of a home that already holds data must be found again, never be replaced: what it sealed
 * would be lost for good. A server's database may hold what another home has sealed. */
static enum err_class key_make(struct app *app, bool *made, struct err *err)
{
    struct str database, scheme;
    str_cut(option_text(&app->options, OPTION_STORE), ':', &scheme, &database);
    bool sealed = false;
    if (str_of(getenv("HUILIU_KEY_FILE")).len > 0 ||
        str_of(getenv("CREDENTIALS_DIRECTORY")).len > 0 || home_has(app->home, STR("key")))
        return ERR_OK;
    if (str_eq(scheme, STR("sqlite"))) {
        if (home_has(app->home, database))
            return ERR_OK;
    } else {
        enum err_class class_ = app_store_is_sealed(app, &sealed, err);
        if (class_ != ERR_OK)
            return class_;
    }
    if (sealed)
        return err_say(err, ERR_CONFIG, "key_elsewhere", MSG_KEY_ELSEWHERE, M_STR(app->home),
                       M_END);
    *made = true;
    return keyring_create(app->home, err);
}

enum err_class home_make(struct app *app, const struct options *values, bool *made, struct err *err)
{
    struct str path;
    *made = false;
    enum err_class class_ = folder_create(app->home, 0700, err);
    if (class_ == ERR_OK)
        class_ = key_make(app, made, err);
    if (class_ == ERR_OK)
        class_ = path_join(app->home, STR("huiliu.yaml"), &app->arena, &path, err);
    if (class_ != ERR_OK || file_is_there(path))
        return class_;

    /* Written last: a home that has it is whole. */
    struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    options_file_write(&text, values);
    class_ = text.failed ? err_no_memory(err) : file_create(path, buf_str(&text), 0600, err);
    buf_fini(&text);
    *made |= class_ == ERR_OK;
    return class_;
}

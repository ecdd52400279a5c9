/* Developer credentials for the API: adding an app, giving it others. */
#include "app/cmd.h"
#include "app/homing_internal.h"
#include "app/secret.h"

static enum err_class app_add(struct app *view, const struct api_app_wish *wish,
                              const struct api_also *also, int64_t *id, struct err *err)
{
    struct settings settings = {0};
    /* What is pasted into a form brings a line end along, with which no signature is right. */
    struct str plain = str_trim(wish->secret);
    struct account_app account = {
        .name = wish->name, .key = str_trim(wish->key), .settings = &settings, .also = also};
    enum err_class class_ = app_connector_of(view, wish->platform, &account.connector, err);
    if (class_ == ERR_OK && plain.len > 0)
        class_ = secret_keep(view, plain, &account.secret, err);
    if (class_ == ERR_OK)
        class_ = settings_take(&settings, account.connector, "app", wish->settings,
                               wish->settings_len, err);
    return class_ == ERR_OK ? account_app_add(view, &account, id, err) : class_;
}

static enum err_class home_app_add(void *context, const struct api_app_wish *wish,
                                   const struct api_also *also, int64_t *id, struct err *err)
{
    struct app view;
    struct arena arena;
    arena_init(&arena);
    enum err_class class_ = view_open(context, &arena, &view, err);
    if (class_ == ERR_OK)
        class_ = app_add(&view, wish, also, id, err);
    view_close(&view, &arena);
    arena_fini(&arena);
    return class_;
}

static enum err_class home_app_rotate(void *context, int64_t id, struct str key, struct str secret,
                                      const struct api_also *also, struct err *err)
{
    struct app view;
    struct arena arena;
    struct str kept = STR(""), plain = str_trim(secret);
    arena_init(&arena);
    enum err_class class_ = view_open(context, &arena, &view, err);
    if (class_ == ERR_OK && plain.len > 0)
        class_ = secret_keep(&view, plain, &kept, err);
    if (class_ == ERR_OK)
        class_ = account_app_rotate(&view, id, str_trim(key), kept, also, err);
    view_close(&view, &arena);
    arena_fini(&arena);
    return class_;
}

void homing_apps(struct api_home *home)
{
    home->app_add = home_app_add;
    home->app_rotate = home_app_rotate;
}

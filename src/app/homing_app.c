/* Developer credentials for the API: adding an app, giving it others. */
#include "app/cmd.h"
#include "app/homing_internal.h"
#include "app/secret.h"

struct app_adding {
    const struct api_app_wish *wish;
    const struct api_also *also;
    int64_t *id;
};

static enum err_class app_add(struct app *view, void *args, struct err *err)
{
    const struct app_adding *adding = args;
    const struct api_app_wish *wish = adding->wish;
    struct settings settings = {0};
    /* What is pasted into a form brings a line end along, with which no signature is right. */
    struct str plain = str_trim(wish->secret);
    struct account_app account = {.name = wish->name,
                                  .key = str_trim(wish->key),
                                  .settings = &settings,
                                  .also = adding->also};
    const struct need *needs;
    enum err_class class_ = app_connector_of(view, wish->platform, &account.connector, err);
    if (class_ == ERR_OK && connector_needs(account.connector, true, &needs) == 0)
        return err_say(err, ERR_CONFIG, "app_needless", MSG_APP_NEEDLESS, M_STR(wish->platform),
                       M_END);
    if (class_ == ERR_OK && plain.len > 0)
        class_ = secret_keep(view, plain, &account.secret, err);
    if (class_ == ERR_OK)
        class_ = settings_take(&settings, account.connector, "app", wish->settings,
                               wish->settings_len, err);
    return class_ == ERR_OK ? account_app_add(view, &account, adding->id, err) : class_;
}

static enum err_class home_app_add(void *context, const struct api_app_wish *wish,
                                   const struct api_also *also, int64_t *id, struct err *err)
{
    struct app_adding adding = {wish, also, id};
    return view_with(context, app_add, &adding, err);
}

struct app_rotating {
    int64_t id;
    struct str key, secret;
    const struct api_also *also;
};

static enum err_class app_rotate(struct app *view, void *args, struct err *err)
{
    const struct app_rotating *rotating = args;
    struct str kept = STR("");
    enum err_class class_ = rotating->secret.len > 0
                                ? secret_keep(view, rotating->secret, &kept, err)
                                : ERR_OK;
    return class_ == ERR_OK
               ? account_app_rotate(view, rotating->id, rotating->key, kept, rotating->also, err)
               : class_;
}

static enum err_class home_app_rotate(void *context, int64_t id, struct str key, struct str secret,
                                      const struct api_also *also, struct err *err)
{
    struct app_rotating rotating = {id, str_trim(key), str_trim(secret), also};
    return view_with(context, app_rotate, &rotating, err);
}

void homing_apps(struct api_home *home)
{
    home->app_add = home_app_add;
    home->app_rotate = home_app_rotate;
}

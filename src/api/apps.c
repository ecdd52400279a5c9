/* Apps (developer credentials). Secrets go in and never come out. */
#include "api/account_settings.h"
#include "api/control.h"
#include "api/control_sql.h"
#include "api/items.h"
#include "api/tables.h"

static void text_out(struct out *out, const char *key, const struct reader *row, int column)
{
    bool there = !reader_is_null(row, column) && reader_text(row, column).len > 0;
    out_text_or_null(out, key, there ? reader_text(row, column) : STR_NONE);
}

static void time_out(struct out *out, const char *key, const struct reader *row, int column)
{
    bool there = !reader_is_null(row, column) && reader_int(row, column) != 0;
    out_time_or_null(out, key, there ? reader_int(row, column) : 0, there);
}

static void app_write(struct call *call, struct out *out, const struct reader *row)
{
    (void)call;
    out_id(out, "id", reader_int(row, 0));
    out_text(out, "platform", reader_text(row, 1));
    out_text(out, "name", reader_text(row, 2));
    text_out(out, "key", row, 3);
    out_time(out, "created", reader_int(row, 4));
    out_int(out, "shops", reader_int(row, 5));
    text_out(out, "token_state", row, 6);
    time_out(out, "token_expires", row, 7);
    text_out(out, "token_error", row, 8);
}

static enum err_class app_list(struct call *call, struct err *err)
{
    return items_answer(call, SQL_APP_LIST, NULL, 0, app_write, err);
}

/* --- adding, other credentials --- */

static const struct param add_params[] = {
    {"platform", PARAM_BODY, PARAM_TEXT, .required = true, .max = 64, .help = "Which platform"},
    {"name", PARAM_BODY, PARAM_TEXT, .required = true, .max = 191, .help = "What you call it"},
    {"key", PARAM_BODY, PARAM_TEXT, .max = 400, .help = "The platform's key of the app"},
    {"secret", PARAM_BODY, PARAM_TEXT, .max = 4096, .help = "Its secret; it never comes out again"},
    ACCOUNT_SETTINGS,
    {0}};
static const struct param rotate_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The app"},
    {"key", PARAM_BODY, PARAM_TEXT, .max = 400, .help = "Another key; without: as before"},
    {"secret", PARAM_BODY, PARAM_TEXT, .max = 4096, .help = "Another secret; without: as before"},
    {0}};

static struct str given(const struct call *call, const char *name)
{
    return call_given(call, name) ? call_text(call, name) : STR("");
}

static enum err_class app_answer(struct call *call, int64_t id, struct err *err)
{
    const struct sql_value value = sql_int(id);
    struct reader *row;
    struct out out;
    enum err_class class_ = store_read(call->host->store, SQL_APP_ONE, &value, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    bool found = reader_next(row);
    if (found) {
        out_init(&out, &call->out);
        out_object(&out, NULL);
        app_write(call, &out, row);
        out_end_object(&out);
    }
    class_ = reader_close(row, err);
    return class_ == ERR_OK && !found ? call_absent(err, "app", call_text(call, "id")) : class_;
}

/* Which key and that there is a secret; never the secret. */
static struct str line_json(const struct call *call, struct str platform)
{
    struct buf text;
    struct out out;
    buf_init(&text, 16 * 1024);
    out_init(&out, &text);
    out_object(&out, NULL);
    if (platform.len > 0)
        out_text(&out, "platform", platform);
    if (call_given(call, "key"))
        out_text(&out, "key", call_text(call, "key"));
    out_bool(&out, "secret", call_given(call, "secret"));
    out_end_object(&out);
    struct str copy = arena_dup(call->arena, buf_str(&text));
    buf_fini(&text);
    return copy.ptr ? copy : STR("");
}

static enum err_class app_add(struct call *call, struct err *err)
{
    struct api_app_wish wish = {.platform = given(call, "platform"),
                                .name = given(call, "name"),
                                .key = given(call, "key"),
                                .secret = given(call, "secret")};
    const struct api_home *home;
    int64_t id;
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = control_all_shops(call, err);
    if (class_ == ERR_OK)
        class_ = account_settings_read(call, &wish.settings, &wish.settings_len, err);
    if (class_ != ERR_OK)
        return class_;
    struct audit line = audit_of(call, "app.add", wish.name);
    line.after = line_json(call, wish.platform);
    const struct api_also also = {.work = change_also, .context = &line};
    class_ = home->app_add(home->context, &wish, &also, &id, err);
    if (class_ != ERR_OK)
        return class_;
    call->reply->status = 201;
    return app_answer(call, id, err);
}

static enum err_class app_rotate(struct call *call, struct err *err)
{
    const struct api_home *home;
    int64_t id = 0;
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = control_all_shops(call, err);
    if (class_ == ERR_OK)
        class_ = control_id(call, "id", &id, err);
    if (class_ != ERR_OK)
        return class_;
    if (str_trim(given(call, "key")).len == 0 && str_trim(given(call, "secret")).len == 0)
        return call_refuse(call, "secret", "app_rotate", err, "give another key or another secret");
    struct audit line = audit_of(call, "app.rotate", call_text(call, "id"));
    line.after = line_json(call, STR(""));
    const struct api_also also = {.work = change_also, .context = &line};
    class_ = home->app_rotate(home->context, id, given(call, "key"), given(call, "secret"), &also,
                              err);
    return class_ == ERR_OK ? app_answer(call, id, err) : class_;
}

const struct route app_routes[] = {
    {ROUTE_POST, "/api/v1/apps", "appAdd", RIGHT_ADMIN, add_params, app_add,
     .summary = "Add developer credentials", .answer = "App"},
    {ROUTE_PUT, "/api/v1/apps/{id}/credentials", "appRotate", RIGHT_ADMIN, rotate_params,
     app_rotate, .summary = "Give an app another key or secret; its shops are asked again",
     .answer = "App"},
    {ROUTE_GET, "/api/v1/apps", "appList", RIGHT_ADMIN, NULL, app_list,
     .summary = "Developer credentials, without their secrets", .answer = "AppList"},
    {0},
};

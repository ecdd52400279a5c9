/* The home's options as they hold in this process: what stands in huiliu.yaml, .env and the environment. They are changed there. */
#include "api/control.h"
#include "api/tables.h"

static enum err_class settings(struct call *call, struct err *err)
{
    const struct api_home *home;
    struct api_option *options;
    size_t len = 0;
    struct out out;
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = home->options(home->context, call->arena, &options, &len, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; i < len; i++) {
        out_object(&out, NULL);
        out_text(&out, "key", options[i].key);
        out_text(&out, "value", options[i].value);
        out_text(&out, "origin", options[i].origin);
        out_bool(&out, "restart", options[i].restart);
        out_object(&out, "help");
        out_text(&out, "en", options[i].en);
        out_text(&out, "zh", options[i].zh);
        out_end_object(&out);
        out_end_object(&out);
    }
    out_end_list(&out);
    out_end_object(&out);
    return ERR_OK;
}

const struct route setting_routes[] = {
    {ROUTE_GET, "/api/v1/settings", "settings", RIGHT_ADMIN, NULL, settings,
     .summary = "The home's options as they hold here, secrets hidden", .answer = "SettingList"},
    {0},
};

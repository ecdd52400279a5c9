/* huiliu pause and resume: said through the store, so that every process hears it. */
#include "app/cmd.h"

enum err_class scope_of_flags(const struct app *app, const struct cli *cli, struct hold_of *of,
                              struct str *name, struct err *err)
{
    *of = (struct hold_of){.scope = HOLD_ALL};
    *name = message_text(MSG_EVERYTHING, language_now());
    enum err_class class_ = cli_exclude(cli, "shop", "platform", err);
    if (class_ == ERR_OK && cli_has(cli, "shop")) {
        struct app_shop *shop;
        class_ = app_shop_of(app, cli_text(cli, "shop"), &shop, err);
        if (class_ == ERR_OK) {
            *of = (struct hold_of){.scope = HOLD_LANE, .lane = shop->sync.id};
            *name = shop->sync.facts.shop.name;
        }
    } else if (class_ == ERR_OK && cli_has(cli, "platform")) {
        const struct connector *connector;
        class_ = app_connector_of(app, cli_text(cli, "platform"), &connector, err);
        if (class_ == ERR_OK) {
            *name = connector_platform(connector);
            *of = (struct hold_of){.scope = HOLD_PLATFORM, .platform = *name};
        }
    }
    return class_;
}

static void scope_emit(struct emit *emit, const struct hold_of *of, struct str name)
{
    static const char *const scopes[] = {
        [HOLD_ALL] = "all", [HOLD_PLATFORM] = "platform", [HOLD_LANE] = "shop"};
    emit_str(emit, "scope", str_of(scopes[of->scope]));
    if (of->scope == HOLD_ALL)
        emit_null(emit, "name");
    else
        emit_str(emit, "name", name);
}

enum exit_code cmd_pause(struct app *app, const struct cli *cli, struct err *err)
{
    struct hold_of of;
    struct str name;
    bool news;
    enum err_class class_ = scope_of_flags(app, cli, &of, &name, err);
    if (class_ == ERR_OK)
        class_ = hold_put(app->store, of, clock_now_ms(), &news, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, news ? MSG_PAUSED : MSG_PAUSED_BEFORE, M_STR(name), M_END);
    struct answer answer;
    answer_begin(&answer, app);
    scope_emit(&answer.emit, &of, name);
    emit_bool(&answer.emit, "changed", news);
    return exit_of(answer_end(&answer, err));
}

enum exit_code cmd_resume(struct app *app, const struct cli *cli, struct err *err)
{
    struct hold_of of;
    struct str name;
    int64_t gone;
    bool held = false;
    enum err_class class_ = scope_of_flags(app, cli, &of, &name, err);
    if (class_ == ERR_OK)
        class_ = hold_end(app->store, of, clock_now_ms(), &gone, err);
    if (class_ == ERR_OK && of.scope == HOLD_LANE)
        class_ = lane_is_held(app->store, of.lane, &held, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, gone > 0 ? MSG_RESUMED : MSG_RESUMED_NOTHING, M_STR(name), M_END);
    if (held)
        app_say(app, MSG_STILL_HELD, M_END);
    struct answer answer;
    answer_begin(&answer, app);
    scope_emit(&answer.emit, &of, name);
    emit_bool(&answer.emit, "changed", gone > 0);
    emit_bool(&answer.emit, "held", held);
    return exit_of(answer_end(&answer, err));
}

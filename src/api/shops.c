/* Shops and apps: list, detail, add, edit, enable, disable, unbind, and what a platform needs. Credentials go in and
 * never come out. */
#include "api/account_settings.h"
#include "api/control.h"
#include "api/control_sql.h"
#include "api/items.h"
#include "api/list.h"
#include "api/tables.h"

enum {
    ID,
    PLATFORM,
    NAME,
    EXTERNAL,
    STATE,
    REASON,
    SINCE,
    ZONE,
    PROXY,
    CREATED,
    TOKEN_OF,
    PERSON,
    DAYS,
    ADS_OF,
    APP_ID,
    APP_NAME,
    TOKEN_STATE,
    TOKEN_EXPIRES,
    TOKEN_ENDS,
    TOKEN_ERROR,
    PAUSED
};

static enum err_class shop_write(struct call *call, struct out *out, const struct list_row *row,
                                 struct err *err)
{
    const struct api_shop *shop = host_shop(call->host, list_int(row, ID));
    (void)err;
    out_id(out, "id", list_int(row, ID));
    out_text(out, "platform", list_text(row, PLATFORM));
    out_text(out, "name", list_text(row, NAME));
    out_text(out, "external_id", list_text(row, EXTERNAL));
    out_text(out, "state", list_text(row, STATE));
    out_text_or_null(out, "state_reason", list_text_or_none(row, REASON));
    out_bool(out, "paused", !list_is_null(row, PAUSED));
    list_time_write(out, "since", row, SINCE);
    /* What its row says is newer than what this process knows, which reads shops again within seconds. */
    if (list_text(row, ZONE).len > 0)
        out_text(out, "zone", list_text(row, ZONE));
    else if (shop && shop->connector)
        out_text(out, "zone", zone_name(connector_zone(shop->connector)));
    else
        out_null(out, "zone");
    out_text_or_null(out, "person", list_text_or_none(row, PERSON));
    if (list_is_null(row, DAYS))
        out_null(out, "settlement_days");
    else
        out_int(out, "settlement_days", list_int(row, DAYS));
    if (list_is_null(row, ADS_OF))
        out_null(out, "ads_of");
    else
        control_out_shop(out, call, "ads_of", list_int(row, ADS_OF));
    out_bool(out, "of_ads", shop && shop->connector && connector_is_of_ads(shop->connector));
    out_bool(out, "proxy", list_int(row, PROXY) != 0);
    out_time(out, "created", list_int(row, CREATED));
    if (list_is_null(row, APP_ID)) {
        out_null(out, "app");
    } else {
        out_object(out, "app");
        out_id(out, "id", list_int(row, APP_ID));
        out_text(out, "name", list_text(row, APP_NAME));
        out_end_object(out);
    }
    if (list_is_null(row, TOKEN_STATE)) {
        out_null(out, "token");
        return ERR_OK;
    }
    out_object(out, "token");
    out_text(out, "state", list_text(row, TOKEN_STATE));
    list_time_write(out, "expires", row, TOKEN_EXPIRES);
    list_time_write(out, "authorise_again_before", row, TOKEN_ENDS);
    out_text_or_null(out, "error", list_text_or_none(row, TOKEN_ERROR));
    control_out_shop(out, call, "token_of", list_int(row, TOKEN_OF));
    out_end_object(out);
    return ERR_OK;
}

static const struct list_column columns[] = {
    [ID] = {"id", "s.id", .kind = LIST_NUMBER, .sorts = true},
    [PLATFORM] = {"platform", "s.platform", .kind = LIST_TEXT, .sorts = true},
    [NAME] = {"name", "s.name", .kind = LIST_TEXT, .sorts = true},
    [EXTERNAL] = {"external_id", "s.external_id", .kind = LIST_TEXT, .unknown = true},
    [STATE] = {"state", "s.state", .kind = LIST_TEXT, .sorts = true},
    [REASON] = {"state_reason", "s.state_reason", .kind = LIST_TEXT, .unknown = true},
    [SINCE] = {"since", "s.since_ms", .kind = LIST_TIME, .unknown = true},
    [ZONE] = {"zone", "s.zone", .kind = LIST_TEXT, .unknown = true},
    [PROXY] = {"proxy", "CASE WHEN s.proxy IS NULL THEN 0 ELSE 1 END", .kind = LIST_BOOL},
    [CREATED] = {"created", "s.created_ms", .kind = LIST_TIME, .sorts = true},
    [TOKEN_OF] = {"token_of", "s.token_of", .kind = LIST_NUMBER, .unknown = true},
    [PERSON] = {"person", "s.person", .kind = LIST_TEXT, .unknown = true},
    [DAYS] = {"settlement_days", "s.settlement_days", .kind = LIST_INT, .unknown = true},
    [ADS_OF] = {"ads_of", "s.ads_of", .kind = LIST_NUMBER, .unknown = true},
    [APP_ID] = {"app_id", "a.id", .kind = LIST_NUMBER, .unknown = true},
    [APP_NAME] = {"app", "a.name", .kind = LIST_TEXT, .unknown = true},
    [TOKEN_STATE] = {"token_state", "t.state", .kind = LIST_TEXT, .unknown = true},
    [TOKEN_EXPIRES] = {"token_expires", "t.expires_ms", .kind = LIST_TIME, .unknown = true},
    [TOKEN_ENDS] = {"token_ends", "t.refresh_expires_ms", .kind = LIST_TIME, .unknown = true},
    [TOKEN_ERROR] = {"token_error", "t.error", .kind = LIST_TEXT, .unknown = true},
    [PAUSED] = {"paused", "h.since_ms", .kind = LIST_TIME, .unknown = true},
    {0},
};
static const struct list shop_list = {
    .name = "shops",
    .from = "shop s LEFT JOIN app a ON a.id = s.app_id"
            " LEFT JOIN token t ON t.owner = 'shop:' || CAST(coalesce(s.token_of, s.id) AS text)"
            " LEFT JOIN hold h ON h.scope = 'lane' AND h.lane = s.id",
    .columns = columns,
    .key = {"id"},
    .sort = "id",
    .shop = "s.id",
};
static const char *const states[] = {"enabled", "disabled", "needs_person", NULL};
static const struct param list_params[] = {
    LIST_PARAMS,
    CONTROL_SHOP,
    {"platform", PARAM_QUERY, PARAM_TEXT, .max = 64, .filter = LIST_EQUAL, .column = "platform",
     .help = "Of this platform"},
    {"state", PARAM_QUERY, PARAM_WORD, .words = states, .filter = LIST_EQUAL, .column = "state",
     .help = "Of this state"},
    {0}};

static enum err_class shops_list(struct call *call, struct err *err)
{
    return list_answer_as(call, &shop_list, shop_write, err);
}

/* --- one --- */

static const struct param one_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The shop"}, {0}};

static enum err_class shop_answer(struct call *call, int64_t id, struct err *err)
{
    struct api_setting *settings;
    struct list_row row;
    struct str error;
    struct out out;
    size_t len;
    enum err_class class_ = list_find(call, &shop_list, "id", id, "shop", &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    class_ = shop_write(call, &out, &row, err);
    const struct api_home *home = call->host->home;
    if (class_ == ERR_OK && home) {
        class_ = home->shop_settings(home->context, id, call->arena, &settings, &len, &error, err);
        if (class_ == ERR_OK) {
            account_settings_write(&out, "settings", settings, len, true);
            out_text_or_null(&out, "error", error.len > 0 ? error : STR_NONE);
        }
    }
    out_end_object(&out);
    return class_;
}

/* The request's If-Match, now and again when it is changed. */
static enum err_class shop_match(struct call *call, int64_t id, struct api_also *also,
                                 struct err *err)
{
    int64_t version;
    enum err_class class_ = call_if_match(call, shop_answer, id, SQL_SHOP_VERSION, &version, err);
    *also = (struct api_also){.wants_version = version != CALL_VERSION_ANY,
                              .shop_version = version};
    return class_;
}

static enum err_class shop_one(struct call *call, struct err *err)
{
    const struct api_shop *shop;
    int64_t id;
    enum err_class class_ = control_shop(call, "id", &id, &shop, err);
    return class_ == ERR_OK ? shop_answer(call, id, err) : class_;
}

/* --- adding, editing --- */

#define SHOP_FIELDS                                                                                \
    {"zone", PARAM_BODY, PARAM_TEXT, .max = 64,                                                    \
     .help = "Its days are of this zone; empty: the platform's"},                                  \
        {"since", PARAM_BODY, PARAM_TEXT, .max = 40,                                               \
         .help = "First day wanted; empty: what the platform still has"},                          \
        {"proxy", PARAM_BODY, PARAM_TEXT, .max = 400, .help = "Its calls leave by this address"},  \
        {"person", PARAM_BODY, PARAM_TEXT, .max = 64, .help = "Who is in charge of it"},           \
        {"settlement_days", PARAM_BODY, PARAM_INT,                                                 \
         .min = 0,          .max = 366, .help = "Days from delivery until the platform pays"},     \
        ACCOUNT_SETTINGS

static const struct param add_params[] = {
    {"platform", PARAM_BODY, PARAM_TEXT, .required = true, .max = 64, .help = "Which platform"},
    {"app", PARAM_BODY, PARAM_TEXT, .max = 191,
     .help = "Of these credentials; without: the only ones"},
    {"name", PARAM_BODY, PARAM_TEXT, .required = true, .max = 191, .help = "What you call it"},
    {"external_id", PARAM_BODY, PARAM_TEXT, .max = 191,
     .help = "The platform's number of the account"},
    {"token", PARAM_BODY, PARAM_TEXT, .max = 4096,
     .help = "An access token, where it is given by hand"},
    SHOP_FIELDS,
    {0}};
static const struct param edit_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The shop"},
    {"name", PARAM_BODY, PARAM_TEXT, .max = 191, .help = "What you call it"},
    SHOP_FIELDS,
    {0}};

static struct str given(const struct call *call, const char *name)
{
    return call_given(call, name) ? call_text(call, name) : STR("");
}

static enum err_class wish_read(struct call *call, struct api_shop_wish *wish, struct err *err)
{
    bool adding = call->route->params == add_params;
    *wish = (struct api_shop_wish){
        .platform = adding ? given(call, "platform") : STR(""),
        .app = adding ? given(call, "app") : STR(""),
        .name = given(call, "name"),
        .external_id = adding ? given(call, "external_id") : STR(""),
        .token = adding ? given(call, "token") : STR(""),
        .zone = given(call, "zone"),
        .since = given(call, "since"),
        .proxy = given(call, "proxy"),
        .person = given(call, "person"),
        .settlement_days = call_given(call, "settlement_days") ? call_int(call, "settlement_days")
                                                               : -1,
        .has_zone = call_given(call, "zone"),
        .has_since = call_given(call, "since"),
        .has_proxy = call_given(call, "proxy"),
        .has_person = call_given(call, "person"),
        .has_days = call_given(call, "settlement_days"),
    };
    return account_settings_read(call, &wish->settings, &wish->settings_len, err);
}

/* What was said, without what may be secret: values of settings and the proxy's address stay out. */
static struct str wish_json(const struct call *call, const struct api_shop_wish *wish)
{
    struct buf text;
    struct out out;
    buf_init(&text, 64 * 1024);
    out_init(&out, &text);
    out_object(&out, NULL);
    if (wish->platform.len > 0)
        out_text(&out, "platform", wish->platform);
    if (wish->name.len > 0)
        out_text(&out, "name", wish->name);
    if (wish->external_id.len > 0)
        out_text(&out, "external_id", wish->external_id);
    if (wish->has_zone)
        out_text(&out, "zone", wish->zone);
    if (wish->has_since)
        out_text(&out, "since", wish->since);
    if (wish->has_proxy)
        out_bool(&out, "proxy", wish->proxy.len > 0);
    if (wish->has_person)
        out_text(&out, "person", wish->person);
    if (wish->has_days)
        out_int(&out, "settlement_days", wish->settlement_days);
    out_list(&out, "settings");
    for (size_t i = 0; i < wish->settings_len; i++)
        out_text(&out, NULL, wish->settings[i].name);
    out_end_list(&out);
    out_end_object(&out);
    struct str copy = arena_dup(call->arena, buf_str(&text));
    buf_fini(&text);
    return copy.ptr ? copy : STR("");
}

static enum err_class shop_add(struct call *call, struct err *err)
{
    const struct api_home *home;
    struct api_shop_wish wish;
    int64_t id;
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = control_all_shops(call, err);
    if (class_ == ERR_OK)
        class_ = wish_read(call, &wish, err);
    if (class_ != ERR_OK)
        return class_;
    struct audit line = audit_of(call, "shop.add", wish.name);
    line.after = wish_json(call, &wish);
    const struct api_also also = {.work = change_also, .context = &line};
    class_ = home->shop_add(home->context, &wish, &also, &id, err);
    if (class_ != ERR_OK)
        return class_;
    call->reply->status = 201;
    return shop_answer(call, id, err);
}

static enum err_class shop_edit(struct call *call, struct err *err)
{
    struct api_also also;
    const struct api_home *home;
    const struct api_shop *shop;
    struct api_shop_wish wish;
    int64_t id;
    enum err_class class_ = control_shop(call, "id", &id, &shop, err);
    if (class_ == ERR_OK)
        class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = shop_match(call, id, &also, err);
    if (class_ == ERR_OK)
        class_ = wish_read(call, &wish, err);
    if (class_ != ERR_OK)
        return class_;
    struct audit line = audit_of(call, "shop.edit", call_text(call, "id"));
    line.shop_id = id;
    line.after = wish_json(call, &wish);
    also.work = change_also;
    also.context = &line;
    class_ = home->shop_edit(home->context, id, &wish, &also, err);
    return class_ == ERR_OK ? shop_answer(call, id, err) : class_;
}

/* --- enable, disable, unbind --- */

static enum err_class shop_state(struct call *call, const char *action, struct str state,
                                 struct err *err)
{
    struct api_also also;
    const struct api_home *home;
    const struct api_shop *shop;
    int64_t id;
    enum err_class class_ = control_shop(call, "id", &id, &shop, err);
    if (class_ == ERR_OK)
        class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = shop_match(call, id, &also, err);
    if (class_ != ERR_OK)
        return class_;
    struct audit line = audit_of(call, action, call_text(call, "id"));
    line.shop_id = id;
    also.work = change_also;
    also.context = &line;
    class_ = home->shop_state(home->context, id, state, &also, err);
    return class_ == ERR_OK ? shop_answer(call, id, err) : class_;
}

static enum err_class shop_enable(struct call *call, struct err *err)
{
    return shop_state(call, "shop.enable", STR("enabled"), err);
}

static enum err_class shop_disable(struct call *call, struct err *err)
{
    return shop_state(call, "shop.disable", STR("disabled"), err);
}

static const struct param remove_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "The shop"},
    {"with_rows", PARAM_QUERY, PARAM_BOOL, .standard = "false",
     .help = "What is stored of it goes too; else a shop with rows is refused"},
    {0}};

static enum err_class shop_unbind(struct call *call, struct err *err)
{
    struct api_also also;
    const struct api_home *home;
    const struct api_shop *shop;
    struct out out;
    int64_t id;
    bool with_rows = call_int(call, "with_rows") != 0;
    enum err_class class_ = control_shop(call, "id", &id, &shop, err);
    if (class_ == ERR_OK)
        class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = shop_match(call, id, &also, err);
    if (class_ != ERR_OK)
        return class_;
    struct audit line = audit_of(call, "shop.unbind", shop ? shop->name : call_text(call, "id"));
    line.shop_id = id;
    line.after = with_rows ? STR("{\"with_rows\":true}") : STR("{\"with_rows\":false}");
    also.work = change_also;
    also.context = &line;
    class_ = home->shop_remove(home->context, id, with_rows, &also, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_bool(&out, "removed", true);
    out_end_object(&out);
    return ERR_OK;
}

const struct route shop_routes[] = {
    {ROUTE_GET, "/api/v1/shops", "shopList", RIGHT_READ, list_params, shops_list,
     .summary = "Shops with the state of their authorisation", .answer = "ShopList"},
    {ROUTE_POST, "/api/v1/shops", "shopAdd", RIGHT_ADMIN, add_params, shop_add,
     .summary = "Add a shop", .answer = "Shop"},
    {ROUTE_GET, "/api/v1/shops/{id}", "shopOne", RIGHT_READ, one_params, shop_one,
     .summary = "One shop with its settings", .answer = "Shop"},
    {ROUTE_PATCH, "/api/v1/shops/{id}", "shopEdit", RIGHT_ADMIN, edit_params, shop_edit,
     .summary = "Change a shop; what is not given stays", .answer = "Shop"},
    {ROUTE_DELETE, "/api/v1/shops/{id}", "shopUnbind", RIGHT_ADMIN, remove_params, shop_unbind,
     .summary = "Unbind a shop", .answer = "Removed"},
    {ROUTE_POST, "/api/v1/shops/{id}/enable", "shopEnable", RIGHT_ADMIN, one_params, shop_enable,
     .summary = "Use a shop again", .answer = "Shop"},
    {ROUTE_POST, "/api/v1/shops/{id}/disable", "shopDisable", RIGHT_ADMIN, one_params, shop_disable,
     .summary = "Leave a shop alone", .answer = "Shop"},
    {0},
};

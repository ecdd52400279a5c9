/* huiliu shop: authorised accounts. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/date.h"
#include "app/secret.h"
#include "app/sql.h"

static enum err_class shop_answer(const struct app *app, int64_t id, struct str name,
                                  const char *state, struct err *err)
{
    struct answer answer;
    answer_begin(&answer, app);
    emit_i64(&answer.emit, "id", id);
    emit_str(&answer.emit, "name", name);
    emit_str(&answer.emit, "state", str_of(state));
    return answer_end(&answer, err);
}

/* --- add --- */

static enum err_class shop_zone_of(const struct cli *cli, const struct connector *connector,
                                   const struct zone **out, struct err *err)
{
    struct str name = cli_text(cli, "zone");
    *out = connector_zone(connector);
    return name.len > 0 ? zone_find(name, out, err) : ERR_OK;
}

/* The shop that --token-of names, or NULL: one consent of the same app covers both. */
static enum err_class token_shop_of_flags(const struct app *app, const struct cli *cli,
                                          const struct account_shop *account, struct app_shop **out,
                                          struct err *err)
{
    *out = NULL;
    if (!cli_has(cli, "token-of"))
        return ERR_OK;
    enum err_class class_ = cli_exclude(cli, "token-of", "token", err);
    if (class_ == ERR_OK)
        class_ = cli_exclude(cli, "token-of", "token-file", err);
    if (class_ == ERR_OK)
        class_ = app_shop_ready(app, cli_text(cli, "token-of"), out, err);
    if (class_ != ERR_OK)
        return class_;
    const struct auth *auth = connector_auth(account->connector);
    bool fits = (*out)->sync.connector == account->connector && (*out)->app_id == account->app_id &&
                auth->grant != GRANT_NONE && !auth->of_app;
    return fits ? ERR_OK
                : err_say(err, ERR_CONFIG, "token_of", MSG_TOKEN_OF, M_STR(cli_arg(cli, 0)),
                          M_STR(cli_text(cli, "token-of")), M_END);
}

static enum err_class account_of_flags(struct app *app, const struct cli *cli,
                                       struct account_shop *account, struct err *err)
{
    const struct zone *zone;
    enum err_class class_ = app_connector_of(app, cli_text(cli, "platform"), &account->connector,
                                             err);
    if (class_ == ERR_OK)
        class_ = account_app_choose(app, account->connector, cli_text(cli, "app"), &account->app_id,
                                    err);
    if (class_ == ERR_OK)
        class_ = shop_zone_of(cli, account->connector, &zone, err);
    if (class_ == ERR_OK && cli_has(cli, "since"))
        class_ = date_parse(cli_text(cli, "since"), zone, DATE_START, clock_now_ms(),
                            &account->since_ms, err);
    if (class_ == ERR_OK && account->since_ms > clock_now_ms())
        class_ = err_say(err, ERR_USAGE, "date_future", MSG_DATE_FUTURE, M_STR(STR("since")),
                         M_STR(cli_text(cli, "since")), M_END);
    if (class_ == ERR_OK)
        class_ = secret_of_flags(app, cli, "token", "token-file", &account->access_token, err);
    if (class_ == ERR_OK && account->access_token.len > 0 &&
        connector_auth(account->connector)->grant == GRANT_NONE)
        class_ = err_say(err, ERR_USAGE, "token_none", MSG_TOKEN_NONE,
                         M_STR(connector_platform(account->connector)), M_END);
    if (class_ == ERR_OK)
        class_ = settings_put_flags(account->settings, account->connector, "shop", cli, err);
    return class_;
}

enum exit_code cmd_shop_add(struct app *app, const struct cli *cli, struct err *err)
{
    struct settings settings = {0};
    struct account_shop account = {
        .name = cli_arg(cli, 0),
        .external_id = cli_text(cli, "external-id"),
        .zone = cli_text(cli, "zone"),
        .proxy = cli_text(cli, "proxy"),
        .settings = &settings,
    };
    struct app_shop *with = NULL;
    int64_t id;
    enum err_class class_ = account_of_flags(app, cli, &account, err);
    if (class_ == ERR_OK)
        class_ = token_shop_of_flags(app, cli, &account, &with, err);
    if (class_ == ERR_OK)
        class_ = account_shop_add(app, &account, &id, err);
    if (class_ == ERR_OK && with)
        class_ = token_share(app->store, id, with->sync.id, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_SHOP_ADDED, M_STR(account.name), M_STR(connector_platform(account.connector)),
            M_END);
    enum grant_kind grant = connector_auth(account.connector)->grant;
    bool by_person = grant == GRANT_AUTH_CODE || grant == GRANT_BY_HAND;
    if (by_person && account.access_token.len == 0 && !with)
        app_say(app, MSG_SHOP_ADDED_AUTHORIZE, M_STR(account.name), M_END);
    return exit_of(shop_answer(app, id, account.name, "enabled", err));
}

/* --- list, show --- */

/* The name of the shop whose token it uses; empty: its own, or none of a shop's. */
static enum err_class shop_token_of(const struct app *app, const struct app_shop *shop,
                                    struct str *out, struct err *err)
{
    int64_t id;
    *out = STR("");
    enum err_class class_ = token_shop_of(app->store, shop->sync.id, &id, err);
    if (class_ == ERR_OK && id != shop->sync.id)
        *out = app_shop_name(app, id);
    return class_;
}

enum exit_code cmd_shop_list(struct app *app, const struct cli *cli, struct err *err)
{
    (void)cli;
    static const struct report_column columns[] = {
        {"id", REPORT_NUMBER, MSG_COL_ID},       {"platform", REPORT_TEXT, MSG_COL_PLATFORM},
        {"name", REPORT_TEXT, MSG_COL_NAME},     {"external_id", REPORT_TEXT, MSG_COL_EXTERNAL_ID},
        {"app", REPORT_TEXT, MSG_COL_APP},       {"state", REPORT_TEXT, MSG_COL_STATE},
        {"since", REPORT_TIME, MSG_COL_SINCE},   {"token_of", REPORT_TEXT, MSG_COL_TOKEN_OF},
        {"reason", REPORT_TEXT, MSG_COL_REASON},
    };
    struct report report;
    report_init(&report, columns, 9, app->zone, &app->arena);
    for (size_t i = 0; i < app->shops_len; i++) {
        const struct app_shop *shop = &app->shops[i];
        struct str token_of;
        enum err_class class_ = shop_token_of(app, shop, &token_of, err);
        if (class_ != ERR_OK)
            return exit_of(class_);
        bool broken = shop->err.class_ != ERR_OK;
        report.zone = app_shop_zone(app, shop);
        report_row(&report);
        report_number(&report, shop->sync.id);
        report_text(&report, shop->platform);
        report_text(&report, shop->sync.facts.shop.name);
        report_text(&report, shop->sync.facts.shop.external_id);
        report_text(&report, shop->app_name);
        report_text(&report, shop->state);
        if (shop->sync.since_ms != 0)
            report_time(&report, shop->sync.since_ms);
        else
            report_absent(&report);
        report_text(&report, token_of);
        report_text(&report, broken ? str_of(shop->err.message) : shop->sync.state_reason);
    }
    return exit_of(app_print_report(app, &report, "shops", err));
}

/* What show prints: the same pairs as text lines or as members of one object. */
struct sheet {
    struct emit emit;
    bool json;
    const struct zone *zone;
};

static void sheet_text(struct sheet *sheet, const char *key, struct str text)
{
    if (sheet->json)
        emit_str(&sheet->emit, key, text);
    else
        buf_printf(sheet->emit.out, "%-20s %.*s\n", key, STR_ARG(text));
}

static void sheet_time(struct sheet *sheet, const char *key, int64_t utc_ms)
{
    if (sheet->json) {
        emit_time(&sheet->emit, key, utc_ms);
        return;
    }
    buf_printf(sheet->emit.out, "%-20s ", key);
    time_write(sheet->emit.out, sheet->zone, utc_ms);
    buf_add_char(sheet->emit.out, '\n');
}

static bool setting_is_secret(const struct connector *connector, struct str name)
{
    const struct need *needs;
    size_t needs_len = connector ? connector_needs(connector, false, &needs) : 0;
    for (size_t i = 0; i < needs_len; i++) {
        if (str_eq(needs[i].name, name))
            return needs[i].secret;
    }
    return false;
}

static void sheet_settings(struct sheet *sheet, const struct app_shop *shop)
{
    char key[128];
    const struct facts *facts = &shop->sync.facts;
    for (size_t i = 0; i < facts->shop.settings_len; i++) {
        const struct setting *setting = &facts->shop.settings[i];
        bool secret = setting_is_secret(shop->sync.connector, setting->name);
        snprintf(key, sizeof(key), "set.%.*s", STR_ARG(setting->name));
        sheet_text(sheet, key, secret ? STR("***") : setting->value);
    }
    for (size_t i = 0; i < facts->options_len; i++) {
        snprintf(key, sizeof(key), "set.%.*s", STR_ARG(facts->options[i].name));
        sheet_text(sheet, key, facts->options[i].value);
    }
}

static enum err_class sheet_token(struct sheet *sheet, struct app *app, const struct app_shop *shop,
                                  struct err *err)
{
    if (!shop->sync.connector || connector_auth(shop->sync.connector)->grant == GRANT_NONE)
        return ERR_OK;
    bool of_app = connector_auth(shop->sync.connector)->of_app;
    int64_t id;
    enum err_class class_ = token_shop_of(app->store, shop->sync.id, &id, err);
    if (class_ != ERR_OK)
        return class_;
    struct str owner = arena_printf(&app->arena, "%s:%lld", of_app ? "app" : "shop",
                                    (long long)(of_app ? shop->app_id : id));
    const struct sql_value values[] = {sql_text(owner)};
    struct reader *row;
    class_ = owner.ptr ? store_read(app->store, SQL_TOKEN, values, 1, &row, err)
                       : err_no_memory(err);
    if (class_ != ERR_OK)
        return class_;
    if (!of_app && id != shop->sync.id)
        sheet_text(sheet, "token_of", app_shop_name(app, id));
    if (!reader_next(row)) {
        sheet_text(sheet, "token", STR("none"));
        return reader_close(row, err);
    }
    sheet_text(sheet, "token", reader_text(row, 0));
    if (reader_int(row, 1) != 0)
        sheet_time(sheet, "token_expires", reader_int(row, 1));
    if (reader_text(row, 3).len > 0)
        sheet_text(sheet, "token_error", reader_text(row, 3));
    return reader_close(row, err);
}

enum exit_code cmd_shop_show(struct app *app, const struct cli *cli, struct err *err)
{
    struct app_shop *shop;
    struct buf out;
    enum err_class class_ = app_shop_of(app, cli_arg(cli, 0), &shop, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    buf_init(&out, 1024 * 1024);
    struct sheet sheet = {
        .emit = emit_to(&out), .json = app->json, .zone = app_shop_zone(app, shop)};
    if (app->json)
        emit_open(&sheet.emit, NULL, '{');
    sheet_text(&sheet, "name", shop->sync.facts.shop.name);
    sheet_text(&sheet, "platform", shop->platform);
    sheet_text(&sheet, "external_id", shop->sync.facts.shop.external_id);
    sheet_text(&sheet, "app", shop->app_name);
    sheet_text(&sheet, "state", shop->state);
    if (shop->sync.state_reason.len > 0)
        sheet_text(&sheet, "reason", shop->sync.state_reason);
    if (shop->err.class_ != ERR_OK)
        sheet_text(&sheet, "error", str_of(shop->err.message));
    if (shop->sync.since_ms != 0)
        sheet_time(&sheet, "since", shop->sync.since_ms);
    sheet_text(&sheet, "zone", zone_name(sheet.zone));
    if (shop->sync.proxy.len > 0)
        sheet_text(&sheet, "proxy", STR("***"));
    sheet_settings(&sheet, shop);
    class_ = sheet_token(&sheet, app, shop, err);
    if (app->json) {
        emit_close(&sheet.emit, '}');
        buf_add_char(&out, '\n');
    }
    if (class_ == ERR_OK)
        class_ = print_buf(&out, err);
    else
        buf_fini(&out);
    return exit_of(class_);
}

/* --- authorize --- */

/* A parameter of the address, decoded; empty when it is not there. */
static enum err_class parameter_of(struct app *app, struct str query, struct str wanted,
                                   struct str *out, struct err *err)
{
    struct str pair, name, value;
    *out = STR("");
    while (query.len > 0) {
        str_cut(query, '&', &pair, &query);
        str_cut(pair, '=', &name, &value);
        if (!str_eq(name, wanted))
            continue;
        struct buf plain;
        buf_init(&plain, URL_BYTES_MAX);
        enum err_class class_ = percent_read(&plain, value, true, err);
        if (class_ == ERR_OK)
            class_ = secret_keep(app, buf_str(&plain), out, err);
        buf_fini(&plain);
        return class_;
    }
    return ERR_OK;
}

/* People paste either the code or the whole address that the consent page led to. */
static enum err_class code_of_text(struct app *app, struct str text, struct str *code,
                                   struct str *state, struct err *err)
{
    struct url url;
    enum err_class class_ = ERR_OK;
    text = str_trim(text);
    *code = text;
    *state = STR("");
    if (url_parse(text, &url, NULL) == ERR_OK) {
        class_ = parameter_of(app, url.query, STR("auth_code"), code, err);
        if (class_ == ERR_OK && code->len == 0)
            class_ = parameter_of(app, url.query, STR("code"), code, err);
        if (class_ == ERR_OK)
            class_ = parameter_of(app, url.query, STR("state"), state, err);
    }
    if (class_ == ERR_OK && code->len == 0)
        class_ = err_say(err, ERR_USAGE, "code_missing", MSG_CODE_MISSING, M_END);
    return class_;
}

static enum err_class code_ask(struct app *app, const struct app_shop *shop, struct str *text,
                               struct err *err)
{
    struct str address;
    enum err_class class_ = consent_address(app->gateway, shop->sync.connector, &shop->sync.facts,
                                            &app->arena, &address, err);
    if (class_ != ERR_OK)
        return class_;
    app_say(app, MSG_CONSENT_ADDRESS, M_STR(address), M_END);
    app_say(app, MSG_CONSENT_PASTE, M_END);
    fflush(stdout);
    char line[8192];
    if (!fgets(line, sizeof(line), stdin))
        return err_say(err, ERR_USAGE, "code_missing", MSG_CODE_MISSING, M_END);
    class_ = secret_keep(app, str_of(line), text, err);
    explicit_bzero(line, sizeof(line));
    return class_;
}

/* A platform's text among ours on a terminal, without control characters. */
static struct str text_tame(struct app *app, struct str text)
{
    char *tame = arena_alloc(&app->arena, text.len + 1);
    if (!tame)
        return STR("");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        unsigned char next = i + 1 < text.len ? (unsigned char)text.ptr[i + 1] : 0;
        tame[i] = c < 0x20 || c == 0x7f ? '?' : text.ptr[i];
        /* U+0080 to U+009F */
        if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
            tame[i] = '?';
            tame[++i] = '?';
        }
    }
    return (struct str){tame, text.len};
}

/* The same in a command that people copy: without what a shell would read. */
static struct str word_tame(struct app *app, struct str text)
{
    char *tame = arena_alloc(&app->arena, text.len + 1);
    if (!tame)
        return STR("");
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     str_find_char(STR("-_.:=+@"), c) != SIZE_MAX;
        tame[i] = plain ? c : '?';
    }
    return (struct str){tame, text.len};
}

/* Who else uses the token now, who could, and who has lost the one they had. */
static void consent_say(struct app *app, const struct app_shop *shop, const struct consent *consent)
{
    struct str name = shop->sync.facts.shop.name;
    for (size_t i = 0; i < consent->accounts_len; i++) {
        const struct consent_account *account = &consent->accounts[i];
        struct str id = word_tame(app, account->external_id);
        struct str title = text_tame(app, account->title);
        if (account->shop.len == 0)
            app_say(app, MSG_CONSENT_ACCOUNT, M_STR(title.len > 0 ? title : id), M_STR(id),
                    M_STR(shop->platform), M_STR(shop->app_name), M_STR(name), M_END);
        else if (!str_eq(account->shop, name))
            app_say(app, MSG_CONSENT_SHOP, M_STR(account->shop), M_STR(name), M_END);
    }
    for (size_t i = 0; i < consent->left_len; i++)
        app_say(app, MSG_CONSENT_LEFT, M_STR(consent->left[i]), M_END);
}

static enum err_class authorize_by_code(struct app *app, const struct cli *cli,
                                        const struct app_shop *shop, struct consent *consent,
                                        struct err *err)
{
    struct facts facts = shop->sync.facts;
    struct str text = cli_text(cli, "code"), state;
    enum err_class class_ = ERR_OK;
    if (facts.app.id == 0)
        return err_say(err, ERR_CONFIG, "app_missing", MSG_AUTHORIZE_APP, M_STR(facts.shop.name),
                       M_STR(shop->platform), M_END);
    if (!cli_has(cli, "code"))
        class_ = code_ask(app, shop, &text, err);
    if (class_ == ERR_OK)
        class_ = code_of_text(app, text, &facts.auth_code, &state, err);
    return class_ == ERR_OK ? consent_take(app->gateway, shop->sync.connector, &facts, state,
                                           &app->arena, consent, err)
                            : class_;
}

/* A shop that waited for a person has seen one; one that a person switched off stays off. */
static enum err_class shop_wake(struct app *app, const struct app_shop *shop, struct err *err)
{
    return str_eq(shop->state, STR("needs_person"))
               ? shop_state_change(app, shop->sync.id, STR("enabled"), NULL, err)
               : ERR_OK;
}

/* The shops that use the token, the accounts that could, and the shops that lost theirs. */
static enum err_class authorized_answer(const struct app *app, const struct app_shop *shop,
                                        const struct consent *consent, struct err *err)
{
    struct answer answer;
    answer_begin(&answer, app);
    emit_i64(&answer.emit, "id", shop->sync.id);
    emit_str(&answer.emit, "name", shop->sync.facts.shop.name);
    emit_open(&answer.emit, "accounts", '[');
    for (size_t i = 0; i < consent->accounts_len; i++) {
        emit_open(&answer.emit, NULL, '{');
        emit_str(&answer.emit, "external_id", consent->accounts[i].external_id);
        emit_str(&answer.emit, "title", consent->accounts[i].title);
        emit_str(&answer.emit, "shop", consent->accounts[i].shop);
        emit_close(&answer.emit, '}');
    }
    emit_close(&answer.emit, ']');
    emit_open(&answer.emit, "left", '[');
    for (size_t i = 0; i < consent->left_len; i++)
        emit_str(&answer.emit, NULL, consent->left[i]);
    emit_close(&answer.emit, ']');
    return answer_end(&answer, err);
}

enum exit_code cmd_shop_authorize(struct app *app, const struct cli *cli, struct err *err)
{
    struct app_shop *shop;
    struct consent consent = {0};
    struct str token;
    enum err_class class_ = app_shop_ready(app, cli_arg(cli, 0), &shop, err);
    if (class_ == ERR_OK)
        class_ = secret_of_flags(app, cli, "token", "token-file", &token, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    const struct auth *auth = connector_auth(shop->sync.connector);
    if (auth->grant == GRANT_NONE)
        return exit_of(
            err_say(err, ERR_USAGE, "token_none", MSG_TOKEN_NONE, M_STR(shop->platform), M_END));
    if (token.len == 0 && auth->grant == GRANT_BY_HAND)
        return exit_of(err_say(err, ERR_USAGE, "token_missing", MSG_AUTHORIZE_BY_HAND,
                               M_STR(cli_arg(cli, 0)), M_END));
    if (token.len == 0 && auth->grant != GRANT_AUTH_CODE) {
        class_ = shop_wake(app, shop, err);
        if (class_ != ERR_OK)
            return exit_of(class_);
        app_say(app, MSG_AUTHORIZE_ITSELF, M_STR(cli_arg(cli, 0)), M_END);
        return exit_of(authorized_answer(app, shop, &consent, err));
    }
    if (token.len > 0) {
        bool of_app = auth->of_app;
        struct str owner = arena_printf(&app->arena, "%s:%lld", of_app ? "app" : "shop",
                                        (long long)(of_app ? shop->app_id : shop->sync.id));
        class_ = owner.ptr ? token_put(app->store, app->keyring, owner, token, STR_NONE, 0, 0,
                                       clock_now_ms(), err)
                           : err_no_memory(err);
    } else {
        class_ = authorize_by_code(app, cli, shop, &consent, err);
    }
    if (class_ == ERR_OK)
        class_ = shop_wake(app, shop, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_AUTHORIZED, M_STR(cli_arg(cli, 0)), M_END);
    consent_say(app, shop, &consent);
    return exit_of(authorized_answer(app, shop, &consent, err));
}

/* --- enable, disable, remove --- */

static enum exit_code state_change(struct app *app, const struct cli *cli, const char *state,
                                   enum message_id said, struct err *err)
{
    struct app_shop *shop;
    enum err_class class_ = app_shop_of(app, cli_arg(cli, 0), &shop, err);
    if (class_ == ERR_OK)
        class_ = shop_state_change(app, shop->sync.id, str_of(state), NULL, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, said, M_STR(cli_arg(cli, 0)), M_END);
    return exit_of(shop_answer(app, shop->sync.id, shop->sync.facts.shop.name, state, err));
}

enum exit_code cmd_shop_enable(struct app *app, const struct cli *cli, struct err *err)
{
    return state_change(app, cli, "enabled", MSG_SHOP_ENABLED, err);
}

enum exit_code cmd_shop_disable(struct app *app, const struct cli *cli, struct err *err)
{
    return state_change(app, cli, "disabled", MSG_SHOP_DISABLED, err);
}

enum exit_code cmd_shop_remove(struct app *app, const struct cli *cli, struct err *err)
{
    struct app_shop *shop;
    enum err_class class_ = app_shop_of(app, cli_arg(cli, 0), &shop, err);
    if (class_ == ERR_OK)
        class_ = shop_remove(app, shop->sync.id, cli_has(cli, "with-rows"), NULL, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_SHOP_REMOVED, M_STR(cli_arg(cli, 0)), M_END);
    return exit_of(shop_answer(app, shop->sync.id, shop->sync.facts.shop.name, "removed", err));
}

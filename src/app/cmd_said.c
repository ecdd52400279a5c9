/* huiliu rate, huiliu person, huiliu shop set: what people say beside costs. What follows is derived by the service, or the next
 * sync. */
#include "api/api.h"
#include "app/cmd.h"
#include "app/sql.h"
#include "derive/derive.h"

/* Whatever is said: one transaction with its audit line. */
struct saying {
    struct rate_said rate;
    int64_t shop_id, store_id, now_ms;
    struct str sku_id, person;
    bool takes_away, found;
    struct audit audit;
};

static enum exit_code say(struct app *app, struct saying *saying, store_work *work,
                          const char *action, struct str subject, struct err *err)
{
    struct answer answer;
    saying->audit = audit_of_console(action, subject);
    saying->audit.shop_id = saying->shop_id;
    saying->now_ms = clock_now_ms();
    saying->found = true;
    enum err_class class_ = store_write(app->store, work, saying, err);
    if (class_ == ERR_OK && !saying->found)
        class_ = err_set(err, ERR_NOT_FOUND, "said_missing", "nothing of that was said");
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_SAID, M_END);
    answer_begin(&answer, app);
    emit_bool(&answer.emit, saying->takes_away ? "removed" : "set", true);
    return exit_of(answer_end(&answer, err));
}

/* --- exchange rates --- */

static enum err_class rate_write(struct tx *tx, void *context, struct err *err)
{
    struct saying *s = context;
    enum err_class class_ = s->takes_away ? rate_unsay(tx, s->rate.base, s->rate.quote, s->rate.day,
                                                       s->now_ms, &s->found, err)
                                          : rate_say(tx, &s->rate, s->now_ms, err);
    return class_ == ERR_OK && s->found ? audit_add(tx, &s->audit, err) : class_;
}

static enum exit_code rate_change(struct app *app, const struct cli *cli, bool takes_away,
                                  struct err *err)
{
    struct saying saying = {.rate = {.base = cli_arg(cli, 0),
                                     .quote = cli_arg(cli, 1),
                                     .day = cli_arg(cli, 2),
                                     .source = takes_away ? STR_NONE : cli_text(cli, "source"),
                                     .who = STR("console")},
                            .takes_away = takes_away};
    struct str subject = arena_printf(&app->arena, "%.*s/%.*s/%.*s", STR_ARG(cli_arg(cli, 0)),
                                      STR_ARG(cli_arg(cli, 1)), STR_ARG(cli_arg(cli, 2)));
    enum err_class class_ = subject.ptr ? ERR_OK : err_no_memory(err);
    if (class_ == ERR_OK && !takes_away)
        class_ = exchange_rate_parse(cli_arg(cli, 3), &saying.rate.billionths, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    return say(app, &saying, rate_write, takes_away ? "rate.remove" : "rate.set", subject, err);
}

enum exit_code cmd_rate_set(struct app *app, const struct cli *cli, struct err *err)
{
    return rate_change(app, cli, false, err);
}

enum exit_code cmd_rate_remove(struct app *app, const struct cli *cli, struct err *err)
{
    return rate_change(app, cli, true, err);
}

enum exit_code cmd_rate_list(struct app *app, const struct cli *cli, struct err *err)
{
    enum { RATE_DECIMALS = 9 };
    static const struct report_column columns[] = {
        {"base", REPORT_TEXT, MSG_COL_BASE},         {"quote", REPORT_TEXT, MSG_COL_QUOTE},
        {"day", REPORT_TEXT, MSG_COL_FROM},          {"rate", REPORT_TEXT, MSG_COL_EXCHANGE},
        {"source", REPORT_TEXT, MSG_COL_NOTE},       {"who", REPORT_TEXT, MSG_COL_WHO},
        {"changed_at", REPORT_TIME, MSG_COL_CHANGED}};
    struct report report;
    struct reader *row;
    (void)cli;
    report_init(&report, columns, 7, app->zone, &app->arena);
    enum err_class class_ = store_read(app->store, SQL_RATES_LIST, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    while (reader_next(row)) {
        char text[MONEY_TEXT_MAX];
        report_row(&report);
        for (int i = 0; i < 3; i++)
            report_text(&report, arena_dup(&app->arena, reader_text(row, i)));
        report_text(&report,
                    arena_dup(&app->arena, money_format(reader_int(row, 3), RATE_DECIMALS, text)));
        for (int i = 4; i < 6; i++)
            report_text(&report, arena_dup(&app->arena, reader_text(row, i)));
        report_time(&report, reader_int(row, 6));
    }
    class_ = reader_close(row, err);
    return exit_of(class_ == ERR_OK ? app_print_report(app, &report, "rates", err) : class_);
}

/* --- who is in charge --- */

static enum err_class person_write(struct tx *tx, void *context, struct err *err)
{
    struct saying *s = context;
    enum err_class class_ = person_say(tx, s->shop_id, s->sku_id, s->person, STR("console"),
                                       s->now_ms, err);
    return class_ == ERR_OK ? audit_add(tx, &s->audit, err) : class_;
}

static enum exit_code person_change(struct app *app, const struct cli *cli, struct str person,
                                    struct err *err)
{
    struct app_shop *shop;
    struct saying saying = {
        .sku_id = cli_arg(cli, 1), .person = person, .takes_away = person.len == 0};
    enum err_class class_ = app_shop_of(app, cli_arg(cli, 0), &shop, err);
    if (class_ == ERR_OK)
        class_ = app_sells_check(shop, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    saying.shop_id = shop->sync.id;
    return say(app, &saying, person_write, "person.set", saying.sku_id, err);
}

enum exit_code cmd_person_set(struct app *app, const struct cli *cli, struct err *err)
{
    return person_change(app, cli, str_trim(cli_arg(cli, 2)), err);
}

enum exit_code cmd_person_remove(struct app *app, const struct cli *cli, struct err *err)
{
    return person_change(app, cli, STR(""), err);
}

enum exit_code cmd_person_list(struct app *app, const struct cli *cli, struct err *err)
{
    static const struct report_column columns[] = {{"shop", REPORT_TEXT, MSG_COL_SHOP},
                                                   {"sku_id", REPORT_TEXT, MSG_COL_SKU},
                                                   {"person", REPORT_TEXT, MSG_COL_PERSON},
                                                   {"who", REPORT_TEXT, MSG_COL_WHO},
                                                   {"changed_at", REPORT_TIME, MSG_COL_CHANGED}};
    struct report report;
    struct reader *row;
    struct app_shop *shop = NULL;
    enum err_class class_ = ERR_OK;
    if (cli_has(cli, "shop"))
        class_ = app_shop_of(app, cli_text(cli, "shop"), &shop, err);
    const struct sql_value id = sql_int(shop ? shop->sync.id : 0);
    report_init(&report, columns, 5, app->zone, &app->arena);
    if (class_ == ERR_OK)
        class_ = store_read(app->store, SQL_PERSONS_LIST, &id, 1, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    while (reader_next(row)) {
        report_row(&report);
        for (int i = 0; i < 4; i++)
            report_text(&report, arena_dup(&app->arena, reader_text(row, i)));
        report_time(&report, reader_int(row, 4));
    }
    class_ = reader_close(row, err);
    return exit_of(class_ == ERR_OK ? app_print_report(app, &report, "persons", err) : class_);
}

/* --- for which store an account's ads are --- */

static enum err_class ads_of_write(struct tx *tx, void *context, struct err *err)
{
    struct saying *s = context;
    const struct sql_value values[] = {sql_int(s->shop_id),
                                       sql_int_or_null(s->store_id, s->store_id > 0)};
    enum err_class class_ = tx_exec(tx, SQL_SHOP_ADS_OF, values, 2, NULL, err);
    return class_ == ERR_OK ? audit_add(tx, &s->audit, err) : class_;
}

enum exit_code cmd_shop_set(struct app *app, const struct cli *cli, struct err *err)
{
    struct app_shop *account, *store = NULL;
    struct saying saying = {.shop_id = 0};
    struct str word = cli_text(cli, "ads-of");
    enum err_class class_ = app_shop_of(app, cli_arg(cli, 0), &account, err);
    if (class_ == ERR_OK && !cli_has(cli, "ads-of"))
        class_ = err_say(err, ERR_USAGE, "shop_set", MSG_SHOP_SET, M_END);
    if (class_ == ERR_OK && !str_eq(word, STR("none")))
        class_ = app_shop_of(app, word, &store, err);
    if (class_ == ERR_OK && store)
        class_ = app_sells_check(store, err);
    if (class_ == ERR_OK && store == account)
        class_ = err_say(err, ERR_USAGE, "not_a_store", MSG_NOT_A_STORE, M_STR(word), M_END);
    if (class_ != ERR_OK)
        return exit_of(class_);
    saying.shop_id = account->sync.id;
    saying.store_id = store ? store->sync.id : 0;
    return say(app, &saying, ads_of_write, "shop.ads_of", cli_arg(cli, 0), err);
}

/* huiliu cost: what a piece of a SKU costs from a day on. What follows from it is derived by the service, or the next sync. */
#include "api/api.h"
#include "app/cmd.h"
#include "app/sql.h"

struct saying {
    struct cost_said cost;
    struct audit audit;
    int64_t now_ms;
    bool takes_away, found;
};

static enum err_class cost_write(struct tx *tx, void *context, struct err *err)
{
    struct saying *s = context;
    const struct cost_said *cost = &s->cost;
    s->found = true;
    enum err_class class_ = s->takes_away ? cost_unsay(tx, cost->shop_id, cost->sku_id,
                                                       cost->from_day, s->now_ms, &s->found, err)
                                          : cost_say(tx, cost, s->now_ms, err);
    return class_ == ERR_OK && s->found ? audit_add(tx, &s->audit, err) : class_;
}

/* The amount in whole minor units of its currency; an empty one: nobody knows. */
static enum err_class cost_read(struct cost_said *cost, struct str amount, struct err *err)
{
    bool exact = false;
    int exponent = currency_exponent(cost->currency);
    cost->known = amount.len > 0;
    if (!cost->known)
        return ERR_OK;
    if (exponent < 0)
        return err_set(err, ERR_USAGE, "currency_unknown", "\"%.*s\" is no currency of ISO 4217",
                       STR_ARG(cost->currency));
    if (money_parse(amount, exponent, &cost->cost, &exact, NULL) != ERR_OK || !exact)
        return err_set(err, ERR_USAGE, "amount_decimals",
                       "\"%.*s\" is no amount of whole minor units of %.*s", STR_ARG(amount),
                       STR_ARG(cost->currency));
    return ERR_OK;
}

/* A cost may come before the first sale; a number that is mistyped looks the same, and is seen by this. */
static enum err_class cost_whose_say(struct app *app, struct answer *answer,
                                     const struct cost_said *cost, struct err *err)
{
    int64_t orders, known;
    enum err_class class_ = cost_known(app->store, cost->shop_id, cost->sku_id, &orders, &known,
                                       err);
    if (class_ != ERR_OK)
        return class_;
    emit_i64(&answer->emit, "orders", orders);
    emit_bool(&answer->emit, "known", known != 0);
    if (!known)
        app_say(app, MSG_COST_UNSOLD, M_STR(cost->sku_id), M_END);
    return ERR_OK;
}

enum err_class app_sells_check(const struct app_shop *shop, struct err *err)
{
    if (!shop->sync.connector || !connector_is_of_ads(shop->sync.connector))
        return ERR_OK;
    return err_say(err, ERR_USAGE, "not_a_store", MSG_NOT_A_STORE,
                   M_STR(shop->sync.facts.shop.name), M_END);
}

static enum exit_code cost_tell(struct app *app, struct saying *saying, const char *action,
                                struct err *err)
{
    struct answer answer;
    saying->audit = audit_of_console(action, saying->cost.sku_id);
    saying->audit.shop_id = saying->cost.shop_id;
    saying->now_ms = clock_now_ms();
    enum err_class class_ = store_write(app->store, cost_write, saying, err);
    if (class_ == ERR_OK && !saying->found)
        class_ = err_set(err, ERR_NOT_FOUND, "cost_missing",
                         "there is no cost of that SKU and day");
    if (class_ != ERR_OK)
        return exit_of(class_);
    answer_begin(&answer, app);
    emit_i64(&answer.emit, "costs", 1);
    app_say(app, MSG_COST_SAID, M_I64(1), M_END);
    if (!saying->takes_away)
        class_ = cost_whose_say(app, &answer, &saying->cost, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    return exit_of(answer_end(&answer, err));
}

static enum exit_code cost_change(struct app *app, const struct cli *cli, bool ends,
                                  bool takes_away, struct err *err)
{
    struct app_shop *shop;
    struct saying saying = {
        .cost = {.sku_id = cli_arg(cli, 1),
                 .from_day = cli_arg(cli, 2),
                 .currency = cli_has(cli, "currency") ? cli_text(cli, "currency") : STR("CNY"),
                 .note = cli_text(cli, "note"),
                 .who = STR("console")},
        .takes_away = takes_away};
    enum err_class class_ = app_shop_of(app, cli_arg(cli, 0), &shop, err);
    if (class_ == ERR_OK && !takes_away)
        class_ = app_sells_check(shop, err);
    if (class_ == ERR_OK)
        class_ = cost_read(&saying.cost, ends ? STR("") : cli_arg(cli, 3), err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    saying.cost.shop_id = shop->sync.id;
    return cost_tell(app, &saying, takes_away ? "cost.remove" : "cost.set", err);
}

enum exit_code cmd_cost_set(struct app *app, const struct cli *cli, struct err *err)
{
    return cost_change(app, cli, false, false, err);
}

enum exit_code cmd_cost_end(struct app *app, const struct cli *cli, struct err *err)
{
    return cost_change(app, cli, true, false, err);
}

enum exit_code cmd_cost_remove(struct app *app, const struct cli *cli, struct err *err)
{
    return cost_change(app, cli, true, true, err);
}

/* --- a list --- */

enum exit_code cmd_cost_list(struct app *app, const struct cli *cli, struct err *err)
{
    static const struct report_column columns[] = {
        {"shop", REPORT_TEXT, MSG_COL_SHOP},         {"sku_id", REPORT_TEXT, MSG_COL_SKU},
        {"from_day", REPORT_TEXT, MSG_COL_FROM},     {"cost", REPORT_TEXT, MSG_COL_COST},
        {"currency", REPORT_TEXT, MSG_COL_CURRENCY}, {"note", REPORT_TEXT, MSG_COL_NOTE},
        {"who", REPORT_TEXT, MSG_COL_WHO},           {"changed", REPORT_TIME, MSG_COL_CHANGED},
    };
    struct report report;
    struct reader *row;
    int64_t shop_id = 0;
    if (cli_has(cli, "shop")) {
        struct app_shop *shop;
        enum err_class found = app_shop_of(app, cli_text(cli, "shop"), &shop, err);
        if (found != ERR_OK)
            return exit_of(found);
        shop_id = shop->sync.id;
    }
    const struct sql_value shop = sql_int(shop_id);
    report_init(&report, columns, 8, app->zone, &app->arena);
    enum err_class class_ = store_read(app->store, SQL_COSTS_LIST, &shop, 1, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    while (reader_next(row)) {
        char text[MONEY_TEXT_MAX];
        int exponent = currency_exponent(reader_text(row, 4));
        report_row(&report);
        for (int i = 0; i < 3; i++)
            report_text(&report, arena_dup(&app->arena, reader_text(row, i)));
        if (reader_is_null(row, 3))
            report_absent(&report);
        else
            report_text(&report,
                        arena_dup(&app->arena, money_format(reader_int(row, 3),
                                                            exponent < 0 ? 2 : exponent, text)));
        for (int i = 4; i < 7; i++)
            report_text(&report, arena_dup(&app->arena, reader_text(row, i)));
        report_time(&report, reader_int(row, 7));
    }
    class_ = reader_close(row, err);
    return exit_of(class_ == ERR_OK ? app_print_report(app, &report, "costs", err) : class_);
}

/* huiliu cost: what a piece of a SKU costs from a day on. What follows from it is derived by the service, or the next sync. */
#include "api/api.h"
#include "app/cmd.h"
#include "app/file.h"
#include "app/sql.h"

enum { COSTS_MAX = 100000, COST_COLUMNS = 6, COSTS_A_WRITE = 500 };

struct costs {
    struct cost_said *items;
    size_t len;
    struct audit audit;
    int64_t now_ms;
    bool takes_away, found;
};

static enum err_class costs_write(struct tx *tx, void *context, struct err *err)
{
    struct costs *costs = context;
    enum err_class class_ = ERR_OK;
    costs->found = !costs->takes_away;
    for (size_t i = 0; class_ == ERR_OK && i < costs->len; i++) {
        const struct cost_said *cost = &costs->items[i];
        class_ = costs->takes_away ? cost_unsay(tx, cost->shop_id, cost->sku_id, cost->from_day,
                                                costs->now_ms, &costs->found, err)
                                   : cost_say(tx, cost, costs->now_ms, err);
    }
    return class_ == ERR_OK && costs->found ? audit_add(tx, &costs->audit, err) : class_;
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

static enum exit_code costs_say(struct app *app, struct costs *costs, const char *action,
                                struct str subject, struct err *err)
{
    struct answer answer;
    costs->audit = audit_of_console(action, subject);
    costs->audit.shop_id = costs->items[0].shop_id;
    costs->now_ms = clock_now_ms();
    enum err_class class_ = store_write(app->store, costs_write, costs, err);
    if (class_ == ERR_OK && !costs->found)
        class_ = err_set(err, ERR_NOT_FOUND, "cost_missing",
                         "there is no cost of that SKU and day");
    if (class_ != ERR_OK)
        return exit_of(class_);
    answer_begin(&answer, app);
    emit_i64(&answer.emit, "costs", (int64_t)costs->len);
    app_say(app, MSG_COST_SAID, M_I64((int64_t)costs->len), M_END);
    if (costs->len == 1 && !costs->takes_away)
        class_ = cost_whose_say(app, &answer, costs->items, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    return exit_of(answer_end(&answer, err));
}

static enum exit_code cost_change(struct app *app, const struct cli *cli, bool ends,
                                  bool takes_away, struct err *err)
{
    struct app_shop *shop;
    struct cost_said cost = {.sku_id = cli_arg(cli, 1),
                             .from_day = cli_arg(cli, 2),
                             .currency = cli_has(cli, "currency") ? cli_text(cli, "currency")
                                                                  : STR("CNY"),
                             .note = cli_text(cli, "note"),
                             .who = STR("console")};
    struct costs costs = {.items = &cost, .len = 1, .takes_away = takes_away};
    enum err_class class_ = app_shop_of(app, cli_arg(cli, 0), &shop, err);
    if (class_ == ERR_OK && !takes_away)
        class_ = app_sells_check(shop, err);
    if (class_ == ERR_OK)
        class_ = cost_read(&cost, ends ? STR("") : cli_arg(cli, 3), err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    cost.shop_id = shop->sync.id;
    return costs_say(app, &costs, takes_away ? "cost.remove" : "cost.set", cost.sku_id, err);
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

/* --- a file --- */

/* Columns by their head, in any order, in either language. */
static const char *const heads[COST_COLUMNS][4] = {
    {"shop", "店铺", "店铺名称", NULL},     {"sku_id", "sku", "SKU ID", NULL},
    {"from_day", "生效日期", "日期", NULL}, {"cost", "成本", "成本价", NULL},
    {"currency", "币种", NULL, NULL},       {"note", "备注", NULL, NULL},
};

struct sheet_reading {
    struct app *app;
    struct costs costs;
    size_t columns[COST_COLUMNS];
};

static struct str cell_of(const struct sheet_reading *s, const struct xlsx_row *row, size_t what)
{
    size_t at = s->columns[what];
    return at < row->cells_len ? str_trim(row->cells[at].text) : STR("");
}

static enum err_class head_take(struct sheet_reading *s, const struct xlsx_row *row,
                                struct err *err)
{
    for (size_t what = 0; what < COST_COLUMNS; what++) {
        s->columns[what] = SIZE_MAX;
        for (size_t at = 0; at < row->cells_len; at++)
            for (size_t i = 0; i < 4 && heads[what][i]; i++)
                if (str_eq_nocase(str_trim(row->cells[at].text), str_of(heads[what][i])))
                    s->columns[what] = at;
        if (s->columns[what] == SIZE_MAX && what < 4)
            return err_set(err, ERR_USAGE, "cost_column",
                           "the file has no column \"%s\" (%s) in its first row", heads[what][0],
                           heads[what][1]);
    }
    return ERR_OK;
}

static enum err_class row_take(struct sheet_reading *s, const struct xlsx_row *row, struct err *err)
{
    struct app_shop *shop;
    struct arena *arena = &s->app->arena;
    struct cost_said *cost = &s->costs.items[s->costs.len];
    struct str sku = cell_of(s, row, 1), currency = cell_of(s, row, 4);
    if (s->costs.len == COSTS_MAX)
        return err_set(err, ERR_USAGE, "cost_rows", "a file has at most %d costs", COSTS_MAX);
    if (s->columns[1] < row->cells_len && row->cells[s->columns[1]].rounded)
        return err_set(err, ERR_USAGE, "cost_rounded",
                       "the SKU is a number that the spreadsheet has rounded: write it as text");
    enum err_class class_ = app_shop_of(s->app, cell_of(s, row, 0), &shop, err);
    if (class_ == ERR_OK)
        class_ = app_sells_check(shop, err);
    if (class_ != ERR_OK)
        return class_;
    *cost = (struct cost_said){.shop_id = shop->sync.id,
                               .sku_id = arena_dup(arena, sku),
                               .from_day = arena_dup(arena, str_sub(cell_of(s, row, 2), 0, 10)),
                               .currency = arena_dup(arena, currency.len ? currency : STR("CNY")),
                               .note = arena_dup(arena, cell_of(s, row, 5)),
                               .who = STR("console")};
    if (!cost->sku_id.ptr || !cost->from_day.ptr || !cost->currency.ptr || !cost->note.ptr)
        return err_no_memory(err);
    class_ = cost_read(cost, cell_of(s, row, 3), err);
    s->costs.len++;
    return class_;
}

/* All of the file or nothing: a cost that cannot be read refuses the others too. */
enum exit_code cmd_cost_import(struct app *app, const struct cli *cli, struct err *err)
{
    struct sheet_reading s = {.app = app};
    struct str bytes;
    struct grid *grid;
    struct xlsx_row row;
    s.costs.items = arena_array(&app->arena, COSTS_MAX + 1, sizeof *s.costs.items);
    if (!s.costs.items)
        return exit_of(err_no_memory(err));
    enum err_class class_ = file_read(cli_arg(cli, 0), &app->arena, &bytes, err);
    if (class_ == ERR_OK)
        class_ = grid_open(bytes, &grid, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    class_ = grid_select(grid, 0, err);
    for (bool head = true; class_ == ERR_OK; head = false) {
        class_ = grid_next(grid, &row, err);
        if (class_ != ERR_OK || row.number == 0)
            break;
        class_ = head ? head_take(&s, &row, err) : row_take(&s, &row, err);
        if (class_ != ERR_OK && !head)
            err_prefix(err, "row %lld", (long long)row.number);
    }
    grid_close(grid);
    if (class_ == ERR_OK && s.costs.len == 0)
        class_ = err_set(err, ERR_USAGE, "cost_rows", "the file has no costs");
    if (class_ != ERR_OK)
        return exit_of(class_);
    return costs_say(app, &s.costs, "cost.import", cli_arg(cli, 0), err);
}

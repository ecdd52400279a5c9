/* Bills of the platforms: their lines, and what each parent order (PO) came to by them (docs/derive.md, "Bill profit"). */
#include "api/host.h"
#include "api/lists.h"
#include "api/sales.h"
#include "api/sql.h"
#include "api/tables.h"

__extension__ typedef __int128 wide;

/* --- lines --- */

static const struct list_column line_columns[] = {
    {"shop", "b.shop_id", .kind = LIST_NUMBER},
    {"bill", "b.bill", .kind = LIST_ID, .sorts = true},
    {"line", "b.line", .kind = LIST_INT, .sorts = true},
    {"content", "b.content", .kind = LIST_ID},
    {"nth", "b.nth", .kind = LIST_INT},
    {"kind", "b.kind", .kind = LIST_TEXT, .unknown = true},
    {"po_id", "b.po_id", .kind = LIST_ID, .unknown = true},
    {"order_id", "b.order_id", .kind = LIST_ID, .unknown = true},
    {"package_id", "b.package_id", .kind = LIST_ID, .unknown = true},
    {"billed_at", "b.billed_at", .kind = LIST_TIME, .unknown = true},
    {"currency", "coalesce(b.currency, '')", .kind = LIST_TEXT},
    {"sales", "b.sales", .kind = LIST_MONEY, .unknown = true},
    {"sales_discounted", "b.sales_discounted", .kind = LIST_MONEY, .unknown = true},
    {"reversal", "b.reversal", .kind = LIST_MONEY, .unknown = true},
    {"shipping", "b.shipping", .kind = LIST_MONEY, .unknown = true},
    {"shipping_discounted", "b.shipping_discounted", .kind = LIST_MONEY, .unknown = true},
    {"first_mile", "b.first_mile", .kind = LIST_MONEY, .unknown = true},
    {"charged_weight", "b.charged_weight", .kind = LIST_TEXT, .unknown = true},
    {"last_mile", "b.last_mile", .kind = LIST_MONEY, .unknown = true},
    {"deduction", "b.deduction", .kind = LIST_MONEY, .unknown = true},
    {0},
};
const struct list bill_line_list = {
    .name = "bill_lines",
    .from = "bill_line b",
    .columns = line_columns,
    .key = {"shop", "bill", "line", "content", "nth"},
    .sort = "bill",
    .shop = "b.shop_id",
};
#define LINE_FILTERS                                                                               \
    SHOP_PARAM,                                                                                    \
        {"bill",           PARAM_QUERY,    PARAM_CODE, .many = true, .filter = LIST_ANY_OF,        \
         .column = "bill", .help = "Bills"},                                                       \
        {"kind",                                                                                   \
         PARAM_QUERY,                                                                              \
         PARAM_TEXT,                                                                               \
         .many = true,                                                                             \
         .filter = LIST_ANY_OF,                                                                    \
         .column = "kind",                                                                         \
         .help = "collection first_mile last_mile deduction parcels"},                             \
        {"po_id",                                                                                  \
         PARAM_QUERY,                                                                              \
         PARAM_CODE,                                                                               \
         .many = true,                                                                             \
         .filter = LIST_ANY_OF,                                                                    \
         .column = "po_id",                                                                        \
         .help = "Parent orders"},                                                                 \
    {                                                                                              \
        "order_id", PARAM_QUERY, PARAM_CODE, .many = true, .filter = LIST_ANY_OF,                  \
                                             .column = "order_id", .help = "Orders"                \
    }

static const struct param line_params[] = {LIST_PARAMS, LINE_FILTERS, {0}};

static enum err_class lines(struct call *call, struct err *err)
{
    return list_answer(call, &bill_line_list, err);
}

/* --- profit of a PO --- */

#define PO_COST "p.goods_cost + p.first_mile + p.last_mile + p.deduction"
#define PO_KNOWN(value) "CASE WHEN p.revenue = 0 OR p.cost_unknown = 0 THEN " value " END"
static const struct list_column po_columns[] = {
    {"shop", "p.shop_id", .kind = LIST_NUMBER, .sorts = true},
    {"po_id", "p.po", .kind = LIST_ID, .sorts = true},
    {"currency", "p.currency", .kind = LIST_TEXT},
    {"revenue", "p.revenue", .kind = LIST_MONEY, .sorts = true},
    {"orders", "p.orders", .kind = LIST_INT},
    {"parcels", "p.parcels", .kind = LIST_INT},
    {"cost_unknown", "p.cost_unknown", .kind = LIST_INT},
    {"goods_cost", PO_KNOWN("p.goods_cost"), .kind = LIST_MONEY, .unknown = true},
    {"first_mile", "p.first_mile", .kind = LIST_MONEY},
    {"last_mile", "p.last_mile", .kind = LIST_MONEY},
    {"deduction", "p.deduction", .kind = LIST_MONEY},
    {"cost", PO_KNOWN(PO_COST), .kind = LIST_MONEY, .unknown = true},
    {"profit", PO_KNOWN("p.revenue - (" PO_COST ")"), .kind = LIST_MONEY, .sorts = true,
     .unknown = true},
    {0},
};
static const struct list po_list = {
    .name = "bill_profit",
    .from = BILL_POS,
    .columns = po_columns,
    .key = {"shop", "po_id", "currency"},
    .sort = "po_id",
    .shop = "p.shop_id",
};
static const char *const by_po_words[] = {"po", NULL};
static const struct param profit_params[] = {
    LIST_PARAMS,
    SHOP_PARAM,
    {"by", PARAM_QUERY, PARAM_WORD, .words = by_po_words, .standard = "po",
     .help = "po: a row for each parent order and currency"},
    {"po_id", PARAM_QUERY, PARAM_CODE, .many = true, .filter = LIST_ANY_OF, .column = "po_id",
     .help = "Parent orders"},
    {"totals", PARAM_QUERY, PARAM_BOOL, .help = "Add up all rows of the list, by currency"},
    {0},
};

struct po_total {
    char currency[CURRENCY_BYTES_MAX + 1];
    int64_t rows, unknown, revenue, cost, profit;
};
struct po_totals {
    struct po_total items[SUMS_CURRENCIES_MAX];
    size_t len;
};

/* Profit ÷ revenue, half up to four decimals; 0 where nothing was earned. */
static int64_t rate_of(int64_t profit, int64_t revenue)
{
    if (revenue <= 0)
        return 0;
    wide doubled = (wide)profit * 20000, whole = (doubled < 0 ? -doubled : doubled) + revenue;
    whole /= (wide)revenue * 2;
    return (int64_t)(profit < 0 ? -whole : whole);
}

static void rate_write(struct call *call, struct out *out, bool known, int64_t profit,
                       int64_t revenue)
{
    const struct metric_family *family = metric_family(call->host->metrics, STR("trade"));
    const struct metric *margin = &family->metrics[metric_find(family, STR("margin"))];
    out_figure(out, "rate", margin, (struct figure){known, known ? rate_of(profit, revenue) : 0},
               STR(""));
}

static enum err_class total_take(const struct list_row *row, void *context, struct err *err)
{
    struct po_totals *totals = context;
    struct str currency = list_text(row, list_column(&po_list, "currency"));
    size_t at = 0;
    while (at < totals->len && !str_eq(str_of(totals->items[at].currency), currency))
        at++;
    if (at == SUMS_CURRENCIES_MAX || currency.len > CURRENCY_BYTES_MAX)
        return err_set(err, ERR_BAD_REQUEST, "two_currencies", "amounts of more than %d currencies",
                       SUMS_CURRENCIES_MAX);
    struct po_total *total = &totals->items[at];
    if (at == totals->len) {
        totals->len++;
        for (size_t i = 0; i < currency.len; i++)
            total->currency[i] = currency.ptr[i];
    }
    total->rows++;
    if (list_is_null(row, list_column(&po_list, "profit"))) {
        total->unknown++;
        return ERR_OK;
    }
    /* Of rows whose profit is known: revenue beside a cost that nobody knows would be no profit. */
    if (!i64_add(total->revenue, list_int(row, list_column(&po_list, "revenue")),
                 &total->revenue) ||
        !i64_add(total->cost, list_int(row, list_column(&po_list, "cost")), &total->cost) ||
        !i64_add(total->profit, list_int(row, list_column(&po_list, "profit")), &total->profit))
        return err_set(err, ERR_INTERNAL, "metric_range", "a sum does not fit 64 bits");
    return ERR_OK;
}

static enum err_class totals_write(struct call *call, struct out *out,
                                   const struct list_query *query, struct err *err)
{
    struct po_totals *totals = arena_alloc(call->arena, sizeof *totals);
    if (!totals)
        return err_no_memory(err);
    enum err_class class_ = list_stream(call->host->store, query, total_take, totals, err);
    out_list(out, "totals");
    for (size_t i = 0; class_ == ERR_OK && i < totals->len; i++) {
        const struct po_total *total = &totals->items[i];
        struct str currency = str_of(total->currency);
        out_object(out, NULL);
        out_text(out, "currency", currency);
        out_int(out, "rows", total->rows);
        out_int(out, "unknown", total->unknown);
        out_money(out, "revenue", total->revenue, currency);
        out_money(out, "cost", total->cost, currency);
        out_money(out, "profit", total->profit, currency);
        rate_write(call, out, true, total->profit, total->revenue);
        out_end_object(out);
    }
    out_end_list(out);
    return class_;
}

static enum err_class bill_profit(struct call *call, struct err *err)
{
    struct list_query *query = arena_alloc(call->arena, sizeof *query);
    struct list_page page;
    struct out out;
    if (!query)
        return err_no_memory(err);
    enum err_class class_ = list_ask(call, &po_list, query, err);
    if (class_ == ERR_OK)
        class_ = list_run(call->host->store, query, &page, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; class_ == ERR_OK && i < page.rows_len; i++) {
        const struct list_row *row = &page.rows[i];
        out_object(&out, NULL);
        class_ = list_row_write(&out, row, err);
        rate_write(call, &out, !list_is_null(row, list_column(&po_list, "profit")),
                   list_int(row, list_column(&po_list, "profit")),
                   list_int(row, list_column(&po_list, "revenue")));
        out_end_object(&out);
    }
    out_end_list(&out);
    list_end_write(&out, &page);
    if (class_ == ERR_OK && call_given(call, "totals") && call_int(call, "totals"))
        class_ = totals_write(call, &out, query, err);
    out_end_object(&out);
    return class_;
}

const struct route bill_routes[] = {
    {ROUTE_GET, "/api/v1/bills/lines", "billLines", RIGHT_READ, line_params, lines,
     .summary = "Lines of the platforms' bills, as they stand there", .answer = "BillLines"},
    {ROUTE_GET, "/api/v1/bills/profit", "billProfit", RIGHT_READ, profit_params, bill_profit,
     .summary = "What each parent order came to by the platforms' bills", .answer = "BillProfit"},
    {0},
};

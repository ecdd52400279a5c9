/* What people say about trade: costs with their dates, exchange rates, who is in charge. Each change is one transaction with
 * its audit line; what follows from it is derived by the shop's lane (derive/said.h). */
#include <string.h>

#include "api/change.h"
#include "api/host.h"
#include "api/lists.h"
#include "api/sales.h"
#include "api/sql.h"
#include "api/tables.h"

enum { COSTS_AT_ONCE = 500, RATE_DECIMALS = 9, DAY_BYTES = 10 };

/* --- SKUs and what they cost --- */

static const struct param costs_params[] = {
    LIST_PARAMS,
    PERIOD_PARAMS,
    SHOP_PARAM,
    {0},
};

/* All entries of a SKU, oldest first. */
static enum err_class history_write(struct call *call, struct out *out, int64_t shop_id,
                                    const char *sku_id, struct err *err)
{
    struct reader *costs;
    const struct sql_value values[] = {sql_int(shop_id), sql_text(str_of(sku_id))};
    enum err_class class_ = store_read(call->host->store, SQL_COSTS_OF_SKU, values, 2, &costs, err);
    if (class_ != ERR_OK)
        return class_;
    out_list(out, "costs");
    while (reader_next(costs)) {
        out_object(out, NULL);
        out_text(out, "from_day", reader_text(costs, 0));
        if (reader_is_null(costs, 1))
            out_null(out, "cost");
        else
            out_money(out, "cost", reader_int(costs, 1), reader_text(costs, 2));
        out_text_or_null(out, "note", reader_is_null(costs, 3) ? STR_NONE : reader_text(costs, 3));
        out_text(out, "who", reader_text(costs, 4));
        out_time(out, "changed_at", reader_int(costs, 5));
        out_end_object(out);
    }
    out_end_list(out);
    return reader_close(costs, err);
}

static enum err_class cost_rows_write(struct call *call, struct out *out,
                                      const struct rank_page *page, struct err *err)
{
    enum err_class class_ = ERR_OK;
    out_list(out, "items");
    for (size_t i = 0; class_ == ERR_OK && i < page->rows_len; i++) {
        const struct rank_row *row = page->rows[i];
        out_object(out, NULL);
        shop_write(call, out, row->numbers[1]);
        out_text(out, "sku_id", str_of(row->dims[0]));
        class_ = sku_name_write(call, out, row->numbers[1], row->dims[0], err);
        if (class_ == ERR_OK)
            class_ = total_one_write(call, out, &sums_of_sales, &row->sums, str_of(row->currency),
                                     err);
        if (class_ == ERR_OK)
            class_ = history_write(call, out, row->numbers[1], row->dims[0], err);
        out_end_object(out);
    }
    out_end_list(out);
    return class_;
}

/* SKUs that were sold in the period; those without a cost first, so that what is missing is seen. */
static enum err_class costs_list(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period;
    struct rank_page page;
    struct out out;
    struct rank_query query = {
        .name = "costs",
        .sums = {.table = &sums_of_sales, .kind = "sku", .dims = {"member", "shop_id"}},
    };
    query.sums.period = &period;
    query.sums.named = true;
    enum err_class class_ = period_of_call(call, &shops, &period, err);
    if (class_ == ERR_OK)
        class_ = rank_of_call(call, &query, "-cost_unknown", &page, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    period_write(&out, &period);
    class_ = cost_rows_write(call, &out, &page, err);
    rank_end_write(&out, &page);
    if (class_ == ERR_OK)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

/* --- saying a cost --- */

/* One entry as it is told: fields of the body, or of one of its `items`. */
struct cost_told {
    struct str shop, sku_id, from_day, cost, currency, note;
    bool ends; /* cost is null, or not there: nobody knows from that day on */
};

static enum err_class cost_of(struct call *call, const struct cost_told *told, bool takes_away,
                              struct cost_said *out, struct err *err)
{
    const struct api_shop *shop;
    /* What was said before an account was known as one can be taken away. */
    enum err_class class_ = takes_away ? call_shop_of(call, "shop", told->shop, &shop, err)
                                       : call_store_of(call, "shop", told->shop, &shop, err);
    if (class_ != ERR_OK)
        return class_;
    *out = (struct cost_said){.shop_id = shop->id,
                              .sku_id = told->sku_id,
                              .from_day = told->from_day,
                              .known = !told->ends,
                              .currency = told->currency.len ? told->currency : STR("CNY"),
                              .note = told->note,
                              .who = call->person->name};
    if (!out->known)
        return ERR_OK;
    int exponent = currency_exponent(out->currency);
    bool exact = false;
    if (exponent < 0)
        return call_refuse(call, "currency", "currency_unknown", err,
                           "\"%.*s\" is no currency of ISO 4217", STR_ARG(out->currency));
    if (money_parse(told->cost, exponent, &out->cost, &exact, NULL) != ERR_OK || !exact)
        return call_refuse(call, "cost", "amount_decimals", err,
                           "\"%.*s\" is no amount of whole minor units of %.*s",
                           STR_ARG(told->cost), STR_ARG(out->currency));
    return ERR_OK;
}

struct costs_work {
    const struct cost_said *costs;
    size_t len;
    int64_t now_ms;
    bool takes_away;
};
static enum err_class costs_write(struct tx *tx, void *context, struct err *err)
{
    const struct costs_work *w = context;
    enum err_class class_ = ERR_OK;
    bool found = true;
    for (size_t i = 0; class_ == ERR_OK && i < w->len; i++)
        class_ = w->takes_away ? cost_unsay(tx, w->costs[i].shop_id, w->costs[i].sku_id,
                                            w->costs[i].from_day, w->now_ms, &found, err)
                               : cost_say(tx, &w->costs[i], w->now_ms, err);
    return class_ || found ? class_ : call_absent(err, "cost", w->costs->from_day);
}

static struct str costs_json(struct call *call, const struct cost_said *costs, size_t len)
{
    struct buf buf;
    struct out out;
    buf_init(&buf, 1024 * 1024);
    out_init(&out, &buf);
    out_list(&out, NULL);
    for (size_t i = 0; i < len; i++) {
        out_object(&out, NULL);
        out_id(&out, "shop", costs[i].shop_id);
        out_text(&out, "sku_id", costs[i].sku_id);
        out_text(&out, "from_day", costs[i].from_day);
        if (costs[i].known)
            out_money(&out, "cost", costs[i].cost, costs[i].currency);
        else
            out_null(&out, "cost");
        out_end_object(&out);
    }
    out_end_list(&out);
    struct str text = arena_dup(call->arena, buf_str(&buf));
    buf_fini(&buf);
    return text;
}

/* A cost may come before the first sale; a number that is mistyped looks the same, and is seen by this. */
static enum err_class cost_whose_write(struct call *call, struct out *out,
                                       const struct cost_said *cost, struct err *err)
{
    int64_t orders, known;
    enum err_class class_ = cost_known(call->host->store, cost->shop_id, cost->sku_id, &orders,
                                       &known, err);
    out_int(out, "orders", class_ == ERR_OK ? orders : 0);
    out_bool(out, "known", class_ == ERR_OK && known);
    return class_;
}

/* Of several, each by itself: a mistyped number hides among those that are right. */
static enum err_class costs_whose_write(struct call *call, struct out *out,
                                        const struct cost_said *costs, size_t len, struct err *err)
{
    enum err_class class_ = ERR_OK;
    out_list(out, "items");
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        int64_t known = 0;
        class_ = sku_known(call->host->store, costs[i].shop_id, costs[i].sku_id, &known, err);
        out_object(out, NULL);
        out_id(out, "shop", costs[i].shop_id);
        out_text(out, "sku_id", costs[i].sku_id);
        out_text(out, "from_day", costs[i].from_day);
        out_bool(out, "known", known != 0);
        out_end_object(out);
    }
    out_end_list(out);
    return class_;
}

static enum err_class costs_say(struct call *call, const struct cost_said *costs, size_t len,
                                struct err *err)
{
    struct out out;
    struct costs_work work = {costs, len, call->now_ms, false};
    struct change change = {
        .line = audit_of(call, "cost.set", len == 1 ? costs->sku_id : STR("several")),
        .work = costs_write,
        .context = &work};
    change.line.shop_id = costs->shop_id;
    change.line.after = costs_json(call, costs, len);
    if (!change.line.after.ptr)
        return err_no_memory(err);
    enum err_class class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_int(&out, "set", (int64_t)len);
    class_ = len == 1 ? cost_whose_write(call, &out, costs, err)
                      : costs_whose_write(call, &out, costs, len, err);
    out_end_object(&out);
    return class_;
}

static struct str member(const struct json *item, const char *name)
{
    return json_text(json_get(item, str_of(name)));
}

static enum err_class costs_post(struct call *call, struct err *err)
{
    const struct json *items = call_arg(call, "items")->json;
    struct cost_said *costs = arena_array(call->arena, COSTS_AT_ONCE, sizeof *costs);
    size_t len = json_len(items);
    enum err_class class_ = ERR_OK;
    if (!costs)
        return err_no_memory(err);
    if (json_kind_of(items) != JSON_ARRAY || len == 0 || len > COSTS_AT_ONCE)
        return call_refuse(call, "items", "list_values", err, "1 to %d costs at once",
                           COSTS_AT_ONCE);
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        const struct json *item = json_at(items, i);
        enum json_kind cost = json_kind_of(json_get(item, STR("cost")));
        const struct cost_told told = {.shop = member(item, "shop"),
                                       .sku_id = member(item, "sku_id"),
                                       .from_day = member(item, "from_day"),
                                       .cost = member(item, "cost"),
                                       .currency = member(item, "currency"),
                                       .note = member(item, "note"),
                                       .ends = cost == JSON_NULL || cost == JSON_ABSENT};
        class_ = cost_of(call, &told, false, &costs[i], err);
    }
    return class_ == ERR_OK ? costs_say(call, costs, len, err) : class_;
}

static enum err_class cost_put(struct call *call, struct err *err)
{
    struct cost_said cost;
    const struct cost_told told = {.shop = call_text(call, "shop"),
                                   .sku_id = call_text(call, "sku_id"),
                                   .from_day = call_text(call, "from_day"),
                                   .cost = call_text(call, "cost"),
                                   .currency = call_text(call, "currency"),
                                   .note = call_text(call, "note"),
                                   .ends = !call_given(call, "cost")};
    enum err_class class_ = cost_of(call, &told, false, &cost, err);
    return class_ == ERR_OK ? costs_say(call, &cost, 1, err) : class_;
}

static enum err_class cost_delete(struct call *call, struct err *err)
{
    struct cost_said cost;
    struct out out;
    const struct cost_told told = {.shop = call_text(call, "shop"),
                                   .sku_id = call_text(call, "sku_id"),
                                   .from_day = call_text(call, "from_day"),
                                   .ends = true};
    struct costs_work work = {&cost, 1, call->now_ms, true};
    struct change change = {
        .line = audit_of(call, "cost.remove", told.sku_id), .work = costs_write, .context = &work};
    enum err_class class_ = cost_of(call, &told, true, &cost, err);
    if (class_ != ERR_OK)
        return class_;
    change.line.shop_id = cost.shop_id;
    change.line.before = costs_json(call, &cost, 1);
    class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_int(&out, "removed", 1);
    out_end_object(&out);
    return ERR_OK;
}

static const struct param costs_post_params[] = {
    {"items", PARAM_BODY, PARAM_JSON, .required = true,
     .help =
         "Each {shop, sku_id, from_day, cost, currency, note}; cost null: from that day on nobody knows"},
    {0},
};
#define COST_KEY                                                                                   \
    {"shop", PARAM_PATH, PARAM_TEXT, .required = true, .help = "Number or name of the shop"},      \
        {"sku_id", PARAM_PATH, PARAM_CODE, .required = true, .help = "The SKU"},                   \
    {                                                                                              \
        "from_day", PARAM_PATH, PARAM_DAY,                                                         \
            .required = true, .help = "The first day on which it holds, in the shop's zone"        \
    }
static const struct param cost_put_params[] = {
    COST_KEY,
    {"cost", PARAM_BODY, PARAM_MONEY,
     .help = "What a piece costs; without it nobody knows from that day on"},
    {"currency", PARAM_BODY, PARAM_TEXT, .max = 3, .help = "ISO 4217; CNY where it is not said"},
    {"note", PARAM_BODY, PARAM_TEXT, .max = 500, .help = "For people"},
    {0},
};
static const struct param cost_delete_params[] = {COST_KEY, {0}};

/* --- exchange rates --- */

static const struct list_column rate_columns[] = {
    {"base", "e.base", .kind = LIST_TEXT, .sorts = true},
    {"quote", "e.quote", .kind = LIST_TEXT, .sorts = true},
    {"day", "e.day", .kind = LIST_DAY, .sorts = true},
    {"rate_billionths", "e.rate", .kind = LIST_INT},
    {"source", "e.source", .kind = LIST_TEXT, .unknown = true},
    {"who", "e.who", .kind = LIST_TEXT},
    {"changed_at", "e.changed_ms", .kind = LIST_TIME},
    {0},
};
const struct list rate_list = {
    .name = "exchange_rates",
    .from = "exchange_rate e",
    .columns = rate_columns,
    .key = {"base", "quote", "day"},
    .sort = "-day",
};
static const struct param rates_params[] = {
    LIST_PARAMS,
    {"base", PARAM_QUERY, PARAM_TEXT, .filter = LIST_EQUAL, .column = "base", .help = "Of one"},
    {"quote", PARAM_QUERY, PARAM_TEXT, .filter = LIST_EQUAL, .column = "quote", .help = "In this"},
    {0},
};

static enum err_class rates_list(struct call *call, struct err *err)
{
    return list_answer(call, &rate_list, err);
}

struct rate_work {
    struct rate_said rate;
    int64_t now_ms;
    struct str subject;
    bool takes_away;
};
static enum err_class rate_write(struct tx *tx, void *context, struct err *err)
{
    const struct rate_work *w = context;
    bool found = true;
    enum err_class class_ = w->takes_away ? rate_unsay(tx, w->rate.base, w->rate.quote, w->rate.day,
                                                       w->now_ms, &found, err)
                                          : rate_say(tx, &w->rate, w->now_ms, err);
    return class_ || found ? class_ : call_absent(err, "rate", w->subject);
}

static enum err_class rate_change(struct call *call, bool takes_away, struct err *err)
{
    struct out out;
    char text[MONEY_TEXT_MAX];
    if (!call->person->all_shops)
        return err_set(err, ERR_FORBIDDEN, "right",
                       "a rate is of all shops, also of those that are not yours");
    struct str subject = arena_printf(
        call->arena, "%.*s/%.*s %.*s", STR_ARG(call_text(call, "base")),
        STR_ARG(call_text(call, "quote")), STR_ARG(call_text(call, "day")));
    struct rate_work work = {.rate = {.base = call_text(call, "base"),
                                      .quote = call_text(call, "quote"),
                                      .day = call_text(call, "day"),
                                      .who = call->person->name},
                             .now_ms = call->now_ms,
                             .subject = subject,
                             .takes_away = takes_away};
    struct change change = {
        .line = audit_of(call, takes_away ? "rate.remove" : "rate.set", subject),
        .work = rate_write,
        .context = &work};
    if (!takes_away) {
        enum err_class class_ = exchange_rate_parse(call_text(call, "rate"), &work.rate.billionths,
                                                    err);
        if (class_ != ERR_OK)
            return class_;
        work.rate.source = call_text(call, "source");
        change.line.after = arena_printf(
            call->arena, "{\"rate\":\"%.*s\"}",
            STR_ARG(money_format(work.rate.billionths, RATE_DECIMALS, text)));
    }
    enum err_class class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_bool(&out, takes_away ? "removed" : "set", true);
    out_end_object(&out);
    return ERR_OK;
}

static enum err_class rate_put(struct call *call, struct err *err)
{
    return rate_change(call, false, err);
}

static enum err_class rate_delete(struct call *call, struct err *err)
{
    return rate_change(call, true, err);
}

#define RATE_KEY                                                                                   \
    {"base",           PARAM_PATH, PARAM_TEXT,                                                     \
     .required = true, .max = 3,   .help = "The currency of which one unit is worth"},             \
        {"quote",          PARAM_PATH, PARAM_TEXT,                                                 \
         .required = true, .max = 3,   .help = "so many units of this one"},                       \
    {                                                                                              \
        "day", PARAM_PATH, PARAM_DAY, .required = true, .help = "from this day on, until the next" \
    }
static const struct param rate_put_params[] = {
    RATE_KEY,
    {"rate", PARAM_BODY, PARAM_TEXT, .required = true, .max = 30,
     .help = "A decimal number with at most nine decimals, as text"},
    {"source", PARAM_BODY, PARAM_TEXT, .max = 500, .help = "Where it is from"},
    {0},
};
static const struct param rate_delete_params[] = {RATE_KEY, {0}};

/* --- persons in charge --- */

static const struct list_column person_columns[] = {
    {"shop", "p.shop_id", .kind = LIST_NUMBER, .sorts = true},
    {"sku_id", "p.sku_id", .kind = LIST_ID, .sorts = true},
    {"person", "p.person", .kind = LIST_TEXT, .sorts = true},
    {"who", "p.who", .kind = LIST_TEXT},
    {"changed_at", "p.changed_ms", .kind = LIST_TIME, .sorts = true},
    {0},
};
const struct list person_list = {
    .name = "persons",
    .from = "sku_person p",
    .columns = person_columns,
    .key = {"shop", "sku_id"},
    .sort = "shop",
    .shop = "p.shop_id",
};
static const struct param persons_params[] = {
    LIST_PARAMS,
    SHOP_PARAM,
    {"person", PARAM_QUERY, PARAM_TEXT, .many = true, .filter = LIST_ANY_OF, .column = "person",
     .help = "In charge"},
    {"sku_id", PARAM_QUERY, PARAM_CODE, .many = true, .filter = LIST_ANY_OF, .column = "sku_id",
     .help = "SKUs"},
    {0},
};

static enum err_class persons_list(struct call *call, struct err *err)
{
    return list_answer(call, &person_list, err);
}

struct person_work {
    int64_t shop_id, now_ms;
    struct str sku_id, person, who;
};
static enum err_class person_write(struct tx *tx, void *context, struct err *err)
{
    const struct person_work *w = context;
    return person_say(tx, w->shop_id, w->sku_id, w->person, w->who, w->now_ms, err);
}

static enum err_class person_put(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct out out;
    struct buf buf;
    enum err_class class_ = call_shops(call, &shops, err);
    if (class_ != ERR_OK)
        return class_;
    struct person_work work = {shops.ids[0], call->now_ms, call_text(call, "sku_id"),
                               call_text(call, "person"), call->person->name};
    struct change change = {
        .line = audit_of(call, "person.set", work.sku_id), .work = person_write, .context = &work};
    change.line.shop_id = shops.ids[0];
    buf_init(&buf, 4096);
    buf_add(&buf, STR("{\"person\":"));
    json_write_string(&buf, work.person);
    buf_add_char(&buf, '}');
    change.line.after = arena_dup(call->arena, buf_str(&buf));
    buf_fini(&buf);
    class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text_or_null(&out, "person", work.person.len ? work.person : STR_NONE);
    out_end_object(&out);
    return ERR_OK;
}

static const struct param person_put_params[] = {
    {"shop", PARAM_PATH, PARAM_TEXT, .required = true, .help = "Number or name of the shop"},
    {"sku_id", PARAM_PATH, PARAM_CODE, .required = true, .help = "The SKU"},
    {"person", PARAM_BODY, PARAM_TEXT, .required = true, .max = 64,
     .help = "In charge of it; empty: the product's, else the shop's"},
    {0},
};

const struct route cost_routes[] = {
    {ROUTE_GET, "/api/v1/costs", "costs", RIGHT_READ, costs_params, costs_list,
     .summary = "SKUs that were sold, with their costs; those without one first",
     .answer = "Costs"},
    {ROUTE_POST, "/api/v1/costs", "costsSet", RIGHT_OPERATE, costs_post_params, costs_post,
     .summary = "Says what pieces cost from a day on", .answer = "Set"},
    {ROUTE_PUT, "/api/v1/costs/{shop}/{sku_id}/{from_day}", "costSet", RIGHT_OPERATE,
     cost_put_params, cost_put, .summary = "Says what a piece costs from a day on",
     .answer = "Set"},
    {ROUTE_DELETE, "/api/v1/costs/{shop}/{sku_id}/{from_day}", "costRemove", RIGHT_OPERATE,
     cost_delete_params, cost_delete, .summary = "Takes an entry away: the one before it holds on",
     .answer = "Removed"},
    {ROUTE_GET, "/api/v1/exchange-rates", "exchangeRates", RIGHT_READ, rates_params, rates_list,
     .summary = "Stored exchange rates", .answer = "ExchangeRates"},
    {ROUTE_PUT, "/api/v1/exchange-rates/{base}/{quote}/{day}", "exchangeRateSet", RIGHT_OPERATE,
     rate_put_params, rate_put, .summary = "Stores the rate of a day", .answer = "Set"},
    {ROUTE_DELETE, "/api/v1/exchange-rates/{base}/{quote}/{day}", "exchangeRateRemove",
     RIGHT_OPERATE, rate_delete_params, rate_delete, .summary = "Takes a rate away",
     .answer = "Removed"},
    {ROUTE_GET, "/api/v1/persons", "persons", RIGHT_READ, persons_params, persons_list,
     .summary = "Who is in charge of which SKU", .answer = "Persons"},
    {ROUTE_PUT, "/api/v1/persons/{shop}/{sku_id}", "personSet", RIGHT_OPERATE, person_put_params,
     person_put, .summary = "Says who is in charge of a SKU", .answer = "PersonSet"},
    {0},
};

/* What trade orders come to: one by one, over costs that change, and by days. The last test compares what many
 * changes in any order leave behind with what one derivation of everything gives. */
#include "derive/trade.h"

#include "derive/audit.h"
#include "derive/engine.h"
#include "scratch_store.h"

enum { SHOP = 7, OTHER = 8 };
/* 2026-01-01 00:00 in Shanghai. */
#define YEAR_MS INT64_C(1767196800000)
#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

struct world {
    struct fixture *f;
    struct derive derive;
    struct derive_shop shop;
    struct arena arena;
    int64_t now_ms;
    unsigned char copy;
};

static void world_open(struct world *w, struct fixture *f)
{
    struct err err;
    *w = (struct world){.f = f, .now_ms = 1000};
    arena_init(&w->arena);
    arena_init(&w->derive.arena);
    w->derive.options.store = f->store;
    assert_good(zone_find(STR("Asia/Shanghai"), &w->shop.zone, &err), &err);
    assert_good(metrics_own(&w->derive.arena, &w->derive.metrics, &err), &err);
    assert_good(result_sql_make(&w->derive, &err), &err);
}

static void world_close(struct world *w)
{
    arena_fini(&w->arena);
    arena_fini(&w->derive.arena);
}

static struct sql_value text(const char *s)
{
    return sql_text(str_of(s));
}

static void exec(struct world *w, const char *sql, const struct sql_value *values, size_t len)
{
    struct err err;
    struct step step = {.sql = sql, .values = values, .values_len = len, .rows_expected = -1};
    struct unit unit = {.after = &step, .after_len = 1, .now_ms = 1};
    assert_good(store_commit(w->f->store, &unit, &err), &err);
}

static void shop_add(struct world *w, int64_t id, const char *person)
{
    const struct sql_value values[] = {sql_int(id), person ? text(person) : sql_null(),
                                       sql_text(arena_printf(&w->arena, "s%d", (int)id))};
    exec(w,
         "INSERT INTO shop (id, platform, name, external_id, state, person, created_ms)"
         " VALUES (?1, 'p', ?3, ?3, 'enabled', ?2, 1)",
         values, 3);
}

/* --- orders --- */
/* A row of a data table; `cells` are "name=text" or "name:number", separated by blanks. */
static void row_put(struct world *w, int64_t shop, const char *table_name, const char *cells)
{
    struct batch *batch;
    struct err err;
    size_t row;
    const struct table *table = table_find(w->f->catalog, str_of(table_name));
    assert_good(batch_new(table, &w->arena, 1, &batch, &err), &err);
    assert_good(batch_append(batch, &row, &err), &err);
    w->copy++;
    batch->guards[row] = (struct row_guard){.hash = {w->copy, (unsigned char)(w->now_ms & 255)},
                                            .updated_ms = w->now_ms,
                                            .received_ms = w->now_ms};
    struct str left = str_of(cells), cell;
    while (str_cut(left, ' ', &cell, &left) || cell.len > 0) {
        struct str name, value;
        int64_t number;
        bool is_text = str_cut(cell, '=', &name, &value);
        if (!is_text)
            assert_true(str_cut(cell, ':', &name, &value));
        size_t column = table_column(table, name);
        assert_true(column != SIZE_MAX);
        if (is_text)
            batch_set_text(batch, row, column, value);
        else if (str_eq(value, STR("null")))
            batch_set_state(batch, row, column, CELL_GONE);
        else if (str_to_i64(value, &number))
            batch_set_number(batch, row, column, number);
        else
            fail_msg("%s", cells);
        if (left.len == 0)
            break;
    }
    struct unit unit = {.shop_id = shop, .batches = &batch, .batches_len = 1, .now_ms = w->now_ms};
    assert_good(store_commit(w->f->store, &unit, &err), &err);
    w->now_ms++;
}

#define ORDER(w, shop, ...)                                                                        \
    row_put(w, shop, "trade_order", arena_printf(&(w)->arena, __VA_ARGS__).ptr)

/* --- making --- */
struct making {
    struct world *w;
    int64_t shop;
    size_t len;
    bool more;
};
static enum err_class make_unit(struct tx *tx, void *context, struct err *err)
{
    struct making *m = context;
    const struct derive_work work = {.derive = &m->w->derive,
                                     .tx = tx,
                                     .arena = &m->w->arena,
                                     .shop_id = m->shop,
                                     .shop = &m->w->shop,
                                     .now_ms = m->w->now_ms,
                                     .more = &m->more};
    struct touched_part all = {.maker = &trade_maker};
    struct touched_list list = {.len = 0};
    while (trade_maker.tables[all.to])
        all.to++;
    struct results results = {.len = 0};
    struct str ids[2000];
    size_t ids_len = 0;
    enum err_class class_ = touched_find(&work, &all, 2000, err);
    if (class_ == ERR_OK)
        class_ = touched_read(&work, &all, &list, err);
    m->len = list.len;
    for (size_t i = 0; i < list.len && ids_len < 2000; i++)
        if (list.rows[i].table == 0)
            ids[ids_len++] = list.rows[i].id;
    if (class_ == ERR_OK)
        class_ = touched_take(&work, &trade_maker, &list, err);
    if (class_ == ERR_OK && ids_len > 0)
        class_ = trade_maker.results(&work, ids, ids_len, &results, err);
    return class_ == ERR_OK && list.len > 0
               ? trade_maker.make(&work, list.rows, list.len, &results, err)
               : class_;
}
/* What the engine does: until nothing is touched any more. Returns the number of units. */
static int make(struct world *w, int64_t shop)
{
    struct err err;
    int units = 0;
    for (;; units++) {
        struct making m = {.w = w, .shop = shop};
        w->now_ms++;
        assert_good(store_write(w->f->store, make_unit, &m, &err), &err);
        if (m.len == 0)
            return units;
        assert_true(units < 1000);
    }
}

struct touching {
    int64_t shop;
    const char *table, *key;
};
static enum err_class touch_unit(struct tx *tx, void *context, struct err *err)
{
    const struct touching *touching = context;
    const struct str key = str_of(touching->key);
    return tx_touch(tx, touching->shop, str_of(touching->table), &key, 1, err);
}
static void touch_row(struct world *w, int64_t shop, const char *table, const char *key)
{
    struct err err;
    struct touching touching = {shop, table, key};
    assert_good(store_write(w->f->store, touch_unit, &touching, &err), &err);
}

/* An order as the platform gives it, touched as the store does. */
#define PLACE(w, shop, id, ...)                                                                    \
    do {                                                                                           \
        ORDER(w, shop, "order_id=" id " " __VA_ARGS__);                                            \
        touch_row(w, shop, "trade_order", id);                                                     \
    } while (0)

/* --- saying --- */
struct saying {
    struct cost_said cost;
    struct rate_said rate;
    const char *what, *sku, *person;
    int64_t shop, now_ms;
    bool found;
};
static enum err_class say_unit(struct tx *tx, void *context, struct err *err)
{
    struct saying *s = context;
    if (strcmp(s->what, "cost") == 0)
        return cost_say(tx, &s->cost, s->now_ms, err);
    if (strcmp(s->what, "uncost") == 0)
        return cost_unsay(tx, s->shop, s->cost.sku_id, s->cost.from_day, s->now_ms, &s->found, err);
    if (strcmp(s->what, "rate") == 0)
        return rate_say(tx, &s->rate, s->now_ms, err);
    if (strcmp(s->what, "unrate") == 0)
        return rate_unsay(tx, s->rate.base, s->rate.quote, s->rate.day, s->now_ms, &s->found, err);
    return person_say(tx, s->shop, str_of(s->sku), str_of(s->person), STR("tester"), s->now_ms,
                      err);
}
static void say(struct world *w, struct saying s)
{
    struct err err;
    s.now_ms = w->now_ms++;
    assert_good(store_write(w->f->store, say_unit, &s, &err), &err);
}
/* cost < 0: from this day on nobody knows. */
static void cost(struct world *w, int64_t shop, const char *sku, const char *day, int64_t minor,
                 const char *currency)
{
    say(w, (struct saying){.what = "cost",
                           .cost = {shop, str_of(sku), str_of(day), minor >= 0, minor,
                                    str_of(currency), STR(""), STR("tester")}});
}
static void rate(struct world *w, const char *base, const char *quote, const char *day,
                 int64_t billionths)
{
    say(w, (struct saying){.what = "rate",
                           .rate = {str_of(base), str_of(quote), str_of(day), billionths,
                                    STR("bank"), STR("tester")}});
}

/* --- looking --- */
static const char *rows_text(struct world *w, const char *sql)
{
    struct reader *reader;
    struct err err;
    struct str all = STR("");
    assert_good(store_read(w->f->store, sql, NULL, 0, &reader, &err), &err);
    while (reader_next(reader)) {
        if (all.len > 0)
            all = arena_printf(&w->arena, "%.*s; ", STR_ARG(all));
        for (int i = 0; i < reader_columns(reader); i++) {
            struct str cell = reader_is_null(reader, i) ? STR("-") : reader_text(reader, i);
            all = arena_printf(&w->arena, "%.*s%s%.*s", STR_ARG(all), i ? " " : "", STR_ARG(cell));
        }
    }
    assert_good(reader_close(reader, &err), &err);
    return arena_dup(&w->arena, all).ptr;
}
#define LOOK(w, sql, expected) assert_string_equal(rows_text(w, sql), expected)
#define RESULTS(columns) "SELECT " columns " FROM trade_result WHERE shop_id = 7 ORDER BY order_id"
#define DAYS(dimension, columns)                                                                   \
    "SELECT day, member, currency, " columns                                                       \
    " FROM trade_day WHERE shop_id = 7 AND dimension = '" dimension "' ORDER BY 1, 2, 3"

/* --- one order --- */

static struct trade_value known(int64_t number)
{
    return (struct trade_value){true, number};
}
static const struct trade_value unknown = {.known = false};

static void assert_value(struct trade_value value, struct trade_value expected)
{
    assert_int_equal(value.known, expected.known);
    if (expected.known)
        assert_int_equal(value.number, expected.number);
}

static void an_order_comes_to_what_the_page_says(void **state)
{
    (void)state;
    struct trade_figures out;
    struct trade_order order = {.stage = STR("paid"),
                                .pieces = known(3),
                                .pay = known(3000),
                                .unit_price = known(1200),
                                .freight = known(200),
                                .commission = known(50)};
    trade_work_out(&order, known(400), &out);
    assert_true(out.counts);
    assert_value(out.gmv, known(3000));
    assert_value(out.refunds, known(0));
    assert_value(out.received, known(3000));
    assert_value(out.goods_cost, known(1200));
    assert_value(out.profit_before_ads, known(3000 - 1200 - 200 - 50));
    assert_value(out.late, unknown);
    /* Price × pieces only where nobody says what was paid; what the merchant receives goes before both. */
    order.pay = unknown;
    order.receipt = known(2800);
    trade_work_out(&order, known(400), &out);
    assert_value(out.gmv, known(3600));
    assert_value(out.received, known(2800));
    assert_value(out.profit_before_ads, known(2800 - 1200 - 200 - 50));
    /* The order's own refund stands for its vouchers', and is not added to them. */
    order.vouchers = known(700);
    trade_work_out(&order, known(400), &out);
    assert_value(out.refunds, known(700));
    order.refund = known(900);
    trade_work_out(&order, known(400), &out);
    assert_value(out.refunds, known(900));
    assert_value(out.profit_before_ads, known(2800 - 900 - 1200 - 200 - 50));
    /* An unknown cost is unknown, and so is the profit. */
    trade_work_out(&order, unknown, &out);
    assert_value(out.goods_cost, unknown);
    assert_value(out.profit_before_ads, unknown);
    /* A cost of nothing is known. */
    trade_work_out(&order, known(0), &out);
    assert_value(out.goods_cost, known(0));
    /* What is out of all proportion is no cost. */
    order.pieces = known(TRADE_PIECES_MAX);
    trade_work_out(&order, known(COST_MAX), &out);
    assert_value(out.goods_cost, unknown);
    assert_value(out.profit_before_ads, unknown);
    order.pieces = unknown;
    order.receipt = unknown;
    trade_work_out(&order, known(400), &out);
    assert_value(out.gmv, unknown);
    assert_value(out.goods_cost, unknown);
    assert_value(out.profit_before_ads, unknown);
}

static void what_was_never_paid_or_called_off_is_no_sale(void **state)
{
    (void)state;
    static const struct {
        const char *stage;
        bool counts;
    } cases[] = {{"placed", false},    {"paid", true},      {"processing", true},
                 {"shipped", true},    {"delivered", true}, {"done", true},
                 {"cancelled", false}, {"refunded", false}, {"", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trade_figures out;
        struct trade_order order = {.stage = str_of(cases[i].stage)};
        trade_work_out(&order, unknown, &out);
        assert_int_equal(out.counts, cases[i].counts);
    }
}

static void late_is_shipped_after_the_latest_time(void **state)
{
    (void)state;
    struct trade_figures out;
    struct trade_order order = {.ship_by_ms = known(1000), .shipped_ms = known(1000)};
    trade_work_out(&order, unknown, &out);
    assert_value(out.late, known(0));
    order.shipped_ms = known(1001);
    trade_work_out(&order, unknown, &out);
    assert_value(out.late, known(1));
    order.shipped_ms = unknown;
    trade_work_out(&order, unknown, &out);
    assert_value(out.late, unknown);
}

static void amounts_out_of_all_proportion_are_not_told(void **state)
{
    (void)state;
    struct trade_figures out;
    struct trade_order order = {.pieces = known(2),
                                .pay = known(INT64_MAX),
                                .unit_price = known(INT64_MAX),
                                .freight = known(INT64_MIN)};
    trade_work_out(&order, known(5), &out);
    assert_value(out.gmv, unknown);
    assert_value(out.profit_before_ads, unknown);
    order.pay = known(100);
    trade_work_out(&order, known(5), &out);
    assert_value(out.profit_before_ads, known(90));
}

static void costs_are_converted_half_to_even(void **state)
{
    (void)state;
    static const struct {
        int64_t minor;
        int from;
        int64_t rate;
        int to;
        int64_t expected;
    } cases[] = {
        {100, 2, 7123456789, 2, 712}, /* 7.123… */
        {1, 2, 1500000000, 2, 2},     /* 1.5 */
        {1, 2, 2500000000, 2, 2},     /* 2.5 */
        {3, 2, 500000000, 2, 2},      /* 1.5 */
        {5, 2, 500000000, 2, 2},      /* 2.5 */
        {5, 2, 500000001, 2, 3},      /* a hair above */
        {-5, 2, 500000000, 2, -2},       {-3, 2, 500000000, 2, -2},
        {1000, 0, 47000000, 2, 4700},    /* 1000 JPY at 0.047 */
        {4700, 2, 21276595744, 0, 1000}, /* and back */
        {1234, 3, 23000000000, 2, 2838}, /* KWD has three decimals: 1.234 × 23 = 28.382 */
    };
    int64_t out;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(cost_convert(cases[i].minor, cases[i].from, cases[i].rate, cases[i].to, &out));
        if (out != cases[i].expected)
            fail_msg("case %zu: %lld", i, (long long)out);
    }
    assert_false(cost_convert(TRADE_AMOUNT_MAX, 0, INT64_MAX, 4, &out));
    assert_false(cost_convert(1, -1, 1, 2, &out));
    assert_true(cost_convert(TRADE_AMOUNT_MAX, 4, 1000000000, 0, &out));
    assert_int_equal(out, TRADE_AMOUNT_MAX / 10000);
}

/* --- orders and days --- */

#define PAID "stage=paid currency=CNY sku_id=k1 "

static void a_day_has_distinct_parents_and_the_sums_of_what_counts(void **state)
{
    struct world w;
    world_open(&w, *state);
    shop_add(&w, SHOP, "Li");
    /* Two parts of one parent, one order by itself, one called off, one never paid, one paid back whole. */
    PLACE(&w, SHOP, "a1", PAID "parent_id=A spu_id=u1 pay_amount:1000 quantity:2 created_at:%lld",
          (long long)(YEAR_MS + HOUR_MS));
    PLACE(&w, SHOP, "a2",
          "parent_id=A stage=shipped currency=CNY sku_id=k2 pay_amount:500 quantity:1 "
          "created_at:%lld ship_by_at:50 shipped_at:60",
          (long long)(YEAR_MS + HOUR_MS));
    PLACE(&w, SHOP, "b",
          PAID "pay_amount:300 quantity:1 created_at:%lld ship_by_at:50 shipped_at:40",
          (long long)(YEAR_MS + DAY_MS - 1));
    PLACE(&w, SHOP, "c",
          "stage=cancelled currency=CNY sku_id=k1 pay_amount:7000 quantity:9 created_at:%lld",
          (long long)(YEAR_MS + 5));
    PLACE(&w, SHOP, "d",
          "stage=placed currency=CNY sku_id=k1 pay_amount:7000 quantity:9 created_at:%lld",
          (long long)(YEAR_MS + 5));
    PLACE(&w, SHOP, "e",
          "stage=refunded currency=CNY sku_id=k1 pay_amount:7000 quantity:9 created_at:%lld",
          (long long)(YEAR_MS + 5));
    /* The next day begins at 16:00 UTC; one in another currency is a row of its own. */
    PLACE(&w, SHOP, "f", PAID "pay_amount:11 quantity:1 created_at:%lld",
          (long long)(YEAR_MS + DAY_MS));
    PLACE(&w, SHOP, "g",
          "stage=paid currency=USD sku_id=k1 pay_amount:13 quantity:1 created_at:%lld",
          (long long)(YEAR_MS + DAY_MS));
    row_put(&w, SHOP, "trade_certificate",
            "order_id=b order_item_id=1 refund_amount:100 currency=CNY");
    row_put(&w, SHOP, "trade_certificate",
            "order_id=b order_item_id=2 refund_amount:50 currency=CNY");
    make(&w, SHOP);
    LOOK(&w, RESULTS("order_id, parent_id, counts, day, person, gmv, refunds"),
         "a1 A 1 2026-01-01 Li 1000 0; a2 A 1 2026-01-01 Li 500 0; b b 1 2026-01-01 Li 300 150; "
         "c c 0 2026-01-01 Li 7000 0; d d 0 2026-01-01 Li 7000 0; e e 0 2026-01-01 Li 7000 0; "
         "f f 1 2026-01-02 Li 11 0; g g 1 2026-01-02 Li 13 0");
    LOOK(&w,
         DAYS("shop",
              "orders, pieces, gmv, refunds, received, cost_unknown, cancelled, shipped, late"),
         "2026-01-01  CNY 2 4 1800 150 1800 3 3 2 1; 2026-01-02  CNY 1 1 11 0 11 1 0 0 0; "
         "2026-01-02  USD 1 1 13 0 13 1 0 0 0");
    LOOK(&w, DAYS("sku", "orders, pieces, gmv, cancelled"),
         "2026-01-01 k1 CNY 2 3 1300 3; 2026-01-01 k2 CNY 1 1 500 0; 2026-01-02 k1 CNY 1 1 11 0; "
         "2026-01-02 k1 USD 1 1 13 0");
    LOOK(
        &w, DAYS("spu", "orders, gmv"),
        "2026-01-01  CNY 2 800; 2026-01-01 u1 CNY 1 1000; 2026-01-02  CNY 1 11; 2026-01-02  USD 1 13");
    LOOK(&w, DAYS("person", "orders, gmv"),
         "2026-01-01 Li CNY 2 1800; 2026-01-02 Li CNY 1 11; 2026-01-02 Li USD 1 13");
    world_close(&w);
}

static void an_order_that_moves_or_turns_takes_its_figures_along(void **state)
{
    struct world w;
    world_open(&w, *state);
    shop_add(&w, SHOP, NULL);
    PLACE(&w, SHOP, "a", PAID "pay_amount:1000 quantity:1 created_at:%lld", (long long)YEAR_MS);
    PLACE(&w, SHOP, "b", PAID "pay_amount:500 quantity:1 created_at:%lld", (long long)YEAR_MS);
    make(&w, SHOP);
    LOOK(&w, DAYS("shop", "orders, gmv"), "2026-01-01  CNY 2 1500");
    /* A corrected time of placing moves it to the day before. */
    PLACE(&w, SHOP, "b", PAID "pay_amount:500 quantity:1 created_at:%lld",
          (long long)(YEAR_MS - 1));
    make(&w, SHOP);
    LOOK(&w, DAYS("shop", "orders, gmv"), "2025-12-31  CNY 1 500; 2026-01-01  CNY 1 1000");
    /* Paid back whole: it is no sale any more. */
    PLACE(&w, SHOP, "b",
          "stage=refunded currency=CNY sku_id=k1 pay_amount:500 quantity:1 created_at:%lld",
          (long long)(YEAR_MS - 1));
    make(&w, SHOP);
    LOOK(&w, DAYS("shop", "orders, gmv, cancelled"),
         "2025-12-31  CNY 0 0 1; 2026-01-01  CNY 1 1000 0");
    world_close(&w);
}

static void a_part_that_is_called_off_leaves_its_parent_an_order(void **state)
{
    struct world w;
    world_open(&w, *state);
    shop_add(&w, SHOP, NULL);
    PLACE(&w, SHOP, "a1", PAID "parent_id=A pay_amount:1000 quantity:1 created_at:%lld",
          (long long)YEAR_MS);
    PLACE(
        &w, SHOP, "a2",
        "stage=cancelled currency=CNY sku_id=k1 parent_id=A pay_amount:10 quantity:1 created_at:%lld",
        (long long)YEAR_MS);
    make(&w, SHOP);
    LOOK(&w, DAYS("shop", "orders, gmv, cancelled"), "2026-01-01  CNY 1 1000 0");
    world_close(&w);
}

/* --- costs --- */

static void ten_days(struct world *w, int64_t shop, const char *sku)
{
    for (int day = 0; day < 10; day++) {
        const char *id = arena_printf(&w->arena, "%s-%02d", sku, day + 1).ptr;
        ORDER(
            w, shop,
            "order_id=%s stage=paid currency=CNY sku_id=%s pay_amount:1000 quantity:2 created_at:%lld",
            id, sku, (long long)(YEAR_MS + day * DAY_MS));
        touch_row(w, shop, "trade_order", id);
    }
}

#define COSTS                                                                                      \
    "SELECT day, unit_cost, goods_cost, profit_before_ads FROM trade_result WHERE shop_id = 7"     \
    " AND sku_id = 'k1' AND day >= '2026-01-03' AND day <= '2026-01-08' ORDER BY 1"

static void a_cost_holds_from_its_day_to_the_next_entry(void **state)
{
    struct world w;
    world_open(&w, *state);
    shop_add(&w, SHOP, NULL);
    ten_days(&w, SHOP, "k1");
    cost(&w, SHOP, "k1", "2026-01-04", 100, "CNY");
    make(&w, SHOP);
    cost(&w, SHOP, "k1", "2026-01-06", 150, "CNY");
    make(&w, SHOP);
    LOOK(
        &w, COSTS,
        "2026-01-03 - - -; 2026-01-04 100 200 800; 2026-01-05 100 200 800; 2026-01-06 150 300 700; "
        "2026-01-07 150 300 700; 2026-01-08 150 300 700");
    /* From a day on nobody knows. */
    cost(&w, SHOP, "k1", "2026-01-07", -1, "");
    make(&w, SHOP);
    LOOK(
        &w, COSTS,
        "2026-01-03 - - -; 2026-01-04 100 200 800; 2026-01-05 100 200 800; 2026-01-06 150 300 700; "
        "2026-01-07 - - -; 2026-01-08 - - -");
    LOOK(&w,
         "SELECT day, goods_cost, profit_before_ads, gmv_costed, cost_unknown FROM trade_day"
         " WHERE dimension = 'shop' AND day >= '2026-01-06' AND day <= '2026-01-07' ORDER BY 1",
         "2026-01-06 300 700 1000 0; 2026-01-07 - - - 1");
    /* An entry that is taken away leaves the one before it. */
    say(&w, (struct saying){.what = "uncost",
                            .shop = SHOP,
                            .cost = {.sku_id = STR("k1"), .from_day = STR("2026-01-06")}});
    make(&w, SHOP);
    LOOK(
        &w, COSTS,
        "2026-01-03 - - -; 2026-01-04 100 200 800; 2026-01-05 100 200 800; 2026-01-06 100 200 800; "
        "2026-01-07 - - -; 2026-01-08 - - -");
    world_close(&w);
}

/* By a change of cost as by a change of the order: a rate typed wrong must not end the shop's deriving. */
static void a_cost_out_of_all_proportion_is_unknown(void **state)
{
    struct world w;
    world_open(&w, *state);
    shop_add(&w, SHOP, NULL);
    PLACE(&w, SHOP, "many",
          "stage=paid currency=CNY sku_id=k1 pay_amount:1000 quantity:1000000 created_at:%lld",
          (long long)YEAR_MS);
    PLACE(&w, SHOP, "one",
          "stage=paid currency=CNY sku_id=k1 pay_amount:1000 quantity:1 created_at:%lld",
          (long long)YEAR_MS);
    make(&w, SHOP);
    cost(&w, SHOP, "k1", "2026-01-01", COST_MAX, "CNY");
    make(&w, SHOP);
#define COST_OF "SELECT order_id, unit_cost, goods_cost FROM trade_result ORDER BY 1"
    LOOK(&w, COST_OF, "many 100000000000 -; one 100000000000 100000000000");
    rate(&w, "USD", "CNY", "2026-01-01", INT64_C(9000) * RATE_BILLION);
    cost(&w, SHOP, "k1", "2026-01-01", COST_MAX, "USD");
    make(&w, SHOP);
    LOOK(&w, COST_OF, "many - -; one - -");
    touch_row(&w, SHOP, "trade_order", "many");
    touch_row(&w, SHOP, "trade_order", "one");
    make(&w, SHOP);
    LOOK(&w, COST_OF, "many - -; one - -");
    world_close(&w);
}

static void a_cost_touches_no_other_row(void **state)
{
    struct world w;
    world_open(&w, *state);
    shop_add(&w, SHOP, NULL);
    shop_add(&w, OTHER, NULL);
    ten_days(&w, SHOP, "k1");
    ten_days(&w, SHOP, "k2");
    ten_days(&w, OTHER, "k1");
    cost(&w, SHOP, "k1", "2026-01-08", 70, "CNY");
    make(&w, SHOP);
    make(&w, OTHER);
    const char *others = "SELECT shop_id, order_id, changed_ms, unit_cost FROM trade_result"
                         " WHERE NOT (shop_id = 7 AND sku_id = 'k1' AND day >= '2026-01-04'"
                         " AND day < '2026-01-08') ORDER BY 1, 2";
    const char *before = rows_text(&w, others);
    int64_t said_ms = w.now_ms;
    cost(&w, SHOP, "k1", "2026-01-04", 100, "CNY");
    make(&w, SHOP);
    make(&w, OTHER);
    assert_string_equal(rows_text(&w, others), before);
    LOOK(&w, "SELECT count(*) FROM trade_result WHERE unit_cost = 100", "4");
    const char *newer = arena_printf(&w.arena,
                                     "SELECT count(*) FROM trade_result WHERE changed_ms > %lld",
                                     (long long)said_ms)
                            .ptr;
    LOOK(&w, newer, "4");
    /* Said once more, it changes nothing. */
    said_ms = w.now_ms;
    cost(&w, SHOP, "k1", "2026-01-04", 100, "CNY");
    make(&w, SHOP);
    newer = arena_printf(&w.arena, "SELECT count(*) FROM trade_result WHERE changed_ms > %lld",
                         (long long)said_ms)
                .ptr;
    LOOK(&w, newer, "0");
    world_close(&w);
}

static void a_cost_in_another_currency_needs_the_rate_of_the_day(void **state)
{
    struct world w;
    world_open(&w, *state);
    shop_add(&w, SHOP, NULL);
    ten_days(&w, SHOP, "k1");
    cost(&w, SHOP, "k1", "2026-01-01", 100, "USD");
    make(&w, SHOP);
    LOOK(&w, "SELECT count(unit_cost) FROM trade_result", "0");
    rate(&w, "USD", "CNY", "2026-01-05", INT64_C(7105000000));
    make(&w, SHOP);
    rate(&w, "USD", "CNY", "2026-01-07", INT64_C(7000000000));
    make(&w, SHOP);
    /* The other direction is another rate. */
    rate(&w, "CNY", "USD", "2026-01-01", INT64_C(140000000));
    make(&w, SHOP);
    LOOK(&w, COSTS,
         "2026-01-03 - - -; 2026-01-04 - - -; 2026-01-05 710 1420 -420; 2026-01-06 710 1420 -420; "
         "2026-01-07 700 1400 -400; 2026-01-08 700 1400 -400");
    /* A corrected rate reaches the days on which it holds, and no others. */
    rate(&w, "USD", "CNY", "2026-01-05", INT64_C(7200000000));
    make(&w, SHOP);
    LOOK(&w, COSTS,
         "2026-01-03 - - -; 2026-01-04 - - -; 2026-01-05 720 1440 -440; 2026-01-06 720 1440 -440; "
         "2026-01-07 700 1400 -400; 2026-01-08 700 1400 -400");
    say(&w, (struct saying){
                .what = "unrate",
                .rate = {.base = STR("USD"), .quote = STR("CNY"), .day = STR("2026-01-05")}});
    make(&w, SHOP);
    LOOK(&w, COSTS,
         "2026-01-03 - - -; 2026-01-04 - - -; 2026-01-05 - - -; 2026-01-06 - - -; "
         "2026-01-07 700 1400 -400; 2026-01-08 700 1400 -400");
    world_close(&w);
}

static void a_person_follows_what_people_say_then_the_product_then_the_shop(void **state)
{
    struct world w;
    world_open(&w, *state);
    shop_add(&w, SHOP, "Shop");
    PLACE(&w, SHOP, "a", PAID "pay_amount:1000 quantity:1 created_at:%lld", (long long)YEAR_MS);
    make(&w, SHOP);
    LOOK(&w, DAYS("person", "gmv"), "2026-01-01 Shop CNY 1000");
    row_put(&w, SHOP, "product", "sku_id=k1 person=Import");
    touch_row(&w, SHOP, "product", "k1");
    make(&w, SHOP);
    LOOK(&w, DAYS("person", "gmv"), "2026-01-01 Import CNY 1000");
    say(&w, (struct saying){.what = "person", .shop = SHOP, .sku = "k1", .person = "Wang"});
    make(&w, SHOP);
    LOOK(&w, DAYS("person", "gmv"), "2026-01-01 Wang CNY 1000");
    /* An import does not take back what a person said. */
    row_put(&w, SHOP, "product", "sku_id=k1 person=Import2");
    touch_row(&w, SHOP, "product", "k1");
    PLACE(&w, SHOP, "a", PAID "pay_amount:1001 quantity:1 created_at:%lld", (long long)YEAR_MS);
    make(&w, SHOP);
    LOOK(&w, DAYS("person", "gmv"), "2026-01-01 Wang CNY 1001");
    say(&w, (struct saying){.what = "person", .shop = SHOP, .sku = "k1", .person = ""});
    make(&w, SHOP);
    LOOK(&w, DAYS("person", "gmv"), "2026-01-01 Import2 CNY 1001");
    world_close(&w);
}

static enum err_class refused_cost(struct tx *tx, void *context, struct err *err)
{
    return cost_say(tx, context, 1, err);
}

static void what_cannot_be_a_cost_or_rate_is_refused(void **state)
{
    struct world w;
    struct err err;
    int64_t billionths;
    world_open(&w, *state);
    const struct cost_said good = {SHOP, STR("k"),   STR("2026-01-01"), true,
                                   1,    STR("CNY"), STR(""),           STR("t")};
    struct cost_said cases[] = {good, good, good, good, good, good};
    static const char *const codes[] = {"cost_sku",   "day",        "day",
                                        "cost_range", "cost_range", "currency_unknown"};
    cases[0].sku_id = STR("");
    cases[1].from_day = STR("2026-02-30");
    cases[2].from_day = STR("2026-1-1");
    cases[3].cost = -1;
    cases[4].cost = COST_MAX + 1;
    cases[5].currency = STR("RMB");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (store_write(w.f->store, refused_cost, &cases[i], &err) != ERR_USAGE)
            fail_msg("case %zu is accepted", i);
        assert_string_equal(err.code, codes[i]);
    }
    static const char *const rates[] = {"",    "0",  "-1", "x", "1.0000000001", "99999999999",
                                        "1e3", "1E0"};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        assert_int_equal(exchange_rate_parse(str_of(rates[i]), &billionths, &err), ERR_USAGE);
    assert_good(exchange_rate_parse(STR("7.123456789"), &billionths, &err), &err);
    assert_int_equal(billionths, INT64_C(7123456789));
    LOOK(&w, "SELECT count(*) FROM sku_cost", "0");
    LOOK(&w, "SELECT count(*) FROM touched", "0");
    world_close(&w);
}

/* --- any order of changes --- */
static enum err_class zone_work(struct tx *tx, void *context, struct err *err)
{
    struct world *w = context;
    return zone_said(tx, SHOP, w->now_ms, err);
}

static const char *day_of(struct world *w, uint64_t day)
{
    return arena_printf(&w->arena, "2026-01-%02d", (int)day + 1).ptr;
}

static void random_change(struct world *w, struct rng *rng)
{
    static const char *const stages[] = {"placed", "paid", "shipped", "cancelled", "refunded"};
    static const char *const currencies[] = {"CNY", "USD", "JPY"};
    const char *sku = arena_printf(&w->arena, "k%d", (int)rng_below(rng, 4)).ptr;
    switch (rng_below(rng, 10)) {
    case 0:
    case 1:
        cost(w, SHOP, sku, day_of(w, rng_below(rng, 20)), (int64_t)rng_below(rng, 500) - 50,
             currencies[rng_below(rng, 3)]);
        break;
    case 2:
        say(w, (struct saying){.what = "uncost",
                               .shop = SHOP,
                               .cost = {.sku_id = str_of(sku),
                                        .from_day = str_of(day_of(w, rng_below(rng, 20)))}});
        break;
    case 3:
        rate(w, currencies[1 + rng_below(rng, 2)], currencies[0], day_of(w, rng_below(rng, 20)),
             (int64_t)rng_below(rng, 9000000000) + 1);
        break;
    case 4:
        say(w, (struct saying){.what = "person",
                               .shop = SHOP,
                               .sku = sku,
                               .person = rng_below(rng, 3) ? "Wang" : ""});
        break;
    default: {
        const char *id = arena_printf(&w->arena, "o%d", (int)rng_below(rng, 60)).ptr;
        ORDER(
            w, SHOP,
            "order_id=%s parent_id=P%d stage=%s currency=%s sku_id=%s pay_amount:%d quantity:%d created_at:%lld",
            id, (int)rng_below(rng, 20), stages[rng_below(rng, 5)],
            currencies[rng_below(rng, 10) == 0], sku, (int)rng_below(rng, 5000),
            (int)rng_below(rng, 4), (long long)(YEAR_MS + (int64_t)rng_below(rng, 20) * DAY_MS));
        touch_row(w, SHOP, "trade_order", id);
    }
    }
}

static void many_changes_leave_what_one_derivation_of_everything_gives(void **state)
{
    static const char results[] = RESULTS(
        "order_id, parent_id, sku_id, person, stage, counts, day, currency, pieces, gmv, "
        "unit_cost, goods_cost, profit_before_ads");
    static const char days[] =
        "SELECT dimension, day, member, currency, orders, pieces, gmv, goods_cost, gmv_costed,"
        " profit_before_ads, cost_unknown, cancelled FROM trade_day ORDER BY 1, 2, 3, 4";
    struct world w;
    struct rng rng;
    const char *given = getenv("SEED");
    uint64_t seed = (uint64_t)getpid();
    assert_true(!given || str_to_u64(str_of(given), &seed));
    printf("# SEED=%llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    world_open(&w, *state);
    shop_add(&w, SHOP, "Shop");
    for (int i = 0; i < 300; i++) {
        random_change(&w, &rng);
        if (rng_below(&rng, 4) == 0)
            make(&w, SHOP);
    }
    struct err err;
    make(&w, SHOP);
    const char *results_then = rows_text(&w, results), *days_then = rows_text(&w, days);
    assert_true(strlen(results_then) > 1000);
    exec(&w, "DELETE FROM trade_result", NULL, 0);
    exec(&w, "DELETE FROM trade_day", NULL, 0);
    assert_good(store_write(w.f->store, zone_work, &w, &err), &err);
    make(&w, SHOP);
    assert_string_equal(rows_text(&w, results), results_then);
    assert_string_equal(rows_text(&w, days), days_then);
    world_close(&w);
}

static void an_audit_finds_what_was_changed_by_hand_and_nothing_else(void **state)
{
    struct world w;
    struct err err;
    struct rng rng;
    struct reader *snapshot;
    rng_seed(&rng, 7);
    world_open(&w, *state);
    shop_add(&w, SHOP, "Shop");
    ten_days(&w, SHOP, "k1");
    cost(&w, SHOP, "k1", "2026-01-04", 100, "CNY");
    make(&w, SHOP);
    for (int turn = 0; turn < 3; turn++) {
        struct audit audit = {.rng = &rng, .results = 40, .sums = 40};
        assert_good(store_snapshot(w.f->store, &snapshot, &err), &err);
        const struct derive_work work = {.derive = &w.derive,
                                         .snapshot = snapshot,
                                         .arena = &w.arena,
                                         .shop_id = SHOP,
                                         .shop = &w.shop,
                                         .now_ms = w.now_ms};
        assert_good(trade_maker.audit(&work, &audit, &err), &err);
        assert_good(reader_close(snapshot, &err), &err);
        assert_true(audit.looked > 10);
        assert_int_equal(audit.differing > 0, turn > 0);
        if (turn == 0)
            exec(&w, "UPDATE trade_day SET gmv = gmv + 1 WHERE dimension = 'shop'", NULL, 0);
        if (turn == 1) {
            assert_string_equal(audit.drifts[0].table, "trade_day");
            touch_row(&w, SHOP, "trade_day", "2026-01-01");
            make(&w, SHOP);
            exec(&w, "UPDATE trade_result SET goods_cost = 5 WHERE goods_cost IS NOT NULL", NULL,
                 0);
        }
        if (turn == 2)
            assert_string_equal(audit.drifts[0].table, "trade_order");
    }
    world_close(&w);
}

#define WITH_STORE(f) cmocka_unit_test_setup_teardown(f, scratch_ready, scratch_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_comes_to_what_the_page_says),
        cmocka_unit_test(what_was_never_paid_or_called_off_is_no_sale),
        cmocka_unit_test(late_is_shipped_after_the_latest_time),
        cmocka_unit_test(amounts_out_of_all_proportion_are_not_told),
        cmocka_unit_test(costs_are_converted_half_to_even),
        WITH_STORE(a_day_has_distinct_parents_and_the_sums_of_what_counts),
        WITH_STORE(an_order_that_moves_or_turns_takes_its_figures_along),
        WITH_STORE(a_part_that_is_called_off_leaves_its_parent_an_order),
        WITH_STORE(a_cost_holds_from_its_day_to_the_next_entry),
        WITH_STORE(a_cost_out_of_all_proportion_is_unknown),
        WITH_STORE(a_cost_touches_no_other_row),
        WITH_STORE(a_cost_in_another_currency_needs_the_rate_of_the_day),
        WITH_STORE(a_person_follows_what_people_say_then_the_product_then_the_shop),
        WITH_STORE(what_cannot_be_a_cost_or_rate_is_refused),
        WITH_STORE(an_audit_finds_what_was_changed_by_hand_and_nothing_else),
        WITH_STORE(many_changes_leave_what_one_derivation_of_everything_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

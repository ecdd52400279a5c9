/* Costs, profit, bills and expected payments, over tables that are filled by hand. */
#include "api/api_fixture.h"

static struct sql_value text(const char *s)
{
    return s ? sql_text(str_of(s)) : sql_null();
}

static void result(struct api_fixture *f, int64_t shop, const char *id, const char *parent,
                   const char *day, int64_t gmv, int64_t cost, int64_t delivered_ms)
{
    bool known = cost >= 0;
    const struct sql_value values[] = {sql_int(shop),
                                       text(id),
                                       text(parent),
                                       text(day),
                                       sql_int(gmv),
                                       sql_int_or_null(cost, known),
                                       sql_int_or_null(gmv - cost, known),
                                       sql_int_or_null(delivered_ms, delivered_ms > 0)};
    api_exec(
        f,
        "INSERT INTO trade_result (shop_id, order_id, parent_id, sku_id, spu_id, person, stage,"
        " counts, created_ms, day, currency, pieces, gmv, refunds, received, unit_cost,"
        " goods_cost, profit_before_ads, delivered_ms, changed_ms)"
        " VALUES (?1, ?2, ?3, 'k1', '', '', 'paid', 1, 1, ?4, 'CNY', 1, ?5, 0, ?5, ?6, ?6, ?7,"
        " ?8, 1)",
        values, 8);
}

static void sales_day(struct api_fixture *f, int64_t shop, const char *dimension,
                      const char *member, const char *day, int64_t gmv, int64_t costed,
                      int64_t profit, int64_t unknown)
{
    const struct sql_value values[] = {sql_int(shop),   text(dimension), text(day),
                                       text(member),    sql_int(gmv),    sql_int(costed),
                                       sql_int(profit), sql_int(unknown)};
    api_exec(
        f,
        "INSERT INTO trade_day (shop_id, dimension, day, member, currency, orders, pieces, gmv,"
        " refunds, received, goods_cost, gmv_costed, profit_before_ads, cost_unknown,"
        " cancelled, shipped, late)"
        " VALUES (?1, ?2, ?3, ?4, 'CNY', 1, 1, ?5, 0, ?5, 0, ?6, ?7, ?8, 0, 0, 0)",
        values, 8);
}

static void ads_day(struct api_fixture *f, int64_t shop, const char *day, int64_t cost)
{
    const struct sql_value values[] = {sql_int(shop), text(day), sql_int(cost)};
    api_exec(
        f,
        "INSERT INTO ad_day (shop_id, basis, day, item_id, currency, orders, told, provisional,"
        " cost) VALUES (?1, 'spent', ?2, '', 'CNY', 1, 1, 0, ?3)",
        values, 3);
    api_ad_shop_day(f, shop, "spent", day);
}

static void bill(struct api_fixture *f, const char *line, const char *po, const char *order,
                 const char *columns, const char *amounts)
{
    char sql[512];
    snprintf(
        sql, sizeof sql,
        "INSERT INTO bill_line (shop_id, content, nth, bill, line, po_id, order_id, currency, row_hash,"
        " received_ms, changed_ms, first_seen_ms, %s)"
        " VALUES (1, ?1, 1, 'b', ?1, ?2, ?3, 'CNY', ?4, 1, 1, 1, %s)",
        columns, amounts);
    const struct sql_value values[] = {sql_int(atoi(line)), text(po), text(order),
                                       sql_bytes(STR("0123456789abcdef"))};
    api_exec(f, sql, values, 4);
}

static void is(struct answer *a, const char *path, const char *expected)
{
    if (strcmp(answer_text(a, path), expected) != 0)
        fail_msg("%s is %s, not %s, in %.*s", path, answer_text(a, path), expected,
                 STR_ARG(a->body));
}

/* --- profit --- */

static void a_days_profit_is_after_the_ads_of_its_store(void **state)
{
    struct api_fixture *f = *state;
    sales_day(f, FIXTURE_ALPHA, "shop", "", "2026-01-05", 10000, 8000, 3000, 1);
    sales_day(f, FIXTURE_ALPHA, "shop", "", "2026-01-06", 500, 500, 200, 0);
    ads_day(f, FIXTURE_BETA, "2026-01-05", 700);
    const char *asked = "by=day&from=2026-01-01&to=2026-01-31&shop=alpha";
    /* Ads of no store are nobody's, so long as one store is asked for. */
    struct answer a = api_ask(f, "GET", "/api/v1/profit", asked, NULL);
    is(&a, "items.0.profit.minor", "3000");
    a = api_ask(f, "GET", "/api/v1/profit", "by=day&from=2026-01-01&to=2026-01-31", NULL);
    is(&a, "items.0.day", "2026-01-05");
    is(&a, "items.0.profit.minor", "2300");
    is(&a, "items.0.ad_spend.minor", "700");
    is(&a, "items.0.freight", "(null)");
    is(&a, "totals.0.freight", "(null)");
    a = api_ask(f, "PUT", "/api/v1/shops/beta/ads-of", "", "{\"store\": \"alpha\"}");
    assert_int_equal(a.status, 200);
    a = api_ask(f, "GET", "/api/v1/profit", asked, NULL);
    is(&a, "items.0.profit_before_ads.minor", "3000");
    is(&a, "items.0.profit.minor", "2300");
    is(&a, "items.0.cost_unknown", "1");
    /* 2300 of the 8000 whose cost is known. */
    is(&a, "items.0.margin", "0.2875");
    is(&a, "items.1.profit.minor", "200");
    is(&a, "totals.0.profit.minor", "2500");
    is(&a, "totals.0.orders", "2");
    /* What comes whole says so, and does not pass a wish over. */
    static const char *const wishes[] = {"sort=-gmv", "limit=1", "page=2", "cursor=x"};
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        struct str profit = arena_printf(&f->arena, "by=shop&%s", wishes[i]);
        struct str sales = arena_printf(&f->arena, "by=week&%s", wishes[i]);
        a = api_ask(f, "GET", "/api/v1/profit", profit.ptr, NULL);
        is(&a, "code", "parameter_unknown");
        a = api_ask(f, "GET", "/api/v1/sales", sales.ptr, NULL);
        is(&a, "code", "parameter_unknown");
    }
    a = api_ask(f, "GET", "/api/v1/profit", "by=shop&from=2026-01-01&to=2026-01-31", NULL);
    is(&a, "items.0.shop_name", "alpha");
    is(&a, "items.0.profit.minor", "2500");
    is(&a, "items.1.shop", "(absent)");
    /* The same days as a trend: also one on which ads were shown and nothing was sold. */
    ads_day(f, FIXTURE_BETA, "2026-01-07", 40);
    a = api_ask(f, "GET", "/api/v1/trends",
                "of=sales&metric=profit&from=2026-01-05&to=2026-01-08&shop=alpha", NULL);
    static const char *const spent[] = {"700", "0", "40", "0"};
    static const char *const left[] = {"2300", "200", "-40", "0"};
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "items.0.days.%zu.ad_spend.minor", i);
        is(&a, path, spent[i]);
        snprintf(path, sizeof path, "items.0.days.%zu.profit.minor", i);
        is(&a, path, left[i]);
    }
    is(&a, "items.0.days.0.freight", "(null)");
    is(&a, "items.0.days.2.freight.minor", "0");
    is(&a, "items.0.days.3.average_7d.minor", "615"); /* (2300 + 200 - 40) / 4 */
}

/* Wherever a store's ad spend is told, it is the same number. */
static void a_stores_ad_spend_is_the_same_in_every_answer(void **state)
{
    struct api_fixture *f = *state;
    const char *days = "from=2026-01-05&to=2026-01-06&shop=alpha";
    sales_day(f, FIXTURE_ALPHA, "shop", "", "2026-01-03", 900, 900, 400, 0);
    sales_day(f, FIXTURE_ALPHA, "shop", "", "2026-01-05", 10000, 8000, 3000, 1);
    ads_day(f, FIXTURE_BETA, "2026-01-04", 11);
    ads_day(f, FIXTURE_BETA, "2026-01-06", 700);
    struct answer a = api_ask(f, "GET", "/api/v1/dashboard", days, NULL);
    is(&a, "sales.0.ad_spend.minor", "0");
    a = api_ask(f, "PUT", "/api/v1/shops/beta/ads-of", "", "{\"store\": \"alpha\"}");
    assert_int_equal(a.status, 200);
    a = api_ask(f, "GET", "/api/v1/dashboard", days, NULL);
    is(&a, "sales.0.ad_spend.minor", "700");
    is(&a, "sales.0.profit.minor", "2300");
    is(&a, "sales.0.before.ad_spend.minor", "11");
    /* Nobody told it: that ads were spent does not make it 0. */
    is(&a, "sales.0.freight", "(null)");
    is(&a, "ads.0", "(absent)");
    a = api_ask(f, "GET", "/api/v1/sales", days, NULL);
    is(&a, "totals.0.ad_spend.minor", "700");
    is(&a, "items.0.ad_spend.minor", "0");
    is(&a, "items.0.freight", "(null)");
    /* A day on which ads were shown and nothing was sold. */
    is(&a, "items.1.day", "2026-01-06");
    is(&a, "items.1.ad_spend.minor", "700");
    is(&a, "items.1.orders", "0");
    is(&a, "items.1.profit.minor", "-700");
    a = api_ask(f, "GET", "/api/v1/sales", "by=week&from=2026-01-05&to=2026-01-06&shop=alpha",
                NULL);
    is(&a, "items.0.week", "2026-W02");
    is(&a, "items.0.ad_spend.minor", "700");
    is(&a, "items.0.profit.minor", "2300");
    is(&a, "items.1", "(absent)");
    a = api_ask(f, "GET", "/api/v1/sales", "by=shop&from=2026-01-05&to=2026-01-06", NULL);
    is(&a, "items.0.shop_name", "alpha");
    is(&a, "items.0.ad_spend.minor", "700");
    is(&a, "items.0.profit.minor", "2300");
    a = api_ask(f, "GET", "/api/v1/reports/daily", "date=2026-01-06&shop=alpha", NULL);
    is(&a, "sales.0.ad_spend.minor", "700");
    is(&a, "sales_before.0.ad_spend.minor", "0");
    a = api_ask(f, "GET", "/api/v1/dashboard", "from=2026-01-05&to=2026-01-06&shop=beta", NULL);
    is(&a, "sales.0", "(absent)");
}

/* A shop of less profit comes behind one of more, also where its ads made it less. */
static void shops_are_ranked_after_their_ads(void **state)
{
    struct api_fixture *f = *state;
    sales_day(f, FIXTURE_ALPHA, "shop", "", "2026-01-05", 10000, 8000, 3000, 0);
    sales_day(f, FIXTURE_BETA, "shop", "", "2026-01-05", 9000, 8000, 2900, 0);
    ads_day(f, FIXTURE_BETA, "2026-01-05", 700);
    const char *asked = "by=shop&from=2026-01-05&to=2026-01-05&sort=-profit&limit=1";
    struct answer a = api_ask(f, "GET", "/api/v1/sales", asked, NULL);
    is(&a, "items.0.shop_name", "alpha");
    is(&a, "items.0.ad_spend.minor", "0"); /* of no store: in the totals alone */
    is(&a, "totals.0.ad_spend.minor", "700");
    api_exec(f, "UPDATE shop SET ads_of = 1 WHERE id = 2", NULL, 0);
    a = api_ask(f, "GET", "/api/v1/sales", asked, NULL);
    is(&a, "items.0.shop_name", "beta");
    char next[600];
    snprintf(next, sizeof next, "%s&cursor=%s", asked, answer_text(&a, "next"));
    a = api_ask(f, "GET", "/api/v1/sales", next, NULL);
    is(&a, "items.0.shop_name", "alpha");
    is(&a, "items.0.profit.minor", "2300");
    is(&a, "next", "(null)");
    /* Ads are of a shop's day, of no SKU. */
    sales_day(f, FIXTURE_ALPHA, "sku", "k1", "2026-01-05", 10000, 8000, 3000, 0);
    a = api_ask(f, "GET", "/api/v1/sales", "by=sku&from=2026-01-05&to=2026-01-05", NULL);
    is(&a, "items.0.sku_id", "k1");
    is(&a, "items.0.ad_spend", "(null)");
}

static void a_skus_profit_is_before_ads(void **state)
{
    struct api_fixture *f = *state;
    sales_day(f, FIXTURE_ALPHA, "sku", "k1", "2026-01-05", 10000, 8000, 3000, 1);
    sales_day(f, FIXTURE_ALPHA, "sku", "k2", "2026-01-05", 900, 900, 4000, 0);
    struct answer a = api_ask(f, "GET", "/api/v1/profit", "by=sku&from=2026-01-01&to=2026-01-31",
                              NULL);
    is(&a, "items.0.sku_id", "k2");
    is(&a, "items.0.profit_before_ads.minor", "4000");
    is(&a, "items.0.profit", "(null)");
    is(&a, "items.1.cost_unknown", "1");
    result(f, FIXTURE_ALPHA, "o1", "o1", "2026-01-05", 1000, 300, 0);
    result(f, FIXTURE_ALPHA, "o2", "o2", "2026-01-05", 1000, -1, 0);
    a = api_ask(f, "GET", "/api/v1/profit/orders", "sort=-profit_before_ads", NULL);
    is(&a, "items.0.order_id", "o1");
    is(&a, "items.0.profit_before_ads.minor", "700");
    is(&a, "items.1.profit_before_ads", "(null)");
}

/* --- costs --- */

static void costs_are_said_listed_and_taken_away(void **state)
{
    struct api_fixture *f = *state;
    char today[16];
    struct civil civil;
    zone_from_utc_ms(f->shops[0].zone, clock_now_ms(), &civil);
    snprintf(today, sizeof today, "%04d-%02u-%02u", (int)civil.year, civil.month, civil.day);
    sales_day(f, FIXTURE_ALPHA, "sku", "k1", today, 100, 100, 50, 0);
    sales_day(f, FIXTURE_ALPHA, "sku", "k2", today, 100, 0, 0, 3);
    struct answer a = api_ask(f, "PUT", "/api/v1/costs/alpha/k1/2026-01-05", "",
                              "{\"cost\": \"12.34\", \"note\": \"first\"}");
    assert_int_equal(a.status, 200);
    a = api_ask(
        f, "POST", "/api/v1/costs", "",
        "{\"items\": [{\"shop\": \"alpha\", \"sku_id\": \"k1\", \"from_day\": \"2026-02-01\","
        " \"cost\": \"7\", \"currency\": \"USD\"}, {\"shop\": \"1\", \"sku_id\": \"k1\","
        " \"from_day\": \"2026-03-01\", \"cost\": null}]}");
    is(&a, "set", "2");
    is(&a, "items.0.shop", "1");
    is(&a, "items.1.from_day", "2026-03-01");
    is(&a, "items.0.known", "false");
    a = api_ask(f, "GET", "/api/v1/costs", "", NULL);
    /* What has no cost comes first. */
    is(&a, "items.0.sku_id", "k2");
    is(&a, "items.0.cost_unknown", "3");
    is(&a, "items.1.costs.0.cost.minor", "1234");
    is(&a, "items.1.costs.0.note", "first");
    is(&a, "items.1.costs.1.cost.currency", "USD");
    is(&a, "items.1.costs.2.cost", "(null)");
    a = api_ask(f, "DELETE", "/api/v1/costs/alpha/k1/2026-02-01", "", NULL);
    assert_int_equal(a.status, 200);
    a = api_ask(f, "DELETE", "/api/v1/costs/alpha/k1/2026-02-01", "", NULL);
    assert_int_equal(a.status, 404);
    int64_t lines = 0;
    struct err err;
    api_good(store_read_int(f->store, "SELECT count(*) FROM audit WHERE action LIKE 'cost.%'", NULL,
                            0, 0, &lines, &err),
             &err);
    assert_int_equal(lines, 3);
    api_good(
        store_read_int(f->store,
                       "SELECT count(DISTINCT key_list) FROM touched WHERE table_name = 'sku_cost'",
                       NULL, 0, 0, &lines, &err),
        &err);
    assert_int_equal(lines, 3);
}

/* A merchant's own numbers have slashes in them. */
static void a_sku_with_a_slash_is_one(void **state)
{
    struct api_fixture *f = *state;
    sales_day(f, FIXTURE_ALPHA, "sku", "K/1", "2026-01-05", 100, 100, 50, 0);
    struct answer a = api_ask(f, "PUT", "/api/v1/costs/alpha/K%2F1/2026-01-05", "",
                              "{\"cost\": \"12.34\"}");
    assert_int_equal(a.status, 200);
    a = api_ask(f, "GET", "/api/v1/costs", "period=all", NULL);
    is(&a, "items.0.sku_id", "K/1");
    is(&a, "items.0.costs.0.cost.minor", "1234");
    a = api_ask(f, "DELETE", "/api/v1/costs/alpha/K/1/2026-01-05", "", NULL);
    assert_int_equal(a.status, 404);
    a = api_ask(f, "DELETE", "/api/v1/costs/alpha/K%2f1/2026-01-05", "", NULL);
    assert_int_equal(a.status, 200);
}

static void what_is_no_cost_changes_nothing(void **state)
{
    struct api_fixture *f = *state;
    static const struct {
        const char *path, *body;
        unsigned status;
        const char *code;
    } cases[] = {
        {"/api/v1/costs/alpha/k1/2026-01-05", "{\"cost\": \"12.345\"}", 422, "amount_decimals"},
        {"/api/v1/costs/alpha/k1/2026-01-05", "{\"cost\": \"-1\"}", 422, "cost_range"},
        {"/api/v1/costs/alpha/k1/2026-01-05", "{\"cost\": \"1\", \"currency\": \"XXQ\"}", 422,
         "currency_unknown"},
        {"/api/v1/costs/nobody/k1/2026-01-05", "{\"cost\": \"1\"}", 404, "shop"},
        {"/api/v1/exchange-rates/USD/CNY/2026-01-05", "{\"rate\": \"0\"}", 422, "rate"},
        {"/api/v1/exchange-rates/USD/USD/2026-01-05", "{\"rate\": \"7\"}", 422, "rate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a = api_ask(f, "PUT", cases[i].path, "", cases[i].body);
        if (a.status < 400 || a.status >= 500)
            fail_msg("%s %s: %u", cases[i].path, cases[i].body, a.status);
        if (strcmp(cases[i].code, "shop") != 0)
            is(&a, "code", cases[i].code);
    }
    int64_t rows = 0;
    struct err err;
    api_good(store_read_int(f->store, "SELECT count(*) FROM touched", NULL, 0, 0, &rows, &err),
             &err);
    assert_int_equal(rows, 0);
}

static void a_viewer_changes_nothing_and_sees_only_his_shops(void **state)
{
    struct api_fixture *f = *state;
    static const int64_t beta[] = {FIXTURE_BETA};
    sales_day(f, FIXTURE_ALPHA, "shop", "", "2026-01-05", 10000, 8000, 3000, 1);
    f->person.right = RIGHT_READ;
    struct answer a = api_ask(f, "PUT", "/api/v1/costs/alpha/k1/2026-01-05", "",
                              "{\"cost\": \"1\"}");
    assert_int_equal(a.status, 403);
    f->person.right = RIGHT_OPERATE;
    f->person.all_shops = false;
    f->person.shops = beta;
    f->person.shops_len = 1;
    a = api_ask(f, "PUT", "/api/v1/costs/alpha/k1/2026-01-05", "", "{\"cost\": \"1\"}");
    assert_int_equal(a.status, 404);
    a = api_ask(
        f, "POST", "/api/v1/costs", "",
        "{\"items\": [{\"shop\": \"1\", \"sku_id\": \"k\", \"from_day\": \"2026-01-01\", \"cost\": \"1\"}]}");
    assert_int_equal(a.status, 404);
    /* A rate would change the profit of shops that he does not see. */
    a = api_ask(f, "PUT", "/api/v1/exchange-rates/USD/CNY/2026-01-05", "", "{\"rate\": \"7\"}");
    assert_int_equal(a.status, 403);
    a = api_ask(f, "DELETE", "/api/v1/exchange-rates/USD/CNY/2026-01-05", "", NULL);
    assert_int_equal(a.status, 403);
    a = api_ask(f, "GET", "/api/v1/profit", "by=day&from=2026-01-01&to=2026-01-31", NULL);
    is(&a, "items.0.day", "(absent)");
    ads_day(f, FIXTURE_ALPHA, "2026-01-05", 700);
    a = api_ask(f, "GET", "/api/v1/profit", "by=day&from=2026-01-01&to=2026-01-31", NULL);
    is(&a, "items.0.day", "(absent)");
}

static struct connector *connector_of(struct api_fixture *f, const char *platform)
{
    struct connector *connector = NULL;
    struct err err;
    char name[60];
    snprintf(name, sizeof name, "connectors/%s.yaml", platform);
    const struct embedded_file *one = connector_builtin_files();
    while (one->name && strcmp(one->name, name) != 0)
        one++;
    assert_non_null(one->name);
    api_good(connector_load(str_of(one->name),
                            (struct str){(const char *)one->bytes, one->bytes_len}, f->catalog,
                            &connector, &err),
             &err);
    return connector;
}

/* A number is a number everywhere: a shop that is called like another one's number is not that one. */
static void a_cost_is_of_the_shop_that_is_named(void **state)
{
    struct api_fixture *f = *state;
    struct err err;
    int64_t shop = 0;
    f->shops[0].name = STR("2");
    struct answer a = api_ask(f, "PUT", "/api/v1/costs/2/k1/2026-01-05", "", "{\"cost\": \"1\"}");
    assert_int_equal(a.status, 200);
    api_good(store_read_int(f->store, "SELECT shop_id FROM sku_cost", NULL, 0, 0, &shop, &err),
             &err);
    assert_int_equal(shop, FIXTURE_BETA);
    a = api_ask(f, "POST", "/api/v1/costs", "",
                "{\"items\": [{\"shop\": \"promo/beta\", \"sku_id\": \"k2\","
                " \"from_day\": \"2026-01-01\", \"cost\": \"1\"}]}");
    assert_int_equal(a.status, 200);
    f->shops[0].name = f->shops[1].name = STR("same");
    a = api_ask(f, "PUT", "/api/v1/costs/same/k1/2026-01-05", "", "{\"cost\": \"1\"}");
    assert_int_equal(a.status, 400);
    is(&a, "code", "shop_ambiguous");
    a = api_ask(f, "PUT", "/api/v1/shops/1/ads-of", "", "{\"store\": \"same\"}");
    is(&a, "code", "shop_ambiguous");
}

/* Spend of an account that is left out would be taken off nowhere. */
static void the_ads_of_more_accounts_than_anybody_has_are_taken_off(void **state)
{
    struct api_fixture *f = *state;
    api_exec(f,
             "INSERT INTO shop (id, platform, name, external_id, state, created_ms)"
             " WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
             " SELECT i, 'promo', 's' || i, 'e' || i, 'enabled', 1 FROM n",
             NULL, 0);
    api_exec(f, "UPDATE shop SET ads_of = 1 WHERE id = 5000", NULL, 0);
    sales_day(f, FIXTURE_ALPHA, "shop", "", "2026-01-05", 10000, 8000, 3000, 1);
    ads_day(f, 5000, "2026-01-05", 700);
    struct answer a = api_ask(f, "GET", "/api/v1/profit",
                              "by=day&from=2026-01-01&to=2026-01-31&shop=alpha", NULL);
    is(&a, "items.0.profit.minor", "2300");
}

static void a_cost_says_whether_anybody_sold_it_and_is_of_a_store(void **state)
{
    struct api_fixture *f = *state;
    const char *path = "/api/v1/costs/alpha/k1/2026-01-05";
    struct answer a = api_ask(f, "PUT", path, "", "{\"cost\": \"1\"}");
    assert_int_equal(a.status, 200);
    is(&a, "orders", "0");
    is(&a, "known", "false");
    const struct sql_value hash = sql_bytes(STR("0123456789abcdef"));
    api_exec(
        f,
        "INSERT INTO product (shop_id, sku_id, row_hash, received_ms, changed_ms, first_seen_ms)"
        " VALUES (1, 'k1', ?1, 1, 1, 1)",
        &hash, 1);
    a = api_ask(
        f, "POST", "/api/v1/costs", "",
        "{\"items\": [{\"shop\": \"alpha\", \"sku_id\": \"k1\", \"from_day\": \"2026-02-01\","
        " \"cost\": \"7\"}, {\"shop\": \"1\", \"sku_id\": \"k1l\","
        " \"from_day\": \"2026-03-01\", \"cost\": \"7\"}]}");
    is(&a, "items.0.known", "true");
    is(&a, "items.1.known", "false");
    a = api_ask(f, "PUT", path, "", "{\"cost\": \"1\"}");
    is(&a, "orders", "0");
    is(&a, "known", "true");
    a = api_ask(f, "PUT", "/api/v1/shops/alpha/ads-of", "", "{\"store\": \"1\"}");
    is(&a, "code", "not_a_store");
    const struct connector *before = f->shops[0].connector;
    f->shops[0].connector = connector_of(f, "douplus");
    a = api_ask(f, "PUT", path, "", "{\"cost\": \"1\"}");
    is(&a, "code", "not_a_store");
    a = api_ask(f, "PUT", "/api/v1/shops/beta/ads-of", "", "{\"store\": \"alpha\"}");
    is(&a, "code", "not_a_store");
    assert_int_equal(api_ask(f, "DELETE", path, "", NULL).status, 200);
    connector_free((struct connector *)(uintptr_t)f->shops[0].connector);
    f->shops[0].connector = connector_of(f, "douyin-life");
    assert_int_equal(api_ask(f, "PUT", path, "", "{\"cost\": \"1\"}").status, 200);
    connector_free((struct connector *)(uintptr_t)f->shops[0].connector);
    f->shops[0].connector = before;
}

static void rates_and_persons_are_stored(void **state)
{
    struct api_fixture *f = *state;
    struct answer a = api_ask(f, "PUT", "/api/v1/exchange-rates/USD/CNY/2026-01-05", "",
                              "{\"rate\": \"7.1234\", \"source\": \"bank\"}");
    assert_int_equal(a.status, 200);
    a = api_ask(f, "GET", "/api/v1/exchange-rates", "base=USD", NULL);
    is(&a, "items.0.rate_billionths", "7123400000");
    a = api_ask(f, "DELETE", "/api/v1/exchange-rates/USD/CNY/2026-01-05", "", NULL);
    assert_int_equal(a.status, 200);
    a = api_ask(f, "PUT", "/api/v1/persons/alpha/k1", "", "{\"person\": \"Wang\"}");
    assert_int_equal(a.status, 200);
    a = api_ask(f, "GET", "/api/v1/persons", "", NULL);
    is(&a, "items.0.person", "Wang");
    a = api_ask(f, "PUT", "/api/v1/persons/alpha/k1", "", "{\"person\": \"\"}");
    a = api_ask(f, "GET", "/api/v1/persons", "", NULL);
    is(&a, "items.0.person", "(absent)");
}

/* --- bills --- */

static void a_bills_profit_counts_each_amount_once_and_with_its_sign(void **state)
{
    struct api_fixture *f = *state;
    result(f, FIXTURE_ALPHA, "o1", "PO-1", "2026-01-05", 1000, 300, 0);
    result(f, FIXTURE_ALPHA, "o2", "PO-1", "2026-01-05", 1000, 200, 0);
    /* A number that ends alike is another order. */
    result(f, FIXTURE_ALPHA, "9o1", "XPO-1", "2026-01-05", 1000, 77, 0);
    bill(f, "1", "PO-1", NULL, "sales, sales_discounted", "5000, 4500");
    bill(f, "2", "PO-1", NULL, "reversal", "-700");
    bill(f, "3", "PO-1", NULL, "shipping", "100");
    bill(f, "4", "PO-1", NULL, "shipping, shipping_discounted", "60, 50");
    bill(f, "5", "PO-1", NULL, "first_mile, package_id", "30, 'p1'");
    bill(f, "6", NULL, "o1", "last_mile, package_id", "40, 'p2'");
    bill(f, "7", NULL, "o2", "deduction", "10");
    struct answer a = api_ask(f, "GET", "/api/v1/bills/profit", "totals=1", NULL);
    is(&a, "items.0.po_id", "PO-1");
    is(&a, "items.1.po_id", "(absent)");
    is(&a, "items.0.revenue.minor", "3950"); /* 4500 - 700 + 100 + 50 */
    is(&a, "items.0.goods_cost.minor", "500");
    is(&a, "items.0.orders", "2");
    is(&a, "items.0.parcels", "2");
    is(&a, "items.0.cost.minor", "580");
    is(&a, "items.0.profit.minor", "3370");
    is(&a, "items.0.rate", "0.8532");
    is(&a, "totals.0.profit.minor", "3370");
    is(&a, "totals.0.rate", "0.8532");
}

static void a_po_without_revenue_has_no_cost_of_goods_and_no_rate(void **state)
{
    struct api_fixture *f = *state;
    result(f, FIXTURE_ALPHA, "o1", "PO-1", "2026-01-05", 1000, 300, 0);
    result(f, FIXTURE_ALPHA, "o2", "PO-2", "2026-01-05", 1000, -1, 0);
    result(f, FIXTURE_ALPHA, "o3", "PO-3", "2026-01-05", 1000, 100, 0);
    bill(f, "1", "PO-1", NULL, "sales", "500");
    bill(f, "2", "PO-1", NULL, "reversal", "-500");
    bill(f, "3", "PO-1", NULL, "deduction", "20");
    bill(f, "4", "PO-2", NULL, "sales", "500");
    bill(f, "5", "PO-3", NULL, "reversal", "-50");
    struct answer a = api_ask(f, "GET", "/api/v1/bills/profit", "totals=1", NULL);
    is(&a, "items.0.goods_cost.minor", "0");
    is(&a, "items.0.profit.minor", "-20");
    is(&a, "items.0.rate", "0.0000");
    /* Unknown is not 0. */
    is(&a, "items.1.cost_unknown", "1");
    is(&a, "items.1.profit", "(null)");
    is(&a, "items.1.rate", "(null)");
    is(&a, "items.2.profit.minor", "-150");
    is(&a, "items.2.rate", "0.0000");
    is(&a, "totals.0.unknown", "1");
    is(&a, "totals.0.profit.minor", "-170");
}

/* --- expected payments --- */

static void payments_are_expected_by_the_day_of_delivery_and_by_shop(void **state)
{
    struct api_fixture *f = *state;
    int64_t now_ms = clock_now_ms(), day_ms = 86400000;
    result(f, FIXTURE_ALPHA, "o1", "o1", "2026-01-05", 1000, -1, now_ms - 20 * day_ms);
    result(f, FIXTURE_ALPHA, "o2", "o2", "2026-01-05", 300, -1, now_ms - 2 * day_ms);
    result(f, FIXTURE_BETA, "o3", "o3", "2026-01-05", 50, -1, now_ms - 2 * day_ms);
    result(f, FIXTURE_ALPHA, "o4", "o4", "2026-01-05", 9999, -1, 0); /* not delivered */
    struct answer a = api_ask(f, "GET", "/api/v1/expected-payments", "", NULL);
    is(&a, "items.0.amount.minor", "1000");
    is(&a, "items.0.collected", "true");
    is(&a, "items.1.shop", "1");
    is(&a, "items.1.collected", "false");
    is(&a, "items.2.shop", "2");
    is(&a, "totals.0.amount.minor", "1350");
    is(&a, "totals.0.collected.minor", "1000");
    is(&a, "totals.0.pending.minor", "350");
    is(&a, "items.0.parts", "1");
    is(&a, "totals.0.parts", "3");
    /* One definition: the shop's days, else 8. */
    const struct sql_value one = sql_int(FIXTURE_BETA);
    api_exec(f, "UPDATE shop SET settlement_days = 1 WHERE id = ?1", &one, 1);
    a = api_ask(f, "GET", "/api/v1/expected-payments", "shop=beta", NULL);
    is(&a, "items.0.collected", "true");
    is(&a, "items.1.day", "(absent)");
}

static void products_are_listed_with_who_is_in_charge(void **state)
{
    struct api_fixture *f = *state;
    const struct sql_value hash = sql_bytes(STR("0123456789abcdef"));
    api_exec(f,
             "INSERT INTO product (shop_id, sku_id, name, person, price, currency, row_hash,"
             " received_ms, changed_ms, first_seen_ms)"
             " VALUES (1, 'k1', 'Cup', 'Import', 1234, 'CNY', ?1, 1, 1, 1)",
             &hash, 1);
    struct answer a = api_ask(f, "GET", "/api/v1/products", "q=cup", NULL);
    is(&a, "items.0.person", "Import");
    is(&a, "items.0.price.text", "12.34");
    api_ask(f, "PUT", "/api/v1/persons/alpha/k1", "", "{\"person\": \"Wang\"}");
    a = api_ask(f, "GET", "/api/v1/products", "person=Wang", NULL);
    is(&a, "items.0.person", "Wang");
}

#define API_TEST(f) cmocka_unit_test_setup_teardown(f, money_ready, api_end)

static int money_ready(void **state)
{
    static struct arena arena;
    static struct metric_catalog *metrics;
    if (api_ready(state))
        return -1;
    struct api_fixture *f = *state;
    if (!metrics) {
        arena_init(&arena);
        if (metrics_own(&arena, &metrics, NULL))
            return -1;
    }
    f->host.metrics = metrics;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(a_days_profit_is_after_the_ads_of_its_store),
        API_TEST(a_stores_ad_spend_is_the_same_in_every_answer),
        API_TEST(shops_are_ranked_after_their_ads),
        API_TEST(a_cost_says_whether_anybody_sold_it_and_is_of_a_store),
        API_TEST(the_ads_of_more_accounts_than_anybody_has_are_taken_off),
        API_TEST(a_skus_profit_is_before_ads),
        API_TEST(costs_are_said_listed_and_taken_away),
        API_TEST(a_sku_with_a_slash_is_one),
        API_TEST(what_is_no_cost_changes_nothing),
        API_TEST(a_cost_is_of_the_shop_that_is_named),
        API_TEST(a_viewer_changes_nothing_and_sees_only_his_shops),
        API_TEST(rates_and_persons_are_stored),
        API_TEST(a_bills_profit_counts_each_amount_once_and_with_its_sign),
        API_TEST(a_po_without_revenue_has_no_cost_of_goods_and_no_rate),
        API_TEST(payments_are_expected_by_the_day_of_delivery_and_by_shop),
        API_TEST(products_are_listed_with_who_is_in_charge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

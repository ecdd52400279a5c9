/* Lists, rankings and sums over the API, against rows that were written by hand. */
#include "api/api_fixture.h"

#include "api/list_sql.h"
#include "api/lists.h"

static void order_add(struct api_fixture *f, int64_t shop, const char *id, const char *item,
                      const char *day, const char *currency, int64_t cost, int64_t plays)
{
    int64_t day_ms;
    time_parse(STR("%Y-%m-%d"), zone_utc(), str_of(day), &day_ms, NULL);
    const struct sql_value values[] = {sql_int(shop),
                                       sql_text(str_of(id)),
                                       sql_text(str_of(item)),
                                       sql_text(str_of(day)),
                                       sql_text(str_of(currency)),
                                       sql_int_or_null(cost, cost >= 0),
                                       sql_int_or_null(plays, plays >= 0),
                                       sql_int(day_ms + 4 * 3600000)};
    api_exec(
        f,
        "INSERT INTO ad_result (shop_id, order_id, item_id, day, currency, cost, plays, status,"
        " title, created_ms, budget, told, final, conversions, rate_5s, changed_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'DELIVERIED', 'Summer', ?8, 10000, 1, 0,"
        " 2, 250000, 1)",
        values, 8);
}

static void day_add(struct api_fixture *f, int64_t shop, const char *basis, const char *day,
                    const char *item, const char *currency, int64_t cost, int64_t plays)
{
    const struct sql_value values[] = {
        sql_int(shop),          sql_text(str_of(basis)),    sql_text(str_of(day)),
        sql_text(str_of(item)), sql_text(str_of(currency)), sql_int(cost),
        sql_int(plays),         sql_int(plays * 250000)};
    api_exec(
        f,
        "INSERT INTO ad_day (shop_id, basis, day, item_id, currency, orders, told, provisional,"
        " cost, plays, likes, shares, conversions, budget, rate_5s_weighed, rate_5s_plays)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 2, 2, 1, ?6, ?7, 5, 3, 2, 20000, ?8, ?7)",
        values, 8);
    api_ad_shop_day(f, shop, basis, day);
}

static void sale_add(struct api_fixture *f, int64_t shop, const char *dimension, const char *member,
                     const char *day, int64_t orders, int64_t pieces, int64_t gmv)
{
    const struct sql_value values[] = {sql_int(shop),         sql_text(str_of(dimension)),
                                       sql_text(str_of(day)), sql_text(str_of(member)),
                                       sql_int(orders),       sql_int(pieces),
                                       sql_int(gmv)};
    api_exec(
        f,
        "INSERT INTO trade_day (shop_id, dimension, day, member, currency, orders, pieces, gmv,"
        " refunds, received, goods_cost, freight, commission, profit_before_ads, cost_unknown,"
        " cancelled, shipped, late)"
        " VALUES (?1, ?2, ?3, ?4, 'CNY', ?5, ?6, ?7, 100, ?7, 200, 0, 0, 700, 0, 0, 4, 1)",
        values, 7);
}

static int numbers_ready(void **state)
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
    order_add(f, FIXTURE_ALPHA, "7000000000000000001", "v1", "2026-01-27", "CNY", 5000, 400);
    order_add(f, FIXTURE_ALPHA, "7000000000000000002", "v1", "2026-01-28", "CNY", -1, -1);
    order_add(f, FIXTURE_BETA, "7000000000000000003", "v2", "2026-01-28", "USD", 100, 10);
    order_add(f, FIXTURE_BETA, "7000000000000000001", "v2", "2026-01-28", "CNY", 1999, 10);
    api_names(f);
    return 0;
}

/* --- lists --- */

static void a_list_has_the_forms_of_the_manual(void **state)
{
    struct answer a = api_ask(*state, "GET", "/api/v1/ad-orders", "sort=-cost&limit=2&total=1",
                              NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_text(&a, "total"), "4");
    assert_string_equal(answer_text(&a, "items.0.order_id"), "7000000000000000001");
    assert_int_equal(json_kind_of(answer_at(&a, "items.0.order_id")), JSON_STRING);
    assert_string_equal(answer_text(&a, "items.0.shop"), "1");
    assert_string_equal(answer_text(&a, "items.0.cost.minor"), "5000");
    assert_string_equal(answer_text(&a, "items.0.cost.text"), "50.00");
    assert_string_equal(answer_text(&a, "items.0.cost.currency"), "CNY");
    assert_string_equal(answer_text(&a, "items.0.plays_per_100"), "800.00");
    assert_string_equal(answer_text(&a, "items.0.conversion_cost.minor"), "2500");
    assert_string_equal(answer_text(&a, "items.0.completion_5s"), "0.250000");
    assert_string_equal(answer_text(&a, "items.0.created_at"), "2026-01-27T04:00:00.000Z");
    assert_string_equal(answer_text(&a, "zone"), "Asia/Shanghai");
    assert_string_equal(answer_text(&a, "items.1.cost.minor"), "1999");
    char query[400];
    snprintf(query, sizeof(query), "sort=-cost&limit=2&cursor=%s", answer_text(&a, "next"));
    a = api_ask(*state, "GET", "/api/v1/ad-orders", query, NULL);
    assert_string_equal(answer_text(&a, "items.0.cost.minor"), "100");
    assert_string_equal(answer_text(&a, "items.1.cost"), "(null)"); /* unknown comes last */
    assert_string_equal(answer_text(&a, "items.1.plays_per_100"), "(null)");
    assert_string_equal(answer_text(&a, "next"), "(null)");
    snprintf(query, sizeof(query), "sort=cost&limit=2&cursor=%s", "AAAA");
    a = api_ask(*state, "GET", "/api/v1/ad-orders", query, NULL);
    answer_refuses(&a, 400, "cursor_foreign");
    assert_string_equal(answer_text(&a, "parameter"), "cursor");
}

static void count_is(struct api_fixture *f, const char *query, const char *total)
{
    char all[300];
    snprintf(all, sizeof(all), "total=1&%s", query);
    struct answer a = api_ask(f, "GET", "/api/v1/ad-orders", all, NULL);
    if (a.status != 200 || strcmp(answer_text(&a, "total"), total) != 0)
        fail_msg("%s: %u %.*s, not %s", query, a.status, STR_ARG(a.body), total);
}

static void filters_mean_what_they_say(void **state)
{
    struct api_fixture *f = *state;
    count_is(f, "shop=beta", "2");
    count_is(f, "shop=1&shop[]=2", "4");
    count_is(f, "item_id=v2", "2");
    count_is(f, "from=2026-01-28", "3");
    count_is(f, "to=2026-01-27", "1");
    count_is(f, "cost_min=19.99", "2"); /* of CNY alone */
    count_is(f, "cost_max=19.99", "1");
    count_is(f, "cost_min=1&currency=USD", "1");
    count_is(f, "currency=USD", "1");
    count_is(f, "q=7000000000000000001", "2");
    count_is(f, "q=sUMM", "4");
    count_is(f, "q=%25", "0");
    count_is(f, "q=_", "0");
    count_is(f, "told=false", "0");
    count_is(f, "status=DELIVERIED&status=NONE", "4");
    count_is(f, "plays_min=11", "1");
}

static void refused(struct api_fixture *f, const char *path, const char *query, unsigned status,
                    const char *code)
{
    struct answer a = api_ask(f, "GET", path, query, NULL);
    if (a.status != status)
        fail_msg("%s?%s: %u %.*s", path, query, a.status, STR_ARG(a.body));
    answer_refuses(&a, status, code);
}

static void what_cannot_be_is_refused(void **state)
{
    struct api_fixture *f = *state;
    refused(f, "/api/v1/ad-orders", "sort=nothing", 400, "sort_unknown");
    refused(f, "/api/v1/ad-orders", "sort=cost;DROP TABLE shop", 400, "sort_unknown");
    refused(f, "/api/v1/ad-orders", "limit=0", 400, "parameter_range");
    refused(f, "/api/v1/ad-orders", "limit=1001", 400, "parameter_range");
    refused(f, "/api/v1/ad-orders", "cost_min=1.005", 400, "amount_decimals");
    refused(f, "/api/v1/ad-orders", "cost_min=99999999999999999999", 400, "parameter_money");
    refused(f, "/api/v1/ad-orders", "page=1&cursor=x", 400, "page_and_cursor");
    refused(f, "/api/v1/ad-orders", "cursor=", 400, "cursor_foreign");
    refused(f, "/api/v1/ad-orders", "shop=gamma", 404, "absent");
    refused(f, "/api/v1/videos", "period=7d&from=2026-01-01", 400, "period_twice");
    refused(f, "/api/v1/videos", "from=2026-01-02&to=2026-01-01", 400, "period_order");
    refused(f, "/api/v1/videos", "sort=title", 400, "sort_unknown");
    refused(f, "/api/v1/videos", "page=1000&limit=1000", 400, "page_deep");
    refused(f, "/api/v1/trends", "metric=nothing", 400, "metric_unknown");
}

static void another_persons_shops_are_not_there(void **state)
{
    static const int64_t only[] = {FIXTURE_ALPHA};
    struct api_fixture *f = *state;
    f->person.all_shops = false;
    f->person.shops = only;
    f->person.shops_len = 1;
    f->person.right = RIGHT_READ;
    count_is(f, "", "2");
    refused(f, "/api/v1/ad-orders", "shop=beta", 404, "absent");
    refused(f, "/api/v1/ad-orders/7000000000000000003", "", 404, "absent");
    struct answer a = api_ask(f, "GET", "/api/v1/ad-orders/7000000000000000001", "", NULL);
    assert_int_equal(a.status, 200); /* the other shop's is not there: nothing is ambiguous */
    assert_string_equal(answer_text(&a, "shop"), "1");
    day_add(f, FIXTURE_BETA, "created", "2026-01-28", "v2", "CNY", 100, 10);
    a = api_ask(f, "GET", "/api/v1/videos", "period=all", NULL);
    assert_string_equal(answer_text(&a, "total"), "0");
    refused(f, "/api/v1/videos/v2", "period=all", 404, "absent");
    f->person.shops_len = 0;
    count_is(f, "", "0");
}

static void an_order_that_two_shops_have_needs_its_shop(void **state)
{
    struct api_fixture *f = *state;
    const struct sql_value hash = sql_bytes(STR("0123456789abcdef"));
    refused(f, "/api/v1/ad-orders/7000000000000000001", "", 400, "order_ambiguous");
    api_exec(f,
             "INSERT INTO status_history (shop_id, table_name, key_text, at_ms, status, seen_ms)"
             " VALUES (2, 'ad_order', '7000000000000000001', 1000, 'DELIVERING', 2000)",
             NULL, 0);
    api_exec(f,
             "INSERT INTO ad_figure_day (shop_id, order_id, day, currency, cost, plays, row_hash,"
             " received_ms, first_seen_ms, changed_ms)"
             " VALUES (2, '7000000000000000001', '2026-01-28', 'CNY', 12, 3, ?1, 1, 1, 1)",
             &hash, 1);
    struct answer a = api_ask(f, "GET", "/api/v1/ad-orders/7000000000000000001", "shop=beta", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_text(&a, "cost.minor"), "1999");
    assert_string_equal(answer_text(&a, "history.0.status"), "DELIVERING");
    assert_string_equal(answer_text(&a, "days.0.cost.minor"), "12");
    assert_string_equal(answer_text(&a, "days.0.plays_per_100"), "2500.00");
    a = api_ask(f, "GET", "/api/v1/ad-orders/7000000000000000001/snapshots", "shop=beta", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_text(&a, "next"), "(null)");
}

/* --- sums --- */

static void a_video_of_two_shops_is_one_row_and_currencies_are_two(void **state)
{
    struct api_fixture *f = *state;
    day_add(f, FIXTURE_ALPHA, "created", "2026-01-27", "v1", "CNY", 100, 10);
    day_add(f, FIXTURE_BETA, "created", "2026-01-28", "v1", "CNY", 300, 30);
    day_add(f, FIXTURE_BETA, "created", "2026-01-28", "v1", "USD", 7, 1);
    day_add(f, FIXTURE_BETA, "created", "2026-01-28", "", "CNY", 9999, 1); /* no video */
    day_add(f, FIXTURE_BETA, "created", "2026-01-28", "v2", "CNY", 500, 0);
    day_add(f, FIXTURE_BETA, "spent", "2026-01-28", "v2", "CNY", 123456, 0);
    struct answer a = api_ask(f, "GET", "/api/v1/videos", "period=all&sort=-cost", NULL);
    assert_string_equal(answer_text(&a, "total"), "3");
    assert_string_equal(answer_text(&a, "items.0.item_id"), "v2");
    assert_string_equal(answer_text(&a, "items.1.item_id"), "v1");
    assert_string_equal(answer_text(&a, "items.1.cost.minor"), "400");
    assert_string_equal(answer_text(&a, "items.1.plays"), "40");
    assert_string_equal(answer_text(&a, "items.1.orders"), "4");
    assert_string_equal(answer_text(&a, "items.1.completion_5s"), "0.250000");
    assert_string_equal(answer_text(&a, "items.2.currency"), "USD");
    a = api_ask(f, "GET", "/api/v1/videos", "period=all&split=shop&limit=1&sort=cost", NULL);
    assert_string_equal(answer_text(&a, "total"), "4");
    assert_string_equal(answer_text(&a, "items.0.shop_name"), "beta");
    char query[500];
    snprintf(query, sizeof(query), "period=all&split=shop&limit=1&sort=cost&cursor=%s",
             answer_text(&a, "next"));
    a = api_ask(f, "GET", "/api/v1/videos", query, NULL);
    assert_string_equal(answer_text(&a, "items.0.cost.minor"), "100");
    a = api_ask(f, "GET", "/api/v1/shops/statistics", "period=all", NULL);
    assert_string_equal(answer_text(&a, "totals.0.videos"), "2");
    assert_string_equal(answer_text(&a, "totals.0.cost.minor"), "10899");
    assert_string_equal(answer_text(&a, "totals.1.currency"), "USD");
    a = api_ask(f, "GET", "/api/v1/shops/alpha/statistics", "from=2026-01-27&to=2026-01-27", NULL);
    assert_string_equal(answer_text(&a, "totals.0.cost.minor"), "100");
    a = api_ask(f, "GET", "/api/v1/shops/alpha/statistics", "from=2026-01-28", NULL);
    assert_string_equal(answer_text(&a, "totals.0"), "(absent)");
    a = api_ask(f, "GET", "/api/v1/shops/statistics", "period=all&basis=spent", NULL);
    assert_string_equal(answer_text(&a, "totals.0.cost.minor"), "123456");
}

/* Today of a zone, and a day as many days later. */
static const char *today_of(const struct zone *zone, int64_t days)
{
    static char texts[4][16];
    static unsigned turn;
    struct civil civil;
    char *out = texts[turn++ % 4];
    zone_from_utc_ms(zone, clock_now_ms() + days * 86400000, &civil);
    snprintf(out, sizeof(texts[0]), "%04d-%02u-%02u", (int)civil.year, civil.month, civil.day);
    return out;
}

static void each_shop_has_its_own_today(void **state)
{
    struct api_fixture *f = *state;
    const struct zone *ahead, *behind; /* 26 hours apart: never in the same day */
    assert_int_equal(zone_find(STR("+14:00"), &ahead, NULL), ERR_OK);
    assert_int_equal(zone_find(STR("-12:00"), &behind, NULL), ERR_OK);
    f->shops[0].zone = ahead;
    f->shops[1].zone = behind;
    day_add(f, FIXTURE_ALPHA, "created", today_of(ahead, 0), "v1", "CNY", 1, 10);
    day_add(f, FIXTURE_ALPHA, "created", today_of(ahead, -1), "v1", "CNY", 20, 10);
    day_add(f, FIXTURE_BETA, "created", today_of(behind, 0), "v1", "CNY", 300, 10);
    day_add(f, FIXTURE_BETA, "created", today_of(behind, 1), "v1", "CNY", 4000, 10);
    struct answer a = api_ask(f, "GET", "/api/v1/shops/statistics", "period=today", NULL);
    assert_string_equal(answer_text(&a, "totals.0.cost.minor"), "301");
    assert_string_equal(answer_text(&a, "zone"), "(null)");
    assert_string_equal(answer_text(&a, "periods_of_zones.1.to"), today_of(behind, 0));
    a = api_ask(f, "GET", "/api/v1/dashboard", "shop=alpha", NULL);
    assert_string_equal(answer_text(&a, "ads.0.cost.minor"), "1");
    assert_string_equal(answer_text(&a, "ads.0.before.cost.minor"), "20");
    char query[60];
    snprintf(query, sizeof(query), "from=%s&to=%s", today_of(behind, 0), today_of(behind, 0));
    a = api_ask(f, "GET", "/api/v1/shops/beta/statistics", query, NULL);
    assert_string_equal(answer_text(&a, "totals.0.cost.minor"), "300");
}

static void profit_takes_what_was_spent_on_those_days(void **state)
{
    struct api_fixture *f = *state;
    sale_add(f, FIXTURE_ALPHA, "shop", "", "2026-01-28", 3, 5, 1000);
    sale_add(f, FIXTURE_ALPHA, "shop", "", "2026-01-27", 1, 1, 400);
    day_add(f, FIXTURE_ALPHA, "created", "2026-01-28", "v1", "CNY", 100, 10);
    day_add(f, FIXTURE_ALPHA, "spent", "2026-01-28", "v1", "CNY", 250, 10);
    struct answer a = api_ask(f, "GET", "/api/v1/dashboard", "from=2026-01-28&to=2026-01-28", NULL);
    assert_string_equal(answer_text(&a, "ads.0.cost.minor"), "100");
    assert_string_equal(answer_text(&a, "ads.0.provisional"), "1");
    assert_string_equal(answer_text(&a, "sales.0.gmv.minor"), "1000");
    assert_string_equal(answer_text(&a, "sales.0.ad_spend.minor"), "250");
    assert_string_equal(answer_text(&a, "sales.0.roi"), "4.00");
    assert_string_equal(answer_text(&a, "sales.0.before.gmv.minor"), "400");
    assert_string_equal(answer_text(&a, "sales.0.before.ad_spend.minor"), "0");
}

static void days_without_orders_are_zeros(void **state)
{
    struct api_fixture *f = *state;
    day_add(f, FIXTURE_ALPHA, "created", "2026-01-20", "v1", "CNY", 700, 10);
    day_add(f, FIXTURE_ALPHA, "created", "2026-01-22", "v1", "CNY", 1400, 30);
    struct answer a = api_ask(f, "GET", "/api/v1/trends", "period=all", NULL);
    assert_string_equal(answer_text(&a, "items.0.days.1.day"), "2026-01-21");
    assert_string_equal(answer_text(&a, "items.0.days.1.cost.minor"), "0");
    assert_string_equal(answer_text(&a, "items.0.days.1.plays_per_100"), "0.00");
    assert_string_equal(answer_text(&a, "items.0.days.2.average_7d.minor"), "700");
    assert_string_equal(answer_text(&a, "items.0.days.3"), "(absent)");
    a = api_ask(f, "GET", "/api/v1/trends", "from=2026-01-01&to=2026-01-28&metric=plays_per_100",
                NULL);
    assert_string_equal(answer_text(&a, "items.0.days.27.day"), "2026-01-28");
    assert_string_equal(answer_text(&a, "items.0.days.27.average_7d"),
                        "214.29"); /* 30 for 14.00: the 22nd and later */
    assert_string_equal(answer_text(&a, "items.0.growth"), "(null)");
}

/* --- trade --- */

static void part_add(struct api_fixture *f, int64_t shop, const char *id, const char *parent,
                     const char *sku, const char *status, int64_t counts, int64_t gmv)
{
    const struct sql_value hash = sql_bytes(STR("0123456789abcdef"));
    const struct sql_value order[] = {
        sql_int(shop),         sql_text(str_of(id)),     sql_text(str_of(parent)),
        sql_text(str_of(sku)), sql_text(str_of(status)), hash};
    const struct sql_value result[] = {
        sql_int(shop),         sql_text(str_of(id)), sql_text(str_of(parent)),
        sql_text(str_of(sku)), sql_int(counts),      sql_int(gmv)};
    api_exec(
        f,
        "INSERT INTO trade_order (shop_id, order_id, parent_id, sku_id, status, sku_name,"
        " phone_cipher, phone_mask, currency, row_hash, received_ms, first_seen_ms, changed_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 'Red shoe', 'sealed', '138****8000', 'CNY', ?6, 1, 1, 1)",
        order, 6);
    api_exec(
        f,
        "INSERT INTO trade_result (shop_id, order_id, parent_id, sku_id, spu_id, person, stage,"
        " counts, created_ms, day, currency, pieces, gmv, refunds, received, changed_ms)"
        " VALUES (?1, ?2, ?3, ?4, 'P', 'Li', 'paid', ?5, 1769572800000, '2026-01-28', 'CNY', 2,"
        " ?6, 0, ?6, 1)",
        result, 6);
}

static void trade_fill(struct api_fixture *f)
{
    part_add(f, FIXTURE_ALPHA, "PO1-1", "PO1", "S1", "2", 1, 1000);
    part_add(f, FIXTURE_ALPHA, "PO1-2", "PO1", "S2", "3", 0, 500);
    part_add(f, FIXTURE_ALPHA, "PO1-3", "PO1", "S3", "4", 1, 300);
    part_add(f, FIXTURE_ALPHA, "PO2", "PO2", "S1", "4", 1, 700);
    part_add(f, FIXTURE_BETA, "PO2", "PO2", "S9", "4", 1, 900);
    api_names(f);
}

/* What only a search looks at. */
static void trade_words_add(struct api_fixture *f)
{
    static const char *const statements[] = {
        "UPDATE trade_order SET sku_code = 'code-7' WHERE order_id = 'PO1-3'",
        "UPDATE trade_order SET package_id = '5550001' WHERE sku_id IN ('S2', 'S3', 'S9')",
        "UPDATE trade_order SET sku_name = 'Red shoe 1234567890' WHERE sku_id = 'S9'",
        "UPDATE trade_order SET sku_name = 'Red shoe like 9876543210' WHERE order_id = 'PO1-1'"};
    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
        api_exec(f, statements[i], NULL, 0);
    part_add(f, FIXTURE_BETA, "PO3", "PO3", "9876543210", "4", 0, 900);
    api_exec(f, "UPDATE trade_order SET sku_name = 'hat' WHERE order_id = 'PO3'", NULL, 0);
    api_exec(
        f,
        "UPDATE trade_result SET day = '2026-01-27', person = '', stage = 'x' WHERE order_id = 'PO3'",
        NULL, 0);
    api_names(f);
}

static const char *as_of(struct api_fixture *f)
{
    struct answer a = api_ask(f, "GET", "/api/v1/trade-orders", "", NULL);
    assert_int_equal(a.status, 200);
    return answer_text(&a, "as_of");
}

/* A shop that waits for its consent is complete up to the moment before its beginning, years ago: that is nothing. */
static void nothing_is_complete_before_the_first_window(void **state)
{
    struct api_fixture *f = *state;
    const char *add =
        "INSERT INTO stream_state (shop_id, stream, since_ms, complete_up_to_ms) VALUES"
        " (?1, ?2, 1769572800000, ?3)";
    const struct sql_value read[] = {sql_int(FIXTURE_ALPHA), sql_text(STR("orders")),
                                     sql_int(1769573800000)};
    const struct sql_value unread[] = {sql_int(FIXTURE_BETA), sql_text(STR("orders")),
                                       sql_int(1769572799000)};
    api_exec(f, add, read, 3);
    api_exec(f, add, unread, 3);
    assert_string_equal(as_of(f), "(null)");
    api_exec(f, "UPDATE stream_state SET complete_up_to_ms = since_ms WHERE shop_id = ?1", unread,
             1);
    assert_string_equal(as_of(f), "2026-01-28T04:00:00.000Z");
}

static void a_page_never_cuts_an_order(void **state)
{
    struct api_fixture *f = *state;
    trade_fill(f);
    struct answer a = api_ask(f, "GET", "/api/v1/trade-orders", "limit=1&shop=alpha&total=1", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_text(&a, "total"), "2");
    assert_string_equal(answer_text(&a, "items.0.order_id"), "PO2");
    char query[500];
    snprintf(query, sizeof(query), "limit=1&shop=alpha&cursor=%s", answer_text(&a, "next"));
    a = api_ask(f, "GET", "/api/v1/trade-orders", query, NULL);
    assert_string_equal(answer_text(&a, "items.0.order_id"), "PO1");
    assert_string_equal(answer_text(&a, "items.0.parts.2.order_id"), "PO1-3");
    assert_string_equal(answer_text(&a, "items.0.parts.3"), "(absent)");
    assert_string_equal(answer_text(&a, "items.0.parts.0.phone"), "138****8000");
    assert_string_equal(answer_text(&a, "items.0.together.gmv.minor"), "1300");
    assert_string_equal(answer_text(&a, "items.0.together.pieces"), "4");
    assert_true(str_find(a.body, STR("sealed")) == SIZE_MAX);
}

static void a_search_finds_numbers_and_parts_of_names(void **state)
{
    static const char *const asked[][2] = {
        {"q=%20S9%0A", "1"},   {"q=code-7", "1"},
        {"q=CODE-7", "0"},     /* a number is looked for as it is */
        {"q=5550001", "2"},    /* a parcel of two parts of one order, and of another */
        {"q=1234567890", "1"}, /* a part of a name, where no number is that */
        {"q=9876543210", "1"}, /* a SKU; not the name that says so too */
    };
    struct api_fixture *f = *state;
    trade_fill(f);
    trade_words_add(f);
    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
        char query[100];
        snprintf(query, sizeof(query), "total=1&%s", asked[i][0]);
        struct answer a = api_ask(f, "GET", "/api/v1/trade-orders", query, NULL);
        if (a.status != 200 || strcmp(answer_text(&a, "total"), asked[i][1]) != 0)
            fail_msg("%s: %u %.*s", asked[i][0], a.status, STR_ARG(a.body));
    }
}

static void a_filter_is_met_by_any_part(void **state)
{
    static const char *const asked[][2] = {
        {"status=3", "1"},
        {"sku_id=S3", "1"},
        {"sku_id=S1", "2"},
        {"q=PO1-2", "1"},
        {"q=PO2", "2"},
        {"q=red%20SHOE", "3"},
        {"q=S9", "1"},
        {"counts=false", "1"},
        {"person=Li&stage=paid", "3"},
        {"person=Wang", "0"},
        {"from=2026-01-29", "0"},
        /* one part that is all of it; an order once, whichever of its parts it is met at */
        {"status=2&sku_id=S2", "0"},
        {"status=3&sku_id=S2", "1"},
        {"counts=true&sku_id=S3&sku_id=S1", "2"},
        {"status=4&shop=alpha", "2"},
        {"counts=true&shop=alpha", "2"}};
    struct api_fixture *f = *state;
    trade_fill(f);
    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
        char query[100];
        snprintf(query, sizeof(query), "total=1&%s", asked[i][0]);
        struct answer a = api_ask(f, "GET", "/api/v1/trade-orders", query, NULL);
        if (a.status != 200 || strcmp(answer_text(&a, "total"), asked[i][1]) != 0)
            fail_msg("%s: %u %.*s", asked[i][0], a.status, STR_ARG(a.body));
    }
    struct answer a = api_ask(f, "GET", "/api/v1/trade-parts", "sort=-gmv&gmv_min=7", NULL);
    assert_string_equal(answer_text(&a, "items.0.gmv.minor"), "1000");
    assert_string_equal(answer_text(&a, "items.0.profit_before_ads"),
                        "(null)"); /* its cost is not known */
    a = api_ask(f, "GET", "/api/v1/trade-orders", "limit=1&counts=true&shop=alpha&sort=created_at",
                NULL);
    assert_string_equal(answer_text(&a, "items.0.order_id"), "PO1");
    char later[500];
    snprintf(later, sizeof(later), "limit=1&counts=true&shop=alpha&sort=created_at&cursor=%s",
             answer_text(&a, "next"));
    a = api_ask(f, "GET", "/api/v1/trade-orders", later, NULL);
    assert_string_equal(answer_text(&a, "items.0.order_id"), "PO2");
    assert_string_equal(answer_text(&a, "next"), "(null)");
    refused(f, "/api/v1/trade-orders/PO2", "", 400, "order_ambiguous");
    a = api_ask(f, "GET", "/api/v1/trade-orders/PO1-2", "", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_text(&a, "order_id"), "PO1");
    assert_string_equal(answer_text(&a, "details.1.order_id"), "PO1-2");
    refused(f, "/api/v1/trade-orders/PO9", "", 404, "absent");
}

static void sales_come_by_day_week_month_and_member(void **state)
{
    struct api_fixture *f = *state;
    sale_add(f, FIXTURE_ALPHA, "shop", "", "2024-12-29", 1, 1, 100);
    sale_add(f, FIXTURE_ALPHA, "shop", "", "2024-12-30", 1, 2,
             200); /* Monday of 2025's first week */
    sale_add(f, FIXTURE_ALPHA, "shop", "", "2025-01-01", 1, 3, 300);
    sale_add(f, FIXTURE_ALPHA, "sku", "S1", "2025-01-01", 1, 2, 200);
    sale_add(f, FIXTURE_ALPHA, "sku", "S2", "2025-01-01", 1, 1, 100);
    sale_add(f, FIXTURE_ALPHA, "person", "Li", "2025-01-01", 1, 3, 300);
    struct answer a = api_ask(f, "GET", "/api/v1/sales", "period=all&by=week", NULL);
    assert_string_equal(answer_text(&a, "items.0.week"), "2024-W52");
    assert_string_equal(answer_text(&a, "items.1.week"), "2025-W01");
    assert_string_equal(answer_text(&a, "items.1.from"), "2024-12-30");
    assert_string_equal(answer_text(&a, "items.1.gmv.minor"), "500");
    a = api_ask(f, "GET", "/api/v1/sales", "period=all&by=month", NULL);
    assert_string_equal(answer_text(&a, "items.0.month"), "2024-12");
    assert_string_equal(answer_text(&a, "items.0.pieces"), "3");
    assert_string_equal(answer_text(&a, "totals.0.gmv.minor"), "600");
    a = api_ask(f, "GET", "/api/v1/sales", "period=all&by=sku&sort=pieces", NULL);
    assert_string_equal(answer_text(&a, "items.0.sku_id"), "S2");
    a = api_ask(f, "GET", "/api/v1/sales/hot", "month=2025-01", NULL);
    assert_string_equal(answer_text(&a, "items.0.person"), "Li");
    assert_string_equal(answer_text(&a, "period.to"), "2025-01-31");
    refused(f, "/api/v1/sales/hot", "month=2025-13", 400, "parameter_day");
    a = api_ask(f, "GET", "/api/v1/delay-rate", "period=all", NULL);
    assert_string_equal(answer_text(&a, "all.delay_rate"), "0.2500");
    assert_string_equal(answer_text(&a, "items.0.shop_name"), "alpha");
    a = api_ask(f, "GET", "/api/v1/reports/weekly", "date=2025-01-05", NULL);
    assert_string_equal(answer_text(&a, "period.from"), "2024-12-30");
    assert_string_equal(answer_text(&a, "sales.0.gmv.minor"), "500");
    assert_string_equal(answer_text(&a, "sales_before.0.gmv.minor"), "100");
    assert_string_equal(answer_text(&a, "skus.0.sku_id"), "S1");
    a = api_ask(f, "GET", "/api/v1/reports/daily", "date=2025-01-01", NULL);
    assert_string_equal(answer_text(&a, "sales.0.pieces"), "3");
    refused(f, "/api/v1/reports/yearly", "", 400, "parameter_word");
    a = api_ask(f, "GET", "/api/v1/stock-plan", "past=30", NULL);
    assert_int_equal(a.status, 200);
}

static const char *const a_view =
    "{\"name\":\"mine\",\"list\":\"ad-orders\",\"filters\":{\"status\":[\"DELIVERIED\"],\"cost_min\":\"5\","
    "\"shop\":\"alpha\"},\"sort\":\"-cost\",\"columns\":[\"order_id\",\"cost\"],\"widths\":{\"cost\":120},"
    "\"default\":true}";

static struct answer view_send(struct api_fixture *f, const char *method, const char *path,
                               const char *from, const char *to)
{
    char body[1000];
    const char *at = from ? strstr(a_view, from) : NULL;
    snprintf(body, sizeof(body), "%.*s%s%s", at ? (int)(at - a_view) : (int)strlen(a_view), a_view,
             at ? to : "", at ? at + strlen(from) : "");
    return api_ask(f, method, path, "", body);
}

static void a_view_tells_no_shop_that_is_not_his(struct api_fixture *f)
{
    static const int64_t beta[] = {FIXTURE_BETA};
    const struct person before = f->person;
    struct answer a = api_ask(
        f, "POST", "/api/v1/views", "",
        "{\"name\": \"both\", \"list\": \"ad-orders\", \"public\": true, \"filters\":"
        " {\"shop\": [\"alpha\", \"beta\"], \"cost_min\": \"5\"}, \"columns\": [\"order_id\"]}");
    assert_int_equal(a.status, 201);
    a = api_ask(
        f, "POST", "/api/v1/views", "",
        "{\"name\": \"one\", \"list\": \"ad-orders\", \"public\": true, \"filters\": {\"shop\": \"alpha\"}}");
    assert_int_equal(a.status, 201);
    char path[60];
    snprintf(path, sizeof(path), "/api/v1/views/%s", answer_text(&a, "id"));
    f->person.user_id = 2;
    f->person.all_shops = false;
    f->person.shops = beta;
    f->person.shops_len = 1;
    a = api_ask(f, "GET", path, "", NULL);
    answer_refuses(&a, 404, "absent");
    a = api_ask(f, "GET", "/api/v1/views", "list=ad-orders", NULL);
    assert_true(str_find(a.body, STR("alpha")) == SIZE_MAX);
    assert_true(str_find(a.body, STR("\"shop\":[\"beta\"]")) != SIZE_MAX);
    assert_true(str_find(a.body, STR("cost_min")) != SIZE_MAX);
    f->person = before;
    a = api_ask(f, "GET", path, "", NULL);
    assert_true(str_find(a.body, STR("alpha")) != SIZE_MAX);
}

static void a_view_is_saved_as_its_list_allows(void **state)
{
    static const char *const bad[][4] = {
        {"\"status\"", "\"sort\"", "400", "view_filters"},
        {"[\"DELIVERIED\"]", "{}", "400", "view_filters"},
        {"-cost", "-title", "400", "sort_unknown"},
        {"[\"order_id\",", "[\"nothing\",", "400", "view_columns"},
        {"[\"order_id\",", "[\"cost\",", "400", "view_columns"},
        {"120", "0", "400", "view_columns"},
        {"ad-orders", "users", "400", "parameter_word"},
    };
    struct api_fixture *f = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct answer a = view_send(f, "POST", "/api/v1/views", bad[i][0], bad[i][1]);
        answer_refuses(&a, 400, bad[i][3]);
    }
    /* Whole orders also show what their parts say, as their file names it; other lists do not. */
    struct answer a = api_ask(
        f, "POST", "/api/v1/views", NULL,
        "{\"name\":\"whole\",\"list\":\"trade-orders\",\"columns\":[\"order_id\","
        "\"parts.sku_name\",\"together.gmv\"],\"widths\":{\"parts.sku_name\":90}}");
    assert_int_equal(a.status, 201);
    a = api_ask(f, "POST", "/api/v1/views", NULL,
                "{\"name\":\"w\",\"list\":\"trade-orders\",\"columns\":[\"parts.nothing\"]}");
    answer_refuses(&a, 400, "view_columns");
    a = api_ask(f, "POST", "/api/v1/views", NULL,
                "{\"name\":\"w\",\"list\":\"trade-parts\",\"columns\":[\"parts.sku_name\"]}");
    answer_refuses(&a, 400, "view_columns");
    a = view_send(f, "POST", "/api/v1/views", NULL, NULL);
    assert_int_equal(a.status, 201);
    assert_string_equal(answer_text(&a, "view.filters.cost_min"), "5");
    assert_string_equal(answer_text(&a, "view.columns.1"), "cost");
    assert_string_equal(answer_text(&a, "default"), "true");
    char path[60];
    snprintf(path, sizeof(path), "/api/v1/views/%s", answer_text(&a, "id"));
    a = view_send(f, "POST", "/api/v1/views", NULL, NULL);
    answer_refuses(&a, 409, "view_exists");
    a = view_send(f, "POST", "/api/v1/views", "mine", "second");
    assert_int_equal(a.status, 201); /* now this one is the first that he sees */
    a = api_ask(f, "GET", path, "", NULL);
    assert_string_equal(answer_text(&a, "default"), "false");

    f->person.user_id = 2; /* somebody else */
    a = api_ask(f, "GET", path, "", NULL);
    answer_refuses(&a, 404, "absent");
    a = view_send(f, "PUT", path, "mine", "taken");
    answer_refuses(&a, 404, "absent");
    a = api_ask(f, "DELETE", path, "", NULL);
    answer_refuses(&a, 404, "absent");
    f->person.user_id = 1;
    a = view_send(f, "PUT", path, "\"default\":true", "\"public\":true");
    assert_int_equal(a.status, 200);
    f->person.user_id = 2;
    a = api_ask(f, "GET", "/api/v1/views", "list=ad-orders", NULL);
    assert_string_equal(answer_text(&a, "items.0.name"), "mine");
    assert_string_equal(answer_text(&a, "items.0.own"), "false");
    assert_string_equal(answer_text(&a, "items.1"), "(absent)");
    f->person.user_id = 1;
    assert_int_equal(api_ask(f, "DELETE", path, "", NULL).status, 204);
    a_view_tells_no_shop_that_is_not_his(f);
    int64_t lines;
    assert_int_equal(store_read_int(f->store,
                                    "SELECT count(*) FROM audit WHERE action LIKE 'view.%'", NULL,
                                    0, 0, &lines, NULL),
                     ERR_OK);
    assert_int_equal(lines, 7);
}

static void every_sort_and_filter_of_a_list_is_there(void **state)
{
    /* The routes' parameters say what the declaration has: names that filter are columns, and each column that sorts does. */
    struct api_fixture *f = *state;
    for (const struct list_column *column = ad_order_list.columns; column->name; column++) {
        char query[100];
        if (!column->sorts)
            continue;
        for (int down = 0; down < 2; down++) {
            snprintf(query, sizeof(query), "sort=%s%s", down ? "-" : "", column->name);
            assert_int_equal(api_ask(f, "GET", "/api/v1/ad-orders", query, NULL).status, 200);
        }
    }
    for (size_t i = 0; route_tables[i]; i++)
        for (const struct route *route = route_tables[i]; route->path; route++)
            for (const struct param *p = route->params; p && p->name; p++)
                if (p->filter && p->filter != LIST_SEARCH && strcmp(route->name, "adOrders") == 0)
                    list_column(&ad_order_list, p->column); /* asserts */
}

static void the_catalogue_is_told(void **state)
{
    struct answer a = api_ask(*state, "GET", "/api/v1/metrics", "", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_text(&a, "ad.0.name"), "orders");
    assert_string_equal(answer_text(&a, "ad.0.unit"), "count");
}

#define NUMBERS_TEST(f) cmocka_unit_test_setup_teardown(f, numbers_ready, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NUMBERS_TEST(a_list_has_the_forms_of_the_manual),
        NUMBERS_TEST(filters_mean_what_they_say),
        NUMBERS_TEST(what_cannot_be_is_refused),
        NUMBERS_TEST(another_persons_shops_are_not_there),
        NUMBERS_TEST(an_order_that_two_shops_have_needs_its_shop),
        NUMBERS_TEST(a_video_of_two_shops_is_one_row_and_currencies_are_two),
        NUMBERS_TEST(each_shop_has_its_own_today),
        NUMBERS_TEST(profit_takes_what_was_spent_on_those_days),
        NUMBERS_TEST(days_without_orders_are_zeros),
        NUMBERS_TEST(nothing_is_complete_before_the_first_window),
        NUMBERS_TEST(a_page_never_cuts_an_order),
        NUMBERS_TEST(a_filter_is_met_by_any_part),
        NUMBERS_TEST(a_search_finds_numbers_and_parts_of_names),
        NUMBERS_TEST(sales_come_by_day_week_month_and_member),
        NUMBERS_TEST(a_view_is_saved_as_its_list_allows),
        NUMBERS_TEST(every_sort_and_filter_of_a_list_is_there),
        NUMBERS_TEST(the_catalogue_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

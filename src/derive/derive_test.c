#include "derive/ad_fixture.h"

/* 2026-05-31 23:59:59.999 and one millisecond later in Shanghai. */
#define MAY "1780243199999"
#define JUNE "1780243200000"
#define RESULT(columns, id) "SELECT " columns " FROM ad_result WHERE order_id = '" id "'"
#define DAYS(columns)                                                                              \
    "SELECT basis, day, item_id, " columns " FROM ad_day ORDER BY basis, day, item_id, currency"

static void order_put(struct fixture *f, const char *text)
{
    row_put(f, SHOP, "ad_order", text);
}

static enum err_class zone_work(struct tx *tx, void *context, struct err *err)
{
    (void)context;
    return zone_said(tx, SHOP, clock_now_ms(), err);
}

static void a_row_that_is_the_same_touches_nothing(void **state)
{
    struct fixture *f = *state;
    static const char order[] = "order_id=1 status=RUN currency=CNY created_at=" MAY;
    struct unit_counts counts = row_put(f, SHOP, "ad_order", order);
    assert_int_equal(counts.touched, 1);
    assert_string_equal(
        read_rows(f, "SELECT shop_id, table_name, key_count, key_list FROM touched"),
        "7,ad_order,1,[\"1\"]");
    assert_string_equal(read_rows(f, "SELECT lane, kind, unique_key FROM task"), "7,derive,derive");
    assert_int_equal(derive_all(f), 1);
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM task"), 0);
    counts = row_put(f, SHOP, "ad_order", order);
    assert_int_equal(counts.rows[ROW_SAME], 1);
    assert_int_equal(counts.touched, 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM task"), 0);
    /* A table that nothing is derived from. */
    counts = row_put(f, SHOP, "ad_figure_snapshot", "order_id=1 at=300000 cost=5");
    assert_int_equal(counts.rows[ROW_NEW], 1);
    assert_int_equal(counts.touched, 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM task"), 0);
}

static void an_order_has_its_latest_figures_and_their_ratios(void **state)
{
    struct fixture *f = *state;
    order_put(f,
              "order_id=1 item_id=v status=RUN currency=CNY budget=10000 title=T created_at=" MAY);
    derive_all(f);
    assert_string_equal(
        read_rows(f, RESULT("item_id, day, told, final, cost, conversion_cost, plays_per_100, "
                            "like_rate, rate_5s, figures_ms",
                            "1")),
        "v,2026-05-31,0,0,-,-,-,-,-,-");
    row_put(
        f, SHOP, "ad_figure",
        "order_id=1 currency=CNY cost=1575 plays=2000 likes=3 shares=1 conversions=2 rate_5s=250000");
    derive_all(f);
    assert_string_equal(
        read_rows(f, RESULT("told, cost, conversion_cost, plays_per_100, like_rate, "
                            "share_rate, rate_5s, comments",
                            "1")),
        "1,1575,788,1269841,15,5,250000,-");
    /* It goes down to nothing, and 0 is a value. */
    row_put(f, SHOP, "ad_figure",
            "order_id=1 currency=CNY cost=0 plays=0 likes=0 shares=0 conversions=0 rate_5s=0");
    derive_all(f);
    assert_string_equal(
        read_rows(f, RESULT("told, cost, conversion_cost, plays_per_100, like_rate, "
                            "share_rate, rate_5s",
                            "1")),
        "1,0,-,0,0,0,0");
    assert_string_equal(read_rows(f, DAYS("orders, told, provisional, budget, cost, comments, "
                                          "rate_5s_weighed, rate_5s_plays")),
                        "created,2026-05-31,v,1,1,1,10000,0,-,0,0");
}

static void a_day_ends_at_the_shops_midnight(void **state)
{
    struct fixture *f = *state;
    order_put(f, "order_id=1 item_id=v status=RUN currency=CNY budget=100 created_at=" MAY);
    order_put(f, "order_id=2 item_id=v status=RUN currency=CNY budget=20 created_at=" JUNE);
    derive_all(f);
    assert_string_equal(read_rows(f, DAYS("orders, budget, first_ms")),
                        "created,2026-05-31,v,1,100," MAY " created,2026-06-01,v,1,20," JUNE);
    assert_string_equal(read_rows(f, "SELECT item_id, newest_ms, orders FROM ad_video"),
                        "v," JUNE ",2");
}

static void a_zone_that_is_changed_moves_every_order(void **state)
{
    struct fixture *f = *state;
    struct task *task;
    struct err err;
    const struct zone *tokyo;
    execute(f, "INSERT INTO shop (platform, name, external_id, state, created_ms)"
               " VALUES ('p', 'a', 'a', 'enabled', 1)");
    execute(f, "UPDATE shop SET id = 7");
    order_put(f, "order_id=1 item_id=v status=RUN currency=CNY budget=100 created_at=" MAY);
    row_put(f, SHOP, "trade_order", "order_id=2 currency=CNY pay_amount=5 created_at=" MAY);
    derive_all(f);
    execute(f, "UPDATE shop SET zone = 'Asia/Tokyo'");
    assert_good(store_write(f->store, zone_work, NULL, &err), &err);
    /* Who has read the shop before would make the old days again. */
    assert_true(task_claim(f, &task));
    assert_int_equal(task_run(f, task, &err), TASK_AGAIN);
    assert_string_equal(err.code, "shop_news");
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 2);
    assert_good(zone_find(STR("Asia/Tokyo"), &tokyo, &err), &err);
    f->shop.zone = f->shop.own_zone = tokyo;
    assert_int_equal(task_run(f, task, &err), TASK_DONE);
    assert_string_equal(read_rows(f, DAYS("orders, budget")), "created,2026-06-01,v,1,100");
    assert_string_equal(read_rows(f, "SELECT day, gmv FROM trade_result"), "2026-06-01,5");
    assert_string_equal(read_rows(f, "SELECT day, gmv FROM trade_day WHERE dimension = 'shop'"),
                        "2026-06-01,5");
}

static void two_currencies_are_two_rows(void **state)
{
    struct fixture *f = *state;
    order_put(f, "order_id=1 item_id=v status=RUN currency=CNY budget=100 created_at=" MAY);
    order_put(f, "order_id=2 item_id=v status=RUN currency=USD budget=7 created_at=" MAY);
    order_put(f, "order_id=3 status=RUN currency=CNY budget=1 created_at=" MAY);
    order_put(f, "order_id=4 item_id=v status=RUN currency=CNY budget=40 created_at=" MAY);
    row_put(f, SHOP, "ad_figure", "order_id=4 currency=USD cost=9");
    derive_all(f);
    assert_string_equal(read_rows(f, DAYS("currency, orders, budget, cost")),
                        "created,2026-05-31,,CNY,1,1,- created,2026-05-31,v,CNY,1,100,-"
                        " created,2026-05-31,v,USD,2,7,9");
}

static void an_order_that_moves_leaves_where_it_was(void **state)
{
    struct fixture *f = *state;
    order_put(f, "order_id=1 item_id=v status=RUN currency=CNY budget=100 created_at=" MAY);
    order_put(f, "order_id=2 item_id=v status=RUN currency=CNY budget=20 created_at=" MAY);
    row_put(f, SHOP, "ad_figure_day", "order_id=1 day=2026-05-31 currency=CNY cost=5 plays=10");
    row_put(f, SHOP, "ad_figure_day", "order_id=1 day=2026-06-01 currency=CNY cost=6");
    derive_all(f);
    assert_string_equal(read_rows(f, DAYS("orders, cost")),
                        "created,2026-05-31,v,2,- spent,2026-05-31,v,1,5 spent,2026-06-01,v,1,6");
    order_put(f, "order_id=1 item_id=w status=RUN currency=CNY budget=100 created_at=" JUNE);
    derive_all(f);
    assert_string_equal(read_rows(f, DAYS("orders, cost")),
                        "created,2026-05-31,v,1,- created,2026-06-01,w,1,- spent,2026-05-31,w,1,5"
                        " spent,2026-06-01,w,1,6");
    assert_string_equal(read_rows(f, "SELECT item_id, orders FROM ad_video ORDER BY item_id"),
                        "v,1 w,1");
    /* And one whose row is gone. */
    execute(f, "DELETE FROM ad_order WHERE order_id = '1'");
    execute(f, "DELETE FROM ad_figure_day");
    struct err err;
    int64_t rows;
    assert_good(derive_rebuild(f->derive, SHOP, STR(""), STR(""), STR(""), NULL, &rows, &err),
                &err);
    derive_all(f);
    assert_string_equal(read_rows(f, "SELECT order_id FROM ad_result"), "2");
    assert_string_equal(read_rows(f, DAYS("orders, cost")), "created,2026-05-31,v,1,-");
    assert_string_equal(read_rows(f, "SELECT item_id, orders FROM ad_video"), "v,1");
}

static void one_video_in_two_shops_is_two_rows(void **state)
{
    struct fixture *f = *state;
    static const char order[] =
        "order_id=1 item_id=v status=RUN currency=CNY budget=5 created_at=" MAY;
    row_put(f, SHOP, "ad_order", order);
    row_put(f, SHOP + 1, "ad_order", order);
    assert_int_equal(derive_all(f), 2);
    assert_string_equal(read_rows(f, "SELECT shop_id, item_id, orders FROM ad_video ORDER BY 1"),
                        "7,v,1 8,v,1");
    assert_string_equal(read_rows(f, "SELECT shop_id, orders, budget FROM ad_day ORDER BY 1"),
                        "7,1,5 8,1,5");
}

/* The videos of a list by their names, whatever their numbers are. */
static void shop_day_is(struct fixture *f, const char *day, const char *expected)
{
    char sql[512];
    snprintf(
        sql, sizeof(sql),
        "SELECT basis, currency, orders, budget, videos, (SELECT count(*) FROM ad_item v, ad_day d"
        " WHERE d.item_id = v.item_id AND d.shop_id = s.shop_id AND d.basis = s.basis AND"
        " d.day = s.day AND d.currency = s.currency AND ',' || s.video_list || ',' LIKE"
        " '%%,' || v.id || ',%%') FROM ad_shop_day s WHERE day = '%s' ORDER BY basis, currency",
        day);
    assert_string_equal(read_rows(f, sql), expected);
}

static void a_day_of_a_shop_lists_its_videos(void **state)
{
    struct fixture *f = *state;
    order_put(f, "order_id=1 item_id=v status=RUN currency=CNY budget=100 created_at=" MAY);
    order_put(f, "order_id=2 item_id=w status=RUN currency=CNY budget=20 created_at=" MAY);
    order_put(f, "order_id=3 item_id=v status=RUN currency=CNY budget=3 created_at=" MAY);
    order_put(f, "order_id=4 item_id=v status=RUN currency=USD budget=4 created_at=" MAY);
    order_put(f, "order_id=5 status=RUN currency=CNY budget=5 created_at=" MAY);
    order_put(f, "order_id=6 status=RUN currency=CNY budget=6 created_at=" JUNE);
    row_put(f, SHOP, "ad_figure_day", "order_id=1 day=2026-06-01 currency=CNY cost=5 plays=10");
    derive_all(f);
    shop_day_is(f, "2026-05-31", "created,CNY,4,128,2,2 created,USD,1,4,1,1");
    shop_day_is(f, "2026-06-01", "created,CNY,1,6,0,0 spent,CNY,1,-,1,1");
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_item"), 2);
    order_put(f, "order_id=2 item_id=x status=RUN currency=CNY budget=20 created_at=" JUNE);
    derive_all(f);
    shop_day_is(f, "2026-05-31", "created,CNY,3,108,1,1 created,USD,1,4,1,1");
    shop_day_is(f, "2026-06-01", "created,CNY,2,26,1,1 spent,CNY,1,-,1,1");
    order_put(f, "order_id=4 item_id=v status=RUN currency=CNY budget=4 created_at=" MAY);
    derive_all(f);
    shop_day_is(f, "2026-05-31", "created,CNY,4,112,1,1");
}

static void it_ended_when_it_was_first_seen_so(void **state)
{
    struct fixture *f = *state;
    order_put(f, "order_id=1 status=RUN created_at=" MAY);
    order_put(f, "order_id=2 status=DONE created_at=" MAY);
    order_put(f, "order_id=1 status=DONE created_at=" MAY);
    int64_t done_ms = f->now_ms;
    derive_all(f);
    assert_int_equal(read_int(f, RESULT("ended_ms", "1")), done_ms);
    assert_int_equal(read_int(f, RESULT("ended_ms", "2")), -1);
    order_put(f, "order_id=1 status=RUN renew_count=1 created_at=" MAY);
    derive_all(f);
    assert_int_equal(read_int(f, RESULT("ended_ms", "1")), -1);
    order_put(f, "order_id=1 status=OFF renew_count=1 created_at=" MAY);
    derive_all(f);
    assert_int_equal(read_int(f, RESULT("ended_ms", "1")), f->now_ms);
}

#define PLAN(order, next, days_to, days_next)                                                      \
    "INSERT INTO ask_plan (shop_id, stream, key_text, asked_ms, next_ms, missing, base_missing,"   \
    " days_to, days_next_ms) VALUES (7, 'figures', '" order "', 1, " next ", 0, 0, " days_to       \
    ", " days_next ")"

static void what_is_asked_for_no_more_is_final(void **state)
{
    struct fixture *f = *state;
    execute(f, PLAN("1", "5", "'2026-05-30'", "5"));
    execute(f, PLAN("2", "NULL", "'2026-05-31'", "5"));
    execute(f, PLAN("3", "NULL", "'2026-05-30'", "NULL"));
    for (int i = 1; i <= 3; i++) {
        char text[128];
        snprintf(text, sizeof(text), "order_id=%d item_id=v status=DONE created_at=" MAY, i);
        order_put(f, text);
        snprintf(text, sizeof(text), "order_id=%d day=2026-05-31 cost=%d", i, i);
        row_put(f, SHOP, "ad_figure_day", text);
    }
    derive_all(f);
    assert_string_equal(read_rows(f, "SELECT order_id, final FROM ad_result ORDER BY 1"),
                        "1,0 2,0 3,1");
    assert_string_equal(read_rows(f, DAYS("orders, told, provisional, cost")),
                        "created,2026-05-31,v,3,0,2,- spent,2026-05-31,v,3,3,1,6");
}

static void many_rows_are_several_units(void **state)
{
    struct fixture *f = *state;
    enum { ORDERS = 700 };
    struct err err;
    struct batch *batches[2];
    assert_good(
        batch_new(table_find(f->catalog, STR("ad_order")), &f->arena, ORDERS, &batches[0], &err),
        &err);
    assert_good(batch_new(table_find(f->catalog, STR("ad_figure_day")), &f->arena, 3 * ORDERS,
                          &batches[1], &err),
                &err);
    for (int i = 0; i < ORDERS; i++) {
        size_t row;
        struct str id = arena_printf(&f->arena, "%d", 1000 + i);
        batch_append(batches[0], &row, &err);
        batch_set_text(batches[0], row, 0, id);
        batch_set_number(batches[0], row, table_column(batches[0]->table, STR("created_at")),
                         INT64_C(1780243200000) + i);
        batch_set_text(batches[0], row, table_column(batches[0]->table, STR("item_id")),
                       i % 2 ? STR("odd") : STR("even"));
        for (int day = 1; day <= 3; day++) {
            batch_append(batches[1], &row, &err);
            batch_set_text(batches[1], row, 0, id);
            batch_set_text(batches[1], row, 1, arena_printf(&f->arena, "2026-06-0%d", day));
            batch_set_number(batches[1], row, table_column(batches[1]->table, STR("cost")), i);
        }
    }
    const struct task_new task = {
        .lane = SHOP, .kind = DERIVE_KIND, .unique_key = DERIVE_KIND, .payload = STR("{}")};
    struct step step;
    assert_good(queue_step_enqueue(&task, 1, &f->arena, &step, &err), &err);
    struct unit unit = {.shop_id = SHOP,
                        .batches = batches,
                        .batches_len = 2,
                        .touched = &step,
                        .touched_len = 1,
                        .now_ms = 1};
    assert_good(store_commit(f->store, &unit, &err), &err);
    assert_int_equal(unit.counts.touched, 4 * ORDERS);
    struct task *claimed;
    assert_true(task_claim(f, &claimed));
    assert_int_equal(task_run(f, claimed, &err), TASK_DONE);
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_result"), ORDERS);
    assert_string_equal(read_rows(f, "SELECT day, item_id, orders, cost FROM ad_day"
                                     " WHERE basis = 'spent' AND day = '2026-06-02' ORDER BY 2"),
                        "2026-06-02,even,350,122150 2026-06-02,odd,350,122500");
    assert_int_equal(read_int(f, "SELECT sum(orders) FROM ad_day WHERE basis = 'created'"), ORDERS);
}

/* Orders of two kinds and their task, as one unit of a backfill brings them: more than two units of derive take. */
enum { BACKFILL = 1200, OF_A_UNIT = 500 };
static void backfill_put(struct fixture *f)
{
    struct err err;
    struct batch *batches[2];
    for (size_t kind = 0; kind < 2; kind++) {
        const struct table *table = table_find(f->catalog,
                                               kind ? STR("trade_order") : STR("ad_order"));
        assert_good(batch_new(table, &f->arena, BACKFILL, &batches[kind], &err), &err);
        for (int i = 0; i < BACKFILL; i++) {
            size_t row;
            assert_good(batch_append(batches[kind], &row, &err), &err);
            batch_set_text(batches[kind], row, 0, arena_printf(&f->arena, "%d", 10000 + i));
            batch_set_number(batches[kind], row, table_column(table, STR("created_at")),
                             INT64_C(1780243200000) + i % 3 * INT64_C(86400000));
            batch_set_text(batches[kind], row,
                           table_column(table, kind ? STR("sku_id") : STR("item_id")), STR("v"));
            if (kind)
                batch_set_number(batches[kind], row, table_column(table, STR("quantity")), 2);
            batch_set_text(batches[kind], row, table_column(table, STR("currency")), STR("CNY"));
        }
    }
    const struct task_new task = {
        .lane = SHOP, .kind = DERIVE_KIND, .unique_key = DERIVE_KIND, .payload = STR("{}")};
    struct step step;
    assert_good(queue_step_enqueue(&task, 1, &f->arena, &step, &err), &err);
    struct unit unit = {.shop_id = SHOP,
                        .batches = batches,
                        .batches_len = 2,
                        .touched = &step,
                        .touched_len = 1,
                        .now_ms = 1};
    assert_good(store_commit(f->store, &unit, &err), &err);
}

/* The task ends, as if killed, behind so many of its units. */
static void units_run(struct fixture *f, const struct task *task, int units)
{
    struct err err;
    char point[64];
    snprintf(point, sizeof(point), "derive.committed=error@%d", units);
    setenv("HUILIU_FAIL", point, 1);
    assert_int_equal(fail_setup(NULL), ERR_OK);
    assert_int_equal(task_run(f, task, &err), TASK_AGAIN);
    unsetenv("HUILIU_FAIL");
    assert_int_equal(fail_setup(NULL), ERR_OK);
}

#define SUMS_TOUCHED                                                                               \
    "SELECT coalesce(sum(key_count), 0) FROM touched WHERE table_name IN ('ad_day', 'ad_video', 'trade_day')"
#define TRADE_DAYS_ROWS                                                                            \
    "SELECT day, orders, pieces, goods_cost, cost_unknown FROM trade_day"                          \
    " WHERE dimension = 'shop' ORDER BY day"

static void days_of_many_orders_are_read_behind_the_last(void **state)
{
    struct fixture *f = *state;
    struct task *task;
    struct err err;
    backfill_put(f);
    assert_true(task_claim(f, &task));
    units_run(f, task, 1);
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_result"), OF_A_UNIT);
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_result"), OF_A_UNIT);
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_day"), 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_day"), 0);
    assert_int_equal(read_int(f, SUMS_TOUCHED), 3 + 1 + 3);
    /* Killed between results and days: what is touched says which days are to be read. */
    task->unit_number = read_int(f, "SELECT unit_number FROM task");
    assert_int_equal(task_run(f, task, &err), TASK_DONE);
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 0);
    assert_string_equal(
        read_rows(f, DAYS("orders")),
        "created,2026-06-01,v,400 created,2026-06-02,v,400 created,2026-06-03,v,400");
    assert_string_equal(read_rows(f, "SELECT item_id, orders FROM ad_video"), "v,1200");
    assert_string_equal(
        read_rows(f, TRADE_DAYS_ROWS),
        "2026-06-01,400,800,-,400 2026-06-02,400,800,-,400 2026-06-03,400,800,-,400");
}

/* Nothing stays stale for long because others wait. */
static void days_that_wait_for_long_are_read_in_between(void **state)
{
    struct fixture *f = *state;
    struct task *task;
    f->derive->sums_wait_ms = 0;
    backfill_put(f);
    assert_true(task_claim(f, &task));
    units_run(f, task, 2);
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_result"), OF_A_UNIT);
    assert_int_equal(read_int(f, "SELECT sum(orders) FROM ad_day"), OF_A_UNIT);
    assert_int_equal(read_int(f, "SELECT orders FROM ad_video"), OF_A_UNIT);
    assert_int_equal(read_int(f, "SELECT sum(orders) FROM trade_day WHERE dimension = 'shop'"),
                     OF_A_UNIT);
    assert_int_equal(read_int(f, SUMS_TOUCHED), 0);
}

static enum err_class cost_work(struct tx *tx, void *context, struct err *err)
{
    const struct fixture *f = context;
    const struct cost_said said = {.shop_id = SHOP,
                                   .sku_id = STR("v"),
                                   .from_day = STR("2026-06-02"),
                                   .known = true,
                                   .cost = 7,
                                   .currency = STR("CNY")};
    return cost_say(tx, &said, f->now_ms, err);
}

/* Orders that a cost changes are found by their days. */
static void a_cost_waits_for_the_days_of_its_orders(void **state)
{
    struct fixture *f = *state;
    struct task *task;
    struct err err;
    backfill_put(f);
    assert_true(task_claim(f, &task));
    units_run(f, task, 1);
    assert_good(store_write(f->store, cost_work, f, &err), &err);
    task->unit_number = read_int(f, "SELECT unit_number FROM task");
    assert_int_equal(task_run(f, task, &err), TASK_DONE);
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 0);
    assert_string_equal(
        read_rows(f, TRADE_DAYS_ROWS),
        "2026-06-01,400,800,-,400 2026-06-02,400,800,5600,0 2026-06-03,400,800,5600,0");
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_result WHERE unit_cost = 7"), 800);
}

static void a_unit_that_fails_leaves_everything_as_it_was(void **state)
{
    struct fixture *f = *state;
    static const char *const points[] = {"derive.results=error", "derive.sums=error"};
    struct task *task;
    struct err err;
    for (size_t i = 0; i < 2; i++) {
        order_put(f, i ? "order_id=1 item_id=w status=RUN created_at=" MAY
                       : "order_id=1 item_id=v status=RUN created_at=" MAY);
        const char *before = read_rows(f, DAYS("orders"));
        setenv("HUILIU_FAIL", points[i], 1);
        assert_int_equal(fail_setup(NULL), ERR_OK);
        assert_true(task_claim(f, &task));
        assert_int_equal(task_run(f, task, &err), TASK_AGAIN);
        unsetenv("HUILIU_FAIL");
        assert_int_equal(fail_setup(NULL), ERR_OK);
        assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 1);
        assert_string_equal(read_rows(f, DAYS("orders")), before);
        assert_int_equal(task_run(f, task, &err), TASK_DONE);
        assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 0);
        assert_string_equal(read_rows(f, DAYS("orders")),
                            i ? "created,2026-05-31,w,1" : "created,2026-05-31,v,1");
    }
}

static void who_lost_the_lease_writes_nothing(void **state)
{
    struct fixture *f = *state;
    struct task *task;
    struct err err;
    order_put(f, "order_id=1 status=RUN created_at=" MAY);
    assert_true(task_claim(f, &task));
    task->lease = STR("another");
    assert_int_equal(task_run(f, task, &err), TASK_LOST);
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_result"), 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 1);
}

static void a_rebuild_mends_and_takes_away(void **state)
{
    struct fixture *f = *state;
    struct err err;
    int64_t rows;
    order_put(f, "order_id=1 item_id=v status=RUN budget=10 created_at=" MAY);
    order_put(f, "order_id=2 item_id=v status=RUN budget=10 created_at=" JUNE);
    derive_all(f);
    const char *days = read_rows(f, DAYS("orders, budget"));
    execute(f, "UPDATE ad_result SET budget = 99");
    execute(f, "UPDATE ad_day SET budget = 99");
    execute(f, "INSERT INTO ad_day (shop_id, basis, day, item_id, currency, orders, told,"
               " provisional) VALUES (7, 'spent', '2020-01-01', 'x', '', 1, 1, 1)");
    execute(f, "INSERT INTO ad_video (shop_id, item_id, newest_ms, orders) VALUES (7, 'x', 1, 1)");
    execute(f, "INSERT INTO ad_shop_day (shop_id, basis, day, currency, orders, told, provisional,"
               " videos) VALUES (7, 'created', '2020-01-02', '', 1, 1, 1, 1)");
    assert_good(derive_rebuild(f->derive, SHOP, STR("2026-06-01"), STR("2026-06-01"), STR(""), NULL,
                               &rows, &err),
                &err);
    derive_all(f);
    assert_string_equal(read_rows(f, "SELECT order_id, budget FROM ad_result ORDER BY 1"),
                        "1,99 2,10");
    assert_string_equal(read_rows(f, DAYS("budget")),
                        "created,2026-05-31,v,99 created,2026-06-01,v,10 spent,2020-01-01,x,-");
    assert_good(derive_rebuild(f->derive, SHOP, STR(""), STR(""), STR("r"), NULL, &rows, &err),
                &err);
    assert_int_equal(read_int(f, "SELECT count(*) FROM task WHERE run = 'r'"), 1);
    derive_all(f);
    assert_string_equal(read_rows(f, DAYS("orders, budget")), days);
    assert_string_equal(read_rows(f, "SELECT item_id FROM ad_video"), "v");
    assert_string_equal(read_rows(f, "SELECT day, budget FROM ad_shop_day ORDER BY 1"),
                        "2026-05-31,10 2026-06-01,10");
    bool stopping = true;
    assert_int_equal(
        derive_rebuild(f->derive, SHOP, STR(""), STR(""), STR(""), &stopping, &rows, &err),
        ERR_STOPPED);
    assert_int_equal(rows, 2); /* the first part, which is derived all the same */
    derive_all(f);
    assert_int_equal(
        derive_rebuild(f->derive, SHOP, STR("1.6.2026"), STR(""), STR(""), NULL, &rows, &err),
        ERR_USAGE);
}

static void what_an_audit_finds_is_said_and_mended(void **state)
{
    struct fixture *f = *state;
    struct derive_audit audit;
    struct err err;
    execute(f, "INSERT INTO shop (platform, name, external_id, state, created_ms)"
               " VALUES ('p', 'a', 'a', 'enabled', 1)");
    execute(f, "UPDATE shop SET id = 7");
    assert_good(derive_audit_last(f->derive, &audit, &err), &err);
    assert_int_equal(audit.at_ms, 0);
    for (int i = 0; i < 5; i++) {
        char text[128];
        snprintf(text, sizeof(text), "order_id=%d item_id=v budget=%d created_at=" MAY, i, i);
        order_put(f, text);
        snprintf(text, sizeof(text), "order_id=%d day=2026-05-31 cost=%d", i, i);
        row_put(f, SHOP, "ad_figure_day", text);
    }
    /* What is touched is being derived anyway. */
    assert_good(derive_audit_run(f->derive, 1, &audit, &err), &err);
    assert_int_equal(audit.differing, 0);
    derive_all(f);
    assert_good(derive_audit_run(f->derive, 2, &audit, &err), &err);
    assert_int_equal(audit.differing, 0);
    assert_true(audit.looked > 20);
    const char *results = read_rows(f, "SELECT order_id, budget FROM ad_result ORDER BY 1");
    const char *days = read_rows(f, DAYS("orders, budget, cost"));
    execute(f, "UPDATE ad_result SET budget = 99 WHERE order_id = '3'");
    execute(f, "DELETE FROM ad_result WHERE order_id = '4'");
    execute(f, "UPDATE ad_day SET cost = 99 WHERE basis = 'spent'");
    execute(f, "UPDATE ad_video SET orders = 99");
    assert_good(derive_audit_run(f->derive, 3, &audit, &err), &err);
    assert_true(audit.differing >= 4);
    assert_int_equal(read_int(f, "SELECT count(*) FROM event WHERE kind = 'derive_drift'"), 1);
    derive_all(f);
    assert_string_equal(read_rows(f, "SELECT order_id, budget FROM ad_result ORDER BY 1"), results);
    assert_string_equal(read_rows(f, DAYS("orders, budget, cost")), days);
    assert_string_equal(read_rows(f, "SELECT orders FROM ad_video"), "5");
    struct derive_audit last;
    assert_good(derive_audit_last(f->derive, &last, &err), &err);
    assert_int_equal(last.differing, audit.differing);
    assert_good(derive_audit_run(f->derive, 4, &audit, &err), &err);
    assert_int_equal(audit.differing, 0);
    execute(f, "UPDATE ad_shop_day SET video_list = '9' WHERE basis = 'created'");
    assert_good(derive_audit_run(f->derive, 5, &audit, &err), &err);
    assert_true(audit.differing > 0);
    derive_all(f);
    assert_good(derive_audit_run(f->derive, 6, &audit, &err), &err);
    assert_int_equal(audit.differing, 0);
}

static void every_derived_table_has_a_maker(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < f->catalog->tables_len; i++) {
        const struct table *table = &f->catalog->tables[i];
        bool heard = table->derived_of.len == 0;
        for (size_t m = 0; makers[m]; m++)
            for (size_t k = 0; makers[m]->tables[k]; k++)
                heard = heard || str_eq(table->derived_of, str_of(makers[m]->tables[k]));
        if (!heard)
            fail_msg("nobody derives from %.*s", STR_ARG(table->name));
    }
}

#define DERIVE_TEST(name) cmocka_unit_test_setup_teardown(name, derive_ready, derive_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DERIVE_TEST(a_row_that_is_the_same_touches_nothing),
        DERIVE_TEST(an_order_has_its_latest_figures_and_their_ratios),
        DERIVE_TEST(a_day_ends_at_the_shops_midnight),
        DERIVE_TEST(a_zone_that_is_changed_moves_every_order),
        DERIVE_TEST(two_currencies_are_two_rows),
        DERIVE_TEST(an_order_that_moves_leaves_where_it_was),
        DERIVE_TEST(one_video_in_two_shops_is_two_rows),
        DERIVE_TEST(a_day_of_a_shop_lists_its_videos),
        DERIVE_TEST(it_ended_when_it_was_first_seen_so),
        DERIVE_TEST(what_is_asked_for_no_more_is_final),
        DERIVE_TEST(many_rows_are_several_units),
        DERIVE_TEST(days_of_many_orders_are_read_behind_the_last),
        DERIVE_TEST(days_that_wait_for_long_are_read_in_between),
        DERIVE_TEST(a_cost_waits_for_the_days_of_its_orders),
        DERIVE_TEST(a_unit_that_fails_leaves_everything_as_it_was),
        DERIVE_TEST(who_lost_the_lease_writes_nothing),
        DERIVE_TEST(a_rebuild_mends_and_takes_away),
        DERIVE_TEST(what_an_audit_finds_is_said_and_mended),
        DERIVE_TEST(every_derived_table_has_a_maker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

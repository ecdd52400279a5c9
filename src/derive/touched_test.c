/* Touched lists: each key once a unit, whole lists taken, and nobody waits for anybody. */
#include "derive/ad_fixture.h"

#define LISTS "SELECT table_name, key_count, key_list FROM touched ORDER BY id"
#define TRADES "SELECT order_id, refunds FROM trade_result ORDER BY order_id"

static void an_order_is_touched_once_with_its_parts(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct batch *batches[2];
    const struct table *orders = table_find(f->catalog, STR("trade_order"));
    const struct table *parts = table_find(f->catalog, STR("trade_certificate"));
    assert_good(batch_new(orders, &f->arena, 600, &batches[0], &err), &err);
    assert_good(batch_new(parts, &f->arena, 1200, &batches[1], &err), &err);
    for (int i = 0; i < 600; i++) {
        size_t row;
        struct str id = arena_printf(&f->arena, "%d", 1000 + i);
        batch_append(batches[0], &row, &err);
        batch_set_text(batches[0], row, 0, id);
        for (int part = 0; part < 2; part++) {
            batch_append(batches[1], &row, &err);
            batch_set_text(batches[1], row, table_column(parts, STR("order_id")), id);
            batch_set_text(batches[1], row, table_column(parts, STR("order_item_id")),
                           part ? STR("b") : STR("a"));
        }
    }
    struct unit unit = {.shop_id = SHOP, .batches = batches, .batches_len = 2, .now_ms = 1};
    assert_good(store_commit(f->store, &unit, &err), &err);
    assert_int_equal(unit.counts.touched, 3 * 600);
    assert_string_equal(
        read_rows(f, "SELECT shop_id, table_name, key_count FROM touched ORDER BY id"),
        "7,trade_order,500 7,trade_order,100");
}

static void a_part_touches_its_order(void **state)
{
    struct fixture *f = *state;
    row_put(f, SHOP, "trade_order", "order_id=1 currency=CNY pay_amount=9 created_at=1000");
    derive_all(f);
    assert_string_equal(read_rows(f, TRADES), "1,0");
    row_put(f, SHOP, "trade_certificate", "order_id=1 order_item_id=a refund_amount=4");
    assert_string_equal(read_rows(f, LISTS), "trade_order,1,[\"1\"]");
    derive_all(f);
    assert_string_equal(read_rows(f, TRADES), "1,4");
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 0);
}

/* Who stores between the snapshot of a unit and its transaction is derived by the next, of which there is one. */
static void what_is_stored_beside_a_unit_has_its_own_list(void **state)
{
    struct fixture *f = *state;
    static const volatile bool never = false;
    struct task *task;
    struct task_outcome outcome = {.stopping = &never};
    struct err err;
    row_put(f, SHOP, "trade_order", "order_id=1 currency=CNY pay_amount=9 created_at=1000");
    assert_true(task_claim(f, &task));
    struct derivation d = {
        .derive = f->derive, .task = task, .outcome = &outcome, .shop = &f->shop};
    arena_init(&d.arena);
    assert_good(derive_unit_read(&d, &err), &err);
    row_put(f, SHOP, "trade_order",
            "order_id=2 currency=CNY pay_amount=9 refund_amount=2 created_at=1000");
    row_put(f, SHOP, "trade_order",
            "order_id=1 currency=CNY pay_amount=9 refund_amount=7 created_at=1000");
    assert_good(store_write(f->store, derive_unit_write, &d, &err), &err);
    arena_fini(&d.arena);
    assert_string_equal(read_rows(f, LISTS), "trade_order,1,[\"2\"] trade_order,1,[\"1\"]");
    assert_string_equal(read_rows(f, TRADES), "1,0");
    assert_true(d.more);
    assert_int_equal(read_int(f, "SELECT count(*) FROM task"), 1);
    task->unit_number = read_int(f, "SELECT unit_number FROM task");
    assert_int_equal(task_run(f, task, &err), TASK_DONE);
    assert_string_equal(read_rows(f, TRADES), "1,7 2,2");
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM task"), 0);
}

/* A result that somebody put there since the snapshot is written over: then the unit runs without haste. */
static void a_result_that_is_there_all_the_same_is_written_over(void **state)
{
    struct fixture *f = *state;
    struct task *task;
    struct task_outcome outcome = {.stopping = NULL};
    struct err err;
    row_put(f, SHOP, "trade_order", "order_id=1 currency=CNY pay_amount=9 created_at=1000");
    assert_true(task_claim(f, &task));
    struct derivation d = {
        .derive = f->derive, .task = task, .outcome = &outcome, .shop = &f->shop};
    arena_init(&d.arena);
    assert_good(derive_unit_read(&d, &err), &err);
    execute(f,
            "INSERT INTO trade_result (shop_id, order_id, parent_id, sku_id, spu_id, person, stage,"
            " counts, created_ms, day, currency, refunds, changed_ms)"
            " VALUES (7, '1', '1', '', '', '', '', 1, 1, '1970-01-01', 'CNY', 99, 1)");
    assert_good(store_write(f->store, derive_unit_write, &d, &err), &err);
    arena_fini(&d.arena);
    assert_string_equal(read_rows(f, TRADES), "1,0");
    assert_string_equal(
        read_rows(f, "SELECT dimension, gmv, refunds FROM trade_day WHERE dimension = 'shop'"),
        "shop,9,0");
}

/* Of another version, or of nobody: the task ends, or it would do nothing for ever. */
static void a_list_that_no_maker_knows_stays_and_keeps_nobody(void **state)
{
    struct fixture *f = *state;
    struct err err;
    execute(f, "INSERT INTO touched (shop_id, table_name, key_count, key_list)"
               " VALUES (7, 'nobody', 1, '[\"x\"]')");
    row_put(f, SHOP, "trade_order", "order_id=1 currency=CNY pay_amount=9 created_at=1000");
    struct task *task;
    assert_true(task_claim(f, &task));
    assert_int_equal(task_run(f, task, &err), TASK_DONE);
    assert_string_equal(read_rows(f, TRADES), "1,0");
    assert_string_equal(read_rows(f, LISTS), "nobody,1,[\"x\"]");
    assert_int_equal(read_int(f, "SELECT count(*) FROM task"), 0);
}

static enum err_class sums_work(struct tx *tx, void *context, struct err *err)
{
    struct fixture *f = context;
    struct str keys[120];
    for (int i = 0; i < 120; i++)
        keys[i] = arena_printf(&f->arena, "2026-%02d-%02d", 1 + i / 28, 1 + i % 28);
    enum err_class class_ = tx_touch(tx, SHOP, STR("trade_day"), keys, 120, err);
    for (int i = 0; !class_ && i < 20; i++)
        class_ = tx_touch(tx, SHOP, STR("trade_day"), keys, 120, err);
    return class_ ? class_ : derive_ask(tx, SHOP, TASK_LIVE, STR(""), f->now_ms, err);
}

/* A day that many lists name is read once; what a unit leaves is one list. */
static void sums_that_many_lists_name_are_read_once(void **state)
{
    struct fixture *f = *state;
    struct task *task;
    struct err err;
    assert_good(store_write(f->store, sums_work, f, &err), &err);
    assert_true(task_claim(f, &task));
    setenv("HUILIU_FAIL", "derive.committed=error@1", 1);
    assert_int_equal(fail_setup(NULL), ERR_OK);
    assert_int_equal(task_run(f, task, &err), TASK_AGAIN);
    unsetenv("HUILIU_FAIL");
    assert_int_equal(fail_setup(NULL), ERR_OK);
    assert_string_equal(read_rows(f, "SELECT table_name, key_count FROM touched"), "trade_day,70");
    task->unit_number = read_int(f, "SELECT unit_number FROM task");
    assert_int_equal(task_run(f, task, &err), TASK_DONE);
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM task"), 0);
}

#define TOUCHED_TEST(name) cmocka_unit_test_setup_teardown(name, derive_ready, derive_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOUCHED_TEST(an_order_is_touched_once_with_its_parts),
        TOUCHED_TEST(a_part_touches_its_order),
        TOUCHED_TEST(what_is_stored_beside_a_unit_has_its_own_list),
        TOUCHED_TEST(a_result_that_is_there_all_the_same_is_written_over),
        TOUCHED_TEST(a_list_that_no_maker_knows_stays_and_keeps_nobody),
        TOUCHED_TEST(sums_that_many_lists_name_are_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

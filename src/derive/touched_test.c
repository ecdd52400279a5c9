/* Touched lists: each key once a unit, whole lists taken, and nobody waits for anybody. */
#include "derive/ad_fixture.h"

#define LISTS "SELECT table_name, key_count, key_list FROM touched ORDER BY id"
#define TRADES "SELECT order_id, refunds FROM trade_result ORDER BY order_id"

static struct store *store_beside(struct fixture *f)
{
    struct store *other;
    struct err err;
    const struct store_options options = {
        .url = f->url, .home = str_of(f->folder), .catalog = f->catalog};
    assert_good(store_open(&options, &other, &err), &err);
    return other;
}

static void put_in(struct fixture *f, struct store *into, const char *table, const char *text)
{
    struct store *own = f->store;
    f->store = into;
    row_put(f, SHOP, table, text);
    f->store = own;
}

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

struct beside {
    struct fixture *f;
    struct store *other; /* stores while the unit is at work; NULL: nobody does */
    struct touched_list list;
};

static enum err_class take_work(struct tx *tx, void *context, struct err *err)
{
    struct beside *b = context;
    bool more = false;
    struct touched_part part = {.maker = &trade_maker, .to = 1};
    const struct derive_work work = {.derive = b->f->derive,
                                     .tx = tx,
                                     .arena = &b->f->arena,
                                     .shop_id = SHOP,
                                     .shop = &b->f->shop,
                                     .now_ms = 1,
                                     .more = &more};
    b->list = (struct touched_list){.len = 0};
    enum err_class class_ = touched_find(&work, &part, 10, err);
    if (!class_ && b->other)
        put_in(b->f, b->other, "trade_order",
               "order_id=2 currency=CNY pay_amount=9 refund_amount=2 created_at=1000");
    if (!class_)
        class_ = touched_take(&work, &part, &b->list, err);
    if (!class_ && b->other)
        put_in(b->f, b->other, "trade_order",
               "order_id=1 currency=CNY pay_amount=9 refund_amount=7 created_at=1000");
    return class_ ? class_ : trade_maker.make(&work, b->list.rows, b->list.len, err);
}

/* Who stores beside a unit that has taken the list of the same order waits for nothing and is derived by the next. */
static void what_is_stored_beside_a_unit_has_its_own_list(void **state)
{
    struct fixture *f = *state;
    struct beside beside = {.f = f};
    struct err err;
    if (strcmp(store_kind(f->store), "sqlite") == 0)
        skip(); /* one writer: nobody stores beside it */
    beside.other = store_beside(f);
    row_put(f, SHOP, "trade_order", "order_id=1 currency=CNY pay_amount=9 created_at=1000");
    assert_good(store_write(f->store, take_work, &beside, &err), &err);
    assert_int_equal(beside.list.len, 1);
    assert_string_equal(read_rows(f, LISTS), "trade_order,1,[\"2\"] trade_order,1,[\"1\"]");
    derive_all(f);
    assert_string_equal(read_rows(f, TRADES), "1,7 2,2");
    assert_int_equal(read_int(f, "SELECT count(*) FROM touched"), 0);
    store_close(beside.other);
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
        TOUCHED_TEST(sums_that_many_lists_name_are_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

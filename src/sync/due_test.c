/* What is due, and which windows count, is found by an index however much a shop has; and every row that is
 * stored enters the plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sync/figure_pass.h"
#include "sync/sql.h"

static const char MANIFEST[] = "platform: p\n"
                               "name: {zh: p, en: P}\n"
                               "version: 1\n"
                               "zone: UTC\n"
                               "currency: CNY\n"
                               "money: minor\n"
                               "hosts: {api: \"https://p.example\"}\n"
                               "reply: {success: body.ok == true}\n"
                               "streams:\n"
                               "  f:\n"
                               "    every: 5m\n"
                               "    figures:\n"
                               "      of: s\n"
                               "      batch: 100\n"
                               "      span: 180d\n"
                               "      close: 150d\n"
                               "      lasts: delivery_hours\n"
                               "      day: ad_figure_day\n"
                               "      snapshot: ad_figure_snapshot\n"
                               "      base: ad_figure_base\n"
                               "    request: {get: /f, query: {d: \"{window.from | date}\","
                               " ids: \"{ids.int}\"}}\n"
                               "    pages: {kind: none}\n"
                               "    records: list\n"
                               "    table: ad_figure\n"
                               "    fields: {order_id: id, cost: c, plays: p}\n"
                               "  s:\n"
                               "    every: 5m\n"
                               "    request: {get: /s}\n"
                               "    by_id: {get: /s, max: 9}\n"
                               "    window: {by: created, span: 1d}\n"
                               "    revisit: {stale: 30d}\n"
                               "    final: [DONE]\n"
                               "    pages: {kind: none}\n"
                               "    records: list\n"
                               "    table: ad_order\n"
                               "    fields: {order_id: id, status: st}\n";

enum { SHOP = 7, EVERY_MS = 5 * 60 * 1000 };

struct fixture {
    char folder[64];
    struct arena arena;
    struct table_catalog *catalog;
    struct store *store;
    struct connector *connector;
    struct sync_shop shop;
};

static void assert_good(enum err_class class_, const struct err *err)
{
    if (class_)
        fail_msg("%s %s: %s", err_class_name(class_), err->code, err->message);
}

static int fixture_begin(void **state)
{
    static struct fixture f;
    unsigned applied;
    struct err err = {0};
    f = (struct fixture){.store = NULL};
    strcpy(f.folder, "/tmp/huiliu-due-test-XXXXXX");
    if (!mkdtemp(f.folder))
        return -1;
    arena_init(&f.arena);
    assert_good(store_schema(&f.arena, &f.catalog, &err), &err);
    const struct store_options options = {.url = STR("sqlite:test.db"),
                                          .home = str_of(f.folder),
                                          .catalog = f.catalog,
                                          .create = true};
    assert_good(store_open(&options, &f.store, &err), &err);
    assert_good(store_migrate(f.store, &applied, &err), &err);
    assert_good(connector_load(STR("p.yaml"), str_of(MANIFEST), f.catalog, &f.connector, &err),
                &err);
    f.shop = (struct sync_shop){.id = SHOP, .connector = f.connector, .enabled = true};
    *state = &f;
    return 0;
}

static int fixture_end(void **state)
{
    struct fixture *f = *state;
    static const char *const ends[] = {"", "-wal", "-shm"};
    connector_free(f->connector);
    store_close(f->store);
    arena_fini(&f->arena);
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/test.db%s", f->folder, ends[i]);
        unlink(path);
    }
    return rmdir(f->folder);
}

static const struct stream *rows_stream(const struct fixture *f)
{
    return connector_stream(f->connector, STR("s"));
}

/* --- what is walked --- */

/* The statement's plan goes through this index, and through no table as a whole. */
static void assert_index(struct fixture *f, const char *sql, const char *index)
{
    struct str text = arena_printf(&f->arena, "EXPLAIN QUERY PLAN %s", sql);
    struct reader *row;
    struct err err = {0};
    bool found = false;
    assert_good(store_read(f->store, text.ptr, NULL, 0, &row, &err), &err);
    while (reader_next(row)) {
        struct str detail = reader_text(row, 3);
        found |= str_find(detail, str_of(index)) != SIZE_MAX;
        bool walks = str_starts(detail, STR("SCAN ")) &&
                     str_find(detail, STR("json_each")) == SIZE_MAX;
        if (walks && !str_eq(detail, STR("SCAN d")) && !str_eq(detail, STR("SCAN w")) &&
            !str_eq(detail, STR("SCAN CONSTANT ROW")))
            fail_msg("%s: %.*s", sql, STR_ARG(detail));
    }
    assert_good(reader_close(row, &err), &err);
    if (!found)
        fail_msg("%s does not use %s", sql, index);
}

static void windows_that_are_closed_are_not_walked(void **state)
{
    struct fixture *f = *state;
    assert_index(f, SQL_COVER_SEALED, "sync_window_reaches (shop_id=? AND stream=? AND to_ms>?)");
    assert_index(f, SQL_COVER_CLOSED, "sync_window_reaches (shop_id=? AND stream=? AND to_ms>?)");
    assert_index(f, SQL_UNPROVED_FIRST, "sync_window_unproved");
    assert_index(f, SQL_WINDOW_OPEN_FIRST, "sync_window_open");
    assert_index(f, SQL_WINDOW_DUE_FIRST, "sync_window_unproved");
    assert_index(f, SQL_WINDOWS_DOUBTFUL, "sync_window_moved");
    assert_index(f, SQL_WINDOWS_DOUBTFUL, "sync_window_unproved");
    assert_index(f, SQL_AHEAD_FIRST, "sync_window_closed (shop_id=? AND stream=? AND closed_ms>?)");
    assert_index(f, SQL_AHEAD_FIRST, "sync_window_reaches (shop_id=? AND stream=? AND to_ms>?)");
    assert_index(f, SQL_UNPROVED_DELETE, "sync_window_unproved");
}

static void orders_that_are_not_due_are_not_walked(void **state)
{
    struct fixture *f = *state;
    struct str open;
    struct err err = {0};
    static struct figure_pass p;
    p = (struct figure_pass){.stream = connector_stream(f->connector, STR("f"))};
    arena_init(&p.texts);
    assert_good(orders_queries(&p, &err), &err);
    assert_index(f, p.orders_sql.ptr, "ask_plan_due (shop_id=? AND stream=? AND next_ms<?)");
    assert_index(f, p.days_sql.ptr, "ask_plan_days_due");
    arena_fini(&p.texts);
    assert_good(revisit_query(rows_stream(f), &f->arena, &open, &err), &err);
    assert_index(f, open.ptr, "ask_plan_due (shop_id=? AND stream=? AND next_ms<?)");
}

/* --- rows enter the plan --- */

/* A row of the stream of orders as a page would bring it, stored at this time. */
static void order_store(struct fixture *f, const char *id, const char *status, unsigned char copy,
                        int64_t now_ms)
{
    struct err err = {0};
    struct batch *batch;
    size_t row;
    const struct table *table = rows_stream(f)->table;
    assert_good(batch_new(table, &f->arena, 1, &batch, &err), &err);
    assert_good(batch_append(batch, &row, &err), &err);
    batch_set_text(batch, row, table->key[0], str_of(id));
    batch_set_text(batch, row, table->status, str_of(status));
    batch->guards[row] = (struct row_guard){
        .hash = {copy}, .updated_ms = now_ms, .received_ms = now_ms};
    const struct task_run run = {.shop = &f->shop, .stream = rows_stream(f)};
    const struct mapped mapped = {.batches = &batch, .batches_len = 1};
    struct steps steps = {.len = 0};
    assert_good(steps_rows_planned(&run, &mapped, &f->arena, &steps, &err), &err);
    struct unit unit = {.shop_id = SHOP,
                        .batches = &batch,
                        .batches_len = 1,
                        .after = steps.items,
                        .after_len = steps.len,
                        .now_ms = now_ms};
    assert_good(store_commit(f->store, &unit, &err), &err);
}

static void run_sql(struct fixture *f, const char *sql)
{
    struct err err = {0};
    const struct step step = {.sql = sql, .rows_expected = -1};
    assert_good(steps_store(f->store, SHOP, &step, 1, 1, &err), &err);
}

/* When the order is due in the plan of the stream; -1: never, -2: it is not in it. */
static int64_t due_ms(struct fixture *f, const char *stream, const char *id)
{
    struct err err = {0};
    int64_t out;
    const struct sql_value key[] = {sql_int(SHOP), sql_text(str_of(stream)), sql_text(str_of(id))};
    assert_good(store_read_int(f->store,
                               "SELECT coalesce(next_ms, -1) FROM ask_plan WHERE shop_id = ?1 "
                               "AND stream = ?2 AND key_text = ?3",
                               key, 3, -2, &out, &err),
                &err);
    return out;
}

static void a_new_order_is_due(void **state)
{
    struct fixture *f = *state;
    int64_t now_ms = clock_now_ms();
    order_store(f, "open", "RUNS", 1, now_ms);
    order_store(f, "done", "DONE", 1, now_ms);
    assert_int_equal(due_ms(f, "f", "open"), now_ms);
    assert_int_equal(due_ms(f, "f", "done"), now_ms);
    /* Its own unit has just read it: it is revisited with the next pass; a final one never. */
    assert_true(due_ms(f, "s", "open") > now_ms);
    assert_true(due_ms(f, "s", "open") <= clock_now_ms() + EVERY_MS);
    assert_int_equal(due_ms(f, "s", "done"), -2);
}

static void a_changed_order_is_due_again(void **state)
{
    struct fixture *f = *state;
    int64_t now_ms = clock_now_ms();
    order_store(f, "a", "RUNS", 1, now_ms - 5000);
    run_sql(f, "UPDATE ask_plan SET asked_ms = 10, next_ms = NULL WHERE stream = 'f'");
    order_store(f, "a", "RUNS", 2, now_ms);
    assert_int_equal(due_ms(f, "f", "a"), now_ms);
    /* The same copy again changes nothing. */
    run_sql(f, "UPDATE ask_plan SET asked_ms = 9000000000000, next_ms = NULL WHERE stream = 'f'");
    order_store(f, "a", "RUNS", 2, now_ms + 1);
    assert_int_equal(due_ms(f, "f", "a"), -1);
}

static void a_revisit_ends_with_the_final_status_and_begins_again(void **state)
{
    struct fixture *f = *state;
    int64_t now_ms = clock_now_ms();
    order_store(f, "a", "RUNS", 1, now_ms);
    run_sql(f, "UPDATE ask_plan SET asked_ms = 10, next_ms = 77 WHERE stream = 's'");
    order_store(f, "a", "RUNS", 2, now_ms + 1);
    assert_int_equal(due_ms(f, "s", "a"), 77);
    order_store(f, "a", "DONE", 3, now_ms + 2);
    assert_int_equal(due_ms(f, "s", "a"), -1);
    order_store(f, "a", "RUNS", 4, now_ms + 3);
    assert_true(due_ms(f, "s", "a") > now_ms);
}

static void compare(struct fixture *f, const char *stream, int64_t planned_ms, int64_t now_ms)
{
    struct err err = {0};
    struct steps steps = {.len = 0};
    assert_good(steps_plan_compared(&f->shop, connector_stream(f->connector, str_of(stream)),
                                    planned_ms, now_ms, &f->arena, &steps, &err),
                &err);
    if (steps.len > 0)
        assert_good(steps_store(f->store, SHOP, steps.items, steps.len, now_ms, &err), &err);
}

/* As a home of an older program has them: not in the plan, or changed since they were asked. */
static void rows_that_are_not_in_the_plan_are_found_once_a_day(void **state)
{
    struct fixture *f = *state;
    int64_t now_ms = clock_now_ms();
    order_store(f, "a", "RUNS", 1, now_ms - 5000);
    order_store(f, "b", "DONE", 1, now_ms - 5000);
    run_sql(f, "DELETE FROM ask_plan WHERE stream = 's' OR key_text = 'a'");
    run_sql(f, "UPDATE ask_plan SET asked_ms = 10, next_ms = NULL");
    compare(f, "f", now_ms - 1, now_ms);
    compare(f, "s", now_ms - 1, now_ms);
    assert_int_equal(due_ms(f, "f", "a"), -2);
    compare(f, "f", 0, now_ms);
    compare(f, "s", 0, now_ms);
    assert_int_equal(due_ms(f, "f", "a"), now_ms - 5000);
    assert_int_equal(due_ms(f, "f", "b"), now_ms - 5000);
    assert_int_equal(due_ms(f, "s", "a"), now_ms);
    assert_int_equal(due_ms(f, "s", "b"), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(windows_that_are_closed_are_not_walked, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(orders_that_are_not_due_are_not_walked, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(a_new_order_is_due, fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(a_changed_order_is_due_again, fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(a_revisit_ends_with_the_final_status_and_begins_again,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(rows_that_are_not_in_the_plan_are_found_once_a_day,
                                        fixture_begin, fixture_end),
    };
    return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}

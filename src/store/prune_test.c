/* What is too old goes, and only that; on a server with months whole partitions go, and a row never lacks one. */
#include "store/fixture.h"

/* 2026-11-30, -10-15 and -09-01, UTC. */
#define NOVEMBER_30_MS INT64_C(1795996800000)
#define OCTOBER_15_MS INT64_C(1792022400000)
#define SEPTEMBER_1_MS INT64_C(1788220800000)
#define DAY_MS INT64_C(86400000)

struct snapshots {
    int64_t shop, at_ms, count;
};

static enum err_class snapshots_work(struct tx *tx, void *context, struct err *err)
{
    const struct snapshots *s = context;
    enum err_class class_ = ERR_OK;
    for (int64_t i = 0; class_ == ERR_OK && i < s->count; i++) {
        char id[24];
        snprintf(id, sizeof(id), "%lld", (long long)i);
        const struct sql_value values[] = {sql_int(s->shop), sql_text(str_of(id)),
                                           sql_int(s->at_ms + i), sql_bytes(STR("hash")),
                                           sql_int(1)};
        class_ = tx_exec(
            tx,
            "INSERT INTO ad_figure_snapshot (shop_id, order_id, at, row_hash,"
            " received_ms, first_seen_ms, changed_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5)",
            values, 5, NULL, err);
    }
    return class_;
}

static void snapshots_add(struct fixture *f, int64_t shop, int64_t at_ms, int64_t count)
{
    struct err err;
    struct snapshots s = {shop, at_ms, count};
    assert_good(store_write(f->store, snapshots_work, &s, &err), &err);
}

static int64_t pruned(struct fixture *f, const char *table, int64_t before_ms)
{
    struct err err;
    int64_t gone;
    assert_good(store_prune(f->store, str_of(table), before_ms, &gone, &err), &err);
    return gone;
}

static void rows_before_an_instant_go(void **state)
{
    struct fixture *f = *state;
    snapshots_add(f, 1, OCTOBER_15_MS, 5100);
    snapshots_add(f, 1, NOVEMBER_30_MS, 3);
    snapshots_add(f, 9, OCTOBER_15_MS, 2);
    snapshots_add(f, 9, NOVEMBER_30_MS, 1);
    assert_int_equal(pruned(f, "ad_figure_snapshot", OCTOBER_15_MS), 0);
    /* The rest of the month goes row by row, each shop's. */
    assert_int_equal(pruned(f, "ad_figure_snapshot", OCTOBER_15_MS + 1), 2);
    assert_int_equal(pruned(f, "ad_figure_snapshot", NOVEMBER_30_MS + 1), 5100 + 1 + 1);
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_figure_snapshot"), 2);
    assert_int_equal(read_int(f, "SELECT min(at) FROM ad_figure_snapshot"), NOVEMBER_30_MS + 1);
}

static enum err_class executions_work(struct tx *tx, void *context, struct err *err)
{
    const int64_t *at_ms = context;
    const struct sql_value values[] = {sql_int(*at_ms)};
    return tx_exec(tx,
                   "INSERT INTO execution (task_id, lane, kind, started_ms) VALUES (1, 1, 'x', ?1)",
                   values, 1, NULL, err);
}

static void executions_add(struct fixture *f, int64_t at_ms)
{
    struct err err;
    assert_good(store_write(f->store, executions_work, &at_ms, &err), &err);
}

static void tries_before_an_instant_go(void **state)
{
    struct fixture *f = *state;
    executions_add(f, SEPTEMBER_1_MS);
    executions_add(f, OCTOBER_15_MS);
    executions_add(f, NOVEMBER_30_MS);
    assert_int_equal(pruned(f, "execution", OCTOBER_15_MS + 1), 2);
    assert_int_equal(read_int(f, "SELECT started_ms FROM execution"), NOVEMBER_30_MS);
    assert_int_equal(read_int(f, "SELECT id FROM execution"), 3);
    struct err err;
    int64_t gone;
    assert_int_equal(store_prune(f->store, STR("shop"), 1, &gone, &err), ERR_INTERNAL);
}

/* --- months --- */

static bool store_has_months(const struct fixture *f)
{
    return strcmp(store_kind(f->store), "postgres") == 0;
}

static int64_t rest(struct fixture *f)
{
    return read_int(f, "SELECT count(*) FROM ad_figure_snapshot_rest");
}

static bool is_there(struct fixture *f, const char *table)
{
    char sql[256];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM pg_class WHERE oid = to_regclass('%s')",
             table);
    return read_int(f, sql) == 1;
}

static void upkeep(struct fixture *f, int64_t now_ms)
{
    struct err err;
    assert_good(store_upkeep(f->store, now_ms, &err), &err);
}

static void months_are_made_ahead(void **state)
{
    struct fixture *f = *state;
    upkeep(f, NOVEMBER_30_MS);
    if (!store_has_months(f))
        skip();
    assert_true(is_there(f, "ad_figure_snapshot_2026_11"));
    assert_true(is_there(f, "ad_figure_snapshot_2026_12"));
    assert_true(is_there(f, "execution_2027_01"));
    assert_false(is_there(f, "execution_2026_10"));
    snapshots_add(f, 1, NOVEMBER_30_MS, 3);
    assert_int_equal(rest(f), 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_figure_snapshot_2026_11"), 3);
    upkeep(f, NOVEMBER_30_MS);
}

static void what_found_no_month_moves_into_it(void **state)
{
    struct fixture *f = *state;
    if (!store_has_months(f))
        skip();
    snapshots_add(f, 1, OCTOBER_15_MS, 4);
    snapshots_add(f, 1, SEPTEMBER_1_MS, 2);
    /* The last instant of August, and the first of September, which is there already. */
    snapshots_add(f, 2, SEPTEMBER_1_MS - 1, 2);
    assert_int_equal(rest(f), 8);
    upkeep(f, NOVEMBER_30_MS);
    assert_int_equal(rest(f), 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_figure_snapshot_2026_08"), 1);
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_figure_snapshot_2026_09"), 3);
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_figure_snapshot_2026_10"), 4);
}

static void old_months_go_whole(void **state)
{
    struct fixture *f = *state;
    if (!store_has_months(f))
        skip();
    snapshots_add(f, 1, SEPTEMBER_1_MS, 5);
    snapshots_add(f, 1, OCTOBER_15_MS, 4);
    upkeep(f, NOVEMBER_30_MS);
    assert_int_equal(pruned(f, "ad_figure_snapshot", OCTOBER_15_MS + 2), 5 + 2);
    assert_false(is_there(f, "ad_figure_snapshot_2026_09"));
    assert_true(is_there(f, "ad_figure_snapshot_2026_10"));
    assert_int_equal(read_int(f, "SELECT count(*) FROM ad_figure_snapshot"), 2);
}

int main(void)
{
#define READY(test) cmocka_unit_test_setup_teardown(test, fixture_ready, fixture_end)
    const struct CMUnitTest rows[] = {
        READY(rows_before_an_instant_go),
        READY(tries_before_an_instant_go),
    };
    const struct CMUnitTest months[] = {
        READY(months_are_made_ahead),
        READY(what_found_no_month_moves_into_it),
        READY(old_months_go_whole),
    };
    int failed = cmocka_run_group_tests(rows, NULL, NULL);
    return server_is_postgres() ? failed + cmocka_run_group_tests(months, NULL, NULL) : failed;
}

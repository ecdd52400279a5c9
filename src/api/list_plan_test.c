/* How the databases go about lists: every documented sort walks an index, first page and later ones, with all shops and with some;
 * the usual filters enter one. On SQLite and PostgreSQL (HUILIU_TEST_STORE). PLAN_ROWS=N for more rows, PLAN_SHOW=1 prints plans. */
#include "api/api_fixture.h"

#include "api/list_sql.h"
#include "api/lists.h"

static struct metric_catalog *metrics;

static int plan_ready(void **state)
{
    const char *rows = getenv("PLAN_ROWS");
    if (api_ready(state))
        return -1;
    struct api_fixture *f = *state;
    if (server_is_mariadb())
        return 0;
    const struct sql_value hash = sql_bytes(STR("0123456789abcdef"));
    const struct sql_value values[] = {sql_int(rows ? strtoll(rows, NULL, 10) : 20000)};
    if (metrics_own(&f->arena, &metrics, NULL))
        return -1;
    api_exec(
        f,
        "INSERT INTO ad_result (shop_id, order_id, item_id, status, title, created_ms, day,"
        " currency, budget, told, final, cost, plays, likes, comments, shares, follows,"
        " conversions, rate_5s, conversion_cost, plays_per_100, like_rate, share_rate,"
        " changed_ms) WITH RECURSIVE n (i) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE"
        " i < ?1) SELECT i % 50 + 1, CAST(1800000000000 + i AS text),"
        " CAST(i % 997 AS text), CASE WHEN i % 9 = 0 THEN 'DELIVERING' ELSE 'DELIVERIED' END,"
        " 'a title', 1700000000000 + i * 86400, '2026-01-01', 'CNY', 10000, 1, 1,"
        " CASE WHEN i % 4 > 0 THEN i * 7 % 90001 END, CASE WHEN i % 4 > 0 THEN i * 11 % 70001 END,"
        " i * 13 % 5003, i % 50, i % 301, i % 20, i % 11, i * 17 % 999983,"
        " CASE WHEN i % 11 > 0 THEN i * 7 % 8001 END, i * 3 % 70001, i % 9999, i % 9973, 1 FROM n",
        values, 1);
    api_exec(
        f,
        "INSERT INTO trade_result (shop_id, order_id, parent_id, sku_id, spu_id, person, stage,"
        " counts, created_ms, day, currency, pieces, gmv, refunds, profit_before_ads, changed_ms)"
        " SELECT shop_id, order_id, order_id, item_id, item_id, 'Li', 'paid', 1, created_ms, day,"
        " currency, 1, plays, 0, cost, 1 FROM ad_result",
        NULL, 0);
    api_exec(f,
             "INSERT INTO trade_order (shop_id, order_id, row_hash, received_ms, first_seen_ms,"
             " changed_ms) SELECT shop_id, order_id, ?1, 1, 1, 1 FROM ad_result",
             &hash, 1);
    if (server_is_postgres()) {
        api_exec(f, "ANALYZE ad_result", NULL, 0);
        api_exec(f, "ANALYZE trade_result", NULL, 0);
        api_exec(f, "ANALYZE trade_order", NULL, 0);
    }
    return 0;
}

/* The plan of a statement as one text. */
static struct str plan_of(struct api_fixture *f, const struct list_statement *statement)
{
    struct reader *reader;
    struct err err;
    struct buf text;
    struct str sql = arena_printf(&f->arena, "EXPLAIN %s%s", server_is_given() ? "" : "QUERY PLAN ",
                                  statement->text.ptr);
    buf_init(&text, 64 * 1024);
    api_good(store_read(f->store, sql.ptr, statement->values, statement->values_len, &reader, &err),
             &err);
    while (reader_next(reader)) {
        buf_add(&text, reader_text(reader, server_is_given() ? 0 : 3));
        buf_add_char(&text, '\n');
    }
    api_good(reader_close(reader, &err), &err);
    struct str copy = arena_dup(&f->arena, buf_str(&text));
    buf_fini(&text);
    return copy;
}

static bool says(struct str plan, const char *word)
{
    return str_find(plan, str_of(word)) != SIZE_MAX;
}

static void plan_holds(struct api_fixture *f, const struct list_statement *statement,
                       const char *what, bool walks)
{
    struct str plan = plan_of(f, statement);
    bool whole, sorted;
    if (getenv("PLAN_SHOW"))
        printf("%s\n%.*s\n", what, STR_ARG(plan));
    if (server_is_given()) {
        whole = says(plan, "Seq Scan");
        sorted = says(plan, "Sort Key") && !says(plan, "Presorted Key");
    } else {
        whole = says(plan, "SCAN r\n") || (!walks && says(plan, "SCAN r USING")) ||
                says(plan, "order_id<?)\n") != says(plan, "parent_id=? AND order_id<?)\n");
        sorted = says(plan, "USE TEMP B-TREE FOR ORDER BY");
    }
    if (whole || (walks && sorted))
        fail_msg("%s: %s\n%s\n%.*s", what, whole ? "all rows are read" : "all rows are sorted",
                 statement->text.ptr, STR_ARG(plan));
}

/* A value from the middle: from there on a walk is worth it in both directions. */
static int64_t middle_of(struct api_fixture *f, const struct list *list, size_t column)
{
    const char *sql = list->columns[column].sql;
    int64_t out;
    struct err err;
    struct str text = arena_printf(&f->arena,
                                   "SELECT %s FROM %s WHERE %s IS NOT NULL ORDER BY %s LIMIT 1"
                                   " OFFSET 5000",
                                   sql, list->from, sql, sql);
    api_good(store_read_int(f->store, text.ptr, NULL, 0, 0, &out, &err), &err);
    return out;
}

static void walk_is_of_an_index(struct api_fixture *f, const struct list *list, const char *sort)
{
    struct list_query query;
    struct list_statement statement;
    struct err err;
    struct sql_value after[LIST_SORTS_MAX + LIST_KEY_MAX];
    api_good(list_statement_init(&statement, f->store, &f->arena, &err), &err);
    list_query_init(&query, list, metrics, &f->arena);
    api_good(list_sort(&query, str_of(sort), &err), &err);
    for (size_t i = 0; i < query.sort_len; i++)
        after[i] = list_column_is_text(&list->columns[query.sort[i].column])
                       ? sql_text(STR("1800000005000"))
                       : sql_int(middle_of(f, list, query.sort[i].column));
    bool unknown = list->columns[query.sort[0].column].unknown;
    for (int from = 0; from < 2; from++) {
        char what[200];
        snprintf(what, sizeof(what), "%s sort=%s %s", list->name, sort, from ? "later" : "first");
        api_good(list_select_make(&statement, &query, unknown ? LIST_KNOWN : LIST_WHOLE,
                                  from ? after : NULL, 101, 0, &err),
                 &err);
        plan_holds(f, &statement, what, true);
        if (!unknown)
            continue;
        struct sql_value first = after[0];
        after[0] = sql_null();
        api_good(
            list_select_make(&statement, &query, LIST_UNKNOWN, from ? after : NULL, 101, 0, &err),
            &err);
        after[0] = first;
        plan_holds(f, &statement, what, true);
    }
    list_statement_fini(&statement);
}

static void every_sort_walks_an_index(void **state)
{
    static const struct list *const lists[] = {&ad_order_list, &trade_part_list, &trade_order_list};
    struct api_fixture *f = *state;
    if (server_is_mariadb())
        skip();
    for (size_t i = 0; i < 3; i++)
        for (const struct list_column *column = lists[i]->columns; column->name; column++) {
            char sort[60];
            if (!column->sorts)
                continue;
            walk_is_of_an_index(f, lists[i], column->name);
            snprintf(sort, sizeof(sort), "-%s", column->name);
            walk_is_of_an_index(f, lists[i], sort);
        }
}

static void filter_enters_an_index(struct api_fixture *f, const struct list *list,
                                   const char *column, struct sql_value value)
{
    struct list_query query;
    struct list_statement statement;
    struct err err;
    api_good(list_statement_init(&statement, f->store, &f->arena, &err), &err);
    list_query_init(&query, list, metrics, &f->arena);
    api_good(list_where(&query, column, LIST_EQUAL, &value, 1, &err), &err);
    api_good(list_select_make(&statement, &query, LIST_WHOLE, NULL, 101, 0, &err), &err);
    plan_holds(f, &statement, column, false);
    list_statement_fini(&statement);
}

static void usual_filters_read_no_whole_table(void **state)
{
    struct api_fixture *f = *state;
    struct list_query query;
    struct list_statement statement;
    struct err err;
    const int64_t shops[] = {3, 4};
    if (server_is_mariadb())
        skip();
    filter_enters_an_index(f, &ad_order_list, "status", sql_text(STR("DELIVERING")));
    filter_enters_an_index(f, &ad_order_list, "item_id", sql_text(STR("7")));
    filter_enters_an_index(f, &ad_order_list, "author_id", sql_text(STR("7")));
    for (size_t i = 0; i < 2; i++) {
        const struct list *list = i ? &trade_part_list : &trade_order_list;
        filter_enters_an_index(f, list, "sku_id", sql_text(STR("7")));
        filter_enters_an_index(f, list, "spu_id", sql_text(STR("7")));
        filter_enters_an_index(f, list, "person", sql_text(STR("Wang")));
        filter_enters_an_index(f, list, "late", sql_int(1));
    }
    api_good(list_statement_init(&statement, f->store, &f->arena, &err), &err);
    for (size_t len = 1; len <= 2; len++) {
        list_query_init(&query, &ad_order_list, metrics, &f->arena);
        list_shops(&query, false, shops, len);
        api_good(list_select_make(&statement, &query, LIST_WHOLE, NULL, 101, 0, &err), &err);
        plan_holds(f, &statement, "shops", true);
        api_good(list_where_days(&query, STR("2026-01-01"), STR("2026-01-07"), &err), &err);
        api_good(list_select_make(&statement, &query, LIST_WHOLE, NULL, 101, 0, &err), &err);
        plan_holds(f, &statement, "shops and days", false);
    }
    list_query_init(&query, &trade_order_list, metrics, &f->arena);
    api_good(list_where_days(&query, STR("2026-01-01"), STR("2026-01-07"), &err), &err);
    api_good(list_select_make(&statement, &query, LIST_WHOLE, NULL, 101, 0, &err), &err);
    plan_holds(f, &statement, "orders of days", false);
    if (!server_is_given() && !says(plan_of(f, &statement), "parent_id=? AND order_id<?)\n"))
        fail_msg("parts before one: %.*s", STR_ARG(plan_of(f, &statement)));
    list_query_init(&query, &trade_part_list, metrics, &f->arena);
    api_good(list_where_among(&query, "shop", "parent_id", (int64_t[]){3, 4},
                              (struct str[]){STR("1800000000002"), STR("1800000000003")}, 2, &err),
             &err);
    api_good(list_select_make(&statement, &query, LIST_WHOLE, NULL, 2000, 0, &err), &err);
    plan_holds(f, &statement, "parts of a page", false);
    if (!server_is_given() && !says(plan_of(f, &statement), "(shop_id=? AND parent_id=?)"))
        fail_msg("parts of a page: %.*s", STR_ARG(plan_of(f, &statement)));
    list_query_init(&query, &ad_order_list, metrics, &f->arena);
    list_by_shop(&query, &(struct shop_scope){.all = true}, &f->host);
    api_good(list_where_text(&query, "order_id", LIST_EQUAL, STR("1800000000007"), &err), &err);
    api_good(list_select_make(&statement, &query, LIST_WHOLE, NULL, 2, 0, &err), &err);
    plan_holds(f, &statement, "one order", false);
    list_query_init(&query, &ad_order_list, metrics, &f->arena);
    api_good(list_where_days(&query, STR("2026-01-01"), STR("2026-01-07"), &err), &err);
    api_good(list_count_make(&statement, &query, &err), &err);
    plan_holds(f, &statement, "count of days", false);
    list_statement_fini(&statement);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sort_walks_an_index),
        cmocka_unit_test(usual_filters_read_no_whole_table),
    };
    return cmocka_run_group_tests(tests, plan_ready, api_end);
}

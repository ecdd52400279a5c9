#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/mariadb_sql.h"

/* `places` as digits: "12" for the values 1 and 2. */
static void assert_sql(const char *text, const char *expected, const char *places,
                       enum maria_sql_kind kind)
{
    struct maria_sql sql;
    struct err err;
    char got[64] = "";
    if (maria_sql_make(&sql, str_of(text), &err))
        fail_msg("%s: %s", err.code, err.message);
    for (size_t i = 0; i < sql.places_len; i++)
        got[i] = (char)('0' + sql.places[i]);
    assert_string_equal(sql.text.ptr, expected);
    assert_string_equal(got, places);
    assert_int_equal(sql.kind, kind);
    maria_sql_fini(&sql);
}

static void assert_refused(const char *text)
{
    struct maria_sql sql;
    struct err err;
    assert_int_equal(maria_sql_make(&sql, str_of(text), &err), ERR_INTERNAL);
    assert_string_equal(err.code, "store_sql");
    maria_sql_fini(&sql);
}

static void test_numbered_values_become_places_in_their_order(void **state)
{
    (void)state;
    assert_sql("SELECT a FROM t WHERE b = ?2 AND c = ?1 AND d = ?2",
               "SELECT a FROM t WHERE b = ? AND c = ? AND d = ?", "212", MARIA_SQL_READS);
    assert_sql("UPDATE t SET a = ?, b = ? WHERE c = ?", "UPDATE t SET a = ?, b = ? WHERE c = ?",
               "123", MARIA_SQL_UPDATES);
    assert_sql("WITH w AS (SELECT 1) SELECT ?", "WITH w AS (SELECT 1) SELECT ?", "1",
               MARIA_SQL_READS);
}

static void test_quoted_text_is_left_alone(void **state)
{
    (void)state;
    assert_sql("SELECT '? excluded.a ON CONFLICT (' || \"?2\" || 'it''s ?' || ?1",
               "SELECT '? excluded.a ON CONFLICT (' || \"?2\" || 'it''s ?' || ?", "1",
               MARIA_SQL_READS);
    assert_sql("SELECT 'unended ?", "SELECT 'unended ?", "", MARIA_SQL_READS);
}

static void test_do_nothing_sets_a_column_to_itself(void **state)
{
    (void)state;
    assert_sql(
        "INSERT INTO hold (scope, name) VALUES (?1, ?2) ON CONFLICT (scope, name) DO NOTHING",
        "INSERT INTO hold (scope, name) VALUES (?, ?) ON DUPLICATE KEY UPDATE hold.scope ="
        " hold.scope",
        "12", MARIA_SQL_CHANGES);
}

static void test_do_update_takes_the_values_that_were_given(void **state)
{
    (void)state;
    assert_sql(
        "INSERT INTO w (name, n) SELECT ?1, x FROM y WHERE true ON CONFLICT (name) DO UPDATE SET"
        " n = coalesce(w.n, excluded.n), m = ?2",
        "INSERT INTO w (name, n) SELECT ?, x FROM y WHERE true ON DUPLICATE KEY UPDATE"
        " w.n = coalesce(w.n, VALUES(n)), w.m = ?",
        "12", MARIA_SQL_UPSERTS);
}

static void test_the_condition_of_the_index_is_left_out(void **state)
{
    (void)state;
    assert_sql(
        "INSERT INTO t (a) VALUES (?1) ON CONFLICT (a) WHERE s IN ('r', 'x') DO UPDATE SET a ="
        " CASE WHEN excluded.a < t.a THEN excluded.a ELSE t.a END",
        "INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE t.a ="
        " CASE WHEN VALUES(a) < t.a THEN VALUES(a) ELSE t.a END",
        "1", MARIA_SQL_UPSERTS);
}

/* The condition stands at each column, its values too. */
static void test_the_condition_of_the_update_stands_at_each_column(void **state)
{
    (void)state;
    assert_sql(
        "INSERT INTO t (a) VALUES (?1) ON CONFLICT (a) DO UPDATE SET b = ?2, c = (SELECT 1 WHERE"
        " true) WHERE t.s <> ?3",
        "INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE t.b = CASE WHEN t.s <> ? THEN ?"
        " ELSE t.b END, t.c = CASE WHEN t.s <> ? THEN (SELECT 1 WHERE true) ELSE t.c END",
        "1323", MARIA_SQL_UPSERTS_IF);
}

static void test_casts_name_the_type_that_mariadb_knows(void **state)
{
    (void)state;
    assert_sql("SELECT CAST(?1 AS bigint), CAST(a AS text), ' AS bigint)'",
               "SELECT CAST(? AS SIGNED), CAST(a AS CHAR), ' AS bigint)'", "1", MARIA_SQL_READS);
}

static void test_what_is_not_in_the_subset_is_refused(void **state)
{
    (void)state;
    assert_refused("INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING");
    assert_refused("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO SOMETHING");
    assert_refused("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET (a, b) = (1, 2)");
    assert_refused("SELECT ?70000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbered_values_become_places_in_their_order),
        cmocka_unit_test(test_quoted_text_is_left_alone),
        cmocka_unit_test(test_do_nothing_sets_a_column_to_itself),
        cmocka_unit_test(test_do_update_takes_the_values_that_were_given),
        cmocka_unit_test(test_the_condition_of_the_index_is_left_out),
        cmocka_unit_test(test_the_condition_of_the_update_stands_at_each_column),
        cmocka_unit_test(test_casts_name_the_type_that_mariadb_knows),
        cmocka_unit_test(test_what_is_not_in_the_subset_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

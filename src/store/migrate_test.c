#include "store/fixture.h"

#include "store/internal.h"

/* Three versions of one program: tables of step 1, a column and an index of step 2, a file. */
static const char v1_yaml[] = "tables:\n"
                              "  migration: {since: 1, comment: c, key: [number], columns: {\n"
                              "    number: {type: int, required: true},\n"
                              "    name: {type: text}, checksum: {type: text},\n"
                              "    applied_ms: {type: int}}}\n"
                              "  fruit:\n"
                              "    data: true\n"
                              "    since: 1\n"
                              "    comment: c\n"
                              "    key: [id]\n"
                              "    columns:\n"
                              "      id: {type: id, required: true}\n"
                              "      price: {type: money}\n"
                              "      currency: {type: text}\n";
static const char v2_end[] = "      eater: {type: personal, class: name, since: 2}\n"
                             "      grams: {type: int, since: 2}\n"
                             "    indexes: {heavy: [grams]}\n";
static const char view_sql[] = "CREATE VIEW fruits AS SELECT id FROM fruit;\n";
static const struct embedded_file no_files[] = {{NULL, NULL, 0}};
static const struct embedded_file view_files[] = {
    {"schema/migrations/0003-fruits.sqlite.sql", (const unsigned char *)view_sql,
     sizeof(view_sql) - 1},
    {"schema/migrations/0009-other.postgres.sql", (const unsigned char *)"nonsense", 8},
    {NULL, NULL, 0},
};

static const struct table_catalog *catalog_of(struct fixture *f, const char *text)
{
    struct table_catalog *catalog;
    struct err err;
    assert_good(table_catalog_parse(STR("t.yaml"), str_of(text), &f->arena, &catalog, &err), &err);
    return catalog;
}

static const struct table_catalog *catalog_v2(struct fixture *f)
{
    return catalog_of(f, arena_printf(&f->arena, "%s%s", v1_yaml, v2_end).ptr);
}

static enum err_class migrate(struct fixture *f, const struct table_catalog *catalog,
                              const struct embedded_file *files, unsigned *applied, struct err *err)
{
    struct store_target target = {.name = f->path, .create = true};
    struct conn *conn;
    assert_good(sqlite_ops.open(&target, CONN_MIGRATION, &conn, err), err);
    enum err_class class_ = migrations_run(conn, &target, catalog, files, applied, err);
    sqlite_ops.close(conn);
    return class_;
}

static void migrate_good(struct fixture *f, const struct table_catalog *catalog,
                         const struct embedded_file *files, unsigned expected)
{
    struct err err;
    unsigned applied;
    assert_good(migrate(f, catalog, files, &applied, &err), &err);
    assert_int_equal(applied, expected);
}

static void assert_sql(struct fixture *f, const char *sql, int64_t expected)
{
    struct store_target target = {.name = f->path};
    struct conn *conn;
    struct err err;
    int64_t value;
    assert_good(sqlite_ops.open(&target, CONN_READER, &conn, &err), &err);
    assert_good(conn_read_int(conn, sql, NULL, 0, -1, &value, &err), &err);
    assert_int_equal(value, expected);
    sqlite_ops.close(conn);
}

static void steps_are_taken_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    migrate_good(f, catalog_of(f, v1_yaml), no_files, 1);
    assert_sql(f, "SELECT count(*) FROM pragma_table_info('fruit')", 8);
    migrate_good(f, catalog_of(f, v1_yaml), no_files, 0);
    migrate_good(f, catalog_v2(f), view_files, 2);
    migrate_good(f, catalog_v2(f), view_files, 0);
    assert_sql(f, "SELECT count(*) FROM pragma_table_info('fruit')", 12);
    assert_sql(f, "SELECT count(*) FROM fruits", 0);
    assert_sql(f,
               "SELECT count(*) FROM sqlite_schema WHERE name IN"
               " ('fruit_heavy', 'fruit_eater_index')",
               2);
    assert_sql(f, "SELECT sum(number) FROM migration", 1 + 2 + 3);
}

static void the_same_tables_come_out_in_one_go_or_two(void **state)
{
    struct fixture *f = *state;
    migrate_good(f, catalog_v2(f), view_files, 3);
    assert_sql(f, "SELECT count(*) FROM pragma_table_info('fruit')", 12);
    assert_sql(f, "SELECT count(*) FROM fruits", 0);
}

static void a_comment_may_change_and_a_column_may_not(void **state)
{
    struct fixture *f = *state;
    struct err err;
    unsigned applied;
    migrate_good(f, catalog_of(f, v1_yaml), no_files, 1);

    char edited[sizeof(v1_yaml)];
    strcpy(edited, v1_yaml);
    memcpy(strstr(edited, "comment: c"), "comment: d", 10);
    migrate_good(f, catalog_of(f, edited), no_files, 0);

    memcpy(strstr(edited, "price: {type: money}"), "price: {type: text} ", 20);
    assert_int_equal(migrate(f, catalog_of(f, edited), no_files, &applied, &err), ERR_STORE);
    assert_string_equal(err.code, "store_checksum");
    assert_non_null(strstr(err.message, f->path));
}

static enum err_class step_edit(struct tx *tx, void *context, struct err *err)
{
    (void)context;
    return tx_exec(tx, "UPDATE migration SET checksum = 'another' WHERE number = 2", NULL, 0, NULL,
                   err);
}

static void a_step_of_another_text_is_found_without_migrating(void **state)
{
    struct fixture *f = *state;
    struct err err;
    unsigned applied;
    fixture_open(f);
    assert_int_equal(store_migration_check(f->store, NULL), ERR_OK); /* none was taken */
    assert_int_equal(store_migrate(f->store, &applied, NULL), ERR_OK);
    assert_int_equal(store_migration_check(f->store, NULL), ERR_OK);
    assert_int_equal(store_write(f->store, step_edit, NULL, NULL), ERR_OK);
    assert_int_equal(store_migration_check(f->store, &err), ERR_STORE);
    assert_string_equal(err.code, "store_checksum");
    assert_non_null(strstr(err.message, "migration 2 was another"));
}

/* As a program of years to come leaves it. */
static void database_is_newer(struct fixture *f)
{
    struct store_target target = {.name = f->path};
    struct conn *conn;
    struct err err;
    assert_good(sqlite_ops.open(&target, CONN_WRITER, &conn, &err), &err);
    assert_good(conn_exec(conn,
                          "INSERT INTO migration (number, name, checksum, applied_ms)"
                          " VALUES (9999, 'n', 'c', 1)",
                          NULL, 0, NULL, &err),
                &err);
    sqlite_ops.close(conn);
}

static void a_newer_database_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err err;
    unsigned applied;
    migrate_good(f, catalog_v2(f), no_files, 2);
    assert_int_equal(migrate(f, catalog_of(f, v1_yaml), no_files, &applied, &err), ERR_STORE);
    assert_string_equal(err.code, "store_newer");

    /* The program's own opening refuses it too; it has steps of its own that are written by hand. */
    database_is_newer(f);
    struct store_options options = fixture_options(f);
    struct store *store = NULL;
    options.catalog = catalog_of(f, v1_yaml);
    assert_int_equal(store_open(&options, &store, &err), ERR_STORE);
    assert_string_equal(err.code, "store_newer");
    assert_null(store);
}

static void a_step_that_fails_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct err err;
    unsigned applied;
    fail_order("store.migrate.step=error@2");
    assert_int_equal(migrate(f, catalog_v2(f), no_files, &applied, &err), ERR_STORE);
    fail_order(NULL);
    assert_int_equal(applied, 1);
    assert_sql(f, "SELECT max(number) FROM migration", 1);
    assert_sql(f, "SELECT count(*) FROM pragma_table_info('fruit')", 8);
    migrate_good(f, catalog_v2(f), no_files, 1);
    assert_sql(f, "SELECT count(*) FROM pragma_table_info('fruit')", 12);
}

static void the_programs_tables_are_made(void **state)
{
    struct fixture *f = *state;
    struct migration_state steps;
    unsigned applied;
    fixture_open(f);
    assert_int_equal(store_migration_state(f->store, &steps, NULL), ERR_OK);
    assert_int_equal(steps.applied, 0);
    assert_true(steps.newest >= 1);
    assert_int_equal(store_migrate(f->store, &applied, NULL), ERR_OK);
    assert_int_equal(applied, steps.newest);
    assert_int_equal(store_migrate(f->store, &applied, NULL), ERR_OK);
    assert_int_equal(applied, 0);
    assert_int_equal(store_migration_state(f->store, &steps, NULL), ERR_OK);
    assert_int_equal(steps.applied, steps.newest);
    for (size_t i = 0; i < f->catalog->tables_len; i++) {
        char sql[128];
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM %.*s",
                 STR_ARG(f->catalog->tables[i].name));
        assert_true(read_int(f, sql) >= 0);
    }
    assert_int_equal(store_check(f->store, NULL), ERR_OK);
}

#define EMPTY(test) cmocka_unit_test_setup_teardown(test, fixture_empty, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMPTY(steps_are_taken_once_and_in_order),
        EMPTY(the_same_tables_come_out_in_one_go_or_two),
        EMPTY(a_comment_may_change_and_a_column_may_not),
        EMPTY(a_newer_database_is_refused),
        EMPTY(a_step_that_fails_leaves_nothing_behind),
        EMPTY(the_programs_tables_are_made),
        EMPTY(a_step_of_another_text_is_found_without_migrating),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/internal.h"

static const char yaml[] =
    "tables:\n"
    "  t:\n"
    "    since: 1\n"
    "    comment: What's there\n"
    "    key: [id]\n"
    "    columns:\n"
    "      id: {type: id, required: true, comment: Its number}\n"
    "      state: {type: text}\n"
    "      late: {type: text}\n"
    "    indexes:\n"
    "      open: {columns: [id], where: \"state = 'open'\", since: 1}\n"
    "      one: {columns: [id], unique: true, where: \"state <> ''\", since: 1}\n"
    "      late: {columns: [late], since: 2}\n";

static void assert_ddl(const struct store_ops *ops, unsigned number, const char *expected)
{
    struct arena arena;
    struct table_catalog *catalog;
    struct buf text;
    struct err err;
    arena_init(&arena);
    if (table_catalog_parse(STR("t.yaml"), str_of(yaml), &arena, &catalog, &err))
        fail_msg("%s", err.message);
    buf_init(&text, 65536);
    if (number)
        ddl_write(&text, catalog, number, ops->dialect);
    else
        ddl_write_comments(&text, catalog, ops->dialect);
    assert_string_equal(text.ptr, expected);
    buf_fini(&text);
    arena_fini(&arena);
}

static void postgres_has_conditions_of_indexes(void **state)
{
    (void)state;
    assert_ddl(&postgres_ops, 1,
               "CREATE TABLE t (\n"
               "    id text COLLATE \"C\" NOT NULL,\n"
               "    state text COLLATE \"C\",\n"
               "    late text COLLATE \"C\",\n"
               "    PRIMARY KEY (id)\n"
               ");\n"
               "CREATE INDEX t_open ON t (id) WHERE state = 'open';\n"
               "CREATE UNIQUE INDEX t_one ON t (id) WHERE state <> '';\n");
    assert_ddl(&postgres_ops, 2, "CREATE INDEX t_late ON t (late);\n");
}

static void mariadb_has_columns_in_their_place(void **state)
{
    (void)state;
    assert_ddl(&mariadb_ops, 1,
               "CREATE TABLE IF NOT EXISTS t (\n"
               "    id varchar(191) NOT NULL,\n"
               "    state varchar(191),\n"
               "    late longtext,\n"
               "    PRIMARY KEY (id)\n"
               ") ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4"
               " COLLATE utf8mb4_nopad_bin;\n"
               "CREATE INDEX IF NOT EXISTS t_open ON t (state, id);\n"
               "ALTER TABLE t ADD COLUMN IF NOT EXISTS one_holds tinyint AS"
               " (CASE WHEN state <> '' THEN 1 END) PERSISTENT INVISIBLE;\n"
               "CREATE UNIQUE INDEX IF NOT EXISTS t_one ON t (id, one_holds);\n");
}

static void a_text_gets_its_bound_with_the_index_that_needs_it(void **state)
{
    (void)state;
    assert_ddl(&mariadb_ops, 2,
               "ALTER TABLE t MODIFY COLUMN late varchar(191);\n"
               "CREATE INDEX IF NOT EXISTS t_late ON t (late);\n");
}

static void a_comment_repeats_the_column_as_it_is_now(void **state)
{
    (void)state;
    assert_ddl(&mariadb_ops, 0,
               "ALTER TABLE t COMMENT = 'What''s there',\n"
               "    MODIFY COLUMN id varchar(191) NOT NULL COMMENT 'Its number';\n");
    assert_ddl(&postgres_ops, 0,
               "COMMENT ON TABLE t IS 'What''s there';\n"
               "COMMENT ON COLUMN t.id IS 'Its number';\n");
}

/* Statements name columns without quotes, so none may be a word that MariaDB or PostgreSQL keeps for itself. */
static const char *const kept_words[] = {
    "accessible",
    "add",
    "all",
    "alter",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "before",
    "between",
    "bigint",
    "binary",
    "blob",
    "both",
    "by",
    "call",
    "cascade",
    "case",
    "change",
    "char",
    "character",
    "check",
    "collate",
    "column",
    "condition",
    "constraint",
    "continue",
    "convert",
    "create",
    "cross",
    "current_date",
    "current_time",
    "current_user",
    "cursor",
    "database",
    "databases",
    "dec",
    "decimal",
    "declare",
    "default",
    "delayed",
    "delete",
    "desc",
    "describe",
    "distinct",
    "div",
    "do",
    "double",
    "drop",
    "each",
    "else",
    "elseif",
    "enclosed",
    "end",
    "escaped",
    "except",
    "exists",
    "exit",
    "explain",
    "false",
    "fetch",
    "float",
    "for",
    "force",
    "foreign",
    "from",
    "fulltext",
    "general",
    "grant",
    "group",
    "having",
    "if",
    "ignore",
    "in",
    "index",
    "infile",
    "inner",
    "inout",
    "insert",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "iterate",
    "join",
    "key",
    "keys",
    "kill",
    "leading",
    "leave",
    "left",
    "like",
    "limit",
    "linear",
    "lines",
    "load",
    "localtime",
    "lock",
    "long",
    "loop",
    "low_priority",
    "match",
    "mod",
    "modifies",
    "natural",
    "not",
    "null",
    "numeric",
    "offset",
    "on",
    "only",
    "optimize",
    "option",
    "optionally",
    "or",
    "order",
    "out",
    "outer",
    "outfile",
    "over",
    "partition",
    "precision",
    "primary",
    "procedure",
    "purge",
    "range",
    "read",
    "reads",
    "real",
    "recursive",
    "references",
    "regexp",
    "release",
    "rename",
    "repeat",
    "replace",
    "require",
    "resignal",
    "restrict",
    "return",
    "returning",
    "revoke",
    "right",
    "rlike",
    "row_number",
    "rows",
    "schema",
    "schemas",
    "select",
    "separator",
    "set",
    "show",
    "signal",
    "slow",
    "smallint",
    "some",
    "spatial",
    "specific",
    "sql",
    "ssl",
    "starting",
    "straight_join",
    "table",
    "terminated",
    "then",
    "tinyint",
    "to",
    "trailing",
    "trigger",
    "true",
    "undo",
    "union",
    "unique",
    "unlock",
    "unsigned",
    "update",
    "usage",
    "use",
    "user",
    "using",
    "values",
    "varchar",
    "varying",
    "when",
    "where",
    "while",
    "window",
    "with",
    "write",
    "xor",
    "zerofill",
};

static void assert_free(struct str table, struct str name)
{
    for (size_t i = 0; i < sizeof(kept_words) / sizeof(kept_words[0]); i++)
        if (str_eq(name, str_of(kept_words[i])))
            fail_msg("%.*s.%.*s is a word of the servers", STR_ARG(table), STR_ARG(name));
}

static void no_name_of_the_program_is_a_word_of_a_server(void **state)
{
    struct arena arena;
    struct table_catalog *catalog;
    (void)state;
    arena_init(&arena);
    assert_int_equal(store_schema(&arena, &catalog, NULL), ERR_OK);
    for (size_t i = 0; i < catalog->tables_len; i++) {
        const struct table *table = &catalog->tables[i];
        assert_free(table->name, table->name);
        for (size_t c = 0; c < table->columns_len; c++)
            assert_free(table->name, table->columns[c].name);
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(postgres_has_conditions_of_indexes),
        cmocka_unit_test(mariadb_has_columns_in_their_place),
        cmocka_unit_test(a_text_gets_its_bound_with_the_index_that_needs_it),
        cmocka_unit_test(a_comment_repeats_the_column_as_it_is_now),
        cmocka_unit_test(no_name_of_the_program_is_a_word_of_a_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

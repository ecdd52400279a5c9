#include "batch/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int make_arena(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int free_arena(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static void a_table_is_read_as_it_is_written(void **state)
{
    (void)state;
    struct table_catalog *catalog;
    struct err err;
    struct str text = STR("tables:\n"
                          "  fruit:\n"
                          "    data: true\n"
                          "    since: 2\n"
                          "    comment: What grows\n"
                          "    key: [part, id]\n"
                          "    created: picked\n"
                          "    updated: seen\n"
                          "    status: state\n"
                          "    columns:\n"
                          "      id: {type: id, required: true, comment: Its number}\n"
                          "      part: {type: int, required: true}\n"
                          "      picked: {type: time}\n"
                          "      seen: {type: time}\n"
                          "      state: {type: text}\n"
                          "      price: {type: money}\n"
                          "      currency: {type: text}\n"
                          "      eater: {type: personal, class: name, since: 4}\n"
                          "    indexes:\n"
                          "      seen: {columns: [seen], until: 6}\n"
                          "      one: {columns: [state, id], unique: true, where: \"id <> ''\", "
                          "since: 5}\n"
                          "  note:\n"
                          "    since: 1\n"
                          "    comment: Paper\n"
                          "    key: [id]\n"
                          "    serial: true\n    columns: {id: {type: int, required: true}}\n");
    if (table_catalog_parse(STR("t.yaml"), text, &arena, &catalog, &err))
        fail_msg("%s", err.message);
    assert_int_equal(catalog->tables_len, 2);
    assert_int_equal(catalog->newest, 6);
    const struct table *fruit = table_find(catalog, STR("fruit"));
    assert_ptr_equal(fruit, &catalog->tables[0]);
    assert_true(fruit->data);
    assert_int_equal(fruit->since, 2);
    assert_true(str_eq(fruit->comment, STR("What grows")));
    assert_int_equal(fruit->columns_len, 8);
    assert_int_equal(fruit->key_len, 2);
    assert_int_equal(fruit->key[0], table_column(fruit, STR("part")));
    assert_int_equal(fruit->key[1], table_column(fruit, STR("id")));
    assert_int_equal(fruit->created, table_column(fruit, STR("picked")));
    assert_int_equal(fruit->updated, table_column(fruit, STR("seen")));
    assert_int_equal(fruit->status, table_column(fruit, STR("state")));
    assert_true(str_eq(fruit->columns[0].comment, STR("Its number")));
    assert_true(fruit->columns[0].required);
    assert_false(fruit->columns[2].required);
    assert_int_equal(fruit->columns[5].type, COLUMN_MONEY);
    assert_int_equal(fruit->columns[7].personal, PERSONAL_NAME);
    assert_int_equal(fruit->columns[6].since, 2);
    assert_int_equal(fruit->columns[7].since, 4);
    assert_int_equal(fruit->indexes_len, 2);
    assert_int_equal(fruit->indexes[0].since, 2);
    assert_int_equal(fruit->indexes[0].until, 6);
    assert_false(fruit->indexes[0].unique);
    assert_true(fruit->indexes[1].unique);
    assert_int_equal(fruit->indexes[1].since, 5);
    assert_int_equal(fruit->indexes[1].columns_len, 2);
    assert_true(str_eq(fruit->indexes[1].where, STR("id <> ''")));
    const struct table *note = table_find(catalog, STR("note"));
    assert_true(note->serial);
    assert_false(note->data);
    assert_int_equal(note->status, SIZE_MAX);
    assert_null(table_find(catalog, STR("nothing")));
    assert_int_equal(table_column(note, STR("nothing")), SIZE_MAX);
}

/* A text has a bound from the first step on in which a key or an index holds it, or as it says. */
static void texts_of_keys_and_indexes_are_bounded(void **state)
{
    (void)state;
    struct table_catalog *catalog;
    struct err err;
    struct str text = STR("tables:\n"
                          "  t:\n"
                          "    since: 1\n"
                          "    comment: c\n"
                          "    key: [id, kind]\n"
                          "    columns:\n"
                          "      id: {type: id, required: true}\n"
                          "      kind: {type: text, required: true, bytes: 64}\n"
                          "      late: {type: text}\n"
                          "      asked: {type: text}\n"
                          "      free: {type: text}\n"
                          "    indexes:\n"
                          "      late: {columns: [late], since: 3}\n"
                          "      some: {columns: [id], where: \"asked = 'x'\", since: 2}\n");
    static const struct {
        size_t bytes_max;
        unsigned since;
    } expected[] = {{ID_BYTES_MAX, 1}, {64, 1}, {ID_BYTES_MAX, 3}, {ID_BYTES_MAX, 2}, {0, 1}};
    if (table_catalog_parse(STR("t.yaml"), text, &arena, &catalog, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const struct column *column = &catalog->tables[0].columns[i];
        assert_int_equal(column->bytes_max, expected[i].bytes_max);
        assert_int_equal(column->bounded_since, expected[i].since);
    }
}

/* What stands after `tables:` with a mistake in it, and words of the message. */
static const struct {
    const char *text;
    const char *words;
} mistakes[] = {
    {"  t: {since: 1, comment: c, key: [ix], columns: {id: {type: id, required: true}}}\n",
     "did you mean \"id\""},
    {"  t: {since: 1, comment: c, key: [id], columns: {id: {type: uuid, required: true}}}\n",
     "uuid"},
    {"  t: {since: 1, comment: c, key: [id], columns: {id: {type: id}}}\n", "required"},
    {"  t: {since: 1, comment: c, key: [id], colums: {id: {type: id, required: true}}}\n",
     "columns"},
    {"  T: {since: 1, comment: c, key: [id], columns: {id: {type: id, required: true}}}\n",
     "lower_snake"},
    {"  t: {since: 1, comment: c, key: [id], columns: {\"a; b\": {type: id}}}\n", "lower_snake"},
    {"  t: {since: 1, comment: c, key: [], columns: {id: {type: id, required: true}}}\n", "1 to"},
    {"  t: {since: 1, comment: c, key: [id, id], columns: {id: {type: id, required: true}}}\n",
     "twice"},
    {"  t: {since: 1, comment: c, key: [id], serial: true, columns:"
     " {id: {type: id, required: true}}}\n",
     "serial"},
    {"  t: {since: 1, comment: c, key: [id], columns: {id: {type: id, required: true},"
     " price: {type: money}}}\n",
     "currency"},
    {"  t: {data: true, since: 1, comment: c, key: [id], columns: {id: {type: id, required: true},"
     " row_hash: {type: text}}}\n",
     "row_hash"},
    {"  t: {data: true, since: 1, comment: c, key: [id], columns: {id: {type: id, required: true},"
     " p: {type: personal}}}\n",
     "class"},
    {"  t: {since: 1, comment: c, key: [id], columns: {id: {type: id, required: true},"
     " p: {type: personal, class: name}}}\n",
     "data tables"},
    {"  t: {data: true, since: 1, comment: c, key: [p], columns: {id: {type: id, required: true},"
     " p: {type: personal, class: name}}}\n",
     "key or index"},
    {"  t: {since: 2, comment: c, key: [id], columns: {id: {type: id, required: true}},"
     " indexes: {i: {columns: [id], until: 2}}}\n",
     "before it comes"},
    {"  t: {since: 2, comment: c, key: [id], columns: {id: {type: id, required: true, since: 1}}}\n",
     "older than its table"},
    {"  t: {since: 1, comment: c, key: [id], columns: {id: {type: id, required: true},"
     " b: {type: int, required: true, since: 2}}}\n",
     "later cannot be required"},
    {"  t: {since: 1, comment: c, key: [id], columns: {id: {type: id, required: true},"
     " b: {type: int, since: 3}}, indexes: {x: {columns: [b], since: 2}}}\n",
     "older than its columns"},
    {"  t: {data: true, since: 1, comment: c, key: [id], updated: id, columns:"
     " {id: {type: id, required: true}}}\n",
     "type time"},
    {"  t: {since: 1, comment: c, key: [a, b], columns: {a: {type: text, required: true, bytes: 700},"
     " b: {type: text, required: true}}}\n",
     "3072 bytes"},
    {"  t: {since: 1, comment: c, key: [id], columns: {id: {type: id, required: true},"
     " b: {type: int, bytes: 7}}}\n",
     "only a text"},
    {"  t: {since: 1, comment: c, key: [id], columns: {id: {type: id, required: true}},"
     " indexes: {x: {columns: [id], where: \"1 = 1\"}}}\n",
     "begin with a column"},
    {"  t: {since: 1, comment: c, key: [id], status: id, columns:"
     " {id: {type: id, required: true}}}\n",
     "data tables"},
    {"  t: {since: 1, comment: c, key: [id], months: id, columns:"
     " {id: {type: id, required: true}}}\n",
     "type time or int"},
    {"  t: {since: 1, comment: c, key: [id], months: at, columns:"
     " {id: {type: id, required: true}, at: {type: time, required: true}}}\n",
     "column of the key"},
    {"  t: {since: 1, comment: c, key: [id], columns: {id: {type: id, required: true},"
     " b: {type: int, words: [x]}}}\n",
     "only a text has words"},
};

static void a_mistake_is_refused_where_it_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct table_catalog *catalog;
        struct err err = {.class_ = ERR_OK};
        struct str text = arena_printf(&arena, "tables:\n%s", mistakes[i].text);
        if (table_catalog_parse(STR("t.yaml"), text, &arena, &catalog, &err) != ERR_CONFIG)
            fail_msg("was accepted: %s", mistakes[i].text);
        if (!strstr(err.message, mistakes[i].words) || strncmp(err.message, "t.yaml:2:", 9) != 0)
            fail_msg("%s\nsays: %s", mistakes[i].text, err.message);
    }
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, make_arena, free_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(a_table_is_read_as_it_is_written),
        WITH_ARENA(texts_of_keys_and_indexes_are_bounded),
        WITH_ARENA(a_mistake_is_refused_where_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* For the tests of store: a database in a folder of its own, with the tables of the program. */
#ifndef HUILIU_STORE_FIXTURE_H
#define HUILIU_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <server_schema.h>
#include <cmocka.h>

#include "store/store.h"

struct fixture {
    char folder[64];
    char path[96];
    const char *url;
    struct arena arena;
    struct table_catalog *catalog;
    struct store *store;
};

#define UNUSED_HERE __attribute__((unused))

static inline struct store_options fixture_options(const struct fixture *f)
{
    return (struct store_options){
        .url = str_of(f->url), .home = str_of(f->folder), .catalog = f->catalog, .create = true};
}

static inline void assert_good(enum err_class class_, const struct err *err)
{
    if (class_)
        fail_msg("%s %s: %s", err_class_name(class_), err->code, err->message);
}

static inline void fixture_open(struct fixture *f)
{
    struct err err;
    struct store_options options = fixture_options(f);
    assert_good(store_open(&options, &f->store, &err), &err);
}

static UNUSED_HERE int fixture_empty(void **state)
{
    static struct fixture f;
    f = (struct fixture){.store = NULL};
    strcpy(f.folder, "/tmp/huiliu-store-test-XXXXXX");
    if (!mkdtemp(f.folder))
        return -1;
    snprintf(f.path, sizeof(f.path), "%s/test.db", f.folder);
    f.url = server_schema_empty("sqlite:test.db");
    arena_init(&f.arena);
    *state = &f;
    return store_schema(&f.arena, &f.catalog, NULL) == ERR_OK ? 0 : -1;
}

static UNUSED_HERE int fixture_ready(void **state)
{
    if (fixture_empty(state))
        return -1;
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    unsigned applied;
    if (store_open(&options, &f->store, NULL))
        return -1;
    return store_migrate(f->store, &applied, NULL) == ERR_OK ? 0 : -1;
}

static inline void fail_order(const char *order)
{
    if (order)
        setenv("HUILIU_FAIL", order, 1);
    else
        unsetenv("HUILIU_FAIL");
    assert_int_equal(fail_setup(NULL), ERR_OK);
}

static UNUSED_HERE int fixture_end(void **state)
{
    struct fixture *f = *state;
    static const char *const ends[] = {"", "-wal", "-shm"};
    fail_order(NULL);
    store_close(f->store);
    arena_fini(&f->arena);
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
        unlink(path);
    }
    return rmdir(f->folder);
}

/* --- rows of trade_order --- */

static inline struct batch *orders_new(struct fixture *f, size_t rows_max)
{
    struct batch *batch;
    struct err err;
    const struct table *table = table_find(f->catalog, STR("trade_order"));
    assert_good(batch_new(table, &f->arena, rows_max, &batch, &err), &err);
    return batch;
}

static inline size_t order_column(const struct batch *batch, const char *name)
{
    size_t column = table_column(batch->table, str_of(name));
    assert_true(column != SIZE_MAX);
    return column;
}

/* A row with its key and guard; its hash says which copy it is. */
static inline size_t order_add(struct batch *batch, const char *id, unsigned char copy,
                               int64_t updated_ms, int64_t received_ms)
{
    size_t row;
    struct err err;
    assert_good(batch_append(batch, &row, &err), &err);
    batch_set_text(batch, row, order_column(batch, "order_id"), str_of(id));
    batch_set_number(batch, row, order_column(batch, "updated_at"), updated_ms);
    batch->guards[row] = (struct row_guard){
        .hash = {copy}, .updated_ms = updated_ms, .received_ms = received_ms};
    return row;
}

static inline void order_text(struct batch *batch, size_t row, const char *column, const char *text)
{
    batch_set_text(batch, row, order_column(batch, column), str_of(text));
}

static inline struct unit unit_of(struct batch *const *batches, size_t batches_len)
{
    return (struct unit){
        .shop_id = 7, .batches = batches, .batches_len = batches_len, .now_ms = 5000};
}

static inline void commit_good(struct fixture *f, struct unit *unit)
{
    struct err err;
    assert_good(store_commit(f->store, unit, &err), &err);
}

static inline int64_t read_int(struct fixture *f, const char *sql)
{
    struct err err;
    int64_t out;
    assert_good(store_read_int(f->store, sql, NULL, 0, -1, &out, &err), &err);
    return out;
}

/* The texts of a column, with commas. `rest` begins with FROM. */
#define JOINED(column, rest)                                                                       \
    SQL_PER_DATABASE("SELECT group_concat(" column ") " rest,                                      \
                     "SELECT string_agg(" column ", ',') " rest,                                   \
                     "SELECT group_concat(" column ") " rest)

/* What SQLite alone has: files, its own allocator, its page limit. */
#define SQLITE_ONLY()                                                                              \
    do {                                                                                           \
        if (server_is_given())                                                                     \
            skip();                                                                                \
    } while (0)

/* The first column of the first row, in the fixture's arena; "(null)" and "(none)" as such. */
static inline const char *read_text(struct fixture *f, const char *sql)
{
    struct err err;
    struct reader *reader;
    struct str out = STR("(none)");
    assert_good(store_read(f->store, sql, NULL, 0, &reader, &err), &err);
    if (reader_next(reader))
        out = reader_is_null(reader, 0) ? STR("(null)")
                                        : arena_dup(&f->arena, reader_text(reader, 0));
    assert_good(reader_close(reader, &err), &err);
    return out.ptr;
}

#endif

/* For the tests of derive: a database with the tables of the program, and shop 7, whose days are those of Shanghai. */
#ifndef HUILIU_DERIVE_AD_FIXTURE_H
#define HUILIU_DERIVE_AD_FIXTURE_H

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

#include "derive/engine.h"

enum { SHOP = 7 };
#define UNUSED_HERE __attribute__((unused))

struct fixture {
    char folder[64];
    struct str url;
    struct arena arena;
    struct table_catalog *catalog;
    struct store *store;
    struct derive *derive;
    struct derive_shop shop;
    int64_t now_ms;
    unsigned char copy; /* each row that is stored is another copy */
};

static inline void assert_good(enum err_class class_, const struct err *err)
{
    if (class_)
        fail_msg("%s %s: %s", err_class_name(class_), err->code, err->message);
}

static inline const struct derive_shop *fixture_shop(void *context, int64_t shop_id)
{
    const struct fixture *f = context;
    return shop_id == SHOP || shop_id == SHOP + 1 ? &f->shop : NULL;
}

static UNUSED_HERE int derive_ready(void **state)
{
    static struct fixture f;
    static const struct str final[] = {{"DONE", 4}, {"OFF", 3}};
    f = (struct fixture){.now_ms = 1000000};
    strcpy(f.folder, "/tmp/huiliu-derive-test-XXXXXX");
    if (!mkdtemp(f.folder))
        return -1;
    arena_init(&f.arena);
    *state = &f;
    if (store_schema(&f.arena, &f.catalog, NULL))
        return -1;
    f.url = arena_dup(&f.arena, str_of(server_schema_empty("sqlite:d.db")));
    const struct store_options options = {
        .url = f.url, .home = str_of(f.folder), .catalog = f.catalog, .create = true};
    unsigned applied;
    if (store_open(&options, &f.store, NULL) || store_migrate(f.store, &applied, NULL))
        return -1;
    f.shop = (struct derive_shop){
        .figures_stream = STR("figures"), .final_statuses = final, .final_statuses_len = 2};
    if (zone_find(STR("Asia/Shanghai"), &f.shop.zone, NULL))
        return -1;
    const struct derive_options derive = {.store = f.store, .shop_of = fixture_shop, .context = &f};
    return derive_open(&derive, &f.derive, NULL) == ERR_OK ? 0 : -1;
}

static UNUSED_HERE int derive_end(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    struct fixture *f = *state;
    unsetenv("HUILIU_FAIL");
    fail_setup(NULL);
    derive_close(f->derive);
    store_close(f->store);
    arena_fini(&f->arena);
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/d.db%s", f->folder, ends[i]);
        unlink(path);
    }
    return rmdir(f->folder);
}

/* --- rows --- */

/* "column=value column=value": numbers for columns of numbers; a value may hold no blank. As one unit of a shop that
 * brings its task, as sync makes them. */
static inline struct unit_counts row_put(struct fixture *f, int64_t shop_id, const char *table_name,
                                         const char *text)
{
    struct err err;
    struct batch *batch;
    size_t row;
    const struct table *table = table_find(f->catalog, str_of(table_name));
    assert_good(batch_new(table, &f->arena, 1, &batch, &err), &err);
    assert_good(batch_append(batch, &row, &err), &err);
    struct str rest = arena_dup(&f->arena, str_of(text)), item, name, value;
    while (rest.len > 0) {
        str_cut(rest, ' ', &item, &rest);
        str_cut(item, '=', &name, &value);
        size_t column = table_column(table, name);
        assert_true(column != SIZE_MAX);
        int64_t number;
        if (batch->columns[column].numbers) {
            assert_true(str_to_i64(value, &number));
            batch_set_number(batch, row, column, number);
        } else {
            batch_set_text(batch, row, column, value);
        }
    }
    /* The same text is the same copy. */
    uint64_t hash = hash_bytes(text, strlen(text));
    memcpy(batch->guards[row].hash, &hash, sizeof(hash));
    f->now_ms += 10;
    batch->guards[row].updated_ms = batch->guards[row].received_ms = f->now_ms;
    const struct task_new task = {.lane = shop_id,
                                  .class_ = TASK_LIVE,
                                  .kind = DERIVE_KIND,
                                  .unique_key = DERIVE_KIND,
                                  .payload = STR("{}"),
                                  .ready_ms = f->now_ms};
    struct step step;
    assert_good(queue_step_enqueue(&task, f->now_ms, &f->arena, &step, &err), &err);
    struct unit unit = {.shop_id = shop_id,
                        .batches = &batch,
                        .batches_len = 1,
                        .touched = &step,
                        .touched_len = 1,
                        .now_ms = f->now_ms};
    assert_good(store_commit(f->store, &unit, &err), &err);
    return unit.counts;
}

static inline enum err_class script_work(struct tx *tx, void *context, struct err *err)
{
    return tx_exec(tx, context, NULL, 0, NULL, err);
}

static inline void execute(struct fixture *f, char *sql)
{
    struct err err;
    assert_good(store_write(f->store, script_work, sql, &err), &err);
}

/* --- deriving --- */

/* Claims the one task there is; false: none. */
static inline bool task_claim(struct fixture *f, struct task **task)
{
    struct err err;
    size_t len;
    int64_t next_ms;
    struct queue_claimer by = {.worker = STR("w")};
    /* A rebuild's task is of the clock's time, those of row_put are of the fixture's. */
    assert_good(
        queue_claim(f->store, &by, clock_now_ms() + 1000, 1, &f->arena, task, &len, &next_ms, &err),
        &err);
    return len == 1;
}

static inline enum task_end task_run(struct fixture *f, const struct task *task, struct err *err)
{
    static const volatile bool never = false;
    struct task_outcome outcome = {.stopping = &never};
    enum task_end end = derive_handle(f->derive, task, &outcome);
    *err = outcome.err;
    return end;
}

/* All that is touched, in every shop. */
static inline int derive_all(struct fixture *f)
{
    struct task *task;
    struct err err;
    int tasks = 0;
    for (; task_claim(f, &task); tasks++)
        if (task_run(f, task, &err) != TASK_DONE)
            fail_msg("%s: %s", err.code, err.message);
    return tasks;
}

static inline int64_t read_int(struct fixture *f, const char *sql)
{
    struct err err;
    int64_t out;
    assert_good(store_read_int(f->store, sql, NULL, 0, -1, &out, &err), &err);
    return out;
}

/* All rows: columns joined with ',', rows with ' '; NULL is '-'. */
static inline const char *read_rows(struct fixture *f, const char *sql)
{
    struct err err;
    struct reader *reader;
    struct buf text;
    buf_init(&text, 64 * 1024);
    assert_good(store_read(f->store, sql, NULL, 0, &reader, &err), &err);
    while (reader_next(reader))
        for (int i = 0; i < reader_columns(reader); i++) {
            if (text.len > 0)
                buf_add_char(&text, i > 0 ? ',' : ' ');
            buf_add(&text, reader_is_null(reader, i) ? STR("-") : reader_text(reader, i));
        }
    assert_good(reader_close(reader, &err), &err);
    struct str out = arena_dup(&f->arena, buf_str(&text));
    buf_fini(&text);
    return out.ptr;
}

#endif

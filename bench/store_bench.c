/* store-bench [ROWS]: what commit units cost over the bare write path, on this disk, in this run.
 *
 *   store.sqlite.fresh   new orders from 50 lanes through commit units; limit: the same rows through
 *                        prepared INSERTs, 5,000 a transaction, same file settings and indexes
 *   store.sqlite.same    the same pages again; limit: bare key look-ups of the same rows
 *   store.sqlite.changed the same orders with other values; limit: as fresh
 *   store.sqlite.single  units of one page from one lane; limit: bare transactions of one page
 *
 * Pages are made before the clock starts; both paths write the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bare.h"
#include "bench/pages.h"

static const char original_sql[] =
    "INSERT INTO original (shop_id, table_name, key_text, body, received_ms)"
    " VALUES (?1, 'trade_order', ?2, ?3, ?4)";
static const char history_sql[] =
    "INSERT INTO status_history (shop_id, table_name, key_text, at_ms, status, seen_ms)"
    " VALUES (?1, 'trade_order', ?2, ?3, ?4, ?5)";
static const char look_up_sql[] =
    "SELECT row_hash, updated_at FROM trade_order WHERE shop_id = ?1 AND order_id = ?2";

/* --- the bare path --- */

struct bare {
    sqlite3 *db;
    sqlite3_stmt *insert, *original, *history, *look_up;
};

/* trade_order as the program has it: shop, the columns (three for a personal one), four guards. */
static void insert_write(struct buf *out, const struct table *table)
{
    static const char *const parts[] = {"_cipher", "_mask", "_index"};
    int len = 1;
    buf_add(out, STR("INSERT INTO trade_order (shop_id"));
    for (size_t i = 0; i < table->columns_len; i++) {
        bool personal = table->columns[i].type == COLUMN_PERSONAL;
        for (int part = 0; part < (personal ? 3 : 1); part++, len++)
            buf_printf(out, ", %.*s%s", STR_ARG(table->columns[i].name),
                       personal ? parts[part] : "");
    }
    buf_add(out, STR(", row_hash, received_ms, first_seen_ms, changed_ms) VALUES (?1"));
    for (int at = 2; at <= len + 4; at++)
        buf_printf(out, ", ?%d", at);
    buf_add_char(out, ')');
}

static void paths_open(struct bare *bare, const char *path, const struct table *table)
{
    struct buf insert;
    buf_init(&insert, 64 * 1024);
    insert_write(&insert, table);
    buf_add_char(&insert, '\0');
    bare->db = bare_open_writer(path);
    bare->insert = bare_prepare(bare->db, insert.ptr);
    buf_fini(&insert);
    bare->original = bare_prepare(bare->db, original_sql);
    bare->history = bare_prepare(bare->db, history_sql);
    bare->look_up = bare_prepare(bare->db, look_up_sql);
}

static void bare_text(sqlite3_stmt *stmt, int at, struct str text)
{
    sqlite3_bind_text(stmt, at, text.ptr, (int)text.len, SQLITE_STATIC);
}

static void bare_row(struct bare *bare, const struct page *page, size_t row)
{
    const struct batch *batch = page->batch;
    const struct row_guard *guard = &batch->guards[row];
    struct str id = batch->columns[0].texts[row];
    int at = 1;
    sqlite3_bind_int64(bare->insert, at++, page->shop);
    for (size_t i = 0; i < batch->table->columns_len; i++) {
        if (batch->sealed[i]) {
            bare_text(bare->insert, at++, batch->sealed[i][row].cipher);
            bare_text(bare->insert, at++, batch->sealed[i][row].mask);
            bare_text(bare->insert, at++, batch->sealed[i][row].index);
        } else if (batch->columns[i].numbers) {
            sqlite3_bind_int64(bare->insert, at++, batch->columns[i].numbers[row]);
        } else {
            bare_text(bare->insert, at++, batch->columns[i].texts[row]);
        }
    }
    sqlite3_bind_blob(bare->insert, at++, guard->hash, sizeof(guard->hash), SQLITE_STATIC);
    for (int i = 0; i < 3; i++)
        sqlite3_bind_int64(bare->insert, at++, guard->received_ms);
    bare_run(bare->insert);

    sqlite3_bind_int64(bare->original, 1, page->shop);
    bare_text(bare->original, 2, id);
    sqlite3_bind_blob(bare->original, 3, batch->originals[row].ptr, ORIGINAL_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(bare->original, 4, guard->received_ms);
    bare_run(bare->original);

    sqlite3_bind_int64(bare->history, 1, page->shop);
    bare_text(bare->history, 2, id);
    sqlite3_bind_int64(bare->history, 3, guard->updated_ms);
    bare_text(bare->history, 4, STR("FULFILLED"));
    sqlite3_bind_int64(bare->history, 5, guard->received_ms);
    bare_run(bare->history);
}

/* Rows a second. */
static double bare_write(struct bare *bare, const struct pages *pages, size_t pages_a_commit)
{
    int64_t start_ns = clock_monotonic_ns();
    for (size_t i = 0; i < pages->len; i++) {
        if (i % pages_a_commit == 0)
            bare_exec(bare->db, "BEGIN IMMEDIATE");
        for (size_t row = 0; row < PAGE_ROWS; row++)
            bare_row(bare, &pages->items[i], row);
        if (i % pages_a_commit == pages_a_commit - 1 || i == pages->len - 1)
            bare_exec(bare->db, "COMMIT");
    }
    return (double)(pages->len * PAGE_ROWS) / bare_seconds_since(start_ns);
}

static double bare_look_up(struct bare *bare, const struct pages *pages)
{
    size_t found = 0;
    int64_t start_ns = clock_monotonic_ns();
    for (size_t i = 0; i < pages->len; i++)
        for (size_t row = 0; row < PAGE_ROWS; row++) {
            const struct page *page = &pages->items[i];
            sqlite3_bind_int64(bare->look_up, 1, page->shop);
            bare_text(bare->look_up, 2, page->batch->columns[0].texts[row]);
            if (sqlite3_step(bare->look_up) == SQLITE_ROW)
                found += memcmp(sqlite3_column_blob(bare->look_up, 0),
                                page->batch->guards[row].hash, 16) == 0;
            sqlite3_reset(bare->look_up);
        }
    double rate = (double)found / bare_seconds_since(start_ns);
    if (found != pages->len * PAGE_ROWS)
        bare_die("look-up", "a row is missing");
    return rate;
}

static struct store *store_make(const char *folder, const char *name,
                                const struct table_catalog *catalog)
{
    char url[64];
    snprintf(url, sizeof(url), "sqlite:%s", name);
    struct store_options options = {
        .url = str_of(url), .home = str_of(folder), .catalog = catalog, .create = true};
    struct store *store;
    struct err err;
    unsigned applied;
    must(store_open(&options, &store, &err), &err);
    must(store_migrate(store, &applied, &err), &err);
    return store;
}

static void folder_remove(const char *folder)
{
    static const char *const names[] = {"bare.db", "bare.db-wal", "bare.db-shm",
                                        "unit.db", "unit.db-wal", "unit.db-shm"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

int main(int argc, char **argv)
{
    size_t rows = argc > 1 ? strtoul(argv[1], NULL, 10) : ROWS_DEFAULT;
    if (rows < PAGE_ROWS || rows > ROWS_MAX)
        bare_die("usage", "store-bench [ROWS], 100 to 400000");
    char folder[] = "huiliu-store-bench-XXXXXX", path[64];
    struct arena arena;
    struct table_catalog *catalog;
    struct err err;
    arena_init(&arena);
    must(store_schema(&arena, &catalog, &err), &err);
    const struct table *table = table_find(catalog, STR("trade_order"));
    if (!mkdtemp(folder))
        bare_die(folder, "cannot be made");
    struct pages pages = pages_make(table, rows, 0);
    struct pages single = pages_make(table, SINGLE_PAGES * PAGE_ROWS, ROWS_MAX);

    store_close(store_make(folder, "bare.db", catalog));
    struct store *store = store_make(folder, "unit.db", catalog);
    struct bare bare;
    snprintf(path, sizeof(path), "%s/bare.db", folder);
    paths_open(&bare, path, table);

    double limit = bare_write(&bare, &pages, COMMIT_ROWS_MAX / PAGE_ROWS);
    report("store.sqlite.fresh", store_write_pages(store, &pages, LANES, ROW_NEW), limit);
    double looked_up = bare_look_up(&bare, &pages);
    report("store.sqlite.same", store_write_pages(store, &pages, LANES, ROW_SAME), looked_up);
    pages_change(&pages);
    report("store.sqlite.changed", store_write_pages(store, &pages, LANES, ROW_CHANGED), limit);
    limit = bare_write(&bare, &single, 1);
    report("store.sqlite.single", store_write_pages(store, &single, 1, ROW_NEW), limit);

    fprintf(stderr, "store-bench: SQLite held at most %lld KB for both databases together\n",
            (long long)sqlite3_memory_highwater(0) / 1024);

    bare_close(bare.db);
    store_close(store);
    pages_free(&single);
    pages_free(&pages);
    arena_fini(&arena);
    folder_remove(folder);
    return 0;
}

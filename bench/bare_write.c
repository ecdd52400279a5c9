/* bare-write SOURCE TARGET [rows]: the limits of sync.sqlite.fresh and sync.sqlite.rows. Writes what a sync has stored into a
 * fresh database with the same tables and indexes, in the order in which the sync wrote it, through
 * prepared INSERTs, 5,000 data rows a transaction: rows, and behind each order its result, and behind all of them the cells
 * and days that are their sums; with `rows` the rows alone. Prints orders, rows, and the seconds of writing.
 *
 * Rows are read in chunks into memory before the clock runs, sealed and compressed as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "bench/bare.h"

/* A transaction has as many data rows as the store's writer puts into one; an order brings its
 * certificates along, so a chunk may end a few rows above it. */
enum { CHUNK_ROWS = COMMIT_ROWS_MAX, CHUNK_ROOM = 8 * CHUNK_ROWS, COLUMNS_MAX = 64 };

/* Those before CELL are found by their order, the others follow as a whole. */
enum which { ORDER, ORIGINAL, CERTIFICATE, HISTORY, RESULT, CELL, DAY, TABLES };

/* How the rows of one order are found. A certificate's key_text is its order's, U+001F and more: it
 * sorts behind the order's and before anything longer than that. */
static const struct {
    const char *name;
    bool data;
    const char *read;
} tables[TABLES] = {
    [ORDER] = {"trade_order", true, "SELECT * FROM trade_order WHERE rowid > ?1 ORDER BY rowid"},
    [ORIGINAL] = {"original", false,
                  "SELECT * FROM original WHERE shop_id = ?1 AND table_name = 'trade_order'"
                  " AND key_text = ?2"},
    [CERTIFICATE] = {"trade_certificate", true,
                     "SELECT * FROM trade_certificate WHERE shop_id = ?1 AND order_id = ?2"},
    [HISTORY] = {"status_history", false,
                 "SELECT * FROM status_history WHERE shop_id = ?1 AND table_name IN"
                 " ('trade_order', 'trade_certificate') AND"
                 " key_text BETWEEN ?2 AND ?2 || char(32)"},
    [RESULT] = {"trade_result", false,
                "SELECT * FROM trade_result WHERE shop_id = ?1 AND order_id = ?2"},
    [CELL] = {"trade_cell", false, "SELECT * FROM trade_cell"},
    [DAY] = {"trade_day", false, "SELECT * FROM trade_day"},
};

struct cell {
    int type;
    int64_t number;
    struct str bytes;
};

struct row {
    enum which table;
    struct cell *cells;
};

struct chunk {
    struct arena arena;
    struct row rows[CHUNK_ROOM];
    size_t rows_len, data_rows, orders;
};

struct copy {
    sqlite3 *source, *target;
    sqlite3_stmt *read[TABLES], *insert[TABLES];
    int columns[TABLES];
    bool ended, rows_only;
    struct chunk chunk;
};

/* --- the same tables --- */

static void schema_copy(struct copy *copy)
{
    sqlite3_stmt *each = bare_prepare(
        copy->source, "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL"
                      " ORDER BY type = 'index'");
    for (int table = 0; table < TABLES; table++) {
        sqlite3_bind_text(each, 1, tables[table].name, -1, SQLITE_STATIC);
        while (sqlite3_step(each) == SQLITE_ROW)
            bare_exec(copy->target, (const char *)sqlite3_column_text(each, 0));
        sqlite3_reset(each);
    }
}

static void statements_prepare(struct copy *copy)
{
    for (int table = 0; table < TABLES; table++) {
        char sql[512];
        copy->read[table] = bare_prepare(copy->source, tables[table].read);
        copy->columns[table] = sqlite3_column_count(copy->read[table]);
        int len = snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES (?", tables[table].name);
        for (int i = 1; i < copy->columns[table]; i++)
            len += snprintf(sql + len, sizeof(sql) - (size_t)len, ",?");
        snprintf(sql + len, sizeof(sql) - (size_t)len, ")");
        copy->insert[table] = bare_prepare(copy->target, sql);
    }
}

/* --- reading --- */

static void row_keep(struct copy *copy, enum which table)
{
    struct chunk *chunk = &copy->chunk;
    sqlite3_stmt *stmt = copy->read[table];
    size_t columns = (size_t)copy->columns[table];
    struct cell *cells = arena_array(&chunk->arena, columns, sizeof(*cells));
    if (!cells || chunk->rows_len == CHUNK_ROOM)
        bare_die("chunk", "does not fit");
    for (int i = 0; i < (int)columns; i++) {
        cells[i].type = sqlite3_column_type(stmt, i);
        if (cells[i].type == SQLITE_INTEGER) {
            cells[i].number = sqlite3_column_int64(stmt, i);
        } else if (cells[i].type != SQLITE_NULL) {
            const char *bytes = sqlite3_column_blob(stmt, i);
            struct str text = {bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, i)};
            cells[i].bytes = arena_dup(&chunk->arena, text);
            if (!cells[i].bytes.ptr)
                bare_die("chunk", "does not fit");
        }
    }
    chunk->rows[chunk->rows_len++] = (struct row){table, cells};
    chunk->data_rows += tables[table].data;
}

/* Everything that a sync wrote for the order on which the order statement stands. */
static void order_keep(struct copy *copy)
{
    sqlite3_stmt *order = copy->read[ORDER];
    copy->chunk.orders++;
    row_keep(copy, ORDER);
    for (enum which table = ORIGINAL; table < (copy->rows_only ? RESULT : CELL); table++) {
        sqlite3_stmt *stmt = copy->read[table];
        sqlite3_bind_int64(stmt, 1, sqlite3_column_int64(order, 0));
        sqlite3_bind_text(stmt, 2, (const char *)sqlite3_column_text(order, 1), -1, SQLITE_STATIC);
        while (sqlite3_step(stmt) == SQLITE_ROW)
            row_keep(copy, table);
        sqlite3_reset(stmt);
    }
}

/* False when nothing is left. */
static bool chunk_read(struct copy *copy)
{
    struct chunk *chunk = &copy->chunk;
    arena_reset(&chunk->arena);
    chunk->rows_len = chunk->data_rows = chunk->orders = 0;
    /* A statement that has said DONE would begin anew when stepped again. */
    while (!copy->ended && chunk->data_rows < CHUNK_ROWS) {
        copy->ended = sqlite3_step(copy->read[ORDER]) != SQLITE_ROW;
        if (!copy->ended)
            order_keep(copy);
    }
    return chunk->orders > 0;
}

/* The next rows of a table that is read as a whole; false when nothing is left. */
static bool sums_read(struct copy *copy, enum which table)
{
    struct chunk *chunk = &copy->chunk;
    arena_reset(&chunk->arena);
    chunk->rows_len = chunk->data_rows = chunk->orders = 0;
    while (!copy->ended && chunk->rows_len < CHUNK_ROWS) {
        copy->ended = sqlite3_step(copy->read[table]) != SQLITE_ROW;
        if (!copy->ended)
            row_keep(copy, table);
    }
    return chunk->rows_len > 0;
}

/* --- writing --- */

static void row_write(struct copy *copy, const struct row *row)
{
    sqlite3_stmt *stmt = copy->insert[row->table];
    for (int i = 0; i < copy->columns[row->table]; i++) {
        const struct cell *cell = &row->cells[i];
        if (cell->type == SQLITE_INTEGER)
            sqlite3_bind_int64(stmt, i + 1, cell->number);
        else if (cell->type == SQLITE_TEXT)
            sqlite3_bind_text(stmt, i + 1, cell->bytes.ptr, (int)cell->bytes.len, SQLITE_STATIC);
        else if (cell->type == SQLITE_BLOB)
            sqlite3_bind_blob(stmt, i + 1, cell->bytes.ptr, (int)cell->bytes.len, SQLITE_STATIC);
        else
            sqlite3_bind_null(stmt, i + 1);
    }
    bare_run(stmt);
}

static void chunk_write(struct copy *copy)
{
    bare_exec(copy->target, "BEGIN IMMEDIATE");
    for (size_t i = 0; i < copy->chunk.rows_len; i++)
        row_write(copy, &copy->chunk.rows[i]);
    bare_exec(copy->target, "COMMIT");
}

struct written {
    size_t orders, rows;
    double seconds;
};

static void chunk_time(struct copy *copy, struct written *written)
{
    int64_t start_ns = clock_monotonic_ns();
    chunk_write(copy);
    written->seconds += bare_seconds_since(start_ns);
    written->orders += copy->chunk.orders;
    written->rows += copy->chunk.rows_len;
}

int main(int argc, char **argv)
{
    if (argc != 3 && !(argc == 4 && strcmp(argv[3], "rows") == 0))
        bare_die("usage", "bare-write SOURCE TARGET [rows]");
    struct copy *copy = calloc(1, sizeof(*copy));
    if (!copy)
        bare_die("memory", "none left");
    arena_init(&copy->chunk.arena);
    copy->source = bare_open_reader(argv[1]);
    copy->target = bare_open_writer(argv[2]);
    schema_copy(copy);
    statements_prepare(copy);

    struct written written = {.orders = 0};
    copy->rows_only = argc == 4;
    sqlite3_bind_int64(copy->read[ORDER], 1, 0);
    while (chunk_read(copy))
        chunk_time(copy, &written);
    for (enum which table = CELL; table < TABLES && !copy->rows_only; table++) {
        copy->ended = false;
        while (sums_read(copy, table))
            chunk_time(copy, &written);
    }
    bare_close(copy->source);
    bare_close(copy->target);
    arena_fini(&copy->chunk.arena);
    free(copy);
    printf("{\"orders\": %zu, \"rows\": %zu, \"seconds\": %.6f}\n", written.orders, written.rows,
           written.seconds);
    return 0;
}

/* store-postgres-bench [ROWS]: commit units on the server of HUILIU_TEST_STORE over bare COPY there.
 *
 *   store.postgres.fresh    new orders from 50 lanes through commit units; limit: COPY of the same rows into
 *                           the same three tables with the same indexes, 5,000 a transaction
 *   store.postgres.same     the same pages again; limit: as fresh
 *   store.postgres.changed  the same orders with other values; limit: as fresh
 *
 * Both write the same bytes, each into an empty schema. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bare.h"
#include "bench/pages.h"

static void query(PGconn *link, const char *sql)
{
    PGresult *result = PQexec(link, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_COPY_IN && status != PGRES_TUPLES_OK)
        bare_die(sql, PQerrorMessage(link));
    PQclear(result);
}

static struct store *store_make(const char *server, PGconn *link, const char *schema,
                                const struct table_catalog *catalog)
{
    char text[512];
    struct store *store;
    struct err err;
    unsigned applied;
    snprintf(text, sizeof(text), "DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s", schema,
             schema);
    query(link, text);
    snprintf(text, sizeof(text), "%s?options=-csearch_path%%3D%s", server, schema);
    struct store_options options = {.url = str_of(text), .catalog = catalog};
    must(store_open(&options, &store, &err), &err);
    must(store_migrate(store, &applied, &err), &err);
    return store;
}

/* --- COPY --- */

static void text_add(struct buf *out, struct str text)
{
    buf_add(out, text);
    buf_add_char(out, '\t');
}

static void order_add(struct buf *out, const struct page *page, size_t row)
{
    const struct batch *batch = page->batch;
    const struct row_guard *guard = &batch->guards[row];
    buf_printf(out, "%lld\t", (long long)page->shop);
    for (size_t i = 0; i < batch->table->columns_len; i++) {
        if (batch->sealed[i]) {
            text_add(out, batch->sealed[i][row].cipher);
            text_add(out, batch->sealed[i][row].mask);
            text_add(out, batch->sealed[i][row].index);
        } else if (batch->columns[i].numbers) {
            buf_printf(out, "%lld\t", (long long)batch->columns[i].numbers[row]);
        } else {
            text_add(out, batch->columns[i].texts[row]);
        }
    }
    buf_add(out, STR("\\\\x"));
    for (size_t i = 0; i < sizeof(guard->hash); i++)
        buf_printf(out, "%02x", guard->hash[i]);
    long long at = (long long)guard->received_ms;
    buf_printf(out, "\t%lld\t%lld\t%lld\n", at, at, at);
}

static void original_add(struct buf *out, const struct page *page, size_t row)
{
    struct str body = page->batch->originals[row];
    buf_printf(out, "%lld\ttrade_order\t%.*s\t\\\\x", (long long)page->shop,
               STR_ARG(page->batch->columns[0].texts[row]));
    for (size_t i = 0; i < body.len; i++)
        buf_printf(out, "%02x", (unsigned char)body.ptr[i]);
    buf_printf(out, "\t%lld\n", (long long)page->batch->guards[row].received_ms);
}

static void history_add(struct buf *out, const struct page *page, size_t row)
{
    const struct row_guard *guard = &page->batch->guards[row];
    buf_printf(out, "%lld\ttrade_order\t%.*s\t%lld\tFULFILLED\t%lld\n", (long long)page->shop,
               STR_ARG(page->batch->columns[0].texts[row]), (long long)guard->updated_ms,
               (long long)guard->received_ms);
}

typedef void row_add(struct buf *out, const struct page *page, size_t row);

static void table_copy(PGconn *link, const char *table, struct str lines)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "COPY %s FROM STDIN", table);
    query(link, sql);
    if (PQputCopyData(link, lines.ptr, (int)lines.len) != 1 || PQputCopyEnd(link, NULL) != 1)
        bare_die(table, PQerrorMessage(link));
    for (PGresult *result; (result = PQgetResult(link)) != NULL; PQclear(result))
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            bare_die(table, PQerrorMessage(link));
}

/* The lines of a transaction are made while the clock stands. */
static double copy_write(PGconn *link, const struct pages *pages)
{
    static const struct {
        const char *table;
        row_add *add;
    } tables[] = {
        {"trade_order", order_add}, {"original", original_add}, {"status_history", history_add}};
    enum { TABLES = 3, PAGES_A_COMMIT = COMMIT_ROWS_MAX / PAGE_ROWS };
    struct buf lines[TABLES];
    double seconds = 0;
    for (int t = 0; t < TABLES; t++)
        buf_init(&lines[t], 256 * 1024 * 1024);
    for (size_t first = 0; first < pages->len; first += PAGES_A_COMMIT) {
        for (int t = 0; t < TABLES; t++) {
            buf_reset(&lines[t]);
            for (size_t i = first; i < pages->len && i < first + PAGES_A_COMMIT; i++)
                for (size_t row = 0; row < PAGE_ROWS; row++)
                    tables[t].add(&lines[t], &pages->items[i], row);
        }
        int64_t start_ns = clock_monotonic_ns();
        query(link, "BEGIN");
        for (int t = 0; t < TABLES; t++)
            table_copy(link, tables[t].table, buf_str(&lines[t]));
        query(link, "COMMIT");
        seconds += bare_seconds_since(start_ns);
    }
    for (int t = 0; t < TABLES; t++)
        buf_fini(&lines[t]);
    return (double)(pages->len * PAGE_ROWS) / seconds;
}

/* The same orders as the platform gives them later. */
static void pages_change(const struct pages *pages)
{
    for (size_t i = 0; i < pages->len; i++)
        for (size_t row = 0; row < PAGE_ROWS; row++) {
            struct row_guard *guard = &pages->items[i].batch->guards[row];
            guard->hash[0] = (unsigned char)~guard->hash[0];
            guard->updated_ms++;
            guard->received_ms++;
        }
}

int main(int argc, char **argv)
{
    const char *server = getenv("HUILIU_TEST_STORE");
    size_t rows = argc > 1 ? strtoul(argv[1], NULL, 10) : ROWS_DEFAULT;
    if (!server || rows < PAGE_ROWS || rows > ROWS_MAX)
        bare_die("usage",
                 "HUILIU_TEST_STORE=postgresql://… store-postgres-bench [ROWS], 100 to 400000");
    struct arena arena;
    struct table_catalog *catalog;
    struct err err;
    arena_init(&arena);
    must(store_schema(&arena, &catalog, &err), &err);
    struct pages pages = pages_make(table_find(catalog, STR("trade_order")), rows, 0);
    PGconn *link = PQconnectdb(server);
    query(link, "SET client_min_messages = warning");
    store_close(store_make(server, link, "bench_copy", catalog));
    struct store *store = store_make(server, link, "bench_unit", catalog);

    query(link, "SET search_path = bench_copy");
    double limit = copy_write(link, &pages);
    report("store.postgres.fresh", store_write_pages(store, &pages, LANES, ROW_NEW), limit);
    report("store.postgres.same", store_write_pages(store, &pages, LANES, ROW_SAME), limit);
    pages_change(&pages);
    report("store.postgres.changed", store_write_pages(store, &pages, LANES, ROW_CHANGED), limit);

    store_close(store);
    query(link, "DROP SCHEMA bench_copy CASCADE; DROP SCHEMA bench_unit CASCADE");
    PQfinish(link);
    pages_free(&pages);
    arena_fini(&arena);
    return 0;
}

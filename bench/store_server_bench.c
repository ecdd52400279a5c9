/* store-server-bench [ROWS]: commit units on the server of HUILIU_TEST_STORE over its own bare load.
 *
 *   store.KIND.fresh    new orders from 50 lanes through commit units; limit: the same rows into the same three
 *                       tables with the same indexes, 5,000 a transaction, by COPY (PostgreSQL), LOAD DATA or
 *                       INSERT of many rows (MariaDB)
 *   store.KIND.same     the same pages again; limit: as fresh
 *   store.KIND.changed  the same orders with other values; limit: as fresh
 *
 * Both write the same bytes, each into an empty schema. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bare_server.h"

const char *const loaded_tables[LOADED_TABLES] = {"trade_order", "original", "status_history"};

static void store_make(const struct bare_server *server, const char *schema,
                       const struct table_catalog *catalog, struct store **out)
{
    char url[512];
    struct err err;
    unsigned applied;
    server->empty(schema, url, sizeof(url));
    struct store_options options = {.url = str_of(url), .catalog = catalog};
    must(store_open(&options, out, &err), &err);
    must(store_migrate(*out, &applied, &err), &err);
}

/* --- rows --- */

static void number_add(struct buf *out, const struct row_form *form, int64_t number)
{
    buf_printf(out, "%s%lld", form->between, (long long)number);
}

static void text_add(struct buf *out, const struct row_form *form, struct str text)
{
    buf_add(out, str_of(form->between));
    form->text(out, text);
}

static void bytes_add(struct buf *out, const struct row_form *form, struct str bytes)
{
    buf_add(out, str_of(form->between));
    form->bytes(out, bytes);
}

static void order_add(struct buf *out, const struct row_form *form, const struct page *page,
                      size_t row)
{
    const struct batch *batch = page->batch;
    const struct row_guard *guard = &batch->guards[row];
    for (size_t i = 0; i < batch->table->columns_len; i++) {
        if (batch->sealed[i]) {
            text_add(out, form, batch->sealed[i][row].cipher);
            text_add(out, form, batch->sealed[i][row].mask);
            text_add(out, form, batch->sealed[i][row].index);
        } else if (batch->columns[i].numbers) {
            number_add(out, form, batch->columns[i].numbers[row]);
        } else {
            text_add(out, form, batch->columns[i].texts[row]);
        }
    }
    bytes_add(out, form, (struct str){(const char *)guard->hash, sizeof(guard->hash)});
    for (int i = 0; i < 3; i++)
        number_add(out, form, guard->received_ms);
}

static void original_add(struct buf *out, const struct row_form *form, const struct page *page,
                         size_t row)
{
    text_add(out, form, STR("trade_order"));
    text_add(out, form, page->batch->columns[0].texts[row]);
    bytes_add(out, form, page->batch->originals[row]);
    number_add(out, form, page->batch->guards[row].received_ms);
}

static void history_add(struct buf *out, const struct row_form *form, const struct page *page,
                        size_t row)
{
    const struct row_guard *guard = &page->batch->guards[row];
    text_add(out, form, STR("trade_order"));
    text_add(out, form, page->batch->columns[0].texts[row]);
    number_add(out, form, guard->updated_ms);
    text_add(out, form, STR("FULFILLED"));
    number_add(out, form, guard->received_ms);
}

double server_load(const struct pages *pages, const struct row_form *form, void (*begin)(void),
                   void (*write)(const char *table, struct str rows), void (*commit)(void))
{
    enum { PAGES_A_COMMIT = COMMIT_ROWS_MAX / PAGE_ROWS };
    void (*const add[])(struct buf *, const struct row_form *, const struct page *,
                        size_t) = {order_add, original_add, history_add};
    struct buf rows[LOADED_TABLES];
    double seconds = 0;
    for (int t = 0; t < LOADED_TABLES; t++)
        buf_init(&rows[t], 256 * 1024 * 1024);
    for (size_t first = 0; first < pages->len; first += PAGES_A_COMMIT) {
        for (int t = 0; t < LOADED_TABLES; t++) {
            buf_reset(&rows[t]);
            for (size_t i = first; i < pages->len && i < first + PAGES_A_COMMIT; i++)
                for (size_t row = 0; row < PAGE_ROWS; row++) {
                    buf_printf(&rows[t], "%s%lld", form->begin, (long long)pages->items[i].shop);
                    add[t](&rows[t], form, &pages->items[i], row);
                    buf_add(&rows[t], str_of(form->end));
                }
        }
        int64_t start_ns = clock_monotonic_ns();
        begin();
        for (int t = 0; t < LOADED_TABLES; t++)
            write(loaded_tables[t], buf_str(&rows[t]));
        commit();
        seconds += bare_seconds_since(start_ns);
    }
    for (int t = 0; t < LOADED_TABLES; t++)
        buf_fini(&rows[t]);
    return (double)(pages->len * PAGE_ROWS) / seconds;
}

static void measure(const struct bare_server *server, struct store *store,
                    const struct pages *pages, const char *what, enum row_outcome outcome,
                    double limit)
{
    char name[64];
    snprintf(name, sizeof(name), "store.%s.%s", server->name, what);
    report(name, store_write_pages(store, pages, LANES, outcome), limit);
}

int main(int argc, char **argv)
{
    const char *address = getenv("HUILIU_TEST_STORE");
    size_t rows = argc > 1 ? strtoul(argv[1], NULL, 10) : ROWS_DEFAULT;
    if (!address || rows < PAGE_ROWS || rows > ROWS_MAX)
        bare_die(
            "usage",
            "HUILIU_TEST_STORE=postgresql://… or mysql://… store-server-bench [ROWS], 100 to 400000");
    const struct bare_server *server = strncmp(address, "mysql:", 6) == 0 ? &bare_mariadb
                                                                          : &bare_postgres;
    struct arena arena;
    struct table_catalog *catalog;
    struct store *store;
    struct err err;
    arena_init(&arena);
    must(store_schema(&arena, &catalog, &err), &err);
    struct pages pages = pages_make(table_find(catalog, STR("trade_order")), rows, 0);
    server->connect(address);
    store_make(server, "bench_load", catalog, &store);
    store_close(store);
    double limit = server->load("bench_load", &pages);
    server->drop("bench_load");

    store_make(server, "bench_unit", catalog, &store);
    measure(server, store, &pages, "fresh", ROW_NEW, limit);
    measure(server, store, &pages, "same", ROW_SAME, limit);
    pages_change(&pages);
    measure(server, store, &pages, "changed", ROW_CHANGED, limit);
    store_close(store);
    server->drop("bench_unit");
    server->disconnect();
    pages_free(&pages);
    arena_fini(&arena);
    return 0;
}

/* Pages of orders as sync hands them to the store, made before any clock runs, and written by lanes. */
#include "bench/pages.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bare.h"

void must(enum err_class class_, const struct err *err)
{
    if (class_)
        bare_die(err->code, err->message);
}

void report(const char *name, double value, double limit)
{
    printf("bench %s %.0f rows/s limit %.0f ratio %.2f\n", name, value, limit, value / limit);
}

static struct str random_hex(struct arena *arena, struct rng *rng, size_t bytes)
{
    struct str out = {arena_alloc(arena, bytes + 1), bytes};
    char *at = arena_alloc(arena, bytes + 17);
    if (!out.ptr || !at)
        bare_die("memory", "none left");
    out.ptr = at;
    for (size_t i = 0; i < bytes; i += 16)
        snprintf(at + i, 17, "%016llx", (unsigned long long)rng_next(rng));
    return out;
}

static void row_make(struct batch *batch, struct arena *arena, struct rng *rng, int64_t number)
{
    size_t row;
    struct err err;
    must(batch_append(batch, &row, &err), &err);
    const struct table *table = batch->table;
    for (size_t i = 0; i < table->columns_len; i++) {
        if (batch->columns[i].numbers)
            batch_set_number(batch, row, i, 1700000000000 + number);
        else
            batch_set_text(batch, row, i, random_hex(arena, rng, 16));
        if (batch->sealed[i])
            batch->sealed[i][row] = (struct sealed_value){.cipher = random_hex(arena, rng, 64),
                                                          .mask = STR("138****8000"),
                                                          .index = random_hex(arena, rng, 32)};
    }
    /* Ids grow with time, as those of the platforms do; statuses are few. */
    struct str id = arena_printf(arena, "%019lld", (long long)(1835535794685987 + number * 1003));
    if (!id.ptr)
        bare_die("memory", "none left");
    batch_set_text(batch, row, table_column(table, STR("order_id")), id);
    batch_set_text(batch, row, table_column(table, STR("status")), STR("FULFILLED"));
    uint64_t hash[2] = {rng_next(rng), rng_next(rng)};
    memcpy(batch->guards[row].hash, hash, sizeof(hash));
    batch->guards[row].updated_ms = batch->guards[row].received_ms = 1700000000000 + number;
    batch->originals[row] = random_hex(arena, rng, ORIGINAL_BYTES);
}

struct pages pages_make(const struct table *table, size_t rows, int64_t first_number)
{
    struct pages pages = {.len = rows / PAGE_ROWS};
    struct rng rng;
    struct err err;
    rng_seed(&rng, (uint64_t)first_number + 1);
    pages.arenas = calloc(pages.len, sizeof(*pages.arenas));
    pages.items = calloc(pages.len, sizeof(*pages.items));
    if (!pages.arenas || !pages.items)
        bare_die("memory", "none left");
    for (size_t i = 0; i < pages.len; i++) {
        arena_init(&pages.arenas[i]);
        pages.items[i].shop = (int64_t)(i % LANES) + 1;
        must(batch_new(table, &pages.arenas[i], PAGE_ROWS, &pages.items[i].batch, &err), &err);
        for (int k = 0; k < PAGE_ROWS; k++)
            row_make(pages.items[i].batch, &pages.arenas[i], &rng,
                     first_number + (int64_t)i * PAGE_ROWS + k);
    }
    return pages;
}

void pages_change(const struct pages *pages)
{
    for (size_t i = 0; i < pages->len; i++)
        for (size_t row = 0; row < PAGE_ROWS; row++) {
            struct row_guard *guard = &pages->items[i].batch->guards[row];
            guard->hash[0] = (unsigned char)~guard->hash[0];
            guard->updated_ms++;
            guard->received_ms++;
        }
}

void pages_free(struct pages *pages)
{
    for (size_t i = 0; i < pages->len; i++)
        arena_fini(&pages->arenas[i]);
    free(pages->arenas);
    free(pages->items);
}

/* --- through the store --- */

struct run {
    struct store *store;
    const struct pages *pages;
    enum row_outcome expected;
    atomic_size_t next_page;
};

static void page_commit(struct run *run, const struct page *page)
{
    struct batch *batch = page->batch;
    struct unit unit = {
        .shop_id = page->shop, .batches = &batch, .batches_len = 1, .now_ms = 1700000000000};
    struct err err;
    must(store_commit(run->store, &unit, &err), &err);
    if (unit.counts.rows[run->expected] != PAGE_ROWS)
        bare_die("unit", "another outcome than expected");
}

static void *lane_main(void *context)
{
    struct run *run = context;
    for (size_t i; (i = atomic_fetch_add(&run->next_page, 1)) < run->pages->len;)
        page_commit(run, &run->pages->items[i]);
    return NULL;
}

double store_write_pages(struct store *store, const struct pages *pages, size_t lanes,
                         enum row_outcome expected)
{
    struct run run = {.store = store, .pages = pages, .expected = expected};
    pthread_t threads[LANES];
    int64_t start_ns = clock_monotonic_ns();
    for (size_t i = 0; i < lanes; i++)
        if (pthread_create(&threads[i], NULL, lane_main, &run))
            bare_die("thread", "cannot be started");
    for (size_t i = 0; i < lanes; i++)
        pthread_join(threads[i], NULL);
    return (double)(pages->len * PAGE_ROWS) / bare_seconds_since(start_ns);
}

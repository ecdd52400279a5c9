/* A store for tests. */
#include "coord/database_fixture.h"

#include <assert.h>
#include <server_schema.h>
#include <stdio.h>
#include <stdlib.h>

bool database_is_server(void)
{
    return server_is_given();
}

static void must(enum err_class class_, const struct err *err)
{
    if (class_ == ERR_OK)
        return;
    fprintf(stderr, "%s: %s\n", err->code, err->message);
    abort();
}

void database_start(struct database_home *home)
{
    static char url[96];
    struct table_catalog *catalog;
    struct err err;
    unsigned applied;
    snprintf(home->folder, sizeof(home->folder), "/tmp/huiliu-coord-db-XXXXXX");
    char *made = mkdtemp(home->folder);
    assert(made);
    (void)made;
    snprintf(url, sizeof(url), "sqlite:%s/test.db", home->folder);
    home->url = server_schema_empty(url);
    arena_init(&home->arena);
    must(store_schema(&home->arena, &catalog, &err), &err);
    const struct store_options options = {
        .url = str_of(home->url), .catalog = catalog, .create = true};
    must(store_open(&options, &home->store, &err), &err);
    must(store_migrate(home->store, &applied, &err), &err);
}

void database_stop(struct database_home *home)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    store_close(home->store);
    arena_fini(&home->arena);
    for (size_t i = 0; i < 3; i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s/test.db%s", home->folder, ends[i]);
        unlink(path);
    }
    rmdir(home->folder);
}

static enum err_class statement_run(struct tx *tx, void *context, struct err *err)
{
    return tx_exec(tx, context, NULL, 0, NULL, err);
}

void database_do(struct database_home *home, const char *sql)
{
    char text[512];
    struct err err;
    snprintf(text, sizeof(text), "%s", sql);
    must(store_write(home->store, statement_run, text, &err), &err);
}

int64_t database_read_int(struct database_home *home, const char *sql)
{
    struct err err;
    int64_t out;
    must(store_read_int(home->store, sql, NULL, 0, -1, &out, &err), &err);
    return out;
}

struct coord *database_coord(struct database_home *home, bool clock_is_handed_in)
{
    struct coord *coord;
    struct err err;
    const struct coord_database_options options = {
        .store = home->store, .seed = 1, .clock_is_handed_in = clock_is_handed_in};
    must(coord_open_database(&options, &coord, &err), &err);
    return coord;
}

struct coord *database_coord_anew(struct database_home *home)
{
    database_do(home, "DELETE FROM budget_bucket");
    database_do(home, "DELETE FROM coord_lock");
    return database_coord(home, true);
}

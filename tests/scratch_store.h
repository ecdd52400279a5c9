/* For the tests of rooms above the store: a database in a folder of its own, with the tables of the program. */
#ifndef HUILIU_TESTS_SCRATCH_STORE_H
#define HUILIU_TESTS_SCRATCH_STORE_H

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

#include "queue/queue.h"

struct fixture {
    char folder[64];
    struct arena arena;
    struct table_catalog *catalog;
    struct store *store;
    const char *url;
};

static inline void assert_good(enum err_class class_, const struct err *err)
{
    if (class_)
        fail_msg("%s %s: %s", err_class_name(class_), err->code, err->message);
}

static inline struct store_options fixture_options(const struct fixture *f)
{
    return (struct store_options){
        .url = str_of(f->url), .home = str_of(f->folder), .catalog = f->catalog, .create = true};
}

static inline int scratch_ready(void **state)
{
    static struct fixture f;
    f = (struct fixture){.store = NULL};
    strcpy(f.folder, "/tmp/huiliu-store-test-XXXXXX");
    if (!mkdtemp(f.folder))
        return -1;
    arena_init(&f.arena);
    *state = &f;
    if (store_schema(&f.arena, &f.catalog, NULL))
        return -1;
    f.url = server_schema_empty("sqlite:q.db");
    struct store_options options = fixture_options(&f);
    unsigned applied;
    if (store_open(&options, &f.store, NULL))
        return -1;
    return store_migrate(f.store, &applied, NULL) == ERR_OK ? 0 : -1;
}

static inline int scratch_end(void **state)
{
    struct fixture *f = *state;
    static const char *const ends[] = {"q.db", "q.db-wal", "q.db-shm"};
    store_close(f->store);
    arena_fini(&f->arena);
    for (size_t i = 0; i < 3; i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s/%s", f->folder, ends[i]);
        unlink(path);
    }
    return rmdir(f->folder);
}

#endif

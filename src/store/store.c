/* The store's face: opening, migrating, checking. */
#include "store/internal.h"
#include "store/mariadb.h"
#include "store/postgres.h"
#include "store/sql.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

extern const struct embedded_file schema_files[];

enum err_class store_schema(struct arena *arena, struct table_catalog **out, struct err *err)
{
    struct str text = {(const char *)schema_files[0].bytes, schema_files[0].bytes_len};
    return table_catalog_parse(str_of(schema_files[0].name), text, arena, out, err);
}

/* "PATH?max_pages=N": the bound stands in for a full disk where one cannot be had. */
static enum err_class sqlite_target(struct store *store, const struct store_options *options,
                                    struct str rest, struct err *err)
{
    struct str path, bound;
    if (str_cut(rest, '?', &path, &bound)) {
        struct str name, number;
        if (!str_cut(bound, '=', &name, &number) || !str_eq(name, STR("max_pages")) ||
            !str_to_i64(number, &store->target.pages_max) || store->target.pages_max < 1)
            return err_set(err, ERR_CONFIG, "store_url", "store: \"%.*s\" is not max_pages=NUMBER",
                           STR_ARG(bound));
    }
    if (path.len == 0 || memchr(path.ptr, 0, path.len))
        return err_set(err, ERR_CONFIG, "store_url", "store: write sqlite:FILE");
    struct str name = path.ptr[0] == '/' || options->home.len == 0
                          ? arena_dup(&store->arena, path)
                          : arena_printf(&store->arena, "%.*s/%.*s", STR_ARG(options->home),
                                         STR_ARG(path));
    if (!name.ptr)
        return err_no_memory(err);
    store->target.name = name.ptr;
    store->ops = &sqlite_ops;
    return ERR_OK;
}

static enum err_class target_read(struct store *store, const struct store_options *options,
                                  struct err *err)
{
    struct str scheme, rest;
    store->target.read_only = options->read_only;
    store->target.create = options->create;
    if (str_cut(options->url, ':', &scheme, &rest) && str_eq(scheme, STR("sqlite")))
        return sqlite_target(store, options, rest, err);
    if (str_eq(scheme, STR("postgresql")) || str_eq(scheme, STR("postgres"))) {
        store->ops = &postgres_ops;
        return pg_target(&store->arena, options->url, &store->target, err);
    }
    if (str_eq(scheme, STR("mysql")) || str_eq(scheme, STR("mariadb"))) {
        store->ops = &mariadb_ops;
        return maria_target(&store->arena, options->url, &store->target, err);
    }
    return err_set(err, ERR_CONFIG, "store_url",
                   "store: databases of kind \"%.*s\" are not known; write sqlite:FILE, "
                   "postgresql://… or mysql://…",
                   STR_ARG(scheme));
}

static enum err_class tables_prepare(struct store *store, struct err *err)
{
    const struct table_catalog *catalog = store->catalog;
    store->tables = arena_array(&store->arena, catalog->tables_len, sizeof(*store->tables));
    if (!store->tables)
        return err_no_memory(err);
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < catalog->tables_len; i++)
        if (catalog->tables[i].data)
            class_ = table_sql_make(&catalog->tables[i], &store->arena, &store->tables[i], err);
    return class_;
}

/* A database that cannot be worked with is refused before anything is started. */
static enum err_class database_guard(struct store *store, struct err *err)
{
    struct conn *conn;
    enum conn_role role = store->target.read_only ? CONN_READER : CONN_MIGRATION;
    enum err_class class_ = store->ops->open(&store->target, role, &conn, err);
    if (class_)
        return class_;
    unsigned newest = migrations_newest(store->ops, store->catalog, migration_files);
    class_ = migrations_guard(conn, &store->target, newest, err);
    store->ops->close(conn);
    return class_;
}

enum err_class store_open(const struct store_options *options, struct store **out, struct err *err)
{
    struct store *store = calloc(1, sizeof(*store));
    if (!store)
        return err_no_memory(err);
    arena_init(&store->arena);
    ears_init(&store->ears);
    store->catalog = options->catalog;
    store->process = arena_dup(&store->arena, options->process);
    enum err_class class_ = store->process.ptr ? target_read(store, options, err)
                                               : err_no_memory(err);
    if (!class_)
        class_ = tables_prepare(store, err);
    if (!class_)
        class_ = database_guard(store, err);
    if (!class_ && !options->read_only)
        class_ = writer_open(&store->writer, store, err);
    if (class_) {
        ears_fini(&store->ears);
        arena_fini(&store->arena);
        free(store);
        return class_;
    }
    pool_init(&store->pool, store->ops, &store->target, options);
    *out = store;
    return ERR_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    writer_close(&store->writer);
    pool_fini(&store->pool);
    assert(!store->ears.first); /* who listens closes his ear before */
    ears_fini(&store->ears);
    arena_fini(&store->arena);
    free(store);
}

const struct table_catalog *store_catalog(const struct store *store)
{
    return store->catalog;
}

const char *store_kind(const struct store *store)
{
    return store->ops->name;
}

unsigned store_connections(const struct store *store)
{
    return store->pool.readers_max + CONNECTIONS_BESIDE;
}

unsigned store_connections_beside(void)
{
    return CONNECTIONS_BESIDE;
}

/* Runs `work` on a connection of its own, apart from the writer's and the readers'. */
static enum err_class store_apart(struct store *store, enum conn_role role, struct conn **out,
                                  struct err *err)
{
    if (store->target.read_only)
        role = CONN_READER;
    return store->ops->open(&store->target, role, out, err);
}

enum err_class store_migration_state(struct store *store, struct migration_state *out,
                                     struct err *err)
{
    struct conn *conn;
    enum err_class class_ = store_apart(store, CONN_READER, &conn, err);
    if (class_)
        return class_;
    out->newest = migrations_newest(store->ops, store->catalog, migration_files);
    class_ = migrations_applied(conn, &out->applied, err);
    store->ops->close(conn);
    return class_;
}

enum err_class store_migration_check(struct store *store, struct err *err)
{
    struct conn *conn;
    enum err_class class_ = store_apart(store, CONN_READER, &conn, err);
    if (class_)
        return class_;
    class_ = migrations_compare(conn, &store->target, store->catalog, migration_files, err);
    store->ops->close(conn);
    return class_;
}

enum err_class store_migrate(struct store *store, unsigned *applied_now, struct err *err)
{
    struct conn *conn;
    enum err_class class_ = store_apart(store, CONN_MIGRATION, &conn, err);
    if (class_)
        return class_;
    class_ = migrations_run(conn, &store->target, store->catalog, migration_files, applied_now,
                            err);
    if (!class_ && store->ops->dialect->months)
        class_ = months_keep(conn, store->catalog, clock_now_ms(), err);
    store->ops->close(conn);
    return class_;
}

enum err_class store_upkeep(struct store *store, int64_t now_ms, struct err *err)
{
    struct conn *conn;
    if (!store->ops->dialect->months)
        return ERR_OK;
    enum err_class class_ = store_apart(store, CONN_MIGRATION, &conn, err);
    if (class_)
        return class_;
    class_ = months_keep(conn, store->catalog, now_ms, err);
    store->ops->close(conn);
    return class_;
}

enum err_class store_prune(struct store *store, struct str name, int64_t before_ms, int64_t *gone,
                           struct err *err)
{
    const struct table *table = table_find(store->catalog, name);
    struct conn *conn;
    *gone = 0;
    if (!table || table->months == SIZE_MAX)
        return err_set(err, ERR_INTERNAL, "store_sql", "table %.*s has no months", STR_ARG(name));
    enum err_class class_ = ERR_OK;
    if (store->ops->dialect->months) {
        class_ = store_apart(store, CONN_MIGRATION, &conn, err);
        if (class_)
            return class_;
        class_ = months_drop(conn, table, before_ms, gone, err);
        store->ops->close(conn);
    }
    return class_ ? class_ : rows_prune(store, table, before_ms, gone, err);
}

enum err_class store_define(struct store *store, const char *script, struct err *err)
{
    const struct store_ops *ops = store->ops;
    struct conn *conn;
    enum err_class class_ = store_apart(store, CONN_MIGRATION, &conn, err);
    if (class_)
        return class_;
    class_ = ops->begin(conn, err);
    if (!class_)
        class_ = conn_exec(conn, SQL_DEFINE_PATIENCE, NULL, 0, NULL, err);
    if (!class_)
        class_ = ops->script(conn, script, err);
    if (!class_)
        class_ = ops->commit(conn, err);
    if (class_)
        ops->rollback(conn);
    ops->close(conn);
    return class_;
}

enum err_class store_check(struct store *store, struct err *err)
{
    struct conn *conn;
    enum err_class class_ = store_apart(store, CONN_READER, &conn, err);
    if (class_)
        return class_;
    class_ = store->ops->check(conn, err);
    store->ops->close(conn);
    return class_;
}

enum err_class store_connections_allowed(struct store *store, int64_t *out, struct err *err)
{
    struct conn *conn;
    enum err_class class_ = store_apart(store, CONN_READER, &conn, err);
    if (class_)
        return class_;
    class_ = store->ops->allowed ? store->ops->allowed(conn, out, err) : ERR_OK;
    if (!store->ops->allowed)
        *out = INT64_MAX;
    store->ops->close(conn);
    return class_;
}

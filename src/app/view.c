/* The views that people and their saved SQL read. They hold nothing, so they are simply made anew when
 * their text in the program differs from the one that made them. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "app/sql.h"

extern const struct embedded_file view_files[];

struct view_work {
    struct str checksum;
    bool current;
};

/* "life_orders" of "schema/views/sqlite/life_orders.sql". */
static struct str view_name(const struct embedded_file *file)
{
    struct str name = str_of(file->name);
    for (size_t slash; (slash = str_find_char(name, '/')) != SIZE_MAX;)
        name = str_sub(name, slash + 1, name.len);
    return str_sub(name, 0, str_find_char(name, '.'));
}

static enum err_class views_checksum(struct buf *out, struct err *err)
{
    struct buf all, digest;
    buf_init(&all, 1024 * 1024);
    buf_init(&digest, DIGEST_BYTES_MAX);
    for (const struct embedded_file *file = view_files; file->name; file++) {
        buf_add(&all, str_of(file->name));
        buf_add_bytes(&all, file->bytes, file->bytes_len);
    }
    enum err_class class_ = all.failed ? err_no_memory(err)
                                       : digest_write(&digest, DIGEST_SHA256, buf_str(&all), err);
    if (class_ == ERR_OK)
        hex_write(out, buf_str(&digest), false);
    buf_fini(&digest);
    buf_fini(&all);
    return class_;
}

static enum err_class checksum_compare(struct reader *row, void *context, struct err *err)
{
    struct view_work *work = context;
    (void)err;
    work->current = str_eq(reader_text(row, 0), work->checksum);
    return ERR_OK;
}

/* All are dropped before any is made: one may be read by another. */
static enum err_class views_make(struct tx *tx, struct err *err)
{
    char sql[256];
    enum err_class class_ = ERR_OK;
    for (const struct embedded_file *file = view_files; class_ == ERR_OK && file->name; file++) {
        snprintf(sql, sizeof(sql), "DROP VIEW IF EXISTS %.*s", STR_ARG(view_name(file)));
        class_ = tx_exec(tx, sql, NULL, 0, NULL, err);
    }
    for (const struct embedded_file *file = view_files; class_ == ERR_OK && file->name; file++)
        class_ = tx_exec(tx, (const char *)file->bytes, NULL, 0, NULL, err);
    return class_;
}

static enum err_class views_update(struct tx *tx, void *context, struct err *err)
{
    struct view_work *work = context;
    const struct sql_value values[] = {sql_text(STR("views_checksum")), sql_text(work->checksum)};
    enum err_class class_ = tx_query(tx, SQL_SETTING, values, 1, checksum_compare, work, err);
    if (class_ != ERR_OK || work->current)
        return class_;
    class_ = views_make(tx, err);
    return class_ == ERR_OK ? tx_exec(tx, SQL_SETTING_PUT, values, 2, NULL, err) : class_;
}

enum err_class views_install(struct store *store, struct err *err)
{
    struct buf checksum;
    /* The texts are SQLite's; other databases have none yet (docs/store.md). */
    if (strcmp(store_kind(store), "sqlite") != 0)
        return ERR_OK;
    buf_init(&checksum, 2 * DIGEST_BYTES_MAX + 1);
    enum err_class class_ = views_checksum(&checksum, err);
    if (class_ == ERR_OK) {
        struct view_work work = {.checksum = buf_str(&checksum)};
        class_ = store_write(store, views_update, &work, err);
    }
    buf_fini(&checksum);
    return class_;
}

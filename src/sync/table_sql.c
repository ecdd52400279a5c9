/* Reads of data tables. Their names come from the table catalogue, never from outside, so the texts
 * are put together here and nowhere else in this room. */
#include "sync/sync_internal.h"

static struct str column_name(const struct table *table, size_t column)
{
    return table->columns[column].name;
}

static enum err_class created_query(const struct table *table, const char *what,
                                    struct arena *arena, struct str *out, struct err *err)
{
    if (table->created == SIZE_MAX)
        return err_set(err, ERR_CONFIG, "table_created",
                       "table %.*s has no creation time; its stream cannot be audited",
                       STR_ARG(table->name));
    struct str created = column_name(table, table->created);
    *out = arena_printf(arena, "SELECT %s FROM %.*s WHERE shop_id = ?1 AND %.*s BETWEEN ?2 AND ?3",
                        what, STR_ARG(table->name), STR_ARG(created));
    return out->ptr ? ERR_OK : err_no_memory(err);
}

enum err_class rows_created_count(struct store *store, const struct table *table, int64_t shop_id,
                                  int64_t from_ms, int64_t to_ms, int64_t *out, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct str sql;
    const struct sql_value values[] = {sql_int(shop_id), sql_int(from_ms), sql_int(to_ms)};
    enum err_class class_ = created_query(table, "count(*)", &arena, &sql, err);
    if (class_ == ERR_OK)
        class_ = store_read_int(store, sql.ptr, values, 3, 0, out, err);
    arena_fini(&arena);
    return class_;
}

/* The ids a statement gives, into the set. */
static enum err_class ids_read(struct store *store, struct str sql, const struct sql_value *values,
                               size_t values_len, struct id_set *ids, int64_t *rows,
                               struct err *err)
{
    struct reader *row;
    *rows = 0;
    enum err_class class_ = store_read(store, sql.ptr, values, values_len, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (class_ == ERR_OK && reader_next(row)) {
        uint64_t hash = id_hash(reader_text(row, 0));
        class_ = id_set_add(ids, &hash, 1, err);
        ++*rows;
    }
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    id_set_settle(ids);
    return class_ == ERR_OK ? closed : class_;
}

enum err_class rows_created_ids(struct store *store, const struct table *table, int64_t shop_id,
                                int64_t from_ms, int64_t to_ms, struct id_set *ids, int64_t *rows,
                                struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct str sql;
    const struct sql_value values[] = {sql_int(shop_id), sql_int(from_ms), sql_int(to_ms)};
    struct str key = arena_dup(&arena, column_name(table, table->key[0]));
    enum err_class class_ = key.ptr ? created_query(table, key.ptr, &arena, &sql, err)
                                    : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = ids_read(store, sql, values, 3, ids, rows, err);
    arena_fini(&arena);
    return class_;
}

enum err_class rows_undated_ids(struct store *store, const struct table *table, int64_t shop_id,
                                struct id_set *ids, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    int64_t rows;
    const struct sql_value shop = sql_int(shop_id);
    struct str sql = arena_printf(&arena,
                                  "SELECT %.*s FROM %.*s WHERE shop_id = ?1 AND %.*s IS NULL",
                                  STR_ARG(column_name(table, table->key[0])), STR_ARG(table->name),
                                  STR_ARG(column_name(table, table->created)));
    enum err_class class_ = sql.ptr ? ids_read(store, sql, &shop, 1, ids, &rows, err)
                                    : err_no_memory(err);
    arena_fini(&arena);
    return class_;
}

/* A manifest's text in SQL: quotes are doubled. */
static void literal_write(struct buf *out, struct str text)
{
    buf_add_char(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'')
            buf_add_char(out, '\'');
        buf_add_char(out, text.ptr[i]);
    }
    buf_add_char(out, '\'');
}

struct str status_in_final_sql(const struct stream *stream, struct str column, struct arena *arena)
{
    struct buf text;
    buf_init(&text, 64 * 1024);
    buf_printf(&text, "%.*s IN (", STR_ARG(column));
    for (size_t i = 0; i < stream->final_statuses_len; i++) {
        if (i > 0)
            buf_add_char(&text, ',');
        literal_write(&text, stream->final_statuses[i]);
    }
    buf_add_char(&text, ')');
    struct str out = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return out;
}

/* Rows that are too old, a few thousand a transaction, so that others write in between. Indexes of data tables
 * begin with the shop, so those go shop by shop. */
#include "store/internal.h"

enum { PRUNED_MAX = 5000, SQL_ROOM = 2048 };

struct prune {
    const char *sql;
    int64_t before_ms, shop_id, gone;
};

static enum err_class prune_work(struct tx *tx, void *context, struct err *err)
{
    struct prune *prune = context;
    const struct sql_value values[] = {sql_int(prune->before_ms), sql_int(PRUNED_MAX),
                                       sql_int(prune->shop_id)};
    return tx_exec(tx, prune->sql, values, prune->shop_id ? 3 : 2, &prune->gone, err);
}

/* ?1 before ?2 most, of data tables ?3 shop */
static void prune_sql(struct buf *out, const struct table *table)
{
    struct buf key;
    buf_init(&key, SQL_ROOM);
    buf_add(&key, table->data ? STR("shop_id") : STR(""));
    for (size_t i = 0; i < table->key_len; i++)
        buf_printf(&key, "%s%.*s", key.len ? ", " : "",
                   STR_ARG(table->columns[table->key[i]].name));
    buf_printf(out,
               "DELETE FROM %.*s WHERE (%.*s) IN (SELECT %.*s FROM (SELECT %.*s FROM %.*s"
               " WHERE %.*s < ?1%s LIMIT ?2) AS old)",
               STR_ARG(table->name), STR_ARG(buf_str(&key)), STR_ARG(buf_str(&key)),
               STR_ARG(buf_str(&key)), STR_ARG(table->name),
               STR_ARG(table->columns[table->months].name), table->data ? " AND shop_id = ?3" : "");
    buf_add_char(out, 0);
    out->failed |= key.failed;
    buf_fini(&key);
}

static enum err_class prune_batches(struct store *store, struct prune *prune, int64_t *gone,
                                    struct err *err)
{
    enum err_class class_;
    do {
        class_ = store_write(store, prune_work, prune, err);
        *gone += class_ == ERR_OK ? prune->gone : 0;
    } while (class_ == ERR_OK && prune->gone == PRUNED_MAX);
    return class_;
}

static enum err_class prune_shops(struct store *store, const struct table *table,
                                  struct prune *prune, int64_t *gone, struct err *err)
{
    struct buf next;
    enum err_class class_ = ERR_OK;
    buf_init(&next, SQL_ROOM);
    buf_printf(&next, "SELECT min(shop_id) FROM %.*s WHERE shop_id > ?1", STR_ARG(table->name));
    buf_add_char(&next, 0);
    while (class_ == ERR_OK && !next.failed) {
        const struct sql_value last = sql_int(prune->shop_id);
        class_ = store_read_int(store, next.ptr, &last, 1, 0, &prune->shop_id, err);
        if (class_ != ERR_OK || prune->shop_id == 0)
            break;
        class_ = prune_batches(store, prune, gone, err);
    }
    if (next.failed)
        class_ = err_no_memory(err);
    buf_fini(&next);
    return class_;
}

enum err_class rows_prune(struct store *store, const struct table *table, int64_t before_ms,
                          int64_t *gone, struct err *err)
{
    struct buf sql;
    buf_init(&sql, SQL_ROOM);
    prune_sql(&sql, table);
    struct prune prune = {.sql = sql.ptr, .before_ms = before_ms};
    enum err_class class_ = sql.failed    ? err_no_memory(err)
                            : table->data ? prune_shops(store, table, &prune, gone, err)
                                          : prune_batches(store, &prune, gone, err);
    buf_fini(&sql);
    return class_;
}

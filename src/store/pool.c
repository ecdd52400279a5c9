/* Read connections: opened when first needed, each lent to one reader at a time. */
#include "store/internal.h"

#include <assert.h>

static int64_t or_usual(int64_t wanted, int64_t usual)
{
    return wanted > 0 ? wanted : usual;
}

void pool_init(struct pool *pool, const struct store_ops *ops, const struct store_target *target,
               const struct store_options *options)
{
    bool server = ops->reader_age_ms > 0;
    int64_t readers = or_usual(options->readers, ops->readers_max);
    *pool = (struct pool){
        .ops = ops,
        .target = target,
        .readers_max = (unsigned)min_i64(readers, READERS_MAX),
        .wait_ms = or_usual(options->reader_wait_ms, READER_WAIT_MS),
        .age_ms = server ? or_usual(options->reader_age_ms, ops->reader_age_ms) : INT64_MAX,
        .idle_ms = server ? or_usual(options->reader_idle_ms, READER_IDLE_MS) : INT64_MAX,
    };
    pthread_mutex_init(&pool->lock, NULL);
    wait_init(&pool->freed);
}

void pool_fini(struct pool *pool)
{
    for (size_t i = 0; i < READERS_MAX; i++) {
        assert(!pool->readers[i].busy);
        if (pool->readers[i].conn)
            pool->ops->close(pool->readers[i].conn);
    }
    wait_fini(&pool->freed);
    pthread_mutex_destroy(&pool->lock);
}

/* A free reader, one with an open connection first; NULL when all are lent. Under the lock. */
static struct reader *pool_pick(struct pool *pool)
{
    struct reader *unopened = NULL;
    for (size_t i = 0; i < pool->readers_max; i++) {
        struct reader *reader = &pool->readers[i];
        if (!reader->busy && reader->conn)
            return reader;
        if (!reader->busy && !unopened)
            unopened = reader;
    }
    return unopened;
}

static struct reader *pool_take(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    int64_t deadline_ms = clock_now_ms() + pool->wait_ms;
    struct reader *reader = pool_pick(pool);
    while (!reader) {
        bool signalled = wait_for(&pool->freed, &pool->lock, deadline_ms);
        reader = pool_pick(pool);
        if (!signalled)
            break;
    }
    if (reader)
        reader->busy = true;
    pthread_mutex_unlock(&pool->lock);
    return reader;
}

static void pool_give(struct pool *pool, struct reader *reader)
{
    pthread_mutex_lock(&pool->lock);
    reader->busy = false;
    wait_signal(&pool->freed);
    pthread_mutex_unlock(&pool->lock);
}

enum err_class snapshot_read(struct reader *reader, const char *sql, const struct sql_value *values,
                             size_t values_len, struct err *err)
{
    const struct store_ops *ops = reader->conn->ops;
    if (reader->stmt)
        ops->release(reader->stmt);
    reader->stmt = NULL;
    enum err_class class_ = ops->prepare(reader->conn, sql, &reader->stmt, err);
    for (size_t i = 0; !class_ && i < values_len; i++)
        class_ = ops->bind(reader->stmt, (int)i + 1, &values[i], err);
    if (!class_ && FAIL_POINT("store.query"))
        class_ = err_set(err, ERR_STORE, "store_io", "fail point store.query");
    return class_;
}

enum err_class snapshot_read_int(struct reader *reader, const char *sql,
                                 const struct sql_value *values, size_t values_len, int64_t absent,
                                 int64_t *out, struct err *err)
{
    enum err_class class_ = snapshot_read(reader, sql, values, values_len, err);
    if (class_)
        return class_;
    bool there = reader_next(reader) && !reader_is_null(reader, 0);
    if (reader->result && err)
        *err = reader->err;
    if (!reader->result)
        *out = there ? reader_int(reader, 0) : absent;
    return reader->result;
}

/* What is old is opened anew, and so a server that was put behind a name later is found. What stood idle may have
 * been cut by anything in between: better to find that out with a word than with a question that is half
 * answered. */
static bool reader_is_good(const struct reader *reader, const struct pool *pool, int64_t now_ms)
{
    int64_t one = 0;
    if (now_ms - reader->opened_ms > pool->age_ms)
        return false;
    return now_ms - reader->used_ms <= pool->idle_ms ||
           conn_read_int(reader->conn, "SELECT 1", NULL, 0, 0, &one, NULL) == ERR_OK;
}

static enum err_class reader_connect(struct reader *reader, const struct pool *pool,
                                     struct err *err)
{
    enum err_class class_ = ERR_OK;
    int64_t now_ms = clock_now_ms();
    if (reader->conn && !reader_is_good(reader, pool, now_ms)) {
        pool->ops->close(reader->conn);
        reader->conn = NULL;
    }
    if (!reader->conn) {
        class_ = pool->ops->open(pool->target, CONN_READER, &reader->conn, err);
        reader->opened_ms = now_ms;
    }
    reader->used_ms = now_ms;
    return class_;
}

/* A connection of the pool, open and lent. */
static enum err_class reader_lend(struct store *store, struct reader **out, struct err *err)
{
    struct pool *pool = &store->pool;
    struct reader *reader = pool_take(pool);
    if (!reader)
        return err_set(
            err, ERR_STORE, "store_busy",
            "%s: all %u read connections are in use; try again, or set store_readers higher",
            store->target.name, pool->readers_max);
    reader->pool = pool;
    reader->stmt = NULL;
    reader->result = ERR_OK;
    enum err_class class_ = reader_connect(reader, pool, err);
    if (class_)
        reader_close(reader, NULL);
    else
        *out = reader;
    return class_;
}

enum err_class store_snapshot(struct store *store, struct reader **out, struct err *err)
{
    struct reader *reader;
    enum err_class class_ = reader_lend(store, &reader, err);
    if (class_)
        return class_;
    class_ = reader->conn->ops->snapshot(reader->conn, err);
    if (class_)
        reader_close(reader, NULL);
    else
        *out = reader;
    return class_;
}

enum err_class store_read(struct store *store, const char *sql, const struct sql_value *values,
                          size_t values_len, struct reader **out, struct err *err)
{
    struct reader *reader;
    enum err_class class_ = reader_lend(store, &reader, err);
    if (class_)
        return class_;
    class_ = snapshot_read(reader, sql, values, values_len, err);
    if (class_)
        reader_close(reader, NULL);
    else
        *out = reader;
    return class_;
}

enum err_class store_read_snapshot(struct store *store, const char *sql, struct reader **out,
                                   struct err *err)
{
    enum err_class class_ = store_read(store, sql, NULL, 0, out, err);
    /* Without a transaction each asking would begin one of its own: locks, and after every commit
     * of the writer a cold cache. */
    if (!class_)
        class_ = (*out)->conn->ops->snapshot((*out)->conn, err);
    if (class_)
        reader_close(*out, NULL);
    return class_;
}

enum err_class reader_ask(struct reader *reader, const struct sql_value *values, size_t values_len,
                          struct err *err)
{
    const struct store_ops *ops = reader->conn->ops;
    enum err_class class_ = ERR_OK;
    ops->reset(reader->stmt);
    for (size_t i = 0; !class_ && i < values_len; i++)
        class_ = ops->bind(reader->stmt, (int)i + 1, &values[i], err);
    return class_;
}

bool reader_next(struct reader *reader)
{
    bool row = false;
    if (!reader->result)
        reader->result = reader->conn->ops->step(reader->stmt, &row, &reader->err);
    return !reader->result && row;
}

enum err_class reader_close(struct reader *reader, struct err *err)
{
    enum err_class class_ = reader->result;
    if (class_ && err)
        *err = reader->err;
    if (reader->stmt)
        reader->conn->ops->release(reader->stmt);
    reader->stmt = NULL;
    if (reader->conn)
        reader->conn->ops->rollback(reader->conn);
    pool_give(reader->pool, reader);
    return class_;
}

enum err_class store_read_int(struct store *store, const char *sql, const struct sql_value *values,
                              size_t values_len, int64_t absent, int64_t *out, struct err *err)
{
    struct reader *reader;
    enum err_class class_ = store_read(store, sql, values, values_len, &reader, err);
    if (class_)
        return class_;
    bool there = reader_next(reader) && !reader_is_null(reader, 0);
    int64_t value = there ? reader_int(reader, 0) : absent;
    class_ = reader_close(reader, err);
    if (!class_)
        *out = value;
    return class_;
}

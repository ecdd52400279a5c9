/* Transactions apart from the writer's: a connection of their own, no queue and no grouping. */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* A cut connection is seen by the first statement; and of two transactions that were in each other's way
     * the database lets one through. */
    SIDE_TRIES_MAX = 3,
};

struct store_side {
    struct tx tx;
};

enum err_class store_side_open(struct store *store, struct store_side **out, struct err *err)
{
    struct store_side *side = calloc(1, sizeof(*side));
    if (!side)
        return err_no_memory(err);
    side->tx.store = store;
    arena_init(&side->tx.scratch);
    enum err_class class_ = store->ops->open(&store->target, CONN_SIDE, &side->tx.conn, err);
    if (class_)
        store_side_close(side);
    else
        *out = side;
    return class_;
}

void store_side_close(struct store_side *side)
{
    if (!side)
        return;
    if (side->tx.conn)
        side->tx.conn->ops->close(side->tx.conn);
    arena_fini(&side->tx.scratch);
    free(side);
}

static enum err_class side_try(struct tx *tx, store_work *work, void *context, struct err *err)
{
    const struct store_ops *ops = tx->conn->ops;
    enum err_class class_ = ops->begin(tx->conn, err);
    if (class_)
        return class_;
    class_ = work(tx, context, err);
    if (!class_ && FAIL_POINT("store.side.held"))
        class_ = err_set(err, ERR_STORE, "store_again", "fail point store.side.held");
    if (!class_)
        class_ = ops->commit(tx->conn, err);
    if (!class_ && FAIL_POINT("store.side.committed"))
        class_ = err_set(err, ERR_STORE, "store_again", "fail point store.side.committed");
    if (class_)
        ops->rollback(tx->conn);
    return class_;
}

enum err_class store_side_write(struct store_side *side, store_work *work, void *context,
                                struct err *err)
{
    struct err why = {.class_ = ERR_OK};
    enum err_class class_ = side_try(&side->tx, work, context, &why);
    for (int tries = 1;
         class_ == ERR_STORE && strcmp(why.code, "store_again") == 0 && tries < SIDE_TRIES_MAX;
         tries++)
        class_ = side_try(&side->tx, work, context, &why);
    if (class_ && err)
        *err = why;
    return class_;
}

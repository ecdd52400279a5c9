/* Transactions that may change whether a shop needs a person, and saying so. */
#include <string.h>

#include "gateway/gateway.h"

enum { SHOPS_MAX = 10000 };

/* What a program or a person has done is seen by comparing: so no change can be forgotten. */
static const char SHOPS_WAITING[] =
    "SELECT id, state_reason FROM shop WHERE state = 'needs_person' ORDER BY id";
static const char SHOP_STATE[] = "SELECT 1 FROM shop WHERE id = ? AND state = 'enabled'";

struct waiting {
    int64_t id;
    struct str reason;
};
struct shops {
    struct arena arena;
    struct waiting *list;
    size_t len;
};
struct told_work {
    store_work *work;
    void *context;
};

static enum err_class waiting_row(struct reader *row, void *context, struct err *err)
{
    struct shops *shops = context;
    if (shops->len == SHOPS_MAX)
        return ERR_OK;
    struct str reason = arena_dup(&shops->arena, reader_text(row, 1));
    shops->list[shops->len++] = (struct waiting){reader_int(row, 0), reason};
    return reason.ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class shops_read(struct tx *tx, struct shops *shops, struct err *err)
{
    shops->list = arena_array(&shops->arena, SHOPS_MAX, sizeof(*shops->list));
    return shops->list ? tx_query(tx, SHOPS_WAITING, NULL, 0, waiting_row, shops, err)
                       : err_no_memory(err);
}

static bool is_waiting(const struct shops *shops, int64_t id)
{
    size_t at = 0;
    while (at < shops->len && shops->list[at].id != id)
        at++;
    return at < shops->len;
}

static enum err_class found(struct reader *row, void *context, struct err *err)
{
    (void)row;
    (void)err;
    *(bool *)context = true;
    return ERR_OK;
}

/* One that was removed or switched off is not well. */
static enum err_class well_say(struct tx *tx, int64_t id, struct err *err)
{
    const struct sql_value value = sql_int(id);
    const struct event event = {.kind = EVENT_SHOP_WELL, .shop_id = id};
    bool enabled = false;
    enum err_class class_ = tx_query(tx, SHOP_STATE, &value, 1, found, &enabled, err);
    return class_ == ERR_OK && enabled ? event_add(tx, &event, clock_now_ms(), err) : class_;
}

static enum err_class changes_say(struct tx *tx, const struct shops *before,
                                  const struct shops *after, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < after->len; i++) {
        const struct event event = {.kind = EVENT_SHOP_NEEDS_PERSON,
                                    .shop_id = after->list[i].id,
                                    .args = {EVENT_TEXT("reason", after->list[i].reason)}};
        if (!is_waiting(before, event.shop_id))
            class_ = event_add(tx, &event, clock_now_ms(), err);
    }
    for (size_t i = 0; class_ == ERR_OK && i < before->len; i++)
        if (!is_waiting(after, before->list[i].id))
            class_ = well_say(tx, before->list[i].id, err);
    return class_;
}

static enum err_class told_run(struct tx *tx, void *context, struct err *err)
{
    const struct told_work *told = context;
    struct shops before = {.len = 0}, after = {.len = 0};
    arena_init(&before.arena);
    arena_init(&after.arena);
    enum err_class class_ = shops_read(tx, &before, err);
    if (class_ == ERR_OK)
        class_ = told->work(tx, told->context, err);
    if (class_ == ERR_OK)
        class_ = shops_read(tx, &after, err);
    if (class_ == ERR_OK)
        class_ = changes_say(tx, &before, &after, err);
    arena_fini(&before.arena);
    arena_fini(&after.arena);
    return class_;
}

enum err_class shops_write(struct store *store, store_work *work, void *context, struct err *err)
{
    struct told_work told = {work, context};
    return store_write(store, told_run, &told, err);
}

static enum err_class step_run(struct tx *tx, void *context, struct err *err)
{
    const struct step *step = context;
    return tx_exec(tx, step->sql, step->values, step->values_len, NULL, err);
}

enum err_class shops_write_step(struct store *store, const struct step *step, struct err *err)
{
    struct step copy = *step;
    return shops_write(store, step_run, &copy, err);
}

/* How a sync goes, worked out from what is stored (history.h). */
#include <stdlib.h>
#include <string.h>

#include "sync/history.h"
#include "sync/history_sql.h"
#include "sync/sync_internal.h"

struct str sync_state_word(enum sync_state state)
{
    static const char *const words[SYNC_STATES] = {"waiting", "running",   "done",
                                                   "failed",  "cancelled", "unproved"};
    return str_of(words[state]);
}

struct str sync_wait_word(enum sync_wait wait)
{
    static const char *const words[] = {"", "nobody_works", "turn", "time", "paused"};
    return str_of(words[wait]);
}

enum { RUN_SHOPS_MAX = 10000 };

/* One reading: several statements of one commit, so that a task that ends is not missed by one of them and seen by
 * another. */
struct look {
    struct reader *snapshot;
    struct sync_progress *out;
    struct arena *arena;
    struct sql_value values[2]; /* run, and the time that the statement takes */
};

static struct sync_shop_progress *shop_of_row(const struct look *look)
{
    int64_t id = reader_int(look->snapshot, 0);
    size_t low = 0, high = look->out->shops_len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (look->out->shops[middle].shop_id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < look->out->shops_len && look->out->shops[low].shop_id == id
               ? &look->out->shops[low]
               : NULL;
}

static struct str text_keep(const struct look *look, int column)
{
    struct str text = reader_is_null(look->snapshot, column)
                          ? STR("")
                          : arena_dup(look->arena, reader_text(look->snapshot, column));
    return text.ptr ? text : STR("");
}

static enum err_class run_read(struct look *look, struct err *err)
{
    struct sync_progress *out = look->out;
    struct str id = look->values[0].text;
    enum err_class class_ = snapshot_read(look->snapshot, SQL_SYNC_RUN, look->values, 1, err);
    if (class_ != ERR_OK)
        return class_;
    if (!reader_next(look->snapshot))
        return err_set(err, ERR_NOT_FOUND, "sync_unknown", "there is no sync %.*s", STR_ARG(id));
    out->id = text_keep(look, 0);
    out->mode = text_keep(look, 1);
    out->asked_ms = reader_int(look->snapshot, 2);
    out->asked_by = text_keep(look, 3);
    out->wish = text_keep(look, 4);
    out->cancelled_ms = reader_is_null(look->snapshot, 5) ? 0 : reader_int(look->snapshot, 5);
    out->cancelled_by = text_keep(look, 6);
    out->planned_ms = reader_is_null(look->snapshot, 7) ? 0 : reader_int(look->snapshot, 7);
    return ERR_OK;
}

static enum err_class shops_read(struct look *look, bool (*sees)(void *context, int64_t shop_id),
                                 void *context, struct err *err)
{
    struct sync_progress *out = look->out;
    size_t room = 0;
    enum err_class class_ = snapshot_read(look->snapshot, SQL_SYNC_SHOPS, look->values, 1, err);
    while (class_ == ERR_OK && out->shops_len < RUN_SHOPS_MAX && reader_next(look->snapshot)) {
        int64_t id = reader_int(look->snapshot, 0);
        if (sees && !sees(context, id))
            continue;
        struct sync_shop_progress *shops = arena_grow(look->arena, out->shops, out->shops_len,
                                                      &room, sizeof(*shops));
        if (!shops)
            return err_no_memory(err);
        out->shops = shops;
        out->shops[out->shops_len++] = (struct sync_shop_progress){
            .shop_id = id,
            .streams = text_keep(look, 1),
            .code = text_keep(look, 2),
            .reason = text_keep(look, 3),
            .followed_by = text_keep(look, 4),
            .percent = -1,
        };
    }
    if (class_ == ERR_OK && sees && out->shops_len == 0)
        return err_set(err, ERR_NOT_FOUND, "sync_unknown", "there is no sync %.*s",
                       STR_ARG(out->id));
    return class_;
}

static void tasks_row(const struct look *look, struct sync_shop_progress *shop)
{
    const struct reader *row = look->snapshot;
    shop->ready = reader_int(row, 1);
    shop->waiting = reader_int(row, 2);
    shop->running = reader_int(row, 3);
    shop->dead = reader_int(row, 4);
    shop->next_ms = reader_is_null(row, 5) ? 0 : reader_int(row, 5);
    /* What is still to be planned has no windows that could be counted. */
    shop->percent = reader_int(row, 6) > 0 ? -1 : 0;
}

static void tries_row(const struct look *look, struct sync_shop_progress *shop)
{
    const struct reader *row = look->snapshot;
    shop->tries = reader_int(row, 1);
    shop->cancelled = reader_int(row, 2);
    shop->pages = reader_int(row, 3);
    shop->calls = reader_int(row, 4);
    shop->rejects = reader_int(row, 5);
    static const enum row_outcome outcomes[] = {ROW_NEW, ROW_CHANGED, ROW_SAME, ROW_OLDER};
    for (int i = 0; i < 4; i++)
        shop->rows[outcomes[i]] = reader_int(row, 6 + i);
    shop->first_ms = reader_int(row, 10);
    shop->last_ms = reader_is_null(row, 11) ? 0 : reader_int(row, 11);
}

static void windows_row(const struct look *look, struct sync_shop_progress *shop)
{
    shop->sealed = reader_int(look->snapshot, 1);
    shop->unproved = reader_int(look->snapshot, 2);
}

static void open_row(const struct look *look, struct sync_shop_progress *shop)
{
    shop->open = reader_int(look->snapshot, 1);
}

static struct sync_trouble *trouble_new(struct sync_shop_progress *shop)
{
    return shop->troubles_len < SYNC_TROUBLES_MAX ? &shop->troubles[shop->troubles_len++] : NULL;
}

static void dead_row(const struct look *look, struct sync_shop_progress *shop)
{
    struct sync_trouble *trouble = trouble_new(shop);
    if (trouble)
        *trouble = (struct sync_trouble){.task_id = reader_int(look->snapshot, 1),
                                         .kind = text_keep(look, 2),
                                         .stream = STR(""),
                                         .error = text_keep(look, 3)};
}

static void unproved_row(const struct look *look, struct sync_shop_progress *shop)
{
    struct sync_trouble *trouble = trouble_new(shop);
    if (trouble)
        *trouble = (struct sync_trouble){.stream = text_keep(look, 1),
                                         .kind = text_keep(look, 2),
                                         .error = text_keep(look, 3),
                                         .from_ms = reader_int(look->snapshot, 4),
                                         .to_ms = reader_int(look->snapshot, 5)};
}

static void held_row(const struct look *look, struct sync_shop_progress *shop)
{
    (void)look;
    shop->wait = SYNC_WAIT_PAUSED;
}

static enum err_class rows_read(struct look *look, const char *sql, size_t values_len,
                                void (*each)(const struct look *look,
                                             struct sync_shop_progress *shop),
                                struct err *err)
{
    enum err_class class_ = snapshot_read(look->snapshot, sql, look->values, values_len, err);
    while (class_ == ERR_OK && reader_next(look->snapshot)) {
        struct sync_shop_progress *shop = shop_of_row(look);
        if (shop)
            each(look, shop);
    }
    return class_;
}

/* --- judging --- */

static bool shop_is_left(const struct sync_shop_progress *shop)
{
    return shop->ready + shop->waiting + shop->running > 0;
}

/* Whoever asked wrote its rows and has brought nothing for this shop: he is at it, or he was killed. */
static bool shop_is_unasked(const struct sync_progress *run, const struct sync_shop_progress *shop)
{
    return run->planned_ms == 0 && run->cancelled_ms == 0 && !shop_is_left(shop) &&
           shop->dead == 0 && shop->tries == 0 && shop->code.len == 0 && shop->followed_by.len == 0;
}

static void unasked_judge(const struct sync_progress *run, struct sync_shop_progress *shop,
                          int64_t now_ms)
{
    bool late = now_ms - run->asked_ms > SYNC_PLANS_WITHIN_MS;
    shop->state = late ? SYNC_FAILED : SYNC_WAITING;
    shop->wait = late ? SYNC_WAIT_NONE : SYNC_WAIT_TURN;
    shop->percent = -1;
    if (!late)
        return;
    shop->code = STR("sync_unasked");
    shop->reason = STR("whoever asked for it ended before its tasks were made: ask again");
}

static void shop_judge(const struct sync_progress *run, struct sync_shop_progress *shop)
{
    bool paused = shop->wait == SYNC_WAIT_PAUSED;
    bool ranged = str_eq(run->mode, STR("range")) || str_eq(run->mode, STR("full"));
    shop->wait = SYNC_WAIT_NONE;
    if (shop->running > 0) {
        shop->state = SYNC_RUNNING;
    } else if (shop_is_left(shop)) {
        bool begun = shop->tries > 0 && run->somebody_works && !paused && shop->ready > 0;
        shop->state = begun ? SYNC_RUNNING : SYNC_WAITING;
        shop->wait = begun                  ? SYNC_WAIT_NONE
                     : paused               ? SYNC_WAIT_PAUSED
                     : !run->somebody_works ? SYNC_WAIT_NOBODY
                     : shop->ready > 0      ? SYNC_WAIT_TURN
                                            : SYNC_WAIT_TIME;
    } else if (shop->code.len > 0 || shop->dead > 0) {
        shop->state = SYNC_FAILED;
    } else if (run->cancelled_ms > 0 || shop->cancelled > 0) {
        shop->state = SYNC_CANCELLED;
    } else {
        shop->state = shop->unproved > 0 ? SYNC_UNPROVED : SYNC_DONE;
    }
    int64_t closed = shop->sealed + shop->unproved;
    if (!shop_is_left(shop))
        shop->percent = shop->state == SYNC_DONE || shop->state == SYNC_UNPROVED ? 100 : -1;
    else if (!ranged || shop->percent < 0 || closed + shop->open == 0)
        shop->percent = -1;
    else
        shop->percent = (int)(closed * 100 / (closed + shop->open));
}

static void run_judge(struct sync_progress *run)
{
    /* The first of these that any shop is in. */
    static const enum sync_state order[SYNC_STATES] = {SYNC_RUNNING,   SYNC_WAITING,  SYNC_FAILED,
                                                       SYNC_CANCELLED, SYNC_UNPROVED, SYNC_DONE};
    int64_t percents = 0;
    bool known = run->shops_len > 0;
    size_t best = SYNC_STATES - 1;
    for (size_t i = 0; i < run->shops_len; i++) {
        const struct sync_shop_progress *shop = &run->shops[i];
        for (size_t k = 0; k < best; k++)
            best = order[k] == shop->state ? k : best;
        if (shop->state == SYNC_WAITING && run->wait == SYNC_WAIT_NONE)
            run->wait = shop->wait;
        percents += shop->percent;
        known &= shop->percent >= 0;
    }
    run->state = order[best];
    if (run->state != SYNC_WAITING)
        run->wait = SYNC_WAIT_NONE;
    run->percent = known ? (int)(percents / (int64_t)run->shops_len) : -1;
}

/* --- following --- */

/* What a later sync took over goes as that one goes; the one after it, if need be, some way on. */
static enum err_class follower_tasks(struct look *look, struct sync_shop_progress *shop,
                                     int64_t now_ms, struct err *err)
{
    enum { HOPS_MAX = 20 };
    struct str run = shop->followed_by;
    for (int hops = 0; run.len > 0 && hops < HOPS_MAX; hops++) {
        const struct sql_value key[] = {sql_text(run), sql_int(now_ms)};
        bool left = false;
        enum err_class class_ = snapshot_read(look->snapshot, SQL_SYNC_TASKS, key, 2, err);
        while (class_ == ERR_OK && reader_next(look->snapshot)) {
            if (reader_int(look->snapshot, 0) != shop->shop_id)
                continue;
            tasks_row(look, shop);
            left = shop_is_left(shop);
        }
        if (class_ != ERR_OK)
            return class_;
        shop->followed_by = run;
        if (left)
            return ERR_OK;
        struct str next = STR("");
        class_ = snapshot_read(look->snapshot, SQL_SYNC_SHOPS, key, 1, err);
        while (class_ == ERR_OK && reader_next(look->snapshot))
            if (reader_int(look->snapshot, 0) == shop->shop_id)
                next = text_keep(look, 4);
        if (class_ != ERR_OK)
            return class_;
        run = next;
    }
    return ERR_OK;
}

static enum err_class look_all(struct look *look, int64_t now_ms, struct err *err)
{
    struct sync_progress *out = look->out;
    int64_t works = 0;
    const struct sql_value beat = sql_int(now_ms - LEASE_MS);
    enum err_class class_ = snapshot_read_int(look->snapshot, SQL_SOMEBODY_WORKS, &beat, 1, 0,
                                              &works, err);
    out->somebody_works = works > 0;
    look->values[1] = sql_int(now_ms);
    if (class_ == ERR_OK)
        class_ = rows_read(look, SQL_SYNC_TASKS, 2, tasks_row, err);
    if (class_ == ERR_OK)
        class_ = rows_read(look, SQL_SYNC_TRIES, 1, tries_row, err);
    look->values[1] = sql_int(out->asked_ms);
    if (class_ == ERR_OK)
        class_ = rows_read(look, SQL_SYNC_WINDOWS, 2, windows_row, err);
    if (class_ == ERR_OK)
        class_ = rows_read(look, SQL_SYNC_OPEN, 1, open_row, err);
    if (class_ == ERR_OK)
        class_ = rows_read(look, SQL_SYNC_DEAD, 1, dead_row, err);
    if (class_ == ERR_OK)
        class_ = rows_read(look, SQL_SYNC_UNPROVED, 2, unproved_row, err);
    if (class_ == ERR_OK)
        class_ = rows_read(look, SQL_SYNC_HELD, 1, held_row, err);
    for (size_t i = 0; class_ == ERR_OK && i < out->shops_len; i++) {
        struct sync_shop_progress *shop = &out->shops[i];
        if (shop->followed_by.len > 0 && !shop_is_left(shop))
            class_ = follower_tasks(look, shop, now_ms, err);
        if (class_ == ERR_OK && shop_is_unasked(out, shop))
            unasked_judge(out, shop, now_ms);
        else
            shop_judge(out, shop);
    }
    run_judge(out);
    return class_;
}

enum err_class sync_run_progress(struct store *store, struct str id, int64_t now_ms,
                                 bool (*sees)(void *context, int64_t shop_id), void *context,
                                 struct arena *arena, struct sync_progress *out, struct err *err)
{
    struct look look = {.out = out, .arena = arena, .values = {sql_text(id)}};
    *out = (struct sync_progress){.percent = -1};
    enum err_class class_ = store_snapshot(store, &look.snapshot, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = run_read(&look, err);
    if (class_ == ERR_OK)
        class_ = shops_read(&look, sees, context, err);
    if (class_ == ERR_OK)
        class_ = look_all(&look, now_ms, err);
    enum err_class closed = reader_close(look.snapshot, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

/* Everything again: what is to be derived is touched, a few thousand rows a transaction, and the shop's lane does the
 * rest. Killed in between, what was touched is derived, and a second rebuild touches the others. */
#include "derive/engine.h"

#include <string.h>

#include "derive/sql.h"

enum { PART_KEYS = 2000, KEY_BYTES_MAX = 4096 };
/* All there are: behind every instant that a database knows, and every day. */
static const int64_t LAST_MS = INT64_C(253402300799999);
#define LAST_DAY STR("9999-12-31")
#define DAY_HOURS_AND_MORE_MS (INT64_C(30) * 3600 * 1000)

struct rebuilding {
    struct derive *derive;
    int64_t shop_id, now_ms;
    struct str run;
    const volatile bool *stopping; /* may be NULL */
    int64_t from_ms, to_ms;
    struct str from_day, to_day;
    /* One part of a walk. */
    const struct rebuild_walk *walk;
    struct str after;
    struct buf last;
    struct str keys[PART_KEYS];
    size_t len;
};

static struct str day_or(struct str day, struct str otherwise)
{
    return day.len > 0 ? day : otherwise;
}

static enum err_class day_parse(struct str day, const struct zone *zone, int64_t *out,
                                struct err *err)
{
    bool date_only = false;
    enum err_class class_ = time_parse_any(day, zone, out, &date_only, err);
    if (class_ || !date_only || day.len != STR("2026-01-31").len || day.ptr[4] != '-')
        return err_set(err, ERR_USAGE, "derive_day", "\"%.*s\" is no day: write 2026-01-31",
                       STR_ARG(day));
    return ERR_OK;
}

static enum err_class range_read(struct rebuilding *r, const struct zone *zone, struct str from_day,
                                 struct str to_day, struct err *err)
{
    enum err_class class_ = ERR_OK;
    int64_t start_ms;
    r->from_ms = 0;
    r->to_ms = LAST_MS;
    r->from_day = day_or(from_day, STR(""));
    r->to_day = day_or(to_day, LAST_DAY);
    if (from_day.len > 0)
        class_ = day_parse(from_day, zone, &r->from_ms, err);
    if (!class_ && to_day.len > 0) {
        class_ = day_parse(to_day, zone, &start_ms, err);
        if (!class_)
            r->to_ms = zone_day_start_ms(zone, start_ms + DAY_HOURS_AND_MORE_MS) - 1;
    }
    return class_;
}

/* ?4 and ?5 of a walk; returns how many values there are now. */
static size_t range_values(const struct rebuilding *r, struct sql_value *values, size_t len)
{
    if (r->walk->by == WALK_ALL)
        return len;
    bool by_ms = r->walk->by == WALK_MS;
    values[len++] = by_ms ? sql_int(r->from_ms) : sql_text(r->from_day);
    values[len++] = by_ms ? sql_int(r->to_ms) : sql_text(r->to_day);
    return len;
}

static enum err_class part_find(struct rebuilding *r, struct arena *arena, struct err *err)
{
    struct sql_value values[] = {sql_int(r->shop_id), sql_text(r->after), sql_int(PART_KEYS),
                                 sql_null(), sql_null()};
    struct reader *row;
    r->len = 0;
    enum err_class class_ = store_read(r->derive->options.store, r->walk->keys, values,
                                       range_values(r, values, 3), &row, err);
    if (class_)
        return class_;
    while (!class_ && r->len < PART_KEYS && reader_next(row)) {
        struct str key = arena_printf(arena, "%.*s%s", STR_ARG(reader_text(row, 0)),
                                      r->walk->behind);
        r->keys[r->len++] = key;
        class_ = key.ptr ? ERR_OK : err_no_memory(err);
    }
    enum err_class closed = reader_close(row, class_ ? NULL : err);
    return class_ ? class_ : closed;
}

static enum err_class part_work(struct tx *tx, void *context, struct err *err)
{
    const struct rebuilding *r = context;
    enum err_class class_ = tx_touch(tx, r->shop_id, str_of(r->walk->table), r->keys, r->len, err);
    /* Behind everything that brings something new. */
    return class_ ? class_ : derive_ask(tx, r->shop_id, TASK_BACKFILL, r->run, r->now_ms, err);
}

/* The part's last key, without what stands behind it, survives the part. */
static bool after_keep(struct rebuilding *r)
{
    struct str last = r->keys[r->len - 1];
    last.len -= strlen(r->walk->behind);
    buf_reset(&r->last);
    buf_add(&r->last, last);
    r->after = buf_str(&r->last);
    return !r->last.failed;
}

static enum err_class walk_run(struct rebuilding *r, int64_t *rows, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    buf_init(&r->last, KEY_BYTES_MAX);
    r->after = STR("");
    enum err_class class_;
    do {
        arena_reset(&arena);
        class_ = part_find(r, &arena, err);
        if (class_ || r->len == 0)
            break;
        r->now_ms = clock_now_ms();
        class_ = store_write(r->derive->options.store, part_work, r, err);
        *rows += class_ ? 0 : (int64_t)r->len;
        if (!class_ && !after_keep(r))
            class_ = err_no_memory(err);
        if (!class_ && r->stopping && __atomic_load_n(r->stopping, __ATOMIC_ACQUIRE))
            class_ = err_set(err, ERR_STOPPED, "stopped", "somebody asked to stop");
    } while (!class_ && r->len == PART_KEYS);
    buf_fini(&r->last);
    arena_fini(&arena);
    return class_;
}

enum err_class derive_rebuild(struct derive *derive, int64_t shop_id, struct str from_day,
                              struct str to_day, struct str run, const volatile bool *stopping,
                              int64_t *rows, struct err *err)
{
    const struct derive_shop *shop = derive->options.shop_of(derive->options.context, shop_id);
    struct rebuilding r = {.derive = derive, .shop_id = shop_id, .run = run, .stopping = stopping};
    *rows = 0;
    if (!shop)
        return err_set(err, ERR_CONFIG, "shop_missing", "the shop is gone, or has no manifest");
    enum err_class class_ = range_read(&r, shop->zone, from_day, to_day, err);
    for (size_t i = 0; !class_ && makers[i]; i++)
        for (size_t k = 0; !class_ && k < makers[i]->walks_len; k++) {
            r.walk = &makers[i]->walks[k];
            class_ = walk_run(&r, rows, err);
        }
    return class_;
}

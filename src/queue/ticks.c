/* Schedules as rows, and their ticks. */
#include "queue/ticks.h"

#include <stdlib.h>

#include "queue/sql.h"

enum {
    /* Rows moved in one transaction: it holds the writer for some milliseconds. */
    TICKS_MAX = 500,
    /* A cron line means its minute: shops are spread over that. */
    CRON_SPREAD_MS = 60 * 1000,
    /* A spec that only a newer version can read must not stop the others. */
    UNREADABLE_AGAIN_MS = 60 * 60 * 1000,
};

/* The next run of a row after an instant. */
static int64_t run_after_ms(const struct schedule *schedule, int64_t shift_ms, int64_t after_ms)
{
    return schedule_next_ms(schedule, after_ms - shift_ms) + shift_ms;
}

static int64_t shift_ms_of(const struct schedule *schedule, int64_t lane)
{
    return schedule_shift_ms((uint64_t)lane,
                             schedule->every_ms > 0 ? schedule->every_ms : CRON_SPREAD_MS);
}

/* --- which rows there are --- */

struct schedules {
    const struct schedule_wish *wishes;
    size_t wishes_len;
    int64_t now_ms;
    struct arena arena;
    struct map wanted; /* "LANE/NAME" */
    struct row_name {
        int64_t lane;
        struct str name;
        struct row_name *next;
    } * unwanted;
};

static struct str row_key(struct arena *arena, int64_t lane, struct str name)
{
    return arena_printf(arena, "%lld/%.*s", (long long)lane, STR_ARG(name));
}

static enum err_class wish_put(struct tx *tx, const struct schedule_wish *wish, int64_t now_ms,
                               struct err *err)
{
    struct schedule schedule;
    enum err_class class_ = schedule_parse(wish->spec, zone_utc(), &schedule, err);
    if (class_ != ERR_OK)
        return class_;
    int64_t shift_ms = shift_ms_of(&schedule, wish->lane);
    const struct sql_value values[] = {sql_int(wish->lane),
                                       sql_text(wish->name),
                                       sql_text(wish->spec),
                                       sql_int(shift_ms),
                                       sql_int(wish->class_),
                                       sql_text(wish->kind),
                                       sql_text(wish->payload),
                                       sql_int(now_ms),
                                       sql_int(run_after_ms(&schedule, shift_ms, now_ms))};
    return tx_exec(tx, SQL_SCHEDULE_PUT, values, 9, NULL, err);
}

static enum err_class row_judge(struct reader *row, void *context, struct err *err)
{
    struct schedules *set = context;
    struct str name = reader_text(row, 1);
    struct str key = row_key(&set->arena, reader_int(row, 0), name);
    struct row_name *unwanted = arena_alloc(&set->arena, sizeof *unwanted);
    if (!key.ptr || !unwanted)
        return err_no_memory(err);
    if (map_find(&set->wanted, key))
        return ERR_OK;
    *unwanted = (struct row_name){reader_int(row, 0), arena_dup(&set->arena, name), set->unwanted};
    set->unwanted = unwanted;
    return unwanted->name.ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class set_work(struct tx *tx, void *context, struct err *err)
{
    struct schedules *set = context;
    enum err_class class_ = ERR_OK;
    set->unwanted = NULL; /* it may be the second run */
    for (size_t i = 0; class_ == ERR_OK && i < set->wishes_len; i++)
        class_ = wish_put(tx, &set->wishes[i], set->now_ms, err);
    if (class_ == ERR_OK)
        class_ = tx_query(tx, SQL_SCHEDULES, NULL, 0, row_judge, set, err);
    for (const struct row_name *row = set->unwanted; class_ == ERR_OK && row; row = row->next) {
        const struct sql_value values[] = {sql_int(row->lane), sql_text(row->name)};
        class_ = tx_exec(tx, SQL_SCHEDULE_DELETE, values, 2, NULL, err);
    }
    return class_;
}

enum err_class schedules_set(struct store *store, const struct schedule_wish *wishes,
                             size_t wishes_len, int64_t now_ms, struct err *err)
{
    struct schedules set = {.wishes = wishes, .wishes_len = wishes_len, .now_ms = now_ms};
    enum err_class class_ = ERR_OK;
    arena_init(&set.arena);
    map_init(&set.wanted, wishes_len + 1);
    for (size_t i = 0; class_ == ERR_OK && i < wishes_len; i++) {
        struct str key = row_key(&set.arena, wishes[i].lane, wishes[i].name);
        if (!key.ptr || !map_put(&set.wanted, key, NULL))
            class_ = err_no_memory(err);
    }
    if (class_ == ERR_OK)
        class_ = store_write(store, set_work, &set, err);
    map_fini(&set.wanted);
    arena_fini(&set.arena);
    return class_;
}

/* --- ticks --- */

struct due {
    struct task_new task;
    struct str name, spec;
    int64_t shift_ms, next_ms;
};

struct ticking {
    int64_t now_ms;
    struct arena arena;
    struct due due[TICKS_MAX];
    size_t due_len;
    int64_t ticks, next_ms;
};

static enum err_class due_row(struct reader *row, void *context, struct err *err)
{
    struct ticking *ticking = context;
    struct arena *arena = &ticking->arena;
    struct due *due = &ticking->due[ticking->due_len];
    struct str kind = arena_dup(arena, reader_text(row, 5));
    *due = (struct due){
        .task =
            {
                .lane = reader_int(row, 0),
                .class_ = (enum task_class)reader_int(row, 4),
                .kind = kind,
                .unique_key = arena_printf(arena, "%.*s/%.*s", STR_ARG(kind),
                                           STR_ARG(reader_text(row, 1))),
                .payload = arena_dup(arena, reader_text(row, 6)),
                .ready_ms = ticking->now_ms,
            },
        .name = arena_dup(arena, reader_text(row, 1)),
        .spec = arena_dup(arena, reader_text(row, 2)),
        .shift_ms = reader_int(row, 3),
        .next_ms = reader_int(row, 7),
    };
    if (!kind.ptr || !due->task.unique_key.ptr || !due->task.payload.ptr || !due->name.ptr ||
        !due->spec.ptr)
        return err_no_memory(err);
    ticking->due_len++;
    return ERR_OK;
}

/* Moves the row on from where it was read; whoever finds it moved leaves it. */
static enum err_class due_tick(struct tx *tx, struct ticking *ticking, const struct due *due,
                               struct err *err)
{
    struct schedule schedule;
    struct err why;
    int64_t moved = 0, next_ms = ticking->now_ms + UNREADABLE_AGAIN_MS;
    bool readable = schedule_parse(due->spec, zone_utc(), &schedule, &why) == ERR_OK;
    if (readable)
        next_ms = run_after_ms(&schedule, due->shift_ms, ticking->now_ms);
    const struct sql_value values[] = {sql_int(due->task.lane),  sql_text(due->name),
                                       sql_int(due->next_ms),    sql_int(next_ms),
                                       sql_int(ticking->now_ms), sql_int(readable)};
    enum err_class class_ = tx_exec(tx, SQL_SCHEDULE_MOVE, values, 6, &moved, err);
    if (class_ != ERR_OK || moved == 0)
        return class_;
    if (!readable) {
        log_event(LOG_ERROR, "schedule_unreadable", LOG_I64("shop", due->task.lane),
                  LOG_STR("name", due->name), LOG_STR("message", str_of(why.message)), LOG_END);
        return ERR_OK;
    }
    ticking->ticks++;
    tx_say(tx, TOPIC_TASK);
    return queue_enqueue_in(tx, &due->task, ticking->now_ms, err);
}

static enum err_class next_row(struct reader *row, void *context, struct err *err)
{
    struct ticking *ticking = context;
    (void)err;
    ticking->next_ms = reader_is_null(row, 0) ? INT64_MAX : reader_int(row, 0);
    return ERR_OK;
}

static enum err_class tick_work(struct tx *tx, void *context, struct err *err)
{
    struct ticking *ticking = context;
    const struct sql_value values[] = {sql_int(ticking->now_ms), sql_int(TICKS_MAX)};
    ticking->due_len = 0; /* it may be the second run */
    ticking->ticks = 0;
    enum err_class class_ = tx_query(tx, SQL_SCHEDULES_DUE, values, 2, due_row, ticking, err);
    for (size_t i = 0; class_ == ERR_OK && i < ticking->due_len; i++)
        class_ = due_tick(tx, ticking, &ticking->due[i], err);
    if (class_ == ERR_OK)
        class_ = tx_query(tx, SQL_SCHEDULE_NEXT, NULL, 0, next_row, ticking, err);
    return class_;
}

/* Most looks find nothing due, and a read takes no lock. */
static enum err_class next_read(struct store *store, int64_t *next_ms, struct err *err)
{
    return store_read_int(store, SQL_SCHEDULE_NEXT, NULL, 0, INT64_MAX, next_ms, err);
}

enum err_class schedules_tick(struct store *store, int64_t now_ms, int64_t *ticks, int64_t *next_ms,
                              struct err *err)
{
    *ticks = 0;
    enum err_class class_ = next_read(store, next_ms, err);
    if (class_ != ERR_OK || *next_ms > now_ms)
        return class_;
    struct ticking *ticking = calloc(1, sizeof *ticking);
    if (!ticking)
        return err_no_memory(err);
    ticking->now_ms = now_ms;
    arena_init(&ticking->arena);
    do {
        arena_reset(&ticking->arena);
        class_ = store_write(store, tick_work, ticking, err);
        *ticks += class_ == ERR_OK ? ticking->ticks : 0;
    } while (class_ == ERR_OK && ticking->next_ms <= now_ms);
    *next_ms = ticking->next_ms;
    arena_fini(&ticking->arena);
    free(ticking);
    return class_;
}

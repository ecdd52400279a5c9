/* Limits that a person has set, and what is told of this process's budgets. */
#include "gateway/limits.h"

#include <pthread.h>
#include <stdlib.h>

static const char LIMITS_READ[] = "SELECT name, calls, per_ms, burst, reset_number FROM budget "
                                  "WHERE calls IS NOT NULL OR reset_number IS NOT NULL LIMIT ?1";
static const char BUDGET_TELL[] =
    "INSERT INTO budget (name, rate_milli, tokens_milli, blocked_ms, taken, refused, told_ms) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO UPDATE SET "
    "rate_milli = excluded.rate_milli, tokens_milli = excluded.tokens_milli, "
    "blocked_ms = excluded.blocked_ms, taken = excluded.taken, refused = excluded.refused, "
    "told_ms = excluded.told_ms";

struct row {
    bool is_set;
    struct budget_limit limit; /* kind is the manifest's */
    int64_t reset_number;
};

/* What the table said at one reading. */
struct reading {
    struct arena arena;
    struct map rows; /* name -> struct row */
};

struct limits {
    struct store *store;
    struct coord *coord;
    pthread_mutex_t mutex;
    struct reading *now;
    bool reading, asked; /* asked: for any call since the budgets were last written down */
    int64_t read_ms, told_ms;
};

/* --- reading --- */

static void reading_free(struct reading *reading)
{
    if (!reading)
        return;
    map_fini(&reading->rows);
    arena_fini(&reading->arena);
    free(reading);
}

static enum err_class reading_add(struct reading *reading, const struct reader *from,
                                  struct err *err)
{
    struct row *row = arena_alloc(&reading->arena, sizeof(*row));
    struct str name = arena_dup(&reading->arena, reader_text(from, 0));
    struct map_entry *entry = row && name.ptr ? map_put(&reading->rows, name, NULL) : NULL;
    if (!entry)
        return err_no_memory(err);
    *row = (struct row){
        .is_set = !reader_is_null(from, 1),
        .limit = {.calls = reader_int(from, 1),
                  .per_ms = reader_int(from, 2),
                  .burst = reader_int(from, 3)},
        .reset_number = reader_int(from, 4),
    };
    entry->value.ptr = row;
    return ERR_OK;
}

static enum err_class table_read(struct store *store, struct reading **out, struct err *err)
{
    const struct sql_value most = sql_int(LIMITS_MAX);
    struct reading *reading = calloc(1, sizeof(*reading));
    struct reader *row;
    if (!reading)
        return err_no_memory(err);
    arena_init(&reading->arena);
    map_init(&reading->rows, LIMITS_MAX);
    enum err_class class_ = store_read(store, LIMITS_READ, &most, 1, &row, err);
    if (class_ == ERR_OK) {
        while (class_ == ERR_OK && reader_next(row))
            class_ = reading_add(reading, row, err);
        enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
        class_ = class_ == ERR_OK ? closed : class_;
    }
    if (class_ == ERR_OK)
        *out = reading;
    else
        reading_free(reading);
    return class_;
}

/* "douplus/api" of "douplus/app:1/api": what is set for every app or shop. */
static bool name_is_of(struct str name, struct str key)
{
    struct str platform, rest, owner, rule, of_platform, of_rule;
    return str_eq(name, key) ||
           (str_cut(key, '/', &platform, &rest) && str_cut(rest, '/', &owner, &rule) &&
            str_cut(name, '/', &of_platform, &of_rule) && str_eq(platform, of_platform) &&
            str_eq(rule, of_rule));
}

static const struct row *row_find(const struct reading *reading, struct str key)
{
    struct map_entry *entry = map_find(&reading->rows, key);
    const struct row *row = entry ? entry->value.ptr : NULL;
    if (row && row->is_set)
        return row;
    for (size_t at = 0; (entry = map_next(&reading->rows, &at));) {
        row = entry->value.ptr;
        if (row->is_set && name_is_of(entry->key, key))
            return row;
    }
    return NULL;
}

/* A number that has grown since the reading before is a reset that was asked for meanwhile. */
static void resets_do(struct limits *limits, const struct reading *before,
                      const struct reading *after, int64_t now_ms)
{
    struct map_entry *entry;
    struct arena arena;
    arena_init(&arena);
    for (size_t at = 0; before && (entry = map_next(&after->rows, &at));) {
        const struct row *row = entry->value.ptr;
        const struct map_entry *known = map_find(&before->rows, entry->key);
        const struct row *was = known ? known->value.ptr : NULL;
        if (row->reset_number <= (was ? was->reset_number : 0))
            continue;
        struct budget_state *states = arena_array(&arena, LIMITS_MAX, sizeof(*states));
        size_t len = states ? budget_list(limits->coord, now_ms, &arena, states, LIMITS_MAX) : 0;
        for (size_t i = 0; i < len && i < LIMITS_MAX; i++)
            if (name_is_of(entry->key, states[i].key))
                budget_reset(limits->coord, states[i].key);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

/* --- telling --- */

struct telling {
    const struct budget_state *states;
    size_t len;
    int64_t now_ms;
};

static enum err_class budgets_write(struct tx *tx, void *context, struct err *err)
{
    const struct telling *telling = context;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < telling->len && class_ == ERR_OK; i++) {
        const struct budget_state *state = &telling->states[i];
        const struct sql_value values[] = {
            sql_text(state->key),         sql_int(state->rate_milli_per_s),
            sql_int(state->tokens_milli), sql_int(state->blocked_until_ms),
            sql_int(state->taken),        sql_int(state->refused),
            sql_int(telling->now_ms),
        };
        class_ = tx_exec(tx, BUDGET_TELL, values, 7, NULL, err);
    }
    return class_;
}

static void limits_log(const char *event, const struct err *err)
{
    log_event(LOG_WARN, event, LOG_STR("code", str_of(err->code)),
              LOG_STR("message", str_of(err->message)), LOG_END);
}

static void budgets_tell(struct limits *limits, int64_t now_ms)
{
    struct err err;
    struct arena arena;
    arena_init(&arena);
    struct budget_state *states = arena_array(&arena, LIMITS_MAX, sizeof(*states));
    struct telling telling = {.states = states, .now_ms = now_ms};
    if (states)
        telling.len = budget_list(limits->coord, now_ms, &arena, states, LIMITS_MAX);
    telling.len = telling.len < LIMITS_MAX ? telling.len : LIMITS_MAX;
    if (telling.len > 0 && store_write(limits->store, budgets_write, &telling, &err) != ERR_OK)
        limits_log("budgets_not_told", &err);
    arena_fini(&arena);
}

/* --- the limits --- */

/* The mutex is held, and let go of while the table is read: everybody else calls on. */
static void limits_refresh(struct limits *limits, int64_t now_ms)
{
    struct reading *fresh = NULL, *before = limits->now;
    struct err err;
    limits->reading = true;
    limits->read_ms = now_ms;
    bool tells = limits->asked && !coord_is_shared(limits->coord) &&
                 (now_ms >= limits->told_ms + LIMITS_TOLD_MS || now_ms < limits->told_ms);
    if (tells) {
        limits->told_ms = now_ms;
        limits->asked = false;
    }
    pthread_mutex_unlock(&limits->mutex);
    enum err_class class_ = table_read(limits->store, &fresh, &err);
    if (class_ == ERR_OK)
        resets_do(limits, before, fresh, now_ms);
    else
        limits_log("limits_not_read", &err);
    if (tells)
        budgets_tell(limits, now_ms);
    pthread_mutex_lock(&limits->mutex);
    limits->reading = false;
    if (class_ == ERR_OK) {
        limits->now = fresh;
        reading_free(before);
    }
}

enum err_class limits_new(struct store *store, struct coord *coord, struct limits **out,
                          struct err *err)
{
    struct limits *limits = calloc(1, sizeof(*limits));
    if (!limits)
        return err_no_memory(err);
    *limits = (struct limits){.store = store, .coord = coord, .read_ms = INT64_MIN / 2};
    pthread_mutex_init(&limits->mutex, NULL);
    *out = limits;
    return ERR_OK;
}

void limits_free(struct limits *limits)
{
    if (!limits)
        return;
    if (limits->asked && !coord_is_shared(limits->coord))
        budgets_tell(limits, clock_now_ms());
    reading_free(limits->now);
    pthread_mutex_destroy(&limits->mutex);
    free(limits);
}

enum err_class limits_apply(struct limits *limits, struct budget_ask *asks, size_t asks_len,
                            int64_t now_ms, struct err *err)
{
    enum err_class class_ = ERR_OK;
    pthread_mutex_lock(&limits->mutex);
    limits->asked |= asks_len > 0;
    if (!limits->reading && (now_ms >= limits->read_ms + LIMITS_AGE_MS || now_ms < limits->read_ms))
        limits_refresh(limits, now_ms);
    for (size_t i = 0; i < asks_len && limits->now && class_ == ERR_OK; i++) {
        const struct row *row = row_find(limits->now, asks[i].key);
        if (row && row->limit.calls == 0) {
            class_ = err_set(err, ERR_LATER, "budget_closed",
                             "%.*s is set to 0: nothing is called; `huiliu budget reset` opens it",
                             STR_ARG(asks[i].key));
            if (err)
                err->retry_at_ms = now_ms + LIMITS_AGE_MS;
        } else if (row) {
            asks[i].limit.calls = row->limit.calls;
            asks[i].limit.per_ms = row->limit.per_ms;
            asks[i].limit.burst = row->limit.burst;
        }
    }
    pthread_mutex_unlock(&limits->mutex);
    return class_;
}

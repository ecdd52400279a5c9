/* Rows of table `event`: writing them, alone or with what caused them, and forgetting old ones. */
#include "store/event.h"

#include <string.h>

#include "store/ear.h"
#include "store/internal.h"
#include "store/sql.h"

enum { EVENT_VALUES = 8, PRUNED_MAX = 2000 };

static const struct {
    const char *word;
    enum event_level level;
} kinds[EVENT_KINDS_LEN] = {
#define EVENT_ROW(id, word, level) [EVENT_##id] = {word, level},
    EVENT_KINDS(EVENT_ROW)
#undef EVENT_ROW
};

struct str event_word(enum event_kind kind)
{
    return str_of(kinds[kind].word);
}

enum event_kind event_kind_of(struct str word)
{
    unsigned kind = 0;
    while (kind < EVENT_KINDS_LEN && !str_eq(word, str_of(kinds[kind].word)))
        kind++;
    return (enum event_kind)kind;
}

enum event_level event_level_of(enum event_kind kind)
{
    return kinds[kind].level;
}

struct str event_args_write(const struct event_arg *args, struct arena *arena)
{
    struct buf text;
    buf_init(&text, EVENT_ARGS_BYTES_MAX);
    buf_add_char(&text, '{');
    for (size_t i = 0; i < EVENT_ARGS_MAX && args[i].kind != EVENT_ARG_NONE; i++) {
        buf_printf(&text, "%s\"%s\":", i > 0 ? "," : "", args[i].name);
        if (args[i].kind == EVENT_ARG_TEXT)
            json_write_string(&text, args[i].text);
        else
            buf_printf(&text, "%lld", (long long)args[i].number);
    }
    buf_add_char(&text, '}');
    struct str json = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return json;
}

static enum err_class event_values(const struct store *store, const struct event *event,
                                   int64_t now_ms, struct arena *arena,
                                   struct sql_value values[EVENT_VALUES], struct err *err)
{
    struct str args = event_args_write(event->args, arena);
    if (!args.ptr)
        return err_no_memory(err);
    const struct sql_value all[EVENT_VALUES] = {
        sql_int(now_ms),
        sql_text(store->process),
        sql_int(event->shop_id),
        sql_text(event->stream),
        sql_int(event->task_id),
        sql_text(event_word(event->kind)),
        sql_int(event_level_of(event->kind)),
        sql_text(args),
    };
    memcpy(values, all, sizeof(all));
    return ERR_OK;
}

enum err_class event_step(const struct store *store, const struct event *event, int64_t now_ms,
                          struct arena *arena, struct step *out, struct err *err)
{
    struct sql_value *values = arena_array(arena, EVENT_VALUES, sizeof(*values));
    enum err_class class_ = values ? event_values(store, event, now_ms, arena, values, err)
                                   : err_no_memory(err);
    *out = (struct step){.sql = SQL_EVENT_ADD,
                         .values = values,
                         .values_len = EVENT_VALUES,
                         .rows_expected = 1,
                         .topics = TOPIC_EVENT};
    return class_;
}

enum err_class event_add(struct tx *tx, const struct event *event, int64_t now_ms, struct err *err)
{
    struct sql_value values[EVENT_VALUES];
    struct arena arena;
    arena_init(&arena);
    enum err_class class_ = event_values(tx->store, event, now_ms, &arena, values, err);
    if (!class_)
        class_ = tx_exec(tx, SQL_EVENT_ADD, values, EVENT_VALUES, NULL, err);
    tx_say(tx, TOPIC_EVENT);
    arena_fini(&arena);
    return class_;
}

enum err_class event_tell(struct store *store, const struct event *event, int64_t now_ms,
                          struct err *err)
{
    struct step step;
    struct unit unit = {.after = &step, .after_len = 1, .now_ms = now_ms};
    struct arena arena;
    arena_init(&arena);
    enum err_class class_ = event_step(store, event, now_ms, &arena, &step, err);
    if (!class_)
        class_ = store_commit(store, &unit, err);
    arena_fini(&arena);
    return class_;
}

struct prune {
    int64_t before_ms, before_id, gone;
};

static enum err_class prune_work(struct tx *tx, void *context, struct err *err)
{
    struct prune *prune = context;
    const struct sql_value values[] = {sql_int(prune->before_ms), sql_int(prune->before_id),
                                       sql_int(PRUNED_MAX)};
    return tx_exec(tx, SQL_EVENTS_PRUNE, values, 3, &prune->gone, err);
}

enum err_class events_prune(struct store *store, int64_t before_ms, int64_t most, int64_t *gone,
                            struct err *err)
{
    struct prune prune = {.before_ms = before_ms};
    int64_t newest = 0;
    enum err_class class_ = store_read_int(store, SQL_EVENT_NEWEST, NULL, 0, 0, &newest, err);
    prune.before_id = newest - most;
    *gone = 0;
    do {
        if (!class_)
            class_ = store_write(store, prune_work, &prune, err);
        *gone += class_ ? 0 : prune.gone;
    } while (!class_ && prune.gone == PRUNED_MAX);
    return class_;
}

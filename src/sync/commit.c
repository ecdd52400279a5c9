/* Commit units of a task, and what becomes of a try that failed. */
#include <stdlib.h>
#include <string.h>

#include "sync/sql.h"
#include "sync/sync_internal.h"

enum {
    STORE_RETRY_MS = 1000,
    /* A wait for a turn of our own budget is over soon and part of the run that met it; a wait for the
     * platform's daily quota is not. */
    DECRYPT_SOON_MS = 60 * 1000,
    /* Unknown values of one page that get a line each: a field that is mapped by mistake may hold
     * another value in every record, and a commit unit has room for few steps. */
    UNKNOWN_KINDS_MAX = 32,
};

struct unknown_count {
    struct unknown_value value;
    int64_t times;
};

struct facts task_facts(const struct task_run *run, const struct window_id *window)
{
    struct facts facts = run->shop->facts;
    if (window) {
        bool by_updated = window->kind == WINDOW_PULL && run->stream->window.pull_by_updated;
        facts.window.from_ms = window->from_ms;
        facts.window.to_ms = window->to_ms;
        facts.window.by = by_updated ? STR("updated") : STR("created");
    }
    return facts;
}

/* Failed tries since the last progress: a unit that was committed in this try starts anew. */
static int64_t task_attempt(const struct task_run *run)
{
    return run->progressed ? 0 : run->task->attempt;
}

bool task_tries_spent(const struct task_run *run, enum err_class class_)
{
    return run->tried ||
           task_attempt(run) >= connector_retry(run->shop->connector, class_)->tries_max;
}

_Static_assert((int)TASK_BACKFILL < (int)BUDGET_RANKS,
               "a task's class is its rank where calls are short");

struct call_ask task_ask(const struct task_run *run, const struct endpoint *endpoint,
                         const struct window_id *window)
{
    return (struct call_ask){
        .connector = run->shop->connector,
        .endpoint = endpoint,
        .stream = run->stream,
        .facts = task_facts(run, window),
        .task_id = run->task->id,
        /* Only the first call of a try is what the task came back for. */
        .comer = {.rank = run->task->class_,
                  .waited = run->task->ready_ms > run->task->created_ms && !run->progressed},
        .attempt = task_attempt(run),
        .proxy = run->shop->proxy,
    };
}

/* The place of a value among the counted kinds. What finds none is counted with the last one of its field, as "…". */
static size_t unknown_place(struct unknown_count *kinds, size_t kinds_len,
                            const struct unknown_value *value)
{
    for (size_t i = 0; i < kinds_len; i++)
        if (str_eq(kinds[i].value.field, value->field) &&
            str_eq(kinds[i].value.value, value->value))
            return i;
    if (kinds_len < UNKNOWN_KINDS_MAX)
        return kinds_len;
    size_t last = kinds_len - 1;
    for (size_t i = 0; i < kinds_len; i++)
        if (str_eq(kinds[i].value.field, value->field))
            last = i;
    kinds[last].value.value = STR("…");
    return last;
}

static enum err_class steps_unknown(const struct task_run *run, const struct mapped *mapped,
                                    struct steps *steps, struct arena *arena, struct err *err)
{
    struct unknown_count kinds[UNKNOWN_KINDS_MAX];
    size_t kinds_len = 0;
    for (size_t i = 0; i < mapped->unknown_len; i++) {
        size_t at = unknown_place(kinds, kinds_len, &mapped->unknown[i]);
        if (at == kinds_len)
            kinds[kinds_len++] = (struct unknown_count){mapped->unknown[i], 0};
        kinds[at].times++;
    }
    for (size_t i = 0; i < kinds_len; i++) {
        const struct sql_value values[] = {sql_text(connector_platform(run->shop->connector)),
                                           sql_text(run->stream->name),
                                           sql_text(kinds[i].value.field),
                                           sql_text(kinds[i].value.value),
                                           sql_int(kinds[i].times),
                                           sql_int(clock_now_ms())};
        enum err_class class_ = steps_add(steps, SQL_UNKNOWN_COUNT, values, 6, -1, arena, err);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

/* A task that opens the waiting texts once the platform's quota is back. */
static enum err_class steps_decrypt_later(const struct task_run *run,
                                          const struct prepared *prepared, struct steps *steps,
                                          struct arena *arena, struct err *err)
{
    if (prepared->waiting_keys_len == 0)
        return ERR_OK;
    if (steps->len == STEPS_MAX)
        return err_set(err, ERR_INTERNAL, "steps_max", "too many steps in one unit");
    int64_t now_ms = clock_now_ms();
    struct task_new task = {
        .lane = run->shop->id,
        .class_ = TASK_BACKFILL,
        .kind = STR("decrypt"),
        .unique_key = arena_printf(arena, "%.*s/decrypt", STR_ARG(run->stream->name)),
        .payload = arena_printf(arena, "{\"stream\":\"%.*s\"}", STR_ARG(run->stream->name)),
        .ready_ms = prepared->waiting_until_ms > now_ms ? prepared->waiting_until_ms : now_ms,
    };
    if (task.ready_ms < now_ms + DECRYPT_SOON_MS)
        task.run = run->task->run;
    if (!task.unique_key.ptr || !task.payload.ptr)
        return err_no_memory(err);
    atomic_fetch_add(&run->sync->counts.decrypt_waiting, (int64_t)prepared->waiting_keys_len);
    return queue_step_enqueue(&task, now_ms, arena, &steps->items[steps->len++], err);
}

/* What windows bring is derived behind the last of them, and its days are read once; at the latest after this time, so
 * that a long backfill shows what is there. */
enum { DERIVE_WAIT_MS = 60 * 1000 };

static enum err_class derive_ask_later(struct unit *unit, int64_t shop_id, struct str run,
                                       int64_t ready_ms, struct arena *arena, struct err *err)
{
    const struct task_new task = {
        .lane = shop_id,
        .class_ = TASK_LIVE,
        .kind = STR("derive"),
        .unique_key = STR("derive"),
        .payload = STR("{}"),
        .run = run,
        .ready_ms = ready_ms,
    };
    struct step *step = arena_alloc(arena, sizeof *step);
    unit->touched = step;
    unit->touched_len = 1;
    return step ? queue_step_enqueue(&task, clock_now_ms(), arena, step, err) : err_no_memory(err);
}

enum err_class unit_derives(struct unit *unit, int64_t shop_id, struct str run, struct arena *arena,
                            struct err *err)
{
    return derive_ask_later(unit, shop_id, run, clock_now_ms(), arena, err);
}

enum err_class steps_derive_now(int64_t shop_id, struct arena *arena, struct steps *steps,
                                struct err *err)
{
    if (steps->len == STEPS_MAX)
        return err_set(err, ERR_INTERNAL, "steps_max", "too many steps in one unit");
    return queue_step_forward(shop_id, STR("derive"), clock_now_ms(), arena,
                              &steps->items[steps->len++], err);
}

enum err_class derive_now(const struct task_run *run, struct err *err)
{
    struct arena arena;
    struct step step;
    arena_init(&arena);
    enum err_class class_ = queue_step_forward(run->shop->id, STR("derive"), clock_now_ms(), &arena,
                                               &step, err);
    struct unit unit = {
        .shop_id = run->shop->id, .after = &step, .after_len = 1, .now_ms = clock_now_ms()};
    if (class_ == ERR_OK)
        class_ = store_commit(run->sync->options.store, &unit, err);
    arena_fini(&arena);
    return class_;
}

enum err_class task_unit(struct task_run *run, const struct prepared *prepared,
                         const struct steps *steps, struct arena *arena, struct unit **out,
                         struct err *err)
{
    struct unit *unit = arena_alloc(arena, sizeof *unit);
    struct step *fence = arena_alloc(arena, sizeof *fence);
    struct steps *after = arena_alloc(arena, sizeof *after);
    if (!unit || !fence || !after)
        return err_no_memory(err);
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = queue_step_fence(run->task, run->unit_number + 1, now_ms, arena, fence,
                                             err);
    if (class_ != ERR_OK)
        return class_;
    *after = *steps;
    *unit = (struct unit){
        .order_key = (uint64_t)run->task->id,
        .shop_id = run->shop->id,
        .before = fence,
        .before_len = 1,
        .now_ms = now_ms,
    };
    if (prepared) {
        const struct mapped *mapped = &prepared->mapped;
        unit->batches = mapped->batches;
        unit->batches_len = mapped->batches_len;
        unit->rejects = mapped->rejects;
        unit->rejects_len = mapped->rejects_len;
        class_ = steps_unknown(run, mapped, after, arena, err);
        if (class_ == ERR_OK)
            class_ = steps_rows_planned(run, mapped, arena, after, err);
        if (class_ == ERR_OK)
            class_ = steps_decrypt_later(run, prepared, after, arena, err);
        if (class_ != ERR_OK)
            return class_;
    }
    unit->after = after->items;
    unit->after_len = after->len;
    run->unit_number++;
    *out = unit;
    bool of_window = str_eq(run->task->kind, STR("window"));
    return derive_ask_later(unit, run->shop->id, run->task->run,
                            clock_now_ms() + (of_window ? DERIVE_WAIT_MS : 0), arena, err);
}

enum err_class steps_task_done(struct task_run *run, struct arena *arena, struct steps *steps,
                               struct err *err)
{
    if (steps->len + 3 > STEPS_MAX)
        return err_set(err, ERR_INTERNAL, "steps_max", "too many steps in one unit");
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = queue_step_twins(run->task, arena, &steps->items[steps->len++], err);
    if (class_ != ERR_OK)
        return class_;
    class_ = queue_step_finish(run->task, now_ms, arena, &steps->items[steps->len++], err);
    if (class_ == ERR_OK)
        class_ = queue_step_record(run->task, run->outcome, "done", now_ms, arena,
                                   &steps->items[steps->len++], err);
    return class_;
}

enum err_class task_finish(struct task_run *run, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct prepared none = {0};
    enum err_class class_ = rows_commit_last(run, &none, &arena, err);
    arena_fini(&arena);
    return class_;
}

void task_count_unit(struct task_run *run, const struct unit *unit, int64_t rejects)
{
    run->progressed = true;
    for (size_t i = 0; i < ROW_OUTCOMES; i++) {
        run->outcome->rows[i] += unit->counts.rows[i];
        atomic_fetch_add(&run->sync->counts.rows[i], unit->counts.rows[i]);
    }
    run->outcome->rejects += rejects;
    atomic_fetch_add(&run->sync->counts.rejects, rejects);
}

/* What went wrong stands in the stream's state too, where `status` shows it; that it cannot be
 * written is not a second failure of the task. */
static void stream_error_note(const struct task_run *run, const struct err *err)
{
    const struct sql_value values[] = {sql_int(run->shop->id), sql_text(run->stream->name),
                                       sql_text(str_of(err->message)), sql_int(clock_now_ms())};
    const struct step step = {
        .sql = SQL_STATE_ERROR, .values = values, .values_len = 4, .rows_expected = -1};
    steps_store(run->sync->options.store, run->shop->id, &step, 1, clock_now_ms(), NULL);
}

static enum task_end task_again(struct task_run *run, int64_t at_ms, bool failed)
{
    run->outcome->again_ms = at_ms;
    run->outcome->failed = failed;
    return TASK_AGAIN;
}

/* Of all conflicts only the fence says that the task is another's now. A row that may not be there twice
 * is refused at every try, and the task with it. */
static bool lease_is_lost(const struct err *err)
{
    return strcmp(err->code, "fence") == 0 || strcmp(err->code, "fail_point") == 0;
}

/* Back-off, as often as the rule of this class allows since the last progress. */
static enum task_end task_retry(struct task_run *run, enum err_class class_, const struct err *err,
                                int64_t now_ms)
{
    const struct retry_rule *rule = connector_retry(run->shop->connector, class_);
    stream_error_note(run, err);
    if (task_tries_spent(run, class_))
        return TASK_DEAD;
    return task_again(run, err->retry_at_ms > now_ms ? err->retry_at_ms : now_ms + rule->base_ms,
                      true);
}

enum task_end task_failed(struct task_run *run, enum err_class class_, const struct err *err)
{
    int64_t now_ms = clock_now_ms();
    run->outcome->err = *err;
    run->outcome->err.class_ = class_;
    switch (class_) {
    case ERR_LATER:
        return task_again(run, err->retry_at_ms, false);
    case ERR_STOPPED:
        return task_again(run, now_ms, false);
    case ERR_CONFLICT:
        if (lease_is_lost(err))
            return TASK_LOST;
        return task_retry(run, ERR_RETRY, err, now_ms);
    case ERR_STORE:
        return task_again(run, now_ms + STORE_RETRY_MS, true);
    case ERR_RETRY:
    case ERR_THROTTLED:
    case ERR_BAD_REPLY:
    case ERR_NOT_READY:
    case ERR_TOKEN_EXPIRED: /* the keeper got a new one and that was refused too: perhaps passing */
    case ERR_INTERNAL:
        return task_retry(run, class_, err, now_ms);
    case ERR_OK:
    case ERR_FORBIDDEN:
    case ERR_BAD_REQUEST:
    case ERR_SPLIT_WINDOW:
    case ERR_SKIP_RECORD:
    case ERR_CONFIG:
    case ERR_USAGE:
    case ERR_NOT_FOUND:
    case ERR_CLASSES:
        break;
    }
    stream_error_note(run, err);
    return TASK_DEAD;
}

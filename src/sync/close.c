/* The end of a window: weigh the evidence, then seal, read again, split, or say why not. */
#include <stdio.h>
#include <string.h>

#include "sync/sql.h"
#include "sync/sync_internal.h"

enum { AGAIN_SOON_MS = 3600 * 1000, AGAIN_DAILY_MS = 24 * 3600 * 1000 };

/* One size-1 call: what the platform says the window holds now; -1 when it does not say. */
static enum err_class total_ask(struct task_run *run, const struct window_id *window,
                                int64_t *total, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct call_ask ask = task_ask(run, run->stream->request, window);
    ask.facts.page.number = run->stream->pages.first;
    ask.facts.page.size = 1;
    ask.facts.page.total_only = true;
    struct page page;
    int64_t received_ms;
    enum err_class class_ = gateway_call(run->sync->options.gateway, &ask, &arena, &page,
                                         &received_ms, err);
    if (class_ == ERR_OK) {
        run->outcome->calls++;
        *total = page.total;
        /* A total of nothing beside a record is no total: the next reading decides. */
        if (page.total == 0 && page.records > 0)
            class_ = err_set(err, ERR_BAD_REPLY, "total_zero",
                             "the platform counts 0 records and lists %lld",
                             (long long)page.records);
        page_fini(&page);
    }
    arena_fini(&arena);
    return class_;
}

/* The steps that end the task: the stream's state, its next window, the task itself. */
static enum err_class steps_end(struct task_run *run, const struct window_id *closing, bool sealed,
                                struct arena *arena, struct steps *steps, struct err *err)
{
    struct store *store = run->sync->options.store;
    int64_t now_ms = clock_now_ms();
    struct stream_state state;
    enum err_class class_ = plan_state_load(store, run->shop, run->stream, now_ms, closing, sealed,
                                            &state, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value advance[] = {sql_int(run->shop->id), sql_text(run->stream->name),
                                        sql_int(state.frontier_ms),
                                        sql_int(state.complete_up_to_ms), sql_int(now_ms)};
    class_ = steps_add(steps, SQL_STATE_ADVANCE, advance, 5, -1, arena, err);
    if (class_ == ERR_OK && state.until_ms > 0) {
        struct window_plan plan;
        bool found;
        class_ = plan_next(store, run->shop, run->stream, &state, closing, state.until_ms, &plan,
                           &found, err);
        if (class_ == ERR_OK && found) {
            plan.class_ = run->task->class_;
            plan.run = run->task->run;
            plan.ready_ms = now_ms;
            class_ = window_steps_open(&plan, now_ms, arena, steps, err);
        }
    }
    if (class_ != ERR_OK)
        return class_;
    return steps_task_done(run, arena, steps, err);
}

static enum err_class steps_commit(struct task_run *run, const struct steps *steps,
                                   struct arena *arena, struct err *err)
{
    struct unit *unit;
    enum err_class class_ = task_unit(run, NULL, steps, arena, &unit, err);
    return class_ == ERR_OK ? store_commit(run->sync->options.store, unit, err) : class_;
}

static void close_count(struct sync *sync, enum window_state state)
{
    switch (state) {
    case WINDOW_SEALED:
        atomic_fetch_add(&sync->counts.windows_sealed, 1);
        break;
    case WINDOW_MOVED:
        atomic_fetch_add(&sync->counts.windows_moved, 1);
        break;
    case WINDOW_UNPROVED:
        atomic_fetch_add(&sync->counts.windows_unproved, 1);
        break;
    case WINDOW_SPLIT:
        atomic_fetch_add(&sync->counts.windows_split, 1);
        break;
    case WINDOW_OPEN:
        break;
    }
}

/* Closes the window and ends its task in one unit. */
static enum err_class window_close_commit(struct task_run *run, const struct window *window,
                                          const struct window_close *close, struct err *err)
{
    /* Rows may still arrive in an instant that is not mature: nothing about it can be sealed yet. */
    bool seals_audit = close->state == WINDOW_SEALED && window->id.kind == WINDOW_AUDIT;
    if (seals_audit &&
        window->id.to_ms > plan_newest_ms(run->stream, WINDOW_AUDIT, close->now_ms)) {
        err_set(err, ERR_LATER, "window_immature", "the window is younger than an audit may be");
        if (err)
            err->retry_at_ms = window->id.to_ms + run->stream->window.lag_ms +
                               2 * run->stream->window.step_ms;
        return ERR_LATER;
    }
    struct arena arena;
    arena_init(&arena);
    struct steps steps = {.len = 0};
    enum err_class class_ = FAIL_POINT("sync.window.closing")
                                ? err_set(err, ERR_INTERNAL, "fail_point", "fail point")
                                : window_steps_close(window, close, &arena, &steps, err);
    if (class_ == ERR_OK)
        class_ = steps_end(run, &window->id, close->state == WINDOW_SEALED, &arena, &steps, err);
    if (class_ == ERR_OK)
        class_ = steps_commit(run, &steps, &arena, err);
    if (class_ == ERR_OK) {
        close_count(run->sync, close->state);
        if (FAIL_POINT("sync.window.closed"))
            class_ = err_set(err, ERR_CONFLICT, "fail_point", "fail point sync.window.closed");
    }
    arena_fini(&arena);
    return class_;
}

static enum err_class window_read_again(struct task_run *run, struct window *window,
                                        const char *digest, const char *reason, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct steps steps = {.len = 0};
    enum err_class class_ = window_steps_read_again(window, str_of(digest), str_of(reason), &arena,
                                                    &steps, err);
    if (class_ == ERR_OK)
        class_ = steps_commit(run, &steps, &arena, err);
    arena_fini(&arena);
    if (class_ != ERR_OK)
        return class_;
    window_restart(window, str_of(digest));
    return ERR_OK;
}

/* Unproved windows are read again after an hour, then daily: "complete up to" waits for them. */
static int64_t again_ms(const struct window *window, int64_t now_ms)
{
    return now_ms + (window->tries == 0 ? AGAIN_SOON_MS : AGAIN_DAILY_MS);
}

struct weighed {
    struct evidence evidence;
    enum verdict verdict;
    char digest[DIGEST_HEX_ROOM];
    char reason[REASON_ROOM];
};

/* Rows that change leave a window by update time. In numbered pages of a list that shifts, the rows
 * behind them slide past the reader, so a total that fell proves nothing there. */
static bool window_rows_leave(const struct stream *stream, const struct window_id *window)
{
    bool slides = stream->pages.kind == PAGES_NUMBER && !stream->pages.stable;
    return window->kind == WINDOW_PULL && stream->window.pull_by_updated && !slides;
}

static enum err_class window_weigh(struct task_run *run, const struct window *window,
                                   struct weighed *out, struct err *err)
{
    int64_t total_last = -1;
    enum err_class class_ = ERR_OK;
    if (window->total_first >= 0)
        class_ = total_ask(run, &window->id, &total_last, err);
    if (class_ != ERR_OK)
        return class_;
    struct id_set ids;
    id_set_init(&ids);
    class_ = window_ids_load(run->sync->options.store, window, &ids, err);
    if (class_ == ERR_OK)
        class_ = id_set_digest(&ids, out->digest, err);
    out->evidence = (struct evidence){
        .rows_leave = window_rows_leave(run->stream, &window->id),
        .total_first = window->total_first,
        .total_last = total_last,
        .distinct = (int64_t)ids.len,
        .pass = window->pass,
        .digest = str_of(out->digest),
        .digest_before = str_of(window->digest_before),
    };
    id_set_fini(&ids);
    if (class_ == ERR_OK)
        out->verdict = evidence_judge(&out->evidence, out->reason);
    return class_;
}

/* Rows stored of the window: counted in the database by creation time; by update time, where rows
 * move on, it is what was seen less what was refused. */
static enum err_class window_stored(struct task_run *run, const struct window *window,
                                    int64_t distinct, int64_t *out, struct err *err)
{
    *out = distinct > window->rejects ? distinct - window->rejects : 0;
    if (window->id.kind == WINDOW_PULL && run->stream->window.pull_by_updated)
        return ERR_OK;
    return rows_created_count(run->sync->options.store, run->stream->table, run->shop->id,
                              window->id.from_ms, window->id.to_ms, out, err);
}

enum err_class window_finish(struct task_run *run, struct window *window, bool *again,
                             struct err *err)
{
    struct weighed weighed;
    enum err_class class_ = window_weigh(run, window, &weighed, err);
    if (class_ != ERR_OK)
        return class_;
    if (weighed.verdict == VERDICT_SPLIT)
        return err_set(err, ERR_SPLIT_WINDOW, "window_total",
                       "%lld records seen where the platform counts %lld: its total is capped",
                       (long long)weighed.evidence.distinct,
                       (long long)weighed.evidence.total_last);
    *again = weighed.verdict == VERDICT_READ_AGAIN;
    if (*again)
        return window_read_again(run, window, weighed.digest, weighed.reason, err);
    int64_t now_ms = clock_now_ms(), stored;
    const struct evidence *evidence = &weighed.evidence;
    class_ = window_stored(run, window, evidence->distinct, &stored, err);
    if (class_ != ERR_OK)
        return class_;
    struct window_close close = {
        .state = weighed.verdict == VERDICT_MOVED      ? WINDOW_MOVED
                 : weighed.verdict == VERDICT_UNPROVED ? WINDOW_UNPROVED
                                                       : WINDOW_SEALED,
        .grade = weighed.verdict == VERDICT_SEAL_A     ? 'A'
                 : weighed.verdict == VERDICT_SEAL_B   ? 'B'
                 : weighed.verdict == VERDICT_UNPROVED ? 'C'
                                                       : 0,
        .reason = str_of(weighed.reason),
        .total_first = evidence->total_first,
        .total_last = evidence->total_last,
        .distinct = evidence->distinct,
        .stored = stored,
        .digest = evidence->digest,
        .now_ms = now_ms,
        .again_ms = weighed.verdict == VERDICT_UNPROVED ? again_ms(window, now_ms) : 0,
    };
    return window_close_commit(run, window, &close, err);
}

enum err_class window_give_up(struct task_run *run, const struct window *window, struct str reason,
                              struct err *err)
{
    int64_t now_ms = clock_now_ms();
    struct window_close close = {.state = WINDOW_UNPROVED,
                                 .grade = 'C',
                                 .reason = reason,
                                 .total_first = window->total_first,
                                 .total_last = -1,
                                 .now_ms = now_ms,
                                 .again_ms = again_ms(window, now_ms)};
    return window_close_commit(run, window, &close, err);
}

enum err_class window_split(struct task_run *run, const struct window *window, struct err *err)
{
    struct window_id halves[2];
    if (!plan_halves(&window->id, run->stream->window.step_ms, halves))
        return window_give_up(
            run, window, STR("more records in one instant of the platform's filter than it lists"),
            err);
    struct arena arena;
    arena_init(&arena);
    struct steps steps = {.len = 0};
    int64_t now_ms = clock_now_ms();
    struct window_close close = {.state = WINDOW_SPLIT,
                                 .reason = STR("too many records: halved"),
                                 .total_first = window->total_first,
                                 .total_last = -1,
                                 .now_ms = now_ms};
    enum err_class class_ = window_steps_close(window, &close, &arena, &steps, err);
    for (size_t i = 0; class_ == ERR_OK && i < 2; i++) {
        struct window_plan plan = {.id = halves[i],
                                   .pass = 1,
                                   .reopen = true,
                                   .class_ = run->task->class_,
                                   .run = run->task->run,
                                   .ready_ms = now_ms};
        class_ = window_steps_open(&plan, now_ms, &arena, &steps, err);
    }
    if (class_ == ERR_OK)
        class_ = steps_task_done(run, &arena, &steps, err);
    if (class_ == ERR_OK && FAIL_POINT("sync.split"))
        class_ = err_set(err, ERR_INTERNAL, "fail_point", "fail point sync.split");
    if (class_ == ERR_OK)
        class_ = steps_commit(run, &steps, &arena, err);
    if (class_ == ERR_OK)
        close_count(run->sync, WINDOW_SPLIT);
    arena_fini(&arena);
    return class_;
}

/* Where pull windows closed without proof, rows may be missing, and one wrong total could agree by
 * chance: then, and for an empty window, the platform is asked twice. */
static enum err_class audit_readings_wanted(struct task_run *run, int64_t total, int *out,
                                            struct err *err)
{
    int64_t doubtful = 0;
    const struct sql_value key[] = {sql_int(run->shop->id), sql_text(run->stream->name)};
    enum err_class class_ = store_read_int(run->sync->options.store, SQL_WINDOWS_DOUBTFUL, key, 2,
                                           0, &doubtful, err);
    *out = total == 0 || doubtful > 0 ? 2 : 1;
    return class_;
}

static enum err_class audit_agrees(struct task_run *run, const struct window *window,
                                   int64_t stored, int64_t *total, bool *agrees, struct err *err)
{
    int readings = 1;
    *agrees = true;
    for (int i = 0; *agrees && i < readings; i++) {
        enum err_class class_ = total_ask(run, &window->id, total, err);
        if (class_ == ERR_OK && FAIL_POINT("sync.audit.total"))
            class_ = err_set(err, ERR_INTERNAL, "fail_point", "fail point sync.audit.total");
        if (class_ == ERR_OK && i == 0)
            class_ = audit_readings_wanted(run, *total, &readings, err);
        if (class_ != ERR_OK)
            return class_;
        *agrees = *total == stored;
    }
    return ERR_OK;
}

enum err_class window_audit(struct task_run *run, struct window *window, bool *agreed,
                            struct err *err)
{
    const struct stream *stream = run->stream;
    struct store *store = run->sync->options.store;
    int64_t stored, total;
    *agreed = false;
    enum err_class class_ = rows_created_count(store, stream->table, run->shop->id,
                                               window->id.from_ms, window->id.to_ms, &stored, err);
    if (class_ == ERR_OK)
        class_ = audit_agrees(run, window, stored, &total, agreed, err);
    if (class_ != ERR_OK)
        return class_;
    if (stream->window.total_cap > 0 && total >= stream->window.total_cap)
        return err_set(err, ERR_SPLIT_WINDOW, "window_total", "the platform's total is capped");
    if (!*agreed)
        return window_read_again(run, window, "", "stored rows and the platform's total differ",
                                 err);
    struct id_set ids;
    id_set_init(&ids);
    char digest[DIGEST_HEX_ROOM];
    class_ = rows_created_ids(store, stream->table, run->shop->id, window->id.from_ms,
                              window->id.to_ms, &ids, &stored, err);
    if (class_ == ERR_OK)
        class_ = id_set_digest(&ids, digest, err);
    struct window_close close = {.state = WINDOW_SEALED,
                                 .grade = 'A',
                                 .total_first = total,
                                 .total_last = total,
                                 .distinct = (int64_t)ids.len,
                                 .stored = stored,
                                 .digest = str_of(digest),
                                 .now_ms = clock_now_ms()};
    id_set_fini(&ids);
    if (class_ == ERR_OK && stored != total)
        return window_read_again(run, window, "", "rows changed while they were counted", err);
    return class_ == ERR_OK ? window_close_commit(run, window, &close, err) : class_;
}

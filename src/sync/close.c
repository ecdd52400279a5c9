/* The end of a window: weigh the evidence, then seal, read again, split, or say why not. */
#include <stdio.h>
#include <string.h>

#include "sync/sql.h"
#include "sync/sync_internal.h"

enum {
    AGAIN_SOON_MS = 3600 * 1000,
    AGAIN_DAILY_MS = 24 * 3600 * 1000,
    READING_WAIT_MS = 10 * 1000
};

/* How an unreadable page is narrowed down (docs/sync.md). */
enum {
    /* Pieces of one window that may be open or without proof: eight bad records in different places, each
     * with the half beside it that is not read yet, leave everything else readable; a platform that
     * answers badly from now on leaves no more windows than this. */
    PIECES_BAD_MAX = 16,
    /* Looks for something readable: with the tries before them fewer failures than open a breaker. */
    PROBES_MAX = 3,
    /* A look is at so small a share of its part of the window. */
    PROBE_SHARE = 16,
};

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
    struct window_plan plan;
    bool found;
    enum err_class class_ = plan_next(store, run->shop, run->stream, now_ms, 0, closing, sealed,
                                      &state, &plan, &found, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value advance[] = {sql_int(run->shop->id), sql_text(run->stream->name),
                                        sql_int(state.frontier_ms),
                                        sql_int(state.complete_up_to_ms), sql_int(now_ms)};
    class_ = steps_add(steps, SQL_STATE_ADVANCE, advance, 5, -1, arena, err);
    if (class_ == ERR_OK && found) {
        plan.class_ = run->task->class_;
        plan.run = run->task->run;
        plan.ready_ms = now_ms;
        class_ = window_steps_open(&plan, now_ms, arena, steps, err);
    }
    if (class_ == ERR_OK && !(found && plan.id.kind == WINDOW_PULL))
        class_ = steps_derive_now(run->shop->id, arena, steps, err);
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

/* That a stream has a window without proof is said once, and that it has none any more; not each window: where a
 * platform tells no totals none is ever proved. */
static enum err_class steps_say(struct task_run *run, const struct window *window,
                                const struct window_close *close, struct arena *arena,
                                struct steps *steps, struct err *err)
{
    struct store *store = run->sync->options.store;
    bool unproved = close->state == WINDOW_UNPROVED;
    int64_t others = 0;
    if (!unproved && (close->state != WINDOW_SEALED || window->tries == 0))
        return ERR_OK;
    const struct sql_value key[] = {sql_int(window->id.shop_id), sql_text(window->id.stream),
                                    sql_text(window_kind_name(window->id.kind)),
                                    sql_int(window->id.from_ms), sql_int(window->id.to_ms)};
    enum err_class class_ = store_read_int(store, SQL_UNPROVED_OTHER, key, 5, 0, &others, err);
    if (class_ != ERR_OK || others != 0 || (unproved && window->tries > 0))
        return class_;
    struct event event = {.kind = unproved ? EVENT_WINDOW_UNPROVED : EVENT_STREAM_PROVED,
                          .shop_id = window->id.shop_id,
                          .task_id = run->task->id,
                          .stream = window->id.stream,
                          .args = {EVENT_NUMBER("from_ms", window->id.from_ms),
                                   EVENT_NUMBER("to_ms", window->id.to_ms)}};
    if (unproved)
        event.args[2] = EVENT_TEXT("reason", close->reason);
    if (steps->len == STEPS_MAX)
        return err_set(err, ERR_INTERNAL, "steps_max", "too many steps in one unit");
    return event_step(store, &event, close->now_ms, arena, &steps->items[steps->len++], err);
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
        class_ = steps_say(run, window, close, &arena, &steps, err);
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
                                        struct str digest, const char *reason, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct steps steps = {.len = 0};
    enum err_class class_ = window_steps_read_again(window, digest, str_of(reason), &arena, &steps,
                                                    err);
    if (class_ == ERR_OK)
        class_ = steps_commit(run, &steps, &arena, err);
    arena_fini(&arena);
    if (class_ != ERR_OK)
        return class_;
    window_restart(window, digest);
    return ERR_OK;
}

/* Unproved windows are read again after an hour, then daily: "complete up to" waits for them. */
static int64_t again_ms(const struct window *window, int64_t now_ms)
{
    return now_ms + (window->tries == 0 ? AGAIN_SOON_MS : AGAIN_DAILY_MS);
}

struct weighed {
    struct evidence evidence;
    int64_t stored;
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

static bool window_by_creation(const struct stream *stream, const struct window_id *window)
{
    return window->kind == WINDOW_AUDIT || !stream->window.pull_by_updated;
}

/* Rows that have no creation time are in no window, and refused records in no row. */
static enum err_class missing_explain(struct task_run *run, const struct window *window,
                                      const struct id_set *seen, struct id_set *stored,
                                      int64_t *missing, struct err *err)
{
    struct store *store = run->sync->options.store;
    int64_t refused = 0;
    const struct sql_value values[] = {sql_int(run->shop->id),
                                       sql_text(run->stream->name),
                                       sql_text(window_kind_name(window->id.kind)),
                                       sql_int(window->id.from_ms),
                                       sql_int(window->id.to_ms),
                                       sql_text(run->stream->table->name)};
    enum err_class class_ = rows_undated_ids(store, run->stream->table, run->shop->id, stored, err);
    if (class_ == ERR_OK)
        class_ = store_read_int(store, SQL_WINDOW_REFUSED, values, 6, 0, &refused, err);
    *missing = (int64_t)id_set_missing(seen, stored) - refused;
    if (*missing < 0) /* a record refused now may be stored from before */
        *missing = 0;
    return class_;
}

/* Rows stored of the window, and how many of the records seen are neither there nor refused. By update
 * time, where rows move on, that cannot be looked up: there it is what was seen less what was refused. */
static enum err_class window_stored(struct task_run *run, const struct window *window,
                                    const struct id_set *seen, int64_t *rows, int64_t *missing,
                                    struct err *err)
{
    int64_t len = (int64_t)seen->len;
    *rows = len > window->rejects ? len - window->rejects : 0;
    *missing = 0;
    if (!window_by_creation(run->stream, &window->id))
        return ERR_OK;
    struct id_set stored;
    id_set_init(&stored);
    enum err_class class_ = rows_created_ids(run->sync->options.store, run->stream->table,
                                             run->shop->id, window->id.from_ms, window->id.to_ms,
                                             &stored, rows, err);
    if (class_ == ERR_OK)
        *missing = (int64_t)id_set_missing(seen, &stored);
    if (class_ == ERR_OK && *missing > 0)
        class_ = missing_explain(run, window, seen, &stored, missing, err);
    id_set_fini(&stored);
    return class_;
}

static enum err_class window_weigh(struct task_run *run, const struct window *window,
                                   struct weighed *out, struct err *err)
{
    int64_t total_last = -1, missing = 0;
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
    if (class_ == ERR_OK)
        class_ = window_stored(run, window, &ids, &out->stored, &missing, err);
    out->evidence = (struct evidence){
        .rows_leave = window_rows_leave(run->stream, &window->id),
        .total_first = window->total_first,
        .total_last = total_last,
        .distinct = (int64_t)ids.len,
        .missing = missing,
        .pass = window->pass,
        .digest = str_of(out->digest),
        .digest_before = str_of(window->digest_before),
    };
    id_set_fini(&ids);
    if (class_ == ERR_OK)
        out->verdict = evidence_judge(&out->evidence, out->reason);
    return class_;
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
    const struct evidence *evidence = &weighed.evidence;
    if (*again)
        return window_read_again(run, window, evidence_digest_kept(evidence), weighed.reason, err);
    int64_t now_ms = clock_now_ms();
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
        .stored = weighed.stored,
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

static enum err_class window_halve(struct task_run *run, const struct window *window,
                                   const struct window_id halves[2], struct str reason,
                                   struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct steps steps = {.len = 0};
    int64_t now_ms = clock_now_ms();
    struct window_close close = {.state = WINDOW_SPLIT,
                                 .reason = reason,
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

enum err_class window_split(struct task_run *run, const struct window *window, struct err *err)
{
    struct window_id halves[2];
    if (plan_halves(&window->id, run->stream->window.step_ms, halves))
        return window_halve(run, window, halves, STR("too many records: halved"), err);
    return window_give_up(run, window,
                          STR("more records in one instant of the platform's filter than it lists"),
                          err);
}

/* The reason by which the halves of an unreadable window are told from those of a full one. */
#define NARROWED STR("a page that cannot be read: halved")

/* Of the window that was halved first for an unreadable page: what did not close well yet, and what did;
 * of_wider: the window asked about is only a part of it. */
struct pieces {
    int64_t bad, good;
    bool of_wider;
};

static enum err_class pieces_read(struct task_run *run, const struct window *window,
                                  struct pieces *out, struct err *err)
{
    const struct sql_value values[] = {sql_int(run->shop->id),
                                       sql_text(run->stream->name),
                                       sql_text(window_kind_name(window->id.kind)),
                                       sql_int(window->id.from_ms),
                                       sql_int(window->id.to_ms),
                                       sql_text(NARROWED)};
    struct reader *row;
    *out = (struct pieces){.bad = 0};
    enum err_class class_ = store_read(run->sync->options.store, SQL_PIECES, values, 6, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row)) {
        out->bad = reader_int(row, 0);
        out->of_wider = reader_int(row, 2) != 0;
        /* Seals of an earlier day say nothing about what the platform answers now. */
        out->good = out->of_wider ? reader_int(row, 1) : 0;
    }
    return reader_close(row, err);
}

bool window_is_piece(struct task_run *run, const struct window *window)
{
    struct pieces pieces;
    return pieces_read(run, window, &pieces, NULL) == ERR_OK && pieces.of_wider;
}

/* Is the first page of this part of the window readable? */
static enum err_class part_probe(struct task_run *run, const struct window_id *part, bool *readable,
                                 struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct call_ask ask = task_ask(run, run->stream->request, part);
    ask.facts.page.number = run->stream->pages.first;
    if (ask.facts.page.size == 0)
        ask.facts.page.size = run->stream->pages.size;
    struct page page;
    struct err why = {0};
    int64_t received_ms;
    enum err_class class_ = gateway_call(run->sync->options.gateway, &ask, &arena, &page,
                                         &received_ms, &why);
    *readable = class_ == ERR_OK;
    if (class_ == ERR_OK)
        page_fini(&page);
    /* A platform that only failed lately is not waited for: that is the answer. */
    bool refused = class_ == ERR_LATER && strcmp(why.code, "breaker_open") == 0;
    run->outcome->calls += class_ != ERR_LATER;
    arena_fini(&arena);
    if (class_ == ERR_OK || class_ == ERR_BAD_REPLY || class_ == ERR_BAD_REQUEST || refused)
        return ERR_OK;
    *err = why;
    return class_;
}

/* A platform that answers badly to everything is no reason to cut its windows: something of the window
 * has to be readable. Looked for in places far apart, in slices so narrow that a bad record is hardly in
 * each of them. */
static enum err_class parts_probe(struct task_run *run, const struct window *window, bool *readable,
                                  struct err *err)
{
    struct window_id parts[PROBES_MAX];
    int64_t step_ms = run->stream->window.step_ms;
    int64_t steps = (window->id.to_ms - window->id.from_ms) / step_ms + 1;
    int64_t span_ms = (steps + PROBES_MAX - 1) / PROBES_MAX * step_ms;
    size_t parts_len = plan_cut(window->id.from_ms, window->id.to_ms, span_ms, step_ms, parts,
                                PROBES_MAX);
    enum err_class class_ = ERR_OK;
    for (size_t i = parts_len; class_ == ERR_OK && !*readable && i > 0; i--) {
        struct window_id slice = window->id;
        slice.from_ms = parts[i - 1].from_ms;
        slice.to_ms = slice.from_ms + span_ms / PROBE_SHARE / step_ms * step_ms;
        class_ = part_probe(run, &slice, readable, err);
    }
    return class_;
}

enum err_class window_narrow(struct task_run *run, const struct window *window, bool *narrowed,
                             struct err *err)
{
    struct pieces pieces;
    struct window_id halves[2];
    *narrowed = false;
    if (!plan_halves(&window->id, run->stream->window.step_ms, halves))
        return ERR_OK;
    enum err_class class_ = pieces_read(run, window, &pieces, err);
    if (class_ != ERR_OK || pieces.bad >= PIECES_BAD_MAX)
        return class_;
    bool readable = window->page_number > 0 || pieces.good > 0;
    if (!readable)
        class_ = parts_probe(run, window, &readable, err);
    if (class_ == ERR_OK && readable)
        class_ = window_halve(run, window, halves, NARROWED, err);
    *narrowed = class_ == ERR_OK && readable;
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

/* A reading that was taken is lost when its task goes back to wait for the next: where three shops and more take turns at one
 * budget, each would read first for ever. So the next reading waits where it is, for a few turns. */
static enum err_class reading_next(struct task_run *run, const struct window *window,
                                   int64_t *total, struct err *err)
{
    const int64_t until_ms = clock_now_ms() + READING_WAIT_MS;
    struct err why = {0};
    enum err_class class_ = total_ask(run, &window->id, total, &why);
    while (class_ == ERR_LATER && strcmp(why.code, "budget") == 0 && why.retry_at_ms < until_ms &&
           clock_sleep_until(why.retry_at_ms, run->outcome->stopping)) {
        err_clear(&why);
        class_ = total_ask(run, &window->id, total, &why);
    }
    if (class_ != ERR_OK && err)
        *err = why;
    return class_;
}

static enum err_class audit_agrees(struct task_run *run, const struct window *window,
                                   int64_t stored, int64_t *total, bool *agrees, struct err *err)
{
    int readings = 1;
    *agrees = true;
    for (int i = 0; *agrees && i < readings; i++) {
        enum err_class class_ = i == 0 ? total_ask(run, &window->id, total, err)
                                       : reading_next(run, window, total, err);
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
        return window_read_again(run, window, total >= 0 ? STR(TOTAL_DISAGREED) : STR(""),
                                 "stored rows and the platform's total differ", err);
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
        return window_read_again(run, window, STR(""), "rows changed while they were counted", err);
    return class_ == ERR_OK ? window_close_commit(run, window, &close, err) : class_;
}

/* Asking for work: the first windows and tasks of a shop's stream, by a person's `sync` or by a schedule's tick.
 * What is under way already is asked for again without effect. */
#include "sync/sync.h"

#include <stdlib.h>
#include <string.h>

#include "sync/sql.h"
#include "sync/sync_internal.h"

/* What an earlier run left behind in the lane becomes part of this one, unless it waits for long. */
enum { ADOPT_AHEAD_MS = 2 * 60 * 1000 };

static enum err_class request_commit(struct sync *sync, const struct sync_request *request,
                                     const struct steps *steps, int64_t now_ms, struct err *err)
{
    return steps_store(sync->options.store, request->shop->id, steps->items, steps->len, now_ms,
                       err);
}

/* A stream of figures has no frontier; what it is complete up to follows from its passes. */
static enum err_class steps_figures(const struct sync_request *request, int64_t now_ms,
                                    struct arena *arena, struct steps *steps, struct err *err)
{
    struct pass pass = {0};
    if (request->mode == SYNC_RANGE)
        pass = (struct pass){
            .since_ms = now_ms, .from_ms = request->from_ms, .to_ms = request->to_ms};
    /* Behind everything else of the lane: the orders come first. */
    return steps_pass_task(request, STR("figures"), TASK_BACKFILL, &pass, now_ms, arena, steps,
                           err);
}

static enum err_class steps_state(const struct sync_request *request, int64_t now_ms,
                                  struct arena *arena, struct steps *steps, struct err *err)
{
    const struct stream *stream = request->stream;
    const struct stream *of = stream->figures.of;
    int64_t since_ms = plan_since_ms(request->shop, of ? of : stream, now_ms);
    const struct sql_value values[] = {sql_int(request->shop->id),
                                       sql_text(stream->name),
                                       sql_int(since_ms),
                                       sql_int_or_null(since_ms - stream->window.step_ms, !of),
                                       sql_int(request->mode == SYNC_FORWARD ? now_ms : 0),
                                       sql_int(now_ms)};
    return steps_add(steps, SQL_STATE_INSERT, values, 6, -1, arena, err);
}

static enum err_class steps_next_window(struct sync *sync, const struct sync_request *request,
                                        int64_t now_ms, struct arena *arena, struct steps *steps,
                                        struct err *err)
{
    struct stream_state state;
    struct window_plan plan;
    bool found = false;
    enum err_class class_ = plan_next(sync->options.store, request->shop, request->stream, now_ms,
                                      now_ms, NULL, false, &state, &plan, &found, err);
    if (class_ != ERR_OK || !found)
        return class_;
    plan.class_ = request->class_;
    plan.run = request->run;
    plan.ready_ms = now_ms;
    return window_steps_open(&plan, now_ms, arena, steps, err);
}

/* The windows of one kind over a closed range; each with its task, each committed alone: asked again
 * after a crash, what exists already stays. */
static enum err_class enqueue_windows(struct sync *sync, const struct sync_request *request,
                                      enum window_kind kind, int64_t from_ms, int64_t to_ms,
                                      int64_t now_ms, struct arena *arena, int64_t *tasks,
                                      struct err *err)
{
    const struct stream *stream = request->stream;
    int64_t span_ms = kind == WINDOW_AUDIT ? stream->window.audit_span_ms : stream->window.span_ms;
    struct window_id *windows = arena_array(arena, RANGE_WINDOWS_MAX, sizeof *windows);
    if (!windows)
        return err_no_memory(err);
    size_t count = plan_cut(from_ms, to_ms, span_ms, stream->window.step_ms, windows,
                            RANGE_WINDOWS_MAX);
    if (count > RANGE_WINDOWS_MAX)
        return err_set(err, ERR_USAGE, "range_wide",
                       "the range makes %zu windows, more than %d; ask for it in parts", count,
                       RANGE_WINDOWS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct window_plan plan = {.id = {.shop_id = request->shop->id,
                                          .stream = stream->name,
                                          .kind = kind,
                                          .from_ms = windows[i].from_ms,
                                          .to_ms = windows[i].to_ms},
                                   .pass = 1,
                                   .reopen = true,
                                   .class_ = request->class_,
                                   .run = request->run,
                                   .ready_ms = now_ms};
        struct steps steps = {.len = 0};
        enum err_class class_ = window_steps_open(&plan, now_ms, arena, &steps, err);
        if (class_ == ERR_OK)
            class_ = request_commit(sync, request, &steps, now_ms, err);
        if (class_ != ERR_OK)
            return class_;
        ++*tasks;
    }
    return ERR_OK;
}

/* A range is read again page by page: as audit windows as far as it is mature, the rest (and all of it
 * when asked by update time) as pull windows, which prove nothing about later arrivals. */
static enum err_class enqueue_range(struct sync *sync, const struct sync_request *request,
                                    int64_t now_ms, struct arena *arena, int64_t *tasks,
                                    struct err *err)
{
    const struct stream *stream = request->stream;
    int64_t from_ms = request->from_ms;
    int64_t pull_to_ms = plan_newest_ms(stream, WINDOW_PULL, now_ms);
    enum err_class class_ = ERR_OK;
    if (from_ms == SYNC_FROM_START) {
        struct stream_state state;
        class_ = plan_state_load(sync->options.store, request->shop, stream, now_ms, &state, err);
        from_ms = plan_grid_start_ms(stream, state.since_ms, now_ms);
    }
    if (pull_to_ms > request->to_ms)
        pull_to_ms = request->to_ms;
    if (class_ == ERR_OK && stream->window.has_created && !request->by_updated) {
        int64_t audit_to_ms = plan_newest_ms(stream, WINDOW_AUDIT, now_ms);
        if (audit_to_ms > request->to_ms)
            audit_to_ms = request->to_ms;
        class_ = enqueue_windows(sync, request, WINDOW_AUDIT, from_ms, audit_to_ms, now_ms, arena,
                                 tasks, err);
        if (audit_to_ms >= from_ms)
            from_ms = audit_to_ms + stream->window.step_ms;
    }
    if (class_ == ERR_OK)
        class_ = enqueue_windows(sync, request, WINDOW_PULL, from_ms, pull_to_ms, now_ms, arena,
                                 tasks, err);
    return class_;
}

/* What every request brings: the stream's state, and what an earlier run left behind in the lane. */
static enum err_class steps_request(struct sync *sync, const struct sync_request *request,
                                    int64_t now_ms, struct arena *arena, struct steps *steps,
                                    struct err *err)
{
    int64_t planned_ms;
    enum err_class class_ = plan_clock_mend(sync->options.store, request->shop, request->stream,
                                            now_ms, request->run, &planned_ms, err);
    if (class_ == ERR_OK)
        class_ = steps_state(request, now_ms, arena, steps, err);
    if (class_ == ERR_OK)
        class_ = steps_plan_compared(request->shop, request->stream, planned_ms, now_ms, arena,
                                     steps, err);
    if (class_ != ERR_OK || request->run.len == 0)
        return class_;
    return queue_step_adopt(request->shop->id, request->run, now_ms + ADOPT_AHEAD_MS, arena,
                            &steps->items[steps->len++], err);
}

/* The tasks of what is new, or of all figures. */
static enum err_class steps_tasks(struct sync *sync, const struct sync_request *request,
                                  int64_t now_ms, struct arena *arena, struct steps *steps,
                                  int64_t *tasks, struct err *err)
{
    size_t before = steps->len;
    if (request->stream->figures.of) {
        *tasks = 1;
        return steps_figures(request, now_ms, arena, steps, err);
    }
    enum err_class class_ = steps_next_window(sync, request, now_ms, arena, steps, err);
    *tasks = steps->len > before;
    if (class_ != ERR_OK || !request->stream->revisit.on)
        return class_;
    ++*tasks;
    return steps_pass_task(request, STR("revisit"), TASK_REPAIR, &(struct pass){0}, now_ms, arena,
                           steps, err);
}

/* What was asked for and is not committed yet. */
enum { ASKING_STEPS_MAX = 512 };
struct sync_asking {
    struct sync *sync;
    struct arena arena;
    struct step steps[ASKING_STEPS_MAX];
    size_t steps_len;
};

enum err_class sync_asking_new(struct sync *sync, struct sync_asking **out, struct err *err)
{
    struct sync_asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        return err_no_memory(err);
    asking->sync = sync;
    arena_init(&asking->arena);
    *out = asking;
    return ERR_OK;
}

void sync_asking_free(struct sync_asking *asking)
{
    arena_fini(&asking->arena);
    free(asking);
}

enum err_class sync_asking_commit(struct sync_asking *asking, struct err *err)
{
    enum err_class class_ = ERR_OK;
    if (asking->steps_len > 0)
        class_ = steps_store(asking->sync->options.store, 0, asking->steps, asking->steps_len,
                             clock_now_ms(), err);
    asking->steps_len = 0;
    arena_reset(&asking->arena);
    return class_;
}

static void asking_take(struct sync_asking *asking, const struct steps *steps)
{
    _Static_assert((int)STEPS_MAX <= (int)ASKING_STEPS_MAX, "one request fits");
    memcpy(asking->steps + asking->steps_len, steps->items, steps->len * sizeof *steps->items);
    asking->steps_len += steps->len;
}

enum err_class sync_asking_add(struct sync_asking *asking, const struct sync_request *request,
                               int64_t *tasks, struct err *err)
{
    struct sync *sync = asking->sync;
    struct arena *arena = &asking->arena;
    int64_t now_ms = clock_now_ms();
    struct steps steps = {.len = 0};
    bool ids = request->mode == SYNC_IDS;
    bool range = request->mode == SYNC_RANGE && !request->stream->figures.of;
    enum err_class class_ = ERR_OK;
    *tasks = 0;
    if (asking->steps_len + STEPS_MAX > ASKING_STEPS_MAX || ids || range)
        class_ = sync_asking_commit(asking, err);
    if (class_ == ERR_OK)
        class_ = steps_request(sync, request, now_ms, arena, &steps, err);
    if (class_ == ERR_OK && !ids && !range)
        class_ = steps_tasks(sync, request, now_ms, arena, &steps, tasks, err);
    if (class_ != ERR_OK)
        return class_;
    asking_take(asking, &steps);
    /* Each window and each record is a unit of its own behind that. */
    if (ids || range)
        class_ = sync_asking_commit(asking, err);
    if (class_ == ERR_OK && range)
        class_ = enqueue_range(sync, request, now_ms, arena, tasks, err);
    if (class_ == ERR_OK && ids)
        class_ = ids_enqueue(sync, request, now_ms, arena, tasks, err);
    return class_;
}

enum err_class sync_enqueue(struct sync *sync, const struct sync_request *request, int64_t *tasks,
                            struct err *err)
{
    struct sync_asking *asking;
    enum err_class class_ = sync_asking_new(sync, &asking, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = sync_asking_add(asking, request, tasks, err);
    if (class_ == ERR_OK)
        class_ = sync_asking_commit(asking, err);
    sync_asking_free(asking);
    return class_;
}

/* --- by schedule --- */

enum err_class sync_schedule(const struct sync_shop *shop, const struct stream *stream,
                             struct arena *arena, struct schedule_wish *out, struct err *err)
{
    *out = (struct schedule_wish){
        .lane = shop->id,
        .name = stream->name,
        .spec = arena_printf(arena, "every %llds", (long long)(stream->every_ms / 1000)),
        .class_ = TASK_LIVE,
        .kind = STR("pass"),
        .payload = arena_printf(arena, "{\"stream\":\"%.*s\"}", STR_ARG(stream->name)),
    };
    return out->spec.ptr && out->payload.ptr ? ERR_OK : err_no_memory(err);
}

/* A tick of a stream. Planning belongs to the lane, where no window of the shop is at work meanwhile. It asks the
 * platform nothing, so the try is not recorded: there would be as many as of everything else together. */
enum task_end pass_task(struct task_run *run)
{
    struct err err = {0};
    const struct sync_request request = {
        .shop = run->shop, .stream = run->stream, .mode = SYNC_FORWARD, .class_ = TASK_LIVE};
    int64_t tasks;
    enum err_class class_ = sync_enqueue(run->sync, &request, &tasks, &err);
    return class_ == ERR_OK ? TASK_OVER : task_failed(run, class_, &err);
}

/* How a try ends: what is recorded, and where its task goes. */
#include "queue/worker_internal.h"

enum {
    /* A refused fence while the lease is ours is mended by one more look at what is stored; what is
     * refused again and again would keep its worker and its lane for ever. */
    LOST_TRIES_MAX = 3,
    /* Overdue so often in a row, without a page between, it is never done. */
    OVERDUE_TRIES_MAX = 3,
    LOST_WAIT_MS = 1000,
};

static const struct task_handler *handler_of(const struct workers *workers, struct str kind)
{
    for (size_t i = 0; i < workers->options.handlers_len; i++)
        if (str_eq(kind, str_of(workers->options.handlers[i].kind)))
            return &workers->options.handlers[i];
    return NULL;
}

enum task_end task_dispatch(const struct workers *workers, const struct task *task,
                            struct task_outcome *outcome)
{
    const struct task_handler *handler = handler_of(workers, task->kind);
    if (handler)
        return handler->handle(handler->context, task, outcome);
    err_set(&outcome->err, ERR_CONFIG, "task_kind",
            "no part of this program knows tasks of kind %.*s; a newer version made it",
            STR_ARG(task->kind));
    return TASK_DEAD;
}

/* Tries that ended otherwise than done are recorded here; a mere wait for a turn is none. */
static enum err_class task_record(struct store *store, const struct task *task, const char *result,
                                  const struct task_outcome *outcome, struct err *err)
{
    if (!outcome->failed && outcome->pages == 0 && outcome->err.class_ != ERR_OK &&
        strcmp(result, "again") == 0)
        return ERR_OK;
    struct arena arena;
    arena_init(&arena);
    struct step step;
    struct unit unit = {.after = &step, .after_len = 1};
    enum err_class class_ = queue_step_record(task, outcome, result, clock_now_ms(), &arena, &step,
                                              err);
    if (class_ == ERR_OK)
        class_ = store_commit(store, &unit, err);
    arena_fini(&arena);
    return class_;
}

/* A refusal while the lease is still ours (a row that moved on) must not block the lane until the lease
 * ends. Where the lease is gone this is refused too, and rightly. */
static void task_return(struct store *store, const struct task *task,
                        const struct task_outcome *outcome)
{
    int64_t now_ms = clock_now_ms();
    int64_t ready_ms = task->attempt == 0 ? now_ms : now_ms + LOST_WAIT_MS;
    if (task->attempt >= LOST_TRIES_MAX)
        queue_bury(store, task, &outcome->err, now_ms, NULL);
    else
        queue_put_back(store, task, ready_ms, true, &outcome->err, now_ms, NULL);
}

static enum err_class task_drop(struct store *store, const struct task *task,
                                const struct task_outcome *outcome, struct err *err)
{
    enum err_class class_ = queue_drop(store, task, err);
    return class_ == ERR_OK ? task_record(store, task, "cancelled", outcome, err) : class_;
}

static enum err_class task_overdue(struct store *store, const struct task *task,
                                   const struct task_outcome *outcome, struct err *err)
{
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = queue_put_back_overdue(store, task, &outcome->err,
                                                   now_ms - outcome->started_ms, now_ms, err);
    return class_ == ERR_OK ? task_record(store, task, "failed", outcome, err) : class_;
}

enum task_end overdue_end(const struct task *task, struct task_outcome *outcome, int64_t task_ms)
{
    outcome->failed = true;
    err_set(&outcome->err, ERR_RETRY, "task_overdue",
            "it ran for longer than %lld s and was stopped; task_seconds is the limit",
            (long long)(task_ms / 1000));
    return outcome->pages == 0 && task->attempt + 1 >= OVERDUE_TRIES_MAX ? TASK_DEAD : TASK_AGAIN;
}

enum err_class task_settle(struct workers *workers, const struct claimed *claimed,
                           enum task_end end, const struct task_outcome *outcome, struct err *err)
{
    struct store *store = workers->options.store;
    const struct task *task = &claimed->task;
    enum err_class class_ = ERR_OK;
    switch (end) {
    case TASK_AGAIN:
        if (claimed->dropped)
            return task_drop(store, task, outcome, err);
        if (claimed->overdue)
            return task_overdue(store, task, outcome, err);
        class_ = queue_put_back(store, task, outcome->again_ms, outcome->failed, &outcome->err,
                                clock_now_ms(), err);
        return class_ == ERR_OK
                   ? task_record(store, task, outcome->failed ? "failed" : "again", outcome, err)
                   : class_;
    case TASK_DEAD:
        class_ = queue_bury(store, task, &outcome->err, clock_now_ms(), err);
        return class_ == ERR_OK ? task_record(store, task, "dead", outcome, err) : class_;
    case TASK_LOST:
        task_return(store, task, outcome);
        break;
    case TASK_DONE:
    case TASK_OVER:
        break;
    }
    return ERR_OK;
}

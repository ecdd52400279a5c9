/* Opening, and handing tasks to what runs them. */
#include "sync/sync.h"

#include <stdlib.h>
#include <string.h>

#include "sync/sql.h"
#include "sync/sync_internal.h"

enum err_class sync_open(const struct sync_options *options, struct sync **out, struct err *err)
{
    struct sync *sync = calloc(1, sizeof *sync);
    if (!sync)
        return err_no_memory(err);
    sync->options = *options;
    pthread_mutex_init(&sync->forms_lock, NULL);
    *out = sync;
    return ERR_OK;
}

void sync_close(struct sync *sync)
{
    if (!sync)
        return;
    for (size_t i = 0; i < sync->forms_len; i++)
        connector_free(sync->forms[i]);
    pthread_mutex_destroy(&sync->forms_lock);
    free(sync);
}

void sync_counts_read(const struct sync *sync, struct sync_counts *out)
{
    out->pages = atomic_load(&sync->counts.pages);
    for (size_t i = 0; i < ROW_OUTCOMES; i++)
        out->rows[i] = atomic_load(&sync->counts.rows[i]);
    out->rejects = atomic_load(&sync->counts.rejects);
    out->windows_sealed = atomic_load(&sync->counts.windows_sealed);
    out->windows_moved = atomic_load(&sync->counts.windows_moved);
    out->windows_unproved = atomic_load(&sync->counts.windows_unproved);
    out->windows_split = atomic_load(&sync->counts.windows_split);
    out->decrypt_failures = atomic_load(&sync->counts.decrypt_failures);
    out->decrypt_waiting = atomic_load(&sync->counts.decrypt_waiting);
}

/* --- running tasks --- */

bool sync_stopping(const struct task_run *run)
{
    return __atomic_load_n(run->outcome->stopping, __ATOMIC_ACQUIRE);
}

/* After this long a task gives its worker back, so that one long window does not hold a worker while
 * other lanes wait. */
enum { TASK_YIELD_MS = 30000 };

bool task_should_yield(const struct task_run *run)
{
    return sync_stopping(run) || clock_now_ms() - run->started_ms > TASK_YIELD_MS;
}

static const struct {
    const char *kind;
    enum task_end (*run)(struct task_run *run);
} handlers[] = {
    {"window", window_task},   {"ids", ids_task},         {"decrypt", decrypt_task},
    {"revisit", revisit_task}, {"figures", figures_task}, {"pass", pass_task},
    {"ask", ask_task},         {"import", import_task},
};

const char *const sync_task_kinds[] = {"window", "ids", "decrypt", "revisit", "figures",
                                       "pass",   "ask", "import",  NULL};

static const struct stream *payload_stream(const struct connector *connector, struct str payload)
{
    struct json_doc *doc;
    if (json_parse(payload, &doc, NULL) != ERR_OK)
        return NULL;
    const struct stream *stream = connector_stream(
        connector, json_text(json_get(json_root(doc), STR("stream"))));
    json_free(doc);
    return stream;
}

static enum task_end task_refuse(struct task_outcome *outcome, const char *code, const char *why)
{
    err_set(&outcome->err, ERR_CONFIG, code, "%s", why);
    return TASK_DEAD;
}

/* The shop is good in the database: it was added, enabled or mended since this process has read the shops (it
 * will read them again within seconds), or this process alone cannot use it. */
static bool shop_is_news(struct sync *sync, int64_t shop_id)
{
    const struct sql_value values[] = {sql_int(shop_id)};
    int64_t there = 0;
    return store_read_int(sync->options.store, SQL_SHOP_IS_ENABLED, values, 1, 0, &there, NULL) ==
               ERR_OK &&
           there > 0;
}

static enum task_end task_later(struct task_outcome *outcome)
{
    enum { NEWS_MS = 3000 };
    err_set(&outcome->err, ERR_LATER, "shop_news", "this process does not know the shop yet");
    outcome->again_ms = clock_now_ms() + NEWS_MS;
    return TASK_AGAIN;
}

/* A manifest may have changed since the task was made. */
static bool kind_fits(struct str kind, const struct stream *stream)
{
    if (str_eq(kind, STR("figures")))
        return stream->figures.of != NULL;
    return !str_eq(kind, STR("decrypt")) || stream->decrypt_batch_max > 0;
}

enum task_end sync_handle(void *context, const struct task *task, struct task_outcome *outcome)
{
    struct sync *sync = context;
    const struct sync_shop *shop = sync->options.shop_of(sync->options.context, task->lane);
    if ((!shop || !shop->enabled) && shop_is_news(sync, task->lane))
        return task_later(outcome);
    if (!shop)
        return task_refuse(outcome, "shop_missing", "the task's shop is gone");
    if (!shop->enabled)
        return task_refuse(outcome, "shop_disabled",
                           shop->state_reason.len > 0 ? shop->state_reason.ptr
                                                      : "the shop is disabled: huiliu shop enable");
    struct task_run run = {.sync = sync,
                           .task = task,
                           .shop = shop,
                           .stream = payload_stream(shop->connector, task->payload),
                           .outcome = outcome,
                           .unit_number = task->unit_number,
                           .started_ms = clock_now_ms()};
    if (str_eq(task->kind, STR("import")))
        return import_task(&run);
    if (!run.stream)
        return task_refuse(outcome, "stream_missing",
                           "the platform's manifest has no such stream any more");
    outcome->stream = run.stream->name;
    if (!kind_fits(task->kind, run.stream))
        return task_refuse(outcome, "task_kind",
                           "the platform's manifest has nothing of this kind for the stream");
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
        if (str_eq(task->kind, str_of(handlers[i].kind)))
            return handlers[i].run(&run);
    return task_refuse(outcome, "task_kind", "no part of this program runs tasks of this kind");
}

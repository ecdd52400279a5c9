/* Records by their ids: asked for by a person, or rows whose cipher texts waited for the platform's
 * quota. No windows: every id that was asked is answered or counted missing. */
#include <stdlib.h>
#include <string.h>

#include "sync/sync_internal.h"

enum { IDS_PER_TASK = 100, MISSING_SHOWN = 5 };

static struct str ids_payload(const struct sync_request *request, size_t from, size_t len,
                              struct arena *arena)
{
    struct buf text;
    buf_init(&text, TASK_PAYLOAD_BYTES_MAX);
    buf_add(&text, STR("{\"stream\":"));
    json_write_string(&text, request->stream->name);
    buf_add(&text, STR(",\"ids\":["));
    for (size_t i = 0; i < len; i++) {
        if (i > 0)
            buf_add_char(&text, ',');
        json_write_string(&text, request->ids[from + i]);
    }
    buf_add(&text, STR("]}"));
    struct str payload = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return payload;
}

enum err_class ids_enqueue(struct sync *sync, const struct sync_request *request, int64_t now_ms,
                           struct arena *arena, int64_t *tasks, struct err *err)
{
    if (!request->stream->by_id)
        return err_set(err, ERR_USAGE, "by_id",
                       "stream %.*s cannot be asked for single records; ask for a range instead",
                       STR_ARG(request->stream->name));
    for (size_t at = 0; at < request->ids_len; at += IDS_PER_TASK) {
        size_t len = request->ids_len - at < IDS_PER_TASK ? request->ids_len - at : IDS_PER_TASK;
        struct task_new task = {
            .lane = request->shop->id,
            .class_ = request->class_,
            .kind = STR("ids"),
            .payload = ids_payload(request, at, len, arena),
            .run = request->run,
            .ready_ms = now_ms,
        };
        if (!task.payload.ptr)
            return err_set(err, ERR_USAGE, "ids_long", "the ids are too long for one request");
        task.unique_key = arena_printf(arena, "%.*s/ids/%016llx", STR_ARG(request->stream->name),
                                       (unsigned long long)id_hash(task.payload));
        if (!task.unique_key.ptr)
            return err_no_memory(err);
        enum err_class class_ = queue_enqueue(sync->options.store, &task, now_ms, err);
        if (class_ != ERR_OK)
            return class_;
        ++*tasks;
    }
    return ERR_OK;
}

enum err_class rows_commit_last(struct task_run *run, const struct prepared *prepared,
                                struct arena *arena, struct err *err)
{
    struct steps steps = {.len = 1};
    struct unit *unit;
    enum err_class class_ = queue_step_finish(run->task, clock_now_ms(), arena, &steps.items[0],
                                              err);
    if (class_ == ERR_OK)
        class_ = task_unit(run, prepared, &steps, arena, &unit, err);
    if (class_ == ERR_OK)
        class_ = store_commit(run->sync->options.store, unit, err);
    if (class_ == ERR_OK)
        task_count_unit(run, unit, prepared->rejects);
    return class_;
}

/* One call per id batch the endpoint takes; here one id a call, the form every platform has. */
static enum err_class id_ask(struct task_run *run, struct str id, struct arena *arena, bool *found,
                             struct err *err)
{
    struct call_ask ask = task_ask(run, run->stream->by_id, NULL);
    ask.facts.ids = &id;
    ask.facts.ids_len = 1;
    ask.facts.page.number = run->stream->pages.first;
    ask.facts.page.size = 1;
    struct page page;
    struct prepared prepared;
    enum err_class class_ = gateway_call(run->sync->options.gateway, &ask, arena, &page,
                                         &ask.facts.received_ms, err);
    if (class_ != ERR_OK)
        return class_;
    run->outcome->calls++;
    run->outcome->pages++;
    *found = page.records > 0;
    class_ = page_prepare(run, &ask.facts, &page, arena, &prepared, err);
    struct steps none = {.len = 0};
    struct unit *unit = NULL;
    if (class_ == ERR_OK)
        class_ = task_unit(run, &prepared, &none, arena, &unit, err);
    if (class_ == ERR_OK)
        class_ = store_commit(run->sync->options.store, unit, err);
    if (class_ == ERR_OK)
        task_count_unit(run, unit, prepared.rejects);
    page_fini(&page);
    return class_;
}

static enum err_class ids_run(struct task_run *run, const struct json *ids, struct err *err)
{
    struct buf missing;
    buf_init(&missing, 1024);
    size_t missing_len = 0;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < json_len(ids); i++) {
        struct arena arena;
        arena_init(&arena);
        bool found = false;
        struct str id = json_text(json_at(ids, i));
        class_ = id_ask(run, id, &arena, &found, err);
        if (class_ == ERR_OK && !found && missing_len++ < MISSING_SHOWN)
            buf_printf(&missing, " %.*s", STR_ARG(id));
        arena_fini(&arena);
    }
    if (class_ == ERR_OK && missing_len > 0)
        class_ = err_set(err, ERR_NOT_FOUND, "ids_missing",
                         "the platform does not know %zu of %zu asked:%.*s%s", missing_len,
                         json_len(ids), STR_ARG(buf_str(&missing)),
                         missing_len > MISSING_SHOWN ? " …" : "");
    buf_fini(&missing);
    return class_;
}

enum task_end ids_task(struct task_run *run)
{
    struct arena arena;
    arena_init(&arena);
    struct err err = {0};
    struct json_doc *doc;
    enum err_class class_ = json_parse(run->task->payload, &doc, &err);
    if (class_ == ERR_OK) {
        class_ = ids_run(run, json_get(json_root(doc), STR("ids")), &err);
        json_free(doc);
    }
    if (class_ == ERR_OK)
        class_ = task_finish(run, &err);
    arena_fini(&arena);
    return class_ == ERR_OK ? TASK_DONE : task_failed(run, class_, &err);
}

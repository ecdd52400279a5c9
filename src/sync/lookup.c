/* Records by their ids: asked for by a person, or rows whose cipher texts waited for the platform's
 * quota. No windows: every id that was asked is answered or counted missing. */
#include <stdlib.h>
#include <string.h>

#include "sync/sync_internal.h"

static struct str id_payload(const struct sync_request *request, struct str id, struct arena *arena)
{
    struct buf text;
    buf_init(&text, TASK_PAYLOAD_BYTES_MAX);
    buf_add(&text, STR("{\"stream\":"));
    json_write_string(&text, request->stream->name);
    buf_add(&text, STR(",\"id\":"));
    json_write_string(&text, id);
    buf_add_char(&text, '}');
    struct str payload = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return payload;
}

/* A task an id: what one id has achieved must not count as progress of another that fails for ever. */
enum err_class ids_enqueue(struct sync *sync, const struct sync_request *request, int64_t now_ms,
                           struct arena *arena, int64_t *tasks, struct err *err)
{
    if (!request->stream->by_id)
        return err_set(err, ERR_USAGE, "by_id",
                       "stream %.*s cannot be asked for single records; ask for a range instead",
                       STR_ARG(request->stream->name));
    for (size_t i = 0; i < request->ids_len; i++) {
        struct str id = request->ids[i];
        struct task_new task = {
            .lane = request->shop->id,
            .class_ = request->class_,
            .kind = STR("ids"),
            .payload = id_payload(request, id, arena),
            .run = request->run,
            .ready_ms = now_ms,
        };
        if (!task.payload.ptr)
            return err_set(err, ERR_USAGE, "id_long", "the id is too long for a request");
        task.unique_key = arena_printf(arena, "%.*s/id/%016llx", STR_ARG(request->stream->name),
                                       (unsigned long long)id_hash(id));
        if (!task.unique_key.ptr)
            return err_no_memory(err);
        enum err_class class_ = queue_enqueue(sync->options.store, &task, now_ms, err);
        if (class_ != ERR_OK)
            return class_;
        ++*tasks;
    }
    return ERR_OK;
}

enum err_class rows_commit(struct task_run *run, const struct prepared *prepared,
                           const struct steps *steps, struct arena *arena, struct err *err)
{
    struct unit *unit;
    enum err_class class_ = task_unit(run, prepared, steps, arena, &unit, err);
    if (class_ == ERR_OK)
        class_ = store_commit(run->sync->options.store, unit, err);
    if (class_ == ERR_OK)
        task_count_unit(run, unit, prepared->rejects);
    return class_;
}

enum err_class rows_commit_last(struct task_run *run, const struct prepared *prepared,
                                struct arena *arena, struct err *err)
{
    struct steps steps = {.len = 0};
    enum err_class class_ = steps_task_done(run, arena, &steps, err);
    return class_ == ERR_OK ? rows_commit(run, prepared, &steps, arena, err) : class_;
}

/* Only the record that was asked for is an answer: an endpoint that overlooks its filter gives any. */
static bool mapped_is(const struct mapped *mapped, struct str id)
{
    uint64_t wanted = id_hash(id);
    for (size_t i = 0; i < mapped->id_hashes_len; i++)
        if (mapped->id_hashes[i] != wanted)
            return false;
    return mapped->id_hashes_len > 0;
}

static enum err_class record_take(struct task_run *run, struct str id, struct facts *facts,
                                  const struct page *page, struct arena *arena, struct err *err)
{
    struct prepared prepared;
    if (page->records == 0)
        return err_set(err, ERR_NOT_FOUND, "ids_missing", "the platform does not know %.*s",
                       STR_ARG(id));
    enum err_class class_ = page_prepare(run, facts, page, arena, &prepared, err);
    if (class_ != ERR_OK)
        return class_;
    if (!mapped_is(&prepared.mapped, id))
        return err_set(err, ERR_BAD_REPLY, "other_record",
                       "asked for %.*s the platform answered with another record", STR_ARG(id));
    /* The rows before the end of the task: what its execution records is counted by then. */
    struct steps none = {.len = 0};
    return rows_commit(run, &prepared, &none, arena, err);
}

static enum err_class id_ask(struct task_run *run, struct str id, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct call_ask ask = task_ask(run, run->stream->by_id, NULL);
    ask.facts.ids = &id;
    ask.facts.ids_len = 1;
    ask.facts.page.number = run->stream->pages.first;
    ask.facts.page.size = 1;
    struct page page;
    enum err_class class_ = gateway_call(run->sync->options.gateway, &ask, &arena, &page,
                                         &ask.facts.received_ms, err);
    if (class_ == ERR_OK) {
        run->outcome->calls++;
        run->outcome->pages++;
        class_ = record_take(run, id, &ask.facts, &page, &arena, err);
        page_fini(&page);
    }
    arena_fini(&arena);
    return class_;
}

enum task_end ids_task(struct task_run *run)
{
    struct err err = {0};
    struct json_doc *doc;
    enum err_class class_ = json_parse(run->task->payload, &doc, &err);
    if (class_ == ERR_OK) {
        class_ = id_ask(run, json_text(json_get(json_root(doc), STR("id"))), &err);
        json_free(doc);
    }
    if (class_ == ERR_OK)
        class_ = task_finish(run, &err);
    return class_ == ERR_OK ? TASK_DONE : task_failed(run, class_, &err);
}

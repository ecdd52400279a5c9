/* Syncs as rows, and asking for one by tasks. How one goes is in progress.c. */
#include "sync/history.h"

#include <stdio.h>
#include <string.h>

#include "sync/history_sql.h"
#include "sync/sync_internal.h"

enum { PRUNED_MAX = 2000 };

enum err_class sync_run_id(int64_t now_ms, char out[SYNC_RUN_ID_ROOM], struct err *err)
{
    unsigned char random[4];
    enum err_class class_ = crypt_random(random, sizeof(random), err);
    snprintf(out, SYNC_RUN_ID_ROOM, "sync-%lld-%02x%02x%02x%02x", (long long)now_ms, random[0],
             random[1], random[2], random[3]);
    return class_;
}

enum err_class sync_run_hash(const struct sync_run *run, struct arena *arena, struct str *out,
                             struct err *err)
{
    struct buf text, digest, hex;
    buf_init(&text, 8 * 1024 * 1024);
    buf_init(&digest, DIGEST_BYTES_MAX);
    buf_init(&hex, 2 * DIGEST_BYTES_MAX);
    buf_printf(&text, "%.*s\n%.*s\n", STR_ARG(run->mode), STR_ARG(run->wish));
    for (size_t i = 0; i < run->shops_len; i++)
        buf_printf(&text, "%lld %.*s\n", (long long)run->shops[i].shop_id,
                   STR_ARG(run->shops[i].streams));
    enum err_class class_ = text.failed ? err_no_memory(err)
                                        : digest_write(&digest, DIGEST_SHA256, buf_str(&text), err);
    if (class_ == ERR_OK) {
        hex_write(&hex, buf_str(&digest), false);
        *out = arena_dup(arena, buf_str(&hex));
        class_ = out->ptr ? ERR_OK : err_no_memory(err);
    }
    buf_fini(&text);
    buf_fini(&digest);
    buf_fini(&hex);
    return class_;
}

static struct sql_value text_or_null(struct str text)
{
    return text.len > 0 ? sql_text(text) : sql_null();
}

enum err_class sync_run_add(struct tx *tx, const struct sync_run *run, int64_t now_ms,
                            struct err *err)
{
    struct arena arena;
    struct str hash;
    arena_init(&arena);
    enum err_class class_ = sync_run_hash(run, &arena, &hash, err);
    if (class_ == ERR_OK) {
        const struct sql_value row[] = {sql_text(run->id),
                                        sql_text(run->mode),
                                        sql_int(now_ms),
                                        sql_text(run->asked_by),
                                        sql_text(run->wish),
                                        sql_text(hash),
                                        sql_int_or_null(now_ms, !run->plans_later)};
        class_ = tx_exec(tx, SQL_SYNC_RUN_ADD, row, 7, NULL, err);
    }
    for (size_t i = 0; class_ == ERR_OK && i < run->shops_len; i++) {
        const struct sync_run_shop *shop = &run->shops[i];
        const struct sql_value values[] = {sql_text(run->id), sql_int(shop->shop_id),
                                           sql_text(shop->streams), text_or_null(shop->code),
                                           text_or_null(shop->reason)};
        class_ = tx_exec(tx, SQL_SYNC_SHOP_ADD, values, 5, NULL, err);
        if (class_ == ERR_OK && shop->code.len == 0)
            class_ = tx_exec(tx, SQL_SYNC_FOLLOW, values, 2, NULL, err);
    }
    arena_fini(&arena);
    return class_;
}

struct planned {
    struct str id;
    int64_t now_ms;
};

static enum err_class planned_work(struct tx *tx, void *context, struct err *err)
{
    const struct planned *planned = context;
    const struct sql_value values[] = {sql_text(planned->id), sql_int(planned->now_ms)};
    return tx_exec(tx, SQL_SYNC_PLANNED, values, 2, NULL, err);
}

enum err_class sync_run_planned(struct store *store, struct str id, int64_t now_ms, struct err *err)
{
    struct planned planned = {id, now_ms};
    return store_write(store, planned_work, &planned, err);
}

enum err_class sync_run_same(struct store *store, struct str hash, struct arena *arena,
                             struct str *id, struct err *err)
{
    const struct sql_value value = sql_text(hash);
    struct reader *row;
    *id = STR("");
    enum err_class class_ = store_read(store, SQL_SYNC_SAME, &value, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row))
        *id = arena_dup(arena, reader_text(row, 0));
    return reader_close(row, err);
}

enum err_class sync_run_cancel(struct tx *tx, struct str id, struct str by, int64_t now_ms,
                               int64_t *waiting, int64_t *running, struct err *err)
{
    const struct sql_value values[] = {sql_text(id), sql_int(now_ms), sql_text(by)};
    int64_t rows = 0;
    enum err_class class_ = tx_exec(tx, SQL_SYNC_CANCEL, values, 3, &rows, err);
    if (class_ == ERR_OK && rows == 0)
        return err_set(err, ERR_NOT_FOUND, "sync_unknown", "there is no sync %.*s", STR_ARG(id));
    return class_ == ERR_OK ? run_cancel_in(tx, id, now_ms, waiting, running, err) : class_;
}

struct prune {
    int64_t before_ms, gone;
};

static enum err_class prune_work(struct tx *tx, void *context, struct err *err)
{
    struct prune *prune = context;
    const struct sql_value values[] = {sql_int(prune->before_ms), sql_int(PRUNED_MAX)};
    prune->gone = 0;
    enum err_class class_ = tx_exec(tx, SQL_SYNC_SHOPS_PRUNE, values, 2, NULL, err);
    return class_ == ERR_OK ? tx_exec(tx, SQL_SYNCS_PRUNE, values, 2, &prune->gone, err) : class_;
}

enum err_class sync_runs_prune(struct store *store, int64_t before_ms, int64_t *gone,
                               struct err *err)
{
    struct prune prune = {.before_ms = before_ms};
    enum err_class class_;
    *gone = 0;
    do {
        class_ = store_write(store, prune_work, &prune, err);
        *gone += class_ == ERR_OK ? prune.gone : 0;
    } while (class_ == ERR_OK && prune.gone == PRUNED_MAX);
    return class_;
}

/* --- asking by a task --- */

static struct str ask_payload(const struct sync_request *request, struct arena *arena)
{
    struct buf text;
    buf_init(&text, TASK_PAYLOAD_BYTES_MAX);
    buf_add(&text, STR("{\"stream\":"));
    json_write_string(&text, request->stream->name);
    if (request->mode == SYNC_RANGE)
        buf_printf(&text, ",\"from\":%lld,\"to\":%lld,\"by_updated\":%s",
                   (long long)request->from_ms, (long long)request->to_ms,
                   request->by_updated ? "true" : "false");
    for (size_t i = 0; request->mode == SYNC_IDS && i < request->ids_len; i++) {
        buf_add(&text, i == 0 ? STR(",\"ids\":[") : STR(","));
        json_write_string(&text, request->ids[i]);
    }
    buf_add(&text, request->mode == SYNC_IDS ? STR("]}") : STR("}"));
    struct str payload = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return payload;
}

enum err_class sync_ask_task(const struct sync_request *request, struct arena *arena,
                             struct task_new *out, struct err *err)
{
    *out = (struct task_new){
        .lane = request->shop->id,
        .class_ = request->class_,
        .kind = STR("ask"),
        .unique_key = arena_printf(arena, "%.*s/ask/%.*s", STR_ARG(request->stream->name),
                                   STR_ARG(request->run)),
        .payload = ask_payload(request, arena),
        .run = request->run,
        .ready_ms = clock_now_ms(),
    };
    if (out->payload.ptr && out->unique_key.ptr)
        return ERR_OK;
    return request->mode == SYNC_IDS
               ? err_set(err, ERR_USAGE, "ids_many",
                         "these ids are too long together for one request; ask for fewer at once")
               : err_no_memory(err);
}

static bool member_i64(const struct json *root, struct str name, int64_t *out)
{
    struct str text = json_text(json_get(root, name));
    return text.len > 0 && str_to_i64(text, out);
}

static enum err_class request_read(const struct json *root, struct arena *arena,
                                   struct sync_request *request, struct err *err)
{
    const struct json *ids = json_get(root, STR("ids"));
    if (member_i64(root, STR("from"), &request->from_ms)) {
        request->mode = SYNC_RANGE;
        request->by_updated = json_true(json_get(root, STR("by_updated")));
        if (!member_i64(root, STR("to"), &request->to_ms))
            return err_set(err, ERR_INTERNAL, "task_payload", "a range without its end");
    } else if (ids) {
        struct str *list = arena_array(arena, json_len(ids) + 1, sizeof(*list));
        if (!list)
            return err_no_memory(err);
        request->mode = SYNC_IDS;
        for (; request->ids_len < json_len(ids); request->ids_len++)
            list[request->ids_len] = json_text(json_at(ids, request->ids_len));
        request->ids = list;
    }
    return ERR_OK;
}

/* Planning belongs to the lane, where no window of the shop is at work meanwhile; so all that follows from it
 * carries the run. Asked a second time after a crash, what is there already stays. */
enum task_end ask_task(struct task_run *run)
{
    struct err err = {0};
    struct sync_request request = {.shop = run->shop,
                                   .stream = run->stream,
                                   .mode = SYNC_FORWARD,
                                   .class_ = run->task->class_,
                                   .run = run->task->run};
    struct json_doc *doc;
    struct arena arena;
    int64_t tasks;
    enum err_class class_ = json_parse(run->task->payload, &doc, &err);
    if (class_ != ERR_OK)
        return task_failed(run, class_, &err);
    arena_init(&arena);
    class_ = request_read(json_root(doc), &arena, &request, &err);
    if (class_ == ERR_OK)
        class_ = sync_enqueue(run->sync, &request, &tasks, &err);
    arena_fini(&arena);
    json_free(doc);
    return class_ == ERR_OK ? TASK_OVER : task_failed(run, class_, &err);
}

/* Stored originals opened again: for mapping anew without a call, and for cipher texts that waited
 * for the platform's quota. */
#include <stdlib.h>
#include <string.h>

#include "sync/sql.h"
#include "sync/sync_internal.h"

static enum err_class value_open(void *context, size_t which, const struct json *value,
                                 struct buf *out, struct err *err)
{
    (void)which;
    const struct sync *sync = context;
    struct buf plain;
    buf_init(&plain, ORIGINAL_BYTES_MAX);
    enum err_class class_ = seal_read(sync->options.keyring, &plain, json_text(value),
                                      ORIGINAL_CONTEXT, err);
    if (class_ == ERR_OK)
        buf_add(out, buf_str(&plain)); /* JSON text, as it was sealed */
    buf_fini(&plain);
    return class_;
}

enum err_class original_open(struct sync *sync, const struct stream *stream, struct str packed,
                             struct arena *arena, struct str *out, struct err *err)
{
    struct buf sealed, plain;
    struct json_doc *doc = NULL;
    buf_init(&sealed, ORIGINAL_BYTES_MAX);
    buf_init(&plain, ORIGINAL_BYTES_MAX);
    enum err_class class_ = zstd_read(&sealed, packed, err);
    if (class_ == ERR_OK)
        class_ = json_parse(buf_str(&sealed), &doc, err);
    if (class_ == ERR_OK)
        class_ = json_write_replaced(&plain, json_root(doc), stream->personal_paths,
                                     stream->personal_paths_len, value_open, sync, err);
    if (class_ == ERR_OK) {
        *out = arena_dup(arena, buf_str(&plain));
        class_ = out->ptr ? ERR_OK : err_no_memory(err);
    }
    json_free(doc);
    buf_fini(&sealed);
    buf_fini(&plain);
    return class_;
}

enum err_class original_load(struct sync *sync, const struct stream *stream, int64_t shop_id,
                             struct str key, struct arena *arena, struct original *out,
                             struct err *err)
{
    const struct sql_value values[] = {sql_int(shop_id), sql_text(stream->table->name),
                                       sql_text(key)};
    struct reader *row;
    enum err_class class_ = store_read(sync->options.store, SQL_ORIGINAL_LOAD, values, 3, &row,
                                       err);
    if (class_ != ERR_OK)
        return class_;
    bool found = reader_next(row);
    if (found) {
        out->key = key;
        out->received_ms = reader_int(row, 1);
        class_ = original_open(sync, stream, reader_text(row, 0), arena, &out->text, err);
    }
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    if (class_ == ERR_OK)
        class_ = closed;
    if (class_ == ERR_OK && !found)
        class_ = err_set(err, ERR_NOT_FOUND, "original_missing", "no original is kept for %.*s",
                         STR_ARG(key));
    return class_;
}

/* One waiting row: its original mapped once to see what it wants, once more with the answer. */
struct waiting {
    struct original original;
    struct facts facts;
    struct json_doc *doc;
    struct prepared prepared;
};

static enum err_class waiting_map(struct task_run *run, struct waiting *waiting,
                                  const struct map *plain, struct arena *arena, struct err *err)
{
    json_free(waiting->doc);
    waiting->doc = NULL;
    waiting->facts = task_facts(run, NULL);
    waiting->facts.received_ms = waiting->original.received_ms;
    waiting->facts.decrypted = plain;
    return connector_map_record(run->shop->connector, run->stream, &waiting->facts,
                                waiting->original.text, arena, &waiting->prepared.mapped,
                                &waiting->doc, err);
}

static enum err_class waiting_ask(struct task_run *run, const struct waiting *rows, size_t rows_len,
                                  struct map *plain, struct arena *arena, struct err *err)
{
    size_t batch_max = (size_t)run->stream->decrypt_batch_max;
    struct str *texts = arena_array(arena, batch_max, sizeof *texts);
    if (!texts)
        return err_no_memory(err);
    size_t texts_len = 0;
    for (size_t i = 0; i < rows_len; i++)
        for (size_t k = 0; k < rows[i].prepared.mapped.ciphers_len; k++) {
            const struct cipher_cell *cell = &rows[i].prepared.mapped.ciphers[k];
            if (cell->online && texts_len < batch_max)
                texts[texts_len++] = cell->cipher;
        }
    return texts_len > 0 ? ciphers_ask(run, texts, texts_len, plain, arena, err) : ERR_OK;
}

static enum err_class waiting_commit(struct task_run *run, struct waiting *rows, size_t rows_len,
                                     const struct map *plain, struct arena *arena, struct err *err)
{
    struct prepared all = {0};
    all.mapped.batches = arena_array(arena, rows_len * run->stream->tables_len + 1,
                                     sizeof *all.mapped.batches);
    if (!all.mapped.batches)
        return err_no_memory(err);
    for (size_t i = 0; i < rows_len; i++) {
        enum err_class class_ = waiting_map(run, &rows[i], plain, arena, err);
        if (class_ == ERR_OK)
            class_ = rows_prepare_all(run, &rows[i].facts, arena, &rows[i].prepared, err);
        if (class_ != ERR_OK)
            return class_;
        for (size_t k = 0; k < rows[i].prepared.mapped.batches_len; k++)
            all.mapped.batches[all.mapped.batches_len++] = rows[i].prepared.mapped.batches[k];
    }
    struct steps none = {.len = 0};
    struct unit *unit;
    enum err_class class_ = task_unit(run, &all, &none, arena, &unit, err);
    if (class_ == ERR_OK)
        class_ = store_commit(run->sync->options.store, unit, err);
    if (class_ == ERR_OK)
        task_count_unit(run, unit, 0);
    return class_;
}

/* Opens one batch of waiting rows; *left false when none waits any more. */
static enum err_class waiting_round(struct task_run *run, struct arena *arena, bool *left,
                                    struct err *err)
{
    size_t max = (size_t)run->stream->decrypt_batch_max;
    struct str *keys = arena_array(arena, max, sizeof *keys);
    struct waiting *rows = arena_array(arena, max, sizeof *rows);
    size_t keys_len = 0;
    if (!keys || !rows)
        return err_no_memory(err);
    struct map plain;
    map_init(&plain, max);
    enum err_class class_ = rows_waiting(run->sync->options.store, run->stream->table,
                                         run->shop->id, arena, keys, max, &keys_len, err);
    for (size_t i = 0; class_ == ERR_OK && i < keys_len; i++) {
        class_ = original_load(run->sync, run->stream, run->shop->id, keys[i], arena,
                               &rows[i].original, err);
        if (class_ == ERR_OK)
            class_ = waiting_map(run, &rows[i], NULL, arena, err);
    }
    if (class_ == ERR_OK && keys_len > 0)
        class_ = waiting_ask(run, rows, keys_len, &plain, arena, err);
    if (class_ == ERR_OK && keys_len > 0 && plain.len == 0)
        class_ = err_set(err, ERR_BAD_REPLY, "decrypt_empty",
                         "the platform opened none of %zu cipher texts", keys_len);
    if (class_ == ERR_OK && keys_len > 0)
        class_ = waiting_commit(run, rows, keys_len, &plain, arena, err);
    for (size_t i = 0; i < keys_len; i++)
        json_free(rows[i].doc);
    map_fini(&plain);
    *left = keys_len > 0;
    return class_;
}

enum task_end decrypt_task(struct task_run *run)
{
    struct err err = {0};
    enum err_class class_ = ERR_OK;
    bool left = true;
    while (class_ == ERR_OK && left) {
        struct arena arena;
        arena_init(&arena);
        class_ = waiting_round(run, &arena, &left, &err);
        arena_fini(&arena);
    }
    if (class_ == ERR_OK)
        class_ = task_finish(run, &err);
    /* The quota is gone: that is no failed try, however often it happens. */
    if (class_ == ERR_THROTTLED) {
        int64_t again_ms = err.retry_at_ms;
        err_set(&err, ERR_LATER, "decrypt_quota", "the platform's decryption quota is used up");
        err.retry_at_ms = again_ms;
        class_ = ERR_LATER;
    }
    return class_ == ERR_OK ? TASK_DONE : task_failed(run, class_, &err);
}

/* Stored originals opened again: for mapping anew without a call, and for cipher texts that waited
 * for the platform's quota. */
#include <stdlib.h>
#include <string.h>

#include "sync/sql.h"
#include "sync/sync_internal.h"

enum { UNOPENED_AGAIN_MS = 60 * 60 * 1000 };

enum err_class sync_original_open(const struct keyring *keyring, struct str packed,
                                  struct arena *arena, struct str *out, struct err *err)
{
    struct buf frame, text;
    buf_init(&frame, BODY_BYTES_MAX);
    buf_init(&text, BODY_BYTES_MAX);
    enum err_class class_ = seal_read(keyring, &frame, packed, ORIGINAL_CONTEXT, err);
    if (class_ == ERR_OK)
        class_ = zstd_read(&text, buf_str(&frame), err);
    if (class_ == ERR_OK) {
        *out = arena_dup(arena, buf_str(&text));
        class_ = out->ptr ? ERR_OK : err_no_memory(err);
    }
    buf_fini(&frame);
    buf_fini(&text);
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
        class_ = sync_original_open(sync->options.keyring, reader_text(row, 0), arena, &out->text,
                                    err);
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
    size_t wanted; /* cipher texts that only the platform can open */
};

/* One way through all rows that wait, in the order of their keys: a row that cannot be opened is
 * passed, so that it keeps none behind it. */
struct sweep {
    struct task_run *run;
    struct buf after; /* the last key seen */
    size_t unopened;  /* rows that wait on */
    bool more;
};

/* Its last hex digit is odd. */
#define HASH_WAITS "instr('13579BDF', substr(hex(row_hash), 32, 1)) > 0 ORDER BY "
#define HASH_WAITS_POSTGRES                                                                        \
    "strpos('13579bdf', substr(encode(row_hash, 'hex'), 32, 1)) > 0 ORDER BY "

/* The next rows whose hash has the flag that they wait. */
static enum err_class sweep_keys(const struct sweep *sweep, struct arena *arena, struct str *keys,
                                 size_t max, size_t *keys_len, struct err *err)
{
    const struct table *table = sweep->run->stream->table;
    struct str key = table->columns[table->key[0]].name;
    struct str rows = arena_printf(arena, "SELECT %.*s FROM %.*s WHERE shop_id = ?1 AND %.*s > ?2",
                                   STR_ARG(key), STR_ARG(table->name), STR_ARG(key));
    struct str sql = arena_printf(arena,
                                  SQL_PER_DATABASE("%.*s AND " HASH_WAITS "%.*s LIMIT ?3",
                                                   "%.*s AND " HASH_WAITS_POSTGRES "%.*s LIMIT ?3",
                                                   "%.*s AND " HASH_WAITS "%.*s LIMIT ?3"),
                                  STR_ARG(rows), STR_ARG(key), STR_ARG(rows), STR_ARG(key),
                                  STR_ARG(rows), STR_ARG(key));
    if (!rows.ptr || !sql.ptr)
        return err_no_memory(err);
    const struct sql_value values[] = {sql_int(sweep->run->shop->id),
                                       sql_text(buf_str(&sweep->after)), sql_int((int64_t)max)};
    struct reader *row = NULL;
    enum err_class class_ = store_read(sweep->run->sync->options.store, sql.ptr, values, 3, &row,
                                       err);
    if (class_ != ERR_OK)
        return class_;
    while (class_ == ERR_OK && reader_next(row)) {
        keys[*keys_len] = arena_dup(arena, reader_text(row, 0));
        class_ = keys[(*keys_len)++].ptr ? ERR_OK : err_no_memory(err);
    }
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

static size_t ciphers_online(const struct mapped *mapped)
{
    size_t online = 0;
    for (size_t i = 0; i < mapped->ciphers_len; i++)
        online += mapped->ciphers[i].online;
    return online;
}

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

/* Loads and maps the rows whose original is kept; the others wait on. */
static enum err_class waiting_load(struct sweep *sweep, const struct str *keys, size_t keys_len,
                                   struct arena *arena, struct waiting *rows, size_t *rows_len,
                                   struct err *err)
{
    struct task_run *run = sweep->run;
    for (size_t i = 0; i < keys_len; i++) {
        struct waiting *row = &rows[*rows_len];
        enum err_class class_ = original_load(run->sync, run->stream, run->shop->id, keys[i], arena,
                                              &row->original, err);
        if (class_ == ERR_NOT_FOUND) {
            err_clear(err);
            sweep->unopened++;
            continue;
        }
        if (class_ != ERR_OK)
            return class_;
        ++*rows_len;
        class_ = waiting_map(run, row, NULL, arena, err);
        if (class_ != ERR_OK)
            return class_;
        row->wanted = ciphers_online(&row->prepared.mapped);
    }
    return ERR_OK;
}

static enum err_class waiting_ask(struct task_run *run, const struct waiting *rows, size_t rows_len,
                                  struct map *plain, struct arena *arena, struct err *err)
{
    size_t wanted = 0;
    for (size_t i = 0; i < rows_len; i++)
        wanted += rows[i].wanted;
    struct str *texts = arena_array(arena, wanted + 1, sizeof *texts);
    if (!texts)
        return err_no_memory(err);
    size_t texts_len = 0;
    for (size_t i = 0; i < rows_len; i++)
        for (size_t k = 0; k < rows[i].prepared.mapped.ciphers_len; k++) {
            const struct cipher_cell *cell = &rows[i].prepared.mapped.ciphers[k];
            if (cell->online)
                texts[texts_len++] = cell->cipher;
        }
    size_t batch_max = (size_t)run->stream->decrypt_batch_max;
    enum err_class class_ = ERR_OK;
    for (size_t at = 0; class_ == ERR_OK && at < texts_len; at += batch_max) {
        size_t ask_len = texts_len - at < batch_max ? texts_len - at : batch_max;
        class_ = ciphers_ask(run, texts + at, ask_len, true, plain, arena, err);
    }
    return class_;
}

/* Writes the rows of which something was opened. */
static enum err_class waiting_commit(struct sweep *sweep, struct waiting *rows, size_t rows_len,
                                     const struct map *plain, struct arena *arena, struct err *err)
{
    struct task_run *run = sweep->run;
    struct prepared all = {0};
    all.mapped.batches = arena_array(arena, rows_len * run->stream->tables_len + 1,
                                     sizeof *all.mapped.batches);
    if (!all.mapped.batches)
        return err_no_memory(err);
    for (size_t i = 0; i < rows_len; i++) {
        struct mapped *mapped = &rows[i].prepared.mapped;
        enum err_class class_ = waiting_map(run, &rows[i], plain, arena, err);
        if (class_ != ERR_OK)
            return class_;
        size_t left = ciphers_online(mapped);
        sweep->unopened += left > 0 || mapped->rejects_len > 0;
        if ((left > 0 && left == rows[i].wanted) || mapped->rejects_len > 0)
            continue;
        class_ = rows_prepare_all(run, &rows[i].facts, arena, &rows[i].prepared, err);
        if (class_ != ERR_OK)
            return class_;
        for (size_t k = 0; k < mapped->batches_len; k++) {
            /* A row of which only a part was opened has the hash that is stored already. */
            mapped->batches[k]->rewrite = true;
            all.mapped.batches[all.mapped.batches_len++] = mapped->batches[k];
        }
    }
    if (all.mapped.batches_len == 0)
        return ERR_OK;
    struct steps none = {.len = 0};
    struct unit *unit;
    enum err_class class_ = task_unit(run, &all, &none, arena, &unit, err);
    if (class_ == ERR_OK)
        class_ = store_commit(run->sync->options.store, unit, err);
    if (class_ == ERR_OK)
        task_count_unit(run, unit, 0);
    return class_;
}

/* Opens the sweep's next rows. What was opened before the quota ended is written too: it is paid. */
static enum err_class sweep_round(struct sweep *sweep, struct arena *arena, struct err *err)
{
    size_t max = (size_t)sweep->run->stream->decrypt_batch_max;
    struct str *keys = arena_array(arena, max, sizeof *keys);
    struct waiting *rows = arena_array(arena, max, sizeof *rows);
    size_t keys_len = 0, rows_len = 0;
    if (!keys || !rows)
        return err_no_memory(err);
    struct map plain;
    map_init(&plain, PAGE_RECORDS_MAX);
    enum err_class class_ = sweep_keys(sweep, arena, keys, max, &keys_len, err);
    if (class_ == ERR_OK)
        class_ = waiting_load(sweep, keys, keys_len, arena, rows, &rows_len, err);
    if (class_ == ERR_OK)
        class_ = waiting_ask(sweep->run, rows, rows_len, &plain, arena, err);
    bool quota_gone = class_ == ERR_THROTTLED || class_ == ERR_LATER;
    if (class_ == ERR_OK || (quota_gone && plain.len > 0)) {
        struct err unwritten = {0};
        enum err_class written = waiting_commit(sweep, rows, rows_len, &plain, arena, &unwritten);
        if (written != ERR_OK) {
            *err = unwritten;
            class_ = written;
        }
    }
    for (size_t i = 0; i < rows_len; i++)
        json_free(rows[i].doc);
    map_fini(&plain);
    sweep->more = keys_len == max;
    if (class_ == ERR_OK && keys_len > 0) {
        buf_reset(&sweep->after);
        buf_add(&sweep->after, keys[keys_len - 1]);
        class_ = sweep->after.failed ? err_no_memory(err) : ERR_OK;
    }
    return class_;
}

/* Neither a used-up quota nor texts that the platform does not open are a failed try, however often
 * they happen. */
static enum err_class decrypt_later(const struct sweep *sweep, enum err_class class_,
                                    struct err *err)
{
    if (class_ == ERR_THROTTLED) {
        int64_t again_ms = err->retry_at_ms;
        err_set(err, ERR_LATER, "decrypt_quota", "the platform's decryption quota is used up");
        err->retry_at_ms = again_ms;
        return ERR_LATER;
    }
    if (class_ == ERR_OK && sweep->unopened > 0) {
        err_set(err, ERR_LATER, "decrypt_unopened",
                "%zu rows hold cipher texts that the platform did not open", sweep->unopened);
        err->retry_at_ms = clock_now_ms() + UNOPENED_AGAIN_MS;
        return ERR_LATER;
    }
    return class_;
}

enum task_end decrypt_task(struct task_run *run)
{
    struct err err = {0};
    struct sweep sweep = {.run = run, .more = true};
    buf_init(&sweep.after, 4096);
    enum err_class class_ = ERR_OK;
    while (class_ == ERR_OK && sweep.more) {
        struct arena arena;
        arena_init(&arena);
        class_ = sweep_round(&sweep, &arena, &err);
        arena_fini(&arena);
    }
    buf_fini(&sweep.after);
    class_ = decrypt_later(&sweep, class_, &err);
    if (class_ == ERR_OK)
        class_ = task_finish(run, &err);
    return class_ == ERR_OK ? TASK_DONE : task_failed(run, class_, &err);
}

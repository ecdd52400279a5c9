/* Stored originals and kept rejects mapped again, without any call. */
#include <string.h>

#include "sync/import.h"
#include "sync/sql.h"
#include "sync/sync_internal.h"

enum {
    REPLAY_PAGE_ROWS = 200,
};

struct replay {
    struct task_run run; /* no task: shop and stream only */
    bool apply;
    replay_difference *each;
    void *context;
    struct replay_counts *counts;
};

static struct str cell_text(const struct batch *batch, size_t row, size_t column,
                            struct arena *arena)
{
    switch (batch->table->columns[column].type) {
    case COLUMN_INT:
    case COLUMN_MONEY:
    case COLUMN_RATIO:
    case COLUMN_TIME:
    case COLUMN_BOOL:
        return arena_printf(arena, "%lld", (long long)batch->columns[column].numbers[row]);
    case COLUMN_ID:
    case COLUMN_TEXT:
    case COLUMN_JSON:
    case COLUMN_BYTES:
    case COLUMN_PERSONAL:
        break;
    }
    return batch->columns[column].texts[row];
}

/* Personal values are compared by their blind index and shown by their masks: a replay prints nothing
 * that the page would not. */
static enum err_class cell_compare(const struct replay *replay, const struct batch *batch,
                                   size_t row, size_t column, const struct reader *stored, int at,
                                   struct str key, bool *differs, struct arena *arena,
                                   struct err *err)
{
    const struct column *def = &batch->table->columns[column];
    struct str after = batch_state(batch, row, column) == CELL_GONE
                           ? STR("")
                           : cell_text(batch, row, column, arena);
    struct str before = reader_text(stored, at);
    if (def->type == COLUMN_PERSONAL) {
        char hex[33];
        enum err_class class_ = blind_index(replay->run.sync->options.keyring, def->name, after,
                                            hex, err);
        if (class_ != ERR_OK || str_eq(before, str_of(hex)))
            return class_;
        after = before = STR("(personal)");
    } else if (str_eq(before, after)) {
        return ERR_OK;
    }
    *differs = true;
    if (replay->each)
        replay->each(replay->context, key, def->name, before, after);
    return ERR_OK;
}

static enum err_class row_select(const struct batch *batch, struct arena *arena, struct str *out,
                                 struct err *err)
{
    struct buf sql;
    buf_init(&sql, 16384);
    buf_add(&sql, STR("SELECT "));
    for (size_t i = 0; i < batch->table->columns_len; i++)
        buf_printf(&sql, "%s%.*s%s", i ? ", " : "", STR_ARG(batch->table->columns[i].name),
                   batch->table->columns[i].type == COLUMN_PERSONAL ? "_index" : "");
    buf_printf(&sql, ", row_hash FROM %.*s WHERE shop_id = ?1", STR_ARG(batch->table->name));
    for (size_t i = 0; i < batch->table->key_len; i++)
        buf_printf(&sql, " AND %.*s = ?%zu",
                   STR_ARG(batch->table->columns[batch->table->key[i]].name), i + 2);
    *out = sql.failed ? STR_NONE : arena_dup(arena, buf_str(&sql));
    buf_fini(&sql);
    return out->ptr ? ERR_OK : err_no_memory(err);
}

/* What a replay cannot open was perhaps opened once by the platform: the stored value stays, and with
 * it whether it waits. A row's hash keeps the marks of the texts that are left in `mapped`. */
static void ciphers_settle(struct mapped *mapped, size_t at, size_t row, struct str stored_hash)
{
    bool waits = stored_hash.len > 0 && (stored_hash.ptr[stored_hash.len - 1] & HASH_FLAGS) != 0;
    size_t kept = 0;
    for (size_t i = 0; i < mapped->ciphers_len; i++) {
        const struct cipher_cell cell = mapped->ciphers[i];
        bool here = cell.batch == at && cell.row == row;
        if (here)
            batch_set_state(mapped->batches[at], row, cell.column, CELL_ABSENT);
        if (!here || waits)
            mapped->ciphers[kept++] = cell;
    }
    mapped->ciphers_len = kept;
}

static enum err_class row_compare(const struct replay *replay, struct mapped *mapped, size_t at,
                                  size_t row, bool *differs, struct arena *arena, struct err *err)
{
    const struct batch *batch = mapped->batches[at];
    struct str sql, key;
    enum err_class class_ = row_select(batch, arena, &sql, err);
    if (class_ == ERR_OK)
        class_ = batch_key(batch, row, arena, &key, err);
    if (class_ != ERR_OK)
        return class_;
    struct sql_value values[8] = {sql_int(replay->run.shop->id)};
    for (size_t i = 0; i < batch->table->key_len; i++)
        values[i + 1] = sql_text(cell_text(batch, row, batch->table->key[i], arena));
    struct reader *stored;
    class_ = store_read(replay->run.sync->options.store, sql.ptr, values, batch->table->key_len + 1,
                        &stored, err);
    if (class_ != ERR_OK)
        return class_;
    if (!reader_next(stored)) {
        *differs = true;
        if (replay->each)
            replay->each(replay->context, key, STR("(row)"), STR("(absent)"), STR("(new)"));
    } else {
        ciphers_settle(mapped, at, row, reader_text(stored, (int)batch->table->columns_len));
        for (size_t i = 0; class_ == ERR_OK && i < batch->table->columns_len; i++)
            if (batch_state(batch, row, i) == CELL_SET ||
                (batch_state(batch, row, i) == CELL_GONE && !reader_is_null(stored, (int)i)))
                class_ = cell_compare(replay, batch, row, i, stored, (int)i, key, differs, arena,
                                      err);
    }
    enum err_class closed = reader_close(stored, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

static enum err_class mapped_write(const struct replay *replay, const struct facts *facts,
                                   struct mapped *mapped, struct arena *arena, struct err *err)
{
    struct prepared prepared = {.mapped = *mapped};
    enum err_class class_ = rows_prepare_all(&replay->run, facts, arena, &prepared, err);
    if (class_ != ERR_OK)
        return class_;
    for (size_t i = 0; i < prepared.mapped.batches_len; i++)
        prepared.mapped.batches[i]->rewrite = true;
    struct steps steps = {.len = 0};
    class_ = steps_rows_planned(&replay->run, &prepared.mapped, arena, &steps, err);
    if (class_ != ERR_OK)
        return class_;
    struct unit unit = {.shop_id = replay->run.shop->id,
                        .order_key = (uint64_t)replay->run.shop->id,
                        .batches = prepared.mapped.batches,
                        .batches_len = prepared.mapped.batches_len,
                        .after = steps.items,
                        .after_len = steps.len,
                        .now_ms = clock_now_ms()};
    class_ = unit_derives(&unit, replay->run.shop->id, STR(""), arena, err);
    return class_ == ERR_OK ? store_commit(replay->run.sync->options.store, &unit, err) : class_;
}

/* The file's manifest that made an original, which names it; NULL: a platform's. */
static const struct connector *original_form(const struct replay *replay, struct str text)
{
    const struct connector *form = NULL;
    struct json_doc *doc = NULL;
    if (!str_starts(text, STR("{\"kind\":\"")) || json_parse(text, &doc, NULL) != ERR_OK)
        return NULL;
    const struct json *root = json_root(doc);
    bool row = json_get(root, STR("cells")) && json_get(root, STR("file"));
    if (!row || sync_form(replay->run.sync, json_text(json_get(root, STR("kind"))), &form, NULL) ||
        connector_file(form)->stream->table != replay->run.stream->table)
        form = NULL;
    json_free(doc);
    return form;
}

static enum err_class original_replay_by(const struct replay *replay,
                                         const struct original *original, struct arena *arena,
                                         struct err *err)
{
    struct facts facts = task_facts(&replay->run, NULL);
    facts.received_ms = original->received_ms;
    struct mapped mapped;
    struct json_doc *doc = NULL;
    enum err_class class_ = connector_map_record(replay->run.shop->connector, replay->run.stream,
                                                 &facts, original->text, arena, &mapped, &doc, err);
    bool differs = false;
    for (size_t i = 0; class_ == ERR_OK && i < mapped.batches_len; i++)
        for (size_t row = 0; class_ == ERR_OK && row < mapped.batches[i]->rows_len; row++)
            class_ = row_compare(replay, &mapped, i, row, &differs, arena, err);
    if (class_ == ERR_OK && replay->apply && differs)
        class_ = mapped_write(replay, &facts, &mapped, arena, err);
    if (class_ == ERR_OK) {
        replay->counts->rows++;
        replay->counts->differing += differs;
        replay->counts->rejected += mapped.rejects_len > 0;
    }
    json_free(doc);
    return class_;
}

/* Each by the manifest that made it. Where a kind of file was asked for, the others are not its. */
static enum err_class original_replay(const struct replay *replay, const struct original *original,
                                      struct arena *arena, struct err *err)
{
    const struct connector *form = original_form(replay, original->text);
    struct sync_shop shop = *replay->run.shop;
    struct replay own = *replay;
    if (connector_file(shop.connector) && form != shop.connector)
        return ERR_OK;
    if (form) {
        shop.connector = form;
        own.run.shop = &shop;
        own.run.stream = connector_file(form)->stream;
    }
    return original_replay_by(&own, original, arena, err);
}

/* One page of originals, read before the first of them is written. */
static enum err_class replay_page(const struct replay *replay, struct buf *after, bool *more,
                                  struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    const struct sql_value values[] = {sql_int(replay->run.shop->id),
                                       sql_text(replay->run.stream->table->name),
                                       sql_text(buf_str(after)), sql_int(REPLAY_PAGE_ROWS)};
    struct original *rows = arena_array(&arena, REPLAY_PAGE_ROWS, sizeof *rows);
    size_t rows_len = 0;
    struct reader *row = NULL;
    enum err_class class_ = rows ? store_read(replay->run.sync->options.store, SQL_ORIGINALS_AFTER,
                                              values, 4, &row, err)
                                 : err_no_memory(err);
    if (class_ == ERR_OK) {
        while (class_ == ERR_OK && reader_next(row)) {
            rows[rows_len].key = arena_dup(&arena, reader_text(row, 0));
            rows[rows_len].received_ms = reader_int(row, 2);
            class_ = sync_original_open(replay->run.sync->options.keyring, reader_text(row, 1),
                                        &arena, &rows[rows_len++].text, err);
        }
        enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
        if (class_ == ERR_OK)
            class_ = closed;
    }
    for (size_t i = 0; class_ == ERR_OK && i < rows_len; i++)
        class_ = original_replay(replay, &rows[i], &arena, err);
    *more = rows_len == REPLAY_PAGE_ROWS;
    if (class_ == ERR_OK && rows_len > 0) {
        buf_reset(after);
        buf_add(after, rows[rows_len - 1].key);
    }
    arena_fini(&arena);
    return class_;
}

enum err_class sync_replay(struct sync *sync, const struct sync_shop *shop,
                           const struct stream *stream, bool apply, replay_difference *each,
                           void *context, struct replay_counts *out, struct err *err)
{
    *out = (struct replay_counts){0};
    struct replay replay = {.run = {.sync = sync, .shop = shop, .stream = stream},
                            .apply = apply,
                            .each = each,
                            .context = context,
                            .counts = out};
    struct buf after;
    buf_init(&after, 4096);
    enum err_class class_ = ERR_OK;
    bool more = true;
    while (class_ == ERR_OK && more)
        class_ = replay_page(&replay, &after, &more, err);
    buf_fini(&after);
    return class_;
}

/* --- rejects --- */

struct kept_reject {
    int64_t shop_id, seen_ms;
    struct str stream, text;
};

static enum err_class reject_load(struct sync *sync, int64_t reject_id, struct arena *arena,
                                  struct kept_reject *out, struct err *err)
{
    const struct sql_value id = sql_int(reject_id);
    struct reader *row;
    enum err_class class_ = store_read(sync->options.store, SQL_REJECT_LOAD, &id, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    struct buf plain;
    buf_init(&plain, BODY_BYTES_MAX);
    bool found = reader_next(row);
    if (found) {
        out->shop_id = reader_int(row, 0);
        out->stream = arena_dup(arena, reader_text(row, 1));
        class_ = reader_is_null(row, 2)
                     ? err_set(err, ERR_USAGE, "reject_bare",
                               "reject %lld holds no record: the platform gave none; `huiliu sync "
                               "--full` asks for it again",
                               (long long)reject_id)
                     : seal_read(sync->options.keyring, &plain, reader_text(row, 2), REJECT_CONTEXT,
                                 err);
        out->text = arena_dup(arena, buf_str(&plain));
        out->seen_ms = reader_int(row, 3);
    }
    buf_fini(&plain);
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    if (class_ == ERR_OK)
        class_ = closed;
    if (class_ == ERR_OK && !found)
        class_ = err_set(err, ERR_NOT_FOUND, "reject_missing",
                         "there is no reject %lld; huiliu reject list shows them",
                         (long long)reject_id);
    return class_;
}

static enum err_class reject_map(const struct task_run *run, const struct kept_reject *kept,
                                 struct arena *arena, struct facts *facts,
                                 struct prepared *prepared, struct json_doc **doc, struct err *err)
{
    *facts = task_facts(run, NULL);
    /* As old as it was: what came since is newer, and a replay takes nothing back. */
    facts->received_ms = kept->seen_ms;
    enum err_class class_ = connector_map_record(run->shop->connector, run->stream, facts,
                                                 kept->text, arena, &prepared->mapped, doc, err);
    if (class_ == ERR_OK && prepared->mapped.rejects_len > 0)
        class_ = err_set(err, ERR_SKIP_RECORD, prepared->mapped.rejects[0].code,
                         "still refused: %.*s", STR_ARG(prepared->mapped.rejects[0].message));
    if (class_ == ERR_OK)
        class_ = rows_prepare_all(run, facts, arena, prepared, err);
    return class_;
}

enum err_class sync_reject_replay(struct sync *sync, int64_t reject_id, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct kept_reject kept = {0};
    struct json_doc *doc = NULL;
    struct prepared prepared = {0};
    struct facts facts;
    struct task_run run = {.sync = sync};
    struct sync_shop of_file;
    const struct connector *form;
    enum err_class class_ = reject_load(sync, reject_id, &arena, &kept, err);
    if (class_ == ERR_OK) {
        run.shop = sync->options.shop_of(sync->options.context, kept.shop_id);
        run.stream = run.shop ? connector_stream(run.shop->connector, kept.stream) : NULL;
        /* A row of a file goes by the kind of the file. */
        if (run.shop && !run.stream && sync_form(sync, kept.stream, &form, NULL) == ERR_OK) {
            of_file = *run.shop;
            of_file.connector = form;
            run.shop = &of_file;
            run.stream = connector_file(form)->stream;
        }
        if (!run.stream)
            class_ = err_set(err, ERR_CONFIG, "stream_missing",
                             "the reject's shop or stream is gone");
        else if (run.stream->figures.of)
            class_ = err_set(err, ERR_USAGE, "figures_replay",
                             "one ad's figures are a part of an order's: they are not replayed but "
                             "asked again by `huiliu sync --full`");
    }
    if (class_ == ERR_OK)
        class_ = reject_map(&run, &kept, &arena, &facts, &prepared, &doc, err);
    struct steps steps = {.len = 0};
    const struct sql_value id = sql_int(reject_id);
    /* Any number of rows: the row that lands has taken its reject along already, one that is older
     * than what is stored has not. */
    if (class_ == ERR_OK)
        class_ = steps_add(&steps, SQL_REJECT_DELETE, &id, 1, -1, &arena, err);
    if (class_ == ERR_OK)
        class_ = steps_rows_planned(&run, &prepared.mapped, &arena, &steps, err);
    if (class_ == ERR_OK) {
        struct unit unit = {.shop_id = kept.shop_id,
                            .order_key = (uint64_t)kept.shop_id,
                            .batches = prepared.mapped.batches,
                            .batches_len = prepared.mapped.batches_len,
                            .after = steps.items,
                            .after_len = steps.len,
                            .now_ms = clock_now_ms()};
        class_ = unit_derives(&unit, kept.shop_id, STR(""), &arena, err);
        if (class_ == ERR_OK)
            class_ = store_commit(sync->options.store, &unit, err);
    }
    json_free(doc);
    arena_fini(&arena);
    return class_;
}

/* From a page's records to rows that the store can take: map, open cipher texts, hash, seal,
 * compress.
 *
 * The hash is of the record as received (volatile paths left out), over plain text, under a key.
 * Its last two bits say whether a cipher text of the row still waits for the platform or could not be
 * opened here, so that a row whose phone can be opened later counts as changed then, and one that is
 * open is never paid for again: the platform's quota goes to rows that are new or changed. */
#include <string.h>

#include "sync/sync_internal.h"

enum {
    ORIGINAL_LEVEL = 1,
    /* The longest text that a connector accepts has 65,535 bytes: 87,436 in base64, and the key's
     * name. */
    SEALED_ROOM = 96 * 1024,
    /* A record is never larger than the body it came in, so no record is too large here. */
    SEALED_RECORD_ROOM = 2 * BODY_BYTES_MAX,
    CIPHERS_WAIT_MS = 60 * 1000,
};

static enum err_class row_hash(const struct task_run *run, struct batch *batch, size_t row,
                               struct buf *text, struct err *err)
{
    buf_reset(text);
    json_write_canonical_without(text, batch->records[row], run->stream->volatile_paths,
                                 run->stream->volatile_paths_len);
    if (text->failed)
        return err_no_memory(err);
    record_hash(run->sync->options.keyring, buf_str(text), batch->guards[row].hash);
    batch->guards[row].hash[sizeof batch->guards[row].hash - 1] &= (unsigned char)~HASH_FLAGS;
    return ERR_OK;
}

static void row_guard(const struct facts *facts, struct batch *batch, size_t row)
{
    size_t updated = batch->table->updated;
    bool has = updated != SIZE_MAX && batch_state(batch, row, updated) == CELL_SET;
    batch->guards[row].received_ms = facts->received_ms;
    batch->guards[row].updated_ms = has ? batch->columns[updated].numbers[row] : facts->received_ms;
}

static enum err_class rows_hash(const struct task_run *run, const struct facts *facts,
                                struct mapped *mapped, struct err *err)
{
    struct buf text;
    buf_init(&text, BODY_BYTES_MAX);
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < mapped->batches_len; i++) {
        struct batch *batch = mapped->batches[i];
        for (size_t row = 0; class_ == ERR_OK && row < batch->rows_len; row++) {
            class_ = row_hash(run, batch, row, &text, err);
            row_guard(facts, batch, row);
        }
    }
    buf_fini(&text);
    return class_;
}

static enum err_class rows_known_all(const struct task_run *run, const struct mapped *mapped,
                                     struct arena *arena, unsigned char ***out, struct err *err)
{
    unsigned char **known = arena_array(arena, mapped->batches_len, sizeof *known);
    if (!known)
        return err_no_memory(err);
    for (size_t i = 0; i < mapped->batches_len; i++) {
        const struct batch *batch = mapped->batches[i];
        known[i] = arena_array(arena, batch->rows_len + 1, sizeof **known);
        if (!known[i])
            return err_no_memory(err);
        enum err_class class_ = store_known(run->sync->options.store, batch, run->shop->id,
                                            known[i], err);
        if (class_ != ERR_OK)
            return class_;
    }
    *out = known;
    return ERR_OK;
}

/* One call of the platform's decryption, for at most as many texts as it allows. */
enum err_class ciphers_ask(const struct task_run *run, const struct str *texts, size_t texts_len,
                           bool comes_back, struct map *plain, struct arena *arena, struct err *err)
{
    if (FAIL_POINT("sync.decrypt.before"))
        return err_set(err, ERR_INTERNAL, "fail_point", "fail point sync.decrypt.before");
    struct call_ask ask = task_ask(run, run->stream->decrypt, NULL);
    ask.stream = NULL;
    ask.comer.outside = !comes_back;
    ask.facts.ids = texts;
    ask.facts.ids_len = texts_len;
    struct page page;
    int64_t received_ms;
    enum err_class class_ = gateway_call(run->sync->options.gateway, &ask, arena, &page,
                                         &received_ms, err);
    if (class_ != ERR_OK)
        return class_;
    run->outcome->calls++;
    class_ = connector_read_decrypted(run->shop->connector, run->stream, &page, arena, plain, err);
    page_fini(&page);
    if (class_ == ERR_OK && FAIL_POINT("sync.decrypt.after"))
        class_ = err_set(err, ERR_INTERNAL, "fail_point", "fail point sync.decrypt.after");
    return class_;
}

/* Orders go on without their phones when these cannot be opened now, whatever the platform's reason;
 * only what is wrong with this process or its lease ends the page. */
static bool ciphers_can_wait(enum err_class class_)
{
    return class_ != ERR_STOPPED && class_ != ERR_CONFLICT && class_ != ERR_STORE &&
           class_ != ERR_INTERNAL;
}

/* That a quota is used up for the moment is no trouble. */
static int64_t ciphers_wait_until(const struct task_run *run, const struct err *why)
{
    log_event(why->class_ == ERR_LATER ? LOG_DEBUG : LOG_WARN, "decrypt_waits",
              LOG_STR("shop", run->shop->facts.shop.name), LOG_STR("stream", run->stream->name),
              LOG_STR("code", str_of(why->code)), LOG_STR("message", str_of(why->message)),
              LOG_END);
    return why->retry_at_ms > 0 ? why->retry_at_ms : clock_now_ms() + CIPHERS_WAIT_MS;
}

/* Asks for every cipher text of rows that are new or changed. When the platform opens no more the
 * rest waits: *waiting_until_ms says until when. */
static enum err_class ciphers_open(const struct task_run *run, const struct mapped *mapped,
                                   unsigned char *const *known, struct map *plain,
                                   struct arena *arena, int64_t *waiting_until_ms, struct err *err)
{
    struct str *texts = arena_array(arena, mapped->ciphers_len + 1, sizeof *texts);
    if (!texts)
        return err_no_memory(err);
    size_t texts_len = 0;
    for (size_t i = 0; i < mapped->ciphers_len; i++) {
        const struct cipher_cell *cell = &mapped->ciphers[i];
        if (cell->online && known[cell->batch][cell->row] != KNOWN_SAME)
            texts[texts_len++] = cell->cipher;
    }
    size_t batch_max = (size_t)run->stream->decrypt_batch_max;
    for (size_t at = 0; at < texts_len; at += batch_max) {
        size_t ask_len = texts_len - at < batch_max ? texts_len - at : batch_max;
        enum err_class class_ = ciphers_ask(run, texts + at, ask_len, false, plain, arena, err);
        if (class_ == ERR_OK)
            continue;
        if (!ciphers_can_wait(class_))
            return class_;
        *waiting_until_ms = ciphers_wait_until(run, err);
        err_clear(err);
        return ERR_OK;
    }
    return ERR_OK;
}

static enum mask mask_of(enum personal_class personal)
{
    return personal == PERSONAL_PHONE  ? MASK_PHONE
           : personal == PERSONAL_NAME ? MASK_NAME
                                       : MASK_TEXT;
}

/* What was written, in the arena; the buf is empty again. */
static struct str buf_into(struct buf *text, struct arena *arena)
{
    struct str copy = text->failed ? STR_NONE : arena_dup(arena, buf_str(text));
    buf_reset(text);
    return copy;
}

/* Cipher, mask and blind index of one personal value. `text` is scratch. */
static enum err_class value_seal(const struct keyring *ring, const struct column *column,
                                 struct str plain, struct buf *text, struct arena *arena,
                                 struct sealed_value *out, struct err *err)
{
    enum err_class class_ = seal_write(ring, text, plain, column->name, err);
    out->cipher = buf_into(text, arena);
    if (class_ != ERR_OK)
        return class_;
    mask_write(text, mask_of(column->personal), plain);
    out->mask = buf_into(text, arena);
    char hex[33];
    class_ = blind_index(ring, column->name, plain, hex, err);
    if (class_ != ERR_OK)
        return class_;
    out->index = arena_dup(arena, (struct str){hex, 32});
    return out->cipher.ptr && out->mask.ptr && out->index.ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class column_seal(const struct task_run *run, struct batch *batch, size_t column,
                                  const unsigned char *known, struct arena *arena, struct err *err)
{
    batch->sealed[column] = arena_array(arena, batch->rows_len + 1, sizeof **batch->sealed);
    if (!batch->sealed[column])
        return err_no_memory(err);
    struct buf text;
    enum err_class class_ = ERR_OK;
    buf_init(&text, SEALED_ROOM);
    for (size_t row = 0; class_ == ERR_OK && row < batch->rows_len; row++)
        if (known[row] != KNOWN_SAME && batch_state(batch, row, column) == CELL_SET)
            class_ = value_seal(run->sync->options.keyring, &batch->table->columns[column],
                                batch->columns[column].texts[row], &text, arena,
                                &batch->sealed[column][row], err);
    buf_fini(&text);
    return class_;
}

/* Cells that still hold the platform's cipher text keep it, marked, without mask and index. */
static enum err_class ciphers_keep(const struct mapped *mapped, unsigned char *const *known,
                                   struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < mapped->ciphers_len; i++) {
        const struct cipher_cell *cell = &mapped->ciphers[i];
        if (known[cell->batch][cell->row] == KNOWN_SAME)
            continue;
        struct sealed_value *sealed =
            &mapped->batches[cell->batch]->sealed[cell->column][cell->row];
        *sealed = (struct sealed_value){.cipher = arena_printf(arena, "%.*s%.*s",
                                                               STR_ARG(PLATFORM_CIPHER),
                                                               STR_ARG(cell->cipher))};
        if (!sealed->cipher.ptr)
            return err_no_memory(err);
    }
    return ERR_OK;
}

/* Buffers of the originals of one page. */
struct originals {
    const struct task_run *run;
    struct buf text, packed, sealed;
};

/* An original is sealed whole: which of a platform's fields are personal is more than any list of
 * paths knows (a buyer's remark holds phone numbers too). */
static enum err_class original_write(struct originals *o, const struct json *record,
                                     struct arena *arena, struct str *out, struct err *err)
{
    buf_reset(&o->text);
    buf_reset(&o->packed);
    buf_reset(&o->sealed);
    json_write(&o->text, record);
    enum err_class class_ = o->text.failed
                                ? err_no_memory(err)
                                : zstd_write(&o->packed, buf_str(&o->text), ORIGINAL_LEVEL, err);
    if (class_ == ERR_OK)
        class_ = seal_write(o->run->sync->options.keyring, &o->sealed, buf_str(&o->packed),
                            ORIGINAL_CONTEXT, err);
    if (class_ != ERR_OK)
        return class_;
    *out = arena_dup(arena, buf_str(&o->sealed));
    return out->ptr ? ERR_OK : err_no_memory(err);
}

/* Only the main table keeps originals: the record of a sub-table is part of it. */
static enum err_class originals_write(const struct task_run *run, struct batch *batch,
                                      const unsigned char *known, struct arena *arena,
                                      struct err *err)
{
    struct originals o = {.run = run};
    buf_init(&o.text, BODY_BYTES_MAX);
    buf_init(&o.packed, BODY_BYTES_MAX);
    buf_init(&o.sealed, SEALED_RECORD_ROOM);
    enum err_class class_ = ERR_OK;
    for (size_t row = 0; class_ == ERR_OK && row < batch->rows_len; row++)
        if (known[row] != KNOWN_SAME)
            class_ = original_write(&o, batch->records[row], arena, &batch->originals[row], err);
    buf_fini(&o.text);
    buf_fini(&o.packed);
    buf_fini(&o.sealed);
    return class_;
}

static uint64_t hash_head(const unsigned char hash[16])
{
    uint64_t head;
    memcpy(&head, hash, sizeof head);
    return head;
}

/* A reject's record is kept whole and sealed whole: which of its fields are personal is not known
 * when it could not be mapped. One without a readable key is known by its hash, so that meeting it
 * again only counts up. */
static enum err_class reject_seal(const struct task_run *run, const struct facts *facts,
                                  struct reject *reject, struct arena *arena, struct err *err)
{
    const struct keyring *ring = run->sync->options.keyring;
    struct buf text, sealed;
    buf_init(&text, BODY_BYTES_MAX);
    buf_init(&sealed, SEALED_RECORD_ROOM);
    reject->stream = run->stream->name;
    reject->from_ms = facts->window.from_ms;
    reject->to_ms = facts->window.to_ms;
    json_write(&text, reject->record);
    if (reject->key.len == 0) {
        unsigned char hash[16];
        record_hash(ring, buf_str(&text), hash);
        reject->key = arena_printf(arena, "#%016llx", (unsigned long long)hash_head(hash));
    }
    enum err_class class_ = text.failed
                                ? err_no_memory(err)
                                : seal_write(ring, &sealed, buf_str(&text), REJECT_CONTEXT, err);
    reject->original = buf_into(&sealed, arena);
    buf_fini(&sealed);
    buf_fini(&text);
    return class_ == ERR_OK && (!reject->original.ptr || !reject->key.ptr) ? err_no_memory(err)
                                                                           : class_;
}

enum err_class rejects_seal(const struct task_run *run, const struct facts *facts,
                            struct mapped *mapped, struct arena *arena, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < mapped->rejects_len; i++) {
        struct reject *reject = &mapped->rejects[i];
        const struct reject *before = i > 0 ? reject - 1 : NULL;
        /* Refused rows of one record follow each other: the record is sealed once for all of them. */
        if (before && before->record == reject->record && reject->key.len > 0) {
            reject->stream = before->stream;
            reject->from_ms = before->from_ms;
            reject->to_ms = before->to_ms;
            reject->original = before->original;
        } else {
            class_ = reject_seal(run, facts, reject, arena, err);
        }
    }
    return class_;
}

/* Rows that keep a cipher text after all: the flag in their hash, and who waits for the quota. */
static enum err_class waiting_collect(const struct mapped *mapped, unsigned char *const *known,
                                      struct arena *arena, struct prepared *out, struct err *err)
{
    out->waiting_keys = arena_array(arena, mapped->ciphers_len + 1, sizeof *out->waiting_keys);
    if (!out->waiting_keys)
        return err_no_memory(err);
    for (size_t i = 0; i < mapped->ciphers_len; i++) {
        const struct cipher_cell *cell = &mapped->ciphers[i];
        struct batch *batch = mapped->batches[cell->batch];
        if (known[cell->batch][cell->row] == KNOWN_SAME)
            continue;
        batch->guards[cell->row].hash[sizeof batch->guards[cell->row].hash - 1] |=
            cell->online ? HASH_WAITS : HASH_FAILED;
        if (!cell->online)
            continue;
        enum err_class class_ = batch_key(batch, cell->row, arena,
                                          &out->waiting_keys[out->waiting_keys_len++], err);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

static void failures_count(const struct task_run *run, const struct mapped *mapped)
{
    int64_t failures = 0;
    for (size_t i = 0; i < mapped->ciphers_len; i++)
        failures += !mapped->ciphers[i].online;
    if (failures == 0)
        return;
    atomic_fetch_add(&run->sync->counts.decrypt_failures, failures);
    log_event(LOG_WARN, "decrypt_failed", LOG_STR("shop", run->shop->facts.shop.name),
              LOG_STR("stream", run->stream->name), LOG_I64("values", failures),
              LOG_STR("next", STR("check the app secret: huiliu app rotate; the cipher texts are "
                                  "kept")),
              LOG_END);
}

static enum err_class rows_prepare(const struct task_run *run, const struct facts *facts,
                                   struct arena *arena, struct prepared *out,
                                   unsigned char *const *known, struct err *err)
{
    struct mapped *mapped = &out->mapped;
    enum err_class class_ = waiting_collect(mapped, known, arena, out, err);
    for (size_t i = 0; class_ == ERR_OK && i < mapped->batches_len; i++) {
        struct batch *batch = mapped->batches[i];
        for (size_t column = 0; class_ == ERR_OK && column < batch->table->columns_len; column++)
            if (batch->table->columns[column].type == COLUMN_PERSONAL)
                class_ = column_seal(run, batch, column, known[i], arena, err);
    }
    if (class_ == ERR_OK)
        class_ = ciphers_keep(mapped, known, arena, err);
    for (size_t i = 0; i < mapped->batches_len; i++) {
        for (size_t row = 0; row < mapped->batches[i]->rows_len; row++)
            out->writes |= known[i][row] != KNOWN_SAME;
        if (run->writing == 0)
            mapped->batches[i]->known = known[i];
    }
    if (class_ == ERR_OK && mapped->batches_len > 0)
        class_ = originals_write(run, mapped->batches[0], known[0], arena, err);
    if (class_ == ERR_OK)
        class_ = rejects_seal(run, facts, mapped, arena, err);
    if (class_ == ERR_OK)
        failures_count(run, mapped);
    out->rejects = (int64_t)mapped->rejects_len;
    return class_;
}

static bool text_own(struct str *text, struct arena *arena)
{
    if (text->len > 0)
        *text = arena_dup(arena, *text);
    return text->ptr != NULL || text->len == 0;
}

static bool column_is_text(enum column_type type)
{
    return type == COLUMN_ID || type == COLUMN_TEXT || type == COLUMN_PERSONAL;
}

static bool reject_own(struct reject *reject, struct arena *arena)
{
    reject->record = NULL;
    return text_own(&reject->key, arena) && text_own(&reject->id, arena) &&
           text_own(&reject->message, arena);
}

bool rejects_own(struct mapped *mapped, struct arena *arena)
{
    bool good = true;
    for (size_t i = 0; good && i < mapped->rejects_len; i++)
        good = reject_own(&mapped->rejects[i], arena);
    return good;
}

/* Of a row that is stored just so only the key is looked at again: what was refused of it is over. */
static bool batch_own(struct batch *batch, struct arena *arena)
{
    bool good = true;
    for (size_t column = 0; column < batch->table->columns_len; column++) {
        if (!column_is_text(batch->table->columns[column].type))
            continue;
        bool key = table_key_has(batch->table, column);
        for (size_t row = 0; good && row < batch->rows_len; row++)
            if (batch_state(batch, row, column) == CELL_SET &&
                (key || !(batch->known && batch->known[row] == KNOWN_SAME)))
                good = text_own(&batch->columns[column].texts[row], arena);
    }
    memset(batch->records, 0, batch->rows_len * sizeof(*batch->records));
    return good;
}

enum err_class prepared_own(struct prepared *prepared, struct arena *arena, struct err *err)
{
    struct mapped *mapped = &prepared->mapped;
    bool good = true;
    for (size_t i = 0; good && i < mapped->batches_len; i++)
        good = batch_own(mapped->batches[i], arena);
    good = good && rejects_own(mapped, arena);
    for (size_t i = 0; good && i < mapped->unknown_len; i++)
        good = text_own(&mapped->unknown[i].value, arena);
    for (size_t i = 0; good && i < prepared->waiting_keys_len; i++)
        good = text_own(&prepared->waiting_keys[i], arena);
    mapped->ciphers_len = 0;
    return good ? ERR_OK : err_no_memory(err);
}

enum err_class page_prepare(const struct task_run *run, struct facts *facts,
                            const struct page *page, struct arena *arena, struct prepared *out,
                            struct err *err)
{
    *out = (struct prepared){0};
    const struct connector *connector = run->shop->connector;
    struct mapped *mapped = &out->mapped;
    enum err_class class_ = connector_map(connector, run->stream, facts, page, arena, mapped, err);
    if (class_ == ERR_OK && FAIL_POINT("sync.page.mapped"))
        class_ = err_set(err, ERR_INTERNAL, "fail_point", "fail point sync.page.mapped");
    unsigned char **known = NULL;
    if (class_ == ERR_OK)
        class_ = rows_hash(run, facts, mapped, err);
    if (class_ == ERR_OK)
        class_ = rows_known_all(run, mapped, arena, &known, err);
    if (class_ == ERR_OK && mapped->ciphers_len > 0 && run->stream->decrypt) {
        struct map plain;
        map_init(&plain, PAGE_RECORDS_MAX * 4);
        class_ = ciphers_open(run, mapped, known, &plain, arena, &out->waiting_until_ms, err);
        if (class_ == ERR_OK && plain.len > 0) {
            facts->decrypted = &plain;
            class_ = connector_map(connector, run->stream, facts, page, arena, mapped, err);
            facts->decrypted = NULL;
            if (class_ == ERR_OK)
                class_ = rows_hash(run, facts, mapped, err);
            /* A plain text may be refused: then the rows behind it have moved up, and what was found of
             * them belongs to their neighbours. */
            if (class_ == ERR_OK)
                class_ = rows_known_all(run, mapped, arena, &known, err);
        }
        map_fini(&plain);
    }
    return class_ == ERR_OK ? rows_prepare(run, facts, arena, out, known, err) : class_;
}

enum err_class rows_prepare_all(const struct task_run *run, const struct facts *facts,
                                struct arena *arena, struct prepared *out, struct err *err)
{
    struct mapped *mapped = &out->mapped;
    unsigned char **none_known = arena_array(arena, mapped->batches_len + 1, sizeof *none_known);
    if (!none_known)
        return err_no_memory(err);
    for (size_t i = 0; i < mapped->batches_len; i++) {
        none_known[i] = arena_array(arena, mapped->batches[i]->rows_len + 1, sizeof **none_known);
        if (!none_known[i])
            return err_no_memory(err);
    }
    enum err_class class_ = rows_hash(run, facts, mapped, err);
    return class_ == ERR_OK ? rows_prepare(run, facts, arena, out, none_known, err) : class_;
}

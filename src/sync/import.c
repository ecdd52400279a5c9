/* A file read, judged and kept: its rows are mapped as they will be when they are stored, so that what a person sees
 * before he confirms is what will be. */
#include "sync/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/import_reading.h"
#include "sync/sql.h"
#include "sync/sync_internal.h"

enum {
    PAGE_TEXT_MAX = 2 * IMPORT_PAGE_BYTES + 64 * 1024 + 2 * XLSX_ROW_BYTES_MAX,
    FAULTS_KEPT_MAX = 1000,
    NAME_BYTES_MAX = 200,
    WHO_BYTES_MAX = 64,
    PAGE_LEVEL = 3,
    /* A file whose process ended while it was read leaves rows that nobody will finish. */
    STALE_MS = 60 * 60 * 1000,
};

/* A line that is no row of CSV. Its texts are the caller's, for this moment. */
static enum err_class line_fault(void *context, const struct import_fault *fault, struct err *err)
{
    struct reading *r = context;
    struct import_fault kept = *fault;
    kept.code = arena_dup(&r->walk.arena, fault->code);
    kept.message = arena_dup(&r->walk.arena, fault->message);
    if (!kept.code.ptr || !kept.message.ptr)
        return err_no_memory(err);
    r->counts->rows++;
    return reading_fault(r, &kept);
}

/* --- keeping --- */

struct page_keep {
    struct reading *r;
    struct str body;
};

static enum err_class fault_put(struct tx *tx, const struct reading *r, size_t i, struct err *err)
{
    const struct import_fault *fault = &r->faults[i];
    int64_t number = r->counts->errors - (int64_t)r->faults_len + (int64_t)i + 1;
    const struct sql_value values[] = {sql_int(r->id),          sql_int(number),
                                       sql_text(fault->sheet),  sql_int(fault->line),
                                       sql_text(fault->column), sql_text(fault->code),
                                       sql_text(fault->message)};
    return number > FAULTS_KEPT_MAX ? ERR_OK : tx_exec(tx, SQL_IMPORT_ERROR, values, 7, NULL, err);
}

static enum err_class page_put(struct tx *tx, void *context, struct err *err)
{
    const struct page_keep *keep = context;
    const struct reading *r = keep->r;
    const struct sql_value values[] = {sql_int(r->id), sql_int(r->pages + 1),
                                       sql_bytes(keep->body)};
    enum err_class class_ = keep->body.len > 0 ? tx_exec(tx, SQL_IMPORT_PAGE, values, 3, NULL, err)
                                               : ERR_OK;
    for (size_t i = 0; i < r->faults_len && class_ == ERR_OK; i++)
        class_ = fault_put(tx, r, i, err);
    return class_;
}

static enum err_class page_keep(struct reading *r, struct str text, struct arena *arena,
                                struct err *err)
{
    struct page_keep keep = {.r = r};
    struct buf packed, sealed;
    buf_init(&packed, PAGE_TEXT_MAX);
    buf_init(&sealed, 2 * PAGE_TEXT_MAX);
    enum err_class class_ = ERR_OK;
    if (text.len > 0) {
        class_ = zstd_write(&packed, text, PAGE_LEVEL, err);
        if (class_ == ERR_OK)
            class_ = seal_write(r->sync->options.keyring, &sealed, buf_str(&packed), IMPORT_CONTEXT,
                                err);
        keep.body = arena_dup(arena, buf_str(&sealed));
        if (class_ == ERR_OK && !keep.body.ptr)
            class_ = err_no_memory(err);
    }
    if (class_ == ERR_OK)
        class_ = store_write(r->sync->options.store, page_put, &keep, err);
    if (class_ == ERR_OK && text.len > 0)
        r->pages++;
    buf_fini(&sealed);
    buf_fini(&packed);
    return class_;
}

/* --- a page, the whole --- */

/* The rows of the walk that are this shop's, as a document. */
static enum err_class page_open(struct reading *r, struct buf *text, struct page *page,
                                struct err *err)
{
    bool all = true;
    enum err_class class_ = walk_page_text(&r->walk, NULL, text, err);
    if (class_ == ERR_OK)
        class_ = json_parse(buf_str(text), &page->doc, err);
    if (class_ == ERR_OK && r->form->shop != SIZE_MAX)
        class_ = reading_ours(r, page, &all, err);
    if (class_ != ERR_OK || all)
        return class_;
    json_free(page->doc);
    page->doc = NULL;
    class_ = walk_page_text(&r->walk, NULL, text, err);
    return class_ == ERR_OK ? json_parse(buf_str(text), &page->doc, err) : class_;
}

static enum err_class page_take(struct reading *r, struct err *err)
{
    struct arena arena;
    struct buf text;
    struct page page = {.doc = NULL};
    size_t kept = 0;
    arena_init(&arena);
    buf_init(&text, PAGE_TEXT_MAX);
    memset(r->dropped, 0, sizeof r->dropped);
    enum err_class class_ = page_open(r, &text, &page, err);
    if (class_ == ERR_OK)
        class_ = reading_judge(r, &page, &arena, err);
    for (size_t i = 0; i < r->walk.records_len; i++)
        kept += !r->dropped[i];
    if (class_ == ERR_OK)
        class_ = walk_page_text(&r->walk, r->dropped, &text, err);
    if (class_ == ERR_OK && kept == 0)
        buf_reset(&text);
    if (class_ == ERR_OK && kept > 0 && !r->keeps)
        class_ = reading_look(r, buf_str(&text), &arena, err);
    if (class_ == ERR_OK && r->keeps)
        class_ = page_keep(r, buf_str(&text), &arena, err);
    json_free(page.doc);
    buf_fini(&text);
    arena_fini(&arena);
    return class_;
}

static enum err_class pages_read(struct reading *r, struct err *err)
{
    enum err_class class_ = walk_open(&r->walk, r->ask->bytes, err);
    if (class_ == ERR_OK)
        r->counts->charset = grid_charset(r->walk.grid);
    while (class_ == ERR_OK) {
        r->faults_len = 0;
        class_ = walk_page(&r->walk, line_fault, r, err);
        if (class_ != ERR_OK || (r->walk.records_len == 0 && r->faults_len == 0))
            break;
        r->counts->rows += (int64_t)r->walk.records_len;
        class_ = page_take(r, err);
    }
    if (class_ == ERR_OK && r->counts->rows == 0)
        class_ = err_set(err, ERR_BAD_REQUEST, "file_empty", "the file has headings and no row");
    return class_;
}

/* --- before and after --- */

static enum err_class digest_make(struct str bytes, char hex[65], struct err *err)
{
    struct buf raw, text;
    buf_init(&raw, DIGEST_BYTES_MAX);
    buf_init_lent(&text, hex, 65);
    enum err_class class_ = digest_write(&raw, DIGEST_SHA256, bytes, err);
    if (class_ == ERR_OK)
        hex_write(&text, buf_str(&raw), false);
    buf_fini(&raw);
    return class_;
}

static enum err_class ask_check(const struct import_ask *ask, struct err *err)
{
    const struct file_form *form = connector_file(ask->form);
    for (size_t i = 0; i < form->platforms_len; i++)
        if (str_eq(form->platforms[i], ask->platform))
            return ERR_OK;
    const struct connector *platform = ask->shop->connector;
    if (form->stores && platform && connector_is_of_ads(platform))
        return err_set(err, ERR_USAGE, "not_a_store",
                       "a file of kind %.*s belongs to a shop that sells, and this is an account "
                       "of ads",
                       STR_ARG(form->kind));
    if (form->platforms_len == 0)
        return ERR_OK;
    return err_set(err, ERR_BAD_REQUEST, "import_platform",
                   "a file of kind %.*s belongs to a shop of %.*s, not of %.*s",
                   STR_ARG(form->kind), STR_ARG(form->platforms[0]), STR_ARG(ask->platform));
}

static enum err_class before_look(struct reading *r, struct err *err)
{
    const struct sql_value values[] = {sql_int(r->ask->shop->id), sql_text(r->form->kind),
                                       sql_text(str_of(r->counts->digest))};
    struct reader *row;
    enum err_class class_ = store_read(r->sync->options.store, SQL_IMPORT_BEFORE, values, 3, &row,
                                       err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row)) {
        r->counts->before_id = reader_int(row, 0);
        r->counts->before_ms = reader_int(row, 1);
    }
    return reader_close(row, err);
}

static enum err_class reading_new(struct sync *sync, const struct import_ask *ask,
                                  import_fault_seen *each, void *context,
                                  struct import_counts *counts, struct reading **out,
                                  struct err *err)
{
    struct reading *r = calloc(1, sizeof *r);
    *out = r;
    if (!r)
        return err_no_memory(err);
    *counts = (struct import_counts){.charset = ""};
    r->sync = sync;
    r->ask = ask;
    r->shop = *ask->shop;
    r->shop.connector = ask->form;
    r->form = connector_file(ask->form);
    r->each = each;
    r->context = context;
    r->counts = counts;
    r->received_ms = ask->received_ms > 0 ? ask->received_ms : clock_now_ms();
    map_init(&r->seen, XLSX_ROWS_MAX);
    enum err_class class_ = ask_check(ask, err);
    if (class_ == ERR_OK)
        class_ = digest_make(ask->bytes, counts->digest, err);
    walk_init(&r->walk, r->form, (struct str){counts->digest, 32},
              str_utf8_head(ask->who, WHO_BYTES_MAX));
    return class_ == ERR_OK ? before_look(r, err) : class_;
}

static void reading_free(struct reading *r)
{
    if (!r)
        return;
    walk_fini(&r->walk);
    map_fini(&r->seen);
    free(r);
}

enum err_class sync_import_preview(struct sync *sync, const struct import_ask *ask,
                                   import_fault_seen *each, void *context,
                                   struct import_counts *counts, struct err *err)
{
    struct reading *r;
    enum err_class class_ = reading_new(sync, ask, each, context, counts, &r, err);
    if (class_ == ERR_OK)
        class_ = pages_read(r, err);
    reading_free(r);
    return class_;
}

/* --- importing --- */

static enum err_class file_begin(struct tx *tx, void *context, struct err *err)
{
    struct reading *r = context;
    const struct import_ask *ask = r->ask;
    int64_t now_ms = clock_now_ms();
    const struct sql_value stale[] = {sql_int(ask->shop->id), sql_int(now_ms - STALE_MS)};
    const struct sql_value values[] = {
        sql_int(ask->shop->id),
        sql_text(r->form->kind),
        sql_text(str_of(r->counts->digest)),
        sql_text(str_utf8_head(ask->name, NAME_BYTES_MAX)),
        sql_int((int64_t)ask->bytes.len),
        sql_text(str_utf8_head(ask->who, WHO_BYTES_MAX)),
        sql_int(now_ms),
        sql_int(r->received_ms),
    };
    static const char *const forget[] = {SQL_IMPORT_STALE_PAGES, SQL_IMPORT_STALE_ERRORS,
                                         SQL_IMPORT_STALE_FILES};
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < 3 && class_ == ERR_OK; i++)
        class_ = tx_exec(tx, forget[i], stale, 2, NULL, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_IMPORT_BEGIN, values, 8, NULL, err);
    r->id = class_ == ERR_OK ? tx_last_id(tx) : 0;
    return class_;
}

static enum err_class count_row(struct reader *row, void *context, struct err *err)
{
    (void)err;
    *(int64_t *)context = reader_int(row, 0);
    return ERR_OK;
}

/* With the last page the file becomes what it is: to be stored, or refused because it has no row that could be kept. */
static enum err_class file_settle(struct tx *tx, void *context, struct err *err)
{
    struct reading *r = context;
    const struct import_ask *ask = r->ask;
    int64_t now_ms = clock_now_ms(), before = 0;
    const struct sql_value same[] = {sql_int(ask->shop->id), sql_text(r->form->kind),
                                     sql_text(str_of(r->counts->digest))};
    enum err_class class_ = tx_query(tx, SQL_IMPORT_BEFORE, same, 3, count_row, &before, err);
    if (class_ == ERR_OK && before > 0 && !ask->again)
        return err_set(err, ERR_CONFLICT, "import_known",
                       "this very file was imported already (number %lld): nothing is changed",
                       (long long)before);
    const struct sql_value values[] = {
        sql_int(r->id),
        sql_text(r->pages > 0 ? STR("waiting") : STR("refused")),
        sql_int(r->counts->rows),
        sql_int(r->counts->errors),
        sql_int(r->pages),
        sql_int_or_null(now_ms, r->pages == 0),
        sql_text(str_of(r->counts->charset)),
    };
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_IMPORT_SETTLE, values, 7, NULL, err);
    if (class_ == ERR_OK && ask->also)
        class_ = ask->also(tx, ask->also_context, err);
    char payload[64], key[40];
    snprintf(payload, sizeof payload, "{\"import\":%lld}", (long long)r->id);
    snprintf(key, sizeof key, "import/%lld", (long long)r->id);
    const struct task_new task = {.lane = ask->shop->id,
                                  .class_ = TASK_LIVE,
                                  .kind = STR("import"),
                                  .unique_key = str_of(key),
                                  .payload = str_of(payload),
                                  .run = ask->run,
                                  .ready_ms = now_ms};
    return class_ == ERR_OK && r->pages > 0 ? queue_enqueue_in(tx, &task, now_ms, err) : class_;
}

static enum err_class file_forget(struct tx *tx, void *context, struct err *err)
{
    const struct reading *r = context;
    static const char *const forget[] = {SQL_IMPORT_FORGET_PAGES, SQL_IMPORT_FORGET_ERRORS,
                                         SQL_IMPORT_FORGET_FILE};
    const struct sql_value id = sql_int(r->id);
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < 3 && class_ == ERR_OK; i++)
        class_ = tx_exec(tx, forget[i], &id, 1, NULL, err);
    return class_;
}

static enum err_class known_check(const struct reading *r, struct err *err)
{
    if (r->counts->before_id == 0 || r->ask->again)
        return ERR_OK;
    return err_set(err, ERR_CONFLICT, "import_known",
                   "this very file was imported already (number %lld): nothing is changed",
                   (long long)r->counts->before_id);
}

enum err_class sync_import(struct sync *sync, const struct import_ask *ask, import_fault_seen *each,
                           void *context, struct import_counts *counts, int64_t *id,
                           struct err *err)
{
    struct reading *r;
    struct store *store = sync->options.store;
    enum err_class class_ = reading_new(sync, ask, each, context, counts, &r, err);
    if (class_ == ERR_OK)
        class_ = known_check(r, err);
    if (class_ == ERR_OK) {
        r->keeps = true;
        class_ = store_write(store, file_begin, r, err);
    }
    bool begun = class_ == ERR_OK;
    if (begun)
        class_ = pages_read(r, err);
    if (begun && class_ == ERR_OK)
        class_ = store_write(store, file_settle, r, err);
    if (begun && class_ != ERR_OK)
        store_write(store, file_forget, r, NULL);
    *id = r ? r->id : 0;
    reading_free(r);
    return class_;
}

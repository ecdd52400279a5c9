/* A file read, judged and kept: its rows are mapped as they will be when they are stored, so that what a person sees
 * before he confirms is what will be. */
#include "sync/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/import_walk.h"
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

/* --- the kinds of files --- */

static enum err_class forms_load(struct sync *sync, struct err *err)
{
    const struct table_catalog *catalog = store_catalog(sync->options.store);
    const struct embedded_file *one = connector_builtin_forms();
    enum err_class class_ = ERR_OK;
    for (; one->name && class_ == ERR_OK && sync->forms_len < FORMS_MAX; one++) {
        struct str text = {(const char *)one->bytes, one->bytes_len};
        struct connector *form;
        class_ = connector_load_file(str_of(one->name), text, catalog, &form, err);
        if (class_ == ERR_OK)
            sync->forms[sync->forms_len++] = form;
    }
    return class_;
}

enum err_class sync_forms(struct sync *sync, const struct connector *const **out, size_t *len,
                          struct err *err)
{
    enum err_class class_ = ERR_OK;
    pthread_mutex_lock(&sync->forms_lock);
    if (sync->forms_len == 0)
        class_ = forms_load(sync, err);
    pthread_mutex_unlock(&sync->forms_lock);
    *out = (const struct connector *const *)sync->forms;
    *len = sync->forms_len;
    return class_;
}

enum err_class sync_form(struct sync *sync, struct str kind, const struct connector **out,
                         struct err *err)
{
    const struct connector *const *forms;
    struct str names[FORMS_MAX];
    size_t len;
    enum err_class class_ = sync_forms(sync, &forms, &len, err);
    if (class_ != ERR_OK)
        return class_;
    for (size_t i = 0; i < len; i++) {
        names[i] = connector_file(forms[i])->kind;
        *out = forms[i];
        if (str_eq(names[i], kind))
            return ERR_OK;
    }
    size_t nearest = str_nearest(kind, names, len);
    return err_set(err, ERR_BAD_REQUEST, "import_kind",
                   nearest == SIZE_MAX
                       ? "there is no kind of file \"%.*s\""
                       : "there is no kind of file \"%.*s\"; did you mean \"%.*s\"?",
                   STR_ARG(kind), STR_ARG(nearest == SIZE_MAX ? STR("") : names[nearest]));
}

const struct sync_shop *sync_shop_known(struct sync *sync, int64_t shop_id)
{
    return sync->options.shop_of(sync->options.context, shop_id);
}

/* --- one reading of a file --- */

struct reading {
    struct sync *sync;
    const struct import_ask *ask;
    struct sync_shop
        shop; /* the asked one, with the file's manifest in the place of its platform's */
    const struct file_form *form;
    struct import_walk walk;
    struct map
        seen; /* of rows that were accepted, at most a sheet's: hashes of their keys, or what they say */
    import_fault_seen *each;
    void *context;
    struct import_counts *counts;
    int64_t received_ms;
    /* Keeping, not only looking. */
    bool keeps;
    int64_t id, pages;
    /* A page. */
    struct import_fault faults[2 * IMPORT_PAGE_ROWS];
    size_t faults_len;
    bool dropped[IMPORT_PAGE_ROWS];
};

static enum err_class fault_add(struct reading *r, const struct import_fault *fault)
{
    r->counts->errors++;
    if (r->each)
        r->each(r->context, fault);
    if (r->faults_len < sizeof r->faults / sizeof *r->faults)
        r->faults[r->faults_len++] = *fault;
    return ERR_OK;
}

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
    return fault_add(r, &kept);
}

static struct task_run reading_run(struct reading *r)
{
    return (struct task_run){.sync = r->sync, .shop = &r->shop, .stream = r->form->stream};
}

/* Which row of the page a record of its document is. */
static size_t record_place(const struct json *const *rows, size_t len, const struct json *record)
{
    size_t at = 0;
    while (at < len && rows[at] != record)
        at++;
    return at;
}

/* The heading of what a field was made of: people know no columns of tables. */
static struct str field_heading(const struct reading *r, struct str field)
{
    struct str column = connector_file_source(r->ask->form, field);
    for (size_t i = 0; i < r->walk.columns_len; i++)
        if (r->walk.columns[i] != SIZE_MAX &&
            str_eq(r->form->columns[r->walk.columns[i]].name, column))
            return r->walk.headings[i];
    for (size_t i = 0; i < r->form->columns_len; i++)
        if (str_eq(r->form->columns[i].name, column))
            return r->form->columns[i].headers[0];
    return STR("");
}

static enum err_class rejects_tell(struct reading *r, const struct mapped *mapped,
                                   const struct json *const *rows, struct arena *arena,
                                   struct err *err)
{
    for (size_t i = 0; i < mapped->rejects_len; i++) {
        const struct reject *reject = &mapped->rejects[i];
        size_t at = record_place(rows, r->walk.records_len, reject->record);
        struct import_fault fault = {.column = field_heading(r, reject->field),
                                     .code = arena_dup(arena, str_of(reject->code)),
                                     .message = reject->message};
        if (!fault.code.ptr)
            return err_no_memory(err);
        if (at < r->walk.records_len) {
            fault.sheet = r->walk.records[at].sheet;
            fault.line = r->walk.records[at].line;
        }
        fault_add(r, &fault);
    }
    return ERR_OK;
}

/* A key as people read it: its parts are joined by U+001F. */
static struct str key_shown(struct str key, struct arena *arena)
{
    struct str shown = arena_dup(arena, key);
    char *text = (char *)(uintptr_t)shown.ptr;
    for (size_t i = 0; text && i < shown.len; i++)
        if (text[i] == '\x1f')
            text[i] = ' ';
    return shown;
}

/* A key that another row of the file has: that row stays, this one is refused. */
static enum err_class keys_look(struct reading *r, const struct mapped *mapped,
                                const struct json *const *rows, struct arena *arena,
                                struct err *err)
{
    const struct batch *batch = mapped->batches[0];
    for (size_t row = 0; row < batch->rows_len; row++) {
        struct str key;
        bool added = false;
        enum err_class class_ = batch_key(batch, row, arena, &key, err);
        if (class_ != ERR_OK)
            return class_;
        uint64_t hash = id_hash(key);
        struct str kept = arena_dup(&r->walk.kept, (struct str){(const char *)&hash, sizeof hash});
        struct map_entry *entry = kept.ptr ? map_put(&r->seen, kept, &added) : NULL;
        if (!entry)
            return err_no_memory(err);
        size_t at = record_place(rows, r->walk.records_len, batch->records[row]);
        if (added) {
            entry->value.number = (uint64_t)r->walk.records[at].line;
            continue;
        }
        r->dropped[at] = true;
        struct str message = arena_printf(arena, "row %llu has the same key: %.*s",
                                          (unsigned long long)entry->value.number,
                                          STR_ARG(key_shown(key, arena)));
        if (!message.ptr)
            return err_no_memory(err);
        const struct import_fault fault = {.sheet = r->walk.records[at].sheet,
                                           .line = r->walk.records[at].line,
                                           .column = STR(""),
                                           .code = STR("key_twice"),
                                           .message = message};
        fault_add(r, &fault);
    }
    return ERR_OK;
}

/* Rows that are known by what they say: which of those alike each one is. Nothing is refused, for two alike are two. The
 * number is kept with the page, so that a process that goes on with it, and an original that is mapped again, have it too. */
static enum err_class rows_number(struct reading *r, const struct mapped *mapped,
                                  const struct json *const *rows, struct err *err)
{
    const struct batch *batch = mapped->batches[0];
    for (size_t row = 0; row < batch->rows_len; row++) {
        struct str content = batch->columns[r->form->content].texts[row];
        struct map_entry *entry = map_find(&r->seen, content);
        if (!entry) {
            struct str kept = arena_dup(&r->walk.kept, content);
            entry = kept.ptr ? map_put(&r->seen, kept, NULL) : NULL;
        }
        if (!entry)
            return err_no_memory(err);
        size_t at = record_place(rows, r->walk.records_len, batch->records[row]);
        r->walk.records[at].nth = (int64_t)++entry->value.number;
    }
    return ERR_OK;
}

/* The records of a page's document, as they stand. */
static enum err_class page_rows(const struct reading *r, const struct page *page,
                                struct arena *arena, const struct json ***out, struct err *err)
{
    struct json_iter iter;
    const struct json **rows = arena_array(arena, IMPORT_PAGE_ROWS, sizeof *rows), *row;
    *out = rows;
    if (!rows)
        return err_no_memory(err);
    json_iter_init(&iter, json_get(json_root(page->doc), STR("rows")));
    for (size_t i = 0; i < r->walk.records_len && (row = json_iter_next(&iter, NULL)); i++)
        rows[i] = row;
    return ERR_OK;
}

static enum err_class page_judge(struct reading *r, const struct page *page, struct arena *arena,
                                 struct err *err)
{
    struct facts facts = r->shop.facts;
    struct mapped mapped;
    const struct json **rows;
    facts.received_ms = r->received_ms;
    enum err_class class_ = page_rows(r, page, arena, &rows, err);
    if (class_ == ERR_OK)
        class_ = connector_map(r->ask->form, r->form->stream, &facts, page, arena, &mapped, err);
    if (class_ == ERR_OK)
        class_ = rejects_tell(r, &mapped, rows, arena, err);
    if (class_ != ERR_OK)
        return class_;
    return r->form->content != SIZE_MAX ? rows_number(r, &mapped, rows, err)
                                        : keys_look(r, &mapped, rows, arena, err);
}

/* The record of the walk that is the n-th of those that were not refused as a whole. */
static const struct import_record *record_kept(const struct reading *r, size_t n)
{
    for (size_t i = 0; i < r->walk.records_len; i++)
        if (!r->dropped[i] && n-- == 0)
            return &r->walk.records[i];
    return NULL;
}

static enum err_class change_tell(struct reading *r, const struct batch *batch, size_t row,
                                  const struct json *const *rows, enum row_outcome outcome,
                                  struct arena *arena, struct err *err)
{
    struct str key;
    size_t at = record_place(rows, r->walk.records_len, batch->records[row]);
    const struct import_record *record = record_kept(r, at);
    enum err_class class_ = batch_key(batch, row, arena, &key, err);
    if (class_ != ERR_OK || !record)
        return class_;
    const struct import_change change = {record->sheet, record->line, key_shown(key, arena),
                                         outcome};
    r->ask->change(r->context, &change);
    return ERR_OK;
}

static enum err_class outcomes_look(struct reading *r, const struct batch *batch,
                                    const struct page *page, struct arena *arena, struct err *err)
{
    unsigned char *outcomes = arena_alloc(arena, batch->rows_len + 1);
    const struct json **rows;
    enum err_class class_ = outcomes ? page_rows(r, page, arena, &rows, err) : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = store_judge(r->sync->options.store, batch, r->shop.id, clock_now_ms(), outcomes,
                             err);
    for (size_t row = 0; class_ == ERR_OK && row < batch->rows_len; row++) {
        enum row_outcome outcome = outcomes[row];
        r->counts->outcomes[outcome]++;
        if (r->ask->change && (outcome == ROW_CHANGED || outcome == ROW_OLDER))
            class_ = change_tell(r, batch, row, rows, outcome, arena, err);
    }
    return class_;
}

/* What storing it would come to. */
static enum err_class page_look(struct reading *r, struct str text, struct arena *arena,
                                struct err *err)
{
    struct task_run run = reading_run(r);
    struct facts facts = r->shop.facts;
    struct prepared prepared;
    struct page page = {.doc = NULL};
    facts.received_ms = r->received_ms;
    enum err_class class_ = json_parse(text, &page.doc, err);
    if (class_ == ERR_OK)
        class_ = page_prepare(&run, &facts, &page, arena, &prepared, err);
    if (class_ == ERR_OK)
        class_ = outcomes_look(r, prepared.mapped.batches[0], &page, arena, err);
    json_free(page.doc);
    return class_;
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

/* --- whose a row is --- */

/* The cell of the column that names the shop; empty: the row is of the shop that was asked for. */
static struct str row_shop(const struct reading *r, const struct json *row)
{
    return json_text(json_get(json_get(row, STR("cells")), r->form->columns[r->form->shop].name));
}

static enum err_class shop_fault(struct reading *r, const struct import_record *record,
                                 struct str word, struct str code, const char *why, struct err *err)
{
    struct import_fault fault = {record->sheet, record->line, STR(""), code,
                                 arena_printf(&r->walk.arena, "\"%.*s\" %s", STR_ARG(word), why)};
    for (size_t i = 0; i < r->walk.columns_len; i++)
        if (r->walk.columns[i] == r->form->shop)
            fault.column = r->walk.headings[i];
    return fault.message.ptr ? fault_add(r, &fault) : err_no_memory(err);
}

/* Whether the row is one of the asked shop's. Of a file that is taken for each of its shops in turn the others' rows are
 * no rows, and who is nobody's is told once. */
static enum err_class row_is_ours(struct reading *r, const struct import_record *record,
                                  const struct json *row, bool *ours, struct err *err)
{
    struct str word = row_shop(r, row);
    const struct import_ask *ask = r->ask;
    int64_t id = ask->shop->id;
    if (ask->shop_named && (word.len > 0 || ask->part))
        id = word.len > 0 ? ask->shop_named(ask->shops_context, word) : 0;
    *ours = id == ask->shop->id;
    if (*ours || (ask->part && (id > 0 || ask->part_behind))) {
        r->counts->rows -= !*ours;
        return ERR_OK;
    }
    struct str code = id > 0 ? STR("shop_other") : STR("shop_unknown");
    return shop_fault(r, record, word, code,
                      id > 0 ? "is another shop than the one that the file is for" : "is no shop",
                      err);
}

/* Takes the rows of the page that are not this shop's out of it. */
static enum err_class page_ours(struct reading *r, const struct page *page, bool *all,
                                struct err *err)
{
    struct import_walk *walk = &r->walk;
    struct json_iter iter;
    const struct json *row;
    size_t kept = 0;
    enum err_class class_ = ERR_OK;
    json_iter_init(&iter, json_get(json_root(page->doc), STR("rows")));
    for (size_t i = 0; class_ == ERR_OK && i < walk->records_len; i++) {
        bool ours = false;
        row = json_iter_next(&iter, NULL);
        class_ = row_is_ours(r, &walk->records[i], row, &ours, err);
        if (ours)
            walk->records[kept++] = walk->records[i];
    }
    *all = kept == walk->records_len;
    walk->records_len = kept;
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
        class_ = page_ours(r, page, &all, err);
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
        class_ = page_judge(r, &page, &arena, err);
    for (size_t i = 0; i < r->walk.records_len; i++)
        kept += !r->dropped[i];
    if (class_ == ERR_OK)
        class_ = walk_page_text(&r->walk, r->dropped, &text, err);
    if (class_ == ERR_OK && kept == 0)
        buf_reset(&text);
    if (class_ == ERR_OK && kept > 0 && !r->keeps)
        class_ = page_look(r, buf_str(&text), &arena, err);
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

/* What each row of a page is: refused, one that another row repeats, another shop's, new, changed, the same or older. */
#include "sync/import_reading.h"

#include <string.h>

#include "sync/sync_internal.h"

enum err_class reading_fault(struct reading *r, const struct import_fault *fault)
{
    r->counts->errors++;
    if (r->each)
        r->each(r->context, fault);
    if (r->faults_len < sizeof r->faults / sizeof *r->faults)
        r->faults[r->faults_len++] = *fault;
    return ERR_OK;
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
        reading_fault(r, &fault);
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
        reading_fault(r, &fault);
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

enum err_class reading_judge(struct reading *r, const struct page *page, struct arena *arena,
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
enum err_class reading_look(struct reading *r, struct str text, struct arena *arena,
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
    return fault.message.ptr ? reading_fault(r, &fault) : err_no_memory(err);
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
enum err_class reading_ours(struct reading *r, const struct page *page, bool *all, struct err *err)
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

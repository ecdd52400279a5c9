/* The task that stores a file's pages, one commit unit each: the rows, and that their page is done. */
#include <string.h>

#include "sync/import.h"
#include "sync/import_walk.h"
#include "sync/sql.h"
#include "sync/sync_internal.h"

enum { PAGE_BYTES_MAX = 8 * IMPORT_PAGE_BYTES };

struct import_job {
    int64_t id, received_ms, pages, done;
    bool refused; /* every row of it */
    const struct connector *form;
};

static enum err_class job_load(struct task_run *run, struct import_job *job, bool *over,
                               struct err *err)
{
    struct json_doc *doc;
    enum err_class class_ = json_parse(run->task->payload, &doc, err);
    if (class_ != ERR_OK)
        return class_;
    bool good = str_to_i64(json_text(json_get(json_root(doc), STR("import"))), &job->id);
    json_free(doc);
    if (!good)
        return err_set(err, ERR_CONFIG, "import_kind", "the task does not name an import");
    const struct sql_value id = sql_int(job->id);
    struct reader *row;
    class_ = store_read(run->sync->options.store, SQL_IMPORT_LOAD, &id, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    *over = !reader_next(row);
    if (!*over) {
        class_ = sync_form(run->sync, reader_text(row, 0), &job->form, err);
        job->received_ms = reader_int(row, 1);
        job->pages = reader_int(row, 2);
        job->done = reader_int(row, 3);
        job->refused = reader_int(row, 4) == reader_int(row, 5);
    }
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

static enum err_class page_load(const struct task_run *run, const struct import_job *job,
                                struct page *page, struct err *err)
{
    const struct sql_value values[] = {sql_int(job->id), sql_int(job->done + 1)};
    struct reader *row;
    struct buf packed, text;
    enum err_class class_ = store_read(run->sync->options.store, SQL_IMPORT_PAGE_LOAD, values, 2,
                                       &row, err);
    if (class_ != ERR_OK)
        return class_;
    buf_init(&packed, PAGE_BYTES_MAX);
    buf_init(&text, PAGE_BYTES_MAX);
    if (!reader_next(row))
        class_ = err_set(err, ERR_CONFIG, "import_page", "page %lld of import %lld is gone",
                         (long long)job->done + 1, (long long)job->id);
    if (class_ == ERR_OK)
        class_ = seal_read(run->sync->options.keyring, &packed, reader_text(row, 0), IMPORT_CONTEXT,
                           err);
    if (class_ == ERR_OK)
        class_ = zstd_read(&text, buf_str(&packed), err);
    if (class_ == ERR_OK)
        class_ = json_parse(buf_str(&text), &page->doc, err);
    buf_fini(&text);
    buf_fini(&packed);
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

static enum err_class steps_page_done(const struct task_run *run, const struct import_job *job,
                                      struct arena *arena, struct steps *steps, struct err *err)
{
    (void)run;
    bool last = job->done + 1 == job->pages;
    const struct sql_value page[] = {sql_int(job->id), sql_int(job->done + 1)};
    const struct sql_value counts[] = {sql_int(job->id),
                                       sql_int(job->done + 1),
                                       sql_outcome(ROW_NEW),
                                       sql_outcome(ROW_CHANGED),
                                       sql_outcome(ROW_SAME),
                                       sql_outcome(ROW_OLDER),
                                       sql_text(!last          ? STR("waiting")
                                                : job->refused ? STR("refused")
                                                               : STR("done")),
                                       sql_int_or_null(clock_now_ms(), last)};
    enum err_class class_ = steps_add(steps, SQL_IMPORT_PAGE_DELETE, page, 2, 1, arena, err);
    return class_ == ERR_OK ? steps_add(steps, SQL_IMPORT_COUNT, counts, 8, 1, arena, err) : class_;
}

/* The rows before the end of the task: what its execution records is counted by then. */
static enum err_class page_store(struct task_run *run, struct import_job *job, struct err *err)
{
    struct arena arena;
    struct prepared prepared;
    struct page page = {.doc = NULL};
    struct steps steps = {.len = 0};
    struct facts facts = task_facts(run, NULL);
    facts.received_ms = job->received_ms;
    arena_init(&arena);
    enum err_class class_ = page_load(run, job, &page, err);
    if (class_ == ERR_OK)
        class_ = page_prepare(run, &facts, &page, &arena, &prepared, err);
    if (class_ == ERR_OK)
        class_ = steps_page_done(run, job, &arena, &steps, err);
    if (class_ == ERR_OK && FAIL_POINT("sync.import.page"))
        class_ = err_set(err, ERR_INTERNAL, "fail_point", "fail point sync.import.page");
    if (class_ == ERR_OK)
        class_ = rows_commit(run, &prepared, &steps, &arena, err);
    if (class_ == ERR_OK) {
        job->done++;
        run->outcome->pages++;
    }
    json_free(page.doc);
    arena_fini(&arena);
    return class_;
}

enum task_end import_task(struct task_run *run)
{
    struct err err = {0};
    struct import_job job = {0};
    struct sync_shop shop = *run->shop;
    bool over = false;
    enum err_class class_ = job_load(run, &job, &over, &err);
    if (class_ == ERR_OK && !over) {
        shop.connector = job.form;
        run->shop = &shop;
        run->stream = connector_file(job.form)->stream;
        run->outcome->stream = run->stream->name;
    }
    while (class_ == ERR_OK && !over && job.done < job.pages) {
        if (task_should_yield(run)) {
            run->outcome->again_ms = clock_now_ms();
            return TASK_AGAIN;
        }
        class_ = page_store(run, &job, &err);
    }
    if (class_ == ERR_OK)
        class_ = task_finish(run, &err);
    return class_ == ERR_OK ? TASK_DONE : task_failed(run, class_, &err);
}

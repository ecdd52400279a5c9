/* Revisit: where a platform has no filter by update time, rows whose status is not final are asked again
 * by their ids. A revisit is no window and proves nothing about completeness: every id that was asked
 * is answered, or counted as missing in ask_plan. A batch is one call and one commit unit; one that the
 * platform refuses is asked in parts (refusal.c). */
#include "sync/sync_internal.h"

enum { STALE_EVERY_MS = 24 * 60 * 60 * 1000, REVISIT_IDS_MAX = 500 };

/* The list that parts of a question are of: there is one. */
#define LIST STR("rows")

struct open_rows {
    bool aside; /* it is one row, and was set aside before */
    bool whole; /* no other row is due */
    struct str ids[REVISIT_IDS_MAX];
    uint64_t id_hashes[REVISIT_IDS_MAX];
    int64_t changed_ms[REVISIT_IDS_MAX], missing[REVISIT_IDS_MAX];
    size_t len;
};

/* Open rows are in the plan since they were stored (due.c). */
enum err_class revisit_query(const struct stream *stream, struct arena *arena, struct str *out,
                             struct err *err)
{
    const struct table *table = stream->table;
    struct str key = table->columns[table->key[0]].name;
    struct str status = table->columns[table->status].name;
    struct str column = arena_printf(arena, "o.%.*s", STR_ARG(status));
    struct str final = column.ptr ? status_in_final_sql(stream, column, arena) : STR_NONE;
    struct str aside = aside_sql(table, key, arena);
    if (!final.ptr || !aside.ptr)
        return err_no_memory(err);
    *out = arena_printf(
        arena,
        "SELECT o.%.*s, o.changed_ms, p.missing, %.*s FROM ask_plan p CROSS JOIN %.*s o"
        " WHERE p.shop_id = ?1 AND p.stream = ?2 AND p.next_ms <= ?3 AND o.shop_id = ?1"
        " AND o.%.*s = p.key_text AND (%.*s IS NULL OR NOT %.*s)"
        " ORDER BY o.%.*s LIMIT ?4 OFFSET ?5",
        STR_ARG(key), STR_ARG(aside), STR_ARG(table->name), STR_ARG(key), STR_ARG(column),
        STR_ARG(final), STR_ARG(key));
    return out->ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class open_row_add(const struct reader *row, struct arena *arena,
                                   struct open_rows *out, struct err *err)
{
    bool aside = reader_int(row, 3) != 0;
    /* One that was set aside is asked alone, so that the others are answered. */
    if (out->len > 0 && (out->aside || aside))
        return ERR_OK;
    struct str id = arena_dup(arena, reader_text(row, 0));
    if (!id.ptr)
        return err_no_memory(err);
    out->aside = aside;
    out->ids[out->len] = id;
    out->id_hashes[out->len] = id_hash(id);
    out->changed_ms[out->len] = reader_int(row, 1);
    out->missing[out->len++] = reader_int(row, 2);
    return ERR_OK;
}

/* The rows that are due, at most `rows` and as many as one call may ask for, from the `offset`th on. */
static enum err_class open_rows_read(const struct task_run *run, struct str sql, int64_t now_ms,
                                     size_t offset, size_t rows, struct arena *arena,
                                     struct open_rows *out, struct err *err)
{
    int64_t max = min_i64(min_i64(run->stream->by_id_max, REVISIT_IDS_MAX), (int64_t)rows);
    const struct sql_value values[] = {sql_int(run->shop->id), sql_text(run->stream->name),
                                       sql_int(now_ms), sql_int(max), sql_int((int64_t)offset)};
    struct reader *row;
    int64_t read = 0;
    out->len = 0;
    enum err_class class_ = store_read(run->sync->options.store, sql.ptr, values, 5, &row, err);
    if (class_ != ERR_OK)
        return class_;
    for (; class_ == ERR_OK && reader_next(row); read++)
        class_ = open_row_add(row, arena, out, err);
    out->whole = offset == 0 && read < max && read == (int64_t)out->len;
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

static bool hash_among(uint64_t wanted, const uint64_t *hashes, size_t hashes_len)
{
    for (size_t i = 0; i < hashes_len; i++)
        if (hashes[i] == wanted)
            return true;
    return false;
}

/* An endpoint that overlooks its filter gives any records. */
static enum err_class answers_check(const struct open_rows *rows, const struct mapped *mapped,
                                    struct err *err)
{
    for (size_t i = 0; i < mapped->id_hashes_len; i++)
        if (!hash_among(mapped->id_hashes[i], rows->id_hashes, rows->len))
            return err_set(err, ERR_BAD_REPLY, "other_record",
                           "asked for %zu records by their ids the platform answered with another",
                           rows->len);
    return ERR_OK;
}

static enum err_class steps_revisited(const struct task_run *run, const struct open_rows *rows,
                                      const struct mapped *mapped, int64_t now_ms,
                                      struct arena *arena, struct steps *steps, struct err *err)
{
    struct ask_mark *marks = arena_array(arena, rows->len, sizeof *marks);
    if (!marks)
        return err_no_memory(err);
    for (size_t i = 0; i < rows->len; i++) {
        bool stale = now_ms - rows->changed_ms[i] > run->stream->revisit.stale_ms;
        bool answered = hash_among(rows->id_hashes[i], mapped->id_hashes, mapped->id_hashes_len);
        marks[i] = (struct ask_mark){
            .key = rows->ids[i],
            .next_ms = stale ? now_ms + STALE_EVERY_MS : pass_next_ms(run->stream, now_ms),
            .missing = answered ? 0 : rows->missing[i] + 1,
            .days_next_ms = ASK_NEVER,
        };
    }
    return steps_asked(run, marks, rows->len, arena, steps, err);
}

/* What is over once the rows are answered: a part of the list, or that one was set aside. */
static enum err_class steps_over(const struct task_run *run, const struct open_rows *rows,
                                 struct pass *pass, struct arena *arena, struct steps *steps,
                                 struct err *err)
{
    if (rows->aside)
        return steps_aside_over(run, run->stream->table, rows->ids[0], arena, steps, err);
    if (pass->parts.list.len == 0)
        return ERR_OK;
    parts_done(&pass->parts, LIST, rows->len, true);
    return steps_pass(run, pass, arena, steps, err);
}

/* *ended: no other row is due, and the task ended with the answer. (One that has rejects is counted first.) */
static enum err_class answer_commit(struct task_run *run, const struct open_rows *rows,
                                    struct pass *pass, struct facts *facts, const struct page *page,
                                    int64_t now_ms, bool *ended, struct arena *arena,
                                    struct err *err)
{
    struct prepared prepared;
    struct steps steps = {.len = 0};
    struct pass after = *pass;
    enum err_class class_ = page_prepare(run, facts, page, arena, &prepared, err);
    if (class_ == ERR_OK)
        class_ = answers_check(rows, &prepared.mapped, err);
    if (class_ == ERR_OK)
        class_ = steps_revisited(run, rows, &prepared.mapped, now_ms, arena, &steps, err);
    if (class_ == ERR_OK)
        class_ = steps_over(run, rows, &after, arena, &steps, err);
    bool last = class_ == ERR_OK && rows->whole && prepared.rejects == 0;
    if (last)
        class_ = steps_task_done(run, arena, &steps, err);
    if (class_ == ERR_OK && FAIL_POINT("sync.revisit.asked"))
        class_ = err_set(err, ERR_INTERNAL, "fail_point", "fail point sync.revisit.asked");
    if (class_ == ERR_OK)
        class_ = rows_commit(run, &prepared, &steps, arena, err);
    *ended = class_ == ERR_OK && last;
    if (class_ == ERR_OK)
        *pass = after;
    return class_;
}

static enum err_class rows_ask(struct task_run *run, const struct open_rows *rows,
                               struct pass *pass, int64_t now_ms, bool *ended, struct arena *arena,
                               struct err *err)
{
    struct call_ask ask = task_ask(run, run->stream->by_id, NULL);
    ask.facts.ids = rows->ids;
    ask.facts.ids_len = rows->len;
    ask.facts.page.number = run->stream->pages.first;
    ask.facts.page.size = run->stream->pages.size;
    struct page page;
    enum err_class class_ = gateway_call(run->sync->options.gateway, &ask, arena, &page,
                                         &ask.facts.received_ms, err);
    if (class_ != ERR_OK)
        return class_;
    run->outcome->calls++;
    run->outcome->pages++;
    class_ = answer_commit(run, rows, pass, &ask.facts, &page, now_ms, ended, arena, err);
    page_fini(&page);
    return class_;
}

static enum err_class row_set_aside(struct task_run *run, const struct open_rows *rows,
                                    const struct pass *pass, int64_t now_ms, const struct err *why,
                                    struct arena *arena, struct err *err)
{
    struct steps steps = {.len = 0};
    const struct ask_mark mark = {
        .key = rows->ids[0],
        .next_ms = aside_until_ms(now_ms, rows->aside),
        .missing = rows->missing[0] + 1,
        .days_next_ms = ASK_NEVER,
    };
    enum err_class class_ = steps_asked(run, &mark, 1, arena, &steps, err);
    if (class_ == ERR_OK)
        class_ = steps_pass(run, pass, arena, &steps, err);
    return class_ == ERR_OK
               ? aside_commit(run, run->stream->table, mark.key, why, &steps, arena, err)
               : class_;
}

/* What becomes of rows whose question failed. */
static enum err_class rows_refused(struct task_run *run, const struct open_rows *rows,
                                   struct pass *pass, int64_t now_ms, enum err_class class_,
                                   struct arena *arena, struct err *err)
{
    struct err why = *err;
    switch (refusal_judge(run, &pass->parts, LIST, rows->len, rows->len, rows->aside, class_)) {
    case REFUSAL_FAILS:
        break;
    case REFUSAL_PARTS:
        return pass_keep(run, pass, arena, err);
    case REFUSAL_ASIDE:
        return row_set_aside(run, rows, pass, now_ms, &why, arena, err);
    }
    return class_;
}

static enum err_class rows_next(const struct task_run *run, struct str sql, struct pass *pass,
                                int64_t now_ms, struct arena *arena, struct open_rows *out,
                                struct err *err)
{
    size_t offset, rows = REVISIT_IDS_MAX;
    bool part = parts_next(run, &pass->parts, LIST, &offset, &rows);
    enum err_class class_ = open_rows_read(run, sql, now_ms, offset, rows, arena, out, err);
    if (class_ != ERR_OK || out->len > 0 || !part)
        return class_;
    parts_drop(&pass->parts);
    return open_rows_read(run, sql, now_ms, 0, REVISIT_IDS_MAX, arena, out, err);
}

static enum err_class revisit_run(struct task_run *run, bool *ended, struct err *err)
{
    struct arena texts, arena;
    struct pass pass;
    struct str sql = STR_NONE;
    arena_init(&texts);
    arena_init(&arena);
    struct open_rows *rows = arena_alloc(&texts, sizeof *rows);
    enum err_class class_ = rows ? revisit_query(run->stream, &texts, &sql, err)
                                 : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = pass_read(run->task->payload, &texts, &pass, err);
    bool more = true;
    while (class_ == ERR_OK && more) {
        int64_t now_ms = clock_now_ms();
        arena_reset(&arena);
        if (task_should_yield(run))
            class_ = err_set(err, ERR_STOPPED, "yield", "the worker is needed elsewhere");
        if (class_ == ERR_OK)
            class_ = rows_next(run, sql, &pass, now_ms, &arena, rows, err);
        more = class_ == ERR_OK && rows->len > 0;
        if (more)
            class_ = rows_ask(run, rows, &pass, now_ms, ended, &arena, err);
        if (more && class_ != ERR_OK)
            class_ = rows_refused(run, rows, &pass, now_ms, class_, &arena, err);
        else
            more = more && !rows->whole;
    }
    arena_fini(&arena);
    arena_fini(&texts);
    return class_;
}

enum task_end revisit_task(struct task_run *run)
{
    struct err err = {0};
    bool ended = false;
    enum err_class class_ = revisit_run(run, &ended, &err);
    if (class_ == ERR_OK && !ended)
        class_ = task_finish(run, &err);
    return class_ == ERR_OK ? TASK_DONE : task_failed(run, class_, &err);
}

/* Rows enter the plan of what is asked by ids (ask_plan) with the unit that stores them: one that is new or
 * changed is due from then on. So a pass finds what is due by an index and never walks the rows of a shop.
 *
 * Once a day all rows of a stream are compared with the plan, so that a home of an older program, a stream
 * that a new manifest brings, and a clock that was ahead are made good. */
#include "sync/sql.h"
#include "sync/sync_internal.h"

enum {
    KEYS_BYTES_MAX = 8 * 1024 * 1024,
    TEXT_BYTES_MAX = 16 * 1024,
    COMPARE_EVERY_MS = 24 * 60 * 60 * 1000,
};

/* Does `asking` ask for the rows of `rows` by their ids? */
static bool stream_asks(const struct stream *asking, const struct stream *rows)
{
    return asking->figures.of == rows || (asking == rows && rows->revisit.on);
}

/* Keys of the rows of this table that are not stored just so, as a JSON list; none: an empty text. */
static struct str keys_json(const struct mapped *mapped, const struct table *table,
                            struct arena *arena)
{
    struct buf text;
    buf_init(&text, KEYS_BYTES_MAX);
    for (size_t i = 0; i < mapped->batches_len; i++) {
        const struct batch *batch = mapped->batches[i];
        for (size_t row = 0; batch->table == table && row < batch->rows_len; row++) {
            if (batch->known && batch->known[row] == KNOWN_SAME)
                continue;
            buf_add_char(&text, text.len == 0 ? '[' : ',');
            json_write_string(&text, batch->columns[table->key[0]].texts[row]);
        }
    }
    if (text.len > 0)
        buf_add_char(&text, ']');
    struct str json = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return json;
}

/* The rows `o` that `from` gives enter the plan of `asking`; `also`: of those only. Bound: ?1 shop ?2 stream
 * ?at when a row that is to be revisited is due.
 *
 * An order whose figures are wanted is due when it changed. A row that is revisited is due with the next
 * pass, since its own unit has just read it; where the platform calls it final it is due no more. */
static struct str plan_text(const struct stream *asking, struct str from, const char *also, int at,
                            struct arena *arena)
{
    bool figures = asking->figures.of != NULL;
    const struct table *table = figures ? asking->figures.of->table : asking->table;
    struct str key = table->columns[table->key[0]].name;
    struct str status = STR_NONE, final = STR_NONE;
    if (!figures)
        status = arena_printf(arena, "o.%.*s", STR_ARG(table->columns[table->status].name));
    if (status.ptr)
        final = status_in_final_sql(asking, status, arena);
    if (!figures && !final.ptr)
        return STR_NONE;
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    buf_printf(&text, SQL_PLAN_INTO, STR_ARG(key));
    if (figures)
        buf_add(&text, STR("o.changed_ms"));
    else
        buf_printf(&text, "CASE WHEN %.*s THEN NULL ELSE CAST(?%d AS bigint) END", STR_ARG(final),
                   at);
    buf_printf(&text, ", 0, 0 FROM %.*s LEFT JOIN ask_plan p ON p.shop_id = ?1 AND p.stream = ?2",
               STR_ARG(from));
    buf_printf(&text, " AND p.key_text = o.%.*s WHERE o.shop_id = ?1%s AND ", STR_ARG(key), also);
    if (figures)
        buf_add(&text, STR(SQL_PLAN_CHANGED));
    else
        buf_printf(&text, SQL_PLAN_OPEN, STR_ARG(status), STR_ARG(final), STR_ARG(final));
    buf_add(&text, STR(SQL_PLAN_DUE));
    struct str out = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return out;
}

/* The same of the rows whose keys are in ?3, a JSON list; `list` is how a database walks one. */
static struct str listed_text(const struct task_run *run, const struct stream *asking,
                              const char *list, struct arena *arena)
{
    const struct table *table = run->stream->table;
    struct str from = arena_printf(arena, "%s j CROSS JOIN %.*s o", list, STR_ARG(table->name));
    struct str also = arena_printf(arena, " AND o.%.*s = j.value",
                                   STR_ARG(table->columns[table->key[0]].name));
    return from.ptr && also.ptr ? plan_text(asking, from, also.ptr, 4, arena) : STR_NONE;
}

static enum err_class steps_plan(const struct task_run *run, const struct stream *asking,
                                 struct str keys, struct arena *arena, struct steps *steps,
                                 struct err *err)
{
    struct str sqlite = listed_text(run, asking, "json_each(?3)", arena);
    struct str postgres = listed_text(
        run, asking, "(SELECT value FROM json_array_elements_text(CAST(?3 AS json)) AS l (value))",
        arena);
    struct str mariadb = listed_text(
        run, asking,
        "JSON_TABLE(?3, '$[*]' COLUMNS (value varchar(191) CHARACTER SET utf8mb4"
        " COLLATE utf8mb4_nopad_bin PATH '$'))",
        arena);
    struct str sql = arena_printf(arena, SQL_PER_DATABASE("%.*s", "%.*s", "%.*s"), STR_ARG(sqlite),
                                  STR_ARG(postgres), STR_ARG(mariadb));
    const struct sql_value values[] = {sql_int(run->shop->id), sql_text(asking->name),
                                       sql_text(keys),
                                       sql_int(pass_next_ms(asking, clock_now_ms()))};
    if (!sqlite.ptr || !postgres.ptr || !mariadb.ptr || !sql.ptr)
        return err_no_memory(err);
    return steps_add(steps, sql.ptr, values, asking->figures.of ? 3 : 4, -1, arena, err);
}

enum err_class steps_rows_planned(const struct task_run *run, const struct mapped *mapped,
                                  struct arena *arena, struct steps *steps, struct err *err)
{
    const struct connector *connector = run->shop->connector;
    struct str keys = STR_NONE;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < connector_streams(connector); i++) {
        const struct stream *asking = connector_stream_at(connector, i);
        if (!stream_asks(asking, run->stream))
            continue;
        if (!keys.ptr)
            keys = keys_json(mapped, run->stream->table, arena);
        if (!keys.ptr)
            return err_no_memory(err);
        if (keys.len > 0)
            class_ = steps_plan(run, asking, keys, arena, steps, err);
    }
    return class_;
}

bool plan_is_fresh(int64_t planned_ms, int64_t now_ms)
{
    return planned_ms > now_ms - COMPARE_EVERY_MS && planned_ms <= now_ms;
}

enum err_class steps_plan_compared(const struct sync_shop *shop, const struct stream *stream,
                                   int64_t planned_ms, int64_t now_ms, struct arena *arena,
                                   struct steps *steps, struct err *err)
{
    const struct stream *rows = stream->figures.of ? stream->figures.of : stream;
    if (plan_is_fresh(planned_ms, now_ms) || !stream_asks(stream, rows))
        return ERR_OK;
    struct str from = arena_printf(arena, "%.*s o", STR_ARG(rows->table->name));
    struct str sql = from.ptr ? plan_text(stream, from, "", 3, arena) : STR_NONE;
    const struct sql_value values[] = {sql_int(shop->id), sql_text(stream->name), sql_int(now_ms)};
    if (!sql.ptr)
        return err_no_memory(err);
    enum err_class class_ = steps_add(steps, sql.ptr, values, stream->figures.of ? 2 : 3, -1, arena,
                                      err);
    return class_ == ERR_OK ? steps_add(steps, SQL_PLAN_COMPARED, values, 3, -1, arena, err)
                            : class_;
}

/* What is derived from an order's figures also says whether they may still change, and that is in the plan and not in
 * a row: where the plan of an order or of a day ends, it is touched (store.h: STEP_TOUCHES) in the unit that ends it.
 * Nothing is where it had ended before. */
#include "sync/sql.h"
#include "sync/sync_internal.h"

enum { KEYS_BYTES_MAX = 8 * 1024 * 1024, QUERY_BYTES_MAX = 2048 };

/* ?1 shop ?2 stream ?3 keys ?4 what they are of: those that are not yet due no more, as one list. `column` says when they
 * are due. */
/* clang-format off */
#define TOUCH_DUE(list, text, column)                                                              \
    "INSERT INTO touched (shop_id, table_name, key_count, key_list)"                               \
    " SELECT t.shop_id, t.table_name, t.key_count, t.key_list FROM (SELECT CAST(?1 AS bigint) AS"  \
    " shop_id, CAST(?4 AS text) AS table_name, count(*) AS key_count, " text " AS key_list"        \
    " FROM " list " WHERE NOT EXISTS (SELECT 1 FROM ask_plan p WHERE p.shop_id = ?1"               \
    " AND p.stream = ?2 AND p.key_text = k.value AND p." column " IS NULL)) AS t"                  \
    " WHERE t.key_count > 0"
#define TOUCH_WHERE_DUE(column)                                                                    \
    SQL_PER_DATABASE(                                                                              \
        TOUCH_DUE("json_each(?3) AS k", "json_group_array(k.value)", column),                      \
        TOUCH_DUE("json_array_elements_text(CAST(?3 AS json)) AS k (value)",                       \
                  "CAST(json_agg(k.value) AS text)", column),                                      \
        TOUCH_DUE("JSON_TABLE(?3, '$[*]' COLUMNS (value varchar(400) CHARACTER SET utf8mb4"        \
                  " COLLATE utf8mb4_nopad_bin PATH '$')) AS k", "JSON_ARRAYAGG(k.value)", column))
/* clang-format on */
static const char SQL_TOUCH_LIFE_ENDS[] = TOUCH_WHERE_DUE("next_ms");
static const char SQL_TOUCH_DAYS_END[] = TOUCH_WHERE_DUE("days_next_ms");
static struct str keys_end(struct buf *keys, struct arena *arena)
{
    buf_add_char(keys, ']');
    return keys->failed ? STR_NONE : arena_dup(arena, buf_str(keys));
}

static void key_add(struct buf *keys, struct str key)
{
    buf_add_char(keys, keys->len == 0 ? '[' : ',');
    json_write_string(keys, key);
}

enum err_class steps_ends_touched(const struct task_run *run, const struct ask_mark *marks,
                                  size_t marks_len, bool of_days, struct arena *arena,
                                  struct steps *steps, struct err *err)
{
    const struct stream *orders = run->stream->figures.of;
    struct buf keys;
    if (!orders || orders->table->derived_of.len == 0)
        return ERR_OK;
    buf_init(&keys, KEYS_BYTES_MAX);
    for (size_t i = 0; i < marks_len; i++)
        if ((of_days ? marks[i].days_next_ms : marks[i].next_ms) == ASK_NEVER)
            key_add(&keys, marks[i].key);
    struct str json = keys.len > 0 ? keys_end(&keys, arena) : STR("");
    bool any = keys.len > 0;
    buf_fini(&keys);
    const struct sql_value values[] = {sql_int(run->shop->id), sql_text(run->stream->name),
                                       sql_text(json), sql_text(orders->table->derived_of)};
    if (!json.ptr)
        return err_no_memory(err);
    return any ? steps_add(steps, of_days ? SQL_TOUCH_DAYS_END : SQL_TOUCH_LIFE_ENDS, values, 4,
                           STEP_TOUCHES, arena, err)
               : ERR_OK;
}

enum err_class steps_days_touched(const struct task_run *run, const struct str *days,
                                  size_t days_len, struct arena *arena, struct steps *steps,
                                  struct err *err)
{
    const struct table *table = run->stream->figures.day;
    enum err_class class_ = ERR_OK;
    if (table->derived_of.len == 0)
        return ERR_OK;
    for (size_t at = 0; !class_ && at < days_len; at += TOUCHED_LIST_KEYS) {
        struct step step;
        size_t left = days_len - at, part = left < TOUCHED_LIST_KEYS ? left : TOUCHED_LIST_KEYS;
        class_ = touch_step(run->shop->id, table->derived_of, days + at, part, arena, &step, err);
        if (!class_)
            class_ = steps_add(steps, step.sql, step.values, step.values_len, step.rows_expected,
                               arena, err);
    }
    return class_;
}

/* What was asked later than now, by a clock that was ahead, is asked again: no order of it is final, and none of its
 * days. Lists of 500, as units write them. ?1 shop ?2 stream ?3 now ?4 what the keys are of. */
#define TOUCH_AHEAD(list)                                                                          \
    "INSERT INTO touched (shop_id, table_name, key_count, key_list) SELECT CAST(?1 AS bigint),"    \
    " CAST(?4 AS text), count(*), " list " FROM (SELECT v.value, v.place - v.place %% 500 AS part" \
    " FROM (SELECT a.value, row_number() OVER (ORDER BY a.value) - 1 AS place FROM (%.*s) AS a)"   \
    " AS v) AS k GROUP BY k.part"

static enum err_class step_ahead_touched(struct str which, struct str of,
                                         const struct sql_value key[3], struct arena *arena,
                                         struct steps *steps, struct err *err)
{
    const struct sql_value values[] = {key[0], key[1], key[2], sql_text(of)};
    struct buf text;
    if (of.len == 0)
        return ERR_OK;
    buf_init(&text, QUERY_BYTES_MAX);
    buf_printf(&text,
               SQL_PER_DATABASE(TOUCH_AHEAD("json_group_array(k.value)"),
                                TOUCH_AHEAD("CAST(json_agg(k.value) AS text)"),
                                TOUCH_AHEAD("JSON_ARRAYAGG(k.value)")),
               STR_ARG(which), STR_ARG(which), STR_ARG(which));
    struct str sql = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return sql.ptr && which.ptr ? steps_add(steps, sql.ptr, values, 4, STEP_TOUCHES, arena, err)
                                : err_no_memory(err);
}

enum err_class steps_ahead_touched(const struct stream *stream, const struct sql_value key[3],
                                   struct arena *arena, struct steps *steps, struct err *err)
{
    const struct table *days = stream->figures.day;
    struct str orders = STR("SELECT p.key_text AS value FROM ask_plan p WHERE p.shop_id = ?1"
                            " AND p.stream = ?2 AND p.asked_ms > ?3");
    struct str of_days = arena_printf(
        arena,
        "SELECT DISTINCT d.day AS value FROM ask_plan p JOIN %.*s d ON d.shop_id = p.shop_id"
        " AND d.%.*s = p.key_text WHERE p.shop_id = ?1 AND p.stream = ?2 AND p.asked_ms > ?3",
        STR_ARG(days->name), STR_ARG(days->columns[days->key[0]].name));
    enum err_class class_ = step_ahead_touched(orders, stream->figures.of->table->derived_of, key,
                                               arena, steps, err);
    return class_ == ERR_OK ? step_ahead_touched(of_days, days->derived_of, key, arena, steps, err)
                            : class_;
}

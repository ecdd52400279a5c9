/* What is derived from an order's figures also says whether they may still change, and that is in the plan and not in
 * a row: where the plan of an order or of a day ends, it is touched (store.h: STEP_TOUCHES) in the unit that ends it.
 * Nothing is where it had ended before. */
#include "sync/sql.h"
#include "sync/sync_internal.h"

enum { KEYS_BYTES_MAX = 8 * 1024 * 1024 };

/* ?1 shop ?2 stream ?3 keys ?4 table. `column` says when they are due: not yet no more. */
/* clang-format off */
#define TOUCH_LISTED(list)                                                                         \
    "INSERT INTO touched (shop_id, table_name, key_text) SELECT ?1, ?4, k.value FROM " list
#define TOUCH_ONCE                                                                                 \
    " ON CONFLICT (shop_id, table_name, key_text) DO UPDATE SET key_text = excluded.key_text"
#define TOUCH_DUE(column)                                                                          \
    " WHERE NOT EXISTS (SELECT 1 FROM ask_plan p WHERE p.shop_id = ?1 AND p.stream = ?2"           \
    " AND p.key_text = k.value AND p." column " IS NULL)" TOUCH_ONCE
#define KEYS_SQLITE "json_each(?3) AS k"
#define KEYS_POSTGRES "json_array_elements_text(CAST(?3 AS json)) AS k (value)"
#define KEYS_MARIADB                                                                               \
    "JSON_TABLE(?3, '$[*]' COLUMNS (value varchar(400) CHARACTER SET utf8mb4"                      \
    " COLLATE utf8mb4_nopad_bin PATH '$')) AS k"
#define TOUCH(rest)                                                                                \
    SQL_PER_DATABASE(TOUCH_LISTED(KEYS_SQLITE) rest, TOUCH_LISTED(KEYS_POSTGRES) rest,             \
                     TOUCH_LISTED(KEYS_MARIADB) rest)
/* clang-format on */
static const char SQL_TOUCH_LIFE_ENDS[] = TOUCH(TOUCH_DUE("next_ms"));
static const char SQL_TOUCH_DAYS_END[] = TOUCH(TOUCH_DUE("days_next_ms"));
/* The stream is named so that all have the same values. */
static const char SQL_TOUCH_DAYS[] = TOUCH(" WHERE ?2 <> ''" TOUCH_ONCE);

static enum err_class keys_touch(const struct task_run *run, const char *sql, struct buf *keys,
                                 struct str table, struct arena *arena, struct steps *steps,
                                 struct err *err)
{
    if (keys->len == 0)
        return ERR_OK;
    buf_add_char(keys, ']');
    struct str json = keys->failed ? STR_NONE : arena_dup(arena, buf_str(keys));
    const struct sql_value values[] = {sql_int(run->shop->id), sql_text(run->stream->name),
                                       sql_text(json), sql_text(table)};
    return json.ptr ? steps_add(steps, sql, values, 4, STEP_TOUCHES, arena, err)
                    : err_no_memory(err);
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
    if (!orders || !orders->table->derived)
        return ERR_OK;
    buf_init(&keys, KEYS_BYTES_MAX);
    for (size_t i = 0; i < marks_len; i++)
        if ((of_days ? marks[i].days_next_ms : marks[i].next_ms) == ASK_NEVER)
            key_add(&keys, marks[i].key);
    enum err_class class_ = keys_touch(run, of_days ? SQL_TOUCH_DAYS_END : SQL_TOUCH_LIFE_ENDS,
                                       &keys, orders->table->name, arena, steps, err);
    buf_fini(&keys);
    return class_;
}

enum err_class steps_days_touched(const struct task_run *run, const struct str *keys,
                                  size_t keys_len, struct arena *arena, struct steps *steps,
                                  struct err *err)
{
    struct buf list;
    const struct table *days = run->stream->figures.day;
    if (!days->derived)
        return ERR_OK;
    buf_init(&list, KEYS_BYTES_MAX);
    for (size_t i = 0; i < keys_len; i++)
        key_add(&list, keys[i]);
    enum err_class class_ = keys_touch(run, SQL_TOUCH_DAYS, &list, days->name, arena, steps, err);
    buf_fini(&list);
    return class_;
}

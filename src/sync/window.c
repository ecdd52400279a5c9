/* Windows: their rows, and the steps that open, move, close and split them. */
#include "sync/window.h"

#include <string.h>

#include "sync/sql.h"

static const struct str KIND_NAMES[] = {[WINDOW_PULL] = {"pull", 4}, [WINDOW_AUDIT] = {"audit", 5}};
static const struct str STATE_NAMES[] = {
    [WINDOW_OPEN] = {"open", 4},   [WINDOW_SEALED] = {"sealed", 6},
    [WINDOW_MOVED] = {"moved", 5}, [WINDOW_UNPROVED] = {"unproved", 8},
    [WINDOW_SPLIT] = {"split", 5},
};

enum { WINDOW_KEY_VALUES = 5, STATE_NAMES_LEN = 5, KIND_NAMES_LEN = 2 };

struct str window_kind_name(enum window_kind kind)
{
    return KIND_NAMES[kind];
}

bool window_kind_parse(struct str name, enum window_kind *out)
{
    for (size_t i = 0; i < KIND_NAMES_LEN; i++)
        if (str_eq(name, KIND_NAMES[i])) {
            *out = (enum window_kind)i;
            return true;
        }
    return false;
}

struct str window_state_name(enum window_state state)
{
    return STATE_NAMES[state];
}

static enum window_state window_state_parse(struct str name)
{
    for (size_t i = 0; i < STATE_NAMES_LEN; i++)
        if (str_eq(name, STATE_NAMES[i]))
            return (enum window_state)i;
    return WINDOW_UNPROVED; /* a word of a newer version: proved by nothing this one knows */
}

static void window_key_values(const struct window_id *id, struct sql_value out[WINDOW_KEY_VALUES])
{
    out[0] = sql_int(id->shop_id);
    out[1] = sql_text(id->stream);
    out[2] = sql_text(window_kind_name(id->kind));
    out[3] = sql_int(id->from_ms);
    out[4] = sql_int(id->to_ms);
}

static struct str text_or_none(const struct reader *row, int column, struct arena *arena)
{
    return reader_is_null(row, column) ? STR_NONE : arena_dup(arena, reader_text(row, column));
}

static void digest_set(struct window *window, struct str digest)
{
    size_t len = digest.len < DIGEST_HEX_ROOM ? digest.len : 0;
    if (len > 0)
        memcpy(window->digest_before, digest.ptr, len);
    window->digest_before[len] = '\0';
}

void window_restart(struct window *window, struct str digest)
{
    window->pass++;
    window->page_number = 0;
    window->position = STR("");
    window->ended = false;
    window->total_first = -1;
    window->rejects = 0;
    digest_set(window, digest);
}

enum err_class window_load(struct store *store, const struct window_id *id, struct arena *arena,
                           struct window *out, struct err *err)
{
    struct sql_value key[WINDOW_KEY_VALUES];
    window_key_values(id, key);
    struct reader *row;
    enum err_class class_ = store_read(store, SQL_WINDOW_LOAD, key, WINDOW_KEY_VALUES, &row, err);
    if (class_ != ERR_OK)
        return class_;
    bool found = reader_next(row);
    if (found)
        *out = (struct window){
            .id = *id,
            .state = window_state_parse(reader_text(row, 5)),
            .total_first = reader_is_null(row, 8) ? -1 : reader_int(row, 8),
            .rejects = reader_int(row, 11),
            .position = text_or_none(row, 14, arena),
            .page_number = reader_int(row, 15),
            .ended = reader_int(row, 17) != 0,
            .pass = reader_int(row, 18),
            .tries = reader_int(row, 20),
        };
    if (found)
        digest_set(out, reader_text(row, 19));
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && !found)
        class_ = err_set(err, ERR_NOT_FOUND, "window_missing",
                         "the window of stream %.*s is gone; run the same sync again",
                         STR_ARG(id->stream));
    return class_;
}

enum err_class step_make(const char *sql, const struct sql_value *values, size_t values_len,
                         int64_t rows_expected, struct arena *arena, struct step *out,
                         struct err *err)
{
    struct sql_value *copy = arena_array(arena, values_len, sizeof *copy);
    if (!copy)
        return err_no_memory(err);
    memcpy(copy, values, values_len * sizeof *copy);
    *out = (struct step){sql, copy, values_len, rows_expected, 0};
    return ERR_OK;
}

enum err_class steps_add(struct steps *steps, const char *sql, const struct sql_value *values,
                         size_t values_len, int64_t rows_expected, struct arena *arena,
                         struct err *err)
{
    if (steps->len == STEPS_MAX)
        return err_set(err, ERR_INTERNAL, "steps_max", "a commit unit has more than %d steps",
                       STEPS_MAX);
    return step_make(sql, values, values_len, rows_expected, arena, &steps->items[steps->len++],
                     err);
}

enum err_class steps_store(struct store *store, int64_t shop_id, const struct step *steps,
                           size_t steps_len, int64_t now_ms, struct err *err)
{
    struct unit unit = {.shop_id = shop_id,
                        .order_key = (uint64_t)shop_id,
                        .after = steps,
                        .after_len = steps_len,
                        .now_ms = now_ms};
    return store_commit(store, &unit, err);
}

/* The payload names the window and whether its stream goes on after it; nothing else is needed to
 * resume, since position and evidence are in the window's row. */
static struct str window_payload(const struct window_plan *plan, struct arena *arena)
{
    struct buf text;
    buf_init(&text, TASK_PAYLOAD_BYTES_MAX);
    buf_add(&text, STR("{\"stream\":"));
    json_write_string(&text, plan->id.stream);
    buf_printf(&text, ",\"kind\":\"%.*s\",\"from\":%lld,\"to\":%lld}",
               STR_ARG(window_kind_name(plan->id.kind)), (long long)plan->id.from_ms,
               (long long)plan->id.to_ms);
    struct str payload = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return payload;
}

enum err_class window_payload_read(struct str payload, int64_t shop_id, struct arena *arena,
                                   struct window_id *id, struct err *err)
{
    struct json_doc *doc;
    enum err_class class_ = json_parse(payload, &doc, err);
    if (class_ != ERR_OK)
        return class_;
    const struct json *root = json_root(doc);
    struct window_id read = {.shop_id = shop_id};
    read.stream = arena_dup(arena, json_text(json_get(root, STR("stream"))));
    bool good = read.stream.ptr && read.stream.len > 0 &&
                window_kind_parse(json_text(json_get(root, STR("kind"))), &read.kind) &&
                str_to_i64(json_text(json_get(root, STR("from"))), &read.from_ms) &&
                str_to_i64(json_text(json_get(root, STR("to"))), &read.to_ms);
    if (good) {
        *id = read;
    } else {
        class_ = err_set(err, ERR_INTERNAL, "task_payload", "a window task cannot be read: %.*s",
                         STR_ARG(utf8_cut(payload, 120)));
    }
    json_free(doc);
    return class_;
}

static struct str window_task_key(const struct window_id *id, struct arena *arena)
{
    return arena_printf(arena, "%.*s/%.*s/%lld-%lld", STR_ARG(id->stream),
                        STR_ARG(window_kind_name(id->kind)), (long long)id->from_ms,
                        (long long)id->to_ms);
}

enum err_class window_steps_open(const struct window_plan *plan, int64_t now_ms,
                                 struct arena *arena, struct steps *steps, struct err *err)
{
    enum err_class class_ = ERR_OK;
    struct sql_value open[WINDOW_KEY_VALUES + 2];
    window_key_values(&plan->id, open);
    open[5] = sql_int(plan->pass);
    open[6] = sql_int(now_ms);
    if (plan->reopen) {
        class_ = steps_add(steps, SQL_WINDOW_OPEN, open, 7, -1, arena, err);
        if (class_ != ERR_OK)
            return class_;
    }
    struct task_new task = {
        .lane = plan->id.shop_id,
        .class_ = plan->class_,
        .kind = STR("window"),
        .unique_key = window_task_key(&plan->id, arena),
        .payload = window_payload(plan, arena),
        .run = plan->run,
        .ready_ms = plan->ready_ms,
    };
    if (!task.unique_key.ptr || !task.payload.ptr)
        return err_no_memory(err);
    if (steps->len == STEPS_MAX)
        return err_set(err, ERR_INTERNAL, "steps_max", "too many windows in one step list");
    return queue_step_enqueue(&task, now_ms, arena, &steps->items[steps->len++], err);
}

enum err_class window_steps_page(const struct window *window, const struct window_page *page,
                                 struct arena *arena, struct steps *steps, struct err *err)
{
    struct sql_value ids[WINDOW_KEY_VALUES + 3];
    window_key_values(&window->id, ids);
    ids[5] = sql_int(window->pass);
    ids[6] = sql_int(page->page_number);
    ids[7] = sql_bytes(page->id_bytes);
    enum err_class class_ = steps_add(steps, SQL_PAGE_INSERT, ids, 8, 1, arena, err);
    if (class_ != ERR_OK)
        return class_;
    struct sql_value done[WINDOW_KEY_VALUES + 5];
    window_key_values(&window->id, done);
    done[5] = sql_text(page->position);
    done[6] = sql_int(page->page_number);
    done[7] = sql_int(page->ended);
    done[8] = sql_int_or_null(page->total_first, page->total_first >= 0);
    done[9] = sql_int(page->rejects);
    return steps_add(steps, SQL_WINDOW_PAGE_DONE, done, 10, 1, arena, err);
}

static enum err_class steps_forget_pages(const struct window *window, struct arena *arena,
                                         struct steps *steps, struct err *err)
{
    struct sql_value key[WINDOW_KEY_VALUES];
    window_key_values(&window->id, key);
    return steps_add(steps, SQL_PAGES_DELETE, key, WINDOW_KEY_VALUES, -1, arena, err);
}

enum err_class window_steps_read_again(const struct window *window, struct str digest,
                                       struct str reason, struct arena *arena, struct steps *steps,
                                       struct err *err)
{
    struct sql_value values[WINDOW_KEY_VALUES + 3];
    window_key_values(&window->id, values);
    values[5] = sql_int(window->pass + 1);
    values[6] = sql_text(digest);
    values[7] = sql_text(reason);
    enum err_class class_ = steps_add(steps, SQL_WINDOW_READ_AGAIN, values, 8, 1, arena, err);
    return class_ != ERR_OK ? class_ : steps_forget_pages(window, arena, steps, err);
}

enum err_class window_steps_close(const struct window *window, const struct window_close *close,
                                  struct arena *arena, struct steps *steps, struct err *err)
{
    char *grade = arena_alloc(arena, 2);
    if (!grade)
        return err_no_memory(err);
    grade[0] = close->grade;
    struct sql_value values[WINDOW_KEY_VALUES + 10];
    window_key_values(&window->id, values);
    values[5] = sql_text(window_state_name(close->state));
    values[6] = close->grade ? sql_text((struct str){grade, 1}) : sql_null();
    values[7] = close->reason.len > 0 ? sql_text(close->reason) : sql_null();
    values[8] = sql_int_or_null(close->total_first, close->total_first >= 0);
    values[9] = sql_int_or_null(close->total_last, close->total_last >= 0);
    values[10] = sql_int(close->distinct);
    values[11] = sql_int(close->stored);
    values[12] = close->digest.len > 0 ? sql_text(close->digest) : sql_null();
    values[13] = sql_int(close->now_ms);
    values[14] = sql_int_or_null(close->again_ms, close->again_ms > 0);
    enum err_class class_ = steps_add(steps, SQL_WINDOW_CLOSE, values, 15, 1, arena, err);
    if (class_ == ERR_OK && close->state == WINDOW_SEALED)
        class_ = steps_add(steps, SQL_UNPROVED_DELETE, values, WINDOW_KEY_VALUES, -1, arena, err);
    return class_ != ERR_OK ? class_ : steps_forget_pages(window, arena, steps, err);
}

enum err_class window_ids_load(struct store *store, const struct window *window, struct id_set *ids,
                               struct err *err)
{
    struct sql_value values[WINDOW_KEY_VALUES + 1];
    window_key_values(&window->id, values);
    values[5] = sql_int(window->pass);
    struct reader *row;
    enum err_class class_ = store_read(store, SQL_PAGES_READ, values, 6, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (class_ == ERR_OK && reader_next(row))
        class_ = id_set_add_bytes(ids, reader_text(row, 0), err);
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    if (class_ == ERR_OK)
        class_ = closed;
    id_set_settle(ids);
    return class_;
}

enum err_class window_cover(struct reader *snapshot, const struct window_id *like, int64_t from_ms,
                            int64_t step_ms, bool sealed_only, const struct window_id *also,
                            int64_t *out_ms, struct err *err)
{
    int64_t reached = from_ms;
    for (;;) {
        int64_t farther;
        const struct sql_value values[] = {sql_int(like->shop_id), sql_text(like->stream),
                                           sql_text(window_kind_name(like->kind)), sql_int(reached),
                                           sql_int(step_ms)};
        enum err_class class_ = snapshot_read_int(snapshot,
                                                  sealed_only ? SQL_COVER_SEALED : SQL_COVER_CLOSED,
                                                  values, 5, reached, &farther, err);
        if (class_ != ERR_OK)
            return class_;
        if (also && also->from_ms <= reached + step_ms && also->to_ms > farther)
            farther = also->to_ms;
        if (farther <= reached)
            break;
        reached = farther;
    }
    *out_ms = reached;
    return ERR_OK;
}

/* Rows that are asked for by their ids: open orders whose changes no filter tells, and orders whose
 * figures are wanted. Table ask_plan says when each is due; being asked moves that on in the unit that
 * stores the answer, so that a pass that was cut short goes on where it stopped. */
#include "sync/sql.h"
#include "sync/sync_internal.h"

enum { MARKS_BYTES_MAX = 1024 * 1024 };

int64_t pass_next_ms(const struct stream *stream, int64_t now_ms)
{
    return next_multiple_i64(now_ms, stream->every_ms);
}

static void instant_write(struct buf *out, int64_t at_ms)
{
    if (at_ms == ASK_NEVER)
        buf_add(out, STR(",null"));
    else
        buf_printf(out, ",%lld", (long long)at_ms);
}

static void day_write(struct buf *out, struct str day)
{
    buf_add_char(out, ',');
    if (day.len > 0)
        json_write_string(out, day);
    else
        buf_add(out, STR("null"));
}

static void mark_write(struct buf *out, const struct ask_mark *mark)
{
    buf_add_char(out, '[');
    json_write_string(out, mark->key);
    instant_write(out, mark->next_ms);
    buf_printf(out, ",%lld,%lld", (long long)mark->missing, (long long)mark->base_missing);
    day_write(out, mark->base_to);
    day_write(out, mark->days_to);
    day_write(out, mark->day_next);
    instant_write(out, mark->days_next_ms);
    instant_write(out, mark->days_past_ms);
    buf_printf(out, ",%d", mark->days_closing);
    buf_add_char(out, ']');
}

static struct str marks_json(const struct ask_mark *marks, size_t marks_len, struct arena *arena)
{
    struct buf text;
    buf_init(&text, MARKS_BYTES_MAX);
    buf_add_char(&text, '[');
    for (size_t i = 0; i < marks_len; i++) {
        if (i > 0)
            buf_add_char(&text, ',');
        mark_write(&text, &marks[i]);
    }
    buf_add_char(&text, ']');
    struct str json = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return json;
}

enum err_class steps_asked(const struct task_run *run, const struct ask_mark *marks,
                           size_t marks_len, struct arena *arena, struct steps *steps,
                           struct err *err)
{
    struct str json = marks_json(marks, marks_len, arena);
    const struct sql_value values[] = {sql_int(run->shop->id), sql_text(run->stream->name),
                                       sql_int(clock_now_ms()), sql_text(json)};
    if (!json.ptr)
        return err_no_memory(err);
    enum err_class class_ = steps_ends_touched(run, marks, marks_len, false, arena, steps, err);
    return class_ == ERR_OK ? steps_add(steps, SQL_ASKED, values, 4, -1, arena, err) : class_;
}

enum err_class steps_day_asked(const struct task_run *run, const struct ask_mark *marks,
                               size_t marks_len, struct arena *arena, struct steps *steps,
                               struct err *err)
{
    struct str json = marks_json(marks, marks_len, arena);
    const struct sql_value values[] = {sql_int(run->shop->id), sql_text(run->stream->name),
                                       sql_text(json)};
    if (!json.ptr)
        return err_no_memory(err);
    enum err_class class_ = steps_ends_touched(run, marks, marks_len, true, arena, steps, err);
    return class_ == ERR_OK ? steps_add(steps, SQL_DAY_ASKED, values, 3, -1, arena, err) : class_;
}

/* --- the task of a pass --- */

static void parts_write(struct buf *out, const struct parts *parts)
{
    buf_add(out, STR(",\"list\":"));
    json_write_string(out, parts->list);
    buf_printf(out, ",\"answered\":%d,\"refused\":%zu,\"parts\":[", parts->answered,
               parts->refused);
    for (size_t i = 0; i < parts->len; i++)
        buf_printf(out, "%s%zu", i > 0 ? "," : "", parts->rows[i]);
    buf_add_char(out, ']');
}

static struct str pass_payload(const struct stream *stream, const struct pass *pass,
                               struct arena *arena)
{
    struct buf text;
    buf_init(&text, TASK_PAYLOAD_BYTES_MAX);
    buf_add(&text, STR("{\"stream\":"));
    json_write_string(&text, stream->name);
    if (pass->since_ms > 0)
        buf_printf(&text, ",\"since\":%lld,\"from\":%lld,\"to\":%lld", (long long)pass->since_ms,
                   (long long)pass->from_ms, (long long)pass->to_ms);
    if (pass->parts.len > 0)
        parts_write(&text, &pass->parts);
    buf_add_char(&text, '}');
    struct str payload = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return payload;
}

enum err_class steps_pass_task(const struct sync_request *request, struct str kind,
                               enum task_class class_, const struct pass *pass, int64_t now_ms,
                               struct arena *arena, struct steps *steps, struct err *err)
{
    /* What reads everything again, or a range, is a task of its own: one that was cut short neither
     * takes the place of another nor is taken for it. */
    struct str again = STR("");
    if (pass->since_ms > 0)
        again = arena_printf(arena, "/%lld/%lld/%lld", (long long)pass->since_ms,
                             (long long)pass->from_ms, (long long)pass->to_ms);
    struct task_new task = {
        .lane = request->shop->id,
        .class_ = class_,
        .kind = kind,
        .unique_key = arena_printf(arena, "%.*s/%.*s%.*s", STR_ARG(request->stream->name),
                                   STR_ARG(kind), STR_ARG(again)),
        .payload = pass_payload(request->stream, pass, arena),
        .run = request->run,
        .ready_ms = now_ms,
    };
    if (!task.unique_key.ptr || !task.payload.ptr)
        return err_no_memory(err);
    if (steps->len == STEPS_MAX)
        return err_set(err, ERR_INTERNAL, "steps_max", "too many tasks in one step list");
    return queue_step_enqueue(&task, now_ms, arena, &steps->items[steps->len++], err);
}

static bool member_i64(const struct json *root, struct str name, int64_t *out)
{
    struct str text = json_text(json_get(root, name));
    return text.len > 0 && str_to_i64(text, out);
}

/* Parts that cannot be read are none: the question is asked as a whole again. */
static bool parts_read(const struct json *root, struct arena *arena, struct parts *out)
{
    const struct json *rows = json_get(root, STR("parts"));
    int64_t answered, refused;
    if (!member_i64(root, STR("answered"), &answered) ||
        !member_i64(root, STR("refused"), &refused) || refused < 0 || refused >= REFUSED_ROWS_MAX ||
        json_len(rows) > PARTS_MAX)
        return false;
    out->answered = answered != 0;
    out->refused = (size_t)refused;
    for (out->len = 0; out->len < json_len(rows); out->len++) {
        int64_t one;
        if (!str_to_i64(json_text(json_at(rows, out->len)), &one) || one < 1 || one > INT32_MAX)
            return false;
        out->rows[out->len] = (size_t)one;
    }
    out->list = arena_dup(arena, json_text(json_get(root, STR("list"))));
    return out->list.ptr != NULL;
}

enum err_class pass_read(struct str payload, struct arena *arena, struct pass *out, struct err *err)
{
    struct json_doc *doc;
    *out = (struct pass){.from_ms = INT64_MIN, .to_ms = INT64_MAX};
    enum err_class class_ = json_parse(payload, &doc, err);
    if (class_ != ERR_OK)
        return class_;
    const struct json *root = json_root(doc);
    if (member_i64(root, STR("since"), &out->since_ms)) {
        member_i64(root, STR("from"), &out->from_ms);
        member_i64(root, STR("to"), &out->to_ms);
    }
    if (!parts_read(root, arena, &out->parts))
        out->parts = (struct parts){.len = 0};
    json_free(doc);
    return ERR_OK;
}

enum err_class steps_pass(const struct task_run *run, const struct pass *pass, struct arena *arena,
                          struct steps *steps, struct err *err)
{
    const struct sql_value values[] = {sql_int(run->task->id),
                                       sql_text(pass_payload(run->stream, pass, arena))};
    return values[1].text.ptr ? steps_add(steps, SQL_TASK_PAYLOAD, values, 2, -1, arena, err)
                              : err_no_memory(err);
}

enum err_class pass_keep(struct task_run *run, const struct pass *pass, struct arena *arena,
                         struct err *err)
{
    struct prepared none = {0};
    struct steps steps = {.len = 0};
    enum err_class class_ = steps_pass(run, pass, arena, &steps, err);
    return class_ == ERR_OK ? rows_commit(run, &none, &steps, arena, err) : class_;
}

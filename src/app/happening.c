/* Texts of events: the catalogue's, filled with an event's arguments. */
#include "app/happening.h"

#include "app/emit.h"

static const enum message_id texts[EVENT_KINDS_LEN] = {
#define EVENT_TEXT_ROW(id, word, level) [EVENT_##id] = MSG_EVENT_##id,
    EVENT_KINDS(EVENT_TEXT_ROW)
#undef EVENT_TEXT_ROW
};

struct str level_word(enum event_level level)
{
    static const char *const words[] = {"debug", "info", "warn", "error"};
    return str_of(words[level <= EVENT_ERROR ? level : EVENT_ERROR]);
}

static void took_write(struct buf *out, struct str text)
{
    int64_t ms;
    if (str_to_i64(text, &ms))
        buf_printf(out, "%lld.%lld s", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
}

static void scope_write(struct buf *out, struct str scope)
{
    if (str_eq(scope, STR("platform")))
        message_write(out, MSG_SCOPE_PLATFORM, M_END);
    else if (str_eq(scope, STR("lane")))
        message_write(out, MSG_SCOPE_SHOP, M_END);
    else
        message_write(out, MSG_EVERYTHING, M_END);
}

/* Names say what a value is (store/event.h). */
static struct str arg_text(const struct app *app, struct str name, struct str value,
                           struct arena *arena)
{
    struct buf text;
    int64_t at_ms;
    buf_init(&text, EVENT_ARGS_BYTES_MAX);
    if (str_ends(name, STR("_ms")) && str_to_i64(value, &at_ms))
        time_write(&text, app->zone, at_ms);
    else if (str_eq(name, STR("took")))
        took_write(&text, value);
    else if (str_eq(name, STR("scope")))
        scope_write(&text, value);
    else
        buf_add(&text, value);
    struct str out = arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return out.ptr ? out : STR("");
}

/* What is missing in an older row is empty. */
static void args_read(const struct app *app, struct str json, struct arena *arena,
                      struct message_arg out[MESSAGE_ARGS_MAX + 1])
{
    struct json_doc *doc;
    struct json_iter iter;
    struct str name;
    size_t len = 0;
    for (size_t i = 0; i < MESSAGE_ARGS_MAX; i++)
        out[i] = M_STR(STR(""));
    out[MESSAGE_ARGS_MAX] = M_END;
    if (json_parse(json, &doc, NULL) != ERR_OK)
        return;
    json_iter_init(&iter, json_root(doc));
    for (const struct json *value;
         len < MESSAGE_ARGS_MAX && (value = json_iter_next(&iter, &name));)
        out[len++] = M_STR(arg_text(app, name, json_text(value), arena));
    json_free(doc);
}

void happening_text(const struct app *app, const struct feed_line *line, struct buf *out)
{
    struct message_arg args[MESSAGE_ARGS_MAX + 1];
    struct arena arena;
    enum event_kind kind = event_kind_of(line->kind);
    if (kind == EVENT_KINDS_LEN) {
        buf_printf(out, "%.*s %.*s", STR_ARG(line->kind), STR_ARG(line->args));
        return;
    }
    arena_init(&arena);
    args_read(app, line->args, &arena, args);
    message_write_args(out, texts[kind], args);
    arena_fini(&arena);
}

static void line_json(const struct app *app, const struct feed_line *line, struct str text,
                      struct buf *out)
{
    struct emit emit = emit_to(out);
    emit_open(&emit, NULL, '{');
    emit_time(&emit, "at", line->at_ms);
    emit_str(&emit, "level", level_word(line->level));
    emit_str(&emit, "kind", line->kind);
    if (line->shop_id)
        emit_str(&emit, "shop", app_shop_name(app, line->shop_id));
    if (line->stream.len > 0)
        emit_str(&emit, "stream", line->stream);
    if (line->task_id)
        emit_i64(&emit, "task", line->task_id);
    if (line->process.len > 0)
        emit_str(&emit, "process", line->process);
    emit_raw(&emit, "args", line->args);
    emit_str(&emit, "text", text);
    emit_close(&emit, '}');
    buf_add_char(out, '\n');
}

/* Reasons may be a platform's words, with line ends in them. */
static void one_line(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(out, (unsigned char)text.ptr[i] < ' ' ? ' ' : text.ptr[i]);
}

static void line_text(const struct app *app, const struct feed_line *line, struct str text,
                      struct buf *out)
{
    static const char *const levels[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};
    bool placed = line->shop_id != 0 || line->stream.len > 0;
    time_write(out, app->zone, line->at_ms);
    buf_printf(out, " %s ", levels[line->level <= EVENT_ERROR ? line->level : EVENT_ERROR]);
    if (line->shop_id)
        buf_add(out, app_shop_name(app, line->shop_id));
    if (line->stream.len > 0)
        buf_printf(out, "%s%.*s", line->shop_id ? " " : "", STR_ARG(line->stream));
    buf_add(out, placed ? STR(": ") : STR(""));
    one_line(out, text);
    if (line->task_id || line->process.len > 0) {
        buf_add(out, STR(" ("));
        if (line->task_id)
            buf_printf(out, "#%lld", (long long)line->task_id);
        buf_add(out, line->task_id && line->process.len > 0 ? STR(", ") : STR(""));
        buf_add(out, line->process);
        buf_add_char(out, ')');
    }
    buf_add_char(out, '\n');
}

void happening_write(const struct app *app, const struct feed_line *line, struct buf *out)
{
    struct buf text;
    buf_init(&text, 64 * 1024);
    happening_text(app, line, &text);
    /* An argument at the end may be empty. */
    (app->json ? line_json : line_text)(app, line, str_trim(buf_str(&text)), out);
    buf_fini(&text);
}

/* The filters: one function each, and the table that names them. */
#include <stdint.h>

#include "format/codec.h"
#include "format/expr_tree.h"
#include "format/yaml.h"

static enum err_class refuse(const struct filter_call *call, const char *why)
{
    return err_set(call->err, ERR_CONFIG, "expr_type", "filter \"%s\" %s", call->name, why);
}

/* Time since the epoch in units of some milliseconds, floored. */
static enum err_class since_epoch(const struct filter_call *call, int64_t unit_ms)
{
    if (call->input->kind != VALUE_TIME)
        return refuse(call, "needs a time");
    int64_t rest = call->input->number % unit_ms;
    *call->out = value_int(call->input->number / unit_ms - (rest < 0 ? 1 : 0));
    return ERR_OK;
}

static enum err_class run_unix(const struct filter_call *call)
{
    return since_epoch(call, 1000);
}

static enum err_class run_unix_ms(const struct filter_call *call)
{
    return since_epoch(call, 1);
}

static enum err_class format_time(const struct filter_call *call, struct str format,
                                  const struct zone *zone)
{
    struct buf text;
    if (call->input->kind != VALUE_TIME)
        return refuse(call, "needs a time");
    buf_init(&text, BODY_BYTES_MAX);
    enum err_class class_ = time_format(format, zone != NULL ? zone : zone_utc(),
                                        call->input->number, &text, call->err);
    if (class_ == ERR_OK)
        return value_take_buf(&text, call->env->arena, false, call->out, call->err);
    buf_fini(&text);
    return class_;
}

static enum err_class run_local(const struct filter_call *call)
{
    return format_time(call, STR("%Y-%m-%d %H:%M:%S"), call->env->zone);
}

static enum err_class run_date(const struct filter_call *call)
{
    return format_time(call, STR("%Y-%m-%d"), call->env->zone);
}

static enum err_class run_iso(const struct filter_call *call)
{
    return format_time(call, STR("%Y-%m-%dT%H:%M:%SZ"), zone_utc());
}

static enum err_class run_time(const struct filter_call *call)
{
    const struct zone *zone = call->env->zone;
    for (size_t i = 0; i < call->args_len; i++)
        if (call->args[i].kind != VALUE_TEXT)
            return refuse(call, "needs texts in its brackets");
    enum err_class class_ = call->args_len == 2 ? zone_find(call->args[1].text, &zone, call->err)
                                                : ERR_OK;
    return class_ == ERR_OK ? format_time(call, call->args[0].text, zone) : class_;
}

static enum err_class run_json(const struct filter_call *call)
{
    struct buf text;
    if (call->input->kind == VALUE_ABSENT) {
        *call->out = *call->input;
        return ERR_OK;
    }
    buf_init(&text, BODY_BYTES_MAX);
    value_write_json(&text, call->input);
    return value_take_buf(&text, call->env->arena, false, call->out, call->err);
}

static enum err_class run_text(const struct filter_call *call)
{
    *call->out = value_text(STR(""));
    return value_to_text(call->input, call->env->arena, &call->out->text, call->err);
}

static bool read_whole(const struct value *value, int64_t *out)
{
    *out = value->number;
    return value->kind == VALUE_INT || (value->kind == VALUE_TEXT && str_to_i64(value->text, out));
}

static enum err_class run_int(const struct filter_call *call)
{
    int64_t number;
    if (!read_whole(call->input, &number))
        return refuse(call, "needs a whole number");
    *call->out = value_int(number);
    return ERR_OK;
}

/* Changes the letters from `first` on, 26 of them, by `shift`. */
static enum err_class change_case(const struct filter_call *call, char first, int shift)
{
    struct buf text;
    struct str from;
    enum err_class class_ = value_to_text(call->input, call->env->arena, &from, call->err);
    if (class_ != ERR_OK)
        return class_;
    buf_init(&text, BODY_BYTES_MAX);
    for (size_t i = 0; i < from.len; i++) {
        char c = from.ptr[i];
        buf_add_char(&text, c >= first && c < first + 26 ? (char)(c + shift) : c);
    }
    return value_take_buf(&text, call->env->arena, false, call->out, call->err);
}

static enum err_class run_upper(const struct filter_call *call)
{
    return change_case(call, 'a', 'A' - 'a');
}

static enum err_class run_lower(const struct filter_call *call)
{
    return change_case(call, 'A', 'a' - 'A');
}

static enum err_class run_trim(const struct filter_call *call)
{
    enum err_class class_ = run_text(call);
    call->out->text = str_trim(call->out->text);
    return class_;
}

static enum err_class need_list(const struct filter_call *call, struct value *list)
{
    bool is_list;
    enum err_class class_ = value_as_list(call->input, call->env->arena, list, &is_list, call->err);
    return class_ != ERR_OK || is_list ? class_ : refuse(call, "needs a list");
}

static enum err_class run_join(const struct filter_call *call)
{
    struct value list;
    struct str separator;
    struct buf text;
    enum err_class class_ = need_list(call, &list);
    if (class_ == ERR_OK)
        class_ = value_to_text(&call->args[0], call->env->arena, &separator, call->err);
    if (class_ != ERR_OK)
        return class_;
    buf_init(&text, BODY_BYTES_MAX);
    for (size_t i = 0; i < list.items_len && class_ == ERR_OK; i++) {
        struct str item = STR("");
        class_ = value_to_text(&list.items[i], call->env->arena, &item, call->err);
        if (i > 0)
            buf_add(&text, separator);
        buf_add(&text, item);
    }
    if (class_ == ERR_OK)
        return value_take_buf(&text, call->env->arena, false, call->out, call->err);
    buf_fini(&text);
    return class_;
}

static enum err_class run_first(const struct filter_call *call)
{
    struct value list;
    enum err_class class_ = need_list(call, &list);
    if (class_ == ERR_OK && list.items_len > 0)
        *call->out = list.items[0];
    return class_;
}

static enum err_class run_last(const struct filter_call *call)
{
    struct value list;
    enum err_class class_ = need_list(call, &list);
    if (class_ == ERR_OK && list.items_len > 0)
        *call->out = list.items[list.items_len - 1];
    return class_;
}

static enum err_class run_default(const struct filter_call *call)
{
    *call->out = value_is_nothing(call->input) ? call->args[0] : *call->input;
    return ERR_OK;
}

/* A number and a number, or a time and a duration such as '1d': a time has no unit of its own. */
static enum err_class add(const struct filter_call *call, int64_t sign)
{
    const struct value *amount = &call->args[0];
    bool time = call->input->kind == VALUE_TIME;
    int64_t left = call->input->number, right;
    if (time && (amount->kind != VALUE_TEXT || !duration_parse(amount->text, &right)))
        return refuse(call, "needs a duration such as '1d' to change a time");
    if (!time && !(read_whole(call->input, &left) && read_whole(amount, &right)))
        return refuse(call, "needs whole numbers, or a time and a duration");
    if (!i64_mul(right, sign, &right) || !i64_add(left, right, &left))
        return refuse(call, "goes beyond the largest number");
    *call->out = time ? value_time(left) : value_int(left);
    return ERR_OK;
}

static enum err_class run_plus(const struct filter_call *call)
{
    return add(call, 1);
}

static enum err_class run_minus(const struct filter_call *call)
{
    return add(call, -1);
}

static enum err_class run_base64(const struct filter_call *call)
{
    struct buf text;
    struct str from;
    enum err_class class_ = value_to_text(call->input, call->env->arena, &from, call->err);
    if (class_ != ERR_OK)
        return class_;
    buf_init(&text, BODY_BYTES_MAX);
    base64_write(&text, from);
    return value_take_buf(&text, call->env->arena, false, call->out, call->err);
}

static enum err_class run_present(const struct filter_call *call)
{
    *call->out = value_bool(!value_is_nothing(call->input));
    return ERR_OK;
}

/* Offset of the index-th character; an index below 0 counts from the end. Clamped. */
static size_t character_offset(struct str text, int64_t index)
{
    size_t characters = 0, at = 0;
    for (size_t i = 0; i < text.len; i++)
        characters += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    if (index < 0)
        index = index < -(int64_t)characters ? 0 : index + (int64_t)characters;
    for (; at < text.len; at++)
        if (((unsigned char)text.ptr[at] & 0xC0) != 0x80 && index-- == 0)
            break;
    return at;
}

static enum err_class run_sub(const struct filter_call *call)
{
    enum err_class class_ = run_text(call);
    if (class_ != ERR_OK)
        return class_;
    if (call->args[0].kind != VALUE_INT || call->args[1].kind != VALUE_INT)
        return refuse(call, "needs whole numbers in its brackets");
    size_t from = character_offset(call->out->text, call->args[0].number);
    size_t to = character_offset(call->out->text, call->args[1].number);
    call->out->text = str_sub(call->out->text, from, to > from ? to : from);
    return ERR_OK;
}

const struct filter filter_table[] = {
    {"unix", 0, 0, false, run_unix},     {"unix_ms", 0, 0, false, run_unix_ms},
    {"local", 0, 0, false, run_local},   {"date", 0, 0, false, run_date},
    {"iso", 0, 0, false, run_iso},       {"time", 1, 2, false, run_time},
    {"json", 0, 0, true, run_json},      {"text", 0, 0, false, run_text},
    {"int", 0, 0, false, run_int},       {"upper", 0, 0, false, run_upper},
    {"lower", 0, 0, false, run_lower},   {"trim", 0, 0, false, run_trim},
    {"join", 1, 1, false, run_join},     {"first", 0, 0, false, run_first},
    {"last", 0, 0, false, run_last},     {"default", 1, 1, true, run_default},
    {"plus", 1, 1, false, run_plus},     {"minus", 1, 1, false, run_minus},
    {"base64", 0, 0, false, run_base64}, {"present", 0, 0, true, run_present},
    {"sub", 2, 2, false, run_sub},       {NULL, 0, 0, false, NULL},
};

/* Parameters: from the request's texts to typed arguments. Whatever a route does not name is refused. */
#include <assert.h>
#include <string.h>

#include "api/api_internal.h"

enum { TEXT_BYTES_MAX = 200, NAMES_SHOWN_MAX = 200 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool id_is_good(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !memchr("-_.:/+=", c, 7))
            return false;
    }
    return text.len > 0 && text.len <= ID_BYTES_MAX;
}

static bool digits_at(struct str text, size_t at, size_t len)
{
    for (size_t i = at; i < at + len; i++)
        if (i >= text.len || !is_digit(text.ptr[i]))
            return false;
    return true;
}

static unsigned digits_read(struct str text, size_t at, size_t len)
{
    unsigned value = 0;
    for (size_t i = at; i < at + len; i++)
        value = value * 10 + (unsigned)(text.ptr[i] - '0');
    return value;
}

static bool day_is_good(struct str text)
{
    if (text.len != 10 || !digits_at(text, 0, 4) || !digits_at(text, 5, 2) ||
        !digits_at(text, 8, 2) || text.ptr[4] != '-' || text.ptr[7] != '-')
        return false;
    unsigned month = digits_read(text, 5, 2), day = digits_read(text, 8, 2);
    return month >= 1 && month <= 12 && day >= 1 &&
           day <= civil_month_days(digits_read(text, 0, 4), month);
}

/* RFC 3339 with its zone. A "+" that nobody escaped has become a blank: it can only stand there. */
static bool time_read(struct str text, struct arena *arena, int64_t *out)
{
    bool date_only;
    struct str copy = arena_dup(arena, text);
    if (!copy.ptr || copy.len < 20 || (copy.ptr[10] != 'T' && copy.ptr[10] != 't') ||
        !day_is_good(str_sub(copy, 0, 10)))
        return false;
    char *end = (char *)(uintptr_t)copy.ptr + copy.len;
    bool utc = end[-1] == 'Z' || end[-1] == 'z';
    if (!utc) {
        if (end[-6] == ' ')
            end[-6] = '+';
        if (end[-3] != ':' || (end[-6] != '+' && end[-6] != '-'))
            return false;
    }
    return time_parse_any(copy, zone_utc(), out, &date_only, NULL) == ERR_OK && !date_only;
}

/* Digits, at most one point, perhaps a sign. */
static bool money_is_good(struct str text)
{
    size_t digits = 0, points = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (is_digit(c))
            digits++;
        else if (c == '.' && digits > 0)
            points++;
        else if (c != '-' || i > 0)
            return false;
    }
    return digits > 0 && digits <= 18 && points <= 1 && text.ptr[text.len - 1] != '.';
}

static enum err_class word_check(struct call *call, const struct param *param, struct str text,
                                 int64_t *index, struct err *err)
{
    char memory[NAMES_SHOWN_MAX];
    struct buf names;
    for (size_t i = 0; param->words[i]; i++) {
        if (str_eq(text, str_of(param->words[i]))) {
            *index = (int64_t)i;
            return ERR_OK;
        }
    }
    buf_init_lent(&names, memory, sizeof(memory));
    for (size_t i = 0; param->words[i] && names.len + 30 < sizeof(memory); i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", param->words[i]);
    return call_refuse(call, param->name, "parameter_word", err, "%s is one of: %.*s", param->name,
                       STR_ARG(buf_str(&names)));
}

static enum err_class bool_read(struct call *call, const struct param *param, struct str text,
                                int64_t *out, struct err *err)
{
    *out = str_eq(text, STR("true")) || str_eq(text, STR("1"));
    if (*out || str_eq(text, STR("false")) || str_eq(text, STR("0")))
        return ERR_OK;
    return call_refuse(call, param->name, "parameter_boolean", err, "%s is true or false",
                       param->name);
}

static enum err_class int_read(struct call *call, const struct param *param, struct str text,
                               int64_t *out, struct err *err)
{
    if (!str_to_i64(text, out))
        return call_refuse(call, param->name, "parameter_integer", err,
                           "%s is a whole number in digits", param->name);
    if ((param->min != 0 || param->max != 0) && (*out < param->min || *out > param->max))
        return call_refuse(call, param->name, "parameter_range", err, "%s is %lld to %lld",
                           param->name, (long long)param->min, (long long)param->max);
    return ERR_OK;
}

static enum err_class key_read(struct call *call, const struct param *param, struct str text,
                               int64_t *out, struct err *err)
{
    if (str_to_i64(text, out) && *out >= 0)
        return ERR_OK;
    return call_refuse(call, param->name, "parameter_integer", err, "%s is an id of digits",
                       param->name);
}

static enum err_class text_check(struct call *call, const struct param *param, struct str text,
                                 struct err *err)
{
    int64_t max = param->max > 0 ? param->max : TEXT_BYTES_MAX;
    if ((int64_t)text.len > max)
        return call_refuse(call, param->name, "parameter_long", err, "%s has at most %lld bytes",
                           param->name, (long long)max);
    if ((int64_t)text.len < param->min)
        return call_refuse(call, param->name, "parameter_short", err, "%s has at least %lld bytes",
                           param->name, (long long)param->min);
    return ERR_OK;
}

/* One value; *number as struct arg says. */
static enum err_class value_check(struct call *call, const struct param *param, struct str text,
                                  int64_t *number, struct err *err)
{
    if (text.len > 0 && memchr(text.ptr, '\0', text.len))
        return call_refuse(call, param->name, "parameter_nul", err, "%s holds U+0000", param->name);
    switch (param->type) {
    case PARAM_TEXT:
        return text_check(call, param, text, err);
    case PARAM_ID:
        if (id_is_good(text))
            return ERR_OK;
        return call_refuse(call, param->name, "parameter_id", err,
                           "%s is an id: 1 to %d letters, digits, - _ . : / + =", param->name,
                           ID_BYTES_MAX);
    case PARAM_CODE:
        if (text.len > 0 && text.len <= ID_BYTES_MAX && !str_has_control(text))
            return ERR_OK;
        return call_refuse(call, param->name, "parameter_code", err,
                           "%s is a text of one line with 1 to %d bytes", param->name,
                           ID_BYTES_MAX);
    case PARAM_INT:
        return int_read(call, param, text, number, err);
    case PARAM_BOOL:
        return bool_read(call, param, text, number, err);
    case PARAM_WORD:
        return word_check(call, param, text, number, err);
    case PARAM_DAY:
        if (day_is_good(text))
            return ERR_OK;
        return call_refuse(call, param->name, "parameter_day", err,
                           "%s is a day that exists, as 2026-01-28", param->name);
    case PARAM_TIME:
        if (time_read(text, call->arena, number))
            return ERR_OK;
        return call_refuse(call, param->name, "parameter_time", err,
                           "%s is a time with its zone, as 2026-01-28T07:00:00Z", param->name);
    case PARAM_MONEY:
        if (money_is_good(text))
            return ERR_OK;
        return call_refuse(call, param->name, "parameter_money", err,
                           "%s is an amount in digits, as 12.34", param->name);
    case PARAM_JSON:
        return ERR_OK;
    case PARAM_KEY:
        return key_read(call, param, text, number, err);
    }
    return ERR_OK;
}

static enum err_class many_add(struct call *call, const struct param *param, struct arg *arg,
                               struct str text, struct err *err)
{
    int64_t number;
    if (arg->texts_len == PARAM_VALUES_MAX)
        return call_refuse(call, param->name, "parameter_many", err, "%s has at most %d values",
                           param->name, PARAM_VALUES_MAX);
    enum err_class class_ = value_check(call, param, text, &number, err);
    if (class_ != ERR_OK)
        return class_;
    struct str *texts = (struct str *)(uintptr_t)arg->texts;
    if (arg->texts_len % 8 == 0) {
        texts = arena_array(call->arena, arg->texts_len + 8, sizeof(*texts));
        if (!texts)
            return err_no_memory(err);
        if (arg->texts_len > 0)
            memcpy(texts, arg->texts, arg->texts_len * sizeof(*texts));
    }
    texts[arg->texts_len++] = text;
    arg->texts = texts;
    arg->text = texts[0];
    arg->given = true;
    return ERR_OK;
}

static enum err_class arg_set(struct call *call, size_t index, struct str text, struct err *err)
{
    const struct param *param = &call->route->params[index];
    struct arg *arg = &call->args[index];
    if (param->many)
        return many_add(call, param, arg, text, err);
    if (arg->given)
        return call_refuse(call, param->name, "parameter_twice", err, "%s stands there twice",
                           param->name);
    arg->given = true;
    arg->text = text;
    return value_check(call, param, text, &arg->number, err);
}

static size_t param_find(const struct call *call, enum param_place place, struct str name)
{
    const struct param *params = call->route->params;
    for (size_t i = 0; params && params[i].name; i++)
        if (params[i].place == place && str_eq(str_of(params[i].name), name))
            return i;
    return SIZE_MAX;
}

static enum err_class unknown_refuse(struct call *call, enum param_place place, struct str name,
                                     struct err *err)
{
    const struct param *params = call->route->params;
    struct str names[PARAMS_MAX];
    size_t names_len = 0;
    for (size_t i = 0; params && params[i].name; i++)
        if (params[i].place == place)
            names[names_len++] = str_of(params[i].name);
    size_t nearest = str_nearest(name, names, names_len);
    struct str shown = arena_dup(call->arena, utf8_cut(name, 60));
    const char *parameter = shown.ptr ? shown.ptr : "";
    if (nearest != SIZE_MAX)
        return call_refuse(call, parameter, "parameter_unknown", err,
                           "there is no parameter %s here; do you mean %.*s?", parameter,
                           STR_ARG(names[nearest]));
    return call_refuse(call, parameter, "parameter_unknown", err, "there is no parameter %s here",
                       parameter);
}

static enum err_class query_read(struct call *call, struct err *err)
{
    const struct http_request *request = call->request;
    for (size_t i = 0; i < request->query_len; i++) {
        struct str name = request->query[i].name;
        size_t index = param_find(call, PARAM_QUERY, name);
        if (index == SIZE_MAX && str_ends(name, STR("[]"))) {
            index = param_find(call, PARAM_QUERY, str_sub(name, 0, name.len - 2));
            if (index != SIZE_MAX && !call->route->params[index].many)
                index = SIZE_MAX;
        }
        if (index == SIZE_MAX && call->route->any_query)
            continue;
        enum err_class class_ = index == SIZE_MAX
                                    ? unknown_refuse(call, PARAM_QUERY, name, err)
                                    : arg_set(call, index, request->query[i].value, err);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

/* The names between { and } of the route's path, with the values that were matched. */
static enum err_class path_read(struct call_frame *frame, struct err *err)
{
    struct str rest = str_of(frame->call.route->path);
    struct str before, after;
    for (size_t i = 0; str_cut(rest, '{', &before, &after); i++) {
        struct str name;
        str_cut(after, '}', &name, &rest);
        size_t index = param_find(&frame->call, PARAM_PATH, name);
        assert(index != SIZE_MAX);
        enum err_class class_ = arg_set(&frame->call, index, frame->path_values[i], err);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

/* --- bodies --- */

static bool kind_fits(enum param_type type, enum json_kind kind)
{
    switch (type) {
    case PARAM_INT:
    case PARAM_KEY:
        return kind == JSON_NUMBER || kind == JSON_STRING;
    case PARAM_BOOL:
        return kind == JSON_BOOL;
    case PARAM_MONEY:
        return kind == JSON_NUMBER || kind == JSON_STRING;
    case PARAM_TEXT:
    case PARAM_ID:
    case PARAM_CODE:
    case PARAM_WORD:
    case PARAM_DAY:
    case PARAM_TIME:
        return kind == JSON_STRING;
    case PARAM_JSON:
        return true;
    }
    return false;
}

static enum err_class type_refuse(struct call *call, const struct param *param, struct err *err)
{
    static const char *const kinds[] = {
        [PARAM_TEXT] = "a text",        [PARAM_ID] = "a text",   [PARAM_CODE] = "a text",
        [PARAM_INT] = "a number",       [PARAM_WORD] = "a text", [PARAM_DAY] = "a text",
        [PARAM_BOOL] = "true or false", [PARAM_TIME] = "a text", [PARAM_MONEY] = "a text or number",
        [PARAM_JSON] = "a value",       [PARAM_KEY] = "a text"};
    return call_refuse(call, param->name, "parameter_type", err, "%s is %s%s", param->name,
                       param->many ? "a list, each " : "", kinds[param->type]);
}

static enum err_class list_read(struct call *call, size_t index, const struct json *list,
                                struct err *err)
{
    const struct param *param = &call->route->params[index];
    struct json_iter iter;
    const struct json *value;
    enum err_class class_ = ERR_OK;
    if (json_kind_of(list) != JSON_ARRAY)
        return type_refuse(call, param, err);
    call->args[index].given = true; /* an empty list is a list */
    json_iter_init(&iter, list);
    while (class_ == ERR_OK && (value = json_iter_next(&iter, NULL)))
        class_ = kind_fits(param->type, json_kind_of(value))
                     ? arg_set(call, index, json_text(value), err)
                     : type_refuse(call, param, err);
    return class_;
}

static enum err_class member_read(struct call *call, struct str name, const struct json *value,
                                  struct err *err)
{
    size_t index = param_find(call, PARAM_BODY, name);
    if (index == SIZE_MAX)
        return unknown_refuse(call, PARAM_BODY, name, err);
    const struct param *param = &call->route->params[index];
    struct arg *arg = &call->args[index];
    if (arg->json)
        return call_refuse(call, param->name, "parameter_twice", err, "%s stands there twice",
                           param->name);
    arg->json = value;
    if (json_kind_of(value) == JSON_NULL && param->type != PARAM_JSON)
        return ERR_OK;
    if (json_has_nul(value))
        return call_refuse(call, param->name, "parameter_nul", err, "%s holds U+0000", param->name);
    if (param->many && param->type != PARAM_JSON)
        return list_read(call, index, value, err);
    if (!kind_fits(param->type, json_kind_of(value)))
        return type_refuse(call, param, err);
    return arg_set(call, index, json_text(value), err);
}

static bool type_is_json(struct str type)
{
    struct str head, rest;
    str_cut(type, ';', &head, &rest);
    return str_eq_nocase(str_trim(head), STR("application/json"));
}

static enum err_class field_read(struct call *call, const struct http_part *part, struct err *err)
{
    size_t index = param_find(call, PARAM_QUERY, part->name);
    if (index == SIZE_MAX)
        return unknown_refuse(call, PARAM_QUERY, part->name, err);
    return arg_set(call, index, part->value, err);
}

/* A form with one file, which is the upload. An input into which nothing was put says nothing. */
static enum err_class form_read(struct call *call, struct err *err)
{
    struct http_part parts[HTTP_PARTS_MAX];
    const struct http_part *file = NULL;
    size_t len, name = param_find(call, PARAM_QUERY, STR("name"));
    enum err_class class_ = http_form_read(http_header(call->request, STR("Content-Type")),
                                           call->request->body, call->arena, parts, &len, err);
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        if (!parts[i].is_file) {
            class_ = parts[i].value.len > 0 ? field_read(call, &parts[i], err) : ERR_OK;
            continue;
        }
        if (file)
            return err_set(err, ERR_USAGE, "form_file", "the form has more than one file");
        file = &parts[i];
    }
    if (class_ == ERR_OK && (!file || (file->file_name.len == 0 && file->value.len == 0)))
        return err_set(err, ERR_USAGE, "form_file", "the form has no file");
    if (class_ != ERR_OK)
        return class_;
    call->upload = file->value;
    if (name == SIZE_MAX || call->args[name].given || file->file_name.len == 0)
        return ERR_OK;
    return arg_set(call, name, str_utf8_head(file->file_name, TEXT_BYTES_MAX), err);
}

static enum err_class body_read(struct call_frame *frame, struct err *err)
{
    struct call *call = &frame->call;
    struct str body = call->request->body, name;
    struct json_iter iter;
    const struct json *value;
    call->upload = body;
    if (call->route->form && http_is_form(http_header(call->request, STR("Content-Type"))))
        return form_read(call, err);
    if (call->route->raw_body || body.len == 0)
        return ERR_OK;
    if (!type_is_json(http_header(call->request, STR("Content-Type"))))
        return err_set(err, ERR_USAGE, "content_type", "a body here is application/json");
    enum err_class class_ = json_parse(body, &frame->body, err);
    if (class_ == ERR_BAD_REPLY)
        return err->class_ = ERR_USAGE; /* here it is what the caller wrote */
    if (class_ != ERR_OK)
        return class_;
    if (json_kind_of(json_root(frame->body)) != JSON_OBJECT)
        return err_set(err, ERR_USAGE, "body_object", "the body is a JSON object");
    json_iter_init(&iter, json_root(frame->body));
    while (class_ == ERR_OK && (value = json_iter_next(&iter, &name)))
        class_ = member_read(call, name, value, err);
    return class_;
}

static enum err_class missing_look(struct call *call, struct err *err)
{
    const struct param *params = call->route->params;
    for (size_t i = 0; params && params[i].name; i++) {
        struct arg *arg = &call->args[i];
        if (arg->given)
            continue;
        if (params[i].required)
            return call_refuse(call, params[i].name, "parameter_missing", err, "%s is missing",
                               params[i].name);
        if (!params[i].standard)
            continue;
        arg->text = str_of(params[i].standard);
        enum err_class class_ = value_check(call, &params[i], arg->text, &arg->number, err);
        assert(class_ == ERR_OK);
    }
    return ERR_OK;
}

enum err_class params_read(struct call_frame *frame, struct err *err)
{
    enum err_class class_ = path_read(frame, err);
    if (class_ == ERR_OK)
        class_ = query_read(&frame->call, err);
    if (class_ == ERR_OK)
        class_ = body_read(frame, err);
    return class_ == ERR_OK ? missing_look(&frame->call, err) : class_;
}

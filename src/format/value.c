/* Values of expressions: making, comparing, showing. */
#include <stdio.h>
#include <string.h>

#include "format/decimal.h"
#include "format/expr_tree.h"

struct value value_text(struct str text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text};
}

struct value value_int(int64_t number)
{
    return (struct value){.kind = VALUE_INT, .number = number};
}

struct value value_time(int64_t utc_ms)
{
    return (struct value){.kind = VALUE_TIME, .number = utc_ms};
}

struct value value_bool(bool truth)
{
    return (struct value){.kind = VALUE_BOOL, .truth = truth};
}

struct value value_of_json(const struct json *json)
{
    struct value value = {.kind = VALUE_ABSENT};
    switch (json_kind_of(json)) {
    case JSON_ABSENT:
        break;
    case JSON_NULL:
        value.kind = VALUE_NULL;
        break;
    case JSON_BOOL:
        return value_bool(json_true(json));
    case JSON_NUMBER:
        value = value_text(json_text(json));
        if (str_to_i64(value.text, &value.number))
            value.kind = VALUE_INT;
        else
            value.json = json; /* keeps a decimal a number when it is written as JSON again */
        break;
    case JSON_STRING:
        return value_text(json_text(json));
    case JSON_ARRAY:
    case JSON_OBJECT:
        value.kind = VALUE_JSON;
        value.json = json;
        break;
    }
    return value;
}

bool value_is_nothing(const struct value *value)
{
    return value->kind == VALUE_ABSENT || value->kind == VALUE_NULL;
}

bool value_is_true(const struct value *value)
{
    struct decimal decimal;
    switch (value->kind) {
    case VALUE_ABSENT:
    case VALUE_NULL:
        return false;
    case VALUE_BOOL:
        return value->truth;
    case VALUE_INT:
        return value->number != 0;
    case VALUE_TEXT:
        if (value->json != NULL) /* a number such as 0.00 */
            return decimal_read(value->text, &decimal) && decimal.digits.len > 0;
        return value->text.len > 0;
    case VALUE_TIME:
        return true;
    case VALUE_LIST:
        return value->items_len > 0;
    case VALUE_JSON:
        return json_kind_of(value->json) != JSON_ARRAY || json_len(value->json) > 0;
    }
    return false;
}

enum err_class value_as_list(const struct value *value, struct arena *arena, struct value *list,
                             bool *is_list, struct err *err)
{
    bool array = value->kind == VALUE_JSON && json_kind_of(value->json) == JSON_ARRAY;
    *is_list = array || value->kind == VALUE_LIST;
    *list = *value;
    if (!array)
        return ERR_OK;
    struct json_iter iter;
    size_t len = json_len(value->json);
    struct value *items = arena_array(arena, len + 1, sizeof *items);
    if (items == NULL)
        return err_no_memory(err);
    json_iter_init(&iter, value->json);
    for (size_t i = 0; i < len; i++) {
        items[i] = value_of_json(json_iter_next(&iter, NULL));
        items[i].secret = value->secret;
    }
    list->kind = VALUE_LIST;
    list->items = items;
    list->items_len = len;
    return ERR_OK;
}

enum err_class value_take_buf(struct buf *buf, struct arena *arena, bool secret, struct value *out,
                              struct err *err)
{
    struct str text = buf->failed ? STR_NONE : arena_dup(arena, buf_str(buf));
    buf_fini(buf);
    if (text.ptr == NULL)
        return err_no_memory(err);
    *out = value_text(text);
    out->secret = secret;
    return ERR_OK;
}

static void write_time(struct buf *out, int64_t utc_ms)
{
    struct err ignored; /* the format is a constant that is known to be right */
    (void)time_format(STR("%Y-%m-%dT%H:%M:%SZ"), zone_utc(), utc_ms, out, &ignored);
}

static void write_list(struct buf *out, const struct value *list)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < list->items_len; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        value_write_json(out, &list->items[i]);
    }
    buf_add_char(out, ']');
}

void value_write_json(struct buf *out, const struct value *value)
{
    switch (value->kind) {
    case VALUE_ABSENT:
    case VALUE_NULL:
        buf_add(out, STR("null"));
        break;
    case VALUE_BOOL:
        buf_add(out, value->truth ? STR("true") : STR("false"));
        break;
    case VALUE_INT:
        buf_printf(out, "%lld", (long long)value->number);
        break;
    case VALUE_TEXT:
        if (value->json != NULL)
            json_write(out, value->json);
        else
            json_write_string(out, value->text);
        break;
    case VALUE_TIME:
        buf_add_char(out, '"');
        write_time(out, value->number);
        buf_add_char(out, '"');
        break;
    case VALUE_LIST:
        write_list(out, value);
        break;
    case VALUE_JSON:
        json_write(out, value->json);
        break;
    }
}

enum err_class value_to_text(const struct value *value, struct arena *arena, struct str *out,
                             struct err *err)
{
    struct value text = value_text(STR(""));
    struct buf buf;
    if (value->kind == VALUE_TEXT)
        text.text = value->text;
    if (value->kind == VALUE_TEXT || value_is_nothing(value)) {
        *out = text.text;
        return ERR_OK;
    }
    buf_init(&buf, BODY_BYTES_MAX);
    if (value->kind == VALUE_TIME)
        write_time(&buf, value->number);
    else
        value_write_json(&buf, value);
    enum err_class class_ = value_take_buf(&buf, arena, false, &text, err);
    *out = text.text;
    return class_;
}

/* digits: where the text of a whole number is kept. */
static bool value_as_decimal(const struct value *value, char digits[24], struct decimal *out)
{
    if (value->kind == VALUE_TEXT)
        return decimal_read(value->text, out);
    if (value->kind != VALUE_INT && value->kind != VALUE_TIME)
        return false;
    snprintf(digits, 24, "%lld", (long long)value->number);
    return decimal_read(str_of(digits), out);
}

/* Order of two values that are there. */
static enum err_class value_order(const struct value *left, const struct value *right,
                                  struct arena *arena, int *order, struct err *err)
{
    char digits[2][24];
    struct decimal a, b;
    struct str a_text, b_text;
    if (value_as_decimal(left, digits[0], &a) && value_as_decimal(right, digits[1], &b)) {
        *order = decimal_cmp(&a, &b);
        return ERR_OK;
    }
    enum err_class class_ = value_to_text(left, arena, &a_text, err);
    if (class_ == ERR_OK)
        class_ = value_to_text(right, arena, &b_text, err);
    if (class_ == ERR_OK)
        *order = str_cmp(a_text, b_text);
    return class_;
}

static enum err_class value_equal(const struct value *left, const struct value *right,
                                  struct arena *arena, bool *out, struct err *err)
{
    int order = 0;
    enum err_class class_ = ERR_OK;
    if (value_is_nothing(left) || value_is_nothing(right)) {
        *out = value_is_nothing(left) && value_is_nothing(right);
        return ERR_OK;
    }
    class_ = value_order(left, right, arena, &order, err);
    *out = order == 0;
    return class_;
}

static enum err_class list_holds(const struct value *list, const struct value *wanted,
                                 struct arena *arena, bool *out, struct err *err)
{
    enum err_class class_ = ERR_OK;
    *out = false;
    for (size_t i = 0; i < list->items_len && !*out && class_ == ERR_OK; i++)
        class_ = value_equal(&list->items[i], wanted, arena, out, err);
    return class_;
}

/* contains, starts, ends: of texts. */
static enum err_class text_holds(enum comparison comparison, const struct value *left,
                                 const struct value *right, struct arena *arena, bool *out,
                                 struct err *err)
{
    struct str whole, part;
    enum err_class class_ = value_to_text(left, arena, &whole, err);
    if (class_ == ERR_OK)
        class_ = value_to_text(right, arena, &part, err);
    if (class_ != ERR_OK)
        return class_;
    if (comparison == COMPARE_CONTAINS)
        *out = str_find(whole, part) != SIZE_MAX;
    else
        *out = comparison == COMPARE_STARTS ? str_starts(whole, part) : str_ends(whole, part);
    return ERR_OK;
}

static enum err_class value_holds(enum comparison comparison, const struct value *left,
                                  const struct value *right, struct arena *arena, bool *out,
                                  struct err *err)
{
    bool in = comparison == COMPARE_IN, is_list = false;
    struct value list;
    enum err_class class_ = ERR_OK;
    *out = false;
    if (in || comparison == COMPARE_CONTAINS)
        class_ = value_as_list(in ? right : left, arena, &list, &is_list, err);
    if (class_ != ERR_OK)
        return class_;
    if (is_list)
        return list_holds(&list, in ? left : right, arena, out, err);
    if (value_is_nothing(left) || value_is_nothing(right))
        return ERR_OK;
    if (in)
        return err_set(err, ERR_CONFIG, "expr_type", "what stands behind \"in\" is not a list");
    return text_holds(comparison, left, right, arena, out, err);
}

enum err_class value_compare(enum comparison comparison, const struct value *left,
                             const struct value *right, struct arena *arena, bool *out,
                             struct err *err)
{
    int order = 0;
    enum err_class class_;
    switch (comparison) {
    case COMPARE_EQUAL:
        return value_equal(left, right, arena, out, err);
    case COMPARE_UNEQUAL:
        class_ = value_equal(left, right, arena, out, err);
        *out = !*out;
        return class_;
    case COMPARE_IN:
    case COMPARE_CONTAINS:
    case COMPARE_STARTS:
    case COMPARE_ENDS:
        return value_holds(comparison, left, right, arena, out, err);
    case COMPARE_LESS:
    case COMPARE_LESS_EQUAL:
    case COMPARE_GREATER:
    case COMPARE_GREATER_EQUAL:
        break;
    }
    *out = false;
    if (value_is_nothing(left) || value_is_nothing(right))
        return ERR_OK; /* nothing is neither less nor more than anything */
    class_ = value_order(left, right, arena, &order, err);
    *out = comparison == COMPARE_LESS         ? order < 0
           : comparison == COMPARE_LESS_EQUAL ? order <= 0
           : comparison == COMPARE_GREATER    ? order > 0
                                              : order >= 0;
    return class_;
}

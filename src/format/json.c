/* JSON values are yyjson's own values behind a cast: `struct json` is a yyjson_val, `struct
 * json_doc` a yyjson_doc. Writing is in json_write.c. */
#include "format/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "format/codec.h"

/* yyjson's readers take a mutable pointer and never write through it. */
static yyjson_val *val_of(const struct json *value)
{
    return (yyjson_val *)(uintptr_t)value;
}

static const struct json *json_of(const yyjson_val *val)
{
    return (const struct json *)val;
}

static enum err_class refuse_text(struct str text, size_t mark_bytes, const yyjson_read_err *why,
                                  struct err *err)
{
    size_t bad;
    if (why->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return err_no_memory(err);
    if (why->code == YYJSON_READ_ERROR_INVALID_STRING && !utf8_valid(text, &bad) && text.ptr[bad])
        return err_set(err, ERR_BAD_REPLY, "json_utf8", "JSON text is not UTF-8 at byte %zu",
                       bad + mark_bytes);
    return err_set(err, ERR_BAD_REPLY, "json_syntax", "not JSON at byte %zu: %s",
                   why->pos + mark_bytes, why->msg);
}

/* A document is one array of values in reading order, a container's members right behind it, so one
 * pass with a stack of ends sees every depth. */
static enum err_class check_depth(yyjson_doc *doc, struct err *err)
{
    const yyjson_val *ends[JSON_DEPTH_MAX];
    size_t depth = 0;
    yyjson_val *val = yyjson_doc_get_root(doc);
    for (size_t left = yyjson_doc_get_val_count(doc); left > 0; left--, val++) {
        while (depth > 0 && val >= ends[depth - 1])
            depth--;
        if (!yyjson_is_ctn(val))
            continue;
        if (depth == JSON_DEPTH_MAX)
            return err_set(err, ERR_BAD_REPLY, "json_depth",
                           "JSON is nested more than %d levels deep", JSON_DEPTH_MAX);
        ends[depth++] = unsafe_yyjson_get_next(val);
    }
    return ERR_OK;
}

/* --- half a surrogate pair --- */
enum { ESCAPE_BYTES = 6, HIGH_MIN = 0xD800, LOW_MIN = 0xDC00, LOW_MAX = 0xDFFF };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The UTF-16 unit of the \uXXXX that stands there, or -1. */
static int escape_unit(const char *text, size_t len)
{
    int unit = 0;
    if (len < ESCAPE_BYTES || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (int i = 2; i < ESCAPE_BYTES; i++) {
        int digit = hex_value(text[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Escapes of half a pair become the one of U+FFFD, which is as long: a place that an error names stays
 * the place in the body. JSON has backslashes in strings only, and one behind another is skipped with
 * it. Says whether there was any. */
static bool halves_replace(char *text, size_t len)
{
    bool replaced = false;
    size_t at = 0;
    for (char *escape; at < len && (escape = memchr(text + at, '\\', len - at)) != NULL;) {
        at = (size_t)(escape - text);
        int unit = escape_unit(escape, len - at);
        bool half = unit >= HIGH_MIN && unit <= LOW_MAX;
        at += unit < 0 ? 2 : ESCAPE_BYTES;
        int next = half && unit < LOW_MIN ? escape_unit(text + at, len - at) : -1;
        if (next >= LOW_MIN && next <= LOW_MAX) {
            at += ESCAPE_BYTES;
        } else if (half) {
            memcpy(escape, "\\uFFFD", ESCAPE_BYTES);
            replaced = true;
        }
    }
    return replaced;
}

/* JavaScript and Java cut texts between the halves of an emoji and write what is left; yyjson refuses
 * such a text and with it the document. Nothing else is forgiven, and good documents pay nothing. */
static yyjson_doc *read_without_halves(struct str body, yyjson_read_err *why)
{
    yyjson_doc *doc = NULL;
    char *copy = malloc(body.len);
    if (copy == NULL) {
        why->code = YYJSON_READ_ERROR_MEMORY_ALLOCATION;
        return NULL;
    }
    memcpy(copy, body.ptr, body.len);
    if (halves_replace(copy, body.len))
        doc = yyjson_read_opts(copy, body.len, YYJSON_READ_NUMBER_AS_RAW, NULL, why);
    free(copy);
    return doc;
}

enum err_class json_parse(struct str text, struct json_doc **out, struct err *err)
{
    *out = NULL;
    size_t mark_bytes = str_starts(text, STR("\xEF\xBB\xBF")) ? 3 : 0;
    struct str body = str_sub(text, mark_bytes, text.len);
    yyjson_read_err why = {0};
    /* The pointer is mutable for reading in place only, which is not asked for. */
    char *bytes = body.ptr != NULL ? (char *)(uintptr_t)body.ptr : NULL;
    yyjson_doc *doc = yyjson_read_opts(bytes, body.len, YYJSON_READ_NUMBER_AS_RAW, NULL, &why);
    if (doc == NULL && why.code == YYJSON_READ_ERROR_INVALID_STRING)
        doc = read_without_halves(body, &why);
    if (doc == NULL)
        return refuse_text(body, mark_bytes, &why, err);
    enum err_class class_ = check_depth(doc, err);
    if (class_ != ERR_OK) {
        yyjson_doc_free(doc);
        return class_;
    }
    *out = (struct json_doc *)doc;
    return ERR_OK;
}

void json_free(struct json_doc *doc)
{
    yyjson_doc_free((yyjson_doc *)doc);
}

const struct json *json_root(const struct json_doc *doc)
{
    return json_of(yyjson_doc_get_root((yyjson_doc *)(uintptr_t)doc));
}

enum json_kind json_kind_of(const struct json *value)
{
    switch (yyjson_get_type(val_of(value))) {
    case YYJSON_TYPE_NULL:
        return JSON_NULL;
    case YYJSON_TYPE_BOOL:
        return JSON_BOOL;
    case YYJSON_TYPE_RAW:
        return JSON_NUMBER;
    case YYJSON_TYPE_STR:
        return JSON_STRING;
    case YYJSON_TYPE_ARR:
        return JSON_ARRAY;
    case YYJSON_TYPE_OBJ:
        return JSON_OBJECT;
    default:
        return JSON_ABSENT;
    }
}

struct str json_text(const struct json *value)
{
    yyjson_val *val = val_of(value);
    if (yyjson_is_str(val))
        return (struct str){yyjson_get_str(val), yyjson_get_len(val)};
    if (yyjson_is_raw(val))
        return (struct str){yyjson_get_raw(val), yyjson_get_len(val)};
    if (yyjson_is_bool(val))
        return yyjson_is_true(val) ? STR("true") : STR("false");
    return STR("");
}

bool json_has_nul(const struct json *value)
{
    yyjson_val *val = val_of(value);
    if (val == NULL)
        return false;
    for (yyjson_val *end = unsafe_yyjson_get_next(val); val < end; val++)
        if (yyjson_is_str(val) && memchr(yyjson_get_str(val), '\0', yyjson_get_len(val)) != NULL)
            return true;
    return false;
}

bool json_true(const struct json *value)
{
    return yyjson_is_true(val_of(value));
}

size_t json_len(const struct json *value)
{
    yyjson_val *val = val_of(value);
    return yyjson_is_ctn(val) ? unsafe_yyjson_get_len(val) : 0;
}

const struct json *json_get(const struct json *object, struct str key)
{
    return json_of(yyjson_obj_getn(val_of(object), key.ptr != NULL ? key.ptr : "", key.len));
}

const struct json *json_at(const struct json *array, size_t index)
{
    return json_of(yyjson_arr_get(val_of(array), index));
}

/* private_[0] is the next value (of an object: its key), private_[1] the object or NULL. */
void json_iter_init(struct json_iter *iter, const struct json *container)
{
    yyjson_val *val = val_of(container);
    *iter = (struct json_iter){.left = json_len(container)};
    if (iter->left > 0)
        iter->private_[0] = unsafe_yyjson_get_first(val);
    if (yyjson_is_obj(val))
        iter->private_[1] = val;
}

const struct json *json_iter_next(struct json_iter *iter, struct str *key)
{
    if (key != NULL)
        *key = STR("");
    if (iter->left == 0)
        return NULL;
    iter->left--;
    const struct json *value = iter->private_[0];
    if (iter->private_[1] != NULL) {
        if (key != NULL)
            *key = json_text(value);
        value = json_of(val_of(value) + 1); /* a member's value stands right behind its key */
    }
    /* Behind the last one this points past the document, and is never followed. */
    iter->private_[0] = unsafe_yyjson_get_next(val_of(value));
    return value;
}

/* Our answers in the old shape: the same values under the names, in the units and the order of the old system. */
#include "api/old.h"

enum { BEIJING_S = 8 * 3600 };

static void local_write(struct buf *out, const struct json *value)
{
    int64_t utc_ms;
    bool date_only;
    struct civil civil;
    if (time_parse_any(json_text(value), zone_utc(), &utc_ms, &date_only, NULL) != ERR_OK) {
        json_write(out, value);
        return;
    }
    civil_from_utc_ms(utc_ms + BEIJING_S * (int64_t)1000, &civil);
    buf_printf(out, "\"%04d-%02u-%02u %02u:%02u:%02u\"", (int)civil.year, civil.month, civil.day,
               civil.hour, civil.minute, civil.second);
}

/* From one time to another, as people read it; one that is not over has none. */
static void span_write(struct buf *out, const struct json *from, const struct json *until)
{
    int64_t from_ms, until_ms;
    bool date_only;
    if (time_parse_any(json_text(from), zone_utc(), &from_ms, &date_only, NULL) != ERR_OK ||
        time_parse_any(json_text(until), zone_utc(), &until_ms, &date_only, NULL) != ERR_OK) {
        buf_add(out, STR("null"));
        return;
    }
    long long seconds = (until_ms - from_ms) / 1000;
    if (seconds >= 3600)
        buf_printf(out, "\"%lld小时%lld分%lld秒\"", seconds / 3600, seconds / 60 % 60,
                   seconds % 60);
    else if (seconds >= 60)
        buf_printf(out, "\"%lld分%lld秒\"", seconds / 60, seconds % 60);
    else
        buf_printf(out, "\"%lld秒\"", seconds < 0 ? 0 : seconds);
}

/* A text that is a number in JSON becomes that number; whatever else stays as it came. */
static void number_write(struct buf *out, const struct json *value)
{
    struct json_doc *doc = NULL;
    bool number = json_kind_of(value) == JSON_STRING &&
                  json_parse(json_text(value), &doc, NULL) == ERR_OK &&
                  json_kind_of(json_root(doc)) == JSON_NUMBER;
    json_free(doc);
    if (number)
        buf_add(out, str_trim(json_text(value)));
    else
        json_write(out, value);
}

/* "6.5" as 7. */
static void whole_write(struct buf *out, const struct json *value)
{
    struct str whole, part;
    int64_t number;
    str_cut(json_text(value), '.', &whole, &part);
    if (!str_to_i64(whole, &number)) {
        json_write(out, value);
        return;
    }
    bool up = number >= 0 && part.len > 0 && part.ptr[0] >= '5';
    buf_printf(out, "%lld", (long long)number + (up ? 1 : 0));
}

static void rows_write(struct buf *out, const struct old_shape *shape, const struct json *list)
{
    struct json_iter iter;
    const struct json *row;
    bool first = true;
    buf_add_char(out, '[');
    json_iter_init(&iter, list);
    while (json_kind_of(list) == JSON_ARRAY && (row = json_iter_next(&iter, NULL))) {
        if (!first)
            buf_add_char(out, ',');
        first = false;
        old_shape_write(out, shape, row, NULL);
    }
    buf_add_char(out, ']');
}

static void words_write(struct buf *out, const struct old_words *words, const struct json *value)
{
    for (size_t i = 0; i < words->len; i++) {
        if (str_eq(words->words[i].ours, json_text(value))) {
            buf_add(out, words->words[i].old);
            return;
        }
    }
    json_write(out, value);
}

static void value_write(struct buf *out, const struct old_field *field, const struct json *value,
                        const struct json *record)
{
    if (field->words.len > 0) {
        words_write(out, &field->words, value);
        return;
    }
    switch (field->as) {
    case OLD_SAME:
        json_write(out, value);
        break;
    case OLD_AS_TEXT:
        json_write_string(out, json_text(value));
        break;
    case OLD_AS_NUMBER:
        number_write(out, value);
        break;
    case OLD_WHOLE:
        whole_write(out, value);
        break;
    case OLD_YUAN: /* exact: our text of an amount is digits and a point */
        buf_add(out, json_text(json_get(value, STR("text"))));
        break;
    case OLD_LOCAL:
        local_write(out, value);
        break;
    case OLD_SPAN:
        span_write(out, value, path_get(field->until, record));
        break;
    case OLD_ROWS:
        rows_write(out, field->rows, value);
        break;
    }
}

void old_shape_write(struct buf *out, const struct old_shape *shape, const struct json *value,
                     const struct json *beside)
{
    bool first = true;
    buf_add_char(out, '{');
    for (size_t i = 0; i < shape->len; i++) {
        const struct old_field *field = &shape->fields[i];
        const struct json *own = field->from ? path_get(field->from, field->beside ? beside : value)
                                             : NULL;
        enum json_kind kind = json_kind_of(own);
        bool known = kind != JSON_ABSENT && kind != JSON_NULL;
        if ((!known && field->absent) ||
            (field->given && !json_true(path_get(field->given, value))))
            continue;
        if (!first)
            buf_add_char(out, ',');
        first = false;
        json_write_string(out, field->name);
        buf_add_char(out, ':');
        if (known)
            value_write(out, field, own, value);
        else
            buf_add(out, field->fixed);
    }
    buf_add_char(out, '}');
}

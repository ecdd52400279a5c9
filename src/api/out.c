/* JSON, said in order. */
#include "api/out.h"

#include <assert.h>
#include <string.h>

#include "format/format.h"

enum { OUT_DEPTH_MAX = 24 };
#define SAFE_INTEGER_MAX ((INT64_C(1) << 53) - 1)

void out_init(struct out *out, struct buf *buf)
{
    *out = (struct out){.buf = buf};
}

static void key_write(struct out *out, const char *key)
{
    if (out->comma)
        buf_add_char(out->buf, ',');
    out->comma = true;
    if (!key)
        return;
    /* A word of this program: nothing in it needs an escape. */
    size_t len = strlen(key);
    char *at = buf_grow(out->buf, len + 3);
    if (!at)
        return;
    at[0] = at[len + 1] = '"';
    memcpy(at + 1, key, len);
    at[len + 2] = ':';
}

static void open_write(struct out *out, const char *key, char bracket)
{
    assert(out->depth < OUT_DEPTH_MAX);
    key_write(out, key);
    buf_add_char(out->buf, bracket);
    out->depth++;
    out->comma = false;
}

static void close_write(struct out *out, char bracket)
{
    assert(out->depth > 0);
    out->depth--;
    out->comma = true;
    buf_add_char(out->buf, bracket);
}

void out_object(struct out *out, const char *key)
{
    open_write(out, key, '{');
}

void out_list(struct out *out, const char *key)
{
    open_write(out, key, '[');
}

void out_end_object(struct out *out)
{
    close_write(out, '}');
}

void out_end_list(struct out *out)
{
    close_write(out, ']');
}

void out_text(struct out *out, const char *key, struct str value)
{
    key_write(out, key);
    json_write_string(out->buf, value);
}

void out_text_or_null(struct out *out, const char *key, struct str value)
{
    if (value.ptr)
        out_text(out, key, value);
    else
        out_null(out, key);
}

/* Faster than printf by far, and most of a list is numbers. */
static void digits_write(struct buf *out, uint64_t value)
{
    char text[20];
    size_t at = sizeof(text);
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buf_add_bytes(out, text + at, sizeof(text) - at);
}

static void number_write(struct buf *out, int64_t value)
{
    if (value < 0)
        buf_add_char(out, '-');
    digits_write(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void out_int(struct out *out, const char *key, int64_t value)
{
    key_write(out, key);
    number_write(out->buf, value);
}

void out_id(struct out *out, const char *key, int64_t id)
{
    key_write(out, key);
    buf_add_char(out->buf, '"');
    number_write(out->buf, id);
    buf_add_char(out->buf, '"');
}

void out_bool(struct out *out, const char *key, bool value)
{
    key_write(out, key);
    buf_add(out->buf, value ? STR("true") : STR("false"));
}

void out_null(struct out *out, const char *key)
{
    key_write(out, key);
    buf_add(out->buf, STR("null"));
}

static void two_write(char *at, unsigned value)
{
    at[0] = (char)('0' + value / 10 % 10);
    at[1] = (char)('0' + value % 10);
}

void out_time(struct out *out, const char *key, int64_t ms)
{
    struct civil civil;
    char text[] = "\"0000-00-00T00:00:00.000Z\"";
    key_write(out, key);
    civil_from_utc_ms(ms, &civil);
    if (civil.year < 0 || civil.year > 9999) { /* no RFC 3339 has it */
        buf_add(out->buf, STR("null"));
        return;
    }
    two_write(text + 1, (unsigned)civil.year / 100);
    two_write(text + 3, (unsigned)civil.year % 100);
    two_write(text + 6, civil.month);
    two_write(text + 9, civil.day);
    two_write(text + 12, civil.hour);
    two_write(text + 15, civil.minute);
    two_write(text + 18, civil.second);
    text[21] = (char)('0' + civil.millisecond / 100);
    two_write(text + 22, civil.millisecond % 100);
    buf_add_bytes(out->buf, text, sizeof(text) - 1);
}

void out_time_or_null(struct out *out, const char *key, int64_t ms, bool present)
{
    if (present)
        out_time(out, key, ms);
    else
        out_null(out, key);
}

void out_money(struct out *out, const char *key, int64_t minor, struct str currency)
{
    char text[MONEY_TEXT_MAX];
    int exponent = currency_exponent(currency);
    key_write(out, key);
    buf_add(out->buf, STR("{\"minor\":"));
    if (minor >= -SAFE_INTEGER_MAX && minor <= SAFE_INTEGER_MAX)
        number_write(out->buf, minor);
    else
        buf_add(out->buf, STR("null")); /* JavaScript would round it; `text` says all of it */
    buf_add(out->buf, STR(",\"currency\":"));
    if (currency.len > 0)
        json_write_string(out->buf, currency);
    else
        buf_add(out->buf, STR("null"));
    buf_add(out->buf, STR(",\"text\":\""));
    buf_add(out->buf, money_format(minor, exponent < 0 ? 2 : exponent, text));
    buf_add(out->buf, STR("\"}"));
}

void out_raw(struct out *out, const char *key, struct str json)
{
    key_write(out, key);
    buf_add(out->buf, json.len > 0 ? json : STR("null"));
}

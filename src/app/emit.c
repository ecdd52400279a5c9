/* JSON by hand. */
#include "app/emit.h"

#include "format/format.h"

struct emit emit_to(struct buf *out)
{
    return (struct emit){.out = out};
}

static void lead(struct emit *emit, const char *key)
{
    if (emit->comma)
        buf_add_char(emit->out, ',');
    emit->comma = true;
    if (key) {
        json_write_string(emit->out, str_of(key));
        buf_add_char(emit->out, ':');
    }
}

void emit_open(struct emit *emit, const char *key, char bracket)
{
    lead(emit, key);
    buf_add_char(emit->out, bracket);
    emit->comma = false;
}

void emit_close(struct emit *emit, char bracket)
{
    buf_add_char(emit->out, bracket);
    emit->comma = true;
}

void emit_str(struct emit *emit, const char *key, struct str text)
{
    lead(emit, key);
    json_write_string(emit->out, text);
}

void emit_i64(struct emit *emit, const char *key, int64_t number)
{
    lead(emit, key);
    buf_printf(emit->out, "%lld", (long long)number);
}

void emit_bool(struct emit *emit, const char *key, bool truth)
{
    lead(emit, key);
    buf_add(emit->out, truth ? STR("true") : STR("false"));
}

void emit_null(struct emit *emit, const char *key)
{
    lead(emit, key);
    buf_add(emit->out, STR("null"));
}

void emit_time(struct emit *emit, const char *key, int64_t utc_ms)
{
    struct civil at;
    civil_from_utc_ms(utc_ms, &at);
    lead(emit, key);
    buf_printf(emit->out, "\"%04d-%02u-%02uT%02u:%02u:%02u.%03uZ\"", at.year, at.month, at.day,
               at.hour, at.minute, at.second, at.millisecond);
}

void emit_raw(struct emit *emit, const char *key, struct str json)
{
    lead(emit, key);
    buf_add(emit->out, json);
}

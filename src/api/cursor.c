/* hash(12) then each value: 'n', or 'i' and 8 bytes, or 't', 2 bytes of length and the text. As base64 for URLs. */
#include "api/cursor.h"

#include <assert.h>
#include <string.h>

#include "crypt/crypt.h"
#include "format/format.h"

enum { CURSOR_HASH_BYTES = 12, CURSOR_RAW_MAX = CURSOR_BYTES_MAX };

static enum err_class cursor_foreign(struct err *err)
{
    return err_set(err, ERR_USAGE, "cursor_foreign",
                   "this cursor is not one that this list gave with these filters and this sort; "
                   "begin again without a cursor");
}

static void value_write(struct buf *raw, const struct sql_value *value)
{
    uint64_t number = (uint64_t)value->number;
    if (value->kind == SQL_NULL) {
        buf_add_char(raw, 'n');
        return;
    }
    if (value->kind == SQL_INT) {
        buf_add_char(raw, 'i');
        for (int shift = 56; shift >= 0; shift -= 8)
            buf_add_char(raw, (char)(number >> shift));
        return;
    }
    buf_add_char(raw, 't');
    buf_add_char(raw, (char)(value->text.len >> 8));
    buf_add_char(raw, (char)value->text.len);
    buf_add(raw, value->text);
}

static enum err_class hash_write(struct buf *out, struct str secret, struct str tie,
                                 struct str values, struct err *err)
{
    struct buf said;
    size_t before = out->len;
    buf_init(&said, 1 << 20);
    buf_printf(&said, "%zu:", tie.len);
    buf_add(&said, tie);
    buf_add(&said, values);
    enum err_class class_ = said.failed
                                ? err_no_memory(err)
                                : hmac_write(out, DIGEST_SHA256, secret, buf_str(&said), err);
    if (!class_)
        out->len = before + CURSOR_HASH_BYTES;
    buf_fini(&said);
    return class_;
}

/* + / = have a meaning in addresses. */
static struct str text_of(struct str raw, struct arena *arena, struct err *err)
{
    struct buf text;
    struct str out = STR_NONE;
    buf_init(&text, 2 * CURSOR_RAW_MAX);
    base64_write(&text, raw);
    while (text.len && text.ptr[text.len - 1] == '=')
        text.len--;
    for (size_t i = 0; i < text.len; i++)
        text.ptr[i] = (char)(text.ptr[i] == '+' ? '-' : text.ptr[i] == '/' ? '_' : text.ptr[i]);
    if (!text.failed)
        out = arena_dup(arena, buf_str(&text));
    if (!out.ptr)
        err_no_memory(err);
    buf_fini(&text);
    return out;
}

static bool raw_of(struct str cursor, struct buf *raw)
{
    struct buf text;
    buf_init(&text, 2 * CURSOR_RAW_MAX);
    for (size_t i = 0; i < cursor.len; i++) {
        char c = cursor.ptr[i];
        buf_add_char(&text, (char)(c == '-' ? '+' : c == '_' ? '/' : c));
    }
    while (text.len % 4)
        buf_add_char(&text, '=');
    bool good = cursor.len <= CURSOR_BYTES_MAX && !text.failed &&
                base64_read(raw, buf_str(&text), NULL) == ERR_OK;
    buf_fini(&text);
    return good;
}

enum err_class cursor_write(struct str secret, struct str tie, const struct sql_value *values,
                            size_t len, struct arena *arena, struct str *out, struct err *err)
{
    struct buf bytes, raw;
    buf_init(&bytes, CURSOR_RAW_MAX);
    buf_init(&raw, CURSOR_RAW_MAX + CURSOR_HASH_BYTES * 4);
    for (size_t i = 0; i < len; i++)
        value_write(&bytes, &values[i]);
    enum err_class class_ = bytes.failed ? err_no_memory(err)
                                         : hash_write(&raw, secret, tie, buf_str(&bytes), err);
    if (!class_) {
        buf_add(&raw, buf_str(&bytes));
        *out = text_of(buf_str(&raw), arena, err);
        class_ = out->ptr ? ERR_OK : ERR_INTERNAL;
    }
    buf_fini(&bytes);
    buf_fini(&raw);
    return class_;
}

/* Takes one value off the front. */
static bool value_read(struct str *left, struct sql_value *out, struct arena *arena)
{
    const unsigned char *at = (const unsigned char *)left->ptr;
    size_t used = 1;
    if (!left->len)
        return false;
    if (*at == 'n') {
        *out = sql_null();
    } else if (*at == 'i' && left->len >= 9) {
        uint64_t number = 0;
        for (size_t i = 1; i <= 8; i++)
            number = number << 8 | at[i];
        *out = sql_int((int64_t)number);
        used = 9;
    } else if (*at == 't' && left->len >= 3) {
        size_t len = (size_t)at[1] << 8 | at[2];
        used = 3 + len;
        if (left->len < used)
            return false;
        *out = sql_text(arena_dup(arena, str_sub(*left, 3, used)));
        if (!out->text.ptr)
            return false;
    } else {
        return false;
    }
    *left = str_sub(*left, used, left->len);
    return true;
}

enum err_class cursor_read(struct str secret, struct str tie, struct str cursor,
                           struct sql_value *values, size_t len, struct arena *arena,
                           struct err *err)
{
    struct buf raw, hash;
    enum err_class class_ = ERR_OK;
    buf_init(&raw, 2 * CURSOR_RAW_MAX);
    buf_init(&hash, 64);
    bool good = raw_of(cursor, &raw) && raw.len > CURSOR_HASH_BYTES;
    if (good) {
        struct str left = str_sub(buf_str(&raw), CURSOR_HASH_BYTES, raw.len);
        class_ = hash_write(&hash, secret, tie, left, err);
        good = !class_ && crypt_equal(buf_str(&hash), str_sub(buf_str(&raw), 0, CURSOR_HASH_BYTES));
        for (size_t i = 0; good && i < len; i++)
            good = value_read(&left, &values[i], arena);
        good = good && left.len == 0;
    }
    buf_fini(&raw);
    buf_fini(&hash);
    if (class_)
        return class_;
    return good ? ERR_OK : cursor_foreign(err);
}

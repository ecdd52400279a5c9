/* Text codings: hex, base64, percent, UTF-8. */
#include "format/codec.h"

#include <string.h>

#include "format/codec_internal.h"

/* Coded text is collected in pieces of this size, so that a buf is asked once a piece. */
enum { PIECE_BYTES = 256 };

enum err_class codec_appended(const struct buf *out, size_t len_before, size_t added,
                              struct err *err)
{
    if (!out->failed)
        return ERR_OK;
    if (len_before > out->bytes_max || added > out->bytes_max - len_before)
        return err_set(err, ERR_BAD_REPLY, "too_large", "decoded bytes go beyond the limit of %zu",
                       out->bytes_max);
    return err_no_memory(err);
}

void hex_write(struct buf *out, struct str bytes, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char piece[PIECE_BYTES];
    size_t at = 0;
    while (at < bytes.len) {
        size_t len = 0;
        for (; at < bytes.len && len < sizeof piece; at++) {
            unsigned char byte = (unsigned char)bytes.ptr[at];
            piece[len++] = digits[byte >> 4];
            piece[len++] = digits[byte & 15];
        }
        buf_add_bytes(out, piece, len);
    }
}

/* -1 when it is none. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err_class hex_read(struct buf *out, struct str text, struct err *err)
{
    size_t len_before = out->len;
    if (text.len % 2 != 0)
        return err_set(err, ERR_BAD_REPLY, "hex", "hex text has an odd length (%zu)", text.len);
    for (size_t at = 0; at < text.len; at += 2) {
        int high = hex_value(text.ptr[at]);
        int low = hex_value(text.ptr[at + 1]);
        if (high < 0 || low < 0)
            return err_set(err, ERR_BAD_REPLY, "hex", "no hex digit in the pair at offset %zu", at);
        buf_add_char(out, (char)(high << 4 | low));
    }
    return codec_appended(out, len_before, text.len / 2, err);
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(struct buf *out, struct str bytes)
{
    char piece[PIECE_BYTES];
    size_t len = 0;
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t have = bytes.len - at < 3 ? bytes.len - at : 3;
        unsigned char in[3] = {0, 0, 0};
        memcpy(in, bytes.ptr + at, have);
        piece[len++] = base64_digits[in[0] >> 2];
        piece[len++] = base64_digits[(in[0] & 3) << 4 | in[1] >> 4];
        piece[len++] = have > 1 ? base64_digits[(in[1] & 15) << 2 | in[2] >> 6] : '=';
        piece[len++] = have > 2 ? base64_digits[in[2] & 63] : '=';
        if (len == sizeof piece) {
            buf_add_bytes(out, piece, len);
            len = 0;
        }
    }
    buf_add_bytes(out, piece, len);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

enum err_class base64_read(struct buf *out, struct str text, struct err *err)
{
    size_t len_before = out->len;
    if (text.len % 4 != 0)
        return err_set(err, ERR_BAD_REPLY, "base64",
                       "base64 text of %zu characters is cut or not padded", text.len);
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.ptr[text.len - 1 - padding] == '=')
        padding++;
    for (size_t at = 0; at < text.len; at += 4) {
        size_t digits = at + 4 == text.len ? 4 - padding : 4;
        unsigned bits = 0;
        for (size_t i = 0; i < 4; i++) {
            int value = i < digits ? base64_value(text.ptr[at + i]) : 0;
            if (value < 0)
                return err_set(err, ERR_BAD_REPLY, "base64", "no base64 digit at offset %zu",
                               at + i);
            bits = bits << 6 | (unsigned)value;
        }
        char bytes[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
        /* Bits that no byte takes must be zero: one run of bytes has one text. */
        if ((digits == 3 && bytes[2] != 0) || (digits == 2 && (bytes[1] != 0 || bytes[2] != 0)))
            return err_set(err, ERR_BAD_REPLY, "base64", "stray bits before the padding");
        buf_add_bytes(out, bytes, digits - 1);
    }
    return codec_appended(out, len_before, text.len / 4 * 3 - padding, err);
}

static bool percent_keeps(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void percent_write(struct buf *out, struct str text)
{
    size_t kept_from = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (percent_keeps(text.ptr[at]))
            continue;
        buf_add(out, str_sub(text, kept_from, at));
        buf_add_char(out, '%');
        hex_write(out, str_sub(text, at, at + 1), true);
        kept_from = at + 1;
    }
    buf_add(out, str_sub(text, kept_from, text.len));
}

enum err_class percent_read(struct buf *out, struct str text, bool form, struct err *err)
{
    size_t len_before = out->len;
    size_t decoded = 0;
    for (size_t at = 0; at < text.len; at++, decoded++) {
        char c = text.ptr[at];
        if (c == '%') {
            int high = at + 2 < text.len ? hex_value(text.ptr[at + 1]) : -1;
            int low = at + 2 < text.len ? hex_value(text.ptr[at + 2]) : -1;
            if (high < 0 || low < 0)
                return err_set(err, ERR_BAD_REPLY, "percent",
                               "\"%%\" without two hex digits at offset %zu", at);
            c = (char)(high << 4 | low);
            at += 2;
        } else if (form && c == '+') {
            c = ' ';
        }
        buf_add_char(out, c);
    }
    return codec_appended(out, len_before, decoded, err);
}

bool utf8_valid(struct str text, size_t *offset)
{
    for (size_t at = 0; at < text.len;) {
        /* Pages are mostly ASCII: that needs no call. */
        unsigned char byte = (unsigned char)text.ptr[at];
        size_t len = byte == 0 ? 0 : byte < 0x80 ? 1 : str_utf8_at(text, at);
        if (len == 0) {
            if (offset)
                *offset = at;
            return false;
        }
        at += len;
    }
    return true;
}

struct str utf8_cut(struct str text, size_t bytes_max)
{
    return str_utf8_head(text, bytes_max);
}

#include "format/decimal.h"

#include <string.h>

enum { EXPONENT_DIGITS_MAX = 9 };

static size_t digits_len(struct str text, size_t from)
{
    size_t to = from;
    while (to < text.len && text.ptr[to] >= '0' && text.ptr[to] <= '9')
        to++;
    return to - from;
}

/* The digits without zeros (and the point among them) at either end; the distance from the first
 * digit that counts to the point is the magnitude. */
static void decimal_trim(struct str mantissa, size_t point, struct decimal *out)
{
    size_t from = 0, to = mantissa.len;
    while (from < to && (mantissa.ptr[from] == '0' || mantissa.ptr[from] == '.'))
        from++;
    while (to > from && (mantissa.ptr[to - 1] == '0' || mantissa.ptr[to - 1] == '.'))
        to--;
    out->digits = str_sub(mantissa, from, to);
    /* Behind the point its own place is counted in `from`. */
    out->magnitude = from < point ? (int64_t)(point - from) : (int64_t)point - (int64_t)from + 1;
    if (out->digits.len == 0)
        *out = (struct decimal){.digits = STR("")};
}

bool decimal_read(struct str text, struct decimal *out)
{
    size_t at = str_starts(text, STR("-")) ? 1 : 0;
    size_t from = at;
    size_t whole_len = digits_len(text, at);
    int64_t exponent = 0;
    at += whole_len;
    if (whole_len == 0)
        return false;
    if (at < text.len && text.ptr[at] == '.') {
        size_t fraction_len = digits_len(text, at + 1);
        if (fraction_len == 0)
            return false;
        at += 1 + fraction_len;
    }
    size_t to = at;
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        bool plus = ++at < text.len && text.ptr[at] == '+';
        struct str rest = str_sub(text, plus ? at + 1 : at, text.len);
        size_t sign_len = !plus && str_starts(rest, STR("-")) ? 1 : 0;
        size_t len = digits_len(rest, sign_len);
        if (len > EXPONENT_DIGITS_MAX || sign_len + len != rest.len || !str_to_i64(rest, &exponent))
            return false;
        at = text.len;
    }
    if (at != text.len)
        return false;
    *out = (struct decimal){.negative = from == 1};
    decimal_trim(str_sub(text, from, to), whole_len, out);
    if (out->digits.len > 0)
        out->magnitude += exponent;
    return true;
}

static int digits_cmp(struct str a, struct str b)
{
    size_t i = 0, j = 0;
    for (;;) {
        i += i < a.len && a.ptr[i] == '.';
        j += j < b.len && b.ptr[j] == '.';
        if (i == a.len || j == b.len)
            return (i < a.len) - (j < b.len);
        if (a.ptr[i] != b.ptr[j])
            return a.ptr[i] < b.ptr[j] ? -1 : 1;
        i++;
        j++;
    }
}

int decimal_cmp(const struct decimal *a, const struct decimal *b)
{
    int sign = a->negative ? -1 : 1;
    if (a->negative != b->negative)
        return sign;
    /* Zero has no magnitude to compare by. */
    if (a->digits.len == 0 || b->digits.len == 0)
        return sign * ((a->digits.len > 0) - (b->digits.len > 0));
    if (a->magnitude != b->magnitude)
        return a->magnitude < b->magnitude ? -sign : sign;
    return sign * digits_cmp(a->digits, b->digits);
}

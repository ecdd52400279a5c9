/* Strings as pointer and length: comparing, finding, cutting, numbers, nearest word. */
#include "base/str.h"

#include <string.h>

struct str str_of(const char *text)
{
    return text ? (struct str){text, strlen(text)} : STR("");
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_eq(struct str a, struct str b)
{
    /* memcmp must not see the NULL that an empty string may carry. */
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    }
    return true;
}

int str_cmp(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq(str_sub(s, 0, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_sub(s, s.len - suffix.len, s.len), suffix);
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.len == 0)
        return 0;
    if (s.len < needle.len)
        return SIZE_MAX;
    const char *hit = memmem(s.ptr, s.len, needle.ptr, needle.len);
    return hit ? (size_t)(hit - s.ptr) : SIZE_MAX;
}

size_t str_find_char(struct str s, char c)
{
    const char *hit = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);
    return hit ? (size_t)(hit - s.ptr) : SIZE_MAX;
}

bool str_has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        unsigned char next = i + 1 < s.len ? (unsigned char)s.ptr[i + 1] : 0;
        unsigned char third = i + 2 < s.len ? (unsigned char)s.ptr[i + 2] : 0;
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next <= 0x9f) ||
            (c == 0xe2 && next == 0x80 && (third == 0xa8 || third == 0xa9)))
            return true;
    }
    return false;
}

struct str str_sub(struct str s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from > to)
        from = to;
    /* Adding even 0 to NULL is undefined. */
    return s.ptr ? (struct str){s.ptr + from, to - from} : STR_NONE;
}

struct str str_trim(struct str s)
{
    size_t from = 0, to = s.len;
    while (from < to && is_space(s.ptr[from]))
        from++;
    while (to > from && is_space(s.ptr[to - 1]))
        to--;
    return str_sub(s, from, to);
}

bool str_cut(struct str s, char sep, struct str *head, struct str *tail)
{
    size_t at = str_find_char(s, sep);
    if (at == SIZE_MAX) {
        *head = s;
        *tail = str_sub(s, s.len, s.len);
        return false;
    }
    *head = str_sub(s, 0, at);
    *tail = str_sub(s, at + 1, s.len);
    return true;
}

bool str_list_has(struct str list, struct str wanted)
{
    struct str one;
    while (list.len > 0) {
        str_cut(list, ',', &one, &list);
        one = str_trim(one);
        if (one.len > 0 && str_eq(one, wanted))
            return true;
    }
    return false;
}

size_t str_utf8_at(struct str s, size_t at)
{
    if (at >= s.len)
        return 0;
    const unsigned char *p = (const unsigned char *)s.ptr + at;
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xc2 && p[0] <= 0xdf   ? 2
                 : p[0] >= 0xe0 && p[0] <= 0xef ? 3
                 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                                : 0;
    if (len == 0 || s.len - at < len)
        return 0;
    /* The second byte rules out overlong forms, surrogates and what lies above U+10FFFF. */
    unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

struct str str_utf8_head(struct str s, size_t bytes_max)
{
    if (s.len <= bytes_max)
        return s;
    /* A character starts at most three bytes before the cut; text that is not UTF-8 is cut there. */
    for (size_t back = 1; back <= 3 && back <= bytes_max; back++) {
        size_t len = str_utf8_at(s, bytes_max - back);
        if (len > back)
            return str_sub(s, 0, bytes_max - back);
    }
    return str_sub(s, 0, bytes_max);
}

bool str_to_u64(struct str s, uint64_t *out)
{
    uint64_t number = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return false;
    }
    *out = number;
    return true;
}

bool str_to_i64(struct str s, int64_t *out)
{
    bool negative = str_starts(s, STR("-"));
    uint64_t magnitude;
    if (!str_to_u64(negative ? str_sub(s, 1, s.len) : s, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    /* The magnitude of INT64_MIN has no positive counterpart, so the sign goes on in two steps. */
    *out = !negative || magnitude == 0 ? (int64_t)magnitude : -(int64_t)(magnitude - 1) - 1;
    return true;
}

bool i64_add(int64_t a, int64_t b, int64_t *out)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

bool i64_mul(int64_t a, int64_t b, int64_t *out)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

/* Names that people type are short; anything longer is simply not near. */
enum { DISTANCE_BYTES_MAX = 128 };

static size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t str_distance(struct str a, struct str b, size_t limit)
{
    size_t apart = a.len > b.len ? a.len - b.len : b.len - a.len;
    if (str_eq(a, b))
        return 0;
    if (apart > limit || b.len > DISTANCE_BYTES_MAX)
        return limit + 1;

    /* Three rows of the usual table: row[j] is the distance of a's head to b's first j bytes, `before`
     * and `earlier` are those of heads one and two bytes shorter. Two neighbours that changed places
     * are one slip of the fingers, so that they count 1 (optimal string alignment). */
    size_t rows[3][DISTANCE_BYTES_MAX + 1];
    size_t *earlier = rows[0], *before = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *free_row = earlier;
        earlier = before;
        before = row;
        row = free_row;
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = before[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
            best = size_min(best, size_min(before[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1])
                best = size_min(best, earlier[j - 2] + 1);
            row[j] = best;
        }
    }
    return row[b.len] > limit ? limit + 1 : row[b.len];
}

size_t str_nearest(struct str word, const struct str *names, size_t names_len)
{
    size_t limit = word.len / 3;
    limit = limit < 1 ? 1 : limit > 4 ? 4 : limit;

    size_t nearest = SIZE_MAX, nearest_distance = limit + 1;
    for (size_t i = 0; i < names_len; i++) {
        size_t distance = str_distance(word, names[i], limit);
        if (distance < nearest_distance) {
            nearest = i;
            nearest_distance = distance;
        }
    }
    return nearest;
}

/* Strings are pointer and length. A `struct str` borrows: it owns nothing and is valid as long
 * as the bytes it points at. It is not terminated; print it with "%.*s", STR_ARG(s).
 *
 * Threads: plain values, no shared state.
 *
 *     struct str line = STR("page=3");
 *     struct str key, value;
 *     if (str_cut(line, '=', &key, &value)) ... */
#ifndef HUILIU_BASE_STR_H
#define HUILIU_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *ptr; /* may be NULL only when len is 0 */
    size_t len;
};

#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
#define STR_ARG(s) (int)(s).len, ((s).ptr ? (s).ptr : "")

/* Borrows a terminated C string; NULL gives the empty string. */
struct str str_of(const char *text);

bool str_eq(struct str a, struct str b);
/* ASCII letters compare without case; other bytes must be equal. */
bool str_eq_nocase(struct str a, struct str b);
/* Byte order, shorter first: <0, 0, >0. */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Offset of the first occurrence, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle);
size_t str_find_char(struct str s, char c);
/* Line breaks, tabs and other signs that nobody sees: U+0000 to U+001F, U+007F to U+009F, U+2028, U+2029. */
bool str_has_control(struct str s);
/* s[from, to) with both ends clamped to the string. */
struct str str_sub(struct str s, size_t from, size_t to);
/* Without ASCII white space at both ends. */
struct str str_trim(struct str s);
/* Splits at the first `sep`: true and both halves, or false with *head = s and *tail empty. */
bool str_cut(struct str s, char sep, struct str *head, struct str *tail);

/* One of a list with commas; blanks around each do not count, and what is empty is in none. */
bool str_list_has(struct str list, struct str wanted);

/* Bytes of the well-formed UTF-8 character that starts at `at`; 0 when there is none. */
size_t str_utf8_at(struct str s, size_t at);
/* The longest head of at most bytes_max bytes that does not cut a UTF-8 character. */
struct str str_utf8_head(struct str s, size_t bytes_max);

/* Whole string as a decimal number; false on an empty string, foreign characters or overflow. */
bool str_to_i64(struct str s, int64_t *out);
bool str_to_u64(struct str s, uint64_t *out);

/* Checked arithmetic on numbers from outside: false on overflow, *out untouched. */
bool i64_add(int64_t a, int64_t b, int64_t *out);
bool i64_mul(int64_t a, int64_t b, int64_t *out);

/* Edit distance up to `limit` (limit + 1 when it is more): finds the nearest known name. */
size_t str_distance(struct str a, struct str b, size_t limit);
/* Index of the name nearest to `word` within a third of its length (at least 1, at most 4 edits),
 * or SIZE_MAX. Used wherever a wrong word is answered with "did you mean". */
size_t str_nearest(struct str word, const struct str *names, size_t names_len);

#endif

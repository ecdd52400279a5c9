/* JSON over yyjson, thin. Numbers are kept as their raw text, so that 19-digit ids and amounts
 * reach their field exactly as the platform wrote them.
 *
 * Two faults of one text are no fault of the whole document: half of a surrogate pair (\ud83d
 * without its other half) is read as U+FFFD, and U+0000 stays in the text that holds it. What no
 * database of ours stores is refused where a text is stored or acted upon (json_has_nul).
 *
 * Life cycle: json_parse makes a document, json_free frees it; every `const struct json *` lives
 * as long as its document. A NULL value is allowed everywhere and means "absent", which is not
 * the same as JSON null. Threads: a document may be read by many threads.
 *
 * Errors: ERR_BAD_REPLY "json_syntax" (with byte offset), "json_depth" (over JSON_DEPTH_MAX),
 * "json_utf8". A UTF-8 mark at the start is skipped. Duplicate keys: the first one counts, as yyjson
 * reads them. */
#ifndef HUILIU_FORMAT_JSON_H
#define HUILIU_FORMAT_JSON_H

#include "base/base.h"

/* A field that nobody maps may be nested as its platform likes and must not cost its page. The bound is
 * the stack of the thread that writes the value again: 440 bytes a level (710 under the address
 * sanitizer), so that a thousand levels take a tenth of the usual 8 MB. */
enum { JSON_DEPTH_MAX = 1000 };

struct json_doc;
struct json; /* a value inside a document */

enum json_kind {
    JSON_ABSENT,
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

enum err_class json_parse(struct str text, struct json_doc **out, struct err *err);
void json_free(struct json_doc *doc);
const struct json *json_root(const struct json_doc *doc);

enum json_kind json_kind_of(const struct json *value);
/* Text of a string (unescaped; it may hold U+0000) or the raw text of a number or true/false; empty
 * otherwise. */
struct str json_text(const struct json *value);
/* Whether a string or a key anywhere in the value holds U+0000. */
bool json_has_nul(const struct json *value);
bool json_true(const struct json *value);
size_t json_len(const struct json *value); /* elements or members */
const struct json *json_get(const struct json *object, struct str key);
const struct json *json_at(const struct json *array, size_t index);

struct json_iter {
    const void *private_[4];
    size_t left;
};
/* Walks an array (key empty) or an object in its order; NULL at the end. `key` may be NULL. */
void json_iter_init(struct json_iter *iter, const struct json *container);
const struct json *json_iter_next(struct json_iter *iter, struct str *key);

/* Compact text of a value, numbers as they came, no escaping of "/" or non-ASCII.
 * json_write_canonical also sorts the keys of objects (byte order; equal keys keep their order):
 * the form that is hashed. An absent value is written as null. Fails by out->failed only. */
void json_write(struct buf *out, const struct json *value);
void json_write_canonical(struct buf *out, const struct json *value);

/* Building text by hand: a quoted, escaped JSON string. Each byte that is not UTF-8, and
 * U+0000, becomes U+FFFD. */
void json_write_string(struct buf *out, struct str s);
/* A list of them. */
void json_write_strings(struct buf *out, const struct str *texts, size_t len);

#endif

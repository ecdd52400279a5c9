/* YAML over libyaml, read into a tree that knows where everything stands, and checked against a
 * schema. Anchors, aliases, tags, several documents, keys that are not scalars and duplicate keys
 * are refused (a manifest is plain data), and so is U+0000 in a text. Everything scalar is text;
 * `quoted` tells '1' from 1: what is quoted (or a block) is text only, never null, number or bool.
 *
 * Memory: the caller's arena. Threads: the tree is read-only once made.
 * Errors are ERR_CONFIG "yaml_syntax" (cannot be read) or "yaml_value" (says something wrong) with
 * "FILE:LINE:COLUMN: …" and, for a wrong word, the nearest known one. */
#ifndef HUILIU_FORMAT_YAML_H
#define HUILIU_FORMAT_YAML_H

#include "base/base.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_pair;
struct yaml {
    enum yaml_kind kind;
    unsigned line, column; /* 1-based */
    bool quoted;
    struct str text;         /* scalar */
    struct yaml *items;      /* list */
    struct yaml_pair *pairs; /* map, in file order */
    size_t len;              /* items or pairs */
};
struct yaml_pair {
    struct str key;
    unsigned line, column;
    struct yaml value;
};

enum { YAML_BYTES_MAX = 1024 * 1024, YAML_NODES_MAX = 50000 };

/* file: its name in messages. */
enum err_class yaml_parse(struct str file, struct str text, struct arena *arena, struct yaml **out,
                          struct err *err);
const struct yaml *yaml_get(const struct yaml *map, struct str key);
/* Plain null, ~ or empty. */
bool yaml_is_null(const struct yaml *node);
bool yaml_bool(const struct yaml *node, bool *out); /* true false yes no on off */
bool yaml_i64(const struct yaml *node, int64_t *out);
/* "90d" "10m" "1h30m" "500ms" "20s" -> ms: larger units first, each at most once, no sign. */
bool yaml_duration_ms(const struct yaml *node, int64_t *out);
bool duration_parse(struct str text, int64_t *out_ms);
/* ERR_CONFIG "yaml_value" at a node: "FILE:LINE:COLUMN: message". */
enum err_class yaml_error(struct str file, const struct yaml *node, struct err *err,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A schema is data. A node is a scalar of a type, a list of one schema, a map with known keys, a
 * map with free keys, or one of several schemas (chosen by the node's kind). */
enum yaml_type {
    YAML_T_TEXT,
    YAML_T_INT,
    YAML_T_BOOL,
    YAML_T_DURATION,
    YAML_T_DECIMAL,
    YAML_T_WORD /* one of `words` */,
    YAML_T_ANY,
    YAML_T_LIST,
    YAML_T_MAP,
    YAML_T_NAMED /* map with free keys */,
    YAML_T_EITHER
};
struct yaml_schema;
struct yaml_key {
    const char *key; /* NULL ends the table */
    const struct yaml_schema *schema;
    bool required;
    const char *help; /* one line: becomes docs/manifest-reference.md */
};
struct yaml_schema {
    enum yaml_type type;
    const char *name;                        /* "budget": used in messages and docs */
    const char *const *words;                /* YAML_T_WORD, NULL-terminated */
    const struct yaml_key *keys;             /* YAML_T_MAP */
    const struct yaml_schema *each;          /* YAML_T_LIST, YAML_T_NAMED */
    const struct yaml_schema *const *either; /* YAML_T_EITHER, NULL-terminated, unlike kinds */
    int64_t min, max; /* YAML_T_INT; both 0: no bound; INT64_MAX: no upper bound */
};
/* The first thing that is wrong, in file order; a key that lacks is told at its map:
 *   x.yaml:12:5: unknown key "recrods" in stream; did you mean "records"?
 *   x.yaml:14:11: "size" must be a whole number from 1 to 1000, not "many"
 *   x.yaml:10:3: stream needs "records"
 * An empty value (key with nothing behind it) satisfies YAML_T_ANY only. */
enum err_class yaml_check(struct str file, const struct yaml *node,
                          const struct yaml_schema *schema, struct err *err);

#endif

/* Templates and predicates: one tiny total language. Typed, no loops, compiled at load; evaluation
 * always ends and its cost is bounded by the text's length.
 *
 *   predicate   code == 0 and not (message contains 'limit' or status in [429, 503])
 *   template    /orders/{shop.external_id}/list?from={window.from | local}
 *
 * grammar   or > and > not > comparison (== != < <= > >= in contains starts ends) > pipe
 *   operand    name | 'text' | "text" | 123 | true | false | null | [a, b] | ( … )
 *   pipe       operand | filter | filter(arg, …)
 *   template   text with {expression} holes, {{ and }} for braces. A template that is one hole and
 *              nothing else keeps the type of its value (a list stays a list in a JSON body).
 * filters    of a time: unix · unix_ms · local (zone of the stream, "%Y-%m-%d %H:%M:%S") · date · iso
 *            (UTC, Z) · time('%Y%m%d%H%M%S%L%z') · time(format, zone) · plus('1d') · minus('1h30m')
 *            of a number: int · plus(n) · minus(n)
 *            of a list: join(',') · first · last
 *            of any: json · text · upper · lower (ASCII) · trim · base64 · default(x) · present (true
 *            when neither absent nor null) · sub(from, to): characters [from, to), from the end when
 *            negative, clamped
 *            Absent and null pass all but default, present and json unchanged. A value that a filter
 *            cannot take is ERR_CONFIG "expr_type".
 * Texts in quotes know \n \t \r \\ \' \". Names may go on with [0], [-1], ["a.b"].
 * Comparison is by number when both sides read as decimal numbers (compared as text digits, never
 * double; a time counts as its milliseconds), else by bytes of their text. null equals only null;
 * absent equals null; neither is less or more than anything, or a part of a text. `in` and
 * `contains` ask a list (also a JSON array) for an equal element, `contains` a text for a part.
 * Comparisons do not chain. Trees are at most NESTING_MAX high, texts at most 64 KB.
 *
 * Names are known at compile time: an unknown name is an error with the nearest one. Names with a
 * trailing ".*" (body.*, header.*) accept any member and are looked up as text.
 *
 * Memory: compile and evaluate in arenas of the caller. Threads: a compiled expr is read-only. */
#ifndef HUILIU_FORMAT_EXPR_H
#define HUILIU_FORMAT_EXPR_H

#include "format/json.h"
#include "format/zone.h"

enum value_kind {
    VALUE_ABSENT,
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_TEXT,
    VALUE_TIME,
    VALUE_LIST,
    VALUE_JSON
};

struct value {
    enum value_kind kind;
    bool truth;
    bool secret;             /* set for credentials and tokens: `trace` prints such holes as *** */
    int64_t number;          /* VALUE_INT; VALUE_TIME: UTC ms */
    struct str text;         /* VALUE_TEXT; also raw decimal text */
    const struct json *json; /* VALUE_JSON; of a text: the number it came from */
    const struct value *items; /* VALUE_LIST */
    size_t items_len;
};

struct value value_text(struct str text);
struct value value_int(int64_t number);
struct value value_time(int64_t utc_ms);
struct value value_bool(bool truth);
struct value value_of_json(
    const struct json *json); /* scalars become text/int/bool, others stay JSON */

struct expr;     /* a predicate or one hole */
struct template; /* a text with holes */

/* `names`: NULL-terminated list of what may stand in it. ERR_CONFIG "expr_syntax"/"expr_name". */
enum err_class expr_compile(struct str text, const char *const *names, struct arena *arena,
                            struct expr **out, struct err *err);
enum err_class template_compile(struct str text, const char *const *names, struct arena *arena,
                                struct template **out, struct err *err);
/* The template as it stands, when it has no hole at all: constant. */
bool template_is_constant(const struct template *template);

/* What the names mean at evaluation. lookup gets the name as written ("window.from",
 * "body.data.code") and sets *out (absent when unknown). It must not block. */
struct expr_env {
    bool (*lookup)(void *context, struct str name, struct value *out);
    void *context;
    const struct zone *zone; /* for local, date, time; NULL is UTC */
    struct arena *arena;     /* for results */
    const char *hide;        /* when not NULL, secret holes are printed as this text */
};
enum err_class expr_eval(const struct expr *expr, const struct expr_env *env, struct value *out,
                         struct err *err);
/* Truth: absent, null, false, the number 0 however written, "" and empty lists are false. */
enum err_class expr_true(const struct expr *expr, const struct expr_env *env, bool *out,
                         struct err *err);
enum err_class template_eval(const struct template *template, const struct expr_env *env,
                             struct value *out, struct err *err);
/* Evaluates and renders as text: integers in decimal, times as by iso, lists and JSON as compact
 * JSON, absent and null as nothing. */
enum err_class template_text(const struct template *template, const struct expr_env *env,
                             struct str *out, struct err *err);
/* Any value as text / appended as JSON. */
enum err_class value_to_text(const struct value *value, struct arena *arena, struct str *out,
                             struct err *err);
void value_write_json(struct buf *out, const struct value *value);

#endif

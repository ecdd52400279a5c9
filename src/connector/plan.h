/* What a manifest compiles to. Private to the room: the face shows the parts that others need. All
 * of it lives in the connector's arena and is read-only once loaded. */
#ifndef HUILIU_CONNECTOR_PLAN_H
#define HUILIU_CONNECTOR_PLAN_H

#include "connector/connector.h"

enum {
    SOURCES_MAX = 4,         /* paths of one field */
    NAMES_MAX = 128,         /* names that one template may know */
    FIELD_BYTES_MAX = 65535, /* MariaDB's TEXT, the smallest of the three databases */
    MESSAGE_BYTES_MAX = 200, /* of a platform's message that we keep */
    CIPHERS_MAX = 8,         /* kinds of cipher in one manifest */
    CIPHER_KEY_BYTES = 32,
    CIPHER_IV_BYTES = 16,
};

struct str_list {
    struct str *items;
    size_t len;
};
struct path_list {
    const struct path **items;
    size_t len;
};

/* --- requests --- */
enum place { PLACE_QUERY, PLACE_FORM, PLACE_JSON, PLACE_HEADER, PLACES };

/* A value of a request as the manifest writes it: a scalar, or a list or map of such. */
enum shape_kind { SHAPE_SCALAR, SHAPE_LIST, SHAPE_MAP };
struct shape {
    enum shape_kind kind;
    const struct template *template; /* SHAPE_SCALAR */
    struct str raw; /* SHAPE_SCALAR that is a plain number, true, false or null: its JSON text */
    struct member *members;
    size_t len;
};
struct member {
    struct str name; /* empty in a list */
    struct shape shape;
};
struct params {
    struct member *items;
    size_t len, room;
};

struct endpoint_plan {
    bool post;
    bool sign;
    const struct template *host; /* NULL: `path` is a whole URL */
    const struct template *path;
    struct params params[PLACES];
    const struct stream *stream; /* whose zone and page size hold; NULL: none */
};

/* --- signing --- */
enum sort { SORT_KEY, SORT_PAIR, SORT_NONE };
enum encoding { ENCODE_HEX_UPPER, ENCODE_HEX, ENCODE_BASE64 };
struct sign_plan {
    bool of[PLACES];
    struct str_list only, except;
    bool drop_empty;
    enum sort sort;
    const struct template *each;
    struct str join;
    const struct template *text;
    enum digest digest;
    const struct template *key; /* NULL: a digest, not an HMAC */
    enum encoding encoding;
    enum place put;
    struct str put_name;
};

/* --- replies --- */
struct error_rule {
    const struct expr *when;
    enum err_class class_;
    enum err_scope scope;
    int64_t retry_after_ms;                  /* 0: not said */
    const struct template *retry_after_text; /* gives seconds; NULL: none */
};
struct reply_plan {
    const struct path *envelope; /* NULL: the whole body */
    struct path_list code, message, request_id;
    const struct expr *success;
};

enum time_form { TIME_ANY, TIME_UNIX, TIME_UNIX_MS, TIME_PATTERN };
struct token_time {
    const struct path *path; /* NULL: not said */
    bool instant;            /* an instant, not a number of seconds from now */
    enum time_form form;
};
struct accounts_plan {
    const struct path *records, *id;
    struct path_list name;
    const struct expr *when; /* NULL: all of them */
};
struct auth_plan {
    const struct path *access, *refresh;
    struct token_time expires, refresh_expires;
    const struct endpoint *consent;
    struct accounts_plan accounts;
};

/* --- ciphers --- */
struct cipher_plan {
    struct str name;
    const struct template *key; /* NULL: cannot be opened here */
    bool key_fit;
    char key_fill;
    bool iv_right;
    struct str online_prefix;
    const struct endpoint *online; /* NULL: the platform does not open it */
    int64_t online_max;
    const struct path *records, *cipher, *plain;
};

/* --- fields --- */
enum nothing { NOTHING_KEEP, NOTHING_GONE, NOTHING_REJECT };
struct source_plan {
    const struct path *path;
    const struct cipher_plan *cipher; /* NULL: plain */
};
struct field_plan {
    struct str name;
    size_t column;
    enum column_type type;
    size_t bytes_max; /* of a text that is in a key or index, or an id; 0: no bound of its own */
    bool has_constant;
    struct str constant;
    struct source_plan sources[SOURCES_MAX];
    size_t sources_len;
    enum nothing absent, empty;
    bool has_fallback;
    struct str fallback;
    bool zero_absent;
    bool money_major, money_round;
    bool has_min, has_max;
    int64_t min, max;
    bool of_day;  /* a text that is a calendar day: YYYY-MM-DD */
    bool of_line; /* a text or id without control characters */
    enum time_form form;
    const char *time_pattern;
    struct str_list values_from, values_to;
    struct str source; /* the first of them, as the manifest writes it (files) */
    bool of_content;   /* ^.content: made when all others are */
    bool of_place;     /* where a row stands in its file, which is no part of what it says */
    bool of_sheet;   /* as people and spreadsheets write: 1,234.50元, 5%, ids that were rounded */
    bool translates; /* `words`: a raw value that is not in values_from has no word */
    struct str_list known; /* none: everything is known */
    struct str_list names_of, names;
};
struct table_plan {
    const struct table *table;
    const struct path *records; /* below the record; NULL: the record itself */
    struct field_plan *fields;  /* key first, then the currency: others depend on it */
    size_t fields_len;
    size_t currency; /* column, or SIZE_MAX */
};
struct stream_plan {
    const struct path *records;
    struct table_plan *tables;
    size_t tables_len;
    struct str cursor_first;
    const struct path *cursor;
    const struct template *cursor_join;
    struct path_list total;
    const struct expr *more;
    const struct path *last;
    int64_t size_max;
    const struct cipher_plan *cipher; /* the one that asks the platform, or NULL */
};

struct host {
    struct str name;
    const struct template *url;
};

/* --- what a platform tells by itself --- */
struct webhook_plan {
    struct webhook face;
    struct sign_plan sign;
    const struct path *records, *shop, *ids; /* records, shop NULL: the body itself, not said */
};

struct connector {
    struct arena arena;
    struct str platform, name_zh, name_en, currency;
    const struct zone *zone;
    bool zone_of_shop, money_major;
    bool calls; /* it has addresses; else its shops are filled by files alone */
    struct host *hosts;
    size_t hosts_len;
    struct need *needs[2]; /* of the shop, of the app */
    size_t needs_len[2];
    struct budget_rule *budgets;
    size_t budgets_len;
    struct retry_rule retry[ERR_CLASSES];
    struct reply_plan reply;
    struct error_rule *errors;
    size_t errors_len;
    struct auth auth;
    struct auth_plan auth_plan;
    enum place auth_put;
    struct str auth_put_name;
    const struct template *auth_put_as; /* NULL: calls carry no token */
    struct sign_plan *sign;             /* NULL: calls are not signed */
    struct params sign_add;
    struct cipher_plan *ciphers;
    size_t ciphers_len;
    struct stream *streams;
    size_t streams_len;
    struct file_form *file;       /* a manifest of files; NULL: of a platform */
    struct webhook_plan *webhook; /* NULL: none is declared */
};

/* --- what names mean (scope.c) --- */
struct scope {
    const struct connector *connector;
    const struct facts *facts;
    const struct stream *stream; /* NULL: none */
    struct arena *arena;
    struct str path, pairs, body, key, value; /* while signing */
    struct str sent;                          /* what a webhook says of its time */
    const struct json *root;                  /* of a reply, while it is judged */
    const struct json *record;                /* one of its records, while it is chosen */
    const struct reply *reply;
    const struct json *code;
    struct str message;
    bool of_host;        /* a host is made: its values are host names or parts of one */
    struct str bad_host; /* the name whose value was not; empty: none */
};
/* The environment in which a request's or a reply's templates are evaluated. */
struct expr_env scope_env(struct scope *scope, const char *hide);
const struct zone *scope_zone(const struct connector *connector, const struct stream *stream,
                              const struct facts *facts);
/* Records to ask for: the facts' size within the platform's limit, 1 for a total. */
int64_t scope_page_size(const struct stream *stream, const struct facts *facts);
struct str scope_option(const struct stream *stream, const struct facts *facts, struct str name);

/* --- parts that call each other --- */
/* An evaluated parameter: `text` is what is signed and what goes into a query or form, `json` is its
 * JSON text. */
struct param {
    struct str name, text, json;
    bool secret;
};
struct sign_input {
    struct str path, body;
    const struct param *params;
    size_t params_len;
};
/* Makes the text that is signed and, unless `signature` is NULL, its signature. `env` is that of
 * `scope`. */
enum err_class sign_make(const struct sign_plan *plan, struct scope *scope,
                         const struct expr_env *env, const struct sign_input *input,
                         struct str *text, struct str *signature, struct err *err);

/* Judges a reply. `root` is NULL when the body is no JSON that we can read: `doc_err` says why. */
enum err_class reply_classify(const struct connector *connector, const struct facts *facts,
                              const struct reply *reply, const struct json *root,
                              const struct err *doc_err, struct arena *arena, struct err *err);
/* The first of the paths that leads to something. */
const struct json *paths_first(const struct path_list *paths, const struct json *root);
/* root, or what stands in the envelope. */
const struct json *reply_inside(const struct connector *connector, const struct json *root);

/* A key that was brought to its length, once a page. */
struct cipher_key {
    const struct cipher_plan *plan;
    char bytes[CIPHER_KEY_BYTES];
    bool usable;
};
enum err_class cipher_key_make(const struct cipher_plan *plan, const struct connector *connector,
                               const struct facts *facts, struct arena *arena,
                               struct cipher_key *out, struct err *err);
/* ERR_SKIP_RECORD "decrypt" when the text does not open to UTF-8. */
enum err_class cipher_open(const struct cipher_key *key, struct str cipher, struct arena *arena,
                           struct str *plain, struct err *err);

/* One field's raw value as its column's type: `number` or `text` holds it, `is_text` says which.
 * ERR_SKIP_RECORD with the reject's code. */
struct cell {
    bool is_text;
    int64_t number;
    struct str text;
};
struct convert {
    const struct field_plan *field;
    const struct zone *zone;
    int exponent; /* of the record's currency, -1: unknown */
    struct arena *arena;
    int64_t arrived_ms; /* of the record; before 2000: not known */
};
enum err_class convert_json(const struct convert *convert, const struct json *value,
                            struct cell *out, struct err *err);
enum err_class convert_text(const struct convert *convert, struct str text, struct cell *out,
                            struct err *err);

#endif

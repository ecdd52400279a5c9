/* Loading: the checked YAML tree to plans. Private to the room; load.c drives and reads what is small,
 * load_request.c makes requests, load_reply.c replies and errors, load_auth.c tokens, load_sign.c
 * signing, load_stream.c streams, load_pages.c their pages and load_figures.c what those of figures
 * say, load_field.c fields and ciphers; load_read.c holds the readers that all of them use.
 *
 * Every function reports at the node that is wrong: ERR_CONFIG with FILE:LINE:COLUMN. */
#ifndef HUILIU_CONNECTOR_LOADER_H
#define HUILIU_CONNECTOR_LOADER_H

#include "connector/plan.h"

extern const struct yaml_schema schema_reserved;

struct loader {
    struct str file;
    struct arena *arena; /* the connector's */
    struct connector *connector;
    const struct table_catalog *catalog;
    struct err *err;
    const struct yaml *root;
    const char *names[NAMES_MAX]; /* what templates may name just now, NULL-terminated */
    size_t names_len;
    struct params extra[PLACES]; /* what pages add to the next request; taken by load_endpoint */
};

/* Which names a template may use (loader->names). */
enum names {
    NAMES_ACCOUNT = 1 << 0, /* app.*, shop.*, now, nonce */
    NAMES_TOKEN = 1 << 1,
    NAMES_PAGE = 1 << 2,
    NAMES_UPDATED = 1 << 3,
    NAMES_CREATED = 1 << 4,
    NAMES_IDS = 1 << 5,
    NAMES_SIGN = 1 << 6,
    NAMES_BODY = 1 << 7, /* the request's, while signing */
    NAMES_EACH = 1 << 8,
    NAMES_REPLY = 1 << 9,
    NAMES_AUTH_CODE = 1 << 10,
    NAMES_RANGE = 1 << 11,  /* the days of a stream of figures */
    NAMES_RECORD = 1 << 12, /* members of one record */
    NAMES_SENT = 1 << 13,   /* what a webhook says of its time */
};
/* `options` is the stream's map of them or NULL. */
enum err_class loader_names(struct loader *loader, unsigned which, const struct yaml *options);

/* --- small readers; the tree has been checked, so a value that is there has its type --- */
struct str load_text(const struct yaml *map, const char *key); /* empty when absent */
bool load_flag(const struct yaml *map, const char *key, bool otherwise);
int64_t load_int(const struct yaml *map, const char *key, int64_t otherwise);
int64_t load_ms(const struct yaml *map, const char *key, int64_t otherwise_ms);
/* Position of the word among `words` (NULL-terminated); `otherwise` when absent. */
size_t load_word(const struct yaml *map, const char *key, const char *const *words,
                 size_t otherwise);
struct str load_dup(struct loader *loader, struct str text); /* .ptr NULL without memory */
enum err_class load_path(struct loader *loader, const struct yaml *node, const struct path **out);
enum err_class load_path_key(struct loader *loader, const struct yaml *map, const char *key,
                             const struct path **out); /* NULL when absent */
enum err_class load_paths(struct loader *loader, const struct yaml *node, struct path_list *out);
enum err_class load_texts(struct loader *loader, const struct yaml *node, struct str_list *out);
enum err_class load_expr(struct loader *loader, const struct yaml *node, const struct expr **out);
enum err_class load_template(struct loader *loader, const struct yaml *node,
                             const struct template **out);
enum err_class load_template_text(struct loader *loader, const struct yaml *node, struct str text,
                                  const struct template **out);
/* "query.page" -> place and name. */
enum err_class load_place(struct loader *loader, const struct yaml *node, enum place *place,
                          struct str *name);

/* A stream on its way. */
struct stream_work {
    struct loader *loader;
    const struct yaml *node;
    struct stream *stream;
    struct stream_plan *plan;
    const struct yaml *options;
    unsigned windows; /* NAMES_UPDATED | NAMES_CREATED, or NAMES_RANGE | NAMES_IDS */
};

/* --- parts --- */
/* How often each class is repeated, by `retry:` or without it. */
enum err_class load_retry(struct loader *loader);
/* Without `budgets:` the platform has one rule, "default", that every request draws from. */
enum err_class load_budgets(struct loader *loader);
enum err_class load_reply(struct loader *loader);
enum err_class load_errors(struct loader *loader);
enum err_class load_auth(struct loader *loader);
/* Templates know loader->names. `stream` may be NULL. */
enum err_class load_endpoint(struct loader *loader, const struct yaml *node, struct str name,
                             const struct stream *stream, const struct endpoint **out);
/* A parameter that the engine adds: {page.number} and the like. */
enum err_class load_param_add(struct loader *loader, struct params *params, struct str name,
                              const struct template *template);
enum err_class load_sign(struct loader *loader, const struct yaml *node);
/* What sign: and webhook: share: digest, key and encode; and the example that must reproduce. */
enum err_class load_digest(struct loader *loader, const struct yaml *node, struct sign_plan *out);
enum err_class load_sign_example(struct loader *loader, const struct yaml *node,
                                 const struct sign_plan *plan);
enum err_class load_webhook(struct loader *loader, const struct yaml *node);
enum err_class load_ciphers(struct loader *loader, const struct yaml *node);
enum err_class load_streams(struct loader *loader, const struct yaml *node);
/* What pages add to the request is left in loader->extra; loader->names may be others after it. */
enum err_class load_pages(struct stream_work *work);
/* What `figures:` of a stream says; all streams are loaded, because the one of the rows may stand
 * behind. `node` is the stream's. */
enum err_class load_figures(struct loader *loader, const struct yaml *node, struct stream *stream);
/* A path without [] means the list that it leads to. */
enum err_class load_records(struct loader *loader, const struct yaml *node,
                            const struct path **out);
/* The data table that `name`, said at `at`, means. */
enum err_class load_find_table(struct loader *loader, const struct yaml *at, struct str name,
                               const struct table **out);
/* `records` is NULL for the main table. */
enum err_class load_table(struct loader *loader, const struct table *table,
                          const struct yaml *fields, const struct path *records,
                          struct table_plan *out);
/* Position of the item that is named `word`, or load_unknown. Items begin with their name, a struct
 * str. */
enum err_class load_find(struct loader *loader, const struct yaml *node, const char *what,
                         struct str word, const void *items, size_t len, size_t item_bytes,
                         size_t *out);
/* ERR_CONFIG naming the nearest of the known words. */
enum err_class load_unknown(struct loader *loader, const struct yaml *node, const char *what,
                            struct str word, const struct str *known, size_t known_len);

#endif

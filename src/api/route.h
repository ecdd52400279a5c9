/* Routes: what the HTTP API answers, as rows of a table. From a row follow matching, who may, reading and checking of
 * parameters, the OpenAPI document, docs/routes.md, and the tests that walk all routes. A route that is not in a
 * table does not exist; a parameter that a route does not name is refused (400 "parameter_unknown").
 *
 * Each noun has a file that ends with its table:
 *
 *     static const struct param one_params[] = {
 *         {"order_id", PARAM_PATH, PARAM_ID, .required = true, .help = "The platform's order number"}, {0}};
 *     static enum err_class order_one(struct call *call, struct err *err) { … }
 *     const struct route order_routes[] = {
 *         {ROUTE_GET, "/api/v1/ad-orders/{order_id}", "adOrder", RIGHT_READ, one_params, order_one,
 *          .summary = "One ad order", .answer = "AdOrder"}, {0}};
 *
 * and table.c lists the tables. Handlers are straight-line code on a thread of the http room: they read with store_read,
 * or write in one store_write with an audit line (audit.h), and write their answer into `call->out`.
 *
 * Errors: what a handler returns becomes problem+json (problem.c has the table of classes and codes to statuses).
 * A handler that answers without JSON sets call->reply->body (in call->arena) and content_type, or a stream;
 * it may set call->reply->status. Whoever needs memory for longer than the handler runs, as a stream does,
 * takes it from call->arena: call and arena live until the reply is sent.
 * A stream's pull and close run as handlers do: the thread takes part in the clock already.
 *
 * Threads: tables are constant; a call belongs to the thread that runs its handler. */
#ifndef HUILIU_API_ROUTE_H
#define HUILIU_API_ROUTE_H

#include "base/base.h"
#include "format/format.h"
#include "http/http.h"
#include "store/store.h"

enum route_method { ROUTE_GET, ROUTE_POST, ROUTE_PUT, ROUTE_PATCH, ROUTE_DELETE };
enum param_place { PARAM_QUERY, PARAM_PATH, PARAM_BODY };
enum param_type {
    PARAM_TEXT,
    PARAM_ID,    /* digits, letters, - _ . : / + =, at most ID_BYTES_MAX; never read as a number */
    PARAM_CODE,  /* an id that a merchant or a platform made up, as a SKU: any text of one line */
    PARAM_INT,   /* min … max */
    PARAM_BOOL,  /* true false 1 0 */
    PARAM_WORD,  /* one of words */
    PARAM_DAY,   /* YYYY-MM-DD, a day that exists */
    PARAM_TIME,  /* RFC 3339 → UTC milliseconds */
    PARAM_MONEY, /* "12.34" → kept as text: the currency decides */
    PARAM_JSON,  /* body only: any value */
    PARAM_KEY,   /* an id of ours: digits, a text as in answers; a body may hold a number too */
};
struct param {
    const char *name;
    enum param_place place;
    enum param_type type;
    bool required;
    bool many;        /* repeated key, a=1&a=2 or a[]=1; at most PARAM_VALUES_MAX. Body: a list */
    int64_t min, max; /* PARAM_INT; PARAM_TEXT: bytes (max 0: 200) */
    const char *const *words;
    const char *standard; /* the text that holds where it is not given */
    const char *help;
    unsigned char filter; /* enum list_how: it filters a list (list.h) by … */
    const char *column;   /* … this column of it */
};
enum { PARAMS_MAX = 64, PARAM_VALUES_MAX = 500 };

/* Each includes those before it, but for RIGHT_REVEAL, which stands apart. */
enum right { RIGHT_NOBODY, RIGHT_READ, RIGHT_OPERATE, RIGHT_ADMIN, RIGHT_REVEAL };

struct call;
typedef enum err_class route_handler(struct call *call, struct err *err);
struct route {
    enum route_method method;
    const char *path;           /* "{name}" is one segment */
    const char *name;           /* operationId */
    enum right right;           /* RIGHT_NOBODY: needs no sign-in */
    const struct param *params; /* ended by a NULL name; NULL: none */
    route_handler *handle;
    const char *summary;
    const char *answer; /* a schema of openapi.c, or NULL */
    bool
        streams; /* no ETag: the handler sets a stream on call->reply; a body it has set otherwise is sent as it is */
    bool
        any_query; /* parameters of the query that it does not name are somebody else's, and ignored */
    bool raw_body; /* the body is no JSON, and call->upload is the handler's to read */
    /* With raw_body: it may also be the form of a page (multipart/form-data), whose one file it is then; what else the form has
     * are parameters, as if they stood in the query; a file's name is `name`. */
    bool form;
    size_t body_bytes_max; /* 0: API_BODY_BYTES_MAX */
};
enum { API_BODY_BYTES_MAX = 1024 * 1024 };

struct arg {
    bool given; /* by the request; else `standard`, or nothing */
    struct str text;
    int64_t number; /* INT BOOL TIME KEY, and the index of a WORD */
    const struct json *json;
    const struct str *texts; /* many */
    size_t texts_len;
};

/* Who asks. */
struct person {
    int64_t user_id;
    struct str name;
    enum right right; /* READ OPERATE ADMIN */
    bool reveals;
    bool all_shops;
    const int64_t *shops; /* sorted; where not all */
    size_t shops_len;
    struct str session;        /* "session:…", "token:ID" or "bearer": for the audit */
    bool by_cookie;            /* a browser: its changes need the header X-Huiliu */
    struct str session_digest; /* of the cookie, where there is one */
    int64_t generation;        /* of the user when he was read */
};

struct api;
struct api_host; /* host.h: store, key ring, shops … of this generation */
struct call {
    struct api *api;
    const struct api_host *host;
    const struct http_request *request;
    struct arena *arena;
    const struct route *route;
    const struct person *person; /* NULL: nobody signed in */
    struct arg args[PARAMS_MAX]; /* as route->params */
    struct str upload;           /* of raw_body */
    struct str request_id;
    struct str peer;    /* the address that asks; behind a trusted proxy the one that it names */
    struct str address; /* what counts as one with it (http_address_block): bounds go by that */
    int64_t now_ms;
    struct buf out;           /* the answer's JSON; sent when the handler returns ERR_OK */
    struct http_reply *reply; /* status 200 unless set */
    const char *parameter;    /* which parameter an error is about, or NULL */
};

/* Of a parameter by its name; a name that the route does not have is a mistake of ours (assert). */
const struct arg *call_arg(const struct call *call, const char *name);
bool call_given(const struct call *call, const char *name);
struct str call_text(const struct call *call, const char *name);
int64_t call_int(const struct call *call, const char *name);
/* 400 about a parameter: `code` of docs/errors.md. */
enum err_class call_refuse(struct call *call, const char *parameter, const char *code,
                           struct err *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Where two may meet: the request's If-Match, if it has one, against what GET would answer now, which `answer` writes into
 * call->out; that is emptied again. Before anything is changed. ERR_CONFLICT "precondition".
 * Somebody else may change it between that and one's own change, which therefore asks again in its transaction: *version is
 * what `version_sql` (?1 id) read before the answer was made, CALL_VERSION_ANY where there is no If-Match. NULL both: the
 * caller has his own way. */
typedef enum err_class call_answer(struct call *call, int64_t id, struct err *err);
enum { CALL_VERSION_ANY = -1 };
enum err_class call_if_match(struct call *call, call_answer *answer, int64_t id,
                             const char *version_sql, int64_t *version, struct err *err);
enum err_class call_changed_meanwhile(struct err *err);
/* A response header; the value is copied. False: no room. */
bool call_header(struct call *call, const char *name, struct str value);
/* 404, also for what is not his to see. */
enum err_class call_absent(struct err *err, const char *what, struct str id);

/* The shops that an answer may hold: those of parameter `shop` (ids or names, many) where the route has it and it is
 * given, within what the person may see. A shop that is not there, or not his, is 404. `all`: every shop. */
struct shop_scope {
    bool all;
    const int64_t *ids; /* sorted */
    size_t len;
};
bool scope_sees(const struct shop_scope *shops, int64_t shop_id);
enum err_class call_shops(struct call *call, struct shop_scope *out, struct err *err);
/* The same of another parameter, which is given: `shops` of a body. An empty list: none. */
enum err_class call_shops_of(struct call *call, const char *parameter, struct shop_scope *out,
                             struct err *err);
/* One shop by its number, its name, or PLATFORM/NAME where several platforms have one of that name; ERR_NOT_FOUND where he
 * sees none. */
struct api_shop;
enum err_class call_shop_of(struct call *call, const char *parameter, struct str word,
                            const struct api_shop **out, struct err *err);
/* The same of one that sells: "not_a_store". */
enum err_class call_store_of(struct call *call, const char *parameter, struct str word,
                             const struct api_shop **out, struct err *err);
bool call_sees_shop(const struct call *call, int64_t shop_id);

#endif

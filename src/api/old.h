/* old: the routes of an old system, answered as before. An old route is one of ours with other names around it: its parameters
 * are renamed, the request of ours that they make is answered inside the process (api_handle_as: same rights, checks, handlers,
 * audit), and its JSON is written again in the old shape. Nothing is worked out here; which name becomes which is data:
 * compat/routes-*.yaml, whose form is in docs/api.md, "The old routes".
 *
 *     GET /api/douplus/task/page?pageNum=2&sortField=budget        old_route_find, old_request_make (old_ask.c)
 *       → GET /api/v1/ad-orders?page=2&limit=10&sort=-budget&total=1         api_handle_as
 *       → {"items": […], "total": 2604}                                      old_data_write (old_shape.c)
 *       → {"code": 200, "message": "success", "success": true, "data": {"records": […], "total": 2604, …}}
 *
 * Parameters that the old system did not know are passed over, as it did; an empty one is none; all others are checked by our
 * route. Errors keep their HTTP status and stand in the old envelope with a code of the table `errors`.
 *
 * Life cycle: the table is read with the program's first call and stays. Threads: any; a request belongs to its thread.
 * Errors: ERR_CONFIG with the file's line and column where the table cannot work. */
#ifndef HUILIU_API_OLD_H
#define HUILIU_API_OLD_H

#include "base/base.h"
#include "format/format.h"
#include "http/http.h"

enum {
    OLD_ROWS_MAX = 10000, /* of one answer: what the old system stopped at */
    OLD_PAGE_ROWS_MAX = 1000,
    OLD_VALUES_MAX = 8, /* in a path */
    OLD_ANSWER_BYTES_MAX = 32 * 1024 * 1024
};

struct old_word {
    struct str old, ours;
};
struct old_words {
    const struct old_word *words;
    size_t len;
};

/* A parameter of the old route, and what becomes of it. */
struct old_param {
    struct str name, to;
    struct str standard;    /* the value where none is given; NULL: nothing */
    struct old_words words; /* other values for ours; len 0: as it is */
    enum old_form {
        OLD_TEXT,
        OLD_DIGITS,
        OLD_LIST
    } form; /* in a JSON body; of `with`: OLD_DIGITS is as it stands */
};
/* What an old client sorts by: one parameter names the column, another the direction. */
struct old_sort {
    struct str by, order; /* NULL: the route does not sort */
    struct str standard;  /* of ours: "-created_at" */
    struct old_words words;
};
struct old_paging {
    struct str number, size; /* NULL: it has no pages */
    int64_t standard;
};

/* How a value of ours is written. */
enum old_as {
    OLD_SAME,
    OLD_AS_TEXT,
    OLD_AS_NUMBER,
    OLD_WHOLE,
    OLD_YUAN,
    OLD_LOCAL,
    OLD_SPAN,
    OLD_ROWS
};
struct old_shape;
struct old_field {
    struct str name;
    const struct path *from;  /* NULL: `fixed` */
    const struct path *until; /* OLD_SPAN: its end */
    enum old_as as;
    struct old_words words;
    struct str fixed;         /* JSON; also what stands where the value is null, unless absent */
    const struct path *given; /* left out unless this is true; NULL: never */
    bool absent;              /* left out where the value is null */
    bool beside;              /* `from` leads into the row beside */
    const struct old_shape *rows;
};
struct old_shape {
    struct str name;
    const struct old_field *fields;
    size_t len;
};

enum old_answer_kind { OLD_NOTHING, OLD_OBJECT, OLD_PAGE, OLD_LIST_OF, OLD_STREAM };
/* Another question of ours whose rows stand beside those of the answer: how many orders each shop has. */
struct old_route;
struct old_beside {
    const struct old_route *route; /* NULL: there is none */
    const struct path *at;         /* its rows */
    struct str by, of;             /* member of its rows that equals that member of ours */
};
struct old_route {
    struct str method, path;
    struct str our_method, our_path; /* NULL: it only says yes */
    const struct old_param *params;
    size_t params_len;
    const struct old_param
        *with; /* parameters of ours that are always the same: `to` and `standard` */
    size_t with_len;
    struct old_sort sort;
    struct old_paging paging;
    enum old_answer_kind answer;
    const struct path *at; /* NULL: the whole answer */
    struct str key;        /* OLD_PAGE: what its rows are called */
    struct old_beside beside;
    const struct old_shape *shape;
};
struct old_error {
    int64_t code;
    struct str says;
    int64_t status;     /* 0: any */
    struct str problem; /* empty: any */
};
struct old_table {
    const struct old_route *routes;
    size_t routes_len;
    const struct old_error *errors;
    size_t errors_len;
};

enum err_class old_parse(struct str file, struct str text, struct arena *arena,
                         struct old_table **out, struct err *err);
/* The tables this program was built with; NULL: one of them cannot be read (a test sees to it that they can). */
const struct old_table *old_own(void);

struct old_call {
    const struct old_route *route;
    struct str values[OLD_VALUES_MAX]; /* of the path's {…}, in order */
    bool other_method;                 /* the path is there, this method is not */
};
/* False: no old route is called that. */
bool old_route_find(const struct old_table *table, struct str method, struct str path,
                    struct old_call *out);

/* --- old_ask.c --- */
struct old_pages {
    int64_t number, size; /* as they were asked for, mended */
    int64_t first, limit; /* page of ours to begin with, and rows of one of ours */
    int64_t rows;         /* wanted */
};
/* ERR_USAGE "parameter_range" about a page that cannot be. `cursor`: of the answer before, or empty. */
enum err_class old_pages_read(const struct old_call *old, const struct http_request *request,
                              const struct json *body, struct old_pages *out, struct err *err);
enum err_class old_request_make(const struct old_call *old, const struct http_request *request,
                                const struct json *body, const struct old_pages *pages,
                                struct str cursor, struct http_request **out, struct err *err);

/* --- old_shape.c --- */
/* `beside` may be NULL: there is no such row. */
void old_shape_write(struct buf *out, const struct old_shape *shape, const struct json *value,
                     const struct json *beside);

struct api;
struct person;
/* Answers a request when it is for an old route: true. `person` as in api_handle_as. */
bool old_handle(struct api *api, const struct person *person, const struct http_request *request,
                struct http_reply *reply);

#endif

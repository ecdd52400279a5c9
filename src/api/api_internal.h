/* What the files of the core share. Not part of the face; nouns' files include route.h, out.h, host.h and audit.h. */
#ifndef HUILIU_API_API_INTERNAL_H
#define HUILIU_API_API_INTERNAL_H

#include <pthread.h>

#include "api/api.h"
#include "api/host.h"
#include "api/route.h"
#include "api/throttle.h"

struct host_slot {
    const struct api_host *host;
    unsigned users;
};
struct api {
    struct http_server *server; /* NULL: it does not listen */
    pthread_mutex_t lock;       /* hosts, now */
    struct host_slot hosts[API_HOSTS_MAX];
    const struct api_host *now;
    struct who_cache *who;
    struct throttle throttle;
    int64_t rate; /* requests a second of one person; 0: no bound */
    bool behind_tls;
    int64_t proxy_told_ms; /* under the lock: when an unnamed proxy was told of last; 0: never */
    uint64_t requests;     /* ids of requests, atomic */
    uint64_t begun;        /* a number of this process, in ids of requests */
    char cors_origins[1024], trusted_proxies[1024];
};

/* table.c: all tables of routes, ended by NULL. */
extern const struct route *const route_tables[];

enum { PATH_VALUES_MAX = 8 };
/* A call with what only the core needs to know; it lives in the request's arena. */
struct call_frame {
    struct call call;
    struct json_doc *body;
    struct str path_values[PATH_VALUES_MAX];
    const char *allowed[8]; /* methods of the path, where the one asked for is not among them */
    size_t allowed_len;
    bool head;
    bool known;   /* who asks was said by the caller */
    bool repeats; /* it has an Idempotency-Key, and is the first with it */
    struct buf packed;
    struct http_stream stream; /* the handler's */
    int64_t began_ns;
};

/* route.c: finds the route and the values of its path. ERR_NOT_FOUND "route", ERR_USAGE "method". */
enum err_class route_match(struct call_frame *frame, struct err *err);
bool route_method_parse(struct str text, enum route_method *out);
const char *route_method_name(enum route_method method);

/* param.c: everything the request brings, checked against the route's parameters. */
enum err_class params_read(struct call_frame *frame, struct err *err);

/* problem.c */
unsigned problem_status(const struct err *err);
void problem_write(struct call *call, const struct err *err);

/* who.c */
struct who_cache *who_cache_new(void);
void who_cache_free(struct who_cache *cache);

/* One request, from its arrival to a filled reply; what api_open hands to the http room. */
void api_handle(void *context, const struct http_request *request, struct http_reply *reply);
/* How long the body of a request to this address may be. */
size_t api_body_bytes(void *context, struct str method, struct str path_raw);
size_t route_body_bytes(struct str method, struct str path_raw);
/* What the http room refuses by itself, in our words. */
void api_refuse(void *context, unsigned status, const struct http_request *request,
                struct http_reply *reply);
/* The same for somebody who is known already; NULL: whoever the request says. */
void api_handle_as(struct api *api, const struct person *person, const struct http_request *request,
                   struct http_reply *reply);

#endif

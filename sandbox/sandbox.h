/* sandbox: simulated platforms on loopback. This header is what the parts share: options, the
 * platforms' table and a call on its way.
 *
 *   world     shops and orders over time           calllog   every call that arrived
 *   quota     allowed calls                        admin     /_sandbox/: truth, counts, log, config
 *   fault     what goes wrong on request           prebuilt  rendered pages, for benches
 *   misbehave  the faults themselves               serve     a call from arrival to log
 *   sheets    files that a person would hand in
 *   life, life_… and douplus, douplus_…: a platform each
 *
 * A further platform is a file or a few with one `struct platform_ops` and a line in serve.c's table.
 *
 * A call goes: route, shop, quota, fault, platform (token, parameters, list), body's faults, log.
 * Threads: requests arrive on several at once; each part above locks itself. The sandbox reads
 * time by base/clock, so a shared test clock drives it; it takes no part in moving that clock,
 * since the client's call in flight keeps time still. */
#ifndef HUILIU_SANDBOX_SANDBOX_H
#define HUILIU_SANDBOX_SANDBOX_H

#include <stdatomic.h>

#include "base/base.h"
#include "http/http.h"
#include "sandbox/calllog.h"
#include "sandbox/fault.h"
#include "sandbox/prebuilt.h"
#include "sandbox/quota.h"
#include "sandbox/world.h"

enum { PLATFORMS_MAX = 8 };

enum totals { TOTALS_EXACT, TOTALS_OMIT, TOTALS_CAP };
enum error_place { ERROR_IN_DATA, ERROR_IN_ROOT, ERROR_IN_EXTRA, ERROR_MIXED };
enum { TOTALS_CAP_ROWS = 10000 };
/* An order is left out in every other interval at most, so no more than half can be. */
enum { OMIT_MAX = 50 };
/* A Life order has the bytes of its few fields, or at least those of one dish besides. A page of 100
 * of the largest fits into a reply. */
enum { LIFE_BRIEF_BYTES = 300, LIFE_ORDER_BYTES_MIN = 600, LIFE_ORDER_BYTES_MAX = 64 * 1024 };

/* What POST /_sandbox/config may change while calls run; a call takes a copy when it arrives. */
struct settings {
    enum totals totals;
    bool end_same; /* the page that completes a list says so itself */
    enum error_place error_place;
    int64_t decrypt_quota;
    int64_t timeout_ms, slow_ms, delay_ms;
    int64_t report_omit; /* percent of orders that a report leaves out, at most OMIT_MAX */
    uint64_t generation; /* moves with every change */
};

struct options {
    struct str listen, port_file;
    int64_t threads;
    int64_t life_shops, life_orders, life_apps;
    int64_t douplus_shops, douplus_orders;
    struct str douplus_file;
    struct str sheets; /* folder, empty: none are written */
    int64_t sheet_orders;
    int64_t douplus_token_s, douplus_refresh_s;
    int64_t corrections; /* percent of orders whose figures the platform corrects */
    struct world_plan plan;
    bool live;
    uint32_t enc_share;        /* percent */
    uint32_t life_order_bytes; /* about, each; 0: as it comes */
    struct settings settings;
    struct quota_rule quota[QUOTA_RULES_MAX];
    size_t quota_len;
    struct fault_plan faults;
    int64_t huge_mb, prebuilt_mb;
};

struct sandbox;
struct platform;

/* What a platform answers when it does not serve. */
enum refusal {
    REFUSE_QUOTA,
    REFUSE_BUSY,
    REFUSE_TOKEN_MISSING,
    REFUSE_TOKEN_UNKNOWN,
    REFUSE_TOKEN_EXPIRED,
    REFUSE_ACCOUNT,
    REFUSE_PARAMETER,
    REFUSE_ROUTE,
    REFUSE_DECRYPT_QUOTA
};

struct call {
    struct sandbox *sandbox;
    struct platform *platform;
    const struct route *route; /* NULL: unknown */
    const struct http_request *request;
    struct http_reply *reply;
    struct arena *arena;
    struct shop *shop; /* NULL: none named, or unknown */
    struct settings settings;
    int64_t now_ms;
    uint64_t identity;
    enum fault_kind fault;
    enum call_outcome outcome;
    uint32_t page;
    uint16_t rows;
    struct asked_range asked;
};

typedef void admin_handler(struct sandbox *sandbox, const struct http_request *request,
                           struct http_reply *reply);
struct admin_route {
    const char *method, *path;
    admin_handler *serve;
};

struct route {
    const char *name, *method;
    const char *path; /* without a slash at its end; calls may have one */
    unsigned faults;  /* FAULT_ON_ bits */
    bool metered;     /* the quota counts it */
    void (*serve)(struct call *call);
};

struct platform_ops {
    const char *name;
    const struct route *routes;
    size_t routes_len; /* at most QUOTA_METHODS_MAX */
    /* Whether an unknown path is this platform's to refuse. The last platform takes the rest. */
    bool (*claims)(struct str path);
    /* Fills platform->shops, shops_len, apps_len and state; close frees what open made. */
    enum err_class (*open)(struct platform *platform, const struct options *options,
                           struct err *err);
    void (*close)(struct platform *platform);
    /* The shop that the call names by its account, or NULL. Looks at nothing else. */
    struct shop *(*shop_of)(struct platform *platform, const struct http_request *request);
    /* The platform's error reply; `detail` may be NULL. */
    void (*refuse)(struct call *call, enum refusal refusal, const char *detail);
    /* A success with nothing in it, in form 0, 1 or 2. */
    struct str (*empty_success)(unsigned form);
    /* Kills the token that the request carries; false when it carries no living one. */
    bool (*token_revoke)(struct platform *platform, const struct http_request *request);
    void (*tokens_revoke_all)(struct platform *platform);
    /* One JSON object: the order's facts under plain names; and a shop's and an app's credentials. */
    void (*write_truth)(struct platform *platform, struct shop *shop, const struct order_view *view,
                        struct buf *out);
    void (*write_shop)(struct platform *platform, struct shop *shop, struct buf *out);
    void (*write_app)(struct platform *platform, uint32_t app, struct buf *out);
    /* The account's name as /_sandbox/ queries take it. */
    struct str (*shop_name)(struct platform *platform, struct shop *shop, struct arena *arena);
    /* What tests ask this platform alone; may be none. */
    const struct admin_route *admin_routes;
    size_t admin_routes_len;
    /* Further members of /_sandbox/counts, each with a comma before it. May be NULL. */
    void (*write_counts)(struct platform *platform, struct buf *out);
};

struct platform {
    const struct platform_ops *ops;
    struct sandbox *sandbox;
    struct shop *shops;
    size_t shops_len, apps_len;
    uint32_t shops_before; /* of the platforms before it: a shop's index over all */
    uint32_t apps_before;
    unsigned routes_before;
    void *state;
};

struct sandbox {
    struct options options;
    struct platform platforms[PLATFORMS_MAX];
    size_t platforms_len;
    atomic_int port;
    pthread_mutex_t lock; /* settings, huge */
    struct settings settings;
    struct str huge; /* made when first asked for */
    struct quota quota;
    struct faults faults;
    struct calllog log;
    struct prebuilt prebuilt;
};

/* Of serve.c. */
/* Into the folder of --sheets; without it nothing. ERR_CONFIG where it cannot. */
enum err_class sheets_write(const struct options *options, struct err *err);
enum err_class sandbox_open(struct sandbox *sandbox, const struct options *options,
                            struct err *err);
void sandbox_close(struct sandbox *sandbox);
http_handler sandbox_serve;
struct platform *sandbox_platform(struct sandbox *sandbox, struct str name);

/* For platforms, of serve.c. */
/* Seconds that the world stands at, and those that the reply says (a clock may be off). */
uint32_t call_now_s(const struct call *call);
uint32_t call_said_s(const struct call *call);
/* Sends a copy of what `body` holds; out of memory becomes HTTP 500. */
void call_reply(struct call *call, const struct buf *body);
/* The total to be said; false: none is said. */
bool call_total(const struct call *call, uint64_t total, uint64_t *said);
/* The platform's refusal; a fault of the list cannot be given with it. */
void call_refuse(struct call *call, enum refusal refusal, const char *detail);

/* Of misbehave.c. */
/* True: the fault is the whole answer. */
bool call_fault_before(struct call *call);
/* Spoils the answer that is there. */
void call_fault_after(struct call *call);
/* Puts the list faults of this call into the query; false when the fault cannot be given. */
void call_query_fault(struct call *call, struct list_query *query);
/* After the list was read: takes back a fault that did not change anything, empties an empty page
 * and changes a total. */
void call_page_fault(struct call *call, const struct list_query *query, struct list_page *page);
/* The fault could not be given: the call goes on without it. */
void call_fault_withdraw(struct call *call);
/* The sandbox's own trouble: HTTP 500. */
void call_fail(struct call *call);
/* True: the page as it was rendered before was sent. */
bool call_prebuilt(struct call *call, const struct list_page *page);
void call_prebuilt_keep(struct call *call, const struct list_page *page, const struct buf *body);

/* Of admin.c. */
void admin_serve(struct sandbox *sandbox, const struct http_request *request,
                 struct http_reply *reply);
/* {"base_url":…,"apps":[…],"shops":[…]}; port 0: without addresses. */
void admin_write_shops(struct sandbox *sandbox, struct str host, int port, struct buf *out);

/* For the admin routes of platforms. */
void admin_send(const struct http_request *request, struct http_reply *reply,
                const struct buf *body);
void admin_refuse(const struct http_request *request, struct http_reply *reply, unsigned status,
                  struct str what);
uint64_t admin_number(const struct http_request *request, struct str name, uint64_t otherwise);
/* A header with a number, such as where the next part begins. */
void admin_header(const struct http_request *request, struct http_reply *reply, struct str name,
                  uint64_t number);
/* The shop that platform= and shop= name; NULL: the request has been refused. */
struct shop *admin_shop(struct sandbox *sandbox, const struct http_request *request,
                        struct http_reply *reply, struct platform **platform);
/* limit=, or a usual number of rows; never too many for one reply. */
size_t admin_limit(const struct http_request *request);
enum { ADMIN_REPLY_BYTES_MAX = 64 * 1024 * 1024 };

/* Of options.c. */
/* ERR_USAGE names the option and the nearest known one. */
enum err_class options_parse(int argc, char **argv, struct options *out, bool *help,
                             struct err *err);
void options_help(struct buf *out);
bool totals_parse(struct str text, enum totals *out);
bool error_place_parse(struct str text, enum error_place *out);

#define PLATFORM_LIFE "douyin-life"
#define PLATFORM_DOUPLUS "douplus"
extern const struct platform_ops life_platform, douplus_platform;

#endif

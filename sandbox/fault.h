/* fault: what goes wrong on request.
 *
 * A plan says with what probability which fault is given. Whether a request gets one follows from
 * the seed, the request's identity (method, path and parameters, without token and time) and how
 * often it came: two runs with equal requests get equal faults.
 *
 * Rules that keep every test finite: one fault comes at most twice running on one request, and
 * after a fault that looks like a good answer the same request gets no such fault at once.
 *
 * Threads: any; there is one lock. */
#ifndef HUILIU_SANDBOX_FAULT_H
#define HUILIU_SANDBOX_FAULT_H

#include <pthread.h>

#include "base/base.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_THROTTLE_RETRY_AFTER,
    FAULT_THROTTLE_PLAIN,
    FAULT_HTTP_500,
    FAULT_HTTP_503,
    FAULT_TIMEOUT,
    FAULT_SLOW_BODY,
    FAULT_CUT_JSON,
    FAULT_CUT_CONNECTION,
    FAULT_NON_UTF8,
    FAULT_HTML,
    FAULT_ERROR_IN_200,
    FAULT_EMPTY_SUCCESS,
    FAULT_LIST_MISSING,
    FAULT_EMPTY_PAGE,
    FAULT_DUPLICATE_PAGE,
    FAULT_SHIFTED_PAGE,
    FAULT_CHANGED_TOTAL,
    FAULT_TOKEN_REVOKED,
    FAULT_CLOCK_OFF,
    FAULT_HUGE_REPLY,
    FAULT_KINDS
};

/* Where a fault can happen. */
enum {
    FAULT_ON_ANY = 1,     /* every call */
    FAULT_ON_LIST = 2,    /* calls that answer a list with a total */
    FAULT_ON_DATA = 4,    /* calls that carry a token */
    FAULT_ON_RENEW = 8,   /* calls whose token the client can renew by itself */
    FAULT_ON_ASKING = 16, /* never by "all": only when asked for by name */
    FAULT_ON_CHANGE = 32  /* calls that change something: half of the time-outs come after it */
};

struct fault_info {
    const char *name;
    unsigned where;
    bool looks_valid;
    const char *what;
};
const struct fault_info *fault_info(enum fault_kind kind);
bool fault_parse(struct str name, enum fault_kind *out);

enum { FAULT_MILLION = 1000000 };

struct fault_plan {
    uint32_t all_ppm; /* of calls, shared by every kind that fits the call */
    uint32_t kind_ppm[FAULT_KINDS];
};
/* "all=20%", "http_500=5%,html=0.5%", "none". ERR_USAGE names the nearest kind. */
enum err_class fault_plan_parse(struct str text, struct fault_plan *out, struct err *err);

struct faults {
    uint64_t seed;
    pthread_mutex_t lock;
    /* Guarded by the lock. */
    struct fault_plan plan;
    struct map seen; /* identity -> history, see fault.c */
    struct arena keys;
    uint64_t given[FAULT_KINDS];
};

void faults_init(struct faults *faults, uint64_t seed, const struct fault_plan *plan);
void faults_fini(struct faults *faults);
void faults_set(struct faults *faults, const struct fault_plan *plan);

/* Decides about one request; `where` is a set of FAULT_ON_ bits (without ON_ASKING). The fault
 * counts as given unless fault_withdraw says that it could not be. */
enum fault_kind fault_pick(struct faults *faults, uint64_t identity, unsigned where);
void fault_withdraw(struct faults *faults, uint64_t identity, enum fault_kind kind);
void faults_counts(struct faults *faults, uint64_t given[FAULT_KINDS]);

#endif

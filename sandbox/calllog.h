/* calllog: every call that arrived, in memory, with when it arrived and what became of it.
 *
 * At most CALLS_MAX are kept; more are counted, never silently dropped. Threads: any. */
#ifndef HUILIU_SANDBOX_CALLLOG_H
#define HUILIU_SANDBOX_CALLLOG_H

#include <pthread.h>

#include "base/base.h"
#include "sandbox/fault.h"

enum { CALLS_MAX = 5000000, CALLS_A_CHUNK = 65536, CALL_ROUTES_MAX = 32 };

enum call_outcome {
    CALL_OK,
    CALL_REFUSED,     /* over the quota */
    CALL_TOKEN,       /* no token, a wrong or a dead one */
    CALL_FORBIDDEN,   /* the account is not bound to the app */
    CALL_BAD_REQUEST, /* parameters */
    CALL_NO_ROUTE,
    CALL_QUOTA_GONE, /* the day's decryptions are used up */
    CALL_FAILED,     /* out of memory: the sandbox's own trouble */
    CALL_OUTCOMES
};
const char *call_outcome_name(enum call_outcome outcome);

/* What a report was asked about; to_day 0: the call was none. Days since the epoch, Beijing. */
struct asked_range {
    uint32_t from_day, to_day; /* both inclusive */
    uint16_t ids;
};

struct call_record {
    int64_t arrived_ms, arrived_monotonic_ns, left_monotonic_ns;
    uint64_t identity; /* of method, path and parameters without token and time */
    uint32_t shop;     /* index over all platforms; UINT32_MAX: none */
    uint32_t page;     /* page number; 0: a cursor, or no page at all */
    uint16_t rows;     /* rows asked for: 1 is a call for the total */
    uint8_t route, outcome, fault;
    struct asked_range asked;
};

struct calllog {
    pthread_mutex_t lock;
    /* Guarded by the lock. */
    struct call_record *chunks[CALLS_MAX / CALLS_A_CHUNK + 1];
    uint64_t len;  /* all calls, kept or not */
    uint64_t kept; /* records in the chunks: the first calls */
    uint64_t by_route[CALL_ROUTES_MAX];
    uint64_t by_outcome[CALL_OUTCOMES];
    uint64_t pages_served;  /* list replies of more than one row's size, sent without a fault */
    uint64_t totals_served; /* the same with size 1 */
};

void calllog_init(struct calllog *log);
void calllog_fini(struct calllog *log);
/* `served`: a list was answered rightly. */
void calllog_add(struct calllog *log, const struct call_record *record, bool served);
/* Copies up to `len` records from index `from`; returns how many. */
size_t calllog_read(struct calllog *log, uint64_t from, struct call_record *out, size_t len);

struct call_counts {
    uint64_t calls, kept, pages_served, totals_served;
    uint64_t by_route[CALL_ROUTES_MAX], by_outcome[CALL_OUTCOMES];
};
void calllog_counts(struct calllog *log, struct call_counts *out);

#endif

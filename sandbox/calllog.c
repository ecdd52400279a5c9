/* The log of calls: chunks that never move, so that growing costs no copy. */
#include "sandbox/calllog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *call_outcome_name(enum call_outcome outcome)
{
    static const char *const NAMES[CALL_OUTCOMES] = {
        [CALL_OK] = "ok",
        [CALL_REFUSED] = "refused",
        [CALL_TOKEN] = "token",
        [CALL_FORBIDDEN] = "forbidden",
        [CALL_BAD_REQUEST] = "bad_request",
        [CALL_NO_ROUTE] = "no_route",
        [CALL_QUOTA_GONE] = "quota_gone",
        [CALL_FAILED] = "failed",
    };
    return NAMES[outcome];
}

void calllog_init(struct calllog *log)
{
    *log = (struct calllog){0};
    pthread_mutex_init(&log->lock, NULL);
}

void calllog_fini(struct calllog *log)
{
    for (size_t i = 0; i < sizeof log->chunks / sizeof *log->chunks; i++)
        free(log->chunks[i]);
    pthread_mutex_destroy(&log->lock);
}

static void record_keep(struct calllog *log, const struct call_record *record)
{
    /* What is kept are the first calls without a gap: an index means the same to every reader. */
    if (log->kept != log->len || log->kept == CALLS_MAX)
        return;
    struct call_record **chunk = &log->chunks[log->kept / CALLS_A_CHUNK];
    if (!*chunk)
        *chunk = malloc(CALLS_A_CHUNK * sizeof **chunk);
    if (*chunk)
        (*chunk)[log->kept++ % CALLS_A_CHUNK] = *record;
}

void calllog_add(struct calllog *log, const struct call_record *record, bool served)
{
    assert(record->route < CALL_ROUTES_MAX && record->outcome < CALL_OUTCOMES);
    pthread_mutex_lock(&log->lock);
    record_keep(log, record);
    log->len++;
    log->by_route[record->route]++;
    log->by_outcome[record->outcome]++;
    log->pages_served += served && record->rows > 1;
    log->totals_served += served && record->rows == 1;
    pthread_mutex_unlock(&log->lock);
}

size_t calllog_read(struct calllog *log, uint64_t from, struct call_record *out, size_t len)
{
    size_t got = 0;
    pthread_mutex_lock(&log->lock);
    for (; got < len && from + got < log->kept; got++)
        out[got] = log->chunks[(from + got) / CALLS_A_CHUNK][(from + got) % CALLS_A_CHUNK];
    pthread_mutex_unlock(&log->lock);
    return got;
}

void calllog_counts(struct calllog *log, struct call_counts *out)
{
    pthread_mutex_lock(&log->lock);
    *out = (struct call_counts){
        .calls = log->len,
        .kept = log->kept,
        .pages_served = log->pages_served,
        .totals_served = log->totals_served,
    };
    memcpy(out->by_route, log->by_route, sizeof out->by_route);
    memcpy(out->by_outcome, log->by_outcome, sizeof out->by_outcome);
    pthread_mutex_unlock(&log->lock);
}

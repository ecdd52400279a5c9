/* derive: what follows from rows. Results of orders, sums of days, costs and profit, kept up to date by tasks that the
 * writing transaction brings; each number is defined in schema/metrics.yaml (metric.h). docs/derive.md has the data
 * flow and says what each number means.
 *
 * Life cycle: derive_open / derive_close. Threads: the handler from the queue's workers, a lane at a time; everything
 * else from any thread. Errors: ERR_STORE as the store has them. */
#ifndef HUILIU_DERIVE_DERIVE_H
#define HUILIU_DERIVE_DERIVE_H

#include "base/base.h"
#include "derive/metric.h"
#include "derive/said.h"
#include "derive/trend.h"
#include "format/format.h"
#include "queue/queue.h"
#include "store/store.h"

struct derive;
/* What results of a shop need to know of it. */
struct derive_shop {
    const struct zone *zone; /* its days */
    const struct zone
        *own_zone; /* the one that its row names, as this process has read it; NULL: none */
    struct str figures_stream; /* the stream that asks what its ad orders came to; empty: none */
    const struct str *final_statuses; /* of its ad orders: those that they keep */
    size_t final_statuses_len;
};
struct derive_options {
    struct store *store;
    /* NULL: no such shop, or it cannot be used now. Borrowed until the task is over. Any thread. */
    const struct derive_shop *(*shop_of)(void *context, int64_t shop_id);
    void *context;
};
enum err_class derive_open(const struct derive_options *options, struct derive **out,
                           struct err *err);
void derive_close(struct derive *derive);
const struct metric_catalog *derive_metrics(const struct derive *derive);

/* The queue's handler for these kinds (context: the struct derive). */
extern const char *const derive_task_kinds[];
enum task_end derive_handle(void *context, const struct task *task, struct task_outcome *outcome);

/* Everything of a shop, or of the orders that were placed on some days, is derived again: touched, and done by the
 * shop's lane. Days are "YYYY-MM-DD", empty: no bound. *rows: how many were touched. ERR_STOPPED when *stopping (may
 * be NULL) becomes true; what was touched until then is derived all the same. */
enum err_class derive_rebuild(struct derive *derive, int64_t shop_id, struct str from_day,
                              struct str to_day, struct str run, const volatile bool *stopping,
                              int64_t *rows, struct err *err);

/* A sample of results and sums is worked out again and compared. What differs is said in an event (derive_drift) and
 * derived again by the shop's lane. The seed chooses the sample; a failed audit keeps nothing. */
struct derive_audit {
    int64_t at_ms; /* 0: there was none */
    uint64_t seed;
    int64_t looked, differing;
};
enum err_class derive_audit_run(struct derive *derive, uint64_t seed, struct derive_audit *out,
                                struct err *err);
/* What the last one came to. */
enum err_class derive_audit_last(struct derive *derive, struct derive_audit *out, struct err *err);

#endif

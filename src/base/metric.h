/* Counters and histograms, process-wide, by name. Registration takes a lock, counting is one
 * atomic add. Histograms have power-of-two buckets with eight steps each (error < 12.5 %); negative
 * values count as 0.
 * Handles live as long as the process. Threads: any. */
#ifndef HUILIU_BASE_METRIC_H
#define HUILIU_BASE_METRIC_H

#include <stdint.h>

#include "base/buf.h"

struct counter;
struct histogram;

/* Finds or makes; the name must be a literal. At most 256 of each; beyond that a shared overflow
 * counter, so that nobody has to check. */
struct counter *counter_of(const char *name);
void counter_add(struct counter *counter, int64_t n);
int64_t counter_value(const struct counter *counter);

struct histogram *histogram_of(const char *name);
void histogram_record(struct histogram *histogram, int64_t value);
int64_t histogram_count(const struct histogram *histogram);
/* Upper bound of the bucket in which the quantile (0..1000 per mille) lies, at most the largest
 * value seen; 0 when nothing was recorded. */
int64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille);

/* All of them as "name value" lines (histograms: name.count, .p50, .p95, .p99, .max). */
void metric_dump(struct buf *out);

#endif

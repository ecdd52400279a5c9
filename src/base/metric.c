/* Counters and histograms in fixed tables: handles never move, and untouched ones cost no memory. */
#include "base/metric.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    METRICS_MAX = 256,
    /* Eight steps a power of two: values below 8 are exact, 2^3 .. 2^63-1 share 60 * 8 buckets. */
    STEP_BITS = 3,
    STEPS = 1 << STEP_BITS,
    BUCKETS = STEPS + (63 - STEP_BITS) * STEPS,
};

struct counter {
    const char *name;
    _Atomic int64_t value;
};

struct histogram {
    const char *name;
    _Atomic int64_t largest;
    _Atomic int64_t buckets[BUCKETS];
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
/* The last of each is where everything beyond the table is counted. */
static struct counter counters[METRICS_MAX + 1];
static struct histogram histograms[METRICS_MAX + 1];
static size_t counters_len, histograms_len;
static const char overflow_name[] = "metric.overflow";

struct counter *counter_of(const char *name)
{
    pthread_mutex_lock(&table_lock);
    size_t at = 0;
    while (at < counters_len && strcmp(counters[at].name, name) != 0)
        at++;
    if (at == counters_len) {
        counters[at].name = at < METRICS_MAX ? name : overflow_name;
        counters_len += at < METRICS_MAX;
    }
    pthread_mutex_unlock(&table_lock);
    return &counters[at];
}

void counter_add(struct counter *counter, int64_t n)
{
    atomic_fetch_add_explicit(&counter->value, n, memory_order_relaxed);
}

int64_t counter_value(const struct counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

struct histogram *histogram_of(const char *name)
{
    pthread_mutex_lock(&table_lock);
    size_t at = 0;
    while (at < histograms_len && strcmp(histograms[at].name, name) != 0)
        at++;
    if (at == histograms_len) {
        histograms[at].name = at < METRICS_MAX ? name : overflow_name;
        histograms_len += at < METRICS_MAX;
    }
    pthread_mutex_unlock(&table_lock);
    return &histograms[at];
}

static size_t bucket_of(int64_t value)
{
    if (value < STEPS)
        return value < 0 ? 0 : (size_t)value;
    unsigned shift = 63 - STEP_BITS - (unsigned)__builtin_clzll((unsigned long long)value);
    /* value >> shift lies in [STEPS, 2 * STEPS), so each power of two takes STEPS buckets. */
    return (size_t)shift * STEPS + (size_t)(value >> shift);
}

static int64_t bucket_upper(size_t bucket)
{
    if (bucket < STEPS)
        return (int64_t)bucket;
    unsigned shift = (unsigned)(bucket / STEPS) - 1;
    uint64_t step = bucket % STEPS + STEPS;
    return (int64_t)(((step + 1) << shift) - 1);
}

void histogram_record(struct histogram *histogram, int64_t value)
{
    atomic_fetch_add_explicit(&histogram->buckets[bucket_of(value)], 1, memory_order_relaxed);
    int64_t largest = atomic_load_explicit(&histogram->largest, memory_order_relaxed);
    while (value > largest &&
           !atomic_compare_exchange_weak_explicit(&histogram->largest, &largest, value,
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
}

int64_t histogram_count(const struct histogram *histogram)
{
    int64_t count = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
    return count;
}

int64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille)
{
    /* Smallest value that at least per_mille of all values do not exceed. */
    int64_t count = histogram_count(histogram);
    int64_t rank = (count / 1000) * per_mille + ((count % 1000) * per_mille + 999) / 1000;
    int64_t largest = atomic_load_explicit(&histogram->largest, memory_order_relaxed);
    if (count == 0)
        return 0;

    int64_t seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        int64_t here = atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        seen += here;
        if (here > 0 && seen >= rank)
            return bucket_upper(i) < largest ? bucket_upper(i) : largest;
    }
    return largest;
}

static void histogram_dump(const struct histogram *histogram, struct buf *out)
{
    static const struct {
        const char *name;
        unsigned per_mille;
    } quantiles[] = {{"p50", 500}, {"p95", 950}, {"p99", 990}, {"max", 1000}};

    buf_printf(out, "%s.count %lld\n", histogram->name, (long long)histogram_count(histogram));
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
        buf_printf(out, "%s.%s %lld\n", histogram->name, quantiles[i].name,
                   (long long)histogram_quantile(histogram, quantiles[i].per_mille));
    }
}

void metric_dump(struct buf *out)
{
    pthread_mutex_lock(&table_lock);
    for (size_t i = 0; i <= METRICS_MAX; i++) {
        if (counters[i].name)
            buf_printf(out, "%s %lld\n", counters[i].name, (long long)counter_value(&counters[i]));
    }
    for (size_t i = 0; i <= METRICS_MAX; i++) {
        if (histograms[i].name)
            histogram_dump(&histograms[i], out);
    }
    pthread_mutex_unlock(&table_lock);
}

/* The metric catalogue: schema/metrics.yaml, read once. Every number that anybody shows is a metric: an
 * API answer, a sheet, a view and an alert name it by its name and get its value from here.
 *
 * Values are integers with a number of decimals, or unknown; nothing passes through double. Rounding is half
 * up for quotients (as the old databases did, docs/views.md) and half to even for weighed averages.
 *
 * Life cycle: metrics_parse into an arena; read-only afterwards, any thread.
 * Errors: ERR_CONFIG with line and column when the file cannot work (a name that is not there, a circle). */
#ifndef HUILIU_DERIVE_METRIC_H
#define HUILIU_DERIVE_METRIC_H

#include "base/base.h"
#include "format/format.h"

enum metric_unit { METRIC_COUNT, METRIC_MONEY, METRIC_SHARE, METRIC_NUMBER };
enum metric_kind { METRIC_ADD, METRIC_WEIGH, METRIC_SUM, METRIC_DIVIDE };
enum { METRICS_MAX = 64, METRIC_PARTS_MAX = 8 };

struct metric {
    struct str name, zh, en;
    enum metric_unit unit;
    enum metric_kind kind;
    struct str column, weight; /* METRIC_ADD, METRIC_WEIGH */
    struct {
        size_t metric; /* in its family */
        bool minus;
    } parts[METRIC_PARTS_MAX]; /* METRIC_SUM; of METRIC_DIVIDE the first two */
    size_t parts_len;
    int64_t times;
    int decimals;    /* of the value; money: those of its currency, share by weighing: 6 */
    bool zero_known; /* a division by zero gives 0, else it is unknown */
};
/* "ad", "trade". */
struct metric_family {
    struct str name;
    const struct metric *metrics;
    size_t metrics_len;
};
struct metric_catalog {
    const struct metric_family *families;
    size_t families_len;
};

enum err_class metrics_parse(struct str file, struct str text, struct arena *arena,
                             struct metric_catalog **out, struct err *err);
/* The catalogue this program was built with. */
enum err_class metrics_own(struct arena *arena, struct metric_catalog **out, struct err *err);
const struct metric_family *metric_family(const struct metric_catalog *catalog, struct str name);
/* Index or SIZE_MAX. */
size_t metric_find(const struct metric_family *family, struct str name);

struct figure {
    bool known;
    int64_t number; /* scaled by the metric's decimals */
};
/* What the rows came to: for each METRIC_ADD its sum; for each METRIC_WEIGH Σ(C × D) in `weighed` and Σ D in
 * `weights`, `value.known` where a row has C. Index = the metric's. Of one row: its values, and `value` of a
 * METRIC_WEIGH as it is. */
struct metric_sums {
    struct figure value[METRICS_MAX];
    int64_t weighed[METRICS_MAX], weights[METRICS_MAX];
    bool many; /* METRIC_WEIGH is worked out of `weighed` and `weights` */
};
/* Fills `out[metric]` for the whole family. exponent: decimals of the currency. ERR_INTERNAL "metric_range" where a
 * value does not fit 64 bits. */
enum err_class metrics_work_out(const struct metric_family *family, const struct metric_sums *sums,
                                int exponent, struct figure *out, struct err *err);
/* Of one metric, `*out`: for an order of many rows, of which few are shown. */
enum err_class metrics_work_out_one(const struct metric_family *family,
                                    const struct metric_sums *sums, int exponent, size_t metric,
                                    struct figure *out, struct err *err);
int metric_decimals(const struct metric *metric, int currency_exponent);
const char *metric_unit_word(enum metric_unit unit);

#endif

/* What the files about ads share. Private to derive. */
#ifndef HUILIU_DERIVE_AD_H
#define HUILIU_DERIVE_AD_H

#include "derive/maker.h"

/* Results of these orders as they are now; not written. */
enum err_class ad_results_make(const struct derive_work *work, const struct str *ids,
                               size_t ids_len, struct results *out, struct err *err);

/* --- ad_days.c --- */
/* Behind a day, in a key of `touched`. */
#define AD_BY_CREATED                                                                              \
    "\x1f"                                                                                         \
    "created"
#define AD_BY_SPENT                                                                                \
    "\x1f"                                                                                         \
    "spent"
/* Sums that are to be read again. */
struct ad_sums {
    struct cells created;      /* day and video */
    struct cells created_days; /* whole days */
    struct cells spent_days;
    struct cells videos;
    struct cells moved; /* orders whose days of spending belong elsewhere now */
};
void ad_sums_init(struct ad_sums *sums);
void ad_sums_fini(struct ad_sums *sums);
/* The days and videos that a changed result belongs to, or did. */
enum err_class ad_sums_of(struct ad_sums *sums, const struct results *results,
                          const struct result_row *row, struct err *err);
/* Reads sums anew: those that were touched now, and those that follow from changed results now or later
 * (work->sums_later). */
enum err_class ad_sums_write(const struct derive_work *work, struct ad_sums *touched,
                             struct ad_sums *changed, struct err *err);

/* --- ad_audit.c --- */
enum err_class ad_audit(const struct derive_work *work, struct audit *audit, struct err *err);

#endif

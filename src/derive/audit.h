/* What makers tell the audit. Private to derive. */
#ifndef HUILIU_DERIVE_AUDIT_H
#define HUILIU_DERIVE_AUDIT_H

#include "derive/maker.h"

enum { AUDIT_DRIFTS_MAX = 320 };
struct audit_drift {
    const char *table; /* of `touched`: deriving this key mends it */
    struct str key, column;
};
/* Of one shop. */
struct audit {
    struct rng *rng;
    size_t results, sums; /* how many of each are to be looked at */
    int64_t looked;
    struct audit_drift drifts[AUDIT_DRIFTS_MAX];
    size_t drifts_len;
    int64_t differing; /* also those beyond */
};
/* Texts are borrowed until the audit of this shop is over. */
void audit_differs(struct audit *audit, const char *table, struct str key, struct str column);
/* The first text that `one` gives (bound ?1 shop ?2 from this number on ?3 some rows further) for each of `len` random numbers between the
 * two that `bounds` gives (bound ?1 shop), in the order in which they were drawn, some perhaps twice. */
enum err_class audit_sample(const struct derive_work *work, struct audit *audit, const char *bounds,
                            const char *one, size_t len, struct str **out, size_t *out_len,
                            struct err *err);
/* Do both statements give the same rows? `ordered` by themselves. */
enum err_class audit_rows_differ(const struct derive_work *work, const char *stored,
                                 const struct sql_value *stored_values, size_t stored_len,
                                 const char *made, const struct sql_value *made_values,
                                 size_t made_len, bool *differ, struct err *err);

#endif

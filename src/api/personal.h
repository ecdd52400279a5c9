/* What showing personal data has in common (reveal.c, originals.c): a right, a reason, a bound by the hour. Private to the room. */
#ifndef HUILIU_API_PERSONAL_H
#define HUILIU_API_PERSONAL_H

#include "api/route.h"

enum { PERSONAL_REASON_BYTES_MIN = 5 };
#define PERSONAL_REASON                                                                            \
    {                                                                                              \
        "reason", PARAM_BODY, PARAM_TEXT, .required = true, .min = PERSONAL_REASON_BYTES_MIN,      \
                                          .max = 400, .help = "Why; it is written down"            \
    }

/* He says why, and has not asked too often: *reason. ERR_THROTTLED "reveals_many". */
enum err_class personal_allowed(struct call *call, struct str *reason, struct err *err);
/* Numbers of the shops that are asked for and that he sees, never "all", so that the key of a table serves it. */
enum err_class personal_shops(struct call *call, struct sql_value *out, struct err *err);
enum err_class personal_ambiguous(struct call *call, struct err *err);

#endif

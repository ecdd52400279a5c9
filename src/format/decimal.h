/* Decimal text compared by its digits, so that ids of 19 digits and amounts with any number of
 * decimals compare exactly. Private to the room. */
#ifndef HUILIU_FORMAT_DECIMAL_H
#define HUILIU_FORMAT_DECIMAL_H

#include "base/base.h"

/* A number as 0.DIGITS times ten to the power of `magnitude`. */
struct decimal {
    bool negative;
    struct str digits; /* borrowed; first and last are not 0; a point may stand within; empty: 0 */
    int64_t magnitude;
};

/* [-]digits[.digits][e[+|-]digits], the whole text; false for anything else, and for an exponent
 * of more than nine digits, which no platform means. */
bool decimal_read(struct str text, struct decimal *out);
/* <0, 0, >0 */
int decimal_cmp(const struct decimal *a, const struct decimal *b);

#endif

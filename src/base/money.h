/* Money is an int64 of minor units (ISO 4217 exponent: 分 for CNY) with its currency.
 * Amounts that arrive as decimal text, float dust included (92.84999999999999), are rounded
 * half-even to the minor unit; nothing passes through double.
 * Source of exponents: ISO 4217 list one. */
#ifndef HUILIU_BASE_MONEY_H
#define HUILIU_BASE_MONEY_H

#include "base/err.h"
#include "base/str.h"

/* Digits after the point of a currency ("CNY" -> 2, "JPY" -> 0, "KWD" -> 3); -1 if unknown. */
int currency_exponent(struct str currency);

/* Decimal text (optional sign, digits, optional fraction, optional exponent as JSON numbers may
 * have: 1.5e2) into units of 10^-exponent, half-even. ERR_SKIP_RECORD "money_text" when it is not
 * a number, "money_range" when it does not fit. *exact (may be NULL) says that nothing was
 * rounded. */
enum err_class money_parse(struct str text, int exponent, int64_t *minor, bool *exact,
                           struct err *err);

enum { MONEY_TEXT_MAX = 32 };
/* Plain decimal with exactly `exponent` digits after the point: 1234, 2 -> "12.34". Returns a
 * borrowed string inside `text`. */
struct str money_format(int64_t minor, int exponent, char text[MONEY_TEXT_MAX]);

#endif

/* A metric's value, or a share, as JSON. */
#include "api/out.h"

enum { SHARE_DECIMALS = 4, SHARE_UNIT = 10000 };

void out_share(struct out *out, const char *key, int64_t part, int64_t whole)
{
    char text[MONEY_TEXT_MAX];
    int64_t scaled;
    if (whole <= 0 || part < 0 || __builtin_mul_overflow(part, 2 * SHARE_UNIT, &scaled))
        out_null(out, key);
    else
        out_raw(out, key, money_format((scaled / whole + 1) / 2, SHARE_DECIMALS, text));
}

void out_figure(struct out *out, const char *key, const struct metric *metric, struct figure value,
                struct str currency)
{
    char text[MONEY_TEXT_MAX];
    int exponent = currency_exponent(currency);
    if (!value.known) {
        out_null(out, key);
    } else if (metric->unit == METRIC_MONEY) {
        out_money(out, key, value.number, currency);
    } else {
        int decimals = metric_decimals(metric, exponent < 0 ? 2 : exponent);
        out_raw(out, key, money_format(value.number, decimals, text));
    }
}

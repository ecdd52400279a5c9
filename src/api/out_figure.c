/* A metric's value as JSON. */
#include "api/out.h"

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

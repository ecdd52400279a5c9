/* Decimal text to minor units without leaving integers, and the exponents of ISO 4217. */
#include "base/money.h"

#include <assert.h>

/* ISO 4217 list one, codes with a minor unit; funds codes included, metals and test codes not.
 * BGN, HRK, ANG, CUC, SLL and ZWL were withdrawn after 2020 and still stand in old orders. RMB is
 * no ISO code: 1688 writes it where it means CNY. */
static const char *const currencies[26] = {
    /* by first letter: three letters and the exponent each */
    ['A' - 'A'] = "AED2AFN2ALL2AMD2ANG2AOA2ARS2AUD2AWG2AZN2",
    ['B' - 'A'] = "BAM2BBD2BDT2BGN2BHD3BIF0BMD2BND2BOB2BOV2BRL2BSD2BTN2BWP2BYN2BZD2",
    ['C' - 'A'] = "CAD2CDF2CHE2CHF2CHW2CLF4CLP0CNY2COP2COU2CRC2CUC2CUP2CVE2CZK2",
    ['D' - 'A'] = "DJF0DKK2DOP2DZD2",
    ['E' - 'A'] = "EGP2ERN2ETB2EUR2",
    ['F' - 'A'] = "FJD2FKP2",
    ['G' - 'A'] = "GBP2GEL2GHS2GIP2GMD2GNF0GTQ2GYD2",
    ['H' - 'A'] = "HKD2HNL2HRK2HTG2HUF2",
    ['I' - 'A'] = "IDR2ILS2INR2IQD3IRR2ISK0",
    ['J' - 'A'] = "JMD2JOD3JPY0",
    ['K' - 'A'] = "KES2KGS2KHR2KMF0KPW2KRW0KWD3KYD2KZT2",
    ['L' - 'A'] = "LAK2LBP2LKR2LRD2LSL2LYD3",
    ['M' - 'A'] = "MAD2MDL2MGA2MKD2MMK2MNT2MOP2MRU2MUR2MVR2MWK2MXN2MXV2MYR2MZN2",
    ['N' - 'A'] = "NAD2NGN2NIO2NOK2NPR2NZD2",
    ['O' - 'A'] = "OMR3",
    ['P' - 'A'] = "PAB2PEN2PGK2PHP2PKR2PLN2PYG0",
    ['Q' - 'A'] = "QAR2",
    ['R' - 'A'] = "RMB2RON2RSD2RUB2RWF0",
    ['S' - 'A'] = "SAR2SBD2SCR2SDG2SEK2SGD2SHP2SLE2SLL2SOS2SRD2SSP2STN2SVC2SYP2SZL2",
    ['T' - 'A'] = "THB2TJS2TMT2TND3TOP2TRY2TTD2TWD2TZS2",
    ['U' - 'A'] = "UAH2UGX0USD2USN2UYI0UYU2UYW4UZS2",
    ['V' - 'A'] = "VED2VES2VND0VUV0",
    ['W' - 'A'] = "WST2",
    ['X' - 'A'] = "XAD2XAF0XCD2XCG2XOF0XPF0",
    ['Y' - 'A'] = "YER2",
    ['Z' - 'A'] = "ZAR2ZMW2ZWG2ZWL2",
};

int currency_exponent(struct str currency)
{
    if (currency.len != 3 || currency.ptr[0] < 'A' || currency.ptr[0] > 'Z')
        return -1;
    /* Asked for each amount that is written: a table by letters, no walk through all of them. */
    const char *code = currencies[currency.ptr[0] - 'A'];
    for (; code && *code; code += 4)
        if (code[1] == currency.ptr[1] && code[2] == currency.ptr[2])
            return code[3] - '0';
    return -1;
}

/* The pieces of a decimal number: (-1)^negative * whole.fraction * 10^power. */
struct decimal {
    bool negative;
    struct str whole;
    struct str fraction;
    int64_t power;
};

static struct str digits_take(struct str *text)
{
    size_t len = 0;
    while (len < text->len && text->ptr[len] >= '0' && text->ptr[len] <= '9')
        len++;
    struct str digits = str_sub(*text, 0, len);
    *text = str_sub(*text, len, text->len);
    return digits;
}

static bool char_take(struct str *text, char c)
{
    if (text->len == 0 || text->ptr[0] != c)
        return false;
    *text = str_sub(*text, 1, text->len);
    return true;
}

/* True when a sign was there and it was a minus. */
static bool sign_take(struct str *text)
{
    if (char_take(text, '-'))
        return true;
    char_take(text, '+');
    return false;
}

/* Far beyond every exponent that matters, and far from overflow when lengths are added. */
static const int64_t POWER_MAX = 1000000000;

static bool decimal_scan(struct str text, struct decimal *out)
{
    *out = (struct decimal){.negative = sign_take(&text)};
    out->whole = digits_take(&text);
    if (out->whole.len == 0)
        return false;
    if (char_take(&text, '.')) {
        out->fraction = digits_take(&text);
        if (out->fraction.len == 0)
            return false;
    }
    if (char_take(&text, 'e') || char_take(&text, 'E')) {
        bool negative = sign_take(&text);
        struct str digits = digits_take(&text);
        if (digits.len == 0)
            return false;
        for (size_t i = 0; i < digits.len && out->power < POWER_MAX; i++)
            out->power = out->power * 10 + (digits.ptr[i] - '0');
        if (negative)
            out->power = -out->power;
    }
    return text.len == 0;
}

static unsigned decimal_digit(const struct decimal *d, size_t at)
{
    char c = at < d->whole.len ? d->whole.ptr[at] : d->fraction.ptr[at - d->whole.len];
    return (unsigned)(c - '0');
}

/* |d| * 10^exponent, half-even; false when it does not fit 64 bits. */
static bool decimal_round(const struct decimal *d, int exponent, uint64_t *out, bool *exact)
{
    int64_t digits_len = (int64_t)(d->whole.len + d->fraction.len);
    /* So many leading digits stay; zeros are added where there are not as many. */
    int64_t kept = (int64_t)d->whole.len + d->power + exponent;
    uint64_t magnitude = 0;
    for (int64_t i = 0; i < kept && (i < digits_len || magnitude > 0); i++) {
        unsigned digit = i < digits_len ? decimal_digit(d, (size_t)i) : 0;
        if (__builtin_mul_overflow(magnitude, 10, &magnitude) ||
            __builtin_add_overflow(magnitude, digit, &magnitude))
            return false;
    }

    unsigned first_dropped = 0;
    bool more_dropped = false;
    for (int64_t i = kept > 0 ? kept : 0; i < digits_len; i++) {
        unsigned digit = decimal_digit(d, (size_t)i);
        if (i == kept)
            first_dropped = digit;
        else
            more_dropped = more_dropped || digit != 0;
    }
    *exact = first_dropped == 0 && !more_dropped;
    bool up = first_dropped > 5 || (first_dropped == 5 && (more_dropped || magnitude % 2 == 1));
    return !__builtin_add_overflow(magnitude, up ? 1 : 0, out);
}

enum err_class money_parse(struct str text, int exponent, int64_t *minor, bool *exact,
                           struct err *err)
{
    assert(exponent >= 0 && exponent <= 18);
    struct decimal decimal;
    uint64_t magnitude;
    bool nothing_rounded;
    /* The messages do not quote the text: a field mapped by mistake may hold anything. */
    if (!decimal_scan(text, &decimal))
        return err_set(err, ERR_SKIP_RECORD, "money_text", "the amount is not a decimal number");
    if (!decimal_round(&decimal, exponent, &magnitude, &nothing_rounded) ||
        magnitude > (uint64_t)INT64_MAX + decimal.negative)
        return err_set(err, ERR_SKIP_RECORD, "money_range",
                       "the amount does not fit 64 bits of minor units");
    *minor = !decimal.negative || magnitude == 0 ? (int64_t)magnitude
                                                 : -(int64_t)(magnitude - 1) - 1;
    if (exact)
        *exact = nothing_rounded;
    return ERR_OK;
}

struct str money_format(int64_t minor, int exponent, char text[MONEY_TEXT_MAX])
{
    assert(exponent >= 0 && exponent <= 18);
    /* From the last digit on; printf would cost more than all else of an answer's row. */
    uint64_t magnitude = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    size_t at = MONEY_TEXT_MAX - 1;
    text[at] = '\0';
    for (int digits = 0; digits <= exponent || magnitude > 0; digits++) {
        if (exponent > 0 && digits == exponent)
            text[--at] = '.';
        text[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    }
    if (minor < 0)
        text[--at] = '-';
    return (struct str){text + at, MONEY_TEXT_MAX - 1 - at};
}

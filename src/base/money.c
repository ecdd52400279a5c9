/* Decimal text to minor units without leaving integers, and the exponents of ISO 4217. */
#include "base/money.h"

#include <assert.h>
#include <stdio.h>

/* ISO 4217 list one, codes with a minor unit; funds codes included, metals and test codes not.
 * BGN, HRK, ANG, CUC, SLL and ZWL were withdrawn after 2020 and still stand in old orders. RMB is
 * no ISO code: 1688 writes it where it means CNY. */
static const struct {
    int exponent;
    const char *codes; /* three letters and a space each */
} currencies[] = {
    {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF "},
    {2, "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP "
        "BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR "
        "FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR "
        "KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR "
        "MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RMB RON RSD RUB SAR SBD SCR SDG "
        "SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD "
        "USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG ZWL "},
    {3, "BHD IQD JOD KWD LYD OMR TND "},
    {4, "CLF UYW "},
};

int currency_exponent(struct str currency)
{
    for (size_t i = 0; i < sizeof(currencies) / sizeof(currencies[0]); i++) {
        struct str codes = str_of(currencies[i].codes);
        for (size_t at = 0; at < codes.len; at += 4) {
            if (str_eq(currency, str_sub(codes, at, at + 3)))
                return currencies[i].exponent;
        }
    }
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
    uint64_t magnitude = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    uint64_t unit = 1;
    for (int i = 0; i < exponent; i++)
        unit *= 10;
    int len = snprintf(text, MONEY_TEXT_MAX, "%s%llu", minor < 0 ? "-" : "",
                       (unsigned long long)(magnitude / unit));
    if (exponent > 0)
        len += snprintf(text + len, (size_t)(MONEY_TEXT_MAX - len), ".%0*llu", exponent,
                        (unsigned long long)(magnitude % unit));
    return (struct str){text, (size_t)len};
}

/* What a cell's text means: numbers that are dates, escapes, numbers that were rounded. */
#include <string.h>

#include "format/decimal.h"
#include "format/xlsx_internal.h"
#include "format/zone.h"

enum {
    EXACT_DIGITS = 15, /* what a spreadsheet keeps of a number */
    SERIAL_DIGITS = 10,
    LEAP_MISTAKE = 60, /* 1900-02-29, which Excel believes in */
};
static const int64_t SERIAL_UNIT = INT64_C(10000000000), DAY_MS = 86400000;
static const int64_t DAYS_TO_1970 = 25569, DAYS_1904_TO_1970 = 24107, SERIAL_MAX = 2958465;

bool number_is_rounded(struct str text)
{
    struct decimal number;
    return decimal_read(text, &number) && number.magnitude > EXACT_DIGITS;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of "_xHHHH_", or -1. */
static int32_t escape_at(const char *text, size_t len)
{
    int32_t unit = 0;
    if (len < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Never longer than its escape of seven bytes. */
static size_t unit_write(char *out, int32_t unit)
{
    if (unit == 0 || (unit >= 0xD800 && unit <= 0xDFFF))
        unit = 0xFFFD;
    if (unit < 0x80) {
        out[0] = (char)unit;
        return 1;
    }
    if (unit < 0x800) {
        out[0] = (char)(0xC0 | unit >> 6);
        out[1] = (char)(0x80 | (unit & 0x3F));
        return 2;
    }
    out[0] = (char)(0xE0 | unit >> 12);
    out[1] = (char)(0x80 | (unit >> 6 & 0x3F));
    out[2] = (char)(0x80 | (unit & 0x3F));
    return 3;
}

size_t text_unescape(char *text, size_t len)
{
    size_t kept = 0;
    for (size_t at = 0; at < len;) {
        int32_t unit = escape_at(text + at, len - at);
        if (unit < 0) {
            text[kept++] = text[at++];
            continue;
        }
        kept += unit_write(text + kept, unit);
        at += 7;
    }
    return kept;
}

/* What stands in quotes, behind a backslash or in brackets is shown, and says nothing about the value. Brackets with
 * h, m or s are spans of time, which are numbers. */
bool format_is_date(struct str code)
{
    for (size_t i = 0; i < code.len; i++) {
        char c = code.ptr[i], low = (char)(c | 0x20);
        if (c == ';')
            return false; /* the first part is that of positive numbers */
        if (c == '\\' || c == '_' || c == '*') {
            i++;
        } else if (c == '"' || c == '[') {
            size_t end = str_find_char(str_sub(code, i + 1, code.len), c == '[' ? ']' : '"');
            if (end == SIZE_MAX)
                return false;
            char first = end > 0 ? (char)(code.ptr[i + 1] | 0x20) : ' ';
            if (c == '[' && strchr("hms", first) && end <= 2)
                return false;
            i += end + 1;
        } else if (low == 'y' || low == 'd' || low == 'h' || low == 's' || low == 'm') {
            return true;
        } else if (low == 'e' && i + 1 < code.len && strchr("+-", code.ptr[i + 1])) {
            return false; /* 0.00E+00 */
        } else if (low == 'g') {
            return false; /* General */
        }
    }
    return false;
}

/* The formats that files name by number only; 27 to 36 and 50 to 58 are those of East Asian locales. */
bool format_number_is_date(unsigned number)
{
    return (number >= 14 && number <= 22) || (number >= 27 && number <= 36) || number == 45 ||
           number == 47 || (number >= 50 && number <= 58);
}

/* To the millisecond, so that the dust of a fraction of a day is none. */
static void serial_cut(int64_t scaled, int64_t *days, int64_t *ms)
{
    *days = scaled / SERIAL_UNIT;
    *ms = ((scaled % SERIAL_UNIT) * (DAY_MS / 1000) + SERIAL_UNIT / 2000) / (SERIAL_UNIT / 1000);
    if (*ms >= DAY_MS) {
        *ms -= DAY_MS;
        (*days)++;
    }
}

bool serial_to_text(struct str serial, bool from_1904, char text[32], size_t *len)
{
    int64_t scaled, days, ms;
    struct civil civil;
    if (money_parse(serial, SERIAL_DIGITS, &scaled, NULL, NULL) != ERR_OK || scaled < 0 ||
        scaled >= (SERIAL_MAX + 1) * SERIAL_UNIT)
        return false;
    serial_cut(scaled, &days, &ms);
    if (!from_1904 && days == LEAP_MISTAKE)
        return false;
    int64_t since_1970 = from_1904             ? days - DAYS_1904_TO_1970
                         : days < LEAP_MISTAKE ? days + 1 - DAYS_TO_1970
                                               : days - DAYS_TO_1970;
    civil_from_utc_ms(since_1970 * DAY_MS + ms, &civil);
    if (civil.year > 9999)
        return false;
    int at = 0;
    if (days > 0 || from_1904)
        at = snprintf(text, 32, "%04d-%02u-%02u", civil.year % 10000, civil.month % 100,
                      civil.day % 100);
    if (ms > 0 || at == 0)
        at += snprintf(text + at, 32 - (size_t)at, "%s%02u:%02u:%02u", at > 0 ? " " : "",
                       civil.hour % 100, civil.minute % 100, civil.second % 100);
    if (civil.millisecond > 0)
        at += snprintf(text + at, 32 - (size_t)at, ".%03u", civil.millisecond % 1000);
    *len = (size_t)at;
    return true;
}

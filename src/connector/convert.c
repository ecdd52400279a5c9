/* One raw value as its column's type. A value that cannot be is refused with a code; the messages do
 * not quote it, because a field that is mapped by mistake may hold anything. */
#include <string.h>

#include "connector/plan.h"

enum {
    MONEY_DUST_DIGITS = 4, /* digits behind the minor unit that are looked at */
    MONEY_DUST_UNIT = 10000,
    MONEY_DUST = 10, /* a thousandth of a minor unit: float noise of any amount below 10^11 */
    RATIO_DIGITS = 6,
};

/* A time outside of these is a mistake of whoever wrote it, and one such record would stretch every period to it. No trade
 * that is told here is older than 2000; what lies ahead (a journey, a last day of use) lies not much more than a year ahead.
 * Where nobody knows when the record arrived, 2100 bounds it. */
static const int64_t TIME_MIN_MS = INT64_C(946684800000);
static const int64_t TIME_MAX_MS = INT64_C(4102444800000);
static const int64_t TIME_AHEAD_MS = INT64_C(400) * 24 * 60 * 60 * 1000;

static enum err_class refuse(struct err *err, const char *code, const char *why)
{
    return err_set(err, ERR_SKIP_RECORD, code, "%s", why);
}

static enum err_class check_bounds(const struct convert *convert, int64_t number, struct err *err)
{
    if (convert->field->has_max && number > convert->field->max)
        return err_set(err, ERR_SKIP_RECORD, "above_max", "the value is above %lld",
                       (long long)convert->field->max);
    if (convert->field->has_min && number < convert->field->min)
        return err_set(err, ERR_SKIP_RECORD, "below_min", "the value is below %lld",
                       (long long)convert->field->min);
    return ERR_OK;
}

/* Whole minor units, but for the dust of platforms that calculate with floats. */
static enum err_class convert_money(const struct convert *convert, struct str text, int64_t *out,
                                    struct err *err)
{
    const struct field_plan *field = convert->field;
    int exponent = field->money_major ? convert->exponent : 0;
    int64_t fine;
    if (convert->exponent < 0)
        return refuse(err, "currency_unknown", "the record's currency is not of ISO 4217");
    if (exponent == 0 && str_to_i64(text, out))
        return ERR_OK;
    if (field->money_round)
        return money_parse(text, exponent, out, NULL, err);
    enum err_class class_ = money_parse(text, exponent + MONEY_DUST_DIGITS, &fine, NULL, err);
    if (class_ != ERR_OK)
        return class_;
    int64_t rest = fine % MONEY_DUST_UNIT, size = rest < 0 ? -rest : rest;
    if (size > MONEY_DUST && size < MONEY_DUST_UNIT - MONEY_DUST)
        return refuse(err, "money_fraction", "the amount is no whole number of minor units");
    /* Towards the nearer whole; the rest is smaller than a unit, so this cannot overflow. */
    *out = fine / MONEY_DUST_UNIT + (size > MONEY_DUST ? (rest < 0 ? -1 : 1) : 0);
    return ERR_OK;
}

static bool digit_at(struct str text, size_t at)
{
    return at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9';
}

/* Three digits and no fourth: what stands behind a sign that parts thousands. */
static bool thousand_at(struct str text, size_t at)
{
    return digit_at(text, at) && digit_at(text, at + 1) && digit_at(text, at + 2) &&
           !digit_at(text, at + 3);
}

/* What people write around a number: 1,234.50, ￥99, 999.00元. *per_cent: a % stood behind it. Borrowed from the arena where
 * something was left out. Between digits only thousands are parted: 1,5 is not 15, and is left as it is, which is no number. */
static struct str number_bare(const struct convert *convert, struct str text, bool *per_cent)
{
    static const char *const around[] = {"¥", "￥", "$", "元", "，", ",", " ", "\xC2\xA0", NULL};
    enum { PARTS_FROM = 4 };
    char *kept = arena_alloc(convert->arena, text.len + 1);
    size_t len = 0;
    bool point = false;
    *per_cent = false;
    for (size_t at = 0; kept && at < text.len;) {
        struct str rest = str_sub(text, at, text.len);
        size_t skip = 0, which = 0;
        while (around[which] && !str_starts(rest, str_of(around[which])))
            which++;
        if (around[which])
            skip = strlen(around[which]);
        bool within = skip > 0 && len > 0 && digit_at((struct str){kept, len}, len - 1) &&
                      digit_at(text, at + skip);
        if (within && (which < PARTS_FROM || point || !thousand_at(text, at + skip)))
            skip = 0;
        if (str_eq(rest, STR("%")))
            *per_cent = true;
        else if (skip == 0)
            kept[len++] = text.ptr[at];
        point = point || text.ptr[at] == '.';
        at += skip > 0 ? skip : 1;
    }
    return kept ? (struct str){kept, len} : text;
}

/* 1.23E+05: what a spreadsheet shows of a number, and writes into a CSV, where its digits have no room. The others are lost. */
static bool number_is_shortened(struct str text)
{
    for (size_t i = 1; i + 1 < text.len; i++)
        if ((text.ptr[i] == 'e' || text.ptr[i] == 'E') && digit_at(text, i - 1))
            return true;
    return false;
}

/* A spreadsheet keeps 15 digits of a number: of an id with more the last ones are gone, and what stands there now may be
 * another's. Text of that many digits was never a number; text with an exponent was. */
static bool id_is_rounded(const struct field_plan *field, struct str text, bool number)
{
    bool exponent = str_find_char(text, 'E') != SIZE_MAX || str_find_char(text, 'e') != SIZE_MAX;
    return field->of_sheet && field->type == COLUMN_ID && (number || exponent) &&
           number_is_rounded(text);
}

static enum err_class convert_int(struct str text, int64_t *out, struct err *err)
{
    bool exact;
    if (str_to_i64(text, out))
        return ERR_OK;
    if (money_parse(text, 0, out, &exact, NULL) != ERR_OK || !exact)
        return refuse(err, "int_text", "the value is no whole number");
    return ERR_OK;
}

static enum err_class convert_time(const struct convert *convert, struct str text,
                                   enum time_form form, int64_t *out, struct err *err)
{
    const struct field_plan *field = convert->field;
    bool good = false, date_only;
    int64_t number;
    switch (form) {
    case TIME_UNIX:
        good = (str_to_i64(text, &number) && i64_mul(number, 1000, out)) ||
               money_parse(text, 3, out, NULL, NULL) == ERR_OK;
        break;
    case TIME_UNIX_MS:
        good = str_to_i64(text, out);
        break;
    case TIME_ANY:
        good = time_parse_any(text, convert->zone, out, &date_only, NULL) == ERR_OK;
        break;
    case TIME_PATTERN:
        good = time_parse(str_of(field->time_pattern), convert->zone, text, out, NULL) == ERR_OK;
        break;
    }
    if (!good)
        return refuse(err, "time_text", "the value is no time of the form that the manifest says");
    bool arrived = convert->arrived_ms >= TIME_MIN_MS;
    int64_t max_ms = arrived ? convert->arrived_ms + TIME_AHEAD_MS : TIME_MAX_MS;
    if (*out < TIME_MIN_MS || *out > max_ms)
        return refuse(err, "time_range",
                      arrived ? "the time is before 2000, or more than 400 days after its arrival"
                              : "the time is not between 2000 and 2100");
    return ERR_OK;
}

static enum err_class convert_bool(struct str text, int64_t *out, struct err *err)
{
    *out = str_eq(text, STR("1")) || str_eq_nocase(text, STR("true"));
    if (*out || str_eq(text, STR("0")) || str_eq_nocase(text, STR("false")))
        return ERR_OK;
    return refuse(err, "bool_text", "the value is neither true nor false");
}

/* A calendar day as people write it, or as a spreadsheet counts it: YYYY-MM-DD. What time of the day stands behind it says
 * nothing; a day is of nobody's zone. */
static enum err_class convert_day(const struct convert *convert, struct str text, bool serial,
                                  struct cell *out, struct err *err)
{
    char calendar[32];
    size_t len;
    int64_t ms;
    bool date_only;
    struct buf day;
    if (serial) {
        if (!serial_to_text(text, false, calendar, &len))
            return refuse(err, "day_text", "the number is none of a day");
        text = (struct str){calendar, len};
    }
    if (time_parse_any(text, zone_utc(), &ms, &date_only, NULL) != ERR_OK)
        return refuse(err, "day_text", "the value is no day: write YYYY-MM-DD");
    if (ms < TIME_MIN_MS || ms > TIME_MAX_MS)
        return refuse(err, "time_range", "the day is not between 2000 and 2100");
    buf_init(&day, sizeof calendar);
    enum err_class class_ = time_format(STR("%Y-%m-%d"), zone_utc(), ms, &day, err);
    *out = (struct cell){.is_text = true, .text = arena_dup(convert->arena, buf_str(&day))};
    buf_fini(&day);
    return class_ != ERR_OK || out->text.ptr ? class_ : err_no_memory(err);
}

static enum err_class convert_words(const struct convert *convert, struct str text,
                                    struct cell *out, struct err *err)
{
    const struct field_plan *field = convert->field;
    if (field->type == COLUMN_ID && text.len > ID_BYTES_MAX)
        return err_set(err, ERR_SKIP_RECORD, "id_long", "the id has %zu bytes, at most %d fit",
                       text.len, ID_BYTES_MAX);
    if (field->of_line && str_has_control(text))
        return refuse(err, "text_line", "the text is not of one line of signs that people see");
    size_t bytes_max = field->bytes_max && field->type == COLUMN_TEXT ? field->bytes_max
                                                                      : FIELD_BYTES_MAX;
    if (text.len > bytes_max)
        return err_set(err, ERR_SKIP_RECORD, "text_long", "the text has %zu bytes, at most %zu fit",
                       text.len, bytes_max);
    *out = (struct cell){.is_text = true, .text = text};
    return ERR_OK;
}

static enum err_class convert_number(const struct convert *convert, struct str text,
                                     enum time_form form, struct cell *out, struct err *err)
{
    enum err_class class_ = ERR_OK;
    bool per_cent = false;
    *out = (struct cell){.is_text = false};
    if (convert->field->of_sheet && convert->field->type != COLUMN_TIME)
        text = number_bare(convert, text, &per_cent);
    if (per_cent && convert->field->type != COLUMN_RATIO)
        return refuse(err, "ratio_text", "the value is a percentage");
    if (convert->field->type == COLUMN_MONEY)
        class_ = convert_money(convert, text, &out->number, err);
    else if (convert->field->type == COLUMN_TIME)
        class_ = convert_time(convert, text, form, &out->number, err);
    else if (convert->field->type == COLUMN_BOOL)
        class_ = convert_bool(text, &out->number, err);
    else if (convert->field->type == COLUMN_INT)
        class_ = convert_int(text, &out->number, err);
    else if (money_parse(text, per_cent ? RATIO_DIGITS - 2 : RATIO_DIGITS, &out->number, NULL,
                         NULL) != ERR_OK)
        class_ = refuse(err, "ratio_text", "the value is no decimal number");
    return class_ == ERR_OK ? check_bounds(convert, out->number, err) : class_;
}

static bool is_words(enum column_type type)
{
    return type == COLUMN_ID || type == COLUMN_TEXT || type == COLUMN_PERSONAL ||
           type == COLUMN_JSON;
}

/* The manifest's own word for a raw value, or the raw value. */
static struct str replace_value(const struct field_plan *field, struct str text)
{
    for (size_t i = 0; i < field->values_from.len; i++)
        if (str_eq(field->values_from.items[i], text))
            return field->values_to.items[i];
    return text;
}

enum err_class convert_text(const struct convert *convert, struct str text, struct cell *out,
                            struct err *err)
{
    text = replace_value(convert->field, text);
    if (id_is_rounded(convert->field, text, false))
        return refuse(err, "id_rounded", "the id was kept as a number, whose last digits are lost");
    if (convert->field->of_day)
        return convert_day(convert, text, false, out, err);
    if (is_words(convert->field->type))
        return convert_words(convert, text, out, err);
    return convert_number(convert, text, convert->field->form, out, err);
}

static enum err_class convert_as_json(const struct convert *convert, const struct json *value,
                                      struct cell *out, struct err *err)
{
    struct buf text;
    buf_init(&text, BODY_BYTES_MAX);
    json_write(&text, value);
    *out = (struct cell){.is_text = true};
    if (!text.failed)
        out->text = arena_dup(convert->arena, buf_str(&text));
    buf_fini(&text);
    return out->text.ptr ? ERR_OK : err_no_memory(err);
}

/* A day's number that nobody formatted as a date. */
static enum err_class convert_serial(const struct convert *convert, struct str text,
                                     struct cell *out, struct err *err)
{
    char calendar[32];
    size_t len;
    if (!serial_to_text(text, false, calendar, &len))
        return refuse(err, "time_text", "the number is none of a day");
    return convert_number(convert, (struct str){calendar, len}, TIME_ANY, out, err);
}

static bool is_integer(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] < '0' || text.ptr[i] > '9') && (i > 0 || text.ptr[i] != '-'))
            return false;
    return text.len > 0;
}

enum err_class convert_json(const struct convert *convert, const struct json *value,
                            struct cell *out, struct err *err)
{
    const struct field_plan *field = convert->field;
    enum json_kind kind = json_kind_of(value);
    struct str text = json_text(value);
    if (field->type == COLUMN_JSON)
        return convert_as_json(convert, value, out, err);
    if (kind == JSON_OBJECT || kind == JSON_ARRAY)
        return refuse(err, "field_kind", "the value is an object or a list");
    if (kind == JSON_NUMBER && id_is_rounded(field, text, true))
        return refuse(
            err, "id_rounded",
            "the id is a number of more than 15 digits: a spreadsheet forgets the last ones; "
            "keep the column as text and export it again");
    /* 1e3 or 1.5 is no id, whatever a float makes of it. */
    if (field->type == COLUMN_ID && kind != JSON_STRING && !is_integer(text))
        return refuse(err, "id_text", "the id is neither text nor a whole number");
    if (kind == JSON_BOOL && !is_words(field->type) && field->type != COLUMN_BOOL)
        return refuse(err, field->type == COLUMN_MONEY ? "money_text" : "int_text",
                      "the value is true or false, not a number");
    bool counts = field->type == COLUMN_MONEY || field->type == COLUMN_INT ||
                  field->type == COLUMN_RATIO;
    if (counts && field->of_sheet && kind == JSON_STRING && number_is_shortened(text))
        return refuse(err,
                      field->type == COLUMN_MONEY ? "money_text"
                      : field->type == COLUMN_INT ? "int_text"
                                                  : "ratio_text",
                      "the number has an exponent, as a spreadsheet shows one whose digits have no "
                      "room: widen the column and export it again");
    if (field->of_day && field->of_sheet && kind == JSON_NUMBER)
        return convert_day(convert, text, true, out, err);
    if (field->type == COLUMN_TIME && field->of_sheet && kind == JSON_NUMBER)
        return convert_serial(convert, text, out, err);
    if (field->type == COLUMN_TIME && field->form == TIME_ANY && kind == JSON_NUMBER)
        return convert_number(convert, replace_value(field, text), TIME_UNIX, out, err);
    return convert_text(convert, text, out, err);
}

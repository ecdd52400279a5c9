/* CSV: RFC 4180's own examples, what real files do besides, and a round trip of random rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "format/codec.h"

static struct csv csv;
static struct str fields[CSV_FIELDS_MAX];
static size_t fields_len;

/* The next row with "|" between its fields; "-" at the end, "!" for a refused row. */
static const char *row_text(void)
{
    static char text[4096];
    size_t len = 0;
    struct err err;
    enum err_class result = csv_next(&csv, fields, &fields_len, &err);
    if (result != ERR_OK) {
        assert_int_equal(result, ERR_SKIP_RECORD);
        assert_string_equal(err.code, "csv_syntax");
        return "!";
    }
    if (fields_len == 0)
        return "-";
    for (size_t i = 0; i < fields_len; i++) {
        assert_true(len + fields[i].len + 2 < sizeof text);
        if (i > 0)
            text[len++] = '|';
        if (fields[i].len > 0)
            memcpy(text + len, fields[i].ptr, fields[i].len);
        len += fields[i].len;
    }
    text[len] = '\0';
    return text;
}

static void plain_rows_end_in_lf_crlf_or_nothing(void **state)
{
    (void)state;
    csv_init(&csv, STR("aaa,bbb,ccc\r\nzzz,,xxx\n,\nlast"));
    assert_string_equal(row_text(), "aaa|bbb|ccc");
    assert_string_equal(row_text(), "zzz||xxx");
    assert_string_equal(row_text(), "|");
    assert_string_equal(row_text(), "last");
    assert_string_equal(row_text(), "-");
    assert_string_equal(row_text(), "-");
    csv_fini(&csv);
}

static void quoted_fields_hold_commas_line_ends_and_quotes(void **state)
{
    (void)state;
    csv_init(&csv, STR("\"aaa\",\"b\r\nbb\",\"c,c\"\n\"a\"\"b\",\"\",\"\"\"\"\"\",\"x\"\"\"\r\n"));
    assert_string_equal(row_text(), "aaa|b\r\nbb|c,c");
    assert_string_equal(row_text(), "a\"b||\"\"|x\"");
    assert_string_equal(row_text(), "-");
    csv_fini(&csv);
}

static void a_utf8_mark_is_no_part_of_the_first_field(void **state)
{
    (void)state;
    csv_init(&csv, STR("\xEF\xBB\xBF\"a\",b\n\xEF\xBB\xBFz"));
    assert_string_equal(row_text(), "a|b");
    assert_string_equal(row_text(), "\xEF\xBB\xBFz");
    csv_fini(&csv);
}

static void blank_lines_are_no_rows_and_lines_are_counted(void **state)
{
    (void)state;
    csv_init(&csv, STR("\n\r\na\n\"b\nb\nb\",c\n\nd\n\n"));
    assert_string_equal(row_text(), "a");
    assert_int_equal(csv.line, 3);
    assert_string_equal(row_text(), "b\nb\nb|c");
    assert_int_equal(csv.line, 4);
    assert_string_equal(row_text(), "d");
    assert_int_equal(csv.line, 8);
    assert_string_equal(row_text(), "-");
    csv_fini(&csv);
}

static void a_bad_row_costs_itself_alone(void **state)
{
    (void)state;
    csv_init(&csv, STR("a,b\"c\ngood\n\"x\"y,z\ngood,2\n\"never closed\ngood,3\n"));
    assert_string_equal(row_text(), "!");
    assert_int_equal(csv.line, 1);
    assert_string_equal(row_text(), "good");
    assert_string_equal(row_text(), "!");
    assert_int_equal(csv.line, 3);
    assert_string_equal(row_text(), "good|2");
    assert_string_equal(row_text(), "!");
    assert_int_equal(csv.line, 5);
    assert_string_equal(row_text(), "good|3");
    assert_int_equal(csv.line, 6);
    assert_string_equal(row_text(), "-");
    csv_fini(&csv);
}

static void too_many_fields_are_refused_and_the_most_are_read(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 4096);
    for (int i = 0; i < CSV_FIELDS_MAX; i++)
        buf_add(&text, STR("a,"));
    buf_add_char(&text, '\n');
    for (int i = 0; i < CSV_FIELDS_MAX - 1; i++)
        buf_add(&text, STR("b,"));
    csv_init(&csv, buf_str(&text));
    assert_string_equal(row_text(), "!");
    row_text();
    assert_int_equal(fields_len, CSV_FIELDS_MAX);
    assert_int_equal(fields[CSV_FIELDS_MAX - 1].len, 0);
    csv_fini(&csv);
    buf_fini(&text);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const char letters[] = {'a', ',', '"', '\n', '\r', ' ', '\0', '\xe6'};
    enum { ROWS = 2000, FIELDS = 5, FIELD_BYTES = 6 };
    static char bytes[ROWS][FIELDS][FIELD_BYTES];
    static size_t lens[ROWS][FIELDS], counts[ROWS];
    struct rng rng;
    struct buf text;
    rng_seed(&rng, 4180);
    buf_init(&text, 1024 * 1024);
    for (size_t r = 0; r < ROWS; r++) {
        counts[r] = 1 + rng_below(&rng, FIELDS);
        for (size_t f = 0; f < counts[r]; f++) {
            lens[r][f] = rng_below(&rng, FIELD_BYTES + 1);
            for (size_t i = 0; i < lens[r][f]; i++)
                bytes[r][f][i] = letters[rng_below(&rng, sizeof letters)];
            csv_write_field(&text, (struct str){bytes[r][f], lens[r][f]}, f == 0);
        }
        buf_add(&text, rng_below(&rng, 2) ? STR("\r\n") : STR("\n"));
    }
    csv_init(&csv, buf_str(&text));
    for (size_t r = 0; r < ROWS; r++) {
        assert_int_equal(csv_next(&csv, fields, &fields_len, NULL), ERR_OK);
        assert_int_equal(fields_len, counts[r]);
        for (size_t f = 0; f < fields_len; f++)
            assert_true(str_eq(fields[f], (struct str){bytes[r][f], lens[r][f]}));
    }
    assert_string_equal(row_text(), "-");
    csv_fini(&csv);
    buf_fini(&text);
}

static void only_fields_that_need_it_are_quoted(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 256);
    csv_write_field(&out, STR("plain text"), true);
    csv_write_field(&out, STR(""), false);
    csv_write_field(&out, STR("a,b"), false);
    csv_write_field(&out, STR("say \"hi\""), false);
    csv_write_field(&out, STR(""), true);
    assert_true(str_eq(buf_str(&out), STR("plain text,,\"a,b\",\"say \"\"hi\"\"\"\"\"")));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_rows_end_in_lf_crlf_or_nothing),
        cmocka_unit_test(quoted_fields_hold_commas_line_ends_and_quotes),
        cmocka_unit_test(a_utf8_mark_is_no_part_of_the_first_field),
        cmocka_unit_test(blank_lines_are_no_rows_and_lines_are_counted),
        cmocka_unit_test(a_bad_row_costs_itself_alone),
        cmocka_unit_test(too_many_fields_are_refused_and_the_most_are_read),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(only_fields_that_need_it_are_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Sheets written and read back: every kind of cell in every form, formulas, limits; files made by hand (tests/sheets) and
 * by openpyxl are read in tests/scenario/sheets.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "format/format.h"

static struct buf file;

static enum err_class into_file(void *context, struct str bytes, struct err *err)
{
    (void)context;
    buf_add(&file, bytes);
    return file.failed ? err_no_memory(err) : ERR_OK;
}

static const struct sheet_column columns[] = {
    {"order_id", {"订单ID", sizeof "订单ID" - 1}, SHEET_ID, 0},
    {"title", {"标题", sizeof "标题" - 1}, SHEET_TEXT, 0},
    {"plays", {"plays", 5}, SHEET_INTEGER, 0},
    {"cost", {"cost", 4}, SHEET_MONEY, 0},
    {"rate", {"rate", 4}, SHEET_SHARE, 4},
    {"at", {"at", 2}, SHEET_TIME, 0},
    {"day", {"day", 3}, SHEET_DAY, 0},
    {"score", {"score", 5}, SHEET_NUMBER, 2},
    {"final", {"final", 5}, SHEET_BOOL, 0},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static struct sheet *sheet_new(enum sheet_form form)
{
    struct sheet *sheet;
    struct err err;
    const struct zone *zone;
    assert_int_equal(zone_find(STR("Asia/Shanghai"), &zone, &err), ERR_OK);
    struct sheet_options options = {.form = form,
                                    .title = STR("订单[数据]"),
                                    .columns = columns,
                                    .columns_len = COLUMNS,
                                    .zone = zone,
                                    .sink = into_file};
    buf_fini(&file);
    buf_init(&file, 512 * 1024 * 1024);
    assert_int_equal(sheet_open(&options, &sheet, &err), ERR_OK);
    return sheet;
}

static struct sheet_cell text(const char *t)
{
    return (struct sheet_cell){.known = true, .text = str_of(t)};
}

static struct sheet_cell number(int64_t n)
{
    return (struct sheet_cell){.known = true, .number = n};
}

static void row_add(struct sheet *sheet, const char *id, const char *title)
{
    struct err err;
    const struct sheet_cell cells[COLUMNS] = {
        text(id),           text(title),
        number(-5),         {.known = true, .number = 9007199254740993, .text = STR("CNY")},
        number(512),        number(1769529909000), /* 2026-01-28 00:05:09 in Shanghai */
        text("2026-01-28"), {.known = false},
        number(1)};
    assert_int_equal(sheet_row(sheet, cells, &err), ERR_OK);
}

static void sheet_done(struct sheet *sheet, struct sheet_counts *counts)
{
    struct err err;
    assert_int_equal(sheet_close(sheet, counts, &err), ERR_OK);
    assert_int_equal(counts->bytes, (int64_t)file.len);
}

static void csv_has_every_kind(void **state)
{
    (void)state;
    struct sheet_counts counts;
    struct sheet *sheet = sheet_new(SHEET_CSV);
    row_add(sheet, "1835535794685987", "一,\"二\"");
    sheet_done(sheet, &counts);
    assert_string_equal(file.ptr, "\xEF\xBB\xBF订单ID,标题,plays,cost,rate,at,day,score,final\r\n"
                                  "1835535794685987,\"一,\"\"二\"\"\",-5,90071992547409.93,0.0512,"
                                  "2026-01-28 00:05:09,2026-01-28,,1\r\n");
    assert_int_equal(counts.rows, 1);
}

static void ndjson_has_every_kind(void **state)
{
    (void)state;
    struct sheet_counts counts;
    struct sheet *sheet = sheet_new(SHEET_NDJSON);
    row_add(sheet, "1835535794685987", "=1+1");
    sheet_done(sheet, &counts);
    assert_string_equal(
        file.ptr,
        "{\"order_id\":\"1835535794685987\",\"title\":\"=1+1\",\"plays\":-5,\"cost\":{\"minor\":"
        "9007199254740993,\"currency\":\"CNY\",\"text\":\"90071992547409.93\"},\"rate\":0.0512,"
        "\"at\":\"2026-01-27T16:05:09.000Z\",\"day\":\"2026-01-28\",\"score\":null,\"final\":true}\n");
}

static void csv_disarms_formulas_and_leaves_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"=1+1",  "+1",   "-1",  "@SUM(A1)", "\tx",
                                      "＝1+1", "＋86", "－1", "＠x",      NULL};
    struct sheet_counts counts;
    for (size_t i = 0; bad[i]; i++) {
        char wanted[64];
        struct sheet *sheet = sheet_new(SHEET_CSV);
        row_add(sheet, bad[i], "plain");
        sheet_done(sheet, &counts);
        snprintf(wanted, sizeof wanted, "\r\n'%s,plain,-5,", bad[i]);
        assert_non_null(strstr(file.ptr, wanted));
    }
    assert_false(sheet_text_is_formula(STR("1-1")));
    assert_true(sheet_text_is_formula(STR("\r1")));
    assert_true(sheet_text_is_formula(STR("\n=1")));
}

static struct xlsx *book_read(struct str bytes)
{
    struct xlsx *book;
    struct err err = {0};
    enum err_class class_ = xlsx_open(bytes, &book, &err);
    if (class_ != ERR_OK)
        fail_msg("%s: %s", err.code, err.message);
    return book;
}

static void cell_is(const struct xlsx_row *row, size_t column, enum xlsx_kind kind,
                    const char *wanted)
{
    assert_true(column < row->cells_len);
    assert_int_equal(row->cells[column].kind, kind);
    if (!str_eq(row->cells[column].text, str_of(wanted)))
        fail_msg("column %zu: \"%.*s\", not \"%s\"", column, STR_ARG(row->cells[column].text),
                 wanted);
}

static void xlsx_comes_back_as_it_was(void **state)
{
    (void)state;
    struct sheet_counts counts;
    struct xlsx_row row;
    struct err err;
    static const char title[] = " =SUM(A1) <&>\"'_x000D_ 🎬\r\n\tend\x01 ";
    struct sheet *sheet = sheet_new(SHEET_XLSX);
    row_add(sheet, "7518299855211597096", title);
    row_add(sheet, "0", "");
    sheet_done(sheet, &counts);
    struct xlsx *book = book_read(buf_str(&file));
    assert_int_equal(xlsx_sheets(book), 1);
    assert_true(str_eq(xlsx_sheet_name(book, 0), STR("订单_数据_")));
    assert_int_equal(xlsx_select(book, 0, &err), ERR_OK);
    assert_int_equal(xlsx_next(book, &row, &err), ERR_OK);
    assert_int_equal(row.number, 1);
    cell_is(&row, 0, XLSX_TEXT, "订单ID");
    cell_is(&row, 8, XLSX_TEXT, "final");
    assert_int_equal(xlsx_next(book, &row, &err), ERR_OK);
    assert_int_equal(row.number, 2);
    cell_is(&row, 0, XLSX_TEXT, "7518299855211597096");
    cell_is(&row, 1, XLSX_TEXT, title);
    cell_is(&row, 2, XLSX_NUMBER, "-5");
    cell_is(&row, 3, XLSX_NUMBER, "90071992547409.93");
    cell_is(&row, 4, XLSX_NUMBER, "0.0512");
    cell_is(&row, 5, XLSX_TIME, "2026-01-28 00:05:09");
    cell_is(&row, 6, XLSX_TEXT, "2026-01-28");
    cell_is(&row, 7, XLSX_EMPTY, "");
    cell_is(&row, 8, XLSX_BOOL, "1");
    assert_int_equal(xlsx_next(book, &row, &err), ERR_OK);
    cell_is(&row, 0, XLSX_TEXT, "0");
    cell_is(&row, 1, XLSX_EMPTY, "");
    assert_int_equal(xlsx_next(book, &row, &err), ERR_OK);
    assert_int_equal(row.number, 0);
    xlsx_close(book);
}

static void a_text_longer_than_a_cell_is_counted(void **state)
{
    (void)state;
    static char longest[40001];
    struct sheet_counts counts;
    struct xlsx_row row;
    memset(longest, 'a', sizeof longest - 1);
    struct sheet *sheet = sheet_new(SHEET_XLSX);
    row_add(sheet, "1", longest);
    sheet_done(sheet, &counts);
    assert_int_equal(counts.cut, 1);
    struct xlsx *book = book_read(buf_str(&file));
    assert_int_equal(xlsx_select(book, 0, NULL), ERR_OK);
    assert_int_equal(xlsx_next(book, &row, NULL), ERR_OK);
    assert_int_equal(xlsx_next(book, &row, NULL), ERR_OK);
    assert_int_equal(row.cells[1].text.len, 32766 + 3);
    xlsx_close(book);
}

/* A sheet that is full goes on in the next. */
static void no_row_is_lost_behind_a_full_sheet(void **state)
{
    (void)state;
    static const struct sheet_column one[] = {{"n", {"n", 1}, SHEET_INTEGER, 0}};
    struct sheet_options options = {
        .form = SHEET_XLSX,
        .title = STR("一个很长很长很长很长很长很长很长很长很长很长很长的"
                     "标题"),
        .columns = one,
        .columns_len = 1,
        .sink = into_file};
    struct sheet *sheet;
    struct sheet_counts counts;
    struct xlsx_row row;
    int64_t rows = SHEET_ROWS_MAX + 1;
    buf_fini(&file);
    buf_init(&file, 512 * 1024 * 1024);
    assert_int_equal(sheet_open(&options, &sheet, NULL), ERR_OK);
    for (int64_t i = 1; i <= rows; i++) {
        struct sheet_cell cell = number(i);
        assert_int_equal(sheet_row(sheet, &cell, NULL), ERR_OK);
    }
    sheet_done(sheet, &counts);
    assert_int_equal(counts.sheets, 2);
    assert_int_equal(counts.rows, rows);
    struct xlsx *book = book_read(buf_str(&file));
    int64_t seen = 0;
    assert_int_equal(xlsx_sheets(book), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(xlsx_select(book, i, NULL), ERR_OK);
        assert_int_equal(xlsx_next(book, &row, NULL), ERR_OK);
        cell_is(&row, 0, XLSX_TEXT, "n");
        while (xlsx_next(book, &row, NULL) == ERR_OK && row.number > 0) {
            int64_t got;
            assert_true(str_to_i64(row.cells[0].text, &got));
            assert_int_equal(got, ++seen);
        }
    }
    assert_int_equal(seen, rows);
    xlsx_close(book);
}

static enum err_class full_disk(void *context, struct str bytes, struct err *err)
{
    int64_t *left = context;
    *left -= (int64_t)bytes.len;
    return *left < 0 ? err_set(err, ERR_STORE, "file_write", "full") : ERR_OK;
}

static void a_sink_that_fails_ends_the_sheet(void **state)
{
    (void)state;
    for (int form = 0; form < SHEET_FORMS; form++) {
        int64_t left = 2000;
        struct sheet_options options = {.form = (enum sheet_form)form,
                                        .columns = columns,
                                        .columns_len = COLUMNS,
                                        .sink = full_disk,
                                        .context = &left};
        struct sheet *sheet;
        struct err err = {0};
        enum err_class class_ = sheet_open(&options, &sheet, &err);
        const struct sheet_cell cells[COLUMNS] = {text("1835535794685987")};
        for (int i = 0; class_ == ERR_OK && i < 100000; i++)
            class_ = sheet_row(sheet, cells, &err);
        assert_int_equal(class_, ERR_STORE);
        assert_string_equal(err.code, "file_write");
        sheet_abandon(sheet);
    }
}

static void numbers_that_a_spreadsheet_rounded(void **state)
{
    (void)state;
    assert_true(number_is_rounded(STR("1.83553579468599E+18")));
    assert_true(number_is_rounded(STR("1835535794685990000")));
    assert_true(number_is_rounded(STR("1835535794685987")));
    assert_false(number_is_rounded(STR("183553579468598")));
    assert_false(number_is_rounded(STR("1.83553579468598E+14")));
    assert_false(number_is_rounded(STR("92.849999999999994")));
    assert_false(number_is_rounded(STR("0.00000000000000000001")));
}

static int files_drop(void **state)
{
    (void)state;
    buf_fini(&file);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_has_every_kind),
        cmocka_unit_test(ndjson_has_every_kind),
        cmocka_unit_test(csv_disarms_formulas_and_leaves_numbers),
        cmocka_unit_test(xlsx_comes_back_as_it_was),
        cmocka_unit_test(a_text_longer_than_a_cell_is_counted),
        cmocka_unit_test(no_row_is_lost_behind_a_full_sheet),
        cmocka_unit_test(a_sink_that_fails_ends_the_sheet),
        cmocka_unit_test(numbers_that_a_spreadsheet_rounded),
    };
    return cmocka_run_group_tests(tests, NULL, files_drop);
}

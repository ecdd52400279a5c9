/* Files as people hand them in, made here part by part: what a spreadsheet may write, and what only an attacker does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "format/format.h"
#include "format/zip_write.h"

static struct buf file;

static enum err_class into_file(void *context, struct str bytes, struct err *err)
{
    (void)context;
    buf_add(&file, bytes);
    return file.failed ? err_no_memory(err) : ERR_OK;
}

struct made {
    const char *name, *text;
};

static void package_make(const struct made *parts)
{
    struct zip_writer *zip;
    buf_fini(&file);
    buf_init(&file, 512 * 1024 * 1024);
    assert_int_equal(zip_writer_new(into_file, NULL, &zip, NULL), ERR_OK);
    for (; parts->name; parts++) {
        assert_int_equal(zip_entry_begin(zip, parts->name, NULL), ERR_OK);
        assert_int_equal(zip_entry_write(zip, str_of(parts->text), NULL), ERR_OK);
        assert_int_equal(zip_entry_end(zip, NULL), ERR_OK);
    }
    assert_int_equal(zip_finish(zip, NULL), ERR_OK);
    zip_writer_free(zip);
}

#define RELATIONS                                                                                  \
    "<Relationships><Relationship Id='a' Type='x/worksheet' Target='/xl/s.xml'/>"                  \
    "<Relationship Id='b' Type='x/worksheet' Target='t.xml'/>"                                     \
    "<Relationship Id='c' Type='x/sharedStrings' Target='strings.xml'/>"                           \
    "<Relationship Id='d' Type='x/styles' Target='styles.xml'/></Relationships>"
#define STYLES                                                                                     \
    "<styleSheet><numFmts><numFmt numFmtId='170' formatCode='yyyy\"年\"m\"月\"d\"日\"'/>"       \
    "<numFmt numFmtId='171' formatCode='#,##0.00_);[Red](#,##0.00)'/>"                             \
    "<numFmt numFmtId='172' formatCode='[h]:mm'/></numFmts>"                                       \
    "<cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"                                             \
    "<cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='170'/><xf numFmtId='171'/>"       \
    "<xf numFmtId='172'/></cellXfs></styleSheet>"
#define WORKBOOK                                                                                   \
    "<workbook xmlns:r='r'><workbookPr/><sheets><sheet name='说明' sheetId='1' state='hidden'"   \
    " r:id='b'/><sheet name='数据' sheetId='2' r:id='a'/></sheets></workbook>"

/* A workbook whose second sheet has these rows. */
static void book_make(const char *workbook, const char *strings, const char *rows)
{
    struct buf sheet;
    buf_init(&sheet, 1024 * 1024);
    buf_printf(&sheet, "<x:worksheet xmlns:x='m'><x:sheetData>%s</x:sheetData></x:worksheet>",
               rows);
    package_make((const struct made[]){{"xl/workbook.xml", workbook},
                                       {"xl/_rels/workbook.xml.rels", RELATIONS},
                                       {"xl/strings.xml", strings},
                                       {"xl/styles.xml", STYLES},
                                       {"xl/s.xml", sheet.ptr},
                                       {"xl/t.xml", "<worksheet><sheetData/></worksheet>"},
                                       {NULL, NULL}});
    buf_fini(&sheet);
}

static const char *const kind_marks[] = {"-", "", "#", "@", "?", "!"};

/* Every row as "NUMBER: CELL|CELL"; a mark before what is no text; * behind what is rounded. Ends with the code of
 * what went wrong. */
static const char *read_all(struct str bytes, size_t sheet)
{
    static struct buf out;
    struct grid *grid;
    struct err err = {0};
    struct xlsx_row row = {.number = 1};
    buf_fini(&out);
    buf_init(&out, 1024 * 1024);
    enum err_class class_ = grid_open(bytes, &grid, &err);
    if (class_ == ERR_OK)
        class_ = grid_select(grid, sheet, &err);
    while (class_ == ERR_OK && row.number > 0) {
        class_ = grid_next(grid, &row, &err);
        if (class_ != ERR_OK || row.number == 0)
            break;
        buf_printf(&out, "%lld: ", (long long)row.number);
        for (size_t i = 0; i < row.cells_len; i++)
            buf_printf(&out, "%s%s%.*s%s", i > 0 ? "|" : "", kind_marks[row.cells[i].kind],
                       STR_ARG(row.cells[i].text), row.cells[i].rounded ? "*" : "");
        buf_add(&out, STR("\n"));
    }
    if (class_ != ERR_OK) {
        assert_true(class_ == ERR_BAD_REQUEST || class_ == ERR_SKIP_RECORD);
        buf_add(&out, str_of(err.code));
    }
    grid_close(grid);
    buf_add(&out, STR(""));
    return out.ptr ? out.ptr : "";
}

static const char *read_file(void)
{
    return read_all(buf_str(&file), 1);
}

static void what_spreadsheets_write_is_read(void **state)
{
    (void)state;
    book_make(WORKBOOK,
              "<sst><si><t>订单编号</t></si><si><r><t>19 位</t></r><r><t xml:space='preserve'> 数字"
              "</t></r><rPh sb='0' eb='1'><t>reading</t></rPh></si><si/></sst>",
              "<x:row r='2'><x:c r='B2' t='s'><x:v>0</x:v></x:c><x:c r='D2' t='s'><x:v>1</x:v>"
              "</x:c><x:c r='E2' t='s'><x:v>2</x:v></x:c></x:row>"
              "<x:row r='3'/><x:row><x:c><x:v>1.83553579468599E+18</x:v></x:c>"
              "<x:c t='inlineStr'><x:is><x:t>1835535794685987</x:t></x:is></x:c>"
              "<x:c><x:v>92.849999999999994</x:v></x:c><x:c t='b'><x:v>1</x:v></x:c>"
              "<x:c t='e'><x:v>#N/A</x:v></x:c><x:c t='str'><x:f>A1&amp;B1</x:f>"
              "<x:v>a_x000D_&lt;b</x:v></x:c><x:c s='1'/></x:row>");
    assert_string_equal(read_file(), "2: -|订单编号|-|19 位 数字|-\n"
                                     "4: #1.83553579468599E+18*|1835535794685987|"
                                     "#92.849999999999994|?1|!#N/A|a\r<b\n");
    assert_string_equal(read_all(buf_str(&file), 0), "");
}

static void numbers_of_days_are_dates_where_their_format_says_so(void **state)
{
    (void)state;
    static const char rows[] =
        "<x:row><x:c s='1'><x:v>46050</x:v></x:c><x:c s='2'><x:v>46050.2952430556</x:v></x:c>"
        "<x:c s='3'><x:v>46050</x:v></x:c><x:c s='4'><x:v>1.5</x:v></x:c><x:c s='9'><x:v>1</x:v>"
        "</x:c><x:c s='1'><x:v>0.5</x:v></x:c><x:c s='1'><x:v>1</x:v></x:c><x:c s='1'><x:v>59</x:v>"
        "</x:c><x:c s='1'><x:v>60</x:v></x:c><x:c s='1'><x:v>61</x:v></x:c><x:c s='1'><x:v>2958466"
        "</x:v></x:c><x:c t='d'><x:v>2026-01-28T07:05:09</x:v></x:c></x:row>";
    book_make(WORKBOOK, "<sst/>", rows);
    assert_string_equal(read_file(),
                        "1: @2026-01-28|@2026-01-28 07:05:09|#46050|#1.5|#1|@12:00:00|@1900-01-01|"
                        "@1900-02-28|#60|@1900-03-01|#2958466|@2026-01-28 07:05:09\n");
    book_make("<workbook xmlns:r='r'><workbookPr date1904='1'/><sheets><sheet name='x' r:id='b'/>"
              "<sheet name='y' r:id='a'/></sheets></workbook>",
              "<sst/>", "<x:row><x:c s='1'><x:v>44588</x:v></x:c></x:row>");
    assert_string_equal(read_file(), "1: @2026-01-28\n");
}

static void the_last_of_a_date_s_second_is_rounded_up(void **state)
{
    (void)state;
    book_make(WORKBOOK, "<sst/>", "<x:row><x:c s='1'><x:v>46049.99999999999</x:v></x:c></x:row>");
    assert_string_equal(read_file(), "1: @2026-01-28\n");
}

/* --- attacks --- */

static void entities_are_refused(void **state)
{
    (void)state;
    book_make(WORKBOOK,
              "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
              "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]><sst><si><t>&c;</t></si></sst>",
              "");
    assert_string_equal(read_file(), "xlsx_dtd");
    book_make(WORKBOOK, "<!DOCTYPE l SYSTEM 'file:///etc/passwd'><sst><si><t>x</t></si></sst>", "");
    assert_string_equal(read_file(), "xlsx_dtd");
}

static void a_bomb_is_refused(void **state)
{
    (void)state;
    size_t len = 96 * 1024 * 1024;
    char *spaces = malloc(len + 1);
    memset(spaces, ' ', len);
    spaces[len] = '\0';
    book_make(WORKBOOK, spaces, "");
    assert_true(file.len < 1024 * 1024);
    assert_string_equal(read_file(), "xlsx_large");
    free(spaces);
}

static void a_tag_without_an_end_takes_no_memory(void **state)
{
    (void)state;
    size_t len = 16 * 1024 * 1024;
    char *tag = malloc(len + 1);
    /* Not all alike, or it would be refused as a bomb. */
    for (size_t i = 0; i < len; i++)
        tag[i] = (char)('a' + (i * 2654435761u >> 13) % 23);
    memcpy(tag, "<sst ", 5);
    tag[len] = '\0';
    book_make(WORKBOOK, tag, "");
    assert_string_equal(read_file(), "xlsx_large");
    free(tag);
}

static void depth_columns_and_rows_are_bounded(void **state)
{
    (void)state;
    struct buf deep;
    buf_init(&deep, 1024 * 1024);
    for (int i = 0; i < 100; i++)
        buf_add(&deep, STR("<x>"));
    book_make(WORKBOOK, deep.ptr, "");
    assert_string_equal(read_file(), "xlsx_large");
    buf_fini(&deep);
    book_make(WORKBOOK, "<sst/>", "<x:row><x:c r='ZZZZZZZZ1'><x:v>1</x:v></x:c></x:row>");
    assert_string_equal(read_file(), "xlsx_large");
    book_make(WORKBOOK, "<sst/>", "<x:row><x:c r='IV1'><x:v>1</x:v></x:c></x:row>");
    assert_int_equal(strlen(read_file()), strlen("1: ") + 255 * 2 + 2 + 1);
    book_make(WORKBOOK, "<sst/>", "<x:row r='1048577'><x:c><x:v>1</x:v></x:c></x:row>");
    assert_string_equal(read_file(), "xlsx_corrupt");
}

static void files_that_contradict_themselves_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "<x:row r='2'><x:c><x:v>1</x:v></x:c></x:row><x:row r='2'><x:c><x:v>1</x:v></x:c></x:row>",
        "<x:row><x:c t='s'><x:v>0</x:v></x:c></x:row>",
        "<x:row><x:c t='s'><x:v>-1</x:v></x:c></x:row>",
        "<x:row><x:c r='A1'><x:v>1</x:v></x:c><x:c r='A1'><x:v>1</x:v></x:c></x:row>",
        "<x:row><x:c>",
        NULL};
    for (size_t i = 0; bad[i]; i++) {
        book_make(WORKBOOK, "<sst/>", bad[i]);
        const char *got = read_file();
        assert_string_equal(got + strlen(got) - strlen("xlsx_corrupt"), "xlsx_corrupt");
    }
}

static void names_that_lead_out_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"../../etc/cron.d/x", "/etc/x", "xl\\..\\x", "c:x", NULL};
    for (size_t i = 0; names[i]; i++) {
        package_make((const struct made[]){{"xl/workbook.xml", WORKBOOK},
                                           {"xl/_rels/workbook.xml.rels", RELATIONS},
                                           {names[i], "x"},
                                           {NULL, NULL}});
        assert_string_equal(read_file(), "xlsx_path");
    }
    package_make((const struct made[]){
        {"xl/workbook.xml", WORKBOOK},
        {"xl/_rels/workbook.xml.rels",
         "<Relationships><Relationship Id='a' Type='/worksheet' Target='../../x'/></Relationships>"},
        {NULL, NULL}});
    assert_string_equal(read_file(), "xlsx_path");
}

static void what_is_no_xlsx_says_what_it_is(void **state)
{
    (void)state;
    static const char old[] = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 W\0o\0r\0k\0b\0o\0o\0k\0";
    static const char locked[] =
        "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0";
    assert_string_equal(read_all((struct str){old, sizeof old}, 0), "xls_old");
    assert_string_equal(read_all((struct str){locked, sizeof locked}, 0), "xlsx_encrypted");
    package_make((const struct made[]){{"word/document.xml", "<x/>"}, {NULL, NULL}});
    assert_string_equal(read_file(), "xlsx_corrupt");
    assert_string_equal(read_all(STR("\xFF\xFF\x80\x01"), 0), "charset");
}

/* A download that broke off, and single bytes that are wrong: always an answer. */
static void a_broken_file_is_an_error_and_no_crash(void **state)
{
    (void)state;
    book_make(WORKBOOK, "<sst><si><t>a</t></si></sst>",
              "<x:row><x:c t='s'><x:v>0</x:v></x:c></x:row>");
    char *copy = malloc(file.len);
    size_t len = file.len;
    memcpy(copy, file.ptr, len);
    for (size_t i = 0; i < len; i++) {
        const char *got = read_all((struct str){copy, i}, 1);
        /* Less than its directory: nothing was read. Its first four bytes decide what it is. */
        assert_true(strncmp(got, "xlsx_corrupt", 12) == 0 || i < 4);
    }
    for (size_t i = 0; i < len; i++) {
        copy[i] = (char)(copy[i] ^ 0x55);
        read_all((struct str){copy, len}, 1);
        copy[i] = (char)(copy[i] ^ 0x55);
    }
    free(copy);
}

/* --- CSV --- */

static void csv_is_read_in_the_coding_that_it_has(void **state)
{
    (void)state;
    assert_string_equal(read_all(STR("\xEF\xBB\xBF订单,1\r\n,,\r\nx,\r\n"), 0),
                        "1: 订单|1\n3: x|-\n");
    assert_string_equal(read_all(STR("\xB6\xA9\xB5\xA5\xB1\xE0\xBA\xC5,\xA3\xBD\n"), 0),
                        "1: 订单编号|＝\n");
    assert_string_equal(read_all(STR("\xFF\xFE"
                                     "a\0,\0\xA2\x8B\n\0"),
                                 0),
                        "1: a|订\n");
    struct grid *grid;
    assert_int_equal(grid_open(STR("\xB6\xA9\xB5\xA5"), &grid, NULL), ERR_OK);
    assert_string_equal(grid_charset(grid), "gb18030");
    grid_close(grid);
}

static void a_csv_row_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct grid *grid;
    struct xlsx_row row;
    struct err err;
    assert_int_equal(grid_open(STR("a,b\n1,x\"y\n2,z\n"), &grid, &err), ERR_OK);
    assert_int_equal(grid_next(grid, &row, &err), ERR_OK);
    assert_int_equal(grid_next(grid, &row, &err), ERR_SKIP_RECORD);
    assert_int_equal(row.number, 2);
    assert_int_equal(grid_next(grid, &row, &err), ERR_OK);
    assert_int_equal(row.number, 3);
    grid_close(grid);
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
        cmocka_unit_test(what_spreadsheets_write_is_read),
        cmocka_unit_test(numbers_of_days_are_dates_where_their_format_says_so),
        cmocka_unit_test(the_last_of_a_date_s_second_is_rounded_up),
        cmocka_unit_test(entities_are_refused),
        cmocka_unit_test(a_bomb_is_refused),
        cmocka_unit_test(a_tag_without_an_end_takes_no_memory),
        cmocka_unit_test(depth_columns_and_rows_are_bounded),
        cmocka_unit_test(files_that_contradict_themselves_are_refused),
        cmocka_unit_test(names_that_lead_out_are_refused),
        cmocka_unit_test(what_is_no_xlsx_says_what_it_is),
        cmocka_unit_test(a_broken_file_is_an_error_and_no_crash),
        cmocka_unit_test(csv_is_read_in_the_coding_that_it_has),
        cmocka_unit_test(a_csv_row_that_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, files_drop);
}
